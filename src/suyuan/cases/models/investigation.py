from __future__ import annotations

from django.conf import settings
from django.db import models

from suyuan.cases.models.case import Case, CaseIssue
from suyuan.platform import chance


class Finding(models.Model):
    """An established fact or conclusion. Never overwritten: a correction points at what it replaces."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="findings")
    issue = models.ForeignKey(CaseIssue, models.PROTECT, null=True, related_name="findings")
    words = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    basis = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")


class RootCause(models.Model):
    """Five whys or a fishbone, kept in the protected root-cause compartment.

    `bones`: [{"bone": code, "cause": words, "why": words, "root": bool}, …] in the order they were written.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="root_causes")
    method = models.CharField(max_length=20, default="five_whys")
    whys = models.JSONField(default=list)
    bones = models.JSONField(default=list)
    root = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    factors = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()


class Disclosure(models.Model):
    """What we told the person in plain language: the findings, or the final written answer. Frozen."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="disclosures")
    kind = models.CharField(max_length=12)
    words = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    method = models.CharField(max_length=20)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()


class StaffStatement(models.Model):
    """What a member of staff who is complained about sees of a case: neutral words, their answer, the support offered."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="statements")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    alleged = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    answer = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    support = models.CharField(max_length=300, blank=True)
    support_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="one_statement_a_person")]


class Evaluation(models.Model):
    """What went well, what did not, and what we learned."""

    case = models.OneToOneField(Case, models.PROTECT, related_name="evaluation")
    answers = models.JSONField(default=dict)
    words = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()


class Survey(models.Model):
    """Satisfaction with the handling, asked once after the case ended, by a link without an account."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="surveys")
    mac = models.BinaryField()
    key_id = models.CharField(max_length=40)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answers = models.JSONField(default=dict)
    words = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
