"""Every look is on record within a second, in order; each day is committed; reading never waits for the log."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connections, transaction

from suyuan.kernel.actor import SYSTEM
from suyuan.kernel.refusal import Refusal
from suyuan.platform import access
from suyuan.platform.access import DAY_CLOSED, day_close, day_holds, note_before, seen
from suyuan.platform.facts import FactKind
from suyuan.platform.models import AccessRow, FactRow
from suyuan.platform.units import unit
from suyuan.platform.verify import access_days, verify_streams
from tests.platform.real import ROOT
from tests.platform.stories import NOW, SOMEBODY

DAY = date(2026, 11, 21)


@pytest.fixture(autouse=True)
def fresh(settings, monkeypatch):
    """A buffer of this test alone, emptied by hand unless the test switches the thread on."""
    settings.ACCESS_WRITER = False
    monkeypatch.setattr(access, "_writer", access._Writer())
    return access._writer


def look(n: int = 1, what: str = "case.page", branch: int | None = 1, **told) -> None:
    for _ in range(n):
        seen(SOMEBODY, what, at=NOW, branch_id=branch, stream="case:1", **told)


def test_a_look_is_on_disk_after_the_next_flush(ring):
    look()
    assert not AccessRow.objects.exists() and access.health().waiting == 1
    access.flush()
    row = AccessRow.objects.get()
    assert (row.at, row.actor, row.what, row.branch_id, row.stream) == (NOW, str(SOMEBODY), "case.page", 1, "case:1")
    assert access.health().waiting == 0


def test_a_list_is_one_row_with_what_was_asked_and_shown(ring):
    look(what="case.list", asked="王小明 0912", shown=["TN26-4831-7205", "TN26-1111-2222"])
    access.flush()
    row = AccessRow.objects.get()
    assert row.shown == ["TN26-4831-7205", "TN26-1111-2222"]
    assert access.asked(row) == "王小明 0912"
    assert "王".encode() not in bytes(row.asked) and b"0912" not in bytes(row.asked)


def test_nothing_asked_is_nothing_sealed(ring):
    row = note_before(SOMEBODY, "case.copy", at=NOW, purpose="給病人")
    assert row.asked is None and access.asked(row) == ""


def test_what_must_be_known_before_is_on_disk_at_once(ring):
    row = note_before(SOMEBODY, "case.export", at=NOW, purpose="衛生局來函", branch_id=1, stream="case:1")
    assert AccessRow.objects.get().pk == row.pk
    assert AccessRow.objects.get().purpose == "衛生局來函"


def test_inside_a_service_it_stands_or_falls_with_the_service(ring):
    with pytest.raises(Refusal), unit():
        note_before(SOMEBODY, "case.export", at=NOW, purpose="p")
        raise Refusal
    assert not AccessRow.objects.exists()


def test_rows_keep_the_order_in_which_they_were_seen(ring):
    for n in range(access.ROWS_AT_ONCE + 10):
        look(what=f"page.{n}")
    access.flush()
    assert [row.what for row in AccessRow.objects.order_by("id")] == [f"page.{n}" for n in range(access.ROWS_AT_ONCE + 10)]


# When it cannot be written


@pytest.fixture
def broken(monkeypatch):
    def fail(rows):
        raise DatabaseError("disk full")

    monkeypatch.setattr(access, "_write", fail)


def test_a_log_that_cannot_be_written_for_a_minute_is_red_and_reading_goes_on(ring, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(access.time, "monotonic", lambda: clock[0])
    write = access._write
    monkeypatch.setattr(access, "_write", lambda rows: (_ for _ in ()).throw(DatabaseError("disk full")))
    look()
    for seconds, red in [(0, False), (59, False), (2, True)]:
        clock[0] += seconds
        with pytest.raises(DatabaseError):
            access.flush()
        look()
        assert access.health().red is red
    assert access.health().failing_for == 61

    monkeypatch.setattr(access, "_write", write)
    access.flush()
    assert AccessRow.objects.count() == 4
    assert access.health() == access.Health(red=False, waiting=0, failing_for=0.0, lost=0)


def test_what_there_is_no_room_for_is_counted_and_red(ring, broken, monkeypatch):
    monkeypatch.setattr(access, "MOST_WAITING", 3)
    look(5)
    assert access.health() == access.Health(red=True, waiting=3, failing_for=0.0, lost=2)


# The thread and the process


def wait_for(condition, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_the_thread_writes_within_a_second_and_survives_a_failure(committed, settings, monkeypatch, fresh, caplog):
    settings.ACCESS_WRITER = True
    monkeypatch.setattr(access, "EVERY", 0.05)
    write, failures = access._write, [DatabaseError("busy")]

    def sometimes(rows):
        if failures:
            raise failures.pop()
        write(rows)

    monkeypatch.setattr(access, "_write", sometimes)
    look(3)
    try:
        assert wait_for(lambda: AccessRow.objects.count() == 3)
        look(2)
        assert wait_for(lambda: AccessRow.objects.count() == 5)
        assert "cannot be written" in caplog.text
    finally:
        fresh._leaving.set()
        fresh._thread.join()


def test_many_threads_lose_no_row(committed):
    def read() -> None:
        for _ in range(50):
            look()
            if AccessRow.objects.count() % 7 == 0:
                access.flush()
        connections.close_all()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    access.flush()
    assert AccessRow.objects.count() == 200


READER = """
import json, os, signal, sys, time
import django
from django.conf import settings
settings.configure(USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "suyuan.platform"], **json.loads(sys.argv[1]))
django.setup()
from suyuan.platform import access
from tests.platform.stories import NOW, SOMEBODY
access.EVERY = 60
def look(): access.seen(SOMEBODY, "case.page", at=NOW, branch_id=1, stream="case:1", asked="q")
for _ in range(3): look()
how = sys.argv[2]
if how == "term":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as gunicorn's workers and ours do
    print("ready", flush=True)
    time.sleep(30)
if how == "fork":
    from django.db import connections
    connections.close_all()  # no two processes may share one
    child = os.fork()
    if child == 0:
        look()
        sys.exit(0)
    os.waitpid(child, 0)
"""


def reader(how: str) -> subprocess.Popen:
    from django.conf import settings

    database = {k: v for k, v in connections["default"].settings_dict.items() if k != "TEST"}
    told = json.dumps({"DATABASES": {"default": database}, "KEYS_FILE": str(settings.KEYS_FILE)}, default=str)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    return subprocess.Popen([sys.executable, "-c", READER, told, how], stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.parametrize(("how", "rows"), [("exit", 3), ("fork", 4)])
def test_a_process_that_ends_writes_what_is_waiting(committed, how, rows):
    assert reader(how).wait(timeout=60) == 0
    assert AccessRow.objects.count() == rows


def test_a_process_that_is_told_to_go_writes_what_is_waiting(committed):
    process = reader("term")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    assert AccessRow.objects.count() == 3


# The day


@pytest.fixture
def daily(ring, kinds):
    kinds[DAY_CLOSED] = FactKind(phrase=lambda told: "")


def close(day: date = DAY, branch: int | None = 1, stream: str = "branch:1"):
    return day_close(branch_id=branch, branch_stream=stream, day=day, zone="Asia/Taipei", now=NOW, actor=SYSTEM)


def test_a_day_commits_first_and_last_number_count_and_digest(daily):
    look(3)
    look(2, branch=2)
    access.flush()
    numbers = list(AccessRow.objects.filter(branch_id=1).order_by("id").values_list("id", flat=True))
    closed = close()
    fact = FactRow.objects.get(type=DAY_CLOSED)

    assert (closed["first"], closed["last"], closed["count"]) == (numbers[0], numbers[-1], 3)
    assert {name: fact.value(name) for name in closed} == closed
    assert (closed["day"], closed["zone"]) == ("2026-11-21", "Asia/Taipei")
    assert day_holds(1, fact)


def test_later_rows_belong_to_the_next_day(daily):
    look(3)
    access.flush()
    first = close()
    look(2)
    access.flush()
    second = close(DAY + timedelta(days=1))
    third = close(DAY + timedelta(days=2))

    assert (second["after"], second["count"]) == (first["last"], 2)
    assert (third["after"], third["first"], third["last"], third["count"]) == (second["last"], 0, second["last"], 0)
    facts = FactRow.objects.filter(type=DAY_CLOSED)
    assert sum(f.value("count") for f in facts) == AccessRow.objects.filter(branch_id=1).count()
    assert all(day_holds(1, fact) for fact in facts)


def test_a_day_is_closed_once(daily):
    look()
    access.flush()
    assert close() is not None
    assert close() is None and close(DAY - timedelta(days=1)) is None
    assert FactRow.objects.filter(type=DAY_CLOSED).count() == 1


def test_each_branch_closes_its_own_rows_and_the_house_the_rest(daily):
    look(1)
    look(2, branch=2)
    look(3, branch=None)
    access.flush()
    counts = [close(branch=b, stream=s)["count"] for b, s in [(1, "branch:1"), (2, "branch:2"), (None, "organisation:1")]]
    assert counts == [1, 2, 3]


@pytest.mark.parametrize("change", ["what = 'other'", "shown = '[\"x\"]'", "actor = 'user:x'", "branch_id = 2", "purpose = 'p'"])
def test_a_row_edited_behind_our_back_is_found(daily, change):
    from suyuan.platform import triggers

    look(3)
    access.flush()
    close()
    check = access_days({"branch:1": 1})
    assert verify_streams(rows_checks=[check]).holds
    triggers.drop()
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(f"UPDATE platform_accessrow SET {change} WHERE id = (SELECT min(id) FROM platform_accessrow)")

    (fault,) = verify_streams(rows_checks=[check]).faults
    assert (fault.stream, fault.position, fault.why, fault.detail) == ("branch:1", 1, "access_log_differs", "2026-11-21")
    assert verify_streams(["branch:2"], rows_checks=[check]).holds


def test_two_workers_close_a_day_once(committed, kinds):
    kinds[DAY_CLOSED] = FactKind(phrase=lambda told: "")
    look(5)
    access.flush()
    together = threading.Barrier(2, timeout=20)

    def work() -> None:
        together.wait()
        close()
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert FactRow.objects.filter(type=DAY_CLOSED).count() == 1
