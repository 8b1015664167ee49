"""Aho and Corasick (1975): every occurrence of every word, in one walk over the text.

A state is what was read last, as far as some word begins like that. From there a character leads on, or else from the last
character alone, or else from nothing. The many ways on from a single character are not copied into every state that ends
with it: they would fill the memory, and the walk would wait for it at every step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from sys import intern

Ends = tuple[int, ...]  # numbers of words
_NOWHERE: dict[str, _State] = {}


class _State:
    """`steps`: where a character leads from here; `last`: the steps from the last character alone; `ends`: words that end
    here."""

    __slots__ = ("ends", "last", "steps")

    def __init__(self) -> None:
        self.steps: dict[str, _State] = _NOWHERE
        self.last: dict[str, _State] = _NOWHERE
        self.ends: Ends = ()


class Automaton:
    """Finds words; a word is named by its number, or else by its place in `words`. Words of one number are of one length. Empty
    words are refused: they occur everywhere."""

    def __init__(self, words: Iterable[str], numbers: Iterable[int] | None = None) -> None:
        self._root: dict[str, _State] = {}
        self._lengths: dict[int, int] = {}
        for number, word in zip(count() if numbers is None else numbers, words, strict=False):
            if not word:
                raise ValueError("an empty word")
            if self._lengths.setdefault(number, len(word)) != len(word):
                raise ValueError("two lengths of one number")
            self._state(word).ends += (number,)
        self._complete()

    def _state(self, word: str) -> _State:
        state, steps = None, self._root
        for c in map(intern, word):
            there = steps.get(c)
            if there is None:
                if steps is _NOWHERE:
                    steps = state.steps = {}
                there = steps[c] = _State()
            state, steps = there, there.steps
        return state

    def _complete(self) -> None:
        """Give every state the steps and the words of its longest proper suffix, from the root down; those of its last
        character alone are only named."""
        root = self._root
        waiting: list[tuple[_State, _State | None, bool]] = [(state, None, True) for state in root.values()]
        for state, suffix, single in waiting:
            own = state.steps
            for c, below in own.items():
                alone = root.get(c)
                longer = suffix and (suffix.steps.get(c) or suffix.last.get(c))
                if alone:
                    below.last = alone.steps
                waiting.append((below, longer or alone, not longer or longer is alone))
            if suffix:
                state.ends += suffix.ends
            if not single:
                state.steps = {**suffix.steps, **own} if own else suffix.steps

    def __call__(self, text: str) -> Iterator[tuple[int, int, int]]:
        """(number of the word, start, end), by where they end."""
        for end, numbers in self.ends(text):
            for number in numbers:
                yield number, end - self._lengths[number], end

    def ends(self, text: Iterable[str]) -> list[tuple[int, Ends]]:
        """Where words end, and which do there: what the loop below spends is what reading a text costs."""
        root = self._root
        step = last = _NOWHERE
        found = []
        for at, c in enumerate(text, 1):
            state = step.get(c) or last.get(c) or root.get(c)
            if state is None:
                step = last = _NOWHERE
                continue
            step, last, numbers = state.steps, state.last, state.ends
            if numbers:
                found.append((at, numbers))
        return found
