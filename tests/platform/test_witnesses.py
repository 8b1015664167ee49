"""E5: a house that turns back to a snapshot, or rewrites its history and signs it again with its real key, looks whole
from inside. Any one thing that somebody else holds from after that point gives it away.
"""
from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import transaction

from suyuan.kernel import chain, merkle, notes
from suyuan.platform import log, triggers
from suyuan.platform.checkpoints import checkpoint_make
from suyuan.platform.cosigning import cosign, cosignature_file_read
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.models import (
    ChainPending,
    Checkpoint,
    FactPrivate,
    FactRow,
    HeadNode,
    LogEntry,
    LogHead,
    LogNode,
    StreamHead,
)
from suyuan.platform.proofs import Proof, proof_judge, proof_of_fact, proof_placed
from suyuan.platform.units import unit
from suyuan.platform.verify import verify_streams
from tests.platform.stories import NOW, SOMEBODY

TRIALS = 100
MINUTE = timedelta(minutes=1)
STREAMS = ("case:1", "case:2")
LAWYER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


class Outside:
    """What others hold: receipts, receipts with their place, and co-signed checkpoints, each with the log's size then."""

    def __init__(self) -> None:
        self.receipts: list[tuple[int, str, Proof]] = []
        self.checkpoints: list[tuple[int, str]] = []


@pytest.fixture
def outside(ring, kinds) -> Outside:
    """Five checkpoints over ten facts of two streams; after each, somebody is given something."""
    held = Outside()
    pem = LAWYER.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for n in range(5):
        with unit():
            told = [Fact("test.happened", stream, plain={"n": n}, private={"p": "溫"}) for stream in STREAMS]
            facts_record(told, actor=SOMEBODY, now=NOW + n * MINUTE)
        row = checkpoint_make(now=NOW + n * MINUTE)
        for stream in STREAMS:
            proof = proof_of_fact(FactRow.objects.get(stream=stream, position=n + 1))
            held.receipts.append((row.size, stream, proof))
            held.checkpoints.append((row.size, proof_placed(proof).checkpoint.text))
        co = cosign(checkpoint=row.text, key_pem=pem, by="A", now=NOW)
        assert cosignature_file_read(co.file, co.public).note.checkpoint == row.sha256
        held.checkpoints.append((row.size, row.text))
    triggers.drop()
    return held


# The frauds. Each leaves a database in which everything fits everything else, signed with the real key.


def _roll_back(chance: random.Random) -> tuple[int, set[str]]:
    """To an earlier checkpoint; then life goes on, and the log grows past where it was."""
    kept = chance.choice(list(Checkpoint.objects.order_by("size"))[:-1])
    gone = list(LogEntry.objects.filter(index__gte=kept.size).values_list("fact_id", flat=True))
    _sign_anew(lambda: _forget(gone), until=kept.size)
    for n in range(chance.randrange(5)):
        with unit():
            facts_record([Fact("test.happened", s, plain={"n": -n}) for s in STREAMS], actor=SOMEBODY, now=NOW)
        checkpoint_make(now=NOW + n * MINUTE)
    return kept.size, set(STREAMS)


def _rewrite(chance: random.Random) -> tuple[int, set[str]]:
    """One fact says something else, and everything that rests on it is made again."""
    row = chance.choice(list(FactRow.objects.order_by("id")))
    index = LogEntry.objects.get(fact=row).index

    def edit() -> None:
        salt, _value = row.plain["n"]
        row.plain["n"] = [salt, 99]
        digests = [d for _name, d in chain.commitments_stored(row.plain)]
        sealed = set(row.digests) - {chain.commitment(bytes.fromhex(salt), "n", _value), *digests}
        FactRow.objects.filter(pk=row.pk).update(plain=row.plain, digests=sorted({*digests, *sealed}))

    _sign_anew(edit, until=None)
    return index, {row.stream}


def _omit(chance: random.Random) -> tuple[int, set[str]]:
    """One fact was never there."""
    row = chance.choice(list(FactRow.objects.order_by("id")))
    index = LogEntry.objects.get(fact=row).index
    _sign_anew(lambda: _forget([row.pk]), until=None)
    return index, {row.stream}


def _backdate(chance: random.Random) -> tuple[int, set[str]]:
    """One fact happened earlier than it did."""
    row = chance.choice(list(FactRow.objects.order_by("id")))
    index = LogEntry.objects.get(fact=row).index
    _sign_anew(lambda: FactRow.objects.filter(pk=row.pk).update(at=row.at - MINUTE), until=None)
    return index, {row.stream}


def _forget(facts: list[int]) -> None:
    FactPrivate.objects.filter(fact_id__in=facts)._raw_delete("default")
    ChainPending.objects.filter(fact_id__in=facts)._raw_delete("default")
    FactRow.objects.filter(pk__in=facts)._raw_delete("default")


def _sign_anew(edit: Callable[[], object], until: int | None) -> None:
    """Take the log apart, edit, chain every stream again, and sign it all at the time of the last checkpoint that stays."""
    stays = Checkpoint.objects.filter(size__lte=until) if until is not None else Checkpoint.objects.all()
    at = stays.order_by("-size").first().at
    for model in (Checkpoint, LogEntry, LogNode, LogHead, HeadNode, ChainPending):
        model.objects.all()._raw_delete("default")
    edit()
    for stream in STREAMS:
        _chain_anew(stream)
    facts = FactRow.objects.order_by("id").values_list("pk", flat=True)
    ChainPending.objects.bulk_create([ChainPending(fact_id=pk) for pk in facts])
    checkpoint_make(now=at)


def _chain_anew(stream: str) -> None:
    prev, row = chain.NO_PREVIOUS, None
    for position, row in enumerate(FactRow.objects.filter(stream=stream).order_by("position"), start=1):
        names = {name: held for name, held in row.plain.items()}
        if position == 1 and "stream_noun" not in names:  # what was the second says now what the first must
            for name, value in zip(("stream_noun", "stream_uid"), stream.split(":"), strict=True):
                names[name] = ["00" * 16, value]
        digests = sorted({*row.digests, *(d for _name, d in chain.commitments_stored(names))})
        at = chain.time_text(row.at)
        leaf = chain.leaf_hash(token=row.token, position=position, prev=prev, at=at, commitments=digests)
        FactRow.objects.filter(pk=row.pk).update(plain=names, digests=digests, position=position, prev=prev, leaf=leaf)
        prev = leaf
    if row is None:
        StreamHead.objects.filter(stream=stream)._raw_delete("default")
        return
    StreamHead.objects.filter(stream=stream).update(position=position, leaf=prev, at=row.at)


# What gives it away


def _checkpoint_exposes(text: str) -> bool:
    """Whoever holds a checkpoint asks for the proof that the log has only grown since."""
    held, newest = notes.checkpoint_read(text), log.checkpoint_latest()
    if held.size > newest.size:
        return True
    proof = [bytes.fromhex(digest) for digest in log.consistency(held.size, newest.size)]
    return not merkle.consistency_holds(held.size, newest.size, bytes.fromhex(held.root), bytes.fromhex(newest.root), proof)


@pytest.mark.sqlite
@pytest.mark.requirement("A-15")
def test_a_history_turned_back_or_rewritten_with_the_real_key_is_exposed_by_any_one_witness(outside):
    chance, frauds = random.Random(5), (_roll_back, _rewrite, _omit, _backdate)
    for trial in range(TRIALS):
        fraud = frauds[trial % len(frauds)]
        before = transaction.savepoint()
        altered, streams = fraud(chance)
        report = verify_streams()
        assert report.holds, (fraud.__name__, [str(fault) for fault in report.faults])
        after = [text for size, text in outside.checkpoints if size > altered]
        assert after
        for text in after:
            assert _checkpoint_exposes(text), (fraud.__name__, altered)
        for size, stream, proof in outside.receipts:
            if size > altered and stream in streams:
                assert proof_judge(proof) == "signed", (fraud.__name__, altered, proof)
        transaction.savepoint_rollback(before)


def test_an_honest_history_stands_up_to_every_witness(outside):
    assert verify_streams().holds
    for _size, text in outside.checkpoints:
        assert not _checkpoint_exposes(text)
    for _size, _stream, proof in outside.receipts:
        assert proof_judge(proof) == "good"
