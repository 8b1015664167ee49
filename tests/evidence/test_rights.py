"""Sealing with both sides, opening by the same rule, and copies against receipt."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from suyuan.evidence.errors import AlreadyHandedOver, AlreadyOpened, ItemSealed, SealingRefused
from suyuan.evidence.models import CopySet, CustodyEntry, Seal, SealedItem
from suyuan.evidence.selectors.rights import seal_over, sealed_now
from suyuan.evidence.services.items import ItemGiven, custody_note, item_add, item_describe
from suyuan.evidence.services.rights import (
    Ceremony,
    copies_digest,
    copies_hand_over,
    copies_prepare,
    seal_digest,
    seal_make,
    seal_open,
)
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.models import FactRow
from suyuan.platform.verify import verify_streams
from tests.cases.cast import NOON

LATER = NOON + timedelta(days=2)
BOTH = Ceremony(place="諮詢室", kept_at="病歷室保險櫃", for_clinic="陳經理", for_patient="例小安")

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-09")]


@pytest.fixture
def three(cast, make_case):
    """A chart, a consent and an ampoule of one case."""
    case, actor = make_case(), cast.manager.actor
    items = []
    for kind, name in (("chart", "病歷.txt"), ("consent", "同意書.txt"), ("object", "")):
        stored = None
        if name:
            received = file_receive(source=[f"{name} ".encode() * 60], name=name, max_bytes=100_000)
            stored = file_store(received=received, branch_id=case.branch_id, actor=actor, now=NOON)
        given = ItemGiven(stored, "desk", kind=kind, title=name or "填充劑空瓶")
        items.append(item_add(given=given, stream=case.stream, branch_id=case.branch_id, actor=actor, now=NOON))
    return case, items


def sealed(three, cast, **more) -> Seal:
    case, items = three
    told = {"items": items, "stream": case.stream, "branch": case.branch, "ceremony": BOTH, "lots": {items[2].pk: "HA-77"}}
    return seal_make(**(told | more), actor=cast.manager.actor, now=LATER)


def test_both_sides_seal_and_the_list_has_one_digest(three, cast):
    case, items = three
    seal = sealed(three, cast)

    lines = list(seal.lines.order_by("number"))
    assert [(line.number, line.lot) for line in lines] == [(1, ""), (2, ""), (3, "HA-77")]
    assert seal.digest == seal_digest(seal.number, case.stream, LATER, lines, "")
    assert sealed_now(case.stream) == {item.pk: seal.number for item in items}
    assert CustodyEntry.objects.filter(act="sealed", to_whom="病歷室保險櫃").count() == 3
    told = FactRow.objects.get(type="seal.made")
    assert (told.value("digest"), told.value("items"), told.value("both")) == (seal.digest, [1, 2, 3], True)
    assert verify_streams([case.stream]).holds


def test_a_seal_and_its_list_never_change(three, cast):
    seal = sealed(three, cast)
    for change in (
        lambda: Seal.objects.filter(pk=seal.pk).update(for_patient="別人"),
        lambda: SealedItem.objects.filter(seal=seal).update(lot="HA-78"),
        lambda: SealedItem.objects.filter(seal=seal)._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError, match="is frozen"), transaction.atomic():
            change()


def test_what_is_sealed_is_neither_moved_nor_said_anew(three, cast):
    _case, items = three
    seal = sealed(three, cast)
    for attempt in (
        lambda: item_describe(item=items[2], title="別的瓶子", actor=cast.manager.actor, now=LATER),
        lambda: custody_note(item=items[2], act="handed_over", to_whom="廠商", actor=cast.manager.actor, now=LATER),
        lambda: sealed(three, cast, items=items[:1]),
    ):
        with pytest.raises(ItemSealed) as refusal:
            attempt()
        assert refusal.value.data["number"] == seal.number
    custody_note(item=items[2], act="shown", to_whom="調解委員", actor=cast.manager.actor, now=LATER)


def test_one_side_alone_seals_nothing_and_a_witness_stands_in_with_a_reason(three, cast):
    alone = Ceremony(place="諮詢室", kept_at="櫃", for_clinic="陳經理")
    with pytest.raises(SealingRefused) as refusal:
        sealed(three, cast, ceremony=alone)
    assert set(refusal.value.fields) == {"witness", "absence"} and not Seal.objects.exists()

    witnessed = Ceremony(place="諮詢室", kept_at="櫃", for_clinic="陳經理", witness="里長林先生", absence="住院中，委託見證")
    assert not FactRow.objects.get(type="seal.made", stream=sealed(three, cast, ceremony=witnessed).stream).value("both")


def test_what_was_unfinished_is_sealed_later_and_names_the_first(three, cast):
    _case, items = three
    first = sealed(three, cast, items=items[:2])
    later = sealed(three, cast, items=items[2:], continues=first)
    assert later.continues == first and later.digest != seal_digest(
        later.number, later.stream, LATER, later.lines.all(), ""
    )


def test_it_opens_before_both_sides_once(three, cast):
    _case, items = three
    seal, actor = sealed(three, cast), cast.manager.actor
    told = {"seal": seal, "why": "送鑑定", "for_clinic": "陳經理", "actor": actor, "now": LATER}
    with pytest.raises(SealingRefused):
        seal_open(ground="both_sides", **told)
    with pytest.raises(SealingRefused) as refusal:
        seal_open(ground="alone", **told, alone_from=LATER + timedelta(days=1))
    assert set(refusal.value.fields) == {"ground"}

    seal_open(ground="both_sides", for_patient="例小安", **told)
    assert seal_over(items[0]) is None and CustodyEntry.objects.filter(act="unsealed").count() == 3
    with pytest.raises(AlreadyOpened):
        seal_open(ground="both_sides", for_patient="例小安", **told)


@pytest.mark.requirement("D-05")
def test_copies_go_out_once_against_receipt(three, cast):
    case, items = three
    told = {"items": items[:2], "stream": case.stream, "branch": case.branch, "request": None, "currency": "TWD"}
    actor = cast.manager.actor
    with pytest.raises(SealingRefused) as refusal:
        copies_prepare(**told, consents="none_exist", actor=actor, now=NOON)
    assert set(refusal.value.fields) == {"missing"}

    copies = copies_prepare(**told, consents="included", pages=12, fee_minor=20_000, actor=actor, now=NOON)
    assert copies.digest == copies_digest(copies.number, case.stream, copies.lines.order_by("number"))
    given = {"copies": copies, "to_whom": "例小安", "standing": "patient", "medium": "paper", "actor": actor, "now": LATER}
    with pytest.raises(SealingRefused) as refusal:
        copies_hand_over(**given, shown="", receipt="witnessed")
    assert set(refusal.value.fields) == {"shown", "witness"}
    copies_hand_over(**given, shown="國民身分證", receipt="signed")
    with pytest.raises(AlreadyHandedOver):
        copies_hand_over(**given, shown="國民身分證", receipt="signed")
    with pytest.raises(IntegrityError, match="is frozen"), transaction.atomic():
        CopySet.objects.update(digest="0" * 64)
    assert CustodyEntry.objects.filter(act="copied").count() == 2 and verify_streams([case.stream]).holds
