"""Photographs for journeys: bytes that are a JPEG to whoever looks at their beginning and end."""
from __future__ import annotations

import random
from pathlib import Path

HEAD = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
TAIL = b"\xff\xd9"


def photo(path: Path, seed: int, size: int = 180_000) -> Path:
    path.write_bytes(HEAD + random.Random(seed).randbytes(size) + TAIL)
    return path
