from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from suyuan.cases.models.case import Case
from suyuan.platform import chance


class Report(models.Model):
    """One version of one document about what was found out. A version is never overwritten: the next one supersedes it.

    draft       its author writes `words`; nothing of it has left anyone's desk
    finished    `content` is frozen and its digest chained; it waits for the signatures of `signers`
    signed      set, kept as a file and chained by its digest
    superseded  a later version has taken its place; it stays readable
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=12)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=12, default="draft")
    language = models.CharField(max_length=10)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    words = models.JSONField(default=dict)
    templates = models.JSONField(default=list)
    edition = models.PositiveIntegerField(default=1)
    revised_at = models.DateTimeField()

    content = models.JSONField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    text = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")
    signers = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True)

    signed_at = models.DateTimeField(null=True)
    stored = models.OneToOneField("platform.StoredFile", models.PROTECT, null=True, related_name="+")
    sha256 = models.CharField(max_length=64, blank=True)
    superseded_at = models.DateTimeField(null=True)
    given_at = models.DateTimeField(null=True)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "kind", "version"], name="report_version_once"),
            models.UniqueConstraint(fields=["case", "kind"], condition=Q(state="draft"), name="report_one_draft"),
            models.CheckConstraint(
                name="report_finished_is_frozen",
                condition=Q(state="draft") | Q(content__isnull=False, text__isnull=False, finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="report_signed_is_kept",
                condition=~Q(state="signed") | Q(stored__isnull=False, signed_at__isnull=False),
            ),
        ]


class ReportSignature(models.Model):
    """One author's signature under one version: what was signed is named by its digest."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    report = models.ForeignKey(Report, models.PROTECT, related_name="signatures")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    statement = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "user"], name="report_signed_once")]


class Passport(models.Model):
    """One page about the case for somebody outside, as it was handed out."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="passports")
    purpose = models.CharField(max_length=12)
    language = models.CharField(max_length=10)
    content = models.JSONField()
    stored = models.OneToOneField("platform.StoredFile", models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
