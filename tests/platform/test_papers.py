"""Papers: set from data alone, the same everywhere, with our own fonts, for thirty years."""
from __future__ import annotations

import hashlib
import io
import time
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader

from suyuan.platform.confined import typeset
from suyuan.platform.papers import PaperFailed, paper_render, picture_kind

pytestmark = pytest.mark.requirement("A-11")

SIGNED = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
FONTS = Path(typeset.FONTS)
DIGEST = "a41c 77e0 5d92 08bf " * 3 + "a41c 77e0 5d92 08bf"
FISHBONE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30"><text x="5" y="20" font-family="Noto Serif CJK TC">沒有值班表</text></svg>'
# Surnames and given names that a font for the common characters alone would show as boxes.
RARE = "㛢𠮷喆堃媖煊鈊禤爨逄仝亓眭厶冼肜麴乜㑹䶮粦澔"


def document(**changes) -> dict:
    return {
        "language": "zh-hant",
        "title": "調查報告",
        "subtitle": "",
        "clinic": "溪岸診所",
        "address": "臺南市示範路 1 號",
        "kind": "調查報告",
        "number": "TN26-4831-7205",
        "version": "第 1 版",
        "seal": "溪岸診所",
        "labels": {"item": "證物", "basis": "依據：", "qr": "驗證碼"},
        "foot": {"title": "驗證這份文件", "words": "不需要相信本院。", "lines": ["鏈 #204  41d0 c97b"], "qr": None},
        "sections": [{"title": "案件", "blocks": [{"block": "words", "text": "左眼還是腫，打電話都沒有人回。"}]}],
    } | changes


def section(*blocks: dict) -> list[dict]:
    return [{"title": "內容", "blocks": list(blocks)}]


def items(count: int) -> dict:
    rows = [{"number": n, "title": f"第 {n} 件 通話紀錄", "note": "病人提供", "digest": DIGEST} for n in range(1, count + 1)]
    return {"block": "items", "head": ["證物", "名稱", "SHA-256"], "rows": rows}


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def words(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in read(pdf).pages).replace("\n", "").replace(" ", "")


@pytest.fixture(scope="module")
def plain() -> bytes:
    return paper_render(document(), at=SIGNED)


def test_it_opens_and_its_chinese_can_be_read_and_searched(plain):
    told = words(plain)
    assert "左眼還是腫，打電話都沒有人回。" in told and "一、案件" in told and "溪岸診所" in told and "1/1" in told
    assert len(read(plain).pages) == 1


def test_the_same_document_gives_the_same_bytes_and_another_other_ones(plain):
    assert paper_render(document(), at=SIGNED) == plain
    other = document(sections=section({"block": "words", "text": "左眼還是腫，打電話都沒有人接。"}))
    assert hashlib.sha256(paper_render(other, at=SIGNED)).digest() != hashlib.sha256(plain).digest()


def test_it_says_that_it_is_pdf_a_and_for_readers_aloud(plain):
    reader = read(plain)
    meta = reader.xmp_metadata.stream.get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in meta and "<pdfaid:conformance>A</pdfaid:conformance>" in meta
    assert "<pdfuaid:part>1</pdfuaid:part>" in meta
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root and root["/Lang"].lower().startswith("zh")
    assert "2026-03-11T02:00:00" in meta and "/Encrypt" not in reader.trailer


def test_only_our_own_fonts_and_of_those_only_what_is_used(plain):
    fonts = {}
    for page in read(plain).pages:
        for font in page["/Resources"]["/Font"].get_object().values():
            base = font.get_object()
            inner = base["/DescendantFonts"][0].get_object() if "/DescendantFonts" in base else base
            fonts[str(base["/BaseFont"])] = inner["/FontDescriptor"].get_object()
    for name, described in fonts.items():
        prefix, plus, family = name.lstrip("/").partition("+")
        assert plus and len(prefix) == 6, f"{name} is embedded whole"
        assert family.startswith(("NotoSerifCJKtc", "DejaVuSansMono")), name
        assert {"/FontFile3", "/FontFile2"} & set(described), f"{name} is not embedded"
    assert len(plain) < 200_000


def test_a_name_is_never_a_program():
    evil = '#panic("x") $x$ *b* _i_ `c` @a <item-1> \\ // /* #include "main" } ]'
    sections = section({"block": "facts", "rows": [[evil, evil]]}, {"block": "quote", "text": evil, "by": evil, "ours": False})
    told = words(paper_render(document(title=evil, clinic=evil, sections=sections), at=SIGNED))
    assert told.count(evil.replace(" ", "")) >= 4


def test_rare_names_are_shown_and_what_no_font_has_is_named():
    told = words(paper_render(document(sections=section({"block": "words", "text": RARE + "🙂\u202e\x07"})), at=SIGNED))
    for character in RARE:
        assert character in told
    assert "〔U+1F642〕〔U+202E〕〔U+0007〕" in told


def test_the_fonts_have_every_rare_name():
    glyphs = typeset.Glyphs(FONTS.glob("*.otf"))
    assert [c for c in RARE if not glyphs.has(c)] == []
    assert not glyphs.has("🙂") and glyphs.has("骨") and glyphs.has("门")
    assert sum(font.stat().st_size for font in FONTS.glob("*.otf")) < 25_000_000
    assert {"OFL.txt", "FONTS.md"} <= {file.name for file in FONTS.iterdir()}


def test_a_long_list_breaks_over_pages_and_says_its_heads_again():
    begun = time.perf_counter()
    pdf = paper_render(document(sections=section(items(120))), at=SIGNED)
    spent = time.perf_counter() - begun
    pages = read(pdf).pages
    assert len(pages) > 5
    for n, page in enumerate(pages, 1):
        told = page.extract_text()
        assert "SHA-256" in told and f"{n} / {len(pages)}" in told and "驗證這份文件" in told
    assert "第120件" in words(pdf)
    assert spent < 10


def test_a_citation_leads_to_its_item_in_the_list():
    cited = {"number": 1, "about": "", "text": "沒有回電。", "basis": "", "cites": [{"number": 2, "title": "通話紀錄"}]}
    pdf = paper_render(document(sections=section({"block": "findings", "items": [cited]}, items(3))), at=SIGNED)
    links = [a.get_object() for page in read(pdf).pages for a in page.get("/Annots", [])]
    assert len(links) == 1 and "/Dest" in links[0] | dict.fromkeys(links[0].get("/A", {})) or "/A" in links[0]


def picture(kind: str) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (60, 40), "#1a625c").save(held, kind)
    return held.getvalue()


def test_pictures_become_figures():
    shown = [
        {"block": "picture", "place": n, "caption": f"圖 {n + 1}", "alt": "術後第三週"} for n in range(3)
    ]
    pdf = paper_render(
        document(sections=section(*shown)), at=SIGNED, pictures=[picture("PNG"), picture("JPEG"), FISHBONE.encode()]
    )
    told = words(pdf)
    assert "圖1" in told and "圖3" in told and "沒有值班表" in told
    drawn = pypdfium2.PdfDocument(pdf)[0].render(scale=1).to_pil()
    assert (26, 98, 92) in {drawn.getpixel((x, y)) for x in range(100, 500, 20) for y in range(100, 700, 20)}


def test_what_is_no_picture_is_refused():
    assert picture_kind(b"GIF89a") is None and picture_kind(picture("PNG")) == "png" and picture_kind(FISHBONE.encode()) == "svg"
    for bad in (b"GIF89a...", b"\x89PNG\r\n\x1a\nnothing"):
        shown = {"block": "picture", "place": 0, "caption": "", "alt": "x"}
        with pytest.raises(PaperFailed):
            paper_render(document(sections=section(shown)), at=SIGNED, pictures=[bad])


def test_a_paper_that_takes_too_long_is_given_up():
    with pytest.raises(PaperFailed) as failed:
        paper_render(document(sections=section(items(3000))), at=SIGNED, seconds=0.3)
    assert failed.value.why == "time"


@pytest.mark.parametrize(("language", "first"), [("zh-hans", "一、内容"), ("en", "1. Contents")])
def test_it_speaks_three_languages(language, first):
    sections = deepcopy(section({"block": "words", "text": "骨 门 直 角 Botox"}))
    sections[0]["title"] = first.partition("、")[2] or "Contents"
    told = words(paper_render(document(language=language, sections=sections), at=SIGNED))
    assert first.replace(" ", "") in told
