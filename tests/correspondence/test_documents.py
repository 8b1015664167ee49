"""The words of a document, where they stand, and what is not read: real files, read in a process of their own."""

from __future__ import annotations

import pytest

from suyuan.correspondence.documents import APART, Where, document_findings, text_of
from suyuan.correspondence.errors import DocumentUnread
from suyuan.kernel.textlint import Context, Linter, Rule, RuleSet, Words, read
from tests.correspondence.made_documents import (
    STYLES,
    W,
    bomb,
    claiming,
    docx,
    locked,
    p,
    part,
    pdf,
    r,
    scanned,
    with_scanned_page,
    zipped,
)

pytestmark = pytest.mark.requirement("B-14")

PROMISE = "本院以多年經驗與嚴格的流程為每一位顧客規劃療程，做完之後保證恢復年輕時的樣子，歡迎您預約。"
AD = Context("advertisement")


def rule(name: str, *frames: str, **more) -> Rule:
    return Rule(name, name.lower(), {"advertisement": "block"}, tuple(f for line in frames for f in read(line)), **more)


LINTER = Linter(
    RuleSet(
        rules=(
            rule("PROMISE", "保證 ..6 <good>"),
            rule("NOTICE", "個別效果不同", missing=True),
            rule("BOTH", "原價 && 限時"),
            rule("ONLY", "唯一", unless_anywhere=read("依統計")),
        ),
        words={"good": Words(("恢復", "有效", "痊癒"))},
    )
)


def found_in(data: bytes, name: str) -> list[tuple[str, str, Where]]:
    """(rule, the words it is about, where)"""
    found = document_findings(text_of(data, name), LINTER, AD)
    return [(f.rule, s.stretch.text[f.start : f.end], s.stretch.where) for s in found.spots for f in s.findings]


def refused(data: bytes, name: str) -> str:
    with pytest.raises(DocumentUnread) as caught:
        text_of(data, name)
    assert len(caught.value.message()) > 8
    return caught.value.data["why"]


# --- paper ---------------------------------------------------------------------------------------------------------


def test_a_promise_cut_by_the_edge_of_the_paper_is_found_with_its_page_and_paragraph():
    data = pdf([["歡迎光臨。"], ["第一段。", "這裡還沒有。"], ["院長的話。", PROMISE]], header="溯源診所")
    document = text_of(data, "flyer.pdf")
    assert document.kind == "pdf" and document.warnings == ()
    assert PROMISE in [each.text for each in document.stretches]
    # Short lines stay apart: nothing cut them.
    assert {"第一段。", "這裡還沒有。", "院長的話。"} <= {each.text for each in document.stretches}
    [(name, words, where)] = [each for each in found_in(data, "flyer.pdf")]
    assert (name, words) == ("PROMISE", "保證恢復")
    # The header is the first paragraph of each page.
    assert (where.page, where.number) == (3, 3)
    [header] = [each for each in document.stretches if each.text == "溯源診所"]
    assert [at.page for at in (header.where, *header.again)] == [1, 2, 3]


def test_a_scan_says_that_it_was_not_read():
    assert refused(scanned(), "scan.pdf") == "no_text"
    mixed = text_of(with_scanned_page(pdf([[PROMISE]])), "mixed.pdf")
    assert mixed.warnings == (("pages_without_text", 2),)


def test_a_paper_with_a_password_a_broken_one_and_one_that_is_none():
    paper = pdf([["字"]])
    assert refused(locked(paper), "a.pdf") == "locked"
    assert refused(paper[: len(paper) // 3], "a.pdf") == "broken"
    assert refused(b"%PDF-1.7\n" + bytes(range(256)) * 40, "a.pdf") == "broken"
    assert refused(paper, "a.docx") == "mislabelled"
    assert refused("只是文字".encode(), "a.pdf") == "mislabelled"
    assert text_of(paper, "").kind == "pdf"


# --- Word ----------------------------------------------------------------------------------------------------------

BOX = (
    "<w:r><mc:AlternateContent><mc:Choice><w:drawing><wp:docPr descr='術前術後保證有效'/><wps:txbx><w:txbxContent>"
    + p("保證", r("有效", "<w:b/>"))
    + "</w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:txbxContent>"
    + p("保證有效")
    + "</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>"
)
LADEN = docx(
    p("療程介紹", style="a1")
    + p("內文保", "證恢復")
    + p("前", BOX, "後")
    + f"<w:tbl><w:tr><w:tc>{p('表格保證有效')}</w:tc></w:tr></w:tbl>"
    + p("留下", f"<w:del>{r('刪去保證有效', tag='delText')}</w:del>", f"<w:ins>{r('加上的')}</w:ins>")
    + p("看得到", r("藏起來保證有效", "<w:vanish/>"), r("又看得到", "<w:vanish w:val='0'/>")),
    header1=part("hdr", p("頁首保證有效")),
    footer2=part("ftr", p("頁尾保證有效")),
    footnotes=part("footnotes", f"<w:footnote>{p('註腳保證有效')}</w:footnote>"),
    comments=part("comments", f"<w:comment>{p('註解保證有效')}</w:comment>"),
)


def test_every_part_of_a_word_document_is_read_and_what_is_not_on_the_paper_is_told_apart():
    document = text_of(LADEN, "ad.docx")
    texts = {each.text: each.where.part for each in document.stretches}
    assert texts["內文保證恢復"] == "body" and texts["留下加上的"] == "body" and texts["看得到又看得到"] == "body"
    assert texts["前後"] == "body" and texts["保證有效"] == "textbox"
    found = {where.part for _rule, _words, where in found_in(LADEN, "ad.docx")}
    assert found == {"body", "textbox", "table", "header", "footer", "footnote", "alt", "comment", "deleted", "hidden"}
    assert (
        dict(document.warnings) == {"comment": 1, "deleted": 1, "hidden": 1} and set(dict(document.warnings)) == APART
    )
    [body] = [where for _r, words, where in found_in(LADEN, "ad.docx") if words == "保證恢復"]
    assert (body.heading, body.number) == ("療程介紹", 1)
    # A text box is written twice into the file, for old and for new readers; it is one.
    assert sum(each.where.part == "textbox" for each in document.stretches) == 1


def test_a_word_document_that_means_harm_is_refused_and_costs_little():
    entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]><w:document {W}><w:body>{p("&x;")}</w:body></w:document>'
    laughs = (
        '<!DOCTYPE d [<!ENTITY a "哈">'
        + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
        + "]>"
    )
    laughs += f"<w:document {W}><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>"
    assert refused(zipped({"word/document.xml": entity}), "xxe.docx") == "broken"
    assert refused(zipped({"word/document.xml": laughs}), "laughs.docx") == "broken"
    assert refused(claiming(docx(p("字")), "word/document.xml", 200_000_000), "claims.docx") == "big"
    assert refused(bomb(90_000_000), "bomb.docx") in ("big", "broken", "long")
    assert refused(docx("<w:p>" * 200_000), "deep.docx") == "broken"
    assert refused(docx("".join(p("字" + str(n)) for n in range(31_000))), "long.docx") == "long"
    assert refused(zipped({"xl/workbook.xml": "<workbook/>"}), "sheet.docx") == "kind"
    assert refused(docx(p("字"))[:300], "half.docx") == "broken"
    assert refused(zipped({"word/document.xml": STYLES}), "no words.docx") == "empty"
    assert (
        refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "a.docx")
        == "locked"
    )
    assert refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.doc") == "old_word"


# --- pages of the web ----------------------------------------------------------------------------------------------

PAGE = """<!doctype html><html><head><meta charset="{charset}"><title>標題保證有效</title>
<meta name="description" content="描述保證有效"><style>p {{ content: "保證有效" }}</style>
<script>var a = "保證有效";</script></head><body>
<h2>術後照護</h2><p>先<b>保</b>證
有效 的字</p><p hidden>藏著保證有效<p>這段看得到。
<img src="a.jpg" alt="圖說保證有效"><!-- 保證有效 -->
<a href="#" title="浮出保證有效">連結</a></body></html>"""


@pytest.mark.parametrize("charset", ["utf-8", "big5", "gb18030"])
def test_a_page_is_read_as_visitors_and_machines_meet_it(charset):
    data = PAGE.format(charset=charset).encode(charset)
    found = {(where.part, where.number) for _rule, _words, where in found_in(data, "page.html")}
    assert found == {("title", 1), ("description", 2), ("body", 4), ("hidden", 5), ("alt", 6), ("alt", 7)}
    texts = [each.text for each in text_of(data, "page.html").stretches]
    assert "先保證有效 的字" in texts and "這段看得到。連結" in texts
    assert {each.where.heading for each in text_of(data, "page.html").stretches if each.text.startswith("這段")} == {
        "術後照護"
    }


# --- plain text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charset", "words", "guessed"),
    [
        ("utf-8", "您好，謝謝您告訴我們。", ""),
        ("utf-8-sig", "您好，謝謝您告訴我們。", ""),
        ("utf-16", "您好，謝謝您告訴我們。", ""),
        ("utf-16-le", "您好，謝謝您告訴我們，這個療程不能保證有效。", "utf-16-le"),
        ("big5", "您好，謝謝您告訴我們，這個療程不能保證有效。", "big5"),
        ("gb18030", "您好，谢谢您告诉我们，这个疗程不能保证有效。", "gb18030"),
        ("ascii", "Thank you for telling us.", ""),
    ],
)
def test_plain_text_is_read_in_the_charset_it_was_typed_in(charset, words, guessed):
    document = text_of(f"{words}\r\n\r\nA".encode(charset), "a.txt")
    assert [(each.text, each.where.number) for each in document.stretches] == [(words, 1), ("A", 3)]
    assert document.warnings == ((("charset", guessed),) if guessed else ())


def test_what_nobody_can_read_is_not_called_clean():
    assert refused(bytes(range(1, 256)) * 20, "a.txt") == "charset"
    assert refused(b"\x89PNG\r\n\x1a\n" + bytes(50), "a.txt") == "mislabelled"
    assert refused(b"\x89PNG\r\n\x1a\n" + bytes(50), "a.png") == "kind"
    assert refused(b" \n\n", "a.txt") == "empty"
    assert refused("字\n".encode() * 40_000 + "很長的一行。".encode() * 120_000, "a.txt") == "long"


# --- one text, many places -----------------------------------------------------------------------------------------


def test_a_document_is_read_as_one_text():
    apart = "唯一的診所\n原價一萬\n" + "介紹\n" * 30 + "限時三天\n依統計"
    names = {name for name, _words, _where in found_in(apart.encode(), "a.txt")}
    assert names == {"BOTH"}
    assert [f.rule for f in document_findings(text_of(apart.encode(), "a.txt"), LINTER, AD).missing] == ["NOTICE"]
    told = document_findings(text_of((apart + "\n個別效果不同").encode(), "a.txt"), LINTER, AD)
    assert told.missing == () and told.level == "block"


def test_the_fiftieth_promise_is_found_as_well_as_the_first():
    lines = [f"第 {n} 項療程保證有效。" for n in range(1, 51)]
    found = found_in("\n".join(lines).encode(), "a.txt")
    assert [(words, where.number) for _rule, words, where in found] == [("保證有效", n) for n in range(1, 51)]


def test_offsets_are_those_of_the_stretch_and_every_one_lies_in_it():
    data = ("開頭\n　　保　證　有　效！！\n" + PROMISE).encode()
    assert [(words, where.number) for _r, words, where in found_in(data, "a.txt")] == [
        ("保　證　有　效", 2),
        ("保證恢復", 3),
    ]
