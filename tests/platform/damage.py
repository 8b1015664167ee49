"""Six ways in which stored bytes stop being what was stored."""
from __future__ import annotations

import os
import random
from collections.abc import Iterable
from itertools import cycle

from suyuan.platform.files import sealed, storage
from suyuan.platform.keys import unwrap_file_key
from suyuan.platform.models import StoredFile

WAYS = ("flipped", "truncated", "deleted", "swapped", "foreign", "resealed")


def damage(files: Iterable[StoredFile], dice: random.Random) -> list[tuple[str, StoredFile]]:
    """Hurt each of these once; returns how. Those that are swapped go in pairs."""
    left, hurt, ways = list(files), [], cycle(WAYS)
    while left:
        way = next(ways) if len(left) > 1 else "flipped"
        stored = left.pop()
        path = storage().path(stored.path)
        body = path.read_bytes()
        if way == "flipped":
            at = dice.randrange(len(body))
            path.write_bytes(body[:at] + bytes([body[at] ^ 1 << dice.randrange(8)]) + body[at + 1 :])
        elif way == "truncated":
            path.write_bytes(body[: dice.randrange(len(body))])
        elif way == "deleted":
            path.unlink()
        elif way == "swapped":
            other = left.pop()
            there = storage().path(other.path)
            path.write_bytes(there.read_bytes())
            there.write_bytes(body)
            hurt.append((way, other))
        elif way == "foreign":  # sealed in order, under the key of another file
            path.write_bytes(_sealed(dice.randbytes(stored.size), os.urandom(32), stored.uid.bytes))
        else:  # by somebody who has this very file's key
            key = unwrap_file_key(stored.wrapped_key)
            path.write_bytes(_sealed(dice.randbytes(stored.size), key, stored.uid.bytes))
        hurt.append((way, stored))
    return hurt


def _sealed(plain: bytes, key: bytes, context: bytes) -> bytes:
    out = bytearray()
    sealer = sealed.Sealer(out.extend, key, context)
    sealer.feed(plain)
    sealer.close()
    return bytes(out)
