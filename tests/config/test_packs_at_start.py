"""The shipped packs are put in force once; what a clinic loads afterwards survives every restart."""
from __future__ import annotations

import shutil

import pytest
from django.conf import settings

from suyuan.config import up
from suyuan.kernel.actor import SYSTEM
from suyuan.playbooks.selectors import active_versions
from suyuan.playbooks.services import packs_load
from tests.conftest import BEGINNING

pytestmark = pytest.mark.django_db


@pytest.fixture
def data(packs, tmp_path):
    up.marker_write(tmp_path, kind=up.REAL)
    up.packs_put(tmp_path, BEGINNING)
    return tmp_path


def test_a_restart_does_not_push_out_what_the_clinic_loaded(data, tmp_path):
    theirs = tmp_path / "theirs"
    shutil.copytree(settings.PACKS_DIR / "law/tw", theirs / "law/tw")
    manifest = theirs / "law/tw/pack.yaml"
    version = next(line for line in manifest.read_text(encoding="utf-8").splitlines() if line.startswith("version:"))
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(version, "version: 9.0.0"), encoding="utf-8")
    packs_load(folder=theirs, actor=SYSTEM, now=BEGINNING)
    assert "9.0.0" in {row.version for row in active_versions()}

    up.packs_put(data, BEGINNING)
    assert "9.0.0" in {row.version for row in active_versions()}


def test_a_new_program_looks_at_its_packs_again(data):
    before = {row.pk for row in active_versions()}
    up.marker_write(data, packs="another program")
    up.packs_put(data, BEGINNING)
    assert {row.pk for row in active_versions()} == before
    assert up.marker_read(data)["packs"] != "another program"
