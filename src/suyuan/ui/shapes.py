"""What the components accept. Anything with these attributes will do; these classes save writing them again.

Words are ready-made and in the reader's language: the screen asks no rules and knows no law.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A promise in time. `mood` comes from rules; `none` (an unverified rule) draws no ring."""

    what: str  # verb first: 交付病歷複製本
    mood: str = "calm"
    share: float = 0.0  # of the time used, 0 to 1
    due_at: datetime | date | None = None  # exclusive, as stored
    target: date | None = None  # the date shown to people when it is earlier than due_at
    workdays_left: int | None = None  # counts working days instead of hours and minutes
    left: str = ""  # replaces the words made from due_at: 期限內完成
    due: str = ""  # replaces the date made from due_at
    basis: str = "house"  # statutory | house
    grade: str = "V"  # V binds · P to be confirmed · UNVERIFIED
    article: str = ""  # 醫預法第 10 條
    law: str = ""  # full name, shown on hover, in print and in the portal
    counting: str = ""  # 申請翌日起 7 個工作日
    provisional: str = ""  # why the date may move: 2027 年日曆未公布
    note: str = ""  # one more line: 知悉時已逾期
    url: str = ""  # to the small calendar


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One stage on the thread. `gate` counts what is still missing before the next stop."""

    name: str
    state: str = "ahead"  # done | current | ahead
    note: str = ""
    gate: int = 0
    gate_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Day:
    """One cell of the ten-day strip. `marks`: statutory, house, late; one each."""

    date: date
    closed: str = ""  # why it is closed: 休, 國慶日
    marks: Sequence[str] = ()
    today: bool = False
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class CountedDay:
    """One day of the calendar that explains a deadline."""

    date: date
    kind: str = "plain"  # trigger | counted | skipped | makeup | rolled | due | due-house | plain
    number: int | None = None  # the how-manieth counted day
    note: str = ""  # 國慶日補假


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """What stands between the case and its next step, who holds it, and the act that clears it."""

    what: str
    holder: str = ""
    act: str = ""
    url: str = ""
    had: bool = False  # already in hand: goes last, in quiet text
    aside: str = ""  # at the end of the line: 4 件


@dataclass(frozen=True, kw_only=True)
class EvidenceSlip:
    """One kind of evidence, upright like a bamboo slip. `word` stands at the foot."""

    name: str
    state: str = "missing"  # sealed | had | asked | missing | aside
    word: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the upright thread a patient sees."""

    what: str
    state: str = "ahead"  # done | current | ahead | late
    note: str = ""
    when: str = ""
