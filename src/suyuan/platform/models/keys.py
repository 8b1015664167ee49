from __future__ import annotations

from django.db import models

from suyuan.platform import chance


class Installation(models.Model):
    """This database as a whole: one row. Its uid binds every sealed value to this organisation."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="installation_is_one_row", condition=models.Q(id=1))]


class WrappedKey(models.Model):
    """A key that only the master key opens. Retired keys stay, because what they sealed stays readable.

    A signing key that follows another says so: `after` is the older one's fingerprint, `endorsement` its signature over
    the succession (docs/bundle.md, Keys).
    """

    kind = models.CharField(max_length=16)
    key_id = models.CharField(max_length=24, unique=True)
    wrapped = models.BinaryField()
    public = models.BinaryField(null=True)
    master_id = models.CharField(max_length=24)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    after = models.CharField(max_length=64, default="")
    endorsement = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(retired_at__isnull=True), name="wrapped_key_one_in_use"
            )
        ]
