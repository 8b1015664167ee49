"""A form such as a number, as a pattern; and what a text must have for a search to be worth while."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from re import _constants as op  # what a pattern is made of has no public name
from re import _parser

from suyuan.kernel.textlint import rules
from suyuan.kernel.textlint.identifiers import CHECKS

Span = tuple[int, int]

LONGEST = 40
_WIDEST = 64  # characters of a class that are still told one by one
_DIGIT = list(_parser.parse(r"\d"))


@dataclass(frozen=True, slots=True)
class Shape:
    """`anchors`: of each of these sets a character stands in every match; `digits`: so many stand there in a row."""

    pattern: re.Pattern[str]
    needs: str
    check: str
    anchors: tuple[frozenset[str], ...]
    digits: int

    @classmethod
    def of(cls, shape: rules.Shape) -> Shape:
        parsed = _parser.parse(shape.pattern)
        told = () if parsed.state.flags & re.IGNORECASE else tuple(filter(None, _anchors(parsed)))
        return cls(re.compile(shape.pattern), shape.needs, shape.check, told, _digits(parsed))

    def lacks(self, digits: int, latin: bool) -> bool:
        """In a text with no longer run of digits, or without Latin letters."""
        return digits < (self.digits or self.needs == "digit") or (self.needs == "latin" and not latin)

    def spans(self, plain: str) -> list[Span]:
        holds = CHECKS.get(self.check)
        return [m.span() for m in self.pattern.finditer(plain) if holds is None or holds(m.group())]


def _anchors(parsed: Iterable) -> Iterator[frozenset[str]]:
    """Of each element that no match goes without, the characters of which it has one; none where that cannot be told."""
    for kind, value in parsed:
        if kind is op.LITERAL:
            yield frozenset(chr(value))
        elif kind is op.IN:
            yield _class(value)
        elif kind is op.BRANCH:
            each = [min(filter(None, _anchors(branch)), key=len, default=None) for branch in value[1]]
            yield frozenset().union(*each) if all(each) else frozenset()
        elif inner := _inside(kind, value):
            yield from _anchors(inner)


def _digits(parsed: Iterable) -> int:
    most = 0
    for kind, value in parsed:
        if kind is op.BRANCH:
            most = max(most, min(map(_digits, value[1])))
        elif inner := _inside(kind, value):
            repeated = kind is not op.SUBPATTERN and list(inner) == _DIGIT
            most = max(most, value[0] if repeated else _digits(inner))
    return most


def _inside(kind, value) -> Iterable:
    """What a group or a repetition holds, if it stands at least once."""
    if kind is op.SUBPATTERN and not value[1]:
        return value[3]
    return value[2] if kind in (op.MAX_REPEAT, op.MIN_REPEAT) and value[0] else ()


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
