"""What the law no longer keeps, before whoever decides: one order for many, or kept with a reason."""
from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from suyuan.accounts.rules import HOUSE_MOVES, ActorProfile
from suyuan.cases.models import RetentionProposal
from suyuan.cases.selectors.retention import Proposed, proposed, retention_for
from suyuan.cases.services.retention import retention_keep_many, retention_order
from suyuan.desk.fields import attempt, line_field, one_of, some_of
from suyuan.kernel.refusal import BadInput
from suyuan.platform import access
from suyuan.platform.addresses import address
from suyuan.playbooks import selectors as packs
from suyuan.ui import dates

MOST = 100


def keeping_tabs(profile: ActorProfile, here: str) -> list[dict[str, Any]]:
    """The pages beside each other: what is held, what may go, where a lot went."""
    shown = [("holds", pgettext("nav", "保全"))] if profile.roles & HOUSE_MOVES["holds_look"] else []
    shown += [("retention", _("保存期滿"))] if profile.roles & HOUSE_MOVES["retention_decide"] else []
    shown += [("lots", _("批號追溯"))]
    return [{"label": label, "url": reverse(f"desk:{name}"), "on": name == here} for name, label in shown]


class RetentionForm(forms.Form):
    """Several cases, one decision."""

    def __init__(self, *args: Any, waiting: list[Proposed], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        laws = _laws(waiting)
        choices = [(str(each.row.uid), _line(each, laws)) for each in waiting]
        self.fields["chosen"] = some_of(_("案件"), choices, required=True, error_messages={"required": _("請至少選一件。")})
        what = [("erase", _("刪除")), ("keep", _("再保留一年"))]
        self.fields["what"] = one_of(_("選到的案件要怎麼做"), what, cards=True)
        self.fields["reason"] = line_field(_("保留的理由"), required=False, limit=300, help_text=_("選保留時要寫。"))
        self.fields["sure"] = forms.BooleanField(label=_("我知道刪除後無法復原"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("what") == "erase" and not data.get("sure"):
            self.add_error("sure", _("刪除之前請勾選這一項。"))
        if data.get("what") == "keep" and not data.get("reason", "").strip():
            self.add_error("reason", _("請寫為什麼保留。"))
        return data


def _laws(waiting: list[Proposed]) -> dict[str, str]:
    """How each rule is cited."""
    days = {each.row.case.jurisdiction: each.row.found_at.date() for each in waiting}
    return {rule.id: rule.citation for where, day in days.items() for rule in packs.retention_rules(where, day)}


def _line(each: Proposed, laws: dict[str, str]) -> str:
    """The case, until when it had to be kept, and what stood in the way of an order."""
    case, row = each.row.case, each.row
    said = [_("保存到 %(day)s，%(rule)s") % {"day": _day(row.until), "rule": laws.get(row.rule, row.rule)}]
    if each.hold is not None:
        said.append(_("正在保全，會被擋下"))
    elif row.refused:
        said.append(_("上次沒有刪除：%(why)s") % {"why": refused_word(row.refused)})
    link = reverse("desk:rights", args=[case.reference])
    return format_html('<a href="{}">{}</a>　<span class="sy-meta">{}</span>', link, case.reference, _("；").join(said))


def _day(day: date) -> str:
    return dates.full_date(day, dates.language_of(get_language()), weekday=False)


def refused_word(code: str) -> str:
    words = {
        "held": _("正在保全"),
        "item_sealed": _("還有封存的資料"),
        "not_due_yet": _("又有要保存的理由"),
        "message_on_its_way": _("有訊息正在寄出"),
        "may_not": _("決定的人已經沒有這項權限"),
    }
    return words.get(code, code)


@address("staff", methods=("GET", "POST"), roles=HOUSE_MOVES["retention_decide"])
def retention(request: HttpRequest) -> HttpResponse:
    """Cases that no law keeps any longer; nothing of them goes before this page is used."""
    found = retention_for(request.profile, request.now, MOST)
    form = RetentionForm(request.POST or None, waiting=found.waiting)
    if request.method == "POST" and form.is_valid() and attempt(form, lambda: _decided(request, form.cleaned_data)):
        return redirect("desk:retention")
    shown = [each.row for each in found.waiting] + found.under_way + found.done
    access.seen(request.actor, "retention.list", at=request.now, shown=[row.case.reference for row in shown][:400])
    context = {
        "tabs": keeping_tabs(request.profile, "retention"),
        "form": form,
        "found": found,
        "done": [(row, row.decision == "erase") for row in found.done],
    }
    return render(request, "desk/retention.html", context, status=422 if form.errors else 200)


def _decided(request: HttpRequest, given: dict[str, Any]) -> list[RetentionProposal]:
    rows = proposed(request.profile, given["chosen"])
    if len(rows) != len(given["chosen"]):
        raise BadInput(fields={"chosen": _("其中有已經決定或您不能決定的案件，請重新選。")})
    who = {"actor": request.actor, "now": request.now}
    if given["what"] == "erase":
        return retention_order(proposals=rows, **who)
    return retention_keep_many(proposals=rows, reason=given["reason"], **who)
