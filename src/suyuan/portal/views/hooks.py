"""Addresses that services call. Each call shows by its signature who it is; whatever else comes learns nothing."""

from __future__ import annotations

import re
from uuid import UUID

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from suyuan.correspondence import line
from suyuan.kernel.refusal import NotHere
from suyuan.platform.addresses import address
from suyuan.portal import http, rules
from suyuan.portal.services.hooks import EARLY, UNKNOWN, line_called, sms_reported
from suyuan.portal.services.pace import pace_left, pace_taken


@csrf_exempt
@address("public", methods=("POST",))
def line_hook(request: HttpRequest) -> HttpResponse:
    """LINE brings words. The signature first, over the bytes as they came; the answer at once, the rest by jobs."""
    if not settings.LINE_SECRET:
        raise NotHere()
    body = _body(request)
    if body is None or not line.is_signed(body, request.headers.get("X-Line-Signature", "")):
        return _forged(request)
    line_called(body=body, now=request.now)
    return HttpResponse(status=200)


@csrf_exempt
@address("public", methods=("GET", "POST"))
def sms_report(request: HttpRequest, uid: UUID, code: str) -> HttpResponse:
    """The SMS service says what became of a message, at an address that it alone was given."""
    told = request.GET if request.method == "GET" else request.POST
    done = sms_reported(uid=uid, token=code, status=told.get("StatusFlag", "")[:2], now=request.now)
    if done == UNKNOWN:
        return _forged(request)
    if done == EARLY:
        return HttpResponse(status=503)
    number = re.sub(r"[^0-9A-Za-z]", "", told.get("msgid", ""))[:40]
    return HttpResponse(f"magicid=sms_gateway_rpack\nmsgid={number}\n", content_type="text/plain")


def _body(request: HttpRequest) -> bytes | None:
    try:
        body = request.body
    except RequestDataTooBig:
        return None
    return body if len(body) <= rules.HOOK_LIMIT else None


def _forged(request: HttpRequest) -> HttpResponse:
    """Counted by where it comes from, so that nobody may try for ever."""
    place = http.place(request, "hook")
    wait = pace_left(name=place, pace=rules.FORGED_PACE, now=request.now)
    if wait:
        answer = HttpResponse(status=429)
        answer["Retry-After"] = str(round(wait + 0.5))
        return answer
    pace_taken(name=place, pace=rules.FORGED_PACE, now=request.now)
    raise NotHere()
