"""Suites of the tests at the sizes of acceptance: each in a process of its own, on databases of its own."""
from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.house import ROOT

Row = tuple[str, str, str, float]


def rows() -> Iterator[Row]:
    yield suite("a rolled back or rewritten house, signed with its real key (E5)", "platform/test_witnesses.py")
    yield suite("redactions drawn at random, each byte of the hidden looked for (E9)", "evidence/test_bundles.py", "random_redactions", SUYUAN_REDACTED="500")
    yield suite("every system call of an intake fails or is the last (R2)", "faults/test_injected.py", SUYUAN_INJECTED="0")
    yield suite("order of system calls (R3), uploads cut anywhere (R15)", "faults/test_traced.py", SUYUAN_TRACED="200", SUYUAN_CUTS="200")


def suite(what: str, module: str, only: str = "", **sizes: str) -> Row:
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", f"tests/{module}", *(["-k", only] if only else [])]
    done, cpu = run(command, **sizes)
    said = re.findall(r"^\d+ of \d+ steps.*$", done.stdout, re.M)
    asked = [f"{value} of {name.partition('_')[2].lower()}" for name, value in sizes.items() if value != "0"]
    passed = re.findall(r"\d+ passed", done.stdout)
    looked = ", ".join([*said, *asked, *passed])
    return what, looked, "holds" if done.returncode == 0 and passed else f"FAILED: {done.stdout.split()[-40:]}", cpu


def run(command: list[str], **more: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """What it said, and the processor seconds it took with its children."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SUYUAN_", "DJANGO_"))}
    begun = _children()
    done = subprocess.run(command, cwd=ROOT, env=clean | more, capture_output=True, text=True)
    return done, _children() - begun


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
