"""C9 and E10 at their acceptance sizes: ten thousand simulated cases under a clock; fifty words looked for on the disk."""
from __future__ import annotations

import time

from benchmarks.proof_faults import suite
from tests.rules.test_retention import simulated

CASES, CANARIES = 10_000, 50


def rows() -> list[tuple[str, str, str, float]]:
    begun = time.process_time()
    early, late, held, gone = simulated(CASES, seed=20261122)
    result = "holds" if (early, late, held, gone) == (0, 0, 0, CASES) else f"{early} early, {late} late, {held} while held"
    kept = ("retention and holds (C9)", f"{CASES:,} simulated cases", result, time.process_time() - begun)
    gone = "words looked for on the disk after erasure, and in a backup put back (E10)"
    columns = "every column of words in the schema, erased or with its reason (E10)"
    return [
        kept,
        suite(gone, "cases/test_canaries.py", SUYUAN_CANARIES=str(CANARIES)),
        suite(columns, "cases/test_erasure_everywhere.py"),
    ]
