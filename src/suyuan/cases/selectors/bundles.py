"""What of a case goes into a bundle: by purpose, law, role, and who must not be recognised."""
from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from suyuan.accounts.models import User
from suyuan.accounts.rules import ActorProfile
from suyuan.cases import rules
from suyuan.cases.errors import NotForThisPurpose
from suyuan.cases.models import Case, Involvement, Party, Passport, Report
from suyuan.cases.selectors.door import compartments_for
from suyuan.evidence.selectors.bundles import Asked, Event, Selection
from suyuan.kernel.chain import canonical
from suyuan.kernel.fold import fold
from suyuan.people.models import ContactPoint
from suyuan.platform.files import file_name
from suyuan.platform.models import FactRow, StoredFile, StreamHead
from suyuan.playbooks import selectors as packs

_NOT_DIGITS = re.compile(r"\D+")
AGREED = "showing.agreed"
FEWEST_DIGITS = 7  # shorter runs of digits stand in dates and amounts too

PURPOSES = tuple(purpose for purpose in rules.Purpose if purpose != rules.Purpose.PUBLIC)


@dataclass(frozen=True)
class Hideable:
    """Somebody whose traces can be kept closed."""

    uid: str
    name: str
    as_what: str  # party or staff


def hideable_in(case: Case) -> list[Hideable]:
    """Everyone from outside in this case, and every colleague who has or had to do with it."""
    parties = Party.objects.filter(case=case).select_related("person").order_by("id")
    staff = User.objects.filter(pk__in=Involvement.objects.filter(case=case).values("user_id")).order_by("id")
    return [
        *(Hideable(str(party.uid), party.person.full_name, "party") for party in parties),
        *(Hideable(str(user.uid), user.display_name, "staff") for user in staff),
    ]


def bundle_asked(
    profile: ActorProfile | None,
    case: Case,
    *,
    purpose: str,
    hidden: Collection[str] = (),
    with_files: bool | None = None,
    given: Collection[str] | None = None,
    now: datetime,
) -> Asked:
    """What a bundle of this case for this purpose holds, in the hands of this person (None: at the clinic's own machine).

    hidden      uids of persons whose traces stay closed; what tells them apart in any field closes the whole event
    with_files  whether files go along (None: unless somebody is hidden, whom a picture may show); papers never do where
                somebody is hidden: they are set once and cannot be redacted
    given       uids of the versions that the person was given: of their own papers only those go to them (None: all)
    Raises NotForThisPurpose.
    """
    purpose = rules.Purpose(purpose)
    if not rules.export_rule("", purpose).allowed:
        raise NotForThisPurpose(purpose=str(purpose))
    opened, left_out = _compartments(profile, case, purpose, now)
    streams = [case.compartment_stream(compartment) for compartment in opened]
    there = set(StreamHead.objects.filter(stream__in=streams).values_list("stream", flat=True))
    traces = _traces(case, hidden)
    with_files = not traces if with_files is None else with_files
    kept = _Kept(frozenset(given)) if given is not None and purpose == rules.Purpose.PATIENT else None
    if kept is not None and kept.waiting(case):
        left_out.append((f"paper.{rules.Paper.COMPLAINANT}", "not_given"))
    closed = [str(kind) for kind, readers in rules.PAPER_READERS.items() if purpose not in readers]
    left_out += [(f"paper.{kind}", "not_for_this_reader") for kind in closed]
    if traces:
        left_out += [("persons", "hidden"), ("papers", "hidden")]
    if not with_files:
        left_out += [("files", "chosen"), *([] if traces else [("papers", "chosen")])]
    return Asked(
        streams=tuple(stream for stream in streams if stream in there),
        item_streams=(case.stream,),
        compartments=tuple(opened),
        reference=case.reference,
        purpose=str(purpose),
        left_out=tuple(left_out),
        selection=_selection(traces, with_files, closed, kept),
        papers=partial(_papers, case, purpose, closed, kept) if with_files and not traces else tuple,
    )


def given_in(case: Case) -> list[str]:
    """Versions of their own paper that the person was given, by uid."""
    rows = Report.objects.filter(case=case, kind=rules.Paper.COMPLAINANT, given_at__isnull=False).order_by("id")
    return [str(uid) for uid in rows.values_list("uid", flat=True)]


@dataclass(frozen=True)
class _Kept:
    """What was written for the person and not given to them is not given by way of a bundle either."""

    given: frozenset[str]

    def holds(self, kind: object, uid: object) -> bool:
        return kind == rules.Paper.COMPLAINANT and str(uid) not in self.given

    def waiting(self, case: Case) -> bool:
        written = Report.objects.filter(case=case, kind=rules.Paper.COMPLAINANT, text__isnull=False)
        return written.exclude(uid__in=self.given).exists()


def _papers(
    case: Case, purpose: rules.Purpose, closed: Collection[str], kept: _Kept | None
) -> Iterator[tuple[str, StoredFile]]:
    """Every version of a report that was signed, but for those this reader does not get; passports made for this purpose."""
    signed = Report.objects.filter(case=case, stored__isnull=False).exclude(kind__in=closed)
    for report in signed.select_related("stored").order_by("id"):
        if kept is not None and kept.holds(report.kind, report.uid):
            continue
        yield f"report-{report.kind}-{report.version}", report.stored
    passports = Passport.objects.filter(case=case, purpose=str(purpose)).select_related("stored")
    for number, passport in enumerate(passports.order_by("id"), 1):
        yield f"passport-{passport.purpose}-{number}", passport.stored


def _compartments(
    profile: ActorProfile | None, case: Case, purpose: rules.Purpose, now: datetime
) -> tuple[list[str], list[tuple[str, str]]]:
    """Compartments that go along, and those kept back with the reason; an empty one is named like a full one."""
    readable = compartments_for(profile, case) if profile is not None else frozenset({""})
    roles = profile.roles if profile is not None else frozenset()
    laws = packs.protections(case.jurisdiction, now.astimezone(case.branch.tz).date())
    opened, left_out = [""], []
    for compartment in sorted(rules.COMPARTMENTS - {""}):
        basis = [rule.id for rule in laws.get(compartment, ())]
        # Whoever does not read it is not told by the reason that there is something both sides agreed on.
        agreed = compartment in readable and both_agreed(case, compartment, purpose)
        rule = rules.export_rule(compartment, purpose, protected_by=basis, both_agreed=agreed)
        if not rule.allowed:
            left_out.append((f"compartment.{compartment}", ",".join([rule.why, *rule.basis])))
        elif compartment not in readable or (rule.roles and not rule.roles & roles):
            left_out.append((f"compartment.{compartment}", "not_by_this_person"))
        else:
            opened.append(compartment)
    return opened, left_out


def agreements_of(case: Case, compartments: Collection[str]) -> dict[str, FactRow]:
    """What both sides agreed to show, by compartment: the newest record of each."""
    streams = {case.compartment_stream(compartment): compartment for compartment in compartments if compartment}
    told = FactRow.objects.filter(stream__in=streams.keys(), type=AGREED).order_by("position")
    return {streams[row.stream]: row for row in told}


def both_agreed(case: Case, compartment: str, purpose: str) -> bool:
    row = agreements_of(case, [compartment]).get(compartment)
    return row is not None and str(purpose) in row.value("purposes", [])


# --- keeping somebody unrecognised ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Traces:
    """What somebody is recognised by: identifiers, names and addresses folded as the search folds them, long numbers."""

    words: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.words or self.numbers)

    def in_(self, text: str) -> bool:
        folded = _folded(text)
        if any(word in folded for word in self.words):
            return True
        digits = _NOT_DIGITS.sub("", folded)
        return any(number in digits for number in self.numbers)


def _traces(case: Case, hidden: Collection[str]) -> _Traces:
    wanted = set(hidden)
    words: set[str] = set()
    numbers: set[str] = set()
    for party in Party.objects.filter(case=case, uid__in=wanted).select_related("person"):
        person = party.person
        words |= {str(party.uid), str(person.uid), person.full_name, person.given_name, person.chart_number}
        for value in _reached_at(party.person_id):
            digits = _NOT_DIGITS.sub("", fold(value))
            if len(digits) >= FEWEST_DIGITS:
                numbers |= {digits, digits[-8:]}
            else:
                words.add(value)
    for user in User.objects.filter(uid__in=wanted):
        words |= {str(user.uid), user.display_name, user.login}
    return _Traces(frozenset(_folded(word) for word in words if len(word) > 1), frozenset(numbers))


def _folded(text: str) -> str:
    """Without spaces: 王 小明 is 王小明."""
    return fold(text).replace(" ", "")


def _reached_at(person_id: int) -> Iterable[str]:
    return [point.value for point in ContactPoint.objects.filter(person_id=person_id)]


def _selection(traces: _Traces, with_files: bool, closed: Collection[str], kept: _Kept | None) -> Selection:
    def shows(event: Event) -> Collection[str]:
        if traces:
            said = [canonical(value).decode() for value in event.fields.values()] + list(event.texts.values())
            if any(traces.in_(text) for text in said):
                return ()
        if not event.type.startswith("report."):
            return event.fields.keys()
        # The event that freezes a report holds every word of it, the one that signs it the digest of its paper.
        kind, uid = event.fields.get("kind"), event.fields.get("report")
        if kept is not None and kept.holds(kind, uid):
            return event.fields.keys() - {"words", "sha256"}
        frozen = event.type == "report.finished" and kind in closed
        return event.fields.keys() - {"words"} if frozen else event.fields.keys()

    def names(stored: StoredFile) -> str:
        name = file_name(stored)
        return "" if traces and traces.in_(name) else name

    return Selection(shows=shows, encloses=lambda stored: with_files, names=names)
