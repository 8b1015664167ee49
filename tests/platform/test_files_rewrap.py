"""Another key for the keys of files: no sealed byte changes, and everything can be read at every moment of it."""
from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from suyuan.kernel.actor import SYSTEM
from suyuan.platform import keys
from suyuan.platform.files import (
    file_destroy,
    file_receive,
    file_store,
    file_verify,
    upload_append,
    upload_finish,
    upload_open,
)
from suyuan.platform.files import rewrap as rewrapping
from suyuan.platform.files.rewrap import file_key_rotate, rewrap_all, wrapped_by_old
from suyuan.platform.models import FactRow, Job, StoredFile, Upload, WrappedKey
from tests.platform.stories import NOW, SOMEBODY

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 700


@pytest.fixture
def house(committed, settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    return settings.FILES_DIR


def kept(n: int) -> StoredFile:
    received = file_receive(source=[PHOTO, bytes([n])], name=f"{n}.jpg", max_bytes=1_000_000)
    return file_store(received=received, branch_id=1, actor=SOMEBODY, now=NOW)


def on_disk(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def begun(owner: str = "mine") -> Upload:
    upload = upload_open(
        owner=owner, name="a.jpg", expected=len(PHOTO), max_bytes=1_000_000, expires_at=NOW + timedelta(days=1), now=NOW
    )
    return upload_append(upload=upload, offset=0, source=[PHOTO[:1000]])


def test_only_the_wrapping_changes(house):
    files = [kept(n) for n in range(5)]
    gone = file_destroy(stored=files.pop(), actor=SOMEBODY, now=NOW)
    upload = begun()
    before = on_disk(house)
    wrapped = dict(StoredFile.objects.values_list("pk", "wrapped_key"))

    key_id = file_key_rotate(actor=SYSTEM, now=NOW)
    assert wrapped_by_old() == 5, "four files and an upload"
    assert all(file_verify(stored) == "" for stored in files)
    new = kept(9)
    assert rewrap_all() == 5 and wrapped_by_old() == 0 and rewrap_all() == 0

    assert {name: body for name, body in on_disk(house).items() if name != new.path} == before
    for stored in files:
        stored.refresh_from_db()
        assert bytes(stored.wrapped_key) != bytes(wrapped[stored.pk]) and file_verify(stored) == ""
    gone.refresh_from_db()
    assert gone.wrapped_key is None
    upload = upload_append(upload=Upload.objects.get(pk=upload.pk), offset=1000, source=[PHOTO[1000:]])
    assert file_verify(upload_finish(upload=upload, actor=SOMEBODY, now=NOW).file) == ""
    assert WrappedKey.objects.filter(kind="file").count() == 2, "the old one stays: backups were wrapped with it"
    assert FactRow.objects.get(type="file_key.rotated").value("key") == key_id
    assert Job.objects.filter(name="files.rewrap").count() == 1


def test_files_are_read_while_it_goes_on_and_a_cut_is_taken_up(house, monkeypatch):
    files = [kept(n) for n in range(30)]
    wrong: list[str] = []
    over = threading.Event()

    def read_on() -> None:
        from django.db import connection

        while not over.is_set():
            wrong.extend(filter(None, (file_verify(stored) for stored in StoredFile.objects.all())))
        connection.close()

    reader = threading.Thread(target=read_on)
    reader.start()
    try:
        file_key_rotate(actor=SYSTEM, now=NOW)
        monkeypatch.setattr(rewrapping, "AT_ONCE", 7)
        done = rewrapping._batch_rewrap
        left = [2]

        def dies(**given):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return done(**given)

        monkeypatch.setattr(rewrapping, "_batch_rewrap", dies)
        with pytest.raises(KeyboardInterrupt):
            rewrap_all()
        assert wrapped_by_old() == 16
        monkeypatch.setattr(rewrapping, "_batch_rewrap", done)
        assert rewrap_all() == 16
    finally:
        over.set()
        reader.join()
    assert wrong == [] and wrapped_by_old() == 0
    keys.ring_forget()
    assert all(file_verify(stored) == "" for stored in StoredFile.objects.filter(pk__in=[f.pk for f in files]))


def test_a_rotation_that_is_rolled_back_leaves_no_key_behind(house, monkeypatch):
    monkeypatch.setattr(rewrapping, "enqueue", lambda *a, **k: (_ for _ in ()).throw(OSError))
    was = keys.file_key_number()
    with pytest.raises(OSError):
        file_key_rotate(actor=SYSTEM, now=NOW)
    assert keys.file_key_number() == was
    assert file_verify(kept(1)) == "" and WrappedKey.objects.filter(kind="file").count() == 1
    keys.ring_forget()
    assert all(file_verify(stored) == "" for stored in StoredFile.objects.all())
