"""A signature drawn on a screen: strokes as the browser sends them, read with suspicion, and drawn again by us.

What is kept is our own picture of the strokes; nothing a browser made is ever opened.
"""
from __future__ import annotations

import io
import json
from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw

WIDE, HIGH = 1000, 320
MOST_STROKES, MOST_POINTS, FEWEST_POINTS = 120, 8_000, 8
LONGEST = 200_000
SCALE, THICK = 1, 5

Strokes = list[list[tuple[int, int]]]


class NotDrawn(ValueError):
    """`why`: empty | broken"""


def strokes_read(text: str) -> Strokes:
    """[[[x, y], …], …] on a board of WIDE by HIGH. Raises NotDrawn."""
    if not text.strip():
        raise NotDrawn("empty")
    if len(text) > LONGEST:
        raise NotDrawn("broken")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise NotDrawn("broken") from None
    if not isinstance(found, list) or len(found) > MOST_STROKES or not all(isinstance(stroke, list) for stroke in found):
        raise NotDrawn("broken")
    points = [point for stroke in found for point in stroke]
    if len(points) > MOST_POINTS or not all(_is_point(point) for point in points):
        raise NotDrawn("broken")
    if len({tuple(point) for point in points}) < FEWEST_POINTS:  # a slip of the finger is no signature
        raise NotDrawn("empty")
    return [[(x, y) for x, y in stroke] for stroke in found if stroke]


def _is_point(point: object) -> bool:
    whole = isinstance(point, list) and len(point) == 2 and all(type(n) is int for n in point)
    return whole and 0 <= point[0] <= WIDE and 0 <= point[1] <= HIGH


def signature_png(strokes: Sequence[Sequence[tuple[int, int]]]) -> bytes:
    """Black on white, the same strokes always the same bytes."""
    board = Image.new("L", (WIDE, HIGH), 255)
    pen = ImageDraw.Draw(board)
    half = THICK // 2
    for stroke in strokes:
        for x, y in stroke:
            pen.ellipse((x - half, y - half, x + half, y + half), fill=0)
        if len(stroke) > 1:
            pen.line(list(stroke), fill=0, width=THICK, joint="curve")
    held = io.BytesIO()
    board.save(held, "PNG", optimize=True)
    return held.getvalue()


class SignatureField(forms.CharField):
    """What `c-sy.sign` sends. Clean, it is a list of strokes."""

    widget = forms.HiddenInput

    def clean(self, value: str) -> Strokes:
        try:
            return strokes_read(value or "")
        except NotDrawn as problem:
            said = {"empty": _("還沒有簽名。請在框裡簽名，或印出清單用紙本簽。"), "broken": _("簽名沒有完整送到。請清除之後再簽一次。")}
            raise forms.ValidationError(said[str(problem)]) from None
