"""What runs beside the stage: mediation, court, authority."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from suyuan.cases.models import Case, Proceeding
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import Notice

COURT = "court"


def unmediated_suit(case: Case, had: Iterable[Proceeding]) -> Notice | None:
    """The pack's warning, while a suit is on record with no mediation before it where the law asks for one."""
    had = list(had)
    suits = [p.opened_at for p in had if p.kind == COURT]
    return next((n for at in suits if (n := suit_warning(case, had, at)) is not None), None)


def suit_warning(case: Case, had: Iterable[Proceeding], at: datetime) -> Notice | None:
    """What to say of a suit brought at this moment. Which proceedings come first is the pack's to say; nothing is refused."""
    notice = packs.procedure_of(case.procedure_id).notice("court_before_mediation", case.jurisdiction)
    if not notice.unless or any(p.kind in notice.unless and p.opened_at <= at for p in had):
        return None
    return notice
