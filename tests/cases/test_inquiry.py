"""Planning an inquiry, standing too near to it, citing evidence, drawing causes, judging exposure and the standard of care."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from suyuan.accounts.models import Department, Member
from suyuan.accounts.selectors import profile_for
from suyuan.cases import errors
from suyuan.cases.models import CareSheet, ConflictCheck, ExposureAnswer, FindingCitation, PlanStep, RootCause, Task
from suyuan.cases.rules import Stage
from suyuan.cases.selectors import inquiry as reads
from suyuan.cases.services import assessing, handling, inquiry, investigation, parties
from suyuan.cases.services.assessing import LineGiven
from suyuan.cases.services.investigation import Bone
from suyuan.evidence.models import Item
from suyuan.kernel.refusal import BadInput
from suyuan.platform.facts import facts_told
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.models import FactRow
from tests.cases.cast import NOON, fresh

pytestmark = pytest.mark.sqlite

QUESTIONS = ("standard", "rigour", "aftercare", "harm")


@pytest.fixture
def case(make_case):
    return make_case(Stage.ACKNOWLEDGED)


@pytest.fixture
def item(cast):
    """item(case), item(case, compartment="counsel"): one more piece of evidence."""

    def made(case, **said) -> Item:
        data = f"證物 {Item.objects.count()}".encode()
        received = file_receive(source=[data], name="紀錄.txt", max_bytes=1000)
        stored = file_store(received=received, branch_id=case.branch_id, actor=cast.head.actor, now=NOON)
        return handling.file_add(case=fresh(case), stored=stored, source="desk", actor=cast.head.actor, now=NOON, **said)

    return made


def appoint(cast, case, who="doctor", **said):
    return investigation.investigator_appoint(
        case=fresh(case), user=getattr(cast, who).user, actor=cast.manager.actor, now=NOON, **said
    )


@pytest.fixture
def inquired(make_case):
    """A case the doctor investigates."""
    return make_case(Stage.INVESTIGATING)


def last(fact_type: str) -> FactRow:
    return FactRow.objects.filter(type=fact_type).latest("pk")


# --- the plan ------------------------------------------------------------------------------------------------------


def step(cast, case, **said) -> PlanStep:
    said = {"kind": "hear_staff", "words": "當天跟刀的護理師", **said}
    return inquiry.plan_step_add(case=fresh(case), actor=cast.manager.actor, now=NOON, **said)


@pytest.mark.requirement("A-10")
def test_a_step_with_a_name_is_a_task_of_theirs_and_ends_with_it(cast, case):
    made = step(cast, case, user=cast.nurse.user, due_at=NOON + timedelta(days=2))
    task = Task.objects.get(pk=made.task_id)
    assert (task.assignee, task.due_at, task.done_at) == (cast.nurse.user, NOON + timedelta(days=2), None)
    inquiry.plan_step_finish(step=made, note="她記得換過探頭", actor=cast.nurse.actor, now=NOON)
    task.refresh_from_db()
    assert task.done_at == NOON
    with pytest.raises(errors.AlreadyDone):
        inquiry.plan_step_strike(step=made, reason="不用了", actor=cast.manager.actor, now=NOON)


@pytest.mark.postgres
def test_a_struck_step_stays_readable_and_its_task_is_off_the_list(cast, case):
    made = step(cast, case, user=cast.nurse.user)
    inquiry.plan_step_strike(step=made, reason="護理師當天休假", actor=cast.manager.actor, now=NOON)
    made.refresh_from_db()
    assert (made.words, made.note) == ("當天跟刀的護理師", "護理師當天休假")
    assert Task.objects.get(pk=made.task_id).cancelled_at == NOON
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE cases_planstep SET words = 'x'")


def test_something_else_says_what(cast, case):
    with pytest.raises(errors.WordsMissing):
        step(cast, case, kind="other", words=" ")
    with pytest.raises(BadInput):
        step(cast, case, kind="not_in_the_pack")


# --- standing too near ---------------------------------------------------------------------------------------------


@pytest.fixture
def same_department(cast):
    """The doctor and the colleague complained about work in one department."""
    department = Department.objects.create(branch=cast.tn, code="laser", names={"zh-Hant": "光電科"})
    Member.objects.filter(user__in=[cast.doctor.user, cast.accused.user]).update(department=department)


@pytest.mark.requirement("A-08")
def test_whoever_stands_near_is_appointed_with_a_reason_only(cast, case, same_department):
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.ConflictNeedsReason) as refused:
        appoint(cast, case)
    assert refused.value.data["seen"] == ["same_department"]
    assert "同科" in refused.value.message()
    appoint(cast, case, reason="院內只有這一位熟悉這台設備")
    check = ConflictCheck.objects.get()
    assert (check.seen, check.reason, check.by) == (["same_department"], "院內只有這一位熟悉這台設備", cast.manager.user)


def test_sharing_a_party_s_mail_address_is_seen(cast, make_case):
    from suyuan.cases.services.intake import PersonGiven
    from suyuan.people.rules import Contact

    user = cast.doctor.user
    type(user).objects.filter(pk=user.pk).update(email="Home@Example.org")
    user.refresh_from_db()
    person = PersonGiven(family_name="例", given_name="小安", contacts=(Contact("email", "home@example.org", preferred=True),))
    case = make_case(Stage.ACKNOWLEDGED, complainant=person)
    assert inquiry.conflicts_of(case, user) == ["shares_contact"]


def test_the_appointed_declare_for_themselves_once(cast, case):
    appoint(cast, case)
    with pytest.raises(errors.WordsMissing):
        inquiry.conflict_declare(case=fresh(case), declared="some", actor=cast.doctor.actor, now=NOON)
    inquiry.conflict_declare(case=fresh(case), declared="none", actor=cast.doctor.actor, now=NOON)
    assert ConflictCheck.objects.get().declared == "none"
    with pytest.raises(errors.NothingToDeclare):
        inquiry.conflict_declare(case=fresh(case), declared="some", words="表弟", actor=cast.doctor.actor, now=NOON)


# --- findings cite -------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.requirement("A-10")
def test_a_finding_cites_items_by_number_and_digest(cast, inquired, item):
    one, two = item(inquired), item(inquired)
    investigation.finding_record(case=fresh(inquired), words="術前照片齊全", cites=[two, one], actor=cast.doctor.actor, now=NOON)
    assert set(FindingCitation.objects.values_list("item_id", flat=True)) == {one.pk, two.pk}
    assert last("finding.recorded").value("cites") == [
        [1, str(one.uid), one.stored.sha256],
        [2, str(two.uid), two.stored.sha256],
    ]


def test_a_finding_without_evidence_says_on_what_it_rests(cast, inquired):
    with pytest.raises(errors.NothingCited):
        investigation.finding_record(case=fresh(inquired), words="沒有回電", actor=cast.doctor.actor, now=NOON)


def test_nobody_cites_another_case_or_what_they_may_not_read(cast, inquired, make_case, item):
    elsewhere, counsels = item(make_case(Stage.ACKNOWLEDGED)), item(inquired, compartment="counsel")
    for wrong in (elsewhere, counsels):
        with pytest.raises(errors.OtherCase):
            investigation.finding_record(case=fresh(inquired), words="x", cites=[wrong], actor=cast.doctor.actor, now=NOON)


# --- fishbone ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A-10")
def test_a_fishbone_names_a_root_and_stays_in_its_compartment(cast, inquired):
    bones = [Bone("people", "夜班臨時調人"), Bone("method", "交班沒有清單", "表單去年停用", root=True)]
    said = {"case": fresh(inquired), "root": "交班只靠口頭", "actor": cast.doctor.actor, "now": NOON}
    with pytest.raises(errors.NoRootNamed):
        investigation.fishbone_record(bones=bones[:1], **said)
    investigation.fishbone_record(bones=bones, **said)
    row, fact = RootCause.objects.get(), last("root_cause.recorded")
    assert row.bones[1] == {"bone": "method", "cause": "交班沒有清單", "why": "表單去年停用", "root": True}
    assert fact.stream == inquired.compartment_stream("root_cause") and "交班" not in str(fact.plain)
    assert [name for name, _ in reads.bones_grouped(inquired, row.bones)] == ["人員", "方法流程"]


# --- legal exposure ------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.requirement("A-02")
def test_each_answer_of_exposure_says_who_when_and_why_and_earlier_ones_stay(cast, case):
    handling.case_flag(case=fresh(case), flag="legal", reason="收到律師函", actor=cast.manager.actor, now=NOON)
    said = {"question": "failure_to_inform", "rules": ["TW-CONF-1"], "now": NOON}
    assessing.exposure_answer(case=fresh(case), answer="possible", reason="同意書沒有寫時間", actor=cast.legal.actor, **said)
    assessing.exposure_answer(case=fresh(case), answer="none", reason="找到有時間的那一份", actor=cast.head.actor, **said)
    line = next(line for line in reads.exposure_of(case) if line.question.id == "failure_to_inform")
    assert (line.now.answer, line.now.by, line.now.reason.body) == ("none", cast.head.user, "找到有時間的那一份")
    assert [row.answer for row in line.earlier] == ["possible"]
    assert {fact.stream for fact in FactRow.objects.filter(type="exposure.answered")} == {case.compartment_stream("counsel")}
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE cases_exposureanswer SET answer = 'none'")


@pytest.mark.requirement("A-02")
def test_all_six_questions_of_exposure_are_asked(case):
    assert len(reads.exposure_of(case)) == 6


@pytest.mark.parametrize("who", ["manager", "doctor", "nurse", "receptionist"])
def test_only_counsel_s_readers_judge_exposure(cast, inquired, who):
    with pytest.raises(errors.MayNot):
        assessing.exposure_answer(
            case=fresh(inquired), question="privacy", answer="none", reason="x", actor=getattr(cast, who).actor, now=NOON
        )
    assert not ExposureAnswer.objects.exists()


def test_a_law_that_is_not_of_this_place_is_no_basis(cast, case):
    with pytest.raises(BadInput):
        assessing.exposure_answer(
            case=fresh(case), question="privacy", answer="none", reason="x", rules=["CN-CONF-1"], actor=cast.head.actor, now=NOON
        )


# --- standard of care ----------------------------------------------------------------------------------------------


@pytest.fixture
def review(cast, case, item):
    """A doctor asked to judge, and a piece of evidence; call it to save their sheet."""
    proof = item(case)
    investigation.reviewer_appoint(case=fresh(case), user=cast.doctor.user, actor=cast.manager.actor, now=NOON)

    def save(lines=None, **said) -> CareSheet:
        lines = [LineGiven(q, f"{q} 符合", [proof]) for q in QUESTIONS] if lines is None else lines
        return assessing.care_sheet_save(case=fresh(case), lines=lines, **{"actor": cast.doctor.actor, "now": NOON, **said})

    save.proof = proof
    return save


@pytest.mark.requirement("B-01")
def test_every_line_cites_before_a_verdict_is_signed(review):
    bare = [LineGiven(q, "有", [review.proof]) for q in QUESTIONS[:3]] + [LineGiven("harm", "沒有")]
    with pytest.raises(errors.LinesNotCited) as refused:
        review(bare, verdict="expected", sign=True)
    assert refused.value.data["questions"] == ["harm"]
    signed = review(verdict="expected", sign=True)
    assert (signed.version, signed.signed_at) == (1, NOON)
    cites = last("care_sheet.signed").value("cites")
    assert cites == [[1, str(review.proof.uid), review.proof.stored.sha256]]


@pytest.mark.requirement("B-01")
def test_undetermined_may_be_signed_as_it_stands(review):
    assert review([LineGiven("standard", "缺術前照片")], verdict="undetermined", sign=True).signed_at == NOON


@pytest.mark.postgres
@pytest.mark.requirement("B-01")
def test_versions_stay_and_a_signed_one_is_final(review):
    review([LineGiven("standard", "第一次的看法")])
    review(verdict="expected", sign=True)
    assert list(CareSheet.objects.order_by("version").values_list("version", "verdict")) == [(1, "undetermined"), (2, "expected")]
    with pytest.raises(errors.AlreadySigned):
        review(verdict="fault")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE cases_caresheet SET verdict = 'fault'")


@pytest.mark.requirement("B-01")
def test_a_second_opinion_sees_the_first_only_after_its_own(cast, case, review):
    other = cast.surgeon
    investigation.reviewer_appoint(case=fresh(case), user=other.user, actor=cast.manager.actor, now=NOON)
    review(verdict="expected", sign=True)
    profile = profile_for(other.actor, NOON)
    assert reads.care_sheets_read(profile, case) == []
    review(verdict="fault", sign=True, actor=other.actor)
    assert [sheet.verdict for sheet in reads.care_sheets_read(profile, case)] == ["expected", "fault"]


@pytest.mark.requirement("B-01")
def test_dissent_is_kept_beside_the_judgement_and_never_one_s_own(cast, case, review):
    sheet = review(verdict="expected")
    with pytest.raises(errors.NotSignedYet):
        assessing.care_dissent(sheet=sheet, words="不同意", actor=cast.head.actor, now=NOON)
    sheet = review(verdict="expected", sign=True)
    with pytest.raises(errors.OwnJudgement):
        assessing.care_dissent(sheet=sheet, words="不同意", actor=cast.doctor.actor, now=NOON)
    assessing.care_dissent(sheet=sheet, words="照片的角度不同", actor=cast.head.actor, now=NOON)
    told = facts_told([last("care_sheet.dissented")])[0]
    assert told.private["words"]["chars"] == len("照片的角度不同")


@pytest.mark.requirement("B-01")
def test_who_is_no_doctor_or_has_treated_the_patient_does_not_judge(cast, inquired, make_case):
    with pytest.raises(errors.NotADoctor):
        investigation.reviewer_appoint(case=fresh(inquired), user=cast.nurse.user, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.NotTheReviewer):
        assessing.care_sheet_save(case=fresh(inquired), lines=[], actor=cast.doctor.actor, now=NOON)


def test_a_reviewer_who_is_complained_about_later_judges_no_more(cast, case, review):
    parties.complained_set(case=fresh(case), user=cast.doctor.user, actor=cast.manager.actor, now=NOON)
    with pytest.raises((errors.MayNot, errors.PersonComplainedAbout)):
        review(verdict="expected", sign=True)
