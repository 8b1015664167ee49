"""What a case needs as evidence: seen as missing, asked for, given, set aside, and what still keeps us from concluding."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.cases import errors
from suyuan.cases.models import Case, Task
from suyuan.cases.selectors.checklist import readiness, still_open
from suyuan.cases.services import checklist, handling, investigation, parties
from suyuan.cases.services.hearing import observation_note
from suyuan.cases.services.intake import IssueGiven
from suyuan.evidence import errors as problems
from suyuan.evidence.models import EvidenceRequest, Item, Need
from suyuan.evidence.services.items import custody_note
from suyuan.kernel.refusal import BadInput
from suyuan.people.rules import Treatment
from suyuan.platform.facts import facts_told
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.models import FactRow
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.models import PackVersion
from tests.cases.cast import HOUR, NOON, case_made, facts_of, fresh, investigating, party_of, types_of
from tests.contracts.conftest import undone

pytestmark = pytest.mark.sqlite

TOMORROW = NOON + timedelta(days=1)
SEVEN = ("consultation", "assessment", "operation", "aftercare", "observations", "imaging", "correspondence")


@pytest.fixture
def case(cast):
    return investigating(cast, case_made(cast, harm="alleged"))


@pytest.fixture
def stored(cast):
    def made(words: str = "同意書"):
        received = file_receive(source=[words.encode()], name=f"{words}.txt", max_bytes=1000)
        return file_store(received=received, branch_id=cast.tn.pk, actor=cast.manager.actor, now=NOON)

    return made


def slip(case: Case, kind: str):
    return next(each for each in readiness(fresh(case), {""}).slips if each.kind.id == kind)


def ask(cast, case, **said) -> EvidenceRequest:
    said = {"kind": "consent", "due_at": TOMORROW, "words": "第二版的同意書", **said}
    if not said.keys() & {"user", "role", "party"}:
        said["user"] = cast.nurse.user
    return checklist.evidence_ask(case=fresh(case), actor=cast.doctor.actor, now=NOON, **said)


@pytest.mark.requirement("B-04")
@pytest.mark.requirement("A-09")
def test_a_case_about_the_body_needs_the_seven_kinds_and_says_which_are_missing(case):
    picture = readiness(case, {""})
    required = [each.kind.id for each in picture.required]
    assert set(SEVEN) <= set(required) and len(required) == len(set(required))
    assert {each.state for each in picture.required} == {"missing"}
    assert [each.kind.id for each in picture.open] == required
    everything = {each.kind.id for each in picture.slips}
    assert {"record", "consent", "photographs", "cctv", "interviews", "contract", "advertisement"} <= everything
    assert picture.borrowed is None


def test_what_is_needed_follows_cause_and_level(cast):
    waiting = investigating(cast, case_made(cast))
    assert {each.kind.id for each in readiness(waiting, {""}).required} == {"correspondence", "phone-log"}
    handling.case_raise(case=waiting, level=2, reason="一再聯繫", actor=cast.manager.actor, now=NOON)
    assert "interviews" in {each.kind.id for each in readiness(fresh(waiting), {""}).required}


@pytest.mark.requirement("D-09")
def test_what_was_injected_and_with_what_device_is_asked_for(cast):
    filled = case_made(cast, issues=(IssueGiven(subject="不對稱", treatment=Treatment(words="玻尿酸填充", precision="unknown")),))
    assert {"lot", "objects"} <= {each.kind.id for each in readiness(filled, {""}).slips}
    lasered = case_made(cast, issues=(IssueGiven(subject="變黑", treatment=Treatment(words="Laser", precision="unknown")),))
    kinds = {each.kind.id for each in readiness(lasered, {""}).slips}
    assert "settings" in kinds and "lot" not in kinds


@pytest.mark.postgres
@pytest.mark.requirement("A-09")
def test_a_colleague_is_asked_gives_it_and_the_task_is_done(cast, case, stored):
    request = ask(cast, case)
    assert slip(case, "consent").state == "asked"
    task = Task.objects.get(case=case, detail__request=str(request.uid))
    assert (task.assignee, task.due_at, task.done_at) == (cast.nurse.user, TOMORROW, None)

    (item,) = checklist.evidence_give(
        case=fresh(case), stored=[stored()], request=request, actor=cast.nurse.actor, now=NOON + HOUR
    )
    assert (item.kind, item.source) == ("consent", "request")
    task.refresh_from_db()
    request.refresh_from_db()
    assert task.done_at == NOON + HOUR and task.done_by == cast.nurse.user
    assert (request.ending, request.item) == ("given", item)
    found = slip(case, "consent")
    assert (found.state, found.items, found.waiting) == ("had", [item], [])
    assert types_of(case)[-2:] == ["item.added", "evidence.request_given"]


def test_a_role_is_asked_and_whoever_holds_it_may_give(cast, case, stored):
    request = ask(cast, case, role="nurse")
    checklist.evidence_give(case=fresh(case), stored=[stored()], request=request, actor=cast.nurse.actor, now=NOON)
    assert slip(case, "consent").state == "had"


def test_another_colleague_does_not_answer_in_passing(cast, case, stored):
    request = ask(cast, case, user=cast.colleague.user)
    ask(cast, case, kind="photographs")  # opens the case to the nurse
    with pytest.raises(errors.NotYourTask):
        checklist.evidence_give(case=fresh(case), stored=[stored()], request=request, actor=cast.nurse.actor, now=NOON)
    assert not Item.objects.filter(kind="consent").exists()


def test_the_task_is_not_ticked_off_without_the_evidence(cast, case):
    request = ask(cast, case)
    task = Task.objects.get(detail__request=str(request.uid))
    for act in (handling.task_finish, handling.task_cancel):
        said = {"words": "好了"} if act is handling.task_finish else {"reason": "不用了"}
        with pytest.raises(errors.EvidenceIsGiven):
            act(task=task, actor=cast.manager.actor, now=NOON, **said)


def test_there_is_none_is_an_answer_and_says_so(cast, case):
    request = ask(cast, case)
    with pytest.raises(BadInput):
        checklist.evidence_answer(case=fresh(case), request=request, how="answered", words=" ", actor=cast.nurse.actor, now=NOON)
    checklist.evidence_answer(
        case=fresh(case), request=request, how="answered", words="當天沒有簽第二版。", actor=cast.nurse.actor, now=NOON
    )
    found = slip(case, "consent")
    assert found.state == "missing" and found.ended[0].answer.body == "當天沒有簽第二版。"
    assert Task.objects.get(detail__request=str(request.uid)).done_at == NOON
    with pytest.raises(problems.RequestEnded):
        checklist.evidence_cancel(case=fresh(case), request=request, reason="x", actor=cast.doctor.actor, now=NOON)


def test_asking_twice_the_same_is_a_reminder(cast, case):
    request = ask(cast, case)
    with pytest.raises(problems.AlreadyAsked):
        ask(cast, case)
    assert checklist.evidence_remind(case=fresh(case), request=request, actor=cast.doctor.actor, now=NOON).reminders == 1
    with pytest.raises(BadInput) as refused:
        ask(cast, case, kind="contract", due_at=NOON)
    assert "due_at" in refused.value.fields


def test_cancelled_it_asks_nobody_any_more(cast, case):
    request = ask(cast, case)
    checklist.evidence_cancel(case=fresh(case), request=request, reason="已由病歷室提供", actor=cast.doctor.actor, now=NOON)
    assert slip(case, "consent").state == "missing"
    assert Task.objects.get(detail__request=str(request.uid)).cancelled_at == NOON


@pytest.mark.postgres
def test_the_patient_gives_what_was_asked_of_them_and_nobody_else_does(cast, case, stored):
    party = case.parties.get()
    request = ask(cast, case, kind="elsewhere", party=party, words="若您願意")
    assert not Task.objects.filter(detail__request=str(request.uid)).exists()
    stranger = party_of(case_made(cast))
    with pytest.raises(errors.MayNot):
        checklist.evidence_give(case=fresh(case), stored=[stored()], request=request, actor=stranger, now=NOON)
    checklist.evidence_give(
        case=fresh(case), stored=[stored()], request=request, agreed=True, actor=party_of(case), now=NOON
    )
    assert slip(case, "elsewhere").state == "had"
    (told,) = facts_told(facts_of(case, "evidence.request_given"))
    assert told.plain("agreed") is True


def test_the_patient_may_say_no_and_need_not_say_why(cast, case):
    request = ask(cast, case, kind="elsewhere", party=case.parties.get())
    checklist.evidence_answer(case=fresh(case), request=request, how="declined", words="", actor=party_of(case), now=NOON)
    assert EvidenceRequest.objects.get().ending == "declined"
    assert slip(case, "elsewhere").state == "missing"


@pytest.mark.requirement("A-09")
def test_not_applicable_needs_a_reason_and_can_be_taken_back(cast, case):
    with pytest.raises(BadInput):
        checklist.evidence_set_aside(case=fresh(case), kind="imaging", reason="", actor=cast.doctor.actor, now=NOON)
    need = checklist.evidence_set_aside(
        case=fresh(case), kind="imaging", reason="這個療程不做影像檢查", actor=cast.doctor.actor, now=NOON
    )
    found = slip(case, "imaging")
    assert (found.state, found.decision.decided_by) == ("aside", cast.doctor.user)
    assert "imaging" not in {each.kind.id for each in still_open(fresh(case))}
    with pytest.raises(problems.AlreadySetAside):
        checklist.evidence_set_aside(case=fresh(case), kind="imaging", reason="x", actor=cast.doctor.actor, now=NOON)
    checklist.evidence_take_back(case=fresh(case), need=need, actor=cast.doctor.actor, now=NOON)
    assert slip(case, "imaging").state == "missing"
    assert Need.objects.get().reason == "這個療程不做影像檢查"


def test_an_item_that_came_without_a_word_is_sorted_and_a_seal_shows(cast, case, stored):
    item = handling.file_add(case=case, stored=stored(), source="desk", actor=cast.manager.actor, now=NOON)
    assert readiness(fresh(case), {""}).unsorted == [item]
    checklist.evidence_sort(case=fresh(case), item=item, kind="record", actor=cast.manager.actor, now=NOON)
    assert slip(case, "record").state == "had"
    custody_note(item=item, act="sealed", actor=cast.manager.actor, now=NOON)
    assert slip(case, "record").state == "sealed"
    custody_note(item=item, act="unsealed", actor=cast.manager.actor, now=NOON)
    assert slip(case, "record").state == "had"


def test_a_note_of_staff_counts_as_observations(cast, case):
    observation_note(case=fresh(case), words="她說左眼很緊。", seen_at=NOON - HOUR, actor=cast.doctor.actor, now=NOON)
    assert slip(case, "observations").state == "had"


def test_a_compartment_that_is_shut_shows_no_items(cast, case, stored):
    handling.file_add(
        case=case, stored=stored(), source="desk", compartment="counsel", actor=cast.manager.actor, now=NOON
    )
    assert readiness(fresh(case), {""}).unsorted == []


@pytest.mark.parametrize("who", ["nurse", "accused", "auditor", "stranger"])
def test_those_who_may_not_are_refused_and_nothing_is_written(cast, case, who):
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    before = FactRow.objects.filter(stream=case.stream).count()
    actor = getattr(cast, who).actor
    with pytest.raises(errors.MayNot):
        checklist.evidence_ask(case=fresh(case), kind="consent", due_at=TOMORROW, user=cast.nurse.user, actor=actor, now=NOON)
    with pytest.raises(errors.MayNot):
        checklist.evidence_set_aside(case=fresh(case), kind="consent", reason="x", actor=actor, now=NOON)
    assert FactRow.objects.filter(stream=case.stream).count() == before


def test_a_person_complained_about_is_not_asked_for_evidence(cast, case):
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.PersonComplainedAbout):
        ask(cast, case, user=cast.accused.user)


def test_a_case_of_an_older_procedure_borrows_the_lists_of_today_and_says_so(cast, case):
    content = {k: v for k, v in case.procedure.content.items() if k not in ("evidence", "evidence_lists", "recording")}
    with undone():
        old = PackVersion.objects.create(
            pack="procedure/base", version="2025.1", kind="procedure", jurisdiction="any", sha256="0" * 64,
            content=content, loaded_at=NOON, loaded_by="system:suyuan",
        )  # fmt: skip
        Case.objects.filter(pk=case.pk).update(procedure=old)
        assert packs.procedure_of(old.pk).evidence == ()
        picture = readiness(fresh(case), {""})
        assert picture.borrowed.version == "2026.11.4" and len(picture.required) >= 7
        ask(cast, case)


def test_a_finding_can_still_be_written_it_is_advice(cast, case):
    assert still_open(case)
    investigation.finding_record(
        case=fresh(case), words="三週仍在恢復期內。", basis="回診檢查", actor=cast.doctor.actor, now=NOON
    )
