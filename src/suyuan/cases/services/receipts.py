"""Receipts: the key in the patient's hands. Only its HMAC is stored, under a key wrapped by the master key."""
from __future__ import annotations

from datetime import datetime

from suyuan.cases import errors, rules
from suyuan.cases.models import Case, Party, Receipt
from suyuan.cases.services.common import case_locked, require_may, tell
from suyuan.kernel.actor import Actor
from suyuan.platform import chance
from suyuan.platform.keys import receipt_mac, receipt_matches
from suyuan.platform.units import writes

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
LENGTH = 20  # characters of 5 bits: 100 random bits
_READ = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})


def secret_new() -> str:
    return "".join(ALPHABET[chance.below(32)] for _ in range(LENGTH))


def secret_shown(secret: str) -> str:
    """In groups of five, as people read it aloud."""
    return "-".join(secret[i : i + 5] for i in range(0, LENGTH, 5))


def secret_read(typed: str) -> str | None:
    """What somebody typed: case, spaces, dashes and O/0, I/1 do not matter. None when it cannot be a secret."""
    plain = "".join(c for c in typed.upper() if c.isalnum() and c.isascii()).translate(_READ)
    return plain if len(plain) == LENGTH and set(plain) <= set(ALPHABET) else None


def receipt_row(case: Case, party: Party | None, now: datetime, kind: str = "follow_up") -> tuple[Receipt, str]:
    """An unsaved receipt and its secret; the caller saves it inside its own write."""
    secret = secret_new()
    mac, key_id = receipt_mac(secret)
    return Receipt(case=case, party=party, kind=kind, mac=mac, key_id=key_id, issued_at=now), secret


@writes
def receipt_issue(*, case: Case, party: Party, actor: Actor, now: datetime) -> tuple[Receipt, str]:
    """A new receipt for a verified person; every older one of theirs is revoked. Raises IdentityNotVerified."""
    case = case_locked(case)
    require_may(case, "party_verify", actor, now)
    party = Party.objects.select_for_update().get(pk=party.pk)
    if party.case_id != case.pk:
        raise errors.OtherCase()
    if party.identity != rules.Identity.VERIFIED:
        raise errors.IdentityNotVerified()
    Receipt.objects.filter(case=case, party=party, revoked_at__isnull=True).update(revoked_at=now)
    receipt, secret = receipt_row(case, party, now)
    receipt.save(force_insert=True)
    tell(case, "receipt.issued", actor=actor, now=now, plain={"receipt": str(receipt.uid), "party": str(party.uid)})
    return receipt, secret


def receipt_open(reference: str, secret: str) -> Receipt | None:
    """The live receipt that this reference and secret open, or None.

    A known and an unknown number cost the same: at least one HMAC is computed and compared either way.
    """
    written = rules.reference_read(reference)
    read = secret_read(secret)
    live = list(
        Receipt.objects.filter(case__reference=written or "", revoked_at__isnull=True)
        .select_related("case__branch", "party")
        .order_by("-id")[:8]
    )
    found = None
    for receipt in live:
        if receipt_matches(read or "", bytes(receipt.mac), receipt.key_id) and read:
            found = receipt
    if not live:
        receipt_mac(read or "")
    return found
