"""Rows of cases held against the facts: stage, level, and the dates of every clock (`suyuan chain verify --rows`).

Facts are what counts; these rows are kept because lists need them. Whoever edits one behind the product's back, say to
make a deadline look kept, changes what no fact says. What the facts cannot decide is left alone: what was counted with
opening hours or a branch that have changed since, on a calendar not yet official, or while the clock rested.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from suyuan.cases import rules
from suyuan.cases.models import Case, CaseClock, ClockPause
from suyuan.cases.services.clocks import Book, book_for, count, implied, moment_of, spec_of
from suyuan.kernel.deadlines import Pause
from suyuan.kernel.machine import NoSuchMove
from suyuan.platform.faults import Fault
from suyuan.platform.models import FactRow
from suyuan.playbooks.errors import PackMissing
from suyuan.playbooks.readers import ClockSpec

AT_ONCE = 200

# Which move of the stage a fact tells of. A reopening says itself where it leads.
MOVES = {
    "case.acknowledged": "acknowledge",
    "case.investigation_started": "investigate",
    "case.findings_disclosed": "disclose",
    "case.responded": "respond",
    "case.closed": "close_confirm",
    "case.withdrawn": "withdraw",
    "case.resolved_on_spot": "resolve_on_spot",
}
OPENINGS = frozenset({"case.opened", "case.completed"})


@dataclass(frozen=True)
class _Told:
    """A fact as the check needs it."""

    uid: UUID
    type: str
    plain: Mapping[str, Any]
    at: datetime

    @property
    def started_at(self) -> datetime:
        stated = self.plain.get("happened_at")
        return min(self.at, datetime.fromisoformat(stated.replace("Z", "+00:00"))) if stated else self.at

    @property
    def said(self) -> list[tuple[str, Mapping[str, Any]]]:
        return list(implied(self.type, self.plain))


def cases_recomputed(streams: Collection[str] | None) -> Iterator[Fault]:
    """A row check (`platform.verify`): cases and their clocks, a few hundred at a time."""
    cases = Case.objects.select_related("branch").order_by("id")
    if streams is not None:
        cases = cases.filter(stream__in=list(streams))
    books: dict[tuple[int, int], Book] = {}
    changed = _changes()
    rows = cases.iterator(chunk_size=AT_ONCE)
    while batch := list(islice(rows, AT_ONCE)):
        told = _facts_of(batch)
        clocks: dict[int, list[CaseClock]] = defaultdict(list)
        for clock in CaseClock.objects.filter(case__in=batch).order_by("id"):
            clocks[clock.case_id].append(clock)
        pauses = _pauses(batch)
        for case in batch:
            facts = told[str(case.uid)]
            yield from _case_faults(case, facts)
            key = (case.procedure_id, case.branch_id)
            if key not in books:
                books[key] = book_for(case)
            yield from _ClocksCheck(case, facts, clocks[case.pk], pauses, books[key], changed).faults()


def _pauses(cases: Sequence[Case]) -> dict[int, list[Pause]]:
    """By clock; nearly all have none, and are not asked one by one."""
    found: dict[int, list[Pause]] = defaultdict(list)
    rows = ClockPause.objects.filter(clock__case__in=cases).order_by("id").values_list("clock_id", "began_at", "ended_at")
    for clock, began_at, ended_at in rows:
        found[clock].append(Pause(began_at, ended_at))
    return found


def _facts_of(cases: Sequence[Case]) -> dict[str, list[_Told]]:
    streams = [case.compartment_stream(compartment) for case in cases for compartment in sorted(rules.COMPARTMENTS)]
    found: dict[str, list[_Told]] = defaultdict(list)
    rows = FactRow.objects.filter(stream__in=streams).order_by("id").values_list("stream", "uid", "type", "plain", "at")
    for stream, uid, fact_type, plain, at in rows:
        said = {name: held[1] for name, held in plain.items()}
        found[stream.partition(":")[2]].append(_Told(uid, fact_type, said, at))
    return found


def _case_faults(case: Case, facts: Sequence[_Told]) -> Iterator[Fault]:
    stage, level, reference = str(rules.Stage.RECEIVED), 0, None
    for fact in facts:
        stage = _stage_after(stage, fact)
        if fact.type in OPENINGS or fact.type == "case.graded":
            level = fact.plain.get("level") or level
        reference = fact.plain.get("reference", reference) if fact.type in OPENINGS else reference
    recomputed = {
        "stage": (str(case.stage), stage),
        "level": (case.level, level),
        "is_open": (case.is_open, stage not in rules.ENDED),
        "reference": (case.reference, reference),
    }
    for name, (row, said) in recomputed.items():
        if row != said:
            yield Fault(case.stream, 0, f"{name}_differs", f"{row}, by the facts {said}")


def _stage_after(stage: str, fact: _Told) -> str:
    if fact.type == "case.reopened":
        return fact.plain["to"]
    if fact.type in MOVES:
        try:
            return str(rules.LIFECYCLE.move(rules.Stage(stage), MOVES[fact.type]).target or stage)
        except NoSuchMove:
            return stage
    return stage


@dataclass(frozen=True)
class _Changes:
    """When what clocks are counted with last changed."""

    packs: datetime | None
    hours: Mapping[str, datetime]


def _changes() -> _Changes:
    loaded = FactRow.objects.filter(type="pack.loaded").order_by("-at").values_list("at", flat=True).first()
    hours: dict[str, datetime] = {}
    for row in FactRow.objects.filter(type="branch.changed").order_by("at"):
        if "opening_hours" in (row.value("changed") or ()):
            hours[row.stream] = row.at
    return _Changes(loaded, hours)


class _ClocksCheck:
    """The clocks of one case against its facts."""

    def __init__(
        self,
        case: Case,
        facts: Sequence[_Told],
        clocks: Sequence[CaseClock],
        pauses: Mapping[int, Sequence[Pause]],
        book: Book,
        changed: _Changes,
    ) -> None:
        self.case, self.facts, self.clocks, self.pauses = case, facts, clocks, pauses
        self.book, self.changed = book, changed
        self.by_uid = {fact.uid: fact for fact in facts}
        self.moved_at = max((fact.at for fact in facts if fact.type == "case.moved_branch"), default=None)

    def faults(self) -> Iterator[Fault]:
        yield from self._missing()
        yield from self._extensions()
        for clock in self.clocks:
            try:
                found = list(self._clock_faults(clock))
            except (LookupError, PackMissing, ValueError) as error:  # no such rule, or it knows no such extension
                found = [("clock_uncountable", str(error))]
            for why, detail in found:
                yield Fault(self.case.stream, 0, why, f"{clock.rule_id}: {detail}")

    def _missing(self) -> Iterator[Fault]:
        """A clock that a fact started is there, whatever became of it."""
        have = {clock.rule_id for clock in self.clocks}
        jurisdiction = self.case.jurisdiction
        for fact in self.facts:
            if self.moved_at is not None and fact.at <= self.moved_at:
                continue
            for fact_type, plain in fact.said:
                started = {house.id for house in self.book.procedure.clocks_for(fact_type, plain, jurisdiction)}
                if self.changed.packs is None or self.changed.packs < fact.at:
                    started |= self._by_law(fact, fact_type, plain)
                for rule in sorted(started - have):
                    have.add(rule)
                    yield Fault(self.case.stream, 0, "clock_missing", f"{rule}, started by {fact.type}")

    def _by_law(self, fact: _Told, fact_type: str, plain: Mapping[str, Any]) -> set[str]:
        on = fact.started_at.astimezone(self.book.table.tz).date()
        found = self.book.law.rules_for(fact_type, plain, on)
        return {rule.id for rule in found if rule.clock is not None and rule.clock.starts_on(fact_type, plain)}

    def _extensions(self) -> Iterator[Fault]:
        recorded: dict[str, int] = defaultdict(int)
        kept: dict[str, int] = defaultdict(int)
        for fact in self.facts:
            if fact.type == "clock.extended":
                recorded[fact.plain["clock"]] += 1
        for clock in self.clocks:
            kept[clock.rule_id] += clock.extensions
        for rule in sorted({*recorded, *kept}):
            if kept[rule] > recorded[rule]:
                detail = f"{rule}: extended {kept[rule]} times, by the facts {recorded[rule]}"
                yield Fault(self.case.stream, 0, "clock_extensions_differ", detail)

    def _clock_faults(self, clock: CaseClock) -> Iterator[tuple[str, str]]:
        clock.case = self.case
        trigger = self.by_uid.get(clock.trigger_fact)
        if trigger is None:
            yield "clock_without_fact", f"nothing in the case started it ({clock.trigger_fact})"
            return
        spec = spec_of(clock, self.book)
        if clock.state in ("stopped", "void") and (why := self._end_differs(clock, spec)):
            yield "clock_end_differs", why
        if clock.state == "void" or self._undecidable(clock, spec):
            return
        if clock.started_at not in self._moments(clock, spec):
            yield "clock_start_differs", f"{clock.started_at.isoformat()} is no time that a fact states"
        elif clock.state != "paused":
            counted = count(spec, clock.started_at, self.book, extensions=clock.extensions, pauses=self.pauses.get(clock.pk, ()))
            for name, row, said in (
                ("due", clock.due_at, counted.due_at), ("target", clock.target_at, counted.target_at),
            ):  # fmt: skip
                if row != said:
                    yield f"clock_{name}_differs", f"{row.isoformat()}, by the facts {said.isoformat()}"

    def _end_differs(self, clock: CaseClock, spec: ClockSpec) -> str:
        if self.moved_at is not None and clock.stopped_at == self.moved_at:  # the former law's clocks fell away
            return ""
        fact = self.by_uid.get(clock.stop_fact) if clock.stop_fact else None
        if fact is None or fact.at != clock.stopped_at:
            return "no fact ended it then"
        ends = spec.cancelled_by if clock.state == "void" else spec.stops_on
        if not any(ends(fact_type, plain, clock.trigger) for fact_type, plain in fact.said):
            return f"{fact.type} does not end it so"
        return ""

    def _undecidable(self, clock: CaseClock, spec: ClockSpec) -> bool:
        hours_changed = self.changed.hours.get(f"branch:{self.case.branch.uid}")
        if spec.opening and hours_changed is not None and clock.recorded_at <= hours_changed:
            return True
        ended = clock.state == "stopped"
        return ended and (clock.provisional or (self.moved_at is not None and clock.stopped_at <= self.moved_at))

    def _moments(self, clock: CaseClock, spec: ClockSpec) -> set[datetime]:
        """Every moment that this clock may count from, by what was recorded: a day stated since, or when we learned."""
        learned = {fact.started_at for fact in self.facts if fact.uid == clock.trigger_fact}
        return learned | {
            moment_of(spec, plain, fact.started_at, self.case, self.book.table)
            for fact in self.facts
            for _fact_type, plain in fact.said
            if fact.uid == clock.trigger_fact or spec.from_ in plain
        }
