"""What people outside may see: the complainant through a receipt, and staff who are complained about."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from suyuan.accounts.rules import ActorProfile
from suyuan.cases import rules
from suyuan.cases.models import Case, Demand, Disclosure, ErasureLetter, Party, Promise, Report, StaffStatement, Survey
from suyuan.cases.phrases import PAPERS, label
from suyuan.correspondence.models import Message
from suyuan.correspondence.rules import SURE, Channel
from suyuan.evidence.models import EvidenceRequest, Item
from suyuan.evidence.rules import SHOWN_INSTEAD
from suyuan.evidence.selectors.items import items_of
from suyuan.evidence.selectors.pictures import first_previews_of, showable, thumbnails_of
from suyuan.evidence.selectors.requests import requests_of
from suyuan.kernel.refusal import NotHere
from suyuan.people.models import ContactPoint
from suyuan.platform.files import file_name
from suyuan.platform.models import Text
from suyuan.playbooks import selectors as packs


@dataclass(frozen=True, kw_only=True)
class PortalStep:
    code: str
    name: str
    explain: str
    state: str  # done | current | ahead
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PortalPromise:
    words: str
    due_at: datetime
    kept_at: datetime | None
    broken_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PortalMessage:
    at: datetime
    ours: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class PortalFile:
    """Of one's own files that they are here: name, size, when, and what was painted of them (uids; empty: nothing was)."""

    uid: str
    name: str
    size: int
    at: datetime
    thumbnail: str = ""
    preview: str = ""


@dataclass(frozen=True, kw_only=True)
class PortalPaper:
    """A signed document that was given to the person."""

    uid: str
    title: str
    version: int
    at: datetime
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class PortalRequest:
    """Something the clinic asks this very person for."""

    uid: str
    name: str
    explain: str
    words: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class PortalView:
    """The allow-list. What is not named here never reaches the follow-up page (design: cases, parties).

    `disclosures` and `papers` stay empty until the identity is verified and, for a representative, authority is proven.
    """

    reference: str
    stage: str
    stage_name: str
    stage_explain: str
    steps: list[PortalStep]
    is_open: bool
    ended_at: datetime | None
    received_at: datetime
    speaker: str
    branch_name: str
    branch_phone: str
    emergency_phone: str
    danger_open: bool
    promises: list[PortalPromise]
    messages: list[PortalMessage]
    files: list[PortalFile]
    demands: list[tuple[str, datetime, datetime | None]]
    identity_verified: bool
    disclosures: list[tuple[str, datetime, str]]
    erasure_answers: list[tuple[datetime, str]]
    papers: list[PortalPaper]
    preferred_channel: str
    wishes: list[str]
    survey_open: bool
    is_complete: bool
    may_write: bool
    asked: list[PortalRequest]


def portal_case(case: Case, party: Party | None, *, language: str) -> PortalView:
    """What the holder of this receipt may see, and nothing else."""
    procedure = packs.procedure_of(case.procedure_id)
    verified = party is not None and party.identity == rules.Identity.VERIFIED
    entitled = _entitled(party)
    times = {
        rules.Stage.RECEIVED: case.received_at,
        rules.Stage.ACKNOWLEDGED: case.acknowledged_at,
        rules.Stage.INVESTIGATING: case.investigated_at,
        rules.Stage.DISCLOSED: case.disclosed_at,
        rules.Stage.RESPONDED: case.responded_at,
        rules.Stage.CLOSED: case.ended_at if case.stage == rules.Stage.CLOSED else None,
    }
    here = rules.TRACK.index(case.stage) if case.stage in rules.TRACK else len(rules.TRACK)
    steps = [
        PortalStep(
            code=stage,
            name=str(procedure.stage(stage).plain),
            explain=str(procedure.stage(stage).explain),
            state="done" if place < here or case.stage == rules.Stage.CLOSED else ("current" if place == here else "ahead"),
            at=times[stage],
        )
        for place, stage in enumerate(rules.TRACK)
        if times[stage] or case.is_open
    ]
    now_stage = procedure.stage(case.stage)
    others = _others(case, party)
    speaker = case.speaker or case.owner
    return PortalView(
        reference=case.reference,
        stage=case.stage,
        stage_name=str(now_stage.plain),
        stage_explain=str(now_stage.explain),
        steps=steps,
        is_open=case.is_open,
        ended_at=case.ended_at,
        received_at=case.received_at,
        speaker=speaker.display_name if speaker else "",
        branch_name=case.branch.name(language),
        branch_phone=case.branch.phone,
        emergency_phone=case.branch.emergency_phone,
        danger_open=case.danger == "open",
        promises=[
            PortalPromise(words=promise_words(p, procedure), due_at=p.due_at, kept_at=p.kept_at, broken_at=p.broken_at)
            for p in Promise.objects.held().filter(case=case).order_by("due_at", "id")
        ],
        messages=_messages(case, party, others),
        files=_files(case, others),
        demands=[
            (str(procedure.words("demand_kinds", d.kind)), d.asked_at, d.answered_at)
            for d in Demand.objects.filter(case=case).exclude(asked_by__in=others).order_by("id")
        ],
        identity_verified=verified,
        disclosures=_disclosures(case) if entitled else [],
        erasure_answers=_erasure_answers(case, party) if entitled else [],
        papers=[_paper(row) for row in _given(case)] if entitled else [],
        preferred_channel=case.preferred_channel,
        wishes=list(case.wishes),
        survey_open=Survey.objects.filter(case=case, answered_at__isnull=True).exists(),
        is_complete=case.is_complete,
        may_write=True,
        asked=[_asked(row, case) for row in _open_requests(case, party)],
    )


def _entitled(party: Party | None) -> bool:
    """Whether what was found may be shown to this person: themselves for sure, and for another with proven authority."""
    if party is None or party.identity != rules.Identity.VERIFIED:
        return False
    return "representative" not in party.roles or party.authority_proven_at is not None


def _given(case: Case) -> QuerySet[Report]:
    """The person's own version, as it was given; one that a later version took the place of stays theirs."""
    rows = Report.objects.filter(case=case, kind=rules.Paper.COMPLAINANT, given_at__isnull=False)
    return rows.select_related("stored").order_by("-version")


def _paper(row: Report) -> PortalPaper:
    title = label(PAPERS, row.kind)
    size = row.stored.size
    return PortalPaper(uid=str(row.uid), title=title, version=row.version, at=row.given_at, size=size, sha256=row.sha256)


def portal_paper(case: Case, party: Party | None, uid: UUID) -> Report:
    """The paper behind a link of the follow-up page. Not entitled and not there look alike (NotHere)."""
    row = _given(case).filter(uid=uid).first() if _entitled(party) else None
    if row is None:
        raise NotHere()
    return row


def _open_requests(case: Case, party: Party | None) -> list[EvidenceRequest]:
    """Requests to this person that wait; none to anybody else, and none once the complaint has ended."""
    if party is None or not case.is_open:
        return []
    return list(requests_of(case.stream).filter(party=f"party:{party.uid}", ended_at=None))


def _asked(row: EvidenceRequest, case: Case) -> PortalRequest:
    kind = packs.evidence_procedure(case.procedure_id, case.jurisdiction).evidence_kind(row.kind)
    return PortalRequest(
        uid=str(row.uid), name=str(kind.name), explain=str(kind.explain), words=row.words, due_at=row.due_at
    )


def portal_request(case: Case, party: Party | None, uid: UUID) -> tuple[EvidenceRequest, PortalRequest] | tuple[None, None]:
    """One request to this person that still waits; nothing for everybody else."""
    row = next((row for row in _open_requests(case, party) if row.uid == uid), None)
    return (row, _asked(row, case)) if row is not None else (None, None)


def _erasure_answers(case: Case, party: Party) -> list[tuple[datetime, str]]:
    """Our answers to this person's own requests to erase, as they were given."""
    rows = ErasureLetter.objects.filter(demand__case=case, demand__asked_by=party).select_related("words").order_by("id")
    return [(row.at, row.words.body) for row in rows if row.words.body]


def mail_addresses(case: Case, people: Iterable[Party]) -> dict[str, str]:
    """By party: the own address of those who may be written to by mail, which is the complainant who chose it."""
    if case.preferred_channel != "email":
        return {}
    asking = {party.person_id: str(party.uid) for party in people if "complainant" in party.roles}
    points = ContactPoint.objects.filter(person_id__in=asking, kind="email", ended_at=None)
    found: dict[str, str] = {}
    for point in points.order_by("-preferred", "id"):
        found.setdefault(asking[point.person_id], point.value)
    return found


def postal_addresses(people: Iterable[Party]) -> dict[str, str]:
    """By party: where a letter on paper finds them, the preferred address before others."""
    theirs = {party.person_id: str(party.uid) for party in people}
    points = ContactPoint.objects.filter(person_id__in=theirs, kind="address", ended_at=None)
    found: dict[str, str] = {}
    for point in points.order_by("-preferred", "id"):
        found.setdefault(theirs[point.person_id], point.value)
    return found


def promise_words(promise: Promise, procedure) -> str:
    """The promise as the pack words it today in the reader's language; one made by hand as it was said."""
    for step in procedure.promise.steps:
        if promise.code and step.clock == promise.code:
            return str(step.title)
    return promise.words


def _others(case: Case, party: Party | None) -> list[Party]:
    """Whoever else of this case may hold a receipt: what they write and ask for is theirs."""
    return list(Party.objects.filter(case=case).exclude(pk=party.pk if party else None))


def _by_outside() -> Q:
    """Sent from the follow-up page or its form, unasked or in answer to a request; or from an account that is surely theirs."""
    return Q(source="portal") | Q(source__in=("request", "line"), added_by__startswith="party:")


def _actors(parties: list[Party]) -> list[str]:
    return [f"party:{party.uid}" for party in parties]


def _messages(case: Case, party: Party | None, others: list[Party]) -> list[PortalMessage]:
    """What they wrote to us and what we sent them, in the open part only; nothing that was for another person.

    What came from an address of theirs may be anybody's words, so it is not shown as theirs.
    """
    mine = ["", *_actors([party] if party else [])]
    rows = (
        Message.objects.filter(subject_stream=case.stream, compartment="")
        .filter(Q(direction="in", known_by__in=SURE) | Q(direction="out", party__in=mine))
        .filter(Q(state__in=("received", "sent", "delivered")) | Q(state="failed", sent_at__isnull=False))
        .exclude(kind__in=("disclosure", "findings", "answer"))
        .exclude(channel=Channel.PUBLIC)
        .exclude(author__in=_actors(others))
        .select_related("text")
        .order_by("id")
    )
    return [
        PortalMessage(
            at=row.sent_at or row.created_at, ours=row.direction == "out", words=row.text.body if row.text else ""
        )
        for row in rows
    ]


def _own(case: Case, others: list[Party]) -> QuerySet[Item]:
    """What came from outside, but for what another person of this case gave."""
    return items_of(case.stream, [""]).filter(_by_outside()).exclude(added_by__in=_actors(others))


def _files(case: Case, others: list[Party]) -> list[PortalFile]:
    rows = list(_own(case, others))
    may = [row for row in rows if showable(row)]
    small, large = thumbnails_of(may), first_previews_of(may)
    return [
        PortalFile(
            uid=str(row.uid),
            name=file_name(row.stored),
            size=row.stored.size,
            at=row.added_at,
            thumbnail=str(small[row.pk].uid) if row.pk in small else "",
            preview=str(large[row.pk].uid) if row.pk in large else "",
        )
        for row in rows
    ]


def portal_shown(case: Case, party: Party | None, uid: UUID) -> Item:
    """A preview or a thumbnail of this person's own file. Somebody else's and not there look alike (NotHere)."""
    item = Item.objects.filter(stream=case.stream, uid=uid, derivation__in=SHOWN_INSTEAD)
    item = item.select_related("stored", "parent").first()
    parent = _own(case, _others(case, party)).filter(pk=item.parent_id).first() if item is not None else None
    if parent is None or item.stored.state != "stored" or not showable(parent):
        raise NotHere()
    return item


def _disclosures(case: Case) -> list[tuple[str, datetime, str]]:
    rows = Disclosure.objects.filter(case=case).select_related("words").order_by("id")
    return [(row.kind, row.at, row.words.body) for row in rows]


# --- staff who are complained about --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StatementPage:
    """All that a person complained about sees: neutral words, their own answer, the support offered."""

    uid: str
    alleged: str
    asked_at: datetime | None
    due_at: datetime | None
    answer: str
    answered_at: datetime | None
    support: str
    support_at: datetime | None
    notice: str
    support_notice: str


def statements_of(profile: ActorProfile) -> list[StaffStatement]:
    """Statements asked of this person; named by nothing that would identify the case."""
    return list(StaffStatement.objects.filter(user_id=profile.user_id).order_by("-asked_at", "-id"))


def asked_for_statement(profile: ActorProfile) -> bool:
    """Whether this person has a statement page at all."""
    return StaffStatement.objects.filter(user_id=profile.user_id).exists()


def statement_for(profile: ActorProfile, uid: UUID | str) -> tuple[StaffStatement, StatementPage]:
    """The statement page of the person it is about. Everyone else finds nothing (NotHere)."""
    try:
        wanted = UUID(str(uid))
    except ValueError:
        raise NotHere() from None
    row = (
        StaffStatement.objects.select_related("alleged", "answer", "case__branch")
        .filter(uid=wanted, user_id=profile.user_id)
        .first()
    )
    if row is None:
        raise NotHere()
    procedure = packs.procedure_of(row.case.procedure_id)
    law = row.case.jurisdiction
    return row, StatementPage(
        uid=str(row.uid),
        alleged=_body(row.alleged),
        asked_at=row.asked_at,
        due_at=row.due_at,
        answer=_body(row.answer),
        answered_at=row.answered_at,
        support=row.support,
        support_at=row.support_at,
        notice=str(procedure.notice("statement_page", law).text),
        support_notice=str(procedure.notice("staff_support", law).text),
    )


def _body(text: Text | None) -> str:
    return text.body if text else ""
