"""A letter to one person of a case that names another of it: found as patient data, unless the reader may know it anyhow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.cases.models import Party
from suyuan.cases.services.intake import PersonGiven
from suyuan.cases.services.parties import party_add
from suyuan.correspondence.errors import GuardHeld
from suyuan.correspondence.gate import Words
from suyuan.correspondence.services import message_draft, message_queue
from suyuan.people.rules import Contact
from tests.cases.cast import NOON, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-11"), pytest.mark.requirement("A-03"), pytest.mark.sqlite]


@pytest.fixture
def case(make_case, cast):
    """The patient, and the companion who came along; they share a telephone at home."""
    home = Contact("phone", "06-222-3344")
    patient = PersonGiven(family_name="溫", given_name="若嵐", contacts=(Contact("phone", "0912-345-678"), home))
    case = make_case(complainant=patient)
    companion = PersonGiven(family_name="羅", given_name="大同", contacts=(Contact("email", "lo@example.org"), home))
    party_add(case=fresh(case), person=companion, roles=["companion"], actor=cast.manager.actor, now=NOON)
    case = fresh(case)
    type(case).objects.filter(pk=case.pk).update(patient=case.parties.order_by("id").first().person)
    return fresh(case)


def parties(case) -> tuple[Party, Party]:
    return tuple(case.parties.order_by("id"))


def found(case, reader: Party, text: str, **more) -> list[tuple[str, str, str]]:
    words = Words(text=text, stream=case.stream, branch_id=case.branch_id, party=f"party:{reader.uid}", **more)
    return [(f.kind, f.level, f.rule) for f in words.verdict.findings if f.rule.startswith("known-")]


@pytest.mark.postgres
def test_what_names_another_is_found_and_what_is_their_own_is_not(case, cast):
    patient, companion = parties(case)
    told = "溫若嵐您好：許醫師星期三下午三點等您，電話 0912-345-678。"
    assert found(case, patient, told) == []
    assert found(case, companion, told) == [
        ("patient_data", "warn", "known-patient"),
        ("patient_data", "warn", "known-phone"),
    ]
    assert found(case, patient, "羅大同先生也說了，可以寫信到 LO@example.org。") == [
        ("patient_data", "warn", "known-address"),
        ("patient_data", "advise", "known-name"),
    ]


def test_what_both_have_and_what_the_clinic_says_of_itself_is_not(case, cast):
    patient, companion = parties(case)
    assert found(case, companion, "我們會打 06-222-3344。") == []
    manager = cast.manager.user
    type(manager).objects.filter(pk=manager.pk).update(display_name="羅大同")
    assert found(case, patient, "由羅大同接待您。") == []
    type(manager).objects.filter(pk=manager.pk).update(email="her.own@example.net")
    assert found(case, patient, "請寫到 her.own@example.net。") == [("patient_data", "warn", "known-address")]


def test_the_houses_own_addresses_are_no_private_ones(case, cast, settings):
    settings.MAIL_FROM = "診所 <care@example.net>"
    type(cast.manager.user).objects.filter(pk=cast.manager.user.pk).update(email="manager@example.net")
    assert found(case, parties(case)[0], "請寫到 manager@example.net。") == []


def test_whoever_was_shown_to_speak_for_the_patient_may_read_of_the_patient(case):
    _patient, companion = parties(case)
    told = "溫若嵐小姐的回診改到星期三。"
    Party.objects.filter(pk=companion.pk).update(roles=["representative"])
    assert found(case, companion, told) == [("patient_data", "warn", "known-patient")]
    Party.objects.filter(pk=companion.pk).update(authority_proven_at=NOON)
    assert found(case, companion, told) == []


def test_nobody_is_warned_where_no_one_person_reads_it(case):
    words = Words(text="溫若嵐、羅大同您好。", stream=case.stream, branch_id=case.branch_id)
    assert [f for f in words.verdict.findings if f.kind == "patient_data"] == []


def test_the_gate_holds_such_a_letter_and_the_writer_is_told_why(case, cast, settings):
    patient, companion = parties(case)

    def send(party: Party, text: str):
        about = {
            "stream": case.stream,
            "branch_id": case.branch_id,
            "party": f"party:{party.uid}",
            "actor": cast.manager.actor,
        }
        message = message_draft(channel="portal", kind="letter", body=text, now=NOON, **about)
        return message_queue(message=message, undo=timedelta(0), actor=cast.manager.actor, now=NOON)

    text = "謝謝您陪著過來。要找溫若嵐，可以打 0912-345-678。星期三下午三點，沈經理在一樓等您。"
    assert send(patient, text).state == "sent"
    with pytest.raises(GuardHeld) as held:
        send(companion, text)
    said = next(f for f in held.value.words.verdict.findings if f.rule == "known-phone")
    assert "另一個人" in said.why and "0912" not in said.quoted and said.safer == ""
