"""What was ordered to be erased, and nothing else may go. Append-only: triggers ask these rows before they let anything go."""
from __future__ import annotations

from django.db import models

from suyuan.platform import chance


class ErasureOrder(models.Model):
    """A person decided that something of one stream is erased. `purged_at`: nothing of it is left on disk any more."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    basis = models.CharField(max_length=40)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["stream", "id"], name="erasure_by_stream")]


class ErasureTarget(models.Model):
    """One row that an order names (`field` empty), or one column of it.

    `uid` finds the row again in a restored database: its own, or for a sealed field (`name`) that of its fact.
    """

    order = models.ForeignKey(ErasureOrder, models.PROTECT, related_name="targets")
    relation = models.CharField(max_length=63)
    row_id = models.PositiveBigIntegerField()
    field = models.CharField(max_length=63, blank=True, default="")
    uid = models.CharField(max_length=36, blank=True, default="")
    name = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["relation", "row_id", "field"], name="erasure_target_once"),
        ]
        indexes = [models.Index(fields=["relation", "uid"], name="erasure_target_by_uid")]
