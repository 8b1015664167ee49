"""What the portal makes of what people write. No database."""
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.portal import rules

TODAY = date(2026, 11, 21)


def read(typed, roc=True):
    return rules.rough_date(typed, today=TODAY, roc=roc)


@pytest.mark.parametrize(
    ("typed", "on", "precision"),
    [
        ("2026/10/28", date(2026, 10, 28), "day"),
        ("115/10/28", date(2026, 10, 28), "day"),
        ("115年10月", date(2026, 10, 1), "month"),
        ("民國一一五年十月二十八日", date(2026, 10, 28), "day"),
        ("十月二十八日左右", date(2026, 10, 28), "day"),
        ("10月底", date(2026, 10, 1), "month"),
        ("12/25", date(2025, 12, 25), "day"),
        ("上個月", date(2026, 10, 1), "month"),
        ("去年十月", date(2025, 10, 1), "month"),
        ("28 Oct 2026", date(2026, 10, 28), "day"),
        ("last month", date(2026, 10, 1), "month"),
        ("昨天", date(2026, 11, 20), "day"),
    ],
)
def test_dates_are_read_as_people_remember_them(typed, on, precision):
    assert read(typed) == rules.Rough("known", on, precision)


@pytest.mark.parametrize("typed", ["過年前", "三個月以前", "去年底", "打完疫苗那天", "２０２６"])
def test_words_nobody_can_parse_are_kept_as_words(typed):
    assert read(typed).kind == "words"


@pytest.mark.parametrize(
    ("typed", "kind", "guess"),
    [
        ("2027/1/1", "future", date(2026, 1, 1)),
        ("2126/10/28", "future", date(2026, 10, 28)),
        ("1926/3/4", "ancient", date(2026, 3, 4)),
        ("26/10/3", "ancient", date(2026, 10, 3)),
        ("2026/11/31", "impossible", date(2026, 11, 30)),
        ("2026/13/1", "impossible", None),
    ],
)
def test_a_date_that_cannot_be_right_comes_with_a_guess(typed, kind, guess):
    assert (read(typed).kind, read(typed).guess) == (kind, guess)


def test_years_of_the_republic_count_only_where_they_are_used():
    assert read("115/10/28", roc=False).kind == "ancient"


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_dates(typed):
    assert read(typed).kind in {"empty", "known", "words", "future", "ancient", "impossible"}


@given(st.text(max_size=200))
def test_tidying_twice_changes_nothing_more(typed):
    assert rules.tidy(rules.tidy(typed)) == rules.tidy(typed)


def test_a_pace_lets_people_through_and_slows_machines():
    waits = [rules.SEND_PACE.wait(n) for n in range(1, 40)]
    assert waits[:12] == [0.0] * 12
    assert waits == sorted(waits) and waits[-1] == rules.SEND_PACE.cap
    assert max(rules.DANGER_PACE.wait(n) for n in range(1, 10_000)) == 2.0
