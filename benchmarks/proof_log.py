"""The log at size (E12): 200,000 events in 2,000 streams, signed as they come, then all of it recomputed from the rows;
and eight processes that each append 10,000 facts to PostgreSQL while a ninth signs, without a gap or a fork.

    python -m benchmarks.proof_log [events] [appends]

And one case of that house, a row in every table of evidence, edited past the product 2,000 times (E3).
"""
from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks import house

EVENTS, STREAMS, AT_ONCE, SIGNED_EVERY = 200_000, 2_000, 200, 500
WRITERS, APPENDS = 8, 10_000
EDITS = 2_000
SECONDS = 120
Row = tuple[str, str, str, float]


def rows() -> Iterator[Row]:
    """For the table of `proof`. Stands on the house's folder, in a database of its own."""
    yield from _at_size(EVENTS)
    yield _edited(EDITS)
    yield _appended(APPENDS)


def _at_size(events: int) -> Iterator[Row]:
    from django.conf import settings
    from django.db import connection

    from suyuan.platform.verify import verify_streams

    path = house.path_of("log")
    connection.close()
    house._copy(Path(settings.DATA_DIR) / "suyuan.sqlite3", path)
    house.move_into(path)
    with house._hurried():
        checkpoints, signing = _live(events)
    begun, wall = time.process_time(), time.monotonic()
    found = verify_streams()
    cpu, wall = time.process_time() - begun, time.monotonic() - wall
    looked = f"{found.facts:,} events, {found.streams:,} streams, {checkpoints:,} checkpoints, {wall:.0f} s by the clock"
    result = "holds" if found.holds else f"{len(found.faults)} FAULTS, {found.faults[0]}"
    yield "log, signed", f"{events:,} events, {checkpoints:,} checkpoints", result, signing
    yield "log, verified", looked, result if cpu < SECONDS else f"SLOW: {cpu:.0f} s", cpu
    connection.close()
    for file in house.CACHE.glob("log.sqlite3*"):
        file.unlink()


def _live(events: int) -> tuple[int, float]:
    """Every fourth event has a sealed field, every twentieth a text, and the log is signed as it grows."""
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform.checkpoints import checkpoint_make
    from suyuan.platform.facts import Fact, facts_record
    from suyuan.platform.models import Checkpoint
    from suyuan.platform.texts import text_write
    from suyuan.platform.units import unit

    signing = 0.0
    for start in range(0, events, AT_ONCE):
        now = house.BEGAN + timedelta(seconds=start)
        with unit():
            for n in range(start, min(start + AT_ONCE, events)):
                stream = f"case:{n % STREAMS}"
                sealed = {"name": f"溫{n}"} if n % 4 == 0 else {}
                texts = {}
                if n % 20 == 0:
                    text = text_write(stream=stream, kind="note", body=f"第 {n} 次：說明目前查到哪裡。", branch_id=1, now=now)
                    texts = {"words": text}
                fact = Fact("hold.placed", stream, plain={"n": n, "kind": "court"}, private=sealed, texts=texts)
                facts_record([fact], actor=SYSTEM, now=now)
        if (start + AT_ONCE) % SIGNED_EVERY < AT_ONCE:
            begun = time.process_time()
            checkpoint_make(now=now)
            signing += time.process_time() - begun
        if (start + AT_ONCE) % 20_000 == 0:
            house.say(f"  {start + AT_ONCE:,} events")
    checkpoint_make(now=now)
    return Checkpoint.objects.count(), signing


# --- rows edited past the product -------------------------------------------------------------------------------------


def _edited(amount: int) -> Row:
    import random

    from django.conf import settings
    from django.db import connection

    from suyuan.accounts.models import Branch, User
    from suyuan.platform import triggers
    from tests.cases.cast import cast_made
    from tests.evidence.rows import lived, tried

    path = house.path_of("rows")
    connection.close()
    house._copy(Path(settings.DATA_DIR) / "suyuan.sqlite3", path)
    house.move_into(path)
    for row in Branch.objects.all():  # the cast of the tests has people and branches of the same names
        Branch.objects.filter(pk=row.pk).update(code=f"X{row.pk}", portal_slug=f"x{row.pk}")
    for user in User.objects.all():
        User.objects.filter(pk=user.pk).update(login=f"x{user.pk}")
    case = lived(cast_made())
    triggers.drop()
    begun = time.process_time()
    found = tried(case, amount, random.Random(2_000))
    cpu = time.process_time() - begun
    connection.close()
    for file in house.CACHE.glob("rows.sqlite3*"):
        file.unlink()
    looked = f"{found.made:,} edits of every column, deletes and inserts; {len(found.refused):,} more the database itself refused"
    result = "each found and named" if not found.missed else f"{len(found.missed)} MISSED, {found.missed[0]}"
    return "rows, edited", looked, result, cpu


# --- many at once ----------------------------------------------------------------------------------------------------


def _appended(appends: int) -> Row:
    """In a process of its own, whose settings name PostgreSQL from the beginning."""
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    wall = time.monotonic()
    process = context.Process(target=_on_postgresql, args=(appends, answer))
    process.start()
    process.join()
    result, checkpoints, cpu = answer.get(timeout=10)
    took = time.monotonic() - wall
    looked = f"PostgreSQL, {WRITERS} × {appends:,} facts, {checkpoints:,} checkpoints meanwhile, {took:.0f} s by the clock"
    return "appends at once", looked, result, cpu


def _on_postgresql(appends: int, answer) -> None:
    from tests.postgres import server_dsn

    folder = house.CACHE / "postgres-data"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ |= {"SUYUAN_DATABASE": server_dsn(), "SUYUAN_DATA": str(folder), "SUYUAN_KEYS": str(folder / "master.key")}
    os.environ |= {"SUYUAN_DEMO": "1", "DJANGO_SETTINGS_MODULE": "suyuan.config.settings"}
    import psycopg

    where, _, _name = os.environ["SUYUAN_DATABASE"].rpartition("/")
    with psycopg.connect(f"{where}/postgres", autocommit=True) as server:
        server.execute("CREATE DATABASE suyuan")

    from suyuan.platform.master import master_create

    (folder / "master.key").unlink(missing_ok=True)
    master_create(folder / "master.key")
    import django

    django.setup()
    from django.core.management import call_command

    from suyuan.platform import keys

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    keys.ring_make(house.BEGAN)
    from django.db import connections

    connections.close_all()
    spawn = multiprocessing.get_context("fork")
    done = spawn.Event()
    writers = [spawn.Process(target=_write, args=(n, appends)) for n in range(WRITERS)]
    signer = spawn.Process(target=_sign, args=(done,))
    for process in (*writers, signer):
        process.start()
    for process in writers:
        process.join()
    done.set()
    signer.join()
    failed = [process for process in (*writers, signer) if process.exitcode != 0]
    answer.put(_judged(appends, len(failed)))


def _write(n: int, appends: int) -> None:
    from django.db import connections

    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import keys
    from suyuan.platform.facts import Fact, facts_record
    from suyuan.platform.units import unit

    keys.ring()
    for i in range(appends):
        stream = "case:shared" if i % 10 == 0 else f"case:{n}-{i % 50}"
        with unit():
            fact = Fact("hold.placed", stream, plain={"n": n, "i": i})
            facts_record([fact], actor=SYSTEM, now=house.BEGAN + timedelta(seconds=i))
    connections.close_all()


def _sign(done) -> None:
    from django.db import connections

    from suyuan.platform.checkpoints import checkpoint_make

    while not done.is_set():
        checkpoint_make(now=house.BEGAN)
        time.sleep(1)
    connections.close_all()


def _judged(appends: int, failed: int) -> tuple[str, int, float]:
    from suyuan.platform.checkpoints import checkpoint_make
    from suyuan.platform.models import Checkpoint, LogEntry
    from suyuan.platform.verify import verify_streams

    checkpoint_make(now=house.BEGAN)
    begun = time.process_time()
    found = verify_streams()
    numbers = LogEntry.objects.order_by("index").values_list("index", flat=True)
    gapless = all(number == index for index, number in enumerate(numbers.iterator()))
    wanted = WRITERS * appends
    whole = found.holds and gapless and not failed and found.facts == LogEntry.objects.count() == wanted
    result = "holds" if whole else f"{failed} FAILED, {found.facts:,} of {wanted:,}, {len(found.faults)} FAULTS"
    return result, Checkpoint.objects.count(), time.process_time() - begun


if __name__ == "__main__":
    house.prepare()
    EVENTS, APPENDS = (int(said) for said in (*sys.argv[1:], EVENTS, APPENDS)[:2]) if len(sys.argv) > 2 else (EVENTS, APPENDS)
    for row in rows():
        print(*row, sep=" | ")
