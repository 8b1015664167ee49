"""Asking for a second opinion: only where a server in the house is named, only when somebody asks, only of a masked text.

The text has been shown to whoever asks as it will be sent. What comes back is added to what the guard found; it holds
nothing back and lets nothing pass. Nothing of it is stored but that it was asked.
"""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.conf import settings

from suyuan.accounts.models import Branch
from suyuan.correspondence.guard import Rules, own_words, rules_of
from suyuan.correspondence.own_errors import OpinionRefused
from suyuan.correspondence.own_rules import own_of
from suyuan.correspondence.rules import opinion as rules
from suyuan.correspondence.rules.opinion import Added, Masked, Server
from suyuan.kernel.actor import Actor
from suyuan.kernel.textlint import Context, Folding, Known, Linter, Rule, RuleSet, Words, frames
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.units import writes
from suyuan.playbooks.guarding import WordList
from suyuan.playbooks.texts import pick

TIMEOUT, LONGEST_ANSWER, AT_ONCE = 45, 64 * 1024, 2
_ROUNDS = 10  # a rule says at most twelve places at a time
_asking = threading.BoundedSemaphore(AT_ONCE)  # each holds a thread of the house while it waits


def is_set_up() -> bool:
    return bool(settings.OPINION_URL and settings.OPINION_MODEL)


def server_name() -> str:
    """Which server would be asked, as people name it; empty while none is, or its address is no address."""
    try:
        return Server.from_url(settings.OPINION_URL).name
    except ValueError:
        return ""


def hidden(
    text: str,
    *,
    branch: Branch,
    surface: str = "",
    known: Iterable[Known] = (),
    words: Iterable[str] = (),
    names_only: bool = False,
) -> Masked:
    """The text as it may be sent. Masked: what the rules take for a patient's in public, everything shaped like an
    identifier, the names of our own people, and `words`. Raises OpinionRefused where something stays that names somebody.

    `names_only`: what merely tells of somebody, whoever it is, stays.
    """
    if len(text) > rules.LONGEST_TEXT:
        raise OpinionRefused("too_long")
    here = rules_of(branch.jurisdiction, own_of(branch.pk))
    context = Context("public_reply", branch.jurisdiction, known=tuple(known))
    namer = _namer(here)
    spans = [*_said(text, [*own_words(branch), *words, *(one.value for one in context.known)])]
    for _round in range(_ROUNDS):
        made = rules.masked(text, spans)
        found = namer.check(made.text, context)
        if not names_only:
            found = (*here.linter.check(made.text, context, weighed=False), *found)
        left = [f for f in found if f.kind == "patient_data" and f.start < f.end]
        more = [span for f in left for span in _outside_tags(made, f.start, f.end)]
        if not more:
            return made
        spans += more
    raise OpinionRefused("not_masked")


# Whoever is called by surname and title, of our people or not: 林小姐, 林怡君女士, 沈經理.
_LISTS = ("surname", "title", "staff_word")
_NAMES = ("<surname> <title>", "<surname> ..2 <title>", "<surname> <staff_word>", "<surname> ..2 <staff_word>")


def _namer(here: Rules) -> Linter:
    """Reads for names alone, with the words of the packs; they are the same as long as the rules are."""
    return _namers(here.hashes, tuple(one for one in here.guarding.words if one.id in _LISTS))


@lru_cache(maxsize=8)
def _namers(_hashes: tuple[str, ...], words: tuple[WordList, ...]) -> Linter:
    known = {one.id for one in words}
    lines = tuple(line for line in _NAMES if frames.names_in(frames.read(line)) <= known)
    read = tuple(frame for line in lines for frame in frames.read(line))
    rule = Rule("name", "patient_data", {"public_reply": "block"}, read)
    lists = {one.id: Words(one.words) for one in words}
    return Linter(RuleSet((rule,) if read else (), lists))


def _said(text: str, words: Iterable[str]) -> Iterable[tuple[int, int]]:
    """Where one of these stands, written in either script and any width."""
    folded = Folding()
    page = folded(text)
    for word in words:
        sought = folded.plain(word).strip()
        at = page.text.find(sought) if len(sought) > 1 else -1
        while at >= 0:
            yield page.back(at, at + len(sought))
            at = page.text.find(sought, at + len(sought))


def _outside_tags(made: Masked, start: int, end: int) -> list[tuple[int, int]]:
    places = [made.starts[at] for at in range(start, end) if made.starts[at] >= 0]
    return [(place, place + 1) for place in places]


@writes
def opinion_ask(*, masked: Masked, surface: str, branch: Branch, actor: Actor, now: datetime) -> None:
    """It is on record before the first byte goes: who asked which server, of how long a text. Not the text."""
    plain = {
        "surface": surface,
        "characters": len(masked.text),
        "sha256": hashlib.sha256(masked.text.encode()).hexdigest(),
        "server": _server().name[:120],
        "model": settings.OPINION_MODEL[:120],
    }
    facts_record([Fact("opinion.asked", f"branch:{branch.uid}", plain)], actor=actor, now=now)


def opinion_of(masked: Masked, *, surface: str, branch: Branch) -> tuple[Added, ...]:
    """What the second reader would look at again. Raises OpinionRefused."""
    server = _server()
    address = near_address(server)
    guarding = rules_of(branch.jurisdiction, own_of(branch.pk)).guarding
    kinds = {kind.id: pick(kind.why, "en") for kind in guarding.kinds}
    asked = {kind: kinds[kind] for kind in rules.asked_kinds(tuple(kinds))}
    body = rules.question(masked.text, asked, surface, settings.OPINION_MODEL)
    if not _asking.acquire(blocking=False):
        raise OpinionRefused("busy")
    try:
        said = _call(server, address, body)
    finally:
        _asking.release()
    try:
        return rules.answer_read(said, masked, asked)
    except rules.NotAnAnswer as error:
        raise OpinionRefused("unfit") from error


def _server() -> Server:
    try:
        return Server.from_url(settings.OPINION_URL)
    except ValueError as error:
        raise OpinionRefused("not_near") from error


def near_address(server: Server) -> str:
    """The number its name stands for, every one of which must be near; the call goes to just this number."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise OpinionRefused("unreached") from error
    if not found or not all(rules.is_near(address) for address in found):
        raise OpinionRefused("not_near")
    return min(found, key=lambda address: (":" in address, address))


class _Line(http.client.HTTPConnection):
    """A connection to one number, whatever its name would mean a second later; no proxy, no redirect."""

    def __init__(self, server: Server, address: str) -> None:
        super().__init__(server.host, server.port, timeout=TIMEOUT)
        self._to, self._tls = (address, server.port), server.scheme == "https"

    def connect(self) -> None:
        self.sock = socket.create_connection(self._to, self.timeout)
        if self._tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _call(server: Server, address: str, body: bytes) -> str:
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "suyuan"}
    if settings.OPINION_KEY:
        headers["Authorization"] = f"Bearer {settings.OPINION_KEY}"
    line = _Line(server, address)
    until = time.monotonic() + TIMEOUT
    try:
        line.request("POST", server.path, body, headers)
        answer = line.getresponse()
        if answer.status != 200:
            raise OpinionRefused("unfit")
        return _read(answer, line, until)
    except (OSError, http.client.HTTPException) as error:
        raise OpinionRefused("unreached") from error
    finally:
        line.close()


def _read(answer: http.client.HTTPResponse, line: http.client.HTTPConnection, until: float) -> str:
    """Up to a limit of size and of time: a server that drips keeps nobody waiting."""
    pieces, size = [], 0
    while piece := answer.read1(8_192):
        size += len(piece)
        left = until - time.monotonic()
        if size > LONGEST_ANSWER or left <= 0:
            raise OpinionRefused("unfit" if left > 0 else "unreached")
        pieces.append(piece)
        if line.sock is not None:
            line.sock.settimeout(left)
    return b"".join(pieces).decode("utf-8", "replace")
