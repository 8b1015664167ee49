"""Tags and filters of the screens. Formats live in `ui.dates`, drawings in `ui.drawings`; here they meet the reader's
language and the active time zone."""

from __future__ import annotations

from base64 import b64encode
from datetime import date, datetime
from functools import lru_cache

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from suyuan.ui import dates, drawings, icons

register = template.Library()


def _language() -> str:
    return dates.language_of(get_language())


def _zone():
    return timezone.get_current_timezone()


@lru_cache(maxsize=1)
def _now_source():
    return import_string(getattr(settings, "UI_NOW", "django.utils.timezone.now"))


def _now(given: datetime | None = None) -> datetime:
    """The hour handed in, or the house's clock (setting UI_NOW names it, since this layer may not import it)."""
    return given if isinstance(given, datetime) else _now_source()()


# ── icons and drawings ───────────────────────────────────────────────


@register.simple_tag
def icon(name: str, size: str = "", title: str = "") -> SafeString:
    """An outline icon. It is decoration beside a word; `title` names it when it stands alone."""
    if name not in icons.NAMES:
        raise template.TemplateSyntaxError(f"no icon called {name!r}; see suyuan/ui/icons.py")
    said = format_html('role="img" aria-label="{}"', title) if title else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="sy-icon{}" {} focusable="false"><use href="{}#{}"/></svg>',
        f" sy-icon--{size}" if size else "", said, static("ui/icons.svg"), name,
    )


@register.simple_tag
def ring(clock, title: str = "") -> SafeString:
    mood = _of(clock, "mood") or "none"
    return drawings.ring(mood, _of(clock, "share"), title or _mood_words(mood))


def _mood_words(mood: str) -> str:
    return {
        "calm": pgettext("clock", "平穩"),
        "soon": pgettext("clock", "將到"),
        "late": pgettext("clock", "已過"),
        "done": pgettext("clock", "完成"),
        "paused": pgettext("clock", "暫停"),
    }.get(mood, "")


@register.simple_tag
def level_mark(level, word: bool = True) -> SafeString:
    """The level: strokes in a square, and the word beside it."""
    try:
        level = int(level)
    except (TypeError, ValueError):
        level = 0
    name = {1: _("一級"), 2: _("二級"), 3: _("三級")}.get(level, _("未分級"))
    words = name if word else format_html('<span class="sy-hide">{}</span>', name)
    return format_html('<span class="sy-level sy-level--{}">{}{}</span>', level if level in (1, 2, 3) else 0, drawings.level_box(level), words)


@register.simple_tag
def stage_dot(state: str) -> SafeString:
    return drawings.dot(state)


@register.simple_tag
def day_marks(kinds) -> SafeString:
    kinds = list(kinds or ())
    said = []
    for kind, words in (("late", _("已過期限")), ("statutory", _("法定期限")), ("house", _("院內約定"))):
        if kinds.count(kind):
            said.append(f"{words} {kinds.count(kind)}")
    hidden = format_html('<span class="sy-hide">{}</span>', _("，").join(said)) if said else ""
    return format_html("{}{}", drawings.day_marks(kinds), hidden)


@register.filter
def calendar_months(days):
    return drawings.calendar(days or ())


@register.simple_tag
def weekday_names():
    monday = date(2026, 11, 23)
    return [dates.weekday_name(date.fromordinal(monday.toordinal() + step), _language()) for step in range(7)]


# ── dates ────────────────────────────────────────────────────────────


def _dated(words: str, moment) -> SafeString:
    stamp = moment.isoformat()
    return format_html('<time datetime="{}">{}</time>', stamp, words)


def _filter(name: str):
    """A filter over dates: nothing in, nothing out; anything but a date is a mistake worth seeing."""

    def wrap(function):
        def applied(value, now=None):
            if value in (None, ""):
                return ""
            if not isinstance(value, date):
                raise TypeError(f"|{name} wants a date, not {type(value).__name__}")
            return function(value, now)

        register.filter(name, applied)
        return applied

    return wrap


@_filter("sy_date")
def sy_date(value, _now=None):
    return _dated(dates.full_date(dates.day_of(value, _zone()), _language()), value)


@_filter("sy_datetime")
def sy_datetime(value, _now=None):
    return _dated(dates.date_and_time(value, _zone(), _language()), value)


@_filter("sy_time")
def sy_time(value, _now=None):
    return _dated(dates.clock_time(dates.local(value, _zone())), value)


@_filter("sy_near")
def sy_near(value, now=None):
    """今天 / 明天 / 11/25（三）"""
    return _dated(dates.near_date(dates.day_of(value, _zone()), dates.day_of(_now(now), _zone()), _language()), value)


@_filter("sy_near_time")
def sy_near_time(value, now=None):
    """今天 17:00 / 11/25（三）17:00"""
    return _dated(dates.near_date_and_time(value, _now(now), _zone(), _language()), value)


@_filter("sy_deadline")
def sy_deadline(value, now=None):
    """11/25（三）24:00 前. With "full": the year too, for papers."""
    return _dated(dates.deadline(value, None if now == "full" else _now(now), _zone(), _language()), value)


@_filter("sy_title_date")
def sy_title_date(value, _now=None):
    return _dated(dates.title_date(dates.day_of(value, _zone()), _language()), value)


@_filter("sy_ago")
def sy_ago(value, now=None):
    """2 小時前, with the exact time on hover."""
    exact = dates.date_and_time(value, _zone(), _language())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, dates.ago(value, _now(now), _language())
    )


@_filter("roc_year")
def roc_year(value, _now=None):
    return dates.roc_year(dates.day_of(value, _zone()))


@_filter("roc_date")
def roc_date(value, _now=None):
    return _dated(dates.roc_date(dates.day_of(value, _zone())), value)


@register.filter
def remaining(value, now=None):
    """剩 6 小時 40 分 for an instant or a clock; the browser moves it on once a minute while hours and minutes are shown."""
    if value in (None, ""):
        return ""
    language = _language()
    if not isinstance(value, date):
        return _remaining_of_clock(value, _now(now), language)
    if not isinstance(value, datetime):
        raise TypeError("|remaining wants an instant or a clock, not a bare date")
    return _ticking(value, dates.remaining(value, _now(now), language))


def _remaining_of_clock(clock, now: datetime, language: str):
    if _of(clock, "left"):
        return format_html('<span class="sy-nobreak">{}</span>', _of(clock, "left"))
    mood, due_at, workdays = _of(clock, "mood"), _of(clock, "due_at"), _of(clock, "workdays_left")
    if mood == "done":
        return _("期限內完成")
    if mood == "paused":
        return _("暫停計時")
    if workdays not in (None, "") and mood != "late":
        return format_html('<span class="sy-nobreak">{}</span>', dates.remaining_workdays(int(workdays), language))
    if not isinstance(due_at, datetime):
        return ""
    return _ticking(due_at, dates.remaining(due_at, now, language))


def _ticking(due_at: datetime, words: str) -> SafeString:
    return format_html('<span class="sy-nobreak" data-sy-due="{}">{}</span>', due_at.isoformat(), words)


@register.simple_tag
def clock_due(clock, now=None):
    """The due date and time of a clock, in words."""
    if _of(clock, "due"):
        return _of(clock, "due")
    moment = _of(clock, "target") or _of(clock, "due_at")
    if not moment:
        return ""
    return sy_deadline(moment, now if isinstance(now, datetime) else None)


@register.simple_tag
def tick_words():
    """The words the minute tick needs, as JSON for a meta tag."""
    import json

    return json.dumps(dates.tick_words(_language()), ensure_ascii=False)


# ── names and words ──────────────────────────────────────────────────


@register.filter
def mask_name(value):
    return dates.mask_name(str(value)) if value else ""


@register.filter
def initial(value):
    return dates.initial(str(value or ""))


@register.filter
def nobreak(value):
    return format_html('<span class="sy-nobreak">{}</span>', value)


@register.filter
def numeral(number):
    """一, 二, 三 for a short list in Chinese; figures otherwise."""
    if dates.language_of(get_language()) != dates.EN and 1 <= int(number) <= 10:
        return ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十")[int(number) - 1]
    return str(number)


@register.filter
def lines(value):
    """People's own words: paragraphs and line breaks kept, nothing else touched."""
    escaped = conditional_escape(value or "")  # before it is cut, so that what is safe already stays as it is
    text = str(escaped).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    paragraphs = [p for p in text.split("\n\n") if p.strip()]
    return format_html_join(
        "\n", "<p>{}</p>", ((mark_safe("<br>".join(line for line in p.strip("\n").split("\n"))),) for p in paragraphs)
    )


@register.filter
def in_fours(value):
    """A hash in groups of four, as people read it aloud."""
    text = str(value or "")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


@register.filter
def svg_data(drawing: str) -> str:
    """The address of a drawing that stands in the page as a picture: no script of it runs, whoever wrote its words."""
    return "data:image/svg+xml;base64," + b64encode(drawing.encode()).decode()


@register.filter
def part_number(number: int, language: str) -> str:
    """What stands before the title of a section on paper: 一、 or 1."""
    return f"{number}. " if language == dates.EN else f"{dates.numeral(number)}、"


# ── helpers for components ───────────────────────────────────────────


@register.filter
def widget_kind(field) -> str:
    """select, textarea, radio, checkboxes, checkbox, file or input: which shape a form field takes."""
    widget = field.field.widget
    names = [cls.__name__ for cls in type(widget).__mro__]
    for name, kind in (
        ("CheckboxSelectMultiple", "checkboxes"), ("RadioSelect", "radio"), ("CheckboxInput", "checkbox"), ("Textarea", "textarea"),
        ("FileInput", "file"), ("HiddenInput", "hidden"), ("Select", "select"),
    ):
        if name in names:
            return kind
    return "input"


@register.simple_tag(takes_context=True)
def is_here(context, url: str) -> bool:
    """Whether the reader stands on this address or below it."""
    request = context.get("request")
    path = getattr(request, "path", "")
    return bool(url) and (path == url or (url != "/" and path.startswith(url)))


@register.simple_tag(takes_context=True)
def here(context) -> str:
    """The present address, for forms that come back to it."""
    request = context.get("request")
    return request.get_full_path() if request is not None else "/"


@register.simple_tag(takes_context=True)
def query_with(context, **changes) -> str:
    """The present query string with some keys set, or removed when set to nothing. Paging starts over."""
    request = context.get("request")
    if request is None:
        return ""
    query = request.GET.copy()
    if "page" not in changes:
        query.pop("page", None)
    for key, value in changes.items():
        if value in (None, ""):
            query.pop(key, None)
        else:
            query[key] = value
    return "?" + query.urlencode() if query else "?"


def _of(thing, name: str):
    if isinstance(thing, dict):
        return thing.get(name)
    return getattr(thing, name, None)


@register.simple_tag
def weekday(day) -> str:
    return dates.weekday_name(day, _language())


@register.simple_tag
def short_day(day) -> str:
    return dates.short_date(day, _language(), weekday=False)


@register.simple_tag
def month_name(day) -> str:
    return dates.month_name(day, _language())


@register.simple_tag
def day_mark(kind: str) -> SafeString:
    return drawings.day_mark(kind)


@register.simple_tag
def day_kind(kind: str) -> str:
    """What a square of the small calendar says."""
    return {
        "trigger": pgettext("calendar", "起算原因當天，不計"),
        "counted": pgettext("calendar", "計入"),
        "skipped": pgettext("calendar", "放假，不計"),
        "makeup": pgettext("calendar", "補班，計入"),
        "rolled": pgettext("calendar", "遇放假，順延"),
        "due": pgettext("calendar", "法定期限最後一天"),
        "due-house": pgettext("calendar", "院內約定最後一天"),
    }.get(kind, "")


@register.simple_tag
def server_now() -> str:
    """The house's hour, so the browser's minute tick does not trust the desk's own clock."""
    return _now().isoformat()
