"""The guarded door to one case, and what its gates look at."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache, lru_cache

from django.db import connection
from django.db.models import Count, Exists, Field, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from suyuan.accounts import rules as who
from suyuan.accounts.models import GuestGrant
from suyuan.accounts.rules import ActorProfile, CaseView, Reach
from suyuan.accounts.selectors import profiles_around
from suyuan.cases import rules
from suyuan.cases.errors import MayNot
from suyuan.cases.models import (
    Acknowledgement,
    Approval,
    Case,
    CaseClock,
    CaseIssue,
    Demand,
    Disclosure,
    Evaluation,
    Finding,
    Involvement,
    Obligation,
    Party,
    Proceeding,
    Promise,
    RootCause,
    Task,
)
from suyuan.cases.reaching import within
from suyuan.cases.services.common import Colleague, case_people
from suyuan.evidence.models import CopySet, Seal
from suyuan.kernel.refusal import NotHere
from suyuan.platform.asked import Asked
from suyuan.platform.models import Hold
from suyuan.playbooks import selectors as packs

_WITH = ("branch", "owner", "speaker", "registered_by", "patient", "department", "narrative")


def case_for(profile: ActorProfile, reference: str, *, to: str = "see") -> Case:
    """The one way to a case for staff. Not there and not yours look alike (NotHere).

    Raises MayNot when the case is seen but the move `to` is somebody else's.
    """
    written = rules.reference_read(reference)
    if written is None:
        raise NotHere()
    case = next(iter(_seen(connection.vendor, who.reach(profile))(written)), None)
    if case is None:
        raise NotHere()
    answer = who.may(profile, to, view_of(case))
    if not answer:
        raise MayNot(answer.code, answer.who_could)
    return case


_SOME = "\0"


@lru_cache(maxsize=512)
def _seen(vendor: str, reach: Reach) -> Asked:
    """The case of a reference, if it is within reach. Every page of a case begins here; half of its time went into this SQL."""
    cases = Case.objects.none() if reach.nowhere else Case.objects.filter(within(reach, one=True))
    return Asked(counted(cases.filter(reference=_SOME).select_related(*_WITH)), _SOME)


def case_meant(reference: str) -> tuple[str, int] | None:
    """Stream and branch of the case so called, for the access log alone: nobody is asked whether they may see it."""
    written = rules.reference_read(reference)
    return Case.objects.filter(reference=written).values_list("stream", "branch_id").first() if written else None


def case_by_stream(stream: str) -> Case:
    """For jobs and reactions, which act for nobody. Raises NotHere."""
    case = Case.objects.select_related(*_WITH).filter(stream=stream).first()
    if case is None:
        raise NotHere()
    return case


def view_of(case: Case) -> CaseView:
    """What `may` needs to know; kept on the row, so that one request asks once."""
    if not hasattr(case, "_view"):
        case._view, case._colleagues = case_people(case)
    return case._view


def involved_in(case: Case) -> list[tuple[str, Colleague]]:
    """Colleagues who have to do with this case now, and as what: read along with `view_of`, so that a request asks once."""
    view_of(case)
    return case._colleagues


def compartments_for(profile: ActorProfile, case: Case) -> frozenset[str]:
    """Protected material of this case that this person reads, and the open part."""
    return who.compartments_of(profile, view_of(case)) | {""}


def narrated_for(profile: ActorProfile, case: Case) -> bool:
    """Whether words of and about people may be shown to this person."""
    return who.reads_narrative(profile, view_of(case))


def allowed_moves(profile: ActorProfile, case: Case) -> frozenset[str]:
    """Every move this person may make on this case, whatever its stage says."""
    view = view_of(case)
    return frozenset(move for move in who.MOVES if who.may(profile, move, view))


# The step of one person, and the step that only another may take after it.
SECONDED = {"lower_request": "lower_approve", "close_request": "close_confirm"}


def nobody_seconds(case: Case, move: str, first_id: int | None, now: datetime) -> bool:
    """Whether nobody would be left for the second step `move` after this person's first: small clinics invite a guest."""
    asked = replace(view_of(case), **{who.move_rule(move).second_to: first_id})
    return not who.who_may(profiles_around(case.branch, case.stream, now), move, asked)


# --- gates ---------------------------------------------------------------------------------------------------------


def _number(rows: QuerySet) -> Coalesce:
    counted_rows = rows.filter(case=OuterRef("pk")).order_by().values("case").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted_rows), 0)


def counted(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Cases with everything gates look at, in the same statement."""
    ready = _compiled(connection.vendor)
    return cases.annotate(**{name: RawSQL(sql, params, kind) for name, (sql, params, kind) in ready.items()})


@cache
def _compiled(vendor: str) -> dict[str, tuple[str, tuple, Field]]:
    """The counts as SQL, put together once: doing it for each page would cost more than the database takes to answer."""
    query = _described(Case.objects.all()).query
    compiler = query.get_compiler(connection=connection)
    return {name: (*compiler.compile(what), what.output_field) for name, what in query.annotations.items()}


def _described(cases: QuerySet[Case]) -> QuerySet[Case]:
    current = Finding.objects.filter(replaced_by__isnull=True)
    with_finding = current.filter(issue=OuterRef("pk"))
    return cases.annotate(
        n_unclassified=_number(CaseIssue.objects.filter(primary_cause="")),
        n_findings=_number(current),
        n_without=_number(CaseIssue.objects.filter(~Exists(with_finding))),
        n_general=_number(current.filter(issue__isnull=True)),
        n_causes=_number(RootCause.objects.all()),
        n_promises=_number(Promise.objects.waiting()),
        n_demands=_number(Demand.objects.filter(answered_at=None)),
        n_tasks=_number(Task.objects.filter(done_at=None, cancelled_at=None)),
        n_obligations=_number(Obligation.objects.filter(discharged_at=None)),
        n_binding=_number(
            CaseClock.objects.filter(
                state__in=("running", "paused"), basis="law", grade="V", information=False, external=False
            )
        ),
        has_ack=Exists(Acknowledgement.objects.filter(case=OuterRef("pk"))),
        has_disclosure=Exists(Disclosure.objects.filter(case=OuterRef("pk"), kind="findings")),
        has_answer=Exists(Disclosure.objects.filter(case=OuterRef("pk"), kind="answer")),
        has_investigator=Exists(
            Involvement.objects.filter(case=OuterRef("pk"), kind="investigator", until__isnull=True)
        ),
        n_proceedings=_number(Proceeding.objects.filter(ended_at=None)),
        held=Exists(Hold.objects.filter(stream=OuterRef("stream"), lifted_at=None)),
        n_erasures=_number(Demand.objects.filter(kind="data_erase", answered_at=None)),
        copies_ready=Exists(CopySet.objects.filter(stream=OuterRef("stream"), handover=None)),
        under_seal=Exists(Seal.objects.filter(stream=OuterRef("stream"), opening=None)),
        has_guest=Exists(GuestGrant.objects.filter(stream=OuterRef("stream"), ended_at=None)),
        complained_about=Exists(
            Involvement.objects.filter(case=OuterRef("pk"), kind="complained", until__isnull=True)
        ),
        represented=Exists(Party.objects.filter(case=OuterRef("pk"), relation__gt="").exclude(relation="self")),
        evaluated=Exists(Evaluation.objects.filter(case=OuterRef("pk"))),
        lowering_by=Subquery(
            Approval.objects.filter(case=OuterRef("pk"), kind="lower_level", decision="").values("asked_by_id")[:1]
        ),
    )


def case_state(
    case: Case, *, given: frozenset[str] = frozenset(), wished: frozenset[str] = frozenset()
) -> rules.CaseState:
    """What gates look at, read now. `given`: gates that the act itself fulfils; `wished`: wishes that it answers."""
    row = case if hasattr(case, "n_findings") else counted(Case.objects.filter(pk=case.pk)).get()
    return rules.CaseState(
        stage=case.stage,
        level=case.level,
        harm=case.harm,
        danger=case.danger,
        acknowledged=case.acknowledged_at is not None,
        has_owner=case.owner_id is not None,
        has_speaker=case.speaker_id is not None,
        has_investigator=row.has_investigator,
        unclassified_issues=row.n_unclassified,
        findings=row.n_findings,
        issues_without_finding=0 if row.n_general else row.n_without,
        root_causes=row.n_causes,
        disclosed=row.has_disclosure,
        answered=row.has_answer,
        channels_notified=case.channels_notified_at is not None,
        needs_helper=bool(case.communication_need) and not case.helper_named,
        promises_open=row.n_promises,
        demands_open=row.n_demands,
        wishes_open=0 if case.stage in _ANSWERED and row.has_answer else len(set(case.wishes) - wished),
        tasks_open=row.n_tasks,
        obligations_open=row.n_obligations,
        binding_clocks=("law",) * row.n_binding,
        closing_asked=case.closing_asked_at is not None,
        given=given,
    )


# An answer says what becomes of each wish; one that is given anew after reopening says so again.
_ANSWERED = frozenset({rules.Stage.RESPONDED, *rules.ENDED})


def gates_shut(
    case: Case, move: str, *, given: frozenset[str] = frozenset(), wished: frozenset[str] = frozenset()
) -> list[rules.Missing]:
    """What still keeps this move shut: the pack pinned by the case, and what no pack can take away."""
    procedure = packs.procedure_of(case.procedure_id)
    wanted = procedure.gates_of(rules.PACK_MOVE.get(move, move), case.jurisdiction)
    return rules.shut_gates(move, (gate.id for gate in wanted), case_state(case, given=given, wished=wished))


def overdue(cases: QuerySet[Case], now: datetime) -> QuerySet[Case]:
    return cases.filter(Q(is_open=True) & Q(next_due_at__lte=now))
