"""The guard by itself: a draft looked at while it is written, a page to paste into, and words that wait for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from suyuan.accounts.labels import who_label
from suyuan.accounts.models import Branch, GuestGrant
from suyuan.accounts.rules import MEMBER_ROLES
from suyuan.cases import selectors as cases_read
from suyuan.cases.models import Case
from suyuan.cases.selectors.clearing import clearance_of, clearances_asked, clearances_waiting, last_words_of
from suyuan.cases.selectors.door import allowed_moves
from suyuan.cases.services.wording import CLEAR, nobody_left, vote_role, words_decide, words_take_back
from suyuan.correspondence.models import Clearance
from suyuan.correspondence.opinion import is_set_up, server_name
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.rules import BODY_LIMIT
from suyuan.correspondence.rules.guard import BY_LEGAL, PUBLIC, REPLIES, State, Surface, waits_for
from suyuan.correspondence.services import finding_dispute
from suyuan.correspondence.services.clearing import form_kept, votes_of, writers_of
from suyuan.desk import guarding, shapes, template_pick
from suyuan.desk.acts import BY_CODE
from suyuan.desk.evidence_acts import EVIDENCE_ACTS
from suyuan.desk.guard_forms import GuardForm
from suyuan.desk.noting import noted
from suyuan.desk.papers import paper_of
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput, Refusal
from suyuan.platform import access
from suyuan.platform.addresses import address

JSON = "application/json"


# --- looking at a draft --------------------------------------------------------------------------------------------


@address("staff", methods=("POST",))
def check(request: HttpRequest) -> HttpResponse:
    """What the guard says of a draft. The draft is kept nowhere and goes to nobody."""
    place = _place(request, request.POST)
    text, brief = request.POST.get("words", "")[:BODY_LIMIT], request.POST.get("brief") == "1"
    begun = () if brief else template_pick.begun_from(request.POST, place.law)
    shown = guarding.said(place, text, templates=begun, brief=brief)
    return render(request, "desk/guard_said.html", {"said": shown, "field_name": request.POST.get("field", "words")[:60]})


def _place(request: HttpRequest, data: Mapping[str, str]) -> guarding.Place:
    """Words about a case stand where the case does; all else where somebody says."""
    if reference := data.get("reference", ""):
        surface = data.get("surface", "")
        read = "public_read" if surface in PUBLIC else "identity"
        found = cases_read.case_for(request.profile, reference, to=read)
        if surface not in set(Surface):
            raise BadInput(fields={"surface": surface})
        party = f"party:{data['party']}" if data.get("party") else ""
        place = guarding.place_of(found, surface, askable=data.get("askable") == "1", party=party)
        place = replace(place, agreed=data.get("agreed") == "1")
        return replace(place, reply_to=data.get("reply_to", "") if data.get("reply_to") in REPLIES else "")
    place = guarding.place_asked(data, branches_of(request))
    if place is None:
        raise BadInput(fields={"surface": data.get("surface", "")})
    return place


def branches_of(request: HttpRequest) -> list[Branch]:
    """Where the reader works, or is a guest."""
    invited = GuestGrant.objects.filter(user=request.user, ended_at=None).values("branch_id")
    return list(Branch.objects.filter(Q(pk__in=request.profile.branch_ids) | Q(pk__in=invited)).order_by("pk"))


@address("staff", methods=("GET", "POST"))
def page(request: HttpRequest) -> HttpResponse:
    """Paste a text and have it looked at: a reply, a statement, an advertisement, a clause. Machines ask for JSON."""
    if request.method == "POST" and JSON in request.headers.get("Accept", ""):
        return _as_json(request)
    return guard_page(request)


def guard_page(request: HttpRequest, second: dict[str, Any] | None = None) -> HttpResponse:
    """`second`: what came of asking for a second opinion, which stands beside and changes nothing of the verdict."""
    branches = branches_of(request)
    posted = request.POST if request.method == "POST" else None
    form = GuardForm(branches=branches, initial=dict(request.GET.items()))
    status = second["refused"].status if second and "refused" in second else 200
    place = guarding.place_asked(posted or request.GET, branches)
    if posted is not None:
        guarding.typed(form, posted)
        if place is None or (second and "empty" in second):
            status = 422
    shelf = None
    if place is not None:
        shelf = template_pick.shelf_of_the_house(form, place.branch, posted)
        form.fields["words"].guarded = place.surface
        guarding.look(form, place, posted)
    context = {
        "form": form,
        "branch_choice": form["branch"] if "branch" in form.fields else None,
        "principles": guarding.principles_of(form, place) if place else (),
        "guarded": True,
        "second": second,
        "shelf": shelf,
        "server": server_name() if is_set_up() and request.profile.roles & MEMBER_ROLES else "",
    }
    return render(request, "desk/guard.html", context, status=status)


def _as_json(request: HttpRequest) -> JsonResponse:
    data: Mapping[str, str] = request.POST
    if request.content_type == JSON:
        try:
            read = json.loads(request.body)
        except (ValueError, UnicodeDecodeError):
            raise BadInput(fields={"text": "not_json"}) from None
        if not isinstance(read, dict):
            raise BadInput(fields={"text": "not_an_object"})
        data = {str(name): value for name, value in read.items() if isinstance(value, str)}
    place = guarding.place_asked(data, branches_of(request))
    if place is None:
        raise BadInput(fields={"surface": data.get("surface", "")})
    verdict = place.words((data.get("text") or data.get("words") or "")[:BODY_LIMIT]).verdict
    return JsonResponse({"verdict": verdict.level, "findings": verdict.codes()})


@address("staff", methods=("POST",))
def dispute(request: HttpRequest) -> HttpResponse:
    """Say that a finding is a false alarm; it is kept for whoever reviews the rules, as the guard itself reads it again."""
    data = request.POST
    words = _place(request, data).words(data.get("words", "")[:BODY_LIMIT])
    where = [int(data[name]) if data.get(name, "").isdecimal() and len(data[name]) < 7 else -1 for name in ("start", "end")]
    about = {"rule": data.get("rule", ""), "start": where[0], "end": where[1], "why": data.get("why", "")[:2_000]}
    finding_dispute(words=words, **about, actor=request.actor, now=request.now)
    if request.htmx:
        return render(request, "desk/guard_disputed.html")
    messages.success(request, _("已記下，會由負責規則的人看。"))
    return redirect("desk:guard")


# --- words that wait for people ------------------------------------------------------------------------------------


@address("staff")
def clearances(request: HttpRequest) -> HttpResponse:
    """Words that wait for the reader's yes or no, and those the reader asked about."""
    waiting = clearances_waiting(request.profile)
    asked = clearances_asked(request.profile, request.now)
    shown = list(dict.fromkeys(case.reference for _row, case in (*waiting, *asked)))
    access.seen(request.actor, "clearances", at=request.now, purpose="read", shown=shown)
    context = {
        "waiting": [_line(row, case) for row, case in waiting],
        "asked": [_line(row, case) for row, case in asked],
        "now": request.now,
    }
    return render(request, "desk/clearances.html", context)


def _line(row: Clearance, case: Case) -> dict:
    return {
        "row": row,
        "case": case,
        "url": shapes.clearance_url(case.reference, row),
        "surface": _("%(surface)s的主旨") % {"surface": surface_word(row.surface)} if row.is_line else surface_word(row.surface),
        "level": _("法務審閱") if row.needs in BY_LEGAL else guarding.level_word(row.level),
        "state": _states().get(row.state, row.state),
    }


def _states() -> dict[str, str]:
    return {
        State.OPEN: _("等同事看"),
        State.GIVEN: _("已核准"),
        State.REFUSED: _("沒有核准"),
        State.LAPSED: _("已收回"),
    }


@address("staff", move="identity")
def clearance(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The words with what was found in them, what they answer, and what people said."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    return _clearance_page(request, found, clearance_of(request.profile, found, uid))


def _clearance_page(
    request: HttpRequest, found: Case, row: Clearance, *, reason: str = "", refused: Refusal | None = None
) -> HttpResponse:
    noted(request, found, "case.clearance", compartments={row.compartment})
    place = guarding.place_of(found, row.surface, party=row.party)
    begun = tuple(row.message.templates) if row.message is not None and not row.is_line else _begun(row)
    shown = guarding.said(place, row.text.body, templates=begun, brief=row.is_line) if row.text.body else None
    allowed = allowed_moves(request.profile, found)
    votes = votes_of(row)
    mine = request.user.pk in writers_of(row)
    words = place.words(row.text.body, begun)
    context = {
        "case": found,
        "heading": shapes.heading(found, True),
        "row": row,
        "said": shown,
        "marked": guarding.marked(row.text.body, shown["findings"] if shown else ()),
        "surface": surface_word(row.surface),
        "state": _states().get(row.state, row.state),
        "incoming": last_words_of(found, row.party, row.asked_at),
        "narrative": found.narrative.body if found.narrative_id else "",
        "votes": [(vote, who_label(vote.role)) for vote in row.votes.select_related("by").order_by("id")],
        "is_line": row.is_line,
        "letter": row.message if row.text.body else None,
        "paper_url": paper_of(found, row.act) if mine and row.state == State.GIVEN else "",
        "missing": _("、").join(str(who_label(r)) for r in waits_for(row.needs, row.surface, votes)),
        "may_vote": row.state == State.OPEN and CLEAR in allowed and bool(vote_role(request.profile, found, row)),
        "mine": mine,
        "alone": row.state == State.OPEN and nobody_left(found, words, Actor("user", "", row.asked_by_id), request.now),
        "by_legal": row.needs in BY_LEGAL,
        "may_invite": "guest_invite" in allowed,
        "again": _again(found, row) if mine and row.state == State.GIVEN and row.used_at is None else None,
        "reason": reason,
        "refused": refused,
        "now": request.now,
    }
    status = refused.status if refused is not None else 200
    with timezone.override(found.branch.tz):
        return render(request, "desk/clearance.html", context, status=status)


def _begun(row: Clearance) -> tuple[str, ...]:
    """The templates for whose sake legal was asked."""
    return tuple(each["code"] for each in row.asks if each["by"] == "template")


def _again(found: Case, row: Clearance) -> dict | None:
    """The act that was asked about, ready to be sent as it was."""
    act = BY_CODE.get(row.act) or next((each for each in EVIDENCE_ACTS if each.code == row.act), None)
    fields = form_kept(row)
    if act is None or not fields:
        return None
    return {
        "url": shapes.act_url(act.code, found),
        "verb": act.verb,
        "fields": [(name, value) for name, values in fields.items() for value in values],
    }


@address("staff", move=CLEAR, methods=("POST",))
def clearance_decide(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Yes or no, with a reason."""
    found = cases_read.case_for(request.profile, reference, to=CLEAR)
    row = clearance_of(request.profile, found, uid)
    reason, yes = request.POST.get("reason", ""), request.POST.get("yes") == "1"
    try:
        row = words_decide(case=found, clearance=row, yes=yes, reason=reason, actor=request.actor, now=request.now)
    except Refusal as refused:
        if refused.status in (403, 404):
            raise
        return _clearance_page(request, found, clearance_of(request.profile, found, uid), reason=reason, refused=refused)
    messages.success(request, _done(row))
    return redirect("desk:clearances")


def _done(row: Clearance) -> str:
    if row.state == State.OPEN:
        return _("已記下，還要另一位同事同意。")
    if row.state == State.REFUSED:
        return _("已記下不核准，寫的人會看到理由。")
    return _("已核准，文字排定送出。") if row.message_id else _("已核准，寫的人可以送出了。")


@address("staff", move="message_draft", methods=("POST",))
def clearance_take_back(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Whoever asked asks no longer."""
    found = cases_read.case_for(request.profile, reference, to="message_draft")
    row = clearance_of(request.profile, found, uid)
    words_take_back(case=found, clearance=row, actor=request.actor, now=request.now)
    messages.success(request, _("已收回，文字還是草稿。"))
    return redirect("desk:clearances")
