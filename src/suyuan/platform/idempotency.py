"""A public form sent twice does its work once, and answers alike.

    token = once(request, "portal.intake")     from the hidden field, the caller's cookie and the body
    answer = replay(token)                     what was answered the first time, to the same caller with the same body
    claim(token=token, answer={…}, …)          inside the service: of fifty at once, one commits

The view makes the page from the answer, the first time and each time after. A key belongs to its scope for ever; the
answer is sealed and deleted after a day. To anyone but its caller a known key says nothing but that it is used up.
"""
from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from suyuan.kernel import chain
from suyuan.kernel.refusal import BadInput, Refusal
from suyuan.platform import chance, units
from suyuan.platform.jobs import periodic
from suyuan.platform.keys import seal, unseal
from suyuan.platform.models import IdempotencyKey
from suyuan.platform.rows import rows_add

FIELD = "idempotency_key"
KEPT = timedelta(hours=24)

_KEY = re.compile(r"[0-9a-f]{32}")
_NOT_OF_THE_BODY = frozenset({FIELD, "csrfmiddlewaretoken"})


class KeyMissing(BadInput):
    code = "idempotency_key_missing"

    def message(self) -> str:
        return _("這一頁已經過期。請重新整理後再送出一次，您填寫的內容會保留。")


class KeyReused(Refusal):
    """The same key with another body: a changed form must be sent as a new one."""

    code = "idempotency_key_reused"
    status = 422

    def message(self) -> str:
        return _("這張表單已經送出過，之後的修改沒有送出。請開啟新的表單再試一次。")


class KeyUsedUp(Refusal):
    """Done already, and there is nothing left to show, or not to this caller."""

    code = "idempotency_key_used"
    status = 409

    def message(self) -> str:
        return _("這張表單已經送出過。若您已拿到收據，請用收據查詢進度。")


@dataclass(frozen=True)
class Token:
    """What one POST carries to be recognised by. Caller and body as digests only."""

    scope: str
    key: str
    caller_hash: str
    body_sha256: str


def new_key() -> str:
    """128 random bits for the hidden field, made when the form is rendered."""
    return chance.token_bytes(16).hex()


def caller_cookie() -> str:
    """Name of the cookie by which a caller without an account is recognised: the one that also holds their draft."""
    return f"{'__Host-' if settings.SESSION_COOKIE_SECURE else ''}suyuan_draft"


def once(request: HttpRequest, scope: str) -> Token:
    """The token of this POST. Raises KeyMissing."""
    return token_of(
        scope=scope,
        key=request.POST.get(FIELD, ""),
        caller=request.COOKIES.get(caller_cookie(), ""),
        body_sha256=body_digest(request),
    )


def token_of(*, scope: str, key: str, caller: str, body_sha256: str) -> Token:
    """A token from its parts, for callers that are no HTML form. An empty caller is recognised by nobody."""
    if not _KEY.fullmatch(key):
        raise KeyMissing(fields={FIELD: "missing"})
    return Token(scope, key, _caller_hash(caller), body_sha256)


def body_digest(request: HttpRequest) -> str:
    """SHA-256 over the fields and files of a form, without what differs each time it is rendered."""
    digest = hashlib.sha256()
    for name in sorted(request.POST.keys() - _NOT_OF_THE_BODY):
        digest.update(json.dumps([name, request.POST.getlist(name)]).encode() + b"\n")
    for name in sorted(request.FILES):
        for file in request.FILES.getlist(name):
            content = hashlib.sha256()
            for chunk in file.chunks():
                content.update(chunk)
            file.seek(0)
            digest.update(json.dumps([name, file.name, file.size, content.hexdigest()]).encode() + b"\n")
    return digest.hexdigest()


def replay(token: Token) -> dict[str, Any] | None:
    """The first answer; None when the key is new. Raises KeyReused or KeyUsedUp."""
    row = IdempotencyKey.objects.filter(scope=token.scope, key=token.key).first()
    if row is None:
        return None
    if not token.caller_hash or not hmac.compare_digest(row.caller_hash, token.caller_hash):
        raise KeyUsedUp()
    if not hmac.compare_digest(row.body_sha256, token.body_sha256):
        raise KeyReused()
    if row.sealed_answer is None:
        raise KeyUsedUp()
    return json.loads(unseal("idempotency", row.uid, row.sealed_answer))


def claim(*, token: Token, answer: dict[str, chain.Json], now: datetime, stream: str = "") -> None:
    """Use the key up, with its answer, inside the open service. Whoever comes second gets KeyUsedUp.

    The view then asks `replay` once more: it was the same caller's other click, or it was not.
    """
    units.required()
    uid = chance.uid()
    row = IdempotencyKey(
        uid=uid,
        scope=token.scope,
        key=token.key,
        caller_hash=token.caller_hash,
        body_sha256=token.body_sha256,
        sealed_answer=seal("idempotency", uid, chain.canonical(answer)),
        stream=stream,
        created_at=now,
    )
    try:
        rows_add([row])
    except IntegrityError as error:
        raise KeyUsedUp() from error


def answers_expire(*, now: datetime) -> int:
    """Delete sealed answers older than a day; the keys stay."""
    old = IdempotencyKey.objects.filter(sealed_answer__isnull=False, created_at__lte=now - KEPT)
    return old.update(sealed_answer=None)


@periodic("*/10 * * * *", "idempotency.expire")
def expire(args: dict, now: datetime) -> None:
    answers_expire(now=now)


def _caller_hash(caller: str) -> str:
    return hashlib.sha256(b"suyuan caller 1\x00" + caller.encode()).hexdigest() if caller else ""

