"""A second opinion, asked for: first the text as it would be sent, then, once somebody has seen that, the question itself."""

from __future__ import annotations

import hashlib
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.accounts.rules import MEMBER_ROLES
from suyuan.correspondence.guard import Verdict, guard_check, rules_of
from suyuan.correspondence.opinion import hidden, is_set_up, opinion_ask, opinion_of, server_name
from suyuan.correspondence.own_rules import own_of
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.rules import BODY_LIMIT
from suyuan.correspondence.rules.opinion import LONGEST_TEXT, Added
from suyuan.desk import guard, guarding
from suyuan.desk.fields import one_of, words_field
from suyuan.desk.guarding import level_word
from suyuan.desk.wording import rules_pages
from suyuan.kernel.refusal import Refusal
from suyuan.platform.addresses import address
from suyuan.playbooks.guarding import SURFACES
from suyuan.playbooks.texts import pick

# Named by the button of the guard's own page.
BESIDE = "beside"


class OpinionForm(forms.Form):
    """The words, where they will stand, and what else must not be seen."""

    def __init__(self, *args: Any, places: list[Branch], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "zh-hant"
        self.fields["surface"] = one_of(_("這段話會放在哪裡"), [(code, surface_word(code)) for code in SURFACES])
        if len(places) > 1:
            self.fields["branch"] = one_of(_("哪一間"), [(each.code, each.name(language)) for each in places])
        self.fields["words"] = words_field(_("要看的文字"), rows=8, limit=LONGEST_TEXT)
        self.fields["more"] = words_field(
            _("還要遮住的字"),
            rows=2,
            limit=1_000,
            required=False,
            help_text=_("一行一個，例如文字裡出現的姓名。電話、號碼、日期與同仁姓名會自動遮住。"),
        )


@address("staff", methods=("GET", "POST"), roles=MEMBER_ROLES)
def opinion(request: HttpRequest) -> HttpResponse:
    """Nothing is sent before the masked text was shown and sent on by hand. Asked beside the guard, it is answered there."""
    if BESIDE in request.POST:
        return _beside(request)
    places = list(Branch.objects.filter(pk__in=request.profile.branch_ids).order_by("code"))
    form = OpinionForm(request.POST or None, places=places)
    context: dict[str, Any] = {"form": form, "on": is_set_up(), "server": server_name(), "pages": rules_pages(request.profile, "opinion")}
    if request.method == "POST" and form.is_valid() and is_set_up():
        try:
            context |= _asked(request, form.cleaned_data, places)
        except Refusal as refused:
            if refused.status in (403, 404):
                raise
            context["refused"] = refused
    return render(request, "desk/opinion.html", context, status=_status(form, context))


def _status(form: forms.Form, context: dict[str, Any]) -> int:
    if form.errors:
        return 422
    return context["refused"].status if "refused" in context else 200


def _asked(request: HttpRequest, given: dict[str, Any], places: list[Branch]) -> dict[str, Any]:
    branch = next((each for each in places if each.code == given.get("branch")), places[0])
    return _answered(request, given["words"], surface=given["surface"], branch=branch, more=given["more"])


def _beside(request: HttpRequest) -> HttpResponse:
    """The same on the page of the guard: everything typed stays, and what comes back stands beside the findings."""
    text, more = request.POST.get("words", "")[:BODY_LIMIT], request.POST.get("more", "")[:1_000]
    place = guarding.place_asked(request.POST, guard.branches_of(request))
    if place is None or place.branch.pk not in request.profile.branch_ids:
        return guard.guard_page(request)
    second: dict[str, Any] = {"more": more}
    if text.strip():
        try:
            second |= _answered(request, text, surface=place.surface, branch=place.branch, more=more, reply_to=place.reply_to)
        except Refusal as refused:
            if refused.status in (403, 404):
                raise
            second["refused"] = refused
    else:
        second["empty"] = True
    return guard.guard_page(request, second)


def _answered(
    request: HttpRequest, text: str, *, surface: str, branch: Branch, more: str, reply_to: str = ""
) -> dict[str, Any]:
    masked = hidden(text, surface=surface, branch=branch, words=more.splitlines())
    shown = {"masked": masked.text, "seen": hashlib.sha256(masked.text.encode()).hexdigest(), "server": server_name()}
    if request.POST.get("seen", "") != shown["seen"]:
        return shown
    opinion_ask(masked=masked, surface=surface, branch=branch, actor=request.actor, now=request.now)
    added = opinion_of(masked, surface=surface, branch=branch)
    language = get_language() or branch.language
    verdict = guard_check(text, surface=surface, branch=branch, language=language, reply_to=reply_to)
    new = _new(added, verdict, text, branch)
    return shown | {"answered": True, "verdict": verdict, "level": level_word(verdict.level), "added": new}


def _new(added: tuple[Added, ...], verdict: Verdict, text: str, branch: Branch) -> list[dict[str, Any]]:
    """What the guard has not said already. Names and reasons are those of our rules; the other side's words are not shown."""
    kinds = rules_of(branch.jurisdiction, own_of(branch.pk)).guarding.kind_of
    language = get_language() or branch.language
    known = [(f.kind, f.start, f.end) for f in verdict.findings]
    return [
        {
            "kind": pick(kinds[each.kind].name, language),
            "warns": each.level == "warn",
            "word": _("值得再看") if each.level == "warn" else _("參考"),
            "quoted": text[each.start : each.end],
            "why": pick(kinds[each.kind].why, language),
        }
        for each in added
        if not any(kind == each.kind and start < each.end and each.start < end for kind, start, end in known)
    ]

