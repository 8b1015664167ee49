"""What a log may say of an error: its kind and its place, never its message, which may quote what a person wrote."""
from __future__ import annotations

import logging
import traceback


class WithoutWords(logging.Formatter):
    """Tracebacks without the messages of their exceptions: a database names the row it refused, a parser its input."""

    def formatException(self, ei) -> str:
        error = ei[1]
        said: list[str] = []
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            frames = "".join(traceback.format_tb(error.__traceback__))
            said.append(f"Traceback (most recent call last):\n{frames}{_kind(error)}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n\nafter this:\n\n".join(reversed(said))


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"
