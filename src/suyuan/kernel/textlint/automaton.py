"""Aho and Corasick (1975): every occurrence of every word, in one walk over the text.

A state is what was read last, as far as some word begins like that. From there a character leads on, or else from the last
character read, or else from nothing. That is not kept in every state: copied, the many ways on from common characters
would fill the memory, and the walk would wait for it at every step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from sys import intern

Ends = tuple[tuple[int, int], ...]  # number and length of each word
Steps = dict[str, "State"]  # to which state a character leads
State = tuple[Steps, Steps, Ends]  # the steps from here, those from the last character alone, and the words that end here
_NOWHERE: Steps = {}


class Automaton:
    """Finds words; a word is named by its number, or else by its place in `words`. Empty words are refused: they occur
    everywhere."""

    def __init__(self, words: Iterable[str], numbers: Iterable[int] | None = None) -> None:
        steps: list[dict[str, int]] = [{}]
        ends: list[Ends] = [()]
        for number, word in zip(count() if numbers is None else numbers, words, strict=False):
            if not word:
                raise ValueError("an empty word")
            state = 0
            for c in map(intern, word):
                here = steps[state]
                state = here.get(c, 0)
                if not state:
                    state = here[c] = len(steps)
                    steps.append({})
                    ends.append(())
            ends[state] += ((number, len(word)),)
        self._root = _linked(*_completed(steps, ends))

    def __call__(self, text: str) -> Iterator[tuple[int, int, int]]:
        """(number of the word, start, end), by where they end."""
        for end, numbers in self.ends(text):
            for number, length in numbers:
                yield number, end - length, end

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
            step, last, numbers = state
            if numbers:
                found.append((at, numbers))
        return found


def _completed(steps: list[dict[str, int]], ends: list[Ends]) -> tuple[list[dict[str, int]], list[int], list[Ends]]:
    """Give every state the steps and the words of its longest proper suffix, from the root down; that of its last
    character alone is only named."""
    root = steps[0]
    suffix, last = [0] * len(steps), [0] * len(steps)
    single = {0, *root.values()}
    level = list(root.values())
    while level:
        below: list[int] = []
        for state in level:
            own, lower = steps[state], suffix[state]
            for c, child in own.items():
                suffix[child] = steps[lower].get(c) or steps[last[lower]].get(c) or root.get(c, 0)
                last[child] = root.get(c, 0)
            below += own.values()
            ends[state] += ends[lower]
            if lower not in single:
                steps[state] = {**steps[lower], **own} if own else steps[lower]
        level = below
    return steps, last, ends


def _linked(steps: list[dict[str, int]], last: list[int], ends: list[Ends]) -> Steps:
    """States in place of their numbers."""
    linked = {id(own): {} if own else _NOWHERE for own in steps}
    states = [
        (linked[id(own)], linked[id(steps[before])] if before else _NOWHERE, words)
        for own, before, words in zip(steps, last, ends, strict=True)
    ]
    for own in steps:
        here = linked[id(own)]
        if not here:
            here.update({c: states[state] for c, state in own.items()})
    return linked[id(steps[0])]
