"""A clinic's rule tried on what the clinic said before: read as whoever asked may read, kept with the version."""

from __future__ import annotations

from datetime import datetime

from suyuan.accounts.models import Branch
from suyuan.accounts.selectors import branches, profile_for
from suyuan.cases.selectors.past_words import past_words, past_words_counted
from suyuan.correspondence.own_models import ClinicRule, TryOut
from suyuan.correspondence.rules.own import AT_ONCE
from suyuan.correspondence.services import clinic_rule_tried, clinic_rule_try
from suyuan.correspondence.trying import Trial, shipped_texts
from suyuan.kernel.actor import Actor
from suyuan.platform.jobs import enqueue
from suyuan.platform.units import writes

TRY = "cases.rule_try"


@writes
def rule_try(*, rule: ClinicRule, actor: Actor, now: datetime) -> TryOut:
    """Begin; where there is much to read, the worker reads it."""
    planned = past_words_counted(profile_for(actor, now), rule.branch_id)
    tryout = clinic_rule_try(rule=rule, planned=planned, actor=actor, now=now)
    if planned > AT_ONCE:
        enqueue(TRY, {"tryout": str(tryout.uid)}, unique_key=f"tryout:{tryout.uid}")
    return tryout


def tryout_read(*, tryout: TryOut, now: datetime) -> TryOut:
    """Read everything and keep what came of it. Nothing is locked while it reads; read again, it comes to the same."""
    if tryout.finished_at is not None:
        return tryout
    rule, place = tryout.rule, place_of(tryout.rule)
    actor = Actor("user", str(tryout.asked_by.uid), tryout.asked_by_id)
    trial = Trial(rule, place)
    for said in shipped_texts(place):
        trial.read(said)
    for number, said in enumerate(past_words(profile_for(actor, now), rule.branch_id), 1):
        trial.read(said)
        if number % AT_ONCE == 0:
            TryOut.objects.filter(pk=tryout.pk, finished_at=None).update(read=number)
    came = trial.outcome
    return clinic_rule_tried(
        tryout=tryout,
        read=came.read,
        counts=came.as_counts(),
        hits=came.hits,
        packs=trial.packs,
        actor=actor,
        now=now,
    )


def place_of(rule: ClinicRule) -> Branch:
    """Where it is read as of: its branch, or the first of the house."""
    return rule.branch if rule.branch is not None else branches()[0]
