"""The page that shows every component, keyboard help, and the theme switch."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from suyuan.ui import samples

THEMES = ("system", "light", "dark")
ONE_YEAR = 365 * 24 * 3600


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    return render(request, "ui/components.html", samples.everything())


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    return render(request, "ui/keys.html")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or as the system says, in a cookie of this browser."""
    goal = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(goal, {request.get_host()}, require_https=request.is_secure()):
        goal = "/"
    response = redirect(goal)
    chosen = request.POST.get("theme")
    if chosen in ("light", "dark"):
        response.set_cookie(
            "sy_theme", chosen, max_age=ONE_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    elif chosen in THEMES:
        response.delete_cookie("sy_theme", samesite="Lax")
    return response
