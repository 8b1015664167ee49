"""The comparable form of a text, with the way back: which characters of the original each folded one came from.

Width, case and Hant/Hans are folded as the search folds them (`kernel.fold`), character by character. What is put between
characters to hide a word goes: zero-width signs, combining marks, stars and strokes between two Chinese characters, and
the gaps of words written letter by letter. A gap between whole words stays a gap, as a soft break.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from suyuan.kernel.fold import fold

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HIDING = "*＊_^`|¦‧·•・~～"
_GAPS = re.compile(f"(?<=[{_HAN}])[ \t\u3000.\\-—–/\\\\+{re.escape(_HIDING)}]{{1,3}}(?=[{_HAN}])")
_ONLY_HIDING = re.compile(f"[{re.escape(_HIDING)}]{{1,3}}")
_REPEATED = re.compile(r"([^\w\s])\1+")
_CLOSES_UP = re.compile(f"[ \t.\\-—–/\\\\+{re.escape(_HIDING)}]|([^\\w\\s])\\1")  # without any of these there is nothing to take out
_PICTURED = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]")


@dataclass(frozen=True)
class Folded:
    """`text`: folded. `starts[i]`, `ends[i]`: what the i-th folded character was in the original. `soft`: places where a
    gap between words was taken out."""

    text: str
    starts: tuple[int, ...] | range
    ends: tuple[int, ...] | range
    soft: frozenset[int]

    def back(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that became text[start:end]; for an empty span, the place."""
        if not self.text:
            return 0, 0
        if start >= end:
            at = self.starts[start] if start < len(self.text) else self.ends[-1]
            return at, at
        return self.starts[start], self.ends[end - 1]


class Folding:
    """Folds texts; remembers what each character becomes."""

    def __init__(self, substitutes: Mapping[str, str] | None = None) -> None:
        self._substitutes = dict(substitutes or {})
        self._known: dict[str, str] = {}
        self._words: dict[str, str] = {}

    def __call__(self, text: str) -> Folded:
        known = self._known
        try:
            pieces = [known[c] for c in text]
        except KeyError:
            for c in set(text) - known.keys():
                known[c] = self._one(c)
            pieces = [known[c] for c in text]
        folded = "".join(pieces)
        if len(folded) == len(text) and all(pieces):
            starts: list[int] | range = range(len(text))
            ends: list[int] | range = range(1, len(text) + 1)
        else:
            starts, ends = [], []
            for at, piece in enumerate(pieces):
                starts.extend([at] * len(piece))
                ends.extend([at + 1] * len(piece))
        return self._closed_up(folded, starts, ends)

    def plain(self, text: str) -> str:
        return self(text).text

    def word(self, word: str) -> str:
        """Of a word in a list: many stand in several lists, so what they become is remembered. Never for what people typed."""
        if word not in self._words:
            self._words[word] = self(word).text.strip()
        return self._words[word]

    def _one(self, character: str) -> str:
        if character in "\n\r\u2028\u2029":
            return "\n"
        if character in "\t\u3000\u00a0" or unicodedata.category(character) == "Zs":
            return " "
        swapped = self._substitutes.get(character, character)
        bare = "".join(c for c in unicodedata.normalize("NFKD", swapped) if not unicodedata.combining(c))
        # Hangul and kana come apart under NFKD; what is whole stays whole.
        whole = unicodedata.normalize("NFKC", bare if bare else swapped)
        if not bare:
            return ""
        if _PICTURED.fullmatch(character):
            return character
        kept = fold(whole)
        return kept if kept or not whole.strip() else ""

    @staticmethod
    def _closed_up(text: str, starts: list[int] | range, ends: list[int] | range) -> Folded:
        if not _CLOSES_UP.search(text):
            return Folded(text, _fixed(starts), _fixed(ends), frozenset())
        gone: list[tuple[tuple[int, int], bool]] = []
        gaps = list(_GAPS.finditer(text))
        if gaps:
            gone = _spelt(text, gaps)
        repeated = [(m.start() + 1, m.end()) for m in _REPEATED.finditer(text)]
        dropped = {span for span, _soft in gone}
        removed = sorted(dropped | {span for span in repeated if not _inside(span, dropped)})
        if not removed:
            return Folded(text, _fixed(starts), _fixed(ends), frozenset())
        soft_from = {span[0] for span, soft in gone if soft}
        kept: list[int] = []
        soft: set[int] = set()
        at = 0
        for start, end in removed:
            kept.extend(range(at, start))
            if start in soft_from:
                soft.add(len(kept))
            at = max(at, end)
        kept.extend(range(at, len(text)))
        return Folded(
            "".join([text[i] for i in kept]),
            tuple([starts[i] for i in kept]),
            tuple([ends[i] for i in kept]),
            frozenset(soft),
        )


def _fixed(places: list[int] | range) -> tuple[int, ...] | range:
    return places if isinstance(places, range) else tuple(places)


def _inside(span: tuple[int, int], others: set[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)


def _spelt(text: str, gaps: list[re.Match[str]]) -> list[tuple[tuple[int, int], bool]]:
    """Gaps to take out, and whether each leaves a soft break: not where a word was written letter by letter."""
    found = []
    for place, gap in enumerate(gaps):
        mark = gap.group()
        before = gaps[place - 1].end() == gap.start() - 1 if place else False
        after = gaps[place + 1].start() == gap.end() + 1 if place + 1 < len(gaps) else False
        spelt = before or after
        if spelt or _ONLY_HIDING.fullmatch(mark) and "~" not in mark:
            found.append((gap.span(), False))
        elif not mark.strip(" ~"):
            found.append((gap.span(), True))
    return found
