"""Closing in two steps, withdrawing, settling on the spot, coming back, and learning from it."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.cases import errors
from suyuan.cases.models import Task
from suyuan.cases.rules import Stage
from suyuan.cases.services import ending, handling, parties
from suyuan.kernel.refusal import BadInput
from tests.cases.cast import HOUR, NOON, acknowledged, facts_of, fresh, nothing_left, party_of, types_of

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]


@pytest.fixture
def ready(cast, make_case):
    return nothing_left(cast, make_case(stage="responded"))


def proposed(cast, case):
    return ending.close_request(case=case, actor=cast.manager.actor, now=NOON)


# --- two steps -------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_case_is_closed_through_every_gate_by_two_people(cast, ready):
    case = proposed(cast, ready)
    assert (case.stage, case.closing_asked_by_id) == (Stage.RESPONDED, cast.manager.pk)
    case = ending.close_confirm(case=case, actor=cast.colleague.actor, now=NOON)
    assert (case.stage, case.is_open, case.ended_at) == (Stage.CLOSED, False, NOON)
    assert types_of(case)[-2:] == ["case.closing_asked", "case.closed"]


def test_whoever_proposed_does_not_confirm(cast, ready):
    case = proposed(cast, ready)
    with pytest.raises(errors.MayNot) as refused:
        ending.close_confirm(case=case, actor=cast.manager.actor, now=NOON)
    assert refused.value.data["denied"] == "same_person"
    assert fresh(case).is_open


def test_nobody_confirms_what_nobody_proposed(cast, ready):
    with pytest.raises(errors.MayNot) as refused:
        ending.close_confirm(case=ready, actor=cast.colleague.actor, now=NOON)
    assert refused.value.data["denied"] == "nothing_requested"


def test_it_is_proposed_once(cast, ready):
    proposed(cast, ready)
    with pytest.raises(errors.AlreadyAsked):
        ending.close_request(case=fresh(ready), actor=cast.colleague.actor, now=NOON)


def test_what_is_still_open_is_said_in_words(cast, ready):
    handling.task_open(case=ready, kind="other", title="還照片", role="nurse", actor=cast.manager.actor, now=NOON)
    handling.demand_record(case=ready, kind="records_copy", actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.GatesShut) as shut:
        proposed(cast, fresh(ready))
    assert {"demands_answered", "tasks_done"} <= {m.code for m in shut.value.missing}
    assert "還有工作沒有做完" in shut.value.words
    assert fresh(ready).closing_asked_at is None


def test_gates_are_asked_again_at_the_second_step(cast, ready):
    case = proposed(cast, ready)
    from suyuan.cases.services.intake import danger_raise

    danger_raise(case=case, signs=["fever"], words="今天發燒", actor=cast.receptionist.actor, now=NOON)
    with pytest.raises(errors.GatesShut) as shut:
        ending.close_confirm(case=fresh(case), actor=cast.colleague.actor, now=NOON)
    assert "danger_resolved" in {m.code for m in shut.value.missing}


@pytest.mark.postgres
def test_a_proposal_falls_when_its_proposer_turns_out_to_be_complained_about(cast, ready):
    case = proposed(cast, ready)
    parties.complained_set(case=case, user=cast.manager.user, actor=cast.head.actor, now=NOON)
    with pytest.raises(errors.MayNot):
        ending.close_confirm(case=fresh(case), actor=cast.colleague.actor, now=NOON)


# --- other endings ---------------------------------------------------------------------------------------------------


def test_a_person_takes_their_complaint_back_without_giving_a_reason(cast, make_case):
    case = make_case()
    case = ending.case_withdraw(case=case, actor=party_of(case), now=NOON)
    assert (case.stage, case.is_open) == (Stage.WITHDRAWN, False)
    assert facts_of(case, "case.withdrawn")[0].value("by_staff") is False


def test_staff_write_down_why(cast, make_case):
    case = acknowledged(cast, make_case())
    with pytest.raises(errors.WordsMissing):
        ending.case_withdraw(case=case, actor=cast.manager.actor, now=NOON)
    assert ending.case_withdraw(case=case, reason="本人來電說不再追究", actor=cast.manager.actor, now=NOON).end_reason


def test_a_party_of_another_case_withdraws_nothing_here(cast, make_case):
    case, other = make_case(), make_case()
    with pytest.raises(errors.MayNot):
        ending.case_withdraw(case=case, actor=party_of(other), now=NOON)


@pytest.mark.requirement("D-03")
def test_duties_of_law_and_care_survive_a_withdrawal(cast, make_case):
    case = acknowledged(cast, make_case(danger_signs=("vision",)))
    handling.task_open(case=case, kind="other", title="整理照片", assignee=cast.nurse.user, actor=cast.manager.actor, now=NOON)
    demand = handling.demand_record(case=case, kind="records_copy", actor=party_of(case), now=NOON)
    before = set(case.clocks.filter(state="running", basis="law").values_list("rule_id", flat=True))
    case = ending.case_withdraw(case=fresh(case), actor=party_of(case), now=NOON)

    still = Task.objects.filter(case=case, done_at=None, cancelled_at=None)
    assert "danger_review" in set(still.values_list("kind", flat=True))
    assert still.filter(kind="step", detail__step="care_check").exists()
    assert not still.filter(kind="other").exists()
    assert not case.involvements.filter(kind="task", user=cast.nurse.user, until=None).exists()
    after = set(case.clocks.filter(state="running", basis="law").values_list("rule_id", flat=True))
    assert before and before <= after
    handling.demand_answer(demand=demand, outcome="met", actor=cast.manager.actor, now=NOON)


def test_settling_on_the_spot_is_for_the_light_ones(cast, make_case):
    case = acknowledged(cast, make_case())
    handling.case_raise(case=case, level=2, reason="", actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.GatesShut) as shut:
        ending.case_resolve_on_spot(case=fresh(case), words="當場說明", actor=cast.manager.actor, now=NOON)
    assert "level_one" in {m.code for m in shut.value.missing}


def test_settled_on_the_spot(cast, make_case):
    case = handling.case_assign(case=make_case(), owner=cast.manager.user, actor=cast.head.actor, now=NOON)
    case = ending.case_resolve_on_spot(case=case, words="重新排了回診時間，對方滿意", actor=cast.manager.actor, now=NOON)
    assert case.stage == Stage.RESOLVED
    with pytest.raises(errors.WordsMissing):
        ending.case_resolve_on_spot(case=acknowledged(cast, make_case()), words=" ", actor=cast.manager.actor, now=NOON)


def test_danger_is_never_settled_on_the_spot(cast, make_case):
    case = acknowledged(cast, make_case(danger_signs=("vision",)))
    with pytest.raises(errors.GatesShut):
        ending.case_resolve_on_spot(case=case, words="沒事了", actor=cast.manager.actor, now=NOON)


# --- coming back -----------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_closed_case_comes_back_within_its_window(cast, ready):
    case = ending.close_confirm(case=proposed(cast, ready), actor=cast.colleague.actor, now=NOON)
    later = NOON + timedelta(days=13)
    case = ending.case_reopen(case=case, reason="又腫了", actor=cast.manager.actor, now=later)
    assert (case.stage, case.is_open, case.reopened_count) == (Stage.INVESTIGATING, True, 1)
    assert case.closing_asked_at is None and case.ended_at is None
    with pytest.raises(errors.WrongStage):
        ending.case_reopen(case=case, reason="再一次", actor=cast.manager.actor, now=later)


def test_after_the_window_it_is_a_new_case(cast, ready):
    case = ending.close_confirm(case=proposed(cast, ready), actor=cast.colleague.actor, now=NOON)
    with pytest.raises(errors.TooEarlyOrLate):
        ending.case_reopen(case=case, reason="又腫了", actor=cast.manager.actor, now=NOON + timedelta(days=14))


def test_a_withdrawn_case_comes_back_to_where_its_own_past_says(cast, make_case):
    untouched = make_case()
    ending.case_withdraw(case=untouched, actor=party_of(untouched), now=NOON)
    spoken = acknowledged(cast, make_case())
    ending.case_withdraw(case=spoken, actor=party_of(spoken), now=NOON)
    for case, stage in ((untouched, Stage.RECEIVED), (spoken, Stage.ACKNOWLEDGED)):
        back = ending.case_reopen(case=fresh(case), reason="改變心意", actor=cast.head.actor, now=NOON + HOUR)
        assert back.stage == stage


# --- looking back ----------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.requirement("A-20")
def test_an_evaluation_is_written_once_after_the_answer(cast, make_case, ready):
    told = dict(answers={}, words="回電要有值班表", actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.WrongStage):
        ending.case_evaluate(case=acknowledged(cast, make_case()), **told)
    evaluation = ending.case_evaluate(case=ready, **told)
    assert evaluation.words.body == "回電要有值班表"
    with pytest.raises(errors.AlreadyDone):
        ending.case_evaluate(case=ready, **told)


@pytest.mark.requirement("A-20")
def test_answers_are_those_the_procedure_asks_for(cast, ready):
    with pytest.raises(BadInput):
        ending.case_evaluate(case=ready, answers={"blame": "x"}, words="x", actor=cast.manager.actor, now=NOON)


@pytest.fixture
def asked(cast, ready):
    return ending.survey_send(case=ready, actor=cast.manager.actor, now=NOON)


def answers_to(questions):
    """One fitting answer to each question."""
    fitting = {"scale": lambda q: 4, "yes_no": lambda q: True, "choice": lambda q: q.choices[0].id, "text": lambda q: "可以再快一點"}
    return {question.id: fitting[question.kind](question) for question in questions}


@pytest.mark.postgres
@pytest.mark.requirement("A-21")
def test_the_person_answers_the_survey_once(cast, ready, asked):
    from suyuan.playbooks.selectors import procedure_of

    survey, secret = asked
    assert len(secret) == 20
    answers = answers_to(procedure_of(ready.procedure_id).survey)
    survey = ending.survey_answer(survey=survey, answers=answers, words="謝謝你們後來有回電", actor=party_of(ready), now=NOON)
    assert survey.answers == answers and survey.words.body
    with pytest.raises(errors.AlreadyDone):
        ending.survey_answer(survey=survey, answers=answers, actor=party_of(ready), now=NOON)


@pytest.mark.requirement("A-21")
def test_the_survey_is_for_the_person_and_for_a_month(cast, ready, asked):
    survey, _secret = asked
    with pytest.raises(errors.MayNot):
        ending.survey_answer(survey=survey, answers={}, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.SurveyOver):
        ending.survey_answer(survey=survey, answers={}, actor=party_of(ready), now=NOON + timedelta(days=30))
    with pytest.raises(errors.AlreadyDone):
        ending.survey_send(case=ready, actor=cast.manager.actor, now=NOON)


@pytest.mark.requirement("A-21")
@pytest.mark.parametrize("value", [0, 6, "4", True, None])
def test_a_scale_has_five_steps(cast, ready, asked, value):
    from suyuan.playbooks.selectors import procedure_of

    scale = next(q for q in procedure_of(ready.procedure_id).survey if q.kind == "scale")
    if value is None:
        ending.survey_answer(survey=asked[0], answers={scale.id: None}, actor=party_of(ready), now=NOON)
        return
    with pytest.raises(BadInput):
        ending.survey_answer(survey=asked[0], answers={scale.id: value}, actor=party_of(ready), now=NOON)
