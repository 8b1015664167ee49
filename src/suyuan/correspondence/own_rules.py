"""A clinic's own part of the guard: what holds in a branch now, and whether a rule somebody wrote can be read.

Own rules stand beside the shipped ones. They find more, never less: nothing here takes a shipped rule away or makes it milder.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, Q, Value

from suyuan.correspondence.own_models import AllowEntry, ClinicRule
from suyuan.kernel.textlint import BadFrame, Context, Finding, Folding, Linter, frames, together
from suyuan.kernel.textlint.linter import AT_MOST
from suyuan.playbooks.guarding import SURFACES, Guarding, GuardRule, WordList, rule_set
from suyuan.playbooks.texts import Texts

# A rule that a person can still take in at a glance, and a linter that stays quick.
MOST_PHRASES, MOST_FRAMES, MOST_EXAMPLES, LONGEST, MOST_RULES = 100, 12, 20, 300, 200
SHORTEST = 2
LEVELS = ("block", "warn", "advise")
_WEIGHT = {level: -place for place, level in enumerate(LEVELS)}


@dataclass(frozen=True)
class Wanted:
    """A rule as somebody wrote it; `ClinicRule` names its fields alike."""

    kind: str
    title: str
    levels: Mapping[str, str]
    why: str
    phrases: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    literally: bool = False
    safer: str = ""
    fires: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Of what decides which texts it holds, and how it speaks of them."""
        said = {**self.__dict__, "levels": dict(sorted(self.levels.items()))}
        return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @property
    def surface(self) -> str:
        """Where it is heaviest: there its examples are tried, and texts of places that it does not know."""
        ordered = sorted(self.levels, key=lambda s: (-_WEIGHT[self.levels[s]], SURFACES.index(s)))
        return ordered[0]


def wanted_of(rule: ClinicRule) -> Wanted:
    lists = {name: tuple(getattr(rule, name)) for name in ("phrases", "frames", "fires", "quiet")}
    same = {name: getattr(rule, name) for name in ("kind", "title", "levels", "why", "literally", "safer")}
    return Wanted(**same, **lists)


def as_data(code: str, wanted: Wanted) -> tuple[tuple[WordList, ...], GuardRule]:
    """The same in the shape of a pack. What a surface is not named for, the rule says nothing of, whatever its kind says."""
    name = "own_" + re.sub(r"[^a-z0-9]", "_", code.lower())
    lists = (WordList(name, wanted.phrases),) if wanted.phrases else ()
    return lists, GuardRule(
        id=code,
        kind=wanted.kind,
        frames=(*((f"<{name}>",) if wanted.phrases else ()), *wanted.frames),
        fires=wanted.fires,
        quiet=wanted.quiet,
        levels={surface: wanted.levels.get(surface, "none") for surface in SURFACES},  # type: ignore[misc]
        silenced_by=() if wanted.literally else None,
        why=_in_own_words(wanted.why),
        safer=_in_own_words(wanted.safer),
        action="replace" if wanted.safer else "delete",
    )


def _in_own_words(said: str) -> Texts | None:
    return Texts(hant=said, hans=said, en=said) if said else None


def alone(code: str, wanted: Wanted, shipped: Guarding) -> Linter:
    """A linter that knows this rule only."""
    lists, rule = as_data(code, wanted)
    return Linter(rule_set(Guarding(shipped.kinds, (*shipped.words, *lists), shipped.shapes, shipped.substitutes, (rule,))))


# --- is it sound ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trouble:
    """What is wrong with one field. `code` is worded in errors.py."""

    field: str
    code: str
    said: Mapping[str, Any] = field(default_factory=dict)


def troubles(code: str, wanted: Wanted, shipped: Guarding, jurisdiction: str) -> list[Trouble]:
    """Everything that keeps this rule from being kept; examples are tried once the rest is sound."""
    found = [*_unfit(wanted, shipped)]
    return found or list(_examples(code, wanted, shipped, jurisdiction))


def _unfit(wanted: Wanted, shipped: Guarding) -> Iterable[Trouble]:
    for name in ("title", "why"):
        if not getattr(wanted, name).strip():
            yield Trouble(name, "empty")
    if wanted.kind not in shipped.kind_of:
        yield Trouble("kind", "unknown", {"words": wanted.kind})
    if not wanted.levels:
        yield Trouble("levels", "nowhere")
    if any(s not in SURFACES or level not in LEVELS for s, level in wanted.levels.items()):
        yield Trouble("levels", "unknown", {"words": ""})
    if not wanted.phrases and not wanted.frames:
        yield Trouble("phrases", "nothing")
    yield from _many(wanted)
    yield from _phrases(wanted, shipped)
    yield from _frames(wanted, shipped)
    for name in ("fires", "quiet"):
        if not getattr(wanted, name):
            yield Trouble(name, "no_example")


def _many(wanted: Wanted) -> Iterable[Trouble]:
    most = {"phrases": MOST_PHRASES, "frames": MOST_FRAMES, "fires": MOST_EXAMPLES, "quiet": MOST_EXAMPLES}
    for name, limit in most.items():
        lines = getattr(wanted, name)
        if len(lines) > limit:
            yield Trouble(name, "too_many", {"limit": limit})
        if long := next((line for line in lines if len(line) > LONGEST), ""):
            yield Trouble(name, "too_long", {"limit": LONGEST, "words": long[:12]})


def _phrases(wanted: Wanted, shipped: Guarding) -> Iterable[Trouble]:
    folding = Folding({one.id: one.stands_for for one in shipped.substitutes})
    for line in wanted.phrases:
        if len(folding.plain(line).strip()) < SHORTEST:
            yield Trouble("phrases", "too_short", {"words": line})
            return


def _frames(wanted: Wanted, shipped: Guarding) -> Iterable[Trouble]:
    known = {one.id for one in shipped.words} | {shape.id for shape in shipped.shapes}
    folding = Folding({one.id: one.stands_for for one in shipped.substitutes})
    for number, line in enumerate(wanted.frames, 1):
        try:
            read = frames.read(line)
        except BadFrame as bad:
            yield Trouble("frames", "frame", {"line": number, "words": line[bad.at : bad.at + 12] or line[:12], "why": bad.why})
            return
        if unknown := sorted(frames.names_in(read) - known):
            yield Trouble("frames", "no_list", {"line": number, "words": unknown[0]})
            return
        if all(_bare(each, folding) for each in read):
            yield Trouble("frames", "too_short", {"words": line})
            return


def _bare(frame: frames.Frame, folding: Folding) -> bool:
    """It would fit wherever one single character stands."""
    places = [element for line in frame.lines for element in line.elements]
    return len(places) == 1 and not places[0].names and any(len(folding.plain(w).strip()) < SHORTEST for w in places[0].words)


def _examples(code: str, wanted: Wanted, shipped: Guarding, jurisdiction: str) -> Iterable[Trouble]:
    linter = alone(code, wanted, shipped)
    context = Context(wanted.surface, jurisdiction)
    for text in wanted.fires:
        if not linter.check(text, context):
            yield Trouble("fires", "silent", {"words": text})
    for text in wanted.quiet:
        if found := linter.check(text, context):
            yield Trouble("quiet", "fires", {"words": text, "found": _words_of(text, found)})


def _words_of(text: str, found: tuple[Finding, ...]) -> str:
    return text[found[0].start : found[0].end][:20]


# --- what holds now ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Own:
    """What a branch has of its own. Equal when the same versions of the same rules hold."""

    rules: tuple[UUID, ...] = ()
    words: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own) and self.rules == other.rules

    @property
    def known_by(self) -> tuple[str, ...]:
        """What a verdict names beside the hashes of the packs: nothing where there is nothing."""
        said = ",".join(map(str, self.rules))
        return (f"own:{hashlib.sha256(said.encode()).hexdigest()}",) if self.rules else ()

    def beside(self, shipped: Guarding) -> Guarding:
        """The shipped rules and these."""
        return shipped.with_rules(*self.readable(shipped)) if self.rules else shipped

    def readable(self, shipped: Guarding) -> tuple[tuple[WordList, ...], tuple[GuardRule, ...]]:
        """Without rules of a kind or list that the packs no longer know: they would stop every check. Their pages say so."""
        lists, rules = _data(self.rules)
        known = {one.id for one in (*shipped.words, *lists)} | {one.id for one in shipped.shapes}
        return lists, tuple(r for r in rules if r.kind in shipped.kind_of and _named(r) <= known)


class Beside:
    """Reads by the shipped rules and by the clinic's own. The two are put in order apart: the shipped ones are many and
    the same for every branch, and stay ready when a branch changes one of its own."""

    def __init__(self, shipped: Linter, guarding: Guarding, own: Own) -> None:
        lists, rules = own.readable(guarding)
        small = Guarding(guarding.kinds, (*guarding.words, *lists), guarding.shapes, guarding.substitutes, rules)
        self._shipped, self._own = shipped, Linter(replace(rule_set(small), known_levels={}))
        self._ranks = {kind.id: kind.rank for kind in guarding.kinds}

    def check(
        self, text: str, context: Context, *, at_most: int = AT_MOST, weighed: bool = True
    ) -> tuple[Finding, ...]:
        linters = (self._shipped, self._own)
        ours, more = (linter.check(text, context, at_most=at_most, weighed=weighed) for linter in linters)
        return together(ours, more, self._ranks)


def _named(rule: GuardRule) -> set[str]:
    return {name for line in rule.frames for name in frames.names_in(frames.read(line))}


NOTHING_OWN = Own()


def own_of(branch_id: int) -> Own:
    """One statement: what is live has a name that never means anything else, so what was read of it is kept."""
    here = Q(branch=None) | Q(branch_id=branch_id)
    none = Value("", output_field=CharField())
    rules = ClinicRule.objects.filter(here, state="live").annotate(said=none).values_list("uid", "said")
    words = AllowEntry.objects.filter(here, ended_at=None).annotate(said=F("words")).values_list("uid", "said")
    rows = list(rules.union(words, all=True))
    live = tuple(sorted((uid for uid, said in rows if not said), key=str))
    return Own(live, tuple(said for _uid, said in rows if said))


@lru_cache(maxsize=32)
def _data(rules: tuple[UUID, ...]) -> tuple[tuple[WordList, ...], tuple[GuardRule, ...]]:
    made = [as_data(row.code, wanted_of(row)) for row in ClinicRule.objects.filter(uid__in=rules).order_by("code")]
    return tuple(one for lists, _rule in made for one in lists), tuple(rule for _lists, rule in made)
