"""The verifier names the first place where a row is not what was committed, whatever was done to it."""
from __future__ import annotations

import hashlib
import json
import random
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, models, transaction

from suyuan.kernel import chain
from suyuan.platform import facts, triggers, verify
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.models import ChainPending, FactPrivate, FactRow, StreamHead, Text, TextIndex
from suyuan.platform.texts import text_write
from suyuan.platform.units import unit
from suyuan.platform.verify import Fault, verify_streams
from tests.platform.stories import NOW, SOMEBODY

EDITS = 200


@pytest.fixture
def told(ring, kinds) -> None:
    """Three streams of eight facts each, some with sealed fields and words. Their guards are down: a forger is at work."""
    for n in range(8):
        with unit():
            text = text_write(stream="case:1", kind="message", body=f"退款 {n}", branch_id=1, now=NOW)
            facts_record(
                [
                    Fact("test.happened", "case:1", plain={"n": n, "level": None}, texts={"words": text}),
                    Fact("test.happened", "case:2", private={"name": f"王{n}", "phone": "0912"}, happened_at=NOW),
                    Fact("test.happened", "case:3", plain={"list": [n, "x"], "note": ""}),
                ],
                actor=SOMEBODY,
                now=NOW + timedelta(seconds=n),
            )
    triggers.drop()


def first_fault(**told) -> tuple[str, int, str]:
    report = verify_streams(**told)
    assert report.faults, "nothing was found"
    return (report.faults[0].stream, report.faults[0].position, report.faults[0].why)


def fact(stream: str, position: int) -> models.QuerySet[FactRow]:
    return FactRow.objects.filter(stream=stream, position=position)


def test_an_untouched_database_holds(told):
    report = verify_streams()
    assert report.holds
    assert (report.streams, report.facts, report.private_fields, report.texts) == (3, 24, 24, 8)


def test_an_empty_database_holds(db):
    assert verify_streams() == verify.Report()


def test_some_streams_can_be_verified_alone(told):
    report = verify_streams(["case:2"])
    assert report.holds and (report.streams, report.facts, report.texts) == (1, 8, 0)
    fact("case:1", 3).update(type="other")
    assert verify_streams(["case:2", "case:3"]).holds
    assert first_fault(streams=["case:1"]) == ("case:1", 3, "column_differs")


def test_batches_end_anywhere(told, monkeypatch):
    for size in (1, 2, 5, 7, 24, 25):
        monkeypatch.setattr(verify, "AT_ONCE", size)
        assert verify_streams().holds
    fact("case:2", 4).update(prev="0" * 64)
    for size in (1, 2, 5, 7, 24, 25):
        monkeypatch.setattr(verify, "AT_ONCE", size)
        assert first_fault() == ("case:2", 4, "previous_differs")


def plain_of(row: FactRow, **changed) -> dict:
    return {**row.plain, **{name: [row.plain[name][0], value] for name, value in changed.items()}}


def test_a_plain_field_edited_in_place_is_found(told):
    row = fact("case:1", 4).get()
    fact("case:1", 4).update(plain=plain_of(row, n=99))
    assert verify_streams().faults == [Fault("case:1", 4, "plain_field_differs", "n")]


def test_a_plain_field_taken_away_or_added_is_found(told):
    row = fact("case:3", 2).get()
    fact("case:3", 2).update(plain={k: v for k, v in row.plain.items() if k != "note"})
    assert first_fault() == ("case:3", 2, "field_missing")
    fact("case:3", 2).update(plain={**row.plain, "extra": ["00" * 16, 1]})
    assert first_fault() == ("case:3", 2, "plain_field_differs")
    fact("case:3", 2).update(plain={**row.plain, "copy": row.plain["note"]})
    assert first_fault() == ("case:3", 2, "plain_field_differs")


@pytest.mark.parametrize("plain", [[], 1, None, "x", {"n": 1}, {"n": ["zz", 1]}, {"n": [1, 2]}, {"n": ["00"]}, {"n": ["00" * 16, 1.5]}])
def test_garbage_in_a_row_is_a_fault_and_no_crash(told, plain):
    fact("case:1", 5).update(plain=models.Value(plain, models.JSONField()))
    assert first_fault() == ("case:1", 5, "plain_field_differs")


@pytest.mark.parametrize("digests", [[], {}, 1, None, "x", [1], ["b", "a"], [None]])
def test_garbage_among_digests_is_a_fault_and_no_crash(told, digests):
    fact("case:1", 5).update(digests=models.Value(digests, models.JSONField()))
    assert first_fault()[:2] == ("case:1", 5)


@pytest.mark.parametrize("column", ["type", "actor"])
def test_the_columns_must_say_what_was_committed(told, column):
    fact("case:2", 6).update(**{column: "other"})
    assert first_fault() == ("case:2", 6, "column_differs")


def test_a_sealed_field_altered_swapped_or_deleted_is_found(told):
    one, other = FactPrivate.objects.filter(fact__stream="case:2", fact__position__in=(3, 4), name="name").order_by("pk")
    mine = FactPrivate.objects.filter(pk=one.pk)
    for changed in (
        {"sealed": bytes(one.sealed)[:-1] + bytes([one.sealed[-1] ^ 1])},
        {"sealed": other.sealed},
        {"sealed": b""},
        {"salt": other.salt},
        {"salt": "zz"},
        {"name": "nickname"},
    ):
        mine.update(**changed)
        assert first_fault() == ("case:2", 3, "private_field_differs"), changed
        mine.update(sealed=one.sealed, salt=one.salt, name=one.name)
    assert verify_streams().holds
    mine._raw_delete("default")
    assert verify_streams().faults[0] == Fault("case:2", 3, "field_missing", f"1 of {len(fact('case:2', 3).get().digests)}")


def test_words_altered_or_deleted_are_found(told):
    text = Text.objects.order_by("pk")[2]
    mine = Text.objects.filter(pk=text.pk)
    mine.update(body="退款 二")
    assert verify_streams().faults == [
        Fault("case:1", 3, "text_differs", "words"), Fault("case:1", 0, "text_differs", str(text.uid)),
    ]
    mine.update(sha256=hashlib.sha256("退款 二".encode()).hexdigest())
    assert verify_streams().faults == [Fault("case:1", 3, "text_differs", "words")]
    TextIndex.objects.filter(pk=text.pk)._raw_delete("default")
    mine._raw_delete("default")
    assert first_fault() == ("case:1", 3, "text_missing")


def rechained(stream: str, start: int) -> None:
    """A forger with the database recomputes every leaf from there on, but not what others hold."""
    prev = fact(stream, start - 1).get().leaf if start > 1 else chain.NO_PREVIOUS
    for row in FactRow.objects.filter(stream=stream, position__gte=start).order_by("position"):
        leaf = chain.leaf_hash(
            token=row.token, position=row.position, prev=prev, at=chain.time_text(row.at), commitments=row.digests
        )
        FactRow.objects.filter(pk=row.pk).update(prev=prev, leaf=leaf)
        prev = leaf


def test_a_history_rewritten_up_to_the_end_differs_from_its_head(told):
    fact("case:3", 5).update(at=NOW)
    rechained("case:3", 5)
    assert first_fault() == ("case:3", 9, "head_differs")


def forget(rows: models.QuerySet[FactRow]) -> None:
    ids = list(rows.values_list("pk", flat=True))
    for model in (ChainPending, FactPrivate):
        model.objects.filter(fact_id__in=ids)._raw_delete("default")
    FactRow.objects.filter(pk__in=ids)._raw_delete("default")


def test_facts_taken_from_the_middle_the_end_or_altogether_are_found(told):
    forget(fact("case:3", 4))
    assert first_fault() == ("case:3", 4, "missing_or_reordered")
    forget(FactRow.objects.filter(stream="case:3", position__gte=4))
    assert first_fault() == ("case:3", 4, "head_differs")
    forget(FactRow.objects.filter(stream="case:3"))
    assert first_fault() == ("case:3", 1, "facts_missing")


def test_heads_must_be_there_and_agree(told):
    head = StreamHead.objects.get(stream="case:2")
    mine = StreamHead.objects.filter(pk=head.pk)
    for changed, why in [({"position": 9}, "head_differs"), ({"leaf": "0" * 64}, "head_differs"), ({"token": "0" * 64}, "head_differs")]:
        mine.update(**changed)
        assert first_fault() == ("case:2", 9, why)
        mine.update(position=head.position, leaf=head.leaf, token=head.token)
    mine._raw_delete("default")
    assert first_fault() == ("case:2", 8, "head_missing")


def test_a_stream_renamed_is_found(told):
    FactRow.objects.filter(stream="case:2").update(stream="case:9")
    StreamHead.objects.filter(stream="case:2").update(stream="case:9")
    assert first_fault() == ("case:9", 1, "foreign_stream")

    token = chain.stream_token("case:9")
    FactRow.objects.filter(stream="case:9").update(token=token)
    StreamHead.objects.filter(stream="case:9").update(token=token)
    rechained("case:9", 1)
    StreamHead.objects.filter(stream="case:9").update(leaf=fact("case:9", 8).get().leaf)
    assert first_fault() == ("case:9", 1, "stream_differs")


def test_a_fact_that_no_checkpoint_would_number_is_found(told):
    ChainPending.objects.filter(fact=fact("case:1", 2).get())._raw_delete("default")
    assert verify_streams().faults == [Fault("case:1", 2, "not_pending")]


def test_row_checks_say_what_was_edited_behind_our_back(told):
    seen = []

    def check(streams):
        seen.append(streams)
        yield Fault("case:1", 0, "stage_differs", "received / closed")

    report = verify_streams(["case:1"], rows_checks=[check])
    assert seen == [["case:1"]] and not report.holds
    assert str(report.faults[0]) == "case:1 #0: stage_differs (received / closed)"


def test_a_row_check_is_registered_once(monkeypatch):
    monkeypatch.setattr(verify, "_row_checks", {})
    verify.register_row_check("stages", lambda streams: ())
    assert len(verify.row_checks()) == 1
    with pytest.raises(ValueError, match="stages"):
        verify.register_row_check("stages", lambda streams: ())


# How a fact is called inside the database, and where words stand and how they are found, is not evidence.
NO_EVIDENCE = {FactRow: {"uid"}, Text: {"folded", "branch_id", "compartment", "kind", "at", "stream"}}
COLUMNS = [
    (model, field)
    for model in (FactRow, FactPrivate, StreamHead, Text)
    for field in model._meta.concrete_fields
    if not field.primary_key and field.name not in NO_EVIDENCE.get(model, ())
]


def test_every_column_of_evidence_edited_at_random_is_found(told):
    """Each of them, two hundred times, one edit at a time; then put back."""
    chance = random.Random(1)
    for n in range(EDITS):
        model, field = COLUMNS[n % len(COLUMNS)]
        row = chance.choice(list(model.objects.order_by("pk")))
        before = getattr(row, field.attname)
        after = other(chance, field, before)
        try:
            with transaction.atomic():
                model.objects.filter(pk=row.pk).update(**{field.attname: after})
        except IntegrityError:  # the database itself would not have it: two of one position, say
            continue
        assert not verify_streams().holds, (model.__name__, field.name, before, after)
        model.objects.filter(pk=row.pk).update(**{field.attname: before})
    assert verify_streams().holds


def other(chance: random.Random, field: models.Field, before):
    if isinstance(field, models.UUIDField):
        return facts.chance.uid()
    if isinstance(field, models.DateTimeField):
        return before + timedelta(microseconds=chance.choice([-1, 1]))
    if isinstance(field, models.BinaryField):
        place = chance.randrange(len(before))
        return bytes(before[:place]) + bytes([before[place] ^ (1 << chance.randrange(8))]) + bytes(before[place + 1 :])
    if isinstance(field, models.JSONField):
        text = json.dumps(before)
        for _ in range(1000):
            place = chance.randrange(len(text))
            try:
                changed = json.loads(text[:place] + chance.choice("0123456789abcdefxyz") + text[place + 1 :])
            except ValueError:
                continue
            if changed != before:
                return changed
        raise AssertionError("no other JSON was found")
    if isinstance(field, models.ForeignKey):
        return chance.choice(list(FactRow.objects.filter(stream="case:3").values_list("pk", flat=True)))
    if isinstance(field, models.IntegerField):
        return before + 100
    place = chance.randrange(len(before))
    return before[:place] + chance.choice([c for c in "0123456789abcdef退" if c != before[place]]) + before[place + 1 :]


def test_the_number_of_statements_does_not_grow_with_streams(told, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        verify_streams()
    assert connection.vendor in ("sqlite", "postgresql")
