"""What a template leaves open, and how it is filled in.

Plain replacement of a fixed list of places. What a value contains is never read again. Words in braces that name no place
are a place somebody misspelt: they are not filled in, and they do not leave either. {A} or {12} is neither.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.playbooks.wording import PLACES

_NAMES = "|".join(sorted(PLACES))
_PLACE = re.compile(r"\{(" + _NAMES + r")\}")

# As people leave it behind: {phone}, {{ Phone }}, ｛電話｝, {phone with its second brace gone.
_OPEN = re.compile(
    r"[{｛]{1,2}(?P<inside>[^{}｛｝\n]{0,40})[}｝]{1,2}"
    rf"|[{{｛][ \u3000]?(?P<unclosed>{_NAMES})(?![A-Za-z_])"
    rf"|(?<![A-Za-z_])(?P<unopened>{_NAMES})[ \u3000]?[}}｝]",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]{2}|[^\W\d_a-zA-Z]")

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


@dataclass(frozen=True)
class Hole:
    """Something in braces that nobody has filled in. `code`: the place it names; `like`: the one it may have meant."""

    start: int
    end: int
    written: str
    code: str = ""
    like: str = ""

    @property
    def what(self) -> str:
        """診所電話; where no place is called so, as it was written and what may be meant."""
        if self.code:
            return place_word(self.code)
        if not self.written.strip("{｛}｝ \u3000"):
            return _("空的大括號")
        said = {"written": self.written, "like": place_word(self.like) if self.like else ""}
        return _("%(written)s（是不是「%(like)s」？）") % said if self.like else _("%(written)s（沒有這個名稱）") % said


def open_holes(words: str) -> tuple[Hole, ...]:
    """All of them, in the order they stand there."""
    found = []
    for each in _OPEN.finditer(words):
        inside = each["inside"]
        if inside and inside.strip() and not _WORD.search(inside):
            continue
        code = _named(inside if inside is not None else each["unclosed"] or each["unopened"])
        found.append(Hole(each.start(), each.end(), each.group(), code, "" if code else _meant(inside or "")))
    return tuple(found)


def aloud(words: str) -> str:
    """As somebody reads it out: each hole as what belongs there."""
    for hole in reversed(open_holes(words)):
        words = f"{words[: hole.start]}〔{hole.what}〕{words[hole.end :]}"
    return words


def open_words(holes: Iterable[Hole]) -> str:
    """診所電話、理由, for a sentence that names what is missing."""
    return _("、").join(dict.fromkeys(hole.what for hole in holes))


def _named(inside: str) -> str:
    plain = re.sub(r"[\s-]+", "_", unicodedata.normalize("NFKC", inside).strip().lower())
    return plain if plain in PLACES else ""


def _meant(inside: str) -> str:
    """The place that is written most like it, by its name or by what it is called to people."""
    asked = unicodedata.normalize("NFKC", inside).strip().lower()
    if len(asked) < 2:
        return ""
    called = {place_word(code).lower(): code for code in _EXPLAINED}
    for words, code in called.items():
        if asked in words or words in asked:
            return code
    close = difflib.get_close_matches(asked, [*sorted(PLACES), *called], n=1, cutoff=0.6)
    return called.get(close[0], close[0]) if close else ""
