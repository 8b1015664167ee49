"""Words before everybody: in whose name, when, and how they may end. No Django, no clock, no database."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

OTHER = "other"  # a platform that the packs do not name
ANONYMOUS, PERSONAL = "anonymous", "personal"  # in whose name nothing of the clinic's is posted

NAME, ELSEWHERE, PLACE, ADDRESS, WHY = 120, 80, 200, 500, 500


class Standing(StrEnum):
    """What became of words in one public place."""

    LIVE = "live"
    REPLACED = "replaced"
    DOWN = "down"


class Whose(StrEnum):
    """Who took them away."""

    CLINIC = "clinic"
    PLATFORM = "platform"


def time_problem(stated: datetime | None, now: datetime, earliest: datetime | None = None) -> str:
    """Why a stated time cannot be true; empty when it can. Minutes are as exact as people are."""
    if stated is None:
        return "missing"
    if stated.tzinfo is None:
        return "zone"
    if stated > now:
        return "future"
    if earliest is not None and stated < earliest.replace(second=0, microsecond=0):
        return "before"
    return ""


def before_approval(posted_at: datetime, approved_at: datetime) -> bool:
    """It stood there before anybody had agreed to it: said as it was."""
    return posted_at < approved_at.replace(second=0, microsecond=0)


def address_problem(address: str) -> str:
    """Why this is no address of a page that anybody can open; empty when it is one."""
    if len(address) > ADDRESS:
        return "too_long"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "address"
    if parts.scheme not in ("http", "https") or "." not in host or parts.username or parts.password:
        return "address"
    if not address.isprintable() or " " in address:
        return "address"
    return ""
