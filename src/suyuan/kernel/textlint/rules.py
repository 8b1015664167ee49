"""What a linter is made of: lists of words, shapes, rules. Plain frozen values; packs are read into them elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from suyuan.kernel.textlint.frames import Frame
from suyuan.kernel.textlint.weighing import Weights


class Level(StrEnum):
    """What a finding does to a text: it cannot leave, a person must say yes, or it is said and that is all."""

    BLOCK = "block"
    WARN = "warn"
    ADVISE = "advise"


CLEAN = "clean"
_WEIGHT = {Level.BLOCK.value: 3, Level.WARN.value: 2, Level.ADVISE.value: 1}


class Scope(StrEnum):
    """Where words do not mean what they say: `we will not …`, `if …`, `…?`, `you wrote: “…”`."""

    NEGATED = "negated"
    HYPOTHETICAL = "hypothetical"
    QUESTION = "question"
    QUOTED = "quoted"


# Lists that the scopes are read from; a rule set without one of them has no such scope.
NEGATION, CONDITION, ASKING, REPORTING = "neg", "if", "ask", "reported"


@dataclass(frozen=True)
class Words:
    """A list of words. `besides`: longer words inside which these do not count (不 in 不好意思)."""

    words: tuple[str, ...]
    besides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """A form that words cannot list, such as a number. `needs`: a character the text must hold before it is tried: digit,
    latin or any. `check`: the name of a checksum in `identifiers.CHECKS`; what fails it is none."""

    pattern: str
    needs: str = "any"
    check: str = ""


@dataclass(frozen=True)
class Rule:
    """`levels`: surface → level; other surfaces are not its business. With `missing`, it fires where no frame
    fits, and points to the end of the text, or to its beginning. With `weighed`, it fires where the weights are sure and no other
    rule of its kind has; a `doubtful` one counts only where they lean its way."""

    id: str
    kind: str
    levels: Mapping[str, str]
    frames: tuple[Frame, ...]
    jurisdictions: frozenset[str] = frozenset()
    reply_to: frozenset[str] = frozenset()
    not_reply_to: frozenset[str] = frozenset()
    silenced_by: frozenset[str] = frozenset()
    unless: tuple[Frame, ...] = ()
    unless_anywhere: tuple[Frame, ...] = ()
    missing: bool = False
    at_start: bool = False
    at_least: int = 0
    weighed: bool = False
    doubtful: bool = False


@dataclass(frozen=True)
class RuleSet:
    rules: tuple[Rule, ...]
    words: Mapping[str, Words]
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    substitutes: Mapping[str, str] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)
    # By surface; where only some of it is not to be said, by surface and kind.
    known_levels: Mapping[str | tuple[str, str], str] = field(default_factory=dict)
    weights: Weights | None = None


@dataclass(frozen=True)
class Known:
    """Something that names a person whom a text is about or should be silent about: `name`, `patient`, `phone`, `id`, `chart`, `address`."""

    kind: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class Context:
    """Where a text goes. `allow`: the clinic's own telephones, addresses, staff, numbers."""

    surface: str
    jurisdiction: str = "tw"
    reply_to: str = ""
    allow: tuple[str, ...] = ()
    known: tuple[Known, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Offsets are those of the text as it was given. For something missing, start and end are one place: where it could go."""

    kind: str
    level: str
    start: int
    end: int
    rule: str


def verdict(findings: tuple[Finding, ...]) -> str:
    """The heaviest level among them, or clean."""
    return max((f.level for f in findings), key=lambda level: _WEIGHT[str(level)], default=CLEAN)


def by_harm(ranks: Mapping[str, int]):
    """Sort key: heaviest first, then the kind that harms most, then as they stand in the text."""
    return lambda f: (-_WEIGHT[str(f.level)], ranks.get(f.kind, 99), f.start, f.end, f.rule)
