"""Mediation, court, authority: beside the stage, with facts that carry which proceeding they belong to."""
from __future__ import annotations

import pytest

from suyuan.cases import errors
from suyuan.cases.services import handling, outside
from suyuan.kernel.refusal import BadInput
from tests.cases.cast import HOUR, NOON, facts_of, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(make_case):
    return make_case()


@pytest.fixture
def mediation(cast, case):
    return outside.proceeding_open(
        case=case, kind="tw_mediation", body="衛生局", number="115-001", happened_at=NOON - HOUR,
        actor=cast.manager.actor, now=NOON,
    )  # fmt: skip


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
