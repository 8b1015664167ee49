"""What is there of one thing, told so shortly that one statement can carry all of it."""
from __future__ import annotations

from collections.abc import Collection

from django.db.models import CharField, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce

from suyuan.evidence.models import CustodyEntry, EvidenceRequest, Interview, Item, Need, Observation

COLUMNS = ("what", "one", "two", "three", "four", "five", "six")


def brief_rows(stream: str, compartments: Collection[str]) -> list[QuerySet]:
    """(what, kind, its last sealing or opening, …) for a union: items, talks that count, notes, requests, decisions;
    and, by uid, what lies where this reader does not read."""
    acts = CustodyEntry.objects.filter(item=OuterRef("pk"), act__in=("sealed", "unsealed")).order_by("-id")
    originals = Item.objects.filter(stream=stream, parent=None)
    items, closed = originals.filter(compartment__in=compartments), originals.exclude(compartment__in=compartments)
    return [
        _told(closed, "closed", Cast("uid", CharField())),
        _told(items, "item", F("kind"), Coalesce(Subquery(acts.values("act")[:1]), Value(""), output_field=CharField())),
        _told(Interview.objects.filter(stream=stream).exclude(outcome=""), "interview"),
        _told(Observation.objects.filter(stream=stream, struck_at=None), "observation"),
        _told(EvidenceRequest.objects.filter(stream=stream, ended_at=None), "request", F("kind")),
        _told(Need.objects.filter(stream=stream, ended_at=None), "need", F("kind")),
    ]


def _told(rows: QuerySet, what: str, *said) -> QuerySet:
    empty = [Value("", CharField())] * (len(COLUMNS) - 1 - len(said))
    columns = dict(zip(COLUMNS, (Value(what, CharField()), *said, *empty), strict=True))
    return rows.order_by().annotate(**columns).values_list(*COLUMNS)
