"""How an inquiry is planned, who stands too near to the parties to look into it, and what a finding rests on."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from suyuan.accounts.models import Member, User
from suyuan.accounts.rules import Role
from suyuan.accounts.selectors import profile_of
from suyuan.cases import errors
from suyuan.cases.models import (
    Case,
    CaseIssue,
    ConflictCheck,
    Finding,
    FindingCitation,
    Involvement,
    Party,
    PlanStep,
    Task,
)
from suyuan.cases.selectors import compartments_for
from suyuan.cases.selectors.inquiry import kinds_now
from suyuan.cases.services.common import tasks_add
from suyuan.cases.services.handling.parts import (
    begin,
    begin_open,
    case_change,
    investigates,
    known,
    may_take_part,
    profile,
    short,
    tasks_noted,
    tell,
)
from suyuan.evidence.models import Item
from suyuan.evidence.selectors.items import items_of
from suyuan.kernel.actor import Actor
from suyuan.platform.rows import rows_add
from suyuan.platform.units import writes

# What connects somebody with the parties so nearly that appointing them needs a reason.
NEEDS_REASON = frozenset({"same_department", "heads_complained", "shares_contact", "same_name"})
DECLARED = frozenset({"none", "some"})


# --- the plan ------------------------------------------------------------------------------------------------------


@writes
def plan_step_add(
    *,
    case: Case,
    kind: str,
    words: str = "",
    issue: CaseIssue | None = None,
    user: User | None = None,
    due_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> PlanStep:
    """One more step: what, by whom, by when. Whoever is named has it as a task, and reads the case for it."""
    case = begin_open(case, "plan_inquiry", actor, now)
    known(kind, {row.id for row in kinds_now(case, "plan_steps")}, "kind")
    words = short(words, 200, "words", required=kind == "other")
    if issue is not None and issue.case_id != case.pk:
        raise errors.OtherCase()
    if due_at is not None and due_at <= now:
        raise errors.PromiseInThePast()
    task = None
    if user is not None:
        may_take_part(case, user, now)
        task = Task(case=case, kind="plan_step", assignee=user, title=words, due_at=due_at, opened_at=now, detail={"plan_step": kind})
        tasks_add(case, [task])
        tasks_noted(case, [user.pk], now)
    step = PlanStep.objects.create(
        case=case,
        kind=kind,
        words=words,
        issue=issue,
        user=user,
        task=task,
        due_at=due_at,
        added_by_id=actor.user_id,
        added_at=now,
    )
    case_change(case, now=now)
    plain = {"step": str(step.uid), "kind": kind, "issue": str(issue.uid) if issue else ""}
    plain |= {"user": str(user.uid), "task": str(task.uid)} if user and task else {}
    plain |= {"due": due_at.isoformat()} if due_at else {}
    private = {"words": words, "name": user.display_name if user else ""}
    tell(case, "plan.step_added", actor=actor, now=now, plain=plain, private=private)
    return step


@writes
def plan_step_finish(*, step: PlanStep, note: str = "", actor: Actor, now: datetime) -> PlanStep:
    """It is done, with what came of it. Whoever was asked may say so too. Raises AlreadyDone."""
    case, step = _step(step, "task_finish", actor, now)
    note = short(note, 300, "note")
    step.done_at, step.done_by_id, step.note = now, actor.user_id, note
    step.save(update_fields=["done_at", "done_by", "note"])
    _task_over(case, step, actor, now, done_at=now, done_by_id=actor.user_id)
    tell(case, "plan.step_done", actor=actor, now=now, plain={"step": str(step.uid)}, private={"note": note})
    return step


@writes
def plan_step_strike(*, step: PlanStep, reason: str, actor: Actor, now: datetime) -> PlanStep:
    """It is not needed after all. It stays readable, struck through, with the reason."""
    case, step = _step(step, "plan_inquiry", actor, now)
    step.struck_at, step.struck_by_id, step.note = now, actor.user_id, short(reason, 300, "reason", required=True)
    step.save(update_fields=["struck_at", "struck_by", "note"])
    _task_over(case, step, actor, now, cancelled_at=now)
    tell(case, "plan.step_struck", actor=actor, now=now, plain={"step": str(step.uid)}, private={"reason": step.note})
    return step


def _step(step: PlanStep, move: str, actor: Actor, now: datetime) -> tuple[Case, PlanStep]:
    case = begin(step.case, move, actor, now)
    step = PlanStep.objects.select_for_update().get(pk=step.pk)
    if step.done_at or step.struck_at:
        raise errors.AlreadyDone()
    return case, step


def _task_over(case: Case, step: PlanStep, actor: Actor, now: datetime, **ended) -> None:
    if step.task_id:
        Task.objects.filter(pk=step.task_id, done_at=None, cancelled_at=None).update(**ended)
        tasks_noted(case, [step.user_id], now)
    case_change(case, now=now)


# --- standing too near ---------------------------------------------------------------------------------------------


def conflicts_of(case: Case, user: User) -> list[str]:
    """Codes of what connects this person with the parties, as far as the records know; hard bars are refused elsewhere."""
    return [code for code, holds in _CONNECTIONS.items() if holds(case, user)]


def _shares_department(case: Case, user: User) -> bool:
    return bool(_departments([user.pk]) & _departments(_complained(case)))


def _heads_complained(case: Case, user: User) -> bool:
    places = Member.objects.filter(user=user, last_day=None, roles__role=Role.DEPARTMENT_HEAD)
    return bool(set(places.values_list("department_id", flat=True)) & _departments(_complained(case)))


def _shares_contact(case: Case, user: User) -> bool:
    email = user.email.strip().casefold()
    if not email:
        return False
    points = [point for person in _people(case) for point in person.contact_points.filter(kind="email", ended_at=None)]
    return any(point.value.strip().casefold() == email for point in points)


def _same_name(case: Case, user: User) -> bool:
    own = (user.family_name.strip(), user.given_name.strip())
    return all(own) and any((p.family_name, p.given_name) == own for p in _people(case))


_CONNECTIONS = {
    "same_department": _shares_department,
    "heads_complained": _heads_complained,
    "shares_contact": _shares_contact,
    "same_name": _same_name,
    "registered": lambda case, user: case.registered_by_id == user.pk,
    "owner": lambda case, user: case.owner_id == user.pk,
}


def _complained(case: Case) -> list[int]:
    rows = Involvement.objects.filter(case=case, kind="complained", until=None)
    return list(rows.values_list("user_id", flat=True))


def _departments(user_ids: Sequence[int]) -> set[int]:
    rows = Member.objects.filter(user_id__in=user_ids, last_day=None, department__isnull=False)
    return set(rows.values_list("department_id", flat=True))


def _people(case: Case) -> list:
    return [row.person for row in Party.objects.filter(case=case).select_related("person")]


def conflict_note(case: Case, user: User, capacity: str, reason: str, actor: Actor, now: datetime) -> ConflictCheck:
    """Look, and write down what was seen; inside the service that appoints. Raises ConflictNeedsReason."""
    seen = conflicts_of(case, user)
    reason = short(reason, 300, "reason")
    if not reason and (near := [code for code in seen if code in NEEDS_REASON]):
        raise errors.ConflictNeedsReason(near)
    (check,) = rows_add(
        [ConflictCheck(case=case, user=user, capacity=capacity, seen=seen, reason=reason, by_id=actor.user_id, at=now)]
    )
    return check


@writes
def conflict_declare(*, case: Case, declared: str, words: str = "", actor: Actor, now: datetime) -> ConflictCheck:
    """What the appointed person says of themselves, once for each appointment. Raises NothingToDeclare."""
    case = begin(case, "record_finding", actor, now)
    known(declared, DECLARED, "declared")
    check = ConflictCheck.objects.select_for_update().filter(case=case, user_id=actor.user_id, declared_at=None).last()
    if check is None:
        raise errors.NothingToDeclare()
    check.declared, check.declared_at = declared, now
    check.declared_words = short(words, 300, "words", required=declared == "some")
    check.save(update_fields=["declared", "declared_words", "declared_at"])
    case_change(case, now=now)
    plain = {"check": str(check.uid), "declared": declared}
    tell(case, "conflict.declared", actor=actor, now=now, plain=plain, private={"words": check.declared_words})
    return check


# --- what a finding rests on ---------------------------------------------------------------------------------------


def items_cited(case: Case, items: Iterable[Item], actor: Actor, now: datetime) -> list[Item]:
    """Those items, each of this case and readable to whoever cites it. Raises OtherCase."""
    wanted = {item.pk for item in items}
    if not wanted:
        return []
    found = list(items_of(case.stream, compartments_for(profile(actor, now), case) | {""}).filter(pk__in=wanted))
    if len(found) != len(wanted):
        raise errors.OtherCase()
    return found


def cited(items: Sequence[Item]) -> dict:
    """What a fact says of the items it rests on: number, and digest where it is a file."""
    return {"cites": [[i.number, str(i.uid), i.stored.sha256 if i.stored else ""] for i in items]} if items else {}


def citations_add(finding: Finding, items: Iterable[Item]) -> None:
    rows_add(FindingCitation(finding=finding, item=item) for item in items)


# --- who may judge the standard of care ----------------------------------------------------------------------------


def is_doctor(user: User, case: Case, now: datetime) -> bool:
    """A doctor of the house under the same law, or one invited to this case from outside."""
    person = profile_of(user, now)
    if any(guest.stream == case.stream and guest.kind == "doctor" for guest in person.guest_streams):
        return True
    return Role.DOCTOR in person.roles and investigates(person, case)
