"""A stored file as an HTTP answer: streamed, in stretches where they are asked for, never as a page of ours."""
from __future__ import annotations

import re
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from suyuan.platform.files.services import READ, file_name, file_open
from suyuan.platform.files.types import EXTENSIONS
from suyuan.platform.models import StoredFile

# A browser that opens such an address by itself finds what is there without script, origin, form or further request.
SANDBOX = "default-src 'none'; sandbox"

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def file_answer(request: HttpRequest, stored: StoredFile, *, inline_as: str = "") -> HttpResponseBase:
    """The original, or the stretch of it that `Range` names. Without `inline_as` (a content type) it is a download.

    Raises FileDamaged or FileDestroyed before a byte is sent.
    """
    stretch = _stretch(request, stored)
    if stretch is None:
        answer: HttpResponseBase = HttpResponse(status=416)
        answer["Content-Range"] = f"bytes */{stored.size}"
        return _headed(answer, stored, inline_as)
    start, end = stretch
    status = 206 if (start, end) != (0, stored.size) or "Range" in request.headers else 200
    body = _Stretch(stored, start, end)
    if request.method == "HEAD":
        body.close()
        answer = HttpResponse(status=status)
    else:
        answer = StreamingHttpResponse(body, status=status)
    answer["Content-Length"] = str(end - start)
    if status == 206:
        answer["Content-Range"] = f"bytes {start}-{end - 1}/{stored.size}"
    return _headed(answer, stored, inline_as)


def _headed(answer: HttpResponseBase, stored: StoredFile, inline_as: str) -> HttpResponseBase:
    answer["Accept-Ranges"] = "bytes"
    answer["ETag"] = f'"{stored.sha256}"'
    answer["Content-Type"] = inline_as or "application/octet-stream"
    if not inline_as:
        answer["Content-Disposition"] = content_disposition_header(True, download_name(stored))
    answer["Content-Security-Policy"] = SANDBOX
    return answer


def download_name(stored: StoredFile) -> str:
    """The sender's name for it. Where it promises something else than the content is, the true ending comes last."""
    name = file_name(stored)
    return f"{name}.{EXTENSIONS[stored.content_type][0]}" if name and stored.mislabelled else name


def painted_answer(picture: bytes) -> HttpResponse:
    """A picture that was painted here for this moment."""
    answer = HttpResponse(picture, content_type="image/jpeg")
    answer["Content-Security-Policy"] = SANDBOX
    return answer


def _stretch(request: HttpRequest, stored: StoredFile) -> tuple[int, int] | None:
    """What to send, end not included. None: nothing of what was asked for is there."""
    whole = (0, stored.size)
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None or request.headers.get("If-Range", f'"{stored.sha256}"') != f'"{stored.sha256}"':
        return whole
    first, last = asked.groups()
    if not first:
        return (max(0, stored.size - int(last)), stored.size) if last and int(last) else None
    start, end = int(first), min(int(last) + 1, stored.size) if last else stored.size
    if last and int(last) < int(first):
        return whole
    return (start, end) if start < stored.size else None


class _Stretch:
    """Opened at once, so that damage is said instead of a file cut short; closed also when nobody reads it."""

    def __init__(self, stored: StoredFile, start: int, end: int) -> None:
        self._file = file_open(stored)
        self._file.seek(start)
        self._left = end - start

    def __iter__(self) -> Iterator[bytes]:
        while self._left > 0 and (data := self._file.read(min(READ, self._left))):
            self._left -= len(data)
            yield data

    def close(self) -> None:
        self._file.close()
