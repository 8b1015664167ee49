"""Law that counts no days: listed under the clocks of a case once something it concerns was recorded."""
from __future__ import annotations

import pytest
from django.urls import reverse

from suyuan.accounts.models import Branch
from suyuan.cases.models import ContactEntry
from suyuan.cases.selectors.law import law_notices
from suyuan.cases.services import handling, investigation, outside, parties
from suyuan.cases.services.intake import danger_raise
from suyuan.platform.models import FactRow
from tests.cases.cast import HOUR, NOON, case_made, fresh
from tests.desk.test_acts import act

pytestmark = pytest.mark.django_db

EVERYTHING = {"", "care_talk", "root_cause"}
MEETING = {
    "kind": "meeting", "direction": "in", "channel": "in_person", "happened_at": "2026-03-11T09:30", "points": "談退費。",
}  # fmt: skip


def rules_of(case, compartments=EVERYTHING) -> set[str]:
    return {rule.rule_id for rule in law_notices(case, compartments)}


def shown(client, case) -> str:
    return client.get(reverse("desk:case", args=[case.reference])).content.decode()


def test_nothing_is_shown_that_no_fact_concerns(browser, make_case):
    case = make_case()
    assert rules_of(case) == set()
    assert "沒有期限的法規" not in shown(browser("manager"), case)


def test_a_fact_brings_its_rules_with_title_article_and_what_to_leave(cast, browser, make_case):
    case = make_case()
    danger_raise(case=case, signs=["sight"], words="", actor=cast.manager.actor, now=NOON)
    outside.proceeding_open(case=fresh(case), kind="tw_mediation", actor=cast.manager.actor, now=NOON)
    assert rules_of(case) == {"TW-RESC-1", "TW-APOL-2", "TW-DEF-1"}
    html = shown(browser("manager"), case)
    part = html.partition("這件也適用、沒有期限的法規")[2].partition("</section>")[0]
    for words in ("危急病人先急救，不得拖延", "調解中所說的話受到保護", "法定", "醫療事故預防及爭議處理法"):
        assert words in part, words
    assert "<details" in part and "sy-dk-law-list" in html and 'sy-dk-law-list"><summary' not in html


def test_more_than_three_are_folded(cast, browser):
    case = case_made(cast, branch=cast.sh)
    assert rules_of(case) == {"CN-TELL-1", "CN-CH-1", "CN-COMP-2", "CN-EXPL-1"}
    html = shown(browser("mainlander"), case)
    assert "這件也適用、沒有期限的法規 4 條" in html or "这件也适用、没有期限的法规 4 条" in html
    assert "法定・待確認" in html or "法定・待确认" in html  # one of them is quoted at second hand


def test_a_registration_is_read_as_all_that_it_says(make_case):
    assert rules_of(make_case(communication_need="sign")) == {"TW-CARE-2"}
    assert "TW-DEF-1" in rules_of(make_case(harm="alleged"))


def test_what_is_kept_apart_is_listed_only_for_its_readers(cast, make_case):
    case = make_case("acknowledged")
    handling.contact_log(
        case=case, kind="care_talk", channel="in_person", direction="out", happened_at=NOON, points="說明與致歉。",
        actor=cast.manager.actor, now=NOON,
    )  # fmt: skip
    assert {"TW-CARE-3", "TW-APOL-1"} <= rules_of(case, {"", "care_talk"})
    assert not {"TW-CARE-3", "TW-APOL-1"} & rules_of(case, {""})
    notes = next(rule for rule in law_notices(case, {"", "care_talk"}) if rule.rule_id == "TW-CARE-3").notes
    assert any("紀錄至少保存 3 年" in note for note in notes)


def test_the_law_of_the_branch_it_stands_in_now(cast, make_case):
    case = make_case()
    parties.complained_set(case=case, user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    investigation.statement_ask(
        case=fresh(case), user=cast.accused.user, alleged="等了很久。", due_at=NOON + 48 * HOUR, actor=cast.manager.actor, now=NOON
    )
    assert rules_of(case) == {"TW-STAFF-1"}
    case.jurisdiction, case.branch = "cn", Branch.objects.get(code="SH")
    assert "TW-STAFF-1" not in rules_of(case)


def test_the_words_on_reporting_name_the_overlay(cast):
    case = case_made(cast, branch=cast.sh)
    handling.incident_identify(case=case, kind="major_dispute", words="", actor=cast.mainlander.actor, now=NOON)
    told = {rule.rule_id: rule.explained for rule in law_notices(case, {""})}
    assert "疊加的作業包" in told["CN-RPT-1"] and "設定" not in told["CN-RPT-1"]


# --- at most five a side (CN-NEG-1) -----------------------------------------------------------------------------------


def test_a_meeting_on_the_mainland_asks_how_many_came(cast, browser):
    case = case_made(cast, branch=cast.sh)
    client = browser("mainlander")
    asked = act(client, "contact", case, **MEETING)
    assert asked.status_code == 422 and not ContactEntry.objects.exists()
    assert act(client, "contact", case, **MEETING, theirs="5", ours="2").status_code == 302
    fact = FactRow.objects.get(stream=case.stream, type="contact.logged")
    assert (fact.plain["theirs"][1], fact.plain["ours"][1]) == (5, 2)
    assert "CN-NEG-1" in rules_of(case)


def test_more_than_five_are_refused_once_and_taken_down_as_they_were(cast, browser):
    case = case_made(cast, branch=cast.sh)
    client = browser("mainlander")
    over = act(client, "contact", case, **MEETING, theirs="6", ours="2")
    assert over.status_code == 422 and "5" in over.content.decode() and not ContactEntry.objects.exists()
    assert act(client, "contact", case, **MEETING, theirs="6", ours="2", beyond="on").status_code == 302
    assert ContactEntry.objects.count() == 1


def test_a_call_on_the_mainland_and_a_meeting_in_taiwan_ask_for_no_number(cast, browser, make_case):
    mainland, here = case_made(cast, branch=cast.sh), make_case()
    assert act(browser("mainlander"), "contact", mainland, **{**MEETING, "kind": "call"}).status_code == 302
    client = browser("manager")
    assert 'name="theirs"' not in client.get(reverse("desk:act-contact", args=[here.reference])).content.decode()
    assert act(client, "contact", here, **MEETING).status_code == 302
