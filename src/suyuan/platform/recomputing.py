"""Rows held against the facts that made them, column by column (`suyuan chain verify --rows`).

A context says which rows it keeps and what of each its facts commit (`Kept`), and replays its facts in the order in
which they were recorded into a `Ledger`: this row with these columns, from this fact. Whatever stands otherwise in a
row is named with the place of the fact that says so; a row that no fact made is named too. What an erasure order let go,
and what a fact of an earlier program did not say yet, is left alone.
"""
from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import Model

from suyuan.platform.erasure import ORDERED, PURGED, targets_digest
from suyuan.platform.faults import Fault
from suyuan.platform.keys import KeyProblem, unseal_bytes
from suyuan.platform.models import ErasureOrder, ErasureTarget, FactPrivate, FactRow, Hold

AT_ONCE = 200


class _Unsaid:
    """No fact says what stands here, or none does any more."""

    def __bool__(self) -> bool:
        return False


UNSAID = _Unsaid()
EMPTY = (None, "", b"", [], {})


@dataclass(frozen=True)
class Said:
    """A fact with everything that it says. `erased`: sealed fields that an order took away."""

    id: int
    uid: UUID
    stream: str
    position: int
    at: datetime
    type: str
    actor: str
    fields: Mapping[str, Any]
    erased: frozenset[str]

    def __call__(self, name: str, default: Any = "") -> Any:
        return UNSAID if name in self.erased else self.fields.get(name, default)

    @property
    def happened_at(self) -> datetime | None:
        return moment(self.fields.get("happened_at"))

    @property
    def user(self) -> str | None:
        """The uid of the colleague who did it."""
        kind, _, uid = self.actor.partition(":")
        return uid if kind in ("user", "guest") else None

    def text(self, name: str) -> Any:
        """The uid of the words that it commits; None where it has none."""
        held = self(name, None)
        return held["text"] if isinstance(held, dict) else held


def moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told.replace("Z", "+00:00")) if told else None


@dataclass(frozen=True)
class Kept:
    """Rows of one table: `stream` leads to the stream that they belong to, `columns` say how each is read.

    `key`: columns by which a fact names the row. Where several rows share it, they are told apart by all they say.
    `also`: what else a row is held against, made from its columns; `of`: from which, where that one can be erased.
    `noun`: where the column has only what follows it in the name of the stream.
    """

    model: type[Model]
    stream: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    also: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: {}
    of: Mapping[str, str] = field(default_factory=dict)
    noun: str = ""

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    def stream_of(self, found: Any) -> str:
        return f"{self.noun}:{found}" if self.noun else found

    def found_by(self, streams: Iterable[str]) -> list[str]:
        """What stands in the column of rows of these streams."""
        if not self.noun:
            return list(streams)
        return [stream.partition(":")[2] for stream in streams if stream.startswith(f"{self.noun}:")]


def read_by(
    model: type[Model],
    stream: str,
    key: tuple[str, ...],
    also: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: {},
    of: Mapping[str, str] = MappingProxyType({}),
    noun: str = "",
    **paths: str,
) -> Kept:
    """Every column but the number; `paths` say how to read those that point to another row, and what else is read."""
    names = [each.name for each in model._meta.concrete_fields if each.name != "id"]
    return Kept(model, stream, {name: name for name in names} | paths, key, also, of, noun)


@dataclass
class _Expected:
    fact: Said
    key: tuple
    cells: dict[str, tuple[Any, Said]]


@dataclass
class Ledger:
    """What the rows of one thing must be, and what they are."""

    rows: Mapping[type[Model], Sequence[dict[str, Any]]]
    erased: Collection[tuple[str, int, str]] = ()
    expected: dict[type[Model], list[_Expected]] = field(default_factory=lambda: defaultdict(list))
    faults: list[Fault] = field(default_factory=list)
    _by_key: dict[tuple, _Expected] = field(default_factory=dict)

    def made(self, kept: Kept, fact: Said, **columns: Any) -> None:
        key = tuple(columns[name] for name in kept.key)
        row = _Expected(fact, key, {name: (value, fact) for name, value in columns.items()})
        self.expected[kept.model].append(row)
        self._by_key[kept.model, key] = row

    def changed(self, kept: Kept, key: tuple, fact: Said, **columns: Any) -> None:
        row = self._by_key.get((kept.model, key))
        if row is None:
            self.faults.append(Fault(fact.stream, fact.position, "row_missing", f"{kept.table} {_shown(key)}"))
            return
        row.cells |= {name: (value, fact) for name, value in columns.items()}

    def value(self, kept: Kept, key: tuple, name: str) -> Any:
        """What the facts so far say stands in a column."""
        row = self._by_key.get((kept.model, key))
        return row.cells.get(name, (UNSAID, None))[0] if row is not None else UNSAID


Replay = Callable[[Ledger, Sequence[Said]], None]


def recomputed(
    kept: Sequence[Kept],
    types: Collection[str],
    replay: Replay,
    streams: Collection[str] | None,
    plain_only: Collection[str] = (),
) -> Iterator[Fault]:
    """A row check: these rows against facts of these types, some hundred things at a time.

    `plain_only`: types of which nothing sealed is asked; each case has one that opened it, with all that a patient said.
    """
    homes, having = _homes(kept, types, streams)
    roots = {each.model: _root(each, {one.model: one for one in kept}) for each in kept}
    erased = _Erased({each.table for each in kept})
    uids = sorted(homes)
    for start in range(0, len(uids), AT_ONCE):
        batch = uids[start : start + AT_ONCE]
        told = _told([stream for uid in batch for stream in homes[uid]], types, plain_only, erased)
        rows = {
            model: _rows(each, [stream for uid in batch if uid in having[roots[model]] for stream in homes[uid]])
            for model, each in ((each.model, each) for each in kept)
        }
        for uid in batch:
            mine = {model: found.get(uid, []) for model, found in rows.items()}
            ledger = Ledger(mine, erased.cells)
            replay(ledger, told.get(uid, []))
            yield from ledger.faults
            for each in kept:
                yield from _held_against(each, ledger.expected[each.model], mine[each.model], erased)


def _thing(stream: str) -> str:
    """A thing and its protected compartments have streams of their own, and one uid."""
    return stream.partition(":")[2]


def _homes(
    kept: Sequence[Kept], types: Collection[str], streams: Collection[str] | None
) -> tuple[dict[str, set[str]], dict[type[Model], set[str]]]:
    """The streams of every thing that has such a fact or row, and which things have rows of which table."""
    found: dict[str, set[str]] = defaultdict(set)
    having: dict[type[Model], set[str]] = defaultdict(set)
    wanted = None if streams is None else {_thing(stream) for stream in streams}
    # What hangs on a row of another table is looked for where that one is.
    by_model = {each.model: each for each in kept}
    of_tables = [
        (each.model, each.model._base_manager.all(), each.stream, each.stream_of) for each in kept if _root(each, by_model) is each.model
    ]
    facts = (FactRow, FactRow.objects.filter(type__in=types), "stream", str)
    for model, rows, path, named in [facts, *of_tables]:
        for value in rows.order_by().values_list(path, flat=True).distinct().iterator():
            stream = named(value)
            thing = _thing(stream)
            if wanted is None or thing in wanted:
                found[thing].add(stream)
                having[model].add(thing)
    return found, having


def _root(kept: Kept, by_model: Mapping[type[Model], Kept]) -> type[Model]:
    """The table on whose rows these hang in the end: their own, where they hang on none of those that are kept."""
    first, _, further = kept.stream.partition("__")
    above = by_model.get(kept.model._meta.get_field(first).related_model) if further else None
    return kept.model if above is None else _root(above, by_model)


def _told(
    streams: list[str], types: Collection[str], plain_only: Collection[str], erased: _Erased
) -> dict[str, list[Said]]:
    names = ("id", "uid", "stream", "position", "at", "type", "actor", "plain")
    facts = list(FactRow.objects.filter(stream__in=streams, type__in=types).order_by("id").values_list(*names))
    uids = {fact[0]: fact[1] for fact in facts}
    opened: dict[int, dict[str, Any]] = defaultdict(dict)
    sealing = set(types) - set(plain_only)
    rows = FactPrivate.objects.filter(fact__stream__in=streams, fact__type__in=sealing)
    for fact_id, name, sealed in rows.values_list("fact_id", "name", "sealed"):
        try:
            opened[fact_id][name] = json.loads(unseal_bytes("fact", f"{uids[fact_id]}:{name}", bytes(sealed)))
        except (KeyError, KeyProblem, ValueError):  # the chain's own check says so
            opened[fact_id][name] = UNSAID
    found: dict[str, list[Said]] = defaultdict(list)
    for pk, uid, stream, position, at, fact_type, actor, plain in facts:
        said = {name: held[1] for name, held in plain.items()} | opened[pk]
        gone = erased.fields.get(str(uid), frozenset()) - opened[pk].keys()
        found[_thing(stream)].append(Said(pk, uid, stream, position, at, fact_type, actor, said, gone))
    return found


def _rows(kept: Kept, streams: list[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    if not streams:
        return found
    rows = kept.model._base_manager.filter(**{f"{kept.stream}__in": kept.found_by(streams)}).order_by("pk")
    for pk, value, *values in rows.values_list("pk", kept.stream, *kept.columns.values()):
        stream = kept.stream_of(value)
        row = {name: _plainly(value) for name, value in zip(kept.columns, values, strict=True)}
        found[_thing(stream)].append({"pk": pk, "of": stream} | row | kept.also(row))
    return found


def _plainly(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


class _Erased:
    """What orders name: sealed fields by fact, and single columns of these tables."""

    def __init__(self, tables: Collection[str]) -> None:
        self.fields: dict[str, frozenset[str]] = {}
        self.cells: set[tuple[str, int, str]] = set()
        sealed = FactPrivate._meta.db_table
        named = ErasureTarget.objects.filter(relation__in=[sealed, *tables])
        for relation, row_id, column, uid, name in named.values_list("relation", "row_id", "field", "uid", "name"):
            if relation == sealed:
                self.fields[uid] = self.fields.get(uid, frozenset()) | {name}
            else:
                self.cells.add((relation, row_id, column))


def _held_against(
    kept: Kept, expected: Sequence[_Expected], rows: Sequence[dict[str, Any]], erased: _Erased
) -> Iterator[Fault]:
    there: dict[tuple, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        there[tuple(row[name] for name in kept.key)].append(row)
    left = []
    for one in expected:
        alike = there.get(one.key, [])
        exact = next((row for row in alike if not list(_differing(kept, one, row, erased))), None)
        if exact is None:
            left.append(one)
        else:
            alike.remove(exact)
    for one in left:
        alike = there.get(one.key, [])
        if not alike:
            yield Fault(one.fact.stream, one.fact.position, "row_missing", f"{kept.table} {_shown(one.key)}")
            continue
        for name, fact in _differing(kept, one, alike.pop(0), erased):
            yield Fault(fact.stream, fact.position, "row_differs", f"{kept.table}.{name} {_shown(one.key)}")
    for key, alike in there.items():
        for row in alike:
            yield Fault(row["of"], 0, "row_without_fact", f"{kept.table} {_shown(key)}")


def _differing(kept: Kept, one: _Expected, row: dict[str, Any], erased: _Erased) -> Iterator[tuple[str, Said]]:
    for name, (value, fact) in one.cells.items():
        if row[name] == value:
            continue
        column = kept.of.get(name, name)
        ordered = (kept.table, row["pk"], column) in erased.cells
        if row[column] in EMPTY if ordered else value is UNSAID:
            continue
        yield name, fact


def _shown(key: tuple) -> str:
    return " ".join(map(str, key))


# --- this context's own ----------------------------------------------------------------------------------------------

HOLDS = read_by(Hold, "stream", ("uid",))
ORDERS = Kept(
    ErasureOrder,
    "stream",
    {name: name for name in ("uid", "stream", "basis", "by", "at", "purged_at")},
    ("uid",),
    also=lambda row: {"targets": targets_digest(ErasureTarget.objects.filter(order__uid=row["uid"]))},
)
_TYPES = ("hold.placed", "hold.lifted", ORDERED, PURGED)


def platform_recomputed(streams: Collection[str] | None) -> Iterator[Fault]:
    """Holds and orders of erasure, with what each names."""
    yield from recomputed((HOLDS, ORDERS), _TYPES, _replay, streams)


def _replay(ledger: Ledger, facts: Sequence[Said]) -> None:
    for fact in facts:
        if fact.type == "hold.placed":
            ledger.made(
                HOLDS, fact, uid=fact("hold"), stream=fact.stream, kind=fact("kind"), reason=fact("reason"),
                cause=fact("cause"), placed_by=fact.actor, placed_at=fact.at, lifted_by="", lifted_at=None, lifted_reason="",
            )  # fmt: skip
        elif fact.type == "hold.lifted":
            lifted = {"lifted_by": fact.actor, "lifted_at": fact.at, "lifted_reason": fact("reason")}
            ledger.changed(HOLDS, (fact("hold"),), fact, **lifted)
        elif fact.type == ORDERED:
            ledger.made(
                ORDERS, fact, uid=fact("order"), stream=fact.stream, basis=fact("basis"), by=fact.actor, at=fact.at,
                purged_at=None, targets=fact("sha256"),
            )  # fmt: skip
        else:
            ledger.changed(ORDERS, (fact("order"),), fact, purged_at=fact.at)
