"""The walls stand, and each of them is seen to fall when somebody breaks it."""
from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).parent / "lint-imports"

BREAKS = {
    "Imports point down only": ("platform/http.py", "from suyuan.cases import rules as looked_up\n"),
    "Imports point down only, sideways": ("desk/letters.py", "import suyuan.portal.rules\n"),
    "Imports point down only, a room nobody drew": ("attic/__init__.py", ""),
    "The kernel knows no Django": ("kernel/fold.py", "import django.conf\n"),
    "Rules know no Django": ("cases/rules.py", "from django.db import models\n"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache", "--config", str(folder / ".importlinter")],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walls")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "static", "locale", "templates"))
    shutil.copy(ROOT / ".importlinter", folder / ".importlinter")
    return folder


def test_the_walls_stand(copied):
    done = lint(copied)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("wall", BREAKS)
def test_a_broken_wall_is_seen(copied, wall):
    place, words = BREAKS[wall]
    path = copied / "src/suyuan" / place
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    future = "from __future__ import annotations\n"
    path.write_text((before or "").replace(future, future + words, 1) if before else words, encoding="utf-8")
    try:
        done = lint(copied)
    finally:
        if before is None:
            shutil.rmtree(path.parent)
        else:
            path.write_text(before, encoding="utf-8")
    assert done.returncode != 0, f"{wall}: nobody noticed\n{done.stdout}"
    name = wall.partition(",")[0]
    broken = [line for line in done.stdout.splitlines() if name in line and "BROKEN" in line]
    assert broken or "attic" in done.stdout, done.stdout
