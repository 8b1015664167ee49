"""What a pack must look like. The shapes are those of `readers.py`; what ties the parts together is checked here."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import Field, TypeAdapter

from suyuan.kernel.chain import canonical
from suyuan.kernel.deadlines import Unit
from suyuan.playbooks import vocabulary as known
from suyuan.playbooks.guarding import Guarding, asking, wrongs
from suyuan.playbooks.readers import Calendar, ClockSpec, Code, Law, LawRule, Procedure, When
from suyuan.playbooks.texts import PLACEHOLDERS, STRICT, Texts, holes
from suyuan.playbooks.wording import PLACES, Wording


@dataclass(frozen=True)
class Manifest:
    """pack.yaml. `overlays` names the pack this one changes; its kind and jurisdiction are then the same."""

    __pydantic_config__ = STRICT

    id: Code | str
    version: str
    kind: Literal["procedure", "law", "calendar", "wording"]
    jurisdiction: Literal["tw", "cn", "any"]
    name: Texts
    published: date
    reviewed_by: str | None
    summary: Texts | None = None
    requires: tuple[str, ...] = ()
    overlays: str | None = None


@dataclass(frozen=True)
class Change:
    """One change of an overlay. With `replace`, a field that `with` doesn't name stays as it was."""

    __pydantic_config__ = STRICT

    section: str
    reason: Annotated[str, Field(min_length=1)]
    id: str | None = None
    with_: Annotated[Mapping[str, Any] | None, Field(alias="with")] = None


CHANGES = {name: TypeAdapter(tuple[Change, ...]) for name in ("replace", "disable", "add")}
def sha_of(value: Any) -> str:
    """The hash of some content: the same for the same meaning, whatever the order of keys or the comments."""
    return hashlib.sha256(canonical(value)).hexdigest()


MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)

_WHOLE = {"procedure": Procedure, "law": Law, "calendar": Calendar, "wording": Wording}

# Kinds whose packs may hold some of their sections only.
LOOSE = frozenset({"wording"})


@cache
def of(kind: str) -> dict[str, TypeAdapter[Any]]:
    """Section name → what it must look like."""
    hints = get_type_hints(_WHOLE[kind], include_extras=True)
    return {name: TypeAdapter(hint) for name, hint in hints.items() if name != "info"}


@dataclass(frozen=True)
class Flaw:
    """Something that is well formed and still wrong. `at`: the path of keys and places below the section."""

    section: str
    at: tuple[str | int, ...]
    code: str
    expected: str = ""
    found: str = ""


def flaws(kind: str, whole: Mapping[str, Any], *, examples: bool = True) -> Iterator[Flaw]:
    """All cross-checks over the parsed sections of one pack; `examples`: also run those of its rules."""
    for section, rows in whole.items():
        if isinstance(rows, tuple):
            yield from _unique(section, (), rows)
    yield from {"procedure": _procedure, "law": _law, "calendar": _calendar, "wording": _wording}[kind](whole)
    if kind == "wording":
        yield from _guarding(whole, examples)


def _unique(section: str, at: tuple[str | int, ...], rows: Iterable[Any]) -> Iterator[Flaw]:
    seen: set[Any] = set()
    for place, row in enumerate(rows):
        # The same rule of law may stand there twice when it changed on a day.
        key = (row.id, row.effective_from) if isinstance(row, LawRule) else row.id
        if key in seen:
            yield Flaw(section, (*at, place, "id"), "twice", found=str(row.id))
        seen.add(key)


# Procedure


def _procedure(whole: Mapping[str, Any]) -> Iterator[Flaw]:
    yield from _exactly("stages", [row.id for row in whole["stages"]], known.STAGES)
    yield from _exactly("moves", [row.id for row in whole["moves"]], known.MOVES)
    yield from _exactly("levels", [str(row.number) for row in whole["levels"]], frozenset("123"))
    yield from _kinds(whole["kinds"])
    yield from _roles_and_gates(whole)
    yield from _house_clocks(whole)
    yield from _wordings(whole)
    yield from _references(whole)


def _exactly(section: str, found: list[str], wanted: frozenset[str], at: tuple[str | int, ...] = ()) -> Iterator[Flaw]:
    for code in sorted(wanted - set(found)):
        yield Flaw(section, at, "row_missing", expected=code)
    for place, code in enumerate(found):
        if code not in wanted:
            yield Flaw(section, (*at, place, "id"), "not_known", expected=", ".join(sorted(wanted)), found=code)


def _kinds(kinds: Mapping[str, tuple[Any, ...]]) -> Iterator[Flaw]:
    for group in sorted(known.KINDS.keys() - kinds.keys()):
        yield Flaw("kinds", (), "row_missing", expected=group)
    for group, rows in kinds.items():
        if group not in known.KINDS:
            yield Flaw("kinds", (group,), "not_known", expected=", ".join(sorted(known.KINDS)), found=group)
            continue
        yield from _unique("kinds", (group,), rows)
        if wanted := known.KINDS[group]:
            yield from _exactly("kinds", [row.id for row in rows], wanted, (group,))


def _roles_and_gates(whole: Mapping[str, Any]) -> Iterator[Flaw]:
    gates = {gate.id for gate in whole["gates"]}
    for place, gate in enumerate(whole["gates"]):
        yield from _known("gates", (place, "id"), [gate.id], known.GATES)
        yield from _known("gates", (place, "holder"), [gate.holder], known.ROLES)
    for place, move in enumerate(whole["moves"]):
        yield from _known("moves", (place, "roles"), move.roles, known.ROLES)
        yield from _known("moves", (place, "gates"), move.gates, gates)
    for place, level in enumerate(whole["levels"]):
        yield from _known("levels", (place, "owner"), [level.owner], known.ROLES)
        yield from _known("levels", (place, "told"), level.told, known.ROLES)
        for inner, step in enumerate(level.steps):
            yield from _known("levels", (place, "steps", inner, "owner"), [step.owner], known.ROLES)
    for place, row in enumerate(whole["escalations"]):
        yield from _known("escalations", (place, "to"), row.to, known.ROLES)
        yield from _known("escalations", (place, "flags"), row.flags, known.FLAGS)
    if whole["recording"] is None or whole["recording"].late_after.unit not in (Unit.HOURS, Unit.CALENDAR_DAYS):
        yield Flaw("recording", ("late_after", "unit"), "not_known", "hours, calendar_days")
    if min(whole["inbox"].aside_days, whole["inbox"].waiting_days) < 1:
        yield Flaw("inbox", ("waiting_days",), "not_known", expected="1 …")
    for place, kind in enumerate(whole["evidence"]):
        yield from _known("evidence", (place, "holder"), [kind.holder], known.HOLDERS)


def _known(section: str, at: tuple[str | int, ...], found: Iterable[Any], wanted: Iterable[Any]) -> Iterator[Flaw]:
    for code in found:
        if code not in wanted:
            yield Flaw(section, at, "not_known", expected=", ".join(sorted(map(str, wanted))), found=str(code))


def _house_clocks(whole: Mapping[str, Any]) -> Iterator[Flaw]:
    for place, house in enumerate(whole["house_clocks"]):
        yield from _clock("house_clocks", (place, "clock"), house.clock)


def _wordings(whole: Mapping[str, Any]) -> Iterator[Flaw]:
    rows = whole["acknowledgements"]
    for place, wording in enumerate(rows):
        yield from _known("acknowledgements", (place, "channels"), wording.channels, known.CHANNELS)
        for part in ("title", "body"):
            yield from _holes("acknowledgements", (place, part), getattr(wording, part), PLACEHOLDERS)
    for level in (1, 2, 3):
        if not any("any" in row.channels and level in row.levels for row in rows):
            yield Flaw("acknowledgements", (), "row_missing", expected=f"any, {level}")


def _holes(section: str, at: tuple[str | int, ...], texts: Texts, wanted: frozenset[str]) -> Iterator[Flaw]:
    found = {language: holes(text) for language, text in texts.items()}
    for language, names in found.items():
        yield from _known(section, (*at, language), sorted(names), wanted)
    if len(set(found.values())) > 1:
        yield Flaw(section, at, "placeholders_differ")


def _references(whole: Mapping[str, Any]) -> Iterator[Flaw]:
    clocks = {house.id for house in whole["house_clocks"]}
    causes = {cause.id for cause in whole["causes"]}
    for place, step in enumerate(whole["promise"].steps):
        if (step.clock is None) == (step.within is None):
            yield Flaw("promise", ("steps", place), "clock_or_within")
        if step.clock:
            yield from _known("promise", ("steps", place, "clock"), [step.clock], clocks)
    evidence = {kind.id for kind in whole["evidence"]}
    for place, listed in enumerate(whole["evidence_lists"]):
        yield from _known("evidence_lists", (place, "causes"), listed.causes, causes)
        yield from _known("evidence_lists", (place, "lines"), (line.kind for line in listed.lines), evidence)
    for place, fee in enumerate(whole.get("fees", ())):
        if min(fee.base_minor, fee.pages_included, fee.page_minor, fee.disc_minor) < 0:
            yield Flaw("fees", (place,), "not_known", expected="0 …")
    for jurisdiction in ("tw", "cn"):
        names = {row.id.partition(":")[0] for row in whole["notices"] if jurisdiction in row.jurisdictions}
        for code in sorted(known.NOTICES - names):
            yield Flaw("notices", (), "row_missing", expected=f"{code} ({jurisdiction})")
        if not any(row.jurisdiction == jurisdiction for row in whole["purposes"]):
            yield Flaw("purposes", (), "row_missing", expected=jurisdiction)
    for place, notice in enumerate(whole["notices"]):
        yield from _known("notices", (place, "unless"), notice.unless, known.KINDS["proceeding_kinds"] or ())
    steps = Counter(step.id for level in whole["levels"] for step in level.steps)
    for place, house in enumerate(whole["house_clocks"]):
        for inner, stop in enumerate(house.clock.stops):
            if stop.fact == "task.done" and stop.when.get("step") not in steps:
                found = str(stop.when.get("step"))
                yield Flaw("house_clocks", (place, "clock", "stops", inner), "not_known", ", ".join(sorted(steps)), found)


# Clocks of house and law


def _clock(section: str, at: tuple[str | int, ...], clock: ClockSpec) -> Iterator[Flaw]:
    for name in ("triggers", "stops", "cancels"):
        for place, when in enumerate(getattr(clock, name)):
            yield from _when(section, (*at, name, place), when)
    for place, pause in enumerate(clock.pauses):
        yield from _when(section, (*at, "pauses", place, "begins"), pause.begins)
        yield from _when(section, (*at, "pauses", place, "ends"), pause.ends)
    yield from _known(section, (*at, "from"), [clock.from_], known.MOMENTS)
    yield from _known(section, (*at, "owner"), [clock.owner], known.ROLES)
    yield from _known(section, (*at, "escalate_to"), clock.escalate_to, known.ROLES)
    if clock.duration.unit is Unit.HOURS and clock.rolls:
        yield Flaw(section, (*at, "rolls"), "hours_never_roll")
    if clock.opening and clock.duration.unit is not Unit.HOURS:
        yield Flaw(section, (*at, "opening"), "opening_needs_hours")
    if clock.extension and clock.extension.unit is not clock.duration.unit:
        found, wanted = clock.extension.unit.value, clock.duration.unit.value
        yield Flaw(section, (*at, "extension", "unit"), "not_known", wanted, found)
    if clock.information and (clock.alarms_before or clock.escalate_to):
        yield Flaw(section, at, "information_never_alarms")


def _when(section: str, at: tuple[str | int, ...], when: When) -> Iterator[Flaw]:
    if when.fact not in known.FACTS:
        yield Flaw(section, (*at, "fact"), "not_known", ", ".join(sorted(known.FACTS)), when.fact)
        return
    fields = known.FACTS[when.fact]
    yield from _known(section, (*at, "when"), when.when, fields)
    group = {
        "demand.recorded": "demand_kinds",
        "demand.answered": "demand_kinds",
        "contact.logged": "contact_kinds",
        "incident.identified": "incident_kinds",
        "report.made": "report_kinds",
        "care.recorded": "care_kinds",
        "proceeding.opened": "proceeding_kinds",
        "proceeding.milestone": "proceeding_kinds",
        "proceeding.ended": "proceeding_kinds",
    }.get(when.fact)
    if group and "kind" in when.when:
        yield from _known(section, (*at, "when", "kind"), _many(when.when["kind"]), known.KINDS[group] or ())
    if "milestone" in when.when:
        wanted = known.KINDS["milestones"] or ()
        yield from _known(section, (*at, "when", "milestone"), _many(when.when["milestone"]), wanted)


def _many(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


# Law


def _law(whole: Mapping[str, Any]) -> Iterator[Flaw]:
    for place, rule in enumerate(whole["rules"]):
        yield from _rule(place, rule)


def _rule(place: int, rule: LawRule) -> Iterator[Flaw]:
    if rule.sha:
        yield Flaw("rules", (place, "sha"), "unknown_key", found="sha")
    if (rule.kind == "clock") != (rule.clock is not None):
        yield Flaw("rules", (place, "kind"), "clock_and_kind")
    if (rule.kind == "limit") != (rule.limit is not None):
        yield Flaw("rules", (place, "kind"), "limit_and_kind")
    if rule.gate and rule.gate not in known.GATES:
        yield Flaw("rules", (place, "gate"), "not_known", ", ".join(sorted(known.GATES)), rule.gate)
    if rule.protects and rule.protects not in known.COMPARTMENTS:
        yield Flaw("rules", (place, "protects"), "not_known", ", ".join(sorted(known.COMPARTMENTS)), rule.protects)
    if rule.grade == "V" and not rule.quote:
        yield Flaw("rules", (place, "quote"), "quote_needed")
    if rule.keep is not None:
        yield from _known("rules", (place, "keep", "of"), rule.keep.of, known.RECORDS)
    for inner, when in enumerate(rule.shown_when):
        yield from _when("rules", (place, "shown_when", inner), when)
    if rule.clock is None:
        return
    yield from _clock("rules", (place, "clock"), rule.clock)
    if rule.clock.pausable or rule.clock.repeats or rule.clock.opening:
        yield Flaw("rules", (place, "clock"), "law_never_pauses")
    if rule.grade == "UNVERIFIED" and (rule.clock.alarms_before or rule.clock.escalate_to):
        yield Flaw("rules", (place, "clock"), "unverified_never_alarms")


# Calendars


def _calendar(whole: Mapping[str, Any]) -> Iterator[Flaw]:
    years = {year.id: year.status for year in whole["years"]}
    for place, day in enumerate(whole["days"]):
        if day.id.year not in years:
            yield Flaw("days", (place, "id"), "year_not_described", found=day.id.isoformat())
        if day.kind == "makeup" and day.id.weekday() < 5:
            yield Flaw("days", (place, "kind"), "makeup_on_weekday", found=day.id.isoformat())
        if day.kind == "closed" and not day.source:
            yield Flaw("days", (place,), "closed_needs_source", found=day.id.isoformat())
    until = whole["official_until"]
    if years.get(until.year) != "official":
        yield Flaw("official_until", (), "year_not_described", found=until.isoformat())


# Wording


def _wording(whole: Mapping[str, Any]) -> Iterator[Flaw]:
    for place, row in enumerate(whole.get("templates", ())):
        yield from _known("templates", (place, "situation"), [row.situation], known.SITUATIONS)
        yield from _known("templates", (place, "channels"), row.channels, known.WAYS)
        yield from _known("templates", (place, "levels"), row.levels, (1, 2, 3))
        yield from _sent("templates", place, row)
    for place, row in enumerate(whole.get("skeletons", ())):
        yield from _sent("skeletons", place, row)
    for place, row in enumerate(whole.get("principles", ())):
        yield from _known("principles", (place, "kinds"), row.kinds, known.FINDINGS)
    for place, kind in enumerate(whole.get("kinds", ())):
        yield from _known("kinds", (place, "id"), [kind.id], known.FINDINGS)


def _guarding(whole: Mapping[str, Any], examples: bool) -> Iterator[Flaw]:
    """The guard's sections, as far as this pack is complete by itself: a rule that leans on another pack is tried there."""
    parts = {name: tuple(whole.get(name, ())) for name in ("kinds", "words", "shapes", "substitutes", "rules")}
    if parts["rules"] and not parts["kinds"]:
        yield Flaw("rules", (), "row_missing", expected="kinds")
        return
    whole_of = Guarding(**parts)
    for section, at, code, expected, found in wrongs(whole_of, examples=examples):
        yield Flaw(section, at, code, expected, found)
    asks = tuple(whole.get("asks", ()))
    if not asks:
        return
    for section, at, code, expected, found in wrongs(asking(whole_of, asks), examples=examples):
        if section == "rules":
            yield Flaw("asks", at, code, expected, found)


def _sent(section: str, place: int, row: Any) -> Iterator[Flaw]:
    yield from _holes(section, (place, "title"), row.title, PLACES)
    yield from _holes(section, (place, "body"), row.body, PLACES)
