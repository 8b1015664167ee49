from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from suyuan.cases.models.case import Case, Party
from suyuan.cases.models.clock import CaseClock
from suyuan.platform import chance


class Acknowledgement(models.Model):
    """We told the person that we have the complaint. Locked once saved; an automatic receipt never counts."""

    case = models.OneToOneField(Case, models.PROTECT, related_name="acknowledgement")
    at = models.DateTimeField()
    stated_at = models.DateTimeField(null=True)
    method = models.CharField(max_length=20)
    words = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")


class ContactEntry(models.Model):
    """One contact with a party, whatever the channel; a minute when the case is disputed."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="contacts")
    kind = models.CharField(max_length=20)
    channel = models.CharField(max_length=20)
    direction = models.CharField(max_length=4, default="out")
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(null=True)
    place = models.CharField(max_length=120, blank=True)
    participants = models.CharField(max_length=300, blank=True)
    tone = models.CharField(max_length=20, blank=True)
    points = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    next_step = models.CharField(max_length=300, blank=True)
    compartment = models.CharField(max_length=20, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")


class Task(models.Model):
    """Something one person or role has to do by a time. With a `clock`: somebody up the line is called in because it is late."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)
    clock = models.ForeignKey(CaseClock, models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=30, blank=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    compartment = models.CharField(max_length=20, blank=True, default="")
    due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True)
    outcome = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")
    alarmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["assignee", "due_at"],
                name="task_open_mine",
                condition=Q(done_at__isnull=True, cancelled_at__isnull=True, clock__isnull=True),
            ),
            models.Index(
                fields=["role", "due_at"],
                name="task_open_role",
                condition=Q(done_at__isnull=True, cancelled_at__isnull=True, clock__isnull=True),
            ),
            models.Index(
                fields=["role", "case"],
                name="task_open_role_case",
                condition=Q(done_at__isnull=True, cancelled_at__isnull=True),
            ),
            models.Index(
                fields=["due_at"],
                name="task_open_danger",
                condition=Q(kind="danger_review", done_at__isnull=True, cancelled_at__isnull=True),
            ),
            models.Index(fields=["case", "opened_at"], name="task_by_case"),
        ]


class PromiseQuerySet(models.QuerySet):
    def held(self) -> PromiseQuerySet:
        """Those that still bind or have bound us: what nobody waits for any more is not shown."""
        return self.filter(released_at=None)

    def waiting(self) -> PromiseQuerySet:
        """Open: neither kept, nor seen to be broken, nor released."""
        return self.held().filter(kept_at=None, broken_at=None)


class Promise(models.Model):
    """What we told the person, and by when: the same row on desk and portal.

    Kept after its time, it is both broken and kept. Released: what it rested on fell away before its time.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="promises")
    words = models.CharField(max_length=200)
    code = models.CharField(max_length=40, blank=True)
    due_at = models.DateTimeField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kept_at = models.DateTimeField(null=True)
    broken_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)

    objects = PromiseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"],
                name="promise_open",
                condition=Q(kept_at__isnull=True, broken_at__isnull=True, released_at__isnull=True),
            )
        ]


class Demand(models.Model):
    """Something the person has a right to ask for: copies, data, money back, an explanation.

    `about`: of a request to erase, whose data is meant (`rules.ABOUT`); empty where nobody said.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="demands")
    kind = models.CharField(max_length=30)
    about = models.CharField(max_length=8, blank=True, default="")
    asked_by = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    words = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")


class CareRecord(models.Model):
    """Care given while a case runs, whoever is at fault: examination, treatment, referral, and what it cost."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="care")
    kind = models.CharField(max_length=20)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    words = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    place = models.CharField(max_length=120, blank=True)
    cost = models.BigIntegerField(null=True, help_text="minor units")
    currency = models.CharField(max_length=3, blank=True)
    clears_danger = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")


class Approval(models.Model):
    """A second person decides. The asker never does, whatever their roles."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="approvals")
    kind = models.CharField(max_length=30)
    detail = models.JSONField(default=dict)
    reason = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decision = models.CharField(max_length=12, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["asked_at"], name="approval_open", condition=Q(decision=""))]
        constraints = [
            models.UniqueConstraint(fields=["case", "kind"], condition=Q(decision=""), name="one_open_approval"),
            models.CheckConstraint(
                name="approval_by_another_person",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("asked_by")),
            ),
        ]


class Consent(models.Model):
    """One tick per purpose, with the version of the words that were shown."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    given = models.BooleanField()
    at = models.DateTimeField()
