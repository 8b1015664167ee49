"""What one demo complaint is made of."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from suyuan.cases.models import Case
from suyuan.kernel.actor import Actor


@dataclass
class Story:
    """One complaint: when it came, what was said, and what was done after how many hours."""

    branch: str
    days: float
    said: dict[str, Any]
    by: str = ""
    channel: str = "web"
    steps: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    case: Case | None = None
    party: Actor | None = None

    @property
    def manager(self) -> str:
        return {"TN": "shen", "TP": "chen", "SH": "lu"}[self.branch]

    @property
    def head(self) -> str:
        return {"TN": "tsai", "TP": "fan", "SH": "gu"}[self.branch]

    @property
    def doctor(self) -> str:
        return {"TN": "xu", "TP": "guo", "SH": "tang"}[self.branch]
