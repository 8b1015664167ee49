"""A mistake in a pack, and the sentence that explains it to whoever wrote the pack."""

from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Problem:
    """`path` leads from the section to the value; places in a list count from 1."""

    file: str
    line: int
    code: str
    path: str = ""
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where} {self.path}: {self.sentence()}" if self.path else f"{where} {self.sentence()}"

    def sentence(self) -> str:
        expected = kind_of_value(self.expected) if self.code == "wrong_kind" else self.expected
        return _sentence(self.code) % {"expected": expected, "found": self.found}


def kind_of_value(code: str) -> str:
    return {
        "text": _("文字"),
        "whole_number": _("整數"),
        "truth_value": _("true 或 false"),
        "list": _("清單（每列以 - 開頭）"),
        "mapping": _("一組「鍵: 值」"),
        "date": _("日期（例如 2026-01-31）"),
    }.get(code, code)


def _sentence(code: str) -> str:
    return {
        "no_pack": _("這個資料夾裡沒有作業包；應有一個 %(expected)s。"),
        "unreadable": _("讀不到這個檔案：%(found)s。"),
        "too_big": _("檔案過大，不像作業包的內容。"),
        "not_utf8": _("這一行不是 UTF-8 文字；請另存成 UTF-8。"),
        "empty_file": _("檔案是空的。"),
        "not_yaml": _("這一行不合 YAML 的寫法：%(found)s。"),
        "not_a_mapping": _("檔案的最外層應是一組「鍵: 值」，而不是清單或文字。"),
        "key_twice": _("「%(found)s」在同一層寫了兩次；請只留一個。"),
        "key_not_text": _("鍵應是文字，這裡是 %(found)s；請加上引號。"),
        "tag": _("不接受標籤 %(found)s；請直接寫值。"),
        "number_with_point": _("不接受 %(found)s；數目請寫整數，版本等請加上引號。"),
        "section_twice": _("這一節在 %(found)s 已經寫過；一節只能在一個檔案裡。"),
        "section_missing": _("缺少這一節。"),
        "frame_unfit": _("看不懂這個句型：%(found)s。"),
        "pattern_unfit": _("這個樣式不能用：%(found)s。重複要有上限，才不會有文字讓它停不下來。"),
        "nowhere": _("規則「%(found)s」在任何地方都不適用；請給它一個場合與輕重。"),
        "example_silent": _("例句應該被「%(expected)s」抓到，卻沒有：%(found)s"),
        "example_fires": _("例句不該被抓到，卻抓到了（%(found)s）"),
        "unknown_section": _("沒有這一節；可用的有 %(expected)s。"),
        "pack_twice": _("有兩個作業包用了同一個代碼：%(found)s。"),
        "overlaid_twice": _("「%(found)s」已經疊加在 %(expected)s 上；請把兩份修改寫在一起。"),
        "base_missing": _("找不到要疊加的作業包「%(found)s」。"),
        "base_broken": _("要疊加的作業包「%(found)s」本身還有錯；請先修正它。"),
        "not_as_base": _("應與被疊加的作業包相同，也就是 %(expected)s；這裡是 %(found)s。"),
        "key_missing": _("缺少「%(found)s」。"),
        "unknown_key": _("不認得「%(found)s」這個鍵；請核對拼字。"),
        "empty": _("不能空白。"),
        "wrong_kind": _("應是%(expected)s，這裡是「%(found)s」。"),
        "not_known": _("應是 %(expected)s 之一，這裡是「%(found)s」。"),
        "not_a_code": _("代碼只能用英文字母、數字與 _ . : -，這裡是「%(found)s」。"),
        "not_allowed_here": _("這裡不接受「%(found)s」。"),
        "twice": _("「%(found)s」出現兩次；代碼不能重複。"),
        "row_missing": _("缺少「%(expected)s」這一項。"),
        "placeholders_differ": _("三種語言留空的地方不一樣；請放一樣的 {…}。"),
        "clock_or_within": _("時間請擇一寫：clock（院內時鐘的代碼）或 within（文字）。"),
        "hours_never_roll": _("以小時計的期限不會順延；請拿掉 rolls。"),
        "opening_needs_hours": _("只有以小時計的院內期限可以只算營業時間。"),
        "information_never_alarms": _("僅供參考的期限不提醒也不通報；請拿掉 alarms_before 與 escalate_to。"),
        "unverified_never_alarms": _("尚未查證（UNVERIFIED）的規定只顯示、不提醒；請拿掉 alarms_before 與 escalate_to。"),
        "law_never_pauses": _("法定期限不能暫停、重複，也不能只算營業時間。"),
        "clock_and_kind": _("kind 是 clock 時要有 clock；不是時就不能有。"),
        "limit_and_kind": _("kind 是 limit 時要有 limit；不是時就不能有。"),
        "quote_needed": _("等級 V 的規定要引用法條原文。"),
        "year_not_described": _("%(found)s 所在的年份沒有寫在 years，或不是 official。"),
        "makeup_on_weekday": _("補班日應在週末，%(found)s 不是。"),
        "closed_needs_source": _("停止上班日 %(found)s 要寫明公告來源（source）。診所自己的休診日不寫在這裡。"),
        "with_needed": _("請在 with 寫出新的內容。"),
        "with_unwanted": _("停用時不寫 with。"),
        "id_needed": _("請寫明要改的是哪一項（id）。"),
        "id_fixed": _("代碼不能改：應是 %(expected)s，這裡是 %(found)s。"),
        "no_section": _("被疊加的作業包沒有「%(found)s」這一節；可用的有 %(expected)s。"),
        "no_entry": _("被疊加的作業包沒有「%(found)s」這一項。"),
        "already_there": _("已經有「%(found)s」；要改請用 replace。"),
        "binding_disabled": _("「%(found)s」對診所有拘束力，不能停用。"),
        "binding_field": _("這項期限有拘束力，不能改它的「%(expected)s」。"),
        "lengthened": _("有拘束力的期限只能縮短：原本 %(expected)s，這裡會變長（%(found)s）。"),
        "grade_lowered": _("查證等級只能往上調：原本 %(expected)s，這裡是 %(found)s。"),
        "grade_needs_source": _("調高查證等級時，請一併寫出 %(expected)s。"),
        "requires_missing": _("這個作業包需要「%(expected)s」，但沒有找到。"),
        "basis_missing": _("法規包裡沒有「%(found)s」這一條。"),
    }[code]
