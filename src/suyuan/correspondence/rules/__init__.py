"""How a message may travel, and when. No Django, no clock, no database."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from suyuan.kernel.machine import Machine, Move

BODY_LIMIT = 20_000
SUBJECT_LIMIT = 200


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Channel(StrEnum):
    PORTAL = "portal"
    EMAIL = "email"
    SMS = "sms"
    LINE = "line"
    PHONE_NOTE = "phone_note"
    LETTER = "letter"
    IN_PERSON = "in_person"
    PUBLIC = "public"  # before everybody: a person puts it there, in a name of the clinic's own


class State(StrEnum):
    DRAFT = "draft"
    WAITING = "waiting"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    RECEIVED = "received"
    WITHDRAWN = "withdrawn"


# Why something that came belongs to no case.
ASIDE = ("advertising", "wrong_address", "not_a_complaint", "handled_elsewhere", "empty")
ERASED, EXPIRED = "erased", "expired"  # by an order; or because nobody gave it a place in all the time that it is kept
AUTOMATIC = "automatic"  # a machine wrote it: kept aside without anybody being told, so that no two machines write to each other

# Files that come along: so many of one mail, so large from LINE. What is beyond is named, and left.
MOST_FILES = 20
LARGEST_FILE = 300_000_000

# How sure we are who wrote what came by itself: these are as good as a receipt, the others only seem to be the person.
SURE = frozenset({"", "account"})


class Posted(StrEnum):
    """How a letter on paper went."""

    ORDINARY = "ordinary"
    REGISTERED = "registered"
    HANDED = "handed"


# Says that something waits, and is no answer to anybody.
NOTICE = "notice"

# We send these ourselves; for the others a person hands the words over and says so.
SENT_BY_US = frozenset({Channel.PORTAL, Channel.EMAIL})

LIFE = Machine(
    Move("change", frozenset({State.DRAFT}), State.DRAFT),
    Move("withdraw", frozenset({State.DRAFT}), State.WITHDRAWN),
    Move("wait", frozenset({State.DRAFT}), State.WAITING),
    Move("unwait", frozenset({State.WAITING}), State.DRAFT),
    Move("queue", frozenset({State.DRAFT, State.WAITING}), State.QUEUED),
    Move("unqueue", frozenset({State.QUEUED}), State.DRAFT),
    Move("send", frozenset({State.QUEUED}), State.SENT),
    Move("fail", frozenset({State.QUEUED}), State.FAILED),
    Move("deliver", frozenset({State.SENT}), State.DELIVERED),
    Move("bounce", frozenset({State.SENT}), State.FAILED),
)

UNDO = {Channel.PORTAL: timedelta(0)}
UNDO_OTHERWISE = timedelta(seconds=60)
LONGEST_UNDO = timedelta(days=14)

# A claim says "the other side may have it already". Older than this, whoever held it is gone.
CLAIM_HOLDS = timedelta(minutes=5)

# After two days of a mail server that cannot be reached, people must know, and call instead.
GIVE_UP_AFTER = timedelta(hours=48)


def undo_window(channel: str, wanted: timedelta | None) -> timedelta:
    """How long the sender may still take the words back."""
    if wanted is None:
        return UNDO.get(Channel(channel), UNDO_OTHERWISE)
    return max(timedelta(0), min(wanted, LONGEST_UNDO))


def send_after(now: datetime, window: timedelta, not_before: datetime | None) -> datetime:
    """When it leaves: no earlier than the sender has thought it over, nor before the reader's hours; always within two weeks."""
    wanted = max(now + window, not_before) if not_before is not None else now + window
    return min(wanted, now + LONGEST_UNDO)


def claim_is_free(claimed_at: datetime | None, now: datetime) -> bool:
    return claimed_at is None or claimed_at <= now - CLAIM_HOLDS


def is_given_up(queued_at: datetime, now: datetime) -> bool:
    return now - queued_at >= GIVE_UP_AFTER


def unfit(words: str) -> str | None:
    """Why these words cannot be kept, as a code; None when they can."""
    if not words.strip():
        return "empty"
    if len(words) > BODY_LIMIT:
        return "too_long"
    return None


def one_line(words: str) -> str:
    """A subject line: whatever breaks lines or hides becomes a space."""
    kept = "".join(c if c.isprintable() else " " for c in words)
    return " ".join(kept.split())[:SUBJECT_LIMIT]


class Outcome(StrEnum):
    """What a mail server's answer means for the message."""

    RETRY = "retry"
    FAILED = "failed"


@dataclass(frozen=True)
class Answer:
    """One answer of the other side. `stage` is where the talk ended: connect, login, sender, recipient, words; or line, sms.

    `told` is the status by which an SMS service answers inside its page.
    """

    stage: str
    code: int = 0
    told: str = ""


# Only these are about the message; a 5xx to our name, login or sender address is our own house to put in order.
_ABOUT_THE_MESSAGE = {"recipient": "recipient_refused", "words": "words_refused"}


def judge(answer: Answer) -> tuple[Outcome, str]:
    if answer.stage in _ABOUT_THE_MESSAGE and 500 <= answer.code <= 599:
        return Outcome.FAILED, _ABOUT_THE_MESSAGE[answer.stage]
    return Outcome.RETRY, f"{answer.stage}_{answer.code or 'lost'}"
