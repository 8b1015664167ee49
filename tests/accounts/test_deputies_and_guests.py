"""Standing in for someone, and being invited from outside."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from suyuan.accounts import rules, selectors, services
from suyuan.accounts.errors import AlreadyEnded, AlreadyMember, BadStaffInput, NotYours
from suyuan.accounts.models import Deputy, GuestGrant
from suyuan.accounts.rules import CaseView
from suyuan.kernel.actor import Actor
from suyuan.platform.models import FactRow
from tests.accounts.stories import NOW, acting, member

TODAY = date(2026, 11, 18)
TOMORROW = NOW + timedelta(days=1)


def test_a_deputy_has_the_rights_between_the_days_and_names_for_whom(house) -> None:
    shen, amy = member("shen", house.tainan, "case_manager"), member("amy", house.tainan, "nurse")
    deputy = services.deputy_set(
        user=amy, stands_in_for=shen, first_day=TODAY, last_day=TODAY, actor=acting(shen), now=NOW
    )
    case = CaseView(branch_id=house.tainan.pk, stream="case:1", jurisdiction="tw")
    verdict = rules.may(selectors.profile_of(amy, NOW), "assign", case)
    assert verdict == rules.Allowed("case_manager", str(shen.uid))
    assert not rules.may(selectors.profile_of(amy, TOMORROW), "assign", case)
    assert not rules.may(selectors.profile_of(amy, NOW - timedelta(days=1)), "assign", case)
    assert Deputy.objects.get().is_open and deputy.covers(TODAY)
    assert amy.pk in {p.user_id for p in selectors.profiles_in(house.tainan, NOW)}
    services.deputy_end(deputy=deputy, actor=acting(amy), now=NOW)
    assert not rules.may(selectors.profile_of(amy, NOW), "assign", case)
    with pytest.raises(AlreadyEnded):
        services.deputy_end(deputy=deputy, actor=acting(amy), now=NOW)
    for user, types in ((shen, {"deputy.set", "deputy.ended"}), (amy, {"deputy.taken_on", "deputy.laid_down"})):
        assert types <= set(FactRow.objects.filter(stream=user.stream).values_list("type", flat=True))


def test_a_deputy_of_someone_disabled_has_nothing(house) -> None:
    admin = acting(member("root", house.tainan, "administrator"))
    shen, amy = member("shen", house.tainan, "case_manager"), member("amy", house.tainan, "nurse")
    services.deputy_set(user=amy, stands_in_for=shen, first_day=TODAY, last_day=TODAY, actor=acting(shen), now=NOW)
    services.user_disable(user=shen, actor=admin, now=NOW)
    assert selectors.profile_of(amy, NOW).roles == {"nurse"}


def test_one_names_ones_own_deputy_from_the_same_branch(house) -> None:
    shen, amy = member("shen", house.tainan, "case_manager"), member("amy", house.tainan, "nurse")
    bob = member("bob", house.tainan, "reception")
    far = member("far", house.taipei, "nurse")
    days = {"first_day": TODAY, "last_day": TODAY, "now": NOW}
    with pytest.raises(NotYours):
        services.deputy_set(user=bob, stands_in_for=amy, actor=acting(bob), **days)
    with pytest.raises(BadStaffInput):
        services.deputy_set(user=far, stands_in_for=amy, actor=acting(amy), **days)
    with pytest.raises(BadStaffInput):
        services.deputy_set(user=amy, stands_in_for=amy, actor=acting(amy), **days)
    with pytest.raises(BadStaffInput):
        services.deputy_set(
            user=bob, stands_in_for=amy, first_day=TODAY, last_day=TODAY - timedelta(days=1), actor=acting(amy), now=NOW
        )
    services.deputy_set(user=bob, stands_in_for=amy, actor=acting(shen), **days)  # the case manager arranges it


def invite(guest, actor, house, **more) -> GuestGrant:
    given = {"kind": "doctor", "stream": "case:abc", "branch": house.tainan, "last_day": TODAY, "reason": "第二意見"}
    return services.guest_invite(user=guest, **{**given, **more}, actor=actor, now=NOW)


def test_a_guest_sees_the_named_case_until_the_day(house) -> None:
    shen = acting(member("shen", house.tainan, "case_manager"))
    guest = member("dr", None)
    assert acting(guest).kind == "user"
    grant = invite(guest, shen, house)
    profile = selectors.profile_of(guest, NOW)
    assert profile.actor.kind == "guest" and profile.roles == {"guest"}
    named = CaseView(branch_id=house.tainan.pk, stream="case:abc")
    assert rules.may(profile, "medical_judgement", named)
    assert not rules.sees(profile, CaseView(branch_id=house.tainan.pk, stream="case:xyz"))
    assert not rules.sees(selectors.profile_of(guest, TOMORROW), named)
    assert list(FactRow.objects.filter(stream="case:abc").values_list("type", flat=True)) == ["case.guest_invited"]
    with pytest.raises(AlreadyMember):
        invite(guest, shen, house)
    services.guest_end(grant=grant, actor=shen, now=NOW)
    assert not rules.sees(selectors.profile_of(guest, NOW), named)
    invite(guest, shen, house, kind="lawyer")


@pytest.mark.parametrize(
    "wrong", [{"kind": "friend"}, {"stream": "person:1"}, {"last_day": TODAY - timedelta(days=1)}, {"reason": " "}]
)
def test_an_invitation_needs_kind_case_day_and_reason(house, wrong) -> None:
    shen = acting(member("shen", house.tainan, "case_manager"))
    with pytest.raises(BadStaffInput):
        invite(member("dr", None), shen, house, **wrong)


def test_only_those_who_may_invite(house) -> None:
    guest = member("dr", None)
    with pytest.raises(NotYours):
        invite(guest, acting(member("rec", house.tainan, "reception")), house)
    with pytest.raises(NotYours):
        invite(guest, acting(member("far", house.taipei, "case_manager")), house)
    shen = member("shen", house.tainan, "case_manager")
    with pytest.raises(BadStaffInput):
        invite(shen, acting(shen), house)


def test_a_member_who_is_also_a_guest_keeps_both(house) -> None:
    shen = acting(member("shen", house.tainan, "case_manager"))
    doctor = member("dr", house.xiamen, "doctor")
    invite(doctor, shen, house)
    profile = selectors.profile_of(doctor, NOW)
    assert profile.actor.kind == "user" and profile.roles == {"doctor", "guest"}


def test_other_kinds_of_actor_have_no_memberships(house) -> None:
    profile = selectors.profile_for(Actor("party", "p"), NOW)
    assert profile.roles == frozenset() and rules.reach(profile).nowhere
