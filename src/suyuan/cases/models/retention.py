from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from suyuan.cases.models.case import Case
from suyuan.platform import chance


class RetentionProposal(models.Model):
    """Law keeps nothing of an ended case any longer than `until`. Proposed by a job; nothing goes before a person decides.

    decision   "erase" (ordered, carried out by a job, one by one), "keep" with its reason, "lapsed" (law or the case
               keeps it again); empty while nobody decided
    refused    why an order could not be carried out; it waits for a decision again
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="retentions")
    until = models.DateField()
    rule = models.CharField(max_length=40)
    found_at = models.DateTimeField()
    decision = models.CharField(max_length=8, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    refused = models.CharField(max_length=40, blank=True, default="")
    orders = models.JSONField(default=list)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(ended_at__isnull=True), name="retention_open_once"),
            models.CheckConstraint(
                name="retention_decided_by_somebody",
                condition=Q(decision__in=("", "lapsed"), decided_by__isnull=True, decided_at__isnull=True)
                | Q(decision__in=("erase", "keep"), decided_by__isnull=False, decided_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["decision", "id"], name="retention_open", condition=Q(ended_at__isnull=True))]
