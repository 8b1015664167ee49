"""How a rule says what it looks for. A frame is a line of words and lists of words, with how far apart they may stand:

    <remove> ..6 <review>              in this order, at most six characters between, within one clause
    <pay> ... <remove> .. <review>     `...`: within one sentence, at most forty characters; `..` alone: eight
    退 <money>                          side by side
    (您|你)們? 的                        one of these; `?`: may be missing
    <pay> & <remove>                   in one sentence, in any order;  `&&`: anywhere in the text
    <sue> -<own_right>                 no such word in the same clause;  `--`: in the same sentence
    ^ <surname> <title>                at the beginning of a clause;  `$`: at its end

`_` stands for a space inside words of other scripts. Nothing here repeats without bound, so no text can make it slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

CLAUSE, SENTENCE, TEXT = "clause", "sentence", "text"
NEAR, FAR, FARTHEST = 8, 40, 80

_TOKEN = re.compile(
    r"\s*(?:(?P<text>&&)|(?P<sentence>&)|(?P<nowhere>--)|(?P<not>-)|(?P<far>\.\.\.)(?P<farther>\d*)|(?P<near>\.\.)(?P<nearer>\d*)"
    r"|(?P<start>\^)|(?P<stop>\$)|<(?P<name>[a-z][a-z0-9_]*)>(?P<maybe_name>\??)|\((?P<group>[^()]*)\)(?P<maybe_group>\??)"
    r"|(?P<words>[^\s<>()&^$?.\-][^\s<>()&^$?]*))"
)


class BadFrame(ValueError):
    """A frame that cannot be read. `at`: where in it."""

    def __init__(self, frame: str, at: int, why: str) -> None:
        super().__init__(f"{why}: {frame[at : at + 20]!r} in {frame!r}")
        self.at = at
        self.why = why


@dataclass(frozen=True)
class Element:
    """One place of a line. `names`: lists of words; `words`: words said outright; `gap`, `within`: distance to the one before."""

    names: tuple[str, ...]
    words: tuple[str, ...]
    gap: int = 0
    within: str = CLAUSE


@dataclass(frozen=True)
class Line:
    elements: tuple[Element, ...]
    starts_clause: bool = False
    ends_clause: bool = False


@dataclass(frozen=True)
class Frame:
    """`lines` stand together within `within`; where one of `absent` occurs in that reach, the frame does not fit."""

    lines: tuple[Line, ...]
    within: str = SENTENCE
    absent: tuple[tuple[Element, str], ...] = ()


@dataclass
class _Reading:
    lines: list[list[Element | None]]
    starts: list[bool]
    stops: list[bool]
    absent: list[tuple[Element, str]]
    within: str = SENTENCE


def read(frame: str) -> tuple[Frame, ...]:
    """The frames a line of the pack stands for: one for each choice of what may be missing. Raises BadFrame."""
    reading = _Reading([[]], [False], [False], [])
    optional: list[tuple[int, int]] = []
    gap, within, negated = 0, CLAUSE, ""
    at = 0
    while at < len(frame):
        if not frame[at:].strip():
            break
        token = _TOKEN.match(frame, at)
        if token is None or token.end() == at:
            raise BadFrame(frame, at, "not understood")
        kind = token.lastgroup if token.lastgroup not in ("farther", "nearer", "maybe_name", "maybe_group") else None
        if token["text"] or token["sentence"]:
            if token["text"]:
                reading.within = TEXT
            _next_line(reading, frame, at)
            gap, within = 0, CLAUSE
        elif token["nowhere"] or token["not"]:
            negated = SENTENCE if token["nowhere"] else CLAUSE
        elif token["far"]:
            gap, within = int(token["farther"] or FAR), SENTENCE
        elif token["near"]:
            gap, within = int(token["nearer"] or NEAR), CLAUSE
        elif kind == "start" or token["start"]:
            reading.starts[-1] = True
        elif token["stop"]:
            reading.stops[-1] = True
        else:
            element = _element(token, gap, within)
            if element.gap > FARTHEST:
                raise BadFrame(frame, at, f"more than {FARTHEST} characters")
            if negated:
                reading.absent.append((element, negated))
                negated = ""
            else:
                if token["maybe_name"] or token["maybe_group"]:
                    optional.append((len(reading.lines) - 1, len(reading.lines[-1])))
                reading.lines[-1].append(element)
            gap, within = 0, CLAUSE
        at = token.end()
    if not all(reading.lines):
        raise BadFrame(frame, 0, "nothing to look for")
    return tuple(_choices(reading, optional, frame))


def _next_line(reading: _Reading, frame: str, at: int) -> None:
    if not reading.lines[-1]:
        raise BadFrame(frame, at, "nothing before")
    reading.lines.append([])
    reading.starts.append(False)
    reading.stops.append(False)


def _element(token: re.Match[str], gap: int, within: str) -> Element:
    if token["name"]:
        return Element((token["name"],), (), gap, within)
    if token["words"]:
        return Element((), (token["words"].replace("_", " "),), gap, within)
    names, words = [], []
    for one in token["group"].split("|"):
        one = one.strip()
        if one.startswith("<") and one.endswith(">"):
            names.append(one[1:-1])
        elif one:
            words.append(one.replace("_", " "))
    return Element(tuple(names), tuple(words), gap, within)


def _choices(reading: _Reading, optional: list[tuple[int, int]], frame: str) -> Iterable[Frame]:
    """With each of the optional elements and without it. What follows a missing one keeps the wider of both distances."""
    if len(optional) > 4:
        raise BadFrame(frame, 0, "more than four that may be missing")
    for left_out in product((False, True), repeat=len(optional)):
        gone = {place for place, out in zip(optional, left_out, strict=True) if out}
        lines = []
        for number, elements in enumerate(reading.lines):
            kept: list[Element] = []
            carried = 0
            for place, element in enumerate(elements):
                assert element is not None
                if (number, place) in gone:
                    carried = max(carried, element.gap)
                    continue
                wider = max(carried, element.gap)
                kept.append(Element(element.names, element.words, wider, element.within))
                carried = 0
            if not kept:
                raise BadFrame(frame, 0, "all of it may be missing")
            lines.append(Line(tuple(kept), reading.starts[number], reading.stops[number]))
        yield Frame(tuple(lines), reading.within, tuple(reading.absent))


def names_in(frames: Iterable[Frame]) -> set[str]:
    """Lists of words that these frames speak of."""
    found: set[str] = set()
    for frame in frames:
        for line in frame.lines:
            for element in line.elements:
                found.update(element.names)
        for element, _within in frame.absent:
            found.update(element.names)
    return found
