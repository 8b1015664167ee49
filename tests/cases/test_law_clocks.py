"""Clocks of law: at rest while the law says so, ended by a report about their own event, revived by nothing done."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.cases import errors
from suyuan.cases.models import CaseClock
from suyuan.cases.selectors.incidents import incidents_of, incidents_waiting
from suyuan.cases.services import ending, handling, outside
from suyuan.cases.services.clocks import clock_pause, clock_resume, clocks_recount_many, clocks_sweep
from suyuan.kernel.actor import SYSTEM
from suyuan.kernel.refusal import BadInput
from tests.cases.cast import HOUR, NOON, acknowledged, facts_of, fresh, investigating

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def clock_of(case, rule: str) -> CaseClock:
    return CaseClock.objects.filter(case=case, rule_id=rule).order_by("-id").first()


# --- paused by law -----------------------------------------------------------------------------------------------------


@pytest.fixture
def mediated(cast, make_case):
    """A case on the mainland whose mediation was accepted: CN-MED-1 runs."""
    case = make_case(branch=cast.sh)
    who = {"actor": cast.mainlander.actor, "now": NOON}
    mediation = outside.proceeding_open(case=case, kind="cn_people_mediation", **who)
    outside.proceeding_step(proceeding=mediation, milestone="accepted", **who)
    return fresh(case)


@pytest.mark.requirement("B-08")
def test_a_clock_that_the_law_lets_rest_is_silent_and_goes_on_afterwards(cast, mediated):
    case, who = mediated, cast.mainlander.actor
    before = clock_of(case, "CN-MED-1")
    appraisal = outside.proceeding_open(case=case, kind="appraisal", actor=who, now=NOON + DAY)

    resting = clock_of(case, "CN-MED-1")
    assert (resting.state, resting.next_alarm_at) == ("paused", None)
    clocks_sweep(before.due_at + 30 * DAY)
    assert clock_of(case, "CN-MED-1").alarms == []
    assert not any(f.value("clock") == "CN-MED-1" for f in facts_of(case, "clock.alarmed"))

    outside.proceeding_end(proceeding=appraisal, outcome="decided", actor=who, now=NOON + 20 * DAY)
    after = clock_of(case, "CN-MED-1")
    assert after.state == "running" and after.due_at > before.due_at
    assert NOON + 20 * DAY < after.next_alarm_at < after.due_at
    clocks_sweep(after.due_at)
    assert clock_of(case, "CN-MED-1").alarms


@pytest.mark.requirement("D-10")
def test_an_outside_opinion_has_its_clock_which_is_not_ours(cast, make_case):
    case, who = make_case(), {"actor": cast.manager.actor, "now": NOON}
    appraisal = outside.proceeding_open(case=case, kind="appraisal", **who)
    assert clock_of(case, "TW-ADV-1") is None
    outside.proceeding_step(proceeding=appraisal, milestone="accepted", **who)
    clock = clock_of(case, "TW-ADV-1")
    assert clock.external and clock.target_at.astimezone(case.branch.tz).date().isoformat() == "2026-05-19"
    outside.proceeding_end(proceeding=appraisal, outcome="decided", actor=cast.manager.actor, now=NOON + DAY)
    assert clock_of(case, "TW-ADV-1").state == "stopped"


# --- paused by the house -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B-08")
def test_pausing_and_resuming_change_what_is_due_next(cast, make_case):
    case = acknowledged(cast, make_case())
    CaseClock.objects.filter(case=case).exclude(rule_id__in=("plan", "investigation_begins")).update(
        state="stopped", next_alarm_at=None
    )
    plan, later = clock_of(case, "plan"), clock_of(case, "investigation_begins")
    assert plan.target_at < later.target_at
    clock_pause(clock=plan, reason="等對方寄照片", actor=cast.manager.actor, now=NOON + HOUR)
    assert fresh(case).next_due_at == later.target_at
    handling.promise_make(
        case=fresh(case), words="回電", due_at=NOON + DAY, actor=cast.manager.actor, now=NOON + HOUR
    )  # another fact of the case brings the resting clock back no more than the pause did
    assert fresh(case).next_due_at == later.target_at

    clock_resume(clock=clock_of(case, "plan"), actor=cast.manager.actor, now=NOON + 3 * HOUR)
    resumed = clock_of(case, "plan")
    assert fresh(case).next_due_at == resumed.target_at == plan.target_at + 2 * HOUR


# --- one report, one event -----------------------------------------------------------------------------------------------


def seen(case, cast, kind="device_serious", **more):
    return handling.incident_identify(case=fresh(case), kind=kind, actor=cast.manager.actor, now=NOON, **more)


def reported(case, cast, kind="device_event", now=NOON + HOUR, **more):
    handling.report_made(case=fresh(case), kind=kind, body="食藥署", actor=cast.manager.actor, now=now, **more)


def states(case, rule: str) -> dict[str, str]:
    return {c.trigger["incident"]: c.state for c in CaseClock.objects.filter(case=case, rule_id=rule)}


def test_a_report_ends_the_clocks_of_its_own_event_only(cast, make_case):
    case = make_case()
    first, second = seen(case, cast), seen(case, cast, happened_at=NOON - DAY)
    assert [each.uid for each in incidents_of(case)] == incidents_waiting(case, "device_event") == [first, second]
    with pytest.raises(errors.WhichIncident) as refused:
        reported(case, cast)
    assert "incident" in refused.value.fields

    reported(case, cast, incident=first)
    assert states(case, "TW-AE-1b") == {first: "stopped", second: "running"}
    assert incidents_waiting(case) == [second]
    reported(case, cast)  # now it can only be the other one
    assert states(case, "TW-AE-1b") == {first: "stopped", second: "stopped"}
    assert [f.value("incident") for f in facts_of(case, "report.made")] == [first, second]


def test_only_events_that_wait_for_such_a_report_can_be_meant(cast, make_case):
    case = make_case()
    drug, device = seen(case, cast, kind="drug_death"), seen(case, cast)
    reported(case, cast)
    assert states(case, "TW-AE-1b") == {device: "stopped"}
    assert states(case, "TW-AE-2a") == {drug: "running"}


def test_what_follows_a_report_belongs_to_the_same_event(cast, make_case):
    case = make_case()
    first, second = seen(case, cast, kind="wrong_site"), seen(case, cast, kind="drug_error")
    reported(case, cast, kind="tw_incident", incident=first)
    assert states(case, "TW-RCA-2") == {first: "running"}
    reported(case, cast, kind="tw_incident")
    assert states(case, "TW-RCA-2") == {first: "running", second: "running"}
    reported(case, cast, kind="tw_root_cause", incident=second)
    assert states(case, "TW-RCA-2") == {first: "running", second: "stopped"}


def test_a_report_without_an_event_still_stands(cast, make_case):
    case = make_case()
    reported(case, cast, kind="authority_account")
    assert facts_of(case, "report.made")[0].value("incident") is None


def test_an_event_of_another_case_is_none_of_this_one(cast, make_case):
    case, other = make_case(), make_case()
    theirs = seen(other, cast)
    with pytest.raises(BadInput):
        reported(case, cast, incident=theirs)


# --- moving away and back --------------------------------------------------------------------------------------------------


def moved(case, cast, branch, actor, now):
    return handling.case_move_branch(case=fresh(case), branch=branch, reason="改由那裡治療", actor=actor, now=now)


def test_a_care_talk_counts_for_a_case_that_comes_back(cast, make_case):
    case = make_case(harm="alleged", occurred_on=NOON.date())
    handling.contact_log(
        case=fresh(case), kind="care_talk", channel="in_person", direction="out", happened_at=NOON, points="說明與關懷",
        actor=cast.manager.actor, now=NOON,
    )  # fmt: skip
    assert clock_of(case, "TW-CARE-1").state == "stopped"
    moved(case, cast, cast.sh, cast.head.actor, NOON + DAY)
    moved(case, cast, cast.tn, cast.mainland_head.actor, NOON + 2 * DAY)
    care = CaseClock.objects.filter(case=case, rule_id="TW-CARE-1")
    assert [clock.state for clock in care] == ["stopped"]


def test_what_was_not_done_runs_again_and_what_was_ended_stands_once(cast, make_case):
    case = make_case(harm="alleged", wishes=("records",))
    demand = case.demands.get(kind="records_copy")
    handling.demand_answer(demand=demand, outcome="met", actor=cast.manager.actor, now=NOON)
    handling.harm_date(case=fresh(case), occurred_on=(NOON - 2 * DAY).date(), actor=cast.manager.actor, now=NOON)
    due = clock_of(case, "TW-CARE-1").due_at
    moved(case, cast, cast.sh, cast.head.actor, NOON + DAY)
    moved(case, cast, cast.tn, cast.mainland_head.actor, NOON + DAY + HOUR)
    again = clock_of(case, "TW-CARE-1")
    assert (again.state, again.due_at) == ("running", due)
    assert [c.state for c in CaseClock.objects.filter(case=case, rule_id="TW-REC-1")] == ["stopped"]


def test_the_law_lets_a_clock_rest_also_when_the_case_comes_back(cast, mediated):
    case = mediated
    appraisal = outside.proceeding_open(case=case, kind="appraisal", actor=cast.mainlander.actor, now=NOON + DAY)
    moved(case, cast, cast.tn, cast.mainland_head.actor, NOON + 2 * DAY)
    moved(case, cast, cast.sh, cast.head.actor, NOON + 3 * DAY)
    again = clock_of(case, "CN-MED-1")
    assert (again.state, again.next_alarm_at) == ("paused", None)
    outside.proceeding_end(proceeding=appraisal, outcome="decided", actor=cast.mainlander.actor, now=NOON + 4 * DAY)
    again.refresh_from_db()
    assert again.state == "running" and again.pauses.get().began_at == NOON + DAY


def test_an_ended_case_has_nothing_due_next(cast, make_case):
    case = investigating(cast, make_case(wishes=("records",)))
    ending.case_withdraw(case=case, reason="對方來電撤回", actor=cast.manager.actor, now=NOON)
    clocks_recount_many(case_ids=[case.pk], actor=SYSTEM, now=NOON)
    assert fresh(case).next_due_at is None and clock_of(case, "TW-REC-1").state == "running"
