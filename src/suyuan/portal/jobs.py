"""Forgetting on time: drafts after a day, closed sessions, counters of the last hours."""
from __future__ import annotations

from datetime import datetime

from suyuan.platform.jobs import periodic
from suyuan.portal.services.drafts import drafts_expire
from suyuan.portal.services.linking import codes_expire
from suyuan.portal.services.pace import buckets_expire
from suyuan.portal.services.party import sessions_expire


@periodic("*/5 * * * *", "portal.forget")
def forget(args: dict, now: datetime) -> None:
    drafts_expire(now=now)
    sessions_expire(now=now)
    buckets_expire(now=now)
    codes_expire(now=now)
