"""The rules of the guard as people read them, and how a clinic adds its own: without a script, errors where they belong."""

from __future__ import annotations

import pytest
from django.urls import reverse

from suyuan.correspondence.gate import Words
from suyuan.correspondence.own_models import AllowEntry, ClinicRule, TryOut
from suyuan.correspondence.services import allow_add, finding_dispute
from suyuan.platform import access
from suyuan.platform.models import AccessRow
from tests.cases.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-11")]

GIVEN = {
    "title": "不要只說等通知",
    "kind": "stalling",
    "phrases": "靜候通知\n中午前回電\n",
    "level_private_message": "warn",
    "why": "病人不知道要等到哪一天。",
    "safer": "明天中午前由專人回電。",
    "fires": "請您靜候通知。",
    "quiet": "我們今天就回覆。",
}


def url(name, *more):
    return reverse(f"desk:{name}", args=more)


def body(page) -> str:
    return page.content.decode()


def written(client, **changes) -> ClinicRule:
    said = client.post(url("own_rule_new"), GIVEN | changes)
    assert said.status_code == 302, body(said)
    return ClinicRule.objects.latest("pk")


def at(rule) -> tuple[str, str]:
    return url("own_rule", rule.uid), url("own_rule_do", rule.uid)


def test_from_writing_to_live_by_two_people(browser, make_case):
    make_case("acknowledged")  # 我們收到了，由經理負責，明天中午前回電。
    manager, head = browser("manager"), browser("head")
    page, do = at(written(manager))
    assert "試跑完才能啟用" in body(manager.get(page))
    manager.post(do, {"do": "try"})
    said = body(manager.get(page))
    assert "<mark>中午前回電</mark>" in said and "其他規則沒有意見" in said and "您寫的規則由另一位同事啟用" in said
    assert manager.post(do, {"do": "live"}).status_code == 409
    assert head.post(do, {"do": "live"}).status_code == 302
    assert "不要只說等通知" in body(browser("receptionist").get(url("own_rules")))
    assert manager.post(do, {"do": "end", "why": ""}).status_code == 422
    manager.post(do, {"do": "end", "why": "改用範本"})
    assert ClinicRule.objects.get().state == "ended"


def test_the_result_shows_only_cases_its_reader_sees_and_leaves_a_line(browser, make_case, cast):
    case = make_case("acknowledged")
    manager = browser("manager")
    page, do = at(written(manager))
    manager.post(do, {"do": "try"})
    access.flush()
    before = AccessRow.objects.count()
    assert case.reference in body(manager.get(page))
    access.flush()
    assert AccessRow.objects.filter(what="rules.tryout").count() == 1 and AccessRow.objects.count() == before + 1
    assert case.reference not in body(browser("legal").get(page))  # level 1, nobody asked counsel
    assert case.reference not in body(browser("receptionist").get(page))
    assert browser("stranger").get(page).status_code == 404


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(browser):
    wrong = {"frames": "<nobody> .. 通知", "level_private_message": "", "why": "", "quiet": "請您靜候通知。"}
    page = browser("manager").post(url("own_rule_new"), GIVEN | wrong)
    assert page.status_code == 422 and "為什麼不能這樣寫" in body(page)
    page = browser("manager").post(url("own_rule_new"), GIVEN | wrong | {"why": "x"})
    errors = page.context["form"].errors
    assert {"frames", "level_public_reply"} <= set(errors) and "nobody" in str(errors["frames"])
    assert "&lt;nobody&gt; .. 通知" in body(page)
    page = browser("manager").post(url("own_rule_new"), GIVEN | {"quiet": "請您靜候通知。"})
    assert "靜候通知" in str(page.context["form"].errors["quiet"]) and not ClinicRule.objects.exists()


def test_a_live_rule_gets_its_next_version(browser):
    manager, head = browser("manager"), browser("head")
    first = written(manager)
    for who, do in ((manager, "try"), (head, "live")):
        who.post(at(first)[1], {"do": do})
    assert "靜候通知" in body(manager.get(url("own_rule_write", first.uid)))
    assert manager.post(url("own_rule_write", first.uid), GIVEN | {"title": "別讓人空等"}).status_code == 302
    assert list(ClinicRule.objects.order_by("pk").values_list("version", "state")) == [(1, "live"), (2, "draft")]


def test_while_the_worker_reads_the_page_says_how_far_it_is(browser, cast):
    rule = written(browser("manager"))
    TryOut.objects.create(
        rule=rule, digest=rule.digest, asked_by=cast.manager.user, asked_at=NOON, planned=900, read=400
    )
    assert "讀了 400 段，共 900 段" in body(browser("manager").get(url("own_rule", rule.uid)))


def test_words_of_the_clinics_own(browser):
    manager = browser("manager")
    assert manager.post(url("own_word_add"), {"kind": "phone", "words": "12", "why": "x"}).status_code == 422
    assert manager.post(url("own_word_add"), {"kind": "phone", "words": "0912345678", "why": "值班手機"}).status_code == 302
    assert "0912345678" in body(browser("nurse").get(url("own_rules")))
    entry = AllowEntry.objects.get()
    assert browser("nurse").post(url("own_word_end", entry.uid), {"why": "x"}).status_code == 404
    manager.post(url("own_word_end", entry.uid), {"why": "退租"})
    assert "0912345678" not in body(browser("nurse").get(url("own_rules")))


def test_other_branches_words_and_rules_are_not_there(browser, cast):
    entry = allow_add(kind="phone", words="0912345678", why="x", branch=cast.tp, actor=cast.stranger.actor, now=NOON)
    assert "0912345678" not in body(browser("manager").get(url("own_rules")))
    assert browser("manager").post(url("own_word_end", entry.uid), {"why": "x"}).status_code == 404
    for name in ("receptionist", "auditor", "spokesman"):
        assert browser(name).get(url("own_rule_new")).status_code == 404


def test_the_shipped_rules_say_what_they_look_for(browser):
    said = body(browser("receptionist").get(url("wording"), {"kind": "patient_data"}))
    assert "不能放行" in said and "會被找到" in said and "等審閱" in said


# --- false alarms --------------------------------------------------------------------------------------------------


def reported(words: Words, what: str, **said):
    """A report of the finding in which these words stand."""
    found = next(f for f in words.verdict.findings if f.start <= words.text.index(what) < f.end)
    return finding_dispute(words=words, rule=found.rule, start=found.start, end=found.end, now=NOON, **said)


@pytest.fixture
def disputed(cast, make_case):
    """Two reports: one from the page that belongs to no case, one from a case that counsel does not see."""
    case = make_case("acknowledged")
    about = {"branch_id": cast.tn.pk, "surface": "private_message"}
    free = Words(text="請打 02-2771-0835 找林小姐，您根本是無理取鬧。", stream=f"branch:{cast.tn.uid}", **about)
    free = reported(free, "無理取鬧", why="這是總機。", actor=cast.receptionist.actor)
    bound = reported(Words(text="您太挑剔了", stream=case.stream, **about), "太挑剔", why="引用她的話。", actor=cast.manager.actor)
    return case, free, bound


def test_whoever_may_read_the_case_judges_the_report(browser, disputed):
    case, free, bound = disputed
    page = body(browser("head").get(url("disputes")))
    assert "您太挑剔" in page and case.reference in page and "這是總機。" in page
    hidden = body(browser("legal").get(url("disputes")))
    assert "您太挑剔" not in hidden and "引用她的話" not in hidden and case.reference not in hidden and "這是總機。" in hidden
    answer = {"outcome": "agreed", "why": "確實是引用"}
    assert browser("legal").post(url("dispute_answer", bound.uid), answer).status_code == 404
    assert browser("manager").post(url("dispute_answer", bound.uid), answer).status_code >= 403  # the one who reported it
    assert browser("head").post(url("dispute_answer", free.uid), {"outcome": "agreed", "why": " "}).status_code == 422
    assert browser("head").post(url("dispute_answer", bound.uid), answer).status_code == 302
    bound.refresh_from_db()
    assert (bound.outcome, bound.outcome_why) == ("agreed", "確實是引用")
    for name in ("receptionist", "auditor", "spokesman"):
        assert browser(name).get(url("disputes")).status_code == 404


def test_the_file_for_the_keepers_names_nobody(browser, disputed):
    _case, free, bound = disputed
    head = browser("head")
    for each in (free, bound):
        head.post(url("dispute_answer", each.uid), {"outcome": "kept", "why": "由沈經理 0912-345-678 確認"})
    said = head.get(url("disputes_file"))
    text = body(said)
    assert "rule: QUARREL-BELITTLE-1" in text and "outcome: kept" in text and "attachment" in said["Content-Disposition"]
    assert not any(word in text for word in ("2771", "林小姐", "0912", "溪岸", "TN"))
    assert AccessRow.objects.filter(what="rules.disputes_file", purpose="copy").count() == 1
