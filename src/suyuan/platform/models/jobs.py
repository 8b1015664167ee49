from __future__ import annotations

from django.db import models
from django.db.models import Q

from suyuan.platform import chance


class Job(models.Model):
    """Something to be done later, written with the fact that asks for it. `args` hold ids and codes, never words."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    name = models.CharField(max_length=80)
    args = models.JSONField(default=dict)
    queue = models.CharField(max_length=40, default="default")
    priority = models.SmallIntegerField(default=0)
    state = models.CharField(max_length=16, default="ready")
    run_after = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField()
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    unique_key = models.CharField(max_length=200, null=True, unique=True)
    error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="job_running_has_a_lease",
                condition=~Q(state="running") | Q(lease_until__isnull=False, lease_token__isnull=False),
            ),
            models.CheckConstraint(
                name="job_over_has_its_time",
                condition=~Q(state__in=["done", "dead"]) | Q(finished_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["-priority", "run_after", "id"], condition=Q(state="ready"), name="job_ready"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_running"),
            models.Index(fields=["finished_at"], condition=Q(state="done"), name="job_done"),
            models.Index(fields=["finished_at", "id"], condition=Q(state="dead"), name="job_dead"),
        ]
