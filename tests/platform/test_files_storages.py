"""What every place for sealed bytes promises: a folder of this machine, and a bucket behind moto's server on loopback."""
from __future__ import annotations

import io
import random
from datetime import timedelta

import pytest

from suyuan.platform import clock
from suyuan.platform.files import (
    LocalFolder,
    StorageFailed,
    file_chunks,
    file_open,
    file_receive,
    file_store,
    file_verify,
    storage,
    upload_append,
    upload_finish,
    upload_open,
)
from suyuan.platform.files import bucket as buckets
from suyuan.platform.files.jobs import ORPHAN_AFTER, orphans_collect
from suyuan.platform.files.scrub import scrub_all
from suyuan.platform.keys import ring_forget, ring_make
from suyuan.platform.models import FileFault, StoredFile
from suyuan.platform.storing import place_of, setting_fault
from tests.platform.stories import NOW, SOMEBODY

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-04"), pytest.mark.sqlite]


@pytest.fixture(scope="module")
def cloud():
    """An S3 server of its own; boto3 is told to look nowhere else for keys."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def place(request, settings, tmp_path, monkeypatch):
    ring_make(NOW)
    settings.FILES_DIR = tmp_path / "files"
    if request.param == "bucket":
        endpoint = request.getfixturevalue("cloud")
        name = f"clinic-{random.SystemRandom().getrandbits(40)}"
        settings.FILES_STORE = f"s3://k:s@{name}/evidence?endpoint={endpoint}&region=eu-central-1"
        # Real parts are 8 MB, and no store takes smaller ones but the last; moto is told to.
        monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
        monkeypatch.setattr(buckets, "PART", 64 << 10)
        monkeypatch.setattr(buckets, "WINDOW", 32 << 10)
        made = buckets.bucket_at(settings.FILES_STORE)
        made.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield storage()
    ring_forget()


def put(place, data: bytes, keep: bool = True) -> str:
    with place.incoming() as arriving:
        for at in range(0, len(data), 50_000):
            arriving.write(data[at : at + 50_000])
        if keep:
            arriving.keep()
    return arriving.token


def tokens(place) -> set[str]:
    return set(place.older_than((clock.now() + timedelta(days=400)).timestamp()))


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 200_000])
def test_what_was_kept_comes_back(place, size):
    data = random.Random(size).randbytes(size)
    token = put(place, data)
    with place.open(token) as file:
        assert file.read() == data
    assert tokens(place) == {token}
    place.remove(token)
    place.remove(token)
    assert tokens(place) == set()
    with pytest.raises(FileNotFoundError):
        place.open(token)


def test_what_was_not_kept_is_nowhere(place):
    for size in (10, 300_000):
        token = put(place, bytes(size), keep=False)
        with pytest.raises(FileNotFoundError):
            place.open(token)
    assert tokens(place) == set()
    with pytest.raises(ConnectionResetError), place.incoming() as arriving:
        arriving.write(bytes(200_000))
        raise ConnectionResetError
    assert tokens(place) == set() and place.sweep_incoming((clock.now() + timedelta(days=1)).timestamp()) == 0


@pytest.mark.parametrize("size", [100, 300_000])
def test_it_can_be_looked_at_before_it_is_kept(place, size):
    data = random.Random(1).randbytes(size)
    with place.incoming() as arriving:
        arriving.write(data)
        with arriving.reader() as file:
            assert file.seek(-50, io.SEEK_END) == size - 50 and file.read() == data[-50:]
        arriving.keep()
    with place.open(arriving.token) as file:
        assert file.read() == data
    with place.incoming() as dropped:
        dropped.write(data)
        dropped.reader().close()
    with pytest.raises(FileNotFoundError):
        place.open(dropped.token)


def test_it_is_read_from_anywhere(place):
    data = random.Random(2).randbytes(150_000)
    dice = random.Random(3)
    with place.open(put(place, data)) as file:
        for _ in range(20):
            at, length = dice.randrange(len(data) + 10), dice.choice((1, 100, 40_000))
            file.seek(at)
            assert file.read(length) == data[at : at + length]


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "a" * 31, "a" * 31 + "/", "ａ" * 32])
def test_only_tokens_name_anything(place, token):
    for act in (place.open, place.remove):
        with pytest.raises(ValueError, match="token"):
            act(token)


def test_a_writer_that_died_leaves_nothing_after_a_day(place):
    kept = put(place, b"kept")
    left = place.incoming()
    arriving = left.__enter__()
    arriving.write(bytes(200_000))  # and then its machine is gone
    late = (clock.now() + timedelta(minutes=1)).timestamp()
    long_ago = 1_200_000_000  # moto says of every upload that it began in 2010
    assert place.sweep_incoming(long_ago) == 0
    assert place.sweep_incoming(late) == 1 and place.sweep_incoming(late) == 0
    assert tokens(place) == {kept}


@pytest.mark.postgres
def test_files_and_uploads_live_there_as_anywhere(place):
    body = b"\xff\xd8\xff\xe0" + random.Random(5).randbytes(300_000)
    stored = file_store(
        received=file_receive(source=[body[:1000], body[1000:]], name="a.jpg", max_bytes=1_000_000),
        branch_id=1, actor=SOMEBODY, now=NOW,
    )  # fmt: skip
    assert file_open(stored).read() == body and file_verify(stored) == ""
    assert b"".join(file_chunks(stored, 65_530, 65_545)) == body[65_530:65_545]

    upload = upload_open(
        owner="me", name="a.jpg", expected=len(body), max_bytes=1_000_000, expires_at=NOW + timedelta(days=1), now=NOW
    )
    for at in (0, 70_000, 200_001):
        end = {0: 70_000, 70_000: 200_001}.get(at, len(body))
        upload = upload_append(upload=upload, offset=at, source=[body[at:end]])
    whole = upload_finish(upload=upload, actor=SOMEBODY, now=NOW)
    assert file_verify(whole.file) == "" and whole.file.sha256 == stored.sha256

    put(place, b"nobody names this")
    orphans_collect(clock.now() + ORPHAN_AFTER + timedelta(minutes=1))
    assert tokens(place) == set(StoredFile.objects.values_list("path", flat=True))

    place.remove(stored.path)
    scrub_all(NOW, afresh=True)
    assert [fault.why for fault in FileFault.objects.all()] == ["missing"]
    assert file_verify(stored) == "missing"


# --- the bucket alone ----------------------------------------------------------------------------------------------


def test_a_store_that_is_away_is_said_and_is_no_fault_of_a_file(settings, tmp_path):
    ring_make(NOW)
    settings.FILES_STORE = "s3://k:s@clinic?endpoint=http://127.0.0.1:9&region=eu-central-1"
    for act in (lambda: put(storage(), b"x"), lambda: storage().open("a" * 32), lambda: tokens(storage())):
        with pytest.raises(StorageFailed):
            act()


def test_the_setting_is_read_and_its_mistakes_are_named():
    place = place_of("s3://KEY:se%2Fcret@clinic/a/b/?endpoint=https://s3.example.org:9000&region=eu-west-1")
    assert (place.bucket, place.prefix, place.key, place.secret) == ("clinic", "a/b/", "KEY", "se/cret")
    assert (place.endpoint, place.region, str(place)) == ("https://s3.example.org:9000", "eu-west-1", "s3://clinic/a/b/")
    assert "cret" not in repr(place)
    for wrong in ("s3://", "https://bucket", "clinic", "s3://a@bucket", "s3://bucket?endpiont=x", "s3://bucket?x"):
        assert setting_fault(wrong), wrong
    assert setting_fault("s3://bucket") == ""


def test_without_boto3_the_start_is_refused_in_words(monkeypatch):
    from suyuan.config import up
    from suyuan.platform import storing

    monkeypatch.setattr(storing, "find_spec", lambda name: None)
    monkeypatch.setenv("SUYUAN_FILES", "s3://bucket")
    with pytest.raises(up.StartRefused) as refused:
        up.refuse_bad_store()
    assert "boto3" in str(refused.value) and refused.value.code == "files_setting"
    monkeypatch.setenv("SUYUAN_FILES", "")
    up.refuse_bad_store()


def test_without_the_setting_it_is_the_folder(settings):
    settings.FILES_STORE = ""
    assert isinstance(storage(), LocalFolder)
