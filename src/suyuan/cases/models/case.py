from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from suyuan.cases import rules
from suyuan.cases.reaching import CaseQuerySet
from suyuan.platform import chance


class Case(models.Model):
    """One complaint, from first contact to closure. Rows are never deleted.

    `stream` is "case:<uid>" and joins texts, messages and facts, which know no foreign key to a case.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80, unique=True)
    reference = models.CharField(max_length=20, unique=True)
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, related_name="+")
    department = models.ForeignKey("accounts.Department", models.PROTECT, null=True, related_name="+")
    jurisdiction = models.CharField(max_length=4)
    procedure = models.ForeignKey("playbooks.PackVersion", models.PROTECT, related_name="+")

    stage = models.CharField(max_length=20, default=rules.Stage.RECEIVED)
    is_open = models.BooleanField(default=True)
    level = models.PositiveSmallIntegerField(default=0)
    harm = models.CharField(max_length=16, default=rules.Harm.NONE)
    occurred_on = models.DateField(null=True)
    danger = models.CharField(max_length=16, default="", blank=True)
    danger_signs = models.JSONField(default=list)
    is_complete = models.BooleanField(default=True)

    reportable = models.BooleanField(default=False)
    media = models.BooleanField(default=False)
    legal = models.BooleanField(default=False)
    extortion_suspected = models.BooleanField(default=False)
    vulnerable_person = models.BooleanField(default=False)
    escalated = models.BooleanField(default=False)
    money = models.BooleanField(default=False)
    asked_legal = models.BooleanField(default=False)

    channel = models.CharField(max_length=20)
    language = models.CharField(max_length=10, default="zh-hant")
    matter = models.CharField(max_length=200, blank=True)
    narrative = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")
    wishes = models.JSONField(default=list)
    factors = models.JSONField(default=list)
    preferred_channel = models.CharField(max_length=20, blank=True)
    preferred_hours = models.CharField(max_length=80, blank=True)
    communication_need = models.CharField(max_length=120, blank=True)
    helper_named = models.CharField(max_length=120, blank=True)

    patient = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    speaker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    received_at = models.DateTimeField()
    stated_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    investigated_at = models.DateTimeField(null=True)
    disclosed_at = models.DateTimeField(null=True)
    responded_at = models.DateTimeField(null=True)
    closing_asked_at = models.DateTimeField(null=True)
    closing_asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)
    reopened_count = models.PositiveSmallIntegerField(default=0)
    disputed_at = models.DateTimeField(null=True)
    channels_notified_at = models.DateTimeField(null=True)
    next_due_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField()

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [
            # Partial, because Django says `WHERE is_open` and no `= 1`, which SQLite finds in no index.
            models.Index(fields=["next_due_at", "id"], name="case_open_by_due", condition=Q(is_open=True)),
            models.Index(fields=["branch", "next_due_at", "id"], name="case_branch_by_due", condition=Q(is_open=True)),
            models.Index(fields=["branch", "received_at", "id"], name="case_branch_by_received"),
            models.Index(fields=["received_at", "id"], name="case_by_received"),
            models.Index(fields=["owner", "next_due_at", "id"], name="case_owner_by_due", condition=Q(is_open=True)),
            models.Index(fields=["danger", "is_open"], name="case_danger", condition=Q(danger="open")),
            models.Index(
                fields=["closing_asked_at"],
                name="case_closing_asked",
                condition=Q(is_open=True, closing_asked_at__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="case_open_means_not_ended",
                condition=Q(is_open=True, ended_at__isnull=True) | Q(is_open=False, ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="case_closed_was_acknowledged",
                condition=~Q(stage=rules.Stage.CLOSED) | Q(acknowledged_at__isnull=False),
            ),
            models.CheckConstraint(name="case_level_1_to_3", condition=Q(level__gte=0, level__lte=3)),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(flag for flag in rules.FLAGS if getattr(self, flag))

    @property
    def serious_or_unjudged(self) -> bool:
        return self.harm in rules.COUNTS_AS_SERIOUS

    def compartment_stream(self, compartment: str) -> str:
        """Where facts of a protected compartment go; everything else goes into the case's own stream."""
        return f"{compartment}:{self.uid}" if compartment else self.stream


class CaseIssue(models.Model):
    """One subject of complaint: a case is counted once, and once per subject."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="issues")
    subject = models.CharField(max_length=200)
    treatment = models.ForeignKey("people.TreatmentReceived", models.PROTECT, null=True, related_name="+")
    primary_cause = models.CharField(max_length=40, blank=True)
    causes = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    added_at = models.DateTimeField()


class Involvement(models.Model):
    """Why a member of staff has to do with a case. `complained` hides the case from that person, whatever else holds."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="involvements")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "user", "kind"], condition=Q(until__isnull=True), name="involvement_once"
            )
        ]
        indexes = [models.Index(fields=["user", "kind", "until", "case"], name="involvement_by_user")]


class Party(models.Model):
    """A person outside the clinic in this case. Identity is stated until staff verify it."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="parties")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    roles = models.JSONField(default=list)
    relation = models.CharField(max_length=40, blank=True)
    added_at = models.DateTimeField()
    identity = models.CharField(max_length=12, default=rules.Identity.STATED)
    verified_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    verified_how = models.CharField(max_length=120, blank=True)
    authority_proven_at = models.DateTimeField(null=True)
    authority_how = models.CharField(max_length=200, blank=True)
