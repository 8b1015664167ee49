from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from suyuan.cases.models.case import Case
from suyuan.platform import chance


class CaseClock(models.Model):
    """One running or finished deadline. What it means is read from the pack by `rule_hash`."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="clocks")
    basis = models.CharField(max_length=8)
    rule_id = models.CharField(max_length=60)
    rule_hash = models.CharField(max_length=64)
    grade = models.CharField(max_length=12, default="V")
    information = models.BooleanField(default=False)
    external = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default="running")
    trigger_fact = models.UUIDField()
    trigger = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    due_at = models.DateTimeField()
    target_at = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    born_late = models.BooleanField(default=False)
    extensions = models.PositiveSmallIntegerField(default=0)
    owner_role = models.CharField(max_length=30)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    next_alarm_at = models.DateTimeField(null=True)
    alarms = models.JSONField(default=list)
    stopped_at = models.DateTimeField(null=True)
    stopped_stated_at = models.DateTimeField(null=True)
    stop_fact = models.UUIDField(null=True)
    outcome = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_alarm_at"], name="clock_by_alarm", condition=Q(next_alarm_at__isnull=False)),
            models.Index(fields=["case", "state", "due_at"], name="clock_by_case"),
            models.Index(fields=["state", "target_at", "id"], name="clock_by_target"),
        ]


class ClockPause(models.Model):
    """House clocks may rest while somebody else has the word; statutory ones never."""

    clock = models.ForeignKey(CaseClock, models.PROTECT, related_name="pauses")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock"], condition=Q(ended_at__isnull=True), name="one_open_pause")
        ]


class Obligation(models.Model):
    """Something a case owes, opened and discharged by whichever context records the fact. Gates count open ones."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="obligations")
    kind = models.CharField(max_length=40)
    owner_role = models.CharField(max_length=30, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True)
    basis = models.CharField(max_length=60, blank=True)
    detail = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    discharged_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["case", "kind"], name="obligation_open", condition=Q(discharged_at__isnull=True))
        ]
