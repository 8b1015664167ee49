"""Items of one thing, for a reader of some of its compartments."""
from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from suyuan.evidence.errors import ItemGone
from suyuan.evidence.models import CustodyEntry, Item


def items_of(stream: str, compartments: Collection[str]) -> QuerySet[Item]:
    """Originals of one stream, in order of their numbers. `compartments` holds "" for the open part."""
    mine = Item.objects.filter(stream=stream, parent=None, compartment__in=compartments)
    return mine.select_related("stored").order_by("number")


def item_in(stream: str, uid: UUID | str, compartments: Collection[str]) -> Item:
    """The one door to an item, copies included. Raises ItemGone."""
    mine = Item.objects.filter(stream=stream, uid=uid, compartment__in=compartments)
    item = mine.select_related("stored", "parent").first()
    if item is None:
        raise ItemGone
    return item


def closed_in(stream: str, compartments: Collection[str]) -> frozenset[str]:
    """Uids of what lies where this reader does not read. Facts from before it was put there stand in the open stream, and
    keep their words to themselves from then on."""
    rows = Item.objects.filter(stream=stream, parent=None).exclude(compartment__in=compartments)
    return frozenset(str(uid) for uid in rows.values_list("uid", flat=True))


def custody_of(item: Item) -> QuerySet[CustodyEntry]:
    return CustodyEntry.objects.filter(item=item).order_by("id")
