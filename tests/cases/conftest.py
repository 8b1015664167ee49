"""The cast, a case in any stage, and a database in which commits are real."""
from __future__ import annotations

import pytest

from suyuan.cases.rules import Stage
from suyuan.platform import keys
from tests.cases.cast import NOON, WALKS, case_made, cast_made, fresh
from tests.platform.real import copied_database


@pytest.fixture
def cast(packs, db):
    keys.ring_forget()
    return cast_made()


@pytest.fixture
def make_case(cast):
    """make_case(), make_case(stage="responded"), make_case(branch=cast.sh), and whatever Intake takes."""

    def make(stage: str = Stage.RECEIVED, now=NOON, **said):
        return fresh(WALKS[Stage(stage)](cast, case_made(cast, now=now, **said), now))

    return make


@pytest.fixture
def committed(packs, django_db_setup, django_db_blocker, tmp_path):
    """A copy of the migrated database, with keys and packs, in which commits are real; yields the cast."""
    with django_db_blocker.unblock(), copied_database(tmp_path):
        keys.ring_forget()
        yield cast_made()
    keys.ring_forget()
