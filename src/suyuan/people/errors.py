"""Refusals of this context."""

from __future__ import annotations

from django.utils.translation import gettext as _

from suyuan.kernel.refusal import BadInput, Refusal


class PersonRefused(BadInput):
    """`reason` is a code of `people.rules`; `fields` carries the sentence for the form."""

    code = "person_refused"

    def __init__(self, reason: str) -> None:
        field, words = _REASONS[reason]()
        super().__init__(fields={field: words}, reason=reason)

    def message(self) -> str:
        return str(next(iter(self.fields.values())))


_REASONS = {
    "contact_kind": lambda: ("contacts", _("沒有這種聯絡方式。")),
    "contact_empty": lambda: ("contacts", _("聯絡方式還沒有寫。")),
    "contact_long": lambda: ("contacts", _("聯絡方式太長，請在 200 個字以內。")),
    "contact_phone": lambda: ("contacts", _("電話號碼看起來不完整，請再看一次。")),
    "contact_email": lambda: ("contacts", _("電子郵件的格式不對，例如 name@example.org。")),
    "contact_two_preferred": lambda: ("contacts", _("最希望的聯絡方式只能有一個。")),
    "treatment_source": lambda: ("treatments", _("請註明療程資料的來源。")),
    "treatment_unnamed": lambda: ("treatments", _("請寫是什麼療程。")),
    "treatment_date": lambda: ("treatments", _("療程日期不對，或還沒有到；不確定時可以只寫年月，或選不記得。")),
    "treatment_price": lambda: ("treatments", _("金額不能是負數，並請選擇幣別。")),
    "treatment_long": lambda: ("treatments", _("療程的說明太長，請在 200 個字以內；人員、儀器、批號各 80 個字。")),
    "birth_date": lambda: ("birth_date", _("出生日期不對，請再看一次。")),
    "name_long": lambda: ("family_name", _("姓名太長，姓和名各在 80 個字以內。")),
    "chart_long": lambda: ("chart_number", _("病歷號太長，請在 40 個字以內。")),
    "words_long": lambda: ("communication_need", _("寫得太長，請在 200 個字以內。")),
    "channel": lambda: ("preferred_channel", _("沒有這種聯絡方式。")),
    "language": lambda: ("language", _("沒有這個語言。")),
    "representative_kind": lambda: ("kind", _("請選擇和病人的關係。")),
    "representative_self": lambda: ("representative", _("代理人要是另一個人。")),
    "document_needed": lambda: ("document", _("請寫看過什麼文件，例如委任書和日期。")),
    "branches_differ": lambda: ("gone", _("兩筆資料分屬不同分院，不能合併。")),
    "reason_needed": lambda: ("reason", _("請寫為什麼判斷是同一個人。病人日後可能讀到這段話。")),
    "same_row": lambda: ("gone", _("這是同一筆資料。")),
    "unprintable": lambda: ("family_name", _("裡面有看不見的控制字元，請重新輸入。")),
}


class AlreadyMerged(Refusal):
    code = "already_merged"

    def message(self) -> str:
        return _("這筆資料已經併到另一筆，請到併入後的那一筆操作。")


class AlreadyRepresented(Refusal):
    code = "already_represented"

    def message(self) -> str:
        return _("這位代理人已經登記過了。")


class AlreadyProven(Refusal):
    code = "already_proven"

    def message(self) -> str:
        return _("代理權已經確認過了。")


class AlreadyEnded(Refusal):
    code = "already_ended"

    def message(self) -> str:
        return _("已經結束了，不用再做一次。")
