"""What a file is follows from its bytes; what runs or renders is refused whatever it is called."""
from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.platform.files import types as t
from suyuan.platform.files.errors import FileTypeRefused
from suyuan.platform.files.types import EXTENSIONS, PORTAL_TYPES, STAFF_TYPES, Look, extension, mislabelled


def look_at(data: bytes, name: str = "file", piece: int = 1000) -> str:
    look = Look(name)
    for start in range(0, len(data), piece):
        look.feed(data[start : start + piece])
    return look.decide(lambda: io.BytesIO(data))


def zipped(*names: str, mimetype: bytes | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if mimetype is not None:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "content")
    return out.getvalue()


def tarred(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return out.getvalue()


def ole(*names: str, sector: int = 512) -> bytes:
    """A compound file: header, one allocation table, a directory chain of as many sectors as the names need."""
    per_sector = sector // 128
    chain = -(-(len(names) + 1) // per_sector)
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32] = (9 if sector == 512 else 12).to_bytes(2, "little")
    header[44:48] = (1).to_bytes(4, "little")
    header[48:52] = (1).to_bytes(4, "little")
    header[76:80] = (0).to_bytes(4, "little")
    header = header.ljust(sector, b"\0")
    table = [0xFFFFFFFD, *range(2, chain + 1), 0xFFFFFFFE]
    fat = b"".join(n.to_bytes(4, "little") for n in table).ljust(sector, b"\xff")
    directory = b""
    for name in ("Root Entry", *names):
        raw = name.encode("utf-16-le") + b"\0\0"
        directory += raw.ljust(64, b"\0") + len(raw).to_bytes(2, "little") + bytes(62)
    return bytes(header) + fat + directory.ljust(chain * sector, b"\0")


def ftyp(major: bytes, *brands: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(brands)
    return (len(body) + 4).to_bytes(4) + body + bytes(64)


OFFICE = ("[Content_Types].xml", "_rels/.rels")
GOOD = {
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(64), t.JPEG),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(64), t.PNG),
    "gif": (b"GIF89a" + bytes(64), t.GIF),
    "tiff": (b"II*\0" + bytes(64), t.TIFF),
    "tiff of the other order": (b"MM\0*" + bytes(64), t.TIFF),
    "webp": (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(64), t.WEBP),
    "heic": (ftyp(b"heic", b"mif1", b"heic"), t.HEIC),
    "heic named mif1": (ftyp(b"mif1", b"mif1", b"heic"), t.HEIC),
    "heif": (ftyp(b"mif1", b"mif1"), t.HEIF),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(64), t.PDF),
    "mp4": (ftyp(b"isom", b"isom", b"avc1"), t.MP4),
    "mp4 of a phone": (ftyp(b"mp42", b"isom", b"mp42"), t.MP4),
    "mov": (ftyp(b"qt  ", b"qt  "), t.MOV),
    "old mov": (b"\0\0\0\x08wide\0\0\x10\0mdat" + bytes(64), t.MOV),
    "3gp": (ftyp(b"3gp4", b"isom"), t.THREEGPP),
    "webm": (b"\x1aE\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm" + bytes(64), t.WEBM),
    "avi": (b"RIFF\x24\0\0\0AVI LIST" + bytes(64), t.AVI),
    "mp3 with tags": (b"ID3\x04\0\0\0\0\0\0" + bytes(64), t.MP3),
    "mp3": (b"\xff\xfb\x90\x64" + bytes(64), t.MP3),
    "m4a": (ftyp(b"M4A ", b"mp42"), t.M4A),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(64), t.WAV),
    "ogg": (b"OggS\0\x02" + bytes(64), t.OGG),
    "amr": (b"#!AMR\n\x3c" + bytes(64), t.AMR),
    "docx": (zipped(*OFFICE, "word/document.xml"), t.DOCX),
    "xlsx": (zipped(*OFFICE, "xl/workbook.xml"), t.XLSX),
    "pptx": (zipped(*OFFICE, "ppt/presentation.xml"), t.PPTX),
    "odt": (zipped("content.xml", mimetype=b"application/vnd.oasis.opendocument.text"), t.ODT),
    "doc": (ole("1Table", "WordDocument"), t.DOC),
    "doc far down the directory": (ole(*[f"s{n}" for n in range(30)], "WordDocument"), t.DOC),
    "xls": (ole("Workbook"), t.XLS),
    "old xls": (ole("Book"), t.XLS),
    "ppt with large sectors": (ole("Current User", "PowerPoint Document", sector=4096), t.PPT),
    "utf-8": ("我對療程不滿意。\n".encode() * 50, t.TEXT),
    "utf-8 with mark": ("\ufeff我對療程不滿意。".encode(), t.TEXT),
    "big5": ("我對療程不滿意，請回覆。".encode("big5") * 50, t.TEXT),
    "gb18030": ("我对疗程不满意，请回复。𠮷".encode("gb18030") * 50, t.TEXT),
    "ascii": (b"I am not content.\r\n\tThe end.\x0c", t.TEXT),
    "zip": (zipped("photo.jpg"), t.ZIP),
    "outlook": (ole("__substg1.0_0037001F", "__properties_version1.0"), t.MSG),
    "rar": (b"Rar!\x1a\x07\x00" + bytes(200), t.RAR),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(200), t.SEVENZ),
    "gzip": (gzip.compress(b"letters" * 50), t.GZ),
    "tar": (tarred("photo.jpg"), t.TAR),
}


@pytest.mark.parametrize("which", GOOD)
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_it_is_known_by_its_bytes(which, piece):
    data, expected = GOOD[which]
    assert look_at(data, piece=piece) == expected


def test_mail_is_known_by_its_fields_and_its_name():
    mail = b"From: a@example.org\r\nSubject: hello\r\nDate: Sat, 21 Nov 2026 12:00:00 +0800\r\n\r\n<html><b>hi</b></html>"
    assert look_at(mail, "complaint.eml") == t.EML
    with pytest.raises(FileTypeRefused):
        look_at(mail, "complaint.txt")
    with pytest.raises(FileTypeRefused):
        look_at(b"<html>From: Subject:</html>", "complaint.eml")


HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
BAD = {
    "exe": (b"MZ\x90\0\x03" + bytes(200), "photo.jpg", "application/x-msdownload"),
    "elf": (b"\x7fELF\x02\x01\x01" + bytes(200), "photo.jpg", "application/x-executable"),
    "html": (HTML, "letter.txt", "text/html"),
    "html after spaces": (b"\xef\xbb\xbf \n\t" + HTML, "letter.txt", "text/html"),
    "html after words": (b"Dear clinic,\n" + HTML, "letter.txt", "text/html"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "photo.png", "image/svg+xml"),
    "svg by name": (b"just words", "photo.svg", ".svg"),
    "xml": (b'<?xml version="1.0"?><svg/>', "photo.png", "image/svg+xml"),
    "script by head": (b"#!/bin/sh\nrm -rf /\n", "notes.txt", "text/x-script"),
    "script by name": (b"WScript.Echo 1\n", "notes.vbs", ".vbs"),
    "batch": (b"start calc\r\n", "NOTES.BAT", ".bat"),
    "php": (b"<?php system($_GET[0]);", "a.txt", "text/x-php"),
    "rtf": (b"{\\rtf1\\ansi hello}", "a.rtf", "application/rtf"),
    "postscript": (b"%!PS-Adobe-3.0\n", "a.txt", "application/postscript"),
    "macros": (zipped(*OFFICE, "word/document.xml", "word/vbaProject.bin"), "a.docx", "application/vnd.ms-office (macro)"),
    "calc": (zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "a.odt", None),
    "broken zip": (zipped(*OFFICE, "word/document.xml")[:-30], "a.docx", "application/x-broken-zip"),
    "mkv": (b"\x1aE\xdf\xa3\x9f\x42\x82\x88matroska" + bytes(200), "a.webm", None),
    "avif": (ftyp(b"avif", b"avif", b"mif1"), "a.heic", None),
    "zeros": (bytes(500), "a.jpg", None),
    "noise": (bytes(range(256)) * 4, "a.txt", None),
    "words then zeros": (b"hello " * 5000 + b"\0", "a.txt", "application/octet-stream"),
    "words then noise": ("我對療程不滿意。".encode() * 2000 + b"\xff\xff\xff", "a.txt", "application/octet-stream"),
    "truncated riff": (b"RIFF\0\0\0", "a.wav", None),
    "one zero": (b"\0", "a.jpg", None),
}


@pytest.mark.parametrize("which", BAD)
@pytest.mark.parametrize("piece", [1, 100_000])
def test_what_is_not_on_the_list_is_refused_by_name(which, piece):
    data, name, found = BAD[which]
    with pytest.raises(FileTypeRefused) as refusal:
        look_at(data, name, piece)
    assert found is None or refusal.value.data["found"] == found
    assert refusal.value.status == 415
    assert refusal.value.data["found"] in refusal.value.message()


def test_a_directory_that_would_fill_the_memory_is_not_read():
    many = bytearray(zipped("a"))
    at = many.rfind(b"PK\x05\x06")
    many[at + 10 : at + 12] = (60_000).to_bytes(2, "little")
    with pytest.raises(FileTypeRefused):
        look_at(bytes(many), "a.zip")

    huge = io.BytesIO()
    with zipfile.ZipFile(huge, "w") as archive:
        for n in range(10_001):
            archive.writestr(f"{n}", "")
    with pytest.raises(FileTypeRefused):
        look_at(huge.getvalue(), "a.zip")


@given(st.binary(max_size=400), st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\0\0\0\x18ftyp"]))
def test_no_bytes_break_it(data, start):
    with contextlib.suppress(FileTypeRefused):
        assert look_at(start + data, "a.txt") in STAFF_TYPES


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_no_damaged_container_breaks_it(noise, place):
    for which in ("docx", "doc", "odt", "ppt with large sectors"):
        data = bytearray(GOOD[which][0])
        data[place : place + len(noise)] = noise
        with contextlib.suppress(FileTypeRefused):
            assert look_at(bytes(data), "a.doc") in STAFF_TYPES


def test_a_wrong_name_is_noted_and_an_odd_one_is_not_trusted():
    assert mislabelled("photo.jpg", t.PNG)
    assert mislabelled("photo.exe", t.JPEG)
    assert not mislabelled("PHOTO.JPEG", t.JPEG)
    assert not mislabelled("photo", t.JPEG)
    assert not mislabelled(".jpg", t.PNG)
    assert extension("archive.tar.GZ") == "gz"


def test_the_portal_takes_no_archives():
    assert set(EXTENSIONS) - PORTAL_TYPES == {t.ZIP, t.GZ, t.TAR, t.SEVENZ, t.RAR}
