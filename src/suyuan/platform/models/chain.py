"""The event chain as rows. Append-only: triggers refuse what these classes do not offer."""
from __future__ import annotations

from django.db import models

from suyuan.kernel import chain
from suyuan.platform import chance


class StreamHead(models.Model):
    """The last link of a stream; locked while a link is added."""

    token = models.CharField(max_length=64, unique=True)
    stream = models.CharField(max_length=80)
    position = models.PositiveBigIntegerField(default=0)
    leaf = models.CharField(max_length=64, default=chain.NO_PREVIOUS)
    at = models.DateTimeField(null=True)


class FactRow(models.Model):
    """One thing that happened. Plain fields with their salts stand here, private ones in FactPrivate."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    token = models.CharField(max_length=64)
    position = models.PositiveBigIntegerField()
    prev = models.CharField(max_length=64)
    leaf = models.CharField(max_length=64)
    at = models.DateTimeField()
    type = models.CharField(max_length=60)
    actor = models.CharField(max_length=80)
    plain = models.JSONField()
    digests = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "position"], name="fact_position_once")]
        indexes = [models.Index(fields=["type", "at"], name="fact_by_type")]

    def value(self, name: str, default=None):
        """A plain field without its salt."""
        held = self.plain.get(name)
        return default if held is None else held[1]


class FactPrivate(models.Model):
    """One sealed field of a fact: what a person typed, or an identifier."""

    fact = models.ForeignKey(FactRow, models.PROTECT, related_name="private_fields")
    name = models.CharField(max_length=60)
    salt = models.CharField(max_length=32)
    sealed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fact", "name"], name="fact_private_once")]


class ChainPending(models.Model):
    """Facts that no checkpoint has numbered yet."""

    fact = models.OneToOneField(FactRow, models.PROTECT, primary_key=True, related_name="+")
