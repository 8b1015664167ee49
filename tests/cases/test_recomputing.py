"""`suyuan chain verify --rows`: stage, level and dates edited behind the product's back are named; honest rows never are."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from suyuan.cases.models import Case, CaseClock
from suyuan.cases.recomputing import cases_recomputed
from suyuan.cases.services import outside
from suyuan.cases.services.clocks import clock_extend
from suyuan.cases.services.handling import case_flag, case_raise
from suyuan.platform import verify
from tests.cases.cast import NOON, WALKS, fresh

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def whys(*cases: Case) -> set[str]:
    return {fault.why for fault in cases_recomputed([case.stream for case in cases])}


@pytest.fixture
def lived(cast, make_case):
    """A case that was graded and flagged, before the mediation board, one deadline of which was extended."""
    case = make_case("acknowledged", harm="alleged")
    manager = {"actor": cast.manager.actor, "now": NOON}
    case_raise(case=case, level=3, reason="影響較大", **manager)
    case_flag(case=fresh(case), flag="media", reason="有記者來電", **manager)
    proceeding = outside.proceeding_open(case=fresh(case), kind="tw_mediation", **manager)
    outside.proceeding_step(proceeding=proceeding, milestone="papers_complete", **manager)
    board = CaseClock.objects.select_related("case__branch").get(case=case, rule_id="TW-MED-2b")
    clock_extend(clock=board, reason="調解會來函延長。", **manager)
    return fresh(case)


@pytest.mark.parametrize("stage", WALKS)
def test_an_honest_case_of_any_stage_holds(make_case, stage):
    case = make_case(stage)
    assert CaseClock.objects.filter(case=case).exists() and list(cases_recomputed([case.stream])) == []


def test_a_case_that_has_lived_holds_and_all_are_looked_at_when_nobody_names_any(lived):
    assert list(cases_recomputed([lived.stream])) == []
    assert list(cases_recomputed(None)) == []
    assert {"stage_differs"} == (Case.objects.update(stage="disclosed"), {f.why for f in cases_recomputed(None)})[1]


@pytest.mark.requirement("A-15")
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"stage": "responded"}, {"stage_differs"}),
        ({"level": 1}, {"level_differs"}),
        ({"level": 0}, {"level_differs"}),
        ({"reference": "TN26-0000-0000"}, {"reference_differs"}),
        ({"is_open": False, "ended_at": NOON}, {"is_open_differs"}),
    ],
)
def test_a_case_edited_behind_our_back_is_named(lived, changed, why):
    Case.objects.filter(pk=lived.pk).update(**changed)
    assert whys(lived) == why


@pytest.mark.sqlite
@pytest.mark.requirement("A-15")
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"due_at": F("due_at") + DAY}, "clock_due_differs"),
        ({"target_at": F("target_at") + DAY}, "clock_target_differs"),
        ({"started_at": F("started_at") + DAY}, "clock_start_differs"),
        ({"extensions": F("extensions") + 1}, "clock_extensions_differ"),
        ({"trigger_fact": "00000000-0000-4000-8000-000000000000"}, "clock_without_fact"),
        ({"state": "stopped", "stopped_at": NOON, "outcome": "in_time"}, "clock_end_differs"),
        ({"state": "void", "stopped_at": NOON, "outcome": "cancelled"}, "clock_end_differs"),
        ({"rule_hash": "0" * 64}, "clock_uncountable"),
    ],
)
def test_every_clock_edited_behind_our_back_is_named(lived, changed, why):
    for clock in CaseClock.objects.filter(case=lived, state="running"):
        if "rule_hash" in changed and clock.basis == "house":
            continue
        mine = CaseClock.objects.filter(pk=clock.pk)
        mine.update(**changed)
        assert why in whys(lived), clock.rule_id
        mine.update(**{name: getattr(clock, name) for name in changed})
    assert whys(lived) == set()


def test_a_clock_that_is_gone_is_missed(lived):
    CaseClock.objects.filter(case=lived, basis="house", state="running").first().delete()
    assert whys(lived) == {"clock_missing"}


def test_the_check_is_one_of_those_that_verify_runs(lived):
    Case.objects.filter(pk=lived.pk).update(level=1)
    report = verify.verify_streams([lived.stream], rows_checks=verify.row_checks())
    assert [(fault.stream, fault.why) for fault in report.faults] == [(lived.stream, "level_differs")]
