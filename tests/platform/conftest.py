"""What several tests of the platform need: keys, fact types of their own, a database with real commits."""
from __future__ import annotations

import pytest

from suyuan.platform import facts, keys
from suyuan.platform.models import Installation
from tests.platform.authority import authority, authority_made  # noqa: F401  (fixtures)
from tests.platform.real import copied_database
from tests.platform.stories import NOW


def _keys_made() -> None:
    keys.ring_forget()
    if not Installation.objects.exists():
        keys.ring_make(NOW)
    keys.ring()  # read now, so that no test counts these statements


@pytest.fixture(scope="module", autouse=True)
def _counted_from_nothing(from_nothing):
    """Facts and jobs are counted here."""


@pytest.fixture
def ring(db):
    """The installation's keys, in the database of this test."""
    _keys_made()
    yield keys.ring()
    keys.ring_forget()


@pytest.fixture
def own_folder(settings, tmp_path):
    """Files of this test alone, under keys of its own."""
    settings.FILES_DIR = tmp_path / "files"
    keys.ring_make(NOW)
    yield settings.FILES_DIR
    keys.ring_forget()


@pytest.fixture
def kinds(monkeypatch):
    """Fact types of this test alone: {"test.happened": FactKind(…)}; more may be added."""
    registered = {"test.happened": facts.FactKind(phrase=lambda told: "")}
    monkeypatch.setattr(facts, "_kinds", registered)
    return registered


@pytest.fixture
def committed(django_db_setup, django_db_blocker, tmp_path):
    """A copy of the migrated database, with keys, in which commits are real."""
    with django_db_blocker.unblock(), copied_database(tmp_path):
        _keys_made()
        yield
    keys.ring_forget()
