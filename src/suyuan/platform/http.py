"""The one place where refusals become HTTP, time enters a request, and every response gets its headers."""
from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import select_template

from suyuan.kernel.refusal import Refusal
from suyuan.platform import access, clock

log = logging.getLogger("suyuan.http")

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class EveryResponse:
    """Headers that hold on every response, errors included."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), interest-cohort=()")
        response.setdefault("X-Content-Type-Options", "nosniff")
        response.setdefault("X-Frame-Options", "DENY")  # redirects made before the frame middleware ran
        if not request.path.startswith(settings.STATIC_URL) or response.status_code >= 400:
            response.setdefault("Cache-Control", "no-store")
        if "Content-Security-Policy" not in response:  # answers made before the CSP middleware ran
            response["Content-Security-Policy"] = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
        return response


class RequestTime:
    """`request.now` is read once, after the body of a form has arrived."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and request.content_type in _FORMS:
            len(request.POST)  # parses, so the whole body has arrived
        request.now = clock.now()
        return self.get_response(request)


class Refusals:
    """Refusal → status, words and a page or fragment; views never repeat this."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Refusal):
            _remember(request, error)
            return refusal_response(request, error)
        return None


def _remember(request: HttpRequest, refusal: Refusal) -> None:
    """Staff who knock at a door that stays shut are on record as those are who come in."""
    match = request.resolver_match
    held = getattr(match.func, "address", None) if match else None
    if held is None or held.audience != "staff" or not request.user.is_authenticated:
        return
    names = match.kwargs | {f"{match.namespace}:{kind}": value for kind, value in match.kwargs.items()}
    access.tried(
        request.actor, f"{request.method} {request.path}", at=request.now, code=refusal.code, names=names
    )


def refusal_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A page, or for htmx a fragment, that says what did not happen, what is safe and what to do."""
    status = refusal.status
    if getattr(request, "htmx", False):
        names = ["ui/refusal_fragment.html"]
    else:
        names = [f"ui/errors/{status}.html", "ui/errors/refusal.html"]
    template = select_template(names)
    words = refusal.message()
    context = {"refusal": refusal, "code": refusal.code, "words": "" if words == refusal.code else words, "status": status}
    return render(request, template.template.name, context, status=status)
