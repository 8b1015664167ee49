"""The sections of a wording pack that the guard reads: kinds, words, shapes, substitutes, rules; and the linter they make.

A rule takes from its kind what it does not say itself: levels, scopes, why, safer words, basis.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from suyuan.kernel import textlint
from suyuan.kernel.textlint import frames
from suyuan.kernel.textlint.identifiers import CHECKS
from suyuan.playbooks.readers import Code, Jurisdictions
from suyuan.playbooks.texts import STRICT, Texts
from suyuan.playbooks.weights import weights

Surface = Literal[
    "public_reply", "private_message", "care_meeting", "statement", "advertisement", "settlement", "review_invitation"
]
ReplyTo = Literal["negative_review", "positive_review", "question", "extortion"]
LevelCode = Literal["block", "warn", "advise"]
ScopeCode = Literal["negated", "hypothetical", "question", "quoted"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]

SURFACES: tuple[str, ...] = Surface.__args__  # type: ignore[attr-defined]
REPLIES: tuple[str, ...] = ReplyTo.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class OfOthers:
    """Words to one person that name another of the same case: surface → what names them (`knowing`) → level, and how that is said."""

    __pydantic_config__ = STRICT

    levels: Mapping[Surface, Mapping[Literal["name", "patient", "phone", "address", "chart"], LevelCode]]
    why: Texts


@dataclass(frozen=True)
class Kind:
    """What a finding is about. `rank`: 1 harms most. `basis`: jurisdiction → law and article, as people cite it.

    `clearable`: surface → whether people may set a block of this kind aside there; where nothing is said, they may.
    """

    __pydantic_config__ = STRICT

    id: Name
    rank: int
    name: Texts
    why: Texts
    levels: Mapping[Surface, LevelCode]
    safer: Texts | None = None
    action: Literal["replace", "delete", "insert"] = "delete"
    basis: Mapping[Literal["tw", "cn"], str] = field(default_factory=dict)
    silenced_by: tuple[ScopeCode, ...] = ()
    never_cleared: tuple[Surface, ...] = ()
    of_others: OfOthers | None = None

    def told(self, surface: str, rule: str) -> "OfOthers | None":
        """How it is said that a text to one person names another."""
        others = self.of_others
        return others if others and surface in others.levels and rule.startswith(KNOWN) else None


KNOWN = "known-"


@dataclass(frozen=True)
class WordList:
    """Words that stand for one thing; Hant or Hans, folding makes them one. `besides`: longer words in which they do not count.

    Long lists are one text with commas between: that reads better, and loads many times faster.
    """

    __pydantic_config__ = STRICT

    id: Name
    words: str | tuple[str, ...] = ()
    includes: tuple[Name, ...] = ()
    besides: str | tuple[str, ...] = ()


@dataclass(frozen=True)
class ShapeOf:
    """A form such as a number, as a regular expression without unbounded repetition, over folded text."""

    __pydantic_config__ = STRICT

    id: Name
    pattern: str
    needs: Literal["any", "digit", "latin"] = "any"
    check: str = ""


@dataclass(frozen=True)
class Example:
    """A sentence with the place it speaks of, where that is not the first surface of its rule."""

    __pydantic_config__ = STRICT

    text: str
    surface: Surface | None = None
    reply_to: ReplyTo | Literal[""] = ""
    jurisdiction: Literal["tw", "cn"] | None = None


@dataclass(frozen=True)
class GuardRule:
    """One thing not to say. `frames`: see `kernel.textlint.frames`. `script`: where only one script means it.

    `missing`: it fires where none of its frames fits, for texts of `at_least` characters; what is missing belongs to the end
    of the text, or `at_start`. `weighed`: it has no frames; the text as a whole is weighed (`kernel.textlint.weighing`), and what
    it finds is one level lower. `doubtful`: it is wrong too often to stand alone, and counts where the weights lean its way.
    """

    __pydantic_config__ = STRICT

    id: Code
    kind: Name
    frames: tuple[str, ...]
    fires: Annotated[tuple[str | Example, ...], Field(min_length=1)]
    quiet: Annotated[tuple[str | Example, ...], Field(min_length=1)]
    jurisdictions: Jurisdictions = ()
    levels: Mapping[Surface, LevelCode | Literal["none"]] = field(default_factory=dict)
    only: tuple[Surface, ...] = ()
    reply_to: tuple[ReplyTo | Literal[""], ...] = ()
    not_reply_to: tuple[ReplyTo | Literal[""], ...] = ()
    silenced_by: tuple[ScopeCode, ...] | None = None
    unless: tuple[str, ...] = ()
    unless_anywhere: tuple[str, ...] = ()
    missing: bool = False
    at_start: bool = False
    at_least: int = 0
    weighed: bool = False
    doubtful: bool = False
    why: Texts | None = None
    safer: Texts | None = None
    action: Literal["replace", "delete", "insert"] | None = None
    basis: Mapping[Literal["tw", "cn"], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asks:
    """Words by which a text is known to need somebody's yes, whatever else is found in it. Found, it is no finding: nothing
    need be said otherwise, somebody only has to read it first.

    asks  who: legal. `only`: where; empty: wherever words stand. Scopes, `unless` and examples as in a rule
    """

    __pydantic_config__ = STRICT

    id: Code
    asks: Literal["legal"]
    frames: Annotated[tuple[str, ...], Field(min_length=1)]
    fires: Annotated[tuple[str | Example, ...], Field(min_length=1)]
    quiet: Annotated[tuple[str | Example, ...], Field(min_length=1)]
    why: Texts
    jurisdictions: Jurisdictions = ()
    only: tuple[Surface, ...] = ()
    silenced_by: tuple[ScopeCode, ...] = ("negated", "quoted")
    unless: tuple[str, ...] = ()
    unless_anywhere: tuple[str, ...] = ()

    def as_rule(self) -> GuardRule:
        same = ("id", "frames", "fires", "quiet", "jurisdictions", "only", "silenced_by", "unless", "unless_anywhere", "why")
        return GuardRule(kind=ASKING, **{name: getattr(self, name) for name in same})


ASKING = "asking"


@dataclass(frozen=True)
class Substitute:
    """A character people type for another to get past a filter."""

    __pydantic_config__ = STRICT

    id: Annotated[str, Field(min_length=1, max_length=1)]
    stands_for: Annotated[str, Field(max_length=4)]


@dataclass(frozen=True)
class Guarding:
    """The guard's sections of one pack, or of several laid together."""

    kinds: tuple[Kind, ...] = ()
    words: tuple[WordList, ...] = ()
    shapes: tuple[ShapeOf, ...] = ()
    substitutes: tuple[Substitute, ...] = ()
    rules: tuple[GuardRule, ...] = ()

    @cached_property
    def kind_of(self) -> dict[str, Kind]:
        return {kind.id: kind for kind in self.kinds}

    @cached_property
    def rule_of(self) -> dict[str, GuardRule]:
        return {rule.id: rule for rule in self.rules}

    def with_rules(self, words: Iterable[WordList], rules: Iterable[GuardRule]) -> "Guarding":
        """The same with a clinic's own added."""
        return Guarding(self.kinds, (*self.words, *words), self.shapes, self.substitutes, (*self.rules, *rules))


def asking(guarding: Guarding, asks: Iterable[Asks]) -> Guarding:
    """What asks for somebody's yes, to be read by itself with the same words and shapes."""
    nothing = Texts("-", "-", "-")
    kind = Kind(ASKING, 1, nothing, nothing, dict.fromkeys(SURFACES, "advise"))
    return Guarding((kind,), guarding.words, guarding.shapes, guarding.substitutes, tuple(each.as_rule() for each in asks))


def rule_set(guarding: Guarding, *, weighed: bool = True) -> textlint.RuleSet:
    """What the kernel reads; `weighed`: with the weights, where some rule asks for them. Raises BadFrame, KeyError: a pack that was
    loaded has neither."""
    kinds = guarding.kind_of
    known = kinds.get("patient_data")
    return textlint.RuleSet(
        rules=tuple(_rule(rule, kinds[rule.kind]) for rule in guarding.rules),
        words=_words(guarding.words),
        shapes={shape.id: textlint.Shape(shape.pattern, shape.needs, shape.check) for shape in guarding.shapes},
        substitutes={one.id: one.stands_for for one in guarding.substitutes},
        ranks={kind.id: kind.rank for kind in guarding.kinds},
        known_levels=_known_levels(known) if known else {},
        weights=weights() if weighed and is_weighed(guarding) else None,
    )


def is_weighed(guarding: Guarding) -> bool:
    """Whether some rule asks for the weights."""
    return any(rule.weighed or rule.doubtful for rule in guarding.rules)


def weights_version(guarding: Guarding) -> str:
    """By which a verdict names the weights that it was read with; empty where none were asked."""
    return f"weights:{weights().made_of}" if is_weighed(guarding) else ""


def _known_levels(kind: Kind) -> dict[str | tuple[str, str], str]:
    found: dict[str | tuple[str, str], str] = {s: level for s, level in kind.levels.items() if s in KNOWN_PERSON}
    for surface, levels in (kind.of_others.levels if kind.of_others else {}).items():
        found |= {(surface, what): level for what, level in levels.items()}
    return found


# Where a person's own particulars are not to be said: others may read it there.
KNOWN_PERSON = frozenset({"public_reply", "statement", "advertisement", "review_invitation"})


# What is only weighed is one step less sure than what a rule says.
_STEP_DOWN = {"block": "warn", "warn": "advise"}


def levels_of(rule: GuardRule, kind: Kind) -> dict[str, str]:
    """Surface → level, as the rule changes what its kind says."""
    levels: dict[str, str] = {**kind.levels, **rule.levels}
    if rule.only:
        levels = {s: levels.get(s, "") for s in rule.only}
    if rule.weighed:
        levels = {surface: _STEP_DOWN.get(level, level) for surface, level in levels.items()}
    return {surface: level for surface, level in levels.items() if level and level != "none"}


def _rule(rule: GuardRule, kind: Kind) -> textlint.Rule:
    return textlint.Rule(
        id=rule.id,
        kind=rule.kind,
        levels=levels_of(rule, kind),
        frames=_frames(rule.frames),
        jurisdictions=frozenset(rule.jurisdictions),
        reply_to=frozenset(rule.reply_to),
        not_reply_to=frozenset(rule.not_reply_to),
        silenced_by=frozenset(kind.silenced_by if rule.silenced_by is None else rule.silenced_by),
        unless=_frames(rule.unless),
        unless_anywhere=_frames(rule.unless_anywhere),
        missing=rule.missing,
        at_start=rule.at_start,
        at_least=rule.at_least,
        weighed=rule.weighed,
        doubtful=rule.doubtful,
    )


def _frames(lines: Iterable[str]) -> tuple[frames.Frame, ...]:
    return tuple(frame for line in lines for frame in frames.read(line))


def listed(words: str | tuple[str, ...]) -> tuple[str, ...]:
    """The words of a list, however it was written."""
    if isinstance(words, str):
        return tuple(word for part in words.split(",") if (word := part.strip()))
    return words


def _words(lists: Iterable[WordList]) -> dict[str, textlint.Words]:
    """Each list with what it includes; a list that stands twice is one list."""
    by_id: dict[str, list[WordList]] = {}
    for one in lists:
        by_id.setdefault(one.id, []).append(one)

    def gathered(name: str, above: tuple[str, ...]) -> tuple[list[str], list[str]]:
        words: list[str] = []
        besides: list[str] = []
        for one in by_id[name]:
            words.extend(listed(one.words))
            besides.extend(listed(one.besides))
            for inner in one.includes:
                if inner in above:
                    raise KeyError(f"{inner} includes itself")
                more, less = gathered(inner, (*above, name))
                words.extend(more)
                besides.extend(less)
        return words, besides

    made = {}
    for name in by_id:
        words, besides = gathered(name, (name,))
        made[name] = textlint.Words(tuple(dict.fromkeys(words)), tuple(dict.fromkeys(besides)))
    return made


# --- what is well formed and still wrong ---------------------------------------------------------------------------

# section, path, code, expected, found
Wrong = tuple[str, tuple[str | int, ...], str, str, str]


def wrongs(guarding: Guarding, *, examples: bool = True) -> Iterator[Wrong]:
    """Names nobody knows, frames that cannot be read, patterns without bound; then every rule's own examples, run."""
    sound = True
    for wrong in _unknown(guarding):
        sound = False
        yield wrong
    if sound and examples:
        yield from _examples(guarding)


def _unknown(guarding: Guarding) -> Iterator[Wrong]:
    named = {one.id for one in guarding.words} | {shape.id for shape in guarding.shapes}
    for place, one in enumerate(guarding.words):
        yield from (("words", (place, "includes"), "not_known", "", inner) for inner in one.includes if inner not in named)
    for place, shape in enumerate(guarding.shapes):
        yield from _unknown_in_shape(place, shape)
    for place, rule in enumerate(guarding.rules):
        if rule.kind not in guarding.kind_of:
            yield "rules", (place, "kind"), "not_known", ", ".join(sorted(guarding.kind_of)), rule.kind
        if not rule.frames and not rule.weighed:
            yield "rules", (place, "frames"), "empty", "", ""
        yield from _unknown_in_frames(place, rule, named)


def _unknown_in_shape(place: int, shape: ShapeOf) -> Iterator[Wrong]:
    if shape.check and shape.check not in CHECKS:
        yield "shapes", (place, "check"), "not_known", ", ".join(sorted(CHECKS)), shape.check
    if why := _unbounded(shape.pattern):
        yield "shapes", (place, "pattern"), "pattern_unfit", "", why


def _unknown_in_frames(place: int, rule: GuardRule, named: set[str]) -> Iterator[Wrong]:
    for part in ("frames", "unless", "unless_anywhere"):
        for inner, line in enumerate(getattr(rule, part)):
            try:
                names = frames.names_in(frames.read(line))
            except frames.BadFrame as bad:
                yield "rules", (place, part, inner), "frame_unfit", "", str(bad)
                continue
            yield from (("rules", (place, part, inner), "not_known", "", name) for name in sorted(names - named))


def _unbounded(pattern: str) -> str:
    """Why a pattern may run away; empty when it cannot: everything it repeats is counted, and nothing counted is counted again."""
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", pattern)
    if re.search(r"[*+]|\{\d*,\}", bare):
        return "repetition without bound"
    counts = [int(n) for n in re.findall(r"\{(?:\d*,)?(\d+)\}", bare)]
    if any(n > 40 for n in counts) or re.search(r"\)\{", bare) and len(counts) > 4:
        return "counted too far"
    return ""


def _examples(guarding: Guarding) -> Iterator[Wrong]:
    """What a rule says by itself; the weights, which know of all of them, are asked for rules that have nothing else."""
    alone = textlint.Linter(rule_set(guarding, weighed=False))
    whole = tuple(rule for rule in guarding.rules if rule.weighed)
    weighed = textlint.Linter(rule_set(Guarding(guarding.kinds, substitutes=guarding.substitutes, rules=whole)))
    for place, rule in enumerate(guarding.rules):
        levels = levels_of(rule, guarding.kind_of[rule.kind])
        if not levels:
            yield "rules", (place, "levels"), "nowhere", "", rule.id
            continue
        linter = weighed if rule.weighed else alone
        for part in ("fires", "quiet"):
            for inner, example in enumerate(getattr(rule, part)):
                found = linter.check(*context_of(example, rule, levels), kind=rule.kind)
                if part == "fires" and not found:
                    yield "rules", (place, part, inner), "example_silent", rule.id, _text(example)
                if part == "quiet" and found:
                    yield "rules", (place, part, inner), "example_fires", rule.id, f"{found[0].rule}: {_text(example)}"


def context_of(example: str | Example, rule: GuardRule, levels: Mapping[str, str]) -> tuple[str, textlint.Context]:
    """An example in the place it speaks of: the first surface of its rule, and what the rule answers to."""
    told = example if isinstance(example, Example) else Example(example)
    surface = told.surface or next(s for s in SURFACES if s in levels)
    reply_to = told.reply_to or next(iter(rule.reply_to), "")
    jurisdiction = told.jurisdiction or next(iter(rule.jurisdictions), "tw")
    return told.text, textlint.Context(surface, jurisdiction, reply_to)


def _text(example: str | Example) -> str:
    return example if isinstance(example, str) else example.text
