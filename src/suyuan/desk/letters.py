"""Writing to the person who complained: on the follow-up page always, by mail with its words only if they chose mail."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from suyuan.cases.models import Case, Party
from suyuan.correspondence.models import Message
from suyuan.desk.fields import line_field, one_of, words_field
from suyuan.desk.services import letter_send
from suyuan.kernel.actor import Actor
from suyuan.people.models import ContactPoint


class LetterTakenBack:
    """Which letter was taken back and waits to be written again, remembered in the session."""

    @staticmethod
    def key(case: Case) -> str:
        return f"letter:{case.reference}"

    @staticmethod
    def draft(case: Case, uid: str | None) -> Message | None:
        if not uid:
            return None
        return Message.objects.filter(subject_stream=case.stream, uid=uid, state="draft").first()


class LetterForm(forms.Form):
    def __init__(self, *args: Any, case: Case, now: datetime, draft: Message | None = None, **kwargs: Any) -> None:
        self.case, self.now, self.draft = case, now, draft
        self.address = mail_address(case)
        if draft is not None:
            kwargs["initial"] = {
                "words": draft.draft_body,
                "subject_line": draft.subject_line,
                "channel": draft.channel,
                **(kwargs.get("initial") or {}),
            }
        super().__init__(*args, **kwargs)
        channels = [("portal", _("放在進度頁，對方用收據打開"))]
        if self.address:
            channels.append(("email", _("寄電子郵件，信裡有全文（對方選了電子郵件）")))
        self.fields["channel"] = one_of(
            _("怎麼給"), channels, cards=True, initial="email" if self.address else "portal"
        )
        if self.address:
            self.fields["subject_line"] = line_field(
                _("主旨"), required=False, limit=120, help_text=_("不寫姓名與療程；空著就寫「診所給您的訊息」。")
            )
        self.fields["words"] = words_field(
            _("寫給對方的話"), rows=12, help_text=_("對方的事、我們做了什麼、接下來誰在什麼時候做什麼。")
        )

    def send(self, *, actor: Actor, now: datetime) -> Message:
        data = self.cleaned_data
        return letter_send(
            case=self.case,
            channel=data["channel"],
            words=data["words"],
            subject_line=data.get("subject_line", ""),
            to=self.address if data["channel"] == "email" else "",
            draft=self.draft,
            actor=actor,
            now=now,
        )


def mail_address(case: Case) -> str:
    """The complainant's own address, if they chose to be written to by mail."""
    if case.preferred_channel != "email":
        return ""
    asking = [p.person_id for p in Party.objects.filter(case=case) if "complainant" in p.roles]
    points = ContactPoint.objects.filter(person_id__in=asking, kind="email", ended_at=None)
    found = points.order_by("-preferred", "id").first()
    return found.value if found else ""
