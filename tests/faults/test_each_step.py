"""An intake with two files, killed before each step that makes something lasting: all of it, or nothing, and once."""
from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.config.stories import ROOT, clinic_begun, environment

pytestmark = pytest.mark.requirement("A-06")


def test_every_step_of_an_intake_may_be_the_last(tmp_path):
    clinic = clinic_begun(tmp_path)
    env = environment(
        SUYUAN_DATA=str(clinic.data), SUYUAN_KEYS=str(clinic.keys), DJANGO_SETTINGS_MODULE="suyuan.config.settings"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.faults.dying"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)

    assert found["counts"]["commit"] >= 3 and found["counts"]["fsync"] >= 4, found["counts"]
    assert len(found["told"]) == sum(found["counts"].values())
    for one in found["told"]:
        # Folders are shared by files: another intake may have made this one, and brought it to the disk.
        assert one["killed"] or one["step"].startswith(("mkdir", "fsync")), one["step"]
        assert one["left"] in ([], [one["shas"]]), f"half a case before {one['step']}"
        assert one["status"] == 200, one["step"]
        assert one["after"] == [one["shas"]], f"sent again after {one['step']}"
    assert sum(one["killed"] for one in found["told"]) >= found["counts"]["commit"] + found["counts"]["rename"] + 4
    verified = clinic.run("chain", "verify", "--rows")
    assert verified.returncode == 0, verified.stdout
