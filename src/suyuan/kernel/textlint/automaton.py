"""Aho and Corasick (1975): every occurrence of every word, in one walk over the text."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

Ends = tuple[tuple[int, int], ...]  # number and length of each word


class Automaton:
    """Finds words; a word is named by its place in `words`. Empty words are refused: they occur everywhere."""

    def __init__(self, words: Iterable[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._ends: list[Ends] = [()]
        for number, word in enumerate(words):
            if not word:
                raise ValueError("an empty word")
            self._insert(word, number)
        self._complete()

    def _insert(self, word: str, number: int) -> None:
        state = 0
        for c in word:
            step = self._next[state]
            if c not in step:
                step[c] = len(self._next)
                self._next.append({})
                self._ends.append(())
            state = step[c]
        self._ends[state] += ((number, len(word)),)

    def _complete(self) -> None:
        """Give every state the steps and the words of its longest proper suffix, from the root down. The root's own steps
        are looked up on a miss instead: copied into every state they would fill the memory."""
        root = self._next[0]
        fallback = [0] * len(self._next)
        waiting = deque(root.values())
        while waiting:
            state = waiting.popleft()
            own, lower = self._next[state], fallback[state]
            for c, child in own.items():
                fallback[child] = (self._next[lower].get(c) if lower else None) or root.get(c, 0)
                waiting.append(child)
            if lower:
                self._ends[state] += self._ends[lower]
                self._next[state] = {**self._next[lower], **own}

    def __call__(self, text: str) -> Iterator[tuple[int, int, int]]:
        """(number of the word, start, end), by where they end."""
        for end, numbers in self.ends(text):
            for number, length in numbers:
                yield number, end - length, end

    def ends(self, text: str) -> list[tuple[int, Ends]]:
        """Where words end, and which do there: what the loop below spends is what reading a text costs."""
        steps, ends = self._next, self._ends
        root = steps[0]
        step = root
        found = []
        for at, c in enumerate(text, 1):
            state = step.get(c) or root.get(c)
            if state is None:
                step = root
                continue
            step = steps[state]
            if numbers := ends[state]:
                found.append((at, numbers))
        return found
