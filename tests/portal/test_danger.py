"""Danger first: one yes opens the case, tells a doctor and shows the number to call."""
from __future__ import annotations

import re

import pytest
from django.test import Client

from suyuan.cases.models import Case, Task
from suyuan.correspondence.models import Message
from suyuan.platform.models import FactRow
from suyuan.portal import rules
from suyuan.portal.services import pace
from tests.portal.conftest import STORY, given, hidden, keys_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-03"), pytest.mark.sqlite]
DANGER, WRITE = "/p/streamside/danger/", "/p/streamside/write/"


def ticket(page) -> str:
    return re.search(r'name="ticket" value="([^"]+)"', page.content.decode()).group(1)


def yes(browser, **more):
    return browser.post(DANGER, {"ticket": ticket(browser.get(DANGER)), "signs": ["sight"], "yes": "1", **more})


def test_four_questions_stand_before_the_form(phone, clinic):
    html = phone.get(DANGER).content.decode()
    assert html.count('name="signs"') == 4
    assert "119" in html


@pytest.mark.postgres
def test_a_yes_opens_the_case_at_once_and_tells_a_doctor(phone, clinic):
    page = yes(phone)
    html = page.content.decode()

    assert page.status_code == 200
    assert 'href="tel:119"' in html and 'href="tel:0200000119"' in html
    case = Case.objects.get()
    assert (case.danger, case.danger_signs, case.is_complete) == ("open", ["sight"], False)
    assert case.parties.get().person.full_name == ""
    task = Task.objects.get(case=case, kind="danger_review")
    assert (task.role, task.due_at) == ("doctor", case.received_at)
    assert case.reference in html


def test_a_telephone_is_offered_and_not_required(phone, clinic):
    yes(phone, phone="0900-000-111")
    person = Case.objects.get().parties.get().person
    assert [c.value for c in person.contact_points.all()] == ["0900-000-111"]


def test_a_telephone_that_cannot_be_one_stops_nothing(phone, clinic):
    page = yes(phone, phone="在家")
    assert page.status_code == 200 and "「在家」不像電話號碼" in page.content.decode()
    assert Message.objects.get(subject_stream=Case.objects.get().stream).text.body == "在家"


@pytest.mark.postgres
def test_a_telephone_left_afterwards_reaches_the_same_case(phone, clinic):
    page = yes(phone)
    assert Task.objects.get(kind="danger_review").detail["no_contact"] is True
    again = phone.post(DANGER, {"ticket": ticket(page), "signs": ["sight"], "yes": "1", "phone": "0900-000-222"})

    assert again.status_code == 200
    case = Case.objects.get()
    assert [c.value for c in case.parties.get().person.contact_points.all()] == ["0900-000-222"]
    assert not Message.objects.filter(subject_stream=case.stream).exists()
    assert Task.objects.get(case=case, kind="danger_review").detail["no_contact"] is False
    assert FactRow.objects.filter(stream=case.stream, type="party.contact_left").count() == 1
    assert "0900-000-222" in phone.get(WRITE).content.decode()


@pytest.mark.postgres
def test_the_same_telephone_left_twice_is_one(phone, clinic):
    page = yes(phone)
    for number in ("0900-000-222", "0900-000-222", "0900-000-333"):
        fields = {"ticket": ticket(phone.get(DANGER)), "signs": ["sight"], "yes": "1", "phone": number}
        assert phone.post(DANGER, fields).status_code == 200
    assert page.status_code == 200
    points = Case.objects.get().parties.get().person.contact_points.order_by("id")
    assert [(c.value, c.preferred) for c in points] == [("0900-000-222", False), ("0900-000-333", True)]


def test_words_left_afterwards_are_a_message_and_the_list_goes_on_saying_so(phone, clinic):
    page = yes(phone)
    phone.post(DANGER, {"ticket": ticket(page), "signs": ["sight"], "yes": "1", "phone": "在家"})
    case = Case.objects.get()
    assert Message.objects.get(subject_stream=case.stream).text.body == "在家"
    assert Task.objects.get(case=case, kind="danger_review").detail["no_contact"] is True


def test_a_number_of_the_first_minute_still_reaches_who_gives_none_in_the_form(phone, clinic):
    yes(phone, phone="0900-000-111")
    assert phone.post(WRITE, given(phone.get(WRITE), contact="", contact_by="portal")).status_code == 200
    case = Case.objects.get()
    assert case.is_complete and case.parties.get().person.full_name == "溫若嵐"
    assert [c.value for c in case.parties.get().person.contact_points.all()] == ["0900-000-111"]


def test_a_number_given_in_the_form_ends_the_warning(phone, clinic):
    yes(phone)
    phone.post(WRITE, given(phone.get(WRITE)))
    assert Task.objects.get(kind="danger_review").detail["no_contact"] is False


@pytest.mark.postgres
def test_going_on_completes_the_same_case_with_the_same_receipt(phone, clinic):
    first = keys_of(yes(phone))
    page = phone.get(WRITE)
    assert "醫師已經知道您的情形" in page.content.decode()
    receipt = phone.post(WRITE, given(page))

    assert keys_of(receipt) == first
    case = Case.objects.get()
    assert case.is_complete and case.narrative.body.startswith(STORY)
    assert case.parties.get().person.full_name == "溫若嵐"
    assert case.danger == "open"


def test_breaking_off_leaves_it_open_for_the_doctor(phone, clinic, at):
    yes(phone)
    at(hours=30)
    task = Task.objects.get(kind="danger_review")
    assert task.done_at is None and task.detail.get("no_contact") is True
    assert Case.objects.get().is_open


@pytest.mark.postgres
def test_a_second_click_is_one_case_and_another_answer_is_told_too(phone, clinic):
    fields = {"ticket": ticket(phone.get(DANGER)), "signs": ["sight"], "yes": "1"}
    first, second = phone.post(DANGER, fields), phone.post(DANGER, fields)
    assert keys_of(first) == keys_of(second)
    phone.post(DANGER, {**fields, "signs": ["sight", "skin"]})

    case = Case.objects.get()
    assert set(case.danger_signs) == {"sight", "skin"}


def test_a_tick_counts_whatever_button_is_pressed(phone, clinic):
    page = phone.post(DANGER, {"ticket": ticket(phone.get(DANGER)), "signs": ["skin"], "no": "1"})
    assert page.status_code == 200 and Case.objects.get().danger_signs == ["skin"]


def test_yes_without_saying_which_is_enough(phone, clinic):
    assert phone.post(DANGER, {"ticket": ticket(phone.get(DANGER)), "yes": "1"}).status_code == 200
    assert Case.objects.get().danger == "open"


def test_no_leads_to_the_form(phone, clinic):
    answer = phone.post(DANGER, {"ticket": ticket(phone.get(DANGER)), "no": "1"})
    assert answer.status_code == 302 and answer["Location"] == WRITE
    assert not Case.objects.exists()


def test_it_works_without_any_cookie(clinic):
    page = Client().get(DANGER)
    answer = Client(enforce_csrf_checks=True).post(DANGER, {"ticket": ticket(page), "signs": ["sight"], "yes": "1"})
    assert answer.status_code == 200 and Case.objects.count() == 1


def test_another_sites_page_opens_nothing(phone, clinic):
    fields = {"ticket": ticket(phone.get(DANGER)), "signs": ["sight"], "yes": "1"}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert phone.post(DANGER, fields, headers=headers).status_code == 403
    for wrong in ("", "abc", ticket(phone.get(DANGER))[:-2] + "xx"):
        page = phone.post(DANGER, {**fields, "ticket": wrong})
        assert page.status_code == 403 and "checked" in page.content.decode()
    assert not Case.objects.exists()


@pytest.mark.postgres
def test_a_flood_is_slowed_and_never_refused(clinic, monkeypatch):
    slept = []
    monkeypatch.setattr("suyuan.portal.views.danger.time.sleep", slept.append)
    page = Client().get(DANGER)
    for number in range(15):
        fields = {"ticket": ticket(page), "signs": ["sight"], "yes": "1", "phone": f"0900-000-{number:03d}"}
        assert Client().post(DANGER, fields).status_code == 200

    assert Case.objects.count() == 15
    assert slept and max(slept) <= rules.DANGER_PACE.cap and slept == sorted(slept)


@pytest.mark.postgres
def test_the_counter_starts_over_when_its_window_is_past(clinic, at):
    now = at()
    for _ in range(20):
        pace.pace_taken(name="x", pace=rules.SEND_PACE, now=now)
    assert pace.pace_left(name="x", pace=rules.SEND_PACE, now=now) == rules.SEND_PACE.cap
    now = at(hours=2)
    assert pace.pace_taken(name="x", pace=rules.SEND_PACE, now=now) == 0.0


def test_the_kept_form_keys_stay_the_same(phone, clinic):
    page = phone.get(WRITE)
    phone.post("/p/streamside/write/save/", given(page, send=None))
    yes(phone)
    after = phone.get(WRITE)
    assert hidden(after)["idempotency_key"] == hidden(page)["idempotency_key"]
    assert STORY in after.content.decode()
