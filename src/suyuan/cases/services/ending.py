"""How a case ends, comes back, and what is learnt from it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from suyuan.accounts.rules import Role
from suyuan.cases import errors, rules
from suyuan.cases.models import Case, Evaluation, Survey, Task
from suyuan.cases.rules import ENDED, Stage
from suyuan.cases.services.handling.parts import (
    begin,
    case_change,
    gates_open,
    known,
    procedure,
    said,
    short,
    stage_move,
    stage_step,
    tasks_noted,
    tell,
    words_frozen,
)
from suyuan.cases.services.handling.working import CARE_TASKS
from suyuan.cases.services.receipts import secret_new
from suyuan.cases.services.wording import words_pass
from suyuan.correspondence.rules.guard import Surface
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform.keys import receipt_mac
from suyuan.platform.units import writes
from suyuan.playbooks.readers import Question

SURVEY_DAYS = 30
REASON_CHARS = 300
ANSWER_CHARS = 500
SCALE = range(1, 6)


# --- the two steps of closing --------------------------------------------------------------------------------------


@writes
def close_request(*, case: Case, actor: Actor, now: datetime) -> Case:
    """Propose to close; another person confirms. Raises GatesShut with what is still missing."""
    seen, case = case, begin(case, "close_request", actor, now)
    if case.stage == Stage.RESPONDED and case.closing_asked_at:
        raise errors.AlreadyAsked()
    stage_step(seen, case, "close_request", now=now, closing_asked_at=now, closing_asked_by_id=actor.user_id)
    tell(case, "case.closing_asked", actor=actor, now=now)
    return case


@writes
def close_confirm(*, case: Case, actor: Actor, now: datetime) -> Case:
    """Close it. Never by the person who proposed it, and every gate is asked again."""
    seen, case = case, begin(case, "close_confirm", actor, now)
    stage_step(seen, case, "close_confirm", now=now)
    cancelled = _tasks_over(case, now)
    tell(case, "case.closed", actor=actor, now=now, plain={"tasks_cancelled": cancelled})
    return case


# --- other endings -------------------------------------------------------------------------------------------------


@writes
def case_withdraw(*, case: Case, reason: str = "", actor: Actor, now: datetime) -> Case:
    """The person takes the complaint back, or staff write down that they did. Duties of law and care go on."""
    seen, case = case, begin(case, "withdraw", actor, now)
    by_staff = actor.kind in {"user", "guest"}
    reason = short(reason, REASON_CHARS, "reason", required=by_staff)
    stage_step(seen, case, "withdraw", now=now, given=frozenset({"complainant_asked"}), end_reason=reason)
    cancelled = _tasks_over(case, now)
    tell(
        case,
        "case.withdrawn",
        actor=actor,
        now=now,
        plain={"tasks_cancelled": cancelled, "by_staff": by_staff},
        **said(case, "reason", reason, now=now),
    )
    return case


@writes
def case_resolve_on_spot(
    *, case: Case, words: str, templates: Sequence[str] = (), actor: Actor, now: datetime
) -> Case:
    """Settled at once, to the person's own satisfaction: what was agreed, in words."""
    seen, case = case, begin(case, "resolve_on_spot", actor, now)
    stage_step(seen, case, "resolve_on_spot", now=now, given=frozenset({"complainant_content"}))
    text = words_frozen(case, "resolution", words, now=now)
    where = {"surface": Surface.SETTLEMENT, "agreed": True, "templates": templates}
    passed = words_pass(case, words, what="resolution", **where, now=now)
    cancelled = _tasks_over(case, now)
    plain = {"tasks_cancelled": cancelled, **passed}
    tell(case, "case.resolved_on_spot", actor=actor, now=now, plain=plain, texts={"words": text})
    return case


def _tasks_over(case: Case, now: datetime) -> int:
    """Open tasks end with the complaint, except what a person's body or the law still asks for."""
    care = Q(kind__in=CARE_TASKS) | Q(role=Role.DOCTOR)
    open_tasks = Task.objects.filter(case=case, done_at=None, cancelled_at=None).exclude(care)
    gone = list(open_tasks.values_list("pk", "assignee_id"))
    Task.objects.filter(pk__in=[pk for pk, _holder in gone]).update(cancelled_at=now)
    tasks_noted(case, (holder for _pk, holder in gone), now)
    return len(gone)


# --- coming back ---------------------------------------------------------------------------------------------------


@writes
def case_reopen(*, case: Case, reason: str, actor: Actor, now: datetime) -> Case:
    """Bring an ended case back within the days of its procedure, to where its own past says. Raises TooEarlyOrLate."""
    seen, case = case, begin(case, "reopen", actor, now)
    if seen.stage != case.stage:
        raise errors.CaseMovedMeanwhile()
    if case.stage not in ENDED or case.ended_at is None:
        raise errors.WrongStage(stage=case.stage, move="reopen")
    if not rules.may_reopen(case.ended_at, now, procedure(case).reopening.days):
        raise errors.TooEarlyOrLate()
    told = said(case, "reason", reason, now=now, required=True)
    move = rules.reopen_move(case.stage, acknowledged=case.acknowledged_at is not None)
    gates_open(case, move, frozenset({"reopening_in_time", "complainant_asked"}))
    before = case.stage
    stage_move(
        case,
        move,
        now=now,
        closing_asked_at=None,
        closing_asked_by=None,
        end_reason="",
        reopened_count=case.reopened_count + 1,
    )
    plain = {"from": str(before), "to": str(case.stage), "times": case.reopened_count}
    tell(case, "case.reopened", actor=actor, now=now, plain=plain, **told)
    return case


# --- looking back --------------------------------------------------------------------------------------------------


@writes
def case_evaluate(
    *, case: Case, answers: Mapping[str, Any], words: str, actor: Actor, now: datetime
) -> Evaluation:
    """What went well, what did not, what we learned."""
    case = begin(case, "evaluate", actor, now)
    if case.stage not in ENDED | {Stage.RESPONDED}:
        raise errors.WrongStage(stage=case.stage, move="evaluate")
    if Evaluation.objects.filter(case=case).exists():
        raise errors.AlreadyDone()
    codes, typed = _answers(procedure(case).evaluation, answers)
    text = words_frozen(case, "evaluation", words, now=now)
    evaluation = Evaluation.objects.create(
        case=case, answers=codes | typed, words=text, by_id=actor.user_id, at=now
    )
    case_change(case, now=now)
    tell(case, "evaluation.recorded", actor=actor, now=now, plain={"answers": codes}, private=_sealed(typed), texts={"words": text})
    return evaluation


@writes
def survey_send(*, case: Case, actor: Actor, now: datetime) -> tuple[Survey, str]:
    """Ask the person how we handled it, once the answer is out. Returns the row and the secret of its link, shown once."""
    case = begin(case, "survey_send", actor, now)
    if case.stage not in ENDED | {Stage.RESPONDED}:
        raise errors.WrongStage(stage=case.stage, move="survey_send")
    if Survey.objects.filter(case=case, sent_at__gte=_last_return(case)).exists():
        raise errors.AlreadyDone()
    secret = secret_new()
    mac, key_id = receipt_mac(secret)
    expires = now + timedelta(days=SURVEY_DAYS)
    survey = Survey.objects.create(case=case, mac=mac, key_id=key_id, sent_at=now, expires_at=expires)
    case_change(case, now=now)
    plain = {"survey": str(survey.uid), "expires": expires.isoformat()}
    tell(case, "survey.sent", actor=actor, now=now, plain=plain)
    return survey, secret


@writes
def survey_answer(
    *, survey: Survey, answers: Mapping[str, Any], words: str = "", actor: Actor, now: datetime
) -> Survey:
    """The person's answers, once. No answer is required, none is asked twice."""
    case = begin(survey.case, "survey_answer", actor, now)
    survey = Survey.objects.select_for_update().get(pk=survey.pk)
    if survey.answered_at:
        raise errors.AlreadyDone()
    if survey.expires_at <= now:
        raise errors.SurveyOver()
    codes, typed = _answers(procedure(case).survey, answers)
    text = words_frozen(case, "survey", words, now=now) if words.strip() else None
    survey.answers, survey.words, survey.answered_at = codes | typed, text, now
    survey.save(update_fields=["answers", "words", "answered_at"])
    case_change(case, now=now)
    plain = {"survey": str(survey.uid), "answers": codes}
    tell(case, "survey.answered", actor=actor, now=now, plain=plain, private=_sealed(typed), texts={"words": text} if text else {})
    return survey


def _last_return(case: Case) -> datetime:
    """A case that came back may be asked about again."""
    return case.responded_at or case.acknowledged_at or case.received_at


def _sealed(typed: Mapping[str, str]) -> dict[str, str]:
    return {f"answer_{name}": words for name, words in typed.items()}


def _answers(questions: tuple[Question, ...], answers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Answers to known questions, split into codes and figures on one side, typed words on the other."""
    by_id = {question.id: question for question in questions}
    codes: dict[str, Any] = {}
    typed: dict[str, str] = {}
    for name, value in answers.items():
        question = by_id.get(known(name, by_id, "answers"))
        if value in ("", None):
            continue
        match question.kind:
            case "text":
                typed[name] = short(str(value), ANSWER_CHARS, name)
            case "choice":
                codes[name] = known(value, {choice.id for choice in question.choices}, name)
            case "scale":
                # True is 1 to Python and no answer to a person.
                codes[name] = known(None if isinstance(value, bool) else value, SCALE, name)
            case "yes_no":
                codes[name] = known(value if isinstance(value, bool) else None, (True, False), name)
    missing = [q.id for q in questions if not q.optional and q.id not in codes | typed]
    if missing:
        raise BadInput(fields={name: "required" for name in missing})
    return codes, typed
