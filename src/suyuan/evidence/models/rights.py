"""What was sealed with both sides there, and what was copied and handed out. None of it is ever changed."""
from __future__ import annotations

from django.db import models
from django.db.models import Q

from suyuan.evidence.models.items import Item
from suyuan.platform import chance


class Seal(models.Model):
    """Items closed up while both sides watched (封存): each side keeps the list, the clinic the things.

    Both sides are named, or a witness and why one was not there: a trigger holds it, until an order erases the names.

    `digest` is that of the list as both read it; `continues` an earlier seal whose unfinished parts these are.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, related_name="+")
    number = models.CharField(max_length=24, unique=True)
    sealed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    place = models.CharField(max_length=120)
    kept_at = models.CharField(max_length=120)
    for_clinic = models.CharField(max_length=120)
    for_patient = models.CharField(max_length=120, blank=True)
    witness = models.CharField(max_length=120, blank=True)
    absence = models.CharField(max_length=200, blank=True)
    signed_on = models.CharField(max_length=10)
    unfinished = models.CharField(max_length=200, blank=True)
    continues = models.ForeignKey("self", models.PROTECT, null=True, related_name="continued_by")
    digest = models.CharField(max_length=64)
    by = models.CharField(max_length=80)

    class Meta:
        indexes = [models.Index(fields=["stream", "id"], name="seal_by_stream")]


class SealedItem(models.Model):
    """One line of the list: the item, and what it was known by then."""

    seal = models.ForeignKey(Seal, models.PROTECT, related_name="lines")
    item = models.ForeignKey(Item, models.PROTECT, related_name="seals")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200, blank=True)
    lot = models.CharField(max_length=80, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seal", "item"], name="sealed_item_once")]
        indexes = [models.Index(fields=["lot"], name="sealed_item_by_lot", condition=~Q(lot=""))]


class SealOpening(models.Model):
    """A seal was opened, on what ground and before whom."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    seal = models.OneToOneField(Seal, models.PROTECT, related_name="opening")
    ground = models.CharField(max_length=16)
    opened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    for_clinic = models.CharField(max_length=120)
    for_patient = models.CharField(max_length=120, blank=True)
    witness = models.CharField(max_length=120, blank=True)
    intact = models.BooleanField()
    why = models.CharField(max_length=200)
    by = models.CharField(max_length=80)


class CopySet(models.Model):
    """Copies made ready for whoever has a right to them. `request` is the stream-wide uid of what was asked."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, related_name="+")
    number = models.CharField(max_length=24, unique=True)
    request = models.UUIDField(null=True)
    prepared_at = models.DateTimeField()
    by = models.CharField(max_length=80)
    consents = models.CharField(max_length=12)
    missing = models.CharField(max_length=200, blank=True)
    pages = models.PositiveIntegerField(null=True)
    fee_minor = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    digest = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["stream", "id"], name="copy_set_by_stream")]


class CopiedItem(models.Model):
    """One line of the set, as it was given."""

    copies = models.ForeignKey(CopySet, models.PROTECT, related_name="lines")
    item = models.ForeignKey(Item, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["copies", "item"], name="copied_item_once")]


class CopyHandover(models.Model):
    """The set went out against receipt: to whom, as what, what they showed, and how they signed."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    copies = models.OneToOneField(CopySet, models.PROTECT, related_name="handover")
    handed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    to_whom = models.CharField(max_length=120)
    standing = models.CharField(max_length=24)
    shown = models.CharField(max_length=200)
    medium = models.CharField(max_length=12)
    receipt = models.CharField(max_length=12)
    witness = models.CharField(max_length=120, blank=True)
    stamped = models.BooleanField(default=False)
    present = models.BooleanField(default=False)
    by = models.CharField(max_length=80)
