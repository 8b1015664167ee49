"""False alarms that were reported, before whoever reviews the rules: the words only of cases they may read."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from suyuan.accounts.rules import ActorProfile, branches_for, reach
from suyuan.cases.models import Case
from suyuan.correspondence.models import FindingDispute
from suyuan.correspondence.services.own import WRITE
from suyuan.kernel.refusal import NotHere

SHOWN = 200


@dataclass(frozen=True)
class Disputed:
    """One report. `reference`: of the case its words come from; where they may not be read, neither is anything typed about them."""

    row: FindingDispute
    reference: str
    readable: bool

    @property
    def words(self) -> str:
        return self.row.words if self.readable else ""

    @property
    def why(self) -> str:
        return self.row.why if self.readable else ""

    @property
    def outcome_why(self) -> str:
        return self.row.outcome_why if self.readable else ""


def disputes_for(profile: ActorProfile) -> list[Disputed]:
    """Open ones first, the newest first."""
    places = branches_for(profile, WRITE)
    rows = FindingDispute.objects.select_related("by", "outcome_by").order_by("-id")
    found = list((rows if places is None else rows.filter(branch_id__in=places))[:SHOWN])
    cases = Case.objects.within(reach(profile)).filter(stream__in={row.stream for row in found})
    references = dict(cases.values_list("stream", "reference"))
    told = [
        Disputed(row, references.get(row.stream, ""), row.stream in references or not row.stream.startswith("case:"))
        for row in found
    ]
    return sorted(told, key=lambda each: bool(each.row.outcome))


def dispute_for(profile: ActorProfile, uid: UUID | str) -> Disputed:
    """One that its reader may judge. Raises NotHere; so it does where its words may not be read."""
    found = next((each for each in disputes_for(profile) if str(each.row.uid) == str(uid)), None)
    if found is None or not found.readable:
        raise NotHere()
    return found
