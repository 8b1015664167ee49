"""What the house promised is shown as it was: kept, kept late, broken, or asked for no longer."""
from __future__ import annotations

import pytest

from suyuan.cases import errors
from suyuan.cases.models import Promise
from suyuan.cases.selectors import portal_case
from suyuan.cases.services import ending, handling, investigation
from suyuan.cases.services.clocks import promises_sweep
from suyuan.platform.units import unit
from suyuan.portal.views.follow import _promise
from tests.cases.cast import HOUR, METHOD, NOON, acknowledged, case_made, facts_of, fresh, investigating

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-07")]


def promised(case, code="first_response") -> Promise:
    return Promise.objects.filter(case=case, code=code).order_by("-id").first()


def on_the_portal(case, now) -> dict[str, str]:
    view = portal_case(fresh(case), case.parties.first(), language="zh-hant")
    return {shown.words: _promise(shown, now)["state"] for shown in view.promises}


def test_one_kept_in_time_is_kept(cast, make_case):
    case = acknowledged(cast, make_case(), NOON + HOUR)
    promise = promised(case)
    assert (promise.kept_at, promise.broken_at) == (NOON + HOUR, None)
    assert "kept" in on_the_portal(case, NOON + HOUR).values()


@pytest.mark.requirement("B-08")
@pytest.mark.parametrize("swept", [True, False])
def test_an_acknowledgement_two_hours_late_is_shown_as_done_and_late(cast, make_case, swept):
    case = make_case()
    late = NOON + 26 * HOUR
    if swept:
        assert promises_sweep(NOON + 25 * HOUR) == 1
    acknowledged(cast, case, late)
    promise = promised(case)
    assert promise.kept_at == late
    assert promise.broken_at == (NOON + 25 * HOUR if swept else None)
    states = on_the_portal(case, late)
    assert sorted(states.values()).count("late") == 1 and "broken" not in states.values()
    assert promises_sweep(late + HOUR) == 0


def test_one_that_nobody_kept_stays_seen_to_be_broken(cast, make_case):
    case = make_case()
    promises_sweep(NOON + 25 * HOUR)
    assert "broken" in on_the_portal(case, NOON + 25 * HOUR).values()
    assert len(facts_of(case, "promise.broken")) == 1


@pytest.mark.requirement("B-08")
def test_a_withdrawn_complaint_breaks_no_promise_that_nobody_waits_for(cast, make_case):
    case = make_case()
    ending.case_withdraw(case=case, reason="對方來電撤回", actor=cast.head.actor, now=NOON + HOUR)
    assert not Promise.objects.waiting().filter(case=case).exists()
    assert promises_sweep(NOON + 500 * HOUR) == 0
    assert facts_of(case, "promise.broken") == [] and on_the_portal(case, NOON + 500 * HOUR) == {}
    promise = promised(case)
    assert (promise.released_at, promise.kept_at, promise.broken_at) == (NOON + HOUR, None, None)
    with pytest.raises(errors.AlreadyDone):
        handling.promise_keep(promise=promise, actor=cast.manager.actor, now=NOON + 2 * HOUR)


def test_one_that_was_broken_before_the_withdrawal_was_broken(cast, make_case):
    case = make_case()
    promises_sweep(NOON + 25 * HOUR)
    ending.case_withdraw(case=fresh(case), reason="對方來電撤回", actor=cast.head.actor, now=NOON + 26 * HOUR)
    assert promised(case).broken_at and promised(case).released_at is None
    assert promised(case, "plan").released_at == NOON + 26 * HOUR


def test_coming_back_makes_a_new_promise_and_keeps_that_one(cast, make_case):
    case = investigating(cast, make_case())
    first = promised(case, "findings")
    ending.case_withdraw(case=fresh(case), reason="對方來電撤回", actor=cast.head.actor, now=NOON + HOUR)
    case = ending.case_reopen(case=fresh(case), reason="又腫", actor=cast.head.actor, now=NOON + 2 * HOUR)
    investigation.case_investigate(case=fresh(case), actor=cast.manager.actor, now=NOON + 3 * HOUR)
    second = promised(case, "findings")
    assert second.pk != first.pk and second.released_at is None
    first.refresh_from_db()
    assert first.released_at == NOON + HOUR and first.kept_at is None


def test_made_and_kept_in_one_write(cast):
    """Registered and answered on the telephone at once: the promise is written as kept."""
    with unit():
        case = case_made(cast)
        handling.case_assign(case=case, owner=cast.manager.user, actor=cast.head.actor, now=NOON)
        handling.case_acknowledge(case=fresh(case), method=METHOD, words="已親自說明", actor=cast.manager.actor, now=NOON)
    assert promised(case).kept_at == NOON and promised(case, "plan").kept_at is None
    assert promises_sweep(NOON + 25 * HOUR) == 0
