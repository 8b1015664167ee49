"""How much a text reads like others that people have labelled: the sum of small weights of its characters, pairs and triples.

Rules say what is wrong and where; this says how the whole of it sounds, which no list of words can. The weights are learned
once, from drafts people labelled by hand, and frozen; nothing is learned here. Pure, and as long as the text is.

All weights of one gram stand side by side in one long number, a lane for each kind, so that one addition adds for every kind.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, sqrt
from operator import add, itemgetter
from struct import unpack

LANE = 4  # bytes of a lane, so that it can be read as one number; sixteen million of the heaviest weights fit
ZERO = 128  # what stands in a lane for a weight of nothing
SHORTEST = 12  # characters: a shorter sentence is read with the next
SHORT, SURER = 32, 2.0  # in so few characters, so much more than sure: they were learned from longer texts
SENTENCE_LEANS = 0.5  # from here on a sentence by itself says what a doubtful rule says of it
SENTENCES_COUNT = 0.5  # of what the worst sentence says, beside what the whole says

_NUMBER = re.compile(r"\d+")
_BLANK = re.compile(r"\s+")
_HAN = re.compile("[\u3400-\u9fff]")
_STOP = re.compile(r"[。！？!?；;\n]")

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
    text = _BLANK.sub(" ", _NUMBER.sub("0", plain))
    pairs = list(map(add, text, text[1:]))
    return {*text, *pairs, *map(add, pairs, text[2:])}


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

    def scores(self, steps: Sequence[int], many: int, begins: Sequence[float]) -> list[float]:
        """Of the lanes of so `many` grams, added. Above zero is more like the kind than not."""
        nothing, length = ZERO * many, 1 / sqrt(many or 1)
        return [begin + (step - nothing) * unit * length for begin, step, unit in zip(begins, steps, self.units, strict=True)]


@dataclass(frozen=True)
class Weighed:
    """What one text weighs for each kind, the sentence that weighs most, and what each sentence weighs by itself."""

    score: Mapping[str, float]
    worst: Mapping[str, Span]
    spans: Sequence[Span]
    parts: Mapping[str, Sequence[float]]

    def around(self, kind: str, place: int) -> float:
        """What the sentence weighs that holds this place."""
        at = bisect_right(self.spans, place, key=itemgetter(0)) - 1
        return self.parts[kind][at] if kind in self.parts else inf


@dataclass(frozen=True, eq=False)
class Weights:
    """`lanes`: gram → what it weighs for each kind in a whole text, then for each in a sentence. `of_parts`: kinds that one sentence
    can make; for the others only the whole counts. `sure`: kind → from where on a text is of that kind; `leaning`: from where
    on it may be, when something else says so too."""

    kinds: tuple[str, ...]
    lanes: Mapping[str, int]
    whole: Scale
    part: Scale
    of_parts: frozenset[str]
    sure: Mapping[str, float]
    leaning: Mapping[str, float]
    made_of: str = ""

    def reads(self, plain: str) -> bool:
        """They were learned from Chinese."""
        return len(_HAN.findall(plain)) >= len(plain) / 3

    def leans(self, kind: str, weighed: Weighed, place: int, length: int) -> bool:
        """Enough for a doubtful rule to count that spoke of this place: by the whole, or, since much else may be said in a long
        text, by the sentence alone. So short a text cannot gainsay it."""
        if length < SHORT or weighed.score.get(kind, inf) >= self.leaning.get(kind, inf):
            return True
        return kind in self.of_parts and weighed.around(kind, place) >= SENTENCE_LEANS

    def is_sure(self, kind: str, score: float, length: int) -> bool:
        """Of a text of so many characters."""
        return score >= self.sure.get(kind, inf) + (SURER if length < SHORT else 0)

    def weigh(self, plain: str, surface: str, reply_to: str) -> Weighed:
        """Of a folded text."""
        spans = sentences(plain)
        kinds, begins = len(self.kinds), self.part.begins(surface, reply_to)
        total = all_of_them = 0
        weighed = []
        for start, end in spans:
            known = list(filter(None, map(self.lanes.get, grams(plain[start:end]))))
            here = sum(known)
            total, all_of_them = total + here, all_of_them + len(known)
            weighed.append(self.part.scores(_steps(here, 2 * kinds)[kinds:], len(known), begins))
        whole = self.whole.scores(_steps(total, 2 * kinds)[:kinds], all_of_them, self.whole.begins(surface, reply_to))

        score, worst = {}, {}
        parts = dict(zip(self.kinds, zip(*weighed, strict=True), strict=True))
        for (kind, here), says in zip(parts.items(), whole, strict=True):
            heaviest = max(here)
            worst[kind] = spans[here.index(heaviest)]
            score[kind] = says + SENTENCES_COUNT * heaviest if kind in self.of_parts else says
        return Weighed(score, worst, spans, parts)


def _steps(added: int, lanes: int) -> tuple[int, ...]:
    return unpack(f"<{lanes}I", added.to_bytes(LANE * lanes, "little"))


# --- as a file ------------------------------------------------------------------------------------------------------


def packed(grams_of: Iterable[str], rows: Iterable[Sequence[int]]) -> dict[str, str]:
    """Grams with their weights from -127 to 127, for a file."""
    steps = bytes(ZERO + step for row in rows for step in row)
    return {"grams": "\n".join(grams_of), "weights": base64.b85encode(zlib.compress(steps, 9)).decode()}


def weights_from(text: str) -> Weights:
    """What `packed` and the learner wrote. Raises KeyError, ValueError: a file that is shipped has neither."""
    told = json.loads(text)
    steps = zlib.decompress(base64.b85decode(told["weights"]))
    wide = bytearray(LANE * len(steps))
    wide[::LANE] = steps
    row = LANE * 2 * len(told["kinds"])
    starts = range(0, len(wide), row)
    names = told["grams"].split("\n")
    return Weights(
        kinds=tuple(told["kinds"]),
        lanes={gram: int.from_bytes(wide[at : at + row], "little") for gram, at in zip(names, starts, strict=True)},
        whole=Scale(**told["whole"]),
        part=Scale(**told["part"]),
        of_parts=frozenset(told["of_parts"]),
        sure=told["sure"],
        leaning=told["leaning"],
        made_of=told["made_of"],
    )
