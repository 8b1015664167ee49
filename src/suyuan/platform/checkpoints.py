"""Checkpoints: facts get their numbers in the log, and what the log says then is signed.

One transaction numbers at most `AT_MOST` facts and signs them, so there is never a number without a signature, however
long the queue was. Before it signs, it reads everything new back from the rows and hashes it again, and shows that what
it builds upon is what was signed last: a row edited meanwhile stops it. Nothing is recorded as a fact: that would ask
for the next checkpoint.
"""
from __future__ import annotations

import ctypes
import ctypes.util
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.core.cache import cache
from django.db import connection, models

from suyuan.kernel import chain, merkle, notes
from suyuan.kernel.merkle import Place
from suyuan.kernel.notes import CheckpointNote
from suyuan.kernel.refusal import Refusal
from suyuan.platform import keys, log
from suyuan.platform.faults import Fault
from suyuan.platform.jobs import periodic
from suyuan.platform.models import ChainPending, Checkpoint, HeadNode, Installation, LogEntry, LogHead, LogNode
from suyuan.platform.models.log import place_number
from suyuan.platform.rows import rows_add
from suyuan.platform.software import software
from suyuan.platform.units import writes

AT_MOST = 5_000
SIGNED_WITHIN = timedelta(minutes=10)  # each minute is the rule; a long job may be in its way
RESTORED = "log.restored"
LOG_STREAM = "log"  # how a fault names the log itself

REFUSED = "suyuan.checkpoint.refused"
_REMEMBERED = timedelta(days=30)


class CheckpointRefused(Refusal):
    """What would be signed does not hold; `data["fault"]` says where."""

    code = "checkpoint_refused"

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault=str(fault))
        self.fault = fault

    def __str__(self) -> str:
        return f"{self.code}: {self.fault}"


@periodic("* * * * *", "log.checkpoint")
def checkpoint_each_minute(args: dict, now: datetime) -> None:
    checkpoint_make(now=now)


def checkpoint_make(*, now: datetime) -> Checkpoint | None:
    """Number what waits and sign the log; the newest checkpoint, or None when nothing waited. Raises CheckpointRefused."""
    made = None
    try:
        while step := checkpoint_step(now=now):
            made, numbered = step
            if numbered < AT_MOST:
                break
    except CheckpointRefused as refused:
        cache.set(REFUSED, str(refused.fault), timeout=_REMEMBERED.total_seconds())
        raise
    if made is not None:
        cache.delete(REFUSED)
    return made


def checkpoint_refused() -> str:
    """Why the last attempt signed nothing; empty when it did."""
    return cache.get(REFUSED) or ""


def checkpoint_overdue(now: datetime) -> bool:
    """Whether something has waited for its number too long, and nobody is at work on it either."""
    late = now - SIGNED_WITHIN
    waiting = ChainPending.objects.order_by("pk").values_list("fact__at", flat=True).first()
    if waiting is None or waiting > late:
        return False
    return not Checkpoint.objects.filter(at__gt=late).exists()


@writes
def checkpoint_step(*, now: datetime) -> tuple[Checkpoint, int] | None:
    """One checkpoint over at most `AT_MOST` facts, and how many they were; None when nothing waits."""
    log.log_hold()
    waiting = list(ChainPending.objects.order_by("pk").values_list("pk", flat=True)[:AT_MOST])
    if not waiting:
        return None
    last = log.checkpoint_latest()
    frontier = _frontier_signed(last)
    first = frontier.size
    rows_add(LogEntry(index=first + number, fact_id=fact) for number, fact in enumerate(waiting))

    moved = _Moved()
    nodes: list[LogNode] = []
    for number, read in enumerate(_read_back(first), start=first):
        if read.index != number:
            _refuse("", number, "log_has_a_gap")
        leaf = _hashed_again(read)
        moved.add(read)
        nodes += [LogNode(place=place_number(p), digest=d) for p, d in frontier.append(bytes.fromhex(leaf))]
    if frontier.size != first + len(waiting):
        _refuse("", frontier.size, "log_has_a_gap")

    rows_add(nodes)
    heads = _heads_move(moved, last, frontier.size)
    _numbered_wait_no_more(first)
    return _sign(frontier, heads, last, now), len(waiting)


def _refuse(stream: str, position: int, why: str, detail: str = "") -> None:
    raise CheckpointRefused(Fault(stream or LOG_STREAM, position, why, detail))


# --- what is built upon ----------------------------------------------------------------------------------------------


def _frontier_signed(last: Checkpoint | None) -> merkle.Frontier:
    """The right edge of the log as it was signed last, held against that signature."""
    entries = LogEntry.objects.aggregate(most=models.Max("index"))["most"]
    numbered = 0 if entries is None else entries + 1
    signed = 0 if last is None else last.size
    if numbered != signed:
        _refuse("", min(numbered, signed), "log_differs_from_checkpoint", f"{numbered} numbered, {signed} signed")
    if last is None:
        return merkle.Frontier()
    if (why := checkpoint_fault(last)) is not None:
        _refuse("", last.size, why)
    try:
        frontier = log.frontier_read(last.size)
    except log.LogDamaged as damaged:
        _refuse("", last.size, "log_node_missing", str(damaged))
    if frontier.root().hex() != last.root:
        _refuse("", last.size, "log_inconsistent", "the log does not begin as it was signed")
    return frontier


def checkpoint_fault(row: Checkpoint, public: Mapping[str, bytes] | None = None) -> str | None:
    """Why this row is not what was signed: its text, signature and columns. `public`: keys by fingerprint, ours if None."""
    try:
        note = notes.checkpoint_read(row.text)
    except notes.NotANote:
        return "checkpoint_unreadable"
    said = (note.size, note.root, note.heads, note.epoch, note.at, note.previous, note.key, note.sha256)
    kept = (row.size, row.root, row.heads, row.epoch, chain.time_text(row.at), row.previous, row.fingerprint, row.sha256)
    if said != kept:
        return "checkpoint_differs"
    if public is None:
        public = {key.fingerprint: key.raw for key in keys.public_keys()}
    raw = public.get(row.fingerprint)
    if raw is None or not keys.signature_holds(raw, bytes(row.signature), row.text.encode()):
        return "checkpoint_not_signed"
    return None


# --- reading back ----------------------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """A numbered fact as its row says."""

    index: int
    stream: str
    token: str
    position: int
    prev: str
    leaf: str
    at: datetime
    digests: object


_COLUMNS = ("index", *(f"fact__{name}" for name in Entry._fields[1:]))


def _read_back(first: int) -> Iterator[Entry]:
    rows = LogEntry.objects.filter(index__gte=first).order_by("index").values_list(*_COLUMNS)
    return map(Entry._make, rows.iterator(chunk_size=2_000))


def _hashed_again(read: Entry) -> str:
    digests = read.digests
    if not isinstance(digests, list) or not all(isinstance(digest, str) for digest in digests):
        _refuse(read.stream, read.position, "commitments_unreadable")
    if any(left >= right for left, right in zip(digests, digests[1:], strict=False)):
        _refuse(read.stream, read.position, "commitments_not_sorted_or_twice")
    leaf = chain.leaf_hash(
        token=read.token, position=read.position, prev=read.prev, at=chain.time_text(read.at), commitments=digests
    )
    if leaf != read.leaf:
        _refuse(read.stream, read.position, "leaf_differs")
    if read.token != chain.stream_token(read.stream):
        _refuse(read.stream, read.position, "foreign_stream")
    return leaf


class _Moved:
    """The streams that go on in this checkpoint: where each stood before it, by what its first new fact says, and after."""

    def __init__(self) -> None:
        self.before: dict[str, tuple[int, str]] = {}
        self.after: dict[str, tuple[int, str]] = {}
        self.streams: dict[str, str] = {}

    def add(self, read: Entry) -> None:
        stands = self.after.get(read.token)
        if stands is None:
            self.before[read.token] = (read.position - 1, read.prev)
            self.streams[read.token] = read.stream
        elif stands != (read.position - 1, read.prev):
            _refuse(read.stream, read.position, "missing_or_reordered", f"after {stands[0]} comes {read.position}")
        self.after[read.token] = (read.position, read.leaf)


# --- heads -----------------------------------------------------------------------------------------------------------

Buckets = dict[int, dict[str, tuple[int, str]]]


def _heads_move(moved: _Moved, last: Checkpoint | None, size: int) -> str:
    """The heads root after these streams moved. What is kept of the heads is first held against what was signed."""
    buckets = _buckets_kept(sorted({merkle.bucket_of(token) for token in moved.after}))
    for token, before in moved.before.items():
        kept = buckets[merkle.bucket_of(token)].get(token, (0, chain.NO_PREVIOUS))
        if kept != before:
            _refuse(moved.streams[token], before[0] + 1, "missing_or_reordered", f"the log knows {kept[0]} before it")

    known = log.head_nodes_read(_around(buckets))
    signed = merkle.EMPTY_HEADS[merkle.LEVELS].hex() if last is None else last.heads
    if _root_over(_hashes(buckets), known) != signed:
        _refuse("", last.size if last else 0, "heads_differ", "the heads kept are not those that were signed")

    new = {token for token in moved.after if token not in buckets[merkle.bucket_of(token)]}
    for token, stands in moved.after.items():
        buckets[merkle.bucket_of(token)][token] = stands
    changed = merkle.heads_above(_hashes(buckets), known.get)
    _heads_write(moved.after, new)
    _head_nodes_write(changed, known.keys(), size)
    return changed[Place(merkle.LEVELS, 0)].hex()


def _buckets_kept(numbers: Sequence[int]) -> Buckets:
    found: Buckets = {number: {} for number in numbers}
    for at in range(0, len(numbers), log.AT_ONCE):
        rows = LogHead.objects.filter(bucket__in=numbers[at : at + log.AT_ONCE])
        for bucket, token, position, leaf in rows.values_list("bucket", "token", "position", "leaf"):
            found[bucket][token] = (position, leaf)
    return found


def _hashes(buckets: Buckets) -> dict[int, bytes]:
    return {
        number: merkle.bucket_hash([(token, *stands) for token, stands in sorted(bucket.items())])
        for number, bucket in buckets.items()
    }


def _around(numbers: Iterable[int]) -> set[Place]:
    """These buckets, everything above them, and the siblings on the way up."""
    places, indexes = {Place(merkle.LEVELS, 0)}, set(numbers)
    for level in range(merkle.LEVELS):
        places |= {Place(level, near) for index in indexes for near in (index, index ^ 1)}
        indexes = {index >> 1 for index in indexes}
    return places


def _root_over(hashes: Mapping[int, bytes], known: Mapping[Place, bytes]) -> str:
    return merkle.heads_above(hashes, known.get)[Place(merkle.LEVELS, 0)].hex()


def _heads_write(after: Mapping[str, tuple[int, str]], new: set[str]) -> None:
    rows_add(
        LogHead(token=token, bucket=merkle.bucket_of(token), position=after[token][0], leaf=after[token][1])
        for token in sorted(new)
    )
    values = [(token, *stands) for token, stands in sorted(after.items()) if token not in new]
    _update("platform_loghead", "token", ("position", "leaf"), values)


def _head_nodes_write(changed: Mapping[Place, bytes], known: Iterable[Place], size: int) -> None:
    there = set(known)
    rows_add(HeadNode(place=place_number(p), digest=d, size=size) for p, d in changed.items() if p not in there)
    values = [(place_number(place), digest, size) for place, digest in changed.items() if place in there]
    _update("platform_headnode", "place", ("digest", "size"), values)


def _update(table: str, key: str, columns: Sequence[str], rows: Sequence[tuple]) -> None:
    """UPDATE … FROM (VALUES …), many rows a statement; the first of each row is its key."""
    at_once = log.AT_ONCE // (1 + len(columns))
    settings = ", ".join(f"{name} = v.column{number}" for number, name in enumerate(columns, start=2))
    for at in range(0, len(rows), at_once):
        some = rows[at : at + at_once]
        marks = ", ".join([f"({', '.join(['%s'] * (1 + len(columns)))})"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET {settings} FROM (VALUES {marks}) AS v WHERE {table}.{key} = v.column1",
                [value for row in some for value in row],
            )


def _numbered_wait_no_more(first: int) -> None:
    numbered = LogEntry.objects.filter(index__gte=first).values("fact_id")
    ChainPending.objects.filter(pk__in=numbered)._raw_delete("default")


# --- signing ---------------------------------------------------------------------------------------------------------


def _sign(frontier: merkle.Frontier, heads: str, last: Checkpoint | None, now: datetime) -> Checkpoint:
    key = keys.signing_key_now()
    note = CheckpointNote(
        origin=str(Installation.objects.get(id=1).uid),
        size=frontier.size,
        root=frontier.root().hex(),
        heads=heads,
        epoch=1 + LogEntry.objects.filter(fact__type=RESTORED).count(),
        at=chain.time_text(now),
        clock=_clock_line(now, last),
        software=software(),
        previous=last.sha256 if last else notes.NO_CHECKPOINT,
        key=key.fingerprint,
    )
    row = Checkpoint(
        size=note.size,
        root=note.root,
        heads=note.heads,
        epoch=note.epoch,
        at=now,
        text=note.text,
        signature=keys.sign(note.text.encode()).bytes,
        fingerprint=note.key,
        sha256=note.sha256,
        previous=note.previous,
    )
    if (why := checkpoint_fault(row)) is not None:
        _refuse("", row.size, why)
    row.save(force_insert=True)
    _refuse_inconsistent(last, row)
    return row


def _refuse_inconsistent(last: Checkpoint | None, row: Checkpoint) -> None:
    """The proof that others will be given, made from what is stored now, must hold."""
    if last is None:
        return
    proof = [bytes.fromhex(digest) for digest in log.consistency(last.size, row.size)]
    roots = (bytes.fromhex(last.root), bytes.fromhex(row.root))
    if not merkle.consistency_holds(last.size, row.size, *roots, proof):
        _refuse("", last.size, "log_inconsistent")


def _clock_line(now: datetime, last: Checkpoint | None) -> str:
    if last is not None and last.at > now:
        return f"stepped back {math.ceil((last.at - now).total_seconds())}"
    return notes.CLOCK_NTP if clock_synchronised() else notes.CLOCK_SYSTEM


class _Timex(ctypes.Structure):
    """The head of the kernel's struct timex; the rest is room it may write to."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


_UNSYNCHRONISED, _CLOCK_ERROR = 0x0040, 5


def clock_synchronised() -> bool:
    """Whether the kernel says that something keeps the clock right. Not knowing counts as no."""
    try:
        libc = ctypes.CDLL(ctypes.util.find_library("c") or None)
        asked = _Timex()  # modes = 0: only read
        state = libc.adjtimex(ctypes.byref(asked))
    except (AttributeError, OSError):
        return False
    return 0 <= state < _CLOCK_ERROR and not asked.status & _UNSYNCHRONISED
