"""The case on one page for somebody outside: a mediator, the health authority, a court. Reading only.

It says what is there and what is left out, by which rule. Words from talks never stand in it, whoever asks.
"""
from __future__ import annotations

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

CLOCKS = 8
# Health information goes only as far as the purpose needs; where the packs have the rule, it is named.
CONFIDENTIAL = {"tw": "TW-CONF-1"}


def passport_content(case: Case, purpose: str, *, language: str, check_url: str, now: datetime) -> dict[str, Json]:
    with translation.override(dates.language_of(language)):
        made = papers.when(now, case)
        kind = _("案件摘要")
        subtitle = _("供%(purpose)s使用") % {"purpose": label(PURPOSES, purpose)}
        content = papers.head(case, title=kind, kind=kind, version=made, subtitle=subtitle)
        content["sections"] = _sections(case, Purpose(purpose), now)
    return content | {"check": check_url, "compact": True}


def _sections(case: Case, purpose: Purpose, now: datetime) -> list[dict[str, Any]]:
    today = now.astimezone(case.branch.tz).date()
    items = papers.items_block(papers.open_items(case), case, brief=True)
    parts = [
        section(_("案件與當事人"), _about(case)),
        section(_("期限"), _clocks(case, now)),
        section(_("爭點與查明的事實"), _found(case)),
    ]
    if purpose == Purpose.MEDIATION:
        parts.append(section(_("對方的希望與我們的答覆"), _offered(case)))
    parts += [
        section(_("程序與保全"), _beside(case)),
        section(_("證物"), items or words_block(_("沒有列為證物的資料。"))),
        section(_("沒有收錄的資料"), *_left_out(case, purpose, today)),
    ]
    return parts


def _about(case: Case) -> Block:
    procedure = packs.procedure_of(case.procedure_id)
    stage = str(procedure.stage(case.stage).name)
    rows = [*papers.people_outside(case), (_("院所"), case.branch.name(get_language()))]
    rows += [(_("受理"), papers.when(case.received_at, case))]
    if case.occurred_on:
        rows.append((_("發生日"), papers.day(case.occurred_on, case)))
    rows += [(_("階段"), stage), (_("身體狀況"), label(HARM, case.harm))]
    return facts_block(rows)


def _clocks(case: Case, now: datetime) -> Block:
    clocks = list(CaseClock.objects.filter(case=case, basis="law").exclude(state="void").order_by("target_at", "id"))
    for clock in clocks:
        clock.case = case
    by_uid = {str(clock.uid): clock for clock in clocks}
    cards = [card for card in clock_cards(clocks, now) if not card.information][:CLOCKS]
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


def _found(case: Case) -> Block:
    lines = []
    findings = findings_of(case)
    for issue in papers.issues_of(case):
        said = [f.words.body for f in findings if f.issue_id == issue.pk]
        lines.append((issue.subject, "\n".join(said) or _("還沒有查明的事實")))
    lines += [(_("整個案件"), f.words.body) for f in findings if f.issue_id is None]
    signed = [each for each in Report.objects.filter(case=case, state="signed").order_by("kind") if not paper_holds(each.words)]
    for report in signed:
        said = _("%(title)s第 %(n)s 版") % {"title": label(PAPERS, report.kind), "n": report.version}
        lines.append((said, _("SHA-256　%(digest)s") % {"digest": papers.in_fours(report.sha256)}))
    return list_block(lines)


def _offered(case: Case) -> Block:
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
    return list_block(lines) if lines else words_block(_("沒有記下希望或要求。"))


def _beside(case: Case) -> Block:
    rows = []
    for each in Proceeding.objects.filter(case=case).order_by("id"):
        parts = [each.body, each.number, papers.when(each.opened_at, case, hour=False)]
        parts.append(label(OUTCOMES, each.outcome) if each.ended_at else _("進行中"))
        rows.append((label(PROCEEDINGS, each.kind), _("，").join(part for part in parts if part)))
    for hold in Hold.objects.filter(stream=case.stream, lifted_at=None).order_by("id"):
        rows.append((_("保全"), _("%(when)s起，內容不能刪除") % {"when": papers.when(hold.placed_at, case)}))
    return facts_block(rows) if rows else words_block(_("沒有進行中的程序，也沒有保全。"))


def _left_out(case: Case, purpose: Purpose, on: date) -> list[Block]:
    blocks = papers.left_out_block(case, purpose, on, brief=True)
    rule = next((r for r in packs.law_newest(case.jurisdiction).rules if r.id == CONFIDENTIAL.get(case.jurisdiction) and r.in_force(on)), None)
    more = [
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


def passports_of(case: Case) -> list[Passport]:
    return list(Passport.objects.filter(case=case).select_related("by", "stored").order_by("-id"))
