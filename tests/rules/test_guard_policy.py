"""What words need before they leave, and who may say yes: read aloud as tests."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.accounts.rules import Role
from suyuan.correspondence.rules.guard import (
    APPROVERS,
    DECIDERS,
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
    role_of,
    waits_for,
)

pytestmark = pytest.mark.requirement("B-11")

PRIVATE, PUBLIC = Surface.PRIVATE_MESSAGE, Surface.PUBLIC_REPLY


def found(kind: str, level: str, clearable: bool = True) -> SimpleNamespace:
    return SimpleNamespace(kind=kind, level=level, clearable=clearable)


def test_words_without_harm_need_nobody_and_the_gravest_finding_decides():
    assert needed([], PRIVATE) == Need.NOTHING
    assert needed([found("jargon", "advise")], PRIVATE) == Need.NOTHING
    assert needed([found("jargon", "advise"), found("early_denial", "warn")], PRIVATE) == Need.ONE
    assert needed([found("early_denial", "warn"), found("threat", "block")], PRIVATE) == Need.TWO
    assert needed([found("threat", "block"), found("gag", "block")], PRIVATE) == Need.NEVER


@pytest.mark.parametrize("surface", list(Surface))
def test_nobody_lets_a_gag_or_a_trade_for_a_review_through_whatever_a_pack_says(surface):
    assert needed([found("gag", "block")], surface) == Need.NEVER
    assert needed([found("review_trade", "block")], surface) == Need.NEVER
    assert needed([found("threat", "block", clearable=False)], surface) == Need.NEVER


def test_who_a_patient_is_never_stands_in_public_and_may_in_a_letter_to_them():
    assert needed([found("patient_data", "block")], PUBLIC) == Need.NEVER
    assert needed([found("patient_data", "block")], Surface.STATEMENT) == Need.NEVER
    assert needed([found("patient_data", "block")], PRIVATE) == Need.TWO


def test_an_emergency_waits_for_nobody():
    assert needed([found("gag", "block"), found("effect_promise", "block")], PRIVATE, "emergency") == Need.NOTHING


def test_a_warning_takes_one_and_a_block_two_of_whom_one_decides_for_the_house():
    manager, second = Vote(1, Role.CASE_MANAGER, True), Vote(2, Role.DEPARTMENT_HEAD, True)
    head, legal = Vote(3, Role.HEAD_OF_CLINIC, True), Vote(4, Role.LEGAL, True)
    assert outcome(Need.ONE, []) == State.OPEN and outcome(Need.ONE, [manager]) == State.GIVEN
    assert outcome(Need.TWO, [head]) == State.OPEN
    assert outcome(Need.TWO, [manager, second]) == State.OPEN, "two who decide nothing for the house"
    assert outcome(Need.TWO, [manager, head]) == State.GIVEN and outcome(Need.TWO, [legal, second]) == State.GIVEN
    assert outcome(Need.TWO, [head, Vote(5, Role.CASE_MANAGER, False)]) == State.REFUSED
    assert outcome(Need.NEVER, [head, legal]) == State.OPEN


def test_one_person_with_two_roles_is_one_person():
    assert outcome(Need.TWO, [Vote(1, Role.LEGAL, True), Vote(1, Role.HEAD_OF_CLINIC, True)]) == State.OPEN
    both = Person(1, frozenset({Role.LEGAL, Role.CASE_MANAGER}))
    assert not may_vote(both, Need.TWO, PRIVATE, [Vote(1, Role.LEGAL, True)], set())


def test_whoever_wrote_the_words_agrees_to_none_of_them():
    head = Person(1, frozenset({Role.HEAD_OF_CLINIC}))
    assert may_vote(head, Need.ONE, PRIVATE, [], {1}) == "" and may_vote(head, Need.ONE, PRIVATE, [], {2}) == Role.HEAD_OF_CLINIC


def test_after_a_manager_only_somebody_who_decides_for_the_house_is_missing():
    voted = [Vote(1, Role.CASE_MANAGER, True)]
    assert set(waits_for(Need.TWO, PRIVATE, voted)) == DECIDERS
    assert may_vote(Person(2, frozenset({Role.DEPARTMENT_HEAD})), Need.TWO, PRIVATE, voted, set()) == ""
    assert may_vote(Person(2, frozenset({Role.LEGAL})), Need.TWO, PRIVATE, voted, set()) == Role.LEGAL


def test_public_relations_speak_for_what_the_public_reads_and_nothing_else():
    assert role_of({Role.PUBLIC_RELATIONS}, PUBLIC) == Role.PUBLIC_RELATIONS
    assert role_of({Role.PUBLIC_RELATIONS}, PRIVATE) == "" and role_of({Role.RECEPTION, Role.DOCTOR}, PUBLIC) == ""


def test_a_clinic_of_two_has_not_enough_people_for_a_block():
    writer, head = Person(1, frozenset({Role.CASE_MANAGER})), Person(2, frozenset({Role.HEAD_OF_CLINIC}))
    assert enough_people(Need.ONE, PRIVATE, [writer, head], {1})
    assert not enough_people(Need.TWO, PRIVATE, [writer, head], {1})
    guest = Person(3, frozenset({"guest_lawyer"}))
    assert enough_people(Need.TWO, PRIVATE, [writer, head, guest], {1})


def test_a_yes_to_a_warning_is_none_to_a_block():
    assert covers(Need.TWO, Need.ONE) and covers(Need.ONE, Need.ONE) and not covers(Need.ONE, Need.TWO)


PEOPLE = st.builds(Person, st.integers(1, 6), st.frozensets(st.sampled_from([*APPROVERS, Role.NURSE, Role.FINANCE]), max_size=3))


@given(st.lists(st.tuples(PEOPLE, st.booleans()), max_size=8), st.sampled_from([Need.ONE, Need.TWO]), st.sets(st.integers(1, 6), max_size=2))
def test_however_people_vote_nothing_is_given_without_those_it_takes(asked, need, writers):
    votes: list[Vote] = []
    for person, yes in asked:
        if outcome(need, votes) == State.OPEN and (role := may_vote(person, need, PRIVATE, votes, writers)):
            votes.append(Vote(person.pk, role, yes))
    if outcome(need, votes) == State.GIVEN:
        people = {vote.person for vote in votes}
        assert all(vote.yes for vote in votes) and not people & writers
        assert len(people) == len(votes) == (1 if need == Need.ONE else 2)
        assert need == Need.ONE or any(vote.role in DECIDERS for vote in votes)
