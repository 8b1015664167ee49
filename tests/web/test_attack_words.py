"""Words, names and protected matters in front of those who must not read them, on whatever page."""
from __future__ import annotations

import pytest
from django.urls import reverse

from suyuan.accounts.models import Member, MemberRole
from suyuan.cases.models import Case, Involvement, Task
from suyuan.cases.services import handling, parties
from suyuan.cases.services.common import involve
from suyuan.cases.services.intake import PersonGiven
from suyuan.desk.acts import ACTS
from tests.cases.cast import HOUR, NOON, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02")]

# Everything that stands in a case of these tests and that nobody without words may see.
NAMES = ("例小安", "例○安", "小安")
SAID = ("左眼腫脹", "打電話都沒有人回", "會請陳醫師回電談腫脹", "例媽媽")
PLACES = ("case", "older", "investigation", "outside", "files", "letters", "letter_write", "print", "registered",
          "receipt", "survey")  # fmt: skip


@pytest.fixture
def told(cast, make_case):
    """A case flagged media, about money, with a promise, an issue, two parties and a clock, told in words."""

    def make(stage: str = "investigating"):
        case = make_case(stage, media=True, wishes=("compensation",))
        manager = cast.manager.actor
        handling.promise_make(case=case, words="會請陳醫師回電談腫脹", due_at=NOON + 5 * HOUR, actor=manager, now=NOON)
        parties.party_add(
            case=fresh(case), person=PersonGiven(family_name="例", given_name="媽媽"), roles=("companion",),
            actor=manager, now=NOON,
        )  # fmt: skip
        return fresh(case)

    return make


def texts_of(client, case):
    """Every page of this case and every page that lists cases, by this reader."""
    for name in PLACES:
        for query in ({}, {"view": "all"}):
            yield name, client.get(reverse(f"desk:{name}", args=[case.reference]), query).content.decode()
    for act in ACTS:
        yield act.code, client.get(reverse(f"desk:act-{act.code}", args=[case.reference])).content.decode()
    for clock in case.clocks.all():
        yield "clock", client.get(reverse("desk:clock", args=[case.reference, clock.uid])).content.decode()
    for name in ("today", "handover", "cases"):
        yield name, client.get(reverse(f"desk:{name}")).content.decode()


def leaks(client, case, words=(*NAMES, *SAID)) -> list[tuple[str, str]]:
    return [(name, word) for name, page in texts_of(client, case) for word in words if word in page]


@pytest.mark.parametrize("who", ["spokesman", "cashier"])
@pytest.mark.parametrize("tie", ["", "task", "owner"])
def test_without_the_right_to_words_no_page_shows_any(who, tie, cast, browser, told):
    case = told()
    player = getattr(cast, who)
    if tie == "task":
        handling.task_open(
            case=case, kind="other", title="核對退費金額", assignee=player.user, actor=cast.manager.actor, now=NOON
        )
    elif tie == "owner":
        # Nobody like this is given a case any more; a role that changed afterwards leaves one behind.
        Case.objects.filter(pk=case.pk).update(owner=player.user)
        involve(case, player.pk, "owner", NOON)
    assert leaks(browser(who), fresh(case)) == []


@pytest.mark.parametrize("who", ["spokesman", "cashier"])
def test_a_task_for_somebody_without_words_can_still_be_finished(who, cast, browser, told):
    case = told()
    task = handling.task_open(
        case=case, kind="other", title="核對退費金額", assignee=getattr(cast, who).user, actor=cast.manager.actor, now=NOON
    )
    page = browser(who).get(reverse("desk:act-task-done", args=[case.reference]), {"task": str(task.uid)})
    assert page.status_code == 200 and "核對退費金額" in page.content.decode()
    sent = browser(who).post(reverse("desk:act-task-done", args=[case.reference]), {"task": str(task.uid), "words": ""})
    assert sent.status_code == 302
    task.refresh_from_db()
    assert task.done_at is not None


def test_a_name_finds_no_case_whose_names_one_may_not_read(cast, browser, told):
    """Reception and public relations in one person: a case seen only as the latter answers to no name."""
    case = told()
    member = Member.objects.get(user=cast.spokesman.user)
    MemberRole.objects.create(member=member, role="reception")
    client = browser("spokesman")
    assert case.reference in client.get(reverse("desk:cases")).content.decode()
    for asked in ("例小安", "小安", "例媽媽"):
        assert case.reference not in client.get(reverse("desk:cases"), {"q": asked}).content.decode(), asked


# --- protected compartments ----------------------------------------------------------------------------------------


@pytest.fixture
def counselled(cast, told):
    """A case with a task in counsel's compartment, which a case manager does not read."""
    case = told()
    handling.task_open(
        case=case, kind="other", title="評估敗訴風險", role="legal", compartment="counsel", actor=cast.head.actor, now=NOON
    )
    return fresh(case)


@pytest.mark.parametrize("who", ["manager", "surgeon", "receptionist", "doctor"])
def test_what_counsel_is_asked_stands_on_no_page_of_others(who, cast, browser, counselled):
    handling.case_assign(case=counselled, owner=cast.colleague.user, actor=cast.head.actor, now=NOON)
    if who == "manager":
        handling.case_assign(case=fresh(counselled), owner=cast.manager.user, actor=cast.head.actor, now=NOON)
    assert leaks(browser(who), fresh(counselled), ("評估敗訴風險",)) == []


def test_counsel_and_the_head_read_it(browser, counselled):
    for who in ("legal", "head"):
        page = browser(who).get(reverse("desk:act-task-done", args=[counselled.reference]))
        if page.status_code == 200:
            assert "評估敗訴風險" in page.content.decode(), who


def test_a_task_in_a_compartment_one_does_not_read_cannot_be_finished(cast, browser, counselled):
    task = Task.objects.get(case=counselled, compartment="counsel")
    url = reverse("desk:act-task-done", args=[counselled.reference])
    assert browser("manager").post(url, {"task": str(task.uid), "words": ""}).status_code in (403, 404, 422)
    task.refresh_from_db()
    assert task.done_at is None


def test_managing_elsewhere_opens_no_tasks_here(cast, browser, told):
    """Case manager in one branch, finance in another: there, only one's own tasks."""
    case = told()
    handling.task_open(case=case, kind="other", title="請護理長核對換藥紀錄", assignee=cast.nurse.user,
                       actor=cast.manager.actor, now=NOON)  # fmt: skip
    member = Member.objects.create(user=cast.stranger.user, branch=cast.tn, first_day=NOON.date())
    MemberRole.objects.create(member=member, role="finance")
    own = handling.task_open(case=fresh(case), kind="other", title="核對退費金額", assignee=cast.stranger.user,
                             actor=cast.manager.actor, now=NOON)  # fmt: skip
    client = browser("stranger")
    page = client.get(reverse("desk:act-task-done", args=[case.reference])).content.decode()
    assert own.title in page and "換藥紀錄" not in page
    assert leaks(client, fresh(case), (*NAMES, *SAID, "換藥紀錄")) == []


# --- complained about ----------------------------------------------------------------------------------------------


def test_whoever_is_complained_about_finds_it_on_no_page(cast, browser, told):
    case = told()
    handling.task_open(case=case, kind="other", title="整理換藥紀錄", assignee=cast.accused.user,
                       actor=cast.manager.actor, now=NOON)  # fmt: skip
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    case = fresh(case)
    client = browser("accused")
    assert leaks(client, case, (*NAMES, *SAID, "整理換藥紀錄")) == []
    for query in (case.reference, "例小安", "左眼", "腫脹", "小安"):
        page = client.get(reverse("desk:cases"), {"q": query, "state": "all"}).content.decode()
        assert f"/cases/{case.reference}/" not in page and "例○安" not in page, query
    for name in PLACES:
        assert client.get(reverse(f"desk:{name}", args=[case.reference])).status_code == 404, name
    for act in ACTS:
        url = reverse(f"desk:act-{act.code}", args=[case.reference])
        assert client.get(url).status_code == 404 and client.post(url, {}).status_code == 404, act.code
    for clock in case.clocks.all():
        assert client.get(reverse("desk:clock", args=[case.reference, clock.uid])).status_code == 404
    assert client.post(reverse("desk:presence", args=[case.reference])).status_code == 404


def test_whoever_managed_it_and_is_complained_about_loses_counts_and_decisions(cast, browser, told):
    case = told()
    Involvement.objects.create(case=case, user=cast.colleague.user, kind="complained", since=NOON)
    handling.case_raise(case=case, level=3, reason="x", actor=cast.manager.actor, now=NOON)
    handling.level_lower_ask(case=fresh(case), level=1, reason="誤會", actor=cast.manager.actor, now=NOON)
    client = browser("colleague")
    for name in ("today", "handover", "cases"):
        page = client.get(reverse(f"desk:{name}"), {"state": "all"}).content.decode()
        assert case.reference not in page, name
