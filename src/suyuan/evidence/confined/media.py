"""Sound and film without what cameras and programs write beside it, and without decoding a frame.

Answers with a recipe over the bytes of the original: ["copy", start, end], ["zero", count], ["bytes", hex]. In films,
boxes keep their places and lengths, so that every offset in them stays true: what must go becomes a free box of zeros,
and of the media itself only what the kept tracks name is copied. Run by `platform.files.limited` only.
"""
from __future__ import annotations

import struct
from collections.abc import Iterator

MOST_PIECES = 200_000
MOST_SAMPLES = 5_000_000
KEPT_TOP = {b"ftyp", b"moov", b"mdat"}
_KEPT = {
    b"moov": {b"mvhd", b"trak"},
    b"trak": {b"tkhd", b"edts", b"mdia"},
    b"mdia": {b"mdhd", b"hdlr", b"minf"},
    b"minf": {b"vmhd", b"smhd", b"hdlr", b"dinf", b"stbl"},
    b"edts": {b"elst"},
    b"dinf": {b"dref"},
    b"stbl": {
        b"stsd", b"stts", b"stss", b"ctts", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"sdtp", b"cslg", b"stps",
        b"sgpd", b"sbgp",
    },
}  # fmt: skip
_OF_PICTURES = {
    b"avcC", b"hvcC", b"vpcC", b"av1C", b"colr", b"pasp", b"clap", b"esds", b"btrt", b"fiel", b"gama", b"dvcC", b"dvvC",
    b"mdcv", b"clli", b"amve", b"lhvC", b"ccv ",
}  # fmt: skip
_TIMED = {b"mvhd", b"tkhd", b"mdhd"}


class Cannot(Exception):
    """Why it cannot be done."""


def film(data: bytes, layout: list[list], size: int) -> dict:
    """`layout`: [kind, start, end, where in `data`] of each top box; of mdat the bytes are not there (where is -1)."""
    try:
        return {"made": "ok", "recipe": _Film(bytearray(data), layout, size).recipe()}
    except Cannot as cannot:
        return {"made": str(cannot)}
    except (struct.error, IndexError):
        return {"made": "broken"}


class _Film:
    def __init__(self, data: bytearray, layout: list[list], size: int) -> None:
        self.data, self.layout, self.size = data, layout, size
        self.kept: list[tuple[int, int]] = []  # stretches of media that a kept track names

    def recipe(self) -> list[list]:
        kinds = [kind.encode("latin-1") for kind, *_ in self.layout]
        if kinds.count(b"moov") != 1:
            raise Cannot("fragmented" if b"moof" in kinds else "broken")
        if b"moof" in kinds:
            raise Cannot("fragmented")
        for kind, (_kind, start, end, where) in zip(kinds, self.layout, strict=True):
            if kind == b"moov":
                self.walk(where, where + end - start, b"moov")
        pieces = list(self.pieces(kinds))
        if len(pieces) > MOST_PIECES:
            raise Cannot("broken")
        return pieces

    def pieces(self, kinds: list[bytes]) -> Iterator[list]:
        media = sorted(self.kept)
        for kind, (_kind, start, end, where) in zip(kinds, self.layout, strict=True):
            if kind == b"mdat":
                yield from self.media(start, end, media)
            elif kind in KEPT_TOP:
                yield ["bytes", bytes(self.data[where : where + end - start]).hex()]
            elif end - start >= 8:
                # The length as it stood (it may be written in two ways), another name, and nothing inside.
                head = bytes(self.data[where : where + 16])
                long = head[:4] == b"\0\0\0\1"
                yield ["bytes", (head[:4] + b"free" + (head[8:16] if long else b"")).hex()]
                yield ["zero", end - start - (16 if long else 8)]

    def media(self, start: int, end: int, media: list[tuple[int, int]]) -> Iterator[list]:
        yield ["copy", start, start + 16 if end - start >= 16 else end]
        at = min(start + 16, end)
        for first, last in media:
            first, last = max(first, at), min(last, end)
            if first >= last:
                continue
            if first > at:
                yield ["zero", first - at]
            yield ["copy", first, last]
            at = last
        if at < end:
            yield ["zero", end - at]

    # Inside moov; positions are those in `data`.

    def boxes(self, at: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
        """(kind, where it begins, where its inside begins, where it ends)."""
        while at + 8 <= end:
            length, kind = struct.unpack_from(">I4s", self.data, at)
            inside = at + 8
            if length == 1:
                length, inside = struct.unpack_from(">Q", self.data, at + 8)[0], at + 16
            elif length == 0:
                length = end - at
            if length < inside - at or at + length > end:
                raise Cannot("broken")
            yield kind, at, inside, at + length
            at += length
        if any(self.data[at:end]):
            raise Cannot("broken")

    def walk(self, at: int, end: int, kind: bytes) -> None:
        inside = at + (16 if self.data[at : at + 4] == b"\0\0\0\1" else 8)
        for child, start, within, stop in list(self.boxes(inside, end)):
            if child == b"cmov":
                raise Cannot("compressed")
            if child not in _KEPT.get(kind, ()):
                self.free(start, within, stop)
            elif child == b"trak":
                self.track(start, within, stop)
            elif child in _TIMED:
                self.without_times(within)
            elif child == b"hdlr":
                self.zero(within + 24, stop)
            elif child == b"dref":
                self.references(within, stop)
            elif child == b"stsd":
                self.samples_described(within, stop)
            elif child in _KEPT:
                self.walk(start, stop, child)

    def track(self, start: int, within: int, stop: int) -> None:
        if self.handler(within, stop) not in (b"vide", b"soun"):
            self.free(start, within, stop)
            return
        self.kept += self.stretches(within, stop)
        self.walk(start, stop, b"trak")

    def handler(self, within: int, stop: int) -> bytes:
        for kind, _start, inside, end in self.boxes(within, stop):
            if kind == b"mdia":
                for inner, _at, here, _end in self.boxes(inside, end):
                    if inner == b"hdlr":
                        return bytes(self.data[here + 8 : here + 12])
        return b""

    def without_times(self, within: int) -> None:
        self.zero(within + 4, within + (20 if self.data[within] == 1 else 12))

    def references(self, within: int, stop: int) -> None:
        for _kind, _start, inside, end in self.boxes(within + 8, stop):
            if not self.data[inside + 3] & 1:
                raise Cannot("elsewhere")
            self.zero(inside + 4, end)

    def samples_described(self, within: int, stop: int) -> None:
        for _kind, start, _inside, end in self.boxes(within + 8, stop):
            # A picture's entry is 86 bytes with the maker's name in it, then boxes; a sound's has none of that.
            if end - start > 86 and int.from_bytes(self.data[start + 32 : start + 34]) and self.is_picture(start, end):
                self.zero(start + 20, start + 24)
                self.zero(start + 50, start + 82)
                for kind, at, inner, last in list(self.boxes(start + 86, end)):
                    if kind not in _OF_PICTURES:
                        self.free(at, inner, last)
            elif end - start == 86:
                self.zero(start + 20, start + 24)
                self.zero(start + 50, start + 82)

    def is_picture(self, start: int, end: int) -> bool:
        try:
            return bool(list(self.boxes(start + 86, end)))
        except (Cannot, struct.error):
            return False

    def free(self, start: int, within: int, stop: int) -> None:
        self.data[start + 4 : start + 8] = b"free"
        self.zero(within, stop)

    def zero(self, start: int, stop: int) -> None:
        if stop > start:
            self.data[start:stop] = bytes(stop - start)

    # Which bytes of the media a track names.

    def stretches(self, within: int, stop: int) -> list[tuple[int, int]]:
        found: dict[bytes, tuple[int, int]] = {}
        stack = [(within, stop)]
        while stack:
            at, end = stack.pop()
            for kind, _start, inside, last in self.boxes(at, end):
                if kind in (b"mdia", b"minf", b"stbl"):
                    stack.append((inside, last))
                elif kind in (b"stsc", b"stsz", b"stz2", b"stco", b"co64"):
                    found[kind] = (inside, last)
        if not found:
            return []
        offsets = self.offsets(found)
        sizes = self.sizes(found)
        chunks = self.per_chunk(found, len(offsets))
        result, sample = [], 0
        for offset, count in zip(offsets, chunks, strict=True):
            length = sum(sizes[sample : sample + count]) if isinstance(sizes, list) else sizes * count
            sample += count
            if offset + length > self.size:
                raise Cannot("broken")
            result.append((offset, offset + length))
        return result

    def offsets(self, found: dict) -> list[int]:
        wide = b"co64" in found
        at, _end = found[b"co64"] if wide else found.get(b"stco") or (0, 0)
        (count,) = struct.unpack_from(">I", self.data, at + 4)
        if count > MOST_SAMPLES:
            raise Cannot("broken")
        return list(struct.unpack_from(f">{count}{'Q' if wide else 'I'}", self.data, at + 8))

    def sizes(self, found: dict) -> int | list[int]:
        if b"stsz" not in found:
            raise Cannot("broken")
        at, _end = found[b"stsz"]
        same, count = struct.unpack_from(">II", self.data, at + 4)
        if same:
            return same
        if count > MOST_SAMPLES:
            raise Cannot("broken")
        return list(struct.unpack_from(f">{count}I", self.data, at + 12))

    def per_chunk(self, found: dict, chunks: int) -> list[int]:
        at, _end = found[b"stsc"]
        (count,) = struct.unpack_from(">I", self.data, at + 4)
        runs = [struct.unpack_from(">III", self.data, at + 8 + 12 * n) for n in range(min(count, MOST_SAMPLES))]
        result: list[int] = []
        for number, (first, each, _which) in enumerate(runs):
            until = runs[number + 1][0] if number + 1 < len(runs) else chunks + 1
            if first != len(result) + 1 or until < first or until > chunks + 1:
                raise Cannot("broken")
            result += [each] * (until - first)
        if len(result) != chunks:
            raise Cannot("broken")
        return result


# Sound in frames, and sound in a RIFF.

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_BITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def frames(data: bytes) -> dict:
    """MP3: only its frames, whatever stands before, between and after them."""
    at, kept = _after_tags(data), []
    while at + 4 <= len(data):
        length = _frame(data, at)
        following = at + length
        if length and (following + 4 > len(data) or _frame(data, following) or data[following : following + 3] in (b"TAG", b"APE")):
            if following > len(data):
                break
            if kept and kept[-1][2] == at:
                kept[-1][2] = following
            else:
                kept.append(["copy", at, following])
            at = following
            continue
        at = data.find(b"\xff", at + 1)
        if at < 0:
            break
    return {"made": "ok", "recipe": kept} if kept else {"made": "broken"}


def _after_tags(data: bytes) -> int:
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    return at


def _frame(data: bytes, at: int) -> int:
    """Length of the layer III frame that begins here; 0 where none does."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
        return 0
    version, bits, rate = data[at + 1] >> 3 & 3, data[at + 2] >> 4, data[at + 2] >> 2 & 3
    if version == 1 or bits in (0, 15) or rate == 3:
        return 0
    kilobits = (_BITS_1 if version == 3 else _BITS_2)[bits]
    return (144 if version == 3 else 72) * kilobits * 1000 // _RATES[version][rate] + (data[at + 2] >> 1 & 1)


def riff(data: bytes) -> dict:
    """WAV: the format, the count and the samples."""
    at, kept, total = 12, [], 4
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = min(at + 8 + length + (length & 1), len(data))
        if kind in (b"fmt ", b"fact", b"data"):
            kept.append(["copy", at, end])
            total += end - at
        at = end
    if len(kept) < 2:
        return {"made": "broken"}
    head = b"RIFF" + total.to_bytes(4, "little") + b"WAVE"
    return {"made": "ok", "recipe": [["bytes", head.hex()], *kept]}
