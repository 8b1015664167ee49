"""The words of a PDF, page by page, with the lines of a paragraph joined again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import pypdfium2 as pdfium

from suyuan.correspondence.confined.shapes import Refused, Stretches

MOST_PAGES = 500
WRAPPED = 0.8  # of the widest line of the page: a line that long ended because the paper did
_BEGINS = re.compile(
    r"[•●○■□◆◇★☆※▶►◎✓✔·‧\-–—*]|[(（]?[一二三四五六七八九十百]{1,4}[)）、.．]|[(（]?\d{1,3}[)）、.．]|第[一二三四五六七八九十百\d]{1,4}[條章節项項]"
)
_HYPHENS = "\u00ad\ufffe\x02"


def stretches(data: bytes) -> Stretches:
    found = Stretches()
    document = _opened(data)
    count = len(document)
    if count > MOST_PAGES:
        raise Refused("long")
    pages = [_lines(document, number) for number in range(1, count + 1)]
    widest = max((_width(line) for lines in pages for line in lines or ()), default=0)
    silent = []
    for number, lines in enumerate(pages, 1):
        if lines is None:
            found.warn("page_broken", number)
            continue
        place = 0
        for text in paragraphs(lines, at_least=widest // 2):
            place += found.add(text, page=number, number=place + 1)
        if not place:
            silent.append(number)
    if silent and len(silent) < count:
        found.warn("pages_without_text", *silent)
    return found


def _opened(data: bytes) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(data)
        if not len(document):
            raise Refused("broken")
    except pdfium.PdfiumError as error:
        raise Refused("locked" if "password" in str(error).lower() else "broken") from error
    return document


def _lines(document: pdfium.PdfDocument, number: int) -> list[str] | None:
    try:
        page = document[number - 1]
        words = page.get_textpage().get_text_range()
        page.close()
    except pdfium.PdfiumError:
        return None
    return words.replace("\r\n", "\n").split("\n")


def paragraphs(lines: list[str], at_least: int = 0) -> Iterator[str]:
    """Lines that the edge of the paper cut belong together; whoever writes 保證 at its end means the word after it.

    Where a page has short lines only, none of them was cut: what counts as long is `at_least` so wide.
    """
    widths = [_width(line) for line in lines]
    full = WRAPPED * max(*widths, at_least, 0)
    held, wrapped = "", False
    for line, width in zip(lines, widths, strict=True):
        bare = line.strip()
        if held and not (wrapped and bare and not _BEGINS.match(bare)):
            yield held
            held = ""
        held = joined(held, bare) if held else bare
        wrapped = width >= full and len(bare) > 8
    if held:
        yield held


def joined(before: str, after: str) -> str:
    if before[-1] in _HYPHENS:
        return before[:-1] + after
    latin = before[-1].isascii() and after[0].isascii()
    return f"{before} {after}" if latin else before + after


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line.strip())
