"""What is said of bodily harm, what a doctor judged of it, and the day from which the care clock counts."""
from __future__ import annotations

from datetime import date, timedelta

import pytest

from suyuan.cases import errors
from suyuan.cases.models import CaseClock, Task
from suyuan.cases.services import handling
from suyuan.cases.services.clocks import clocks_sweep
from suyuan.cases.services.intake import Intake, IssueGiven, PersonGiven, case_complete, case_danger_open, danger_raise
from suyuan.platform.facts import facts_told, kind_of
from tests.cases.cast import HOUR, NOON, facts_of, fresh, party_of, somebody, types_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-03"), pytest.mark.sqlite]

MONDAY = date(2026, 3, 9)  # two days before NOON
LONG_AGO = date(2026, 2, 2)


def care_clocks(case) -> list[CaseClock]:
    return list(CaseClock.objects.filter(case=case, rule_id="TW-CARE-1").order_by("id"))


def care_clock(case) -> CaseClock:
    [clock] = care_clocks(case)
    return clock


def last_day(clock) -> date:
    return (clock.due_at - timedelta(seconds=1)).astimezone(clock.case.branch.tz).date()


def judged(case, cast, *, serious: bool, now=NOON, **more):
    if not Task.objects.filter(case=case, role="doctor", done_at=None).exists():
        handling.task_open(case=case, kind="examination", title="請看", role="doctor", actor=cast.manager.actor, now=now)
    return handling.harm_judge(
        case=fresh(case), serious=serious, reason="看過傷口", actor=cast.doctor.actor, now=now, **more
    )


def stated(case, cast, state="alleged", now=NOON, **more):
    return handling.harm_state(case=fresh(case), state=state, actor=cast.manager.actor, now=now, **more)


def talked(case, cast, now=NOON):
    handling.contact_log(
        case=fresh(case), kind="care_talk", channel="in_person", direction="out", happened_at=now, points="說明與關懷",
        actor=cast.manager.actor, now=now,
    )  # fmt: skip


def asking(case):
    return Task.objects.filter(case=case, kind="ask_occurred_on", done_at=None, cancelled_at=None)


@pytest.fixture
def begun(cast):
    """A danger sign told without a name; the person has not written yet."""
    made = case_danger_open(
        branch=cast.tn, danger_signs=("sight",), language="zh-hant", actor=somebody(), now=NOON, channel="web"
    )
    return fresh(made.case)


def written(case, now=NOON + HOUR, **said):
    given = dict(
        narrative="左眼看不清楚，很害怕。", complainant=PersonGiven(family_name="例", given_name="小安"),
        issues=(IssueGiven(subject="左眼"),), harm="alleged",
    )  # fmt: skip
    return fresh(case_complete(case=case, intake=Intake(**{**given, **said}), actor=party_of(case), now=now).case)


# --- a doctor's judgement stands -----------------------------------------------------------------------------------------


@pytest.mark.requirement("D-02")
@pytest.mark.parametrize("state", ["none", "alleged", "unknown"])
@pytest.mark.parametrize("serious", [True, False])
def test_nobody_rewrites_what_a_doctor_judged(cast, make_case, state, serious):
    case = make_case(harm="alleged", occurred_on=MONDAY)
    judged(case, cast, serious=serious)
    harm, running = fresh(case).harm, care_clock(case).state
    for name in ("manager", "head", "doctor"):
        with pytest.raises(errors.HarmJudged) as refused:
            handling.harm_state(case=fresh(case), state=state, actor=getattr(cast, name).actor, now=NOON)
    assert "醫師" in refused.value.message()
    assert fresh(case).harm == harm
    assert care_clock(case).state == running == ("running" if serious else "void")
    assert "harm.stated" not in types_of(case)


@pytest.mark.postgres
def test_a_doctor_judges_anew(cast, make_case):
    case = make_case(harm="alleged", occurred_on=MONDAY)
    judged(case, cast, serious=True)
    judged(case, cast, serious=False)
    assert fresh(case).harm == "not_serious" and care_clock(case).outcome == "cancelled"


@pytest.mark.requirement("D-02")
@pytest.mark.parametrize(("serious", "state"), [(True, "running"), (False, "void")])
@pytest.mark.parametrize("said", ["alleged", "none", "unknown"])
def test_going_on_to_write_undoes_no_judgement(cast, begun, serious, state, said):
    judged(begun, cast, serious=serious)
    case = written(begun, harm=said)
    assert case.harm == ("serious" if serious else "not_serious")
    assert [clock.state for clock in care_clocks(case)] == [state]
    assert facts_of(case, "case.completed")[0].value("harm") is None


def test_a_level_lowered_after_the_judgement_is_not_raised_by_the_same_words(cast, begun):
    judged(begun, cast, serious=False)
    type(begun).objects.filter(pk=begun.pk).update(level=1)
    assert written(begun).level == 1


def test_going_on_to_write_starts_no_second_clock_after_the_care_talk(cast, begun):
    talked(begun, cast)
    case = written(begun, occurred_on=MONDAY)
    assert [clock.state for clock in care_clocks(case)] == ["stopped"]
    assert (case.harm, case.occurred_on) == ("alleged", MONDAY)


def test_the_day_given_while_writing_moves_the_clock_and_ends_the_question(cast, begun):
    before = care_clock(begun)
    assert asking(begun).exists()
    case = written(begun, occurred_on=MONDAY)
    assert care_clock(case).due_at < before.due_at and last_day(care_clock(case)) == date(2026, 3, 16)
    assert not asking(case).exists()


def test_a_judgement_given_a_day_keeps_it_when_the_person_names_none(cast, begun):
    judged(begun, cast, serious=True, occurred_on=MONDAY)
    assert written(begun).occurred_on == MONDAY


# --- from the day it happened, not from the day we learned --------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.requirement("D-02")
def test_a_day_learned_later_moves_the_clock_to_it_and_says_so(cast, make_case):
    case = make_case(harm="alleged")
    before = care_clock(case)
    assert last_day(before) == date(2026, 3, 18) and asking(case).count() == 1

    stated(case, cast, occurred_on=MONDAY, now=NOON + HOUR)

    clock = care_clock(case)
    assert clock.pk == before.pk and last_day(clock) == date(2026, 3, 16)
    assert clock.started_at.astimezone(case.branch.tz).date() == MONDAY
    assert clock.target_at <= clock.due_at and not clock.born_late
    assert clock.next_alarm_at < before.due_at
    assert fresh(case).next_due_at <= clock.target_at
    assert types_of(case)[-2:] == ["harm.dated", "clock.recounted"]
    [fact] = facts_of(case, "clock.recounted")
    moved = {"clock": "TW-CARE-1", "from": before.due_at.isoformat(), "to": clock.due_at.isoformat()}
    assert (fact.value("moved"), fact.value("why"), fact.actor) == ([moved], "earlier", "system:suyuan")
    [told] = facts_told([fact])
    assert kind_of(told.type).phrase(told) == "知道了更早的起算日，重新計算期限"
    assert not asking(case).exists()
    assert Task.objects.get(case=case, kind="ask_occurred_on").done_by == cast.manager.user


@pytest.mark.parametrize("who", ["stated", "judged", "dated"])
def test_a_day_so_long_ago_that_it_is_past_is_born_late_and_alarms_at_once(cast, make_case, who):
    case = make_case(harm="alleged")
    if who == "stated":
        stated(case, cast, state="unknown", occurred_on=LONG_AGO)
    elif who == "judged":
        judged(case, cast, serious=True, occurred_on=LONG_AGO)
    else:
        handling.harm_date(case=case, occurred_on=LONG_AGO, actor=cast.manager.actor, now=NOON)
    clock = care_clock(case)
    assert clock.born_late and clock.due_at < NOON and clock.next_alarm_at <= NOON
    assert clocks_sweep(NOON) == 1
    assert "due" in care_clock(case).alarms
    talked(case, cast, now=NOON + HOUR)
    assert care_clock(case).outcome == "born_late"  # nobody's breach


def test_a_clock_that_was_late_by_our_own_hand_stays_so(cast, make_case):
    case = make_case(harm="alleged")
    late = care_clock(case).due_at + HOUR
    clocks_sweep(late)
    stated(case, cast, occurred_on=LONG_AGO, now=late)
    assert not care_clock(case).born_late
    talked(case, cast, now=late + HOUR)
    assert care_clock(case).outcome == "late"


def test_a_later_day_lengthens_nothing(cast, make_case):
    case = make_case(harm="alleged", occurred_on=MONDAY)
    before = care_clock(case)
    stated(case, cast, occurred_on=MONDAY + timedelta(days=1))
    assert (care_clock(case).due_at, fresh(case).occurred_on) == (before.due_at, MONDAY + timedelta(days=1))
    assert not facts_of(case, "clock.recounted")


@pytest.mark.parametrize("serious", [True, False])
def test_the_day_can_be_added_after_the_judgement(cast, make_case, serious):
    case = make_case(harm="alleged")
    judged(case, cast, serious=serious)
    handling.harm_date(case=fresh(case), occurred_on=MONDAY, actor=cast.manager.actor, now=NOON + HOUR)
    case = fresh(case)
    assert (case.harm, case.occurred_on) == ("serious" if serious else "not_serious", MONDAY)
    assert last_day(care_clock(case)) == (date(2026, 3, 16) if serious else date(2026, 3, 18))
    assert not asking(case).exists()
    with pytest.raises(errors.AlreadyDone):
        handling.harm_date(case=case, occurred_on=MONDAY, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.StatedTimeWrong):
        handling.harm_date(case=case, occurred_on=date(2026, 3, 12), actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.MayNot):
        handling.harm_date(case=case, occurred_on=LONG_AGO, actor=cast.stranger.actor, now=NOON)


def test_a_day_added_after_the_care_talk_starts_no_second_clock(cast, make_case):
    case = make_case(harm="alleged")
    talked(case, cast)
    stated(case, cast, occurred_on=MONDAY)
    assert [clock.state for clock in care_clocks(case)] == ["stopped"]
    with pytest.raises(errors.AlreadyDone):
        stated(case, cast)


@pytest.mark.requirement("D-02")
@pytest.mark.parametrize("state", ["alleged", "unknown"])
def test_harm_stated_without_a_day_asks_for_it_today_once(cast, make_case, state):
    case = make_case()
    assert not asking(case).exists()
    stated(case, cast, state=state)
    [task] = asking(case)
    assert task.role == "case_manager"
    assert task.due_at.astimezone(case.branch.tz).strftime("%m-%d %H:%M") == "03-11 23:59"
    judged(case, cast, serious=True)
    assert asking(case).count() == 1


@pytest.mark.parametrize("said", [{"state": "none"}, {"state": "alleged", "occurred_on": MONDAY}])
def test_nobody_asks_for_a_day_that_is_known_or_not_needed(cast, make_case, said):
    case = make_case()
    stated(case, cast, **said)
    assert not asking(case).exists()


# --- a danger sign reported later ------------------------------------------------------------------------------------------


@pytest.mark.requirement("D-02")
@pytest.mark.requirement("C-13")
def test_a_danger_reported_later_starts_the_care_clock(cast, make_case):
    case = make_case()
    assert care_clocks(case) == []
    danger_raise(case=case, signs=["fever"], words="今天發燒", actor=cast.receptionist.actor, now=NOON)
    assert fresh(case).harm == "alleged"
    assert care_clock(case).state == "running"
    assert asking(case).count() == 1
    assert facts_of(case, "harm.stated")[0].value("state") == "alleged"

    danger_raise(case=fresh(case), signs=["skin"], words="", actor=cast.receptionist.actor, now=NOON + HOUR)
    assert len(facts_of(case, "harm.stated")) == 1 and asking(case).count() == 1
    assert care_clock(case).started_at == NOON


def test_a_danger_after_a_judgement_of_not_serious_is_a_new_one(cast, make_case):
    case = make_case(harm="alleged", occurred_on=MONDAY)
    judged(case, cast, serious=False)
    danger_raise(case=fresh(case), signs=["fever"], words="", actor=cast.receptionist.actor, now=NOON + HOUR)
    assert [clock.state for clock in care_clocks(case)] == ["void", "running"]


def test_a_danger_where_harm_is_judged_serious_changes_no_judgement(cast, make_case):
    case = make_case(harm="alleged", occurred_on=MONDAY)
    judged(case, cast, serious=True)
    danger_raise(case=fresh(case), signs=["fever"], words="", actor=cast.receptionist.actor, now=NOON)
    assert fresh(case).harm == "serious" and not facts_of(case, "harm.stated")
