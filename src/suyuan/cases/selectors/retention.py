"""Which ended cases no law keeps any longer, and what of them an order would name."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from suyuan.accounts.rules import ActorProfile, may, reach
from suyuan.cases import rules
from suyuan.cases.models import Case, Party, RetentionProposal
from suyuan.cases.selectors.door import view_of
from suyuan.cases.selectors.rights import GROUPS, Part, Subject, floors, parts_of, things_of
from suyuan.platform.erasure import Named
from suyuan.platform.models import Hold

AGAIN = timedelta(days=365)  # after somebody kept it although no law asked for it
PERSONAL = ("identifiers", "contacts")
# What waits in the inbox has a period of its own.
OF_CASES = {group: records for group, records in GROUPS.items() if group != "inbox"}


@dataclass(frozen=True)
class Due:
    """A case that may go whole: until when it had to be kept, and by which rule longest."""

    until: date
    rule: str
    things: tuple[tuple[Subject, tuple[str, ...]], ...]


def due_of(case: Case, now: datetime) -> Due | None:
    """None while anything of the case itself must be kept, or nothing of it is left.

    What stands with a person goes along only if none of their other cases needs it.
    """
    if case.is_open:
        return None
    today = now.astimezone(case.branch.tz).date()
    parties = list(Party.objects.filter(case=case).select_related("person").order_by("id"))
    whole = Subject(case.patient or (parties[0].person if parties else None))
    parts = parts_of(case, whole, OF_CASES, today)
    own = [part for part in parts if part.group not in PERSONAL]
    kept = [part.kept for part in own if part.kept is not None]
    if not kept or not all(rules.may_go(part.kept, today) for part in own) or not any(part.count for part in own):
        return None
    longest = max(kept, key=lambda each: each.until)
    things = [(whole, _free(parts))]
    seen = {whole.person.pk} if whole.person is not None else set()
    for party in parties:
        if party.person_id not in seen:
            seen.add(party.person_id)
            subject = Subject(party.person)
            things.append((subject, _free(parts_of(case, subject, {name: GROUPS[name] for name in PERSONAL}, today))))
    return Due(longest.until, longest.rule, tuple(things))


def _free(parts: list[Part]) -> tuple[str, ...]:
    return tuple(part.group for part in parts if part.count and part.free)


def things_due(case: Case, due: Due) -> dict[str, list[Named]]:
    """Everything that an order would name, by stream."""
    found: dict[str, list[Named]] = {}
    for subject, groups in due.things:
        for group in groups:
            for stream, named in things_of(case, subject, group).items():
                found.setdefault(stream, []).extend(named)
    return found


# --- the daily run -------------------------------------------------------------------------------------------------


def candidates(now: datetime) -> Iterator[Case]:
    """Ended cases older than the longest floor of every complaint's own record, without a proposal and without a hold."""
    decided = RetentionProposal.objects.filter(Q(ended_at=None) | Q(decision="erase") | Q(decision="keep", ended_at__gt=now - AGAIN))
    held = Hold.objects.filter(lifted_at=None).values("stream")
    ended = Case.objects.filter(is_open=False).exclude(pk__in=decided.values("case_id")).exclude(stream__in=held)
    for jurisdiction in sorted(set(ended.order_by().values_list("jurisdiction", flat=True))):
        some = ended.filter(jurisdiction=jurisdiction).select_related("branch", "patient").order_by("id")
        first = some.first()
        today = now.astimezone(first.branch.tz).date()
        known, _by_id = floors(first, today)
        longest = rules.retention_until("complaint_record", date(2000, 1, 1), known, born=None)
        if longest is not None:
            before = now - (longest.until - date(2000, 1, 1)) + timedelta(days=2)
            for pk in list(some.filter(ended_at__lt=before).values_list("pk", flat=True)):
                yield some.get(pk=pk)


def undecided() -> QuerySet[RetentionProposal]:
    """Proposals that wait for a decision. One that is not due any more lapses; one that a hold covers waits for its end."""
    return RetentionProposal.objects.filter(decision="", ended_at=None).select_related("case__branch", "case__patient")


# --- the page ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proposed:
    row: RetentionProposal
    hold: Hold | None


@dataclass(frozen=True)
class Retention:
    """What waits for a decision, what an order is working on, and what was lately done."""

    waiting: list[Proposed]
    under_way: list[RetentionProposal]
    done: list[RetentionProposal]
    more: int


def proposals_for(profile: ActorProfile) -> QuerySet[RetentionProposal]:
    """Those of cases within reach, the oldest first."""
    seen = Case.objects.within(reach(profile)).values("pk")
    return RetentionProposal.objects.filter(case__in=seen).select_related("case__branch", "decided_by").order_by("until", "id")


def proposed(profile: ActorProfile, uids: list[str]) -> list[RetentionProposal]:
    """Of these those that this person may decide on now."""
    rows = proposals_for(profile).filter(uid__in=uids, decision="", ended_at=None)
    return [row for row in rows if may(profile, "erase", view_of(row.case))]


def retention_for(profile: ActorProfile, now: datetime, most: int) -> Retention:
    rows = proposals_for(profile)
    waiting = rows.filter(decision="", ended_at=None)
    shown = list(waiting[:most])
    holds = {hold.stream: hold for hold in Hold.objects.filter(lifted_at=None, stream__in=[row.case.stream for row in shown])}
    lately = rows.filter(ended_at__gt=now - timedelta(days=30)).exclude(decision="lapsed").order_by("-ended_at")
    return Retention(
        waiting=[Proposed(row, holds.get(row.case.stream)) for row in shown],
        under_way=list(rows.filter(decision="erase", ended_at=None)),
        done=list(lately[:most]),
        more=max(0, waiting.count() - len(shown)),
    )
