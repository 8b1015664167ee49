"""What holds for every combination of roles, deputies, guests and cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from suyuan.accounts import rules
from suyuan.accounts.rules import ActorProfile, CaseView, GuestAccess, Membership, Role
from suyuan.kernel.actor import Actor

ME = 1
PEOPLE = st.integers(1, 4)
SOME = st.frozensets(PEOPLE, max_size=3)
DAY = date(2026, 5, 5)
MEMBER_ROLES = sorted(rules.MEMBER_ROLES)

memberships = st.builds(
    Membership,
    branch_id=st.integers(1, 3),
    jurisdiction=st.sampled_from(["tw", "cn"]),
    department_id=st.none() | st.integers(1, 2),
    roles=st.frozensets(st.sampled_from(MEMBER_ROLES), min_size=1, max_size=3),
)
lent = st.builds(lambda m, p: replace(m, stands_in_for=f"user-{p}", stands_in_for_id=p), memberships, st.integers(2, 4))
guests = st.builds(
    GuestAccess,
    stream=st.sampled_from(["case:a", "case:b"]),
    kind=st.sampled_from(["doctor", "lawyer"]),
    last_day=st.sampled_from([date(2026, 5, 4), DAY, date(2026, 5, 6)]),
)
profiles = st.builds(
    lambda own, other, guest: ActorProfile(
        Actor("user", "me", user_id=ME), tuple(own) + tuple(other), frozenset(guest), DAY
    ),
    st.lists(memberships, max_size=3),
    st.lists(lent, max_size=2),
    st.lists(guests, max_size=2),
)
cases = st.builds(
    CaseView,
    branch_id=st.integers(1, 3),
    stream=st.sampled_from(["case:a", "case:b", "case:c"]),
    jurisdiction=st.sampled_from(["tw", "cn"]),
    department_id=st.none() | st.integers(1, 2),
    level=st.sampled_from([None, 1, 2, 3]),
    flags=st.frozensets(st.sampled_from(["media", "legal", "extortion", "reportable", "vulnerable"])),
    escalated=st.booleans(),
    money=st.booleans(),
    asked_legal=st.booleans(),
    owner_id=st.none() | PEOPLE,
    registered_by_id=st.none() | PEOPLE,
    investigator_ids=SOME,
    task_user_ids=SOME,
    task_roles=st.frozensets(st.sampled_from(MEMBER_ROLES), max_size=2),
    complained_ids=st.frozensets(st.integers(2, 4), max_size=2),
    lower_requested_by_id=st.none() | PEOPLE,
    close_requested_by_id=st.none() | PEOPLE,
)
moves = st.sampled_from(sorted(rules.MOVES))


@given(profiles, cases, memberships, moves)
def test_another_role_never_takes_anything_away(profile, case, more, move) -> None:
    richer = replace(profile, memberships=(*profile.memberships, more))
    if rules.sees(profile, case):
        assert rules.sees(richer, case)
    if rules.reads_narrative(profile, case):
        assert rules.reads_narrative(richer, case)
    assert rules.compartments_of(profile, case) <= rules.compartments_of(richer, case)
    if rules.may(profile, move, case):
        assert rules.may(richer, move, case)


@given(profiles, cases, moves)
def test_being_complained_about_always_wins(profile, case, move) -> None:
    case = replace(case, complained_ids=case.complained_ids | {ME})
    assert not rules.sees(profile, case)
    assert not rules.reads_narrative(profile, case)
    assert rules.compartments_of(profile, case) == frozenset()
    assert bool(rules.may(profile, move, case)) is (move == "statement_give")


@given(st.lists(memberships, min_size=1, max_size=3), cases, moves)
def test_an_auditor_never_writes(places, case, move) -> None:
    auditor = ActorProfile(
        Actor("user", "me", user_id=ME), tuple(replace(m, roles=frozenset({Role.AUDITOR})) for m in places), today=DAY
    )
    assert rules.sees(auditor, case)
    assert bool(rules.may(auditor, move, case)) is rules.MOVES[move].reads


@given(st.lists(memberships, min_size=1, max_size=3), cases, moves)
def test_an_administrator_has_no_case_unless_appointed(places, case, move) -> None:
    admin = ActorProfile(
        Actor("user", "me", user_id=ME), tuple(replace(m, roles=frozenset({Role.ADMINISTRATOR})) for m in places)
    )
    case = replace(case, investigator_ids=case.investigator_ids - {ME})
    assert not rules.sees(admin, case)
    assert not rules.may(admin, move, case)


@given(profiles, cases, moves)
def test_nothing_is_done_to_a_case_that_is_not_seen(profile, case, move) -> None:
    if rules.may(profile, move, case) and not rules.MOVES[move].new and move != "statement_give":
        assert rules.sees(profile, case)


@given(profiles, cases)
def test_no_second_step_is_ever_taken_by_the_first_person(profile, case) -> None:
    for move, rule in rules.MOVES.items():
        if rule.second_to and rules.may(profile, move, case):
            assert getattr(case, rule.second_to) not in (None, ME)


@given(profiles, cases, moves)
def test_a_right_is_ones_own_or_names_whose_it_is(profile, case, move) -> None:
    verdict = rules.may(profile, move, case)
    if verdict:
        assert verdict.stands_in_for in {None, *(m.stands_in_for for m in profile.memberships)}
        own = replace(profile, memberships=tuple(m for m in profile.memberships if m.stands_in_for is None))
        if verdict.stands_in_for is None and move != "statement_give":
            assert rules.may(own, move, case) or rules.MOVES[move].reads or rules.sees(profile, case)
    else:
        assert verdict.code in {"not_here", "complained_about", "role", "same_person", "nothing_requested"}


@given(profiles, cases)
def test_only_grants_that_match_open_a_case(profile, case) -> None:
    opened = rules.grants_on(profile, case)
    assert all(g in rules.reach(profile).grants for g in opened)
    assert rules.sees(profile, case) is bool(opened)
    if rules.sees(profile, case):
        assert not rules.reach(profile).nowhere
