"""Rows of what came in by itself held against the facts (`suyuan chain verify --rows`): each word and file once, from where and when,
how it was settled, and which evidence its files became.

What it says lies sealed with a salt, of which the fact keeps a digest: once the words are gone, the digest says nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from suyuan.correspondence.models import INCOMING, INCOMING_FILE, Incoming, IncomingFile
from suyuan.kernel.chain import canonical, time_text
from suyuan.people.rules import LINE_ACCOUNT
from suyuan.people.selectors import contact_blind
from suyuan.platform.faults import Fault
from suyuan.platform.keys import KeyProblem, unseal
from suyuan.platform.recomputing import UNSAID, Ledger, Said, read_by, recomputed

# By which kind of contact whoever sent it is known.
SENDERS = {"line": LINE_ACCOUNT, "email": "email"}


def sender_blind(channel: str, sender: str) -> bytes | None:
    """By which a person's words are found again, as their contact is."""
    return contact_blind(SENDERS.get(channel, ""), sender)


def incoming_digests(row: Incoming) -> dict[str, str]:
    """What the fact of its arrival keeps of a row: of where it came from, and of what it says."""
    answers = str(row.in_reply_to.uid) if row.in_reply_to is not None else None
    seen = {"event": row.event, "branch_id": row.branch_id, "language": row.language, "left_out": row.left_out}
    seen |= {"known_by": row.known_by, "in_reply_to": answers, "happened_at": row.happened_at}
    return {"row": _row(seen), "content": _opened(INCOMING, row.uid, row.content_sealed)}


def file_digests(row: IncomingFile) -> dict[str, str]:
    return {"remote": _digest(row.remote), "name": _opened(INCOMING_FILE, row.uid, row.name_sealed)}


def _row(row: Mapping[str, Any]) -> str:
    happened: datetime | None = row["happened_at"]
    names = ("event", "branch_id", "language", "left_out", "known_by", "in_reply_to")
    return _digest([*(row[name] for name in names), time_text(happened) if happened is not None else None])


def _digest(said: Any) -> str:
    return hashlib.sha256(canonical(said)).hexdigest()


def _opened(name: str, uid: UUID | str, sealed: Any) -> str:
    """A digest of the sealed words; empty where there are none, a question mark where nobody can open them."""
    if not sealed:
        return ""
    try:
        return hashlib.sha256(unseal(name, UUID(str(uid)), bytes(sealed)).encode()).hexdigest()
    except KeyProblem:
        return "?"


def _found_by(row: Mapping[str, Any]) -> bool:
    """Whether it is found by who sent it, as long as it says who that is."""
    blind = bytes(row["sender_blind"]) if row["sender_blind"] is not None else None
    if not row["content_sealed"]:
        return blind is None
    try:
        content = json.loads(unseal(INCOMING, UUID(str(row["uid"])), bytes(row["content_sealed"])))
    except (KeyProblem, ValueError):
        return False
    return blind == sender_blind(row["channel"], content["sender"])


def _came(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"row": _row(row), "content": _opened(INCOMING, row["uid"], row["content_sealed"]), "found_by": _found_by(row)}


def _filed(row: Mapping[str, Any]) -> dict[str, str]:
    return {"called": _digest(row["remote"]), "name": _opened(INCOMING_FILE, row["uid"], row["name_sealed"])}


CAME = read_by(
    Incoming, "uid", ("uid",), _came, {"content": "content_sealed", "found_by": "sender_blind"}, noun="incoming",
    in_reply_to="in_reply_to__uid", message="message__uid",
)  # fmt: skip
FILES = read_by(
    IncomingFile, "incoming__uid", ("uid",), _filed, {"name": "name_sealed"}, noun="incoming",
    incoming="incoming__uid", stored="stored__sha256", item="item__uid",
)  # fmt: skip
_TYPES = (
    "incoming.arrived", "incoming.placed", "incoming.set_aside", "incoming.forgotten",
    "incoming.file_kept", "incoming.file_left", "incoming.files_given",
)  # fmt: skip


def incoming_recomputed(streams: Collection[str] | None) -> Iterator[Fault]:
    """A row check (`platform.verify`)."""
    yield from recomputed((CAME, FILES), _TYPES, _replay, streams, _TYPES)


def _replay(ledger: Ledger, facts: Sequence[Said]) -> None:
    files: list[str] = []
    for fact in facts:
        key = (fact.stream.partition(":")[2],)
        settled = {"settled_at": fact.at, "settled_by": fact.actor}
        match fact.type:
            case "incoming.arrived":
                _arrived(ledger, fact)
                files = [each["file"] for each in fact("files", None) or ()]
            case "incoming.placed":
                gone = {"content": "", "found_by": True}
                ledger.changed(CAME, key, fact, state="placed", message=fact("message"), **gone, **settled)
            case "incoming.set_aside":
                ledger.changed(CAME, key, fact, state="aside", reason=fact("reason"), **settled)
            case "incoming.forgotten":
                ledger.changed(CAME, key, fact, content="", found_by=True)
                for uid in files:
                    ledger.changed(FILES, (uid,), fact, name="")
            case "incoming.file_kept":
                kept = {"state": _known(ledger, fact, "kept"), "stored": fact("sha256"), "name": "", "settled_at": fact.at}
                ledger.changed(FILES, (fact("file"),), fact, **kept)
            case "incoming.file_left":
                ledger.changed(FILES, (fact("file"),), fact, state="left", why=fact("why"), settled_at=fact.at)
            case "incoming.files_given":
                for each in fact("files"):
                    ledger.changed(FILES, (each["file"],), fact, state="given", item=each["item"])


def _arrived(ledger: Ledger, fact: Said) -> None:
    """An earlier program said less: what it did not say, and what it went on to do without a word, is left alone."""
    uid, said = fact.stream.partition(":")[2], fact("row", UNSAID)
    state = "linked" if fact("kind") == "code" else "aside" if fact("aside", "") else "waiting"
    settled = {"settled_at": fact.at, "settled_by": fact.actor} if state != "waiting" else {"settled_at": None, "settled_by": ""}
    ledger.made(
        CAME, fact, uid=uid, channel=fact("channel"), kind=fact("kind"), row=said, content=fact("content", UNSAID),
        found_by=UNSAID if said is UNSAID else True, arrived_at=fact.at, state=state, message=None, reason=fact("aside", ""), **settled,
    )  # fmt: skip
    for each in fact("files", None) or ():
        known, held = said is not UNSAID, each["state"]
        ledger.made(
            FILES, fact, uid=each["file"], incoming=uid, called=each.get("remote", UNSAID), name=each.get("name", UNSAID),
            state=held if known or held != "kept" else UNSAID, why=each.get("why", ""), stored=each.get("sha256"),
            item=None if known or held != "kept" else UNSAID, settled_at=fact.at if held != "waiting" else None,
        )  # fmt: skip


def _known(ledger: Ledger, fact: Said, state: str) -> Any:
    """Kept: and given since, perhaps, where nobody told of that yet."""
    return UNSAID if ledger.value(FILES, (fact("file"),), "called") is UNSAID else state
