"""No word leaves but through the gate: asked of every service that makes what people outside read, and of the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

import suyuan
from suyuan.cases.models import Demand
from suyuan.cases.rules import Paper, Stage, paper_fields
from suyuan.cases.selectors.outside import PortalView
from suyuan.cases.services import ending, handling, investigation, publishing
from suyuan.cases.services.checklist import evidence_ask
from suyuan.cases.services.reports import report_draft, report_finish, report_revise
from suyuan.cases.services.rights import Choice, case_copies_prepare, erasure_answer
from suyuan.correspondence.errors import GuardHeld, PlacesOpen
from suyuan.correspondence.models import Message, VerdictRow
from suyuan.correspondence.services import message_draft, message_mark_sent, message_queue
from suyuan.desk.services import letter_send
from suyuan.platform.models import FactRow
from tests.cases.cast import NOON, WALKS, case_made, cast_made, fresh
from tests.correspondence.held import GAG

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-11")]

SOURCE = Path(suyuan.__file__).parent
TOMORROW = NOON + timedelta(days=1)


@pytest.fixture
def cast(packs, db):
    return cast_made()


def at(cast, stage: Stage):
    return fresh(WALKS[stage](cast, case_made(cast)))


def _assigned(cast):
    return handling.case_assign(case=case_made(cast), owner=cast.manager.user, actor=cast.head.actor, now=NOON)


def _found(cast):
    """Everything found that has to be, and nobody told yet."""
    case, doctor = at(cast, Stage.INVESTIGATING), cast.doctor.actor
    for issue in case.issues.all():
        investigation.finding_record(case=case, issue=issue, words="三週仍在恢復期內。", basis="回診紀錄", actor=doctor, now=NOON)
    investigation.root_cause_record(case=case, whys=["沒有回電"], root="沒有人負責回電", actor=doctor, now=NOON)
    return handling.speaker_name(case=fresh(case), speaker=cast.colleague.user, actor=cast.manager.actor, now=NOON)


def _demand(case, cast, kind="refund", **more) -> Demand:
    return handling.demand_record(case=case, kind=kind, asked_by=case.parties.get(), **more, actor=cast.manager.actor, now=NOON)


def _draft(case, cast, channel: str, **more) -> Message:
    about = {"stream": case.stream, "branch_id": case.branch_id, "kind": "letter", "actor": cast.manager.actor, "now": NOON}
    return message_draft(channel=channel, body=more.pop("body", GAG), **about, **more)


def _report(cast) -> None:
    case, by = at(cast, Stage.DISCLOSED), {"actor": cast.manager.actor, "now": NOON}
    report = report_draft(case=case, kind=Paper.COMPLAINANT, language="zh-hant", **by)
    asked = paper_fields(Paper.COMPLAINANT, [str(issue.uid) for issue in case.issues.all()])
    said = {name: "upheld" if name.startswith("outcome_") else GAG for name in asked if name != "figure"}
    report = report_revise(report=report, words=said, edition=report.edition, **by)
    report_finish(report=report, edition=report.edition, check_url="https://clinic.example/p/proof/", **by)


# What lets words out: (what it is called, how it is tried with words that may never leave).
LETTING_OUT = {
    "message_queue": lambda cast, case, by: message_queue(message=_draft(case, cast, "portal"), **by),
    "subject line": lambda cast, case, by: message_queue(message=_draft(case, cast, "portal", body="您好", subject_line=GAG), **by),
    "message_mark_sent": lambda cast, case, by: message_mark_sent(message=_draft(case, cast, "phone_note"), **by),
    "letter_send": lambda cast, case, by: letter_send(case=case, party=case.parties.get(), channel="portal", words=GAG, **by),
    "case_acknowledge": lambda cast, case, by: handling.case_acknowledge(case=_assigned(cast), method="telephone", words=GAG, **by),
    "plan_explain": lambda cast, case, by: handling.plan_explain(case=case, method="telephone", words=GAG, **by),
    "plan_explain in person": lambda cast, case, by: handling.plan_explain(case=case, method="in_person", words=GAG, **by),
    "promise_make": lambda cast, case, by: handling.promise_make(case=case, words=GAG, due_at=TOMORROW, **by),
    "demand_answer": lambda cast, case, by: handling.demand_answer(demand=_demand(case, cast), outcome="refused", words=GAG, **by),
    "evidence_ask": lambda cast, case, by: evidence_ask(
        case=case, kind="correspondence", due_at=TOMORROW, party=case.parties.get(), words=GAG, **by
    ),
    "case_copies_prepare": lambda cast, case, by: case_copies_prepare(
        case=case, items=[], demand=_demand(case, cast, "records_copy"), consents="included", missing=GAG, **by
    ),
    "case_resolve_on_spot": lambda cast, case, by: ending.case_resolve_on_spot(case=at(cast, Stage.ACKNOWLEDGED), words=GAG, **by),
    "case_disclose": lambda cast, case, by: investigation.case_disclose(case=_found(cast), method="portal", words=GAG, **by),
    "case_disclose in person": lambda cast, case, by: investigation.case_disclose(
        case=_found(cast), method="in_person", words=GAG, **by
    ),
    "case_respond": lambda cast, case, by: investigation.case_respond(case=at(cast, Stage.DISCLOSED), method="portal", words=GAG, **by),
    "erasure_answer": lambda cast, case, by: _erasure(cast, case),
    "public_freeze": lambda cast, case, by: _public(case, by),
    "report_finish": lambda cast, case, by: _report(cast),
}


def _public(case, by) -> None:
    given = {"surface": "statement", "words": GAG, **by}
    publishing.public_freeze(case=case, message=publishing.public_draft(case=case, **given), **by)


def _erasure(cast, case) -> None:
    demand = _demand(case, cast, "data_erase")
    choices = {group: Choice(erase=False, reason="還在處理") for group in ("identifiers", "contacts", "photos", "messages", "narrative", "chart", "facts")}
    given = {"choices": choices, "letter": GAG, "language": "zh-hant"}
    erasure_answer(case=case, demand=demand, **given, actor=cast.head.actor, now=NOON)


@pytest.mark.parametrize("name", LETTING_OUT)
def test_no_service_lets_a_gag_out(cast, name):
    case = at(cast, Stage.RECEIVED)
    with pytest.raises(GuardHeld):
        LETTING_OUT[name](cast, case, {"actor": cast.manager.actor, "now": NOON})
    out = Message.objects.filter(direction="out", text__body__contains="不得向衛生局")
    assert not out.exists() and not VerdictRow.objects.filter(level="block").exists()
    assert not FactRow.objects.filter(stream=case.stream, type__in=["message.queued", "message.sent"]).exists()


@pytest.mark.requirement("A-07")
@pytest.mark.parametrize("name", LETTING_OUT)
def test_no_service_lets_an_unfilled_place_out(cast, name, monkeypatch):
    monkeypatch.setitem(globals(), "GAG", "您好，請打｛phone｝找我們。")
    case = at(cast, Stage.RECEIVED)
    with pytest.raises(PlacesOpen) as refused:
        LETTING_OUT[name](cast, case, {"actor": cast.manager.actor, "now": NOON})
    assert "診所電話" in refused.value.message()
    assert not Message.objects.filter(direction="out", text__body__contains="phone").exists()


def test_the_database_takes_no_message_out_without_its_verdict(cast):
    case = at(cast, Stage.RECEIVED)
    draft = _draft(case, cast, "portal")
    queued = {"state": "queued", "text_id": case.narrative_id, "draft_body": "", "queued_at": NOON, "send_after": NOON}
    with pytest.raises(IntegrityError, match="message_out_has_its_verdict"), transaction.atomic():
        Message.objects.filter(pk=draft.pk).update(**queued)


# What the follow-up page shows, and by which service the words of people in it passed the gate.
SHOWN = {
    "promises": "promise_make",
    "messages": "message_queue",
    "disclosures": "case_disclose",
    "erasure_answers": "erasure_answer",
    "papers": "report_finish",
    "asked": "evidence_ask",
}
NO_WORDS_OF_OURS = {
    "reference", "stage", "stage_name", "stage_explain", "steps", "is_open", "ended_at", "received_at", "speaker", "branch_name",
    "branch_phone", "emergency_phone", "danger_open", "files", "demands", "identity_verified", "preferred_channel", "wishes",
    "survey_open", "is_complete", "may_write",
}  # fmt: skip


def test_everything_the_follow_up_page_shows_is_accounted_for():
    shown = {field.name for field in fields(PortalView)}
    assert shown == set(SHOWN) | NO_WORDS_OF_OURS and set(SHOWN.values()) <= set(LETTING_OUT)


# Rows whose words people outside read; whoever makes one calls the gate in the same function, or a function that does.
ROWS = {"Acknowledgement", "Disclosure", "ErasureLetter", "Promise"}
GATES = {"words_pass", "guard_pass", "message_queue", "_through_the_guard", "_passed"}
# Words of packs, made with a case that is being opened.
FROM_PACKS = {"cases/services/clocks.py", "cases/services/intake.py"}


def test_no_function_makes_such_a_row_beside_the_gate():
    wrong = []
    for path in (*SOURCE.glob("*/services/**/*.py"), *SOURCE.glob("*/services.py")):
        where = path.relative_to(SOURCE).as_posix()
        if where in FROM_PACKS:
            continue
        for function in _functions(ast.parse(path.read_text(encoding="utf-8"))):
            called = {_name(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
            made = {_maker(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)} & ROWS
            if made and not called & GATES:
                wrong.append(f"{where}:{function.name} makes {sorted(made)}")
    assert wrong == []


def test_only_one_function_queues_a_message():
    queueing = []
    for path in SOURCE.rglob("*.py"):
        if "/migrations/" in path.as_posix():
            continue
        text = path.read_text(encoding="utf-8")
        if '"queue")' in text and "LIFE.move" in text:
            queueing.append(path.relative_to(SOURCE).as_posix())
    assert queueing == ["correspondence/services/outgoing.py"]


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _maker(called: ast.expr) -> str:
    """`Promise(…)` and `Promise.objects.create(…)` are both Promise."""
    if isinstance(called, ast.Attribute):
        made = called.attr in ("create", "bulk_create") and isinstance(called.value, ast.Attribute)
        called = called.value.value if made else called
    return called.id if isinstance(called, ast.Name) else ""
