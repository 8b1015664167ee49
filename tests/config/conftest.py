from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.conf import settings

from tests.config.stories import Clinic


@pytest.fixture
def clinic(tmp_path):
    """A clinic nobody has started yet; whatever was started is ended."""
    held = Clinic(tmp_path)
    yield held
    held.end()


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """A clinic whose database is made, never started; copied by `made`, never used itself."""
    held = Clinic(tmp_path_factory.mktemp("original"))
    done = held.run("migrate")
    assert done.returncode == 0, done.stderr
    return held


@pytest.fixture
def made(clinic, original):
    """A clinic with keys, database and packs, before its first start."""
    shutil.copytree(original.data, clinic.data)
    shutil.copytree(original.keys.parent, clinic.keys.parent)
    return clinic


@pytest.fixture(scope="session", autouse=True)
def static_folder():
    """WhiteNoise warns when there is none; nothing is served from it here."""
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
