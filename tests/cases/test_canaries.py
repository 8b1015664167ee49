"""E10: a word planted in so many cases, in each a file, its thumbnail, a message that waits, a paper copied out; none is on disk after.

SUYUAN_CANARIES cases (3; 50 in the proof), read as raw bytes: database, its log, the folder of files with all that is on its way
in, the search index, the mail queue, and a backup that was put back with the orders kept beside it.
"""
from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection, connections

from suyuan.cases.models import Case
from suyuan.cases.services.intake import IssueGiven, PersonGiven
from suyuan.cases.services.rights import erasure_answer
from suyuan.correspondence.models import Message
from suyuan.correspondence.services import message_deliver, message_draft, message_queue
from suyuan.evidence.looking import Look
from suyuan.evidence.models import Item
from suyuan.evidence.services.derived import item_look
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.people.rules import Contact
from suyuan.platform.erasure import orders_apply, orders_exported, purge
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.files.jobs import unlink
from suyuan.platform.files.storage import storage
from suyuan.platform.models import ErasureOrder, IdempotencyKey, Job, StoredFile
from suyuan.platform.search import texts_matching
from suyuan.platform.verify import verify_streams
from tests.cases.cast import NOON, case_made, fresh
from tests.cases.test_rights import EVERYTHING, LONG_AFTER, asked, ended
from tests.platform.test_erasure import hits

pytestmark = [pytest.mark.requirement("A-03"), pytest.mark.sqlite]

CASES = int(os.environ.get("SUYUAN_CANARIES", "3"))


def planted(cast, word: str) -> Case:
    """One case that says the word wherever a person can put one."""
    person = PersonGiven(family_name=word, given_name="一", contacts=(Contact("email", f"{word}@example.org"),))
    case = case_made(cast, complainant=person, narrative=f"{word} 說的", issues=(IssueGiven(subject=f"{word} 的事"),))
    who, where = {"actor": cast.manager.actor, "now": NOON}, {"stream": case.stream, "branch_id": case.branch_id}
    stored = file_store(received=received(word, "portal"), branch_id=case.branch_id, **who)
    item = item_add(given=ItemGiven(stored, "portal", kind="photo", title=word, note=word), **where, **who)
    look = Look("ok", 8, 8, 1, None, "", (received(word, "preview"),), received(word, "thumbnail"))
    item_look(item=item, look=look, zone=cast.tn.tz, now=NOON)
    letter = message_draft(
        **where, channel="email", kind="letter", to=f"{word}@example.org", body=f"{word} 您好", subject_line=word, **who
    )
    message_queue(message=letter, **who)
    IdempotencyKey.objects.create(
        scope="s", key=hashlib.sha256(word.encode()).hexdigest()[:32], caller_hash="c", body_sha256="b",
        sealed_answer=word.encode(), stream=case.stream, created_at=NOON,
    )  # fmt: skip
    return case


def received(word: str, what: str):
    return file_receive(source=[f"{word} {what} ".encode() * 50], name=f"{word}-{what}.txt", max_bytes=90_000)


def purged() -> None:
    """Every job that empties the disk, in the order in which it was asked for."""
    for name, run in (("files.unlink", unlink), ("erasure.purge", purge)):
        for queued in Job.objects.filter(name=name):
            run(queued.args, LONG_AFTER)


def test_nothing_of_it_is_left_anywhere(committed, tmp_path):
    cast = committed
    words = [f"canary{n:02d}q{hashlib.sha256(bytes([n])).hexdigest()[:12]}" for n in range(CASES)]
    cases = [planted(cast, word) for word in words]
    other = case_made(cast, narrative="別的話")
    bytes_of = list(StoredFile.objects.filter(item__in=Item.objects.all()).values_list("path", flat=True))
    assert len(bytes_of) == 3 * CASES and len(set(sum(hits(words).values(), []))) == CASES, "they are found while they are there"
    demands = [asked(ended(case, cast)) for case in cases]
    backup = tmp_path / "backup.sqlite3"
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as here, closing(sqlite3.connect(backup)) as there:
        here.backup(there)

    for case, demand in zip(cases, demands, strict=True):
        answer = {"choices": EVERYTHING, "letter": "好", "language": "zh-hant"}
        erasure_answer(case=fresh(case), demand=demand, **answer, actor=cast.head.actor, now=LONG_AFTER)
    purged()

    assert hits(words) == {}
    assert not [path for path in bytes_of if _there(path)]
    assert not ErasureOrder.objects.filter(purged_at=None).exists() and verify_streams().holds
    assert not any(texts_matching(word, branches=None, compartments={""}).exists() for word in words)
    assert fresh(other).narrative.body == "別的話"

    beside = orders_exported()
    _put_back(backup)
    assert len(set(sum(hits(words).values(), []))) == CASES, "the backup still has them"
    assert orders_apply(beside, actor=cast.head.actor, now=LONG_AFTER) == len(beside["orders"])
    purged()
    assert hits(words) == {} and verify_streams().holds
    for message in Message.objects.filter(state="queued"):
        message_deliver(message=message, now=LONG_AFTER)
    assert set(Message.objects.values_list("state", flat=True)) == {"failed"}, "what waited in the backup leaves no more"


def _there(path: str) -> bool:
    try:
        storage().open(path).close()
    except FileNotFoundError:
        return False
    return True


def _put_back(backup: Path) -> None:
    database = Path(str(connection.settings_dict["NAME"]))
    connections.close_all()
    for file in database.parent.glob(database.name + "*"):
        file.unlink()
    backup.rename(database)
