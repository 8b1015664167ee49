"""The inquiry as its pages show it: plan, conflicts, fishbone, legal exposure, standard of care."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from suyuan.accounts.rules import ActorProfile
from suyuan.cases.models import CareSheet, Case, ConflictCheck, ExposureAnswer, Involvement, PlanStep
from suyuan.evidence.models import Item
from suyuan.evidence.selectors.items import items_of
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import Kind


def kinds_now(case: Case, group: str) -> tuple[Kind, ...]:
    """The choices of one list: of the procedure the case is pinned to, or of today's where that one had no such list yet."""
    procedure = packs.procedure_of(case.procedure_id)
    if group not in procedure.kinds:
        procedure = packs.procedure_newest(case.jurisdiction)
    return procedure.kinds_of(group, case.jurisdiction)


def name_now(case: Case, group: str, code: str) -> str:
    return next((str(row.name) for row in kinds_now(case, group) if row.id == code), code)


def plan_of(case: Case) -> list[PlanStep]:
    rows = PlanStep.objects.filter(case=case).select_related("case", "user", "issue", "task", "done_by", "struck_by")
    return list(rows.order_by("id"))


def step_words(step: PlanStep) -> str:
    """What the step says, after what kind of step it is."""
    kind = "" if step.kind == "other" else name_now(step.case, "plan_steps", step.kind)
    return "　".join(part for part in (kind, step.words) if part)


def conflict_checks_of(case: Case) -> list[ConflictCheck]:
    return list(ConflictCheck.objects.filter(case=case).select_related("user", "by").order_by("id"))


def items_citable(case: Case, compartments: Iterable[str]) -> list[Item]:
    return list(items_of(case.stream, list(compartments)))


# --- legal exposure ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExposureLine:
    """One question of A-02: the answer that counts, and those before it."""

    question: Kind
    now: ExposureAnswer | None
    earlier: tuple[ExposureAnswer, ...]


def exposure_of(case: Case) -> list[ExposureLine]:
    found: dict[str, list[ExposureAnswer]] = {}
    for row in ExposureAnswer.objects.filter(case=case).select_related("reason", "by").order_by("-id"):
        found.setdefault(row.question, []).append(row)
    lines = []
    for question in kinds_now(case, "exposure_questions"):
        newest, *earlier = found.get(question.id, [None])
        lines.append(ExposureLine(question, newest, tuple(earlier)))
    return lines


# --- standard of care ----------------------------------------------------------------------------------------------


def reviews(profile: ActorProfile, case: Case) -> bool:
    """Whether this person was asked to judge the standard of care here."""
    mine = Involvement.objects.filter(case=case, user_id=profile.user_id, kind="reviewer", until=None)
    return profile.user_id is not None and mine.exists()


def care_sheet_mine(profile: ActorProfile, case: Case) -> CareSheet | None:
    """The newest version of this reviewer's own sheet."""
    mine = CareSheet.objects.filter(case=case, reviewer_id=profile.user_id)
    return mine.prefetch_related("lines__words", "lines__citations__item__stored").order_by("-version").first()


def care_sheets_read(profile: ActorProfile, case: Case) -> list[CareSheet]:
    """Signed sheets, oldest first. A reviewer who has not signed yet reads nobody else's: a second opinion is one's own."""
    signed = CareSheet.objects.filter(case=case, signed_at__isnull=False)
    if reviews(profile, case) and not signed.filter(reviewer_id=profile.user_id).exists():
        return []
    found = signed.select_related("reviewer").prefetch_related(
        "lines__words", "lines__citations__item__stored", "dissents__by", "dissents__words"
    )
    return list(found.order_by("signed_at", "id"))


# --- fishbone ------------------------------------------------------------------------------------------------------


def bones_grouped(case: Case, bones: Iterable[dict]) -> list[tuple[str, list[dict]]]:
    """Name of each bone that has causes, in the order of the pack, with its causes."""
    bones = list(bones)
    grouped = [(str(k.name), [b for b in bones if b["bone"] == k.id]) for k in kinds_now(case, "fishbone_bones")]
    return [(name, causes) for name, causes in grouped if causes]
