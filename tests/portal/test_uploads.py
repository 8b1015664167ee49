"""Files: in one piece with the form, or in pieces over tus, at whatever place the line broke."""
from __future__ import annotations

import random
from base64 import b64encode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from suyuan.cases.models import Case
from suyuan.evidence.models import Item
from suyuan.platform import files
from suyuan.platform.models import StoredFile, Upload
from suyuan.portal import rules
from tests.portal.conftest import STORY, given, hidden, sent

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
WRITE, FILES = "/p/streamside/write/", "/p/streamside/files/"
TUS = {"Tus-Resumable": "1.0.0"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes.fromhex("0000000d49484452000000010000000108060000001f15c489") + b"\x00" * 100_000
PNG_SIZE = len(PNG)


def create(phone, size=PNG_SIZE, name="左眼.png", **headers):
    metadata = "filename " + b64encode(name.encode()).decode() + ",filetype aW1hZ2UvcG5n"
    return phone.post(
        FILES, data=b"", content_type="application/octet-stream",
        headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata, **headers},
    )  # fmt: skip


def patch(phone, where, offset, data):
    return phone.patch(
        where, data=data, content_type="application/offset+octet-stream", headers={**TUS, "Upload-Offset": str(offset)}
    )


def offset_of(phone, where) -> int:
    return int(phone.head(where, headers=TUS)["Upload-Offset"])


@pytest.fixture
def writing(phone):
    """A browser that has the form open."""
    phone.get(WRITE)
    return phone


def whole(phone, data=PNG, name="左眼.png") -> str:
    where = create(phone, len(data), name)["Location"]
    assert patch(phone, where, 0, data).status_code == 204
    return where


def token(where: str) -> str:
    return where.rstrip("/").rpartition("/")[2]


@pytest.mark.postgres
def test_a_file_that_comes_in_odd_pieces_is_the_file_that_was_sent(writing, clinic):
    where = create(writing)["Location"]
    dice, at = random.Random(7), 0
    while at < len(PNG):
        step = dice.choice([1, 7, 4095, 4096, 4097, 65_536, 30_001])
        answer = patch(writing, where, at, PNG[at : at + step])
        assert answer.status_code == 204
        at = int(answer["Upload-Offset"])
        assert offset_of(writing, where) == at

    page = writing.post(WRITE, given(writing.get(WRITE), upload=token(where)))
    assert page.status_code == 200 and "1 個，原檔封存" in page.content.decode()
    stored = Item.objects.get().stored
    assert b"".join(files.file_chunks(stored)) == PNG
    assert files.file_name(stored) == "左眼.png"


def test_the_wrong_place_is_answered_with_the_right_one(writing, clinic):
    where = create(writing)["Location"]
    patch(writing, where, 0, PNG[:1000])
    wrong = patch(writing, where, 500, PNG[500:])
    assert (wrong.status_code, wrong["Upload-Offset"]) == (409, "1000")
    assert patch(writing, where, 1000, PNG[1000:]).status_code == 204


def test_tus_says_what_it_can_and_asks_for_its_version(writing, clinic):
    options = writing.options(FILES)
    assert options["Tus-Extension"] == "creation,termination,expiration"
    assert options["Tus-Max-Size"] == str(rules.FILE_LIMIT)
    assert create(writing, **{"Tus-Resumable": "0.2.2"}).status_code == 412
    made = create(writing)
    assert made.status_code == 201 and "Upload-Expires" in made
    assert writing.get(made["Location"]).status_code == 405
    assert writing.patch(made["Location"], b"x", content_type="text/plain", headers=TUS).status_code == 415


def test_a_file_can_be_taken_back(writing, clinic):
    where = whole(writing)
    assert writing.delete(where, headers=TUS).status_code == 204
    assert writing.head(where, headers=TUS).status_code == 404
    assert not Upload.objects.exists() and not StoredFile.objects.exists()


@pytest.mark.postgres
def test_an_upload_belongs_to_the_browser_that_began_it(writing, clinic):
    where = whole(writing)
    stranger = Client(enforce_csrf_checks=True)
    page = stranger.get(WRITE)
    assert stranger.head(where, headers=TUS).status_code == 404
    assert stranger.delete(where, headers=TUS).status_code == 404
    answer = stranger.post(WRITE, given(page, upload=token(where)))
    assert answer.status_code == 422 and "沒有保留" in answer.content.decode()
    assert not Item.objects.exists()


def test_another_sites_page_starts_nothing(writing, clinic):
    assert create(writing, Origin="https://evil.example").status_code == 403
    assert create(writing, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.postgres
def test_limits_hold_for_one_file_and_for_all(writing, clinic, monkeypatch):
    monkeypatch.setattr(files.LocalFolder, "room", lambda self: 50_000_000_000)
    assert create(writing, size=rules.FILE_LIMIT + 1).status_code == 413
    for _ in range(2):
        assert create(writing, size=rules.FILE_LIMIT).status_code == 201
    assert create(writing, size=1).status_code == 413
    assert create(writing, size=0).status_code == 422
    for broken in ("-1", "x", "", "1" * 30):
        assert create(writing, **{"Upload-Length": broken}).status_code == 400


@pytest.mark.postgres
def test_a_large_file_is_begun_only_where_it_leaves_room_for_the_rest(writing, clinic, monkeypatch):
    room = 4_000_000_000
    monkeypatch.setattr(files.LocalFolder, "room", lambda self: room)
    for _ in range(2):
        assert create(writing, size=1_000_000_000).status_code == 201, "announcing costs nothing, so it keeps no room"
    room = 2_900_000_000
    full = create(writing, size=1_000_000_000)
    assert full.status_code == 507 and "儲存空間已滿" in full.content.decode()
    room = 300_000_000
    begun = create(writing, size=PNG_SIZE)
    assert begun.status_code == 201, "that room is for words and small files"
    room = 200_000_000
    assert patch(writing, begun["Location"], 0, PNG[:100]).status_code == 507, "each piece asks again"
    assert offset_of(writing, begun["Location"]) == 0
    assert create(writing, size=PNG_SIZE).status_code == 507, "many small ones from strangers end before the database does"


def test_a_form_carries_no_more_than_a_form_can(phone, clinic, monkeypatch):
    """Sent in one piece without scripts: refused with words, and never written to the disk beyond the limit."""
    from suyuan.platform.files import forms

    monkeypatch.setattr(forms, "LARGEST_IN_A_FORM", 50_000)
    monkeypatch.setattr(rules, "FORM_FILE_LIMIT", 50_000)
    page = sent(phone, files=[SimpleUploadedFile("一.png", PNG), SimpleUploadedFile("二.png", PNG[:40_000])])
    html = page.content.decode()
    assert page.status_code == 422 and "沒有執行 JavaScript" in html and STORY in html and "二.png" in html
    assert [files.upload_name(u) for u in Upload.objects.all()] == ["二.png"]


def test_a_program_dressed_as_a_photo_is_refused_and_gone(writing, clinic):
    data = b"MZ" + b"\x00" * 5_000
    where = create(writing, len(data), "photo.jpg")["Location"]
    answer = patch(writing, where, 0, data)
    assert answer.status_code == 415 and answer.content.decode()
    assert not StoredFile.objects.exists()


@pytest.mark.postgres
def test_an_upload_expires_with_its_draft(writing, clinic, at):
    from suyuan.platform.files.jobs import uploads_expire

    where = whole(writing)
    page = writing.get(WRITE)
    now = at(hours=25)
    uploads_expire(now)
    answer = writing.post(WRITE, given(page, upload=token(where)))
    assert answer.status_code == 422 and "沒有保留" in answer.content.decode() and STORY in answer.content.decode()
    assert writing.post(WRITE, given(answer, upload=None)).status_code == 200


# --- the plain field -----------------------------------------------------------------------------------------------


def test_files_come_with_the_form_where_no_script_runs(phone, clinic):
    photos = [SimpleUploadedFile("一.png", PNG), SimpleUploadedFile("二.png", PNG + b"1")]
    page = sent(phone, files=photos)

    assert page.status_code == 200
    names = {files.file_name(row.stored) for row in Item.objects.select_related("stored")}
    assert names == {"一.png", "二.png"}


def test_files_stay_when_a_field_is_wrong_and_can_be_taken_out(phone, clinic):
    page = phone.get(WRITE)
    answer = phone.post(WRITE, given(page, narrative="", files=[SimpleUploadedFile("一.png", PNG)]))
    assert answer.status_code == 422 and "一.png" in answer.content.decode()

    kept = hidden(answer)["upload"]
    removed = phone.post(WRITE, given(answer, send=None, remove=kept))
    assert "一.png" not in removed.content.decode() and STORY in removed.content.decode()
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("name", "data", "said"), [("空.png", b"", "0 位元組"), ("a.jpg", b"MZ" + b"\x00" * 500, "不能收")]
)
def test_a_bad_file_is_answered_and_the_words_are_kept(phone, clinic, name, data, said):
    page = sent(phone, files=[SimpleUploadedFile(name, data)])
    html = page.content.decode()
    assert page.status_code == 422 and said in html and STORY in html
    assert not Case.objects.exists()


@pytest.mark.postgres
def test_a_second_click_with_files_is_one_case_with_them_once(phone, clinic):
    page = phone.get(WRITE)
    answers = [phone.post(WRITE, given(page, files=[SimpleUploadedFile("一.png", PNG)])) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert Item.objects.count() == 1 and Case.objects.count() == 1


def test_a_file_whose_last_answer_was_cut_off_comes_with_the_form(writing, clinic):
    """The house died after the last piece and before it put them together; the phone asks, and hears that all is there."""
    where = create(writing)["Location"]
    upload = Upload.objects.get()
    files.upload_append(upload=upload, offset=0, source=[PNG])
    assert offset_of(writing, where) == PNG_SIZE and upload.state == "open"

    page = writing.get(WRITE)
    assert writing.post(WRITE, given(page, upload=token(where))).status_code == 200
    assert Item.objects.get().stored.size == PNG_SIZE
