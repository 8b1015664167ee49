"""What every service of a case begins and ends with."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import CharField, F, QuerySet, Value

from suyuan.accounts.rules import ActorProfile, CaseView, may
from suyuan.accounts.selectors import profile_for
from suyuan.cases import errors, rules
from suyuan.cases.models import Approval, Case, Involvement, Task
from suyuan.kernel.actor import Actor
from suyuan.kernel.machine import NoSuchMove
from suyuan.kernel.refusal import BadInput
from suyuan.platform import units
from suyuan.platform.asked import Asked
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.models import Text
from suyuan.platform.rows import rows_add
from suyuan.platform.texts import text_write


def case_locked(case: Case) -> Case:
    """The case as it stands in the database now, its row locked until the write ends."""
    return Case.objects.select_for_update(of=("self",)).select_related("branch").get(pk=case.pk)


@dataclass(frozen=True)
class Colleague:
    """A member of staff as a case names them."""

    pk: int
    display_name: str


def case_view(case: Case) -> CaseView:
    """What `accounts.rules.may` needs to know of a case: one query."""
    return case_people(case)[0]


def case_people(case: Case) -> tuple[CaseView, list[tuple[str, Colleague]]]:
    """The same, and who those members of staff are: (owner, investigator…; colleague), in the order they came to it."""
    by_kind: dict[str, set[int]] = {}
    task_roles, lowering, involved = set(), None, []
    for what, kind, user_id, name, row in _involved(connection.vendor)(case.pk):
        if what == "task":
            task_roles.add(kind)
        elif what == "lowering":
            lowering = user_id
        else:
            by_kind.setdefault(kind, set()).add(user_id)
            involved.append((row, kind, Colleague(user_id, name)))
    people = [(kind, colleague) for _row, kind, colleague in sorted(involved, key=itemgetter(0))]
    return _view(case, by_kind, task_roles, lowering), people


def _view(case: Case, by_kind: Mapping[str, set[int]], task_roles: set[str], lowering: int | None) -> CaseView:
    return CaseView(
        branch_id=case.branch_id,
        stream=case.stream,
        jurisdiction=case.jurisdiction,
        department_id=case.department_id,
        level=case.level or None,
        stage=case.stage,
        flags=frozenset(case.flags),
        escalated=case.escalated,
        money=case.money,
        asked_legal=case.asked_legal,
        owner_id=case.owner_id,
        registered_by_id=case.registered_by_id,
        investigator_ids=frozenset(by_kind.get("investigator", ())),
        task_user_ids=frozenset(by_kind.get("task", ())),
        task_roles=frozenset(task_roles),
        complained_ids=frozenset(by_kind.get("complained", ())),
        lower_requested_by_id=lowering,
        close_requested_by_id=case.closing_asked_by_id,
    )


_SOME = -1


@cache
def _involved(vendor: str) -> Asked:
    """Who has to do with the case, which roles hold an open task, and who asked to lower its level:
    (what, kind, user, their name, row)."""
    people = Involvement.objects.filter(case=_SOME, until__isnull=True)
    tasks = Task.objects.filter(case=_SOME, done_at__isnull=True, cancelled_at__isnull=True).exclude(role="")
    lowering = Approval.objects.filter(case=_SOME, kind="lower_level", decision="")

    def said(rows: QuerySet, what: str, kind: str, user: str, name: str = "") -> QuerySet:
        name_ = F(name) if name else Value("", CharField())
        named = rows.order_by().annotate(what_=Value(what, CharField()), name_=name_)
        return named.values_list("what_", kind, user, "name_", "pk")

    parts = said(people, "involved", "kind", "user_id", "user__display_name"), said(tasks, "task", "role", "assignee_id")
    return Asked(said(lowering, "lowering", "kind", "asked_by_id").union(*parts, all=True), _SOME)


def require_may(case: Case, move: str, actor: Actor, now: datetime, *, view: CaseView | None = None) -> CaseView:
    """Refuse unless the actor may do `move` to this case now. The system acts by its jobs' own rules."""
    view = view or case_view(case)
    profile = profile_for(actor, now) if actor.kind in {"user", "guest"} else ActorProfile(actor)
    answer = may(profile, move, view)
    if not answer:
        if answer.code == "not_here":
            raise errors.MayNot("not_here")
        raise errors.MayNot(answer.code, answer.who_could)
    if answer.stands_in_for:  # a deputy acts as themselves; the facts of this write name whom for
        units.required().notes[f"acting_for:{actor.uid}"] = answer.stands_in_for
    return view


def stage_move(case: Case, name: str, *, now: datetime, **changes: Any) -> None:
    """Claim the row while its stage is still the one we looked at. Raises WrongStage, CaseMovedMeanwhile."""
    try:
        move = rules.LIFECYCLE.move(case.stage, name)
    except NoSuchMove:
        raise errors.WrongStage(stage=case.stage, move=name) from None
    target = move.target or case.stage
    ended = target in rules.ENDED
    changes |= {"stage": target, "moved_at": now, "is_open": not ended}
    if ended:
        changes |= {"ended_at": now, "next_due_at": None}
    elif case.stage in rules.ENDED:
        changes |= {"ended_at": None}
    claimed = Case.objects.filter(pk=case.pk, stage=case.stage, moved_at=case.moved_at).update(**changes)
    if not claimed:
        raise errors.CaseMovedMeanwhile()
    for name_, value in changes.items():
        setattr(case, name_, value)


def case_change(case: Case, *, now: datetime, **changes: Any) -> None:
    """Write the named columns of a locked case, and that it moved."""
    changes["moved_at"] = now
    Case.objects.filter(pk=case.pk).update(**changes)
    for name, value in changes.items():
        setattr(case, name, value)


def words_frozen(case: Case, kind: str, words: str, *, now: datetime, compartment: str = "", field: str = "words") -> Text:
    """Freeze what a person wrote. Raises WordsMissing when there is nothing but space."""
    if not words.strip():
        raise errors.WordsMissing(field)
    return text_write(
        stream=case.compartment_stream(compartment),
        kind=kind,
        body=words,
        branch_id=case.branch_id,
        now=now,
        compartment=compartment,
    )


def stated_time(stated: datetime | None, now: datetime, field: str = "happened_at") -> datetime | None:
    """A stated time that can be true. Raises StatedTimeWrong."""
    if problem := rules.stated_time_problem(stated, now):
        raise errors.StatedTimeWrong(problem, field)
    return stated


def known(code: str, allowed, field: str) -> str:
    """A code that the rules know. Raises BadInput naming the field."""
    if code not in allowed:
        raise BadInput(fields={field: code})
    return code


def tell(
    case: Case,
    fact_type: str,
    *,
    actor: Actor,
    now: datetime,
    plain: Mapping[str, Any] | None = None,
    private: Mapping[str, Any] | None = None,
    texts: Mapping[str, Text] | None = None,
    happened_at: datetime | None = None,
    compartment: str = "",
) -> UUID:
    """Record one fact about the case in its stream, or in the stream of a protected compartment."""
    fact = Fact(
        fact_type,
        case.compartment_stream(compartment),
        plain=plain or {},
        private={name: value for name, value in (private or {}).items() if value not in ("", None)},
        texts=texts or {},
        happened_at=happened_at,
        subject=case,
    )
    return facts_record([fact], actor=actor, now=now)[0].uid


def involve(case: Case, user_id: int, kind: str, now: datetime) -> None:
    """Note why a member of staff has to do with the case; once is enough."""
    Involvement.objects.bulk_create(
        [Involvement(case=case, user_id=user_id, kind=kind, since=now)], ignore_conflicts=True
    )


def release(case: Case, user_id: int, kind: str, now: datetime) -> int:
    open_ones = Involvement.objects.filter(case=case, user_id=user_id, kind=kind, until__isnull=True)
    return open_ones.update(until=now)


def is_complained_about(case: Case, user_id: int) -> bool:
    return Involvement.objects.filter(case=case, user_id=user_id, kind="complained", until__isnull=True).exists()


# --- the day something happened --------------------------------------------------------------------------------------

ASK_OCCURRED_ON = "ask_occurred_on"


def occurrence_task(case: Case, now: datetime) -> Task | None:
    """Asks today for the day that clocks of law count from, where harm counts as serious and nobody has said when."""
    if case.harm not in rules.COUNTS_AS_SERIOUS or case.occurred_on is not None:
        return None
    tonight = now.astimezone(case.branch.tz).replace(hour=23, minute=59, second=0, microsecond=0)
    return Task(case=case, kind=ASK_OCCURRED_ON, role="case_manager", due_at=tonight, opened_at=now)


def occurrence_follow(case: Case, *, actor: Actor, now: datetime) -> None:
    """Once the day is known, nobody need ask for it; where it is missing, one task does."""
    asking = Task.objects.filter(case=case, kind=ASK_OCCURRED_ON, done_at=None, cancelled_at=None)
    if case.occurred_on is not None:
        asking.update(done_at=now, done_by_id=actor.user_id)
        return
    task = occurrence_task(case, now)
    if task is not None and not asking.exists():
        tasks_add(case, [task])


# --- a case that is being born ---------------------------------------------------------------------------------------


def case_born(case: Case) -> None:
    """This write makes the case: nothing of it can be there already, and its tasks are written together."""
    unit = units.required()
    unit.notes[f"born:{case.pk}"] = tasks = []
    unit.flushers.append(lambda _unit: rows_add(tasks))


def is_being_born(case: Case) -> bool:
    return f"born:{case.pk}" in units.required().notes


def tasks_add(case: Case, tasks: Iterable[Task]) -> None:
    """Open tasks: at once, or with everything else of a case that is being born."""
    if is_being_born(case):
        units.required().notes[f"born:{case.pk}"].extend(tasks)
    else:
        rows_add(tasks)
