"""What comes by itself, read from what LINE sends. No database here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from suyuan.correspondence.models import Message
from suyuan.platform.files import Received

CODE = "code"
FETCHED = frozenset({"image", "video", "audio", "file"})
MOST_EVENTS = 500


@dataclass(frozen=True, kw_only=True)
class Came:
    """A file that came with it: its bytes, or what LINE calls the message that has them, or why it was left."""

    name: str = ""
    received: Received | None = None
    remote: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One thing that came, as the other side calls it (`event`) and as it was read.

    branch_id  where it waits if it finds no place
    number     what the sender's side calls it, for whoever asks them
    kind       text, mail, bounce; otherwise what came instead of words (image, sticker…), or code: for us alone, it says nothing
    aside      why nobody need look at it at all
    """

    channel: str
    event: str
    branch_id: int = 0
    language: str = "zh-hant"
    sender: str = ""
    subject_line: str = ""
    words: str = ""
    number: str = ""
    kind: str = "text"
    files: tuple[Came, ...] = ()
    left_out: int = 0
    happened_at: datetime | None = None
    in_reply_to: Message | None = None
    known_by: str = ""
    aside: str = ""


@dataclass(frozen=True)
class Heard:
    """What one call of LINE says: words that came, the message of ours that each quotes, and accounts that are gone."""

    arrivals: tuple[Arrival, ...] = ()
    quoted: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def heard_from_line(body: bytes) -> Heard:
    """Read a call whose signature holds. What is no word of one person to us is passed over."""
    try:
        events = json.loads(body)["events"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return Heard()
    arrivals, quoted, gone = [], [], []
    for event, account in _of_one_person(events):
        if event["type"] == "unfollow":
            gone.append(account)
        elif event["type"] == "message" and isinstance(event.get("message"), dict):
            said = event["message"]
            arrivals.append(_said(event, said, account))
            quoted.append(_text(said.get("quotedMessageId")))
    return Heard(tuple(arrivals), tuple(quoted), tuple(gone))


def _of_one_person(events: Any) -> Iterator[tuple[dict[str, Any], str]]:
    for event in events[:MOST_EVENTS] if isinstance(events, list) else ():
        source = event.get("source") if isinstance(event, dict) else None
        if not isinstance(source, dict) or source.get("type") != "user":
            continue
        account, name = _text(source.get("userId")), _text(event.get("webhookEventId"))
        if account and name and isinstance(event.get("type"), str):
            yield event, account


def _said(event: dict[str, Any], said: dict[str, Any], account: str) -> Arrival:
    kind = _text(said.get("type"))[:20] or "unknown"
    words = said.get("text") if kind == "text" else ""
    return Arrival(
        channel="line",
        event=event["webhookEventId"],
        sender=account,
        words=words if isinstance(words, str) else "",
        number=_text(said.get("id")),
        kind=kind,
        files=(_file(said),) if kind in FETCHED else (),
        happened_at=_moment(event.get("timestamp")),
    )


def _file(said: dict[str, Any]) -> Came:
    """What LINE holds for a while, and we fetch. What lies elsewhere is never called: the address is the sender's choice."""
    name, provider = said.get("fileName"), said.get("contentProvider")
    name = name if isinstance(name, str) else ""
    if isinstance(provider, dict) and provider.get("type") == "external":
        return Came(name=name, why="external")
    number = _text(said.get("id"))
    return Came(name=name, remote=number) if number.isdigit() else Came(name=name, why="unreachable")


def _text(value: Any) -> str:
    """A name of theirs, as far as it is one."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= 64 else ""


def _moment(value: Any) -> datetime | None:
    """Milliseconds since 1970, where that is a time at all."""
    if not isinstance(value, int) or not 0 < value < 4_102_444_800_000:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)
