"""The loop that runs jobs, and the same in one go for the demo and for tests."""
from __future__ import annotations

import logging
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from suyuan.kernel.refusal import Refusal
from suyuan.platform import clock
from suyuan.platform.jobs.engine import Claim, Engine, engine
from suyuan.platform.jobs.queue import Pending
from suyuan.platform.jobs.registry import Handler, UnknownJob, handler, handlers

log = logging.getLogger("suyuan.jobs")

Clock = Callable[[], datetime]


@dataclass
class Drained:
    """What one `run_due` did."""

    done: int = 0
    failed: int = 0
    dead: int = 0


def run_due(now: datetime, *, queues: Sequence[str] | None = None, slots: bool = True) -> Drained:
    """Run everything due at `now`, and whatever it asks for that is due too, until nothing is left."""
    jobs, drained = engine(), Drained()
    if slots:
        _Slots(jobs).open(now)
    jobs.reclaim(now)
    while claim := jobs.claim(now, queues=queues):
        outcome = _run(jobs, claim, lambda: now)
        if outcome == "done":
            drained.done += 1
        elif outcome == "dead":
            drained.dead += 1
        else:
            drained.failed += 1
    return drained


class Worker:
    """Runs due jobs until `stop()` or SIGTERM; the job in hand is finished first."""

    def __init__(
        self,
        jobs: Engine | None = None,
        now: Clock = clock.now,
        *,
        queues: Sequence[str] | None = None,
        poll: float = 1.0,
        beat: float = 10.0,
    ) -> None:
        self.jobs = jobs or engine()
        self.now = now
        self.queues = queues
        self.poll = poll
        self.heartbeat = _Heartbeat(self.jobs, now, beat)
        self.slots = _Slots(self.jobs)
        self._stopping = threading.Event()
        self._troubles = 0

    def stop(self, *_: object) -> None:
        self._stopping.set()

    def run(self) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self.stop)
            signal.signal(signal.SIGINT, self.stop)
        self.heartbeat.start()
        try:
            while not self._stopping.is_set():
                if not self._step():
                    self._stopping.wait(self.poll * min(2**self._troubles, 30))
        finally:
            self.heartbeat.stop()

    def _step(self) -> bool:
        """One job, or none. A database that is away is waited for, not died of."""
        close_old_connections()
        try:
            now = self.now()
            self.slots.open(now)
            self.jobs.reclaim(now)
            claim = self.jobs.claim(now, queues=self.queues)
            if claim is not None:
                with self.heartbeat.over(claim):
                    _run(self.jobs, claim, self.now)
            self._troubles = 0
            return claim is not None
        except (DatabaseError, InterfaceError) as error:
            log.warning("the job queue cannot be read: %s", _where(error))
            connection.close()
            self._troubles += 1
            return False


def _run(jobs: Engine, claim: Claim, now: Clock) -> str | None:
    """Run one claimed job and write down how it went: "done", "ready" (again), "dead", or None (no longer ours)."""
    try:
        handler(claim.name).run(claim.args, now())
    except Exception as error:  # whatever a handler raises, the queue goes on
        why = _where(error)
        outcome = jobs.fail(claim, why, now())
        log.warning("job %s %s failed (attempt %s, now %s): %s", claim.name, claim.uid, claim.attempt, outcome, why)
        return outcome
    if not jobs.finish(claim, now()):
        log.warning("job %s %s was finished after its lease had run out", claim.name, claim.uid)
        return None
    return "done"


def _where(error: BaseException) -> str:
    """What went wrong and where, without the exception's message: that may quote what a person wrote."""
    name = error.code if isinstance(error, Refusal) else type(error).__qualname__
    frames = traceback.extract_tb(error.__traceback__)
    path = " < ".join(f"{f.name} ({f.filename.rpartition('/suyuan/')[2]}:{f.lineno})" for f in reversed(frames[-4:]))
    return f"{name} at {path}"[:1_000]


class _Slots:
    """Opens the latest slot of every periodic job; the unique key lets one worker win."""

    def __init__(self, jobs: Engine) -> None:
        self.jobs = jobs
        self._opened: dict[str, datetime] = {}
        self._minute: datetime | None = None

    def open(self, now: datetime) -> None:
        minute = now.replace(second=0, microsecond=0)
        if minute == self._minute:
            return
        fresh = []
        for known in handlers():
            slot = known.slot(now)
            if slot is not None and self._opened.get(known.name) != slot:
                fresh.append((known, slot))
        if fresh:
            self.jobs.write([_slot_job(known, slot) for known, slot in fresh], now)
        self._opened.update({known.name: slot for known, slot in fresh})
        self._minute = minute


def slot_key(known: Handler, slot: datetime) -> str:
    return f"cron:{known.name}:{slot:%Y-%m-%dT%H:%M}"


def _slot_job(known: Handler, slot: datetime) -> Pending:
    return Pending(known.name, {}, slot, slot_key(known, slot), known.queue, 0, known.attempts)


class _Heartbeat:
    """One thread that renews the lease of the job in hand, until the job's own timeout."""

    def __init__(self, jobs: Engine, now: Clock, every: float) -> None:
        self.jobs = jobs
        self.now = now
        self.every = every
        self._claim: Claim | None = None
        self._until: datetime | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._beat, name="job-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def over(self, claim: Claim) -> _Heartbeat:
        try:
            timeout = handler(claim.name).timeout
        except UnknownJob:
            timeout = timedelta(0)
        self._claim, self._until = claim, self.now() + timeout
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._claim = None

    def _beat(self) -> None:
        try:
            while not self._stopping.wait(self.every):
                claim = self._claim
                if claim is None:
                    continue
                try:
                    now = self.now()
                    if now < self._until:
                        self.jobs.extend(claim, now)
                except (DatabaseError, InterfaceError) as error:
                    log.warning("a lease could not be renewed: %s", _where(error))
                    connection.close()
        finally:
            connection.close()
