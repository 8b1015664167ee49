"""Asking for work: buffered in the open write, inserted in bulk with its commit."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from suyuan.platform import clock, units
from suyuan.platform.jobs.engine import engine
from suyuan.platform.jobs.registry import handler

# Ids, codes, numbers, times. Anything a person typed would not fit through, and that is the point: erasing a person's
# words must not have to search old jobs.
_ID = re.compile(r"[A-Za-z0-9_:.,@+/\-]{0,120}")


class Pending(NamedTuple):
    """Work asked for and not yet written."""

    name: str
    args: dict[str, Any]
    run_at: datetime | None
    unique_key: str | None
    queue: str
    priority: int
    attempts: int


def enqueue(
    name: str,
    args: Mapping[str, Any] | None = None,
    *,
    run_at: datetime | None = None,
    unique_key: str | None = None,
    queue: str | None = None,
    priority: int = 0,
) -> None:
    """Ask for a job. With a `unique_key` a second asking changes nothing, also after the first has been done."""
    known = handler(name)
    args = dict(args or {})
    _refuse_words(args)
    pending = Pending(name, args, run_at, unique_key, queue or known.queue, priority, known.attempts)
    unit = units.current()
    if unit is None:
        jobs_write([pending])
    else:
        unit.jobs.append(pending)


def jobs_write(pending: Iterable[Pending], now: datetime | None = None) -> None:
    """Insert what was asked for, inside the caller's transaction if there is one."""
    engine().write(list(pending), now or clock.now())


def _refuse_words(value: Any) -> None:
    if value is None or isinstance(value, (bool, int)):
        return
    if isinstance(value, str):
        if not _ID.fullmatch(value):
            raise ValueError("jobs carry ids and codes, never words")
        return
    if isinstance(value, list):
        for item in value:
            _refuse_words(item)
        return
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_words(key)
            _refuse_words(item)
        return
    raise ValueError(f"a job cannot carry a {type(value).__name__}")
