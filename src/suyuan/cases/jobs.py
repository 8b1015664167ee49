"""Thin: the minute's work."""
from __future__ import annotations

from datetime import datetime

from suyuan.cases.services.clocks import clocks_sweep, promises_sweep, tasks_sweep
from suyuan.platform.jobs import periodic


@periodic("* * * * *", "cases.clocks")
def clocks(args: dict, now: datetime) -> None:
    """Every alarm that is due; a promise whose time has passed; a task that is late."""
    clocks_sweep(now)
    promises_sweep(now)
    tasks_sweep(now)
