from __future__ import annotations

from django.db import models
from django.db.models import Q

from suyuan.platform import chance


class IdempotencyKey(models.Model):
    """A public POST that was carried out. The key stays for ever; its sealed answer is deleted after a day."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    scope = models.CharField(max_length=40)
    key = models.CharField(max_length=32)
    caller_hash = models.CharField(max_length=64)
    body_sha256 = models.CharField(max_length=64)
    sealed_answer = models.BinaryField(null=True)
    stream = models.CharField(max_length=80, default="", blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once")]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(sealed_answer__isnull=False), name="idempotency_with_answer"
            )
        ]
