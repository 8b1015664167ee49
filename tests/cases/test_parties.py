"""Who the persons of a case are, and how sure we are of it."""
from __future__ import annotations

import pytest

from suyuan.cases import errors
from suyuan.cases.models import Case, Party
from suyuan.cases.rules import Identity
from suyuan.cases.services import parties
from suyuan.cases.services.intake import PersonGiven
from suyuan.kernel.refusal import BadInput
from tests.cases.cast import NOON, facts_of, fresh, types_of
from tests.cases.test_handling import _reach

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(make_case):
    return make_case()


@pytest.fixture
def party(case):
    return Party.objects.get(case=case)


def test_a_companion_joins_with_a_stated_identity(cast, case):
    added = parties.party_add(
        case=case, person=PersonGiven(family_name="例", given_name="美"), roles=["companion"],
        actor=cast.receptionist.actor, now=NOON,
    )  # fmt: skip
    assert (added.identity, added.person.full_name) == (Identity.STATED, "例美")
    assert facts_of(case, "party.added")[0].value("roles") == ["companion"]


def test_an_empty_person_and_an_unknown_role_are_refused(cast, case):
    with pytest.raises(errors.WordsMissing):
        parties.party_add(case=case, person=PersonGiven(), roles=["companion"], actor=cast.manager.actor, now=NOON)
    with pytest.raises(BadInput):
        parties.party_add(
            case=case, person=PersonGiven(family_name="例"), roles=["witness"], actor=cast.manager.actor, now=NOON
        )


def test_staff_verify_who_it_is_once_and_say_how(cast, case, party):
    verified = parties.party_verify(case=case, party=party, how="看過身分證", actor=cast.receptionist.actor, now=NOON)
    assert (verified.identity, verified.verified_by) == (Identity.VERIFIED, cast.receptionist.user)
    with pytest.raises(errors.AlreadyDone):
        parties.party_verify(case=case, party=party, how="看過身分證", actor=cast.manager.actor, now=NOON)


def test_authority_is_proven_by_a_document(cast, case, party):
    with pytest.raises(errors.WordsMissing):
        parties.party_authority_prove(case=case, party=party, how=" ", actor=cast.manager.actor, now=NOON)
    proven = parties.party_authority_prove(case=case, party=party, how="委任書 3/10", actor=cast.manager.actor, now=NOON)
    assert proven.authority_proven_at == NOON


def test_a_party_of_another_case_is_not_verified_here(cast, case, make_case):
    other = Party.objects.get(case=make_case())
    with pytest.raises(errors.OtherCase):
        parties.party_verify(case=case, party=other, how="看過", actor=cast.manager.actor, now=NOON)


@pytest.mark.requirement("A-08")
def test_being_complained_about_hides_the_case_and_being_cleared_shows_it_again(cast, case):
    assert Case.objects.within(_reach(cast.colleague)).filter(pk=case.pk).exists()
    parties.complained_set(case=case, user=cast.colleague.user, actor=cast.manager.actor, now=NOON)
    assert not Case.objects.within(_reach(cast.colleague)).filter(pk=case.pk).exists()
    with pytest.raises(errors.AlreadyDone):
        parties.complained_set(case=fresh(case), user=cast.colleague.user, actor=cast.manager.actor, now=NOON)
    parties.complained_unset(case=fresh(case), user=cast.colleague.user, actor=cast.manager.actor, now=NOON)
    assert Case.objects.within(_reach(cast.colleague)).filter(pk=case.pk).exists()
    assert types_of(case)[-2:] == ["staff.complained_about", "staff.no_longer_complained_about"]


def test_the_accused_does_not_clear_themselves(cast, case):
    parties.complained_set(case=case, user=cast.colleague.user, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.MayNot):
        parties.complained_unset(case=fresh(case), user=cast.colleague.user, actor=cast.colleague.actor, now=NOON)


@pytest.mark.sqlite
@pytest.mark.parametrize("name", ["stranger", "auditor", "legal"])
def test_others_verify_nobody(cast, case, party, name):
    with pytest.raises(errors.MayNot):
        parties.party_verify(case=case, party=party, how="看過", actor=getattr(cast, name).actor, now=NOON)
