"""New rows by the shortest way: what `bulk_create` does, with the statement put together once instead of every time.

A complaint is some twenty small inserts. Building their SQL again for each of them took longer than all the database
does for the whole complaint (benchmarks/RESULTS.md), and it is the same text every time: a model's columns, so many rows.
On PostgreSQL, where inserts are batched in another way, this is `bulk_create`.
"""
from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TypeVar

from django.db import connection, connections
from django.db.models import AutoField, Field, Model

Row = TypeVar("Row", bound=Model)
_NOTHING = object()


def rows_add(rows: Iterable[Row], *, unless_there: bool = False) -> list[Row]:
    """Insert rows of one model inside the open transaction; numbers that the database gives are on them afterwards.

    unless_there  a row whose unique key is taken is left out, and no numbers come back
    Raises IntegrityError as `bulk_create` does. Defaults of the database and expressions as values are not for here.
    """
    added = list(rows)
    if not added:
        return added
    model = type(added[0])
    if connection.vendor != "sqlite":
        return model._base_manager.bulk_create(added, ignore_conflicts=unless_there)
    columns, numbered = _columns(model)
    at_once = max(1, connection.features.max_query_params // len(columns))
    for start in range(0, len(added), at_once):
        _insert(added[start : start + at_once], model, columns, numbered, unless_there)
    return added


def _insert(
    rows: list[Row], model: type[Row], columns: tuple[Field, ...], numbered: bool, unless_there: bool
) -> None:
    here, values = connections[connection.alias], []
    last: list[tuple[object, object]] = [(_NOTHING, None)] * len(columns)  # a column often says the same for every row
    for row in rows:
        if row._state.fields_cache:
            row._prepare_related_fields_for_save(operation_name="rows_add")
        for place, column in enumerate(columns):
            value = column.pre_save(row, add=True)
            if value is not last[place][0]:
                last[place] = value, column.get_db_prep_save(value, here)
            values.append(last[place][1])
    with here.cursor() as cursor:
        cursor.execute(_statement(model, len(rows), unless_there), values)
        if unless_there:
            return
        numbers = cursor.fetchall() if numbered else [(row.pk,) for row in rows]
    for row, (number,) in zip(rows, numbers, strict=True):
        row.pk = number
        row._state.adding = False
        row._state.db = here.alias


@cache
def _columns(model: type[Model]) -> tuple[tuple[Field, ...], bool]:
    """What is written, and whether the database gives the key."""
    numbered = isinstance(model._meta.pk, AutoField)
    written = model._meta.concrete_fields
    return tuple(column for column in written if not (numbered and column.primary_key)), numbered


@cache
def _statement(model: type[Model], many: int, unless_there: bool) -> str:
    quote = connection.ops.quote_name
    columns, numbered = _columns(model)
    row = f"({', '.join(['%s'] * len(columns))})"
    names = ", ".join(quote(column.column) for column in columns)
    returning = f" RETURNING {quote(model._meta.pk.column)}" if numbered and not unless_there else ""
    return f"INSERT{' OR IGNORE' if unless_there else ''} INTO {quote(model._meta.db_table)} ({names}) VALUES {', '.join([row] * many)}{returning}"
