"""Where a frame fits in a page: its parts in order, no farther apart than it says, within one clause or sentence."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from suyuan.kernel.textlint import frames
from suyuan.kernel.textlint.frames import CLAUSE, SENTENCE, TEXT
from suyuan.kernel.textlint.page import Page
from suyuan.kernel.textlint.shapes import Span
from suyuan.kernel.textlint.slots import Slots

Path = tuple[Span, ...]
Where = Mapping[int, list[Span]]  # slot → where it stands

TOGETHER = 60  # characters between parts that stand in one sentence in any order


@dataclass(frozen=True)
class Part:
    """One element of a frame, its words numbered."""

    slot: int
    gap: int
    within: str
    longest: int


@dataclass(frozen=True)
class Line:
    """`places`: where in it a slot stands first."""

    parts: tuple[Part, ...]
    places: Mapping[int, int]
    starts_clause: bool
    ends_clause: bool


@dataclass(frozen=True)
class Frame:
    """`key`: its rarest slot; `together`: in what all of its parts have to stand."""

    number: int
    lines: tuple[Line, ...]
    slots: frozenset[int]
    within: str
    absent: tuple[tuple[int, str], ...]
    reach: int
    in_turn: tuple[int, ...]
    key: int
    together: str


class Match(NamedTuple):
    """Where a frame fits: the spans of all its parts, in the order of the text, and from where to where they reach."""

    spans: Path
    start: int
    end: int

    @classmethod
    def over(cls, spans: Iterable[Span]) -> Match:
        path = tuple(sorted(spans))
        return cls(path, path[0][0], max(end for _start, end in path))


# --- made once -----------------------------------------------------------------------------------------------------


def compiled(frame: frames.Frame, number: int, slots: Slots) -> Frame:
    lines = tuple(_line(line, slots) for line in frame.lines)
    parts = [part for line in lines for part in line.parts]
    used = frozenset(part.slot for part in parts)
    return Frame(
        number=number,
        lines=lines,
        slots=used,
        within=frame.within,
        absent=tuple((slots.of(element), within) for element, within in frame.absent),
        reach=sum(part.gap + slots.longest(part.slot) for part in parts) + TOGETHER * (len(lines) - 1),
        in_turn=tuple(sorted(used, key=lambda slot: (slot in slots.shapes_of, slot))),
        key=slots.rarest(used),
        together=_together(lines, frame.within),
    )


def _line(line: frames.Line, slots: Slots) -> Line:
    parts = tuple(_part(element, slots) for element in line.elements)
    places = {part.slot: place for place, part in reversed(list(enumerate(parts)))}
    return Line(parts, places, line.starts_clause, line.ends_clause)


def _part(element: frames.Element, slots: Slots) -> Part:
    slot = slots.of(element)
    return Part(slot, element.gap, element.within, slots.longest(slot))


def _together(lines: tuple[Line, ...], within: str) -> str:
    if within == TEXT or len(lines) == len(lines[0].parts) == 1:
        return TEXT
    far = len(lines) > 1 or any(part.within != CLAUSE for part in lines[0].parts[1:])
    return SENTENCE if far else CLAUSE


# --- asked of every text -------------------------------------------------------------------------------------------


def matches(page: Page, frame: Frame) -> Iterator[Match]:
    """Around every occurrence of the rarest part that is there. Words are found already; a shape is looked for when all
    else stands."""
    where: dict[int, list[Span]] = {}
    for slot in frame.in_turn:
        if not (spans := page.of(slot)):
            return
        where[slot] = spans
    if frame.within == TEXT:
        whole = [_nearest(page, line, where, 0, len(page.text)) for line in frame.lines]
        if all(whole):
            yield Match.over(chain.from_iterable(spans for spans in whole if spans))
        return
    rarest = min(frame.slots, key=lambda slot: len(where[slot])) if len(where) > 1 else frame.in_turn[0]
    last_end = -1
    for start, end in where[rarest]:
        if start < last_end:
            continue
        first, last = page.sentences.around(start)
        low, high = max(first, start - frame.reach), min(last, end + frame.reach)
        spans: list[Span] = []
        for line in frame.lines:
            if rarest in line.places:
                found = _through(page, line, where, low, high, (start, end), line.places[rarest])
            else:
                found = _nearest(page, line, where, low, high, start)
            if found is None:
                break
            spans.extend(found)
        else:
            match = Match.over(spans)
            if len(frame.lines) > 1 and not _one_sentence(page, match):
                continue
            if _absent(page, frame, match):
                last_end = match.end
                yield match


def _absent(page: Page, frame: Frame, match: Match) -> bool:
    for slot, within in frame.absent:
        if spans := page.of(slot):
            parts = page.sentences if within == SENTENCE else page.clauses
            if any_within(spans, *parts.over(match.start, match.end)):
                return False
    return True


def _one_sentence(page: Page, match: Match) -> bool:
    if not page.sentences.joined(match.spans[0][1], match.spans[-1][0]):
        return False
    end = match.spans[0][1]
    for start, later in match.spans[1:]:
        if start - end > TOGETHER:
            return False
        end = max(end, later)
    return True


# --- small things --------------------------------------------------------------------------------------------------


def within(spans: list[Span], low: int, high: int) -> Iterator[Span]:
    """As `window`, for who asks no more than whether there is one: a clause may be as long as the text."""
    for place in range(bisect_left(spans, (low, -1)), bisect_left(spans, (high, -1))):
        if spans[place][1] <= high:
            yield spans[place]


def any_within(spans: list[Span], low: int, high: int) -> bool:
    return next(within(spans, low, high), None) is not None


def window(spans: list[Span], low: int, high: int) -> list[Span]:
    """Those that begin at low or later and end at high or earlier."""
    if not spans:
        return []
    first = bisect_left(spans, (low, -1))
    last = bisect_left(spans, (high, -1))
    return [span for span in spans[first:last] if span[1] <= high]


def _nearest(page: Page, line: Line, where: Where, low: int, high: int, near: int = 0) -> Path | None:
    """The way this line fits between low and high that begins nearest to `near`."""
    windows = []
    for part in line.parts:
        here = window(where[part.slot], low, high)
        if not here:
            return None
        windows.append(here)
    return _fitting(page, line, windows, near)


def _through(page: Page, line: Line, where: Where, low: int, high: int, must: Span, at: int) -> Path | None:
    """The way this line fits with its part number `at` on that very span: all others stand before or behind it."""
    start, end = must
    if not _beside(line.parts, where, start, end, at):
        return None
    windows = []
    for place, part in enumerate(line.parts):
        if place == at:
            here = [must]
        elif place < at:
            here = window(where[part.slot], low, start)
        else:
            here = window(where[part.slot], end, high)
        if not here:
            return None
        windows.append(here)
    return _fitting(page, line, windows, start)


def _beside(parts: Sequence[Part], where: Where, start: int, end: int, at: int) -> bool:
    """Near enough to that span there is something of the parts next to it: where there is not, as mostly, nobody looks on."""
    if at + 1 < len(parts):
        behind = parts[at + 1]
        spans = where[behind.slot]
        place = bisect_left(spans, (end, -1))
        if place == len(spans) or spans[place][0] - end > behind.gap:
            return False
    if at:
        before, gap = parts[at - 1], parts[at].gap
        spans = where[before.slot]
        lowest = start - gap
        for place in range(bisect_left(spans, (start, -1)) - 1, -1, -1):
            begins, ends = spans[place]
            if lowest <= ends <= start:
                return True
            if begins < lowest - before.longest:
                break
        return False
    return True


def _fitting(page: Page, line: Line, windows: list[list[Span]], near: int) -> Path | None:
    paths: list[Path] = [(span,) for span in windows[0] if not line.starts_clause or _starts(page, span[0])]
    for part, here in zip(line.parts[1:], windows[1:], strict=True):
        if not paths:
            return None
        paths = _extended(page, paths, here, part)
    if line.ends_clause:
        paths = [path for path in paths if _ends(page, path[-1][1])]
    if len(paths) < 2:
        return paths[0] if paths else None
    return min(paths, key=lambda path: abs(path[0][0] - near))


def _extended(page: Page, paths: list[Path], here: list[Span], part: Part) -> list[Path]:
    """Each span of this part behind the nearest path that it may follow."""
    ordered = sorted(paths, key=lambda path: path[-1][1]) if len(paths) > 1 else paths
    ends = [path[-1][1] for path in ordered]
    longer = []
    for span in here:
        place = bisect_right(ends, span[0]) - 1
        if place >= 0 and span[0] - ends[place] <= part.gap and page.joined(ends[place], span[0], part.within):
            longer.append((*ordered[place], span))
    return longer


def _starts(page: Page, at: int) -> bool:
    return not page.text[page.clauses.around(at)[0] : at].strip(" 「『“\"'（(【")


def _ends(page: Page, at: int) -> bool:
    return not page.text[at : page.clauses.around(at - 1)[1]].strip(" 」』”\"'）)】")
