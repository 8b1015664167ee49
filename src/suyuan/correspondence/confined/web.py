"""The words of a web page as a visitor meets them, and what machines read out of it: its title, description, words for pictures."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from suyuan.correspondence.confined.plain import decoded
from suyuan.correspondence.confined.shapes import Stretches

_SILENT = frozenset(
    {"script", "style", "template", "noscript", "svg", "math", "object", "iframe", "canvas", "audio", "video"}
)
_INLINE = frozenset(
    {
        "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label", "mark",
        "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "img", "picture",
        "source", "input",
    }
)  # fmt: skip
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_REPEATED = frozenset({"li", "tr", "td", "th", "dt", "dd", "option"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_TOLD = frozenset({"description", "keywords", "og:title", "og:description", "twitter:title", "twitter:description"})
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)
# Between Chinese characters an end of line in the source is none on the screen.
_CUT = re.compile(
    "(?<=[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef])[ \t\r]*\n\\s*(?=[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef])"
)
MOST_DEEP = 2_000


def looks_like_a_page(data: bytes) -> bool:
    return _PAGE.match(data.removeprefix(b"\xef\xbb\xbf")[:4096]) is not None


def stretches(data: bytes) -> Stretches:
    said = _CHARSET.search(data[:4096])
    text, guessed = decoded(data, said[1].decode("ascii") if said else "")
    found = Stretches()
    page = _Page(found)
    page.feed(text)
    page.close()
    page.flush()
    found.rows.sort(key=lambda row: row[4])  # a picture's words are told while its paragraph is still open
    if guessed:
        found.warn("charset", guessed)
    return found


class _Page(HTMLParser):
    def __init__(self, found: Stretches) -> None:
        super().__init__(convert_charrefs=True)
        self._found = found
        self._held: list[str] = []
        self._line = 1
        self._heading, self._in_heading, self._in_title = "", False, False
        # Elements that are open inside something nobody sees, the outermost first.
        self._silent: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent or tag in _SILENT:
            if tag not in _VOID and len(self._silent) < MOST_DEEP:
                self._silent.append(tag)
            return
        given = {name: value or "" for name, value in attrs}
        if tag not in _INLINE:
            self.flush()
            if self._hidden and self._hidden[-1] in (
                "p",
                tag if tag in _REPEATED else "p",
            ):  # whose ends may be left out
                self._hidden.pop()
        self._said_about(tag, given)
        if tag in _VOID:
            return
        unseen = "hidden" in given or _UNSEEN.search(given.get("style", ""))
        if self._hidden or unseen:
            if not self._hidden:
                self.flush()
            if len(self._hidden) < MOST_DEEP:
                self._hidden.append(tag)
        self._in_title = tag == "title"
        self._in_heading = self._in_heading or tag in _HEADINGS

    def _said_about(self, tag: str, given: dict[str, str]) -> None:
        line = self.getpos()[0]
        if tag == "meta" and (given.get("name") or given.get("property", "")).lower() in _TOLD:
            self._found.add(given.get("content", ""), part="description", number=line)
            return
        for name in ("alt", "title", "aria-label", "placeholder"):
            if given.get(name):
                self._found.add(given[name], part="alt", heading=self._heading, number=line)
        if tag == "input" and given.get("type", "").lower() in ("submit", "button", "reset"):
            self._found.add(given.get("value", ""), part="alt", heading=self._heading, number=line)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            _closed(self._silent, tag)
            return
        if tag not in _INLINE or (self._hidden and tag == self._hidden[0]):
            self.flush()
        if self._hidden:
            _closed(self._hidden, tag)
        if tag in _HEADINGS:
            self._in_heading = False
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._silent or not data:
            return
        if not self._held:
            if not data.strip():
                return
            self._line = self.getpos()[0] + data[: len(data) - len(data.lstrip())].count("\n")
        self._held.append(data)

    def flush(self) -> None:
        words = " ".join(_CUT.sub("", "".join(self._held)).split())
        self._held = []
        if not words:
            return
        if self._in_heading:
            self._heading = words
        part = "title" if self._in_title else "hidden" if self._hidden else "body"
        self._found.add(words, part=part, heading="" if part == "title" else self._heading, number=self._line)


def _closed(opened: list[str], tag: str) -> None:
    """The innermost of this name, and whatever was forgotten inside it."""
    for place in range(len(opened) - 1, max(-1, len(opened) - 64), -1):
        if opened[place] == tag:
            del opened[place:]
            return
