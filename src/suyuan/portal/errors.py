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


class TooFast(Refusal):
    """Much came from one network lately. Carries `wait` in seconds."""

    code = "portal_too_fast"
    status = 429

    def message(self) -> str:
        wait = self.data["wait"]
        when = _("%(n)s 分鐘後") % {"n": -(-wait // 60)} if wait > 90 else _("%(n)s 秒後") % {"n": wait}
        words = _("同一個網路剛才送來很多檔案，所以放慢一點。已經傳好的都在，%(when)s從停下的地方接著傳；也可以先送出文字，檔案之後再補。")
        return words % {"when": when}


class TicketOld(Refusal):
    """A danger report whose page is older than a day, or that did not come from our page."""

    code = "portal_page_old"
    status = 403

    def message(self) -> str:
        return _("這一頁開得太久了，還沒有送出。請再按一次；如果情況緊急，請直接撥電話。")
