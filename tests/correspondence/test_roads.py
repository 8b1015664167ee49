"""Words that leave by LINE and by SMS: once, in their time, with what the person chose and nothing more."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from suyuan.correspondence import calling, services, sms
from suyuan.correspondence.errors import (
    AddressUnfit,
    HandedOverByUs,
    MailNotAccepted,
    MessageOnItsWay,
    MessageUnfit,
)
from suyuan.correspondence.models import Message
from suyuan.correspondence.rules import Answer, Outcome, roads
from suyuan.kernel.machine import NoSuchMove
from suyuan.platform.jobs import run_due
from suyuan.platform.models import FactRow, Job
from tests.correspondence.services_outside import WEN_LINE
from tests.correspondence.stories import LATER, MANAGER, NOW, WORDS, drafted, fresh, queued, told

pytestmark = [pytest.mark.usefixtures("house"), pytest.mark.requirement("B-10"), pytest.mark.sqlite]

PHONE = "0912-345-678"
TO = {"email": "wen@example.org", "line": WEN_LINE, "sms": PHONE}
BY_SERVICE = pytest.mark.parametrize("channel", ["line", "sms"])


def on(channel: str, **more) -> Message:
    return queued(channel, to=TO[channel], **{"may_carry_content": True, "body": "回診改到星期三。", **more})


def deliver(message: Message, at=LATER) -> Message:
    return services.message_deliver(message=fresh(message), now=at)


# --- what leaves ---------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@BY_SERVICE
def test_it_leaves_once_after_the_time_to_think_again(outside, channel):
    message = on(channel, body=WORDS)
    run_due(NOW + timedelta(seconds=59), slots=False)
    assert outside.taken == []

    run_due(LATER, slots=False)
    run_due(LATER, slots=False)
    (one,) = outside.taken
    assert one["to"] == {"line": WEN_LINE, "sms": "0912345678"}[channel]
    assert one["words"] == (WORDS if channel == "line" else WORDS.replace("\n", "\x06"))
    assert one["key"] == str(message.uid)
    assert (fresh(message).state, fresh(message).unsure_since) == ("sent", None)
    assert FactRow.objects.get(type="message.sent").value("message_id") == fresh(message).message_id


@BY_SERVICE
def test_who_did_not_choose_it_is_told_that_words_are_waiting_and_no_more(outside, channel):
    on(channel, body=WORDS, may_carry_content=False)
    run_due(LATER, slots=False)
    words = outside.taken[0]["words"]
    assert "https://complaints.example.org/p/tainan/follow/" in words
    assert not [one for one in ("溫", "腫", "許醫師", "星期三", "示例") if one in words]


def test_a_notice_gives_up_its_address_rather_than_be_cut_off(outside, settings):
    settings.SMS_URL = settings.SMS_URL.replace("longest=335", "longest=70")
    settings.PUBLIC_URL = "https://complaints.of-a-clinic-with-a-long-name.example.org"
    on("sms", may_carry_content=False)
    run_due(LATER, slots=False)
    assert "http" not in outside.taken[0]["words"] and len(outside.taken[0]["words"]) <= 70


def test_the_sms_says_where_to_report_and_nobody_can_guess_it(outside):
    one, other = on("sms"), on("sms")
    run_due(LATER, slots=False)
    first, second = (taken["report"] for taken in outside.taken)
    assert first.startswith(f"https://complaints.example.org/hooks/sms/{one.uid}/")
    assert first.rstrip("/").rpartition("/")[2] != second.rstrip("/").rpartition("/")[2]
    assert str(other.uid) in second


@pytest.mark.parametrize(
    ("channel", "to"),
    [
        ("line", "wen_lan"),
        ("line", "@wenlan"),
        ("line", "U" + "1F" * 16),
        ("sms", "06-226-0000"),
        ("sms", "+14155550100"),
        ("sms", "x"),
    ],
)
def test_what_no_service_could_reach_is_no_address(channel, to):
    with pytest.raises(AddressUnfit) as refused:
        drafted(channel, to=to)
    assert refused.value.message()


@BY_SERVICE
def test_words_that_would_be_cut_off_are_refused_and_a_notice_of_them_is_not(outside, channel):
    long = "字" * (5_001 if channel == "line" else 336)
    with pytest.raises(MessageUnfit) as refused:
        on(channel, body=long)
    assert refused.value.data["why"] == "too_long_here" and refused.value.message()
    assert on(channel, body=long, may_carry_content=False).state == "queued"


@BY_SERVICE
def test_with_an_address_we_send_it_and_without_one_a_person_did(outside, channel):
    with pytest.raises(HandedOverByUs):
        services.message_mark_sent(message=drafted(channel, to=TO[channel]), actor=MANAGER, now=NOW)
    stated = services.message_mark_sent(message=drafted(channel, to=""), actor=MANAGER, now=NOW)
    run_due(LATER, slots=False)
    assert (stated.state, outside.taken) == ("sent", [])


def test_outside_the_hours_it_waits_until_they_begin(outside):
    six = NOW + timedelta(hours=8)
    message = drafted("line", to=WEN_LINE)
    message = services.message_queue(message=message, actor=MANAGER, now=NOW, not_before=six)
    assert message.send_after == six
    run_due(six - timedelta(seconds=1), slots=False)
    assert outside.taken == []
    run_due(six, slots=False)
    assert len(outside.taken) == 1


@pytest.mark.postgres
@BY_SERVICE
def test_before_the_service_is_named_it_waits_and_the_sweep_sends_it(settings, request, channel):
    message = on(channel)
    run_due(LATER, slots=False)
    assert fresh(message).state == "queued"
    outside = request.getfixturevalue("outside")
    run_due(NOW + timedelta(hours=3))
    assert (fresh(message).state, len(outside.taken)) == ("sent", 1)


# --- the other side has trouble ------------------------------------------------------------------------------------


@pytest.mark.postgres
@BY_SERVICE
@pytest.mark.parametrize("trouble", ["lost", "cut", 500, 503])
def test_when_nobody_knows_whether_it_left_it_is_asked_again_under_the_same_key(outside, channel, trouble):
    message = on(channel)
    outside.trouble = [trouble]
    with pytest.raises(MailNotAccepted):
        deliver(message)
    waiting = fresh(message)
    assert (waiting.state, waiting.claimed_at, waiting.unsure_since) == ("queued", None, LATER)
    with pytest.raises(MessageOnItsWay):
        services.message_unqueue(message=waiting, actor=MANAGER, now=LATER)

    deliver(message, LATER + timedelta(minutes=2))
    assert (fresh(message).state, len(outside.taken)) == ("sent", 1)
    assert len({call["headers"].get("X-Line-Retry-Key") for call in outside.calls}) == 1


@pytest.mark.postgres
@BY_SERVICE
def test_when_the_key_has_run_out_a_person_looks_instead(outside, channel):
    message = on(channel)
    outside.trouble = ["lost"]
    with pytest.raises(MailNotAccepted):
        deliver(message)
    outside.forget_keys()
    deliver(message, LATER + roads.KEY_HOLDS[channel])
    assert (fresh(message).state, fresh(message).failure, len(outside.taken)) == ("failed", "unsure", 1)


@pytest.mark.postgres
@BY_SERVICE
def test_what_was_certainly_not_taken_may_be_taken_back(outside, channel):
    message = on(channel)
    outside.trouble = [429]
    with pytest.raises(MailNotAccepted):
        deliver(message)
    assert (fresh(message).failure, fresh(message).unsure_since) == (f"{channel}_429", None)
    assert services.message_unqueue(message=fresh(message), actor=MANAGER, now=LATER).state == "draft"


def test_a_service_that_is_down_is_found_again(settings, request):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings.LINE_TOKEN, settings.LINE_API = "x", f"http://127.0.0.1:{nobody.getsockname()[1]}"
        message = on("line")
        run_due(LATER, slots=False)
    job = Job.objects.get(name="correspondence.deliver")
    assert (job.state, fresh(message).failure, fresh(message).unsure_since) == ("ready", "connect_lost", None)
    outside = request.getfixturevalue("outside")
    run_due(job.run_after, slots=False)
    assert (fresh(message).state, len(outside.taken)) == ("sent", 1)


def test_an_account_that_line_does_not_know_fails_at_once(outside):
    outside.trouble = [400]
    message = on("line")
    run_due(LATER, slots=False)
    assert (fresh(message).state, fresh(message).failure, told()[-1]) == ("failed", "line_refused", "message.failed")


def test_a_wrong_password_of_ours_is_no_fault_of_the_message(outside, settings):
    settings.SMS_URL = settings.SMS_URL.replace("p%40ss", "wrong")
    message = on("sms")
    with pytest.raises(MailNotAccepted):
        deliver(message)
    assert (fresh(message).state, fresh(message).failure) == ("queued", "sms_e")


def test_no_redirect_is_followed(outside):
    outside.trouble = [302]
    with pytest.raises(MailNotAccepted):
        deliver(on("line"))
    assert len(outside.calls) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://api.line.me",
        "ftp://x.example",
        "https://",
        "https://a:b@x.example",
        "https://x.example/?next=1",
        "//x.example",
    ],
)
def test_words_leave_over_https_or_not_at_all(url):
    with pytest.raises(ValueError):
        calling.Host.from_url(url)


@pytest.mark.parametrize(
    "url",
    ["https://u:p@x.example", "mitake://x.example", "mitake://u@x.example?longest=7", "mitake://u@x.example?longest=²"],
)
def test_an_sms_service_is_written_as_the_manual_says(url):
    with pytest.raises(ValueError):
        sms.Service.from_url(url)


# --- what had left comes back --------------------------------------------------------------------------------------


@pytest.mark.postgres
@BY_SERVICE
def test_a_sent_message_may_come_back_and_says_why(outside, channel):
    message = deliver(on(channel))
    back = services.message_came_back(message=message, code="sms_unreached", said="x", actor=MANAGER, now=LATER)
    assert (back.state, back.failed_at, back.sent_at) == ("failed", LATER, LATER)
    assert told()[-2:] == ["message.sent", "message.failed"]
    for change in ({"state": "sent"}, {"state": "delivered"}, {"sent_at": None}, {"failure": ""}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Message.objects.filter(pk=message.pk).update(**change)


@pytest.mark.postgres
def test_a_delivered_message_stays_delivered(outside):
    message = deliver(on("sms"))
    message = services.message_mark_delivered(message=message, actor=MANAGER, now=LATER)
    with pytest.raises(NoSuchMove):
        services.message_came_back(message=message, code="sms_unreached", said="", actor=MANAGER, now=LATER)
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(state="failed", failed_at=LATER, failure="x")


@pytest.mark.postgres
@pytest.mark.parametrize("change", [{"state": "failed"}, {"failure": "x"}, {"failed_at": LATER}])
def test_the_database_lets_no_sent_message_fail_by_half(outside, change):
    message = deliver(on("sms"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(**change)


# --- the rules -----------------------------------------------------------------------------------------------------


@trials(max_examples=50, deadline=None)
@given(st.integers(100, 599), st.text(max_size=8))
def test_what_line_has_taken_is_never_sent_again(status, accepted):
    taken = roads.line_has_taken(status, accepted)
    assert taken == (status // 100 == 2 or (status == 409 and accepted != ""))


@trials(max_examples=50, deadline=None)
@given(st.sampled_from(["line", "sms"]), st.integers(0, 599), st.text(max_size=1))
def test_only_what_is_about_the_message_ends_it(stage, code, status):
    outcome, said = roads.judge(Answer(stage, code, status))
    about_it = code == 400 if stage == "line" else status in tuple("56789tuv")
    assert (outcome is Outcome.FAILED) == about_it
    assert said.startswith(stage) and len(said) <= 60
