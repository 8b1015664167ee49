"""Every address of the product, who may use it, and which nobody has classified."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from suyuan.platform.addresses import Address

EVERY_MEMBER = "every member"


@dataclass(frozen=True)
class Reported:
    """One address. `allowed` names roles and relations; for audiences public and party it is empty."""

    pattern: str
    name: str
    audience: str | None
    methods: tuple[str, ...]
    move: str | None
    idempotent: bool
    allowed: dict[str, list[str]]

    @property
    def classified(self) -> bool:
        return self.audience is not None


def report(urlconf: Any = None) -> list[Reported]:
    """All addresses, in the order of the urlconf."""
    return [_reported(pattern, name, view) for pattern, name, view in walk(get_resolver(urlconf))]


def unclassified(found: list[Reported]) -> list[Reported]:
    return [one for one in found if not one.classified]


def as_json(found: list[Reported]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found]


def walk(resolver: URLResolver, prefix: str = "/", spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, str, Any]]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = (*spaces, entry.namespace) if entry.namespace else spaces
            yield from walk(entry, pattern, inner)
        elif isinstance(entry, URLPattern):
            yield pattern, ":".join([*spaces, entry.name or ""]), entry.callback


def _reported(pattern: str, name: str, view: Any) -> Reported:
    held: Address | None = getattr(view, "address", None)
    if held is None:
        return Reported(pattern, name, None, (), None, False, {})
    return Reported(pattern, name, held.audience, held.methods, held.move, held.idempotent, _allowed(held))


def _allowed(held: Address) -> dict[str, list[str]]:
    """role → [] when the role alone allows it, else the relations to the case that do."""
    if held.audience != "staff":
        return {}
    if held.move is None:
        return {role: [] for role in sorted(held.roles) or [EVERY_MEMBER]}
    from suyuan.accounts.matrix import matrix
    from suyuan.accounts.rules import HOUSE_MOVES

    if held.move in HOUSE_MOVES:
        return {str(role): [] for role in sorted(HOUSE_MOVES[held.move])}
    cells = matrix()[held.move].items()
    return {str(role): list(cell.by_relation) for role, cell in cells if cell.by_role or cell.by_relation}
