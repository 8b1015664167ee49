"""Identifiers made comparable, and found without being readable.

Names, telephone numbers and chart numbers lie sealed. Beside them stand blind indexes: keyed digests of the folded
value, one per way of asking. A surname alone is never indexed: how often it occurs would give it away.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from suyuan.kernel.fold import fold
from suyuan.platform.keys import blind

NAME, GIVEN_NAME = "name", "given_name"
PHONE, PHONE_LAST4, SURNAME_LAST4 = "phone", "phone_last4", "surname_last4"
CHART_NUMBER = "chart_number"
KINDS = (NAME, GIVEN_NAME, PHONE, PHONE_LAST4, SURNAME_LAST4, CHART_NUMBER)


class Blind(NamedTuple):
    """One row of a blind index: which question it answers, and the digest to compare."""

    field: str
    value: bytes


# Surnames of two characters; everything else in Chinese begins with one.
COMPOUND_SURNAMES = (
    "歐陽", "司徒", "上官", "諸葛", "司馬", "東方", "皇甫", "尉遲", "公孫", "慕容", "令狐", "夏侯", "長孫", "宇文",
    "軒轅", "司空", "端木", "獨孤", "南宮", "西門", "東郭", "百里", "鍾離", "聞人", "澹臺", "張簡", "張廖", "范姜",
)  # fmt: skip

_HONORIFIC = re.compile(r"(先生|小姐|女士|太太|小朋友|医师|医生)$")
_HAN = re.compile(r"^[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+$")
_NOT_IN_NAMES = re.compile(r"[\W_]+")
_EXTENSION = re.compile(r"(?:#|ext\.?|x|分機|分机|转|轉)\s*\d*\s*$", re.IGNORECASE)
_PHONE = re.compile(r"^\+?[\d\s().\-]+$")
_SURNAME_LAST4 = re.compile(r"^(\D*?[^\W\d_])[\W_]*(\d{4})$")


def fold_identifier(kind: str, text: str) -> str:
    """The one form in which two spellings of the same identifier are equal; empty when there is nothing to compare."""
    if kind in (NAME, GIVEN_NAME):
        return _NOT_IN_NAMES.sub("", fold(text))
    if kind == PHONE:
        return _phone(text)
    if kind == PHONE_LAST4:
        return _phone(text)[-4:] if len(_phone(text)) >= 4 else ""
    if kind == SURNAME_LAST4:
        match = _SURNAME_LAST4.match(fold(text))
        return _surname_last4(match[1], match[2]) if match else ""
    if kind == CHART_NUMBER:
        return _NOT_IN_NAMES.sub("", fold(text))
    raise ValueError(f"unknown kind of identifier: {kind}")


def split_name(full: str) -> tuple[str, str]:
    """Family and given name of a name written in one piece: Chinese from the front, others by the last word."""
    words = unicodedata.normalize("NFKC", full).split()
    joined = "".join(words)
    if _HAN.match(joined):
        cut = 2 if len(joined) > 2 and fold(joined[:2]) in _compound_surnames() else 1
        return joined[:cut], joined[cut:]
    if len(words) < 2:
        return "", joined
    return words[-1], " ".join(words[:-1])


@cache
def _compound_surnames() -> frozenset[str]:
    return frozenset(fold(name) for name in COMPOUND_SURNAMES)


def index_values(
    *, family_name: str = "", given_name: str = "", phones: Iterable[str] = (), chart_number: str = ""
) -> list[Blind]:
    """Rows for the blind index of one person. Give a name written in one piece through `split_name` first."""
    values: dict[Blind, None] = {}

    def add(field: str, folded: str) -> None:
        if folded:
            values[Blind(field, blind(field, folded))] = None

    family, given = fold_identifier(NAME, family_name), fold_identifier(GIVEN_NAME, given_name)
    if given:
        add(NAME, family + given)
        add(GIVEN_NAME, given)
    for phone in phones:
        number = fold_identifier(PHONE, phone)
        last4 = fold_identifier(PHONE_LAST4, phone)
        add(PHONE, number)
        add(PHONE_LAST4, last4)
        if family and last4:
            add(SURNAME_LAST4, _surname_last4(family, last4))
    add(CHART_NUMBER, fold_identifier(CHART_NUMBER, chart_number))
    return list(values)


def query_values(text: str) -> list[Blind]:
    """What a person may have meant by these words in the search box; any match counts. Empty: not an identifier."""
    values: dict[Blind, None] = {}

    def add(field: str, folded: str) -> None:
        if folded:
            values[Blind(field, blind(field, folded))] = None

    folded = fold(text)
    digits = re.sub(r"\D", "", folded)
    if not folded or len(folded) > 80:
        return []
    add(CHART_NUMBER, fold_identifier(CHART_NUMBER, text) if digits else "")
    if _PHONE.match(_EXTENSION.sub("", folded).strip()):
        if len(digits) == 4:
            add(PHONE_LAST4, digits)
        elif len(digits) >= 6:
            add(PHONE, fold_identifier(PHONE, text))
        return list(values)
    surname = _SURNAME_LAST4.match(folded)
    if surname:
        add(SURNAME_LAST4, _surname_last4(surname[1], surname[2]))
    if not digits:
        for name in _spellings(folded):
            add(NAME, name)
            add(GIVEN_NAME, name)
    return list(values)


def _spellings(folded: str) -> list[str]:
    """The words as typed, without a title, and for names in several words with the family name moved to the front."""
    plain = _HONORIFIC.sub("", folded).strip() or folded
    words = plain.split()
    spellings = [fold_identifier(NAME, plain), fold_identifier(NAME, folded)]
    if len(words) > 1 and not _HAN.match("".join(words)):
        spellings.append(fold_identifier(NAME, words[-1] + "".join(words[:-1])))
    return spellings


def _surname_last4(surname: str, last4: str) -> str:
    name = fold_identifier(NAME, surname)
    return (_HONORIFIC.sub("", name) or name) + last4


def _phone(text: str) -> str:
    """+886… and +86… for Taiwan and the mainland, + and digits for others, bare digits for what has no area."""
    text = _EXTENSION.sub("", unicodedata.normalize("NFKC", text).strip())
    digits = re.sub(r"\D", "", text)
    if text.lstrip("( ").startswith("+") or digits.startswith("00"):
        return _international(digits.removeprefix("00"))
    if digits.startswith("886") and len(digits) in (11, 12, 13):
        return _international(digits)
    if re.fullmatch(r"86(1[3-9]\d{9}|0?[2-9]\d{8,10}|0?10\d{8})", digits):
        return _international(digits)
    if re.fullmatch(r"1[3-9]\d{9}", digits):
        return "+86" + digits
    if re.fullmatch(r"9\d{8}", digits):  # a spreadsheet ate the zero
        return "+886" + digits
    if re.fullmatch(r"0[2-9]\d{7,8}", digits):
        return "+886" + digits[1:]
    if re.fullmatch(r"0\d{10,11}", digits):
        return "+86" + digits[1:]
    return digits


def _international(digits: str) -> str:
    for country in ("886", "86"):
        if digits.startswith(country):
            return f"+{country}" + digits.removeprefix(country).removeprefix("0")
    return "+" + digits if digits else ""
