"""Reads of people: the guarded door, exact search, hints of duplicates, names for lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from suyuan.accounts.models import Branch
from suyuan.accounts.rules import ActorProfile, branches_for
from suyuan.kernel.refusal import NotHere
from suyuan.people import rules
from suyuan.people.models import ContactPoint, Person, PersonIndex, Representative, TreatmentReceived
from suyuan.platform import identifiers
from suyuan.platform.identifiers import Blind, index_values, query_values
from suyuan.platform.keys import blind

FINDABLE = ("email", rules.LINE_ACCOUNT)
MOST = 50  # an exact search that finds more was not exact enough


def people_within(profile: ActorProfile, to: str = "person_search") -> QuerySet[Person]:
    """Everyone in the branches where `profile` may do `to`."""
    where = branches_for(profile, to)
    people = Person.objects.all()
    return people if where is None else people.filter(branch_id__in=where)


def person_for(profile: ActorProfile, uid: UUID | str, to: str = "person_search") -> Person:
    """The door. A merged row leads to the one it was merged into. Not yours and not there look alike."""
    found = people_within(profile, to).select_related("branch", "merged_into__branch").filter(uid=uid).first()
    if found is None:
        raise NotHere()
    return found.merged_into or found


def person_meant(uid: UUID) -> tuple[str, int] | None:
    """Stream and branch of this person, for the access log alone: nobody is asked whether they may see them."""
    found = Person.objects.filter(uid=uid).first()
    return (found.stream, found.branch_id) if found else None


def search_people(profile: ActorProfile, text: str, limit: int = MOST) -> list[Person]:
    """Exactly this name, given name, phone, last four digits, surname with these, or chart number; newest first."""
    found = _answering(profile, text)
    if found is None:
        return []
    rows: dict[int, Person] = {}
    for person in found.select_related("branch", "merged_into__branch").order_by("-created_at", "-id")[: limit * 2]:
        kept = person.merged_into or person
        rows.setdefault(kept.pk, kept)
    return list(rows.values())[:limit]


def people_answering(profile: ActorProfile, text: str) -> QuerySet[Person] | None:
    """All whom `search_people` means, with every row merged with theirs; for use inside another question.

    None when `text` cannot be a name or a number, so that nothing need be asked.
    """
    found = _answering(profile, text)
    if found is None:
        return None
    kept = found.annotate(kept=Coalesce("merged_into_id", "id")).values("kept")
    return Person.objects.filter(Q(id__in=kept) | Q(merged_into_id__in=kept))


def _answering(profile: ActorProfile, text: str) -> QuerySet[Person] | None:
    values = query_values(text)
    if not values:
        return None
    return people_within(profile).filter(id__in=PersonIndex.objects.filter(_any_of(values)).values("person_id"))


def contact_blind(kind: str, value: str) -> bytes | None:
    """What finds a contact again by its value: mail addresses and linked LINE accounts only."""
    if kind not in FINDABLE or not value.strip():
        return None
    return blind(f"contact.{kind}", value.strip().lower() if kind == "email" else value.strip())


def contacts_answering(kind: str, value: str) -> QuerySet[ContactPoint]:
    """Contacts in use that have exactly this value; whoever asks shows nobody what they find."""
    wanted = contact_blind(kind, value)
    found = ContactPoint.objects.filter(kind=kind, blind=wanted, ended_at=None)
    return found if wanted is not None else found.none()


@dataclass(frozen=True)
class Hint:
    """Someone who may be the same person, and what they have in common: name, phone, chart_number."""

    person: Person
    common: tuple[str, ...]


def duplicate_hints(
    *,
    branch: Branch,
    family_name: str = "",
    given_name: str = "",
    phones: Iterable[str] = (),
    chart_number: str = "",
    besides: Person | None = None,
) -> list[Hint]:
    """People of this branch with the same full name, phone or chart number; most in common first."""
    telling = {identifiers.NAME, identifiers.PHONE, identifiers.CHART_NUMBER}
    values = [
        v
        for v in index_values(family_name=family_name, given_name=given_name, phones=phones, chart_number=chart_number)
        if v.field in telling
    ]
    if not values:
        return []
    rows = PersonIndex.objects.filter(_any_of(values), person__branch=branch, person__merged_into=None)
    if besides is not None:
        rows = rows.exclude(person=besides)
    common: dict[int, set[str]] = {}
    for person_id, field in rows.values_list("person_id", "field").order_by("-person_id")[: MOST * 3]:
        common.setdefault(person_id, set()).add(field)
    people = people_by_id(common)
    hints = [Hint(people[pk], tuple(sorted(fields))) for pk, fields in common.items()]
    return sorted(hints, key=lambda h: (-len(h.common), -h.person.pk))[:10]


def _any_of(values: Iterable[Blind]) -> Q:
    wanted = Q(pk__in=[])
    for value in values:
        wanted |= Q(field=value.field, blind=value.value)
    return wanted


def people_by_id(ids: Iterable[int]) -> dict[int, Person]:
    """Persons for a list, in one query."""
    return Person.objects.select_related("branch").in_bulk(list(ids))


@dataclass(frozen=True)
class PersonPage:
    person: Person
    contacts: tuple[ContactPoint, ...]
    treatments: tuple[TreatmentReceived, ...]
    represented_by: tuple[Representative, ...]
    represents: tuple[Representative, ...]
    merged: tuple[Person, ...]


def person_page(person: Person) -> PersonPage:
    """Everything shown of one person, five queries whatever its length.

    What the person told of a treatment when complaining stands in the case: here it would tell those who may not see
    the case, whoever is complained about among them, that there is one.
    """
    contacts = ContactPoint.objects.filter(person=person, ended_at=None).order_by("-preferred", "id")
    return PersonPage(
        person,
        tuple(contacts),
        tuple(person.treatments.exclude(source="intake").select_related("branch", "staff").order_by("-on", "-id")[:200]),
        tuple(person.represented_by.filter(ended_at=None).select_related("representative", "proven_by").order_by("id")),
        tuple(person.represents.filter(ended_at=None).select_related("person", "proven_by").order_by("id")),
        tuple(person.merged.order_by("id")),
    )


def contact_points_of(people: Iterable[Person]) -> dict[int, list[ContactPoint]]:
    """Open contact points by person id, the preferred one first; one query."""
    found: dict[int, list[ContactPoint]] = {}
    rows = ContactPoint.objects.filter(person__in=list(people), ended_at=None).order_by("-preferred", "id")
    for row in rows:
        found.setdefault(row.person_id, []).append(row)
    return found


def authority_proven(person: Person, representative: Person) -> bool:
    """Whether `representative` has shown that they may speak for `person`."""
    return Representative.objects.filter(
        person=person, representative=representative, ended_at=None, proven_at__isnull=False
    ).exists()
