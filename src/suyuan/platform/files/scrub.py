"""Everything that was ever stored is read again each week, and the chain with it; what is not what was stored is named.

A run goes on in slices, so that the worker has time for others, and needs no memory of its own: a file is due until it was
read after the run began. A crash costs the slice. What is found stays red until the file is whole again, or until a named
person has answered for it.
"""
from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform import verify
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.files.errors import FaultAnswered
from suyuan.platform.files.services import file_fault
from suyuan.platform.installation import installation_stream
from suyuan.platform.models import FileFault, ScrubRun, StoredFile, StreamHead
from suyuan.platform.texts import text_check
from suyuan.platform.units import writes
from suyuan.platform.verify_log import log_faults

log = logging.getLogger("suyuan.files")

# A file is read again at most seven days after it was read: a run begins on the sixth and has a day to end.
EVERY = timedelta(days=6)
LATE_AFTER = timedelta(days=8)
SLICE_SECONDS = 20.0
AT_ONCE = 100
STREAMS_AT_ONCE = 200
MOST_TOLD = 200
MAX_REASON = 200


def scrub_slice(now: datetime, *, seconds: float = SLICE_SECONDS) -> ScrubRun | None:
    """Go on with this week's run for a while. None: nothing is due."""
    run = ScrubRun.objects.filter(open=True).first() or _run_begin_if_due(now)
    if run is not None:
        _work(run, now, time.monotonic() + seconds)
    return run


def scrub_all(now: datetime, *, afresh: bool) -> ScrubRun | None:
    """The rest of this week's run in one go; or all of it, from the beginning."""
    run = ScrubRun.objects.filter(open=True).first()
    if run is not None and afresh:
        scrub_run_end(run=run, actor=SYSTEM, now=now)
        run = None
    if run is None:
        run = scrub_run_begin(now=now) if afresh else _run_begin_if_due(now)
    if run is not None:
        _work(run, now, None)
    return run


def faults_open() -> QuerySet[FileFault]:
    """What keeps the house red."""
    return FileFault.objects.filter(mended_at__isnull=True, answered_at__isnull=True)


def faults_standing() -> QuerySet[FileFault]:
    """Every file that is not what was stored, also those that somebody has answered for."""
    return FileFault.objects.filter(mended_at__isnull=True).select_related("file").order_by("id")


def scrub_state(now: datetime) -> str:
    """"ok", "damaged" (files), "broken" (the chain), or "late": nothing was read again for longer than we promise."""
    if faults_open().exists():
        return "damaged"
    runs = list(ScrubRun.objects.order_by("-id")[:2])
    ended = next((run for run in runs if not run.open), None)
    if ended is not None and ended.chain_faults:
        return "broken"
    if runs:
        oldest = runs[0].started_at
    else:
        oldest = StoredFile.objects.order_by("id").values_list("created_at", flat=True).first()
    return "late" if oldest is not None and now - oldest > LATE_AFTER else "ok"


# --- reading -------------------------------------------------------------------------------------------------------


def _work(run: ScrubRun, now: datetime, until: float | None) -> None:
    while batch := list(_due(run)[:AT_ONCE]):
        for done in _read(batch, until):
            _seen(run=run, done=done, now=now)
        if _over(until):
            return
    for streams in _streams_due(run):
        with verify.one_moment():
            found = verify.verify_streams(streams)
        _streams_seen(run, streams[-1], found)
        if _over(until):
            return
    with verify.one_moment():
        found = verify.Report(faults=list(log_faults()))
    _streams_seen(run, run.stream, found)
    scrub_run_end(run=run, actor=SYSTEM, now=now)


def _due(run: ScrubRun) -> QuerySet[StoredFile]:
    stored = StoredFile.objects.exclude(state="destroyed").filter(created_at__lte=run.started_at)
    unread = stored.filter(Q(checked_at__isnull=True) | Q(checked_at__lt=run.started_at))
    return unread.order_by(F("checked_at").asc(nulls_first=True), "id")


def _read(batch: list[StoredFile], until: float | None) -> Iterator[list[tuple[StoredFile, str, str]]]:
    """What was found, in portions of about a second: each is written down at once."""
    done: list[tuple[StoredFile, str, str]] = []
    begun = time.monotonic()
    for stored in batch:
        done.append((stored, *file_fault(stored)))
        if time.monotonic() - begun > 1.0 or done[-1][1]:
            yield done
            done, begun = [], time.monotonic()
        if _over(until):
            break
    if done:
        yield done


def _over(until: float | None) -> bool:
    return until is not None and time.monotonic() >= until


@writes
def _seen(*, run: ScrubRun, done: list[tuple[StoredFile, str, str]], now: datetime) -> None:
    """Files were read: move their dates, name what was found, and take back what is whole again."""
    at = max(now, run.started_at)
    StoredFile.objects.filter(pk__in=[stored.pk for stored, _, _ in done]).update(checked_at=at)
    wrong = {stored.pk: (stored, why, detail) for stored, why, detail in done if why}
    # Destroyed while we read it, or dropped with its upload: then nothing is missing.
    alive = set(StoredFile.objects.filter(pk__in=wrong).exclude(state="destroyed").values_list("pk", flat=True))
    for pk in alive:
        _fault(run, *wrong[pk], now)
    whole = [stored.pk for stored, why, _ in done if not why]
    for fault in FileFault.objects.filter(file_id__in=whole, mended_at__isnull=True).select_related("file"):
        FileFault.objects.filter(pk=fault.pk).update(mended_at=now)
        _tell("file.mended", {"file": str(fault.file.uid)}, {}, SYSTEM, now)
    run.files += len(done)
    run.bytes += sum(stored.size for stored, _, _ in done)
    ScrubRun.objects.filter(pk=run.pk).update(files=run.files, bytes=run.bytes, faults=run.faults)


def _fault(run: ScrubRun, stored: StoredFile, why: str, detail: str, now: datetime) -> None:
    run.faults = [*run.faults, {"file": str(stored.uid), "why": why}][:MOST_TOLD]
    if FileFault.objects.filter(file=stored, mended_at__isnull=True).exists():
        return
    FileFault.objects.create(file=stored, why=why, detail=detail[:200], found_at=now)
    log.error("stored file %s: %s", stored.uid, why)
    _tell("file.damaged", {"file": str(stored.uid), "sha256": stored.sha256, "why": why}, {}, SYSTEM, now)


def _streams_due(run: ScrubRun) -> Iterator[list[str]]:
    while streams := list(
        StreamHead.objects.filter(stream__gt=run.stream).order_by("stream").values_list("stream", flat=True)[:STREAMS_AT_ONCE]
    ):
        yield streams


def _streams_seen(run: ScrubRun, last: str, found: verify.Report) -> None:
    run.stream = last
    run.facts += found.facts
    run.chain_faults = [*run.chain_faults, *map(str, found.faults)][:MOST_TOLD]
    if found.faults:
        log.error("the chain does not hold: %s", "; ".join(fault.why for fault in found.faults[:10]))
    told = {"stream": last, "facts": run.facts, "chain_faults": run.chain_faults}
    ScrubRun.objects.filter(pk=run.pk).update(**told)


# --- runs and answers ----------------------------------------------------------------------------------------------


def _run_begin_if_due(now: datetime) -> ScrubRun | None:
    last = ScrubRun.objects.order_by("-id").first()
    if last is not None and now - last.started_at < EVERY:
        return None
    return scrub_run_begin(now=now)


@writes
def scrub_run_begin(*, now: datetime) -> ScrubRun:
    return ScrubRun.objects.create(started_at=now)


@writes
def scrub_run_end(*, run: ScrubRun, actor: Actor, now: datetime) -> ScrubRun:
    """Close a run and leave its figures in the chain."""
    if not ScrubRun.objects.filter(pk=run.pk, open=True).update(open=False, ended_at=now):
        return run
    run.refresh_from_db()
    plain = {
        "run": str(run.uid),
        "began": run.started_at.isoformat(),
        "files": run.files,
        "bytes": run.bytes,
        "facts": run.facts,
        "faults": len(run.faults),
        "chain_faults": len(run.chain_faults),
    }
    _tell("files.scrubbed", plain, {}, actor, now)
    return run


@writes
def fault_answer(*, fault: FileFault, reason: str, actor: Actor, now: datetime) -> FileFault:
    """A named person says what became of a damaged file; it stays on record and is no longer red.

    Raises FaultAnswered, BadInput.
    """
    text_check(reason, field="reason")
    if not reason.strip():
        raise BadInput(fields={"reason": "empty"})
    if len(reason) > MAX_REASON:
        raise BadInput(fields={"reason": "too_long"}, limit=MAX_REASON)
    standing = faults_open().filter(pk=fault.pk)
    if not standing.update(answered_at=now, answered_by=str(actor), reason=reason.strip()):
        raise FaultAnswered
    fault.refresh_from_db()
    _tell("file.fault_answered", {"file": str(fault.file.uid), "why": fault.why}, {"reason": fault.reason}, actor, now)
    return fault


def _tell(kind: str, plain: dict, private: dict, actor: Actor, now: datetime) -> None:
    facts_record([Fact(kind, installation_stream(), plain=plain, private=private)], actor=actor, now=now)
