"""A page on which anyone can have a bundle checked, and read how to do it without us."""
from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from suyuan.evidence.selectors.checking import SECONDS, bundle_checked
from suyuan.kernel.sizes import size_words
from suyuan.platform import keys
from suyuan.platform.addresses import address
from suyuan.portal import http, rules
from suyuan.portal.http import portal_page
from suyuan.portal.services.pace import pace_left, pace_taken

TEMPLATE = "portal/bundle.html"


@address("public", methods=("GET", "POST"))
@portal_page
def bundle(request: HttpRequest) -> HttpResponse:
    """Check a bundle, or say how."""
    context = {
        "keys": [key for key in keys.public_keys() if key.retired_at is None],
        "limit": size_words(rules.BUNDLE_LIMIT),
        "pin": rules.tidy(request.POST.get("pin", ""))[:200],
        "receipt": rules.tidy(request.POST.get("receipt", ""))[:4_000],
        "waits": 0,
        "problem": "",
    }
    if request.method != "POST":
        return render(request, TEMPLATE, context)
    name = http.place(request, "bundle")
    if wait := pace_left(name=name, pace=rules.CHECK_PACE, now=request.now):
        return render(request, TEMPLATE, {**context, "problem": "wait", "waits": int(wait) + 1}, status=429)
    given = request.FILES.get("bundle")
    if given is None:
        return render(request, TEMPLATE, {**context, "problem": "missing"}, status=422)
    if given.size > rules.BUNDLE_LIMIT:
        return render(request, TEMPLATE, {**context, "problem": "too_large"}, status=413)
    pace_taken(name=name, pace=rules.CHECK_PACE, now=request.now)
    checked = bundle_checked(
        given.chunks(), pin=context["pin"], receipt=context["receipt"], language=get_language() or ""
    )
    given.close()
    if checked is None:
        return render(request, TEMPLATE, {**context, "problem": "wait", "waits": SECONDS}, status=429)
    return render(request, TEMPLATE, {**context, "checked": checked, "name": given.name})
