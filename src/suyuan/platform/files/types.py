"""What a file is, judged by its content. The name only tells text from text, and whether it was mislabelled.

An allow-list: what is not recognised as something on it is refused, and so is anything a browser or a desktop would
run. Nothing is re-encoded or decoded here; originals stay as they came.
"""
from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO

import filetype

from suyuan.platform.files.errors import FileTypeRefused

HEAD = 16 * 1024

JPEG, PNG, GIF, WEBP, HEIC, HEIF = "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/heif"
TIFF = "image/tiff"
PDF = "application/pdf"
MP4, MOV, WEBM, AVI, THREEGPP = "video/mp4", "video/quicktime", "video/webm", "video/x-msvideo", "video/3gpp"
MP3, M4A, WAV, OGG, AMR = "audio/mpeg", "audio/mp4", "audio/wav", "audio/ogg", "audio/amr"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
DOC, XLS, PPT = "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"
TEXT, EML, MSG = "text/plain", "message/rfc822", "application/vnd.ms-outlook"
ZIP, GZ, TAR = "application/zip", "application/gzip", "application/x-tar"
SEVENZ, RAR = "application/x-7z-compressed", "application/vnd.rar"

EXTENSIONS: dict[str, tuple[str, ...]] = {
    JPEG: ("jpg", "jpeg", "jpe", "jfif"),
    PNG: ("png",),
    GIF: ("gif",),
    WEBP: ("webp",),
    HEIC: ("heic", "heif"),
    HEIF: ("heif", "heic"),
    TIFF: ("tif", "tiff"),
    PDF: ("pdf",),
    MP4: ("mp4", "m4v"),
    MOV: ("mov", "qt"),
    WEBM: ("webm",),
    AVI: ("avi",),
    THREEGPP: ("3gp", "3gpp"),
    MP3: ("mp3",),
    M4A: ("m4a", "mp4"),
    WAV: ("wav",),
    OGG: ("ogg", "oga", "opus"),
    AMR: ("amr",),
    DOCX: ("docx",),
    XLSX: ("xlsx",),
    PPTX: ("pptx",),
    ODT: ("odt",),
    DOC: ("doc",),
    XLS: ("xls",),
    PPT: ("ppt",),
    TEXT: ("txt", "text", "log", "csv", "md", "vtt", "srt"),
    EML: ("eml",),
    MSG: ("msg",),
    ZIP: ("zip",),
    GZ: ("gz", "tgz", "gzip"),
    TAR: ("tar",),
    SEVENZ: ("7z",),
    RAR: ("rar",),
}
ARCHIVES = frozenset({ZIP, GZ, TAR, SEVENZ, RAR})  # kept as they are, and never opened by us
PORTAL_TYPES = frozenset(EXTENSIONS) - ARCHIVES
STAFF_TYPES = frozenset(EXTENSIONS)

# Text that something runs or renders when it is opened under this name.
LIVE_TEXT = frozenset(
    {
        "html", "htm", "xhtml", "shtml", "mht", "mhtml", "svg", "svgz", "xml", "xsl", "js", "mjs", "jse", "ts", "vbs",
        "vbe", "wsf", "wsh", "hta", "bat", "cmd", "ps1", "psm1", "sh", "bash", "zsh", "py", "rb", "pl", "php",
        "phtml", "jsp", "asp", "aspx", "lnk", "url", "reg", "inf", "scf", "scr", "desktop", "command", "applescript",
        "jar",
    }
)
_LIVE_HEADS = {
    "text/x-script": re.compile(rb"#!|@echo", re.I),
    "text/x-php": re.compile(rb"<\?php", re.I),
    "image/svg+xml": re.compile(rb"(<\?xml[^>]*>\s*)?<svg\b", re.I),
    "text/xml": re.compile(rb"<\?xml", re.I),
    "application/rtf": re.compile(rb"\{\\rtf"),
    "application/postscript": re.compile(rb"%!ps", re.I),
    "text/html": re.compile(rb"<(!doctype|html|head|body|script|iframe|style|meta|img|object|embed)\b", re.I),
}
_LIVE_INSIDE = re.compile(rb"<(script|html|svg|iframe)[\s>]", re.I)
_MAIL_FIELD = re.compile(
    rb"^(from|to|subject|date|message-id|received|return-path|delivered-to|mime-version|content-type|dkim-signature):",
    re.I | re.MULTILINE,
)
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_CHARSETS = ("utf-8", "big5hkscs", "cp950", "gb18030")

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"), HEIC),
    **dict.fromkeys((b"mif1", b"msf1"), HEIF),
    **dict.fromkeys((b"M4A ", b"M4B "), M4A),
    **dict.fromkeys((b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42"), MP4),
    **dict.fromkeys((b"avc1", b"M4V ", b"MSNV", b"dash"), MP4),
    b"qt  ": MOV,
}


def extension(name: str) -> str:
    stem, dot, last = name.rpartition(".")
    return last.lower() if dot and stem else ""


def mislabelled(name: str, content_type: str) -> bool:
    """Whether the name promises something else than the content is."""
    ending = extension(name)
    return bool(ending) and ending not in EXTENSIONS[content_type]


class Look:
    """Watches bytes go by and says at the end what they were."""

    def __init__(self, name: str) -> None:
        self._ending = extension(name)
        self._head = bytearray()
        self._text: _TextWatch | None = None
        self._settled = False

    def feed(self, data: bytes) -> None:
        if self._settled:
            if self._text is not None:
                self._text.feed(data)
            return
        self._head += data
        if len(self._head) >= HEAD:
            self._settle()

    def decide(self, whole: Callable[[], BinaryIO]) -> str:
        """The content type. `whole` opens all bytes, seekable, for containers. Raises FileTypeRefused."""
        if not self._settled:
            self._settle()
        head = bytes(self._head[:HEAD])
        if self._text is not None:
            return self._text.decide(head, self._ending)
        found = by_magic(head)
        if found == ZIP:
            with whole() as file:
                return _in_zip(file)
        if found == _OLE_FILE:
            with whole() as file:
                return _in_ole(file)
        if found is None:
            raise FileTypeRefused(found=_known_elsewhere(head))
        return found

    def _settle(self) -> None:
        self._settled = True
        head = bytes(self._head)
        if by_magic(head[:HEAD]) is None and not _NOT_TEXT.search(head[:HEAD]):
            self._text = _TextWatch()
            self._text.feed(head)


_OLE_FILE = "application/x-ole-storage"


def by_magic(head: bytes) -> str | None:
    """Type by the first bytes; containers come out as ZIP or OLE and need a closer look."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head.startswith((b"II*\0", b"MM\0*")):
        return TIFF
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"RIFF"):
        return {b"WEBP": WEBP, b"WAVE": WAV, b"AVI ": AVI}.get(head[8:12])
    if head.startswith(b"OggS"):
        return OGG
    if head.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return AMR
    if head.startswith(b"PK\x03\x04"):
        return ZIP
    if head.startswith(_OLE):
        return _OLE_FILE
    if head.startswith(b"\x1f\x8b\x08"):
        return GZ
    if head.startswith(b"7z\xbc\xaf\x27\x1c"):
        return SEVENZ
    if head.startswith(b"Rar!\x1a\x07"):
        return RAR
    if head[257:262] == b"ustar":
        return TAR
    if head.startswith(b"\x1aE\xdf\xa3"):
        return WEBM if b"\x42\x82\x84webm" in head[:128] else None
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot") and head[:2] == b"\0\0":
        return MOV
    if head.startswith(b"ID3") or _is_mp3_frame(head):
        return MP3
    return None


def _by_brand(head: bytes) -> str | None:
    length = min(int.from_bytes(head[:4]), 256)
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, length, 4))]
    if b"avif" in brands or b"avis" in brands:
        return None
    major = brands[0]
    if major in (b"mif1", b"msf1"):
        return next((HEIC for brand in brands if _BRANDS.get(brand) == HEIC), HEIF)
    if major[:3] in (b"3gp", b"3g2"):
        return THREEGPP
    return _BRANDS.get(major) or next((_BRANDS[b] for b in brands if b in _BRANDS), None)


def _is_mp3_frame(head: bytes) -> bool:
    """An MPEG audio header, layer III, with a lawful bit rate and sampling rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[1] & 0x18 != 0x08 and head[2] >> 4 not in (0, 15) and head[2] & 0x0C != 0x0C


class _TextWatch:
    """Text in one of our charsets from the first byte to the last."""

    def __init__(self) -> None:
        self._decoders = [codecs.getincrementaldecoder(charset)() for charset in _CHARSETS]
        self._clean = True

    def feed(self, data: bytes) -> None:
        if _NOT_TEXT.search(data):
            self._clean = False
        self._decoders = [d for d in self._decoders if _decodes(d, data)]

    def decide(self, head: bytes, ending: str) -> str:
        readable = [d for d in self._decoders if _decodes(d, b"", final=True)]
        if not self._clean or not readable:
            raise FileTypeRefused(found="application/octet-stream")
        start = head.removeprefix(codecs.BOM_UTF8).lstrip()
        if ending in LIVE_TEXT:
            raise FileTypeRefused(found=f".{ending}")
        if ending == "eml" and len(_MAIL_FIELD.findall(start.partition(b"\n\r\n")[0].partition(b"\n\n")[0])) >= 2:
            return EML
        for found, pattern in _LIVE_HEADS.items():
            if pattern.match(start):
                raise FileTypeRefused(found=found)
        if _LIVE_INSIDE.search(head[:2048]):
            raise FileTypeRefused(found="text/html")
        return TEXT


def _decodes(decoder: codecs.IncrementalDecoder, data: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(data, final)
    except UnicodeDecodeError:
        return False
    return True


# Containers. Only the list of members is read, and only when it is small: nothing is unpacked.

_MOST_MEMBERS = 10_000
_LARGEST_DIRECTORY = 2 * 1024 * 1024
_BROKEN_ZIP = "application/x-broken-zip"


def _in_zip(file: BinaryIO) -> str:
    if not _directory_is_small(file):
        raise FileTypeRefused(found=_BROKEN_ZIP)
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
                return _open_document(archive.read("mimetype"))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, OSError, EOFError) as error:
        raise FileTypeRefused(found=_BROKEN_ZIP) from error
    if "[Content_Types].xml" not in names:
        return ZIP
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise FileTypeRefused(found="application/vnd.ms-office (macro)")
    for folder, kind in (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX)):
        if any(name.startswith(folder) for name in names):
            return kind
    return ZIP


def _open_document(mimetype: bytes) -> str:
    found = mimetype.decode("ascii", "replace").strip()
    if found != ODT:
        raise FileTypeRefused(found=found[:80])
    return ODT


def _directory_is_small(file: BinaryIO) -> bool:
    """zipfile reads the whole directory into memory; look at its size first, and let no zip64 say otherwise."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22 or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        return False
    members = int.from_bytes(tail[at + 10 : at + 12], "little")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    return members <= _MOST_MEMBERS and directory <= _LARGEST_DIRECTORY


_OLE_STREAMS = {"WordDocument": DOC, "Workbook": XLS, "Book": XLS, "PowerPoint Document": PPT, "__properties_version1.0": MSG}


def _in_ole(file: BinaryIO) -> str:
    """Word, Excel and PowerPoint before 2007, and Outlook's messages, by the streams in the compound file's directory."""
    names = _ole_names(file)
    for name, kind in _OLE_STREAMS.items():
        if name in names:
            return kind
    raise FileTypeRefused(found=_OLE_FILE)


def _ole_names(file: BinaryIO, most_sectors: int = 256) -> set[str]:
    file.seek(0)
    header = file.read(512)
    shift = int.from_bytes(header[30:32], "little")
    if len(header) < 512 or shift not in (9, 12):
        return set()
    size = 1 << shift

    def sector(number: int) -> bytes:
        file.seek((number + 1) * size)
        return file.read(size)

    def follows(number: int) -> int:
        table = int.from_bytes(header[76 + 4 * (number // (size // 4)) :][:4], "little")
        at = 4 * (number % (size // 4))
        return int.from_bytes(sector(table)[at : at + 4], "little")

    names: set[str] = set()
    number = int.from_bytes(header[48:52], "little")
    for _ in range(most_sectors):
        if number >= 109 * (size // 4):
            break
        entries = sector(number)
        for at in range(0, len(entries), 128):
            length = int.from_bytes(entries[at + 64 : at + 66], "little")
            names.add(entries[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace"))
        number = follows(number)
    return names


def _known_elsewhere(head: bytes) -> str:
    """A name for what we refuse, so that the sender understands."""
    if head.startswith(b"MZ"):
        return "application/x-msdownload"
    if head.startswith(b"\x7fELF"):
        return "application/x-executable"
    try:
        guess = filetype.guess(head)
    except (IndexError, ValueError, TypeError):  # filetype reads past the end of very short heads
        guess = None
    return guess.mime if guess is not None else "application/octet-stream"
