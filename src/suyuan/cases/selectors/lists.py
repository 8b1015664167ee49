"""All cases somebody sees: filtered by reach in SQL, ordered by what is due, paged by key, counted up to a limit."""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat, StrIndex, Substr

from suyuan.accounts.rules import ActorProfile, Grant, Reach, Relation, reach
from suyuan.cases import rules
from suyuan.cases.models import Case, CaseClock, Party
from suyuan.cases.reaching import listed, within
from suyuan.cases.selectors.clocks import ClockCard, clock_cards
from suyuan.people.selectors import people_answering
from suyuan.platform import search
from suyuan.platform.models import Text

COUNT_CAP = 1_000
NARROW = 2_000
_PAGE = re.compile(r"[1-9][0-9]{0,3}")
_CURSOR_CHARS = 120
_MOST_PK = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class ListFilters:
    """What a list shows. Codes only: nothing a reader types ever names a column."""

    state: str = "open"  # open | ended | all
    level: int | None = None
    stage: str = ""
    owner: str = ""  # me | none
    flag: str = ""
    overdue: bool = False
    branch_id: int | None = None
    query: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """One line of a list. The name is masked: a list is read over shoulders."""

    reference: str
    matter: str
    masked_name: str
    level: int
    stage: str
    stage_name: str
    owner_name: str
    branch_code: str
    flags: Sequence[str]
    danger: bool
    received_at: datetime
    next_due_at: datetime | None
    clock: ClockCard | None
    is_open: bool
    harm: str
    zone: ZoneInfo


@dataclass(frozen=True)
class Page:
    """`count` is exact up to COUNT_CAP; `capped` says there are more. `after` opens the next page."""

    items: list[CaseLine]
    count: int
    capped: bool
    after: str | None
    page: int = 1


def cases_list(
    profile: ActorProfile, filters: ListFilters, *, now: datetime, after: str | None = None, size: int = 25
) -> Page:
    """One page, in a constant number of statements whatever the number of cases."""
    held = reach(profile)
    seen = Case.objects.within(held)
    if (few := listed(held)) is not None:
        seen = seen.filter(pk__in=few)
    seen = _filtered(seen, filters, profile, now)
    if filters.query.strip():
        return _searched(profile, held, seen, filters, now, after, size)
    return _ordered(profile, held, seen, filters, now, after, size)


def _filtered(cases: QuerySet[Case], filters: ListFilters, profile: ActorProfile, now: datetime) -> QuerySet[Case]:
    if filters.state in ("open", "ended"):
        cases = cases.filter(is_open=filters.state == "open")
    if filters.level is not None:
        cases = cases.filter(level=filters.level)
    if filters.stage in set(rules.Stage):
        cases = cases.filter(stage=filters.stage)
    if filters.owner == "me":
        cases = cases.filter(owner_id=profile.user_id)
    elif filters.owner == "none":
        cases = cases.filter(owner__isnull=True)
    if filters.flag in rules.FLAGS:
        cases = cases.filter(**{filters.flag: True})
    if filters.branch_id is not None:
        cases = cases.filter(branch_id=filters.branch_id)
    if filters.overdue:
        cases = cases.filter(is_open=True, next_due_at__lte=now)
    return cases


def _ordered(profile, held: Reach, seen, filters, now, after, size) -> Page:
    """By what is due next (open) or by arrival (ended, all): keyset, so that the hundredth page costs like the first."""
    by_due = filters.state == "open"
    cursor = _cursor_read(after)
    if cursor is not None and cursor[0] is None and not by_due:
        cursor = None  # of another list: what has arrived has a date
    rows = seen
    if cursor is not None:
        at, pk = cursor
        if by_due and at is None:
            rows = rows.filter(next_due_at__isnull=True, pk__gt=pk)
        elif by_due:
            rows = rows.filter(Q(next_due_at__gt=at) | Q(next_due_at=at, pk__gt=pk) | Q(next_due_at__isnull=True))
        else:
            rows = rows.filter(Q(received_at__lt=at) | Q(received_at=at, pk__lt=pk))
    if by_due:
        dated = rows.filter(next_due_at__isnull=False).order_by("next_due_at", "pk").values_list("pk", flat=True)
        undated = rows.filter(next_due_at__isnull=True).order_by("pk").values_list("pk", flat=True)
        found = list(dated[: size + 1]) if cursor is None or cursor[0] is not None else []
        if len(found) <= size:
            found += list(undated[: size + 1 - len(found)])
    else:
        found = list(rows.order_by("-received_at", "-pk").values_list("pk", flat=True)[: size + 1])
    lines, cases = _lines(found[:size], held, now)
    more = None
    if len(found) > size and cases:
        last = cases[-1]
        more = _cursor_write(last.next_due_at if by_due else last.received_at, last.pk)
    count = seen.order_by().values("pk")[: COUNT_CAP + 1].count()
    return Page(lines, min(count, COUNT_CAP), count > COUNT_CAP, more)


def _searched(profile, held: Reach, seen, filters, now, after, size) -> Page:
    """By its number: that case. Otherwise those of a person so named or called, newest first, then those in whose words
    the query stands, by the newest of these: one order, counted once and cut into pages."""
    query = filters.query.strip()
    if reference := rules.reference_read(query):
        found = list(seen.filter(reference=reference).values_list("stream", flat=True))
        return Page(_lines(found, held, now, by="stream")[0], len(found), False, None)
    page = int(after) if after and _PAGE.fullmatch(after) else 1
    worded = search.streams_found(_texts(held, seen, query), most=COUNT_CAP + 1, by="origin")
    found = list(dict.fromkeys([*_named(profile, held, seen, query), *worded]))
    count, start = min(len(found), COUNT_CAP), (page - 1) * size
    lines, _cases = _lines(found[:count][start : start + size], held, now, by="stream")
    return Page(lines, count, len(found) > COUNT_CAP, str(page + 1) if page * size < count else None, page)


def _named(profile: ActorProfile, held: Reach, seen: QuerySet[Case], query: str) -> list[str]:
    """Streams of cases of a person with this name, telephone or chart number, where this reader may know names."""
    people = people_answering(profile, query)
    if people is None or not held.reads_narrative:
        return []
    parties = Party.objects.filter(person__in=people.values("pk")).values("case_id")
    patients = Case.objects.filter(patient__in=people.values("pk")).values("pk")
    cases = _told(held, seen).filter(pk__in=parties.union(patients, all=True))
    return list(cases.order_by("-received_at", "-pk").values_list("stream", flat=True)[: COUNT_CAP + 1])


def _texts(held: Reach, seen: QuerySet[Case], query: str) -> QuerySet[Text]:
    """Matching words that this person may read; `origin` is the stream of the case, whose compartments have their own.

    A narrow reach is read directly, a wide one by the index.
    """
    opened = _opened(held)
    compartments = frozenset().union(*opened.values())
    readers = tuple(grant for grant in held.grants if grant.reads_narrative or grant.compartments)
    cases = _among(seen, held, readers)
    uid = Substr("stream", StrIndex("stream", Value(":")) + 1)
    origin = Concat(Value("case:"), uid, output_field=CharField())
    many = cases.order_by().values("pk")[: NARROW + 1].count()
    if not many:
        return Text.objects.none().annotate(origin=origin)
    if many <= NARROW:
        texts = Text.objects.filter(stream__in=_streams(cases, compartments), compartment__in=sorted(compartments))
        found = search.scan_matching(query, texts).annotate(origin=origin)
    else:
        # Asked text by text, newest first: a list of all streams within a wide reach would grow with the years.
        found = search.texts_matching(query, branches=_branches(held), compartments=compartments).annotate(origin=origin)
    readable = Q(pk__in=[])
    for grants, here in opened.items():
        words = Q(compartment__in=sorted(here))
        if many > NARROW or grants != readers:  # otherwise nothing but their cases is read anyway
            words &= Q(Exists(_among(seen, held, grants).order_by().filter(stream=OuterRef("origin"))))
        readable |= words
    return found.filter(readable)


def _opened(held: Reach) -> dict[tuple[Grant, ...], set[str]]:
    """Which grants open which compartments; "" is the open part, for those who read what was told.

    A protected word is found only in cases of a grant that opens its compartment, not wherever the reader sees a case.
    """
    opened: dict[tuple[Grant, ...], set[str]] = {}
    for compartment in ("", *sorted(held.compartments)):
        grants = tuple(g for g in held.grants if (compartment in g.compartments if compartment else g.reads_narrative))
        if grants:
            opened.setdefault(grants, set()).add(compartment)
    return opened


def _streams(cases: QuerySet[Case], compartments: frozenset[str]) -> RawSQL:
    """Every stream in which words of these cases may stand; the cases are looked for once, however many these are."""
    cases_sql, params = cases.order_by().values("stream").query.sql_with_params()
    nouns = [name or "case" for name in sorted(compartments)]
    rows = ", ".join(["(%s)"] * len(nouns))
    return RawSQL(
        f"SELECT noun.column1 || substr(found.stream, 5) FROM ({cases_sql}) found CROSS JOIN (VALUES {rows}) noun",
        (*params, *nouns),
    )


def _told(held: Reach, seen: QuerySet[Case]) -> QuerySet[Case]:
    """Those whose words and names this person may read: only these answer to words and names."""
    return _among(seen, held, _narrated(held).grants)


def _among(seen: QuerySet[Case], held: Reach, grants: tuple[Grant, ...]) -> QuerySet[Case]:
    """Those of the cases seen that one of these grants opens."""
    return seen if grants == held.grants else seen.filter(within(Reach(grants, held.user_id, held.person_uid)))


def _narrated(held: Reach) -> Reach:
    grants = tuple(g for g in held.grants if g.reads_narrative)
    return Reach(grants, held.user_id, held.person_uid)


def _branches(held: Reach) -> set[int] | None:
    """Branches whose words the index is asked for; None: all. Cases named to a person stand anywhere: their branches are
    looked up, or every search of every branch would read the words of the whole house."""
    found: set[int] = set()
    named = tuple(grant for grant in held.grants if grant.relation in (Relation.INVESTIGATOR, Relation.GUEST))
    for grant in held.grants:
        if grant.branch_ids is not None:
            found |= grant.branch_ids
        elif grant not in named and grant.relation != Relation.NONE:
            return None
    if named:
        few = listed(Reach(named, held.user_id, held.person_uid))
        if few is None:
            return None
        found |= set(Case.objects.filter(pk__in=few).order_by().values_list("branch_id", flat=True))
    return found


def _lines(
    keys: Sequence[int] | Sequence[str], held: Reach, now: datetime, *, by: str = "pk"
) -> tuple[list[CaseLine], list[Case]]:
    """The lines of these cases, in this order: three statements."""
    rows = Case.objects.select_related("branch", "owner", "patient").in_bulk(keys, field_name=by)
    cases = [rows[key] for key in keys if key in rows]
    nearest = _nearest_clocks(cases, now)
    told = _narrated_among([case.pk for case in cases], held)
    return [_line(case, nearest.get(case.pk), case.pk in told) for case in cases], cases


def _narrated_among(pks: Sequence[int], held: Reach) -> set[int]:
    """Which of these cases this person may read the words of; asked only when some grant is without words."""
    if all(grant.reads_narrative for grant in held.grants):
        return set(pks)
    return set(Case.objects.within(_narrated(held)).filter(pk__in=pks).values_list("pk", flat=True))


def _nearest_clocks(cases: Sequence[Case], now: datetime) -> dict[int, ClockCard]:
    by_pk = {case.pk: case for case in cases}
    running = CaseClock.objects.filter(case_id__in=by_pk, state__in=("running", "paused"), information=False)
    nearest: dict[int, CaseClock] = {}
    for clock in running.order_by("target_at", "id"):
        clock.case = by_pk[clock.case_id]
        nearest.setdefault(clock.case_id, clock)
    return {card.case_id: card for card in clock_cards(nearest.values(), now)}


def _line(case: Case, clock: ClockCard | None, narrated: bool) -> CaseLine:
    return CaseLine(
        reference=case.reference,
        matter=case.matter if narrated else "",
        masked_name=case.patient.masked_name if case.patient and narrated else "",
        level=case.level,
        stage=case.stage,
        stage_name=stage_name(case),
        owner_name=case.owner.display_name if case.owner else "",
        branch_code=case.branch.code,
        flags=case.flags,
        danger=case.danger == "open",
        received_at=case.received_at,
        next_due_at=case.next_due_at,
        clock=clock,
        is_open=case.is_open,
        harm=case.harm,
        zone=case.branch.tz,
    )


def stage_name(case: Case) -> str:
    from suyuan.playbooks.selectors import procedure_of

    return str(procedure_of(case.procedure_id).stage(case.stage).name)


def _cursor_write(at: datetime | None, pk: int) -> str:
    raw = json.dumps([at.isoformat() if at else None, pk]).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _cursor_read(after: str | None) -> tuple[datetime | None, int] | None:
    """A cursor from an address; one that makes no sense opens the first page."""
    if not after or len(after) > _CURSOR_CHARS:
        return None
    try:
        at, pk = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        read = datetime.fromisoformat(at) if at is not None else None
        if read is not None:
            read = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
        return (read, int(pk)) if 0 <= pk <= _MOST_PK else None
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
