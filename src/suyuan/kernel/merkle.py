"""The two trees of a checkpoint, as docs/bundle.md fixes them: the log (RFC 6962) and the heads (16 levels over 65,536 buckets).

Digests are 32 bytes here; whoever keeps or prints them writes hexadecimal. Leaves come hashed (`kernel.chain`).

Makers of proofs ask for full subtrees by (level, index), so that a database that keeps only those answers in O(log n)
reads. Checkers trust nothing they are handed: lengths, sizes and types are part of the proof.
"""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from suyuan.kernel.chain import canonical

DIGEST_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Place(NamedTuple):
    """A full subtree of the log: `index` counts those of its level from the left. Level 0 are the leaves."""

    level: int
    index: int


Nodes = Callable[[Place], bytes]


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A log that only remembers the full subtrees at its right edge: enough to go on and to say its root."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"a log of {size} has {size.bit_count()} peaks, not {len(peaks)}")
        self.size = size
        self._peaks = list(peaks)

    def append(self, leaf: bytes) -> Iterator[tuple[Place, bytes]]:
        """Add a leaf; yields every subtree that is full now, the leaf first. Exhaust it before adding the next."""
        place, digest = Place(0, self.size), _digest(leaf)
        yield place, digest
        rest = self.size
        while rest & 1:
            digest = node_hash(self._peaks.pop(), digest)
            place = Place(place.level + 1, place.index >> 1)
            yield place, digest
            rest >>= 1
        self._peaks.append(digest)
        self.size += 1

    def root(self) -> bytes:
        return _joined(self._peaks)


def peaks(size: int) -> list[Place]:
    """The full subtrees a log of this size consists of, from the left: what a frontier is rebuilt from."""
    return _covering(0, size)


def log_root(leaves: Iterable[bytes]) -> bytes:
    frontier = Frontier()
    for leaf in leaves:
        for _ in frontier.append(leaf):
            pass
    return frontier.root()


# --- proofs of the log ---------------------------------------------------------------------------------------------


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """That leaf `index` stands in the log of `size`, from the leaf upwards (RFC 9162, 2.1.3.1)."""
    return [_subtree(start, end, nodes) for start, end in _inclusion_ranges(index, size)]


def consistency_proof(first: int, second: int, nodes: Nodes) -> list[bytes]:
    """That the log of `first` leaves is how the log of `second` begins (RFC 9162, 2.1.4.1)."""
    return [_subtree(start, end, nodes) for start, end in _consistency_ranges(first, second)]


def inclusion_places(index: int, size: int) -> set[Place]:
    """What `inclusion_proof` will ask for."""
    return {place for start, end in _inclusion_ranges(index, size) for place in _covering(start, end)}


def consistency_places(first: int, second: int) -> set[Place]:
    """What `consistency_proof` will ask for."""
    return {place for start, end in _consistency_ranges(first, second) for place in _covering(start, end)}


def nodes_of(leaves: Sequence[bytes]) -> Nodes:
    """The nodes of a log that lies in memory as a whole."""
    levels = [[_digest(leaf) for leaf in leaves]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return lambda place: levels[place.level][place.index]


def inclusion_root(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes | None:
    """The root that this proof leads to; None when it has not the shape of one (RFC 9162, 2.1.3.2)."""
    if not _counts(index, size) or index >= size or not _digests([leaf, *proof]):
        return None
    at, last, root = index, size - 1, leaf
    for digest in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            root = node_hash(digest, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, digest)
        at, last = at >> 1, last >> 1
    return root if last == 0 else None


def inclusion_holds(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    found = inclusion_root(index, size, leaf, proof)
    return found is not None and found == root


def consistency_holds(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """RFC 9162, 2.1.4.2. Nothing is consistent with the empty log: no checkpoint is made of one."""
    if not _counts(first, second) or not 0 < first <= second or not _digests([first_root, second_root, *proof]):
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    older = newer = path[0]
    for digest in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            older, newer = node_hash(digest, older), node_hash(digest, newer)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            newer = node_hash(newer, digest)
        at, last = at >> 1, last >> 1
    return last == 0 and older == first_root and newer == second_root


def _inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    if not 0 <= index < size:
        raise ValueError(f"a log of {size} has no leaf {index}")
    found, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def _consistency_ranges(first: int, second: int) -> list[tuple[int, int]]:
    if not 0 < first <= second:
        raise ValueError(f"nothing leads from {first} to {second}")
    if first == second:
        return []
    found, start, end = [], 0, second
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    if start:  # else the older root itself is the first part, and known
        found.append((start, end))
    return found[::-1]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _covering(start: int, end: int) -> list[Place]:
    """The full subtrees from `start` to `end`, from the left. `start` is a multiple of the largest of them."""
    places = []
    while start < end:
        level = (end - start).bit_length() - 1
        places.append(Place(level, start >> level))
        start += 1 << level
    return places


def _subtree(start: int, end: int, nodes: Nodes) -> bytes:
    return _joined([nodes(place) for place in _covering(start, end)])


def _joined(subtrees: Sequence[bytes]) -> bytes:
    if not subtrees:
        return EMPTY_ROOT
    root = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        root = node_hash(left, root)
    return root


def _digest(value: bytes) -> bytes:
    if not isinstance(value, bytes) or len(value) != DIGEST_BYTES:
        raise ValueError("a digest has 32 bytes")
    return value


def _digests(values: Iterable[object]) -> bool:
    return all(isinstance(value, bytes) and len(value) == DIGEST_BYTES for value in values)


def _counts(*numbers: object) -> bool:
    return all(type(number) is int and number >= 0 for number in numbers)


# --- heads ---------------------------------------------------------------------------------------------------------

LEVELS = 16
BUCKETS = 1 << LEVELS

Head = tuple[str, int, str]  # token, position, leaf
Heads = Callable[[Place], bytes | None]


def bucket_of(token: str) -> int:
    """The first 16 bits of a stream's token."""
    return int(token[:4], 16)


def bucket_hash(entries: Sequence[Head]) -> bytes:
    return hashlib.sha256(b"\x03" + canonical([list(entry) for entry in entries])).digest()


def head_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x04" + left + right).digest()


def _empty_levels() -> tuple[bytes, ...]:
    levels = [bucket_hash([])]
    for _ in range(LEVELS):
        levels.append(head_node(levels[-1], levels[-1]))
    return tuple(levels)


# What stands at each level where no stream is: never kept, always known.
EMPTY_HEADS = _empty_levels()


def heads_above(touched: Mapping[int, bytes], known: Heads) -> dict[Place, bytes]:
    """Every node that changes when these buckets do, the buckets and the root (level 16) among them.

    `known` answers with what is kept of the others, or None where nothing is.
    """
    changed: dict[Place, bytes] = {Place(0, number): digest for number, digest in touched.items()}
    level = dict(changed)
    while level and next(iter(level)).level < LEVELS:
        above: dict[Place, bytes] = {}
        for below, index in {(place.level, place.index >> 1) for place in level}:
            left, right = (_head_at(Place(below, 2 * index + side), level, known) for side in (0, 1))
            above[Place(below + 1, index)] = head_node(left, right)
        changed |= above
        level = above
    return changed


def heads_root(buckets: Mapping[int, Sequence[Head]]) -> bytes:
    """The root over whole buckets, from nothing."""
    hashes = {number: bucket_hash(entries) for number, entries in buckets.items() if entries}
    return heads_above(hashes, lambda place: None).get(Place(LEVELS, 0), EMPTY_HEADS[LEVELS])


def heads_path_places(bucket: int) -> list[Place]:
    """The 16 siblings from the bucket upwards."""
    if not 0 <= bucket < BUCKETS:
        raise ValueError(f"there is no bucket {bucket}")
    return [Place(level, (bucket >> level) ^ 1) for level in range(LEVELS)]


def heads_path(bucket: int, known: Heads) -> list[bytes]:
    return [_head_at(place, {}, known) for place in heads_path_places(bucket)]


def heads_root_from(bucket: int, entries: Sequence[Head], path: Sequence[bytes]) -> bytes | None:
    """The root that a bucket and its path lead to; None when they have not the shape of it."""
    if type(bucket) is not int or not 0 <= bucket < BUCKETS or len(path) != LEVELS or not _digests(path):
        return None
    if not _entries_stand(bucket, entries):
        return None
    root = bucket_hash(entries)
    for level, sibling in enumerate(path):
        root = head_node(sibling, root) if bucket >> level & 1 else head_node(root, sibling)
    return root


def heads_hold(bucket: int, entries: Sequence[Head], path: Sequence[bytes], root: bytes) -> bool:
    found = heads_root_from(bucket, entries, path)
    return found is not None and found == root


def _entries_stand(bucket: int, entries: Sequence[Head]) -> bool:
    """Strictly ascending tokens that belong here, each with a place and a leaf: a stream occurs once or not at all."""
    before = ""
    for entry in entries:
        if len(entry) != 3:
            return False
        token, position, leaf = entry
        if not _is_hex(token) or not _is_hex(leaf) or type(position) is not int or position < 1:
            return False
        if token <= before or bucket_of(token) != bucket:
            return False
        before = token
    return True


def _is_hex(text: object) -> bool:
    return isinstance(text, str) and len(text) == 2 * DIGEST_BYTES and not text.strip("0123456789abcdef")


def _head_at(place: Place, fresh: Mapping[Place, bytes], known: Heads) -> bytes:
    return fresh.get(place) or known(place) or EMPTY_HEADS[place.level]
