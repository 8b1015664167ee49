"""A fishbone drawn by the server: bones above and below the spine, causes beside them, roots marked by shape and weight.

Nothing is cut short: lines wrap, and the picture grows with what people wrote.
"""
from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

COLUMN, SLANT, TEXT_AT, HEAD = 280, 46, 74, 176
LINE, GAP, LABEL, MARGIN = 20, 7, 34, 14
EM = 14  # width of a Chinese character at the size used
WIDE = (COLUMN - TEXT_AT - 14) / EM

# For paper, where no style sheet reaches: the light values of the tokens.
PAPER = {"ink": "#182627", "ink2": "#425456", "qing": "#1a625c", "wash": "#dfeeea", "edge": "#748582"}
PAPER_FONT = 'font-family="Noto Serif CJK TC, serif"'


@dataclass(frozen=True)
class Cause:
    words: str
    why: str = ""
    root: bool = False


@dataclass(frozen=True)
class _Row:
    text: str
    kind: str  # cause | root | why


def fishbone(
    head: str, bones: Sequence[tuple[str, Sequence[Cause]]], *, title: str, desc: str = "", paper: bool = False
) -> SafeString:
    """`bones`: name and causes of each. `paper`: with literal colours instead of classes."""
    columns = [bones[at : at + 2] for at in range(0, len(bones), 2)]
    above = max((_height(column[0][1]) for column in columns), default=0)
    below = max((_height(column[1][1]) for column in columns if len(column) > 1), default=0)
    head_lines = list(wrapped(head, (HEAD - 28) / EM))
    half_head = max(30, len(head_lines) * LINE // 2 + 14)
    spine = MARGIN + max(above, half_head)
    height = spine + max(below, half_head) + MARGIN
    width = MARGIN + len(columns) * COLUMN + 20 + HEAD + MARGIN
    pen = _Pen(paper)
    parts = [pen.line(MARGIN, spine, width - HEAD - MARGIN, spine, "spine")]
    for number, column in enumerate(columns):
        left = MARGIN + number * COLUMN
        parts.append(_bone(pen, left, spine, column[0], up=True))
        if len(column) > 1:
            parts.append(_bone(pen, left, spine, column[1], up=False))
    parts.append(_head(pen, width - HEAD - MARGIN, spine, half_head, head_lines))
    described = format_html("<desc>{}</desc>", desc) if desc else ""
    return format_html(
        '<svg {look} xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img">'
        "<title>{t}</title>{d}{p}</svg>",
        look=mark_safe(PAPER_FONT if paper else 'class="sy-fish"'), w=width, h=height, t=title, d=described, p=mark_safe("".join(parts)),
    )  # fmt: skip


def wrapped(text: str, most: float) -> Iterator[str]:
    """Lines no wider than `most` Chinese characters. Latin words stay whole where they fit on a line."""
    line, width = "", 0.0
    for piece in _pieces(text):
        size = _wide(piece)
        if line and width + size > most:
            yield line.rstrip()
            line, width = "", 0.0
            piece = piece.lstrip()
            size = _wide(piece)
        while size > most:  # a word longer than a line
            cut = next(n for n in range(len(piece), 0, -1) if _wide(piece[:n]) <= most)
            yield piece[:cut]
            piece, size = piece[cut:], _wide(piece[cut:])
        line, width = line + piece, width + size
    if line.strip():
        yield line.rstrip()


def _pieces(text: str) -> Iterator[str]:
    word = ""
    for character in " ".join(text.split()):
        if unicodedata.east_asian_width(character) in "WF" or character == " ":
            if word:
                yield word
                word = ""
            yield character
        else:
            word += character
    if word:
        yield word


def _wide(text: str) -> float:
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.56 for c in text)


def _rows(causes: Iterable[Cause]) -> Iterator[list[_Row]]:
    for cause in causes:
        kind = "root" if cause.root else "cause"
        # A root is set heavier and needs more room.
        rows = [_Row(line, kind) for line in wrapped(cause.words, WIDE * (0.93 if cause.root else 1))]
        yield rows + [_Row(line, "why") for line in wrapped(cause.why, WIDE * 1.05)]


def _height(causes: Iterable[Cause]) -> int:
    return LABEL + 16 + sum(len(rows) * LINE + GAP for rows in _rows(causes))


class _Pen:
    """Classes on screen, literal colours on paper."""

    _STROKES = {"spine": ("qing", 3), "bone": ("edge", 1.75), "tick": ("edge", 1.25)}
    _FILLS = {"cause": "ink", "root": "ink", "why": "ink2", "label": "qing", "head": "ink"}

    def __init__(self, paper: bool) -> None:
        self.paper = paper

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> SafeString:
        colour, thick = self._STROKES[kind]
        look = f'stroke="{PAPER[colour]}" stroke-width="{thick}"' if self.paper else f'class="sy-fish__{kind}"'
        return format_html('<path d="M{} {}L{} {}" fill="none" {}/>', x1, y1, x2, y2, mark_safe(look))

    def text(self, x: float, y: float, words: str, kind: str, anchor: str = "start") -> SafeString:
        heavy = kind in ("root", "label", "head")
        size = 13 if kind == "why" else 14
        look = f'class="sy-fish__{kind}"'
        if self.paper:
            weight = ' font-weight="600"' if heavy else ""
            look = f'fill="{PAPER[self._FILLS[kind]]}" font-size="{size}"{weight}'
        return format_html('<text x="{}" y="{}" text-anchor="{}" {}>{}</text>', x, y, anchor, mark_safe(look), words)

    def box(self, x: float, y: float, wide: float, high: float) -> SafeString:
        look = f'fill="{PAPER["wash"]}" stroke="{PAPER["qing"]}"' if self.paper else 'class="sy-fish__box"'
        return format_html('<rect x="{}" y="{}" width="{}" height="{}" rx="8" {}/>', x, y, wide, high, mark_safe(look))

    def diamond(self, x: float, y: float) -> SafeString:
        look = f'fill="{PAPER["qing"]}"' if self.paper else 'class="sy-fish__mark"'
        return format_html('<path d="M{} {}l5 -5 5 5 -5 5z" {}/>', x, y, mark_safe(look))


def _bone(pen: _Pen, left: int, spine: int, bone: tuple[str, Sequence[Cause]], *, up: bool) -> SafeString:
    name, causes = bone
    high = _height(causes)
    tip = spine - high + LABEL if up else spine + high - LABEL
    parts = [pen.line(left + 8, tip, left + 8 + SLANT, spine, "bone")]
    parts.append(pen.text(left, tip - 12 if up else tip + 22, name, "label"))
    y = (tip if up else spine) + 22
    for rows in _rows(causes):
        for number, row in enumerate(rows):
            if row.kind == "root" and number == 0:
                parts.append(pen.diamond(left + TEXT_AT - 13, y - 5))
            parts.append(pen.text(left + TEXT_AT, y, row.text, row.kind))
            y += LINE
        y += GAP
    return format_html_join("", "{}", ((part,) for part in parts))


def _head(pen: _Pen, left: int, spine: int, half: int, lines: Sequence[str]) -> SafeString:
    parts = [pen.box(left, spine - half, HEAD, half * 2)]
    first = spine - (len(lines) - 1) * LINE / 2 + 5
    parts += [pen.text(left + HEAD / 2, first + n * LINE, line, "head", "middle") for n, line in enumerate(lines)]
    return format_html_join("", "{}", ((part,) for part in parts))
