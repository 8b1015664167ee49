"""A PDF out of painted pages: pictures, their sizes, and nothing about anybody."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Painted:
    """One page: hundredths of a point, and the JPEG that fills it."""

    wide: int
    high: int
    pixels_wide: int
    pixels_high: int
    jpeg: bytes


def pdf_of(pages: Iterable[Painted]) -> Iterator[bytes]:
    """Written as it goes, a page at a time. Objects 1 and 2 are the catalogue and the list of pages, written last."""
    at, places, kids = 0, {}, []

    def put(number: int, body: bytes) -> bytes:
        nonlocal at
        places[number] = at
        whole = b"%d 0 obj\n%s\nendobj\n" % (number, body)
        at += len(whole)
        return whole

    head = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    at += len(head)
    yield head
    number = 3
    for page in pages:
        wide, high = b"%d.%02d" % divmod(page.wide, 100), b"%d.%02d" % divmod(page.high, 100)
        paint = b"q %s 0 0 %s 0 0 cm /P Do Q" % (wide, high)
        yield put(
            number,
            b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length %d>>\nstream\n%s\nendstream"
            % (page.pixels_wide, page.pixels_high, len(page.jpeg), page.jpeg),
        )
        yield put(number + 1, b"<</Length %d>>\nstream\n%s\nendstream" % (len(paint), paint))
        yield put(
            number + 2,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %s %s]/Resources<</XObject<</P %d 0 R>>>>/Contents %d 0 R>>"
            % (wide, high, number, number + 1),
        )
        kids.append(number + 2)
        number += 3
    yield put(2, b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids)))
    yield put(1, b"<</Type/Catalog/Pages 2 0 R>>")
    table = b"".join(b"%010d 00000 n \n" % places[each] for each in range(1, number))
    yield b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (number, table, number, at)
