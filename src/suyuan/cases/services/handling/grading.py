"""How grave it is: levels, flags, bodily harm, causes."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from suyuan.accounts.selectors import day_in
from suyuan.cases import errors, rules
from suyuan.cases.models import Approval, Case, CaseIssue
from suyuan.cases.selectors.incidents import incidents_of, incidents_waiting
from suyuan.cases.selectors.treatments import treatments_for
from suyuan.cases.services.common import occurrence_follow
from suyuan.cases.services.handling.parts import (
    begin,
    begin_open,
    case_change,
    case_locked,
    code_of,
    known,
    procedure,
    require_may,
    said,
    short,
    stated_time,
    tell,
    words_frozen,
)
from suyuan.cases.services.handling.steps import steps_close, steps_open
from suyuan.kernel.actor import Actor
from suyuan.kernel.chain import time_text
from suyuan.people.models import TreatmentReceived
from suyuan.platform import chance
from suyuan.platform.units import writes

LOWERING = "lower_level"
DECISIONS = {True: "agreed", False: "declined"}


@writes
def case_raise(*, case: Case, level: int, reason: str = "", actor: Actor, now: datetime) -> Case:
    """Grade a case, or grade it higher; anyone who works on it may. The steps of the level become tasks.

    The first grading may set any level. Raises LevelNotHigher.
    """
    known(level, (1, 2, 3), "level")
    case = begin_open(case, "raise", actor, now)
    before = case.level
    if before and level <= before:
        raise errors.LevelNotHigher(level=before)

    case_change(case, now=now, level=level)
    opened = steps_open(case, level, now)
    # An open question whether to lower it has been answered by this.
    Approval.objects.filter(case=case, kind=LOWERING, decision="").update(decision="overtaken", decided_at=now)

    plain = {"level": level, "from": before, "steps": opened}
    tell(case, "case.graded", actor=actor, now=now, plain=plain, **said(case, "reason", reason, now=now))
    return case


@writes
def level_lower_ask(*, case: Case, level: int, reason: str, actor: Actor, now: datetime) -> Approval:
    """Propose a lower level, with a reason. Another person decides. Raises LevelNotLower, AlreadyAsked."""
    known(level, (1, 2, 3), "level")
    case = begin_open(case, "lower_request", actor, now)
    if level >= case.level:
        raise errors.LevelNotLower(level=case.level)
    if Approval.objects.filter(case=case, kind=LOWERING, decision="").exists():
        raise errors.AlreadyAsked()

    text = words_frozen(case, "level.reason", reason, now=now, field="reason")
    detail = {"from": case.level, "to": level}
    approval = Approval.objects.create(
        case=case, kind=LOWERING, detail=detail, reason=text, asked_by_id=actor.user_id, asked_at=now
    )
    case_change(case, now=now)

    plain = {"approval": str(approval.uid), "level": level, "from": case.level}
    tell(case, "level.lowering_asked", actor=actor, now=now, plain=plain, texts={"reason": text})
    return approval


@writes
def approval_decide(*, approval: Approval, agree: bool, words: str = "", actor: Actor, now: datetime) -> Approval:
    """Agree or decline what a colleague proposed. Never the person who proposed it, whatever their roles."""
    case = case_locked(approval.case)
    approval = Approval.objects.select_for_update().get(pk=approval.pk)
    if approval.decision:
        require_may(case, "see", actor, now)
        raise errors.AlreadyDone()
    case = begin_open(case, "lower_approve", actor, now)
    before, level = approval.detail["from"], approval.detail["to"]
    if case.level != before:
        raise errors.CaseMovedMeanwhile()

    approval.decision, approval.decided_by_id, approval.decided_at = DECISIONS[agree], actor.user_id, now
    approval.save(update_fields=["decision", "decided_by", "decided_at"])
    plain = {"approval": str(approval.uid), "level": level, "from": before}
    if not agree:
        case_change(case, now=now)
        answer = said(case, "words", words, now=now, required=True)
        tell(case, "level.lowering_decided", actor=actor, now=now, plain=plain | {"agreed": False}, **answer)
        return approval
    case_change(case, now=now, level=level)
    plain["closed_steps"] = steps_close(case, level, now)
    plain["steps"] = steps_open(case, level, now)
    tell(case, "case.graded", actor=actor, now=now, plain=plain, **said(case, "words", words, now=now))
    return approval


@writes
def case_flag(*, case: Case, flag: str, reason: str = "", actor: Actor, now: datetime) -> Case:
    """Put a flag beside the level. Raises AlreadyDone when it is there."""
    known(flag, rules.FLAGS, "flag")
    case = begin(case, "flag", actor, now)
    if getattr(case, flag):
        raise errors.AlreadyDone()
    case_change(case, now=now, **{flag: True})
    told = said(case, "reason", reason, now=now)
    tell(case, "case.flagged", actor=actor, now=now, plain={"flag": flag}, **told)
    return case


@writes
def case_unflag(*, case: Case, flag: str, reason: str, actor: Actor, now: datetime) -> Case:
    """Take a flag away, with a reason."""
    known(flag, rules.FLAGS, "flag")
    case = begin(case, "unflag", actor, now)
    if not getattr(case, flag):
        raise errors.AlreadyDone()
    told = said(case, "reason", reason, now=now, required=True)
    case_change(case, now=now, **{flag: False})
    tell(case, "case.unflagged", actor=actor, now=now, plain={"flag": flag}, **told)
    return case


@writes
def harm_state(*, case: Case, state: str, occurred_on: date | None = None, actor: Actor, now: datetime) -> Case:
    """Take down what is said about bodily harm. Alleged harm counts as serious until a doctor has judged it.

    What a doctor has judged only a doctor judges anew: raises HarmJudged; `harm_date` still adds the day.
    """
    known(state, rules.STATED_HARM, "state")
    case = begin(case, "classify", actor, now)
    if case.harm in rules.JUDGED_HARM:
        raise errors.HarmJudged()
    day = _day(case, occurred_on, now) or case.occurred_on
    if state == case.harm and state in rules.COUNTS_AS_SERIOUS:  # said before: it must not start a second clock
        if day == case.occurred_on:
            raise errors.AlreadyDone()
        return _dated(case, day, actor, now)
    case_change(case, now=now, harm=state, occurred_on=day)
    occurrence_follow(case, actor=actor, now=now)
    tell(case, "harm.stated", actor=actor, now=now, plain={"state": state, "occurred_on": _iso(day)})
    return case


@writes
def harm_date(*, case: Case, occurred_on: date, actor: Actor, now: datetime) -> Case:
    """Add the day it happened, also after a doctor's judgement, which stays as it is. Clocks of law count from it."""
    case = begin(case, "classify", actor, now)
    day = _day(case, occurred_on, now)
    if day == case.occurred_on:
        raise errors.AlreadyDone()
    return _dated(case, day, actor, now)


def _dated(case: Case, day: date, actor: Actor, now: datetime) -> Case:
    case_change(case, now=now, occurred_on=day)
    occurrence_follow(case, actor=actor, now=now)
    tell(case, "harm.dated", actor=actor, now=now, plain={"occurred_on": _iso(day)})
    return case


@writes
def harm_judge(
    *, case: Case, serious: bool, reason: str, occurred_on: date | None = None, actor: Actor, now: datetime
) -> Case:
    """A doctor's judgement on alleged harm, with its reason. It holds after withdrawal as before."""
    case = begin(case, "medical_judgement", actor, now)
    text = words_frozen(case, "harm.reason", reason, now=now, field="reason")
    state = rules.Harm.SERIOUS if serious else rules.Harm.NOT_SERIOUS
    occurred_on = _day(case, occurred_on, now) or case.occurred_on
    case_change(case, now=now, harm=state, occurred_on=occurred_on)
    occurrence_follow(case, actor=actor, now=now)
    plain = {"state": str(state), "occurred_on": _iso(occurred_on)}
    tell(case, "harm.judged", actor=actor, now=now, plain=plain, texts={"reason": text})
    return case


@writes
def issue_add(
    *, case: Case, subject: str, treatment: TreatmentReceived | None = None, actor: Actor, now: datetime
) -> CaseIssue:
    """One more subject of the same complaint, about a treatment of the patient where it is about one."""
    case = begin_open(case, "classify", actor, now)
    subject = short(subject, 200, "subject", required=True)
    if treatment is not None and not treatments_for(case).filter(pk=treatment.pk).exists():
        raise errors.OtherCase()
    issue = CaseIssue.objects.create(case=case, subject=subject, treatment=treatment, added_at=now)
    words_frozen(case, "subject", subject, now=now, field="subject")
    case_change(case, now=now)
    plain = {"issue": str(issue.uid), **({"treatment": str(treatment.uid)} if treatment else {})}
    tell(case, "issue.added", actor=actor, now=now, plain=plain, private={"subject": subject})
    return issue


@writes
def issue_classify(
    *,
    case: Case,
    issue: CaseIssue,
    causes: Iterable[str],
    primary: str,
    reasons: Iterable[str] = (),
    actor: Actor,
    now: datetime,
) -> CaseIssue:
    """By cause: several may hold, one is primary."""
    case = begin(case, "classify", actor, now)
    issue = _own(case, CaseIssue.objects.select_for_update().get(pk=issue.pk))
    pack = procedure(case)
    causes, reasons = list(dict.fromkeys(causes)), list(dict.fromkeys(reasons))
    for cause in causes:
        known(cause, {c.id for c in pack.causes}, "causes")
    known(primary, causes, "primary")
    grounds = {kind.id for c in pack.causes if c.id in causes for kind in c.reasons}
    for reason in reasons:
        known(reason, grounds, "reasons")

    issue.causes, issue.primary_cause, issue.reasons = causes, primary, reasons
    issue.save(update_fields=["causes", "primary_cause", "reasons"])
    # Money once asked about stays visible to those who keep the accounts.
    case_change(case, now=now, money=case.money or bool(rules.MONEY_CAUSES & set(causes)))

    plain = {"issue": str(issue.uid), "causes": causes, "primary": primary, "reasons": reasons}
    tell(case, "issue.classified", actor=actor, now=now, plain=plain)
    return issue


@writes
def factors_record(*, case: Case, factors: Iterable[str], actor: Actor, now: datetime) -> Case:
    """What contributed on the side of expectation, emotion and knowledge."""
    case = begin(case, "classify", actor, now)
    factors = list(dict.fromkeys(factors))
    for factor in factors:
        known(factor, {f.id for f in procedure(case).factors}, "factors")
    case_change(case, now=now, factors=factors)
    tell(case, "factors.recorded", actor=actor, now=now, plain={"factors": factors})
    return case


@writes
def incident_identify(
    *, case: Case, kind: str, words: str = "", happened_at: datetime | None = None, actor: Actor, now: datetime
) -> str:
    """Someone sees that what happened is an event the law names. Returns the uid by which reports refer to it."""
    case = begin(case, "escalate", actor, now)
    code_of(case, "incident_kinds", kind)
    stated_time(happened_at, now)
    incident = str(chance.uid())
    case_change(case, now=now, reportable=True)
    plain = {"kind": kind, "incident": incident}
    if happened_at is not None:
        plain["occurred_at"] = time_text(happened_at)
    tell(case, "incident.identified", actor=actor, now=now, plain=plain, **said(case, "words", words, now=now))
    return incident


@writes
def report_made(
    *,
    case: Case,
    kind: str,
    body: str,
    number: str = "",
    incident: str = "",
    happened_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """A report went to an authority: to whom, under which number, when.

    `incident`: which event it is about; its clocks end and no other's. Raises WhichIncident when it could be several.
    """
    case = begin(case, "proceed", actor, now)
    code_of(case, "report_kinds", kind)
    stated_time(happened_at, now)
    incident = _incident_of(case, kind, incident)
    private = {"body": short(body, 120, "body", required=True), "number": short(number, 60, "number")}
    plain = {"kind": kind, **({"incident": incident} if incident else {})}
    case_change(case, now=now)
    tell(case, "report.made", actor=actor, now=now, plain=plain, private=private, happened_at=happened_at)


def _incident_of(case: Case, kind: str, incident: str) -> str:
    """The event a report is about: the one named, or the only one that waits for a report of this kind."""
    if incident:
        return known(incident, {each.uid for each in incidents_of(case)}, "incident")
    waiting = incidents_waiting(case, kind)
    if len(waiting) > 1:
        raise errors.WhichIncident()
    return waiting[0] if waiting else ""


def _own(case: Case, issue: CaseIssue) -> CaseIssue:
    if issue.case_id != case.pk:
        raise errors.OtherCase()
    return issue


def _day(case: Case, day: date | None, now: datetime) -> date | None:
    """A day that can have been, on the branch's calendar."""
    if day is None:
        return None
    today = day_in(case.branch.zone, now)
    if day > today:
        raise errors.StatedTimeWrong("future", "occurred_on")
    if day < today - rules.EARLIEST:
        raise errors.StatedTimeWrong("ancient", "occurred_on")
    return day


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
