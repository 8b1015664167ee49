"""The follow-up page: the holder of a receipt sees the allow-list, and nothing else reaches them."""
from __future__ import annotations

import re
import statistics
import time
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from suyuan.cases import rules as case_rules
from suyuan.cases.models import Case, Demand, Promise, RootCause, Task
from suyuan.cases.models import Receipt as ReceiptRow
from suyuan.correspondence.models import Message
from suyuan.correspondence.services import message_draft, message_queue
from suyuan.evidence.models import Item
from suyuan.kernel.actor import Actor
from suyuan.platform import access
from suyuan.platform.jobs import run_due
from suyuan.portal.models import PartySession
from suyuan.portal.views import follow as views
from tests.portal.conftest import NOW, form_fields, keys_of, opened, sent
from tests.portal.test_uploads import PNG, TUS

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
FOLLOW = "/p/streamside/follow/"


@pytest.fixture
def case(phone, clinic):
    """A complaint that was sent; `phone` holds its receipt."""
    reference, secret = keys_of(sent(phone))
    found = Case.objects.get(reference=reference)
    found.secret = secret
    return found


@pytest.fixture
def inside(phone, case):
    assert opened(phone, case.reference, case.secret).status_code == 303
    return phone


def act(client, where, page=None, **fields):
    page = page or client.get(FOLLOW)
    return client.post(f"{FOLLOW}{where}/", {**form_fields(page, f"/{where}/"), **fields})


# --- coming in -----------------------------------------------------------------------------------------------------


def test_the_receipt_opens_the_page(inside, case):
    html = inside.get(FOLLOW).content.decode()
    assert case.reference in html and "沈經理" in html
    assert "有人親自與您聯絡" in html  # the promise, with its date


@pytest.mark.parametrize("typed", [str.lower, lambda s: s.replace("-", " "), lambda s: s.replace("0", "O").replace("1", "l")])
def test_the_secret_is_read_generously(phone, case, typed):
    assert opened(phone, case.reference.lower().replace("-", ""), typed(case.secret)).status_code == 303


def test_number_and_secret_may_come_in_one_piece(phone, case):
    assert opened(phone, f"{case.reference}.{case.secret}", "").status_code == 303


@pytest.mark.postgres
def test_an_unknown_number_and_a_wrong_secret_answer_alike(phone, case, clinic, monkeypatch):
    monkeypatch.setattr(views, "pace_left", lambda **_: 0)
    unknown = case_rules.reference_for("TN", 2026, "7654321")
    assert not Case.objects.filter(reference=unknown).exists()
    wrong_secret = "ABCDE-FGHJK-MNPQR-STVWX"
    answers, times = {}, {unknown: [], case.reference: []}
    for turn in range(10):
        for reference in (unknown, case.reference) if turn % 2 else (case.reference, unknown):
            page = phone.get(FOLLOW)
            fields = {**form_fields(page, "/follow/"), "reference": reference, "secret": wrong_secret}
            began = time.perf_counter()
            answers[reference] = phone.post(FOLLOW, fields)
            times[reference].append(time.perf_counter() - began)

    one, other = answers.values()
    same = lambda page: re.sub(r'value="[A-Za-z0-9]{64}"|TN26-\d{4}-\d{4}', "", page.content.decode())  # noqa: E731
    assert one.status_code == other.status_code == 200
    assert dict(one.headers) == dict(other.headers)
    assert len(one.content) == len(other.content) and same(one) == same(other)
    medians = [statistics.median(t) for t in times.values()]
    assert min(min(t) for t in times.values()) >= views.ANSWER_AFTER
    assert abs(medians[0] - medians[1]) < 0.05  # the exact measure is a proof, not a test on a busy machine


@pytest.mark.postgres
def test_guessing_is_slowed_and_the_true_holder_is_not_locked_out(phone, case, clinic, at, monkeypatch):
    monkeypatch.setattr(views, "ANSWER_AFTER", 0)
    stranger = Client()
    for _ in range(8):
        assert opened(stranger, case.reference, "ABCDE-FGHJK-MNPQR-STVWX").status_code == 200
    slowed = opened(stranger, case.reference, "ABCDE-FGHJK-MNPQR-STVWX")
    assert slowed.status_code == 429 and int(slowed["Retry-After"]) <= 30
    at(seconds=31)
    assert opened(phone, case.reference, case.secret).status_code == 303


@pytest.mark.postgres
def test_a_revoked_receipt_closes_open_pages_at_the_next_request(inside, case):
    ReceiptRow.objects.filter(case=case).update(revoked_at=NOW)
    assert case.reference not in inside.get(FOLLOW).content.decode()
    assert opened(Client(), case.reference, case.secret).status_code == 200


def test_after_half_an_hour_the_page_is_locked_and_what_was_written_is_kept(inside, case, at):
    page = inside.get(FOLLOW)
    at(minutes=31)
    answer = act(inside, "message", page, words="還是很痛，可以早一點看嗎？")
    html = answer.content.decode()
    assert answer.status_code == 403 and "還是很痛" in html and case.reference not in html
    assert not Message.objects.exists()

    fields = {**form_fields(answer, "/follow/"), "reference": case.reference, "secret": case.secret, "held": "還是很痛"}
    again = inside.post(FOLLOW, fields)
    assert again.status_code == 200 and "還是很痛" in again.content.decode() and case.reference in again.content.decode()


def test_leaving_ends_the_session_and_asks_the_browser_to_forget(inside, case):
    cookie = inside.cookies["suyuan_party"].value
    answer = act(inside, "leave")
    assert answer["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    inside.cookies["suyuan_party"] = cookie
    assert case.reference not in inside.get(FOLLOW).content.decode()
    assert PartySession.objects.get().ended_at


def test_a_forged_or_foreign_cookie_opens_nothing(case, clinic):
    for value in ("", "x", "a" * 64, "a" * 64 + ":bad:signature"):
        client = Client()
        client.cookies["suyuan_party"] = value
        assert case.reference not in client.get(FOLLOW).content.decode()


@pytest.mark.postgres
def test_the_party_is_not_staff_and_reading_is_logged(inside, case):
    access.flush()
    inside.get(FOLLOW)
    access.flush()
    row = access.AccessRow.objects.filter(what="portal.case").last()
    assert row.stream == case.stream and row.actor.startswith("party:")
    assert "_auth_user_id" not in inside.session


def test_the_page_of_another_branch_leads_to_the_right_one(inside, case):
    answer = inside.get("/p/riverside/follow/")
    assert answer.status_code == 302 and answer["Location"] == FOLLOW


# --- what may be seen ----------------------------------------------------------------------------------------------


CANARY = "金絲雀"


@pytest.fixture
def full_of_canaries(case, clinic):
    """Everything a complainant must not see before their identity is verified, each with a mark of its own."""
    from suyuan.cases.models import (
        CareRecord,
        CaseIssue,
        ContactEntry,
        Disclosure,
        Finding,
        StaffStatement,
    )  # fmt: skip
    from suyuan.platform.texts import text_write
    from suyuan.platform.units import unit

    marks = {}

    def mark(name, compartment=""):
        body = f"{CANARY}{name}"
        marks[name] = body
        stream = f"{compartment}:{case.uid}" if compartment else case.stream
        return text_write(stream=stream, kind=name, body=body, branch_id=case.branch_id, now=NOW, compartment=compartment)

    manager = clinic.case_manager
    with unit():
        issue = CaseIssue.objects.filter(case=case).first()
        Finding.objects.create(case=case, issue=issue, words=mark("finding"), by=manager, at=NOW)
        RootCause.objects.create(
            case=case, whys=[f"{CANARY}why"], root=mark("root", "root_cause"), by=manager, at=NOW
        )
        ContactEntry.objects.create(
            case=case, kind="call", channel="telephone", happened_at=NOW, recorded_at=NOW, points=mark("contact"), by=manager
        )
        CareRecord.objects.create(
            case=case, kind="examination", happened_at=NOW, recorded_at=NOW, words=mark("care"), by=clinic.doctor
        )
        StaffStatement.objects.create(case=case, user=clinic.doctor, alleged=mark("statement"), asked_at=NOW)
        Disclosure.objects.create(case=case, kind="findings", words=mark("disclosure"), method="portal", by=manager, at=NOW)
        Task.objects.create(case=case, kind="decide", title=f"{CANARY}task", role="case_manager", opened_at=NOW)
    staff = Actor("user", str(manager.uid), manager.pk)
    for compartment in ("counsel", "mediation"):
        message_draft(
            stream=case.stream, branch_id=case.branch_id, channel="letter", kind="letter", body=f"{CANARY}{compartment}",
            actor=staff, now=NOW, compartment=compartment,
        )  # fmt: skip
    message_draft(
        stream=case.stream, branch_id=case.branch_id, channel="portal", kind="letter", body=f"{CANARY}draft", actor=staff, now=NOW
    )
    person = case.parties.first().person
    person.chart_number_sealed = person.sealed("person.chart_number", f"{CANARY}chart")
    person.save(update_fields=["chart_number_sealed"])
    return marks


@pytest.mark.postgres
def test_nothing_from_chart_findings_or_protected_talk_is_shown(inside, case, full_of_canaries):
    for where in ("", "demand/", "withdraw/"):
        assert CANARY not in inside.get(FOLLOW + where).content.decode()


def test_what_was_disclosed_appears_once_identity_is_verified_and_nothing_else(inside, case, full_of_canaries):
    case.parties.update(identity="verified", verified_at=NOW)
    html = inside.get(FOLLOW).content.decode()
    assert full_of_canaries["disclosure"] in html
    assert html.count(CANARY) == 1


def test_a_representative_also_needs_proven_authority(phone, clinic, full_of_canaries=None):
    reference, secret = keys_of(sent(phone, about="other", relation="parent", patient_name="例小樹"))
    case = Case.objects.get(reference=reference)
    case.parties.update(identity="verified", verified_at=NOW)
    opened(phone, reference, secret)
    from suyuan.cases.models import Disclosure
    from suyuan.platform.texts import text_write
    from suyuan.platform.units import unit

    with unit():
        words = text_write(stream=case.stream, kind="x", body=CANARY, branch_id=case.branch_id, now=NOW)
        Disclosure.objects.create(case=case, kind="findings", words=words, method="portal", by=clinic.case_manager, at=NOW)
    assert CANARY not in phone.get(FOLLOW).content.decode()
    case.parties.update(authority_proven_at=NOW)
    assert CANARY in phone.get(FOLLOW).content.decode()


def test_promises_are_shown_as_they_were_kept(inside, case, at):
    first, *rest = Promise.objects.filter(case=case).order_by("due_at")
    Promise.objects.filter(pk=first.pk).update(kept_at=first.due_at + timedelta(hours=1))
    html = inside.get(FOLLOW).content.decode()
    assert "才做到，遲了" in html
    Promise.objects.filter(pk=first.pk).update(kept_at=None, broken_at=first.due_at)
    assert "還沒有做到" in inside.get(FOLLOW).content.decode()
    Promise.objects.filter(pk=first.pk).update(kept_at=NOW, broken_at=None)
    assert "做到了" in inside.get(FOLLOW).content.decode()


# --- what may be done ----------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_messages_go_both_ways(inside, case, clinic, at):
    page = inside.get(FOLLOW)
    assert act(inside, "message", page, words="今天更腫了。").status_code == 303
    assert act(inside, "message", page, words="今天更腫了。").status_code == 303  # the second click
    assert Message.objects.filter(subject_stream=case.stream).count() == 1
    manager = clinic.case_manager
    staff = Actor("user", str(manager.uid), manager.pk)
    ours = message_draft(
        stream=case.stream, branch_id=case.branch_id, channel="portal", kind="letter", body="許醫師今天下午可以看。", actor=staff, now=NOW
    )
    message_queue(message=ours, actor=staff, now=NOW)
    run_due(at(minutes=2))
    html = inside.get(FOLLOW).content.decode()
    assert "今天更腫了。" in html and "許醫師今天下午可以看。" in html


def test_an_empty_or_endless_message_is_answered_at_its_field(inside, case):
    for words in ("", "   ", "痛" * 20_001):
        assert act(inside, "message", words=words).status_code == 422
    assert not Message.objects.exists()


def test_files_can_be_added_with_and_without_scripts(inside, case):
    page = inside.get(FOLLOW)
    assert act(inside, "attach", page, files=[SimpleUploadedFile("一.png", PNG)]).status_code == 303
    made = inside.post(
        f"{FOLLOW}files/", data=b"", content_type="application/octet-stream",
        headers={**TUS, "Upload-Length": str(len(PNG)), "Upload-Metadata": "filename Mi5wbmc="},
    )  # fmt: skip
    where = made["Location"]
    inside.patch(where, PNG, content_type="application/offset+octet-stream", headers={**TUS, "Upload-Offset": "0"})
    assert act(inside, "attach", upload=where.rstrip("/").rpartition("/")[2]).status_code == 303

    assert Item.objects.filter(stream=case.stream, source="portal").count() == 2
    html = inside.get(FOLLOW).content.decode()
    assert "一.png" in html and "2.png" in html
    assert act(inside, "attach").status_code == 422
    assert Client().post(f"{FOLLOW}files/", headers={**TUS, "Upload-Length": "5"}).status_code == 404


def test_copies_can_be_demanded(inside, case):
    page = inside.get(FOLLOW + "demand/")
    fields = {**form_fields(page, "/demand/"), "kinds": ["data_access", "seal"], "words": "全部"}
    assert inside.post(FOLLOW + "demand/", fields).status_code == 303
    assert inside.post(FOLLOW + "demand/", fields).status_code == 303
    assert sorted(Demand.objects.filter(case=case).values_list("kind", flat=True)) == ["data_access", "records_copy", "seal"]
    assert inside.post(FOLLOW + "demand/", {**form_fields(page, "/demand/")}).status_code == 422


@pytest.mark.postgres
def test_withdrawing_says_what_goes_on_and_asks_first(inside, case):
    page = inside.get(FOLLOW + "withdraw/")
    assert "沒有人可以要求您撤回" in page.content.decode()
    assert inside.post(FOLLOW + "withdraw/", {**form_fields(page, "/withdraw/"), "reason": ""}).status_code == 303
    case.refresh_from_db()
    assert case.stage == "withdrawn"
    assert "申訴已撤回" in inside.get(FOLLOW + "?done=withdraw").content.decode()


@pytest.mark.postgres
def test_a_message_on_an_ended_case_asks_a_person_whether_it_reopens(inside, case):
    page = inside.get(FOLLOW + "withdraw/")
    inside.post(FOLLOW + "withdraw/", {**form_fields(page, "/withdraw/"), "reason": "談好了"})
    act(inside, "message", words="其實還沒有好。")
    act(inside, "message", words="真的還沒有好。")

    case.refresh_from_db()
    assert case.stage == "withdrawn"  # nobody reopened it by writing
    asked = Task.objects.filter(case=case, kind="decide", cancelled_at__isnull=True)
    assert [t.role for t in asked] == ["case_manager"]


def test_acts_of_the_page_are_closed_to_those_outside(case, clinic):
    outside = Client()
    for where in ("message", "attach", "demand", "withdraw", "survey"):
        assert outside.post(f"{FOLLOW}{where}/", {"words": "x", "reason": "x", "kinds": "seal"}).status_code in (403,)
    assert not Message.objects.exists() and case.demands.count() == 1
