"""Facts get their numbers, the log is signed, and nothing is signed that does not hold."""
from __future__ import annotations

import hashlib
import subprocess
import threading
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection, connections

from suyuan.kernel import chain, merkle, notes
from suyuan.platform import chance, checkpoints, facts, installation, keys, log, triggers, verify
from suyuan.platform.checkpoints import CheckpointRefused, checkpoint_make
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.models import (
    ChainPending,
    Checkpoint,
    FactRow,
    HeadNode,
    LogEntry,
    LogHead,
    LogNode,
    StreamHead,
)
from suyuan.platform.proofs import proof_of_fact
from suyuan.platform.units import unit
from suyuan.platform.verify import verify_streams
from tests.platform.real import child
from tests.platform.stories import NOW, SOMEBODY

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def told_kinds(kinds):
    for name in (installation.SIGNING_KEY_ROTATED, checkpoints.RESTORED):
        kinds[name] = facts.FactKind(phrase=lambda told: "")


def happen(*streams: str, now=NOW) -> None:
    with unit():
        facts_record([Fact("test.happened", stream, plain={"n": 1}) for stream in streams], actor=SOMEBODY, now=now)


def leaves() -> list[bytes]:
    numbered = LogEntry.objects.order_by("index").values_list("fact__leaf", flat=True)
    return [bytes.fromhex(leaf) for leaf in numbered]


def stands(row: Checkpoint) -> None:
    """Held against the definitions in docs/bundle.md, from nothing but the facts and the public key."""
    of_log = leaves()[: row.size]
    assert row.root == merkle.log_root(of_log).hex()
    assert hashlib.sha256(row.text.encode()).hexdigest() == row.sha256
    note = notes.checkpoint_read(row.text)
    assert (note.size, note.root, note.heads) == (row.size, row.root, row.heads)
    (public,) = [key.raw for key in keys.public_keys() if key.fingerprint == row.fingerprint]
    assert keys.signature_holds(public, bytes(row.signature), row.text.encode())


def heads_now() -> dict[int, list[merkle.Head]]:
    buckets: dict[int, list[merkle.Head]] = {}
    for token, position, leaf in sorted(StreamHead.objects.values_list("token", "position", "leaf")):
        buckets.setdefault(merkle.bucket_of(token), []).append((token, position, leaf))
    return buckets


# What is made


@pytest.mark.requirement("A-15")
def test_what_waits_is_numbered_and_signed(ring):
    happen("case:1", "case:2")
    happen("case:1")
    row = checkpoint_make(now=NOW)

    assert row is not None and row.size == 3 and row.epoch == 1 and row.previous == "0" * 64
    assert not ChainPending.objects.exists()
    assert list(LogEntry.objects.order_by("index").values_list("index", "fact_id")) == list(
        enumerate(FactRow.objects.order_by("id").values_list("pk", flat=True))
    )
    stands(row)
    assert row.heads == merkle.heads_root(heads_now()).hex()
    assert row.text.splitlines()[0] == "suyuan log 1" and row.text.count("\n") == 11
    assert verify_streams().holds


def test_nothing_waiting_nothing_signed(ring):
    assert checkpoint_make(now=NOW) is None
    happen("case:1")
    assert checkpoint_make(now=NOW) is not None
    assert checkpoint_make(now=NOW) is None
    assert Checkpoint.objects.count() == 1


def test_each_checkpoint_names_the_one_before_and_goes_on_from_it(ring):
    rows = []
    for n in range(9):
        happen(*[f"case:{n % 4}"] * (n + 1), now=NOW + n * MINUTE)
        rows.append(checkpoint_make(now=NOW + n * MINUTE))

    for row in rows:
        stands(row)
    assert [row.previous for row in rows[1:]] == [row.sha256 for row in rows[:-1]]
    for first in rows:
        for second in rows[rows.index(first) :]:
            proof = [bytes.fromhex(digest) for digest in log.consistency(first.size, second.size)]
            roots = bytes.fromhex(first.root), bytes.fromhex(second.root)
            assert merkle.consistency_holds(first.size, second.size, *roots, proof)
    assert verify_streams().holds


def test_a_long_queue_is_signed_piece_by_piece(ring, monkeypatch):
    monkeypatch.setattr(checkpoints, "AT_MOST", 7)
    for n in range(10):
        happen("case:1", f"case:{n}", "case:2")
    newest = checkpoint_make(now=NOW)

    assert newest.size == 30
    assert list(Checkpoint.objects.order_by("size").values_list("size", flat=True)) == [7, 14, 21, 28, 30]
    for row in Checkpoint.objects.all():
        stands(row)
    assert newest.heads == merkle.heads_root(heads_now()).hex()
    assert verify_streams().holds


def test_facts_after_the_checkpoint_wait_and_are_not_in_it(ring):
    happen("case:1", "case:2")
    row = checkpoint_make(now=NOW)
    happen("case:1", "case:3")

    entries, path = log.bucket_at(merkle.bucket_of(chain.stream_token("case:1")))
    leaf = FactRow.objects.get(stream="case:1", position=1).leaf
    assert [chain.stream_token("case:1"), 1, leaf] in entries
    number = merkle.bucket_of(chain.stream_token("case:1"))
    assert merkle.heads_hold(number, entries, [bytes.fromhex(d) for d in path], bytes.fromhex(row.heads))
    assert verify_streams().holds and ChainPending.objects.count() == 2


def test_every_event_has_its_proof_to_every_later_size(ring):
    for n in range(6):
        happen(*[f"case:{m}" for m in range(n + 1)])
        checkpoint_make(now=NOW)
    numbers = log.index_of(FactRow.objects.all())
    rows = {row.pk: row.leaf for row in FactRow.objects.all()}

    assert sorted(numbers.values()) == list(range(21))
    for made in Checkpoint.objects.all():
        below = {fact: number for fact, number in numbers.items() if number < made.size}
        proofs = log.inclusions(list(below.values()), made.size)
        for (fact, number), proof in zip(below.items(), proofs, strict=True):
            told = [bytes.fromhex(digest) for digest in proof]
            leaf, root = bytes.fromhex(rows[fact]), bytes.fromhex(made.root)
            assert merkle.inclusion_holds(number, made.size, leaf, told, root)


def test_a_checkpoint_costs_the_same_however_long_the_log(ring, django_assert_max_num_queries):
    for n in range(60):
        happen(*[f"case:{n}-{m}" for m in range(10)])
    checkpoint_make(now=NOW)
    happen("case:1")
    with django_assert_max_num_queries(40):
        checkpoint_make(now=NOW)


def test_the_newest_bucket_of_a_stream_nobody_knows_is_shown_to_be_empty_of_it(ring):
    happen("case:1")
    row = checkpoint_make(now=NOW)
    number = merkle.bucket_of(chain.stream_token("case:nobody"))
    entries, path = log.bucket_at(number)

    assert entries == []
    assert merkle.heads_hold(number, [], [bytes.fromhex(d) for d in path], bytes.fromhex(row.heads))


# The clock and the epoch


def test_a_clock_that_was_set_back_is_said(ring):
    happen("case:1")
    checkpoint_make(now=NOW)
    happen("case:1")
    row = checkpoint_make(now=NOW - timedelta(seconds=90, microseconds=1))

    assert notes.checkpoint_read(row.text).clock == "stepped back 91"
    happen("case:1")
    later = checkpoint_make(now=NOW)
    assert notes.checkpoint_read(later.text).clock in ("system", "ntp")
    assert verify_streams().holds


def test_what_the_kernel_says_of_the_clock_is_passed_on(ring, monkeypatch):
    for said, line in ((True, "ntp"), (False, "system")):
        monkeypatch.setattr(checkpoints, "clock_synchronised", lambda said=said: said)
        happen("case:1")
        assert notes.checkpoint_read(checkpoint_make(now=NOW).text).clock == line


def test_a_restored_backup_begins_an_epoch(ring):
    happen("case:1")
    before = checkpoint_make(now=NOW)
    installation.restored_record(
        backup="2026-11-20", last_size=9, last_root="ab" * 32, reason="硬碟壞了", actor=SOMEBODY, now=NOW
    )
    after = checkpoint_make(now=NOW + MINUTE)

    assert (before.epoch, after.epoch) == (1, 2)
    assert "epoch 2\n" in after.text
    restored = FactRow.objects.get(type=checkpoints.RESTORED)
    assert restored.stream == installation.installation_stream() and restored.value("last_size") == 9
    happen("case:1")
    assert checkpoint_make(now=NOW + 2 * MINUTE).epoch == 2
    assert verify_streams().holds


# Nothing is signed that does not hold


@pytest.mark.requirement("A-15")
@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("digests", ["0" * 64], "leaf_differs"),
        ("digests", {"a": 1}, "commitments_unreadable"),
        ("digests", ["1" * 64, "0" * 64], "commitments_not_sorted_or_twice"),
        ("prev", "f" * 64, "leaf_differs"),
        ("at", NOW - MINUTE, "leaf_differs"),
        ("leaf", "f" * 64, "leaf_differs"),
        ("position", 7, "leaf_differs"),
        ("token", "f" * 64, "leaf_differs"),
        ("stream", "case:9", "foreign_stream"),
    ],
)
def test_a_row_edited_before_it_was_signed_is_not_signed(ring, column, value, why):
    happen("case:1", "case:2")
    checkpoint_make(now=NOW)
    happen("case:2", "case:1")
    triggers.drop()
    FactRow.objects.filter(stream="case:1", position=2).update(**{column: value})

    with pytest.raises(CheckpointRefused) as refused:
        checkpoint_make(now=NOW)
    assert refused.value.fault.why == why
    assert Checkpoint.objects.count() == 1 and ChainPending.objects.count() == 2
    assert checkpoints.checkpoint_refused() == str(refused.value.fault)
    cache.clear()


def test_the_health_page_forgets_the_fault_when_it_is_mended(ring):
    happen("case:1")
    triggers.drop()
    FactRow.objects.update(prev="f" * 64)
    with pytest.raises(CheckpointRefused):
        checkpoint_make(now=NOW)
    FactRow.objects.update(prev="0" * 64)
    checkpoint_make(now=NOW)
    assert checkpoints.checkpoint_refused() == ""


def _edit_node() -> None:
    LogNode.objects.filter(place=1 << 48).update(digest=b"\0" * 32)


def _edit_head() -> None:
    LogHead.objects.filter(token=chain.stream_token("case:1")).update(leaf="0" * 64)


def _edit_head_node() -> None:
    for node in HeadNode.objects.filter(place__lt=1 << 52):
        HeadNode.objects.filter(pk=node.pk).update(digest=bytes(node.digest)[::-1])


def _edit_checkpoint() -> None:
    row = Checkpoint.objects.get()
    Checkpoint.objects.update(text=row.text.replace("epoch 1", "epoch 3"))


def _forget_stream() -> None:
    LogHead.objects.filter(token=chain.stream_token("case:1"))._raw_delete("default")


def _forget_entry() -> None:
    LogEntry.objects.filter(index=1)._raw_delete("default")


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (_edit_node, "log_inconsistent"),
        (_edit_head, "missing_or_reordered"),
        (_edit_head_node, "heads_differ"),
        (_edit_checkpoint, "checkpoint_differs"),
        (_forget_stream, "missing_or_reordered"),
        (_forget_entry, "log_differs_from_checkpoint"),
    ],
)
def test_a_log_edited_after_it_was_signed_is_not_gone_on_with(ring, edit, why):
    happen("case:1", "case:2")
    checkpoint_make(now=NOW)
    happen("case:1")
    triggers.drop()
    edit()

    with pytest.raises(CheckpointRefused) as refused:
        checkpoint_make(now=NOW)
    assert refused.value.fault.why == why
    assert not verify_streams().holds
    cache.clear()


def test_a_history_rewritten_with_all_that_is_kept_of_it_is_not_gone_on_with(ring):
    """Facts, leaves and nodes agree with each other, but not with what was signed."""
    happen("case:1", "case:2")
    checkpoint_make(now=NOW)
    triggers.drop()
    row = FactRow.objects.get(stream="case:1")
    leaf = chain.leaf_hash(
        token=row.token, position=1, prev=row.prev, at=chain.time_text(row.at - MINUTE), commitments=row.digests
    )
    FactRow.objects.filter(pk=row.pk).update(at=row.at - MINUTE, leaf=leaf)
    StreamHead.objects.filter(stream="case:1").update(leaf=leaf, at=row.at - MINUTE)
    LogHead.objects.filter(token=row.token).update(leaf=leaf)
    index = log.index_of([row])[row.pk]
    LogNode.objects.filter(place=index).update(digest=bytes.fromhex(leaf))
    both = [bytes(node.digest) for node in LogNode.objects.filter(place__lt=2).order_by("place")]
    LogNode.objects.filter(place=1 << 48).update(digest=merkle.node_hash(*both))
    happen("case:3")

    with pytest.raises(CheckpointRefused, match="log_inconsistent"):
        checkpoint_make(now=NOW)
    assert [fault.why for fault in verify_streams().faults] == ["root_differs", "heads_root_differs", "head_node_differs"]
    cache.clear()


# Keys


@pytest.mark.requirement("A-15")
def test_a_new_signing_key_is_endorsed_by_the_old_and_both_stay_good(ring):
    happen("case:1")
    old_receipt = keys.sign(b"receipt")
    first = checkpoint_make(now=NOW)
    link = installation.signing_key_rotate(actor=SOMEBODY, now=NOW + MINUTE)
    second = checkpoint_make(now=NOW + 2 * MINUTE)

    chained = keys.key_chain()
    assert [one.key for one in chained] == [first.fingerprint, second.fingerprint]
    assert chained[1] == link and link.after == first.fingerprint and chained[0].after == chained[0].signature == ""
    assert link.text == f"suyuan key 1\nkey {link.key}\npublic {link.public}\nat {link.at}\nafter {link.after}\n"
    assert keys.signature_holds(bytes.fromhex(chained[0].public), bytes.fromhex(link.signature), link.text.encode())
    assert keys.key_chain_fault(chained) is None
    assert keys.verify(b"receipt", old_receipt.bytes, old_receipt.key_id)
    assert FactRow.objects.get(type=installation.SIGNING_KEY_ROTATED).value("key") == link.key
    assert verify_streams().holds


def test_a_process_that_slept_through_a_rotation_signs_checkpoints_with_the_new_key(ring):
    asleep = keys.ring()
    link = installation.signing_key_rotate(actor=SOMEBODY, now=NOW)
    keys._ring = asleep

    assert checkpoint_make(now=NOW).fingerprint == link.key


@pytest.mark.requirement("A-15")
def test_a_process_at_work_signs_with_the_new_key_and_knows_what_it_signed(committed):
    happen("case:1")
    other = child("sign", "case:1", stdin=subprocess.PIPE)
    try:
        assert other.stdout.readline() == "ready\n"
        link = installation.signing_key_rotate(actor=SOMEBODY, now=NOW)
        checkpoint_make(now=NOW)
        receipt = proof_of_fact(FactRow.objects.get(stream="case:1"))
        happen("case:1")
        told, _ = other.communicate(receipt.compact + "\n", timeout=60)
    finally:
        other.kill()
        other.wait()
    assert told.split() == ["None", "good", link.key, link.key]
    assert verify_streams().holds


@pytest.mark.parametrize("edit", [{"after": "0" * 64}, {"endorsement": b"\0" * 64}, {"endorsement": None}, {"created_at": NOW}])
def test_a_key_slipped_in_is_found(ring, edit):
    from suyuan.platform.models import WrappedKey

    installation.signing_key_rotate(actor=SOMEBODY, now=NOW + MINUTE)
    checkpoint_make(now=NOW + MINUTE)
    triggers.drop()
    WrappedKey.objects.filter(kind="signing", retired_at=None).update(**edit)

    assert [(fault.stream, fault.position) for fault in verify_streams().faults] == [("keys", 2)]


# The same everywhere


# The last checkpoint of `story` below: the same on every database, in every process, for ever.
STORY_ROOT = "d004a413609b5456b36be274f74c1acd384f383c1fdd6051c78a7dfb56a9d7c8"
STORY_HEADS = "9bc3de6006dee35c8d6670fc87eb652e4cec993a9d440d27dd02632d9f55eb7c"


def test_the_same_story_gives_the_same_log_on_every_database(ring):
    with chance.seeded(7):
        for n in range(12):
            happen("case:1", f"case:{n % 5}", now=NOW + n * MINUTE)
            if n % 4 == 3:
                row = checkpoint_make(now=NOW + n * MINUTE)
    assert (row.root, row.heads) == (STORY_ROOT, STORY_HEADS)


def test_the_verifier_reads_the_log_once(ring, django_assert_max_num_queries, monkeypatch):
    for n in range(30):
        happen("case:1", f"case:{n}")
        checkpoint_make(now=NOW)
    with django_assert_max_num_queries(30):
        assert verify_streams().holds
    assert connection.vendor in ("sqlite", "postgresql") and verify.AT_ONCE


# Many at once


@pytest.mark.requirement("A-15")
def test_eight_writers_while_two_sign_leave_one_log_without_gaps(committed, kinds):
    """Late commits are numbered later, never skipped, and whoever signs goes on from the same last checkpoint."""
    kinds["test.happened"] = facts.FactKind(phrase=lambda told: "")
    failures: list[BaseException] = []
    writing = threading.Event()

    def run(work) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    def write(n: int) -> None:
        for i in range(12):
            happen("case:shared", f"case:{n}-{i % 3}")

    def sign() -> None:
        while not writing.is_set():
            checkpoint_make(now=NOW)

    writers = [threading.Thread(target=run, args=(lambda n=n: write(n),)) for n in range(8)]
    signers = [threading.Thread(target=run, args=(sign,)) for _ in range(2)]
    for thread in (*writers, *signers):
        thread.start()
    for thread in writers:
        thread.join()
    writing.set()
    for thread in signers:
        thread.join()
    checkpoint_make(now=NOW)

    assert failures == []
    assert list(LogEntry.objects.order_by("index").values_list("index", flat=True)) == list(range(192))
    rows = list(Checkpoint.objects.order_by("size"))
    assert [row.previous for row in rows[1:]] == [row.sha256 for row in rows[:-1]] and len(rows) > 1
    report = verify_streams()
    assert report.holds and report.facts == 192, [str(fault) for fault in report.faults]
