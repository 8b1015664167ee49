"""E3: whoever edits the database past the product is refused by it; whoever tears the guards down first is found.

Every column of every table of the chain, the log, its anchors and the access log, by a list made from the schema: a new
table must be placed in one of the two lists below before these tests pass again.
"""
from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from suyuan.kernel.actor import SYSTEM
from suyuan.platform import access, anchors, facts, installation, triggers
from suyuan.platform.checkpoints import checkpoint_make
from suyuan.platform.cosigning import cosign
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.models import (
    AccessRow,
    Anchor,
    ChainPending,
    Checkpoint,
    FactPrivate,
    FactRow,
    HeadNode,
    LogEntry,
    LogHead,
    LogNode,
    StreamHead,
    Text,
    WrappedKey,
)
from suyuan.platform.texts import text_write
from suyuan.platform.units import unit
from suyuan.platform.verify import Fault, access_days, verify_streams
from tests.platform.stories import NOW, SOMEBODY, refused
from tests.platform.test_verify import other as another_value

EDITS = 200
MINUTE = timedelta(minutes=1)
BRANCH = "branch:1"

# Columns that say nothing about what happened: how a row is called inside the database, where words are found.
EVIDENCE: dict[type[models.Model], set[str]] = {
    FactRow: {"id", "uid"},
    FactPrivate: {"id"},
    StreamHead: {"id"},
    ChainPending: set(),
    LogEntry: set(),
    LogNode: set(),
    LogHead: set(),
    HeadNode: set(),
    Checkpoint: {"id"},
    Anchor: {"id"},
    Text: {"id", "folded", "branch", "branch_id", "compartment", "kind", "at", "stream"},
    AccessRow: {"id"},
    # What a wrapped key is, nobody but the master key can say; who follows whom is signed.
    WrappedKey: {"id", "kind", "key_id", "wrapped", "master_id", "retired_at"},
}
# Work that is under way; files, whose bytes are read again each week (test_files_*); orders of erasure, which have facts.
NO_EVIDENCE = {
    "installation", "job", "hold", "idempotencykey", "textindex", "upload", "uploadpiece", "storedfile", "filefault",
    "scrubrun", "erasureorder", "erasuretarget",
}  # fmt: skip


@pytest.fixture
def told(ring, kinds):
    """Two checkpoints, a new key between them, a co-signature, a closed day, and facts that still wait."""
    for name in (installation.SIGNING_KEY_ROTATED, anchors.ANCHORED, access.DAY_CLOSED):
        kinds[name] = facts.FactKind(phrase=lambda told: "")
    for n in range(6):
        _happen(n)
    lawyer = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pem = lawyer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    seen = cosign(checkpoint=checkpoint_make(now=NOW).text, key_pem=pem, by="正和法律事務所", now=NOW)
    anchors.cosignature_accept(cosignature=seen, actor=SOMEBODY, now=NOW)
    installation.signing_key_rotate(actor=SOMEBODY, now=NOW + MINUTE)
    for n in range(3):
        row = access.note_before(SOMEBODY, "case.page", at=NOW, purpose="care", shown=["TN26-0000-0000"], branch_id=1, stream=f"case:{n}", asked="溫")
        assert row.pk
    day = {"day": date(2026, 11, 20), "zone": "Asia/Taipei"}
    access.day_close(branch_id=1, branch_stream=BRANCH, now=NOW, actor=SYSTEM, **day)
    checkpoint_make(now=NOW + MINUTE)
    for n in range(6, 8):
        _happen(n)


def _happen(n: int) -> None:
    with unit():
        text = text_write(stream="case:1", kind="message", body=f"退款 {n}", branch_id=1, now=NOW)
        recorded = [
            Fact("test.happened", "case:1", plain={"n": n}, texts={"words": text}),
            Fact("test.happened", f"case:{n}", private={"name": f"王{n}"}),
        ]
        facts_record(recorded, actor=SOMEBODY, now=NOW + timedelta(seconds=n))


def verified() -> list[Fault]:
    return verify_streams(rows_checks=[access_days({BRANCH: 1})]).faults


def columns(model: type[models.Model]) -> list[models.Field]:
    return [field for field in model._meta.concrete_fields if field.name not in EVIDENCE[model]]


def rows_of(model: type[models.Model]) -> models.QuerySet:
    if model is WrappedKey:  # the first key follows nobody
        return model.objects.filter(kind="signing").exclude(after="")
    return model.objects.order_by("pk")


def test_every_table_is_evidence_or_said_to_be_none(db):
    known = {model._meta.model_name for model in EVIDENCE} | NO_EVIDENCE
    mine = [model for model in apps.get_app_config("platform").get_models() if model.__module__.startswith("suyuan.")]
    there = {model._meta.model_name for model in mine}
    assert there - known == set(), "is this evidence? then say so above, and what of it is recomputed"


# Guards standing


@pytest.mark.requirement("A-15")
@pytest.mark.parametrize("model", EVIDENCE)
def test_with_guards_standing_nothing_is_changed_or_deleted(told, model):
    free = {
        column for found in triggers.registered() if found.table == model._meta.db_table for column in found.may_update_columns
    }
    row = rows_of(model).first()
    forward = model in (StreamHead, LogHead, HeadNode)  # the program itself moves them on: only ever forward
    for field in columns(model):
        if field.column in free and not forward:
            continue
        value = another_value(random.Random(1), field, getattr(row, field.attname))
        if forward and field.name in ("position", "size"):
            value = getattr(row, field.attname) - 1
        assert refused(lambda f=field, v=value: model.objects.filter(pk=row.pk).update(**{f.attname: v})), field.name
    assert refused(lambda: model.objects.filter(pk=row.pk)._raw_delete("default"))
    assert verified() == []


# Guards torn down


@pytest.mark.requirement("A-15")
def test_with_guards_torn_down_every_edit_is_found_and_its_place_named(told):
    """Each column in turn and each table's deletes and inserts, two hundred times, one at a time; then put back."""
    assert verified() == []
    triggers.drop()
    chance, made = random.Random(20), 0
    edits = [(_update, model, field) for model in EVIDENCE for field in columns(model)]
    edits += [(_delete, model, None) for model in EVIDENCE if model is not WrappedKey]
    edits += [(_insert, model, None) for model in INSERTS]
    assert len(edits) <= EDITS
    for number in range(EDITS):
        edit, model, field = edits[number % len(edits)]
        row = chance.choice(list(rows_of(model)))
        expected = _place_of(row)
        try:
            with transaction.atomic():
                edit(chance, row, field)
                told_of = verified()
                made += 1
                transaction.set_rollback(True)
        except (IntegrityError, DatabaseError):  # the database itself would not have it: two of one position, say
            continue
        what = (edit.__name__, model.__name__, field and field.name, row.pk)
        assert told_of, what
        assert any(expected(fault) for fault in told_of), (what, [str(fault) for fault in told_of])
    assert made > EDITS * 0.9
    assert verified() == []


def _update(chance: random.Random, row: models.Model, field: models.Field) -> None:
    value = getattr(row, field.attname)
    if isinstance(field, models.ForeignKey):
        value = chance.choice(list(field.related_model.objects.exclude(pk=value).values_list("pk", flat=True)))
    else:
        value = another_value(chance, field, value)
    type(row).objects.filter(pk=row.pk).update(**{field.attname: value})


def _delete(chance: random.Random, row: models.Model, field: None) -> None:
    if isinstance(row, FactRow):
        FactPrivate.objects.filter(fact=row)._raw_delete("default")
        ChainPending.objects.filter(fact=row)._raw_delete("default")
        LogEntry.objects.filter(fact=row)._raw_delete("default")
    if isinstance(row, Checkpoint):
        row.anchors.all()._raw_delete("default")
    if isinstance(row, Text):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM platform_textindex WHERE rowid = %s", [row.pk])
    type(row).objects.filter(pk=row.pk)._raw_delete("default")


# A row slipped in, as like the one beside it as its keys allow.
INSERTS: dict[type[models.Model], Callable[[models.Model], dict[str, object]]] = {
    FactRow: lambda row: {"id": None, "uid": "00000000-0000-4000-8000-00000000000f", "position": row.position + 50},
    FactPrivate: lambda row: {"id": None, "name": "more"},
    StreamHead: lambda row: {"id": None, "token": "f" * 64, "stream": "case:more"},
    ChainPending: lambda row: {"fact_id": LogEntry.objects.order_by("index").first().fact_id},
    LogEntry: lambda row: {"index": LogEntry.objects.count(), "fact_id": ChainPending.objects.first().pk},
    LogNode: lambda row: {"place": LogNode.objects.filter(place__lt=1 << 48).count()},
    LogHead: lambda row: {"token": row.token[:-1] + ("0" if row.token[-1] != "0" else "1")},
    HeadNode: lambda row: {"place": 12_345},
    Checkpoint: lambda row: {"id": None, "size": row.size - 1, "sha256": "f" * 64},
    Anchor: lambda row: {"id": None, "uid": "00000000-0000-4000-8000-00000000000f"},
}


def _insert(chance: random.Random, row: models.Model, field: None) -> None:
    kept = {one.attname: getattr(row, one.attname) for one in row._meta.concrete_fields}
    type(row)(**{**kept, **INSERTS[type(row)](row)}).save(force_insert=True)


def _place_of(row: models.Model) -> Callable[[Fault], bool]:
    """Where the verifier must point. Of a fact it must be the very place, or the gap that it left."""
    if isinstance(row, FactPrivate):  # one that was moved is found where it lies now
        return lambda fault: fault.why in ("private_field_differs", "field_missing")
    if isinstance(row, (FactRow, ChainPending)):
        fact = row if isinstance(row, FactRow) else row.fact
        stands = (fact.stream, {fact.position, fact.position + 1, fact.position + 50})
        return lambda fault: (fault.stream == stands[0] and fault.position in stands[1]) or fault.why == "foreign_stream" or (
            fault.why in ("numbered_and_pending", "not_pending", "facts_missing", "head_missing")
        )
    if isinstance(row, StreamHead):
        return lambda fault: fault.stream in (row.stream, "case:more") or fault.why in ("head_missing", "facts_missing")
    if isinstance(row, Text):
        return lambda fault: fault.why in ("text_missing", "text_differs")
    if isinstance(row, AccessRow):
        return lambda fault: (fault.stream, fault.why) == (BRANCH, "access_log_differs")
    if isinstance(row, Anchor):
        return lambda fault: "anchor" in fault.why
    if isinstance(row, WrappedKey):
        return lambda fault: fault.stream == "keys"
    return lambda fault: fault.stream == "log"
