"""The log of all facts and what is signed of it. Entries, nodes, checkpoints and anchors are written once and never changed."""
from __future__ import annotations

from django.db import models

from suyuan.kernel.merkle import Place
from suyuan.platform import chance
from suyuan.platform.models.chain import FactRow

_INDEX_BITS = 48


def place_number(place: Place) -> int:
    """Level and index of a node as one number, so that a proof finds what it needs by primary keys."""
    return place.level << _INDEX_BITS | place.index


def place_of(number: int) -> Place:
    return Place(number >> _INDEX_BITS, number & (1 << _INDEX_BITS) - 1)


class LogEntry(models.Model):
    """A fact's number in the log: from 0, without gaps, in the order in which checkpoints took them in."""

    index = models.PositiveBigIntegerField(primary_key=True)
    fact = models.OneToOneField(FactRow, models.PROTECT, related_name="+")


class LogNode(models.Model):
    """A full subtree of the log. Those at the right edge that are not full yet are joined when they are asked for."""

    place = models.PositiveBigIntegerField(primary_key=True)
    digest = models.BinaryField()


class LogHead(models.Model):
    """The last event of a stream as of the newest checkpoint. What came after it stands in StreamHead only."""

    token = models.CharField(max_length=64, primary_key=True)
    bucket = models.PositiveIntegerField(db_index=True)
    position = models.PositiveBigIntegerField()
    leaf = models.CharField(max_length=64)


class HeadNode(models.Model):
    """A node over the heads, as of the log's `size` when it last changed. Where no stream is, nothing is kept."""

    place = models.PositiveBigIntegerField(primary_key=True)
    digest = models.BinaryField()
    size = models.PositiveBigIntegerField()


class Checkpoint(models.Model):
    """What was signed: how long the log is, its root and that of the heads. `text` is what counts, the rest is for finding."""

    size = models.PositiveBigIntegerField(unique=True)
    root = models.CharField(max_length=64)
    heads = models.CharField(max_length=64)
    epoch = models.PositiveIntegerField()
    at = models.DateTimeField()
    text = models.TextField()
    signature = models.BinaryField()
    fingerprint = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64, unique=True)
    previous = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.size} {self.sha256[:16]}"


class Anchor(models.Model):
    """Somebody else has seen a checkpoint: a time stamp, or the co-signature of a branch or a law firm.

    body     the authority's answer as it came (DER), or the text that was co-signed
    details  rfc3161: url, at, serial, authority; cosignature: by, at, public, signature (both in hexadecimal)
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="anchors")
    kind = models.CharField(max_length=16)
    body = models.BinaryField()
    details = models.JSONField()
    at = models.DateTimeField()
