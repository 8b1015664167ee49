"""One sentence per fact about a person. Names stand in the page, not in the sentence."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.people import rules
from suyuan.platform.facts import Told

FIELDS: dict[str, Promise] = {
    "family_name": _l("姓"),
    "given_name": _l("名"),
    "birth_date": _l("出生日期"),
    "chart_number": _l("病歷號"),
    "language": _l("語言"),
    "preferred_channel": _l("希望的聯絡方式"),
    "preferred_hours": _l("方便的時間"),
    "communication_need": _l("溝通上的需要"),
    "is_patient": _l("是否為病人"),
}
CONTACTS: dict[str, Promise] = {
    "phone": _l("電話"),
    "email": _l("電子郵件"),
    "line": _l("LINE"),
    "wechat": _l("微信"),
    "address": _l("地址"),
}
LINKED: dict[str, Promise] = {rules.LINE_ACCOUNT: _l("已連結的 LINE")}

CHANNELS: dict[str, Promise] = {
    "phone": _l("電話"),
    "sms": _l("簡訊"),
    "email": _l("電子郵件"),
    "line": _l("LINE"),
    "wechat": _l("微信"),
    "letter": _l("信件"),
    "in_person": _l("當面"),
    "portal": _l("網頁"),
}
REPRESENTATIVES: dict[str, Promise] = {
    "parent": _l("父母"),
    "guardian": _l("監護人"),
    "spouse": _l("配偶"),
    "child": _l("子女"),
    "relative": _l("親屬"),
    "agent": _l("受託人"),
    "lawyer": _l("律師"),
    "heir": _l("繼承人"),
    "other": _l("其他關係"),
}
PRECISIONS: dict[str, Promise] = {
    "day": _l("知道哪一天"),
    "month": _l("只記得年月"),
    "year": _l("只記得哪一年"),
    "unknown": _l("不記得"),
}
SOURCES: dict[str, Promise] = {
    "intake": _l("本人陳述"),
    "import": _l("匯入"),
    "staff": _l("同仁登錄"),
}
COMMON: dict[str, Promise] = {
    "name": _l("同名"),
    "phone": _l("電話相同"),
    "chart_number": _l("病歷號相同"),
}


def contact_word(kind: str) -> str:
    return str({**CONTACTS, **LINKED}.get(kind, ""))


def person_registered(told: Told) -> str:
    who = _("病人") if told.plain("is_patient") else _("聯絡人")
    return _("登錄%(who)s資料（%(source)s）。") % {
        "who": who,
        "source": SOURCES.get(told.plain("source", ""), told.plain("source", "")),
    }


def person_changed(told: Told) -> str:
    changed = [str(FIELDS[name]) for name in told.plain("changed", []) if name in FIELDS]
    return _("修改%(what)s；原來的內容留在紀錄裡。") % {"what": _("、").join(changed)}


def contact_added(told: Told) -> str:
    return _("新增聯絡方式：%(kind)s。") % {"kind": contact_word(told.plain("kind", ""))}


def contact_ended(told: Told) -> str:
    return _("這個%(kind)s已經聯絡不到，不再使用。") % {"kind": contact_word(told.plain("kind", ""))}


def contact_preferred(told: Told) -> str:
    return _("最希望用%(kind)s聯絡。") % {"kind": contact_word(told.plain("kind", ""))}


def represented(told: Told) -> str:
    return _("登記代理人（%(kind)s）；看過證明文件以前，不提供病歷內容。") % {
        "kind": REPRESENTATIVES.get(told.plain("kind", ""), "")
    }


def authority_proven(told: Told) -> str:
    return _("看過證明文件，確認代理權（%(kind)s）。") % {"kind": REPRESENTATIVES.get(told.plain("kind", ""), "")}


def representation_ended(told: Told) -> str:
    return _("不再由這位代理人代理（%(kind)s）。") % {"kind": REPRESENTATIVES.get(told.plain("kind", ""), "")}


def treatment_added(told: Told) -> str:
    what = told.private.get("words") or told.plain("code", "")
    day = told.plain("on") or _("日期不詳")
    return _("登錄療程：%(what)s，%(day)s。") % {"what": what, "day": day}


def absorbed(told: Told) -> str:
    return _("另一筆資料確認是同一個人，併入這裡。")


def merged(told: Told) -> str:
    return _("確認和另一筆資料是同一個人，併入那一筆。")


PHRASES: dict[str, Callable[[Told], str]] = {
    "person.registered": person_registered,
    "person.changed": person_changed,
    "person.contact_added": contact_added,
    "person.contact_ended": contact_ended,
    "person.contact_preferred": contact_preferred,
    "person.represented": represented,
    "person.authority_proven": authority_proven,
    "person.representation_ended": representation_ended,
    "person.treatment_added": treatment_added,
    "person.absorbed": absorbed,
    "person.merged": merged,
}
