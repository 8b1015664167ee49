"""What the guard says of a draft, as its writer sees it: the verdict, the findings, the whole text with safer words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import translation
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from suyuan.accounts.labels import who_label
from suyuan.accounts.models import Branch
from suyuan.cases.models import Case
from suyuan.correspondence.errors import GuardHeld, PlacesOpen
from suyuan.correspondence.gate import Ask, Words, given_before, given_of
from suyuan.correspondence.guard import Said
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.places import Hole, fill, open_holes
from suyuan.correspondence.rules import BODY_LIMIT
from suyuan.correspondence.rules.guard import JURISDICTIONS, REPLIES, Need, Surface, waits_for
from suyuan.correspondence.templates import house_values, template_named
from suyuan.desk.template_pick import begun_from
from suyuan.playbooks.errors import PackMissing
from suyuan.playbooks.selectors import wording_newest
from suyuan.playbooks.wording import Principle, Skeleton

# Names of what a form with guarded words may be sent with, beside its own fields.
CHECK, ADOPT, BEGIN_AGAIN, CLEAR, WHY = "_check", "_adopt", "_skeleton", "_clear", "_why"
OURS = frozenset({CHECK, ADOPT, BEGIN_AGAIN, CLEAR, WHY, "csrfmiddlewaretoken", "held"})

Shown = dict[str, Any]

# What colleagues can be asked for.
_ASKABLE = frozenset(Need) - {Need.NOTHING, Need.NEVER}


@dataclass(frozen=True)
class Place:
    """Where the words will stand, what they answer, and which one person reads them. `askable`: the form can ask colleagues for leave."""

    branch: Branch
    stream: str = ""
    surface: str = Surface.PRIVATE_MESSAGE
    reply_to: str = ""
    language: str = "zh-hant"
    askable: bool = False
    jurisdiction: str = ""
    party: str = ""
    agreed: bool = False

    @property
    def law(self) -> str:
        return self.jurisdiction or self.branch.jurisdiction

    def words(self, text: str, templates: tuple[str, ...] = ()) -> Words:
        stream = self.stream or f"branch:{self.branch.uid}"
        where = {"surface": self.surface, "reply_to": self.reply_to, "jurisdiction": self.jurisdiction}
        where |= {"party": self.party, "agreed": self.agreed}
        words = Words(text=text, stream=stream, branch_id=self.branch.pk, templates=templates, **where)
        words.__dict__["branch"] = self.branch
        return words


def place_of(case: Case, surface: str = Surface.PRIVATE_MESSAGE, *, askable: bool = False, party: str = "") -> Place:
    return Place(case.branch, case.stream, surface, "", case.language, askable, party=party)


def said(
    place: Place, text: str, held: GuardHeld | None = None, templates: tuple[str, ...] = (), *, brief: bool = False
) -> Shown:
    """Everything a page shows of the verdict on this text. `held`: the refusal that brought the page up; `templates`: those
    it was begun from.

    `brief`: one line above other words, which is not asked for what a whole letter has.

    A form sends each line break as two characters and a text box counts it as one: places are those of the box.
    """
    text = text.replace("\r\n", "\n")
    words = place.words(text, held.words.templates if held is not None else templates)
    verdict = words.verdict
    if brief:
        kept = tuple(each for each in verdict.findings if each.end > each.start or each.level != "advise")
        verdict = replace(verdict, findings=kept, level=kept[0].level if kept else "clean")
    adopted = verdict.adopted if verdict.findings else text
    after = place.words(adopted).verdict if adopted != text else verdict
    holes = open_holes(text)
    need, agreed = words.need, False
    if need in _ASKABLE and given_of(words) is not None:
        need, agreed = Need.NOTHING, True
    title = _("同事已核准這段話，可以送出") if agreed and not holes else _title(need, verdict.level, text, holes)
    asked = held.asked if held is not None else None
    return {
        "text": text,
        "empty": not text.strip(),
        "level": verdict.level,
        "need": str(need),
        "agreed": agreed,
        "title": title,
        "holes": holes,
        "counts": counts(verdict.findings),
        "findings": [_card(each) for each in verdict.findings],
        "adopted": adopted if adopted != text and not brief else "",
        "adopted_level": after.level,
        "adopted_counts": counts(after.findings) or _("沒有要改的字"),
        "principles": [] if brief else principles(place, verdict.findings, text),
        "skeletons": [] if brief else [(row.id, str(row.title)) for row in skeletons(place)],
        "brief": brief,
        "surface": surface_word(place.surface),
        "place": place,
        "asked": asked,
        "earlier": given_before(words) if place.askable and asked is None and need in _ASKABLE else None,
        "who": _who(words) if need in _ASKABLE and not holes else "",
        "reasons": reasons(words),
        "why_not": title if holes or need != Need.NOTHING else "",
    }


def _title(need: Need, level: str, text: str, holes: tuple[Hole, ...]) -> str:
    if not text.strip():
        return _("寫的時候會逐字檢查")
    if holes and need == Need.NOTHING:
        return _("還不能送出，有沒填的地方")
    match need:
        case Need.NEVER:
            return _("現在不能送出，也不能由別人放行")
        case Need.TWO | Need.TWO_LEGAL:
            return _("現在不能送出")
        case Need.LEGAL:
            return _("要先經法務審閱才能送出")
        case Need.ONE:
            return _("要另一位同事核准才能送出")
    return _("可以送出，有幾句可以說得更好") if level == "advise" else _("可以送出")


def reasons(words: Words) -> list[Shown]:
    """Why legal has to agree, whatever was found: said to the writer, and to legal."""
    return [_reason(each, words) for each in words.asks]


def _reason(each: Ask, words: Words) -> Shown:
    match each.by:
        case "surface":
            return {"title": _("和解內容一律先經法務審閱。"), "words": ""}
        case "template":
            row = template_named(words.jurisdiction or words.branch.jurisdiction, each.code)
            title = str(row.title) if row is not None else each.code
            return {"title": _("從「%(title)s」範本寫起，須先經法務審閱。") % {"title": title}, "words": ""}
    return {"title": _("含和解或補償條件，須先經法務審閱：%(why)s。") % {"why": each.why}, "words": each.words}


def counts(findings: Iterable[Said]) -> str:
    """擋下 5 處，須核准 1 處，建議 1 處"""
    levels = [each.level for each in findings]
    parts = []
    if n := levels.count("block"):
        parts.append(ngettext("擋下 %(n)s 處", "擋下 %(n)s 處", n) % {"n": n})
    if n := levels.count("warn"):
        parts.append(ngettext("須核准 %(n)s 處", "須核准 %(n)s 處", n) % {"n": n})
    if n := levels.count("advise"):
        parts.append(ngettext("建議 %(n)s 處", "建議 %(n)s 處", n) % {"n": n})
    return _("，").join(parts)


def level_word(level: str) -> str:
    return {"block": _("擋下"), "warn": _("須核准"), "advise": _("建議")}.get(level, level)


def _card(each: Said) -> Shown:
    take = {"replace": _("採用"), "delete": _("刪去這句"), "insert": _("加上這句")}
    return {"said": each, "word": level_word(each.level), "take": take.get(each.action, _("採用"))}


def _who(words: Words) -> str:
    roles = waits_for(words.need, words.surface, ())
    return _("、").join(str(who_label(role)) for role in roles if not role.startswith("guest_"))


# --- what helps to write -------------------------------------------------------------------------------------------


def principles(place: Place, findings: Iterable[Said], text: str) -> list[Shown]:
    """The principles of this surface; each ticks itself while nothing against it is found in what is written."""
    kinds = {each.kind for each in findings}
    return [
        {"id": row.id, "title": row.title, "text": row.text, "example": row.example, "kept": bool(text.strip()) and not kinds & set(row.kinds)}
        for row in _of_surface(place, "principles")
    ]


def principles_of(form: forms.Form, place: Place, name: str = "words") -> list[Shown]:
    """Those of a page whose draft was looked at already, or of one that is begun."""
    looked = getattr(form.fields[name], "said", None)
    return looked["principles"] if looked else principles(place, (), "")


def skeletons(place: Place) -> list[Skeleton]:
    return _of_surface(place, "skeletons")


def _of_surface(place: Place, section: str) -> list[Any]:
    try:
        rows = getattr(wording_newest(place.jurisdiction or place.branch.jurisdiction), section)
    except PackMissing:
        return []
    return [row for row in rows if _fits(row, place)]


def _fits(row: Principle | Skeleton, place: Place) -> bool:
    where = row.surfaces if isinstance(row, Principle) else (row.surface,)
    return place.surface in where and (not row.reply_to or not place.reply_to or place.reply_to in row.reply_to)


def skeleton_text(place: Place, code: str) -> str:
    """A whole safe text in the language of its reader; empty where there is none of this name."""
    found = next((row for row in skeletons(place) if row.id == code), None)
    if found is None:
        return ""
    with translation.override(place.language):
        known = house_values(place.branch, surface=place.surface, language=place.language)
        return fill(str(found.body), known).words


def place_asked(data: Mapping[str, str], branches: Iterable[Branch]) -> Place | None:
    """The place that somebody chose by hand; None when there is no such."""
    chosen = data.get("branch", "")
    known = list(branches)
    branch = next((each for each in known if each.code == chosen), known[0] if known and not chosen else None)
    surface, reply_to = data.get("surface") or Surface.PUBLIC_REPLY.value, data.get("reply_to", "")
    law = data.get("jurisdiction", "")
    if branch is None or surface not in set(Surface) or reply_to not in REPLIES or law not in ("", *JURISDICTIONS):
        return None
    return Place(branch, "", surface, reply_to, get_language() or branch.language, jurisdiction=law)


# --- forms with guarded words --------------------------------------------------------------------------------------


def asked_only(posted: QueryDict | None) -> bool:
    """Sent to be looked at, and not to be done: for those without a script."""
    return posted is not None and any(name in posted for name in (CHECK, ADOPT, BEGIN_AGAIN))


def typed(form: forms.Form, posted: QueryDict) -> None:
    """Give an unbound form everything that was typed, unchecked, and put safer words where that was asked for."""
    for name, field in form.fields.items():
        if name not in posted and not isinstance(field.widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
            continue
        form.initial[name] = field.widget.value_from_datadict(posted, {}, form.add_prefix(name))


def look(form: forms.Form, place: Place, posted: QueryDict | None = None) -> None:
    """Set what the guard says at each guarded field with something in it, and carry out what was asked of the text."""
    for name, field in form.fields.items():
        where = place_at(form, name, place)
        if where is None:
            continue
        field.place = where
        if posted is None:
            continue
        text = str(form.initial.get(name) or "")[:BODY_LIMIT]
        if posted.get(ADOPT) == name:
            text = where.words(text).verdict.adopted
        elif posted.get(BEGIN_AGAIN, "").startswith(f"{name}:"):
            text = skeleton_text(where, posted[BEGIN_AGAIN].removeprefix(f"{name}:")) or text
        form.initial[name] = text
        if text.strip():
            begun = () if is_brief(field) else begun_from(posted, where.law)
            field.said = said(where, text, templates=begun, brief=is_brief(field))


def place_at(form: forms.Form, name: str, place: Place) -> Place | None:
    """The place of one field's words; another one where the form says so. None: these words stay inside."""
    surface = getattr(form.fields.get(name), "guarded", "")
    if not surface:
        return None
    chooser, value, instead = getattr(form.fields[name], "guarded_when", ("", "", ""))
    if chooser and form[chooser].value() == value:
        surface = instead
    return replace(place, surface=surface, agreed=getattr(form.fields[name], "guarded_agreed", False))


def held_at(form: forms.Form, place: Place) -> GuardHeld | None:
    """After a refusal of the guard: put the findings at the field they belong to; what nobody filled in as well."""
    refused = getattr(form, "refused", None)
    if isinstance(refused, PlacesOpen) and (where := place_at(form, refused.field, place)) is not None:
        field = form.fields[refused.field]
        field.said = said(where, str(form.data.get(refused.field, "")), brief=is_brief(field))
    if not isinstance(refused, GuardHeld):
        return None
    name = refused.words.field if refused.words.field in form.fields else next(iter(guarded(form)), "")
    if name:
        askable = place.askable and refused.words.field in form.fields
        where = replace(place, surface=refused.words.surface, askable=askable, agreed=refused.words.agreed)
        form.fields[name].said = said(where, refused.words.text, refused, brief=is_brief(form.fields[name]))
    return refused


def is_brief(field: forms.Field) -> bool:
    """A line above other words."""
    return getattr(field, "brief", False)


def why_of(posted: QueryDict) -> str:
    """The reason for asking, beside whichever of the fields it was written."""
    return next((each for each in posted.getlist(WHY) if each.strip()), "")


def guarded(form: forms.Form) -> list[str]:
    return [name for name, field in form.fields.items() if getattr(field, "guarded", "")]


def kept(posted: QueryDict) -> dict[str, list[str]]:
    """The form as it was sent, without what belongs to the sending."""
    return {name: values for name, values in posted.lists() if name not in OURS}



def marked(text: str, cards: Iterable[Shown]) -> list[Shown]:
    """The text in pieces, each with the gravest level that covers it and the numbers of what begins there."""
    spans = [card["said"] for card in cards if card["said"].end > card["said"].start]
    edges = sorted({0, len(text), *(each.start for each in spans), *(each.end for each in spans)})
    pieces = []
    for start, end in pairwise(edges):
        over = [each for each in spans if each.start <= start and end <= each.end]
        level = next((level for level in ("block", "warn", "advise") if any(each.level == level for each in over)), "")
        pieces.append({"words": text[start:end], "level": level, "numbers": [each.number for each in over if each.start == start]})
    return pieces
