"""What the portal refuses: what did not happen, what is safe, what to do."""
from __future__ import annotations

from django.utils.translation import gettext as _

from suyuan.kernel.refusal import BadInput, Refusal
from suyuan.kernel.sizes import size_words


class FormTooBig(BadInput):
    code = "portal_form_too_big"
    status = 413

    def message(self) -> str:
        return _("寫的字太多，沒有存下。請把長的內容放在檔案裡附上。")


class TooManyFiles(Refusal):
    """Carries `limit` in bytes."""

    code = "portal_files_too_many"
    status = 413

    def message(self) -> str:
        return _("檔案加起來超過 %(limit)s，這一個沒有收下。可以先送出，再用收據補傳。") % {
            "limit": size_words(self.data["limit"])
        }


class TicketOld(Refusal):
    """A danger report whose page is older than a day, or that did not come from our page."""

    code = "portal_page_old"
    status = 403

    def message(self) -> str:
        return _("這一頁開得太久了，還沒有送出。請再按一次；如果情況緊急，請直接撥電話。")


class SurveyGone(Refusal):
    code = "portal_survey_gone"
    status = 410

    def message(self) -> str:
        return _("這份問卷已經填過，或已經過期。謝謝您。")
