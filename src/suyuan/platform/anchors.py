"""Anchors: somebody else has seen a checkpoint. A time stamp of an authority (RFC 3161), or a co-signature of a branch or a
law firm. Our key proves nothing against its owner; one anchor that lies elsewhere does.

Each anchor is itself a fact, which commits its bytes: one that is changed, slipped in or taken away is found.
"""
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db.models import Max

from suyuan.kernel import chain, notes
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.platform import log
from suyuan.platform.cosigning import Cosignature, CosignatureRefused, cosignature_holds
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.faults import Fault
from suyuan.platform.installation import installation_stream
from suyuan.platform.jobs import periodic
from suyuan.platform.models import Anchor, Checkpoint, FactRow
from suyuan.platform.timestamps import TimestampRefused, stamp_time, timestamp_fetch
from suyuan.platform.units import writes

RFC3161, COSIGNATURE = "rfc3161", "cosignature"
ANCHORED = "log.anchored"
ANCHORS_STREAM = "anchors"

REFUSED = "suyuan.timestamp.refused"
_REMEMBERED = timedelta(days=30)
STAMPED_WITHIN = timedelta(days=2)  # once a day is the rule; an authority may be away for one


@periodic("20 16 * * *", "log.timestamp", attempts=8)
def timestamp_daily(args: dict, now: datetime) -> None:
    """Shortly after midnight in Taiwan and on the mainland, where an authority is named."""
    newest = log.checkpoint_latest()
    if not settings.TIMESTAMP_URL or newest is None or newest.anchors.filter(kind=RFC3161).exists():
        return
    checkpoint_timestamp(checkpoint=newest, url=settings.TIMESTAMP_URL, now=now)


def checkpoint_timestamp(*, checkpoint: Checkpoint, url: str, now: datetime) -> Anchor:
    """Have an authority stamp this checkpoint and keep its answer. Raises TimestampRefused; health tells until one succeeds."""
    try:
        stamp = timestamp_fetch(url=url, text=checkpoint.text, roots=timestamp_roots())
    except TimestampRefused as refused:
        cache.set(REFUSED, str(refused.args[0]), timeout=_REMEMBERED.total_seconds())
        raise
    details = {"url": url, "at": chain.time_text(stamp.at), "shown": stamp.shown}
    anchor = anchor_keep(
        checkpoint=checkpoint, kind=RFC3161, body=stamp.answer, details=details, by=url, actor=SYSTEM, now=now
    )
    cache.delete(REFUSED)
    return anchor


def timestamp_refused() -> str:
    """Why the last time stamp was not to be had; empty when it was."""
    return cache.get(REFUSED) or ""


def timestamp_overdue(now: datetime) -> bool:
    """Whether an authority is named, and it has seen nothing of what was signed more than two days ago."""
    return bool(settings.TIMESTAMP_URL) and _unseen(RFC3161, now - STAMPED_WITHIN)


def cosignature_overdue(now: datetime) -> bool:
    """Whether co-signatures are asked for every so many days, and there is one too few."""
    return bool(settings.COSIGN_DAYS) and _unseen(COSIGNATURE, now - timedelta(days=settings.COSIGN_DAYS))


def _unseen(kind: str, before: datetime) -> bool:
    """Whether something signed before then is newer than all that anybody has seen."""
    seen = Anchor.objects.filter(kind=kind).aggregate(size=Max("checkpoint__size"))["size"]
    return Checkpoint.objects.filter(size__gt=seen or 0, at__lte=before).exists()


def timestamp_roots() -> bytes:
    """The root certificates of the authority, if the clinic named a file of them."""
    if not settings.TIMESTAMP_ROOTS:
        return b""
    try:
        return Path(settings.TIMESTAMP_ROOTS).read_bytes()
    except OSError as error:
        raise TimestampRefused(f"the certificates of the authority cannot be read: {error.strerror}") from None


def cosignature_accept(*, cosignature: Cosignature, actor: Actor, now: datetime) -> Anchor:
    """Keep a co-signature of one of our checkpoints. Raises CosignatureRefused."""
    note = cosignature.note
    if not cosignature_holds(cosignature):
        raise CosignatureRefused("the signature is not of this key")
    checkpoint = Checkpoint.objects.filter(sha256=note.checkpoint).first()
    if checkpoint is None:
        raise CosignatureRefused("this is not a checkpoint of this installation")
    if checkpoint.anchors.filter(kind=COSIGNATURE, body=note.text.encode()).exists():
        raise CosignatureRefused("it has been accepted before")
    details = {
        "by": note.by,
        "at": note.at,
        "public": cosignature.public.hex(),
        "signature": cosignature.signature.hex(),
    }
    body = note.text.encode()
    return anchor_keep(
        checkpoint=checkpoint, kind=COSIGNATURE, body=body, details=details, by=note.by, actor=actor, now=now
    )


@writes
def anchor_keep(
    *, checkpoint: Checkpoint, kind: str, body: bytes, details: dict, by: str, actor: Actor, now: datetime
) -> Anchor:
    """The row and the fact that commits it. Callers have judged the anchor."""
    anchor = Anchor(checkpoint=checkpoint, kind=kind, body=body, details=details, at=now)
    anchor.save(force_insert=True)
    said = {"anchor": str(anchor.uid), "size": checkpoint.size, **_committed(anchor)}
    facts_record([Fact(ANCHORED, installation_stream(), plain=said, private={"by": by})], actor=actor, now=now)
    return anchor


def _committed(anchor: Anchor) -> dict[str, str]:
    return {
        "kind": anchor.kind,
        "checkpoint": anchor.checkpoint.sha256,
        "body": hashlib.sha256(bytes(anchor.body)).hexdigest(),
        "details": hashlib.sha256(chain.canonical(anchor.details)).hexdigest(),
    }


def anchors_faults() -> Iterator[Fault]:
    """Each anchor against the fact that recorded it and against its checkpoint."""
    recorded = {row.value("anchor"): row for row in FactRow.objects.filter(type=ANCHORED)}
    for anchor in Anchor.objects.select_related("checkpoint").order_by("id"):
        why = _anchor_fault(anchor, recorded.pop(str(anchor.uid), None))
        if why is not None:
            yield Fault(ANCHORS_STREAM, anchor.pk, why)
    for uid, row in recorded.items():
        yield Fault(row.stream, row.position, "anchor_missing", str(uid))


def _anchor_fault(anchor: Anchor, row: FactRow | None) -> str | None:
    if row is None:
        return "anchor_unrecorded"
    try:
        committed = _committed(anchor)
    except chain.NotCanonical:
        return "anchor_differs"
    if row.at != anchor.at or any(row.value(name) != said for name, said in committed.items()):
        return "anchor_differs"
    return None if _says_so(anchor) else "anchor_false"


def _says_so(anchor: Anchor) -> bool:
    if anchor.kind == RFC3161:
        return stamp_time(bytes(anchor.body), anchor.checkpoint.text) is not None
    given = cosignature_of(anchor)
    return given.note.checkpoint == anchor.checkpoint.sha256 and cosignature_holds(given)


def cosignature_of(anchor: Anchor) -> Cosignature:
    note = notes.cosignature_read(bytes(anchor.body).decode())
    return Cosignature(note, *(bytes.fromhex(anchor.details[name]) for name in ("signature", "public")))
