"""When the law of a case lets the clinic open a seal without the other side."""
from __future__ import annotations

from datetime import datetime, time, timedelta

from suyuan.cases import rules
from suyuan.cases.models import Case, Demand, Proceeding
from suyuan.evidence.models import Seal
from suyuan.playbooks import selectors as packs

# The rule that says after how long, where there is one (mainland: three years without a further claim).
ALONE_RULE = "CN-SEAL-1"


def settled(case: Case) -> bool:
    """Nothing is in dispute any more: no proceeding runs, and the case has ended or both sides agreed."""
    proceedings = Proceeding.objects.filter(case=case)
    if proceedings.filter(ended_at=None).exists():
        return False
    return not case.is_open or proceedings.filter(outcome="agreed").exists()


def alone_from(case: Case, seal: Seal, now: datetime) -> datetime | None:
    """From when the clinic may open it alone: the term of the law, counted anew from every later claim. None: never."""
    zone = case.branch.tz
    found = [r for r in packs.retention_rules(case.jurisdiction, now.astimezone(zone).date()) if r.id == ALONE_RULE]
    if not found or Proceeding.objects.filter(case=case, ended_at=None).exists():
        return None
    claims = Demand.objects.filter(case=case, recorded_at__gt=seal.sealed_at).exclude(kind="seal")
    last = max([seal.sealed_at, *claims.values_list("recorded_at", flat=True)])
    day = rules.years_later(last.astimezone(zone).date(), found[0].keep.n) + timedelta(days=1)
    return datetime.combine(day, time(0), zone)
