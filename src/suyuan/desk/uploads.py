"""Large files of staff, in pieces that survive a cut line (`files.tus`).

An upload belongs to one person and one case: whoever logs in again as the same person goes on with it, in whatever browser.
The usual form check stands in front, because a session's cookie travels by itself.
"""
from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _

from suyuan.cases import selectors as cases_read
from suyuan.cases.models import Case
from suyuan.cases.services.common import require_may
from suyuan.desk.services import evidence_keep, file_keep, upload_take
from suyuan.evidence.models import EvidenceRequest
from suyuan.kernel.refusal import Refusal
from suyuan.kernel.sizes import LARGEST_FILE, LARGEST_IN_A_FORM
from suyuan.platform import files
from suyuan.platform.addresses import address
from suyuan.platform.files import tus
from suyuan.platform.keys import blind
from suyuan.platform.models import Upload

LIVES = timedelta(hours=24)
FIELD, TOKENS = "file", "upload"


@address("staff", move="file_add", methods=("POST",))
def uploads(request: HttpRequest, reference: str) -> HttpResponse:
    return tus.uploads(request, _door(request, cases_read.case_for(request.profile, reference, to="file_add")))


@address("staff", move="file_add", methods=("GET", "PATCH", "DELETE"))
def upload(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    return tus.upload(request, _door(request, cases_read.case_for(request.profile, reference, to="file_add")), uid)


def _door(request: HttpRequest, case: Case) -> tus.Door:
    return tus.Door(
        owner=_owner(request, case),
        begin=lambda owner, name, size: files.upload_open(
            owner=owner, name=name, expected=size, max_bytes=LARGEST_FILE, expires_at=request.now + LIVES, now=request.now
        ),
        finish=lambda held: _finish(request, held),
        place=lambda uid: reverse("desk:file_upload", args=[case.reference, uid]),
        most=LARGEST_FILE,
    )


def _owner(request: HttpRequest, case: Case) -> str:
    """Nobody can write this into a cookie of another door: only this house can compute it."""
    return blind("upload.desk", f"{request.user.uid}|{case.uid}").hex()


def _finish(request: HttpRequest, held: Upload) -> Upload:
    return files.upload_finish(upload=held, actor=request.actor, now=request.now, accept=files.STAFF_TYPES)


def files_add(request: HttpRequest, case: Case) -> str:
    """Keep what came with the form and what came before it in pieces; words of what was wrong, or nothing."""
    sent, tokens = request.FILES.getlist(FIELD), request.POST.getlist(TOKENS)
    if not sent and not tokens:
        return _("請選擇一個檔案。")
    require_may(case, "file_add", request.actor, request.now)
    told = {"case": case, "note": request.POST.get("note", ""), "actor": request.actor, "now": request.now}
    whole, missing = files.uploads_named(_owner(request, case), tokens, request.now, lambda held: _finish(request, held))
    troubles = [_tried(lambda held=held: upload_take(upload=held, **told)) for held in whole]
    troubles += [_tried(lambda file=file: file_keep(received=file_of_a_form(file), **told)) for file in sent]
    if missing:
        troubles.append(_("有檔案沒有保留，請重新選擇。"))
    return " ".join(dict.fromkeys(filter(None, troubles)))


def evidence_add(request: HttpRequest, case: Case, *, kind: str, asked: EvidenceRequest | None) -> str:
    """The same for evidence of one kind, all of it at once: a request ends with what comes in together."""
    sent, tokens = request.FILES.getlist(FIELD), request.POST.getlist(TOKENS)
    if not sent and not tokens:
        return _("請選擇一個檔案。")
    require_may(case, "file_add", request.actor, request.now)
    whole, missing = files.uploads_named(_owner(request, case), tokens, request.now, lambda held: _finish(request, held))
    if missing:
        return _("有檔案沒有保留，請重新選擇。")
    return _tried(
        lambda: evidence_keep(
            case=case,
            uploads=whole,
            received=[file_of_a_form(file) for file in sent],
            kind=kind,
            request=asked,
            note=request.POST.get("note", ""),
            actor=request.actor,
            now=request.now,
        )
    )


def waiting(request: HttpRequest, case: Case) -> list[dict[str, object]]:
    """What came in pieces, was named in a form that was refused, and can be handed in again."""
    named = set(request.POST.getlist(TOKENS))
    mine = files.uploads_of(_owner(request, case), request.now).filter(state="whole")
    return [
        {"name": files.upload_name(held), "size": filesizeformat(held.expected), "token": str(held.uid)}
        for held in mine
        if str(held.uid) in named
    ]


def file_of_a_form(file: UploadedFile, accept: Collection[str] = files.STAFF_TYPES) -> files.Received:
    """Take in one file that came with a form. Raises FileTooLarge, FileTypeRefused."""
    if file.size > LARGEST_IN_A_FORM:
        raise files.FileTooLarge(limit=LARGEST_IN_A_FORM, in_form=True)
    return files.file_receive(source=file.chunks(), name=file.name, max_bytes=LARGEST_IN_A_FORM, accept=accept)


def _tried(keep) -> str:
    try:
        keep()
    except Refusal as refused:
        if refused.status in (403, 404):
            raise
        return refused.message()
    return ""
