"""Rows that the database itself keeps from being changed. All triggers of the product come from this one file.

    register("platform_factrow")                                                      never changed, never deleted
    register("correspondence_message", frozen_when="OLD.sent_at IS NOT NULL")         frozen once the condition holds
    register("platform_text", may_update_columns=("branch_id",))                      everything but these columns
    register("platform_streamhead", forward=("position",), may_update_columns=(…))    these only ever grow
    register("platform_factprivate", ordered_delete=True)                             gone only where an erasure order names it
    register("platform_text", ordered_columns=("body",))                              emptied only where an order names it
    register("platform_chainpending", delete_when="EXISTS (…)")                       gone only while that holds
    register_said("platform_hold", "{reason} OR NEW.cause <> ''")                     never without these words, unless erased

`pre_migrate` drops them and `post_migrate` installs them, because SQLite rebuilds tables when columns change; start-up
calls `refuse_if_missing`. On SQLite an INSERT that would REPLACE a row fires no DELETE trigger (unless the connection
says so, see `sqlite.py`), so there inserts are looked at too; PostgreSQL also refuses TRUNCATE.
"""
from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

PREFIX = "frozen_"
FUNCTION = "suyuan_frozen"
_BODY = " BEGIN RAISE EXCEPTION '% is frozen', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END; "
_UNSAID = " RAISE EXCEPTION '% says too little', TG_TABLE_NAME USING ERRCODE = 'check_violation'; END; "
_OLD = re.compile(r"\bOLD\.")
_WORDS = re.compile(r"\{(\w+)\}")
# Words, bytes and JSON alike, as both databases write "nothing".
_NOTHING = "('', '\\x', '{}', '[]')"


class TriggersMissing(RuntimeError):
    """The database does not guard what it must: run `suyuan migrate`."""


@dataclass(frozen=True)
class Frozen:
    """What may not happen to the rows of one table."""

    table: str
    may_update_columns: tuple[str, ...]
    frozen_when: str | None
    forward: tuple[str, ...]
    tolerates_known: bool
    ordered_columns: tuple[str, ...] = ()
    ordered_delete: bool = False
    delete_when: str | None = None


@dataclass(frozen=True)
class Said:
    """What every row of one table says, when it is made and whenever it changes."""

    table: str
    condition: str


@dataclass(frozen=True)
class Trigger:
    """One trigger as it must stand in the database. Its name carries a digest of its meaning.

    `function`: what it calls on PostgreSQL where its condition asks another table (name, body); "" means `FUNCTION`.
    """

    name: str
    table: str
    create: str
    function: tuple[str, str] = ("", "")


_registry: dict[tuple[str, str | None], Frozen] = {}
_said: dict[tuple[str, str], Said] = {}


def register(
    table: str,
    *,
    may_update_columns: Sequence[str] = (),
    frozen_when: str | None = None,
    forward: Sequence[str] = (),
    tolerates_known: bool = False,
    ordered_columns: Sequence[str] = (),
    ordered_delete: bool = False,
    delete_when: str | None = None,
) -> None:
    """Freeze the rows of `table`. Called while the program is put together (platform here, the rest in config).

    A table may be registered twice, once from the start and once under a condition that freezes more.

    may_update_columns  columns that may change although the row is frozen
    frozen_when         SQL over OLD.<column>, true on both databases alike; None: frozen from the start
    forward             columns that may change, but only grow
    tolerates_known     SQLite: inserting a row that is there already does nothing (for ON CONFLICT DO NOTHING)
    ordered_columns     columns that become empty, once, where an erasure order names the row and the column
    ordered_delete      rows that go where an erasure order names them
    delete_when         SQL over OLD.<column>, which may ask other tables: rows go while it holds
    """
    if (table, frozen_when) in _registry:
        raise ValueError(f"frozen twice: {table}")
    _registry[table, frozen_when] = Frozen(
        table,
        tuple(may_update_columns),
        frozen_when,
        tuple(forward),
        tolerates_known,
        tuple(ordered_columns),
        ordered_delete,
        delete_when,
    )


def registered() -> list[Frozen]:
    return sorted(_registry.values(), key=lambda frozen: (frozen.table, frozen.frozen_when or ""))


def register_said(table: str, condition: str) -> None:
    """A check constraint that lets erased words be missing, which the database's own cannot: it may ask no other table.

    condition  SQL over NEW.<column>, true on both databases alike and never NULL; `{column}`: something stands there,
               or the row was made with it and an erasure order names it
    """
    if (table, condition) in _said:
        raise ValueError(f"said twice: {table}")
    _said[table, condition] = Said(table, condition)


register("platform_factrow")
register("platform_factprivate", ordered_delete=True)
register("platform_text", may_update_columns=("branch_id", "compartment", "folded"), ordered_columns=("body",))
register("platform_erasureorder", may_update_columns=("purged_at",))
register("platform_erasureorder", frozen_when="OLD.purged_at IS NOT NULL")
register("platform_erasuretarget")
register(
    "platform_streamhead", may_update_columns=("leaf", "at"), forward=("position",), tolerates_known=True
)
register("platform_accessrow")
register(
    "platform_chainpending",
    delete_when="EXISTS (SELECT 1 FROM platform_logentry AS numbered WHERE numbered.fact_id = OLD.fact_id)",
)
register("platform_logentry")
register("platform_lognode")
register("platform_loghead", may_update_columns=("leaf",), forward=("position",))
register("platform_headnode", may_update_columns=("digest",), forward=("size",))
register("platform_checkpoint")
register("platform_anchor")
register("platform_wrappedkey", may_update_columns=("wrapped", "master_id", "retired_at"))
register("platform_idempotencykey", may_update_columns=("sealed_answer",))
register("platform_hold", may_update_columns=("lifted_at", "lifted_by", "lifted_reason"), ordered_columns=("reason",))
register("platform_hold", frozen_when="OLD.lifted_at IS NOT NULL", ordered_columns=("reason", "lifted_reason"))
register_said("platform_hold", "{reason} OR NEW.cause <> ''")
register_said("platform_hold", "(NEW.lifted_at IS NULL AND NEW.lifted_by = '' AND NEW.lifted_reason = '')"
    " OR (NEW.lifted_at IS NOT NULL AND NEW.lifted_by <> '' AND {lifted_reason})")  # fmt: skip


def install(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Create the triggers of every registered table that exists. Returns their names."""
    drop(using)
    connection = connections[using]
    made = _expected(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name, body in {(FUNCTION, _BODY), *_functions(made.values())}:
                cursor.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
        for trigger in made.values():
            cursor.execute(trigger.create)
    return list(made)


def drop(using: str = DEFAULT_DB_ALIAS) -> None:
    """Remove all our triggers, so that migrations can do their work."""
    connection = connections[using]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for name, table, _, _ in _present(connection):
            on = f" ON {quote(table)}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {quote(name)}{on}")


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Triggers that should stand as written and do not, and registered tables that are not there."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    absent = sorted({frozen.table for frozen in registered()} - tables)
    standing = {name: sql for name, _, sql, switched_on in _present(connection) if switched_on}
    expected, unmet = _expected(connection), []
    for name, trigger in expected.items():
        if name not in standing or standing[name] not in (None, trigger.create):
            unmet.append(name)
    if connection.vendor == "postgresql":
        wanted = {(FUNCTION, _BODY), *_functions(expected.values())}
        unmet += sorted(name for name, body in wanted if not _function_stands(connection, name, body))
    return absent + unmet


def _functions(made: Iterable[Trigger]) -> set[tuple[str, str]]:
    return {trigger.function for trigger in made if trigger.function[0]}


def refuse_if_missing(using: str = DEFAULT_DB_ALIAS) -> None:
    """Called before anything is served. Raises TriggersMissing."""
    gaps = missing(using)
    if gaps:
        raise TriggersMissing(f"the database does not guard its records, run `suyuan migrate`: {', '.join(gaps)}")


def on_pre_migrate(using: str, **kwargs: Any) -> None:
    drop(using)


def on_post_migrate(using: str, **kwargs: Any) -> None:
    install(using)


def _expected(connection: Any) -> dict[str, Trigger]:
    tables = set(connection.introspection.table_names())
    triggers = _postgresql if connection.vendor == "postgresql" else _sqlite
    made: dict[str, Trigger] = {}
    for frozen in registered():
        if frozen.table not in tables:
            continue
        columns = _columns(connection, frozen.table)
        made |= {trigger.name: trigger for trigger in triggers(frozen, columns, connection)}
    for said in _said.values():
        if said.table in tables:
            made |= {trigger.name: trigger for trigger in _saying(said, connection.vendor)}
    return made


def _columns(connection: Any, table: str) -> list[str]:
    """In the order of the table. Django's own description parses each CREATE TABLE, which was half of every start."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}" LIMIT 0')
        return [column[0] for column in cursor.description]


def _saying(said: Said, vendor: str) -> Iterator[Trigger]:
    """A new row says it all; of one that stands, what an order names may be missing."""
    table = f'"{said.table}"'
    made = _WORDS.sub(lambda found: _stands(found[1]), said.condition)
    kept = _WORDS.sub(lambda found: f"({_stands(found[1])} OR {_ordered(said.table, found[1])})", said.condition)
    if vendor == "postgresql":
        function = f"{FUNCTION}_unsaid", f" BEGIN{_UNSAID}"
        yield _trigger(said, "say", f"BEFORE INSERT ON {table} FOR EACH ROW WHEN (NOT ({made})) EXECUTE FUNCTION {function[0]}()", function)
        function = _function(f" BEGIN IF {kept} THEN RETURN NEW; END IF;{_UNSAID}")
        yield _trigger(said, "keep", f"BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function[0]}()", function)
        return
    refusal = f"BEGIN SELECT RAISE(ABORT, '{said.table} says too little'); END"
    yield _trigger(said, "say", f"BEFORE INSERT ON {table} FOR EACH ROW WHEN NOT ({made}) {refusal}")
    yield _trigger(said, "keep", f"BEFORE UPDATE ON {table} FOR EACH ROW WHEN NOT ({kept}) {refusal}")


def _stands(column: str) -> str:
    return f'(NEW."{column}" IS NOT NULL AND CAST(NEW."{column}" AS text) NOT IN {_NOTHING})'


def _postgresql(frozen: Frozen, columns: list[str], connection: Any) -> Iterator[Trigger]:
    refusal = f"EXECUTE FUNCTION {FUNCTION}()"
    table = f'"{frozen.table}"'
    differs = "IS DISTINCT FROM"
    update = _update_refused(frozen, columns, differs)
    asked = _asking(_update_refused(frozen, columns, differs, _ordered), "NEW") if frozen.ordered_columns else ("", "")
    calls = f"EXECUTE FUNCTION {asked[0] or FUNCTION}()"
    yield _trigger(frozen, "update", f"BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({update}) {calls}", asked)
    condition = f"WHEN ({frozen.frozen_when}) " if frozen.frozen_when else ""
    asked = _asking(stays, "OLD") if (stays := _stays(frozen)) else ("", "")
    calls = f"EXECUTE FUNCTION {asked[0] or FUNCTION}()"
    yield _trigger(frozen, "delete", f"BEFORE DELETE ON {table} FOR EACH ROW {condition}{calls}", asked)
    yield _trigger(frozen, "truncate", f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refusal}")


def _sqlite(frozen: Frozen, columns: list[str], connection: Any) -> Iterator[Trigger]:
    table = f'"{frozen.table}"'
    refusal = f"BEGIN SELECT RAISE(ABORT, '{frozen.table} is frozen'); END"
    update = _update_refused(frozen, columns, "IS NOT", _ordered)
    yield _trigger(frozen, "update", f"BEFORE UPDATE ON {table} FOR EACH ROW WHEN {update} {refusal}")
    when = [f"({frozen.frozen_when})"] if frozen.frozen_when else []
    when += [stays] if (stays := _stays(frozen)) else []
    condition = f"WHEN {' AND '.join(when)} " if when else ""
    yield _trigger(frozen, "delete", f"BEFORE DELETE ON {table} FOR EACH ROW {condition}{refusal}")

    for number, unique in enumerate(_unique_sets(connection, frozen.table)):
        known = " AND ".join(f'known."{column}" = NEW."{column}"' for column in unique)
        if frozen.frozen_when:
            known += f" AND ({_OLD.sub('known.', frozen.frozen_when)})"
        skips = frozen.tolerates_known and number > 0
        answer = "BEGIN SELECT RAISE(IGNORE); END" if skips else refusal
        exists = f"EXISTS (SELECT 1 FROM {table} AS known WHERE {known})"
        yield _trigger(frozen, f"insert{number}", f"BEFORE INSERT ON {table} FOR EACH ROW WHEN {exists} {answer}")


def _ordered(table: str, column: str) -> str:
    """SQL: an erasure order names this column of the row; no column: the row itself."""
    named = f"o.relation = '{table}' AND o.row_id = OLD.id AND o.field = '{column}'"
    return f"EXISTS (SELECT 1 FROM platform_erasuretarget AS o WHERE {named})"


def _stays(frozen: Frozen) -> str:
    """SQL: nothing lets this row go; empty where that needs no other table."""
    goes = [_ordered(frozen.table, "")] if frozen.ordered_delete else []
    goes += [frozen.delete_when] if frozen.delete_when else []
    return " AND ".join(f"NOT {condition}" for condition in goes)


def _asking(refused: str, row: str) -> tuple[str, str]:
    """PostgreSQL lets no trigger condition ask another table; a function may. Named by what it means."""
    body = (
        f" BEGIN IF NOT ({refused}) THEN RETURN {row}; END IF;"
        " RAISE EXCEPTION '% is frozen', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END; "
    )
    return _function(body)


def _function(body: str) -> tuple[str, str]:
    return f"{FUNCTION}_unless_{hashlib.sha256(body.encode()).hexdigest()[:12]}", body


def _update_refused(
    frozen: Frozen, columns: Iterable[str], differs: str, ordered: Callable[[str, str], str] | None = None
) -> str:
    """SQL condition under which an UPDATE is refused. `differs` is the database's "is not the same as".

    `ordered`: says when a column may become empty; without it such a column counts like any other.
    """
    free = {*frozen.may_update_columns, *frozen.forward}
    emptied = set(frozen.ordered_columns) if ordered is not None else set()
    unknown = (free | set(frozen.ordered_columns)) - set(columns)
    if unknown:
        raise ValueError(f"{frozen.table} has no column {', '.join(sorted(unknown))}")
    if not free | emptied:
        return frozen.frozen_when or "1 = 1"
    changed = [f'OLD."{column}" {differs} NEW."{column}"' for column in columns if column not in free | emptied]
    for column in sorted(emptied):
        empty = f'(NEW."{column}" IS NULL OR CAST(NEW."{column}" AS text) IN {_NOTHING})'
        allowed = f"({empty} AND {ordered(frozen.table, column)})"
        changed.append(f'(OLD."{column}" {differs} NEW."{column}" AND NOT {allowed})')
    changed += [f'NEW."{column}" <= OLD."{column}"' for column in frozen.forward]
    refused = " OR ".join(changed)
    return f"({frozen.frozen_when}) AND ({refused})" if frozen.frozen_when else refused


def _unique_sets(connection: Any, table: str) -> list[list[str]]:
    """The primary key, then every other set of columns by which SQLite would REPLACE a row."""
    with connection.cursor() as cursor:
        cursor.execute(f'PRAGMA table_info("{table}")')
        primary = [row[1] for row in cursor.fetchall() if row[5]]
        cursor.execute(f'PRAGMA index_list("{table}")')
        whole = [row[1] for row in cursor.fetchall() if row[2] and not row[4]]
        others = []
        for index in whole:
            cursor.execute(f'PRAGMA index_info("{index}")')
            others.append([row[2] for row in cursor.fetchall()])
    return [primary, *sorted(columns for columns in others if columns != primary)]


def _trigger(frozen: Frozen | Said, what: str, rest: str, function: tuple[str, str] = ("", "")) -> Trigger:
    digest = hashlib.sha256(rest.encode()).hexdigest()[:8]
    name = f"{PREFIX}{frozen.table[:36]}_{what}_{digest}"
    return Trigger(name, frozen.table, f'CREATE TRIGGER "{name}" {rest}', function)


def _present(connection: Any) -> list[tuple[str, str, str | None, bool]]:
    """Our triggers in the database: name, table, definition where the database keeps it as written, switched on."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT t.tgname, c.relname, NULL, t.tgenabled IN ('O', 'A')"
                " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE NOT t.tgisinternal AND starts_with(t.tgname::text, %s) AND pg_table_is_visible(c.oid)",
                [PREFIX],
            )
            return cursor.fetchall()
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        return [(name, table, sql, True) for name, table, sql in cursor.fetchall() if name.startswith(PREFIX)]


def _function_stands(connection: Any, name: str, body: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [name])
        return [row[0] for row in cursor.fetchall()] == [body]
