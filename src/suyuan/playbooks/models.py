"""Loaded packs. A row is never changed: a new version is a new row, and what is in force is the last activation."""

from django.db import models

from suyuan.platform import chance


class PackVersion(models.Model):
    """One version of one pack, whole, under the hash of its content."""

    uid = models.UUIDField(default=chance.uid, unique=True, editable=False)
    pack = models.CharField(max_length=80)
    version = models.CharField(max_length=40)
    kind = models.CharField(max_length=16)
    jurisdiction = models.CharField(max_length=8)
    sha256 = models.CharField(max_length=64, unique=True)
    content = models.JSONField()
    loaded_at = models.DateTimeField()
    loaded_by = models.CharField(max_length=80)

    class Meta:
        indexes = [models.Index(fields=["pack", "id"], name="pack_versions_of_a_pack")]

    def __str__(self) -> str:
        return f"{self.pack} {self.version}"

    @property
    def slot(self) -> str:
        return f"{self.kind}:{self.jurisdiction}"


class PackActivation(models.Model):
    """From `at` on, this version fills its slot (`law:tw`, `procedure:any`…). Append-only; the last row counts."""

    slot = models.CharField(max_length=32)
    version = models.ForeignKey(PackVersion, models.PROTECT, related_name="activations")
    at = models.DateTimeField()
    by = models.CharField(max_length=80)

    class Meta:
        indexes = [models.Index(fields=["slot", "-id"], name="pack_newest_of_a_slot")]
