"""What CI runs is what the README says, and in CI nothing is skipped in silence."""
from __future__ import annotations

import os
import subprocess
import sys

from tests.config.stories import ROOT

SKIPS = """
import pytest

def test_runs():
    pass

def test_gives_up():
    pytest.skip("no browser here")

@pytest.mark.skipif(True, reason="no database here")
def test_is_left_out():
    pass

@pytest.mark.xfail(raises=ZeroDivisionError, strict=True)
def test_is_known_to_fail():
    1 / 0
"""


def outcomes(folder, **more: str) -> tuple[int, str]:
    (folder / "test_skips.py").write_text(SKIPS)
    env = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("PYTEST_")} | more
    plugins = ["-p", "no:django", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "tests.nothing_skipped"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", str(folder), *plugins, str(folder / "test_skips.py")],
        cwd=folder, env=env | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ran.returncode, ran.stdout.splitlines()[-1]


def test_in_ci_a_skipped_test_has_failed(tmp_path):
    code, said = outcomes(tmp_path, CI="1")
    assert code == 1 and "1 failed, 1 passed, 1 xfailed, 1 error" in said


def test_elsewhere_it_is_told_and_the_rest_counts(tmp_path):
    code, said = outcomes(tmp_path)
    assert code == 0 and "1 passed, 2 skipped, 1 xfailed" in said


def test_ci_sets_ci_and_runs_what_the_readme_says():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nexport CI=1\n" in script and "\nexec python3 do.py test\n" in script
    assert "python3 do.py test" in (ROOT / "README.md").read_text(encoding="utf-8")
