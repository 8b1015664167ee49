"""Words that come in: written down by somebody, or come by themselves over LINE, SMS and mail.

What comes by itself is kept once (`Incoming`) before anybody looks where it belongs. Contexts above find its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice

from django.db import IntegrityError, transaction

from suyuan.correspondence import rules
from suyuan.correspondence.arriving import CODE, Arrival
from suyuan.correspondence.errors import IncomingSettled
from suyuan.correspondence.models import INCOMING, Incoming, IncomingFile, Message
from suyuan.correspondence.recomputing_incoming import SENDERS, file_digests, incoming_digests, sender_blind
from suyuan.correspondence.rules import Channel, Direction, State
from suyuan.correspondence.selectors import incoming_over
from suyuan.correspondence.services.attaching import file_take, files_forget
from suyuan.correspondence.services.common import fit, frozen_text, tell
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform import chance
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.holds import held
from suyuan.platform.keys import KeyProblem, seal
from suyuan.platform.units import writes

AT_ONCE = 200
_UNKEEPABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@writes
def message_receive(
    *,
    stream: str,
    branch_id: int,
    channel: str,
    body: str,
    actor: Actor,
    now: datetime,
    happened_at: datetime | None = None,
    compartment: str = "",
    subject_line: str = "",
    kind: str = "letter",
    language: str = "zh-hant",
    fact_stream: str = "",
    party: str = "",
    known_by: str = "",
    sender: str = "",
    in_reply_to: Message | None = None,
) -> Message:
    """Take down what someone said or wrote to us, as it came.

    `known_by`: where nobody of ours took it from the person themselves, how we know whose words these are.
    """
    channel = Channel(channel)
    fit(body)

    message = Message(
        subject_stream=stream,
        fact_stream=fact_stream or stream,
        party=str(actor) if actor.kind == "party" else party,
        known_by=known_by,
        in_reply_to=in_reply_to,
        branch_id=branch_id,
        direction=Direction.IN,
        channel=channel,
        state=State.RECEIVED,
        compartment=compartment,
        kind=kind,
        author=str(actor),
        subject_line=rules.one_line(subject_line),
        language=language,
        happened_at=happened_at,
        created_at=now,
    )
    message.text = frozen_text(message, body, now)
    message.save(force_insert=True)

    more = {"known_by": known_by} if known_by else {}
    more |= {"answers": str(in_reply_to.uid)} if in_reply_to is not None else {}
    private = {"from": sender} if sender else {}
    tell("message.received", message, actor, now, happened_at=happened_at, words=True, private=private, **more)
    return message


# --- what comes by itself ------------------------------------------------------------------------------------------


@writes
def incoming_take(*, arrivals: Sequence[Arrival], actor: Actor, now: datetime) -> list[Incoming]:
    """Keep what came, each thing once however often it is brought. Returns what is new; a job finds its place."""
    rows, brought = _new_ones({(a.channel, a.event): a for a in arrivals}, actor, now)
    facts = []
    for row, arrival in zip(rows, brought, strict=True):
        plain = {"channel": row.channel, "kind": row.kind, **_aside(row), **incoming_digests(row)}
        if files := [_told(file_take(row, came, actor, now)) for came in arrival.files]:
            plain["files"] = files
        facts.append(Fact("incoming.arrived", row.stream, plain, subject=row, begins=True))
    facts_record(facts, actor=actor, now=now)
    return rows


def _new_ones(
    wanted: dict[tuple[str, str], Arrival], actor: Actor, now: datetime, tries: int = 3
) -> tuple[list[Incoming], list[Arrival]]:
    """Two may bring the same at the same moment: the database refuses the second, who then keeps what is left."""
    known = Incoming.objects.filter(event__in={event for _channel, event in wanted}).values_list("channel", "event")
    for brought_before in known:
        wanted.pop(brought_before, None)
    brought = list(wanted.values())
    try:
        with transaction.atomic():
            return Incoming.objects.bulk_create([_kept(arrival, actor, now) for arrival in brought]), brought
    except IntegrityError:
        if tries == 1:
            raise
    return _new_ones(wanted, actor, now, tries - 1)


def is_known(channel: str, event: str) -> bool:
    """Whether this was brought before."""
    return Incoming.objects.filter(channel=channel, event=event).exists()


def _told(file: IncomingFile) -> dict[str, str]:
    held = {"sha256": file.stored.sha256} if file.stored is not None else {"why": file.why} if file.why else {}
    return {"file": str(file.uid), "state": file.state, **held, **file_digests(file)}


def _kept(arrival: Arrival, actor: Actor, now: datetime) -> Incoming:
    row = Incoming(
        uid=chance.uid(),
        channel=Channel(arrival.channel),
        event=arrival.event,
        branch_id=arrival.branch_id,
        kind=arrival.kind,
        left_out=arrival.left_out,
        language=arrival.language,
        in_reply_to=arrival.in_reply_to,
        known_by=arrival.known_by,
        happened_at=arrival.happened_at,
        arrived_at=now,
    )
    if arrival.kind == CODE:
        row.state, row.settled_at, row.settled_by = "linked", now, str(actor)
        return row
    if arrival.aside:
        row.state, row.reason, row.settled_at, row.settled_by = "aside", arrival.aside, now, str(actor)
    content = {
        "sender": arrival.sender[:254],
        "subject_line": rules.one_line(arrival.subject_line),
        "words": _keepable(arrival.words),
        "number": rules.one_line(arrival.number),
        "salt": chance.uid().hex,
    }
    row.sender_blind = sender_blind(row.channel, content["sender"])
    row.content_sealed = seal(INCOMING, row.uid, json.dumps(content, ensure_ascii=False))
    return row


def _aside(row: Incoming) -> dict[str, str]:
    return {"aside": row.reason} if row.reason else {}


def _keepable(words: str) -> str:
    """As it came, but for what no database keeps, and for what is beyond a whole letter: that it was longer is said."""
    kept = _UNKEEPABLE.sub("\N{REPLACEMENT CHARACTER}", words)
    return kept if len(kept) <= rules.BODY_LIMIT else kept[: rules.BODY_LIMIT - 1] + "…"


@writes
def incoming_place(
    *,
    incoming: Incoming,
    stream: str,
    branch_id: int,
    body: str,
    actor: Actor,
    now: datetime,
    by: Actor | None = None,
    party: str = "",
    known_by: str = "",
) -> Message:
    """Its words become a message of this subject. `by` wrote it, where that is sure; `actor` says that it belongs here."""
    row = _waiting(incoming)
    content = row.content
    message = message_receive(
        stream=stream,
        branch_id=branch_id,
        channel=row.channel,
        body=body,
        subject_line=content.subject_line,
        language=row.language,
        happened_at=row.happened_at,
        party=party,
        known_by=known_by or row.known_by,
        sender="" if row.channel == "line" else content.sender,
        in_reply_to=row.in_reply_to if row.in_reply_to and row.in_reply_to.subject_stream == stream else None,
        actor=by or Actor("integration", row.channel),
        now=now,
    )
    _settle(row, actor, now, state="placed", message=message, content_sealed=None, sender_blind=None)
    told = {"message": str(message.uid), "stream": stream}
    facts_record([Fact("incoming.placed", row.stream, told, subject=row)], actor=actor, now=now)
    return message


@writes
def incoming_set_aside(*, incoming: Incoming, reason: str, actor: Actor, now: datetime) -> Incoming:
    """It belongs to no case, and this is why. What it said is kept for a while."""
    if reason not in (*rules.ASIDE, rules.ERASED, rules.EXPIRED):
        raise BadInput(fields={"reason": "reason"})
    row = _waiting(incoming)
    _settle(row, actor, now, state="aside", reason=reason)
    facts_record([Fact("incoming.set_aside", row.stream, {"reason": reason}, subject=row)], actor=actor, now=now)
    return row


@writes
def incoming_forget(*, now: datetime) -> int:
    """What was set aside long ago says nothing any more, nor what nobody gave a place; but for what a hold covers."""
    rows = list(islice((row for row in incoming_over(now) if not held(row.stream)), AT_ONCE))
    for row in rows:
        if row.state == "waiting":
            incoming_set_aside(incoming=row, reason=rules.EXPIRED, actor=SYSTEM, now=now)
        files_forget(row, now)
    Incoming.objects.filter(pk__in=[row.pk for row in rows]).update(content_sealed=None, sender_blind=None)
    facts_record([Fact("incoming.forgotten", row.stream) for row in rows], actor=SYSTEM, now=now)
    return len(rows)


@writes
def incoming_findable(*, after: int) -> int:
    """What came before rows were found by who sent them: the next of those beyond this one. Returns the last; 0 where none is left.

    No fact: nothing else is said of it than before. What nobody can open, or nobody signed, is passed over.
    """
    rows = Incoming.objects.filter(pk__gt=after, sender_blind=None, content_sealed__isnull=False, channel__in=SENDERS)
    rows = list(rows.order_by("pk")[:AT_ONCE])
    for row in rows:
        with suppress(KeyProblem):
            if found_by := sender_blind(row.channel, row.content.sender):
                still = Incoming.objects.filter(pk=row.pk, content_sealed__isnull=False)
                still.update(sender_blind=found_by)
    return rows[-1].pk if rows else 0


def _waiting(incoming: Incoming) -> Incoming:
    row = Incoming.objects.select_for_update(of=("self",)).select_related("in_reply_to").get(pk=incoming.pk)
    if row.state != "waiting":
        raise IncomingSettled()
    return row


def _settle(row: Incoming, actor: Actor, now: datetime, **changed) -> None:
    changed |= {"settled_at": now, "settled_by": str(actor)}
    Incoming.objects.filter(pk=row.pk, state="waiting").update(**changed)
    for name, value in changed.items():
        setattr(row, name, value)
