"""Items from the desk: shown by what was painted here, given by a fact, described, handed on, held side by side."""
from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from suyuan.cases.jobs import copy as copy_job
from suyuan.cases.services import parties
from suyuan.evidence import making as making_limits
from suyuan.evidence.jobs import look
from suyuan.evidence.models import CustodyEntry, Item, Making, Picture
from suyuan.evidence.selectors.pictures import previews_of, thumbnails_of
from suyuan.evidence.services.makings import makings_forget
from suyuan.platform import access, clock
from suyuan.platform.facts import facts_told
from suyuan.platform.jobs import run_due
from suyuan.platform.models import AccessRow, FactRow, StoredFile
from tests.cases.cast import NOON, fresh
from tests.evidence import pictures as made

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-09")]
SANDBOX = "default-src 'none'; sandbox"


def url(name, case, *more):
    return reverse(f"desk:{name}", args=[case.reference, *more])


@pytest.fixture
def put(browser):
    """Uploads one file at the desk and looks into it."""

    def uploaded(case, data: bytes, name: str, note: str = "") -> Item:
        sent = SimpleUploadedFile(name, data)
        assert browser("manager").post(url("files", case), {"file": sent, "note": note}).status_code == 302
        item = Item.objects.filter(stream=case.stream, parent=None).latest("pk")
        look({"item": str(item.uid)}, NOON)
        return item

    return uploaded


def photo(turn: int = 1, taken: str = "") -> bytes:
    tags = made.exif(turn=turn)
    if taken:
        tags.get_ifd(0x8769)[made.ORIGINAL] = taken
    return made.encoded(made.drawn((400, 300)), "JPEG", exif=tags)


def test_a_picture_is_shown_as_painted_here_and_never_as_it_came(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, photo(), "左眼 <b>.jpg", "術前")
    listed = client.get(url("files", case)).content.decode()
    small = thumbnails_of([item])[item.pk]
    assert "證物 1" in listed and url("file_shown", case, small.uid) in listed and "<b>.jpg" not in listed
    page = client.get(url("file", case, item.uid)).content.decode()
    (preview,) = previews_of(item)
    assert url("file_shown", case, preview.uid) in page and item.stored.sha256[:4] + " " in page
    assert "不是證明" in page and "未掃描" in page and "還沒有輪到" in page

    answer = client.get(url("file_shown", case, preview.uid))
    assert answer["Content-Type"] == "image/jpeg" and answer["Content-Security-Policy"] == SANDBOX
    assert answer["X-Content-Type-Options"] == "nosniff" and answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert b"".join(answer.streaming_content)[:3] == b"\xff\xd8\xff"
    assert client.get(url("file_shown", case, item.uid)).status_code == 404, "an original is never shown"
    access.flush()
    assert set(AccessRow.objects.values_list("what", flat=True)) >= {"case.files", "case.item", "case.item_shown"}


def test_a_copy_is_on_record_before_anybody_has_it(put, browser, make_case, cast):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, photo(), "a.jpg")
    address = url("file_copy", case, item.uid)
    facts = FactRow.objects.filter(type="item.copied")
    assert client.get(address)["Location"] == url("file", case, item.uid) and not facts.exists()

    given = client.post(address, {"purpose": "authority"})["Location"]
    (told,) = facts_told(list(facts))
    assert (told.plain("purpose"), told.plain("sha256")) == ("authority", item.stored.sha256)
    assert CustodyEntry.objects.filter(item=item, act="copied").count() == 1
    answer = client.get(given)
    assert b"".join(answer.streaming_content) == photo()
    assert answer["Content-Type"] == "application/octet-stream" and answer["Content-Security-Policy"] == SANDBOX
    assert answer["Content-Disposition"] == 'attachment; filename="a.jpg"'
    assert AccessRow.objects.filter(what="case.file", purpose="copy", stream=case.stream).count() == 1

    part = client.get(given, headers={"Range": "bytes=10-19"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, photo()[10:20])
    assert part["Content-Range"] == f"bytes 10-19/{len(photo())}"
    assert b"".join(client.get(given, headers={"Range": "bytes=-5"}).streaming_content) == photo()[-5:]
    assert client.get(given, headers={"Range": "bytes=999999-"}).status_code == 416

    assert browser("colleague").get(given)["Location"] == url("file", case, item.uid), "given to one person"
    assert browser("stranger").get(given).status_code == 404
    with clock.frozen(NOON + timedelta(minutes=11)):
        assert client.get(given)["Location"] == url("file", case, item.uid), "for ten minutes"
    assert facts.count() == 1


def test_a_name_that_lies_gets_its_true_ending(put, browser, make_case):
    case = make_case("acknowledged")
    item = put(case, photo(), 'x\u202e=y.html')
    answer = browser("manager").get(browser("manager").post(url("file_copy", case, item.uid))["Location"])
    assert unquote(answer["Content-Disposition"]).endswith('=y.html.jpg"')
    assert "\n" not in answer["Content-Disposition"] and "\u202e" not in answer["Content-Disposition"]


def test_sound_is_played_in_parts_under_its_own_type(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, made.sound(), "來電.wav")
    page = client.get(url("file", case, item.uid))
    assert "<audio" in page.content.decode() and "media-src 'self'" in page["Content-Security-Policy"]
    answer = client.get(url("file_play", case, item.uid), headers={"Range": "bytes=0-3"})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (206, b"RIFF")
    assert answer["Content-Type"] == "audio/wav" and answer["Content-Security-Policy"] == SANDBOX
    photograph = put(case, photo(), "a.jpg")
    assert client.get(url("file_play", case, photograph.uid)).status_code == 404


def test_nothing_a_scanner_objects_to_is_shown(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, photo(), "a.jpg")
    StoredFile.objects.filter(pk=item.stored_id).update(scan="found:Eicar-Test")
    page = client.get(url("file", case, item.uid)).content.decode()
    assert "Eicar-Test" in page and "/shown/" not in page
    assert "/shown/" not in client.get(url("files", case)).content.decode()


def test_what_cannot_be_decoded_is_said_and_can_be_taken(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, made.encoded(made.drawn(), "PNG", compress_level=0)[:5000], "a.png")
    page = client.get(url("file", case, item.uid)).content.decode()
    assert "沒有預覽圖" in page and "讀不出來" in page and "下載原檔" in page


def test_pages_of_a_paper_are_painted_one_by_one(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, made.paper(2), "同意書.pdf")
    answer = client.get(url("file_page", case, item.uid, 2))
    assert answer.content[:3] == b"\xff\xd8\xff" and answer["Content-Security-Policy"] == SANDBOX
    assert client.get(url("file_page", case, item.uid, 3)).status_code == 404


def test_describing_and_handing_on_keep_what_was_typed(put, browser, make_case, cast):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, photo(), "a.jpg")
    said = {"kind": "photographs", "title": "術前正面", "from_whom": "護理站", "obtained_at": "2026-03-10T09:00"}
    assert client.post(url("file_describe", case, item.uid), said).status_code == 302
    item.refresh_from_db()
    assert (item.title, item.kind, item.obtained_at.astimezone(cast.tn.tz).hour) == ("術前正面", "photographs", 9)
    wrong = client.post(url("file_describe", case, item.uid), said | {"obtained_at": "2027-01-01T09:00", "note": "我寫的"})
    assert wrong.status_code == 422 and "還沒有到" in wrong.content.decode() and "我寫的" in wrong.content.decode()

    wrong = client.post(url("file_hand", case, item.uid), {"act": "sent_for_test", "why": "查批號"})
    assert wrong.status_code == 422 and "請寫下交給誰" in wrong.content.decode() and "查批號" in wrong.content.decode()
    assert client.post(url("file_hand", case, item.uid), {"act": "sealed", "to_whom": "x"}).status_code == 422
    done = {"act": "sent_for_test", "to_whom": "檢驗所", "why": "查批號"}
    assert client.post(url("file_hand", case, item.uid), done).status_code == 302
    assert "檢驗所" in client.get(url("file", case, item.uid)).content.decode()
    assert browser("stranger").post(url("file_hand", case, item.uid), done).status_code == 404
    assert browser("auditor").post(url("file_hand", case, item.uid), done).status_code == 403


def test_an_item_of_another_case_is_not_here(put, browser, make_case):
    here, there = make_case("acknowledged"), make_case("acknowledged")
    item = put(there, photo(), "a.jpg")
    client = browser("manager")
    assert client.get(url("file", there, item.uid)).status_code == 200
    for name in ("file", "file_play", "file_copy"):
        assert client.get(url(name, here, item.uid)).status_code == 404
    assert client.post(url("file_copy", here, item.uid)).status_code == 404
    assert client.get(url("file_shown", here, previews_of(item)[0].uid)).status_code == 404


def test_before_and_after_by_their_dates(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    assert "還不能對照" in client.get(url("compare", case)).content.decode()
    after = put(case, photo(taken="2026:03:09 10:00:00"), "b.jpg")
    before = put(case, photo(taken="2026:02:27 10:00:00"), "a.jpg")
    turned = put(case, photo(turn=6, taken="2026:03:08 10:00:00"), "c.jpg")
    page = client.get(url("compare", case)).content.decode()
    shown = [page.index(str(previews_of(item)[0].uid)) for item in (before, after)]
    assert shown[0] < shown[1] and "兩張相隔 10 天" in page and "比例不同" not in page
    asked = client.get(url("compare", case), {"a": str(before.uid), "b": str(turned.uid)}).content.decode()
    assert "比例不同" in asked and str(previews_of(turned)[0].uid) in asked
    assert client.get(url("compare", case), {"a": "x", "b": "'"}).status_code == 200
    assert Picture.objects.count() == 3


# --- copies that are made ------------------------------------------------------------------------------------------


def test_a_copy_for_sharing_is_made_once_and_named_by_nobody(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, photo(), "陳小安.jpg")
    for _again in range(2):
        assert client.post(url("file_strip", case, item.uid))["Location"].endswith("#copies")
    copy = Item.objects.get(parent=item, derivation="stripped")
    given = client.get(client.post(url("file_copy", case, copy.uid), {"purpose": "insurer"})["Location"])
    assert given["Content-Disposition"] == 'attachment; filename="item-1-shared.jpg"'
    told = FactRow.objects.get(type="item.copied")
    assert (told.value("derivation"), told.value("purpose")) == ("stripped", "insurer")
    words = put(case, "便條".encode(), "a.txt")
    refused = client.post(url("file_strip", case, words.uid))
    assert refused.status_code == 422 and "轉成 PDF" in refused.content.decode()


def test_areas_are_read_shown_and_burned_in(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, photo(), "a.jpg")
    address, area = url("file_redact", case, item.uid), {"left_1": "10", "top_1": "20.5", "width_1": "30", "height_1": "5"}
    page = client.get(address).content.decode()
    assert "data-sy-redact" in page and "製作遮蓋複本" in page
    seen = client.post(address, area | {"see": "1"}).content.decode()
    assert 'x="10.0" y="20.5" width="30.0" height="5.0"' in seen and 'value="20.5"' in seen
    without = client.post(address, area | {"make": "1"})
    assert without.status_code == 422 and "請寫下原因" in without.content.decode()
    for wrong in ({"left_1": "90"}, {"width_1": ""}, {"top_1": "-1"}, {"height_1": "٣"}):
        refused = client.post(address, area | wrong | {"make": "1", "why": "給保險公司"})
        assert refused.status_code == 422 and "數字不對" in refused.content.decode() and "給保險公司" in refused.content.decode()
    assert client.post(address, {"make": "1", "why": "x"}).status_code == 422
    assert client.post(address, area | {"make": "1", "why": "給保險公司"})["Location"].endswith("#copies")
    (told,) = facts_told(list(FactRow.objects.filter(type="item.redacted")))
    assert told.plain("black") == [[1, 100, 205, 300, 50]] and told.private == {"why": "給保險公司"}
    assert browser("auditor").get(address).status_code == 403


def test_pages_are_left_out_and_areas_stay_with_theirs(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, made.paper(3), "同意書.pdf")
    address, area = url("file_redact", case, item.uid), {"left_1": "0", "top_1": "0", "width_1": "50", "height_1": "50"}
    turned = client.post(address, area | {"number": "1", "go": "2", "turn": "1"}).content.decode()
    assert "第 2 頁，共 3 頁" in turned and 'name="page_1" value="1"' in turned and "sy-dk-redact__black" not in turned
    everything = {"leave_out": ["1", "2", "3"], "make": "1", "why": "x"}
    assert "至少要留下一頁" in client.post(address, everything).content.decode()
    sent = area | {"page_1": "2", "leave_out": ["1", "3"], "make": "1", "why": "只給第二頁"}
    assert client.post(address, sent).status_code == 302
    copy = Item.objects.get(parent=item, derivation="redacted")
    assert copy.stored.content_type == "application/pdf" and copy.note == "只給第二頁"
    assert FactRow.objects.get(type="item.redacted").value("pages") == [2]


# --- copies that take their time -------------------------------------------------------------------------------------


def areas_of(*rows) -> dict[str, str]:
    names = ("page", "left", "top", "width", "height")
    return {f"{name}_{n}": value for n, row in enumerate(rows, 1) for name, value in zip(names, row, strict=True)}


def test_a_long_paper_is_copied_beside_the_page_which_says_how_far_it_is(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, made.paper(9), "病歷.pdf")
    sent = client.post(url("file_strip", case, item.uid))
    making = Making.objects.get()
    page = url("making", case, making.uid)
    access.flush()
    before = AccessRow.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    assert sent["Location"] == page and not Item.objects.filter(parent=item, derivation="stripped").exists()
    waits = client.get(page).content.decode()
    assert "製作中" in waits and 'hx-trigger="every 2s"' in waits and 'http-equiv="refresh"' in waits
    assert client.post(url("file_strip", case, item.uid))["Location"] == page, "it is asked for once"
    assert page in client.get(url("file", case, item.uid)).content.decode()

    address = page
    for _look in range(4):
        address = re.search(r'hx-get="([^"]+)"', client.get(address).content.decode())[1].replace("&amp;", "&")
    access.flush()
    looks = AccessRow.objects.filter(what="case.item_making", pk__gt=before)
    assert looks.count() == 2, "a line each time it is opened, however often the page then looks again"
    Making.objects.update(done=3, of=9)
    assert "做了 3 頁，共 9 頁" in client.get(page).content.decode()
    run_due(NOON)
    copy = Item.objects.get(parent=item, derivation="stripped")
    done = client.get(page).content.decode()
    assert url("file_copy", case, copy.uid) in done and "製作中" not in done and "hx-trigger" not in done
    making.refresh_from_db()
    assert (making.done, making.of, making.made) == (9, 9, copy)
    assert FactRow.objects.get(type="item.stripped").actor.startswith("user:"), "by whoever asked"
    copy_job({"making": str(making.uid)}, NOON)
    assert Item.objects.filter(parent=item, derivation="stripped").count() == 1, "a job may run twice"
    assert browser("stranger").get(page).status_code == 404


def test_a_copy_that_came_to_nothing_says_why_and_keeps_what_was_drawn(put, browser, make_case, monkeypatch):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, made.paper(5), "病歷.pdf")
    wanted = areas_of(("2", "10", "20.5", "30", "5"), ("4", "0", "0", "50", "50"))
    sent = client.post(url("file_redact", case, item.uid), wanted | {"leave_out": ["5"], "make": "1", "why": "給保險公司"})
    page = sent["Location"]
    monkeypatch.setattr(making_limits, "MOST_PAGES", 2)
    run_due(NOON)
    failed = client.get(page).content.decode()
    assert "頁數太多" in failed and "這一份沒有做成" in failed and not Item.objects.filter(derivation="redacted").exists()
    again = url("file_redact", case, item.uid) + f"?again={Making.objects.get().uid}"
    assert again in failed
    drawn = client.get(again).content.decode()
    for said in ('name="left_1" value="10"', 'name="top_1" value="20.5"', 'name="page_2" value="4"', "給保險公司"):
        assert said in drawn
    assert 'name="leave_out" value="5" checked' in drawn and 'name="leave_out" value="4" checked' not in drawn

    monkeypatch.undo()
    assert client.post(url("file_redact", case, item.uid), wanted | {"leave_out": ["5"], "make": "1", "why": "再試"}).status_code == 302
    run_due(NOON)
    assert FactRow.objects.get(type="item.redacted").value("pages") == [1, 2, 3, 4]
    assert Making.objects.exclude(made=None).get().why == "", "the words lie with the copy and nowhere else"


def test_a_copy_is_not_made_for_somebody_who_may_no_longer(put, browser, make_case, cast):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, made.paper(5), "病歷.pdf")
    page = client.post(url("file_strip", case, item.uid))["Location"]
    parties.complained_set(case=fresh(case), user=cast.manager.user, actor=cast.colleague.actor, now=NOON)
    run_due(NOON)
    assert not Item.objects.filter(derivation="stripped").exists() and Making.objects.get().fault
    assert client.get(page).status_code == 404
    assert "不能製作複本" in browser("colleague").get(page).content.decode()


def test_what_nobody_is_at_any_more_can_be_asked_for_again(put, browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    item = put(case, made.paper(5), "病歷.pdf")
    page = client.post(url("file_strip", case, item.uid))["Location"]
    with clock.frozen(NOON + timedelta(hours=2)):
        client = browser("manager")
        assert "大概是中斷了" in client.get(page).content.decode()
        assert client.post(url("file_strip", case, item.uid))["Location"] != page
    makings_forget(now=NOON + timedelta(days=8))
    assert not Making.objects.exists()
