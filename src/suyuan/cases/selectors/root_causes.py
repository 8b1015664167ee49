"""The analysis of causes as a picture and as a paper of its own. It stays in its compartment; reading only."""
from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from suyuan.accounts.labels import who_label
from suyuan.accounts.rules import Compartment
from suyuan.cases import rules
from suyuan.cases.models import Case, RootCause
from suyuan.cases.phrases import PURPOSES, label
from suyuan.cases.selectors import papers
from suyuan.cases.selectors.inquiry import bones_grouped
from suyuan.cases.selectors.papers import Block, facts_block, list_block, note_block, section, table_block, words_block
from suyuan.kernel.refusal import NotHere
from suyuan.platform.models import FactRow
from suyuan.playbooks import selectors as packs
from suyuan.ui import dates
from suyuan.ui.fishbone import Cause, fishbone

ROOT_CAUSE = Compartment.ROOT_CAUSE.value
FISHBONE = "fishbone"
UPRIGHT = 4  # more bones, and the letters would be too small on an upright page


def root_causes_of(case: Case) -> list[RootCause]:
    return list(RootCause.objects.filter(case=case).select_related("root", "by").order_by("id"))


def root_cause_in(case: Case, uid: UUID | str) -> RootCause:
    """Raises NotHere. Whoever asks has been let into the compartment."""
    row = RootCause.objects.filter(case=case, uid=uid).select_related("root", "by").first()
    if row is None:
        raise NotHere()
    return row


def method_words(row: RootCause) -> str:
    return _("魚骨圖") if row.method == FISHBONE else _("五個為什麼")


def fishbone_of(case: Case, row: RootCause, *, paper: bool = False) -> str:
    """The picture of a fishbone; empty for five whys."""
    if row.method != FISHBONE:
        return ""
    bones = _bones(case, row)
    said = [f"{name}：{_('、').join(cause.words for cause in causes)}" for name, causes in bones]
    return fishbone(case.matter or case.reference, bones, title=_("魚骨圖"), desc=_("；").join(said), paper=paper)


def _bones(case: Case, row: RootCause) -> list[tuple[str, list[Cause]]]:
    return [
        (name, [Cause(b["cause"], _("因為：%(why)s") % {"why": b["why"]} if b["why"] else "", b["root"]) for b in causes])
        for name, causes in bones_grouped(case, row.bones)
    ]


# --- its paper -------------------------------------------------------------------------------------------------------


def root_cause_content(case: Case, row: RootCause, *, language: str, check_url: str, now: datetime) -> dict[str, Any]:
    """What its paper says. Nobody is named but who made it: it is about how things went, not about who did them."""
    with translation.override(dates.language_of(language)):
        title = _("根本原因分析")
        made = papers.day(row.at.astimezone(case.branch.tz).date(), case)
        content = papers.head(case, title=title, kind=title, version=made, subtitle=_("受保護：只給參與分析的人"))
        parts = [
            section(_("案件"), _about(case, row)),
            section(_("根本原因"), words_block(row.root.body)),
            section(_("影響因素"), _factors(case, row)),
            section(_("誰可以看，能交給誰"), *_protection(case, now)),
        ]
        # A drawing has a page of its own, so it comes last; the whys are read before their root.
        parts.insert(len(parts) if row.method == FISHBONE else 1, section(method_words(row), *analysis_blocks(case, row)))
        content["sections"] = parts
    return content | {"check": check_url}


def analysis_blocks(case: Case, row: RootCause) -> list[Block]:
    """The drawing, or the whys one under the other."""
    if row.method != FISHBONE:
        return [list_block((_("為什麼 %(n)s　%(why)s") % {"n": n, "why": why}, "") for n, why in enumerate(row.whys, 1))]
    said = [
        f"{name}：{_('、').join(_marked(cause) for cause in causes)}" for name, causes in _bones(case, row)
    ]
    drawing = {
        "block": "drawing",
        "wide": len(said) > UPRIGHT,
        "svg": str(fishbone_of(case, row, paper=True)),
        "caption": _("魚骨圖　菱形與粗字是根本原因"),
        "alt": _("；").join(said),
    }
    return [drawing]


def _marked(cause: Cause) -> str:
    said = _("，").join(part for part in (cause.words, cause.why) if part)
    return _("%(cause)s（根本原因）") % {"cause": said} if cause.root else said


def _about(case: Case, row: RootCause) -> Block:
    issues = _("；").join(issue.subject for issue in papers.issues_of(case))
    rows = [(_("案號"), case.reference), (_("受理"), papers.when(case.received_at, case)), (_("申訴的事"), issues)]
    rows += [(_("方法"), method_words(row)), (_("做分析的人"), row.by.display_name), (_("記下"), papers.when(row.at, case))]
    return facts_block(rows)


def _factors(case: Case, row: RootCause) -> Block:
    named = {factor.id: str(factor.name) for factor in packs.procedure_of(case.procedure_id).factors}
    lines = [(named[code], "") for code in row.factors if code in named]
    return list_block(lines) if lines else words_block(_("沒有記下影響因素。"))


def _protection(case: Case, now: datetime) -> list[Block]:
    """The export rule of the compartment, purpose by purpose, with the law that it rests on."""
    protecting = packs.protections(case.jurisdiction, now.astimezone(case.branch.tz).date()).get(ROOT_CAUSE, ())
    rows = []
    for purpose in rules.Purpose:
        rule = rules.export_rule(ROOT_CAUSE, purpose, protected_by=[r.id for r in protecting])
        rows.append([label(PURPOSES, purpose), _who_lets_go(rule)])
    law = _("；").join(f"{r.law} {r.article}（{r.id}）" for r in protecting)
    said = _("依據：%(law)s。") % {"law": law} if law else _("法律沒有特別規定；依院內規則另室保存，對外的文件不收錄。")
    return [table_block([_("交給誰用"), _("可以嗎")], rows, [3, 7]), note_block(said)]


def _who_lets_go(rule: rules.ExportRule) -> str:
    if not rule.allowed:
        return _("不可以")
    if not rule.roles:
        return _("讀得到這個分析的人可以看")
    return _("依法可以，由%(who)s決定") % {"who": _("、").join(str(who_label(role)) for role in sorted(rule.roles))}


def recorded_fact(case: Case, row: RootCause) -> FactRow:
    """The fact of its own stream, whose place in the chain stands at the foot."""
    rows = FactRow.objects.filter(stream=case.compartment_stream(ROOT_CAUSE), type="root_cause.recorded")
    return next(fact for fact in rows if fact.value("root_cause") == str(row.uid))
