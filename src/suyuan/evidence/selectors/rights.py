"""Seals and copies of one stream, and lots traced through both."""
from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from suyuan.evidence.errors import ItemGone
from suyuan.evidence.models import CopySet, Item, Seal, SealedItem


def seals_of(stream: str) -> QuerySet[Seal]:
    return Seal.objects.filter(stream=stream).select_related("opening", "continues", "branch").order_by("id")


def seal_in(stream: str, uid: UUID | str) -> Seal:
    """Raises ItemGone."""
    seal = seals_of(stream).filter(uid=uid).first()
    if seal is None:
        raise ItemGone
    return seal


SIGNATURE = "signature-"


def signatures_of(seal: Seal) -> QuerySet[Item]:
    """What was drawn under it on a screen, in the order of signing; `kind` names the side."""
    mine = Item.objects.filter(stream=seal.stream, parent=None, place=seal.number, kind__startswith=SIGNATURE)
    return mine.select_related("stored").order_by("id")


def seal_over(item: Item) -> Seal | None:
    """The seal that holds this item now."""
    line = SealedItem.objects.filter(item=item, seal__opening=None).select_related("seal").first()
    return line.seal if line is not None else None


def sealed_now(stream: str) -> dict[int, str]:
    """Items under seal in this stream, and the number of their seal."""
    lines = SealedItem.objects.filter(seal__stream=stream, seal__opening=None)
    return dict(lines.values_list("item_id", "seal__number"))


def copies_of(stream: str) -> QuerySet[CopySet]:
    return CopySet.objects.filter(stream=stream).select_related("handover", "branch").order_by("id")


def copies_in(stream: str, uid: UUID | str) -> CopySet:
    """Raises ItemGone."""
    found = copies_of(stream).filter(uid=uid).first()
    if found is None:
        raise ItemGone
    return found


def sealed_with_lot(lot: str) -> QuerySet[SealedItem]:
    """Open objects sealed under this lot number, wherever they are; the caller narrows to what may be seen."""
    return SealedItem.objects.filter(lot__iexact=lot, item__compartment="").select_related("seal", "item").order_by("id")
