"""What a case owes to keep and may let go: holds, retention, the groups of an erasure request, lots traced both ways."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, Q, QuerySet

from suyuan.accounts.models import GuestGrant
from suyuan.accounts.rules import ActorProfile, branches_for, reach
from suyuan.cases import rules
from suyuan.cases.models import (
    CareRecord,
    Case,
    CaseIssue,
    ClockPause,
    ConflictCheck,
    ContactEntry,
    Demand,
    Evaluation,
    Finding,
    Party,
    Passport,
    PlanStep,
    Proceeding,
    ProceedingStep,
    Promise,
    Report,
    RetentionProposal,
    RootCause,
    StaffStatement,
    Survey,
    Task,
)
from suyuan.cases.rules import Floor, Kept
from suyuan.correspondence.models import Clearance, FindingDispute, Incoming, IncomingFile, Message, Posting
from suyuan.evidence.models import (
    CopiedItem,
    CopyHandover,
    CopySet,
    CustodyEntry,
    EvidenceRequest,
    Interview,
    InterviewSupplement,
    Item,
    Making,
    Need,
    Observation,
    Seal,
    SealedItem,
    SealOpening,
)
from suyuan.evidence.selectors.rights import sealed_with_lot
from suyuan.people import erasing
from suyuan.people.models import ContactPoint, Person, TreatmentReceived
from suyuan.platform.erasure import Cell, Named
from suyuan.platform.facts import facts_told
from suyuan.platform.holds import holds_over
from suyuan.platform.models import ErasureOrder, ErasureTarget, FactPrivate, FactRow, Hold, Text
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import LawRule

# The groups of an erasure request, in the order in which they are answered, and which records keep each of them. What waits in
# the inbox is no record of a case; it is kept as one as long as it may belong to one that is still open.
GROUPS: dict[str, tuple[str, ...]] = {
    "identifiers": ("complaint_record",),
    "contacts": ("complaint_record",),
    "photos": ("complaint_record", "sealed"),
    "messages": ("complaint_record",),
    "inbox": (),
    "narrative": ("complaint_record",),
    "chart": ("chart", "sealed"),
    "facts": ("complaint_record", "care_record"),
}

# The same where somebody asks only for what they said, handed in and left themselves.
OWN_GROUPS: dict[str, tuple[str, ...]] = {
    "identifiers": ("complaint_record",),
    "contacts": ("complaint_record",),
    "photos": ("complaint_record", "sealed"),
    "messages": ("complaint_record",),
    "inbox": (),
    "narrative": ("complaint_record",),
    "statements": ("complaint_record",),
}


# --- holds ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HeldCase:
    case: Case
    holds: list[Hold]


def held_cases(profile: ActorProfile, most: int = 200) -> list[HeldCase]:
    """Cases within reach on which a hold stands, the newest hold first."""
    standing = Hold.objects.filter(lifted_at=None, stream__startswith="case:").order_by("-placed_at")
    by_stream: dict[str, list[Hold]] = {}
    for hold in standing[: most * 4]:
        by_stream.setdefault(hold.stream, []).append(hold)
    seen = Case.objects.within(reach(profile)).filter(stream__in=by_stream).select_related("branch", "patient")
    found = {case.stream: case for case in seen}
    return [HeldCase(found[stream], holds) for stream, holds in by_stream.items() if stream in found][:most]


# --- retention -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KeptLine:
    """One kind of record of this case, until when it is kept, and the rule that says so."""

    record: str
    since: date | None
    kept: Kept | None
    rule: LawRule | None


def floors(case: Case, today: date) -> tuple[list[Floor], dict[str, LawRule]]:
    """The floors of the law in force in the case's jurisdiction, and their rules by id."""
    found = packs.retention_rules(case.jurisdiction, today)
    by_id = {rule.id: rule for rule in found}
    return [
        Floor(record, rule.id, rule.keep.n, str(rule.keep.unit.value), rule.keep.adult_at)
        for rule in found
        for record in rule.keep.of
    ], by_id


def kept_lines(case: Case, today: date) -> list[KeptLine]:
    """Until when each kind of record of this case is kept; the longest rule wins."""
    known, by_id = floors(case, today)
    born = case.patient.birth_date if case.patient else None
    lines = []
    for record, since in last_days(case).items():
        kept = rules.retention_until(record, since, known, born=born)
        lines.append(KeptLine(record, since, kept, by_id.get(kept.rule) if kept else None))
    return lines


def last_days(case: Case) -> dict[str, date | None]:
    """Kind of record → the last day something was added to it; None: it goes on, as long as the case does."""
    zone = case.branch.tz

    def day(moment: datetime | None) -> date | None:
        return moment.astimezone(zone).date() if moment else None

    ended = day(case.ended_at)
    theirs = _rows_of(case.patient) if case.patient else []
    treated = TreatmentReceived.objects.filter(person__in=theirs).aggregate(last=Max("on"))["last"]
    cared = day(CareRecord.objects.filter(case=case).aggregate(last=Max("happened_at"))["last"])
    talked = day(ContactEntry.objects.filter(case=case).aggregate(last=Max("happened_at"))["last"])
    charted = [each for each in (treated, cared) if each]
    found: dict[str, date | None] = {
        "chart": max(charted, default=ended) if ended else None,
        "complaint_record": ended,
        "care_record": max(talked or ended, ended) if ended else None,
    }
    if sealed := SealedItem.objects.filter(seal__stream=case.stream).aggregate(last=Max("seal__sealed_at"))["last"]:
        found["sealed"] = day(sealed) if ended else None
    if Task.objects.filter(case=case, kind="report").exists():
        found["adverse_event"] = ended
    return found


# --- an erasure request --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """One group of what was asked to be erased: how many things, whether a hold stands, what law keeps it and until when."""

    group: str
    count: int
    held: Hold | None
    kept: Kept | None
    rule: LawRule | None
    free: bool


@dataclass(frozen=True)
class Subject:
    """Whose data was asked about. `party`: only what this one gave themselves; None: all there is of the case."""

    person: Person | None
    party: Party | None = None

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        return OWN_GROUPS if self.party is not None else GROUPS


def subject_of(case: Case, demand: Demand) -> Subject:
    """The patient, where they ask or somebody shown to speak for them does; everybody else has a say in their own only."""
    party = demand.asked_by
    if party is None:
        first = Party.objects.filter(case=case).select_related("person").order_by("id").first()
        return Subject(case.patient or (first.person if first else None))
    is_patient = "patient" in party.roles or party.person_id == case.patient_id
    proven = "representative" in party.roles and party.authority_proven_at is not None and case.patient is not None
    if rules.erasure_about(demand.about, is_patient=is_patient, proven=proven) == rules.OWN:
        return Subject(party.person, party)
    return Subject(party.person if is_patient else case.patient)


def erasure_parts(case: Case, demand: Demand, today: date) -> list[Part]:
    """Every group as it stands today."""
    subject = subject_of(case, demand)
    return parts_of(case, subject, subject.groups, today)


def parts_of(case: Case, subject: Subject, groups: Mapping[str, tuple[str, ...]], today: date) -> list[Part]:
    person = subject.person
    known, by_id = floors(case, today)
    days, born = last_days(case), person.birth_date if person else None
    elsewhere = list(_cases_elsewhere(person, case)) if person is not None else []
    if any(other.is_open for other in elsewhere):
        days["complaint_record"] = None
    parts = []
    for group, records in groups.items():
        things = things_of(case, subject, group)
        count = sum(len(named) for named in things.values())
        held = next((holds[0] for stream in things if (holds := holds_over(stream))), None)
        if person is not None and person.is_patient and group in ("identifiers", "contacts"):
            records = (*records, "chart")
        if group == "inbox" and (case.is_open or days["complaint_record"] is None):
            records = ("complaint_record",)
        keeping = [(rules.retention_until(r, days[r], known, born=born), by_id) for r in records if r in days]
        # What stands with the person belongs to each of their cases: the one that keeps it longest decides.
        if any(stream.startswith("person:") for stream in things):
            keeping += [found for other in elsewhere for found in _kept_by(other, records, born, today)]
        kept, laws = max(
            ((found, laws) for found, laws in keeping if found is not None),
            key=lambda pair: pair[0].until or date.max,
            default=(None, by_id),
        )
        free = held is None and rules.may_go(kept, today)
        parts.append(Part(group, count, held, kept, laws.get(kept.rule) if kept else None, free))
    return parts


def _rows_of(person: Person) -> QuerySet[Person]:
    """This person under every row they were ever taken down as."""
    same = Q(pk=person.pk) | Q(merged_into=person) | Q(merged=person) | Q(merged_into__merged=person)
    return Person.objects.filter(same).distinct()


def _cases_elsewhere(person: Person, case: Case) -> QuerySet[Case]:
    """Every other case of this person, under whichever row they were taken down."""
    same = _rows_of(person).values("pk")
    theirs = Q(patient__in=same) | Q(parties__person__in=same)
    return Case.objects.filter(theirs).exclude(pk=case.pk).select_related("branch", "patient").distinct()


def _kept_by(
    case: Case, records: Iterable[str], born: date | None, today: date
) -> Iterator[tuple[Kept | None, dict[str, LawRule]]]:
    known, by_id = floors(case, today)
    days = last_days(case)
    return ((rules.retention_until(r, days[r], known, born=born), by_id) for r in records if r in days)


def things_of(case: Case, subject: Subject, group: str) -> dict[str, list[Named]]:
    """What an order would name for this group, by stream; what earlier orders took away is left out."""
    found: dict[str, list[Named]] = {}
    collected = _COLLECT[group](case, subject.person) if subject.party is None else _OWN[group](case, subject.party)
    for stream, named in collected:
        found.setdefault(stream, []).append(named)
    return {stream: kept for stream, named in found.items() if (kept := _not_yet(named))}


def _not_yet(named: list[Named]) -> list[Named]:
    return [each for each in named if not (isinstance(each, Text) and not each.body)]


Collected = Iterator[tuple[str, Named]]

# Facts whose sealed fields go with the messages.
_OF_MESSAGES = Q(fact__type__startswith="message.") | Q(fact__type__startswith="clearance.") | Q(fact__type__startswith="dispute.")


def _identifiers(case: Case, person: Person | None) -> Collected:
    return ((row.stream, each) for row in (_rows_of(person) if person else ()) for each in erasing.identifiers_of(row))


def _contacts(case: Case, person: Person | None) -> Collected:
    return ((row.stream, each) for row in (_rows_of(person) if person else ()) for each in erasing.contacts_of(row))


def _files(case: Case, own: bool, by: str = "") -> Collected:
    """Files with everything said about them; `own`: what people handed in (this one: `by`), otherwise what is ours."""
    rows = Item.objects.filter(stream=case.stream).select_related("stored", "parent")
    mine = [row for row in rows if _from_outside(row.parent or row) == own]
    if by:
        sent = set(IncomingFile.objects.filter(item__stream=case.stream, incoming__message__party=by).values_list("item", flat=True))
        mine = [row for row in mine if (row.parent or row).added_by == by or (row.parent or row).pk in sent]
    for row in mine:
        if row.stored is not None and row.stored.state == "stored":
            yield case.stream, row.stored
        for fault in row.stored.faults.all() if row.stored is not None else ():
            yield from _cells(case.stream, fault, ("detail", "reason"))
        yield from _cells(case.stream, row, ("title", "from_whom", "place", "note"))
    ids = [row.pk for row in mine]
    for entry in CustodyEntry.objects.filter(item__in=ids):
        yield from _cells(case.stream, entry, ("from_whom", "to_whom", "place", "why"))
    for model in (CopiedItem, SealedItem):
        for line in model.objects.filter(item__in=ids):
            yield from _cells(case.stream, line, ("title",))
    uids = {str(row.uid) for row in mine}
    told = FactPrivate.objects.filter(fact__stream=case.stream, fact__type__startswith="item.").select_related("fact")
    yield from ((case.stream, field) for field in told if field.fact.value("item") in uids)


def _from_outside(item: Item) -> bool:
    """Sent unasked, or in answer to a request."""
    return item.source in ("portal", "email", "line") or (item.source == "request" and item.added_by.startswith("party:"))


def _messages(case: Case, person: Person | None) -> Collected:
    rows = Message.objects.filter(subject_stream=case.stream).select_related("text")
    for row in rows:
        if row.text is not None:
            yield row.text.stream, row.text
        yield from _cells(case.stream, row, ("draft_body", "subject_line", "to_sealed"))
    for posting in Posting.objects.filter(message__in=rows):
        yield from _cells(case.stream, posting, ("place", "address", "ended_why"))
    yield from _asked_leave(case)
    yield from _told(case.stream, _OF_MESSAGES)
    yield from _came_for(rows)


def _came_for(rows: Iterable[Message]) -> Collected:
    """What came for these and has no place of its own: machines' answers lie aside, sealed; names of files that were not taken."""
    for came in Incoming.objects.filter(in_reply_to__in=rows, message=None):
        yield from _came(came)
    for file in IncomingFile.objects.filter(incoming__message__in=rows, name_sealed__isnull=False).select_related("incoming"):
        yield from _cells(file.incoming.stream, file, ("name_sealed",))


def _came(came: Incoming) -> Collected:
    """What it says, who it is from, and the files that came along."""
    yield from _cells(came.stream, came, ("content_sealed", "sender_blind"))
    for file in came.files.select_related("stored"):
        yield from _cells(came.stream, file, ("name_sealed",))
        if file.stored is not None and file.stored.state == "stored":
            yield came.stream, file.stored


def _inbox(person: Person | None) -> Collected:
    """Words from their addresses and accounts that nobody has put into a case yet, or that belong to none."""
    theirs = ContactPoint.objects.filter(person__in=_rows_of(person), blind__isnull=False) if person is not None else ()
    known = {bytes(contact.blind) for contact in theirs}
    for came in Incoming.objects.filter(sender_blind__in=known, content_sealed__isnull=False, in_reply_to=None).order_by("id"):
        yield from _came(came)


def _asked_leave(case: Case, party: str = "") -> Collected:
    """Words that people were asked to let out, with what they said of them; and findings that somebody disputed."""
    asked = Clearance.objects.filter(stream=case.stream).select_related("text")
    for row in asked.filter(party=party) if party else asked:
        yield row.text.stream, row.text
        yield from _cells(case.stream, row, ("why", "form_sealed"))
        for vote in row.votes.all():
            yield from _cells(case.stream, vote, ("reason",))
    for dispute in FindingDispute.objects.filter(stream=case.stream) if not party else ():
        yield from _cells(case.stream, dispute, ("why", "words_sealed", "outcome_why"))


def _narrative(case: Case, person: Person | None) -> Collected:
    if case.narrative is not None:
        yield case.stream, case.narrative
    yield from _cells(case.stream, case, ("matter",))
    for issue in CaseIssue.objects.filter(case=case):
        yield from _cells(case.stream, issue, ("subject",))
    yield from _told(case.stream, Q(fact__type__in=["case.opened", "case.completed", "issue.added"]))


def _chart(case: Case, person: Person | None) -> Collected:
    yield from _files(case, own=False)
    for record in CareRecord.objects.filter(case=case).select_related("words"):
        yield case.stream, record.words
        yield from _cells(case.stream, record, ("place",))
    yield from _told(case.stream, Q(fact__type__startswith="care."))
    for row in _rows_of(person) if person is not None else ():
        yield from ((row.stream, each) for each in erasing.treatments_of(row))


_REST: tuple[tuple[type, str, tuple[str, ...]], ...] = (
    (ContactEntry, "case", ("place", "participants", "next_step")),
    (Task, "case", ("title",)),
    (Promise, "case", ("words",)),
    (Proceeding, "case", ("body", "number")),
    (ProceedingStep, "proceeding__case", ("note",)),
    (Finding, "case", ("basis",)),
    (StaffStatement, "case", ("support",)),
    (Party, "case", ("verified_how", "authority_how")),
    (ClockPause, "clock__case", ("reason",)),
    (PlanStep, "case", ("words", "note")),
    (ConflictCheck, "case", ("reason", "declared_words")),
    (RootCause, "case", ("whys", "bones")),
    (Report, "case", ("words", "content")),
    (Passport, "case", ("content",)),
    (Evaluation, "case", ("answers",)),
    (RetentionProposal, "case", ("reason",)),
    (Survey, "case", ("answers",)),
)
# The same, of what knows no case but only its stream.
_BY_STREAM: tuple[tuple[type, str, tuple[str, ...]], ...] = (
    (Interview, "stream", ("heard_name", "interviewers", "present", "place", "recorder", "refusal")),
    (InterviewSupplement, "interview__stream", ("said_by",)),
    (Observation, "stream", ("struck_reason",)),
    (Need, "stream", ("reason",)),
    (EvidenceRequest, "stream", ("words",)),
    (Seal, "stream", ("place", "kept_at", "for_clinic", "for_patient", "witness", "absence", "unfinished")),
    (SealedItem, "seal__stream", ("title", "lot")),
    (SealOpening, "seal__stream", ("for_clinic", "for_patient", "witness", "why")),
    (CopySet, "stream", ("missing",)),
    (CopyHandover, "copies__stream", ("to_whom", "shown", "witness")),
    (GuestGrant, "stream", ("reason",)),
    (Making, "item__stream", ("why",)),
)


def _facts(case: Case, person: Person | None) -> Collected:
    """Whatever is left in the case's streams: words of every kind, and every sealed field."""
    streams = [case.stream, *(case.compartment_stream(name) for name in sorted(rules.COMPARTMENTS - {""}))]
    taken = {each.pk for group in ("messages", "narrative", "chart") for _s, each in _COLLECT[group](case, person) if isinstance(each, Text)}
    for text in Text.objects.filter(stream__in=streams).exclude(pk__in=taken):
        yield text.stream, text
    for model, to_case, fields in _REST:
        for row in model.objects.filter(**{to_case: case}):
            yield from _cells(case.stream, row, fields)
    for model, to_stream, fields in _BY_STREAM:
        for row in model.objects.filter(**{to_stream: case.stream}):
            yield from _cells(case.stream, row, fields)
    for paper in (Report, Passport):  # what was set says once more what was written
        for row in paper.objects.filter(case=case, stored__state="stored").select_related("stored"):
            yield case.stream, row.stored
    yield from _cells(case.stream, case, ("end_reason", "helper_named", "communication_need", "preferred_hours"))
    elsewhere = _OF_MESSAGES | Q(fact__type__startswith="item.") | Q(fact__type__startswith="care.")
    elsewhere |= Q(fact__type__in=["case.opened", "case.completed", "issue.added"])
    house = Q(fact__type="erasure.ordered")
    for stream in streams:
        for hold in Hold.objects.filter(stream=stream, lifted_at__isnull=False):
            yield from _cells(stream, hold, ("reason", "lifted_reason"))
        yield from _told(stream, ~house & ~elsewhere if stream == case.stream else ~house)


def _told(stream: str, which: Q) -> Collected:
    rows = FactPrivate.objects.filter(which, fact__stream=stream).select_related("fact")
    return ((stream, field) for field in rows)


def _cells(stream: str, row, fields: Iterable[str]) -> Collected:
    return ((stream, Cell(row, name)) for name in fields if getattr(row, name))


_COLLECT: dict[str, Callable[[Case, Person | None], Collected]] = {
    "identifiers": _identifiers,
    "contacts": _contacts,
    "photos": lambda case, person: _files(case, own=True),
    "messages": _messages,
    "inbox": lambda case, person: _inbox(person),
    "narrative": _narrative,
    "chart": _chart,
    "facts": _facts,
}


# Facts whose words go with another group than the rest.
_WITH_ITS_GROUP = Q(type__startswith="message.") | Q(type__startswith="clearance.") | Q(type__startswith="dispute.") | Q(type__startswith="item.") | Q(type__startswith="erasure.")
_WITH_ITS_GROUP |= Q(type__in=["case.opened", "case.completed", "issue.added"])


# --- what one of those outside gave themselves --------------------------------------------------------------------------


def _own_messages(case: Case, party: Party) -> Collected:
    """Between them and us: what was for everybody who the case concerns is not theirs alone."""
    me = f"party:{party.uid}"
    rows = list(Message.objects.filter(Q(party=me) | Q(author=me), subject_stream=case.stream).select_related("text"))
    for row in rows:
        if row.text is not None:
            yield row.text.stream, row.text
        yield from _cells(case.stream, row, ("draft_body", "subject_line", "to_sealed"))
    yield from _asked_leave(case, me)
    uids = {str(row.uid) for row in rows}
    told = FactPrivate.objects.filter(_OF_MESSAGES, fact__stream=case.stream).select_related("fact")
    yield from ((case.stream, field) for field in told if field.fact.value("message") in uids)
    yield from _came_for(rows)


def _own_narrative(case: Case, party: Party) -> Collected:
    """Whoever complained told it, whoever's body it is about."""
    return _narrative(case, party.person) if "complainant" in party.roles else iter(())


def _own_statements(case: Case, party: Party) -> Collected:
    """What they said when heard, asked and answered, and what was noted of who they are."""
    me = f"party:{party.uid}"
    talks = Interview.objects.filter(stream=case.stream, party=me)
    for talk in talks:
        yield from _cells(case.stream, talk, ("heard_name", "present", "place", "recorder", "refusal"))
    for added in InterviewSupplement.objects.filter(interview__in=talks):
        yield from _cells(case.stream, added, ("said_by",))
    asked = EvidenceRequest.objects.filter(stream=case.stream, party=me)
    for request in asked:
        yield from _cells(case.stream, request, ("words",))
    demands = Demand.objects.filter(case=case, asked_by=party)
    yield from _cells(case.stream, party, ("verified_how", "authority_how"))

    theirs = {("interview", str(talk.uid)) for talk in talks} | {("request", str(request.uid)) for request in asked}
    theirs |= {("demand", str(demand.uid)) for demand in demands}
    kinds = ("interview.", "evidence.request", "demand.")
    told = [
        fact for fact in FactRow.objects.filter(stream=case.stream).exclude(_WITH_ITS_GROUP).order_by("id")
        if fact.actor == me or (fact.type.startswith(kinds) and any(fact.value(name) == uid for name, uid in theirs))
    ]  # fmt: skip
    yield from _told(case.stream, Q(fact__in=told))
    said = {value["text"] for each in facts_told(told) for value in each.private.values() if isinstance(value, dict)}
    yield from ((text.stream, text) for text in Text.objects.filter(stream=case.stream, uid__in=said))
    surveys = [fact.value("survey") for fact in told if fact.type == "survey.answered"]
    for survey in Survey.objects.filter(case=case, uid__in=surveys):
        yield from _cells(case.stream, survey, ("answers",))


_OWN: dict[str, Callable[[Case, Party], Collected]] = {
    "identifiers": lambda case, party: _identifiers(case, party.person),
    "contacts": lambda case, party: _contacts(case, party.person),
    "photos": lambda case, party: _files(case, own=True, by=f"party:{party.uid}"),
    "messages": _own_messages,
    "inbox": lambda case, party: _inbox(party.person),
    "narrative": _own_narrative,
    "statements": _own_statements,
}


def purging(case: Case) -> bool:
    """Something was erased that is not yet gone from the disk."""
    uids = orders_of(case)
    return bool(uids) and ErasureOrder.objects.filter(uid__in=uids, purged_at=None).exists()


def orders_of(case: Case) -> set[str]:
    return {uid for rows in (case.erasures, case.retentions) for row in rows.all() for uid in row.orders}


def erased(row) -> bool:
    """Whether an order names this row."""
    return ErasureTarget.objects.filter(relation=row._meta.db_table, row_id=row.pk).exists()


# --- lots, both ways -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LotTrace:
    """Everything within reach that carries this lot or device number."""

    treatments: list[TreatmentReceived]
    cases: list[Case]
    objects: list[tuple[SealedItem, Case]]
    items: list[tuple[Item, Case]]


def lot_trace(profile: ActorProfile, number: str, most: int = 200) -> LotTrace:
    """This lot → which patients, treatments, cases and objects, as far as the reader may see each of them.

    What a person told of a treatment when complaining is shown to those who may see that complaint.
    """
    number = number.strip()
    if not number:
        return LotTrace([], [], [], [])
    carries = Q(lot__iexact=number) | Q(device__iexact=number)
    done = TreatmentReceived.objects.filter(carries).select_related("person", "branch").order_by("-on", "-id")
    seen = Case.objects.within(reach(profile)).select_related("branch", "patient")
    cases = list(_cases_with(seen, done)[:most])
    complained = set(CaseIssue.objects.filter(case__in=cases, treatment__in=done).values_list("treatment_id", flat=True))
    complained |= set(done.filter(person__in=[case.patient_id for case in cases]).values_list("pk", flat=True))
    where = branches_for(profile, "person_search")
    treatments = [
        row
        for row in done[: most * 4]
        if row.pk in complained or (row.source != "intake" and (where is None or row.person.branch_id in where))
    ]
    by_stream = {case.stream: case for case in seen.filter(stream__in=_streams_with(number))}
    objects = [(line, by_stream[line.seal.stream]) for line in sealed_with_lot(number) if line.seal.stream in by_stream]
    open_items = Item.objects.filter(stream__in=by_stream, compartment="").filter(_says(number)).order_by("id")
    items = [(item, by_stream[item.stream]) for item in open_items]
    cases += [case for case in by_stream.values() if case not in cases]
    return LotTrace(treatments[:most], cases[:most], objects[:most], items[:most])


def _cases_with(seen: QuerySet[Case], done: QuerySet[TreatmentReceived]) -> QuerySet[Case]:
    ids = done.values("pk")
    people = done.values("person_id")
    return seen.filter(Q(issues__treatment__in=ids) | Q(patient__in=people)).distinct().order_by("-received_at")


def _streams_with(number: str) -> set[str]:
    sealed = set(sealed_with_lot(number).values_list("seal__stream", flat=True))
    return sealed | set(Item.objects.filter(_says(number), compartment="").values_list("stream", flat=True)[:2_000])


def _says(number: str) -> Q:
    return Q(title__icontains=number) | Q(note__icontains=number)


def lots_of(case: Case) -> list[tuple[str, TreatmentReceived]]:
    """This case → which lots and devices: of the treatments it is about, and of all its patient received."""
    mine = Q(pk__in=CaseIssue.objects.filter(case=case, treatment__isnull=False).values("treatment_id"))
    rows = TreatmentReceived.objects.filter(mine | Q(person=case.patient_id, person__isnull=False)).order_by("-on", "-id")
    return [(number, row) for row in rows for number in (row.lot, row.device) if number]
