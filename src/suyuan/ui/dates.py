"""Dates, durations and names as people read them, in the three languages. Pure: no database, no clock of its own.

Kept as formats here and not in the catalogues, because the three languages differ in order and grammar, not in words.
Day limits follow the house rule: `due_at` is exclusive, so a local midnight belongs to the day before (24:00 前).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo

HANT, HANS, EN = "zh-hant", "zh-hans", "en"

_CJK_DAYS = "一二三四五六日"
_EN_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EN_LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EN_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EN_LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)
_NEAR = {
    HANT: {-1: "昨天", 0: "今天", 1: "明天"},
    HANS: {-1: "昨天", 0: "今天", 1: "明天"},
    EN: {-1: "yesterday", 0: "today", 1: "tomorrow"},
}
_DOUBLE_SURNAMES = frozenset({
    "歐陽", "司馬", "上官", "諸葛", "司徒", "皇甫", "尉遲", "公孫", "慕容", "長孫", "令狐",
    "宇文", "端木", "夏侯", "范姜", "張簡", "欧阳", "诸葛", "尉迟", "公孙", "长孙", "张简",
})


def language_of(code: str | None) -> str:
    """The one of our three that `code` means; Traditional Chinese when in doubt."""
    code = (code or "").lower().replace("_", "-")
    if code.startswith("en"):
        return EN
    return HANS if code in {"zh-hans", "zh-cn", "zh-sg"} or code.startswith("zh-hans") else HANT


def local(moment: date | datetime, zone: tzinfo) -> date | datetime:
    return moment.astimezone(zone) if isinstance(moment, datetime) and moment.tzinfo else moment


def day_of(moment: date | datetime, zone: tzinfo) -> date:
    there = local(moment, zone)
    return there.date() if isinstance(there, datetime) else there


def weekday_name(day: date, language: str) -> str:
    if language == EN:
        return _EN_DAYS[day.weekday()]
    return _CJK_DAYS[day.weekday()]


def full_date(day: date, language: str, *, weekday: bool = True) -> str:
    """2026/11/25（三） · 2026年11月25日（周三） · 25 Nov 2026"""
    name = _CJK_DAYS[day.weekday()]
    if language == EN:
        return f"{day.day} {_EN_MONTHS[day.month - 1]} {day.year}"
    if language == HANS:
        return f"{day.year}年{day.month}月{day.day}日" + (f"（周{name}）" if weekday else "")
    return f"{day.year}/{day.month}/{day.day}" + (f"（{name}）" if weekday else "")


def short_date(day: date, language: str, *, weekday: bool = True) -> str:
    """11/25（三） · 11月25日（周三） · Wed 25 Nov"""
    name = _CJK_DAYS[day.weekday()]
    if language == EN:
        words = f"{day.day} {_EN_MONTHS[day.month - 1]}"
        return f"{_EN_DAYS[day.weekday()]} {words}" if weekday else words
    if language == HANS:
        return f"{day.month}月{day.day}日" + (f"（周{name}）" if weekday else "")
    return f"{day.month}/{day.day}" + (f"（{name}）" if weekday else "")


def near_date(day: date, today: date, language: str, *, weekday: bool = True) -> str:
    """今天, 明天, 昨天; else month and day; the year only when it is another one."""
    near = _NEAR[language].get((day - today).days)
    if near:
        return near
    if day.year != today.year:
        return full_date(day, language, weekday=weekday)
    return short_date(day, language, weekday=weekday)


def title_date(day: date, language: str) -> str:
    """十一月二十四日，星期二 · Tuesday 24 November"""
    if language == EN:
        return f"{_EN_LONG_DAYS[day.weekday()]} {day.day} {_EN_LONG_MONTHS[day.month - 1]}"
    return f"{numeral(day.month)}月{numeral(day.day)}日，星期{_CJK_DAYS[day.weekday()]}"


def numeral(number: int) -> str:
    tens, ones = divmod(number, 10)
    digits = "〇一二三四五六七八九"
    if not tens:
        return digits[ones]
    return ("" if tens == 1 else digits[tens]) + "十" + (digits[ones] if ones else "")


def clock_time(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def join_time(day_words: str, hour_words: str, language: str) -> str:
    if language == EN:
        return f"{day_words}, {hour_words}"
    # A full-width bracket brings its own air; anything else gets one space.
    return day_words + ("" if day_words.endswith("）") else " ") + hour_words


def date_and_time(moment: datetime, zone: tzinfo, language: str) -> str:
    there = local(moment, zone)
    return join_time(full_date(there.date(), language), clock_time(there), language)


def near_date_and_time(moment: datetime, now: datetime, zone: tzinfo, language: str) -> str:
    there = local(moment, zone)
    return join_time(near_date(there.date(), day_of(now, zone), language), clock_time(there), language)


def deadline(due_at: datetime, now: datetime | None, zone: tzinfo, language: str, *, weekday: bool = True) -> str:
    """11/25（三）24:00 前; a due time at local midnight closes the day before it. A bare date closes that day."""
    if isinstance(due_at, datetime):
        there = local(due_at, zone)
        day, hour = there.date(), clock_time(there)
        if there.time() == time(0):
            day, hour = day - timedelta(days=1), "24:00"
    else:
        day, hour = due_at, "24:00"
    if now is None:
        words = full_date(day, language, weekday=weekday)
    elif abs((day - day_of(now, zone)).days) == 1:
        words = short_date(day, language, weekday=weekday)  # "tomorrow" alone would be too little for a deadline
    else:
        words = near_date(day, day_of(now, zone), language, weekday=weekday)
    if language == EN:
        return f"before {hour} {words}" if words in _NEAR[EN].values() else f"before {hour}, {words}"
    return join_time(words, hour, language) + " 前"


def roc_year(day: date) -> str:
    return f"民國 {day.year - 1911} 年" if day.year > 1911 else f"民國前 {1912 - day.year} 年"


def roc_date(day: date, *, with_year: bool = True) -> str:
    """民國 115 年 11 月 25 日（2026）, as official papers in Taiwan want it at first mention."""
    return f"{roc_year(day)} {day.month} 月 {day.day} 日" + (f"（{day.year}）" if with_year else "")


# Words for spans of time; the browser's minute tick gets the same ones (see `tick_words`).
_SPANS = {
    HANT: {
        "left": "剩 {}", "past": "已過 {}", "ago": "{}前", "days": "{} 天", "hours": "{} 小時", "minutes": "{} 分", "long_minutes": "{} 分鐘",
        "join": " ", "now": "不到 1 分鐘", "just": "剛剛", "workdays": "{} 個工作日", "one_workday": "{} 個工作日",
    },
    HANS: {
        "left": "剩 {}", "past": "已超过 {}", "ago": "{}前", "days": "{} 天", "hours": "{} 小时", "minutes": "{} 分", "long_minutes": "{} 分钟",
        "join": " ", "now": "不到 1 分钟", "just": "刚刚", "workdays": "{} 个工作日", "one_workday": "{} 个工作日",
    },
    EN: {
        "left": "{} left", "past": "{} overdue", "ago": "{} ago", "days": "{} days", "one_day": "{} day", "hours": "{} h", "minutes": "{} min",
        "long_minutes": "{} min", "join": " ", "now": "under 1 min", "just": "just now", "workdays": "{} working days", "one_workday": "{} working day",
    },
}


def tick_words(language: str) -> dict[str, str]:
    return _SPANS[language]


def span(length: timedelta, language: str) -> str:
    """3 小時 10 分; two days and more in whole days only. Never negative."""
    words = _SPANS[language]
    minutes = int(abs(length).total_seconds() // 60)
    if minutes >= 48 * 60:
        return words["days"].format(minutes // (24 * 60))
    hours, rest = divmod(minutes, 60)
    if not minutes:
        return words["now"]
    if not hours:
        return words["long_minutes"].format(rest)
    if not rest:
        return words["hours"].format(hours)
    return words["hours"].format(hours) + words["join"] + words["minutes"].format(rest)


def remaining(due_at: datetime, now: datetime, language: str) -> str:
    """剩 6 小時 40 分, or 已過 3 小時 10 分."""
    words = _SPANS[language]
    return words["left" if due_at > now else "past"].format(span(due_at - now, language))


def remaining_workdays(days: int, language: str) -> str:
    words = _SPANS[language]
    return words["left"].format(words["one_workday" if days == 1 else "workdays"].format(days))


def ago(moment: datetime, now: datetime, language: str) -> str:
    words = _SPANS[language]
    if now - moment < timedelta(minutes=1):
        return words["just"]
    return words["ago"].format(span(now - moment, language))


def mask_name(name: str) -> str:
    """溫若嵐 → 溫○嵐, 王明 → 王○, 歐陽若嵐 → 歐陽○嵐, Lan Wen → L. W."""
    name = " ".join((name or "").split())
    if not name:
        return ""
    if name[0].isascii() or name[0].isalpha() and ord(name[0]) < 0x2E80:
        return " ".join(f"{part[0].upper()}." for part in name.replace("-", " ").split())
    bare = name.replace(" ", "").replace("·", "").replace("．", "")
    if len(bare) == 1:
        return bare
    head = bare[:2] if bare[:2] in _DOUBLE_SURNAMES and len(bare) > 2 else bare[:1]
    given = bare[len(head):]
    return head + ("○" if len(given) == 1 else "○" * (len(given) - 1) + given[-1])


def initial(name: str) -> str:
    name = (name or "").strip()
    return name[:1].upper() if name else "·"


def weeks_of(days: Iterable[date]) -> list[list[date]]:
    """Whole weeks, Monday first, that cover the given days of one month."""
    days = sorted(days)
    first = days[0] - timedelta(days=days[0].weekday())
    last = days[-1] + timedelta(days=6 - days[-1].weekday())
    count = (last - first).days + 1
    return [[first + timedelta(days=start + step) for step in range(7)] for start in range(0, count, 7)]


def month_name(day: date, language: str) -> str:
    """2026 年 11 月 · 2026年11月 · November 2026"""
    if language == EN:
        return f"{_EN_LONG_MONTHS[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月" if language == HANS else f"{day.year} 年 {day.month} 月"
