"""Words to a LINE account, and what an account sent us, by the Messaging API. No database here.

The same X-Line-Retry-Key at every try: LINE answers 409 to a request that it has taken before.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from suyuan.correspondence import rules
from suyuan.correspondence.calling import Host, call, fetched
from suyuan.correspondence.rules import roads
from suyuan.correspondence.unsent import Unsent

PUSH = "/v2/bot/message/push"
CONTENT = "/v2/bot/message/{number}/content"
# LINE keeps what people send for a time that it names nowhere; then, or once it was unsent, there is nothing more to ask for.
NO_LONGER = frozenset({400, 404, 410})


class NoLongerThere(Exception):
    """LINE does not have it any more."""


def is_set_up() -> bool:
    return bool(settings.LINE_TOKEN)


def may_be_linked() -> bool:
    """Whether people can write to our account and we hear it, so that they may show which account is theirs."""
    return bool(settings.LINE_ACCOUNT and settings.LINE_SECRET)


def push(*, to: str, words: str, key: str) -> str:
    """Give one text to LINE; returns its number there, by which an answer quotes it. Raises Unsent."""
    body = json.dumps({"to": to, "messages": [{"type": "text", "text": words}]}).encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {settings.LINE_TOKEN}",
        "X-Line-Retry-Key": key,
    }
    reply = call(Host.from_url(settings.LINE_API), PUSH, body=body, headers=headers, stage="line")
    accepted = reply.headers.get("x-line-accepted-request-id", "")
    if not roads.line_has_taken(reply.status, accepted):
        raise Unsent(rules.Answer("line", reply.status), rules.one_line(reply.text))
    return _number(reply.text) or accepted or reply.headers.get("x-line-request-id", "")


@contextmanager
def content(number: str) -> Iterator[Iterator[bytes]]:
    """The bytes of a picture, sound, film or file that somebody sent us. Raises NoLongerThere, Unsent (202: not ready yet)."""
    headers = {"Authorization": f"Bearer {settings.LINE_TOKEN}"}
    where = CONTENT.format(number=number)
    with fetched(Host.from_url(settings.LINE_DATA), where, headers=headers, stage="line") as (status, pieces):
        if status in NO_LONGER:
            raise NoLongerThere
        if status != 200:
            raise Unsent(rules.Answer("line", status), "")
        yield pieces


def is_signed(body: bytes, signature: str) -> bool:
    """Whether these bytes came from LINE: compared in constant time, over the body as it arrived."""
    if not settings.LINE_SECRET:
        return False
    ours = base64.b64encode(hmac.digest(settings.LINE_SECRET.encode(), body, hashlib.sha256))
    return hmac.compare_digest(ours, signature.encode("utf-8", "replace"))


def _number(text: str) -> str:
    try:
        number = json.loads(text)["sentMessages"][0]["id"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return ""
    return number if isinstance(number, str) and number.isascii() and len(number) <= 60 else ""
