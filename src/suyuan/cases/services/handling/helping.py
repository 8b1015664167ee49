"""Calling a colleague: with the case in front of them, at once, and for as long as it takes (A-28)."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from suyuan.accounts.models import User
from suyuan.accounts.rules import READ_ONLY, ActorProfile, CaseView, Role, reads_narrative
from suyuan.accounts.selectors import profiles_in
from suyuan.cases import errors
from suyuan.cases.models import Case, Task
from suyuan.cases.services.common import case_view
from suyuan.cases.services.handling.parts import (
    begin,
    case_change,
    case_locked,
    may_take_part,
    require_may,
    short,
    tasks_noted,
    tell,
)
from suyuan.kernel.actor import Actor
from suyuan.kernel.chain import time_text
from suyuan.platform.units import writes

HELP = "help"
# Whoever has not come by then is late, and "my day" says so.
WITHIN = timedelta(minutes=15)
# Whom one calls first, where several are here.
FIRST = (
    Role.CASE_MANAGER, Role.DEPARTMENT_HEAD, Role.HEAD_OF_CLINIC, Role.DOCTOR, Role.NURSE, Role.CONSULTANT, Role.LEGAL,
    Role.RECEPTION,
)  # fmt: skip


@writes
def help_call(*, case: Case, user: User, words: str = "", actor: Actor, now: datetime) -> Task:
    """Ask one colleague to come, with the case in front of them; called twice, it is the same call.

    The task opens the case to them until it is done. Raises PersonComplainedAbout, NotOfThisBranch, ReadsNoWords.
    """
    case = begin(case, "escalate", actor, now)
    words = short(words, 120, "words")
    if user.pk == actor.user_id:
        raise errors.CallingOneself(fields={"user": "self"})
    if not reads_once_asked(may_take_part(case, user, now), case_view(case)):
        raise errors.ReadsNoWords()
    waiting = Task.objects.filter(case=case, kind=HELP, assignee=user, done_at=None, cancelled_at=None).first()
    if waiting is not None:
        return waiting
    task = Task.objects.create(
        case=case,
        kind=HELP,
        title=words,
        detail={"asked_by": actor.uid},
        assignee=user,
        due_at=now + WITHIN,
        opened_at=now,
    )
    tasks_noted(case, [user.pk], now)
    case_change(case, now=now)
    private = {"name": user.display_name, "words": words}
    tell(case, "help.called", actor=actor, now=now, plain={"task": str(task.uid), "user": str(user.uid)}, private=private)
    return task


@writes
def help_answer(*, task: Task, actor: Actor, now: datetime) -> Task:
    """Whoever was called says that they come."""
    case = case_locked(task.case)
    require_may(case, "task_finish", actor, now)
    task = Task.objects.select_for_update().get(pk=task.pk)
    if task.kind != HELP or task.assignee_id != actor.user_id:
        raise errors.CalledSomebodyElse()
    if task.done_at or task.cancelled_at or "came_at" in task.detail:
        raise errors.AlreadyDone()
    task.detail = {**task.detail, "came_at": time_text(now)}
    task.save(update_fields=["detail"])
    case_change(case, now=now)
    tell(case, "help.answered", actor=actor, now=now, plain={"task": str(task.uid), "to": task.detail.get("asked_by", "")})
    return task


def reads_once_asked(person: ActorProfile, view: CaseView) -> bool:
    """Whether a task would show this person the words of the case."""
    return reads_narrative(person, replace(view, task_user_ids=view.task_user_ids | {person.user_id}))


def callable_now(case: Case, me: int | None, here: Collection[int], now: datetime) -> list[User]:
    """Colleagues who may be called: those at a screen now first, then as the house would ask them."""
    view = case_view(case)
    people = [
        each
        for each in profiles_in(case.branch, now)
        if each.user_id not in (me, *view.complained_ids) and _works(each, case) and reads_once_asked(each, view)
    ]
    order = {each.user_id: (each.user_id not in here, _rank(each, case)) for each in people}
    users = User.objects.filter(pk__in=order)
    return sorted(users, key=lambda user: (*order[user.pk], user.pk))


def _works(person: ActorProfile, case: Case) -> bool:
    """Whoever only looks on is not called."""
    return bool(person.roles_in(case.branch_id) - READ_ONLY - {Role.ADMINISTRATOR})


def _rank(person: ActorProfile, case: Case) -> int:
    roles = person.roles_in(case.branch_id)
    return next((place for place, role in enumerate(FIRST) if role in roles), len(FIRST))
