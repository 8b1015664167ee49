"""Words out of a document, stretch by stretch. Run by `platform.files.limited` only.

    read(data, name="flyer.pdf")  →  {"kind", "stretches": [[text, part, page, heading, number], …], "warnings": [[code, …], …]}
                                 or  {"refused": why}

What a document is, its content says; a name that promises something else is a refusal, because somebody was deceived.
Nothing is run, followed, fetched or unpacked to disk, and what is read is counted, not what a file claims to hold.
"""

from __future__ import annotations

from typing import Any

from suyuan.correspondence.confined.shapes import MOST_CHARACTERS, MOST_STRETCHES, Refused, Stretches

PDF, DOCX, HTML, PLAIN = "pdf", "docx", "html", "plain"
ENDINGS = {
    PDF: ("pdf",),
    DOCX: ("docx", "dotx"),
    HTML: ("html", "htm", "xhtml", "shtml"),
    PLAIN: ("txt", "text", "md", "markdown", "csv", "tsv", "log", "srt", "vtt"),
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OTHERS = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"II*\0",
    b"MM\0*",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x1f\x8b",
    b"{\\rtf",
)


def read(data: bytes, name: str = "") -> dict[str, Any]:
    try:
        kind = kind_of(data, name)
        found = _reader(kind)(data)
        if not any(text.strip() for text, *_where in found.rows):
            raise Refused("no_text" if kind == PDF else "empty")
    except Refused as refused:
        return {"refused": str(refused)}
    return {"kind": kind, "stretches": found.rows, "warnings": found.warnings}


def kind_of(data: bytes, name: str) -> str:
    """By its content; a known ending must agree. Raises Refused."""
    promised = next((kind for kind, endings in ENDINGS.items() if _ending(name) in endings), "")
    if not data.strip(b"\0 \t\r\n"):
        raise Refused("empty")
    kind = _by_content(data, promised)
    if promised and kind != promised and not {kind, promised} <= {HTML, PLAIN}:
        raise Refused("mislabelled")
    return kind


def _by_content(data: bytes, promised: str) -> str:
    if b"%PDF-" in data[:1024]:
        return PDF
    if data.startswith(b"PK\x03\x04"):
        return DOCX
    if data.startswith(_OLE):
        raise Refused("locked" if _ENCRYPTED in data[: 1 << 20] else "old_word")
    if data.startswith(_OTHERS):
        raise Refused("mislabelled" if promised else "kind")
    if promised in (PDF, DOCX):
        raise Refused("broken" if data.startswith((b"PK", b"%")) else "mislabelled")
    from suyuan.correspondence.confined.web import looks_like_a_page

    return HTML if promised == HTML or looks_like_a_page(data) else PLAIN


def _reader(kind: str):
    """Each loads its own parser, and only then: what is not needed has no business in the process."""
    if kind == PDF:
        from suyuan.correspondence.confined.paper import stretches
    elif kind == DOCX:
        from suyuan.correspondence.confined.word import stretches
    elif kind == HTML:
        from suyuan.correspondence.confined.web import stretches
    else:
        from suyuan.correspondence.confined.plain import stretches
    return stretches


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


__all__ = ["MOST_CHARACTERS", "MOST_STRETCHES", "Stretches", "kind_of", "read"]
