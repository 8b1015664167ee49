"""Words as SMS, by the HTTP interface of Mitake (三竹). No database here.

`clientid` is the same at every try: within twelve hours the service answers a second one with what became of the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from django.conf import settings

from suyuan.correspondence import rules
from suyuan.correspondence.calling import LOOPBACK, Host, call
from suyuan.correspondence.rules import roads
from suyuan.correspondence.unsent import Unsent

SEND = "/SmSend?CharsetURL=UTF-8"
ONE_SMS = 70  # in Chinese; more only where the account may send long ones, or the service cuts it off and says nothing
NEW_LINE = "\x06"


@dataclass(frozen=True)
class Service:
    host: Host
    user: str
    password: str
    longest: int

    @classmethod
    def from_url(cls, url: str) -> Service:
        """mitake://user:password@host/path?longest=335"""
        parts = urlsplit(url)
        if parts.scheme != "mitake" or not parts.hostname or not parts.username:
            raise ValueError("the SMS service is written mitake://user:password@host/path")
        scheme = "http" if parts.hostname in LOOPBACK else "https"
        port = f":{parts.port}" if parts.port else ""
        longest = parse_qs(parts.query).get("longest", [str(ONE_SMS)])[0]
        if not (longest.isascii() and longest.isdigit() and ONE_SMS <= int(longest) <= 1_000):
            raise ValueError("longest is a number of characters, 70 to 1000")
        host = Host.from_url(f"{scheme}://{parts.hostname}{port}{parts.path}")
        return cls(host, unquote(parts.username), unquote(parts.password or ""), int(longest))


def is_set_up() -> bool:
    return bool(settings.SMS_URL)


def longest() -> int:
    return Service.from_url(settings.SMS_URL).longest if is_set_up() else ONE_SMS


def send(*, to: str, words: str, key: str, report_to: str = "") -> str:
    """Give one SMS to the service; returns its number there. `to` is +8869… Raises Unsent."""
    service = Service.from_url(settings.SMS_URL)
    fields = {
        "username": service.user,
        "password": service.password,
        "dstaddr": "0" + to.removeprefix("+886"),
        "smbody": words.replace("\r\n", "\n").replace("\n", NEW_LINE),
        "clientid": key,
        **({"response": report_to} if report_to else {}),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = call(service.host, SEND, body=urlencode(fields).encode(), headers=headers, stage="sms")
    told = _told(reply.text) if reply.status == 200 else {}
    status = told.get("statuscode", "")[:1]
    if status not in roads.SMS_TAKEN or not status:
        raise Unsent(rules.Answer("sms", reply.status, status), rules.one_line(told.get("error", "")))
    return told.get("msgid", "").lstrip("#")[:40]


def _told(text: str) -> dict[str, str]:
    """Its answer is lines of name=value under the number of the message."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, sep, value in pairs if sep}
