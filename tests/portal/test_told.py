"""What the clinic asks for is told by mail to those who chose mail: once, once more before its day, and without content."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from suyuan.cases.models import Case
from suyuan.cases.services.checklist import evidence_ask, evidence_cancel, evidence_remind
from suyuan.cases.services.ending import case_withdraw
from suyuan.cases.services.handling.escalation import unanswered
from suyuan.correspondence.models import Message
from suyuan.evidence.models import EvidenceRequest
from suyuan.kernel.actor import Actor
from suyuan.people.models import ContactPoint
from suyuan.platform.jobs import run_due
from suyuan.platform.models import FactRow
from tests.correspondence.conftest import sink  # noqa: F401
from tests.portal.conftest import NOW, form_fields, keys_of, opened, sent
from tests.portal.test_uploads import PNG

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-09"), pytest.mark.sqlite]
DAY, MINUTES = timedelta(days=1), timedelta(minutes=2)
SAID = "上週那家眼科的診斷書"
DUE = NOW + 7 * DAY


@pytest.fixture
def post(sink, settings):  # noqa: F811
    sink.handler.__init__()
    settings.SMTP_URL = f"smtp://127.0.0.1:{sink.port}"
    settings.MAIL_FROM = "溪岸診所 <care@clinic.example.org>"
    settings.PUBLIC_URL = "https://complaints.example.org"
    return sink.handler


def complaint(phone, **more) -> Case:
    keys = keys_of(sent(phone, **{"contact": "wen@example.org", "contact_by": "email", **more}))
    assert opened(phone, *keys).status_code == 303
    return Case.objects.get(reference=keys[0])


def manager_of(clinic) -> Actor:
    return Actor("user", str(clinic.case_manager.uid), clinic.case_manager.pk)


def ask(case, clinic, now=NOW, due_at=DUE) -> EvidenceRequest:
    return evidence_ask(
        case=case, kind="elsewhere", party=case.parties.first(), words=SAID, due_at=due_at, actor=manager_of(clinic), now=now
    )


def mail_by(now):
    """Everything that is due by then, as the worker would."""
    run_due(now)


@pytest.mark.postgres
def test_they_are_told_at_once_and_the_mail_says_nothing(post, phone, clinic):
    case = complaint(phone)
    ask(case, clinic)
    mail_by(NOW + MINUTES)

    (letter,) = post.taken
    assert post.recipients == [["wen@example.org"]]
    whole = letter.as_string() + letter["Subject"] + letter.get_content()
    assert "https://complaints.example.org/p/streamside/follow/" in letter.get_content()
    assert letter["Auto-Submitted"] == "auto-generated"
    canaries = (
        SAID, "診斷書", "他院就醫", "證據", "申訴", "溫若嵐", "若嵐", "雙眼皮", "左眼", case.reference, str(case.uid), "11/23", "沈經理",
        str(case.parties.get().uid),
    )  # fmt: skip
    assert [word for word in canaries if word in whole] == []
    page = phone.get("/p/streamside/follow/").content.decode()
    assert "想請您提供「他院就醫資料」" in page, "the page has the words the mail speaks of"


def test_once_more_before_its_day_by_day_and_never_again(post, phone, clinic, at):
    request = ask(complaint(phone), clinic)
    mail_by(NOW + MINUTES)
    mail_by(at(days=4, hours=23))
    assert len(post.taken) == 1
    for _step in range(4):
        mail_by(at(hours=10))
    assert len(post.taken) == 2
    request.refresh_from_db()
    assert request.reminders == 1 and DUE - 2 * DAY <= request.reminded_at < DUE - DAY
    assert FactRow.objects.filter(type="evidence.request_reminded", actor="system:suyuan").count() == 1
    assert len({letter["Message-ID"] for letter in post.taken}) == 2


def test_not_by_night(post, phone, clinic, at):
    late = NOW + timedelta(hours=8)  # twenty past ten in the evening
    request = ask(complaint(phone), clinic, due_at=late + 2 * DAY + timedelta(hours=1))
    mail_by(at(hours=9))
    for _hour in range(6):
        mail_by(at(hours=2))
    request.refresh_from_db()
    assert request.reminders == 1 and 1 <= request.reminded_at.hour < 10, "between nine and six there"


def test_who_has_just_been_reminded_is_not_reminded_by_us(post, phone, clinic, at):
    case = complaint(phone)
    request = ask(case, clinic)
    now = at(days=5, hours=-5)
    mail_by(now)
    evidence_remind(case=case, request=request, actor=manager_of(clinic), now=at(hours=6))
    for _step in range(5):
        mail_by(at(hours=8))
    request.refresh_from_db()
    assert request.reminders == 1 and len(post.taken) == 2


def test_a_short_time_needs_no_second_letter(post, phone, clinic, at):
    ask(complaint(phone), clinic, due_at=NOW + DAY)
    for _step in range(5):
        mail_by(at(hours=5))
    assert len(post.taken) == 1


@pytest.mark.parametrize("how", ["cancelled", "given", "withdrawn", "address_gone"])
def test_nothing_more_is_said_once_it_is_over(how, post, phone, clinic, at):
    case = complaint(phone)
    request = ask(case, clinic)
    mail_by(NOW + MINUTES)
    case.refresh_from_db()
    match how:
        case "cancelled":
            evidence_cancel(case=case, request=request, reason="找到了", actor=manager_of(clinic), now=at(hours=1))
        case "given":
            page = f"/p/streamside/follow/asked/{request.uid}/"
            file = SimpleUploadedFile("a.png", PNG, "image/png")
            phone.post(page, {**form_fields(phone.get(page), "/asked/"), "agreed": "on", "files": file})
        case "withdrawn":
            case_withdraw(case=case, reason="說好了", actor=manager_of(clinic), now=at(hours=1))
        case "address_gone":
            ContactPoint.objects.update(ended_at=at(hours=1))
    for _step in range(8):
        mail_by(at(hours=20))
    assert len(post.taken) == 1


def test_only_whoever_chose_mail_is_written_to(post, phone, clinic):
    case = complaint(phone, contact_by="phone")
    ask(case, clinic)
    mail_by(NOW + MINUTES)
    assert post.taken == [] and not Message.objects.filter(subject_stream=case.stream, direction="out").exists()


def test_without_a_mail_server_nothing_waits_for_one(phone, clinic, settings):
    settings.SMTP_URL = ""
    case = complaint(phone)
    ask(case, clinic)
    assert not Message.objects.filter(direction="out").exists()


def test_a_notice_is_no_answer_to_somebody_who_keeps_writing(post, phone, clinic, at):
    case = complaint(phone)
    fields = form_fields(phone.get("/p/streamside/follow/"), "/follow/message/")
    phone.post("/p/streamside/follow/message/", {**fields, "words": "請問有人看到嗎？"})
    before = unanswered(case, NOW + MINUTES, 14)
    ask(case, clinic)
    mail_by(at(minutes=5))
    assert Message.objects.get(kind="notice").state == "sent"
    assert unanswered(case, NOW + 2 * MINUTES, 14) == before >= 1
