"""The fixed time, people and words of these tests, and the shortest ways to a message."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from suyuan.correspondence import services
from suyuan.correspondence.models import Message
from suyuan.kernel.actor import Actor
from suyuan.platform.models import FactRow

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)
STREAM = "complaint:3b0a5f0e-0000-4000-8000-0000000000aa"
MANAGER = Actor("user", "3b0a5f0e-0000-4000-8000-000000000001", user_id=1)
COLLEAGUE = Actor("user", "3b0a5f0e-0000-4000-8000-000000000002", user_id=2)
PATIENT = Actor("party", "3b0a5f0e-0000-4000-8000-000000000003")
WORDS = "溫小姐您好：許醫師想再看一次腫脹的地方，星期三下午三點方便嗎？\n沈經理"


def drafted(channel: str = "email", body: str = WORDS, to: str = "wen@example.org", **more) -> Message:
    arguments = {"stream": STREAM, "branch_id": 1, "kind": "letter", "actor": MANAGER, "now": NOW} | more
    return services.message_draft(channel=channel, body=body, to=to, **arguments)


def queued(channel: str = "email", *, may_carry_content: bool = False, undo: timedelta | None = None, **more) -> Message:
    message = drafted(channel, **more)
    return services.message_queue(
        message=message, actor=MANAGER, now=NOW, may_carry_content=may_carry_content, undo=undo
    )


def fresh(message: Message) -> Message:
    return Message.objects.select_related("text").get(pk=message.pk)


def told(stream: str = STREAM) -> list[str]:
    """Types of the facts of a stream, in order."""
    return list(FactRow.objects.filter(stream=stream).order_by("position").values_list("type", flat=True))
