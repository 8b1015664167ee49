"""The guard at work: which rules hold for a branch today, what they find in a text, and how that is said to the writer.

Nothing here is stored, logged or sent anywhere. What a finding quotes is masked where it names a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from suyuan.accounts.models import Branch, User
from suyuan.correspondence.own_rules import NOTHING_OWN, Beside, Own, own_of
from suyuan.kernel.textlint import Context, Finding, Folding, Known, Linter, verdict
from suyuan.kernel.textlint.rewriting import Change, rewritten, sentence_around
from suyuan.playbooks.guarding import Asks, Guarding, asking, rule_set, weights_version
from suyuan.playbooks.selectors import wording_hashes, wording_newest
from suyuan.playbooks.texts import pick

MASKED_KINDS = frozenset({"patient_data", "asks_personal_data"})


@dataclass(frozen=True)
class Said:
    """One finding, worded for the writer.

    quoted      the words it is about, masked where they name a person
    swap        the part of the text that the safer words would take the place of
    action      replace, delete or insert
    clearable   whether people may let it pass, if it blocks
    """

    number: int
    kind: str
    name: str
    level: str
    start: int
    end: int
    rule: str
    quoted: str
    why: str
    basis: str
    safer: str
    action: str
    swap: tuple[int, int]
    clearable: bool


@dataclass(frozen=True)
class Verdict:
    """What the guard says of one text. `digest`: SHA-256 of it; `packs`: hashes of the rules it was read by, and of the weights."""

    level: str
    findings: tuple[Said, ...]
    digest: str
    packs: tuple[str, ...]
    surface: str
    text: str

    @property
    def blocks(self) -> tuple[Said, ...]:
        return tuple(f for f in self.findings if f.level == "block")

    @cached_property
    def adopted(self) -> str:
        """The text with all safer words taken over."""
        return rewritten(self.text, (Change(f.start, f.end, f.action, f.safer) for f in self.findings))

    def codes(self) -> list[dict[str, object]]:
        """What may be kept: codes and places, no words."""
        return [
            {"kind": f.kind, "level": f.level, "start": f.start, "end": f.end, "rule": f.rule} for f in self.findings
        ]


def guard_check(
    text: str,
    *,
    surface: str,
    branch: Branch,
    language: str,
    reply_to: str = "",
    known: Iterable[Known] = (),
    jurisdiction: str = "",
) -> Verdict:
    """Read one text. `language` is that of whoever reads the findings."""
    rules, context = reading_for(branch, surface=surface, reply_to=reply_to, known=known, jurisdiction=jurisdiction)
    return worded(text, rules.linter.check(text, context), rules, context, language)


@dataclass(frozen=True)
class Offered:
    """Words by which a text makes an offer, and why legal reads them first."""

    rule: str
    start: int
    end: int
    words: str
    why: str


def offers_in(
    text: str, *, surface: str, branch: Branch, language: str, reply_to: str = "", jurisdiction: str = ""
) -> tuple[Offered, ...]:
    """Where a text makes an offer, as the wording packs know one; one place for each way of making it."""
    rules, context = reading_for(branch, surface=surface, reply_to=reply_to, jurisdiction=jurisdiction)
    why = {row.id: row.why for row in rules.asks}
    found = rules.asking.check(text, context, at_most=1) if rules.asks else ()
    return tuple(
        Offered(each.rule, each.start, each.end, _said_there(text, each), pick(why[each.rule], language))
        for each in sorted(found, key=lambda each: each.start)
    )


def _said_there(text: str, found: Finding) -> str:
    """The sentence it stands in: the sum may stand at its other end."""
    start, end = sentence_around(text, found.start, found.end)
    return _quoted(text[start:end].strip())


def reading_for(
    branch: Branch, *, surface: str, reply_to: str = "", known: Iterable[Known] = (), jurisdiction: str = ""
) -> tuple[Rules, Context]:
    """What a branch reads by, and where the words will stand."""
    place = jurisdiction or branch.jurisdiction
    own = own_of(branch.pk)
    allow = (*own_words(branch), *own.words)
    return rules_of(place, own), Context(surface, place, reply_to, allow=allow, known=tuple(known))


@dataclass(frozen=True)
class Rules:
    """What holds in one place: the rules, ready to read with, and the hashes they are known by."""

    guarding: Guarding
    hashes: tuple[str, ...]
    shipped: Rules | None = None
    own: Own = NOTHING_OWN
    asks: tuple[Asks, ...] = ()

    @cached_property
    def known_by(self) -> tuple[str, ...]:
        """What a verdict keeps, so that it can be explained when rules and weights are others."""
        return tuple(filter(None, (*self.hashes, weights_version(self.guarding))))

    @cached_property  # two threads may both build it; they build the same
    def linter(self) -> Linter | Beside:
        if self.shipped is None:
            return Linter(rule_set(self.guarding))
        shipped = self.shipped.linter
        assert isinstance(shipped, Linter)
        return Beside(shipped, self.shipped.guarding, self.own)

    @cached_property
    def asking(self) -> Linter:
        """Reads for offers alone."""
        if self.shipped is not None:
            return self.shipped.asking
        return Linter(rule_set(asking(self.guarding, self.asks)))


def rules_of(jurisdiction: str, own: Own = NOTHING_OWN) -> Rules:
    """The newest rules there, with those of the clinic's own beside them."""
    hashes = wording_hashes(jurisdiction)
    return _with_own(hashes, jurisdiction, own) if own.rules else _rules(hashes, jurisdiction)


@lru_cache(maxsize=8)
def _rules(hashes: tuple[str, ...], jurisdiction: str) -> Rules:
    """Kept as long as its hashes are in force: putting the words in order takes longer than reading a hundred texts."""
    wording = wording_newest(jurisdiction)
    return Rules(wording.guarding, hashes, asks=wording.asks)


@lru_cache(maxsize=64)
def _with_own(hashes: tuple[str, ...], jurisdiction: str, own: Own) -> Rules:
    shipped = _rules(hashes, jurisdiction)
    return Rules(own.beside(shipped.guarding), (*hashes, *own.known_by), shipped, own, shipped.asks)


def own_words(branch: Branch) -> tuple[str, ...]:
    """What the clinic may say of itself: its telephones, its address, the names of its people."""
    users = User.objects.filter(memberships__branch=branch, is_active=True).distinct()
    names = [
        name for user in users for name in (user.display_name, user.family_name + user.given_name) if len(name) > 1
    ]
    own = [branch.phone, branch.emergency_phone, branch.address, *branch.names.values(), *names]
    return tuple(dict.fromkeys(word for word in own if len(word.strip()) > 1))


def worded(text: str, findings: tuple[Finding, ...], rules: Rules, context: Context, language: str) -> Verdict:
    """Findings as a writer reads them, in order of harm."""
    shown = masked(text, findings)
    own = written_in(text, context.jurisdiction) if findings else ""
    about = (text, shown, rules.guarding, context, language, own)
    said = tuple(_said(number, f, *about) for number, f in enumerate(findings, 1))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Verdict(verdict(findings), said, digest, rules.known_by, context.surface, text)


def _said(
    number: int, finding: Finding, text: str, shown: str, guarding: Guarding, context: Context, language: str, own: str
) -> Said:
    kind = guarding.kind_of[finding.kind]
    rule = guarding.rule_of.get(finding.rule)
    why, safer = (rule and rule.why) or kind.why, (rule and rule.safer) or kind.safer
    basis = (rule and rule.basis) or kind.basis
    action = (rule and rule.action) or kind.action
    if others := kind.told(context.surface, finding.rule):
        why, safer = others.why, None
    if action == "replace" and safer is None:
        action = "delete"
    swap = (finding.start, finding.end) if action == "insert" else sentence_around(text, finding.start, finding.end)
    return Said(
        number=number,
        kind=finding.kind,
        name=pick(kind.name, language),
        level=finding.level,
        start=finding.start,
        end=finding.end,
        rule=finding.rule,
        quoted=_quoted(shown[finding.start : finding.end]),
        why=pick(why, language),
        basis=basis.get(context.jurisdiction, ""),
        safer=pick(safer, own) if safer is not None else "",
        action=action,
        swap=swap,
        clearable=context.surface not in kind.never_cleared,
    )


_SHOWS = 8  # a sentence of so many characters has some that differ between the scripts


def written_in(text: str, jurisdiction: str) -> str:
    """The language and script of the text itself, for safer words will stand in it; where it does not show, that of the place."""
    han = [c for c in text if "\u3400" <= c <= "\u9fff"]
    if sum(c.isascii() and c.isalpha() for c in text) > 4 * len(han):
        return "en"
    if len(han) < _SHOWS:
        return "zh-Hans" if jurisdiction == "cn" else "zh-Hant"
    simplified = set(Folding()(text).text)
    return "zh-Hant" if sum(c not in simplified for c in han) * 20 > len(han) else "zh-Hans"


def masked(text: str, findings: Iterable[Finding | Said]) -> str:
    """The text with the digits of what names a person made unreadable: also where another finding quotes them."""
    for f in findings:
        if f.kind in MASKED_KINDS:
            hidden = "".join("○" if c.isdigit() else c for c in text[f.start : f.end])
            text = text[: f.start] + hidden + text[f.end :]
    return text


def _quoted(words: str) -> str:
    """As much as one needs to find it again."""
    return words if len(words) <= 60 else f"{words[:28]}…{words[-28:]}"
