"""A case handed out as a bundle that anyone can check, and what both sides let go into it."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from suyuan.accounts.selectors import profile_for
from suyuan.cases import rules
from suyuan.cases.errors import MayNot
from suyuan.cases.models import Case
from suyuan.cases.selectors.bundles import AGREED, PURPOSES, bundle_asked, given_in
from suyuan.cases.selectors.door import compartments_for
from suyuan.cases.services.common import case_change, case_locked, known, require_may, stated_time, tell, words_frozen
from suyuan.evidence.models import BundleExport
from suyuan.evidence.selectors.bundles import Asked, Plan, bundle_plan
from suyuan.evidence.services.bundles import bundle_again, bundle_check, bundle_export
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.platform import access
from suyuan.platform.jobs import enqueue
from suyuan.platform.units import writes


def case_bundle(
    *,
    case: Case,
    purpose: str,
    hidden: Collection[str] = (),
    with_files: bool | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[BundleExport, Plan]:
    """Settle and record a bundle of this case; `bundle_write` then makes it. Raises MayNot, NotForThisPurpose, BundleRefused.

    Not one transaction: what waits is signed first, and the record names what was signed.
    """
    require_may(case, "bundle_export", actor, now)
    hidden = sorted(set(hidden))
    chosen = {"hidden": hidden, "with_files": with_files, "given": given_in(case)}
    wanted = _asked(case, purpose, actor, now, **chosen)
    bundle_noted(case=case, wanted=wanted, actor=actor, now=now)
    asked = {**chosen, "compartments": list(wanted.compartments)}
    return bundle_export(
        wanted=wanted, asked=asked, stream=case.stream, branch_id=case.branch_id, actor=actor, now=now
    )


# With what a bundle is made again. `given` is missing from those that were handed out before it was asked.
CHOSEN = ("hidden", "with_files", "given")

# More than this takes over a second to make and check: it is done by a job, and the page says so.
MOST_AT_ONCE, MOST_EVENTS_AT_ONCE = 50 << 20, 300
PREPARE = "cases.bundle"


def case_bundle_prepare(*, export: BundleExport, plan: Plan, now: datetime) -> None:
    """Have it made and checked: at once where that is quick, otherwise by a job."""
    if plan.size <= MOST_AT_ONCE and plan.events <= MOST_EVENTS_AT_ONCE:
        bundle_check(export=export, plan=plan, now=now)
    else:
        enqueue(PREPARE, {"export": str(export.uid)}, unique_key=f"{PREPARE}:{export.uid}")


def case_bundle_prepare_later(*, export: BundleExport, now: datetime) -> None:
    """The job's part: what was recorded is made, with the rights that whoever asked had then."""
    case = Case.objects.select_related("branch").get(stream=export.stream)
    chosen = {name: export.asked.get(name) for name in CHOSEN}
    wanted = as_recorded(bundle_asked(None, case, purpose=export.purpose, now=export.at, **chosen), export)
    bundle_check(export=export, plan=bundle_plan(wanted, at=export.at, again=export), now=now)


def case_bundle_again(*, case: Case, export: BundleExport, actor: Actor, now: datetime) -> Plan:
    """The same bytes once more, for whoever could have had them made. Raises MayNot, BundleRefused."""
    require_may(case, "bundle_export", actor, now)
    chosen = {name: export.asked.get(name) for name in CHOSEN}
    # What the law kept in, and who asked, is settled by that day; whoever reads less now gets nothing.
    wanted = _asked(case, export.purpose, actor, now, **chosen)
    bundle_noted(case=case, wanted=wanted, actor=actor, now=now)
    if not set(export.asked["compartments"]) <= set(wanted.compartments):
        raise MayNot("role")
    return bundle_again(export=export, wanted=as_recorded(wanted, export))


@writes
def bundle_noted(*, case: Case, wanted: Asked, actor: Actor, now: datetime) -> None:
    """Who had what copied, written down before it is shown."""
    protected = [f"compartment:{compartment}" for compartment in wanted.compartments if compartment]
    access.note_before(
        actor, "bundle", at=now, purpose="export", branch_id=case.branch_id, stream=case.stream, shown=protected
    )


def _asked(case: Case, purpose: str, actor: Actor, now: datetime, **chosen) -> Asked:
    profile = None if actor == SYSTEM else profile_for(actor, now)
    return bundle_asked(profile, case, purpose=purpose, now=now, **chosen)


def as_recorded(wanted: Asked, export: BundleExport) -> Asked:
    return replace(
        wanted,
        streams=tuple(export.streams),
        compartments=tuple(export.asked["compartments"]),
        left_out=tuple((what, why) for what, why in export.left_out),
    )


# --- what both sides let go ------------------------------------------------------------------------------------------------


@writes
def showing_agree(
    *,
    case: Case,
    compartment: str,
    purposes: Collection[str],
    by_clinic: str,
    by_person: str,
    how: str,
    words: str,
    happened_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Both sides agreed that what was said in confidence is shown for these purposes; the newest record counts, and with no
    purpose it ends. It stands in the compartment it is about: that there is something to agree on is itself confidential.
    """
    case = case_locked(case)
    require_may(case, "showing_agree", actor, now)
    known(compartment, rules.BOTH_MAY_AGREE, "compartment")
    if compartment not in compartments_for(profile_for(actor, now), case):
        raise MayNot("not_here")
    outside = {str(purpose) for purpose in PURPOSES} - {"internal"}
    purposes = sorted({known(purpose, outside, "purposes") for purpose in purposes})
    known(how, rules.AGREED_HOW, "how")
    stated_time(happened_at, now)

    text = words_frozen(case, "showing.agreed", words, now=now, compartment=compartment)
    case_change(case, now=now)

    tell(
        case,
        AGREED,
        actor=actor,
        now=now,
        plain={"compartment": compartment, "purposes": purposes, "how": how},
        private={"by_clinic": by_clinic, "by_person": by_person},
        texts={"words": text},
        happened_at=happened_at,
        compartment=compartment,
    )
