"""After a file is safe: does the picture decode, does the scanner find anything. Whatever comes of it, the evidence stays."""
from __future__ import annotations

import hashlib
import io
import struct
import zlib

import pytest
from PIL import Image

from suyuan.platform.files import file_open, file_receive, file_store, file_verify, may_be_shown
from suyuan.platform.files.examine import examine
from suyuan.platform.files.scanner import ScannerAway
from suyuan.platform.keys import ring_forget, ring_make
from suyuan.platform.models import Job, StoredFile
from tests.platform.scanner import VIRUS, Scanner
from tests.platform.stories import NOW, SOMEBODY

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-04")]


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    ring_make(NOW)
    yield settings.FILES_DIR
    ring_forget()


@pytest.fixture
def scanner(settings):
    house = Scanner()
    settings.SCANNER_URL = house.url
    yield house
    house.shutdown()
    house.server_close()


def kept(body: bytes, name: str = "a.jpg") -> StoredFile:
    return file_store(
        received=file_receive(source=[body], name=name, max_bytes=10_000_000), branch_id=1, actor=SOMEBODY, now=NOW
    )


def examined(body: bytes, name: str = "a.jpg") -> StoredFile:
    stored = kept(body, name)
    examine({"file": str(stored.uid)}, NOW)
    stored.refresh_from_db()
    assert file_verify(stored) == "" and hashlib.sha256(file_open(stored).read()).hexdigest() == stored.sha256
    return stored


def picture(kind: str, size=(64, 48), **more) -> bytes:
    if kind == "HEIF":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, kind, **more)
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG of few bytes and many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1 << 20), 9)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_picture_that_decodes_may_be_shown(kind):
    stored = examined(picture(kind))
    assert (stored.decoded, stored.scan) == ("ok", "") and may_be_shown(stored)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (picture("JPEG")[:600], "raised"),  # cut off
        (picture("PNG")[:40] + bytes(500), "raised"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 50, "raised"),  # only its beginning is a photograph
        (png_of(12_000, 12_000), "pixels"),  # 144 million of them in a few kilobytes
    ],
)
def test_what_does_not_decode_is_kept_and_never_shown(body, why):
    stored = examined(body)
    assert stored.decoded == f"no:{why}" and not may_be_shown(stored)


def test_other_files_are_not_looked_into_and_never_shown_as_pictures():
    stored = kept(b"%PDF-1.7\n" + bytes(100), "a.pdf")
    assert not Job.objects.filter(name="files.examine").exists()
    assert stored.decoded == "" and not may_be_shown(stored)


def test_looking_is_asked_for_in_the_write_that_stores_the_file():
    stored = kept(picture("JPEG"))
    assert Job.objects.get(name="files.examine").args == {"file": str(stored.uid)}


def test_a_scanner_says_clean_and_says_what_it_found(scanner):
    assert examined(b"%PDF-1.7\n" + bytes(100_000), "a.pdf").scan == "clean"
    assert scanner.seen == [b"%PDF-1.7\n" + bytes(100_000)]
    bad = examined(picture("JPEG") + VIRUS)
    assert bad.scan == "found:Suyuan.Test-1(__x)" and bad.decoded == "ok"
    assert not may_be_shown(bad), "a find is never shown inline, and never deleted"


def test_a_file_over_the_scanners_limit_is_not_called_clean(scanner):
    assert examined(b"%PDF-1.7\n" + bytes(400_000), "a.pdf").scan == "failed"


@pytest.mark.parametrize("says", [b"UNKNOWN COMMAND\0", b"stream: OK maybe\0", b"\0"])
def test_an_answer_we_do_not_understand_is_no_answer(scanner, says):
    scanner.says = says
    stored = kept(b"%PDF-1.7\n", "a.pdf")
    with pytest.raises(ScannerAway):
        examine({"file": str(stored.uid)}, NOW)
    stored.refresh_from_db()
    assert stored.scan == ""


def test_a_scanner_that_is_away_is_asked_again(settings):
    settings.SCANNER_URL = "tcp://127.0.0.1:9"
    stored = kept(b"%PDF-1.7\n", "a.pdf")
    with pytest.raises(ScannerAway):
        examine({"file": str(stored.uid)}, NOW)
    assert Job.objects.filter(name="files.examine").exists()
