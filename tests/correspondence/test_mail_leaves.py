"""An e-mail from queue to sink: once, later, with the same name at every try."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.correspondence import mail, services
from suyuan.correspondence.errors import MailBusy, MailNotAccepted, MessageOnItsWay
from suyuan.correspondence.models import Message
from suyuan.correspondence.services import outgoing
from suyuan.platform.jobs import run_due
from suyuan.platform.models import Job
from tests.correspondence.stories import LATER, MANAGER, NOW, STREAM, WORDS, drafted, fresh, queued, told

pytestmark = [pytest.mark.usefixtures("house"), pytest.mark.sqlite]


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


@pytest.mark.postgres
def test_it_waits_for_the_time_to_think_again_and_then_leaves_once(post):
    message = queued(may_carry_content=True)
    run_due(NOW + timedelta(seconds=59), slots=False)
    assert post.taken == []

    run_due(LATER, slots=False)
    run_due(LATER, slots=False)

    assert len(post.taken) == 1
    assert post.recipients == [["wen@example.org"]]
    assert post.taken[0].get_content().replace("\r\n", "\n").rstrip("\n") == WORDS
    assert (fresh(message).state, fresh(message).sent_at, fresh(message).attempts) == ("sent", LATER, 1)
    assert told() == ["message.drafted", "message.queued", "message.sent"]


def test_without_a_wish_for_mail_it_only_says_that_words_are_waiting(post):
    queued(subject_line="雙眼皮手術後的腫脹")
    run_due(LATER, slots=False)

    (letter,) = post.taken
    assert "https://complaints.example.org/p/tainan/follow/" in letter.get_content()
    for word in ("溫", "腫脹", "許醫師", "雙眼皮"):
        assert word not in letter.as_string() + letter["Subject"] + letter.get_content()
    assert letter["Auto-Submitted"] == "auto-generated"


def test_a_letter_by_a_person_is_not_marked_automatic(post):
    queued(may_carry_content=True, subject_line="回診時間")
    run_due(LATER, slots=False)

    (letter,) = post.taken
    assert letter["Subject"] == "回診時間"
    assert letter["Auto-Submitted"] is None
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content_charset() == "utf-8"
    assert not letter.is_multipart()


@pytest.mark.parametrize(("language", "subject"), [("zh-hant", "診所給您的訊息")])
def test_the_notice_is_in_the_language_of_the_reader(post, language, subject):
    queued(language=language)
    run_due(LATER, slots=False)
    assert post.taken[0]["Subject"] == subject


@pytest.mark.postgres
def test_a_crash_between_the_server_and_the_commit_sends_it_again_under_the_same_name(post, monkeypatch):
    message = queued(may_carry_content=True)

    def dies(**kwargs):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(outgoing, "_sent", dies)
        with pytest.raises(Killed):
            services.message_deliver(message=fresh(message), now=LATER)
    assert fresh(message).state == "queued"

    with pytest.raises(MailBusy):
        services.message_deliver(message=fresh(message), now=LATER + timedelta(minutes=1))
    services.message_deliver(message=fresh(message), now=LATER + timedelta(minutes=6))

    first, second = post.taken
    assert first["Message-ID"] == second["Message-ID"] == f"<{message.uid}@clinic.example.org>"
    assert post.raw[0] == post.raw[1]
    assert (fresh(message).state, fresh(message).attempts) == ("sent", 2)
    assert told().count("message.sent") == 1


@pytest.mark.postgres
def test_after_such_a_crash_nobody_takes_it_back(post, monkeypatch):
    message = queued()
    monkeypatch.setattr(outgoing, "_sent", lambda **kwargs: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        services.message_deliver(message=fresh(message), now=LATER)

    with pytest.raises(MessageOnItsWay):
        services.message_unqueue(message=fresh(message), actor=MANAGER, now=LATER)


@pytest.mark.postgres
def test_two_workers_send_it_once(post, monkeypatch):
    message = queued()
    seen = fresh(message)
    hand_over = mail.hand_over

    def meanwhile(letter):
        with pytest.raises(MailBusy):
            services.message_deliver(message=fresh(message), now=LATER)
        hand_over(letter)

    monkeypatch.setattr(mail, "hand_over", meanwhile)
    services.message_deliver(message=seen, now=LATER)
    assert len(post.taken) == 1


def test_a_refused_recipient_fails_at_once_and_says_why(post):
    post.answers["gone@example.org"] = "550 5.1.1 no such user"
    message = queued(to="gone@example.org")
    run_due(LATER, slots=False)

    assert (fresh(message).state, fresh(message).failure) == ("failed", "recipient_refused")
    assert told()[-1] == "message.failed"
    assert Job.objects.get(name="correspondence.deliver").state == "done"


def test_a_recipient_who_is_greylisted_is_tried_again(post):
    post.answers["wen@example.org"] = "450 4.2.0 try again later"
    message = queued()
    with pytest.raises(MailNotAccepted):
        services.message_deliver(message=fresh(message), now=LATER)
    assert (fresh(message).state, fresh(message).failure) == ("queued", "recipient_450")

    post.answers.clear()
    services.message_deliver(message=fresh(message), now=LATER)
    assert (fresh(message).state, fresh(message).failure) == ("sent", "")


def test_words_the_server_will_never_take_fail(post):
    post.trouble = "554 5.7.1 message refused"
    message = queued()
    run_due(LATER, slots=False)
    assert (fresh(message).state, fresh(message).failure) == ("failed", "words_refused")


def test_a_server_that_is_down_is_tried_again_and_found_again(no_server, request):
    message = queued()
    run_due(LATER, slots=False)
    job = Job.objects.get(name="correspondence.deliver")
    assert (job.state, job.attempts) == ("ready", 1)
    assert (fresh(message).state, fresh(message).failure, fresh(message).claimed_at) == ("queued", "connect_lost", None)

    post = request.getfixturevalue("post")
    run_due(job.run_after, slots=False)
    assert len(post.taken) == 1
    assert fresh(message).state == "sent"


def test_after_two_days_without_a_server_people_are_told(no_server):
    message = queued()
    services.message_deliver(message=fresh(message), now=NOW + timedelta(hours=48))
    assert (fresh(message).state, fresh(message).failure) == ("failed", "connect_lost")


def test_our_own_sender_address_being_refused_is_no_fault_of_the_letter(post, monkeypatch):
    async def refuse(server, session, envelope, address, options):
        return "553 5.7.1 sender not allowed"

    monkeypatch.setattr(post, "handle_MAIL", refuse, raising=False)
    message = queued()
    with pytest.raises(MailNotAccepted):
        services.message_deliver(message=fresh(message), now=LATER)
    assert fresh(message).state == "queued"


@pytest.mark.postgres
def test_without_a_mail_server_it_waits_and_the_sweep_sends_it_later(settings, request):
    settings.SMTP_URL = ""
    message = queued()
    run_due(LATER, slots=False)
    assert fresh(message).state == "queued"

    post = request.getfixturevalue("post")
    run_due(NOW + timedelta(hours=3))
    assert fresh(message).state == "sent"
    assert len(post.taken) == 1


@pytest.mark.postgres
def test_taken_back_in_time_it_never_leaves(post):
    message = queued()
    back = services.message_unqueue(message=message, actor=MANAGER, now=NOW + timedelta(seconds=30))
    run_due(LATER, slots=False)

    assert post.taken == []
    assert (back.state, back.words, back.send_after) == ("draft", WORDS, None)


@pytest.mark.postgres
def test_taken_back_and_queued_again_it_leaves_at_its_new_time(post):
    message = services.message_unqueue(message=queued(), actor=MANAGER, now=NOW)
    services.message_queue(message=message, actor=MANAGER, now=LATER, undo=timedelta(minutes=10))
    run_due(LATER, slots=False)
    assert post.taken == []

    run_due(LATER + timedelta(minutes=10), slots=False)
    assert len(post.taken) == 1


@pytest.mark.postgres
def test_what_was_rolled_back_is_never_sent(post):
    from suyuan.platform.units import writes

    @writes
    def breaks():
        message = drafted()
        services.message_queue(message=message, actor=MANAGER, now=NOW)
        raise RuntimeError("after all")

    with pytest.raises(RuntimeError):
        breaks()
    run_due(LATER, slots=False)

    assert post.taken == []
    assert not Message.objects.filter(subject_stream=STREAM).exists()
