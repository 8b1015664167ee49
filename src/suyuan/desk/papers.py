"""Pages of reports and passports. Thin: parse, call, render."""
from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from suyuan.accounts.held import held_initial
from suyuan.accounts.labels import LANGUAGES
from suyuan.cases import rules
from suyuan.cases import selectors as cases_read
from suyuan.cases.errors import WrongPaperState
from suyuan.cases.models import Case, Passport, Report, RootCause
from suyuan.cases.phrases import FOUND, PAPER_STATES, PAPERS, PURPOSES, label
from suyuan.cases.rules import PAPER_MOVE, Paper
from suyuan.cases.selectors import papers as paper_reads
from suyuan.cases.selectors.door import allowed_moves
from suyuan.cases.selectors.passports import passports_of
from suyuan.cases.selectors.reports import findings_of, report_content, signed_content
from suyuan.cases.selectors.root_causes import (
    ROOT_CAUSE,
    method_words,
    recorded_fact,
    root_cause_content,
    root_cause_in,
    root_causes_of,
)
from suyuan.cases.services import passports, reports
from suyuan.cases.services.wording import words_ask
from suyuan.correspondence.errors import GuardHeld
from suyuan.correspondence.models import Clearance
from suyuan.correspondence.rules.guard import Surface
from suyuan.desk import guarding, shapes, template_pick
from suyuan.desk.fields import attempt, one_of, words_field
from suyuan.desk.noting import noted
from suyuan.desk.template_pick import Shelf, TemplatesAt
from suyuan.kernel.refusal import NotHere
from suyuan.platform import access
from suyuan.platform.addresses import address
from suyuan.platform.files import FileDestroyed, file_name, file_open
from suyuan.platform.files.serving import SANDBOX
from suyuan.platform.models import FactRow, StoredFile
from suyuan.platform.papers import PaperFailed
from suyuan.ui import dates
from suyuan.ui.qr import qr_svg

KINDS = tuple(Paper)
MAKE_PASSPORT = passports.MOVE
READ_CAUSES = "read_causes"


# --- the list --------------------------------------------------------------------------------------------------------


@address("staff", move="identity")
def papers(request: HttpRequest, reference: str) -> HttpResponse:
    """Every version of every report, and the passports that were made."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    allowed = allowed_moves(request.profile, found)
    rows = paper_reads.reports_of(found)
    access.seen(request.actor, "case.papers", at=request.now, branch_id=found.branch_id, stream=found.stream)
    with timezone.override(found.branch.tz):
        context = {
            "case": found,
            "heading": shapes.heading(found, True),
            "pages": shapes.pages(found, allowed, "papers"),
            "groups": [_group(found, kind, rows, allowed, request) for kind in KINDS],
            "passports": [(label(PURPOSES, row.purpose), row) for row in passports_of(found)],
            "purposes": [(code, label(PURPOSES, code)) for code in rules.PASSPORT_PURPOSES],
            "may_make": MAKE_PASSPORT in allowed,
        }
        return render(request, "desk/papers.html", context)


def _group(found: Case, kind: str, rows: Iterable[Report], allowed: frozenset[str], request: HttpRequest) -> dict[str, Any]:
    mine, compartments = [row for row in rows if row.kind == kind], cases_read.compartments_for(request.profile, found)
    may = PAPER_MOVE[kind] in allowed
    return {
        "kind": kind,
        "title": label(PAPERS, kind),
        "may": may and found.stage in reports.STAGES,
        "drafting": any(row.state == "draft" for row in mine),
        "lines": [_line(row, may, _readable(row, compartments)) for row in mine],
        "new_url": reverse(f"desk:report_new_{kind}", args=[found.reference]),
        "languages": LANGUAGES.items(),
        "language": dates.language_of(found.language),
        "about": _("給院內、主管機關與法院：經過、查明的事實、分析與證物。由指派的調查人撰寫，全部簽署後生效。")
        if kind == Paper.INTERNAL
        else _("給申訴人：用平常的話，逐項說明查到什麼、接下來會做什麼。"),
    }


def _line(row: Report, may: bool, readable: bool) -> dict[str, Any]:
    if not readable:
        return {"row": row, "state": label(PAPER_STATES, row.state), "tag": "", "closed": True, "at": row.revised_at}
    waits = len(reports.unsigned(row)) if row.state == "finished" else 0
    return {
        "row": row,
        "state": label(PAPER_STATES, row.state),
        "tag": {"signed": "done", "finished": "wait"}.get(row.state, ""),
        "waits": waits,
        "holds": rules.paper_holds(row.words),
        "url": _write_url(row) if row.state == "draft" and may else _page_url(row),
        "at": row.signed_at or row.finished_at or row.revised_at,
    }


def _readable(row: Report, compartments: Collection[str]) -> bool:
    """A version with something protected in it is read by those who read that compartment."""
    return rules.paper_holds(row.words) in compartments


PAPER_ACT = "paper:"


def _page_url(report: Report) -> str:
    return reverse("desk:report", args=[report.case.reference, report.uid])


def _write_url(report: Report) -> str:
    return reverse(f"desk:report_write_{report.kind}", args=[report.case.reference, report.uid])


def _report(request: HttpRequest, found: Case, uid: UUID, kind: str = "") -> Report:
    rows = Report.objects.filter(case=found, uid=uid)
    row = (rows.filter(kind=kind) if kind else rows).select_related("author", "stored", "text").first()
    if row is None or not _readable(row, cases_read.compartments_for(request.profile, found)):
        raise NotHere()
    row.case = found
    return row


# --- writing ---------------------------------------------------------------------------------------------------------


def report_new(kind: str) -> Callable[..., HttpResponse]:
    @address("staff", move=PAPER_MOVE[kind], methods=("POST",))
    def view(request: HttpRequest, reference: str) -> HttpResponse:
        found = cases_read.case_for(request.profile, reference, to=PAPER_MOVE[kind])
        language = dates.language_of(request.POST.get("language") or found.language)
        report = reports.report_draft(case=found, kind=kind, language=language, actor=request.actor, now=request.now)
        return redirect(_write_url(report))

    view.__name__ = f"report_new_{kind}"
    return view


class ReportForm(forms.Form):
    """What its author writes. Nothing is required to keep a draft; what is missing is said when it is sent for signing."""

    templates_at = TemplatesAt(
        "opening",
        only=("paper_how", "paper_next", "paper_unclear"),
        into=(("paper_next", "will_do"), ("paper_unclear", "unclear")),
    )
    edition = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)

    def __init__(self, *args: Any, report: Report, drawings: list[tuple[str, str]] = (), **kwargs: Any) -> None:
        self.report, self.drawings = report, drawings
        super().__init__(*args, **kwargs)
        build = self._internal if report.kind == Paper.INTERNAL else self._complainant
        build()

    def _words(self, name: str, words: str, rows: int, help_text: str = "") -> None:
        self.fields[name] = words_field(
            words, required=False, rows=rows, limit=rules.PAPER_WORDS, help_text=help_text,
            guarded=Surface.PRIVATE_MESSAGE if self.report.kind == Paper.COMPLAINANT else "",
        )  # fmt: skip

    def _internal(self) -> None:
        self._words("summary", _("摘要"), 5, _("三五句話：查到什麼、原因在哪裡。"))
        self._words("process", _("調查經過"), 7, _("看了什麼、訪談了誰、什麼時候。指派與開始的日期會自動列在下面。"))
        self._words("analysis", _("分析"), 10, _("從查明的事實推到哪裡。受保護的紀錄不能抄進來。"))
        if self.drawings:
            self.fields["figure"] = one_of(
                _("放進根本原因圖"), [("", _("不放")), *self.drawings], required=False, cards=True, help_text=_figure_advice()
            )
        self._words("unclear", _("無法查明的事"), 4, _("沒有的話可以空著，報告會寫明。"))

    def _complainant(self) -> None:
        self._words("opening", _("我們怎麼查"), 5, _("用平常的話。不寫同仁的姓名，不寫術語。"))
        outcomes = [(code, label(FOUND, code)) for code in rules.ISSUE_OUTCOMES]
        for issue in paper_reads.issues_of(self.report.case):
            about = _("「%(subject)s」查到什麼") % {"subject": issue.subject}
            self.fields[f"outcome_{issue.uid}"] = one_of(
                _("「%(subject)s」的結果") % {"subject": issue.subject}, outcomes, required=False, cards=True
            )
            self._words(f"issue_{issue.uid}", about, 5, _("旁邊列著查明的事實，請改寫成對方看得懂的話。"))
        self._words("will_do", _("接下來我們會做的事"), 5, _("一行一件，寫誰、在什麼時候之前。"))
        self._words("unclear", _("還不確定的事"), 3, _("沒有的話可以空著。"))

    def words(self) -> dict[str, str]:
        return {name: value for name, value in self.cleaned_data.items() if name != "edition"}


def _figure_advice() -> str:
    return _("放了之後，這一版只有讀得到根本原因分析的人能看，也不會附在給法院、調解或對方的資料裡。要給他們的，請另寫一版不放的。")


def _drawings(request: HttpRequest, found: Case) -> list[tuple[str, str]]:
    """The analyses that may be put into the report, for those who read them."""
    if ROOT_CAUSE not in cases_read.compartments_for(request.profile, found):
        return []
    words = _("%(method)s，%(who)s，%(when)s")
    return [
        (str(row.uid), words % {"method": method_words(row), "who": row.by.display_name, "when": paper_reads.when(row.at, found)})
        for row in root_causes_of(found)
    ]


def report_write(kind: str) -> Callable[..., HttpResponse]:
    @address("staff", move=PAPER_MOVE[kind], methods=("GET", "POST"))
    def view(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
        found = cases_read.case_for(request.profile, reference, to=PAPER_MOVE[kind])
        report = _report(request, found, uid, kind)
        if report.state != "draft":
            return redirect(_page_url(report))
        with timezone.override(found.branch.tz):
            return _write(request, report)

    view.__name__ = f"report_write_{kind}"
    return view


def _write(request: HttpRequest, report: Report) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    initial = {**report.words, "edition": report.edition, "begun": " ".join(report.templates)} | held_initial(request)
    looking = template_pick.asked(posted) or guarding.asked_only(posted)
    place = guarding.place_of(report.case, askable=True)
    form = ReportForm(None if looking else posted, initial=initial, report=report, drawings=_drawings(request, report.case))
    if looking:
        guarding.typed(form, posted)
    shelf = None
    if report.kind == Paper.COMPLAINANT:
        shelf = template_pick.shelf(form, form.templates_at, report.case, posted, request.now, language=report.language)
    guarding.look(form, place, posted if looking else None)
    status, kept = 200, None
    if posted is not None and not looking:
        if form.is_valid():
            kept = attempt(form, lambda: _kept(request, report, form, shelf))
        if kept is not None and not {"finish", guarding.CLEAR} & set(posted):
            messages.success(request, _("草稿已存。"))
            return redirect(_write_url(report))
        if kept is not None and attempt(form, lambda: _finish(request, kept)):
            messages.success(request, _("已定稿，等待簽署。"))
            return redirect(_page_url(report))
        held = guarding.held_at(form, place)
        if held is not None and guarding.CLEAR in posted and attempt(form, lambda: _asked_leave(request, report, held)):
            messages.success(request, _("已送交核准，草稿也存了。核准後再定稿一次。"))
            return redirect("desk:clearances")
        refused = getattr(form, "refused", None)
        status = refused.status if refused is not None else 422
        report.refresh_from_db(fields=["words", "edition"])
        form.data = form.data.copy()
        form.data["edition"] = str(report.edition)
    noted(request, report.case, "case.paper_write", compartments=[rules.paper_holds(report.words)], more=[f"report:{report.uid}"])
    context = {
        "case": report.case,
        "heading": shapes.heading(report.case, True),
        "report": report,
        "title": label(PAPERS, report.kind),
        "form": form,
        "findings": findings_of(report.case),
        "others": _others_words(form, report) if status == 409 else [],
        "page_url": _page_url(report),
        "guarded": bool(guarding.guarded(form)),
        "shelf": shelf,
    }
    return render(request, "desk/paper_write.html", context, status=status)


def _asked_leave(request: HttpRequest, report: Report, held: GuardHeld) -> Clearance:
    """Words of the paper that the guard holds, put before colleagues; the draft stays where it is."""
    why = guarding.why_of(request.POST)
    about = {"case": report.case, "words": held.words, "why": why, "act": paper_act(report), "form": {}, "move": PAPER_MOVE[report.kind]}
    return words_ask(**about, actor=request.actor, now=request.now)


def paper_act(report: Report) -> str:
    """By what a clearance names the paper it was asked for."""
    return f"{PAPER_ACT}{report.uid.hex}"


def paper_of(case: Case, act: str) -> str:
    """Where its writer goes on with the paper that a clearance names; empty where it names none, or one of other hands."""
    found = Report.objects.filter(case=case, uid=act.removeprefix(PAPER_ACT)).first() if act.startswith(PAPER_ACT) else None
    return _write_url(found) if found is not None and found.state == "draft" else ""


def _kept(request: HttpRequest, report: Report, form: ReportForm, shelf: Shelf | None) -> Report:
    begun = shelf.begun if shelf is not None else ()
    said = {"words": form.words(), "edition": form.cleaned_data["edition"], "templates": begun}
    return reports.report_revise(report=report, **said, actor=request.actor, now=request.now)


def _finish(request: HttpRequest, report: Report) -> Report:
    return reports.report_finish(
        report=report, edition=report.edition, check_url=_check_url(request), actor=request.actor, now=request.now
    )


def _others_words(form: ReportForm, report: Report) -> list[tuple[str, str]]:
    """What a colleague kept meanwhile, where it differs from what is in the form."""
    return [
        (str(field.label), dict(getattr(field, "choices", ())).get(report.words.get(name, ""), report.words.get(name, "")))
        for name, field in form.fields.items()
        if name != "edition" and report.words.get(name, "") != (form.data.get(name) or "").strip()
    ]


def _check_url(request: HttpRequest) -> str:
    base = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    return base + reverse("portal:proof")


# --- one paper -------------------------------------------------------------------------------------------------------


@address("staff", move="print")
def report(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The same content as the PDF, as a page; a draft as it would be."""
    found = cases_read.case_for(request.profile, reference, to="print")
    row = _report(request, found, uid)
    allowed = allowed_moves(request.profile, found)
    may = PAPER_MOVE[row.kind] in allowed
    if row.state == "draft":
        content = report_content(row, words=row.words, signers=[], check_url=_check_url(request), now=request.now)
    else:
        _refuse_if_erased(row)
        content = signed_content(row)
    opens = {"compartments": [rules.paper_holds(row.words)], "more": [f"report:{row.uid}"]}
    noted(request, found, "case.paper", **opens, purpose="print")
    left = reports.unsigned(row) if row.state == "finished" else set()
    earlier = Report.objects.filter(case=found, kind=row.kind, version__lt=row.version).exclude(content=None)
    context = {
        "row": row,
        "state": label(PAPER_STATES, row.state),
        "may_write": may and row.state == "draft",
        "write_url": _write_url(row),
        "may_sign": may and request.actor.user_id in left,
        "may_set": may and row.state == "finished" and not left,
        "may_give": may and row.kind == Paper.COMPLAINANT and row.state == "signed" and row.given_at is None,
        "sign_url": reverse(f"desk:report_sign_{row.kind}", args=[found.reference, row.uid]),
        "set_url": reverse(f"desk:report_set_{row.kind}", args=[found.reference, row.uid]),
        "compare_url": reverse("desk:report_compare", args=[found.reference, row.uid])
        if row.content is not None and earlier.exists()
        else "",
        "pdf_url": reverse("desk:report_pdf", args=[found.reference, row.uid]) if row.stored_id else "",
        "left": len(left),
    }
    fact = reports.finished_fact(row) if row.state != "draft" else None
    return _paper(request, found, content, fact, row.digest, context)


def _refuse_if_erased(row: Report | Passport) -> None:
    if not row.content:
        raise FileDestroyed(uid=str(row.uid))


def _paper(
    request: HttpRequest, found: Case, content: dict[str, Any], fact: FactRow | None, digest: str, more: dict[str, Any]
) -> HttpResponse:
    """In the language of the paper, whatever the reader's."""
    with timezone.override(found.branch.tz), translation.override(content["language"]):
        foot, code = paper_reads.foot(fact, digest=digest, check_url=content["check"]) if fact is not None else (None, "")
        context = {
            "case": found,
            "content": content,
            "foot": foot,
            "qr": qr_svg(code, content["labels"]["qr"]) if code else "",
            "back_url": reverse("desk:papers", args=[found.reference]),
            **more,
        }
        return render(request, "desk/paper.html", context)


def report_sign(kind: str) -> Callable[..., HttpResponse]:
    @address("staff", move=PAPER_MOVE[kind], methods=("POST",))
    def view(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
        found = cases_read.case_for(request.profile, reference, to=PAPER_MOVE[kind])
        row = _report(request, found, uid, kind)
        reports.report_sign(report=row, actor=request.actor, now=request.now)
        messages.success(request, _("已簽署。"))
        row.refresh_from_db()
        if reports.waits_for_print(row):
            _set(request, row)
        return redirect(_page_url(row))

    view.__name__ = f"report_sign_{kind}"
    return view


def report_set(kind: str) -> Callable[..., HttpResponse]:
    @address("staff", move=PAPER_MOVE[kind], methods=("POST",))
    def view(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
        found = cases_read.case_for(request.profile, reference, to=PAPER_MOVE[kind])
        row = _report(request, found, uid, kind)
        _set(request, row)
        return redirect(_page_url(row))

    view.__name__ = f"report_set_{kind}"
    return view


def _set(request: HttpRequest, row: Report) -> None:
    """The signatures stand, whatever becomes of the printing; it can be tried again."""
    try:
        reports.report_print(report=row, actor=request.actor, now=request.now)
    except PaperFailed:
        messages.error(request, _("簽署都在，但排印沒有完成。請再試一次；一直不行的話請找系統管理員。"))


@address("staff", move="disclose", methods=("POST",))
def report_give(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    found = cases_read.case_for(request.profile, reference, to="disclose")
    row = _report(request, found, uid, Paper.COMPLAINANT)
    reports.report_give(report=row, actor=request.actor, now=request.now)
    messages.success(request, _("已放在對方的進度頁，也留了一則訊息。"))
    return redirect(_page_url(row))


@address("staff", move="print")
def report_pdf(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The signed paper; the copy is written to the access log before it is given."""
    found = cases_read.case_for(request.profile, reference, to="print")
    row = _report(request, found, uid)
    if row.stored is None:
        raise WrongPaperState()
    return _pdf(request, found, row.stored, "case.paper_copy", f"report:{row.uid}", rules.paper_holds(row.words))


def _pdf(request: HttpRequest, found: Case, stored: StoredFile, what: str, shown: str, holds: str = "") -> HttpResponse:
    noted(request, found, what, compartments=[holds], more=[shown], purpose="copy")
    response = FileResponse(file_open(stored), as_attachment=True, filename=file_name(stored))
    response["Content-Type"] = "application/pdf"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@address("staff", move="print")
def report_compare(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """What changed since an earlier version, line by line."""
    found = cases_read.case_for(request.profile, reference, to="print")
    row = _report(request, found, uid)
    earlier = Report.objects.filter(case=found, kind=row.kind, version__lt=row.version).exclude(content=None)
    readable = cases_read.compartments_for(request.profile, found)
    versions = [one for one in earlier.select_related("text").order_by("-version") if _readable(one, readable)]
    asked = request.GET.get("with", "")
    before = next((one for one in versions if str(one.version) == asked), versions[0] if versions else None)
    if before is None or row.text is None:
        raise WrongPaperState()
    both = {"compartments": [rules.paper_holds(one.words) for one in (row, before)]}
    noted(request, found, "case.paper_compare", **both, more=[f"report:{one.uid}" for one in (row, before)])
    with timezone.override(found.branch.tz):
        context = {
            "case": found,
            "heading": shapes.heading(found, True),
            "title": label(PAPERS, row.kind),
            "row": row,
            "before": before,
            "versions": versions,
            "lines": compared(before.text.body, row.text.body),
            "page_url": _page_url(row),
        }
        return render(request, "desk/paper_compare.html", context)


def compared(before: str, after: str) -> list[tuple[str, str]]:
    """(same | gone | new | "…", line), with two lines of context around each change."""
    said: list[tuple[str, str]] = []
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for n, group in enumerate(matcher.get_grouped_opcodes(2)):
        if n:
            said.append(("…", ""))
        for tag, a, b, c, d in group:
            if tag == "equal":
                said += [("same", line) for line in matcher.a[a:b]]
                continue
            said += [("gone", line) for line in matcher.a[a:b]]
            said += [("new", line) for line in matcher.b[c:d]]
    return said


# --- the analysis of causes ------------------------------------------------------------------------------------------


@address("staff", move=READ_CAUSES)
def root_cause(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The analysis as a paper, for those who read its compartment; for others it is not there."""
    found, row, content = _analysis(request, reference, uid, "case.root_cause")
    fact = recorded_fact(found, row)
    more = {"pdf_url": reverse("desk:root_cause_pdf", args=[found.reference, row.uid])}
    more["back_url"] = reverse("desk:investigation", args=[found.reference])
    return _paper(request, found, content, fact, paper_reads.digest_of(content), more)


@address("staff", move=READ_CAUSES)
def root_cause_pdf(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The same as PDF/A, set when it is asked for: no copy of it lies anywhere in the house."""
    found, row, content = _analysis(request, reference, uid, "case.root_cause_copy", "copy")
    try:
        pdf = reports.paper_of(content, recorded_fact(found, row), digest=paper_reads.digest_of(content), at=row.at)
    except PaperFailed:
        messages.error(request, _("排印沒有完成。請再試一次；一直不行的話請找系統管理員。"))
        return redirect("desk:root_cause", reference=found.reference, uid=row.uid)
    response = HttpResponse(pdf, content_type="application/pdf")
    name = f"{found.reference}-root-cause-{row.at:%Y%m%d}.pdf"
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Content-Security-Policy"] = SANDBOX
    return response


def _analysis(
    request: HttpRequest, reference: str, uid: UUID, what: str, purpose: str = "print"
) -> tuple[Case, RootCause, dict[str, Any]]:
    """Into the access log before it is shown, with the compartment it comes out of."""
    found = cases_read.case_for(request.profile, reference, to=READ_CAUSES)
    row = root_cause_in(found, uid)
    noted(request, found, what, compartments=[ROOT_CAUSE], more=[f"root_cause:{row.uid}"], purpose=purpose)
    language = translation.get_language() or found.language
    with timezone.override(found.branch.tz):
        content = root_cause_content(found, row, language=language, check_url=_check_url(request), now=request.now)
    return found, row, content


# --- passports -------------------------------------------------------------------------------------------------------


@address("staff", move=MAKE_PASSPORT, methods=("POST",))
def passport_make(request: HttpRequest, reference: str) -> HttpResponse:
    found = cases_read.case_for(request.profile, reference, to=MAKE_PASSPORT)
    try:
        made = passports.passport_make(
            case=found,
            purpose=request.POST.get("purpose", ""),
            language=translation.get_language() or found.language,
            check_url=_check_url(request),
            actor=request.actor,
            now=request.now,
        )
    except PaperFailed:
        messages.error(request, _("排印沒有完成，什麼都還沒有記下。請再試一次。"))
        return redirect("desk:papers", reference=found.reference)
    return redirect("desk:passport", reference=found.reference, uid=made.uid)


@address("staff", move="print")
def passport(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """As it was handed out."""
    found = cases_read.case_for(request.profile, reference, to="print")
    row = _passport(found, uid)
    _refuse_if_erased(row)
    noted(request, found, "case.passport_read", more=[f"passport:{row.uid}"], purpose="print")
    fact = passports.foot_fact(row)
    more = {"pdf_url": reverse("desk:passport_pdf", args=[found.reference, row.uid])}
    return _paper(request, found, row.content, fact, paper_reads.digest_of(row.content), more)


@address("staff", move="print")
def passport_pdf(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    found = cases_read.case_for(request.profile, reference, to="print")
    row = _passport(found, uid)
    return _pdf(request, found, row.stored, "case.passport_copy", f"passport:{row.uid}")


def _passport(found: Case, uid: UUID) -> Passport:
    row = Passport.objects.filter(case=found, uid=uid).select_related("stored").first()
    if row is None:
        raise NotHere()
    return row
