"""What is found out about a file after it is safe: whether a picture decodes, and what a virus scanner says.

Nothing found here removes or changes evidence: it decides what is shown inline and what is said before a download.
"""
from __future__ import annotations

from datetime import datetime

from suyuan.platform.confined.pictures import FORMATS
from suyuan.platform.files.limited import Limited, run_limited
from suyuan.platform.files.scanner import scan, scanner_is_set
from suyuan.platform.files.services import EXAMINE, file_chunks
from suyuan.platform.jobs import job
from suyuan.platform.models import StoredFile

MOST_PIXELS = 110_000_000
MOST_BYTES = 200_000_000
MEMORY, SECONDS = 900 << 20, 20.0


@job(EXAMINE)
def examine(args: dict, now: datetime) -> None:
    stored = StoredFile.objects.filter(uid=args["file"], state="stored").first()
    if stored is None:
        return
    if not stored.decoded and stored.content_type in FORMATS:
        StoredFile.objects.filter(pk=stored.pk).update(decoded=decoded(stored))
    if not stored.scan and scanner_is_set():
        StoredFile.objects.filter(pk=stored.pk).update(scan=scan(file_chunks(stored)))


def decoded(stored: StoredFile) -> str:
    """"ok", or "no:<why>"."""
    if stored.size > MOST_BYTES:
        return "no:size"
    asked = {"content_type": stored.content_type, "most_pixels": MOST_PIXELS}
    try:
        found = run_limited(
            "suyuan.platform.confined.pictures:look",
            file_chunks(stored),
            args=asked,
            memory_bytes=MEMORY,
            seconds=SECONDS,
        )
    except Limited as limited:
        return f"no:{limited.why}"
    return "ok" if found.told["decoded"] == "ok" else f"no:{found.told['decoded']}"


def may_be_shown(stored: StoredFile) -> bool:
    """Whether a picture of it may stand in a page: it decoded whole, and no scanner found anything in it."""
    return stored.decoded == "ok" and not stored.scan.startswith("found:")
