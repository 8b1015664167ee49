"""Organisation, branches and staff: who may change them, and that each change is a fact."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from suyuan.accounts import rules, selectors, services
from suyuan.accounts.errors import (
    AlreadyEnded,
    AlreadyMember,
    BadStaffInput,
    LastAdministrator,
    LoginTaken,
    NotYours,
    OwnRoles,
)
from suyuan.accounts.models import Member, MemberRole, User
from suyuan.accounts.phrases import PHRASES
from suyuan.kernel.actor import SYSTEM
from suyuan.kernel.refusal import NotHere
from suyuan.platform.facts import facts_told
from suyuan.platform.models import FactRow
from tests.accounts.stories import NOW, PASSWORD, acting, member

TODAY = date(2026, 11, 18)


def facts_of(stream: str) -> list[str]:
    return list(FactRow.objects.filter(stream=stream).order_by("position").values_list("type", flat=True))


def test_the_house_is_founded_and_told(house) -> None:
    assert facts_of(f"branch:{house.tainan.uid}") == ["branch.created", "branch.department_added"]
    services.triage_branch_set(branch=house.taipei, actor=SYSTEM, now=NOW)
    assert selectors.triage_branch() == house.taipei
    assert selectors.organisation().name("en") == "晴川美學"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "tn"},
        {"code": "台南"},
        {"code": "TN"},
        {"zone": "Mars/Base"},
        {"jurisdiction": "jp"},
        {"language": "fr"},
        {"names": {"en": "only"}},
        {"opening_hours": {"1": [["18:00", "10:00"]]}},
    ],
)
def test_a_branch_that_makes_no_sense_is_refused(house, wrong) -> None:
    good = {
        "code": "KH",
        "names": {"zh-Hant": "高雄"},
        "jurisdiction": "tw",
        "zone": "Asia/Taipei",
        "language": "zh-hant",
        "portal_slug": "kh",
    }
    with pytest.raises(BadStaffInput):
        services.branch_create(**{**good, **wrong}, actor=SYSTEM, now=NOW)


def test_a_head_edits_the_own_branch_and_no_other(house) -> None:
    head = acting(member("lin", house.tainan, "head_of_clinic"))
    new = {
        "phone": "06-1234567",
        "emergency_phone": "0900-000-119",
        "address": "台南市",
        "opening_hours": {"1": [["10:00", "13:00"], ["14:00", "20:30"]]},
    }
    branch = services.branch_edit(branch=house.tainan, **new, actor=head, now=NOW)
    assert [p.opens for p in branch.hours[1]] == ["10:00", "14:00"]
    services.branch_edit(branch=house.tainan, **new, actor=head, now=NOW)  # nothing new: no fact
    assert facts_of(f"branch:{branch.uid}").count("branch.changed") == 1
    with pytest.raises(NotYours):
        services.branch_edit(branch=house.taipei, **new, actor=head, now=NOW)


def test_a_person_joins_with_several_roles_and_places(house) -> None:
    admin = acting(member("root", house.tainan, "administrator"))
    shen = services.staff_add(
        login="Shen ",
        display_name="沈經理",
        password=PASSWORD,
        branch=house.tainan,
        roles=["case_manager", "nurse"],
        actor=admin,
        now=NOW,
    )
    services.member_add(user=shen, branch=house.taipei, roles=["consultant"], actor=admin, now=NOW)
    profile = selectors.profile_of(shen, NOW)
    assert shen.login == "shen"
    assert profile.roles_in(house.tainan.pk) == {"case_manager", "nurse"}
    assert profile.roles_in(house.taipei.pk) == {"consultant"}
    assert facts_of(shen.stream) == ["user.created", "member.added", "member.added"]
    with pytest.raises(AlreadyMember):
        services.member_add(user=shen, branch=house.taipei, roles=["nurse"], actor=admin, now=NOW)
    with pytest.raises(LoginTaken):
        services.user_create(login="SHEN", display_name="x", password=PASSWORD, actor=admin, now=NOW)


@pytest.mark.parametrize("password", ["short", "qwertyuiop", "password1234", "shen-manager", "q" * 513])
def test_short_common_and_own_names_are_no_passwords(house, password) -> None:
    with pytest.raises(BadStaffInput) as refused:
        services.user_create(login="shen-manager", display_name="沈經理", password=password, actor=SYSTEM, now=NOW)
    assert set(refused.value.fields) == {"password"}


def test_a_long_sentence_is_a_password_and_nothing_else_is_asked_of_it(house) -> None:
    services.user_create(login="a1", display_name="甲", password="溫柔地把每一件事說清楚吧", actor=SYSTEM, now=NOW)
    services.user_create(login="a2", display_name="乙", password="q" * 3 + "xjwz" * 20, actor=SYSTEM, now=NOW)


def test_nobody_changes_their_own_roles(house) -> None:
    user = member("root", house.tainan, "administrator")
    own = Member.objects.get(user=user)
    for act in (
        lambda: services.member_roles_set(member=own, roles=["head_of_clinic"], actor=acting(user), now=NOW),
        lambda: services.member_add(user=user, branch=house.taipei, roles=["nurse"], actor=acting(user), now=NOW),
        lambda: services.user_disable(user=user, actor=acting(user), now=NOW),
    ):
        with pytest.raises(OwnRoles):
            act()


def test_roles_beyond_a_branch_come_from_the_administrator(house) -> None:
    head = acting(member("lin", house.tainan, "head_of_clinic"))
    nurse = member("amy", house.tainan, "nurse")
    place = Member.objects.get(user=nurse)
    with pytest.raises(NotYours):
        services.member_roles_set(member=place, roles=["nurse", "auditor"], actor=head, now=NOW)
    services.member_roles_set(member=place, roles=["nurse", "reception"], actor=head, now=NOW)
    assert selectors.profile_of(nurse, NOW).roles == {"nurse", "reception"}
    root = member("root", house.tainan, "administrator")
    with pytest.raises(NotYours):  # taking over the administrator's account would be the same
        services.password_set(user=root, password=PASSWORD + "!", actor=head, now=NOW)


def test_a_stranger_manages_nobody(house) -> None:
    stranger = acting(member("pei", house.taipei, "head_of_clinic"))
    receptionist = acting(member("rec", house.tainan, "reception"))
    nurse = member("amy", house.tainan, "nurse")
    place = Member.objects.get(user=nurse)
    for actor in (stranger, receptionist):
        with pytest.raises(NotYours):
            services.member_roles_set(member=place, roles=["doctor"], actor=actor, now=NOW)
        with pytest.raises(NotYours):
            services.user_disable(user=nurse, actor=actor, now=NOW)
        with pytest.raises(NotYours):
            services.member_end(member=place, last_day=TODAY, actor=actor, now=NOW)


def test_the_last_administrator_stays(house) -> None:
    first, second = member("one", house.tainan, "administrator"), member("two", house.tainan, "administrator")
    services.user_disable(user=second, actor=acting(first), now=NOW)
    place = Member.objects.get(user=first)
    for act in (
        lambda: services.member_end(member=place, last_day=TODAY, actor=SYSTEM, now=NOW),
        lambda: services.member_roles_set(member=place, roles=["nurse"], actor=SYSTEM, now=NOW),
        lambda: services.user_disable(user=first, actor=SYSTEM, now=NOW),
    ):
        with pytest.raises(LastAdministrator):
            act()


def test_a_place_ends_after_its_last_day(house) -> None:
    admin = acting(member("root", house.tainan, "administrator"))
    nurse = member("amy", house.tainan, "nurse")
    place = services.member_end(member=Member.objects.get(user=nurse), last_day=TODAY, actor=admin, now=NOW)
    assert selectors.profile_of(nurse, NOW).roles == {"nurse"}
    tomorrow = NOW + timedelta(hours=14)  # past midnight in Taipei
    assert selectors.profile_of(nurse, tomorrow).roles == frozenset()
    assert selectors.members_with("nurse", house.tainan, NOW) == [nurse]
    assert selectors.members_with("nurse", house.tainan, tomorrow) == []
    with pytest.raises(AlreadyEnded):
        services.member_end(member=place, last_day=TODAY, actor=admin, now=tomorrow)
    with pytest.raises(BadStaffInput):
        services.member_end(member=place, last_day=TODAY - timedelta(days=9), actor=admin, now=NOW)


def test_a_disabled_account_has_no_rights_and_comes_back(house) -> None:
    admin = acting(member("root", house.tainan, "administrator"))
    nurse = member("amy", house.tainan, "nurse")
    services.user_disable(user=nurse, actor=admin, now=NOW)
    assert selectors.profile_of(nurse, NOW).roles == frozenset()
    with pytest.raises(AlreadyEnded):
        services.user_disable(user=nurse, actor=admin, now=NOW)
    services.user_enable(user=nurse, actor=admin, now=NOW)
    assert selectors.profile_of(User.objects.get(pk=nurse.pk), NOW).roles == {"nurse"}


def test_a_department_head_has_a_department_of_that_branch(house) -> None:
    admin = acting(member("root", house.tainan, "administrator"))
    boss = member("boss", None)
    for wrong in ({"branch": house.tainan}, {"branch": house.taipei, "department": house.skin}):
        with pytest.raises(BadStaffInput):
            services.member_add(user=boss, roles=["department_head"], **wrong, actor=admin, now=NOW)
    for roles in ([], ["guest"], ["king"]):
        with pytest.raises(BadStaffInput):
            services.member_add(user=boss, branch=house.tainan, roles=roles, actor=admin, now=NOW)
    services.member_add(
        user=boss, branch=house.tainan, department=house.skin, roles=["department_head"], actor=admin, now=NOW
    )
    reach = rules.reach(selectors.profile_of(boss, NOW))
    assert {g.department_ids for g in reach.grants if g.relation == "department"} == {frozenset({house.skin.pk})}


def test_every_list_shows_ones_own_house(house) -> None:
    admin = member("root", house.tainan, "administrator")
    head = member("lin", house.tainan, "head_of_clinic")
    member("pei", house.taipei, "nurse")
    alone = member("none", None)
    listed = lambda user: {r.user.login for r in selectors.staff_list(selectors.profile_of(user, NOW), NOW)}  # noqa: E731
    assert listed(admin) == {"root", "lin", "pei", "none"}
    assert listed(head) == {"root", "lin"}
    with pytest.raises(NotHere):
        selectors.staff_for(selectors.profile_of(head, NOW), alone.uid, NOW)
    assert [p.user_id for p in selectors.profiles_in(house.tainan, NOW)] == [admin.pk, head.pk]


def test_the_founder_who_holds_both_is_shown_as_a_conflict(house) -> None:
    founder = member("founder", house.tainan, "administrator", "head_of_clinic")
    row = selectors.staff_for(selectors.profile_of(founder, NOW), founder.uid, NOW)
    assert row.conflicts == (frozenset({"administrator", "head_of_clinic"}),)


def test_rights_are_read_in_one_query(house, django_assert_num_queries) -> None:
    user = member("shen", house.tainan, "case_manager", "nurse")
    with django_assert_num_queries(1):
        selectors.profile_of(user, NOW)


def test_every_fact_has_a_sentence(house) -> None:
    admin_user = member("root", house.tainan, "administrator")
    admin = acting(admin_user)
    amy, bea = member("amy", house.tainan, "nurse"), member("bea", house.tainan, "nurse", "case_manager")
    services.triage_branch_set(branch=house.tainan, actor=admin, now=NOW)
    services.branch_edit(
        branch=house.tainan, phone="1", emergency_phone="", address="", opening_hours={}, actor=admin, now=NOW
    )
    services.member_roles_set(member=Member.objects.get(user=amy), roles=["doctor"], actor=admin, now=NOW)
    deputy = services.deputy_set(
        user=bea, stands_in_for=amy, first_day=TODAY, last_day=TODAY, actor=acting(amy), now=NOW
    )
    services.deputy_end(deputy=deputy, actor=acting(bea), now=NOW)
    guest = member("guest", None)
    grant = services.guest_invite(
        user=guest,
        kind="lawyer",
        stream="case:1",
        branch=house.tainan,
        last_day=TODAY,
        reason="需要意見",
        actor=acting(bea),
        now=NOW,
    )
    services.guest_end(grant=grant, actor=acting(bea), now=NOW)
    services.password_set(user=amy, password=PASSWORD + " again", actor=acting(amy), now=NOW)
    services.password_set(user=amy, password=PASSWORD + " again", actor=admin, now=NOW)
    services.preferences_set(user=amy, language="en", theme="dark", actor=acting(amy), now=NOW)
    services.sessions_end(user=amy, actor=admin, now=NOW)
    services.member_end(member=Member.objects.get(user=amy), last_day=TODAY, actor=admin, now=NOW)
    services.user_disable(user=amy, actor=admin, now=NOW)
    services.user_enable(user=amy, actor=admin, now=NOW)
    told = facts_told(list(FactRow.objects.order_by("id")))
    assert {t.type for t in told} == set(PHRASES)
    for one in told:
        sentence = PHRASES[one.type](one)
        assert sentence and "%(" not in sentence and "None" not in sentence, one.type


def test_roles_are_rows_that_no_one_doubles(house) -> None:
    user = member("amy", house.tainan, "nurse", "nurse")
    assert MemberRole.objects.filter(member__user=user).count() == 1
