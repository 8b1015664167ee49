"""python3 do.py bench: houses of 1,000 and 20,000 complaints, measured in turn in one process; writes RESULTS.md.

    --rounds N    how often everything is measured (3)
    --plans       print every step of a query plan that walks through a growing table, and measure nothing
    --only TEXT   phases whose name contains TEXT; RESULTS.md stays as it is
"""
from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import time
from datetime import timedelta
from pathlib import Path

from benchmarks import house
from benchmarks.measure import Figures, repeat, scans, statements

SIZES = (1_000, 20_000)
GROWTH = 1.5
GUARD = "## The guard"
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    parser = argparse.ArgumentParser(prog="do.py bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plans", action="store_true")
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    house.prepare()
    if given.only == "guard":
        return guarded()
    house.make(list(SIZES))
    if given.plans:
        return plans(given.only)
    load = os.getloadavg()[0]
    rows = pages(given.rounds, given.only)
    writes(rows, given.rounds, given.only)
    swept = sweep() if not given.only or given.only in "sweep" else []
    text = table(rows, swept, load)
    print(text)
    if not given.only:
        _keep(text)
        guarded()
    return 0


def guarded() -> int:
    """The guard needs no house full of complaints: it has a table of its own, and may be measured by itself."""
    from benchmarks import guard

    load = os.getloadavg()[0]
    told = guard.table(guard.measured(house.say))
    head = f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {_machine()}, load {load:.1f} when it began."
    print(told)
    _keep(f"{GUARD}\n\n{head} {' '.join(guard.__doc__.split(chr(10) * 2)[2].split())}\n\n{told}", under=GUARD)
    return 0


def _keep(text: str, under: str = "") -> None:
    """Each table replaces its like of last time; what people wrote below the first stays until it is made again."""
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    house_part, mark, guard_part = old.partition(GUARD)
    parts = (house_part, text) if under else (text, mark + guard_part)
    RESULTS.write_text("\n".join(part.strip() + "\n" for part in parts if part.strip()), encoding="utf-8")


# --- measuring -----------------------------------------------------------------------------------------------------


def pages(rounds: int, only: str) -> dict:
    """Every page in both houses in turn, so that a noisy minute falls on both."""
    from benchmarks.pages import PAGES
    from suyuan.platform import access, clock

    rows: dict = {}
    for number in range(rounds):
        for phase in PAGES:
            if only not in phase.name:
                continue
            both = rows.setdefault(phase, {size: Figures() for size in SIZES})
            for size in SIZES if number % 2 else SIZES[::-1]:
                house.move_into(house.path_of(str(size)))
                now = house.moment(size)
                with clock.frozen(now):
                    repeat(both[size], phase.make(now), phase.times)
                    access.flush()
    return rows


def writes(rows: dict, rounds: int, only: str) -> None:
    from benchmarks.pages import WRITES
    from suyuan.platform import access, clock

    for size in SIZES:
        with house.copy_of(str(size)):
            now = house.moment(size)
            for _ in range(rounds):
                for phase in WRITES:
                    if only not in phase.name:
                        continue
                    both = rows.setdefault(phase, {size: Figures() for size in SIZES})
                    with clock.frozen(now):
                        repeat(both[size], phase.make(now), phase.times)
                        access.flush()


def sweep() -> list[tuple[str, float, float, int, float | None]]:
    """What, CPU seconds, wall seconds, statements, bar."""
    from suyuan.cases.models import CaseClock
    from suyuan.cases.services.clocks import clocks_sweep, promises_sweep, tasks_sweep
    from suyuan.platform import clock

    found = []
    with house.copy_of(f"{SIZES[-1]}-due"):
        now = house.moment(SIZES[-1])
        due = CaseClock.objects.filter(next_alarm_at__lte=now).order_by("next_alarm_at", "id")
        wanted = min(10_000, due.count())
        rest = list(due.values_list("pk", flat=True)[wanted:])
        for start in range(0, len(rest), 500):
            CaseClock.objects.filter(pk__in=rest[start : start + 500]).update(next_alarm_at=None)
        with clock.frozen(now):
            found.append(_timed(f"sweep, {wanted:,} clocks due", lambda: clocks_sweep(now), 5.0))
            promises_sweep(now)
            while tasks_sweep(now):
                pass
            later = now + timedelta(seconds=1)
            found.append(_timed("sweep, 20,000 cases, nothing due", lambda: minute(later), 0.020))
    return found


def minute(now) -> None:
    """What the worker does each minute."""
    from suyuan.cases.services.clocks import clocks_sweep, promises_sweep, tasks_sweep

    clocks_sweep(now)
    promises_sweep(now)
    tasks_sweep(now)


def _timed(name, act, bar):
    with statements() as seen:
        wall, cpu = time.perf_counter(), time.process_time()
        act()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return name, cpu, wall, len(seen.all), bar


def plans(only: str) -> int:
    from benchmarks.pages import PAGES, WRITES
    from suyuan.platform import clock

    with house.copy_of(str(SIZES[-1])):
        now = house.moment(SIZES[-1])
        with clock.frozen(now):
            for phase in (*PAGES, *WRITES):
                if only not in phase.name:
                    continue
                act = phase.make(now)
                act(0)
                print(f"\n{phase.name}")
                for line in scans(act):
                    print("   ", line)
    return 0


# --- telling -------------------------------------------------------------------------------------------------------


def table(rows: dict, swept: list, load: float) -> str:
    small, large = SIZES
    lines = [
        "# What the product costs as it grows",
        "",
        f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {_machine()}, load {load:.1f} when it began, SQLite"
        f" {sqlite3.sqlite_version} in WAL with `synchronous=FULL`, Python {platform.python_version()}. One process, one"
        " client (Django's test client, the product's own middleware and settings); both houses measured in turn.",
        "CPU time is the truth on a machine that others use too; ratios compare one run. `python3 do.py bench` makes it again.",
        "",
        f"| what | statements | CPU ms {small:,} | CPU ms {large:,} | wall p50 {small:,} | wall p50 {large:,}"
        f" | wall p95 {small:,} | wall p95 {large:,} | p95 ratio CPU / wall | |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for phase, both in rows.items():
        a, b = both[small], both[large]
        inside = phase.name.startswith("register")
        count = b.inside if inside else b.statements
        growth = b.p(0.95, "cpu") / a.p(0.95, "cpu")
        bars = []
        if phase.bar:
            bars.append(f"≤ {phase.bar}{'' if count <= phase.bar and a.inside == b.inside else ' MISSED'}")
        if phase.flat and not inside:
            bars.append(f"≤ ×{GROWTH}{'' if growth <= GROWTH else ' MISSED'}")
        if inside:
            quiet = 1000 / min(a.p(0.1), b.p(0.1))
            bars.append(f"{b.per_second:.0f}/s on the whole, {quiet:.0f}/s in the quietest tenth; savepoints {b.savepoints}")
        lines.append(
            f"| {phase.name} | {count}{' between BEGIN and COMMIT' if inside else ''}"
            f" | {a.p(0.5, 'cpu'):.1f} | {b.p(0.5, 'cpu'):.1f} | {a.p(0.5):.1f} | {b.p(0.5):.1f} | {a.p(0.95):.1f} | {b.p(0.95):.1f}"
            f" | {growth:.2f} / {b.p(0.95) / a.p(0.95):.2f} | {'; '.join(bars)} |"
        )
    if swept:
        lines += ["", "| sweep | CPU s | wall s | statements | bar s |", "|---|---|---|---|---|"]
    for name, cpu, wall, count, bar in swept:
        lines.append(f"| {name} | {cpu:.3f} | {wall:.3f} | {count} | ≤ {bar}{'' if cpu <= bar else ' MISSED'} |")
    return "\n".join(lines) + "\n"


def _machine() -> str:
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next((li.partition(":")[2].strip() for li in cpuinfo.read_text().splitlines() if "model name" in li), "")
    return f"{os.cpu_count()} cores {model}".strip()


if __name__ == "__main__":
    raise SystemExit(main())
