"""The only writers of a clinic's own rules and words.

draft → tried → live → ended. A live version stays as it is; to change it, a newer one is drafted, tried and put in its place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from suyuan.accounts.errors import require
from suyuan.accounts.models import Branch
from suyuan.accounts.rules import Allowed, Denied, may_here, same_person
from suyuan.accounts.selectors import branches, may_at, profile_for
from suyuan.correspondence.models import FindingDispute
from suyuan.correspondence.own_errors import (
    AllowUnfit,
    NotTriedYet,
    OwnMovedMeanwhile,
    OwnRuleUnfit,
    ReasonWanted,
    SecondPersonMissing,
)
from suyuan.correspondence.own_models import AllowEntry, ClinicRule, TryOut
from suyuan.correspondence.own_rules import MOST_RULES, Trouble, Wanted, troubles, wanted_of
from suyuan.correspondence.services.clearing import dispute_judge
from suyuan.correspondence.services.common import WHY, end_entry
from suyuan.kernel.actor import Actor
from suyuan.kernel.chain import canonical
from suyuan.people.models import PersonIndex
from suyuan.platform import chance, identifiers
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.units import writes
from suyuan.playbooks.selectors import wording_newest

WRITE = "wording_write"
ALLOW_KINDS = ("phone", "address", "name", "number", "link", "product")
WORDS = 120


def may_write(actor: Actor, branch: Branch | None, now: datetime) -> Allowed | Denied:
    """Whether they may write rules there."""
    return may_at(profile_for(actor, now), WRITE, branch)


# --- rules ---------------------------------------------------------------------------------------------------------


@writes
def clinic_rule_draft(
    *, wanted: Wanted, branch: Branch | None, actor: Actor, now: datetime, replaces: ClinicRule | None = None
) -> ClinicRule:
    """Write a rule, or a newer version of one. It holds nowhere yet."""
    require(may_write(actor, branch, now))
    if replaces is not None:
        code, version, branch = _next_version(replaces)
    else:
        code, version = _next_code(), 1
    wanted = _sound(code, wanted, branch)
    rule = ClinicRule(uid=chance.uid(), code=code, version=version, branch=branch)
    _write(rule, wanted, actor, now)
    rule.save(force_insert=True)
    where = str(branch.uid) if branch is not None else ""
    _tell("clinic_rule.drafted", rule, actor, now, private=_said(wanted), branch=where)
    return rule


@writes
def clinic_rule_change(*, rule: ClinicRule, wanted: Wanted, actor: Actor, now: datetime) -> ClinicRule:
    """Change a draft. What was tried before says nothing of it any more."""
    require(may_write(actor, rule.branch, now))
    rule = _still(rule, "draft", "tried")
    wanted = _sound(rule.code, wanted, rule.branch)
    if wanted.digest == rule.digest:
        return rule
    _write(rule, wanted, actor, now)
    rule.save()
    _tell("clinic_rule.changed", rule, actor, now, private=_said(wanted))
    return rule


@writes
def clinic_rule_try(*, rule: ClinicRule, planned: int, actor: Actor, now: datetime) -> TryOut:
    """Begin to try it on what was said before; `clinic_rule_tried` ends it."""
    require(may_write(actor, rule.branch, now))
    rule = _still(rule, "draft", "tried")
    tryout = TryOut(
        uid=chance.uid(), rule=rule, digest=rule.digest, asked_by_id=actor.user_id, asked_at=now, planned=planned
    )
    tryout.save(force_insert=True)
    _tell("clinic_rule.try_asked", rule, actor, now, tryout=str(tryout.uid), planned=planned)
    return tryout


@writes
def clinic_rule_tried(
    *,
    tryout: TryOut,
    read: int,
    counts: Mapping[str, int],
    hits: Sequence[Mapping[str, Any]],
    packs: Sequence[str],
    actor: Actor,
    now: datetime,
) -> TryOut:
    """Keep what came of it. Told twice, the first time counts."""
    tryout = TryOut.objects.select_for_update(of=("self",)).select_related("rule").get(pk=tryout.pk)
    if tryout.finished_at is not None:
        return tryout
    tryout.read, tryout.counts, tryout.hits, tryout.packs = read, dict(counts), list(hits), list(packs)
    tryout.finished_at = now
    tryout.save(update_fields=["read", "counts", "hits", "packs", "finished_at"])
    same = ClinicRule.objects.filter(pk=tryout.rule_id, state="draft", digest=tryout.digest)
    same.update(state="tried")
    said = {name: int(count) for name, count in counts.items()}
    _tell("clinic_rule.tried", tryout.rule, actor, now, tryout=str(tryout.uid), texts=read, row=tryout_digest(tryout), **said)
    return tryout


def tryout_digest(tryout: TryOut) -> str:
    """Of what came of it: the fact carries it."""
    said = [tryout.counts, tryout.hits, tryout.packs]
    return hashlib.sha256(canonical(said)).hexdigest()


@writes
def clinic_rule_activate(*, rule: ClinicRule, actor: Actor, now: datetime) -> ClinicRule:
    """Put it in force, in the place of the version before. Wants a finished try-out of just this, and another person."""
    require(may_write(actor, rule.branch, now))
    looked_at = rule.digest
    rule = _still(rule, "draft", "tried")
    if rule.digest != looked_at:
        raise OwnMovedMeanwhile()
    if not rule.tryouts.filter(digest=rule.digest, finished_at__isnull=False).exists():
        raise NotTriedYet()
    if same_person(actor, rule.written_by_id) or actor.user_id is None:
        raise SecondPersonMissing()
    if found := troubles_of(rule.code, wanted_of(rule), rule.branch):  # the packs may be newer than the draft
        raise OwnRuleUnfit(found)
    before = ClinicRule.objects.filter(code=rule.code, state="live").first()
    if before is not None:
        _end(before, "", actor, now)
    rule.state, rule.live_by_id, rule.live_at = "live", actor.user_id, now
    rule.save(update_fields=["state", "live_by", "live_at"])
    _tell("clinic_rule.activated", rule, actor, now)
    return rule


@writes
def clinic_rule_end(*, rule: ClinicRule, why: str, actor: Actor, now: datetime) -> ClinicRule:
    """It holds no longer, or was never to hold."""
    require(may_write(actor, rule.branch, now))
    rule = _still(rule, "draft", "tried", "live")
    if not why.strip():
        raise ReasonWanted()
    _end(rule, why.strip()[:WHY], actor, now)
    _tell("clinic_rule.ended", rule, actor, now, private={"why": rule.ended_why})
    return rule


def _next_code() -> str:
    """OWN-1, OWN-2, …: the number of a rule is never given again."""
    numbers = [int(code.partition("-")[2]) for code in ClinicRule.objects.filter(version=1).values_list("code", flat=True)]
    return f"OWN-{max(numbers, default=0) + 1}"


def _next_version(replaces: ClinicRule) -> tuple[str, int, Branch | None]:
    if ClinicRule.objects.filter(code=replaces.code, state__in=["draft", "tried"]).exists():
        raise OwnMovedMeanwhile()
    newest = ClinicRule.objects.filter(code=replaces.code).order_by("-version").first()
    return replaces.code, (newest.version if newest else 0) + 1, replaces.branch


def _sound(code: str, wanted: Wanted, branch: Branch | None) -> Wanted:
    tidy = {name: _lines(getattr(wanted, name)) for name in ("phrases", "frames", "fires", "quiet")}
    wanted = replace(wanted, title=wanted.title.strip(), why=wanted.why.strip(), safer=wanted.safer.strip(), **tidy)
    found = troubles_of(code, wanted, branch)
    if not found and ClinicRule.objects.exclude(state="ended").count() >= MOST_RULES:
        found = [Trouble("title", "full", {"limit": MOST_RULES})]
    if found:
        raise OwnRuleUnfit(found)
    return wanted


def troubles_of(code: str, wanted: Wanted, branch: Branch | None) -> list[Trouble]:
    """By the rules of every place where it would hold: what one place has no list for, would find nothing there."""
    places = [branch] if branch is not None else branches()
    for place in sorted({each.jurisdiction for each in places}, reverse=True):
        if found := troubles(code, wanted, wording_newest(place).guarding, place):
            return found
    return []


def _lines(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))


def _write(rule: ClinicRule, wanted: Wanted, actor: Actor, now: datetime) -> None:
    for name, value in wanted.__dict__.items():
        setattr(rule, name, list(value) if isinstance(value, tuple) else value)
    rule.levels, rule.digest, rule.state = dict(wanted.levels), wanted.digest, "draft"
    rule.written_by_id, rule.written_at = actor.user_id, now


def _still(rule: ClinicRule, *states: str) -> ClinicRule:
    row = ClinicRule.objects.select_for_update(of=("self",)).select_related("branch").get(pk=rule.pk)
    if row.state not in states:
        raise OwnMovedMeanwhile()
    return row


def _end(rule: ClinicRule, why: str, actor: Actor, now: datetime) -> None:
    rule.state, rule.ended_by_id, rule.ended_at, rule.ended_why = "ended", actor.user_id, now, why
    rule.save(update_fields=["state", "ended_by", "ended_at", "ended_why"])


def _said(wanted: Wanted) -> dict[str, Any]:
    said = {name: list(value) if isinstance(value, tuple) else value for name, value in wanted.__dict__.items() if value}
    del said["kind"]  # stands in the open
    return said


def _tell(
    fact_type: str, rule: ClinicRule, actor: Actor, now: datetime, *, private: Mapping[str, Any] | None = None, **plain: Any
) -> None:
    said = {"rule": rule.code, "version": rule.version, "kind": rule.kind, "digest": rule.digest}
    fact = Fact(fact_type, rule.stream, plain=said | plain, private=dict(private or {}), subject=rule)
    facts_record([fact], actor=actor, now=now)


# --- words ---------------------------------------------------------------------------------------------------------


@writes
def allow_add(*, kind: str, words: str, why: str, branch: Branch | None, actor: Actor, now: datetime) -> AllowEntry:
    """Name something that is the clinic's own, so that it is not taken for a patient's."""
    require(may_write(actor, branch, now))
    words, why = words.strip(), why.strip()
    _allowable(kind, words, branch)
    if not why:
        raise ReasonWanted()
    entry = AllowEntry(
        uid=chance.uid(), kind=kind, words=words, why=why[:WHY], branch=branch, added_by_id=actor.user_id, added_at=now
    )
    entry.save(force_insert=True)
    where = str(branch.uid) if branch is not None else ""
    _tell_words("allow_entry.added", entry, actor, now, {"words": words, "why": entry.why}, branch=where)
    return entry


@writes
def allow_end(*, entry: AllowEntry, why: str, actor: Actor, now: datetime) -> AllowEntry:
    """It is not ours any longer."""
    require(may_write(actor, entry.branch, now))
    entry = AllowEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
    if entry.ended_at is not None:
        raise OwnMovedMeanwhile()
    end_entry(entry, why, actor, now)
    _tell_words("allow_entry.ended", entry, actor, now, {"why": entry.ended_why})
    return entry


def _allowable(kind: str, words: str, branch: Branch | None) -> None:
    if kind not in ALLOW_KINDS:
        raise AllowUnfit("unknown", "kind")
    if not words:
        raise AllowUnfit("empty")
    if len(words) > WORDS:
        raise AllowUnfit("too_long")
    said = re.sub(r"[\W_]", "", words)
    if len(said) < (4 if said.isdigit() or kind in ("phone", "number") else 2):
        raise AllowUnfit("too_short")
    if AllowEntry.objects.filter(words=words, kind=kind, branch=branch, ended_at=None).exists():
        raise AllowUnfit("there")
    if _of_a_patient(words, branch):
        raise AllowUnfit("patient")


def _of_a_patient(words: str, branch: Branch | None) -> bool:
    """Exactly the full name, telephone or chart number of somebody registered where it would hold."""
    family, given = identifiers.split_name(words)
    values = identifiers.index_values(family_name=family, given_name=given, phones=[words], chart_number=words)
    telling = [v for v in values if v.field in (identifiers.NAME, identifiers.PHONE, identifiers.CHART_NUMBER)]
    rows = PersonIndex.objects.all() if branch is None else PersonIndex.objects.filter(person__branch=branch)
    return any(rows.filter(field=v.field, blind=v.value).exists() for v in telling)


def _tell_words(
    fact_type: str, entry: AllowEntry, actor: Actor, now: datetime, private: Mapping[str, str], **plain: str
) -> None:
    fact = Fact(fact_type, f"allow_entry:{entry.uid}", {"kind": entry.kind, **plain}, dict(private), subject=entry)
    facts_record([fact], actor=actor, now=now)


# --- false alarms --------------------------------------------------------------------------------------------------


@writes
def dispute_review(*, dispute: FindingDispute, outcome: str, why: str, actor: Actor, now: datetime) -> FindingDispute:
    """Whoever may write rules says whether it was one."""
    require(may_here(profile_for(actor, now), WRITE, dispute.branch_id))
    return dispute_judge(dispute=dispute, outcome=outcome, why=why, actor=actor, now=now)
