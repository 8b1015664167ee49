"""Who was heard in a case, and what colleagues saw."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from suyuan.cases import errors
from suyuan.cases.models import Case, Party
from suyuan.cases.services.handling.parts import begin, case_change
from suyuan.correspondence.gate import filled_in
from suyuan.evidence.models import Interview, InterviewSupplement, Item, Observation
from suyuan.evidence.services import hearing
from suyuan.evidence.services.hearing import Heard
from suyuan.kernel.actor import Actor
from suyuan.platform.units import writes
from suyuan.playbooks.selectors import evidence_procedure


@writes
def interview_record(
    *, case: Case, heard: Heard, minutes: str, party: Party | None = None, actor: Actor, now: datetime
) -> Interview:
    """Minutes of a talk about this case, to be read back to the person heard."""
    case = begin(case, "hear", actor, now)
    filled_in(minutes, "minutes")
    if party is not None:
        if party.case_id != case.pk:
            raise errors.OtherCase()
        heard = replace(heard, party=f"party:{party.uid}", name=party.person.full_name or heard.name)
    case_change(case, now=now)
    return hearing.interview_record(
        stream=case.stream, branch_id=case.branch_id, heard=heard, minutes=minutes, actor=actor, now=now
    )


@writes
def interview_rewrite(*, case: Case, interview: Interview, minutes: str, actor: Actor, now: datetime) -> Interview:
    case = _begun(case, interview, actor, now)
    filled_in(minutes, "minutes")
    return hearing.interview_rewrite(
        interview=interview, minutes=minutes, branch_id=case.branch_id, actor=actor, now=now
    )


@writes
def interview_confirm(
    *,
    case: Case,
    interview: Interview,
    how: str,
    happened_at: datetime | None = None,
    corrections: str = "",
    signature: Item | None = None,
    actor: Actor,
    now: datetime,
) -> Interview:
    case = _begun(case, interview, actor, now)
    return hearing.interview_confirm(
        interview=interview,
        how=how,
        happened_at=happened_at,
        corrections=corrections,
        signature=signature,
        branch_id=case.branch_id,
        actor=actor,
        now=now,
    )


@writes
def interview_refuse(
    *, case: Case, interview: Interview, reason: str, happened_at: datetime | None = None, actor: Actor, now: datetime
) -> Interview:
    _begun(case, interview, actor, now)
    return hearing.interview_refuse(
        interview=interview, reason=reason, happened_at=happened_at, actor=actor, now=now
    )


@writes
def interview_supplement(
    *, case: Case, interview: Interview, words: str, said_by: str, actor: Actor, now: datetime
) -> InterviewSupplement:
    case = _begun(case, interview, actor, now)
    return hearing.interview_supplement(
        interview=interview, words=words, said_by=said_by, branch_id=case.branch_id, actor=actor, now=now
    )


def _begun(case: Case, row: Interview | Observation, actor: Actor, now: datetime, move: str = "hear") -> Case:
    case = begin(case, move, actor, now)
    if row.stream != case.stream:
        raise errors.OtherCase()
    case_change(case, now=now)
    return case


@writes
def observation_note(
    *,
    case: Case,
    words: str,
    seen_at: datetime,
    supplements: Observation | None = None,
    actor: Actor,
    now: datetime,
) -> Observation:
    """What a colleague saw or heard. Those complained about have a page of their own and none here."""
    case = begin(case, "observe", actor, now)
    case_change(case, now=now)
    return hearing.observation_note(
        stream=case.stream,
        branch_id=case.branch_id,
        words=words,
        seen_at=seen_at,
        late_after=evidence_procedure(case.procedure_id, case.jurisdiction).recording.grace,
        supplements=supplements,
        actor=actor,
        now=now,
    )


@writes
def observation_strike(*, case: Case, note: Observation, reason: str, actor: Actor, now: datetime) -> Observation:
    _begun(case, note, actor, now, "observe")
    return hearing.observation_strike(note=note, reason=reason, actor=actor, now=now)
