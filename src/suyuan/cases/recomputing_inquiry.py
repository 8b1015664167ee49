"""Rows of an inquiry and of its papers held against the facts, column by column (`suyuan chain verify --rows`).

The other direction of `services.inquiry`, `assessing`, `investigation`, `reports` and `passports`: they write a row and
tell it, this reads what was told and says how the row must stand. What a fact of an earlier program did not say is left alone.
"""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from suyuan.accounts.models import User
from suyuan.cases.models import (
    CareCitation,
    CareDissent,
    CareLine,
    CareSheet,
    ConflictCheck,
    ExposureAnswer,
    Finding,
    FindingCitation,
    Passport,
    PlanStep,
    Report,
    ReportSignature,
    RootCause,
)
from suyuan.cases.services.reports import written
from suyuan.kernel.chain import canonical
from suyuan.platform.faults import Fault
from suyuan.platform.recomputing import UNSAID, Kept, Ledger, Said, moment, read_by, recomputed


def _frozen(row: Mapping[str, Any]) -> str:
    """The digest of a paper's content; none while it is written."""
    return "" if row["content"] is None else hashlib.sha256(canonical(row["content"])).hexdigest()


_OF_A_CASE = {"case": "case__stream"}
FINDINGS = read_by(
    Finding, "case__stream", ("uid",),
    issue="issue__uid", words="words__uid", by="by__uid", replaces="replaces__uid", **_OF_A_CASE,
)  # fmt: skip
CITED = read_by(FindingCitation, "finding__case__stream", ("finding", "item"), finding="finding__uid", item="item__uid")
CAUSES = read_by(RootCause, "case__stream", ("uid",), root="root__uid", by="by__uid", **_OF_A_CASE)
STEPS = read_by(
    PlanStep, "case__stream", ("uid",),
    issue="issue__uid", user="user__uid", task="task__uid", added_by="added_by__uid", done_by="done_by__uid",
    struck_by="struck_by__uid", **_OF_A_CASE,
)  # fmt: skip
CONFLICTS = read_by(ConflictCheck, "case__stream", ("uid",), user="user__uid", by="by__uid", **_OF_A_CASE)
EXPOSURE = read_by(ExposureAnswer, "case__stream", ("uid",), reason="reason__uid", by="by__uid", **_OF_A_CASE)
SHEETS = read_by(CareSheet, "case__stream", ("uid",), reviewer="reviewer__uid", **_OF_A_CASE)
LINES = read_by(CareLine, "sheet__case__stream", ("sheet", "question"), sheet="sheet__uid", words="words__uid")
LINES_CITE = read_by(
    CareCitation, "line__sheet__case__stream", ("sheet", "line", "item"),
    line="line__question", sheet="line__sheet__uid", item="item__uid",
)  # fmt: skip
DISSENTS = read_by(CareDissent, "sheet__case__stream", ("uid",), sheet="sheet__uid", by="by__uid", words="words__uid")
REPORTS = read_by(
    Report, "case__stream", ("uid",),
    lambda row: {"written": written(row["words"]), "frozen": _frozen(row)}, {"written": "words", "frozen": "content"},
    author="author__uid", text="text__uid", stored="stored__sha256", given_by="given_by__uid", **_OF_A_CASE,
)  # fmt: skip
SIGNATURES = read_by(ReportSignature, "report__case__stream", ("report", "user"), report="report__uid", user="user__uid")
PASSPORTS = read_by(
    Passport, "case__stream", ("uid",), lambda row: {"frozen": _frozen(row)}, {"frozen": "content"},
    stored="stored__sha256", by="by__uid", **_OF_A_CASE,
)  # fmt: skip
KEPT: tuple[Kept, ...] = (
    FINDINGS, CITED, CAUSES, STEPS, CONFLICTS, EXPOSURE, SHEETS, LINES, LINES_CITE, DISSENTS, REPORTS, SIGNATURES, PASSPORTS,
)  # fmt: skip


def inquiry_recomputed(streams: Collection[str] | None) -> Iterator[Fault]:
    """A row check (`platform.verify`)."""
    users = {str(uid): pk for uid, pk in User.objects.values_list("uid", "pk")}

    def replay(ledger: Ledger, facts: Sequence[Said]) -> None:
        reading = _Replay(ledger, users)
        for fact in facts:
            _READ[fact.type](reading, fact)

    yield from recomputed(KEPT, _READ.keys(), replay, streams)


def _of(fact: Said) -> str:
    """The case, also where a fact stands in a compartment of it."""
    return f"case:{fact.stream.partition(':')[2]}"


class _Replay:
    """The facts of one case, read in order."""

    def __init__(self, ledger: Ledger, users: Mapping[str, int]) -> None:
        self.ledger, self.users = ledger, users
        self.papers: dict[str, list[str]] = {}
        self.signed_at: dict[str, datetime] = {}

    # what was found

    def found(self, fact: Said) -> None:
        uid = fact("finding")
        self.ledger.made(
            FINDINGS, fact, uid=uid, case=_of(fact), issue=fact("issue", None), words=fact.text("words"), basis=fact("basis"),
            by=fact.user, at=fact.at, replaces=fact("replaces", None),
        )  # fmt: skip
        for _number, item, _sha256 in fact("cites", []):
            self.ledger.made(CITED, fact, finding=uid, item=item)

    def caused(self, fact: Said) -> None:
        method, told = fact("method", "five_whys"), fact("bones", [])
        causes = [fact(f"cause_{n}") for n in range(1, len(told) + 1)]
        whys = [fact(f"why_{n}") for n in range(1, fact("whys", 0) + 1)]
        bones = [
            {"bone": bone, "cause": cause[0], "why": cause[1], "root": cause[2]}
            for bone, cause in zip(told, causes, strict=True) if cause is not UNSAID
        ]  # fmt: skip
        self.ledger.made(
            CAUSES, fact, uid=fact("root_cause"), case=_of(fact), method=method, whys=UNSAID if UNSAID in whys else whys,
            bones=UNSAID if UNSAID in causes else bones, root=fact.text("root"), factors=fact("factors", []), by=fact.user,
            at=fact.at,
        )  # fmt: skip

    # the plan

    def planned(self, fact: Said) -> None:
        self.ledger.made(
            STEPS, fact, uid=fact("step"), case=_of(fact), kind=fact("kind"), words=fact("words"),
            issue=_or_none(fact("issue", UNSAID)), user=fact("user", None), task=fact("task", None),
            due_at=moment(fact("due")), added_by=fact.user, added_at=fact.at, done_at=None, done_by=None, struck_at=None,
            struck_by=None, note="",
        )  # fmt: skip

    def done(self, fact: Said) -> None:
        self.ledger.changed(STEPS, (fact("step"),), fact, done_at=fact.at, done_by=fact.user, note=fact("note"))

    def struck(self, fact: Said) -> None:
        self.ledger.changed(STEPS, (fact("step"),), fact, struck_at=fact.at, struck_by=fact.user, note=fact("reason"))

    # who stands too near

    def appointed(self, fact: Said) -> None:
        if not fact("check"):  # an earlier program did not look
            return
        self.ledger.made(
            CONFLICTS, fact, uid=fact("check"), case=_of(fact), user=fact("user"), capacity=fact.type.partition(".")[0],
            seen=fact("seen", []), reason=fact("reason"), by=fact.user, at=fact.at, declared="", declared_words="",
            declared_at=None,
        )  # fmt: skip

    def declared(self, fact: Said) -> None:
        said = {"declared": fact("declared"), "declared_words": fact("words"), "declared_at": fact.at}
        self.ledger.changed(CONFLICTS, (fact("check"),), fact, **said)

    # judging

    def exposed(self, fact: Said) -> None:
        self.ledger.made(
            EXPOSURE, fact, uid=fact("exposure"), case=_of(fact), question=fact("question"), answer=fact("answer"),
            reason=fact.text("reason"), rules=fact("rules", []), by=fact.user, at=fact.at,
        )  # fmt: skip

    def judged(self, fact: Said) -> None:
        uid, signed = fact("sheet"), fact.type == "care_sheet.signed"
        self.ledger.made(
            SHEETS, fact, uid=uid, case=_of(fact), reviewer=fact.user, version=fact("version"), verdict=fact("verdict"),
            saved_at=fact.at, signed_at=fact.at if signed else None,
        )  # fmt: skip
        lines = fact("lines", None)
        for question, items in self._lines_before(fact, uid) if lines is None else lines:
            self.ledger.made(LINES, fact, sheet=uid, question=question, words=fact.text(question))
            for item in items:
                self.ledger.made(LINES_CITE, fact, sheet=uid, line=question, item=item)

    def _lines_before(self, fact: Said, uid: str) -> list[tuple[str, list[str]]]:
        """An earlier program said which items the sheet cites, not which line: of the rows each is believed that can be."""
        cited = {item for _number, item, _sha256 in fact("cites", [])}
        here = [row for row in self.ledger.rows[CareCitation] if row["sheet"] == uid and row["item"] in cited]
        questions = [row["question"] for row in self.ledger.rows[CareLine] if row["sheet"] == uid]
        questions += [name for name, held in fact.fields.items() if isinstance(held, dict) and name not in questions]
        lines = [(question, [row["item"] for row in here if row["line"] == question]) for question in questions]
        # What is cited by no line at all is missed all the same.
        for item in sorted(cited - {row["item"] for row in here}):
            self.ledger.made(LINES_CITE, fact, sheet=uid, line="", item=item)
        return lines

    def dissented(self, fact: Said) -> None:
        self.ledger.made(
            DISSENTS, fact, uid=fact("dissent"), sheet=fact("sheet"), by=fact.user, words=fact.text("words"), at=fact.at
        )

    # papers

    def drafted(self, fact: Said) -> None:
        uid = fact("report")
        self.papers.setdefault(fact("kind"), []).append(uid)
        self.ledger.made(
            REPORTS, fact, uid=uid, case=_of(fact), kind=fact("kind"), version=fact("version"), state="draft",
            language=fact("language", UNSAID), author=fact.user, drafted_at=fact.at, written=fact("written", UNSAID), edition=1,
            templates=fact("templates", []), revised_at=fact.at, content=UNSAID, frozen="", digest="", text=None, signers=[], finished_at=None, signed_at=None,
            stored=None, sha256="", superseded_at=None, given_at=None, given_by=None,
        )  # fmt: skip

    def revised(self, fact: Said) -> None:
        key = (fact("report"),)
        edition = self.ledger.value(REPORTS, key, "edition")
        edition = edition if edition is UNSAID else edition + 1
        begun = {"templates": fact("templates")} if fact("templates", None) else {}
        self.ledger.changed(REPORTS, key, fact, edition=edition, revised_at=fact.at, written=fact("written", UNSAID), **begun)

    def finished(self, fact: Said) -> None:
        uid = fact("report")
        for other in self.papers.get(fact("kind"), []):
            if other != uid and self.ledger.value(REPORTS, (other,), "state") == "finished":
                self._superseded(other, fact)
        self.ledger.changed(
            REPORTS, (uid,), fact, state="finished", frozen=fact("digest"), digest=fact("digest"), text=fact.text("words"),
            signers=[self.users.get(each) for each in fact("signers", [])], finished_at=fact.at,
        )  # fmt: skip

    def signed(self, fact: Said) -> None:
        uid = fact("report")
        self.signed_at[uid] = max(fact.at, self.signed_at.get(uid, fact.at))
        self.ledger.made(
            SIGNATURES, fact, uid=fact("signature", UNSAID), report=uid, user=fact.user, at=fact.at, statement=fact("statement")
        )

    def kept(self, fact: Said) -> None:
        uid = fact("report")
        for other in self.papers.get(fact("kind"), []):
            if other != uid and self.ledger.value(REPORTS, (other,), "version") == fact("supersedes", None):
                self._superseded(other, fact)
        self.ledger.changed(
            REPORTS, (uid,), fact, state="signed", stored=fact("sha256"), sha256=fact("sha256"),
            signed_at=self.signed_at.get(uid, UNSAID),
        )  # fmt: skip

    def _superseded(self, uid: str, fact: Said) -> None:
        self.ledger.changed(REPORTS, (uid,), fact, state="superseded", superseded_at=fact.at)

    def given(self, fact: Said) -> None:
        self.ledger.changed(REPORTS, (fact("report"),), fact, given_at=fact.at, given_by=fact.user)

    def carried(self, fact: Said) -> None:
        self.ledger.made(
            PASSPORTS, fact, uid=fact("passport"), case=_of(fact), purpose=fact("purpose"), language=fact("language", UNSAID),
            frozen=fact("digest"), stored=fact("sha256"), sha256=fact("sha256"), by=fact.user, at=fact.at,
        )  # fmt: skip


def _or_none(told: Any) -> Any:
    return None if told == "" else told


_READ: dict[str, Callable[[_Replay, Said], None]] = {
    "finding.recorded": _Replay.found,
    "finding.corrected": _Replay.found,
    "root_cause.recorded": _Replay.caused,
    "plan.step_added": _Replay.planned,
    "plan.step_done": _Replay.done,
    "plan.step_struck": _Replay.struck,
    "investigator.appointed": _Replay.appointed,
    "reviewer.appointed": _Replay.appointed,
    "conflict.declared": _Replay.declared,
    "exposure.answered": _Replay.exposed,
    "care_sheet.saved": _Replay.judged,
    "care_sheet.signed": _Replay.judged,
    "care_sheet.dissented": _Replay.dissented,
    "report.drafted": _Replay.drafted,
    "report.revised": _Replay.revised,
    "report.finished": _Replay.finished,
    "report.signature": _Replay.signed,
    "report.signed": _Replay.kept,
    "report.given": _Replay.given,
    "passport.made": _Replay.carried,
}
