"""One sentence per fact about evidence."""
from __future__ import annotations

from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts.labels import who_label
from suyuan.platform.facts import Told
from suyuan.playbooks.selectors import evidence_name

CUSTODY: dict[str, Promise] = {
    "received": _l("收下"),
    "handed_over": _l("移交"),
    "sealed": _l("封存"),
    "unsealed": _l("啟封"),
    "copied": _l("複製"),
    "sent_for_test": _l("送檢"),
    "returned": _l("歸還"),
    "shown": _l("提示"),
    "destroyed": _l("銷毀"),
}


def item_added(told: Told) -> str:
    return _("加入證物 %(number)s") % {"number": told.plain("number")}


def item_described(told: Told) -> str:
    return _("補充證物 %(number)s 的說明") % {"number": told.plain("number")}


def item_custody(told: Told) -> str:
    act = CUSTODY.get(told.plain("act", ""), told.plain("act", ""))
    return _("證物 %(number)s：%(act)s") % {"number": told.plain("number"), "act": act}


def bundle_exported(told: Told) -> str:
    digest = str(told.plain("manifest", ""))[:16]
    return _("交出證據包：%(events)s 個事件，清單雜湊 %(digest)s…") % {"events": told.plain("events"), "digest": digest}


def item_previewed(told: Told) -> str:
    return _("產生證物 %(number)s 的預覽圖") % {"number": told.plain("number")}


def item_copy_asked(told: Told) -> str:
    return _("請求製作證物 %(n)s 的複本") % {"n": told.plain("number")}


def item_moved_in(told: Told) -> str:
    if not told.row.stream.startswith("case:"):
        return _("證物 %(n)s 移進這裡") % {"n": told.plain("number")}
    return _("證物 %(n)s 移出受保護的部分") % {"n": told.plain("number")}


def item_moved_out(told: Told) -> str:
    if told.row.stream.startswith("case:"):
        return _("證物 %(n)s 移到受保護的部分") % {"n": told.plain("number")}
    return _("證物 %(n)s 從這裡移出") % {"n": told.plain("number")}


def item_stripped(told: Told) -> str:
    return _("製作證物 %(number)s 的分享用複本（不含隱藏資料）") % {"number": told.plain("number")}


def item_redacted(told: Told) -> str:
    return _("製作證物 %(number)s 的遮蓋複本") % {"number": told.plain("number")}


PURPOSES: dict[str, Promise] = {
    "review": _l("院內審閱"),
    "person": _l("交給當事人"),
    "authority": _l("提供主管機關或法院"),
    "counsel": _l("提供律師"),
    "insurer": _l("提供保險公司"),
    "other": _l("其他"),
}


def item_copied(told: Told) -> str:
    purpose = PURPOSES.get(told.plain("purpose", ""), "")
    words = {"number": told.plain("number"), "purpose": purpose}
    return _("下載證物 %(number)s（%(purpose)s）") % words if purpose else _("下載證物 %(number)s") % words


def _kind(told: Told) -> str:
    return evidence_name(told.plain("kind", ""))


def requested(told: Told) -> str:
    holder = told.private.get("name") or (str(who_label(told.plain("role"))) if told.plain("role") else "")
    words = {"who": holder, "kind": _kind(told)}
    if holder:
        return _("請%(who)s提供「%(kind)s」") % words
    return _("請持有的人提供「%(kind)s」") % words


def request_answered(told: Told) -> str:
    if told.plain("how") == "declined":
        return _("不提供「%(kind)s」") % {"kind": _kind(told)}
    return _("說明了「%(kind)s」的情形") % {"kind": _kind(told)}


def interview_recorded(told: Told) -> str:
    name = told.private.get("heard_name")
    words = {"n": told.plain("number"), "name": name}
    return _("訪談 %(n)s：聽%(name)s說，寫成紀錄") % words if name else _("訪談 %(n)s：寫成紀錄") % words


def interview_confirmed(told: Told) -> str:
    n = {"n": told.plain("number")}
    if told.plain("corrected") is True:
        return _("訪談 %(n)s：本人聽過之後確認，並附上更正") % n
    return _("訪談 %(n)s：本人確認無誤") % n


def observation_noted(told: Told) -> str:
    return _("寫下同仁觀察（事後補記）") if told.plain("late") is True else _("寫下同仁觀察")


def observation_supplemented(told: Told) -> str:
    return _("補充一則同仁觀察（事後補記）") if told.plain("late") is True else _("補充一則同仁觀察")


def _of_kind(sentence: Promise) -> Callable[[Told], str]:
    return lambda told: str(sentence) % {"kind": _kind(told)}


def _of_interview(sentence: Promise) -> Callable[[Told], str]:
    return lambda told: str(sentence) % {"n": told.plain("number")}


SIGNED_ON: dict[str, Promise] = {"paper": _l("紙本簽名"), "screen": _l("螢幕上逐一具名")}
GROUNDS: dict[str, Promise] = {
    "both_sides": _l("雙方在場"),
    "settled": _l("糾紛已經解決"),
    "authority": _l("主管機關或法院要求"),
    "alone": _l("封存期滿，法律允許單方啟封"),
}
STANDINGS: dict[str, Promise] = {
    "patient": _l("病人本人"),
    "agent": _l("代理人（委任）"),
    "legal_representative": _l("法定代理人"),
    "heir": _l("繼承人"),
}
MEDIA: dict[str, Promise] = {"paper": _l("紙本"), "disc": _l("光碟"), "usb": _l("隨身碟"), "portal": _l("進度頁下載")}
RECEIPTS: dict[str, Promise] = {"signed": _l("簽收"), "stamped": _l("蓋章"), "witnessed": _l("見證人簽名")}


def _items(told: Told) -> str:
    return _("、").join(str(number) for number in told.plain("items", []))


def seal_made(told: Told) -> str:
    words = _("封存證物 %(items)s，封條 %(number)s，雙方在場。")
    if not told.plain("both"):
        words = _("封存證物 %(items)s，封條 %(number)s，病人方不在場，由見證人見證。")
    return words % {"items": _items(told), "number": told.plain("number")}


def seal_opened(told: Told) -> str:
    said = {"number": told.plain("number"), "ground": GROUNDS.get(told.plain("ground", ""), "")}
    words = _("啟封 %(number)s（%(ground)s），封條完好。") if told.plain("intact") else _("啟封 %(number)s（%(ground)s），封條已有破損。")
    return words % said


def copies_prepared(told: Told) -> str:
    return _("備妥複製本 %(number)s：證物 %(items)s") % {"number": told.plain("number"), "items": _items(told)}


def copies_handed_over(told: Told) -> str:
    standing = STANDINGS.get(told.plain("standing", ""), "")
    return _("交付複製本 %(number)s，領取人是%(standing)s。") % {"number": told.plain("number"), "standing": standing}


PHRASES: dict[str, Callable[[Told], str]] = {
    "item.added": item_added,
    "item.described": item_described,
    "item.custody": item_custody,
    "bundle.exported": bundle_exported,
    "item.previewed": item_previewed,
    "item.copy_asked": item_copy_asked,
    "item.moved_in": item_moved_in,
    "item.moved_out": item_moved_out,
    "item.stripped": item_stripped,
    "item.redacted": item_redacted,
    "item.copied": item_copied,
    "evidence.requested": requested,
    "evidence.request_reminded": _of_kind(_l("再次提醒提供「%(kind)s」")),
    "evidence.request_given": _of_kind(_l("交來所請的「%(kind)s」")),
    "evidence.request_answered": request_answered,
    "evidence.request_cancelled": _of_kind(_l("不再請人提供「%(kind)s」")),
    "need.set_aside": _of_kind(_l("記下「%(kind)s」在這件不適用")),
    "need.taken_back": _of_kind(_l("「%(kind)s」改回需要")),
    "interview.recorded": interview_recorded,
    "interview.rewritten": _of_interview(_l("訪談 %(n)s：改寫紀錄，還沒有請本人確認")),
    "interview.confirmed": interview_confirmed,
    "interview.refused": _of_interview(_l("訪談 %(n)s：本人不確認紀錄")),
    "interview.supplemented": _of_interview(_l("訪談 %(n)s：加上補充，原紀錄不動")),
    "observation.noted": observation_noted,
    "observation.supplemented": observation_supplemented,
    "observation.struck": lambda told: _("劃掉一則同仁觀察，原來的字仍然看得見"),
    "seal.made": seal_made,
    "seal.opened": seal_opened,
    "copies.prepared": copies_prepared,
    "copies.handed_over": copies_handed_over,
}
