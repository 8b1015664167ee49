"""What came by itself finds its case: as an answer to a message of ours, or by whose account or address it came from.

Exactly one open case takes it in; otherwise a person gives it a place. And what had left and came back calls for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import translation
from django.utils.translation import gettext as _

from suyuan.accounts.errors import require
from suyuan.accounts.models import Branch
from suyuan.accounts.rules import Role, may_here
from suyuan.accounts.selectors import members_with, profile_for
from suyuan.cases import rules
from suyuan.cases.models import Case, Party, Task
from suyuan.cases.services.common import case_locked, require_may, tasks_add
from suyuan.cases.services.handling.steps import HANDLER, task_for
from suyuan.cases.services.handling.working import task_open
from suyuan.correspondence.models import Incoming, Message
from suyuan.correspondence.rules import SURE
from suyuan.correspondence.services import (
    Recipient,
    incoming_place,
    incoming_set_aside,
    staff_notify,
)
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.people.rules import LINE_ACCOUNT
from suyuan.people.selectors import contacts_answering
from suyuan.platform.facts import Recorded
from suyuan.platform.jobs import job
from suyuan.platform.models import FactRow
from suyuan.platform.units import writes
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.texts import pick

PLACE = "cases.incoming_place"
WAITING = "incoming.waiting"
REOPEN_TASK = "decide"
DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Place:
    """A case that something may belong to, the person of it who seems to have sent it, and how we know."""

    case: Case
    party: Party | None = None
    known_by: str = ""

    @property
    def is_sure(self) -> bool:
        return self.party is not None and self.known_by in SURE


def places_of(incoming: Incoming) -> list[Place]:
    """Where it may belong: the case of the message it answers, otherwise every open case of whoever sent it."""
    if incoming.in_reply_to is not None:
        case = Case.objects.select_related("branch").filter(stream=incoming.in_reply_to.subject_stream).first()
        return [_as_answered(case, incoming)] if case is not None else []
    kind, known_by = {"line": (LINE_ACCOUNT, "account"), "email": ("email", "address")}.get(incoming.channel, ("", ""))
    if not kind:
        return []
    people = contacts_answering(kind, incoming.content.sender).values("person_id")
    parties = Party.objects.filter(person_id__in=people, case__is_open=True).select_related("case__branch").order_by("id")
    return [Place(party.case, party, known_by) for party in parties]


def _as_answered(case: Case, incoming: Incoming) -> Place:
    """An answer from the account of the very person it was written to is theirs; any other only seems so."""
    uid = incoming.in_reply_to.party.removeprefix("party:")
    party = case.parties.select_related("case").filter(uid=uid).first() if uid else None
    if party is not None and incoming.channel == "line":
        theirs = contacts_answering(LINE_ACCOUNT, incoming.content.sender).filter(person_id=party.person_id)
        return Place(case, party, "account" if theirs.exists() else "reference")
    return Place(case, party, incoming.known_by)


@job(PLACE)
def place(args: dict, now: datetime) -> None:
    """After something came. May run twice: what has its place is left there."""
    fact = FactRow.objects.get(uid=args["fact"])
    incoming_follow(uid=fact.stream.partition(":")[2], now=now)


@writes
def incoming_follow(*, uid: str, now: datetime) -> Message | None:
    """Into the one case it can belong to; where there is none or more than one, case managers are told that it waits."""
    incoming = Incoming.objects.select_for_update(of=("self",)).select_related("in_reply_to").get(uid=uid)
    if incoming.state != "waiting":
        return None
    places = places_of(incoming)
    if len({found.case.pk for found in places}) != 1:
        _tell_managers(incoming, now)
        return None
    return _into(places[0], incoming, actor=SYSTEM, now=now)


@writes
def incoming_give(*, incoming: Incoming, case: Case, actor: Actor, now: datetime) -> Message:
    """A person says to which case it belongs. Raises MayNot, IncomingSettled."""
    _require(incoming, actor, now)
    case = case_locked(case)
    require_may(case, "contact", actor, now)
    found = next((each for each in places_of(incoming) if each.case.pk == case.pk), Place(case, None, "person"))
    return _into(found, incoming, actor=actor, now=now)


@writes
def incoming_drop(*, incoming: Incoming, reason: str, actor: Actor, now: datetime) -> Incoming:
    """A person says that it belongs to none, and why. Raises MayNot, IncomingSettled."""
    _require(incoming, actor, now)
    return incoming_set_aside(incoming=incoming, reason=reason, actor=actor, now=now)


def _require(incoming: Incoming, actor: Actor, now: datetime) -> None:
    require(may_here(profile_for(actor, now), "incoming_place", incoming.branch_id))


def _into(found: Place, incoming: Incoming, *, actor: Actor, now: datetime) -> Message:
    party = f"party:{found.party.uid}" if found.party is not None else ""
    with translation.override(found.case.branch.language):
        body = words_of(incoming)
    message = incoming_place(
        incoming=incoming,
        stream=found.case.stream,
        branch_id=found.case.branch_id,
        body=body,
        by=Actor("party", str(found.party.uid)) if found.is_sure else None,
        party=party,
        known_by=found.known_by or incoming.known_by or "person",
        actor=actor,
        now=now,
    )
    reopening_ask(found.case, now)
    return message


def words_of(incoming: Incoming) -> str:
    """What it says, with what could not be taken named, in the language that is set."""
    words, left = incoming.content.words.strip(), []
    if incoming.kind not in ("text", "mail"):
        left.append(_("（對方從 LINE 傳來%(what)s，這裡收不到。可以請對方從進度頁上傳。）") % {"what": kind_word(incoming.kind)})
    if incoming.left_out:
        left.append(_("（信裡另有 %(n)s 個附件，沒有收進來。可以請對方從進度頁上傳。）") % {"n": incoming.left_out})
    return "\n\n".join([each for each in (words, *left) if each]) or _("（沒有文字）")


def kind_word(kind: str) -> str:
    words = {
        "image": _("一張照片"),
        "video": _("一段影片"),
        "audio": _("一段錄音"),
        "file": _("一個檔案"),
        "location": _("一個位置"),
        "sticker": _("一張貼圖"),
    }
    return words.get(kind, _("一則不是文字的訊息"))


def _tell_managers(incoming: Incoming, now: datetime) -> None:
    branch = Branch.objects.get(pk=incoming.branch_id)
    managers = members_with(Role.CASE_MANAGER, branch, now)
    to = [Recipient(user.pk, user.email, user.language) for user in managers]
    staff_notify(to=to, code=WAITING, stream=incoming.stream, actor=SYSTEM, now=now)


# --- a case that has ended -------------------------------------------------------------------------------------------


def reopening_ask(case: Case, now: datetime) -> None:
    """On an ended case a person decides whether what came brings it back; one open question is enough."""
    case = Case.objects.select_related("branch").get(pk=case.pk)
    if case.stage not in rules.ENDED:
        return
    ask = pick(packs.procedure_of(case.procedure_id).reopening.ask, case.branch.language)[:200]
    if case.tasks.filter(kind=REOPEN_TASK, title=ask, done_at__isnull=True, cancelled_at__isnull=True).exists():
        return
    task_open(case=case, kind=REOPEN_TASK, title=ask, role="case_manager", due_at=now + DAY, actor=SYSTEM, now=now)


# --- what did not arrive ---------------------------------------------------------------------------------------------


def undelivered_follow(event: Recorded, *, actor: Actor, now: datetime) -> None:
    """Inside-reaction: somebody calls, or finds another way. One open task a person is enough."""
    message = event.subject
    case = Case.objects.select_related("branch").filter(stream=message.subject_stream).first()
    if case is None or message.compartment or event.plain.get("failure") == "erased":
        return
    waiting = Task.objects.filter(case=case, done_at=None, cancelled_at=None, detail__undelivered=message.party or "all")
    if waiting.exists():
        return
    with translation.override(case.branch.language):
        title = str(_("訊息沒有送到，請打電話或改用別的方式"))
    detail = {"undelivered": message.party or "all", "message": str(message.uid)}
    named = {HANDLER: case.owner_id}
    tasks_add(case, [task_for(case, "contact", HANDLER, named, now, title=title, detail=detail, due_at=now + DAY)])
