from __future__ import annotations

from django.db import models
from django.db.models import Q

from suyuan.evidence.models.items import Item


class Picture(models.Model):
    """What was seen when an original that can be shown was first looked into: once, and never changed.

    decoded   "ok", or "no:" and why not (time, memory, pixels, size, locked, broken, raised, crashed, too_much)
    taken_at  what the camera wrote into the file: its word, which anybody can change, and no proof
    """

    item = models.OneToOneField(Item, models.PROTECT, related_name="picture")
    decoded = models.CharField(max_length=40)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    pages = models.PositiveIntegerField(null=True)
    taken_at = models.DateTimeField(null=True)
    taken_zone_stated = models.BooleanField(default=False)
    looked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="picture_that_decoded_has_its_size",
                condition=~Q(decoded="ok") | Q(width__isnull=False, height__isnull=False),
            )
        ]
