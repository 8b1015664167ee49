"""Acknowledging, grading, assigning, talking, caring: who may, what is written, what is refused."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from suyuan.accounts.selectors import profile_of
from suyuan.cases import errors
from suyuan.cases.models import Acknowledgement, Approval, Case, Involvement, Task
from suyuan.cases.rules import Stage
from suyuan.cases.services import handling, parties
from suyuan.desk.acts.people import AssignForm
from suyuan.kernel.refusal import BadInput
from suyuan.platform.models import Text
from tests.cases.cast import HOUR, METHOD, NOON, case_made, facts_of, fresh, party_of, types_of

pytestmark = pytest.mark.django_db


def by_phone(case, actor, **more):
    return handling.case_acknowledge(
        case=case, method=METHOD, words="收到了，由經理負責，明天中午前回電。", actor=actor, now=NOON, **more
    )


@pytest.fixture
def owned(cast, make_case):
    case = make_case()
    return handling.case_assign(case=case, owner=cast.manager.user, actor=cast.head.actor, now=NOON)


# --- acknowledging ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A-07")
def test_acknowledging_says_who_told_the_person_how_and_in_which_words(cast, owned):
    by_phone(owned, cast.manager.actor, happened_at=NOON - HOUR)

    case = fresh(owned)
    assert (case.stage, case.acknowledged_at) == (Stage.ACKNOWLEDGED, NOON)
    assert case.acknowledgement.words.body.startswith("收到了")
    assert case.acknowledgement.stated_at == NOON - HOUR
    assert case.acknowledgement.by == cast.manager.user
    [fact] = facts_of(case, "case.acknowledged")
    assert fact.value("method") == METHOD and fact.actor == f"user:{cast.manager.user.uid}"


@pytest.mark.requirement("A-07")
def test_an_acknowledgement_is_locked(cast, owned):
    by_phone(owned, cast.manager.actor)
    with pytest.raises(DatabaseError), transaction.atomic():
        Acknowledgement.objects.filter(case=owned).update(method="portal")
    with pytest.raises(DatabaseError), transaction.atomic():
        Acknowledgement.objects.filter(case=owned).delete()


def test_it_loses_politely_to_a_colleague(cast, owned):
    ours = fresh(owned)
    by_phone(fresh(owned), cast.colleague.actor)
    with pytest.raises(errors.CaseMovedMeanwhile):
        by_phone(ours, cast.manager.actor)
    assert len(facts_of(owned, "case.acknowledged")) == 1


def test_it_is_not_done_twice(cast, owned):
    by_phone(owned, cast.manager.actor)
    with pytest.raises(errors.WrongStage):
        by_phone(fresh(owned), cast.manager.actor)


@pytest.mark.requirement("A-06")
def test_nobody_acknowledges_while_nobody_is_responsible(cast, make_case):
    case = make_case()
    with pytest.raises(errors.GatesShut) as shut:
        by_phone(case, cast.manager.actor)
    assert [m.code for m in shut.value.missing] == ["handler_named"]
    assert shut.value.words[0]
    assert fresh(case).stage == Stage.RECEIVED and not facts_of(case, "case.acknowledged")


@pytest.mark.parametrize("name", ["receptionist", "legal", "auditor", "stranger", "accused"])
def test_others_do_not_acknowledge(cast, owned, name):
    with pytest.raises(errors.MayNot):
        by_phone(owned, getattr(cast, name).actor)
    assert fresh(owned).stage == Stage.RECEIVED


def test_an_automatic_receipt_never_counts(cast, owned):
    with pytest.raises(errors.MayNot):
        by_phone(owned, party_of(owned))
    with pytest.raises(BadInput):
        handling.case_acknowledge(
            case=owned, method="automatic", words="已收到", actor=cast.manager.actor, now=NOON
        )


def test_a_stated_time_in_the_future_is_refused_and_nothing_is_written(cast, owned):
    before = Text.objects.count()
    with pytest.raises(errors.StatedTimeWrong):
        by_phone(owned, cast.manager.actor, happened_at=NOON + HOUR)
    with pytest.raises(errors.WordsMissing):
        handling.case_acknowledge(case=owned, method=METHOD, words="  ", actor=cast.manager.actor, now=NOON)
    assert fresh(owned).stage == Stage.RECEIVED and Text.objects.count() == before


# --- levels ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D-02")
def test_anyone_who_works_on_it_may_raise_and_the_steps_of_the_level_become_tasks(cast, make_case):
    case = make_case()
    handling.case_raise(case=case, level=2, reason="眼睛看不清楚", actor=cast.receptionist.actor, now=NOON)

    case = fresh(case)
    assert case.level == 2
    steps = {t.detail["step"]: t for t in case.tasks.filter(kind="step")}
    assert {"care_check", "medical_explanation", "legal_review"} <= set(steps)
    assert steps["care_check"].role == "doctor" and steps["care_check"].due_at == NOON + 24 * HOUR
    # Working days of the branch: the second one after Wednesday ends with Friday.
    assert steps["legal_review"].due_at == NOON.replace(day=13, hour=16)
    [fact] = facts_of(case, "case.graded")
    assert (fact.value("level"), fact.value("from")) == (2, 0)


def test_raising_only_goes_up(cast, make_case):
    case = make_case(level=2)
    for level in (1, 2):
        with pytest.raises(errors.LevelNotHigher):
            handling.case_raise(case=case, level=level, reason="", actor=cast.manager.actor, now=NOON)


@pytest.mark.requirement("D-02")
def test_steps_already_open_are_not_opened_again(cast, make_case):
    case = make_case()
    handling.case_raise(case=case, level=1, reason="", actor=cast.manager.actor, now=NOON)
    handling.case_raise(case=fresh(case), level=2, reason="", actor=cast.manager.actor, now=NOON)
    steps = [t.detail["step"] for t in case.tasks.filter(kind="step")]
    assert len(steps) == len(set(steps)) and steps.count("medical_explanation") == 1


def ask_to_lower(cast, case, to=1, by=None):
    return handling.level_lower_ask(
        case=case, level=to, reason="醫師看過，屬恢復期", actor=(by or cast.manager).actor, now=NOON
    )


@pytest.mark.requirement("D-02")
def test_lowering_takes_a_reason_and_a_second_person(cast, make_case):
    case = make_case(level=2)
    approval = ask_to_lower(cast, case)
    assert fresh(case).level == 2

    with pytest.raises(errors.MayNot) as refused:
        handling.approval_decide(approval=approval, agree=True, actor=cast.manager.actor, now=NOON)
    assert refused.value.data["denied"] == "same_person"

    handling.approval_decide(approval=approval, agree=True, actor=cast.head.actor, now=NOON)
    assert fresh(case).level == 1
    assert not fresh(case).tasks.filter(kind="step", detail__step="care_check", cancelled_at=None).exists()
    assert types_of(case)[-1] == "case.graded"


def test_two_memberships_are_one_person(cast, make_case):
    from datetime import date

    from suyuan.accounts.models import Member, MemberRole

    again = Member.objects.create(
        user=cast.manager.user, branch=cast.tn, department=cast.surgery, first_day=date(2025, 1, 1)
    )
    MemberRole.objects.create(member=again, role="department_head")
    approval = ask_to_lower(cast, make_case(level=2))
    with pytest.raises(errors.MayNot):
        handling.approval_decide(approval=approval, agree=True, actor=cast.manager.actor, now=NOON)


def test_declining_needs_words_and_leaves_the_level(cast, make_case):
    case = make_case(level=3)
    approval = ask_to_lower(cast, case)
    with pytest.raises(errors.WordsMissing):
        handling.approval_decide(approval=approval, agree=False, actor=cast.head.actor, now=NOON)
    handling.approval_decide(approval=approval, agree=False, words="再觀察一天", actor=cast.head.actor, now=NOON)
    assert fresh(case).level == 3 and types_of(case)[-1] == "level.lowering_decided"
    with pytest.raises(errors.AlreadyDone):
        handling.approval_decide(approval=approval, agree=True, actor=cast.head.actor, now=NOON)


def test_a_question_asked_twice_waits_once(cast, make_case):
    case = make_case(level=3)
    ask_to_lower(cast, case)
    with pytest.raises(errors.AlreadyAsked):
        ask_to_lower(cast, case, by=cast.colleague)
    with pytest.raises(errors.LevelNotLower):
        ask_to_lower(cast, make_case(level=1))


def test_raising_overtakes_an_open_question(cast, make_case):
    case = make_case(level=2)
    approval = ask_to_lower(cast, case)
    handling.case_raise(case=fresh(case), level=3, reason="媒體來電", actor=cast.receptionist.actor, now=NOON)
    with pytest.raises(errors.AlreadyDone):
        handling.approval_decide(approval=approval, agree=True, actor=cast.head.actor, now=NOON)
    assert fresh(case).level == 3 and Approval.objects.get(pk=approval.pk).decision == "overtaken"


# --- escalation by rule ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("C-13")
def test_level_two_brings_in_the_department_head_and_the_case_manager(cast, make_case):
    case = make_case()
    handling.case_raise(case=case, level=2, reason="", actor=cast.receptionist.actor, now=NOON)
    roles = set(case.tasks.filter(kind="escalation").values_list("role", flat=True))
    assert roles == {"department_head", "case_manager"}
    assert {t.due_at for t in case.tasks.filter(kind="escalation")} == {NOON + HOUR}
    assert types_of(case).count("case.escalated") == 1


@pytest.mark.requirement("C-13")
def test_a_flag_brings_in_whom_its_rule_names_and_only_once(cast, make_case):
    case = make_case()
    handling.case_flag(case=case, flag="media", reason="有人貼上社群", actor=cast.receptionist.actor, now=NOON)
    assert "public_relations" in set(case.tasks.filter(kind="escalation").values_list("role", flat=True))
    handling.case_flag(case=fresh(case), flag="legal", actor=cast.manager.actor, now=NOON)
    assert case.tasks.filter(kind="escalation", detail__rule="media", role="public_relations").count() == 1


@pytest.mark.requirement("C-13")
def test_level_three_opens_the_case_to_head_office_without_giving_it_a_task(cast, make_case):
    case = make_case()
    handling.case_raise(case=case, level=3, reason="", actor=cast.manager.actor, now=NOON)
    assert fresh(case).escalated
    assert not case.tasks.filter(role="head_office").exists()
    assert "head_office" in facts_of(case, "case.escalated")[0].value("to")


@pytest.mark.requirement("C-13")
def test_a_third_contact_without_an_answer_goes_up(cast, owned):
    def came(hours):
        handling.contact_log(
            case=fresh(owned), kind="call", channel="telephone", direction="in",
            happened_at=NOON + hours * HOUR, points="又打來問什麼時候回電", actor=cast.receptionist.actor,
            now=NOON + hours * HOUR,
        )  # fmt: skip

    came(1), came(2)
    assert not owned.tasks.filter(detail__rule="repeated-contact").exists()
    came(3)
    assert owned.tasks.filter(detail__rule="repeated-contact").count() == 2


@pytest.mark.requirement("C-13")
def test_our_answer_starts_the_count_again(cast, owned):
    for hours, direction in ((1, "in"), (2, "in"), (3, "out"), (4, "in")):
        handling.contact_log(
            case=fresh(owned), kind="call", channel="telephone", direction=direction,
            happened_at=NOON + hours * HOUR, points="通話", actor=cast.manager.actor, now=NOON + hours * HOUR,
        )  # fmt: skip
    assert not owned.tasks.filter(detail__rule="repeated-contact").exists()


# --- who has it ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A-06")
def test_the_owner_is_kept_in_step_with_who_sees_the_case(cast, owned):
    handling.case_assign(case=owned, owner=cast.nurse.user, actor=cast.manager.actor, now=NOON)
    open_owners = Involvement.objects.filter(case=owned, kind="owner", until=None)
    assert [i.user for i in open_owners] == [cast.nurse.user]
    assert Case.objects.within(_reach(cast.nurse)).filter(pk=owned.pk).exists()


@pytest.mark.requirement("A-08")
def test_a_person_complained_about_is_never_owner_or_speaker(cast, owned):
    parties.complained_set(case=owned, user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.PersonComplainedAbout):
        handling.case_assign(case=owned, owner=cast.accused.user, actor=cast.head.actor, now=NOON)
    with pytest.raises(errors.PersonComplainedAbout):
        handling.speaker_name(case=owned, speaker=cast.accused.user, actor=cast.head.actor, now=NOON)


def test_nobody_is_given_a_case_of_a_branch_they_do_not_work_in(cast, owned):
    for name in ("stranger", "auditor"):
        with pytest.raises(errors.NotOfThisBranch):
            handling.case_assign(case=owned, owner=getattr(cast, name).user, actor=cast.head.actor, now=NOON)


@pytest.mark.requirement("B-03")
@pytest.mark.parametrize("who", ["cashier", "spokesman"])
def test_who_may_not_read_its_words_is_not_given_the_case(cast, owned, who):
    person = getattr(cast, who).user
    with pytest.raises(errors.ReadsNoWords):
        handling.case_assign(case=owned, owner=person, actor=cast.head.actor, now=NOON)
    with pytest.raises(errors.ReadsNoWords):
        handling.speaker_name(case=owned, speaker=person, actor=cast.head.actor, now=NOON)
    form = AssignForm(case=owned, profile=profile_of(cast.head.user, NOON), now=NOON)
    offered = {user.pk for user in form.handlers()}
    assert person.pk not in offered and {cast.manager.pk, cast.nurse.pk, cast.doctor.pk} <= offered


@pytest.mark.requirement("B-03")
def test_there_is_one_speaker_at_a_time(cast, owned):
    for player in (cast.manager, cast.head):
        handling.speaker_name(case=fresh(owned), speaker=player.user, actor=cast.manager.actor, now=NOON)
    assert fresh(owned).speaker == cast.head.user
    assert Involvement.objects.filter(case=owned, kind="speaker", until=None).count() == 1


@pytest.mark.requirement("B-03")
def test_a_new_owner_takes_over_the_handlers_open_steps(cast, owned):
    Task.objects.create(case=owned, kind="step", detail={"step": "x", "holder": "handler"}, role="case_manager", opened_at=NOON)
    handling.case_assign(case=owned, owner=cast.nurse.user, actor=cast.manager.actor, now=NOON)
    task = Task.objects.get(case=owned, detail__step="x")
    assert (task.assignee, task.role) == (cast.nurse.user, "")
    assert Involvement.objects.filter(case=owned, user=cast.nurse.user, kind="task", until=None).exists()


def test_asking_legal_opens_the_case_to_them_and_keeps_the_question_with_counsel(cast, owned):
    assert not Case.objects.within(_reach(cast.legal)).filter(pk=owned.pk).exists()
    handling.legal_ask(case=owned, words="這份同意書夠嗎？", actor=cast.manager.actor, now=NOON)
    assert Case.objects.within(_reach(cast.legal)).filter(pk=owned.pk).exists()
    text = Text.objects.get(kind="counsel.question")
    assert (text.compartment, text.stream) == ("counsel", owned.compartment_stream("counsel"))
    with pytest.raises(errors.AlreadyAsked):
        handling.legal_ask(case=owned, actor=cast.manager.actor, now=NOON)


def test_a_case_that_changes_branch_keeps_its_reference_and_its_procedure(cast, owned):
    handling.case_move_branch(case=owned, branch=cast.tp, reason="療程是在那裡做的", actor=cast.manager.actor, now=NOON)
    case = fresh(owned)
    assert (case.branch, case.reference, case.procedure_id) == (cast.tp, owned.reference, owned.procedure_id)
    assert case.owner is None and not case.involvements.filter(kind="owner", until=None).exists()
    assert set(Text.objects.filter(stream=case.stream).values_list("branch_id", flat=True)) == {cast.tp.pk}
    assert Case.objects.within(_reach(cast.stranger)).filter(pk=case.pk).exists()
    assert not Case.objects.within(_reach(cast.manager)).filter(pk=case.pk).exists()


# --- harm, causes, factors -------------------------------------------------------------------------------------------


@pytest.mark.requirement("D-03")
def test_only_a_doctor_judges_harm(cast, owned):
    handling.harm_state(case=owned, state="alleged", actor=cast.manager.actor, now=NOON)
    assert fresh(owned).serious_or_unjudged
    for name in ("manager", "head", "legal"):
        with pytest.raises(errors.MayNot):
            handling.harm_judge(case=owned, serious=False, reason="沒有", actor=getattr(cast, name).actor, now=NOON)
    doctor = _with_task(owned, cast.doctor)
    handling.harm_judge(case=owned, serious=True, reason="角膜破損", actor=doctor, now=NOON)
    assert fresh(owned).harm == "serious"
    assert facts_of(owned, "harm.judged")[0].value("state") == "serious"


def test_a_day_of_injury_lies_in_the_past(cast, owned):
    with pytest.raises(errors.StatedTimeWrong):
        handling.harm_state(
            case=owned, state="alleged", occurred_on=NOON.date() + timedelta(days=1), actor=cast.manager.actor, now=NOON
        )


def test_a_cause_makes_money_matters_visible_to_finance(cast, owned):
    issue = owned.issues.get()
    with pytest.raises(BadInput):
        handling.issue_classify(
            case=owned, issue=issue, causes=["service"], primary="price", actor=cast.manager.actor, now=NOON
        )
    handling.issue_classify(
        case=owned, issue=issue, causes=["service", "price"], primary="service", actor=cast.manager.actor, now=NOON
    )
    assert fresh(owned).money
    assert Case.objects.within(_reach(cast.cashier)).filter(pk=owned.pk).exists()
    assert facts_of(owned, "issue.classified")[0].value("causes") == ["service", "price"]


def test_an_issue_of_another_case_is_not_touched(cast, make_case, owned):
    other = make_case()
    with pytest.raises(errors.OtherCase):
        handling.issue_classify(
            case=owned, issue=other.issues.get(), causes=["price"], primary="price", actor=cast.manager.actor, now=NOON
        )


# --- talking ---------------------------------------------------------------------------------------------------------


def talk(case, actor, **more):
    given = dict(kind="call", channel="telephone", direction="out", happened_at=NOON - HOUR, points="說明了回診時間")
    return handling.contact_log(case=fresh(case), actor=actor, now=NOON, **{**given, **more})


@pytest.mark.requirement("A-14")
def test_a_contact_keeps_time_place_people_points_tone_and_next_step(cast, owned):
    entry = talk(
        owned, cast.manager.actor, kind="meeting", channel="in_person", place="二樓諮詢室", participants="例小安、母親",
        minutes=40, tone="平靜", next_step="週五回診",
    )  # fmt: skip
    assert (entry.place, entry.minutes, entry.next_step) == ("二樓諮詢室", 40, "週五回診")
    [fact] = facts_of(owned, "contact.logged")
    assert fact.value("kind") == "meeting" and fact.value("direction") == "out"


@pytest.mark.requirement("B-02")
def test_once_disputed_talking_stays_possible_and_leaves_a_minute(cast, owned):
    handling.dispute_mark(case=owned, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.MinuteMissing):
        talk(owned, cast.manager.actor, points="  ")
    assert talk(owned, cast.manager.actor, kind="explanation").pk
    with pytest.raises(errors.AlreadyDone):
        handling.dispute_mark(case=fresh(owned), actor=cast.manager.actor, now=NOON)


@pytest.mark.requirement("A-14")
def test_kinds_come_from_the_pack(cast, owned):
    with pytest.raises(BadInput) as refused:
        talk(owned, cast.manager.actor, kind="chat")
    assert "kind" in refused.value.fields


@pytest.mark.requirement("D-03")
def test_a_care_talk_stands_in_its_own_stream(cast, owned):
    entry = talk(owned, cast.manager.actor, kind="care_talk")
    assert entry.compartment == "care_talk" and entry.points.compartment == "care_talk"
    assert not facts_of(owned, "contact.logged")


def test_a_contact_may_keep_a_promise_at_once(cast, owned):
    promise = handling.promise_make(
        case=owned, words="明天回電", due_at=NOON + 24 * HOUR, actor=cast.manager.actor, now=NOON
    )
    talk(owned, cast.manager.actor, keeps_promise=promise)
    promise.refresh_from_db()
    assert promise.kept_at == NOON
    with pytest.raises(errors.AlreadyDone):
        handling.promise_keep(promise=promise, actor=cast.manager.actor, now=NOON)


def test_a_promise_lies_ahead(cast, owned):
    with pytest.raises(errors.PromiseInThePast):
        handling.promise_make(case=owned, words="回電", due_at=NOON, actor=cast.manager.actor, now=NOON)


def test_refusing_what_a_person_may_ask_for_takes_a_reason(cast, owned):
    demand = handling.demand_record(case=owned, kind="refund", asked_at=NOON - HOUR, actor=cast.receptionist.actor, now=NOON)
    assert fresh(owned).money
    with pytest.raises(errors.WordsMissing):
        handling.demand_answer(demand=demand, outcome="refused", actor=cast.manager.actor, now=NOON)
    handling.demand_answer(demand=demand, outcome="refused", words="療程已完成", actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.AlreadyDone):
        handling.demand_answer(demand=demand, outcome="met", actor=cast.manager.actor, now=NOON)


def test_a_party_asks_for_themselves_and_for_nobody_else(cast, make_case, owned):
    other = make_case()
    handling.demand_record(case=owned, kind="records_copy", actor=party_of(owned), now=NOON)
    with pytest.raises(errors.MayNot):
        handling.demand_record(case=owned, kind="records_copy", actor=party_of(other), now=NOON)


# --- care ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def in_danger(cast, make_case):
    return make_case(danger_signs=("vision",))


@pytest.mark.requirement("D-03")
def test_danger_ends_with_a_doctors_record_and_nothing_else(cast, in_danger):
    task = in_danger.tasks.get(kind="danger_review")
    with pytest.raises(errors.DangerNeedsDoctor):
        handling.task_finish(task=task, actor=cast.head.actor, now=NOON)
    with pytest.raises(errors.DangerNeedsDoctor):
        handling.task_cancel(task=task, reason="不用了", actor=cast.head.actor, now=NOON)
    told = dict(kind="examination", happened_at=NOON - HOUR, words="視力正常，無壓迫", clears_danger=True, now=NOON)
    with pytest.raises(errors.MayNot):
        handling.care_record(case=in_danger, actor=cast.manager.actor, **told)

    handling.care_record(case=in_danger, actor=cast.doctor.actor, **told)
    task.refresh_from_db()
    assert fresh(in_danger).danger == "resolved" and task.done_by == cast.doctor.user
    assert types_of(in_danger)[-2:] == ["care.recorded", "case.danger_resolved"]


@pytest.mark.requirement("D-03")
def test_care_and_its_cost_are_recorded_whoever_is_at_fault_and_after_the_complaint(cast, owned):
    from suyuan.cases.services import ending

    ending.case_withdraw(case=owned, actor=party_of(owned), now=NOON)
    record = handling.care_record(
        case=owned, kind="referral", happened_at=NOON, words="轉眼科", place="市立醫院", cost=120000, currency="TWD",
        actor=cast.manager.actor, now=NOON,
    )  # fmt: skip
    assert record.cost == 120000 and fresh(owned).money


# --- tasks -----------------------------------------------------------------------------------------------------------


def test_a_task_opens_the_case_and_its_end_closes_it_again(cast, owned):
    task = handling.task_open(
        case=owned, kind=TASK, title="整理術前照片", assignee=cast.nurse.user, actor=cast.manager.actor, now=NOON
    )
    assert Case.objects.within(_reach(cast.nurse)).filter(pk=owned.pk).exists()
    handling.task_finish(task=task, words="已上傳", actor=cast.nurse.actor, now=NOON)
    assert not Case.objects.within(_reach(cast.nurse)).filter(pk=owned.pk).exists()


def test_a_colleagues_task_is_not_ticked_off_in_passing(cast, owned):
    for player in (cast.nurse, cast.surgeon):
        handling.task_open(case=owned, kind=TASK, title="看照片", assignee=player.user, actor=cast.manager.actor, now=NOON)
    theirs = Task.objects.get(case=owned, assignee=cast.surgeon.user)
    with pytest.raises(errors.NotYourTask):
        handling.task_finish(task=theirs, actor=cast.nurse.actor, now=NOON)
    handling.task_finish(task=theirs, actor=cast.surgeon.actor, now=NOON)


def test_a_task_needs_someone_and_words(cast, owned):
    for wrong in ({"role": "nobody"}, {"title": ""}, {"title": "字" * 201}):
        with pytest.raises(BadInput):
            handling.task_open(
                case=owned, actor=cast.manager.actor, now=NOON, **{"kind": TASK, "title": "x", "role": "nurse", **wrong}
            )


# --- the stranger, everywhere ----------------------------------------------------------------------------------------


def test_a_stranger_does_nothing_here_and_learns_nothing(cast, owned):
    stranger = cast.stranger.actor
    acts = [
        lambda: handling.case_raise(case=owned, level=3, reason="", actor=stranger, now=NOON),
        lambda: handling.case_flag(case=owned, flag="media", actor=stranger, now=NOON),
        lambda: handling.case_assign(case=owned, owner=cast.stranger.user, actor=stranger, now=NOON),
        lambda: talk(owned, stranger),
        lambda: handling.promise_make(case=owned, words="x", due_at=NOON + HOUR, actor=stranger, now=NOON),
        lambda: handling.task_open(case=owned, kind=TASK, title="x", role="nurse", actor=stranger, now=NOON),
        lambda: handling.harm_state(case=owned, state="none", actor=stranger, now=NOON),
    ]
    before = types_of(owned)
    for act in acts:
        with pytest.raises(errors.MayNot):
            act()
    assert types_of(owned) == before


TASK = "contact"


def _reach(player):
    from suyuan.accounts.rules import reach
    from suyuan.accounts.selectors import profile_for

    return reach(profile_for(player.actor, NOON))


def _with_task(case, player):
    Task.objects.create(case=case, kind="other", assignee=player.user, opened_at=NOON)
    Involvement.objects.create(case=case, user=player.user, kind="task", since=NOON)
    return player.actor


def test_the_builders_make_what_they_say(cast):
    case = case_made(cast)
    assert case.stage == Stage.RECEIVED and types_of(case)[0] == "case.opened"
