"""One clinic for the faults that share one: its first start is the slowest part of them."""
from __future__ import annotations

import pytest

from tests.config.stories import Clinic, wait_for


@pytest.fixture(scope="session")
def begun(tmp_path_factory):
    """A clinic that was started once and ended; on a busy machine its first start takes longer than people would wait."""
    held = Clinic(tmp_path_factory.mktemp("begun"))
    try:
        held.up("--answers", str(held.answers))
    except AssertionError:
        wait_for(lambda: held.health()[0] == 200, 120)
    held.end()
    yield held
    held.end()
