"""The only source of randomness that ends up in rows, so that a story can be replayed byte for byte in a test."""
from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

_seeded: random.Random | None = None


def token_bytes(count: int) -> bytes:
    return _seeded.randbytes(count) if _seeded is not None else secrets.token_bytes(count)


def below(limit: int) -> int:
    """A whole number from 0 to limit - 1."""
    return _seeded.randrange(limit) if _seeded is not None else secrets.randbelow(limit)


def uid() -> UUID:
    """A UUIDv4, made before the insert."""
    return UUID(bytes=token_bytes(16), version=4)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Replace chance by a fixed sequence (tests only: keys are never made under it)."""
    global _seeded
    before, _seeded = _seeded, random.Random(seed)
    try:
        yield
    finally:
        _seeded = before
