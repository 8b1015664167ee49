"""Jobs that need to know several contexts."""
from __future__ import annotations

from datetime import datetime, time, timedelta

from suyuan.accounts.models import Branch
from suyuan.kernel.actor import SYSTEM
from suyuan.platform import access
from suyuan.platform.jobs import periodic

AFTER_MIDNIGHT = timedelta(minutes=5)


@periodic("*/5 * * * *", "access.days")
def close_days(args: dict, now: datetime) -> None:
    """Five minutes after local midnight, one fact per branch commits the day of its access log."""
    for branch in Branch.objects.order_by("id"):
        local = now.astimezone(branch.tz)
        today = datetime.combine(local.date(), time(0), branch.tz)
        if local < today + AFTER_MIDNIGHT:
            continue
        access.day_close(
            branch_id=branch.pk,
            branch_stream=f"branch:{branch.uid}",
            day=local.date() - timedelta(days=1),
            zone=branch.zone,
            now=now,
            actor=SYSTEM,
        )
