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


PLATFORM: Mapping[str, Callable[[Told], str]] = {
    "hold.placed": hold_placed,
    "hold.lifted": hold_lifted,
    "access.day_closed": access_day_closed,
}
