"""Words before everybody: written and frozen, posted in the clinic's own name, and what became of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.accounts.labels import who_label
from suyuan.accounts.models import Branch
from suyuan.accounts.rules import HOUSE_MOVES, MANAGERS, ActorProfile, Role, branches_for
from suyuan.accounts.selectors import branches as all_branches
from suyuan.cases import selectors as cases_read
from suyuan.cases.models import Case
from suyuan.cases.selectors.clearing import last_words_of
from suyuan.cases.selectors.door import allowed_moves
from suyuan.cases.selectors.publishing import Spoken, spoken_everywhere, spoken_in, spoken_of
from suyuan.cases.services import publishing
from suyuan.cases.services.wording import CLEAR_PUBLIC, nobody_left, vote_role, words_decide
from suyuan.correspondence.models import Clearance, Message, OwnName, Posting
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.public_selectors import (
    own_name_for,
    own_names,
    own_names_listed,
    platform_name,
    posting_in,
)
from suyuan.correspondence.rules import State
from suyuan.correspondence.rules.guard import BY_LEGAL, waits_for
from suyuan.correspondence.rules.guard import State as Asked
from suyuan.correspondence.rules.public import OTHER, before_approval
from suyuan.correspondence.services import own_name_add, own_name_end
from suyuan.correspondence.services.clearing import votes_of, writers_of
from suyuan.correspondence.services.publishing import KEEP
from suyuan.desk import guarding, shapes, template_pick
from suyuan.desk.fields import attempt
from suyuan.desk.noting import noted
from suyuan.desk.public_forms import CaptureForm, EndedForm, OwnNameForm, PostedForm, PublicForm
from suyuan.desk.services import posting_captured, public_asked, public_frozen
from suyuan.desk.uploads import file_of_a_form
from suyuan.desk.wording_forms import EVERYWHERE, scopes
from suyuan.evidence.models import Item
from suyuan.evidence.selectors.items import items_of
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import Refusal
from suyuan.platform import access
from suyuan.platform.addresses import address
from suyuan.platform.files import STAFF_TYPES

CAPTURES = frozenset(code for code in STAFF_TYPES if code.startswith("image/")) | {"application/pdf"}
KEEPERS = HOUSE_MOVES[KEEP]
READERS = MANAGERS | {Role.LEGAL, Role.PUBLIC_RELATIONS, Role.AUDITOR}


# --- lists ---------------------------------------------------------------------------------------------------------


@address("staff", roles=READERS)
def everything(request: HttpRequest) -> HttpResponse:
    """What is approved and not yet posted, what still waits, and what stands out there, of every case the reader sees."""
    found, more = spoken_everywhere(request.profile)
    references = list(dict.fromkeys(each.case.reference for each in found))
    access.seen(request.actor, "public", at=request.now, purpose="read", shown=references)
    context = {"groups": _grouped(found), "more": more, "now": request.now, "named": True, "any": bool(found)}
    return render(request, "desk/public_all.html", context)


@address("staff", move="public_read")
def of_case(request: HttpRequest, reference: str) -> HttpResponse:
    """Everything public of one case."""
    found = cases_read.case_for(request.profile, reference, to="public_read")
    noted(request, found, "case.public")
    allowed = allowed_moves(request.profile, found)
    spoken = spoken_of(found)
    context = {
        **_head(request, found, allowed),
        "groups": _grouped(spoken),
        "any": bool(spoken),
        "names": _names(found.branch_id),
        "may_write": publishing.WRITE in allowed,
        "now": request.now,
    }
    with timezone.override(found.branch.tz):
        return render(request, "desk/public_case.html", context)


def _head(request: HttpRequest, found: Case, allowed: frozenset[str]) -> dict[str, Any]:
    narrated = cases_read.narrated_for(request.profile, found)
    return {
        "case": found,
        "narrated": narrated,
        "heading": shapes.heading(found, narrated),
        "pages": shapes.pages(found, allowed, "public"),
    }


def _names(branch_id: int) -> list[tuple[str, OwnName]]:
    language = get_language() or "zh-hant"
    return [(platform_name(row, language), row) for row in own_names(branch_id)]


def _grouped(spoken: list[Spoken]) -> list[dict[str, Any]]:
    """What somebody has to do comes first."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in spoken:
        groups.setdefault(_standing(each), []).append(_line(each))
    titles = {
        "ready": _("已定稿，還沒有發表"),
        "waiting": _("等同事核准"),
        "draft": _("草稿"),
        "live": _("正在公開的"),
        "over": _("已經撤下或換掉的"),
    }
    return [{"code": code, "title": title, "lines": groups[code]} for code, title in titles.items() if code in groups]


def _standing(each: Spoken) -> str:
    match each.message.state:
        case State.DRAFT:
            return "draft"
        case State.WAITING:
            return "waiting"
        case State.QUEUED:
            return "ready"
    return "live" if each.live else "over"


def _line(each: Spoken) -> dict[str, Any]:
    row = each.message
    return {
        "url": reverse("desk:public_text", args=[each.case.reference, row.uid]),
        "reference": each.case.reference,
        "words": row.words,
        "surface": surface_word(row.surface),
        "at": row.sent_at or row.queued_at or row.created_at,
        "state": state_word(_standing(each)),
        "tag": {"ready": "wait", "waiting": "wait", "draft": "outline", "live": "done", "over": "sand"}[_standing(each)],
        "places": [_place(posting) for posting in each.live],
    }


def state_word(code: str) -> str:
    words = {
        "ready": _("等人發表"), "waiting": _("等核准"), "draft": _("草稿"), "live": _("公開中"), "over": _("已不在那裡"),
    }  # fmt: skip
    return words[code]


def _place(posting: Posting) -> dict[str, Any]:
    own = posting.account
    return {
        "row": posting,
        "platform": platform_name(own, get_language() or "zh-hant"),
        "name": own.name,
        "early": posting.message.queued_at is not None and before_approval(posting.posted_at, posting.message.queued_at),
        "instead": posting.instead_of.message if posting.instead_of_id else None,
        "successor": getattr(posting, "successor", None) if posting.state == "replaced" else None,
        "state": {"live": _("公開中"), "replaced": _("已換掉"), "down": _("已撤下")}[posting.state],
        "tag": {"live": "done", "replaced": "sand", "down": "late"}[posting.state],
    }


# --- writing -------------------------------------------------------------------------------------------------------


@address("staff", move="public_write", methods=("GET", "POST"))
def write(request: HttpRequest, reference: str) -> HttpResponse:
    """Begin words for everybody."""
    return _write(request, cases_read.case_for(request.profile, reference, to="public_write"), None)


@address("staff", move="public_write", methods=("GET", "POST"))
def rewrite(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Go on with a draft."""
    found = cases_read.case_for(request.profile, reference, to="public_write")
    spoken = spoken_in(found, uid)
    if spoken.message.state != State.DRAFT:
        return redirect("desk:public_text", reference=found.reference, uid=uid)
    return _write(request, found, spoken.message)


def _write(request: HttpRequest, found: Case, draft: Message | None) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    looking = template_pick.asked(posted) or guarding.asked_only(posted)
    form = PublicForm(None if looking else posted, draft=draft)
    if looking:
        guarding.typed(form, posted)
    shelf = template_pick.shelf_in_public(form, found, posted, draft.templates if draft else (), request.now)
    place = guarding.Place(found.branch, found.stream, form.surface, _reply(form), found.branch.language, askable=True)
    form.fields["words"].guarded = form.surface
    guarding.look(form, place, posted if looking else None)
    narrated = cases_read.narrated_for(request.profile, found)
    noted(request, found, "case.public_write")
    status = 200
    if posted is not None and not looking:
        done = _sent(request, found, draft, form, place)
        if done is not None:
            return done
        refused = getattr(form, "refused", None)
        status = refused.status if refused is not None else 422
    with timezone.override(found.branch.tz):
        context = {
            **_head(request, found, allowed_moves(request.profile, found)),
            "form": form,
            "draft": draft,
            "shelf": shelf,
            "incoming": last_words_of(found) if narrated else None,
            "narrative": found.narrative.body if narrated and found.narrative_id else "",
            "principles": guarding.principles(place, (), ""),
            "back_url": _back(found, draft),
            "guarded": True,
            "now": request.now,
        }
        return render(request, "desk/public_write.html", context, status=status)


def _reply(form: PublicForm) -> str:
    return str(form["reply_to"].value() or "")


def _back(found: Case, draft: Message | None) -> str:
    if draft is None:
        return reverse("desk:public_case", args=[found.reference])
    return reverse("desk:public_text", args=[found.reference, draft.uid])


def _sent(request: HttpRequest, found: Case, draft: Message | None, form: PublicForm, place: guarding.Place) -> HttpResponse | None:
    """Kept as a draft, frozen, or put by for colleagues; None: the form comes back with what was found."""
    who = {"case": found, "actor": request.actor, "now": request.now}
    why = request.POST.get(guarding.WHY, "")
    if not form.is_valid():
        return None

    def kept() -> Message:
        data = form.cleaned_data
        return publishing.public_draft(
            surface=data["surface"],
            reply_to=data["reply_to"],
            words=data["words"],
            templates=template_pick.begun_from(request.POST, found.jurisdiction),
            draft=draft,
            edition=data.get("edition"),
            **who,
        )

    if request.POST.get("do") == "keep":
        row, said = attempt(form, kept), _("草稿已存下。")
    elif guarding.CLEAR in request.POST:
        row, said = attempt(form, lambda: public_asked(kept=kept, why=why, **who)), _("已送交核准。核准後就定稿，等人發表。")
    else:
        row, said = attempt(form, lambda: public_frozen(kept=kept, **who)), _("已定稿。發表之後，請回來記下在哪裡。")
    if row is None:
        guarding.held_at(form, place)
        return None
    messages.success(request, said)
    return redirect("desk:public_text", reference=found.reference, uid=row.uid)


# --- one text ------------------------------------------------------------------------------------------------------


@address("staff", move="public_read")
def text(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The words, their verdict and who agreed, where they stand, and how they get there."""
    found = cases_read.case_for(request.profile, reference, to="public_read")
    return _text_page(request, found, spoken_in(found, uid))


def _text_page(request: HttpRequest, found: Case, spoken: Spoken, *, reason: str = "", refused: Refusal | None = None) -> HttpResponse:
    row = spoken.message
    noted(request, found, "case.public_text", more=[f"message:{row.uid}"])
    allowed = allowed_moves(request.profile, found)
    place = guarding.Place(found.branch, found.stream, row.surface, row.reply_to, found.branch.language)
    shown = guarding.said(place, row.words, templates=tuple(row.templates)) if row.words else None
    standing = _standing(spoken)
    asked = row.clearances.select_related("asked_by").order_by("-id").first()
    context = {
        **_head(request, found, allowed),
        "row": row,
        "sha256": row.text.sha256 if row.text_id and row.state not in (State.DRAFT, State.WAITING) else "",
        "surface": surface_word(row.surface),
        "standing": standing,
        "state": state_word(standing),
        "said": shown,
        "marked": guarding.marked(row.words, shown["findings"] if shown else ()),
        "postings": [_place(posting) for posting in spoken.postings],
        "may_write": publishing.WRITE in allowed,
        "may_post": publishing.POST in allowed and standing in ("ready", "live", "over"),
        "may_see_files": "identity" in allowed,
        "names": _names(found.branch_id),
        "reason": reason,
        "refused": refused,
        "now": request.now,
        **_asking(request, found, asked, allowed, place, row),
    }
    status = refused.status if refused is not None else 200
    with timezone.override(found.branch.tz):
        return render(request, "desk/public_text.html", context, status=status)


def _asking(
    request: HttpRequest, found: Case, asked: Clearance | None, allowed: frozenset[str], place: guarding.Place, row: Message
) -> dict[str, Any]:
    """What colleagues were asked about these words, and whether the reader is one of those who answer."""
    if asked is None:
        return {"asked": None, "votes": []}
    votes = votes_of(asked)
    still = asked.state == Asked.OPEN
    return {
        "asked": asked,
        "votes": [(vote, who_label(vote.role)) for vote in asked.votes.select_related("by").order_by("id")],
        "missing": _("、").join(str(who_label(r)) for r in waits_for(asked.needs, asked.surface, votes)) if still else "",
        "may_vote": still and CLEAR_PUBLIC in allowed and bool(vote_role(request.profile, found, asked)),
        "mine": request.user.pk in writers_of(asked),
        "alone": still and nobody_left(found, place.words(row.words, tuple(row.templates)), Actor("user", "", asked.asked_by_id), request.now),
        "by_legal": asked.needs in BY_LEGAL,
        "may_invite": "guest_invite" in allowed,
    }


@address("staff", move="public_clear", methods=("POST",))
def decide(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """A colleague's yes or no to words for everybody."""
    found = cases_read.case_for(request.profile, reference, to="public_clear")
    spoken = spoken_in(found, uid)
    reason, yes = request.POST.get("reason", ""), request.POST.get("yes") == "1"
    if spoken.waits is None:
        return redirect("desk:public_text", reference=found.reference, uid=uid)
    try:
        row = words_decide(case=found, clearance=spoken.waits, yes=yes, reason=reason, actor=request.actor, now=request.now)
    except Refusal as refused:
        if refused.status in (403, 404):
            raise
        return _text_page(request, found, spoken_in(found, uid), reason=reason, refused=refused)
    done = {Asked.OPEN: _("已記下，還要另一位同事同意。"), Asked.GIVEN: _("已核准，這段話定稿了，可以發表。")}
    messages.success(request, done.get(row.state) or _("已記下不核准，寫的人會看到理由。"))
    return redirect("desk:public_text", reference=found.reference, uid=uid)


@address("staff", move="public_write", methods=("POST",))
def move(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Back to a draft, or given up."""
    found = cases_read.case_for(request.profile, reference, to="public_write")
    spoken = spoken_in(found, uid)
    what = {"back": publishing.public_take_back, "drop": publishing.public_give_up}.get(request.POST.get("do", ""))
    if what is None:
        return redirect("desk:public_text", reference=found.reference, uid=uid)
    try:
        what(case=found, message=spoken.message, actor=request.actor, now=request.now)
    except Refusal as refused:
        if refused.status in (403, 404):
            raise
        return _text_page(request, found, spoken_in(found, uid), refused=refused)
    if what is publishing.public_give_up:
        messages.success(request, _("草稿已放棄。"))
        return redirect("desk:public_case", reference=found.reference)
    messages.success(request, _("已收回，又是草稿了。改好之後要再檢查一次。"))
    return redirect("desk:public_text", reference=found.reference, uid=uid)


# --- posted, and after ---------------------------------------------------------------------------------------------


@address("staff", move="public_post", methods=("GET", "POST"))
def posted(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Somebody posted the frozen words: where, when, in which of our names."""
    found = cases_read.case_for(request.profile, reference, to="public_post")
    spoken = spoken_in(found, uid)
    if spoken.message.state not in (State.QUEUED, State.SENT):
        return redirect("desk:public_text", reference=found.reference, uid=uid)
    given = request.POST if request.method == "POST" else None
    form = PostedForm(given, case=found, items=_readable(request, found), now=request.now)
    noted(request, found, "case.public_posted", more=[f"message:{uid}"])
    if given is not None and form.is_valid() and attempt(form, lambda: _record(request, found, spoken.message, form)):
        messages.success(request, _("已記下發表在哪裡。"))
        return redirect("desk:public_text", reference=found.reference, uid=uid)
    context = {**_head(request, found, frozenset()), "row": spoken.message, "form": form, "names_url": reverse("desk:own_names")}
    with timezone.override(found.branch.tz):
        return render(request, "desk/public_posted.html", context, status=_status(form, given))


def _record(request: HttpRequest, found: Case, row: Message, form: PostedForm) -> Posting:
    data = form.cleaned_data
    return publishing.public_post(
        case=found,
        message=row,
        account=data["account"],
        posted_at=data["posted_at"],
        address=data["address"],
        place=data["place"],
        capture=data.get("capture"),
        sha256=request.POST.get("sha256", ""),
        actor=request.actor,
        now=request.now,
    )


@address("staff", move="public_post", methods=("GET", "POST"))
def ended(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Other words stand there now, or nothing does."""
    found = cases_read.case_for(request.profile, reference, to="public_post")
    row = posting_in(found.stream, uid)
    if row.state != "live":
        return redirect("desk:public_text", reference=found.reference, uid=row.message.uid)
    others = [each.message for each in spoken_of(found) if each.message.state in (State.QUEUED, State.SENT)]
    others = [each for each in others if each.pk != row.message_id]
    given = request.POST if request.method == "POST" else None
    form = EndedForm(given, case=found, posting=row, others=others, items=_readable(request, found), now=request.now)
    noted(request, found, "case.public_ended", more=[f"message:{row.message.uid}"])
    if given is not None and form.is_valid():
        after = attempt(form, lambda: _end(request, found, row, form))
        if after is not None:
            messages.success(request, _("已記下。"))
            return redirect("desk:public_text", reference=found.reference, uid=after.message.uid)
    context = {**_head(request, found, frozenset()), "place": _place(row), "form": form, "row": row.message}
    with timezone.override(found.branch.tz):
        return render(request, "desk/public_ended.html", context, status=_status(form, given))


def _end(request: HttpRequest, found: Case, row: Posting, form: EndedForm) -> Posting:
    data = form.cleaned_data
    said = {"happened_at": data["happened_at"], "why": data["why"], "actor": request.actor, "now": request.now}
    if data["what"] != "replaced":
        return publishing.public_take_down(case=found, posting=row, whose=data["what"], **said)
    by = next(each for each in form.others if str(each.uid) == data["by"])
    return publishing.public_replace(
        case=found, posting=row, message=by, sha256=by.text.sha256, capture=data.get("capture"), **said
    )


@address("staff", move="public_post", methods=("GET", "POST"))
def capture(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """What it looked like there, added later."""
    found = cases_read.case_for(request.profile, reference, to="public_post")
    row = posting_in(found.stream, uid)
    given = request.POST if request.method == "POST" else None
    form = CaptureForm(given, request.FILES or None, items=_readable(request, found))
    noted(request, found, "case.public_capture", more=[f"message:{row.message.uid}"])
    if given is not None and form.is_valid() and attempt(form, lambda: _captured(request, found, row, form)):
        messages.success(request, _("畫面已加上，也成為證物。"))
        return redirect("desk:public_text", reference=found.reference, uid=row.message.uid)
    context = {**_head(request, found, frozenset()), "place": _place(row), "form": form, "row": row.message}
    with timezone.override(found.branch.tz):
        return render(request, "desk/public_capture.html", context, status=_status(form, given))


def _captured(request: HttpRequest, found: Case, row: Posting, form: CaptureForm) -> Posting:
    data = form.cleaned_data
    received = file_of_a_form(data["file"], CAPTURES) if data.get("file") else None
    return posting_captured(
        case=found, posting=row, received=received, item=data.get("capture"), actor=request.actor, now=request.now
    )


def _readable(request: HttpRequest, found: Case) -> list[Item]:
    """Files that could be what it looked like, for those who read the case's files."""
    if "identity" not in allowed_moves(request.profile, found):
        return []
    return list(items_of(found.stream, cases_read.compartments_for(request.profile, found)))


def _status(form: Any, given: QueryDict | None) -> int:
    refused = getattr(form, "refused", None)
    return refused.status if refused is not None else (422 if given is not None and form.errors else 200)


# --- in whose name -------------------------------------------------------------------------------------------------


@address("staff")
def names(request: HttpRequest) -> HttpResponse:
    """By which accounts the clinic speaks. Whatever is not on this list is not the clinic."""
    return _names_page(request, _name_form(request, None))


@address("staff", methods=("POST",), roles=KEEPERS)
def name_add(request: HttpRequest) -> HttpResponse:
    """One more official account."""
    form = _name_form(request, request.POST)
    if form is not None and form.is_valid() and attempt(form, lambda: _name_added(request, form.cleaned_data)):
        messages.success(request, _("已加進官方帳號清單。"))
        return redirect("desk:own_names")
    return _names_page(request, form)


@address("staff", methods=("POST",), roles=KEEPERS)
def name_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    """We speak by it no longer."""
    own = own_name_for(request.profile, uid)
    own_name_end(own=own, why=request.POST.get("why", ""), actor=request.actor, now=request.now)
    messages.success(request, _("已停用。"))
    return redirect("desk:own_names")


def _kept_branches(profile: ActorProfile) -> list[Branch]:
    may = branches_for(profile, KEEP)
    return [branch for branch in all_branches() if may is None or branch.pk in may]


def _name_form(request: HttpRequest, given: QueryDict | None) -> OwnNameForm | None:
    here = _kept_branches(request.profile)
    if not here:
        return None
    places = scopes(here, everywhere=len(here) == len(list(all_branches())))
    return OwnNameForm(given, places=places, branches=here)


def _name_added(request: HttpRequest, data: dict[str, Any]) -> OwnName:
    here = _kept_branches(request.profile)
    chosen = data.get("place", "")
    branch = None if chosen == EVERYWHERE else next((each for each in here if each.code == chosen), here[0])
    return own_name_add(
        platform=data["platform"],
        elsewhere=data["elsewhere"] if data["platform"] == OTHER else "",
        name=data["name"],
        address=data["address"],
        branch=branch,
        actor=request.actor,
        now=request.now,
    )


def _names_page(request: HttpRequest, form: OwnNameForm | None) -> HttpResponse:
    keeps = {branch.pk for branch in _kept_branches(request.profile)}
    every = len(list(all_branches()))
    language = get_language() or "zh-hant"
    rows = [
        {
            "row": row,
            "platform": platform_name(row, language),
            "where": row.branch.name(language) if row.branch else _("全部院所"),
            "may_end": row.ended_at is None and (row.branch_id in keeps if row.branch_id else len(keeps) == every),
        }
        for row in own_names_listed(request.profile)
    ]
    context = {
        "rows": [each for each in rows if each["row"].ended_at is None],
        "ended": [each for each in rows if each["row"].ended_at is not None],
        "form": form,
        "several": every > 1,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "desk/own_names.html", context, status=status)
