"""The log's part of `suyuan chain verify`: every number, node, head, checkpoint, key and anchor recomputed from the facts.

The whole history is walked once from the first number. At the size of each checkpoint the roots must be the ones that
were signed then, so that every checkpoint is shown to be the beginning of all later ones, heads included.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from suyuan.kernel import chain, merkle, notes
from suyuan.kernel.merkle import Place
from suyuan.platform import keys
from suyuan.platform.anchors import anchors_faults
from suyuan.platform.checkpoints import LOG_STREAM, RESTORED, checkpoint_fault
from suyuan.platform.faults import Fault
from suyuan.platform.models import Checkpoint, HeadNode, Installation, LogEntry, LogHead, LogNode
from suyuan.platform.models.log import place_number, place_of

AT_ONCE = 2_000
KEYS_STREAM = "keys"


def log_faults() -> Iterator[Fault]:
    """The first thing of each kind that does not hold."""
    links = keys.key_chain()
    if (broken := keys.key_chain_fault(links)) is not None:
        yield Fault(KEYS_STREAM, broken[0] + 1, broken[1], links[broken[0]].key)
    walk = _Walk({link.key: bytes.fromhex(link.public) for link in links})
    yield from walk.faults()
    yield from anchors_faults()


class _Numbered(NamedTuple):
    index: int
    token: str
    position: int
    leaf: str
    type: str


_COLUMNS = ("index", "fact__token", "fact__position", "fact__leaf", "fact__type")


class _Walk:
    """Everything that can be recomputed, as it stands after so many numbers."""

    def __init__(self, public: dict[str, bytes]) -> None:
        self.public = public
        self.frontier = merkle.Frontier()
        self.nodes = _Nodes()
        self.heads = _Heads()
        self.epoch = 1
        self.last: Checkpoint | None = None
        self.origin = str(Installation.objects.values_list("uid", flat=True).get(id=1)) if public else ""

    def faults(self) -> Iterator[Fault]:
        checkpoints = iter(Checkpoint.objects.order_by("size", "id").iterator(chunk_size=AT_ONCE))
        awaited = next(checkpoints, None)
        rows = LogEntry.objects.order_by("index").values_list(*_COLUMNS)
        for entry in map(_Numbered._make, rows.iterator(chunk_size=AT_ONCE)):
            why = self._take(entry)
            if why is not None:
                yield Fault(LOG_STREAM, entry.index, *why)
                return
            if awaited is not None and awaited.size == self.frontier.size:
                yield from self._checkpoint_faults(awaited)
                awaited = next(checkpoints, None)
        if awaited is not None:
            yield Fault(LOG_STREAM, awaited.size, "log_shorter_than_checkpoint", f"{self.frontier.size} are numbered")
        elif self.frontier.size != (self.last.size if self.last else 0):
            signed = self.last.size if self.last else 0
            yield Fault(LOG_STREAM, signed, "log_not_signed", f"{self.frontier.size} numbered, {signed} signed")
        if (why := self.nodes.left()) is not None:
            yield Fault(LOG_STREAM, self.frontier.size, *why)
        yield from self.heads.kept_faults()

    def _take(self, entry: _Numbered) -> tuple[str, str] | None:
        if entry.index != self.frontier.size:
            return "log_has_a_gap", f"{self.frontier.size} is missing"
        try:
            leaf = bytes.fromhex(entry.leaf)
            for place, digest in self.frontier.append(leaf):
                if not self.nodes.agree(place, digest):
                    return "log_node_differs", f"level {place.level}, index {place.index}"
        except ValueError:
            return "leaf_unreadable", entry.leaf
        if not self.heads.take(entry):
            return "log_out_of_order", f"position {entry.position} of its stream"
        self.epoch += entry.type == RESTORED
        return None

    def _checkpoint_faults(self, row: Checkpoint) -> Iterator[Fault]:
        why = checkpoint_fault(row, self.public)
        if why is not None:
            yield Fault(LOG_STREAM, row.size, why)
        before = self.last.sha256 if self.last else notes.NO_CHECKPOINT
        if row.previous != before:
            yield Fault(LOG_STREAM, row.size, "checkpoint_missing", "the one before is not the one it names")
        if row.root != self.frontier.root().hex():
            yield Fault(LOG_STREAM, row.size, "root_differs")
        if row.heads != self.heads.root(row.size):
            yield Fault(LOG_STREAM, row.size, "heads_root_differs")
        if row.epoch != self.epoch:
            yield Fault(LOG_STREAM, row.size, "epoch_differs", f"{row.epoch}, by the facts {self.epoch}")
        if why is None and notes.checkpoint_read(row.text).origin != self.origin:
            yield Fault(LOG_STREAM, row.size, "origin_differs")
        self.last = row


class _Nodes:
    """The stored nodes, read level by level in step with those recomputed."""

    def __init__(self) -> None:
        self._levels: list[Iterator[tuple[int, bytes]]] = []

    def agree(self, place: Place, digest: bytes) -> bool:
        if place.level == len(self._levels):
            self._levels.append(self._level(place.level))
        stored = next(self._levels[place.level], None)
        return stored is not None and stored[0] == place_number(place) and bytes(stored[1]) == digest

    def left(self) -> tuple[str, str] | None:
        """Nodes over leaves that nobody numbered."""
        for level, rows in enumerate(self._levels):
            if (stored := next(rows, None)) is not None:
                return "log_node_too_many", f"level {level}, index {place_of(stored[0]).index}"
        beyond = LogNode.objects.filter(pk__gte=place_number(Place(len(self._levels), 0))).order_by("pk").first()
        return None if beyond is None else ("log_node_too_many", f"level {place_of(beyond.pk).level}")

    @staticmethod
    def _level(level: int) -> Iterator[tuple[int, bytes]]:
        first, end = (place_number(Place(at, 0)) for at in (level, level + 1))
        rows = LogNode.objects.filter(pk__gte=first, pk__lt=end).order_by("pk").values_list("place", "digest")
        return iter(rows.iterator(chunk_size=AT_ONCE))


class _Heads:
    """The heads, replayed from the log."""

    def __init__(self) -> None:
        self._buckets: dict[int, dict[str, tuple[int, str]]] = {}
        self._touched: set[int] = set()
        self._known: dict[Place, bytes] = {}
        self._since: dict[Place, int] = {}

    def take(self, entry: _Numbered) -> bool:
        number = merkle.bucket_of(entry.token)
        bucket = self._buckets.setdefault(number, {})
        stands = bucket.get(entry.token, (0, chain.NO_PREVIOUS))
        bucket[entry.token] = (entry.position, entry.leaf)
        self._touched.add(number)
        return entry.position == stands[0] + 1

    def root(self, size: int) -> str:
        hashes = {
            number: merkle.bucket_hash([(token, *stands) for token, stands in sorted(self._buckets[number].items())])
            for number in self._touched
        }
        changed = merkle.heads_above(hashes, self._known.get)
        self._known |= changed
        self._since |= dict.fromkeys(changed, size)
        self._touched.clear()
        return self._known[Place(merkle.LEVELS, 0)].hex()

    def kept_faults(self) -> Iterator[Fault]:
        """What is kept of the heads against what they are."""
        yield from self._streams_faults()
        missing = set(self._known)
        for number, digest, size in HeadNode.objects.order_by("pk").values_list("place", "digest", "size").iterator():
            place = place_of(number)
            if self._known.get(place) != bytes(digest) or self._since.get(place) != size:
                yield Fault(LOG_STREAM, size, "head_node_differs", f"level {place.level}, index {place.index}")
                return
            missing.discard(place)
        if missing:
            place = min(missing)
            yield Fault(LOG_STREAM, self._since[place], "head_node_missing", f"level {place.level}, index {place.index}")

    def _streams_faults(self) -> Iterator[Fault]:
        missing = {token: number for number, bucket in self._buckets.items() for token in bucket}
        rows = LogHead.objects.order_by("pk").values_list("token", "bucket", "position", "leaf")
        for token, number, position, leaf in rows.iterator(chunk_size=AT_ONCE):
            if self._buckets.get(number, {}).get(token) != (position, leaf):
                yield Fault(LOG_STREAM, position, "log_head_differs", token)
                return
            missing.pop(token, None)
        if missing:
            yield Fault(LOG_STREAM, 0, "log_head_missing", min(missing))
