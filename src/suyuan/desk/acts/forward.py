"""The way of a complaint: acknowledged, investigated, told, answered, closed."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts.labels import who_label
from suyuan.accounts.rules import Role
from suyuan.cases import phrases, rules
from suyuan.cases.models import Case, Promise
from suyuan.cases.services import ending, handling, investigation
from suyuan.correspondence.rules.guard import Surface
from suyuan.desk.acts.act import Act, ActForm, NothingForm, plain
from suyuan.desk.fields import line_field, one_of, words_field
from suyuan.desk.template_pick import TemplatesAt, acknowledging
from suyuan.playbooks.texts import fill


class AcknowledgeForm(ActForm):
    templates_at = TemplatesAt(chooser="method", first=("acknowledgement", "emergency"))

    def build(self) -> None:
        self.fields["method"] = one_of(_("用什麼方式告訴對方"), self.methods())
        self.fields["words"] = words_field(_("說了或寫了什麼"), rows=7, guarded=Surface.PRIVATE_MESSAGE)
        self.fields["happened_at"] = self.happened()
        self.fields["words"].initial = acknowledging(self.case, self.now) or self._of_the_procedure()

    def _of_the_procedure(self) -> str:
        wording = self.procedure.acknowledgement(self.case.channel, self.case.level or None)
        return filled(str(wording.body), self.case, self.now)


class TellForm(ActForm):
    """Findings or the final answer, in plain language."""

    templates_at = TemplatesAt(chooser="method", first=("findings", "apology", "progress"))

    def build(self) -> None:
        self.fields["words"] = words_field(_("寫給對方的話"), rows=12, guarded=Surface.PRIVATE_MESSAGE)
        told = [(code, name) for code, name in self.methods() if code in investigation.METHODS]
        self.fields["method"] = one_of(_("用什麼方式"), [("portal", _("放在進度頁")), *told])
        self.fields["happened_at"] = self.happened()


class AnswerForm(TellForm):
    """The final answer, and what becomes of each thing the person wished for."""

    templates_at = TemplatesAt(chooser="method", first=("closing", "offer", "refusal", "goodwill"))

    def build(self) -> None:
        super().build()
        self.wishes = list(dict.fromkeys(self.case.wishes))
        outcomes = [(code, phrases.label(phrases.WISHES, code)) for code in rules.WISH_OUTCOMES]
        asked = ["words"]
        for n, wish in enumerate(self.wishes, 1):
            said = {"wish": str(self.procedure.words("remedies", wish))}
            self.fields[f"wish_{n}"] = one_of(_("對方希望「%(wish)s」") % said, outcomes, cards=True)
            self.fields[f"why_{n}"] = line_field(
                _("「%(wish)s」的說明") % said, required=False, limit=300, help_text=_("沒有全部照辦時，寫出為什麼、做到哪裡。")
            )
            asked += [f"wish_{n}", f"why_{n}"]
        if self.wishes:
            self.fields["words"].help_text = _("下面逐項的答覆會接在這段話後面，一起給對方。")
        self.order_fields([*asked, "method", "happened_at"])

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for n in range(1, len(self.wishes) + 1):
            outcome, why = data.get(f"wish_{n}"), data.get(f"why_{n}", "")
            if outcome in ("partly", "refused") and not why.strip() and f"why_{n}" not in self.errors:
                self.add_error(f"why_{n}", _("請寫出為什麼。"))
        data["wishes"] = [
            investigation.WishAnswer(wish, data[f"wish_{n}"], data.get(f"why_{n}", ""))
            for n, wish in enumerate(self.wishes, 1)
            if data.get(f"wish_{n}")
        ]
        return data


def filled(words: str, case: Case, now: datetime) -> str:
    """A wording of the pack with its known places filled in."""
    speaker = case.speaker or case.owner
    promise = Promise.objects.waiting().filter(case=case).order_by("due_at").first()
    by_when = promise.due_at.astimezone(case.branch.tz).strftime("%Y/%m/%d %H:%M") if promise else ""
    return fill(
        words,
        {
            "name": case.patient.full_name if case.patient else "",
            "reference": case.reference,
            "handler": speaker.display_name if speaker else str(who_label(Role.CASE_MANAGER)),
            "next_step": promise.words if promise else "",
            "by_when": by_when,
        },
    )


ACTS: tuple[Act, ...] = (
    Act("acknowledge", "acknowledge", _l("確認受理"), _l("記下確認"), AcknowledgeForm,
        plain(handling.case_acknowledge, "method", "words", "happened_at", "templates"),
        _l("告訴對方我們收到了、接下來會怎麼做。存檔後不能更改；自動回信不算。"), "forward", "check",
        stages=frozenset({rules.Stage.RECEIVED})),
    Act("investigate", "investigate", _l("開始調查"), _l("開始調查"), NothingForm, plain(investigation.case_investigate),
        _l("案件進入調查。"), "forward", "search", stages=frozenset({rules.Stage.ACKNOWLEDGED})),
    Act("disclose", "disclose", _l("說明調查結果"), _l("記下說明"), TellForm,
        plain(investigation.case_disclose, "words", "method", "happened_at", "templates"),
        _l("用白話把查明的事告訴對方。身分核對過的人可以在進度頁讀到全文。"), "forward", "message",
        stages=frozenset({rules.Stage.INVESTIGATING}), card="disclosure"),
    Act("respond", "respond", _l("送出書面答覆"), _l("記下答覆"), AnswerForm,
        plain(investigation.case_respond, "words", "method", "wishes", "happened_at", "templates"),
        _l("這是對這件申訴的正式答覆。之後對方仍可以表示意見。"), "forward", "send",
        stages=frozenset({rules.Stage.DISCLOSED})),
    Act("propose-closing", "close_request", _l("提出結案"), _l("提出結案"), NothingForm, plain(ending.close_request),
        _l("由另一位同事確認後才會結案。法定義務與照護不因結案而停止。"), "forward", "check",
        stages=frozenset({rules.Stage.RESPONDED})),
    Act("close", "close_confirm", _l("確認結案"), _l("確認結案"), NothingForm, plain(ending.close_confirm),
        _l("案件結束。對方在期間內仍可以要求重新處理。"), "forward", "check",
        stages=frozenset({rules.Stage.RESPONDED})),
)  # fmt: skip
