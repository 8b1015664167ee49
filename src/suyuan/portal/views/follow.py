"""The follow-up page: opened with a receipt, closed after half an hour of silence. Shows the allow-list and nothing else."""
from __future__ import annotations

import functools
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language

from suyuan.cases.errors import AlreadyDone, CaseMovedMeanwhile
from suyuan.cases.models import Survey
from suyuan.cases.selectors import portal_case
from suyuan.cases.selectors.outside import PortalRequest, PortalView, portal_paper, portal_request, portal_shown
from suyuan.cases.services.receipts import receipt_open
from suyuan.correspondence import line
from suyuan.evidence.errors import RequestEnded
from suyuan.evidence.models import EvidenceRequest
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput, NotHere
from suyuan.platform import access, files, idempotency
from suyuan.platform.addresses import address
from suyuan.platform.files.serving import file_answer
from suyuan.platform.idempotency import KeyMissing, KeyReused, KeyUsedUp, Token
from suyuan.platform.models import Upload
from suyuan.playbooks import selectors as packs
from suyuan.portal import http, rules
from suyuan.portal.forms import AskedForm, DeclineForm, DemandForm, FollowForm, MessageForm, SurveyForm, WithdrawForm
from suyuan.portal.http import portal_page
from suyuan.portal.models import PartySession
from suyuan.portal.proof import proof_of, proof_placed
from suyuan.portal.selectors import answers_for, session_of
from suyuan.portal.services.linking import is_linked, link_code_make, link_end
from suyuan.portal.services.pace import pace_left, pace_taken
from suyuan.portal.services.party import (
    party_decline,
    party_demand,
    party_evidence,
    party_files,
    party_message,
    party_of,
    party_survey,
    party_withdraw,
    session_end,
    session_open,
    session_seen,
)
from suyuan.portal.services.uploads import Refused, uploads_drop, uploads_from_form, uploads_named
from suyuan.portal.views.common import show
from suyuan.portal.views.write import FILES, TOKENS

# A wrong guess is answered after this long, whatever it was that was wrong.
ANSWER_AFTER = 0.12
# Whoever holds no receipt that opens anything.
STRANGER = Actor("party", "unknown")
DONE = ("message", "files", "demand", "withdraw", "survey", "asked", "declined", "unlinked")


# --- coming in -----------------------------------------------------------------------------------------------------


@address("public", methods=("GET", "POST"))
@portal_page
def follow(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _open(request)
    session = _session(request)
    if session is None:
        return _door(request)
    if session.receipt.case.branch_id != request.branch.pk:
        return HttpResponseRedirect(_here(session))
    return _case_page(request, session)


def _open(request: HttpRequest) -> HttpResponse:
    began = time.monotonic()
    place = http.place(request, "open")
    wait = pace_left(name=place, pace=rules.OPEN_PACE, now=request.now)
    if wait:
        return _door(request, wait=round(wait + 0.5), status=429)
    reference, secret = request.POST.get("reference", "")[:200], request.POST.get("secret", "")[:200]
    if "." in reference and not secret:  # both, as they stand in the QR code
        reference, _dot, secret = reference.partition(".")
    receipt = receipt_open(reference, secret)
    if receipt is None or receipt.kind != "follow_up":
        pace_taken(name=place, pace=rules.OPEN_PACE, now=request.now)
        access.seen(
            STRANGER, access.REFUSED, at=request.now, purpose="receipt", branch_id=request.branch.pk, asked=reference
        )
        answer = _door(request, wrong=True)
        # An unknown number and a known one with a wrong secret take the same time.
        time.sleep(max(0.0, began + ANSWER_AFTER - time.monotonic()))
        return answer
    token = session_open(receipt=receipt, now=request.now)
    held = rules.tidy(request.POST.get("held", ""))[: rules.MESSAGE_LIMIT]
    if held:
        session = session_of(token, request.now)
        request.branch = session.receipt.case.branch
        response = _case_page(request, session, message=MessageForm(initial={"words": held}))
    else:
        response = HttpResponseRedirect(reverse("portal:follow", args=[receipt.case.branch.portal_slug]), status=303)
    http.party_cookie_set(response, token)
    return response


def _door(
    request: HttpRequest, *, wrong: bool = False, wait: int = 0, held: str = "", status: int = 200
) -> HttpResponse:
    """The page that asks for number and secret. `held`: words somebody had written when their half hour was over."""
    typed = {"reference": request.POST.get("reference", "")[:60]} if request.method == "POST" else {}
    context = {
        "form": FollowForm(initial=typed),
        "wrong": wrong,
        "wait": wait,
        "held": held or rules.tidy(request.POST.get("held", ""))[: rules.MESSAGE_LIMIT],
        "contact": answers_for(request.branch, request.now),
    }
    response = show(request, "portal/follow_door.html", context, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response


def _session(request: HttpRequest) -> PartySession | None:
    session = session_of(http.party_token(request), request.now)
    if session is not None:
        session_seen(session=session, now=request.now)
    return session


def _party_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """With an open session; without one, back to the door, and what was written is kept in the page."""

    @functools.wraps(view)
    def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        session = _session(request)
        if session is None:
            if request.method == "POST":
                held = rules.tidy(request.POST.get("words") or request.POST.get("reason") or "")
                return _door(request, held=held[: rules.MESSAGE_LIMIT], status=403)
            return HttpResponseRedirect(reverse("portal:follow", args=[request.branch.portal_slug]))
        request.branch = session.receipt.case.branch
        try:
            return view(request, session, *args, **kwargs)
        except NotHere:
            case = session.receipt.case
            access.seen(
                party_of(session.receipt), access.REFUSED, at=request.now, purpose=NotHere.code, branch_id=case.branch_id,
                stream=case.stream, asked=f"{request.method} {request.path}"[:300],
            )  # fmt: skip
            raise

    return inside


def _here(session: PartySession, done: str = "") -> str:
    where = reverse("portal:follow", args=[session.receipt.case.branch.portal_slug])
    return f"{where}?done={done}" if done else where


# --- the page ------------------------------------------------------------------------------------------------------


def _case_page(
    request: HttpRequest, session: PartySession, *, message: MessageForm | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    receipt = session.receipt
    case = receipt.case
    view = portal_case(case, receipt.party, language=get_language())
    access.seen(
        party_of(receipt), "portal.case", at=request.now, purpose="read", branch_id=case.branch_id, stream=case.stream,
        shown=[case.reference, *(f"item:{one.uid}" for one in view.files if one.thumbnail)],
    )  # fmt: skip
    promises = [_promise(p, request.now) for p in view.promises]
    waiting = [p for p in promises if p["state"] == "open"]
    for later in waiting[1:]:
        later["dot"] = "ahead"
    procedure = packs.procedure_of(case.procedure_id)
    proof = proof_of(case)
    context = {
        "view": view,
        "files": _pictures(request, session, view),
        "promises": promises,
        "contact": answers_for(case.branch, request.now, case),
        "message": message or MessageForm(),
        "key": idempotency.new_key(),
        "channels": procedure.channels_of(case.jurisdiction),
        "reopening": procedure.reopening if not view.is_open else None,
        "proof": proof,
        "placed": proof_placed(proof) if proof else None,
        "survey": _survey_of(session, request.now),
        "done": request.GET.get("done") if request.GET.get("done") in DONE else "",
        "max_file": rules.FILE_LIMIT,
        "max_all": rules.ALL_FILES_LIMIT,
        "line": _line(session),
        **more,
    }
    return show(request, "portal/follow.html", context, status=status)


def _pictures(request: HttpRequest, session: PartySession, view: PortalView) -> list[dict[str, Any]]:
    """Their files; those that were painted with their small picture, which leads to a larger one."""
    slug, party = session.receipt.case.branch.portal_slug, party_of(session.receipt)

    def at(uid: str) -> str:
        return reverse("portal:follow_shown", args=[slug, uid]) if uid else ""

    return [
        {
            "file": one,
            "small": f"{at(one.thumbnail)}?page={access.ticket(party, one.thumbnail, at=request.now)}" if one.thumbnail else "",
            "large": at(one.preview),
        }
        for one in view.files
    ]


def _promise(promise, now: datetime) -> dict[str, Any]:
    """What we said, and honestly whether it was kept."""
    if promise.kept_at is not None:
        state = "kept" if promise.kept_at <= promise.due_at else "late"
    elif promise.broken_at is not None or promise.due_at <= now:
        state = "broken"
    else:
        state = "open"
    dots = {"kept": "done", "late": "done", "broken": "late", "open": "current"}
    return {"words": promise.words, "due_at": promise.due_at, "kept_at": promise.kept_at, "state": state, "dot": dots[state]}


def _survey_of(session: PartySession, now: datetime) -> Survey | None:
    """The survey that waits for this complainant."""
    waiting = Survey.objects.filter(case=session.receipt.case, answered_at__isnull=True, expires_at__gt=now)
    return waiting.order_by("-id").first()


@address("party")
@portal_page
@_party_only
def proof_file(request: HttpRequest, session: PartySession) -> HttpResponse:
    """The proof with its place in the log, as a file. No secret and no word of the complaint is in it."""
    case = session.receipt.case
    proof = proof_of(case)
    placed = proof_placed(proof) if proof else None
    if placed is None:
        raise NotHere()
    party = party_of(session.receipt)
    access.note_before(
        party, "portal.proof", at=request.now, purpose="copy", branch_id=case.branch_id, stream=case.stream, shown=[case.reference]
    )
    response = HttpResponse(placed.file, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{case.reference}-proof.json"'
    return response


# --- LINE ----------------------------------------------------------------------------------------------------------


@address("party", methods=("POST",), idempotent=True)
@portal_page
@_party_only
def link_line(request: HttpRequest, session: PartySession) -> HttpResponse:
    """A code that links the LINE account from which it is sent; or the end of that link."""
    party = session.receipt.party
    if not line.may_be_linked() or party is None:
        raise NotHere()
    if request.POST.get("end"):
        link_end(party=party, actor=party_of(session.receipt), now=request.now)
        return HttpResponseRedirect(_here(session, "unlinked"), status=303)
    code = link_code_make(receipt=session.receipt, now=request.now)
    return _case_page(request, session, line_code=code)


def _line(session: PartySession) -> dict[str, Any] | None:
    party = session.receipt.party
    if not line.may_be_linked() or party is None:
        return None
    return {"account": settings.LINE_ACCOUNT, "linked": is_linked(party)}


# --- acts ----------------------------------------------------------------------------------------------------------


def _token(request: HttpRequest, session: PartySession, act: str) -> Token:
    key = request.POST.get(idempotency.FIELD, "")
    digest = idempotency.body_digest(request)
    try:
        return idempotency.token_of(scope=f"portal.{act}", key=key, caller=session.token_hash, body_sha256=digest)
    except KeyMissing:
        key = idempotency.new_key()
        return idempotency.token_of(scope=f"portal.{act}", key=key, caller=session.token_hash, body_sha256=digest)


def _files_in(request: HttpRequest, owner: str) -> tuple[list[Upload], list[Refused]]:
    posted, place = request.FILES.getlist(FILES), http.place_of(request, "party")
    return uploads_from_form(owner=owner, posted=posted, place=place, now=request.now)


def _done_before(token: Token) -> bool:
    try:
        return idempotency.replay(token) is not None
    except (KeyReused, KeyUsedUp):
        return True


@address("party", methods=("POST",), idempotent=True)
@portal_page
@_party_only
def message(request: HttpRequest, session: PartySession) -> HttpResponse:
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _case_page(request, session, message=form, status=422)
    token = _token(request, session, "message")
    try:
        if not _done_before(token):
            party_message(
                receipt=session.receipt, words=form.cleaned_data["words"], language=get_language(), token=token, now=request.now
            )
    except KeyUsedUp:
        pass  # the other click was first
    except BadInput as refusal:
        form.add_error("words", refusal.message())
        return _case_page(request, session, message=form, status=422)
    return HttpResponseRedirect(_here(session, "message"), status=303)


@address("party", methods=("POST",), idempotent=True)
@portal_page
@_party_only
def add_files(request: HttpRequest, session: PartySession) -> HttpResponse:
    owner = http.party_token(request)
    token = _token(request, session, "files")
    if _done_before(token):
        return HttpResponseRedirect(_here(session, "files"), status=303)
    taken, refused = _files_in(request, owner)
    named, missing = uploads_named(owner=owner, tokens=request.POST.getlist(TOKENS), now=request.now)
    uploads = named + taken
    try:
        if uploads:
            party_files(receipt=session.receipt, uploads=uploads, token=token, now=request.now)
    except (KeyUsedUp, files.UploadUsed):
        uploads_drop(taken)
        return HttpResponseRedirect(_here(session, "files"), status=303)
    if refused or missing or not uploads:
        trouble = {"refused": refused, "missing": missing, "no_file": not uploads and not refused and not missing}
        return _case_page(request, session, status=422, **trouble)
    return HttpResponseRedirect(_here(session, "files"), status=303)


@address("party", methods=("GET", "POST"), idempotent=True)
@portal_page
@_party_only
def demand(request: HttpRequest, session: PartySession) -> HttpResponse:
    """Ask for copies or data: a right with a date, whatever becomes of the complaint."""
    case = session.receipt.case
    procedure = packs.procedure_of(case.procedure_id)
    kinds = procedure.kinds_of("demand_kinds", case.jurisdiction)
    for_another = "patient" not in session.receipt.party.roles
    form = DemandForm(request.POST or None, choices=[(k.id, str(k.name)) for k in kinds], for_another=for_another)
    if request.method == "POST" and form.is_valid():
        token = _token(request, session, "demand")
        try:
            if not _done_before(token):
                given = form.cleaned_data
                more = {"about": given.get("about", ""), "token": token}
                party_demand(receipt=session.receipt, kinds=given["kinds"], words=given["words"], **more, now=request.now)
            return HttpResponseRedirect(_here(session, "demand"), status=303)
        except KeyUsedUp:
            return HttpResponseRedirect(_here(session, "demand"), status=303)
        except BadInput as refusal:
            form.add_error(None, refusal.message())
    context = {"form": form, "key": idempotency.new_key(), "back": _here(session)}
    return show(request, "portal/demand.html", context, status=422 if form.errors else 200)


@address("party")
@portal_page
@_party_only
def paper(request: HttpRequest, session: PartySession, uid: UUID) -> HttpResponse:
    """What was found, as a signed document: the copy is written to the access log before it is given."""
    receipt = session.receipt
    row = portal_paper(receipt.case, receipt.party, uid)
    access.note_before(
        party_of(receipt), "portal.paper", at=request.now, purpose="copy", branch_id=receipt.case.branch_id,
        stream=receipt.case.stream, shown=[f"report:{row.uid}"],
    )  # fmt: skip
    response = FileResponse(files.file_open(row.stored), as_attachment=True, filename=files.file_name(row.stored))
    response["Content-Type"] = "application/pdf"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@address("party")
@portal_page
@_party_only
def shown(request: HttpRequest, session: PartySession, uid: UUID) -> HttpResponse:
    """A picture that was painted here of a file they gave. The page that shows it small has named it in its own line."""
    receipt = session.receipt
    item, party = portal_shown(receipt.case, receipt.party, uid), party_of(receipt)
    if not access.ticketed(request.GET.get("page", ""), party, item.uid, at=request.now):
        access.seen(
            party, "portal.item_shown", at=request.now, purpose="read", branch_id=receipt.case.branch_id,
            stream=receipt.case.stream, shown=[f"item:{item.parent.uid}"],
        )  # fmt: skip
    return file_answer(request, item.stored, inline_as="image/jpeg")


@address("party", methods=("GET", "POST"))
@portal_page
@_party_only
def withdraw(request: HttpRequest, session: PartySession) -> HttpResponse:
    """Take the complaint back: said plainly what ends and what goes on, and confirmed on its own page."""
    case = session.receipt.case
    if not case.is_open:
        return HttpResponseRedirect(_here(session))
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            party_withdraw(receipt=session.receipt, reason=form.cleaned_data["reason"], now=request.now)
            return HttpResponseRedirect(_here(session, "withdraw"), status=303)
        except (AlreadyDone, CaseMovedMeanwhile):
            return HttpResponseRedirect(_here(session), status=303)
        except BadInput as refusal:
            form.add_error("reason", refusal.message())
    notice = packs.procedure_of(case.procedure_id).notice("withdrawing", case.jurisdiction)
    context = {"form": form, "notice": notice, "back": _here(session)}
    return show(request, "portal/withdraw.html", context, status=422 if form.errors else 200)


@address("party", methods=("GET", "POST"))
@portal_page
@_party_only
def own_survey(request: HttpRequest, session: PartySession) -> HttpResponse:
    """The survey for someone who is in already: no second secret."""
    survey = _survey_of(session, request.now)
    if survey is None:
        return HttpResponseRedirect(_here(session))
    procedure = packs.procedure_of(session.receipt.case.procedure_id)
    form = SurveyForm(request.POST or None, procedure=procedure)
    if request.method == "POST" and form.is_valid():
        try:
            answers = form.answers(procedure)
            party_survey(survey=survey, answers=answers, actor=party_of(session.receipt), now=request.now)
        except AlreadyDone:
            pass
        except BadInput as refusal:
            form.add_error(None, refusal.message())
        if not form.errors:
            return HttpResponseRedirect(_here(session, "survey"), status=303)
    context = {"form": form, "back": _here(session), "action": request.path}
    return show(request, "portal/survey.html", context, status=422 if form.errors else 200)


@address("party", methods=("GET", "POST"), idempotent=True)
@portal_page
@_party_only
def asked(request: HttpRequest, session: PartySession, uid: UUID) -> HttpResponse:
    """One thing that is asked for. What has been settled meanwhile leads back to the page."""
    row, shown = portal_request(session.receipt.case, session.receipt.party, uid)
    if row is None:
        return HttpResponseRedirect(_here(session))
    if request.method == "POST":
        return (_asked_declined if "decline" in request.POST else _asked_given)(request, session, row, shown)
    return _asked_page(request, session, shown)


def _asked_page(request: HttpRequest, session: PartySession, shown: PortalRequest, status: int = 200, **more: Any) -> HttpResponse:
    case = session.receipt.case
    access.seen(
        party_of(session.receipt), "portal.request", at=request.now, purpose="read", branch_id=case.branch_id, stream=case.stream,
        shown=[case.reference],
    )  # fmt: skip
    context = {
        "asked": shown,
        "notice": packs.evidence_procedure(case.procedure_id, case.jurisdiction).recording.asked,
        "form": AskedForm(),
        "decline": DeclineForm(),
        "key": idempotency.new_key(),
        "action": reverse("portal:follow_request", args=[request.branch.portal_slug, shown.uid]),
        "back": _here(session),
        "max_file": rules.FILE_LIMIT,
        "max_all": rules.ALL_FILES_LIMIT,
        "line": _line(session),
        **more,
    }
    return show(request, "portal/request.html", context, status=status)


def _asked_given(request: HttpRequest, session: PartySession, row: EvidenceRequest, shown: PortalRequest) -> HttpResponse:
    owner, token = http.party_token(request), _token(request, session, "evidence")
    if _done_before(token):
        return HttpResponseRedirect(_here(session, "asked"), status=303)
    form = AskedForm(request.POST)
    agreed = form.is_valid()
    # What was sent along is kept as an upload of this page, so that nobody has to choose it again.
    taken, refused = _files_in(request, owner)
    named, missing = uploads_named(owner=owner, tokens=request.POST.getlist(TOKENS), now=request.now)
    uploads = named + taken
    if not agreed or refused or missing or not uploads:
        kept = [{"name": files.upload_name(u), "token": str(u.uid), "size": "", "note": ""} for u in uploads]
        trouble = {"refused": refused, "missing": missing, "no_file": not (uploads or refused or missing), "kept": kept}
        return _asked_page(request, session, shown, status=422, form=form, **trouble)
    try:
        party_evidence(receipt=session.receipt, request=row, uploads=uploads, token=token, now=request.now)
    except (KeyUsedUp, files.UploadUsed, RequestEnded):
        uploads_drop(taken)
    return HttpResponseRedirect(_here(session, "asked"), status=303)


def _asked_declined(request: HttpRequest, session: PartySession, row: EvidenceRequest, shown: PortalRequest) -> HttpResponse:
    form, token = DeclineForm(request.POST), _token(request, session, "decline")
    if not form.is_valid():
        return _asked_page(request, session, shown, status=422, decline=form)
    try:
        if not _done_before(token):
            words = form.cleaned_data["words"]
            party_decline(receipt=session.receipt, request=row, words=words, token=token, now=request.now)
    except (KeyUsedUp, RequestEnded):
        pass  # the other click was first
    return HttpResponseRedirect(_here(session, "declined"), status=303)


@address("party", methods=("POST",))
@portal_page
def leave(request: HttpRequest) -> HttpResponse:
    """Log out of this device: the session ends, and the browser is asked to forget everything of ours."""
    session = session_of(http.party_token(request), request.now)
    if session is not None:
        session_end(session=session, now=request.now)
    response = show(request, "portal/left.html", {})
    http.cookie_drop(response, http.PARTY_COOKIE)
    http.cookie_drop(response, http.DRAFT_COOKIE)
    response["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response

