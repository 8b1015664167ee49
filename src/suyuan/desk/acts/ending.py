"""Proceedings beside a case, and how it ends or begins again."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.cases import rules
from suyuan.cases.models import Case, Proceeding
from suyuan.cases.selectors.proceedings import COURT, suit_warning
from suyuan.cases.services import ending, outside
from suyuan.correspondence.rules.guard import Surface
from suyuan.desk.acts.act import EVER, Act, ActForm, ReasonForm, RowField, on, plain
from suyuan.desk.fields import line_field, one_of, words_field
from suyuan.desk.template_pick import TemplatesAt
from suyuan.kernel.actor import Actor


class SpotForm(ActForm):
    templates_at = TemplatesAt(only=("on_the_spot",))

    def build(self) -> None:
        self.fields["words"] = words_field(_("當場怎麼解決的，對方怎麼說"), rows=4, guarded=Surface.SETTLEMENT)
        self.fields["words"].guarded_agreed = True
        self.fields["content"] = forms.BooleanField(label=_("對方明白表示這樣可以，不必再處理"))


class EvaluateForm(ActForm):
    def build(self) -> None:
        for question in self.procedure.evaluation:
            self.fields[f"q_{question.id}"] = _question(question)
        self.fields["words"] = words_field(_("學到什麼"), rows=4)


def _question(question) -> forms.Field:
    if question.kind == "scale":
        return one_of(str(question.question), [(str(n), str(n)) for n in range(1, 6)], required=not question.optional, cards=True)
    if question.kind == "choice":
        return one_of(str(question.question), [(c.id, str(c.name)) for c in question.choices], required=not question.optional)
    if question.kind == "yes_no":
        return one_of(str(question.question), [("yes", _("是")), ("no", _("否"))], required=not question.optional, cards=True)
    return words_field(str(question.question), rows=3, required=not question.optional, limit=4_000)


class ProceedingForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("哪一種程序"), self.kinds("proceeding_kinds"))
        if warned := suit_warning(self.case, Proceeding.objects.filter(case=self.case), self.now):
            suit = str(self.procedure.words("proceeding_kinds", COURT))
            self.fields["kind"].help_text = _("%(kind)s：%(words)s") % {"kind": suit, "words": str(warned.text)}
        self.fields["body"] = line_field(_("機關或法院"), required=False)
        self.fields["number"] = line_field(_("案號"), required=False, limit=60)
        self.fields["happened_at"] = self.happened()


class OpenProceedingForm(ActForm):
    """About one of the proceedings that go on."""

    def build(self) -> None:
        open_ones = Proceeding.objects.filter(case=self.case, ended_at=None).order_by("id")
        self.fields["proceeding"] = RowField(
            label=_("哪一個程序"), rows=open_ones, empty_label=None, words=lambda p: str(self.procedure.words("proceeding_kinds", p.kind))
        )


class ProceedingStepForm(OpenProceedingForm):
    def build(self) -> None:
        super().build()
        self.fields["milestone"] = one_of(_("進展"), self.kinds("milestones"))
        self.fields["happened_at"] = self.happened()
        self.fields["note"] = line_field(_("備註"), required=False, limit=300)


class ProceedingEndForm(OpenProceedingForm):
    def build(self) -> None:
        super().build()
        self.fields["outcome"] = one_of(
            _("結果"),
            [("agreed", _("成立")), ("failed", _("不成立")), ("withdrawn", _("撤回")), ("decided", _("作成決定")),
             ("transferred", _("移送他處"))],
        )
        self.fields["happened_at"] = self.happened()


def _evaluate(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    answers = {name[2:]: _scaled(value) for name, value in data.items() if name.startswith("q_") and value not in ("", None)}
    return ending.case_evaluate(case=case, answers=answers, words=data["words"], actor=actor, now=now)


def _scaled(value: Any) -> Any:
    """A figure of a scale, a yes or a no; words and codes as they are."""
    if value in ("yes", "no"):
        return value == "yes"
    return int(value) if isinstance(value, str) and len(value) == 1 and value in "12345" else value


ACTS: tuple[Act, ...] = (
    Act("proceeding", "proceed", _l("記下調解、訴訟或主管機關程序"), _l("記下"), ProceedingForm,
        plain(outside.proceeding_open, "kind", "body", "number", "happened_at"), "", "outside", stages=EVER),
    Act("proceeding-step", "proceed", _l("記下程序的進展"), _l("記下"), ProceedingStepForm,
        on(outside.proceeding_step, "proceeding", "milestone", "happened_at", "note"), "", "outside", stages=EVER),
    Act("proceeding-end", "proceed", _l("程序結束"), _l("記下"), ProceedingEndForm,
        on(outside.proceeding_end, "proceeding", "outcome", "happened_at"), "", "outside", stages=EVER),
    Act("resolve", "resolve_on_spot", _l("當場解決"), _l("記下解決"), SpotForm,
        plain(ending.case_resolve_on_spot, "words", "templates"), "", "end",
        stages=frozenset({rules.Stage.RECEIVED, rules.Stage.ACKNOWLEDGED})),
    Act("withdraw", "withdraw", _l("對方撤回申訴"), _l("記下撤回"), ReasonForm, plain(ending.case_withdraw, "reason"),
        _l("申訴結束，法定義務與照護照常進行。"), "end"),
    Act("reopen", "reopen", _l("重新處理"), _l("重新處理"), ReasonForm, plain(ending.case_reopen, "reason"), "", "end",
        stages=rules.ENDED),
    Act("evaluate", "evaluate", _l("結案評估"), _l("存下評估"), EvaluateForm, _evaluate, "", "end",
        stages=rules.ENDED | {rules.Stage.RESPONDED}),
)  # fmt: skip
