"""What waits to leave, and leaves no more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from suyuan.correspondence.models import Incoming, IncomingFile, Message
from suyuan.correspondence.rules import ERASED, State
from suyuan.correspondence.services.attaching import incoming_file_leave
from suyuan.correspondence.services.clearing import clearances_stop
from suyuan.correspondence.services.incoming import incoming_set_aside
from suyuan.correspondence.services.outgoing import message_unqueue, message_withdraw
from suyuan.kernel.actor import Actor
from suyuan.platform.units import writes


@writes
def messages_stop(*, stream: str, party: str = "", actor: Actor, now: datetime) -> int:
    """Nothing that waits to leave for this case (and this one person) leaves any more; no draft stays. Raises MessageOnItsWay.

    Nor does anything come after: no file that LINE still has, and no answer that waits.
    """
    clearances_stop(stream=stream, party=party, actor=actor, now=now)
    waiting = Message.objects.filter(subject_stream=stream, state__in=[State.DRAFT, State.QUEUED]).select_related("text")
    for message in waiting.filter(party=party) if party else waiting:
        if message.state == State.QUEUED:
            message = message_unqueue(message=message, actor=actor, now=now)
        message_withdraw(message=message, actor=actor, now=now)
    mine = Message.objects.filter(subject_stream=stream)
    mine = mine.filter(Q(party=party) | Q(author=party)) if party else mine
    for file in IncomingFile.objects.filter(incoming__message__in=mine, state="waiting"):
        incoming_file_leave(file=file, why=ERASED, now=now)
    answers = Incoming.objects.filter(in_reply_to__in=mine, state="waiting")
    incoming_stop(streams=[row.stream for row in answers], actor=actor, now=now)
    return len(waiting)


@writes
def incoming_stop(*, streams: Iterable[str], actor: Actor, now: datetime) -> None:
    """What waits for its place waits no more: an order takes away what it says."""
    uids = [stream.partition(":")[2] for stream in streams]
    for row in Incoming.objects.filter(uid__in=uids).order_by("id"):
        for file in row.files.filter(state="waiting"):
            incoming_file_leave(file=file, why=ERASED, now=now)
        if row.state == "waiting":
            incoming_set_aside(incoming=row, reason=ERASED, actor=actor, now=now)
