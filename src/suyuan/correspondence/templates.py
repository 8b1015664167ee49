"""Templates of the wording packs: which of them fit, and what is known of the clinic to fill them with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts.labels import WEEKDAYS
from suyuan.accounts.models import Branch
from suyuan.playbooks.readers import worded
from suyuan.playbooks.selectors import procedure_newest, wording_newest
from suyuan.playbooks.texts import pick
from suyuan.playbooks.wording import Template
from suyuan.ui import dates

# The page lies above us.
FRONT = "portal:start"

# The house clock that says how soon somebody answers.
_FIRST_RESPONSE = "first_response"

# Words in front of everybody: how soon we answer whoever calls is our own promise and known without a case.
_BEFORE_ALL = frozenset({"public_reply", "statement", "review_invitation", "advertisement"})

_SITUATIONS = {
    "acknowledgement": _l("收到申訴"),
    "progress": _l("進度"),
    "delay": _l("會晚一點"),
    "findings": _l("說明查到的事"),
    "offer": _l("提出方案"),
    "apology": _l("道歉"),
    "refusal": _l("做不到的部分"),
    "extortion": _l("疑似勒索"),
    "review_reply": _l("回覆評論"),
    "review_invitation": _l("邀請評論"),
    "follow_up_question": _l("術後問候"),
    "statement": _l("說明"),
    "minute_offer": _l("談話的紀錄"),
    "channel_choice": _l("怎麼聯絡"),
    "closing": _l("結案"),
    "records_copy": _l("病歷複製本"),
    "reminder": _l("提醒"),
    "thanks": _l("感謝"),
    "legal_review": _l("法務先看"),
    "goodwill": _l("一份心意"),
    "emergency": _l("請現在就醫"),
    "minutes": _l("記下談話"),
    "promise": _l("約定"),
    "evidence_request": _l("請人提供證據"),
    "interview": _l("訪談的開場"),
    "interview_record": _l("訪談的紀錄"),
    "on_the_spot": _l("當場解決"),
    "paper_how": _l("說明書：怎麼查"),
    "paper_next": _l("說明書：接下來"),
    "paper_unclear": _l("說明書：不確定"),
}

# Kept in the house, whatever surface they are read on.
INSIDE = frozenset({"legal_review"})

# The form of something written down while, or after, people talk.
RECORDS = frozenset({"minutes", "interview_record"})

# For one form and no other: it asks for them by name.
OF_ONE_FORM = frozenset(
    {"promise", "evidence_request", "interview", "interview_record", "on_the_spot"}
    | {"paper_how", "paper_next", "paper_unclear"}
)


def situation_word(code: str) -> str:
    return str(_SITUATIONS[code])


def templates_for(
    jurisdiction: str,
    *,
    surface: str = "",
    channels: Iterable[str] = (),
    level: int | None = None,
    reply_to: str = "",
    situation: str = "",
) -> tuple[Template, ...]:
    """Those that fit. What is not asked for does not matter; an ungraded case is written to as one of level two."""
    ways = frozenset(channels)

    def fits(row: Template) -> bool:
        return (
            (not surface or row.surface == surface)
            and (not ways or not row.channels or not ways.isdisjoint(row.channels))
            and (level is None or not row.levels or (level or 2) in row.levels)
            and (not reply_to or not row.reply_to or reply_to in row.reply_to)
            and (not situation or row.situation == situation)
        )

    return tuple(filter(fits, wording_newest(jurisdiction).templates))


def template_named(jurisdiction: str, code: str) -> Template | None:
    return next((row for row in wording_newest(jurisdiction).templates if row.id == code), None)


def house_values(branch: Branch, *, surface: str, language: str) -> dict[str, str]:
    """What is known of the clinic itself, in the reader's language."""
    procedure = procedure_newest(branch.jurisdiction)
    with translation.override(language):
        outside = [str(each.name) for each in procedure.channels_of(branch.jurisdiction)]
        values = {
            "clinic": branch.name(language),
            "phone": branch.phone,
            "hours": hours_words(branch, language),
            "address": branch.address,
            "form_url": _front(branch),
            "emergency": procedure.emergency(branch.jurisdiction).number,
            "authority_channels": _listed(outside, language),
        }
        if surface in _BEFORE_ALL:
            values["deadline"] = pick(worded(procedure.clock(_FIRST_RESPONSE).clock.duration), language)
    return values


def by_when_words(due_at: datetime, now: datetime, branch: Branch, language: str) -> str:
    """11/25（三）18:00; the year where it is another one, and the day before where it ends at midnight."""
    language = dates.language_of(language)
    there = dates.local(due_at, branch.tz)
    midnight = (there.hour, there.minute) == (0, 0)
    day = there.date() - timedelta(days=1) if midnight else there.date()
    same_year = day.year == dates.day_of(now, branch.tz).year
    words = dates.short_date(day, language) if same_year else dates.full_date(day, language)
    return dates.join_time(words, "24:00" if midnight else dates.clock_time(there), language)


def hours_words(branch: Branch, language: str) -> str:
    """週一至週五 10:00–19:00，週六 10:00–17:00"""
    groups: list[tuple[list[int], str]] = []
    for day in range(1, 8):
        open_then = "、".join(f"{each.opens}–{each.closes}" for each in branch.hours.get(day, ()))
        if groups and groups[-1][1] == open_then:
            groups[-1][0].append(day)
        else:
            groups.append(([day], open_then))
    comma, to = (", ", "–") if dates.language_of(language) == dates.EN else ("，", "至")
    with translation.override(language):
        said = [f"{_days(days, to)} {open_then}" for days, open_then in groups if open_then]
    return comma.join(said).replace("、", ", " if comma == ", " else "、")


def _days(days: list[int], to: str) -> str:
    first, last = str(WEEKDAYS[str(days[0])]), str(WEEKDAYS[str(days[-1])])
    return first if len(days) == 1 else f"{first}{to}{last}"


def _listed(names: list[str], language: str) -> str:
    """One, two or three"""
    if dates.language_of(language) != dates.EN:
        return "、".join(names)
    names = [name[:1].lower() + name[1:] if name.startswith("The ") else name for name in names]
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _front(branch: Branch) -> str:
    """Where people write to us; empty while the house has no address that others can reach."""
    if not settings.PUBLIC_URL:
        return ""
    return settings.PUBLIC_URL + reverse(FRONT, kwargs={"slug": branch.portal_slug})
