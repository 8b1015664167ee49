"""Holds, retention, copies, seals, erasure and lots of a case: thin, like the rest of the desk."""
from __future__ import annotations

import csv
from base64 import b64encode
from io import StringIO
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from suyuan.cases import selectors as cases_read
from suyuan.cases.models import Case, ErasureDecision
from suyuan.cases.phrases import DATA, DECISIONS, DEMANDS, HOLD_CAUSES, RECORDS, label
from suyuan.cases.selectors.door import allowed_moves
from suyuan.cases.selectors.page import names_of
from suyuan.cases.selectors.rights import held_cases, kept_lines, lot_trace, lots_of, orders_of, purging
from suyuan.cases.services.rights import case_seal_sign
from suyuan.desk import shapes
from suyuan.desk.acts import offered
from suyuan.desk.acts.rights import money
from suyuan.desk.fields import attempt, line_field, one_of
from suyuan.desk.noting import noted
from suyuan.desk.retention import keeping_tabs
from suyuan.evidence.models import CopySet, Item, Seal
from suyuan.evidence.phrases import GROUNDS, MEDIA, RECEIPTS, SIGNED_ON, STANDINGS
from suyuan.evidence.selectors.rights import SIGNATURE, copies_in, copies_of, seal_in, seals_of, signatures_of
from suyuan.platform import access
from suyuan.platform.addresses import address
from suyuan.platform.erasure import left_to_rewrite, log_kept_by_server
from suyuan.platform.facts import facts_told
from suyuan.platform.files import STAFF_TYPES, Received, file_open, file_receive
from suyuan.platform.holds import KINDS
from suyuan.platform.models import FactRow, Hold
from suyuan.ui.qr import qr_svg
from suyuan.ui.signing import SignatureField, Strokes, signature_png

_RISKY = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
LONGEST_LOT = 80
LARGEST_SIGNATURE = 1 << 20


@address("staff", move="identity")
def rights(request: HttpRequest, reference: str) -> HttpResponse:
    """What of this case is held, how long it is kept, what was sealed, handed out and erased, and its lots."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    access.seen(request.actor, "case.rights", at=request.now, branch_id=found.branch_id, stream=found.stream)
    allowed = allowed_moves(request.profile, found)
    acts = {act.code: (str(act.title), shapes.act_url(act.code, found)) for act in offered(found, allowed)}
    readable = cases_read.compartments_for(request.profile, found)
    with timezone.override(found.branch.tz):
        context = {
            "case": found,
            "heading": shapes.heading(found, True),
            "pages": shapes.pages(found, allowed, "rights"),
            "holds": _holds(found),
            "held": found.held,
            "kept": _kept(found, request),
            "copies": [_copies(row) for row in copies_of(found.stream)],
            "seals": [_seal(row, readable) for row in seals_of(found.stream)],
            "erasures": _erasures(found),
            "purging": purging(found),
            "server_log": log_kept_by_server() and bool(orders_of(found)),
            "left": left_to_rewrite(orders_of(found)),
            "lots": [(number, row, _lot_url(number)) for number, row in lots_of(found)],
            "lot_acts": [(_("批號追溯"), reverse("desk:lots"))],
            "hold_acts": [*_links(acts, "hold", "hold-lift"), (_("保全中的案件"), reverse("desk:holds"))],
            "copy_acts": _links(acts, "copies", "copies-out", "copies-wait"),
            "may_seal": "seal" in allowed,
            "seal_acts": _links(acts, "seal", "unseal"),
            "erase_acts": _links(acts, "erase"),
        }
        return render(request, "desk/rights.html", context)


def _links(acts: dict[str, tuple[str, str]], *codes: str) -> list[tuple[str, str]]:
    return [acts[code] for code in codes if code in acts]


def _holds(found: Case) -> list[dict[str, Any]]:
    rows = list(Hold.objects.filter(stream=found.stream).order_by("lifted_at", "-id"))
    names = names_of([row.placed_by for row in rows] + [row.lifted_by for row in rows])
    return [
        {
            "row": row,
            "kind": KINDS.get(row.kind, row.kind),
            "why": HOLD_CAUSES.get(row.cause) if row.cause else row.reason,
            "by": names.get(row.placed_by, "") or _("系統依規則"),
            "lifted_by": names.get(row.lifted_by, ""),
        }
        for row in rows
    ]


def _kept(found: Case, request: HttpRequest) -> list[dict[str, Any]]:
    today = request.now.astimezone(found.branch.tz).date()
    lines = [line for line in kept_lines(found, today) if line.kept is not None]
    return [
        {
            "record": label(RECORDS, line.record),
            "until": line.kept.until,
            "law": line.rule.citation if line.rule else line.kept.rule,
            "grade": line.rule.grade if line.rule else "",
            "title": line.rule.title if line.rule else "",
        }
        for line in lines
    ]


def _copies(row: CopySet) -> dict[str, Any]:
    handover = getattr(row, "handover", None)
    return {
        "row": row,
        "lines": row.lines.count(),
        "fee": row.fee_minor / 100 if row.fee_minor else 0,
        "handover": handover,
        "standing": STANDINGS.get(handover.standing, "") if handover else "",
        "medium": MEDIA.get(handover.medium, "") if handover else "",
        "receipt": RECEIPTS.get(handover.receipt, "") if handover else "",
    }


def _listed(row: Seal | CopySet, readable: frozenset[str]) -> list[Any]:
    """The list as both sides hold it. What was put since where this reader does not read is a number and a digest to them."""
    lines = list(row.lines.select_related("item").order_by("number"))
    for line in lines:
        if line.item.compartment not in readable:
            line.title = line.lot = ""
    return lines


def _seal(row: Seal, readable: frozenset[str]) -> dict[str, Any]:
    opening = getattr(row, "opening", None)
    return {
        "row": row,
        "lines": _listed(row, readable),
        "signed_on": SIGNED_ON.get(row.signed_on, ""),
        "opening": opening,
        "ground": GROUNDS.get(opening.ground, "") if opening else "",
        "signed": [(side_words(one), one) for one in signatures_of(row)],
    }


def side_words(item: Item) -> str:
    return sides()[item.kind.removeprefix(SIGNATURE)]


def sides() -> dict[str, str]:
    return {"clinic": _("診所"), "patient": _("病人方"), "witness": _("見證人")}


def _drawn(item: Item) -> str:
    """Our own picture of the strokes, small enough to stand in the page."""
    if item.stored.state != "stored":
        return ""
    with file_open(item.stored) as file:
        return "data:image/png;base64," + b64encode(file.read()).decode()


class SealSignForm(forms.Form):
    """Who signs, how they were known, and what they drew."""

    def __init__(self, data: Any = None, *, left: list[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["side"] = one_of(_("誰簽名"), left, cards=True)
        self.fields["identity"] = line_field(
            _("怎麼確認是本人"), limit=120, help_text=_("例如：看過國民身分證；同仁認得本人。證件號碼不必寫。")
        )
        self.fields["strokes"] = SignatureField(label=_("在框裡簽名"))


@address("staff", move="seal", methods=("GET", "POST"))
def seal_sign(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Sign the list of a seal on a tablet, each side on its own; on paper it can be signed all the same."""
    found = cases_read.case_for(request.profile, reference, to="seal")
    row = seal_in(found.stream, uid)
    signed = {one.kind.removeprefix(SIGNATURE) for one in signatures_of(row)}
    names = {"clinic": row.for_clinic, "patient": row.for_patient, "witness": row.witness}
    left = [(side, f"{words}　{names[side]}") for side, words in sides().items() if names[side] and side not in signed]
    form = SealSignForm(request.POST if request.method == "POST" else None, left=left)

    def act() -> bool:
        case_seal_sign(
            case=found,
            seal=row,
            side=form.cleaned_data["side"],
            identity=form.cleaned_data["identity"],
            drawn=_received(row, form.cleaned_data["strokes"]),
            actor=request.actor,
            now=request.now,
        )
        return True

    if form.is_bound and form.is_valid() and attempt(form, act):
        messages.success(request, _("簽名已經收下，印在清單上。"))
        return redirect("desk:seal_sign", reference=found.reference, uid=row.uid)
    noted(request, found, "case.seal_sign", items=signatures_of(row), more=[f"seal:{row.uid}"])
    refused = getattr(form, "refused", None)
    with timezone.override(found.branch.tz):
        context = _seal(row, cases_read.compartments_for(request.profile, found)) | {
            "case": found,
            "heading": shapes.heading(found, True),
            "pages": shapes.pages(found, allowed_moves(request.profile, found), "rights"),
            "form": form,
            "left": left,
            "drawings": [(side_words(one), one, _drawn(one)) for one in signatures_of(row)],
        }
        status = refused.status if refused is not None else 422 if form.is_bound else 200
        return render(request, "desk/seal_sign.html", context, status=status)


def _received(row: Seal, strokes: Strokes) -> Received:
    return file_receive(
        source=[signature_png(strokes)], name=f"{row.number}.png", max_bytes=LARGEST_SIGNATURE, accept=STAFF_TYPES
    )


def _erasures(found: Case) -> list[dict[str, Any]]:
    rows = ErasureDecision.objects.filter(case=found).select_related("demand", "by").order_by("id")
    return [
        {"group": label(DATA, row.group), "decision": label(DECISIONS, row.decision), "erased": row.decision == "erased", "row": row}
        for row in rows
        if row.decision != "nothing"
    ]


def _lot_url(number: str) -> str:
    return f"{reverse('desk:lots')}?{urlencode({'lot': number})}"


# --- papers --------------------------------------------------------------------------------------------------------


@address("staff", move="print")
def seal_print(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The list of a seal, twice, to be signed by hand: one for each side."""
    found = cases_read.case_for(request.profile, reference, to="print")
    row = seal_in(found.stream, uid)
    _copied(request, found, "case.seal_print", f"seal:{row.uid}")
    with timezone.override(found.branch.tz):
        context = _paper(request, found) | _seal(row, cases_read.compartments_for(request.profile, found))
        context["qr"] = qr_svg(f"suyuan seal {row.number} sha256 {row.digest}", _("封存清單的雜湊值"))
        context["sides"] = [_("診所留存聯"), _("病人方留存聯")]
        context["drawn"] = {one.kind.removeprefix(SIGNATURE): (one, _drawn(one)) for one in signatures_of(row)}
        return render(request, "desk/seal_print.html", context)


@address("staff", move="print")
def copies_print(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The list of a set of copies with the digest of each, and where to sign for it."""
    found = cases_read.case_for(request.profile, reference, to="print")
    row = copies_in(found.stream, uid)
    _copied(request, found, "case.copies_print", f"copies:{row.uid}")
    with timezone.override(found.branch.tz):
        lines = _listed(row, cases_read.compartments_for(request.profile, found))
        context = _paper(request, found) | _copies(row) | {"lines": lines, "fee_how": _fee_how(row)}
        context["qr"] = qr_svg(f"suyuan copies {row.number} sha256 {row.digest}", _("複製本清單的雜湊值"))
        return render(request, "desk/copies_print.html", context)


def _fee_how(row: CopySet) -> str:
    """By which tariff, and why something else was charged, as it was told when the set was made."""
    facts = [fact for fact in FactRow.objects.filter(stream=row.stream, type="copies.prepared") if fact.value("copies") == str(row.uid)]
    told = facts_told(facts)[0]
    tariff, reason = told.plain("tariff"), told.private.get("fee_reason", "")
    if not tariff:
        return ""
    amount = money(tariff["fee"], row.currency)
    said = _("照標準 %(pages)s 頁、光碟 %(discs)s 片是 %(fee)s") % {"pages": tariff["pages"], "discs": tariff["discs"], "fee": amount}
    return _("；").join(part for part in (said, reason) if part)


@address("staff", move="print")
def copies_list(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The same list for a spreadsheet: number, title, size, SHA-256."""
    found = cases_read.case_for(request.profile, reference, to="print")
    row = copies_in(found.stream, uid)
    _copied(request, found, "case.copies_list", f"copies:{row.uid}")
    page = StringIO()
    table = csv.writer(page)
    table.writerow([_("證物"), _("名稱"), _("大小（位元組）"), "SHA-256"])
    for line in _listed(row, cases_read.compartments_for(request.profile, found)):
        table.writerow([line.number, _harmless(line.title), line.size or "", line.sha256])
    response = HttpResponse("\ufeff" + page.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.number}.csv"'
    return response


def _harmless(words: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + words if words.startswith(_RISKY) else words


def _copied(request: HttpRequest, found: Case, what: str, shown: str) -> None:
    access.note_before(
        request.actor, what, at=request.now, purpose="print", branch_id=found.branch_id, stream=found.stream, shown=[shown]
    )


def _paper(request: HttpRequest, found: Case) -> dict[str, Any]:
    return {
        "case": found,
        "heading": shapes.heading(found, True),
        "now": request.now,
        "back_url": reverse("desk:rights", args=[found.reference]),
        "clinic": found.branch.name(translation.get_language() or "zh-hant"),
        "demands": DEMANDS,
    }


# --- across cases --------------------------------------------------------------------------------------------------


@address("staff")
def holds(request: HttpRequest) -> HttpResponse:
    """Every case within reach on which a hold stands."""
    found = held_cases(request.profile)
    access.seen(request.actor, "holds.list", at=request.now, shown=[held.case.reference for held in found])
    lines = [
        {"case": held.case, "kinds": [str(KINDS.get(hold.kind, hold.kind)) for hold in held.holds], "since": held.holds[-1].placed_at}
        for held in found
    ]
    return render(request, "desk/holds.html", {"lines": lines, "tabs": keeping_tabs(request.profile, "holds")})


@address("staff")
def lots(request: HttpRequest) -> HttpResponse:
    """This lot or device number → which treatments, patients, cases and objects, as far as the reader may see each."""
    asked = request.GET.get("lot", "").replace("\x00", "")[:LONGEST_LOT].strip()
    trace = lot_trace(request.profile, asked)
    if asked:
        shown = [case.reference for case in trace.cases] + [f"treatment:{row.uid}" for row in trace.treatments]
        access.seen(request.actor, "lots.traced", at=request.now, asked=asked, shown=shown[:400])
    return render(request, "desk/lots.html", {"asked": asked, "trace": trace, "tabs": keeping_tabs(request.profile, "lots")})
