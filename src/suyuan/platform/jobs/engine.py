"""What every job engine promises. tests/platform/test_jobs_contract.py holds each of them to it."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from suyuan.platform.jobs.queue import Pending


@dataclass(frozen=True)
class Claim:
    """A job in the hands of one worker. Whoever lets the lease run out can no longer finish it: `token` fences."""

    job_id: int
    uid: UUID
    name: str
    args: dict[str, Any]
    attempt: int
    token: UUID


class Engine(Protocol):
    def write(self, pending: Sequence[Pending], now: datetime) -> None:
        """Insert in the running transaction; a `unique_key` that is known already is skipped."""

    def claim(self, now: datetime, *, queues: Sequence[str] | None = None) -> Claim | None:
        """Take the most urgent due job, so that no other worker gets it while the lease lasts."""

    def extend(self, claim: Claim, now: datetime) -> bool:
        """Renew the lease. False: it is no longer ours."""

    def finish(self, claim: Claim, now: datetime) -> bool:
        """Mark it done. False: it is no longer ours, someone else will run it or has."""

    def fail(self, claim: Claim, error: str, now: datetime) -> str | None:
        """Mark the attempt failed. Returns "ready" (again later), "dead" (attempts spent) or None (no longer ours)."""

    def reclaim(self, now: datetime) -> int:
        """Give back the jobs of workers that died; those that died too often become dead letters."""

    def revive(self, uid: UUID, now: datetime) -> bool:
        """Give a dead letter a fresh set of attempts."""

    def tidy(self, done_before: datetime, *, keep: Sequence[str] = ()) -> int:
        """Delete jobs done before then, except those whose unique key is in `keep`. Dead letters stay."""


@cache
def engine() -> Engine:
    """The engine of this installation."""
    from suyuan.platform.jobs.lease import LeaseEngine

    return LeaseEngine()
