"""Who saw what, when and why. Reading is never stopped by the log, and the log never touches a business row.

    seen(actor, "case.page", stream=case.stream, branch_id=…, at=request.now)       buffered, on disk within a second
    note_before(actor, "case.copy", purpose=…, …)       on disk before anything is shown: copies, exports
    ticket(actor, copy.uid, at=…)           what a page has named in its line and then fetches by itself leaves no second one
    tried(actor, "GET /cases/…/", code="not_here", …)   what was refused: who tried what, and why not

Each process gathers rows and a writer thread puts them down once a second; leaving the process writes the rest. A kill
may lose that second. A log that cannot be written for a minute turns `health()` red, while reading goes on.
Row numbers rise in the order of the commits, so that a day can be closed by its last number.
"""
from __future__ import annotations

import atexit
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import DatabaseError, InterfaceError, connection, transaction

from suyuan.kernel import chain
from suyuan.kernel.actor import Actor
from suyuan.platform import chance, units
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.keys import seal, unseal
from suyuan.platform.models import AccessRow, FactRow

log = logging.getLogger("suyuan.access")

EVERY = 1.0
RED_AFTER = 60.0
MOST_WAITING = 200_000
ROWS_AT_ONCE = 2_000
FETCHED_WITHIN = timedelta(minutes=10)
DAY_CLOSED = "access.day_closed"
REFUSED = "refused"

_meant: dict[str, Callable[[Any], tuple[str, int] | None]] = {}

# PostgreSQL: whoever adds rows holds this lock until the commit, so that no smaller number appears later.
_ORDER_LOCK = 0x5355_5955_414E_01


@dataclass(frozen=True)
class Health:
    """`red`: rows have been waiting longer than a minute. `lost`: rows there was no more room for."""

    red: bool
    waiting: int
    failing_for: float
    lost: int


def seen(
    actor: Actor,
    what: str,
    *,
    at: datetime,
    branch_id: int | None = None,
    stream: str = "",
    shown: Sequence[str] = (),
    asked: str = "",
    purpose: str = "read",
) -> None:
    """Remember that `actor` is being shown something. A list is one row: what was asked, which references came up."""
    _writer.add(_row(actor, what, at, branch_id, stream, shown, asked, purpose))


def tried(actor: Actor, address: str, *, at: datetime, code: str, names: Mapping[str, Any]) -> None:
    """Remember that `actor` was refused. `names`: what the address calls things, for those who know which thing is meant.

    Whether a thing is there or only not theirs costs the same: it is looked for either way.
    """
    found = [_meant[kind](value) for kind, value in names.items() if kind in _meant]
    stream, branch_id = next(filter(None, found), ("", None))
    seen(actor, REFUSED, at=at, purpose=code, branch_id=branch_id, stream=stream, asked=address[:300])


def meant_register(kind: str, find: Callable[[Any], tuple[str, int] | None]) -> None:
    """`find` gives stream and branch of what addresses name by `kind` ("reference", "people:uid"), or None."""
    _meant[kind] = find


def note_before(
    actor: Actor,
    what: str,
    *,
    at: datetime,
    purpose: str,
    branch_id: int | None = None,
    stream: str = "",
    shown: Sequence[str] = (),
    asked: str = "",
) -> AccessRow:
    """Write the row now; only then may the thing be shown. Inside a service it stands or falls with the service."""
    row = _row(actor, what, at, branch_id, stream, shown, asked, purpose)
    _write([row])
    return row


def _tickets() -> signing.Signer:
    """Asked for late: what only writes lines has no need of the secret."""
    return signing.Signer(salt="suyuan.access.ticket")


def ticket(actor: Actor, what: object, *, at: datetime) -> str:
    """For an address inside a page whose own line names `what`: good for this reader, for this thing, for ten minutes."""
    return _tickets().sign_object([str(actor), str(what), int((at + FETCHED_WITHIN).timestamp())])


def ticketed(given: str, actor: Actor, what: object, *, at: datetime) -> bool:
    """Whether a line that names `what` is there already. Nothing is opened by it: the door is asked all the same."""
    try:
        who, which, until = _tickets().unsign_object(given)
    except (signing.BadSignature, ValueError):
        return False
    return (who, which) == (str(actor), str(what)) and at.timestamp() <= until


def asked(row: AccessRow) -> str:
    """What the reader typed."""
    return unseal("access", row.uid, row.asked) if row.asked is not None else ""


def flush() -> None:
    """Write what is waiting in this process. Raises what the database raises."""
    _writer.flush()


def health() -> Health:
    return _writer.health()


def _row(
    actor: Actor,
    what: str,
    at: datetime,
    branch_id: int | None,
    stream: str,
    shown: Sequence[str],
    asked: str,
    purpose: str,
) -> AccessRow:
    uid = chance.uid()
    return AccessRow(
        uid=uid,
        at=at,
        actor=str(actor),
        what=what,
        purpose=purpose,
        branch_id=branch_id,
        stream=stream,
        shown=list(shown),
        asked=seal("access", uid, asked) if asked else None,
    )


def _write(rows: Sequence[AccessRow]) -> None:
    with transaction.atomic(savepoint=False):
        _rows_hold_still()
        AccessRow.objects.bulk_create(rows)


def _rows_hold_still() -> None:
    """Until the end of this transaction nobody else adds rows. On SQLite every transaction is like that."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ORDER_LOCK])


class _Writer:
    """The buffer of one process and the thread that empties it."""

    def __init__(self) -> None:
        self._waiting: list[AccessRow] = []
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._thread: threading.Thread | None = None
        self._leaving = threading.Event()
        self._failing_since: float | None = None
        self._lost = 0
        self._pid = os.getpid()

    def add(self, row: AccessRow) -> None:
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                self._lost += 1
                return
            self._waiting.append(row)
            if self._thread is None and _writes_by_itself():
                self._thread = threading.Thread(target=self._run, name="access-writer", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        with self._one_at_a_time:
            while True:
                with self._lock:
                    rows = self._waiting[:ROWS_AT_ONCE]
                if not rows:
                    return
                try:
                    _write(rows)
                except BaseException:
                    self._failing_since = self._failing_since or time.monotonic()
                    raise
                with self._lock:
                    del self._waiting[: len(rows)]
                self._failing_since = None

    def health(self) -> Health:
        since = self._failing_since
        failing = time.monotonic() - since if since is not None else 0.0
        return Health(failing > RED_AFTER or self._lost > 0, len(self._waiting), failing, self._lost)

    def leave(self) -> None:
        """Write what is left; called when the process goes."""
        self._leaving.set()
        try:
            self.flush()
        except (DatabaseError, InterfaceError):
            log.exception("%d rows of the access log could not be written", len(self._waiting))
        finally:
            connection.close()

    def _run(self) -> None:
        while not self._leaving.wait(EVERY):
            try:
                self.flush()
            except Exception:
                # Whatever it was, the rows are still waiting and the next round tries again.
                log.exception("the access log cannot be written")
                connection.close()
        connection.close()


def _writes_by_itself() -> bool:
    """Settings may say ACCESS_WRITER = False: tests share one transaction with the log and call `flush`."""
    return getattr(settings, "ACCESS_WRITER", True)


def _new_writer() -> None:
    """A forked child starts with an empty buffer: what was waiting belongs to its parent."""
    global _writer
    _writer = _Writer()


_writer = _Writer()
os.register_at_fork(after_in_child=_new_writer)
atexit.register(lambda: _writer.leave() if _writer._waiting and _writes_by_itself() else None)


# The day in the chain


@units.writes
def day_close(
    *, branch_id: int | None, branch_stream: str, day: date, zone: str, now: datetime, actor: Actor
) -> dict[str, Any] | None:
    """Commit the rows of one branch since the last close into its stream; None when this day is closed already.

    Called five minutes after local midnight. What is written later belongs to the next day's fact.
    """
    _rows_hold_still()
    before = _last_close(branch_stream)
    if before is not None and before.value("day") >= day.isoformat():
        return None
    after = before.value("last") if before is not None else 0
    count, first, last, digest = _digest(branch_id, after, None)
    closed = {
        "day": day.isoformat(),
        "zone": zone,
        "after": after,
        "first": first,
        "last": last,
        "count": count,
        "sha256": digest,
    }
    facts_record([Fact(DAY_CLOSED, branch_stream, plain=closed)], actor=actor, now=now)
    return closed


def day_holds(branch_id: int | None, closed: FactRow) -> bool:
    """Whether the rows still are what this close committed."""
    count, first, last, digest = _digest(branch_id, closed.value("after"), closed.value("last"))
    stated = tuple(closed.value(name) for name in ("count", "first", "last", "sha256"))
    return (count, first, last, digest) == stated


def _last_close(stream: str) -> FactRow | None:
    return FactRow.objects.filter(stream=stream, type=DAY_CLOSED).order_by("-position").first()


def _digest(branch_id: int | None, after: int, until: int | None) -> tuple[int, int, int, str]:
    """Count, first and last number, and SHA-256 over the canonical rows, one a line."""
    rows = AccessRow.objects.filter(branch_id=branch_id, id__gt=after)
    if until is not None:
        rows = rows.filter(id__lte=until)
    count, first, last, digest = 0, 0, after, hashlib.sha256()
    for number, line in _lines(rows.order_by("id").iterator(chunk_size=ROWS_AT_ONCE)):
        count, first, last = count + 1, first or number, number
        digest.update(line)
    return count, first, last, digest.hexdigest()


def _lines(rows: Iterable[AccessRow]) -> Iterator[tuple[int, bytes]]:
    for row in rows:
        sealed = bytes(row.asked).hex() if row.asked is not None else None
        told: list[chain.Json] = [row.pk, str(row.uid), chain.time_text(row.at), row.actor, row.what, row.purpose]
        told += [row.branch_id, row.stream, row.shown, sealed]
        yield row.pk, chain.canonical(told) + b"\n"
