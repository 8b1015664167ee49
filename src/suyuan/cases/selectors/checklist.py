"""Which evidence a case needs, what of it is there, and what still stands between us and a conclusion."""
from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import CharField, F, TextField, Value
from django.db.models.functions import Cast, Coalesce

from suyuan.cases import rules
from suyuan.cases.models import Case, CaseIssue
from suyuan.evidence.models import CustodyEntry, EvidenceRequest, Interview, Item, Need, Observation
from suyuan.evidence.selectors.brief import COLUMNS, brief_rows
from suyuan.evidence.selectors.items import items_of
from suyuan.evidence.selectors.requests import interviews_of, needs_of, observations_of, requests_of
from suyuan.evidence.selectors.rights import SIGNATURE
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import EvidenceCase, EvidenceKind, EvidenceLine, PackInfo, Procedure

# What a slip says of its kind, in the order in which one of them wins.
SEALED, HAD, ASIDE, ASKED, MISSING = "sealed", "had", "aside", "asked", "missing"
SETTLED = frozenset({SEALED, HAD, ASIDE})


@dataclass(frozen=True, kw_only=True)
class Slip:
    """One kind of evidence of one case. `need`: required | helpful | extra (on no list, but here or asked for)."""

    kind: EvidenceKind
    need: str
    state: str
    basis: tuple[str, ...] = ()
    items: list[Item] = field(default_factory=list)
    waiting: list[EvidenceRequest] = field(default_factory=list)
    ended: list[EvidenceRequest] = field(default_factory=list)
    decision: Need | None = None
    things: int = 0


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """The whole picture. `borrowed`: the lists are those of this newer procedure, the case's own knew none."""

    slips: list[Slip]
    unsorted: list[Item]
    interviews: list[Interview]
    observations: list[Observation]
    borrowed: PackInfo | None

    @property
    def required(self) -> list[Slip]:
        return [slip for slip in self.slips if slip.need == "required"]

    @property
    def beside(self) -> list[Slip]:
        return [slip for slip in self.slips if slip.need != "required"]

    @property
    def open(self) -> list[Slip]:
        """Required and not there: what keeps a conclusion from being drawn."""
        return [slip for slip in self.required if slip.state not in SETTLED]


def readiness(case: Case, compartments: Collection[str]) -> Readiness:
    """For a reader of these compartments, in a constant number of statements."""
    book = packs.evidence_procedure(case.procedure_id, case.jurisdiction)
    items = list(items_of(case.stream, compartments))
    interviews, observations = list(interviews_of(case.stream)), list(observations_of(case.stream))
    sealed = _sealed(items)
    requests = list(requests_of(case.stream))
    decisions = {need.kind: need for need in needs_of(case.stream)}
    lines = {line.kind: line for line in book.evidence_for(evidence_case(case))}
    known = {kind.id for kind in book.evidence}
    for kind in (*(item.kind for item in items), *(r.kind for r in requests if not r.ended_at), *decisions):
        if kind in known:
            lines.setdefault(kind, EvidenceLine(kind, "extra"))
    counts = {
        "interviews": sum(1 for each in interviews if each.outcome),
        "observations": sum(1 for each in observations if not each.struck_at),
    }
    slips = [_slip(book.evidence_kind(line.kind), line, items, sealed, requests, decisions, counts) for line in lines.values()]
    return Readiness(
        slips=slips,
        unsorted=[item for item in items if item.kind not in known and not item.kind.startswith(SIGNATURE)],
        interviews=interviews,
        observations=observations,
        borrowed=book.info if book.pk != case.procedure_id else None,
    )


def evidence_case(case: Case) -> EvidenceCase:
    """What the lists of the pack look at."""
    issues = list(CaseIssue.objects.filter(case=case).select_related("treatment"))
    causes = {cause for issue in issues for cause in (*issue.causes, issue.primary_cause)}
    treatments = [(t.words, t.pack_code, t.device, t.lot) for t in (issue.treatment for issue in issues) if t]
    return _evidence_case(case, causes, treatments)


def _evidence_case(case: Case, causes: Iterable[str], treatments: Collection[tuple[str, str, str, str]]) -> EvidenceCase:
    """`treatments`: words, code, device and lot of each."""
    named = {"device": any(device for *_rest, device, _lot in treatments), "lot": any(lot for *_rest, lot in treatments)}
    return EvidenceCase(
        causes=frozenset(filter(None, causes)),
        harm=case.harm != rules.Harm.NONE,
        level=case.level or None,
        treatments=tuple(" ".join((words, code)) for words, code, *_rest in treatments),
        treated=frozenset(name for name, there in named.items() if there),
    )


def _sealed(items: Iterable[Item]) -> set[int]:
    """Those that lie under a seal: sealed last, and not opened since."""
    last: dict[int, str] = {}
    acts = CustodyEntry.objects.filter(item__in=[item.pk for item in items], act__in=("sealed", "unsealed"))
    for item_id, act in acts.order_by("id").values_list("item_id", "act"):
        last[item_id] = act
    return {item_id for item_id, act in last.items() if act == "sealed"}


def _slip(kind, line, items, sealed, requests, decisions, counts) -> Slip:
    mine = [item for item in items if item.kind == kind.id]
    asked = [request for request in requests if request.kind == kind.id]
    waiting = [request for request in asked if request.ended_at is None]
    things = len(mine) + (counts[kind.counts] if kind.counts != "items" else 0)
    return Slip(
        kind=kind,
        need=line.need,
        state=_state(things, bool(mine) and all(item.pk in sealed for item in mine), kind.id in decisions, bool(waiting)),
        basis=line.basis,
        items=mine,
        waiting=waiting,
        ended=[request for request in asked if request.ending in ("answered", "declined")],
        decision=decisions.get(kind.id),
        things=things,
    )


def _state(things: int, sealed: bool, aside: bool, waiting: bool) -> str:
    if things:
        return SEALED if sealed else HAD
    if aside:
        return ASIDE
    return ASKED if waiting else MISSING


def still_open(case: Case) -> list[Slip]:
    """Required evidence that is not there yet: said wherever a conclusion is about to be written."""
    return readiness(case, {""}).open


# --- in brief ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Brief:
    """What the case requires and how it stands, as `readiness` would say it. `closed`: items that this reader does not read."""

    required: list[tuple[EvidenceKind, str]] = field(default_factory=list)
    closed: frozenset[str] = frozenset()


def in_brief(case: Case, compartments: Collection[str]) -> Brief:
    """For the page of the case, in one statement."""
    book = packs.evidence_procedure(case.procedure_id, case.jurisdiction)
    kinds, rows = _issue_rows(case), brief_rows(case.stream, compartments)
    told: dict[str, list[tuple]] = {}
    for what, *said in kinds.union(*rows, all=True):
        told.setdefault(what, []).append(tuple(said))
    issues = told.get("issue", ())
    causes = {cause for primary, all_of_them, *_rest in issues for cause in (primary, *json.loads(all_of_them))}
    treatments = [tuple(treated) for _primary, _causes, *treated in issues if any(treated)]
    lines = book.evidence_for(_evidence_case(case, causes, treatments))
    required = [(book.evidence_kind(line.kind), _brief(book, line.kind, told)) for line in lines if line.need == "required"]
    return Brief(required, frozenset(str(UUID(uid)) for uid, *_rest in told.get("closed", ())))


def _issue_rows(case: Case):
    told = {"what": Value("issue", CharField()), "one": F("primary_cause"), "two": Cast("causes", TextField())}
    told |= {
        name: Coalesce(F(f"treatment__{of}"), Value(""), output_field=CharField())
        for name, of in zip(COLUMNS[3:], ("words", "pack_code", "device", "lot"), strict=True)
    }
    return CaseIssue.objects.filter(case=case).order_by().annotate(**told).values_list(*COLUMNS)


def _brief(book: Procedure, code: str, told: dict[str, list[tuple]]) -> str:
    items = [last for kind, last, *_rest in told.get("item", ()) if kind == code]
    counts = {"interviews": len(told.get("interview", ())), "observations": len(told.get("observation", ()))}
    things = len(items) + counts.get(book.evidence_kind(code).counts, 0)
    aside, waiting = (any(kind == code for kind, *_rest in told.get(what, ())) for what in ("need", "request"))
    return _state(things, bool(items) and all(last == "sealed" for last in items), aside, waiting)
