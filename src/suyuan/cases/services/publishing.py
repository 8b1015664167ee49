"""What the clinic says of a case before everybody: written, checked, frozen, and where it was posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from suyuan.cases import errors
from suyuan.cases.models import Case
from suyuan.cases.services.common import case_change, case_locked, require_may
from suyuan.correspondence.models import Clearance, Message, Posting
from suyuan.correspondence.rules import Channel
from suyuan.correspondence.rules.guard import PUBLIC
from suyuan.correspondence.services import (
    clearance_withdraw,
    message_change,
    message_draft,
    message_queue,
    message_unqueue,
    message_wait,
    message_withdraw,
    posting_capture,
    posting_record,
    posting_replace,
    posting_take_down,
)
from suyuan.evidence.models import Item
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform.models import StoredFile
from suyuan.platform.units import writes

WRITE, POST = "public_write", "public_post"
KIND = "public"


@writes
def public_draft(
    *,
    case: Case,
    surface: str,
    words: str,
    actor: Actor,
    now: datetime,
    reply_to: str = "",
    templates: Sequence[str] = (),
    draft: Message | None = None,
    edition: int | None = None,
) -> Message:
    """Begin words for everybody, or go on with a draft. Nobody outside is named as their reader."""
    case = case_locked(case)
    require_may(case, WRITE, actor, now)
    more = {"surface": surface, "reply_to": reply_to, "templates": templates, "actor": actor, "now": now}
    if draft is not None:
        _of(case, draft)
        edition = draft.edition if edition is None else edition
        return message_change(message=draft, edition=edition, body=words, **more)
    return message_draft(
        stream=case.stream,
        branch_id=case.branch_id,
        channel=Channel.PUBLIC,
        kind=KIND,
        body=words,
        language=case.branch.language,
        **more,
    )


@writes
def public_freeze(*, case: Case, message: Message, actor: Actor, now: datetime) -> Message:
    """The words pass the guard and are frozen; from now on they are posted as they stand. Raises GuardHeld."""
    case = case_locked(case)
    require_may(case, WRITE, actor, now)
    _of(case, message)
    return message_queue(message=message, undo=timedelta(0), surface=message.surface, actor=actor, now=now)


@writes
def public_ask(*, case: Case, message: Message, why: str, actor: Actor, now: datetime) -> Clearance:
    """What the guard holds waits for colleagues; with their last yes it is frozen."""
    case = case_locked(case)
    require_may(case, WRITE, actor, now)
    _of(case, message)
    return message_wait(message=message, why=why, surface=message.surface, actor=actor, now=now)


@writes
def public_take_back(*, case: Case, message: Message, actor: Actor, now: datetime) -> Message:
    """Before it was posted: a draft again, and whatever it becomes passes the guard anew."""
    case = case_locked(case)
    require_may(case, WRITE, actor, now)
    _of(case, message)
    waiting = message.clearances.filter(state="open").first()
    if waiting is not None:
        clearance_withdraw(clearance=waiting, actor=actor, now=now)
        return Message.objects.select_related("text").get(pk=message.pk)
    return message_unqueue(message=message, actor=actor, now=now)


@writes
def public_give_up(*, case: Case, message: Message, actor: Actor, now: datetime) -> Message:
    """A draft that comes to nothing."""
    case = case_locked(case)
    require_may(case, WRITE, actor, now)
    _of(case, message)
    return message_withdraw(message=message, actor=actor, now=now)


@writes
def public_post(
    *,
    case: Case,
    message: Message,
    account: str,
    posted_at: datetime | None,
    sha256: str,
    actor: Actor,
    now: datetime,
    place: str = "",
    address: str = "",
    capture: Item | None = None,
) -> Posting:
    """Whoever posted the frozen words says where, when, and in which of the clinic's names."""
    case = case_locked(case)
    require_may(case, POST, actor, now)
    _of(case, message)
    where = {"account": account, "place": place, "address": address, "capture": capture}
    return posting_record(message=message, posted_at=posted_at, sha256=sha256, **where, actor=actor, now=now)


@writes
def public_replace(
    *,
    case: Case,
    posting: Posting,
    message: Message,
    happened_at: datetime | None,
    why: str,
    sha256: str,
    actor: Actor,
    now: datetime,
    capture: Item | None = None,
) -> Posting:
    """Other frozen words stand in its place now."""
    case = case_locked(case)
    require_may(case, POST, actor, now)
    _of(case, posting.message)
    _of(case, message)
    said = {"happened_at": happened_at, "why": why, "sha256": sha256, "capture": capture}
    return posting_replace(posting=posting, message=message, **said, actor=actor, now=now)


@writes
def public_take_down(
    *, case: Case, posting: Posting, happened_at: datetime | None, whose: str, why: str, actor: Actor, now: datetime
) -> Posting:
    """It stands there no longer."""
    case = case_locked(case)
    require_may(case, POST, actor, now)
    _of(case, posting.message)
    return posting_take_down(posting=posting, happened_at=happened_at, whose=whose, why=why, actor=actor, now=now)


@writes
def public_capture(
    *, case: Case, posting: Posting, stored: StoredFile | None = None, item: Item | None = None, actor: Actor, now: datetime
) -> Posting:
    """What it looked like there: a file that becomes evidence by this, or one of the case's. Whoever posts may hand one in;
    it opens nothing else of the case to them."""
    case = case_locked(case)
    require_may(case, POST, actor, now)
    _of(case, posting.message)
    if stored is not None:
        given = ItemGiven(stored, "desk", note=(posting.address or posting.place)[:200])
        item = item_add(given=given, stream=case.stream, branch_id=case.branch_id, actor=actor, now=now)
    if item is None:
        raise BadInput(fields={"file": "missing"})
    case_change(case, now=now)
    return posting_capture(posting=posting, capture=item, actor=actor, now=now)


def _of(case: Case, message: Message) -> None:
    if message.subject_stream != case.stream or message.channel != Channel.PUBLIC or message.surface not in PUBLIC:
        raise errors.OtherCase()
