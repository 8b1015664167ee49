"""What every page of the portal begins and ends with: its clinic, its language and hour, its form check, its cookies.

The portal answers with `Referrer-Policy: no-referrer`. A browser then sends `Origin: null` with a form, which Django's own
check refuses; so portal pages are checked here, by the same token, cookie and masking, and "null" only passes when the
browser says that the form came from our own page.
"""
from __future__ import annotations

import functools
import hashlib
import ipaddress
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone, translation

from suyuan.accounts.models import Branch
from suyuan.kernel.refusal import NotHere
from suyuan.platform import chance
from suyuan.platform.keys import blind
from suyuan.portal import rules

_PREFIX = "__Host-" if settings.HTTPS else ""
DRAFT_COOKIE = f"{_PREFIX}suyuan_draft"
KIOSK_COOKIE = f"{_PREFIX}suyuan_kiosk"
PARTY_COOKIE = f"{_PREFIX}suyuan_party"
COOKIE_PATH = "/" if settings.HTTPS else "/p/"  # the prefix asks for the root

_TICKETS = TimestampSigner(salt="suyuan.portal.ticket")
_PARTY_SALT = "suyuan.portal.party"


# --- views ---------------------------------------------------------------------------------------------------------


def portal_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that may belong to a branch (`slug`): its words in the reader's language, its hours in the branch's zone."""
    checked = _checked(view)

    @functools.wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        _readable(request)
        if "slug" not in kwargs:
            return _sealed_off(checked(request, *args, **kwargs))
        request.branch = branch_of(kwargs.pop("slug"))
        with translation.override(_language(request)), timezone.override(request.branch.tz):
            response = checked(request, *args, **kwargs)
            if hasattr(response, "render") and not response.is_rendered:
                response.render()
        return _sealed_off(response)

    page.csrf_exempt = True
    return page


def _readable(request: HttpRequest) -> None:
    """A form in another encoding than ours would come out as other letters; better no words than wrong ones."""
    if request.method == "POST" and request.content_type == "application/x-www-form-urlencoded":
        try:
            request.body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadRequest("a form that is not UTF-8") from error


def bare(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For what is no form in a page (tus) or carries its own ticket (a danger report): no form token is asked for."""
    view.portal_bare = True
    return view


def branch_of(slug: str) -> Branch:
    branch = Branch.objects.filter(portal_slug=slug).first()
    if branch is None:
        raise NotHere()
    return branch


def _language(request: HttpRequest) -> str:
    """What was chosen, else what the browser asks for, else the language of the clinic."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) or request.headers.get("Accept-Language")
    return translation.get_language() if chosen else request.branch.language


def _sealed_off(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


class _FormCheck(CsrfViewMiddleware):
    def _origin_verified(self, request: HttpRequest) -> bool:
        if request.META["HTTP_ORIGIN"] == "null":
            return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        return super()._origin_verified(request)

    def _check_referer(self, request: HttpRequest) -> None:
        if request.META.get("HTTP_REFERER"):
            super()._check_referer(request)

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        from suyuan.portal.views.common import form_came_too_late

        return form_came_too_late(request)


def _checked(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    if getattr(view, "portal_bare", False):
        return view

    @functools.wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        check = _FormCheck(lambda _: HttpResponse())
        check.process_request(request)
        refused = check.process_view(request, view, args, kwargs)
        return refused or view(request, *args, **kwargs)

    return checked


# --- cookies -------------------------------------------------------------------------------------------------------


def token_new() -> str:
    return chance.token_bytes(32).hex()


def token_hash(token: str) -> str:
    return hashlib.sha256(b"suyuan portal 1\x00" + token.encode()).hexdigest()


def draft_cookie(kiosk: bool) -> str:
    return KIOSK_COOKIE if kiosk else DRAFT_COOKIE


def draft_token(request: HttpRequest, kiosk: bool) -> str:
    return request.COOKIES.get(draft_cookie(kiosk), "")[:64]


def draft_cookie_set(response: HttpResponse, token: str, kiosk: bool) -> None:
    lives = None if kiosk else int(rules.DRAFT_LIVES.total_seconds())
    _cookie_set(response, draft_cookie(kiosk), token, lives)


def party_token(request: HttpRequest) -> str:
    try:
        return request.get_signed_cookie(PARTY_COOKIE, salt=_PARTY_SALT)[:64]
    except (KeyError, BadSignature):
        return ""


def party_cookie_set(response: HttpResponse, token: str) -> None:
    response.set_signed_cookie(
        PARTY_COOKIE, token, salt=_PARTY_SALT, path=COOKIE_PATH, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )


def cookie_drop(response: HttpResponse, name: str) -> None:
    response.delete_cookie(name, path=COOKIE_PATH, samesite="Lax")
    response.cookies[name]["secure"] = settings.HTTPS
    response.cookies[name]["httponly"] = True


def _cookie_set(response: HttpResponse, name: str, value: str, max_age: int | None) -> None:
    response.set_cookie(
        name, value, max_age=max_age, path=COOKIE_PATH, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )


# --- danger tickets ------------------------------------------------------------------------------------------------


def ticket_new(key: str) -> str:
    """Says that a form came from our page within a day, without any cookie: someone in danger may have refused them."""
    return _TICKETS.sign(key)


def ticket_key(ticket: str) -> str:
    """The key in a ticket; empty when it is not ours or too old."""
    try:
        return _TICKETS.unsign(ticket, max_age=rules.TICKET_LIVES)
    except BadSignature:
        return ""


def from_our_page(request: HttpRequest) -> bool:
    """Not sent here by another site's page."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin", "null")
    return origin in ("null", f"{request.scheme}://{request.get_host()}")


# --- where it comes from -------------------------------------------------------------------------------------------


def place(request: HttpRequest, purpose: str) -> str:
    """A blind name of the network a request comes from, kept only to slow machines down."""
    return blind("portal.place", f"{purpose}|{_network(_address(request))}").hex()


def place_of(request: HttpRequest, of: str) -> Callable[[str], str]:
    """The same for files. Whoever holds a receipt is counted apart from the forms, whose cookies anybody can invent."""
    door = "party" if of == "party" else "form"
    return lambda purpose: place(request, f"{door}.{purpose}")


def _address(request: HttpRequest) -> str:
    """The sender's address; what a proxy says of it counts only from a proxy we trust."""
    came = request.META.get("REMOTE_ADDR", "")
    if came not in settings.TRUSTED_PROXIES:
        return came
    for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if (hop := hop.strip()) and hop not in settings.TRUSTED_PROXIES:
            return hop
    return came


def _network(address: str) -> str:
    """A whole /64 is one household."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
