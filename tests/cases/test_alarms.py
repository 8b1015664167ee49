"""Whom an alarm reaches: what binds us calls people in, what may bind us tells the case manager, and never the accused."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.cases.models import Case, CaseClock, Task
from suyuan.cases.services import handling, parties
from suyuan.cases.services.clocks import clocks_sweep, tasks_sweep
from suyuan.correspondence.models import StaffNotice
from tests.cases.cast import HOUR, NOON, facts_of, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("C-13"), pytest.mark.requirement("D-02")]

LONG_AFTER = NOON + timedelta(days=30)


@pytest.fixture
def care(cast, make_case):
    """Serious harm in Taiwan: the one clock of law that runs, everything else quiet."""
    case = make_case()
    handling.task_open(case=case, kind="other", title="看照片", assignee=cast.doctor.user, actor=cast.manager.actor, now=NOON)
    handling.harm_judge(
        case=fresh(case), serious=True, reason="左眼視力明顯下降。", occurred_on=NOON.date(), actor=cast.doctor.actor, now=NOON
    )
    clock = CaseClock.objects.get(case=case, rule_id="TW-CARE-1", state="running")
    CaseClock.objects.filter(case=case).exclude(pk=clock.pk).update(next_alarm_at=None)
    StaffNotice.objects.all().delete()
    return clock


def told() -> set[int]:
    return set(StaffNotice.objects.values_list("user_id", flat=True))


def called(clock: CaseClock) -> set[str]:
    return set(Task.objects.filter(clock=clock).values_list("role", flat=True))


def test_a_late_clock_that_binds_calls_somebody_in_once(cast, care):
    assert clocks_sweep(LONG_AFTER) == 1
    assert called(care) and told()
    before = Task.objects.count(), StaffNotice.objects.count(), len(facts_of(fresh(care.case), "clock.alarmed"))
    assert clocks_sweep(LONG_AFTER) == 0
    assert (Task.objects.count(), StaffNotice.objects.count(), len(facts_of(fresh(care.case), "clock.alarmed"))) == before


def test_a_clock_still_to_be_confirmed_tells_the_case_manager_and_opens_no_work(cast, care):
    CaseClock.objects.filter(pk=care.pk).update(grade="P")
    clocks_sweep(LONG_AFTER)
    assert called(care) == set()
    assert told() == {cast.manager.pk, cast.colleague.pk}


def test_what_an_authority_is_late_with_is_not_our_work(cast, care):
    CaseClock.objects.filter(pk=care.pk).update(external=True)
    clocks_sweep(LONG_AFTER)
    assert called(care) == set() and told()
    CaseClock.objects.filter(case=care.case).exclude(pk=care.pk).update(state="void")
    handling.contact_log(
        case=fresh(care.case), kind="call", channel="telephone", direction="out", happened_at=LONG_AFTER,
        points="說明目前進度。", minutes=5, actor=cast.manager.actor, now=LONG_AFTER,
    )  # fmt: skip
    assert fresh(care.case).next_due_at is None


def test_a_paused_clock_gives_no_alarm(cast, care):
    CaseClock.objects.filter(pk=care.pk).update(state="paused")
    assert clocks_sweep(LONG_AFTER) == 0
    assert not facts_of(fresh(care.case), "clock.alarmed")


def test_who_is_complained_about_is_not_told_that_something_is_due(cast, care, make_case):
    case = care.case
    for player in (cast.head, cast.surgeon):
        parties.complained_set(case=fresh(case), user=player.user, actor=cast.manager.actor, now=NOON)
    StaffNotice.objects.all().delete()
    clocks_sweep(LONG_AFTER)
    assert called(care) >= {"head_of_clinic"}
    assert told() and not told() & {cast.head.pk, cast.surgeon.pk}

    other = make_case()
    CaseClock.objects.filter(case=other).update(next_alarm_at=NOON)
    CaseClock.objects.filter(case=other, basis="house").update(due_at=NOON, target_at=NOON)
    clocks_sweep(LONG_AFTER)
    assert cast.head.pk in told(), "about another case they are"


def test_seventy_two_hours_of_silence_and_each_alarm_sounds_once(cast, make_case):
    cases = [make_case() for _n in range(3)]
    clocks_sweep(NOON + timedelta(hours=72))
    for case in cases:
        given = [(row.value("clock"), key) for row in facts_of(case, "clock.alarmed") for key in row.value("alarms")]
        assert given and len(given) == len(set(given))
    assert Case.objects.filter(pk__in=[c.pk for c in cases]).count() == 3


def test_a_task_that_is_late_is_told_once_to_who_has_it(cast, make_case):
    case = make_case()
    task = handling.task_open(
        case=case, kind="other", title="看照片", assignee=cast.doctor.user, due_at=NOON + HOUR, actor=cast.manager.actor, now=NOON
    )
    StaffNotice.objects.all().delete()
    assert tasks_sweep(NOON + 2 * HOUR) >= 1
    assert cast.doctor.pk in told()
    notices = StaffNotice.objects.count()
    assert tasks_sweep(NOON + 3 * HOUR) == 0 and StaffNotice.objects.count() == notices
    task.refresh_from_db()
    assert task.alarmed_at is not None
