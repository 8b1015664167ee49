"""My day: what is due, by whom and why; what waits for me, and what waits for others."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.accounts.rules import ActorProfile, Reach, reach
from suyuan.cases.models import Approval, Case, CaseClock, Party, Promise, Task
from suyuan.cases.reaching import within
from suyuan.cases.selectors.clocks import ClockCard, card_of
from suyuan.cases.selectors.inquiry import name_now
from suyuan.cases.selectors.lists import _narrated, _narrated_among
from suyuan.correspondence.models import Clearance, Message
from suyuan.kernel import deadlines
from suyuan.people.models import ContactPoint
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import Procedure

# What one person can look through: the longest late of a kind, what comes next of it, and later ones in a fold.
LATE = 20
AHEAD = 40
LATER = 8
ON_A_SHEET = 200
OWN_CASES = 200
DAYS = 10


@dataclass(frozen=True, kw_only=True)
class DueLine:
    """One thing due: a clock, a task or a promise of a case this person sees."""

    kind: str  # clock | task | promise
    when: datetime
    what: str
    who: str
    reference: str
    matter: str
    masked_name: str
    level: int
    mood: str
    clock: ClockCard | None = None
    uid: str = ""
    task_kind: str = ""
    mine: bool = False
    since: datetime | None = None
    has_due: bool = True
    request: str = ""  # of a task: the request for evidence that it stands for


@dataclass(frozen=True, kw_only=True)
class DangerLine:
    """A danger sign that no doctor has looked at yet. Without the right to read: that there is one, and no more."""

    reference: str
    masked_name: str
    signs: Sequence[str]
    who: str
    since: datetime
    channel: str
    no_contact: bool = False  # nobody can be called: they left no way to reach them


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Something that waits for a decision."""

    reference: str
    what: str
    since: datetime
    kind: str
    who: str = ""
    due_at: datetime | None = None
    uid: str = ""
    words: Clearance | Message | None = None


@dataclass(frozen=True, kw_only=True)
class StripDay:
    date: date
    closed: str
    marks: Sequence[str]
    today: bool


@dataclass(frozen=True, kw_only=True)
class Today:
    """`rest`: how many later lines are not shown. `late_more`: more is late than these; the list of cases has them all."""

    danger: list[DangerLine]
    late: list[DueLine]
    late_more: bool
    today: list[DueLine]
    tomorrow: list[DueLine]
    later: list[DueLine]
    rest: int
    for_me: list[Waiting]
    for_others: list[Waiting]
    strip: list[StripDay]
    zone: ZoneInfo
    jurisdiction: str


def today_for(profile: ActorProfile, *, now: datetime, until_days: int = 14) -> Today:
    """The day of this person over all branches they work in; the first branch's calendar draws the strip."""
    held = reach(profile)
    branch = _home(profile)
    zone = branch.tz if branch else ZoneInfo("Asia/Taipei")
    horizon = now + timedelta(days=until_days)
    lines = _due_lines(profile, held, now, horizon, late=LATE + 1, ahead=AHEAD)
    midnight = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(0), zone).astimezone(UTC)
    after = midnight + timedelta(days=1)
    late = [line for line in lines if line.mood == "late"]
    rest = [line for line in lines if line.mood != "late"]
    later = [line for line in rest if line.when > after]
    return Today(
        danger=_danger(held),
        late=late[:LATE],
        late_more=len(late) > LATE,
        today=[line for line in rest if line.when <= midnight],
        tomorrow=[line for line in rest if midnight < line.when <= after],
        later=later[:LATER],
        rest=max(0, len(later) - LATER),
        for_me=[*_words_for_me(profile, now), *_to_post(profile, now), *_for_me(profile, held)],
        for_others=_for_others(profile, held),
        strip=_strip(lines, branch, now, zone),
        zone=zone,
        jurisdiction=branch.jurisdiction if branch else "",
    )


def handover(profile: ActorProfile, *, now: datetime, until: datetime) -> list[DueLine]:
    """What the next shift must know: everything late or due until then (usually tomorrow noon)."""
    return _due_lines(profile, reach(profile), now, until, late=ON_A_SHEET, ahead=ON_A_SHEET)


def _home(profile: ActorProfile) -> Branch | None:
    ids = sorted(profile.branch_ids)
    return Branch.objects.filter(pk__in=ids).order_by("pk").first() if ids else None


def _of_open_cases(held: Reach) -> Q:
    """Rows that belong to an open case this person sees, asked along with the row: no list of cases is made."""
    return within(held, "case__") & Q(case__is_open=True)


def _danger(held: Reach) -> list[DangerLine]:
    """One line a case, the longest waiting first."""
    from suyuan.accounts.labels import who_label

    open_ones = Task.objects.filter(
        _of_open_cases(held), kind="danger_review", done_at__isnull=True, cancelled_at__isnull=True
    )
    open_ones = open_ones.annotate(way_left=way_left())
    tasks = list(open_ones.select_related("case__patient", "case__branch", "assignee").order_by("due_at", "id")[:20])
    told = _narrated_among(list({task.case_id for task in tasks}), held)
    lines: dict[int, DangerLine] = {}
    for task in tasks:
        case, narrated = task.case, task.case_id in told
        line = DangerLine(
            reference=case.reference,
            masked_name=case.patient.masked_name if narrated and case.patient else "",
            signs=sign_words(case) if narrated else (),
            who=task.assignee.display_name if task.assignee else str(who_label(task.role)),
            since=task.opened_at,
            channel=case.channel,
            no_contact=narrated and unreachable(task),
        )
        lines.setdefault(case.pk, line)
    return list(lines.values())


def way_left() -> Exists:
    """Of a task: whether anybody outside who has to do with its case can be reached."""
    theirs = Party.objects.filter(case=OuterRef(OuterRef("case"))).values("person")
    return Exists(ContactPoint.objects.filter(person__in=theirs, ended_at=None))


def unreachable(task: Task) -> bool:
    """A danger sign came in without a way to reach anybody, and nobody has found one since."""
    return bool(task.detail.get("no_contact")) and not task.way_left


def sign_words(case: Case) -> list[str]:
    """The danger signs of a case, as its procedure words them."""
    short = {q.id: str(q.short) for q in packs.procedure_of(case.procedure_id).danger_questions}
    return [short.get(sign, sign) for sign in case.danger_signs]


def _due_lines(
    profile: ActorProfile, held: Reach, now: datetime, until: datetime, *, late: int, ahead: int
) -> list[DueLine]:
    """Of each kind the `late` that have waited longest and the `ahead` that come next: a backlog never hides today."""
    clocks = CaseClock.objects.filter(_of_open_cases(held), state="running", information=False)
    promises = Promise.objects.waiting().filter(_of_open_cases(_narrated(held)), code="")
    related = clocks.select_related("case__branch", "case__patient", "case__owner")
    clocks = _windows(related, "target_at", now, until, late, ahead)
    promises = _windows(promises.select_related("case__branch", "case__patient", "made_by"), "due_at", now, until, late, ahead)
    tasks = _tasks(profile, held, until, late + ahead)
    told = _narrated_among(list({row.case_id for row in (*clocks, *tasks, *promises)}), held)
    lines = [_clock_line(clock, clock.case_id in told, profile, now) for clock in clocks]
    lines += [_task_line(task, task.case_id in told, profile, now) for task in tasks]
    lines += [_promise_line(promise, promise.case_id in told, now) for promise in promises]
    return sorted(lines, key=lambda line: line.when)


def _windows(rows: QuerySet, moment: str, now: datetime, until: datetime, late: int, ahead: int) -> list:
    rows = rows.order_by(moment, "id")
    coming = rows.filter(**{f"{moment}__gt": now, f"{moment}__lte": until})
    return [*rows.filter(**{f"{moment}__lte": now})[:late], *coming[:ahead]]


def _tasks(profile: ActorProfile, held: Reach, until: datetime, most: int) -> list[Task]:
    """Tasks given to this person, or to a role they hold where the case is.

    Being called in about a late clock is not a second thing to do: the clock stands in the same list.
    """
    tasks = (
        Task.objects.filter(_of_open_cases(held), _readable(held), done_at=None, cancelled_at=None, clock=None)
        .exclude(kind="danger_review")
        .filter(Q(due_at__lte=until) | Q(due_at__isnull=True))
        .select_related("case__branch", "case__patient", "assignee")
        .order_by(F("due_at").asc(nulls_last=True), "id")
    )
    found = {task.pk: task for task in tasks.filter(assignee_id=profile.user_id)[:most]}
    for role in sorted(profile.roles):
        here = tasks.filter(assignee=None, role=role, case__branch_id__in=sorted(profile.branches_as(role)))
        found |= {task.pk: task for task in here[:most]}
    return list(found.values())


def _readable(held: Reach) -> Q:
    """Tasks in the open part of a case, and those in a compartment that this person reads there."""
    readable = Q(compartment="")
    for compartment in sorted(held.compartments):
        grants = tuple(grant for grant in held.grants if compartment in grant.compartments)
        readable |= Q(compartment=compartment) & within(Reach(grants, held.user_id, held.person_uid), "case__")
    return readable


def _about(case: Case, narrated: bool) -> dict:
    return {
        "reference": case.reference,
        "matter": case.matter if narrated else "",
        "masked_name": case.patient.masked_name if narrated and case.patient else "",
        "level": case.level,
    }


def _clock_line(clock: CaseClock, narrated: bool, profile: ActorProfile, now: datetime) -> DueLine:
    from suyuan.accounts.labels import who_label

    card = card_of(clock, now)
    owner = clock.case.owner
    return DueLine(
        kind="clock",
        when=clock.target_at,
        what=card.what,
        who=owner.display_name if owner else str(who_label(clock.owner_role)),
        mood=card.mood,
        clock=card,
        uid=card.uid,
        mine=owner is not None and owner.pk == profile.user_id,
        since=clock.started_at,
        **_about(clock.case, narrated),
    )


def _task_line(task: Task, narrated: bool, profile: ActorProfile, now: datetime) -> DueLine:
    from suyuan.accounts.labels import who_label

    when = task.due_at or task.opened_at
    late = task.due_at is not None and task.due_at <= now
    return DueLine(
        kind="task",
        when=when,
        what=task_title(task),
        who=task.assignee.display_name if task.assignee else str(who_label(task.role)),
        mood="late" if late else ("soon" if task.due_at and when - now < timedelta(hours=4) else "calm"),
        uid=str(task.uid),
        task_kind=task.kind,
        mine=task.assignee_id == profile.user_id,
        since=task.opened_at,
        has_due=task.due_at is not None,
        request=task.detail.get("request", ""),
        **_about(task.case, narrated),
    )


def _promise_line(promise: Promise, narrated: bool, now: datetime) -> DueLine:
    return DueLine(
        kind="promise",
        when=promise.due_at,
        what=promise.words,
        who=promise.made_by.display_name if promise.made_by else "",
        mood="late" if promise.due_at <= now else ("soon" if promise.due_at - now < timedelta(hours=4) else "calm"),
        uid=str(promise.uid),
        since=promise.made_at,
        **_about(promise.case, narrated),
    )


def task_title(task: Task) -> str:
    """A task's own title, otherwise the name of its kind, or of the level's step, in the pinned pack."""
    if task.kind == "help":
        return _("請您一起看：%(why)s") % {"why": task.title or task.case.reference}
    if task.title:
        return task.title
    if (wanted := task.detail.get("evidence")) is not None:
        return _("提供「%(kind)s」") % {"kind": packs.evidence_name(wanted)}
    procedure = packs.procedure_of(task.case.procedure_id)
    if (step := task.detail.get("step")) is not None:
        found = {each.id: each.text for each in procedure.level(task.detail.get("level")).steps}
        if step in found:
            return str(found[step])
    if (step := task.detail.get("plan_step")) is not None:
        return name_now(task.case, "plan_steps", step)
    if (rule := task.detail.get("rule")) is not None:
        asked = {each.id: each.title for each in procedure.escalations}
        if rule in asked:
            return _("請您一起看：%(why)s") % {"why": asked[rule]}
    if (clock := task.detail.get("clock")) is not None and (title := _clock_title(task.case, procedure, clock)):
        return _("已過期限：%(what)s") % {"what": title}
    try:
        return str(procedure.words("task_kinds", task.kind))
    except LookupError:
        return task.kind


def _clock_title(case: Case, procedure: Procedure, code: str) -> str:
    for house in procedure.house_clocks:
        if house.id == code:
            return str(house.title)
    for rule in packs.law_newest(case.jurisdiction).rules:
        if rule.id == code:
            return str(rule.title)
    return ""


def _for_me(profile: ActorProfile, held: Reach) -> list[Waiting]:
    """Decisions that another person asked for and this one may take; closings asked for by another."""
    from suyuan.accounts.rules import MANAGERS

    if not profile.roles & MANAGERS:
        return []
    asked = (
        Approval.objects.filter(_of_open_cases(held), decision="")
        .exclude(asked_by_id=profile.user_id)
        .select_related("case", "asked_by")
        .order_by("asked_at")[:20]
    )
    closings = (
        Case.objects.within(held)
        .filter(is_open=True, closing_asked_at__isnull=False)
        .exclude(closing_asked_by_id=profile.user_id)
        .select_related("closing_asked_by")
        .order_by("closing_asked_at")[:20]
    )
    waiting = [
        Waiting(
            reference=row.case.reference,
            what=row.kind,
            since=row.asked_at,
            kind="approval",
            who=row.asked_by.display_name,
            uid=str(row.uid),
        )
        for row in asked
    ]
    waiting += [
        Waiting(
            reference=case.reference,
            what="close",
            since=case.closing_asked_at,
            kind="closing",
            who=case.closing_asked_by.display_name if case.closing_asked_by else "",
        )
        for case in closings
    ]
    return waiting


def _words_for_me(profile: ActorProfile, now: datetime) -> list[Waiting]:
    """Words that wait for this person's yes or no; and what became of those this person asked about."""
    from suyuan.cases.selectors.clearing import clearances_asked, clearances_waiting

    def line(row: Clearance, case: Case, kind: str) -> Waiting:
        since = row.ended_at or row.asked_at
        return Waiting(
            reference=case.reference, what="words", since=since, kind=kind, who=row.asked_by.display_name, words=row
        )

    waiting = [line(row, case, "words") for row, case in clearances_waiting(profile)]
    told = {("given", True): "cleared", ("refused", True): "not_cleared", ("refused", False): "not_cleared"}
    for row, case in clearances_asked(profile, now):
        if kind := told.get((row.state, row.message_id is None)):
            waiting.append(line(row, case, kind))
    return waiting


def _to_post(profile: ActorProfile, now: datetime) -> list[Waiting]:
    """Words for everybody that are final and stand nowhere yet, said to whoever has to post them."""
    from suyuan.cases.selectors.publishing import unposted_for

    return [
        Waiting(reference=case.reference, what="words", since=message.queued_at, kind="to_post", words=message)
        for message, case in unposted_for(profile, now)
    ]


def _for_others(profile: ActorProfile, held: Reach) -> list[Waiting]:
    """Open tasks that somebody else holds in the cases this person owns, as far as those are due next."""
    own = Case.objects.within(_narrated(held)).filter(is_open=True, owner_id=profile.user_id)
    own = own.order_by("next_due_at", "id").values("pk")[:OWN_CASES]
    tasks = (
        Task.objects.filter(_readable(held), done_at=None, cancelled_at=None, clock=None, case__in=own)
        .exclude(assignee_id=profile.user_id)
        .exclude(kind="escalation")
        .select_related("case", "assignee")
        .order_by(F("due_at").asc(nulls_last=True), "id")[:12]
    )
    from suyuan.accounts.labels import who_label

    return [
        Waiting(
            reference=task.case.reference,
            what=task_title(task),
            since=task.opened_at,
            kind="task",
            who=task.assignee.display_name if task.assignee else str(who_label(task.role)),
            due_at=task.due_at,
            uid=str(task.uid),
        )
        for task in tasks
    ]


def _strip(lines: Iterable[DueLine], branch: Branch | None, now: datetime, zone: ZoneInfo) -> list[StripDay]:
    """Ten days of the working calendar with what falls on each."""
    if branch is None:
        return []
    from suyuan.cases.selectors.clocks import day_name

    table = packs.calendar_for(branch.jurisdiction).table
    first = now.astimezone(zone).date()
    marks: dict[date, list[str]] = {}
    for line in lines:
        day = (line.when - timedelta(microseconds=1)).astimezone(zone).date()
        law = line.clock is not None and line.clock.basis == "statutory"
        mark = "late" if line.mood == "late" else ("statutory" if law else "house")
        marks.setdefault(max(day, first), []).append(mark)
    days = []
    for n in range(DAYS):
        day = first + timedelta(days=n)
        closed = ""
        if not table.is_working(day):
            special = table.days.get(day)
            named = deadlines.CountedDay(day, "skipped", name=special.name if special else {})
            closed = day_name(named) or _("休")
        days.append(StripDay(date=day, closed=closed, marks=marks.get(day, ())[:6], today=n == 0))
    return days
