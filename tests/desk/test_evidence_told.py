"""Beside what a person outside was asked for stands whether they have heard of it, and who should still tell them."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from suyuan.cases.services.checklist import evidence_ask
from suyuan.cases.services.intake import PersonGiven
from suyuan.correspondence.models import Message
from suyuan.people.rules import Contact
from tests.cases.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-09")]
SAID = {
    "queued": "告知的信就要寄出",
    "failed": "告知的信沒有送到，請打電話說一聲",
    "draft": "只有進度頁看得到，沒有寄信：請打電話說一聲",
}


def asked(make_case, cast, settings, **person):
    settings.SMTP_URL, settings.MAIL_FROM = "smtp://127.0.0.1:9", "care@clinic.example.org"
    case = make_case("investigating", **person)
    evidence_ask(
        case=case, kind="elsewhere", party=case.parties.get(), due_at=NOON + timedelta(days=5), actor=cast.manager.actor, now=NOON
    )
    return case


@pytest.mark.parametrize("state", SAID)
def test_the_line_says_what_became_of_the_mail(state, make_case, cast, browser, settings):
    who = PersonGiven(family_name="例", given_name="小安", contacts=(Contact("email", "an@example.org", preferred=True),))
    case = asked(make_case, cast, settings, complainant=who, preferred_channel="email")
    message = Message.objects.get(subject_stream=case.stream, kind="notice")
    assert (message.state, message.to, message.with_content) == ("queued", "an@example.org", False)
    back = {"draft_body": message.words, "text": None, "queued_at": None, "send_after": None} if state == "draft" else {}
    Message.objects.filter(pk=message.pk).update(state=state, **back)
    page = browser("manager").get(reverse("desk:evidence", args=[case.reference])).content.decode()
    assert [words for words in SAID.values() if words in page] == [SAID[state]]


def test_who_did_not_choose_mail_is_to_be_called(make_case, cast, browser, settings):
    case = asked(make_case, cast, settings)
    page = browser("manager").get(reverse("desk:evidence", args=[case.reference])).content.decode()
    assert SAID["draft"] in page and not Message.objects.filter(kind="notice").exists()
