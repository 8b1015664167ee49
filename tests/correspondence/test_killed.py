"""The process really dies, at each point of a hand-over: what was to leave leaves, and is read once."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest
from django.db import connections

from suyuan.correspondence import services
from suyuan.correspondence.errors import MailBusy, MessageOnItsWay
from suyuan.correspondence.models import Message
from suyuan.correspondence.services import outgoing
from suyuan.platform import keys
from suyuan.platform.jobs import run_due
from tests.correspondence.conftest import house_made
from tests.correspondence.services_outside import WEN_LINE
from tests.correspondence.stories import LATER, MANAGER, fresh, queued, told
from tests.platform.real import copied_database

pytestmark = pytest.mark.requirement("B-10")

TO = {"email": "wen@example.org", "line": WEN_LINE, "sms": "0912-345-678"}


@pytest.fixture
def committed(packs, django_db_setup, django_db_blocker, worded, tmp_path):
    """A house whose commits are real."""
    with django_db_blocker.unblock(), copied_database(tmp_path):
        house_made()
        yield
    keys.ring_forget()


def killed(*args, **kwargs) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def deliver_and_die(message: Message, point: str) -> None:
    """In a process of its own: it dies while claiming, with the claim kept, once the other side has it, or while writing that down."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            match point:
                case "claiming":
                    Message.save = killed
                case "claimed":
                    outgoing.road_of = lambda _message: type("Road", (), {"hand_over": staticmethod(killed)})
                case "handed over":
                    outgoing._sent = killed
                case "writing down":
                    outgoing.tell = killed
            services.message_deliver(message=fresh(message), now=LATER)
        finally:
            os._exit(0)
    _child, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it lived through it"


@pytest.mark.parametrize("point", ["claiming", "claimed", "handed over", "writing down"])
@pytest.mark.parametrize("channel", TO)
def test_wherever_the_process_dies_it_is_read_once(committed, outside, post, channel, point):
    message = queued(channel, to=TO[channel], may_carry_content=True, body="回診改到星期三下午。")
    deliver_and_die(message, point)
    assert fresh(message).state == "queued"
    if point != "claiming":
        with pytest.raises(MailBusy):
            services.message_deliver(message=fresh(message), now=LATER)
        with pytest.raises(MessageOnItsWay):
            services.message_unqueue(message=fresh(message), actor=MANAGER, now=LATER)
    run_due(LATER + timedelta(minutes=6), slots=False)

    assert (fresh(message).state, told().count("message.sent")) == ("sent", 1)
    if channel == "email":  # of two with one name its reader keeps one
        assert {letter["Message-ID"] for letter in post.taken} == {fresh(message).message_id}
        assert len(set(post.raw)) == 1
    else:
        assert len(outside.taken) == 1
