"""What came by itself finds its case: as an answer to a message of ours, or by whose account or address it came from.

Exactly one open case takes it in; otherwise a person gives it a place. And what had left and came back calls for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from suyuan.accounts.errors import require
from suyuan.accounts.models import Branch
from suyuan.accounts.rules import Role, may_here
from suyuan.accounts.selectors import members_with, profile_for
from suyuan.cases import rules
from suyuan.cases.errors import OtherCase
from suyuan.cases.models import Case, Party, Task
from suyuan.cases.services.common import case_change, case_locked, require_may, stated_time, tasks_add
from suyuan.cases.services.handling.steps import HANDLER, task_for
from suyuan.cases.services.handling.working import task_open
from suyuan.correspondence.models import Incoming, IncomingFile, Message
from suyuan.correspondence.phrases import left_word
from suyuan.correspondence.rules import SURE
from suyuan.correspondence.services import (
    Recipient,
    incoming_files_give,
    incoming_place,
    incoming_set_aside,
    message_receive,
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
FILED = "cases.incoming_filed"
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
    parties = (
        Party.objects.filter(person_id__in=people, case__is_open=True).select_related("case__branch").order_by("id")
    )
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


@job(FILED)
def filed(args: dict, now: datetime) -> None:
    """After a file of something was fetched, or was not. May run twice."""
    fact = FactRow.objects.get(uid=args["fact"])
    incoming_file_follow(uid=fact.value("file"), now=now)


@writes
def incoming_file_follow(*, uid: str, now: datetime) -> None:
    """Where its words have their place already, it follows them there; what cannot be had is asked for by a person."""
    file = IncomingFile.objects.select_related("incoming__message").get(uid=uid)
    incoming = file.incoming
    if incoming.state != "placed":
        return
    case = Case.objects.select_related("branch").filter(stream=incoming.message.subject_stream).first()
    if case is None:
        return
    case = case_locked(case)
    if file.state == "kept":
        _files_into(case, incoming, incoming.message, Origin(), now)
    elif file.state == "left" and file.why != "erased":
        _ask_again(case, file, now)


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


@writes
def words_take_down(
    *,
    case: Case,
    channel: str,
    words: str,
    happened_at: datetime,
    party: Party | None = None,
    sender: str = "",
    actor: Actor,
    now: datetime,
) -> Message:
    """What came past our machines, as a colleague read or heard it: a text on the clinic's mobile, a letter, a call.

    Whose words they are is what the colleague says, so they are shown to nobody outside. Raises MayNot, OtherCase.
    """
    case = case_locked(case)
    require_may(case, "contact", actor, now)
    stated_time(happened_at, now)
    if party is not None and party.case_id != case.pk:
        raise OtherCase()
    message = message_receive(
        stream=case.stream,
        branch_id=case.branch_id,
        channel=channel,
        body=words,
        happened_at=happened_at,
        party=f"party:{party.uid}" if party is not None else "",
        known_by="person",
        sender=" ".join(each for each in (party.person.full_name if party is not None else "", sender.strip()) if each),
        language=case.language,
        actor=actor,
        now=now,
    )
    case_change(case, now=now)
    reopening_ask(case, now)
    return message


def _require(incoming: Incoming, actor: Actor, now: datetime) -> None:
    require(may_here(profile_for(actor, now), "incoming_place", incoming.branch_id))


def _into(found: Place, incoming: Incoming, *, actor: Actor, now: datetime) -> Message:
    party = f"party:{found.party.uid}" if found.party is not None else ""
    origin = Origin(incoming.content.sender if incoming.channel == "email" else "", incoming.content.number)
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
    _files_into(case_locked(found.case), incoming, message, origin, now)
    reopening_ask(found.case, now)
    return message


@dataclass(frozen=True)
class Origin:
    """Who sent it, as far as that was said, and what their side calls it."""

    sender: str = ""
    number: str = ""


def _files_into(case: Case, incoming: Incoming, message: Message, origin: Origin, now: datetime) -> None:
    """Its files become evidence of the case, as given by whoever wrote it: who, when, and by which message."""
    kind, _colon, uid = message.author.partition(":")
    with translation.override(case.branch.language):
        made = incoming_files_give(
            incoming=incoming,
            message=message,
            from_whom=origin.sender or _sender_of(case, message),
            how=_how(incoming, origin.number),
            actor=Actor(kind, uid),
            now=now,
        )
    if made:
        case_change(case, now=now)


def _sender_of(case: Case, message: Message) -> str:
    """The person it was taken for; where that is not sure, it says so."""
    party = (
        case.parties.select_related("person").filter(uid=message.party.removeprefix("party:")).first()
        if message.party
        else None
    )
    name = party.person.full_name if party is not None else ""
    if not name:
        return _("未連結的 LINE 帳號") if message.channel == "line" else ""
    return name if message.known_by in SURE else _("%(name)s（未經核對）") % {"name": name}


def _how(incoming: Incoming, number: str) -> str:
    number = number or next((file.remote for file in incoming.files.all() if file.remote), "")
    with timezone.override(Branch.objects.get(pk=incoming.branch_id).tz):
        at = timezone.localtime(incoming.arrived_at).strftime("%Y-%m-%d %H:%M")
    words = (
        _("隨電子郵件收到，%(at)s，訊息 %(number)s")
        if incoming.channel == "email"
        else _("隨 LINE 收到，%(at)s，訊息 %(number)s")
    )
    return words % {"at": at, "number": number[:120] or "—"}


def _ask_again(case: Case, file: IncomingFile, now: datetime) -> None:
    """Somebody tells the sender, once for each file."""
    if Task.objects.filter(case=case, detail__missed=str(file.uid)).exists():
        return
    with translation.override(case.branch.language):
        title = str(_("LINE 傳來的檔案沒有收到（%(why)s），請對方從進度頁上傳") % {"why": left_word(file.why)})
    named = {HANDLER: case.owner_id}
    detail = {"missed": str(file.uid)}
    tasks_add(case, [task_for(case, "contact", HANDLER, named, now, title=title, detail=detail, due_at=now + DAY)])


def words_of(incoming: Incoming, *, along: bool = True) -> str:
    """What it says, with what came along and what could not be taken, in the language that is set.

    `along`: not where the files are listed beside the words.
    """
    words, more = incoming.content.words.strip(), []
    files = list(incoming.files.select_related("stored").order_by("id"))
    if incoming.kind not in ("text", "mail") and not files:
        more.append(_("（對方從 LINE 傳來%(what)s，這裡收不到。可以請對方從進度頁上傳。）") % {"what": kind_word(incoming.kind)})
    if along:
        more += _along(incoming, files)
    if incoming.left_out:
        more.append(_("（信裡另有 %(n)s 個附件，沒有收進來。可以請對方從進度頁上傳。）") % {"n": incoming.left_out})
    return "\n\n".join([each for each in (words, *more) if each]) or _("（沒有文字）")


def _along(incoming: Incoming, files: Sequence[IncomingFile]) -> list[str]:
    """A sentence each of what is still fetched, what was kept, and what was left and why."""
    more = []
    if any(file.state == "waiting" for file in files):
        more.append(_("（對方從 LINE 傳來%(what)s，收好以後列在證物裡。）") % {"what": kind_word(incoming.kind)})
    if held := sum(file.state in ("kept", "given") for file in files):
        more.append(_("（附上 %(n)s 個檔案，收在證物裡。）") % {"n": held})
    left = [
        _("%(name)s：%(why)s") % {"name": file.name or kind_word("file"), "why": left_word(file.why)}
        for file in files
        if file.state == "left"
    ]
    if left:
        more.append(_("（沒有收進來的檔案：%(files)s。可以請對方從進度頁上傳。）") % {"files": _("；").join(left)})
    return more


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
    waiting = Task.objects.filter(
        case=case, done_at=None, cancelled_at=None, detail__undelivered=message.party or "all"
    )
    if waiting.exists():
        return
    with translation.override(case.branch.language):
        title = str(_("訊息沒有送到，請打電話或改用別的方式"))
    detail = {"undelivered": message.party or "all", "message": str(message.uid)}
    named = {HANDLER: case.owner_id}
    tasks_add(case, [task_for(case, "contact", HANDLER, named, now, title=title, detail=detail, due_at=now + DAY)])
