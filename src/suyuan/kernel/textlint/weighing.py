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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

LANE = 3  # bytes: forty thousand grams of the heaviest weight still fit
ZERO = 128  # what stands in a lane for a weight of nothing
SHORTEST = 12  # characters: a shorter sentence is read with the next
SENTENCES_COUNT = 0.5  # of what the worst sentence says, beside what the whole says

_NUMBER = re.compile(r"\d+")
_BLANK = re.compile(r"\s+")
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
    pairs = list(map(str.__add__, text, text[1:]))
    return {*text, *pairs, *map(str.__add__, pairs, text[2:])}


@dataclass(frozen=True)
class Scale:
    """One set of weights. `lanes`: gram → its weights; `units`: of each kind, what one step of its lane is worth; `base`: of each
    kind, where it begins; `places`: surface or `re:<what it answers>` → what stands there for each kind."""

    lanes: Mapping[str, int]
    units: Sequence[float]
    base: Sequence[float]
    places: Mapping[str, Sequence[float]]

    def begins(self, surface: str, reply_to: str) -> list[float]:
        nothing = [0.0] * len(self.base)
        here, answering = self.places.get(surface, nothing), self.places.get(f"re:{reply_to}", nothing)
        return [sum(three) for three in zip(self.base, here, answering, strict=True)]

    def weigh(self, some: set[str], begins: Sequence[float]) -> list[float]:
        """For each kind; above zero is more like it than not."""
        known = some & self.lanes.keys()
        if not known:
            return list(begins)
        many = len(known)
        total = sum(map(self.lanes.__getitem__, known)).to_bytes(LANE * len(self.units) + 1, "little")
        nothing, length = ZERO * many, sqrt(many)
        return [
            begin + (int.from_bytes(total[at : at + LANE], "little") - nothing) * unit / length
            for at, unit, begin in zip(range(0, len(total), LANE), self.units, begins, strict=False)
        ]


@dataclass(frozen=True)
class Weighed:
    """What one text weighs for each kind, and the sentence that weighs most."""

    score: Mapping[str, float]
    worst: Mapping[str, Span]


@dataclass(frozen=True)
class Weights:
    """`sure`: kind → from where on a text is of that kind. `leaning`: from where on it may be, when something else says so too.
    `of_parts`: kinds that one sentence can make; for the others only the whole counts."""

    kinds: tuple[str, ...]
    whole: Scale
    part: Scale
    of_parts: frozenset[str]
    sure: Mapping[str, float]
    leaning: Mapping[str, float]
    made_of: str = ""

    def weigh(self, plain: str, surface: str, reply_to: str) -> Weighed:
        """Of a folded text."""
        spans = sentences(plain)
        parts = [grams(plain[start:end]) for start, end in spans]
        all_of_it = parts[0].union(*parts[1:])
        whole = self.whole.weigh(all_of_it, self.whole.begins(surface, reply_to))
        begins = self.part.begins(surface, reply_to)
        weighed = [self.part.weigh(part, begins) for part in parts]

        score, worst = {}, {}
        for place, (kind, says) in enumerate(zip(self.kinds, whole, strict=True)):
            heaviest = max(range(len(spans)), key=lambda number: weighed[number][place])
            worst[kind] = spans[heaviest]
            score[kind] = says + SENTENCES_COUNT * weighed[heaviest][place] * (kind in self.of_parts)
        return Weighed(score, worst)


# --- as a file ------------------------------------------------------------------------------------------------------


def packed(grams_of: Iterable[str], rows: Iterable[Sequence[int]]) -> dict[str, str]:
    """Grams with their weights from -127 to 127, for a file."""
    steps = bytes(ZERO + step for row in rows for step in row)
    return {"grams": "\n".join(grams_of), "weights": base64.b85encode(zlib.compress(steps, 9)).decode()}


def _scale(told: Mapping[str, object]) -> Scale:
    names = str(told["grams"]).split("\n")
    units = list(told["units"])  # type: ignore[call-overload]
    steps = zlib.decompress(base64.b85decode(str(told["weights"])))
    wide = bytearray(LANE * len(steps))
    wide[::LANE] = steps
    row = LANE * len(units)
    lanes = {gram: int.from_bytes(wide[at : at + row], "little") for gram, at in zip(names, range(0, len(wide), row), strict=True)}
    return Scale(lanes, units, list(told["base"]), dict(told["places"]))  # type: ignore[call-overload]


def weights_from(text: str) -> Weights:
    """What `packed` and the learner wrote. Raises KeyError, ValueError: a file that is shipped has neither."""
    told = json.loads(text)
    return Weights(
        kinds=tuple(told["kinds"]),
        whole=_scale(told["whole"]),
        part=_scale(told["part"]),
        of_parts=frozenset(told["of_parts"]),
        sure=told["sure"],
        leaning=told["leaning"],
        made_of=told["made_of"],
    )
