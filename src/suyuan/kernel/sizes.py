"""How large a file may be. One place: the portal, the desk and the words of both ask here."""
from __future__ import annotations

LARGEST_FILE = 2 << 30  # "2 GB", whichever way somebody counts
LARGEST_IN_A_FORM = 50_000_000  # without scripts: sent in one piece, lost with one cut


def size_words(size: int) -> str:
    """For limits, which are round: 50 MB, 2 GB."""
    return f"{size // 1_000_000} MB" if size < 1_000_000_000 else f"{size // 1_000_000_000} GB"
