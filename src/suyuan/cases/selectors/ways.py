"""By which ways a person of the case can be written to, what each may carry, and when they would like to be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from suyuan.cases.models import Case, Party
from suyuan.correspondence import line, mail, sms
from suyuan.correspondence.rules import roads
from suyuan.people.hours import Hours, hours_read
from suyuan.people.models import ContactPoint
from suyuan.people.rules import LINE_ACCOUNT
from suyuan.platform.identifiers import PHONE, fold_identifier
from suyuan.playbooks import selectors as packs

PORTAL = "portal"
# Who chose messages chose these; LINE only once they have linked their account.
MESSAGES = frozenset({"line", "sms"})
OF_KIND = {"email": "email", LINE_ACCOUNT: "line", "phone": "sms"}


@dataclass(frozen=True)
class Way:
    """`with_words`: they chose it, so it carries the words; otherwise it says that words are waiting."""

    channel: str
    address: str
    with_words: bool


def ways_to(case: Case, people: Iterable[Party]) -> dict[str, dict[str, Way]]:
    """By party and channel: what we have and could send by. The follow-up page is open to everyone who holds a receipt."""
    found: dict[str, dict[str, Way]] = {str(party.uid): {} for party in people}
    whose = {party.person_id: party for party in people}
    points = ContactPoint.objects.filter(person_id__in=whose, kind__in=OF_KIND, ended_at=None)
    for point in points.order_by("-preferred", "id"):
        party, channel = whose[point.person_id], OF_KIND[point.kind]
        address = _address(channel, point.value)
        if address:
            way = Way(channel, address, channel in _chosen(case, party))
            found[str(party.uid)].setdefault(channel, way)
    return found


def _chosen(case: Case, party: Party) -> frozenset[str]:
    """What the complainant asked for; nobody else was asked, so nobody else's words leave by themselves."""
    if "complainant" not in party.roles:
        return frozenset()
    return MESSAGES if case.preferred_channel == "message" else frozenset({case.preferred_channel})


def _address(channel: str, value: str) -> str:
    match channel:
        case "email":
            return value if mail.address_is_fit(value) else ""
        case "line":
            return value if line.is_set_up() and roads.is_line_account(value) else ""
        case _:
            number = fold_identifier(PHONE, value)
            return number if sms.is_set_up() and roads.is_mobile(number) else ""


def hours_of(case: Case) -> Hours | None:
    """When the complainant would like to be written to, as far as what they said can be read."""
    if not case.preferred_hours:
        return None
    names: dict[str, str] = {}
    for row in packs.procedure_of(case.procedure_id).kinds_of("contact_hours", case.jurisdiction):
        names |= {name: row.id for _language, name in row.name.items()}
    return hours_read(case.preferred_hours, names)


def hours_begin(case: Case, now: datetime) -> datetime | None:
    """When they begin, if that is not now."""
    hours = hours_of(case)
    if hours is None:
        return None
    begins = hours.begin(now.astimezone(case.branch.tz)).astimezone(UTC)
    return begins if begins > now else None
