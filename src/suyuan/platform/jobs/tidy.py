"""Housekeeping of the job table itself."""
from __future__ import annotations

from datetime import datetime, timedelta

from suyuan.platform.jobs.engine import engine
from suyuan.platform.jobs.registry import handlers, periodic
from suyuan.platform.jobs.worker import slot_key

KEEP_DONE = timedelta(days=7)


@periodic("41 3 * * *", "jobs.tidy")
def tidy(args: dict, now: datetime) -> None:
    """Delete what was done a week ago, except the latest slot of each periodic job: without it, a monthly job would
    come due again.
    """
    slots = [(known, known.slot(now)) for known in handlers()]
    engine().tidy(now - KEEP_DONE, keep=[slot_key(known, slot) for known, slot in slots if slot is not None])
