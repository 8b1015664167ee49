"""Statements, CPU time and wall time of one thing done many times."""
from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

_TABLES = re.compile(r"^(SCAN|SEARCH) (\S+)")
# Whoever scans one of these pays for every complaint there ever was.
GROWING = frozenset(
    {
        "cases_case", "cases_caseclock", "cases_caseissue", "evidence_item", "evidence_custodyentry", "cases_contactentry", "cases_involvement",
        "cases_party", "cases_promise", "cases_receipt", "cases_task", "people_contactpoint", "people_person",
        "people_personindex", "people_treatmentreceived", "platform_factprivate", "platform_factrow", "platform_job",
        "platform_streamhead", "platform_text",
    }
)  # fmt: skip


@dataclass
class Figures:
    """One row of the table, filled over several rounds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    statements: int = 0
    inside: int = 0
    savepoints: int = 0

    def add(self, wall: float, cpu: float) -> None:
        self.wall.append(wall * 1000)
        self.cpu.append(cpu * 1000)

    def p(self, share: float, of: str = "wall") -> float:
        ordered = sorted(getattr(self, of))
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def per_second(self) -> float:
        return 1000 * len(self.wall) / sum(self.wall)


@dataclass
class Seen:
    """Statements as Django sends them: all, and those between each BEGIN and its COMMIT."""

    all: list[tuple[str, object]] = field(default_factory=list)
    transactions: list[list[str]] = field(default_factory=list)

    @property
    def inside(self) -> int:
        """Statements of the longest transaction."""
        return max(map(len, self.transactions), default=0)

    @property
    def savepoints(self) -> int:
        return sum("SAVEPOINT" in sql for sql, _ in self.all)


@contextmanager
def statements() -> Iterator[Seen]:
    seen = Seen()

    def look(execute, sql, params, many, context):
        if sql.startswith("BEGIN"):
            seen.transactions.append([])
        else:
            seen.all.append((sql, params))
            if connection.in_atomic_block:
                seen.transactions[-1].append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield seen


def repeat(figures: Figures, act: Callable[[int], object], times: int) -> None:
    """Once to warm up, once to count the statements, then timed."""
    act(0)
    with statements() as seen:
        act(1)
    figures.statements = max(figures.statements, len(seen.all))
    figures.inside = max(figures.inside, seen.inside)
    figures.savepoints = max(figures.savepoints, seen.savepoints)
    for n in range(2, times + 2):
        wall, cpu = time.perf_counter(), time.process_time()
        act(n)
        figures.add(time.perf_counter() - wall, time.process_time() - cpu)


def scans(act: Callable[[int], object]) -> list[str]:
    """Steps of query plans that walk through a whole growing table or sort, with the statement they belong to."""
    with statements() as seen:
        act(3)
    found = []
    for sql, params in seen.all:
        if not sql.startswith("SELECT"):
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + sql, params)
            steps = [row[3] for row in cursor.fetchall()]
        for step in steps:
            match = _TABLES.match(step)
            whole = match and match[1] == "SCAN" and _table(match[2], sql) in GROWING
            if whole or step.startswith("USE TEMP B-TREE"):
                found.append(f"{step}   <- {sql[:400]}")
    return found


def _table(alias: str, sql: str) -> str:
    """The table behind an alias that Django made up."""
    named = re.search(rf'"(\w+)" {re.escape(alias)}\b', sql)
    return named[1] if named else alias
