"""Words that carry terms need legal, whatever the guard found in them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pytest

from suyuan.accounts.rules import GUEST_LAWYER, Role
from suyuan.correspondence.rules.guard import (
    BY_LEGAL,
    LAWYERS,
    Need,
    Person,
    State,
    Surface,
    Vote,
    covers,
    enough_people,
    may_vote,
    needed,
    outcome,
    waits_for,
)

pytestmark = pytest.mark.requirement("D-11")
LETTER = Surface.PRIVATE_MESSAGE


@dataclass
class Found:
    kind: str = "effect_promise"
    level: str = "warn"
    clearable: bool = True


@pytest.mark.parametrize(
    ("findings", "plain", "with_terms"),
    [
        ([], Need.NOTHING, Need.LEGAL),
        ([Found(level="advise")], Need.NOTHING, Need.LEGAL),
        ([Found()], Need.ONE, Need.LEGAL),
        ([Found(level="block")], Need.TWO, Need.TWO_LEGAL),
        ([Found("gag", "block")], Need.NEVER, Need.NEVER),
    ],
)
def test_what_terms_add_to_what_was_found(findings, plain, with_terms):
    assert needed(findings, LETTER) == plain
    assert needed(findings, LETTER, terms=True) == with_terms


def test_an_emergency_waits_for_nobody_even_with_terms():
    assert needed([Found(level="block")], LETTER, "emergency", terms=True) == Need.NOTHING


def test_one_yes_of_legal_is_enough_and_no_other_is():
    for role in (Role.HEAD_OF_CLINIC, Role.CASE_MANAGER, Role.DEPARTMENT_HEAD):
        assert outcome(Need.LEGAL, [Vote(1, role, True)]) == State.OPEN
        assert not may_vote(Person(1, frozenset({role})), Need.LEGAL, LETTER, (), ())
    for role in LAWYERS:
        assert outcome(Need.LEGAL, [Vote(1, role, True)]) == State.GIVEN
        assert may_vote(Person(1, frozenset({role})), Need.LEGAL, LETTER, (), ()) == role
    assert set(waits_for(Need.LEGAL, LETTER, ())) == LAWYERS


def test_the_writer_is_never_that_yes():
    assert not may_vote(Person(1, frozenset({Role.LEGAL})), Need.LEGAL, LETTER, (), {1})


def test_a_block_with_terms_takes_two_and_legal_among_them():
    head, manager = Vote(1, Role.HEAD_OF_CLINIC, True), Vote(2, Role.CASE_MANAGER, True)
    legal = Vote(3, GUEST_LAWYER, True)
    assert outcome(Need.TWO_LEGAL, [head, manager]) == outcome(Need.TWO_LEGAL, [legal]) == State.OPEN
    assert outcome(Need.TWO_LEGAL, [head, legal]) == State.GIVEN
    assert outcome(Need.TWO_LEGAL, [head, Vote(3, Role.LEGAL, False)]) == State.REFUSED
    assert set(waits_for(Need.TWO_LEGAL, LETTER, [head])) == LAWYERS
    assert Role.CASE_MANAGER in waits_for(Need.TWO_LEGAL, LETTER, [legal])


def test_what_was_agreed_to_covers_no_more_than_it_was():
    order = [Need.NOTHING, Need.ONE, Need.LEGAL, Need.TWO, Need.TWO_LEGAL]
    covered = {(given, wanted) for given, wanted in product(order, order) if covers(given, wanted)}
    assert (Need.LEGAL, Need.ONE) in covered and (Need.TWO_LEGAL, Need.TWO) in covered
    assert not covered & {(Need.TWO, Need.LEGAL), (Need.LEGAL, Need.TWO), (Need.ONE, Need.LEGAL), (Need.TWO, Need.TWO_LEGAL)}


def test_whether_a_house_has_somebody_of_legal_at_all():
    head, manager = Person(1, frozenset({Role.HEAD_OF_CLINIC})), Person(2, frozenset({Role.CASE_MANAGER}))
    legal = Person(3, frozenset({Role.LEGAL}))
    assert not enough_people(Need.LEGAL, LETTER, [head, manager], ())
    assert enough_people(Need.LEGAL, LETTER, [head, legal], ()) and not enough_people(Need.LEGAL, LETTER, [legal], {3})
    assert enough_people(Need.TWO_LEGAL, LETTER, [head, legal], ()) and not enough_people(Need.TWO_LEGAL, LETTER, [head, manager], ())
    assert {Need.LEGAL, Need.TWO_LEGAL} == BY_LEGAL
