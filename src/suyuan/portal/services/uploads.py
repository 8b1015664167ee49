"""Files on their way in, bound to the cookie of a form or of a follow-up page."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile

from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import Refusal
from suyuan.platform import chance, files
from suyuan.platform.models import Upload
from suyuan.portal import rules
from suyuan.portal.errors import TooFast, TooManyFiles
from suyuan.portal.rules import Pace
from suyuan.portal.services.pace import pace_left, pace_taken

# The blind name of the network something comes from, for one purpose.
Place = Callable[[str], str]


@dataclass(frozen=True)
class Refused:
    """A file that was not taken, and why in words."""

    name: str
    words: str


def upload_begin(
    *, owner: str, name: str, size: int, place: Place, now: datetime, lives: timedelta = rules.UPLOAD_LIVES
) -> Upload:
    """Announce a file. Raises FileEmpty, FileTooLarge, TooManyFiles, TooFast."""
    _in_time(place("announce"), rules.ANNOUNCE_PACE, now)
    if size > rules.FILE_LIMIT:
        raise files.FileTooLarge(limit=rules.FILE_LIMIT)
    if files.uploads_total(owner, now) + size > rules.ALL_FILES_LIMIT:
        raise TooManyFiles(limit=rules.ALL_FILES_LIMIT)
    upload = files.upload_open(
        owner=owner, name=name, expected=size, max_bytes=rules.FILE_LIMIT, expires_at=now + lives, now=now
    )
    pace_taken(name=place("announce"), pace=rules.ANNOUNCE_PACE, now=now)
    return upload


def bytes_wait(*, place: Place, now: datetime) -> None:
    """Raises TooFast while more than enough came from there."""
    _in_time(place("bytes"), rules.BYTES_PACE, now)


def bytes_taken(*, count: int, place: Place, now: datetime) -> None:
    """Each piece counts for one at least: it is a file on disk, however short."""
    if count > 0:
        weight = max(1, count // rules.BYTES_UNIT)
        pace_taken(name=place("bytes"), pace=rules.BYTES_PACE, weight=weight, now=now)


def _in_time(name: str, pace: Pace, now: datetime) -> None:
    wait = pace_left(name=name, pace=pace, now=now)
    if wait:
        raise TooFast(wait=round(wait + 0.5))


def upload_whole(*, upload: Upload, now: datetime) -> Upload:
    return files.upload_finish(upload=upload, actor=Actor("party", str(chance.uid())), now=now)


def uploads_from_form(
    *, owner: str, posted: Iterable[UploadedFile], place: Place, now: datetime, lives: timedelta = rules.UPLOAD_LIVES
) -> tuple[list[Upload], list[Refused]]:
    """The plain file field: take in what came with the form, and say of each that was not taken why."""
    taken, refused = [], []
    for file in posted:
        try:
            if (file.size or 0) > rules.FORM_FILE_LIMIT:
                raise files.FileTooLarge(limit=rules.FORM_FILE_LIMIT, in_form=True)
            bytes_wait(place=place, now=now)
            upload = upload_begin(
                owner=owner, name=file.name or "", size=file.size or 0, place=place, now=now, lives=lives
            )
            files.upload_append(upload=upload, offset=0, source=file.chunks())
            bytes_taken(count=upload.offset, place=place, now=now)
            taken.append(upload_whole(upload=upload, now=now))
        except Refusal as refusal:
            refused.append(Refused(file.name or "", refusal.message()))
    return taken, refused


def uploads_named(*, owner: str, tokens: Iterable[str], now: datetime) -> tuple[list[Upload], int]:
    """The whole uploads of this owner among `tokens`, once each, and how many of the others are gone."""
    return files.uploads_named(owner, tokens, now, lambda upload: upload_whole(upload=upload, now=now))


def upload_remove(*, owner: str, token: str, now: datetime) -> None:
    """Take one out again. What is not there any more is no error."""
    try:
        files.upload_drop(upload=files.upload_for(owner, UUID(token), now))
    except (ValueError, files.UploadGone):
        return


def uploads_drop(uploads: Iterable[Upload]) -> None:
    for upload in uploads:
        files.upload_drop(upload=upload)
