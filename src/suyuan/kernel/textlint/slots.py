"""Numbers for lists of words and shapes, so that what stands in a text is a small table of numbers.

A *slot* is what one place of a frame takes: a list, a shape, or several of them and words said outright. Words of one length that
stand in the same slots are of one *class*, and are never told apart again: nothing asks which of them it was.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Set
from itertools import chain

from suyuan.kernel.textlint.automaton import Automaton
from suyuan.kernel.textlint.folding import Folding
from suyuan.kernel.textlint.frames import Element
from suyuan.kernel.textlint.rules import RuleSet, Words
from suyuan.kernel.textlint.shapes import LONGEST, Shape

# Lists whose words may be those of the clinic's own people.
IDENTIFYING = frozenset({"surname", "title", "full_name"})
_DIGITS, _LATIN = re.compile(r"\d+"), re.compile("[a-z]")
_ALNUM = frozenset(string.ascii_lowercase + string.digits)


class Slots:
    """Filled while rules are compiled; from `close` on it is only read."""

    def __init__(self, rules: RuleSet, folding: Folding) -> None:
        self._rules = rules
        self._folding = folding
        self._names: dict[str, int] = {}
        self._groups: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
        self._slots_of: dict[str, list[int]] = {}
        self._lengths: dict[int, int] = {}
        self._rarity: dict[int, tuple[int, int]] = {}
        self.first_odd = 0  # classes from here on are of words that may begin or end inside another, or reach across a break
        self._count = 0
        self.shapes: dict[int, Shape] = {}
        self._tried: dict[tuple[int, bool], list[tuple[int, tuple[frozenset[str], ...]]]] = {}
        self._most_digits = 0  # in a row, that a shape asks for
        self.besides: dict[int, int] = {}
        # Slots that a shape stands for: the shape itself, and groups it is one of.
        self.shapes_of: dict[int, list[int]] = {}
        self.of_shape: dict[int, list[int]] = {}  # of each shape: these slots
        self.identifying: set[int] = set()
        self.classes: list[tuple[int, ...]] = []  # of each class: its slots
        self.lengths: list[int] = []  # of each class: of its words
        self.classes_of: list[frozenset[int]] = []  # of each slot: its classes

    # --- numbering -------------------------------------------------------------------------------------------------

    @property
    def words(self) -> list[str]:
        return list(self._slots_of)

    def longest(self, slot: int) -> int:
        return self._lengths[slot]

    def by_rarity(self, slots: Iterable[int]) -> tuple[int, ...]:
        """Those least likely to stand in a text first, as far as their words tell: long and few."""
        return tuple(sorted(slots, key=lambda slot: (*self._rarity[slot], slot), reverse=True))

    def of(self, element: Element) -> int:
        if len(element.names) == 1 and not element.words:
            return self.named(element.names[0])
        key = (tuple(sorted(element.names)), tuple(sorted(element.words)))
        if key not in self._groups:
            self._groups[key] = self._group(element)
        return self._groups[key]

    def named(self, name: str) -> int:
        if name not in self._names:
            if name in self._rules.shapes:
                self._names[name] = self._shape(name)
            elif name in self._rules.words:
                self._names[name] = self._listed(self._rules.words[name])
            else:
                raise KeyError(f"no list of words {name!r}")
            if name in self._rules.shapes or name in IDENTIFYING:
                self.identifying.add(self._names[name])
        return self._names[name]

    def _group(self, element: Element) -> int:
        shapes = [self.named(name) for name in element.names if name in self._rules.shapes]
        unknown = [name for name in element.names if name not in self._rules.words and name not in self._rules.shapes]
        if unknown:
            raise KeyError(f"no list of words {unknown[0]!r}")
        parts = [self._rules.words[name] for name in element.names if name in self._rules.words]
        words = (*element.words, *chain.from_iterable(part.words for part in parts))
        besides = tuple(chain.from_iterable(part.besides for part in parts))
        slot = self._listed(Words(tuple(words), besides))
        for shape in shapes:
            self.shapes_of.setdefault(slot, []).append(shape)
            self._lengths[slot] = max(self._lengths[slot], self._lengths[shape])
        return slot

    def _listed(self, listed: Words) -> int:
        slot = self._new()
        folded = self._folding.words(listed.words)
        self._take(folded, slot)
        self._lengths[slot] = max(map(len, folded), default=1)
        self._rarity[slot] = min(3, *map(len, folded)) if folded else 1, -len(folded)
        if besides := self._folding.words(listed.besides):
            self.besides[slot] = self._new()
            self._take(besides, self.besides[slot])
        return slot

    def _take(self, words: Iterable[str], slot: int) -> None:
        for word in words:
            self._slots_of.setdefault(word, []).append(slot)

    def _shape(self, name: str) -> int:
        slot = self._new()
        self._lengths[slot], self._rarity[slot] = LONGEST, (3, -1)
        self.shapes[slot] = Shape.of(self._rules.shapes[name])
        self.shapes_of[slot] = [slot]
        return slot

    def _new(self) -> int:
        self._count += 1
        return self._count

    def close(self) -> Automaton:
        """Once every list has its number: what finds their words. Words of one class come under one number."""
        words_of: dict[tuple[bool, int, tuple[int, ...]], list[str]] = {}
        for word, slots in self._slots_of.items():
            words_of.setdefault((_odd(word), len(word), tuple(slots)), []).append(word)
        # Short words are common: what is known of them lies together.
        ordered = sorted(words_of, key=lambda each: each[:2])
        self.first_odd = sum(not odd for odd, _length, _slots in ordered)
        self.lengths = [length for _odd, length, _slots in ordered]
        self.classes = [slots for _odd, _length, slots in ordered]
        classes_of: list[list[int]] = [[] for _slot in range(self._count + 1)]
        for number, slots in enumerate(self.classes):
            for slot in slots:
                classes_of[slot].append(number)
        self.classes_of = [frozenset(numbers) for numbers in classes_of]
        for slot, shapes in self.shapes_of.items():
            for shape in shapes:
                self.of_shape.setdefault(shape, []).append(slot)
        self._most_digits = max((shape.digits for shape in self.shapes.values()), default=0)
        of_word = {word: number for number, each in enumerate(ordered) for word in words_of[each]}
        return Automaton(of_word, of_word.values())

    # --- reading ---------------------------------------------------------------------------------------------------

    def shapes_in(self, plain: str, characters: Set[str]) -> Iterator[int]:
        """Shapes that may stand in a text of these characters."""
        digits = max(map(len, _DIGITS.findall(plain)), default=0)
        lacks = characters.isdisjoint
        for slot, anchors in self._worth_trying(min(digits, self._most_digits + 1), _LATIN.search(plain) is not None):
            if not any(map(lacks, anchors)):
                yield slot

    def _worth_trying(self, digits: int, latin: bool) -> list[tuple[int, tuple[frozenset[str], ...]]]:
        known = self._tried.get((digits, latin))
        if known is None:
            some = [(slot, shape.anchors) for slot, shape in self.shapes.items() if not shape.lacks(digits, latin)]
            known = self._tried[digits, latin] = some
        return known


def _latin(character: str) -> bool:
    return character in _ALNUM


def _odd(word: str) -> bool:
    return _latin(word[0]) or _latin(word[-1]) or not word.isalpha()


def whole_word(plain: str, start: int, end: int) -> bool:
    """A Latin word or number does not count inside a longer one."""
    if start and _latin(plain[start]) and _latin(plain[start - 1]):
        return False
    return not (end < len(plain) and _latin(plain[end - 1]) and _latin(plain[end]))
