"""Reports: written, frozen, signed by those whose names stand under them, kept, superseded; nothing protected in them."""
from __future__ import annotations

import hashlib
import io
import re

import pytest
from django.db import DatabaseError, connection, transaction
from PIL import Image
from pypdf import PdfReader

from suyuan.cases import errors
from suyuan.cases.services import handling, investigation, parties, reports
from suyuan.cases.services.intake import PersonGiven
from suyuan.cases.services.passports import passport_make
from suyuan.correspondence.models import Message
from suyuan.evidence.models import Item
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.kernel.refusal import BadInput
from suyuan.people.rules import Contact
from suyuan.platform.files import STAFF_TYPES, file_open, file_receive, file_store
from suyuan.platform.models import AccessRow, Text
from suyuan.platform.units import unit
from tests.cases.cast import HOUR, NOON, facts_of, fresh, types_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-11"), pytest.mark.sqlite]

CHECK = "https://clinic.example/p/proof/"
WORDS = {
    "summary": "三月一日到三日沒有人回病人的電話；腫脹仍在恢復期內。",
    "process": "調閱通話紀錄與值班表，訪談二位同仁。",
    "analysis": "值班表沒有寫明由誰回電。",
}
SECRET = "院長同意這個月底前先不要提退費的事情"
ROOT = "根本上是因為沒有任何人被指定負責回電"


@pytest.fixture
def case(cast, make_case):
    case = make_case(stage="investigating")
    second = investigation.investigator_appoint(case=case, user=cast.nurse.user, expertise="護理", actor=cast.manager.actor, now=NOON)
    issue = second.issues.get()
    investigation.finding_record(case=second, issue=issue, words="三月一日到三日的來電都沒有回。", basis="通話紀錄", actor=cast.doctor.actor, now=NOON)
    return fresh(second)


def written(cast, case, words=WORDS, kind="internal", by=None, language="zh-hant"):
    by = by or (cast.doctor if kind == "internal" else cast.manager)
    report = reports.report_draft(case=case, kind=kind, language=language, actor=by.actor, now=NOON)
    return reports.report_revise(report=report, words={**report.words, **words}, edition=report.edition, actor=by.actor, now=NOON)


def finished(cast, case, **more):
    by = cast.manager if more.get("kind") == "complainant" else cast.doctor
    report = written(cast, case, **more)
    return reports.report_finish(report=report, edition=report.edition, check_url=CHECK, actor=by.actor, now=NOON)


def signed(cast, case, **more):
    report = finished(cast, case, **more)
    signers = [cast.manager] if report.kind == "complainant" else [cast.nurse, cast.doctor]
    for signer in signers:
        reports.report_sign(report=report, actor=signer.actor, now=NOON + HOUR)
    return reports.report_print(report=report, actor=signers[-1].actor, now=NOON + HOUR)


def plain_words(case) -> dict[str, str]:
    uid = case.issues.get().uid
    return {
        "opening": "我們聽了通話錄音，也問了當天在場的人。",
        "will_do": "三月二十日前由許醫師再看一次\n每天下午五點前回完所有來電",
        f"issue_{uid}": "您打來的三通電話，我們沒有回。這是事實。",
        f"outcome_{uid}": "upheld",
    }


def read(report) -> str:
    with file_open(report.stored) as file:
        pages = PdfReader(io.BytesIO(file.read())).pages
    return "".join(page.extract_text() for page in pages).translate(dict.fromkeys(map(ord, "\n \u3000")))


# --- writing and freezing --------------------------------------------------------------------------------------------


def test_a_draft_starts_from_the_record_and_goes_on_with_what_was_written(cast, case):
    first = reports.report_draft(case=case, kind="internal", language="zh-hant", actor=cast.doctor.actor, now=NOON)
    assert "左眼腫脹" in first.words["process"] and "doctor" in first.words["process"]
    again = reports.report_draft(case=case, kind="internal", language="zh-hant", actor=cast.nurse.actor, now=NOON)
    assert again.pk == first.pk and types_of(case).count("report.drafted") == 1


@pytest.mark.postgres
def test_two_who_write_at_once_do_not_overwrite_each_other(cast, case):
    report = written(cast, case)
    with pytest.raises(errors.PaperMovedMeanwhile):
        reports.report_revise(report=report, words=WORDS, edition=report.edition - 1, actor=cast.nurse.actor, now=NOON)


@pytest.mark.postgres
def test_the_content_is_frozen_and_chained_when_it_is_sent_for_signing(cast, case):
    report = finished(cast, case)
    [fact] = facts_of(case, "report.finished")
    assert fact.value("digest") == report.digest and len(fact.value("signers")) == 2
    assert Text.objects.get(pk=report.text_id).sha256 == hashlib.sha256(report.text.body.encode()).hexdigest()
    assert "三月一日到三日的來電都沒有回。" in report.text.body
    for column, value in (("content", "'{}'"), ("words", "'{}'"), ("digest", "'x'")):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE cases_report SET {column} = {value} WHERE id = %s", [report.pk])
    with pytest.raises(errors.WrongPaperState):
        reports.report_revise(report=report, words={}, edition=report.edition, actor=cast.doctor.actor, now=NOON)


@pytest.mark.parametrize("gone", ["summary", "analysis"])
def test_what_must_be_written_is_named(cast, case, gone):
    report = written(cast, case, words={**WORDS, gone: " "})
    with pytest.raises(errors.PaperIncomplete) as refused:
        reports.report_finish(report=report, edition=report.edition, check_url=CHECK, actor=cast.doctor.actor, now=NOON)
    assert set(refused.value.fields) == {gone}


def test_nothing_is_reported_before_something_is_found(cast, make_case):
    case = make_case(stage="investigating")
    report = written(cast, case)
    with pytest.raises(errors.NothingFound):
        reports.report_finish(report=report, edition=report.edition, check_url=CHECK, actor=cast.doctor.actor, now=NOON)


# --- signing ---------------------------------------------------------------------------------------------------------


def test_everyone_appointed_signs_and_only_then_it_is_printed(cast, case):
    report = finished(cast, case)
    reports.report_sign(report=report, actor=cast.nurse.actor, now=NOON)
    with pytest.raises(errors.WrongPaperState):
        reports.report_print(report=report, actor=cast.nurse.actor, now=NOON)
    with pytest.raises(errors.AlreadyDone):
        reports.report_sign(report=report, actor=cast.nurse.actor, now=NOON)
    reports.report_sign(report=report, actor=cast.doctor.actor, now=NOON + HOUR)
    report = reports.report_print(report=report, actor=cast.doctor.actor, now=NOON + HOUR)
    assert report.state == "signed" and report.signed_at == NOON + HOUR
    [fact] = facts_of(case, "report.signed")
    with file_open(report.stored) as file:
        assert hashlib.sha256(file.read()).hexdigest() == fact.value("sha256") == report.sha256
    told = read(report)
    assert "調查報告" in told and "值班表沒有寫明由誰回電。" in told and "例小安" in told
    assert f"鏈#{facts_of(case, 'report.finished')[0].position}" in told and "clinic.example/p/proof/" in told
    assert "2026）11:00" in told  # when the last of them signed, by the wall of the branch


def test_the_same_report_gives_the_same_paper(cast, case):
    report = signed(cast, case)
    from suyuan.cases.selectors.reports import signed_content

    again = reports.paper_of(signed_content(report), reports.finished_fact(report), digest=report.digest, at=report.signed_at)
    assert hashlib.sha256(again).hexdigest() == report.sha256


def test_who_is_not_appointed_neither_writes_nor_signs(cast, case):
    report = finished(cast, case)
    for stranger in (cast.manager, cast.head, cast.legal, cast.receptionist):
        with pytest.raises(errors.MayNot):
            reports.report_draft(case=case, kind="internal", language="zh-hant", actor=stranger.actor, now=NOON)
        with pytest.raises(errors.MayNot):
            reports.report_sign(report=report, actor=stranger.actor, now=NOON)
    investigation.investigator_appoint(case=case, user=cast.surgeon.user, expertise="外科", actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.NotASigner):
        reports.report_sign(report=report, actor=cast.surgeon.actor, now=NOON)


def test_a_person_complained_about_never_signs_even_when_it_turns_out_late(cast, case):
    report = finished(cast, case)
    reports.report_sign(report=report, actor=cast.nurse.actor, now=NOON)
    parties.complained_set(case=case, user=cast.nurse.user, actor=cast.manager.actor, now=NOON)
    reports.report_sign(report=report, actor=cast.doctor.actor, now=NOON)
    with pytest.raises(errors.PersonComplainedAbout):
        reports.report_print(report=report, actor=cast.doctor.actor, now=NOON)
    again = finished(cast, fresh(case), words={**WORDS, "summary": "重新調查之後的摘要。"})
    assert again.signers == [cast.doctor.pk] and again.version == 2
    report.refresh_from_db()
    assert report.state == "superseded"


@pytest.mark.postgres
def test_a_new_version_supersedes_and_never_overwrites(cast, case):
    first = signed(cast, case)
    second = signed(cast, fresh(case), words={"summary": "補查之後，確認三通電話都沒有回。"})
    first.refresh_from_db()
    assert (first.state, second.state, second.version) == ("superseded", "signed", 2)
    assert "腫脹仍在恢復期內" in read(first) and "補查之後" in read(second)
    assert facts_of(case, "report.signed")[1].value("supersedes") == 1
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_report WHERE id = %s", [first.pk])


@pytest.mark.postgres
@pytest.mark.parametrize("column", ["sha256 = ''", "stored_id = NULL", "signed_at = NULL"])
def test_a_signed_version_is_frozen_by_the_database(cast, case, column):
    report = signed(cast, case)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE cases_report SET {column} WHERE id = %s", [report.pk])


# --- what may not be in it -------------------------------------------------------------------------------------------


def test_nothing_protected_comes_in_by_itself(cast, case):
    _protect(cast, case)
    for kind, words in (("internal", WORDS), ("complainant", plain_words(case))):
        report = signed(cast, fresh(case), kind=kind, words=words)
        told = read(report)
        for canary in (SECRET, ROOT, "值班表三年沒有人更新過", "同仁的看法是病人太急"):
            assert canary not in told and canary not in str(report.content)
        for named in ("律師意見", "調解", "根本原因分析", "關懷會談", "TW-APOL-1", "TW-RCA-2"):
            assert named in told


def test_nothing_protected_comes_in_by_copying(cast, case):
    _protect(cast, case)
    for name, words in (("analysis", f"分析如下：{ROOT}，所以如此。"), ("summary", "同仁說過：值班表三年沒有人更新過，而且一直如此")):
        report = written(cast, case, words={**WORDS, name: words})
        with pytest.raises(errors.WordsProtected) as refused:
            reports.report_finish(report=report, edition=report.edition, check_url=CHECK, actor=cast.doctor.actor, now=NOON)
        assert set(refused.value.fields) == {name}


def test_what_the_open_part_says_too_may_be_said(cast, case):
    _protect(cast, case)
    investigation.finding_record(case=fresh(case), words=ROOT, basis="表單", actor=cast.doctor.actor, now=NOON)
    assert finished(cast, fresh(case), words={**WORDS, "analysis": ROOT}).state == "finished"


def _protect(cast, case):
    """Something in the compartments whose words must not leave."""
    investigation.root_cause_record(
        case=case, whys=["值班表三年沒有人更新過，而且一直如此"], root=ROOT, actor=cast.doctor.actor, now=NOON
    )
    handling.contact_log(
        case=fresh(case), kind="care_talk", channel="in_person", direction="out", happened_at=NOON, points=SECRET,
        actor=cast.manager.actor, now=NOON, theirs=1, ours=1,
    )  # fmt: skip
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    statement = investigation.statement_ask(
        case=fresh(case), user=cast.accused.user, alleged="沒有回電", due_at=NOON + HOUR, actor=cast.manager.actor, now=NOON
    )
    investigation.statement_give(statement=statement, words="同仁的看法是病人太急", actor=cast.accused.actor, now=NOON)


@pytest.mark.parametrize("place", ["tn", "sh"])
def test_each_law_says_what_it_keeps_in(cast, make_case, place):
    from suyuan.cases.rules import Purpose
    from suyuan.cases.selectors.papers import left_out

    case = make_case(branch=getattr(cast, place))
    said = {row["what"]: row["law"] for row in left_out(case, Purpose.LITIGATION, NOON.date())}
    assert len(said) == 4 and said["律師意見"] == ""
    if place == "tn":
        assert "TW-APOL-1" in said["關懷會談"] and "TW-APOL-2" in said["調解"] and "TW-RCA-2" in said["根本原因分析"]
    else:
        assert "CN-CONF-1" in said["調解"] and said["關懷會談"] == said["根本原因分析"] == ""


# --- what it rests on ------------------------------------------------------------------------------------------------


def _item(cast, case, name, content, **more):
    received = file_receive(source=[content], name=name, max_bytes=1_000_000, accept=STAFF_TYPES)
    with unit():
        stored = file_store(received=received, branch_id=case.branch_id, actor=cast.manager.actor, now=NOON)
        given = ItemGiven(stored=stored, source="desk", title=name, **more)
        return item_add(given=given, stream=case.stream, branch_id=case.branch_id, actor=cast.manager.actor, now=NOON)


def _preview(cast, item):
    """As the picture job leaves it."""
    held = io.BytesIO()
    Image.new("RGB", (90, 60), "#97202f").save(held, "JPEG")
    received = file_receive(source=[held.getvalue()], name="preview.jpg", max_bytes=1_000_000, accept=STAFF_TYPES)
    with unit():
        stored = file_store(received=received, branch_id=item.branch_id, actor=cast.manager.actor, now=NOON)
    return Item.objects.create(
        stream=item.stream, branch_id=item.branch_id, stored=stored, source="derived", parent=item, derivation="preview",
        added_by="system:suyuan", added_at=NOON,
    )  # fmt: skip


@pytest.mark.requirement("A-10")
def test_findings_lead_to_the_items_they_rest_on_and_pictures_become_figures(cast, case):
    calls = _item(cast, case, "三月通話紀錄", b"%PDF-1.4\n" + b"a" * 900)
    photo = _item(cast, case, "術後照片", b"%PDF-1.4\n" + b"b" * 900)
    hidden = _item(cast, case, "律師來信", b"%PDF-1.4\n" + b"c" * 900, compartment="counsel")
    preview = _preview(cast, photo)
    investigation.finding_record(
        case=fresh(case), words="值班表沒有指定回電的人。", cites=[calls, photo], actor=cast.doctor.actor, now=NOON
    )
    report = signed(cast, fresh(case))
    told = read(report)
    assert "證物1三月通話紀錄" in told and "圖1證物2術後照片" in told and calls.stored.sha256[:4] in told
    assert "律師來信" not in told and hidden.stored.sha256 not in str(report.content)
    assert preview.stored.sha256 in str(report.content)
    with file_open(report.stored) as file:
        pages = PdfReader(io.BytesIO(file.read())).pages
    assert sum(len(page.get("/Annots", [])) for page in pages) == 2
    assert any(len(page.images) for page in pages)


@pytest.mark.requirement("A-11")
def test_a_fishbone_cannot_be_copied_out_either(cast, case):
    cause = "排班的人請假以後沒有任何人接手這張表"
    bones = [investigation.Bone("people", cause, root=True)]
    investigation.fishbone_record(case=case, bones=bones, root="見魚骨圖", actor=cast.doctor.actor, now=NOON)
    report = written(cast, fresh(case), words={**WORDS, "analysis": f"因為{cause}。"})
    with pytest.raises(errors.WordsProtected):
        reports.report_finish(report=report, edition=report.edition, check_url=CHECK, actor=cast.doctor.actor, now=NOON)


# --- the person's own version ----------------------------------------------------------------------------------------


@pytest.mark.requirement("A-15")
def test_the_persons_version_says_each_thing_in_plain_words(cast, case):
    report = signed(cast, case, kind="complainant", words=plain_words(case))
    told = read(report)
    assert "您說的屬實" in told and "您打來的三通電話，我們沒有回。" in told and "每天下午五點前回完所有來電" in told
    assert "衛生" in told and "手術三週" in told
    # What was written inside is told by its author anew, never copied.
    assert "三月一日到三日的來電都沒有回。" not in told and "值班表沒有寫明" not in told and "doctor" not in told


@pytest.mark.requirement("A-15")
def test_an_issue_without_words_or_outcome_is_not_finished(cast, case):
    uid = case.issues.get().uid
    report = written(cast, case, kind="complainant", words={"opening": "x", "will_do": "y", f"issue_{uid}": "z"})
    with pytest.raises(errors.PaperIncomplete) as refused:
        reports.report_finish(report=report, edition=report.edition, check_url=CHECK, actor=cast.manager.actor, now=NOON)
    assert set(refused.value.fields) == {f"outcome_{uid}"}
    with pytest.raises(BadInput):
        reports.report_revise(
            report=report, words={f"outcome_{uid}": "best"}, edition=report.edition, actor=cast.manager.actor, now=NOON
        )


@pytest.mark.requirement("A-15")
def test_it_is_given_once_after_the_findings_were_told(cast, case):
    report = signed(cast, case, kind="complainant", words=plain_words(case))
    with pytest.raises(errors.NotDisclosedYet):
        reports.report_give(report=report, actor=cast.manager.actor, now=NOON)
    investigation.root_cause_record(case=fresh(case), whys=["a"], root="b", actor=cast.doctor.actor, now=NOON)
    handling.speaker_name(case=fresh(case), speaker=cast.colleague.user, actor=cast.manager.actor, now=NOON)
    investigation.case_disclose(case=fresh(case), words="三通電話沒有回。", method="portal", actor=cast.manager.actor, now=NOON)
    given = reports.report_give(report=report, actor=cast.manager.actor, now=NOON)
    assert given.given_at == NOON
    assert "調查結果說明書" in Message.objects.filter(subject_stream=case.stream, kind="letter").get().words
    with pytest.raises(errors.AlreadyDone):
        reports.report_give(report=report, actor=cast.manager.actor, now=NOON)
    inside = signed(cast, fresh(case))
    with pytest.raises((errors.WrongPaperState, errors.MayNot)):
        reports.report_give(report=inside, actor=cast.manager.actor, now=NOON)


@pytest.mark.parametrize(("language", "title"), [("zh-hans", "调查报告"), ("en", "Investigationreport")])
def test_a_report_is_written_in_the_language_its_author_chose(cast, case, language, title):
    assert title in read(signed(cast, case, language=language))


# --- the passport ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D-10")
@pytest.mark.parametrize("purpose", ["mediation", "authority", "litigation"])
def test_a_passport_says_what_it_is_for_and_what_it_leaves_out(cast, make_case, purpose):
    person = PersonGiven(family_name="例", given_name="小安", contacts=(Contact("phone", "0900-123-456"),))
    case = make_case(stage="investigating", complainant=person, wishes=("apology",))
    investigation.finding_record(case=case, words="三月一日到三日的來電都沒有回。", basis="通話紀錄", actor=cast.doctor.actor, now=NOON)
    _protect(cast, case)
    lines = AccessRow.objects.filter(what="case.passport").count()
    made = passport_make(
        case=fresh(case), purpose=purpose, language="zh-hant", check_url=CHECK, actor=cast.manager.actor, now=NOON
    )
    told = read(made)
    assert "例小安" in told and "三月一日到三日的來電都沒有回。" in told and "TW-CONF-1" in told
    assert "0900-123" not in told and SECRET not in told and ROOT not in told and "accused" not in told
    assert ("對方的希望與我們的答覆" in told) is (purpose == "mediation")
    assert ("讓步與提議" in told) is (purpose != "mediation")
    [fact] = facts_of(case, "passport.made")
    assert fact.value("sha256") == made.sha256 and fact.value("purpose") == purpose
    assert AccessRow.objects.filter(what="case.passport").count() == lines + 1


def _many(cast, case, items: int, findings: int, long: int) -> None:
    for n in range(1, items + 1):
        received = file_receive(source=[f"{n}".encode()], name=f"第{n:02d}件.txt", max_bytes=100)
        stored = file_store(received=received, branch_id=case.branch_id, actor=cast.manager.actor, now=NOON)
        handling.file_add(case=fresh(case), stored=stored, source="desk", actor=cast.manager.actor, now=NOON)
    cites = list(Item.objects.filter(stream=case.stream, number=items))
    for n in range(1, findings + 1):
        words = f"第{n:02d}項事實" + "，當天的通話紀錄與值班表對得起來" * long
        said = {"words": words, "basis": "通話紀錄", "cites": cites if n == 1 else ()}
        investigation.finding_record(case=fresh(case), **said, actor=cast.doctor.actor, now=NOON)


@pytest.mark.requirement("D-10")
@pytest.mark.parametrize(("items", "findings", "long", "cut"), [(4, 1, 1, False), (14, 2, 1, True), (40, 30, 30, True)])
def test_a_passport_is_one_page_and_says_what_found_no_room(cast, make_case, items, findings, long, cut):
    case = make_case(stage="investigating", wishes=("apology",))
    _many(cast, case, items, findings, long)
    made = passport_make(case=fresh(case), purpose="litigation", language="zh-hant", check_url=CHECK, actor=cast.manager.actor, now=NOON)
    with file_open(made.stored) as file:
        assert len(PdfReader(io.BytesIO(file.read())).pages) == 1
    told = read(made)
    assert ("為了放進一頁而略去的" in told) is cut and "第01項事實" in told
    if items == 14:
        assert re.search("證物[4-8]項（編號[0-9]+–13）", told), "what a finding rests on comes before the others"
    if findings == 30:
        assert "……" in told and "項事實的後半段" in told


@pytest.mark.requirement("D-10")
def test_a_passport_is_made_by_those_who_deal_with_authorities(cast, make_case):
    case = make_case()
    for name in ("receptionist", "doctor", "spokesman", "stranger", "auditor"):
        with pytest.raises(errors.MayNot):
            passport_make(
                case=case, purpose="mediation", language="zh-hant", check_url=CHECK, actor=getattr(cast, name).actor, now=NOON
            )
    with pytest.raises(BadInput):
        passport_make(case=case, purpose="internal", language="zh-hant", check_url=CHECK, actor=cast.manager.actor, now=NOON)
