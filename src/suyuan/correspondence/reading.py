"""A mail that came, read within limits. No database here.

Plain words first, HTML made plain, files by their names, unread; what is broken is read as far as it can be. Nothing here trusts
what a mail says of itself: whose words they are is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import html
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime

from suyuan.correspondence.rules import MOST_FILES

# What the large mail houses carry: 25 million bytes of files, which travel a third longer than they are.
LARGEST = 35_000_000
MOST_PARTS = 300
LONGEST_HEADER = 20_000
LONGEST_HTML = 2_000_000
ADDRESSED = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
_ID = re.compile(r"<[^<>\s]{1,200}>")


@dataclass(frozen=True)
class Bounce:
    """What a mail server says became of a mail of ours (RFC 3464). `of` are the Message-IDs that it names."""

    action: str
    status: str
    said: str
    of: tuple[str, ...]


@dataclass(frozen=True)
class Attached:
    """A file of the mail, decoded when somebody asks for it. `whole`: not cut off with the end of the mail."""

    name: str
    whole: bool
    part: Message = field(compare=False, repr=False)

    def data(self) -> bytes:
        if self.part.get_content_type() == "message/rfc822":
            inner = self.part.get_payload()
            return inner[0].as_bytes() if isinstance(inner, list) and inner else b""
        payload = self.part.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""


@dataclass(frozen=True)
class Mail:
    """What was read. `number`: as its sender's house named it. `files`: how many came; `attached`: those that are looked at.

    `automatic`: a machine wrote it, so that no notice may follow from it.
    """

    event: str
    number: str
    sender: str
    subject: str
    words: str
    files: int
    attached: tuple[Attached, ...]
    sent_at: datetime | None
    to: tuple[str, ...]
    answers: tuple[str, ...]
    automatic: bool
    bounce: Bounce | None = None


def read(raw: bytes) -> Mail:
    """Read a mail of any make. What is beyond its largest is left, and counted as a file that was not taken."""
    cut = len(raw) > LARGEST
    whole = _parsed(raw[:LARGEST])
    parts, more = _parts(whole)
    bounce = _bounce(parts)
    words = _words(parts)
    sender = next(iter(_addresses([_header(whole, "From")])), "")
    subject = _header(whole, "Subject")
    named = _header(whole, "Message-ID")
    attached = _attached(parts, cut)
    torn = any(not each.whole for each in attached)
    seen = "\0".join((named, sender, _header(whole, "Date"), subject, words))
    return Mail(
        event=hashlib.sha256(seen.encode("utf-8", "surrogatepass")).hexdigest(),
        number=named,
        sender=sender,
        subject=subject,
        words=words,
        files=sum(_is_file(part) for part in parts) + more + (cut and not torn),
        attached=attached,
        sent_at=_date(_header(whole, "Date")),
        to=tuple(_addresses(_header_all(whole, ADDRESSED))),
        answers=tuple(_ids(_header_all(whole, ("In-Reply-To", "References")))),
        automatic=bounce is not None or _is_automatic(whole),
        bounce=bounce,
    )


def _parsed(raw: bytes) -> Message:
    try:
        return BytesParser(policy=compat32).parsebytes(raw)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return BytesHeaderParser(policy=compat32).parsebytes(raw[:LONGEST_HEADER])


def _parts(whole: Message) -> tuple[list[Message], int]:
    """The leaves in their order, and whether there were more than anybody sends by hand. A mail within it is one leaf."""
    found: list[Message] = []
    waiting = [whole]
    seen = 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            waiting[:0] = [each for each in part.get_payload() if isinstance(each, Message)]
        else:
            found.append(part)
    return found, int(bool(waiting))


# --- its words -----------------------------------------------------------------------------------------------------


def _words(parts: list[Message]) -> str:
    plain = [_text(part) for part in parts if part.get_content_type() == "text/plain" and not _is_file(part)]
    if any(each.strip() for each in plain):
        return "\n\n".join(each.strip("\n") for each in plain if each.strip()).strip()
    marked = [_text(part) for part in parts if part.get_content_type() == "text/html" and not _is_file(part)]
    return "\n\n".join(plain_of(each) for each in marked).strip()


def _is_file(part: Message) -> bool:
    if part.get_content_type() in ("message/delivery-status", "text/rfc822-headers"):
        return False
    named = part.get_content_disposition() == "attachment" or bool(_filename(part))
    return named or part.get_content_maintype() not in ("text", "multipart")


def _attached(parts: list[Message], cut: bool) -> tuple[Attached, ...]:
    """The files in their order, as many as are taken. The last leaf of a mail that was cut is not whole."""
    files = [part for part in parts if _is_file(part)][:MOST_FILES]
    return tuple(Attached(_called(part, n), not (cut and part is parts[-1]), part) for n, part in enumerate(files, 1))


def _called(part: Message, number: int) -> str:
    """Its name; one without gets an ending by which it is known for what it says it is."""
    name, kind = _decoded(_filename(part)), part.get_content_type()
    if kind == "message/rfc822":
        return name if name.lower().endswith(".eml") else f"{name or f'file-{number}'}.eml"
    return name or f"file-{number}{mimetypes.guess_extension(kind) or ''}"


def _filename(part: Message) -> str:
    try:
        return str(part.get_filename() or "")
    except (ValueError, LookupError, TypeError, UnicodeError):
        return "?"


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True) or b""
    named = part.get_param("charset", "utf-8")
    charset = named[2] if isinstance(named, tuple) else named
    for each in (str(charset or "utf-8"), "utf-8", "gb18030" if "gb" in str(charset).lower() else "cp950"):
        try:
            return payload.decode(each).replace("\r\n", "\n").replace("\r", "\n")
        except (LookupError, UnicodeError, ValueError):
            continue
    return payload.decode("utf-8", "replace")


_HIDDEN = re.compile(r"<(script|style|head|title)\b", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6]|/blockquote)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"[ \t\f\v\xa0]+")
_LINES = re.compile(r"\n{3,}")


def plain_of(marked: str) -> str:
    """The words of HTML, each step once over it: no markup, however broken, takes longer than its length."""
    marked = _without(marked[:LONGEST_HTML], "<!--", "-->")
    kept, at = [], 0
    while found := _HIDDEN.search(marked, at):
        kept.append(marked[at : found.start()])
        end = marked.lower().find(f"</{found[1].lower()}", found.end()) if len(kept) < MOST_PARTS else -1
        if end < 0:
            at = len(marked)
            break
        at = end
    marked = "".join([*kept, marked[at:]]).replace("\r", "").replace("\n", " ")
    words = html.unescape(_TAG.sub("", _BREAK.sub("\n", marked)))
    lines = (_SPACE.sub(" ", line).strip() for line in words.split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()


def _without(text: str, opens: str, closes: str) -> str:
    kept, at = [], 0
    while (start := text.find(opens, at)) >= 0:
        kept.append(text[at:start])
        end = text.find(closes, start)
        if end < 0:
            return "".join(kept)
        at = end + len(closes)
    return "".join([*kept, text[at:]])


# --- its headers ---------------------------------------------------------------------------------------------------


def _header(whole: Message, name: str) -> str:
    return next(iter(_header_all(whole, (name,))), "")


def _header_all(whole: Message, names: Iterable[str]) -> list[str]:
    return [_decoded(value) for name in names for value in (whole.get_all(name) or ())[:50]]


def _decoded(value: object) -> str:
    said = str(value)[:LONGEST_HEADER]
    try:
        pieces = [
            piece.decode(charset or "utf-8", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(said)
        ]
    except (HeaderParseError, LookupError, ValueError, UnicodeError):
        pieces = [said]
    return "".join(c for c in "".join(pieces) if c.isprintable() or c in " \t").strip()


def _addresses(values: Iterable[str]) -> list[str]:
    found = getaddresses(list(values))
    return [address.lower() for _name, address in found if "@" in address and len(address) <= 254][:100]


def _ids(values: Iterable[str]) -> list[str]:
    return [found for value in values for found in _ID.findall(value)][:100]


def _date(said: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(said)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _is_automatic(whole: Message) -> bool:
    """By its own word: an answering machine, a list, or a sender who wants no answer."""
    submitted = _header(whole, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if _header(whole, "Precedence").lower() in ("bulk", "junk", "list", "auto_reply"):
        return True
    return any(whole.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "List-Id"))


# --- what came back ------------------------------------------------------------------------------------------------


def _bounce(parts: list[Message]) -> Bounce | None:
    status = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    if status is None:
        return None
    blocks = status.get_payload()
    blocks = [block for block in blocks if isinstance(block, Message)][:50] if isinstance(blocks, list) else []
    told = next((block for block in blocks if block.get("Action")), None)
    if told is None:
        return None
    original = [block.get("Original-Message-ID", "") for block in blocks]
    returned = [str(part.get_payload())[:LONGEST_HEADER] for part in parts if part.get_content_type() == "text/rfc822-headers"]
    ids = _ids([*original, *(_named_in(each) for each in returned)])
    inner = [part.get_payload() for part in parts if part.get_content_type() == "message/rfc822"]
    ids += _ids(_header(one[0], "Message-ID") for one in inner if isinstance(one, list) and one)
    said = _decoded(told.get("Diagnostic-Code", "")) or _decoded(told.get("Status", ""))
    return Bounce(_decoded(told["Action"]).lower(), _decoded(told.get("Status", ""))[:20], said[:200], tuple(ids))


def _named_in(headers: str) -> str:
    found = re.search(r"^Message-ID:\s*(<[^<>\s]{1,200}>)", headers, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else ""
