"""The long proofs of stored files: each in a process of its own."""
from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.house import ROOT

Row = tuple[str, str, str, float]
TWO_GB = 2 << 30
VERIFIED = 10_000_000_000
MEMORY_GROWS_MB = 64


def rows() -> Iterator[Row]:
    yield _ingest()
    yield _verify()
    yield _damage()
    yield _formats()
    yield _faults("every system call of an intake fails or is the last (R2)", "test_injected.py", SUYUAN_INJECTED="0")
    yield _faults("order of system calls (R3), uploads cut anywhere (R15)", "test_traced.py", SUYUAN_TRACED="200", SUYUAN_CUTS="200")


def _ingest() -> Row:
    told, cpu = _measured("ingest", TWO_GB)
    grew = told["memory_peak_mb"] - told["memory_before_mb"]
    looked = (
        f"2 GB: one stream {told['receive_s']} s, pieces {told['pieces_s']} s, put together {told['finish_s']} s, read {told['read_s']} s;"
        f" {told['ours']} MB/s, {told['of_bare']:.0%} of hash + AES-GCM + disk ({told['bare']} MB/s); memory grew {grew} MB"
    )
    holds = told["same"] and told["of_bare"] >= 0.6 and grew <= MEMORY_GROWS_MB
    return "files of 2 GB", looked, "holds" if holds else "MISSED", cpu


def _verify() -> Row:
    told, cpu = _measured("verify", VERIFIED)
    looked = f"{told['bytes'] / 1e9:.0f} GB read again in {told['s']} s, {told['cpu_s']} s of CPU"
    return "weekly reading", looked, "holds" if told["faults"] == 0 and told["s"] <= 120 else "MISSED", cpu


def _damage() -> Row:
    told, cpu = _measured("damage", 2_000)
    looked = f"{told['hurt']:,} of {told['files']:,} files hurt in six ways, {told['found']:,} found in {told['s']} s"
    return "damaged files (E4)", looked, "exact" if told["exact"] else "MISSED", cpu


def _formats() -> Row:
    told, cpu = _measured("formats", 1_000)
    looked = f"{told['same']:,} of {told['files']:,} files of {told['formats']} formats byte for byte"
    return "originals (E11)", looked, "exact" if told["same"] == told["files"] and not told["faults"] else "MISSED", cpu


def _faults(what: str, module: str, **sizes: str) -> Row:
    done, cpu = _run([sys.executable, "-m", "pytest", "-q", "-s", f"tests/faults/{module}"], **sizes)
    said = re.findall(r"^\d+ of \d+ steps.*$", done.stdout, re.M)
    looked = said[0] if said else ", ".join(f"{value} of {name.partition('_')[2].lower()}" for name, value in sizes.items())
    return what, looked, "holds" if done.returncode == 0 else f"FAILED: {done.stdout[-300:]}", cpu


def _measured(verb: str, size: int) -> tuple[dict, float]:
    done, cpu = _run([sys.executable, "-m", "benchmarks.store", verb, str(size)])
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout), cpu


def _run(command: list[str], **more: str) -> tuple[subprocess.CompletedProcess[str], float]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SUYUAN_", "DJANGO_"))}
    begun = _children()
    done = subprocess.run(command, cwd=ROOT, env=clean | more, capture_output=True, text=True)
    return done, _children() - begun


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    for row in rows():
        print(row, flush=True)
