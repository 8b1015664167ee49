"""By night, and when the first worker starts after an upgrade: what rows from before still lack."""

from __future__ import annotations

from datetime import datetime, timedelta

from suyuan.people.services import contacts_make_findable
from suyuan.platform.jobs import periodic


@periodic("37 18 * * *", "people.contacts_findable", timeout=timedelta(hours=1))
def findable(args: dict, now: datetime) -> None:
    """Each batch is a commit of its own: whoever dies in the middle, the next goes on with what is left."""
    last = 0
    while last is not None:
        last = contacts_make_findable(after=last)
