"""Mediation, court and authority: beside the stage, each with its own clocks."""
from __future__ import annotations

from datetime import datetime

from suyuan.cases import errors
from suyuan.cases.models import Case, Proceeding, ProceedingStep
from suyuan.cases.selectors.proceedings import COURT, suit_warning
from suyuan.cases.services.handling.parts import begin, case_change, code_of, known, short, stated_time, tell
from suyuan.kernel.actor import Actor
from suyuan.platform.units import writes

OUTCOMES = ("agreed", "failed", "withdrawn", "decided", "transferred")


@writes
def proceeding_open(
    *,
    case: Case,
    kind: str,
    body: str = "",
    number: str = "",
    happened_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> Proceeding:
    """A mediation, a court case or an authority's inquiry has begun, here or with us being told of it.

    A suit without the mediation that the law wants first is written down like any other: it is there, and the fact says so.
    """
    case = begin(case, "proceed", actor, now)
    code_of(case, "proceeding_kinds", kind)
    stated_time(happened_at, now)
    unmediated = kind == COURT and suit_warning(case, Proceeding.objects.filter(case=case), happened_at or now) is not None
    proceeding = Proceeding.objects.create(
        case=case,
        kind=kind,
        body=short(body, 120, "body"),
        number=short(number, 60, "number"),
        opened_at=happened_at or now,
    )
    case_change(case, now=now)
    plain = {"proceeding": str(proceeding.uid), "kind": kind, **({"unmediated": True} if unmediated else {})}
    private = {"body": proceeding.body, "number": proceeding.number}
    tell(case, "proceeding.opened", actor=actor, now=now, plain=plain, private=private, happened_at=happened_at)
    return proceeding


@writes
def proceeding_step(
    *,
    proceeding: Proceeding,
    milestone: str,
    happened_at: datetime | None = None,
    note: str = "",
    actor: Actor,
    now: datetime,
) -> ProceedingStep:
    """Something the proceeding went through; clocks of law hang on these."""
    case, proceeding = _open(proceeding, actor, now)
    code_of(case, "milestones", milestone, "milestone")
    stated_time(happened_at, now)
    step = ProceedingStep.objects.create(
        proceeding=proceeding,
        milestone=milestone,
        happened_at=happened_at or now,
        recorded_at=now,
        note=short(note, 300, "note"),
    )
    case_change(case, now=now)
    plain = {"proceeding": str(proceeding.uid), "kind": proceeding.kind, "milestone": milestone}
    private = {"note": step.note}
    tell(case, "proceeding.milestone", actor=actor, now=now, plain=plain, private=private, happened_at=happened_at)
    return step


@writes
def proceeding_end(
    *,
    proceeding: Proceeding,
    outcome: str,
    happened_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> Proceeding:
    """How it ended."""
    known(outcome, OUTCOMES, "outcome")
    case, proceeding = _open(proceeding, actor, now)
    stated_time(happened_at, now)
    proceeding.ended_at, proceeding.outcome = happened_at or now, outcome
    proceeding.save(update_fields=["ended_at", "outcome"])
    case_change(case, now=now)
    plain = {"proceeding": str(proceeding.uid), "kind": proceeding.kind, "outcome": outcome}
    tell(case, "proceeding.ended", actor=actor, now=now, plain=plain, happened_at=happened_at)
    return proceeding


def _open(proceeding: Proceeding, actor: Actor, now: datetime) -> tuple[Case, Proceeding]:
    case = begin(proceeding.case, "proceed", actor, now)
    proceeding = Proceeding.objects.select_for_update().get(pk=proceeding.pk)
    if proceeding.ended_at:
        raise errors.AlreadyDone()
    return case, proceeding
