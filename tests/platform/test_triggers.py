"""Frozen rows stay frozen on both databases, whoever asks; and we notice when a guard is gone."""
from __future__ import annotations

import sqlite3

import pytest
from django.db import IntegrityError, connection, connections, models, transaction
from django.test import override_settings

from suyuan.kernel import chain
from suyuan.platform import facts, sqlite, texts, triggers, units
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.holds import hold_lift, hold_place
from suyuan.platform.models import AccessRow, FactPrivate, FactRow, Hold, IdempotencyKey, StreamHead, Text
from tests.platform.stories import NOW, SOMEBODY, refused


def on_sqlite(test):
    """Collected on SQLite only."""
    return test if connection.vendor == "sqlite" else None


def on_postgresql(test):
    """Collected on PostgreSQL only."""
    return test if connection.vendor == "postgresql" else None



@pytest.fixture
def rows(ring, kinds) -> dict[type[models.Model], models.Model]:
    """One row of every table that is frozen from the start, and two holds."""
    kinds |= {name: facts.FactKind(phrase=lambda told: "") for name in ("hold.placed", "hold.lifted")}
    with units.unit():
        text = texts.text_write(stream="case:1", kind="message", body="退款", branch_id=1, now=NOW)
        fact = Fact("test.happened", "case:1", plain={"level": 2}, private={"name": "王"}, texts={"body": text})
        facts_record([fact], actor=SOMEBODY, now=NOW)
        hold = hold_place(stream="case:1", kind="court", reason="法院來函", actor=SOMEBODY, now=NOW)
        hold_lift(hold=hold, reason="結案", actor=SOMEBODY, now=NOW)
    AccessRow.objects.bulk_create([AccessRow(at=NOW, actor=str(SOMEBODY), what="case.page", branch_id=1)])
    IdempotencyKey.objects.bulk_create(
        [IdempotencyKey(scope="s", key="0" * 32, caller_hash="c", body_sha256="b", sealed_answer=b"x", created_at=NOW)]
    )
    models_ = (FactRow, FactPrivate, Text, StreamHead, AccessRow, IdempotencyKey, Hold)
    return {model: model.objects.order_by("pk").first() for model in models_}


def free_columns(model: type[models.Model]) -> set[str]:
    found = [f for f in triggers.registered() if f.table == model._meta.db_table and f.frozen_when is None]
    return {column for frozen in found for column in (*frozen.may_update_columns, *frozen.forward)}


def other_value(field: models.Field, value):
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.UUIDField):
        return "00000000-0000-4000-8000-00000000000f"
    if isinstance(field, models.DateTimeField):
        return NOW.replace(year=2001)
    if isinstance(field, models.JSONField):
        return ["other"]
    if isinstance(field, models.BinaryField):
        return b"other"
    if isinstance(field, (models.IntegerField, models.ForeignKey)):
        return (value or 0) + 1000
    return "other"


FROZEN = [FactRow, FactPrivate, Text, StreamHead, AccessRow, IdempotencyKey, Hold]


@pytest.mark.parametrize("model", FROZEN)
def test_no_column_can_be_changed_but_the_named_ones(rows, model):
    row, free = rows[model], free_columns(model)
    for field in model._meta.concrete_fields:
        if field.primary_key or (field.column in free and model is not Hold):
            continue
        value = other_value(field, getattr(row, field.attname))
        assert refused(lambda f=field, v=value: model.objects.filter(pk=row.pk).update(**{f.attname: v})), field.name


@pytest.mark.parametrize("model", FROZEN)
def test_no_row_can_be_deleted(rows, model):
    assert refused(lambda: model.objects.filter(pk=rows[model].pk)._raw_delete("default"))
    assert refused(lambda: model.objects.all()._raw_delete("default"))
    assert model.objects.filter(pk=rows[model].pk).exists()


def test_the_place_of_words_may_change_and_the_words_may_not(rows):
    text = Text.objects.filter(pk=rows[Text].pk)

    assert text.update(branch_id=2, compartment="counsel", folded="x") == 1
    assert refused(lambda: text.update(body="other"))
    assert refused(lambda: text.update(branch_id=3, sha256="0" * 64))


def test_heads_only_go_forward(rows):
    head = StreamHead.objects.filter(pk=rows[StreamHead].pk)
    position = rows[StreamHead].position

    assert refused(lambda: head.update(position=position - 1))
    assert refused(lambda: head.update(leaf="0" * 64))
    assert refused(lambda: head.update(position=position + 1, stream="case:2"))
    assert head.update(position=position + 1, leaf="1" * 64) == 1


def test_the_answer_of_a_key_may_be_deleted(rows):
    assert IdempotencyKey.objects.update(sealed_answer=None) == 1


def test_a_hold_is_lifted_once(rows, kinds):
    hold = hold_place(stream="case:2", kind="court", reason="來函", actor=SOMEBODY, now=NOW)
    standing = Hold.objects.filter(pk=hold.pk)

    assert refused(lambda: standing.update(reason="other"))
    assert refused(lambda: standing._raw_delete("default"))
    assert standing.update(lifted_at=NOW, lifted_by="a", lifted_reason="b") == 1
    assert refused(lambda: standing.update(lifted_at=None, lifted_by="", lifted_reason=""))


@on_postgresql
@pytest.mark.parametrize("model", FROZEN)
def test_truncate_is_refused(rows, model):
    table = model._meta.db_table

    def truncate():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f'TRUNCATE "{table}" CASCADE')

    assert refused(truncate)


# REPLACE


def copied_with(row: models.Model, **changed) -> tuple[str, list]:
    fields = [f for f in row._meta.concrete_fields if not (f.primary_key and changed.get(f.column, "") is None)]
    columns = ", ".join(f'"{f.column}"' for f in fields)
    values = [
        f.get_db_prep_save(changed.get(f.column, getattr(row, f.attname)), connection) for f in fields
    ]
    marks = ", ".join(["%s"] * len(values))
    return f'REPLACE INTO "{row._meta.db_table}" ({columns}) VALUES ({marks})', values


def run(statement: str, values: list) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@on_sqlite
@pytest.mark.parametrize("model", [model for model in FROZEN if model is not StreamHead])
def test_a_row_cannot_be_replaced_by_its_id(rows, model):
    assert refused(lambda: run(*copied_with(rows[model])))


@on_sqlite
@pytest.mark.parametrize(
    ("model", "key"),
    [
        (FactRow, {"uid": "0" * 32}),
        (FactRow, {"stream": "case:other"}),
        (FactPrivate, {}),
        (Text, {}),
        (AccessRow, {}),
        (IdempotencyKey, {"uid": "0" * 32}),
        (IdempotencyKey, {"key": "1" * 32}),
        (Hold, {}),
    ],
)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_a_row_cannot_be_replaced_by_another_key(rows, model, key, recursive):
    """Without its id but with one of its other unique values, also on a connection that was not set up by us."""
    row = rows[model]
    statement = copied_with(row, **{row._meta.pk.column: None}, **key)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers = {recursive}")
    try:
        assert refused(lambda: run(*statement))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers = ON")


@on_sqlite
@pytest.mark.parametrize("changed", [{"id": None}, {}])
def test_replacing_a_head_does_nothing(rows, changed):
    """Making sure that a head is there is not refused, so it must be without effect."""
    head = rows[StreamHead]
    run(*copied_with(head, leaf="f" * 64, position=99, **changed))

    assert list(StreamHead.objects.values_list("pk", "position", "leaf")) == [(head.pk, head.position, head.leaf)]


# The guards themselves


def test_every_guard_stands_after_all_migrations(db):
    assert triggers.missing() == []
    triggers.refuse_if_missing()


def test_a_missing_guard_is_named_and_nothing_is_served(db):
    name, table, _, _ = triggers._present(connection)[0]
    on = f' ON "{table}"' if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TRIGGER "{name}"{on}')

    assert triggers.missing() == [name]
    with pytest.raises(triggers.TriggersMissing, match=name):
        triggers.refuse_if_missing()
    triggers.install()
    assert triggers.missing() == []


@on_sqlite
def test_a_guard_that_was_rewritten_is_missing(db):
    name, table, _, _ = triggers._present(connection)[0]
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute(f'CREATE TRIGGER "{name}" BEFORE UPDATE ON "{table}" BEGIN SELECT 1; END')

    assert triggers.missing() == [name]


@on_postgresql
def test_a_guard_that_was_switched_off_or_hollowed_out_is_missing(db):
    name, table, _, _ = triggers._present(connection)[0]
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER "{name}"')
        assert triggers.missing() == [name]
        cursor.execute(
            "CREATE OR REPLACE FUNCTION suyuan_frozen() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END;$$"
        )
        assert triggers.missing() == [name, "suyuan_frozen"]
    triggers.install()
    assert triggers.missing() == []


def test_a_registered_table_that_is_not_there_is_missing(db, monkeypatch):
    monkeypatch.setattr(triggers, "_registry", dict(triggers._registry))
    triggers.register("nowhere_atall")

    assert triggers.missing() == ["nowhere_atall"]


def test_a_misspelt_column_is_a_mistake(db, monkeypatch):
    monkeypatch.setattr(triggers, "_registry", {})
    triggers.register("platform_text", may_update_columns=("brunch_id",))

    with pytest.raises(ValueError, match="brunch_id"):
        triggers.missing()


def test_registering_twice_is_a_mistake():
    with pytest.raises(ValueError, match="platform_factrow"):
        triggers.register("platform_factrow")


def test_a_condition_of_other_contexts_freezes_only_what_meets_it(db, monkeypatch):
    """As correspondence freezes a message once it is sent."""
    monkeypatch.setattr(triggers, "_registry", dict(triggers._registry))
    triggers._registry.pop(("platform_text", None))
    triggers.register("platform_text", frozen_when="OLD.kind = 'sent'", may_update_columns=("compartment",))
    triggers.install()
    told = {"stream": "case:1", "branch_id": 1, "body": "x", "folded": "x", "sha256": "", "at": NOW}
    draft, sent = Text.objects.bulk_create([Text(kind="draft", **told), Text(kind="sent", **told)])

    assert refused(lambda: Text.objects.filter(pk=sent.pk).update(body="y"))
    assert refused(lambda: Text.objects.filter(pk=sent.pk)._raw_delete("default"))
    assert Text.objects.filter(pk=sent.pk).update(compartment="counsel") == 1
    assert Text.objects.filter(pk=draft.pk).update(body="y", kind="sent") == 1
    assert refused(lambda: Text.objects.filter(pk=draft.pk).update(body="z"))
    monkeypatch.undo()
    triggers.install()


# Migrations


def test_guards_survive_a_rebuild_of_every_table_they_guard(committed):
    """SQLite makes a table anew when a column changes, and its triggers go with the old one."""
    triggers.on_pre_migrate(using="default")
    for model in FROZEN:
        with connection.schema_editor() as editor:
            if connection.vendor == "sqlite":
                editor._remake_table(model)
            else:
                editor.execute(f'ALTER TABLE "{model._meta.db_table}" ADD extra int DEFAULT 1')
                editor.execute(f'ALTER TABLE "{model._meta.db_table}" DROP extra')
    triggers.on_post_migrate(using="default")

    assert triggers.missing() == []
    texts_made = Text.objects.bulk_create(
        [Text(stream="s:1", kind="k", branch_id=1, body="b", folded="b", sha256="", at=NOW)]
    )
    assert refused(lambda: Text.objects.filter(pk=texts_made[0].pk).update(body="c"))


def test_migrating_again_leaves_the_guards_standing(committed):
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    assert triggers.missing() == []


# Connections of SQLite


@on_sqlite
def test_each_connection_is_as_safe_as_promised(committed):
    connections["default"].close()
    with connection.cursor() as cursor:
        told = {
            pragma: cursor.execute(f"PRAGMA {pragma}").fetchone()[0]
            for pragma in ("journal_mode", "synchronous", "recursive_triggers", "foreign_keys", "busy_timeout")
        }
    assert told == {
        "journal_mode": "wal", "synchronous": 2, "recursive_triggers": 1, "foreign_keys": 1, "busy_timeout": 20_000,
    }


def in_memory():
    from django.db.backends.sqlite3.base import DatabaseWrapper

    return DatabaseWrapper({**connections["default"].settings_dict, "NAME": ":memory:"}, alias="memory")


@on_sqlite
def test_a_database_without_a_journal_is_not_used_unless_settings_say_so(db):
    memory = in_memory()
    for _ in range(2):  # the second caller must not get the connection that the first refused
        with pytest.raises(sqlite.UnsafeDatabase, match="journal_mode"):
            memory.ensure_connection()
        assert memory.connection is None

    with override_settings(SQLITE_IN_MEMORY=True):
        memory.ensure_connection()
    memory.close()


@on_sqlite
def test_a_database_that_stays_in_another_journal_mode_is_not_used(db, tmp_path):
    """Another program holds the file in a mode that cannot become WAL: SQLite says nothing, we do."""
    from django.db.backends.sqlite3.base import DatabaseWrapper

    path = tmp_path / "held.sqlite3"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE t (a)")
    holder.execute("BEGIN EXCLUSIVE")
    told = {**connections["default"].settings_dict, "NAME": str(path), "OPTIONS": {"timeout": 0.1}}
    other = DatabaseWrapper(told, alias="held")

    with pytest.raises(Exception, match="locked|journal_mode"):
        other.ensure_connection()
    assert other.connection is None
    holder.close()
    other.ensure_connection()
    other.close()


def test_a_position_is_used_once(rows):
    row = rows[FactRow]
    twin = FactRow(
        stream=row.stream, token=row.token, position=row.position, prev=chain.NO_PREVIOUS, leaf="0" * 64,
        at=NOW, type="test.happened", actor="a", plain={}, digests=[],
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        FactRow.objects.bulk_create([twin])
