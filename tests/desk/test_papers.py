"""Letters, files, receipts and surveys from the desk."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from suyuan.cases.models import Receipt
from suyuan.cases.services import parties
from suyuan.cases.services.intake import PersonGiven
from suyuan.correspondence.models import Message
from suyuan.evidence.models import Item
from suyuan.people.rules import Contact
from suyuan.platform import clock
from suyuan.platform.models import AccessRow
from tests.cases.cast import NOON

pytestmark = pytest.mark.django_db
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def url(name, case, *more):
    return reverse(f"desk:{name}", args=[case.reference, *more])


def test_a_letter_waits_a_minute_and_can_be_taken_back(browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    assert client.post(url("letter_write", case), {"channel": "portal", "words": "許醫師想再看一次。"}).status_code == 302
    letter = Message.objects.get(subject_stream=case.stream)
    assert letter.state == "queued" and letter.send_after == NOON + timedelta(seconds=60)
    assert "收回" in client.get(url("letters", case)).content.decode()

    assert client.post(url("letter_take_back", case, letter.uid)).status_code == 302
    page = client.get(url("letter_write", case)).content.decode()
    assert "許醫師想再看一次。" in page and "已收回" in page
    client.post(url("letter_write", case), {"channel": "portal", "words": "許醫師週五想再看一次。"})
    again = Message.objects.get(subject_stream=case.stream)
    assert again.pk == letter.pk and again.state == "queued" and again.words == "許醫師週五想再看一次。"


def test_words_by_mail_only_to_those_who_chose_mail(browser, make_case):
    person = PersonGiven(family_name="例", given_name="小安", contacts=(Contact("email", "an@example.org"),))
    case = make_case("acknowledged", complainant=person)
    client = browser("manager")
    page = client.get(url("letter_write", case)).content.decode()
    assert "寄電子郵件，只說有訊息" in page and "信裡有全文" not in page
    assert client.post(url("letter_write", case), {"channel": "email", "words": "您好"}).status_code == 302
    assert not Message.objects.get(subject_stream=case.stream).with_content

    chosen = make_case("acknowledged", complainant=person, preferred_channel="email")
    assert client.post(url("letter_write", chosen), {"channel": "email", "words": "您好"}).status_code == 302
    letter = Message.objects.get(subject_stream=chosen.stream)
    assert letter.channel == "email" and letter.with_content and letter.to == "an@example.org"


@pytest.mark.parametrize("words", ["", "  ", "好" * 20_001, "a\x00b", "a\x07b"])
def test_unfit_letters_stay_on_the_page(words, browser, make_case):
    case = make_case("acknowledged")
    answer = browser("manager").post(url("letter_write", case), {"channel": "portal", "words": words})
    assert answer.status_code == 422
    assert not Message.objects.filter(subject_stream=case.stream).exists()


def test_a_letter_that_left_cannot_be_taken_back(cast, browser, make_case):
    from suyuan.correspondence.services import message_deliver

    case = make_case("acknowledged")
    client = browser("manager")
    client.post(url("letter_write", case), {"channel": "portal", "words": "您好"})
    letter = Message.objects.get(subject_stream=case.stream)
    message_deliver(message=letter, now=NOON + timedelta(minutes=2))
    assert client.post(url("letter_take_back", case, letter.uid)).status_code == 409
    assert "您好" in client.get(url("letters", case)).content.decode()


def test_a_file_is_kept_listed_and_given_as_a_download(browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    sent = SimpleUploadedFile("術前 <b>.png", PNG, content_type="text/html")
    assert client.post(url("files", case), {"file": sent, "note": "左眼"}).status_code == 302
    row = Item.objects.get(stream=case.stream)
    page = client.get(url("files", case)).content.decode()
    assert "左眼" in page and "<b>.png" not in page
    given = client.post(url("file_copy", case, row.uid))
    answer = client.get(given["Location"])
    assert b"".join(answer.streaming_content) == PNG
    assert answer["Content-Disposition"].startswith("attachment") and "sandbox" in answer["Content-Security-Policy"]
    assert answer["Content-Type"] == "application/octet-stream"
    assert AccessRow.objects.filter(what="case.file", stream=case.stream).count() == 1
    assert browser("stranger").get(url("file", case, row.uid)).status_code == 404


@pytest.mark.parametrize(("name", "body"), [("empty.png", b""), ("evil.exe", b"MZ" + b"\x00" * 400)])
def test_files_that_cannot_be_kept_are_told_why(name, body, browser, make_case):
    case = make_case("acknowledged")
    answer = browser("manager").post(url("files", case), {"file": SimpleUploadedFile(name, body), "note": "我的註記"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "檔案沒有加入" in page and "我的註記" in page
    assert not Item.objects.filter(stream=case.stream).exists()


def test_no_file_is_told(browser, make_case):
    assert browser("manager").post(url("files", make_case()), {}).status_code == 422


def test_a_new_receipt_for_a_verified_person_revokes_the_old_one(cast, browser, make_case):
    case = make_case("acknowledged")
    client = browser("receptionist")
    party = case.parties.get()
    refused = client.post(url("receipt", case), {"party": str(party.uid)})
    assert refused.status_code == 409 and "核對身分" in refused.content.decode()
    parties.party_verify(case=case, party=party, how="card", actor=cast.manager.actor, now=NOON)
    done = client.post(url("receipt", case), {"party": str(party.uid)})
    assert done.status_code == 302
    assert "密碼只在這裡顯示這一次" in client.get(done["Location"]).content.decode()
    assert Receipt.objects.filter(case=case, revoked_at=None).count() == 1
    assert client.post(url("receipt", case), {"party": "zzz"}).status_code == 404


def test_the_survey_comes_after_the_end(cast, browser, make_case):
    from suyuan.cases.services import ending

    case = make_case("acknowledged")
    client = browser("manager")
    assert client.post(url("survey", case)).status_code == 409
    ending.case_withdraw(case=case, reason="不追究了", actor=cast.manager.actor, now=NOON)
    with clock.frozen(NOON):
        page = client.post(url("survey", case)).content.decode()
    assert "survey-secret" in page
