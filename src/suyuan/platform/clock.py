"""The only source of time. Everything that acts is handed `now`; this is where it comes from."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_held: datetime | None = None
_lock = threading.Lock()


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _held if _held is not None else datetime.now(UTC)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock of this process at `at` (tests, and the demo that lives through past weeks)."""
    global _held
    if at.tzinfo is None:
        raise ValueError("times are aware")
    with _lock:
        before, _held = _held, at.astimezone(UTC)
    try:
        yield
    finally:
        with _lock:
            _held = before
