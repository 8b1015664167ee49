"""Writing with a template: it fits the case, what is known is filled in, and what is missing keeps the letter here."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from suyuan.correspondence.models import Message
from suyuan.correspondence.templates import house_values, templates_for

pytestmark = pytest.mark.django_db


def test_what_is_known_of_the_clinic_comes_in_the_readers_language(settings, cast):
    settings.PUBLIC_URL = "https://clinic.example.org"
    here = cast.branches["TN"]
    values = house_values(here, surface="public_reply", language="en")
    assert values["clinic"] == here.name("en")
    assert values["emergency"] == "119"
    assert values["deadline"] == "within 24 hours"
    assert "1950" in values["authority_channels"]
    assert values["form_url"] == "https://clinic.example.org/p/tn/"
    assert "deadline" not in house_values(here, surface="private_message", language="zh-hant")


@pytest.mark.requirement("A-07")
def test_templates_that_fit(packs):
    rows = templates_for("tw", surface="private_message", channels=["sms"], level=0, situation="acknowledgement")
    assert [row.id for row in rows] == ["ack-sms"]
    portal = templates_for("tw", surface="private_message", channels=["portal"], level=0, situation="acknowledgement")
    assert [row.id for row in portal] == ["ack-written-2"]
    assert "cn-channels" in {row.id for row in templates_for("cn", situation="acknowledgement")}
    replies = templates_for("tw", surface="public_reply", reply_to="positive_review")
    assert [row.id for row in replies] == ["review-positive"]


def write(case):
    return reverse("desk:letter_write", args=[case.reference])


def words_in(page) -> str:
    return re.search(r'<textarea[^>]*name="words"[^>]*>\s*(.*?)</textarea>', page.content.decode(), re.S)[1]


@pytest.mark.requirement("A-07")
def test_a_picked_template_is_filled_and_names_what_is_missing(browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    page = client.get(write(case))
    assert 'value="progress-written"' in page.content.decode()
    assert 'value="legal-review-before-offer"' not in page.content.decode()
    assert 'value="ack-sms"' not in page.content.decode()

    typed = {"channel": "portal", "words": "先打過電話了。", "template": "progress-written", "pick": "1"}
    page = client.post(write(case), typed)
    assert page.status_code == 200
    words = words_in(page)
    assert words.startswith("先打過電話了。")
    assert case.reference in words
    assert "{points}" in words
    assert "要點" in page.content.decode()
    assert not Message.objects.filter(subject_stream=case.stream, state="queued").exists()


@pytest.mark.requirement("A-07")
def test_what_is_still_open_is_refused_at_the_field_and_nothing_typed_is_lost(browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    page = client.post(write(case), {"channel": "portal", "words": "您好，{by_when} 前回您。"})
    assert page.status_code == 422
    assert words_in(page) == "您好，{by_when} 前回您。"
    assert "在什麼時候之前" in page.content.decode()
    assert not Message.objects.filter(subject_stream=case.stream).exists()

    assert client.post(write(case), {"channel": "portal", "words": "您好，明天 18:00 前回您。"}).status_code == 302
    assert Message.objects.get(subject_stream=case.stream).state == "queued"


@pytest.mark.parametrize("code", ["nothing", "review-negative", "legal-review-before-offer", "tw-fault-care"])
def test_only_what_is_written_to_a_person_can_be_picked(browser, make_case, code):
    case = make_case("acknowledged")
    page = browser("manager").post(write(case), {"channel": "portal", "words": "", "template": code, "pick": "1"})
    assert page.status_code == 404


@pytest.mark.requirement("C-15")
def test_the_pages_of_words_say_what_to_do_instead(browser):
    client = browser("manager")
    page = client.get(reverse("desk:instead") + "?law=tw").content.decode()
    assert page.count('class="sy-swap"') == 25
    assert "消費者保護法" in page
    page = client.get(reverse("desk:templates") + "?law=cn").content.decode()
    assert "cn-channels" in page
    assert "tw-records" not in page


@pytest.mark.requirement("A-28")
def test_a_hard_moment_is_one_step_from_the_case(browser, make_case):
    client = browser("manager")
    where = reverse("desk:card", args=["going-to-authority"])
    assert where in client.get(reverse("desk:case", args=[make_case("acknowledged").reference])).content.decode()
    assert where in client.get(reverse("desk:packs")).content.decode()
    assert "您去了也沒有用" in client.get(where).content.decode()
