"""A table of moves, consulted inside the write. Unknown moves raise; nothing is silently ignored."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from suyuan.kernel.refusal import Refusal


class NoSuchMove(Refusal):
    code = "no_such_move"


@dataclass(frozen=True)
class Move:
    """One act: from which stages it may be done, and where it leads (None = the stage stays)."""

    name: str
    sources: frozenset[str]
    target: str | None = None


class Machine:
    """All moves of a lifecycle. Names are unique; a stage is any string the moves mention."""

    def __init__(self, *moves: Move) -> None:
        self._moves: dict[str, Move] = {}
        for move in moves:
            if move.name in self._moves:
                raise ValueError(f"two moves are called {move.name}")
            self._moves[move.name] = move

    def __iter__(self):
        return iter(self._moves.values())

    @property
    def stages(self) -> frozenset[str]:
        named = {m.target for m in self if m.target}
        return frozenset(named.union(*(m.sources for m in self)))

    def get(self, name: str) -> Move:
        try:
            return self._moves[name]
        except KeyError:
            raise NoSuchMove(move=name) from None

    def move(self, stage: str, name: str) -> Move:
        """The move `name` from `stage`. Raises NoSuchMove when it is not in the table."""
        found = self.get(name)
        if stage not in found.sources:
            raise NoSuchMove(move=name, stage=stage)
        return found

    def open_moves(self, stage: str) -> list[Move]:
        return [m for m in self if stage in m.sources]

    def walk(self, start: str, attempts: Iterable[str]) -> list[str]:
        """Stages passed when each attempt is made and impossible ones are refused."""
        path = [start]
        for name in attempts:
            try:
                found = self.move(path[-1], name)
            except NoSuchMove:
                continue
            path.append(found.target or path[-1])
        return path
