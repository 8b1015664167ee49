"""What does not hold, said in one line: the verifier's finding and the reason why nothing is signed."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Something that does not hold: where, why (a code), and what about it."""

    stream: str
    position: int
    why: str
    detail: str = ""

    def __str__(self) -> str:
        told = f" ({self.detail})" if self.detail else ""
        return f"{self.stream} #{self.position}: {self.why}{told}"
