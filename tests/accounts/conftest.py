from __future__ import annotations

from pathlib import Path

import pytest

from suyuan.platform import clock
from tests.accounts.stories import NOW, clinic


@pytest.fixture(autouse=True)
def noon():
    with clock.frozen(NOW):
        yield NOW


@pytest.fixture(autouse=True)
def static_folder(settings):
    """The file server warns when its folder is missing, and warnings are errors here."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def house(db):
    return clinic()


@pytest.fixture(scope="module", autouse=True)
def _counted_from_nothing(from_nothing):
    """Facts are counted here."""
