"""Pages of a PDF as pictures. No form, script, link or attachment of it is ever run or followed: pages are only painted.

Run by `platform.files.limited` only.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import pypdfium2 as pdfium

from suyuan.evidence.confined.pictures import JPEG, PREVIEW, THUMBNAIL, blacked_out, flat, saved

SHOWN_PAGES = 3
MOST_POINTS = 14_400  # what a page may measure by the standard: five metres
INCH = 72


def derive(data: bytes) -> tuple:
    """({"decoded", "pages", "width", "height"}, page 1, page 2, page 3, thumbnail)."""
    document, told = _opened(data)
    if document is None:
        return (told,)
    pages = [flat(_painted(document[number], PREVIEW)) for number in range(min(len(document), SHOWN_PAGES))]
    small = pages[0].copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    told |= {"width": pages[0].width, "height": pages[0].height}
    return told, *(saved(page, JPEG, 82) for page in pages), saved(small, JPEG, 80)


def page(data: bytes, number: int) -> tuple:
    """({"decoded", "pages"}, one page to look at), counted from 1."""
    document, told = _opened(data)
    if document is None or not 1 <= number <= len(document):
        return (told,)
    return told, saved(flat(_painted(document[number - 1], PREVIEW)), JPEG, 82)


def paint(data: bytes, pages: Sequence[int], dpi: int, areas: Mapping[str, Sequence[Sequence[int]]]) -> tuple:
    """({"decoded", "pages", "sizes": [[points wide, points high, pixels wide, pixels high]]}, one JPEG each).

    `pages` are counted from 1; `areas` says by page number (as text) what is to be black.
    """
    document, told = _opened(data)
    if document is None:
        return (told,)
    sizes, made = [], []
    for number in pages:
        if not 1 <= number <= len(document):
            continue
        sheet = document[number - 1]
        wide, high = _points(sheet)
        painted = flat(_painted(sheet, round(max(wide, high) * dpi / INCH)))
        blacked_out(painted, areas.get(str(number), ()))
        sizes.append([round(wide * 100), round(high * 100), painted.width, painted.height])
        made.append(saved(painted, JPEG, 82))
    return {**told, "sizes": sizes}, *made


def _opened(data: bytes) -> tuple:
    try:
        document = pdfium.PdfDocument(data)
        count = len(document)
    except pdfium.PdfiumError as error:
        return None, {"decoded": "locked" if "password" in str(error).lower() else "broken"}
    if not count:
        return None, {"decoded": "broken"}
    return document, {"decoded": "ok", "pages": count}


def _points(sheet: pdfium.PdfPage) -> tuple[float, float]:
    wide, high = sheet.get_size()
    return min(max(wide, 1.0), MOST_POINTS), min(max(high, 1.0), MOST_POINTS)


def _painted(sheet: pdfium.PdfPage, longest: int):
    """So many pixels on its longer side, whatever the page says it measures."""
    wide, high = sheet.get_size()
    scale = min(longest, 4000) / max(wide, high, 1.0)
    return sheet.render(scale=scale, may_draw_forms=False).to_pil()
