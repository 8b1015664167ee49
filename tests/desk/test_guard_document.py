"""A document before it is published, at the desk: what is seen, what is kept (nothing), and what the log says."""
from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from suyuan.platform import access
from suyuan.platform.models import AccessRow, FactRow, StoredFile
from tests.correspondence.made_documents import docx, p, pdf, scanned

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-14")]

WHERE = "/guard/document/"
AD = ["本院採用最新設備，療程保證有效，永不復發。", "病人王小姐的電話是 0912-345-678，她做完雙眼皮以後很開心。", "預約專線 06-2345678。"]


def send(client, name: str, data: bytes, **more):
    return client.post(WHERE, {"surface": "advertisement", "document": SimpleUploadedFile(name, data), **more})


def words(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode()))


def test_every_member_sees_by_page_what_must_not_be_said(browser, make_case):
    data = pdf([["歡迎光臨。"], AD], header="溯源診所")
    answer = send(browser("nurse"), "春季廣告.pdf", data)
    assert answer.status_code == 200
    told = words(answer)
    assert "這份文件現在不能用" in told and "第 2 頁" in told and "第 1 頁" not in told
    assert "保證有效" in told and "春季廣告.pdf" in told
    assert "0912-345-678" not in told and "○○○○-○○○-○○○" in told


def test_nothing_is_kept_and_the_log_says_that_it_was_checked_and_not_what_it_says(browser, cast):
    before = FactRow.objects.count(), StoredFile.objects.count()
    assert send(browser("nurse"), "秘密.docx", docx(p(AD[0]))).status_code == 200
    access.flush()
    [row] = AccessRow.objects.filter(what="guard.document")
    assert row.actor.startswith("user:") and row.shown == ["docx", "advertisement"] and row.asked is None
    assert (FactRow.objects.count(), StoredFile.objects.count()) == before


def test_what_is_not_on_the_paper_is_told_apart(browser):
    comments = f'<w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:comment>{p(AD[0])}</w:comment></w:comments>'
    told = words(send(browser("nurse"), "a.docx", docx(p("歡迎光臨。"), comments=comments)))
    assert "看不到、但在檔案裡的字" in told and "檔案裡還有註解，公開之前請拿掉。" in told


@pytest.mark.parametrize(("name", "data", "says"), [
    ("scan.pdf", scanned(), "可能是掃描檔"),
    ("a.pdf", "字".encode(), "內容和副檔名不符"),
    ("a.docx", b"PK\x03\x04", "這份文件壞了"),
    ("a.txt", b"", "這份文件裡沒有文字"),
])  # fmt: skip
def test_what_could_not_be_read_is_never_called_clean(browser, name, data, says):
    answer = send(browser("nurse"), name, data)
    assert answer.status_code == 422 and says in words(answer) and "沒有要改的字" not in words(answer)


def test_a_form_without_a_file_or_with_a_place_nobody_knows_says_so(browser):
    client = browser("nurse")
    assert client.post(WHERE, {"surface": "advertisement"}).status_code == 422
    assert send(client, "a.txt", "字".encode(), surface="moon").status_code == 422
    assert client.get(WHERE).status_code == 200
    assert reverse("desk:guard_document") == WHERE
