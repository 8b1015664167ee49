from __future__ import annotations

from django.db import models
from django.db.models import Q

from suyuan.platform import chance


class Hold(models.Model):
    """Nothing of this stream may be erased or destroyed while a hold stands. Lifted once, never deleted.

    `cause`: the type of the fact that placed it where no person did. Each says why it was placed and lifted (a trigger
    holds it) until, once lifted, an order erases the words.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    reason = models.TextField(blank=True)
    cause = models.CharField(max_length=60, default="", blank=True)
    placed_by = models.CharField(max_length=80)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=80, default="", blank=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_reason = models.TextField(default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["stream"], condition=Q(lifted_at__isnull=True), name="hold_standing")]
