"""A clinic's own part of the guard: rules it wrote, what they were tried on, and words that are its own."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from suyuan.platform import chance


class ClinicRule(models.Model):
    """One version of a rule of the clinic's own. A live one is never changed: a newer version takes its place.

    code        the same for all versions; what findings name
    branch      where it holds; empty: in the whole organisation
    phrases     words as they may stand in a text; frames: lines of `kernel.textlint.frames`
    levels      surface → level
    literally   also where the words are denied, quoted or asked
    why, safer  in the language of whoever wrote them
    digest      of all that decides what it finds: a try-out holds for one digest
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    code = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=30)
    title = models.CharField(max_length=60)
    phrases = models.JSONField(default=list)
    frames = models.JSONField(default=list)
    levels = models.JSONField(default=dict)
    literally = models.BooleanField(default=False)
    why = models.TextField()
    safer = models.TextField(blank=True)
    fires = models.JSONField(default=list)
    quiet = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, default="draft")
    written_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    live_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    live_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="clinic_rule_version_once"),
            models.UniqueConstraint(fields=["code"], condition=Q(state="live"), name="clinic_rule_live_once"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(state__in=["draft", "tried"]), name="clinic_rule_written_once"
            ),
            # With live_at frozen by its trigger, a live rule can only end.
            models.CheckConstraint(
                name="clinic_rule_live_has_its_time",
                condition=Q(state__in=["draft", "tried"], live_at=None, live_by=None, ended_at=None)
                | Q(state="live", live_at__isnull=False, live_by__isnull=False, ended_at=None)
                | Q(state="ended", ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="clinic_rule_two_persons",
                condition=Q(live_by=None) | ~Q(live_by=models.F("written_by")),
            ),
        ]
        indexes = [models.Index(fields=["branch"], condition=Q(state="live"), name="clinic_rule_live")]

    @property
    def stream(self) -> str:
        return f"clinic_rule:{self.code}"


class TryOut(models.Model):
    """What a rule would have held of what the clinic has said before. Places only: the words stay where they are.

    planned, read  how many texts; counts: what came of them; hits: at most so many as a person looks through
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    rule = models.ForeignKey(ClinicRule, models.PROTECT, related_name="tryouts")
    digest = models.CharField(max_length=64)
    asked_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    planned = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    hits = models.JSONField(default=list)
    packs = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["rule", "-id"], name="tryout_newest")]


class AllowEntry(models.Model):
    """A word of the clinic's own that names no patient: a telephone, an address, a name, a number, a link, a product."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=10)
    words = models.CharField(max_length=120)
    why = models.CharField(max_length=300)
    added_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    ended_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="allow_entry_ended_by_somebody",
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
            )
        ]
        indexes = [models.Index(fields=["branch"], condition=Q(ended_at=None), name="allow_entry_open")]
