"""How much a text reads like others that people have labelled: the sum of small weights of its characters, pairs and triples.

Rules say what is wrong and where; this says how the whole of it sounds, which no list of words can. The weights are learned
once, from drafts people labelled by hand, and frozen; nothing is learned here. Pure, and as long as the text is.

All weights of one gram stand side by side in one long number, a lane for each kind, so that one addition adds for every kind. What is
read of a text lies all over the memory, so lanes are narrow, and grams that are found often lie together.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, sqrt
from operator import add, itemgetter
from struct import Struct
from sys import intern

LANE = 2  # bytes of a lane
ZERO = 128  # what stands in a lane for a weight of nothing
AT_ONCE = 257  # of the heaviest weights fit in a lane: so many may be added before lanes are read
SHORTEST = 12  # characters: a shorter sentence is read with the next
SHORT, SURER = 32, 2.0  # in so few characters, so much more than sure: they were learned from longer texts
SENTENCE_LEANS = 0.5  # from here on a sentence by itself says what a doubtful rule says of it
SENTENCES_COUNT = 0.5  # of what the worst sentence says, beside what the whole says

_NUMBER = re.compile(r"\d+")
_BLANK = re.compile(r"\s+")
_UNEVEN = re.compile(r"[\d\s]")
_HAN = re.compile("[\u3400-\u9fff]+")
_STOP = re.compile(r"[。！？!?；;\n]")

_NOWHERE: dict = {}

Span = tuple[int, int]


def sentences(plain: str) -> list[Span]:
    """Where its sentences stand; short ones belong to the next, a short last one to the one before."""
    spans: list[Span] = []
    start = 0
    for stop in _STOP.finditer(plain):
        if stop.end() - start >= SHORTEST:
            spans.append((start, stop.end()))
            start = stop.end()
    if len(plain) - start >= SHORTEST or not spans:
        spans.append((start, len(plain)))
    elif start < len(plain):
        spans[-1] = (spans[-1][0], len(plain))
    return spans


def grams(plain: str) -> set[str]:
    """Its characters, pairs and triples, each once; every number is one sign."""
    text = _even(plain)
    pairs = list(map(add, text, text[1:]))
    return {*text, *pairs, *map(add, pairs, text[2:])}


def _even(plain: str) -> str:
    return _BLANK.sub(" ", _NUMBER.sub("0", plain))


_State = tuple[tuple[int, ...], dict[str, "_State"], dict[str, "_State"]]


class Grams:
    """Which of the known grams stand in a text, by number, without making a single one: a step for each character.

    A state is the longest known gram read last: the numbers of it and of those it ends with, and where a character leads from the
    last two characters, and from the last alone.
    """

    def __init__(self, known: Iterable[str]) -> None:
        numbers = {gram: number for number, gram in enumerate(known)}
        begun = {*numbers, *(gram[:2] for gram in numbers), *(gram[:1] for gram in numbers)}
        after: dict[str, dict[str, _State]] = {before: {} for before in {gram[:-1] for gram in begun}}
        for gram in begun:
            told = tuple([numbers[end] for end in (gram, gram[1:], gram[2:]) if end in numbers])
            two = after.get(gram[-2:], _NOWHERE) if gram[1:] else _NOWHERE
            after[gram[:-1]][intern(gram[-1])] = told, two, after.get(gram[-1], _NOWHERE)
        self._first = after[""]

    def __call__(self, characters: Iterable[str]) -> set[int]:
        first = self._first
        two = one = _NOWHERE
        found = []
        for c in characters:
            state = two.get(c) or one.get(c) or first.get(c)
            if state:
                numbers, two, one = state
                found.append(numbers)
            else:
                two = one = _NOWHERE
        return set().union(*found)


@dataclass(frozen=True, eq=False)
class Scale:
    """How the weights of grams become scores. `units`: of each kind, what one step of its lane is worth; `base`: of each kind, where
    it begins; `places`: surface or `re:<what it answers>` → what stands there for each kind."""

    units: Sequence[float]
    base: Sequence[float]
    places: Mapping[str, Sequence[float]]
    _begins: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def begins(self, surface: str, reply_to: str) -> list[float]:
        known = self._begins.get((surface, reply_to))
        if known is None:
            nothing = [0.0] * len(self.base)
            here, answering = self.places.get(surface, nothing), self.places.get(f"re:{reply_to}", nothing)
            known = [sum(three) for three in zip(self.base, here, answering, strict=True)]
            self._begins[surface, reply_to] = known
        return known


@dataclass(frozen=True)
class Weighed:
    """What one text weighs for each kind. `says`: of each kind, how far each of its sentences goes from where that kind `begins`, in
    `units` of it."""

    kinds: Sequence[str]
    score: Mapping[str, float]
    spans: Sequence[Span]
    says: Mapping[str, Sequence[float]]
    begins: Sequence[float]
    units: Sequence[float]

    def worst(self, kind: str) -> Span:
        """The sentence that weighs most."""
        says = self.says[kind]
        return self.spans[says.index(max(says))]

    def around(self, kind: str, place: int) -> float:
        """What the sentence weighs by itself that holds this place."""
        if kind not in self.says:
            return inf
        at, number = bisect_right(self.spans, place, key=itemgetter(0)) - 1, self.kinds.index(kind)
        return self.begins[number] + self.says[kind][at] * self.units[number]


@dataclass(frozen=True, eq=False)
class Weights:
    """`lanes`: of each of the grams what it weighs for each kind in a whole text, then for each in a sentence. `of_parts`: kinds that one sentence
    can make; for the others only the whole counts. `sure`: kind → from where on a text is of that kind; `leaning`: from where
    on it may be, when something else says so too."""

    kinds: tuple[str, ...]
    grams: Grams
    lanes: Sequence[int]
    whole: Scale
    part: Scale
    of_parts: frozenset[str]
    sure: Mapping[str, float]
    leaning: Mapping[str, float]
    made_of: str = ""

    def reads(self, plain: str) -> bool:
        """They were learned from Chinese."""
        return sum(map(len, _HAN.findall(plain))) >= len(plain) / 3

    def leans(self, kind: str, weighed: Weighed, place: int, length: int) -> bool:
        """Enough for a doubtful rule to count that spoke of this place: by the whole, or, since much else may be said in a long
        text, by the sentence alone. So short a text cannot gainsay it."""
        if length < SHORT or weighed.score.get(kind, inf) >= self.leaning.get(kind, inf):
            return True
        return kind in self.of_parts and weighed.around(kind, place) >= SENTENCE_LEANS

    def is_sure(self, kind: str, score: float, length: int) -> bool:
        """Of a text of so many characters."""
        return score >= self.sure.get(kind, inf) + (SURER if length < SHORT else 0)

    def weigh(self, plain: str, surface: str, reply_to: str, characters: Sequence[str] = "") -> Weighed:
        """Of a folded text; `characters`: the same, one by one. A sum counts as if all texts were equally long: above zero is more
        like the kind than not."""
        spans, kinds = sentences(plain), len(self.kinds)
        sums = [self._added(plain, start, end, characters or plain) for start, end in spans]
        whole = _evened(map(sum, zip(*(lanes[:kinds] for lanes, _many in sums), strict=True)), sum(many for _lanes, many in sums))
        says = zip(*(_evened(lanes[kinds:], many) for lanes, many in sums), strict=True)

        says, begins, units = dict(zip(self.kinds, says, strict=True)), self.part.begins(surface, reply_to), self.part.units
        score = {}
        for kind, begin, all_of_it, unit in zip(self.kinds, self.whole.begins(surface, reply_to), whole, self.whole.units, strict=True):
            score[kind] = begin + all_of_it * unit
        for kind, begin, unit in zip(self.kinds, begins, units, strict=True):
            if kind in self.of_parts:
                score[kind] += SENTENCES_COUNT * (begin + max(says[kind]) * unit)
        return Weighed(self.kinds, score, spans, says, begins, units)

    @cached_property
    def _row(self) -> Struct:
        return Struct(f"<{2 * len(self.kinds)}H")

    def _added(self, plain: str, start: int, end: int, characters: Sequence[str]) -> tuple[Sequence[int], int]:
        """All lanes of the known grams of a sentence, added, and how many grams they are."""
        uneven = _UNEVEN.search(plain, start, end)
        known = self.grams(_even(plain[start:end]) if uneven else characters[start:end])
        if len(known) <= AT_ONCE:
            return self._read(known), len(known)
        ordered = list(known)
        sums = [self._read(ordered[at : at + AT_ONCE]) for at in range(0, len(ordered), AT_ONCE)]
        return list(map(sum, zip(*sums, strict=True))), len(known)

    def _read(self, known: Iterable[int]) -> Sequence[int]:
        row = self._row
        return row.unpack(sum(map(self.lanes.__getitem__, known)).to_bytes(row.size, "little"))


def _evened(lanes: Iterable[int], many: int) -> list[float]:
    """What lanes of so `many` grams come to, without what stands there for nothing."""
    nothing, length = ZERO * many, 1 / sqrt(many or 1)
    return [(lane - nothing) * length for lane in lanes]


# --- as a file ------------------------------------------------------------------------------------------------------


def packed(grams_of: Iterable[str], rows: Iterable[Sequence[int]]) -> dict[str, str]:
    """Grams with their weights from -127 to 127, for a file."""
    steps = bytes(ZERO + step for row in rows for step in row)
    return {"grams": "\n".join(grams_of), "weights": base64.b64encode(zlib.compress(steps, 9)).decode()}


def weights_from(text: str) -> Weights:
    """What `packed` and the learner wrote. Raises KeyError, ValueError: a file that is shipped has neither."""
    told = json.loads(text)
    steps = zlib.decompress(base64.b64decode(told["weights"]))
    wide = bytearray(LANE * len(steps))
    wide[::LANE] = steps
    row = LANE * 2 * len(told["kinds"])
    starts = range(0, len(wide), row)
    # Short ones are found often: their weights are to lie together.
    rows = sorted(zip(told["grams"].split("\n"), starts, strict=True), key=lambda each: len(each[0]))
    return Weights(
        kinds=tuple(told["kinds"]),
        grams=Grams(gram for gram, _at in rows),
        lanes=[int.from_bytes(wide[at : at + row], "little") for _gram, at in rows],
        whole=Scale(**told["whole"]),
        part=Scale(**told["part"]),
        of_parts=frozenset(told["of_parts"]),
        sure=told["sure"],
        leaning=told["leaning"],
        made_of=told["made_of"],
    )
