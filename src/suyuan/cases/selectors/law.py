"""What the law asks in this case without counting days: rules made worth showing by what was recorded."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from suyuan.cases.models import Case
from suyuan.cases.selectors.clocks import keep_words, short_law
from suyuan.cases.services.clocks import implied
from suyuan.platform.models import FactRow
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import Law, LawRule, Limit

# One registration says many things at once; these are read as the facts they imply.
OPENING = frozenset({"case.opened", "case.completed"})


@dataclass(frozen=True, kw_only=True)
class LawNotice:
    """One duty, notice or protection of law that counts no days. `what`: what to do; `notes`: what to leave behind."""

    rule_id: str
    what: str
    explained: str
    article: str
    law: str
    grade: str
    notes: tuple[str, ...] = ()


def law_notices(case: Case, compartments: Iterable[str]) -> list[LawNotice]:
    """Rules in force when something was recorded that they concern, as far as the reader may know of it; in the order
    of the law. One statement, however long the case."""
    shown = [rule for rule in packs.law_newest(case.jurisdiction).rules if rule.clock is None and rule.shown_when]
    if not shown:
        return []
    wanted = {when.fact for rule in shown for when in rule.shown_when} | OPENING
    streams = [case.compartment_stream(c) for c in sorted(compartments)]
    facts = FactRow.objects.filter(stream__in=streams, type__in=sorted(wanted)).order_by("id")
    found: set[str] = set()
    for fact_type, held, at in facts.values_list("type", "plain", "at"):
        found |= _concerned(shown, fact_type, {name: value for name, (_salt, value) in held.items()}, at, case)
    return [_notice(rule) for rule in shown if rule.id in found]


def _concerned(rules: Iterable[LawRule], fact_type: str, plain: dict, at: datetime, case: Case) -> set[str]:
    on = at.astimezone(case.branch.tz).date()
    said = list(implied(fact_type, plain))
    return {rule.id for rule in rules if rule.in_force(on) and any(rule.concerns(kind, words) for kind, words in said)}


def _notice(rule: LawRule) -> LawNotice:
    notes = [_("要留下：%(what)s") % {"what": rule.closes_with}] if rule.closes_with else []
    notes += [limit_words(rule.limit)] if rule.limit else []
    notes += [keep_words(rule.keep)] if rule.keep else []
    notes += [str(rule.consequence)] if rule.consequence else []
    return LawNotice(
        rule_id=rule.id,
        what=str(rule.title),
        explained=str(rule.explained),
        article=f"{short_law(rule)} {rule.article}".strip(),
        law=rule.citation,
        grade=rule.grade,
        notes=tuple(notes),
    )


def rules_to_cite(case: Case, now: datetime) -> dict[str, LawRule]:
    """Rules that a judgement of this case may rest on: in force when it happened, or today. A draft binds nobody."""
    return _in_force(packs.law_newest(case.jurisdiction), case, now)


def rules_cited(case: Case, codes: Iterable[str], at: datetime) -> list[LawRule]:
    """Those rules as they stood in the packs when somebody rested a judgement on them."""
    law = packs.law_as_of(case.jurisdiction, at)
    binding, named = _in_force(law, case, at), {rule.id: rule for rule in law.rules}
    return [binding.get(code) or named[code] for code in codes if code in named]


def _in_force(law: Law, case: Case, now: datetime) -> dict[str, LawRule]:
    zone = case.branch.tz
    then = case.occurred_on or case.received_at.astimezone(zone).date()
    found: dict[str, LawRule] = {}
    for day in (then, now.astimezone(zone).date()):
        for rule in law.rules:
            if rule.in_force(day):
                found.setdefault(rule.id, rule)
    return found


def limit_words(limit: Limit) -> str:
    return _("%(what)s：最多 %(n)s。") % {"what": limit.what, "n": limit.max}


def limits_on(case: Case, fact_type: str, plain: dict, now: datetime) -> list[LawRule]:
    """Limits of law that what is about to be recorded must keep to: people on each side of a talk, say."""
    on = now.astimezone(case.branch.tz).date()
    return [
        rule
        for rule in packs.law_newest(case.jurisdiction).rules_for(fact_type, plain, on)
        if rule.limit is not None
    ]
