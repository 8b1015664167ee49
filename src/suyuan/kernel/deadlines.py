"""When something is due, and why. Pure: no clock, no database, no words.

Datetimes come in aware and go out in UTC. `due_at` is exclusive: for hours the instant itself, otherwise the local
midnight after the last lawful day. `target_at` is the date we show people and alarm on; it is never later than `due_at`.
"""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)

# A budget of opening hours in a clinic that never opens would otherwise be searched for ever.
FAR_AWAY = 3660

# More days than this are not drawn one by one in the small calendar.
DRAWN = 200


class Unit(StrEnum):
    HOURS = "hours"
    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True)
class Duration:
    n: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError("a duration cannot be negative")

    def __str__(self) -> str:
        return f"{self.n} {self.unit}"


@dataclass(frozen=True)
class SpecialDay:
    """A day that is not what its weekday says."""

    kind: Literal["holiday", "makeup", "closed"]
    name: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DayTable:
    """The working calendar of one place: weekends, and the days that differ from them."""

    name: str
    zone: str
    days: Mapping[date, SpecialDay]
    official_until: date
    weekend: frozenset[int] = frozenset({5, 6})

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def special(self, day: date) -> SpecialDay | None:
        return self.days.get(day)

    def is_working(self, day: date) -> bool:
        special = self.days.get(day)
        if special is None:
            return day.weekday() not in self.weekend
        return special.kind == "makeup"

    def provisional(self, day: date) -> bool:
        return day > self.official_until

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.tz)

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.tz).astimezone(UTC)

    def working_from(self, day: date) -> date:
        """That day, or the first working day after it."""
        while not self.is_working(day):
            day += DAY
        return day

    def working_before(self, day: date) -> date:
        """The last working day before that day."""
        day -= DAY
        while not self.is_working(day):
            day -= DAY
        return day


@dataclass(frozen=True)
class OpeningHours:
    """When a house is open: weekday (Monday is 0) to its periods. For house clocks only.

    A holiday is closed whatever its weekday. A make-up day keeps its own weekday's periods, or `makeup` if it has none.
    """

    periods: Mapping[int, tuple[tuple[time, time], ...]]
    makeup: tuple[tuple[time, time], ...] = ()

    def on(self, day: date, table: DayTable) -> tuple[tuple[time, time], ...]:
        special = table.special(day)
        own = self.periods.get(day.weekday(), ())
        if special is None:
            return own
        return (own or self.makeup) if special.kind == "makeup" else ()


@dataclass(frozen=True)
class Pause:
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True)
class Rule:
    """How one deadline is counted.

    `day_before`: a month ends on the day before the corresponding day (counting begins the day after the trigger).
    `corresponding`: it ends on the trigger's corresponding day.
    `conservative`: the words of the law can be read as counting the first day, so people see a date one day earlier.
    `opening`: the hours are hours in which the house is open.
    """

    duration: Duration
    count_from: Literal["next_day", "instant"] = "next_day"
    rolls: bool = False
    month_style: Literal["day_before", "corresponding"] = "corresponding"
    conservative: bool = False
    opening: bool = False


@dataclass(frozen=True)
class CountedDay:
    """One cell of the small calendar. `number` is its place in the count; `why` a code; `name` the day's own name."""

    date: date
    state: Literal["trigger", "counted", "skipped", "makeup", "due", "rolled"]
    number: int | None = None
    why: str = ""
    name: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deadline:
    due_at: datetime
    target_at: datetime
    due_date: date
    target_date: date
    provisional: bool
    days: tuple[CountedDay, ...] = ()

    def born_late(self, learned_at: datetime) -> bool:
        """It was already past when we learned of it."""
        return self.due_at <= learned_at


@dataclass(frozen=True)
class Alarm:
    key: str
    at: datetime
    missed: bool = False


@dataclass(frozen=True)
class Remaining:
    """What is left, as figures; a template makes words of them. When `past`, they say how long ago."""

    past: bool
    working_days: int
    days: int
    hours: int
    minutes: int
    seconds: int
    in_hours: bool


Mood = Literal["calm", "soon", "late", "done", "paused"]


def deadline(
    rule: Rule,
    trigger: datetime,
    table: DayTable,
    *,
    opening: OpeningHours | None = None,
    pauses: Iterable[Pause] = (),
    now: datetime | None = None,
) -> Deadline:
    """The day and the instant something must be done by. `now` is needed only while a pause is still open."""
    if trigger.tzinfo is None:
        raise ValueError("the trigger needs a time zone")
    spans = merged(pauses, now)
    if rule.duration.unit is Unit.HOURS:
        return _hours(rule, trigger, table, opening, spans)
    return _days(rule, trigger, table, spans)


def extended(duration: Duration, by: Duration, times: int) -> Duration:
    """A lawful extension adds to the first period; it is never a fresh start."""
    if by.unit is not duration.unit:
        raise ValueError("an extension counts in the unit of its deadline")
    return Duration(duration.n + by.n * times, duration.unit)


# Hours


def _hours(
    rule: Rule, trigger: datetime, table: DayTable, opening: OpeningHours | None, spans: list[tuple[datetime, datetime]]
) -> Deadline:
    budget = timedelta(hours=rule.duration.n)
    start = trigger.astimezone(UTC)
    if rule.opening:
        if opening is None:
            raise ValueError("a budget of opening hours needs the opening hours")
        due_at = _spend(budget, _open_spans(start, table, opening), spans, start)
    else:
        due_at = _spend(budget, iter([(start, datetime.max.replace(tzinfo=UTC))]), spans, start)

    first, last = table.local(start).date(), table.local(due_at).date()
    return Deadline(
        due_at=due_at,
        target_at=due_at,
        due_date=last,
        target_date=last,
        provisional=rule.opening and table.provisional(last),
        days=tuple(_hour_days(first, last, table, opening if rule.opening else None)),
    )


def _open_spans(start: datetime, table: DayTable, opening: OpeningHours) -> Iterator[tuple[datetime, datetime]]:
    first = table.local(start).date()
    for n in range(FAR_AWAY):
        day = first + n * DAY
        for opens, closes in opening.on(day, table):
            until = day + DAY if closes == time.min else day
            begin = datetime.combine(day, opens, table.tz).astimezone(UTC)
            end = datetime.combine(until, closes, table.tz).astimezone(UTC)
            if end > start:
                yield max(begin, start), end
    raise ValueError("the house is never open long enough")


def _spend(
    budget: timedelta, open_spans: Iterator[tuple[datetime, datetime]], spans: list[tuple[datetime, datetime]], start: datetime
) -> datetime:
    """Walk forward through open time, stepping over the pauses, until the budget is used up."""
    at = start
    for begin, end in open_spans:
        at = begin
        for pause_start, pause_end in spans:
            if pause_end <= at:
                continue
            if pause_start >= end:
                break
            usable = max(pause_start, at) - at
            if usable >= budget:
                return at + budget
            budget -= usable
            at = min(pause_end, end)
        if end - at >= budget:
            return at + budget
        budget -= end - at
    return at


def _hour_days(first: date, last: date, table: DayTable, opening: OpeningHours | None) -> Iterator[CountedDay]:
    for day in _span(first, last):
        name = _name(table, day)
        if day == last:
            yield CountedDay(day, "due", None, "instant", name)
        elif day == first:
            yield CountedDay(day, "trigger", None, "trigger", name)
        elif opening is None or opening.on(day, table):
            yield CountedDay(day, "counted", None, "open" if opening else "hours", name)
        else:
            yield CountedDay(day, "skipped", None, _why(table, day), name)


# Days, months and years


def _days(rule: Rule, trigger: datetime, table: DayTable, spans: list[tuple[datetime, datetime]]) -> Deadline:
    start = table.local(trigger).date()
    paused = _Paused(spans, table)
    if rule.duration.unit is Unit.WORKING_DAYS:
        lawful, counted = _nth(rule, start, paused, table.is_working)
    elif rule.duration.unit is Unit.CALENDAR_DAYS:
        lawful, counted = _nth(rule, start, paused, lambda day: True)
    else:
        lawful, counted = _months(rule, start, paused), None

    rolls = rule.rolls and rule.duration.unit is not Unit.WORKING_DAYS
    due = table.working_from(lawful) if rolls else lawful
    target = _target(rule, start, lawful, table)
    looked_at_table = rolls or rule.duration.unit is Unit.WORKING_DAYS
    return Deadline(
        due_at=table.midnight(due + DAY),
        target_at=table.midnight(target + DAY),
        due_date=due,
        target_date=target,
        provisional=looked_at_table and table.provisional(due),
        days=tuple(_drawn(rule, start, lawful, due, counted, table, paused)),
    )


def _nth(rule: Rule, start: date, paused: _Paused, counts) -> tuple[date, dict[date, int]]:
    day = start if rule.count_from == "next_day" else start - DAY
    counted: dict[date, int] = {}
    left = rule.duration.n
    while left:
        day += DAY
        if not counts(day) or day in paused:
            continue
        left -= 1
        counted[day] = rule.duration.n - left
    return max(day, start), counted


def _months(rule: Rule, start: date, paused: _Paused) -> date:
    months = rule.duration.n * (12 if rule.duration.unit is Unit.YEARS else 1)
    if rule.month_style == "day_before":
        begin = start + DAY if rule.count_from == "next_day" else start
        same, exact = _same_day(begin, months)
        last = same - DAY if exact else same
    else:
        last, _ = _same_day(start, months)

    # Whole paused days are given back; days given back may themselves be paused.
    end, day = last, start
    while day < end:
        day += DAY
        if day in paused:
            end += DAY
    return end


def _same_day(day: date, months: int) -> tuple[date, bool]:
    """The corresponding day some months on, or the month's last day when there is none."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    length = calendar.monthrange(year, month)[1]
    return date(year, month, min(day.day, length)), day.day <= length


def _target(rule: Rule, start: date, lawful: date, table: DayTable) -> date:
    if not rule.conservative:
        return lawful
    earlier = table.working_before(lawful) if rule.duration.unit is Unit.WORKING_DAYS else lawful - DAY
    return max(earlier, start)


def _drawn(
    rule: Rule,
    start: date,
    lawful: date,
    due: date,
    counted: dict[date, int] | None,
    table: DayTable,
    paused: _Paused,
) -> Iterator[CountedDay]:
    for day in _span(start, due):
        name, makeup = _name(table, day), _kind(table, day) == "makeup"
        number = counted.get(day) if counted is not None else None
        if day == due:
            yield CountedDay(day, "due", number, "rolled_to" if due != lawful else "last", name)
        elif day == start and number is None:
            yield CountedDay(day, "trigger", None, "trigger", name)
        elif day > lawful or (day == lawful and due != lawful):
            yield CountedDay(day, "rolled", number, _why(table, day), name)
        elif day in paused:
            yield CountedDay(day, "skipped", None, "paused", name)
        elif counted is not None and number is None:
            yield CountedDay(day, "skipped", None, _why(table, day), name)
        elif makeup and rule.duration.unit is Unit.WORKING_DAYS:
            yield CountedDay(day, "makeup", number, "makeup", name)
        else:
            yield CountedDay(day, "counted", number, "", name)


def _span(first: date, last: date) -> Iterator[date]:
    length = (last - first).days
    for n in range(length + 1):
        if length <= DRAWN or n < 8 or length - n < 24:
            yield first + n * DAY


def _kind(table: DayTable, day: date) -> str:
    special = table.special(day)
    return special.kind if special else ""


def _name(table: DayTable, day: date) -> Mapping[str, str]:
    special = table.special(day)
    return special.name if special else {}


def _why(table: DayTable, day: date) -> str:
    return _kind(table, day) or ("weekend" if day.weekday() in table.weekend else "working")


# Pauses


def merged(pauses: Iterable[Pause], now: datetime | None) -> list[tuple[datetime, datetime]]:
    """Pauses as ascending spans that do not touch; one that is still open lasts until now."""
    spans: list[tuple[datetime, datetime]] = []
    for pause in sorted(pauses, key=lambda each: each.start):
        end = pause.end if pause.end is not None else now
        if end is None:
            raise ValueError("a pause that is still open needs the present time")
        start, end = pause.start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            continue
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


class _Paused:
    """Which local days are paused from midnight to midnight. A day with one free minute still counts."""

    def __init__(self, spans: list[tuple[datetime, datetime]], table: DayTable) -> None:
        self.spans, self.table = spans, table
        self.starts = [start for start, _ in spans]

    def __contains__(self, day: date) -> bool:
        if not self.spans:
            return False
        begin, end = self.table.midnight(day), self.table.midnight(day + DAY)
        place = bisect_right(self.starts, begin) - 1
        return place >= 0 and self.spans[place][1] >= end


# Looking at a deadline from a moment


def alarms(deadline: Deadline, befores: Iterable[Duration], table: DayTable | None = None) -> tuple[Alarm, ...]:
    """Each moment somebody is told: so long before the target, at the target, and when the time is up."""
    found = [Alarm(f"before:{before.n}{before.unit}", _earlier(deadline, before, table)) for before in befores]
    if deadline.target_at < deadline.due_at:
        found.append(Alarm("target", deadline.target_at))
    found.append(Alarm("due", deadline.due_at))
    return tuple(sorted(found, key=lambda alarm: (alarm.at, alarm.key)))


def next_alarm(
    deadline: Deadline,
    befores: Iterable[Duration],
    fired: Iterable[str],
    now: datetime,
    *,
    table: DayTable | None = None,
    since: datetime | None = None,
) -> Alarm | None:
    """The earliest alarm that has not been given; one that was missed comes at once, oldest first, and only once.

    `since` is when the clock began to run with us: what lay before it warns nobody, save that the time is already up.
    """
    done = frozenset(fired)
    for alarm in alarms(deadline, befores, table):
        if alarm.key in done:
            continue
        if since is not None and alarm.at < since and alarm.key != "due":
            continue
        at = max(alarm.at, since) if since else alarm.at
        return Alarm(alarm.key, at, missed=at < now)
    return None


def _earlier(deadline: Deadline, before: Duration, table: DayTable | None) -> datetime:
    if before.unit is Unit.HOURS:
        return deadline.target_at - timedelta(hours=before.n)
    if before.unit is Unit.CALENDAR_DAYS:
        return deadline.target_at - before.n * DAY
    if before.unit is Unit.WORKING_DAYS:
        if table is None:
            raise ValueError("working days need a calendar")
        moment = table.local(deadline.target_at)
        day = moment.date()
        for _ in range(before.n):
            day = table.working_before(day)
        return datetime.combine(day, moment.time(), table.tz).astimezone(UTC)
    months = before.n * (12 if before.unit is Unit.YEARS else 1)
    return deadline.target_at - months * 30 * DAY


def share(now: datetime, start: datetime, due: datetime) -> float:
    """How much of the time is used, from 0 to 1: the ring."""
    whole = (due - start).total_seconds()
    if whole <= 0:
        return 1.0
    return min(1.0, max(0.0, (now - start).total_seconds() / whole))


def mood(
    now: datetime,
    start: datetime,
    target: datetime,
    due: datetime,
    *,
    done: bool = False,
    paused: bool = False,
) -> Mood:
    """Soon: the last quarter before the target, at most five days of it, and everything between target and due."""
    if done:
        return "done"
    if paused:
        return "paused"
    if now >= due:
        return "late"
    window = min((target - start) / 4, 5 * DAY)
    return "soon" if now >= target - window else "calm"


def remaining(now: datetime, due: datetime, table: DayTable) -> Remaining:
    """Working days left to the last lawful day, today not counted; hours and minutes when it is close or past."""
    past = now >= due
    gap = (now - due) if past else (due - now)
    seconds = int(gap.total_seconds())
    last = table.local(due - timedelta(microseconds=1)).date()
    today = table.local(now).date()
    first, until = (last, today) if past else (today, last)
    days = (until - first).days
    return Remaining(
        past=past,
        working_days=_working_between(first, until, table),
        days=days,
        hours=seconds // 3600,
        minutes=seconds % 3600 // 60,
        seconds=seconds,
        in_hours=gap < DAY,
    )


def _working_between(after: date, until: date, table: DayTable) -> int:
    """Working days later than `after`, up to and with `until`."""
    weeks, rest = divmod((until - after).days, 7)
    if weeks < 0:
        return 0
    count = weeks * (7 - len(table.weekend))
    count += sum((until - n * DAY).weekday() not in table.weekend for n in range(rest))
    for day, special in table.days.items():
        if after < day <= until:
            weekend = day.weekday() in table.weekend
            count += special.kind == "makeup" and weekend
            count -= special.kind != "makeup" and not weekend
    return count
