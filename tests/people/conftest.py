from __future__ import annotations

from pathlib import Path

import pytest

from suyuan.platform import clock
from tests.accounts.stories import NOW, acting, clinic, member


@pytest.fixture(autouse=True)
def noon(settings):
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    with clock.frozen(NOW):
        yield NOW


@pytest.fixture
def house(db):
    return clinic()


@pytest.fixture
def rec(house):
    """Reception in Tainan."""
    return acting(member("rec", house.tainan, "reception"))


@pytest.fixture
def shen(house):
    """Case manager in Tainan."""
    return acting(member("shen", house.tainan, "case_manager"))
