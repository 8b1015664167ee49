"""Words before everybody, at the desk: written, frozen, posted in the clinic's own name, without a script."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from suyuan.cases.services import handling, publishing
from suyuan.correspondence.models import Message, OwnName, Posting
from suyuan.correspondence.recomputing import guard_recomputed
from suyuan.correspondence.services import own_name_add
from suyuan.kernel.actor import SYSTEM
from suyuan.platform.files import STAFF_TYPES, file_receive, file_store
from tests.cases.cast import NOON, fresh
from tests.correspondence.held_public import CLEAN, OTHER, WARNED
from tests.desk.test_papers import PNG

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-14")]

PAGE = "https://maps.example.com/reviews/77"
WRITTEN = {"surface": "public_reply", "reply_to": "negative_review", "words": CLEAN}


@pytest.fixture
def ours(cast):
    return own_name_add(platform="google_maps", name="溪岸診所 官方", branch=cast.tn, actor=cast.head.actor, now=NOON)


@pytest.fixture
def case(make_case, cast):
    case = handling.case_flag(case=make_case(), flag="media", reason="有人發文", actor=cast.manager.actor, now=NOON)
    return fresh(case)


def url(name, *more):
    return reverse(f"desk:{name}", args=more)


def body(page) -> str:
    return page.content.decode()


def written(client, case, **more) -> Message:
    said = client.post(url("public_write", case.reference), WRITTEN | more)
    assert said.status_code == 302, body(said)
    return Message.objects.latest("pk")


def posted(message, ours, **more) -> dict:
    given = {"account": str(ours.uid), "address": PAGE, "place": "", "posted_at": "2026-03-11T10:00"}
    return given | {"sha256": message.text.sha256} | more


def test_written_frozen_posted_and_found_again(browser, case, ours):
    spokesman = browser("spokesman")
    assert "這件還沒有公開說過什麼" in body(spokesman.get(url("public_case", case.reference)))
    message = written(spokesman, case)
    page = url("public_text", case.reference, message.uid)
    shown = body(spokesman.get(page))
    assert message.text.sha256[:16] in shown and "複製定稿" in shown and "收回來改" in shown
    assert "已定稿，還沒有發表" in body(spokesman.get(url("public")))
    assert spokesman.post(url("public_posted", case.reference, message.uid), posted(message, ours)).status_code == 302
    shown = body(spokesman.get(page))
    assert PAGE in shown and "溪岸診所 官方" in shown and "收回來改" not in shown
    assert "正在公開的" in body(spokesman.get(url("public")))
    assert case.reference not in body(browser("stranger").get(url("public")))


@pytest.mark.parametrize(("whose", "said"), [("personal", "個人帳號"), ("anonymous", "匿名發表")])
def test_not_as_a_person_and_not_anonymously_and_the_reason_stands_at_the_field(browser, case, ours, whose, said):
    manager = browser("manager")
    message = written(manager, case)
    page = manager.post(url("public_posted", case.reference, message.uid), posted(message, ours, account=whose))
    assert page.status_code == 422 and said in str(page.context["form"].errors["account"])
    assert PAGE in body(page) and not Posting.objects.exists()


def test_public_relations_writes_and_decides_without_reading_the_case(browser, case):
    message = Message.objects.none()
    manager, spokesman = browser("manager"), browser("spokesman")
    page = manager.post(url("public_write", case.reference), WRITTEN | {"words": WARNED})
    assert page.status_code == 422 and "送交核准" in body(page) and not Message.objects.filter(channel="public").exists()
    said = manager.post(url("public_write", case.reference), WRITTEN | {"words": WARNED, "_clear": "1", "_why": "查過了"})
    message = Message.objects.get(channel="public")
    assert said.status_code == 302 and message.state == "waiting"
    text = url("public_text", case.reference, message.uid)
    assert text in body(spokesman.get(url("clearances"))) and text in body(spokesman.get(url("today")))
    shown = body(spokesman.get(text))
    assert "核准這段話" in shown and case.narrative.body not in shown and "例小安" not in shown
    assert case.narrative.body not in body(spokesman.get(url("public_write", case.reference)))
    assert case.narrative.body in body(manager.get(url("public_write", case.reference)))
    refused = spokesman.post(url("public_decide", case.reference, message.uid), {"yes": "1", "reason": " "})
    assert refused.status_code == 422 and "請寫下理由" in body(refused)
    spokesman.post(url("public_decide", case.reference, message.uid), {"yes": "1", "reason": "查證過"})
    assert Message.objects.get(pk=message.pk).state == "queued"
    assert browser("nurse").post(url("public_decide", case.reference, message.uid), {"yes": "1"}).status_code == 404


def test_the_check_while_writing_answers_public_relations_about_public_words_only(browser, case):
    spokesman, asked = browser("spokesman"), {"reference": case.reference, "words": WARNED}
    said = spokesman.post(url("guard_check"), asked | {"surface": "public_reply", "reply_to": "negative_review"})
    assert said.status_code == 200 and "須核准" in body(said)
    assert spokesman.post(url("guard_check"), asked | {"surface": "private_message"}).status_code == 403


def test_a_template_for_everybody_brings_its_place_and_nothing_of_the_case(browser, case):
    manager = browser("manager")
    page = manager.get(url("public_write", case.reference))
    codes = [row.code for _name, rows in page.context["shelf"].groups for row in rows]
    assert codes and "ack-written-1" not in codes and "review-invite" not in codes
    code = codes[0]
    page = manager.post(url("public_write", case.reference), WRITTEN | {"words": "先打的字", "pick": "1", "template": code})
    words = page.context["form"]["words"].value()
    assert words.startswith("先打的字\n\n") and case.reference not in words and "例小安" not in words
    assert page.context["shelf"].begun == (code,) and not Message.objects.filter(channel="public").exists()
    assert manager.post(url("public_write", case.reference), WRITTEN | {"pick": "1", "template": "ack-written-1"}).status_code == 404


def test_a_draft_is_kept_changed_taken_back_and_given_up(browser, case):
    manager = browser("manager")
    message = written(manager, case, words=WARNED, do="keep")
    page, do = (url(name, case.reference, message.uid) for name in ("public_rewrite", "public_move"))
    assert message.state == "draft" and WARNED in body(manager.get(page))
    lost = manager.post(page, WRITTEN | {"words": "別人的", "edition": str(message.edition + 7), "do": "keep"})
    assert lost.status_code == 409 and "別人的" in body(lost)
    manager.post(page, WRITTEN | {"words": OTHER, "edition": str(message.edition)})
    assert Message.objects.get(pk=message.pk).words == OTHER and Message.objects.get(pk=message.pk).state == "queued"
    manager.post(do, {"do": "back"})
    assert Message.objects.get(pk=message.pk).state == "draft"
    manager.post(do, {"do": "drop"})
    assert Message.objects.get(pk=message.pk).state == "withdrawn"
    assert manager.get(url("public_text", case.reference, message.uid)).status_code == 404


def test_what_became_of_it_is_said_with_a_reason(browser, case, ours):
    manager = browser("manager")
    first, second = written(manager, case), written(manager, case, words=OTHER)
    manager.post(url("public_posted", case.reference, first.uid), posted(first, ours))
    page = url("public_ended", case.reference, Posting.objects.get().uid)
    assert OTHER[:20] in body(manager.get(page))
    wrong = manager.post(page, {"what": "replaced", "by": "", "happened_at": "2026-03-11T10:00", "why": ""})
    assert wrong.status_code == 422 and {"by", "why"} <= set(wrong.context["form"].errors)
    given = {"what": "replaced", "by": str(second.uid), "happened_at": "2026-03-11T10:00", "why": "電話換了"}
    assert manager.post(page, given).status_code == 302
    page = url("public_ended", case.reference, Posting.objects.latest("pk").uid)
    manager.post(page, {"what": "platform", "happened_at": "2026-03-11T10:00", "why": "被檢舉"})
    assert "電話換了" in body(manager.get(url("public_text", case.reference, first.uid)))
    assert "被檢舉" in body(manager.get(url("public_text", case.reference, second.uid)))
    assert "已經撤下或換掉的" in body(manager.get(url("public_case", case.reference)))


def test_the_list_of_names_is_read_by_all_and_kept_by_the_head(browser, ours):
    head, given = browser("head"), {"platform": "facebook", "name": "溪岸診所", "elsewhere": "", "address": ""}
    assert "清單由院長或系統管理員維護" in body(browser("nurse").get(url("own_names")))
    assert browser("manager").post(url("own_name_add"), given).status_code == 404
    wrong = head.post(url("own_name_add"), given | {"name": "manager"})
    assert wrong.status_code == 422 and "同事個人的名字" in str(wrong.context["form"].errors["name"])
    assert head.post(url("own_name_add"), given).status_code == 302
    assert head.post(url("own_name_end", ours.uid), {"why": "停用"}).status_code == 302
    assert OwnName.objects.get(pk=ours.pk).ended_at and "已停用的" in body(head.get(url("own_names")))
    assert "溪岸診所" not in body(browser("stranger").get(url("own_names")))


def test_letters_to_the_person_and_words_for_everybody_are_apart(browser, case):
    manager = browser("manager")
    written(manager, case)
    assert CLEAN[:12] not in body(manager.get(url("letters", case.reference)))
    assert CLEAN[:12] in body(manager.get(url("public_case", case.reference)))


# --- after it was posted -------------------------------------------------------------------------------------------


def test_public_relations_hands_in_a_picture_and_no_file_of_the_case_opens_to_them(browser, case, ours, cast):
    spokesman, manager = browser("spokesman"), browser("manager")
    message = written(spokesman, case)
    spokesman.post(url("public_posted", case.reference, message.uid), posted(message, ours))
    row = Posting.objects.get()
    page, text = url("public_capture", case.reference, row.uid), url("public_text", case.reference, message.uid)
    assert page in body(spokesman.get(text)) and "capture" not in spokesman.get(page).context["form"].fields
    assert spokesman.post(page, {}).status_code == 422
    assert spokesman.post(page, {"file": SimpleUploadedFile("a.txt", b"words")}).status_code in (415, 422)
    assert spokesman.post(page, {"file": SimpleUploadedFile("shown.png", PNG)}).status_code == 302
    row.refresh_from_db()
    where = url("file", case.reference, row.capture.uid)
    assert row.capture.stream == case.stream and row.capture.added_by == str(cast.spokesman.actor)
    shown = body(spokesman.get(text))
    assert "已附畫面" in shown and where not in shown and spokesman.get(where).status_code in (403, 404)
    assert where in body(manager.get(text)) and manager.get(where).status_code == 200
    assert browser("nurse").post(page, {"file": SimpleUploadedFile("b.png", PNG)}).status_code in (403, 404)

    publishing.public_take_down(
        case=fresh(case), posting=row, happened_at=NOON, whose="platform", why="下架", actor=cast.manager.actor, now=NOON
    )
    other = handling.file_add(case=fresh(case), stored=again(row.capture), source="desk", actor=cast.manager.actor, now=NOON)
    assert manager.post(page, {"capture": str(other.uid)}).status_code == 302, "also after it was taken down"
    assert Posting.objects.get().capture == other
    assert [str(fault) for fault in guard_recomputed(None)] == []


def again(item):
    received = file_receive(source=[PNG + b"again"], name="again.png", max_bytes=10_000, accept=STAFF_TYPES)
    return file_store(received=received, branch_id=item.branch_id, actor=SYSTEM, now=NOON)


def test_what_is_final_and_not_posted_stands_on_the_day_of_who_posts_it(browser, case, ours, cast):
    message = written(browser("manager"), case)
    text, day = url("public_text", case.reference, message.uid), url("today")
    assert text in body(browser("spokesman").get(day))
    assert text not in body(browser("manager").get(day)), "where somebody speaks for the house, it is theirs"
    assert text not in body(browser("nurse").get(day)) and text not in body(browser("stranger").get(day))
    browser("spokesman").post(url("public_posted", case.reference, message.uid), posted(message, ours))
    assert text not in body(browser("spokesman").get(day))


def test_a_phone_shows_what_came_in_before_what_was_said_in_public(browser):
    nav = [item["url"] for item in browser("manager").get(url("today")).context["sy_nav"]]
    assert url("inbox") in nav[:4] and nav.index(url("inbox")) < nav.index(url("public"))
