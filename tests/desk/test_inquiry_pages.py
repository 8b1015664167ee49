"""The pages of judgement: who sees what, what is kept when something is missing, and how it reads."""
from __future__ import annotations

import re

import pytest
from django.urls import reverse

from suyuan.cases.models import CareSheet
from suyuan.cases.rules import Stage
from suyuan.cases.services import assessing, handling, investigation
from suyuan.cases.services.investigation import Bone
from suyuan.desk.shapes import act_url
from suyuan.evidence.models import Item
from suyuan.kernel.actor import SYSTEM
from suyuan.kernel.refusal import BadInput
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.models import AccessRow
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.services import packs_load
from tests.cases.cast import HOUR, NOON, fresh
from tests.playbooks.shelf import changed, copied

QUESTIONS = ("standard", "rigour", "aftercare", "harm")


@pytest.fixture
def case(make_case):
    return make_case(Stage.INVESTIGATING)


@pytest.fixture
def proof(cast, case):
    received = file_receive(source=["手術紀錄".encode()], name="手術紀錄.txt", max_bytes=1000)
    stored = file_store(received=received, branch_id=case.branch_id, actor=cast.head.actor, now=NOON)
    return handling.file_add(case=fresh(case), stored=stored, source="desk", note="手術紀錄", actor=cast.head.actor, now=NOON)


@pytest.fixture
def asked(cast, case):
    """The doctor is asked to judge the standard of care."""
    investigation.investigator_release(case=fresh(case), user=cast.doctor.user, reason="改任評估", actor=cast.manager.actor, now=NOON)
    investigation.reviewer_appoint(case=fresh(case), user=cast.doctor.user, actor=cast.manager.actor, now=NOON)


def at(name: str, case) -> str:
    return reverse(f"desk:{name}", args=[case.reference])


def answers(proof: Item, **said) -> dict:
    lines = {q: f"{q} 已比對" for q in QUESTIONS} | {f"cites_{q}": [str(proof.uid)] for q in QUESTIONS}
    return {**lines, "verdict": "expected", **said}


@pytest.mark.requirement("B-01")
def test_the_reviewer_saves_then_signs_and_everyone_who_reads_the_case_sees_the_judgement(case, asked, proof, browser):
    doctor = browser("doctor")
    manager = browser("manager")
    page = at("standard_of_care", case)
    assert doctor.post(at("care_sheet", case), answers(proof, save="1")).status_code == 302
    assert "儲存第 2 版" in doctor.get(page).content.decode()
    assert "預期範圍之內" not in re.sub(r"<fieldset.*?</fieldset>", "", manager.get(page).content.decode(), flags=re.S)
    assert doctor.post(at("care_sheet", case), answers(proof, sign="1")).status_code == 302
    shown = manager.get(page).content.decode()
    assert "standard 已比對" in shown and "證物 1　手術紀錄" in shown and "預期範圍之內" in shown


@pytest.mark.requirement("B-01")
def test_what_was_typed_stays_when_a_line_lacks_its_evidence(case, asked, proof, browser):
    doctor = browser("doctor")
    answered = doctor.post(at("care_sheet", case), answers(proof, sign="1", cites_harm=[]))
    assert answered.status_code == 422
    body = answered.content.decode()
    assert "harm 已比對" in body and "沒有引用證物" in body
    assert not CareSheet.objects.exists()


def test_nobody_else_writes_the_sheet(case, asked, proof, browser):
    manager = browser("manager")
    assert manager.post(at("care_sheet", case), answers(proof, save="1")).status_code in (403, 404)
    assert "<textarea" not in manager.get(at("standard_of_care", case)).content.decode()


@pytest.mark.requirement("A-02")
def test_exposure_is_for_counsel_s_readers_and_the_log_has_it_first(case, cast, browser):
    manager = browser("manager")
    doctor = browser("doctor")
    head = browser("head")
    assessing.exposure_answer(
        case=fresh(case), question="privacy", answer="possible", reason="照片貼在公開群組", rules=["TW-CONF-1"],
        actor=cast.head.actor, now=NOON,
    )  # fmt: skip
    for other in (manager, doctor):
        closed = other.get(at("exposure", case))
        assert closed.status_code == 200 and "照片貼在公開群組" not in closed.content.decode() and "可能" not in closed.content.decode()
    body = head.get(at("exposure", case)).content.decode()
    assert "照片貼在公開群組" in body and "還有 5 題" in body and "醫療法" in body
    assert AccessRow.objects.filter(what="case.exposure").exists()


@pytest.fixture
def newer_law(tmp_path):
    """Load the law anew, with words of it changed. A version that is rolled back leaves its number to the next one."""

    def load(old: str, new: str, now) -> None:
        folder = copied(tmp_path / f"{len(list(tmp_path.iterdir()))}", "law/tw", "calendars/tw")
        changed(folder / "law/tw/rules.yaml", old, new)
        packs_load(folder=folder, actor=SYSTEM, now=now)
        packs.forget()

    yield load
    packs.forget()


@pytest.mark.requirement("A-02")
def test_an_answer_of_exposure_keeps_the_law_it_was_given_under_and_the_next_one_rests_on_law_in_force(case, cast, browser, newer_law):
    head, old, new = browser("head"), "病人的病情與健康資訊不得外洩", "病人的任何資訊都不得外洩"
    said = {"answer": "possible", "reason": "貼在公開群組", "rules": ["TW-CONF-1"], "actor": cast.head.actor}

    def answered(question: str, now) -> None:
        assessing.exposure_answer(case=fresh(case), question=question, now=now, **said)

    answered("privacy", NOON)
    newer_law(old, new, NOON + HOUR)
    assert old in head.get(at("exposure", case)).content.decode()
    answered("negligence", NOON + 2 * HOUR)
    body = head.get(at("exposure", case)).content.decode()
    assert old in body and new in body

    # Law that binds from next year on is no basis of what happened this year.
    article = "    article: §72；§23；§316\n    version_date: null\n    effective_from: "
    newer_law(f"{article}null", f"{article}2027-01-01", NOON + 3 * HOUR)
    form = head.get(act_url("exposure", case)).content.decode()
    assert "TW-CONF-1" not in form and "TW-REC-1" in form
    with pytest.raises(BadInput):
        answered("privacy", NOON + 4 * HOUR)
    assert old in head.get(at("exposure", case)).content.decode()


@pytest.mark.requirement("A-10")
def test_a_fishbone_is_drawn_for_those_who_learn_from_it_and_closed_to_others(case, cast, browser):
    doctor = browser("doctor")
    legal = browser("legal")
    handling.case_flag(case=fresh(case), flag="legal", reason="", actor=cast.manager.actor, now=NOON)
    bones = [Bone("people", "夜班臨時調人"), Bone("method", "交班沒有清單", "表單去年停用", root=True)]
    investigation.fishbone_record(case=fresh(case), bones=bones, root="交班只靠口頭", actor=cast.doctor.actor, now=NOON)
    drawn = doctor.get(at("investigation", case)).content.decode()
    assert "<svg class=\"sy-fish\"" in drawn and "交班沒有清單" in drawn and "因為：表單去年停用" in drawn
    assert "交班沒有清單" not in legal.get(at("investigation", case)).content.decode()


def test_a_finding_shows_what_it_cites(case, cast, proof, browser):
    manager = browser("manager")
    investigation.finding_record(case=fresh(case), words="紀錄完整", cites=[proof], actor=cast.doctor.actor, now=NOON)
    body = manager.get(at("investigation", case)).content.decode()
    assert "證物 1　手術紀錄" in body and str(proof.uid) in body
