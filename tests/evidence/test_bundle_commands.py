"""`suyuan bundle export` and `suyuan bundle check`, as somebody at the clinic's machine types them."""
from __future__ import annotations

import argparse

import pytest

from suyuan.config import cli
from suyuan.evidence.models import BundleExport

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]


def typed(monkeypatch, *words: str) -> int:
    monkeypatch.setattr(cli, "_django", lambda start: None)  # the test's own clinic is open already
    given: argparse.Namespace = cli.parser().parse_args(["bundle", *words])
    return given.verb(given)


def test_a_case_is_exported_and_checked(cast, make_case, tmp_path, monkeypatch, capfd):
    case, out = make_case(), tmp_path / "case.zip"
    words = ("export", case.reference, "--out", str(out), "--purpose", "mediation", "--as", cast.head.user.login)
    assert typed(monkeypatch, *words) == 0
    export = BundleExport.objects.get()
    assert export.checked_at and not export.fault  # the desk gives it at once
    told = capfd.readouterr().out
    assert export.manifest in told and f"--pin {export.checkpoint.fingerprint}" in told and "compartment.counsel" in told
    assert typed(monkeypatch, "check", str(out), "--pin", export.checkpoint.fingerprint, "--lang", "en") == 0
    assert capfd.readouterr().out.startswith("VALID")
    assert typed(monkeypatch, *words) == 3  # what is there already is not written over


def test_what_may_not_leave_leaves_no_file(cast, make_case, tmp_path, monkeypatch):
    case, out = make_case(), tmp_path / "case.zip"
    for more in (("--purpose", "public"), ("--as", cast.cashier.user.login), ("--as", "nobody"), ("--purpose", "fun")):
        assert typed(monkeypatch, "export", case.reference, "--out", str(out), *more) == 3
        assert not out.exists()
    assert typed(monkeypatch, "export", "TN26-0000-0000", "--out", str(out)) == 3
