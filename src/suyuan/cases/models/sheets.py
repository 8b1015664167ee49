"""What an inquiry keeps beside its findings: plan, conflicts, what is cited, legal exposure, standard of care."""
from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from suyuan.cases.models.case import Case, CaseIssue
from suyuan.cases.models.handling import Task
from suyuan.cases.models.investigation import Finding
from suyuan.platform import chance


class FindingCitation(models.Model):
    """The item of evidence a finding rests on."""

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="citations")
    item = models.ForeignKey("evidence.Item", models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["finding", "item"], name="finding_cites_an_item_once")]


class PlanStep(models.Model):
    """One step of the plan. Done or struck through, never erased."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="plan_steps")
    kind = models.CharField(max_length=40)
    words = models.CharField(max_length=200, blank=True)
    issue = models.ForeignKey(CaseIssue, models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    task = models.OneToOneField(Task, models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    struck_at = models.DateTimeField(null=True)
    struck_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="plan_step_done_or_struck", condition=Q(done_at__isnull=True) | Q(struck_at__isnull=True)
            )
        ]
        indexes = [models.Index(fields=["case", "id"], name="plan_step_by_case")]


class ConflictCheck(models.Model):
    """What connects somebody with the parties: what the program saw when they were appointed, what they declare themselves."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="conflict_checks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=20)
    seen = models.JSONField(default=list)
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    declared = models.CharField(max_length=12, blank=True)
    declared_words = models.CharField(max_length=300, blank=True)
    declared_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["case", "user"], name="conflict_by_case")]


class ExposureAnswer(models.Model):
    """One question of legal exposure as somebody answered it. A later answer stands beside it and counts."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="exposure")
    question = models.CharField(max_length=40)
    answer = models.CharField(max_length=20)
    reason = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    rules = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["case", "question", "id"], name="exposure_by_case")]


class CareSheet(models.Model):
    """One version of one reviewer's judgement of the standard of care. Saved versions stay; a signed one is final."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="care_sheets")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    verdict = models.CharField(max_length=20)
    saved_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "reviewer", "version"], name="care_sheet_version_once")]


class CareLine(models.Model):
    """What a reviewer answers to one question, and the evidence for it."""

    sheet = models.ForeignKey(CareSheet, models.PROTECT, related_name="lines")
    question = models.CharField(max_length=40)
    words = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sheet", "question"], name="care_line_once")]


class CareCitation(models.Model):
    """The item of evidence a line rests on."""

    line = models.ForeignKey(CareLine, models.PROTECT, related_name="citations")
    item = models.ForeignKey("evidence.Item", models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "item"], name="care_line_cites_an_item_once")]


class CareDissent(models.Model):
    """What somebody who may judge holds against a signed sheet. Kept beside it."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    sheet = models.ForeignKey(CareSheet, models.PROTECT, related_name="dissents")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    words = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    at = models.DateTimeField()
