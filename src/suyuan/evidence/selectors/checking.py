"""Checking a bundle that somebody brings."""
from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from suyuan.platform.files.limited import Limited, run_limited

FUNCTION = "suyuan.evidence.verifier.limited:check"
MEMORY, SECONDS = 768 << 20, 30
# What a stranger's bundle says of itself comes back as lines of a page: as many as a page can bear.
MOST_SAID = 1 << 20
# Each may take all of that: one at a time, or a handful of strangers take the machine.
_ONE = threading.Semaphore(1)
LANGUAGES = {"zh-hant": "zh-Hant", "zh-hans": "zh-Hans"}


@dataclass(frozen=True)
class Checked:
    """0 valid, 1 tampered, 2 unreadable, 3 not pinned; 4 when it asked for more than this page gives. `lines` as it said it."""

    code: int
    lines: tuple[str, ...] = ()


def bundle_checked(chunks: Iterable[bytes], *, pin: str, receipt: str, language: str) -> Checked | None:
    """None: somebody else's is being checked, try again in a moment."""
    args = {"pin": pin, "receipt": receipt, "language": LANGUAGES.get(language, "en")}
    if not _ONE.acquire(blocking=False):
        return None
    try:
        told = run_limited(
            FUNCTION, chunks, args=args, memory_bytes=MEMORY, seconds=SECONDS, output_bytes=MOST_SAID
        ).told
    except Limited:
        return Checked(4)
    finally:
        _ONE.release()
    return Checked(int(told["code"]), tuple(told["lines"]))
