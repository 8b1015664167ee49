"""Refusals about messages: what did not happen, what is safe, what to do."""
from __future__ import annotations

from django.utils.translation import gettext as _

from suyuan.correspondence import rules
from suyuan.correspondence.places import open_words
from suyuan.kernel.refusal import BadInput, MovedMeanwhile, Refusal


class MessageUnfit(BadInput):
    """The words cannot be kept as they are. `why`: empty, too_long, too_long_here (for this channel), unwritable."""

    code = "message_unfit"

    def __init__(self, why: str, field: str = "body", longest: int = rules.BODY_LIMIT) -> None:
        super().__init__(fields={field: why}, why=why, longest=longest)

    def message(self) -> str:
        match self.data["why"]:
            case "empty":
                return _("還沒有寫下任何字")
            case "too_long":
                return _("一則訊息最多 %(limit)s 字；請分成兩則，或以附件補充") % {"limit": f"{rules.BODY_LIMIT:,}"}
            case "too_long_here":
                return _("這個管道一則最多 %(limit)s 字；請寫短一些，或改用別的管道") % {"limit": f"{self.data['longest']:,}"}
            case _other:
                return _("文字裡有無法保存的字元；請重新輸入那一段")


class AddressUnfit(BadInput):
    """Nothing that this channel could send to: no plain mail address, no linked LINE account, no mobile telephone."""

    code = "address_unfit"

    def __init__(self, channel: str = "email") -> None:
        super().__init__(fields={"to": "address_unfit"}, channel=channel)

    def message(self) -> str:
        match self.data["channel"]:
            case "line":
                return _("這一位還沒有連結 LINE，沒有地方可以寄")
            case "sms":
                return _("這不是可以收簡訊的手機號碼；請再看一次有沒有打錯")
        return _("這不是可以寄信的電子郵件地址；請再看一次有沒有打錯")


class PlacesOpen(BadInput):
    """A template's places are still open in the words. `places`: which."""

    code = "message_places_open"

    def __init__(self, places: tuple[str, ...]) -> None:
        super().__init__(places=list(places))
        self.fields = {"words": self.message()}

    def message(self) -> str:
        return _("還有沒填的地方：%(places)s。請填好，或把大括號連同那一句刪掉，再送一次") % {
            "places": open_words(self.data["places"])
        }


class MessageMovedMeanwhile(MovedMeanwhile):
    """Someone else changed, queued or took it back first."""

    code = "message_moved_meanwhile"

    def message(self) -> str:
        return _("這則訊息剛才已由別人改動。您寫的字還在，請看過新的內容再決定")


class MessageOnItsWay(Refusal):
    """Too late to take back: the mail server may have it."""

    code = "message_on_its_way"

    def message(self) -> str:
        return _("這則訊息已經寄出，不能收回。可以再寫一則說明")


class HandedOverByUs(Refusal):
    """What leaves by itself; nobody states that it was sent."""

    code = "message_sent_by_program"

    def message(self) -> str:
        return _("這個管道由系統寄送，不能自行註記為已送出")


class MailBusy(Refusal):
    """Another worker has this mail in hand; the job comes back."""

    code = "mail_busy"
    status = 503


class MailNotAccepted(Refusal):
    """The mail server could not take it now; the job comes back."""

    code = "mail_not_accepted"
    status = 503


class DocumentUnread(BadInput):
    """A document that cannot be checked. `why`: as `confined.shapes.Refused` has it."""

    code = "document_unread"

    def __init__(self, *, why: str) -> None:
        super().__init__(fields={"document": why}, why=why)

    def message(self) -> str:
        match self.data["why"]:
            case "empty":
                return _("這份文件裡沒有文字")
            case "no_text":
                return _("這份 PDF 只有圖片，可能是掃描檔，讀不到文字，所以沒有檢查。請改用原本的 Word 或可以選取文字的 PDF")
            case "locked":
                return _("這份文件有密碼，打不開，所以沒有檢查。請先另存一份沒有密碼的再檢查")
            case "mislabelled":
                return _("這份文件的內容和副檔名不符，所以沒有檢查。請確認是不是選對了檔案")
            case "old_word":
                return _("這是舊版的 Word 檔（.doc），請另存為 .docx 或 PDF 再檢查")
            case "kind":
                return _("這裡可以檢查 PDF、Word（.docx）、網頁（.html）與純文字，不能檢查這一種檔案")
            case "big":
                return _("這份文件太大。一份最多 50 MB，解開之後也有上限；請分成幾份，或拿掉圖片再檢查")
            case "long":
                return _("這份文件太長，讀不完。請分成幾份再檢查")
            case "charset":
                return _("認不出這份文字用的編碼。請另存為 UTF-8 再檢查")
            case _other:
                return _("這份文件壞了，讀不出來，所以沒有檢查。請重新存一次再試")


class IncomingSettled(MovedMeanwhile):
    """Somebody else has given it a place, or set it aside."""

    code = "incoming_settled"

    def message(self) -> str:
        return _("這則來訊剛才已由別人處理")
