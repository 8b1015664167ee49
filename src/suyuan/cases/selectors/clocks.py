"""Clocks as people read them: what must happen, how long is left, why, and on whose authority."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from suyuan.accounts.rules import ActorProfile
from suyuan.cases.models import Case, CaseClock
from suyuan.cases.services import clocks as counting
from suyuan.kernel import deadlines
from suyuan.kernel.refusal import NotHere
from suyuan.playbooks.readers import ClockSpec, Keep, LawRule


@dataclass(frozen=True, kw_only=True)
class ClockCard:
    """One clock. Attributes up to `url` are those of the clock component."""

    what: str
    mood: str
    share: float
    due_at: datetime
    target: date | None
    workdays_left: int | None
    left: str
    basis: str  # statutory | house
    grade: str
    article: str
    law: str
    counting: str
    provisional: str
    note: str
    url: str = ""

    uid: str
    rule_id: str
    state: str
    external: bool
    information: bool
    pausable: bool
    started_at: datetime
    target_at: datetime
    owner_role: str
    case_id: int
    stops: tuple[str, ...] = ()  # facts that fulfil it


@dataclass(frozen=True)
class ClockExplained:
    """A clock with the small calendar that explains its date, and the words of the law."""

    card: ClockCard
    days: tuple[deadlines.CountedDay, ...]
    explained: str
    quote: str
    source: str
    consequence: str
    reviewer: str
    pauses: tuple[tuple[datetime, datetime | None, str], ...] = ()
    extended: int = 0
    extensions_left: int = 0
    extension_words: str = ""  # when the rule allows it, in words for staff
    extension_by: str = ""
    keep: str = ""
    befores: tuple[str, ...] = field(default=())


_ORDER = {"late": 0, "soon": 1, "calm": 2, "paused": 3, "none": 4, "done": 5}


def clock_cards(clocks: Iterable[CaseClock], now: datetime) -> list[ClockCard]:
    """Cards in the order people need them: late, statutory soon, house soon, calm; done ones last."""
    cards = [card_of(clock, now) for clock in clocks]
    return sorted(cards, key=lambda c: (_ORDER[c.mood], c.basis != "statutory", c.target_at))


def card_of(clock: CaseClock, now: datetime) -> ClockCard:
    book = counting.book_for(clock.case)
    rule = counting.rule_of(clock, book)
    spec = rule.clock
    law = isinstance(rule, LawRule)
    done = clock.state in ("stopped", "void")
    mood = "none" if clock.grade == "UNVERIFIED" and not done else deadlines.mood(
        now, clock.started_at, clock.target_at, clock.due_at, done=done, paused=clock.state == "paused"
    )
    left = deadlines.remaining(now, clock.due_at, book.table)
    zone = clock.case.branch.tz
    last_day = (clock.due_at - timedelta(microseconds=1)).astimezone(zone).date()
    target_day = (clock.target_at - timedelta(microseconds=1)).astimezone(zone).date()
    in_days = spec.duration.unit != deadlines.Unit.HOURS
    return ClockCard(
        what=str(rule.title),
        mood=mood,
        share=1.0 if done else deadlines.share(now, clock.started_at, clock.due_at),
        due_at=clock.due_at,
        target=target_day if in_days and target_day != last_day else None,
        workdays_left=left.working_days if in_days and not left.past and not left.in_hours else None,
        left=outcome_words(clock) if done else "",
        basis="statutory" if law else "house",
        grade=clock.grade,
        article=f"{short_law(rule)} {rule.article}".strip() if law else "",
        law=rule.citation if law else "",
        counting=counting_words(spec),
        provisional=_("行事曆尚未公布，日期可能調整") if clock.provisional and not done else "",
        note=_note(clock, done),
        uid=str(clock.uid),
        rule_id=clock.rule_id,
        state=clock.state,
        external=clock.external,
        information=clock.information,
        pausable=not law and spec.pausable and clock.state in ("running", "paused"),
        started_at=clock.started_at,
        target_at=clock.target_at,
        owner_role=clock.owner_role,
        case_id=clock.case_id,
        stops=tuple(dict.fromkeys(when.fact for when in spec.stops)),
    )


def short_law(rule: LawRule) -> str:
    """The law's name, as the pack wrote it."""
    return rule.law


def outcome_words(clock: CaseClock) -> str:
    return {
        "in_time": _("期限內完成"),
        "stated_in_time": _("陳述為期限內完成，事後補記"),
        "late": _("已完成，逾期"),
        "born_late": _("已完成，登記時已過期"),
        "cancelled": _("不再適用"),
    }.get(clock.outcome, _("已完成"))


def _note(clock: CaseClock, done: bool) -> str:
    if done:
        return ""
    if clock.born_late:
        return _("知悉時已逾期，請立即處理")
    if clock.information:
        return _("僅供參考")
    if clock.external:
        return _("由外部機關計算")
    return ""


def span_words(n: int, unit: deadlines.Unit) -> str:
    """So long: 7 個工作日."""
    return {
        deadlines.Unit.HOURS: ngettext("%(n)s 小時", "%(n)s 小時", n),
        deadlines.Unit.WORKING_DAYS: ngettext("%(n)s 個工作日", "%(n)s 個工作日", n),
        deadlines.Unit.CALENDAR_DAYS: ngettext("%(n)s 日", "%(n)s 日", n),
        deadlines.Unit.MONTHS: ngettext("%(n)s 個月", "%(n)s 個月", n),
        deadlines.Unit.YEARS: ngettext("%(n)s 年", "%(n)s 年", n),
    }[unit] % {"n": n}


def keep_words(keep: Keep) -> str:
    """How long what is recorded must be kept: 紀錄至少保存 3 年。"""
    return _("紀錄至少保存 %(span)s。") % {"span": span_words(keep.n, keep.unit)}


def counting_words(spec: ClockSpec) -> str:
    """How the days are counted, said aloud: 翌日起 7 個工作日."""
    n, unit = spec.duration.n, spec.duration.unit
    if unit == deadlines.Unit.HOURS:
        words = ngettext("%(n)s 小時內", "%(n)s 小時內", n)
        return (words % {"n": n}) + (_("（營業時間）") if spec.opening else "")
    words = span_words(n, unit)
    return _("翌日起 %(span)s") % {"span": words} if spec.count_from == "next_day" else _("當日起 %(span)s") % {"span": words}


def clock_explained(profile: ActorProfile, case: Case, uid: str, now: datetime) -> ClockExplained:
    """The small calendar: every counted, skipped and make-up day, and what the rule says. Raises NotHere."""
    clock = CaseClock.objects.prefetch_related("pauses").filter(case=case, uid=uid).first()
    if clock is None:
        raise NotHere()
    clock.case = case
    book = counting.book_for(case)
    rule = counting.rule_of(clock, book)
    counted = counting.count(
        rule.clock, clock.started_at, book, extensions=clock.extensions, pauses=counting.pauses_of(clock), now=now
    )
    law = isinstance(rule, LawRule)
    by = rule.clock.extension
    return ClockExplained(
        card=card_of(clock, now),
        days=counted.days,
        explained=str(rule.explained if law else rule.why),
        quote=rule.quote if law else "",
        source=rule.source if law else "",
        consequence=str(rule.consequence or "") if law else "",
        reviewer=(rule.reviewer or "") if law else "",
        pauses=tuple((p.began_at, p.ended_at, p.reason) for p in clock.pauses.all()),
        keep=keep_words(rule.keep) if law and rule.keep else "",
        extended=clock.extensions,
        extensions_left=max(0, by.max_times - clock.extensions) if by else 0,
        extension_words=str(by.reason) if by else "",
        extension_by=span_words(by.n, by.unit) if by else "",
    )


def day_name(day: deadlines.CountedDay) -> str:
    """Name of a holiday or make-up day in the reader's language."""
    names = {k.casefold(): v for k, v in day.name.items()}
    return names.get((get_language() or "zh-hant").casefold(), names.get("zh-hant", ""))
