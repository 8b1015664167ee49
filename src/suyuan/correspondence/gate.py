"""The gate: words that reach somebody outside pass here, inside the write that lets them out, or they do not leave."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from django.utils.translation import get_language

from suyuan.accounts.models import Branch
from suyuan.correspondence.errors import GuardHeld, PlacesOpen
from suyuan.correspondence.guard import Verdict, guard_check, offers_in
from suyuan.correspondence.models import Clearance, VerdictRow
from suyuan.correspondence.places import open_holes
from suyuan.correspondence.rules.guard import EMERGENCIES, PUBLIC, TERMS, Need, State, Surface, covers, needed
from suyuan.kernel.chain import canonical, time_text
from suyuan.platform import units
from suyuan.platform.facts import fact_beside
from suyuan.playbooks.selectors import wording_newest

_LOOKED_BACK, _ALIKE = 5, 0.7

# Under this name a fact says which verdicts it answers for: uid, digest, clearance.
LOOKED = "looked"
# Who knows what identifies the people of a stream; by its noun. Contexts above name themselves in config.
_KNOWN: dict[str, Callable[[str, str], Iterable[Any]]] = {}


def known_register(noun: str, whose: Callable[[str, str], Iterable[Any]]) -> None:
    """`whose(stream, reader)`: where one person reads it, what identifies the others."""
    _KNOWN[noun] = whose


def known_of(stream: str, reader: str = "") -> tuple[Any, ...]:
    """What identifies the people this stream is about, but for its reader; nothing where nobody knows."""
    whose = _KNOWN.get(stream.partition(":")[0])
    return tuple(whose(stream, reader)) if whose else ()


@dataclass(frozen=True)
class Ask:
    """One reason why legal has to agree. `by`: surface, template or words; `code`: which; words and why: for people."""

    by: str
    code: str
    start: int = 0
    end: int = 0
    words: str = ""
    why: str = ""

    @property
    def kept(self) -> dict[str, Any]:
        """What may be kept: codes and places, no words."""
        return {"by": self.by, "code": self.code, "start": self.start, "end": self.end}


@dataclass(frozen=True)
class Words:
    """Words on their way out.

    stream, branch_id  what they are about, and under which law
    surface            where they will stand
    kind               of the message that carries them: an emergency is never held
    templates          codes of those it was begun from
    party              the one person who will read it, as a stream name
    agreed             settled in the room already and only written down: its place alone asks nobody
    field              where a form shows what was found
    """

    text: str
    stream: str
    branch_id: int
    surface: str = Surface.PRIVATE_MESSAGE
    kind: str = ""
    field: str = "words"
    reply_to: str = ""
    jurisdiction: str = ""
    templates: tuple[str, ...] = ()
    party: str = ""
    agreed: bool = False

    @cached_property
    def branch(self) -> Branch:
        return Branch.objects.get(pk=self.branch_id)

    @cached_property
    def verdict(self) -> Verdict:
        """In the reader's language."""
        return guard_check(
            self.text,
            surface=self.surface,
            branch=self.branch,
            language=get_language() or self.branch.language,
            reply_to=self.reply_to,
            known=self.known,
            jurisdiction=self.jurisdiction,
        )

    @cached_property
    def known(self) -> tuple[Any, ...]:
        """In public whatever names anybody of the case; in a letter to one of them, what names the others."""
        if self.surface in PUBLIC:
            return known_of(self.stream)
        return known_of(self.stream, self.party) if self.party and self.surface == Surface.PRIVATE_MESSAGE else ()

    @cached_property
    def asks(self) -> tuple[Ask, ...]:
        """Why legal has to agree, whatever was found: by where it stands, what it was begun from, what it says."""
        if self.kind in EMERGENCIES:
            return ()
        found = [Ask("surface", self.surface)] if self.surface in TERMS and not self.agreed else []
        law = self.jurisdiction or self.branch.jurisdiction
        marked = {row.id for row in wording_newest(law).templates if row.asks} if self.templates else set()
        found += [Ask("template", code) for code in self.templates if code in marked]
        said = offers_in(
            self.text,
            surface=self.surface,
            branch=self.branch,
            language=get_language() or self.branch.language,
            reply_to=self.reply_to,
            jurisdiction=self.jurisdiction,
        )
        return (*found, *(Ask("words", each.rule, each.start, each.end, each.words, each.why) for each in said))

    @property
    def need(self) -> Need:
        return needed(self.verdict.findings, self.surface, self.kind, terms=bool(self.asks))


def filled_in(text: str, field: str = "words") -> None:
    """Nothing of a template is left open; `field`: where a form shows it. Raises PlacesOpen."""
    if left := open_holes(text):
        raise PlacesOpen(left, field)


def guard_pass(words: Words, *, what: str, now: datetime) -> VerdictRow:
    """Let these words out, and keep what was found in them. Raises GuardHeld, and PlacesOpen even in an emergency."""
    units.required()
    filled_in(words.text, words.field)
    clearance = None
    if words.need != Need.NOTHING:
        clearance = given_of(words)
        if clearance is None:
            raise GuardHeld(words, asked_of(words))
        Clearance.objects.filter(pk=clearance.pk, used_at=None).update(used_at=now, form_sealed=None)
    row = VerdictRow(
        stream=words.stream,
        what=what,
        surface=words.surface,
        level=words.verdict.level,
        findings=words.verdict.codes(),
        asks=[each.kept for each in words.asks],
        packs=list(words.verdict.packs),
        sha256=words.verdict.digest,
        clearance=clearance,
        emergency=bool(words.kind) and words.need == Need.NOTHING and words.verdict.level in ("warn", "block"),
        at=now,
    )
    row.save(force_insert=True)
    fact_beside(words.stream, LOOKED, [str(row.uid), verdict_digest(row), str(clearance.uid) if clearance else None])
    return row


def verdict_digest(row: VerdictRow) -> str:
    """Of all that the row says: the fact of the words carries it."""
    held = str(row.clearance.uid) if row.clearance is not None else None
    said = [row.stream, row.what, row.surface, row.level, row.findings, row.asks, row.packs, row.sha256, held]
    said += [row.emergency, time_text(row.at)]
    return hashlib.sha256(canonical(said)).hexdigest()


def told(row: VerdictRow) -> dict[str, Any]:
    """What the fact of the words says of it."""
    said: dict[str, Any] = {"verdict": row.level}
    if row.findings:
        said["findings"] = sorted({each["kind"] for each in row.findings})
    if row.asks:
        said["terms"] = True
    if row.clearance_id:
        said["clearance"] = str(row.clearance.uid)
    return said


def asked_of(words: Words) -> Clearance | None:
    """What was asked last about just these words."""
    same = Clearance.objects.filter(stream=words.stream, surface=words.surface, sha256=words.verdict.digest)
    return same.order_by("-id").first()


def given_before(words: Words) -> Clearance | None:
    """What people agreed to before somebody changed it: words so like these that the writer may think they hold still."""
    same = Clearance.objects.filter(stream=words.stream, surface=words.surface, state=State.GIVEN, compartment="")
    for each in same.exclude(sha256=words.verdict.digest).select_related("text").order_by("-id")[:_LOOKED_BACK]:
        if SequenceMatcher(None, each.text.body, words.text, autojunk=False).quick_ratio() > _ALIKE:
            return each
    return None


def given_of(words: Words) -> Clearance | None:
    """What people agreed to, as far as today's rules want no more than they did."""
    if words.need == Need.NEVER:
        return None
    same = Clearance.objects.filter(
        stream=words.stream, surface=words.surface, sha256=words.verdict.digest, state=State.GIVEN
    )
    return next((each for each in same.order_by("-id") if covers(each.needs, words.need)), None)
