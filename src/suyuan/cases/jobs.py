"""Thin: the minute's work."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from suyuan.cases.models import Case, RetentionProposal
from suyuan.cases.selectors.retention import candidates, due_of, undecided
from suyuan.cases.services.asking import parties_to_remind, party_reminded
from suyuan.cases.services.bundles import PREPARE, case_bundle_prepare_later
from suyuan.cases.services.clocks import (
    clocks_recount_many,
    clocks_sweep,
    promises_sweep,
    provisional_cases,
    tasks_sweep,
)
from suyuan.cases.services.handling.items import COPY, item_copy_make
from suyuan.cases.services.retention import CARRY_OUT, retention_carry_out, retention_lapse, retention_propose
from suyuan.cases.services.trying import TRY, tryout_read
from suyuan.correspondence.own_models import TryOut
from suyuan.evidence.models import BundleExport, Making
from suyuan.evidence.services.makings import makings_forget
from suyuan.kernel.actor import SYSTEM
from suyuan.platform.jobs import job, periodic


@periodic("* * * * *", "cases.clocks")
def clocks(args: dict, now: datetime) -> None:
    """Every alarm that is due; a promise whose time has passed; a task that is late."""
    clocks_sweep(now)
    promises_sweep(now)
    tasks_sweep(now)


@periodic("11 * * * *", "cases.remind_outside")
def remind_outside(args: dict, now: datetime) -> None:
    """What people outside were asked for is said once more before its day."""
    for request in parties_to_remind(now):
        party_reminded(request=request, now=now)


RECOUNT = "cases.recount"
AT_ONCE = 200


@job(RECOUNT)
def recount(args: dict, now: datetime) -> None:
    """A pack was loaded: where it is a calendar, dates that were provisional are counted on it."""
    cases = provisional_cases()
    for start in range(0, len(cases), AT_ONCE):
        clocks_recount_many(case_ids=cases[start : start + AT_ONCE], actor=SYSTEM, now=now)


@periodic("40 19 * * *", "cases.retention", timeout=timedelta(hours=2))
def retention(args: dict, now: datetime) -> None:
    """Once a day: what no law keeps any longer is put before whoever decides; what is kept again is taken back.

    A case that cannot be looked at keeps no other waiting. Raises ExceptionGroup of those at the end.
    """
    failed: list[Exception] = []
    for proposal in undecided():
        with _apart(proposal.case, failed):
            if due_of(proposal.case, now) is None:
                retention_lapse(proposal=proposal, now=now)
    for case in candidates(now):
        with _apart(case, failed):
            due = due_of(case, now)
            if due is not None:
                retention_propose(case=case, due=due, now=now)
    if failed:
        raise ExceptionGroup("cases whose retention could not be looked at", failed)


@contextmanager
def _apart(case: Case, failed: list[Exception]) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever it is, it is told at the end
        error.add_note(case.reference)
        failed.append(error)


@job(CARRY_OUT, timeout=timedelta(minutes=10))
def retention_one(args: dict, now: datetime) -> None:
    """One case of an order for many."""
    found = RetentionProposal.objects.select_related("case__branch", "case__patient", "decided_by")
    retention_carry_out(proposal=found.get(uid=args["proposal"]), now=now)


@job(PREPARE, timeout=timedelta(hours=1))
def bundle_prepare(args: dict, now: datetime) -> None:
    """A large bundle is made and checked before anybody takes it away."""
    export = BundleExport.objects.select_related("checkpoint").get(uid=args["export"])
    if export.checked_at is None:
        case_bundle_prepare_later(export=export, now=now)


@job(COPY, attempts=3, timeout=timedelta(minutes=40))
def copy(args: dict, now: datetime) -> None:
    """A copy that takes longer than a page may."""
    waiting = Making.objects.filter(uid=args["making"], ended_at=None).select_related("item__stored", "by").first()
    if waiting is not None:
        item_copy_make(making=waiting, now=now)


@periodic("11 19 * * *", "cases.copies_forget")
def copies_forget(args: dict, now: datetime) -> None:
    makings_forget(now=now)


@job(TRY, timeout=timedelta(minutes=5))
def rule_try(args: dict, now: datetime) -> None:
    """A clinic's own rule, read against what the clinic said before."""
    tryout_read(tryout=TryOut.objects.select_related("rule__branch", "asked_by").get(uid=args["tryout"]), now=now)
