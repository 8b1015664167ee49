"""What the pages of the portal have in common."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language

from suyuan.accounts.models import Branch
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import Procedure
from suyuan.portal import rules
from suyuan.portal.selectors import answers_for
from suyuan.ui.shapes import Step


def procedure_of(branch: Branch) -> Procedure:
    return packs.procedure_newest(branch.jurisdiction)


def show(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, kiosk: bool = False, status: int = 200
) -> HttpResponse:
    """A page of the branch this request is for."""
    branch = request.branch
    language = get_language()
    slug = branch.portal_slug
    home = reverse("portal:kiosk" if kiosk else "portal:start", args=[slug])
    common = {
        "branch": branch,
        "slug": slug,
        "kiosk": kiosk,
        "now": request.now,
        "sy_brand": branch.name(language),
        "sy_brand_url": home,
        "sy_kiosk": rules.KIOSK_IDLE_SECONDS if kiosk else "",
        "emergency": procedure_of(branch).emergency(branch.jurisdiction),
        "phone_link": phone_link(branch.phone),
        "emergency_phone_link": phone_link(branch.emergency_phone),
        "in_columns": not language.startswith("en"),  # two choices beside each other: English words are too long for that
    }
    return render(request, template, {**common, **(context or {})}, status=status)


def phone_link(phone: str) -> str:
    return "tel:" + "".join(c for c in phone if c.isdigit() or c == "+") if phone else ""


def public_base(request: HttpRequest) -> str:
    """The address people can type. Without PUBLIC_URL only this computer is served, and the posters say so."""
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"


def promise_steps(procedure: Procedure) -> list[Step]:
    """What happens after sending, and how long each step takes."""
    return [
        Step(what=str(step.title), when=str(procedure.within(step)), note=str(step.text), state="ahead")
        for step in procedure.promise.steps
    ]


def promised(request: HttpRequest) -> dict[str, Any]:
    """What we take up, what not, how long it takes, and where else people can turn."""
    procedure = procedure_of(request.branch)
    return {
        "promise": procedure.promise,
        "steps": promise_steps(procedure),
        "channels": procedure.channels_of(request.branch.jurisdiction),
        "short_steps": [replace(step, note="") for step in promise_steps(procedure)],
        "contact": answers_for(request.branch, request.now),
    }


def form_came_too_late(request: HttpRequest) -> HttpResponse:
    """The form's check failed: cookies are refused, or the page is older than its cookie. Nothing was done; all words stay."""
    from suyuan.portal.views import write

    match = request.resolver_match
    if match is not None and match.url_name in ("write", "kiosk_write"):
        return write.again(request, kiosk=match.url_name == "kiosk_write")
    typed = [(name, value) for name in ("words", "reason") for value in request.POST.getlist(name) if value.strip()]
    context = {"typed": typed, "back": request.path}
    if getattr(request, "branch", None) is None:
        return render(request, "portal/too_late_plain.html", context, status=403)
    return show(request, "portal/too_late.html", context, status=403)
