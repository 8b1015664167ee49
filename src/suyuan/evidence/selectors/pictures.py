"""Copies of items: those that are shown in their stead, and those that were made to be given away."""
from __future__ import annotations

from collections.abc import Iterable

from suyuan.evidence.models import Item, Picture


def thumbnails_of(items: Iterable[Item]) -> dict[int, Item]:
    """By the key of their originals."""
    found = Item.objects.filter(parent__in=[item.pk for item in items], derivation="thumbnail").select_related("stored")
    return {row.parent_id: row for row in found.order_by("-pk")}


def first_previews_of(items: Iterable[Item]) -> dict[int, Item]:
    """By the key of their originals: the picture, or the first page."""
    found = Item.objects.filter(parent__in=[item.pk for item in items], derivation="preview").select_related("stored")
    return {row.parent_id: row for row in found.order_by("-pk")}


def showable(item: Item) -> bool:
    """Nothing a scanner objected to stands in a page, not even as a picture of it."""
    stored = item.stored
    return stored is not None and stored.state == "stored" and not stored.scan.startswith("found:")


def previews_of(item: Item) -> list[Item]:
    """A picture has one; of a paper, its first pages in order."""
    return list(Item.objects.filter(parent=item, derivation="preview").select_related("stored").order_by("pk"))


def copies_of(item: Item) -> list[Item]:
    """For sharing or with parts blacked out, newest first."""
    mine = Item.objects.filter(parent=item, derivation__in=("stripped", "redacted"), stored__state="stored")
    return list(mine.select_related("stored").order_by("-pk"))


def picture_of(item: Item) -> Picture | None:
    """None until somebody has looked into it."""
    return Picture.objects.filter(item=item).first()


def pictures_of(items: Iterable[Item]) -> dict[int, Picture]:
    return {row.item_id: row for row in Picture.objects.filter(item__in=[item.pk for item in items])}
