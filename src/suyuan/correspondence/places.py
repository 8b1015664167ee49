"""What a template leaves open, and how it is filled in.

Plain replacement of a fixed list of places. What a value contains is never read again, and braces that people type
themselves stay as they are unless they name one of the places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.playbooks.wording import PLACES

_PLACE = re.compile(r"\{(" + "|".join(sorted(PLACES)) + r")\}")

_EXPLAINED = {
    "name": _l("對方怎麼稱呼"),
    "reference": _l("案件編號"),
    "handler": _l("負責的同仁"),
    "role": _l("負責的同仁的職務"),
    "by_when": _l("在什麼時候之前"),
    "next_step": _l("接下來做什麼"),
    "clinic": _l("診所名稱"),
    "phone": _l("診所電話"),
    "hours": _l("接電話的時間"),
    "address": _l("診所地址"),
    "form_url": _l("診所表單的網址"),
    "emergency": _l("緊急電話"),
    "authority_channels": _l("可以找的外部單位"),
    "amount": _l("金額"),
    "reason": _l("理由"),
    "findings": _l("查到的事"),
    "remedies": _l("可以怎麼處理"),
    "date": _l("日期"),
    "place": _l("地點"),
    "participants": _l("在場的人"),
    "points": _l("要點"),
    "deadline": _l("多久之內，或哪一天"),
    "link": _l("留下意見的網址"),
    "question": _l("對方問的或希望的"),
    "documents": _l("文件與紀錄"),
}


@dataclass(frozen=True)
class Filled:
    """The words with what is known put in. `missing`: places still open, in the order they stand there."""

    words: str
    missing: tuple[str, ...]


def place_word(code: str) -> str:
    return str(_EXPLAINED[code])


def fill(words: str, values: Mapping[str, str]) -> Filled:
    """Put in what is known; a place without a value stays and is named."""
    said = _PLACE.sub(lambda hole: values.get(hole[1]) or hole[0], words)
    missing = (hole[1] for hole in _PLACE.finditer(words) if not values.get(hole[1]))
    return Filled(said, tuple(dict.fromkeys(missing)))


def open_places(words: str) -> tuple[str, ...]:
    """The places of the list that nobody has filled in."""
    return tuple(dict.fromkeys(hole[1] for hole in _PLACE.finditer(words)))


def open_words(places: Iterable[str]) -> str:
    """「接下來做什麼」、「理由」, for a sentence that names what is missing."""
    return _("、").join(_("「%(place)s」") % {"place": place_word(code)} for code in places)
