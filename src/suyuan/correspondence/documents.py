"""A document before it is published: its words, read in a process of their own, and what the guard finds in them.

    document = text_of(uploaded_bytes, "flyer.pdf")
    checked = document_check(document, surface="advertisement", branch=branch, language="zh-hant")

    document_findings(document, linter, context)        the same for who has no house

The document is read as one text, so that a notice at its end counts for a promise on page one. What stands on every page is
read once. What lies in the file and not on the paper (comments, words that were crossed out) is read and told apart.
Nothing is kept: neither the document, nor its words, nor what was found.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from suyuan.accounts.models import Branch
from suyuan.correspondence.errors import DocumentUnread
from suyuan.correspondence.guard import Said, reading_for, worded
from suyuan.kernel.sizes import LARGEST_IN_A_FORM
from suyuan.kernel.textlint import Context, Finding, Linter, verdict
from suyuan.platform.files.limited import Limited, run_limited

MEMORY, SECONDS, MOST_WORDS = 640 << 20, 20.0, 24 << 20
Check = Callable[[str], tuple[Finding, ...]]
MOST_FINDINGS = 1_000  # of one rule: in a reply a dozen are enough
# Not on the paper, and in the file all the same.
APART = frozenset({"comment", "deleted", "hidden"})


@dataclass(frozen=True)
class Where:
    """page and number are counted from 1; of a web page or plain text, number is the line, otherwise the paragraph.

    part   body, table, header, footer, footnote, textbox, alt, drawing, title, description, comment, deleted, hidden
    """

    part: str = "body"
    page: int = 0
    heading: str = ""
    number: int = 0


@dataclass(frozen=True)
class Stretch:
    """A paragraph. `again`: the further places where the very same words stand."""

    text: str
    where: Where
    again: tuple[Where, ...] = ()


@dataclass(frozen=True)
class Document:
    """`kind`: pdf, docx, html, plain. `warnings`: what could not be read, or was read apart: (code, …)."""

    kind: str
    stretches: tuple[Stretch, ...]
    warnings: tuple[tuple, ...] = ()

    @cached_property
    def characters(self) -> int:
        return sum(len(each.text) for each in self.stretches)


def text_of(source: bytes | Path, name: str = "") -> Document:
    """Raises DocumentUnread."""
    if isinstance(source, Path):
        name = name or source.name
        if source.stat().st_size > LARGEST_IN_A_FORM:
            raise DocumentUnread(why="big")
        source = source.read_bytes()
    if len(source) > LARGEST_IN_A_FORM:
        raise DocumentUnread(why="big")
    try:
        told = run_limited(
            "suyuan.correspondence.confined.reading:read",
            source,
            args={"name": name[-200:]},
            memory_bytes=MEMORY,
            seconds=SECONDS,
            output_bytes=MOST_WORDS,
        ).told
    except Limited as limited:
        raise DocumentUnread(
            why={"time": "long", "too_much": "long", "memory": "big"}.get(limited.why, "broken")
        ) from limited
    if "refused" in told:
        raise DocumentUnread(why=told["refused"])
    return Document(told["kind"], tuple(_once(told["stretches"])), tuple(tuple(each) for each in told["warnings"]))


def _once(rows: Iterable[list]) -> Iterator[Stretch]:
    """Headers and footers, and whatever else a document repeats word for word, stand here once."""
    places: dict[tuple[str, bool], list[Where]] = {}
    for text, part, page, heading, number in rows:
        places.setdefault((text, part in APART), []).append(Where(part, page, heading, number))
    for (text, _apart), (first, *again) in places.items():
        yield Stretch(text, first, tuple(again))


# --- what is found -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spot:
    """A stretch and what was found in it; offsets are those within the stretch."""

    stretch: Stretch
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Found:
    """What was found in a document: `spots` in its order; `missing`: what no place of it says."""

    spots: tuple[Spot, ...]
    missing: tuple[Finding, ...] = ()

    @property
    def level(self) -> str:
        return verdict((*self.missing, *(finding for spot in self.spots for finding in spot.findings)))


def document_findings(document: Document, linter: Linter, context: Context) -> Found:
    """What the rules find; nothing is worded yet."""
    shown = [each for each in document.stretches if each.where.part not in APART]
    apart = [each for each in document.stretches if each.where.part in APART]

    def check(text: str) -> tuple[Finding, ...]:
        return linter.check(text, context, at_most=MOST_FINDINGS)

    spots, missing = _read(shown, check)
    beside, _missing = _read(apart, check)
    return Found((*spots, *beside), missing)


def _read(stretches: list[Stretch], check: Check) -> tuple[list[Spot], tuple[Finding, ...]]:
    if not stretches:
        return [], ()
    page = _Joined(stretches)
    found = check(page.text)
    placed = [f for f in found if f.start < f.end]
    by_stretch: dict[int, list[Finding]] = defaultdict(list)
    for finding in placed:
        number, start = page.place(finding.start)
        end = min(start + finding.end - finding.start, len(stretches[number].text))
        by_stretch[number].append(replace(finding, start=start, end=max(end, start + 1)))
    spots = [Spot(stretches[number], tuple(by_stretch[number])) for number in sorted(by_stretch)]
    return spots, tuple(f for f in found if f.start == f.end)


class _Joined:
    """Stretches as one text, and the way back."""

    def __init__(self, stretches: list[Stretch]) -> None:
        self._stretches = stretches
        self.starts: list[int] = []
        at = 0
        for each in stretches:
            self.starts.append(at)
            at += len(each.text) + 1
        self.text = "\n".join(each.text for each in stretches)

    def place(self, offset: int) -> tuple[int, int]:
        number = bisect_right(self.starts, offset) - 1
        within = min(offset - self.starts[number], max(len(self._stretches[number].text) - 1, 0))
        return number, within


# --- worded for the house ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A stretch with its findings as people read them."""

    stretch: Stretch
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Checked:
    document: Document
    level: str
    told: tuple[Told, ...]
    missing: tuple[Said, ...] = ()
    packs: tuple[str, ...] = ()
    counts: Counter = field(default_factory=Counter)


def document_check(
    document: Document, *, surface: str, branch: Branch, language: str, reply_to: str = "", jurisdiction: str = ""
) -> Checked:
    """By the newest rules of the branch's place, or of `jurisdiction`; what the branch says of itself is let pass."""
    rules, context = reading_for(branch, surface=surface, reply_to=reply_to, jurisdiction=jurisdiction)
    found = document_findings(document, rules.linter, context)
    told = tuple(
        Told(spot.stretch, worded(spot.stretch.text, spot.findings, rules, context, language).findings)
        for spot in found.spots
    )
    missing = worded("", tuple(replace(f, start=0, end=0) for f in found.missing), rules, context, language).findings
    counts = Counter(said.level for each in (*told, Told(Stretch("", Where()), missing)) for said in each.said)
    return Checked(document, found.level, told, missing, rules.known_by, counts)
