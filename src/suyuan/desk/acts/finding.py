"""Finding out: reviewers, plan, findings, causes, judgements."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts.models import User
from suyuan.cases import phrases
from suyuan.cases.models import CareSheet, Case, CaseIssue, Finding, PlanStep
from suyuan.cases.phrases import label
from suyuan.cases.selectors import compartments_for
from suyuan.cases.selectors import inquiry as inquiry_reads
from suyuan.cases.selectors.law import rules_to_cite
from suyuan.cases.selectors.treatments import treatments_for
from suyuan.cases.services import assessing, handling, inquiry, investigation
from suyuan.cases.services.inquiry import is_doctor
from suyuan.desk.acts.act import EVER, Act, ActForm, RowField, on, plain
from suyuan.desk.acts.people import InvestigatorForm
from suyuan.desk.fields import ColleagueField, ItemsField, LocalTimeField, line_field, one_of, some_of, words_field
from suyuan.kernel.actor import Actor
from suyuan.people.models import TreatmentReceived
from suyuan.ui import dates


class ReviewerForm(InvestigatorForm):
    """Doctors who did not treat this patient: of the house, or invited to this case."""

    def build(self) -> None:
        super().build()
        del self.fields["expertise"]
        doctors = [user.pk for user in self.fields["user"].queryset if is_doctor(user, self.case, self.now)]
        self.fields["user"].queryset = User.objects.filter(pk__in=doctors).order_by("display_name")
        self.fields["user"].label = _("請哪一位醫師評估")


class DeclareForm(ActForm):
    """What the appointed person says of themselves."""

    def build(self) -> None:
        choices = [(code, str(words)) for code, words in phrases.DECLARATIONS.items()]
        self.fields["declared"] = one_of(_("我與這個案件的當事人"), choices, cards=True)
        self.fields["words"] = line_field(_("是什麼關係"), required=False, limit=300)


class PlanStepForm(ActForm):
    def build(self) -> None:
        choices = [(row.id, str(row.name)) for row in inquiry_reads.kinds_now(self.case, "plan_steps")]
        self.fields["kind"] = one_of(_("做什麼"), choices)
        self.fields["words"] = line_field(_("寫清楚看什麼、找誰"), required=False, limit=200)
        self.fields["issue"] = RowField(
            label=_("關於哪一件事"), rows=CaseIssue.objects.filter(case=self.case).order_by("id"), required=False, empty_label=_("整個案件"), words=lambda issue: issue.subject
        )
        self.fields["user"] = ColleagueField(self.colleagues(), label=_("由誰做"), required=False)
        self.fields["due_at"] = LocalTimeField(zone=self.zone, label=_("到什麼時候"), required=False)


class PlanStepEndForm(ActForm):
    """Which open step, and a word about it."""

    note_label, note_required = _l("結果怎麼樣"), False

    def build(self) -> None:
        rows = PlanStep.objects.filter(case=self.case, done_at=None, struck_at=None).select_related("case").order_by("id")
        self.fields["step"] = RowField(label=_("哪一步"), rows=rows, words=inquiry_reads.step_words)
        self.fields["note"] = line_field(self.note_label, required=self.note_required, limit=300)


class PlanStepStrikeForm(PlanStepEndForm):
    note_label, note_required = _l("為什麼不做"), True


class FishboneForm(ActForm):
    """One box a bone: a cause a line. It works with paste, without a script, and keeps what was typed."""

    def build(self) -> None:
        for row in inquiry_reads.kinds_now(self.case, "fishbone_bones"):
            field = words_field(row.name, required=False, rows=3, limit=2_000)
            self.fields[f"bone_{row.id}"] = field
        first = next(iter(self.fields.values()))
        first.help_text = _("一行一個原因。原因後面用「：」寫為什麼；是根本原因的，在最前面加「*」。例如：*交班沒有清單：夜班臨時調人")
        self.fields["root"] = words_field(_("根本原因，用一段話說完"), rows=3)
        self.fields["factors"] = some_of(_("促成的因素"), [(f.id, str(f.name)) for f in self.procedure.factors])


class ExposureForm(ActForm):
    def build(self) -> None:
        rows = inquiry_reads.kinds_now(self.case, "exposure_questions")
        self.fields["question"] = one_of(_("哪一題"), [(row.id, str(row.name)) for row in rows])
        answers = [(row.id, str(row.name)) for row in inquiry_reads.kinds_now(self.case, "exposure_answers")]
        self.fields["answer"] = one_of(_("評估"), answers, cards=True)
        self.fields["why"] = words_field(_("為什麼"), rows=4)
        law = {code: f"{rule.citation}　{rule.title}" for code, rule in rules_to_cite(self.case, self.now).items()}
        self.fields["rules"] = some_of(_("依據的法條"), list(law.items()))


class DissentForm(ActForm):
    def build(self) -> None:
        signed = CareSheet.objects.filter(case=self.case, signed_at__isnull=False).exclude(reviewer_id=self.profile.user_id)
        self.fields["sheet"] = RowField(
            label=_("對哪一份評估"), rows=signed.select_related("reviewer").order_by("id"),
            words=lambda sheet: _("%(who)s，%(verdict)s") % {
                "who": sheet.reviewer.display_name, "verdict": label(phrases.VERDICTS, sheet.verdict),
            },
        )  # fmt: skip
        self.fields["words"] = words_field(_("不同的看法與依據"), rows=5)


class IssueForm(ActForm):
    subject = line_field(_l("申訴的是哪一件事"), limit=200)

    def build(self) -> None:
        known = treatments_for(self.case)
        if known:
            self.fields["treatment"] = RowField(
                known, treatment_words, label=_("關於哪一次療程"), required=False, empty_label=_("（與療程無關，或不知道）")
            )


def treatment_words(treatment: TreatmentReceived) -> str:
    """What, when and by whom, so that one is told from the next."""
    what = treatment.words or treatment.pack_code
    day = dates.short_date(treatment.on, dates.language_of(get_language()), weekday=False) if treatment.on else ""
    return _("，").join(part for part in (what, day, treatment.lot) if part)


class ClassifyForm(ActForm):
    def build(self) -> None:
        issues = CaseIssue.objects.filter(case=self.case).order_by("id")
        self.fields["issue"] = RowField(
            label=_("哪一件事"), rows=issues, initial=issues.first(), empty_label=None, words=lambda issue: issue.subject
        )
        causes = [(c.id, str(c.name)) for c in self.procedure.causes]
        self.fields["primary"] = one_of(_("主要原因"), causes, cards=True)
        self.fields["causes"] = some_of(_("也有這些原因"), causes)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("primary"):
            data["causes"] = list(dict.fromkeys([data["primary"], *data.get("causes", [])]))
        return data


class FactorsForm(ActForm):
    def build(self) -> None:
        choices = [(f.id, str(f.name)) for f in self.procedure.factors]
        self.fields["factors"] = some_of(_("影響這件事的因素"), choices, initial=self.case.factors)


class FindingForm(ActForm):
    def build(self) -> None:
        self.fields["issue"] = RowField(
            label=_("關於哪一件事"), rows=CaseIssue.objects.filter(case=self.case).order_by("id"), required=False, empty_label=_("整個案件"), words=lambda issue: issue.subject
        )
        self.fields["words"] = words_field(_("查明的事實"), rows=5)
        items = inquiry_reads.items_citable(self.case, compartments_for(self.profile, self.case) | {""})
        if items:
            self.fields["cites"] = ItemsField(items, label=_("依據的證物"))
        self.fields["basis"] = line_field(
            _("其他依據"), required=not items, limit=300, help_text=_("沒有證物可以引用時，寫下依據什麼，例如當面聽到誰說。")
        )
        earlier = Finding.objects.filter(case=self.case, replaced_by__isnull=True).select_related("words").order_by("id")
        if earlier:
            self.fields["replaces"] = RowField(
                label=_("更正先前的哪一項"), rows=earlier, required=False, empty_label=_("（不是更正）"), words=lambda finding: finding.words.body[:60]
            )


class RootCauseForm(ActForm):
    def build(self) -> None:
        for n, prompt in enumerate(self.procedure.five_whys[:5], 1):
            self.fields[f"why{n}"] = forms.CharField(
                label=str(prompt.title), help_text=str(prompt.prompt), required=n == 1, max_length=2_000,
                widget=forms.Textarea(attrs={"rows": 2}),
            )  # fmt: skip
        self.fields["root"] = words_field(_("根本原因"), rows=3)
        choices = [(f.id, str(f.name)) for f in self.procedure.factors]
        self.fields["factors"] = some_of(_("促成的因素"), choices)


class LateEntryForm(ActForm):
    def build(self) -> None:
        self.fields["words"] = words_field(_("補記的內容"), rows=5)
        self.fields["happened_at"] = self.happened(_("實際發生的時間"), required=True)


def _root_cause(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    whys = [data[f"why{n}"] for n in range(1, 6) if data.get(f"why{n}")]
    return investigation.root_cause_record(
        case=case, whys=whys, root=data["root"], factors=data["factors"], actor=actor, now=now
    )


def _fishbone(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    bones = [
        _bone(name.removeprefix("bone_"), line)
        for name, words in data.items()
        if name.startswith("bone_")
        for line in words.splitlines()
        if line.strip(" *＊")
    ]
    return investigation.fishbone_record(
        case=case, bones=bones, root=data["root"], factors=data["factors"], actor=actor, now=now
    )


def _bone(code: str, line: str) -> investigation.Bone:
    """"*原因：為什麼" as it is typed; the half-width marks do as well."""
    said = line.strip()
    root = said.startswith(("*", "＊"))
    cause, _colon, why = said.lstrip("*＊ ").replace("：", ":", 1).partition(":")
    return investigation.Bone(code, cause.strip(), why.strip(), root)


def _exposure(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return assessing.exposure_answer(
        case=case, question=data["question"], answer=data["answer"], reason=data["why"], rules=data["rules"],
        actor=actor, now=now,
    )  # fmt: skip


def _plan_strike(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return inquiry.plan_step_strike(step=data["step"], reason=data["note"], actor=actor, now=now)


ACTS: tuple[Act, ...] = (
    Act("reviewer", "appoint", _l("請醫師評估醫療標準"), _l("請這位醫師"), ReviewerForm,
        plain(investigation.reviewer_appoint, "user", "reason"),
        _l("沒有參與治療的醫師；他會讀到案件，回答四個問題並署名。再請一位就是第二意見。"), "find", "stethoscope"),
    Act("declare", "record_finding", _l("填寫利益聲明"), _l("存下聲明"), DeclareForm,
        plain(inquiry.conflict_declare, "declared", "words"), _l("受指派的人自己填寫，存檔後不能更改。"), "find", stages=EVER),
    Act("issue", "classify", _l("加一件申訴的事"), _l("加上"), IssueForm,
        plain(handling.issue_add, "subject", "treatment"), "", "find"),
    Act("classify", "classify", _l("歸類原因"), _l("歸類"), ClassifyForm,
        plain(handling.issue_classify, "issue", "causes", "primary"), "", "find"),
    Act("factors", "classify", _l("記下影響因素"), _l("記下"), FactorsForm,
        plain(handling.factors_record, "factors"), "", "find"),
    Act("plan-step", "plan_inquiry", _l("調查計畫加一步"), _l("加上"), PlanStepForm,
        plain(inquiry.plan_step_add, "kind", "words", "issue", "user", "due_at"),
        _l("指定了人，他的工作清單就會出現這一步。"), "find"),
    Act("plan-step-done", "task_finish", _l("完成調查計畫的一步"), _l("記下完成"), PlanStepEndForm,
        on(inquiry.plan_step_finish, "step", "note"), "", "find"),
    Act("plan-step-strike", "plan_inquiry", _l("劃去調查計畫的一步"), _l("劃去"), PlanStepStrikeForm, _plan_strike,
        _l("原文保留，看得到是誰、為什麼。"), "find"),
    Act("finding", "record_finding", _l("記下查明的事實"), _l("記下"), FindingForm,
        plain(investigation.finding_record, "words", "issue", "basis", "cites", "replaces"),
        _l("不能改寫；要更正就另寫一項，舊的會劃線保留。"), "find"),
    Act("root-cause", "record_finding", _l("五個為什麼"), _l("記下"), RootCauseForm, _root_cause,
        _l("受保護：根本原因分析另室保存，不作為追究個人的依據。"), "find"),
    Act("fishbone", "record_finding", _l("魚骨圖"), _l("記下"), FishboneForm, _fishbone,
        _l("受保護：根本原因分析另室保存，不作為追究個人的依據。"), "find"),
    Act("exposure", "exposure", _l("評估法律風險"), _l("存下評估"), ExposureForm, _exposure,
        _l("受保護：與法務的往來放在一起。先前的評估保留。"), "find", "scales", stages=EVER),
    Act("dissent", "dissent", _l("對醫療標準評估寫下不同意見"), _l("存下意見"), DissentForm,
        on(assessing.care_dissent, "sheet", "words"), _l("與評估一起保存，一起被讀到。"), "find", stages=EVER),
    Act("late-entry", "care_record", _l("補記"), _l("補記"), LateEntryForm,
        plain(handling.late_entry_make, "words", "happened_at"), _l("會標明是事後補記。"), "find", stages=EVER),
)  # fmt: skip
