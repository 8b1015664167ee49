"""Holds: while one stands on a stream, nothing of it may be erased or destroyed."""
from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput, MovedMeanwhile, Refusal
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.models import Hold
from suyuan.platform.texts import text_check
from suyuan.platform.units import writes

KINDS = frozenset({"court", "authority", "mediation", "counsel", "internal"})
MAX_REASON = 200


class Held(Refusal):
    """A hold stands: nothing here may be erased or destroyed."""

    code = "held"

    def message(self) -> str:
        return _("這份紀錄正在保全中，不能刪除或銷毀。解除保全後才能繼續。")


class HoldLiftedMeanwhile(MovedMeanwhile):
    code = "hold_lifted_meanwhile"

    def message(self) -> str:
        return _("這項保全已由其他人解除。")


@writes
def hold_place(*, stream: str, kind: str, reason: str, actor: Actor, now: datetime) -> Hold:
    """Forbid erasing anything of `stream` until the hold is lifted. Several holds may stand at once."""
    if kind not in KINDS:
        raise BadInput(fields={"kind": "unknown"})
    _check(reason)
    hold = Hold(stream=stream, kind=kind, reason=reason, placed_by=str(actor), placed_at=now)
    Hold.objects.bulk_create([hold])
    _tell("hold.placed", hold, reason, actor, now)
    return hold


@writes
def hold_lift(*, hold: Hold, reason: str, actor: Actor, now: datetime) -> Hold:
    """End a hold. It stays on record with who lifted it and why."""
    _check(reason)
    standing = Hold.objects.filter(pk=hold.pk, lifted_at__isnull=True)
    if not standing.update(lifted_at=now, lifted_by=str(actor), lifted_reason=reason):
        raise HoldLiftedMeanwhile()
    hold.refresh_from_db()
    _tell("hold.lifted", hold, reason, actor, now)
    return hold


def held(stream: str) -> bool:
    return Hold.objects.filter(stream=stream, lifted_at__isnull=True).exists()


def refuse_if_held(stream: str) -> None:
    """Ask this first, inside the service that is about to erase. Raises Held."""
    if held(stream):
        raise Held(stream=stream)


def _check(reason: str) -> None:
    text_check(reason, field="reason")
    if not reason.strip():
        raise BadInput(fields={"reason": "empty"})
    if len(reason) > MAX_REASON:
        raise BadInput(fields={"reason": "too_long"}, limit=MAX_REASON)


def _tell(fact_type: str, hold: Hold, reason: str, actor: Actor, now: datetime) -> None:
    fact = Fact(
        fact_type,
        hold.stream,
        plain={"hold": str(hold.uid), "kind": hold.kind},
        private={"reason": reason},
        subject=hold,
    )
    facts_record([fact], actor=actor, now=now)
