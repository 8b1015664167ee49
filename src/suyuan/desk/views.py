"""Thin: parse, call, render."""
from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from suyuan.accounts.held import held_initial
from suyuan.accounts.middleware import passive
from suyuan.accounts.models import Branch
from suyuan.accounts.rules import FRONT, MANAGERS, Role, may
from suyuan.accounts.selectors import deputies_today, users_in
from suyuan.accounts.services import GuestAdmitted
from suyuan.cases import phrases
from suyuan.cases import selectors as cases_read
from suyuan.cases.errors import IdentityNotVerified, MayNot
from suyuan.cases.models import (
    CaseClock,
    Demand,
    Disclosure,
    Finding,
    Obligation,
    Party,
    Proceeding,
    RootCause,
)
from suyuan.cases.phrases import OUTCOMES, label
from suyuan.cases.selectors import inquiry
from suyuan.cases.selectors.clearing import last_words_of
from suyuan.cases.selectors.door import SECONDED, allowed_moves, nobody_seconds, view_of
from suyuan.cases.selectors.page import names_of
from suyuan.cases.selectors.proceedings import unmediated_suit
from suyuan.cases.selectors.root_causes import fishbone_of, root_causes_of
from suyuan.cases.services import clocks as clock_services
from suyuan.cases.services import ending, handling
from suyuan.cases.services import investigation as finding_out
from suyuan.cases.services.intake import case_register
from suyuan.cases.services.receipts import receipt_issue, secret_shown
from suyuan.cases.services.wording import words_ask
from suyuan.correspondence import services as post
from suyuan.correspondence.models import Message
from suyuan.correspondence.rules import Channel
from suyuan.correspondence.selectors import posted_of
from suyuan.desk import guarding, shapes, template_pick, uploads
from suyuan.desk.acts import BY_CODE, Act, offered
from suyuan.desk.duty import here
from suyuan.desk.evidence_shapes import CONCLUDES, conclusion_advice
from suyuan.desk.fields import ExtendForm, attempt, item_named
from suyuan.desk.inbox import files_of, waiting_for
from suyuan.desk.items import gallery
from suyuan.desk.letters import LetterForm, LetterTakenBack, party_words
from suyuan.desk.noting import noted
from suyuan.desk.register import RegisterForm
from suyuan.desk.wording import rules_pages
from suyuan.desk.wording_texts import jurisdiction_asked
from suyuan.evidence.rules import PICTURES
from suyuan.evidence.selectors.items import items_of
from suyuan.kernel.refusal import MovedMeanwhile, NotHere, Refusal
from suyuan.kernel.sizes import LARGEST_FILE
from suyuan.people.selectors import search_people
from suyuan.platform import access, idempotency, keys
from suyuan.platform.addresses import address
from suyuan.platform.models import FactRow
from suyuan.playbooks import selectors as packs
from suyuan.ui import dates
from suyuan.ui.qr import qr_svg
from suyuan.ui.shapes import Step

PRINTED_FACTS = 500
REGISTER_ROLES = frozenset(FRONT | MANAGERS | {Role.DOCTOR})
PRESENCE_SECONDS = 75
# Who investigates and who is heard: acts that stand beside what was found out.
HEARING = ("investigator", "investigator-release", "complained", "complained-unset", "statement", "support")
FINDING = ("issue", "classify", "factors", "finding", "root-cause", "fishbone", "late-entry")
_WAITING_SECRET = "desk.waiting_secret"
_WAITING_SECONDS = 600


def _opened(told: Iterable[cases_read.TimelineEntry]) -> set[str]:
    """Compartments out of which these entries come."""
    return {entry.stream_noun for entry in told if entry.protected and entry.kind != "protected"}


# --- my day --------------------------------------------------------------------------------------------------------


@address("staff")
def today(request: HttpRequest) -> HttpResponse:
    """What is due, by whom and why."""
    day = cases_read.today_for(request.profile, now=request.now)
    lines = (*day.danger, *day.late, *day.today, *day.tomorrow, *day.later, *day.for_me, *day.for_others)
    shown = list(dict.fromkeys(line.reference for line in lines))
    access.seen(request.actor, "today", at=request.now, purpose="read", shown=shown)
    with timezone.override(day.zone):
        context = shapes.today(day, request.profile, request.user.display_name, request.now)
        context["deputies"] = deputies_today(request.profile.branch_ids, request.now)
        context["may_register"] = bool(REGISTER_ROLES & request.profile.roles)
        context["incoming"] = waiting_for(request.profile)
        return render(request, "desk/today.html", context)


@address("staff")
def handover(request: HttpRequest) -> HttpResponse:
    """What the next shift must know: late, or due until tomorrow noon."""
    branch = _home(request)
    zone = branch.tz if branch else timezone.get_default_timezone()
    noon = datetime.combine(request.now.astimezone(zone).date() + timedelta(days=1), time(12), zone)
    lines = cases_read.handover(request.profile, now=request.now, until=noon)
    access.seen(request.actor, "handover", at=request.now, purpose="read", shown=[line.reference for line in lines])
    with timezone.override(zone):
        context = {
            "lines": shapes.duties(lines, request.profile, request.now),
            "until": noon,
            "now": request.now,
            "branch": branch,
            "back_url": reverse("desk:today"),
        }
        return render(request, "desk/handover.html", context)


def _home(request: HttpRequest) -> Branch | None:
    """The branch whose hours the reader lives by."""
    return Branch.objects.filter(pk__in=sorted(request.profile.branch_ids)).order_by("pk").first()


# --- all cases -----------------------------------------------------------------------------------------------------


@address("staff")
def cases(request: HttpRequest) -> HttpResponse:
    """All cases within reach, filtered and searched."""
    filters = _filters(request)
    page = cases_read.cases_list(request.profile, filters, now=request.now, after=request.GET.get("after"))
    access.seen(
        request.actor,
        "cases.list",
        at=request.now,
        purpose="search" if filters.query else "read",
        asked=request.META.get("QUERY_STRING", "")[:300],
        shown=[item.reference for item in page.items],
    )
    template = "desk/cases.html#rows" if request.htmx and not request.htmx.boosted else "desk/cases.html"
    with timezone.override(page.items[0].zone if page.items else timezone.get_default_timezone()):
        context = {
            "page": page,
            "lines": shapes.lines(page.items),
            "filters": filters,
            "now": request.now,
            "later_url": shapes.later_url(request.GET, page.after),
            "first_url": shapes.first_url(request.GET),
            "may_register": bool(REGISTER_ROLES & request.profile.roles),
            **shapes.chips(filters, request.GET),
        }
        return render(request, template, context)


def _filters(request: HttpRequest) -> cases_read.ListFilters:
    asked = request.GET
    level = asked.get("level", "")
    state = asked.get("state", "open")
    return cases_read.ListFilters(
        state=state if state in ("open", "ended", "all") else "open",
        level=int(level) if level in ("0", "1", "2", "3") else None,
        stage=asked.get("stage", ""),
        owner=asked.get("owner", "") if asked.get("owner") in ("me", "none") else "",
        flag=asked.get("flag", ""),
        overdue=asked.get("overdue") == "1",
        query=asked.get("q", "")[:200],
    )


# --- one case ------------------------------------------------------------------------------------------------------


@address("staff", move="see")
def case(request: HttpRequest, reference: str) -> HttpResponse:
    """The page of one case."""
    found = cases_read.case_for(request.profile, reference)
    view = request.GET.get("view", "")
    page = cases_read.case_page(request.profile, found, now=request.now, view=view)
    noted(request, found, "case.page", compartments=_opened(page.timeline) | {task.compartment for task in page.tasks})
    with timezone.override(found.branch.tz):
        card = request.GET.get("card", "")
        return render(request, "desk/case.html", shapes.case(page, request.profile, request.now, view=view, card=card))


@address("staff", move="see")
def older(request: HttpRequest, reference: str) -> HttpResponse:
    """The next fifty facts of the timeline."""
    found = cases_read.case_for(request.profile, reference)
    before, view = request.GET.get("before", ""), request.GET.get("view", "")
    told, more = cases_read.timeline(
        found,
        cases_read.compartments_for(request.profile, found),
        narrated=cases_read.narrated_for(request.profile, found),
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None,
        view=view,
    )
    noted(request, found, "case.older", compartments=_opened(told))
    template = "desk/case.html#entries" if request.htmx else "desk/older.html"
    with timezone.override(found.branch.tz):
        context = {"case": found, "entries": shapes.entries(told, request.now), "older": more, "view": view}
        return render(request, template, context)


@address("staff", move="see")
def clock(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The small calendar that explains a date."""
    return _clock_page(request, cases_read.case_for(request.profile, reference), uid)


def _clock_page(request: HttpRequest, found, uid: UUID, form: ExtendForm | None = None) -> HttpResponse:
    explained = cases_read.clock_explained(request.profile, found, str(uid), request.now)
    noted(request, found, "case.clock")
    allowed = allowed_moves(request.profile, found)
    with timezone.override(found.branch.tz):
        context = shapes.clock(explained, found, request.now) | {
            "may_pause": "task" in allowed and explained.card.pausable,
            "narrated": cases_read.narrated_for(request.profile, found),
            "reason": held_initial(request).get("reason", ""),
            "heading": shapes.heading(found, cases_read.narrated_for(request.profile, found)),
        }
        if "task" in allowed and context["running"] and explained.extensions_left:
            context["extend"] = form or ExtendForm(zone=found.branch.tz, initial=held_initial(request))
        refused = getattr(form, "refused", None)
        status = 200 if form is None else refused.status if refused is not None else 422
        return render(request, "desk/clock.html", context, status=status)


@address("staff", move="task", methods=("POST",))
def clock_extend(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Record that a deadline was lawfully extended, by whom and why."""
    found = cases_read.case_for(request.profile, reference, to="task")
    row, form = _clock(found, uid), ExtendForm(request.POST, zone=found.branch.tz)

    def act():
        return clock_services.clock_extend(clock=row, **form.cleaned_data, actor=request.actor, now=request.now)

    if form.is_valid() and attempt(form, act):
        messages.success(request, _("已記下延長，新的期限與提醒已經算好。"))
        return redirect("desk:clock", reference=found.reference, uid=uid)
    return _clock_page(request, found, uid, form)


@address("staff", move="task", methods=("POST",))
def clock_pause(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    found = cases_read.case_for(request.profile, reference, to="task")
    row = _clock(found, uid)
    clock_services.clock_pause(clock=row, reason=request.POST.get("reason", ""), actor=request.actor, now=request.now)
    return redirect("desk:clock", reference=found.reference, uid=uid)


@address("staff", move="task", methods=("POST",))
def clock_resume(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    found = cases_read.case_for(request.profile, reference, to="task")
    clock_services.clock_resume(clock=_clock(found, uid), actor=request.actor, now=request.now)
    return redirect("desk:clock", reference=found.reference, uid=uid)


def _clock(found, uid: UUID) -> CaseClock:
    row = CaseClock.objects.filter(case=found, uid=uid).select_related("case__branch").first()
    if row is None:
        raise NotHere()
    return row


@address("staff", move="identity")
def investigation(request: HttpRequest, reference: str) -> HttpResponse:
    """Findings, root cause, statements, what was disclosed."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    readable = cases_read.compartments_for(request.profile, found)
    noted(request, found, "case.investigation", compartments={"root_cause"} & readable)
    allowed = allowed_moves(request.profile, found)
    context = {
        "case": found,
        "heading": shapes.heading(found, True),
        "pages": shapes.pages(found, allowed, "investigation"),
        "issues": _issues(found),
        "findings": _findings(found, readable | {""}),
        "root_causes": _root_causes(found) if "root_cause" in readable else None,
        "plan": [(inquiry.step_words(step), step) for step in inquiry.plan_of(found)],
        "conflicts": [_conflict(check) for check in inquiry.conflict_checks_of(found)],
        "counsel": "counsel" in readable,
        "may_print": "read_causes" in allowed,
        "plan_acts": _links(found, allowed, "find", "plan-step", "plan-step-done", "plan-step-strike"),
        "conflict_acts": _links(found, allowed, "find", "declare", "reviewer"),
        "disclosures": Disclosure.objects.filter(case=found).select_related("words", "by").order_by("id"),
        "statements": found.statements.select_related("user", "alleged", "answer").order_by("id"),
        "acts": _links(found, allowed, "find", *FINDING),
        "advice": conclusion_advice(found),
        "people_acts": _links(found, allowed, "people", *HEARING),
    }
    with timezone.override(found.branch.tz):
        return render(request, "desk/investigation.html", context)


def _findings(found, readable: frozenset[str]) -> list[tuple[Finding, list[tuple[str, str]]]]:
    """Each finding with what it cites: words, and the address for those who may read the item."""
    rows = Finding.objects.filter(case=found).select_related("words", "by", "issue", "replaced_by").order_by("id")
    return [
        (row, [_cite(found, cite.item, readable) for cite in row.citations.all()])
        for row in rows.prefetch_related("citations__item__stored")
    ]


def _cite(found, item, readable: frozenset[str]) -> tuple[str, str]:
    leads = item.stored_id and item.compartment in readable
    return item_named(item, readable), reverse("desk:file", args=[found.reference, item.uid]) if leads else ""


def _root_causes(found) -> list[tuple[RootCause, str]]:
    """Each analysis, with its picture where it is a fishbone."""
    return [(row, fishbone_of(found, row)) for row in root_causes_of(found)]


def _conflict(check) -> dict:
    return {
        "check": check,
        "seen": [str(phrases.CONNECTIONS[code]) for code in check.seen if code in phrases.CONNECTIONS],
        "declared": label(phrases.DECLARATIONS, check.declared) if check.declared else "",
    }


def _issues(found) -> list[dict]:
    procedure = packs.procedure_of(found.procedure_id)
    return [
        {"subject": row.subject, "causes": [str(procedure.cause(code).name) for code in row.causes], "treatment": row.treatment}
        for row in found.issues.select_related("treatment").order_by("id")
    ]


@address("staff", move="identity")
def outside(request: HttpRequest, reference: str) -> HttpResponse:
    """Demands, proceedings, reports, obligations: what runs beside the stage."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    allowed = allowed_moves(request.profile, found)
    procedure = packs.procedure_of(found.procedure_id)
    proceedings = list(Proceeding.objects.filter(case=found).prefetch_related("steps").order_by("id"))
    context = {
        "case": found,
        "unmediated": unmediated_suit(found, proceedings),
        "demands": [
            (str(procedure.words("demand_kinds", d.kind)), label(OUTCOMES, d.outcome), d)
            for d in Demand.objects.filter(case=found).select_related("asked_by__person").order_by("id")
        ],
        "proceedings": [
            (str(procedure.words("proceeding_kinds", p.kind)), label(OUTCOMES, p.outcome), _steps(p, procedure), p)
            for p in proceedings
        ],
        "obligations": Obligation.objects.filter(case=found, discharged_at=None).order_by("due_at"),
        "heading": shapes.heading(found, True),
        "pages": shapes.pages(found, allowed, "outside"),
        "acts": _links(found, allowed, "outside"),
        "demand_acts": _links(found, allowed, "talk", "demand", "demand-answer", "channels"),
        "channels": procedure.channels_of(found.jurisdiction),
        "outcomes": OUTCOMES,
        "milestones": {row.id: str(row.name) for row in procedure.kinds_of("milestones")},
    }
    noted(request, found, "case.outside")
    with timezone.override(found.branch.tz):
        return render(request, "desk/outside.html", context)


def _steps(proceeding: Proceeding, procedure) -> list[tuple[str, object]]:
    names = {row.id: str(row.name) for row in procedure.kinds_of("milestones")}
    return [(names.get(step.milestone, step.milestone), step) for step in proceeding.steps.all()]


def _links(found, allowed: frozenset[str], group: str, *codes: str) -> list[tuple[str, str]]:
    """Acts of one group, or these of it, as links."""
    acts = [act for act in offered(found, allowed) if act.group == group and (not codes or act.code in codes)]
    return [(str(act.title), shapes.act_url(act.code, found)) for act in acts]


@address("staff", move="print")
def case_print(request: HttpRequest, reference: str) -> HttpResponse:
    """The case on paper: written to the access log before it is shown."""
    found = cases_read.case_for(request.profile, reference, to="print")
    access.note_before(
        request.actor, "case.print", at=request.now, purpose="print", branch_id=found.branch_id, stream=found.stream
    )
    page = cases_read.case_page(request.profile, found, now=request.now)
    # Protected compartments leave the house by their own rule, never with this paper.
    told, more = cases_read.timeline(found, {""}, narrated=page.narrated, size=PRINTED_FACTS, view="all")
    last = FactRow.objects.filter(stream=found.stream).order_by("-position").first()
    with timezone.override(found.branch.tz):
        context = shapes.case(page, request.profile, request.now) | {
            "entries": shapes.entries(told[::-1], request.now),
            "cut": more is not None,
            "chain": last.position if last else "",
            "hash": last.leaf if last else "",
            "back_url": shapes.case_url(found.reference),
            "printed_by": request.user.display_name,
        }
        return render(request, "desk/print.html", context)


@address("staff", move="see", methods=("POST",))
@passive
def presence(request: HttpRequest, reference: str) -> HttpResponse:
    """A heartbeat: who is writing on this case. Pages that only show it ask; those with a form (`?writing`) also say so.

    Kept in the cache only.
    """
    found = cases_read.case_for(request.profile, reference)
    key = f"presence:{found.pk}"
    here: dict[str, list] = cache.get(key) or {}
    fresh = {who: row for who, row in here.items() if request.now.timestamp() - row[1] < PRESENCE_SECONDS}
    others = {who: row for who, row in fresh.items() if who != request.actor.uid}
    if "writing" in request.GET:
        since_when = fresh.get(request.actor.uid, [0, 0, request.now.isoformat()])[2]
        fresh[request.actor.uid] = [request.user.display_name, request.now.timestamp(), since_when]
        cache.set(key, fresh, PRESENCE_SECONDS)
    if not others:
        return HttpResponse(status=204)
    name, _at, since = sorted(others.values(), key=lambda row: row[2])[0]
    with timezone.override(found.branch.tz):
        since_words = dates.clock_time(timezone.localtime(datetime.fromisoformat(since)))
        return render(request, "desk/presence.html", {"who": name, "since": since_words})


# --- acts ----------------------------------------------------------------------------------------------------------


def act_view(act: Act) -> Callable[..., HttpResponse]:
    """The page of one act: what changes, a form, and the service behind it."""

    @address("staff", move=act.move, methods=("GET", "POST"))
    def view(request: HttpRequest, reference: str) -> HttpResponse:
        found = cases_read.case_for(request.profile, reference, to=act.move)
        with timezone.override(found.branch.tz):
            return _act(request, act, found)

    view.__name__ = f"act_{act.code.replace('-', '_')}"
    return view


def _act(request: HttpRequest, act: Act, found) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    asked = {k: v for k, v in request.GET.items() if len(v) <= 200} | held_initial(request)
    picking = act.form.templates_at is not None and template_pick.asked(posted)
    looking, place = picking or guarding.asked_only(posted), guarding.place_of(found, askable=True)
    form = act.form(None if looking else posted, initial=asked, case=found, profile=request.profile, now=request.now)
    if looking:
        guarding.typed(form, posted)
    at = form.templates_at
    shelf = template_pick.shelf(form, at, found, posted, request.now) if at is not None else None
    guarding.look(form, place, posted if looking else None)
    status = 200
    if posted is not None and not looking:
        done = None
        if form.is_valid():
            given = form.cleaned_data | ({"templates": shelf.begun} if shelf is not None else {})
            done = attempt(form, lambda: act.run(found, given, request.actor, request.now) or True)
        held = guarding.held_at(form, place)
        if held is not None and guarding.CLEAR in posted:
            why, kept = guarding.why_of(posted), guarding.kept(posted)
            asked_ = {"why": why, "act": act.code, "move": act.move, "form": kept, "actor": request.actor, "now": request.now}
            if attempt(form, lambda: words_ask(case=found, words=held.words, **asked_)):
                messages.success(request, _("已送交核准。核准後會回到您這裡，按一下就送出。"))
                return redirect("desk:clearances")
        if isinstance(done, GuestAdmitted) and done.first_password:
            return _first_password(request, found, done)
        if done:
            messages.success(request, _("已記下：%(what)s") % {"what": act.title})
            return redirect(back_to(request, act.back, found.reference))
        refused = getattr(form, "refused", None)
        status = refused.status if refused is not None else 422
    refused = getattr(form, "refused", None)
    noted(request, found, "case.act", purpose=refused.code if refused is not None else "read")
    shut = _shut(act, found) if act.group == "forward" else []
    # Sent from a page that is older than the case: a colleague was faster, whatever the service calls it.
    moved = isinstance(refused, MovedMeanwhile) or (posted is not None and not looking and found.stage not in act.stages)
    context = {
        "act": act,
        "case": found,
        "heading": shapes.heading(found, cases_read.narrated_for(request.profile, found)),
        "form": form,
        "blockers": shut,
        "moved": moved,
        "wrong_stage": found.stage not in act.stages and not moved,
        "stage_now": _stage_now(found),
        "cards": form.procedure.cards_of(act.card)[:7] if act.card in ("emotion", "reception") else (),
        "outline": form.procedure.disclosure if act.card == "disclosure" else (),
        "back_url": reverse(act.back, args=[found.reference]),
        "advice": conclusion_advice(found) if act.code in CONCLUDES else "",
        "alone": _alone(request, act, found),
        "instead": _instead(request, act, found),
        "guarded": bool(guarding.guarded(form)) or shelf is not None,
        "shelf": shelf,
    }
    return render(request, "desk/act.html", context, status=status)


def back_to(request: HttpRequest, page: str, reference: str) -> str:
    """That page, or one's day, where the task that opened the case was the only thing that did."""
    with suppress(NotHere, MayNot):
        cases_read.case_for(request.profile, reference, to="identity" if page != "desk:case" else "see")
        return reverse(page, args=[reference])
    return reverse("desk:today")


def _alone(request: HttpRequest, act: Act, found) -> dict | None:
    """Said before the first of two steps, while it can still be helped."""
    second = SECONDED.get(act.move)
    if second is None or not nobody_seconds(found, second, request.actor.user_id, request.now):
        return None
    return shapes.alone(second, found, allowed_moves(request.profile, found))


def _instead(request: HttpRequest, act: Act, found) -> tuple[str, str] | None:
    """The act to turn to when this one is not the right one, for those who may."""
    other = BY_CODE.get(act.instead)
    if other is None or not may(request.profile, other.move, view_of(found)):
        return None
    asked = {name: request.GET[name] for name in ("task",) if name in request.GET and len(request.GET[name]) <= 40}
    return str(other.title), shapes.act_url(other.code, found, **asked)


def _first_password(request: HttpRequest, found, admitted: GuestAdmitted) -> HttpResponse:
    """A guest who has no account yet: what they log in with, shown once."""
    noted(request, found, "case.guest_password")
    context = {
        "case": found,
        "heading": shapes.heading(found, cases_read.narrated_for(request.profile, found)),
        "grant": admitted.grant,
        "person": admitted.grant.user,
        "first_password": admitted.first_password,
        "login_url": (settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}") + reverse("accounts:login"),
    }
    return render(request, "desk/guest_invited.html", context)


def _stage_now(found) -> str:
    """Where the case stands after somebody else was faster."""
    stage = type(found).objects.values_list("stage", flat=True).get(pk=found.pk)
    return str(packs.procedure_of(found.procedure_id).stage(stage).name)


def _shut(act: Act, found) -> list[shapes.Blocker]:
    from suyuan.cases.selectors.page import _BY_WRITING, blocker_words

    procedure = packs.procedure_of(found.procedure_id)
    missing = cases_read.gates_shut(found, act.move, given=_BY_WRITING)
    return [shapes.blocker(blocker_words(m, procedure), found) for m in missing]


# --- registering ---------------------------------------------------------------------------------------------------


@address("staff", methods=("GET", "POST"), roles=REGISTER_ROLES, idempotent=True)
def register(request: HttpRequest) -> HttpResponse:
    """Register a complaint while the person talks."""
    branches = _register_branches(request)
    branch = next((b for b in branches if b.code == request.POST.get("branch", request.GET.get("branch"))), branches[0])
    posted = request.POST if request.method == "POST" else None
    with timezone.override(branch.tz):
        initial = {"channel": request.GET.get("channel", "telephone")} | held_initial(request)
        form = RegisterForm(posted, initial=initial, branch=branch, branches=branches, now=request.now)
        status = 200
        if posted is not None:
            answer = _register(request, form, branch)
            if answer is not None:
                return answer
            refused = getattr(form, "refused", None)
            status = refused.status if refused is not None else 422
        procedure = form.procedure
        context = {
            "form": form,
            "branch": branch,
            "cards": procedure.cards_of("telephone")[:1] + procedure.cards_of("reception")[:1],
            "emotion": procedure.cards_of("emotion"),
            "now": request.now,
            "refused": posted is not None,
            "emergency": procedure.emergency(branch.jurisdiction),
            "key": request.POST.get(idempotency.FIELD) or idempotency.new_key(),
            "key_field": idempotency.FIELD,
        }
        return render(request, "desk/register.html", context, status=status)


def _register_branches(request: HttpRequest) -> list[Branch]:
    ids = request.profile.branches_as(*REGISTER_ROLES)
    return list(Branch.objects.filter(pk__in=ids).order_by("pk"))


def _register(request: HttpRequest, form: RegisterForm, branch: Branch) -> HttpResponse | None:
    """Register once, however often the button was pressed. None: the form goes back with what was typed."""
    token = idempotency.token_of(
        scope="desk.register",
        key=request.POST.get(idempotency.FIELD, ""),
        caller=f"user:{request.actor.uid}",
        body_sha256=idempotency.body_digest(request),
    )

    def act():
        return case_register(
            branch=branch,
            channel=form.cleaned_data["channel"],
            intake=form.intake(),
            language=translation.get_language() or "zh-hant",
            actor=request.actor,
            now=request.now,
            owner=None,
            registered_by=request.user,
            once=token,
        )

    done = None
    with suppress(idempotency.KeyUsedUp):
        done = attempt(form, act) if form.is_valid() else None
    if done and "_help" in request.POST:
        _somebody_called(request, done.case)
    # Refused, whatever for: perhaps this is the second click, and the first has all that this one asks for.
    before = {"reference": done.case.reference, "secret": done.secret} if done else idempotency.replay(token)
    if before is None:
        return None
    if before["secret"]:
        return _with_secret(request, before["reference"], before["secret"])
    return redirect("desk:registered", reference=before["reference"])


def _somebody_called(request: HttpRequest, found) -> None:
    """Whoever is nearest, asked to come while the person still talks."""
    at_hand = here(user.pk for user in users_in(found.branch, request.now))
    people = handling.callable_now(found, request.user.pk, at_hand, request.now)
    if not people:
        messages.warning(request, _("現在沒有可以請的同事。"))
        return
    handling.help_call(case=found, user=people[0], actor=request.actor, now=request.now)
    messages.success(request, _("已請%(name)s過來，畫面上會出現這件案件。") % {"name": people[0].display_name})


@address("staff", roles=REGISTER_ROLES)
def register_hints(request: HttpRequest) -> HttpResponse:
    """Persons already known under this name or number, masked, to avoid doubles."""
    typed = " ".join(filter(None, (request.GET.get("name", ""), request.GET.get("phone", "")))).strip()[:120]
    people = []
    for asked in dict.fromkeys((request.GET.get("phone", "").strip(), request.GET.get("name", "").strip())):
        if len(asked) >= 2:
            people += [p for p in search_people(request.profile, asked)[:5] if p not in people]
    if typed:
        branch = people[0].branch_id if people else None
        shown = [p.stream for p in people[:5]]
        access.seen(request.actor, "people.hints", at=request.now, purpose="search", branch_id=branch, shown=shown, asked=typed)
    return render(request, "desk/register.html#hints", {"people": people[:5], "typed": typed})


@address("staff", move="identity")
def registered(request: HttpRequest, reference: str) -> HttpResponse:
    """What to say before hanging up: the number, what happens next, and the receipt."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    noted(request, found, "case.registered")
    secret = _secret_taken(request, found)
    procedure = packs.procedure_of(found.procedure_id)
    context = {
        "case": found,
        "secret": secret_shown(secret) if secret else "",
        "qr": _follow_qr(request, found, secret) if secret else "",
        "follow_url": _follow_url(request, found),
        "branch_name": found.branch.name(translation.get_language() or "zh-hant"),
        "now": request.now,
        "promises": found.promises.held().filter(kept_at=None, due_at__gt=request.now).order_by("due_at"),
        "steps": [
            Step(what=str(step.title), when=str(procedure.within(step)), note=str(step.text))
            for step in procedure.promise.steps
        ],
        "channels": procedure.channels_of(found.jurisdiction),
        "emergency": procedure.emergency(found.jurisdiction),
        "may_call": "escalate" in allowed_moves(request.profile, found),
    }
    with timezone.override(found.branch.tz):
        answer = render(request, "desk/registered.html", context)
    if secret:
        answer.delete_cookie(_waiting_cookie(found.reference))
    return answer


def _with_secret(request: HttpRequest, reference: str, secret: str) -> HttpResponse:
    """To the page that shows a receipt once. Its secret travels sealed, for this person, for ten minutes: the database
    keeps nothing that opens a complaint."""
    answer = redirect("desk:registered", reference=reference)
    until = int(request.now.timestamp()) + _WAITING_SECONDS
    sealed = keys.seal(_WAITING_SECRET, f"{request.actor.uid}|{reference}", f"{until} {secret}")
    answer.set_cookie(
        _waiting_cookie(reference),
        b64encode(sealed).decode(),
        max_age=_WAITING_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return answer


def _waiting_cookie(reference: str) -> str:
    return f"{settings.SESSION_COOKIE_NAME}_receipt_{reference}"


def _secret_taken(request: HttpRequest, found) -> str | None:
    """By whom it was kept for, while it is fresh."""
    kept = request.COOKIES.get(_waiting_cookie(found.reference))
    if kept is None:
        return None
    try:
        opened = keys.unseal(_WAITING_SECRET, f"{request.actor.uid}|{found.reference}", b64decode(kept, validate=True))
    except (ValueError, keys.KeyProblem):
        return None
    until, _space, secret = opened.partition(" ")
    return secret if int(until) > request.now.timestamp() else None


def _follow_url(request: HttpRequest, found) -> str:
    """Where the person follows their complaint, as they type it."""
    base = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    return base + reverse("portal:follow", args=[found.branch.portal_slug])


def _follow_qr(request: HttpRequest, found, secret: str) -> str:
    """The secret stands in the fragment, which no server sees."""
    return qr_svg(f"{_follow_url(request, found)}#{found.reference}.{secret}", _("進度頁的 QR 碼"))


# --- papers --------------------------------------------------------------------------------------------------------


@address("staff", move="identity", methods=("GET", "POST"))
def files(request: HttpRequest, reference: str) -> HttpResponse:
    """Files of the case, and adding one."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    allowed = allowed_moves(request.profile, found)
    problem = ""
    if request.method == "POST":
        problem = uploads.files_add(request, found)
        if not problem:
            return redirect("desk:files", reference=found.reference)
    readable = cases_read.compartments_for(request.profile, found)
    rows = list(items_of(found.stream, readable))
    lines = gallery(request, found, rows)
    pictured = [line["row"] for line in lines if line["thumbnail"]]
    noted(request, found, "case.files", items=pictured, compartments={row.compartment for row in rows})
    context = {
        "case": found,
        "heading": shapes.heading(found, True),
        "pages": shapes.pages(found, allowed, "files"),
        "lines": lines,
        "may_add": "file_add" in allowed,
        "problem": problem,
        "note": request.POST.get("note", "")[:200],
        "tus": reverse("desk:file_uploads", args=[found.reference]),
        "max_file": LARGEST_FILE,
        "waiting": uploads.waiting(request, found) if problem else [],
        "may_compare": sum(bool(line["thumbnail"]) and line["row"].stored.content_type in PICTURES for line in lines) > 1,
    }
    with timezone.override(found.branch.tz):
        return render(request, "desk/files.html", context, status=422 if problem else 200)


@address("staff", move="identity")
def letters(request: HttpRequest, reference: str) -> HttpResponse:
    """Everything written between the person and us."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    readable = cases_read.compartments_for(request.profile, found)
    rows = (
        Message.objects.filter(subject_stream=found.stream, compartment__in=readable)
        .exclude(state="withdrawn")
        .exclude(channel=Channel.PUBLIC)
        .select_related("text", "in_reply_to")
        .order_by("-id")[:100]
    )
    allowed = allowed_moves(request.profile, found)
    names = names_of(row.author for row in rows)
    people, posted = template_pick.people_of(found), posted_of(rows)
    whom, several = {f"party:{party.uid}": party_words(party) for party in people}, len(people) > 1
    answered = {row.in_reply_to_id for row in rows}
    came = files_of(rows, readable)
    context = {
        "case": found,
        "heading": shapes.heading(found, True),
        "pages": shapes.pages(found, allowed, "letters"),
        "letters": [
            shapes.letter(
                row, names.get(row.author, ""), whom.get(row.party, "") if several else "", request.now, answered=row.pk in answered
            )
            | {"posted": shapes.posted(row, *posted[row.uid], found.branch.tz) if row.uid in posted else ""}
            | {"files": came.get(row.pk, ())}
            for row in rows
        ],
        "may_write": "message_send" in allowed,
        "may_take_down": "contact" in allowed,
        "take_down_url": shapes.act_url("came-in", found),
        "now": request.now,
    }
    noted(request, found, "case.letters", compartments={row.compartment for row in rows})
    with timezone.override(found.branch.tz):
        return render(request, "desk/letters.html", context)


@address("staff", move="message_send", methods=("GET", "POST"))
def letter_write(request: HttpRequest, reference: str) -> HttpResponse:
    """Write to the person: on the follow-up page always, by mail if they chose it."""
    found = cases_read.case_for(request.profile, reference, to="message_send")
    key = LetterTakenBack.key(found)
    draft = LetterTakenBack.draft(found, request.session.get(key))
    posted = request.POST if request.method == "POST" else None
    looking = template_pick.asked(posted) or guarding.asked_only(posted)
    place = guarding.place_of(found, askable=True)
    form = LetterForm(None if looking else posted, initial=held_initial(request), case=found, now=request.now, draft=draft)
    if looking:
        guarding.typed(form, posted)
    place = replace(place, party=form.reader)
    shelf = template_pick.shelf(form, form.templates_at, found, posted, request.now)
    guarding.look(form, place, posted if looking else None)
    noted(request, found, "case.letter_write")
    status = 200
    if posted is not None and not looking:
        if form.is_valid() and attempt(form, lambda: form.send(actor=request.actor, now=request.now)):
            request.session.pop(key, None)
            messages.success(request, form.said)
            return redirect("desk:letters", reference=found.reference)
        if guarding.held_at(form, place) is not None and _asked_leave(request, form):
            request.session.pop(key, None)
            messages.success(request, _("已送交核准。核准後會自動送出。"))
            return redirect("desk:letters", reference=found.reference)
        refused = getattr(form, "refused", None)
        status = refused.status if refused is not None else 422
    with timezone.override(found.branch.tz):
        procedure = packs.procedure_of(found.procedure_id)
        context = {
            "case": found,
            "heading": shapes.heading(found, True),
            "form": form,
            "draft": draft,
            "shelf": shelf,
            "disputed": found.disputed_at is not None,
            "outline": procedure.disclosure,
            "incoming": last_words_of(found, form.initial_party),
            "narrative": found.narrative.body if found.narrative_id else "",
            "principles": guarding.principles_of(form, place),
            "cards": procedure.cards_of("emotion")[:7],
            "guarded": True,
            "now": request.now,
        }
        return render(request, "desk/letter_write.html", context, status=status)


def _asked_leave(request: HttpRequest, form: LetterForm) -> bool:
    """Where the writer wants these words and no others: put by until colleagues agreed."""
    if guarding.CLEAR not in request.POST:
        return False
    why = guarding.why_of(request.POST)
    return attempt(form, lambda: form.ask(why=why, actor=request.actor, now=request.now)) is not None


@address("staff", move="message_send", methods=("POST",))
def letter_take_back(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Within the undo window: the letter becomes a draft again."""
    found = cases_read.case_for(request.profile, reference, to="message_send")
    row = Message.objects.filter(subject_stream=found.stream, uid=uid).first()
    if row is None:
        raise NotHere()
    post.message_unqueue(message=row, actor=request.actor, now=request.now)
    request.session[LetterTakenBack.key(found)] = str(row.uid)
    return redirect(reverse("desk:letter_write", args=[found.reference]))


@address("staff", move="party_verify", methods=("GET", "POST"))
def receipt(request: HttpRequest, reference: str) -> HttpResponse:
    """A new receipt for a verified person; the old one stops working."""
    found = cases_read.case_for(request.profile, reference, to="party_verify")
    people = Party.objects.filter(case=found).select_related("person").order_by("id")
    problem, status = "", 200
    if request.method == "POST":
        party = next((p for p in people if str(p.uid) == request.POST.get("party")), None)
        if party is None:
            raise NotHere()
        try:
            _row, secret = receipt_issue(case=found, party=party, actor=request.actor, now=request.now)
        except IdentityNotVerified as refused:
            problem, status = refused.message(), refused.status
        else:
            return _with_secret(request, found.reference, secret)
    noted(request, found, "case.receipt")
    with timezone.override(found.branch.tz):
        context = {"case": found, "heading": shapes.heading(found, True), "people": people, "problem": problem}
        return render(request, "desk/receipt.html", context, status=status)


@address("staff", move="survey_send", methods=("GET", "POST"))
def survey(request: HttpRequest, reference: str) -> HttpResponse:
    """Send the satisfaction survey; show what was answered."""
    found = cases_read.case_for(request.profile, reference, to="survey_send")
    secret = ""
    if request.method == "POST":
        _row, code = ending.survey_send(case=found, actor=request.actor, now=request.now)
        secret = secret_shown(code)
    procedure = packs.procedure_of(found.procedure_id)
    surveys = found.surveys.select_related("words").order_by("-id")
    noted(request, found, "case.survey")
    context = {
        "case": found,
        "heading": shapes.heading(found, True),
        "surveys": [(row, shapes.survey_answers(row, procedure)) for row in surveys],
        "secret": secret,
        "survey_url": (settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}") + reverse("portal:survey"),
        "questions": procedure.survey,
    }
    with timezone.override(found.branch.tz):
        return render(request, "desk/survey.html", context)


# --- those complained about ----------------------------------------------------------------------------------------


@address("staff")
def statements(request: HttpRequest) -> HttpResponse:
    """Statements asked of me."""
    asked = cases_read.statements_of(request.profile)
    access.seen(request.actor, "statements", at=request.now, purpose="read", shown=[f"statement:{row.uid}" for row in asked])
    context = {"statements": asked, "now": request.now}
    return render(request, "desk/statements.html", context)


@address("staff", move="statement_give", methods=("GET", "POST"))
def statement(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What is alleged in neutral words, my answer, and the support I am offered. Nothing else of the case."""
    row, page = cases_read.statement_for(request.profile, uid)
    noted(request, row.case, "case.statement")
    typed, problem, status = "", "", 200
    if request.method == "POST":
        typed = request.POST.get("words", "")
        try:
            finding_out.statement_give(statement=row, words=typed, actor=request.actor, now=request.now)
        except Refusal as refused:
            if refused.status in (403, 404):
                raise
            problem, status = refused.message(), refused.status
        else:
            messages.success(request, _("已記下您的說明。"))
            return redirect("desk:statement", uid=uid)
    with timezone.override(row.case.branch.tz):
        context = {"page": page, "now": request.now, "typed": typed or held_initial(request).get("words", ""), "problem": problem}
        return render(request, "desk/statement.html", context, status=status)


# --- rules and cards -----------------------------------------------------------------------------------------------


@address("staff")
def packs_page(request: HttpRequest) -> HttpResponse:
    """The packs in force: procedure, law with its grades, calendars; which await review."""
    jurisdiction = jurisdiction_asked(request)
    procedure = packs.procedure_newest(jurisdiction)
    context = {
        "packs": packs.packs_active(),
        "law": packs.law_newest(jurisdiction),
        "procedure": procedure,
        "jurisdiction": jurisdiction,
        "laws": shapes.laws(jurisdiction),
        "cards": [card for card in procedure.cards if card.kind != "situation"],
        "situations": shapes.situation_cards(jurisdiction),
        "pages": rules_pages(request.profile, "packs"),
    }
    return render(request, "desk/packs.html", context)


@address("staff")
def card(request: HttpRequest, code: str) -> HttpResponse:
    """One card, large."""
    procedure = packs.procedure_newest("tw")
    try:
        found = procedure.card(code)
    except LookupError:
        raise NotHere() from None
    return render(request, "desk/card.html", {"card": found})
