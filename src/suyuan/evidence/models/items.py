from __future__ import annotations

from django.db import models
from django.db.models import Q

from suyuan.platform import chance


class Item(models.Model):
    """One piece of evidence of the thing whose stream is named: a file as it was given, or an object (an ampoule, a sheet).

    `number` is what people call it by (證物 3) and is never given twice. A copy made from an item (a preview, a copy without
    hidden data, a redacted one) names its original as `parent` and how it was made as `derivation`; it has no number.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(null=True)
    stored = models.OneToOneField("platform.StoredFile", models.PROTECT, null=True, related_name="item")
    kind = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=12)
    from_whom = models.CharField(max_length=120, blank=True)
    obtained_at = models.DateTimeField(null=True)
    place = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=200, blank=True)
    compartment = models.CharField(max_length=20, blank=True, default="")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="derived")
    derivation = models.CharField(max_length=20, blank=True)
    added_by = models.CharField(max_length=80)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "number"], name="item_number_once"),
            models.CheckConstraint(
                name="item_is_an_original_or_made_from_one",
                condition=(
                    Q(parent__isnull=True, derivation="", number__isnull=False)
                    | (Q(parent__isnull=False, number__isnull=True, stored__isnull=False) & ~Q(derivation=""))
                ),
            ),
        ]
        indexes = [models.Index(fields=["stream", "id"], name="item_by_stream")]


class CustodyEntry(models.Model):
    """One hand-over of an item: who, when, why, and its digest before and after. Never changed, never deleted."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    item = models.ForeignKey(Item, models.PROTECT, related_name="custody")
    act = models.CharField(max_length=20)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=80)
    from_whom = models.CharField(max_length=120, blank=True)
    to_whom = models.CharField(max_length=120, blank=True)
    place = models.CharField(max_length=120, blank=True)
    why = models.CharField(max_length=200, blank=True)
    sha256_before = models.CharField(max_length=64, blank=True)
    sha256_after = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["item", "id"], name="custody_by_item")]
