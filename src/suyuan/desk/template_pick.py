"""Picking a template wherever words are written: those that fit the case, and one of them with what is known put in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import translation
from django.utils.translation import gettext as _

from suyuan.accounts.labels import role_labels
from suyuan.accounts.models import Branch, Member, User
from suyuan.cases.models import Case, Party, Promise
from suyuan.cases.rules import Stage
from suyuan.cases.selectors.outside import promise_words
from suyuan.correspondence.phrases import channel_word, surface_word
from suyuan.correspondence.places import Filled, aloud, fill
from suyuan.correspondence.rules.guard import Surface
from suyuan.correspondence.templates import (
    INSIDE,
    OF_ONE_FORM,
    RECORDS,
    by_when_words,
    house_values,
    situation_word,
    template_named,
    templates_for,
)
from suyuan.desk.fields import LongLineField
from suyuan.kernel.refusal import NotHere
from suyuan.playbooks.errors import PackMissing
from suyuan.playbooks.selectors import procedure_of, wording_newest
from suyuan.playbooks.texts import pick
from suyuan.playbooks.wording import Template
from suyuan.ui import dates

# To somebody, written or said to their face.
IN_PUBLIC = (Surface.PUBLIC_REPLY, Surface.STATEMENT)
TO_A_PERSON = (Surface.PRIVATE_MESSAGE, Surface.CARE_MEETING)
SCRIPTS = {"zh-hant": "繁體", "zh-hans": "简体", "en": "English"}

# How forms call a way of telling somebody, where packs call it something else.
_WAYS = {"telephone": "phone_note", "wechat": "line"}
_CAME_BY = {"web": "portal", "telephone": "phone_note", "on_site": "in_person"}

# What is most often written at each stage stands first in the list.
_FIRST = {
    Stage.RECEIVED: ("emergency", "acknowledgement", "channel_choice", "apology"),
    Stage.ACKNOWLEDGED: ("progress", "delay", "minute_offer", "channel_choice"),
    Stage.INVESTIGATING: ("progress", "delay", "findings", "reminder", "minute_offer"),
    Stage.DISCLOSED: ("offer", "refusal", "goodwill", "reminder"),
    Stage.RESPONDED: ("closing", "offer", "refusal"),
}

# Dated on the day it is written; elsewhere a date is one that somebody has to name.
_DATED_TODAY = frozenset({"acknowledgement", "statement", "minutes", "on_the_spot"})


@dataclass(frozen=True)
class TemplatesAt:
    """A place in a form where words may come from a template.

    field    into which they go
    chooser  the field that says by which way they reach the person; empty: by any of `ways`
    first    situations that stand first here, whatever the stage
    aloud    what is said is shown to be read aloud and not put into the field, which is for what was really said
    only     where the form is for one thing: these situations and no others
    into     those of them that go into another field
    due      the field that says by when, where what is written is about that time
    """

    field: str = "words"
    chooser: str = ""
    first: tuple[str, ...] = ()
    ways: tuple[str, ...] = ("portal", "email", "letter")
    aloud: bool = False
    only: tuple[str, ...] = ()
    into: tuple[tuple[str, str], ...] = ()
    due: str = ""

    def offers(self, row: Template) -> bool:
        """Whether a template belongs here, whatever the case."""
        if self.only:
            return row.situation in self.only
        if row.situation in INSIDE | OF_ONE_FORM or row.surface not in TO_A_PERSON:
            return False
        return self.aloud or row.situation not in RECORDS

    def place(self, row: Template) -> str:
        """The field it goes into; empty: it is read aloud."""
        if self.aloud and row.situation not in RECORDS:
            return ""
        return dict(self.into).get(row.situation, self.field)

    def values(self, form: forms.Form) -> list[str]:
        """What its chooser offers."""
        return [code for code, _words in form.fields[self.chooser].choices if code] if self.chooser else list(self.ways)


@dataclass(frozen=True)
class Choice:
    """One template of the list. `fits`: values of the chooser with which it goes; empty: with all of them."""

    code: str
    title: str
    when: str
    chosen: bool
    fits: tuple[str, ...]
    by: str


@dataclass(frozen=True)
class Shelf:
    """What the picker shows: situation → templates, the scripts, and what was just picked."""

    at: TemplatesAt
    groups: list[tuple[str, list[Choice]]]
    script: str
    begun: tuple[str, ...] = ()
    picked: str = ""
    aloud: str = ""

    @property
    def scripts(self) -> list[tuple[str, str, bool]]:
        return [(code, words, code == self.script) for code, words in SCRIPTS.items()]


def asked(posted: QueryDict | None) -> bool:
    """Whether the form was sent for a template, and not to be done."""
    return posted is not None and "pick" in posted


def shelf(
    form: forms.Form, at: TemplatesAt, case: Case, posted: QueryDict | None, now: datetime, *, language: str = ""
) -> Shelf:
    """The list for this place; where one was asked for, its words in `form.initial`, below what was typed there.

    `language`: of what is written, where it may be another than the case's.

    Raises NotHere for a template that is not on the list.
    """
    script = _script(posted, language or case.language)
    code = posted.get("template", "") if asked(posted) else ""
    groups = choices(case, at, at.values(form), code)
    begun = begun_from(form.initial if posted is None else posted, case.jurisdiction)
    if not code:
        return Shelf(at, groups, script, begun)
    if all(each.code != code for _situation, rows in groups for each in rows):
        raise NotHere()
    row = template_named(case.jurisdiction, code)
    about = {} if not at.due else {"by_when": _due(form, at.due, case, now, script), "next_step": ""}
    party = party_named(case, posted.get("party", ""))
    filled = picked(case, row, party=party, now=now, language=script, about=about)
    made = {"begun": tuple(dict.fromkeys([*begun, code])), "picked": code}
    field = at.place(row)
    if not field:
        return Shelf(at, groups, script, **made, aloud=aloud(filled.words))
    _put(form, field, filled.words)
    return Shelf(at, groups, script, **made)


def _due(form: forms.Form, name: str, case: Case, now: datetime, language: str) -> str:
    """By when, as far as the form says it; another promise's day is not this one's."""
    field = form.fields[name]
    try:
        due = field.clean(form.initial.get(name, field.initial))
    except forms.ValidationError:
        return ""
    return by_when_words(due, now, case.branch, language) if due else ""


def _put(form: forms.Form, name: str, words: str) -> None:
    """Below what somebody typed; in place of what only stood there to begin with."""
    typed = str(form.initial.get(name) or "").replace("\r\n", "\n").rstrip()
    offered = str(form.fields[name].initial or "").rstrip()
    between = " " if isinstance(form.fields[name], LongLineField) else "\n\n"
    form.initial[name] = f"{typed}{between}{words}" if typed and typed != offered else words


def _script(posted: QueryDict | None, otherwise: str) -> str:
    wanted = posted.get("script", "") if posted is not None else ""
    return wanted if wanted in SCRIPTS else otherwise


def begun_from(posted: Mapping[str, str] | None, jurisdiction: str) -> tuple[str, ...]:
    """Which templates the words were begun from, as the page carried them along; names that no template has are dropped.

    None is dropped for being one too many: it might be the one that asks for legal.
    """
    said = dict.fromkeys(str((posted or {}).get("begun", "")).split())
    if not said:
        return ()
    known = {row.id for row in wording_newest(jurisdiction).templates}
    return tuple(code for code in said if code in known)


def choices(case: Case, at: TemplatesAt, values: Iterable[str], chosen: str = "") -> list[tuple[str, list[Choice]]]:
    """Situation → templates for the level of this case that go by one of these ways."""
    ways = {value: _WAYS.get(value, value) for value in values}
    found: dict[str, list[Choice]] = {}
    try:
        rows = templates_for(case.jurisdiction, channels=ways.values(), level=case.level or 0)
    except PackMissing:
        return []
    for row in rows:
        if not at.offers(row):
            continue
        fits = tuple(value for value, way in ways.items() if way in row.channels)
        by = _("、").join(channel_word(way) for way in row.channels if way in ways.values())
        choice = Choice(row.id, str(row.title), str(row.when), row.id == chosen, fits, by)
        found.setdefault(row.situation, []).append(choice)
    first = [code for code in (*at.first, *_FIRST.get(Stage(case.stage), ())) if code in found]
    return [(situation_word(code), found[code]) for code in dict.fromkeys([*first, *found])]


# --- where no case is known ----------------------------------------------------------------------------------------


def shelf_of_the_house(form: forms.Form, branch: Branch, posted: QueryDict | None) -> Shelf:
    """For words that belong to no case: all of the place's templates, each for its surface, with what the clinic knows of
    itself put in. Raises NotHere."""
    at, script = TemplatesAt(chooser="surface"), _script(posted, branch.language)
    code = posted.get("template", "") if asked(posted) else ""
    found: dict[str, list[Choice]] = {}
    for row in templates_for(branch.jurisdiction):
        if row.situation not in INSIDE | RECORDS | OF_ONE_FORM:
            by = surface_word(row.surface)
            choice = Choice(row.id, str(row.title), str(row.when), row.id == code, (row.surface,), by)
            found.setdefault(row.situation, []).append(choice)
    groups = [(situation_word(situation), rows) for situation, rows in found.items()]
    if not code:
        return Shelf(at, groups, script)
    if all(each.code != code for _situation, rows in groups for each in rows):
        raise NotHere()
    row = template_named(branch.jurisdiction, code)
    _put(form, at.field, fill(pick(row.body, script), house_values(branch, surface=row.surface, language=script)).words)
    return Shelf(at, groups, script, picked=code)


def shelf_in_public(form: forms.Form, case: Case, posted: QueryDict | None, begun: Iterable[str], now: datetime) -> Shelf:
    """For words about a case that everybody reads: nothing of the case and of nobody in it is put in. What is picked brings
    the place it is for. Raises NotHere."""
    at, script = TemplatesAt(chooser="surface"), _script(posted, case.branch.language)
    code = posted.get("template", "") if asked(posted) else ""
    before = begun_from(posted, case.jurisdiction) or tuple(begun)
    found: dict[str, list[Choice]] = {}
    rows = [row for row in templates_for(case.jurisdiction) if row.surface in IN_PUBLIC]
    for row in rows:
        choice = Choice(row.id, str(row.title), str(row.when), row.id == code, (), surface_word(row.surface))
        found.setdefault(row.situation, []).append(choice)
    groups = [(situation_word(situation), choices) for situation, choices in found.items()]
    if not code:
        return Shelf(at, groups, script, before)
    row = next((row for row in rows if row.id == code), None)
    if row is None:
        raise NotHere()
    with translation.override(script):
        today = dates.full_date(dates.day_of(now, case.branch.tz), dates.language_of(script), weekday=False)
    values = house_values(case.branch, surface=row.surface, language=script) | {"date": today}
    _put(form, at.field, fill(pick(row.body, script), values).words)
    form.initial |= {"surface": row.surface, "reply_to": next(iter(row.reply_to), "")}
    return Shelf(at, groups, script, tuple(dict.fromkeys([*before, code])), code)


# --- what a case knows ---------------------------------------------------------------------------------------------


def picked(
    case: Case,
    row: Template,
    *,
    party: Party | None,
    now: datetime,
    language: str = "",
    about: Mapping[str, str] | None = None,
) -> Filled:
    """The words of one template for this person, in the language asked for or that of the case. `about`: what the form says."""
    language = language or case.language
    values = case_values(case, row, party=party, now=now, language=language) | (about or {})
    return fill(pick(row.body, language), values)


def acknowledging(case: Case, now: datetime) -> str:
    """What to begin the first answer from; empty where the clinic's wording has nothing for it.

    The words come from the wording packs, newest first, and not from the procedure that the case is pinned to: how we speak is
    always of today, while what we do, in which order and by when, stays as it was promised when the case began. The
    procedure's own words remain for a clinic that switched these templates off.
    """
    way = _CAME_BY.get(case.channel, "portal")
    try:
        rows = templates_for(
            case.jurisdiction,
            surface=Surface.PRIVATE_MESSAGE,
            channels=[way],
            level=case.level or 0,
            situation="acknowledgement",
        )
    except PackMissing:
        return ""
    return picked(case, rows[0], party=party_named(case, ""), now=now).words if rows else ""


def people_of(case: Case) -> list[Party]:
    """Who is outside in this case, who complained first."""
    rows = Party.objects.filter(case=case).select_related("person").order_by("id")
    return sorted(rows, key=lambda party: "complainant" not in party.roles)


def party_named(case: Case, uid: str) -> Party | None:
    """The one chosen, else who complained first."""
    people = people_of(case)
    return next((party for party in people if str(party.uid) == uid), people[0] if people else None)


def case_values(case: Case, row: Template, *, party: Party | None, now: datetime, language: str) -> dict[str, Any]:
    """What the case knows for the places of a template."""
    speaker = case.speaker or case.owner
    promise = Promise.objects.waiting().filter(case=case).order_by("due_at").first()
    with translation.override(language):
        values = house_values(case.branch, surface=row.surface, language=language) | {
            "name": party.person.full_name if party else "",
            "reference": case.reference,
            "handler": speaker.display_name if speaker else "",
            "role": _role(speaker, case),
            "next_step": promise_words(promise, procedure_of(case.procedure_id)) if promise else "",
            "by_when": by_when_words(promise.due_at, now, case.branch, language) if promise else "",
        }
    if row.situation in _DATED_TODAY:
        values["date"] = dates.full_date(dates.day_of(now, case.branch.tz), dates.language_of(language), weekday=False)
    return values


def _role(speaker: User | None, case: Case) -> str:
    """The title on the door, or the first role of this colleague in the branch. Nobody named yet: nobody is promised."""
    member = Member.objects.filter(user=speaker, branch_id=case.branch_id).prefetch_related("roles").first()
    if speaker is None or member is None:
        return ""
    named = role_labels({each.role for each in member.roles.all()})
    return member.title or (str(named[0]) if named else "")
