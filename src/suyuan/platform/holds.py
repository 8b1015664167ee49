"""Holds: while one stands on a stream, nothing of it may be erased, destroyed or merged away.

A hold on a case reaches everything that hangs on it. What that is, contexts say themselves: they register for a noun
which streams one of its own hangs on (a patient's stream hangs on their cases), so that what is linked later is
covered as soon as it is linked.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy as named

from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput, MovedMeanwhile, Refusal
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.models import Hold
from suyuan.platform.texts import text_check
from suyuan.platform.units import writes

KINDS: dict[str, Promise] = {
    "court": named("hold", "法院程序"),
    "authority": named("hold", "主管機關調查"),
    "mediation": named("hold", "調解程序"),
    "counsel": named("hold", "法務要求"),
    "internal": named("hold", "爭議或事件"),
}
MAX_REASON = 200

HangsOn = Callable[[str], Iterable[str]]

_hangs_on: dict[str, HangsOn] = {}


class Held(Refusal):
    """A hold stands. Carries `stream`, the `kind` of the hold and `since`: nothing of its reason, which not everyone may read."""

    code = "held"

    def message(self) -> str:
        words = _("這份資料正在保全（%(kind)s，%(since)s起），不能刪除、銷毀或合併。由法務或院長解除保全後才能繼續。")
        kind = str(KINDS.get(self.data.get("kind", ""), ""))
        return words % {"kind": kind, "since": self.data.get("since", "")}


class HoldLiftedMeanwhile(MovedMeanwhile):
    code = "hold_lifted_meanwhile"

    def message(self) -> str:
        return _("這項保全已由其他人解除。")


def register_hangs_on(noun: str, streams: HangsOn) -> None:
    """`streams(stream)` names what a stream of this noun hangs on: a hold there holds it too."""
    if noun in _hangs_on:
        raise ValueError(f"registered twice: {noun}")
    _hangs_on[noun] = streams


@writes
def hold_place(
    *, stream: str, kind: str, reason: str = "", cause: str = "", actor: Actor, now: datetime
) -> Hold:
    """Forbid erasing anything of `stream` until the hold is lifted. Several holds may stand at once.

    `cause`: the type of the fact that asks for it, where a rule places it and no person says why.
    """
    if kind not in KINDS:
        raise BadInput(fields={"kind": "unknown"})
    if not cause:
        _check(reason)
    hold = Hold(stream=stream, kind=kind, reason=reason, cause=cause, placed_by=str(actor), placed_at=now)
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


def holds_over(stream: str) -> list[Hold]:
    """Every standing hold that reaches this stream, the oldest first."""
    reached = {stream}
    hangs_on = _hangs_on.get(stream.partition(":")[0])
    if hangs_on is not None:
        reached |= set(hangs_on(stream))
    return list(Hold.objects.filter(stream__in=reached, lifted_at__isnull=True).order_by("id"))


def held(stream: str) -> bool:
    return bool(holds_over(stream))


def refuse_if_held(stream: str) -> None:
    """Ask this first, inside the service that is about to erase. Raises Held."""
    standing = holds_over(stream)
    if standing:
        first = standing[0]
        raise Held(stream=stream, kind=first.kind, since=f"{first.placed_at:%Y/%m/%d}")


def _check(reason: str) -> None:
    text_check(reason, field="reason")
    if not reason.strip():
        raise BadInput(fields={"reason": "empty"})
    if len(reason) > MAX_REASON:
        raise BadInput(fields={"reason": "too_long"}, limit=MAX_REASON)


def _tell(fact_type: str, hold: Hold, reason: str, actor: Actor, now: datetime) -> None:
    plain = {"hold": str(hold.uid), "kind": hold.kind, **({"cause": hold.cause} if hold.cause else {})}
    private = {"reason": reason} if reason else {}
    facts_record([Fact(fact_type, hold.stream, plain=plain, private=private, subject=hold)], actor=actor, now=now)
