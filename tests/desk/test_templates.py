"""Writing with a template: it fits the case, what is known is filled in, and what is missing keeps the letter here."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse

from suyuan.cases.models import ContactEntry
from suyuan.cases.services import handling
from suyuan.correspondence.models import Clearance, Message
from suyuan.correspondence.templates import house_values, template_named, templates_for
from suyuan.desk.acts.forward import AcknowledgeForm
from suyuan.desk.template_pick import acknowledging
from suyuan.kernel.actor import SYSTEM
from suyuan.playbooks import selectors
from suyuan.playbooks.services import packs_load
from tests.cases.cast import NOON
from tests.playbooks.shelf import overlay

pytestmark = pytest.mark.django_db


def test_what_is_known_of_the_clinic_comes_in_the_readers_language(settings, cast):
    settings.PUBLIC_URL = "https://clinic.example.org"
    here = cast.branches["TN"]
    values = house_values(here, surface="public_reply", language="en")
    assert values["clinic"] == here.name("en")
    assert values["emergency"] == "119"
    assert values["deadline"] == "within 24 hours"
    assert "1950" in values["authority_channels"]
    assert values["form_url"] == "https://clinic.example.org/p/tn/"
    assert "deadline" not in house_values(here, surface="private_message", language="zh-hant")


@pytest.mark.requirement("A-07")
def test_templates_that_fit(packs):
    rows = templates_for("tw", surface="private_message", channels=["sms"], level=0, situation="acknowledgement")
    assert [row.id for row in rows] == ["ack-sms"]
    portal = templates_for("tw", surface="private_message", channels=["portal"], level=0, situation="acknowledgement")
    assert [row.id for row in portal] == ["ack-written-2"]
    assert "cn-channels" in {row.id for row in templates_for("cn", situation="acknowledgement")}
    replies = templates_for("tw", surface="public_reply", reply_to="positive_review")
    assert [row.id for row in replies] == ["review-positive"]


def write(case):
    return reverse("desk:letter_write", args=[case.reference])


def words_in(page) -> str:
    return re.search(r'<textarea[^>]*name="words"[^>]*>\s*(.*?)</textarea>', page.content.decode(), re.S)[1]


@pytest.mark.requirement("A-07")
def test_a_picked_template_is_filled_and_names_what_is_missing(browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    page = client.get(write(case))
    assert 'value="progress-written"' in page.content.decode()
    assert 'value="legal-review-before-offer"' not in page.content.decode()
    assert 'value="ack-sms"' not in page.content.decode()

    typed = {"channel": "portal", "words": "先打過電話了。", "template": "progress-written", "pick": "1"}
    page = client.post(write(case), typed)
    assert page.status_code == 200
    words = words_in(page)
    assert words.startswith("先打過電話了。")
    assert case.reference in words
    assert "{points}" in words
    assert "要點" in page.content.decode()
    assert not Message.objects.filter(subject_stream=case.stream, state="queued").exists()


@pytest.mark.requirement("A-07")
def test_what_is_still_open_is_refused_at_the_field_and_nothing_typed_is_lost(browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    page = client.post(write(case), {"channel": "portal", "words": "您好，{by_when} 前回您。"})
    assert page.status_code == 422
    assert words_in(page) == "您好，{by_when} 前回您。"
    assert "在什麼時候之前" in page.content.decode()
    assert not Message.objects.filter(subject_stream=case.stream).exists()

    assert client.post(write(case), {"channel": "portal", "words": "您好，明天 18:00 前回您。"}).status_code == 302
    assert Message.objects.get(subject_stream=case.stream).state == "queued"


@pytest.mark.parametrize("code", ["nothing", "review-negative", "legal-review-before-offer", "tw-fault-care"])
def test_only_what_is_written_to_a_person_can_be_picked(browser, make_case, code):
    case = make_case("acknowledged")
    page = browser("manager").post(write(case), {"channel": "portal", "words": "", "template": code, "pick": "1"})
    assert page.status_code == 404


@pytest.mark.requirement("C-15")
def test_the_pages_of_words_say_what_to_do_instead(browser):
    client = browser("manager")
    page = client.get(reverse("desk:instead") + "?law=tw").content.decode()
    assert page.count('class="sy-swap"') == 25
    assert "消費者保護法" in page
    page = client.get(reverse("desk:templates") + "?law=cn").content.decode()
    assert "cn-channels" in page
    assert "tw-records" not in page


@pytest.mark.requirement("A-28")
def test_a_hard_moment_is_one_step_from_the_case(browser, make_case):
    client = browser("manager")
    where = reverse("desk:card", args=["going-to-authority"])
    assert where in client.get(reverse("desk:case", args=[make_case("acknowledged").reference])).content.decode()
    assert where in client.get(reverse("desk:packs")).content.decode()
    assert "您去了也沒有用" in client.get(where).content.decode()


# --- wherever words are written ------------------------------------------------------------------------------------


def act(case, code: str) -> str:
    return reverse(f"desk:act-{code}", args=[case.reference])


def listed(page) -> set[str]:
    """The templates a page offers."""
    return {each.code for _situation, rows in page.context["shelf"].groups for each in rows}


@pytest.mark.requirement("A-07")
def test_the_first_answer_begins_from_the_wording_of_today(browser, make_case, cast):
    case = make_case()
    handling.case_assign(case=case, owner=cast.colleague.user, actor=cast.manager.actor, now=NOON)
    page = browser("manager").get(act(case, "acknowledge"))
    row = template_named("tw", "ack-phone")
    begun = words_in(page)
    assert begun.startswith(html.escape(row.body.hant.split("{")[0])) and cast.colleague.user.display_name in begun
    assert case.branch.phone in begun or "{phone}" in begun

    typed = {"method": "sms", "words": begun, "template": "ack-sms", "script": "en", "pick": "1"}
    page = browser("manager").post(act(case, "acknowledge"), typed)
    assert words_in(page).count(case.reference) == 1 and "Acknowledg" not in words_in(page)
    assert page.context["shelf"].begun == ("ack-sms",) and re.search(r"[A-Za-z]{4} [a-z]{2}", words_in(page))
    assert browser("manager").post(act(case, "acknowledge"), typed | {"template": "minutes-call"}).status_code == 404


def test_a_clinic_that_switched_these_templates_off_begins_from_the_procedure(make_case, tmp_path):
    case = make_case()
    assert acknowledging(case, NOON)
    codes = [row.id for row in templates_for("tw", situation="acknowledgement")]
    off = "".join(f"  - {{section: templates, id: {code}, reason: 本院另有說法}}\n" for code in codes)
    overlay(tmp_path, f"disable:\n{off}", base="wording/base", kind="wording", jurisdiction="any")
    packs_load(folder=tmp_path, actor=SYSTEM, now=NOON)
    try:
        assert acknowledging(case, NOON) == ""
        page = AcknowledgeForm(case=case, profile=None, now=NOON)
        assert "由個案經理負責" in page["words"].initial
    finally:
        selectors.forget()


@pytest.mark.requirement("A-12")
def test_each_way_of_telling_has_its_templates(browser, make_case):
    told = make_case("acknowledged")
    manager = browser("manager")
    assert {"ack-phone", "emergency-now", "progress-short", "progress-written"} <= listed(manager.get(act(told, "plan")))
    assert {"tw-records", "refusal-immediate"} <= listed(manager.post(act(told, "demand-answer"), {}))
    assert {"minutes-call", "minutes-meeting", "delay-phone"} <= listed(manager.get(act(told, "contact")))
    assert {"findings-plain", "tw-complication-care"} <= listed(manager.get(act(make_case("investigating"), "disclose")))
    page = manager.get(act(told, "plan")).content.decode()
    assert re.search(r'value="progress-short"[^>]*data-fits="sms line">[^<]*（簡訊、LINE）', page)
    assert "tw-fault-care" in page  # an ungraded case is written to as one of level two


@pytest.mark.requirement("B-02")
def test_what_is_said_on_the_telephone_is_read_aloud_and_what_was_said_is_written_down(browser, make_case):
    case, manager = make_case("acknowledged"), browser("manager")
    typed = {"kind": "call", "direction": "out", "channel": "telephone", "happened_at": "2026-03-11T09:50", "points": "她說很擔心。"}
    page = manager.post(act(case, "contact"), typed | {"template": "delay-phone", "pick": "1"})
    assert words_in_field(page, "points") == "她說很擔心。" and "照著說" in page.content.decode()
    assert "現在做不到，先打來向您道歉" in page.content.decode() and "原因是〔理由〕" in page.content.decode()

    page = manager.post(act(case, "contact"), typed | {"template": "minutes-call", "pick": "1"})
    points = words_in_field(page, "points")
    assert points.startswith("她說很擔心。\n\n日期：") and "{points}" in points
    held = manager.post(act(case, "contact"), typed | {"points": points})
    assert held.status_code == 422 and "還缺：" in held.content.decode() and words_in_field(held, "points") == points
    assert not ContactEntry.objects.filter(case=case, channel="telephone", points__body__contains="日期：").exists()


def words_in_field(page, name: str) -> str:
    return re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n?(.*?)</textarea>', page.content.decode(), re.S)[1]


def test_a_template_of_the_page_by_itself_knows_the_clinic_and_no_case(browser, cast):
    asked = {"surface": "public_reply", "reply_to": "negative_review", "words": "", "template": "review-negative", "pick": "1"}
    page = browser("nurse").post(reverse("desk:guard"), asked)
    assert cast.branches["TN"].name("zh-hant") in words_in(page) and "還不能送出" in page.content.decode()
    assert browser("nurse").post(reverse("desk:guard"), asked | {"template": "legal-review-before-offer"}).status_code == 404


@pytest.mark.requirement("A-07")
def test_a_letter_remembers_which_templates_it_was_begun_from(browser, make_case):
    case = make_case("acknowledged")
    typed = {"channel": "portal", "words": "您好，明天 18:00 前回您。", "begun": "progress-written thanks \x00 no-such progress-written"}
    assert browser("manager").post(write(case), typed).status_code == 302
    assert Message.objects.get(subject_stream=case.stream).templates == ["progress-written", "thanks"]


# --- forms that have templates of their own ------------------------------------------------------------------------


@pytest.mark.requirement("A-07")
def test_each_of_these_forms_offers_what_is_for_it_and_no_other_form_does(browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    own = {
        "promise": {"promise-call", "promise-document", "promise-meeting"},
        "evidence-ask": {"evidence-theirs", "evidence-photos", "evidence-ours"},
        "interview": {"interview-person", "interview-colleague", "interview-record"},
        "resolve": {"spot-settled", "spot-small"},
    }
    for code, offered in own.items():
        assert listed(client.get(act(case, code))) == offered, code
    elsewhere = listed(client.get(write(case))) | listed(client.get(act(case, "contact"))) | listed(client.get(act(case, "plan")))
    assert not elsewhere & set().union(*own.values())


@pytest.mark.requirement("A-07")
def test_a_promise_names_the_day_that_is_typed_and_not_that_of_another_one(browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    assert case.promises.filter(kept_at=None).exists()
    page = client.post(act(case, "promise"), {"words": "", "due_at": "", "template": "promise-call", "pick": "1"})
    assert "{by_when}" in page.context["form"].initial["words"]
    typed = {"words": "好的。", "due_at": "2026-12-24T17:30", "template": "promise-call", "pick": "1"}
    words = client.post(act(case, "promise"), typed).context["form"].initial["words"]
    assert words.startswith("好的。 ") and "12/24" in words and "17:30" in words and "\n" not in words


@pytest.mark.requirement("A-07")
def test_an_interview_is_opened_aloud_and_its_record_is_written(browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    page = client.post(act(case, "interview"), {"minutes": "", "template": "interview-person", "pick": "1"})
    assert "不打斷" in page.context["shelf"].aloud and not page.context["form"].initial.get("minutes")
    page = client.post(act(case, "interview"), {"minutes": "", "template": "interview-record", "pick": "1"})
    assert page.context["form"].initial["minutes"].startswith("本人自己說的") and not page.context["shelf"].aloud


# --- what was begun from a template stays so -----------------------------------------------------------------------


@pytest.mark.requirement("D-11")
def test_an_act_begun_from_such_a_template_waits_for_legal_however_it_was_changed(browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    person = str(case.parties.get().uid)
    acts = {
        "promise": {"words": "星期五打電話給您。", "due_at": "2026-12-24T17:30"},
        "plan": {"words": "謝謝您，星期五再跟您說。", "method": "telephone"},
        "evidence-ask": {"kind": "correspondence", "party": person, "words": "請給我們收據。", "due_at": "2026-12-24T17:30"},
        "resolve": {"words": "等太久，道了歉，對方說好。", "content": "on"},
    }
    for code, typed in acts.items():
        page = client.post(act(case, code), typed | {"begun": "nothing-of-the-sort goodwill"})
        asks = page.context["form"].refused.words.asks
        assert [(each.by, each.code) for each in asks] == [("template", "goodwill")], code
        assert page.context["shelf"].begun == ("goodwill",), "what no pack knows is dropped, what is known is carried on"
    assert client.post(act(case, "promise"), acts["promise"] | {"begun": "nothing-of-the-sort"}).status_code == 302


@pytest.mark.requirement("D-11")
def test_after_a_yes_the_same_words_leave_and_others_wait_again(browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    typed = {"words": "星期五打電話給您。", "due_at": "2026-12-24T17:30", "begun": "goodwill"}
    assert client.post(act(case, "promise"), typed | {"_clear": "words", "_why": "和對方談過"}).status_code == 302
    row = Clearance.objects.get()
    where = reverse("desk:clearance", args=[case.reference, row.uid])
    legal = browser("legal")
    assert html.escape(str(template_named("tw", "goodwill").title)) in legal.get(where).content.decode(), "legal reads which template it was begun from"
    decide = reverse("desk:clearance_decide", args=[case.reference, row.uid])
    assert legal.post(decide, {"yes": "1", "reason": "時間與人都寫明了"}).status_code == 302
    again = client.get(where).context["again"]
    assert ("begun", "goodwill") in again["fields"]
    assert client.post(again["url"], dict(again["fields"]) | {"words": "星期六打電話給您。"}).status_code == 422
    assert client.post(again["url"], dict(again["fields"])).status_code == 302
    assert case.promises.filter(words="星期五打電話給您。").exists()
