"""Mail that waits in a mailbox, over IMAP. Seen only once it is kept; what was kept before is known by its own name."""

from __future__ import annotations

import imaplib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.conf import settings

from suyuan.correspondence.calling import LOOPBACK
from suyuan.correspondence.reading import LARGEST

TIMEOUT = 20
AT_ONCE = 50
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mailbox:
    host: str
    port: int
    user: str
    password: str
    folder: str
    tls: bool

    @classmethod
    def from_url(cls, url: str) -> Mailbox:
        """imaps://user:password@host/folder; without TLS on this machine only."""
        parts = urlsplit(url)
        here = parts.hostname in LOOPBACK
        if parts.scheme != "imaps" and not (parts.scheme == "imap" and here):
            raise ValueError("the mailbox is written imaps://user:password@host/folder")
        if not parts.hostname or not parts.username:
            raise ValueError("the mailbox is written imaps://user:password@host/folder")
        tls = parts.scheme == "imaps"
        folder = unquote(parts.path.strip("/")) or "INBOX"
        if not folder.isprintable() or '"' in folder:
            raise ValueError("not the name of a folder")
        port = parts.port or (993 if tls else 143)
        return cls(parts.hostname, port, unquote(parts.username), unquote(parts.password or ""), folder, tls)


def is_set_up() -> bool:
    return bool(settings.IMAP_URL)


def fetch(keep: Callable[[bytes], object]) -> int:
    """Hand every unseen mail to `keep`, and call it seen when that went well. One that cannot be kept stops no other."""
    mailbox = Mailbox.from_url(settings.IMAP_URL)
    if mailbox.tls:
        line: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            mailbox.host, mailbox.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT
        )
    else:
        line = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT)
    kept = 0
    with line:
        line.login(mailbox.user, mailbox.password)
        _ok(line.select(f'"{mailbox.folder}"'))
        numbers = _ok(line.uid("SEARCH", "UNSEEN"))[0].split()[:AT_ONCE]
        for number in numbers:
            raw = _raw(line, number)
            try:
                keep(raw)
            except Exception:
                log.exception("a mail could not be kept; it stays unseen in the mailbox")
                continue
            _ok(line.uid("STORE", number, "+FLAGS", r"(\Seen)"))
            kept += 1
    return kept


def _raw(line: imaplib.IMAP4, number: bytes) -> bytes:
    """A byte beyond the largest that is read shows that there was more."""
    parts = _ok(line.uid("FETCH", number, f"(BODY.PEEK[]<0.{LARGEST + 1}>)"))
    return next((part[1] for part in parts if isinstance(part, tuple)), b"")


def _ok(answer: tuple[str, list]) -> list:
    said, data = answer
    if said != "OK":
        raise imaplib.IMAP4.error(f"the mailbox answered {said}")
    return data
