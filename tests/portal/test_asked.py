"""What the clinic asks the person for: on their page alone, with a reason and a date, and no is an answer."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from suyuan.cases.models import Case
from suyuan.cases.services.checklist import evidence_ask
from suyuan.evidence.models import Item
from suyuan.kernel.actor import Actor
from suyuan.platform.models import FactRow
from tests.portal.conftest import NOW, form_fields, keys_of, opened, sent
from tests.portal.test_uploads import PNG

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-09"), pytest.mark.sqlite]
FOLLOW = "/p/streamside/follow/"


@pytest.fixture
def case(phone, clinic):
    reference, secret = keys_of(sent(phone))
    assert opened(phone, reference, secret).status_code == 303
    return Case.objects.get(reference=reference)


@pytest.fixture
def asked(case, clinic):
    manager = Actor("user", str(clinic.case_manager.uid), clinic.case_manager.pk)
    return evidence_ask(
        case=case, kind="elsewhere", party=case.parties.first(), words="上週那家眼科的診斷書", due_at=NOW + timedelta(days=7),
        actor=manager, now=NOW,
    )  # fmt: skip


@pytest.fixture
def page(phone, asked):
    return f"{FOLLOW}asked/{asked.uid}/"


def give(phone, page, **fields):
    here = phone.get(page)
    return phone.post(page, {**form_fields(here, "/asked/"), **fields})


def photo():
    return SimpleUploadedFile("診斷書.png", PNG, "image/png")


def test_the_page_says_what_why_and_until_when_and_that_no_is_fine(phone, page):
    assert "上週那家眼科的診斷書" in phone.get(FOLLOW).content.decode()
    html = phone.get(page).content.decode()
    for words in ("上週那家眼科的診斷書", "他院就醫資料", "也可以不給", "11/23", "只用來查明這件申訴"):
        assert words in html


@pytest.mark.postgres
def test_what_they_give_lands_where_it_belongs_and_the_line_goes(phone, page, case, asked):
    answer = give(phone, page, agreed="on", files=photo())
    assert answer.status_code == 303 and "done=asked" in answer["Location"]
    item = Item.objects.get(stream=case.stream)
    assert (item.kind, item.source) == ("elsewhere", "request")
    asked.refresh_from_db()
    assert (asked.ending, asked.item) == ("given", item)
    html = phone.get(FOLLOW).content.decode()
    assert "上週那家眼科的診斷書" not in html and "診斷書.png" in html, "it is among their own files now"
    assert phone.get(page).status_code == 302


def test_without_their_yes_nothing_is_taken_and_nothing_need_be_chosen_again(phone, page, case):
    answer = give(phone, page, files=photo())
    assert answer.status_code == 422 and "請先勾選同意" in answer.content.decode()
    assert not Item.objects.filter(stream=case.stream).exists()
    kept = form_fields(answer, "/asked/")
    assert phone.post(page, {**kept, "agreed": "on"}).status_code == 303
    assert Item.objects.filter(stream=case.stream, kind="elsewhere").count() == 1


def test_they_say_no_without_a_reason(phone, page, asked):
    answer = give(phone, page, decline="1")
    assert answer.status_code == 303 and "done=declined" in answer["Location"]
    asked.refresh_from_db()
    assert asked.ending == "declined"


def test_a_request_to_somebody_else_is_not_there(phone, case, asked, clinic):
    manager = Actor("user", str(clinic.case_manager.uid), clinic.case_manager.pk)
    theirs = evidence_ask(
        case=case, kind="consent", user=clinic.doctor, due_at=NOW + timedelta(days=1), actor=manager, now=NOW
    )
    facts = FactRow.objects.filter(stream=case.stream).count()
    url = f"{FOLLOW}asked/{theirs.uid}/"
    assert phone.get(url).status_code == 302
    assert phone.post(url, form_fields(phone.get(FOLLOW), "/attach/") | {"agreed": "on", "files": photo()}).status_code == 302
    assert FactRow.objects.filter(stream=case.stream).count() == facts
