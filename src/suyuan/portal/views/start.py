"""The first pages: which clinic, what we take up and how long it takes, in which language; the poster; the proof."""
from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from suyuan.accounts.selectors import branches
from suyuan.platform import keys
from suyuan.platform.addresses import address
from suyuan.portal import http, rules
from suyuan.portal.http import portal_page
from suyuan.portal.proof import proof_judge, proof_read
from suyuan.portal.selectors import draft_kept
from suyuan.portal.services.drafts import draft_clear
from suyuan.portal.views.common import promised, public_base, show
from suyuan.ui.qr import qr_svg

LANGUAGES = ("zh-hant", "zh-hans", "en")


@address("public")
@portal_page
def clinics(request: HttpRequest) -> HttpResponse:
    """Which clinic. With only one there is nothing to choose."""
    found = list(branches())
    if len(found) == 1:
        return redirect("portal:start", found[0].portal_slug)
    language = translation.get_language()
    return render(request, "portal/clinics.html", {"clinics": [(b.name(language), b) for b in found]})


@address("public")
@portal_page
def start(request: HttpRequest, kiosk: bool = False) -> HttpResponse:
    token = http.draft_token(request, kiosk)
    kept = None if kiosk else draft_kept(token, request.now)
    response = show(request, "portal/start.html", {**promised(request), "kept": kept}, kiosk=kiosk)
    if kiosk:
        # Whoever stood here before leaves nothing on this tablet; what was not sent is dropped.
        http.cookie_drop(response, http.KIOSK_COOKIE)
        http.cookie_drop(response, http.DRAFT_COOKIE)
        http.cookie_drop(response, http.PARTY_COOKIE)
        response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@address("public", methods=("POST",))
@portal_page
def kiosk_clear(request: HttpRequest) -> HttpResponse:
    """Someone is done, or turns away: drop what is half written and go back to the beginning."""
    token = http.draft_token(request, kiosk=True)
    if token:
        draft_clear(token=token, now=request.now)
    response = HttpResponseRedirect(reverse("portal:kiosk", args=[request.branch.portal_slug]))
    http.cookie_drop(response, http.KIOSK_COOKIE)
    return response


@address("public", methods=("POST",))
@portal_page
def language(request: HttpRequest) -> HttpResponse:
    """Remember the language and go back; some pages belong to no branch."""
    back = request.POST.get("next", "")
    if not back.startswith("/p/") or not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        branch = getattr(request, "branch", None)
        back = reverse("portal:start", args=[branch.portal_slug]) if branch else reverse("portal:clinics")
    return language_set(HttpResponseRedirect(back), request.POST.get("language", ""))


def language_set(response: HttpResponse, chosen: str) -> HttpResponse:
    if chosen in LANGUAGES:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )
    return response


@address("public")
@portal_page
def poster(request: HttpRequest) -> HttpResponse:
    """For the wall: one A4 page, three languages, one code."""
    branch = request.branch
    where = public_base(request) + reverse("portal:start", args=[branch.portal_slug])
    words = []
    for code in LANGUAGES:
        with translation.override(code):
            words.append(
                {
                    "language": code,
                    "name": branch.name(code),
                    "title": _("有話想說，或覺得哪裡不對"),
                    "text": _("用手機掃描，寫下發生的事。不用帳號，三分鐘就好，會有專人回覆您，也會給您收據。"),
                    "phone": _("也可以打電話，或請櫃台給您紙本"),
                }
            )
    context = {
        "posters": words,
        "qr": qr_svg(where, _("申訴與意見的網址")),
        "where": where.partition("://")[2],
        "loopback": not settings.PUBLIC_URL,
        "back_url": reverse("portal:start", args=[branch.portal_slug]),
    }
    return show(request, "portal/poster.html", context)


@address("public", methods=("GET", "POST"))
@portal_page
def proof(request: HttpRequest) -> HttpResponse:
    """What a receipt proves, our public keys, and a look at one that somebody holds."""
    typed = request.POST.get("proof", "")[:4_000]
    read = proof_read(typed) if typed else None
    unread = "place" if typed.lstrip().startswith("{") else "unreadable" if typed.strip() else ""
    judged = proof_judge(read) if read else unread
    shown = [{"fingerprint": k.fingerprint, "retired_at": k.retired_at, "pem": _pem(k.raw)} for k in keys.public_keys()]
    context = {"keys": shown, "typed": rules.tidy(typed), "read": read, "judged": judged}
    return render(request, "portal/proof.html", context)


def _pem(raw: bytes) -> str:
    """The 32 bytes as openssl wants them."""
    key = Ed25519PublicKey.from_public_bytes(raw)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
