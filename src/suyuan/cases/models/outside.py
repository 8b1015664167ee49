from __future__ import annotations

from django.db import models
from django.db.models import Q

from suyuan.cases.models.case import Case, Party
from suyuan.platform import chance


class Proceeding(models.Model):
    """Mediation, court, authority: beside the stage, each with its own clocks."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="proceedings")
    kind = models.CharField(max_length=30)
    body = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=60, blank=True)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True)


class ProceedingStep(models.Model):
    proceeding = models.ForeignKey(Proceeding, models.PROTECT, related_name="steps")
    milestone = models.CharField(max_length=30)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)


class Receipt(models.Model):
    """A key to the follow-up page. The secret itself is nowhere: only its HMAC under a wrapped key."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="receipts")
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=16, default="follow_up")
    mac = models.BinaryField()
    key_id = models.CharField(max_length=40)
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["case"], name="receipt_live", condition=Q(revoked_at__isnull=True))]
