"""Another key to wrap the keys of files with. Only the wrapped keys are written anew; no sealed byte is touched.

Safe to stop and to run again: what is wrapped by the key in use is passed over. While it goes on both keys open.
"""
from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from suyuan.kernel.actor import Actor
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.installation import installation_stream
from suyuan.platform.jobs import enqueue, job
from suyuan.platform.keys import file_key_number, rotate_file_key, unwrap_file_key, wrap_file_key
from suyuan.platform.models import StoredFile, Upload
from suyuan.platform.units import writes

AT_ONCE = 500
JOB = "files.rewrap"


@writes
def file_key_rotate(*, actor: Actor, now: datetime) -> str:
    """Wrap with a new key from now on, and ask for the old ones to be wrapped anew. Returns the new key's id."""
    key_id = rotate_file_key(now)
    facts_record([Fact("file_key.rotated", installation_stream(), plain={"key": key_id})], actor=actor, now=now)
    enqueue(JOB, {}, unique_key=f"{JOB}:{key_id}")
    return key_id


@job(JOB)
def rewrap(args: dict, now: datetime) -> None:
    rewrap_all()


def rewrap_all() -> int:
    """Wrap every key anew that is not wrapped by the key in use. Returns how many were."""
    number = file_key_number()
    return sum(_rewrapped(rows, number) for rows in (StoredFile.objects.exclude(wrapped_key=None), Upload.objects.all()))


def wrapped_by_old() -> int:
    number = file_key_number()
    stored = StoredFile.objects.exclude(wrapped_key=None)
    return _old(stored, number).count() + _old(Upload.objects.all(), number).count()


def _old(rows: QuerySet[Any], number: bytes) -> QuerySet[Any]:
    """Blobs compare byte by byte on both databases; a wrapped key begins with the number of the key that wrapped it."""
    return rows.exclude(wrapped_key__gte=number, wrapped_key__lt=number + b"\xff" * 64)


def _rewrapped(rows: QuerySet[Any], number: bytes) -> int:
    done, last = 0, 0
    old = _old(rows, number).order_by("pk")
    while batch := list(old.filter(pk__gt=last).values_list("pk", "wrapped_key")[:AT_ONCE]):
        done += _batch_rewrap(rows=rows, batch=batch)
        last = batch[-1][0]
    return done


@writes
def _batch_rewrap(*, rows: QuerySet[Any], batch: list[tuple[int, bytes]]) -> int:
    # Only where it still stands as it was read: a file may have been destroyed meanwhile, and stays so.
    return sum(rows.filter(pk=pk, wrapped_key=was).update(wrapped_key=wrap_file_key(unwrap_file_key(was))) for pk, was in batch)
