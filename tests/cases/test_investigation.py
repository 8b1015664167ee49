"""Investigators, findings, the colleague complained about, and telling the person what was found."""
from __future__ import annotations

import pytest

from suyuan.cases import errors
from suyuan.cases.models import Case, Finding, Involvement
from suyuan.cases.rules import Stage
from suyuan.cases.services import handling, investigation, parties
from suyuan.correspondence.models import Message
from suyuan.kernel.refusal import BadInput
from suyuan.people.rules import Contact
from suyuan.platform.models import FactRow, Text
from tests.cases.cast import CAUSE, HOUR, NOON, acknowledged, facts_of, fresh, party_of, types_of
from tests.cases.test_handling import _reach

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]


def appoint(cast, case, player, **more):
    return investigation.investigator_appoint(
        case=fresh(case), user=player.user, expertise="護理", actor=cast.manager.actor, now=NOON, **more
    )


# --- who investigates ------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.requirement("A-08")
def test_an_investigator_of_any_role_reads_the_case_and_records_findings(cast, make_case):
    case = make_case(stage="investigating")
    appoint(cast, case, cast.nurse)
    assert Case.objects.within(_reach(cast.nurse)).filter(pk=case.pk).exists()
    finding = investigation.finding_record(case=case, words="回電紀錄是空白的。", basis="當天的紀錄", actor=cast.nurse.actor, now=NOON)
    assert finding.by == cast.nurse.user
    [fact] = [f for f in facts_of(case, "investigator.appointed") if f.value("user") == str(cast.nurse.user.uid)]
    assert fact.actor == f"user:{cast.manager.user.uid}"


@pytest.mark.requirement("A-08")
def test_a_person_complained_about_never_investigates(cast, make_case):
    case = make_case(complained_user_ids=(cast.accused.pk,))
    with pytest.raises(errors.PersonComplainedAbout):
        appoint(cast, case, cast.accused)


@pytest.mark.postgres
@pytest.mark.requirement("A-08")
def test_whoever_turns_out_to_be_complained_about_loses_every_part_at_once(cast, make_case):
    case = make_case(stage="investigating")
    handling.case_assign(case=fresh(case), owner=cast.nurse.user, actor=cast.head.actor, now=NOON)
    handling.speaker_name(case=fresh(case), speaker=cast.nurse.user, actor=cast.head.actor, now=NOON)
    appoint(cast, case, cast.nurse)
    handling.task_open(
        case=fresh(case), kind="other", title="看照片", assignee=cast.nurse.user, actor=cast.head.actor, now=NOON
    )
    parties.complained_set(case=fresh(case), user=cast.nurse.user, actor=cast.manager.actor, now=NOON)

    case = fresh(case)
    assert (case.owner, case.speaker) == (None, None)
    left = Involvement.objects.filter(case=case, user=cast.nurse.user, until=None).values_list("kind", flat=True)
    assert list(left) == ["complained"]
    assert not case.tasks.filter(assignee=cast.nurse.user, done_at=None, cancelled_at=None).exists()
    assert not Case.objects.within(_reach(cast.nurse)).filter(pk=case.pk).exists()
    with pytest.raises(errors.MayNot):
        investigation.finding_record(case=case, words="沒有問題", basis="當天的紀錄", actor=cast.nurse.actor, now=NOON)


def test_a_released_investigator_no_longer_reads_it(cast, make_case):
    case = make_case()
    appoint(cast, case, cast.nurse)
    investigation.investigator_release(case=case, user=cast.nurse.user, actor=cast.manager.actor, now=NOON)
    assert not Case.objects.within(_reach(cast.nurse)).filter(pk=case.pk).exists()
    with pytest.raises(errors.AlreadyDone):
        investigation.investigator_release(case=case, user=cast.nurse.user, actor=cast.manager.actor, now=NOON)


@pytest.mark.requirement("A-10")
def test_investigating_waits_for_grade_cause_and_investigator(cast, make_case):
    case = acknowledged(cast, make_case())
    with pytest.raises(errors.GatesShut) as shut:
        investigation.case_investigate(case=case, actor=cast.manager.actor, now=NOON)
    assert {m.code for m in shut.value.missing} == {"graded", "causes_classified", "investigator_named"}
    assert all(shut.value.words) and len(shut.value.words) == 3
    assert fresh(case).stage == Stage.ACKNOWLEDGED


@pytest.mark.requirement("A-08")
def test_the_mainland_also_waits_for_the_notice_of_channels(cast, make_case):
    case = make_case(branch=cast.sh)
    manager = cast.mainland_head.actor
    case = handling.case_assign(case=case, owner=cast.mainlander.user, actor=manager, now=NOON)
    case = handling.case_acknowledge(case=case, method="telephone", words="收到了", actor=cast.mainlander.actor, now=NOON)
    handling.case_raise(case=case, level=1, reason="", actor=manager, now=NOON)
    handling.issue_classify(case=case, issue=case.issues.get(), causes=[CAUSE], primary=CAUSE, actor=manager, now=NOON)
    investigation.investigator_appoint(
        case=case, user=cast.mainland_doctor.user, expertise="整形外科", actor=manager, now=NOON
    )
    with pytest.raises(errors.GatesShut) as shut:
        investigation.case_investigate(case=fresh(case), actor=manager, now=NOON)
    assert [m.code for m in shut.value.missing] == ["channels_notified"]
    handling.channels_notify(case=case, method="letter", actor=manager, now=NOON)
    assert investigation.case_investigate(case=fresh(case), actor=manager, now=NOON).stage == Stage.INVESTIGATING


# --- what is found ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A-10")
def test_a_finding_is_corrected_and_never_erased(cast, make_case):
    case = make_case(stage="investigating")
    first = investigation.finding_record(
        case=case, issue=case.issues.get(), words="沒有回電。", basis="通話紀錄", actor=cast.doctor.actor, now=NOON
    )
    second = investigation.finding_record(
        case=case, replaces=first, words="回過一次，沒有接通。", basis="當天的紀錄", actor=cast.doctor.actor, now=NOON
    )
    assert Finding.objects.count() == 2 and second.issue == first.issue
    assert types_of(case)[-2:] == ["finding.recorded", "finding.corrected"]
    with pytest.raises(errors.AlreadyCorrected):
        investigation.finding_record(case=case, replaces=first, words="又一次", basis="當天的紀錄", actor=cast.doctor.actor, now=NOON)


@pytest.mark.requirement("A-10")
@pytest.mark.parametrize("name", ["manager", "head", "receptionist", "legal"])
def test_only_investigators_record_findings(cast, make_case, name):
    case = make_case(stage="investigating")
    with pytest.raises(errors.MayNot):
        investigation.finding_record(case=case, words="x", basis="當天的紀錄", actor=getattr(cast, name).actor, now=NOON)


def test_nothing_is_found_before_it_is_looked_for(cast, make_case):
    case = make_case()
    appoint(cast, case, cast.doctor)
    with pytest.raises(errors.WrongStage):
        investigation.finding_record(case=case, words="x", basis="當天的紀錄", actor=cast.doctor.actor, now=NOON)


@pytest.mark.requirement("A-10")
def test_the_root_cause_is_kept_apart(cast, make_case):
    case = make_case(stage="investigating")
    before = types_of(case)
    cause = investigation.root_cause_record(
        case=case, whys=["沒有回電", "", "沒有值班表"], root="沒有人負責", actor=cast.doctor.actor, now=NOON
    )
    assert cause.whys == ["沒有回電", "沒有值班表"]
    assert types_of(case) == before
    [fact] = FactRow.objects.filter(stream=case.compartment_stream("root_cause"))
    assert fact.type == "root_cause.recorded" and fact.value("whys") == 2
    assert Text.objects.get(kind="root_cause").compartment == "root_cause"


def test_a_why_is_one_sentence(cast, make_case):
    case = make_case(stage="investigating")
    with pytest.raises(BadInput):
        investigation.root_cause_record(case=case, whys=["字" * 201], root="x", actor=cast.doctor.actor, now=NOON)
    with pytest.raises(errors.WordsMissing):
        investigation.root_cause_record(case=case, whys=[" "], root="x", actor=cast.doctor.actor, now=NOON)


# --- the colleague complained about ----------------------------------------------------------------------------------


@pytest.fixture
def against_a_nurse(cast, make_case):
    return make_case(complained_user_ids=(cast.accused.pk,))


def ask(cast, case, user=None):
    return investigation.statement_ask(
        case=case, user=user or cast.accused.user, alleged="有人說 3 月 9 日的電話沒有回。", due_at=NOON + 48 * HOUR,
        actor=cast.manager.actor, now=NOON,
    )  # fmt: skip


@pytest.mark.requirement("A-08")
def test_a_colleague_complained_about_gives_their_own_answer_once(cast, against_a_nurse):
    statement = ask(cast, against_a_nurse)
    investigation.statement_give(statement=statement, words="那天我休假。", actor=cast.accused.actor, now=NOON)
    statement.refresh_from_db()
    assert statement.answer.body == "那天我休假。"
    with pytest.raises(errors.AlreadyDone):
        investigation.statement_give(statement=statement, words="再說", actor=cast.accused.actor, now=NOON)


def test_nobody_answers_for_them(cast, against_a_nurse):
    statement = ask(cast, against_a_nurse)
    for name in ("manager", "nurse", "head", "stranger"):
        with pytest.raises(errors.MayNot):
            investigation.statement_give(statement=statement, words="x", actor=getattr(cast, name).actor, now=NOON)
    parties.complained_set(case=against_a_nurse, user=cast.nurse.user, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.MayNot):
        investigation.statement_give(statement=statement, words="x", actor=cast.nurse.actor, now=NOON)


def test_only_a_colleague_complained_about_is_asked_and_supported(cast, against_a_nurse):
    with pytest.raises(errors.NotComplainedAbout):
        ask(cast, against_a_nurse, cast.nurse.user)
    with pytest.raises(errors.NotComplainedAbout):
        investigation.support_offer(
            case=against_a_nurse, user=cast.nurse.user, words="x", actor=cast.manager.actor, now=NOON
        )


def test_support_and_the_question_share_one_row(cast, against_a_nurse):
    investigation.support_offer(
        case=against_a_nurse, user=cast.accused.user, words="可以找同儕支持小組", actor=cast.manager.actor, now=NOON
    )
    statement = ask(cast, against_a_nurse)
    assert statement.support and against_a_nurse.statements.count() == 1
    with pytest.raises(errors.AlreadyDone):
        ask(cast, against_a_nurse)


# --- telling the person ----------------------------------------------------------------------------------------------


def ready_to_disclose(cast, case):
    for issue in case.issues.all():
        investigation.finding_record(case=case, issue=issue, words="仍在恢復期。", basis="當天的紀錄", actor=cast.doctor.actor, now=NOON)
    investigation.root_cause_record(case=case, whys=["一"], root="根", actor=cast.doctor.actor, now=NOON)
    handling.speaker_name(case=fresh(case), speaker=cast.head.user, actor=cast.manager.actor, now=NOON)
    return fresh(case)


@pytest.mark.postgres
@pytest.mark.requirement("A-15")
def test_findings_reach_the_person_in_words_that_are_frozen_once(cast, make_case):
    case = ready_to_disclose(cast, make_case(stage="investigating"))
    told = investigation.case_disclose(
        case=case, words="腫脹還沒有消，醫師想再看一次。", method="portal", actor=cast.manager.actor, now=NOON
    )
    [message] = Message.objects.filter(subject_stream=case.stream)
    assert (message.state, message.channel, message.kind) == ("sent", "portal", "findings")
    assert message.text == told.words and told.kind == "findings"
    assert fresh(case).stage == Stage.DISCLOSED and fresh(case).disclosed_at == NOON
    assert facts_of(case, "case.findings_disclosed")[0].value("disclosure") == str(told.uid)


@pytest.mark.requirement("A-15")
def test_nothing_is_disclosed_before_each_issue_has_its_finding(cast, make_case):
    case = make_case(stage="investigating")
    with pytest.raises(errors.GatesShut) as shut:
        investigation.case_disclose(case=case, words="x", method="portal", actor=cast.manager.actor, now=NOON)
    assert {m.code for m in shut.value.missing} == {"facts_established", "root_cause_recorded", "speaker_named"}
    assert not Message.objects.exists() and fresh(case).stage == Stage.INVESTIGATING


def test_words_handed_over_in_person_carry_the_time_they_were_said(cast, make_case):
    case = ready_to_disclose(cast, make_case(stage="investigating"))
    investigation.case_disclose(
        case=case, words="說明如下。", method="in_person", happened_at=NOON - HOUR, actor=cast.manager.actor, now=NOON
    )
    [message] = Message.objects.filter(subject_stream=case.stream)
    assert (message.state, message.happened_at) == ("sent", NOON - HOUR)


def test_mail_needs_an_address(cast, make_case):
    case = ready_to_disclose(cast, make_case(stage="investigating"))
    with pytest.raises(errors.NoMailAddress):
        investigation.case_disclose(case=case, words="x", method="email", actor=cast.manager.actor, now=NOON)
    assert fresh(case).stage == Stage.INVESTIGATING


@pytest.mark.parametrize("chosen", ["email", "phone"])
def test_mail_carries_the_words_only_for_those_who_chose_it(cast, make_case, chosen):
    from suyuan.cases.services.intake import PersonGiven

    person = PersonGiven(family_name="例", given_name="小安", contacts=(Contact("email", "an@example.org"),))
    case = ready_to_disclose(
        cast, make_case(stage="investigating", complainant=person, preferred_channel=chosen)
    )
    investigation.case_disclose(case=case, words="說明如下。", method="email", actor=cast.manager.actor, now=NOON)
    [message] = Message.objects.filter(subject_stream=case.stream)
    assert message.to == "an@example.org" and message.with_content is (chosen == "email")


def test_a_party_does_not_answer_for_the_clinic(cast, make_case):
    case = make_case(stage="findings_disclosed")
    with pytest.raises(errors.MayNot):
        investigation.case_respond(case=case, words="x", method="portal", actor=party_of(case), now=NOON)


@pytest.mark.requirement("A-15")
def test_the_answer_follows_the_findings(cast, make_case):
    case = make_case(stage="responded")
    assert [d.kind for d in case.disclosures.order_by("id")] == ["findings", "answer"]
    assert case.responded_at == NOON
