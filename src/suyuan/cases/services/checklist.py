"""Evidence of a case: asked of whoever holds it, taken in where it belongs, set aside with a reason."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from suyuan.accounts.models import User
from suyuan.accounts.rules import MEMBER_ROLES
from suyuan.cases import errors
from suyuan.cases.models import Case, Party, Task
from suyuan.cases.services.asking import party_told
from suyuan.cases.services.handling.items import item_note
from suyuan.cases.services.handling.parts import (
    begin,
    case_change,
    known,
    may_take_part,
    require_may,
    short,
    tasks_noted,
)
from suyuan.cases.services.handling.working import REQUEST, task_theirs
from suyuan.cases.services.wording import words_pass
from suyuan.evidence.models import EvidenceRequest, Item, Need
from suyuan.evidence.services import requests as evidence
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.evidence.services.requests import Asked, Holder
from suyuan.kernel.actor import Actor
from suyuan.platform.models import StoredFile
from suyuan.platform.units import writes
from suyuan.playbooks.selectors import evidence_procedure

TASK_KIND = "collect"


@writes
def evidence_ask(
    *,
    case: Case,
    kind: str,
    due_at: datetime,
    user: User | None = None,
    role: str = "",
    party: Party | None = None,
    words: str = "",
    templates: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> EvidenceRequest:
    """Ask a colleague, a role or somebody outside for one kind of evidence, until a day.

    Staff get a task with that day, which opens the case to them; people outside see it on their follow-up page, and hear
    of it by mail where they chose mail.
    """
    case = begin(case, "evidence_ask", actor, now)
    _kind(case, kind)
    holder = _holder(case, user, role, party, now)
    if party is not None:  # they read it on their page
        words_pass(case, words, what="evidence_request", templates=templates, now=now)
    request = evidence.request_open(
        stream=case.stream, holder=holder, asked=Asked(kind, due_at, words), actor=actor, now=now
    )
    if party is None:
        Task.objects.create(
            case=case,
            kind=TASK_KIND,
            detail={REQUEST: str(request.uid), "evidence": kind},
            role=holder.role,
            assignee=user,
            due_at=due_at,
            opened_at=now,
        )
        tasks_noted(case, [user.pk if user else None], now)
    case_change(case, now=now)
    party_told(case=case, request=request, actor=actor, now=now)
    return request


def _holder(case: Case, user: User | None, role: str, party: Party | None, now: datetime) -> Holder:
    if party is not None:
        if party.case_id != case.pk:
            raise errors.OtherCase()
        return Holder(party=f"party:{party.uid}", name=party.person.full_name)
    if user is not None:
        may_take_part(case, user, now)
        return Holder(user=user, name=user.display_name)
    return Holder(role=known(role, MEMBER_ROLES, "role"))


@writes
def evidence_remind(*, case: Case, request: EvidenceRequest, actor: Actor, now: datetime) -> EvidenceRequest:
    """Say once more that it is waited for."""
    case = _begun(case, request, "evidence_ask", actor, now)
    case_change(case, now=now)
    request = evidence.request_remind(request=request, actor=actor, now=now)
    party_told(case=case, request=request, actor=actor, now=now)
    return request


@writes
def evidence_give(
    *,
    case: Case,
    stored: Sequence[StoredFile],
    kind: str = "",
    request: EvidenceRequest | None = None,
    source: str = "desk",
    note: str = "",
    agreed: bool = False,
    actor: Actor,
    now: datetime,
) -> list[Item]:
    """Take files in as evidence of one kind. Those that answer a request end it, and the task that stood for it."""
    case = begin(case, "file_add", actor, now)
    if request is not None:
        _theirs(case, request, actor, now)
        kind, source = request.kind, "request"
    _kind(case, kind)
    note = short(note, 200, "note")
    items = [
        item_add(
            given=ItemGiven(file, source, kind=kind, note=note),
            stream=case.stream,
            branch_id=case.branch_id,
            actor=actor,
            now=now,
        )
        for file in stored
    ]
    if request is not None:
        evidence.request_given(request=request, items=items, agreed=agreed, actor=actor, now=now)
        _task_over(case, request, actor, now, done_at=now, done_by_id=actor.user_id)
    case_change(case, now=now)
    return items


@writes
def evidence_answer(
    *, case: Case, request: EvidenceRequest, how: str, words: str, actor: Actor, now: datetime
) -> EvidenceRequest:
    """Words instead: there is none, somebody else has it, or (people outside) they would rather not."""
    case = _begun(case, request, "evidence_answer", actor, now)
    _theirs(case, request, actor, now)
    request = evidence.request_answer(
        request=request, how=how, words=words, branch_id=case.branch_id, actor=actor, now=now
    )
    _task_over(case, request, actor, now, done_at=now, done_by_id=actor.user_id)
    case_change(case, now=now)
    return request


@writes
def evidence_cancel(
    *, case: Case, request: EvidenceRequest, reason: str, actor: Actor, now: datetime
) -> EvidenceRequest:
    """No longer asked for, and why."""
    case = _begun(case, request, "evidence_ask", actor, now)
    request = evidence.request_cancel(request=request, reason=reason, actor=actor, now=now)
    _task_over(case, request, actor, now, cancelled_at=now)
    case_change(case, now=now)
    return request


@writes
def evidence_set_aside(*, case: Case, kind: str, reason: str, actor: Actor, now: datetime) -> Need:
    """This kind does not apply to this case, who says so and why."""
    case = begin(case, "evidence_judge", actor, now)
    _kind(case, kind)
    case_change(case, now=now)
    return evidence.need_set_aside(stream=case.stream, kind=kind, reason=reason, actor=actor, now=now)


@writes
def evidence_take_back(*, case: Case, need: Need, actor: Actor, now: datetime) -> Need:
    """It does apply after all."""
    case = begin(case, "evidence_judge", actor, now)
    if need.stream != case.stream:
        raise errors.OtherCase()
    case_change(case, now=now)
    return evidence.need_take_back(need=need, actor=actor, now=now)


@writes
def evidence_sort(*, case: Case, item: Item, kind: str, actor: Actor, now: datetime) -> Item:
    """Say what kind of evidence an item is that came in without a word."""
    case = begin(case, "file_add", actor, now)
    _kind(case, kind)
    if item.stream != case.stream:
        raise errors.OtherCase()
    case_change(case, now=now)
    return item_note(case=case, item=item, kind=kind, actor=actor, now=now)


def _begun(case: Case, request: EvidenceRequest, move: str, actor: Actor, now: datetime) -> Case:
    case = begin(case, move, actor, now)
    if request.stream != case.stream:
        raise errors.OtherCase()
    return case


def _kind(case: Case, kind: str) -> str:
    book = evidence_procedure(case.procedure_id, case.jurisdiction)
    return known(kind, {each.id for each in book.evidence}, "kind")


def _theirs(case: Case, request: EvidenceRequest, actor: Actor, now: datetime) -> None:
    """A request is answered by whom it was put to, or by those who may ask; never by another person outside."""
    if request.stream != case.stream:
        raise errors.OtherCase()
    if actor.kind in ("party", "reporter"):
        if request.party != str(actor):
            raise errors.MayNot("not_here")
        return
    if request.party:
        require_may(case, "evidence_ask", actor, now)
        return
    task = _task(case, request)
    if task is not None:
        task_theirs(case, task, actor, now)


def _task(case: Case, request: EvidenceRequest) -> Task | None:
    waiting = Task.objects.filter(case=case, kind=TASK_KIND, done_at=None, cancelled_at=None)
    return waiting.filter(detail__request=str(request.uid)).first()


def _task_over(case: Case, request: EvidenceRequest, actor: Actor, now: datetime, **columns: object) -> None:
    task = _task(case, request)
    if task is None:
        return
    Task.objects.filter(pk=task.pk).update(**columns)
    tasks_noted(case, [task.assignee_id], now)
