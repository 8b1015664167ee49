"""Staff sessions: who acts, when a session is over, and what happens to words typed into one that is.

A session ends after 15 idle minutes, after 12 hours, at logout, and for every device at a change of password, of roles
or of the account. Its last-seen moves at most once a minute, and not for views marked `@passive` (a heartbeat is not a
person).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from suyuan.accounts.held import can_be_shown, form_hold, held_done, page_of
from suyuan.accounts.rules import ActorProfile
from suyuan.accounts.selectors import profile_of

BEGAN, SEEN = "suyuan_began", "suyuan_seen"
_MINUTE = 60
_ALLOWED_WITH_FIRST_PASSWORD = frozenset({"accounts:password", "accounts:logout", "set_language"})


def passive(view: Callable) -> Callable:
    """A view that the page asks for by itself: it keeps no session alive."""
    view.passive = True
    return view


class StaffSession:
    """Gives every request `actor`, `profile` and `ask_login()`; ends sessions that are over."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.session_user_id = _session_user_id(request)
        if request.session_user_id is not None and _is_over(request.session, request.now):
            request.session.flush()
        request.profile = SimpleLazyObject(lambda: _profile(request))
        request.actor = SimpleLazyObject(lambda: request.profile.actor)
        request.ask_login = lambda: ask_login(request)
        response = self.get_response(request)
        if request.method == "POST" and "held" in request.POST and response.status_code < 400:
            held_done(request)
        return response

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        address = getattr(view, "address", None)
        if address is None or address.audience != "staff" or not request.user.is_authenticated:
            return None
        if not getattr(view, "passive", False):
            touch(request)
        here = request.resolver_match.view_name
        if request.user.must_change_password and here not in _ALLOWED_WITH_FIRST_PASSWORD:
            return HttpResponseRedirect(reverse("accounts:password"))
        return None


def begin(request: HttpRequest) -> None:
    """Start counting: called once, right after the login."""
    request.session[BEGAN] = request.session[SEEN] = int(request.now.timestamp())


def touch(request: HttpRequest) -> None:
    """Someone is there. Written at most once a minute."""
    now = int(request.now.timestamp())
    if BEGAN not in request.session:
        begin(request)
    elif now - request.session.get(SEEN, 0) >= _MINUTE:
        request.session[SEEN] = now


def ask_login(request: HttpRequest) -> HttpResponse:
    """Lead to the login page; keep what was being sent."""
    page = request.get_full_path()
    kept = None
    if request.method == "POST":
        page = page_of(request)
        kept = form_hold(request, request.session_user_id, request.now)
    elif request.headers.get("HX-Current-URL"):
        page = page_of(request)
    asked = {"next": page} if can_be_shown(page) else {}
    if request.method == "POST":
        asked["typed"] = "kept" if kept else "lost"
    address = reverse("accounts:login") + (f"?{urlencode(asked)}" if asked else "")
    if getattr(request, "htmx", False):
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address, status=303) if request.method == "POST" else HttpResponseRedirect(address)


def _session_user_id(request: HttpRequest) -> int | None:
    """Whose session the cookie names, before anything decides whether it still lives."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    value = request.session.get(SESSION_KEY)
    return int(value) if value is not None else None


def _is_over(session, now: datetime) -> bool:
    if BEGAN not in session:
        return False
    at = int(now.timestamp())
    idle = at - session.get(SEEN, 0) >= settings.STAFF_IDLE_SECONDS
    return idle or at - session[BEGAN] >= settings.STAFF_ABSOLUTE_SECONDS


def _profile(request: HttpRequest) -> ActorProfile:
    if not request.user.is_authenticated:
        raise PermissionError("no one is logged in")
    return profile_of(request.user, request.now)
