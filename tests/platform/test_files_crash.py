"""kill -9 between every two steps: nothing acknowledged is lost, nothing is half there."""
from __future__ import annotations

import signal
from datetime import timedelta

import pytest

from suyuan.platform import clock
from suyuan.platform.files import file_verify, storage, upload_append, upload_finish, upload_for, upload_open
from suyuan.platform.files.jobs import ORPHAN_AFTER, orphans_collect
from suyuan.platform.models import StoredFile, UploadPiece
from tests.platform.real import child
from tests.platform.stories import NOW, SOMEBODY

SIZE = 200_000
STEPS = ["mkdir:1", "fsync:1", "mkdir:2", "open:5", "write:1", "write:2", "write:4", "fsync:3", "mkdir:3", "fsync:4",
         "rename:1", "fsync:5", "commit:1", "never"]  # fmt: skip


@pytest.fixture
def real(committed, tmp_path, settings):
    """A folder of files beside a database in which commits are real."""
    settings.FILES_DIR = tmp_path / "files"
    return settings.FILES_DIR


def whole_files(folder) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and path.parent.name != "incoming"]


@pytest.mark.parametrize("step", STEPS)
def test_a_file_is_there_wholly_or_not_at_all(real, step):
    process = child("receive", "write:999" if step == "never" else step, str(SIZE))
    said, _ = process.communicate(timeout=60)

    acknowledged = "acknowledged" in said
    assert process.returncode == (0 if step == "never" else -signal.SIGKILL)
    assert acknowledged == (step == "never")
    for kept in StoredFile.objects.all():
        assert file_verify(kept) == ""
    assert StoredFile.objects.count() == acknowledged

    if real.exists():
        orphans_collect(clock.now() + ORPHAN_AFTER + timedelta(minutes=1))
        assert whole_files(real) == [kept.path for kept in StoredFile.objects.all()]
        assert list((real / "incoming").glob("*")) == [] if (real / "incoming").exists() else True


@pytest.mark.parametrize("step", ["write:2", "fsync:3", "rename:1", "fsync:5", "commit:1", "never"])
def test_an_upload_goes_on_from_what_was_acknowledged(real, step):
    upload = upload_open(
        owner="mine", name="a.jpg", expected=100_000, max_bytes=SIZE, expires_at=NOW + timedelta(days=1), now=NOW
    )
    process = child("append", str(upload.uid), "mine", "write:999" if step == "never" else step)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == (0 if step == "never" else -signal.SIGKILL)

    upload = upload_for("mine", upload.uid, NOW)
    assert upload.offset == sum(piece.length for piece in UploadPiece.objects.all())
    assert upload.offset == (100_000 if "acknowledged" in said else 0)
    rest = (b"\xff\xd8\xff" + b"x" * 99_997)[upload.offset :]
    upload_append(upload=upload, offset=upload.offset, source=[rest])
    finished = upload_finish(upload=upload, actor=SOMEBODY, now=NOW)

    assert file_verify(finished.file) == ""
    orphans_collect(clock.now() + ORPHAN_AFTER + timedelta(minutes=1))
    assert whole_files(real) == [finished.file.path]
    assert storage().path(finished.file.path).exists()


def test_a_large_file_needs_no_more_memory_than_a_small_one(real):
    """64 MB in one stream and in pieces, put together and read: the process grows by less than two pieces."""
    process = child("large", str(64_000_000))
    said, _ = process.communicate(timeout=120)
    grew, same = said.split()
    assert same == "True"
    assert int(grew) < 24, f"grew by {grew} MB"
