"""Uploads in pieces: taken up where they broke, never another's, never twice, never half."""
from __future__ import annotations

import hashlib
import random
from datetime import timedelta
from uuid import uuid4

import pytest

from suyuan.platform.files import (
    FileDamaged,
    FileEmpty,
    FileTooLarge,
    FileTypeRefused,
    UploadGone,
    UploadIncomplete,
    UploadInTooManyPieces,
    UploadOffsetWrong,
    UploadUsed,
    file_open,
    file_verify,
    storage,
    upload_append,
    upload_drop,
    upload_finish,
    upload_for,
    upload_keep,
    upload_name,
    upload_open,
    uploads,
    uploads_of,
    uploads_total,
)
from suyuan.platform.files.jobs import orphans_collect, uploads_expire
from suyuan.platform.models import StoredFile, Upload, UploadPiece
from tests.platform.stories import NOW, SOMEBODY
from tests.platform.test_files_services import age, on_disk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_folder")]

PHOTO = b"\xff\xd8\xff\xe0" + random.Random(1).randbytes(200_000)
TOMORROW = NOW + timedelta(hours=24)


def begin(size: int = len(PHOTO), owner: str = "mine", **more) -> Upload:
    told = {"name": "臉.jpg", "max_bytes": 50_000_000, "expires_at": TOMORROW, "now": NOW, **more}
    return upload_open(owner=owner, expected=size, **told)


def whole(data: bytes = PHOTO) -> Upload:
    upload = begin(len(data))
    upload_append(upload=upload, offset=0, source=[data])
    return upload_finish(upload=upload, actor=SOMEBODY, now=NOW)


def broken_after(data: bytes):
    yield data
    raise ConnectionResetError


def test_pieces_become_the_file_that_was_sent():
    upload = begin()
    upload_append(upload=upload, offset=0, source=[PHOTO[:70_000], PHOTO[70_000:100_000]])
    upload_append(upload=upload, offset=100_000, source=[PHOTO[100_000:]])
    finished = upload_finish(upload=upload, actor=SOMEBODY, now=NOW)
    kept = upload_keep(upload=finished, branch_id=3, actor=SOMEBODY, now=NOW, compartment="care")

    assert file_open(kept).read() == PHOTO
    assert kept.sha256 == hashlib.sha256(PHOTO).hexdigest()
    assert (kept.state, kept.branch_id, kept.compartment, kept.content_type) == ("stored", 3, "care", "image/jpeg")
    assert upload_name(upload) == "臉.jpg"


def test_cut_at_200_random_places_it_still_arrives_whole(own_folder):
    chance = random.Random(7)
    for _ in range(20):
        upload = begin()
        for _ in range(10):
            at = upload.offset
            length = chance.randrange(0, 30_000)
            with pytest.raises(ConnectionResetError):
                upload_append(upload=upload, offset=at, source=broken_after(PHOTO[at : at + length]))
            upload = upload_for("mine", upload.uid, NOW)
            assert upload.offset == min(at + length, len(PHOTO))
            if upload.offset == len(PHOTO):
                break
        upload_append(upload=upload, offset=upload.offset, source=[PHOTO[upload.offset :]])
        kept = upload_keep(
            upload=upload_finish(upload=upload, actor=SOMEBODY, now=NOW), branch_id=1, actor=SOMEBODY, now=NOW
        )
        assert file_verify(kept) == ""
        assert kept.sha256 == hashlib.sha256(PHOTO).hexdigest()
    assert len(on_disk(own_folder)) == 20


def test_the_pieces_are_gone_when_the_file_is_whole(own_folder):
    upload = whole()
    assert on_disk(own_folder) == [upload.file.path]
    assert not UploadPiece.objects.exists()


def test_nothing_readable_lies_on_disk_meanwhile(own_folder):
    upload = begin(1_000)
    upload_append(upload=upload, offset=0, source=[b"\xff\xd8\xffsecret of the patient"])
    (name,) = on_disk(own_folder)
    assert b"secret" not in storage().path(name).read_bytes()
    assert "mine" not in upload.owner_hash


@pytest.mark.parametrize("offset", [0, 9, 11, 1_000_000])
def test_the_next_byte_is_the_next_byte(offset):
    upload = begin()
    upload_append(upload=upload, offset=0, source=[PHOTO[:10]])
    with pytest.raises(UploadOffsetWrong) as refusal:
        upload_append(upload=upload, offset=offset, source=[PHOTO[10:]])
    assert refusal.value.data["offset"] == 10


def test_two_that_race_for_one_place_leave_one_piece(own_folder):
    upload = begin()
    first, second = (upload_for("mine", upload.uid, NOW) for _ in range(2))
    upload_append(upload=first, offset=0, source=[PHOTO[:50]])
    with pytest.raises(UploadOffsetWrong) as refusal:
        upload_append(upload=second, offset=0, source=[b"x" * 70])

    assert refusal.value.data["offset"] == 50
    assert len(on_disk(own_folder)) == 1
    assert UploadPiece.objects.get().length == 50


def test_more_than_announced_is_refused_and_the_rest_stays_good():
    upload = begin()
    with pytest.raises(FileTooLarge):
        upload_append(upload=upload, offset=0, source=[PHOTO, b"x"])
    upload_append(upload=upload, offset=0, source=[PHOTO])
    assert upload_finish(upload=upload, actor=SOMEBODY, now=NOW).state == "whole"


@pytest.mark.parametrize(("size", "refusal"), [(0, FileEmpty), (-1, FileEmpty), (50_000_001, FileTooLarge)])
def test_impossible_sizes_are_refused_at_the_door(size, refusal):
    with pytest.raises(refusal):
        begin(size)


def test_an_empty_request_changes_nothing(own_folder):
    upload = begin()
    upload_append(upload=upload, offset=0, source=[])
    assert (upload.offset, on_disk(own_folder)) == (0, [])


def test_a_thousand_crumbs_are_enough(monkeypatch):
    monkeypatch.setattr(uploads, "MOST_PIECES", 3)
    upload = begin()
    for n in range(3):
        upload_append(upload=upload, offset=n, source=[PHOTO[n : n + 1]])
    with pytest.raises(UploadInTooManyPieces):
        upload_append(upload=upload, offset=3, source=[PHOTO[3:]])


def test_an_unfinished_upload_cannot_be_finished_or_handed_in():
    upload = begin()
    upload_append(upload=upload, offset=0, source=[PHOTO[:-1]])
    with pytest.raises(UploadIncomplete):
        upload_finish(upload=upload, actor=SOMEBODY, now=NOW)
    with pytest.raises(UploadIncomplete):
        upload_keep(upload=upload, branch_id=1, actor=SOMEBODY, now=NOW)


def test_it_is_finished_and_handed_in_once(own_folder):
    upload = begin()
    upload_append(upload=upload, offset=0, source=[PHOTO])
    twin = upload_for("mine", upload.uid, NOW)
    one = upload_finish(upload=upload, actor=SOMEBODY, now=NOW)
    again = upload_finish(upload=one, actor=SOMEBODY, now=NOW)
    assert again.file_id == one.file_id
    with pytest.raises(UploadOffsetWrong):
        upload_append(upload=one, offset=len(PHOTO), source=[b"x"])

    upload_keep(upload=one, branch_id=1, actor=SOMEBODY, now=NOW)
    with pytest.raises(UploadUsed):
        upload_keep(upload=again, branch_id=2, actor=SOMEBODY, now=NOW)
    with pytest.raises(UploadIncomplete):
        upload_keep(upload=twin, branch_id=2, actor=SOMEBODY, now=NOW)
    assert StoredFile.objects.get().branch_id == 1
    assert len(on_disk(own_folder)) == 1


def test_the_loser_of_a_race_to_finish_leaves_no_bytes(own_folder, monkeypatch):
    upload = begin()
    upload_append(upload=upload, offset=0, source=[PHOTO])
    twin = upload_for("mine", upload.uid, NOW)
    receive = uploads.file_receive

    def slowly(**kwargs):
        received = receive(**kwargs)
        monkeypatch.undo()
        upload_finish(upload=upload, actor=SOMEBODY, now=NOW)
        return received

    monkeypatch.setattr(uploads, "file_receive", slowly)
    loser = upload_finish(upload=twin, actor=SOMEBODY, now=NOW)
    assert loser.file_id == upload.file_id
    assert on_disk(own_folder) == [upload.file.path]


def test_a_refused_type_leaves_nothing(own_folder):
    upload = begin(500)
    upload_append(upload=upload, offset=0, source=[b"MZ" + bytes(498)])
    with pytest.raises(FileTypeRefused):
        upload_finish(upload=upload, actor=SOMEBODY, now=NOW)
    assert not Upload.objects.exists()
    assert on_disk(own_folder) == []


# Whose


def test_it_is_there_for_its_owner_and_for_nobody_else():
    upload = begin()
    assert upload_for("mine", upload.uid, NOW) == upload
    for owner in ("theirs", "", "Mine", "mine "):
        with pytest.raises(UploadGone):
            upload_for(owner, upload.uid, NOW)
    with pytest.raises(UploadGone):
        upload_for("mine", uuid4(), NOW)
    with pytest.raises(UploadGone):
        upload_for("mine", upload.uid, TOMORROW)


def test_what_an_owner_has_announced_is_counted():
    begin(1_000)
    kept = whole()
    begin(5, owner="theirs")
    assert uploads_total("mine", NOW) == 1_000 + len(PHOTO)
    assert [one.state for one in uploads_of("mine", NOW)] == ["open", "whole"]
    upload_keep(upload=kept, branch_id=1, actor=SOMEBODY, now=NOW)
    assert uploads_total("mine", NOW) == 1_000
    assert uploads_total("nobody", NOW) == 0


# Time and damage


def test_what_was_not_handed_in_is_gone_after_its_time(own_folder):
    upload_append(upload=begin(), offset=0, source=[PHOTO[:100]])
    whole()
    kept = upload_keep(upload=whole(), branch_id=1, actor=SOMEBODY, now=NOW)
    assert uploads_expire(TOMORROW - timedelta(seconds=1)) == 0
    assert len(on_disk(own_folder)) == 3

    assert uploads_expire(TOMORROW) == 3
    assert on_disk(own_folder) == [kept.path]
    assert list(StoredFile.objects.all()) == [kept]
    assert file_verify(kept) == ""


def test_pieces_of_a_living_upload_are_no_orphans(own_folder):
    upload = begin(expires_at=NOW + timedelta(days=3))
    upload_append(upload=upload, offset=0, source=[PHOTO[:100]])
    age(own_folder, 48)
    assert orphans_collect(NOW) == 0
    upload_drop(upload=upload)
    upload_drop(upload=upload)
    assert on_disk(own_folder) == []


@pytest.mark.parametrize("how", ["flipped", "gone", "swapped"])
def test_a_damaged_piece_is_noticed(how):
    upload = begin()
    upload_append(upload=upload, offset=0, source=[PHOTO[:100_000]])
    upload_append(upload=upload, offset=100_000, source=[PHOTO[100_000:]])
    first, second = (storage().path(piece.path) for piece in upload.pieces.order_by("start"))
    if how == "gone":
        second.unlink()
    elif how == "swapped":
        second.write_bytes(first.read_bytes())
    else:
        data = bytearray(second.read_bytes())
        data[-1] ^= 1
        second.write_bytes(data)
    with pytest.raises(FileDamaged):
        upload_finish(upload=upload, actor=SOMEBODY, now=NOW)
    assert not StoredFile.objects.exists()
