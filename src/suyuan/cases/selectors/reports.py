"""What a report says: put together from the case and from what its authors wrote. Reading only.

Nothing of a protected compartment is read here, so nothing of it can come in; what authors copy is caught when they
send it for signing (`services.reports`).
"""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from suyuan.accounts.models import User
from suyuan.cases import rules
from suyuan.cases.models import CareLine, CareSheet, Case, CaseIssue, Finding, Involvement, Report
from suyuan.cases.phrases import FOUND, HARM, PAPERS, label
from suyuan.cases.rules import Paper, Purpose
from suyuan.cases.selectors import papers
from suyuan.cases.selectors.inquiry import name_now
from suyuan.cases.selectors.papers import Block, facts_block, list_block, note_block, quote_block, section, words_block
from suyuan.cases.selectors.root_causes import analysis_blocks, root_causes_of
from suyuan.evidence.models import Item
from suyuan.playbooks import selectors as packs

INVESTIGATOR = "investigator"


def report_content(
    report: Report, *, words: Mapping[str, str], signers: list[User], check_url: str, now: datetime
) -> dict[str, Any]:
    """The whole document in its own language, as it is frozen and signed."""
    case = report.case
    with translation.override(report.language):
        title = label(PAPERS, report.kind)
        version = _("第 %(n)s 版") % {"n": report.version}
        made = papers.day(now.astimezone(case.branch.tz).date(), case)
        content = papers.head(case, title=title, kind=title, version=f"{version}　{made}", sealed=True)
        parts = _internal if report.kind == Paper.INTERNAL else _complainant
        content["sections"] = parts(case, words, now)
        content["sections"].append(section(_("署名"), _signers_block(case, signers)))
    return content | {"check": check_url}


# --- for the house and whoever may ask for it ------------------------------------------------------------------------


def _internal(case: Case, words: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    items = papers.open_items(case)
    today = now.astimezone(case.branch.tz).date()
    unclear = words.get("unclear", "").strip() or _("調查的人沒有列出無法查明的事。")
    return [
        section(_("案件"), _case_block(case), _voice(case)),
        section(_("摘要"), words_block(words.get("summary", ""))),
        section(_("調查經過"), words_block(words.get("process", "")), facts_block(steps_taken(case))),
        section(_("查明的事實"), *_findings(case)),
        section(_("分析"), words_block(words.get("analysis", ""))),
        *_figure(case, words),
        *_care(case),
        section(_("影響因素"), _factors(case)),
        section(_("無法查明的事"), words_block(unclear)),
        section(
            _("證物"),
            papers.items_block(items, case) or words_block(_("沒有列為證物的資料。")),
            *papers.figures(_cited(case)),
        ),
        section(_("這份報告沒有收錄的資料"), *papers.left_out_block(case, Purpose.LITIGATION, today, holds=_held(words))),
    ]


def _held(words: Mapping[str, str]) -> frozenset[str]:
    return frozenset(filter(None, [rules.paper_holds(words)]))


def _figure(case: Case, words: Mapping[str, str]) -> list[dict[str, Any]]:
    """The analysis of causes that its author chose, drawn. With it the version lies in the compartment of the analysis."""
    row = next((each for each in root_causes_of(case) if str(each.uid) == words.get("figure")), None)
    if row is None:
        return []
    said = note_block(_("這一節受保護：有它的這一版，只有讀得到根本原因分析的人能看，也依它的規定才能對外提出。"))
    return [section(_("根本原因（受保護）"), *analysis_blocks(case, row), words_block(row.root.body), said)]


def _case_block(case: Case) -> Block:
    issues = _("；").join(issue.subject for issue in papers.issues_of(case))
    rows = [(_("案號"), case.reference), *papers.people_outside(case), (_("受理"), papers.when(case.received_at, case))]
    if case.occurred_on:
        rows.append((_("發生日"), papers.day(case.occurred_on, case)))
    rows += [(_("申訴的事"), issues), (_("身體狀況"), label(HARM, case.harm))]
    return facts_block(rows)


def _voice(case: Case) -> Block | None:
    return quote_block(case.narrative.body, _("申訴人")) if case.narrative is not None else None


def steps_taken(case: Case) -> list[tuple[str, str]]:
    """Who looked into it, and when: by the record, whatever the author writes beside it."""
    appointed = Involvement.objects.filter(case=case, kind=INVESTIGATOR).select_related("user").order_by("id")
    rows = []
    if case.acknowledged_at:
        rows.append((_("回覆收到"), papers.when(case.acknowledged_at, case)))
    for row in appointed:
        since = papers.when(row.since, case, hour=False)
        said = _("%(name)s，%(since)s指派") % {"name": row.user.display_name, "since": since}
        if row.until:
            said += _("，%(until)s解除") % {"until": papers.when(row.until, case, hour=False)}
        rows.append((_("調查人"), said))
    if case.investigated_at:
        rows.append((_("開始調查"), papers.when(case.investigated_at, case)))
    return rows


def findings_of(case: Case) -> list[Finding]:
    """As they stand now; what was corrected stays in the case."""
    rows = Finding.objects.filter(case=case, replaced_by__isnull=True).select_related("words", "issue", "by")
    return list(rows.prefetch_related("citations__item__stored").order_by("issue_id", "id"))


def _findings(case: Case) -> list[Block]:
    rows = findings_of(case)
    if not rows:
        return [words_block(_("還沒有寫下查明的事實。"))]
    items = [
        {
            "number": n,
            "about": row.issue.subject if row.issue else _("整個案件"),
            "text": row.words.body,
            "basis": row.basis,
            "cites": [papers.cite_of(item) for item in _items_of(row)],
        }
        for n, row in enumerate(rows, 1)
    ]
    blocks: list[Block] = [{"block": "findings", "items": items}]
    corrected = Finding.objects.filter(case=case, replaced_by__isnull=False).count()
    if corrected:
        blocks.append(note_block(_("其中有 %(n)s 項是更正過的；更正之前的原文保留在案件裡，沒有刪除。") % {"n": corrected}))
    return blocks


def _items_of(row: Finding | CareLine) -> list[Item]:
    """What it rests on, of the open part; protected items are not named here."""
    return [one.item for one in row.citations.all() if one.item.compartment == ""]


def _cited(case: Case) -> list[Item]:
    """Every item a finding or an answer rests on, once, by number."""
    found = {item.pk: item for row in findings_of(case) for item in _items_of(row)}
    for sheet in _sheets(case):
        found |= {item.pk: item for line in sheet.lines.all() for item in _items_of(line)}
    return sorted(found.values(), key=lambda item: item.number)


def _sheets(case: Case) -> list[CareSheet]:
    rows = CareSheet.objects.filter(case=case, signed_at__isnull=False).select_related("reviewer")
    rows = rows.prefetch_related("lines__words", "lines__citations__item__stored", "dissents__by", "dissents__words")
    return list(rows.order_by("signed_at", "id"))


def _care(case: Case) -> list[dict[str, Any]]:
    """The standard-of-care sheets that were signed, each with its verdict, and with dissent kept beside it."""
    parts = []
    for sheet in _sheets(case):
        verdict = name_now(case, "care_verdicts", sheet.verdict)
        signed = papers.when(sheet.signed_at, case)
        rows = [(_("評估人"), sheet.reviewer.display_name), (_("結論"), verdict), (_("簽署"), signed)]
        lines = [line for line in sheet.lines.all() if line.words is not None]
        items = [
            {
                "number": n,
                "about": name_now(case, "care_questions", line.question),
                "text": line.words.body,
                "basis": "",
                "cites": [papers.cite_of(item) for item in _items_of(line)],
            }
            for n, line in enumerate(lines, 1)
        ]
        dissents = [quote_block(row.words.body, _("不同意見：%(name)s") % {"name": row.by.display_name}, ours=True) for row in sheet.dissents.all()]
        parts.append(section(_("醫療標準評估"), facts_block(rows), {"block": "findings", "items": items} if items else None, *dissents))
    return parts


def _factors(case: Case) -> Block:
    procedure = packs.procedure_of(case.procedure_id)
    named = {factor.id: str(factor.name) for factor in procedure.factors}
    causes = [(row.subject, [str(procedure.cause(code).name) for code in row.causes]) for row in papers.issues_of(case)]
    lines = [(_("%(subject)s：%(causes)s") % {"subject": s, "causes": _("、").join(c)}, "") for s, c in causes if c]
    lines += [(named[code], "") for code in case.factors if code in named]
    return list_block(lines) if lines else words_block(_("沒有記下影響因素。"))


# --- in plain words, for the person ----------------------------------------------------------------------------------


def _complainant(case: Case, words: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    procedure = packs.procedure_of(case.procedure_id)
    issues = papers.issues_of(case)
    today = now.astimezone(case.branch.tz).date()
    speaker = case.speaker or case.owner
    asked = _("案號 %(reference)s。有疑問請找%(name)s，電話 %(phone)s。") if case.branch.phone else _("案號 %(reference)s。有疑問請找%(name)s。")
    contact = asked % {
        "reference": case.reference,
        "name": speaker.display_name if speaker else case.branch.name(case.language),
        "phone": case.branch.phone,
    }
    channels = [(str(c.name), "　".join(filter(None, (str(c.what_for), str(c.reach))))) for c in procedure.channels_of(case.jurisdiction)]
    return [
        section(
            _("您告訴我們的事"),
            words_block(_("；").join(issue.subject for issue in issues)),
            _voice(case),
        ),
        section(_("我們怎麼查"), words_block(words.get("opening", ""))),
        section(_("逐項說明"), *(block for issue in issues for block in _told(issue, words))),
        section(_("接下來我們會做的事"), _lines(words.get("will_do", ""))),
        section(_("還不確定的事"), words_block(words.get("unclear", "").strip() or _("沒有。"))),
        section(
            _("您的權利與院外的管道"),
            words_block(_("不同意這份說明，您可以告訴我們，也可以直接找下列單位，不必先經過我們同意。您也可以要求病歷複製本。")),
            list_block(channels),
        ),
        section(_("這份說明書沒有收錄的資料"), *papers.left_out_block(case, Purpose.PATIENT, today, brief=True)),
        section(_("找得到的人"), words_block(contact)),
    ]


def _told(issue: CaseIssue, words: Mapping[str, str]) -> list[Block]:
    outcome = words.get(f"outcome_{issue.uid}", "")
    found = label(FOUND, outcome) if outcome in rules.ISSUE_OUTCOMES else _("還沒有寫")
    return [
        facts_block([(issue.subject, found)]),
        quote_block(words.get(f"issue_{issue.uid}", ""), "", ours=True),
    ]


def _lines(text: str) -> Block:
    return list_block((line.strip(), "") for line in text.splitlines() if line.strip())


# --- who signs -------------------------------------------------------------------------------------------------------


def _signers_block(case: Case, signers: list[User]) -> Block:
    investigators = set(
        Involvement.objects.filter(case=case, kind=INVESTIGATOR, until=None).values_list("user_id", flat=True)
    )
    items = [
        {
            "user": str(user.uid),
            "name": user.display_name,
            "role": papers.role_here(user.pk, case, investigators),
            "at": "",
            "statement": "",
        }
        for user in signers
    ]
    return {"block": "signatures", "items": items}


def signed_content(report: Report) -> dict[str, Any]:
    """The frozen content with the signatures that are under it by now."""
    content = {**report.content, "sections": [dict(one) for one in report.content["sections"]]}
    by_user = {str(row.user.uid): row for row in report.signatures.select_related("user").order_by("id")}
    with translation.override(report.language):
        for one in content["sections"]:
            one["blocks"] = [_with_signatures(block, by_user, report.case) for block in one["blocks"]]
    return content


def _with_signatures(block: Block, by_user: Mapping[str, Any], case: Case) -> Block:
    if block["block"] != "signatures":
        return block
    items = []
    for one in block["items"]:
        row = by_user.get(one["user"])
        said = _("%(when)s 簽署") % {"when": papers.when(row.at, case)} if row else _("尚未簽署")
        items.append(one | {"at": said, "statement": papers.in_fours(row.statement) if row else ""})
    return {**block, "items": items}


# --- what an author starts from --------------------------------------------------------------------------------------


def first_words(case: Case, kind: str, language: str) -> dict[str, str]:
    """What the record already says, for the author to go on from. Never what somebody else wrote inside."""
    if kind != Paper.INTERNAL:
        return {}
    with translation.override(language):
        issues = _("；").join(issue.subject for issue in papers.issues_of(case))
        said = _("%(when)s 受理。申訴的事：%(issues)s。") % {"when": papers.when(case.received_at, case), "issues": issues}
        names = dict.fromkeys(
            row.user.display_name
            for row in Involvement.objects.filter(case=case, kind=INVESTIGATOR, until=None).select_related("user").order_by("id")
        )
        if names:
            said += _("由%(names)s調查；沒有參與治療這位病人，也不是申訴提到的人。") % {"names": _("、").join(names)}
    return {"process": said}
