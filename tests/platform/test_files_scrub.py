"""Everything is read again each week: whatever became of the bytes is found, named, and stays red until somebody answers."""
from __future__ import annotations

import random
from datetime import timedelta

import pytest

from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform import triggers
from suyuan.platform.files import file_destroy, file_receive, file_store, storage
from suyuan.platform.files.errors import FaultAnswered, StorageFailed
from suyuan.platform.files.scrub import fault_answer, faults_open, scrub_all, scrub_slice, scrub_state
from suyuan.platform.models import FactRow, FileFault, ScrubRun, StoredFile
from tests.platform.damage import WAYS, damage
from tests.platform.stories import NOW, SOMEBODY

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-04"), pytest.mark.usefixtures("own_folder")]

WEEK = timedelta(days=7)
HEAD = Actor("user", "3b0a5f0e-0000-4000-8000-000000000002")
DAMAGED = 200


def kept(n: int = 0, size: int = 3_000, now=NOW) -> StoredFile:
    body = b"\xff\xd8\xff" + n.to_bytes(4) + bytes(size)
    received = file_receive(source=[body], name=f"{n}.jpg", max_bytes=10_000_000)
    return file_store(received=received, branch_id=1, actor=SOMEBODY, now=now)


def told(kind: str) -> list[FactRow]:
    return list(FactRow.objects.filter(type=kind).order_by("id"))


def test_a_house_in_order_is_read_whole_and_says_so():
    files = [kept(n) for n in range(5)]
    run = scrub_all(NOW + timedelta(hours=1), afresh=False)

    assert (run.files, run.bytes, run.faults, run.open) == (5, sum(f.size for f in files), [], False)
    (fact,) = told("files.scrubbed")
    assert fact.stream.startswith("installation:") and fact.value("files") == 5 and fact.value("faults") == 0
    assert scrub_state(NOW + timedelta(hours=1)) == "ok"
    again = scrub_all(NOW + WEEK, afresh=False)
    assert (again.files, again.facts, again.chain_faults) == (5, 1, []), "that fact is in the chain, and the chain is read too"


@pytest.mark.sqlite
def test_two_hundred_damaged_files_are_all_found_and_none_besides():
    """Flipped, truncated, deleted, swapped, replaced by what another file's key sealed, and by other words under the same key."""
    dice = random.Random(4)
    files = [kept(n, size=dice.choice((1, 500, 70_000))) for n in range(DAMAGED + 20)]
    dice.shuffle(files)
    hurt = damage(files[:DAMAGED], dice)
    assert {way for way, _ in hurt} == set(WAYS)

    run = scrub_all(NOW + timedelta(hours=1), afresh=True)
    found = set(FileFault.objects.values_list("file_id", flat=True))
    assert found == {stored.pk for _, stored in hurt}
    assert len(run.faults) == DAMAGED and run.files == DAMAGED + 20
    assert len(told("file.damaged")) == DAMAGED
    assert scrub_state(NOW + timedelta(hours=1)) == "damaged"


def test_each_file_is_read_again_within_seven_days_and_a_slice_at_a_time():
    for n in range(8):
        kept(n)
    now, read = NOW, {}
    for _ in range(3 * 7 * 24):
        now += timedelta(hours=1)
        scrub_slice(now, seconds=0)  # at least one file a slice, whatever the clock says
        for pk, at in StoredFile.objects.values_list("pk", "checked_at"):
            if at and read.get(pk, [None])[-1] != at:
                read.setdefault(pk, []).append(at)
    assert len(read) == 8
    for times in read.values():
        assert len(times) >= 3
        assert all(b - a <= WEEK for a, b in zip([NOW, *times], times, strict=False))
    assert ScrubRun.objects.filter(open=False).count() >= 3


def test_a_run_that_was_killed_goes_on_where_it_was():
    for n in range(4):
        kept(n)
    now = NOW + timedelta(hours=1)
    run = scrub_slice(now, seconds=0)
    assert run.open and 0 < run.files < 4
    # Nothing is remembered but rows: another process takes it up.
    assert scrub_all(now, afresh=False).pk == run.pk
    run.refresh_from_db()
    assert run.files == 4 and not run.open
    assert scrub_slice(now) is None


def test_it_stays_red_until_the_file_is_whole_again(own_folder):
    stored = kept()
    path = storage().path(stored.path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    scrub_all(NOW, afresh=True)
    scrub_all(NOW + WEEK, afresh=True)
    assert FileFault.objects.count() == 1 and len(told("file.damaged")) == 1, "one fault, however often it is seen"
    assert scrub_state(NOW + WEEK) == "damaged"

    path.write_bytes(whole)
    scrub_all(NOW + 2 * WEEK, afresh=True)
    assert scrub_state(NOW + 2 * WEEK) == "ok" and len(told("file.mended")) == 1
    path.unlink()
    scrub_all(NOW + 3 * WEEK, afresh=True)
    assert FileFault.objects.count() == 2 and scrub_state(NOW + 3 * WEEK) == "damaged"


def test_a_named_person_answers_for_it_once_and_with_a_reason():
    stored = kept()
    storage().remove(stored.path)
    scrub_all(NOW, afresh=True)
    fault = faults_open().get()
    assert fault.why == "missing"
    for reason in ("", "  ", "字" * 201):
        with pytest.raises(BadInput):
            fault_answer(fault=fault, reason=reason, actor=HEAD, now=NOW)
    fault_answer(fault=fault, reason="由備份還原失敗，已通知病人。", actor=HEAD, now=NOW)
    with pytest.raises(FaultAnswered):
        fault_answer(fault=fault, reason="再一次", actor=HEAD, now=NOW)

    (fact,) = told("file.fault_answered")
    assert (fact.actor, fact.value("file")) == (str(HEAD), str(stored.uid)) and fact.value("reason") is None
    assert scrub_state(NOW) == "ok"
    scrub_all(NOW + WEEK, afresh=True)
    assert scrub_state(NOW + WEEK) == "ok", "answered for, and not found anew each week"
    assert ScrubRun.objects.order_by("-id")[0].faults == [{"file": str(stored.uid), "why": "missing"}]


def test_what_is_destroyed_by_decision_is_not_missed():
    stored = kept()
    file_destroy(stored=stored, actor=SOMEBODY, now=NOW)
    storage().remove(stored.path)
    assert scrub_all(NOW, afresh=True).files == 0 and scrub_state(NOW) == "ok"


def test_a_storage_that_is_away_is_no_fault_of_its_files(monkeypatch):
    kept()
    monkeypatch.setattr(type(storage()), "open", lambda self, token: (_ for _ in ()).throw(StorageFailed(errno=5)))
    with pytest.raises(StorageFailed):
        scrub_slice(NOW)
    assert not FileFault.objects.exists()


def test_a_broken_chain_is_red_too():
    kept()
    scrub_all(NOW, afresh=True)
    triggers.drop()
    FactRow.objects.filter(type="files.scrubbed").update(leaf="0" * 64)
    run = scrub_all(NOW + WEEK, afresh=True)
    assert run.chain_faults and "leaf_differs" in run.chain_faults[0]
    assert scrub_state(NOW + WEEK) == "broken"


def test_nothing_read_for_too_long_is_said():
    kept()
    assert scrub_state(NOW + timedelta(days=7)) == "ok"
    assert scrub_state(NOW + timedelta(days=9)) == "late"
    scrub_all(NOW + timedelta(days=9), afresh=False)
    assert scrub_state(NOW + timedelta(days=9)) == "ok"
