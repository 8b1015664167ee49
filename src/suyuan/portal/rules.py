"""What the portal takes, how long it keeps it, and how it reads what people write. No Django, no clock, no database."""
from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from suyuan.kernel.sizes import LARGEST_FILE, LARGEST_IN_A_FORM

NARRATIVE_LIMIT = 20_000
MESSAGE_LIMIT = 20_000
FILE_LIMIT = LARGEST_FILE
FORM_FILE_LIMIT = LARGEST_IN_A_FORM
ALL_FILES_LIMIT = 2 * LARGEST_FILE  # of one form that is not sent yet
BUNDLE_LIMIT = LARGEST_IN_A_FORM
SAVED_LIMIT = 120_000  # characters of a whole half-written form

DRAFT_LIVES = timedelta(hours=24)
KIOSK_DRAFT_LIVES = timedelta(minutes=10)
KIOSK_IDLE_SECONDS = 120
UPLOAD_LIVES = timedelta(hours=24)
PARTY_IDLE = timedelta(minutes=30)
PARTY_LONGEST = timedelta(hours=12)
SEEN_MOVES_EVERY = timedelta(minutes=1)
TICKET_LIVES = timedelta(hours=24)
LINK_LIVES = timedelta(hours=1)
HOOK_LIMIT = 1_000_000  # bytes of one call of LINE


# --- slowing machines ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pace:
    """So many free in a window; after that each one waits twice as long as the last, up to `cap` seconds."""

    window: timedelta
    free: int
    first: float
    cap: float

    def wait(self, count: int, weight: int = 1) -> float:
        """Seconds to wait when this is the `count`-th in the window; after something heavy, that many times as long."""
        over = count - self.free
        return 0.0 if over <= 0 else weight * min(self.cap, self.first * 2 ** min(over - 1, 20))


# A danger report is delayed by at most two seconds and never turned away.
DANGER_PACE = Pace(timedelta(hours=1), free=6, first=0.25, cap=2.0)
SEND_PACE = Pace(timedelta(hours=1), free=12, first=5, cap=60)
CHECK_PACE = Pace(timedelta(hours=1), free=10, first=10, cap=300)
OPEN_PACE = Pace(timedelta(minutes=15), free=8, first=2, cap=30)
# A draft cookie costs nothing to invent, so what it may leave here is counted by network. Wide enough for a whole clinic's
# patients on its Wi-Fi; sending words is counted apart, so that no flood of files or drafts stands in its way.
DRAFT_PACE = Pace(timedelta(hours=1), free=150, first=2, cap=60)
ANNOUNCE_PACE = Pace(timedelta(hours=1), free=400, first=1, cap=15)
# By the megabyte that has arrived: 10 GB an hour as fast as it comes, then 6 GB an hour.
BYTES_PACE = Pace(timedelta(hours=1), free=10_000, first=0.6, cap=0.6)
BYTES_UNIT = 1_000_000
# Calls that claim to be a service and are not; what is signed is never slowed.
FORGED_PACE = Pace(timedelta(hours=1), free=30, first=2, cap=120)


# --- words people type ---------------------------------------------------------------------------------------------

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufff9-\ufffb\ud800-\udfff]")
UNREADABLE = "\ufffd"


def tidy(words: str) -> str:
    """The same words without invisible control characters; line ends as one character; no edge spaces."""
    words = words.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    return _CONTROL.sub("", words).strip()


def one_line(words: str) -> str:
    return " ".join(tidy(words).split())


_PHONE = re.compile(r"^[\d\s()+\-.#*轉转分機机extEXT]{6,40}$")


def contact_kind(typed: str, jurisdiction: str) -> str:
    """What sort of contact this looks like: email, phone, or the messenger people here mean by a bare name."""
    typed = unicodedata.normalize("NFKC", typed).strip()
    if "@" in typed and "." in typed.rpartition("@")[2]:
        return "email"
    if _PHONE.match(typed) and sum(c.isdigit() for c in typed) >= 6:
        return "phone"
    return "wechat" if jurisdiction == "cn" else "line"


# --- rough dates ---------------------------------------------------------------------------------------------------

EARLIEST_YEARS = 30

_NUMERALS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "元": 1, "兩": 2, "两": 2}
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",), ("jun", "june"),
            ("jul", "july"), ("aug", "august"), ("sep", "sept", "september"), ("oct", "october"), ("nov", "november"),
            ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}
_DAYS_BACK = {
    "今天": 0, "今日": 0, "剛剛": 0, "刚刚": 0, "today": 0, "昨天": 1, "昨日": 1, "昨晚": 1, "yesterday": 1,
    "前天": 2, "前日": 2, "大前天": 3,
}
_YEARS_BACK = {"今年": 0, "去年": 1, "前年": 2, "this year": 0, "last year": 1}
_NOISE = re.compile(r"(大概|大約|大约|約|约|左右|前後|前后|差不多|around|about|circa|~|～|，|,|\bin\b|\bon\b|\bof\b|\bthe\b)")
_PART = r"(?:[上中下]旬|月?初|月?底|月?中|月?末)?"
_CHINESE = re.compile(
    rf"^(?:(?P<roc>民國|民国)|西元|公元)?\s*(?:(?P<y>\d{{1,4}})\s*年)?\s*(?:(?P<m>\d{{1,2}})\s*月份?{_PART}"
    rf"(?:\s*(?P<d>\d{{1,2}})\s*[日號号]?)?)?\s*(?P<rest>上午|下午|早上|晚上|中午)?$"
)
_NUMERIC = re.compile(r"^(?P<roc>民國|民国)?\s*(?P<a>\d{1,4})\s*[/.\-]\s*(?P<b>\d{1,2})(?:\s*[/.\-]\s*(?P<c>\d{1,4}))?$")
_ENGLISH = re.compile(r"^(?:(?P<d1>\d{1,2})(?:st|nd|rd|th)?\s+)?(?P<m>[a-z]{3,9})\.?(?:\s+(?P<d2>\d{1,2})(?:st|nd|rd|th)?)?(?:\s+(?P<y>\d{4}))?$")


@dataclass(frozen=True)
class Rough:
    """A date as somebody remembers it.

    kind   empty | known | words (kept as written) | future | ancient | impossible
    on     the date, as exact as known: a month is its first day
    precision   day | month | year | unknown
    guess  what was probably meant, when it cannot be right as typed
    """

    kind: str
    on: date | None = None
    precision: str = "unknown"
    guess: date | None = None

    @property
    def is_wrong(self) -> bool:
        return self.kind in ("future", "ancient", "impossible")


def rough_date(typed: str, *, today: date, roc: bool) -> Rough:
    """Read 2026/10/28, 10 月底, 十月二十八日左右, 115 年 10 月 (where `roc` years are used), last month, 28 Oct 2026.

    What cannot be read is kept as words: a date nobody can parse never stops a complaint.
    """
    text = _NOISE.sub(" ", _digits(unicodedata.normalize("NFKC", typed).lower()))
    text = " ".join(text.split())
    if not text:
        return Rough("empty")
    if text in _DAYS_BACK:
        return Rough("known", today - timedelta(days=_DAYS_BACK[text]), "day")
    if text in ("上個月", "上个月", "上月", "last month"):
        return Rough("known", (today.replace(day=1) - timedelta(days=1)).replace(day=1), "month")
    if text in ("這個月", "这个月", "本月", "this month"):
        return Rough("known", today.replace(day=1), "month")
    year, text = _year_word(text, today)
    if year is not None and not text:
        return Rough("known", date(year, 1, 1), "year")

    parts = _chinese(text) or _numeric(text) or _english(text)
    if parts is None:
        return Rough("words")
    named, month, day, said_roc = parts
    if year is None:
        year = named
    elif named is not None:
        return Rough("words")
    if year is not None and (said_roc or (roc and year < 1000)):
        return _judged(year + 1911, month, day, today, typed_year=year)
    return _judged(year, month, day, today, typed_year=year)


def _judged(year: int | None, month: int | None, day: int | None, today: date, *, typed_year: int | None) -> Rough:
    if year is None:
        if month is None:
            return Rough("words")
        if not 1 <= month <= 12:
            return Rough("impossible")
        # Without a year, the last time it was that month (or day).
        year = today.year if (month, day or 1) <= (today.month, today.day) else today.year - 1
    if month is not None and not 1 <= month <= 12:
        return Rough("impossible")
    if not 1 <= year <= 9998:
        return Rough("impossible")
    if month is None:
        on, precision = date(year, 1, 1), "year"
    elif day is None:
        on, precision = date(year, month, 1), "month"
    else:
        last = calendar.monthrange(year, month)[1]
        if not 1 <= day <= last:
            return Rough("impossible", guess=date(year, month, last) if day > last and day <= 31 else None)
        on, precision = date(year, month, day), "day"

    if on > today:
        return Rough("future", on, precision, guess=_another_year(on, today, (on.year - 1, on.year - 1911, today.year, today.year - 1)))
    if on < today.replace(year=today.year - EARLIEST_YEARS, day=min(today.day, 28)):
        typed = typed_year or 0
        years = (typed + 1911, typed + 2000 if typed < 100 else 0, today.year)
        return Rough("ancient", on, precision, guess=_another_year(on, today, years))
    return Rough("known", on, precision)


def _another_year(on: date, today: date, years: Iterable[int]) -> date | None:
    """The same day in the first of these years that lies in the recent past."""
    for year in years:
        if today.year - EARLIEST_YEARS < year <= today.year:
            last = calendar.monthrange(year, on.month)[1]
            other = date(year, on.month, min(on.day, last))
            if other <= today:
                return other
    return None


def _year_word(text: str, today: date) -> tuple[int | None, str]:
    for word, back in _YEARS_BACK.items():
        if text.startswith(word):
            return today.year - back, text[len(word):].strip()
    return None, text


def _chinese(text: str):
    found = _CHINESE.match(text)
    if not found or not (found["y"] or found["m"]):
        return None
    return _int(found["y"]), _int(found["m"]), _int(found["d"]), bool(found["roc"])


def _numeric(text: str):
    found = _NUMERIC.match(text)
    if not found:
        return None
    a, b, c = int(found["a"]), int(found["b"]), _int(found["c"])
    if c is not None and c >= 1000 and a <= 31:  # 28/10/2026, or 10/28/2026 when the day cannot be a month
        day, month = (a, b) if b <= 12 else (b, a)
        return c, month, day, False
    if c is not None:
        return a, b, c, bool(found["roc"])
    if a > 12 or found["roc"]:  # 2026/10, 115/10
        return a, b, None, bool(found["roc"])
    return None, a, b, False


def _english(text: str):
    found = _ENGLISH.match(text)
    if not found or found["m"] not in _MONTHS:
        return None
    return _int(found["y"]), _MONTHS[found["m"]], _int(found["d1"] or found["d2"]), False


def _int(digits: str | None) -> int | None:
    return int(digits) if digits else None


_CHINESE_NUMBER = re.compile("[〇零一二三四五六七八九十百元兩两廿卅]+")


def _digits(text: str) -> str:
    """十月二十八日 → 10月28日, 一一五年 → 115年, 一百一十五年 → 115年."""
    return _CHINESE_NUMBER.sub(lambda found: _number(found[0]), text)


def _number(word: str) -> str:
    word = word.replace("廿", "二十").replace("卅", "三十")
    if not {"十", "百"} & set(word):
        return "".join(str(_NUMERALS[c]) for c in word)
    total, held = 0, 0
    for c in word:
        if c == "百":
            total, held = total + (held or 1) * 100, 0
        elif c == "十":
            total, held = total + (held or 1) * 10, 0
        else:
            held = _NUMERALS[c]
    return str(total + held)


# --- receipts ------------------------------------------------------------------------------------------------------

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})


def secret_read(typed: str) -> str:
    """The secret as it was written, from how somebody typed it: spaces, hyphens, lower case, O for 0, I or l for 1."""
    plain = unicodedata.normalize("NFKC", typed).upper().translate(_MISREAD)
    return "".join(c for c in plain if c in _CROCKFORD)


def secret_grouped(secret: str) -> str:
    """7K3M Q0ZT …: in fives, as it is read aloud."""
    return "-".join(secret[start : start + 5] for start in range(0, len(secret), 5))


def fragment(reference: str, secret: str) -> str:
    return f"{reference}.{secret}"
