"""What our mails say. The reader's language is set by the caller."""
from __future__ import annotations

from django.conf import settings
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.correspondence.models import Message

# The page lies above us; config may name another.
FOLLOW_UP = "portal:follow"


def message_mail(message: Message) -> tuple[str, str]:
    """(subject, body) of the mail to a complainant: the words only if they chose so, else that words are waiting."""
    with translation.override(message.language):
        subject = _("診所給您的訊息")
        if message.with_content:
            return message.subject_line or subject, message.words
        lines = [_("有一則給您的訊息，放在您的追蹤頁。"), _("請用收據上的號碼和密碼開啟：")]
        return subject, "\n".join([*lines, _follow_up(message.branch_id), "", _("這封信由系統寄出，裡面不含任何內容。")])


def notice_mail(count: int, language: str) -> tuple[str, str]:
    """(subject, body) of the mail to a member: something waits. No name, no treatment, no reference."""
    with translation.override(language):
        subject = _("有一件事等您處理") if count == 1 else _("有 %(count)s 件事等您處理") % {"count": count}
        return subject, "\n".join([subject + _("。"), _("請開啟您的清單："), settings.PUBLIC_URL + resolve_url(settings.LOGIN_REDIRECT_URL)])


def _follow_up(branch_id: int) -> str:
    """The branch's follow-up page as people type it; number and secret stay on the receipt."""
    slug = Branch.objects.values_list("portal_slug", flat=True).get(pk=branch_id)
    return settings.PUBLIC_URL + reverse(getattr(settings, "FOLLOW_UP_URL", FOLLOW_UP), kwargs={"slug": slug})
