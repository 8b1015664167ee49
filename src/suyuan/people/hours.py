"""When somebody may be written to, read from what they chose or somebody typed. No Django, no clock, no database.

What cannot be read holds nothing back: it is shown to whoever writes, who decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTES = 60
DAY_ENDS = 21 * MINUTES  # "after six" is no invitation to midnight
DAY_BEGINS = 9 * MINUTES

# What the choices of the procedure's `contact_hours` mean, by their id.
NAMED: Mapping[str, tuple[int, int]] = {
    "any": (0, 24 * MINUTES),
    "morning": (DAY_BEGINS, 12 * MINUTES),
    "noon": (12 * MINUTES, 14 * MINUTES),
    "afternoon": (14 * MINUTES, 18 * MINUTES),
    "evening": (18 * MINUTES, DAY_ENDS),
}
EVERY_DAY = frozenset(range(1, 8))
WORKDAYS, WEEKEND = frozenset(range(1, 6)), frozenset({6, 7})

_DAYS = (
    (re.compile(r"平日|週一(到|至)週?五|周一(到|至)周?五|工作日|weekdays?", re.IGNORECASE), WORKDAYS),
    (re.compile(r"週末|周末|假日|weekends?", re.IGNORECASE), WEEKEND),
)
_TIME = r"([0-2]?\d)[:：]([0-5]\d)"
_SPAN = re.compile(rf"{_TIME}\s*(?:[-–~～至到]|to)\s*{_TIME}", re.IGNORECASE)
_AFTER = re.compile(rf"(?:after\s*)?{_TIME}\s*(?:之後|以後|後|之后|以后|后|起)|after\s*{_TIME}", re.IGNORECASE)
_BEFORE = re.compile(rf"{_TIME}\s*(?:之前|以前|前)|before\s*{_TIME}", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s、，,;；。.和與及()（）/]+|and|or")


@dataclass(frozen=True)
class Hours:
    """Spans of minutes of the day, in order, on these days of the week (1 = Monday)."""

    spans: tuple[tuple[int, int], ...]
    days: frozenset[int] = EVERY_DAY

    def begin(self, local: datetime) -> datetime:
        """The first moment, from this local one on, at which they hold."""
        for ahead in range(8):
            day = (local + timedelta(days=ahead)).replace(hour=0, minute=0, second=0, microsecond=0)
            if day.isoweekday() not in self.days:
                continue
            for begins, ends in self.spans:
                opens = day.replace(hour=begins // MINUTES, minute=begins % MINUTES)
                closes = day + timedelta(minutes=ends)
                if local.replace(fold=0) < closes:
                    return max(opens, local)
        return local


def hours_read(words: str, names: Mapping[str, str]) -> Hours | None:
    """`names` are the choices as they are called, in whatever language, and their ids. None: not understood, or any time."""
    left, spans, days = words.strip(), [], EVERY_DAY
    for pattern, meant in _DAYS:
        left, found = pattern.subn(" ", left)
        days = (meant if days == EVERY_DAY else days | meant) if found else days
    for name in sorted(names, key=len, reverse=True):
        if name and name.lower() in left.lower():
            at = left.lower().find(name.lower())
            left = f"{left[:at]} {left[at + len(name) :]}"
            spans.append(NAMED.get(names[name], NAMED["any"]))
    left = _spans(left, spans)
    if _BETWEEN.sub("", left.lower()) or not (spans or days != EVERY_DAY):
        return None
    spans = sorted(set(spans)) or [NAMED["any"]]
    if any(begins >= ends for begins, ends in spans) or (NAMED["any"] in spans and days == EVERY_DAY):
        return None
    return Hours(tuple(spans), days)


def _spans(left: str, spans: list[tuple[int, int]]) -> str:
    """Adds what is written as times, and returns what is left of the words."""
    for found in _SPAN.finditer(left):
        spans.append((_minutes(found, 1), _minutes(found, 3)))
    left = _SPAN.sub(" ", left)
    for found in _AFTER.finditer(left):
        spans.append((_minutes(found, 1 if found[1] else 3), DAY_ENDS))
    left = _AFTER.sub(" ", left)
    for found in _BEFORE.finditer(left):
        spans.append((DAY_BEGINS, _minutes(found, 1 if found[1] else 3)))
    return _BEFORE.sub(" ", left)


def _minutes(found: re.Match[str], at: int) -> int:
    return min(int(found[at]) * MINUTES + int(found[at + 1]), 24 * MINUTES)
