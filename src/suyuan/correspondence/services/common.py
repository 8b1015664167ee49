"""What the services of this room share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from suyuan.correspondence import mail, rules, sms
from suyuan.correspondence.errors import AddressUnfit, MessageMovedMeanwhile, MessageUnfit
from suyuan.correspondence.models import MESSAGE_TO, Message, OwnName
from suyuan.correspondence.own_errors import ReasonWanted
from suyuan.correspondence.own_models import AllowEntry
from suyuan.correspondence.rules import Channel, roads
from suyuan.kernel.actor import Actor
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.identifiers import PHONE, fold_identifier
from suyuan.platform.keys import seal
from suyuan.platform.texts import TextRefused, text_check, text_write

WHY = 300


def fit(body: str) -> None:
    """Words that can be sent and kept. Raises MessageUnfit."""
    why = rules.unfit(body)
    if why:
        raise MessageUnfit(why)
    try:
        text_check(body)
    except TextRefused as refused:
        raise MessageUnfit("unwritable") from refused


def sealed_address(message: Message, to: str) -> bytes | None:
    """Where it goes, unreadable but with the keys; None where no address is needed. Raises AddressUnfit."""
    to = to.strip()
    if not to:
        return None
    match message.channel:
        case Channel.EMAIL:
            fits = mail.address_is_fit(to)
        case Channel.LINE:
            fits = roads.is_line_account(to)
        case Channel.SMS:
            to = fold_identifier(PHONE, to)
            fits = roads.is_mobile(to)
        case _:
            fits = to.isprintable() and len(to) <= 254
    if not fits:
        raise AddressUnfit(message.channel)
    return seal(MESSAGE_TO, message.uid, to)


def fit_for_the_road(channel: str, words: str) -> None:
    """Longer words would be cut off on the way. Raises MessageUnfit."""
    longest = {Channel.LINE: roads.LINE_LONGEST, Channel.SMS: sms.longest()}.get(channel)
    if longest is not None and roads.utf16_units(words) > longest:
        raise MessageUnfit("too_long_here", longest=longest)


def frozen_text(message: Message, body: str, now: datetime):
    return text_write(
        stream=message.subject_stream,
        kind=f"message.{message.direction}",
        body=body,
        branch_id=message.branch_id,
        compartment=message.compartment,
        now=now,
    )


def claim(message: Message, state: str, *, set_to: Mapping[str, object], edition: int | None = None) -> None:
    """Move the row only while it is still what was looked at."""
    still = Message.objects.filter(pk=message.pk, state=state)
    if edition is not None:
        still = still.filter(edition=edition)
    if not still.update(**set_to):
        raise MessageMovedMeanwhile()
    for name, value in set_to.items():
        setattr(message, name, value)


def end_entry(row: AllowEntry | OwnName, why: str, actor: Actor, now: datetime) -> None:
    """Something on a list of the clinic's own is ours no longer. The caller holds the row. Raises ReasonWanted."""
    if not why.strip():
        raise ReasonWanted()
    row.ended_by_id, row.ended_at, row.ended_why = actor.user_id, now, why.strip()[:WHY]
    row.save(update_fields=["ended_by", "ended_at", "ended_why"])


def tell(
    fact_type: str,
    message: Message,
    actor: Actor,
    now: datetime,
    *,
    happened_at: datetime | None = None,
    words: bool = False,
    private: Mapping[str, str] | None = None,
    **plain: object,
) -> None:
    """The fact of one message. `words`: with its text, by digest, and the line above it."""
    plain = {
        "message": str(message.uid),
        "direction": message.direction,
        "channel": message.channel,
        "kind": message.kind,
        **({"compartment": message.compartment} if message.compartment else {}),
        **({"party": message.party} if message.party else {}),
        **plain,
    }
    hidden = dict(private or {})
    if words and message.subject_line:
        hidden["subject_line"] = message.subject_line
    texts = {"body": message.text} if words else {}
    fact = Fact(
        fact_type,
        message.fact_stream,
        plain=plain,
        private=hidden,
        texts=texts,
        happened_at=happened_at,
        subject=message,
    )
    facts_record([fact], actor=actor, now=now)
