"""Catalogues that compile, locks without hosts, versions that agree."""
from __future__ import annotations

import gettext
import os
import re
import tomllib

import polib
import pytest

from suyuan.config import cli, locales
from tests.config.stories import ROOT

PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "您好"\nmsgstr "Hello"\n'


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "package" / "locale" / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(PO, encoding="utf-8")
    return tmp_path / "package"


def test_a_catalogue_is_compiled_once_and_again_when_it_changes(package):
    (mo,) = locales.compile_catalogues(package)
    with open(mo, "rb") as file:
        assert gettext.GNUTranslations(file).gettext("您好") == "Hello"
    assert locales.compile_catalogues(package) == []

    po = mo.with_suffix(".po")
    os.utime(po, (mo.stat().st_mtime + 5,) * 2)
    assert locales.compile_catalogues(package) == [mo]
    assert [p.name for p in mo.parent.iterdir() if p.suffix not in {".po", ".mo"}] == []


def test_a_package_that_cannot_be_written_to_is_compiled_beside(package, tmp_path, monkeypatch):
    monkeypatch.setattr(locales.os, "access", lambda path, mode: False)
    (mo,) = locales.compile_catalogues(package, beside=tmp_path / "words")
    assert mo.is_relative_to(tmp_path / "words")
    assert locales.folders_beside(tmp_path / "words") == [str(tmp_path / "words" / "locale")]
    assert locales.compile_catalogues(package, beside=tmp_path / "words") == []


def test_our_catalogues_can_be_compiled():
    for po in locales.catalogues():
        polib.pofile(str(po), encoding="utf-8").to_binary()


@pytest.mark.parametrize("name", ["run.txt", "test.txt"])
def test_locks_name_no_host_and_pin_by_hash(name):
    lock = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in lock
    pinned = re.findall(r"^[a-z0-9._-]+(?:\[[a-z,]+\])?==", lock, re.MULTILINE | re.IGNORECASE)
    entries = [line for line in lock.splitlines() if line and not line.startswith((" ", "#", "--"))]
    assert len(pinned) == len(entries) > 10
    assert lock.count("--hash=sha256:") >= len(entries)


def test_the_version_is_the_project_s(capsys):
    assert cli.main(["version"]) == 0
    assert re.fullmatch(r"suyuan \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def test_every_licence_the_project_names_is_there_and_every_vendored_file_is_noticed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [name for name in project["license-files"] if not (ROOT / name).is_file()] == []

    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    vendor = ROOT / "src/suyuan/ui/static/ui/vendor"
    texts = (vendor / "LICENSES.txt").read_text(encoding="utf-8")
    vendored = [*vendor.glob("*.js"), vendor.parent / "icons.svg", ROOT / "tests/vendor/axe.min.js"]
    assert [path.name for path in vendored if path.relative_to(ROOT).as_posix() not in notice] == []
    for name, version in re.findall(r"^  (\S+) (\d[\d.]+) +src/", notice, re.M):
        assert f"──────── {name} {version} ────────" in texts
    axe = (ROOT / "tests/vendor/axe.min.js").read_text(encoding="utf-8")[:40]
    assert re.search(r"axe-core (\S+)", notice)[1] in axe
