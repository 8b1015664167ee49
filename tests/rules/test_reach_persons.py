"""Deputies, guests, two-person rules and other kinds of actor."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from suyuan.accounts import rules
from suyuan.accounts.matrix import HERE, ME, OTHER, STREAM, case_for_everyone, profile_as
from suyuan.accounts.rules import ActorProfile, CaseView, GuestAccess, Membership, Role
from suyuan.kernel.actor import SYSTEM, Actor

BOSS, BOSS_UID = 50, "boss-uid"
CASE = CaseView(branch_id=HERE, stream=STREAM, jurisdiction="tw")


def deputy(of_role: str, own_role: str = Role.RECEPTION) -> ActorProfile:
    me = profile_as(own_role)
    lent = Membership(HERE, "tw", 7, frozenset({of_role}), stands_in_for=BOSS_UID, stands_in_for_id=BOSS)
    return replace(me, memberships=(*me.memberships, lent))


def test_a_deputy_sees_what_the_other_owns_and_names_them() -> None:
    owned = replace(CASE, owner_id=BOSS)
    assert not rules.sees(profile_as(Role.RECEPTION), owned)
    verdict = rules.may(deputy(Role.NURSE), "acknowledge", owned)
    assert verdict == rules.Allowed("owner", stands_in_for=BOSS_UID)


def test_ones_own_right_comes_before_a_borrowed_one() -> None:
    profile = deputy(Role.CASE_MANAGER, own_role=Role.CASE_MANAGER)
    assert rules.may(profile, "assign", CASE) == rules.Allowed("case_manager", None)
    borrowed = rules.may(deputy(Role.CASE_MANAGER), "assign", CASE)
    assert borrowed == rules.Allowed("case_manager", BOSS_UID)


def test_standing_in_for_a_doctor_makes_no_doctor() -> None:
    case = replace(CASE, registered_by_id=ME, task_roles=frozenset({"doctor"}))
    assert not rules.may(deputy(Role.DOCTOR), "medical_judgement", case)
    assert Role.DOCTOR not in deputy(Role.DOCTOR).roles


def test_an_appointment_as_investigator_is_not_lent() -> None:
    case = replace(CASE, investigator_ids=frozenset({BOSS}))
    assert not rules.sees(deputy(Role.NURSE), case)


def test_a_deputy_of_an_auditor_still_writes_nothing_by_it() -> None:
    profile = ActorProfile(
        Actor("user", "me", user_id=ME),
        (Membership(HERE, "tw", None, frozenset({Role.AUDITOR}), BOSS_UID, BOSS),),
    )
    assert rules.sees(profile, CASE)
    assert not rules.may(profile, "contact", replace(CASE, owner_id=BOSS))
    assert not rules.may(profile, "record_finding", replace(CASE, investigator_ids=frozenset({ME})))


@pytest.mark.parametrize(
    "first,move", [("lower_requested_by_id", "lower_approve"), ("close_requested_by_id", "close_confirm")]
)
def test_the_first_person_is_never_the_second(first: str, move: str) -> None:
    manager = profile_as(Role.CASE_MANAGER, Role.HEAD_OF_CLINIC)
    assert rules.may(manager, move, replace(CASE, **{first: OTHER}))
    assert rules.may(manager, move, replace(CASE, **{first: ME})).code == "same_person"
    assert rules.may(manager, move, CASE).code == "nothing_requested"


def test_a_second_membership_or_a_deputy_role_makes_no_second_person() -> None:
    asked = replace(CASE, close_requested_by_id=ME)
    assert rules.may(deputy(Role.HEAD_OF_CLINIC, Role.CASE_MANAGER), "close_confirm", asked).code == "same_person"


def test_persons_are_compared_and_nobody_equals_nobody() -> None:
    me = Actor("user", "me", user_id=1)
    assert rules.same_person(me, 1) and rules.same_person(me, Actor("user", "me", 1, acting_for="x"))
    assert not rules.same_person(me, 2)
    assert not rules.same_person(None, None)
    assert not rules.same_person(SYSTEM, None)


def test_nobody_left_for_the_second_step_is_seen_and_a_guest_helps() -> None:
    asked = replace(CASE, close_requested_by_id=ME)
    alone = profile_as(Role.CASE_MANAGER)
    assert rules.who_may([alone], "close_confirm", asked) == ()
    guest = ActorProfile(
        Actor("guest", "dr", user_id=77),
        (),
        frozenset({GuestAccess(STREAM, "doctor", date(2026, 3, 1))}),
        date(2026, 3, 1),
    )
    assert rules.who_may([alone, guest], "close_confirm", asked) == (guest,)


def test_a_guest_is_in_until_the_last_day_and_out_after_it() -> None:
    access = frozenset({GuestAccess(STREAM, "lawyer", date(2026, 3, 1))})
    guest = ActorProfile(Actor("guest", "law", user_id=77), (), access, date(2026, 3, 1))
    assert rules.sees(guest, CASE) and guest.roles == {Role.GUEST}
    assert not rules.sees(replace(guest, today=date(2026, 3, 2)), CASE)
    assert replace(guest, today=date(2026, 3, 2)).roles == frozenset()
    assert not rules.sees(guest, replace(CASE, stream="case:other"))


def test_a_doctor_of_another_branch_judges_once_appointed() -> None:
    stranger = replace(profile_as(Role.DOCTOR), memberships=(Membership(99, "tw", None, frozenset({Role.DOCTOR})),))
    assert not rules.may(stranger, "medical_judgement", CASE)
    appointed = replace(CASE, investigator_ids=frozenset({ME}))
    assert rules.may(stranger, "medical_judgement", appointed)
    manager = replace(stranger, memberships=(Membership(99, "tw", None, frozenset({Role.CASE_MANAGER})),))
    assert not rules.may(manager, "assign", appointed)


def test_patients_and_the_house_itself_have_their_own_moves() -> None:
    party = ActorProfile(Actor("party", "p"))
    system = ActorProfile(SYSTEM)
    assert rules.may(party, "register", CASE) and rules.may(party, "withdraw", CASE)
    assert rules.may(party, "survey_answer", CASE)
    assert not rules.may(party, "contact", CASE) and not rules.may(party, "see", CASE)
    assert rules.may(system, "escalate", CASE)
    assert not rules.may(system, "close_confirm", CASE)


def test_registering_is_asked_of_the_branch_it_happens_in() -> None:
    receptionist = profile_as(Role.RECEPTION)
    assert rules.may(receptionist, "register", CASE)
    assert not rules.may(receptionist, "register", replace(CASE, branch_id=99))
    assert not rules.may(profile_as(Role.FINANCE), "register", CASE)


def test_roles_that_watch_each_other_are_shown_as_a_conflict() -> None:
    assert rules.conflicts({"administrator", "head_of_clinic"}) == (frozenset({"administrator", "head_of_clinic"}),)
    assert rules.conflicts({"reception", "nurse"}) == ()


def test_nobody_changes_their_own_roles_and_wide_ones_come_from_the_administrator() -> None:
    admin, head = profile_as(Role.ADMINISTRATOR), profile_as(Role.HEAD_OF_CLINIC)
    assert rules.may_set_roles(admin, of_user_id=OTHER, branch_id=99, touched={Role.AUDITOR})
    assert rules.may_set_roles(admin, of_user_id=ME, branch_id=HERE).code == "same_person"
    assert rules.may_set_roles(head, of_user_id=OTHER, branch_id=HERE, touched={Role.NURSE})
    assert not rules.may_set_roles(head, of_user_id=OTHER, branch_id=99, touched={Role.NURSE})
    assert not rules.may_set_roles(head, of_user_id=OTHER, branch_id=HERE, touched={Role.AUDITOR})
    assert not rules.may_set_roles(profile_as(Role.CASE_MANAGER), of_user_id=OTHER, branch_id=HERE)


def test_people_are_searched_in_ones_own_branches_only() -> None:
    assert rules.branches_for(profile_as(Role.RECEPTION), "person_search") == {HERE}
    assert rules.branches_for(profile_as(Role.ADMINISTRATOR), "person_search") == frozenset()
    assert rules.branches_for(profile_as(Role.FINANCE), "person_search") == frozenset()
    assert rules.branches_for(profile_as(Role.ADMINISTRATOR), "staff_list") is None
    assert not rules.may_here(profile_as(Role.AUDITOR), "person_write", HERE)


def test_reach_without_a_case_says_so() -> None:
    assert rules.reach(profile_as(Role.ADMINISTRATOR)).nowhere is False  # may still be appointed investigator
    assert rules.reach(ActorProfile(Actor("user", "x", user_id=3))).nowhere
    reach = rules.reach(profile_as(Role.CASE_MANAGER, Role.LEGAL))
    assert reach.writes and reach.reads_narrative and reach.excluded_always
    assert reach.compartments == frozenset(rules.Compartment)
    assert reach.user_id == ME and reach.person_uid == "me"


def test_grants_of_the_same_role_in_two_branches_become_one() -> None:
    two = replace(
        profile_as(Role.CASE_MANAGER),
        memberships=tuple(Membership(b, "tw", None, frozenset({Role.CASE_MANAGER})) for b in (1, 2)),
    )
    everything = [g for g in rules.reach(two).grants if g.relation == rules.Relation.ALL]
    assert [g.branch_ids for g in everything] == [frozenset({1, 2})]


def test_everyone_who_may_see_the_wide_case_gets_a_reading_verdict() -> None:
    assert rules.may(profile_as(Role.AUDITOR), "see", case_for_everyone()) == rules.Allowed("auditor")


@pytest.mark.parametrize(
    "week",
    [
        {"0": []},
        {"8": []},
        {"1": [["9:00", "12:00"]]},
        {"1": [["12:00", "09:00"]]},
        {"1": [["09:00", "25:00"]]},
        {"1": [["09:00", "12:60"]]},
        {"1": [["09:00", "13:00"], ["12:00", "18:00"]]},
        {"1": [["24:30", "24:40"]]},
    ],
)
def test_opening_hours_that_make_no_sense_are_refused(week: dict) -> None:
    with pytest.raises(ValueError):
        rules.opening_hours(week)


def test_opening_hours_may_have_two_periods_and_end_at_midnight() -> None:
    week = rules.opening_hours({"1": [["10:00", "13:00"], ["14:00", "24:00"]], "7": []})
    assert week[1] == (rules.Period("10:00", "13:00"), rules.Period("14:00", "24:00"))
    assert week[7] == ()
