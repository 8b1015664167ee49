"""The form in which bytes lie on disk: encrypted in chunks, so that a film can be sought and a cut is noticed.

    file  = header | chunk 0 | chunk 1 | … ;  header = "SYF1" | log2 of the chunk size (1 byte) | prefix (7, random)
    chunk = AES-256-GCM(plain, nonce = prefix | counter (4) | last (1), AAD = header | context | counter)

`context` is the uid of what the bytes belong to: a valid chunk of another file, or from another place, does not open.
"""
from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from suyuan.platform.files.sized import Sized

MAGIC = b"SYF1"
LOG2_CHUNK = 16
CHUNK = 1 << LOG2_CHUNK
PREFIX, TAG = 7, 16
HEADER = len(MAGIC) + 1 + PREFIX


class Unsealable(Exception):
    """The bytes on disk are not the ones that were sealed."""


class Sealer:
    """Feed it plain bytes; it writes the sealed form. Nothing opens again without `close()`."""

    def __init__(self, write: Callable[[bytes], None], key: bytes, context: bytes) -> None:
        prefix = os.urandom(PREFIX)
        self._write = write
        self._cipher = AESGCM(key)
        self._header = MAGIC + bytes([LOG2_CHUNK]) + prefix
        self._aad = self._header + context
        self._prefix = prefix
        self._held = bytearray()
        self._count = 0
        write(self._header)

    def feed(self, data: bytes) -> None:
        held = self._held
        held += data
        # One chunk is always held back, because only the end tells which is the last.
        done = 0
        while len(held) - done > CHUNK:
            self._put(bytes(held[done : done + CHUNK]), last=False)
            done += CHUNK
        del held[:done]

    def close(self) -> None:
        self._put(bytes(self._held), last=True)
        self._held.clear()

    def _put(self, plain: bytes, *, last: bool) -> None:
        counter = self._count.to_bytes(4)
        self._count += 1
        self._write(self._cipher.encrypt(self._prefix + counter + bytes([last]), plain, self._aad + counter))


class SealedReader(Sized):
    """The plain bytes of a sealed file of known size; seekable; raises Unsealable instead of giving one wrong byte."""

    def __init__(self, sealed: BinaryIO, key: bytes, context: bytes, size: int) -> None:
        super().__init__(size)
        self._sealed = sealed
        self._cipher = AESGCM(key)
        self._index, self._plain = -1, b""
        header = sealed.read(HEADER)
        if len(header) != HEADER or header[:5] != MAGIC + bytes([LOG2_CHUNK]):
            raise Unsealable("not a sealed file")
        self._prefix, self._aad = header[5:], header + context
        self._chunks = max(1, -(-size // CHUNK))
        if sealed.seek(0, io.SEEK_END) != HEADER + size + self._chunks * TAG:
            raise Unsealable("longer or shorter than it was")

    def readinto(self, buffer) -> int:
        if self._at >= self._size:
            return 0
        plain = self._chunk(self._at // CHUNK)
        start = self._at % CHUNK
        taken = plain[start : start + len(buffer)]
        buffer[: len(taken)] = taken
        self._at += len(taken)
        return len(taken)

    def close(self) -> None:
        if not self.closed:
            self._sealed.close()
        super().close()

    def _chunk(self, index: int) -> bytes:
        if index == self._index:
            return self._plain
        counter, last = index.to_bytes(4), index == self._chunks - 1
        self._sealed.seek(HEADER + index * (CHUNK + TAG))
        sealed = self._sealed.read(CHUNK + TAG)
        try:
            plain = self._cipher.decrypt(self._prefix + counter + bytes([last]), sealed, self._aad + counter)
        except InvalidTag as error:
            raise Unsealable(f"chunk {index} was altered") from error
        self._index, self._plain = index, plain
        return plain


def opened(sealed: BinaryIO, key: bytes, context: bytes, size: int) -> io.BufferedReader:
    try:
        return io.BufferedReader(SealedReader(sealed, key, context, size), CHUNK)
    except Unsealable:
        sealed.close()
        raise
