from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from suyuan.ui import dates
from suyuan.ui.shapes import Clock
from suyuan.ui.templatetags import sy

TAIPEI = ZoneInfo("Asia/Taipei")
NOW = datetime(2026, 11, 24, 2, 20, tzinfo=UTC)  # 10:20 in Taipei
WEDNESDAY = date(2026, 11, 25)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=TAIPEI)


@pytest.mark.parametrize(
    ("language", "full", "short", "near", "month", "title"),
    [
        ("zh-hant", "2026/11/25（三）", "11/25（三）", "明天", "2026 年 11 月", "十一月二十五日，星期三"),
        ("zh-hans", "2026年11月25日（周三）", "11月25日（周三）", "明天", "2026年11月", "十一月二十五日，星期三"),
        ("en", "25 Nov 2026", "Wed 25 Nov", "tomorrow", "November 2026", "Wednesday 25 November"),
    ],
)
def test_a_date_is_written_as_its_readers_write_it(language, full, short, near, month, title):
    assert dates.full_date(WEDNESDAY, language) == full
    assert dates.short_date(WEDNESDAY, language) == short
    assert dates.near_date(WEDNESDAY, date(2026, 11, 24), language) == near
    assert dates.month_name(WEDNESDAY, language) == month
    assert dates.title_date(WEDNESDAY, language) == title


def test_the_year_appears_only_when_it_is_another_one():
    assert dates.near_date(date(2027, 2, 9), date(2026, 11, 24), "zh-hant") == "2027/2/9（二）"
    assert dates.near_date(date(2026, 11, 23), date(2026, 11, 24), "zh-hant") == "昨天"


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-hant", "11/25（三）24:00 前"), ("zh-hans", "11月25日（周三）24:00 前"), ("en", "before 24:00, Wed 25 Nov")],
)
def test_midnight_closes_the_day_before_it(language, words):
    assert dates.deadline(at(26, 0), NOW, TAIPEI, language) == words
    assert dates.deadline(WEDNESDAY, NOW, TAIPEI, language) == words


def test_a_deadline_today_says_the_hour():
    assert dates.deadline(at(24, 17), NOW, TAIPEI, "zh-hant") == "今天 17:00 前"
    assert dates.deadline(at(24, 17), NOW, TAIPEI, "en") == "before 17:00 today"
    assert dates.deadline(at(24, 17), None, TAIPEI, "zh-hant") == "2026/11/24（二）17:00 前"


def test_a_deadline_tomorrow_is_never_relative_alone():
    assert "明天" not in dates.deadline(at(25, 18), NOW, TAIPEI, "zh-hant")


def test_the_zone_decides_the_day():
    late = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
    assert dates.date_and_time(late, TAIPEI, "zh-hant") == "2026/11/25（三）00:30"
    assert dates.date_and_time(late, ZoneInfo("UTC"), "zh-hant") == "2026/11/24（二）16:30"


@pytest.mark.parametrize(
    ("left", "hant", "hans", "english"),
    [
        (timedelta(hours=6, minutes=40), "剩 6 小時 40 分", "剩 6 小时 40 分", "6 h 40 min left"),
        (timedelta(days=6, hours=3), "剩 6 天", "剩 6 天", "6 days left"),
        (timedelta(hours=47), "剩 47 小時", "剩 47 小时", "47 h left"),
        (timedelta(minutes=9), "剩 9 分鐘", "剩 9 分钟", "9 min left"),
        (timedelta(seconds=20), "剩 不到 1 分鐘", "剩 不到 1 分钟", "under 1 min left"),
        (-timedelta(hours=3, minutes=10), "已過 3 小時 10 分", "已超过 3 小时 10 分", "3 h 10 min overdue"),
    ],
)
def test_what_is_left_is_said_in_words(left, hant, hans, english):
    assert [dates.remaining(NOW + left, NOW, code) for code in ("zh-hant", "zh-hans", "en")] == [hant, hans, english]


def test_working_days_are_counted_by_the_rules_and_only_worded_here():
    assert dates.remaining_workdays(1, "zh-hant") == "剩 1 個工作日"
    assert dates.remaining_workdays(1, "en") == "1 working day left"
    assert dates.remaining_workdays(3, "en") == "3 working days left"


def test_the_republic_counts_its_own_years():
    assert dates.roc_year(WEDNESDAY) == "民國 115 年"
    assert dates.roc_date(WEDNESDAY) == "民國 115 年 11 月 25 日（2026）"
    assert dates.roc_year(date(1911, 5, 1)) == "民國前 1 年"


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("溫若嵐", "溫○嵐"), ("王明", "王○"), ("歐陽若嵐", "歐陽○嵐"), ("歐陽嵐", "歐陽○"), ("溫", "溫"), ("", ""),
        ("Lan Wen", "L. W."), ("迪麗熱巴", "迪○○巴"), (" 溫 若嵐 ", "溫○嵐"),
    ],
)
def test_a_name_in_a_list_is_masked(name, masked):
    assert dates.mask_name(name) == masked


@pytest.mark.parametrize(("code", "ours"), [("zh-hant", "zh-hant"), ("zh-TW", "zh-hant"), ("zh_Hans", "zh-hans"), ("zh-cn", "zh-hans"), ("en-gb", "en"), (None, "zh-hant"), ("fr", "zh-hant")])
def test_every_language_code_leads_to_one_of_three(code, ours):
    assert dates.language_of(code) == ours


def test_filters_speak_the_active_language_in_the_active_zone():
    with timezone.override(TAIPEI), translation.override("en"):
        assert ">25 Nov 2026</time>" in sy.sy_date(at(25, 9))
        assert ">tomorrow</time>" in sy.sy_near(at(25, 9), NOW)
    with timezone.override(TAIPEI), translation.override("zh-hant"):
        assert sy.sy_datetime(at(25, 9)) == '<time datetime="2026-11-25T09:00:00+08:00">2026/11/25（三）09:00</time>'
        assert sy.sy_date("") == "" and sy.sy_date(None) == ""


def test_a_filter_given_no_date_is_a_mistake_worth_seeing():
    with pytest.raises(TypeError):
        sy.sy_date("2026-11-25")


def test_a_clock_says_what_its_rules_decided():
    with timezone.override(TAIPEI), translation.override("zh-hant"):
        assert "剩 1 個工作日" in sy.remaining(Clock(what="", mood="soon", workdays_left=1, due_at=at(26, 0)), NOW)
        assert "已過 3 小時 10 分" in sy.remaining(Clock(what="", mood="late", workdays_left=0, due_at=at(24, 7, 10)), NOW)
        assert sy.remaining(Clock(what="", mood="done"), NOW) == "期限內完成"
        assert "準時" in sy.remaining({"left": "準時", "mood": "done"}, NOW)


def test_peoples_words_keep_their_lines_and_lose_no_sign():
    assert sy.lines("一行\n二行\n\n<b>三</b>") == "<p>一行<br>二行</p>\n<p>&lt;b&gt;三&lt;/b&gt;</p>"
