"""Refusals about messages: what did not happen, what is safe, what to do."""
from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from suyuan.correspondence import rules
from suyuan.correspondence.places import Hole, open_words
from suyuan.correspondence.rules.guard import Need
from suyuan.kernel.refusal import BadInput, MovedMeanwhile, Refusal

if TYPE_CHECKING:
    from suyuan.correspondence.gate import Words
    from suyuan.correspondence.models import Clearance


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
            case "waiting_already":
                return _("同樣的文字已經送交核准，正在等同事看")
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
    """A template's places are still open in the words. `places`: which, as far as the list knows them."""

    code = "message_places_open"

    def __init__(self, holes: tuple[Hole, ...], field: str = "words") -> None:
        super().__init__(places=list(dict.fromkeys(hole.code for hole in holes if hole.code)), holes=len(holes))
        self.holes, self.field = holes, field
        self.fields = {field: self.message()}

    def message(self) -> str:
        return _("還缺：%(places)s。請填好，或把大括號連同那一句刪掉，再送一次") % {"places": open_words(self.holes)}


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


class ContentNotThere(Refusal):
    """LINE did not hand it out now; the job comes back."""

    code = "content_not_there"
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


class GuardHeld(BadInput):
    """These words may not leave as they are. `words`: what was found in them; `asked`: what people were last asked about it."""

    code = "guard_held"

    def __init__(self, words: Words, asked: Clearance | None) -> None:
        super().__init__(verdict=words.verdict.level, need=str(words.need), surface=words.surface)
        self.words, self.asked = words, asked
        self.fields = {words.field: self.message()}

    def message(self) -> str:
        if self.asked is not None and self.asked.state == "open":
            return _("這段話已經送交核准，還在等同事看。")
        if self.asked is not None and self.asked.state == "refused":
            return _("這段話沒有通過核准，請改寫。")
        match self.words.need:
            case Need.NEVER:
                return _("這段話不能送出，誰都不能放行。請改掉標出的字。")
            case Need.LEGAL:
                return _("含和解或補償條件，須先經法務審閱。")
            case Need.TWO_LEGAL:
                return _("這段話被擋下了，又含和解或補償條件。改掉標出的字，再請法務審閱；一定要這樣寫時，要兩位同事同意，其中一位是法務。")
            case Need.TWO:
                return _("這段話被擋下了。改掉標出的字就能送出；一定要這樣寫時，要兩位同事同意，其中一位是法務或院長。")
        return _("這段話要由另一位同事核准才能送出，或改掉標出的字。")


class NothingToClear(Refusal):
    """Nothing in these words needs anybody's leave."""

    code = "nothing_to_clear"

    def message(self) -> str:
        return _("這段話不需要核准，可以直接送出")


class NotYourVote(Refusal):
    """Whoever wrote the words, or has said yes or no already, or holds no role that counts."""

    code = "not_your_vote"

    def message(self) -> str:
        return _("這段話不能由您核准：寫的人不能核准自己的話，同一個人也只能表示一次")


class ReasonMissing(BadInput):
    code = "reason_missing"

    def __init__(self, field: str = "reason") -> None:
        super().__init__(fields={field: self.message()})

    def message(self) -> str:
        return _("請寫下理由")


class ReasonNames(BadInput):
    """A reason that is kept for the reviewers of the rules names somebody in a way that cannot be masked."""

    code = "reason_names"

    def __init__(self, field: str = "why") -> None:
        super().__init__(fields={field: self.message()})

    def message(self) -> str:
        return _("理由裡有認得出是誰的字，遮不掉。請換個說法，不要寫姓名與號碼。")


class FindingGone(BadInput):
    """A false alarm is reported of what the guard finds; here it finds no such thing, by now or at all."""

    code = "finding_gone"

    def __init__(self) -> None:
        super().__init__(fields={"words": self.message()})

    def message(self) -> str:
        return _("這段話或規則已經變了，找不到這一處。請再檢查一次，還在的話再回報。")


class ClearanceOver(MovedMeanwhile):
    """Somebody else decided meanwhile, or it was taken back."""

    code = "clearance_over"

    def message(self) -> str:
        return _("這件核准剛才已經有結果，或已經收回")
