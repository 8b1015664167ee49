"""Large files of staff: in pieces, through the same protocol as patients', bound to one person and one case."""
from __future__ import annotations

import random
from base64 import b64encode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from suyuan.evidence.models import Item
from suyuan.kernel.sizes import LARGEST_FILE
from suyuan.platform import access, files
from suyuan.platform.models import AccessRow, StoredFile, Upload
from tests.desk.test_papers import PNG, url

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-04")]
TUS = {"Tus-Resumable": "1.0.0"}
FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + random.Random(3).randbytes(150_000)


def begin(client, case, size=0, name="術後說明.mp4", **headers):
    size = size or len(FILM)
    told = {**TUS, "Upload-Length": str(size), "Upload-Metadata": "filename " + b64encode(name.encode()).decode(), **headers}
    return client.post(url("file_uploads", case), data=b"", content_type="application/octet-stream", headers=told)


def more(client, where, offset, data):
    kind = "application/offset+octet-stream"
    return client.patch(where, data=data, content_type=kind, headers={**TUS, "Upload-Offset": str(offset)})


def whole(client, case, data=FILM, name="術後說明.mp4") -> str:
    where = begin(client, case, len(data), name)["Location"]
    half = len(data) // 2
    assert more(client, where, 0, data[:half]).status_code == 204
    assert client.head(where, headers=TUS)["Upload-Offset"] == str(half)
    assert more(client, where, half, data[half:]).status_code == 204
    return where.rstrip("/").rpartition("/")[2]


def test_a_film_comes_in_pieces_and_lands_in_the_case(browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    token = whole(client, case)
    assert client.post(url("files", case), {"upload": [token], "note": "當天的說明"}).status_code == 302
    item = Item.objects.get(stored__content_type="video/mp4")
    assert (item.note, files.file_name(item.stored)) == ("當天的說明", "術後說明.mp4")
    assert b"".join(files.file_chunks(item.stored)) == FILM
    again = client.post(url("files", case), {"upload": [token]})
    assert again.status_code == 422 and Item.objects.filter(stored__content_type="video/mp4").count() == 1
    page = client.get(url("files", case)).content.decode()
    assert "術後說明.mp4" in page and "未掃描" in page and url("file_uploads", case) in page


def test_whoever_logs_in_again_goes_on_and_nobody_else_does(browser, make_case):
    case, other = make_case("acknowledged"), make_case("acknowledged")
    where = begin(browser("manager"), case)["Location"]
    assert more(browser("manager"), where, 0, FILM[:1000]).status_code == 204
    assert browser("manager").head(where, headers=TUS)["Upload-Offset"] == "1000"

    assert browser("head").head(where, headers=TUS).status_code == 404, "a colleague on the same case"
    elsewhere = reverse("desk:file_upload", args=[other.reference, where.rstrip("/").rpartition("/")[2]])
    assert browser("manager").head(elsewhere, headers=TUS).status_code == 404, "the same person through another case"
    assert more(browser("head"), where, 1000, FILM[1000:]).status_code == 404
    assert browser("head").delete(where, headers=TUS).status_code == 404
    token = whole(browser("manager"), case)
    refused = browser("head").post(url("files", case), {"upload": [token]})
    assert refused.status_code == 422 and not Item.objects.filter(stored__content_type="video/mp4").exists()


def test_no_door_of_the_portal_opens_an_upload_of_staff(browser, make_case, cast):
    case = make_case("acknowledged")
    where = begin(browser("manager"), case)["Location"]
    uid = where.rstrip("/").rpartition("/")[2]
    thief = Client()
    guesses = [f"{cast.manager.user.uid}|{case.uid}", "desk", str(cast.manager.user.uid), uid]
    for guess in guesses:
        thief.cookies["suyuan_draft"] = guess
        answer = thief.head(reverse("portal:file", args=[case.branch.portal_slug, uid]), headers=TUS)
        assert answer.status_code == 404


def test_the_form_check_stands_in_front(make_case, cast):
    case = make_case("acknowledged")
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.manager.user)
    assert begin(client, case).status_code == 403
    client.get(url("files", case))
    token = client.cookies["suyuan_csrf"].value
    assert begin(client, case, **{"X-CSRFToken": token}).status_code == 201


def test_limits_types_and_empty_hands(browser, make_case, monkeypatch):
    case = make_case("acknowledged")
    client = browser("manager")
    monkeypatch.setattr(files.LocalFolder, "room", lambda self: 50_000_000_000)
    assert begin(client, case, size=LARGEST_FILE).status_code == 201
    assert begin(client, case, size=LARGEST_FILE + 1).status_code == 413
    assert client.options(url("file_uploads", case))["Tus-Max-Size"] == str(LARGEST_FILE)
    program = b"MZ" + bytes(5_000)
    where = begin(client, case, len(program), "a.mp4")["Location"]
    assert more(client, where, 0, program).status_code == 415
    assert "請選擇一個檔案" in client.post(url("files", case), {"note": "x"}).content.decode()
    archive = b"7z\xbc\xaf\x27\x1c" + bytes(500)
    token = whole(client, case, archive, "病歷.7z")
    assert client.post(url("files", case), {"upload": [token]}).status_code == 302, "archives are for staff"


def test_what_arrived_whole_is_not_lost_with_a_form_that_was_refused(browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    token = whole(client, case)
    page = client.post(url("files", case), {"upload": [token], "note": "字" * 201})
    assert page.status_code == 422 and f'value="{token}"' in page.content.decode()
    assert client.post(url("files", case), {"upload": [token], "note": "說明"}).status_code == 302
    assert not Upload.objects.filter(state="whole").exists()


def test_a_download_can_be_taken_up_where_it_broke(browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    client.post(url("files", case), {"file": SimpleUploadedFile("a.mp4", FILM)})
    item = Item.objects.get(stored__content_type="video/mp4")
    where = client.post(url("file_copy", case, item.uid))["Location"]

    def part(asked: str, **more):
        answer = client.get(where, headers={"Range": asked, **more})
        return answer.status_code, answer.get("Content-Range"), b"".join(answer.streaming_content) if answer.streaming else b""

    size = len(FILM)
    assert part("bytes=0-") == (206, f"bytes 0-{size - 1}/{size}", FILM)
    assert part("bytes=70000-70009") == (206, f"bytes 70000-70009/{size}", FILM[70_000:70_010])
    assert part("bytes=-5") == (206, f"bytes {size - 5}-{size - 1}/{size}", FILM[-5:])
    assert part(f"bytes={size - 3}-{size + 90}") == (206, f"bytes {size - 3}-{size - 1}/{size}", FILM[-3:])
    assert part(f"bytes={size}-")[:2] == (416, f"bytes */{size}")
    for whole_again in ("bytes=9-3", "bytes=a-b", "bytes=1-2,4-5", "items=1-2"):
        assert part(whole_again)[2] == FILM
    assert part("bytes=1-2", **{"If-Range": '"other"'})[2] == FILM
    head = client.head(where)
    assert (head.status_code, head["Content-Length"], head["Accept-Ranges"]) == (200, str(size), "bytes")
    assert head["Content-Disposition"].startswith("attachment") and "sandbox" in head["Content-Security-Policy"]
    access.flush()
    assert AccessRow.objects.filter(what="case.file", purpose="copy").count() == 11, "each of them is on record"


def test_a_find_of_the_scanner_is_said_before_the_download(browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    client.post(url("files", case), {"file": SimpleUploadedFile("a.png", PNG)})
    item = Item.objects.get(stored__content_type="image/png")
    StoredFile.objects.filter(pk=item.stored_id).update(scan="found:Eicar-Test", decoded="no:raised")
    page = client.get(url("files", case)).content.decode()
    assert "Eicar-Test" in page and "解不開" in page
    copy = url("file_copy", case, item.uid)
    warned = client.post(copy)
    assert warned.status_code == 409 and "Eicar-Test" in warned.content.decode() and 'name="despite"' in warned.content.decode()
    answer = client.get(client.post(copy, {"despite": "1"})["Location"])
    assert b"".join(answer.streaming_content) == PNG
