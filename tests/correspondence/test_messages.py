"""Words in and out apart from mail: drafts, editions, channels, limits, what is frozen."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from suyuan.correspondence import mail, rules, selectors, services
from suyuan.correspondence.errors import (
    AddressUnfit,
    HandedOverByUs,
    MessageMovedMeanwhile,
    MessageOnItsWay,
    MessageUnfit,
)
from suyuan.correspondence.models import Message
from suyuan.kernel.machine import NoSuchMove
from suyuan.kernel.refusal import NotHere
from suyuan.platform.facts import facts_told
from suyuan.platform.models import FactPrivate, FactRow, Text
from tests.correspondence.stories import (
    COLLEAGUE,
    LATER,
    MANAGER,
    NOW,
    PATIENT,
    STREAM,
    WORDS,
    drafted,
    fresh,
    queued,
    told,
)

pytestmark = pytest.mark.usefixtures("house")


def received(**more) -> Message:
    arguments = {"stream": STREAM, "branch_id": 1, "channel": "portal", "body": "還是很腫", "actor": PATIENT, "now": NOW}
    return services.message_receive(**(arguments | more))


def test_what_came_in_is_kept_byte_for_byte_and_found_by_search():
    body = "　還是很腫……\r\n打電話永遠是「再等等」。Ａ"
    message = received(body=body)

    assert fresh(message).text.body == body
    assert message.state == "received"
    assert Text.objects.get(pk=message.text_id).stream == STREAM
    assert told() == ["message.received"]


def test_the_fact_holds_the_words_by_digest_only():
    message = received(body="打電話永遠是再等等", subject_line="回診")
    row = FactRow.objects.get(type="message.received")
    assert "再等等" not in str(row.plain)
    (fact,) = facts_told([row])
    assert fact.private["body"]["sha256"] == message.text.sha256
    assert fact.private["subject_line"] == "回診"


def test_addresses_never_stand_in_clear():
    queued(to="wen@example.org")
    assert b"wen@example.org" not in bytes(Message.objects.get().to_sealed)
    assert Message.objects.get().to == "wen@example.org"
    assert "wen@example.org" not in str([row.plain for row in FactRow.objects.all()])
    assert all(b"wen@" not in bytes(private.sealed) for private in FactPrivate.objects.all())


@pytest.mark.parametrize(
    ("body", "why"), [("", "empty"), (" \n　", "empty"), ("字" * 20_001, "too_long"), ("a\x00b", "unwritable"), ("\ud83d", "unwritable")]
)
def test_words_that_cannot_be_kept_are_refused(body, why):
    with pytest.raises(MessageUnfit) as refused:
        received(body=body)
    assert refused.value.data["why"] == why
    assert refused.value.message()


def test_twenty_thousand_characters_are_kept():
    assert len(received(body="字" * 20_000).text.body) == 20_000


def test_two_people_on_one_draft_lose_nothing_silently():
    message = drafted()
    hers, his = fresh(message), fresh(message)
    services.message_change(message=hers, edition=hers.edition, body="她的話", actor=MANAGER, now=NOW)

    with pytest.raises(MessageMovedMeanwhile):
        services.message_change(message=his, edition=his.edition, body="他的話", actor=COLLEAGUE, now=NOW)
    with pytest.raises(MessageMovedMeanwhile):
        services.message_queue(message=his, actor=COLLEAGUE, now=NOW)
    assert fresh(message).draft_body == "她的話"


def test_portal_words_are_there_at_once():
    message = queued("portal", to="")
    assert (message.state, message.sent_at) == ("sent", NOW)
    assert told() == ["message.drafted", "message.queued", "message.sent"]


def test_portal_words_with_time_to_think_wait_for_their_job():
    message = queued("portal", to="", undo=timedelta(minutes=1))
    assert message.state == "queued"
    services.message_deliver(message=fresh(message), now=LATER)
    assert fresh(message).state == "sent"


def test_a_letter_handed_over_in_person_is_stated_by_a_person():
    message = drafted("in_person", to="")
    sent = services.message_mark_sent(message=message, actor=MANAGER, now=LATER, happened_at=NOW)
    assert (sent.state, sent.happened_at, sent.text.body) == ("sent", NOW, WORDS)
    assert FactRow.objects.get(type="message.sent").value("happened_at").startswith("2026-11-23T02:00")


@pytest.mark.parametrize("channel", ["portal", "email"])
def test_nobody_states_what_the_program_does(channel):
    with pytest.raises(HandedOverByUs):
        services.message_mark_sent(message=drafted(channel), actor=MANAGER, now=NOW)


def test_a_mail_without_an_address_is_not_queued():
    with pytest.raises(AddressUnfit):
        queued(to="")


def test_a_sent_message_is_neither_changed_nor_taken_back():
    message = queued("portal", to="")
    with pytest.raises(NoSuchMove):
        services.message_change(message=message, edition=message.edition, body="別的", actor=MANAGER, now=LATER)
    with pytest.raises(NoSuchMove):
        services.message_unqueue(message=message, actor=MANAGER, now=LATER)


def test_taking_back_loses_to_the_claim(post):
    message = queued()
    Message.objects.filter(pk=message.pk).update(claimed_at=NOW)
    with pytest.raises(MessageOnItsWay):
        services.message_unqueue(message=message, actor=MANAGER, now=NOW)


def test_a_given_up_draft_keeps_no_words():
    message = services.message_withdraw(message=drafted(subject_line="回診"), actor=MANAGER, now=NOW)
    held = fresh(message)
    assert (held.state, held.draft_body, held.subject_line, held.to_sealed) == ("withdrawn", "", "", None)


def test_delivered_comes_after_sent_only():
    message = queued("portal", to="")
    assert services.message_mark_delivered(message=message, actor=PATIENT, now=LATER).state == "delivered"
    with pytest.raises(NoSuchMove):
        services.message_mark_delivered(message=fresh(message), actor=PATIENT, now=LATER)


@pytest.mark.parametrize(
    "change",
    [{"state": "queued"}, {"state": "draft"}, {"subject_line": "x"}, {"sent_at": LATER}, {"text_id": None}, {"to_sealed": b"x"}, {"channel": "email"}],
)
def test_the_database_keeps_what_was_sent(change):
    message = queued("portal", to="")
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(**change)


def test_the_database_keeps_what_came_in():
    message = received()
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(pk=message.pk).delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(author="user:other")


def test_a_reader_sees_the_compartments_they_may_read():
    received()
    received(compartment="counsel", body="給律師的話", fact_stream="counsel:1")
    assert [m.compartment for m in selectors.messages_of(STREAM)] == [""]
    assert [m.compartment for m in selectors.messages_of(STREAM, ("", "counsel"))] == ["", "counsel"]
    assert told("counsel:1") == ["message.received"]
    assert told() == ["message.received"]


def test_the_follow_up_page_is_shown_what_was_sent_and_nothing_else():
    received()
    drafted("portal", to="")
    queued("email")
    shown = queued("portal", to="", body="給您的回覆")
    services.message_mark_sent(message=drafted("phone_note", to="", body="內部的電話紀錄"), actor=MANAGER, now=NOW)
    received(compartment="counsel", body="給律師的話")

    assert [m.words for m in selectors.messages_shown_outside(STREAM)] == ["還是很腫", shown.words]


def test_the_door_opens_for_its_own_subject_only():
    message = received()
    assert selectors.message_in(STREAM, message.uid) == message
    with pytest.raises(NotHere):
        selectors.message_in("complaint:other", message.uid)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "address",
    [
        "wen@example.org\r\nBcc: all@example.org",
        "wen@example.org\nSubject: x",
        "wen@example.org,other@example.org",
        "Wen <wen@example.org>",
        "wen@example.org>",
        "wen@@example.org",
        "wen",
        "文@example.org",
        "wen@example.org\x00",
        "a" * 250 + "@example.org",
    ],
)
def test_only_one_plain_address_is_written_to(address):
    with pytest.raises(AddressUnfit):
        drafted(to=address)


@pytest.mark.sqlite
@trials(max_examples=50, deadline=None)
@given(st.text(max_size=300), st.text(max_size=200))
def test_no_words_become_a_header(settings_for_mail, subject, body):
    letter = mail.compose(
        to="wen@example.org",
        subject=subject,
        body=body.replace("\x00", "").encode("utf-8", "ignore").decode(),
        message_id="<1@example.org>",
        at=NOW,
        language="en",
        automatic=True,
    )
    names = [line.split(b":")[0] for line in letter.as_bytes().split(b"\r\n\r\n")[0].split(b"\r\n") if line[:1] not in b" \t"]
    allowed = {b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Content-Language", b"Auto-Submitted"}
    allowed |= {b"X-Auto-Response-Suppress", b"Content-Type", b"Content-Transfer-Encoding", b"MIME-Version"}
    assert set(names) <= allowed
    assert len(names) == len(set(names))


@pytest.fixture(scope="module")
def settings_for_mail():
    from django.test import override_settings

    with override_settings(MAIL_FROM="care@clinic.example.org"):
        yield


@pytest.mark.sqlite
def test_an_injected_subject_is_one_line():
    assert rules.one_line("hello\r\nBcc: all@example.org\u2028x\x00") == "hello Bcc: all@example.org x"


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 587, "starttls")),
        ("smtp://127.0.0.1:25", ("127.0.0.1", 25, "offered")),
        ("smtps://user:p%40ss@mail.example.org", ("mail.example.org", 465, "yes")),
        ("smtp://mail.example.org:2525?tls=offered", ("mail.example.org", 2525, "offered")),
    ],
)
def test_mail_to_another_machine_is_encrypted_unless_said_otherwise(url, expected):
    server = mail.Server.from_url(url)
    assert (server.host, server.port, server.tls) == expected


@pytest.mark.sqlite
@pytest.mark.parametrize("url", ["http://x", "smtp://", "mail.example.org", "smtp://x?tls=no"])
def test_a_mail_server_that_cannot_be_understood_is_refused(url):
    with pytest.raises(ValueError):
        mail.Server.from_url(url)
