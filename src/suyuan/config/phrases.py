"""Words for facts that `platform` records: it stands below everything that could word them."""
from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from suyuan.platform.facts import Told


def hold_placed(told: Told) -> str:
    return _("開始保全：在解除之前，這個案件的內容不能更改或刪除。")


def hold_lifted(told: Told) -> str:
    return _("解除保全。")


def access_day_closed(told: Told) -> str:
    return _("封存當日的調閱紀錄，共 %(n)s 筆。") % {"n": told.plain("count", 0)}


def signing_key_rotated(told: Told) -> str:
    return _("換了簽章金鑰，由前一把簽署接續。指紋 %(key)s。") % {"key": told.plain("key", "")[:16]}


def log_restored(told: Told) -> str:
    backup, reason = told.private.get("backup", ""), told.private.get("reason", "")
    return _("由備份還原（%(backup)s）：%(reason)s") % {"backup": backup, "reason": reason}


PLATFORM: Mapping[str, Callable[[Told], str]] = {
    "hold.placed": hold_placed,
    "hold.lifted": hold_lifted,
    "access.day_closed": access_day_closed,
    "keys.signing_rotated": signing_key_rotated,
    "log.restored": log_restored,
}
