"""Events of a case that the law names, and which of them wait for a report."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from suyuan.cases.models import Case, CaseClock
from suyuan.cases.services import clocks as counting
from suyuan.platform.models import FactRow


@dataclass(frozen=True)
class Incident:
    """One `incident.identified`, in the order in which they were seen."""

    uid: str
    kind: str
    at: datetime  # when it happened, or when somebody saw that it is one


def incidents_of(case: Case) -> list[Incident]:
    rows = FactRow.objects.filter(stream=case.stream, type="incident.identified").order_by("position")
    return [Incident(row.value("incident"), row.value("kind"), _happened(row)) for row in rows]


def incidents_waiting(case: Case, kind: str = "") -> list[str]:
    """Events with a running clock that a report of this kind ends; of any kind when none is named."""
    found = dict.fromkeys(
        clock.trigger["incident"]
        for clock in CaseClock.objects.filter(case=case, state__in=("running", "paused")).order_by("id")
        if clock.trigger.get("incident") and _ended_by_report(case, clock, kind)
    )
    return list(found)


def _ended_by_report(case: Case, clock: CaseClock, kind: str) -> bool:
    spec = counting.spec_of(clock, counting.book_for(case))
    if not kind:
        return any(when.fact == "report.made" for when in spec.stops)
    return spec.stops_on("report.made", {"kind": kind})


def _happened(row: FactRow) -> datetime:
    stated = row.value("occurred_at")
    return datetime.fromisoformat(stated.replace("Z", "+00:00")) if stated else row.at
