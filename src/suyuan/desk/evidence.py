"""Pages about the evidence of a case. Thin: parse, call, render."""
from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from suyuan.accounts.models import User
from suyuan.cases import selectors as cases_read
from suyuan.cases.selectors.checklist import readiness
from suyuan.cases.selectors.door import allowed_moves
from suyuan.cases.selectors.page import names_of
from suyuan.desk import evidence_shapes as shown
from suyuan.desk import shapes, uploads
from suyuan.desk.evidence_acts import EVIDENCE_ACTS
from suyuan.desk.fields import item_words, line_field, one_of
from suyuan.desk.noting import noted
from suyuan.desk.views import back_to
from suyuan.evidence.models import EvidenceRequest
from suyuan.evidence.selectors.requests import interview_in, requests_of
from suyuan.kernel.sizes import LARGEST_FILE
from suyuan.platform import access
from suyuan.platform.addresses import address
from suyuan.platform.models import FactRow
from suyuan.playbooks import selectors as packs

# Acts that begin something, in the side column; the others stand at the line they belong to.
BEGINS = ("evidence-ask", "interview", "observe")


@address("staff", move="identity")
def evidence(request: HttpRequest, reference: str) -> HttpResponse:
    """What is there, what is missing, and whom to ask for it; who was heard and what colleagues saw."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    with timezone.override(found.branch.tz):
        context, opened = _picture(request, found, cases_read.compartments_for(request.profile, found))
        noted(request, found, "case.evidence", compartments=opened)
        return render(request, "desk/evidence.html", context)


def _picture(request: HttpRequest, found, compartments: Collection[str]) -> tuple[dict, set[str]]:
    """What the page shows, and out of which compartments."""
    allowed = allowed_moves(request.profile, found)
    ready = readiness(found, compartments)
    begins = [act for act in EVIDENCE_ACTS if act.code in BEGINS and act.move in allowed]
    opened = {item.compartment for item in (*ready.unsorted, *(item for slip in ready.slips for item in slip.items))}
    context = shown.picture(ready, found, allowed, request.now) | {
        "case": found,
        "now": request.now,
        "heading": shapes.heading(found, True),
        "pages": shapes.pages(found, allowed, "evidence"),
        "interviews": [shown.interview(row, found, allowed) for row in ready.interviews],
        "observations": shown.observations(ready.observations, found, allowed, request.profile.user_id),
        "begins": [(str(act.title), shown.act_page(act.code, found)) for act in begins],
        "may_print": "print" in allowed,
        "recording": packs.evidence_procedure(found.procedure_id, found.jurisdiction).recording,
    }
    return context, opened


@address("staff", move="print")
def evidence_print(request: HttpRequest, reference: str) -> HttpResponse:
    """The picture on paper: written to the access log before it is shown."""
    found = cases_read.case_for(request.profile, reference, to="print")
    _print_noted(request, found, "case.evidence_print")
    with timezone.override(found.branch.tz):
        # Protected compartments leave the house by their own rule, never with this paper.
        context, _opened = _picture(request, found, {""})
        return render(request, "desk/evidence_print.html", context | _paper(request, found))


def _print_noted(request: HttpRequest, found, what: str) -> None:
    access.note_before(request.actor, what, at=request.now, purpose="print", branch_id=found.branch_id, stream=found.stream)


def _paper(request: HttpRequest, found) -> dict:
    last = FactRow.objects.filter(stream=found.stream).order_by("-position").first()
    return {
        "chain": last.position if last else "",
        "hash": last.leaf if last else "",
        "back_url": reverse("desk:evidence", args=[found.reference]),
        "printed_by": request.user.display_name,
    }


# --- giving --------------------------------------------------------------------------------------------------------


class GiveForm(forms.Form):
    """What the files are; in answer to a request that stands already."""

    def __init__(self, *args, kinds: list[tuple[str, str]], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if kinds:
            self.fields["kind"] = one_of(_("是哪一類"), kinds)
        self.fields["note"] = line_field(_("這是什麼"), required=False, limit=200)


@address("staff", move="file_add", methods=("GET", "POST"))
def evidence_add(request: HttpRequest, reference: str) -> HttpResponse:
    """Add evidence of one kind, or answer what one was asked for."""
    found = cases_read.case_for(request.profile, reference, to="file_add")
    asked = _asked(request, found)
    book = packs.evidence_procedure(found.procedure_id, found.jurisdiction)
    kinds = [] if asked else [(kind.id, str(kind.name)) for kind in book.evidence]
    form = GiveForm(request.POST or None, initial={"kind": request.GET.get("kind", "")}, kinds=kinds)
    problem = ""
    if request.method == "POST" and form.is_valid():
        problem = uploads.evidence_add(request, found, kind=form.cleaned_data.get("kind", ""), asked=asked)
        if not problem:
            messages.success(request, _("收下了，原檔封存。"))
            return redirect(back_to(request, "desk:evidence", found.reference))
    noted(request, found, "case.evidence_add")
    chosen = asked.kind if asked else form["kind"].value()
    context = {
        "case": found,
        "now": request.now,
        "heading": shapes.heading(found, cases_read.narrated_for(request.profile, found)),
        "form": form,
        "problem": problem,
        "asked": asked,
        "kind": next((kind for kind in book.evidence if kind.id == chosen), None),
        "who": shown.holder_words(asked, found) if asked else "",
        "answer_url": _answer_url(request, found, asked),
        "back_url": back_to(request, "desk:evidence", found.reference),
        "tus": reverse("desk:file_uploads", args=[found.reference]),
        "max_file": LARGEST_FILE,
        "waiting": uploads.waiting(request, found) if request.method == "POST" else [],
    }
    with timezone.override(found.branch.tz):
        return render(request, "desk/evidence_add.html", context, status=200 if request.method == "GET" else 422)


def _asked(request: HttpRequest, found) -> EvidenceRequest | None:
    """The request that is answered; one that has ended, or is none of this case, is as good as none."""
    named = request.GET.get("request", "")
    try:
        return requests_of(found.stream).filter(uid=UUID(named), ended_at=None).first() if named else None
    except ValueError:
        return None


def _answer_url(request: HttpRequest, found, asked: EvidenceRequest | None) -> str:
    """Where one says that there is none, for those who may."""
    if asked is None or asked.party or "evidence_answer" not in allowed_moves(request.profile, found):
        return ""
    return shown.act_page("evidence-answer", found, request=str(asked.uid))


# --- interviews ----------------------------------------------------------------------------------------------------


@address("staff", move="identity")
def interview(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Minutes of one talk, who confirmed them, and what was added."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    with timezone.override(found.branch.tz):
        context = _interview(request, found, uid)
        noted(request, found, "case.interview")
        return render(request, "desk/interview.html", context)


def _interview(request: HttpRequest, found, uid: UUID) -> dict:
    allowed = allowed_moves(request.profile, found)
    row = interview_in(found.stream, uid)
    readable = cases_read.compartments_for(request.profile, found)
    items = [item for item in (row.recording, row.signature) if item is not None and item.compartment in readable]
    return {
        "case": found,
        "now": request.now,
        "heading": shapes.heading(found, True),
        "pages": shapes.pages(found, allowed, "evidence"),
        "interview": shown.interview(row, found, allowed),
        "row": row,
        "recording": item_words(row.recording) if row.recording in items else "",
        "signature": item_words(row.signature) if row.signature in items else "",
        "recorded": row.recording_id is not None,
        "outcome_by": names_of([row.outcome_by]).get(row.outcome_by, "") if row.outcome_by else "",
        "supplements": row.supplements.select_related("words", "written_by").order_by("id"),
        "writer": User.objects.get(pk=row.written_by_id).display_name,
        "may_print": "print" in allowed,
    }


@address("staff", move="print")
def interview_print(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """A sheet to read and sign: written to the access log before it is shown."""
    found = cases_read.case_for(request.profile, reference, to="print")
    with timezone.override(found.branch.tz):
        context = _interview(request, found, uid) | _paper(request, found)
        _print_noted(request, found, "case.interview_print")
        return render(request, "desk/interview_print.html", context)
