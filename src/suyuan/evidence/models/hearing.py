from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from suyuan.evidence.models.items import Item
from suyuan.platform import chance


class Interview(models.Model):
    """Somebody was heard, and what they said was written down. Confirmed or refused, it never changes again.

    A recording says by whom (a trigger holds it, since an order may erase the name).

    `heard` says who: a party ("party:<uid>"), a colleague (`heard_user`) or anybody else, always with the name as it stood then.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    party = models.CharField(max_length=80, blank=True)
    heard_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    heard_name = models.CharField(max_length=120)
    interviewers = models.CharField(max_length=200)
    present = models.CharField(max_length=300, blank=True)
    held_at = models.DateTimeField()
    place = models.CharField(max_length=120)
    recording = models.ForeignKey(Item, models.PROTECT, null=True, related_name="+")
    recorder = models.CharField(max_length=120, blank=True)
    recorder_took_part = models.BooleanField(null=True)
    notice_given = models.BooleanField(null=True)
    minutes = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    outcome = models.CharField(max_length=12, blank=True)
    read_how = models.CharField(max_length=20, blank=True)
    outcome_at = models.DateTimeField(null=True)
    outcome_stated_at = models.DateTimeField(null=True)
    outcome_by = models.CharField(max_length=80, blank=True)
    corrections = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")
    refusal = models.CharField(max_length=300, blank=True)
    signature = models.ForeignKey(Item, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "number"], name="interview_number_once"),
            models.CheckConstraint(
                name="interview_outcome_has_its_time",
                condition=Q(outcome="", outcome_at__isnull=True)
                | Q(outcome__in=("confirmed", "refused"), outcome_at__isnull=False),
            ),
        ]


class InterviewSupplement(models.Model):
    """What was added to minutes after they were confirmed or refused. The minutes stay as they are."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    interview = models.ForeignKey(Interview, models.PROTECT, related_name="supplements")
    words = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    said_by = models.CharField(max_length=120)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()


class Observation(models.Model):
    """What a colleague saw or heard, dated. Written once: struck through with a reason, supplemented, never overwritten.

    `late`: written later after it than the house allows without saying so. `struck_reason` stands until an order erases it.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    seen_at = models.DateTimeField()
    written_at = models.DateTimeField()
    late = models.BooleanField()
    words = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    supplements = models.ForeignKey("self", models.PROTECT, null=True, related_name="added")
    struck_at = models.DateTimeField(null=True)
    struck_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["stream", "id"], name="observation_by_stream")]
