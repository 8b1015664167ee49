"""Who gets which page, and what stands on it."""
from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from suyuan.cases.models import Task
from suyuan.cases.services import handling, intake, investigation, parties
from suyuan.cases.services.intake import IssueGiven, PersonGiven
from suyuan.people.rules import Contact
from suyuan.people.services import contact_add
from suyuan.playbooks import selectors
from tests.cases.cast import HOUR, NOON, case_made, fresh

pytestmark = pytest.mark.django_db

EVERYBODY = ("today", "handover", "cases", "packs", "statements")
OF_A_CASE = ("case", "older", "investigation", "outside", "files", "letters", "print", "registered")
TO_MANAGE = ("letter_write", "survey")
WORDS = "打電話都沒有人回"


def address(name: str, case=None) -> str:
    return reverse(f"desk:{name}", args=[case.reference] if case else [])


def shown(client: Client, name: str, case=None, **query) -> str:
    answer = client.get(address(name, case), query)
    assert answer.status_code == 200, (name, answer.status_code)
    return answer.content.decode()


@pytest.mark.parametrize("who", ["receptionist", "nurse", "doctor", "manager", "legal", "spokesman", "cashier", "head",
                                 "auditor", "accused", "stranger", "mainlander"])  # fmt: skip
def test_everybody_has_a_day_a_list_and_the_rules(who, browser, make_case):
    make_case("investigating")
    client = browser(who)
    for name in EVERYBODY:
        assert client.get(address(name)).status_code == 200, name


@pytest.mark.parametrize(
    ("who", "status"),
    [("manager", 200), ("head", 200), ("receptionist", 200), ("doctor", 200), ("auditor", 200), ("colleague", 200),
     ("nurse", 404), ("legal", 404), ("spokesman", 404), ("cashier", 404), ("stranger", 404), ("mainlander", 404)],
)  # fmt: skip
def test_the_pages_of_a_case_open_to_those_who_see_it(who, status, browser, make_case):
    case = make_case("investigating")
    client = browser(who)
    for name in OF_A_CASE:
        assert client.get(address(name, case)).status_code == status, name


@pytest.mark.parametrize(("who", "status"), [("manager", 200), ("head", 200), ("receptionist", 403), ("auditor", 403)])
def test_writing_to_the_person_is_for_those_who_manage(who, status, browser, make_case):
    case = make_case("investigating")
    for name in TO_MANAGE:
        assert browser(who).get(address(name, case)).status_code == status, name


def test_without_a_session_every_page_asks_for_a_login(cast, make_case):
    case = make_case()
    for url in (address("today"), address("case", case), reverse("desk:act-raise", args=[case.reference])):
        answer = Client().get(url)
        assert answer.status_code == 302 and "/login/" in answer["Location"]


def test_a_number_that_is_none_is_not_there(browser):
    for reference in ("nothing", "TN26-0000-0000", "<script>", "%00"):
        assert browser("manager").get(f"/cases/{reference}/").status_code == 404


def test_the_case_page_says_who_what_and_what_is_next(browser, make_case):
    case = make_case("investigating")
    page = shown(browser("manager"), "case", case)
    for words in ("例小安", "左眼腫脹", "雙眼皮手術三週了", case.reference, "下一步", "還差", "打電話都沒有人回"):
        assert words in page, words
    assert "<title>" in page and "例小安" not in page.split("</title>")[0]


@pytest.mark.requirement("A-13")
def test_a_card_stands_beside_the_case_and_the_next_one_is_a_click_away(browser, make_case):
    case = make_case("acknowledged")
    page = shown(browser("manager"), "case", case)
    assert "sy-coach" in page and "?card=" in page
    assert "二、聽完" in shown(browser("manager"), "case", case, card="listen")


@pytest.mark.requirement("C-00")
@pytest.mark.requirement("E-02")
def test_the_reception_card_stands_beside_the_register(browser):
    page = shown(browser("receptionist"), "register")
    assert "接待不安或生氣的病人" in page and "隨時可以離開" in page and "門可以開著" in page
    assert "30 秒內" in page and "徵得同意" in page


def test_lists_and_the_day_mask_the_name(browser, make_case):
    case = make_case("investigating")
    client = browser("manager")
    for page in (shown(client, "cases"), shown(client, "today"), shown(client, "handover")):
        assert case.reference in page
        assert "例小安" not in page
        assert "例○安" in page


@pytest.mark.parametrize("query", ["例小安", "左眼", "TN", "打電話", "=1+1", "<script>alert(1)</script>", "' OR 1=1 --", "𠮷" * 200])
def test_any_search_answers(query, browser, make_case):
    make_case()
    page = shown(browser("manager"), "cases", q=query)
    assert "<script>alert" not in page


def test_filters_narrow_and_the_number_finds(browser, make_case):
    mine, other = make_case("acknowledged"), make_case()
    client = browser("manager")
    assert mine.reference in shown(client, "cases", owner="me")
    assert other.reference not in shown(client, "cases", owner="me")
    assert other.reference in shown(client, "cases", owner="none")
    assert mine.reference in shown(client, "cases", q=mine.reference.replace("-", "").lower())
    assert "沒有符合的案件" in shown(client, "cases", level="3")
    for odd in ({"level": "9"}, {"stage": "x"}, {"after": "zzz"}, {"state": "?"}, {"flag": "owner"}, {"after": "W251bGwsIDFd"}):
        shown(client, "cases", **odd)


# --- complained about ----------------------------------------------------------------------------------------------


@pytest.fixture
def accused_case(cast, make_case):
    case = make_case("investigating")
    manager = cast.manager.actor
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=manager, now=NOON)
    investigation.statement_ask(
        case=fresh(case), user=cast.accused.user, alleged="有人提到三月二日的換藥等了很久。", due_at=NOON + 48 * HOUR,
        actor=manager, now=NOON,
    )  # fmt: skip
    return fresh(case)


def test_a_nurse_complained_about_sees_her_statement_and_nothing_else(cast, browser, accused_case):
    handling.task_open(
        case=accused_case, kind="other", title="整理換藥紀錄", role="nurse", actor=cast.manager.actor, now=NOON
    )
    client = browser("accused")
    for name in (*OF_A_CASE, *TO_MANAGE):
        assert client.get(address(name, accused_case)).status_code == 404, name
    for page in (
        shown(client, "today"),
        shown(client, "cases"),
        shown(client, "cases", q=accused_case.reference),
        shown(client, "cases", q="左眼"),
        shown(client, "cases", q="例小安"),
        shown(client, "handover"),
    ):
        assert f"/cases/{accused_case.reference}/" not in page and "例○安" not in page
        assert "左眼腫脹" not in page and "整理換藥紀錄" not in page
    statement = accused_case.statements.get()
    page = client.get(reverse("desk:statement", args=[statement.uid])).content.decode()
    assert "換藥等了很久" in page and "支持" in page
    assert accused_case.reference not in page and "例小安" not in page and WORDS not in page
    assert "我的說明" in shown(client, "today")
    assert "我的說明" not in shown(browser("nurse"), "today")


def test_the_statement_is_hers_alone_and_said_once(browser, accused_case):
    url = reverse("desk:statement", args=[accused_case.statements.get().uid])
    assert browser("nurse").get(url).status_code == 404
    assert browser("manager").get(url).status_code == 404
    client = browser("accused")
    empty = client.post(url, {"words": "   "})
    assert empty.status_code == 422
    assert client.post(url, {"words": "那天只有我一個人值班。"}).status_code == 302
    assert "那天只有我一個人值班。" in client.get(url).content.decode()
    again = client.post(url, {"words": "換一個說法"})
    assert again.status_code == 409 and "換一個說法" not in client.get(url).content.decode()
    assert "那天只有我一個人值班。" in shown(browser("manager"), "investigation", accused_case)


# --- those who read no words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "flags"), [("spokesman", {"media": True}), ("cashier", {"wishes": ("compensation",)})])
def test_public_relations_and_finance_see_no_narrative(who, flags, cast, browser, make_case):
    case = make_case("acknowledged", **flags)
    handling.task_open(case=case, kind="other", title="回電給例小安", actor=cast.manager.actor, now=NOON,
                       assignee=cast.manager.user)  # fmt: skip
    client = browser(who)
    for page in (
        shown(client, "case", case),
        shown(client, "case", case, view="all"),
        shown(client, "older", case),
        shown(client, "cases"),
        shown(client, "cases", q="左眼"),
        shown(client, "today"),
    ):
        for words in ("例小安", "例○安", "左眼腫脹", WORDS, "明天中午前回電", "回電給例小安"):
            assert words not in page, words
    for name in ("investigation", "outside", "files", "letters", "print", "registered"):
        assert client.get(address(name, case)).status_code == 403, name
    assert case.reference in shown(client, "cases")


def test_a_closed_compartment_says_that_it_is_there_and_nothing_of_it(cast, browser, make_case):
    case = make_case("findings_disclosed")
    assert "沒有人負責回電" in shown(browser("head"), "investigation", case)
    page = shown(browser("receptionist"), "investigation", case)
    assert "沒有人負責回電" not in page and "受保護" in page
    assert "沒有人負責回電" not in shown(browser("receptionist"), "case", case, view="all")


# --- care first ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D-03")
def test_a_danger_sign_stands_above_everything_until_a_doctor_has_looked(cast, browser, make_case):
    case = make_case(danger_signs=("sight",))
    for who in ("manager", "doctor", "receptionist"):
        assert "照護優先" in shown(browser(who), "case", case)
    assert "照護優先" in shown(browser("manager"), "today") and "請醫師立即檢視" in shown(browser("manager"), "today")
    assert "記下檢視結果" in shown(browser("doctor"), "today")
    done = browser("doctor").post(
        reverse("desk:act-care", args=[case.reference]),
        {"kind": "examination", "happened_at": "2026-03-11T09:40", "words": "視力正常，明天回診。", "clears_danger": "on"},
    )
    assert done.status_code == 302
    assert "照護優先" not in shown(browser("manager"), "today")
    assert "照護優先" not in shown(browser("manager"), "case", case)


# --- clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D-02")
def test_every_clock_explains_its_date(browser, make_case):
    case = make_case("investigating", wishes=("records_copy",))
    client = browser("manager")
    for clock in case.clocks.all():
        page = client.get(reverse("desk:clock", args=[case.reference, clock.uid])).content.decode()
        assert "這個日期是怎麼算的" in page
        if clock.basis == "law":
            assert "出處" in page and "條文" in page and "法定期限不能暫停" in page
    assert client.get(reverse("desk:clock", args=[case.reference, "00000000-0000-4000-8000-000000000000"])).status_code == 404


def test_a_house_clock_rests_and_goes_on(browser, make_case):
    case = make_case("investigating")
    client = browser("manager")
    page_of = {c: client.get(reverse("desk:clock", args=[case.reference, c.uid])).content.decode()
               for c in case.clocks.filter(basis="house", state="running")}  # fmt: skip
    clock = next(c for c, page in page_of.items() if "暫停計時" in page)
    url = [case.reference, clock.uid]
    assert client.post(reverse("desk:clock_pause", args=url), {"reason": "等對方寄照片"}).status_code == 302
    page = client.get(reverse("desk:clock", args=url)).content.decode()
    assert "等對方寄照片" in page and "恢復計時" in page
    assert client.post(reverse("desk:clock_resume", args=url)).status_code == 302
    clock.refresh_from_db()
    assert clock.state == "running"


# --- budgets -------------------------------------------------------------------------------------------------------


def queries(client: Client, url: str) -> int:
    assert client.get(url).status_code == 200  # warm: packs, names
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return len([q for q in caught if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))])


def test_the_list_costs_at_most_ten_queries(cast, browser, make_case):
    client = browser("manager")
    make_case()
    one = queries(client, address("cases"))
    for _n in range(30):
        case_made(cast)
    assert max(one, queries(client, address("cases"))) <= 10
    assert queries(client, address("cases") + "?q=左眼") <= 12


def test_the_page_of_a_case_costs_the_same_whatever_its_length(cast, browser, make_case, monkeypatch):
    monkeypatch.setattr(selectors, "NEWEST_FOR", 3600.0)  # a slow machine does not look for newer packs in between
    case = make_case("investigating", wishes=("records_copy", "refund"))
    client = browser("manager")
    short = queries(client, address("case", case))
    for n in range(100):
        handling.contact_log(
            case=case, kind="call", channel="telephone", direction="out", happened_at=NOON, points=f"第 {n} 通" * 60,
            actor=cast.manager.actor, now=NOON,
        )  # fmt: skip
        handling.promise_make(case=case, words=f"回電 {n}", due_at=NOON + HOUR, actor=cast.manager.actor, now=NOON)
        handling.task_open(case=case, kind="other", title=f"事 {n}", role="nurse", actor=cast.manager.actor, now=NOON)
    assert case.stream and queries(client, address("case", case)) == short <= 15


def test_older_facts_follow_page_by_page(cast, browser, make_case):
    case = make_case("acknowledged")
    for n in range(120):
        handling.promise_make(case=case, words=f"第{n:03d}個", due_at=NOON + HOUR, actor=cast.manager.actor, now=NOON)
    client = browser("manager")
    url, seen = address("case", case), []
    while url:
        page = client.get(url, headers={"HX-Request": "true"} if "older" in url else {}).content.decode()
        seen += [n for n in range(120) if f"答應對方：第{n:03d}個" in page]
        at = page.find("/older/?before=")
        url = page[page.rfind('"', 0, at) + 1 : page.find('"', at)] if at >= 0 else ""
    assert sorted(seen) == list(range(120))


def test_two_people_on_one_case_hear_of_each_other(browser, make_case):
    case = make_case("acknowledged")
    url = address("presence", case)
    assert browser("head").post(url).status_code == 204  # reading is nobody's business
    assert browser("manager").post(url + "?writing").status_code == 204
    told = browser("colleague").post(url)
    assert told.status_code == 200 and "manager" in told.content.decode()
    assert browser("nurse").post(url).status_code == 404


def test_the_print_is_on_record_before_it_is_shown_and_keeps_protected_talks_in(cast, browser, make_case):
    from suyuan.platform.models import AccessRow

    case = make_case("acknowledged")
    handling.contact_log(
        case=case, kind="care_talk", channel="in_person", direction="out", happened_at=NOON, points="只給在場的人聽的話",
        actor=cast.manager.actor, now=NOON,
    )  # fmt: skip
    assert "只給在場的人聽的話" in shown(browser("manager"), "case", case)
    page = shown(browser("manager"), "print", case)
    assert case.reference in page and "申訴處理紀錄" in page and "只給在場的人聽的話" not in page
    assert AccessRow.objects.filter(what="case.print", stream=case.stream).count() == 1


def test_a_representative_and_a_patient_stand_apart(browser, make_case):
    case = make_case(
        relation="spouse", complainant=PersonGiven(family_name="例", given_name="大偉"),
        patient=PersonGiven(family_name="例", given_name="小美"), issues=(IssueGiven(subject="右眼"),),
    )  # fmt: skip
    page = shown(browser("receptionist"), "case", case)
    assert "例大偉" in page and "例小美" in page and "身分還沒有核對" in page


# --- a danger sign -------------------------------------------------------------------------------------------------

NO_CONTACT = "有危險徵象，沒有留下聯絡方式。"


@pytest.mark.requirement("C-13")
def test_the_doctors_list_says_when_nobody_can_be_called(cast, browser, make_case):
    case = make_case(danger_signs=("sight",), harm="alleged")
    for who, acts in (("doctor", ()), ("manager", ("寫在進度頁",))):
        client = browser(who)
        band = shown(client, "today").partition("sy-care")[2].partition("</section>")[0]
        assert NO_CONTACT in band and "聯絡病人" not in band
        assert all(words in band for words in acts)
        assert NO_CONTACT in shown(client, "case", case)
    contact_add(
        person=case.parties.get().person, contact=Contact("phone", "0900-000-777"), actor=cast.manager.actor, now=NOON
    )
    for who in ("doctor", "manager"):
        page = shown(browser(who), "today")
        assert NO_CONTACT not in page and "聯絡病人" in page
        assert NO_CONTACT not in shown(browser(who), "case", case)


def test_a_danger_sign_reported_later_says_so_too(cast, browser, make_case):
    case = make_case()
    intake.danger_raise(case=case, signs=["sight"], words="", actor=cast.manager.actor, now=NOON)
    assert NO_CONTACT in shown(browser("doctor"), "today")


def test_who_reads_no_words_is_not_told_that_there_is_no_number(browser, make_case):
    make_case(danger_signs=("sight",), harm="alleged", media=True)
    assert NO_CONTACT not in shown(browser("spokesman"), "today")


def test_an_english_reader_is_told_of_our_tasks_and_promises_in_english(cast, make_case, browser):
    case = handling.case_raise(case=make_case("acknowledged"), level=2, reason="腫得更厲害", actor=cast.head.actor, now=NOON)
    task = Task.objects.filter(case=case, done_at=None, title="", clock=None).exclude(kind="danger_review").first()
    handling.task_finish(task=task, actor=cast.head.actor, now=NOON)
    client = browser("head")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = client.get(reverse("desk:case", args=[case.reference])).content.decode()
    timeline = page[page.index("sy-timeline") :]
    done = timeline[timeline.index("Done: ") :][:60]
    assert not re.search("[\u4e00-\u9fff]", done.partition("<")[0])
    promised = page[page.index("Promises to the patient") :][:600]
    assert not re.search("[\u4e00-\u9fff]", promised)
