"""The one transaction of a write.

The outermost service opens it; inner services join it without a savepoint. Facts and jobs are buffered on the unit and
written in bulk just before the commit, so that chain heads are locked late and for a short time only.
"""
from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

_open: ContextVar[Unit | None] = ContextVar("suyuan_unit", default=None)

# PostgreSQL: deadlock_detected and serialization_failure; both mean "nothing happened, try again".
RETRY_STATES = frozenset({"40P01", "40001"})

# The other party of a deadlock is only just waking up; at once, we would take the lock from under it again.
RETRY_AFTER_SECONDS = 0.25


class Unit:
    """What one outermost write has promised and not yet written."""

    def __init__(self) -> None:
        self.facts: list[Any] = []
        self.jobs: list[Any] = []
        self.texts: list[Any] = []
        self.notes: dict[str, Any] = {}
        self.flushers: list[Callable[[Unit], None]] = []


def current() -> Unit | None:
    """The open unit, or None outside a service."""
    return _open.get()


class OutsideAService(RuntimeError):
    """A fact, a text or a job was recorded outside a service."""


def required() -> Unit:
    unit = _open.get()
    if unit is None:
        raise OutsideAService("facts, texts and jobs are written by services only")
    return unit


@contextmanager
def unit() -> Iterator[Unit]:
    """Join the open unit, or open one: a durable transaction, flushed once before its commit."""
    joined = _open.get()
    if joined is not None:
        yield joined
        return
    with transaction.atomic(durable=True):
        fresh = Unit()
        token = _open.set(fresh)
        try:
            yield fresh
            _flush(fresh)
        finally:
            _open.reset(token)


def _flush(fresh: Unit) -> None:
    from suyuan.platform.facts import facts_flush, react_until_still
    from suyuan.platform.jobs import jobs_write
    from suyuan.platform.search import index_flush

    react_until_still(fresh)
    index_flush(fresh)
    facts_flush(fresh)
    if fresh.jobs:
        jobs_write(fresh.jobs)


def writes(service: Callable[P, R]) -> Callable[P, R]:
    """Mark a service: keyword-only, one transaction at the outermost, rerun once after a deadlock."""

    @functools.wraps(service)
    def inside(**kwargs: P.kwargs) -> R:
        if _open.get() is not None:
            return service(**kwargs)
        try:
            with unit():
                return service(**kwargs)
        except OperationalError as error:
            if connection.vendor != "postgresql" or getattr(error.__cause__, "sqlstate", None) not in RETRY_STATES:
                raise
        time.sleep(RETRY_AFTER_SECONDS)
        with unit():
            return service(**kwargs)

    inside.is_service = True  # type: ignore[attr-defined]
    return inside  # type: ignore[return-value]
