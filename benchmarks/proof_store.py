"""The long proofs of stored files: each in a process of its own."""
from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from benchmarks.proof_faults import run

Row = tuple[str, str, str, float]
TWO_GB = 2 << 30
VERIFIED = 10_000_000_000
MEMORY_GROWS_MB = 64


def rows() -> Iterator[Row]:
    yield _ingest()
    yield _verify()
    yield _damage()
    yield _formats()
    yield _bundle()


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


def _bundle() -> Row:
    told, cpu = _measured("bundle", VERIFIED)
    looked = (
        f"{told['bytes'] / 1e9:.1f} GB of one case: written and looked through in {told['write_s']} s, memory grew {told['grew_mb']} MB;"
        f" verify.py in {told['verify_s']} s with {told['verify_mb']} MB"
    )
    well = told["exit"] == 0 and told["verify_s"] <= 120 and told["verify_mb"] <= 256 and told["grew_mb"] <= MEMORY_GROWS_MB
    return "a bundle of 10 GB (E12, E13)", looked, "holds" if well else f"MISSED, exit {told['exit']}", cpu


def _measured(verb: str, size: int) -> tuple[dict, float]:
    done, cpu = run([sys.executable, "-m", "benchmarks.store", verb, str(size)])
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout), cpu


if __name__ == "__main__":
    for row in rows():
        print(row, flush=True)
