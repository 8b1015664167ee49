"""C9 at its acceptance size: ten thousand simulated cases under a clock that moves a month at a time."""
from __future__ import annotations

import time

from tests.rules.test_retention import simulated

CASES = 10_000


def rows() -> list[tuple[str, str, str, float]]:
    begun = time.process_time()
    early, late, held, gone = simulated(CASES, seed=20261122)
    result = "holds" if (early, late, held, gone) == (0, 0, 0, CASES) else f"{early} early, {late} late, {held} while held"
    return [("retention and holds (C9)", f"{CASES:,} simulated cases", result, time.process_time() - begun)]
