"""When somebody may be written to, as they said it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from suyuan.people.hours import EVERY_DAY, WEEKEND, WORKDAYS, Hours, hours_read

pytestmark = pytest.mark.requirement("B-10")

NAMES = {
    "都可以": "any",
    "上午": "morning",
    "中午": "noon",
    "下午": "afternoon",
    "晚上": "evening",
    "Any time": "any",
    "Mornings": "morning",
    "Evenings": "evening",
}
H = 60
TAIPEI = ZoneInfo("Asia/Taipei")


@pytest.mark.parametrize(
    ("words", "spans", "days"),
    [
        ("晚上", [(18 * H, 21 * H)], EVERY_DAY),
        ("上午、晚上", [(9 * H, 12 * H), (18 * H, 21 * H)], EVERY_DAY),
        ("Mornings", [(9 * H, 12 * H)], EVERY_DAY),
        ("平日 18:00 後", [(18 * H, 21 * H)], WORKDAYS),
        ("19：30以後", [(19 * H + 30, 21 * H)], EVERY_DAY),
        ("週末 10:00-12:00", [(10 * H, 12 * H)], WEEKEND),
        ("10:00 前", [(9 * H, 10 * H)], EVERY_DAY),
        ("weekdays after 18:00", [(18 * H, 21 * H)], WORKDAYS),
        ("週末", [(0, 24 * H)], WEEKEND),
    ],
)
def test_hours_are_read_as_people_say_them(words, spans, days):
    assert hours_read(words, NAMES) == Hours(tuple(spans), days)


@pytest.mark.parametrize(
    "words",
    ["", "都可以", "都可以、晚上", "不要打來", "下班後", "晚上，但星期三不行", "22:00 後", "20:00-18:00", "99:99 後"],
)
def test_what_is_not_understood_holds_nothing_back(words):
    assert hours_read(words, NAMES) is None


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        ("2026-11-23T10:00", "2026-11-23T18:00"),
        ("2026-11-23T18:30", "2026-11-23T18:30"),
        ("2026-11-23T21:00", "2026-11-24T18:00"),
        ("2026-11-27T22:00", "2026-11-30T18:00"),
    ],
)
def test_they_begin_today_or_on_the_next_of_their_days(now, begins):
    at = datetime.fromisoformat(now).replace(tzinfo=TAIPEI)
    assert hours_read("平日 18:00 後", NAMES).begin(at) == datetime.fromisoformat(begins).replace(tzinfo=TAIPEI)


@trials(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_whatever_is_typed_is_read_or_let_be(words):
    hours = hours_read(words, NAMES)
    now = datetime(2026, 11, 23, 10, tzinfo=TAIPEI)
    if hours is not None:
        assert now <= hours.begin(now) <= now + timedelta(days=8)
