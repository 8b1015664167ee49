"""The words of a Word document (DOCX), streamed out of its parts: no tree is built and no entity is known.

What a reader of the paper sees is `body`, `table`, `header`, `footer`, `footnote`, `textbox`, `alt`, `drawing`; what only lies in the file and goes
along with it is said apart: `comment`, `deleted`, `hidden`.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from xml.parsers import expat

from suyuan.correspondence.confined.shapes import Refused, Stretches

MOST_UNPACKED, MOST_PARTS, PIECE = 64 << 20, 4_000, 1 << 16
_MAIN = re.compile(r"word/document\d*\.xml")
# In the order in which they are told.
_PARTS = (
    ("header", re.compile(r"word/header\d*\.xml")),
    ("body", _MAIN),
    ("footnote", re.compile(r"word/(?:footnotes|endnotes)\d*\.xml")),
    ("footer", re.compile(r"word/footer\d*\.xml")),
    ("drawing", re.compile(r"word/diagrams/data\d*\.xml")),
    ("comment", re.compile(r"word/comments\d*\.xml")),
)
_STYLES = re.compile(r"word/styles\d*\.xml")
_HEADING = re.compile(r"(?:heading|標題|标题)\s*[1-9]|title|subtitle|標題|标题", re.I)
_OUTLINED = frozenset("012345678")
_NO = frozenset({"0", "false", "off", "none"})
_LINE_BREAKS = {"tab": "\t", "cr": "\n", "noBreakHyphen": "-"}


def stretches(data: bytes) -> Stretches:
    try:
        return _read(data)
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        NotImplementedError,
        EOFError,
        KeyError,
        ValueError,
    ) as error:
        raise Refused("broken") from error
    except RuntimeError as error:  # zipfile's word for a part that asks for a password
        raise Refused("locked") from error


def _read(data: bytes) -> Stretches:
    archive = zipfile.ZipFile(io.BytesIO(data))
    names = _names(archive)
    budget = _Budget(MOST_UNPACKED)
    headings = _Styles.read(archive, [n for n in names if _STYLES.fullmatch(n)], budget)
    found = Stretches()
    for part, pattern in _PARTS:
        for name in names:
            if pattern.fullmatch(name):
                reader = _Part(part, headings, found)
                _feed(reader.parser(), archive, name, budget)
    apart = {row[1] for row in found.rows}
    for part in ("comment", "deleted", "hidden"):
        if part in apart:
            found.warn(part, sum(row[1] == part for row in found.rows))
    return found


def _names(archive: zipfile.ZipFile) -> list[str]:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if len(names) > MOST_PARTS or len({name.lower() for name in names}) != len(names):
        raise Refused("broken")
    if not any(_MAIN.fullmatch(name) for name in names):
        raise Refused("kind")
    ours = [info for info in infos if any(p.fullmatch(info.filename) for p in (_STYLES, *(p for _part, p in _PARTS)))]
    if any(info.flag_bits & 1 for info in ours):
        raise Refused("locked")
    if sum(info.file_size for info in ours) > MOST_UNPACKED:
        raise Refused("big")
    return sorted(names, key=lambda name: (len(name), name))


class _Budget:
    """Bytes that may still be unpacked, whatever the directory said."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Refused("big")


def _feed(parser: expat.XMLParserType, archive: zipfile.ZipFile, name: str, budget: _Budget) -> None:
    with archive.open(name) as part:
        while piece := part.read(PIECE):
            budget.take(len(piece))
            parser.Parse(piece, False)
        parser.Parse(b"", True)


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


def _no_doctype(*_what: object) -> None:
    """Word writes none; whoever does means to define something."""
    raise Refused("broken")


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _named(attributes: Mapping[str, str], name: str) -> str:
    return next((value for key, value in attributes.items() if _local(key) == name), "")


def _on(attributes: Mapping[str, str]) -> bool:
    """A switch of Word: there and not said to be off."""
    return _named(attributes, "val").lower() not in _NO


class _Styles:
    """Which styles of paragraphs are headings: by their names, which stay when the language of Word changes."""

    def __init__(self) -> None:
        self.headings: set[str] = set()
        self._style = ""

    @classmethod
    def read(cls, archive: zipfile.ZipFile, names: list[str], budget: _Budget) -> frozenset[str]:
        styles = cls()
        for name in names:
            parser = _parser()
            parser.StartElementHandler = styles.start
            _feed(parser, archive, name, budget)
        return frozenset(styles.headings)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = _local(name)
        if local == "style":
            self._style = _named(attributes, "styleId")
        elif local in ("name", "outlineLvl") and self._style:
            said = _named(attributes, "val").strip()
            if _HEADING.fullmatch(said) if local == "name" else said in _OUTLINED:
                self.headings.add(self._style)


class _Paragraph:
    def __init__(self) -> None:
        self.seen: list[str] = []
        self.deleted: list[str] = []
        self.hidden: list[str] = []
        self.heading = False


class _Part:
    """One part of the document, element by element. Text boxes stand inside paragraphs, so paragraphs are a stack."""

    def __init__(self, part: str, headings: frozenset[str], found: Stretches) -> None:
        self._part, self._headings, self._found = part, headings, found
        self._open: list[_Paragraph] = []
        self._depth = dict.fromkeys(("tbl", "txbxContent", "del", "moveFrom", "Fallback", "rPrChange", "pPrChange"), 0)
        self._text = self._vanished = False
        self._heading, self._number = "", 0

    def parser(self) -> expat.XMLParserType:
        parser = _parser()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._words
        return parser

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = _local(name)
        if local in self._depth:
            self._depth[local] += 1
        if self._depth["Fallback"]:  # the same once more, for older readers
            return
        if local == "p":
            self._open.append(_Paragraph())
        elif local in ("t", "delText"):
            self._text = True
        elif local == "docPr":
            self._found.add(
                _named(attributes, "descr") or _named(attributes, "title"), part="alt", heading=self._heading
            )
        elif self._open:
            self._inside(local, attributes)

    def _inside(self, local: str, attributes: Mapping[str, str]) -> None:
        paragraph = self._open[-1]
        if local in _LINE_BREAKS:
            paragraph.seen.append(_LINE_BREAKS[local])
        elif local == "br":
            paragraph.seen.append("\n")
        elif self._depth["rPrChange"] or self._depth["pPrChange"]:  # how it looked before
            return
        elif local == "pStyle":
            paragraph.heading = _named(attributes, "val") in self._headings
        elif local == "outlineLvl":
            paragraph.heading = _named(attributes, "val") in _OUTLINED
        elif local in ("vanish", "specVanish") and _on(attributes):
            self._vanished = True

    def _words(self, words: str) -> None:
        if not (self._text and self._open) or self._depth["Fallback"]:
            return
        paragraph = self._open[-1]
        if self._depth["del"] or self._depth["moveFrom"]:
            paragraph.deleted.append(words)
        elif self._vanished:
            paragraph.hidden.append(words)
        else:
            paragraph.seen.append(words)

    def _end(self, name: str) -> None:
        local = _local(name)
        if local in ("t", "delText"):
            self._text = False
        elif local in ("r", "rPr"):
            # What is hidden is said within a run; the mark of a paragraph has properties too, and no words.
            self._vanished = self._vanished and local == "rPr"
        elif local == "pPr":
            self._vanished = False
        elif local == "p" and self._open and not self._depth["Fallback"]:
            self._close(self._open.pop())
        if local in self._depth:
            self._depth[local] -= 1

    def _close(self, paragraph: _Paragraph) -> None:
        part = self._where()
        seen = "".join(paragraph.seen)
        if paragraph.heading and part == "body" and seen.strip():
            self._heading, self._number = " ".join(seen.split()), 0
            self._found.add(seen, heading=self._heading)
        elif self._found.add(seen, part=part, heading=self._heading, number=self._number + 1):
            self._number += 1
        for words, apart in ((paragraph.deleted, "deleted"), (paragraph.hidden, "hidden")):
            self._found.add("".join(words), part=apart, heading=self._heading, number=self._number)

    def _where(self) -> str:
        if self._part != "body":
            return self._part
        if self._depth["txbxContent"]:
            return "textbox"
        return "table" if self._depth["tbl"] else "body"
