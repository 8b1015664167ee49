"""Letters on paper: as a page, as a PDF for an envelope with a window, and the note that somebody posted them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from suyuan.cases import selectors as cases_read
from suyuan.cases.models import Case
from suyuan.cases.selectors import papers as paper_reads
from suyuan.correspondence.models import Message
from suyuan.correspondence.phrases import posted_word
from suyuan.correspondence.rules import Channel, Posted, State
from suyuan.correspondence.selectors import message_in
from suyuan.desk import shapes
from suyuan.desk.fields import DayField, attempt, line_field, one_of
from suyuan.desk.noting import noted
from suyuan.desk.services import letter_posted
from suyuan.desk.template_pick import people_of
from suyuan.kernel.refusal import NotHere
from suyuan.platform.addresses import address
from suyuan.platform.models import FactRow
from suyuan.platform.papers import PaperFailed, paper_render
from suyuan.ui import dates
from suyuan.ui.qr import qr_picture, qr_svg

SLIP_LONGEST = 40


class PostedForm(forms.Form):
    """When and how the letter went."""

    def __init__(self, *args: Any, case: Case, row: Message, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = dates.day_of(now, case.branch.tz)
        self.first, self.today = dates.day_of(row.created_at, case.branch.tz), today
        self.fields["sent_on"] = DayField(label=_("哪一天"), initial=today)
        kinds = [(kind.value, posted_word(kind.value)) for kind in Posted]
        self.fields["posted"] = one_of(_("怎麼給"), kinds, cards=True, initial=Posted.REGISTERED.value)
        self.fields["number"] = line_field(
            _("掛號號碼"), required=False, limit=SLIP_LONGEST, help_text=_("在掛號執據上。之後查詢投遞要用。")
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        day = data.get("sent_on")
        if day and not self.first <= day <= self.today:
            self.add_error("sent_on", _("這一天還沒到，或這封信那時還沒有寫。"))
        if (
            data.get("posted") == Posted.REGISTERED
            and not data.get("number", "").strip()
            and "number" not in self.errors
        ):
            self.add_error("number", _("掛號請寫號碼；沒有號碼請選平信。"))
        return data


def _letter(request: HttpRequest, reference: str, uid: UUID) -> tuple[Case, Message]:
    """Words on paper that were sent or wait to be. Others are not here."""
    found = cases_read.case_for(request.profile, reference, to="message_send")
    row = message_in(found.stream, uid)
    if row.channel != Channel.LETTER or row.direction != "out" or row.text is None or row.state == State.DRAFT:
        raise NotHere()
    return found, row


def letter_content(case: Case, row: Message, *, check_url: str) -> tuple[dict[str, Any], str]:
    """What page and PDF show alike, in the language of the letter, and what its code says."""
    language = dates.language_of(row.language)
    with translation.override(language):
        clinic = case.branch.name(language)
        fact = _queued(row)
        foot, code = paper_reads.foot(fact, digest=row.text.sha256, check_url=check_url)
        return {
            "shape": "letter",
            "language": language,
            "title": row.subject_line or _("關於您的案件"),
            "clinic": clinic,
            "address": _spaced(case.branch.address, case.branch.phone),
            "sender": _spaced(clinic, case.branch.address),
            "to": _to(case, row, language),
            "date": _dated(case, row.queued_at or row.created_at, language),
            "number": case.reference,
            "kind": _("書信"),
            "words": row.words,
            "foot": foot,
            "labels": {"number": _("案號"), "date": _("日期"), "qr": _("這份文件在紀錄裡的位置，機器可讀")},
        }, code


def _spaced(*parts: str) -> str:
    return "　".join(part for part in parts if part)


def _to(case: Case, row: Message, language: str) -> list[str]:
    """As an envelope wants it: in Chinese the place first and the person last, in English the other way round."""
    party = next((each for each in people_of(case) if f"party:{each.uid}" == row.party), None)
    name = party.person.full_name if party else ""
    if language == dates.EN:
        return [line for line in (name, row.to) if line]
    receives = {dates.HANT: "{} 收", dates.HANS: "{} 收"}[language]
    return [line for line in (row.to, receives.format(name) if name else "") if line]


def _dated(case: Case, at: datetime, language: str) -> str:
    """Official letters in Taiwan count the years of the Republic."""
    day = dates.day_of(at, case.branch.tz)
    if case.jurisdiction == "tw" and language == dates.HANT:
        return dates.roc_date(day)
    return dates.full_date(day, language, weekday=False)


def _queued(row: Message) -> FactRow:
    """The fact in which the words were frozen, the last if they were taken back and queued again."""
    facts = FactRow.objects.filter(stream=row.fact_stream, type="message.queued").order_by("-position")
    found = next((fact for fact in facts if fact.value("message") == str(row.uid)), None)
    if found is None:
        raise NotHere()
    return found


def _check_url(request: HttpRequest) -> str:
    base = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    return base + reverse("portal:proof")


@address("staff", move="message_send")
def letter_print(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The letter as it will lie in the envelope."""
    found, row = _letter(request, reference, uid)
    noted(request, found, "case.letter_print", more=[f"message:{row.uid}"], purpose="print")
    content, code = letter_content(found, row, check_url=_check_url(request))
    with timezone.override(found.branch.tz), translation.override(content["language"]):
        context = {
            "case": found,
            "row": row,
            "content": content,
            "qr": qr_svg(code, content["labels"]["qr"]),
            "waits": row.state == State.QUEUED,
            "back_url": reverse("desk:letters", args=[found.reference]),
        }
        return render(request, "desk/letter_print.html", context)


@address("staff", move="message_send")
def letter_pdf(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """The same for the printer; always the same bytes."""
    found, row = _letter(request, reference, uid)
    noted(request, found, "case.letter_pdf", more=[f"message:{row.uid}"], purpose="copy")
    content, code = letter_content(found, row, check_url=_check_url(request))
    document = content | {"foot": content["foot"] | {"qr": 0}}
    try:
        pdf = paper_render(document, at=row.queued_at or row.created_at, pictures=[qr_picture(code)])
    except PaperFailed:
        messages.error(request, _("排印沒有完成。請再試一次，或先從這一頁列印；一直不行的話請找系統管理員。"))
        return redirect("desk:letter_print", reference=found.reference, uid=row.uid)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(True, f"{found.reference}.pdf")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@address("staff", move="message_send", methods=("GET", "POST"))
def letter_post(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Somebody posted it or handed it over: when, how, and the number on the slip."""
    found, row = _letter(request, reference, uid)
    form = PostedForm(request.POST if request.method == "POST" else None, case=found, row=row, now=request.now)
    noted(request, found, "case.letter_post", more=[f"message:{row.uid}"])
    status = 200
    if request.method == "POST":
        if form.is_valid() and attempt(form, lambda: _posted(request, found, row, form)):
            messages.success(request, _("已記下這封信送出了。"))
            return redirect("desk:letters", reference=found.reference)
        refused = getattr(form, "refused", None)
        status = refused.status if refused is not None else 422
    context = {"case": found, "heading": shapes.heading(found, True), "form": form, "row": row}
    with timezone.override(found.branch.tz):
        return render(request, "desk/letter_post.html", context, status=status)


def _posted(request: HttpRequest, found: Case, row: Message, form: PostedForm) -> Message:
    data = form.cleaned_data
    return letter_posted(
        case=found,
        message=row,
        posted=data["posted"],
        number=data["number"] if data["posted"] == Posted.REGISTERED else "",
        sent_on=data["sent_on"],
        actor=request.actor,
        now=request.now,
    )
