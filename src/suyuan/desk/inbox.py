"""What came by itself and fits no case, or more than one: a person says where it belongs, or that it belongs to none."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from suyuan.accounts.rules import HOUSE_MOVES, ActorProfile, branches_for
from suyuan.cases.errors import MayNot
from suyuan.cases.models import Case
from suyuan.cases.selectors import case_for
from suyuan.cases.services.arriving import Place, incoming_drop, incoming_give, places_of, words_of
from suyuan.correspondence.models import Incoming, IncomingFile, Message
from suyuan.correspondence.phrases import aside_word, channel_word, left_word
from suyuan.correspondence.rules import ASIDE
from suyuan.correspondence.selectors import incoming_kept_until, incoming_waiting
from suyuan.desk.fields import attempt, line_field, one_of
from suyuan.kernel.refusal import BadInput, NotHere
from suyuan.platform import access
from suyuan.platform.addresses import address
from suyuan.platform.files.serving import file_answer

WHO = HOUSE_MOVES["incoming_place"]
OTHER = "other"
MOST = 100


class IncomingForm(forms.Form):
    """Into a case, or aside with a reason."""

    def __init__(self, *args: Any, places: list[Place], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        what = [("place", _("放進案件")), ("aside", _("放到一邊"))]
        self.fields["what"] = one_of(_("這則來訊要怎麼處理"), what, cards=True, initial="place")
        if places:
            choices = [(place.case.reference, _case_words(place)) for place in places] + [(OTHER, _("其他案件"))]
            self.fields["case"] = one_of(_("可能是這幾件"), choices, cards=True, required=False)
        self.fields["reference"] = line_field(_("案號"), required=False, limit=40, help_text=_("例如 TN26-4831-7205。"))
        reasons = [(code, aside_word(code)) for code in ASIDE]
        self.fields["reason"] = one_of(_("放到一邊的原因"), reasons, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("what") == "aside" and not data.get("reason"):
            self.add_error("reason", _("請選一個原因。"))
        if data.get("what") == "place" and not self.wanted:
            self.add_error("reference", _("請選一個案件，或寫下案號。"))
        return data

    @property
    def wanted(self) -> str:
        """The reference that was chosen or written."""
        data = self.cleaned_data
        chosen = data.get("case") or OTHER
        return data.get("reference", "").strip() if chosen == OTHER else chosen


@address("staff", roles=WHO)
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits, oldest first."""
    rows = list(_waiting(request.profile)[: MOST + 1])
    shown = rows[:MOST]
    access.seen(request.actor, "inbox.list", at=request.now, shown=[row.stream for row in shown])
    lines = [{"url": reverse("desk:inbox_item", args=[row.uid]), **_shape(row)} for row in shown]
    return render(request, "desk/inbox.html", {"lines": lines, "more": len(rows) > MOST})


@address("staff", roles=WHO, methods=("GET", "POST"))
def inbox_item(request: HttpRequest, uid: UUID) -> HttpResponse:
    row = _waiting(request.profile).filter(uid=uid).first()
    if row is None:
        raise NotHere()
    form = IncomingForm(request.POST or None, places=_places(request.profile, row))
    if request.method == "POST" and form.is_valid() and attempt(form, lambda: _settled(request, row, form)):
        messages.success(request, _("處理好了。"))
        return redirect("desk:inbox")
    access.seen(request.actor, "inbox.read", at=request.now, stream=row.stream, branch_id=row.branch_id)
    return render(
        request, "desk/inbox_item.html", {"one": _shape(row), "form": form, "until": incoming_kept_until(row)}, status=422 if form.errors else 200
    )


@address("staff", roles=WHO)
def inbox_file(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """A file of what waits, to see where it belongs. What a scanner objected to is handed out by the case alone, which warns."""
    held = (
        IncomingFile.objects.filter(uid=uid, state="kept", stored__state="stored")
        .select_related("stored", "incoming")
        .first()
    )
    row = _waiting(request.profile).filter(pk=held.incoming_id).first() if held is not None else None
    if row is None or held.stored.scan.startswith("found:"):
        raise NotHere()
    access.note_before(
        request.actor, "inbox.file", at=request.now, purpose="review", branch_id=row.branch_id, stream=row.stream
    )
    return file_answer(request, held.stored)


def waiting_for(profile: ActorProfile) -> int:
    """How many wait for somebody like this reader; nobody else is asked."""
    return _waiting(profile).order_by().count() if profile.roles & WHO else 0


def _waiting(profile: ActorProfile):
    return incoming_waiting(branches_for(profile, "incoming_place"))


def _settled(request: HttpRequest, row: Incoming, form: IncomingForm) -> Any:
    who = {"incoming": row, "actor": request.actor, "now": request.now}
    if form.cleaned_data["what"] == "aside":
        return incoming_drop(reason=form.cleaned_data["reason"], **who)
    return incoming_give(case=_case(request.profile, form.wanted), **who)


def _case(profile: ActorProfile, reference: str) -> Case:
    """The case of this number. One that is not there and one that is not theirs are answered alike, at the field."""
    try:
        return case_for(profile, reference, to="contact")
    except (NotHere, MayNot) as refused:
        raise BadInput(fields={"reference": _("找不到這個案號，或這一件不由您處理。")}) from refused


def _places(profile: ActorProfile, row: Incoming) -> list[Place]:
    """Where it may belong, as far as this reader may put it there."""
    found: dict[int, Place] = {}
    for place in places_of(row):
        try:
            case_for(profile, place.case.reference, to="contact")
        except (NotHere, MayNot):
            continue
        found.setdefault(place.case.pk, place)
    return list(found.values())


def _case_words(place: Place) -> str:
    name = place.party.person.masked_name if place.party is not None else ""
    return (
        format_html('{}　<span class="sy-meta">{}</span>', place.case.reference, name) if name else place.case.reference
    )


def _shape(row: Incoming) -> dict[str, Any]:
    content = row.content
    return {
        "channel": channel_word(row.channel),
        "at": row.happened_at or row.arrived_at,
        "sender": _("未連結的 LINE 帳號") if row.channel == "line" else content.sender,
        "subject": content.subject_line,
        "words": words_of(row, along=False),
        "files": files_shown(row),
    }


def files_shown(row: Incoming) -> list[dict[str, Any]]:
    """Each file that came with it: its name, what became of it, and where it is to be had."""
    return [_file_shown(file) for file in row.files.select_related("stored", "item").order_by("id")]


def files_of(messages: Iterable[Message], compartments: Collection[str]) -> dict[int, list[dict[str, Any]]]:
    """The same for many messages at once, by the number of each; but for what lies where this reader may not look."""
    wanted = [message.pk for message in messages if message.direction == "in"]
    rows = IncomingFile.objects.filter(incoming__message__in=wanted).select_related("stored", "item", "incoming")
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows.order_by("id"):
        if row.item is not None and row.item.compartment not in compartments:
            continue
        found.setdefault(row.incoming.message_id, []).append(_file_shown(row))
    return found


def _file_shown(file: IncomingFile) -> dict[str, Any]:
    stored = file.stored
    gone = stored is not None and stored.state == "destroyed"
    found = stored.scan.partition(":")[2] if stored is not None and stored.scan.startswith("found:") else ""
    state = {"waiting": _("正在收"), "left": _("沒有收進來：%(why)s") % {"why": left_word(file.why)}}.get(
        file.state, ""
    )
    return {
        "name": file.name or _("檔案"),
        "size": stored.size if stored is not None else None,
        "state": _("內容已依規定刪除") if gone else state,
        "found": found,
        "unscanned": stored is not None and not stored.scan and not gone,
        "url": reverse("desk:inbox_file", args=[file.uid]) if file.state == "kept" and not found and not gone else "",
        "item": file.item if not gone else None,
    }
