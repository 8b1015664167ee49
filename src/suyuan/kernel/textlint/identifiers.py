"""Checksums of the numbers that name a person or a house. Each takes what was matched, folded, and says whether it holds.

TW national id and resident certificate: letter → two digits, weights 1 9 8 7 6 5 4 3 2 1 1, sum divisible by 10.
TW company number: weights 1 2 1 2 1 2 4 1 with digit sums, divisible by 5 since 2023-04-01; a seventh digit 7 may count one more.
CN resident id: ISO 7064 mod 11-2 over 17 digits (GB 11643).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

_LETTERS = dict(zip("abcdefghjklmnpqrstuvxywzio", range(10, 36), strict=True))
_TW_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
_COMPANY_WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)
_CN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CN_LAST = "10x98765432"


def tw_person(number: str) -> bool:
    """身分證, 新式統一證號 (second character a digit) or the older one (second character a to d)."""
    number = number.casefold()
    if len(number) != 10 or number[0] not in _LETTERS or not number[2:].isdigit():
        return False
    second = number[1]
    if second.isalpha():
        if second not in "abcd":
            return False
        second = str(_LETTERS[second] % 10)
    digits = [int(d) for d in f"{_LETTERS[number[0]]}{second}{number[2:]}"]
    return sum(d * w for d, w in zip(digits, _TW_WEIGHTS, strict=True)) % 10 == 0


def tw_company(number: str) -> bool:
    if len(number) != 8 or not number.isdigit():
        return False
    products = (int(d) * w for d, w in zip(number, _COMPANY_WEIGHTS, strict=True))
    total = sum(p // 10 + p % 10 for p in products)
    return total % 5 == 0 or (number[6] == "7" and (total + 1) % 5 == 0)


def cn_person(number: str) -> bool:
    number = number.casefold()
    if len(number) != 18 or not number[:17].isdigit():
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return _CN_LAST[sum(int(d) * w for d, w in zip(number, _CN_WEIGHTS, strict=False)) % 11] == number[17]


CHECKS: Mapping[str, Callable[[str], bool]] = {
    "tw_person": tw_person,
    "tw_company": tw_company,
    "cn_person": cn_person,
}
