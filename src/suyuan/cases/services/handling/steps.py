"""The steps of a level become tasks when the case is graded: with an owner, and due so long after."""
from __future__ import annotations

from datetime import datetime

from suyuan.cases.models import Case, Involvement, Task
from suyuan.cases.services.clocks import book_for
from suyuan.cases.services.common import is_being_born, tasks_add
from suyuan.cases.services.handling.parts import involve, tasks_noted
from suyuan.kernel import deadlines
from suyuan.playbooks.readers import Duration, Step

STEP = "step"
HANDLER, INVESTIGATOR = "handler", "investigator"

# Whoever is named later takes these over; until then the case manager sees them.
STANDING_IN = "case_manager"


def steps_open(case: Case, level: int, now: datetime) -> list[str]:
    """Open the tasks of `level` that are not open or done already. Returns the ids of the steps opened."""
    there = set() if is_being_born(case) else _steps_there(case)
    wanted = [step for step in book_for(case).procedure.level(level).steps if step.id not in there]
    investigators = Involvement.objects.filter(case=case, kind=INVESTIGATOR, until=None).order_by("id")
    named = {HANDLER: case.owner_id, INVESTIGATOR: None}
    if any(step.owner == INVESTIGATOR for step in wanted):
        named[INVESTIGATOR] = investigators.values_list("user_id", flat=True).first()

    tasks = [_task(case, level, step, named, now) for step in wanted]
    tasks_add(case, tasks)
    for user_id in sorted({t.assignee_id for t in tasks if t.assignee_id}):
        involve(case, user_id, "task", now)
    return [step.id for step in wanted]


def _steps_there(case: Case) -> set[str]:
    open_or_done = Task.objects.filter(case=case, kind=STEP, cancelled_at=None)
    return set(open_or_done.values_list("detail__step", flat=True))


def steps_close(case: Case, level: int, now: datetime) -> list[str]:
    """Cancel open steps that the lower level does not ask for."""
    kept = {step.id for step in book_for(case).procedure.level(level).steps}
    open_steps = Task.objects.filter(case=case, kind=STEP, done_at=None, cancelled_at=None)
    gone = [task for task in open_steps if task.detail["step"] not in kept]
    Task.objects.filter(pk__in=[t.pk for t in gone]).update(cancelled_at=now)
    tasks_noted(case, (t.assignee_id for t in gone), now)
    return sorted(t.detail["step"] for t in gone)


def steps_pass(case: Case, holder: str, user_id: int | None, now: datetime) -> None:
    """Give the open tasks of the handler or the investigator to whoever that is now; nobody: to the manager's list."""
    theirs = Task.objects.filter(case=case, done_at=None, cancelled_at=None, detail__holder=holder)
    before = list(theirs.values_list("assignee_id", flat=True))
    theirs.update(assignee_id=user_id, role="" if user_id else STANDING_IN)
    tasks_noted(case, [*before, user_id] if before else (), now)


def due(case: Case, within: Duration | None, now: datetime) -> datetime | None:
    """So long from now on the calendar of the branch: the instant for hours, the end of the day otherwise."""
    if within is None:
        return None
    return deadlines.deadline(deadlines.Rule(within), now, book_for(case).table).due_at


def task_for(case: Case, kind: str, holder: str, named: dict[str, int | None], now: datetime, **more) -> Task:
    """An unsaved task for a role, or for whoever is handler or investigator at this moment."""
    detail = {**more.pop("detail", {}), **({"holder": holder} if holder in named else {})}
    assignee = named.get(holder)
    role = "" if assignee else (STANDING_IN if holder in named else holder)
    return Task(case=case, kind=kind, role=role, assignee_id=assignee, detail=detail, opened_at=now, **more)


def _task(case: Case, level: int, step: Step, named: dict[str, int | None], now: datetime) -> Task:
    detail = {"step": step.id, "level": level}
    return task_for(case, STEP, step.owner, named, now, detail=detail, due_at=due(case, step.within, now))
