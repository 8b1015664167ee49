"""A case with a row in every table of an inquiry and of its papers, each with another beside it."""
from __future__ import annotations

from datetime import timedelta

from django.db import models

from suyuan.cases.models import Case, Finding, Report, RootCause, papers, sheets
from suyuan.cases.services import assessing, handling, inquiry, investigation, reports
from suyuan.cases.services.assessing import LineGiven
from suyuan.cases.services.intake import IssueGiven
from suyuan.cases.services.investigation import Bone
from suyuan.cases.services.passports import passport_make
from suyuan.platform.files import STAFF_TYPES, file_receive, file_store
from tests.cases.cast import HOUR, NOON, Cast, case_made, disclosed, fresh

CHECK = "https://clinic.example/p/proof/"
QUESTIONS = ("standard", "rigour", "aftercare", "harm")
LATER, LAST = NOON + HOUR, NOON + 2 * HOUR
WRITTEN = {"summary": "沒有人回電。", "process": "調閱通話紀錄。", "analysis": "值班表沒有寫明由誰回電。"}


def tables() -> list[type[models.Model]]:
    """Made from the modules that hold them: a table that is added there is asked for here."""
    found = [each for module in (sheets, papers) for each in vars(module).values() if isinstance(each, type)]
    here = {each for each in found if issubclass(each, models.Model) and each.__module__ in (sheets.__name__, papers.__name__)}
    return [Finding, RootCause, *sorted(here, key=lambda each: each.__name__)]


def inquired(cast: Cast) -> Case:
    doctor, manager, head, surgeon = cast.doctor.actor, cast.manager.actor, cast.head.actor, cast.surgeon.actor
    case_made(cast)
    case = disclosed(cast, case_made(cast, issues=(IssueGiven(subject="左眼腫脹"), IssueGiven(subject="沒有人回電"))))

    def item(words: str):
        received = file_receive(source=[words.encode()], name="紀錄.txt", max_bytes=1000, accept=STAFF_TYPES)
        stored = file_store(received=received, branch_id=case.branch_id, actor=head, now=NOON)
        return handling.file_add(case=fresh(case), stored=stored, source="desk", actor=head, now=NOON)

    items = [item(words) for words in ("通話紀錄", "值班表", "照片")]
    issue = case.issues.first()

    for words in ("當天跟刀的護理師", "櫃檯"):
        step = inquiry.plan_step_add(
            case=fresh(case), kind="hear_staff", words=words, issue=issue, user=cast.nurse.user,
            due_at=NOON + timedelta(days=2), actor=manager, now=NOON,
        )  # fmt: skip
        inquiry.plan_step_finish(step=step, note="都問過了", actor=cast.nurse.actor, now=LATER)
    step = inquiry.plan_step_add(case=fresh(case), kind="hear_staff", words="不在場", actor=manager, now=NOON)
    inquiry.plan_step_strike(step=step, reason="那天休假", actor=manager, now=LATER)

    for user in (cast.nurse.user, cast.surgeon.user):
        reason = {"reason": "只有這一位懂"}
        investigation.investigator_appoint(case=fresh(case), user=user, actor=manager, now=NOON, **reason)
    inquiry.conflict_declare(case=fresh(case), declared="some", words="同一個社團", actor=cast.nurse.actor, now=LATER)

    found = investigation.finding_record(case=fresh(case), words="三通沒有回", issue=issue, cites=items[:2], actor=doctor, now=NOON)
    investigation.finding_record(case=fresh(case), words="四通沒有回", replaces=found, cites=items[1:2], actor=doctor, now=LATER)
    bones = [Bone("people", "沒有人", "請假", True), Bone("people", "不知道")]
    investigation.fishbone_record(case=fresh(case), bones=bones, root="沒有指定", actor=doctor, now=NOON)

    for answer, reason in (("possible", "有契約"), ("none", "查過了")):
        assessing.exposure_answer(
            case=fresh(case), question="privacy", answer=answer, reason=reason, rules=["TW-CONF-1"], actor=head, now=NOON
        )

    for user in (cast.doctor.user, cast.surgeon.user):
        investigation.reviewer_appoint(case=fresh(case), user=user, reason="第二意見", actor=manager, now=NOON)
    for actor in (doctor, surgeon):
        half = [LineGiven("standard", "先寫一半", items[:1]), LineGiven("harm", "", items[2:])]
        assessing.care_sheet_save(case=fresh(case), lines=half, actor=actor, now=NOON)
        whole = [LineGiven(question, f"{question} 符合", items[:2]) for question in QUESTIONS]
        sheet = assessing.care_sheet_save(case=fresh(case), lines=whole, verdict="expected", sign=True, actor=actor, now=LATER)
        assessing.care_dissent(sheet=sheet, words="照片的角度不同", actor=head, now=LAST)

    for number in range(2):
        report = _written(case, "internal", WRITTEN | {"summary": f"第 {number} 版"}, cast)
        _finished(report, doctor)
    report = _written(case, "internal", WRITTEN | {"summary": "再一版"}, cast)
    report = _finished(report, doctor)
    for when, signer in enumerate((surgeon, cast.nurse.actor, doctor)):
        reports.report_sign(report=report, actor=signer, now=LATER + when * HOUR / 10)
    reports.report_print(report=report, actor=doctor, now=LAST)
    _given(case, cast)
    _written(case, "internal", WRITTEN | {"summary": "還在寫"}, cast)

    for purpose in ("mediation", "authority"):
        passport_make(case=fresh(case), purpose=purpose, language="zh-hant", check_url=CHECK, actor=manager, now=LAST)
    return fresh(case)


def _given(case: Case, cast: Cast) -> None:
    manager = cast.manager.actor
    words = {"opening": "我們聽了錄音。", "will_do": "每天回電。"}
    for issue in case.issues.all():
        words |= {f"issue_{issue.uid}": "這是事實。", f"outcome_{issue.uid}": "upheld"}
    for number in range(2):
        report = _written(case, "complainant", words | {"opening": f"第 {number} 次聽了錄音。"}, cast)
        report = _finished(report, manager)
        reports.report_sign(report=report, actor=manager, now=LATER)
        report = reports.report_print(report=report, actor=manager, now=LATER)
        reports.report_give(report=report, actor=manager, now=LAST)


def _written(case: Case, kind: str, words: dict[str, str], cast: Cast) -> Report:
    actor = cast.doctor.actor if kind == "internal" else cast.manager.actor
    report = reports.report_draft(case=fresh(case), kind=kind, language="zh-hant", actor=actor, now=NOON)
    kept = {**report.words, **words}
    return reports.report_revise(report=report, words=kept, edition=report.edition, actor=actor, now=LATER)


def _finished(report: Report, actor) -> Report:
    return reports.report_finish(report=report, edition=report.edition, check_url=CHECK, actor=actor, now=LATER)
