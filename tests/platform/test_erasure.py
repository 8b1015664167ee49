"""What a person ordered erased is gone from everything, nothing else is, and the chain still holds."""
from __future__ import annotations

import hashlib
import sqlite3
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
from django.conf import settings
from django.db import connection, transaction

from suyuan.platform import erasure, files, texts, units
from suyuan.platform.erasure import (
    NothingToErase,
    NotPurgedYet,
    erasure_order,
    orders_apply,
    orders_exported,
    purge,
)
from suyuan.platform.facts import Fact, FactKind, facts_record
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.files.jobs import unlink
from suyuan.platform.holds import Held, hold_lift, hold_place
from suyuan.platform.models import (
    ErasureOrder,
    ErasureTarget,
    FactPrivate,
    FactRow,
    IdempotencyKey,
    Job,
    StoredFile,
    Text,
    TextIndex,
)
from suyuan.platform.search import scan_matching, texts_matching
from suyuan.platform.verify import verify_streams
from tests.platform.stories import NOW, SOMEBODY, purged_when_free, refused

CASE, OTHER = "case:1", "case:2"
LATER = NOW + timedelta(hours=1)
ORDERS = ("hold.placed", "hold.lifted", "erasure.ordered", "erasure.purged")

pytestmark = pytest.mark.requirement("A-03")


def on_sqlite(test):
    """Collected on SQLite only: it reads the file."""
    return test if connection.vendor == "sqlite" else None


@pytest.fixture
def known(kinds):
    kinds |= {name: FactKind(phrase=lambda told: "") for name in ORDERS}


def written(stream: str, words: str) -> tuple[FactRow, Text, StoredFile]:
    """A fact with a name, words and a file beside it, all saying `words`."""
    received = file_receive(source=[f"{words} in bytes\n".encode() * 40], name=f"{words}.txt", max_bytes=100_000)
    with units.unit():
        text = texts.text_write(stream=stream, kind="message", body=f"{words} {words}說的話", branch_id=1, now=NOW)
        stored = file_store(received=received, branch_id=1, actor=SOMEBODY, now=NOW)
        private = {"name": words, "phone": f"{words}-phone"}
        facts_record([Fact("test.happened", stream, {"level": 2}, private, {"body": text})], actor=SOMEBODY, now=NOW)
    return FactRow.objects.get(stream=stream, type="test.happened"), text, stored


def fields(fact: FactRow) -> list[FactPrivate]:
    return list(FactPrivate.objects.filter(fact=fact).exclude(name="body").select_related("fact"))


def test_an_order_takes_away_what_it_names_and_the_chain_still_holds(ring, known):
    fact, text, stored = written(CASE, "甲")
    other, other_text, other_file = written(OTHER, "乙")

    order = erasure_order(stream=CASE, what=[*fields(fact), text, stored], actor=SOMEBODY, now=LATER)

    text.refresh_from_db()
    stored.refresh_from_db()
    assert (text.body, text.folded, stored.state, stored.wrapped_key) == ("", "", "destroyed", None)
    assert list(FactPrivate.objects.filter(fact=fact).values_list("name", flat=True)) == ["body"]
    assert not TextIndex.objects.filter(pk=text.pk).exists() and TextIndex.objects.filter(pk=other_text.pk).exists()
    assert FactPrivate.objects.filter(fact=other).count() == 3 and files.file_verify(other_file) == ""
    told = FactRow.objects.get(stream=CASE, type="erasure.ordered")
    assert (told.value("order"), told.value("named")) == (str(order.uid), 4)
    report = verify_streams()
    assert report.holds, [str(fault) for fault in report.faults]


def test_without_an_order_the_database_refuses_all_of_it(ring, known):
    fact, text, _ = written(CASE, "甲")
    other, other_text, _ = written(OTHER, "乙")
    erasure_order(stream=CASE, what=[fields(fact)[0], text], actor=SOMEBODY, now=LATER)

    kept = FactPrivate.objects.filter(fact=fact, name="phone")
    assert refused(lambda: kept._raw_delete("default")), "another field of the same fact"
    assert refused(lambda: FactPrivate.objects.filter(fact=other)._raw_delete("default"))
    assert refused(lambda: Text.objects.filter(pk=other_text.pk).update(body=""))
    assert refused(lambda: Text.objects.filter(pk=text.pk).update(body="something else"))
    assert refused(lambda: Text.objects.filter(pk=text.pk).update(sha256="0" * 64))
    assert refused(lambda: Text.objects.filter(pk=text.pk)._raw_delete("default"))


def test_a_hold_refuses_an_erasure(ring, known):
    fact, text, stored = written(CASE, "甲")
    hold = hold_place(stream=CASE, kind="court", reason="法院來函", actor=SOMEBODY, now=NOW)
    with pytest.raises(Held) as refusal:
        erasure_order(stream=CASE, what=[text, stored, *fields(fact)], actor=SOMEBODY, now=LATER)
    assert "法院程序" in refusal.value.message() and "來函" not in refusal.value.message()
    assert Text.objects.get(pk=text.pk).body and not ErasureOrder.objects.exists()

    hold_lift(hold=hold, reason="判決確定", actor=SOMEBODY, now=LATER)
    erasure_order(stream=CASE, what=[text], actor=SOMEBODY, now=LATER)
    assert Text.objects.get(pk=text.pk).body == ""


def test_nothing_is_erased_twice_and_nothing_of_another_stream(ring, known):
    fact, text, _ = written(CASE, "甲")
    erasure_order(stream=CASE, what=[text], actor=SOMEBODY, now=LATER)
    with pytest.raises(NothingToErase):
        erasure_order(stream=CASE, what=[text], actor=SOMEBODY, now=LATER)
    with pytest.raises(ValueError, match="not part of"):
        erasure_order(stream=OTHER, what=fields(fact), actor=SOMEBODY, now=LATER)


def test_orders_made_up_or_lengthened_afterwards_are_found(ring, known):
    fact, text, _ = written(CASE, "甲")
    order = erasure_order(stream=CASE, what=[text], actor=SOMEBODY, now=LATER)
    assert refused(lambda: ErasureTarget.objects.update(row_id=1)) and refused(lambda: ErasureTarget.objects.all().delete())

    field = fields(fact)[0]
    ErasureTarget.objects.create(
        order=order, relation="platform_factprivate", row_id=field.pk, uid=str(fact.uid), name=field.name
    )
    FactPrivate.objects.filter(pk=field.pk)._raw_delete("default")
    assert [fault.why for fault in verify_streams().faults] == ["erasure_order_differs"]


def test_a_restored_backup_forgets_again_what_was_erased(ring, known):
    fact, text, stored = written(CASE, "甲")
    backup = transaction.savepoint()
    erasure_order(stream=CASE, what=[text, stored, *fields(fact)], actor=SOMEBODY, now=LATER)
    told = orders_exported()
    transaction.savepoint_rollback(backup)
    assert Text.objects.get(pk=text.pk).body, "the backup still has it"

    assert orders_apply(told, actor=SOMEBODY, now=LATER) == 1
    assert Text.objects.get(pk=text.pk).body == "" and StoredFile.objects.get(pk=stored.pk).state == "destroyed"
    assert orders_apply(told, actor=SOMEBODY, now=LATER) == 0
    assert FactRow.objects.get(type="erasure.ordered").value("basis") == "replayed"
    assert verify_streams().holds


@on_sqlite
def test_nothing_of_it_is_left_on_disk(committed, known):
    """E10: canaries, looked for in the raw bytes of database, log, files and index."""
    canaries = [f"canary{n:02d}q{hashlib.sha256(bytes([n])).hexdigest()[:12]}" for n in range(10)]
    made = [written(f"case:{n}", word) for n, word in enumerate(canaries)]
    with units.unit():
        for n in range(60):  # words of others before, between and after
            texts.text_write(stream="case:99", kind="message", body=f"別的話 {n} " * 40, branch_id=1, now=NOW)
    IdempotencyKey.objects.create(
        scope="s", key="1" * 32, caller_hash="c", body_sha256="b", sealed_answer=canaries[0].encode(), stream="case:0",
        created_at=NOW,
    )  # fmt: skip
    found = hits(canaries)
    assert found, "the search finds them while they are there"

    for n, (fact, text, stored) in enumerate(made):
        erasure_order(stream=f"case:{n}", what=[text, stored, *fields(fact)], actor=SOMEBODY, now=LATER)
    for queued in Job.objects.filter(name="files.unlink"):
        unlink(queued.args, LATER)
    for queued in Job.objects.filter(name="erasure.purge"):
        purged_when_free(queued.args, LATER)

    assert hits(canaries) == {}
    assert not ErasureOrder.objects.filter(purged_at=None).exists()
    assert verify_streams().holds
    assert not texts_matching(canaries[3], branches=None, compartments={""}).exists()
    assert texts_matching("別的話", branches=None, compartments={""}).count() == 60
    assert scan_matching("別的話", Text.objects.all()).count() == 60


@on_sqlite
def test_it_is_not_called_done_while_somebody_reads_the_old_log(committed, known, monkeypatch):
    monkeypatch.setattr(erasure, "_TRIES", 2)
    _fact, text, _stored = written(CASE, "甲")
    reader = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM platform_text").fetchone()
    order = erasure_order(stream=CASE, what=[text], actor=SOMEBODY, now=LATER)
    try:
        with pytest.raises(NotPurgedYet):
            purge({"order": str(order.uid)}, LATER)
        assert ErasureOrder.objects.get().purged_at is None
    finally:
        reader.close()
    purged_when_free({"order": str(order.uid)}, LATER)
    assert ErasureOrder.objects.get().purged_at == LATER


def hits(canaries: list[str]) -> dict[str, list[str]]:
    """Where their bytes stand: whole, as UTF-16, as hexadecimal, or as the pairs of letters the index keeps."""
    folder, database = Path(settings.FILES_DIR), Path(str(connection.settings_dict["NAME"]))
    places = [p for p in database.parent.glob(database.name + "*") if p.is_file()]
    places += [p for p in folder.rglob("*") if p.is_file()]
    found: dict[str, list[str]] = {}
    for place in places:
        content = place.read_bytes()
        for word in canaries:
            if any(form in content for form in (word.encode(), word.encode("utf-16-le"), word.encode().hex().encode())):
                found.setdefault(place.name, []).append(word)
    return found


def test_the_purge_comes_to_its_end_on_either_database(committed, known):
    _fact, text, stored = written(CASE, "甲")
    order = erasure_order(stream=CASE, what=[text, stored], actor=SOMEBODY, now=LATER)
    purged_when_free({"order": str(order.uid)}, LATER)
    assert ErasureOrder.objects.get().purged_at == LATER
    purged_when_free({"order": str(order.uid)}, LATER)
    assert FactRow.objects.filter(type="erasure.purged").count() == 1


def test_one_emptying_of_the_disk_serves_every_order_that_stands(committed, known):
    orders = [
        erasure_order(stream=f"case:{n}", what=written(f"case:{n}", f"甲{n}")[1:], actor=SOMEBODY, now=LATER) for n in range(3)
    ]
    purged_when_free({"order": str(orders[1].uid)}, LATER)
    assert set(ErasureOrder.objects.values_list("purged_at", flat=True)) == {LATER}
    assert FactRow.objects.filter(type="erasure.purged").count() == 3
    assert not any(Path(settings.FILES_DIR, stored.path).exists() for stored in StoredFile.objects.all())


# --- PostgreSQL: its own files -----------------------------------------------------------------------------------------


def on_postgresql(test):
    """Collected on PostgreSQL only."""
    return test if connection.vendor == "postgresql" else None


def relations_with(words: list[str]) -> set[str]:
    """Tables, indexes and overflow tables whose files hold the bytes, and samples of the planner."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(
            "SELECT relname FROM pg_class, unnest(%s::text[]) AS word WHERE relkind IN ('r', 'i', 't') AND relfilenode <> 0"
            " AND relnamespace IN ('public'::regnamespace, 'pg_toast'::regnamespace)"
            " AND position(convert_to(word, 'UTF8') IN pg_read_binary_file(pg_relation_filepath(pg_class.oid))) > 0",
            [words],
        )
        found = {name for (name,) in cursor.fetchall()}
        cursor.execute(
            "SELECT DISTINCT tablename FROM pg_stats, unnest(%s::text[]) AS word"
            " WHERE strpos(coalesce(most_common_vals::text, '') || coalesce(histogram_bounds::text, ''), word) > 0",
            [words],
        )
        return found | {f"samples of {name}" for (name,) in cursor.fetchall()}


@on_postgresql
def test_the_servers_own_files_hold_nothing_of_it(committed, known):
    words = [f"canary{n}q{hashlib.sha256(bytes([n])).hexdigest()[:12]}" for n in range(10)]
    made = [written(f"case:{n}", word) for n, word in enumerate(words)]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE platform_text")
    before = relations_with(words)
    assert {"platform_text", "platform_textindex", "samples of platform_text"} <= before
    for n, (_fact, text, stored) in enumerate(made):
        named = [text, stored, *FactPrivate.objects.filter(fact__stream=f"case:{n}").select_related("fact")]
        erasure_order(stream=f"case:{n}", what=named, actor=SOMEBODY, now=LATER)
    for queued in Job.objects.filter(name="erasure.purge"):
        purged_when_free(queued.args, LATER)
    assert relations_with(words) == set()


@on_postgresql
def test_it_is_not_called_done_while_another_session_sees_the_old_rows(committed, known):
    _fact, text, _stored = written(CASE, "甲")
    reader = connection.copy()
    reader.inc_thread_sharing()
    try:
        with reader.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT count(*) FROM platform_text")
            order = erasure_order(stream=CASE, what=[text], actor=SOMEBODY, now=LATER)
            with pytest.raises(NotPurgedYet):
                purge({"order": str(order.uid)}, LATER)
            cursor.execute("COMMIT")
        purged_when_free({"order": str(order.uid)}, LATER)
        assert ErasureOrder.objects.get().purged_at == LATER
    finally:
        reader.close()


@on_postgresql
def test_an_order_that_is_still_seen_does_not_keep_back_the_one_before_it(committed, known):
    (_, first, _), (_, second, _) = written(CASE, "甲"), written(OTHER, "乙")
    earlier = erasure_order(stream=CASE, what=[first], actor=SOMEBODY, now=LATER)
    reader = connection.copy()
    reader.inc_thread_sharing()
    try:
        with reader.cursor() as cursor:
            until = monotonic() + 120
            while True:
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("SELECT 1 FROM platform_installation")
                if not erasure._seen_as_they_were([earlier]) or monotonic() > until:
                    break
                cursor.execute("ROLLBACK")  # a test in another database wrote since before the order, and bounds what is seen
                sleep(0.1)
            later = erasure_order(stream=OTHER, what=[second], actor=SOMEBODY, now=LATER)
            purged_when_free({"order": str(earlier.uid)}, LATER)
            cursor.execute("COMMIT")
    finally:
        reader.close()
    assert [ErasureOrder.objects.get(pk=each.pk).purged_at for each in (earlier, later)] == [LATER, None]


@on_postgresql
def test_it_waits_briefly_for_a_table_and_says_which_was_too_large(committed, known, monkeypatch):
    monkeypatch.setattr(erasure, "_LOCK_PATIENCE_MS", 50)
    _fact, text, _stored = written(CASE, "甲")
    order = erasure_order(stream=CASE, what=[text], actor=SOMEBODY, now=LATER)
    busy = connection.copy()
    busy.inc_thread_sharing()
    try:
        with busy.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE platform_text IN ROW EXCLUSIVE MODE")
            with pytest.raises(NotPurgedYet):
                purge({"order": str(order.uid)}, LATER)
            cursor.execute("ROLLBACK")
    finally:
        busy.close()
    monkeypatch.setattr(erasure, "_REWRITTEN_MOST", 0)
    purged_when_free({"order": str(order.uid)}, LATER)
    assert "platform_text" in FactRow.objects.get(type="erasure.purged").value("left")
