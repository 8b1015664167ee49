"""What every reader of a document fills, and when it stops."""

from __future__ import annotations

import re

MOST_CHARACTERS, MOST_STRETCHES, MOST_HEADING = 600_000, 30_000, 60
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"[ \t\u00a0]+")


class Refused(Exception):
    """Why a document is not read: empty, kind, mislabelled, locked, old_word, broken, big, long, no_text, charset."""


class Stretches:
    """Paragraphs in the order of the document: [text, part, page, heading, number]."""

    def __init__(self) -> None:
        self.rows: list[list] = []
        self.warnings: list[list] = []
        self._characters = 0

    def add(self, text: str, *, part: str = "body", page: int = 0, heading: str = "", number: int = 0) -> bool:
        """Whether there was anything to add. Raises Refused where a document would never end."""
        text = "\n".join(_SPACES.sub(" ", line).strip() for line in _UNWRITABLE.sub("", text).split("\n")).strip()
        if not text:
            return False
        self._characters += len(text)
        if self._characters > MOST_CHARACTERS or len(self.rows) >= MOST_STRETCHES:
            raise Refused("long")
        self.rows.append([text, part, page, heading[:MOST_HEADING], number])
        return True

    def warn(self, code: str, *what: object) -> None:
        self.warnings.append([code, *what])
