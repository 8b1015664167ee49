"""Words before everybody: in which of the clinic's names, where they stand, and what became of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from suyuan.platform import chance


class OwnName(models.Model):
    """An official account of the clinic's on one platform: the only kind of name in which it speaks in public.

    platform  as the wording packs call it, or "other", and then what it is called stands in `elsewhere`
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, null=True, related_name="+")
    platform = models.CharField(max_length=40)
    elsewhere = models.CharField(max_length=80, blank=True, default="")
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=500, blank=True, default="")
    added_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    ended_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="own_name_ended_by_somebody",
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
            models.CheckConstraint(
                name="own_name_elsewhere_is_named",
                condition=(Q(platform="other") & ~Q(elsewhere="")) | (~Q(platform="other") & Q(elsewhere="")),
            ),
        ]
        indexes = [models.Index(fields=["branch"], condition=Q(ended_at=None), name="own_name_open")]

    @property
    def stream(self) -> str:
        return f"own_name:{self.uid}"


class Posting(models.Model):
    """Frozen words standing in one public place, as said by whoever put them there.

    sha256      of the words, which are those of the message
    posted_at   stated; recorded_at ours
    capture     what it looked like there
    instead_of  the posting whose place it took
    state       live, replaced (by its successor), down
    ended_whose clinic or platform: who took it away
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    message = models.ForeignKey("correspondence.Message", models.PROTECT, related_name="postings")
    account = models.ForeignKey(OwnName, models.PROTECT, related_name="postings")
    place = models.CharField(max_length=200, blank=True, default="")
    address = models.CharField(max_length=500, blank=True, default="")
    sha256 = models.CharField(max_length=64)
    posted_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    capture = models.ForeignKey("evidence.Item", models.PROTECT, null=True, related_name="+")
    instead_of = models.OneToOneField("self", models.PROTECT, null=True, related_name="successor")
    state = models.CharField(max_length=10, default="live")
    ended_at = models.DateTimeField(null=True)
    ended_recorded_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    ended_whose = models.CharField(max_length=10, blank=True, default="")
    ended_why = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "account", "address", "place"], condition=Q(state="live"), name="posting_once"
            ),
            models.CheckConstraint(
                name="posting_ended_says_by_whom",
                condition=Q(state="live", ended_at=None, ended_by=None, ended_whose="")
                | (~Q(state="live") & Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(ended_whose="")),
            ),
        ]
        indexes = [models.Index(fields=["message", "id"], name="posting_by_message")]
