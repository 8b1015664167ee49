"""Erasure: a person orders it, the database lets go of exactly what the order names, and a job empties the disk after it.

    order = erasure_order(stream=…, basis="request", what=[fields_of(stream), text, Cell(row, "title"), stored], …)

What an order may name: sealed fields of facts, texts, files, whole rows that nothing freezes, and single columns. The
fact says how many things and a digest of their list; leaf and digests of an erased field stay, so that the chain still
holds. It counts as done when the purge has found nothing left: the index merged until still, the write-ahead log
emptied, the bytes of files gone (`purge`). What a server keeps beside its tables (the write-ahead log of PostgreSQL until
it is used again, its archive, replicas, backups) is out of reach from here: docs/operations.md says what a person does.
"""
from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import OperationalError, connection, models
from django.utils.translation import gettext as _

from suyuan.kernel import chain
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import Refusal
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.files.services import file_destroy
from suyuan.platform.files.storage import storage
from suyuan.platform.files.uploads import upload_drop
from suyuan.platform.holds import refuse_if_held
from suyuan.platform.jobs import enqueue, job
from suyuan.platform.models import (
    ErasureOrder,
    ErasureTarget,
    FactPrivate,
    FactRow,
    IdempotencyKey,
    StoredFile,
    Text,
    TextIndex,
    Upload,
)
from suyuan.platform.rows import rows_add
from suyuan.platform.search import merge_step
from suyuan.platform.units import writes

ORDERED, PURGED = "erasure.ordered", "erasure.purged"
BASES = frozenset({"request", "retention", "replayed"})
FORMAT = "suyuan erasures 1"
_ROWS_AT_ONCE = 500
_TRIES, _BETWEEN, _PATIENCE_MS = 20, 0.1, 50
_LOCK_PATIENCE_MS, _REWRITTEN_MOST = 2_000, 1 << 30
# No order names rows of these, and every order takes something out of them.
_TOUCHED = {"platform_textindex", "platform_idempotencykey", "platform_upload"}


class NothingToErase(Refusal):
    code = "nothing_to_erase"

    def message(self) -> str:
        return _("沒有可以刪除的內容，可能已經刪除過了。")


class NotPurgedYet(RuntimeError):
    """Somebody still reads the log, or bytes are still there: the job tries again."""


@dataclass(frozen=True)
class Cell:
    """One column of a row, to be emptied."""

    row: models.Model
    field: str


@dataclass(frozen=True)
class Gone:
    """A row that nothing freezes, to be deleted."""

    row: models.Model


Named = FactPrivate | Text | StoredFile | Cell | Gone


@writes
def erasure_order(
    *,
    stream: str,
    what: Iterable[Named],
    basis: str = "request",
    reason: str = "",
    happened_at: datetime | None = None,
    uid: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> ErasureOrder:
    """Name it, tell it, take it away: one write. Raises Held, NothingToErase."""
    if basis not in BASES:
        raise ValueError(f"not a basis: {basis}")
    if basis != "replayed":
        refuse_if_held(stream)
    named = list(what)
    _refuse_foreign(stream, named)
    targets = list({_place(t): t for t in map(_target, named)}.values())
    known = _known(targets)
    # Words that somebody wrote where an earlier order had emptied the column go too; that order names them already.
    written = {_place(_target(each)) for each in named if isinstance(each, Cell) and getattr(each.row, each.field)}
    again = [t for t in targets if _place(t) in known & written]
    targets = [t for t in targets if _place(t) not in known]
    if not targets and not again:
        raise NothingToErase()

    order = ErasureOrder(stream=stream, basis=basis, by=str(actor), at=now, **({"uid": uid} if uid else {}))
    order.save(force_insert=True)
    for target in targets:
        target.order = order
    rows_add(targets)
    plain = {"order": str(order.uid), "basis": basis, "named": len(targets), "sha256": targets_digest(targets)}
    private = {"reason": reason} if reason else {}
    facts_record([Fact(ORDERED, stream, plain, private, happened_at=happened_at, subject=order)], actor=actor, now=now)

    _take_away(targets + again, actor, now)
    IdempotencyKey.objects.filter(stream=stream, sealed_answer__isnull=False).update(sealed_answer=None)
    enqueue("erasure.purge", {"order": str(order.uid)}, unique_key=f"erasure.purge:{order.uid}")
    return order


def targets_digest(targets: Iterable[ErasureTarget]) -> str:
    """A digest of the list, which the fact carries: an order that was lengthened afterwards shows."""
    listed = sorted([t.relation, t.row_id, t.field, t.uid, t.name] for t in targets)
    return hashlib.sha256(chain.canonical(listed)).hexdigest()


def _refuse_foreign(stream: str, named: Iterable[Named]) -> None:
    for each in named:
        whose = each.fact.stream if isinstance(each, FactPrivate) else each.stream if isinstance(each, Text) else stream
        if whose != stream:
            raise ValueError(f"{whose} is not part of {stream}")


def _target(each: Named) -> ErasureTarget:
    if isinstance(each, FactPrivate):
        return ErasureTarget(
            relation=each._meta.db_table, row_id=each.pk, uid=str(each.fact.uid), name=each.name
        )
    if isinstance(each, Gone):
        row, field = each.row, ""
    elif isinstance(each, Cell):
        row, field = each.row, each.row._meta.get_field(each.field).column
    else:
        row, field = each, "body" if isinstance(each, Text) else "wrapped_key"
    uid = getattr(row, "uid", "")
    return ErasureTarget(relation=row._meta.db_table, row_id=row.pk, field=field, uid=str(uid))


def _place(target: ErasureTarget) -> tuple[str, int, str]:
    return target.relation, target.row_id, target.field


def _known(targets: list[ErasureTarget]) -> set[tuple[str, int, str]]:
    """What an earlier order named already."""
    found: set[tuple[str, int, str]] = set()
    for relation, rows in _by_relation(targets).items():
        for chunk in _chunks(sorted({t.row_id for t in rows})):
            earlier = ErasureTarget.objects.filter(relation=relation, row_id__in=chunk)
            found |= set(earlier.values_list("relation", "row_id", "field"))
    return found


def _take_away(targets: Iterable[ErasureTarget], actor: Actor, now: datetime) -> None:
    for relation, rows in _by_relation(targets).items():
        model = _model(relation)
        whole = [t.row_id for t in rows if not t.field]
        for chunk in _chunks(whole):
            model._base_manager.filter(pk__in=chunk)._raw_delete(model._base_manager.db)
        if model is StoredFile:
            for stored in StoredFile.objects.filter(pk__in=[t.row_id for t in rows], state="stored"):
                file_destroy(stored=stored, actor=actor, now=now)
            continue
        for column, ids in _by_column(rows).items():
            field = next(f for f in model._meta.concrete_fields if f.column == column)
            for chunk in _chunks(ids):
                model._base_manager.filter(pk__in=chunk).update(**{field.attname: _empty(field)})
                if model is Text:
                    Text.objects.filter(pk__in=chunk).update(folded="")
                    TextIndex.objects.filter(pk__in=chunk)._raw_delete(TextIndex.objects.db)


def _empty(field: models.Field) -> Any:
    if isinstance(field, models.JSONField):  # a paper that was finished has content, were it none
        return [] if field.default is list else {}
    if field.null:
        return None
    if isinstance(field, models.BinaryField):
        return b""
    return ""


def _model(relation: str) -> type[models.Model]:
    return next(model for model in apps.get_models() if model._meta.db_table == relation)


def _by_relation(targets: Iterable[ErasureTarget]) -> dict[str, list[ErasureTarget]]:
    found: dict[str, list[ErasureTarget]] = {}
    for target in targets:
        found.setdefault(target.relation, []).append(target)
    return found


def _by_column(targets: Iterable[ErasureTarget]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for target in targets:
        if target.field:
            found.setdefault(target.field, []).append(target.row_id)
    return found


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        yield ids[start : start + _ROWS_AT_ONCE]


# --- emptying the disk ---------------------------------------------------------------------------------------------


@job("erasure.purge", attempts=12, timeout=timedelta(hours=2))
def purge(args: dict, now: datetime) -> None:
    """After the order: bytes, index pages, write-ahead log. Only then is it shown as done.

    Emptying the disk for one order does it for every other that stands by then: an order for a thousand cases needs it once.
    """
    mine = ErasureOrder.objects.filter(uid=args["order"], purged_at=None).first()
    if mine is None:
        return
    if not _bytes_gone(mine):
        raise NotPurgedYet("bytes of a destroyed file are still there")
    others = list(ErasureOrder.objects.filter(purged_at=None).exclude(pk=mine.pk).order_by("id"))
    seen = _seen_as_they_were([mine, *others])
    if mine.pk in seen:
        raise NotPurgedYet("somebody still reads rows as they were")
    orders = [mine, *(each for each in others if each.pk not in seen and _bytes_gone(each))]
    left = _disk_emptied(orders)
    for order in orders:
        erasure_done(order=order, left=left, now=now)


@writes
def erasure_done(*, order: ErasureOrder, left: Sequence[str] = (), now: datetime) -> None:
    """Nothing that the order named is left in the database's files. (What backups hold expires with them.)

    `left`: tables that are too large to be written anew while people work, which somebody does in a quiet hour.
    """
    if ErasureOrder.objects.filter(pk=order.pk, purged_at=None).update(purged_at=now):
        plain = {"order": str(order.uid), **({"left": list(left)} if left else {})}
        fact = Fact(PURGED, order.stream, plain, subject=order)
        facts_record([fact], actor=Actor("system", "suyuan"), now=now)


def log_kept_by_server() -> bool:
    """Whether the database's log is a server's, which keeps what it wrote until the place is used again."""
    return connection.vendor == "postgresql"


def left_to_rewrite(orders: Iterable[str]) -> list[str]:
    """Tables that these orders found too large to be written anew while people work."""
    wanted = set(orders)
    streams = ErasureOrder.objects.filter(uid__in=wanted).values("stream")
    done = FactRow.objects.filter(type=PURGED, stream__in=streams)
    return sorted({table for fact in done if fact.value("order") in wanted for table in fact.value("left", [])})


def _bytes_gone(order: ErasureOrder) -> bool:
    table = StoredFile._meta.db_table
    files = StoredFile.objects.filter(pk__in=order.targets.filter(relation=table).values("row_id"))
    return all([_file_gone(stored) for stored in files])


def _file_gone(stored: StoredFile) -> bool:
    for upload in Upload.objects.filter(file=stored):
        upload_drop(upload=upload)
    storage().remove(stored.path)
    try:
        storage().open(stored.path).close()
    except FileNotFoundError:
        return True
    return False


def _disk_emptied(orders: Sequence[ErasureOrder]) -> list[str]:
    """What rows and index left behind; tables that are too large to be written anew while people work."""
    if connection.vendor == "postgresql":
        targets = ErasureTarget.objects.filter(order__in=orders)
        return _rewritten(set(targets.values_list("relation", flat=True)) | _TOUCHED)
    _index_emptied()
    _log_emptied()
    return []


def _index_emptied() -> None:
    """Join every piece of the index, so that none keeps words whose rows are gone: negative first, then until still."""
    merge_step(-64)
    for _step in range(100_000):
        if not merge_step(512):
            return
    raise NotPurgedYet("the index does not come to rest")


def _log_emptied() -> None:
    """The write-ahead log holds pages as they were before: written home and cut to nothing, however long readers stay."""
    with connection.cursor() as cursor:
        patience = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        # While it waits for readers nobody can write: so it waits briefly, and asks again.
        cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        try:
            for _try in range(_TRIES):
                busy, _pages, _moved = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not busy:
                    return
                sleep(_BETWEEN)
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {patience}")
    raise NotPurgedYet("somebody is still reading the log")


def _seen_as_they_were(orders: Sequence[ErasureOrder]) -> set[int]:
    """The orders before which some session still sees rows: as long as one does, PostgreSQL keeps them.

    Of another database of the same server only what writes counts: its transaction bounds what every new reader sees.
    SQLite keeps none: there the log is emptied when nobody reads it any more.
    """
    if connection.vendor != "postgresql":
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT mine.id FROM pg_stat_activity AS others, platform_erasureorder AS mine"
            " WHERE mine.id = ANY(%s) AND others.pid <> pg_backend_pid() AND (age(others.backend_xid) >= age(mine.xmin)"
            " OR coalesce(others.datname, current_database()) = current_database() AND age(others.backend_xmin) >= age(mine.xmin))",
            [[order.pk for order in orders]],
        )
        return {pk for (pk,) in cursor.fetchall()}


def _rewritten(relations: Iterable[str]) -> list[str]:
    """Write these tables anew, with what is there and nothing else: VACUUM alone frees the place and leaves the bytes.

    Nobody reads or writes a table meanwhile, so no one waits long for it, and the largest are only vacuumed: they are
    returned. The planner's statistics hold samples of words too; they are taken again.
    """
    left = []
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        patience = cursor.fetchone()[0]
        cursor.execute(f"SET lock_timeout = '{_LOCK_PATIENCE_MS}ms'")
        try:
            for relation in sorted(relations):
                cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [relation])
                small = cursor.fetchone()[0] <= _REWRITTEN_MOST
                left += [] if small else [relation]
                cursor.execute(f'VACUUM ({"FULL, " if small else ""}ANALYZE) "{relation}"')
        except OperationalError as error:
            raise NotPurgedYet("a table is being worked in") from error
        finally:
            cursor.execute(f"SET lock_timeout = '{patience}'")
    return left


# --- beside a backup -----------------------------------------------------------------------------------------------


def orders_exported() -> dict[str, Any]:
    """Every order, to be kept beside a backup. Names rows by their uids; carries nothing of what was erased."""
    orders = []
    for order in ErasureOrder.objects.order_by("id").prefetch_related("targets"):
        named = [[t.relation, t.row_id, t.field, t.uid, t.name] for t in order.targets.all()]
        at = order.at.isoformat()
        orders.append({"uid": str(order.uid), "stream": order.stream, "at": at, "by": order.by, "targets": named})
    return {"format": FORMAT, "orders": orders}


def orders_apply(told: Mapping[str, Any], *, actor: Actor, now: datetime) -> int:
    """Carry out again what a restored backup has forgotten. Holds were asked when it was ordered. Returns how many."""
    if told.get("format") != FORMAT:
        raise ValueError("not a file of erasure orders")
    known = {str(uid) for uid in ErasureOrder.objects.values_list("uid", flat=True)}
    done = 0
    for order in told["orders"]:
        if order["uid"] in known:
            continue
        what = [each for target in order["targets"] if (each := _found_again(*target)) is not None]
        if what:
            at, uid = datetime.fromisoformat(order["at"]), UUID(order["uid"])
            erasure_order(stream=order["stream"], what=what, basis="replayed", happened_at=at, uid=uid, actor=actor, now=now)
            done += 1
    return done


def _found_again(relation: str, row_id: int, field: str, uid: str, name: str) -> Named | None:
    """The same row in this database; None where the backup is older than it."""
    model = _model(relation)
    if model is FactPrivate:
        return FactPrivate.objects.select_related("fact").filter(fact__uid=uid, name=name).first()
    row = model._base_manager.filter(**({"uid": uid} if uid else {"pk": row_id})).first()
    if row is None or model in (Text, StoredFile):
        return row
    return Cell(row, next(f.name for f in model._meta.concrete_fields if f.column == field)) if field else Gone(row)
