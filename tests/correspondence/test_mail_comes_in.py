"""A mail comes in: read within limits, kept once, known by what only we can have written."""

from __future__ import annotations

import io
import sys
import time
from datetime import timedelta
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from suyuan.accounts.models import Organisation
from suyuan.config import cli
from suyuan.correspondence import mailbox, reading, services, tokens
from suyuan.correspondence.models import Incoming, Message
from suyuan.correspondence.phrases import ARRIVED, PHRASES
from suyuan.platform import facts
from suyuan.platform.jobs import run_due
from suyuan.platform.models import FactRow, Job
from tests.correspondence.imap_server import Mailserver
from tests.correspondence.stories import LATER, NOW, fresh, queued, told

pytestmark = [pytest.mark.requirement("B-10"), pytest.mark.sqlite]


@pytest.fixture(autouse=True)
def _house(house, settings, monkeypatch):
    Organisation.objects.get_or_create(id=1, defaults={"names": {"zh-Hant": "示例"}})
    settings.REPLY_TO = "reply@clinic.example.org"
    words = {**PHRASES, **ARRIVED}
    monkeypatch.setattr(facts, "_kinds", {name: facts.FactKind(phrase) for name, phrase in words.items()})


@pytest.fixture
def ours(post) -> Message:
    """A mail of ours that has left."""
    message = queued(may_carry_content=True)
    services.message_deliver(message=message, now=LATER)
    return fresh(message)


def mail(
    words: str = "星期三可以。",
    *,
    to: str = "care@clinic.example.org",
    sender: str = "Wen <wen@example.org>",
    **headers,
) -> bytes:
    one = EmailMessage()
    one["From"], one["To"], one["Subject"] = sender, to, "回覆：回診"
    one["Date"], one["Message-ID"] = "Mon, 23 Nov 2026 09:00:00 +0800", "<a@mail.example.org>"
    for name, value in headers.items():
        del one[name.replace("_", "-")]
        one[name.replace("_", "-")] = value
    one.set_content(words)
    return one.as_bytes()


def take(raw: bytes, at=LATER) -> Incoming | None:
    return services.mail_take(raw=raw, now=at)


def returned(of: str, action: str = "failed", to: str = "care@clinic.example.org") -> bytes:
    whole = MIMEMultipart("report", report_type="delivery-status")
    whole["From"], whole["To"], whole["Subject"] = "MAILER-DAEMON@mx.example.org", to, "Undelivered Mail"
    whole["Message-ID"], whole["Auto-Submitted"] = f"<b-{action}@mx.example.org>", "auto-replied"
    whole.attach(MIMEText("The mail could not be delivered."))
    told_by = (
        "Reporting-MTA: dns; mx.example.org\n\n"
        f"Final-Recipient: rfc822; wen@example.org\nAction: {action}\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\n"
    )
    status = EmailMessage()
    status["Content-Type"] = "message/delivery-status"
    raw = whole.as_bytes()
    border = whole.get_boundary().encode()
    more = b"--" + border + b"\nContent-Type: message/delivery-status\n\n" + told_by.encode() + b"\n"
    more += (
        b"--"
        + border
        + b"\nContent-Type: text/rfc822-headers\n\nFrom: care@clinic.example.org\nMessage-ID: "
        + of.encode()
        + b"\n\n"
    )
    return raw.replace(b"--" + border + b"--", more + b"--" + border + b"--")


# --- whose words ---------------------------------------------------------------------------------------------------


def test_an_answer_comes_to_an_address_that_only_we_can_have_written(ours, post):
    where = post.taken[0]["Reply-To"]
    assert where == tokens.reply_address(ours.uid) and len(where.partition("@")[0]) <= 64
    row = take(mail(to=where.upper()))
    assert (row.in_reply_to, row.known_by, row.state) == (ours, "token", "waiting")
    assert (row.content.sender, row.content.words.strip()) == ("wen@example.org", "星期三可以。")


def test_a_token_with_any_letter_changed_is_nobodys(ours):
    local, _at, domain = tokens.reply_address(ours.uid).partition("@")
    for at in range(len("reply+"), len(local), 5):
        other = local[:at] + ("a" if local[at] != "a" else "b") + local[at + 1 :]
        assert tokens.answered([f"{other}@{domain}"]) is None
    assert tokens.answered([f"{local}@elsewhere.example.org", f"x{local}@{domain}", "reply@" + domain]) is None
    assert tokens.answered([f"{local}@{domain}"]) == ours.uid


@pytest.mark.postgres
def test_the_name_of_our_mail_is_evidence_and_its_subject_is_none(ours):
    assert take(mail(In_Reply_To=ours.message_id)).known_by == "reference"
    assert take(mail(References=f"<x@y> {ours.message_id}", Message_ID="<2@m>")).in_reply_to == ours
    alone = take(mail(Subject=f"Re: {ours.words[:20]} {ours.uid}", Message_ID="<3@m>"))
    assert (alone.in_reply_to, alone.known_by) == (None, "")


@pytest.mark.postgres
def test_the_same_mail_is_kept_once(ours):
    assert take(mail()) is not None
    assert take(b"Received: by another road\r\n" + mail()) is None
    assert take(mail("另外一封")) is not None
    assert Incoming.objects.count() == FactRow.objects.filter(type="incoming.arrived").count() == 2


# --- machines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; x=y"},
        {"Precedence": "bulk"},
        {"List_Id": "<x.example.org>"},
        {"X_Autoreply": "yes"},
    ],
)
def test_what_a_machine_wrote_is_kept_aside_and_nothing_follows(ours, post, headers):
    row = take(mail("我在休假。", to=tokens.reply_address(ours.uid), **headers))
    assert (row.state, row.reason, row.content.words.strip()) == ("aside", "automatic", "我在休假。")
    jobs = Job.objects.filter(name__startswith="correspondence.").exclude(name="correspondence.deliver")
    run_due(LATER, slots=False)
    assert not jobs.exists() and len(post.taken) == 1


def test_a_mail_by_hand_says_no_to_automatic(ours):
    assert take(mail(Auto_Submitted="no")).state == "waiting"


@pytest.mark.postgres
def test_a_mail_that_came_back_fails_what_had_left(ours):
    take(returned(ours.message_id))
    back = fresh(ours)
    assert (back.state, back.failure, back.failed_at) == ("failed", "bounced", LATER)
    assert told()[-1] == "message.failed" and FactRow.objects.filter(type="message.failed").get().value("had_left")
    take(returned(ours.message_id, "delivered"))
    assert fresh(ours).state == "failed"
    assert set(Incoming.objects.values_list("state", "reason")) == {("aside", "automatic")}


def test_it_comes_back_to_the_address_an_answer_would(ours, post):
    take(returned("<nobody@elsewhere.example.org>", to=tokens.reply_address(ours.uid)))
    assert fresh(ours).state == "failed"


@pytest.mark.parametrize(("action", "state"), [("delayed", "sent"), ("delivered", "delivered"), ("relayed", "sent")])
def test_only_a_failure_is_one(ours, action, state):
    take(returned(ours.message_id, action))
    assert fresh(ours).state == state


def test_word_of_another_house_s_mail_changes_nothing(ours):
    take(returned("<nobody@elsewhere.example.org>"))
    assert fresh(ours).state == "sent"


# --- reading -------------------------------------------------------------------------------------------------------


def test_words_come_before_markup_and_files_are_counted():
    one = EmailMessage()
    one["From"] = "=?utf-8?b?5rqr5bCP5aeQ?= <Wen@Example.org>"
    one.set_content("純文字")
    one.add_alternative("<p>不是這個</p>", subtype="html")
    one.add_attachment(b"x" * 99, maintype="image", subtype="jpeg", filename="臉.jpg")
    one.add_attachment("說明", filename="a.txt")
    said = reading.read(one.as_bytes())
    assert (said.words, said.files, said.sender) == ("純文字", 2, "wen@example.org")


def test_markup_becomes_words():
    marked = "<html><head><title>x</title><style>p{}</style></head><body><p>您好，<b>星期三</b>可以。</p><div>A&amp;B<br>謝謝</div><!-- <p>y --><script>z</script></body>"
    assert reading.plain_of(marked) == "您好，星期三可以。\nA&B\n謝謝"


@pytest.mark.parametrize("charset", ["big5", "gb2312", "utf-8", "x-unknown", "iso-2022-jp"])
def test_words_of_any_alphabet_are_read_and_none_breaks_the_reading(charset):
    raw = b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n"
    words = "星期三" if charset in ("big5", "gb2312", "utf-8") else "abc"
    coded = words.encode({"x-unknown": "ascii", "iso-2022-jp": "ascii"}.get(charset, charset))
    assert reading.read(raw + coded).words == words


def _deep() -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(1_200))


ODD = {
    "empty": b"",
    "no headers": b"\xff\xfe" * 500,
    "deep": _deep(),
    "many parts": b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\na\n" * 20_000,
    "open tags": b"Content-Type: text/html\n\n" + b"<a " * 300_000,
    "open comments": b"Content-Type: text/html\n\n" + b"<!--" * 200_000,
    "open scripts": b"Content-Type: text/html\n\n" + b"<script>" * 60_000,
    "long header": b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\n\na",
    "many addresses": b"To: " + b"<a@b>," * 50_000 + b"\n\na",
    "odd date": b"Date: Mon, 99 Foo 99999 99:99:99 +9999\n\na",
    "odd code": b"Content-Transfer-Encoding: base64\n\n" + b"=" * 10_000,
    "beyond its largest": b"Content-Type: text/plain\n\n" + b"a" * 35_500_000,
    "bad charset": b"Content-Type: text/plain; charset*0=\xff; charset*1*=x''%FF\n\na",
}


@pytest.mark.parametrize("name", ODD)
def test_no_mail_takes_long_or_breaks_the_reading(name):
    began = time.process_time()
    said = reading.read(ODD[name])
    assert time.process_time() - began < 5
    assert len(said.event) == 64


@trials(max_examples=25, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"From: ", b"Content-Type: multipart/report; boundary=x\n\n--x\n", b"Content-Type: "]),
)
def test_anything_can_be_read_and_reads_the_same_again(raw, before):
    assert reading.read(before + raw) == reading.read(before + raw)


@pytest.mark.postgres
def test_a_mail_beyond_all_measure_is_kept_as_far_as_it_goes(ours):
    row = take(ODD["beyond its largest"])
    assert row.left_out == 1 and len(row.content.words) == 20_000


# --- how it comes --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mailserver():
    server = Mailserver()
    yield server
    server.stop()


@pytest.fixture
def box(mailserver, settings):
    mailserver.box.__init__()
    settings.IMAP_URL = f"imap://box:p%40ss@127.0.0.1:{mailserver.port}/INBOX"
    return mailserver.box


@pytest.mark.postgres
def test_a_mailbox_is_emptied_once(ours, box):
    box.put(mail())
    box.put(mail("第二封", Message_ID="<2@m>"))
    for minutes in (3, 5):
        run_due(NOW + timedelta(minutes=minutes))
    assert (Incoming.objects.count(), box.seen) == (2, {1, 2})


@pytest.mark.postgres
def test_a_mail_that_cannot_be_kept_stops_no_other_and_stays(ours, box, monkeypatch):
    box.put(b"Message-ID: <bad@m>\r\n\r\nbad")
    box.put(mail())
    whole = reading.read
    monkeypatch.setattr(reading, "read", lambda raw: 1 / 0 if b"bad" in raw else whole(raw))
    assert mailbox.fetch(take) == 1
    assert (Incoming.objects.count(), box.seen) == (1, {2})


@pytest.mark.postgres
def test_what_died_between_keeping_and_saying_so_is_kept_once(ours, box):
    box.put(mail())
    mailbox.fetch(take)
    box.seen.clear()
    mailbox.fetch(take)
    assert (Incoming.objects.count(), box.seen) == (1, {1})


@pytest.mark.parametrize(
    "url", ["imap://u:p@mail.example.org", "imaps://mail.example.org", "https://u@x", 'imaps://u@x/a"b']
)
def test_a_mailbox_is_read_over_tls(url):
    with pytest.raises(ValueError):
        mailbox.Mailbox.from_url(url)


def test_a_mail_server_hands_over_by_pipe_and_tries_again_later(monkeypatch, capsys):
    monkeypatch.setattr(cli, "_django", lambda house: None)
    monkeypatch.setattr(cli, "_house", lambda given: None)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(mail())))
    assert cli.main(["mail", "take", "-"]) == 0
    assert Incoming.objects.count() == 1
    monkeypatch.setattr(reading, "read", lambda raw: 1 / 0)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(mail())))
    assert cli.main(["mail", "take", "-"]) == 75
    assert "ZeroDivisionError" in capsys.readouterr().err
