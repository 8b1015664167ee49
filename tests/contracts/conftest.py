"""A house with everybody in it, made once for a file of tests; what a test does to it is undone."""
from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from suyuan.platform import clock, keys
from tests.cases.cast import NOON, cast_made
from tests.contracts.everyone import house_made


@pytest.fixture(scope="session", autouse=True)
def static_folder():
    """WhiteNoise warns when there is none; nothing is served from it here."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def noon():
    with clock.frozen(NOON):
        yield NOON


@pytest.fixture(scope="module")
def everybody(packs, django_db_blocker):
    """The house inside one transaction that is never committed."""
    with django_db_blocker.unblock(), clock.frozen(NOON):
        keys.ring_forget()
        whole = transaction.atomic()
        whole._from_testcase = True  # services insist on being outermost, tests excepted
        whole.__enter__()
        try:
            yield house_made(cast_made())
        finally:
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)
            keys.ring_forget()


@pytest.fixture
def house(everybody, db):
    """The same house for each test; the test's own transaction lies inside and is taken back."""
    return everybody


class undone:
    """Everything written inside is taken back; unlike a nested transaction, services do not notice."""

    def __enter__(self):
        self.point = connection.savepoint()

    def __exit__(self, *_):
        connection.savepoint_rollback(self.point)
        connection.savepoint_commit(self.point)
