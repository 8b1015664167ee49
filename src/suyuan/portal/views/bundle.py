"""A page on which anyone can have a bundle checked, and read how to do it without us."""
from __future__ import annotations

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from suyuan.evidence.selectors.checking import bundle_checked
from suyuan.platform import keys
from suyuan.platform.addresses import address
from suyuan.portal import http, rules
from suyuan.portal.http import portal_page
from suyuan.portal.services.pace import pace_left, pace_taken

TEMPLATE = "portal/bundle.html"


def _bounded(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refused before a byte of it is read: reading is what would fill the disk."""

    @functools.wraps(view)
    def asked(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        request.too_large = not length.isdecimal() or int(length) > rules.BUNDLE_LIMIT
        if request.too_large and request.method == "POST":
            request.method = "GET"
        return view(request)

    asked.csrf_exempt = True
    return asked


@address("public", methods=("GET", "POST"))
@_bounded
@portal_page
def bundle(request: HttpRequest) -> HttpResponse:
    """Check a bundle, or say how."""
    context = {
        "keys": [key for key in keys.public_keys() if key.retired_at is None],
        "limit": rules.BUNDLE_LIMIT,
        "pin": rules.tidy(request.POST.get("pin", ""))[:200],
        "receipt": rules.tidy(request.POST.get("receipt", ""))[:4_000],
        "waits": 0,
        "problem": "too_large" if request.too_large else "",
    }
    if request.method != "POST":
        return render(request, TEMPLATE, context, status=413 if request.too_large else 200)
    name = http.place(request, "bundle")
    if wait := pace_left(name=name, pace=rules.CHECK_PACE, now=request.now):
        return render(request, TEMPLATE, {**context, "problem": "wait", "waits": int(wait) + 1}, status=429)
    given = request.FILES.get("bundle")
    if given is None:
        return render(request, TEMPLATE, {**context, "problem": "missing"}, status=422)
    pace_taken(name=name, pace=rules.CHECK_PACE, now=request.now)
    checked = bundle_checked(
        given.chunks(), pin=context["pin"], receipt=context["receipt"], language=get_language() or ""
    )
    given.close()
    return render(request, TEMPLATE, {**context, "checked": checked, "name": given.name})
