"""Pages of judgement: the standard of care, and the legal exposure of a case."""
from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from suyuan.accounts.models import User
from suyuan.cases import selectors as cases_read
from suyuan.cases.models import CareLine, CareSheet, Case, Involvement
from suyuan.cases.selectors import inquiry as reads
from suyuan.cases.selectors.door import allowed_moves
from suyuan.cases.selectors.law import rules_cited
from suyuan.cases.services.assessing import COUNSEL, UNDETERMINED, LineGiven, care_sheet_save
from suyuan.desk import shapes
from suyuan.desk.fields import ItemsField, attempt, item_named, one_of, words_field
from suyuan.desk.noting import noted
from suyuan.evidence.models import Item
from suyuan.platform import access
from suyuan.platform.addresses import address


class CareSheetForm(forms.Form):
    """Four answers with their evidence, and one of five verdicts."""

    def __init__(self, *args: Any, case: Case, items: list[Item], sheet: CareSheet | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        before = {line.question: line for line in sheet.lines.all()} if sheet else {}
        self.questions = reads.kinds_now(case, "care_questions")
        for question in self.questions:
            line: CareLine | None = before.get(question.id)
            self.fields[question.id] = words_field(question.name, required=False, rows=3, help_text=question.hint or "")
            self.fields[question.id].initial = line.words.body if line and line.words else ""
            self.fields[f"cites_{question.id}"] = ItemsField(items, label=_("依據的證物"))
            self.fields[f"cites_{question.id}"].initial = [c.item.uid for c in line.citations.all()] if line else []
        verdicts = [(row.id, str(row.name)) for row in reads.kinds_now(case, "care_verdicts")]
        self.fields["verdict"] = one_of(_("結論"), verdicts, cards=True)
        self.fields["verdict"].initial = sheet.verdict if sheet else UNDETERMINED

    def rows(self) -> list[tuple[Any, Any, Any]]:
        return [(question, self[question.id], self[f"cites_{question.id}"]) for question in self.questions]

    def lines(self) -> list[LineGiven]:
        data = self.cleaned_data
        return [LineGiven(q.id, data[q.id], list(data[f"cites_{q.id}"])) for q in self.questions]


@address("staff", move="identity")
def standard_of_care(request: HttpRequest, reference: str) -> HttpResponse:
    """The reviewer's own sheet while it is being written, and every signed one with what is held against it."""
    return _care_page(request, cases_read.case_for(request.profile, reference, to="identity"))


@address("staff", move="assess_care", methods=("POST",))
def care_sheet(request: HttpRequest, reference: str) -> HttpResponse:
    """The reviewer's next version, signed or not; what was typed stays when something is missing."""
    found = cases_read.case_for(request.profile, reference, to="assess_care")
    form = _care_form(request, found, request.POST)
    saved = form.is_valid() and attempt(form, lambda: _save(request, found, form))
    if not saved:
        return _care_page(request, found, form)
    said = _("已簽署。這份評估不能再改。") if saved.signed_at else _("已存下第 %(n)s 版。") % {"n": saved.version}
    messages.success(request, said)
    return redirect("desk:standard_of_care", reference=found.reference)


def _care_form(request: HttpRequest, found: Case, posted: Any = None) -> CareSheetForm:
    items = reads.items_citable(found, cases_read.compartments_for(request.profile, found) | {""})
    return CareSheetForm(posted, case=found, items=items, sheet=reads.care_sheet_mine(request.profile, found))


def _care_page(request: HttpRequest, found: Case, form: CareSheetForm | None = None) -> HttpResponse:
    allowed = allowed_moves(request.profile, found)
    mine = reads.care_sheet_mine(request.profile, found)
    writes = reads.reviews(request.profile, found) and "assess_care" in allowed and not (mine and mine.signed_at)
    status = 200 if form is None else 422
    if form is None and writes:
        form = _care_form(request, found)
    sheets = reads.care_sheets_read(request.profile, found)
    readable = cases_read.compartments_for(request.profile, found) | {""}
    reviewers = Involvement.objects.filter(case=found, kind="reviewer", until=None).values("user_id")
    context = {
        "case": found,
        "heading": shapes.heading(found, True),
        "pages": shapes.pages(found, allowed, "investigation"),
        "form": form,
        "mine": mine,
        "sheets": [_sheet(sheet, found, readable) for sheet in sheets],
        "reviewers": list(User.objects.filter(pk__in=reviewers).order_by("display_name")),
        "hidden": writes and found.care_sheets.filter(signed_at__isnull=False).exclude(reviewer=request.user).exists(),
        "ask_url": shapes.act_url("reviewer", found) if "appoint" in allowed else "",
        "guest_url": shapes.act_url("guest", found) if "guest_invite" in allowed else "",
        "dissent_url": shapes.act_url("dissent", found) if "dissent" in allowed and sheets else "",
    }
    access.seen(request.actor, "case.standard_of_care", at=request.now, branch_id=found.branch_id, stream=found.stream)
    with timezone.override(found.branch.tz):
        return render(request, "desk/standard_of_care.html", context, status=status)


def _save(request: HttpRequest, found: Case, form: CareSheetForm) -> CareSheet:
    return care_sheet_save(
        case=found,
        lines=form.lines(),
        verdict=form.cleaned_data["verdict"],
        sign="sign" in request.POST,
        actor=request.actor,
        now=request.now,
    )


def _sheet(sheet: CareSheet, case: Case, readable: frozenset[str]) -> dict:
    """One signed sheet for the page: every question with its answer and what it rests on."""
    lines = {line.question: line for line in sheet.lines.all()}
    return {
        "sheet": sheet,
        "verdict": reads.name_now(case, "care_verdicts", sheet.verdict),
        "lines": [_line(row.name, lines.get(row.id), readable) for row in reads.kinds_now(case, "care_questions")],
        "dissents": list(sheet.dissents.all()),
    }


def _line(question: Any, line: CareLine | None, readable: frozenset[str]) -> dict:
    cites = [(item_named(c.item, readable), c.item) for c in line.citations.all()] if line else []
    return {"question": question, "words": line.words.body if line and line.words else "", "cites": cites}


@address("staff", move="identity")
def exposure(request: HttpRequest, reference: str) -> HttpResponse:
    """The six questions of legal exposure, for those who read what is counsel's; others read that it stands apart."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    allowed = allowed_moves(request.profile, found)
    readable = COUNSEL in cases_read.compartments_for(request.profile, found)
    noted(request, found, "case.exposure", compartments=[COUNSEL] if readable else [])
    lines = _exposure_lines(found, allowed) if readable else []
    context = {
        "case": found,
        "heading": shapes.heading(found, True),
        "pages": shapes.pages(found, allowed, "investigation"),
        "readable": readable,
        "lines": lines,
        "open": sum(1 for line in lines if line["now"] is None),
    }
    with timezone.override(found.branch.tz):
        return render(request, "desk/exposure.html", context)


def _exposure_lines(found: Case, allowed: frozenset[str]) -> list[dict]:
    return [
        {
            "question": line.question,
            "now": line.now,
            "answer": reads.name_now(found, "exposure_answers", line.now.answer) if line.now else "",
            "rules": rules_cited(found, line.now.rules, line.now.at) if line.now and line.now.rules else [],
            "earlier": [(reads.name_now(found, "exposure_answers", row.answer), row) for row in line.earlier],
            "url": shapes.act_url("exposure", found, question=line.question.id) if "exposure" in allowed else "",
        }
        for line in reads.exposure_of(found)
    ]
