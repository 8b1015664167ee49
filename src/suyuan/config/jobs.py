"""Jobs that need to know several contexts."""
from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, time, timedelta

from suyuan.accounts.models import Branch, Organisation
from suyuan.kernel.actor import SYSTEM
from suyuan.platform import access, verify
from suyuan.platform.faults import Fault
from suyuan.platform.jobs import periodic

AFTER_MIDNIGHT = timedelta(minutes=5)


@periodic("*/5 * * * *", "access.days")
def close_days(args: dict, now: datetime) -> None:
    """Five minutes after local midnight, one fact per branch commits the day of its access log."""
    house = Organisation.objects.select_related("triage_branch").first()
    if house is None:
        return
    _close(None, f"organisation:{house.uid}", (house.triage_branch or Branch.objects.order_by("id").first()), now)
    for branch in Branch.objects.order_by("id"):
        _close(branch.pk, f"branch:{branch.uid}", branch, now)


def access_recomputed(streams: Collection[str] | None) -> Iterator[Fault]:
    """A row check: every closed day of the access log against the fact that committed it."""
    houses = {f"organisation:{uid}": None for uid in Organisation.objects.values_list("uid", flat=True)}
    branches = {f"branch:{uid}": pk for pk, uid in Branch.objects.values_list("pk", "uid")}
    return verify.access_days({**houses, **branches})(streams)


def _close(branch_id: int | None, stream: str, branch: Branch, now: datetime) -> None:
    """Rows of this branch, or (None) rows that belong to none, such as lists over several."""
    local = now.astimezone(branch.tz)
    today = datetime.combine(local.date(), time(0), branch.tz)
    if local < today + AFTER_MIDNIGHT:
        return
    access.day_close(
        branch_id=branch_id,
        branch_stream=stream,
        day=local.date() - timedelta(days=1),
        zone=branch.zone,
        now=now,
        actor=SYSTEM,
    )
