"""An intake with two files in which one system call fails or is the last: acknowledged is there, anything else is whole or nothing.

A sample; SUYUAN_INJECTED=0 for every call, in the proof.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.config.stories import ROOT, environment
from tests.faults.injected import CALLS

SAMPLE = int(os.environ.get("SUYUAN_INJECTED", "24"))


@pytest.mark.requirement("A-06")
def test_no_single_call_that_goes_wrong_loses_what_was_acknowledged(begun):
    env = environment(
        SUYUAN_DATA=str(begun.data), SUYUAN_KEYS=str(begun.keys), DJANGO_SETTINGS_MODULE="suyuan.config.settings"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.faults.injected", str(SAMPLE), "11"],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=3600 if not SAMPLE else 300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)

    counts, told = found["counts"], found["told"]
    assert counts["pwrite64"] >= 3 and counts["fdatasync"] >= 2 and counts["fsync"] >= 4 and counts["rename"] >= 2, counts
    assert len(told) == (SAMPLE or found["every"])
    for one in told:
        if one["status"] == 200:
            assert one["left"] == [one["shas"]], f"acknowledged and missing after {one['step']}"
        assert one["left"] in ([], [one["shas"]]), f"half a case after {one['step']}"
        assert one["again"] == 200, one["step"]
        assert one["after"] == [one["shas"]], f"sent again after {one['step']}"
    killed = [one for one in told if one["status"] == 0]
    refused = [one for one in told if one["status"] not in (0, 200)]
    assert len(killed) >= len(told) // 4 and len(refused) >= len(told) // 6, "too little went wrong to show anything"
    assert {one["step"].partition(":")[0] for one in told} >= set(CALLS) - {"mkdir"}
    verified = begun.run("chain", "verify", "--rows")
    assert verified.returncode == 0, verified.stdout
    scrubbed = begun.run("files", "scrub", "--all")
    assert scrubbed.returncode == 0, scrubbed.stdout + scrubbed.stderr
    print(f"\n{len(told)} of {found['every']} steps: {len(killed)} killed, {len(refused)} refused; {counts}")
