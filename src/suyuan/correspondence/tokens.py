"""The address to which a mail of ours is answered: it names the message, and only we can have written it."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings

from suyuan.platform.keys import blind

UID, MAC = 16, 10
_TOKEN = re.compile(r"([a-z2-7]{42})")


def reply_address(uid: UUID) -> str:
    """`reply+<token>@…`; empty where no mailbox takes answers in."""
    local, at, domain = settings.REPLY_TO.rpartition("@")
    return f"{local}+{_token(uid)}@{domain}" if at and local else ""


def answered(addresses: Iterable[str]) -> UUID | None:
    """The message that one of these addresses names, if we wrote it."""
    local, _at, domain = settings.REPLY_TO.lower().rpartition("@")
    for address in addresses:
        name, _at, where = address.lower().rpartition("@")
        base, plus, token = name.partition("+")
        if local and (base, plus, where) == (local, "+", domain) and (uid := _read(token)):
            return uid
    return None


def _token(uid: UUID) -> str:
    return base64.b32encode(uid.bytes + _mac(uid)).decode().rstrip("=").lower()


def _mac(uid: UUID) -> bytes:
    return blind("mail.reply", str(uid))[:MAC]


def _read(token: str) -> UUID | None:
    if not _TOKEN.fullmatch(token):
        return None
    try:
        raw = base64.b32decode(token.upper() + "=" * 6)
    except (ValueError, binascii.Error):
        return None
    uid = UUID(bytes=raw[:UID])
    return uid if hmac.compare_digest(raw[UID:], _mac(uid)) else None
