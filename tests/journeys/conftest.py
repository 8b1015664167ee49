"""A house that runs, and people in front of it with a real browser."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.people import Street
from tests.journeys.running import Running


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    """The demo clinic, served to all journeys of a run."""
    running = Running.on_a_copy(tmp_path_factory.mktemp("house"))
    running.start()
    yield running
    running.end()
    assert running.jobs_failed() == []
    verified = running.run("chain", "verify")
    assert "holds" in verified.stdout, verified.stdout + verified.stderr


@pytest.fixture
def street(chromium, house):
    """`street.patient()`, `street.staff("shen")`: windows that close with the test; what was wrong in them fails it."""
    opened = Street(chromium, house)
    yield opened
    opened.close()


@pytest.fixture
def photos(tmp_path) -> list[Path]:
    """Two photographs as a phone takes them."""
    from tests.journeys.pictures import photo

    return [photo(tmp_path / "左眼.jpg", 1), photo(tmp_path / "右眼.jpg", 2)]
