from __future__ import annotations

from django.db import models

from suyuan.platform import chance


class BundleExport(models.Model):
    """A bundle that was handed out: what went in, and under which digest. The bytes are made anew from this each time.

    asked     what was opened and closed, in the words of whoever knows what the streams are about
    heads     the ends of the streams as they stood then, with their paths: the log itself keeps only the newest
    anchors   ids of the anchors that went along
    crcs      checksums of the files, by their names in the bundle: with them it can be sent without being made first
    fault     why the verifier, or the making, refused it at `checked_at`; empty when it holds
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20)
    manifest = models.CharField(max_length=64)
    checkpoint = models.ForeignKey("platform.Checkpoint", models.PROTECT, related_name="+")
    streams = models.JSONField()
    asked = models.JSONField()
    left_out = models.JSONField()
    heads = models.JSONField()
    anchors = models.JSONField()
    events = models.PositiveIntegerField()
    files = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField()
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    crcs = models.JSONField(default=dict)
    fault = models.CharField(max_length=40, default="")
    checked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["stream", "id"], name="bundle_by_stream")]
