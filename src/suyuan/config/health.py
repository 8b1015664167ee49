"""Whether this process may serve, and how the worker is. The database answers; nothing is guessed."""
from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import Error, connection

from suyuan.platform import access, anchors, checkpoints, clock
from suyuan.platform.files.scrub import scrub_state

WORKER_SEEN = "suyuan.worker.seen"
WORKER_BEAT = 15.0
WORKER_MISSED_AFTER = timedelta(seconds=60)

# What was true once stays true while this process lives: migrations and triggers change only under a new start.
_sound_since: datetime | None = None


@dataclass(frozen=True)
class Health:
    """What was looked at, in order; `ready` when nothing that matters is wrong."""

    checks: dict[str, str]
    worker_seen: datetime | None
    files: str = "unknown"  # of the weekly reading: ok, damaged, broken, late
    log: str = "unknown"  # of checkpoints: ok, cannot_be_signed, not_signed, no_time_stamp, time_stamp_late, cosignature_late

    @property
    def ready(self) -> bool:
        return all(said == "ok" for said in self.checks.values())

    def worker(self, now: datetime) -> str:
        alive = self.worker_seen is not None and now - self.worker_seen < WORKER_MISSED_AFTER
        return "ok" if alive else "missing" if self.worker_seen is None else "late"

    def as_json(self, now: datetime) -> dict[str, object]:
        """A damaged file is red and no reason to turn people away: `ready` is about serving, `well` about everything."""
        worker = self.worker(now)
        return {
            "ready": self.ready,
            "well": self.ready and worker == "ok" and self.files == "ok" and self.log == "ok",
            "checks": self.checks,
            "worker": worker,
            "files": self.files,
            "log": self.log,
        }


def look(now: datetime) -> Health:
    checks: dict[str, str] = {}
    try:
        checks["database"] = _database()
        checks["schema"] = _sound(now)
        checks["keys"] = _keys()
        checks["access_log"] = _access_log()
        said = cache.get_many([WORKER_SEEN, checkpoints.REFUSED, anchors.REFUSED])
        seen, whole = _time(said.get(WORKER_SEEN)), checks["schema"] == "ok"
        log = _log(said, now) if whole else "unknown"
        files = scrub_state(now) if whole else "unknown"
    except Error:
        checks["database"] = "unreachable"
        return Health(checks, None)
    return Health(checks, seen, files, log)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return "ok"


def _sound(now: datetime) -> str:
    global _sound_since
    if _sound_since is not None:
        return "ok"
    from suyuan.config.up import schema_is_current
    from suyuan.platform import triggers

    if not schema_is_current():
        return "not_migrated"
    if triggers.missing():
        return "triggers_missing"
    _sound_since = now
    return "ok"


def _keys() -> str:
    from suyuan.platform.keys import KeyProblem, ring

    try:
        ring()
    except KeyProblem as problem:
        return problem.why
    return "ok"


def _access_log() -> str:
    return "cannot_be_written" if access.health().red else "ok"


def _log(said: dict[str, str], now: datetime) -> str:
    """The worst of it. Where and why is said on the machine itself (`suyuan checkpoint`): this page is public."""
    if checkpoints.REFUSED in said:
        return "cannot_be_signed"
    if checkpoints.checkpoint_overdue(now):
        return "not_signed"
    if anchors.REFUSED in said:
        return "no_time_stamp"
    if anchors.timestamp_overdue(now):
        return "time_stamp_late"
    return "cosignature_late" if anchors.cosignature_overdue(now) else "ok"


# --- the worker's sign of life -------------------------------------------------------------------------------------


def worker_seen() -> datetime | None:
    return _time(cache.get(WORKER_SEEN))


def _time(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


def worker_seen_now() -> None:
    cache.set(WORKER_SEEN, clock.now().isoformat(), timeout=24 * 3600)


class WorkerPulse:
    """A thread of the worker's process that says "still here" every few seconds, also during a long job."""

    def __init__(self, every: float = WORKER_BEAT) -> None:
        self.every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="worker-pulse", daemon=True)

    def __enter__(self) -> WorkerPulse:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)

    def _beat(self) -> None:
        try:
            while True:
                try:
                    worker_seen_now()
                except Error:  # a database that is away is waited for
                    connection.close()
                if self._stopping.wait(self.every):
                    return
        finally:
            connection.close()
