"""Mediation, court, authority: beside the stage, with facts that carry which proceeding they belong to."""
from __future__ import annotations

import pytest

from suyuan.cases import errors
from suyuan.cases.selectors.proceedings import suit_warning, unmediated_suit
from suyuan.cases.services import handling, outside
from suyuan.kernel.refusal import BadInput
from tests.cases.cast import HOUR, NOON, facts_of, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]


@pytest.fixture
def case(make_case):
    return make_case()


@pytest.fixture
def mediation(cast, case):
    return outside.proceeding_open(
        case=case, kind="tw_mediation", body="衛生局", number="115-001", happened_at=NOON - HOUR,
        actor=cast.manager.actor, now=NOON,
    )  # fmt: skip


@pytest.mark.postgres
def test_a_mediation_leaves_the_stage_where_it_is(cast, case, mediation):
    outside.proceeding_step(
        proceeding=mediation, milestone="first_meeting", note="雙方到場", actor=cast.manager.actor, now=NOON
    )
    outside.proceeding_end(proceeding=mediation, outcome="agreed", actor=cast.manager.actor, now=NOON)
    assert fresh(case).stage == case.stage
    told = [f for f in facts_of(case) if f.type.startswith("proceeding.")]
    assert [f.type for f in told] == ["proceeding.opened", "proceeding.milestone", "proceeding.ended"]
    assert {f.value("proceeding") for f in told} == {str(mediation.uid)}


def test_what_has_ended_goes_no_further(cast, mediation):
    outside.proceeding_end(proceeding=mediation, outcome="failed", actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.AlreadyDone):
        outside.proceeding_step(proceeding=mediation, milestone="agreed", actor=cast.manager.actor, now=NOON)


@pytest.mark.parametrize(
    ("service", "wrong"),
    [
        (outside.proceeding_step, {"milestone": "won"}),
        (outside.proceeding_end, {"outcome": "won"}),
    ],
)
def test_codes_are_those_of_the_pack(cast, mediation, service, wrong):
    with pytest.raises(BadInput):
        service(proceeding=mediation, actor=cast.manager.actor, now=NOON, **wrong)


@pytest.mark.parametrize("name", ["receptionist", "stranger", "auditor", "accused"])
def test_others_open_none(cast, case, name):
    with pytest.raises(errors.MayNot):
        outside.proceeding_open(case=case, kind="court", actor=getattr(cast, name).actor, now=NOON)


@pytest.mark.postgres
def test_an_event_named_by_law_is_reported_and_the_report_says_which(cast, case):
    incident = handling.incident_identify(
        case=case, kind="device_error", words="機器參數", happened_at=NOON - HOUR, actor=cast.manager.actor, now=NOON
    )
    assert fresh(case).reportable
    handling.report_made(
        case=case, kind="device_event", body="食藥署", number="A-1", incident=incident, actor=cast.manager.actor, now=NOON
    )
    assert facts_of(case, "report.made")[0].value("incident") == incident
    assert facts_of(case, "incident.identified")[0].value("occurred_at").startswith("2026-03-11T01:00")


# --- mediation comes before a suit (TW-MED-1) ---------------------------------------------------------------------------


def suit(cast, case, **more):
    by = cast.manager if case.branch == cast.tn else cast.mainlander
    return outside.proceeding_open(case=fresh(case), kind="court", actor=by.actor, now=NOON, **more)


def warned(case):
    return unmediated_suit(case, case.proceedings.order_by("id"))


def test_a_suit_without_mediation_is_written_down_and_warned_of_in_the_words_of_the_pack(cast, case):
    assert suit_warning(case, [], NOON) is not None and warned(case) is None
    suit(cast, case)
    assert warned(case).basis == ("TW-MED-1",) and "先申請調解" in warned(case).text.hant
    assert facts_of(case, "proceeding.opened")[-1].value("unmediated") is True


def test_after_a_mediation_nothing_is_said(cast, case, mediation):
    suit(cast, case)
    assert warned(case) is None
    assert "unmediated" not in facts_of(case, "proceeding.opened")[-1].plain


def test_a_mediation_that_came_after_the_suit_does_not_heal_it(cast, case, mediation):
    suit(cast, case, happened_at=NOON - 3 * HOUR)
    assert warned(case) is not None


def test_other_proceedings_are_no_mediation(cast, case):
    outside.proceeding_open(case=case, kind="authority", actor=cast.manager.actor, now=NOON)
    suit(cast, case)
    assert warned(case) is not None


def test_on_the_mainland_a_suit_needs_none(cast, make_case):
    case = make_case(branch=cast.sh)
    suit(cast, case)
    assert warned(case) is None
