"""The form: written in three minutes with one hand, saved as one writes, sent once."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.accounts.selectors import day_in
from suyuan.cases.models import Promise
from suyuan.kernel.refusal import BadInput
from suyuan.platform import files, idempotency
from suyuan.platform.addresses import address
from suyuan.platform.idempotency import KeyMissing, KeyReused, KeyUsedUp, Token
from suyuan.platform.models import Upload
from suyuan.portal import http, rules
from suyuan.portal.forms import PURPOSE, ComplaintForm
from suyuan.portal.http import portal_page
from suyuan.portal.models import Draft
from suyuan.portal.proof import proof_of
from suyuan.portal.selectors import Kept, answers_for, draft_kept, draft_known
from suyuan.portal.services.drafts import draft_clear, draft_save
from suyuan.portal.services.intake import SCOPE, case_of, complaint_send
from suyuan.portal.services.pace import pace_left, pace_taken
from suyuan.portal.services.uploads import Refused, upload_remove, uploads_drop, uploads_from_form, uploads_named
from suyuan.portal.views.common import procedure_of, promised, public_base, show
from suyuan.portal.views.start import language_set
from suyuan.ui.qr import qr_svg

TOKENS, FILES = "upload", "files"


# --- pages ---------------------------------------------------------------------------------------------------------


@address("public", methods=("GET", "POST"), idempotent=True)
@portal_page
def write(request: HttpRequest, kiosk: bool = False) -> HttpResponse:
    token = http.draft_token(request, kiosk)
    if request.method != "POST":
        return _fresh(request, token, kiosk)
    if "language" in request.POST:
        return _in_another_language(request, token, kiosk)
    if "remove" in request.POST:
        upload_remove(owner=token, token=request.POST["remove"], now=request.now)
        return _kept_and_shown(request, token, kiosk, without=request.POST["remove"])
    if "save" in request.POST:
        return _kept_and_shown(request, token, kiosk)
    return _send(request, token, kiosk)


@address("public", methods=("POST",))
@portal_page
def save(request: HttpRequest, kiosk: bool = False) -> HttpResponse:
    """Called while somebody writes; answers with one line."""
    token = http.draft_token(request, kiosk)
    if not token:
        return show(request, "portal/saved.html", {"saved": None}, kiosk=kiosk)
    row = _keep(request, token, kiosk)
    return show(request, "portal/saved.html", {"saved": row, "slow": row is None}, kiosk=kiosk)


@address("public", methods=("POST",))
@portal_page
def clear(request: HttpRequest) -> HttpResponse:
    """Drop what is half written, with its files."""
    token = http.draft_token(request, kiosk=False)
    if token:
        draft_clear(token=token, now=request.now)
    response = HttpResponseRedirect(reverse("portal:start", args=[request.branch.portal_slug]))
    http.cookie_drop(response, http.DRAFT_COOKIE)
    return response


def again(request: HttpRequest, kiosk: bool) -> HttpResponse:
    """The same page with all its words, after the form's check failed: press once more, or allow cookies."""
    token = http.draft_token(request, kiosk) or http.token_new()
    # Nobody has shown that this came from our page, so nothing is written, not even a draft.
    form = _form(request, request.POST, kiosk)
    named, _missing = uploads_named(owner=token, tokens=request.POST.getlist(TOKENS), now=request.now)
    page = _page(request, form, named, kiosk, key=_key(request), note="late", status=403, lost_files=bool(request.FILES))
    http.draft_cookie_set(page, token, kiosk)
    return page


# --- the form, shown -----------------------------------------------------------------------------------------------


def _fresh(request: HttpRequest, token: str, kiosk: bool) -> HttpResponse:
    """Empty, or as it was left."""
    kept = draft_kept(token, request.now)
    form = _form(request, _posted(kept.fields) if kept is not None else None, kiosk, bound=False)
    here = list(files.uploads_of(token, request.now).filter(state="whole")) if kept is not None else []
    page = _page(request, form, here, kiosk, key=kept.key if kept else idempotency.new_key(), kept=kept)
    http.draft_cookie_set(page, token or http.token_new(), kiosk)
    return page


def _kept_and_shown(request: HttpRequest, token: str, kiosk: bool, without: str = "") -> HttpResponse:
    token = token or http.token_new()
    taken, refused = _files_in(request, token, kiosk)
    tokens = [t for t in request.POST.getlist(TOKENS) if t != without]
    named, missing = uploads_named(owner=token, tokens=tokens, now=request.now)
    row = _keep(request, token, kiosk)
    form = _form(request, request.POST, kiosk, bound=False)
    note = "unsaved" if row is None else "" if without else "saved"
    page = _page(request, form, named + taken, kiosk, key=_key(request), note=note, refused=refused, missing=missing)
    http.draft_cookie_set(page, token, kiosk)
    return page


def _in_another_language(request: HttpRequest, token: str, kiosk: bool) -> HttpResponse:
    """Keep the words, then show the page again in the other language."""
    token = token or http.token_new()
    if _keep(request, token, kiosk) is None:  # the words would not be there after the way round
        named, missing = uploads_named(owner=token, tokens=request.POST.getlist(TOKENS), now=request.now)
        form = _form(request, request.POST, kiosk, bound=False)
        return _page(request, form, named, kiosk, key=_key(request), note="unsaved", missing=missing, status=429)
    response = HttpResponseRedirect(request.path)
    http.draft_cookie_set(response, token, kiosk)
    return language_set(response, request.POST["language"])


def _page(
    request: HttpRequest,
    form: ComplaintForm,
    uploads: list[Upload],
    kiosk: bool,
    *,
    key: str,
    kept: Kept | None = None,
    note: str = "",
    refused: list[Refused] | None = None,
    missing: int = 0,
    lost_files: bool = False,
    wait: int = 0,
    status: int = 200,
) -> HttpResponse:
    slug = request.branch.portal_slug
    place = "kiosk_" if kiosk else ""
    context = {
        **promised(request),
        "form": form,
        "key": key,
        "kept": kept,
        "danger_case": kept.case if kept is not None and kept.case and not kept.case.is_complete else None,
        "uploads": [{"uid": u.uid, "name": files.upload_name(u), "size": u.expected} for u in uploads],
        "refused": refused or [],
        "missing": missing,
        "lost_files": lost_files,
        "note": note,
        "wait": wait,
        "limit": rules.NARRATIVE_LIMIT,
        "max_file": rules.FILE_LIMIT,
        "max_all": rules.ALL_FILES_LIMIT,
        "tus": reverse(f"portal:{place}files", args=[slug]),
        "save_url": reverse(f"portal:{place}save", args=[slug]),
    }
    return show(request, "portal/write.html", context, kiosk=kiosk, status=status)


def _form(request: HttpRequest, data: Any, kiosk: bool, *, bound: bool = True) -> ComplaintForm:
    """Bound: with its errors. Not bound: the same words shown as they are, nobody is corrected while still writing."""
    given = {
        "branch": request.branch,
        "procedure": procedure_of(request.branch),
        "today": day_in(request.branch.zone, request.now),
        "kiosk": kiosk,
    }
    if bound:
        return ComplaintForm(data, **given)
    form = ComplaintForm(**given)
    for name, field in form.fields.items():
        values = data.getlist(name) if data is not None else []
        if values:
            many = name in ("wishes", "need")
            form.initial[name] = values if many else values[-1]
        elif name == "about":
            field.initial = "self"
    return form


# --- the form, sent ------------------------------------------------------------------------------------------------


def _send(request: HttpRequest, token: str, kiosk: bool) -> HttpResponse:
    owner = token or http.token_new()
    try:
        once = _once(request, token)
        answer = idempotency.replay(once)
    except (KeyReused, KeyUsedUp):
        return _already(request, kiosk)
    if answer is not None:
        return receipt(request, answer, kiosk)

    kept = draft_kept(token, request.now)
    taken, refused = _files_in(request, owner, kiosk)
    named, missing = uploads_named(owner=owner, tokens=request.POST.getlist(TOKENS), now=request.now)
    form = _form(request, request.POST, kiosk)
    uploads = named + taken
    trouble = {"refused": refused, "missing": missing}

    wait = 0.0
    if form.is_valid() and not refused and not missing:
        place = http.place(request, "send")
        wait = pace_left(name=place, pace=rules.SEND_PACE, now=request.now)
        if not wait:
            try:
                sent = complaint_send(
                    form=form,
                    uploads=uploads,
                    token=once,
                    draft_token=owner,
                    kept=kept,
                    channel="on_site" if kiosk else "web",
                    language=get_language(),
                    now=request.now,
                )
            except (KeyUsedUp, files.UploadUsed):
                uploads_drop(taken)
                return _the_other_click(request, once, kiosk)
            except BadInput as refusal:
                form.add_error(None, refusal.message())
            else:
                pace_taken(name=place, pace=rules.SEND_PACE, now=request.now)
                uploads_drop(files.uploads_of(owner, request.now))
                return receipt(request, sent.as_answer(), kiosk)
    elif (missing or refused) and (other := _answer_of(once)):
        uploads_drop(taken)  # the others went with the first click
        return receipt(request, other, kiosk)

    _keep(request, owner, kiosk)
    status = 429 if wait else 422
    page = _page(request, form, uploads, kiosk, key=once.key, kept=kept, wait=round(wait + 0.5), status=status, **trouble)
    if wait:
        page["Retry-After"] = str(round(wait + 0.5))
    http.draft_cookie_set(page, owner, kiosk)
    return page


def _once(request: HttpRequest, caller: str) -> Token:
    """By which a second click is known. A form without its key counts as a new one."""
    digest = idempotency.body_digest(request)
    key = request.POST.get(idempotency.FIELD, "")
    try:
        return idempotency.token_of(scope=SCOPE, key=key, caller=caller, body_sha256=digest)
    except KeyMissing:
        return idempotency.token_of(scope=SCOPE, key=idempotency.new_key(), caller=caller, body_sha256=digest)


def _answer_of(once: Token) -> Mapping[str, Any] | None:
    try:
        return idempotency.replay(once)
    except (KeyReused, KeyUsedUp):
        return None


def _the_other_click(request: HttpRequest, once: Token, kiosk: bool) -> HttpResponse:
    """Somebody else's write came first: it was the same person's other click, or it was not."""
    answer = _answer_of(once)
    return receipt(request, answer, kiosk) if answer else _already(request, kiosk)


def _already(request: HttpRequest, kiosk: bool) -> HttpResponse:
    """This form became a case before. What was changed since is shown, so that it can be added there."""
    typed = rules.tidy(request.POST.get("narrative", ""))
    return show(request, "portal/already.html", {"typed": typed}, kiosk=kiosk, status=409)


def _files_in(request: HttpRequest, owner: str, kiosk: bool) -> tuple[list[Upload], list[Refused]]:
    lives = rules.KIOSK_DRAFT_LIVES if kiosk else rules.UPLOAD_LIVES
    posted, place = request.FILES.getlist(FILES), http.place_of(request, "form")
    return uploads_from_form(owner=owner, posted=posted, place=place, now=request.now, lives=lives)


def _keep(request: HttpRequest, token: str, kiosk: bool) -> Draft | None:
    """None when too many forms were begun from there lately; one that is kept already is always kept on."""
    name, begun = http.place(request, "draft"), draft_known(token)
    if not begun and pace_left(name=name, pace=rules.DRAFT_PACE, now=request.now):
        return None
    row = draft_save(
        token=token, branch=request.branch, fields=_fields(request), key=_key(request), now=request.now, kiosk=kiosk
    )
    if not begun:
        pace_taken(name=name, pace=rules.DRAFT_PACE, now=request.now)
    return row


def _key(request: HttpRequest) -> str:
    key = request.POST.get(idempotency.FIELD, "")
    return key if len(key) == 32 and key.isalnum() else idempotency.new_key()


_NAMES = frozenset(ComplaintForm.base_fields)


def _fields(request: HttpRequest) -> dict[str, list[str]]:
    """What belongs to the form, as it was typed."""
    return {
        name: [value.replace("\x00", "") for value in values]
        for name, values in request.POST.lists()
        if name in _NAMES or (name.startswith(PURPOSE) and len(name) < 80)
    }


def _posted(fields: Mapping[str, list[str]]):
    from django.http import QueryDict

    data = QueryDict(mutable=True)
    for name, values in fields.items():
        data.setlist(name, values)
    return data


# --- the receipt ---------------------------------------------------------------------------------------------------


def receipt(request: HttpRequest, answer: Mapping[str, Any], kiosk: bool) -> HttpResponse:
    """The page in their hands: what was received, by whom it is answered and by when, and two codes."""
    case = case_of(answer)
    branch, procedure = case.branch, procedure_of(case.branch)
    base = public_base(request)
    follow = f"{base}{reverse('portal:follow', args=[branch.portal_slug])}#{rules.fragment(case.reference, answer['secret'])}"
    proof = proof_of(case)
    promises = list(Promise.objects.held().filter(case=case).order_by("due_at", "id"))
    context = {
        "case": case,
        "secret": rules.secret_grouped(answer["secret"]),
        "file_count": answer.get("files", 0),
        "asked": [str(k.name) for k in procedure.kinds_of("remedies") if k.id in case.wishes],
        "contact": answers_for(branch, request.now, case),
        "promises": promises,
        "steps": _next(case, promises, procedure),
        "qr_follow": qr_svg(follow, _("查進度的二維碼")),
        "proof": proof,
        "qr_proof": qr_svg(f"{base}{reverse('portal:proof')}#{proof.compact}", _("證明的二維碼")) if proof else "",
        "loopback": not settings.PUBLIC_URL,
        "channels": procedure.channels_of(branch.jurisdiction),
    }
    request.branch = branch
    return show(request, "portal/receipt.html", context, kiosk=kiosk)


def _next(case, promises: list[Promise], procedure) -> list[dict[str, Any]]:
    """Received, then what we promised with its date, then the steps that have none yet."""
    steps: list[dict[str, Any]] = [{"what": str(procedure.stage("received").plain), "state": "done", "at": case.received_at}]
    coded = {promise.code for promise in promises}
    by_clock = {step.clock: step for step in procedure.promise.steps if step.clock}
    for place, promise in enumerate(promises):
        step = by_clock.get(promise.code)
        steps.append(
            {
                "what": str(step.title) if step else promise.words,
                "note": str(step.text) if step else "",
                "due": promise.due_at,
                "state": "current" if place == 0 else "ahead",
            }
        )
    for step in procedure.promise.steps:
        if step.clock and step.clock not in coded:  # what has no clock is done by giving this page
            steps.append({"what": str(step.title), "when": str(procedure.within(step)), "note": str(step.text), "state": "ahead"})
    return steps


