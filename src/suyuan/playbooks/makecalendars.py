"""Writes the day tables of the calendar packs. Run by a developer once a year; nothing here runs in a clinic.

Needs the development dependency `holidays`; what it computes beyond the announced years is marked as computed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

YEARS = range(2023, 2028)

NAMES = {
    "Founding Day of the Republic of China": ("開國紀念日", "元旦", "Founding Day"),
    "New Year's Day": ("元旦", "元旦", "New Year's Day"),
    "Chinese New Year's Eve": ("農曆除夕", "除夕", "Lunar New Year's Eve"),
    "Day before Chinese New Year's Eve": ("小年夜", "小年夜", "Day before Lunar New Year's Eve"),
    "Chinese New Year": ("春節", "春节", "Lunar New Year"),
    "Chinese New Year (Spring Festival)": ("春節", "春节", "Spring Festival"),
    "Peace Memorial Day": ("和平紀念日", "和平纪念日", "Peace Memorial Day"),
    "Children's Day": ("兒童節", "儿童节", "Children's Day"),
    "Tomb-Sweeping Day": ("清明節", "清明节", "Tomb-Sweeping Day"),
    "Labor Day": ("勞動節", "劳动节", "Labour Day"),
    "Dragon Boat Festival": ("端午節", "端午节", "Dragon Boat Festival"),
    "Mid-Autumn Festival": ("中秋節", "中秋节", "Mid-Autumn Festival"),
    "Confucius' Birthday": ("孔子誕辰紀念日", "孔子诞辰纪念日", "Confucius' Birthday"),
    "National Day": ("國慶日", "国庆节", "National Day"),
    "Taiwan Restoration and Guningtou Victory Memorial Day": (
        "臺灣光復暨金門古寧頭大捷紀念日",
        "台湾光复暨金门古宁头大捷纪念日",
        "Taiwan Restoration and Guningtou Victory Day",
    ),
    "Constitution Day": ("行憲紀念日", "行宪纪念日", "Constitution Day"),
}

# A make-up holiday: Taiwan gives one for a holiday on a weekend, the mainland lengthens the holiday.
OBSERVED = {
    "tw": ("{}補假", "{}补假", "{} (day off in lieu)"),
    "cn": ("{}假期", "{}假期", "{} holiday"),
}

HEAD = """\
# Made by `suyuan calendars make`. Change the clinic's own copy with an overlay, not here: a new notice for next year or
# a typhoon day is added there with its source.
"""


@dataclass(frozen=True)
class Place:
    country: str
    zone: str
    official_until: date
    official_source: str
    computed_source: str


PLACES = {
    "tw": Place(
        "TW",
        "Asia/Taipei",
        date(2026, 12, 31),
        "行政院人事行政總處公布之政府行政機關辦公日曆表；紀念日及節日實施條例（114 年 5 月 28 日公布）",
        "依紀念日及節日實施條例推算，辦公日曆表尚未公布",
    ),
    "cn": Place(
        "CN",
        "Asia/Shanghai",
        date(2026, 12, 31),
        "国务院办公厅关于部分节假日安排的通知；全国年节及纪念日放假办法",
        "依全国年节及纪念日放假办法推算，调休安排尚未公布",
    ),
}


def calendars_make(folder: Path) -> list[Path]:
    """Write days.yaml of each calendar pack below `folder`; returns the files written."""
    written = []
    for code, place in PLACES.items():
        path = folder / code / "days.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(days_yaml(code, place), encoding="utf-8")
        written.append(path)
    return written


def days_yaml(code: str, place: Place) -> str:
    lines = [HEAD, f"zone: {place.zone}", f"official_until: {place.official_until}", "", "years:"]
    for year in YEARS:
        official = year <= place.official_until.year
        status, source = ("official", place.official_source) if official else ("computed", place.computed_source)
        lines.append(f"  - {{id: {year}, status: {status}, source: {_quoted(source)}}}")
    lines += ["", "days:"]
    for day, kind, texts in _days(code, place.country):
        name = ", ".join(f"{key}: {_quoted(text)}" for key, text in zip(("zh-Hant", "zh-Hans", "en"), texts, strict=True))
        lines.append(f"  - {{id: {day}, kind: {kind}, name: {{{name}}}}}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _days(code: str, country: str) -> Iterator[tuple[date, str, tuple[str, str, str]]]:
    import holidays

    table = holidays.country_holidays(country, years=YEARS, language="en_US")
    off = dict(table.items())
    swapped = {_swapped_for(name): day for day, name in off.items() if name.startswith("Day off")}
    day = date(YEARS[0], 1, 1)
    while day.year <= YEARS[-1]:
        if day in off:
            yield day, "holiday", _named(code, off, day)
        elif day.weekday() >= 5 and table.is_working_day(day):
            yield day, "makeup", _makeup(code, swapped.get(day))
        day += timedelta(days=1)


def _swapped_for(name: str) -> date:
    month, day, year = name.rpartition(" ")[2].rstrip(")").split("/")
    return date(int(year), int(month), int(day))


def _named(code: str, off: dict[date, str], day: date) -> tuple[str, str, str]:
    if off[day].startswith("Day off"):
        worked = _swapped_for(off[day])
        en = f"Day off, worked on {worked.day} {worked:%b}"
        if code == "tw":
            return f"調整放假（{worked.month}/{worked.day} 補班）", f"调整放假（{worked.month}月{worked.day}日补班）", en
        return f"調休放假（{worked.month}/{worked.day} 上班）", f"调休放假（{worked.month}月{worked.day}日上班）", en

    parts = [_one(code, off, day, name) for name in off[day].split("; ")]
    hant, hans, en = zip(*parts, strict=True)
    return "、".join(hant), "、".join(hans), ", ".join(en)


def _one(code: str, off: dict[date, str], day: date, name: str) -> tuple[str, str, str]:
    bare = name.removesuffix(" (observed)")
    # From 2026 Taiwan rests on two days before the new year; the table gives both the same name.
    early = code == "tw" and bare == "Chinese New Year's Eve" and day.year >= 2026
    if early and (bare != name or off.get(day + timedelta(days=1)) == bare):
        bare = "Day before Chinese New Year's Eve"
    texts = NAMES[bare]
    if not name.endswith(" (observed)"):
        return texts
    hant, hans, en = OBSERVED[code]
    return hant.format(texts[0]), hans.format(texts[1]), en.format(texts[2])


def _makeup(code: str, rested: date | None) -> tuple[str, str, str]:
    hant, hans, en = ("補行上班", "补班", "Make-up workday") if code == "tw" else ("調休上班", "调休上班", "Make-up workday")
    if rested is None:
        return hant, hans, en
    return (
        f"{hant}（{rested.month}/{rested.day} 放假）",
        f"{hans}（{rested.month}月{rested.day}日放假）",
        f"{en} for {rested.day} {rested:%b}",
    )
