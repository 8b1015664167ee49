"""Handing out a case as evidence. Thin: parse, call, render."""
from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from suyuan.accounts.labels import COMPARTMENTS
from suyuan.cases import selectors as cases_read
from suyuan.cases.models import Case
from suyuan.cases.phrases import AGREED_HOW, PAPERS, PURPOSES, label
from suyuan.cases.selectors.bundles import PURPOSES as OFFERED
from suyuan.cases.selectors.bundles import agreements_of, bundle_asked, given_in, hideable_in
from suyuan.cases.selectors.door import allowed_moves, compartments_for
from suyuan.cases.services.bundles import case_bundle, case_bundle_again, case_bundle_prepare
from suyuan.desk import shapes
from suyuan.desk.fields import attempt, one_of, some_of
from suyuan.desk.noting import noted, ticket, ticketed
from suyuan.evidence.errors import BundleRefused
from suyuan.evidence.models import BundleExport
from suyuan.evidence.selectors.bundles import exports_of
from suyuan.kernel.container import container_length, container_stream
from suyuan.kernel.refusal import NotHere
from suyuan.platform.addresses import address
from suyuan.platform.facts import facts_told
from suyuan.platform.files.serving import SANDBOX

MOVE = "bundle_export"


def purpose_words(code: str) -> str:
    return label(PURPOSES, code)


def left_out_words(what: str, why: str) -> tuple[str, str]:
    """What stays in the house and why, in words."""
    kind, _dot, compartment = what.partition(".")
    if kind == "paper" and why == "not_given":
        return label(PAPERS, compartment), _("還沒有交給對方的版本不放進去")
    if kind == "paper":
        return label(PAPERS, compartment), _("不是寫給對方的；對方另有一份調查結果說明書")
    if kind == "papers":
        return _("簽過名的報告與案件摘要"), _("裡面會有選定的人") if why == "hidden" else _("這一份不附")
    if kind == "compartment":
        code, *basis = why.split(",")
        reason = {
            "protected": _("依院內規則不對外提出"),
            "protected_by_law": _("依法不對外提出"),
            "not_by_this_person": _("要由有權的人交出"),
        }.get(code, code)
        name = str(COMPARTMENTS.get(compartment, compartment))
        return name, _("%(why)s（%(law)s）") % {"why": reason, "law": _("、").join(basis)} if basis else reason
    if kind == "persons":
        return _("選定的人"), _("出現他的事件只留下種類，其餘不公開")
    return _("檔案"), _("這一份不附")


class BundleForm(forms.Form):
    """What for, who must not be recognised, and whether files go along."""

    def __init__(self, *args: Any, found: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"] = one_of(_("交給誰用"), [(str(p), purpose_words(p)) for p in OFFERED], cards=True)
        people = [(one.uid, one.name or _("申訴人")) for one in hideable_in(found)]
        if people:
            self.fields["hidden"] = some_of(
                _("不能被認出來的人"),
                people,
                help_text=_("凡是出現他的姓名、電話或代號的事件，都只留下種類。別的說法認得出他的，程式看不出來，交出去之前請自己看過一遍。"),
            )
        self.fields["files"] = one_of(
            _("檔案"),
            [("auto", _("一起附上；有人不能被認出來時就不附")), ("yes", _("一起附上")), ("no", _("不附"))],
            cards=True,
            initial="auto",
            help_text=_("簽過名的報告與案件摘要也算在內；有人不能被認出來時，它們一律不附。"),
        )

    def said(self) -> dict[str, Any]:
        data = self.cleaned_data
        with_files = {"auto": None, "yes": True, "no": False}[data["files"]]
        return {"purpose": data["purpose"], "hidden": data.get("hidden") or (), "with_files": with_files}


@address("staff", move=MOVE, methods=("GET", "POST"))
def bundle(request: HttpRequest, reference: str) -> HttpResponse:
    """Choose what leaves the house; what was handed out before stands beside it."""
    found = cases_read.case_for(request.profile, reference, to=MOVE)
    posted = request.POST if request.method == "POST" else None
    form, status = BundleForm(posted, found=found), 200
    if posted is not None:
        if form.is_valid() and (export := attempt(form, lambda: _made(request, found, form))):
            return redirect("desk:bundle_made", found.reference, export.uid)
        status = form.refused.status if getattr(form, "refused", None) else 422
    agreed, allowed = _agreed(request, found), allowed_moves(request.profile, found)
    noted(request, found, "case.bundle", compartments=[one["compartment"] for one in agreed])
    with timezone.override(found.branch.tz):
        context = {
            "case": found,
            "heading": shapes.heading(found, True),
            "pages": shapes.pages(found, allowed, "bundle"),
            "form": form,
            "agreed": agreed,
            "agree_url": shapes.act_url("agreement", found) if "showing_agree" in allowed else "",
            "stays": [(purpose_words(p), _stays(request, found, p)) for p in OFFERED],
            "exports": [(purpose_words(one.purpose), one) for one in exports_of(found.stream)],
        }
        return render(request, "desk/bundle.html", context, status=status)


def _made(request: HttpRequest, found: Case, form: BundleForm) -> BundleExport:
    export, plan = case_bundle(case=found, actor=request.actor, now=request.now, **form.said())
    case_bundle_prepare(export=export, plan=plan, now=request.now)
    return export


def _stays(request: HttpRequest, found: Case, purpose: str) -> list[tuple[str, str]]:
    asked = bundle_asked(request.profile, found, purpose=purpose, given=given_in(found), now=request.now)
    return [left_out_words(*pair) for pair in asked.left_out]


def _agreed(request: HttpRequest, found: Case) -> list[dict[str, Any]]:
    """What both sides agreed to show, of the compartments that this person reads."""
    rows = agreements_of(found, compartments_for(request.profile, found))
    return [
        {
            "compartment": compartment,
            "name": COMPARTMENTS.get(compartment, compartment),
            "purposes": _("、").join(purpose_words(code) for code in told.plain("purposes", [])),
            "how": label(AGREED_HOW, told.plain("how", "")),
            "people": [name for field in ("by_clinic", "by_person") if (name := told.private.get(field))],
            "at": parse_datetime(told.plain("happened_at", "")) or told.row.at,
        }
        for compartment, told in zip(rows, facts_told(list(rows.values())), strict=True)
    ]


@address("staff", move=MOVE)
def bundle_made(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """What was made: its digest, the pin, what is not in it; and where it can be taken away."""
    found = cases_read.case_for(request.profile, reference, to=MOVE)
    export = _export(found, uid)
    if not ticketed(request, export.uid):  # the page looks again by itself until the bundle is ready
        noted(request, found, "case.bundle")
    base = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    with timezone.override(found.branch.tz):
        context = {
            "case": found,
            "heading": shapes.heading(found, True),
            "pages": shapes.pages(found, allowed_moves(request.profile, found), "bundle"),
            "export": export,
            "purpose": purpose_words(export.purpose),
            "left_out": [left_out_words(*pair) for pair in export.left_out],
            "hidden": len(export.asked["hidden"]),
            "problem": BundleRefused(export.fault).message() if export.fault else "",
            "pin": export.checkpoint.fingerprint,
            "name": _name(found, export),
            "again_url": f"{reverse('desk:bundle_made', args=[found.reference, export.uid])}?{ticket(request, export.uid)}",
            "check_url": base + reverse("portal:bundle"),
        }
        return render(request, "desk/bundle_made.html", context)


@address("staff", move=MOVE)
def bundle_file(request: HttpRequest, reference: str, uid: UUID) -> HttpResponseBase:
    """The bundle itself, sent as it is read, so that it may be of any size; the copy is written down before it is given."""
    found = cases_read.case_for(request.profile, reference, to=MOVE)
    export = _export(found, uid)
    if export.checked_at is None or export.fault:
        return redirect("desk:bundle_made", found.reference, export.uid)
    plan = case_bundle_again(case=found, export=export, actor=request.actor, now=request.now)
    response = StreamingHttpResponse(container_stream(plan.sources, export.crcs))
    response["Content-Length"] = str(container_length(plan.sources))
    response["Content-Type"] = "application/octet-stream"
    response["Content-Disposition"] = content_disposition_header(True, _name(found, export))
    response["Content-Security-Policy"] = SANDBOX
    return response


def _export(found: Case, uid: UUID) -> BundleExport:
    export = BundleExport.objects.filter(stream=found.stream, uid=uid).select_related("checkpoint").first()
    if export is None:
        raise NotHere()
    return export


def _name(found: Case, export: BundleExport) -> str:
    return f"{found.reference}-{export.manifest[:8]}.zip"
