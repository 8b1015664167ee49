"""Refusals about messages: what did not happen, what is safe, what to do."""
from __future__ import annotations

from django.utils.translation import gettext as _

from suyuan.correspondence import rules
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
