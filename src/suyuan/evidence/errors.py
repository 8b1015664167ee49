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
    """`why`: nothing_signed, events_missing, log_differs, file_damaged, does_not_verify, changed_since."""

    code = "bundle_refused"

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(why=why, where=where)

    def message(self) -> str:
        if self.data["why"] == "changed_since":
            return _("這份證據包已經不能原樣重做：內容依法刪除過，或程式更新過。請另做一份。")
        if self.data["why"] == "file_damaged":
            return _("有檔案已經不是存進來時的樣子，證據包沒有交出去。請管理員看系統狀態。")
        return _("證據包沒有做成：紀錄和簽過的檢查點對不起來（%(why)s）。請管理員看系統狀態。") % {"why": self.data["why"]}


class DuePast(BadInput):
    code = "due_past"

    def message(self) -> str:
        return _("這個時間已經過了。請給對方還來得及的時間。")


class AlreadyAsked(Refusal):
    code = "already_asked"

    def message(self) -> str:
        return _("已經向同一位請求過這一項，還在等。要催請用「再提醒」。")


class RequestEnded(Refusal):
    code = "request_ended"

    def message(self) -> str:
        return _("這個請求已經有結果了。")


class AlreadySetAside(Refusal):
    code = "already_set_aside"

    def message(self) -> str:
        return _("這一項已經記為不適用。")


class InterviewSettled(Refusal):
    """Confirmed or refused minutes are frozen."""

    code = "interview_settled"

    def message(self) -> str:
        return _("這份訪談紀錄已經由本人確認或表示不確認，不能再改。有話要說，請用補充。")


class InterviewUnsettled(Refusal):
    code = "interview_unsettled"

    def message(self) -> str:
        return _("這份訪談紀錄還沒有念給本人確認，可以直接改寫，不必補充。")


class RecordingUnlawful(BadInput):
    """Whoever recorded was not part of the talk, and nobody was told."""

    code = "recording_unlawful"

    def message(self) -> str:
        return _("錄音的人不在談話裡，也沒有告知在場的人，這段錄音不能放進來。請先問法務。")


class BeforeTheTalk(BadInput):
    code = "before_the_talk"

    def message(self) -> str:
        return _("確認不會早於談話。請再看一下時間。")


class NoteGone(Refusal):
    code = "note_gone"
    status = 404

    def message(self) -> str:
        return _("這裡沒有您可以看的紀錄。")


class NotTheirNote(Refusal):
    """Nobody strikes through another's note."""

    code = "not_their_note"

    def message(self) -> str:
        return _("只有寫的人可以劃掉自己的紀錄。看法不同時，請另外寫一則補充。")


class AlreadyStruck(Refusal):
    code = "already_struck"

    def message(self) -> str:
        return _("這一則已經劃掉了。")


class WordsMissing(BadInput):
    code = "words_missing"

    def message(self) -> str:
        return _("請寫下內容。")


def at(problem: type[BadInput], name: str, **data: object) -> BadInput:
    """The refusal with its words at the field they belong to."""
    refused = problem(**data)
    refused.fields = {name: refused.message()}
    return refused


class ItemSealed(Refusal):
    """Carries `number`, that of the seal."""

    code = "item_sealed"

    def message(self) -> str:
        return _("這項證物在封條 %(number)s 裡，雙方在場啟封之前不能移動或改寫說明。") % self.data


class AlreadyOpened(Refusal):
    code = "seal_already_opened"

    def message(self) -> str:
        return _("這個封條已經啟封。")


class AlreadyHandedOver(Refusal):
    code = "copies_already_handed_over"

    def message(self) -> str:
        return _("這份複製本已經交付。")


class SealingRefused(BadInput):
    """Field → code of `rules`."""

    code = "sealing_refused"

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(fields={name: str(_WRONG[code]()) for name, code in problems.items()})

    def message(self) -> str:
        return next(iter(self.fields.values()))


_WRONG = {
    "empty": lambda: _("這裡還沒有填寫。"),
    "witness_needed": lambda: _("病人方不在場時，要有一位見證人。"),
    "absence_needed": lambda: _("請寫病人方為什麼沒有到場。"),
    "too_early": lambda: _("法律還不允許單方啟封。"),
    "not_settled": lambda: _("案件還開著，或程序還在進行，不能說糾紛已經解決。"),
    "nothing": lambda: _("請至少選一項。"),
    "missing_needed": lambda: _("請寫沒有同意書的原因，或還缺什麼。"),
}


class CannotCopy(Refusal):
    """No copy was made of an item. Carries `why`."""

    code = "cannot_copy"
    status = 422

    def message(self) -> str:
        return {
            "kind": _("這種檔案沒有辦法去除隱藏的資料。可以先轉成 PDF，或只給對方看。"),
            "size": _("檔案太大，沒有製作。"),
            "memory": _("處理它要用太多記憶體，沒有製作。"),
            "time": _("處理它要太久，沒有製作。"),
            "pages": _("頁數太多或沒有留下任何一頁，沒有製作。"),
            "locked": _("這個檔案有密碼，沒有製作。"),
            "hidden": _("裡面有隱藏的工作表或投影片。請先決定要不要給，再處理一份沒有隱藏內容的檔案。"),
            "drawing": _("裡面有讀不懂的圖，不能確定是否乾淨，所以沒有製作。請先轉成 PDF。"),
            "tied": _("裡面連著別的檔案或附件，去掉會打不開，所以沒有製作。請先轉成 PDF。"),
            "fragmented": _("這段影片是分段錄的，不能確定是否乾淨，所以沒有製作。"),
            "elsewhere": _("這段影片的內容在別的檔案裡，沒有製作。"),
        }.get(str(self.data.get("why")), _("檔案的內容讀不出來，沒有製作。"))
