from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pypdf import PdfReader

from suyuan.platform.files.limited import Limited, run_limited

SECONDS = 30.0
MEMORY = 2 << 30
LARGEST = 64 << 20
_KINDS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"<svg", "svg"), (b"<?xml", "svg"))


class PaperFailed(Exception):
    """The paper could not be set: `why` as in `Limited`. What it was made of is untouched, and it can be tried again."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def paper_render(
    document: Mapping[str, Any], *, at: datetime, pictures: Sequence[bytes] = (), seconds: float = SECONDS
) -> bytes:
    """The PDF of a document. Pictures (PNG, JPEG, SVG) are named in it by their place, from 0. Raises PaperFailed."""
    kinds = [picture_kind(picture) for picture in pictures]
    if None in kinds:
        raise PaperFailed("picture")
    moment = at.astimezone(UTC).replace(microsecond=0)
    try:
        found = run_limited(
            "suyuan.platform.confined.typeset:typeset",
            b"".join(pictures),
            args={
                "document": dict(document),
                "at": moment.isoformat(),
                "pictures": [[kind, len(picture)] for kind, picture in zip(kinds, pictures, strict=True)],
            },
            memory_bytes=MEMORY,
            seconds=seconds,
            output_bytes=LARGEST,
        )
    except Limited as problem:
        raise PaperFailed(str(problem)) from problem
    return found.blobs[0]


def paper_pages(pdf: bytes) -> int:
    """How many pages one of our own papers came to."""
    return len(PdfReader(io.BytesIO(pdf)).pages)


def picture_kind(picture: bytes) -> str | None:
    """png, jpg or svg by its first bytes; None for anything a paper does not take."""
    head = picture[:64].lstrip(b"\xef\xbb\xbf \r\n\t")
    return next((kind for start, kind in _KINDS if head.startswith(start)), None)
