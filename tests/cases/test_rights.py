"""A hold refuses, retention refuses, what is free goes: each group of an erasure request is answered by a named person."""
from __future__ import annotations

from datetime import date, timedelta

import pytest

from suyuan.accounts.selectors import profile_for
from suyuan.cases import errors
from suyuan.cases.models import Case, ErasureDecision, Party
from suyuan.cases.selectors.rights import GROUPS, erasure_parts, kept_lines, lot_trace, lots_of
from suyuan.cases.selectors.sealing import alone_from
from suyuan.cases.services import handling, outside
from suyuan.cases.services.ending import case_withdraw
from suyuan.cases.services.holding import case_hold_lift, case_hold_place
from suyuan.cases.services.intake import IssueGiven, PersonGiven
from suyuan.cases.services.parties import party_add
from suyuan.cases.services.rights import (
    Choice,
    case_copies_hand_over,
    case_copies_prepare,
    case_copies_wait,
    case_seal,
    erasure_answer,
)
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.evidence.services.rights import Ceremony
from suyuan.kernel.refusal import Refusal
from suyuan.people.models import ContactPoint, PersonIndex, TreatmentReceived
from suyuan.people.rules import Contact, Treatment
from suyuan.people.services import NewPerson, patient_merge, person_register, treatment_add
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.holds import Held, held
from suyuan.platform.models import ErasureOrder, FactRow, Hold, StoredFile, Text
from suyuan.platform.verify import verify_streams
from tests.cases.cast import NOON, facts_of, fresh, types_of

LATER = NOON + timedelta(hours=2)
WORD = "金絲雀"
LONG_AFTER = NOON + timedelta(days=366 * 30)

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-03")]


@pytest.fixture
def told(make_case):
    """A case whose complainant, words, files and messages all say the same rare word."""
    person = PersonGiven(family_name=WORD, given_name="一", contacts=(Contact("phone", "0911-222-333"),))
    return make_case(complainant=person, narrative=f"{WORD} 說的", issues=(IssueGiven(subject=f"{WORD} 的事"),))


def file_of(case: Case, actor, source: str = "portal", title: str = "") -> StoredFile:
    received = file_receive(source=[f"{WORD} {source} ".encode() * 50], name=f"{WORD}.txt", max_bytes=90_000)
    stored = file_store(received=received, branch_id=case.branch_id, actor=actor, now=NOON)
    given = ItemGiven(stored, source, kind="chart", title=title or WORD)
    item_add(given=given, stream=case.stream, branch_id=case.branch_id, actor=actor, now=NOON)
    return stored


def asked(case: Case, kind: str = "data_erase", by: Party | None = None):
    return handling.demand_record(
        case=fresh(case), kind=kind, asked_by=by or case.parties.get(), words="請刪除", actor=by_front(case), now=NOON
    )


def by_front(case: Case):
    from suyuan.kernel.actor import Actor

    return Actor("party", str(case.parties.first().uid))


EVERYTHING = {group: Choice(erase=True) for group in GROUPS}
NOTHING = {group: Choice(erase=False, reason="仍需要") for group in GROUPS}


# --- holds ---------------------------------------------------------------------------------------------------------


def test_signs_of_a_dispute_place_a_hold_once(told, cast):
    manager = cast.manager.actor
    handling.dispute_mark(case=fresh(told), actor=manager, now=NOON)
    handling.incident_identify(case=fresh(told), kind="drug_error", words="", actor=manager, now=NOON)
    outside.proceeding_open(case=fresh(told), kind="court", actor=manager, now=NOON)

    holds = list(Hold.objects.filter(stream=told.stream).order_by("id"))
    assert [(hold.kind, hold.cause) for hold in holds] == [("internal", "case.disputed"), ("court", "proceeding.opened")]
    assert types_of(told).count("hold.placed") == 2
    assert facts_of(told, "hold.placed")[0].actor == "system:suyuan"


def test_a_hold_reaches_whoever_is_linked_before_or_after_it(told, cast):
    manager = cast.manager.actor
    case_hold_place(case=told, kind="counsel", reason="律師來函", actor=manager, now=NOON)
    first = told.parties.get().person
    later = party_add(
        case=fresh(told), person=PersonGiven(family_name="例", given_name="媽媽"), roles=["companion"], actor=manager, now=LATER
    )
    for stream in (first.stream, later.person.stream, told.compartment_stream("counsel"), told.stream):
        assert held(stream), stream

    other = person_register(branch=cast.tn, person=NewPerson(family_name="別人"), actor=manager, now=NOON)
    assert not held(other.stream)
    with pytest.raises(Held):
        patient_merge(kept=other, gone=first, reason="同一個人", actor=manager, now=LATER)


def test_a_hold_is_lifted_by_another_named_person_once_nothing_runs(told, cast):
    legal, head = cast.legal.actor, cast.head.actor
    handling.case_flag(case=fresh(told), flag="legal", reason="來函", actor=cast.manager.actor, now=NOON)
    mine = case_hold_place(case=told, kind="counsel", reason="來函", actor=legal, now=NOON)
    with pytest.raises(errors.MayNot):
        case_hold_lift(case=told, hold=mine, reason="好了", actor=cast.manager.actor, now=LATER)
    with pytest.raises(errors.OwnHold):
        case_hold_lift(case=told, hold=mine, reason="好了", actor=legal, now=LATER)

    proceeding = outside.proceeding_open(case=fresh(told), kind="court", actor=legal, now=NOON)
    with pytest.raises(errors.HoldStillNeeded):
        case_hold_lift(case=told, hold=mine, reason="好了", actor=head, now=LATER)
    outside.proceeding_end(proceeding=proceeding, outcome="decided", actor=legal, now=LATER)
    for hold in Hold.objects.filter(stream=told.stream):
        case_hold_lift(case=told, hold=hold, reason="判決確定", actor=head, now=LATER)
    assert not held(told.stream)


# --- erasure -------------------------------------------------------------------------------------------------------


def ended(case: Case, cast, now=NOON) -> Case:
    case_withdraw(case=fresh(case), reason="不追究", actor=by_front(case), now=now)
    return fresh(case)


def test_nothing_goes_while_a_hold_stands_or_the_law_keeps_it(told, cast):
    demand = asked(told)
    case_hold_place(case=told, kind="court", reason="法院來函", actor=cast.manager.actor, now=NOON)
    parts = erasure_parts(fresh(told), demand, NOON.date())
    assert [part.group for part in parts] == list(GROUPS) and not any(part.free for part in parts)
    given = {"case": told, "demand": demand, "letter": "說明", "language": "zh-hant", "actor": cast.head.actor, "now": LATER}
    with pytest.raises(Held):
        erasure_answer(choices=EVERYTHING, **given)
    assert not ErasureOrder.objects.exists() and not ErasureDecision.objects.exists()

    hold = Hold.objects.get(stream=told.stream)
    case_hold_lift(case=told, hold=hold, reason="結束", actor=cast.head.actor, now=LATER)
    with pytest.raises(errors.KeptByLaw) as refusal:
        erasure_answer(choices=EVERYTHING, **given)
    assert refusal.value.data["rule"] == "TW-CV-1"
    with pytest.raises(errors.MayNot):
        erasure_answer(choices=NOTHING, **(given | {"actor": cast.manager.actor}))

    decisions = {d.group: d.decision for d in erasure_answer(choices=NOTHING, **given)}
    assert set(decisions.values()) <= {"kept_law", "nothing"} and decisions["narrative"] == "kept_law"
    demand.refresh_from_db()
    assert demand.outcome == "refused" and demand.letter.words.body == "說明"


def test_long_after_everything_goes_and_the_chain_still_holds(told, cast):
    own, chart = file_of(told, by_front(told)), file_of(told, cast.manager.actor, "desk")
    person = told.parties.get().person
    treatment_add(
        person=person, treatment=Treatment(words=f"{WORD} 療程", on=date(2026, 1, 5), lot="L-1"), branch=cast.tn,
        actor=cast.manager.actor, now=NOON,
    )  # fmt: skip
    handling.promise_make(case=fresh(told), words=f"{WORD} 約定", due_at=LATER, actor=cast.manager.actor, now=NOON)
    case = ended(told, cast)
    demand = asked(case)
    decisions = erasure_answer(
        case=case, demand=demand, choices=EVERYTHING, letter="已刪除。", language="zh-hant", actor=cast.head.actor, now=LONG_AFTER
    )

    assert {d.decision for d in decisions if d.count} == {"erased"}
    assert not Text.objects.filter(stream=case.stream, body__contains=WORD).exists()
    assert {StoredFile.objects.get(pk=f.pk).state for f in (own, chart)} == {"destroyed"}
    person.refresh_from_db()
    assert person.full_name == "" and not PersonIndex.objects.filter(person=person).exists()
    assert not any(point.value for point in ContactPoint.objects.filter(person=person))
    assert TreatmentReceived.objects.get(person=person).words == ""
    assert WORD not in _every_word_left()
    demand.refresh_from_db()
    assert demand.outcome == "met"
    report = verify_streams()
    assert report.holds, [str(fault) for fault in report.faults]
    again = asked(case)
    assert not any(part.count for part in erasure_parts(fresh(case), again, LONG_AFTER.date()) if part.group != "facts")


def _every_word_left() -> str:
    """Every text column of every table, opened."""
    from django.apps import apps
    from django.db import models

    kinds = (models.TextField, models.CharField, models.JSONField)
    said = []
    for model in apps.get_models():
        names = [f.attname for f in model._meta.concrete_fields if isinstance(f, kinds)]
        if names and model._meta.managed:
            said += [str(row) for row in model._base_manager.values_list(*names)]
    return "\n".join(said)


def test_what_is_free_and_kept_all_the_same_says_why(told, cast):
    case = ended(told, cast)
    demand = asked(case)
    given = {"case": case, "demand": demand, "letter": "說明", "language": "zh-hant", "actor": cast.head.actor, "now": LONG_AFTER}
    with pytest.raises(Refusal):
        erasure_answer(choices={group: Choice(erase=False) for group in GROUPS}, **given)
    decisions = {d.group: d for d in erasure_answer(choices=EVERYTHING | {"narrative": Choice(False, "研究倫理委員會要求")}, **given)}
    assert (decisions["narrative"].decision, decisions["narrative"].reason) == ("kept_other", "研究倫理委員會要求")
    assert WORD in _every_word_left()


def test_each_kind_of_record_says_until_when_and_by_which_rule(told, cast):
    lines = {line.record: line for line in kept_lines(fresh(told), NOON.date())}
    assert lines["complaint_record"].kept.until is None and lines["complaint_record"].rule.id == "TW-CV-1"
    lines = {line.record: line for line in kept_lines(ended(told, cast), NOON.date())}
    assert lines["complaint_record"].kept.until == date(2036, 3, 11)
    assert lines["chart"].rule.id == "TW-CHART-3"


# --- copies and seals ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("D-05")
def test_copies_go_only_to_somebody_verified_and_stop_the_clock(told, cast):
    manager = cast.manager.actor
    file_of(told, manager, "desk")
    items = list(told_items(told))
    demand = asked(told, "records_copy")
    clock = told.clocks.get(rule_id="TW-REC-1")
    assert clock.state == "running"
    copies = case_copies_prepare(case=told, items=items, demand=demand, consents="included", actor=manager, now=NOON)
    given = {"case": told, "copies": copies, "to_whom": "一", "standing": "patient", "shown": "身分證", "medium": "paper"}
    with pytest.raises(errors.AskerNotVerified):
        case_copies_hand_over(**given, receipt="signed", actor=manager, now=LATER)

    Party.objects.filter(case=told).update(identity="verified", verified_at=NOON, verified_by=cast.manager.user)
    case_copies_hand_over(**given, receipt="signed", actor=manager, now=LATER)
    demand.refresh_from_db()
    clock.refresh_from_db()
    assert (demand.outcome, clock.state) == ("met", "stopped")


@pytest.mark.requirement("D-05")
def test_copies_that_wait_for_the_person_are_answered_and_handed_over_later(told, cast):
    manager = cast.manager.actor
    file_of(told, manager, "desk")
    demand = asked(told, "records_copy")
    copies = case_copies_prepare(case=told, items=told_items(told), demand=demand, consents="included", actor=manager, now=NOON)
    case_copies_wait(case=told, copies=copies, how="電話通知可以來拿", actor=manager, now=LATER)
    demand.refresh_from_db()
    assert demand.answered_at == LATER and FactRow.objects.filter(type="copies.waiting").exists()
    Party.objects.filter(case=told).update(identity="verified")
    case_copies_hand_over(
        case=told, copies=copies, to_whom="一", standing="patient", shown="身分證", medium="usb", receipt="signed", actor=manager,
        now=LATER,
    )  # fmt: skip


@pytest.mark.requirement("D-09")
def test_a_request_to_seal_is_answered_by_the_seal_and_opens_alone_only_where_the_law_says(make_case, cast):
    for branch, who in ((cast.tn, cast.manager), (cast.sh, cast.mainlander)):
        case = make_case(branch=branch)
        file_of(case, who.actor, "desk")
        demand = asked(case, "seal")
        there = Ceremony(place="諮詢室", kept_at="櫃", for_clinic="經理", for_patient="例小安")
        seal = case_seal(case=case, items=told_items(case), ceremony=there, actor=who.actor, now=LATER)
        demand.refresh_from_db()
        assert demand.outcome == "met"
        alone = alone_from(fresh(case), seal, LATER)
        assert (alone.date() if alone else None) == (date(2029, 3, 12) if branch == cast.sh else None)
    asked(case, "refund")
    Case.objects.filter(pk=case.pk).update(received_at=NOON)


def told_items(case: Case):
    from suyuan.evidence.selectors.items import items_of

    return list(items_of(case.stream, [""]))


# --- lots ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D-09")
def test_a_lot_leads_to_patients_and_cases_and_back_for_those_who_may(make_case, cast):
    manager = cast.manager.actor
    patient = person_register(branch=cast.tn, person=NewPerson(family_name="王", given_name="小明"), actor=manager, now=NOON)
    given = Treatment(words="玻尿酸", on=date(2026, 1, 5), lot="HA-2026-77")
    treatment = treatment_add(person=patient, treatment=given, branch=cast.tn, actor=manager, now=NOON)
    elsewhere = person_register(branch=cast.tp, person=NewPerson(family_name="林"), actor=cast.stranger.actor, now=NOON)
    treatment_add(person=elsewhere, treatment=given, branch=cast.tp, actor=cast.stranger.actor, now=NOON)
    case = make_case()
    handling.issue_add(case=fresh(case), subject="硬塊", treatment=None, actor=manager, now=NOON)
    Case.objects.filter(pk=case.pk).update(patient=patient)

    mine = lot_trace(profile_for(manager, NOON), "ha-2026-77")
    assert [row.pk for row in mine.treatments] == [treatment.pk] and [c.pk for c in mine.cases] == [case.pk]
    assert [number for number, _row in lots_of(fresh(case))] == ["HA-2026-77"]
    theirs = lot_trace(profile_for(cast.stranger.actor, NOON), "HA-2026-77")
    assert [row.person for row in theirs.treatments] == [elsewhere] and theirs.cases == []
    assert lot_trace(profile_for(manager, NOON), "HA-2026") == lot_trace(profile_for(manager, NOON), "沒有")
