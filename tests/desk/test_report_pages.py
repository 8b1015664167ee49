"""Reports and passports at the desk and on the follow-up page: written, signed, read, downloaded, by whom it may be."""
from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from suyuan.cases.models import Passport, Report
from suyuan.cases.rules import paper_fields
from suyuan.cases.services import investigation, parties
from suyuan.cases.services.receipts import receipt_row
from suyuan.correspondence.models import Clearance
from suyuan.platform.models import AccessRow
from tests.cases.cast import NOON, fresh
from tests.correspondence.held import WARNED

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-11")]

WORDS = {"summary": "三通電話沒有回。", "process": "看了通話紀錄。", "analysis": "值班表沒有寫由誰回電。", "unclear": ""}


@pytest.fixture
def case(cast, make_case):
    case = make_case(stage="investigating")
    investigation.finding_record(case=case, words="來電都沒有回。", basis="通話紀錄", actor=cast.doctor.actor, now=NOON)
    return fresh(case)


def url(name, case, *more):
    return reverse(f"desk:{name}", args=[case.reference, *more])


def begun(browser, case, kind="internal", who="doctor") -> Report:
    assert browser(who).post(url(f"report_new_{kind}", case), {"language": "zh-hant"}).status_code == 302
    return Report.objects.get(case=case, kind=kind, state="draft")


def sent(client, report, words, **more):
    at = url(f"report_write_{report.kind}", report.case, report.uid)
    return client.post(at, {**words, "edition": Report.objects.get(pk=report.pk).edition, **more})


def test_a_report_from_the_first_word_to_the_paper(browser, case):
    report = begun(browser, case)
    client = browser("doctor")
    page = client.get(url("report_write_internal", case, report.uid)).content.decode()
    assert "來電都沒有回。" in page and "左眼腫脹" in page
    assert sent(client, report, WORDS, keep="1").status_code == 302
    assert "值班表沒有寫由誰回電。" in client.get(url("report", case, report.uid)).content.decode()
    assert "不能當作報告使用" in client.get(url("report", case, report.uid)).content.decode()

    assert sent(client, report, WORDS, finish="1").status_code == 302
    page = client.get(url("report", case, report.uid)).content.decode()
    assert "簽署這一版" in page and "尚未簽署" in page
    assert client.post(url("report_sign_internal", case, report.uid)).status_code == 302
    report.refresh_from_db()
    assert report.state == "signed"
    page = client.get(url("report", case, report.uid)).content.decode()
    assert "下載 PDF" in page and "驗證這份文件" in page and "TW-APOL-1" in page and "<svg" in page
    answer = client.get(url("report_pdf", case, report.uid))
    assert b"".join(answer.streaming_content).startswith(b"%PDF-") and answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment") and "sandbox" in answer["Content-Security-Policy"]
    assert AccessRow.objects.filter(what="case.paper_copy", stream=case.stream).count() == 1
    assert report.sha256[:4] in client.get(url("papers", case)).content.decode()


def test_what_was_typed_stays_when_it_cannot_be_finished(browser, case):
    report = begun(browser, case)
    answer = sent(browser("doctor"), report, {**WORDS, "analysis": "", "summary": "這些字要留著"}, finish="1")
    page = answer.content.decode()
    assert answer.status_code == 422 and "這些字要留著" in page and "這裡還沒有寫。" in page
    report.refresh_from_db()
    assert report.words["summary"] == "這些字要留著" and f'value="{report.edition}"' in page


def test_two_authors_see_each_others_words(cast, browser, case):
    report = begun(browser, case)
    assert sent(browser("doctor"), report, {**WORDS, "summary": "同事先存的話"}, keep="1").status_code == 302
    answer = sent(browser("doctor"), report, {**WORDS, "summary": "慢了一步的話"}, keep="1", edition="1")
    page = answer.content.decode()
    assert answer.status_code == 409 and "慢了一步的話" in page and "同事先存的話" in page
    edition = re.search(r'name="edition" value="(\d+)"', page).group(1)
    assert sent(browser("doctor"), report, {**WORDS, "summary": "慢了一步的話"}, keep="1", edition=edition).status_code == 302


@pytest.mark.parametrize("words", ["a\x07b", "好" * 8_001])
def test_unfit_words_come_back_at_the_field(browser, case, words):
    report = begun(browser, case)
    answer = sent(browser("doctor"), report, {**WORDS, "summary": words}, keep="1")
    assert answer.status_code == 422 and "sy-field--wrong" in answer.content.decode()


def test_a_protected_passage_is_stopped_at_its_field(cast, browser, case):
    secret = "沒有任何人被指定在下午回病人的電話"
    investigation.root_cause_record(case=case, whys=["a"], root=secret, actor=cast.doctor.actor, now=NOON)
    report = begun(browser, fresh(case))
    answer = sent(browser("doctor"), report, {**WORDS, "analysis": f"分析認為{secret}。"}, finish="1")
    page = answer.content.decode()
    assert answer.status_code == 422 and "一字不差" in page and secret in page
    assert Report.objects.get(pk=report.pk).state == "draft"


def test_versions_are_compared_as_text(browser, case):
    client = browser("doctor")
    for summary in ("第一次寫的摘要。", "補查之後的摘要。"):
        report = begun(browser, case)
        sent(client, report, {**WORDS, "summary": summary}, finish="1")
        client.post(url("report_sign_internal", case, report.uid))
    page = client.get(url("report_compare", case, report.uid)).content.decode()
    assert "<del>第一次寫的摘要。</del>" in page and "<ins>補查之後的摘要。</ins>" in page and "看了通話紀錄" not in page
    first = Report.objects.get(case=case, version=1)
    assert client.get(url("report_compare", case, first.uid)).status_code == 409


def test_who_may_not_see_the_case_finds_nothing_and_who_may_only_read_gets_no_button(cast, browser, case):
    report = begun(browser, case)
    for name, expected in (("stranger", 404), ("accused", 404), ("auditor", 200), ("manager", 200)):
        assert browser(name).get(url("report", case, report.uid)).status_code == expected
    page = browser("manager").get(url("report", case, report.uid)).content.decode()
    assert "改寫" not in page
    assert browser("manager").get(url("report_write_internal", case, report.uid)).status_code == 403
    assert browser("manager").post(url("report_sign_internal", case, report.uid)).status_code == 403
    other = url("report_write_complainant", case, report.uid)
    assert browser("manager").get(other).status_code == 404


def test_a_passport_is_logged_before_it_is_shown(browser, case):
    client = browser("manager")
    answer = client.post(url("passport_make", case), {"purpose": "mediation"})
    made = Passport.objects.get(case=case)
    assert answer.status_code == 302 and answer["Location"] == url("passport", case, made.uid)
    line = AccessRow.objects.get(what="case.passport", stream=case.stream)
    assert line.purpose == "passport.mediation" and line.shown == [f"passport:{made.uid}"]
    page = client.get(url("passport", case, made.uid)).content.decode()
    assert "供調解使用" in page and "來電都沒有回。" in page and "沒有收錄的資料" in page
    pdf = b"".join(client.get(url("passport_pdf", case, made.uid)).streaming_content)
    assert pdf.startswith(b"%PDF-")
    assert client.post(url("passport_make", case), {"purpose": "newspaper"}).status_code == 422
    assert browser("nurse").post(url("passport_make", case), {"purpose": "mediation"}).status_code in (403, 404)


@pytest.mark.requirement("A-15")
def test_only_the_verified_person_reads_their_version(cast, browser, make_case):
    case = make_case(stage="findings_disclosed")
    client = browser("manager")
    report = begun(browser, case, "complainant", "manager")
    uid = case.issues.get().uid
    words = {"opening": "我們聽了錄音。", "will_do": "三月二十日前再看一次", f"issue_{uid}": "三通電話我們沒有回。", f"outcome_{uid}": "upheld"}
    assert sent(client, report, words, finish="1").status_code == 302
    assert client.post(url("report_sign_complainant", case, report.uid)).status_code == 302
    phone, slug = _phone(cast, case)
    paper = f"/p/{slug}/follow/papers/{report.uid}/"
    assert phone.get(paper).status_code == 404
    assert client.post(url("report_give", case, report.uid)).status_code == 302
    assert phone.get(paper).status_code == 404 and "調查結果說明書第 1 版" not in phone.get(f"/p/{slug}/follow/").content.decode()

    parties.party_verify(case=fresh(case), party=case.parties.get(), how="card", actor=cast.manager.actor, now=NOON)
    page = phone.get(f"/p/{slug}/follow/").content.decode()
    assert "調查結果說明書第 1 版" in page and paper in page
    answer = phone.get(paper)
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert AccessRow.objects.filter(what="portal.paper", stream=case.stream).count() == 1
    other, slug = _phone(cast, make_case())
    assert other.get(paper).status_code == 404
    assert Client().get(paper).status_code in (302, 403, 404)


def _phone(cast, case) -> tuple[Client, str]:
    """The complainant with their receipt, before anybody has checked who they are."""
    row, secret = receipt_row(case, case.parties.get(), NOON)
    row.save()
    phone, slug = Client(), case.branch.portal_slug
    assert phone.post(f"/p/{slug}/follow/", {"reference": case.reference, "secret": secret}).status_code == 303
    return phone, slug


@pytest.mark.requirement("B-11")
def test_words_of_a_paper_wait_and_the_way_back_to_it_is_one_button(browser, case):
    report = begun(browser, case, kind="complainant", who="manager")
    manager, head = browser("manager"), browser("head")
    asked = paper_fields("complainant", [str(issue.uid) for issue in case.issues.all()])
    said = {name: "upheld" if name.startswith("outcome_") else "許醫師看過，明天回電。" for name in asked if name != "figure"}
    name = next(name for name in said if not name.startswith("outcome_"))
    held = said | {name: WARNED}
    assert sent(manager, report, held, finish="1").status_code == 422
    assert sent(manager, report, held, _clear="1", _why="醫師這樣說的").status_code == 302
    row = Clearance.objects.get()
    its_page = f"/cases/{case.reference}/clearances/{row.uid}/"
    assert "回到文件定稿" not in manager.get(its_page).content.decode()
    assert head.post(f"{its_page}decide/", {"yes": "1", "reason": "看過了"}).status_code == 302
    back = url("report_write_complainant", case, report.uid)
    assert f'href="{back}"' in manager.get(its_page).content.decode() and back not in head.get(its_page).content.decode()

    changed = sent(manager, report, held | {name: WARNED + "謝謝。"}, finish="1").content.decode()
    assert "核准的是改之前的文字" in changed and "再送交核准" in changed
    assert sent(manager, report, held, finish="1").status_code == 302
    report.refresh_from_db()
    assert report.state != "draft"


@pytest.mark.requirement("D-11")
def test_the_parts_of_their_paper_begin_from_templates_and_it_remembers_which(browser, case):
    client = browser("manager")
    client.post(url("report_new_complainant", case), {"language": "en"})
    report = Report.objects.get(case=case, kind="complainant")
    where = url("report_write_complainant", case, report.uid)
    assert client.get(where).context["shelf"].script == "en", "in the language of the paper"
    page = client.post(where, {"edition": report.edition, "opening": "您好。", "template": "paper-next", "script": "zh-hant", "pick": "1"})
    form = page.context["form"]
    assert form.initial["opening"] == "您好。" and "{remedies}" in form.initial["will_do"] and page.context["shelf"].begun == ("paper-next",)
    assert sent(client, report, {"opening": "您好。", "begun": "paper-next goodwill none"}, keep="1").status_code == 302
    report.refresh_from_db()
    assert report.templates == ["paper-next", "goodwill"] == list(client.get(where).context["shelf"].begun)

    uid = case.issues.get().uid
    words = {"opening": "我們聽了錄音。", "will_do": "三月二十日前再看一次", f"issue_{uid}": "沒有回電。", f"outcome_{uid}": "upheld"}
    assert sent(client, report, words, finish="1").status_code == 422, "though nobody carried it along any more"
    assert "須先經法務審閱" in sent(client, report, words, finish="1").content.decode()
