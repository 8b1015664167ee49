"""Sixty and more kinds of file that somebody might send to do harm, each made here and small (S6)."""
from __future__ import annotations

import io
import struct
import zipfile
import zlib

from PIL import Image

from tests.evidence import laden
from tests.evidence import pictures as made

SCRIPT = "<script>alert(document.domain)</script>"
HTML = f"<!doctype html><html><body>{SCRIPT}<img src=x onerror=alert(1)></body></html>".encode()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
XXE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
) + b"]><l>&j;</l>"


def zipped(**how) -> bytes:
    """members: name=bytes"""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in how["members"].items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = how.get("attr", 0o600) << 16
            file.writestr(info, body)
    return out.getvalue()


def png(width: int, height: int, body: bytes = b"", kind: int = 0, bits: int = 1) -> bytes:
    """By its header as large as one likes, whatever follows."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body or zlib.compress(bytes(1 << 16))) + chunk(b"IEND", b"")


def pdf(extra: str) -> bytes:
    """One page, and something in the catalogue that a reader might do."""
    body = [
        f"<</Type/Catalog/Pages 2 0 R {extra}>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
    ]
    data, places = b"%PDF-1.7\n", []
    for number, each in enumerate(body, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{each}\nendobj\n".encode()
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + b"xref\n0 4\n0000000000 65535 f \n" + table + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(data)


def deep_pdf() -> bytes:
    return b"%PDF-1.4\n1 0 obj" + b"[" * 200_000 + b"]" * 200_000 + b"endobj\ntrailer<</Root 1 0 R>>"


def bomb_pdf() -> bytes:
    """A page that is one picture of 900 megapixels, in a few hundred bytes of nothing."""
    body = zlib.compress(bytes(4_000_000), 9)
    image = b"<</Type/XObject/Subtype/Image/Width 30000/Height 30000/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(body), body)
    paint = b"q 200 0 0 200 0 0 cm /P Do Q"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources<</XObject<</P 4 0 R>>>>/Contents 5 0 R>>",
        image, b"<</Length %d>>stream\n%s\nendstream" % (len(paint), paint),
    ]  # fmt: skip
    data = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, body) for n, body in enumerate(objects, 1))
    return data + b"trailer<</Root 1 0 R>>\n%%EOF"


def gif_bomb(frames: int = 400) -> bytes:
    """Each frame says it is as large as the whole."""
    head = b"GIF89a" + struct.pack("<HHBBB", 20_000, 20_000, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, 20_000, 20_000, 0) + b"\x02\x02\x4c\x01\0"
    return head + frame * frames + b";"


def tiff_loop() -> bytes:
    """Its list of tags claims 65,535, and leads to itself."""
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + struct.pack("<HHII", 256, 4, 1, 60_000) * 400 + struct.pack("<I", 8)


def heic_garbage() -> bytes:
    real = bytearray(made.encoded(made.drawn((200, 150)), "HEIF"))
    for at in range(300, len(real), 7):
        real[at] ^= 0x5A
    return bytes(real)


def nested(depth: int) -> bytes:
    data = zipped(members={"a.txt": b"0" * 5_000_000})
    for level in range(depth):
        data = zipped(members={f"{n}-{level}.zip": data for n in range(8)})
    return data


def mail(body: bytes, kind: bytes = b"text/html") -> bytes:
    return b"From: a@example.org\r\nSubject: hi\r\nMIME-Version: 1.0\r\nContent-Type: " + kind + b"\r\n\r\n" + body


def _jpeg(**how) -> bytes:
    return made.encoded(made.drawn((120, 90)), "JPEG", **how)


def _docx(**parts: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(laden.docx())) as file:
        members = {info.filename: file.read(info) for info in file.infolist()}
    return zipped(members=members | {name.replace("__", "/").replace("_xml", ".xml"): body for name, body in parts.items()})


def _gps() -> bytes:
    return laden.jpeg()


def _ico() -> bytes:
    return made.encoded(made.drawn((64, 64)), "ICO")


# name: (file name, bytes)
KINDS: dict[str, tuple[str, bytes]] = {
    "page": ("a.html", HTML),
    "page called a picture": ("a.jpg", HTML),
    "page called text": ("a.txt", HTML),
    "page after a mark": ("a.txt", b"\xef\xbb\xbf \n" + HTML),
    "page in utf-16": ("a.txt", HTML.decode().encode("utf-16")),
    "script": ("a.js", b"fetch('/')"),
    "style": ("a.css", b"body{background:url(//evil.example)}"),
    "drawing": ("a.svg", SVG),
    "drawing called a picture": ("a.png", SVG),
    "drawing packed": ("a.svgz", zlib.compress(SVG)),
    "saved page": ("a.mhtml", b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n" + HTML),
    "xml outside": ("a.xml", XXE),
    "xml laughing": ("a.xml", LAUGHS),
    "php": ("a.php", b"<?php system($_GET['c']); ?>"),
    "php in a picture": ("a.php.jpg", _jpeg(comment=b"<?php system('id'); ?>")),
    "picture and page": ("a.html", _jpeg(comment=HTML)),
    "animation and script": ("a.gif", b"GIF89a/*" + bytes(10) + b"*/=1;alert(1);" + bytes(50)),
    "picture and archive": ("a.jpg", _jpeg() + zipped(members={"x.exe": b"MZ"})),
    "paper and page": ("a.html", pdf("") + HTML),
    "png and page in a chunk": ("a.png", made.encoded(made.drawn((60, 40)), "PNG", pnginfo=made.png_words(HTML.decode()))),
    "program": ("a.exe", b"MZ" + bytes(500)),
    "program called a picture": ("photo\u202egpj.exe", b"MZ" + bytes(500)),
    "elf": ("a.jpg", b"\x7fELF" + bytes(300)),
    "shell": ("a.sh", b"#!/bin/sh\nrm -rf /\n"),
    "link of a desktop": ("a.lnk", b"L\0\0\0\x01\x14\x02\0" + bytes(200)),
    "hta": ("a.hta", HTML),
    "macro": ("a.docm", _docx(word__vbaProject=b"x").replace(b"word/vbaProject", b"word/vbaProject.bin"[:15])),
    "letter that reads files": ("a.docx", _docx(word__document_xml=XXE)),
    "letter that laughs": ("a.docx", _docx(word__document_xml=LAUGHS)),
    "letter that is huge inside": ("a.docx", _docx(word__document_xml=b"<a>" + b"0" * 60_000_000 + b"</a>")),
    "archive 1:1000": ("a.zip", zipped(members={"a": bytes(20_000_000)})),
    "archive in archives": ("a.zip", nested(2)),
    "archive that climbs": ("a.zip", zipped(members={"../../etc/cron.d/x": b"* * * * * root id"})),
    "archive with a link": ("a.zip", zipped(members={"x": b"/etc/passwd"}, attr=0o120777)),
    "archive of ten thousand": ("a.zip", zipped(members={f"{n}": b"" for n in range(10_050)})),
    "archive cut off": ("a.zip", zipped(members={"a": b"abc"})[:-10]),
    "picture of 900 megapixels": ("a.png", png(30_000, 30_000)),
    "picture of four thousand million": ("a.png", png(65_500, 65_500)),
    "picture without a body": ("a.png", png(100, 100, b"x")),
    "picture with no pixels": ("a.png", png(0, 0)),
    "picture that lies in its length": ("a.png", b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIHDR" + bytes(100)),
    "words packed in a picture": ("a.png", made.encoded(made.drawn((60, 40)), "PNG", pnginfo=made.png_words("x" * 2_000_000))),
    "picture cut off": ("a.jpg", _jpeg()[:-200]),
    "picture of noise": ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40),
    "picture with many thousand scans": ("a.jpg", _jpeg(progressive=True)[:-2] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * 3000 + b"\xff\xd9"),
    "place in a picture": ("a.jpg", _gps()),
    "tags that loop": ("a.tiff", tiff_loop()),
    "tiff of 3,600 megapixels": ("a.tif", b"II*\0\x08\0\0\0\x05\0" + b"".join(struct.pack("<HHII", t, 4, 1, v) for t, v in ((256, 60_000), (257, 60_000), (258, 8), (262, 1), (273, 8))) + bytes(4)),
    "animation of 400 huge frames": ("a.gif", gif_bomb()),
    "animation of nothing": ("a.gif", b"GIF89a" + bytes(20)),
    "webp that lies": ("a.webp", b"RIFF\xff\xff\xff\x7fWEBPVP8L" + bytes(60)),
    "heic of garbage": ("a.heic", heic_garbage()),
    "heic of a head": ("a.heic", laden.box(b"ftyp", b"heic", bytes(4), b"mif1heic")),
    "icon": ("a.ico", _ico()),
    "postscript": ("a.eps", b"%!PS-Adobe-3.0\n(id) system"),
    "fonts": ("a.ttf", b"\0\1\0\0\0\x0c" + bytes(300)),
    "paper with a script": ("a.pdf", pdf("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>")),
    "paper that launches": ("a.pdf", pdf("/OpenAction<</S/Launch/F(cmd.exe)>>")),
    "paper that calls": ("a.pdf", pdf("/OpenAction<</S/URI/URI(http://127.0.0.1:9/)>>")),
    "paper with something inside": ("a.pdf", laden.pdf()),
    "paper that nests": ("a.pdf", deep_pdf()),
    "paper of 900 megapixels": ("a.pdf", bomb_pdf()),
    "paper as large as a field": ("a.pdf", pdf("").replace(b"0 0 200 200", b"0 0 9e9 9e9")),
    "paper that is none": ("a.pdf", b"%PDF-1.7\n" + b"x" * 3000),
    "mail with a page": ("a.eml", mail(HTML)),
    "mail that never ends": ("a.eml", mail(b"".join(b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" for _ in range(3000)), b"multipart/mixed; boundary=b")),
    "film that lies": ("a.mp4", laden.box(b"ftyp", b"isom", bytes(4), b"isom") + b"\xff\xff\xff\xffmoov" + bytes(50)),
    "film inside itself": ("a.mp4", laden.box(b"ftyp", b"isom", bytes(4), b"isom") + b"".join(b"\0\x01\0\0trak" for _ in range(3000))),
    "sound with a page": ("a.mp3", b"ID3\4\0\0\0\0\0\0" + HTML),
    "nothing": ("a.jpg", b""),
    "zeros": ("a.jpg", bytes(3000)),
    "name that climbs": ("../../../etc/passwd.jpg", _jpeg()),
    "name with a tag": ('"><img src=x onerror=alert(1)>.jpg', _jpeg()),
    "name with lines": ("a\r\nSet-Cookie: x=1\r\n.jpg", _jpeg()),
    "name turned round": ("photo_\u202egpj.jpg", _jpeg()),
}  # fmt: skip

# Those that reach a parser of ours; a few that cost the most are kept for the proof.
SLOW = ("letter that is huge inside", "archive of ten thousand", "archive in archives")
assert len(KINDS) >= 60
assert Image.MAX_IMAGE_PIXELS is None or Image.MAX_IMAGE_PIXELS > 0
