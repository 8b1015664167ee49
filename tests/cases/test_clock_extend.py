"""A lawful extension: as often as the rule allows, decided in time, with its reason; the new deadline warns again."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.cases import errors
from suyuan.cases.models import Case, CaseClock
from suyuan.cases.services import outside
from suyuan.cases.services.clocks import alarm_times, book_for, clock_extend, clocks_sweep, recount, spec_of
from tests.cases.cast import NOON, facts_of, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

DAY = timedelta(days=1)
BOARD = "TW-MED-2b"


@pytest.fixture
def mediated(cast, make_case):
    """A case before the mediation board, whose three months run from its complete papers."""
    case = make_case("acknowledged")
    manager = {"actor": cast.manager.actor, "now": NOON}
    proceeding = outside.proceeding_open(case=fresh(case), kind="tw_mediation", **manager)
    outside.proceeding_step(proceeding=proceeding, milestone="papers_complete", **manager)
    return fresh(case)


def clock_of(case: Case, rule: str = BOARD) -> CaseClock:
    return CaseClock.objects.select_related("case__branch").get(case=case, rule_id=rule)


def extend(cast, clock: CaseClock, *, by: str = "manager", now=NOON, **more) -> CaseClock:
    given = {"reason": "調解會來函延長。", **more}
    return clock_extend(clock=clock, actor=getattr(cast, by).actor, now=now, **given)


@pytest.mark.postgres
def test_it_adds_to_the_first_period_and_says_so(cast, mediated):
    before = clock_of(mediated)
    extend(cast, before, reason="調解會 3/10 來函延長三個月。")
    after = clock_of(mediated)
    assert after.extensions == 1 and after.started_at == before.started_at
    assert 85 * DAY < after.due_at - before.due_at < 95 * DAY
    assert after.target_at <= after.due_at
    fact = facts_of(mediated, "clock.extended")[0]
    assert (fact.value("clock"), fact.value("times"), fact.value("basis")) == (BOARD, 1, "law")
    assert fact.value("to") == after.due_at.isoformat()


def test_only_as_often_as_the_rule_allows(cast, mediated):
    for _ in range(2):
        extend(cast, clock_of(mediated))
    due = clock_of(mediated).due_at
    with pytest.raises(errors.ClockNotExtendable):
        extend(cast, clock_of(mediated))
    assert (clock_of(mediated).extensions, clock_of(mediated).due_at) == (2, due)


def test_a_deadline_whose_rule_knows_no_extension_has_none(cast, mediated):
    house = CaseClock.objects.filter(case=mediated, basis="house", state="running").first()
    with pytest.raises(errors.ClockNotExtendable):
        extend(cast, house)


def test_not_after_the_deadline_unless_it_was_decided_before(cast, mediated):
    clock = clock_of(mediated)
    late = clock.due_at + DAY
    with pytest.raises(errors.ClockOver):
        extend(cast, clock, now=late)
    with pytest.raises(errors.ClockOver):
        extend(cast, clock, now=late, happened_at=clock.due_at)
    extend(cast, clock, now=late, happened_at=clock.due_at - DAY)
    assert clock_of(mediated).extensions == 1


def test_a_reason_is_asked_for_and_the_right_too(cast, mediated):
    with pytest.raises(errors.WordsMissing):
        extend(cast, clock_of(mediated), reason="  ")
    for who in ("receptionist", "stranger", "auditor"):
        with pytest.raises(errors.MayNot):
            extend(cast, clock_of(mediated), by=who)
    extend(cast, clock_of(mediated), reason="長" * 900)
    assert clock_of(mediated).extensions == 1


def test_a_clock_that_has_ended_is_not_extended(cast, mediated):
    outside.proceeding_end(
        proceeding=mediated.proceedings.get(), outcome="agreed", actor=cast.manager.actor, now=NOON
    )
    with pytest.raises(errors.AlreadyDone):
        extend(cast, clock_of(mediated))


def test_the_alarms_of_the_new_deadline_sound_again_and_old_ones_do_not(cast, mediated):
    clock = clock_of(mediated)
    eve = clock.due_at - DAY
    clocks_sweep(eve)
    sounded = clock_of(mediated).alarms
    extend(cast, clock, now=eve)
    after = clock_of(mediated)
    book = book_for(after.case)
    spec = spec_of(after, book)
    times = dict((key, at) for at, key in alarm_times(after, spec, recount(after, book, eve), book))
    assert sounded and set(sounded) <= set(times)
    if after.next_alarm_at is not None:
        assert not set(sounded) & set(after.alarms)
        assert after.next_alarm_at == min(at for at in times.values() if at > eve)
        before = len(facts_of(mediated, "clock.alarmed"))
        clocks_sweep(after.due_at + DAY)
        assert len(facts_of(mediated, "clock.alarmed")) > before


def test_the_next_date_of_the_case_follows(cast, mediated):
    clock = clock_of(mediated)
    CaseClock.objects.filter(case=mediated).exclude(pk=clock.pk).update(state="stopped")
    CaseClock.objects.filter(pk=clock.pk).update(external=False, information=False)
    extend(cast, clock)
    assert fresh(mediated).next_due_at == clock_of(mediated).target_at
