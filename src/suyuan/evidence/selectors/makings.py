"""Copies that are being made."""
from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from suyuan.evidence.errors import ItemGone
from suyuan.evidence.models import Item, Making

LOST = timedelta(hours=1)


def making_in(stream: str, uid: UUID | str) -> Making:
    """Raises ItemGone."""
    mine = Making.objects.filter(uid=uid, item__stream=stream).select_related("item__stored", "made__stored", "by")
    making = mine.first()
    if making is None:
        raise ItemGone
    return making


def makings_of(item: Item, now: datetime) -> QuerySet[Making]:
    """Those that are still waited for."""
    return Making.objects.filter(item=item, ended_at=None, asked_at__gt=now - LOST).order_by("id")


def is_lost(making: Making, now: datetime) -> bool:
    """Asked for so long ago that nobody is at it any more."""
    return making.ended_at is None and making.asked_at <= now - LOST
