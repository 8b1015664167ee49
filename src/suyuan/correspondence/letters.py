"""What our mails say. The reader's language is set by the caller."""
from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.correspondence.models import Message
from suyuan.correspondence.rules.roads import utf16_units
from suyuan.platform.keys import blind

# The page lies above us; config may name another.
FOLLOW_UP = "portal:follow"
SMS_REPORT = "portal:sms_report"


def message_mail(message: Message) -> tuple[str, str]:
    """(subject, body) of the mail to a complainant: the words only if they chose so, else that words are waiting."""
    with translation.override(message.language):
        subject = _("診所給您的訊息")
        if message.with_content:
            return message.subject_line or subject, message.words
        lines = [_("有一則給您的訊息，放在您的追蹤頁。"), _("請用收據上的號碼和密碼開啟：")]
        return subject, "\n".join([*lines, _follow_up(message.branch_id), "", _("這封信由系統寄出，裡面不含任何內容。")])


def message_short(message: Message, longest: int | None = None) -> str:
    """The same for LINE and SMS. The notice names nobody, and gives up its address rather than be cut off."""
    if message.with_content:
        return message.words
    with translation.override(message.language):
        whole = _("有一則給您的訊息，請用收據開啟追蹤頁：%(address)s") % {"address": _follow_up(message.branch_id)}
        if longest is None or utf16_units(whole) <= longest:
            return whole
        return _("有一則給您的訊息，請用收據上的網址開啟追蹤頁。")


def report_address(uid: UUID) -> str:
    """Where the SMS service tells what became of this one message; nobody else can guess it. Empty where it cannot reach us."""
    if not settings.PUBLIC_URL.startswith("https://"):
        return ""
    where = reverse(getattr(settings, "SMS_REPORT_URL", SMS_REPORT), kwargs={"uid": uid, "code": report_token(uid)})
    return settings.PUBLIC_URL + where


def report_token(uid: UUID) -> str:
    return blind("sms.report", str(uid)).hex()


def notice_mail(count: int, language: str) -> tuple[str, str]:
    """(subject, body) of the mail to a member: something waits. No name, no treatment, no reference."""
    with translation.override(language):
        subject = _("有一件事等您處理") if count == 1 else _("有 %(count)s 件事等您處理") % {"count": count}
        return subject, "\n".join([subject + _("。"), _("請開啟您的清單："), settings.PUBLIC_URL + resolve_url(settings.LOGIN_REDIRECT_URL)])


def _follow_up(branch_id: int) -> str:
    """The branch's follow-up page as people type it; number and secret stay on the receipt."""
    slug = Branch.objects.values_list("portal_slug", flat=True).get(pk=branch_id)
    return settings.PUBLIC_URL + reverse(getattr(settings, "FOLLOW_UP_URL", FOLLOW_UP), kwargs={"slug": slug})
