"""What every test with a database may count on: the installation's keys, and, for those who ask, the shipped packs."""
from __future__ import annotations

import gc
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from tests.chromium import chromium  # noqa: F401  (fixture)
from tests.nothing_skipped import pytest_make_collect_report, pytest_runtest_makereport  # noqa: F401  (hooks)
from tests.once import run_folder

BEGINNING = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)

# Migrations, catalogues and 5,000 collected tests are millions of objects that stay; looking through all of them for
# rubbish again and again took a fifth of the run.
gc.set_threshold(50_000, 20, 100)


def pytest_configure(config) -> None:
    run_folder()  # known before workers start, which share it


def pytest_collection_modifyitems(items) -> None:
    """Mark what may ask the database, so that the second run, on PostgreSQL, can leave out the rest."""
    for item in items:
        if asks_the_database(item):
            item.add_marker("database")


def asks_the_database(item) -> bool:
    """By its own word, or through a fixture that lifts the bar; to all others pytest-django refuses every query."""
    if item.get_closest_marker("django_db"):
        return True
    asked = item._fixtureinfo
    ours = [made[-1] for made in asked.name2fixturedefs.values() if made[-1].baseid and made[-1].argname != "django_db_setup"]
    named = {*asked.argnames, *(name for fixture in ours for name in fixture.argnames)}
    return bool(named & {"db", "transactional_db", "django_db_blocker"})


def pytest_collection_finish(session) -> None:
    gc.freeze()


def pytest_sessionstart(session) -> None:
    """A fresh checkout holds catalogues as text only; the product compiles them when it starts, and so do its tests."""
    from suyuan.config.locales import compile_catalogues

    compile_catalogues()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_modify_db_settings, django_db_blocker):
    """The migrated test database, triggers and all, with its key ring made once: also for tests that ask for a copy."""
    from suyuan.platform import keys
    from tests.platform.real import migrated_database

    with ExitStack() as ended:
        with django_db_blocker.unblock():
            ended.enter_context(migrated_database())
            keys.ring_forget()
            keys.ring_make(BEGINNING)
        yield
        ended.enter_context(django_db_blocker.unblock())


@pytest.fixture(autouse=True)
def own_access_log() -> None:
    """Rows that the test before left waiting were of people who are gone with it."""
    from suyuan.platform import access

    access._new_writer()


@pytest.fixture(autouse=True)
def own_language() -> None:
    """The language that the test before left behind is not this one's."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(scope="session")
def packs(django_db_setup, django_db_blocker):
    """The packs we ship, loaded once for the whole run. A copy from before stays for tests that count from nothing."""
    from django.conf import settings

    from suyuan.kernel.actor import SYSTEM
    from suyuan.playbooks.services import packs_load
    from tests.platform.real import pristine_keep

    with django_db_blocker.unblock():
        pristine_keep()
        packs_load(folder=settings.PACKS_DIR, actor=SYSTEM, now=BEGINNING)


@pytest.fixture(scope="module")
def from_nothing(django_db_setup):
    """For tests that count rows from nothing, whoever else has loaded packs before: conftests make it autouse."""
    from tests.platform.real import pristine_database

    with pristine_database():
        yield
