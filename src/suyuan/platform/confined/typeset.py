"""Sets a paper, in a process of its own. No Django, no network, nothing of the machine but our fonts and shapes."""
from __future__ import annotations

import json
import struct
from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

HERE = Path(__file__).parent.parent / "papers"
FONTS = HERE / "fonts"
SHAPES = HERE / "shapes"
STANDARDS = ["a-2a", "ua-1"]
# `shape` of a document → the file that sets it; without one it is a paper.
SHAPED = {"letter": "letter"}
# They turn or hide what stands beside them; what is meant to be read must not be written with them.
_DECEIVING = frozenset([*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xFFFD])
# Said by a character before it; without a glyph of their own they change nothing.
_SELECTORS = frozenset([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])


def typeset(source: bytes, *, document: dict[str, Any], at: str, pictures: list[list[Any]]) -> bytes:
    moment = datetime.fromisoformat(at).astimezone(UTC)
    shown = Glyphs(FONTS.glob("*.otf")).printable(document)
    stamp = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second]
    files = {shape.name: shape.read_bytes() for shape in SHAPES.glob("*.typ")}
    files["main"] = files.pop(f"{SHAPED.get(document.get('shape'), 'paper')}.typ")
    files["document.json"] = json.dumps(shown | {"stamp": stamp}, ensure_ascii=False, sort_keys=True).encode()
    # As numbers, because the compiler takes only text for a file that it is handed.
    held, start = [], 0
    for kind, length in pictures:
        held.append({"kind": kind, "bytes": list(source[start : start + length])})
        start += length
    files["pictures.json"] = json.dumps(held).encode()
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(FONTS)])
    compiler = typst.Compiler(files, font_paths=fonts)
    return compiler.compile(format="pdf", pdf_standards=STANDARDS, timestamp=moment)


class Glyphs:
    """Which characters our fonts can show: read from the fonts themselves, so that no list can grow stale."""

    def __init__(self, fonts: Iterable[Path]) -> None:
        spans = sorted(span for font in fonts for span in spans_of(font))
        self.first = [first for first, _last in spans]
        self.last: list[int] = []
        for _first, last in spans:  # spans of several fonts overlap: what counts is how far any of them reaches
            self.last.append(max(last, self.last[-1] if self.last else last))

    def has(self, character: str) -> bool:
        code = ord(character)
        place = bisect_right(self.first, code) - 1
        return place >= 0 and code <= self.last[place]

    def printable(self, value: Any) -> Any:
        """The same with every character that has no glyph written as its number: honest, where a box would say nothing."""
        if isinstance(value, str):
            return value if value.isascii() and value.isprintable() else "".join(map(self._shown, value))
        if isinstance(value, dict):
            return {key: self.printable(one) for key, one in value.items()}
        return [self.printable(one) for one in value] if isinstance(value, list) else value

    def _shown(self, character: str) -> str:
        code = ord(character)
        if character == "\n" or (self.has(character) and code not in _DECEIVING and code >= 32 and code != 127):
            return character
        if character == "\t":
            return " "
        return "" if character == "\r" or code in _SELECTORS else f"〔U+{code:04X}〕"


def spans_of(font: Path) -> list[tuple[int, int]]:
    """Spans of characters that an OpenType font maps to a glyph: its table `cmap`, format 12."""
    data = font.read_bytes()
    for n in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _sum, offset, _length = struct.unpack_from(">4sLLL", data, 12 + 16 * n)
        if tag == b"cmap":
            return _spans(data, offset)
    return []


def _spans(data: bytes, cmap: int) -> list[tuple[int, int]]:
    for n in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        _platform, _encoding, offset = struct.unpack_from(">HHL", data, cmap + 4 + 8 * n)
        if struct.unpack_from(">H", data, cmap + offset)[0] == 12:
            groups = struct.unpack_from(">L", data, cmap + offset + 12)[0]
            rows = struct.iter_unpack(">LLL", data[cmap + offset + 16 : cmap + offset + 16 + 12 * groups])
            return [(first, last) for first, last, _glyph in rows]
    return []
