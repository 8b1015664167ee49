"""Which jobs there are: a name, its handler, and how patient we are with it."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cronsim import CronSim

Run = Callable[[dict, datetime], None]


class UnknownJob(LookupError):
    """Nobody registered this name: enqueueing it would lose the work silently."""


@dataclass(frozen=True)
class Handler:
    """`timeout`: after so long its lease is no longer renewed, and another worker may take the job over."""

    name: str
    run: Run
    attempts: int
    timeout: timedelta
    queue: str
    cron: str | None = None

    def slot(self, now: datetime) -> datetime | None:
        """The latest slot of a periodic job at or before `now`; those before it were missed and stay missed."""
        if self.cron is None:
            return None
        # Backwards, cronsim answers with what lies before the instant it is given, and never with that instant.
        return next(CronSim(self.cron, now.astimezone(UTC) + timedelta(microseconds=1), reverse=True))


_handlers: dict[str, Handler] = {}


def job(
    name: str,
    *,
    attempts: int = 8,
    timeout: timedelta = timedelta(minutes=10),
    queue: str = "default",
    cron: str | None = None,
) -> Callable[[Run], Run]:
    """Register a handler `fn(args, now)`. It runs outside any transaction and may run twice."""
    if cron is not None:
        CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC))  # a wrong line raises here, not at night

    def register(run: Run) -> Run:
        if name in _handlers:
            raise ValueError(f"job registered twice: {name}")
        _handlers[name] = Handler(name, run, attempts, timeout, queue, cron)
        return run

    return register


def periodic(
    cron: str, name: str, *, attempts: int = 3, timeout: timedelta = timedelta(minutes=10), queue: str = "default"
) -> Callable[[Run], Run]:
    """A job that also comes due by itself, by a cron expression in UTC; its args are `{}`."""
    return job(name, attempts=attempts, timeout=timeout, queue=queue, cron=cron)


def handler(name: str) -> Handler:
    try:
        return _handlers[name]
    except KeyError:
        raise UnknownJob(name) from None


def handlers() -> Iterator[Handler]:
    yield from list(_handlers.values())
