"""Mail as RFC 5322 text, and the talk with the mail server. No database here.

Built with the standard library's EmailMessage, which refuses line breaks in headers; plain text only, UTF-8.
"""
from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from suyuan.correspondence import rules
from suyuan.correspondence.unsent import Unsent

TIMEOUT = 20
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Server:
    """Where mail is handed over. `tls`: at once ("yes"), on the way ("starttls"), or only if offered ("offered")."""

    host: str
    port: int
    user: str
    password: str
    tls: str

    @classmethod
    def from_url(cls, url: str) -> Server:
        """smtp://user:password@host:port or smtps://…; smtp to another machine insists on STARTTLS, unless ?tls=offered."""
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("the mail server is written smtp://host:port or smtps://host:port")
        at_once = parts.scheme == "smtps"
        by_default = "yes" if at_once else "offered" if parts.hostname in LOOPBACK else "starttls"
        tls = "yes" if at_once else parse_qs(parts.query).get("tls", [by_default])[0]
        if tls not in {"yes", "starttls", "offered"}:
            raise ValueError("tls is starttls or offered")
        return cls(
            parts.hostname,
            parts.port or (465 if at_once else 587),
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            tls,
        )


def is_set_up() -> bool:
    """Without a server and a sender, mail waits in the queue."""
    return bool(settings.SMTP_URL and settings.MAIL_FROM)


def address_is_fit(address: str) -> bool:
    """One plain address, ours to put into a header: no name, no list, no line break."""
    try:
        validate_email(address)
        Address(addr_spec=address)
    except (ValidationError, HeaderParseError, ValueError, IndexError):
        return False
    return len(address) <= 254 and address.isprintable() and address.isascii()


def sender() -> tuple[str, str]:
    """MAIL_FROM as (name, address); it may be written `診所 <care@example.org>`."""
    name, bracket, rest = settings.MAIL_FROM.rpartition("<")
    address = rest.rstrip("> ") if bracket else settings.MAIL_FROM.strip()
    return name.strip().strip('"'), address


def id_for(uid: object) -> str:
    """The Message-ID of a row: the same at every try, so that a mail sent twice is one mail to its reader."""
    return f"<{uid}@{sender()[1].rpartition('@')[2]}>"


def compose(
    *,
    to: str,
    subject: str,
    body: str,
    message_id: str,
    at: datetime,
    language: str,
    automatic: bool,
    answer_to: str = "",
) -> EmailMessage:
    name, address = sender()
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(display_name=name, addr_spec=address)
    mail["To"] = Address(addr_spec=to)
    if answer_to:
        mail["Reply-To"] = Address(addr_spec=answer_to)
    mail["Subject"] = rules.one_line(subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id
    mail["Content-Language"] = {"zh-hant": "zh-Hant", "zh-hans": "zh-Hans"}.get(language, "en")
    if automatic:
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(body.rstrip("\n") + "\n", subtype="plain", charset="utf-8", cte="base64")
    return mail


def hand_over(mail: EmailMessage) -> None:
    """Give one mail to the server; returns when the server has taken it. What comes back goes where an answer would. Raises Unsent."""
    returned_to = mail["Reply-To"] or mail["From"]
    sender_address, to = returned_to.addresses[0].addr_spec, mail["To"].addresses[0].addr_spec
    with _talk(Server.from_url(settings.SMTP_URL)) as smtp:
        with _at("sender"):
            _expect(smtp.mail(sender_address), "sender")
        with _at("recipient"):
            _expect(smtp.rcpt(to), "recipient")
        with _at("words"):
            _expect(smtp.data(mail.as_bytes()), "words")


@contextmanager
def _talk(server: Server) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    with _at("connect"):
        if server.tls == "yes":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    try:
        with _at("connect"):
            smtp.ehlo_or_helo_if_needed()
            if server.tls != "yes" and (server.tls == "starttls" or smtp.has_extn("starttls")):
                smtp.starttls(context=context)
                smtp.ehlo()
        with _at("login"):
            if server.user:
                smtp.login(server.user, server.password)
        yield smtp
    finally:
        _part(smtp)


def _part(smtp: smtplib.SMTP) -> None:
    """Say goodbye; by now the mail is taken or not, whatever happens here."""
    try:
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()


@contextmanager
def _at(stage: str) -> Iterator[None]:
    """What breaks inside happened at `stage` of the talk."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise Unsent(rules.Answer(stage, error.smtp_code), _said(error.smtp_error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unsent(rules.Answer(stage), type(error).__name__) from error


def _expect(reply: tuple[int, bytes], stage: str) -> None:
    code, said = reply
    if code not in {250, 251}:
        raise Unsent(rules.Answer(stage, code), _said(said))


def _said(reply: bytes | str) -> str:
    words = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return rules.one_line(words)
