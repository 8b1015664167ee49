from __future__ import annotations

from django.db import models

from suyuan.platform import chance


class AccessRow(models.Model):
    """Somebody saw something. Append-only; each day is committed into the chain of its branch.

    `asked` is what they typed to find it, sealed; `shown` lists what came up: references of cases and streams as they
    are, anything inside one as `<noun>:<uid>`, a protected compartment that was opened as `compartment:<name>`.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    what = models.CharField(max_length=60)
    purpose = models.CharField(max_length=200, default="", blank=True)
    branch_id = models.PositiveBigIntegerField(null=True)
    stream = models.CharField(max_length=80, default="", blank=True)
    shown = models.JSONField(default=list)
    asked = models.BinaryField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["branch_id", "id"], name="access_by_branch"),
            models.Index(fields=["stream", "id"], name="access_by_stream"),
            models.Index(fields=["actor", "id"], name="access_by_actor"),
        ]
