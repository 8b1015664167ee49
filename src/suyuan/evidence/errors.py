"""Why something about evidence was refused."""
from __future__ import annotations

from django.utils.translation import gettext as _

from suyuan.kernel.refusal import BadInput, Refusal


class ItemGone(Refusal):
    """Not there, or not for this reader: both look alike."""

    code = "item_gone"
    status = 404

    def message(self) -> str:
        return _("這裡沒有您可以看的證物。")


class AlreadyAnItem(Refusal):
    code = "already_an_item"

    def message(self) -> str:
        return _("這個檔案已經是證物了。")


class WordsTooLong(BadInput):
    """Carries `limit`."""

    code = "words_too_long"

    def message(self) -> str:
        return _("這裡最多 %(limit)s 個字。") % self.data


class TimeWrong(BadInput):
    """A stated time that lies in the future."""

    code = "time_wrong"

    def message(self) -> str:
        return _("這個時間還沒有到。請填實際發生的時間。")


class BundleRefused(Refusal):
    """`why`: nothing_signed, events_missing, log_differs, paper_unnamed, file_damaged, does_not_verify, changed_since."""

    code = "bundle_refused"

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(why=why, where=where)

    def message(self) -> str:
        if self.data["why"] == "changed_since":
            return _("這份證據包已經不能原樣重做：內容依法刪除過，或程式更新過。請另做一份。")
        if self.data["why"] == "file_damaged":
            return _("有檔案已經不是存進來時的樣子，證據包沒有交出去。請管理員看系統狀態。")
        return _("證據包沒有做成：紀錄和簽過的檢查點對不起來（%(why)s）。請管理員看系統狀態。") % {"why": self.data["why"]}
