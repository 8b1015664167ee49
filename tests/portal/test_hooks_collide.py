"""Two workers and two calls at the same moment, on real transactions: nothing leaves twice, nothing is kept twice, nothing is lost."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from functools import partial

import pytest

from suyuan.accounts.models import Organisation
from suyuan.cases.models import Case
from suyuan.cases.services.arriving import incoming_follow
from suyuan.correspondence.models import Incoming, Message
from suyuan.correspondence.recomputing_incoming import incoming_recomputed
from suyuan.correspondence.services import message_deliver, message_draft, message_queue
from suyuan.kernel.actor import SYSTEM
from suyuan.people.services import line_link
from suyuan.platform import units
from suyuan.platform.jobs import run_due
from suyuan.platform.models import FactRow
from suyuan.platform.verify import verify_streams
from suyuan.portal.services.hooks import line_called
from tests.cases.cast import NOON, case_made
from tests.cases.conftest import committed  # noqa: F401
from tests.cases.test_handling_collide import at_once, refusals
from tests.correspondence.conftest import outside, post, running, sink  # noqa: F401
from tests.correspondence.services_outside import WEN_LINE

pytestmark = [pytest.mark.slow, pytest.mark.requirement("B-10")]
AGAIN, SOON = 3, NOON + timedelta(minutes=2)


@pytest.mark.django_db
def test_the_database_that_is_copied_is_there(packs):
    """Copying it needs one that was made."""
    assert not Incoming.objects.exists()


@pytest.fixture
def house(committed):  # noqa: F811
    Organisation.objects.get_or_create(id=1, defaults={"names": {"zh-Hant": "示例"}})
    return committed


def call(*names: str) -> bytes:
    events = [
        {"type": "message", "webhookEventId": name, "timestamp": 1_773_194_400_000, "source": {"type": "user", "userId": WEN_LINE},
         "message": {"type": "text", "id": name, "text": f"左眼還是腫，{name}"}}
        for name in names
    ]  # fmt: skip
    return json.dumps({"destination": "U" + "0" * 32, "events": events}).encode()


@pytest.mark.parametrize("channel", ["email", "line"])
def test_two_workers_hand_one_message_over_once(house, outside, post, settings, channel):  # noqa: F811
    settings.ROOT_URLCONF = "suyuan.config.urls"
    settings.FOLLOW_UP_URL, settings.LOGIN_REDIRECT_URL = "portal:follow", "/"
    case = case_made(house)
    for number in range(1, AGAIN + 1):
        about = {"stream": case.stream, "branch_id": case.branch_id, "kind": "letter", "body": "請星期三下午來，我們再看一次。"}
        to = {"email": "wen@example.org", "line": WEN_LINE}[channel]
        draft = message_draft(channel=channel, to=to, **about, actor=SYSTEM, now=NOON)
        message = message_queue(message=draft, may_carry_content=True, actor=SYSTEM, now=NOON)
        seen = [Message.objects.select_related("text").get(pk=message.pk) for _ in range(2)]
        workers = [lambda row=row: message_deliver(message=row, now=SOON) for row in seen]
        results = at_once(*workers, lambda: run_due(SOON, slots=False))
        assert Message.objects.get(pk=message.pk).state == "sent", refusals(results)
        handed = outside.taken if channel == "line" else [each for each in post.taken if each["To"] == to]
        assert len(handed) == number
        assert FactRow.objects.filter(stream=case.stream, type="message.sent").count() == number
    assert verify_streams({case.stream}).holds


def test_two_calls_that_bring_the_same_lose_nothing_and_keep_nothing_twice(house):
    """The second comes while the first has written and not yet committed; LINE need not bring it again."""
    written = threading.Event()

    def first() -> None:
        with units.unit():
            line_called(body=call("same", "first"), now=NOON)
            written.set()
            time.sleep(0.5)

    def second() -> None:
        assert written.wait(10)
        line_called(body=call("second", "same"), now=NOON)

    assert at_once(first, second) == [None, None]
    assert sorted(Incoming.objects.values_list("event", flat=True)) == ["first", "same", "second"]
    arrived = list(FactRow.objects.filter(type="incoming.arrived").values_list("stream", flat=True))
    assert sorted(arrived) == sorted(row.stream for row in Incoming.objects.all())
    assert verify_streams(set(arrived)).holds and list(incoming_recomputed(None)) == []


def test_two_who_look_where_it_belongs_put_it_there_once(house):
    case = case_made(house)
    line_link(person=case.parties.get().person, account=WEN_LINE, actor=SYSTEM, now=NOON)
    line_called(body=call("a", "b"), now=NOON)
    for row in Incoming.objects.all():
        at_once(*(partial(incoming_follow, uid=str(row.uid), now=SOON) for _ in range(3)))
    assert Message.objects.filter(subject_stream=Case.objects.get(pk=case.pk).stream, direction="in").count() == 2
    assert {row.state for row in Incoming.objects.all()} == {"placed"}
