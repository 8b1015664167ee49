from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from tests.config.stories import Clinic, clinic_begun, clinic_made


@pytest.fixture
def clinic(tmp_path):
    """A clinic nobody has started yet; whatever was started is ended."""
    held = Clinic(tmp_path)
    yield held
    held.end()


@pytest.fixture
def made(tmp_path):
    """A clinic with keys, database and packs, before its first start."""
    held = clinic_made(tmp_path)
    yield held
    held.end()


@pytest.fixture
def begun(tmp_path):
    """A clinic after its first start, ended."""
    held = clinic_begun(tmp_path)
    yield held
    held.end()


@pytest.fixture(scope="session", autouse=True)
def static_folder():
    """WhiteNoise warns when there is none; nothing is served from it here."""
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
