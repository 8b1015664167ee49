"""Whatever is registered as frozen is: one row of every such table, and every way of writing to it that Django and SQL have.

The list is that of `platform.triggers`: a table frozen tomorrow is tried here without a word more, unless no row of it can
be made by what its columns are called; then `ROWS` must say how.
"""
from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from suyuan.platform import chance, triggers
from suyuan.platform.triggers import Frozen

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-15")]

NOON = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
NOWHERE = 900_000_000  # keys of rows that are not there: the database asks for them only at the end, which never comes
MODELS = {model._meta.db_table: model for model in apps.get_models()}

# Where the constraints of a table want more than any value, or a condition must hold.
_ASKED = {"role": "nurse", "holder_id": None, "party": "", "item_id": None, "answer_id": None}
_OVER = {"ended_at": NOON, "ended_by_id": NOWHERE}
_SENT = {"direction": "out", "channel": "letter", "surface": "", "text_id": NOWHERE, "sent_at": NOON, "failed_at": None, "failure": "", "verdict": "clean"}
ROWS: dict[str, dict[str, Any]] = {
    "cases_approval when OLD.decided_at IS NOT NULL": {"decided_at": NOON, "asked_by_id": 1, "decided_by_id": 2, "decision": "no"},
    "cases_planstep when OLD.done_at IS NOT NULL OR OLD.struck_at IS NOT NULL": {"done_at": NOON, "struck_at": None},
    "cases_report when OLD.state <> 'draft'": {"state": "submitted"},
    "cases_report when OLD.state = 'signed' OR OLD.state = 'superseded'": {"state": "signed"},
    "cases_retentionproposal when OLD.ended_at IS NOT NULL": {"decision": "lapsed", "ended_at": NOON},
    "correspondence_clearance": {"needs": "one", "state": "open", "ended_at": None},
    "correspondence_findingdispute": {"outcome": "", "outcome_at": None, "outcome_by_id": None},
    "correspondence_findingdispute when OLD.outcome <> ''": {"outcome": "kept", "outcome_at": NOON, "outcome_by_id": 1},
    "correspondence_incomingfile": {"state": "waiting", "settled_at": None, "why": ""},
    "correspondence_incomingfile when OLD.state IN ('given', 'left')": {"state": "left", "why": "kind", "settled_at": NOON},
    "correspondence_incoming when OLD.state <> 'waiting'": {"state": "aside", "reason": "empty", "message_id": None, "settled_at": NOON},
    "correspondence_message when OLD.state IN ('delivered', 'failed', 'received')": {"state": "delivered"} | _SENT,
    "correspondence_message when OLD.state = 'sent'": {"state": "sent"} | _SENT,
    "correspondence_staffnotice when OLD.state IN ('sent', 'failed')": {"state": "sent"},
    "correspondence_ownname": {"platform": "dcard", "elsewhere": "", "ended_at": None, "ended_by_id": None},
    "correspondence_ownname when OLD.ended_at IS NOT NULL": {"platform": "dcard", "elsewhere": ""} | _OVER,
    "correspondence_posting": {"state": "live", "ended_at": None, "ended_by_id": None, "ended_whose": "", "instead_of_id": None},
    "correspondence_posting when OLD.state <> 'live'": {"state": "down", "ended_whose": "clinic", "instead_of_id": None} | _OVER,
    "correspondence_allowentry": {"ended_at": None, "ended_by_id": None},
    "correspondence_allowentry when OLD.ended_at IS NOT NULL": _OVER,
    "correspondence_clinicrule when OLD.state = 'ended'": {"state": "ended", "live_by_id": 2, "written_by_id": 1} | _OVER,
    "correspondence_clinicrule when OLD.state = 'live'": {"state": "live", "live_at": NOON, "live_by_id": 2, "written_by_id": 1},
    "correspondence_tryout when OLD.finished_at IS NOT NULL": {"finished_at": NOON},
    "evidence_evidencerequest": _ASKED,
    "evidence_evidencerequest when OLD.ended_at IS NOT NULL": _ASKED | {"ended_at": NOON, "ending": "cancelled"},
    "evidence_interview when OLD.outcome <> ''": {"outcome": "confirmed", "outcome_at": NOON},
    "evidence_item": {"number": 1},
}


def called(frozen: Frozen) -> str:
    return f"{frozen.table}{' when ' + frozen.frozen_when if frozen.frozen_when else ''}"


EVERY = pytest.mark.parametrize("frozen", triggers.registered(), ids=called)


# A copy on its way proves nothing: what was made, and for whom, stands in the fact, and the row is forgotten in a week.
PASSING = {"evidence_making"}


def test_every_table_of_evidence_is_frozen():
    frozen = {each.table for each in triggers.registered()}
    assert {model._meta.db_table for model in apps.get_app_config("evidence").get_models()} - PASSING <= frozen


@EVERY
def test_nothing_frozen_is_changed_deleted_or_replaced(frozen):
    with transaction.atomic():
        row = _made(frozen)
        free = {*frozen.may_update_columns, *frozen.forward}
        mine = type(row)._base_manager.filter(pk=row.pk)
        let = [f.column for f in row._meta.concrete_fields if f.column not in free and not _refused(lambda f=f: _update(mine, row, f))]
        assert let == [], "these columns were changed"
        for column in frozen.forward:
            back = {column: getattr(row, column) - 1}
            assert _refused(lambda b=back: mine.update(**b)), "it went back"
        column = next(f for f in reversed(row._meta.concrete_fields) if f.column not in free)
        assert column.primary_key or _refused(lambda: _bulk(row, column)), "bulk_update"
        assert _refused(lambda: mine._raw_delete("default")), "a row was deleted"
        assert _refused(lambda: _sql(f'DELETE FROM "{frozen.table}"')), "all rows were deleted"
        quoted = connection.ops.quote_name(column.column)
        other = column.get_db_prep_save(_other(column, getattr(row, column.attname)), connection)
        assert _refused(lambda: _sql(f'UPDATE "{frozen.table}" SET {quoted} = %s', [other])), "SQL"
        if connection.vendor == "sqlite":
            _replaced(frozen, row)
        transaction.set_rollback(True)


def _replaced(frozen: Frozen, row: models.Model) -> None:
    """SQLite would put another row in the place of this one, deleting it without a word."""
    fields = row._meta.concrete_fields
    kept = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    names, marks = ", ".join(f'"{field.column}"' for field in fields), ", ".join(["%s"] * len(fields))
    statement = f'REPLACE INTO "{frozen.table}" ({names}) VALUES ({marks})'
    if frozen.tolerates_known:  # then it is without effect
        kept[-1] = fields[-1].get_db_prep_save(_other(fields[-1], getattr(row, fields[-1].attname)), connection)
        with suppress(IntegrityError), transaction.atomic():
            _sql(statement, kept)
        again = type(row)._base_manager.filter(pk=row.pk).values().get()
        assert again == {field.attname: getattr(row, field.attname) for field in fields}
    else:
        assert _refused(lambda: _sql(statement, kept)), "a row was replaced"


def _update(mine: models.QuerySet, row: models.Model, field: models.Field) -> None:
    mine.update(**{field.attname: _other(field, getattr(row, field.attname))})


def _bulk(row: models.Model, field: models.Field) -> None:
    kept = getattr(row, field.attname)
    setattr(row, field.attname, _other(field, kept))
    try:
        type(row)._base_manager.bulk_update([row], [field.name])
    finally:
        setattr(row, field.attname, kept)


def _sql(statement: str, values: list | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _refused(act) -> bool:
    try:
        with transaction.atomic():
            act()
            transaction.set_rollback(True)
    except IntegrityError as error:
        return any(said in str(error) for said in ("is frozen", "says too little"))
    return False


# --- a row of any table --------------------------------------------------------------------------------------------------


def _made(frozen: Frozen) -> models.Model:
    """With everything that may be empty left empty, else with everything filled."""
    model, said, why = MODELS[frozen.table], ROWS.get(called(frozen), {}), []
    for filled in (False, True):
        values = {field.attname: _value(field, filled) for field in model._meta.concrete_fields if not _numbered(field)} | said
        try:
            with transaction.atomic():
                row = model(**values)
                row.save(force_insert=True)
                if frozen.frozen_when and not _meets(frozen, row):
                    raise DatabaseError(f"not {frozen.frozen_when}")
                return row
        except DatabaseError as error:
            why.append(str(error))
    raise AssertionError(f"say in ROWS how a row of {called(frozen)} is made: {why}")


def _meets(frozen: Frozen, row: models.Model) -> bool:
    condition = frozen.frozen_when.replace("OLD.", "")
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{frozen.table}" WHERE "{row._meta.pk.column}" = %s AND ({condition})', [row.pk])
        return cursor.fetchone()[0] == 1


def _numbered(field: models.Field) -> bool:
    return isinstance(field, models.AutoField)


def _value(field: models.Field, filled: bool) -> Any:
    if field.null and not filled:
        return None
    if field.has_default() and not filled:
        return field.get_default()
    if field.blank and not filled and isinstance(field, (models.CharField, models.TextField)):
        return ""
    return _other(field, None)


KINDS: tuple[tuple[type[models.Field], Callable[[Any], Any]], ...] = (
    (models.ForeignKey, lambda before: NOWHERE + 1 if before is None else f"{before}1" if isinstance(before, str) else before + 1),
    (models.BooleanField, lambda before: not before),
    (models.UUIDField, lambda before: chance.uid()),
    (models.DateTimeField, lambda before: NOON if before is None else before + timedelta(days=1)),
    (models.DateField, lambda before: NOON.date() if before is None else before + timedelta(days=1)),
    (models.JSONField, lambda before: ["other"] if before != ["other"] else ["another"]),
    (models.BinaryField, lambda before: b"other" if before != b"other" else b"another"),
    (models.IntegerField, lambda before: 7 if before is None else before + 1),
)


def _other(field: models.Field, before: Any) -> Any:
    """A value of this kind that is not the one before."""
    for kind, value in KINDS:
        if isinstance(field, kind):
            return value(before)
    return ("x" if before != "x" else "y")[: field.max_length]
