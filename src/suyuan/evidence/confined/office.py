"""Word, Excel and PowerPoint without what they say about their makers. Run by `platform.files.limited` only.

A new archive is written out of parts that are known; everything else stays behind: properties, comments, attached data,
embedded files, printers, previews. Where a kept part still asks for one that was left behind, nothing is made: a person
who shares a file must be able to open it, and must not be told it is clean when nobody can say.
"""
from __future__ import annotations

import io
import posixpath
import re
import zipfile

from suyuan.evidence.confined.pictures import strip as picture_strip

MOST_BYTES, MOST_PARTS = 120_000_000, 3_000
_COMMON = (
    r"\[Content_Types\]\.xml", r"_rels/\.rels", r"{0}/theme/theme\d+\.xml", r"{0}/charts/(chart|style|colors)\d+\.xml",
    r"{0}/drawings/drawing\d+\.xml", r"{0}/diagrams/\w+\.xml", r"{0}/media/[\w.-]+", r"{0}(/\w+)?/_rels/[\w.]+\.rels",
)  # fmt: skip
_PARTS = {
    "word": (r"word/(document|styles|stylesWithEffects|numbering|settings|fontTable|webSettings|footnotes|endnotes)\.xml",
             r"word/(header|footer)\d+\.xml"),
    "xl": (r"xl/(workbook|styles|sharedStrings)\.xml", r"xl/worksheets/sheet\d+\.xml", r"xl/tables/table\d+\.xml"),
    "ppt": (r"ppt/(presentation|presProps|tableStyles)\.xml", r"ppt/(slides|slideLayouts|slideMasters)/\w+\.xml"),
}  # fmt: skip
_PICTURES = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "tif": "image/tiff", "tiff": "image/tiff"}

# Whole elements, with all that is in them: deleted words, authors' lists, paths, hidden runs, ties to what stays behind.
_GONE = (
    "w:del", "w:moveFrom", "w:rsids", "w:docVars", "w:mailMerge", "w:rPrChange", "w:pPrChange", "w:sectPrChange",
    "w:tblPrChange", "w:tcPrChange", "w:trPrChange", "w:tblGridChange", "w:numberingChange", "w:tblPrExChange",
    "externalReferences", "pivotCaches", "fileSharing", "customProperties", "oleObjects", "controls", "webPublishItems",
    "x15ac:absPath", "p:notesMasterIdLst", "p:embeddedFontLst", "p:custDataLst", "w:attachedTemplate", "w14:docId",
    "w15:docId", "legacyDrawing", "legacyDrawingHF", "w:commentRangeStart", "w:commentRangeEnd", "w:commentReference",
    "w:moveFromRangeStart", "w:moveFromRangeEnd", "w15:person", "xr:revisionPtr", "p14:modifyVerifier", "p:cmAuthorLst",
)  # fmt: skip
_ELEMENT = {name: re.compile(rf"<{name}(?:\s[^<>]*)?/>|<{name}(?:\s[^<>]*)?>.*?</{name}\s*>", re.S) for name in _GONE}
_UNWRAPPED = re.compile(r"</?w:(?:ins|moveTo)(?:\s[^<>]*)?/?>|<w:moveToRange(?:Start|End)\b[^<>]*/>")
_HIDDEN_RUN = re.compile(r"<w:r(?:\s[^<>]*)?>(?:(?!</w:r>).)*?<w:(?:vanish|webHidden|specVanish)\s*/>(?:(?!</w:r>).)*?</w:r>", re.S)
_WHO = re.compile(r"""\s[\w]+:(?:rsid\w*|author|initials|date|dateUtc|userId|providerId|paraId|textId)=(?:"[^"]*"|'[^']*')""")
_REVISION = re.compile(r"""\s(?:xr\d*:uid|documentId|codeName|lastEdited|lowestEdited|rupBuild|userName)=(?:"[^"]*"|'[^']*')""")
_NAMED = re.compile(r"<(?:\w+:)?(?:docPr|cNvPr)\b[^<>]*>")
_NAMES = re.compile(r"""\s(?:descr|title)=(?:"[^"]*"|'[^']*')""")
_NAME = re.compile(r"""(\sname=)(?:"[^"]*"|'[^']*')""")
_REMARK = re.compile(r"<!--.*?-->|<\?(?!xml\s).*?\?>", re.S)
_RELATION = re.compile(r"<Relationship\b[^<>]*/>|<Relationship\b[^<>]*>\s*</Relationship>")
_OVERRIDE = re.compile(r"<Override\b[^<>]*/>")
_ASKS = re.compile(r"""\s\w+:(?:id|embed|link|pict|href|dm|lo|qs|cs)=["']([^"']+)["']""")
_PRINTER = re.compile(r"""(<pageSetup\b[^<>]*?)\sr:id=(?:"[^"]*"|'[^']*')""")


class Cannot(Exception):
    """Why it cannot be done."""


def strip(data: bytes) -> tuple:
    try:
        return {"made": "ok"}, _Office(data).made()
    except Cannot as cannot:
        return ({"made": str(cannot)},)
    except (zipfile.BadZipFile, UnicodeError, KeyError):
        return ({"made": "broken"},)


class _Office:
    def __init__(self, data: bytes) -> None:
        self.archive = zipfile.ZipFile(io.BytesIO(data))
        names = [info.filename for info in self.archive.infolist()]
        if len(set(name.lower() for name in names)) != len(names) or len(names) > MOST_PARTS:
            raise Cannot("broken")
        if any(info.flag_bits & 1 for info in self.archive.infolist()):
            raise Cannot("locked")
        if sum(info.file_size for info in self.archive.infolist()) > MOST_BYTES:
            raise Cannot("size")
        self.folder = next((folder for folder in _PARTS if any(name.startswith(f"{folder}/") for name in names)), "")
        if not self.folder:
            raise Cannot("broken")
        patterns = [pattern.format(self.folder) if "{0}" in pattern else pattern for pattern in _COMMON]
        known = re.compile("|".join([*patterns, *_PARTS[self.folder]]))
        self.kept = {name for name in names if known.fullmatch(name)}

    def made(self) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for name in sorted(self.kept, key=lambda each: (each != "[Content_Types].xml", each)):
                if name.endswith(".rels") and _source_of(name) not in self.kept | {""}:
                    continue
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                new.writestr(info, self.part(name))
        return out.getvalue()

    def part(self, name: str) -> bytes:
        if "/media/" in name:
            return self.picture(name)
        words = _text(self.archive.read(name))
        if name == "[Content_Types].xml":
            return _OVERRIDE.sub(self.if_kept, words).encode()
        if name.endswith(".rels"):
            return "".join([words.partition("<Relationship ")[0].partition("<Relationship>")[0], *self.relations(name)[0], "</Relationships>"]).encode()
        return self.cleaned(name, words).encode()

    def picture(self, name: str) -> bytes:
        content_type = _PICTURES.get(name.rpartition(".")[2].lower())
        if content_type is None:
            raise Cannot("drawing")
        try:
            return picture_strip(self.archive.read(name), content_type)[1]
        except Exception as error:
            raise Cannot("drawing") from error

    def if_kept(self, found: re.Match[str]) -> str:
        named = re.search(r"""PartName=["']/([^"']+)["']""", found[0])
        return found[0] if named and named[1] in self.kept else ""

    def relations(self, name: str) -> tuple[list[str], set[str]]:
        """Those that lead to a kept part, and the names of those that do not."""
        base, stays, goes = posixpath.dirname(_source_of(name)), [], set()
        for found in _RELATION.finditer(_text(self.archive.read(name))):
            target = re.search(r"""Target=["']([^"']*)["']""", found[0])
            outside = re.search(r"""TargetMode=["']External["']""", found[0])
            link = outside and re.search(r"""Type=["'][^"']*/hyperlink["']""", found[0])
            path = target[1] if target else ""
            path = path.lstrip("/") if path.startswith("/") else posixpath.normpath(posixpath.join(base, path))
            if link or (not outside and path in self.kept):
                stays.append(found[0])
            else:
                named = re.search(r"""\sId=["']([^"']+)["']""", found[0])
                goes.add(named[1] if named else "")
        return stays, goes

    def cleaned(self, name: str, words: str) -> str:
        if re.search(r"<sheet\b[^<>]*\bstate=|<p:sld\b[^<>]*\bshow=[\"'](?:0|false)", words):
            raise Cannot("hidden")
        words = _REMARK.sub("", words)
        if self.folder == "xl" and name.endswith("workbook.xml"):
            words = re.sub(r"<mc:AlternateContent\b.*?</mc:AlternateContent>", "", words, flags=re.S)
        for name_, element in _ELEMENT.items():
            if f"<{name_}" in words:
                words = element.sub("", words)
        words = _HIDDEN_RUN.sub("", _UNWRAPPED.sub("", words))
        words = _REVISION.sub("", _WHO.sub("", words))
        words = _PRINTER.sub(r"\1", words)
        words = _NAMED.sub(lambda tag: _NAME.sub(r'\1""', _NAMES.sub("", tag[0])), words)
        self.ask(name, words)
        return words

    def ask(self, name: str, words: str) -> None:
        """Nothing that is left asks for what is not."""
        folder, _slash, last = name.rpartition("/")
        rels = f"{folder}/_rels/{last}.rels"
        if rels in self.kept and self.relations(rels)[1] & set(_ASKS.findall(words)):
            raise Cannot("tied")


def _source_of(rels: str) -> str:
    """word/_rels/document.xml.rels belongs to word/document.xml; _rels/.rels to the whole."""
    folder, _slash, last = rels.rpartition("/_rels/") if "/_rels/" in rels else ("", "", rels.removeprefix("_rels/"))
    return f"{folder}/{last.removesuffix('.rels')}".lstrip("/")


def _text(data: bytes) -> str:
    """XML as words, whatever it is encoded in; ours is UTF-8. A document type could define anything: refused."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        words = data.decode("utf-16")
    else:
        words = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    words = re.sub(r"^\s*<\?xml[^>]*\?>", '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', words, count=1)
    if re.search(r"<!(?:DOCTYPE|ENTITY|\[CDATA\[)", words, re.I):
        raise Cannot("broken")
    return words
