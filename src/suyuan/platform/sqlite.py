"""What every SQLite connection must be like before anything is written through it. Said once, read back each time.

A disk that misbehaves while the database is opened can leave SQLite in another journal mode without a word; the product
would go on acknowledging. So the connection is closed again and nothing is served.
"""
from __future__ import annotations

from typing import Any

from django.conf import settings

MIB = 1024 * 1024
IN_MEMORY = 2
FULL = 2

# pragma → (value to set, value it must then report)
_SETTINGS = {
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", FULL),
    "foreign_keys": ("ON", 1),
    "recursive_triggers": ("ON", 1),  # so that REPLACE fires the triggers that refuse to delete
    "journal_size_limit": (64 * MIB, 64 * MIB),
    "cache_size": (-32_000, -32_000),
    "temp_store": ("MEMORY", IN_MEMORY),
    "secure_delete": ("ON", 1),  # what is deleted is overwritten, not only forgotten
}
_MMAP = 128 * MIB


class UnsafeDatabase(RuntimeError):
    """SQLite would not take a setting that our promises rest on."""


def on_connection(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Django calls this once for every new connection."""
    if connection.vendor != "sqlite":
        return
    try:
        _set_up(connection)
    except BaseException:
        # Left open, the connection would be used by the next caller without having been looked at. (Django's own
        # close() leaves databases in memory open.)
        raw, connection.connection = connection.connection, None
        raw.close()
        raise


def _set_up(connection: Any) -> None:
    with connection.cursor() as cursor:
        for pragma, (value, wanted) in _SETTINGS.items():
            cursor.execute(f"PRAGMA {pragma} = {value}")
            reported = cursor.execute(f"PRAGMA {pragma}").fetchone()[0]
            if reported != wanted and not _forgiven(pragma, reported):
                raise UnsafeDatabase(f"SQLite answers {pragma} = {reported!r} instead of {wanted!r}")
        cursor.execute(f"PRAGMA mmap_size = {_MMAP}")
        if not cursor.execute("PRAGMA busy_timeout").fetchone()[0]:
            raise UnsafeDatabase("SQLite would not wait for another writer: set OPTIONS['timeout']")


def _forgiven(pragma: str, reported: Any) -> bool:
    """A database in memory has no journal; only settings that say so may use one."""
    return pragma == "journal_mode" and reported == "memory" and getattr(settings, "SQLITE_IN_MEMORY", False)
