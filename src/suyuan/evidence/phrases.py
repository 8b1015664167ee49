"""One sentence per fact about evidence."""
from __future__ import annotations

from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.platform.facts import Told

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


PHRASES: dict[str, Callable[[Told], str]] = {
    "item.added": item_added,
    "item.described": item_described,
    "item.custody": item_custody,
    "bundle.exported": bundle_exported,
    "item.previewed": item_previewed,
    "item.stripped": item_stripped,
    "item.redacted": item_redacted,
    "item.copied": item_copied,
}
