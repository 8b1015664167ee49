"""What an overlay may do to the pack below it. No Django, no database."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What a clinic's lawyer may still set on a clock that binds. Neither its trigger nor its end is among them.
ADJUSTABLE = frozenset(
    {"duration", "rolls", "conservative", "count_from", "alarms_before", "escalate_to", "owner", "extension"}
)

GRADES = ("UNVERIFIED", "P", "V")

# Shortest and longest a unit can be, in hours, for comparing different units. A working day is never shorter than a
# day, and has no longest.
_SHORTEST = {"hours": 1, "calendar_days": 24, "working_days": 24, "months": 28 * 24, "years": 365 * 24}
_LONGEST = {"hours": 1, "calendar_days": 24, "working_days": math.inf, "months": 31 * 24, "years": 366 * 24}


@dataclass(frozen=True)
class Objection:
    """Why a change of an overlay is refused: its place among the changes, a code, and what was expected and found."""

    verb: str
    place: int
    code: str
    expected: str = ""
    found: str = ""


def merge(base: Mapping[str, Any], changes: Mapping[str, list[dict[str, Any]]]) -> tuple[dict[str, Any], list[Objection]]:
    """The base with the changes laid over it, and every change that may not be."""
    whole = copy.deepcopy(dict(base))
    objections: list[Objection] = []
    for verb in ("replace", "disable", "add"):
        for place, change in enumerate(changes.get(verb, ())):
            objections += [Objection(verb, place, *why) for why in _VERBS[verb](whole, change)]
    return whole, objections


def _replace(whole: dict[str, Any], change: dict[str, Any]) -> list[tuple[str, ...]]:
    if not change.get("with"):
        return [("with_needed",)]
    if change.get("id") is None:
        part = whole.get(change["section"])
        if not isinstance(part, dict) or change["section"] == "kinds":
            return [("id_needed",)]
        whole[change["section"]] = _laid_over(part, change["with"])
        return []

    rows = _rows(whole, change["section"])
    if rows is None:
        return [("no_section", ", ".join(sorted(whole)), change["section"])]
    for place, row in enumerate(rows):
        if str(row["id"]) == str(change["id"]):
            changed = _laid_over(row, change["with"])
            whys = _objections(row, changed, change["with"])
            if not whys:
                rows[place] = changed
            return whys
    return [("no_entry", "", str(change["id"]))]


def _disable(whole: dict[str, Any], change: dict[str, Any]) -> list[tuple[str, ...]]:
    if change.get("with"):
        return [("with_unwanted",)]
    rows = _rows(whole, change["section"])
    if rows is None:
        return [("no_section", ", ".join(sorted(whole)), change["section"])]
    found = [row for row in rows if str(row["id"]) == str(change.get("id"))]
    if not found:
        return [("no_entry", "", str(change.get("id")))]
    if any(binds(row) for row in found):
        return [("binding_disabled", "", str(change["id"]))]
    rows[:] = [row for row in rows if row not in found]
    return []


def _add(whole: dict[str, Any], change: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = _rows(whole, change["section"])
    if rows is None:
        return [("no_section", ", ".join(sorted(whole)), change["section"])]
    if not change.get("with") or not change.get("id"):
        return [("with_needed",)]
    if any(str(row["id"]) == str(change["id"]) for row in rows):
        return [("already_there", "", str(change["id"]))]
    rows.append({"id": change["id"], **change["with"]})
    return []


_VERBS = {"replace": _replace, "disable": _disable, "add": _add}


def _rows(whole: Mapping[str, Any], section: str) -> list[dict[str, Any]] | None:
    """A list of entries: `levels`, `rules`, or one list of choices, `kinds.remedies`."""
    group, _, inner = section.partition(".")
    part = whole.get(group)
    if inner and isinstance(part, dict):
        part = part.get(inner)
    return part if isinstance(part, list) else None


def _laid_over(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, Mapping):
        return {**below, **{key: _laid_over(below.get(key), value) for key, value in above.items()}}
    return above


def binds(row: Mapping[str, Any]) -> bool:
    """Law that runs against the clinic, and house clocks marked so, may be shortened and never lengthened."""
    clock = row.get("clock")
    if not clock:
        return False
    if "grade" in row:
        return row["grade"] != "UNVERIFIED" and not clock.get("information", False)
    return bool(row.get("binding", False))


def _objections(before: dict[str, Any], after: dict[str, Any], changed: Mapping[str, Any]) -> list[tuple[str, ...]]:
    whys: list[tuple[str, ...]] = []
    if "id" in changed and changed["id"] != before["id"]:
        whys.append(("id_fixed", str(before["id"]), str(changed["id"])))
    if "grade" in before:
        whys += _grading(before, after, changed)
    if binds(before):
        whys += _binding(before, after, changed)
    return whys


def _grading(before: dict[str, Any], after: dict[str, Any], changed: Mapping[str, Any]) -> list[tuple[str, ...]]:
    if after.get("grade") not in GRADES or after["grade"] == before["grade"]:
        return []
    if GRADES.index(after["grade"]) < GRADES.index(before["grade"]):
        return [("grade_lowered", before["grade"], after["grade"])]
    missing = sorted({"source", "verified_on", "reviewer"} - {name for name in changed if changed[name]})
    return [("grade_needs_source", ", ".join(missing))] if missing else []


def _binding(before: dict[str, Any], after: dict[str, Any], changed: Mapping[str, Any]) -> list[tuple[str, ...]]:
    whys: list[tuple[str, ...]] = []
    fixed = {"kind", "jurisdiction", "status", "effective_from", "effective_to", "binding"}
    for name in sorted(fixed & changed.keys()):
        if changed[name] != before.get(name):
            whys.append(("binding_field", name))
    old, new = before["clock"], after.get("clock")
    if not isinstance(new, dict):
        return [*whys, ("binding_field", "clock")]
    for name in sorted((changed.get("clock") or {}).keys() - ADJUSTABLE):
        if new.get(name) != old.get(name):
            whys.append(("binding_field", f"clock.{name}"))
    if lengthens(old, new):
        whys.append(("lengthened", _said(old["duration"]), _said(new["duration"])))
    return whys


def lengthens(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Could the new clock end later than the old one, on any calendar?"""
    if _longer(old["duration"], new["duration"]):
        return True
    if new.get("count_from", "next_day") == "next_day" and old.get("count_from", "next_day") == "instant":
        return True
    if new.get("rolls", False) and not old.get("rolls", False):
        return True
    if old.get("conservative", False) and not new.get("conservative", False):
        return True
    return _extended_further(old.get("extension"), new.get("extension"))


def _longer(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if not {old.get("unit"), new.get("unit")} <= _SHORTEST.keys():
        return False  # the schema says so, at the right line
    if old["unit"] == new["unit"]:
        return new["n"] > old["n"]
    # Calendar days, even when they roll to a working day, never end after as many working days.
    if (old["unit"], new["unit"]) == ("working_days", "calendar_days"):
        return new["n"] > old["n"]
    return new["n"] * _LONGEST[new["unit"]] > old["n"] * _SHORTEST[old["unit"]]


def _extended_further(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> bool:
    if not new:
        return False
    if not old:
        return True
    return new.get("n", 0) * new.get("max_times", 0) > old["n"] * old["max_times"]


def _said(duration: Mapping[str, Any]) -> str:
    return f"{duration.get('n')} {duration.get('unit')}"

