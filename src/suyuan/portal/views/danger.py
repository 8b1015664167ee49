"""Danger first: four questions, a number to call, a doctor told at once. Nothing here is ever refused."""
from __future__ import annotations

import hashlib
import threading
import time
from contextlib import contextmanager

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language

from suyuan.people.rules import Contact, contact_problem
from suyuan.platform import idempotency
from suyuan.platform.addresses import address
from suyuan.platform.idempotency import KeyUsedUp
from suyuan.portal import http, rules
from suyuan.portal.errors import TicketOld
from suyuan.portal.forms import DangerForm
from suyuan.portal.http import bare, portal_page
from suyuan.portal.selectors import draft_kept
from suyuan.portal.services.intake import DANGER_SCOPE, case_of, danger_send
from suyuan.portal.services.pace import pace_left, pace_taken
from suyuan.portal.views.common import procedure_of, show

# So many requests of one process may be waiting at once; the others go on at once.
_waiting = threading.BoundedSemaphore(2)


@address("public", methods=("GET", "POST"), idempotent=True)
@portal_page
@bare
def danger(request: HttpRequest, kiosk: bool = False) -> HttpResponse:
    if request.method != "POST":
        return _questions(request, DangerForm(procedure=procedure_of(request.branch)), kiosk)

    form = DangerForm(request.POST, procedure=procedure_of(request.branch))
    form.is_valid()
    signs = [code for code, _ in form.fields["signs"].choices if code in request.POST.getlist("signs")]
    if not signs and "yes" not in request.POST:
        return HttpResponseRedirect(reverse("portal:kiosk_write" if kiosk else "portal:write", args=[request.branch.portal_slug]))
    key = http.ticket_key(request.POST.get("ticket", ""))
    if not key or not http.from_our_page(request):
        return _questions(request, form, kiosk, status=TicketOld.status)
    if not signs:  # 有, without saying which: the doctor asks
        signs = [code for code, _ in form.fields["signs"].choices]
    return _open(request, form, signs, key, kiosk)


def _open(request: HttpRequest, form: DangerForm, signs: list[str], key: str, kiosk: bool) -> HttpResponse:
    mine = http.draft_token(request, kiosk)
    # Who refuses cookies is recognised by the ticket itself: nobody else has it.
    caller = mine or hashlib.sha256(b"ticket" + request.POST["ticket"].encode()).hexdigest()
    # The same page sent again with another answer is another report: only the very same one is a double click.
    digest = idempotency.body_digest(request)
    key = hashlib.sha256(f"{key} {digest}".encode()).hexdigest()[:32]
    token = idempotency.token_of(scope=DANGER_SCOPE, key=key, caller=caller, body_sha256=digest)
    answer = _said_before(token)
    if answer is None:
        name = http.place(request, "danger")
        with _slowed(pace_left(name=name, pace=rules.DANGER_PACE, now=request.now)):
            pace_taken(name=name, pace=rules.DANGER_PACE, now=request.now)
            try:
                sent = danger_send(
                    branch=request.branch,
                    signs=signs,
                    phone=rules.one_line(request.POST.get("phone", ""))[:60],
                    token=token,
                    draft_token=mine,
                    kept=draft_kept(mine, request.now),
                    key=idempotency.new_key(),
                    channel="on_site" if kiosk else "web",
                    language=get_language(),
                    now=request.now,
                    kiosk=kiosk,
                )
                answer = sent.as_answer()
            except KeyUsedUp:
                answer = _said_before(token) or {}
    return _told(request, answer, signs, kiosk, cookies=bool(mine))


def _said_before(token) -> dict | None:
    """What was answered to the same report; {} when it was told and there is nothing (more) to show this caller."""
    try:
        return idempotency.replay(token)
    except KeyUsedUp:
        return {}


def _told(request: HttpRequest, answer: dict, signs: list[str], kiosk: bool, *, cookies: bool) -> HttpResponse:
    procedure = procedure_of(request.branch)
    phone = rules.one_line(request.POST.get("phone", ""))
    context = {
        "acts": [q for q in procedure.danger_questions if q.id in signs],
        "case": case_of(answer) if answer else None,
        "secret": rules.secret_grouped(answer["secret"]) if answer else "",
        "go_on": reverse("portal:kiosk_write" if kiosk else "portal:write", args=[request.branch.portal_slug]) if cookies else "",
        "phone_left": bool(phone) and contact_problem(Contact("phone", phone)) is None,
        "phone_odd": phone,
        "signs": signs,
        "ticket": http.ticket_new(idempotency.new_key()) if cookies else "",
    }
    return show(request, "portal/danger_told.html", context, kiosk=kiosk)


def _questions(request: HttpRequest, form: DangerForm, kiosk: bool, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "questions": procedure_of(request.branch).danger_questions,
        "ticket": http.ticket_new(idempotency.new_key()),
        "late": status != 200,
    }
    response = show(request, "portal/danger.html", context, kiosk=kiosk, status=status)
    if not http.draft_token(request, kiosk):
        http.draft_cookie_set(response, http.token_new(), kiosk)
    return response


@contextmanager
def _slowed(seconds: float):
    """Let a machine wait a little, two at a time; everybody else goes straight through."""
    wait = min(seconds, rules.DANGER_PACE.cap)
    if wait > 0 and _waiting.acquire(blocking=False):
        try:
            time.sleep(wait)
        finally:
            _waiting.release()
    yield
