"""Drafts under the eye of the guard: looked at, held at their field with nothing lost, asked about, and sent as they were."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from suyuan.cases.models import Promise
from suyuan.cases.services.intake import PersonGiven
from suyuan.cases.services.parties import party_add
from suyuan.correspondence.models import Clearance, FindingDispute, Message, VerdictRow
from suyuan.platform.facts import facts_told
from suyuan.platform.models import FactRow, Text
from tests.cases.cast import NOON
from tests.correspondence.held import CLEAN, GAG, SAFER, WARNED

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-11")]

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


def words(answer) -> str:
    return answer.content.decode()


@pytest.mark.requirement("A-07")
def test_a_draft_with_an_unfilled_place_says_which_and_offers_to_go_there(browser, make_case):
    case, manager = make_case(), browser("manager")
    text = CLEAN + "請打{phne}或 {phone}。"
    where = f"/cases/{case.reference}/letters/write/"
    for page in (
        words(manager.post("/guard/check/", {"words": text, "surface": "private_message", "reference": case.reference})),
        words(manager.post(where, {"words": text, "channel": "portal", "_check": "1"})),
        words(manager.post(where, {"words": text, "channel": "portal", "emergency": "on"})),
    ):
        assert "還不能送出，有沒填的地方" in page and "可以送出" not in page and 'data-open="2"' in page
        assert f'data-sy-hole data-start="{text.index("{phone}")}"' in page and "診所電話，到文字裡填" in page
    assert not Message.objects.exists()


@pytest.mark.requirement("B-10")
def test_a_draft_is_looked_at_and_kept_nowhere(browser, make_case):
    case, manager = make_case(), browser("manager")
    before = (Text.objects.count(), FactRow.objects.count(), VerdictRow.objects.count())
    asked = {"words": WARNED, "surface": "private_message", "reference": case.reference, "askable": "1"}
    answer = manager.post("/guard/check/", asked)
    page = words(answer)
    start = WARNED.index("保證")
    assert answer.status_code == 200 and f'data-start="{start}"' in page and 'data-level="warn"' in page
    assert "要另一位同事核准才能送出" in page and "送交核准" in page and "全部採用後" in page and "採用" in page
    kept = words(manager.post("/guard/check/", asked | {"words": CLEAN}))
    assert page.count("sy-principles__kept") < kept.count("sy-principles__kept")
    assert (Text.objects.count(), FactRow.objects.count(), VerdictRow.objects.count()) == before
    assert browser("stranger").post("/guard/check/", asked).status_code == 404
    assert manager.post("/guard/check/", asked | {"surface": "wall"}).status_code == 422


def test_a_letter_is_looked_at_for_the_one_who_will_read_it(browser, make_case, cast):
    case, manager = make_case(complainant=PersonGiven(family_name="溫", given_name="若嵐")), browser("manager")
    beside = party_add(
        case=case, person=PersonGiven(family_name="羅", given_name="大同"), roles=["companion"], actor=cast.manager.actor, now=NOON
    )
    first, text = case.parties.exclude(pk=beside.pk).get(), CLEAN + "羅大同先生也可以一起來。"
    asked = {"words": text, "surface": "private_message", "reference": case.reference}
    told = "這封信寫給一個人"
    assert told in words(manager.post("/guard/check/", asked | {"party": str(first.uid)}))
    assert told not in words(manager.post("/guard/check/", asked | {"party": str(beside.uid)}))
    assert told not in words(manager.post("/guard/check/", asked)) == words(manager.post("/guard/check/", asked | {"party": "x"}))
    where, typed = f"/cases/{case.reference}/letters/write/", {"words": text, "channel": "portal", "_check": "1"}
    assert told in words(manager.post(where, typed | {"party": str(first.uid)}))
    assert told not in words(manager.post(where, typed | {"party": str(beside.uid)}))


@pytest.mark.requirement("D-04")
@pytest.mark.parametrize(
    ("text", "safer"),
    [
        ("我們保證三個月內會完全恢復。", "恢復的情形因人而異"),
        ("我们保证三个月内会完全恢复。", "恢复情况因人而异"),
        ("We guarantee a full recovery, you will be fine.", "Recovery differs"),
    ],
)
def test_safer_words_are_in_the_language_of_the_draft(browser, cast, text, safer):
    page = words(browser("nurse").post("/guard/check/", {"words": text, "surface": "private_message"}))
    assert safer in page.split('class="sy-finding__safer"')[1].split("</p>")[0]


def test_machines_ask_the_same_page(browser, cast):
    asked = {"text": GAG, "surface": "settlement", "jurisdiction": "tw"}
    answer = browser("nurse").post("/guard/", asked, HTTP_ACCEPT="application/json").json()
    assert answer["verdict"] == "block" and "gag" in {each["kind"] for each in answer["findings"]}
    assert all(set(each) == {"kind", "level", "start", "end", "rule"} for each in answer["findings"])
    assert browser("nurse").post("/guard/", asked | {"surface": "x"}, HTTP_ACCEPT="application/json").status_code == 422


def test_without_a_script_a_button_makes_the_same_journey(browser, make_case):
    case, manager = make_case(), browser("manager")
    where = f"/cases/{case.reference}/letters/write/"
    typed = {"words": WARNED, "channel": "portal"}
    looked = words(manager.post(where, typed | {"_check": "1"}))
    assert "須核准 1 處" in looked and "保證三個月內" in looked
    adopted = words(manager.post(where, typed | {"_adopt": "words"}))
    assert "保證三個月內" not in adopted.split("<textarea")[1] and "須核准" not in adopted.split("全部採用後")[0]
    assert not Message.objects.filter(direction="out").exists()


def test_the_page_by_itself_reads_for_the_place_that_was_chosen(browser, cast):
    asked = {"words": "謝謝林小姐昨天來做雙眼皮。", "reply_to": "positive_review", "_check": "1"}
    nurse = browser("nurse")
    assert "sy-verdict--block" in words(nurse.post("/guard/", asked | {"surface": "public_reply"}))
    assert "sy-verdict--block" not in words(nurse.post("/guard/", asked | {"surface": "private_message"}))


def test_an_act_is_held_at_its_field_asked_about_and_done_with_one_click(browser, make_case, cast):
    case, manager = make_case(), browser("manager")
    where = f"/cases/{case.reference}/do/promise/"
    typed = {"words": "保證三個月內會完全恢復", "due_at": (NOON + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M")}
    held = manager.post(where, typed)
    page = words(held)
    assert held.status_code == 422 and "另一位同事核准" in page and typed["words"] in page and typed["due_at"] in page
    assert 'name="_clear"' in page and not Promise.objects.filter(words=typed["words"]).exists()

    assert manager.post(where, typed | {"_clear": "1", "_why": "醫師這樣說的"}).status_code == 302
    asked = Clearance.objects.get()
    assert case.reference in words(manager.get("/clearances/"))
    head = browser("head")
    assert "有一段話等您核准" in words(head.get("/")) and "醫師這樣說的" in words(head.get("/clearances/"))
    its_page = f"/cases/{case.reference}/clearances/{asked.uid}/"
    assert "sy-mark-warn" in words(head.get(its_page)) and 'name="reason"' not in words(manager.get(its_page))
    blank = head.post(f"{its_page}decide/", {"yes": "1", "reason": " "})
    assert blank.status_code == 422 and "請寫下理由" in words(blank)
    assert head.post(f"{its_page}decide/", {"yes": "1", "reason": "醫師確認過"}).status_code == 302
    assert manager.post(f"{its_page}decide/", {"yes": "1", "reason": "我也"}).status_code == 409

    assert "的話已核准，可以送出" in words(manager.get("/"))
    fields = dict(HIDDEN.findall(words(manager.get(its_page)).split(f'action="{where}"')[1].split("</form>")[0]))
    assert manager.post(where, fields).status_code == 302
    assert Promise.objects.filter(case=case, words=typed["words"]).count() == 1
    assert "的話已核准" not in words(manager.get("/"))


def test_words_that_may_never_leave_ask_nobody(browser, make_case):
    case, manager = make_case(), browser("manager")
    held = manager.post(f"/cases/{case.reference}/letters/write/", {"words": GAG, "channel": "portal", "_clear": "1"})
    page = words(held)
    assert held.status_code == 422 and "誰都不能放行" in page and GAG in page and 'name="_clear"' not in page
    assert not Clearance.objects.exists()
    assert manager.post(f"/cases/{case.reference}/letters/write/", {"words": SAFER, "channel": "portal"}).status_code == 302


def report(client, case, text: str, rule: str, span: tuple[int, int], **more):
    said = {"words": text, "rule": rule, "start": span[0], "end": span[1], "surface": "private_message", "why": "是引用對方的話"}
    return client.post("/guard/dispute/", said | {"reference": case.reference} | (more.pop("wrong", {}) | more))


def test_a_false_alarm_is_kept_as_the_guard_reads_it_and_not_as_it_was_sent(browser, make_case):
    case, manager = make_case(), browser("manager")
    text = "您好。我們保證林怡君小姐三個月內會完全恢復。"
    span = (text.index("保證"), text.index("。", 5))
    forged = {"quoted": "林怡君 A123456789", "kind": "gag", "level": "block"}
    assert report(manager, case, text, "EP-SURE-1", span, **forged).status_code == 302
    kept = FindingDispute.objects.get()
    assert (kept.stream, kept.rule, kept.kind, kept.level) == (case.stream, "EP-SURE-1", "effect_promise", "warn")
    assert kept.words.startswith("保證") and kept.words.endswith("完全恢復") and "怡君" not in kept.words
    for wrong in ({"rule": "GAG-1"}, {"start": "1"}, {"words": CLEAN}, {"end": "x"}, {"surface": "wall"}, {"why": " "}):
        assert report(manager, case, text, "EP-SURE-1", span, wrong=wrong).status_code == 422
    assert report(browser("stranger"), case, text, "EP-SURE-1", span).status_code == 404
    assert FindingDispute.objects.count() == 1


def test_neither_the_words_nor_the_reason_of_a_report_name_anybody(browser, make_case):
    case, text = make_case(), "林怡君小姐您太挑剔了，請打 0912-345-678。"
    who = case.patient.full_name
    start = text.index("您太")
    assert report(browser("manager"), case, text, "QUARREL-BELITTLE-1", (start, start + 4), why=f"{who}自己說的，0912345678").status_code == 302
    kept = FindingDispute.objects.get()
    fact = FactRow.objects.get(type="dispute.raised")
    assert kept.words.endswith("挑剔") and who not in kept.why and "0912" not in kept.why and "自己說的" in kept.why
    assert who not in str(facts_told([fact])[0].private)
