"""What every job engine must do, whatever it is made of. Parametrised over engines."""
from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction

import suyuan.platform.search  # noqa: F401  registers its own jobs now, not into the empty registry of a test
from suyuan.kernel.refusal import Refusal
from suyuan.platform import clock
from suyuan.platform.jobs import Worker, engine, enqueue, job, periodic, queue, registry, run_due, tidy, worker
from suyuan.platform.jobs.lease import LeaseEngine, back_off
from suyuan.platform.models import Job
from suyuan.platform.units import unit
from tests.platform.real import child
from tests.platform.stories import NOW

MINUTE = timedelta(minutes=1)
SHORT = timedelta(seconds=1)


@pytest.fixture(params=["lease"])
def jobs(request, monkeypatch):
    """The engine under test, in place of the installation's own."""
    made = {"lease": lambda: LeaseEngine()}[request.param]()
    for module in (queue, worker, tidy):
        monkeypatch.setattr(module, "engine", lambda: made)
    return made


@pytest.fixture(autouse=True)
def only_our_handlers(monkeypatch):
    monkeypatch.setattr(registry, "_handlers", {})


@pytest.fixture
def ran(only_our_handlers) -> list:
    """What the handlers "note" and "fail" saw; "fail" raises each time."""
    seen = []

    @job("note")
    def note(args, now):
        seen.append((args, now))

    @job("fail", attempts=3)
    def fail(args, now):
        seen.append((args, now))
        raise ValueError("王小明 said something private")

    return seen


def state_of(name: str) -> str:
    return Job.objects.get(name=name).state


# Asking


@pytest.mark.django_db
def test_work_asked_for_in_a_write_runs_after_its_commit(jobs, ran):
    with unit():
        enqueue("note", {"case": "c-1"})
        assert not Job.objects.exists()
    assert run_due(clock.now()).done == 1
    assert [args for args, _ in ran] == [{"case": "c-1"}]


@pytest.mark.django_db
def test_work_of_a_rolled_back_write_never_runs(jobs, ran):
    with pytest.raises(Refusal), unit():
        enqueue("note", {"n": 1})
        raise Refusal
    with pytest.raises(Refusal), transaction.atomic():
        enqueue("note", {"n": 2})
        raise Refusal
    run_due(clock.now() + MINUTE)
    assert ran == []


@pytest.mark.django_db
def test_a_handler_gets_the_engines_time(jobs, ran):
    with clock.frozen(NOW):
        enqueue("note")
    run_due(NOW + MINUTE)
    assert ran == [({}, NOW + MINUTE)]


@pytest.mark.django_db
def test_work_for_later_waits(jobs, ran):
    enqueue("note", run_at=NOW + MINUTE)

    assert run_due(NOW).done == 0
    assert run_due(NOW + MINUTE).done == 1


@pytest.mark.django_db
def test_the_urgent_comes_first_then_the_older(jobs, ran):
    enqueue("note", {"n": 3}, run_at=NOW - SHORT)
    enqueue("note", {"n": 2}, run_at=NOW - MINUTE)
    enqueue("note", {"n": 1}, run_at=NOW, priority=5)
    run_due(NOW)
    assert [args["n"] for args, _ in ran] == [1, 2, 3]


@pytest.mark.django_db
def test_a_key_is_used_once_even_after_the_work_is_done(jobs, ran):
    with unit():
        enqueue("note", {"n": 1}, unique_key="fact:1")
        enqueue("note", {"n": 2}, unique_key="fact:1")
    run_due(clock.now())
    enqueue("note", {"n": 3}, unique_key="fact:1")
    enqueue("note", {"n": 4})
    enqueue("note", {"n": 5})
    run_due(clock.now())
    assert [args["n"] for args, _ in ran] == [1, 4, 5]


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["王小明", "please call", {"note": "a b"}, ["ok", "not ok"], 1.5, b"x", "x" * 200])
def test_jobs_carry_no_words(jobs, ran, words):
    with pytest.raises(ValueError, match="job"):
        enqueue("note", {"what": words})


@pytest.mark.django_db
def test_a_name_nobody_registered_is_refused_at_once(jobs):
    with pytest.raises(registry.UnknownJob):
        enqueue("nobody.knows")


@pytest.mark.django_db
def test_work_can_ask_for_more_work(jobs, ran):
    @job("chain")
    def chain(args, now):
        enqueue("note", {"n": 1}, run_at=now)

    enqueue("chain", run_at=NOW)
    assert run_due(NOW).done == 2


@pytest.mark.django_db
def test_a_queue_can_be_worked_alone(jobs, ran):
    enqueue("note", {"n": 1}, run_at=NOW, queue="mail")
    enqueue("note", {"n": 2}, run_at=NOW)

    run_due(NOW, queues=["mail"])
    assert [args["n"] for args, _ in ran] == [1]


# Failing


@pytest.mark.django_db
def test_failed_work_backs_off_and_ends_as_a_dead_letter(jobs, ran):
    enqueue("fail", run_at=NOW)
    now, waits = NOW, []
    for attempt in (1, 2):
        assert run_due(now).failed == 1
        row = Job.objects.get()
        assert (row.state, row.attempts) == ("ready", attempt)
        waits.append(row.run_after - now)
        assert run_due(row.run_after - timedelta(milliseconds=1)).failed == 0
        now = row.run_after

    assert run_due(now).dead == 1
    dead = Job.objects.get()
    assert (dead.state, dead.attempts, dead.finished_at) == ("dead", 3, now)
    assert timedelta(seconds=1) < waits[0] < waits[1] < timedelta(seconds=6)
    assert run_due(now + timedelta(days=1)).failed == 0


def test_waiting_has_an_upper_limit():
    assert back_off(60) <= timedelta(hours=1.25)


@pytest.mark.django_db
def test_the_reason_names_the_place_and_quotes_nobody(jobs, ran, caplog):
    enqueue("fail", run_at=NOW)
    run_due(NOW)

    error = Job.objects.get().error
    assert error.startswith("ValueError at fail (")
    assert "private" not in error + caplog.text


@pytest.mark.django_db
def test_a_dead_letter_can_be_given_new_attempts(jobs, ran):
    enqueue("fail", run_at=NOW)
    now = NOW
    while state_of("fail") != "dead":
        run_due(now)
        now += timedelta(hours=1)

    assert jobs.revive(Job.objects.get().uid, now)
    assert not jobs.revive(Job.objects.get().uid, now)
    assert run_due(now).failed == 1


@pytest.mark.django_db
def test_one_failure_does_not_hold_up_the_others(jobs, ran):
    enqueue("fail", run_at=NOW - MINUTE)
    enqueue("note", run_at=NOW)

    outcome = run_due(NOW)
    assert (outcome.done, outcome.failed) == (1, 1)


@pytest.mark.django_db
def test_work_of_a_version_we_are_not_is_kept_for_those_who_know_it(jobs, ran):
    enqueue("note", run_at=NOW)
    Job.objects.update(name="from.the.future")

    assert run_due(NOW).failed == 1
    assert Job.objects.get().state == "ready"


# Leases


@pytest.mark.django_db
def test_a_claimed_job_is_nobody_elses_while_the_lease_lasts(jobs, ran):
    enqueue("note", run_at=NOW)
    claim = jobs.claim(NOW)

    assert jobs.claim(NOW) is None
    assert jobs.reclaim(NOW + jobs.lease - SHORT) == 0
    assert jobs.extend(claim, NOW + jobs.lease - SHORT)
    assert jobs.reclaim(NOW + jobs.lease) == 0
    assert jobs.finish(claim, NOW)


@pytest.mark.django_db
def test_whoever_slept_through_the_lease_cannot_overwrite_the_successor(jobs, ran):
    enqueue("note", run_at=NOW)
    asleep = jobs.claim(NOW)
    later = NOW + jobs.lease + SHORT
    assert jobs.reclaim(later) == 1
    successor = jobs.claim(later)

    assert successor.attempt == 2
    assert not jobs.extend(asleep, later)
    assert not jobs.finish(asleep, later)
    assert jobs.fail(asleep, "late", later) is None
    assert jobs.finish(successor, later)
    assert state_of("note") == "done"


@pytest.mark.django_db
def test_work_that_kills_every_worker_becomes_a_dead_letter(jobs, ran):
    enqueue("fail", run_at=NOW)
    now = NOW
    for _ in range(3):
        assert jobs.claim(now) is not None
        now += jobs.lease + SHORT
        jobs.reclaim(now)
    assert state_of("fail") == "dead"
    assert jobs.claim(now) is None


# Periodic


@pytest.fixture
def ticks(only_our_handlers):
    seen = []

    @periodic("*/5 * * * *", "tick")
    def tick(args, now):
        seen.append(now)

    return seen


@pytest.mark.parametrize(
    ("now", "slot"),
    [("10:05:00", "10:05"), ("10:04:59.999999", "10:00"), ("10:05:00.000001", "10:05"), ("10:09:59.999999", "10:05")],
)
def test_the_slot_is_the_latest_that_has_come(ticks, now, slot):
    day = "2026-11-21T"
    assert registry.handler("tick").slot(datetime.fromisoformat(f"{day}{now}+00:00")) == datetime.fromisoformat(
        f"{day}{slot}+00:00"
    )


@pytest.mark.django_db
def test_a_slot_runs_once_whoever_opens_it(jobs, ticks):
    for _ in range(5):
        worker._Slots(jobs).open(NOW)
        run_due(NOW + SHORT)
    assert len(ticks) == 1
    run_due(NOW + 5 * MINUTE)
    assert len(ticks) == 2


@pytest.mark.django_db
def test_after_72_hours_of_downtime_only_the_latest_slot_runs(jobs, ticks):
    run_due(NOW)
    run_due(NOW + timedelta(hours=72))
    assert len(ticks) == 2


@pytest.mark.django_db
def test_tidying_keeps_what_is_recent_dead_or_a_current_slot(jobs, ran):
    @periodic("0 0 1 * *", "monthly")
    def monthly(args, now):
        ran.append("monthly")

    enqueue("fail", run_at=NOW, unique_key="a")
    enqueue("note", run_at=NOW)
    for minutes in range(0, 60, 5):
        run_due(NOW + timedelta(minutes=minutes))
    before = len(ran)
    tidy.tidy({}, NOW + timedelta(days=6))
    assert sorted(Job.objects.values_list("name", flat=True)) == ["fail", "monthly", "note"]

    tidy.tidy({}, NOW + timedelta(days=8))
    assert sorted(Job.objects.values_list("name", "state")) == [("fail", "dead"), ("monthly", "done")]
    run_due(NOW + timedelta(days=8))
    assert len(ran) == before
    run_due(datetime(2026, 12, 1, tzinfo=UTC))
    assert ran[-1] == "monthly"


@pytest.mark.django_db
def test_a_wrong_cron_line_is_refused_when_it_is_written(only_our_handlers):
    from cronsim import CronSimError

    with pytest.raises(CronSimError):
        periodic("61 * * * *", "never")


def test_a_name_is_registered_once(ran):
    with pytest.raises(ValueError, match="twice"):
        job("note")(lambda args, now: None)


# With real commits: threads, other processes, kill -9


@pytest.fixture
def at_work(jobs, committed):
    """Start workers in threads; they are stopped at the end."""
    started = []

    def start(**settings) -> Worker:
        one = Worker(jobs, **{"poll": 0.02, "beat": 0.1, **settings})

        def run():
            try:
                one.run()
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        started.append((one, thread))
        return one

    yield start
    for one, _ in started:
        one.stop()
    for _, thread in started:
        thread.join(20)


def until(condition, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_many_workers_run_each_job_once(jobs, ran, committed, at_work):
    for n in range(40):
        enqueue("note", {"n": n})
    for _ in range(4):
        at_work()
    until(lambda: Job.objects.filter(state="done").count() == 40, 60)
    assert sorted(args["n"] for args, _ in ran) == list(range(40))


def test_a_slot_runs_once_across_workers(jobs, ticks, committed, at_work):
    with clock.frozen(NOW):
        for _ in range(4):
            at_work()
        until(lambda: Job.objects.filter(state="done").exists())
        time.sleep(0.3)
    assert len(ticks) == 1


def test_a_long_job_keeps_its_lease_by_its_heartbeat(jobs, committed, at_work):
    runs = []

    @job("long")
    def long(args, now):
        runs.append(now)
        time.sleep(1.5)

    jobs.lease = timedelta(seconds=0.5)
    enqueue("long")
    at_work()
    at_work()
    until(lambda: Job.objects.filter(state="done").exists())
    assert len(runs) == 1


def test_a_job_that_hangs_beyond_its_timeout_is_given_to_another(jobs, committed, at_work):
    runs, free = [], threading.Event()

    @job("hang", timeout=timedelta(seconds=0.3))
    def hang(args, now):
        runs.append(now)
        if len(runs) == 1:
            free.wait(15)

    jobs.lease = timedelta(seconds=0.5)
    enqueue("hang")
    at_work()
    at_work()
    until(lambda: Job.objects.filter(state="done").exists())
    free.set()
    assert len(runs) == 2
    assert Job.objects.get().attempts == 2


def test_a_database_that_is_away_is_waited_for(jobs, ran, committed, at_work, monkeypatch):
    from django.db import OperationalError

    claim, troubles = jobs.claim, []

    def away(*args, **kwargs):
        if len(troubles) < 3:
            troubles.append(1)
            raise OperationalError("gone")
        return claim(*args, **kwargs)

    monkeypatch.setattr(jobs, "claim", away)
    enqueue("note")
    at_work()
    until(lambda: len(ran) == 1)


def test_the_job_of_a_killed_worker_runs_again(jobs, committed):
    @job("tests.slow")
    def slow(args, now):
        ran.append(args["n"])

    ran = []
    enqueue("tests.slow", {"n": 1})
    victim = child("work", "60")
    try:
        assert victim.stdout.readline() == "started 1\n"
        assert Job.objects.get().state == "running"
    finally:
        victim.kill()
        victim.wait()
    assert run_due(clock.now()).done == 0
    until(lambda: run_due(clock.now()).done == 1)
    assert ran == [1]
    assert Job.objects.get().attempts == 2


def test_a_worker_told_to_stop_finishes_what_it_has_in_hand_and_no_more(jobs, committed):
    job("tests.slow")(lambda args, now: None)
    enqueue("tests.slow", {"n": 1})
    enqueue("tests.slow", {"n": 2})
    polite = child("work", "0.6")
    assert polite.stdout.readline() == "started 1\n"
    os.kill(polite.pid, signal.SIGTERM)
    said, _ = polite.communicate(timeout=20)

    assert said == "ended 1\nstopped\n"
    assert polite.returncode == 0
    assert list(Job.objects.order_by("id").values_list("state", flat=True)) == ["done", "ready"]


def test_the_installation_has_one_engine():
    assert engine() is engine()
