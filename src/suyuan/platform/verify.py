"""`suyuan chain verify`: recompute every leaf from the rows as they are stored, and say where the first one differs.

Plain fields, sealed fields and texts are held against the digests of their fact, facts against the leaf of their link,
links against each other, heads against the last link, the list of facts no checkpoint has numbered against the facts,
and the log against everything that was signed of it (`verify_log.py`). Row checks, registered by contexts, recompute business rows from the facts (`--rows`).
"""
from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from suyuan.kernel import chain
from suyuan.platform.access import DAY_CLOSED, day_holds
from suyuan.platform.erasure import ORDERED, targets_digest
from suyuan.platform.faults import Fault
from suyuan.platform.keys import KeyProblem, unseal_bytes
from suyuan.platform.models import (
    ChainPending,
    ErasureOrder,
    ErasureTarget,
    FactPrivate,
    FactRow,
    LogEntry,
    StreamHead,
    Text,
)
from suyuan.platform.texts import text_digest
from suyuan.platform.verify_log import log_faults

AT_ONCE = 2_000


@dataclass
class Report:
    """What was looked at, and the faults, one a stream at most for the chain itself."""

    streams: int = 0
    facts: int = 0
    private_fields: int = 0
    texts: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.faults


RowCheck = Callable[[Collection[str] | None], Iterable[Fault]]

_row_checks: dict[str, RowCheck] = {}


def register_row_check(name: str, check: RowCheck) -> None:
    """`check(streams)` recomputes rows from facts (None: all) and yields what was edited behind the product's back."""
    if name in _row_checks:
        raise ValueError(f"row check registered twice: {name}")
    _row_checks[name] = check


def row_checks() -> Sequence[RowCheck]:
    return tuple(_row_checks.values())


def verify_streams(streams: Collection[str] | None = None, rows_checks: Iterable[RowCheck] = ()) -> Report:
    """Verify these streams, or all. Reads only; ask it inside one transaction if others are writing."""
    report = Report()
    heads, erased = _Heads(streams), _Erased()
    broken: set[str] = set()
    for told in _batches(_facts(streams), AT_ONCE):
        ids = [fact.id for fact in told]
        for fault in _batch_faults(told, _private_of(ids), heads, report, erased):
            if fault.stream not in broken:
                broken.add(fault.stream)
                report.faults.append(fault)
        report.faults += _waits_or_is_numbered(told, ids)
    report.faults += [fault for fault in heads.left() if fault.stream not in broken]
    report.streams = heads.count
    report.faults += _texts_faults(streams, report, erased)
    report.faults += _orders_faults(streams)
    if streams is None:
        report.faults += _pending_for_nothing()
        report.faults += log_faults()
    for check in rows_checks:
        report.faults += check(streams)
    return report


@contextmanager
def one_moment() -> Iterator[None]:
    """Read the database as it stands now, while others go on writing. (Django's own transaction would lock SQLite.)"""
    if connection.in_atomic_block:
        yield
        return
    begin = "BEGIN DEFERRED"
    if connection.vendor == "postgresql":
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with connection.cursor() as cursor:
        cursor.execute(begin)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


class _Fact(NamedTuple):
    id: int
    uid: Any
    stream: str
    token: str
    position: int
    prev: str
    leaf: str
    at: datetime
    type: str
    actor: str
    plain: Any
    digests: Any


def _facts(streams: Collection[str] | None) -> Iterator[_Fact]:
    rows = _narrowed(FactRow.objects.order_by("stream", "position"), streams)
    return map(_Fact._make, rows.values_list(*_Fact._fields).iterator(chunk_size=AT_ONCE))


def _narrowed(rows: QuerySet[Any], streams: Collection[str] | None) -> QuerySet[Any]:
    return rows if streams is None else rows.filter(stream__in=list(streams))


def _batches(rows: Iterator[_Fact], size: int) -> Iterator[list[_Fact]]:
    while batch := list(islice(rows, size)):
        yield batch


class _Heads:
    """Where each stream must end, and how far we have come in the one being walked."""

    def __init__(self, streams: Collection[str] | None) -> None:
        rows = _narrowed(StreamHead.objects.all(), streams)
        self._heads = {row[0]: row[1:] for row in rows.values_list("stream", "token", "position", "leaf", "at")}
        self._stream: str | None = None
        self.position, self.leaf, self.token = 0, chain.NO_PREVIOUS, ""
        self.at: datetime | None = None
        self.count = 0

    def enter(self, stream: str) -> Fault | None:
        """Begin another stream; tells if the one before did not end at its head."""
        if stream == self._stream:
            return None
        fault = self._leave()
        self._stream, self.position, self.leaf = stream, 0, chain.NO_PREVIOUS
        self.token = chain.stream_token(stream)
        self.count += 1
        return fault

    def left(self) -> Iterator[Fault]:
        """After the last fact: the stream still open, and heads whose facts are gone."""
        fault = self._leave()
        if fault is not None:
            yield fault
        for stream, head in sorted(self._heads.items()):
            yield Fault(stream, 1, "facts_missing", f"the head stands at {head[1]}")

    def _leave(self) -> Fault | None:
        if self._stream is None:
            return None
        head = self._heads.pop(self._stream, None)
        if head is None:
            return Fault(self._stream, self.position, "head_missing")
        if head != (self.token, self.position, self.leaf, self.at):
            return Fault(self._stream, self.position + 1, "head_differs", f"the head stands at {head[1]}")
        return None


def _batch_faults(
    facts: list[_Fact],
    private: dict[int, list[tuple[str, str, bytes]]],
    heads: _Heads,
    report: Report,
    erased: _Erased,
) -> Iterator[Fault]:
    references: list[tuple[_Fact, str, dict[str, Any]]] = []
    for fact in facts:
        ended = heads.enter(fact.stream)
        if ended is not None:
            yield ended
        report.facts += 1
        expected = heads.position + 1
        why = _link_fault(fact, heads)
        heads.position, heads.leaf, heads.at = fact.position, fact.leaf, fact.at
        if why is None:
            sealed = private.get(fact.id, ())
            report.private_fields += len(sealed)
            why = _fields_fault(fact, sealed, references, erased.fields.get(str(fact.uid), frozenset()))
        if why is not None:
            yield Fault(fact.stream, expected, *why)
    yield from _references_faults(references, erased)


Why = tuple[str, str]


def _link_fault(fact: _Fact, heads: _Heads) -> Why | None:
    if fact.position != heads.position + 1:
        return "missing_or_reordered", f"after {heads.position} comes {fact.position}"
    if fact.token != heads.token:
        return "foreign_stream", ""
    if fact.prev != heads.leaf:
        return "previous_differs", ""
    digests = fact.digests
    if not isinstance(digests, list) or not all(isinstance(d, str) for d in digests):
        return "commitments_unreadable", ""
    if any(left >= right for left, right in zip(digests, digests[1:], strict=False)):
        return "commitments_not_sorted_or_twice", ""
    leaf = chain.leaf_hash(
        token=fact.token, position=fact.position, prev=fact.prev, at=chain.time_text(fact.at), commitments=digests
    )
    return None if leaf == fact.leaf else ("leaf_differs", "")


def _fields_fault(
    fact: _Fact,
    sealed: Iterable[tuple[str, str, bytes]],
    references: list[tuple[_Fact, str, dict[str, Any]]],
    erased: frozenset[str],
) -> Why | None:
    known = set(fact.digests)
    try:
        for _, digest in chain.commitments_stored(fact.plain):
            known.remove(digest)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "plain_field_differs", _name_at_fault(fact)
    for name, column in (("type", fact.type), ("actor", fact.actor)):
        if fact.plain.get(name, [None, None])[1] != column:
            return "column_differs", name
    if fact.position == 1:
        stated = ":".join(str(fact.plain.get(name, ["", ""])[1]) for name in ("stream_noun", "stream_uid"))
        if stated != fact.stream:
            return "stream_differs", stated

    gone = set(erased)
    for name, salt, blob in sealed:
        gone.discard(name)
        try:
            value = unseal_bytes("fact", f"{fact.uid}:{name}", blob)
            known.remove(chain.commitment_bytes(bytes.fromhex(salt), name, value))
        except (KeyProblem, KeyError, ValueError):
            return "private_field_differs", name
        if b'"sha256"' in value:
            opened = json.loads(value)
            if isinstance(opened, dict) and opened.keys() == {"text", "sha256", "chars"}:
                references.append((fact, name, opened))
    # What an order erased leaves its digest behind; its value nobody can recompute any more.
    if len(known) != len(gone):
        ordered = f", {len(gone)} erased by order" if gone else ""
        return "field_missing", f"{len(known)} of {len(fact.digests)}{ordered}"
    return None


class _Erased:
    """What orders name: private fields by fact, and texts. Empty now, while their digests stay."""

    def __init__(self) -> None:
        self.fields: dict[str, frozenset[str]] = {}
        self.texts: set[str] = set()
        named = ErasureTarget.objects.filter(relation__in=[FactPrivate._meta.db_table, Text._meta.db_table])
        for relation, uid, name in named.values_list("relation", "uid", "name"):
            if relation == Text._meta.db_table:
                self.texts.add(uid)
            else:
                self.fields[uid] = self.fields.get(uid, frozenset()) | {name}


def _orders_faults(streams: Collection[str] | None) -> Iterator[Fault]:
    """Only an order that the chain tells lets anything go, and only what it named when it was told."""
    orders = list(_narrowed(ErasureOrder.objects.order_by("id"), streams).prefetch_related("targets"))
    told = {}
    for fact in _narrowed(FactRow.objects.filter(type=ORDERED), streams) if orders else ():
        told[str(fact.value("order"))] = (fact.stream, fact.value("sha256"))
    for order in orders:
        if told.get(str(order.uid)) != (order.stream, targets_digest(order.targets.all())):
            yield Fault(order.stream, 0, "erasure_order_differs", str(order.uid))


def _name_at_fault(fact: _Fact) -> str:
    if not isinstance(fact.plain, dict):
        return ""
    for name, held in fact.plain.items():
        try:
            ((_, digest),) = chain.commitments_stored({name: held})
        except (TypeError, ValueError):
            return name
        if digest not in fact.digests:
            return name
    return ""


def _private_of(ids: list[int]) -> dict[int, list[tuple[str, str, bytes]]]:
    found: dict[int, list[tuple[str, str, bytes]]] = {}
    rows = FactPrivate.objects.filter(fact_id__in=ids).values_list("fact_id", "name", "salt", "sealed")
    for fact_id, name, salt, sealed in rows:
        found.setdefault(fact_id, []).append((name, salt, bytes(sealed)))
    return found


def _references_faults(references: list[tuple[_Fact, str, dict[str, Any]]], erased: _Erased) -> Iterator[Fault]:
    uids = {opened["text"] for _, _, opened in references}
    bodies = {
        str(uid): body for uid, body in Text.objects.filter(uid__in=uids).values_list("uid", "body")
    }
    for fact, name, opened in references:
        body = bodies.get(opened["text"])
        if body is None:
            yield Fault(fact.stream, fact.position, "text_missing", name)
        elif body == "" and opened["text"] in erased.texts:
            continue
        elif text_digest(body) != opened["sha256"] or len(body) != opened["chars"]:
            yield Fault(fact.stream, fact.position, "text_differs", name)


def _texts_faults(streams: Collection[str] | None, report: Report, erased: _Erased) -> Iterator[Fault]:
    texts = _narrowed(Text.objects.order_by("pk"), streams).values_list("stream", "uid", "body", "sha256")
    for stream, uid, body, sha256 in texts.iterator(chunk_size=AT_ONCE):
        report.texts += 1
        if text_digest(body) != sha256 and not (body == "" and str(uid) in erased.texts):
            yield Fault(stream, 0, "text_differs", str(uid))


def _waits_or_is_numbered(facts: list[_Fact], ids: list[int]) -> Iterator[Fault]:
    """A fact has its number in the log or waits for one: in neither, no checkpoint would ever show it."""
    pending = set(ChainPending.objects.filter(pk__in=ids).values_list("pk", flat=True))
    numbered = set(LogEntry.objects.filter(fact_id__in=ids).values_list("fact_id", flat=True))
    for fact in facts:
        if fact.id not in pending and fact.id not in numbered:
            yield Fault(fact.stream, fact.position, "not_pending")
        elif fact.id in pending and fact.id in numbered:
            yield Fault(fact.stream, fact.position, "numbered_and_pending")


def _pending_for_nothing() -> Iterator[Fault]:
    for pk in ChainPending.objects.exclude(pk__in=FactRow.objects.values("pk")).values_list("pk", flat=True):
        yield Fault("", 0, "pending_without_fact", str(pk))


def access_days(branches: dict[str, int | None]) -> RowCheck:
    """A row check of the access log: each closed day of these branches (stream → id) against its fact."""

    def check(streams: Collection[str] | None) -> Iterator[Fault]:
        wanted = branches if streams is None else {s: b for s, b in branches.items() if s in streams}
        for closed in FactRow.objects.filter(type=DAY_CLOSED, stream__in=wanted).order_by("stream", "position"):
            if not day_holds(wanted[closed.stream], closed):
                yield Fault(closed.stream, closed.position, "access_log_differs", str(closed.value("day")))

    return check
