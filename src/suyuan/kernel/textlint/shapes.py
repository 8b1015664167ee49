"""A form such as a number, as a pattern; and what a text must have for a search to be worth while."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from re import _constants as op  # what a pattern is made of has no public name
from re import _parser

from suyuan.kernel.textlint import rules
from suyuan.kernel.textlint.identifiers import CHECKS

Span = tuple[int, int]

LONGEST = 40
_WIDEST = 64  # characters of a class that are still told one by one


@dataclass(frozen=True)
class Shape:
    """`anchors`: one of these stands in every match; where there are none, nothing is known of it."""

    pattern: re.Pattern[str]
    needs: str
    check: str
    anchors: frozenset[str]

    @classmethod
    def of(cls, shape: rules.Shape) -> Shape:
        return cls(re.compile(shape.pattern), shape.needs, shape.check, anchors(shape.pattern))

    def lacks(self, no_digits: bool, no_latin: bool) -> bool:
        return (self.needs == "digit" and no_digits) or (self.needs == "latin" and no_latin)

    def spans(self, plain: str, characters: Set[str]) -> list[Span]:
        if self.anchors and self.anchors.isdisjoint(characters):
            return []
        holds = CHECKS.get(self.check)
        return [m.span() for m in self.pattern.finditer(plain) if holds is None or holds(m.group())]


def anchors(pattern: str) -> frozenset[str]:
    """The smallest set of characters of which one stands in every match."""
    parsed = _parser.parse(pattern)
    return frozenset() if parsed.state.flags & re.IGNORECASE else _in_turn(parsed)


def _in_turn(parsed: Iterable) -> frozenset[str]:
    told = (_one(kind, value) for kind, value in parsed)
    return min(filter(None, told), key=len, default=frozenset())


def _one(kind, value) -> frozenset[str]:
    if kind is op.LITERAL:
        return frozenset(chr(value))
    if kind is op.IN:
        return _class(value)
    if kind is op.BRANCH:
        each = [_in_turn(branch) for branch in value[1]]
        return frozenset().union(*each) if all(each) else frozenset()
    if kind is op.SUBPATTERN and not value[1]:
        return _in_turn(value[3])
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT) and value[0]:
        return _in_turn(value[2])
    return frozenset()


def _class(members: Iterable) -> frozenset[str]:
    found: set[int] = set()
    for kind, value in members:
        if kind is op.LITERAL:
            found.add(value)
        elif kind is op.RANGE and value[1] - value[0] < _WIDEST:
            found.update(range(value[0], value[1] + 1))
        else:
            return frozenset()
    return frozenset(map(chr, found))
