"""Words that go out.

Whatever leaves by a road (mail, LINE, SMS) does so in three steps: claim it (committed), hand it over (no transaction), write
down how it went (committed). A crash between the last two hands it over again later under the same name: a Message-ID that its
reader knows already, a key that LINE or the SMS service knows already. Where such a key has run out, a person looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from suyuan.correspondence import mail, rules
from suyuan.correspondence.errors import (
    AddressUnfit,
    HandedOverByUs,
    MailBusy,
    MailNotAccepted,
    MessageMovedMeanwhile,
    MessageOnItsWay,
)
from suyuan.correspondence.gate import Words, guard_pass, told
from suyuan.correspondence.models import Clearance, Message, VerdictRow
from suyuan.correspondence.public_errors import NeedsItsPlace
from suyuan.correspondence.roads import road_of
from suyuan.correspondence.rules import LIFE, Channel, Direction, Outcome, Posted, State, roads
from suyuan.correspondence.rules.guard import PUBLIC, REPLIES, TERMS, Surface
from suyuan.correspondence.services.common import (
    claim,
    fit,
    fit_for_the_road,
    frozen_text,
    sealed_address,
    tell,
)
from suyuan.correspondence.unsent import Unsent
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform import chance
from suyuan.platform.jobs import enqueue
from suyuan.platform.units import writes


@writes
def message_draft(
    *,
    stream: str,
    branch_id: int,
    channel: str,
    kind: str,
    body: str,
    actor: Actor,
    now: datetime,
    to: str = "",
    language: str = "zh-hant",
    compartment: str = "",
    subject_line: str = "",
    fact_stream: str = "",
    party: str = "",
    surface: str = "",
    reply_to: str = "",
    templates: Sequence[str] = (),
) -> Message:
    """Begin a message. Nothing leaves before it is queued; an empty draft is allowed.

    `party` names the one person outside for whom it is ("party:<uid>"); nobody else outside may read it. `surface`: where
    everybody will (channel public, and no other); `reply_to`: what it answers there.
    """
    channel = Channel(channel)
    if (channel == Channel.PUBLIC) != (surface in PUBLIC):
        raise BadInput(fields={"surface": surface})
    if body:
        fit(body)

    message = Message(
        uid=chance.uid(),
        subject_stream=stream,
        fact_stream=fact_stream or stream,
        party=party,
        branch_id=branch_id,
        direction=Direction.OUT,
        channel=channel,
        state=State.DRAFT,
        compartment=compartment,
        kind=kind,
        author=str(actor),
        subject_line=rules.one_line(subject_line),
        draft_body=body,
        language=language,
        created_at=now,
        surface=surface,
        reply_to=reply_to if reply_to in REPLIES else "",
        templates=list(templates),
    )
    message.to_sealed = sealed_address(message, to)
    message.save(force_insert=True)

    tell("message.drafted", message, actor, now)
    return message


@writes
def message_change(
    *,
    message: Message,
    edition: int,
    actor: Actor,
    now: datetime,
    body: str | None = None,
    subject_line: str | None = None,
    to: str | None = None,
    party: str | None = None,
    surface: str | None = None,
    reply_to: str | None = None,
    templates: Sequence[str] = (),
) -> Message:
    """Change a draft, if it is still the edition that was looked at."""
    LIFE.move(message.state, "change")
    changed: dict[str, object] = {}
    if body is not None:
        if body:
            fit(body)
        changed["draft_body"] = body
    if subject_line is not None:
        changed["subject_line"] = rules.one_line(subject_line)
    if to is not None:
        changed["to_sealed"] = sealed_address(message, to)
    if party is not None:
        changed["party"] = party
    if message.channel == Channel.PUBLIC and surface in PUBLIC:
        changed["surface"] = surface
    if reply_to is not None and reply_to in REPLIES:
        changed["reply_to"] = reply_to
    if templates:
        changed["templates"] = list(dict.fromkeys([*message.templates, *templates]))

    claim(message, State.DRAFT, edition=edition, set_to=changed | {"edition": edition + 1})

    tell("message.changed", message, actor, now, edition=message.edition)
    return message


@writes
def message_withdraw(*, message: Message, actor: Actor, now: datetime) -> Message:
    """Give a draft up. The row stays; its words go."""
    move = LIFE.move(message.state, "withdraw")
    claim(message, State.DRAFT, set_to={"state": move.target, "draft_body": "", "subject_line": "", "to_sealed": None})
    tell("message.withdrawn", message, actor, now)
    return message


@writes
def message_queue(
    *,
    message: Message,
    actor: Actor,
    now: datetime,
    undo: timedelta | None = None,
    not_before: datetime | None = None,
    may_carry_content: bool = False,
    edition: int | None = None,
    surface: str = Surface.PRIVATE_MESSAGE,
) -> Message:
    """Freeze the words and let them go when the time to think again is over, and not before the person's hours begin.

    Portal words without either go at once. They pass the guard first: raises GuardHeld.
    """
    move = LIFE.move(message.state, "queue")
    fit(message.draft_body)
    if message.channel == Channel.EMAIL and not message.to_sealed:
        raise AddressUnfit()
    passed = _passed(message, message.surface or surface, now)
    by_us = roads.is_sent_by_us(message.channel, bool(message.to_sealed))
    with_content = bool(may_carry_content) and by_us and message.channel != Channel.PORTAL
    if with_content:
        fit_for_the_road(message.channel, message.draft_body)
    send_after = rules.send_after(now, rules.undo_window(message.channel, undo), not_before)

    text = message.text
    if text is None or text.body != message.draft_body:
        text = frozen_text(message, message.draft_body, now)
    claim(
        message,
        message.state,
        edition=message.edition if edition is None else edition,
        set_to={
            "state": move.target,
            "text": text,
            "draft_body": "",
            "queued_at": now,
            "send_after": send_after,
            "with_content": with_content,
            "edition": message.edition + 1,
            "verdict": passed.level,
        },
    )

    tell("message.queued", message, actor, now, words=True, edition=message.edition, **told(passed))
    if message.channel == Channel.PORTAL and send_after <= now:
        return _sent(message=message, actor=actor, now=now, happened_at=None)
    if by_us:
        enqueue(
            "correspondence.deliver",
            {"message": str(message.uid)},
            run_at=message.send_after,
            unique_key=f"message:{message.uid}:{message.edition}",
        )
    return message


def message_parts(message: Message, surface: str = Surface.PRIVATE_MESSAGE) -> list[Words]:
    """What a message says, as the gate wants it: its words, and the line above them where there is one."""
    body = Words(
        text=message.draft_body,
        stream=message.subject_stream,
        branch_id=message.branch_id,
        surface=surface,
        kind=message.kind,
        reply_to=message.reply_to,
        templates=tuple(message.templates),
        party=message.party,
    )
    if not message.subject_line:
        return [body]
    # The terms stand below: neither the template nor the place of the words asks anything of the line above them.
    above = Surface.PRIVATE_MESSAGE if surface in TERMS else surface
    return [body, replace(body, text=message.subject_line, field="subject_line", surface=above, templates=())]


def _passed(message: Message, surface: str, now: datetime) -> VerdictRow:
    """The words through the gate, and the line above them, which an open letter shows before they are read."""
    body, *line = message_parts(message, surface)
    for words in line:
        guard_pass(words, what="subject", now=now)
    return guard_pass(body, what="message", now=now)


@writes
def message_unqueue(*, message: Message, actor: Actor, now: datetime) -> Message:
    """Take it back while it has not left: it is a draft again. Refused once the other side may have it."""
    move = LIFE.move(message.state, "unqueue")
    words = message.words
    back = {
        "state": move.target,
        "draft_body": words,
        "queued_at": None,
        "send_after": None,
        "edition": message.edition + 1,
    }
    here = Message.objects.filter(pk=message.pk, state=State.QUEUED)
    unclaimed = here.filter(claimed_at__isnull=True, unsure_since__isnull=True)
    if not unclaimed.update(**back):
        raise MessageOnItsWay()
    message.refresh_from_db()

    tell("message.unqueued", message, actor, now, edition=message.edition)
    return message


@writes
def message_mark_sent(
    *,
    message: Message,
    actor: Actor,
    now: datetime,
    happened_at: datetime | None = None,
    posted: str = "",
    post_number: str = "",
    surface: str = Surface.PRIVATE_MESSAGE,
) -> Message:
    """A person states that the words were handed over: letter, telephone, in person, SMS or LINE of their own.

    `posted`: how a letter went (`rules.Posted`); `post_number`: what the post office wrote on its slip.
    """
    if roads.is_sent_by_us(message.channel, bool(message.to_sealed)):
        raise HandedOverByUs()
    if message.channel == Channel.PUBLIC:
        raise NeedsItsPlace()
    if message.state == State.DRAFT:
        message = message_queue(message=message, actor=actor, now=now, undo=timedelta(0), surface=surface)
    how = {"posted": Posted(posted).value} if posted else {}
    slip = {"post_number": rules.one_line(post_number)} if post_number.strip() else {}
    return _sent(message=message, actor=actor, now=now, happened_at=happened_at, plain=how, private=slip)


@writes
def message_mark_delivered(*, message: Message, actor: Actor, now: datetime) -> Message:
    """It demonstrably arrived: a receipt came back, or the person opened it on the follow-up page."""
    move = LIFE.move(message.state, "deliver")
    claim(message, State.SENT, set_to={"state": move.target})
    tell("message.delivered", message, actor, now)
    return message


@writes
def messages_rescope(*, stream: str, branch_id: int) -> int:
    """The messages of a case go with it to another branch. The move itself is the caller's fact."""
    Clearance.objects.filter(stream=stream).update(branch_id=branch_id)
    return Message.objects.filter(subject_stream=stream).update(branch_id=branch_id)


def message_deliver(*, message: Message, now: datetime) -> Message:
    """Called by the job, outside any transaction. Comes back quietly when there is nothing (any more) to send."""
    if message.state != State.QUEUED or message.send_after is None or message.send_after > now:
        return message
    if not message.words:  # erased again in a restored backup, where it still waited
        return _message_failed(message=message, code="erased", said="", now=now)
    if message.channel == Channel.PORTAL:
        return _sent(message=message, actor=SYSTEM, now=now, happened_at=None)
    road = road_of(message)
    if road is None:
        return message

    message = _message_take(message=message, now=now)
    if roads.is_unsure(message.channel, message.unsure_since, now):
        return _message_failed(message=message, code=roads.UNSURE, said="", now=now)
    try:
        number = road.hand_over(message)
    except Unsent as unsent:
        outcome, code = roads.judge(unsent.answer)
        if outcome is Outcome.RETRY and rules.is_given_up(message.queued_at, now):
            outcome = Outcome.FAILED
        if outcome is Outcome.FAILED:
            return _message_failed(message=message, code=code, said=unsent.said, now=now)
        _message_release(message=message, code=code, unsure=roads.is_uncertain(unsent.answer))
        raise MailNotAccepted(code) from unsent
    return _sent(message=message, actor=SYSTEM, now=now, happened_at=None, number=number)


@writes
def _message_take(*, message: Message, now: datetime) -> Message:
    """Claim a queued message and give a mail its Message-ID, committed before the other side hears of it. No fact: nothing was told."""
    row = Message.objects.select_for_update().get(pk=message.pk)
    if row.state != State.QUEUED:
        raise MessageMovedMeanwhile()
    if not rules.claim_is_free(row.claimed_at, now):
        raise MailBusy()
    row.claimed_at = now
    row.unsure_since = row.unsure_since or now
    row.attempts += 1
    if row.channel == Channel.EMAIL:
        row.message_id = row.message_id or mail.id_for(row.uid)
    row.save(update_fields=["claimed_at", "unsure_since", "attempts", "message_id"])
    return row


@writes
def _message_release(*, message: Message, code: str, unsure: bool) -> None:
    """Others may try again; where the other side certainly did not take it, the sender may still take it back."""
    set_to = {"claimed_at": None, "failure": code} | ({} if unsure else {"unsure_since": None})
    Message.objects.filter(pk=message.pk, state=State.QUEUED, claimed_at=message.claimed_at).update(**set_to)


@writes
def _message_failed(*, message: Message, code: str, said: str, now: datetime) -> Message:
    move = LIFE.move(message.state, "fail")
    claim(message, State.QUEUED, set_to={"state": move.target, "failure": code, "failed_at": now, "claimed_at": None})
    private = {"to": message.to, **({"said": said} if said else {})}
    tell("message.failed", message, SYSTEM, now, private=private, failure=code, attempts=message.attempts)
    return message


@writes
def message_came_back(*, message: Message, code: str, said: str, actor: Actor, now: datetime) -> Message:
    """It had left and did not arrive: a mail came back, a telephone was never reached. One that was delivered stays."""
    move = LIFE.move(message.state, "bounce")
    claim(message, State.SENT, set_to={"state": move.target, "failure": code, "failed_at": now})
    private = {"to": message.to, **({"said": said} if said else {})}
    tell("message.failed", message, actor, now, private=private, failure=code, had_left=True)
    return message


@writes
def _sent(
    *,
    message: Message,
    actor: Actor,
    now: datetime,
    happened_at: datetime | None,
    number: str = "",
    plain: Mapping[str, str] | None = None,
    private: Mapping[str, str] | None = None,
) -> Message:
    move = LIFE.move(message.state, "send")
    set_to = {
        "state": move.target,
        "sent_at": now,
        "happened_at": happened_at,
        "claimed_at": None,
        "unsure_since": None,
        "failure": "",
    }
    if number:  # by which an answer names it
        set_to["message_id"] = f"{message.channel}:{number}"
    claim(message, State.QUEUED, set_to=set_to)

    hidden = ({"to": message.to} if message.to_sealed else {}) | dict(private or {})
    more: dict[str, object] = dict(plain or {})
    more |= {"attempts": message.attempts} if message.attempts else {}
    more |= {"message_id": message.message_id} if message.message_id else {}
    tell("message.sent", message, actor, now, happened_at=happened_at, words=True, private=hidden, **more)
    return message
