"""Resumable uploads: tus 1.0 (creation, termination, expiration) over `platform.files`.

Bound to the cookie of the form, of the tablet or of the follow-up page. No form token: a request without the header
`Tus-Resumable` is refused, and no other site's page can send that header here.
"""
from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.utils.http import http_date

from suyuan.kernel.refusal import Refusal
from suyuan.platform import files
from suyuan.platform.addresses import address
from suyuan.platform.models import Upload
from suyuan.portal import http, rules
from suyuan.portal.http import bare, portal_page
from suyuan.portal.selectors import session_of
from suyuan.portal.services.uploads import upload_begin, upload_whole

VERSION = "1.0.0"
PIECE = 1 << 16
_FORMAT = "application/offset+octet-stream"


@address("public", methods=("POST",))
@portal_page
@bare
def uploads(request: HttpRequest, of: str = "form") -> HttpResponse:
    return _answered(request, _create, of)


@address("public", methods=("GET", "PATCH", "DELETE"))
@portal_page
@bare
def upload(request: HttpRequest, uid: UUID, of: str = "form") -> HttpResponse:
    return _one(request, uid, of)


@address("party", methods=("POST",))
@portal_page
@bare
def party_uploads(request: HttpRequest) -> HttpResponse:
    return _answered(request, _create, "party")


@address("party", methods=("GET", "PATCH", "DELETE"))
@portal_page
@bare
def party_upload(request: HttpRequest, uid: UUID) -> HttpResponse:
    return _one(request, uid, "party")


def _one(request: HttpRequest, uid: UUID, of: str) -> HttpResponse:
    if request.method == "GET":
        return _plain("", 405)
    act = {"HEAD": _head, "PATCH": _patch, "DELETE": _delete}.get(request.method, _options)
    return _answered(request, act, of, uid)


def _answered(request: HttpRequest, act, of: str, uid: UUID | None = None) -> HttpResponse:
    if request.method == "OPTIONS":
        return _options(request, "", of, uid)
    if request.headers.get("Tus-Resumable") != VERSION:
        response = _plain("", 412)
        response["Tus-Version"] = VERSION
        return response
    if not http.from_our_page(request):
        return _plain("", 403)
    owner = _owner(request, of)
    if not owner:
        return _plain(files.UploadGone().message(), 404)
    try:
        return act(request, owner, of, uid)
    except Refusal as refusal:
        return _plain(refusal.message(), refusal.status)


def _owner(request: HttpRequest, of: str) -> str:
    if of == "party":
        token = http.party_token(request)
        return token if session_of(token, request.now) else ""
    return http.draft_token(request, kiosk=of == "kiosk")


def _create(request: HttpRequest, owner: str, of: str, uid: UUID | None) -> HttpResponse:
    length = request.headers.get("Upload-Length", "")
    if not length.isdecimal() or len(length) > 15:
        return _plain("", 400)
    lives = rules.KIOSK_DRAFT_LIVES if of == "kiosk" else rules.UPLOAD_LIVES
    made = upload_begin(owner=owner, name=_name(request), size=int(length), now=request.now, lives=lives)
    response = _plain("", 201)
    response["Location"] = reverse(f"portal:{_PLACE[of]}", args=[request.branch.portal_slug, made.uid])
    response["Upload-Expires"] = http_date(made.expires_at.timestamp())
    return response


_PLACE = {"form": "file", "kiosk": "kiosk_file", "party": "follow_file"}


def _head(request: HttpRequest, owner: str, of: str, uid: UUID) -> HttpResponse:
    return _where(files.upload_for(owner, uid, request.now), 200)


def _patch(request: HttpRequest, owner: str, of: str, uid: UUID) -> HttpResponse:
    if request.content_type != _FORMAT:
        return _plain("", 415)
    offset = request.headers.get("Upload-Offset", "")
    if not offset.isdecimal() or len(offset) > 15:
        return _plain("", 400)
    held = files.upload_for(owner, uid, request.now)
    try:
        held = files.upload_append(upload=held, offset=int(offset), source=_pieces(request))
    except files.UploadOffsetWrong as wrong:
        response = _plain(wrong.message(), wrong.status)
        response["Upload-Offset"] = str(wrong.data["offset"])
        return response
    except UnreadablePostError:
        return _plain("", 400)  # the sender has gone; what came is kept
    if held.offset == held.expected:
        held = upload_whole(upload=held, now=request.now)
    return _where(held, 204)


def _delete(request: HttpRequest, owner: str, of: str, uid: UUID) -> HttpResponse:
    files.upload_drop(upload=files.upload_for(owner, uid, request.now))
    return _plain("", 204)


def _options(request: HttpRequest, owner: str, of: str, uid: UUID | None) -> HttpResponse:
    response = _plain("", 204)
    response["Tus-Version"] = VERSION
    response["Tus-Extension"] = "creation,termination,expiration"
    response["Tus-Max-Size"] = str(rules.FILE_LIMIT)
    return response


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    while data := request.read(PIECE):
        yield data


def _name(request: HttpRequest) -> str:
    """The file's name out of `Upload-Metadata: filename aGVsbG8=,filetype …`."""
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return b64decode(value, validate=True).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                return ""
    return ""


def _where(held: Upload, status: int) -> HttpResponse:
    response = _plain("", status)
    response["Upload-Offset"] = str(held.offset)
    response["Upload-Length"] = str(held.expected)
    response["Upload-Expires"] = http_date(held.expires_at.timestamp())
    return response


def _plain(words: str, status: int) -> HttpResponse:
    response = HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
    response["Tus-Resumable"] = VERSION
    return response
