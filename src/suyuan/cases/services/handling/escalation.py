"""Rules of the pack that bring in the next person (C-13), and the notices that tell people something waits.

Conditions on the case itself are asked here, when a fact changes them; those on time are asked by the clocks' sweep.
"""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Max

from suyuan.accounts.models import User
from suyuan.accounts.rules import READ_ONLY, Role
from suyuan.accounts.selectors import members_with
from suyuan.cases.models import Case, ContactEntry, Involvement, Task
from suyuan.cases.services.clocks import book_for
from suyuan.cases.services.common import case_change, is_being_born, tasks_add, tell
from suyuan.cases.services.handling.steps import HANDLER, INVESTIGATOR, due, steps_open, task_for
from suyuan.cases.services.wording import voters
from suyuan.correspondence.models import Clearance, Message, StaffNotice
from suyuan.correspondence.rules import NOTICE, Channel
from suyuan.correspondence.services import Recipient, staff_notify
from suyuan.correspondence.services.clearing import writers_of
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.platform.facts import Recorded
from suyuan.platform.jobs import job
from suyuan.platform.models import FactRow
from suyuan.platform.units import writes
from suyuan.playbooks.readers import Escalation
from suyuan.playbooks.selectors import procedure_of

ESCALATION = "escalation"

# Facts in which the complainant may have come to us once more.
CONTACTS = frozenset({"contact.logged", "message.received"})

TELL = "cases.tell_staff"


# --- bringing in the next person -----------------------------------------------------------------------------------


def escalations_follow(event: Recorded, *, actor: Actor, now: datetime) -> None:
    """Inside-reaction: every rule of the pack that has just come to hold opens its tasks, once while they are open."""
    case = event.subject if isinstance(event.subject, Case) else _case_of(event.stream)
    if case is None or not case.is_open:
        return
    holding = [rule for rule in book_for(case).procedure.escalations if _holds(rule, case, event.type, now)]
    if not holding:
        return
    there = set() if is_being_born(case) else _asked(case)
    fresh = [rule for rule in holding if rule.id not in there]
    if fresh:
        _escalate(case, fresh, now)


def _asked(case: Case) -> set[str]:
    """Rules whose people are called in already."""
    asked = Task.objects.filter(case=case, kind=ESCALATION, cancelled_at=None)
    return set(asked.values_list("detail__rule", flat=True))


def _case_of(stream: str) -> Case | None:
    """For facts that others record in a case's stream: a message that came in."""
    return Case.objects.select_related("branch").filter(stream=stream).first()


def level_follow(event: Recorded, *, actor: Actor, now: datetime) -> None:
    """Inside-reaction: a case that comes in graded, by its danger sign or by whoever took it down, opens its steps."""
    case = event.subject
    if isinstance(case, Case) and case.level:
        steps_open(case, case.level, now)


def _holds(rule: Escalation, case: Case, fact_type: str, now: datetime) -> bool:
    """Exactly the conditions that are set, together. Rules about time belong to the clocks."""
    if rule.overdue_hours is not None or not (rule.levels or rule.flags or rule.danger or rule.contacts):
        return False
    if rule.levels and case.level not in rule.levels:
        return False
    if rule.flags and not set(case.flags) & set(rule.flags):
        return False
    if rule.danger and case.danger != "open":
        return False
    if rule.contacts is None:
        return True
    return fact_type in CONTACTS and unanswered(case, now, rule.within_days) >= rule.contacts


def unanswered(case: Case, now: datetime, days: int | None) -> int:
    """How often the complainant came to us in these days since our last word to them."""
    since = now - timedelta(days=days) if days else case.received_at
    contacts = ContactEntry.objects.filter(case=case)
    messages = Message.objects.filter(subject_stream=case.stream)
    ours = [
        contacts.filter(direction="out").aggregate(at=Max("happened_at"))["at"],
        messages.filter(direction="out").exclude(kind=NOTICE).exclude(channel=Channel.PUBLIC).aggregate(at=Max("sent_at"))["at"],
    ]
    since = max([since, *(at for at in ours if at is not None)])
    came = contacts.filter(direction="in", happened_at__gt=since).count()
    return came + messages.filter(direction="in", created_at__gt=since).count()


def _escalate(case: Case, rules: list[Escalation], now: datetime) -> None:
    """Those who write get a task, those who only read get the notice and the case."""
    named = {HANDLER: case.owner_id, INVESTIGATOR: None}
    tasks, to = [], []
    for rule in rules:
        until = due(case, rule.within, now) or now
        to += rule.to
        detail = {"rule": rule.id}
        working = [role for role in rule.to if role not in READ_ONLY]
        tasks += [task_for(case, ESCALATION, role, named, now, detail=detail, due_at=until) for role in working]
    tasks_add(case, tasks)
    if Role.HEAD_OFFICE in to and not case.escalated:
        case_change(case, now=now, escalated=True)
    plain = {"rules": [rule.id for rule in rules], "to": list(dict.fromkeys(to))}
    tell(case, "case.escalated", actor=SYSTEM, now=now, plain=plain)


# --- telling staff -------------------------------------------------------------------------------------------------


@job(TELL)
def tell_staff(args: dict, now: datetime) -> None:
    """After a fact: content-free notices to those it concerns. Told once, however often the job runs."""
    fact = FactRow.objects.get(uid=args["fact"])
    case = Case.objects.select_related("branch", "owner").get(uid=fact.stream.partition(":")[2])
    people = recipients(case, fact, now)
    told = StaffNotice.objects.filter(stream=case.stream, code=fact.type, created_at__gte=fact.at)
    already = set(told.values_list("user_id", flat=True))
    waiting = [user for user in people if user.pk not in already]
    if waiting:
        staff_tell(case=case, users=waiting, code=fact.type, actor=SYSTEM, now=now)


@writes
def staff_tell(*, case: Case, users: Iterable[User], code: str, actor: Actor, now: datetime) -> None:
    """One notice a person, which says that something waits and nothing else."""
    to = [Recipient(user.pk, user.email, user.language) for user in users]
    staff_notify(to=to, code=code, stream=case.stream, actor=actor, now=now)


def recipients(case: Case, fact: FactRow, now: datetime) -> list[User]:
    """Whom a fact concerns. Never the one who did it; people complained about only when they are asked for their side."""
    match fact.type:
        case "case.opened":
            found = [case.owner] if case.owner else _holders(case, (Role.CASE_MANAGER,), now)
        case "case.graded":
            level = procedure_of(case.procedure_id).level(fact.value("level"))
            found = _holders(case, (level.owner, *level.told), now)
        case "case.escalated":
            found = _holders(case, fact.value("to", []), now)
        case "case.danger_raised":
            found = _holders(case, (Role.DOCTOR, Role.CASE_MANAGER), now)
        case "legal.asked":
            found = _holders(case, (Role.LEGAL,), now)
        case "clearance.asked" | "clearance.voted":
            asked = Clearance.objects.filter(uid=fact.value("clearance"), state="open").first()
            found = voters(case, asked, now) if asked is not None else []
        case "clearance.given" | "clearance.refused":
            found = list(User.objects.filter(pk__in=_writers(fact.value("clearance")), is_active=True))
        case "level.lowering_asked" | "case.closing_asked":
            found = _holders(case, (Role.CASE_MANAGER, Role.DEPARTMENT_HEAD, Role.HEAD_OF_CLINIC), now)
        case (
            "case.assigned" | "speaker.named" | "investigator.appointed" | "task.opened" | "help.called" | "statement.requested"
            | "evidence.requested" | "evidence.request_reminded"
        ):  # fmt: skip
            found = list(User.objects.filter(uid=fact.value("user"), is_active=True)) if fact.value("user") else []
        case _:
            raise LookupError(f"nobody is told about {fact.type}")
    if fact.type != "statement.requested":
        hidden = Involvement.objects.filter(case=case, kind="complained", until=None).values_list("user_id", flat=True)
        found = [user for user in found if user.pk not in set(hidden)]
    return [user for user in found if fact.actor != f"user:{user.uid}"]


def _writers(clearance: str) -> frozenset[int]:
    asked = Clearance.objects.filter(uid=clearance).first()
    return writers_of(asked) if asked is not None else frozenset()


def _holders(case: Case, roles: Iterable[str], now: datetime) -> list[User]:
    """Those who hold the roles here, in a settled order; handler and investigator are persons of the case."""
    found: dict[int, User] = {}
    for role in roles:
        if role == HANDLER:
            here = [case.owner] if case.owner else []
        elif role == INVESTIGATOR:
            rows = Involvement.objects.filter(case=case, kind=INVESTIGATOR, until=None).select_related("user")
            here = [row.user for row in rows.order_by("id")]
        else:
            here = members_with(role, case.branch, now)
        found |= {user.pk: user for user in here}
    return list(found.values())
