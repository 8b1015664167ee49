"""A rule tried on texts: what it would hold, and what of that all other rules let pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from suyuan.accounts.models import Branch
from suyuan.correspondence.guard import own_words, rules_of
from suyuan.correspondence.own_models import ClinicRule
from suyuan.correspondence.own_rules import alone, own_of, wanted_of
from suyuan.kernel.textlint import Context
from suyuan.playbooks.selectors import wording_newest

SHOWN = 60  # a person looks through so many; all are counted
SHIPPED = frozenset({"skeleton", "template"})


@dataclass(frozen=True)
class Said:
    """A text from before. `what`: message, acknowledgement, disclosure, skeleton, template. `ref`: how to find it again."""

    what: str
    ref: str
    text_id: int | None
    body: str
    surface: str
    branch_id: int


@dataclass
class Outcome:
    """`held`: texts the rule would have held; `doubtful`: those of them in which no other rule finds anything of weight."""

    read: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    hits: list[dict[str, Any]] = field(default_factory=list)

    def as_counts(self) -> dict[str, int]:
        names = ("read", "held", "doubtful", "shipped_read", "shipped_held", "block", "warn", "advise")
        return {name: self.counts[name] for name in names}


class Trial:
    """One rule, ready to read with."""

    def __init__(self, rule: ClinicRule, branch: Branch) -> None:
        self._wanted = wanted_of(rule)
        self._place = branch.jurisdiction
        self._alone = alone(rule.code, self._wanted, wording_newest(self._place).guarding)
        others = own_of(branch.pk)
        self._allow = (*own_words(branch), *others.words)
        self._others = rules_of(self._place, others)
        self._code = rule.code
        self.packs = self._others.known_by
        self.outcome = Outcome()

    def read(self, said: Said) -> None:
        """A text of a place that the rule does not know is read as if it stood where the rule is heaviest."""
        surface = said.surface if said.surface in self._wanted.levels else self._wanted.surface
        context = Context(surface, self._place, allow=self._allow)
        self._count(said, "read")
        found = self._alone.check(said.body, context)
        if not found:
            return
        others = [f for f in self._others.linter.check(said.body, context) if f.rule != self._code]
        doubtful = all(f.level == "advise" for f in others)
        self._count(said, "held")
        if said.what not in SHIPPED:
            self.outcome.counts["doubtful"] += doubtful
            self.outcome.counts[found[0].level] += 1
        if len(self.outcome.hits) < SHOWN:
            spans = [[f.start, f.end] for f in found[:5]]
            self.outcome.hits.append(
                {
                    "what": said.what,
                    "ref": said.ref,
                    "text": said.text_id,
                    "level": found[0].level,
                    "surface": surface,
                    "spans": spans,
                    "doubtful": doubtful or said.what in SHIPPED,
                }
            )

    def _count(self, said: Said, what: str) -> None:
        self.outcome.counts[f"shipped_{what}" if said.what in SHIPPED else what] += 1
        if what == "read":
            self.outcome.read += 1


def shipped_texts(branch: Branch) -> Iterator[Said]:
    """Our own safe texts in all three languages: a rule that holds one of them would stand in everybody's way."""
    wording = wording_newest(branch.jurisdiction)
    rows: Iterable[tuple[str, Any]] = [
        *(("skeleton", row) for row in wording.skeletons),
        *(("template", row) for row in wording.templates),
    ]
    for what, row in rows:
        for language, body in row.body.items():
            yield Said(what, f"{row.id}:{language}", None, body, row.surface, branch.pk)


def shipped_body(branch: Branch, what: str, ref: str) -> tuple[str, str]:
    """Title and body of one of them, as the packs say it now; empty when they no longer do."""
    wording = wording_newest(branch.jurisdiction)
    rows = wording.skeletons if what == "skeleton" else wording.templates
    code, _, language = ref.rpartition(":")
    row = next((row for row in rows if row.id == code), None)
    return (str(row.title), dict(row.body.items()).get(language, "")) if row is not None else ("", "")
