"""Where a frame fits in a page: its parts in order, no farther apart than it says, within one clause or sentence."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from suyuan.kernel.textlint import frames
from suyuan.kernel.textlint.frames import CLAUSE, SENTENCE, TEXT
from suyuan.kernel.textlint.page import Page, Parts
from suyuan.kernel.textlint.shapes import Span
from suyuan.kernel.textlint.slots import Slots

Path = tuple[Span, ...]
Where = Mapping[int, list[Span]]  # slot → where it stands

_ANY = 1 << 20  # longer than any text
TOGETHER = 60  # characters between parts that stand in one sentence in any order


@dataclass(frozen=True, slots=True)
class Part:
    """One element of a frame, its words numbered. `longest`: of its words; no shape is longer than that either."""

    slot: int
    gap: int
    within: str
    longest: int


@dataclass(frozen=True, slots=True)
class Line:
    """`places`: where in it a slot stands first."""

    parts: tuple[Part, ...]
    places: Mapping[int, int]
    starts_clause: bool
    ends_clause: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """`together`: in what all of its parts have to stand."""

    number: int
    lines: tuple[Line, ...]
    slots: frozenset[int]
    within: str
    absent: tuple[tuple[int, str], ...]
    reach: int
    in_turn: tuple[int, ...]
    by_rarity: tuple[int, ...]
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
        absent=tuple((slots.of(element), reach) for element, reach in frame.absent),
        reach=sum(part.gap + slots.longest(part.slot) for part in parts) + TOGETHER * (len(lines) - 1),
        in_turn=tuple(sorted(used, key=lambda slot: (slot in slots.shapes_of, slot))),
        by_rarity=slots.by_rarity(used),
        together=_together(lines, frame.within),
    )


def _line(line: frames.Line, slots: Slots) -> Line:
    parts = tuple(_part(element, slots) for element in line.elements)
    places = {part.slot: place for place, part in reversed(list(enumerate(parts)))}
    return Line(parts, places, line.starts_clause, line.ends_clause)


def _part(element: frames.Element, slots: Slots) -> Part:
    slot = slots.of(element)
    longest = _ANY if slot in slots.shapes_of else slots.longest(slot)
    return Part(slot, element.gap, element.within, longest)


def _together(lines: tuple[Line, ...], reach: str) -> str:
    if reach == TEXT or len(lines) == len(lines[0].parts) == 1:
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
        yield from _anywhere(page, frame, where)
        return
    rarest = min(frame.slots, key=lambda slot: len(where[slot])) if len(where) > 1 else frame.in_turn[0]
    fit = _on_line if len(frame.lines) == 1 else _on_lines
    last_end = -1
    for span in where[rarest]:
        if span[0] < last_end:
            continue
        match = fit(page, frame, where, rarest, span)
        if match is not None and not (frame.absent and _forbidden(page, frame, match)):
            last_end = match.end
            yield match


def _anywhere(page: Page, frame: Frame, where: Where) -> Iterator[Match]:
    """Once in a text."""
    lines = [_nearest(page, line, where, (0, len(page.text)), 0) for line in frame.lines]
    if all(lines):
        yield Match.over(chain.from_iterable(spans for spans in lines if spans))


def _on_line(page: Page, frame: Frame, where: Where, rarest: int, span: Span) -> Match | None:
    line = frame.lines[0]
    if len(line.parts) == 1:
        stands = not (
            line.starts_clause and not _starts(page, span[0]) or line.ends_clause and not _ends(page, span[1])
        )
        return Match((span,), *span) if stands else None
    path = _through(page, line, where, _around(page, frame, span), span, line.places[rarest])
    return Match(path, path[0][0], path[-1][1]) if path else None


def _on_lines(page: Page, frame: Frame, where: Where, rarest: int, span: Span) -> Match | None:
    """All of them within one sentence, in any order, no farther from each other than `TOGETHER`."""
    room = _around(page, frame, span)
    spans: list[Span] = []
    for line in frame.lines:
        if rarest in line.places:
            found = _through(page, line, where, room, span, line.places[rarest])
        else:
            found = _nearest(page, line, where, room, span[0])
        if found is None:
            return None
        spans.extend(found)
    match = Match.over(spans)
    return match if _one_sentence(page, match) else None


def _around(page: Page, frame: Frame, span: Span) -> Span:
    """Where in the text its other parts can stand."""
    first, last = page.sentences.around(span[0])
    return max(first, span[0] - frame.reach), min(last, span[1] + frame.reach)


def _forbidden(page: Page, frame: Frame, match: Match) -> bool:
    for slot, reach in frame.absent:
        if spans := page.of(slot):
            parts = page.sentences if reach == SENTENCE else page.clauses
            if next(within(spans, *parts.over(match.start, match.end)), None):
                return True
    return False


def _one_sentence(page: Page, match: Match) -> bool:
    if not page.sentences.joined(match.spans[0][1], match.spans[-1][0]):
        return False
    end = match.spans[0][1]
    for start, later in match.spans[1:]:
        if start - end > TOGETHER:
            return False
        end = max(end, later)
    return True


# --- one line ------------------------------------------------------------------------------------------------------


def _through(page: Page, line: Line, where: Where, room: Span, must: Span, at: int) -> Path | None:
    """The way this line fits with its part number `at` on that very span: all others stand before or behind it."""
    if len(line.parts) == 2:
        return (_led if at else _followed)(page, line, where, room, must)
    windows = [[must]] * len(line.parts)
    low, high = must
    for place in range(at - 1, -1, -1):
        low = max(room[0], low - line.parts[place + 1].gap - line.parts[place].longest)
        windows[place] = here = window(where[line.parts[place].slot], low, must[0])
        if not here:
            return None
    for place in range(at + 1, len(line.parts)):
        high = min(room[1], high + line.parts[place].gap + line.parts[place].longest)
        windows[place] = here = window(where[line.parts[place].slot], must[1], high)
        if not here:
            return None
    return _fitting(page, line, windows, must[0])


def _followed(page: Page, line: Line, where: Where, room: Span, must: Span) -> Path | None:
    """Of two parts the first stands there: the second is the first that follows."""
    part, end = line.parts[1], must[1]
    if line.starts_clause and not _starts(page, must[0]):
        return None
    for span in within(where[part.slot], end, room[1]):
        if span[0] - end > part.gap or not _parts(page, part).joined(end, span[0]):
            return None
        if not line.ends_clause or _ends(page, span[1]):
            return must, span
    return None


def _led(page: Page, line: Line, where: Where, room: Span, must: Span) -> Path | None:
    """Of two parts the second stands there: the first is that which ends last before it."""
    part, behind = line.parts
    start = must[0]
    if line.ends_clause and not _ends(page, must[1]):
        return None
    spans, last = where[part.slot], None
    lowest = max(room[0], start - behind.gap - part.longest)
    for place in range(bisect_left(spans, (start, -1)) - 1, -1, -1):
        span = spans[place]
        if span[0] < lowest or (last and span[0] + part.longest <= last[1]):
            break
        if span[1] <= start and (not last or span[1] > last[1]) and (not line.starts_clause or _starts(page, span[0])):
            last = span
    if last is None or start - last[1] > behind.gap or not _parts(page, behind).joined(last[1], start):
        return None
    return last, must


def _nearest(page: Page, line: Line, where: Where, room: Span, near: int) -> Path | None:
    """The way this line fits in there that begins nearest to `near`."""
    if len(line.parts) == 1 and not line.starts_clause and not line.ends_clause:
        span = closest(where[line.parts[0].slot], *room, near)
        return (span,) if span else None
    windows = []
    for part in line.parts:
        here = window(where[part.slot], *room)
        if not here:
            return None
        windows.append(here)
    return _fitting(page, line, windows, near)


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
    joined = _parts(page, part).joined
    longer = []
    for span in here:
        place = bisect_right(ends, span[0]) - 1
        if place >= 0 and span[0] - ends[place] <= part.gap and joined(ends[place], span[0]):
            longer.append((*ordered[place], span))
    return longer


def _parts(page: Page, part: Part) -> Parts:
    """In one of what it stands with the part before it."""
    return page.clauses if part.within == CLAUSE else page.sentences


def _starts(page: Page, at: int) -> bool:
    return not page.text[page.clauses.around(at)[0] : at].strip(" 「『“\"'（(【")


def _ends(page: Page, at: int) -> bool:
    return not page.text[at : page.clauses.around(at - 1)[1]].strip(" 」』”\"'）)】")


# --- spans in order ------------------------------------------------------------------------------------------------


def window(spans: list[Span], low: int, high: int) -> list[Span]:
    """Those that begin at low or later and end at high or earlier."""
    found = []
    for place in range(bisect_left(spans, (low, -1)), len(spans)):
        span = spans[place]
        if span[0] >= high:
            break
        if span[1] <= high:
            found.append(span)
    return found


def within(spans: list[Span], low: int, high: int) -> Iterator[Span]:
    """The same one by one, for who may need only the first: a clause may be as long as the text."""
    for place in range(bisect_left(spans, (low, -1)), len(spans)):
        span = spans[place]
        if span[0] >= high:
            break
        if span[1] <= high:
            yield span


def closest(spans: list[Span], low: int, high: int, near: int) -> Span | None:
    """Of those in the window the one that begins nearest to `near`; of two as near, the first."""
    middle = bisect_left(spans, (near, -1))
    best = None
    for place in range(middle, len(spans)):
        if spans[place][0] >= high:
            break
        if spans[place][1] <= high:
            best = spans[place]
            break
    for place in range(middle - 1, -1, -1):
        start, end = spans[place]
        if start < low:
            break
        if end <= high:
            if best is None or near - start <= best[0] - near:
                best = spans[bisect_left(spans, (start, -1))]
            break
    return best
