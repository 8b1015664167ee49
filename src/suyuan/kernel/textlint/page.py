"""One text while it is read: where its clauses and sentences are, where words stand, and which frames may fit."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate, chain
from operator import or_

from suyuan.kernel.textlint.automaton import Ends
from suyuan.kernel.textlint.folding import Folded
from suyuan.kernel.textlint.frames import CLAUSE
from suyuan.kernel.textlint.grid import Grid, ones
from suyuan.kernel.textlint.shapes import Span
from suyuan.kernel.textlint.slots import Slots, whole_word

MOST_PARTS = 4096  # clauses or sentences that are told apart before frames are fitted

_CUTS = re.compile(
    # One set of characters first: a search for it runs over everything else.
    r"[。！？!?\n；;｡\U0001f000-\U0001faff\u2600-\u27bf，、,：:…—~.]"
    r"(?:(?<=[，、,：:…—~])(?![0-9]{3}\b)|(?<=\.)(?:(?P<point>(?=\s|$))|\.+)|(?<![，、,：:…—~.])(?P<stop>))"
)
_QUOTES = re.compile('「[^「」]{1,200}」|『[^『』]{1,200}』|“[^“”]{1,200}”|"[^"\n]{1,200}"')


class Parts:
    """The clauses of a text, or its sentences: where each begins and ends, and in which one each place lies.

    A mark stands between two: what begins on it counts to the part before, what ends with it to the part behind.
    """

    def __init__(self, marks: Iterable[int], length: int, soft: Iterable[int] = ()) -> None:
        """`soft`: places where a gap was, between two characters."""
        breaks = [(at, at + 1) for at in marks]
        if soft:
            breaks = sorted([*breaks, *((at, at) for at in soft)])
        self.lows = [0, *(behind for _before, behind in breaks)]
        self.highs = [*(before for before, _behind in breaks), length]
        # of each place: the part of what begins there, and of what ends there
        self.beginning = self.ending = _numbered(self.lows, length)
        if soft:
            self.ending = self.beginning[:]
            for at in soft:
                self.ending[at] -= 1

    def __len__(self) -> int:
        return len(self.lows)

    def joined(self, end: int, start: int) -> bool:
        """No break stands between."""
        return self.ending[end] == self.beginning[start]

    def within(self, start: int, end: int) -> int | None:
        """In which one it lies, if in one."""
        part = self.beginning[start]
        return part if self.ending[end] == part else None

    def around(self, at: int) -> Span:
        part = self.ending[at]
        return self.lows[part], self.highs[part]

    def over(self, start: int, end: int) -> Span:
        """From the beginning of the part of the first character to the end of that of the last."""
        return self.lows[self.ending[start]], self.highs[self.ending[max(end - 1, start)]]


def _numbered(lows: Sequence[int], length: int) -> list[int]:
    numbers: list[int] = []
    for part, low in enumerate(lows[1:]):
        numbers += [part] * (low - len(numbers))
    return numbers + [len(lows) - 1] * (length + 1 - len(numbers))


@dataclass(frozen=True)
class Tables:
    """What is the same for every text.

    of_class    class of words → its bits in the grid; of_shape: the same of shapes
    in_clause, in_sentence  frames that have to stand in one
    """

    slots: Slots
    grid: Grid
    of_class: Sequence[int]
    of_shape: Mapping[int, int]
    in_clause: int
    in_sentence: int


class Page:
    """Where a slot stands, `of` finds out when it is asked, because most are never asked for."""

    def __init__(self, folded: Folded, ends: Iterable[tuple[int, Ends]], tables: Tables, asked: int) -> None:
        """`asked`: the frames that will be asked for."""
        self.folded = folded
        self.text = text = folded.text
        marks = [(m.start(), m.lastgroup) for m in _CUTS.finditer(text)]
        self.clauses = Parts([at for at, _stop in marks], len(text), folded.soft)
        self.sentences = Parts([at for at, stop in marks if stop], len(text))
        self._tables, self._slots = tables, tables.slots
        self._shapes = frozenset(tables.slots.shapes_in(text, set(folded.characters)))
        self._words: dict[int, list[int]] = {}  # class → where its words end
        self._standing = self._may_fit(*self._read(ends), asked)
        self._classes = set(self._words)
        self._own: Spread | None = None
        self._spans: dict[int, list[Span]] = {}
        self._quotes: list[Span] | None = None
        self._order: dict[int, int] | None = None
        self.excuses: dict[str, Spread] = {}

    def sparing(self, own: Spread) -> Page:
        """The same text, in which names and numbers inside the clinic's own do not count."""
        spared = copy(self)
        spared._own, spared._spans, spared.excuses = own, {}, {}
        return spared

    # --- which frames may fit --------------------------------------------------------------------------------------

    def _read(self, ends: Iterable[tuple[int, Ends]]) -> tuple[list[int], list[tuple[int, int, int]]]:
        """What the words of each clause are good for; and those that reach across a break: class, start, end."""
        words, of_class, lengths = self._words, self._tables.of_class, self._slots.lengths
        beginning, ending = self.clauses.beginning, self.clauses.ending
        first_odd = 0 if self.folded.soft else self._slots.first_odd
        in_clause = [0] * len(self.clauses)
        across = []
        for end, numbers in ends:
            clause = ending[end]
            for number in numbers:
                if number >= first_odd:
                    start = end - lengths[number]
                    if not whole_word(self.text, start, end):
                        continue
                    if beginning[start] != clause:
                        across.append((number, start, end))
                        words.setdefault(number, []).append(end)
                        continue
                in_clause[clause] |= of_class[number]
                if number in words:
                    words[number].append(end)
                else:
                    words[number] = [end]
        return in_clause, across

    def _may_fit(self, in_clause: list[int], across: list[tuple[int, int, int]], asked: int) -> int:
        """Of the frames asked for those all of whose slots stand in one clause, or one sentence, or in the text, as each of them asks. A word across
        a break may belong to any part, and so may a shape."""
        tables, sentences = self._tables, self.sentences
        over_clauses = over_sentences = reduce(or_, map(tables.of_shape.__getitem__, self._shapes), 0)
        in_sentence = [0] * len(sentences)
        for clause, low in enumerate(self.clauses.lows):
            in_sentence[sentences.beginning[low]] |= in_clause[clause]
        for number, sentence in {(number, sentences.within(start, end)) for number, start, end in across}:
            over_clauses |= tables.of_class[number]
            if sentence is None:
                over_sentences |= tables.of_class[number]
            else:
                in_sentence[sentence] |= tables.of_class[number]
        whole = reduce(or_, in_sentence, over_sentences)

        found = tables.grid.full(whole, asked)
        if len(in_clause) <= MOST_PARTS:
            found = self._kept(found, tables.in_clause, in_clause, over_clauses)
        if len(in_sentence) <= MOST_PARTS:
            found = self._kept(found, tables.in_sentence, in_sentence, over_sentences)
        return found

    def _kept(self, found: int, asking: int, parts: Iterable[int], over: int) -> int:
        """Without the frames of those asking that no part has all of."""
        full, wanted = self._tables.grid.full, found & asking
        found ^= wanted
        for part in parts:
            if there := full(part | over, wanted):
                found |= there
                wanted ^= there
        return found

    def may_stand(self, asked: int) -> bool:
        """One of these frames may fit."""
        return self._standing & asked != 0

    def standing(self, asked: int) -> Iterator[int]:
        """Of these frames the numbers of those that may fit. For a shape the text is searched when all else stands."""
        for slot in self._shapes:
            columns = self._tables.grid.columns.get(slot, 0)
            if self._standing & asked & columns and not self.of(slot):
                self._standing &= ~columns
        return ones(self._standing & asked)

    # --- where what stands -----------------------------------------------------------------------------------------

    def of(self, slot: int) -> list[Span]:
        """Where it stands, in order. What names the clinic itself names no patient: inside that, names and numbers do not count."""
        found = self._spans.get(slot)
        if found is None:
            found = self._found(slot)
            if self._own is not None and slot in self._slots.identifying:
                found = [span for span in found if not self._own.cover(span)]
            self._spans[slot] = found
        return found

    def _words_of(self, slot: int) -> set[int]:
        return self._slots.classes_of[slot] & self._classes

    def _found(self, slot: int) -> list[Span]:
        slots, words, lengths = self._slots, self._words, self._slots.lengths
        spans = [(end - lengths[number], end) for number in self._words_of(slot) for end in words[number]]
        if len(spans) > 1:
            spans.sort()
        if spans and slot in slots.besides and not self._classes.isdisjoint(slots.classes_of[slots.besides[slot]]):
            covers = self.of(slots.besides[slot])
            spans = [span for span in spans if not _covered(span, covers)]
        for shape in slots.shapes_of.get(slot, ()):
            if shape in self._shapes:
                spans = sorted(chain(spans, self.of(shape) if shape != slot else slots.shapes[slot].spans(self.text)))
        return spans

    def first(self, slot: int) -> int:
        """For putting slots in the order in which they first stand; one that stands as a shape only comes last."""
        if self._order is None:
            self._order = {number: place for place, number in enumerate(self._words)}
        return min(map(self._order.__getitem__, self._words_of(slot)), default=len(self._order))

    def joined(self, end: int, start: int, within: str) -> bool:
        """No break of a clause (or sentence) stands between."""
        return (self.clauses if within == CLAUSE else self.sentences).joined(end, start)

    def quote(self, start: int, end: int) -> Span | None:
        """The quotation marks it stands in. Quotations do not overlap, so there is one at most."""
        if self._quotes is None:
            self._quotes = [m.span() for m in _QUOTES.finditer(self.text)]
        place = bisect_right(self._quotes, (start, 1 << 30)) - 1
        return self._quotes[place] if place >= 0 and end <= self._quotes[place][1] else None


class Spread:
    """Stretches of a text, to be asked whether one of them touches another, or covers it."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _end in ordered]
        self._farthest = list(accumulate((end for _start, end in ordered), max))

    def touch(self, low: int, high: int) -> bool:
        before = bisect_left(self._starts, high)
        return before > 0 and self._farthest[before - 1] > low

    def cover(self, span: Span) -> bool:
        before = bisect_right(self._starts, span[0])
        return before > 0 and self._farthest[before - 1] >= span[1]


def _covered(span: Span, covers: list[Span]) -> bool:
    place = bisect_right(covers, (span[0], 1 << 30))
    return any(start <= span[0] and span[1] <= end for start, end in covers[max(0, place - 8) : place])
