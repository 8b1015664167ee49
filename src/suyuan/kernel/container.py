"""The container of a bundle, as docs/bundle.md fixes it: a zip in which every byte is determined by its files.

The writer needs memory for names only, never for contents. The reader rebuilds what it reads and compares every byte.
"""
from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

FULL, FULL_COUNT = 0xFFFFFFFF, 0xFFFF
PLAIN, ZIP64 = 20, 45
UTF8_NAMES = 0x0800
FIRST_DAY = 0x0021  # 1980-01-01
UNIX, FILE_MODE = 3 << 8, 0o100644 << 16
MOST_NAME_BYTES = 200
CHUNK = 1 << 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class ContainerRefused(ValueError):
    """These files cannot make a container, or this container is not the one its files make."""


@dataclass(frozen=True)
class Source:
    """A file about to be written. What `chunks` gives, as often as it is called, must have this size and digest."""

    name: str
    size: int
    sha256: str
    chunks: Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class Entry:
    """A file as it stands in a container."""

    name: str
    size: int
    crc: int
    sha256: str
    offset: int  # of its local header
    start: int  # of its first byte


def of_bytes(name: str, content: bytes) -> Source:
    return Source(name, len(content), hashlib.sha256(content).hexdigest(), lambda: (content,))


def names_check(names: Iterable[str]) -> None:
    """Raises ContainerRefused for a name that could mean two files, or a place outside."""
    folded: set[str] = set()
    for name in names:
        parts = name.split("/")
        if (
            ".." in name
            or "\\" in name
            or not all(parts)
            or len(name.encode()) > MOST_NAME_BYTES
            or unicodedata.normalize("NFC", name) != name
            or _CONTROL.search(name)
        ):
            raise ContainerRefused(f"not a name: {name!r}")
        if name.casefold() in folded:
            raise ContainerRefused(f"twice: {name!r}")
        folded.add(name.casefold())


def container_write(out: BinaryIO, sources: Iterable[Source]) -> list[Entry]:
    """Write all sources to `out`, which can seek and is empty. Raises ContainerRefused when one is not what it said."""
    ordered = sorted(sources, key=lambda source: source.name.encode())
    names_check(source.name for source in ordered)
    entries, offset = [], 0
    for source in ordered:
        entry = _file_write(out, source, offset)
        entries.append(entry)
        offset = entry.start + entry.size
    out.seek(offset)
    out.write(_tail(entries, offset))
    return entries


def _file_write(out: BinaryIO, source: Source, offset: int) -> Entry:
    """The checksum stands before the bytes it is of, so the header is written again when they have passed."""
    name = source.name.encode()
    out.seek(offset)
    out.write(_local(name, 0, source.size, offset))
    start = out.tell()
    crc = 0
    for chunk in _announced(source):
        crc = zlib.crc32(chunk, crc)
        out.write(chunk)
    out.seek(offset)
    out.write(_local(name, crc, source.size, offset))
    return Entry(source.name, source.size, crc, source.sha256, offset, start)


def _announced(source: Source) -> Iterator[bytes]:
    size, digest = 0, hashlib.sha256()
    for chunk in source.chunks():
        digest.update(chunk)
        size += len(chunk)
        yield chunk
    if (size, digest.hexdigest()) != (source.size, source.sha256):
        raise ContainerRefused(f"{source.name} is not what was announced: {size} bytes, {digest.hexdigest()}")


def container_length(sources: Iterable[Source]) -> int:
    """How long the container of these files is, before any of them is read."""
    entries, offset = [], 0
    for source in sorted(sources, key=lambda source: source.name.encode()):
        start = offset + len(_local(source.name.encode(), 0, source.size, offset))
        entries.append(Entry(source.name, source.size, 0, source.sha256, offset, start))
        offset = start + source.size
    return offset + len(_tail(entries, offset))


def container_stream(sources: Iterable[Source], crcs: Mapping[str, int]) -> Iterator[bytes]:
    """The bytes that `container_write` writes, in order, for what cannot seek: nothing is kept.

    crcs   checksums that are known, by name; a file without one is read twice
    Raises ContainerRefused on the way when a file is not what it said. What was sent by then has no directory, and is too
    short: nobody takes it for a container.
    """
    ordered = sorted(sources, key=lambda source: source.name.encode())
    names_check(source.name for source in ordered)
    entries, offset = [], 0
    for source in ordered:
        known = crcs.get(source.name)
        header = _local(source.name.encode(), _crc_of(source) if known is None else known, source.size, offset)
        yield header
        start, crc = offset + len(header), 0
        for chunk in _announced(source):
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if known not in (None, crc):
            raise ContainerRefused(f"the checksum of {source.name} is another")
        entries.append(Entry(source.name, source.size, crc, source.sha256, offset, start))
        offset = start + source.size
    yield _tail(entries, offset)


def _crc_of(source: Source) -> int:
    crc = 0
    for chunk in source.chunks():
        crc = zlib.crc32(chunk, crc)
    return crc


def container_read(handle: BinaryIO) -> list[Entry]:
    """Read a container of ours strictly. Raises ContainerRefused unless every byte is the one its files determine."""
    length = handle.seek(0, 2)
    at, listed = _directory(handle, length)
    entries, offset = [], 0
    for name, crc, size in listed:
        entry = _file_read(handle, name, crc, size, offset)
        entries.append(entry)
        offset = entry.start + entry.size
    names = [name for name, _, _ in listed]
    if names != sorted(set(names)):
        raise ContainerRefused("the files do not ascend by name")
    names_check(entry.name for entry in entries)
    handle.seek(offset)
    if at != offset or handle.read() != _tail(entries, offset):
        raise ContainerRefused("the directory is not that of the files")
    return entries


def _file_read(handle: BinaryIO, name: bytes, crc: int, size: int, offset: int) -> Entry:
    header = _local(name, crc, size, offset)
    handle.seek(offset)
    if handle.read(len(header)) != header:
        raise ContainerRefused(f"the header of {name!r} is another")
    start = offset + len(header)
    found, digest = 0, hashlib.sha256()
    for chunk in _stretch(handle, start, size):
        found = zlib.crc32(chunk, found)
        digest.update(chunk)
    if found != crc:
        raise ContainerRefused(f"the checksum of {name!r} is another")
    return Entry(_decoded(name), size, crc, digest.hexdigest(), offset, start)


def _decoded(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContainerRefused(f"not a name: {name!r}") from error


def _stretch(handle: BinaryIO, start: int, size: int) -> Iterator[bytes]:
    handle.seek(start)
    while size:
        chunk = handle.read(min(size, CHUNK))
        if not chunk:
            raise ContainerRefused("the file ends too early")
        size -= len(chunk)
        yield chunk


def _directory(handle: BinaryIO, length: int) -> tuple[int, list[tuple[bytes, int, int]]]:
    """Where the directory begins, and of each file name, checksum and size as it says."""
    try:
        handle.seek(max(0, length - 22))
        signature, _, _, _, count, size, at, _ = struct.unpack("<4sHHHHIIH", handle.read(22))
        if signature != b"PK\x05\x06":
            raise ContainerRefused("there is no end record")
        if count == FULL_COUNT:
            handle.seek(max(0, length - 98))
            count, size, at = struct.unpack("<4sQHHIIQQQQ", handle.read(56))[7:]
        if at + size > length:
            raise ContainerRefused("the directory lies outside")
        handle.seek(at)
        directory, listed, place = handle.read(size), [], 0
        for _ in range(count):
            fields = struct.unpack_from("<4sHHHHHHIIIHHHHHII", directory, place)
            crc, size, name_length, extra_length = fields[7], fields[9], fields[10], fields[11]
            name = directory[place + 46 : place + 46 + name_length]
            if extra_length:
                size = struct.unpack_from("<HHQQQ", directory, place + 46 + name_length)[3]
            listed.append((name, crc, size))
            place += 46 + name_length + extra_length
    except (struct.error, OSError, OverflowError) as error:
        raise ContainerRefused(str(error)) from error
    return at, listed


def _is_big(size: int, offset: int) -> bool:
    return size >= FULL or offset >= FULL


def _local(name: bytes, crc: int, size: int, offset: int) -> bytes:
    big = _is_big(size, offset)
    extra = struct.pack("<HHQQ", 1, 16, size, size) if big else b""
    stated = FULL if big else size
    fixed = (ZIP64 if big else PLAIN, UTF8_NAMES, 0, 0, FIRST_DAY, crc, stated, stated, len(name), len(extra))
    return struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", *fixed) + name + extra


def _central(entry: Entry) -> bytes:
    name, big = entry.name.encode(), _is_big(entry.size, entry.offset)
    extra = struct.pack("<HHQQQ", 1, 24, entry.size, entry.size, entry.offset) if big else b""
    size, offset, version = (FULL, FULL, ZIP64) if big else (entry.size, entry.offset, PLAIN)
    fixed = (UNIX | version, version, UTF8_NAMES, 0, 0, FIRST_DAY, entry.crc, size, size, len(name), len(extra))
    return struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", *fixed, 0, 0, 0, FILE_MODE, offset) + name + extra


def _tail(entries: Sequence[Entry], at: int) -> bytes:
    directory = b"".join(map(_central, entries))
    count, size = len(entries), len(directory)
    if not (count >= FULL_COUNT or at >= FULL or size >= FULL or any(_is_big(e.size, e.offset) for e in entries)):
        return directory + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, size, at, 0)
    end = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, UNIX | ZIP64, ZIP64, 0, 0, count, count, size, at)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at + size, 1)
    last = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, FULL_COUNT, FULL_COUNT, FULL, FULL, 0)
    return directory + end + locator + last
