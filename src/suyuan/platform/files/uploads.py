"""Files that come in pieces and may be taken up again after the connection broke (tus).

Each acknowledged piece is a sealed file of its own with a row; the offset moves in the same commit. A crash loses at
most what was not acknowledged, and two requests that race for the same place leave one piece, whole.
"""
from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet, Sum

from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import Refusal
from suyuan.kernel.sizes import LARGEST_IN_A_FORM
from suyuan.platform import chance
from suyuan.platform.files import sealed
from suyuan.platform.files.errors import (
    FileDamaged,
    FileEmpty,
    FileTooLarge,
    FileTypeRefused,
    StorageFull,
    UploadGone,
    UploadIncomplete,
    UploadInTooManyPieces,
    UploadOffsetWrong,
    UploadUsed,
)
from suyuan.platform.files.services import NAME_FIELD, Received, clean_name, examine_later, file_receive, row_of
from suyuan.platform.files.storage import storage
from suyuan.platform.files.types import PORTAL_TYPES
from suyuan.platform.keys import new_file_key, seal, unseal, unwrap_file_key
from suyuan.platform.models import StoredFile, Upload, UploadPiece
from suyuan.platform.units import writes

MOST_PIECES = 4_000

# A large file is only begun where it leaves room for everything else: words, small files, the database.
LARGE, RESERVE = LARGEST_IN_A_FORM, 1_000_000_000
# Nor is a small one, by anybody, where only this much is left: many small ones fill a disk as well.
LAST = 250_000_000


@writes
def upload_open(
    *, owner: str, name: str, expected: int, max_bytes: int, expires_at: datetime, now: datetime
) -> Upload:
    """Announce a file. `owner` is the secret of whoever may go on with it; only its hash is kept."""
    if expected <= 0:
        raise FileEmpty
    if expected > max_bytes:
        raise FileTooLarge(limit=max_bytes)
    _refuse_without_room(expected)
    uid = chance.uid()
    _, wrapped = new_file_key()
    return Upload.objects.create(
        uid=uid,
        owner_hash=_hash(owner),
        expected=expected,
        name_sealed=seal(NAME_FIELD, uid, clean_name(name)),
        wrapped_key=wrapped,
        created_at=now,
        expires_at=expires_at,
    )


def upload_for(owner: str, uid: UUID, now: datetime) -> Upload:
    """The one door to an upload. Raises UploadGone when it is not there, expired, or somebody else's."""
    upload = Upload.objects.filter(uid=uid, expires_at__gt=now).select_related("file").first()
    if upload is None or not hmac.compare_digest(upload.owner_hash, _hash(owner)):
        raise UploadGone
    return upload


def uploads_of(owner: str, now: datetime) -> QuerySet[Upload]:
    """Uploads of one owner that are not handed in yet."""
    mine = Upload.objects.filter(owner_hash=_hash(owner), expires_at__gt=now)
    return mine.filter(state__in=["open", "whole"]).order_by("id")


def uploads_total(owner: str, now: datetime) -> int:
    """Bytes announced by one owner and not handed in yet; compare with the limit before `upload_open`."""
    return uploads_of(owner, now).aggregate(total=Sum("expected"))["total"] or 0


def uploads_named(
    owner: str, tokens: Iterable[str], now: datetime, finish: Callable[[Upload], Upload]
) -> tuple[list[Upload], int]:
    """The whole uploads of this owner among `tokens`, once each, and how many of the others are gone."""
    found: dict[UUID, Upload] = {}
    missing = 0
    for token in dict.fromkeys(tokens):
        try:
            upload = upload_for(owner, UUID(token), now)
            if upload.state == "open" and upload.offset == upload.expected:
                # All of it arrived, and the house went away before it could say so.
                upload = finish(upload)
        except (ValueError, Refusal):
            missing += 1
            continue
        if upload.state == "whole":
            found[upload.uid] = upload
        else:
            missing += 1
    return list(found.values()), missing


def upload_name(upload: Upload) -> str:
    return unseal(NAME_FIELD, upload.uid, bytes(upload.name_sealed))


def upload_append(*, upload: Upload, offset: int, source: Iterable[bytes]) -> Upload:
    """Take in what comes, from `offset` on. If the sender breaks off, what came is kept and acknowledged, and the
    sender's error raised. Raises UploadOffsetWrong, FileTooLarge, StorageFull, StorageFailed.
    """
    if upload.state != "open" or offset != upload.offset:
        raise UploadOffsetWrong(offset=upload.offset)
    if upload.pieces.count() >= MOST_PIECES:
        raise UploadInTooManyPieces
    _refuse_at_the_last(0)
    room, length, broken = upload.expected - offset, 0, None
    key = unwrap_file_key(upload.wrapped_key)
    with storage().incoming() as incoming:
        sealer = sealed.Sealer(incoming.write, key, _context(upload, offset))
        pieces = iter(source)
        while True:
            try:
                data = next(pieces)
            except StopIteration:
                break
            except Exception as error:  # whatever the connection died of, the bytes before it are good
                broken = error
                break
            length += len(data)
            if length > room:
                raise FileTooLarge(limit=upload.expected)
            sealer.feed(data)
        if length:
            sealer.close()
            incoming.keep()
    if length:
        try:
            _piece_acknowledge(upload=upload, offset=offset, length=length, path=incoming.token)
        except BaseException:
            storage().remove(incoming.token)
            raise
    if broken is not None:
        raise broken
    return upload


def upload_finish(
    *, upload: Upload, actor: Actor, now: datetime, accept: Collection[str] = PORTAL_TYPES
) -> Upload:
    """Put the pieces together and judge the content. An upload of a refused type is removed at once.

    Raises UploadIncomplete, FileTypeRefused, StorageFull, StorageFailed.
    """
    if upload.state != "open":
        return upload
    if upload.offset != upload.expected:
        raise UploadIncomplete(offset=upload.offset)
    try:
        received = file_receive(
            source=_bytes_of(upload), name=upload_name(upload), max_bytes=upload.expected, accept=accept
        )
    except FileTypeRefused:
        upload_drop(upload=upload)
        raise
    pieces = list(upload.pieces.values_list("path", flat=True))
    if not _upload_become_whole(upload=upload, received=received, actor=actor, now=now):
        storage().remove(received.path)  # another request finished it first
    else:
        for path in pieces:
            storage().remove(path)
    try:
        upload.refresh_from_db()
    except Upload.DoesNotExist:  # given up meanwhile by another request of the same owner
        raise UploadGone from None
    return upload


@writes
def upload_keep(
    *, upload: Upload, branch_id: int, actor: Actor, now: datetime, compartment: str = ""
) -> StoredFile:
    """Hand in a whole upload: its file is stored from now on. Once only. Raises UploadIncomplete, UploadUsed."""
    if upload.state == "open":
        raise UploadIncomplete(offset=upload.offset)
    if not Upload.objects.filter(pk=upload.pk, state="whole").update(state="kept"):
        raise UploadUsed
    StoredFile.objects.filter(pk=upload.file_id, state="waiting").update(
        state="stored", branch_id=branch_id, compartment=compartment, by=str(actor), created_at=now
    )
    upload.state = "kept"
    stored = StoredFile.objects.get(pk=upload.file_id)
    examine_later(stored)
    return stored


def upload_drop(*, upload: Upload) -> None:
    """Give up an upload that was not handed in: rows first, bytes after."""
    for path in _rows_drop(upload=upload):
        storage().remove(path)


def _refuse_at_the_last(more: int) -> None:
    room = storage().room()
    if room is not None and room - more < LAST:
        raise StorageFull


def _refuse_without_room(expected: int) -> None:
    room = storage().room()
    _refuse_at_the_last(2 * expected)
    if room is None or expected <= LARGE:
        return
    # What has come is put together beside its pieces. What was only announced keeps no room from anybody: it costs nothing
    # to announce, and each piece asks for room again.
    arrived = Upload.objects.filter(state="open").aggregate(there=Sum("offset"))["there"] or 0
    if room - arrived - 2 * expected < RESERVE:
        raise StorageFull


@writes
def _piece_acknowledge(*, upload: Upload, offset: int, length: int, path: str) -> None:
    unmoved = Upload.objects.filter(pk=upload.pk, state="open", offset=offset)
    if not unmoved.update(offset=F("offset") + length):
        latest = Upload.objects.filter(pk=upload.pk).values_list("offset", flat=True).first()
        raise UploadOffsetWrong(offset=latest or 0)
    UploadPiece.objects.create(upload=upload, start=offset, length=length, path=path)
    upload.offset = offset + length


@writes
def _upload_become_whole(*, upload: Upload, received: Received, actor: Actor, now: datetime) -> bool:
    if not Upload.objects.select_for_update().filter(pk=upload.pk, state="open").exists():
        return False
    file = row_of(received, by=actor, now=now, state="waiting")
    file.save(force_insert=True)
    Upload.objects.filter(pk=upload.pk).update(state="whole", file=file)
    UploadPiece.objects.filter(upload=upload).delete()
    return True


@writes
def _rows_drop(*, upload: Upload) -> list[str]:
    """Remove an upload's rows; returns what lies on disk for them."""
    mine = Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if mine is None:
        return []
    paths = list(UploadPiece.objects.filter(upload=mine).values_list("path", flat=True))
    waiting = StoredFile.objects.filter(pk=mine.file_id, state="waiting")
    paths += waiting.values_list("path", flat=True)
    UploadPiece.objects.filter(upload=mine).delete()
    mine.delete()
    waiting.delete()
    return paths


def _bytes_of(upload: Upload) -> Iterator[bytes]:
    key = unwrap_file_key(upload.wrapped_key)
    for piece in upload.pieces.order_by("start"):
        try:
            raw = storage().open(piece.path)
            with sealed.opened(raw, key, _context(upload, piece.start), piece.length) as plain:
                while data := plain.read(sealed.CHUNK):
                    yield data
        except (FileNotFoundError, sealed.Unsealable) as error:
            raise FileDamaged(uid=str(upload.uid), why="a piece is missing or was altered") from error


def _context(upload: Upload, start: int) -> bytes:
    return upload.uid.bytes + start.to_bytes(8)


def _hash(owner: str) -> str:
    return hashlib.sha256(b"suyuan upload owner 1\x00" + owner.encode()).hexdigest()
