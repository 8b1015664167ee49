"""A letter on paper: to the person's own address, in the window of the envelope, and posted by somebody who says so."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from django.urls import reverse
from pypdf import PdfReader

from suyuan.cases.services.intake import PersonGiven
from suyuan.correspondence.models import Message
from suyuan.people.rules import Contact
from suyuan.platform.facts import facts_told
from suyuan.platform.models import FactRow
from tests.cases.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-12")]
HOME = "700 臺南市中西區示例路一段 25 號 7 樓"


def url(name, case, *more):
    return reverse(f"desk:{name}", args=[case.reference, *more])


@pytest.fixture
def case(make_case):
    person = PersonGiven(family_name="例", given_name="小安", contacts=(Contact("address", HOME),))
    return make_case("acknowledged", complainant=person)


@pytest.fixture
def letter(browser, case):
    """Written and waiting to be posted."""
    words = "例小安您好：\n\n明天中午前回電。\n第二行。"
    assert browser("manager").post(url("letter_write", case), {"channel": "letter", "words": words}).status_code == 302
    return Message.objects.get(subject_stream=case.stream, channel="letter")


def test_without_an_address_it_is_refused_kindly_and_nothing_is_lost(browser, make_case):
    bare = make_case("acknowledged")
    page = browser("manager").post(url("letter_write", bare), {"channel": "letter", "words": "明天中午前回電。"})
    assert page.status_code == 422
    assert "還沒有這一位的地址" in page.content.decode()
    assert "明天中午前回電。" in page.content.decode()
    assert not Message.objects.filter(subject_stream=bare.stream).exists()


def test_it_waits_for_somebody_to_post_it(browser, case, letter):
    assert (letter.state, letter.to) == ("queued", HOME)
    client = browser("manager")
    page = client.get(url("letters", case)).content.decode()
    assert url("letter_print", case, letter.uid) in page
    assert url("letter_post", case, letter.uid) in page

    where = url("letter_post", case, letter.uid)
    assert client.post(where, {"posted": "registered", "sent_on": "2026-11-21", "number": ""}).status_code == 422
    assert client.post(where, {"posted": "ordinary", "sent_on": "2031-01-01"}).status_code == 422
    given = {"posted": "registered", "sent_on": f"{NOON:%Y-%m-%d}", "number": " 123456 70000318 "}
    assert client.post(where, given).status_code == 302

    letter.refresh_from_db()
    assert letter.state == "sent"
    fact = FactRow.objects.filter(stream=case.stream, type="message.sent").order_by("-position").first()
    told = facts_told([fact])[0]
    assert told.plain("posted") == "registered"
    assert told.private["post_number"] == "123456 70000318"
    assert "70000318" not in str(fact.plain)
    assert "掛號 123456 70000318" in client.get(url("letters", case)).content.decode()
    assert client.post(where, given).status_code == 409


def test_the_page_shows_it_as_it_lies_in_the_envelope(browser, case, letter):
    page = browser("manager").get(url("letter_print", case, letter.uid)).content.decode()
    assert HOME in page
    assert "例小安 收" in page
    assert "民國 115 年" in page


def test_the_paper_puts_the_address_and_nothing_else_into_the_window(browser, case, letter):
    answer = browser("manager").get(url("letter_pdf", case, letter.uid))
    assert answer["Content-Type"] == "application/pdf"
    pdf = answer.content
    assert browser("manager").get(url("letter_pdf", case, letter.uid)).content == pdf
    assert case.reference in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()

    mm = 72 / 25.4
    page = pypdfium2.PdfDocument(pdf)[0]
    high = page.get_height()
    inside = page.get_textpage().get_text_bounded(20 * mm, high - 90 * mm, 110 * mm, high - 45 * mm)
    said = "".join(inside.split())
    assert "示例路一段25號7樓" in said
    assert "例小安收" in said
    assert case.reference not in said
    assert "回電" not in said
    above = "".join(page.get_textpage().get_text_bounded(0, high - 98 * mm, 210 * mm, high).split())
    assert "回電" not in above


@pytest.mark.parametrize("name", ["letter_print", "letter_pdf", "letter_post"])
def test_what_is_not_on_paper_is_not_here(browser, case, name):
    client = browser("manager")
    client.post(url("letter_write", case), {"channel": "portal", "words": "明天中午前回電。"})
    row = Message.objects.get(subject_stream=case.stream)
    assert client.get(url(name, case, row.uid)).status_code == 404
