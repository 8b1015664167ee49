"""Copies that take their time: asked for, made beside the page, and kept, or why not."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from suyuan.evidence import errors, rules
from suyuan.evidence.making import is_quick, redacted, stripped
from suyuan.evidence.models import Item, Making
from suyuan.evidence.selectors.makings import makings_of
from suyuan.evidence.selectors.pictures import picture_of
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput, Refusal
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.files import Received
from suyuan.platform.units import writes

KEPT = timedelta(days=7)


@writes
def making_ask(
    *, item: Item, derivation: str, asked: dict[str, Any], why: str = "", actor: Actor, now: datetime
) -> Making:
    """Note what is wanted. The same copy without hidden data is not made twice. Raises BadInput, WordsTooLong, ItemGone."""
    if derivation not in rules.GIVEN_INSTEAD:
        raise BadInput(fields={"derivation": derivation})
    item = Item.objects.select_for_update(of=("self",)).select_related("stored").get(pk=item.pk)
    if item.parent_id is not None or item.stored is None or item.stored.state != "stored":
        raise errors.ItemGone
    limit = Making._meta.get_field("why").max_length
    if len(why) > limit:
        raise errors.WordsTooLong(fields={"why": "too_long"}, limit=limit)
    waiting = makings_of(item, now).filter(derivation=derivation).first() if derivation == "stripped" else None
    if waiting is not None:
        return waiting
    return Making.objects.create(
        item=item,
        derivation=derivation,
        asked=asked,
        why=why.strip(),
        by_id=actor.user_id,
        by_kind=actor.kind,
        acting_for=actor.acting_for or "",
        asked_at=now,
    )


@writes
def making_told(*, making: Making, actor: Actor, now: datetime) -> None:
    """That it was asked for, where the copy itself does not say so in the same moment."""
    item = making.item
    plain = {"item": str(item.uid), "number": item.number, "derivation": making.derivation, "making": str(making.uid)}
    fact = Fact("item.copy_asked", rules.told_in(item.stream, item.compartment), plain=plain, subject=item)
    facts_record([fact], actor=actor, now=now)


def making_is_quick(making: Making) -> bool:
    """Whether it will be there before anybody looks at a page that says to wait."""
    picture = picture_of(making.item)
    if picture is None or picture.decoded != "ok":
        return is_quick(making.item, None, None)
    pages = making.asked.get("pages")
    return is_quick(making.item, picture.width * picture.height, len(pages) if pages else picture.pages)


def made_of(making: Making) -> Received:
    """The bytes, as they were asked for; on the way it is told how far they are. Raises CannotCopy, and what storage raises."""

    def tell(done: int, of: int) -> None:
        Making.objects.filter(pk=making.pk, ended_at=None).update(done=done, of=of)

    if making.derivation == "stripped":
        return stripped(making.item, tell)
    areas: dict[int, list[list[int]]] = {}
    for page, *area in making.asked["black"]:
        areas.setdefault(page, []).append(area)
    return redacted(making.item, areas=areas, pages=making.asked["pages"], tell=tell)


def actor_of(making: Making) -> Actor:
    """Whoever asked."""
    return Actor(making.by_kind, str(making.by.uid), making.by_id, making.acting_for or None)


@writes
def making_end(*, making: Making, made: Item | None, fault: str = "", now: datetime) -> None:
    """Once. The words that go with a copy lie with it from now on; those of one that failed are kept for another try."""
    waiting = Making.objects.filter(pk=making.pk, ended_at=None)
    waiting.update(made=made, fault=fault, ended_at=now, **({"why": ""} if made else {}))
    making.made, making.fault, making.ended_at = made, fault, now


def fault_of(refused: Refusal) -> str:
    """What is kept of it: its code and reason, no words."""
    why = str(refused.data.get("why", ""))
    return f"{refused.code}:{why}" if why else refused.code


@writes
def makings_forget(*, now: datetime) -> int:
    """What ended, or was lost, a week ago is of no use to anybody: the copies themselves stay."""
    return Making.objects.filter(asked_at__lt=now - KEPT).delete()[0]
