from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from suyuan.platform import chance


class StoredFile(models.Model):
    """A file as it was given to us, byte for byte. The bytes lie encrypted in storage; here stands what they are.

    waiting    came whole through an upload that nobody has handed in yet
    stored     belongs to something
    destroyed  key and bytes are gone, the row stays

    decoded     for pictures: "" not looked at yet, "ok", or "no" and why; what does not decode is never shown inline
    scan        of a virus scanner: "" not scanned, "clean", "found:<name>", "failed"
    checked_at  when all of it was last read again, whatever came of it
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=100)
    mislabelled = models.BooleanField(default=False)
    name_sealed = models.BinaryField()
    wrapped_key = models.BinaryField(null=True)
    path = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=16, default="stored")
    compartment = models.CharField(max_length=20, default="", blank=True)
    branch_id = models.PositiveBigIntegerField(null=True)
    by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)
    decoded = models.CharField(max_length=40, default="", blank=True)
    scan = models.CharField(max_length=80, default="", blank=True)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["checked_at", "id"], name="stored_file_by_check")]
        constraints = [
            models.CheckConstraint(
                name="stored_file_destroyed_has_no_key",
                condition=(
                    Q(state="destroyed", wrapped_key__isnull=True, destroyed_at__isnull=False)
                    | (~Q(state="destroyed") & Q(wrapped_key__isnull=False, destroyed_at__isnull=True))
                ),
            ),
            models.CheckConstraint(
                name="stored_file_stored_has_a_branch", condition=~Q(state="stored") | Q(branch_id__isnull=False)
            ),
            models.CheckConstraint(name="stored_file_is_not_empty", condition=Q(size__gt=0)),
        ]


class Upload(models.Model):
    """A file on its way in, resumable. `offset` is what is safely on disk, never more.

    open   pieces still come
    whole  checked; `file` waits to be handed in
    kept   handed in
    gone   expired or given up
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    owner_hash = models.CharField(max_length=64)
    expected = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    name_sealed = models.BinaryField()
    wrapped_key = models.BinaryField()
    state = models.CharField(max_length=16, default="open")
    file = models.OneToOneField(StoredFile, models.PROTECT, null=True, related_name="upload")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="upload_stays_within_its_length", condition=Q(offset__lte=F("expected"))),
            models.CheckConstraint(
                name="upload_has_its_file_when_whole", condition=~Q(state__in=["whole", "kept"]) | Q(file__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["owner_hash"], name="upload_by_owner"),
            models.Index(
                fields=["expires_at"], condition=Q(state__in=["open", "whole"]), name="upload_by_expiry"
            ),
        ]


class UploadPiece(models.Model):
    """One acknowledged stretch of an upload, in its own file. Pieces on disk without a row never count."""

    upload = models.ForeignKey(Upload, models.PROTECT, related_name="pieces")
    start = models.PositiveBigIntegerField()
    length = models.PositiveBigIntegerField()
    path = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "start"], name="upload_piece_once")]


class ScrubRun(models.Model):
    """One reading-again of everything that was stored when it began, and of the chain. It goes on in slices until it ends."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    open = models.BooleanField(default=True)
    files = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    facts = models.PositiveIntegerField(default=0)
    stream = models.CharField(max_length=80, default="", blank=True)  # the chain is read up to here
    faults = models.JSONField(default=list)
    chain_faults = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["open"], condition=Q(open=True), name="scrub_run_one_at_a_time"),
            models.CheckConstraint(condition=Q(open=True) ^ Q(ended_at__isnull=False), name="scrub_run_open_until_its_end"),
        ]


class FileFault(models.Model):
    """A file that was not what was stored, until it is again (`mended_at`), or a named person has answered for it."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="faults")
    why = models.CharField(max_length=40)
    detail = models.CharField(max_length=200, default="", blank=True)
    found_at = models.DateTimeField()
    mended_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=80, default="", blank=True)
    reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file"], condition=Q(mended_at__isnull=True), name="file_fault_open_once")
        ]
