"""Who calls whom: a line on whatever page a colleague has open, and the answer 'I come'."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from suyuan.accounts.middleware import passive
from suyuan.accounts.models import User
from suyuan.cases import selectors as cases_read
from suyuan.cases.models import Task
from suyuan.cases.services.handling import help_answer
from suyuan.cases.services.handling.helping import HELP
from suyuan.desk.duty import seen_here
from suyuan.kernel.refusal import NotHere
from suyuan.platform import access
from suyuan.platform.addresses import address

# The one who called sees for so long that somebody comes.
SHOWN_FOR = timedelta(minutes=10)


@address("staff")
@passive
def calls(request: HttpRequest) -> HttpResponse:
    """Who asks the reader to come, and who comes to the reader. Nothing new: nothing is sent, and nothing is logged."""
    seen_here(request.user.pk)
    asked = _asked(request.user)
    coming = _coming(request.user, request.now)
    if not asked and not coming:
        return HttpResponse(status=204)
    digest = hashlib.sha256(repr([(t.pk, t.detail) for t in (*asked, *coming)]).encode()).hexdigest()[:16]
    if request.GET.get("last") == digest:
        return HttpResponse(status=204, headers={"X-Same": "1"})
    shown = list(dict.fromkeys(task.case.reference for task in (*asked, *coming)))
    access.seen(request.actor, "calls", at=request.now, purpose="read", shown=shown)
    names = {
        str(uid): name
        for uid, name in User.objects.filter(uid__in=[t.detail.get("asked_by") for t in asked]).values_list("uid", "display_name")
    }
    context = {
        "asked": [(task, names.get(task.detail.get("asked_by", ""), "")) for task in asked],
        "coming": coming,
        "digest": digest,
        "now": request.now,
    }
    return render(request, "desk/calls.html", context)


def _asked(user: User) -> list[Task]:
    waiting = Task.objects.filter(kind=HELP, assignee=user, done_at=None, cancelled_at=None)
    return [t for t in waiting.select_related("case").order_by("opened_at")[:5] if "came_at" not in t.detail]


def _coming(user: User, now: datetime) -> list[Task]:
    mine = Task.objects.filter(kind=HELP, opened_at__gt=now - 6 * SHOWN_FOR, detail__asked_by=str(user.uid))
    rows = mine.select_related("case", "assignee").order_by("-opened_at")[:5]
    return [t for t in rows if "came_at" in t.detail and datetime.fromisoformat(t.detail["came_at"]) > now - SHOWN_FOR]


@address("staff", move="task_finish", methods=("POST",))
def call_answer(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """'I come': and on to the case."""
    found = cases_read.case_for(request.profile, reference, to="task_finish")
    task = Task.objects.filter(case=found, uid=uid, kind=HELP).first()
    if task is None:
        raise NotHere()
    help_answer(task=task, actor=request.actor, now=request.now)
    messages.success(request, _("已告訴對方您來了。"))
    return redirect("desk:case", reference=found.reference)
