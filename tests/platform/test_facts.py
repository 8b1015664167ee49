"""Facts are buffered, chained at the end of the write, reacted to by name; and two writers never lose one."""
from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from suyuan.kernel import chain
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.kernel.chain import Link, NotCanonical, check_stream
from suyuan.kernel.refusal import Refusal
from suyuan.platform import chance, clock, facts, units
from suyuan.platform.facts import Fact, FactKind, UnknownFact, facts_record, facts_told
from suyuan.platform.jobs import registry
from suyuan.platform.models import ChainPending, FactPrivate, FactRow, Hold, Job, StreamHead, Text
from suyuan.platform.texts import text_write
from suyuan.platform.units import OutsideAService, unit, writes
from suyuan.platform.verify import verify_streams
from tests.platform.stories import NOW, SOMEBODY

MINUTE = timedelta(minutes=1)

# The last leaves of `story` below. They must come out the same on every database, in every process, for ever.
STORY = {
    "case:1": "b0164e3ecde5c0189b27472984007051c5fb41bdd7308de4741c40ec825b0740",
    "case:2": "10822083d788b46bf836d0cc56f6050209251ff0d20d7000bd5fdde205011252",
}


def record(*recorded: Fact, now=NOW, actor: Actor = SOMEBODY) -> None:
    with unit():
        facts_record(recorded, actor=actor, now=now)


def happened(stream: str = "case:1", **told) -> Fact:
    return Fact("test.happened", stream, **told)


def chained(stream: str) -> chain.Broken | None:
    rows = FactRow.objects.filter(stream=stream).order_by("position")
    links = [Link(r.token, r.position, r.prev, chain.time_text(r.at), tuple(r.digests), r.leaf) for r in rows]
    head = StreamHead.objects.filter(stream=stream).values_list("position", "leaf").first()
    return check_stream(stream, links, head)


# Buffering


def test_nothing_is_written_before_the_write_ends(ring, kinds):
    with unit():
        facts_record([happened()], actor=SOMEBODY, now=NOW)
        assert not FactRow.objects.exists()
    assert FactRow.objects.get().position == 1


def test_a_write_inside_a_write_joins_it(ring, kinds):
    @writes
    def inner(*, now) -> None:
        facts_record([happened()], actor=SOMEBODY, now=now)

    @writes
    def outer(*, now) -> None:
        inner(now=now)
        inner(now=now)
        assert not FactRow.objects.exists()

    outer(now=NOW)
    assert list(FactRow.objects.order_by("position").values_list("position", flat=True)) == [1, 2]
    assert outer.is_service and inner.is_service


def test_a_rolled_back_write_leaves_nothing(ring, kinds):
    record(happened())
    with pytest.raises(Refusal), unit():
        text = text_write(stream="case:1", kind="message", body="退款", branch_id=1, now=NOW)
        facts_record([happened(texts={"words": text}), happened("case:2")], actor=SOMEBODY, now=NOW)
        raise Refusal
    assert units.current() is None
    assert (FactRow.objects.count(), StreamHead.objects.count(), Text.objects.count()) == (1, 1, 0)
    record(happened())
    assert chained("case:1") is None and verify_streams().holds


def test_facts_are_recorded_in_services_only(ring, kinds):
    with pytest.raises(OutsideAService):
        facts_record([happened()], actor=SOMEBODY, now=NOW)


def test_a_fact_nobody_registered_is_not_lost_silently(ring, kinds):
    with pytest.raises(UnknownFact), unit():
        facts_record([Fact("test.unknown", "case:1")], actor=SOMEBODY, now=NOW)
    with pytest.raises(ValueError, match="test.happened"):
        facts.register({"test.happened": FactKind(phrase=lambda told: "")})


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "told",
    [
        {"plain": {"type": "x"}},
        {"private": {"actor": "x"}},
        {"plain": {"a": 1}, "private": {"a": 1}},
        {"plain": {"stream_uid": "x"}},
        {"private": {"clock_behind_by_us": 1}},
    ],
)
def test_a_name_stands_for_one_value(ring, kinds, told):
    with pytest.raises(ValueError, match="names a field twice"):
        record(happened(**told))


@pytest.mark.sqlite
@pytest.mark.parametrize("value", [1.5, "\ud800", NOW, b"x", (1,), {1: 2}])
def test_what_cannot_be_committed_stops_the_write(ring, kinds, value):
    for told in ({"plain": {"a": value}}, {"private": {"a": value}}):
        with pytest.raises(NotCanonical):
            record(happened(**told))
    assert not FactRow.objects.exists()


# What is stored


def test_plain_fields_stand_in_the_row_and_private_ones_sealed_beside_it(ring, kinds):
    stated = NOW - timedelta(days=2)
    record(happened(plain={"level": 2}, private={"name": "王小明"}, happened_at=stated))
    row, sealed = FactRow.objects.get(), FactPrivate.objects.get()

    assert row.value("level") == 2 and row.value("type") == "test.happened" and row.value("actor") == str(SOMEBODY)
    assert row.value("happened_at") == chain.time_text(stated) and row.at == NOW
    assert "王" not in str(row.plain) and "王".encode() not in bytes(sealed.sealed)
    (told,) = facts_told([row])
    assert told.private == {"name": "王小明"} and told.plain("level") == 2
    for name, (salt, value) in row.plain.items():
        assert chain.commitment(bytes.fromhex(salt), name, value) in row.digests
    assert chain.commitment(bytes.fromhex(sealed.salt), "name", "王小明") in row.digests
    assert len(row.digests) == len(row.plain) + 1


def test_only_the_first_fact_says_which_stream_it_is(ring, kinds):
    record(happened(), happened())
    first, second = FactRow.objects.order_by("position")

    assert (first.value("stream_noun"), first.value("stream_uid")) == ("case", "1")
    assert second.value("stream_noun") is None


def test_words_are_committed_by_digest(ring, kinds):
    with unit():
        text = text_write(stream="case:1", kind="message", body="退款", branch_id=1, now=NOW)
        facts_record([happened(texts={"words": text})], actor=SOMEBODY, now=NOW)
    (told,) = facts_told([FactRow.objects.get()])

    assert told.private["words"] == {"text": str(text.uid), "sha256": text.sha256, "chars": 2}


def test_a_deputy_is_named_with_whom_they_stand_in_for(ring, kinds):
    record(happened(), actor=Actor("user", "deputy", acting_for="manager"))
    row = FactRow.objects.get()

    assert (row.actor, row.value("acting_for")) == ("user:deputy", "manager")


def test_clocks_start_from_the_earlier_of_stated_and_server_time(ring, kinds):
    seen = []
    kinds["test.happened"] = FactKind(lambda told: "", inside=(lambda event, **_: seen.append(event.started_at),))
    record(happened(), happened(happened_at=NOW - MINUTE), happened(happened_at=NOW + MINUTE))
    assert seen == [NOW, NOW - MINUTE, NOW]


def test_a_clock_that_went_backwards_is_flagged(ring, kinds):
    record(happened())
    record(happened(), now=NOW - MINUTE)
    record(happened(), now=NOW)
    rows = FactRow.objects.order_by("position")

    assert [row.value("clock_behind_by_us") for row in rows] == [None, 60_000_000, None]
    assert verify_streams().holds


def test_every_fact_waits_for_a_checkpoint(ring, kinds):
    record(happened(), happened("case:2"))
    assert set(ChainPending.objects.values_list("pk", flat=True)) == set(FactRow.objects.values_list("pk", flat=True))


def test_streams_are_chained_apart(ring, kinds):
    for n in range(12):
        record(happened("case:1", plain={"n": n}), happened("case:2"), happened("case:1"))
    assert FactRow.objects.filter(stream="case:1").count() == 24
    assert chained("case:1") is None and chained("case:2") is None


# Reactions


def test_inside_reactions_run_until_nothing_new_happens(ring, kinds):
    def echo(event, *, actor, now):
        n = event.plain["n"]
        if n < 3:
            facts_record([happened("case:2", plain={"n": n + 1})], actor=actor, now=now)

    kinds["test.happened"] = FactKind(lambda told: "", inside=(echo,))
    record(happened(plain={"n": 0}))
    assert [(r.stream, r.value("n")) for r in FactRow.objects.order_by("id")] == [
        ("case:1", 0), ("case:2", 1), ("case:2", 2), ("case:2", 3),
    ]


def test_words_written_by_a_reaction_are_found(ring, kinds):
    from suyuan.platform.search import texts_matching

    def note(event, *, actor, now):
        text_write(stream="case:1", kind="note", body="危險徵象", branch_id=1, now=now)

    kinds["test.happened"] = FactKind(lambda told: "", inside=(note,))
    record(happened())
    assert texts_matching("徵象", branches=None, compartments={""}).count() == 1


def test_a_reaction_that_fails_undoes_the_write(ring, kinds):
    def fail(event, *, actor, now):
        raise Refusal

    kinds["test.happened"] = FactKind(lambda told: "", inside=(fail,))
    with pytest.raises(Refusal):
        record(happened())
    assert not FactRow.objects.exists()


def test_an_after_reaction_is_a_job_of_the_same_commit(ring, kinds, monkeypatch):
    monkeypatch.setattr(registry, "_handlers", {})
    registry.job("tests.tell")(lambda args, now: None)
    kinds["test.happened"] = FactKind(lambda told: "", after=("tests.tell",))
    with pytest.raises(Refusal), unit():
        facts_record([happened()], actor=SOMEBODY, now=NOW)
        raise Refusal
    assert not Job.objects.exists()

    record(happened())
    row, job = FactRow.objects.get(), Job.objects.get()
    assert job.args == {"fact": str(row.uid), "stream": "case:1"}
    assert job.unique_key == f"fact:{row.uid}:tests.tell"


# Cost


def statements(*recorded: Fact) -> list[str]:
    with CaptureQueriesContext(connection) as told:
        record(*recorded)
    return [query["sql"].partition(" ")[0] for query in told]


def test_one_fact_or_five_cost_the_same_and_there_is_no_savepoint(committed, kinds):
    one = statements(happened(private={"a": "b"}))
    five = statements(*[happened(private={"a": "b"}) for _ in range(5)])
    two_streams = statements(happened("case:2", private={"a": "b"}), happened("case:3", private={"a": "b"}))

    assert one == five == two_streams
    assert Counter(one) == {"BEGIN": 1, "INSERT": 4, "SELECT": 1, "UPDATE": 1, "COMMIT": 1}
    assert not any("SAVEPOINT" in sql for sql in one)


# The same story


def story() -> None:
    with chance.seeded(2026), clock.frozen(NOW):
        for n in range(4):
            with unit():
                text = text_write(stream="case:1", kind="message", body=f"退款 {n} é e\u0301 😡\r\n", branch_id=1, now=clock.now())
                facts_record(
                    [
                        happened("case:1", plain={"n": n, "z": None, "list": ["a", True]}, private={"name": "王小明"}),
                        happened("case:2", texts={"words": text}, happened_at=NOW - MINUTE),
                    ],
                    actor=SYSTEM if n % 2 else SOMEBODY,
                    now=clock.now() + n * MINUTE + timedelta(microseconds=n),
                )


def test_the_same_story_has_the_same_bytes_on_every_database(ring, kinds):
    story()
    leaves = {head.stream: head.leaf for head in StreamHead.objects.order_by("stream")}

    assert leaves == STORY
    assert verify_streams().holds


# Many at once


def in_threads(count: int, work) -> list[Exception]:
    failures: list[Exception] = []

    def run(n: int) -> None:
        try:
            work(n)
        except Exception as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_four_writers_of_forty_facts_lose_none(committed, kinds):
    def work(n: int) -> None:
        for i in range(40):
            # Each in the order that would be wrong for the other, if heads were not locked in one order.
            streams = ["case:shared", f"case:{n}", "case:also"]
            record(*[happened(s, plain={"n": n, "i": i}, private={"p": "x"}) for s in (streams if n % 2 else streams[::-1])])

    assert in_threads(4, work) == []
    for stream, count in {"case:shared": 160, "case:also": 160, "case:2": 40}.items():
        assert FactRow.objects.filter(stream=stream).count() == count
        assert chained(stream) is None
    told = Counter((row.value("n"), row.value("i")) for row in FactRow.objects.filter(stream="case:shared"))
    assert len(told) == 160
    report = verify_streams()
    assert report.holds and report.facts == 480


def on_postgresql(test):
    """Collected on PostgreSQL only."""
    return test if connection.vendor == "postgresql" else None


@on_postgresql
def test_a_deadlock_reruns_the_outermost_service_once(committed, kinds):
    """Two services lock two rows in opposite order; PostgreSQL kills one, which is done again. SQLite has one writer."""
    holds = Hold.objects.bulk_create(
        [Hold(stream=f"case:{n}", kind="court", reason="r", placed_by="a", placed_at=NOW) for n in range(2)]
    )
    both, runs = threading.Barrier(2, timeout=20), Counter()

    @writes
    def cross(*, first: Hold, second: Hold) -> None:
        runs[first.pk] += 1
        Hold.objects.select_for_update().get(pk=first.pk)
        if runs[first.pk] == 1 and not both.broken:
            both.wait()
        Hold.objects.select_for_update().get(pk=second.pk)
        facts_record([happened("case:shared", plain={"first": first.pk})], actor=SOMEBODY, now=NOW)

    failures = in_threads(2, lambda n: cross(first=holds[n], second=holds[1 - n]))
    assert failures == []
    assert sorted(runs.values()) == [1, 2]
    assert FactRow.objects.count() == 2 and chained("case:shared") is None


def test_a_second_deadlock_and_any_other_failure_reach_the_caller(committed, kinds):
    class Deadlock(Exception):
        sqlstate = "40P01"

    runs = []

    @writes
    def always(*, cause: Exception) -> None:
        runs.append(1)
        raise OperationalError("no") from cause

    with pytest.raises(OperationalError):
        always(cause=Deadlock())
    assert len(runs) == (2 if connection.vendor == "postgresql" else 1)
    runs.clear()
    with pytest.raises(OperationalError):
        always(cause=Exception())
    assert len(runs) == 1


def test_a_service_refuses_to_run_inside_a_foreign_transaction(committed, kinds):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        record(happened())
