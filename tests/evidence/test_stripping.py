"""Copies for sharing (C4): twelve kinds of file and not one canary left, raw, in base64, in UTF-16, or packed."""
from __future__ import annotations

import base64
import io
import re
import zipfile
import zlib

import pypdfium2
import pytest
from PIL import Image

from suyuan.evidence.confined import media
from suyuan.evidence.errors import CannotCopy
from suyuan.evidence.making import redacted, stripped
from suyuan.evidence.models import Item
from suyuan.evidence.services.derived import item_derive
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.platform.files import STAFF_TYPES, file_chunks, file_receive, file_store
from suyuan.platform.models import FactRow
from tests.cases.cast import NOON
from tests.evidence import laden
from tests.evidence import pictures as made

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-09"), pytest.mark.sqlite]
STREAM = "thing:0b6d2f6a-7f0e-4c6a-9a53-7d1f9b1f7a02"
# What a picture cannot be written without: its size, its depth, how it is packed.
TIFFS_OWN = {256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 338, 339}
FORMATS_OWN = {
    "jfif", "jfif_version", "jfif_unit", "jfif_density", "compression", "dpi", "resolution", "loop", "background", "timestamp",
    "duration",
}  # fmt: skip


@pytest.fixture
def add(cast):
    def added(data: bytes, name: str) -> Item:
        received = file_receive(source=[data], name=name, max_bytes=50_000_000, accept=STAFF_TYPES)
        stored = file_store(received=received, branch_id=cast.tn.pk, actor=cast.manager.actor, now=NOON)
        given = ItemGiven(stored=stored, source="desk")
        return item_add(given=given, stream=STREAM, branch_id=cast.tn.pk, actor=cast.manager.actor, now=NOON)

    return added


@pytest.fixture
def copied(cast):
    def copy(item: Item, derivation: str = "stripped", **how) -> tuple[Item, bytes]:
        received = stripped(item) if derivation == "stripped" else redacted(item, **how)
        row = item_derive(item=item, derivation=derivation, received=received, actor=cast.manager.actor, now=NOON)
        return row, b"".join(file_chunks(row.stored))

    return copy


def found(data: bytes, canary: str = laden.CANARY) -> list[str]:
    """Where a canary still sings, in whichever dress. Its first half alone counts as well."""
    where = []
    for depth, piece in unpacked(data):
        for words in (canary, canary[:10]):
            for dress in ("utf-8", "utf-16-le", "utf-16-be"):
                raw = words.encode(dress)
                if raw in piece:
                    where.append(f"{depth} {dress}")
                # Three ways to lie in base64, by where it begins.
                for shift in range(3):
                    middle = base64.b64encode(bytes(shift) + raw)[4:-4]
                    if len(middle) > 8 and middle in piece:
                        where.append(f"{depth} base64")
    return where


def unpacked(data: bytes, depth: str = "", most: int = 3):
    yield depth or "raw", data
    if most == 0:
        return
    if data[:4] == b"PK\3\4":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield f"{depth}/comment", archive.comment
            for info in archive.infolist():
                yield from unpacked(archive.read(info), f"{depth}/{info.filename}", most - 1)
    for place in [m.start() for m in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data)][:200]:
        try:
            inner = zlib.decompressobj().decompress(data[place:], 1 << 22)
        except zlib.error:
            continue
        if len(inner) > 10:
            yield from unpacked(inner, f"{depth}@{place}", most - 1)


@pytest.mark.parametrize("kind", laden.TWELVE)
def test_nothing_of_what_was_hidden_is_left(add, copied, kind):
    data = laden.TWELVE[kind]()
    assert found(data), "the canary must sing in the original, or this test hears nothing"
    item = add(data, f"陳小安.{kind}")
    row, copy = copied(item)
    assert found(copy) == []
    assert b"".join(file_chunks(item.stored)) == data, "the original stays as it came"
    assert (row.parent_id, row.derivation, row.number) == (item.pk, "stripped", None)
    fact = FactRow.objects.get(type="item.stripped")
    assert fact.value("from") == item.stored.sha256 and fact.value("sha256") == row.stored.sha256


@pytest.mark.parametrize("kind", ["jpg", "png", "heic", "webp", "tiff"])
def test_pictures_still_show_what_they_showed(add, copied, kind):
    _row, copy = copied(add(laden.TWELVE[kind](), f"a.{kind}"))
    shown = Image.open(io.BytesIO(copy))
    assert shown.size == (640, 480) and set(shown.getexif()) <= TIFFS_OWN
    assert set(shown.info) <= FORMATS_OWN
    assert getattr(shown, "n_frames", 1) == (2 if kind == "tiff" else 1)
    red, green, blue = shown.convert("RGB").getpixel((20, 20))
    assert red > 220 and green < 40 and blue < 40


def test_a_paper_becomes_pictures_of_its_pages(add, copied):
    _row, copy = copied(add(laden.pdf(), "a.pdf"))
    document = pypdfium2.PdfDocument(copy)
    assert len(document) == 2
    assert document[0].get_textpage().get_text_range().strip() == ""
    assert document.get_metadata_dict(skip_empty=True) == {}
    assert list(map(round, document[1].get_size())) == [300, 420]


def test_a_letter_keeps_its_words_and_can_be_opened(add, copied):
    _row, copy = copied(add(laden.docx(), "a.docx"))
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        words = archive.read("word/document.xml").decode()
        assert set(archive.namelist()) == {
            "[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/settings.xml", "word/media/image1.jpeg",
            "word/_rels/document.xml.rels",
        }  # fmt: skip
        rels = archive.read("word/_rels/document.xml.rels").decode()
        types = archive.read("[Content_Types].xml").decode()
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "看得見的話" in words and "加上的話" in words and "rsid" not in words
    assert "image1.jpeg" in rels and "comments" not in rels and "comments" not in types
    assert rels.count("<Relationship ") == 2


def test_a_hidden_sheet_is_for_a_person_to_decide(add):
    with pytest.raises(CannotCopy) as refused:
        stripped(add(laden.xlsx(hidden=True), "a.xlsx"))
    assert refused.value.data["why"] == "hidden"


@pytest.mark.parametrize("kind", ["mp4", "mov", "m4a"])
def test_a_film_keeps_its_frames_where_they_were(add, copied, kind):
    data = laden.TWELVE[kind]()
    _row, copy = copied(add(data, f"a.{kind}"))
    assert len(copy) == len(data)
    frame = made.encoded(made.drawn((320, 240)), "JPEG")
    place = data.index(frame)
    assert (copy[place : place + len(frame)] == frame) is (kind != "m4a")
    assert b"meta" not in copy and b"udta" not in copy and b"uuid" not in copy
    again = media.film(copy, [["ftyp", 0, 20, 0], ["moov", copy.index(b"moov") - 4, len(copy), copy.index(b"moov") - 4]], len(copy))
    assert again["made"] == "ok"


def test_sound_keeps_its_samples(add, copied):
    _row, copy = copied(add(laden.wav(), "a.wav"))
    assert copy == made.sound()
    _row, copy = copied(add(laden.mp3(), "a.mp3"))
    assert copy == (b"\xff\xfb\x90\xc4" + bytes(413)) * 20


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        ("便條".encode(), "a.txt", "kind"),
        (laden.box(b"ftyp", b"isom", bytes(4)) + laden.box(b"moof", bytes(8)) + bytes(8), "a.mp4", "fragmented"),
        (laden.box(b"ftyp", b"isom", bytes(4)) + b"\xff\xff\xff\xffmoov", "a.mp4", "broken"),
        (b"%PDF-1.4\nnothing", "a.pdf", "broken"),
        (made.encoded(made.drawn(), "PNG")[:900], "a.png", "raised"),
    ],
)
def test_what_cannot_be_done_is_said(add, data, name, why):
    with pytest.raises(CannotCopy) as refused:
        stripped(add(data, name))
    assert refused.value.data["why"] == why and refused.value.message()


def test_black_is_burned_in(add, copied):
    row, copy = copied(add(laden.jpeg(), "a.jpg"), "redacted", areas={1: [[0, 0, 500, 500]]})
    shown = Image.open(io.BytesIO(copy)).convert("RGB")
    assert max(shown.crop((0, 0, 318, 238)).getextrema()) <= (10, 40) and found(copy) == []
    assert shown.getpixel((600, 20))[1] > 80, "the rest is as it was"
    assert row.derivation == "redacted"


def test_pages_are_left_out_and_blackened(add, copied):
    _row, copy = copied(add(laden.pdf(), "a.pdf"), "redacted", areas={2: [[0, 0, 1000, 500]]}, pages=[2])
    document = pypdfium2.PdfDocument(copy)
    assert len(document) == 1 and found(copy) == []
    page = document[0].render(scale=1).to_pil().convert("RGB")
    assert max(page.getpixel((20, 20))) < 20 and max(page.getpixel((20, 400))) > 100


def test_a_copy_of_a_copy_is_not_made(add, copied, cast):
    row, _copy = copied(add(made.A_FILE["png"], "a.png"))
    from suyuan.evidence.errors import ItemGone

    with pytest.raises(ItemGone):
        item_derive(item=row, derivation="stripped", received=stripped(row), actor=cast.manager.actor, now=NOON)
