"""Rows of evidence held against the facts: every item, hand-over, seal, copy, request, interview and note, column by column.

`suyuan chain verify --rows` names the fact whose row says something else. What stands here is the other direction of the
services: they write a row and tell it, this reads what was told and says how the row must stand.
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from suyuan.accounts.models import Branch
from suyuan.evidence import rules
from suyuan.evidence.models import (
    BundleExport,
    CopiedItem,
    CopyHandover,
    CopySet,
    CustodyEntry,
    EvidenceRequest,
    Interview,
    InterviewSupplement,
    Item,
    Need,
    Observation,
    Picture,
    Seal,
    SealedItem,
    SealOpening,
)
from suyuan.evidence.services.bundles import made_from
from suyuan.evidence.services.rights import listed_copies, listed_seal
from suyuan.platform.faults import Fault
from suyuan.platform.recomputing import UNSAID, Kept, Ledger, Said, moment, read_by, recomputed


def _told_in(row: Mapping[str, Any]) -> dict[str, str]:
    return {"told_in": rules.told_in(row["stream"], row["compartment"])}


def _made_from(row: Mapping[str, Any]) -> dict[str, str]:
    return {"made_from": made_from(row["streams"], row["asked"], row["heads"], row["anchors"], row["size"])}


ITEMS = read_by(Item, "stream", ("uid",), _told_in, branch="branch__uid", stored="stored__sha256", parent="parent__uid", file="stored__uid")
HANDS = read_by(CustodyEntry, "item__stream", ("item",), item="item__uid")
PICTURES = read_by(Picture, "item__stream", ("item",), item="item__uid")
BUNDLES = read_by(BundleExport, "stream", ("uid",), _made_from, branch="branch__uid", checkpoint="checkpoint__sha256")
NEEDS = read_by(Need, "stream", ("uid",), decided_by="decided_by__uid", ended_by="ended_by__uid")
REQUESTS = read_by(
    EvidenceRequest, "stream", ("uid",),
    holder="holder__uid", asked_by="asked_by__uid", item="item__uid", answer="answer__uid",
)  # fmt: skip
INTERVIEWS = read_by(
    Interview, "stream", ("uid",),
    heard_user="heard_user__uid", recording="recording__uid", minutes="minutes__uid", written_by="written_by__uid",
    corrections="corrections__uid", signature="signature__uid",
)  # fmt: skip
SUPPLEMENTS = read_by(
    InterviewSupplement, "interview__stream", ("interview",),
    interview="interview__uid", words="words__uid", written_by="written_by__uid",
)  # fmt: skip
NOTES = read_by(Observation, "stream", ("uid",), words="words__uid", by="by__uid", supplements="supplements__uid")
SEALS = read_by(Seal, "stream", ("uid",), branch="branch__uid", continues="continues__uid")
SEALED = read_by(SealedItem, "seal__stream", ("seal", "item"), seal="seal__uid", item="item__uid")
OPENINGS = read_by(SealOpening, "seal__stream", ("seal",), seal="seal__uid")
COPIES = read_by(CopySet, "stream", ("uid",), branch="branch__uid")
COPIED = read_by(CopiedItem, "copies__stream", ("copies", "item"), copies="copies__uid", item="item__uid")
HANDOVERS = read_by(CopyHandover, "copies__stream", ("copies",), copies="copies__uid")
KEPT: tuple[Kept, ...] = (
    ITEMS, HANDS, PICTURES, BUNDLES, NEEDS, REQUESTS, INTERVIEWS, SUPPLEMENTS, NOTES, SEALS, SEALED, OPENINGS, COPIES,
    COPIED, HANDOVERS,
)  # fmt: skip

MOVES_WITH_ITS_THING = (ITEMS, SEALS, COPIES)


def evidence_recomputed(streams: Collection[str] | None) -> Iterator[Fault]:
    """A row check (`platform.verify`)."""
    branches = {code: str(uid) for code, uid in Branch.objects.values_list("code", "uid")}

    def replay(ledger: Ledger, facts: Sequence[Said]) -> None:
        _Replay(ledger, branches).all(facts)

    yield from recomputed(KEPT, _READ.keys(), replay, streams, _PLAIN_ONLY)


class _Replay:
    """The facts of one thing, read in order."""

    def __init__(self, ledger: Ledger, branches: Mapping[str, str]) -> None:
        self.ledger, self.branches = ledger, branches
        self.branch: Any = UNSAID
        self.numbers: dict[int, str] = {}
        self.digests: list[Callable[[], None]] = []

    def all(self, facts: Sequence[Said]) -> None:
        for fact in facts:
            _READ[fact.type](self, fact)
        for check in self.digests:
            check()

    # what it is about

    def opened(self, fact: Said) -> None:
        self.branch = fact("branch", UNSAID) if fact.type == "case.opened" else self.branch
        files, items = fact("files", []), fact("items", None)
        source = "portal" if fact.actor.startswith("party:") else "desk"
        for place, (stored, sha256) in enumerate(files):
            number, uid = items[place] if items is not None else self._before_items(stored)
            self._item(fact, uid, number, sha256, source=source)

    def _before_items(self, stored: str) -> tuple[int, str]:
        """Until evidence kept items a case had files, which became items in the order in which they had come in."""
        row = next((row for row in self.ledger.rows[Item] if row["file"] == stored), None)
        return self._next(), row["uid"] if row else f"of the file {stored}"

    def moved(self, fact: Said) -> None:
        self.branch = self.branches.get(fact("to"), UNSAID)
        for kept in MOVES_WITH_ITS_THING:
            for row in self.ledger.expected[kept.model]:
                row.cells["branch"] = (self.branch, fact)

    # items

    def added(self, fact: Said) -> None:
        words = {name: fact(name) for name in ("title", "from_whom", "note", "place")}
        number = fact("number") if fact.type == "item.added" else self._next()
        uid = fact("item") if fact.type == "item.added" else fact("file")
        more = {"kind": fact("kind"), "source": fact("source"), "obtained_at": fact.happened_at, "stream": fact("of", UNSAID)}
        self._item(fact, uid, number, fact("sha256", None), **words, **more)

    def _next(self) -> int:
        return max(self.numbers, default=0) + 1

    def _item(self, fact: Said, uid: str, number: int, sha256: str | None, **more: Any) -> None:
        self.numbers[number] = uid
        blank = dict.fromkeys(("kind", "title", "from_whom", "place", "note", "derivation"), "")
        columns = blank | {
            "uid": uid, "told_in": fact.stream, "branch": self.branch, "number": number, "stored": sha256, "obtained_at": None,
            "parent": None, "added_by": fact.actor, "added_at": fact.at,
        } | more  # fmt: skip
        self.ledger.made(ITEMS, fact, **columns)
        passed = {"from_whom": columns["from_whom"], "place": columns["place"], "sha256_after": sha256 or "", "why": fact("origin")}
        self._hand(fact, uid, "received", columns["obtained_at"], sha256_before="", **passed)

    def _hand(self, fact: Said, uid: str, act: str, when: Any = None, **more: Any) -> None:
        sha256 = self.ledger.value(ITEMS, (uid,), "stored")
        sha256 = sha256 if sha256 is UNSAID else sha256 or ""
        columns = {"from_whom": "", "to_whom": "", "place": "", "why": "", "sha256_before": sha256, "sha256_after": sha256}
        self.ledger.made(
            HANDS, fact, item=uid, act=act, happened_at=when or fact.at, recorded_at=fact.at, by=fact.actor, **(columns | more)
        )

    def described(self, fact: Said) -> None:
        changed = fact("changed", [])
        columns = {name: fact(name) for name in changed if name != "obtained_at"}
        if "obtained_at" in changed:
            columns["obtained_at"] = moment(fact("obtained")) or UNSAID
        self.ledger.changed(ITEMS, (fact("item"),), fact, **columns)

    def handed_on(self, fact: Said) -> None:
        words = {name: fact(name) for name in ("from_whom", "to_whom", "place", "why")}
        self._hand(fact, fact("item"), fact("act"), fact.happened_at, **words)

    def copied(self, fact: Said) -> None:
        self._hand(fact, fact("given") or fact("item"), "copied")

    def looked(self, fact: Said) -> None:
        seen = {name: fact(name, UNSAID) for name in ("width", "height", "pages")}
        taken = fact("taken", UNSAID)
        self.ledger.made(
            PICTURES, fact, item=fact("item"), decoded=fact("decoded"), looked_at=fact.at,
            taken_at=taken if taken is UNSAID else moment(taken), taken_zone_stated=fact("zone_stated", UNSAID), **seen,
        )  # fmt: skip
        for derivation, uid, sha256 in fact("made", []):
            self._derived(fact, uid, derivation, sha256)

    def derived(self, fact: Said) -> None:
        self._derived(fact, fact("made"), fact.type.removeprefix("item."), fact("sha256"), note=fact("why"))

    def _derived(self, fact: Said, uid: str, derivation: str, sha256: str, note: Any = "") -> None:
        original = (fact("item"),)
        self.ledger.made(
            ITEMS, fact, uid=uid, told_in=fact.stream, stream=self.ledger.value(ITEMS, original, "stream"), branch=self.branch,
            number=None, stored=sha256, kind=self.ledger.value(ITEMS, original, "kind"), title="", source="derived",
            from_whom="", obtained_at=None, place="", note=note, parent=fact("item"), derivation=derivation,
            added_by=fact.actor, added_at=fact.at,
        )  # fmt: skip

    def moved_in(self, fact: Said) -> None:
        """It and everything that was made of it lies where this is told."""
        for row in self.ledger.expected[Item]:
            if fact("item") in (row.cells["uid"][0], row.cells["parent"][0]):
                row.cells["told_in"] = (fact.stream, fact)

    def moved_out(self, fact: Said) -> None:
        """Said where it was; where it went is told there."""

    # what is missing

    def set_aside(self, fact: Said) -> None:
        self.ledger.made(
            NEEDS, fact, uid=fact("need"), stream=fact.stream, kind=fact("kind"), reason=fact("reason"), decided_by=fact.user,
            decided_at=fact.at, ended_at=None, ended_by=None,
        )  # fmt: skip

    def taken_back(self, fact: Said) -> None:
        self.ledger.changed(NEEDS, (fact("need"),), fact, ended_at=fact.at, ended_by=fact.user)

    def requested(self, fact: Said) -> None:
        outside = UNSAID if fact("outside", False) else ""
        self.ledger.made(
            REQUESTS, fact, uid=fact("request"), stream=fact.stream, kind=fact("kind"), holder=fact("user", None),
            role=fact("role"), party=fact("party", outside), words=fact("words"), due_at=moment(fact("due")),
            asked_by=fact.user, asked_at=fact.at, reminded_at=None, reminders=0, ended_at=None, ended_by="", ending="",
            item=None, answer=None,
        )  # fmt: skip

    def reminded(self, fact: Said) -> None:
        self.ledger.changed(REQUESTS, (fact("request"),), fact, reminded_at=fact.at, reminders=fact("times"))

    def request_ended(self, fact: Said) -> None:
        ending = fact("how") or fact.type.removeprefix("evidence.request_")
        columns = {"ended_at": fact.at, "ended_by": fact.actor, "ending": ending}
        columns |= {"item": fact("items")[-1]} if ending == "given" else {}
        columns |= {"answer": fact.text("words")} if fact.type == "evidence.request_answered" else {}
        self.ledger.changed(REQUESTS, (fact("request"),), fact, **columns)

    # people who were heard, and what colleagues saw

    def heard(self, fact: Said) -> None:
        words = {name: fact(name) for name in ("heard_name", "interviewers", "present", "place", "recorder")}
        whose = fact("heard")
        self.ledger.made(
            INTERVIEWS, fact, uid=fact("interview"), stream=fact.stream, number=fact("number"), **words,
            party=fact("party", UNSAID if whose == "party" else ""), heard_user=fact("user", UNSAID if whose == "staff" else None),
            held_at=fact.happened_at, recording=fact("recording", None), recorder_took_part=fact("took_part", None),
            notice_given=fact("notice", None), minutes=fact.text("minutes"), written_by=fact.user, written_at=fact.at,
            outcome="", read_how="", outcome_at=None, outcome_stated_at=None, outcome_by="", corrections=None, refusal="",
            signature=None,
        )  # fmt: skip

    def rewritten(self, fact: Said) -> None:
        self.ledger.changed(INTERVIEWS, (fact("interview"),), fact, minutes=fact.text("minutes"))

    def settled(self, fact: Said) -> None:
        columns = {"outcome_at": fact.at, "outcome_stated_at": fact.happened_at, "outcome_by": fact.actor}
        if fact.type == "interview.refused":
            columns |= {"outcome": "refused", "refusal": fact("reason")}
        else:
            signed = fact("signature", UNSAID if fact("signed", False) else None)
            columns |= {"outcome": "confirmed", "read_how": fact("how"), "signature": signed}
            columns["corrections"] = fact.text("corrections")
        self.ledger.changed(INTERVIEWS, (fact("interview"),), fact, **columns)

    def supplemented(self, fact: Said) -> None:
        self.ledger.made(
            SUPPLEMENTS, fact, interview=fact("interview"), uid=fact("supplement", UNSAID), words=fact.text("words"),
            said_by=fact("said_by"), written_by=fact.user, written_at=fact.at,
        )  # fmt: skip

    def noted(self, fact: Said) -> None:
        self.ledger.made(
            NOTES, fact, uid=fact("observation"), stream=fact.stream, seen_at=fact.happened_at, written_at=fact.at,
            late=fact("late"), words=fact.text("words"), by=fact.user, supplements=fact("supplements", None), struck_at=None,
            struck_reason="",
        )  # fmt: skip

    def struck(self, fact: Said) -> None:
        self.ledger.changed(NOTES, (fact("observation"),), fact, struck_at=fact.at, struck_reason=fact("reason"))

    # seals and copies

    def sealed(self, fact: Said) -> None:
        told = ("place", "kept_at", "for_clinic", "for_patient", "witness", "absence", "unfinished")
        words = {name: fact(name) for name in told}
        when, uid, lots = fact.happened_at or fact.at, fact("seal"), fact("lots", {})
        self.ledger.made(
            SEALS, fact, uid=uid, stream=fact.stream, branch=self.branch, number=fact("number"), sealed_at=when,
            recorded_at=fact.at, signed_on=fact("signed_on"), continues=fact("continues", UNSAID), digest=fact("digest"),
            by=fact.actor, **words,
        )  # fmt: skip
        for number in fact("items", []):
            item = self.numbers.get(number, f"number {number}")
            lot = lots if lots is UNSAID else lots.get(str(number), "")
            self.ledger.made(SEALED, fact, seal=uid, item=item, number=number, lot=lot, **self._as_known(item))
            self._hand(fact, item, "sealed", when, place=words["place"], to_whom=words["kept_at"], why=fact("number"))
        self.digests.append(lambda: self._digest(SEALS, SEALED, "seal", uid, fact, listed_seal))

    def unsealed(self, fact: Said) -> None:
        words = {name: fact(name) for name in ("for_clinic", "for_patient", "witness", "why")}
        when, seal = fact.happened_at or fact.at, fact("seal")
        self.ledger.made(
            OPENINGS, fact, seal=seal, uid=fact("opening", UNSAID), ground=fact("ground"), opened_at=when, recorded_at=fact.at,
            intact=fact("intact"), by=fact.actor, **words,
        )  # fmt: skip
        for line in self.ledger.expected[SealedItem]:
            if line.key[0] == seal:
                self._hand(fact, line.key[1], "unsealed", when, why=fact("number"))

    def prepared(self, fact: Said) -> None:
        uid = fact("copies")
        self.ledger.made(
            COPIES, fact, uid=uid, stream=fact.stream, branch=self.branch, number=fact("number"), prepared_at=fact.at,
            by=fact.actor, consents=fact("consents"), missing=fact("missing"), fee_minor=fact("fee"),
            currency=fact("currency"), digest=fact("digest"), pages=fact("pages", UNSAID), request=fact("request", UNSAID),
        )  # fmt: skip
        for number in fact("items", []):
            item = self.numbers.get(number, f"number {number}")
            self.ledger.made(COPIED, fact, copies=uid, item=item, number=number, **self._as_known(item))
            self._hand(fact, item, "copied", why=fact("number"))
        self.digests.append(lambda: self._digest(COPIES, COPIED, "copies", uid, fact, listed_copies))

    def _as_known(self, item: str) -> dict[str, Any]:
        """What a list calls an item: by its file's name, which no fact says, where nobody had named it."""
        title, note = (self.ledger.value(ITEMS, (item,), name) for name in ("title", "note"))
        sha256 = self.ledger.value(ITEMS, (item,), "stored")
        known = UNSAID if UNSAID in (title, note) else (title or note)[:200] or UNSAID
        return {"title": known, "sha256": sha256 if sha256 is UNSAID else sha256 or ""}

    def _digest(self, whole: Kept, lines: Kept, name: str, uid: str, fact: Said, listed: Callable[..., str]) -> None:
        """The list as it stands gives the digest that both sides hold. Of a name that was erased it cannot."""
        row = next((row for row in self.ledger.rows[whole.model] if row["uid"] == uid), None)
        mine = [line for line in self.ledger.rows[lines.model] if line[name] == uid]
        if row is None or any((lines.table, line["pk"], "title") in self.ledger.erased for line in mine):
            return
        before = next((r["digest"] for r in self.ledger.rows[whole.model] if r["uid"] == row.get("continues")), "")
        if listed(row, sorted(mine, key=lambda line: line["number"]), before) != fact("digest"):
            self.ledger.faults.append(Fault(fact.stream, fact.position, "list_differs", f"{lines.table} {uid}"))

    def given(self, fact: Said) -> None:
        words = {name: fact(name) for name in ("to_whom", "shown", "witness", "standing", "medium", "receipt")}
        self.ledger.made(
            HANDOVERS, fact, copies=fact("copies"), uid=fact("handover", UNSAID), handed_at=fact.happened_at or fact.at,
            recorded_at=fact.at, stamped=fact("stamped"), present=fact("present"), by=fact.actor, **words,
        )  # fmt: skip

    def exported(self, fact: Said) -> None:
        counted = {name: fact(name) for name in ("purpose", "manifest", "checkpoint", "events", "files", "left_out")}
        self.ledger.made(
            BUNDLES, fact, uid=fact("bundle"), stream=fact.stream, branch=self.branch, by=fact.actor, at=fact.at,
            made_from=fact("made_from", UNSAID), **counted,
        )  # fmt: skip


_PLAIN_ONLY = frozenset({"case.opened", "case.completed", "case.moved_branch"})

_READ: dict[str, Callable[[_Replay, Said], None]] = {
    "case.opened": _Replay.opened,
    "case.completed": _Replay.opened,
    "case.moved_branch": _Replay.moved,
    "file.added": _Replay.added,
    "item.added": _Replay.added,
    "item.described": _Replay.described,
    "item.custody": _Replay.handed_on,
    "item.copied": _Replay.copied,
    "item.previewed": _Replay.looked,
    "item.stripped": _Replay.derived,
    "item.moved_in": _Replay.moved_in,
    "item.moved_out": _Replay.moved_out,
    "item.redacted": _Replay.derived,
    "need.set_aside": _Replay.set_aside,
    "need.taken_back": _Replay.taken_back,
    "evidence.requested": _Replay.requested,
    "evidence.request_reminded": _Replay.reminded,
    "evidence.request_given": _Replay.request_ended,
    "evidence.request_answered": _Replay.request_ended,
    "evidence.request_cancelled": _Replay.request_ended,
    "interview.recorded": _Replay.heard,
    "interview.rewritten": _Replay.rewritten,
    "interview.confirmed": _Replay.settled,
    "interview.refused": _Replay.settled,
    "interview.supplemented": _Replay.supplemented,
    "observation.noted": _Replay.noted,
    "observation.supplemented": _Replay.noted,
    "observation.struck": _Replay.struck,
    "seal.made": _Replay.sealed,
    "seal.opened": _Replay.unsealed,
    "copies.prepared": _Replay.prepared,
    "copies.handed_over": _Replay.given,
    "bundle.exported": _Replay.exported,
}
