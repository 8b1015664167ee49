"""Small drawings made by the server: attributes only, no style, colours from the style sheet's classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from suyuan.ui.dates import weeks_of

RING_RADIUS = 12
_HANDS = {
    "calm": "M15 10v5l3 2",
    "soon": "M15 10v5l3 2",
    "late": "M15 8.5v8M15 21v.2",
    "done": "M10 15.3l3.4 3.4 6.6-7",
    "paused": "M12.7 11v8M17.3 11v8",
}


def share_of(share: float | None) -> float:
    """The used share as a percentage of the ring, kept within it; a running clock always shows a little."""
    try:
        share = float(share or 0)
    except (TypeError, ValueError):
        share = 0.0
    return round(100 * min(max(share, 0.03), 1), 1)


def ring(mood: str, share: float | None = 0.0, title: str = "") -> SafeString:
    """The time ring, 30 px. Calm thin, soon thick, late a solid disc, done a check, paused dashed with two bars."""
    if mood not in _HANDS:
        return mark_safe("")
    label = format_html("<title>{}</title>", title) if title else ""
    said = mark_safe('role="img"') if title else mark_safe('aria-hidden="true"')
    face = mark_safe('<circle class="sy-ring__face" cx="15" cy="15" r="14"/>')
    band: str = ""
    if mood in ("calm", "soon"):
        used = share_of(share)
        band = format_html(
            '<circle class="sy-ring__track" cx="15" cy="15" r="{r}"/>'
            '<circle class="sy-ring__share" cx="15" cy="15" r="{r}" pathLength="100" stroke-dasharray="{used} {rest}" '
            'transform="rotate(-90 15 15)"/>',
            r=RING_RADIUS, used=f"{used:g}", rest=f"{round(100 - used, 1):g}",
        )
    elif mood == "paused":
        band = mark_safe('<circle class="sy-ring__track" cx="15" cy="15" r="12" pathLength="96" stroke-dasharray="5 3"/>')
    return format_html(
        '<svg class="sy-ring sy-ring--{}" viewBox="0 0 30 30" width="30" height="30" {}>{}{}{}<path class="sy-ring__hand" d="{}"/></svg>',
        mood, said, label, face, band, mark_safe(_HANDS[mood]),
    )


_STROKES = {1: "M7 12h10", 2: "M8 9h8M6.5 15.5h11", 3: "M7.5 7.5h9M8.5 12h7M6.5 16.5h11"}


def level_box(level: int) -> SafeString:
    """The square whose strokes are the numeral and the count; ungraded is dashed and empty."""
    strokes = _STROKES.get(level)
    path = format_html('<path class="sy-level__stroke" d="{}"/>', mark_safe(strokes)) if strokes else ""
    return format_html(
        '<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">'
        '<rect class="sy-level__box" x="1" y="1" width="22" height="22" rx="4"/>{}</svg>',
        path,
    )


_DOTS = {
    "done": '<circle class="sy-dot__disc" cx="11" cy="11" r="10"/><path class="sy-dot__mark" d="M6.8 11.4l2.9 2.9 5.6-6"/>',
    "current": '<circle class="sy-dot__halo" cx="11" cy="11" r="14"/><circle class="sy-dot__disc" cx="11" cy="11" r="9"/><circle class="sy-dot__mark" cx="11" cy="11" r="4"/>',
    "ahead": '<circle class="sy-dot__disc" cx="11" cy="11" r="9"/>',
    "late": '<circle class="sy-dot__disc" cx="11" cy="11" r="10"/><path class="sy-dot__mark" d="M11 6v6M11 15.6v.2"/>',
}


def dot(state: str) -> SafeString:
    """A stop on the thread: done, current, ahead, late."""
    state = state if state in _DOTS else "ahead"
    return mark_safe(
        f'<svg class="sy-dot sy-dot--{state}" viewBox="0 0 22 22" width="22" height="22" aria-hidden="true">{_DOTS[state]}</svg>'
    )


_MARKS = {
    "statutory": '<rect x="1" y="1" width="10" height="10" rx="1.5"/>',
    "house": '<rect x="1.6" y="1.6" width="8.8" height="8.8" rx="1.5"/>',
    "late": '<circle cx="6" cy="6" r="5.2"/>',
}


def day_mark(kind: str) -> SafeString:
    """Solid square: by law. Dashed square: by the house. Red dot: past due."""
    return mark_safe(
        f'<svg class="sy-daymark sy-daymark--{kind}" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">{_MARKS[kind]}</svg>'
    )


def day_marks(kinds: Iterable[str]) -> SafeString:
    return format_html_join("", "{}", ((day_mark(kind),) for kind in kinds))


@dataclass(frozen=True)
class Month:
    first: date
    weeks: list[list[object | None]]


def calendar(days: Iterable[object]) -> list[Month]:
    """Counted days, laid out in the months and weeks they fall in. Days outside the count stay plain."""
    by_date = {day.date: day for day in days}
    if not by_date:
        return []
    months = []
    weeks = weeks_of(by_date)
    shown = [day for week in weeks for day in week]
    for (year, month), group in groupby(shown, key=lambda day: (day.year, day.month)):
        group = list(group)
        if not any(day in by_date for day in group):
            continue
        rows = [
            [Cell(day, by_date.get(day)) if (day.year, day.month) == (year, month) else None for day in week]
            for week in weeks_of(group)
        ]
        months.append(Month(date(year, month, 1), rows))
    return months


class Cell:
    """A square of the month grid: its date, and what the count says about it."""

    def __init__(self, day: date, counted: object | None) -> None:
        self.date = day
        self.kind = getattr(counted, "kind", "plain")
        self.number = getattr(counted, "number", None)
        self.note = getattr(counted, "note", "")
