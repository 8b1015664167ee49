"""What LINE and the SMS service tell us: believed where it is signed, kept once, and put where it belongs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta

import pytest
from django.test import Client

from suyuan.accounts.models import Organisation
from suyuan.cases.models import Case, Task
from suyuan.correspondence.letters import report_token
from suyuan.correspondence.models import Incoming, Message
from suyuan.correspondence.services import message_deliver, message_draft, message_queue
from suyuan.kernel.actor import SYSTEM
from suyuan.people.models import ContactPoint
from suyuan.platform.jobs import run_due
from suyuan.platform.models import FactRow, Job
from suyuan.portal.models import LinkCode
from tests.correspondence.conftest import outside as services  # noqa: F401
from tests.correspondence.conftest import running  # noqa: F401
from tests.correspondence.services_outside import WEN_LINE
from tests.portal.conftest import NOW, keys_of, sent
from tests.portal.test_follow import FOLLOW, act, case, inside  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-10"), pytest.mark.sqlite]

SECRET, HOOK = "channel-secret", "/p/hooks/line/"
OTHER_LINE = "U" + "2e" * 16
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _line(settings, clinic):
    Organisation.objects.get_or_create(id=1, defaults={"names": {"zh-Hant": "溪岸"}})
    settings.LINE_SECRET, settings.LINE_ACCOUNT = SECRET, "@streamside"


@pytest.fixture
def outside(services, settings):  # noqa: F811
    """The same services, and our own addresses."""
    settings.ROOT_URLCONF, settings.FOLLOW_UP_URL, settings.SMS_REPORT_URL = "suyuan.config.urls", "portal:follow", "portal:sms_report"
    return services


def event(name: str, text: str = "還是很腫", account: str = WEN_LINE, **more) -> dict:
    said = {"type": "text", "id": "1", "text": text} | more.pop("message", {})
    return {
        "type": "message",
        "message": said,
        "webhookEventId": name,
        "deliveryContext": {"isRedelivery": False},
        "timestamp": int(NOW.timestamp() * 1000),
        "source": {"type": "user", "userId": account},
        "replyToken": "0" * 32,
        "mode": "active",
    } | more


def signed(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def calls(*events: dict, signature: str | None = None):
    body = json.dumps({"destination": "U" + "0" * 32, "events": list(events)}, ensure_ascii=False).encode()
    headers = {"X-Line-Signature": signed(body) if signature is None else signature}
    return Client().post(HOOK, body, content_type="application/json", headers=headers)


def linked(inside, account: str = WEN_LINE) -> str:  # noqa: F811
    """The holder of the receipt asks for a code and sends it from their account."""
    page = act(inside, "line")
    code = re.search(r'id="line-code">([0-9A-Z-]{14})<', page.content.decode())[1]
    assert calls(event(f"link-{account[:4]}", code, account)).status_code == 200
    return code


def said_in(case: Case) -> list[tuple[str, str, str]]:  # noqa: F811
    rows = Message.objects.filter(subject_stream=case.stream, direction="in", channel="line").select_related("text")
    return [(row.words, row.known_by, row.party) for row in rows.order_by("id")]


# --- who is believed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signature", ["", "x", "é", signed(b"{}"), signed(b"", "other")])
def test_what_is_not_signed_by_line_is_not_there(clinic, signature):
    assert calls(event("a"), signature=signature).status_code == 404
    assert not Incoming.objects.exists()


def test_the_signature_is_over_the_bytes_as_they_came(clinic):
    body = b'{ "events" : [] }'

    def post(sent: bytes, signature: str):
        return Client().post(HOOK, sent, content_type="application/json", headers={"X-Line-Signature": signature})

    assert post(body, signed(body)).status_code == 200
    assert post(json.dumps(json.loads(body)).encode(), signed(body)).status_code == 404


def test_without_a_secret_of_ours_nothing_is_there(clinic, settings):
    settings.LINE_SECRET = ""
    assert calls(event("a"), signature=signed(b"", "")).status_code == 404


def test_whoever_tries_on_is_slowed_and_line_never_is(clinic):
    answers = {calls(event("a"), signature="x").status_code for _n in range(35)}
    assert answers == {404, 429}
    assert calls(event("a")).status_code == 200


def test_a_call_beyond_all_measure_is_not_read(clinic):
    body = b"[" * 1_000_001
    assert (
        Client()
        .post(HOOK, body, content_type="application/json", headers={"X-Line-Signature": signed(body)})
        .status_code
        == 404
    )


@pytest.mark.postgres
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"events":{}}',
        b'{"events":[1,{"type":"message"}]}',
        b"[" * 100_000,
        b"\xff",
        b'{"events":[{"source":{"type":"user","userId":["x"]}}]}',
    ],
)
def test_odd_calls_are_taken_and_mean_nothing(clinic, body):
    answer = Client().post(HOOK, body, content_type="application/json", headers={"X-Line-Signature": signed(body)})
    assert (answer.status_code, Incoming.objects.count()) == (200, 0)


# --- whose account it is -------------------------------------------------------------------------------------------


def test_a_linked_account_writes_into_its_case(inside, case):  # noqa: F811
    linked(inside)
    assert calls(event("one")).status_code == 200
    run_due(NOW, slots=False)

    party = f"party:{case.parties.get().uid}"
    assert said_in(case) == [("還是很腫", "account", party)]
    assert "還是很腫" in inside.get(FOLLOW).content.decode()
    assert not LinkCode.objects.exists() and not Incoming.objects.exclude(content_sealed=None).exists()


@pytest.mark.postgres
def test_the_same_event_is_kept_once_however_often_it_is_brought(inside, case):  # noqa: F811
    linked(inside)
    again = event("one") | {"deliveryContext": {"isRedelivery": True}}
    calls(event("one"), event("one"))
    run_due(NOW, slots=False)
    calls(again, event("two", "星期三可以"))
    run_due(NOW + MINUTE, slots=False)
    assert [words for words, _k, _p in said_in(case)] == ["還是很腫", "星期三可以"]
    assert FactRow.objects.filter(type="incoming.arrived").count() == 3


@pytest.mark.postgres
def test_what_died_in_the_middle_is_put_in_its_place_by_the_next_try(inside, case, monkeypatch):  # noqa: F811
    linked(inside)
    calls(event("one"))
    with monkeypatch.context() as dying:
        dying.setattr("suyuan.cases.services.arriving.incoming_place", lambda **_: 1 / 0)
        run_due(NOW, slots=False)
    assert said_in(case) == []
    run_due(Job.objects.get(name="cases.incoming_place", state="ready").run_after, slots=False)
    assert len(said_in(case)) == 1


@pytest.mark.postgres
def test_a_code_works_once_for_an_hour_and_the_newest_only(inside, case, at):  # noqa: F811
    first = re.search(r'id="line-code">([0-9A-Z-]{14})<', act(inside, "line").content.decode())[1]
    second = re.search(r'id="line-code">([0-9A-Z-]{14})<', act(inside, "line").content.decode())[1]
    calls(event("a", first))
    calls(event("b", second.lower().replace("-", " ")))
    assert [c.value for c in ContactPoint.objects.filter(kind="line_user")] == [WEN_LINE]
    calls(event("c", second, OTHER_LINE))
    third = re.search(r'id="line-code">([0-9A-Z-]{14})<', act(inside, "line", end="").content.decode())
    at(minutes=61)
    calls(event("d", third[1], OTHER_LINE))
    assert [c.value for c in ContactPoint.objects.filter(kind="line_user", ended_at=None)] == [WEN_LINE]


@pytest.mark.parametrize("guess", ["0000-0000-0000", "ZZZZZZZZZZZZ", "{reference}", "{secret}"])
def test_nobody_guesses_their_way_into_a_case(inside, case, guess):  # noqa: F811
    act(inside, "line")
    calls(event("a", guess.format(reference=case.reference, secret=case.secret), OTHER_LINE))
    run_due(NOW, slots=False)
    assert not ContactPoint.objects.filter(kind="line_user").exists() and said_in(case) == []
    assert Incoming.objects.get().state == "waiting"


def test_another_account_takes_the_place_of_the_last_and_an_end_is_an_end(inside, case):  # noqa: F811
    linked(inside)
    act(inside, "line", end="1")
    assert not ContactPoint.objects.filter(kind="line_user", ended_at=None).exists()
    linked(inside, OTHER_LINE)
    calls(event("x", account=WEN_LINE), event("y", "新手機", OTHER_LINE))
    run_due(NOW, slots=False)
    assert [words for words, _k, _p in said_in(case)] == ["新手機"]


def test_who_blocks_us_is_written_to_no_more(inside, case):  # noqa: F811
    linked(inside)
    calls({"type": "unfollow", "webhookEventId": "u", "source": {"type": "user", "userId": WEN_LINE}})
    assert not ContactPoint.objects.filter(kind="line_user", ended_at=None).exists()


def test_of_two_open_cases_a_person_chooses(phone, inside, case, clinic):  # noqa: F811
    linked(inside)
    reference, _secret = keys_of(sent(Client()))
    other = Case.objects.get(reference=reference)
    party = other.parties.get()
    party.person_id = case.parties.get().person_id
    party.save(update_fields=["person"])
    calls(event("one"))
    run_due(NOW, slots=False)
    assert said_in(case) == said_in(other) == []
    assert Incoming.objects.get(state="waiting").content.words == "還是很腫"


def test_a_picture_is_named_since_it_cannot_be_taken(inside, case):  # noqa: F811
    linked(inside)
    calls(event("one", message={"type": "image", "text": None}))
    run_due(NOW, slots=False)
    assert "一張照片" in said_in(case)[0][0]


def test_an_answer_names_the_message_it_quotes(inside, case, outside):  # noqa: F811
    linked(inside)
    party = case.parties.get()
    told = {
        "stream": case.stream,
        "branch_id": case.branch_id,
        "party": f"party:{party.uid}",
        "actor": SYSTEM,
        "now": NOW,
    }
    ours = message_draft(channel="line", to=WEN_LINE, kind="letter", body="星期三下午方便嗎？", **told)
    ours = message_queue(message=ours, may_carry_content=True, undo=timedelta(0), actor=SYSTEM, now=NOW)
    ours = message_deliver(message=ours, now=NOW)
    number = ours.message_id.removeprefix("line:")
    calls(event("one", "可以", message={"quotedMessageId": number}))
    run_due(NOW + MINUTE, slots=False)
    assert Message.objects.get(direction="in", channel="line").in_reply_to == ours
    assert said_in(case)[0][1] == "account"
    # The same quoted from somebody else's account only seems to be the person.
    calls(event("two", "不行", OTHER_LINE, message={"quotedMessageId": number}))
    run_due(NOW + 2 * MINUTE, slots=False)
    assert said_in(case)[1][1] == "reference"
    assert "不行" not in inside.get(FOLLOW).content.decode()


# --- what became of an SMS -----------------------------------------------------------------------------------------


@pytest.fixture
def sms(inside, case, outside):  # noqa: F811
    party = case.parties.get()
    told = {
        "stream": case.stream,
        "branch_id": case.branch_id,
        "party": f"party:{party.uid}",
        "actor": SYSTEM,
        "now": NOW,
    }
    one = message_draft(channel="sms", to="0912-345-678", kind="letter", body="星期三下午方便嗎？", **told)
    return message_queue(message=one, may_carry_content=True, undo=timedelta(0), actor=SYSTEM, now=NOW)


def report(message: Message, flag: str, code: str | None = None):
    where = f"/p/hooks/sms/{message.uid}/{code or report_token(message.uid)}/"
    told = {"msgid": "8091234567", "dstaddr": "0912345678", "statusstr": "x", "statuscode": "0", "StatusFlag": flag}
    return Client().get(where, told)


@pytest.mark.postgres
def test_a_report_says_that_it_arrived(sms):
    assert report(sms, "4").status_code == 503  # before we knew ourselves that it had left
    message_deliver(message=sms, now=NOW)
    answer = report(sms, "4")
    assert answer.content == b"magicid=sms_gateway_rpack\nmsgid=8091234567\n"
    report(sms, "8")
    sms.refresh_from_db()
    assert (sms.state, sms.failure) == ("delivered", "")


@pytest.mark.requirement("B-02")
def test_a_report_that_nobody_was_reached_calls_for_a_person(sms, case, inside):  # noqa: F811
    message_deliver(message=sms, now=NOW)
    assert [report(sms, flag).status_code for flag in ("1", "8", "8", "4")] == [200] * 4
    sms.refresh_from_db()
    assert (sms.state, sms.failure) == ("failed", "sms_unreached")
    task = Task.objects.get(case=case, detail__message=str(sms.uid))
    assert "沒有送到" in task.title and task.due_at == NOW + timedelta(hours=24)
    assert "星期三下午方便嗎" in inside.get(FOLLOW).content.decode()  # it stays on the page all the same


def test_a_report_to_another_address_changes_nothing(sms):
    message_deliver(message=sms, now=NOW)
    assert report(sms, "8", code="0" * 32).status_code == 404
    sms.refresh_from_db()
    assert sms.state == "sent"
