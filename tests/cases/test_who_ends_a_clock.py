"""Which contact ends a clock of the house, and what is said of a clock that was past before we knew."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from suyuan.cases.models import CaseClock
from suyuan.cases.selectors.clocks import outcome_words
from suyuan.cases.services import ending, handling
from suyuan.cases.services.handling.parts import SENIORS
from tests.cases.cast import HOUR, NOON, facts_of, fresh, nothing_left

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

LONG_AGO = NOON - timedelta(days=40)


def clock_of(case, rule: str) -> CaseClock:
    """The newest of this rule."""
    return CaseClock.objects.filter(case=case, rule_id=rule).order_by("-id").first()


def talk(case, actor, *, direction="out", now=NOON, **more):
    given = dict(kind="call", channel="telephone", happened_at=now - HOUR / 2, points="說明由誰負責")
    return handling.contact_log(case=fresh(case), direction=direction, actor=actor, now=now, **{**given, **more})


# --- a senior person contacts them ------------------------------------------------------------------------------------


@pytest.mark.requirement("C-13")
@pytest.mark.requirement("D-02")
@pytest.mark.parametrize(("who", "ends"), [("manager", False), ("colleague", False), ("surgeon", True), ("head", True)])
def test_only_a_head_of_department_or_above_ends_the_senior_clock(cast, make_case, who, ends):
    case = make_case(stage="acknowledged")
    handling.case_raise(case=case, level=2, reason="疑似感染", actor=cast.manager.actor, now=NOON)
    talk(case, getattr(cast, who).actor)
    assert (clock_of(case, "senior_contact").state == "stopped") is ends
    assert facts_of(case, "contact.logged")[-1].value("senior") is ends


@pytest.mark.requirement("C-13")
def test_their_calling_us_is_no_contact_of_ours(cast, make_case):
    case = make_case(stage="acknowledged")
    talk(case, cast.head.actor, direction="in")
    assert clock_of(case, "senior_contact").state == "running"
    talk(case, cast.head.actor)
    assert clock_of(case, "senior_contact").outcome == "in_time"


@pytest.mark.postgres
@pytest.mark.requirement("C-13")
@pytest.mark.parametrize(("who", "state"), [("manager", "running"), ("surgeon", "stopped")])
def test_a_tick_ends_it_only_by_the_hand_of_a_senior(cast, make_case, who, state):
    case = make_case(stage="acknowledged")
    handling.case_raise(case=case, level=2, reason="疑似感染", actor=cast.manager.actor, now=NOON)
    step = case.tasks.get(detail__step="senior_contact")
    handling.task_finish(task=step, words="已致電", actor=getattr(cast, who).actor, now=NOON + HOUR)
    assert clock_of(case, "senior_contact").state == state


def test_case_managers_are_no_seniors():
    assert sorted(SENIORS) == ["department_head", "head_of_clinic"]


# --- telling them how far we are ---------------------------------------------------------------------------------------


def test_the_weekly_word_is_ours_to_give(cast, make_case):
    case = make_case(stage="acknowledged")
    first = clock_of(case, "weekly_progress")
    talk(case, cast.manager.actor, direction="in", now=NOON + 24 * HOUR)
    assert clock_of(case, "weekly_progress") == first and first.state == "running"

    talk(case, cast.manager.actor, now=NOON + 48 * HOUR)
    first.refresh_from_db()
    assert first.state == "stopped" and clock_of(case, "weekly_progress").state == "running"


def test_a_reopened_complaint_is_answered_by_us(cast, make_case):
    case = nothing_left(cast, make_case(stage="responded"))
    case = ending.close_request(case=case, actor=cast.manager.actor, now=NOON)
    case = ending.close_confirm(case=case, actor=cast.colleague.actor, now=NOON)
    case = ending.case_reopen(case=case, reason="又腫起來", actor=cast.manager.actor, now=NOON + HOUR)
    talk(case, cast.manager.actor, direction="in", now=NOON + 2 * HOUR)
    assert clock_of(case, "reopened_answer").state == "running"
    talk(case, cast.manager.actor, now=NOON + 3 * HOUR)
    assert clock_of(case, "reopened_answer").outcome == "in_time"


# --- late before we knew -----------------------------------------------------------------------------------------------


def test_a_clock_that_was_past_when_it_was_recorded_ends_as_such(cast, make_case):
    case = make_case()
    demand = handling.demand_record(case=case, kind="refund", asked_at=LONG_AGO, actor=cast.manager.actor, now=NOON)
    clock = clock_of(case, "refund_answer")
    assert clock.born_late
    handling.demand_answer(demand=demand, outcome="met", actor=cast.manager.actor, now=NOON + HOUR)
    clock.refresh_from_db()
    assert (clock.state, clock.outcome) == ("stopped", "born_late")
    assert outcome_words(clock) == "已完成，登記時已過期"


def test_what_was_late_by_our_own_hand_stays_late(cast, make_case):
    case = make_case()
    demand = handling.demand_record(case=case, kind="refund", actor=cast.manager.actor, now=NOON)
    handling.demand_answer(demand=demand, outcome="met", actor=cast.manager.actor, now=datetime(2026, 4, 20, tzinfo=UTC))
    assert clock_of(case, "refund_answer").outcome == "late"


def test_and_one_stated_in_time_is_still_stated_in_time(cast, make_case):
    case = make_case()
    demand = handling.demand_record(case=case, kind="refund", asked_at=LONG_AGO, actor=cast.manager.actor, now=NOON)
    handling.demand_answer(
        demand=demand, outcome="met", happened_at=LONG_AGO + 24 * HOUR, actor=cast.manager.actor, now=NOON
    )
    assert clock_of(case, "refund_answer").outcome == "stated_in_time"
