"""No command changes rows behind the log's back: every verb of `suyuan` is classified here, and those that can be are run."""
from __future__ import annotations

import argparse
import getpass
import hashlib
import os

import pytest
from django.conf import settings
from django.db import connection

from suyuan.accounts.models import Organisation
from suyuan.config import cli
from suyuan.platform import chance, clock, keys
from suyuan.platform.models import FactRow, Job
from tests.cases.cast import NOON, case_made, cast_made
from tests.platform.real import copied_database
from tests.playbooks.shelf import changed, copied

pytestmark = pytest.mark.requirement("E-02")

# Run here: (words, what has to be recorded). "" records nothing, because nothing changes.
RUN = {
    "chain verify": "",
    "erasures export": "",
    "jobs list": "",
    "keys sheet": "",
    "packs check": "",
    "urls": "",
    "version": "",
    "files scrub": "files.scrubbed",
    "jobs retry": "jobs.revived",
    "keys rotate": "keys.master_rotated",
    "keys rotate --files": "file_key.rotated",
    "keys rotate --signing": "keys.signing_rotated",
    "mail take": "incoming.arrived",
    "packs load": "pack.loaded",
    "people password": "user.password_set",
}
# Not run here, and why they need not be.
ELSEWHERE = {
    **dict.fromkeys(("demo", "up", "web", "worker", "migrate"), "they start the house; tests/config/test_up.py"),
    "manage": "below",
    "calendars make": "writes files of ours, no rows",
    "keys restore": "writes the key file, no rows",
}
# They need an authority, a backup, a bundle or another's signature; the tests named ask for the fact.
TOLD_THERE = {
    "bundle export": "bundle.exported; tests/evidence/test_bundles.py",
    "bundle check": "reads a file",
    "guard": "reads a text, and keeps nothing; tests/config/test_guard_command.py",
    "chain restored": "log.restored; tests/platform/test_checkpoints.py",
    "checkpoint": "the checkpoint is itself the record; tests/platform/test_checkpoints.py",
    "checkpoint show": "writes a file, no rows",
    "checkpoint cosign": "writes a file, no rows",
    "checkpoint stamp": "log.anchored; tests/platform/test_anchors.py",
    "checkpoint accept": "log.anchored; tests/platform/test_anchors.py",
    "erasures apply": "erasure.ordered; tests/platform/test_erasure.py",
}
# What says of itself who did it and when.
RECORDS = {"django_session", "suyuan_cache", "platform_accessrow", "platform_factrow", "platform_factprivate", "platform_streamhead"}


def verbs(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()):
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if words and not any(action.required for action in below):
        yield " ".join(words)
    for action in below:
        for name, inner in action.choices.items():
            yield from verbs(inner, (*words, name))


def test_every_verb_is_classified():
    known = {words.partition(" --")[0] for words in RUN} | {*ELSEWHERE, *TOLD_THERE}
    assert set(verbs(cli.parser())) ^ known == set(), "say what a new verb changes, and where it is recorded"


@pytest.fixture(scope="module")
def clinic(packs, django_db_setup, django_db_blocker, tmp_path_factory):
    """A case, a job that failed for good and somebody who forgot a password, in a database with real commits."""
    with django_db_blocker.unblock(), copied_database(tmp_path_factory.mktemp("clinic")), clock.frozen(NOON):
        keys.ring_forget()
        case_made(cast_made())
        Organisation.objects.create(id=1, names={"zh-Hant": "示例"})
        Job.objects.create(
            uid=chance.uid(), name="files.rewrap", args={}, state="dead", run_after=NOON, created_at=NOON, finished_at=NOON, attempts=9,
            max_attempts=9,
        )
        yield
    keys.ring_forget()


@pytest.fixture
def house(clinic, django_db_blocker, tmp_path):
    """A copy of it; the key file and the environment are put back."""
    mask, environment, master = os.umask(0o077), dict(os.environ), settings.KEYS_FILE.read_bytes()
    with django_db_blocker.unblock(), copied_database(tmp_path):
        keys.ring_forget()
        yield tmp_path
    settings.KEYS_FILE.write_bytes(master)
    keys.ring_forget()
    os.umask(mask)
    os.environ.clear()
    os.environ.update(environment)


def given(words: str, folder) -> list[str]:
    match words:
        case "packs load":
            changed(copied(folder / "packs", "law/tw") / "law/tw/pack.yaml", "version:", "version: '9'\n#")
            return [str(folder / "packs")]
        case "erasures export":
            return [str(folder / "orders.json")]
        case "people password":
            return ["manager"]
        case "mail take":
            (folder / "a.eml").write_bytes(b"From: a@example.org\r\nMessage-ID: <1@example.org>\r\n\r\nhello\r\n")
            return [str(folder / "a.eml")]
    return []


@pytest.mark.parametrize("words", RUN)
def test_what_a_command_changes_is_recorded(words, house, monkeypatch):
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "a quiet afternoon by the sea")
    before, facts = tables(), FactRow.objects.count()
    assert cli.main([*words.split(), *given(words, house)]) == 0
    after, new = tables(), list(FactRow.objects.order_by("id").values_list("type", flat=True)[facts:])
    moved = {name for name in before if before[name] != after[name]} - RECORDS
    assert (RUN[words] in new) if RUN[words] else (moved, new) == (set(), []), (moved, new)


def tables() -> dict[str, str]:
    with connection.cursor() as cursor:
        found = {}
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            found[name] = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return found


@pytest.mark.parametrize("words", ["createsuperuser", "changepassword manager", "loaddata x", "flush", "shell", "dbshell", "migrate", ""])
def test_django_s_own_commands_write_nothing(words, capsys):
    assert cli.main(["manage", *words.split()]) == 3
    assert "Only these" in capsys.readouterr().err
