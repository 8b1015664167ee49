from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from suyuan.evidence.models.items import Item
from suyuan.platform import chance


class Making(models.Model):
    """Somebody asked for a copy of an item that takes longer than a page may. Until it is made, or why it was not.

    asked   what is to be black and which pages stay, in numbers
    why     in their words; once the copy is there they stand with it, and here no more
    done    of `of`: pages or bytes, as far as the work has come
    fault   why there is no copy: the code of a refusal, with its reason after a colon
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    item = models.ForeignKey(Item, models.PROTECT, related_name="makings")
    derivation = models.CharField(max_length=20)
    asked = models.JSONField(default=dict)
    why = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by_kind = models.CharField(max_length=12)
    acting_for = models.CharField(max_length=40, blank=True)
    asked_at = models.DateTimeField()
    done = models.PositiveBigIntegerField(default=0)
    of = models.PositiveBigIntegerField(default=0)
    made = models.OneToOneField(Item, models.PROTECT, null=True, related_name="making")
    fault = models.CharField(max_length=60, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="making_ends_one_way",
                condition=Q(ended_at__isnull=True, made__isnull=True, fault="")
                | Q(ended_at__isnull=False, made__isnull=False, fault="")
                | (Q(ended_at__isnull=False, made__isnull=True) & ~Q(fault="")),
            )
        ]
        indexes = [models.Index(fields=["item", "id"], name="making_by_item")]
