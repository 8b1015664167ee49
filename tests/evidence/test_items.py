"""Items: numbered once, received by somebody, described without losing what was said before, handed on."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from suyuan.evidence import errors
from suyuan.evidence.models import CustodyEntry, Item
from suyuan.evidence.selectors.items import item_in, items_of
from suyuan.evidence.services.items import ItemGiven, custody_note, item_add, item_describe
from suyuan.kernel.refusal import BadInput
from suyuan.platform.facts import facts_told
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.models import FactRow
from tests.cases.cast import NOON

STREAM = "thing:0b6d2f6a-7f0e-4c6a-9a53-7d1f9b1f7a01"


@pytest.fixture
def photo(cast):
    """Stores one file of some text; each call another."""

    def store(words: str = "照片一"):
        received = file_receive(source=[words.encode()], name=f"{words}.txt", max_bytes=1000)
        return file_store(received=received, branch_id=cast.tn.pk, actor=cast.manager.actor, now=NOON)

    return store


@pytest.fixture
def add(cast):
    def added(**given) -> Item:
        given = {"stored": None, "source": "desk", **given}
        return item_add(given=ItemGiven(**given), stream=STREAM, branch_id=cast.tn.pk, actor=cast.manager.actor, now=NOON)

    return added


def test_numbers_follow_each_other_and_the_first_hand_is_written(add, photo):
    first, second = add(stored=photo("一")), add(title="安瓿", place="冷藏櫃", from_whom="護理站")
    assert [first.number, second.number] == [1, 2]
    entry = CustodyEntry.objects.get(item=first)
    assert (entry.act, entry.sha256_before, entry.sha256_after) == ("received", "", first.stored.sha256)
    assert CustodyEntry.objects.get(item=second).sha256_after == ""


def test_what_people_typed_is_sealed_in_the_chain(add):
    add(title="安瓿", from_whom="護理站")
    row = FactRow.objects.get(type="item.added")
    assert "安瓿" not in str(row.plain)
    assert facts_told([row])[0].private == {"title": "安瓿", "from_whom": "護理站"}


def test_a_file_is_an_item_once(add, photo):
    stored = photo()
    add(stored=stored)
    with pytest.raises(errors.AlreadyAnItem):
        add(stored=stored)


def test_a_description_is_a_fact_and_the_earlier_words_stay(add, cast):
    item = add(title="照片")
    item_describe(item=item, title="術後第三天的照片", kind="imaging", actor=cast.manager.actor, now=NOON)
    again = Item.objects.get()
    assert (again.title, again.kind) == ("術後第三天的照片", "imaging")
    told = facts_told(list(FactRow.objects.filter(stream=STREAM).order_by("position")))
    assert [each.private.get("title") for each in told] == ["照片", "術後第三天的照片"]
    item_describe(item=again, title="術後第三天的照片", actor=cast.manager.actor, now=NOON)
    assert FactRow.objects.filter(stream=STREAM).count() == 2, "saying the same again is not a fact"


def test_passing_it_on_says_to_whom(add, cast):
    item = add(title="安瓿")
    with pytest.raises(BadInput) as refused:
        custody_note(item=item, act="sent_for_test", actor=cast.manager.actor, now=NOON)
    assert refused.value.fields == {"to_whom": "empty"}
    custody_note(item=item, act="sent_for_test", to_whom="檢驗所", why="查批號", actor=cast.manager.actor, now=NOON)
    assert CustodyEntry.objects.filter(item=item).count() == 2


def test_nothing_is_obtained_in_the_future(add):
    with pytest.raises(errors.TimeWrong):
        add(obtained_at=NOON + timedelta(minutes=1))


def test_words_that_do_not_fit_are_refused_not_cut(add):
    with pytest.raises(errors.WordsTooLong) as refused:
        add(note="長" * 201)
    assert refused.value.data["limit"] == 200


def test_a_closed_compartment_looks_like_nothing(add):
    shown, hidden = add(title="照片"), add(title="律師函", compartment="counsel")
    assert list(items_of(STREAM, [""])) == [shown]
    with pytest.raises(errors.ItemGone):
        item_in(STREAM, hidden.uid, [""])
    assert item_in(STREAM, hidden.uid, ["", "counsel"]) == hidden
    with pytest.raises(errors.ItemGone):
        item_in("thing:another", shown.uid, [""])


@pytest.mark.parametrize("table", ["evidence_item", "evidence_custodyentry"])
def test_the_database_refuses_to_change_the_record(add, table):
    add(title="照片")
    column = {"evidence_item": "added_by", "evidence_custodyentry": "why"}[table]
    for sql in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
