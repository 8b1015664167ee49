"""What goes into a bundle (docs/bundle.md): read from the log as it was signed, written nowhere yet.

Everything but the heads is settled by the checkpoint, so nothing is locked; the heads are those of the newest checkpoint,
and are held against its signature here: if another was signed meanwhile, the newest is taken.
"""
from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain as joined
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from suyuan.evidence.errors import BundleRefused
from suyuan.evidence.models import BundleExport, Item
from suyuan.evidence.selectors.items import closed_in
from suyuan.evidence.verifier import verify
from suyuan.kernel import chain, merkle
from suyuan.kernel.chain import canonical
from suyuan.kernel.container import CHUNK, Source, of_bytes
from suyuan.platform import keys, log
from suyuan.platform.anchors import COSIGNATURE, cosignature_of
from suyuan.platform.files import file_chunks, file_name
from suyuan.platform.models import Anchor, Checkpoint, FactPrivate, FactRow, LogEntry, StoredFile, Text

FORMAT = "suyuan bundle 1"
AT_ONCE = 500
SPOOLED = 32 << 20
TRIES = 5

# Bound to its token, its name and its reference, a stream is known; of every event its type is.
ALWAYS = frozenset({"type"})
OF_THE_FIRST = frozenset({"stream_noun", "stream_uid", "reference"})

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NOT_IN_PAPER_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]|\.\.')


class Event(NamedTuple):
    """One event as whoever chooses sees it: every field that can be opened, and the words they name."""

    stream: str
    position: int
    type: str
    actor: str
    fields: Mapping[str, Any]
    texts: Mapping[str, str]  # by digest


@dataclass(frozen=True)
class Selection:
    """What is opened. Nothing is chosen here: the caller knows what the streams are about.

    shows     the names of the fields of one event that are opened
    encloses  whether a file that a shown field names goes along
    names     what a file is called
    """

    shows: Callable[[Event], Collection[str]] = lambda event: event.fields.keys()
    encloses: Callable[[StoredFile], bool] = lambda stored: True
    names: Callable[[StoredFile], str] = file_name


@dataclass(frozen=True)
class Asked:
    """What a bundle is made of.

    streams       in the order they are written in
    item_streams  whose items are handed out, out of which compartments
    papers        reports and lists by name, asked for once everything is signed, so that the same bundle can be made
                  again: those whose digest no opened event shows stay out
    """

    streams: tuple[str, ...]
    item_streams: tuple[str, ...]
    compartments: tuple[str, ...]
    reference: str
    purpose: str
    left_out: tuple[tuple[str, str], ...] = ()
    selection: Selection = field(default_factory=Selection)
    papers: Callable[[], Iterable[tuple[str, StoredFile]]] = tuple


@dataclass(frozen=True)
class Plan:
    """A bundle that is settled byte for byte, and not written yet."""

    sources: tuple[Source, ...]
    manifest: str
    checkpoint: Checkpoint
    heads: list[dict]
    anchors: tuple[int, ...]
    events: int
    files: int
    size: int
    pin: str


def bundle_plan(asked: Asked, *, at: datetime, again: BundleExport | None = None) -> Plan:
    """Read everything for a bundle. `again`: as it stood when that one was made. Raises BundleRefused, LogDamaged."""
    if again is not None:
        return _planned(asked, again.checkpoint, again.heads, Anchor.objects.filter(pk__in=again.anchors), again.at)
    for _ in range(TRIES):
        checkpoint = log.checkpoint_latest()
        if checkpoint is None:
            raise BundleRefused("nothing_signed")
        heads = _heads(asked.streams, checkpoint)
        if heads is not None:
            return _planned(asked, checkpoint, heads, _anchors_of(asked.streams, checkpoint), at)
    raise BundleRefused("log_differs")


def _heads(streams: Sequence[str], checkpoint: Checkpoint) -> list[dict] | None:
    """The buckets of these streams; None when they are not those that were signed."""
    found = []
    for number in sorted({merkle.bucket_of(chain.stream_token(stream)) for stream in streams}):
        entries, path = log.bucket_at(number)
        proof = [bytes.fromhex(digest) for digest in path]
        if not merkle.heads_hold(number, entries, proof, bytes.fromhex(checkpoint.heads)):
            return None
        found.append({"bucket": number, "entries": entries, "path": path})
    return found


def _anchors_of(streams: Sequence[str], checkpoint: Checkpoint) -> list[Anchor]:
    """Every co-signature since these streams began, and of the time stamps the first after each event."""
    entries = LogEntry.objects.filter(fact__stream__in=streams, index__lt=checkpoint.size)
    indexes = list(entries.order_by("index").values_list("index", flat=True))
    if not indexes:
        return []
    since = Anchor.objects.filter(checkpoint__size__gt=indexes[0], checkpoint__size__lte=checkpoint.size)
    kept, waiting = [], iter(indexes)
    next_one: int | None = next(waiting)
    for anchor in since.select_related("checkpoint").order_by("checkpoint__size", "id"):
        if anchor.kind == COSIGNATURE:
            kept.append(anchor)
        elif next_one is not None and anchor.checkpoint.size > next_one:
            kept.append(anchor)
            while next_one is not None and next_one < anchor.checkpoint.size:
                next_one = next(waiting, None)
    return kept


def _planned(asked: Asked, checkpoint: Checkpoint, heads: list[dict], anchors: Iterable[Anchor], at: datetime) -> Plan:
    anchors = sorted(anchors, key=lambda anchor: anchor.pk)
    reading = _Reading(asked, checkpoint)
    lines, inclusion = _Spool("events.ndjson"), _Spool("proofs.json")
    earlier = {a.checkpoint.sha256: a.checkpoint for a in anchors if a.checkpoint_id != checkpoint.pk}
    inclusion.add(_consistency(earlier.values(), checkpoint))
    for number, (line, proof) in enumerate(reading.events()):
        lines.add(canonical(line) + b"\n")
        inclusion.add((b"," if number else b"") + canonical(proof))
    inclusion.add(b"]}")

    papers = list(_papers(asked.papers(), reading.digests))
    files = reading.files({paper.sha256 for paper in papers} | reading.texts.keys())
    about = {
        "format": FORMAT,
        "reference": asked.reference,
        "made_at": chain.time_text(at),
        "purpose": asked.purpose,
        "size": checkpoint.size,
        "streams": reading.streams,
        "left_out": [{"what": what, "why": why} for what, why in sorted(set(asked.left_out))],
        "files": [listed for listed, _ in files],
    }
    sources = [
        lines.source(),
        inclusion.source(),
        of_bytes("bundle.json", canonical(about)),
        of_bytes("heads.json", canonical(heads)),
        of_bytes("custody.csv", _table(reading.hands)),
        *_signed(checkpoint),
        *_seen(anchors, earlier.values()),
        *(of_bytes(f"payload/texts/{sha}.txt", body.encode()) for sha, body in reading.texts.items()),
        *(_enclosed(listed, stored) for listed, stored in files if stored is not None),
        *papers,
    ]
    manifest = _manifest(sources)
    sources.append(manifest)
    return Plan(
        sources=tuple(sources),
        manifest=manifest.sha256,
        checkpoint=checkpoint,
        heads=heads,
        anchors=tuple(anchor.pk for anchor in anchors),
        events=sum(stream["events"] for stream in reading.streams),
        files=sum(stored is not None for _, stored in files) + len(papers),
        size=sum(source.size for source in sources),
        pin=checkpoint.fingerprint,
    )


# --- events ----------------------------------------------------------------------------------------------------------


class _Reading:
    """Walks the streams once, and remembers what the opened fields name."""

    def __init__(self, asked: Asked, checkpoint: Checkpoint) -> None:
        self.asked, self.size = asked, checkpoint.size
        self.streams: list[dict] = []
        self.texts: dict[str, str] = {}
        self.digests: set[str] = set()
        self.hands: list[list[str]] = []
        self.closed = {uid for stream in asked.item_streams for uid in closed_in(stream, asked.compartments)}

    def events(self) -> Iterator[tuple[dict, list[str]]]:
        for stream in self.asked.streams:
            count = 0
            for rows in _batches(self._rows(stream)):
                proofs = log.inclusions([row.index for row in rows], self.size)
                private, texts = _private_of(rows)
                for row, proof in zip(rows, proofs, strict=True):
                    count += 1
                    if row.position != count:
                        raise BundleRefused("events_missing")
                    yield self._line(row, private.get(row.pk, {}), texts), proof
            if not count:
                raise BundleRefused("nothing_signed")
            noun = stream.partition(":")[0]
            told = {"stream": stream, "token": chain.stream_token(stream), "events": count, "noun": noun}
            self.streams.append(told)

    def _rows(self, stream: str) -> Iterator[FactRow]:
        entries = LogEntry.objects.filter(fact__stream=stream, index__lt=self.size).select_related("fact")
        for entry in entries.order_by("fact__position").iterator(chunk_size=AT_ONCE):
            entry.fact.index = entry.index
            yield entry.fact

    def _line(self, row: FactRow, private: Mapping[str, tuple[str, Any]], texts: Mapping[str, str]) -> dict:
        known = {name: tuple(held) for name, held in row.plain.items()} | dict(private)
        # Words that were erased are gone for good: what named them stays closed.
        known = {n: held for n, held in known.items() if not is_text(held[1]) or held[1]["sha256"] in texts}
        values = {name: value for name, (_, value) in known.items()}
        mine = {v["sha256"]: texts[v["sha256"]] for v in values.values() if is_text(v)}
        event = Event(row.stream, row.position, row.type, row.actor, values, mine)
        always = ALWAYS | (OF_THE_FIRST if row.position == 1 else frozenset())
        # What was put into a compartment later was told in the open before.
        chosen = () if values.get("item") in self.closed else self.asked.selection.shows(event)
        shown = {n: list(known[n]) for n in sorted({*chosen, *always} & known.keys())}
        self._named(row, {name: value for name, (_, value) in shown.items()}, texts)
        return {
            "token": row.token,
            "position": row.position,
            "prev": row.prev,
            "at": chain.time_text(row.at),
            "leaf": row.leaf,
            "index": row.index,
            "commitments": row.digests,
            "shown": shown,
        }

    def _named(self, row: FactRow, shown: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        found = verify.Shown()
        for name in shown.keys() - ({"sha256"} if row.type in verify.NO_FILE else set()):
            found.take(name, shown[name])
        self.texts |= {sha: texts[sha] for sha in found.texts}
        self.digests |= found.digests
        if row.type.startswith("item.") or isinstance(shown.get("items"), list) and shown["items"]:
            self.hands += _hands(row, shown)

    def files(self, elsewhere: set[str]) -> list[tuple[dict, StoredFile | None]]:
        """What is told of each file that a shown field names, and the file itself where it goes along.

        `elsewhere`: digests of what stands in the bundle under another name; nothing else that is named goes unsaid.
        """
        asked, found = self.asked, {}
        items = Item.objects.filter(
            stream__in=asked.item_streams, compartment__in=asked.compartments, stored__sha256__in=self.digests
        )
        for item in items.select_related("stored").order_by("id"):
            if item.stored.sha256 not in found and item.stored.state == "stored":
                found[item.stored.sha256] = item.stored
        return [self._told(sha, found.get(sha)) for sha in sorted(self.digests - (elsewhere - found.keys()))]

    def _told(self, sha: str, stored: StoredFile | None) -> tuple[dict, StoredFile | None]:
        goes = stored is not None and self.asked.selection.encloses(stored)
        listed = {
            "sha256": sha,
            "size": stored.size if goes else 0,
            "name": self.asked.selection.names(stored) if goes else "",
            "type": stored.content_type if goes else "",
            "shown": goes,
        }
        return listed, stored if goes else None


def _batches(rows: Iterator[FactRow]) -> Iterator[list[FactRow]]:
    while batch := list(islice(rows, AT_ONCE)):
        yield batch


def is_text(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"text", "sha256", "chars"}


def _private_of(rows: Sequence[FactRow]) -> tuple[dict[int, dict[str, tuple[str, Any]]], dict[str, str]]:
    """Sealed fields by event, opened; and the words they name, by digest."""
    uids = {row.pk: row.uid for row in rows}
    found: dict[int, dict[str, tuple[str, Any]]] = {}
    named = set()
    for held in FactPrivate.objects.filter(fact_id__in=uids.keys()):
        value = json.loads(keys.unseal_bytes("fact", f"{uids[held.fact_id]}:{held.name}", bytes(held.sealed)))
        found.setdefault(held.fact_id, {})[held.name] = (held.salt, value)
        if is_text(value):
            named.add(value["text"])
    bodies = Text.objects.filter(uid__in=named).values_list("sha256", "body")
    return found, {sha: body for sha, body in bodies if hashlib.sha256(body.encode()).hexdigest() == sha}


# --- the other files -------------------------------------------------------------------------------------------------


class _Spool:
    """A part that may grow large: hashed while it is written, in memory as long as it is small."""

    def __init__(self, name: str) -> None:
        self.name, self.size, self.digest = name, 0, hashlib.sha256()
        self.held = tempfile.SpooledTemporaryFile(max_size=SPOOLED)  # noqa: SIM115  (goes with the plan)

    def add(self, data: bytes) -> None:
        self.held.write(data)
        self.digest.update(data)
        self.size += len(data)

    def source(self) -> Source:
        return Source(self.name, self.size, self.digest.hexdigest(), self._chunks)

    def _chunks(self) -> Iterator[bytes]:
        self.held.seek(0)
        return iter(lambda: self.held.read(CHUNK), b"")


def _consistency(earlier: Iterable[Checkpoint], checkpoint: Checkpoint) -> bytes:
    sizes = sorted({old.size for old in earlier if old.size < checkpoint.size})
    proofs = [{"from": size, "proof": log.consistency(size, checkpoint.size)} for size in sizes]
    return b'{"consistency":' + canonical(proofs) + b',"inclusion":['


def _signed(checkpoint: Checkpoint) -> list[Source]:
    """The checkpoint, the keys up to the one that signed it, and what travels with every bundle."""
    links = keys.key_chain()
    last = next(number for number, link in enumerate(links) if link.key == checkpoint.fingerprint)
    told = [
        {"key": link.key, "public": link.public, "at": link.at, "after": link.after, "signature": link.signature}
        for link in links[: last + 1]
    ]
    here = Path(verify.__file__).parent
    return [
        of_bytes("checkpoint.txt", checkpoint.text.encode()),
        of_bytes("checkpoint.sig", bytes(checkpoint.signature)),
        of_bytes("keys.json", canonical(told)),
        of_bytes("pubkey.pem", verify.pem_of(bytes.fromhex(links[last].public))),
        of_bytes("verify.py", (here / "verify.py").read_bytes()),
        of_bytes("README-驗證.txt", (here / "README-驗證.txt").read_bytes()),
    ]


def _seen(anchors: Sequence[Anchor], earlier: Iterable[Checkpoint]) -> Iterator[Source]:
    for old in earlier:
        stem = f"earlier/{old.size}-{old.sha256[:16]}"
        yield of_bytes(f"{stem}.txt", old.text.encode())
        yield of_bytes(f"{stem}.sig", bytes(old.signature))
    listed = []
    for number, anchor in enumerate(anchors):
        listed.append({"n": number, "kind": anchor.kind, "checkpoint": anchor.checkpoint.sha256})
        if anchor.kind == COSIGNATURE:
            given, stem = cosignature_of(anchor), f"anchors/{number}.cosignature"
            yield of_bytes(f"{stem}.txt", bytes(anchor.body))
            yield of_bytes(f"{stem}.sig", given.signature)
            yield of_bytes(f"{stem}.pub", given.public)
        else:
            yield of_bytes(f"anchors/{number}.tsr", bytes(anchor.body))
    yield of_bytes("anchors.json", canonical(listed))


def _enclosed(listed: Mapping[str, Any], stored: StoredFile) -> Source:
    return Source(f"payload/files/{listed['sha256']}", stored.size, stored.sha256, partial(file_chunks, stored))


def _papers(papers: Iterable[tuple[str, StoredFile]], digests: Collection[str]) -> Iterator[Source]:
    for name, stored in papers:
        if stored.sha256 in digests and stored.state == "stored":
            path = f"payload/papers/{_NOT_IN_PAPER_NAMES.sub('_', name)}.pdf"
            yield Source(path, stored.size, stored.sha256, partial(file_chunks, stored))


def _manifest(sources: Iterable[Source]) -> Source:
    ordered = sorted(sources, key=lambda source: source.name.encode())
    files = [{"path": one.name, "size": one.size, "sha256": one.sha256} for one in ordered]
    return of_bytes("MANIFEST.json", canonical({"format": FORMAT, "files": files}))


# --- the list of hand-overs, from what the events show -----------------------------------------------------------------

TAKEN_IN = frozenset({"case.opened", "case.completed", "item.added"})
HANDS = ("event", "item", "act", "recorded_at", "happened_at", "by", "from", "to", "place", "why", "sha256")


def _hands(row: FactRow, shown: Mapping[str, Any]) -> Iterator[list[str]]:
    """One line an item: the event that took several in, or one event about several, names them in `items`."""
    several = shown.get("numbers") or shown.get("items") or [shown.get("number", "")]
    numbers = [one[0] if isinstance(one, list) and one else one for one in several]
    digests = [pair[1] for pair in shown.get("files", ()) if isinstance(pair, list) and len(pair) == 2]
    told = (shown.get(n, "") for n in ("happened_at", "actor", "from_whom", "to_whom", "place", "why"))
    act = shown.get("act") or ("received" if row.type in TAKEN_IN else row.type)
    ends = [act, chain.time_text(row.at), *told]
    for place, number in enumerate(numbers):
        sha = digests[place] if place < len(digests) else shown.get("sha256", "")
        yield [f"{row.stream} #{row.position}", number, *ends, sha]


def _table(rows: Iterable[Sequence[Any]]) -> bytes:
    """For spreadsheets: nothing that one of them would compute."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in joined([HANDS], rows):
        cells = ["" if cell is None else str(cell) for cell in row]
        writer.writerow(["'" + cell if cell[:1] in "=+-@\t\r" and cell else cell for cell in cells])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


# --- what was handed out -------------------------------------------------------------------------------------------------


def exports_of(stream: str) -> list[BundleExport]:
    return list(BundleExport.objects.filter(stream=stream).select_related("checkpoint").order_by("-id"))
