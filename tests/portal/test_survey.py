"""The survey: by its own secret, or from the follow-up page."""
from __future__ import annotations

import pytest
from django.test import Client

from suyuan.cases.models import Case, Survey
from suyuan.cases.services.ending import survey_send
from suyuan.kernel.actor import Actor
from tests.portal.conftest import NOW, form_fields, keys_of, opened, sent

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-21"), pytest.mark.sqlite]
SURVEY, FOLLOW = "/p/survey/", "/p/streamside/follow/"


@pytest.fixture
def asked(phone, clinic):
    """A withdrawn complaint whose sender is asked how it was handled."""
    reference, secret = keys_of(sent(phone))
    opened(phone, reference, secret)
    page = phone.get(FOLLOW + "withdraw/")
    phone.post(FOLLOW + "withdraw/", {**form_fields(page, "/withdraw/"), "reason": "談好了"})
    case = Case.objects.get(reference=reference)
    manager = clinic.case_manager
    _row, link = survey_send(case=case, actor=Actor("user", str(manager.uid), manager.pk), now=NOW)
    return link


def door(client, secret, **more):
    fields = form_fields(client.get(SURVEY), "data-fragment")
    return client.post(SURVEY, {**fields, "secret": secret, **more})


@pytest.mark.postgres
def test_the_link_opens_a_few_kind_questions_and_takes_the_answers(clinic, asked):
    client = Client(enforce_csrf_checks=True)
    page = door(client, asked.lower())
    assert "您覺得有人認真聽您說嗎" in page.content.decode()
    fields = form_fields(page, "/p/survey/")
    thanks = client.post(SURVEY, {**fields, "heard": "4", "words": "回電可以早一點。"})

    assert "謝謝您的回答" in thanks.content.decode()
    row = Survey.objects.get()
    assert row.answers["heard"] == 4 and row.answers["words"] == "回電可以早一點。"
    assert "打不開" in door(client, asked).content.decode()  # once


def test_nothing_has_to_be_answered(clinic, asked):
    client = Client()
    fields = form_fields(door(client, asked), "/p/survey/")
    assert "謝謝您的回答" in client.post(SURVEY, fields).content.decode()


def test_a_wrong_secret_opens_nothing(clinic, asked):
    assert "打不開" in door(Client(), "ABCDE-FGHJK-MNPQR-STVWX").content.decode()


def test_an_answer_nobody_offered_is_refused(clinic, asked):
    client = Client()
    fields = form_fields(door(client, asked), "/p/survey/")
    assert client.post(SURVEY, {**fields, "heard": "9"}).status_code == 422
    assert Survey.objects.get().answered_at is None


def test_the_follow_up_page_needs_no_second_secret(phone, clinic, asked):
    assert "這件事我們處理得如何" in phone.get(FOLLOW).content.decode()
    page = phone.get(FOLLOW + "survey/")
    assert phone.post(FOLLOW + "survey/", {**form_fields(page, "/survey/"), "kept": "2"}).status_code == 303
    assert Survey.objects.get().answers == {"kept": 2}
    assert phone.get(FOLLOW + "survey/").status_code == 302
