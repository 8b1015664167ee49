"""Findings that somebody called a false alarm: judged here, and written out for those who keep the pack."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.accounts.rules import HOUSE_MOVES
from suyuan.cases.selectors.disputes import Disputed, dispute_for, disputes_for
from suyuan.correspondence.opinion import hidden
from suyuan.correspondence.own_errors import OpinionRefused
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.services import dispute_review
from suyuan.correspondence.services.own import WRITE
from suyuan.desk.guarding import level_word
from suyuan.desk.wording import kind_name, rules_pages
from suyuan.kernel.refusal import Refusal
from suyuan.platform import access
from suyuan.platform.addresses import address
from suyuan.playbooks import selectors as packs

REVIEWERS = HOUSE_MOVES[WRITE]


@address("staff", roles=REVIEWERS)
def disputes(request: HttpRequest) -> HttpResponse:
    """Reports that wait, then those that were judged."""
    return _page(request)


def _page(request: HttpRequest, refused: Refusal | None = None, at: str = "") -> HttpResponse:
    found = disputes_for(request.profile)
    seen = sorted({each.reference for each in found if each.reference})
    access.seen(request.actor, "rules.disputes", at=request.now, shown=seen)
    rows = [
        {
            "dispute": each,
            "level": level_word(each.row.level),
            "surface": surface_word(each.row.surface),
            "kind": kind_name(each.row.kind),
            "outcome": outcome_word(each.row.outcome),
            "mine": each.row.by_id == request.actor.user_id,
            "refused": refused if str(each.row.uid) == at else None,
            "typed": request.POST.get("why", "") if str(each.row.uid) == at else "",
        }
        for each in found
    ]
    context = {
        "pages": rules_pages(request.profile, "disputes"),
        "waiting": [row for row in rows if not row["dispute"].row.outcome],
        "judged": [row for row in rows if row["dispute"].row.outcome],
    }
    return render(request, "desk/disputes.html", context, status=refused.status if refused else 200)


@address("staff", methods=("POST",), roles=REVIEWERS)
def dispute_answer(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Whether it was a false alarm, and why."""
    found = dispute_for(request.profile, uid)
    given = {"outcome": request.POST.get("outcome", ""), "why": request.POST.get("why", "")}
    try:
        dispute_review(dispute=found.row, actor=request.actor, now=request.now, **given)
    except Refusal as refused:
        if refused.status in (403, 404):
            raise
        return _page(request, refused, str(uid))
    messages.success(request, _("已記下。"))
    return redirect("desk:disputes")


@address("staff", roles=REVIEWERS)
def disputes_file(request: HttpRequest) -> HttpResponse:
    """What was judged, as a text for those who keep the pack: no names, no numbers, no clinic."""
    found = [each for each in disputes_for(request.profile) if each.row.outcome]
    access.note_before(request.actor, "rules.disputes_file", at=request.now, purpose="copy")
    said = HttpResponse(as_text(found), content_type="text/plain; charset=utf-8")
    said["Content-Disposition"] = 'attachment; filename="suyuan-false-alarms.txt"'
    return said


def outcome_word(outcome: str) -> str:
    return {"agreed": _("是誤報"), "kept": _("提醒有道理")}.get(outcome, "")


def as_text(found: Iterable[Disputed]) -> str:
    """One block for each; whatever could name somebody is masked, and left out where it cannot be."""
    places = {place.pk: place for place in Branch.objects.all()}
    known = ", ".join(f"{pack.pack} {pack.version} {pack.sha[:12]}" for pack in packs.packs_active() if pack.kind == "wording")
    blocks = [f"Suyuan, reports of false alarms\npacks: {known}\n"]
    for each in found:
        row, place = each.row, places[each.row.branch_id]
        lines = [
            f"rule: {row.rule}",
            f"kind: {row.kind}",
            f"level: {row.level}",
            f"surface: {row.surface}",
            f"jurisdiction: {place.jurisdiction}",
            f"outcome: {row.outcome}",
            f"words: {_nameless(each.words, place)}",
            f"reported because: {_nameless(each.why, place)}",
            f"judged because: {_nameless(each.outcome_why, place)}",
        ]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _nameless(words: str, place: Branch) -> str:
    if not words:
        return "-"
    try:
        return " ".join(hidden(words, surface="public_reply", branch=place).text.split())
    except OpinionRefused:
        return "-"
