"""Twelve kinds of file, each small, real, and laden with a canary wherever its kind can hide one."""
from __future__ import annotations

import io
import struct
import zipfile

from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, StreamObject, create_string_object

from tests.evidence import pictures as made

CANARY = "PIPIT-7f3a-陳小安"


def jpeg(canary: str = CANARY) -> bytes:
    """With a second, uncropped picture inside its tags, and another one after its end."""
    hidden = made.encoded(made.drawn((160, 120)), "JPEG", comment=canary)
    tags = made.exif(canary)
    data = made.encoded(
        made.drawn(), "JPEG", exif=tags, comment=canary, icc_profile=made.profile(), xmp=f"<x>{canary}</x>".encode()
    )
    return data + hidden + canary.encode()


def png(canary: str = CANARY) -> bytes:
    return made.encoded(made.drawn(), "PNG", pnginfo=made.png_words(canary), exif=made.exif(canary)) + canary.encode()


def heic(canary: str = CANARY) -> bytes:
    return made.encoded(made.drawn(), "HEIF", exif=made.exif(canary).tobytes(), xmp=f"<x>{canary}</x>".encode())


def webp(canary: str = CANARY) -> bytes:
    return made.encoded(made.drawn(), "WEBP", exif=made.exif(canary), xmp=f"<x>{canary}</x>".encode())


def tiff(canary: str = CANARY) -> bytes:
    return made.encoded(
        made.drawn(), "TIFF", exif=made.exif(canary), description=canary, software=canary, artist=canary,
        save_all=True, append_images=[made.drawn((100, 80))],
    )  # fmt: skip


def pdf(canary: str = CANARY) -> bytes:
    """Properties, XMP, an attachment, a script, and words that lie behind the picture."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(made.paper(2))))
    writer.add_metadata({"/Author": canary, "/Title": canary})
    writer.add_attachment("secret.txt", canary.encode())
    script = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): create_string_object(f"app.alert('{canary}')")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(script)
    xmp = StreamObject()
    xmp.set_data(f"<x:xmpmeta>{canary}</x:xmpmeta>".encode())
    writer.root_object[NameObject("/Metadata")] = writer._add_object(xmp)
    writer.root_object[NameObject("/Lang")] = create_string_object(canary)
    page = writer.pages[0]
    words = StreamObject()
    words.set_data(f"BT 3 Tr /F1 12 Tf 10 10 Td ({canary.encode('ascii', 'replace').decode()}) Tj ET %{canary}".encode())
    page[NameObject("/Contents")] = writer._add_object(words.flate_encode())
    page[NameObject("/PieceInfo")] = create_string_object(canary)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _zip(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.comment = CANARY.encode()
        for name, body in parts.items():
            file.writestr(name, body)
    return out.getvalue()


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_TYPES = "application/vnd.openxmlformats-officedocument"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _rels(*rows: tuple[str, str, str]) -> str:
    inner = "".join(f'<Relationship Id="{i}" Type="{_REL}/{kind}" Target="{target}"/>' for i, kind, target in rows)
    return f'{_HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>'


def _types(**overrides: str) -> str:
    rows = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in overrides.items())
    return (
        f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="jpeg" ContentType="image/jpeg"/>'
        f"{rows}</Types>"
    )


def _properties(canary: str) -> dict[str, str]:
    return {
        "docProps/core.xml": f"{_HEAD}<cp:coreProperties><dc:creator>{canary}</dc:creator></cp:coreProperties>",
        "docProps/app.xml": f"{_HEAD}<Properties><Company>{canary}</Company><Manager>{canary}</Manager></Properties>",
        "docProps/custom.xml": f"{_HEAD}<Properties><property name='x'>{canary}</property></Properties>",
        "docProps/thumbnail.jpeg": jpeg(canary),
        "customXml/item1.xml": f"<a>{canary}</a>",
    }


def _whole(main: str, kind: str) -> str:
    return _rels(
        ("rId1", "officeDocument", main), ("rId2", "extended-properties", "docProps/app.xml"),
        ("rId3", "custom-properties", "docProps/custom.xml"), ("rId4", "metadata/thumbnail", "docProps/thumbnail.jpeg"),
    )  # fmt: skip


def docx(canary: str = CANARY) -> bytes:
    w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    who = f'w:id="1" w:author="{canary}" w:initials="{canary}" w:date="2026-01-01T00:00:00Z"'
    body = (
        f'{_HEAD}<!-- {canary} --><w:document {w}><w:body><w:p w:rsidR="00AB12CD">'
        f'<w:commentRangeStart w:id="0"/><w:r w:rsidRPr="00AB12CD"><w:t>看得見的話</w:t></w:r><w:commentRangeEnd w:id="0"/>'
        f'<w:r><w:commentReference w:id="0"/></w:r><w:ins {who}><w:r><w:t>加上的話</w:t></w:r></w:ins>'
        f"<w:del {who}><w:r><w:delText>{canary}</w:delText></w:r></w:del>"
        f"<w:r><w:rPr><w:vanish/></w:rPr><w:t>{canary}</w:t></w:r>"
        f'<w:r><w:drawing><wp:docPr id="1" name="{canary}" descr="{canary}"/><pic:blipFill><a:blip r:embed="rId5"/></pic:blipFill></w:drawing></w:r>'
        "</w:p></w:body></w:document>"
    )
    return _zip(
        {
            "[Content_Types].xml": _types(
                **{
                    "word/document.xml": f"{_TYPES}.wordprocessingml.document.main+xml",
                    "word/comments.xml": f"{_TYPES}.wordprocessingml.comments+xml",
                    "docProps/app.xml": f"{_TYPES}.extended-properties+xml",
                }
            ),
            "_rels/.rels": _whole("word/document.xml", "word"),
            "word/document.xml": body,
            "word/_rels/document.xml.rels": _rels(
                ("rId1", "settings", "settings.xml"), ("rId2", "comments", "comments.xml"),
                ("rId3", "customXml", "../customXml/item1.xml"), ("rId5", "image", "media/image1.jpeg"),
            ),  # fmt: skip
            "word/settings.xml": f'{_HEAD}<w:settings {w}><w:rsids><w:rsid w:val="00AB12CD"/></w:rsids><w:docVars><w:docVar w:name="a" w:val="{canary}"/></w:docVars></w:settings>',
            "word/comments.xml": f"{_HEAD}<w:comments {w}><w:comment {who}><w:p><w:r><w:t>{canary}</w:t></w:r></w:p></w:comment></w:comments>",
            "word/people.xml": f"{_HEAD}<w15:people><w15:person w15:author='{canary}'/></w15:people>",
            "word/media/image1.jpeg": jpeg(canary),
            **_properties(canary),
        }
    )


def xlsx(canary: str = CANARY, hidden: bool = False) -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    state = ' state="veryHidden"' if hidden else ""
    return _zip(
        {
            "[Content_Types].xml": _types(
                **{
                    "xl/workbook.xml": f"{_TYPES}.spreadsheetml.sheet.main+xml",
                    "xl/worksheets/sheet1.xml": f"{_TYPES}.spreadsheetml.worksheet+xml",
                    "xl/comments1.xml": f"{_TYPES}.spreadsheetml.comments+xml",
                }
            ),
            "_rels/.rels": _whole("xl/workbook.xml", "xl"),
            "xl/workbook.xml": (
                f'{_HEAD}<workbook xmlns="{main}"><fileSharing userName="{canary}"/><mc:AlternateContent>'
                f'<mc:Choice><x15ac:absPath url="C:\\Users\\{canary}\\"/></mc:Choice></mc:AlternateContent>'
                f'<sheets><sheet name="費用" sheetId="1" r:id="rId1"{state}/></sheets></workbook>'
            ),
            "xl/_rels/workbook.xml.rels": _rels(
                ("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "externalLink", "externalLinks/externalLink1.xml")
            ),
            "xl/worksheets/sheet1.xml": (
                f'{_HEAD}<worksheet xmlns="{main}"><sheetData><row r="1"><c r="A1"><v>48000</v></c></row></sheetData>'
                '<pageSetup orientation="portrait" r:id="rId2"/><legacyDrawing r:id="rId1"/></worksheet>'
            ),
            "xl/worksheets/_rels/sheet1.xml.rels": _rels(
                ("rId1", "vmlDrawing", "../drawings/vmlDrawing1.vml"), ("rId2", "printerSettings", "../printerSettings/p1.bin")
            ),
            "xl/drawings/vmlDrawing1.vml": f"<xml>{canary}</xml>",
            "xl/printerSettings/p1.bin": canary.encode("utf-16-le"),
            "xl/externalLinks/externalLink1.xml": f"<a>{canary}</a>",
            "xl/comments1.xml": f"{_HEAD}<comments><authors><author>{canary}</author></authors></comments>",
            "xl/persons/person.xml": f"<a>{canary}</a>",
            **_properties(canary),
        }
    )


def box(kind: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _track(handler: bytes, entry: bytes, sizes: list[int], offset: int, canary: str) -> bytes:
    words = canary.encode()
    table = box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1), entry),
        box(b"stts", struct.pack(">IIII", 0, 1, len(sizes), 100)),
        box(b"stsc", struct.pack(">IIIII", 0, 1, 1, len(sizes), 1)),
        box(b"stsz", struct.pack(">III", 0, 0, len(sizes)), struct.pack(f">{len(sizes)}I", *sizes)),
        box(b"stco", struct.pack(">III", 0, 1, offset)),
    )
    media = {b"vide": box(b"vmhd", struct.pack(">IHHHH", 1, 0, 0, 0, 0)), b"soun": box(b"smhd", bytes(8))}
    heads = media.get(handler, box(b"gmhd", words))
    return box(
        b"trak",
        box(b"tkhd", struct.pack(">IIIII", 7, 0xE0000001, 0xE0000001, 1, 0), bytes(64)),
        box(b"meta", words),
        box(b"tref", words),
        box(b"udta", box(b"\xa9nam", words)),
        box(
            b"mdia",
            box(b"mdhd", struct.pack(">IIIIIHH", 0, 0xE0000001, 0xE0000001, 1000, 200, 0, 0)),
            box(b"hdlr", bytes(4), b"mhlr", handler, bytes(12), words + b"\0"),
            box(b"minf", heads, box(b"dinf", box(b"dref", struct.pack(">II", 0, 1), box(b"url ", b"\0\0\0\1"))), table),
        ),
    )


def _picture_entry(canary: str) -> bytes:
    name = canary.encode()[:31]
    head = struct.pack(">6xHHHIIIHHIIIH", 1, 0, 0, 0, 0, 0, 320, 240, 0x480000, 0x480000, 0, 1)
    return box(b"jpeg", head, bytes([len(name)]) + name.ljust(31, b"\0"), struct.pack(">Hh", 24, -1), box(b"uuid", name))


def _sound_entry() -> bytes:
    return box(b"sowt", struct.pack(">6xHHHIHHHHI", 1, 0, 0, 0, 1, 16, 0, 0, 8000 << 16))


def film(brand: bytes, canary: str = CANARY, sound: bool = False) -> bytes:
    """A film of pictures with sound, a track of places, and words in every box that may hold some."""
    words = canary.encode()
    frame = made.encoded(made.drawn((320, 240)), "JPEG")
    places = words * 3
    head = box(b"ftyp", brand, bytes(4), brand)
    gap = b"between " + words
    first = len(head) + 8
    media = gap + frame + places + bytes(1600)
    tracks = [_track(b"soun", _sound_entry(), [2] * 800, first + len(gap + frame + places), canary)]
    if not sound:
        tracks.insert(0, _track(b"vide", _picture_entry(canary), [len(frame)], first + len(gap), canary))
    tracks.append(_track(b"meta", box(b"mett", bytes(8), words), [len(places)], first + len(gap + frame), canary))
    moov = box(
        b"moov",
        box(b"mvhd", struct.pack(">IIIII", 0, 0xE0000001, 0xE0000001, 1000, 200), struct.pack(">IH", 0x10000, 0x100), bytes(74)),
        *tracks,
        box(b"udta", box(b"\xa9xyz", b"+25.0339+121.5645/" + words), box(b"meta", words)),
        box(b"meta", box(b"hdlr", bytes(8), b"mdta", bytes(12), words), words),
    )
    return head + box(b"mdat", media) + moov + box(b"uuid", bytes(16), words) + box(b"free", words)


def mp3(canary: str = CANARY) -> bytes:
    """Silence in frames, a picture and names before it, names after it."""
    frame = b"\xff\xfb\x90\xc4" + bytes(413)
    words = canary.encode("utf-16")
    inner = b"TPE1" + struct.pack(">I", len(words) + 1) + b"\0\0\1" + words
    inner += b"APIC" + struct.pack(">I", len(jpeg(canary))) + b"\0\0" + jpeg(canary)
    size = bytes((len(inner) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    ape = b"APETAGEX" + struct.pack("<IIII8x", 2000, 32 + len(canary.encode()), 1, 0) + canary.encode()
    return b"ID3\3\0\0" + size + inner + frame * 20 + ape + b"TAG" + canary.encode().ljust(125, b"\0")[:125]


def wav(canary: str = CANARY) -> bytes:
    data = made.sound() + b"LIST" + struct.pack("<I", 12 + len(canary.encode())) + b"INFOIART" + struct.pack("<I", 4) + canary.encode()
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


TWELVE = {
    "jpg": jpeg, "png": png, "heic": heic, "webp": webp, "tiff": tiff, "pdf": pdf, "docx": docx, "xlsx": xlsx, "mp3": mp3,
    "mp4": lambda canary=CANARY: film(b"isom", canary), "mov": lambda canary=CANARY: film(b"qt  ", canary),
    "m4a": lambda canary=CANARY: film(b"M4A ", canary, sound=True), "wav": wav,
}  # fmt: skip
