"""Event chain, format 1. Fixed by the vectors in tests/kernel/chain_vectors.json; never change a byte of it.

    token      = SHA-256("suyuan stream 1" | 0x00 | stream)
    commitment = SHA-256(0x02 | salt | canonical([name, value]))
    leaf       = SHA-256(0x00 | canonical({v, token, position, prev, at, commitments}))
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

VERSION = 1
SALT_BYTES = 16
NO_PREVIOUS = "0" * 64

_SCALARS = frozenset({str, int, bool, type(None)})
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


class NotCanonical(ValueError):
    """The value cannot stand in a fact: only strings, integers, booleans, null, lists and objects may."""


def canonical(value: Json) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces. Raises NotCanonical for floats and foreign types."""
    _refuse_foreign(value)
    try:
        return _encode(value).encode("utf-8")
    except UnicodeEncodeError as error:  # a lone surrogate has no UTF-8 form
        raise NotCanonical(str(error)) from error


def _refuse_foreign(value: object) -> None:
    if type(value) in _SCALARS or isinstance(value, str):  # members of a StrEnum are their text
        return
    if isinstance(value, list):
        for item in value:
            if type(item) not in _SCALARS:
                _refuse_foreign(item)
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotCanonical(f"object keys are strings, not {type(key).__name__}")
            _refuse_foreign(item)
        return
    if not isinstance(value, (str, int)):  # enumerations of text and of numbers may
        raise NotCanonical(f"{type(value).__name__} cannot stand in a fact")


def time_text(at: datetime) -> str:
    """An aware time as text with six decimals and Z."""
    if at.tzinfo is None:
        raise NotCanonical("times are aware")
    # Not strftime: it pads the years before 1000 on some platforms only.
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def stream_token(stream: str) -> str:
    return hashlib.sha256(b"suyuan stream 1\x00" + stream.encode("utf-8")).hexdigest()


def commitment(salt: bytes, name: str, value: Json) -> str:
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 16 bytes")
    return hashlib.sha256(b"\x02" + salt + canonical([name, value])).hexdigest()


def commitment_bytes(salt: bytes, name: str, value: bytes) -> str:
    """The same from a value in its canonical bytes, as sealed fields keep it."""
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 16 bytes")
    return hashlib.sha256(b"\x02" + salt + b"[" + canonical(name) + b"," + value + b"]").hexdigest()


def commitments_stored(fields: Mapping[str, Sequence[object]]) -> Iterator[tuple[str, str]]:
    """Name and commitment of fields as rows keep them (name → [salt in hex, value]); quick, for the verifier.

    The values have just been read from JSON, so that nothing foreign is among them but floats, which match no commitment.
    """
    for name, (salt, value) in fields.items():
        salted = b"\x02" + bytes.fromhex(salt)
        if len(salted) != 1 + SALT_BYTES:
            raise ValueError("a salt has 16 bytes")
        yield name, hashlib.sha256(salted + _encode([name, value]).encode()).hexdigest()


def leaf_hash(*, token: str, position: int, prev: str, at: str, commitments: Iterable[str]) -> str:
    """The leaf over one event. `prev` is the previous leaf of the stream, 64 zeros for the first."""
    body = {
        "v": VERSION,
        "token": token,
        "position": position,
        "prev": prev,
        "at": at,
        "commitments": sorted(commitments),
    }
    return hashlib.sha256(b"\x00" + canonical(body)).hexdigest()


@dataclass(frozen=True)
class Link:
    """One stored event as the verifier sees it."""

    token: str
    position: int
    prev: str
    at: str
    commitments: tuple[str, ...]
    leaf: str


@dataclass(frozen=True)
class Broken:
    """The first place where a stream does not hold, and why."""

    position: int
    why: str


def check_stream(stream: str, links: Iterable[Link], head: tuple[int, str] | None = None) -> Broken | None:
    """Walk one stream in order of position; None when every link holds and ends at `head`."""
    token, prev, last = stream_token(stream), NO_PREVIOUS, 0
    for link in links:
        last += 1
        if link.position != last:
            return Broken(last, "missing_or_reordered")
        if link.token != token:
            return Broken(last, "foreign_stream")
        if link.prev != prev:
            return Broken(last, "previous_differs")
        if list(link.commitments) != sorted(set(link.commitments)):
            return Broken(last, "commitments_not_sorted_or_twice")
        recomputed = leaf_hash(
            token=link.token, position=link.position, prev=link.prev, at=link.at, commitments=link.commitments
        )
        if recomputed != link.leaf:
            return Broken(last, "leaf_differs")
        prev = link.leaf
    if head is not None and head != (last, prev):
        return Broken(last + 1, "head_differs")
    return None


def check_fields(commitments: Iterable[str], fields: Mapping[str, tuple[bytes, Json]]) -> str | None:
    """Name of the first field whose commitment is not among the event's; None when all are."""
    known = set(commitments)
    for name, (salt, value) in fields.items():
        if commitment(salt, name, value) not in known:
            return name
    return None
