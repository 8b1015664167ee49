"""Thin: fetch, look, keep."""
from __future__ import annotations

from datetime import datetime, timedelta

from suyuan.evidence import rules
from suyuan.evidence.looking import look_into
from suyuan.evidence.models import Item
from suyuan.evidence.services.derived import item_look
from suyuan.evidence.services.items import LOOK, look_later
from suyuan.platform.jobs import enqueue, job, periodic

BACKFILL = "evidence.look_again"
AT_ONCE = 200


@job(LOOK, attempts=5, timeout=timedelta(minutes=3))
def look(args: dict, now: datetime) -> None:
    """A preview and a thumbnail of one original."""
    item = _waiting().filter(uid=args["item"]).select_related("branch").first()
    if item is not None:
        item_look(item=item, look=look_into(item.stored), zone=item.branch.tz, now=now)


@periodic("41 19 * * *", BACKFILL)
def look_again(args: dict, now: datetime) -> None:
    """By night, some at a time: originals that came in before there were previews, or whose job was lost."""
    found = list(_waiting().filter(pk__gt=args.get("after", 0)).order_by("pk")[:AT_ONCE])
    for item in found:
        look_later(item)
    if len(found) == AT_ONCE:
        last = found[-1].pk
        enqueue(BACKFILL, {"after": last}, unique_key=f"{BACKFILL}:{last}", priority=-20)


def _waiting():
    mine = Item.objects.filter(parent=None, picture=None, stored__state="stored", stored__content_type__in=rules.SHOWN)
    return mine.select_related("stored")
