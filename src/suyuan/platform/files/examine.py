"""What a virus scanner says of a file, after it is safe.

Nothing found here removes or changes evidence: it decides what is shown inline and what is said before a download. Whether a
picture decodes is learnt where its preview is painted (`file_looked`): once, in a process of its own.
"""
from __future__ import annotations

from datetime import datetime

from suyuan.platform.files.scanner import scan, scanner_is_set
from suyuan.platform.files.services import EXAMINE, file_chunks
from suyuan.platform.jobs import job
from suyuan.platform.models import StoredFile


@job(EXAMINE)
def examine(args: dict, now: datetime) -> None:
    stored = StoredFile.objects.filter(uid=args["file"], state="stored").first()
    if stored is not None and not stored.scan and scanner_is_set():
        StoredFile.objects.filter(pk=stored.pk).update(scan=scan(file_chunks(stored)))


def may_be_shown(stored: StoredFile) -> bool:
    """Whether a picture of it may stand in a page: it decoded whole, and no scanner found anything in it."""
    return stored.decoded == "ok" and not stored.scan.startswith("found:")
