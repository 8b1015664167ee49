"""What of a person an erasure order may name, by group. Reads only."""
from __future__ import annotations

from collections.abc import Collection, Iterator

from suyuan.people.models import ContactPoint, Person, PersonIndex, Representative, TreatmentReceived
from suyuan.platform.erasure import Cell, Gone, Named
from suyuan.platform.models import FactPrivate

_SEALED = ("family_name_sealed", "given_name_sealed", "birth_date_sealed", "chart_number_sealed")
_SPOKEN = ("preferred_hours", "communication_need")
_CONTACTS = frozenset({"contact_values", "value"})
_TREATED = frozenset({"treatment_words", "words", "staff_words", "device", "lot"})


def identifiers_of(person: Person) -> Iterator[Named]:
    """Name, day of birth, chart number, and what finds the person by them; who speaks for them."""
    yield from _cells(person, (*_SEALED, *_SPOKEN))
    yield from (Gone(row) for row in PersonIndex.objects.filter(person=person))
    for row in Representative.objects.filter(person=person):
        yield from _cells(row, ("document",))
    yield from _told(person, besides=_CONTACTS | _TREATED)


def contacts_of(person: Person) -> Iterator[Named]:
    for row in ContactPoint.objects.filter(person=person):
        yield from _cells(row, ("value_sealed", "blind"))
    yield from _told(person, only=_CONTACTS)


def treatments_of(person: Person) -> Iterator[Named]:
    for row in TreatmentReceived.objects.filter(person=person):
        yield from _cells(row, ("words", "staff_words", "device", "lot"))
    yield from _told(person, only=_TREATED)


def _cells(row, fields: Collection[str]) -> Iterator[Cell]:
    """Columns in which something stands."""
    return (Cell(row, name) for name in fields if getattr(row, name))


def _told(person: Person, *, only: Collection[str] = (), besides: Collection[str] = ()) -> Iterator[FactPrivate]:
    fields = FactPrivate.objects.filter(fact__stream=person.stream).select_related("fact")
    return (field for field in fields if (field.name in only if only else field.name not in besides))
