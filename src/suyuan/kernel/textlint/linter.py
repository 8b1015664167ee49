"""Reads one text and says what is in it that the rules speak of. Pure: the same text and context give the same findings.

Cost: one walk over the text finds all words; a few operations on long numbers tell which frames may fit at all; these are
looked at only where their rarest part stands, and only as far around it as their distances reach. So the time grows with
the text and with what is found in it, and nothing a writer types can make it more.

    automaton  all words in one walk                    page     one text: its parts, and what stands where
    slots      numbers for lists of words and shapes    fitting  where a frame fits
    grid       which frames may fit, all at once        scopes   whether words mean what they say
    weighing   how the whole sounds, where rules are in doubt or silent
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import chain, count, islice
from math import inf
from operator import or_

from suyuan.kernel.textlint.fitting import Frame, Match, compiled, matches
from suyuan.kernel.textlint.folding import Folding
from suyuan.kernel.textlint.frames import CLAUSE, SENTENCE
from suyuan.kernel.textlint.grid import Grid, ones
from suyuan.kernel.textlint.page import Page, Spread, Tables
from suyuan.kernel.textlint.rules import Context, Finding, Level, Rule, RuleSet, by_harm
from suyuan.kernel.textlint.scopes import Scopes, Silence
from suyuan.kernel.textlint.shapes import Span
from suyuan.kernel.textlint.slots import Slots
from suyuan.kernel.textlint.weighing import Weights

MOST_PLACES = 256  # kept ready
AT_MOST = 12  # findings of one rule in one text

_PATIENT_DATA = "patient_data"
_SEPARATORS = r"[-() .]{0,2}"
_ORDER = {Level.BLOCK.value: 0, Level.WARN.value: 1, Level.ADVISE.value: 2}


@dataclass(frozen=True, eq=False)
class _Rule:
    """A rule, the scopes that silence it, and its frames as columns of the grid."""

    rule: Rule
    scopes: tuple[Silence, ...]
    frames: int
    unless: int
    unless_anywhere: int


@dataclass(frozen=True)
class _Place:
    """What holds where a text goes: the columns of all frames that must not fit there, and rules of which one must;
    and rules that weigh the whole. `asked`: all columns that may be asked for there."""

    asked: int
    columns: int
    missing: tuple[_Rule, ...]
    weighed: tuple[Rule, ...]


class Linter:
    """Made once from a rule set, used for any number of texts, by any number of threads."""

    def __init__(self, rules: RuleSet) -> None:
        self._folding = Folding(rules.substitutes)
        self._ranks = rules.ranks
        self._known_levels = rules.known_levels
        self._weights = rules.weights
        self._doubtful = frozenset(rule.id for rule in rules.rules if rule.doubtful)
        self._slots = Slots(rules, self._folding)
        self._places: dict[tuple[str, str, str, str], _Place] = {}
        self._owns: dict[tuple[str, ...], tuple[re.Pattern[str], ...]] = {}

        made = self._compiled(rules.rules)
        scopes = Scopes(self._slots, rules.words)
        # Numbering is complete: only now can words be looked for.
        self._automaton = self._slots.close()
        self._frames = sorted(chain.from_iterable(chain.from_iterable(made)), key=lambda frame: -len(frame.slots))
        columns = {frame.number: 1 << column for column, frame in enumerate(self._frames)}
        self._rules = tuple(
            _Rule(rule, scopes.of(rule.silenced_by), *(sum(columns[frame.number] for frame in some) for some in sets))
            for rule, sets in zip(rules.rules, made, strict=True)
        )
        self._owner = {column: one for one in self._rules for column in ones(one.frames)}
        self._tables = self._tabled(Grid([frame.by_rarity for frame in self._frames]))

    def _compiled(self, rules: Iterable[Rule]) -> list[list[list[Frame]]]:
        """Of each rule its frames, those that excuse it in their sentence, and those that do so anywhere."""
        number = count()
        return [
            [
                [compiled(frame, next(number), self._slots) for frame in some]
                for some in (r.frames, r.unless, r.unless_anywhere)
            ]
            for r in rules
        ]

    def _tabled(self, grid: Grid) -> Tables:
        slots = self._slots

        def asking(part: str) -> int:
            return sum(1 << column for column, frame in enumerate(self._frames) if frame.together == part)

        of_slots = {some: grid.bits(some) for some in set(slots.classes)}  # kept once: many classes stand in the same
        return Tables(
            slots=slots,
            grid=grid,
            of_class=list(map(of_slots.__getitem__, slots.classes)),
            of_shape={shape: grid.bits(some) for shape, some in slots.of_shape.items()},
            in_clause=asking(CLAUSE),
            in_sentence=asking(SENTENCE),
        )

    # --- reading ---------------------------------------------------------------------------------------------------

    def check(
        self, text: str, context: Context, *, at_most: int = AT_MOST, kind: str = "", weighed: bool = True
    ) -> tuple[Finding, ...]:
        """What is found, in order of harm; of one rule `at_most` so many; if asked, of one kind only, or by rules alone."""
        place = self._place(context, kind)
        page = whole = self._page(text, place)
        if context.allow:
            page = whole.sparing(Spread(m.span() for one in self._own(context.allow) for m in one.finditer(whole.text)))
        found = list(self._known(page, context)) if kind in ("", _PATIENT_DATA) else []
        for one, frames in self._standing(page, place.columns).items():
            level = one.rule.levels[context.surface]
            for match in self._of_rule(page, one, frames, at_most):
                start, end = page.folded.back(match.start, match.end)
                found.append(Finding(one.rule.kind, level, start, end, one.rule.id))
        found.extend(self._absences(page, whole, place.missing, context))
        weights = self._weights if weighed else None
        if weights and (place.weighed or any(one.rule in self._doubtful for one in found)) and weights.reads(page.text):
            found = self._in_all(page, place, found, context, weights)
        return together(found, (), self._ranks)

    def _page(self, text: str, place: _Place) -> Page:
        folded = self._folding(text)
        return Page(folded, self._automaton.ends(folded.characters), self._tables, place.asked)

    def _place(self, context: Context, kind: str) -> _Place:
        """There are few places, and a rule is asked but once whether it is for one."""
        key = (context.surface, context.jurisdiction, context.reply_to, kind)
        known = self._places.get(key)
        if known is None:
            if len(self._places) >= MOST_PLACES:
                self._places.clear()
            here = [one for one in self._rules if _concerns(one.rule, context) and kind in ("", one.rule.kind)]
            asked = reduce(or_, (one.frames | one.unless | one.unless_anywhere for one in here), 0)
            columns = sum(one.frames for one in here if not one.rule.missing)
            missing = tuple(one for one in here if one.rule.missing and not one.rule.weighed)
            weighed = tuple(one.rule for one in here if one.rule.weighed)
            known = self._places[key] = _Place(asked, columns, missing, weighed)
        return known

    def _own(self, allow: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
        """A clinic says the same of itself each time."""
        known = self._owns.get(allow)
        if known is None:
            if len(self._owns) >= MOST_PLACES:
                self._owns.clear()
            known = self._owns[allow] = tuple(_sought(self._folding.plain(one)) for one in allow)
        return known

    def _standing(self, page: Page, columns: int) -> dict[_Rule, list[Frame]]:
        """Rules with those of their frames that may fit."""
        standing: dict[_Rule, list[Frame]] = defaultdict(list)
        for column in page.standing(columns):
            standing[self._owner[column]].append(self._frames[column])
        return standing

    def _of_rule(self, page: Page, one: _Rule, frames: list[Frame], at_most: int) -> list[Match]:
        """Where there are too many, those of the frames that stand first in the text."""
        found = self._some(page, one, frames, at_most)
        if len(found) < at_most or len(frames) == 1:
            return found
        ordered = sorted(frames, key=lambda frame: (page.first(frame.by_rarity[0]), frame.by_rarity[0], frame.number))
        return self._some(page, one, ordered, at_most)

    def _some(self, page: Page, one: _Rule, frames: Iterable[Frame], at_most: int) -> list[Match]:
        found: list[Match] = []
        for match in chain.from_iterable(matches(page, frame) for frame in frames):
            if self._stands(page, one, match):
                if not found and self._excused(page, one):
                    break
                found.append(match)
                if len(found) >= at_most:
                    break
        return found

    # --- does it stand ---------------------------------------------------------------------------------------------

    def _stands(self, page: Page, one: _Rule, match: Match) -> bool:
        if any(silent(page, match) for silent in one.scopes):
            return False
        if not page.may_stand(one.unless):
            return True
        return not self._excuses(page, one).touch(*page.sentences.over(match.start, match.end))

    def _excuses(self, page: Page, one: _Rule) -> Spread:
        """Found once in a text: asked again for every match, a text full of both would take forever."""
        known = page.excuses.get(one.rule.id)
        if known is None:
            spans = ((match.start, match.end) for match in self._anywhere(page, one.unless))
            known = page.excuses[one.rule.id] = Spread(spans)
        return known

    def _excused(self, page: Page, one: _Rule) -> bool:
        """Something stands somewhere in the text that makes all of it right."""
        return next(self._anywhere(page, one.unless_anywhere), None) is not None

    def _anywhere(self, page: Page, columns: int) -> Iterator[Match]:
        for column in page.standing(columns):
            yield from matches(page, self._frames[column])

    # --- what is known, and what is not there ----------------------------------------------------------------------

    def _known(self, page: Page, context: Context) -> Iterator[Finding]:
        levels = self._known_levels
        for known in context.known:
            level = levels.get(context.surface) or levels.get((context.surface, known.kind))
            if not level:
                continue
            folded = self._folding.plain(known.value).strip()
            if len(folded) < 2:
                continue
            for m in islice(_sought(folded).finditer(page.text), AT_MOST):
                start, end = page.folded.back(*m.span())
                yield Finding(_PATIENT_DATA, level, start, end, f"known-{known.kind}")

    def _absences(self, page: Page, whole: Page, missing: Iterable[_Rule], context: Context) -> Iterator[Finding]:
        """On the whole page too: a telephone that names nobody, because it is the clinic's own, is still a way to call."""
        pages = dict.fromkeys((page, whole))
        length = len(page.text)
        for one in missing:
            rule = one.rule
            if length >= rule.at_least and not any(next(self._anywhere(each, one.frames), None) for each in pages):
                at = page.folded.back(*_place_of(rule, length))[0]
                yield Finding(rule.kind, rule.levels[context.surface], at, at, rule.id)

    # --- how the whole sounds --------------------------------------------------------------------------------------

    def _in_all(
        self, page: Page, place: _Place, found: list[Finding], context: Context, weights: Weights
    ) -> Iterator[Finding]:
        """Without what only doubtful rules say, and neither the text nor the sentence they speak of; with what the text says and no
        rule does."""
        weighed = weights.weigh(page.text, context.surface, context.reply_to, page.folded.characters)
        certain = {one.kind for one in found if one.rule not in self._doubtful}
        said = set(certain)
        for one in found:
            if one.kind in certain or weights.leans(one.kind, weighed, page.folded.place(one.start), len(page.text)):
                said.add(one.kind)
                yield one
        for rule in place.weighed:
            if rule.kind in said or len(page.text) < rule.at_least:
                continue
            if weights.is_sure(rule.kind, weighed.score.get(rule.kind, -inf), len(page.text)):
                start, end = page.folded.back(*(_place_of(rule, len(page.text)) if rule.missing else weighed.worst(rule.kind)))
                yield Finding(rule.kind, rule.levels[context.surface], start, end, rule.id)


# --- small things ---------------------------------------------------------------------------------------------------


def _concerns(rule: Rule, context: Context) -> bool:
    return (
        context.surface in rule.levels
        and (not rule.jurisdictions or context.jurisdiction in rule.jurisdictions)
        and (not rule.reply_to or context.reply_to in rule.reply_to)
        and context.reply_to not in rule.not_reply_to
    )


def _place_of(rule: Rule, length: int) -> Span:
    """Where in a text of this length something that is missing belongs."""
    at = 0 if rule.at_start else length
    return at, at


def _sought(folded: str) -> re.Pattern[str]:
    """An own word as it may be typed: numbers with any of the usual separators."""
    digits = re.sub(r"[-() .+]", "", folded)
    if len(digits) >= 6 and digits.isdigit():
        return re.compile(r"(?<!\d)" + _SEPARATORS.join(digits) + r"(?!\d)")
    return re.compile(re.escape(folded))


def together(found: Iterable[Finding], more: Iterable[Finding], ranks: Mapping[str, int]) -> tuple[Finding, ...]:
    """What two linters find in one text, as one linter with the rules of both would say it."""
    every = [*found, *more]
    missing = [f for f in every if f.start == f.end]
    return tuple(sorted([*_merged([f for f in every if f.start < f.end]), *missing], key=by_harm(ranks)))


def _merged(found: list[Finding]) -> list[Finding]:
    """Of findings of one kind that overlap, the heavier, then the longer."""
    kept: list[Finding] = []
    taken: dict[str, list[Span]] = defaultdict(list)  # of each kind, in order; none overlaps another
    for one in sorted(found, key=lambda f: (_ORDER[f.level], f.start - f.end, f.start, f.rule)):
        spans = taken[one.kind]
        place = bisect_left(spans, (one.start, one.start))
        beside = spans[max(0, place - 1) : place + 1]
        if not any(one.start < end and start < one.end for start, end in beside):
            spans.insert(place, (one.start, one.end))
            kept.append(one)
    return kept
