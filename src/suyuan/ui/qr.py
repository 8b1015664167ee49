"""QR codes as inline drawings: attributes only, white quiet zone, black on white whatever the theme."""
from __future__ import annotations

import io

import segno
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

SIZE = 200


def qr_svg(data: str, label: str) -> SafeString:
    """`label` is what it is, for those who do not see it."""
    code = segno.make(data, error="m", micro=False)
    drawn = code.svg_inline(border=2, omitsize=True, dark="#000", light="#fff", svgclass=None, lineclass=None)
    head = f'<svg role="img" aria-label="{escape(label)}" width="{SIZE}" height="{SIZE}"'
    return mark_safe(drawn.replace("<svg", head, 1))


def qr_picture(data: str) -> bytes:
    """The same for a paper: an SVG that scales, without a zone of its own."""
    held = io.BytesIO()
    segno.make(data, error="l", micro=False).save(held, kind="svg", border=0, omitsize=True, xmldecl=False)
    return held.getvalue()
