"""Words that wait for people: which of them wait for this person, and one of them with what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from suyuan.accounts.rules import ActorProfile, may, reach
from suyuan.cases.models import Case
from suyuan.cases.selectors.door import compartments_for, view_of
from suyuan.cases.services.wording import clearing, vote_role
from suyuan.correspondence.models import Clearance, Message
from suyuan.correspondence.rules.guard import APPROVERS, State
from suyuan.kernel.refusal import NotHere

# What was said no to is shown to whoever asked for so long.
SHOWN_FOR = timedelta(days=3)
MOST = 50


def clearance_of(profile: ActorProfile, case: Case, uid: UUID | str) -> Clearance:
    """One of this case, as far as this person reads where it stands. Raises NotHere."""
    found = Clearance.objects.filter(stream=case.stream, uid=uid)
    found = found.select_related("text", "asked_by", "writer", "message").first()
    if found is None or found.compartment not in compartments_for(profile, case):
        raise NotHere()
    return found


def clearances_waiting(profile: ActorProfile) -> list[tuple[Clearance, Case]]:
    """Words that this person could say yes or no to now, the longest waiting first."""
    if not (profile.roles & set(APPROVERS) or profile.guest_streams):
        return []
    rows = Clearance.objects.filter(state=State.OPEN).exclude(asked_by_id=profile.user_id)
    return [
        (row, case)
        for row, case in _with_cases(profile, list(rows.select_related("asked_by", "message", "text").order_by("asked_at")[: 4 * MOST]))
        if may(profile, clearing(row.surface), view_of(case)) and vote_role(profile, case, row)
    ][:MOST]


def clearances_asked(profile: ActorProfile, now: datetime) -> list[tuple[Clearance, Case]]:
    """What this person asked: still open, agreed to and not yet sent, or refused of late."""
    mine = Q(asked_by_id=profile.user_id) | Q(writer_id=profile.user_id)
    told = Q(state=State.OPEN) | Q(state=State.GIVEN, used_at=None) | Q(state=State.REFUSED, ended_at__gt=now - SHOWN_FOR)
    rows = Clearance.objects.filter(mine & told).select_related("asked_by", "message", "text").order_by("-asked_at")[:MOST]
    return list(_with_cases(profile, list(rows)))


def _with_cases(profile: ActorProfile, rows: list[Clearance]) -> Iterator[tuple[Clearance, Case]]:
    """Each with its case, as far as this person sees it."""
    if not rows:
        return
    seen = Case.objects.within(reach(profile)).filter(stream__in={row.stream for row in rows}).select_related("branch", "patient")
    cases = {case.stream: case for case in seen}
    for row in rows:
        case = cases.get(row.stream)
        if case is not None and row.compartment in compartments_for(profile, case):
            yield row, case


def last_words_of(case: Case, party: str = "", before: datetime | None = None) -> Message | None:
    """What they wrote to us last, which the words on their way out will answer; nothing that lies in a compartment."""
    rows = Message.objects.filter(subject_stream=case.stream, direction="in", compartment="", text__isnull=False)
    rows = rows.filter(Q(author=party) | Q(party=party)) if party else rows
    if before is not None:
        rows = rows.filter(created_at__lte=before)
    return rows.select_related("text").order_by("-id").first()
