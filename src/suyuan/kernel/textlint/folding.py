"""The comparable form of a text, with the way back: which characters of the original each folded one came from.

Width, case and Hant/Hans are folded as the search folds them (`kernel.fold`), character by character. What is put between
characters to hide a word goes: zero-width signs, combining marks, stars and strokes between two Chinese characters, and
the gaps of words written letter by letter. A gap between whole words stays a gap, as a soft break.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import intern

from suyuan.kernel.fold import fold

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HIDING = "*＊_^`|¦‧·•・~～"
_GAPS = re.compile(f"(?<=[{_HAN}])[ \t\u3000.\\-—–/\\\\+{re.escape(_HIDING)}]{{1,3}}(?=[{_HAN}])")
_ONLY_HIDING = re.compile(f"[{re.escape(_HIDING)}]{{1,3}}")
_REPEATED = re.compile(r"([^\w\s])\1+")
# Without one of these, or a mark twice, there is nothing to take out.
_CLOSES_UP = re.compile(f"[ \t.\\-—–/\\\\+{re.escape(_HIDING)}]")
_PICTURED = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]")

Span = tuple[int, int]


@dataclass(frozen=True)
class Folded:
    """`text`: folded; `characters`: the same, one by one. `starts[i]`, `ends[i]`: what the i-th folded character was in the
    original. `soft`: places where a gap between words was taken out."""

    text: str
    characters: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]
    soft: frozenset[int]

    def back(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that became text[start:end]; for an empty span, the place."""
        if not self.text:
            return 0, 0
        if start >= end:
            at = self.starts[start] if start < len(self.text) else self.ends[-1]
            return at, at
        return self.starts[start], self.ends[end - 1]

    def place(self, start: int) -> int:
        """Where in the folded text what stands here in the original begins."""
        return bisect_left(self.starts, start)


class Folding:
    """Folds texts; remembers what each character becomes."""

    def __init__(self, substitutes: Mapping[str, str] | None = None) -> None:
        self._substitutes = dict(substitutes or {})
        self._known: dict[str, str] = {}
        self._words: dict[str, str] = {}

    def __call__(self, text: str) -> Folded:
        pieces = self._pieces(text)
        folded = "".join(pieces)
        if len(folded) == len(text) and all(pieces):
            return _closed_up(folded, pieces, range(len(text)), range(1, len(text) + 1))
        starts: list[int] = []
        ends: list[int] = []
        for at, piece in enumerate(pieces):
            starts.extend([at] * len(piece))
            ends.extend([at + 1] * len(piece))
        return _closed_up(folded, folded, tuple(starts), tuple(ends))

    def _pieces(self, text: str) -> list[str]:
        """What each character becomes: the same objects each time, so that what is looked up by them is found quickly."""
        known = self._known
        try:
            return [known[c] for c in text]
        except KeyError:
            for c in set(text) - known.keys():
                known[c] = intern(self._one(c))
            return [known[c] for c in text]

    def plain(self, text: str) -> str:
        return self(text).text

    def words(self, words: Iterable[str]) -> set[str]:
        """Of the words of a list: many stand in several lists, so what they become is remembered. Never for what people typed."""
        words = set(words)
        if fresh := [word for word in words if word not in self._words]:
            together = "".join(self._pieces("\n".join(fresh))).split("\n")
            alone = len(together) != len(fresh) or any(map(_closes_up, together))
            folded = map(self.plain, fresh) if alone else together
            self._words.update(zip(fresh, (word.strip() for word in folded), strict=True))
        return {self._words[word] for word in words} - {""}

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


def _closed_up(text: str, characters: Sequence[str], starts: Sequence[int], ends: Sequence[int]) -> Folded:
    """Without what was put between characters to hide a word."""
    gone = _taken_out(text) if _closes_up(text) else {}
    if not gone:
        return Folded(text, characters, starts, ends, frozenset())
    kept: list[int] = []
    soft: set[int] = set()
    at = 0
    for (start, end), leaves_break in sorted(gone.items()):
        kept.extend(range(at, start))
        if leaves_break:
            soft.add(len(kept))
        at = max(at, end)
    kept.extend(range(at, len(text)))
    characters, starts, ends = (tuple([each[i] for i in kept]) for each in (characters, starts, ends))
    return Folded("".join(characters), characters, starts, ends, frozenset(soft))


def _closes_up(text: str) -> bool:
    return _CLOSES_UP.search(text) is not None or _REPEATED.search(text) is not None


def _taken_out(text: str) -> dict[Span, bool]:
    """What goes, and whether it leaves a soft break: gaps, and marks that only repeat the one before."""
    gone = dict(_gaps(list(_GAPS.finditer(text))))
    inside = {place for start, end in gone for place in range(start, end)}
    for m in _REPEATED.finditer(text):
        if m.start() + 1 not in inside:
            gone[m.start() + 1, m.end()] = False
    return gone


def _gaps(gaps: list[re.Match[str]]) -> Iterator[tuple[Span, bool]]:
    """Gaps to take out, and whether each leaves a soft break: not where a word was written letter by letter."""
    for place, gap in enumerate(gaps):
        mark = gap.group()
        before = gaps[place - 1].end() == gap.start() - 1 if place else False
        after = gaps[place + 1].start() == gap.end() + 1 if place + 1 < len(gaps) else False
        if before or after or _ONLY_HIDING.fullmatch(mark) and "~" not in mark:
            yield gap.span(), False
        elif not mark.strip(" ~"):
            yield gap.span(), True
