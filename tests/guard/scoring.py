"""How well the guard reads drafts that people labelled by hand: per kind, with intervals, and on clean drafts.

    python -m tests.guard.scoring          the tables of docs/guard.md
    python -m tests.guard.scoring --write  put them there
"""
from __future__ import annotations

import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from suyuan.kernel.textlint import Context, Finding, Linter
from suyuan.playbooks.guarding import rule_set
from suyuan.playbooks.shipped import guarding_of

ROOT = Path(__file__).resolve().parents[2]
DRAFTS = Path(__file__).parent / "drafts"
SENTENCES = Path(__file__).parent / "sentences"
PAGE = ROOT / "docs" / "guard.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True)
class Draft:
    """One labelled text. `seen`: its words were at hand while rules were written and weights learned."""

    id: str
    text: str
    surface: str
    jurisdiction: str
    kinds: frozenset[str]
    hand: str
    reply_to: str = ""
    note: str = ""
    seen: bool = False


@dataclass(frozen=True)
class Score:
    """Of `there` drafts with a kind, `found` were found; of `without`, `extra` were said to have it."""

    there: int
    found: int
    without: int
    extra: int

    @property
    def recall(self) -> float:
        return self.found / self.there if self.there else 1.0


def read(folder: Path) -> tuple[Draft, ...]:
    rows = (json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines())
    return tuple(Draft(**{**row, "kinds": frozenset(row["kinds"])}) for row in rows)


@cache
def drafts() -> tuple[Draft, ...]:
    return read(DRAFTS)


def learned_from() -> tuple[Draft, ...]:
    """Whole drafts that were seen, then sentences written for one kind."""
    return (*(draft for draft in drafts() if draft.seen), *read(SENTENCES))


def made_of() -> str:
    """The hash of all that is learned from: what it says and how it is labelled."""
    digest = hashlib.sha256()
    for draft in learned_from():
        digest.update(repr((draft.text, draft.surface, draft.reply_to, sorted(draft.kinds))).encode())
    return digest.hexdigest()


@cache
def linter() -> Linter:
    return Linter(rule_set(guarding_of(ROOT / "packs")))


def checked(some: Iterable[Draft]) -> list[tuple[Draft, tuple[Finding, ...]]]:
    return [(draft, _found_in(draft)) for draft in some]


@cache
def _found_in(draft: Draft) -> tuple[Finding, ...]:
    return tuple(linter().check(draft.text, Context(draft.surface, draft.jurisdiction, draft.reply_to)))


def by_kind(results: Iterable[tuple[Draft, tuple[Finding, ...]]]) -> dict[str, Score]:
    there: Counter[str] = Counter()
    found: Counter[str] = Counter()
    extra: Counter[str] = Counter()
    total = 0
    for draft, findings in results:
        total += 1
        said = {finding.kind for finding in findings}
        there.update(draft.kinds)
        found.update(draft.kinds & said)
        extra.update(said - draft.kinds)
    return {kind: Score(there[kind], found[kind], total - there[kind], extra[kind]) for kind in sorted(there | extra)}


def false_alarms(results: Iterable[tuple[Draft, tuple[Finding, ...]]]) -> tuple[int, int]:
    """(clean drafts with any finding, clean drafts)"""
    clean = [findings for draft, findings in results if not draft.kinds]
    return sum(1 for findings in clean if findings), len(clean)


def interval(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    if not of:
        return 0.0, 1.0
    p, zz = hits / of, z * z
    middle = (p + zz / (2 * of)) / (1 + zz / of)
    half = z * math.sqrt(p * (1 - p) / of + zz / (4 * of * of)) / (1 + zz / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def _share(hits: int, of: int) -> str:
    low, high = interval(hits, of)
    return f"{hits}/{of} = {hits / of:.2f} ({low:.2f}–{high:.2f})" if of else "–"


def tables() -> str:
    """Both halves side by side: what rules were written and weights learned from, and what nobody had seen."""
    seen, unseen = ([d for d in drafts() if d.seen is flag] for flag in (True, False))
    seen_results, unseen_results = checked(seen), checked(unseen)
    at_hand, fresh = by_kind(seen_results), by_kind(unseen_results)
    lines = [
        f"{len(drafts())} drafts by {len({d.hand for d in drafts()})} hands, {sum(not d.kinds for d in drafts())} of them clean. "
        "Shares with Wilson's 95 % interval.",
        "",
        "| kind | found, drafts learned from | found, drafts nobody had seen | said where not labelled (of all others) |",
        "|---|---|---|---|",
    ]
    empty = Score(0, 0, 0, 0)
    for kind in sorted(at_hand.keys() | fresh.keys()):
        one, other = at_hand.get(kind, empty), fresh.get(kind, empty)
        extra, without = one.extra + other.extra, one.without + other.without
        lines.append(
            f"| `{kind}` | {_share(one.found, one.there)} | {_share(other.found, other.there)} | {extra}/{without} |"
        )
    lines += [
        f"| **clean drafts with any finding** | {_share(*false_alarms(seen_results))} | {_share(*false_alarms(unseen_results))} | |",
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    told = tables()
    if "--write" in arguments:
        page = PAGE.read_text("utf-8")
        head, rest = page.split(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n{told}\n{END}{rest.split(END)[1]}", "utf-8")
    else:
        print(told)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
