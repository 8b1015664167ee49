"""Refusals about words before everybody."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext as _

from suyuan.correspondence.rules.public import ADDRESS, ANONYMOUS, PLACE, WHY
from suyuan.kernel.refusal import BadInput, MovedMeanwhile, Refusal


class NotInOurName(BadInput):
    """Anonymous, in somebody's own name, or an account that is not on the list. `whose`: anonymous, personal, unlisted."""

    code = "not_in_our_name"

    def __init__(self, whose: str) -> None:
        super().__init__(whose=whose)
        self.fields = {"account": self.message()}

    def message(self) -> str:
        match self.data["whose"]:
            case "unlisted":
                return _("這個帳號不在診所的官方帳號清單裡，或已經停用。請先由院長或系統管理員加進清單，再用它發表。")
            case whose if whose == ANONYMOUS:
                return _("診所的話不能匿名發表：讀的人有權知道是誰說的，匿名替自己說話是欺騙，被發現時傷得更重。已經發出的請先撤下，再用官方帳號發一次。")
            case _personal:
                return _("診所的話不能用個人帳號發表：那會變成同事自己的發言，也看得出誰經手這件事。已經發出的請先撤下，再用官方帳號發一次。")


class PostingUnfit(BadInput):
    """Something about where or when cannot be so. `why`: missing, zone, future, before, place, address, too_long, why, whose, capture, there."""

    code = "posting_unfit"
    _longest: ClassVar = {"place": PLACE, "address": ADDRESS, "why": WHY}

    def __init__(self, field: str, why: str) -> None:
        super().__init__(field=field, why=why)
        self.fields = {field: self.message()}

    def message(self) -> str:
        words = {
            "missing": _("請寫下是什麼時候。"),
            "zone": _("時間要有時區。"),
            "future": _("時間不能在未來。"),
            "before": _("時間不能早於發表的時間。"),
            "place": _("請寫下網址，或寫清楚在哪裡：哪一頁、哪一則、哪一份報紙。"),
            "address": _("這不是可以打開的網址，請連同 https:// 一起貼上。"),
            "too_long": _("太長了，最多 %(limit)s 字。") % {"limit": self._longest.get(self.data["field"])},
            "why": _("請寫下原因。"),
            "whose": _("請選是誰撤下的。"),
            "capture": _("這個檔案不在這件案件裡。"),
            "there": _("已經附上這個檔案了。"),
        }
        return words[self.data["why"]]


class NotYetApproved(Refusal):
    """Only frozen words are posted."""

    code = "public_not_approved"

    def message(self) -> str:
        return _("這段話還沒有定稿。只有檢查過、該核准的都核准了的定稿才能發表。")


class OtherWordsMeanwhile(MovedMeanwhile):
    """What was looked at is not what is frozen now."""

    code = "public_other_words"

    def message(self) -> str:
        return _("定稿剛才換過了，和您看到的不是同一段話。請重新整理，用新的定稿。")


class PostedAlready(Refusal):
    """The same words in the same place, said twice."""

    code = "public_posted_already"

    def message(self) -> str:
        return _("這段話在這個地方已經記過了。")


class PostingOver(MovedMeanwhile):
    """It was replaced or taken down before."""

    code = "posting_over"

    def message(self) -> str:
        return _("這一則剛才已由別人記為換掉或撤下。")


class NeedsItsPlace(Refusal):
    """Words for everybody are posted somewhere, never just sent."""

    code = "public_needs_its_place"

    def message(self) -> str:
        return _("公開的話要記下發表在哪裡、用哪個官方帳號，不能只註記為已送出。")


class OwnNameUnfit(BadInput):
    """What cannot stand on the list. `why`: empty, too_long, platform, address, there, personal."""

    code = "own_name_unfit"

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why=why)
        self.fields = {field: self.message()}

    def message(self) -> str:
        words = {
            "empty": _("這一格要寫。"),
            "too_long": _("太長了。"),
            "platform": _("沒有這個平台。"),
            "address": _("這不是可以打開的網址，請連同 https:// 一起貼上。"),
            "there": _("這個帳號已經在清單裡。"),
            "personal": _("這是同事個人的名字。清單裡只放診所的官方帳號。"),
        }
        return words[self.data["why"]]


class OwnNameOver(MovedMeanwhile):
    code = "own_name_over"

    def message(self) -> str:
        return _("這個帳號剛才已由別人停用。")
