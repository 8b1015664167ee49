"""Picking a template while writing: the list that fits the case, and its words with what the case knows put in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils import translation

from suyuan.accounts.labels import role_labels
from suyuan.accounts.models import Member, User
from suyuan.cases.models import Case, Party, Promise
from suyuan.cases.rules import Stage
from suyuan.cases.selectors.outside import promise_words
from suyuan.correspondence.places import Filled, fill, place_word
from suyuan.correspondence.templates import (
    INSIDE,
    by_when_words,
    house_values,
    situation_word,
    template_named,
    templates_for,
)
from suyuan.desk.letters import people_of
from suyuan.kernel.refusal import NotHere
from suyuan.playbooks.selectors import procedure_of
from suyuan.playbooks.texts import pick
from suyuan.playbooks.wording import Template
from suyuan.ui import dates

SURFACE = "private_message"

# What is most often written at each stage stands first in the list.
_FIRST = {
    Stage.RECEIVED: ("emergency", "acknowledgement", "channel_choice", "apology"),
    Stage.ACKNOWLEDGED: ("progress", "delay", "minute_offer", "channel_choice"),
    Stage.INVESTIGATING: ("progress", "delay", "findings", "reminder", "minute_offer"),
    Stage.DISCLOSED: ("offer", "refusal", "goodwill", "reminder"),
    Stage.RESPONDED: ("closing", "offer", "refusal"),
}

# Dated on the day it is written; elsewhere a date is one that somebody has to name.
_DATED_TODAY = frozenset({"acknowledgement", "statement"})


@dataclass(frozen=True)
class Choice:
    code: str
    title: str
    when: str
    chosen: bool


def choices(case: Case, channels: Iterable[str], chosen: str = "") -> list[tuple[str, list[Choice]]]:
    """Situation → templates that fit this case and these ways of writing."""
    found: dict[str, list[Choice]] = {}
    for row in templates_for(case.jurisdiction, surface=SURFACE, channels=channels, level=case.level or 0):
        if row.situation not in INSIDE:
            found.setdefault(row.situation, []).append(Choice(row.id, str(row.title), str(row.when), row.id == chosen))
    first = [code for code in _FIRST.get(Stage(case.stage), ()) if code in found]
    return [(situation_word(code), found[code]) for code in dict.fromkeys([*first, *found])]


@dataclass(frozen=True)
class Pick:
    """One template that was just asked for: what was typed stays, and the filled words go below it."""

    code: str
    initial: dict[str, Any]
    missing: list[dict[str, str]]

    @classmethod
    def asked(cls, posted: QueryDict | None, case: Case, now: datetime) -> Pick | None:
        """None: the form was sent to send. Raises NotHere for a template that may not be written to a person."""
        if posted is None or "pick" not in posted:
            return None
        typed = {name: posted[name] for name in ("words", "subject_line", "channel", "party") if name in posted}
        code = posted.get("template", "")
        if not code:
            return cls("", typed, [])
        filled = picked(case, code, party=party_named(case, posted.get("party", "")), now=now)
        words = typed.get("words", "").rstrip()
        typed["words"] = f"{words}\n\n{filled.words}" if words else filled.words
        missing = [{"place": "{" + place + "}", "what": place_word(place)} for place in filled.missing]
        return cls(code, typed, missing)


def picked(case: Case, code: str, *, party: Party | None, now: datetime) -> Filled:
    """The words of one template for this person, in the language the case is written in. Raises NotHere."""
    row = template_named(case.jurisdiction, code)
    if row is None or row.surface != SURFACE or row.situation in INSIDE:
        raise NotHere()
    return fill(pick(row.body, case.language), case_values(case, row, party=party, now=now))


def party_named(case: Case, uid: str) -> Party | None:
    """The one chosen, else who complained first."""
    people = people_of(case)
    return next((party for party in people if str(party.uid) == uid), people[0] if people else None)


def case_values(case: Case, row: Template, *, party: Party | None, now: datetime) -> dict[str, str]:
    """What the case knows for the places of a template."""
    speaker = case.speaker or case.owner
    promise = Promise.objects.waiting().filter(case=case).order_by("due_at").first()
    with translation.override(case.language):
        values = house_values(case.branch, surface=row.surface, language=case.language) | {
            "name": party.person.full_name if party else "",
            "reference": case.reference,
            "handler": speaker.display_name if speaker else "",
            "role": _role(speaker, case),
            "next_step": promise_words(promise, procedure_of(case.procedure_id)) if promise else "",
            "by_when": by_when_words(promise.due_at, now, case.branch, case.language) if promise else "",
        }
    if row.situation in _DATED_TODAY:
        values["date"] = dates.full_date(
            dates.day_of(now, case.branch.tz), dates.language_of(case.language), weekday=False
        )
    return values


def _role(speaker: User | None, case: Case) -> str:
    """The title on the door, or the first role of this colleague in the branch. Nobody named yet: nobody is promised."""
    member = Member.objects.filter(user=speaker, branch_id=case.branch_id).prefetch_related("roles").first()
    if speaker is None or member is None:
        return ""
    named = role_labels({each.role for each in member.roles.all()})
    return member.title or (str(named[0]) if named else "")
