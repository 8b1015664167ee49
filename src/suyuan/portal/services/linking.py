"""A LINE account becomes somebody's: its owner sends a code that only their follow-up page shows."""

from __future__ import annotations

import re
from datetime import datetime

from suyuan.cases.models import Party, Receipt
from suyuan.cases.services.receipts import ALPHABET
from suyuan.kernel.actor import Actor
from suyuan.people.rules import LINE_ACCOUNT
from suyuan.people.services import contact_end, line_link
from suyuan.platform import chance
from suyuan.platform.keys import blind
from suyuan.platform.units import writes
from suyuan.portal import rules
from suyuan.portal.models import LinkCode
from suyuan.portal.services.party import party_of

LENGTH = 12  # characters of 5 bits: 60 random bits, for an hour, and only through LINE
_READ = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
_CODE = re.compile(r"[0-9A-Za-z]{4}[ -]?[0-9A-Za-z]{4}[ -]?[0-9A-Za-z]{4}")


@writes
def link_code_make(*, receipt: Receipt, now: datetime) -> str:
    """A new code; the one before is good for nothing any more. Only its blind form is kept."""
    LinkCode.objects.filter(receipt=receipt).delete()
    code = "".join(ALPHABET[chance.below(32)] for _ in range(LENGTH))
    LinkCode.objects.create(receipt=receipt, blind=_blind(code), made_at=now, expires_at=now + rules.LINK_LIVES)
    return "-".join(code[i : i + 4] for i in range(0, LENGTH, 4))


@writes
def link_code_use(*, words: str, account: str, now: datetime) -> bool:
    """Whether these words are a code that is good; then the account is its holder's from now on, and the code is gone."""
    if not _CODE.fullmatch(words.strip()):
        return False
    plain = re.sub("[ -]", "", words.strip()).upper().translate(_READ)
    found = LinkCode.objects.select_related("receipt__party__person").filter(blind=_blind(plain), expires_at__gt=now).first()
    if found is None or found.receipt.revoked_at is not None or found.receipt.party is None:
        return False
    if not LinkCode.objects.filter(pk=found.pk).delete()[0]:
        return False
    person = found.receipt.party.person
    line_link(person=person.merged_into or person, account=account, actor=party_of(found.receipt), now=now)
    return True


def codes_expire(*, now: datetime) -> int:
    return LinkCode.objects.filter(expires_at__lte=now).delete()[0]


def is_linked(party: Party | None) -> bool:
    if party is None:
        return False
    return party.person.contact_points.filter(kind=LINE_ACCOUNT, ended_at=None).exists()


@writes
def link_end(*, party: Party, actor: Actor, now: datetime) -> None:
    for contact in party.person.contact_points.filter(kind=LINE_ACCOUNT, ended_at=None).select_related("person"):
        contact_end(contact=contact, actor=actor, now=now)


def _blind(code: str) -> bytes:
    return blind("portal.line_code", code)
