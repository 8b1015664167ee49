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
