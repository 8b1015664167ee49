"""Who looks into a complaint: of any role and branch under the same law, and never one who treated the patient."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.accounts.models import Member, MemberRole
from suyuan.accounts.selectors import profile_of
from suyuan.cases import errors
from suyuan.cases.models import Case, Involvement
from suyuan.cases.services import handling, investigation, parties
from suyuan.desk.acts import BY_CODE
from suyuan.people.rules import Treatment
from suyuan.people.services import treatment_add
from tests.cases.cast import NOON, facts_of, fresh
from tests.cases.test_handling import _reach

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-08"), pytest.mark.sqlite]


def appoint(cast, case, player):
    return investigation.investigator_appoint(case=fresh(case), user=player.user, actor=cast.manager.actor, now=NOON)


def treated(cast, case, player):
    """It is on the patient's chart that this colleague treated them."""
    done = treatment_add(
        person=case.patient, treatment=Treatment(words="雙眼皮手術", on=NOON.date()), branch=case.branch,
        actor=cast.receptionist.actor, now=NOON,
    )  # fmt: skip
    type(done).objects.filter(pk=done.pk).update(staff=player.user)
    return done


def offered(cast, case) -> dict[str, str]:
    """Names in the form, with their logins."""
    field = BY_CODE["investigator"].form(case=fresh(case), profile=profile_of(cast.manager.user, NOON), now=NOON).fields["user"]
    return {user.login: field.label_from_instance(user) for user in field.queryset}


@pytest.fixture
def case(make_case):
    return make_case(stage="acknowledged")


def test_a_colleague_of_another_branch_may_be_appointed_and_then_reads_it(cast, case):
    assert not Case.objects.within(_reach(cast.stranger)).filter(pk=case.pk).exists()
    appoint(cast, case, cast.stranger)
    assert Case.objects.within(_reach(cast.stranger)).filter(pk=case.pk).exists()
    assert facts_of(case, "investigator.appointed")


def test_personal_data_stay_under_their_law(cast, case):
    with pytest.raises(errors.MayNotInvestigate):
        appoint(cast, case, cast.mainland_doctor)


def test_who_only_audits_does_not_investigate(cast, case):
    with pytest.raises(errors.MayNotInvestigate):
        appoint(cast, case, cast.auditor)


def test_who_has_left_does_not_either(cast, case):
    Member.objects.filter(user=cast.stranger.user).update(last_day=NOON.date() - timedelta(days=1))
    with pytest.raises(errors.MayNotInvestigate):
        appoint(cast, case, cast.stranger)


@pytest.mark.parametrize("name", ["doctor", "nurse"])
def test_whoever_treated_the_patient_does_not_investigate(cast, case, name):
    player = getattr(cast, name)
    treated(cast, case, player)
    with pytest.raises(errors.TreatedThePatient) as refused:
        appoint(cast, case, player)
    assert "邀請院外" in refused.value.message()
    assert not Involvement.objects.filter(case=case, kind="investigator").exists()
    appoint(cast, case, cast.surgeon)


def test_having_treated_somebody_else_is_no_hindrance(cast, case, make_case):
    treated(cast, make_case(), cast.doctor)
    appoint(cast, case, cast.doctor)


def test_an_invited_guest_may_be_appointed(cast, case):
    handling.guest_invite(
        case=fresh(case), name="陳醫師", email="chen@example.org", kind="doctor", last_day=NOON.date() + timedelta(days=9),
        reason="沒有別的醫師", actor=cast.manager.actor, now=NOON,
    )  # fmt: skip
    guest = next(login for login, name in offered(cast, case).items() if name == "陳醫師")
    from suyuan.accounts.models import User

    investigation.investigator_appoint(
        case=fresh(case), user=User.objects.get(login=guest), actor=cast.manager.actor, now=NOON
    )
    assert Involvement.objects.filter(case=case, kind="investigator").count() == 1


@pytest.mark.postgres
def test_the_form_offers_whom_the_service_takes(cast, case):
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    treated(cast, case, cast.doctor)
    names = offered(cast, case)
    assert names["stranger"] == "stranger（北岸診所）" and names["surgeon"] == "surgeon"
    assert not {"accused", "doctor", "auditor", "mainlander", "mainland_doctor"} & set(names)
    for login in names:
        appoint(cast, case, getattr(cast, login))


def test_roles_elsewhere_under_another_law_do_not_help(cast, case):
    member = Member.objects.create(user=cast.auditor.user, branch=cast.sh, first_day=NOON.date() - timedelta(days=9))
    MemberRole.objects.create(member=member, role="doctor")
    with pytest.raises(errors.MayNotInvestigate):
        appoint(cast, case, cast.auditor)
