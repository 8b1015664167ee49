"""What names the people of a case, for the guard alone: it is looked for in what the public would read, and shown to nobody."""

from __future__ import annotations

from collections.abc import Iterator

from suyuan.cases.models import Case, Party
from suyuan.kernel.textlint import Known
from suyuan.people.models import ContactPoint, Person

_KINDS = {"phone": "phone", "sms": "phone", "email": "address", "address": "address", "postal": "address"}


def names_of_case(stream: str) -> Iterator[Known]:
    """Names, chart numbers and ways to reach everybody outside who has to do with it."""
    case = Case.objects.filter(stream=stream).select_related("patient").first()
    if case is None:
        return
    people: dict[int, Person] = {p.person_id: p.person for p in Party.objects.filter(case=case).select_related("person")}
    if case.patient is not None:
        people[case.patient_id] = case.patient
    for person in people.values():
        if len(person.full_name) > 1:
            yield Known("name", person.full_name)
        if person.chart_number:
            yield Known("chart", person.chart_number)
    for point in ContactPoint.objects.filter(person_id__in=people, ended_at=None):
        if point.value and point.kind in _KINDS:
            yield Known(_KINDS[point.kind], point.value)
