"""Ways round retention, seals, copies and erasure that somebody tried."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.cases import errors
from suyuan.cases.models import Case, Party, Passport, PlanStep, Report, RootCause
from suyuan.cases.selectors.rights import erasure_parts
from suyuan.cases.services import handling, hearing, outside
from suyuan.cases.services.holding import case_hold_lift
from suyuan.cases.services.intake import PersonGiven
from suyuan.cases.services.parties import party_add, party_authority_prove, party_verify
from suyuan.cases.services.rights import (
    case_copies_hand_over,
    case_copies_prepare,
    case_seal,
    case_unseal,
    erasure_answer,
)
from suyuan.correspondence.errors import MessageOnItsWay
from suyuan.correspondence.models import Message
from suyuan.correspondence.services import message_draft, message_queue
from suyuan.evidence.errors import ItemSealed, SealingRefused
from suyuan.evidence.services.hearing import Heard
from suyuan.evidence.services.rights import Ceremony
from suyuan.people.models import PersonIndex
from suyuan.people.services import NewPerson, patient_merge, person_register
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.models import Hold, StoredFile
from suyuan.platform.texts import text_write
from suyuan.platform.units import unit
from tests.cases.cast import NOON, fresh
from tests.cases.test_rights import (  # noqa: F401  (told is a fixture)
    EVERYTHING,
    LATER,
    LONG_AFTER,
    WORD,
    _every_word_left,
    asked,
    ended,
    file_of,
    told,
    told_items,
)

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-03")]


def seal_of(case: Case, manager):
    ceremony = Ceremony(place="診間", kept_at="藥櫃", for_clinic="甲", for_patient="乙")
    return case_seal(case=fresh(case), items=told_items(case), ceremony=ceremony, actor=manager, now=NOON)


def test_a_person_stays_known_as_long_as_any_of_their_cases_is_kept(told, make_case, cast):  # noqa: F811
    person, demand = told.parties.get().person, asked(told)
    ended(told, cast)
    other = make_case()
    Party.objects.filter(case=other).update(person=person)
    Case.objects.filter(pk=other.pk).update(patient=person)
    ended(other, cast, LONG_AFTER - timedelta(days=30))
    parts = {part.group: part for part in erasure_parts(fresh(told), demand, LONG_AFTER.date())}
    assert not parts["identifiers"].free and not parts["contacts"].free
    assert parts["identifiers"].kept.until > LONG_AFTER.date() and parts["narrative"].free


def test_somebody_taken_down_twice_is_erased_twice(told, cast):  # noqa: F811
    manager, gone = cast.manager.actor, told.parties.get().person
    kept = person_register(branch=cast.tn, person=NewPerson(family_name=WORD, given_name="二"), actor=manager, now=NOON)
    patient_merge(kept=kept, gone=gone, reason="同一個人", actor=manager, now=NOON)
    demand = asked(ended(told, cast))
    erasure_answer(
        case=fresh(told), demand=demand, choices=EVERYTHING, letter="好", language="zh-hant", actor=cast.head.actor, now=LONG_AFTER
    )
    for row in (kept, gone):
        row.refresh_from_db()
        assert row.full_name == "" and not PersonIndex.objects.filter(person=row).exists()


def test_nothing_under_seal_is_erased(told, cast):  # noqa: F811
    file_of(told, cast.manager.actor)
    seal = seal_of(told, cast.manager.actor)
    demand = asked(ended(told, cast))
    given = {"case": fresh(told), "demand": demand, "choices": EVERYTHING, "letter": "好", "language": "zh-hant"}
    with pytest.raises(ItemSealed):
        erasure_answer(**given, actor=cast.head.actor, now=LONG_AFTER)
    assert not StoredFile.objects.filter(state="destroyed").exists()
    # The case has ended, which is a ground to open it before a witness.
    case_unseal(
        case=told, seal=seal, ground="settled", why="已了結", for_clinic="甲", witness="丙", actor=cast.manager.actor, now=LONG_AFTER
    )
    erasure_answer(**given, actor=cast.head.actor, now=LONG_AFTER)
    assert StoredFile.objects.filter(state="destroyed").exists()


@pytest.mark.requirement("D-09")
def test_a_seal_is_not_opened_as_settled_while_the_dispute_goes_on(told, cast):  # noqa: F811
    manager = cast.manager.actor
    file_of(told, manager)
    given = {"seal": seal_of(told, manager), "ground": "settled", "why": "想看", "for_clinic": "甲", "witness": "丙"}
    with pytest.raises(SealingRefused):
        case_unseal(case=fresh(told), **given, actor=manager, now=LATER)
    proceeding = outside.proceeding_open(case=fresh(told), kind="court", actor=manager, now=NOON)
    ended(told, cast)
    with pytest.raises(SealingRefused):
        case_unseal(case=fresh(told), **given, actor=manager, now=LATER)
    outside.proceeding_end(proceeding=proceeding, outcome="agreed", actor=manager, now=LATER)
    case_unseal(case=fresh(told), **given, actor=manager, now=LATER)


@pytest.mark.requirement("D-05")
def test_copies_nobody_asked_for_on_record_go_to_no_stranger_either(told, cast):  # noqa: F811
    manager = cast.manager.actor
    file_of(told, manager)
    copies = case_copies_prepare(case=told, items=told_items(told), demand=None, consents="included", actor=manager, now=NOON)
    given = {"case": told, "copies": copies, "to_whom": "一", "standing": "patient", "shown": "沒有", "medium": "paper"}
    with pytest.raises(errors.AskerNotVerified):
        case_copies_hand_over(**given, receipt="signed", actor=manager, now=LATER)
    Party.objects.filter(case=told).update(identity="verified", verified_at=NOON, verified_by=cast.manager.user)
    case_copies_hand_over(**given, receipt="signed", actor=manager, now=LATER)


@pytest.mark.requirement("D-05")
def test_whoever_comes_for_the_patient_shows_by_what_right(told, cast):  # noqa: F811
    manager = cast.manager.actor
    file_of(told, manager, "desk")
    given = {"person": PersonGiven(family_name="路", given_name="人"), "roles": ["companion"]}
    other = party_add(case=fresh(told), **given, actor=manager, now=NOON)
    party_verify(case=fresh(told), party=other, how="身分證", actor=manager, now=NOON)
    demand = asked(told, "records_copy", by=Party.objects.get(pk=other.pk))
    copies = case_copies_prepare(
        case=fresh(told), items=told_items(told), demand=demand, consents="included", actor=manager, now=NOON
    )
    given = {"case": told, "copies": copies, "to_whom": "路人", "standing": "agent", "shown": "身分證", "medium": "paper"}
    with pytest.raises(errors.AskerNotVerified):
        case_copies_hand_over(**given, receipt="signed", actor=manager, now=LATER)
    party_authority_prove(case=fresh(told), party=Party.objects.get(pk=other.pk), how="委任書", actor=manager, now=LATER)
    case_copies_hand_over(**given, receipt="signed", actor=manager, now=LATER)


def test_whoever_did_what_a_rule_placed_a_hold_for_does_not_lift_it(told, cast):  # noqa: F811
    head = cast.head.actor
    handling.case_flag(case=fresh(told), flag="legal", reason="來函", actor=head, now=NOON)
    hold = Hold.objects.get(stream=told.stream)
    with pytest.raises(errors.OwnHold):
        case_hold_lift(case=told, hold=hold, reason="好了", actor=head, now=LATER)
    case_hold_lift(case=told, hold=hold, reason="好了", actor=cast.legal.actor, now=LATER)


def test_erasure_leaves_no_word_in_papers_minutes_or_hand_overs(told, cast):  # noqa: F811
    manager = cast.manager.actor
    file_of(told, manager)
    heard = Heard(name=WORD, interviewers=WORD, held_at=NOON, place=WORD, present=WORD)
    minutes = hearing.interview_record(case=told, heard=heard, minutes=WORD, actor=manager, now=NOON)
    hearing.interview_refuse(case=told, interview=minutes, reason=WORD, actor=manager, now=LATER)
    minutes.refresh_from_db()
    hearing.interview_supplement(case=told, interview=minutes, words=WORD, said_by=WORD, actor=manager, now=LATER)
    papers = papers_of(told, cast)
    copies = case_copies_prepare(
        case=fresh(told), items=told_items(told), demand=None, consents="none_exist", missing=WORD, actor=manager, now=NOON
    )
    Party.objects.filter(case=told).update(identity="verified", verified_at=NOON, verified_by=cast.manager.user)
    case_copies_hand_over(
        case=told, copies=copies, to_whom=WORD, standing="patient", shown=WORD, medium="paper", receipt="signed",
        actor=manager, now=LATER,
    )  # fmt: skip
    demand = asked(ended(told, cast))
    erasure_answer(
        case=fresh(told), demand=demand, choices=EVERYTHING, letter="好", language="zh-hant", actor=cast.head.actor, now=LONG_AFTER
    )
    assert WORD not in _every_word_left()
    assert {StoredFile.objects.get(pk=paper.pk).state for paper in papers} == {"destroyed"}


def papers_of(case: Case, cast) -> list[StoredFile]:
    """A signed report, a passport and what was worked out for them, as their services leave them."""
    user, said, stored = cast.manager.user, {"title": WORD, "sections": []}, []
    for name in ("report", "passport"):
        received = file_receive(source=[b"%PDF-1.4\n" + name.encode() * 9], name=f"{WORD}.pdf", max_bytes=900)
        stored.append(file_store(received=received, branch_id=case.branch_id, actor=cast.manager.actor, now=NOON))
    with unit():
        text = text_write(stream=case.stream, kind="report.internal", body=WORD, branch_id=case.branch_id, now=NOON)
    Report.objects.create(
        case=case, kind="internal", version=1, state="signed", language="zh-hant", author=user, drafted_at=NOON, revised_at=NOON,
        words={"summary": WORD}, content=said, text=text, finished_at=NOON, signed_at=NOON, stored=stored[0], sha256=stored[0].sha256,
    )  # fmt: skip
    Passport.objects.create(
        case=case, purpose="litigation", language="zh-hant", content=said, stored=stored[1], sha256=stored[1].sha256, by=user, at=NOON
    )
    RootCause.objects.create(case=case, whys=[WORD], bones=[{"cause": WORD}], root=text, by=user, at=NOON)
    PlanStep.objects.create(case=case, kind="other", words=WORD, note=WORD, added_by=user, added_at=NOON, done_at=NOON, done_by=user)
    return stored


def test_what_waits_to_leave_is_stopped_and_leaves_nothing_behind(told, cast):  # noqa: F811
    given = {"stream": told.stream, "branch_id": told.branch_id, "channel": "email", "kind": "letter", "to": "canary@example.org"}
    waiting = message_draft(**given, body=WORD, subject_line=WORD, actor=cast.manager.actor, now=NOON)
    message_queue(message=waiting, actor=cast.manager.actor, now=NOON)
    draft = message_draft(**given, body=WORD, actor=cast.manager.actor, now=NOON)
    demand = asked(ended(told, cast))
    answer = {"demand": demand, "choices": EVERYTHING, "letter": "好", "language": "zh-hant"}
    Message.objects.filter(pk=waiting.pk).update(claimed_at=LONG_AFTER)
    with pytest.raises(MessageOnItsWay):
        erasure_answer(case=fresh(told), **answer, actor=cast.head.actor, now=LONG_AFTER)
    Message.objects.filter(pk=waiting.pk).update(claimed_at=None)
    erasure_answer(case=fresh(told), **answer, actor=cast.head.actor, now=LONG_AFTER)
    for row in (waiting, draft):
        row.refresh_from_db()
        assert (row.state, row.words, row.subject_line, row.to) == ("withdrawn", "", "", "")
    assert WORD not in _every_word_left()
