from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from suyuan.evidence.models.items import Item
from suyuan.platform import chance


class Need(models.Model):
    """Somebody decided that a kind of evidence does not apply here, and why. What is there or missing is never stored."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "kind"], condition=Q(ended_at__isnull=True), name="need_decided_once")
        ]


class EvidenceRequest(models.Model):
    """Something missing is asked of whoever holds it, until a day. `party` is "party:<uid>" for people outside.

    It ends once: `item` (the last that came through it), in words (there is none, or they would rather not), or cancelled.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=30, blank=True)
    party = models.CharField(max_length=80, blank=True)
    words = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)
    ending = models.CharField(max_length=12, blank=True)
    item = models.ForeignKey(Item, models.PROTECT, null=True, related_name="+")
    answer = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="request_ends_one_way",
                condition=Q(ended_at__isnull=True, ending="", item__isnull=True, answer__isnull=True)
                | Q(ended_at__isnull=False, ending="given", item__isnull=False, answer__isnull=True)
                | Q(ended_at__isnull=False, ending__in=("answered", "declined", "cancelled"), item__isnull=True),
            ),
            models.CheckConstraint(
                name="request_has_one_holder",
                condition=Q(holder__isnull=False, role="", party="")
                | (Q(holder__isnull=True, party="") & ~Q(role=""))
                | (Q(holder__isnull=True, role="") & ~Q(party="")),
            ),
        ]
        indexes = [models.Index(fields=["stream", "id"], name="request_by_stream")]
