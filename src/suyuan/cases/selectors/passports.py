"""The case on one page for somebody outside: a mediator, the health authority, a court. Reading only.

It says what is there and what is left out, by which rule. Words from talks never stand in it, whoever asks.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.cases.models import Case, CaseClock, Demand, Passport, Proceeding, Report
from suyuan.cases.phrases import HARM, OUTCOMES, PAPERS, PROCEEDINGS, PURPOSES, WISHES, label
from suyuan.cases.rules import Purpose, paper_holds
from suyuan.cases.selectors import papers
from suyuan.cases.selectors.clocks import ClockCard, clock_cards, outcome_words
from suyuan.cases.selectors.papers import Block, facts_block, list_block, section, table_block, words_block
from suyuan.cases.selectors.reports import findings_of
from suyuan.kernel.chain import Json
from suyuan.platform.models import FactRow, Hold
from suyuan.playbooks import selectors as packs
from suyuan.ui import dates


@dataclass(frozen=True)
class Room:
    """How much of what may be long stands on the page: lines of each kind, and characters of what was found."""

    items: int
    found: int
    words: int
    clocks: int
    others: int


# From all there is to what fits on one page whatever a case holds. The first that fits is taken.
ROOMS = (Room(10_000, 10_000, 10_000, 8, 10_000), Room(10, 12, 240, 8, 8), Room(8, 12, 240, 6, 8), Room(6, 8, 120, 4, 5), Room(3, 5, 60, 3, 3), Room(0, 2, 40, 2, 2))
# Health information goes only as far as the purpose needs; where the packs have the rule, it is named.
CONFIDENTIAL = {"tw": "TW-CONF-1"}


def passport_content(
    case: Case, purpose: str, *, language: str, check_url: str, now: datetime, room: Room = ROOMS[0]
) -> dict[str, Json]:
    with translation.override(dates.language_of(language)):
        made = papers.when(now, case)
        kind = _("案件摘要")
        subtitle = _("供%(purpose)s使用") % {"purpose": label(PURPOSES, purpose)}
        content = papers.head(case, title=kind, kind=kind, version=made, subtitle=subtitle)
        content["sections"] = _sections(case, Purpose(purpose), now, room)
    return content | {"check": check_url, "compact": True}


def _sections(case: Case, purpose: Purpose, now: datetime, room: Room) -> list[dict[str, Any]]:
    today, left = now.astimezone(case.branch.tz).date(), _Left()
    parts = [
        section(_("案件與當事人"), _about(case)),
        section(_("期限"), _clocks(case, now, room, left)),
        section(_("爭點與查明的事實"), _found(case, room, left)),
    ]
    if purpose == Purpose.MEDIATION:
        parts.append(section(_("對方的希望與我們的答覆"), _offered(case, room, left)))
    parts += [
        section(_("程序與保全"), _beside(case, room, left)),
        section(_("證物"), _items(case, room, left)),
        section(_("沒有收錄的資料"), *_left_out(case, purpose, today, left)),
    ]
    return parts


@dataclass
class _Left:
    """What did not find room, in words: a page that keeps silent about it would mislead."""

    said: list[str] = field(default_factory=list)

    def fit(self, rows: list, most: int, words: str) -> list:
        """As many as there is room for; `words` count the others."""
        if len(rows) > most:
            self.said.append(words % {"n": len(rows) - most})
        return rows[:most]


def _items(case: Case, room: Room, left: _Left) -> Block:
    """Those that findings rest on before the others; the numbers of those that found no room are said."""
    rows = papers.open_items(case)
    if len(rows) > room.items:
        cited = {cite.item_id for finding in findings_of(case) for cite in finding.citations.all()}
        chosen = sorted(rows, key=lambda item: (item.pk not in cited, item.number))[: room.items]
        others = [item.number for item in rows if item not in chosen]
        left.said.append(_("證物 %(n)s 項（編號 %(numbers)s）") % {"n": len(others), "numbers": in_runs(others)})
        rows = sorted(chosen, key=lambda item: item.number)
    if block := papers.items_block(rows, case, brief=True):
        return block
    return words_block(_("見最後一節。") if left.said and not room.items else _("沒有列為證物的資料。"))


def in_runs(numbers: Sequence[int]) -> str:
    """1–4、7"""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return _("、").join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def _about(case: Case) -> Block:
    procedure = packs.procedure_of(case.procedure_id)
    stage = str(procedure.stage(case.stage).name)
    rows = [*papers.people_outside(case), (_("院所"), case.branch.name(get_language()))]
    rows += [(_("受理"), papers.when(case.received_at, case))]
    if case.occurred_on:
        rows.append((_("發生日"), papers.day(case.occurred_on, case)))
    rows += [(_("階段"), stage), (_("身體狀況"), label(HARM, case.harm))]
    return facts_block(rows)


def _clocks(case: Case, now: datetime, room: Room, left: _Left) -> Block:
    clocks = list(CaseClock.objects.filter(case=case, basis="law").exclude(state="void").order_by("target_at", "id"))
    for clock in clocks:
        clock.case = case
    by_uid = {str(clock.uid): clock for clock in clocks}
    cards = [card for card in clock_cards(clocks, now) if not card.information]
    cards = left.fit(cards, room.clocks, _("法定期限 %(n)s 項"))
    if not cards:
        return words_block(_("沒有法定期限。"))
    rows = []
    for card in cards:
        state = _state(card, by_uid[card.uid], now)
        due = dates.deadline(card.due_at, None, case.branch.tz, dates.language_of(get_language()), weekday=False)
        rows.append([card.what, due, state, card.law])
    return table_block([_("事項"), _("期限"), _("狀況"), _("依據")], rows, [4, 4, 3, 4])


def _state(card: ClockCard, clock: CaseClock, now: datetime) -> str:
    if card.mood == "done":
        return outcome_words(clock)
    return _("已過期限") if card.due_at <= now else _("進行中")


def _found(case: Case, room: Room, left: _Left) -> Block:
    lines: list[tuple[str, str]] = []
    findings = findings_of(case)
    for issue in papers.issues_of(case):
        said = [f.words.body for f in findings if f.issue_id == issue.pk]
        lines.append((issue.subject, "\n".join(said) or _("還沒有查明的事實")))
    lines += [(_("整個案件"), f.words.body) for f in findings if f.issue_id is None]
    lines = _shortened(left.fit(lines, room.found, _("爭點與事實 %(n)s 項")), room, left)
    signed = [each for each in Report.objects.filter(case=case, state="signed").order_by("kind") if not paper_holds(each.words)]
    for report in signed:
        said = _("%(title)s第 %(n)s 版") % {"title": label(PAPERS, report.kind), "n": report.version}
        lines.append((said, _("SHA-256　%(digest)s") % {"digest": papers.in_fours(report.sha256)}))
    return list_block(lines)


def _shortened(lines: list[tuple[str, str]], room: Room, left: _Left) -> list[tuple[str, str]]:
    """Cut where it is too long, with a sign at the place."""
    cut = sum(len(said) > room.words for _about_what, said in lines)
    if cut:
        left.said.append(_("%(n)s 項事實的後半段（寫到「……」為止）") % {"n": cut})
    return [(what, said if len(said) <= room.words else said[: room.words].rstrip() + "……") for what, said in lines]


def _offered(case: Case, room: Room, left: _Left) -> Block:
    """What the written answer says becomes of each wish: a formal answer, no word of a talk."""
    procedure = packs.procedure_of(case.procedure_id)
    answer = FactRow.objects.filter(stream=case.stream, type="case.responded").order_by("-position").first()
    lines = [
        (str(procedure.words("remedies", row["wish"])), label(WISHES, row["outcome"]))
        for row in (answer.value("wishes") or [] if answer else [])
    ]
    if not lines:
        lines = [(str(procedure.words("remedies", wish)), _("還沒有答覆")) for wish in case.wishes]
    for demand in Demand.objects.filter(case=case).order_by("id"):
        outcome = label(OUTCOMES, demand.outcome) if demand.answered_at else _("還沒有答覆")
        lines.append((str(procedure.words("demand_kinds", demand.kind)), outcome))
    lines = left.fit(lines, room.others, _("希望或要求 %(n)s 項"))
    return list_block(lines) if lines else words_block(_("沒有記下希望或要求。"))


def _beside(case: Case, room: Room, left: _Left) -> Block:
    rows = []
    for each in Proceeding.objects.filter(case=case).order_by("id"):
        parts = [each.body, each.number, papers.when(each.opened_at, case, hour=False)]
        parts.append(label(OUTCOMES, each.outcome) if each.ended_at else _("進行中"))
        rows.append((label(PROCEEDINGS, each.kind), _("，").join(part for part in parts if part)))
    for hold in Hold.objects.filter(stream=case.stream, lifted_at=None).order_by("id"):
        rows.append((_("保全"), _("%(when)s起，內容不能刪除") % {"when": papers.when(hold.placed_at, case)}))
    rows = left.fit(rows, room.others, _("程序或保全 %(n)s 項"))
    return facts_block(rows) if rows else words_block(_("沒有進行中的程序，也沒有保全。"))


def _left_out(case: Case, purpose: Purpose, on: date, left: _Left) -> list[Block]:
    blocks = papers.left_out_block(case, purpose, on, brief=True)
    rule = next((r for r in packs.law_newest(case.jurisdiction).rules if r.id == CONFIDENTIAL.get(case.jurisdiction) and r.in_force(on)), None)
    more = [
        *([_no_room(left)] if left.said else []),
        {
            "what": _("聯絡方式、身分證明與病歷內容"),
            "why": _("只寫這個用途需要的；需要病歷時，由有權的人另行申請。"),
            "law": f"{rule.law} {rule.article}（{rule.id}）" if rule else "",
        },
        {"what": _("被提到的同仁姓名與說明"), "why": _("由院方依要求另行提出。"), "law": ""},
    ]
    if purpose != Purpose.MEDIATION:
        talks = packs.protections(case.jurisdiction, on)
        laws = [r for name in ("care_talk", "mediation") for r in talks.get(name, ())]
        said = _("為了和解說過的讓步，不作為論斷責任的依據，所以不在這裡。")
        more.append({"what": _("讓步與提議"), "why": said, "law": _("；").join(f"{r.law} {r.article}（{r.id}）" for r in laws)})
    blocks[1]["items"] += more
    return blocks


def _no_room(left: _Left) -> dict[str, str]:
    said = _("%(what)s。完整的在調查報告與證據包裡，可以另外要求。") % {"what": _("；").join(left.said)}
    return {"what": _("為了放進一頁而略去的"), "why": said, "law": ""}


def passports_of(case: Case) -> list[Passport]:
    return list(Passport.objects.filter(case=case).select_related("by", "stored").order_by("-id"))
