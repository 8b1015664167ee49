"""One clinic for the faults that share one: its first start is the slowest part of them."""
from __future__ import annotations

import pytest

from tests.config.stories import clinic_begun


@pytest.fixture(scope="session")
def begun(tmp_path_factory):
    """A clinic that was started once and ended."""
    held = clinic_begun(tmp_path_factory.mktemp("begun"))
    yield held
    held.end()
