"""Addresses of the house itself: is it well, and in which language."""
from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.accounts.rules import HOUSE_MOVES
from suyuan.config import health
from suyuan.kernel.refusal import BadInput, NotHere
from suyuan.platform import log
from suyuan.platform.addresses import address
from suyuan.platform.files import storage
from suyuan.platform.files.limited import walls_standing
from suyuan.platform.files.scrub import MAX_REASON, fault_answer, faults_standing
from suyuan.platform.models import Anchor, FileFault, Job, ScrubRun


@address("public")
def healthz(request: HttpRequest) -> HttpResponse:
    """200 once ready, 503 otherwise. Says nothing about what is inside."""
    found = health.look(request.now)
    return JsonResponse(found.as_json(request.now), status=200 if found.ready else 503)


@address("public", methods=("POST",))
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in this browser and go back to where one was."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )
    return response


# --- how the house is ----------------------------------------------------------------------------------------------


@address("staff", roles=HOUSE_MOVES["house_look"])
def house(request: HttpRequest) -> HttpResponse:
    """For who keeps the system: what runs, what waits, and which files are not what was stored. No case, no name."""
    return _house(request)


@address("staff", roles=HOUSE_MOVES["fault_answer"], methods=("POST",))
def house_fault(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Answer for a damaged file."""
    fault = FileFault.objects.filter(uid=uid).select_related("file").first()
    if fault is None:
        raise NotHere()
    reason = request.POST.get("reason", "")
    try:
        fault_answer(fault=fault, reason=reason, actor=request.actor, now=request.now)
    except BadInput as wrong:
        words = {"empty": _("請寫下怎麼處理了。"), "too_long": _("請寫短一點，最多 %(n)d 個字。") % {"n": MAX_REASON}}
        problem = words.get(str(wrong.fields.get("reason")), _("這裡有不能儲存的字元。"))
        return _house(request, {fault.pk: (reason, problem)}, status=422)
    return redirect("house")


def _house(request: HttpRequest, wrong: dict[int, tuple[str, str]] | None = None, status: int = 200) -> HttpResponse:
    found = health.look(request.now)
    branches = {branch.pk: branch.name(get_language()) for branch in Branch.objects.all()}
    faults = [
        {
            "row": fault,
            "branch": branches.get(fault.file.branch_id, ""),
            "from": _("申訴人") if fault.file.by.startswith("party") else _("診所"),
            "why": _why_words().get(fault.why, fault.why),
            "typed": (wrong or {}).get(fault.pk, ("", ""))[0],
            "problem": (wrong or {}).get(fault.pk, ("", ""))[1],
        }
        for fault in faults_standing()
    ]
    context = {
        "health": found,
        "worker": found.worker(request.now),
        "faults": faults,
        "dead": Job.objects.filter(state="dead").count(),
        "run": ScrubRun.objects.order_by("-id").first(),
        "whole": ScrubRun.objects.filter(open=False).order_by("-id").first(),
        "where": storage().where(),
        "room": storage().room(),
        "checkpoint": log.checkpoint_latest(),
        "anchor": Anchor.objects.order_by("-id").first(),
        "scanner": bool(settings.SCANNER_URL),
        "walls": walls_standing(),
        "cosign_days": settings.COSIGN_DAYS,
        "may_answer": bool(request.profile.roles & HOUSE_MOVES["fault_answer"]),
        "max_reason": MAX_REASON,
    }
    return render(request, "config/house.html", context, status=status)


def _why_words() -> dict[str, str]:
    return {
        "missing": _("檔案不見了"),
        "altered": _("內容被改過或缺了一段"),
        "other": _("內容被換成另一份"),
        "unreadable": _("磁碟讀不出來"),
        "key": _("打不開它的金鑰"),
    }
