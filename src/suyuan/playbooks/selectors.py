"""What the rest of the house reads from packs. Contents are parsed once per process: loaded rows never change."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from suyuan.platform import units
from suyuan.playbooks import content
from suyuan.playbooks.errors import PackMissing
from suyuan.playbooks.models import PackActivation, PackVersion
from suyuan.playbooks.readers import Calendar, Fee, HouseClock, Inbox, Law, LawRule, PackInfo, Procedure
from suyuan.playbooks.wording import Platform, Wording, joined, only


def procedure_newest(jurisdiction: str) -> Procedure:
    """The procedure a case opened now would follow. A pack for this jurisdiction goes before one for any."""
    return procedure_of(_newest("procedure", jurisdiction))


def procedure_of(version_pk: int) -> Procedure:
    """The procedure a case was pinned to."""
    return _procedure(version_pk)


def evidence_procedure(version_pk: int, jurisdiction: str) -> Procedure:
    """Where the lists of evidence of a case stand: in the procedure it was pinned to; one from before there were such
    lists borrows those of today, and a page says so."""
    pinned = procedure_of(version_pk)
    return pinned if pinned.evidence else procedure_newest(jurisdiction)


def fee_tariff(jurisdiction: str) -> Fee | None:
    """What copies of records cost there today: always the newest, as a price list is."""
    return next((fee for fee in procedure_newest(jurisdiction).fees if fee.jurisdiction == jurisdiction), None)


def inbox_periods(jurisdiction: str) -> Inbox:
    """How long what came by itself is kept there: always by the newest."""
    try:
        return procedure_newest(jurisdiction).inbox
    except PackMissing:
        return Inbox()


def evidence_name(code: str) -> str:
    """A kind of evidence as the packs of today call it; a code that no pack knows any more stands for itself."""
    for jurisdiction in ("tw", "cn") if code else ():
        with suppress(PackMissing, LookupError):
            return str(procedure_newest(jurisdiction).evidence_kind(code).name)
    return code


def law_newest(jurisdiction: str) -> Law:
    return _law(_newest("law", jurisdiction))


def law_as_of(jurisdiction: str, at: datetime) -> Law:
    """The law as the packs said it then: what somebody rested a judgement on does not change with a newer pack."""
    told = list(PackActivation.objects.filter(slot__startswith="law:").order_by("pk").values_list("slot", "version_id", "at"))
    for slot in (f"law:{jurisdiction}", "law:any"):
        filled = [(version, since) for name, version, since in told if name == slot]
        if filled:
            then = [version for version, since in filled if since <= at]
            return _law(then[-1] if then else filled[0][0])
    raise PackMissing(kind="law", jurisdiction=jurisdiction)


def law_rules_for(jurisdiction: str, fact_type: str, plain: Mapping[str, Any], *, on: date) -> tuple[LawRule, ...]:
    """Rules in force on that day which this fact concerns: those whose clock it starts, and those worth showing."""
    return law_newest(jurisdiction).rules_for(fact_type, plain, on)


def protections(jurisdiction: str, on: date) -> dict[str, tuple[LawRule, ...]]:
    """Compartment → rules in force on that day that keep its material from leaving the house."""
    found: dict[str, list[LawRule]] = {}
    for rule in law_newest(jurisdiction).rules:
        if rule.protects and rule.in_force(on):
            found.setdefault(rule.protects, []).append(rule)
    return {compartment: tuple(rules) for compartment, rules in found.items()}


def retention_rules(jurisdiction: str, on: date) -> tuple[LawRule, ...]:
    """Rules in force on that day that say how long records are kept. What nobody has verified binds nobody."""
    rules = law_newest(jurisdiction).rules
    return tuple(r for r in rules if r.keep is not None and r.keep.of and r.grade != "UNVERIFIED" and r.in_force(on))


def law_rule(sha: str) -> LawRule:
    """The row a clock was started by, as it stood then. Unknown hashes raise PackMissing."""
    for pk in PackVersion.objects.filter(kind="law").order_by("-pk").values_list("pk", flat=True):
        found = _rules_by_sha(pk).get(sha)
        if found is not None:
            return found
    raise PackMissing(kind="law", sha=sha)


def house_clock(version_pk: int, code: str) -> HouseClock:
    return procedure_of(version_pk).clock(code)


def calendar_for(jurisdiction: str) -> Calendar:
    """The newest calendar; `.table` is what `kernel.deadlines` counts on."""
    return calendar_of(_newest("calendar", jurisdiction))


def calendar_of(version_pk: int) -> Calendar:
    return _calendar(version_pk)


def wording_newest(jurisdiction: str) -> Wording:
    """The words a branch there goes by: always the newest, for nobody is bound to yesterday's words."""
    general, local = _wording_versions(jurisdiction)
    return _wording(general, local, jurisdiction)


def platforms_everywhere() -> dict[str, Platform]:
    """Public places by their code, whatever place they are for."""
    known = _newest_versions()
    places = [place for place in ("tw", "cn") if known.keys() & {"wording:any", f"wording:{place}"}]
    return {row.id: row for place in places for row in wording_newest(place).platforms}


def wording_hashes(jurisdiction: str) -> tuple[str, ...]:
    """What the words there are known by: the hash of the general pack, and of that of the place where there is one."""
    return tuple(_hash(version) for version in dict.fromkeys(_wording_versions(jurisdiction)))


def _wording_versions(jurisdiction: str) -> tuple[int, int]:
    known = _newest_versions()
    slots = [slot for slot in ("wording:any", f"wording:{jurisdiction}") if slot in known]
    if not slots:
        raise PackMissing(kind="wording", jurisdiction=jurisdiction)
    return known[slots[0]], known[slots[-1]]


def packs_active() -> list[PackInfo]:
    """What is in force now, for the page that shows it."""
    return [content.info_of(version) for version in active_versions()]


def active_versions() -> QuerySet[PackVersion]:
    return PackVersion.objects.filter(pk__in=_active().values()).order_by("kind", "jurisdiction", "pack")


def _active() -> dict[str, int]:
    """slot → version. Later activations win; there are as many rows as anybody ever loaded, so a few dozen."""
    return dict(PackActivation.objects.order_by("pk").values_list("slot", "version_id"))


# How long a process may go on with the packs it knows after another process has loaded newer ones. A case that opens in
# these seconds is pinned to the version that was newest a moment before, which is as lawful as having come a moment before.
NEWEST_FOR = 5.0
LOADED = "packs loaded"

_newest_known: tuple[float, dict[str, int]] | None = None  # when it was read, and slot → version


def _newest(kind: str, jurisdiction: str) -> int:
    """Asked several times by every write and page, and changed a few times a year: one statement for all kinds."""
    slots = (f"{kind}:{jurisdiction}", f"{kind}:any")
    known = _newest_versions()
    for slot in slots:
        if slot in known:
            return known[slot]
    raise PackMissing(kind=kind, jurisdiction=jurisdiction)


def _newest_versions() -> dict[str, int]:
    global _newest_known
    if _newest_known is not None and time.monotonic() - _newest_known[0] < NEWEST_FOR:
        return _newest_known[1]
    versions = _active()
    unit = units.current()
    if unit is None or LOADED not in unit.notes:  # what this very write has loaded may yet be rolled back
        _newest_known = (time.monotonic(), versions)
    return versions


def at_hand(jurisdiction: str) -> None:
    """Look up what a write is about to ask, before it holds the database."""
    for kind in ("procedure", "law", "calendar"):
        _newest(kind, jurisdiction)


@lru_cache(maxsize=64)
def _procedure(pk: int) -> Procedure:
    return content.procedure(_version(pk))


@lru_cache(maxsize=64)
def _law(pk: int) -> Law:
    return content.law(_version(pk))


@lru_cache(maxsize=64)
def _calendar(pk: int) -> Calendar:
    return content.calendar(_version(pk))


@lru_cache(maxsize=16)
def _wording(general: int, local: int, jurisdiction: str) -> Wording:
    whole = content.wording(_version(general))
    if local != general:
        whole = joined(whole, content.wording(_version(local)))
    return only(whole, jurisdiction)


@lru_cache(maxsize=64)
def _hash(pk: int) -> str:
    return _version(pk).sha256


@lru_cache(maxsize=64)
def _rules_by_sha(pk: int) -> dict[str, LawRule]:
    return {rule.sha: rule for rule in _law(pk).rules}


def _version(pk: int) -> PackVersion:
    version = PackVersion.objects.filter(pk=pk).first()
    if version is None:
        raise PackMissing(version=pk)
    return version


def forget() -> None:
    """After a load; and for tests that bring back an older database, where the same number is another row."""
    global _newest_known
    _newest_known = None
    for cached in (_procedure, _law, _calendar, _wording, _hash, _rules_by_sha):
        cached.cache_clear()
