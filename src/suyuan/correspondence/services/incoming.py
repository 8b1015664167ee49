"""Words that come in."""

from __future__ import annotations

from datetime import datetime

from suyuan.correspondence import rules
from suyuan.correspondence.models import Message
from suyuan.correspondence.rules import Channel, Direction, State
from suyuan.correspondence.services.common import fit, frozen_text, tell
from suyuan.kernel.actor import Actor
from suyuan.platform.units import writes


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
) -> Message:
    """Take down what someone said or wrote to us, as it came."""
    channel = Channel(channel)
    fit(body)

    message = Message(
        subject_stream=stream,
        fact_stream=fact_stream or stream,
        party=str(actor) if actor.kind == "party" else "",
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

    tell("message.received", message, actor, now, happened_at=happened_at, words=True)
    return message
