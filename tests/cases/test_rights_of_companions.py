"""Somebody who is not the patient asks to be forgotten: what they gave goes, what is the patient's stays."""
from __future__ import annotations

import pytest

from suyuan.cases.models import Party
from suyuan.cases.selectors.rights import OWN_GROUPS, erasure_parts, subject_of
from suyuan.cases.services import handling, hearing
from suyuan.cases.services.intake import PersonGiven
from suyuan.cases.services.parties import party_add, party_authority_prove
from suyuan.cases.services.rights import Choice, erasure_answer
from suyuan.correspondence.services import message_draft, message_queue
from suyuan.evidence.services.hearing import Heard
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.people.rules import Contact
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.models import StoredFile
from suyuan.platform.verify import row_checks, verify_streams
from tests.cases.cast import NOON, fresh
from tests.cases.test_rights import LATER, LONG_AFTER, _every_word_left, ended

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-03")]

FRIEND, PATIENT = "椋鳥", "畫眉"
OWN = {group: Choice(erase=True) for group in OWN_GROUPS}


@pytest.fixture
def told(make_case, cast):
    """The patient complained; a friend came along, wrote, was heard and handed in a file. Each says a word of their own."""
    case = make_case(complainant=PersonGiven(family_name=PATIENT), narrative=f"{PATIENT} 說的")
    given = PersonGiven(family_name=FRIEND, contacts=(Contact("phone", "0911-222-333"),))
    friend = party_add(case=case, person=given, roles=["companion"], actor=cast.manager.actor, now=NOON)
    for party, word in ((case.parties.order_by("id").first(), PATIENT), (friend, FRIEND)):
        me, where = Actor("party", str(party.uid)), {"stream": case.stream, "branch_id": case.branch_id}
        received = file_receive(source=[f"{word} ".encode() * 50], name=f"{word}.txt", max_bytes=90_000)
        stored = file_store(received=received, branch_id=case.branch_id, actor=me, now=NOON)
        item_add(given=ItemGiven(stored, "portal", kind="photo", title=word), **where, actor=me, now=NOON)
        asked_for = file_store(
            received=file_receive(source=[f"{word} 補 ".encode() * 50], name=f"{word}-2.txt", max_bytes=90_000),
            branch_id=case.branch_id, actor=me, now=NOON,
        )  # fmt: skip
        item_add(given=ItemGiven(asked_for, "request", kind="photo", title=word), **where, actor=me, now=NOON)
        letter = {"channel": "portal", "kind": "letter", "body": f"{word} 您好", "party": str(me)}
        message_queue(message=message_draft(**where, **letter, actor=cast.manager.actor, now=NOON), actor=cast.manager.actor, now=NOON)
        heard = Heard(name=word, interviewers="經理", held_at=NOON, place="診間", party=str(me))
        talk = hearing.interview_record(case=fresh(case), heard=heard, minutes=f"{word} 初稿", actor=cast.manager.actor, now=NOON)
        hearing.interview_rewrite(case=fresh(case), interview=talk, minutes=f"{word} 定稿", actor=cast.manager.actor, now=LATER)
    return fresh(case)


def asked(case, cast, about: str, words: str = FRIEND):
    party = Party.objects.filter(case=case).order_by("id").last()
    return handling.demand_record(
        case=fresh(case), kind="data_erase", about=about, asked_by=party, words=words, actor=Actor("party", str(party.uid)), now=NOON
    )


@pytest.mark.parametrize("about", ["own", "", "patient"])
def test_what_they_gave_goes_and_what_is_the_patients_stays(told, cast, about):
    demand = asked(told, cast, about)
    case = ended(told, cast)
    parts = {part.group: part.count for part in erasure_parts(case, demand, LONG_AFTER.date())}
    assert list(parts) == list(OWN_GROUPS) and parts["narrative"] == 0 and parts["photos"] and parts["statements"]
    before = _every_word_left().count(PATIENT)
    erasure_answer(
        case=case, demand=demand, choices=OWN, letter="好", language="zh-hant", actor=cast.head.actor, now=LONG_AFTER
    )
    left = _every_word_left()
    assert FRIEND not in left and left.count(PATIENT) == before
    assert sorted(StoredFile.objects.values_list("state", flat=True)) == ["destroyed", "destroyed", "stored", "stored"]
    friend, patient = demand.asked_by.person, case.parties.order_by("id").first().person
    assert (type(friend).objects.get(pk=friend.pk).full_name, patient.full_name) == ("", PATIENT)
    assert [str(fault) for fault in verify_streams(rows_checks=row_checks()).faults] == []


def test_whoever_is_shown_to_speak_for_the_patient_may_ask_for_either(told, cast):
    party = Party.objects.filter(case=told).order_by("id").last()
    patient = told.parties.order_by("id").first().person
    type(told).objects.filter(pk=told.pk).update(patient=patient)
    Party.objects.filter(pk=party.pk).update(roles=["companion", "representative"])
    whole, own = asked(told, cast, "patient"), asked(told, cast, "own")
    assert subject_of(fresh(told), whole).party == party
    Party.objects.filter(pk=party.pk).update(identity="verified", verified_at=NOON, verified_by=cast.manager.user)
    party_authority_prove(case=fresh(told), party=Party.objects.get(pk=party.pk), how="委任書", actor=cast.manager.actor, now=NOON)
    for demand, person, mine in ((whole, patient, None), (own, party.person, party)):
        demand.refresh_from_db()
        found = subject_of(fresh(told), demand)
        assert (found.person, found.party) == (person, mine)


def test_whose_words_is_one_of_two_answers(told, cast):
    with pytest.raises(BadInput):
        asked(told, cast, "everybody")
