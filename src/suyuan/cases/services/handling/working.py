"""The work itself: tasks, files, care."""
from __future__ import annotations

from datetime import datetime

from suyuan.accounts.models import User
from suyuan.accounts.rules import MANAGERS, MEMBER_ROLES, compartments_of
from suyuan.cases import errors, rules
from suyuan.cases.models import CareRecord, Case, Task
from suyuan.cases.selectors.today import task_title
from suyuan.cases.services.handling.parts import (
    begin,
    case_change,
    case_locked,
    code_of,
    known,
    may_take_part,
    profile,
    require_may,
    said,
    seniors_act,
    short,
    stated_time,
    tasks_noted,
    tell,
    words_frozen,
)
from suyuan.evidence.models import Item
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.platform.models import StoredFile
from suyuan.platform.units import writes

# Done by a doctor's record, never by a tick.
DANGER_TASK = "danger_review"

# What a person's body and the law are owed does not end with the complaint.
CARE_TASKS = frozenset({DANGER_TASK, "ask_occurred_on", "care", "examination", "follow_up", "report"})
# In the detail of a task: which request for evidence it stands for.
REQUEST = "request"
FILE_SOURCES = ("portal", "desk")
CURRENCIES = ("TWD", "CNY", "HKD", "USD")


# --- tasks ---------------------------------------------------------------------------------------------------------


@writes
def task_open(
    *,
    case: Case,
    kind: str,
    title: str = "",
    assignee: User | None = None,
    role: str = "",
    due_at: datetime | None = None,
    compartment: str = "",
    actor: Actor,
    now: datetime,
) -> Task:
    """Give one person or one role something to do. A task opens the case to whoever has it. Outlives the complaint."""
    case = begin(case, "task", actor, now)
    code_of(case, "task_kinds", kind)
    known(compartment, rules.COMPARTMENTS, "compartment")
    title = short(title, 200, "title", required=True)
    if assignee is not None:
        may_take_part(case, assignee, now)
    else:
        known(role, MEMBER_ROLES, "role")
    task = Task.objects.create(
        case=case,
        kind=kind,
        title=title,
        assignee=assignee,
        role="" if assignee else role,
        compartment=compartment,
        due_at=due_at,
        opened_at=now,
    )
    tasks_noted(case, [task.assignee_id], now)
    case_change(case, now=now)
    plain = {"task": str(task.uid), "kind": kind, "role": task.role}
    plain |= {"user": str(assignee.uid)} if assignee else {}
    plain |= {"due": due_at.isoformat()} if due_at else {}
    private = {"title": title, "name": assignee.display_name if assignee else ""}
    tell(case, "task.opened", actor=actor, now=now, plain=plain, private=private, compartment=compartment)
    return task


@writes
def task_finish(*, task: Task, words: str = "", actor: Actor, now: datetime) -> Task:
    """Done, by the person or role it was given to, the owner or a manager. Danger ends with a doctor's record only."""
    case, task = _task(task, "task_finish", actor, now)
    if task.kind == DANGER_TASK:
        raise errors.DangerNeedsDoctor()
    if REQUEST in task.detail:
        raise errors.EvidenceIsGiven()
    task_theirs(case, task, actor, now)

    text = None
    if words.strip():
        text = words_frozen(case, "task.outcome", words, now=now, compartment=task.compartment)
    task.done_at, task.done_by_id, task.outcome = now, actor.user_id, text
    task.save(update_fields=["done_at", "done_by", "outcome"])
    tasks_noted(case, [task.assignee_id], now)
    case_change(case, now=now)

    plain = {"task": str(task.uid), "kind": task.kind, "step": task.detail.get("step")}
    plain["senior"] = seniors_act(case, actor, now)
    texts = {"words": text} if text else {}
    private = {"title": task_title(task)}
    tell(
        case, "task.done", actor=actor, now=now, plain=plain, private=private, texts=texts, compartment=task.compartment
    )
    return task


@writes
def task_cancel(*, task: Task, reason: str, actor: Actor, now: datetime) -> Task:
    """No longer needed, and why."""
    case, task = _task(task, "task", actor, now)
    if task.kind == DANGER_TASK:
        raise errors.DangerNeedsDoctor()
    if REQUEST in task.detail:
        raise errors.EvidenceIsGiven()
    told = said(case, "reason", reason, now=now, required=True, compartment=task.compartment)
    task.cancelled_at = now
    task.save(update_fields=["cancelled_at"])
    tasks_noted(case, [task.assignee_id], now)
    case_change(case, now=now)
    plain = {"task": str(task.uid), "kind": task.kind}
    told["private"] = {**told.get("private", {}), "title": task.title}
    tell(case, "task.cancelled", actor=actor, now=now, plain=plain, compartment=task.compartment, **told)
    return task


def _task(task: Task, move: str, actor: Actor, now: datetime) -> tuple[Case, Task]:
    case = case_locked(task.case)
    view = require_may(case, move, actor, now)
    task = Task.objects.select_for_update().get(pk=task.pk)
    if task.compartment and actor != SYSTEM and task.compartment not in compartments_of(profile(actor, now), view):
        raise errors.NotYourTask()
    if task.done_at or task.cancelled_at:
        raise errors.AlreadyDone()
    return case, task


def task_theirs(case: Case, task: Task, actor: Actor, now: datetime) -> None:
    """A task somebody else was given is not ticked off in passing."""
    who = profile(actor, now)
    mine = {actor.user_id} | {m.stands_in_for_id for m in who.memberships if m.branch_id == case.branch_id}
    roles = who.roles_in(case.branch_id)
    if roles & MANAGERS or case.owner_id in mine - {None}:
        return
    if task.assignee_id in mine - {None} or (task.role and task.role in roles):
        return
    raise errors.NotYourTask()


# --- files ---------------------------------------------------------------------------------------------------------


@writes
def file_add(
    *,
    case: Case,
    stored: StoredFile,
    source: str,
    note: str = "",
    compartment: str = "",
    actor: Actor,
    now: datetime,
) -> Item:
    """Tie a stored file to the case. The bytes were sealed before; here they get their place and their fact."""
    case = begin(case, "file_add", actor, now)
    known(source, FILE_SOURCES, "source")
    known(compartment, rules.COMPARTMENTS, "compartment")
    case_change(case, now=now)
    return item_add(
        given=ItemGiven(stored, source, note=short(note, 200, "note"), compartment=compartment),
        stream=case.stream,
        branch_id=case.branch_id,
        told_in=case.compartment_stream(compartment),
        actor=actor,
        now=now,
    )


# --- care ----------------------------------------------------------------------------------------------------------


@writes
def care_record(
    *,
    case: Case,
    kind: str,
    happened_at: datetime,
    words: str,
    place: str = "",
    cost: int | None = None,
    currency: str = "",
    clears_danger: bool = False,
    actor: Actor,
    now: datetime,
) -> CareRecord:
    """Care given, whoever is at fault, and what it cost; also after the complaint ended.

    `clears_danger`: a doctor has seen the danger sign and says it is over, which also ends its task.
    """
    case = begin(case, "care_record", actor, now)
    if clears_danger:
        require_may(case, "medical_judgement", actor, now)
        if case.danger != "open":
            raise errors.AlreadyDone()
    code_of(case, "care_kinds", kind)
    stated_time(happened_at, now)
    if cost is not None:
        known(currency, CURRENCIES, "currency")
        known(cost >= 0, (True,), "cost")

    text = words_frozen(case, "care", words, now=now)
    record = CareRecord.objects.create(
        case=case,
        kind=kind,
        happened_at=happened_at,
        recorded_at=now,
        words=text,
        place=short(place, 120, "place"),
        cost=cost,
        currency=currency if cost is not None else "",
        clears_danger=clears_danger,
        by_id=actor.user_id,
    )
    changes: dict[str, object] = {"money": case.money or bool(cost)}
    if clears_danger:
        changes["danger"] = "resolved"
        _danger_over(case, actor, now)
    case_change(case, now=now, **changes)

    plain = {"care": str(record.uid), "kind": kind, "clears_danger": clears_danger}
    plain |= {"cost": cost, "currency": currency} if cost is not None else {}
    tell(
        case,
        "care.recorded",
        actor=actor,
        now=now,
        plain=plain,
        private={"place": record.place},
        texts={"words": text},
        happened_at=happened_at,
    )
    if clears_danger:
        tell(case, "case.danger_resolved", actor=actor, now=now, plain={"care": str(record.uid)})
    return record


@writes
def late_entry_make(*, case: Case, words: str, happened_at: datetime, actor: Actor, now: datetime) -> None:
    """Write down afterwards what could not be written while life was at stake: marked as late, with both times."""
    case = begin(case, "care_record", actor, now)
    stated_time(happened_at, now)
    text = words_frozen(case, "care.late_entry", words, now=now)
    case_change(case, now=now)
    tell(case, "late_entry.made", actor=actor, now=now, texts={"words": text}, happened_at=happened_at)


def _danger_over(case: Case, actor: Actor, now: datetime) -> None:
    waiting = Task.objects.filter(case=case, kind=DANGER_TASK, done_at=None, cancelled_at=None)
    holders = list(waiting.values_list("assignee_id", flat=True))
    waiting.update(done_at=now, done_by_id=actor.user_id)
    tasks_noted(case, holders, now)
