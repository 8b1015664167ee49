"""After a file is safe: does the scanner find anything, may it be shown. Whatever comes of it, the evidence stays."""
from __future__ import annotations

import hashlib
import io

import pytest
from PIL import Image

from suyuan.platform.files import file_looked, file_open, file_receive, file_store, file_verify, may_be_shown
from suyuan.platform.files.examine import examine
from suyuan.platform.files.scanner import ScannerAway, scan
from suyuan.platform.models import Job, StoredFile
from tests.platform.scanner import VIRUS, Scanner
from tests.platform.stories import NOW, SOMEBODY

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-04"), pytest.mark.usefixtures("own_folder")]


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


def test_without_a_scanner_nothing_is_asked_for():
    stored = kept(picture("JPEG"))
    assert not Job.objects.filter(name="files.examine").exists()
    assert (stored.decoded, stored.scan) == ("", "") and not may_be_shown(stored)


def test_the_scanner_is_asked_for_in_the_write_that_stores_the_file(scanner):
    stored = kept(picture("JPEG"))
    assert Job.objects.get(name="files.examine").args == {"file": str(stored.uid)}


def test_the_first_look_says_whether_it_may_be_shown():
    good, bad = kept(picture("JPEG")), kept(picture("PNG"))
    file_looked(stored=good, decoded="ok")
    file_looked(stored=good, decoded="no:raised")
    file_looked(stored=bad, decoded="no:pixels")
    assert [may_be_shown(StoredFile.objects.get(pk=one.pk)) for one in (good, bad)] == [True, False]


def test_a_scanner_says_clean_and_says_what_it_found(scanner):
    assert examined(b"%PDF-1.7\n" + bytes(100_000), "a.pdf").scan == "clean"
    assert scanner.seen == [b"%PDF-1.7\n" + bytes(100_000)]
    bad = examined(picture("JPEG") + VIRUS)
    assert bad.scan == "found:Suyuan.Test-1(__x)"
    file_looked(stored=bad, decoded="ok")
    bad.refresh_from_db()
    assert not may_be_shown(bad), "a find is never shown inline, and never deleted"


def test_a_file_over_the_scanners_limit_is_not_called_clean(scanner):
    assert examined(b"%PDF-1.7\n" + bytes(400_000), "a.pdf").scan == "failed"


def test_a_scanner_that_hangs_up_after_the_last_byte_has_still_answered(scanner):
    def a_little_too_long():
        yield bytes(200_001)
        assert scanner.hung_up.wait(10)
        yield b"the last byte"

    assert scan(a_little_too_long()) == "failed"


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
