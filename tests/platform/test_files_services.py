"""Files in and out through the services: what is refused, what is kept, what damage shows."""
from __future__ import annotations

import errno
import hashlib
import os
import stat
from datetime import timedelta

import pytest
from django.db import connection

from suyuan.platform.files import (
    FileDamaged,
    FileDestroyed,
    FileEmpty,
    FileTooLarge,
    FileTypeRefused,
    LocalFolder,
    StorageFailed,
    StorageFull,
    file_chunks,
    file_destroy,
    file_name,
    file_open,
    file_receive,
    file_store,
    file_verify,
    storage,
)
from suyuan.platform.files.jobs import orphans_collect, unlink
from suyuan.platform.files.sealed import CHUNK
from suyuan.platform.files.services import clean_name
from suyuan.platform.files.types import STAFF_TYPES
from suyuan.platform.models import Job, StoredFile
from tests.platform.stories import NOW, SOMEBODY

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite, pytest.mark.usefixtures("own_folder")]

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 700
ENOUGH = 50_000_000


def receive(data: bytes = PHOTO, name: str = "臉.jpg", **more):
    return file_receive(source=[data[:10], data[10:]], name=name, **{"max_bytes": ENOUGH, **more})


def stored(data: bytes = PHOTO, name: str = "臉.jpg") -> StoredFile:
    return file_store(received=receive(data, name), branch_id=1, actor=SOMEBODY, now=NOW)


def on_disk(folder) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.postgres
def test_a_file_comes_back_byte_for_byte():
    kept = StoredFile.objects.get(pk=stored().pk)

    assert file_open(kept).read() == PHOTO
    assert b"".join(file_chunks(kept)) == PHOTO
    assert kept.sha256 == hashlib.sha256(PHOTO).hexdigest()
    assert (kept.size, kept.content_type, kept.mislabelled) == (len(PHOTO), "image/jpeg", False)
    assert (kept.state, kept.branch_id, kept.by, kept.created_at) == ("stored", 1, str(SOMEBODY), NOW)
    assert file_name(kept) == "臉.jpg"
    assert file_verify(kept) == ""


def test_a_stretch_of_it_can_be_read():
    kept = stored()

    assert b"".join(file_chunks(kept, CHUNK - 5, CHUNK + 5)) == PHOTO[CHUNK - 5 : CHUNK + 5]
    assert b"".join(file_chunks(kept, len(PHOTO) - 3)) == PHOTO[-3:]
    assert b"".join(file_chunks(kept, len(PHOTO))) == b""


def test_nothing_readable_lies_on_disk_and_nobody_else_may_look(own_folder):
    kept = stored(b"\xff\xd8\xff" + b"secret of the patient" * 20)

    for path in own_folder.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600)
        assert path.is_dir() or b"secret" not in path.read_bytes()
    assert "臉".encode() not in bytes(kept.name_sealed)
    assert str(kept.uid) not in str(on_disk(own_folder))


def test_an_empty_file_is_refused_clearly(own_folder):
    with pytest.raises(FileEmpty) as refusal:
        file_receive(source=[], name="a.jpg", max_bytes=ENOUGH)
    assert refusal.value.status == 422
    assert "空" in refusal.value.message()
    assert on_disk(own_folder) == []


def test_a_file_over_the_limit_is_refused_before_it_is_read_to_the_end(own_folder):
    read = []

    def endless():
        while True:
            read.append(1)
            yield b"\xff\xd8\xff" + b"x" * 997

    with pytest.raises(FileTooLarge):
        file_receive(source=endless(), name="a.jpg", max_bytes=10_000)
    assert len(read) == 11
    assert on_disk(own_folder) == []
    assert file_receive(source=[b"\xff\xd8\xff" + b"x" * 9_997], name="a.jpg", max_bytes=10_000).size == 10_000


def test_a_mislabelled_file_is_taken_under_its_real_type():
    kept = stored(b"%PDF-1.7\n" + bytes(100), "x-ray.jpg")
    assert (kept.content_type, kept.mislabelled) == ("application/pdf", True)


@pytest.mark.postgres
def test_what_is_not_on_the_list_leaves_nothing(own_folder):
    with pytest.raises(FileTypeRefused):
        receive(b"MZ" + bytes(500), "photo.jpg")
    assert on_disk(own_folder) == []


def test_archives_are_for_staff(own_folder):
    from tests.platform.test_files_types import zipped

    with pytest.raises(FileTypeRefused):
        receive(zipped("a.jpg"), "a.zip")
    assert receive(zipped("a.jpg"), "a.zip", accept=STAFF_TYPES).content_type == "application/zip"


def test_a_container_is_judged_through_its_sealed_form():
    from tests.platform.test_files_types import OFFICE, zipped

    assert receive(zipped(*OFFICE, "word/document.xml"), "a.docx").content_type.endswith("wordprocessingml.document")


@pytest.mark.postgres
def test_a_sender_who_breaks_off_leaves_nothing(own_folder):
    def broken():
        yield PHOTO
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        file_receive(source=broken(), name="a.jpg", max_bytes=ENOUGH)
    assert on_disk(own_folder) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\Wang\\face.jpg", "face.jpg"),
        ("../../etc/passwd", "passwd"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie: x.jpg"),
        ("e\u0301.jpg", "é.jpg"),
        ("", "file"),
        ("/", "file"),
        ("...", "file"),
        ("\ud800.jpg", "jpg"),
        ("長" * 300 + ".jpg", "長" * 196 + ".jpg"),
        ("<script>.jpg", "<script>.jpg"),
    ],
)
def test_names_cannot_deceive(given, kept):
    assert clean_name(given) == kept


# The order of things


def test_bytes_are_durable_before_any_row_names_them(own_folder, monkeypatch):
    """write < fsync(file) < mkdir < fsync(parent) < rename < fsync(folder) < row."""
    seen: list[str] = []
    names: dict[int, str] = {}

    def watch(call, describe):
        original = getattr(os, call)

        def watched(*args, **kwargs):
            result = original(*args, **kwargs)
            if call == "open":
                names[result] = os.fspath(args[0])
            if step := describe(args):
                seen.append(step)
            return result

        monkeypatch.setattr(os, call, watched)

    def short(path) -> str:
        relative = os.path.relpath(path, own_folder)
        return {".": "root", "..": "data"}.get(relative, relative if len(relative) < 10 else "file")

    watch("open", lambda args: None)
    watch("write", lambda args: "write")
    watch("fsync", lambda args: f"fsync {short(names[args[0]])}")
    watch("mkdir", lambda args: f"mkdir {short(args[0])}")
    watch("rename", lambda args: "rename")
    with connection.execute_wrapper(lambda run, sql, *rest: (seen.append(sql.split()[0]), run(sql, *rest))[1]):
        kept = stored()

    folder = kept.path[:2]
    seen = [step for step in seen if step not in ("SAVEPOINT", "RELEASE")]  # the test's own transaction
    assert [step for n, step in enumerate(seen) if n == 0 or seen[n - 1] != step] == [
        "mkdir root",
        "fsync data",
        "mkdir incoming",
        "fsync root",
        "write",
        "fsync file",
        f"mkdir {folder}",
        "fsync root",
        "rename",
        f"fsync {folder}",
        "INSERT",
    ]


def test_a_folder_another_process_made_is_made_durable_too(own_folder, monkeypatch):
    stored()
    for n in range(256):
        (own_folder / f"{n:02x}").mkdir(mode=0o700, exist_ok=True)
    synced = []
    original = os.fsync
    monkeypatch.setattr(LocalFolder, "_durable", set())

    def watched(handle):
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        original(handle)

    monkeypatch.setattr(os, "fsync", watched)
    kept = stored()

    assert synced[-2:] == [str(own_folder), str(own_folder / kept.path[:2])]


@pytest.mark.parametrize("call", ["write", "fsync", "rename", "mkdir", "open"])
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(
    ("number", "refusal"), [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EIO, StorageFailed)]
)
def test_a_disk_that_refuses_is_said_and_leaves_no_row(own_folder, monkeypatch, call, nth, number, refusal):
    original, countdown = getattr(os, call), [nth]

    def failing(*args, **kwargs):
        countdown[0] -= 1
        if countdown[0] == 0:
            raise OSError(number, os.strerror(number))
        return original(*args, **kwargs)

    monkeypatch.setattr(os, call, failing)
    try:
        kept = stored()
    except refusal as refused:
        assert refused.status in (507, 503)
        assert not StoredFile.objects.exists()
    else:
        assert countdown[0] > 0
        monkeypatch.undo()
        assert file_verify(kept) == ""


# Damage


def damage(kept: StoredFile, how: str) -> None:
    path = storage().path(kept.path)
    data = bytearray(path.read_bytes())
    if how == "flipped":
        data[len(data) // 2] ^= 1
    elif how == "cut":
        del data[-1:]
    elif how == "emptied":
        data.clear()
    elif how == "swapped":
        data[:] = storage().path(stored(PHOTO[:-1] + b"!").path).read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(data)


@pytest.mark.parametrize("how", ["flipped", "cut", "emptied", "swapped", "gone"])
def test_damage_is_found_and_no_wrong_byte_is_given(how):
    kept = stored()
    damage(kept, how)

    assert file_verify(kept) != ""
    with pytest.raises(FileDamaged) as refusal:
        b"".join(file_chunks(kept))
    assert refusal.value.data["uid"] == str(kept.uid)


@pytest.mark.postgres
def test_a_row_that_lies_about_its_bytes_is_found():
    kept = stored()
    kept.sha256 = "0" * 64
    assert "another content" in file_verify(kept)


def test_a_key_of_another_file_opens_nothing():
    one, other = stored(), stored()
    one.wrapped_key = other.wrapped_key
    assert file_verify(one) != ""


# Destroying


@pytest.mark.postgres
def test_a_destroyed_file_is_unreadable_at_once_and_gone_soon(own_folder):
    kept = stored()
    before = storage().path(kept.path).read_bytes()
    gone = file_destroy(stored=kept, actor=SOMEBODY, now=NOW)

    assert (gone.state, gone.wrapped_key, bytes(gone.name_sealed), gone.destroyed_at) == ("destroyed", None, b"", NOW)
    with pytest.raises(FileDestroyed):
        file_open(gone)
    assert file_name(gone) == ""
    assert storage().path(gone.path).read_bytes() == before

    (asked,) = Job.objects.filter(name="files.unlink")
    unlink(asked.args, NOW)
    unlink(asked.args, NOW)
    assert on_disk(own_folder) == []


@pytest.mark.postgres
def test_it_is_destroyed_once():
    kept = stored()
    file_destroy(stored=kept, actor=SOMEBODY, now=NOW)
    with pytest.raises(FileDestroyed):
        file_destroy(stored=kept, actor=SOMEBODY, now=NOW)


# Orphans


def age(folder, hours: float) -> None:
    then = (NOW - timedelta(hours=hours)).timestamp()
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


@pytest.mark.postgres
def test_bytes_nobody_names_are_removed_after_a_day_and_not_before(own_folder):
    kept, orphan = stored(), receive()
    (own_folder / "incoming" / ("0" * 32)).write_bytes(b"half")

    age(own_folder, 23.9)
    assert orphans_collect(NOW) == 0
    age(own_folder, 24.1)
    assert orphans_collect(NOW) == 2
    assert on_disk(own_folder) == [kept.path]
    assert orphan.path not in on_disk(own_folder)
    assert orphans_collect(NOW) == 0


@pytest.mark.postgres
def test_the_bytes_of_a_destroyed_file_are_orphans_too(own_folder):
    file_destroy(stored=stored(), actor=SOMEBODY, now=NOW)
    age(own_folder, 25)
    assert orphans_collect(NOW) == 1


@pytest.mark.postgres
def test_an_empty_house_has_no_orphans():
    assert orphans_collect(NOW) == 0


@pytest.mark.parametrize("token", ["", "../../../../etc/passwd", "a" * 31, "/" * 32])
def test_a_path_is_a_token_or_nothing(token):
    with pytest.raises(ValueError, match="token"):
        storage().path(token)
