"""Names, masks and contacts."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.people import rules


@pytest.mark.parametrize(
    "family,given_name,whole,masked",
    [
        ("溫", "若嵐", "溫若嵐", "溫○嵐"),
        ("王", "明", "王明", "王○"),
        ("歐陽", "小美", "歐陽小美", "歐陽○美"),
        ("王", "", "王", "王"),
        ("", "小明", "小明", "小○"),
        ("王太太", "", "王太太", "王○"),
        ("", "", "", ""),
        ("Smith", "Jane", "Jane Smith", "J. S."),
        ("Smith", "", "Smith", "S."),
        ("", "Jane Ann", "Jane Ann", "J. A."),
    ],
)
def test_names_are_written_and_masked(family, given_name, whole, masked) -> None:
    assert rules.full_name(family, given_name) == whole
    assert rules.masked_name(family, given_name) == masked


@given(st.text("王溫若嵐歐陽明", max_size=3), st.text("小美大明若嵐", min_size=1, max_size=4))
def test_a_mask_never_shows_a_whole_given_name(family, given_name) -> None:
    masked = rules.masked_name(family, given_name)
    assert "○" in masked
    assert rules.full_name(family, given_name) not in masked


@pytest.mark.parametrize(
    "kind,value,masked",
    [
        ("phone", "0912-345-678", "…678"),
        ("phone", "119", "…"),
        ("email", "wen@example.org", "w…@example.org"),
        ("line", "wen", "w…"),
        ("address", "", "…"),
    ],
)
def test_contacts_are_masked(kind, value, masked) -> None:
    assert rules.masked_contact(kind, value) == masked


def test_a_date_is_only_as_exact_as_known() -> None:
    day = date(2026, 11, 18)
    assert rules.on_with_precision(day, "day") == day
    assert rules.on_with_precision(day, "month") == date(2026, 11, 1)
    assert rules.on_with_precision(day, "year") == date(2026, 1, 1)
    assert rules.on_with_precision(None, "unknown") is None
