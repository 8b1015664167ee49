"""While a hold stands nothing may be erased; it is placed and lifted with a reason, on record."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform.facts import FactKind, facts_told
from suyuan.platform.holds import (
    KINDS,
    MAX_REASON,
    Held,
    HoldLiftedMeanwhile,
    held,
    hold_lift,
    hold_place,
    refuse_if_held,
)
from suyuan.platform.models import FactRow, Hold
from suyuan.platform.verify import verify_streams
from tests.platform.stories import NOW, SOMEBODY

COUNSEL = Actor("user", "3b0a5f0e-0000-4000-8000-000000000009")
LATER = NOW + timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def registered(ring, kinds):
    kinds |= {name: FactKind(phrase=lambda told: "") for name in ("hold.placed", "hold.lifted")}


def place(stream: str = "case:1", kind: str = "court", reason: str = "法院來函") -> Hold:
    return hold_place(stream=stream, kind=kind, reason=reason, actor=COUNSEL, now=NOW)


def test_a_stream_is_held_from_placing_to_lifting():
    assert not held("case:1")
    refuse_if_held("case:1")
    hold = place()
    assert held("case:1") and not held("case:2")
    with pytest.raises(Held) as refusal:
        refuse_if_held("case:1")
    assert refusal.value.data == {"stream": "case:1", "kind": "court", "since": "2026/11/21"}
    assert "法院程序" in refusal.value.message() and "法院來函" not in refusal.value.message()

    hold_lift(hold=hold, reason="判決確定", actor=SOMEBODY, now=LATER)
    assert not held("case:1")
    refuse_if_held("case:1")


def test_a_stream_is_held_until_the_last_hold_is_lifted():
    court, authority = place(), place(kind="authority")
    hold_lift(hold=court, reason="r", actor=COUNSEL, now=LATER)
    assert held("case:1")
    hold_lift(hold=authority, reason="r", actor=COUNSEL, now=LATER)
    assert not held("case:1")


def test_each_act_is_a_fact_of_the_stream():
    hold = place()
    hold_lift(hold=hold, reason="判決確定", actor=SOMEBODY, now=LATER)
    placed, lifted = facts_told(list(FactRow.objects.filter(stream="case:1").order_by("position")))

    assert (placed.type, placed.plain("kind"), placed.private["reason"]) == ("hold.placed", "court", "法院來函")
    assert (lifted.type, lifted.plain("hold"), lifted.private["reason"]) == ("hold.lifted", str(hold.uid), "判決確定")
    assert (placed.row.actor, lifted.row.actor) == (str(COUNSEL), str(SOMEBODY))
    assert verify_streams().holds


def test_a_hold_is_lifted_once():
    hold = place()
    lifted = hold_lift(hold=hold, reason="r", actor=COUNSEL, now=LATER)
    assert (lifted.lifted_at, lifted.lifted_by, lifted.lifted_reason) == (LATER, str(COUNSEL), "r")
    with pytest.raises(HoldLiftedMeanwhile):
        hold_lift(hold=hold, reason="again", actor=SOMEBODY, now=LATER)
    assert FactRow.objects.filter(type="hold.lifted").count() == 1
    assert HoldLiftedMeanwhile().message() != HoldLiftedMeanwhile.code


@pytest.mark.parametrize("reason", ["", "  \n", "a\x00", "x" * (MAX_REASON + 1)])
def test_a_hold_without_a_proper_reason_is_refused(reason):
    with pytest.raises(BadInput) as refusal:
        place(reason=reason)
    assert "reason" in refusal.value.fields
    hold = place()
    with pytest.raises(BadInput):
        hold_lift(hold=hold, reason=reason, actor=COUNSEL, now=LATER)
    assert held("case:1")


def test_an_unknown_kind_is_refused():
    with pytest.raises(BadInput):
        place(kind="whim")
    for kind in sorted(KINDS):
        place(kind=kind)
    assert Hold.objects.count() == len(KINDS)
