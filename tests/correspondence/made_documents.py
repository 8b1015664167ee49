"""Documents as clinics write them, and as somebody with bad intent would, each made here."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

import typst
from PIL import Image
from pypdf import PdfReader, PdfWriter

from suyuan.platform import papers

FONTS = Path(papers.__file__).parent / "fonts"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
W += ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
STYLES = f'<w:styles {W}><w:style w:type="paragraph" w:styleId="a1"><w:name w:val="heading 1"/></w:style></w:styles>'


def pdf(pages: Iterable[Iterable[str]], header: str = "") -> bytes:
    """Set with our own fonts, on paper narrow enough to cut most lines."""
    head = f"#set page(header: [{header}])" if header else ""
    body = "\n#pagebreak()\n".join("\n\n".join(paragraphs) for paragraphs in pages)
    source = f'#set page(width: 105mm, height: 160mm, margin: 12mm)\n{head}\n#set text(font: "Noto Sans TC", size: 10pt, lang: "zh")\n{body}'
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(FONTS)])
    return typst.Compiler({"main": source.encode()}, font_paths=fonts).compile(format="pdf")


def locked(data: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt("only-we-know", algorithm="RC4-128")
    return _written(writer)


def with_scanned_page(data: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.append(io.BytesIO(scanned()))
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def scanned() -> bytes:
    out = io.BytesIO()
    Image.new("L", (400, 600), 240).save(out, "PDF")
    return out.getvalue()


def docx(document: str, **parts: str | bytes) -> bytes:
    """`document`: what stands in the body. Keywords name further parts: footnotes="…" becomes word/footnotes.xml."""
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f"<w:document {W}><w:body>{document}</w:body></w:document>",
            "word/styles.xml": STYLES,
            **{f"word/{name}.xml": body for name, body in parts.items()},
        }
    )


def part(root: str, body: str) -> str:
    return f"<w:{root} {W}>{body}</w:{root}>"


def p(*runs: str, style: str = "") -> str:
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{look}{''.join(run if run.startswith('<') else r(run) for run in runs)}</w:p>"


def r(words: str, look: str = "", tag: str = "t") -> str:
    return f"<w:r><w:rPr>{look}</w:rPr><w:{tag} xml:space='preserve'>{escape(words)}</w:{tag}></w:r>"


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def claiming(data: bytes, name: str, size: int) -> bytes:
    """The same archive, whose directory says that this member unpacks to `size` bytes."""
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode()))
    return data[: entry + 24] + size.to_bytes(4, "little") + data[entry + 28 :]


def bomb(size: int) -> bytes:
    """Words without end in a member that the directory says is small."""
    body = p("效果").encode() + b"<w:p><w:r><w:t>" + b"a" * size + b"</w:t></w:r></w:p>"
    data = zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f"<w:document {W}><w:body>".encode() + body + b"</w:body></w:document>",
        }
    )
    return claiming(data, "word/document.xml", 1_000)
