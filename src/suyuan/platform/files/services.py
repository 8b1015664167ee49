"""Files in and out. Bytes first, row second.

    received = file_receive(source=upload.chunks(), name=upload.name, max_bytes=50_000_000)   outside any transaction
    stored = file_store(received=received, branch_id=…, actor=actor, now=now)                 inside the service

What `file_receive` returned is durable on disk. If the service then fails, nobody names those bytes and the collector
removes them a day later.
"""
from __future__ import annotations

import errno
import hashlib
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from suyuan.kernel.actor import Actor
from suyuan.platform import chance
from suyuan.platform.files import sealed
from suyuan.platform.files.errors import FileDamaged, FileDestroyed, FileEmpty, FileTooLarge, FileTypeRefused
from suyuan.platform.files.scanner import scanner_is_set
from suyuan.platform.files.storage import storage
from suyuan.platform.files.types import PORTAL_TYPES, Look, mislabelled
from suyuan.platform.jobs import enqueue
from suyuan.platform.keys import KeyProblem, new_file_key, seal, unseal, unwrap_file_key
from suyuan.platform.models import StoredFile
from suyuan.platform.units import writes

NAME_FIELD = "file.name"
LONGEST_NAME = 200
READ = 1 << 16
MISSING = "missing"
EXAMINE = "files.examine"

# Control characters, and those that turn the direction of writing: "photo\u202egpj.exe" reads as "photoexe.jpg".
_NOT_IN_FILE_NAMES = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True)
class Received:
    """Bytes that are whole, checked and durable, and that no row names yet."""

    uid: UUID
    size: int
    sha256: str
    content_type: str
    mislabelled: bool
    name: str = field(repr=False)
    wrapped_key: bytes = field(repr=False)
    path: str


def file_receive(
    *, source: Iterable[bytes], name: str, max_bytes: int, accept: Collection[str] = PORTAL_TYPES
) -> Received:
    """Take in one file, as it is. Raises FileEmpty, FileTooLarge, FileTypeRefused, StorageFull, StorageFailed."""
    uid, name = chance.uid(), clean_name(name)
    key, wrapped = new_file_key()
    digest, size, look = hashlib.sha256(), 0, Look(name)
    with storage().incoming() as incoming:
        sealer = sealed.Sealer(incoming.write, key, uid.bytes)
        for data in source:
            size += len(data)
            if size > max_bytes:
                raise FileTooLarge(limit=max_bytes)
            digest.update(data)
            look.feed(data)
            sealer.feed(data)
        if not size:
            raise FileEmpty
        sealer.close()
        content_type = look.decide(lambda: sealed.opened(incoming.reader(), key, uid.bytes, size))
        if content_type not in accept:
            raise FileTypeRefused(found=content_type)
        incoming.keep()
    return Received(
        uid=uid,
        size=size,
        sha256=digest.hexdigest(),
        content_type=content_type,
        mislabelled=mislabelled(name, content_type),
        name=name,
        wrapped_key=wrapped,
        path=incoming.token,
    )


@writes
def file_store(
    *, received: Received, branch_id: int, actor: Actor, now: datetime, compartment: str = "", painted: bool = False
) -> StoredFile:
    """Give received bytes their row. The caller ties it to its owner in the same write, and records the fact.

    `painted`: a picture that was made here, pixel by pixel; there is nothing to find out about it.
    """
    row = row_of(received, by=actor, now=now, state="stored")
    row.branch_id, row.compartment = branch_id, compartment
    row.decoded = "ok" if painted else ""
    row.save(force_insert=True)
    if not painted:
        examine_later(row)
    return row


@writes
def file_looked(*, stored: StoredFile, decoded: str) -> None:
    """Somebody painted a preview of it, or could not ("no:…"). The first look counts; whoever looked records the fact."""
    StoredFile.objects.filter(pk=stored.pk, decoded="").update(decoded=decoded)


@writes
def file_destroy(*, stored: StoredFile, actor: Actor, now: datetime) -> StoredFile:
    """Make a file unreadable for ever: its key goes now, its bytes right after. The caller has checked holds."""
    kept = StoredFile.objects.filter(pk=stored.pk, state="stored")
    if not kept.update(state="destroyed", wrapped_key=None, name_sealed=b"", destroyed_at=now):
        raise FileDestroyed(uid=str(stored.uid))
    enqueue("files.unlink", {"path": stored.path}, unique_key=f"files.unlink:{stored.uid}")
    stored.refresh_from_db()
    return stored


def file_open(stored: StoredFile) -> io.BufferedReader:
    """The plain bytes, seekable; every chunk is verified before one byte of it is given. Raises FileDamaged."""
    if stored.wrapped_key is None:
        raise FileDestroyed(uid=str(stored.uid))
    try:
        raw = storage().open(stored.path)
    except FileNotFoundError as error:
        raise FileDamaged(uid=str(stored.uid), why=MISSING) from error
    try:
        return _Plain(raw, unwrap_file_key(stored.wrapped_key), stored)
    except sealed.Unsealable as error:
        raise FileDamaged(uid=str(stored.uid), why=str(error)) from error


def file_chunks(stored: StoredFile, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Plain bytes from `start` up to, not including, `end`: what a streaming or ranged answer needs."""
    left = (stored.size if end is None else min(end, stored.size)) - start
    with file_open(stored) as plain:
        plain.seek(start)
        while left > 0 and (data := plain.read(min(READ, left))):
            left -= len(data)
            yield data


def file_fault(stored: StoredFile) -> tuple[str, str]:
    """Read all of it again. Two empty words when it is what was stored; otherwise a code and what was seen.

    missing, altered (bytes that do not open), other (opens, and is not what came), unreadable (the disk), key. A storage
    that cannot be asked at all raises StorageFailed: that is no fault of the file.
    """
    digest = hashlib.sha256()
    try:
        for data in file_chunks(stored):
            digest.update(data)
    except FileDamaged as damage:
        why = str(damage.data["why"])
        return ("missing" if why == MISSING else "altered"), why
    except KeyProblem as problem:
        return "key", problem.why
    except OSError as error:
        return "unreadable", errno.errorcode.get(error.errno or 0, "OSError")
    return ("", "") if digest.hexdigest() == stored.sha256 else ("other", "another content than was stored")


def file_verify(stored: StoredFile) -> str:
    """Read all of it again: "" when it is what was stored, otherwise why not."""
    why, detail = file_fault(stored)
    return why and detail


def file_name(stored: StoredFile) -> str:
    """The name the sender gave it. Empty once destroyed."""
    blob = bytes(stored.name_sealed)
    return unseal(NAME_FIELD, stored.uid, blob) if blob else ""


def clean_name(name: str) -> str:
    """The last part of a path, without characters that would deceive or break a line; never empty."""
    name = _NOT_IN_FILE_NAMES.sub("", unicodedata.normalize("NFC", name))
    name = name.replace("\\", "/").rpartition("/")[2].strip(" .")
    if len(name) > LONGEST_NAME:
        stem, dot, last = name.rpartition(".")
        ending = dot + last if stem and len(last) <= 10 else ""
        name = name[: LONGEST_NAME - len(ending)] + ending
    return name or "file"


def examine_later(stored: StoredFile) -> None:
    """Ask for the scanner (`examine`) in the write that stores it, if there is one."""
    if scanner_is_set():
        enqueue(EXAMINE, {"file": str(stored.uid)}, unique_key=f"{EXAMINE}:{stored.uid}", priority=-10)


def row_of(received: Received, *, by: Actor, now: datetime, state: str) -> StoredFile:
    return StoredFile(
        uid=received.uid,
        size=received.size,
        sha256=received.sha256,
        content_type=received.content_type,
        mislabelled=received.mislabelled,
        name_sealed=seal(NAME_FIELD, received.uid, received.name),
        wrapped_key=received.wrapped_key,
        path=received.path,
        state=state,
        by=str(by),
        created_at=now,
    )


class _Plain(io.BufferedReader):
    """A reader that names the file when its bytes turn out wrong half way."""

    def __init__(self, raw: BinaryIO, key: bytes, stored: StoredFile) -> None:
        self._stored = stored
        try:
            reader = sealed.SealedReader(raw, key, stored.uid.bytes, stored.size)
        except sealed.Unsealable:
            raw.close()
            raise
        super().__init__(reader, sealed.CHUNK)

    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except sealed.Unsealable as error:
            raise FileDamaged(uid=str(self._stored.uid), why=str(error)) from error
