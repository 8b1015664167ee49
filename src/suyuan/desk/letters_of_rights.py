"""What we answer on a request to erase, said group by group in the person's own language."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.cases.models import Case
from suyuan.cases.phrases import DATA, label
from suyuan.cases.selectors.rights import Part
from suyuan.cases.services.rights import Choice
from suyuan.ui import dates


def part_words(part: Part) -> str:
    """Why this group is kept: a hold, or which law and until when."""
    if part.held is not None:
        return _("正在保全，現在不能刪除")
    law = part.rule.citation if part.rule is not None else part.kept.rule
    if part.kept.until is None:
        return _("依%(law)s保存，案件結束後才開始計算年限") % {"law": law}
    return _("依%(law)s保存到 %(day)s") % {"law": law, "day": _day(part.kept.until)}


def erasure_letter(case: Case, parts: Sequence[Part], choices: Mapping[str, Choice], words: str, own: bool = False) -> str:
    """The whole answer; `own`: only on what the asker gave themselves. Says what was done with each group, by which law, and where to complain about us."""
    with translation.override(case.language):
        lines = [_("您請求刪除個人資料（案 %(reference)s），我們逐項答覆如下：") % {"reference": case.reference}, ""]
        if own:
            lines += [_("這份答覆只關於您自己說過、提供過的內容和您的聯絡資料。病人的資料，由病人本人或證明有權代理的人請求。"), ""]
        for part in parts:
            if part.count:
                lines.append(_("%(group)s：%(what)s。") % {"group": label(DATA, part.group), "what": _what(part, choices.get(part.group))})
        if words.strip():
            lines += ["", words.strip()]
        lines += ["", _("保存期滿後，您可以再次請求刪除。您不同意這個決定時，可以向主管機關申訴。")]
        return "\n".join(lines)


def _what(part: Part, choice: Choice | None) -> str:
    if not part.free:
        return part_words(part)
    if choice is not None and choice.erase:
        return _("刪除，備份裡的部分會隨備份到期消失")
    return _("保留，理由是：%(reason)s") % {"reason": choice.reason.strip() if choice is not None else ""}


def _day(day: date) -> str:
    return dates.full_date(day, dates.language_of(get_language()), weekday=False)
