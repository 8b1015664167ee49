"""Slowing machines down, by the network they come from. Nobody is locked out, and a danger report never refused."""
from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F

from suyuan.portal.models import Bucket
from suyuan.portal.rules import Pace


def pace_taken(*, name: str, pace: Pace, now: datetime, weight: int = 1) -> float:
    """Count one more, or as many as it weighs; returns how many seconds the next one from there has to wait."""
    Bucket.objects.bulk_create([Bucket(name=name, started_at=now)], ignore_conflicts=True)
    Bucket.objects.filter(name=name, started_at__lte=now - pace.window).update(started_at=now, count=0, free_at=None)
    Bucket.objects.filter(name=name).update(count=F("count") + weight)
    count = Bucket.objects.values_list("count", flat=True).get(name=name)
    wait = pace.wait(count + 1, weight)
    if wait:
        Bucket.objects.filter(name=name).update(free_at=now + timedelta(seconds=wait))
    return wait


def pace_left(*, name: str, pace: Pace, now: datetime) -> float:
    """Seconds until the next one may come from there; 0 when it may come now."""
    row = Bucket.objects.filter(name=name, started_at__gt=now - pace.window, free_at__gt=now).first()
    return (row.free_at - now).total_seconds() if row else 0.0


def buckets_expire(*, now: datetime) -> int:
    return Bucket.objects.filter(started_at__lte=now - timedelta(hours=2)).delete()[0]
