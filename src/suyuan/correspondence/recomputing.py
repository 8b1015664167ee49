"""Rows of the guard held against the facts, column by column (`suyuan chain verify --rows`): what was let out and by whom, what was
found in it, what was disputed, the rules and words of the clinic's own, and what was posted in public, where and in which name.

The other direction of `gate`, `services.clearing` and `services.own`: they write a row and tell it, this reads what was told and
says how the row must stand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from suyuan.correspondence.gate import LOOKED
from suyuan.correspondence.models import (
    DISPUTE_WORDS,
    AllowEntry,
    Clearance,
    ClearanceVote,
    ClinicRule,
    FindingDispute,
    OwnName,
    Posting,
    TryOut,
    VerdictRow,
)
from suyuan.kernel.chain import canonical, time_text
from suyuan.platform.facts import kinds
from suyuan.platform.faults import Fault
from suyuan.platform.keys import KeyProblem, unseal
from suyuan.platform.recomputing import UNSAID, Kept, Ledger, Said, read_by, recomputed


def _digest(*said: Any) -> str:
    return hashlib.sha256(canonical(list(said))).hexdigest()


def _looked(row: Mapping[str, Any]) -> dict[str, str]:
    names = ("stream", "what", "surface", "level", "findings", "asks", "packs", "sha256", "clearance", "emergency")
    return {"digest": _digest(*(row[name] for name in names), time_text(row["at"]))}


def _asked(row: Mapping[str, Any]) -> dict[str, str]:
    names = ("stream", "fact_stream", "party", "language", "sha256", "writer", "findings", "asks", "packs", "act")
    return {"asked": _digest(*(row[name] for name in names))}


def _quoted(row: Mapping[str, Any]) -> dict[str, str]:
    if not row["words_sealed"]:
        return {"quoted": ""}
    try:
        return {"quoted": unseal(DISPUTE_WORDS, row["uid"], bytes(row["words_sealed"]))}
    except KeyProblem:
        return {"quoted": "?"}


def _found(row: Mapping[str, Any]) -> dict[str, str]:
    return {"found": _digest(row["counts"], row["hits"], row["packs"])}


VERDICTS = read_by(VerdictRow, "stream", ("uid",), _looked, clearance="clearance__uid")
CLEARANCES = read_by(
    Clearance, "stream", ("uid",), _asked,
    text="text__uid", asked_by="asked_by__uid", writer="writer__uid", message="message__uid",
)  # fmt: skip
VOTES = read_by(ClearanceVote, "clearance__stream", ("clearance", "by"), clearance="clearance__uid", by="by__uid")
DISPUTES = read_by(
    FindingDispute, "stream", ("uid",), _quoted, {"quoted": "words_sealed"}, by="by__uid", outcome_by="outcome_by__uid"
)
RULES = read_by(
    ClinicRule, "code", ("code", "version"), noun="clinic_rule",
    branch="branch__uid", written_by="written_by__uid", live_by="live_by__uid", ended_by="ended_by__uid",
)  # fmt: skip
TRYOUTS = read_by(TryOut, "rule__code", ("uid",), _found, noun="clinic_rule", rule="rule__version", asked_by="asked_by__uid")
WORDS = read_by(
    AllowEntry, "uid", ("uid",), noun="allow_entry", branch="branch__uid", added_by="added_by__uid", ended_by="ended_by__uid"
)
NAMES = read_by(
    OwnName, "uid", ("uid",), noun="own_name", branch="branch__uid", added_by="added_by__uid", ended_by="ended_by__uid"
)
POSTINGS = read_by(
    Posting, "message__fact_stream", ("uid",), message="message__uid", account="account__uid", capture="capture__uid",
    recorded_by="recorded_by__uid", instead_of="instead_of__uid", ended_by="ended_by__uid",
)  # fmt: skip
KEPT: tuple[Kept, ...] = (VERDICTS, CLEARANCES, VOTES, DISPUTES, RULES, TRYOUTS, WORDS, NAMES, POSTINGS)


def guard_recomputed(streams: Collection[str] | None) -> Iterator[Fault]:
    """A row check (`platform.verify`). A verdict is told by whichever fact its words are told by: of those nothing sealed is asked."""
    every = set(kinds()) | _READ.keys()

    def replay(ledger: Ledger, facts: Sequence[Said]) -> None:
        live: dict[str, tuple[str, int]] = {}
        for fact in facts:
            if fact.type in _READ:
                _READ[fact.type](ledger, fact, live)
            for uid, digest, clearance in fact(LOOKED, None) or ():
                _let_out(ledger, fact, uid, digest, clearance)

    yield from recomputed(KEPT, every, replay, streams, every - _READ.keys())


Live = dict[str, tuple[str, int]]


def _let_out(ledger: Ledger, fact: Said, uid: str, digest: str, clearance: str | None) -> None:
    ledger.made(VERDICTS, fact, uid=uid, digest=digest)
    if clearance and ledger.value(CLEARANCES, (clearance,), "used_at") is None:
        ledger.changed(CLEARANCES, (clearance,), fact, used_at=fact.at)


# --- clearances ------------------------------------------------------------------------------------------------------


def _clearance_asked(ledger: Ledger, fact: Said, live: Live) -> None:
    ledger.made(
        CLEARANCES, fact, uid=fact("clearance"), asked=fact("row", UNSAID), surface=fact("surface"), needs=fact("needs"),
        level=fact("level"), text=fact.text("words"), why=fact("why"), asked_by=fact.user, asked_at=fact.at,
        message=fact("message", None), compartment=UNSAID, state="open", ended_at=None, used_at=None,
    )  # fmt: skip


def _voted(ledger: Ledger, fact: Said, live: Live) -> None:
    ledger.made(
        VOTES, fact, clearance=fact("clearance"), by=fact.user, role=fact("role"), yes=fact("yes"), reason=fact("reason"), at=fact.at
    )


def _ended(state: str) -> Callable[[Ledger, Said, Live], None]:
    def read(ledger: Ledger, fact: Said, live: Live) -> None:
        if state != "lapsed":
            _voted(ledger, fact, live)
        ledger.changed(CLEARANCES, (fact("clearance"),), fact, state=state, ended_at=fact.at)

    return read


# --- false alarms ----------------------------------------------------------------------------------------------------


def _raised(ledger: Ledger, fact: Said, live: Live) -> None:
    ledger.made(
        DISPUTES, fact, uid=fact("dispute"), stream=fact.stream, rule=fact("rule"), kind=fact("kind"), level=fact("level"),
        surface=fact("surface", UNSAID), quoted=fact("words"), why=fact("why"), by=fact.user, at=fact.at,
        outcome="", outcome_why="", outcome_by=None, outcome_at=None,
    )  # fmt: skip


def _judged(ledger: Ledger, fact: Said, live: Live) -> None:
    said = {"outcome": fact("outcome"), "outcome_why": fact("why"), "outcome_by": fact.user, "outcome_at": fact.at}
    ledger.changed(DISPUTES, (fact("dispute"),), fact, **said)


# --- the clinic's own ------------------------------------------------------------------------------------------------

_WORDED = {"title": "", "phrases": [], "frames": [], "levels": {}, "literally": False, "why": "", "safer": "", "fires": [], "quiet": []}


def _written(fact: Said) -> dict[str, Any]:
    said = {name: fact(name, nothing) for name, nothing in _WORDED.items()}
    return said | {"kind": fact("kind"), "digest": fact("digest"), "state": "draft", "written_by": fact.user, "written_at": fact.at}


def _drafted(ledger: Ledger, fact: Said, live: Live) -> None:
    branch = fact("branch", UNSAID)
    ledger.made(
        RULES, fact, code=fact("rule"), version=fact("version"), branch=branch if branch is UNSAID else branch or None,
        live_by=None, live_at=None, ended_by=None, ended_at=None, ended_why="", **_written(fact),
    )  # fmt: skip


def _changed(ledger: Ledger, fact: Said, live: Live) -> None:
    ledger.changed(RULES, _version(fact), fact, **_written(fact))


def _try_asked(ledger: Ledger, fact: Said, live: Live) -> None:
    ledger.made(
        TRYOUTS, fact, uid=fact("tryout"), rule=fact("version"), digest=fact("digest"), asked_by=fact.user, asked_at=fact.at,
        planned=fact("planned"), read=0, found=_digest({}, [], []), finished_at=None,
    )  # fmt: skip


def _tried(ledger: Ledger, fact: Said, live: Live) -> None:
    ledger.changed(TRYOUTS, (fact("tryout"),), fact, read=fact("texts"), found=fact("row", UNSAID), finished_at=fact.at)
    same = ledger.value(TRYOUTS, (fact("tryout"),), "digest") == ledger.value(RULES, _version(fact), "digest")
    if same and ledger.value(RULES, _version(fact), "state") == "draft":
        ledger.changed(RULES, _version(fact), fact, state="tried")


def _activated(ledger: Ledger, fact: Said, live: Live) -> None:
    """The version before ends with it."""
    if before := live.get(fact("rule")):
        ledger.changed(RULES, before, fact, state="ended", ended_by=fact.user, ended_at=fact.at, ended_why="")
    live[fact("rule")] = _version(fact)
    ledger.changed(RULES, _version(fact), fact, state="live", live_by=fact.user, live_at=fact.at)


def _rule_ended(ledger: Ledger, fact: Said, live: Live) -> None:
    if live.get(fact("rule")) == _version(fact):
        del live[fact("rule")]
    ledger.changed(RULES, _version(fact), fact, state="ended", ended_by=fact.user, ended_at=fact.at, ended_why=fact("why"))


def _version(fact: Said) -> tuple[str, int]:
    return fact("rule"), fact("version")


def _word_added(ledger: Ledger, fact: Said, live: Live) -> None:
    branch = fact("branch", UNSAID)
    ledger.made(
        WORDS, fact, uid=fact.stream.partition(":")[2], kind=fact("kind"), words=fact("words"), why=fact("why"),
        branch=branch if branch is UNSAID else branch or None, added_by=fact.user, added_at=fact.at,
        ended_by=None, ended_at=None, ended_why="",
    )  # fmt: skip


def _word_ended(ledger: Ledger, fact: Said, live: Live) -> None:
    ledger.changed(
        WORDS, (fact.stream.partition(":")[2],), fact, ended_by=fact.user, ended_at=fact.at, ended_why=fact("why")
    )


# --- before everybody ------------------------------------------------------------------------------------------------


def _name_added(ledger: Ledger, fact: Said, live: Live) -> None:
    ledger.made(
        NAMES, fact, uid=fact.stream.partition(":")[2], platform=fact("platform"), elsewhere=fact("elsewhere"), name=fact("name"),
        address=fact("address"), branch=fact("branch") or None, added_by=fact.user, added_at=fact.at,
        ended_by=None, ended_at=None, ended_why="",
    )  # fmt: skip


def _name_ended(ledger: Ledger, fact: Said, live: Live) -> None:
    said = {"ended_by": fact.user, "ended_at": fact.at, "ended_why": fact("why")}
    ledger.changed(NAMES, (fact.stream.partition(":")[2],), fact, **said)


def _posted(ledger: Ledger, fact: Said, live: Live) -> None:
    ledger.made(
        POSTINGS, fact, uid=fact("posting"), message=fact("message"), account=fact("account"), place=fact("place"),
        address=fact("address"), sha256=fact("sha256"), posted_at=fact.happened_at, recorded_at=fact.at, recorded_by=fact.user,
        capture=fact("capture", None), instead_of=fact("before", None), state="live",
        ended_at=None, ended_recorded_at=None, ended_by=None, ended_whose="", ended_why="",
    )  # fmt: skip


def _gone(ledger: Ledger, fact: Said, posting: str, state: str, whose: str) -> None:
    said = {"state": state, "ended_at": fact.happened_at, "ended_recorded_at": fact.at, "ended_by": fact.user}
    ledger.changed(POSTINGS, (posting,), fact, **said, ended_whose=whose, ended_why=fact("why"))


def _replaced(ledger: Ledger, fact: Said, live: Live) -> None:
    _gone(ledger, fact, fact("before"), "replaced", "clinic")
    _posted(ledger, fact, live)


def _taken_down(ledger: Ledger, fact: Said, live: Live) -> None:
    _gone(ledger, fact, fact("posting"), "down", fact("whose"))


def _captured(ledger: Ledger, fact: Said, live: Live) -> None:
    ledger.changed(POSTINGS, (fact("posting"),), fact, capture=fact("capture"))


_READ: Mapping[str, Callable[[Ledger, Said, Live], None]] = {
    "clearance.asked": _clearance_asked,
    "clearance.voted": _voted,
    "clearance.given": _ended("given"),
    "clearance.refused": _ended("refused"),
    "clearance.lapsed": _ended("lapsed"),
    "dispute.raised": _raised,
    "dispute.judged": _judged,
    "clinic_rule.drafted": _drafted,
    "clinic_rule.changed": _changed,
    "clinic_rule.try_asked": _try_asked,
    "clinic_rule.tried": _tried,
    "clinic_rule.activated": _activated,
    "clinic_rule.ended": _rule_ended,
    "allow_entry.added": _word_added,
    "allow_entry.ended": _word_ended,
    "own_name.added": _name_added,
    "own_name.ended": _name_ended,
    "message.posted": _posted,
    "message.replaced": _replaced,
    "message.taken_down": _taken_down,
    "message.captured": _captured,
}
