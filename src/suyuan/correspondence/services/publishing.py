"""Words before everybody: posted by a person in one of the clinic's names, replaced or taken down later.

The road to here is that of every message: draft, verdict, leave where it takes one, frozen. What is frozen is what is posted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from suyuan.accounts.errors import require
from suyuan.accounts.models import Branch, User
from suyuan.accounts.rules import Allowed, Denied
from suyuan.accounts.selectors import branches, may_at, profile_for
from suyuan.correspondence.models import Message, OwnName, Posting
from suyuan.correspondence.public_errors import (
    NotInOurName,
    NotYetApproved,
    OtherWordsMeanwhile,
    OwnNameOver,
    OwnNameUnfit,
    PostedAlready,
    PostingOver,
    PostingUnfit,
)
from suyuan.correspondence.public_selectors import own_names, platform_name
from suyuan.correspondence.rules import LIFE, Channel, State, one_line
from suyuan.correspondence.rules.public import (
    ANONYMOUS,
    ELSEWHERE,
    NAME,
    OTHER,
    PERSONAL,
    PLACE,
    WHY,
    Standing,
    Whose,
    address_problem,
    before_approval,
    time_problem,
)
from suyuan.correspondence.services.common import claim, end_entry, tell
from suyuan.evidence.models import Item
from suyuan.kernel.actor import Actor
from suyuan.platform import chance
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.units import writes
from suyuan.playbooks.selectors import wording_newest

KEEP = "own_names_keep"


# --- posted --------------------------------------------------------------------------------------------------------


def own_name_meant(chosen: str, branch_id: int) -> OwnName:
    """The account that somebody says they posted with. Raises NotInOurName: anonymous, their own, or none of ours."""
    if chosen in (ANONYMOUS, PERSONAL):
        raise NotInOurName(chosen)
    found = next((row for row in own_names(branch_id) if str(row.uid) == chosen), None)
    if found is None:
        raise NotInOurName("unlisted")
    return found


@writes
def posting_record(
    *,
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
    """A person says that the frozen words stand somewhere: in which of our names, where, since when.

    `account`: uid of one on the list; `sha256`: of the words that person looked at. The same words may be posted in
    several places. Raises NotInOurName, NotYetApproved, OtherWordsMeanwhile, PostedAlready, PostingUnfit.
    """
    message = _frozen(message, sha256)
    own = own_name_meant(account, message.branch_id)
    place, address = place.strip(), address.strip()
    _says_where(place, address)
    place = one_line(place)
    if why := time_problem(posted_at, now):
        raise PostingUnfit("posted_at", why)
    _ours(capture, message)
    posting = _posted(message, own, place, address, posted_at, capture, None, actor, now)
    _tell_posted("message.posted", posting, message, actor, now)
    return posting


@writes
def posting_replace(
    *,
    posting: Posting,
    message: Message,
    happened_at: datetime | None,
    why: str,
    sha256: str,
    actor: Actor,
    now: datetime,
    capture: Item | None = None,
) -> Posting:
    """In the same place other words stand now: also frozen ones, of the same matter. Returns where those stand."""
    posting = _live(posting)
    before = posting.message
    message = _frozen(message, sha256)
    if message.subject_stream != before.subject_stream or message.pk == before.pk:
        raise NotYetApproved()
    _ending_fits(posting, happened_at, why, now)
    _ours(capture, message)
    _end(posting, Standing.REPLACED, Whose.CLINIC, happened_at, why, actor, now)
    own = posting.account
    successor = _posted(message, own, posting.place, posting.address, happened_at, capture, posting, actor, now)
    _tell_posted("message.replaced", successor, message, actor, now, before=str(posting.uid), why=posting.ended_why)
    return successor


@writes
def posting_take_down(
    *, posting: Posting, happened_at: datetime | None, whose: str, why: str, actor: Actor, now: datetime
) -> Posting:
    """It stands there no longer: we took it away, or the platform did."""
    posting = _live(posting)
    if whose not in set(Whose):
        raise PostingUnfit("whose", "whose")
    _ending_fits(posting, happened_at, why, now)
    _end(posting, Standing.DOWN, Whose(whose), happened_at, why, actor, now)
    plain = {"posting": str(posting.uid), "platform": posting.account.platform, "whose": whose}
    private = {"why": posting.ended_why, **_named(posting.account, posting.message.language)}
    tell("message.taken_down", posting.message, actor, now, happened_at=happened_at, private=private, **plain)
    return posting


@writes
def posting_capture(*, posting: Posting, capture: Item, actor: Actor, now: datetime) -> Posting:
    """What it looked like there, added later or in place of another picture; also after it was taken down."""
    rows = Posting.objects.select_for_update(of=("self",)).select_related("message__text", "account", "capture")
    posting = rows.get(pk=posting.pk)
    _ours(capture, posting.message)
    if posting.capture_id == capture.pk:
        raise PostingUnfit("capture", "there")
    before = {"before": str(posting.capture.uid)} if posting.capture is not None else {}
    posting.capture = capture
    posting.save(update_fields=["capture"])
    plain = {"posting": str(posting.uid), "capture": str(capture.uid), **before}
    private = _named(posting.account, posting.message.language)
    tell("message.captured", posting.message, actor, now, private=private, **plain)
    return posting


def _frozen(message: Message, sha256: str) -> Message:
    row = Message.objects.select_for_update(of=("self",)).select_related("text").get(pk=message.pk)
    if row.channel != Channel.PUBLIC or row.state not in (State.QUEUED, State.SENT) or row.text is None:
        raise NotYetApproved()
    if row.text.sha256 != sha256:
        raise OtherWordsMeanwhile()
    return row


def _live(posting: Posting) -> Posting:
    rows = Posting.objects.select_for_update(of=("self",)).select_related("message__text", "account")
    row = rows.get(pk=posting.pk)
    if row.state != Standing.LIVE:
        raise PostingOver()
    return row


def _says_where(place: str, address: str) -> None:
    if not place and not address:
        raise PostingUnfit("address", "place")
    if len(place) > PLACE:
        raise PostingUnfit("place", "too_long")
    if address and (why := address_problem(address)):
        raise PostingUnfit("address", why)


def _ending_fits(posting: Posting, happened_at: datetime | None, why: str, now: datetime) -> None:
    if problem := time_problem(happened_at, now, posting.posted_at):
        raise PostingUnfit("happened_at", problem)
    if not why.strip():
        raise PostingUnfit("why", "why")
    if len(why.strip()) > WHY:
        raise PostingUnfit("why", "too_long")


def _ours(capture: Item | None, message: Message) -> None:
    if capture is not None and capture.stream != message.subject_stream:
        raise PostingUnfit("capture", "capture")


def _posted(
    message: Message,
    own: OwnName,
    place: str,
    address: str,
    posted_at: datetime,
    capture: Item | None,
    instead_of: Posting | None,
    actor: Actor,
    now: datetime,
) -> Posting:
    if Posting.objects.filter(message=message, account=own, address=address, place=place, state=Standing.LIVE).exists():
        raise PostedAlready()
    posting = Posting(
        uid=chance.uid(),
        message=message,
        account=own,
        place=place,
        address=address,
        sha256=message.text.sha256,
        posted_at=posted_at,
        recorded_at=now,
        recorded_by_id=actor.user_id,
        capture=capture,
        instead_of=instead_of,
    )
    posting.save(force_insert=True)
    if message.state == State.QUEUED:
        move = LIFE.move(message.state, "send")
        claim(message, State.QUEUED, set_to={"state": move.target, "sent_at": now, "happened_at": posted_at})
    return posting


def _end(posting: Posting, state: str, whose: str, at: datetime, why: str, actor: Actor, now: datetime) -> None:
    posting.state, posting.ended_at, posting.ended_recorded_at = state, at, now
    posting.ended_by_id, posting.ended_whose, posting.ended_why = actor.user_id, whose, why.strip()
    posting.save(update_fields=["state", "ended_at", "ended_recorded_at", "ended_by", "ended_whose", "ended_why"])


def _tell_posted(
    fact_type: str, posting: Posting, message: Message, actor: Actor, now: datetime, *, before: str = "", why: str = ""
) -> None:
    plain: dict[str, Any] = {
        "posting": str(posting.uid),
        "account": str(posting.account.uid),
        "platform": posting.account.platform,
        "sha256": posting.sha256,
    }
    plain |= {"before": before} if before else {}
    plain |= {"capture": str(posting.capture.uid)} if posting.capture_id else {}
    early = message.queued_at is not None and before_approval(posting.posted_at, message.queued_at)
    plain |= {"before_approval": True} if early else {}
    private = {"place": posting.place, "address": posting.address, "why": why}
    private |= _named(posting.account, message.language)
    tell(
        fact_type,
        message,
        actor,
        now,
        happened_at=posting.posted_at,
        words=True,
        private={name: value for name, value in private.items() if value},
        **plain,
    )


def _named(own: OwnName, language: str) -> dict[str, str]:
    """What people will call it later, even when the list has changed."""
    return {"name": own.name, "platform_name": platform_name(own, language)}


# --- in whose name -------------------------------------------------------------------------------------------------


def may_keep(actor: Actor, branch: Branch | None, now: datetime) -> Allowed | Denied:
    """Whether they may change the list there."""
    return may_at(profile_for(actor, now), KEEP, branch)


@writes
def own_name_add(
    *,
    platform: str,
    name: str,
    branch: Branch | None,
    actor: Actor,
    now: datetime,
    elsewhere: str = "",
    address: str = "",
) -> OwnName:
    """One more official account. Never the name of one of our people: that would be speaking as a person."""
    require(may_keep(actor, branch, now))
    name, elsewhere, address = name.strip(), elsewhere.strip(), address.strip()
    _listable(platform, elsewhere, name, address, branch)
    row = OwnName(
        uid=chance.uid(),
        branch=branch,
        platform=platform,
        elsewhere=elsewhere if platform == OTHER else "",
        name=name,
        address=address,
        added_by_id=actor.user_id,
        added_at=now,
    )
    row.save(force_insert=True)
    more = {"address": address, "elsewhere": row.elsewhere}
    _tell_name("own_name.added", row, actor, now, {name: value for name, value in more.items() if value})
    return row


@writes
def own_name_end(*, own: OwnName, why: str, actor: Actor, now: datetime) -> OwnName:
    """We speak by it no longer; what was posted by it stays as it was said."""
    require(may_keep(actor, own.branch, now))
    row = OwnName.objects.select_for_update(of=("self",)).get(pk=own.pk)
    if row.ended_at is not None:
        raise OwnNameOver()
    end_entry(row, why, actor, now)
    _tell_name("own_name.ended", row, actor, now, {"why": row.ended_why})
    return row


def _listable(platform: str, elsewhere: str, name: str, address: str, branch: Branch | None) -> None:
    places = [branch] if branch is not None else branches()
    known = {row.id for place in places for row in wording_newest(place.jurisdiction).platforms}
    if platform not in known | {OTHER}:
        raise OwnNameUnfit("platform", "platform")
    if platform == OTHER and not elsewhere:
        raise OwnNameUnfit("elsewhere", "empty")
    if not name:
        raise OwnNameUnfit("name", "empty")
    if len(name) > NAME or len(elsewhere) > ELSEWHERE:
        raise OwnNameUnfit("name" if len(name) > NAME else "elsewhere", "too_long")
    if address and (why := address_problem(address)):
        raise OwnNameUnfit("address", why)
    bare = "".join(name.split())
    people = User.objects.filter(is_active=True).values_list("display_name", "family_name", "given_name")
    if any(bare and bare in ("".join(shown.split()), family + given) for shown, family, given in people):
        raise OwnNameUnfit("name", "personal")
    same = OwnName.objects.filter(platform=platform, name=name, branch=branch, ended_at=None)
    if same.filter(elsewhere=elsewhere if platform == OTHER else "").exists():
        raise OwnNameUnfit("name", "there")


def _tell_name(fact_type: str, row: OwnName, actor: Actor, now: datetime, private: dict[str, str]) -> None:
    private |= _named(row, get_language() or "zh-hant")
    plain = {"platform": row.platform} | ({"branch": str(row.branch.uid)} if row.branch is not None else {})
    facts_record([Fact(fact_type, row.stream, plain, private, subject=row)], actor=actor, now=now)
