"""Retention: what the law no longer keeps is found by a job, ordered by a person, and carried out one case at a time."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from suyuan.cases import errors
from suyuan.cases.models import Case, RetentionProposal
from suyuan.cases.selectors.retention import Due, due_of, things_due
from suyuan.cases.services.common import case_locked, require_may
from suyuan.cases.services.handling.parts import begin, short, tell
from suyuan.correspondence.services import messages_stop
from suyuan.evidence.errors import ItemSealed
from suyuan.evidence.selectors.rights import sealed_now
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.kernel.refusal import Refusal
from suyuan.platform.erasure import erasure_order
from suyuan.platform.holds import refuse_if_held
from suyuan.platform.jobs import enqueue
from suyuan.platform.units import writes

CARRY_OUT = "cases.retention_carry_out"


@writes
def retention_propose(*, case: Case, due: Due, now: datetime) -> RetentionProposal:
    """Put it before whoever decides. Nothing is touched."""
    case = case_locked(case)
    row = RetentionProposal.objects.create(case=case, until=due.until, rule=due.rule, found_at=now)
    plain = {"proposal": str(row.uid), "until": due.until.isoformat(), "rule": due.rule}
    tell(case, "retention.proposed", actor=SYSTEM, now=now, plain=plain)
    return row


@writes
def retention_lapse(*, proposal: RetentionProposal, now: datetime) -> None:
    """It is kept again: taken up anew, held by a later treatment, or by a law that came since."""
    case = case_locked(proposal.case)
    open_one = RetentionProposal.objects.filter(pk=proposal.pk, decision="", ended_at=None)
    if open_one.update(decision="lapsed", ended_at=now):
        tell(case, "retention.lapsed", actor=SYSTEM, now=now, plain={"proposal": str(proposal.uid)})


@writes
def retention_order(*, proposals: Sequence[RetentionProposal], actor: Actor, now: datetime) -> list[RetentionProposal]:
    """One decision for many: each is then erased by itself, or refused by itself with its reason. Irreversible."""
    ordered = []
    for proposal in sorted(proposals, key=lambda each: each.case_id):
        case = begin(proposal.case, "erase", actor, now)
        waiting = RetentionProposal.objects.filter(pk=proposal.pk, decision="", ended_at=None)
        if not waiting.update(decision="erase", refused="", decided_by_id=actor.user_id, decided_at=now):
            raise errors.AlreadyDone()
        tell(case, "retention.ordered", actor=actor, now=now, plain={"proposal": str(proposal.uid)})
        enqueue(CARRY_OUT, {"proposal": str(proposal.uid)}, unique_key=f"{CARRY_OUT}:{proposal.uid}:{now.isoformat()}")
        ordered.append(proposal)
    return ordered


@writes
def retention_keep(*, proposal: RetentionProposal, reason: str, actor: Actor, now: datetime) -> None:
    """Kept although no law asks for it, by somebody who says why. It is proposed again in a year."""
    case = begin(proposal.case, "erase", actor, now)
    reason = short(reason, 300, "reason", required=True)
    waiting = RetentionProposal.objects.filter(pk=proposal.pk, decision="", ended_at=None)
    decided = {"decision": "keep", "reason": reason, "decided_by_id": actor.user_id, "decided_at": now, "ended_at": now}
    if not waiting.update(**decided):
        raise errors.AlreadyDone()
    plain = {"proposal": str(proposal.uid)}
    tell(case, "retention.kept", actor=actor, now=now, plain=plain, private={"reason": reason})


@writes
def retention_keep_many(
    *, proposals: Sequence[RetentionProposal], reason: str, actor: Actor, now: datetime
) -> list[RetentionProposal]:
    for proposal in sorted(proposals, key=lambda each: each.case_id):
        retention_keep(proposal=proposal, reason=reason, actor=actor, now=now)
    return list(proposals)


def retention_carry_out(*, proposal: RetentionProposal, now: datetime) -> None:
    """What was ordered, by the person who ordered it, as everything stands now."""
    if proposal.decision != "erase" or proposal.ended_at is not None:
        return
    user = proposal.decided_by
    actor = Actor("user", str(user.uid), user.pk)
    try:
        _erased(proposal=proposal, actor=actor, now=now)
    except Refusal as refusal:
        _refused(proposal=proposal, why=refusal.code, actor=actor, now=now)


@writes
def _erased(*, proposal: RetentionProposal, actor: Actor, now: datetime) -> None:
    case = case_locked(proposal.case)
    if not _waits(proposal):
        return
    require_may(case, "erase", actor, now)
    refuse_if_held(case.stream)
    for number in sealed_now(case.stream).values():
        raise ItemSealed(number=number)
    due = due_of(case, now)
    if due is None:
        raise errors.NotDueYet()
    named = things_due(case, due)
    messages_stop(stream=case.stream, actor=actor, now=now)
    orders = [
        erasure_order(stream=stream, what=what, basis="retention", actor=actor, now=now) for stream, what in sorted(named.items())
    ]
    uids = [str(order.uid) for order in orders]
    RetentionProposal.objects.filter(pk=proposal.pk).update(orders=uids, ended_at=now)
    tell(case, "retention.carried_out", actor=actor, now=now, plain={"proposal": str(proposal.uid), "orders": len(uids)})


@writes
def _refused(*, proposal: RetentionProposal, why: str, actor: Actor, now: datetime) -> None:
    case = case_locked(proposal.case)
    if not _waits(proposal):
        return
    undecided = {"decision": "", "decided_by": None, "decided_at": None, "refused": why}
    RetentionProposal.objects.filter(pk=proposal.pk).update(**undecided)
    tell(case, "retention.refused", actor=actor, now=now, plain={"proposal": str(proposal.uid), "why": why})


def _waits(proposal: RetentionProposal) -> bool:
    """Whether the order is still to be carried out: a worker that was thought lost may have done it."""
    return RetentionProposal.objects.filter(pk=proposal.pk, decision="erase", ended_at=None).exists()
