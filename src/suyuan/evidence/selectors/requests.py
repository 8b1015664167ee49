"""What is asked for, set aside, heard and seen, of one thing."""
from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from suyuan.evidence import errors
from suyuan.evidence.models import EvidenceRequest, Interview, Need, Observation


def requests_of(stream: str) -> QuerySet[EvidenceRequest]:
    return EvidenceRequest.objects.filter(stream=stream).select_related("holder", "asked_by", "answer", "item").order_by("id")


def needs_of(stream: str) -> QuerySet[Need]:
    """Decisions that stand."""
    return Need.objects.filter(stream=stream, ended_at=None).select_related("decided_by").order_by("id")


def interviews_of(stream: str) -> QuerySet[Interview]:
    with_words = Interview.objects.select_related("minutes", "corrections", "heard_user", "written_by", "recording", "signature")
    return with_words.filter(stream=stream).order_by("number")


def interview_in(stream: str, uid: UUID | str) -> Interview:
    """Raises NoteGone."""
    return _one(interviews_of(stream), uid)


def observations_of(stream: str) -> QuerySet[Observation]:
    """In the order in which they were written."""
    return Observation.objects.filter(stream=stream).select_related("words", "by").order_by("id")


def _one(rows: QuerySet, uid: UUID | str):
    found = rows.filter(uid=uid).first()
    if found is None:
        raise errors.NoteGone
    return found
