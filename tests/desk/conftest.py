"""Members of the fixed cast at their browsers, at a fixed hour."""
from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from suyuan.cases.rules import Stage
from suyuan.platform import clock, keys
from tests.cases.cast import NOON, WALKS, case_made, cast_made, fresh


@pytest.fixture(autouse=True)
def noon():
    with clock.frozen(NOON):
        yield NOON


@pytest.fixture(autouse=True)
def static_folder(settings):
    """The file server warns when its folder is missing, and warnings are errors here."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def cast(packs, db):
    keys.ring_forget()
    return cast_made()


@pytest.fixture
def make_case(cast):
    def make(stage: str = Stage.RECEIVED, now=NOON, **said):
        return fresh(WALKS[Stage(stage)](cast, case_made(cast, now=now, **said), now))

    return make


@pytest.fixture
def browser(cast):
    """browser("manager"): this member, logged in."""

    def log_in(name: str) -> Client:
        client = Client()
        client.force_login(getattr(cast, name).user)
        return client

    return log_in
