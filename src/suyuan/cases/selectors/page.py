"""Everything the page of one case shows, in a constant number of statements."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils.translation import gettext as _

from suyuan.accounts.models import User
from suyuan.accounts.rules import ActorProfile, Compartment
from suyuan.cases import rules
from suyuan.cases.models import Case, CaseClock, Party, Promise, Task
from suyuan.cases.selectors import door
from suyuan.cases.selectors.checklist import Brief, in_brief
from suyuan.cases.selectors.clocks import ClockCard, clock_cards
from suyuan.cases.selectors.law import LawNotice, law_notices
from suyuan.cases.selectors.today import task_title, way_left
from suyuan.cases.services.common import Colleague
from suyuan.evidence.selectors.items import closed_in
from suyuan.platform.facts import Told, facts_told, kind_of
from suyuan.platform.models import FactRow, Text
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import EvidenceKind, Procedure

TIMELINE_PAGE = 50

# Whose existence is itself protected: a reader without the right sees nothing at all.
HIDDEN = (Compartment.COUNSEL, Compartment.MEDIATION)
ANNOUNCED = (Compartment.CARE_TALK, Compartment.ROOT_CAUSE)

# Recorded, chained, and of no use to whoever reads a case's story.
NOT_TOLD = ("staff.notified",)

PATIENT_TEXTS = frozenset({"narrative", "message.in", "danger", "withdrawal"})
# Words too short for a row of their own stand in the fact; these are shown as they were said.
SHORT_WORDS = frozenset({"words", "reason", "note", "points", "alleged", "root", "outcome"})
# The sentence of these already says them.
WORDED = frozenset({"promise.made", "task.opened", "task.done", "case.guest_invited"})
# Words on their way: quoted once, where they were sent.
NOT_YET = frozenset({"message.drafted", "message.queued"})


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One fact in one sentence. `protected` without words: something is here, and why it is closed."""

    at: datetime
    stated_at: datetime | None
    who: str
    what: str
    kind: str
    quote: str = ""
    side: str = "ours"  # patient | ours | danger
    position: int
    stream_noun: str
    uid: str
    protected: bool = False


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """A shut gate in words, who holds it, and which act clears it."""

    code: str
    what: str
    act: str
    holder: str
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class TrackStop:
    """One stage on the thread: done, current or ahead."""

    code: str
    name: str
    state: str
    at: datetime | None
    days: int | None = None


@dataclass(frozen=True, kw_only=True)
class CasePage:
    """What one reader sees of one case now."""

    case: Case
    procedure: Procedure
    narrated: bool
    allowed: frozenset[str]
    narrative: str
    clocks: list[ClockCard]
    done_clocks: list[ClockCard]
    track: list[TrackStop]
    exit_words: str
    next_move: str
    next_sentence: str
    blockers: list[Blocker]
    tasks: list[Task]
    promises: list[Promise]
    parties: list[Party]
    staff: Mapping[str, list[Colleague]]
    timeline: list[TimelineEntry]
    older: int | None
    compartments: frozenset[str]
    law: list[LawNotice] = field(default_factory=list)
    alone: str = ""  # the second step that nobody is left for
    required: list[tuple[EvidenceKind, str]] = field(default_factory=list)  # and how it stands, for whoever may look
    counts: Mapping[str, int] = field(default_factory=dict)


def case_page(
    profile: ActorProfile, case: Case, *, now: datetime, before: int | None = None, view: str = ""
) -> CasePage:
    """The case as `profile` sees it. `before` opens older pages of the timeline, `view` (VIEWS) a part of it."""
    from suyuan.accounts.rules import reads_narrative

    procedure = packs.procedure_of(case.procedure_id)
    narrated = reads_narrative(profile, door.view_of(case))
    compartments = door.compartments_for(profile, case)
    clocks = list(CaseClock.objects.filter(case=case).order_by("target_at", "id"))
    for clock in clocks:
        clock.case = case
    cards = clock_cards(clocks, now)
    tasks = _tasks(case, profile, compartments, narrated)
    titles = {str(task.uid): task_title(task) for task in tasks}
    allowed = door.allowed_moves(profile, case)
    brief = in_brief(case, compartments) if "identity" in allowed else Brief()
    entries, older = timeline(
        case, compartments, narrated=narrated, before=before, view=view, titles=titles, closed=brief.closed
    )
    next_move, blockers = _next(case, procedure)
    return CasePage(
        case=case,
        procedure=procedure,
        narrated=narrated,
        allowed=allowed,
        narrative=getattr(case, "_narrative", "") if narrated else "",
        clocks=[c for c in cards if c.mood != "done"],
        done_clocks=[c for c in cards if c.mood == "done" and c.state != "void"],
        track=_track(case, procedure, now),
        exit_words=str(procedure.stage(case.stage).explain) if case.stage in rules.ENDED else "",
        next_move=next_move,
        next_sentence=str(procedure.move(rules.PACK_MOVE.get(next_move, next_move)).name) if next_move else "",
        blockers=blockers,
        tasks=tasks,
        promises=list(Promise.objects.held().filter(case=case).order_by("due_at", "id")[:40]) if narrated else [],
        parties=list(Party.objects.filter(case=case).select_related("person").order_by("id")) if narrated else [],
        staff=_staff(case),
        timeline=entries,
        older=older,
        compartments=compartments,
        law=law_notices(case, compartments),
        alone=_alone(case, now),
        required=brief.required,
    )


def _alone(case: Case, now: datetime) -> str:
    """The second step that waits here and that nobody is left for. Asks only where one waits."""
    waiting = []
    if case.is_open and case.closing_asked_at:
        waiting.append(("close_confirm", case.closing_asked_by_id))
    if case.is_open and (asked_by := door.view_of(case).lower_requested_by_id) is not None:
        waiting.append(("lower_approve", asked_by))
    return next((move for move, first in waiting if door.nobody_seconds(case, move, first, now)), "")


def _tasks(case: Case, profile: ActorProfile, compartments: Iterable[str], narrated: bool) -> list[Task]:
    """Open ones first, by when they are due. Who reads no words sees their own tasks only."""
    tasks = Task.objects.filter(case=case, compartment__in=compartments, cancelled_at__isnull=True)
    if not narrated:
        here = sorted(profile.roles_in(case.branch_id))
        tasks = tasks.filter(Q(assignee_id=profile.user_id) | Q(assignee=None, role__in=here))
    tasks = tasks.annotate(way_left=way_left())
    rows = tasks.select_related("assignee", "done_by").order_by(F("done_at").asc(nulls_first=True), "due_at", "id")
    found = list(rows[:40])
    for task in found:
        task.case = case
    return found


# --- next step -----------------------------------------------------------------------------------------------------

_FORWARD = {
    rules.Stage.RECEIVED: "acknowledge",
    rules.Stage.ACKNOWLEDGED: "investigate",
    rules.Stage.INVESTIGATING: "disclose",
    rules.Stage.DISCLOSED: "respond",
}


def forward_move(case: Case) -> str:
    """The act that carries this case on; empty once it has ended."""
    if not case.is_open:
        return ""
    if case.stage == rules.Stage.RESPONDED:
        return "close_confirm" if case.closing_asked_at else "close_request"
    return _FORWARD[case.stage]


def _next(case: Case, procedure: Procedure) -> tuple[str, list[Blocker]]:
    move = forward_move(case)
    if not move:
        return "", []
    return move, [blocker_words(missing, procedure) for missing in door.gates_shut(case, move, given=_BY_WRITING)]


# Fulfilled by what is written in the act itself, so no reason to call it blocked beforehand.
_BY_WRITING = frozenset({"disclosure_written", "final_answer_sent", "wishes_answered", "complainant_content", "complainant_asked"})


def blocker_words(missing: rules.Missing, procedure: Procedure) -> Blocker:
    """A shut gate in the words of the pack."""
    from suyuan.accounts.labels import who_label

    try:
        gate = procedure.gate(missing.code)
    except LookupError:
        return Blocker(code=missing.code, what=missing.code, act="", holder="", count=missing.count)
    return Blocker(
        code=missing.code,
        what=str(gate.missing),
        act=str(gate.clear),
        holder=str(who_label(gate.holder)),
        count=missing.count,
    )


def _track(case: Case, procedure: Procedure, now: datetime) -> list[TrackStop]:
    times = {
        rules.Stage.RECEIVED: case.received_at,
        rules.Stage.ACKNOWLEDGED: case.acknowledged_at,
        rules.Stage.INVESTIGATING: case.investigated_at,
        rules.Stage.DISCLOSED: case.disclosed_at,
        rules.Stage.RESPONDED: case.responded_at,
        rules.Stage.CLOSED: case.ended_at if case.stage == rules.Stage.CLOSED else None,
    }
    here = rules.TRACK.index(case.stage) if case.stage in rules.TRACK else None
    stops = []
    for place, stage in enumerate(rules.TRACK):
        if here is None:
            state = "done" if times[stage] else "ahead"
        elif place < here or (place == here and case.stage == rules.Stage.CLOSED):
            state = "done"
        else:
            state = "current" if place == here else "ahead"
        since = times[stage]
        stops.append(
            TrackStop(
                code=stage,
                name=str(procedure.stage(stage).name),
                state=state,
                at=since,
                days=(now - since) // timedelta(days=1) + 1 if state == "current" and since else None,
            )
        )
    return stops


def _staff(case: Case) -> Mapping[str, list[Colleague]]:
    found: dict[str, list[Colleague]] = {}
    for kind, colleague in door.involved_in(case):
        found.setdefault(kind, []).append(colleague)
    return found


# --- timeline ------------------------------------------------------------------------------------------------------


# What the house does around a letter or a deadline: on record, and shown when all is asked for.
QUIET = ("message.drafted", "message.changed", "message.queued", "staff.notified", "clock.alarmed", "item.previewed", "item.copy_asked")
# The timeline in parts: what was said between them and us, what was found out, what was decided.
VIEWS: Mapping[str, tuple[str, ...]] = {
    "talks": (
        "case.opened", "case.completed", "case.acknowledged", "contact.logged", "plan.explained", "promise.made",
        "promise.kept", "promise.broken", "demand.recorded", "demand.answered", "channels.notified",
        "case.findings_disclosed", "case.responded", "case.withdrawn", "message.received", "message.sent",
        "message.posted", "message.replaced", "message.taken_down", "message.captured",
        "message.delivered", "message.failed", "survey.sent", "survey.answered", "care.recorded",
    ),
    "inquiry": (
        "case.investigation_started", "investigator.appointed", "investigator.released", "finding.recorded",
        "finding.corrected", "root_cause.recorded", "statement.requested", "statement.given", "issue.added",
        "issue.classified", "factors.recorded", "file.added", "item.added", "item.described", "item.custody",
        "item.stripped", "item.redacted", "item.copied", "item.moved_in", "item.moved_out", "late_entry.made",
        "care.recorded", "harm.judged",
    ),
    "decisions": (
        "case.graded", "level.lowering_asked", "level.lowering_decided", "case.flagged", "case.unflagged",
        "case.escalated", "case.assigned", "speaker.named", "harm.stated", "harm.judged", "incident.identified",
        "report.made", "case.danger_raised", "case.danger_resolved", "case.moved_branch", "case.disputed",
        "case.closing_asked", "case.closed", "case.reopened", "case.resolved_on_spot", "case.withdrawn",
    ),
}  # fmt: skip


def timeline(
    case: Case,
    compartments: Iterable[str],
    *,
    narrated: bool = True,
    before: int | None = None,
    size: int = TIMELINE_PAGE,
    view: str = "",
    titles: Mapping[str, str] | None = None,
    closed: Collection[str] | None = None,
) -> tuple[list[TimelineEntry], int | None]:
    """The newest `size` facts of the case's streams as far as the reader may see them, newest first.

    `titles`: tasks by uid as the reader's language calls them; a fact keeps the words of who acted. `closed`: uids of items
    put out of this reader's reach since; what was told of them before is told without its words.
    """
    readable = frozenset(compartments)
    nouns = ["", *(c for c in ANNOUNCED), *(c for c in HIDDEN if c in readable)]
    streams = [case.compartment_stream(c) for c in nouns]
    rows = FactRow.objects.filter(stream__in=streams).exclude(type__in=NOT_TOLD)
    if view in VIEWS:
        rows = rows.filter(type__in=VIEWS[view])
    elif view != "all":
        rows = rows.exclude(type__in=QUIET)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: size + 1])
    older = found[size - 1].pk if len(found) > size else None
    found = found[:size]
    open_rows = [row for row in found if narrated and _compartment(row) in readable]
    closed = closed_in(case.stream, readable | {""}) if closed is None and narrated else closed or frozenset()
    told = {t.row.pk: _in_our_words(t, titles or {}) for t in facts_told(open_rows) if t.plain("item", "") not in closed}
    words = _words(told.values(), case) if narrated else {}
    names = names_of(row.actor for row in found)
    entries = [
        _entry(row, told.get(row.pk), words, names, narrated) if _compartment(row) in readable else _closed(row, names)
        for row in found
    ]
    return entries, older


def _in_our_words(told: Told, titles: Mapping[str, str]) -> Told:
    title = titles.get(told.plain("task", "")) if told.row.type.startswith("task.") else None
    return replace(told, private={**told.private, "title": title}) if title and "title" in told.private else told


def _compartment(row: FactRow) -> str:
    noun = row.stream.partition(":")[0]
    return "" if noun == "case" else noun


def _words(told: Iterable[Told], case: Case) -> dict[str, Text]:
    """Texts that these facts committed by digest, and what the person said first: one statement."""
    uids = [v["text"] for t in told for v in t.private.values() if isinstance(v, dict) and "text" in v]
    found = list(Text.objects.filter(Q(uid__in=uids) | Q(pk=case.narrative_id)))
    case._narrative = next((text.body for text in found if text.pk == case.narrative_id), "")
    return {str(text.uid): text for text in found}


def _entry(row: FactRow, told: Told | None, words: Mapping[str, Text], names: Mapping[str, str], narrated: bool) -> TimelineEntry:
    told = told or Told(row, {})
    quote, side = "", "danger" if row.type == "case.danger_raised" else "ours"
    for name, value in told.private.items():
        if row.type in NOT_YET:
            continue
        if isinstance(value, dict) and (text := words.get(str(value.get("text")))):
            quote = text.body
            if text.kind in PATIENT_TEXTS:
                side = "patient"
        elif isinstance(value, str) and name in SHORT_WORDS and row.type not in WORDED:
            quote = value
    stated = told.plain("happened_at")
    return TimelineEntry(
        at=row.at,
        stated_at=datetime.fromisoformat(stated.replace("Z", "+00:00")) if stated else None,
        who=names.get(row.actor, ""),
        what=kind_of(row.type).phrase(told),
        kind=row.type,
        quote=quote if narrated else "",
        side=side,
        position=row.position,
        stream_noun=row.stream.partition(":")[0],
        uid=str(row.uid),
        protected=_compartment(row) != "",
    )


def _closed(row: FactRow, names: Mapping[str, str]) -> TimelineEntry:
    from suyuan.accounts.labels import COMPARTMENTS

    kind = COMPARTMENTS.get(_compartment(row), "")
    return TimelineEntry(
        at=row.at,
        stated_at=None,
        who="",
        what=_("受保護：%(kind)s。依法另室保存，只有參與的人可以讀。") % {"kind": kind},
        kind="protected",
        position=row.position,
        stream_noun=row.stream.partition(":")[0],
        uid=str(row.uid),
        protected=True,
    )


_names: dict[str, str] = {}


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Display names of actors; people outside the staff are named by what they are."""
    wanted = set(actors)
    unknown = [a.partition(":")[2] for a in wanted if a.partition(":")[0] in ("user", "guest") and a not in _names]
    if unknown:
        for uid, name in User.objects.filter(uid__in=unknown).values_list("uid", "display_name"):
            _names[f"user:{uid}"] = _names[f"guest:{uid}"] = name
    fixed = {"system": _("系統"), "party": _("申訴人"), "reporter": _("通報人"), "integration": _("介接系統")}
    return {a: _names.get(a) or str(fixed.get(a.partition(":")[0], "")) for a in wanted}
