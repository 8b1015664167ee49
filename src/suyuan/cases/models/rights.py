from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from suyuan.cases.models.case import Case
from suyuan.cases.models.handling import Demand


class ErasureDecision(models.Model):
    """What a named person decided about one group of data that somebody asked us to erase. Never changed."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="erasures")
    demand = models.ForeignKey(Demand, models.PROTECT, related_name="decisions")
    group = models.CharField(max_length=20)
    decision = models.CharField(max_length=16)
    count = models.PositiveIntegerField()
    rule = models.CharField(max_length=40, blank=True)
    until = models.DateField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    orders = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["demand", "group"], name="erasure_decided_once"),
            models.CheckConstraint(name="erasure_kept_by_law_names_it", condition=~Q(decision="kept_law") | ~Q(rule="")),
        ]


class ErasureLetter(models.Model):
    """The answer in the person's language, as it was given."""

    demand = models.OneToOneField(Demand, models.PROTECT, related_name="letter")
    words = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    language = models.CharField(max_length=10)
    at = models.DateTimeField()
