"""Rules of the guard as people read them: those we ship, the clinic's own, how those are tried and put in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from suyuan.accounts.errors import require
from suyuan.accounts.models import Branch
from suyuan.accounts.rules import HOUSE_MOVES, MEMBER_ROLES, ActorProfile, branches_for
from suyuan.accounts.selectors import branches, may_at
from suyuan.cases.selectors.past_words import words_shown
from suyuan.cases.services.trying import place_of, rule_try, tryout_read
from suyuan.correspondence.opinion import is_set_up
from suyuan.correspondence.own_errors import OwnMovedMeanwhile
from suyuan.correspondence.own_models import ClinicRule, TryOut
from suyuan.correspondence.own_rules import wanted_of
from suyuan.correspondence.own_selectors import (
    newest_try,
    own_rule_for,
    own_rules,
    own_word_for,
    own_words_listed,
    versions_of,
)
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.rules.own import AT_ONCE
from suyuan.correspondence.services import (
    allow_add,
    allow_end,
    clinic_rule_activate,
    clinic_rule_change,
    clinic_rule_draft,
    clinic_rule_end,
)
from suyuan.correspondence.services.own import WRITE, troubles_of
from suyuan.correspondence.trying import SHIPPED, shipped_body
from suyuan.desk.fields import attempt
from suyuan.desk.guarding import level_word
from suyuan.desk.plainly import frame_words, list_words, places, rule_places
from suyuan.desk.wording_forms import EVERYWHERE, OwnRuleForm, OwnWordForm, allow_word, rule_attempt, scopes
from suyuan.kernel.refusal import NotHere, Refusal
from suyuan.platform import access
from suyuan.platform.addresses import address
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.guarding import Example, Guarding, GuardRule

AROUND = 36  # characters on either side of what was found
WRITERS = HOUSE_MOVES[WRITE]


def rules_pages(profile: ActorProfile, here: str) -> list[dict[str, Any]]:
    """The pages beside each other."""
    shown = [("packs", _("程序與法律")), ("wording", _("用語規則")), ("own_rules", _("自訂規則與用語"))]
    shown += [("disputes", _("誤報"))] if profile.roles & WRITERS else []
    shown += [("opinion", _("第二意見"))] if is_set_up() else []
    shown += [("templates", _("範本")), ("instead", _("不這樣做，改這樣做"))]
    shown += [("guard", _("送出前檢查文字"))] if profile.branch_ids else []
    return [{"label": label, "url": reverse(f"desk:{name}"), "on": name == here} for name, label in shown]


def law_of(request: HttpRequest) -> tuple[str, list[dict[str, Any]]]:
    """The law asked for, or that of the reader's branches; and the ways to the others."""
    asked = request.GET.get("law", "")
    laws = Branch.objects.filter(pk__in=request.profile.branch_ids).values_list("jurisdiction", flat=True)
    chosen = asked if asked in ("tw", "cn") else next(iter(sorted(set(laws), reverse=True)), "tw")
    names = {"tw": _("臺灣"), "cn": _("大陸")}
    return chosen, [{"label": name, "url": f"?law={code}", "on": code == chosen} for code, name in names.items()]


# --- what we ship --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownRule:
    """One rule as a person reads it."""

    id: str
    looks: list[str]
    more: int
    places: list[tuple[str, str, str]]
    fires: list[str]
    quiet: list[str]
    why: str
    basis: str
    missing: bool


@address("staff")
def wording(request: HttpRequest) -> HttpResponse:
    """Kinds of what the guard may find, and the rules of the one that was chosen."""
    place, laws = law_of(request)
    newest = packs.wording_newest(place)
    guarding = newest.guarding
    kinds = sorted(guarding.kinds, key=lambda kind: kind.rank)
    chosen = next((kind for kind in kinds if kind.id == request.GET.get("kind", "")), kinds[0] if kinds else None)
    counts = {kind.id: sum(rule.kind == kind.id for rule in guarding.rules) for kind in kinds}
    context = {
        "pages": rules_pages(request.profile, "wording"),
        "laws": laws,
        "law": place,
        "kinds": [(kind, counts[kind.id], chosen is not None and kind.id == chosen.id) for kind in kinds],
        "kind": chosen,
        "kind_places": places(dict(chosen.levels)) if chosen else [],
        "kind_basis": chosen.basis.get(place, "") if chosen else "",
        "never": [surface_word(code) for code in chosen.never_cleared] if chosen else [],
        "rules": [_shown(rule, guarding, place) for rule in guarding.rules if chosen and rule.kind == chosen.id],
        "packs": [pack for pack in packs.packs_active() if pack.kind == "wording"],
    }
    return render(request, "desk/wording.html", context)


def _shown(rule: GuardRule, guarding: Guarding, place: str) -> ShownRule:
    return ShownRule(
        id=rule.id,
        looks=[frame_words(line, guarding) for line in rule.frames[:3]],
        more=max(0, len(rule.frames) - 3),
        places=rule_places(rule, guarding),
        fires=[_text(each) for each in rule.fires[:3]],
        quiet=[_text(each) for each in rule.quiet[:3]],
        why=str(rule.why) if rule.why else "",
        basis=rule.basis.get(place, ""),  # type: ignore[call-overload]
        missing=rule.missing,
    )


def _text(example: str | Example) -> str:
    return example if isinstance(example, str) else example.text


# --- our own -------------------------------------------------------------------------------------------------------


@address("staff")
def own(request: HttpRequest) -> HttpResponse:
    """The clinic's own rules and words."""
    writable = _writable(request.profile)
    return _own_page(request, OwnWordForm(places=writable) if writable else None)


@address("staff", methods=("POST",), roles=WRITERS)
def own_word_add(request: HttpRequest) -> HttpResponse:
    """Something that is the clinic's own from now on."""
    form = OwnWordForm(request.POST, places=_writable(request.profile))
    if form.is_valid() and attempt(form, lambda: _word_added(request, form.cleaned_data)):
        messages.success(request, _("已加入，從現在起寫在文字裡不算病人資料。"))
        return redirect("desk:own_rules")
    return _own_page(request, form)


def _own_page(request: HttpRequest, form: OwnWordForm | None) -> HttpResponse:
    rows = own_rules(request.profile)
    context = {
        "pages": rules_pages(request.profile, "own_rules"),
        "rules": [_row(row) for row in rows if row.state != "ended"],
        "ended": [_row(row) for row in rows if row.state == "ended"],
        "words": [(row, allow_word(row.kind), may_at(request.profile, WRITE, row.branch)) for row in own_words_listed(request.profile)],
        "form": form,
    }
    return render(request, "desk/own_rules.html", context, status=422 if form is not None and form.errors else 200)


def _word_added(request: HttpRequest, given: dict[str, Any]) -> Any:
    return allow_add(
        kind=given["kind"],
        words=given["words"],
        why=given["why"],
        branch=_place(request.profile, given.get("place", "")),
        actor=request.actor,
        now=request.now,
    )


@address("staff", methods=("POST",), roles=WRITERS)
def own_word_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    """No longer ours."""
    entry = own_word_for(request.profile, uid)
    allow_end(entry=entry, why=request.POST.get("why", ""), actor=request.actor, now=request.now)
    messages.success(request, _("已移除。"))
    return redirect("desk:own_rules")


@address("staff", methods=("GET", "POST"), roles=WRITERS)
def own_rule_new(request: HttpRequest) -> HttpResponse:
    """Write a rule."""
    writable = _writable(request.profile)
    return _written(request, None, OwnRuleForm(request.POST or None, guarding=_guarding(None), places=writable))


@address("staff", methods=("GET", "POST"), roles=WRITERS)
def own_rule_write(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change a draft; of what is live, write the next version."""
    rule = own_rule_for(request.profile, uid)
    require(may_at(request.profile, WRITE, rule.branch))
    if rule.state == "ended":
        raise NotHere()
    return _written(request, rule, OwnRuleForm(request.POST or None, guarding=_guarding(rule), places=[], rule=rule))


def _written(request: HttpRequest, rule: ClinicRule | None, form: OwnRuleForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        saved = rule_attempt(form, lambda: _saved(request, rule, form))
        if saved is not None:
            messages.success(request, _("已存成草稿。試跑過、由另一位同事啟用之後才會生效。"))
            return redirect("desk:own_rule", saved.uid)
    guarding = _guarding(rule)
    lists = [(one.id, "、".join(list_words(one.id, guarding)[:6])) for one in guarding.words]
    context = {
        "form": form,
        "rule": rule,
        "lists": list(dict(lists).items()),
        "back": reverse("desk:own_rule", args=[rule.uid]) if rule else reverse("desk:own_rules"),
    }
    return render(request, "desk/own_rule_write.html", context, status=422 if form.errors else 200)


def _saved(request: HttpRequest, rule: ClinicRule | None, form: OwnRuleForm) -> ClinicRule:
    who = {"actor": request.actor, "now": request.now}
    if rule is None:
        place = _place(request.profile, form.cleaned_data.get("place", ""))
        return clinic_rule_draft(wanted=form.wanted(), branch=place, **who)
    if rule.state == "live":
        return clinic_rule_draft(wanted=form.wanted(), branch=rule.branch, replaces=rule, **who)
    return clinic_rule_change(rule=rule, wanted=form.wanted(), **who)


@address("staff", roles=MEMBER_ROLES)
def own_rule(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One version: what it looks for, where it counts, what its try-out showed."""
    return _rule_page(request, own_rule_for(request.profile, uid))


@address("staff", methods=("POST",), roles=WRITERS)
def own_rule_do(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Try it, put it live, end it."""
    rule = own_rule_for(request.profile, uid)
    try:
        _done(request, rule)
    except Refusal as refused:
        if refused.status in (403, 404):
            raise
        return _rule_page(request, own_rule_for(request.profile, uid), refused)
    return redirect("desk:own_rule", rule.uid)


def _rule_page(request: HttpRequest, rule: ClinicRule, refused: Refusal | None = None) -> HttpResponse:
    writes = bool(may_at(request.profile, WRITE, rule.branch))
    tryout = newest_try(rule) if writes else None
    shown = _hits(request, rule, tryout) if tryout is not None and tryout.finished_at else []
    context = {
        **_row(rule),
        "may": writes,
        "looks": [frame_words(line, _guarding(rule)) for line in rule.frames],
        "unreadable": _unreadable(rule),
        "kind_name": kind_name(rule.kind),
        "versions": [row for row in versions_of(rule) if row.pk != rule.pk],
        "tryout": tryout,
        "hits": shown,
        "meaning": _meaning(tryout) if tryout is not None and tryout.finished_at else [],
        "mine": rule.written_by_id == request.actor.user_id,
        "why": request.POST.get("why", ""),
        "refused": refused,
    }
    return render(request, "desk/own_rule.html", context, status=refused.status if refused else 200)


def _done(request: HttpRequest, rule: ClinicRule) -> None:
    who = {"actor": request.actor, "now": request.now}
    match request.POST.get("do", ""):
        case "try":
            begun = rule_try(rule=rule, **who)
            if begun.planned <= AT_ONCE:
                tryout_read(tryout=begun, now=request.now)
        case "live":
            clinic_rule_activate(rule=rule, **who)
            messages.success(request, _("已啟用，從下一次檢查開始算。"))
        case "end":
            clinic_rule_end(rule=rule, why=request.POST.get("why", ""), **who)
            messages.success(request, _("已停用。"))
        case _other:
            raise OwnMovedMeanwhile()


# --- shapes --------------------------------------------------------------------------------------------------------


def state_word(state: str) -> str:
    return {"draft": _("草稿"), "tried": _("試跑過"), "live": _("使用中"), "ended": _("已停用")}.get(state, state)


def _row(rule: ClinicRule) -> dict[str, Any]:
    tags = {"draft": "outline", "tried": "wait", "live": "done", "ended": "sand"}
    return {"rule": rule, "state": state_word(rule.state), "tag": tags[rule.state], "places": places(rule.levels)}


def _guarding(rule: ClinicRule | None) -> Guarding:
    place = place_of(rule) if rule is not None else branches()[0]
    return packs.wording_newest(place.jurisdiction).guarding


def kind_name(code: str) -> str:
    """As the packs call it; one that they know no more stands for itself."""
    kind = _guarding(None).kind_of.get(code)
    return str(kind.name) if kind else code


def _unreadable(rule: ClinicRule) -> bool:
    """A newer pack no longer knows a kind or a list it is made of: it finds nothing until it is written anew."""
    if rule.state == "ended":
        return False
    found = troubles_of(rule.code, wanted_of(rule), rule.branch)
    return any(each.field in ("kind", "frames") for each in found)


def _writable(profile: ActorProfile) -> list[tuple[str, str]]:
    every = list(branches())
    may = branches_for(profile, WRITE)
    here = [place for place in every if may is None or place.pk in may]
    return scopes(here, everywhere=len(here) == len(every))


def _place(profile: ActorProfile, code: str) -> Branch | None:
    """The branch chosen; None: everywhere. With one to write for, nothing is asked."""
    if code == EVERYWHERE:
        return None
    writable = [known for known, _name in _writable(profile) if known != EVERYWHERE]
    chosen = code or (writable[0] if writable else "")
    found = branches().filter(code=chosen).first()
    if found is None:
        raise NotHere()
    return found


def _hits(request: HttpRequest, rule: ClinicRule, tryout: TryOut) -> list[dict[str, Any]]:
    """What would have been held, as far as the reader may read it today."""
    ids = [hit["text"] for hit in tryout.hits if hit["text"]]
    readable = words_shown(request.profile, ids) if ids else {}
    shown = []
    for hit in tryout.hits:
        if hit["what"] in SHIPPED:
            title, body = shipped_body(place_of(rule), hit["what"], hit["ref"])
            reference = ""
        else:
            reference, body = readable.get(hit["text"], ("", ""))
            title = ""
        if body:
            shown.append({**hit, "title": title, "reference": reference, "pieces": pieces(body, hit["spans"]), **_said(hit)})
    if ids:
        seen = [each["reference"] for each in shown if each["reference"]]
        access.seen(request.actor, "rules.tryout", at=request.now, shown=seen)
    return shown


def _said(hit: dict[str, Any]) -> dict[str, str]:
    what = {
        "message": _("送出的訊息"),
        "acknowledgement": _("受理通知"),
        "disclosure": _("調查說明"),
        "skeleton": _("隨附的安全寫法"),
        "template": _("隨附的範本"),
    }
    return {"word": level_word(hit["level"]), "what_word": what.get(hit["what"], hit["what"]), "where": surface_word(hit["surface"])}


def pieces(body: str, spans: list[list[int]]) -> list[tuple[str, bool]]:
    """The words around what was found; (words, whether they were found)."""
    found: list[tuple[str, bool]] = []
    at = max(0, min(start for start, _end in spans) - AROUND)
    if at:
        found.append(("…", False))
    for start, end in sorted(spans):
        if start < at:
            continue
        if start - at > 2 * AROUND:
            found += [(body[at : at + AROUND] + "…" + body[start - AROUND : start], False)]
        else:
            found.append((body[at:start], False))
        found.append((body[start:end], True))
        at = end
    found.append((body[at : at + AROUND] + ("…" if len(body) > at + AROUND else ""), False))
    return [(words, hit) for words, hit in found if words]


def _meaning(tryout: TryOut) -> list[str]:
    """What the figures say, in sentences."""
    n = tryout.counts
    if not n["read"]:
        said = [_("您看得到的範圍裡還沒有送出過的文字可以試，只試了隨附的範本。")]
    elif not n["held"]:
        said = [_("過去送出的 %(read)s 段文字，一段都不會被這條規則碰到。") % n]
    else:
        said = [_("過去送出的 %(read)s 段文字裡，有 %(held)s 段會碰到這條規則。") % n]
        if n["doubtful"]:
            said.append(_("其中 %(doubtful)s 段，其他規則都認為沒有問題：請逐段看，是這條規則抓到了新的問題，還是誤報。") % n)
        if n["held"] * 5 > n["read"] and n["read"] >= 10:
            said.append(_("每五段就碰到不只一段，範圍很可能太寬，同事會習慣略過提醒。"))
    if n["shipped_held"]:
        said.append(_("隨附的安全範本有 %(shipped_held)s 段也會被擋下，請先改窄一點。") % n)
    else:
        said.append(_("隨附的 %(shipped_read)s 段安全範本都不受影響。") % n)
    return said
