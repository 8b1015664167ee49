"""E3: whoever edits a row of evidence past the product is found by `chain verify --rows`, and the fact is named that says otherwise.

The list of columns is made from the schema: a new column must be said by a fact, or stand among those that no fact says.
"""
from __future__ import annotations

import random

import pytest

from suyuan.cases.services import handling
from suyuan.evidence.models import CopySet, CustodyEntry, Item, Seal
from suyuan.platform import chance, triggers, verify
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.models import FactRow, StoredFile
from suyuan.platform.units import unit
from tests.cases.cast import NOON, case_made, fresh
from tests.evidence import rows
from tests.evidence.rows import faults, lived, tables, tried

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-15")]

EDITS = 260


@pytest.fixture
def case(cast):
    return lived(cast)


def test_what_nobody_edited_holds_and_every_table_has_a_row(case):
    assert faults(case) == []
    assert [model for model in tables() if not model._base_manager.exists()] == []
    report = verify.verify_streams(rows_checks=verify.row_checks())
    assert [str(fault) for fault in report.faults] == []


@pytest.mark.sqlite
def test_every_edit_is_found_and_the_fact_is_named(case):
    triggers.drop()
    found = tried(case, EDITS, random.Random(20))
    assert found.missed == []
    assert found.made > EDITS * 0.85, found.refused
    assert faults(case) == []


def test_a_case_that_moved_takes_its_evidence_along(case, cast):
    handling.case_move_branch(case=fresh(case), branch=cast.tp, reason="住得近", actor=cast.head.actor, now=rows.LATER)
    assert faults(case) == []
    triggers.drop()
    for model in (Item, Seal, CopySet):
        model.objects.filter(pk=model.objects.first().pk).update(branch=cast.tn)
        (fault,) = faults(case)
        assert (fault.position, fault.why) == (FactRow.objects.get(type="case.moved_branch").position, "row_differs")
        model.objects.update(branch=cast.tp)


@pytest.mark.sqlite
def test_files_of_before_there_were_items_are_held_against_what_was_said_of_them(cast, case):
    """As an earlier program told them, and as its migration made them into items."""
    old, stored = case_made(cast), list(Item.objects.filter(parent=None).exclude(stored=None).values_list("stored", flat=True))
    triggers.drop()
    Item.objects.filter(stored__in=stored).update(stored=None)
    one, other = StoredFile.objects.filter(pk__in=stored).order_by("pk")[:2]
    opened = FactRow.objects.get(stream=old.stream, type="case.opened")
    plain = {name: held for name, held in opened.plain.items() if name != "items"}
    FactRow.objects.filter(pk=opened.pk).update(plain=plain | {"files": ["00" * 16, [[str(one.uid), one.sha256]]]})
    with unit():
        file = chance.uid()
        told = {"file": str(file), "sha256": other.sha256, "size": other.size, "content_type": "", "source": "desk"}
        facts_record([Fact("file.added", old.stream, plain=told, private={"note": "背面"})], actor=cast.doctor.actor, now=NOON)
    made = {"stream": old.stream, "branch": old.branch, "source": "desk", "added_at": NOON}
    by = [opened.actor, str(cast.doctor.actor)]
    for number, (stored, uid, note) in enumerate(((one, chance.uid(), ""), (other, file, "背面"))):
        item = Item.objects.create(number=number + 1, stored=stored, uid=uid, note=note, added_by=by[number], **made)
        CustodyEntry.objects.create(
            item=item, act="received", happened_at=NOON, recorded_at=NOON, by=by[number], sha256_after=stored.sha256
        )
    assert faults(old) == []
    Item.objects.filter(uid=file).update(note="正面")
    assert [(fault.position, fault.why) for fault in faults(old)] == [(2, "row_differs")]


def test_what_an_order_erased_is_no_fault_and_what_nobody_ordered_is(case):
    triggers.drop()
    entry = CustodyEntry.objects.get(act="sent_for_test")
    assert entry.why == ""
    CustodyEntry.objects.filter(pk=entry.pk).update(to_whom="")
    (fault,) = faults(case)
    assert fault.detail.startswith("evidence_custodyentry.to_whom ")
    CustodyEntry.objects.filter(pk=entry.pk).update(to_whom=entry.to_whom, why="寫回去的")
    (fault,) = faults(case)
    assert fault.detail.startswith("evidence_custodyentry.why ")
