"""What a pack says, as frozen values. These shapes are also the schema: what does not fit them is not loaded.

Everything a person reads is `Texts`; everything else is a code, a number or a date. Field names here are the keys of
the YAML files (`from_` is written `from`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from suyuan.kernel import deadlines
from suyuan.kernel.deadlines import DayTable, Rule, SpecialDay
from suyuan.playbooks.texts import STRICT, Texts

Jurisdiction = Literal["tw", "cn"]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")]
Plain = str | int | bool | None
Jurisdictions = tuple[Jurisdiction, ...]

# A case that nobody has graded yet, None or 0, is handled at this level.
UNGRADED_RUNS_AS = 2


@dataclass(frozen=True)
class Duration(deadlines.Duration):
    __pydantic_config__ = STRICT


_WITHIN = {
    deadlines.Unit.HOURS: ("{n} 小時內", "{n} 小时内", "hour"),
    deadlines.Unit.CALENDAR_DAYS: ("{n} 日內", "{n} 日内", "day"),
    deadlines.Unit.WORKING_DAYS: ("{n} 個工作日內", "{n} 个工作日内", "working day"),
    deadlines.Unit.MONTHS: ("{n} 個月內", "{n} 个月内", "month"),
    deadlines.Unit.YEARS: ("{n} 年內", "{n} 年内", "year"),
}


def worded(duration: deadlines.Duration) -> Texts:
    """24 小時內 · 24 小时内 · within 24 hours"""
    hant, hans, en = _WITHIN[duration.unit]
    n = duration.n
    return Texts(hant.format(n=n), hans.format(n=n), f"within {n} {en}{'' if n == 1 else 's'}")


# Clocks


@dataclass(frozen=True)
class When:
    """A fact, and which values its plain fields must have. A list means any of these; null means absent or empty."""

    __pydantic_config__ = STRICT

    fact: Code
    when: Mapping[str, Plain | tuple[Plain, ...]] = field(default_factory=dict)

    def matches(self, fact_type: str, plain: Mapping[str, Any]) -> bool:
        return fact_type == self.fact and all(_fits(wanted, plain.get(name)) for name, wanted in self.when.items())


def _fits(wanted: Any, found: Any) -> bool:
    allowed = wanted if isinstance(wanted, tuple | list) else (wanted,)
    given = found if isinstance(found, tuple | list) else (found,)
    return any(type(one) is type(other) and one == other for one in allowed for other in given)


@dataclass(frozen=True)
class Extension:
    """How often and by how much a deadline may be moved. `reason`: when it may, in words for staff."""

    __pydantic_config__ = STRICT

    n: int
    unit: deadlines.Unit
    max_times: int
    needs_written_reason: bool
    reason: Texts


@dataclass(frozen=True)
class PauseSpec:
    """The law itself stops the count between two facts (an appraisal inside a mediation)."""

    __pydantic_config__ = STRICT

    begins: When
    ends: When


@dataclass(frozen=True)
class ClockSpec:
    """How one clock starts, runs, warns and ends.

    triggers   any of these facts starts it; one clock per rule and `same` value is open at a time
    from_      which moment counts: `at` (stated or server time, the earlier), `case_opened`, or a plain field of the
               trigger such as `occurred_on`, `occurred_at`, `asked_at`; when that is missing, `at`
    stops      done in time or late;  cancels: no longer asked for, counts neither way
    same       plain fields that must be equal in trigger and stop (which demand, which proceeding), where both have them
    repeats    every stop starts it again
    pausable   staff may pause it (house clocks only)
    external   runs against an authority or a board, not against the clinic
    information shown, never alarms
    """

    __pydantic_config__ = STRICT

    duration: Duration
    triggers: Annotated[tuple[When, ...], Field(min_length=1)]
    owner: Code
    from_: Annotated[Code, Field(alias="from")] = "at"
    stops: tuple[When, ...] = ()
    cancels: tuple[When, ...] = ()
    same: tuple[str, ...] = ()
    count_from: Literal["next_day", "instant"] = "next_day"
    rolls: bool = False
    month_style: Literal["day_before", "corresponding"] = "corresponding"
    conservative: bool = False
    opening: bool = False
    alarms_before: tuple[Duration, ...] = ()
    escalate_to: tuple[Code, ...] = ()
    extension: Extension | None = None
    pauses: tuple[PauseSpec, ...] = ()
    pausable: bool = False
    repeats: bool = False
    external: bool = False
    information: bool = False

    def rule(self, extensions: int = 0) -> Rule:
        """What `kernel.deadlines.deadline` counts with, after so many lawful extensions."""
        duration: deadlines.Duration = self.duration
        if extensions:
            by = self.extension
            if by is None or extensions > by.max_times:
                raise ValueError("no further extension is allowed")
            duration = deadlines.extended(duration, deadlines.Duration(by.n, by.unit), extensions)
        return Rule(duration, self.count_from, self.rolls, self.month_style, self.conservative, self.opening)

    def starts_on(self, fact_type: str, plain: Mapping[str, Any]) -> bool:
        return any(when.matches(fact_type, plain) for when in self.triggers)

    def stops_on(self, fact_type: str, plain: Mapping[str, Any], started: Mapping[str, Any] = {}) -> bool:
        """`started`: the plain fields of the fact that started this clock."""
        return any(when.matches(fact_type, plain) for when in self.stops) and self.same_matter(plain, started)

    def cancelled_by(self, fact_type: str, plain: Mapping[str, Any], started: Mapping[str, Any] = {}) -> bool:
        return any(when.matches(fact_type, plain) for when in self.cancels) and self.same_matter(plain, started)

    def same_matter(self, plain: Mapping[str, Any], started: Mapping[str, Any]) -> bool:
        """Whether a fact is about the same demand, proceeding or incident that started this clock."""
        return all(plain[name] == started[name] for name in self.same if name in plain and name in started)


# Law


@dataclass(frozen=True)
class Keep:
    """How long a record must be kept.

    of        which records (vocabulary.RECORDS); none: what the rule itself speaks of
    adult_at  for somebody younger than this, the time runs from their birthday of that age
    """

    __pydantic_config__ = STRICT

    n: int
    unit: deadlines.Unit
    of: tuple[Code, ...] = ()
    adult_at: int | None = None


@dataclass(frozen=True)
class Limit:
    __pydantic_config__ = STRICT

    max: int
    what: Texts


@dataclass(frozen=True)
class LawRule:
    """One row of law. `title` is what must happen; `explained` the law in plain words; `quote` as published.

    protects  the compartment whose material this rule keeps from leaving the house

    grade   V quoted from a published copy: binds;  P from a secondary source: to be confirmed, treat as binding;
            UNVERIFIED: shown, never alarms
    """

    __pydantic_config__ = STRICT

    id: Code
    jurisdiction: Jurisdiction
    kind: Literal["definition", "notice", "duty", "protection", "clock", "limit"]
    law: str
    article: str
    version_date: date | None
    effective_from: date | None
    effective_to: date | None
    status: Literal["in_force", "promulgated_not_in_force", "draft", "superseded"]
    actor: Literal["clinic", "authority", "mediation_board", "patient", "both_sides"]
    title: Texts
    explained: Texts
    quote: str
    source: str
    grade: Literal["V", "P", "UNVERIFIED"]
    verified_on: date
    reviewer: str | None
    consequence: Texts | None = None
    closes_with: Texts | None = None
    clock: ClockSpec | None = None
    shown_when: tuple[When, ...] = ()
    gate: Code | None = None
    keep: Keep | None = None
    limit: Limit | None = None
    protects: Code | None = None
    note: Texts | None = None
    sha: str = ""

    @property
    def rule_id(self) -> str:
        return self.id

    @property
    def rule_hash(self) -> str:
        return self.sha

    @property
    def citation(self) -> str:
        return f"{self.law} {self.article}"

    @property
    def alarms(self) -> bool:
        return self.clock is not None and self.grade != "UNVERIFIED" and not self.clock.information

    @property
    def blocks_closing(self) -> bool:
        """Only what is certain and ours to do holds a case open."""
        return self.alarms and self.grade == "V" and not self.clock.external

    def in_force(self, on: date) -> bool:
        if self.status in ("draft", "promulgated_not_in_force"):
            return False
        begun = self.effective_from is None or self.effective_from <= on
        return begun and (self.effective_to is None or on <= self.effective_to)

    def concerns(self, fact_type: str, plain: Mapping[str, Any]) -> bool:
        """Does this fact start its clock, or make the row worth showing?"""
        return any(when.matches(fact_type, plain) for when in self.whens)

    @property
    def whens(self) -> tuple[When, ...]:
        return (*(self.clock.triggers if self.clock else ()), *self.shown_when)


# Procedure


@dataclass(frozen=True)
class Kind:
    """One choice of a list: its code, its name, and when useful a line of help.

    Without jurisdictions it is not offered anywhere: the program makes such rows itself and `words` names them.
    """

    __pydantic_config__ = STRICT

    id: Code
    name: Texts
    hint: Texts | None = None
    jurisdictions: Jurisdictions = ("tw", "cn")


@dataclass(frozen=True)
class Step:
    """What is done at a level: becomes a task with this owner, due `within` this long of the grading."""

    __pydantic_config__ = STRICT

    id: Code
    text: Texts
    owner: Code
    within: Duration | None = None


@dataclass(frozen=True)
class Level:
    __pydantic_config__ = STRICT

    id: Code
    number: int
    name: Texts
    meaning: Texts
    examples: tuple[Texts, ...]
    owner: Code
    told: tuple[Code, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class HouseClock:
    """A promise of the house. `complainant`: the same promise in words for the person who complained, if they see it.

    An overlay may lengthen it, unless it is `binding`. No text here names the figure: it stands in the clock alone.
    """

    __pydantic_config__ = STRICT

    id: Code
    title: Texts
    why: Texts
    clock: ClockSpec
    complainant: Texts | None = None
    binding: bool = False
    jurisdictions: Jurisdictions = ("tw", "cn")
    rows: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Stage:
    """`name` in the words of staff; `plain` and `explain` in words for the complainant."""

    __pydantic_config__ = STRICT

    id: Code
    name: Texts
    plain: Texts
    explain: Texts
    ends: bool = False


@dataclass(frozen=True)
class Move:
    __pydantic_config__ = STRICT

    id: Code
    name: Texts
    roles: tuple[Code, ...]
    gates: tuple[Code, ...] = ()
    needs_reason: bool = False
    second_person: bool = False
    explain: Texts | None = None


@dataclass(frozen=True)
class Gate:
    """`missing`: what is still missing; `clear`: the act that clears it; `holder`: who can do it."""

    __pydantic_config__ = STRICT

    id: Code
    missing: Texts
    clear: Texts
    holder: Code
    jurisdictions: Jurisdictions = ("tw", "cn")
    basis: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Cause:
    __pydantic_config__ = STRICT

    id: Code
    name: Texts
    meaning: Texts
    plain: Texts
    reasons: tuple[Kind, ...]


@dataclass(frozen=True)
class EvidenceKind:
    """One kind of evidence: what it is, who usually holds it, what makes it useful.

    counts  what shows that it is there: an item of this kind, a confirmed interview, a note of staff
    """

    __pydantic_config__ = STRICT

    id: Code
    name: Texts
    holder: Code
    explain: Texts
    helps: Texts | None = None
    counts: Literal["items", "interviews", "observations"] = "items"


@dataclass(frozen=True)
class Fee:
    """What copies of records cost in one place, in the smallest unit of its money. `grade` as with law: how sure this is."""

    __pydantic_config__ = STRICT

    id: Code
    jurisdiction: Jurisdiction
    currency: Literal["TWD", "CNY"]
    name: Texts
    base_minor: int
    pages_included: int
    page_minor: int
    disc_minor: int
    grade: Literal["V", "P", "UNVERIFIED"]
    source: str
    basis: tuple[Code, ...]
    explain: Texts

    @property
    def confirmed(self) -> bool:
        """Sure enough to be charged without anybody typing an amount."""
        return self.grade != "UNVERIFIED"

    def of(self, pages: int, discs: int) -> int:
        """So many pages and discs. Nothing on paper costs no base."""
        paper = self.base_minor + max(0, pages - self.pages_included) * self.page_minor if pages else 0
        return paper + discs * self.disc_minor


@dataclass(frozen=True)
class EvidenceLine:
    __pydantic_config__ = STRICT

    kind: Code
    need: Literal["required", "helpful"]
    basis: tuple[Code, ...] = ()


@dataclass(frozen=True)
class EvidenceCase:
    """What lists of evidence look at. `treatments`: their names; `treated`: device, lot, where these are on record."""

    causes: frozenset[str] = frozenset()
    harm: bool = False
    level: int | None = None
    treatments: tuple[str, ...] = ()
    treated: frozenset[str] = frozenset()


@dataclass(frozen=True)
class EvidenceList:
    """Which kinds a case needs. What is left empty fits always.

    causes, harm  one of these causes, or bodily harm that is alleged or confirmed
    treated       the treatment has this on record: a device, the lot of what was used
    words         or one of these words stands in its name
    """

    __pydantic_config__ = STRICT

    id: Code
    title: Texts
    lines: Annotated[tuple[EvidenceLine, ...], Field(min_length=1)]
    causes: tuple[Code, ...] = ()
    harm: bool = False
    levels: tuple[int, ...] = ()
    treated: tuple[Literal["device", "lot"], ...] = ()
    words: tuple[str, ...] = ()

    def applies(self, case: EvidenceCase) -> bool:
        about = not (self.causes or self.harm) or not set(self.causes).isdisjoint(case.causes) or (self.harm and case.harm)
        level = not self.levels or (case.level or UNGRADED_RUNS_AS) in self.levels
        return about and level and self._treated(case)

    def _treated(self, case: EvidenceCase) -> bool:
        if not (self.treated or self.words):
            return True
        names = [name.casefold() for name in case.treatments]
        spoken = any(word.casefold() in name for word in self.words for name in names)
        return spoken or not set(self.treated).isdisjoint(case.treated)


@dataclass(frozen=True)
class Recording:
    """How staff and interviewers write down.

    late_after  a note written later than this says so, in the words of `late`
    observe     said to whoever writes a note;  sound: to whoever adds a recording;  asked: to whoever is asked for evidence
    """

    __pydantic_config__ = STRICT

    late_after: Duration
    late: Texts
    observe: Texts
    sound: Texts
    asked: Texts
    basis: tuple[Code, ...] = ()

    @property
    def grace(self) -> timedelta:
        """How long a note may wait before it is called late."""
        return timedelta(**{_GRACE[self.late_after.unit]: self.late_after.n})


# What an hour on the clock is without a calendar.
_GRACE = {deadlines.Unit.HOURS: "hours", deadlines.Unit.CALENDAR_DAYS: "days"}


@dataclass(frozen=True)
class DangerQuestion:
    __pydantic_config__ = STRICT

    id: Code
    question: Texts
    examples: Texts
    act: Texts
    short: Texts


@dataclass(frozen=True)
class Emergency:
    __pydantic_config__ = STRICT

    id: Jurisdiction
    number: str
    words: Texts


@dataclass(frozen=True)
class Instead:
    """Words to avoid, better ones, and why."""

    __pydantic_config__ = STRICT

    avoid: Texts
    say: Texts
    why: Texts | None = None


@dataclass(frozen=True)
class Card:
    """A card to be read at the point of use, in the time between two sentences."""

    __pydantic_config__ = STRICT

    id: Code
    kind: Literal["reception", "telephone", "emotion", "care_talk", "situation"]
    title: Texts
    when: Texts
    steps: tuple[Texts, ...]
    say: tuple[Texts, ...] = ()
    instead: tuple[Instead, ...] = ()
    basis: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Wording:
    """A text to send. Only the places in `texts.PLACEHOLDERS` may stay open."""

    __pydantic_config__ = STRICT

    id: Code
    channels: tuple[Code, ...]
    levels: tuple[int, ...]
    title: Texts
    body: Texts


@dataclass(frozen=True)
class PromiseStep:
    """How long it takes stands in the house clock it rests on, or, where there is none, in `within`."""

    __pydantic_config__ = STRICT

    id: Code
    title: Texts
    text: Texts
    within: Texts | None = None
    clock: Code | None = None


@dataclass(frozen=True)
class ExternalChannel:
    __pydantic_config__ = STRICT

    id: Code
    jurisdiction: Jurisdiction
    name: Texts
    what_for: Texts
    reach: Texts
    phone: str | None = None


@dataclass(frozen=True)
class Promise:
    """What we tell people before they send, and keep telling them after."""

    __pydantic_config__ = STRICT

    title: Texts
    takes_up: tuple[Texts, ...]
    not_here: tuple[Texts, ...]
    steps: tuple[PromiseStep, ...]
    assurances: tuple[Texts, ...]


@dataclass(frozen=True)
class Escalation:
    """Who is told, and when (C-13). Exactly the conditions that are set must hold together.

    overdue_hours  a clock is this many hours past its time (0: the moment it is)
    contacts       at least so many contacts by the complainant within `within_days` without an answer
    """

    __pydantic_config__ = STRICT

    id: Code
    title: Texts
    to: Annotated[tuple[Code, ...], Field(min_length=1)]
    why: Texts
    overdue_hours: int | None = None
    basis: Literal["law", "house"] | None = None
    levels: tuple[int, ...] = ()
    flags: tuple[Code, ...] = ()
    contacts: int | None = None
    within_days: int | None = None
    danger: bool = False
    within: Duration | None = None


@dataclass(frozen=True)
class Question:
    __pydantic_config__ = STRICT

    id: Code
    kind: Literal["scale", "choice", "yes_no", "text"]
    question: Texts
    choices: tuple[Kind, ...] = ()
    low: Texts | None = None
    high: Texts | None = None
    hint: Texts | None = None
    optional: bool = True


@dataclass(frozen=True)
class Prompt:
    __pydantic_config__ = STRICT

    id: Code
    title: Texts
    prompt: Texts
    instead: tuple[Instead, ...] = ()


@dataclass(frozen=True)
class Notice:
    """Words shown where the code calls for them. `unless`: proceedings one of which, had before, makes them needless."""

    __pydantic_config__ = STRICT

    id: Code
    title: Texts
    text: Texts
    points: tuple[Texts, ...] = ()
    jurisdictions: Jurisdictions = ("tw", "cn")
    basis: tuple[Code, ...] = ()
    unless: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Purpose:
    """One purpose, one tick. `version` changes with its words; `without`: what happens if one says no."""

    __pydantic_config__ = STRICT

    id: Code
    jurisdiction: Jurisdiction
    version: int
    title: Texts
    text: Texts
    required: bool
    without: Texts
    basis: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Reopening:
    __pydantic_config__ = STRICT

    days: int
    ask: Texts
    words: Texts


@dataclass(frozen=True)
class Inbox:
    """How long what came by itself is kept: set aside as no complaint's, or given no place by anybody."""

    __pydantic_config__ = STRICT

    aside_days: int = 90
    waiting_days: int = 180


@dataclass(frozen=True)
class PackInfo:
    """Which pack this is. `reviewed_by` None is shown as "awaiting review"."""

    pack: str
    version: str
    kind: Literal["procedure", "law", "calendar", "wording"]
    jurisdiction: Literal["tw", "cn", "any"]
    name: Texts
    published: date
    reviewed_by: str | None
    sha: str
    pk: int | None = None
    uid: str = ""
    overlays: str | None = None

    @property
    def awaiting_review(self) -> bool:
        return not self.reviewed_by


Row = TypeVar("Row")


class _Index(dict[str, Row]):
    """Rows by id; an unknown id raises LookupError with the id in it."""

    def __missing__(self, key: str) -> Row:
        raise LookupError(f"the pack has no entry called {key!r}")


def _by_id(rows: Iterable[Row]) -> _Index[Row]:
    return _Index({row.id: row for row in rows})  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Procedure:
    """A whole procedure pack, as pinned by a case."""

    info: PackInfo
    levels: tuple[Level, ...]
    stages: tuple[Stage, ...]
    moves: tuple[Move, ...]
    gates: tuple[Gate, ...]
    house_clocks: tuple[HouseClock, ...]
    causes: tuple[Cause, ...]
    factors: tuple[Kind, ...]
    danger_questions: tuple[DangerQuestion, ...]
    emergency_numbers: tuple[Emergency, ...]
    cards: tuple[Card, ...]
    acknowledgements: tuple[Wording, ...]
    promise: Promise
    external_channels: tuple[ExternalChannel, ...]
    escalations: tuple[Escalation, ...]
    survey: tuple[Question, ...]
    evaluation: tuple[Question, ...]
    five_whys: tuple[Prompt, ...]
    disclosure: tuple[Prompt, ...]
    notices: tuple[Notice, ...]
    purposes: tuple[Purpose, ...]
    reopening: Reopening
    kinds: Mapping[str, tuple[Kind, ...]]
    # Versions that were loaded before there were lists of evidence have none.
    evidence: tuple[EvidenceKind, ...] = ()
    evidence_lists: tuple[EvidenceList, ...] = ()
    recording: Recording | None = None
    fees: tuple[Fee, ...] = ()
    inbox: Inbox = Inbox()

    @property
    def pk(self) -> int | None:
        return self.info.pk

    def level(self, number: int | None) -> Level:
        wanted = number or UNGRADED_RUNS_AS
        return next(level for level in self.levels if level.number == wanted)

    def stage(self, code: str) -> Stage:
        return self._stages[code]

    def move(self, code: str) -> Move:
        return self._moves[code]

    def gate(self, code: str) -> Gate:
        return self._gates[code]

    def gates_of(self, move: str, jurisdiction: str) -> tuple[Gate, ...]:
        found = (self._gates[code] for code in self._moves[move].gates)
        return tuple(gate for gate in found if jurisdiction in gate.jurisdictions)

    def within(self, step: PromiseStep) -> Texts:
        """How long a promised step takes, in words: "within 24 hours"."""
        return step.within or worded(self.clock(step.clock or "").clock.duration)

    def cause(self, code: str) -> Cause:
        return self._causes[code]

    def card(self, code: str) -> Card:
        return self._cards[code]

    def cards_of(self, kind: str) -> tuple[Card, ...]:
        return tuple(card for card in self.cards if card.kind == kind)

    def clock(self, code: str) -> HouseClock:
        return self._clocks[code]

    def clocks_for(self, fact_type: str, plain: Mapping[str, Any], jurisdiction: str) -> tuple[HouseClock, ...]:
        """The house clocks that this fact starts here."""
        return tuple(
            house
            for house in self.house_clocks
            if jurisdiction in house.jurisdictions and house.clock.starts_on(fact_type, plain)
        )

    def evidence_kind(self, code: str) -> EvidenceKind:
        return self._evidence[code]

    def evidence_for(self, case: EvidenceCase) -> tuple[EvidenceLine, ...]:
        """Each kind once, in the order of the lists; where two of them name it, what is required stays required."""
        found: dict[str, EvidenceLine] = {}
        for listed in self.evidence_lists:
            for line in listed.lines if listed.applies(case) else ():
                before = found.get(line.kind, line)
                need = "required" if "required" in (before.need, line.need) else "helpful"
                basis = tuple(dict.fromkeys((*before.basis, *line.basis)))
                found[line.kind] = EvidenceLine(line.kind, need, basis)
        return tuple(found.values())

    def emergency(self, jurisdiction: str) -> Emergency:
        return self._emergencies[jurisdiction]

    def acknowledgement(self, channel: str, level: int | None) -> Wording:
        """The wording for this channel and level, or the general one for the level."""
        wanted = level or UNGRADED_RUNS_AS
        fitting = [wording for wording in self.acknowledgements if wanted in wording.levels]
        named = [wording for wording in fitting if channel in wording.channels]
        general = [wording for wording in fitting if "any" in wording.channels]
        return (named or general)[0]

    def channels_of(self, jurisdiction: str) -> tuple[ExternalChannel, ...]:
        return tuple(each for each in self.external_channels if each.jurisdiction == jurisdiction)

    def notice(self, code: str, jurisdiction: str | None = None) -> Notice:
        for notice in self.notices:
            if notice.id.partition(":")[0] == code and (jurisdiction is None or jurisdiction in notice.jurisdictions):
                return notice
        raise LookupError(f"the pack has no notice called {code!r} for {jurisdiction}")

    def purposes_of(self, jurisdiction: str) -> tuple[Purpose, ...]:
        return tuple(purpose for purpose in self.purposes if purpose.jurisdiction == jurisdiction)

    def kinds_of(self, group: str, jurisdiction: str | None = None) -> tuple[Kind, ...]:
        """The choices of one list, e.g. `kinds_of("demand_kinds", "tw")`."""
        if group not in self.kinds:
            raise LookupError(f"the pack has no list called {group!r}")
        rows = self.kinds[group]
        return tuple(row for row in rows if jurisdiction is None or jurisdiction in row.jurisdictions)

    def words(self, group: str, code: str) -> Texts:
        """The name of one choice; an unknown code raises LookupError."""
        for row in self.kinds_of(group):
            if row.id == code:
                return row.name
        raise LookupError(f"the list {group!r} has no entry {code!r}")

    @cached_property
    def _stages(self) -> _Index[Stage]:
        return _by_id(self.stages)

    @cached_property
    def _moves(self) -> _Index[Move]:
        return _by_id(self.moves)

    @cached_property
    def _gates(self) -> _Index[Gate]:
        return _by_id(self.gates)

    @cached_property
    def _causes(self) -> _Index[Cause]:
        return _by_id(self.causes)

    @cached_property
    def _evidence(self) -> _Index[EvidenceKind]:
        return _by_id(self.evidence)

    @cached_property
    def _cards(self) -> _Index[Card]:
        return _by_id(self.cards)

    @cached_property
    def _clocks(self) -> _Index[HouseClock]:
        return _by_id(self.house_clocks)

    @cached_property
    def _emergencies(self) -> _Index[Emergency]:
        return _by_id(self.emergency_numbers)


@dataclass(frozen=True)
class Law:
    """A law pack. One row may stand there in several versions; the date says which counts."""

    info: PackInfo
    rules: tuple[LawRule, ...]

    def rule(self, code: str, on: date | None = None) -> LawRule:
        found = [rule for rule in self.rules if rule.id == code and (on is None or rule.in_force(on))]
        if not found:
            raise LookupError(f"the pack has no rule called {code!r}")
        return max(found, key=lambda rule: rule.effective_from or date.min)

    def rules_for(self, fact_type: str, plain: Mapping[str, Any], on: date) -> tuple[LawRule, ...]:
        found = self._by_fact.get(fact_type, ())
        return tuple(rule for rule in found if rule.in_force(on) and rule.concerns(fact_type, plain))

    @cached_property
    def _by_fact(self) -> dict[str, list[LawRule]]:
        """The rules that a fact of some type may concern: most facts concern none."""
        found: dict[str, list[LawRule]] = {}
        for rule in self.rules:
            for fact_type in {when.fact for when in rule.whens}:
                found.setdefault(fact_type, []).append(rule)
        return found


# Calendars


@dataclass(frozen=True)
class CalendarDay:
    """A day that differs from its weekday. `id` is its date."""

    __pydantic_config__ = STRICT

    id: date
    kind: Literal["holiday", "makeup", "closed"]
    name: Texts
    source: str | None = None


@dataclass(frozen=True)
class CalendarYear:
    __pydantic_config__ = STRICT

    id: int
    status: Literal["official", "computed"]
    source: str


@dataclass(frozen=True)
class Calendar:
    info: PackInfo
    zone: str
    official_until: date
    years: tuple[CalendarYear, ...]
    days: tuple[CalendarDay, ...]

    @cached_property
    def table(self) -> DayTable:
        special = {day.id: SpecialDay(day.kind, dict(day.name.items())) for day in self.days}
        return DayTable(self.info.pack, self.zone, special, self.official_until)
