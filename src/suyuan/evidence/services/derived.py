"""Copies made from an original: to look at, to share, with parts blacked out. The original is never touched."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from suyuan.evidence import errors, rules
from suyuan.evidence.looking import Look
from suyuan.evidence.models import Item, Picture
from suyuan.evidence.services.items import custody_make
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform import units
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.files import Received, file_looked, file_store
from suyuan.platform.rows import rows_add
from suyuan.platform.units import writes


@writes
def item_look(*, item: Item, look: Look, zone: ZoneInfo, now: datetime) -> Picture | None:
    """Keep what a look into an original found, once. None: somebody was faster."""
    item = Item.objects.select_for_update(of=("self",)).select_related("stored").get(pk=item.pk)
    if item.stored.state != "stored" or Picture.objects.filter(item=item).exists():
        return None
    taken = look.taken_at(zone)
    picture = Picture(
        item=item,
        decoded=look.decoded,
        width=look.width,
        height=look.height,
        pages=look.pages,
        taken_at=taken if taken is not None and taken <= now else None,
        taken_zone_stated=bool(look.offset),
        looked_at=now,
    )
    rows_add([picture])
    file_looked(stored=item.stored, decoded=look.decoded)
    made = derived_make(item, "preview", look.previews, actor=SYSTEM, now=now)
    made += derived_make(item, "thumbnail", [look.thumbnail] if look.thumbnail else [], actor=SYSTEM, now=now)
    plain = {"item": str(item.uid), "number": item.number, "decoded": look.decoded}
    plain["made"] = [[each.derivation, str(each.uid), each.stored.sha256] for each in made]
    plain |= {"width": picture.width, "height": picture.height, "pages": picture.pages}
    plain |= {"taken": picture.taken_at.isoformat() if picture.taken_at else None, "zone_stated": picture.taken_zone_stated}
    fact = Fact("item.previewed", rules.told_in(item.stream, item.compartment), plain=plain, subject=item)
    facts_record([fact], actor=SYSTEM, now=now)
    return picture


@writes
def item_derive(
    *,
    item: Item,
    derivation: str,
    received: Received,
    plain: dict | None = None,
    why: str = "",
    actor: Actor,
    now: datetime,
) -> Item:
    """A copy that a person asked for. `plain` says how it was made, in numbers. Raises BadInput, WordsTooLong, ItemGone."""
    if derivation not in rules.GIVEN_INSTEAD:
        raise BadInput(fields={"derivation": derivation})
    item = Item.objects.select_for_update(of=("self",)).select_related("stored").get(pk=item.pk)
    if item.parent_id is not None or item.stored is None or item.stored.state != "stored":
        raise errors.ItemGone
    if len(why) > Item._meta.get_field("note").max_length:
        raise errors.WordsTooLong(fields={"why": "too_long"}, limit=Item._meta.get_field("note").max_length)
    (made,) = derived_make(item, derivation, [received], note=why.strip(), actor=actor, now=now)
    told = {"item": str(item.uid), "number": item.number, "made": str(made.uid), "from": item.stored.sha256}
    told |= {"sha256": made.stored.sha256, "size": made.stored.size, "content_type": made.stored.content_type}
    fact = Fact(
        f"item.{derivation}",
        rules.told_in(item.stream, item.compartment),
        plain=told | (plain or {}),
        private={"why": made.note} if made.note else {},
        subject=made,
    )
    facts_record([fact], actor=actor, now=now)
    return made


@writes
def item_copied(*, item: Item, purpose: str, actor: Actor, now: datetime) -> None:
    """Somebody takes the bytes out of the house: written before they have them. Raises BadInput."""
    if purpose not in rules.PURPOSES:
        raise BadInput(fields={"purpose": purpose})
    original = item.parent or item
    custody_make([item], act="copied", actor=actor, now=now)
    plain = {"item": str(original.uid), "number": original.number, "purpose": purpose}
    plain |= {"derivation": item.derivation, "given": str(item.uid)} if item.derivation else {}
    plain |= {"sha256": item.stored.sha256, "size": item.stored.size}
    fact = Fact("item.copied", rules.told_in(item.stream, item.compartment), plain=plain, subject=item)
    facts_record([fact], actor=actor, now=now)


def derived_make(
    item: Item, derivation: str, received: Iterable[Received], *, note: str = "", actor: Actor, now: datetime
) -> list[Item]:
    """Rows of copies, inside the caller's service, which records the fact. They lie where their original lies."""
    units.required()
    return rows_add(
        Item(
            stream=item.stream,
            branch_id=item.branch_id,
            stored=file_store(
                received=each,
                branch_id=item.branch_id,
                compartment=item.compartment,
                painted=derivation in rules.SHOWN_INSTEAD,
                actor=actor,
                now=now,
            ),
            kind=item.kind,
            source="derived",
            note=note,
            compartment=item.compartment,
            parent=item,
            derivation=derivation,
            added_by=str(actor),
            added_at=now,
        )
        for each in received
    )
