"""The roads that words leave by themselves. Each takes a claimed message and returns the other side's number for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from suyuan.correspondence import letters, line, mail, sms, tokens
from suyuan.correspondence.models import Message
from suyuan.correspondence.rules import Channel


@dataclass(frozen=True)
class Road:
    """`is_set_up` says whether this house has it; `hand_over` raises Unsent."""

    is_set_up: Callable[[], bool]
    hand_over: Callable[[Message], str]


def _by_mail(message: Message) -> str:
    subject, body = letters.message_mail(message)
    letter = mail.compose(
        to=message.to,
        subject=subject,
        body=body,
        message_id=message.message_id,
        at=message.queued_at,
        language=message.language,
        automatic=message.is_automatic or not message.with_content,
        answer_to=tokens.reply_address(message.uid),
    )
    mail.hand_over(letter)
    return ""


def _by_line(message: Message) -> str:
    return line.push(to=message.to, words=letters.message_short(message), key=str(message.uid))


def _by_sms(message: Message) -> str:
    words = letters.message_short(message, longest=sms.longest())
    return sms.send(to=message.to, words=words, key=str(message.uid), report_to=letters.report_address(message.uid))


ROADS = {
    Channel.EMAIL: Road(mail.is_set_up, _by_mail),
    Channel.LINE: Road(line.is_set_up, _by_line),
    Channel.SMS: Road(sms.is_set_up, _by_sms),
}


def road_of(message: Message) -> Road | None:
    """The road by which this message leaves by itself; None where there is none, or where a person handed it over."""
    road = ROADS.get(Channel(message.channel))
    return road if road is not None and message.to_sealed and road.is_set_up() else None


def any_set_up() -> bool:
    return any(road.is_set_up() for road in ROADS.values())
