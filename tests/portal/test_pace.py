"""Cookies are free to invent, so what is left here unsent is slowed by network; words always get through."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from suyuan.cases.models import Case
from suyuan.evidence.models import Item
from suyuan.platform import files
from suyuan.platform.models import Upload
from suyuan.portal import rules
from suyuan.portal.models import Bucket, Draft
from suyuan.portal.rules import Pace
from tests.portal.conftest import STORY, given, keys_of, opened, sent
from tests.portal.test_uploads import PNG, PNG_SIZE, TUS, WRITE, create, offset_of, patch, token

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def three(monkeypatch):
    """The same rules with small numbers: three drafts, three files, and as many pieces of a file."""
    monkeypatch.setattr(rules, "DRAFT_PACE", Pace(HOUR, free=3, first=2, cap=60))
    monkeypatch.setattr(rules, "ANNOUNCE_PACE", Pace(HOUR, free=3, first=5, cap=15))
    monkeypatch.setattr(rules, "BYTES_PACE", Pace(HOUR, free=3, first=10, cap=10))


@pytest.fixture
def writing(phone):
    phone.get(WRITE)
    return phone


def invented() -> Client:
    """One more browser of the same network, with a form and a cookie of its own."""
    browser = Client(enforce_csrf_checks=True)
    browser.get(WRITE)
    return browser


def saved(browser):
    return browser.post(WRITE, given(browser.get(WRITE), send=None, save="1"))


@pytest.mark.sqlite
def test_somebody_who_invents_cookies_is_slowed_and_words_get_through(three, clinic):
    for _ in range(3):
        assert create(invented()).status_code == 201
        saved(invented())
    late = create(invented())
    assert late.status_code == 429 and int(late["Retry-After"]) <= 15
    assert "放慢一點" in late.content.decode() and "先送出文字" in late.content.decode()
    assert Upload.objects.count() == 3 and Draft.objects.count() == 3

    page = sent(invented())
    assert page.status_code == 200, "the flood of files and drafts is no reason to wait for words"
    assert Case.objects.count() == 1
    assert not any("127.0.0.1" in name for name in Bucket.objects.values_list("name", flat=True))


def test_a_file_goes_on_where_it_was_told_to_wait(three, writing, clinic, at):
    where = create(writing)["Location"]
    step = PNG_SIZE // 5
    for place in range(3):
        assert patch(writing, where, place * step, PNG[place * step : (place + 1) * step]).status_code == 204
    slow = patch(writing, where, 3 * step, PNG[3 * step :])
    assert slow.status_code == 429 and int(slow["Retry-After"]) <= 11
    assert offset_of(writing, where) == 3 * step, "what was taken stays"

    at(seconds=int(slow["Retry-After"]))
    assert patch(writing, where, 3 * step, PNG[3 * step :]).status_code == 204
    assert writing.post(WRITE, given(writing.get(WRITE), upload=token(where))).status_code == 200
    assert b"".join(files.file_chunks(Item.objects.get().stored)) == PNG


def test_what_is_heavy_makes_the_next_wait_longer(monkeypatch, writing, clinic):
    monkeypatch.setattr(rules, "BYTES_PACE", Pace(HOUR, free=50, first=0.6, cap=0.6))
    monkeypatch.setattr(rules, "BYTES_UNIT", 1_000)
    where = create(writing)["Location"]
    assert patch(writing, where, 0, PNG[:49_000]).status_code == 204
    assert patch(writing, where, 49_000, PNG[49_000:79_000]).status_code == 204
    slow = patch(writing, where, 79_000, PNG[79_000:])
    assert slow.status_code == 429 and 17 <= int(slow["Retry-After"]) <= 19, "thirty units at 0.6 seconds each"


def test_a_piece_that_was_cut_off_counts_for_what_came_of_it(three, writing, clinic, monkeypatch):
    from suyuan.platform.files import tus

    def cut(request):
        yield PNG[:500]
        raise tus.UnreadablePostError("gone")

    where = create(writing)["Location"]
    monkeypatch.setattr(tus, "_pieces", cut)
    assert patch(writing, where, 0, PNG).status_code == 400
    assert offset_of(writing, where) == 500
    assert sorted(Bucket.objects.values_list("count", flat=True)) == [1, 1], "one announced, one piece"


@pytest.mark.sqlite
def test_a_form_without_scripts_says_which_file_waits_and_goes_without_it(three, clinic, phone):
    page = phone.get(WRITE)
    photos = [SimpleUploadedFile(f"{n}.png", PNG + bytes([n])) for n in range(4)]
    answer = phone.post(WRITE, given(page, files=photos))
    html = answer.content.decode()
    assert answer.status_code == 422 and "3.png" in html and "放慢一點" in html and STORY in html
    assert phone.post(WRITE, given(answer)).status_code == 200
    assert Item.objects.count() == 3


@pytest.mark.sqlite
def test_a_form_begun_before_the_flood_is_kept_on(three, clinic, at):
    early = invented()
    saved(early)
    for _ in range(2):
        saved(invented())
    late = invented()
    page = saved(late)
    html = page.content.decode()
    assert "現在沒辦法替您暫存" in html and STORY in html and "存好了" not in html
    line = late.post("/p/streamside/write/save/", given(page)).content.decode()
    assert "還沒有暫存" in line
    turned = late.post(WRITE, given(page, send=None, language="en"))
    assert turned.status_code == 429 and STORY in turned.content.decode(), "no way round that would lose the words"
    assert "存好了" in saved(early).content.decode()
    assert Draft.objects.count() == 3

    at(seconds=3)
    assert "存好了" in saved(late).content.decode()


def test_danger_is_kept_with_its_form_whatever_the_flood(three, clinic):
    from tests.portal.conftest import form_fields

    for _ in range(4):
        saved(invented())
    hurt = invented()
    page = hurt.get("/p/streamside/danger/")
    fields = form_fields(page, "/danger/")
    hurt.post("/p/streamside/danger/", {**fields, "yes": "1"})
    assert Case.objects.count() == 1 and Draft.objects.filter(case__isnull=False).count() == 1


def test_whoever_holds_a_receipt_does_not_wait_for_those_who_hold_none(three, clinic, phone):
    keys = keys_of(sent(phone))
    for _ in range(4):
        create(invented())
    opened(phone, *keys)
    announced = {**TUS, "Upload-Length": str(PNG_SIZE), "Upload-Metadata": "filename YS5wbmc="}
    answers = [
        phone.post("/p/streamside/follow/files/", b"", content_type="application/octet-stream", headers=announced).status_code
        for _ in range(4)
    ]
    assert answers == [201, 201, 201, 429], "their own pace holds for them"
