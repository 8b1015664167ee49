"""Which of many frames may fit, asked for all of them at once.

Every frame is a column. Row r has a bit in the columns of those frames whose r-th slot stands in a text, or in a part of
it; a frame may fit where all of its rows have their bit. The rows lie one behind another in one whole number, so a word adds
what it is good for by one `|`, and a few `&` tell the columns that are full. Frames with more slots come first: then a row
is as long as there are frames that need it, and no longer. The rarest slot of each frame stands in the first row: then the
numbers of rare words are short, and those of common words, which are long, are at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate


class Grid:
    def __init__(self, columns: Sequence[Sequence[int]]) -> None:
        """Of each frame its slots, rarest first; in order of how many they are, most first."""
        sizes = [len(slots) for slots in columns]
        assert sizes == sorted(sizes, reverse=True)
        lengths = [sum(size > row for size in sizes) for row in range(max(sizes, default=0))]
        starts = [0, *accumulate(lengths)]
        every = (1 << len(columns)) - 1
        # where each row but the first begins, and the columns too short to have it
        shorter = [every >> length << length for length in lengths]
        self._rows = list(zip(starts, shorter, strict=False))[1:]
        self._of_slot: dict[int, int] = {}
        self.columns: dict[int, int] = {}
        for column, slots in enumerate(columns):
            for row, slot in enumerate(slots):
                self._of_slot[slot] = self._of_slot.get(slot, 0) | 1 << starts[row] + column
                self.columns[slot] = self.columns.get(slot, 0) | 1 << column

    def bits(self, slots: Iterable[int]) -> int:
        """What these slots are good for."""
        bits = 0
        for slot in slots:
            bits |= self._of_slot.get(slot, 0)
        return bits

    def full(self, bits: int, asked: int) -> int:
        """Of the columns asked for those where nothing lacks, in bits."""
        full = bits & asked
        for start, shorter in self._rows:
            if not full:
                break
            full &= bits >> start | shorter
        return full


def ones(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
