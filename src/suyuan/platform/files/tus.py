"""Resumable uploads over HTTP: tus 1.0 (creation, termination, expiration), the same at every door.

A door says who may go on with an upload, what it takes in, and where its uploads live; the protocol is here. It answers
nothing without the header `Tus-Resumable`, which no other site's page can send here.
"""
from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils.http import http_date

from suyuan.kernel.refusal import Refusal
from suyuan.platform.files.errors import UploadGone, UploadOffsetWrong
from suyuan.platform.files.uploads import upload_append, upload_drop, upload_for
from suyuan.platform.models import Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,expiration"
PIECE = 1 << 16
_FORMAT = "application/offset+octet-stream"


@dataclass(frozen=True)
class Door:
    """What differs from one door to the next.

    owner   the secret of whoever is at the door; "" when nobody is, which looks like an upload that is not there
    begin   announce a file (owner, name, size), or refuse
    finish  put the pieces together, once all of them are here
    place   the address of an upload
    most    the largest file, in bytes
    ready   asked before a piece is read; raises a Refusal, with `wait` in seconds, when it comes too soon
    took    told how many bytes of a piece are here to stay
    """

    owner: str
    begin: Callable[[str, str, int], Upload]
    finish: Callable[[Upload], Upload]
    place: Callable[[UUID], str]
    most: int
    ready: Callable[[], None] = lambda: None
    took: Callable[[int], None] = lambda count: None


def uploads(request: HttpRequest, door: Door) -> HttpResponse:
    """POST: announce a file. OPTIONS: what is understood."""
    return _answered(request, door, _create, None)


def upload(request: HttpRequest, door: Door, uid: UUID) -> HttpResponse:
    """HEAD: how far it is. PATCH: more of it. DELETE: give it up."""
    if request.method == "GET":
        return plain("", 405)
    act = {"HEAD": _head, "PATCH": _patch, "DELETE": _delete}.get(request.method, _options)
    return _answered(request, door, act, uid)


def plain(words: str, status: int) -> HttpResponse:
    response = HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
    response["Tus-Resumable"] = VERSION
    return response


def _answered(request: HttpRequest, door: Door, act: Callable[..., HttpResponse], uid: UUID | None) -> HttpResponse:
    if request.method == "OPTIONS":
        return _options(request, door, uid)
    if request.headers.get("Tus-Resumable") != VERSION:
        response = plain("", 412)
        response["Tus-Version"] = VERSION
        return response
    if not door.owner:
        return plain(UploadGone().message(), 404)
    try:
        return act(request, door, uid)
    except Refusal as refusal:
        response = plain(refusal.message(), refusal.status)
        if "wait" in refusal.data:
            response["Retry-After"] = str(refusal.data["wait"])
        return response


def _create(request: HttpRequest, door: Door, uid: UUID | None) -> HttpResponse:
    length = _number(request, "Upload-Length")
    if length is None:
        return plain("", 400)
    made = door.begin(door.owner, _name(request), length)
    response = plain("", 201)
    response["Location"] = door.place(made.uid)
    response["Upload-Expires"] = http_date(made.expires_at.timestamp())
    return response


def _head(request: HttpRequest, door: Door, uid: UUID) -> HttpResponse:
    return _where(upload_for(door.owner, uid, request.now), 200)


def _patch(request: HttpRequest, door: Door, uid: UUID) -> HttpResponse:
    if request.content_type != _FORMAT:
        return plain("", 415)
    offset = _number(request, "Upload-Offset")
    if offset is None:
        return plain("", 400)
    held = upload_for(door.owner, uid, request.now)
    door.ready()
    before = held.offset
    try:
        held = upload_append(upload=held, offset=offset, source=_pieces(request))
    except UploadOffsetWrong as wrong:
        response = plain(wrong.message(), wrong.status)
        response["Upload-Offset"] = str(wrong.data["offset"])
        return response
    except UnreadablePostError:
        return plain("", 400)  # the sender has gone; what came is kept
    finally:
        door.took(held.offset - before)
    if held.offset == held.expected:
        held = door.finish(held)
    return _where(held, 204)


def _delete(request: HttpRequest, door: Door, uid: UUID) -> HttpResponse:
    upload_drop(upload=upload_for(door.owner, uid, request.now))
    return plain("", 204)


def _options(request: HttpRequest, door: Door, uid: UUID | None) -> HttpResponse:
    response = plain("", 204)
    response["Tus-Version"] = VERSION
    response["Tus-Extension"] = EXTENSIONS
    response["Tus-Max-Size"] = str(door.most)
    return response


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    while data := request.read(PIECE):
        yield data


def _number(request: HttpRequest, header: str) -> int | None:
    value = request.headers.get(header, "")
    return int(value) if value.isdecimal() and value.isascii() and len(value) <= 15 else None


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
    response = plain("", status)
    response["Upload-Offset"] = str(held.offset)
    response["Upload-Length"] = str(held.expected)
    response["Upload-Expires"] = http_date(held.expires_at.timestamp())
    return response
