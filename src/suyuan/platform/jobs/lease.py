"""The lease engine: one table, SQLite or PostgreSQL, any number of workers.

A claim is a row marked running with a token and a time. While the worker lives, its heartbeat moves the time; when it
is killed, the time runs out and the job is given to another. Finishing asks for the token, so that a worker that slept
through its lease cannot overwrite what its successor did.
"""
from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from suyuan.platform.jobs.engine import Claim
from suyuan.platform.jobs.queue import Pending
from suyuan.platform.models import Job
from suyuan.platform.rows import rows_add

READY, RUNNING, DONE, DEAD = "ready", "running", "done", "dead"
LEASE = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
TIDY_AT_ONCE = 1_000


class LeaseEngine:
    def __init__(self, lease: timedelta = LEASE) -> None:
        self.lease = lease

    def write(self, pending: Sequence[Pending], now: datetime) -> None:
        rows = [
            Job(
                name=p.name,
                args=p.args,
                queue=p.queue,
                priority=p.priority,
                run_after=p.run_at or now,
                max_attempts=p.attempts,
                unique_key=p.unique_key,
                created_at=now,
            )
            for p in pending
        ]
        rows_add(rows, unless_there=True)

    def claim(self, now: datetime, *, queues: Sequence[str] | None = None) -> Claim | None:
        due = Job.objects.filter(state=READY, run_after__lte=now).order_by("-priority", "run_after", "id")
        if queues is not None:
            due = due.filter(queue__in=queues)
        # An idle worker only reads: on SQLite each transaction would take the one write lock.
        if not due.exists():
            return None
        with transaction.atomic():
            if connection.features.has_select_for_update_skip_locked:
                job = due.select_for_update(skip_locked=True).first()
            else:
                job = due.first()
            if job is None:
                return None
            token = uuid.uuid4()
            won = Job.objects.filter(pk=job.pk, state=READY).update(
                state=RUNNING, attempts=F("attempts") + 1, lease_token=token, lease_until=now + self.lease
            )
        if not won:
            return None
        return Claim(job.pk, job.uid, job.name, job.args, job.attempts + 1, token)

    def extend(self, claim: Claim, now: datetime) -> bool:
        return bool(_mine(claim).update(lease_until=now + self.lease))

    def finish(self, claim: Claim, now: datetime) -> bool:
        return bool(
            _mine(claim).update(state=DONE, finished_at=now, lease_token=None, lease_until=None, error="")
        )

    def fail(self, claim: Claim, error: str, now: datetime) -> str | None:
        spent = _mine(claim).filter(attempts__gte=F("max_attempts"))
        if spent.update(state=DEAD, finished_at=now, lease_token=None, lease_until=None, error=error):
            return DEAD
        again = _mine(claim).update(
            state=READY, run_after=now + back_off(claim.attempt), lease_token=None, lease_until=None, error=error
        )
        return READY if again else None

    def reclaim(self, now: datetime) -> int:
        expired = Job.objects.filter(state=RUNNING, lease_until__lte=now)
        if not expired.exists():
            return 0
        free = {"lease_token": None, "lease_until": None}
        with transaction.atomic():
            spent = expired.filter(attempts__gte=F("max_attempts"))
            dead = spent.update(state=DEAD, finished_at=now, error="its worker died or hung each time", **free)
            return dead + expired.update(state=READY, run_after=now, **free)

    def revive(self, uid: UUID, now: datetime) -> bool:
        dead = Job.objects.filter(uid=uid, state=DEAD)
        return bool(dead.update(state=READY, run_after=now, attempts=0, finished_at=None))

    def tidy(self, done_before: datetime, *, keep: Sequence[str] = ()) -> int:
        old = Job.objects.filter(state=DONE, finished_at__lt=done_before).order_by("finished_at")
        deleted = 0
        while ids := list(old.exclude(unique_key__in=keep).values_list("pk", flat=True)[:TIDY_AT_ONCE]):
            deleted += Job.objects.filter(pk__in=ids, state=DONE).delete()[0]
        return deleted


def back_off(attempt: int) -> timedelta:
    """2, 4, 8 … seconds after the 1st, 2nd, 3rd failure, up to an hour; spread, or failures would march in step."""
    wait = min(timedelta(seconds=2 ** min(attempt, 20)), LONGEST_WAIT)
    return wait * random.uniform(0.75, 1.25)


def _mine(claim: Claim):
    return Job.objects.filter(pk=claim.job_id, state=RUNNING, lease_token=claim.token)
