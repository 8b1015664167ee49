"""Housekeeping of files."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from suyuan.platform.files.rewrap import rewrap_all
from suyuan.platform.files.scrub import scrub_slice
from suyuan.platform.files.storage import storage
from suyuan.platform.files.uploads import upload_drop
from suyuan.platform.jobs import job, periodic
from suyuan.platform.models import StoredFile, Upload, UploadPiece

ORPHAN_AFTER = timedelta(hours=24)
AT_ONCE = 500


@job("files.unlink")
def unlink(args: dict, now: datetime) -> None:
    """Remove the bytes of a destroyed file."""
    storage().remove(args["path"])


@periodic("17 * * * *", "files.collect", timeout=timedelta(hours=2))
def collect(args: dict, now: datetime) -> None:
    uploads_expire(now)
    orphans_collect(now)


@periodic("3-59/10 * * * *", "files.scrub", timeout=timedelta(hours=2))
def scrub(args: dict, now: datetime) -> None:
    scrub_slice(now)


@periodic("29 2 * * *", "files.rewrap_rest")
def rewrap_rest(args: dict, now: datetime) -> None:
    """What other processes wrapped by the old key before they heard of the new one."""
    rewrap_all()


def uploads_expire(now: datetime) -> int:
    """Give up uploads whose time is over. What was handed in keeps its file and loses only the upload."""
    gone = list(Upload.objects.filter(expires_at__lte=now).order_by("id"))
    for upload in gone:
        upload_drop(upload=upload)
    return len(gone)


def orphans_collect(now: datetime) -> int:
    """Remove bytes that no row has named for a day: what a crash left between disk and commit."""
    store, before = storage(), (now - ORPHAN_AFTER).timestamp()
    removed = store.sweep_incoming(before)
    for tokens in _batches(store.older_than(before)):
        kept = StoredFile.objects.filter(path__in=tokens).exclude(state="destroyed")
        named = set(kept.values_list("path", flat=True))
        named |= set(UploadPiece.objects.filter(path__in=tokens).values_list("path", flat=True))
        for token in tokens:
            if token not in named:
                store.remove(token)
                removed += 1
    return removed


def _batches(tokens: Iterable[str]) -> Iterator[list[str]]:
    tokens = iter(tokens)
    while batch := list(islice(tokens, AT_ONCE)):
        yield batch
