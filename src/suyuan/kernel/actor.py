"""Who acts. Facts name actors as `kind:uid`, never by name (design: Event chain)."""
from __future__ import annotations

from dataclasses import dataclass

KINDS = frozenset({"user", "guest", "party", "reporter", "system", "integration"})


@dataclass(frozen=True)
class Actor:
    """One person or machine in one act. `acting_for` is the uid of the person a deputy stands in for."""

    kind: str
    uid: str
    user_id: int | None = None
    acting_for: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of actor: {self.kind}")

    def __str__(self) -> str:
        return f"{self.kind}:{self.uid}"


SYSTEM = Actor("system", "suyuan")
