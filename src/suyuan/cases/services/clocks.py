"""Clocks follow facts: one reaction starts, stops and restarts them all; one sweep gives their alarms.

What a clock means is never stored here: the row keeps the hash of the rule in force on the trigger date and the pinned
procedure says the rest. A registration that says many things at once (`case.opened`) is read as the facts it implies.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Min

from suyuan.accounts.models import Branch, User
from suyuan.accounts.selectors import members_with
from suyuan.cases import errors, rules
from suyuan.cases.models import Case, CaseClock, ClockPause, Involvement, Promise, Task
from suyuan.cases.services.common import case_locked, is_being_born, require_may, stated_time, tell, words_frozen
from suyuan.correspondence.services import Recipient, staff_notify
from suyuan.kernel import deadlines
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.platform import units
from suyuan.platform.facts import Fact, Recorded, facts_record
from suyuan.platform.models import FactRow
from suyuan.platform.rows import rows_add
from suyuan.platform.units import writes
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import ClockSpec, Escalation, HouseClock, Law, LawRule, Procedure
from suyuan.playbooks.texts import pick

ALARM_BATCH = 1_000

SHORT_REASON = 200  # longer ones live once in a frozen row

# Whom an alarm reaches while a case has nobody in that part yet.
NOBODY_YET = {"handler": "case_manager", "investigator": "case_manager"}


@dataclass(frozen=True)
class Book:
    """The packs that count for one case, read once per write."""

    procedure: Procedure
    law: Law
    table: deadlines.DayTable
    opening: deadlines.OpeningHours | None


def book_for(case: Case) -> Book:
    notes = units.current().notes if units.current() else {}
    key = f"book:{case.procedure_id}:{case.branch_id}"
    if key not in notes:
        notes[key] = Book(
            packs.procedure_of(case.procedure_id),
            packs.law_newest(case.jurisdiction),
            packs.calendar_for(case.jurisdiction).table,
            opening_of(case.branch),
        )
    return notes[key]


def opening_of(branch) -> deadlines.OpeningHours | None:
    """Opening hours for house clocks: ISO weekday 1 is the kernel's 0. None when the clinic named none."""
    hours = {
        day - 1: tuple((_wall(p.opens), _wall(p.closes)) for p in periods) for day, periods in branch.hours.items() if periods
    }
    return deadlines.OpeningHours(hours) if hours else None


def _wall(words: str) -> time:
    """"24:00" is the last instant of the day."""
    return time.max if words == "24:00" else time.fromisoformat(words)


# --- following facts -----------------------------------------------------------------------------------------------


def implied(fact_type: str, plain: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The facts that one recorded fact says at once, itself first."""
    yield fact_type, plain
    if fact_type not in {"case.opened", "case.completed"}:
        return
    if plain.get("harm") and plain["harm"] != rules.Harm.NONE:
        yield "harm.stated", {"state": plain["harm"], "occurred_on": plain.get("occurred_on")}
    if plain.get("causes"):
        yield "issue.classified", {"causes": plain["causes"]}
    if plain.get("danger_signs"):
        yield "case.danger_raised", {"signs": plain["danger_signs"]}
    if plain.get("level"):
        yield "case.graded", {"level": plain["level"], "from": 0}
    for demand in plain.get("demands") or ():
        yield "demand.recorded", demand


def clocks_follow(event: Recorded, *, actor: Actor, now: datetime) -> None:
    """Inside-reaction on every fact of a case."""
    case = event.subject
    if not isinstance(case, Case):
        case = _case_of(event.stream)
        if case is None:
            return
    desk = _Desk.of(case, now)
    for fact_type, plain in implied(event.type, event.plain):
        desk.follow(fact_type, plain, event)


def _case_of(stream: str) -> Case | None:
    noun, _, uid = stream.partition(":")
    if noun != "case" and noun not in rules.COMPARTMENTS:
        return None
    notes = units.required().notes
    if uid not in notes:
        notes[uid] = Case.objects.select_related("branch").filter(uid=uid).first()
    return notes[uid]


class _Desk:
    """The clocks of one case during one write: loaded once, saved once."""

    def __init__(self, case: Case, clocks: list[CaseClock], at: datetime) -> None:
        self.case, self.at = case, at
        self.clocks = clocks
        self.new: list[CaseClock] = []
        self.changed: dict[int, CaseClock] = {}
        self.promises: list[tuple[CaseClock, Promise]] = []
        self.ended: list[CaseClock] = []
        self.pauses: list[ClockPause] = []
        self.over: list[int] = []
        self.moved: list[dict[str, str]] = []

    @classmethod
    def of(cls, case: Case, now: datetime) -> _Desk:
        unit = units.required()
        key = f"clocks:{case.pk}"
        if key not in unit.notes:
            loaded = [] if is_being_born(case) else list(CaseClock.objects.filter(case=case, state__in=("running", "paused")))
            for clock in loaded:
                clock.case = case
            desk = unit.notes[key] = cls(case, loaded, now)
            unit.flushers.append(lambda _unit: desk.save())
        return unit.notes[key]

    @property
    def open(self) -> list[CaseClock]:
        return [c for c in (*self.clocks, *self.new) if c.state in ("running", "paused")]

    def follow(self, fact_type: str, plain: Mapping[str, Any], event: Recorded) -> None:
        book = book_for(self.case)
        for clock in self.open:
            spec = spec_of(clock, book)
            if spec.cancelled_by(fact_type, plain, clock.trigger):
                self._end(clock, "cancelled", event)
            elif spec.stops_on(fact_type, plain, clock.trigger):
                self._end(clock, "", event)
                if spec.repeats and self.case.is_open:
                    self._start(rule_of(clock, book), spec, plain, event)
            else:
                self._law_pause(clock, spec, fact_type, plain, event)
                self._dated(clock, spec, plain, event)
        for house in book.procedure.clocks_for(fact_type, plain, self.case.jurisdiction):
            self._start(house, house.clock, plain, event)
        self._law_starts(fact_type, plain, event, book)
        self._say_moved()

    def follow_law(self, fact_type: str, plain: Mapping[str, Any], event: _Replayed, book: Book) -> None:
        """The same with the law alone: its clocks end and start by this fact."""
        for clock in self.open:
            spec = spec_of(clock, book)
            if spec.cancelled_by(fact_type, plain, clock.trigger):
                self._end(clock, "cancelled", event)
            elif spec.stops_on(fact_type, plain, clock.trigger):
                self._end(clock, "", event)
            else:
                self._law_pause(clock, spec, fact_type, plain, event)
                self._dated(clock, spec, plain, event)
        self._law_starts(fact_type, plain, event, book)

    def _law_starts(self, fact_type: str, plain: Mapping[str, Any], event: Recorded | _Replayed, book: Book) -> None:
        on = event.started_at.astimezone(book.table.tz).date()
        for rule in book.law.rules_for(fact_type, plain, on):
            if rule.clock is not None and rule.clock.starts_on(fact_type, plain):
                self._start(rule, rule.clock, plain, event)

    def _start(self, rule: HouseClock | LawRule, spec: ClockSpec, plain: Mapping[str, Any], event: Recorded) -> None:
        trigger = {name: value for name, value in plain.items() if isinstance(value, str | int | bool)}
        for clock in self.open:
            if clock.rule_id == rule.id and all(clock.trigger.get(n) == trigger.get(n) for n in spec.same):
                self._earlier(clock, plain, event)
                return
        book = book_for(self.case)
        started = moment_of(spec, plain, event.started_at, self.case, book.table)
        counted = count(spec, started, book, extensions=0, pauses=())
        law = isinstance(rule, LawRule)
        silent = spec.information or (law and not rule.alarms)
        clock = CaseClock(
            case=self.case,
            basis="law" if law else "house",
            rule_id=rule.id,
            rule_hash=rule.sha if law else "",
            grade=rule.grade if law else "V",
            information=silent,
            external=spec.external,
            trigger_fact=event.uid,
            trigger=trigger,
            started_at=started,
            recorded_at=event.now,
            due_at=counted.due_at,
            target_at=counted.target_at,
            provisional=counted.provisional,
            born_late=counted.due_at <= event.now,
            owner_role=spec.owner,
        )
        clock.next_alarm_at = None if silent else next_alarm_at(clock, spec, counted, book, event.now)
        self.new.append(clock)
        self._promise(clock, book)

    def _promise(self, clock: CaseClock, book: Book) -> None:
        """A house clock that the complainant was told about is a promise in a row."""
        if clock.basis != "house" or clock.born_late:
            return
        for step in book.procedure.promise.steps:
            if step.clock == clock.rule_id:
                promise = Promise(
                    case=self.case,
                    code=clock.rule_id,
                    words=pick(step.title, self.case.language)[:200],
                    due_at=clock.target_at,
                    made_at=clock.recorded_at,
                )
                self.promises.append((clock, promise))

    def _dated(self, clock: CaseClock, spec: ClockSpec, plain: Mapping[str, Any], event: Recorded | _Replayed) -> None:
        """A fact states the day that a running clock counts from, whether or not it would start one."""
        stated = spec.from_ not in ("at", "case_opened") and isinstance(plain.get(spec.from_), str)
        if stated and spec.same_matter(plain, clock.trigger):
            self._earlier(clock, plain, event)

    def _earlier(self, clock: CaseClock, plain: Mapping[str, Any], event: Recorded | _Replayed) -> None:
        """Count again from the moment now known, when it lies before the one counted from. Never from a later one."""
        book = book_for(self.case)
        moment = moment_of(spec_of(clock, book), plain, event.started_at, self.case, book.table)
        if moment >= clock.started_at:
            return
        before, clock.started_at = clock.due_at, moment
        self._recount(clock, event)
        # Past before we could know: nobody's breach. One that was late already by our own hand stays so.
        clock.born_late = clock.born_late or clock.due_at <= event.now < before
        self._touch(clock)
        if clock.pk and clock.due_at != before:
            self.moved.append({"clock": clock.rule_id, "from": before.isoformat(), "to": clock.due_at.isoformat()})

    def _say_moved(self) -> None:
        if self.moved:
            plain = {"moved": self.moved, "why": "earlier"}
            tell(self.case, "clock.recounted", actor=SYSTEM, now=self.at, plain=plain)
            self.moved = []

    def _recount(self, clock: CaseClock, event: Recorded | _Replayed) -> None:
        unsaved = [deadlines.Pause(p.began_at, p.ended_at) for p in self.pauses if p.clock is clock]
        recount(clock, book_for(self.case), event.now, unsaved=unsaved)

    def _end(self, clock: CaseClock, outcome: str, event: Recorded) -> None:
        """Stop at server time; a stated earlier time shows as done in time by statement, recorded late."""
        stated = event.started_at
        if not outcome:
            outcome = _outcome(clock, stated, event.now)
        clock.state = "void" if outcome == "cancelled" else "stopped"
        clock.stopped_at, clock.stop_fact, clock.outcome = event.now, event.uid, outcome
        clock.stopped_stated_at = stated if stated < event.now else None
        clock.next_alarm_at = None
        self._touch(clock)
        if "due" in clock.alarms:
            self.over.append(clock.pk)
        self._promise_over(clock)

    def _promise_over(self, clock: CaseClock) -> None:
        """The promise of an ended clock is kept, in time or late, or nobody waits for it any more."""
        if clock.pk:
            if clock.basis == "house":
                self.ended.append(clock)
            return
        for of, promise in self.promises:
            if of is clock:
                name = "released_at" if clock.state == "void" else "kept_at"
                setattr(promise, name, clock.stopped_at)

    def _law_pause(self, clock, spec, fact_type, plain, event) -> None:
        for pause in spec.pauses:
            if clock.state == "running" and pause.begins.matches(fact_type, plain):
                clock.state, clock.next_alarm_at = "paused", None
                self.pauses.append(ClockPause(clock=clock, began_at=event.started_at, reason=pause.begins.fact))
                self._touch(clock)
            elif clock.state == "paused" and pause.ends.matches(fact_type, plain):
                for unsaved in self.pauses:
                    if unsaved.clock is clock and unsaved.ended_at is None:
                        unsaved.ended_at = event.started_at
                if clock.pk:
                    ClockPause.objects.filter(clock=clock, ended_at__isnull=True).update(ended_at=event.started_at)
                clock.state = "running"
                self._recount(clock, event)
                self._touch(clock)

    def _touch(self, clock: CaseClock) -> None:
        if clock.pk:
            self.changed[clock.pk] = clock

    def save(self) -> None:
        if self.new:
            rows_add(self.new)
        for pause in self.pauses:
            pause.clock_id = pause.clock.pk
        if self.pauses:
            rows_add(self.pauses)
        _clocks_write([*self.changed.values()])
        for clock in self.ended:
            _promise_settle(clock, book_for(self.case))
        if self.promises:
            rows_add([promise for _clock, promise in self.promises])
        if self.over:  # whoever was called in because it was late need not come any more
            late = Task.objects.filter(clock_id__in=self.over, done_at=None, cancelled_at=None)
            late.update(cancelled_at=self.at)
        due = min((c.target_at for c in self.open if c.state == "running" and not c.information and not c.external), default=None)
        if self.case.is_open and due != self.case.next_due_at:
            self.case.next_due_at = due
            Case.objects.filter(pk=self.case.pk).update(next_due_at=due)


def _promise_settle(clock: CaseClock, book: Book) -> None:
    """What we promised when this clock began: kept, also when that was late; released when the clock fell away before."""
    if clock.rule_id not in {step.clock for step in book.procedure.promise.steps}:
        return
    made = Promise.objects.filter(
        case_id=clock.case_id, code=clock.rule_id, made_at=clock.recorded_at, kept_at=None, released_at=None
    )
    if clock.state != "void":
        made.update(kept_at=clock.stopped_at)
    else:  # what was broken by then was broken
        made.filter(broken_at=None, due_at__gt=clock.stopped_at).update(released_at=clock.stopped_at)


def _outcome(clock: CaseClock, stated: datetime, now: datetime) -> str:
    """How a fulfilled clock ended. One past before anybody could know of it was late through nobody's handling."""
    if now < clock.due_at:
        return "in_time"
    if stated < clock.due_at:
        return "stated_in_time"
    return "born_late" if clock.born_late else "late"


_CLOCK_COLUMNS = (
    "state",
    "started_at",
    "born_late",
    "due_at",
    "target_at",
    "provisional",
    "next_alarm_at",
    "alarms",
    "stopped_at",
    "stopped_stated_at",
    "stop_fact",
    "outcome",
    "extensions",
)


def _clocks_write(changed: list[CaseClock]) -> None:
    """In one statement. Mostly it is one clock, for which the plain one takes a fraction of the time."""
    if len(changed) == 1:
        changed[0].save(update_fields=_CLOCK_COLUMNS)
    elif changed:
        CaseClock.objects.bulk_update(changed, _CLOCK_COLUMNS)


# --- counting ------------------------------------------------------------------------------------------------------


def rule_of(clock: CaseClock, book: Book) -> HouseClock | LawRule:
    """What this clock rests on: law by the hash it started under, the house by the pinned procedure."""
    if clock.basis == "house":
        return book.procedure.clock(clock.rule_id)
    for rule in book.law.rules:
        if rule.sha == clock.rule_hash:
            return rule
    return packs.law_rule(clock.rule_hash)


def spec_of(clock: CaseClock, book: Book) -> ClockSpec:
    spec = rule_of(clock, book).clock
    if spec is None:
        raise LookupError(f"{clock.rule_id} has no clock")
    return spec


def moment_of(
    spec: ClockSpec, plain: Mapping[str, Any], at: datetime, case: Case, table: deadlines.DayTable
) -> datetime:
    """The moment the rule counts from; when its field is missing, the day we learned (`at`)."""
    if spec.from_ == "at":
        return at
    if spec.from_ == "case_opened":
        return min(case.received_at, case.stated_at or case.received_at)
    value = plain.get(spec.from_)
    if value is None and spec.from_ in ("occurred_on", "occurred_at") and case.occurred_on:
        value = case.occurred_on.isoformat()
    if not isinstance(value, str):
        return at
    if len(value) == 10:
        return datetime.combine(date.fromisoformat(value), time(0), table.tz).astimezone(UTC)
    return datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(UTC)


def count(
    spec: ClockSpec, started: datetime, book: Book, *, extensions: int, pauses: Iterable[deadlines.Pause], now=None
) -> deadlines.Deadline:
    return deadlines.deadline(
        spec.rule(extensions), started, book.table, opening=book.opening if spec.opening else None, pauses=pauses, now=now
    )


def pauses_of(clock: CaseClock) -> tuple[deadlines.Pause, ...]:
    return tuple(deadlines.Pause(p.began_at, p.ended_at) for p in clock.pauses.all()) if clock.pk else ()


def recount(
    clock: CaseClock, book: Book, now: datetime, *, unsaved: Iterable[deadlines.Pause] = ()
) -> deadlines.Deadline:
    """Due and target again, after a pause, an extension, an earlier beginning or a new calendar."""
    spec = spec_of(clock, book)
    pauses = (*pauses_of(clock), *unsaved)
    counted = count(spec, clock.started_at, book, extensions=clock.extensions, pauses=pauses, now=now)
    clock.due_at, clock.target_at, clock.provisional = counted.due_at, counted.target_at, counted.provisional
    if not clock.information and clock.state == "running":
        clock.next_alarm_at = next_alarm_at(clock, spec, counted, book, now)
    return counted


def _as_counted(clock: CaseClock, book: Book) -> deadlines.Deadline:
    """What was counted when the clock was last touched: alarms need no day drawn again."""
    last, shown = (book.table.local(at).date() for at in (clock.due_at, clock.target_at))
    return deadlines.Deadline(clock.due_at, clock.target_at, last, shown, clock.provisional)


def alarm_times(clock: CaseClock, spec: ClockSpec, counted: deadlines.Deadline, book: Book) -> list[tuple[datetime, str]]:
    """Every alarm of a clock with its key: warnings, target, due, and the steps up the line after it."""
    times = [(a.at, a.key) for a in deadlines.alarms(counted, spec.alarms_before, book.table)]
    for escalation in book.procedure.escalations:
        if escalation.overdue_hours is not None and _concerns(escalation, clock):
            times.append((counted.due_at + timedelta(hours=escalation.overdue_hours), f"up:{escalation.id}"))
    return sorted(times)


def _concerns(escalation: Escalation, clock: CaseClock) -> bool:
    """Whether a rule for late clocks is about this one: it binds us, its basis, the case's level and flags."""
    case = clock.case
    if not _binds(clock) or escalation.basis not in (None, clock.basis):
        return False
    if escalation.levels and rules.clock_level(case.level) not in escalation.levels:
        return False
    return not escalation.flags or bool(set(escalation.flags) & set(case.flags))


def next_alarm_at(
    clock: CaseClock, spec: ClockSpec, counted: deadlines.Deadline, book: Book, now: datetime
) -> datetime | None:
    """When this clock next has something to say."""
    return next_alarm_of(alarm_times(clock, spec, counted, book), clock)


def next_alarm_of(times: Iterable[tuple[datetime, str]], clock: CaseClock) -> datetime | None:
    """The first of these that was not given. Warnings that lay before the clock was recorded warn nobody."""
    return next((max(at, clock.recorded_at) for at, key in times if _speaks(clock, at, key)), None)


def _speaks(clock: CaseClock, at: datetime, key: str) -> bool:
    return key not in clock.alarms and (at >= clock.recorded_at or key == "due")


# --- pausing -------------------------------------------------------------------------------------------------------


@writes
def clock_pause(*, clock: CaseClock, reason: str, actor: Actor, now: datetime) -> CaseClock:
    """Let a house clock rest while somebody outside has the word. Statutory clocks never pause."""
    case = case_locked(clock.case)
    require_may(case, "task", actor, now)
    clock = CaseClock.objects.select_for_update().get(pk=clock.pk)
    spec = spec_of(clock, book_for(case))
    if clock.basis == "law" or not spec.pausable:
        raise errors.ClockNotPausable()
    if clock.state != "running":
        raise errors.AlreadyDone()
    if not reason.strip():
        raise errors.WordsMissing("reason")
    ClockPause.objects.create(clock=clock, began_at=now, reason=reason[:200])
    clock.state, clock.next_alarm_at = "paused", None
    clock.save(update_fields=["state", "next_alarm_at"])
    _next_due(case)
    tell(case, "clock.paused", actor=actor, now=now, plain={"clock": clock.rule_id}, private={"reason": reason})
    return clock


@writes
def clock_resume(*, clock: CaseClock, actor: Actor, now: datetime) -> CaseClock:
    """Go on counting; the time at rest is added to the deadline."""
    case = case_locked(clock.case)
    require_may(case, "task", actor, now)
    clock = CaseClock.objects.select_for_update().get(pk=clock.pk)
    if clock.state != "paused":
        raise errors.AlreadyDone()
    ClockPause.objects.filter(clock=clock, ended_at__isnull=True).update(ended_at=now)
    clock.state = "running"
    recount(clock, book_for(case), now)
    clock.save(update_fields=["state", "due_at", "target_at", "provisional", "next_alarm_at"])
    _next_due(case)
    tell(case, "clock.resumed", actor=actor, now=now, plain={"clock": clock.rule_id})
    return clock


@writes
def clock_extend(
    *, clock: CaseClock, reason: str, happened_at: datetime | None = None, actor: Actor, now: datetime
) -> CaseClock:
    """Record a lawful extension: as often as the rule allows, decided (`happened_at`) before the deadline was past.

    Adds to the first period, never a fresh start; the alarms of the new deadline are still to sound. Raises
    ClockNotExtendable, ClockOver.
    """
    case = case_locked(clock.case)
    require_may(case, "task", actor, now)
    clock = CaseClock.objects.select_for_update().get(pk=clock.pk)
    clock.case = case
    if clock.state != "running":
        raise errors.AlreadyDone()
    book = book_for(case)
    allowed = spec_of(clock, book).extension
    if allowed is None or clock.extensions >= allowed.max_times:
        raise errors.ClockNotExtendable(times=clock.extensions)
    decided = stated_time(happened_at, now) or now
    if decided >= clock.due_at:
        raise errors.ClockOver()
    if not reason.strip():
        raise errors.WordsMissing("reason")
    frozen = words_frozen(case, "reason", reason, now=now, field="reason") if len(reason) > SHORT_REASON else None

    before = clock.due_at
    clock.extensions += 1
    _count_on(clock, book, now)
    columns = ["extensions", "due_at", "target_at", "provisional", "born_late", "alarms", "next_alarm_at"]
    clock.save(update_fields=columns)
    if clock.due_at > now:  # whoever was called in because it was late need not come any more
        Task.objects.filter(clock=clock, done_at=None, cancelled_at=None).update(cancelled_at=now)
    _next_due(case)
    plain = {
        "clock": clock.rule_id,
        "basis": clock.basis,
        "times": clock.extensions,
        "from": before.isoformat(),
        "to": clock.due_at.isoformat(),
    }
    tell(
        case,
        "clock.extended",
        actor=actor,
        now=now,
        plain=plain,
        private={} if frozen else {"reason": reason},
        texts={"reason": frozen} if frozen else {},
        happened_at=happened_at,
    )
    return clock


def _count_on(clock: CaseClock, book: Book, now: datetime) -> None:
    """To the new deadline, whose alarms ahead sound again; those that would have sounded before now warn nobody."""
    counted = recount(clock, book, now)
    clock.born_late = clock.due_at <= clock.recorded_at
    if not clock.information:
        spec = spec_of(clock, book)
        clock.alarms = [key for at, key in alarm_times(clock, spec, counted, book) if at <= now]
        clock.next_alarm_at = next_alarm_at(clock, spec, counted, book, now)


def clocks_recount(case: Case, now: datetime, *, law_changed: bool = False) -> int:
    """Recompute open clocks from their original trigger (calendar published, branch moved). Joins the caller's write.

    When another law applies, its clocks are started by replaying what was recorded; the former law's are void.
    """
    if law_changed:
        _law_replayed(case, now)
    book, moved = book_for(case), []
    for clock in CaseClock.objects.filter(case=case, state__in=("running", "paused")).prefetch_related("pauses"):
        clock.case = case
        before, was = clock.due_at, clock.provisional
        recount(clock, book, now)
        if clock.due_at != before or was != clock.provisional:
            moved.append(clock)
    _clocks_write(moved)
    _next_due(case)
    return len(moved)


def provisional_cases() -> list[int]:
    """Cases whose open clocks were counted on a calendar that was not yet official."""
    open_ones = CaseClock.objects.filter(state__in=("running", "paused"), provisional=True)
    return list(open_ones.order_by("case_id").values_list("case_id", flat=True).distinct())


@writes
def clocks_recount_many(*, case_ids: list[int], actor: Actor, now: datetime) -> int:
    """A calendar was published: count these cases' clocks again; a fact per case says which date became which."""
    cases = Case.objects.select_for_update(of=("self",)).select_related("branch").filter(pk__in=case_ids).order_by("id")
    facts = []
    for case in cases:
        before = {c.pk: c for c in CaseClock.objects.filter(case=case, state__in=("running", "paused"))}
        clocks_recount(case, now)
        after = CaseClock.objects.filter(pk__in=before)
        moved = [
            {"clock": c.rule_id, "from": before[c.pk].due_at.isoformat(), "to": c.due_at.isoformat()}
            for c in after
            if c.due_at != before[c.pk].due_at
        ]
        facts.append(Fact("clock.recounted", case.stream, plain={"moved": moved}, subject=case))
    facts_record(facts, actor=actor, now=now)
    return len(facts)


@dataclass(frozen=True)
class _Replayed:
    """A stored fact in the place of the one being recorded."""

    uid: UUID
    type: str
    plain: Mapping[str, Any]
    started_at: datetime
    now: datetime


def _law_replayed(case: Case, now: datetime) -> None:
    """Statutory clocks of the law that applies from now on, from the original triggers."""
    running = CaseClock.objects.filter(case=case, basis="law", state__in=("running", "paused"))
    running.update(state="void", outcome="cancelled", stopped_at=now, next_alarm_at=None)
    desk, book = _Desk(case, [], now), book_for(case)
    streams = [case.compartment_stream(compartment) for compartment in sorted(rules.COMPARTMENTS)]
    for row in FactRow.objects.filter(stream__in=streams).order_by("id"):
        plain = {name: held[1] for name, held in row.plain.items()}
        stated = plain.get("happened_at")
        started = min(row.at, datetime.fromisoformat(stated.replace("Z", "+00:00"))) if stated else row.at
        event = _Replayed(row.uid, row.type, plain, started, row.at)
        for fact_type, said in implied(row.type, plain):
            desk.follow_law(fact_type, said, event, book)
    # What was done before the move needs no clock; its own law has kept it already.
    desk.new = desk.open
    desk.pauses = [pause for pause in desk.pauses if pause.clock in desk.new]
    for clock in desk.new:
        clock.recorded_at = now
        clock.born_late = clock.due_at <= now
        if clock.next_alarm_at is not None:
            clock.next_alarm_at = max(clock.next_alarm_at, now)
    desk.promises.clear()
    desk.save()


def _next_due(case: Case) -> None:
    if not case.is_open:
        return
    open_clocks = CaseClock.objects.filter(case=case, state="running", information=False, external=False)
    case.next_due_at = open_clocks.aggregate(at=Min("target_at"))["at"]
    Case.objects.filter(pk=case.pk).update(next_due_at=case.next_due_at)


# --- alarms --------------------------------------------------------------------------------------------------------


def clocks_sweep(now: datetime) -> int:
    """Give every alarm that is due, once each; costs what is due, not what is open. Returns how many clocks spoke."""
    told = 0
    while True:
        batch = list(
            CaseClock.objects.filter(next_alarm_at__lte=now)
            .order_by("next_alarm_at", "id")
            .values_list("pk", flat=True)[:ALARM_BATCH]
        )
        if not batch:
            return told
        told += alarms_give_many(clock_ids=batch, actor=SYSTEM, now=now)


@writes
def alarms_give_many(*, clock_ids: list[int], actor: Actor, now: datetime) -> int:
    """Give the due alarms of these clocks: one fact a case-clock, one notice a person, tasks up the line.

    Somebody is called in about a late clock of the house, or one that binds us by law. What is still to be confirmed
    (grade P) tells the case manager; what somebody else is late with tells whom it concerns. Neither opens work.
    """
    clocks = list(
        CaseClock.objects.select_for_update(of=("self",))
        .filter(pk__in=clock_ids, next_alarm_at__lte=now)
        .only(*_ALARM_COLUMNS)
        .order_by("id")
    )
    cases = _cases_of(clocks)
    facts, tasks, notify = [], {}, defaultdict(set)
    for clock in clocks:
        if clock.state != "running":
            clock.next_alarm_at = None
            continue
        case = clock.case = cases[clock.case_id]
        book = book_for(case)
        spec = spec_of(clock, book)
        counted = _as_counted(clock, book)
        times = alarm_times(clock, spec, counted, book)
        due = [key for at, key in times if at <= now and _speaks(clock, at, key)]
        clock.alarms = [*clock.alarms, *due]
        clock.next_alarm_at = next_alarm_of(times, clock)
        if not due:
            continue
        plain = {"clock": clock.rule_id, "alarms": due, "basis": clock.basis}
        facts.append(Fact("clock.alarmed", case.stream, plain=plain, subject=case))
        first = "case_manager" if clock.grade != "V" else spec.owner
        notify[case.branch_id, first, clock.owner_id or case.owner_id].add(case.pk)
        called = list(spec.escalate_to) if "due" in due and _binds(clock) and not clock.born_late else []
        for key in due:
            if key.startswith("up:"):
                called += next(e for e in book.procedure.escalations if e.id == key[3:]).to
        for role in called:
            notify[case.branch_id, role, None].add(case.pk)
            if role not in _ONLY_TOLD:
                tasks[role, clock.pk] = clock
    _tasks_open_once(tasks, now)
    _alarms_save(clocks)
    facts_record(facts, actor=actor, now=now)
    _notify(notify, {case.branch_id: case.branch for case in cases.values()}, actor, now)
    return len(facts)


# What the alarms of a clock look at: reading all of ten thousand clocks and cases would be half the sweep.
_ALARM_COLUMNS = (
    "uid", "case_id", "basis", "rule_id", "rule_hash", "grade", "information", "external", "recorded_at", "due_at",
    "target_at", "provisional", "born_late", "owner_id", "alarms", "next_alarm_at", "state",
)  # fmt: skip
_CASE_COLUMNS = ("uid", "stream", "branch_id", "jurisdiction", "procedure_id", "level", "owner_id", *rules.FLAGS)

# Told and shown the case at level 3, but nobody there could finish a task.
_ONLY_TOLD = frozenset({"head_office"})


def _cases_of(clocks: list[CaseClock]) -> dict[int, Case]:
    cases = Case.objects.only(*_CASE_COLUMNS).in_bulk({clock.case_id for clock in clocks})
    branches = Branch.objects.in_bulk({case.branch_id for case in cases.values()})
    for case in cases.values():
        case.branch = branches[case.branch_id]
    return cases


def _binds(clock: CaseClock) -> bool:
    """Ours to keep: of the house, or of law that is certain and runs against us."""
    return clock.basis == "house" or (clock.grade == "V" and not clock.external)


def _alarms_save(clocks: list[CaseClock]) -> None:
    """UPDATE … FROM (VALUES …): `bulk_update` would be a quarter of the whole sweep."""
    if not clocks:
        return
    alarms, next_at = CaseClock._meta.get_field("alarms"), CaseClock._meta.get_field("next_alarm_at")
    values = []
    for clock in clocks:
        values += [
            clock.pk,
            alarms.get_db_prep_save(clock.alarms, connection),
            next_at.get_db_prep_save(clock.next_alarm_at, connection),
        ]
    cast = "v.column2::jsonb", "v.column3::timestamptz"
    new = cast if connection.vendor == "postgresql" else ("v.column2", "v.column3")
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE cases_caseclock SET alarms = {new[0]}, next_alarm_at = {new[1]} FROM (VALUES "
            + ", ".join(["(%s, %s, %s)"] * len(clocks))
            + ") AS v WHERE cases_caseclock.id = v.column1",
            values,
        )


def _tasks_open_once(wanted: Mapping[tuple[str, int], CaseClock], now: datetime) -> None:
    """One open task per clock and role is enough, however many alarms ask for it."""
    if not wanted:
        return
    asked = {clock_id for _role, clock_id in wanted}
    there = set(Task.objects.filter(clock_id__in=asked, done_at=None, cancelled_at=None).values_list("role", "clock_id"))
    what = {clock.rule_id: {"clock": clock.rule_id} for clock in wanted.values()}
    fresh = [(clock.rule_id, role, clock) for (role, pk), clock in wanted.items() if (role, pk) not in there]
    rows_add(
        Task(
            case_id=clock.case_id,
            kind="overdue",
            role=role,
            due_at=now,
            opened_at=now,
            clock_id=clock.pk,
            detail=what[rule],
        )
        for rule, role, clock in sorted(fresh, key=lambda each: each[:2])
    )


def _notify(
    wanted: Mapping[tuple[int, str, int | None], set[int]], branches: Mapping[int, Branch], actor: Actor, now: datetime
) -> None:
    """One content-free notice a person and sweep: the named owner, otherwise everyone who holds the role here.

    Not about cases in which the person is complained about: that something is due would tell them that there is one.
    """
    named = {user_id for _branch, _role, user_id in wanted if user_id is not None}
    by_id = {user.pk: user for user in User.objects.filter(pk__in=named, is_active=True)} if named else {}
    about: dict[int, set[int]] = defaultdict(set)
    for (branch_id, role, user_id), cases in wanted.items():
        if user_id is not None:
            people = [by_id[user_id]] if user_id in by_id else []
        else:
            people = members_with(NOBODY_YET.get(role, role), branches[branch_id], now)
        for user in people:
            by_id[user.pk] = user
            about[user.pk] |= cases
    complained = Involvement.objects.filter(
        case_id__in=set().union(*about.values()), user_id__in=about, kind="complained", until__isnull=True
    )
    for case_id, user_id in complained.values_list("case_id", "user_id"):
        about[user_id].discard(case_id)
    for user_id in sorted(user_id for user_id, cases in about.items() if cases):
        user = by_id[user_id]
        recipient = Recipient(user.pk, user.email, user.language)
        staff_notify(to=[recipient], code="due", stream=user.stream, actor=actor, now=now)


def promises_sweep(now: datetime) -> int:
    """A promise whose time has passed is seen to be broken: a fact, once."""
    broken = 0
    while True:
        waiting = Promise.objects.waiting().filter(due_at__lte=now)
        ids = list(waiting.values_list("pk", flat=True)[:200])
        if not ids:
            return broken
        broken += promises_break_many(promise_ids=ids, actor=SYSTEM, now=now)


@writes
def promises_break_many(*, promise_ids: list[int], actor: Actor, now: datetime) -> int:
    rows = list(
        Promise.objects.waiting()
        .select_for_update(of=("self",))
        .select_related("case__branch")
        .filter(pk__in=promise_ids)
        .order_by("id")
    )
    Promise.objects.filter(pk__in=[p.pk for p in rows]).update(broken_at=now)
    facts = [
        Fact("promise.broken", p.case.stream, plain={"promise": str(p.uid), "due": p.due_at.isoformat()}, subject=p.case)
        for p in rows
    ]
    facts_record(facts, actor=actor, now=now)
    return len(rows)


def tasks_sweep(now: datetime) -> int:
    """A late task reminds its holder once."""
    late = Task.objects.filter(due_at__lte=now, alarmed_at=None, done_at=None, cancelled_at=None)
    ids = list(late.order_by("due_at", "id").values_list("pk", flat=True)[:1_000])
    return tasks_remind_many(task_ids=ids, actor=SYSTEM, now=now) if ids else 0


@writes
def tasks_remind_many(*, task_ids: list[int], actor: Actor, now: datetime) -> int:
    """One content-free notice a person, however many of their tasks are late."""
    rows = list(
        Task.objects.select_for_update(of=("self",))
        .select_related("case__branch")
        .filter(pk__in=task_ids, alarmed_at=None, done_at=None, cancelled_at=None)
        .order_by("id")
    )
    Task.objects.filter(pk__in=[task.pk for task in rows]).update(alarmed_at=now)
    wanted: dict[tuple[int, str, int | None], set[int]] = defaultdict(set)
    for task in rows:
        wanted[task.case.branch_id, task.role, task.assignee_id].add(task.case_id)
    _notify(wanted, {task.case.branch_id: task.case.branch for task in rows}, actor, now)
    return len(rows)
