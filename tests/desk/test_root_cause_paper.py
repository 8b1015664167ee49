"""The analysis of causes on paper, for those who read its compartment; and its drawing in a report, which then lies there too."""
from __future__ import annotations

import io

import pytest
from django.urls import reverse
from pypdf import PdfReader

from suyuan.accounts.selectors import profile_for
from suyuan.cases.models import Report
from suyuan.cases.selectors.bundles import bundle_asked
from suyuan.cases.selectors.passports import passport_content
from suyuan.cases.services import handling, investigation
from suyuan.cases.services.bundles import case_bundle
from suyuan.cases.services.investigation import Bone
from suyuan.evidence.models import BundleExport
from suyuan.platform import access, verify
from suyuan.platform.models import AccessRow, FactRow, Text
from tests.cases.cast import NOON, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-10")]

BONES = ("people", "method", "device", "material", "communication", "environment")
WORDS = {"summary": "三通電話沒有回。", "process": "看了通話紀錄。", "analysis": "值班表沒有寫由誰回電。", "unclear": ""}


@pytest.fixture
def case(cast, make_case):
    case = make_case(stage="investigating")
    investigation.finding_record(case=case, words="來電都沒有回。", basis="通話紀錄", actor=cast.doctor.actor, now=NOON)
    return fresh(case)


@pytest.fixture
def fish(cast, case):
    bones = [Bone(code, f"第{n}根：沒有人負責回電", "換系統時漏了 <b>", n == 2) for n, code in enumerate(BONES, 1)]
    return investigation.fishbone_record(case=case, bones=bones, root="回電沒有主人", actor=cast.doctor.actor, now=NOON)


def url(name, case, *more):
    return reverse(f"desk:{name}", args=[case.reference, *more])


def pages_of(data: bytes) -> list:
    return PdfReader(io.BytesIO(data)).pages


def test_a_fishbone_is_a_page_and_a_paper_for_its_readers(browser, case, fish):
    doctor = browser("doctor")
    assert url("root_cause", case, fish.uid) in doctor.get(url("investigation", case)).content.decode()
    page = doctor.get(url("root_cause", case, fish.uid)).content.decode()
    assert 'src="data:image/svg+xml;base64,' in page and "回電沒有主人" in page and "TW-RCA-2" in page
    assert "第2根：沒有人負責回電，因為：換系統時漏了 &lt;b&gt;（根本原因）" in page, "the drawing in words, for who does not see it"

    answer = doctor.get(url("root_cause_pdf", case, fish.uid))
    assert answer["Content-Type"] == "application/pdf" and "sandbox" in answer["Content-Security-Policy"]
    sheets = pages_of(answer.content)
    text = "".join(sheet.extract_text() for sheet in sheets)
    assert "回電沒有主人" in text and b"pdfaid" in answer.content
    lying = [sheet for sheet in sheets if sheet.mediabox.width > sheet.mediabox.height]
    assert len(lying) == 1 and len(sheets) <= 4, "six bones lie across a page of their own"
    again = doctor.get(url("root_cause_pdf", case, fish.uid))
    assert again.content == answer.content
    access.flush()
    rows = AccessRow.objects.filter(what="case.root_cause_copy", purpose="copy")
    assert rows.count() == 2


def test_five_whys_are_a_paper_too(browser, cast, case):
    why = investigation.root_cause_record(
        case=case, whys=["沒有人回電", "值班表沒寫"], root="交接沒有規定", actor=cast.doctor.actor, now=NOON
    )
    page = browser("doctor").get(url("root_cause", case, why.uid)).content.decode()
    assert "為什麼 2　值班表沒寫" in page and "data:image" not in page
    assert len(pages_of(browser("doctor").get(url("root_cause_pdf", case, why.uid)).content)) == 1


def test_it_is_not_there_for_others(browser, cast, case, fish):
    handling.task_open(case=case, kind="other", title="回電", assignee=cast.nurse.user, actor=cast.manager.actor, now=NOON)
    for name in ("root_cause", "root_cause_pdf"):
        assert browser("nurse").get(url(name, case, fish.uid)).status_code == 403, "she reads the case, not the analysis"
        assert browser("stranger").get(url(name, case, fish.uid)).status_code == 404
    assert browser("doctor").get(url("root_cause", case, case.uid)).status_code == 404


def signed_with(browser, case, figure: str) -> Report:
    doctor = browser("doctor")
    doctor.post(url("report_new_internal", case), {"language": "zh-hant"})
    report = Report.objects.get(case=case, state="draft")
    sent = {**WORDS, "figure": figure, "edition": report.edition, "finish": "1"}
    assert doctor.post(url("report_write_internal", case, report.uid), sent).status_code == 302
    assert doctor.post(url("report_sign_internal", case, report.uid)).status_code == 302
    report.refresh_from_db()
    assert report.state == "signed"
    return report


@pytest.mark.requirement("A-11")
def test_a_report_takes_the_drawing_and_then_lies_where_the_drawing_lies(browser, cast, case, fish):
    handling.task_open(case=case, kind="other", title="回電", assignee=cast.nurse.user, actor=cast.manager.actor, now=NOON)
    open_one = signed_with(browser, case, "")
    report = signed_with(browser, case, str(fish.uid))
    assert report.version == 2 and open_one.words.get("figure") is None
    page = browser("doctor").get(url("report", case, report.uid)).content.decode()
    assert "data:image/svg+xml" in page and "這一節受保護" in page
    sheets = pages_of(b"".join(browser("doctor").get(url("report_pdf", case, report.uid)).streaming_content))
    assert any(sheet.mediabox.width > sheet.mediabox.height for sheet in sheets)

    nurse = browser("nurse")
    listed = nurse.get(url("papers", case)).content.decode()
    assert str(report.uid) not in listed and report.sha256[:16] not in listed.replace(" ", "") and "只給讀得到它的人" in listed
    for name in ("report", "report_pdf", "report_compare"):
        assert nurse.get(url(name, case, report.uid)).status_code == 404, name
    assert nurse.get(url("report", case, open_one.uid)).status_code == 200
    told = FactRow.objects.filter(type="report.signed").order_by("pk")
    assert [row.stream for row in told] == [case.stream, case.compartment_stream("root_cause")]
    assert Text.objects.get(pk=report.text_id).compartment == "root_cause" and report.stored.compartment == "root_cause"
    assert [str(fault) for fault in verify.verify_streams(rows_checks=verify.row_checks()).faults] == []
    with_it = passport_content(fresh(case), "litigation", language="zh-hant", check_url="https://x.example/p/proof/", now=NOON)
    assert "第 2 版" not in str(with_it), "a passport names no paper that its reader never gets"


def papers_in(bundle: BundleExport, plan) -> set[str]:
    return {source.name for source in plan.sources if source.name.startswith("payload/papers/")}


@pytest.mark.requirement("A-11")
def test_it_leaves_in_a_bundle_only_where_the_analysis_may(browser, cast, case, fish):
    open_one = signed_with(browser, case, "")
    signed_with(browser, case, str(fish.uid))
    assert open_one.version == 1
    court = papers_in(*case_bundle(case=fresh(case), purpose="litigation", actor=cast.head.actor, now=NOON))
    assert court == {"payload/papers/report-internal-1.pdf"}
    authority = papers_in(*case_bundle(case=fresh(case), purpose="authority", actor=cast.head.actor, now=NOON))
    assert authority == {"payload/papers/report-internal-1.pdf", "payload/papers/report-internal-2.pdf"}
    by_manager = papers_in(*case_bundle(case=fresh(case), purpose="authority", actor=cast.manager.actor, now=NOON))
    assert by_manager == court
    asked = bundle_asked(profile_for(cast.manager.actor, NOON), fresh(case), purpose="authority", now=NOON)
    assert ("compartment.root_cause", "not_by_this_person") in asked.left_out


def test_who_does_not_read_the_analysis_puts_no_drawing_of_it_into_a_report(browser, cast, case, fish):
    doctor = browser("doctor")
    doctor.post(url("report_new_internal", case), {"language": "zh-hant"})
    report = Report.objects.get(case=case, state="draft")
    page = doctor.get(url("report_write_internal", case, report.uid)).content.decode()
    assert f'value="{fish.uid}"' in page
    wrong = doctor.post(url("report_write_internal", case, report.uid), {**WORDS, "figure": "x", "edition": 1, "keep": "1"})
    assert wrong.status_code == 422 and "三通電話沒有回。" in wrong.content.decode()


@pytest.mark.requirement("A-11")
def test_a_version_without_the_drawing_may_say_what_one_with_it_said(browser, case, fish, monkeypatch):
    monkeypatch.setitem(WORDS, "analysis", "值班表沒有寫由誰回電，三通電話因此沒有人覺得是自己的事。")
    with_it = signed_with(browser, case, str(fish.uid))
    without = signed_with(browser, case, "")
    again = signed_with(browser, case, str(fish.uid))
    assert [each.version for each in (with_it, without, again)] == [1, 2, 3]


def test_the_access_log_says_that_a_compartment_was_opened_by_a_paper(browser, case, fish):
    report = signed_with(browser, case, str(fish.uid))
    doctor = browser("doctor")
    doctor.get(url("report", case, report.uid))
    doctor.get(url("report_pdf", case, report.uid))
    doctor.get(url("root_cause", case, fish.uid))
    access.flush()
    for what in ("case.paper", "case.paper_copy", "case.root_cause"):
        assert "compartment:root_cause" in AccessRow.objects.filter(what=what).last().shown, what
