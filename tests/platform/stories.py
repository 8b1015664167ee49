"""The fixed time and person of these tests, and what several of them ask."""
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic, sleep

from django.db import IntegrityError, transaction

from suyuan.kernel.actor import Actor

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
SOMEBODY = Actor("party", "3b0a5f0e-0000-4000-8000-000000000001")


def purged_when_free(args: dict, now: datetime) -> None:
    """Tests beside this one write in other databases of the same server; the purge waits for what they have begun."""
    from suyuan.platform.erasure import NotPurgedYet, purge

    until = monotonic() + 120
    while True:
        try:
            return purge(args, now)
        except NotPurgedYet:
            if monotonic() > until:
                raise
            sleep(0.1)


def refused(act: Callable[[], object]) -> bool:
    """Whether the database keeps the row from being changed."""
    try:
        with transaction.atomic():
            act()
    except IntegrityError as error:
        return "is frozen" in str(error)
    return False
