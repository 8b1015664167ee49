"""Facts: recorded by services, chained at the end of the outermost write, reacted to by name.

Order inside the flush: inside-reactions until nothing new appears; heads made and locked in one statement ordered by
token; facts, private fields, heads and the list of un-checkpointed facts written in bulk. Business rows are locked
before heads, so two writers never wait for each other in a ring. A stream that begins here needs no lock: nobody else
can know it yet, so its head is written once, as it ends up.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from suyuan.kernel import chain
from suyuan.kernel.actor import Actor
from suyuan.platform import chance, units
from suyuan.platform.models import ChainPending, FactPrivate, FactRow, StreamHead, Text
from suyuan.platform.rows import rows_add

_MICROSECOND = timedelta(microseconds=1)

# Fields that the chain itself commits.
_OWN_NAMES = frozenset(
    ["type", "type_version", "actor", "acting_for", "happened_at", "stream_noun", "stream_uid", "clock_behind_by_us"]
)


@dataclass(frozen=True)
class Fact:
    """Something that happened, before it has a place in its stream.

    plain    codes, dates as ISO text, counts, money in minor units: readable in the row
    private  whatever a person typed and every identifier: sealed
    texts    name -> Text row: committed by digest, the words live once in the row
    subject  the row it is about, for inside-reactions only; never stored
    begins   the first fact of a stream whose uid was made in this very write; refused by the database if it is not
    """

    type: str
    stream: str
    plain: Mapping[str, chain.Json] = field(default_factory=dict)
    private: Mapping[str, chain.Json] = field(default_factory=dict)
    texts: Mapping[str, Text] = field(default_factory=dict)
    happened_at: datetime | None = None
    version: int = 1
    subject: Any = None
    begins: bool = False


@dataclass(frozen=True)
class Recorded:
    """A buffered fact as reactions see it."""

    fact: Fact
    uid: UUID
    actor: Actor
    now: datetime

    @property
    def type(self) -> str:
        return self.fact.type

    @property
    def stream(self) -> str:
        return self.fact.stream

    @property
    def plain(self) -> Mapping[str, chain.Json]:
        return self.fact.plain

    @property
    def subject(self) -> Any:
        return self.fact.subject

    @property
    def started_at(self) -> datetime:
        """Clocks start from the earlier of stated and server time."""
        stated = self.fact.happened_at
        return min(stated, self.now) if stated else self.now


Reaction = Callable[..., None]


@dataclass(frozen=True)
class FactKind:
    """What is done when a fact of this type is recorded. `phrase` words it at read time."""

    phrase: Callable[[Any], str]
    inside: tuple[Reaction, ...] = ()
    after: tuple[str, ...] = ()


class UnknownFact(LookupError):
    """A fact type that nobody registered: recording it would be silent data loss."""


_kinds: dict[str, FactKind] = {}


def register(kinds: Mapping[str, FactKind]) -> None:
    """Called once by config. A type registered twice is a mistake."""
    twice = _kinds.keys() & kinds.keys()
    if twice:
        raise ValueError(f"registered twice: {sorted(twice)}")
    _kinds.update(kinds)


def kind_of(fact_type: str) -> FactKind:
    try:
        return _kinds[fact_type]
    except KeyError:
        raise UnknownFact(fact_type) from None


def kinds() -> Mapping[str, FactKind]:
    return dict(_kinds)


def stream_of(noun: str, uid: UUID | str) -> str:
    return f"{noun}:{uid}"


def facts_record(facts: Iterable[Fact], *, actor: Actor, now: datetime) -> list[Recorded]:
    """Buffer facts on the open unit. Raises UnknownFact, OutsideAService, NotCanonical."""
    unit = units.required()
    if actor.acting_for is None and (whose := unit.notes.get(f"acting_for:{actor.uid}")):
        actor = replace(actor, acting_for=whose)
    recorded = []
    for fact in facts:
        kind_of(fact.type)
        if beside := unit.notes.pop(_beside(fact.stream), None):
            fact = replace(fact, plain={**fact.plain, **beside})
        _refuse_twins(fact)
        recorded.append(Recorded(fact, chance.uid(), actor, now))
    unit.facts.extend(recorded)
    return recorded


def fact_beside(stream: str, name: str, value: chain.Json) -> None:
    """What the next fact of this thing says as well, in a list under `name`: a row was written that it answers for."""
    waiting = units.required().notes.setdefault(_beside(stream), {})
    waiting.setdefault(name, []).append(value)


def _beside(stream: str) -> str:
    """A thing and its protected compartments have one uid."""
    return f"beside:{stream.partition(':')[2]}"


def _refuse_twins(fact: Fact) -> None:
    """A name stands for one value: of two, only one would be committed."""
    names = [*fact.plain, *fact.private, *fact.texts]
    twins = {name for name in names if name in _OWN_NAMES or names.count(name) > 1}
    if twins:
        raise ValueError(f"{fact.type} names a field twice or one of the chain's own: {', '.join(sorted(twins))}")


def facts_flush(unit: units.Unit) -> None:
    """Run inside-reactions, then chain and write everything buffered. Called once by the outermost unit."""
    react_until_still(unit)
    for finish in unit.flushers:
        finish(unit)
    if untold := [name for name in unit.notes if name.startswith("beside:")]:
        raise RuntimeError(f"rows were written that no fact tells of: {', '.join(untold)}")
    if not unit.facts:
        return
    begun = {r.stream for r in unit.facts if r.fact.begins}
    heads = _new_heads(begun) | _locked_heads({r.stream for r in unit.facts} - begun)
    rows, privates = [], []
    for recorded in unit.facts:
        row, fields = _link(recorded, heads[recorded.stream])
        rows.append(row)
        privates.extend(fields)
    written = rows_add(rows)
    rows_add(privates)
    _heads_save(heads.values())
    rows_add(ChainPending(fact=row) for row in written)


def react_until_still(unit: units.Unit) -> None:
    """Inside-reactions may record more facts; go on until no new ones appear."""
    from suyuan.platform.jobs import enqueue

    done = unit.notes.get("reacted", 0)
    while done < len(unit.facts):
        recorded = unit.facts[done]
        done += 1
        unit.notes["reacted"] = done
        kind = kind_of(recorded.type)
        for reaction in kind.inside:
            reaction(recorded, actor=recorded.actor, now=recorded.now)
        for job_name in kind.after:
            enqueue(
                job_name,
                {"fact": str(recorded.uid), "stream": recorded.stream},
                run_at=recorded.now,
                unique_key=f"fact:{recorded.uid}:{job_name}",
            )


def _new_heads(streams: Iterable[str]) -> dict[str, StreamHead]:
    return {s: StreamHead(token=chain.stream_token(s), stream=s) for s in streams}


def _locked_heads(streams: Iterable[str]) -> dict[str, StreamHead]:
    tokens = {chain.stream_token(s): s for s in streams}
    if not tokens:
        return {}
    StreamHead.objects.bulk_create(
        [StreamHead(token=t, stream=s) for t, s in sorted(tokens.items())], ignore_conflicts=True
    )
    locked = StreamHead.objects.select_for_update().filter(token__in=tokens).order_by("token")
    return {head.stream: head for head in locked}


def _link(recorded: Recorded, head: StreamHead) -> tuple[FactRow, list[FactPrivate]]:
    """Build the next link of one stream and move its head in memory."""
    from suyuan.platform.keys import seal

    fact, first = recorded.fact, head.position == 0
    plain: dict[str, chain.Json] = {
        **fact.plain,
        "type": fact.type,
        "type_version": fact.version,
        "actor": str(recorded.actor),
    }
    if recorded.actor.acting_for:
        plain["acting_for"] = recorded.actor.acting_for
    if fact.happened_at is not None:
        plain["happened_at"] = chain.time_text(fact.happened_at)
    if first:
        noun, _, uid = fact.stream.partition(":")
        plain |= {"stream_noun": noun, "stream_uid": uid}
    elif head.at is not None and recorded.now < head.at:
        plain["clock_behind_by_us"] = (head.at - recorded.now) // _MICROSECOND

    private = dict(fact.private)
    for name, text in fact.texts.items():
        private[name] = {"text": str(text.uid), "sha256": text.sha256, "chars": len(text.body)}

    salts = {name: chance.token_bytes(chain.SALT_BYTES) for name in sorted({*plain, *private})}
    digests = sorted(chain.commitment(salts[n], n, v) for n, v in {**plain, **private}.items())
    at = chain.time_text(recorded.now)
    head.position += 1
    leaf = chain.leaf_hash(token=head.token, position=head.position, prev=head.leaf, at=at, commitments=digests)
    row = FactRow(
        uid=recorded.uid,
        stream=fact.stream,
        token=head.token,
        position=head.position,
        prev=head.leaf,
        leaf=leaf,
        at=recorded.now,
        type=fact.type,
        actor=str(recorded.actor),
        plain={name: [salts[name].hex(), value] for name, value in plain.items()},
        digests=digests,
    )
    head.leaf, head.at = leaf, recorded.now
    sealed = [
        FactPrivate(
            fact=row,
            name=name,
            salt=salts[name].hex(),
            sealed=seal("fact", f"{recorded.uid}:{name}", chain.canonical(value)),
        )
        for name, value in private.items()
    ]
    return row, sealed


# Parameters a statement may have on an old SQLite, and what one head needs.
_HEADS_AT_ONCE = 999 // 4


def _heads_save(heads: Iterable[StreamHead]) -> None:
    """New heads inserted, known ones moved: a statement each, whatever their number (up to `_HEADS_AT_ONCE`)."""
    ordered = sorted(heads, key=lambda head: head.token)
    known = [head for head in ordered if head.pk is not None]
    rows_add(head for head in ordered if head.pk is None)
    for start in range(0, len(known), _HEADS_AT_ONCE):
        _heads_move(known[start : start + _HEADS_AT_ONCE])


def _heads_move(heads: Sequence[StreamHead]) -> None:
    """UPDATE … FROM (VALUES …): a tenth of the work of `bulk_update`, which every write would pay."""
    values = [(h.pk, h.position, h.leaf, connection.ops.adapt_datetimefield_value(h.at)) for h in heads]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE platform_streamhead SET position = v.column2, leaf = v.column3, at = v.column4 FROM (VALUES "
            + ", ".join(["(%s, %s, %s, %s)"] * len(values))
            + ") AS v WHERE platform_streamhead.id = v.column1",
            [value for row in values for value in row],
        )


@dataclass(frozen=True)
class Told:
    """A stored fact with its private fields opened, ready to be worded."""

    row: FactRow
    private: Mapping[str, Any]

    @property
    def type(self) -> str:
        return self.row.type

    def plain(self, name: str, default: Any = None) -> Any:
        return self.row.value(name, default)


def facts_told(rows: Sequence[FactRow]) -> list[Told]:
    """Open the private fields of `rows` in one query; erased fields are simply absent."""
    from suyuan.platform.keys import unseal

    opened: dict[int, dict[str, Any]] = {row.pk: {} for row in rows}
    uids = {row.pk: row.uid for row in rows}
    for held in FactPrivate.objects.filter(fact_id__in=opened):
        words = unseal("fact", f"{uids[held.fact_id]}:{held.name}", bytes(held.sealed))
        opened[held.fact_id][held.name] = json.loads(words)
    return [Told(row, opened[row.pk]) for row in rows]

