"""Items and whose hands they pass through."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q

from suyuan.evidence import errors, rules
from suyuan.evidence.models import CopySet, CustodyEntry, Item, Seal
from suyuan.evidence.selectors.rights import SIGNATURE, seal_over
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform import units
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.jobs import enqueue
from suyuan.platform.models import StoredFile
from suyuan.platform.rows import rows_add
from suyuan.platform.units import writes

LOOK = "evidence.look"
REASON = 200


@dataclass(frozen=True)
class ItemGiven:
    """One thing about to become evidence; `stored` is None for an object that is not a file. `how` it came to us, for the first hand-over."""

    stored: StoredFile | None
    source: str
    kind: str = ""
    title: str = ""
    from_whom: str = ""
    obtained_at: datetime | None = None
    place: str = ""
    note: str = ""
    compartment: str = ""
    how: str = ""


def items_make(
    given: Iterable[ItemGiven], *, stream: str, branch_id: int, actor: Actor, now: datetime, first: int | None = None
) -> list[Item]:
    """Number them and write them with their first hand-over, inside the caller's service, which records the fact.

    `first` is the first number where nothing can be there yet; otherwise the caller holds the lock of what they belong to.
    Raises BadInput, WordsTooLong, TimeWrong, AlreadyAnItem.
    """
    units.required()
    given = [_checked(each, now) for each in given]
    if not given:
        return []
    stored = [each.stored.pk for each in given if each.stored is not None]
    if first is None and stored and Item.objects.filter(stored__in=stored).exists():
        raise errors.AlreadyAnItem()
    items = rows_add(
        Item(
            stream=stream,
            branch_id=branch_id,
            number=number,
            stored=each.stored,
            kind=each.kind,
            title=each.title,
            source=each.source,
            from_whom=each.from_whom,
            obtained_at=each.obtained_at,
            place=each.place,
            note=each.note,
            compartment=each.compartment,
            added_by=str(actor),
            added_at=now,
        )
        for number, each in _numbered(given, stream, first)
    )
    rows_add(_received(item, each.how, actor, now) for item, each in zip(items, given, strict=True))
    for item in items:
        look_later(item)
    return items


def look_later(item: Item) -> None:
    """Ask for its preview, where there can be one."""
    if item.stored is not None and item.stored.content_type in rules.SHOWN:
        enqueue(LOOK, {"item": str(item.uid)}, unique_key=f"{LOOK}:{item.uid}", priority=-10)


def item_digest(item: Item) -> str:
    """What the item is known by; empty for an object."""
    return item.stored.sha256 if item.stored is not None else ""


@writes
def item_add(
    *, given: ItemGiven, stream: str, branch_id: int, told_in: str = "", actor: Actor, now: datetime
) -> Item:
    """One more item. `told_in` is the stream of the fact where it is not that of the item (a protected compartment)."""
    (item,) = items_make([given], stream=stream, branch_id=branch_id, actor=actor, now=now)
    private = {"title": item.title, "from_whom": item.from_whom, "note": item.note, "place": item.place, "origin": given.how}
    fact = Fact(
        "item.added",
        told_in or stream,
        plain=facts_of(item),
        private={name: words for name, words in private.items() if words},
        happened_at=item.obtained_at,
        subject=item,
    )
    facts_record([fact], actor=actor, now=now)
    return item


def facts_of(item: Item) -> dict:
    """What the chain keeps of an item in the open."""
    plain = {"item": str(item.uid), "number": item.number, "kind": item.kind, "source": item.source}
    if item.stored is not None:
        stored = item.stored
        plain |= {"sha256": stored.sha256, "size": stored.size, "content_type": stored.content_type}
    if item.compartment:  # told in another stream than its own
        plain["of"] = item.stream
    return plain


@writes
def item_describe(
    *,
    item: Item,
    told_in: str = "",
    kind: str | None = None,
    title: str | None = None,
    from_whom: str | None = None,
    obtained_at: datetime | None = None,
    place: str | None = None,
    note: str | None = None,
    actor: Actor,
    now: datetime,
) -> Item:
    """Say more exactly what an item is. What was said before stays in the chain."""
    item = Item.objects.select_for_update(of=("self",)).get(pk=item.pk)
    _refuse_if_sealed(item)
    if item.kind.startswith(SIGNATURE):  # whose it is and under which seal is how it is found
        raise errors.ItemSealed(number=item.place)
    said = {"kind": kind, "title": title, "from_whom": from_whom, "place": place, "note": note}
    changes = {name: words.strip() for name, words in said.items() if words is not None}
    if obtained_at is not None:
        changes["obtained_at"] = _past(obtained_at, now)
    changes = {name: value for name, value in changes.items() if getattr(item, name) != value}
    if not changes:
        return item
    for name, value in changes.items():
        setattr(item, name, _fits(name, value) if isinstance(value, str) else value)
    item.save(update_fields=list(changes))
    plain = {"item": str(item.uid), "number": item.number, "changed": sorted(changes)}
    plain |= {"kind": item.kind} if "kind" in changes else {}
    plain |= {"obtained": item.obtained_at.isoformat()} if "obtained_at" in changes else {}
    private = {name: value for name, value in changes.items() if isinstance(value, str) and name != "kind" and value}
    told = Fact("item.described", told_in or item.stream, plain=plain, private=private, subject=item)
    facts_record([told], actor=actor, now=now)
    return item


@writes
def item_move(
    *, item: Item, compartment: str, reason: str, shown: Sequence[str], outside: str, actor: Actor, now: datetime
) -> Item:
    """Put it, with all its copies, into a compartment or back into the open part ("").

    It is told where it goes with the reason, and where it was that it went; `shown`: codes of how it was shown to others
    before, which no compartment undoes. `outside`: the reason as the readers of where it was may know it. Raises ItemSealed.
    """
    item = Item.objects.select_for_update(of=("self",)).select_related("stored").get(pk=item.pk)
    _refuse_if_sealed(item)
    before = item.compartment
    whole = Item.objects.filter(Q(pk=item.pk) | Q(parent=item))
    StoredFile.objects.filter(item__in=whole).update(compartment=compartment)
    whole.update(compartment=compartment)
    item.refresh_from_db()
    plain = {"item": str(item.uid), "number": item.number}
    went = Fact(
        "item.moved_out", rules.told_in(item.stream, before), plain=plain, private={"reason": outside} if outside else {}, subject=item
    )
    came = Fact(
        "item.moved_in",
        rules.told_in(item.stream, compartment),
        plain=plain | {"shown": list(shown)} | ({"sha256": item.stored.sha256} if item.stored else {}),
        private={"reason": _fits_reason(reason)},
        subject=item,
    )
    facts_record([went, came], actor=actor, now=now)
    return item


def _fits_reason(words: str) -> str:
    if not words.strip():
        raise errors.at(errors.WordsMissing, "reason")
    if len(words) > REASON:
        raise errors.at(errors.WordsTooLong, "reason", limit=REASON)
    return words.strip()


@writes
def items_rescope(*, stream: str, branch_id: int) -> None:
    """What they belong to stands in another branch now; its own fact says so."""
    for model in (Item, Seal, CopySet):
        model.objects.filter(stream=stream).update(branch_id=branch_id)


@writes
def custody_note(
    *,
    item: Item,
    act: str,
    happened_at: datetime | None = None,
    from_whom: str = "",
    to_whom: str = "",
    place: str = "",
    why: str = "",
    told_in: str = "",
    actor: Actor,
    now: datetime,
) -> CustodyEntry:
    """One hand-over of an item. Raises BadInput, WordsTooLong, TimeWrong, ItemSealed."""
    if act in rules.BREAKS_SEAL:
        _refuse_if_sealed(item)
    (entry,) = custody_make(
        [item], act=act, happened_at=happened_at, from_whom=from_whom, to_whom=to_whom, place=place, why=why,
        actor=actor, now=now,
    )  # fmt: skip
    plain = {"item": str(item.uid), "number": item.number, "act": act, "sha256": entry.sha256_after}
    private = {"from_whom": entry.from_whom, "to_whom": entry.to_whom, "place": entry.place, "why": entry.why}
    fact = Fact(
        "item.custody",
        told_in or item.stream,
        plain=plain,
        private={name: words for name, words in private.items() if words},
        happened_at=happened_at,
        subject=entry,
    )
    facts_record([fact], actor=actor, now=now)
    return entry


def custody_make(
    items: Sequence[Item],
    *,
    act: str,
    happened_at: datetime | None = None,
    from_whom: str = "",
    to_whom: str = "",
    place: str = "",
    why: str = "",
    actor: Actor,
    now: datetime,
) -> list[CustodyEntry]:
    """The same hand-over for several items, inside the caller's service, which records the fact."""
    if act not in rules.CUSTODY:
        raise BadInput(fields={"act": act})
    if act in rules.PASSES_ON and not to_whom.strip():
        raise BadInput(fields={"to_whom": "empty"})
    said = {"from_whom": from_whom, "to_whom": to_whom, "place": place, "why": why}
    words = {name: _fits(name, given.strip()) for name, given in said.items()}
    when = _past(happened_at, now) if happened_at else now
    return rows_add(
        CustodyEntry(
            item=item,
            act=act,
            happened_at=when,
            recorded_at=now,
            by=str(actor),
            sha256_before=item_digest(item),
            sha256_after=item_digest(item),
            **words,
        )
        for item in items
    )


def _refuse_if_sealed(item: Item) -> None:
    seal = seal_over(item)
    if seal is not None:
        raise errors.ItemSealed(number=seal.number)


def _received(item: Item, how: str, actor: Actor, now: datetime) -> CustodyEntry:
    return CustodyEntry(
        item=item,
        act="received",
        happened_at=item.obtained_at or now,
        recorded_at=now,
        by=str(actor),
        from_whom=item.from_whom,
        place=item.place,
        why=how,
        sha256_after=item_digest(item),
    )


def _numbered(given: Iterable[ItemGiven], stream: str, first: int | None) -> Iterator[tuple[int, ItemGiven]]:
    """Each with the next number of the row it is counted in."""
    last: dict[tuple[int, int], int] = {}
    for each in given:
        row = rules.series_of(each.compartment)
        last[row] = last[row] + 1 if row in last else first or _next_number(stream, *row)
        yield last[row], each


def _next_number(stream: str, begin: int, end: int) -> int:
    mine = Item.objects.filter(stream=stream, number__gt=begin, number__lte=end)
    return (mine.aggregate(last=Max("number"))["last"] or begin) + 1


def _checked(given: ItemGiven, now: datetime) -> ItemGiven:
    if given.source not in rules.SOURCES:
        raise BadInput(fields={"source": given.source})
    for name in ("kind", "title", "from_whom", "place", "note"):
        _fits(name, getattr(given, name))
    _fits("why", given.how)
    if given.obtained_at is not None:
        _past(given.obtained_at, now)
    return given


def _fits(name: str, words: str) -> str:
    field = (CustodyEntry if name in ("to_whom", "why") else Item)._meta.get_field(name)
    if len(words) > field.max_length:
        raise errors.WordsTooLong(fields={name: "too_long"}, limit=field.max_length)
    return words


def _past(stated: datetime, now: datetime) -> datetime:
    if stated > now:
        raise errors.TimeWrong(fields={"happened_at": "future"})
    return stated
