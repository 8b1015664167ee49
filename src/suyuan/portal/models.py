"""What the portal keeps for a while: half-written forms, open follow-up pages, and how fast somebody sends."""
from __future__ import annotations

from django.db import models

from suyuan.platform import chance

# Fixed name in sealed values: a renaming never changes it.
DRAFT = "portal.draft"


class Draft(models.Model):
    """A form on its way, for a day. The cookie holds the token, the row its digest; the words lie sealed.

    case    opened by a danger sign before the form was finished: going on completes this same case
    `sealed` goes when the form was sent; the row stays until `expires_at`, so that a replay finds its case
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    sealed = models.BinaryField(null=True)
    case = models.ForeignKey("cases.Case", models.PROTECT, null=True, related_name="+")
    kiosk = models.BooleanField(default=False)
    saved_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)


class PartySession(models.Model):
    """Somebody opened their follow-up page with a receipt. Ends after half an hour of silence, or when they say so."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    receipt = models.ForeignKey("cases.Receipt", models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)


class Bucket(models.Model):
    """How often something came from one place lately. `name` is blind: the address itself is stored nowhere."""

    name = models.CharField(max_length=64, primary_key=True)
    started_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)
    free_at = models.DateTimeField(null=True)


class LinkCode(models.Model):
    """What the holder of a receipt sends from their LINE account to show that it is theirs. Once, within an hour."""

    receipt = models.ForeignKey("cases.Receipt", models.PROTECT, related_name="+")
    blind = models.BinaryField(unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
