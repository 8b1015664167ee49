"""What names the people of a case, for the guard alone: it is looked for in what the public or another of them would read, and shown to nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.conf import settings

from suyuan.accounts.models import User
from suyuan.cases.models import Case, Party
from suyuan.kernel.textlint import Known
from suyuan.people.models import ContactPoint, Person
from suyuan.platform.identifiers import PHONE, fold_identifier

_KINDS = {"phone": "phone", "sms": "phone", "email": "address", "address": "address", "postal": "address"}


def names_of_case(stream: str, reader: str = "") -> Iterator[Known]:
    """Names, chart numbers and ways to reach everybody outside who has to do with it.

    `reader`: the party who reads it. Then the others alone, without what they share with the reader, nor the patient for whom
    the reader was shown to speak; and where colleagues are reached in private.
    """
    case = Case.objects.filter(stream=stream).select_related("patient", "branch").first()
    if case is None:
        return
    parties = list(Party.objects.filter(case=case).select_related("person"))
    people: dict[int, Person] = {party.person_id: party.person for party in parties}
    if case.patient is not None:
        people[case.patient_id] = case.patient
    known = list(_known_of(people, case.patient_id if reader else None))
    if not reader:
        yield from (each for _whose, each in known)
        return
    theirs = {party.person_id for party in parties if f"party:{party.uid}" == reader}
    if not theirs:  # nobody knows who reads it
        return
    if any(party.person_id in theirs and _speaks_for_patient(party) for party in parties):
        theirs.add(case.patient_id)
    colleagues = list(User.objects.filter(memberships__branch=case.branch_id, is_active=True).distinct())
    free = {_plain(each) for whose, each in known if whose in theirs} | _at_work(colleagues)
    yield from (each for whose, each in known if whose not in theirs and _plain(each) not in free)
    yield from _private(colleagues)


def _known_of(people: dict[int, Person], patient: int | None) -> Iterator[tuple[int, Known]]:
    for pk, person in people.items():
        if len(person.full_name) > 1:
            yield pk, Known("patient" if pk == patient else "name", person.full_name)
        if person.chart_number:
            yield pk, Known("chart", person.chart_number)
    for point in ContactPoint.objects.filter(person_id__in=people, ended_at=None):
        if point.value and point.kind in _KINDS:
            yield point.person_id, Known(_KINDS[point.kind], point.value)


def _plain(known: Known) -> str:
    return fold_identifier(PHONE, known.value) if known.kind == "phone" else known.value.strip().casefold()


def _speaks_for_patient(party: Party) -> bool:
    return "representative" in party.roles and party.authority_proven_at is not None


def _at_work(colleagues: Iterable[User]) -> set[str]:
    """What people are called who work here: a letter may name them, whoever else has such a name."""
    names = (name for user in colleagues for name in (user.display_name, user.family_name + user.given_name))
    return {name.strip().casefold() for name in names if name}


def _private(colleagues: Iterable[User]) -> Iterator[Known]:
    """Mail addresses of their accounts, but for those of the house's own domain."""
    ours = {address.rpartition("@")[2].rstrip("> ").lower() for address in (settings.MAIL_FROM, settings.REPLY_TO)} - {""}
    for user in colleagues:
        if user.email and user.email.rpartition("@")[2].lower() not in ours:
            yield Known("address", user.email)
