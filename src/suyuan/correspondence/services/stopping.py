"""What waits to leave, and leaves no more."""

from __future__ import annotations

from datetime import datetime

from suyuan.correspondence.models import Message
from suyuan.correspondence.rules import State
from suyuan.correspondence.services.clearing import clearances_stop
from suyuan.correspondence.services.outgoing import message_unqueue, message_withdraw
from suyuan.kernel.actor import Actor
from suyuan.platform.units import writes


@writes
def messages_stop(*, stream: str, party: str = "", actor: Actor, now: datetime) -> int:
    """Nothing that waits to leave for this case (and this one person) leaves any more; no draft stays. Raises MessageOnItsWay."""
    clearances_stop(stream=stream, party=party, actor=actor, now=now)
    waiting = Message.objects.filter(subject_stream=stream, state__in=[State.DRAFT, State.QUEUED]).select_related("text")
    for message in waiting.filter(party=party) if party else waiting:
        if message.state == State.QUEUED:
            message = message_unqueue(message=message, actor=actor, now=now)
        message_withdraw(message=message, actor=actor, now=now)
    return len(waiting)
