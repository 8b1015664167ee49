"""Whether words mean what they say: not where they are negated, supposed, asked, or quoted from the other side."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable

from suyuan.kernel.textlint.fitting import Match, window, within
from suyuan.kernel.textlint.page import Page
from suyuan.kernel.textlint.rules import ASKING, CONDITION, NEGATION, REPORTING, Scope
from suyuan.kernel.textlint.shapes import Span
from suyuan.kernel.textlint.slots import Slots

Silence = Callable[[Page, Match], bool]
NEGATION_REACH, CONDITION_REACH, REPORT_REACH = 6, 25, 14


class Scopes:
    """The lists by which they are known; a rule set without one of them has no such scope."""

    def __init__(self, slots: Slots, lists: Collection[str]) -> None:
        slot_of = {name: slots.named(name) for name in (NEGATION, CONDITION, ASKING, REPORTING) if name in lists}
        self._negation, self._condition, self._asking, self._reporting = map(
            slot_of.get, (NEGATION, CONDITION, ASKING, REPORTING)
        )
        self._longest_report = slots.longest(slot_of[REPORTING]) if REPORTING in slot_of else 0

    def of(self, silenced_by: Collection[str]) -> tuple[Silence, ...]:
        silences = {
            Scope.NEGATED: self._negated,
            Scope.HYPOTHETICAL: self._supposed,
            Scope.QUESTION: self._asked,
            Scope.QUOTED: self._quoted,
        }
        return tuple(silent for scope, silent in silences.items() if scope in silenced_by)

    def _negated(self, page: Page, match: Match) -> bool:
        negations = _standing(page, self._negation)
        for start, _end in match.spans if negations else ():
            for s, e in window(negations, start - NEGATION_REACH - 6, start):
                if start - e <= NEGATION_REACH and page.clauses.joined(e, start) and not _overlaps((s, e), match.spans):
                    return True
        return False

    def _supposed(self, page: Page, match: Match) -> bool:
        near = window(_standing(page, self._condition), match.start - CONDITION_REACH, match.start + 1)
        return any(page.sentences.joined(e, match.start) and not _overlaps((s, e), match.spans) for s, e in near)

    def _asked(self, page: Page, match: Match) -> bool:
        low, high = page.clauses.over(match.start, match.end)
        if page.text[high : high + 1] in ("?", "？"):
            return True
        asking = _standing(page, self._asking)
        return any(not _overlaps(span, match.spans) for span in within(asking, low, high))

    def _quoted(self, page: Page, match: Match) -> bool:
        reports = _standing(page, self._reporting)
        if not reports:
            return False
        around = page.quote(match.start, match.end)
        if around is not None:
            return self._reported(reports, *around)
        for s, e in window(reports, match.start - REPORT_REACH - 12, match.start + 1):
            if e <= match.start and match.start - e <= REPORT_REACH and page.clauses.joined(e, match.start):
                return not _overlaps((s, e), match.spans)
        return False

    def _reported(self, reports: list[Span], start: int, end: int) -> bool:
        """Somebody is said to have said what stands between these quotation marks."""
        before = within(reports, start - REPORT_REACH - self._longest_report, start)
        behind = reports[bisect_left(reports, (end, -1)) :][:1]
        return any(start - e <= REPORT_REACH for _s, e in before) or any(s - end <= REPORT_REACH for s, _e in behind)


def _standing(page: Page, slot: int | None) -> list[Span]:
    return page.of(slot) if slot is not None else []


def _overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)
