"""Resumable uploads of patients, bound to the cookie of the form, of the tablet or of the follow-up page (`files.tus`).

No form token: a request without the header `Tus-Resumable` is refused, and no other site's page can send that header here.
"""
from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from suyuan.platform.addresses import address
from suyuan.platform.files import tus
from suyuan.portal import http, rules
from suyuan.portal.http import bare, place_of, portal_page
from suyuan.portal.selectors import session_of
from suyuan.portal.services.uploads import bytes_taken, bytes_wait, upload_begin, upload_whole

_PLACE = {"form": "file", "kiosk": "kiosk_file", "party": "follow_file"}


@address("public", methods=("POST",))
@portal_page
@bare
def uploads(request: HttpRequest, of: str = "form") -> HttpResponse:
    return _foreign(request) or tus.uploads(request, _door(request, of))


@address("public", methods=("GET", "PATCH", "DELETE"))
@portal_page
@bare
def upload(request: HttpRequest, uid: UUID, of: str = "form") -> HttpResponse:
    return _foreign(request) or tus.upload(request, _door(request, of), uid)


@address("party", methods=("POST",))
@portal_page
@bare
def party_uploads(request: HttpRequest) -> HttpResponse:
    return _foreign(request) or tus.uploads(request, _door(request, "party"))


@address("party", methods=("GET", "PATCH", "DELETE"))
@portal_page
@bare
def party_upload(request: HttpRequest, uid: UUID) -> HttpResponse:
    return _foreign(request) or tus.upload(request, _door(request, "party"), uid)


def _foreign(request: HttpRequest) -> HttpResponse | None:
    asks_only = request.method == "OPTIONS" or request.headers.get("Tus-Resumable") != tus.VERSION
    return None if asks_only or http.from_our_page(request) else tus.plain("", 403)


def _door(request: HttpRequest, of: str) -> tus.Door:
    lives = rules.KIOSK_DRAFT_LIVES if of == "kiosk" else rules.UPLOAD_LIVES
    place = place_of(request, of)
    return tus.Door(
        owner=_owner(request, of),
        begin=lambda owner, name, size: upload_begin(
            owner=owner, name=name, size=size, place=place, now=request.now, lives=lives
        ),
        finish=lambda held: upload_whole(upload=held, now=request.now),
        place=lambda uid: reverse(f"portal:{_PLACE[of]}", args=[request.branch.portal_slug, uid]),
        most=rules.FILE_LIMIT,
        ready=lambda: bytes_wait(place=place, now=request.now),
        took=lambda count: bytes_taken(count=count, place=place, now=request.now),
    )


def _owner(request: HttpRequest, of: str) -> str:
    if of == "party":
        token = http.party_token(request)
        return token if session_of(token, request.now) else ""
    return http.draft_token(request, kiosk=of == "kiosk")
