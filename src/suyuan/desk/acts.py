"""Every act on a case: its form, the right it needs, and the service that does it.

One table for all of them: an address, a page and a refusal are made from each row the same way, and nothing that a
view could forget stands anywhere else.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.functional import Promise as Lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts.labels import COMPARTMENTS, GUEST_KINDS, who_label
from suyuan.accounts.models import Branch, GuestGrant, User
from suyuan.accounts.rules import MANAGERS, ActorProfile, Role
from suyuan.accounts.selectors import profiles_around, profiles_in
from suyuan.cases import phrases, rules
from suyuan.cases.errors import HarmJudged, NotAskedFor
from suyuan.cases.models import (
    CareSheet,
    Case,
    CaseIssue,
    Demand,
    Finding,
    Involvement,
    Party,
    PlanStep,
    Proceeding,
    Promise,
    Task,
)
from suyuan.cases.phrases import PARTIES, label
from suyuan.cases.selectors import compartments_for
from suyuan.cases.selectors import inquiry as inquiry_reads
from suyuan.cases.selectors.bundles import PURPOSES
from suyuan.cases.selectors.door import view_of
from suyuan.cases.selectors.incidents import Incident, incidents_of, incidents_waiting
from suyuan.cases.selectors.law import rules_to_cite
from suyuan.cases.selectors.proceedings import COURT, suit_warning
from suyuan.cases.selectors.rights import erasure_parts, subject_of
from suyuan.cases.selectors.sealing import alone_from
from suyuan.cases.selectors.today import task_title
from suyuan.cases.selectors.treatments import treatments_for
from suyuan.cases.services import assessing, ending, handling, inquiry, intake, investigation, outside, parties, rights
from suyuan.cases.services.bundles import showing_agree
from suyuan.cases.services.handling.parts import investigates, reads_as_owner, treated_by
from suyuan.cases.services.holding import case_hold_lift, case_hold_place
from suyuan.cases.services.inquiry import is_doctor
from suyuan.desk.fields import (
    ColleagueField,
    DayField,
    ItemsField,
    LocalTimeField,
    kinds,
    line_field,
    one_of,
    some_of,
    words_field,
)
from suyuan.desk.letters_of_rights import part_words
from suyuan.desk.services import copies_make, erasure_decide
from suyuan.evidence.models import CopySet, Seal
from suyuan.evidence.phrases import GROUNDS, MEDIA, RECEIPTS, SIGNED_ON, STANDINGS
from suyuan.evidence.selectors.items import items_of
from suyuan.evidence.services.rights import Ceremony
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.people.models import TreatmentReceived
from suyuan.people.rules import Contact, contact_problem
from suyuan.platform.holds import KINDS as HOLD_KINDS
from suyuan.platform.identifiers import split_name
from suyuan.platform.models import Hold
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import Fee
from suyuan.playbooks.selectors import fee_tariff
from suyuan.ui import dates

GUEST_DAYS = 14  # offered first; whoever invites says until when


class RowField(forms.ModelChoiceField):
    """One row of the case, named by its uid in forms and addresses, and by `words` for people."""

    def __init__(self, rows: QuerySet, words: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(queryset=rows, to_field_name="uid", **kwargs)
        self.words = words

    def label_from_instance(self, row: Any) -> str:
        return str(self.words(row))


class ActForm(forms.Form):
    """A form about one case. Choices come from the pack the case is pinned to."""

    def __init__(self, *args: Any, case: Case, profile: ActorProfile, now: datetime, **kwargs: Any) -> None:
        self.case, self.profile, self.now = case, profile, now
        self.zone = case.branch.tz
        self.procedure = packs.procedure_of(case.procedure_id)
        super().__init__(*args, **kwargs)
        self.build()

    def build(self) -> None:
        """Add the fields that depend on the case."""

    def kinds(self, group: str) -> list[tuple[str, str]]:
        return kinds(self.procedure, group, self.case.jurisdiction)

    def happened(self, label: Any = None, *, required: bool = False) -> LocalTimeField:
        return LocalTimeField(
            zone=self.zone,
            label=label or _("什麼時候"),
            required=required,
            initial=self.now if required else None,
            help_text="" if required else _("就是現在的話不必填。"),
        )

    def handlers(self) -> list[User]:
        """Those of them who would read what the person said."""
        view = view_of(self.case)
        able = {p.user_id for p in profiles_in(self.case.branch, self.now) if reads_as_owner(p, view)}
        return [user for user in self.colleagues() if user.pk in able]

    def colleagues(self) -> list[User]:
        """Everyone here today who is not complained about."""
        complained = set(
            Involvement.objects.filter(case=self.case, kind="complained", until=None).values_list("user_id", flat=True)
        )
        ids = [p.user_id for p in profiles_in(self.case.branch, self.now) if p.user_id not in complained]
        return list(User.objects.filter(pk__in=ids))

    def involved(self, kind: str) -> list[User]:
        """Those who are this to the case now."""
        rows = Involvement.objects.filter(case=self.case, kind=kind, until=None).select_related("user")
        return [row.user for row in rows.order_by("id")]

    def methods(self) -> list[tuple[str, str]]:
        return self.kinds("acknowledgement_methods")


class InvestigatorField(ColleagueField):
    """Somebody of another branch is named with it."""

    def __init__(self, here: list[User], elsewhere: dict[int, str], **kwargs: Any) -> None:
        self.elsewhere = elsewhere
        super().__init__([*here, *User.objects.filter(pk__in=elsewhere)], **kwargs)

    def label_from_instance(self, user: User) -> str:
        branch = self.elsewhere.get(user.pk)
        return _("%(name)s（%(branch)s）") % {"name": user.display_name, "branch": branch} if branch else user.display_name


class ReasonForm(ActForm):
    reason = words_field(_l("理由"), rows=3, limit=2_000)


class WordsForm(ActForm):
    words = words_field(_l("內容"))


class NothingForm(ActForm):
    """Nothing to fill in: the act itself says it all."""


class AcknowledgeForm(ActForm):
    def build(self) -> None:
        self.fields["method"] = one_of(_("用什麼方式告訴對方"), self.methods())
        self.fields["words"] = words_field(_("說了或寫了什麼"), rows=7)
        self.fields["happened_at"] = self.happened()
        level = self.case.level or None
        wording = self.procedure.acknowledgement(self.case.channel, level)
        self.fields["words"].initial = filled(str(wording.body), self.case, self.now)


class RaiseForm(ActForm):
    def build(self) -> None:
        above = [n for n in (1, 2, 3) if self.case.level == 0 or n > self.case.level]
        choices = [(str(n), _("：").join((str(self.procedure.level(n).name), str(self.procedure.level(n).meaning)))) for n in above]
        self.fields["level"] = one_of(_("等級"), choices, cards=True)
        self.fields["reason"] = words_field(_("看到了什麼"), rows=3, limit=2_000)


class LowerForm(ActForm):
    def build(self) -> None:
        below = [n for n in (1, 2, 3) if n < self.case.level]
        choices = [(str(n), str(self.procedure.level(n).name)) for n in below]
        self.fields["level"] = one_of(_("降為"), choices, cards=True)
        self.fields["reason"] = words_field(_("理由"), rows=4, limit=2_000)


class DecideForm(ActForm):
    def build(self) -> None:
        self.fields["agree"] = one_of(_("您的決定"), [("yes", _("同意")), ("no", _("不同意，維持原級"))], cards=True)
        self.fields["words"] = words_field(_("說明"), rows=3, required=False, limit=2_000)


class FlagForm(ActForm):
    def build(self) -> None:
        open_ones = [row for row in self.kinds("flags") if row[0] not in self.case.flags]
        self.fields["flag"] = one_of(_("標記"), open_ones, cards=True)
        self.fields["reason"] = words_field(_("看到了什麼"), rows=3, required=False, limit=2_000)


class UnflagForm(ActForm):
    def build(self) -> None:
        self.fields["flag"] = one_of(_("標記"), [r for r in self.kinds("flags") if r[0] in self.case.flags], cards=True)
        self.fields["reason"] = words_field(_("理由"), rows=3, limit=2_000)


class AssignForm(ActForm):
    def build(self) -> None:
        self.fields["owner"] = ColleagueField(self.handlers(), label=_("由誰負責"), initial=self.case.owner_id)


class SpeakerForm(ActForm):
    def build(self) -> None:
        self.fields["speaker"] = ColleagueField(
            self.handlers(), label=_("由誰對外說話"), initial=self.case.speaker_id or self.case.owner_id
        )


class InvestigatorForm(ActForm):
    """Who may look into it: those of this branch first, then of the others, and guests invited to this case."""

    def build(self) -> None:
        here, elsewhere = self.able()
        self.fields["user"] = InvestigatorField(here, elsewhere, label=_("調查人"))
        self.fields["expertise"] = line_field(_("為什麼是這一位"), required=False)
        self.fields["reason"] = line_field(
            _("有利害關係仍要指派的理由"), required=False, limit=300, help_text=_("同科、同名或主管關係會自動檢查，存檔時告訴您。")
        )

    def able(self) -> tuple[list[User], dict[int, str]]:
        """People of this branch and this case, and others with the name of their branch."""
        barred = {user.pk for user in self.involved("complained")} | treated_by(self.case)
        around = profiles_around(self.case.branch, self.case.stream, self.now)
        ids = {p.user_id for p in around if investigates(p, self.case)} - barred
        elsewhere: dict[int, str] = {}
        for branch in Branch.objects.filter(jurisdiction=self.case.jurisdiction).exclude(pk=self.case.branch_id).order_by("code"):
            able = {p.user_id for p in profiles_in(branch, self.now) if investigates(p, self.case)} - barred - ids
            elsewhere |= dict.fromkeys(able - set(elsewhere), branch.name(get_language() or "zh-hant"))
        return list(User.objects.filter(pk__in=ids)), elsewhere


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


class InvestigatorReleaseForm(ActForm):
    def build(self) -> None:
        self.fields["user"] = ColleagueField(self.involved("investigator"), label=_("哪一位不再調查"))
        self.fields["reason"] = words_field(_("理由"), rows=3, limit=2_000)


class ComplainedUnsetForm(ActForm):
    def build(self) -> None:
        self.fields["user"] = ColleagueField(self.involved("complained"), label=_("哪一位其實沒有被提到"))
        self.fields["reason"] = words_field(_("怎麼知道不是這一位"), rows=3, limit=2_000)


class ColleagueComplainedForm(ActForm):
    def build(self) -> None:
        self.fields["user"] = ColleagueField(self.colleagues(), label=_("申訴提到的同事"))


class StatementAskForm(ActForm):
    def build(self) -> None:
        complained = User.objects.filter(
            pk__in=Involvement.objects.filter(case=self.case, kind="complained", until=None).values("user_id")
        )
        self.fields["user"] = ColleagueField(complained, label=_("請哪一位說明"))
        self.fields["alleged"] = words_field(_("用中性的話寫下對方提到的事"), rows=5)
        self.fields["due_at"] = LocalTimeField(
            zone=self.zone, label=_("請在什麼時候之前回覆"), initial=self.now + timedelta(days=3)
        )


class SupportForm(ActForm):
    def build(self) -> None:
        complained = User.objects.filter(
            pk__in=Involvement.objects.filter(case=self.case, kind="complained", until=None).values("user_id")
        )
        self.fields["user"] = ColleagueField(complained, label=_("支持哪一位同事"))
        self.fields["words"] = words_field(_("提供什麼協助"), rows=3, limit=300)


class ContactForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("怎麼談的"), self.kinds("contact_kinds"), initial="call")
        self.fields["direction"] = one_of(
            _("誰聯絡誰"), [("in", _("對方聯絡我們")), ("out", _("我們聯絡對方"))], initial="out"
        )
        self.fields["channel"] = one_of(
            _("管道"),
            [
                ("telephone", _("電話")),
                ("in_person", _("當面")),
                ("line", "LINE"),
                ("email", _("電子郵件")),
                ("sms", _("簡訊")),
                ("letter", _("書信")),
            ],
        )
        self.fields["happened_at"] = self.happened(required=True)
        self.fields["minutes"] = forms.IntegerField(label=_("談了幾分鐘"), required=False, min_value=0, max_value=1440)
        self.fields["place"] = line_field(_("地點"), required=False)
        self.fields["participants"] = line_field(_("在場的人"), required=False, limit=300)
        limited = {
            words: rules_[0].limit.max
            for kind, words in self.kinds("contact_kinds")
            if (rules_ := handling.people_limits(self.case, kind, self.now))
        }
        if limited:
            asked = _("「%(kinds)s」要寫，每方最多 %(n)s 位。") % {"kinds": _("、").join(limited), "n": min(limited.values())}
            for side, words in (("theirs", _("對方幾位")), ("ours", _("我方幾位"))):
                self.fields[side] = forms.IntegerField(
                    label=words, required=False, min_value=0, max_value=99, help_text=asked
                )
            self.fields["beyond"] = forms.BooleanField(label=_("人數超過規定，原因寫在內容裡"), required=False)
        self.fields["tone"] = one_of(
            _("對方的情緒"),
            [("calm", _("平穩")), ("worried", _("擔心")), ("upset", _("難過")), ("angry", _("生氣"))],
            required=False,
        )
        self.fields["points"] = words_field(_("談了什麼"), rows=6, help_text=_("寫事實與對方的話，不寫評語。"))
        self.fields["next_step"] = line_field(_("接下來"), required=False, limit=300)
        promises = Promise.objects.waiting().filter(case=self.case).order_by("due_at")
        self.fields["keeps_promise"] = RowField(
            label=_("這次聯繫兌現了哪一個約定"), rows=promises, required=False, empty_label=_("（沒有）"), words=lambda promise: promise.words
        )


    def clean(self) -> dict[str, Any]:
        """Where the law limits the people on each side, their number is asked for."""
        data = super().clean()
        if "theirs" in self.fields and handling.people_limits(self.case, data.get("kind", ""), self.now):
            for side in ("theirs", "ours"):
                if data.get(side) is None and side not in self.errors:
                    self.add_error(side, _("請寫這次會談每方到場幾位。"))
        return data


class PlanForm(ActForm):
    def build(self) -> None:
        self.fields["words"] = words_field(_("說明了什麼"), rows=6)
        self.fields["method"] = one_of(_("用什麼方式"), self.methods())
        self.fields["happened_at"] = self.happened()


class ChannelsForm(ActForm):
    def build(self) -> None:
        self.fields["method"] = one_of(_("用什麼方式告知"), self.methods())
        self.fields["happened_at"] = self.happened()


class HelperForm(ActForm):
    helper = line_field(_l("由誰協助溝通"), help_text=_l("通譯、手語、家屬以外受過訓練的人"))


class PromiseForm(ActForm):
    def build(self) -> None:
        self.fields["words"] = line_field(_("答應了什麼"), limit=200)
        self.fields["due_at"] = LocalTimeField(zone=self.zone, label=_("在什麼時候之前"))


class PromiseKeepForm(ActForm):
    def build(self) -> None:
        open_ones = Promise.objects.held().filter(case=self.case, kept_at=None).order_by("due_at")
        self.fields["promise"] = RowField(
            label=_("哪一個約定"), rows=open_ones, words=lambda promise: promise.words
        )
        self.fields["how"] = line_field(_("怎麼做到的"), required=False, limit=300)


class TaskForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("種類"), self.kinds("task_kinds"))
        self.fields["title"] = line_field(_("要做什麼"), required=False, limit=200)
        self.fields["assignee"] = ColleagueField(self.colleagues(), label=_("由誰做"), required=False)
        roles = [(r, str(who_label(r))) for r in ("case_manager", "doctor", "nurse", "legal", "head_of_clinic", "finance")]
        self.fields["role"] = one_of(_("或由哪個職務"), roles, required=False)
        self.fields["due_at"] = LocalTimeField(zone=self.zone, label=_("在什麼時候之前"), required=False)


class TaskFinishForm(ActForm):
    def build(self) -> None:
        readable, here = compartments_for(self.profile, self.case), self.profile.roles_in(self.case.branch_id)
        open_ones = Task.objects.filter(case=self.case, compartment__in=readable, done_at=None, cancelled_at=None)
        if not here & MANAGERS:
            open_ones = open_ones.filter(Q(assignee_id=self.profile.user_id) | Q(role__in=sorted(here)))
        open_ones = open_ones.exclude(detail__has_key="request").select_related("case")
        self.fields["task"] = RowField(open_ones.order_by("due_at"), task_title, label=_("哪一件"), empty_label=None)
        self.fields["words"] = words_field(_("結果"), rows=3, required=False)


class TaskCancelForm(ActForm):
    def build(self) -> None:
        self.fields["task"] = RowField(self.tasks_here(), task_title, label=_("哪一件"), empty_label=None)
        self.fields["reason"] = words_field(_("不做的理由"), rows=3, limit=2_000)

    def tasks_here(self) -> QuerySet:
        """Open ones that this person reads. What a body asks for ends with a doctor's record, never with a reason."""
        readable = compartments_for(self.profile, self.case)
        open_ones = Task.objects.filter(case=self.case, compartment__in=readable, done_at=None, cancelled_at=None)
        left = open_ones.exclude(kind="danger_review").exclude(detail__has_key="request")
        return left.select_related("case").order_by("due_at", "id")


class HarmForm(ActForm):
    """What is said of bodily harm; once a doctor has judged it, only the day can still be added."""

    def build(self) -> None:
        judged = self.case.harm in rules.JUDGED_HARM
        if not judged:
            self.fields["state"] = one_of(_("對方提到身體受傷了嗎"), self.kinds("harm_states"), cards=True)
        self.fields["occurred_on"] = DayField(
            label=_("什麼時候發生"),
            required=judged,
            initial=self.case.occurred_on,
            help_text=_("醫師已經判斷過，這裡只補上是哪一天發生的。") if judged else "",
        )

    def clean(self) -> dict[str, Any]:
        if "state" not in self.fields and self.data.get("state"):  # the page was open while the doctor judged
            raise forms.ValidationError(HarmJudged().message())
        return super().clean()


class JudgeForm(ActForm):
    def build(self) -> None:
        self.fields["serious"] = one_of(
            _("您的判斷"), [("yes", _("是重大傷害")), ("no", _("不是重大傷害"))], cards=True
        )
        self.fields["occurred_on"] = DayField(label=_("發生日"), required=False, initial=self.case.occurred_on)
        self.fields["reason"] = words_field(_("依據"), rows=4)


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


class DemandForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("對方要什麼"), self.kinds("demand_kinds"), cards=True)
        self.fields["asked_at"] = self.happened(_("什麼時候提出"))
        people = Party.objects.filter(case=self.case).select_related("person")
        self.fields["asked_by"] = RowField(
            label=_("誰提出"), rows=people, required=False, words=lambda party: party.person.full_name or _("申訴人")
        )
        self.fields["about"] = one_of(
            _("要刪除誰的資料"), list(phrases.ABOUT.items()), required=False, help_text=_("只在要求刪除個人資料時填。不是病人、也沒有證明有權代理的人，只能要求刪除自己給的。")
        )
        self.fields["words"] = words_field(_("說了什麼"), rows=3, required=False)


class DemandAnswerForm(ActForm):
    def build(self) -> None:
        open_ones = Demand.objects.filter(case=self.case, answered_at=None).order_by("asked_at")
        self.fields["demand"] = RowField(
            label=_("哪一項要求"), rows=open_ones, empty_label=None, words=lambda d: str(self.procedure.words("demand_kinds", d.kind))
        )
        self.fields["outcome"] = one_of(
            _("結果"),
            [
                ("met", _("照辦")),
                ("partly", _("部分照辦")),
                ("refused", _("不能照辦，已說明理由")),
                ("withdrawn", _("對方收回")),
            ],
            cards=True,
        )
        self.fields["words"] = words_field(_("怎麼回覆的"), rows=4)
        self.fields["happened_at"] = self.happened()


class CareForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("做了什麼"), self.kinds("care_kinds"))
        self.fields["happened_at"] = self.happened(required=True)
        self.fields["words"] = words_field(_("看到什麼、做了什麼、告訴病人什麼"), rows=6)
        self.fields["place"] = line_field(_("在哪裡"), required=False)
        self.fields["cost_major"] = forms.DecimalField(
            label=_("費用（%(currency)s）") % {"currency": self.currency},
            required=False,
            min_value=0,
            max_digits=12,
            decimal_places=2,
        )
        if self.case.danger == "open":
            self.fields["clears_danger"] = forms.BooleanField(
                label=_("醫師已檢視，危險徵象已經處理"), required=False
            )

    @property
    def currency(self) -> str:
        return {"tw": "TWD", "cn": "CNY"}[self.case.jurisdiction]


class IncidentForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("事件種類"), self.kinds("incident_kinds"))
        self.fields["happened_at"] = self.happened(_("什麼時候發生"))
        self.fields["words"] = words_field(_("發生了什麼"), rows=4, required=False)


class ReportForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("通報種類"), self.kinds("report_kinds"))
        if known := incidents_of(self.case):
            waiting = incidents_waiting(self.case)
            several = len(waiting) > 1
            self.fields["incident"] = one_of(
                _("通報的是哪一件事件"),
                [(each.uid, self.incident_words(each)) for each in known],
                required=several,
                initial=None if several else next(iter(waiting), None),
                cards=several,
                help_text=_("只有這一件的期限會因這次通報而結束。"),
            )
        self.fields["body"] = line_field(_("向哪個機關"))
        self.fields["number"] = line_field(_("文號或通報編號"), required=False, limit=60)
        self.fields["happened_at"] = self.happened()


    def incident_words(self, incident: Incident) -> str:
        """Which event, and when: 用錯藥，3月11日"""
        kind = str(self.procedure.words("incident_kinds", incident.kind))
        day = dates.day_of(incident.at, self.zone)
        return _("，").join((kind, dates.full_date(day, dates.language_of(get_language()), weekday=False)))


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


class TellForm(ActForm):
    """Findings or the final answer, in plain language."""

    def build(self) -> None:
        self.fields["words"] = words_field(_("寫給對方的話"), rows=12)
        told = [(code, name) for code, name in self.methods() if code in investigation.METHODS]
        self.fields["method"] = one_of(_("用什麼方式"), [("portal", _("放在進度頁")), *told])
        self.fields["happened_at"] = self.happened()


class AnswerForm(TellForm):
    """The final answer, and what becomes of each thing the person wished for."""

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


class SpotForm(ActForm):
    def build(self) -> None:
        self.fields["words"] = words_field(_("當場怎麼解決的，對方怎麼說"), rows=4)
        self.fields["content"] = forms.BooleanField(label=_("對方明白表示這樣可以，不必再處理"))


class EvaluateForm(ActForm):
    def build(self) -> None:
        for question in self.procedure.evaluation:
            field = _question(question)
            self.fields[f"q_{question.id}"] = field
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


class ProceedingStepForm(ActForm):
    def build(self) -> None:
        open_ones = Proceeding.objects.filter(case=self.case, ended_at=None).order_by("id")
        self.fields["proceeding"] = RowField(
            label=_("哪一個程序"), rows=open_ones, empty_label=None, words=lambda p: str(self.procedure.words("proceeding_kinds", p.kind))
        )
        self.fields["milestone"] = one_of(_("進展"), self.kinds("milestones"))
        self.fields["happened_at"] = self.happened()
        self.fields["note"] = line_field(_("備註"), required=False, limit=300)


class ProceedingEndForm(ActForm):
    def build(self) -> None:
        open_ones = Proceeding.objects.filter(case=self.case, ended_at=None).order_by("id")
        self.fields["proceeding"] = RowField(
            label=_("哪一個程序"), rows=open_ones, empty_label=None, words=lambda p: str(self.procedure.words("proceeding_kinds", p.kind))
        )
        self.fields["outcome"] = one_of(
            _("結果"),
            [("agreed", _("成立")), ("failed", _("不成立")), ("withdrawn", _("撤回")), ("decided", _("作成決定")),
             ("transferred", _("移送他處"))],
        )
        self.fields["happened_at"] = self.happened()


class VerifyForm(ActForm):
    def build(self) -> None:
        people = Party.objects.filter(case=self.case).select_related("person").order_by("id")
        self.fields["party"] = RowField(
            label=_("哪一位"), rows=people, empty_label=None, words=lambda party: party.person.full_name or _("申訴人")
        )
        self.fields["how"] = one_of(_("怎麼核對的"), self.kinds("identity_proofs"))


class AuthorityForm(ActForm):
    def build(self) -> None:
        people = [p for p in Party.objects.filter(case=self.case).select_related("person") if "representative" in p.roles]
        self.fields["party"] = RowField(
            label=_("哪一位代理人"), rows=Party.objects.filter(pk__in=[p.pk for p in people]), empty_label=None, words=lambda party: party.person.full_name
        )
        self.fields["how"] = line_field(_("看到什麼文件"), limit=200)


class PartyAddForm(ActForm):
    """One more person from outside. What they say of themselves is stated until somebody has seen proof."""

    def build(self) -> None:
        self.fields["name"] = line_field(_("怎麼稱呼"), limit=80)
        self.fields["roles"] = some_of(_("在這件裡是"), [(r, str(label(PARTIES, r))) for r in parties.PARTY_ROLES], required=True)
        self.fields["relation"] = one_of(_("與病人的關係"), self.kinds("party_relations"), required=False)
        self.fields["phone"] = line_field(_("電話"), required=False, limit=40)
        self.fields["phone"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off"}
        self.fields["email"] = forms.EmailField(label=_("電子郵件"), required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        contact = Contact("phone", data.get("phone", ""))
        if contact.value.strip() and contact_problem(contact):
            self.add_error("phone", _("電話號碼看起來少了幾碼，請再看一次。"))
        return data


class GuestForm(ActForm):
    def build(self) -> None:
        self.fields["name"] = line_field(_("怎麼稱呼"), limit=80, help_text=_("同事看到的稱呼，例如陳律師。"))
        self.fields["email"] = forms.EmailField(label=_("電子郵件"), max_length=200)
        guests = [(code, str(words)) for code, words in GUEST_KINDS.items()]
        self.fields["kind"] = one_of(_("以什麼身分"), guests, cards=True)
        until = self.now.astimezone(self.zone).date() + timedelta(days=GUEST_DAYS)
        self.fields["last_day"] = DayField(label=_("看到哪一天為止"), initial=until)
        self.fields["reason"] = words_field(_("為什麼邀請"), rows=3, limit=2_000)


class GuestEndForm(ActForm):
    def build(self) -> None:
        open_ones = GuestGrant.objects.filter(stream=self.case.stream, ended_at=None).select_related("user").order_by("id")
        self.fields["grant"] = RowField(open_ones, guest_words, label=_("哪一位來賓"), empty_label=None)


def guest_words(grant: GuestGrant) -> str:
    day = dates.short_date(grant.last_day, dates.language_of(get_language()), weekday=False)
    return _("%(name)s（%(kind)s，到 %(day)s）") % {"name": grant.user.display_name, "kind": GUEST_KINDS[grant.kind], "day": day}


class MoveBranchForm(ActForm):
    def build(self) -> None:
        others = Branch.objects.exclude(pk=self.case.branch_id).order_by("code")
        self.fields["branch"] = RowField(
            label=_("移到哪個分院"), rows=others, empty_label=None, words=lambda branch: branch.name("zh-hant")
        )
        self.fields["reason"] = words_field(_("理由"), rows=3, limit=2_000)


class DangerForm(ActForm):
    def build(self) -> None:
        choices = [(q.id, str(q.short)) for q in self.procedure.danger_questions]
        self.fields["signs"] = some_of(_("有哪些危險徵象"), choices, required=True)
        self.fields["words"] = words_field(_("對方怎麼說"), rows=3, required=False)


class LateEntryForm(ActForm):
    def build(self) -> None:
        self.fields["words"] = words_field(_("補記的內容"), rows=5)
        self.fields["happened_at"] = self.happened(_("實際發生的時間"), required=True)


# --- holds, copies, seals, erasure ---------------------------------------------------------------------------------


class HoldForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("因為什麼"), [(code, str(words)) for code, words in HOLD_KINDS.items()])
        self.fields["reason"] = words_field(_("理由"), rows=3, limit=200)


class HoldLiftForm(ActForm):
    def build(self) -> None:
        standing = Hold.objects.filter(stream=self.case.stream, lifted_at=None).order_by("id")
        self.fields["hold"] = RowField(standing, hold_words, label=_("解除哪一項保全"), empty_label=None)
        self.fields["reason"] = words_field(_("為什麼可以解除"), rows=3, limit=200)


def hold_words(hold: Hold) -> str:
    day = dates.short_date(hold.placed_at.date(), dates.language_of(get_language()), weekday=False)
    return _("%(kind)s，%(day)s 起") % {"kind": HOLD_KINDS.get(hold.kind, hold.kind), "day": day}


class AgreementForm(ActForm):
    def build(self) -> None:
        readable = rules.BOTH_MAY_AGREE & compartments_for(self.profile, self.case)
        choices = [(code, str(words)) for code, words in COMPARTMENTS.items() if code in readable]
        self.fields["compartment"] = one_of(_("哪一部分"), choices, cards=True)
        purposes = [(str(code), label(phrases.PURPOSES, code)) for code in PURPOSES if code != rules.Purpose.INTERNAL]
        self.fields["purposes"] = some_of(
            _("同意用在哪裡"), purposes, help_text=_("以最新的一筆為準。一項都不勾，就是雙方不再同意。")
        )
        self.fields["by_clinic"] = forms.CharField(label=_("診所這一方由誰同意"), max_length=80)
        self.fields["by_person"] = forms.CharField(label=_("對方由誰同意"), max_length=80)
        self.fields["how"] = one_of(_("怎麼同意的"), [(code, str(words)) for code, words in phrases.AGREED_HOW.items()])
        self.fields["words"] = words_field(_("同意的內容"), rows=3)
        self.fields["happened_at"] = self.happened(_("什麼時候同意"))


class CopiesForm(ActForm):
    def build(self) -> None:
        asked = Demand.objects.filter(case=self.case, kind__in=rights.COPY_DEMANDS, answered_at=None).order_by("asked_at")
        self.fields["demand"] = RowField(
            asked, demand_words, label=_("回應哪一項要求"), required=False, initial=asked.first(), empty_label=_("（沒有人提出，先備妥）")
        )
        self.fields["items"] = ItemsField(list(items_of(self.case.stream, [""])), label=_("交付哪些"))
        self.fields["letters"] = forms.BooleanField(label=_("附上與對方的全部往來訊息"), required=False, initial=True)
        self.fields["consents"] = one_of(
            _("同意書"), [("included", _("已經包含在內")), ("none_exist", _("沒有同意書，或還缺一部分"))], cards=True
        )
        self.fields["missing"] = line_field(_("缺什麼、為什麼"), required=False, limit=200)
        self.fields["pages"] = forms.IntegerField(label=_("頁數"), required=False, min_value=0, max_value=99_999)
        currency = rights.CURRENCIES[self.case.jurisdiction]
        tariff = fee_tariff(self.case.jurisdiction)
        if tariff is not None:
            self.fields["pages"].help_text = tariff_words(tariff)
            self.fields["discs"] = forms.IntegerField(label=_("光碟片數"), required=False, min_value=0, max_value=999)
        self.fields["fee_major"] = forms.DecimalField(
            label=_("費用（%(currency)s）") % {"currency": currency},
            required=False,
            min_value=0,
            max_digits=9,
            decimal_places=2,
            help_text=_fee_help(tariff),
        )
        if tariff is not None:
            self.fields["fee_reason"] = line_field(_("和標準不同的原因"), required=False, limit=200)


def _fee_help(tariff: Fee | None) -> str:
    if tariff is None:
        return _("依診所公告的收費標準；沒有收費就不填。")
    if tariff.confirmed:
        return _("空著就照上面的標準算；改收別的金額或不收（填 0），要寫原因。")
    return _("上面的標準還沒有確認，空著就不收費。要收請填金額；和算出來的不同，要寫原因。")


def tariff_words(tariff: Fee) -> str:
    """The tariff in one sentence, with how sure it is."""
    said = _("%(name)s：基本費 %(base)s（含 %(n)s 頁），之後每頁 %(page)s；光碟每片 %(disc)s。%(explain)s") % {
        "name": tariff.name,
        "base": money(tariff.base_minor, tariff.currency),
        "n": tariff.pages_included,
        "page": money(tariff.page_minor, tariff.currency),
        "disc": money(tariff.disc_minor, tariff.currency),
        "explain": tariff.explain,
    }
    return said if tariff.confirmed else _("〔待確認〕%(tariff)s") % {"tariff": said}


def money(minor: int, currency: str) -> str:
    sign = {"TWD": "NT$ ", "CNY": "¥"}[currency]
    return f"{sign}{minor / 100:,.0f}" if minor % 100 == 0 else f"{sign}{minor / 100:,.2f}"


def demand_words(demand: Demand) -> str:
    return str(label(phrases.DEMANDS, demand.kind))


class CopiesOutForm(ActForm):
    def build(self) -> None:
        ready = CopySet.objects.filter(stream=self.case.stream, handover=None).order_by("id")
        self.fields["copies"] = RowField(ready, lambda copies: copies.number, label=_("哪一份"), empty_label=None)
        self.fields["to_whom"] = line_field(_("誰領取"))
        self.fields["standing"] = one_of(_("以什麼身分"), [(c, str(w)) for c, w in STANDINGS.items()], cards=True)
        self.fields["shown"] = line_field(_("看了什麼證件或文件"), limit=200)
        self.fields["medium"] = one_of(_("以什麼方式交付"), [(c, str(w)) for c, w in MEDIA.items()])
        self.fields["receipt"] = one_of(_("怎麼簽收"), [(c, str(w)) for c, w in RECEIPTS.items()])
        self.fields["witness"] = line_field(_("見證人"), required=False)
        if self.case.jurisdiction == "cn":
            self.fields["stamped"] = forms.BooleanField(label=_("每份都蓋了證明印記"), required=False)
            self.fields["present"] = forms.BooleanField(label=_("複製時病人或近親屬在場"), required=False)
        self.fields["happened_at"] = self.happened(_("什麼時候交付"))


class CopiesWaitForm(ActForm):
    def build(self) -> None:
        ready = CopySet.objects.filter(stream=self.case.stream, handover=None, request__isnull=False).order_by("id")
        self.fields["copies"] = RowField(ready, lambda copies: copies.number, label=_("哪一份"), empty_label=None)
        self.fields["how"] = line_field(_("什麼時候、怎麼通知對方來領"), limit=200)


class SealForm(ActForm):
    def build(self) -> None:
        self.fields["items"] = ItemsField(list(items_of(self.case.stream, [""])), label=_("封存哪些"))
        self.fields["lots"] = words_field(
            _("批號或器材序號"), required=False, rows=2, limit=2_000, help_text=_("每行一項：證物編號、空格、批號。例如：3 HA-2026-77")
        )
        self.fields["place"] = line_field(_("在哪裡封存"))
        self.fields["kept_at"] = line_field(_("封存後放在哪裡"))
        self.fields["for_clinic"] = line_field(_("診所在場的人"))
        self.fields["for_patient"] = line_field(_("病人方在場的人"), required=False)
        self.fields["witness"] = line_field(_("見證人"), required=False, help_text=_("病人方不在場時才需要。"))
        self.fields["absence"] = line_field(_("病人方為什麼沒有到場"), required=False, limit=200)
        self.fields["signed_on"] = one_of(_("怎麼簽名"), [(c, str(w)) for c, w in SIGNED_ON.items()], cards=True, initial="paper")
        self.fields["unfinished"] = line_field(
            _("還沒有完成、之後再封的部分"), required=False, limit=200, help_text=_("寫了這一項，封存的要求會繼續等到補封為止。")
        )
        earlier = Seal.objects.filter(stream=self.case.stream).exclude(unfinished="").order_by("id")
        if earlier:
            self.fields["continues"] = RowField(
                earlier, lambda seal: seal.number, label=_("補封先前的哪一個封條"), required=False, empty_label=_("（不是補封）")
            )
        self.fields["happened_at"] = self.happened(_("什麼時候封存"))

    def clean_lots(self) -> dict[int, str]:
        """Number of the item → lot."""
        found: dict[int, str] = {}
        for line in self.cleaned_data["lots"].splitlines():
            number, _space, lot = line.strip().partition(" ")
            if line.strip() and not (number.isascii() and number.isdigit() and len(number) < 7 and lot.strip()):
                raise forms.ValidationError(_("這一行看不懂：%(line)s") % {"line": line.strip()[:40]})
            if line.strip():
                found[int(number)] = lot.strip()
        return found


class UnsealForm(ActForm):
    def build(self) -> None:
        standing = Seal.objects.filter(stream=self.case.stream, opening=None).order_by("id")
        self.fields["seal"] = RowField(standing, lambda seal: seal.number, label=_("哪一個封條"), empty_label=None)
        possible = any(alone_from(self.case, seal, self.now) for seal in standing)
        grounds = [(code, str(words)) for code, words in GROUNDS.items() if code != "alone" or possible]
        self.fields["ground"] = one_of(_("依據"), grounds, cards=True)
        self.fields["why"] = line_field(_("為什麼啟封"), limit=200)
        self.fields["for_clinic"] = line_field(_("診所在場的人"))
        self.fields["for_patient"] = line_field(_("病人方在場的人"), required=False)
        self.fields["witness"] = line_field(_("見證人"), required=False, help_text=_("病人方不在場時才需要。"))
        self.fields["intact"] = one_of(_("封條"), [("yes", _("完好")), ("no", _("已有破損"))], cards=True)
        self.fields["happened_at"] = self.happened(_("什麼時候啟封"))


class EraseForm(ActForm):
    """Each group on its own: what law or a hold keeps is said and cannot be chosen."""

    def build(self) -> None:
        asked = Demand.objects.filter(case=self.case, kind="data_erase", answered_at=None).select_related("asked_by__person")
        self.demand = asked.order_by("asked_at").first()
        self.parts = erasure_parts(self.case, self.demand, self.now.astimezone(self.zone).date()) if self.demand else []
        self.note = _whose(self.case, self.demand) if self.demand else ""
        for part in self.parts:
            if part.count == 0:
                continue
            group = f"do_{part.group}"
            name = str(label(phrases.DATA, part.group))
            if part.free:
                self.fields[group] = one_of(
                    name, [("erase", _("刪除")), ("keep", _("保留"))], cards=True, help_text=_("共 %(n)s 項，法律沒有要求再保存。") % {"n": part.count}
                )
                self.fields[f"why_{part.group}"] = line_field(
                    _("「%(group)s」要保留的理由") % {"group": name}, required=False, limit=300, help_text=_("選保留時要寫。")
                )
            else:
                self.fields[group] = one_of(name, [("keep", part_words(part))], cards=True, initial="keep")
        self.fields["words"] = words_field(_("想對當事人補充的話"), required=False, rows=3, limit=2_000, help_text=_("逐項的結果會自動寫進答覆。"))

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.demand is None:
            raise forms.ValidationError(NotAskedFor().message())
        for part in self.parts:
            if data.get(f"do_{part.group}") == "keep" and part.free and not data.get(f"why_{part.group}", "").strip():
                self.add_error(f"why_{part.group}", _("請寫為什麼保留。"))
        data["demand"] = self.demand
        data["choices"] = {
            part.group: rights.Choice(data.get(f"do_{part.group}") == "erase", data.get(f"why_{part.group}", ""))
            for part in self.parts
        }
        return data


# --- the table -----------------------------------------------------------------------------------------------------

Run = Callable[[Case, dict[str, Any], Actor, datetime], Any]


@dataclass(frozen=True)
class Act:
    """One thing staff do to a case.

    code     segment of its address
    move     right of `accounts.rules.MOVES`
    title    the act and its object;  verb: what the button says;  changes: what changes and what does not
    group    where the page lists it
    instead  the act to turn to when this one turns out not to be the right one
    back     the page of the case to return to
    """

    code: str
    move: str
    title: Lazy | str
    verb: Lazy | str
    form: type[ActForm]
    run: Run
    changes: Lazy | str = ""
    group: str = "more"
    icon: str = ""
    danger: bool = False
    stages: frozenset[str] = rules.OPEN
    card: str = ""
    instead: str = ""
    back: str = "desk:case"


def _plain(service: Callable[..., Any], *names: str) -> Run:
    """Call the service with these fields of the form."""

    def run(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
        return service(case=case, actor=actor, now=now, **{name: data[name] for name in names if name in data})

    return run


def _on(service: Callable[..., Any], row: str, *names: str) -> Run:
    """Call a service that takes a row of the case instead of the case."""

    def run(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
        return service(**{row: data[row]}, actor=actor, now=now, **{name: data[name] for name in names})

    return run


def _on_case(service: Callable[..., Any], row: str) -> Run:
    """Call a service that takes the case and a row that belongs to it."""

    def run(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
        return service(case=case, **{row: data[row]}, actor=actor, now=now)

    return run


def _on_case_with(service: Callable[..., Any], *names: str) -> Run:
    """Call a service that takes the case, a row of it and what was typed."""

    def run(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
        return service(case=case, actor=actor, now=now, **{name: data[name] for name in names})

    return run


def _party_add(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    family, given = split_name(data["name"])
    person = intake.PersonGiven(family_name=family, given_name=given, contacts=contacts_of(data))
    return parties.party_add(
        case=case, person=person, roles=data["roles"], relation=data["relation"], actor=actor, now=now
    )


def contacts_of(data: dict[str, Any]) -> tuple[Contact, ...]:
    """Telephone and mail as typed; the first of them is the one to use."""
    left = [Contact(kind, data[name].strip()) for kind, name in (("phone", "phone"), ("email", "email")) if data[name].strip()]
    return tuple(replace(contact, preferred=n == 0) for n, contact in enumerate(left))


def _raise(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return handling.case_raise(case=case, level=int(data["level"]), reason=data["reason"], actor=actor, now=now)


def _lower(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return handling.level_lower_ask(case=case, level=int(data["level"]), reason=data["reason"], actor=actor, now=now)


def _decide(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    from suyuan.cases.errors import AlreadyDone

    approval = case.approvals.filter(kind="lower_level", decision="").first()
    if approval is None:
        raise AlreadyDone()
    agree = data["agree"] == "yes"
    return handling.approval_decide(approval=approval, agree=agree, words=data["words"], actor=actor, now=now)


def _harm(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    if "state" not in data:
        return handling.harm_date(case=case, occurred_on=data["occurred_on"], actor=actor, now=now)
    return handling.harm_state(
        case=case, state=data["state"], occurred_on=data["occurred_on"], actor=actor, now=now
    )


def _judge(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return handling.harm_judge(
        case=case,
        serious=data["serious"] == "yes",
        reason=data["reason"],
        occurred_on=data["occurred_on"],
        actor=actor,
        now=now,
    )


def _care(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    cost = data.get("cost_major")
    return handling.care_record(
        case=case,
        kind=data["kind"],
        happened_at=data["happened_at"],
        words=data["words"],
        place=data["place"],
        cost=int(cost * 100) if cost is not None else None,
        currency={"tw": "TWD", "cn": "CNY"}[case.jurisdiction] if cost is not None else "",
        clears_danger=bool(data.get("clears_danger")),
        actor=actor,
        now=now,
    )


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


def _finding(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return investigation.finding_record(
        case=case,
        words=data["words"],
        issue=data["issue"],
        basis=data["basis"],
        cites=data.get("cites", ()),
        replaces=data.get("replaces"),
        actor=actor,
        now=now,
    )


def _evaluate(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    answers = {name[2:]: _scaled(value) for name, value in data.items() if name.startswith("q_") and value not in ("", None)}
    return ending.case_evaluate(case=case, answers=answers, words=data["words"], actor=actor, now=now)


def _scaled(value: Any) -> Any:
    """A figure of a scale, a yes or a no; words and codes as they are."""
    if value in ("yes", "no"):
        return value == "yes"
    return int(value) if isinstance(value, str) and len(value) == 1 and value in "12345" else value


def filled(words: str, case: Case, now: datetime) -> str:
    """A wording of the pack with its known places filled in."""
    from suyuan.playbooks.texts import fill

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


def _copies(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return copies_make(case=case, data=data, actor=actor, now=now)


def _copies_out(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return rights.case_copies_hand_over(case=case, actor=actor, now=now, **data)


def _seal(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    items = list(data["items"])
    unknown = set(data["lots"]) - {item.number for item in items}
    if unknown:
        raise BadInput(fields={"lots": _("這些編號沒有選在上面：%(numbers)s") % {"numbers": _("、").join(map(str, sorted(unknown)))}})
    told = ("place", "kept_at", "for_clinic", "for_patient", "witness", "absence", "signed_on", "unfinished")
    return rights.case_seal(
        case=case,
        items=items,
        ceremony=Ceremony(**{name: data[name] for name in told}),
        lots={item.pk: data["lots"][item.number] for item in items if item.number in data["lots"]},
        continues=data.get("continues"),
        happened_at=data["happened_at"],
        actor=actor,
        now=now,
    )


def _unseal(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return rights.case_unseal(case=case, actor=actor, now=now, **(data | {"intact": data["intact"] == "yes"}))


def _whose(case: Case, demand: Demand) -> str:
    """By whom, and whose data is answered for."""
    party = demand.asked_by
    who = (party.person.full_name if party is not None else "") or _("申訴人")
    if subject_of(case, demand).party is None:
        return _("%(who)s請求刪除病人的資料。") % {"who": who}
    if demand.about == rules.OWN:
        return _("%(who)s請求刪除自己說過、提供過的內容和自己的聯絡資料。下面只列這些，病人的資料不動。") % {"who": who}
    return _("%(who)s不是病人，也還沒有證明有權代理：下面只列對方自己說過、提供過的內容和聯絡資料，病人的資料不動。") % {"who": who}


def _erase(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return erasure_decide(case=case, demand=data["demand"], choices=data["choices"], words=data["words"], actor=actor, now=now)


_ENDED = rules.ENDED
_EVER = rules.OPEN | rules.ENDED

ACTS: tuple[Act, ...] = (
    # the way forward
    Act("acknowledge", "acknowledge", _l("確認受理"), _l("記下確認"), AcknowledgeForm,
        _plain(handling.case_acknowledge, "method", "words", "happened_at"),
        _l("告訴對方我們收到了、接下來會怎麼做。存檔後不能更改；自動回信不算。"), "forward", "check",
        stages=frozenset({rules.Stage.RECEIVED})),
    Act("investigate", "investigate", _l("開始調查"), _l("開始調查"), NothingForm, _plain(investigation.case_investigate),
        _l("案件進入調查。"), "forward", "search", stages=frozenset({rules.Stage.ACKNOWLEDGED})),
    Act("disclose", "disclose", _l("說明調查結果"), _l("記下說明"), TellForm,
        _plain(investigation.case_disclose, "words", "method", "happened_at"),
        _l("用白話把查明的事告訴對方。身分核對過的人可以在進度頁讀到全文。"), "forward", "message",
        stages=frozenset({rules.Stage.INVESTIGATING}), card="disclosure"),
    Act("respond", "respond", _l("送出書面答覆"), _l("記下答覆"), AnswerForm,
        _plain(investigation.case_respond, "words", "method", "wishes", "happened_at"),
        _l("這是對這件申訴的正式答覆。之後對方仍可以表示意見。"), "forward", "send",
        stages=frozenset({rules.Stage.DISCLOSED})),
    Act("propose-closing", "close_request", _l("提出結案"), _l("提出結案"), NothingForm, _plain(ending.close_request),
        _l("由另一位同事確認後才會結案。法定義務與照護不因結案而停止。"), "forward", "check",
        stages=frozenset({rules.Stage.RESPONDED})),
    Act("close", "close_confirm", _l("確認結案"), _l("確認結案"), NothingForm, _plain(ending.close_confirm),
        _l("案件結束。對方在期間內仍可以要求重新處理。"), "forward", "check",
        stages=frozenset({rules.Stage.RESPONDED})),
    # talking
    Act("contact", "contact", _l("記錄聯繫"), _l("記下聯繫"), ContactForm,
        _plain(handling.contact_log, "kind", "channel", "direction", "happened_at", "points", "place", "participants",
               "minutes", "tone", "next_step", "keeps_promise", "theirs", "ours", "beyond"),
        _l("寫下時間、在場的人與談到的事。這份紀錄之後不能更改，只能補記。"), "talk", "phone", card="emotion"),
    Act("plan", "contact", _l("說明處理計畫或醫療狀況"), _l("記下說明"), PlanForm,
        _plain(handling.plan_explain, "words", "method", "happened_at"), "", "talk", "message"),
    Act("promise", "promise", _l("記下約定"), _l("記下約定"), PromiseForm,
        _plain(handling.promise_make, "words", "due_at"),
        _l("對方在進度頁會看到同一句話與同一個時間。"), "talk", "clock"),
    Act("promise-kept", "promise", _l("約定已兌現"), _l("記下兌現"), PromiseKeepForm,
        _on(handling.promise_keep, "promise", "how"), "", "talk", "check"),
    Act("channels", "contact", _l("告知外部管道"), _l("記下告知"), ChannelsForm,
        _plain(handling.channels_notify, "method", "happened_at"),
        _l("主管機關、消費者保護與調解的管道，依法要告訴對方。"), "talk", "info", stages=_EVER),
    Act("disputed", "contact", _l("標示為有爭議，改以書面為先"), _l("改以書面為先"), NothingForm,
        _plain(handling.dispute_mark), _l("談話仍然可以，每次談完都寫成紀錄。"), "talk", "edit"),
    Act("helper", "contact", _l("安排溝通協助"), _l("記下"), HelperForm, _plain(handling.helper_name, "helper"), "", "talk"),
    Act("demand", "demand_record", _l("記下對方的要求"), _l("記下要求"), DemandForm,
        _plain(handling.demand_record, "kind", "asked_at", "asked_by", "about", "words"),
        _l("病歷複製本、個人資料、退費等要求各有法定期限，從提出時起算。"), "talk", "file", stages=_EVER),
    Act("demand-answer", "demand_answer", _l("答覆對方的要求"), _l("記下答覆"), DemandAnswerForm,
        _on(handling.demand_answer, "demand", "outcome", "words", "happened_at"), "", "talk", stages=_EVER),
    # grave or not
    Act("raise", "raise", _l("評定或提高等級"), _l("評定等級"), RaiseForm, _raise,
        _l("等級決定由誰處理、多快處理。任何人都可以提高。"), "grade", "level"),
    Act("lower", "lower_request", _l("提出降級"), _l("送出請求"), LowerForm, _lower,
        _l("需要另一位同事同意才會生效；法定期限不會因此變長。"), "grade"),
    Act("lower-decide", "lower_approve", _l("決定是否降級"), _l("送出決定"), DecideForm, _decide, "", "grade"),
    Act("flag", "flag", _l("加上標記"), _l("加上標記"), FlagForm, _plain(handling.case_flag, "flag", "reason"), "", "grade"),
    Act("unflag", "unflag", _l("取消標記"), _l("取消標記"), UnflagForm, _plain(handling.case_unflag, "flag", "reason"), "",
        "grade"),
    Act("danger", "raise", _l("通報危險徵象"), _l("立即通報醫師"), DangerForm,
        _plain(intake.danger_raise, "signs", "words"), _l("先照顧身體：醫師會立刻收到。"), "grade", "danger", danger=True,
        stages=_EVER),
    Act("harm", "classify", _l("記下是否有身體傷害"), _l("記下"), HarmForm,
        _harm,
        _l("有提到而醫師還沒有判斷之前，期限照「是」計算。"), "grade", stages=_EVER),
    Act("judge", "medical_judgement", _l("判斷是否為重大傷害"), _l("記下判斷"), JudgeForm, _judge,
        _l("由醫師判斷並署名。判斷為「是」時，法定的說明與關懷期限開始或繼續計算。"), "grade", "stethoscope",
        stages=_EVER),
    Act("care", "care_record", _l("記下檢視或照護"), _l("記下結果"), CareForm, _care,
        _l("照顧病人優先於一切程序，與責任無關。"), "grade", "stethoscope", stages=_EVER),
    Act("incident", "classify", _l("記下應通報的事件"), _l("記下事件"), IncidentForm,
        _plain(handling.incident_identify, "kind", "happened_at", "words"), "", "grade", stages=_EVER),
    Act("report", "proceed", _l("記下已通報主管機關"), _l("記下通報"), ReportForm,
        _plain(handling.report_made, "kind", "incident", "body", "number", "happened_at"), "", "grade", stages=_EVER),
    # people
    Act("assign", "assign", _l("指定負責人"), _l("指定"), AssignForm, _plain(handling.case_assign, "owner"), "", "people"),
    Act("speaker", "speaker", _l("指定對外窗口"), _l("指定"), SpeakerForm, _plain(handling.speaker_name, "speaker"),
        _l("由同一個人對病人說話。"), "people"),
    Act("investigator", "appoint", _l("指派調查人"), _l("指派"), InvestigatorForm,
        _plain(investigation.investigator_appoint, "user", "expertise", "reason"), _l("被申訴提到的同事、治療過這位病人的同事不會出現在名單裡；別的分院的同事與受邀的來賓也可以調查。"), "people"),
    Act("investigator-release", "appoint", _l("解除調查人"), _l("解除"), InvestigatorReleaseForm,
        _plain(investigation.investigator_release, "user", "reason"),
        _l("這位同事不再調查，也不再因此看得到案件；寫下的發現保留。"), "people", stages=_EVER),
    Act("reviewer", "appoint", _l("請醫師評估醫療標準"), _l("請這位醫師"), ReviewerForm,
        _plain(investigation.reviewer_appoint, "user", "reason"),
        _l("沒有參與治療的醫師；他會讀到案件，回答四個問題並署名。再請一位就是第二意見。"), "find", "stethoscope"),
    Act("declare", "record_finding", _l("填寫利益聲明"), _l("存下聲明"), DeclareForm,
        _plain(inquiry.conflict_declare, "declared", "words"), _l("受指派的人自己填寫，存檔後不能更改。"), "find", stages=_EVER),
    Act("complained", "appoint", _l("記下申訴提到的同事"), _l("記下"), ColleagueComplainedForm,
        _plain(parties.complained_set, "user"), _l("這位同事之後看不到案件，只會看到請他說明的頁面與支持。"), "people"),
    Act("complained-unset", "assign", _l("更正申訴提到的同事"), _l("更正"), ComplainedUnsetForm,
        _plain(parties.complained_unset, "user", "reason"),
        _l("記錯了人才更正。原本的職務與案件權限恢復；先前在這件的分工不會自動還回去。"), "people", stages=_EVER),
    Act("statement", "statement_ask", _l("請同事說明"), _l("送出"), StatementAskForm,
        _plain(investigation.statement_ask, "user", "alleged", "due_at"), "", "people"),
    Act("support", "statement_ask", _l("支持被提到的同事"), _l("記下"), SupportForm,
        _plain(investigation.support_offer, "user", "words"), "", "people", stages=_EVER),
    Act("party", "contact", _l("加入一位相關的人"), _l("加入"), PartyAddForm, _party_add,
        _l("家屬、代理人或陪同的人。身分核對之前，不給病歷與調查內容。"), "people", stages=_EVER),
    Act("verify", "party_verify", _l("核對身分"), _l("記下核對"), VerifyForm, _plain(parties.party_verify, "party", "how"),
        _l("核對之後，對方才能在進度頁讀到調查說明。"), "people", stages=_EVER),
    Act("authority", "party_verify", _l("確認代理權"), _l("記下"), AuthorityForm,
        _plain(parties.party_authority_prove, "party", "how"), "", "people", stages=_EVER),
    Act("legal", "ask_legal", _l("請法務看"), _l("送出"), WordsForm, _plain(handling.legal_ask, "words"), "", "people"),
    Act("task", "task", _l("交辦"), _l("交辦"), TaskForm,
        _plain(handling.task_open, "kind", "title", "assignee", "role", "due_at"), "", "people", "task"),
    Act("task-done", "task_finish", _l("完成待辦"), _l("完成"), TaskFinishForm,
        _on(handling.task_finish, "task", "words"), "", "people", "check", stages=_EVER, instead="task-cancel"),
    Act("task-cancel", "task", _l("取消待辦"), _l("取消這件待辦"), TaskCancelForm,
        _on(handling.task_cancel, "task", "reason"),
        _l("不必做了才取消；理由留在案件裡。檢視危險徵象的待辦不能取消，要由醫師記下結果。"), "people", stages=_EVER),
    Act("guest", "guest_invite", _l("邀請院外醫師或律師"), _l("邀請"), GuestForm,
        _plain(handling.guest_invite, "name", "email", "kind", "last_day", "reason"),
        _l("來賓只看得到這一件，到最後一天為止；可以當降級與結案的第二個人。"), "people", stages=_EVER),
    Act("guest-end", "guest_invite", _l("收回來賓的權限"), _l("收回"), GuestEndForm, _on_case(handling.guest_release, "grant"),
        _l("這位來賓從現在起看不到這一件；做過的事留在紀錄裡。"), "people", stages=_EVER),
    Act("move", "move_branch", _l("移到另一個分院"), _l("移過去"), MoveBranchForm,
        _plain(handling.case_move_branch, "branch", "reason"),
        _l("案號不變；法定期限從原來的起算日，依新分院的法律重新計算。"), "people"),
    # finding out
    Act("issue", "classify", _l("加一件申訴的事"), _l("加上"), IssueForm,
        _plain(handling.issue_add, "subject", "treatment"), "", "find"),
    Act("classify", "classify", _l("歸類原因"), _l("歸類"), ClassifyForm,
        _plain(handling.issue_classify, "issue", "causes", "primary"), "", "find"),
    Act("factors", "classify", _l("記下影響因素"), _l("記下"), FactorsForm,
        _plain(handling.factors_record, "factors"), "", "find"),
    Act("plan-step", "plan_inquiry", _l("調查計畫加一步"), _l("加上"), PlanStepForm,
        _plain(inquiry.plan_step_add, "kind", "words", "issue", "user", "due_at"),
        _l("指定了人，他的工作清單就會出現這一步。"), "find"),
    Act("plan-step-done", "task_finish", _l("完成調查計畫的一步"), _l("記下完成"), PlanStepEndForm,
        _on(inquiry.plan_step_finish, "step", "note"), "", "find"),
    Act("plan-step-strike", "plan_inquiry", _l("劃去調查計畫的一步"), _l("劃去"), PlanStepStrikeForm, _plan_strike,
        _l("原文保留，看得到是誰、為什麼。"), "find"),
    Act("finding", "record_finding", _l("記下查明的事實"), _l("記下"), FindingForm, _finding,
        _l("不能改寫；要更正就另寫一項，舊的會劃線保留。"), "find"),
    Act("root-cause", "record_finding", _l("五個為什麼"), _l("記下"), RootCauseForm, _root_cause,
        _l("受保護：根本原因分析另室保存，不作為追究個人的依據。"), "find"),
    Act("fishbone", "record_finding", _l("魚骨圖"), _l("記下"), FishboneForm, _fishbone,
        _l("受保護：根本原因分析另室保存，不作為追究個人的依據。"), "find"),
    Act("exposure", "exposure", _l("評估法律風險"), _l("存下評估"), ExposureForm, _exposure,
        _l("受保護：與法務的往來放在一起。先前的評估保留。"), "find", "scales", stages=_EVER),
    Act("dissent", "dissent", _l("對醫療標準評估寫下不同意見"), _l("存下意見"), DissentForm,
        _on(assessing.care_dissent, "sheet", "words"), _l("與評估一起保存，一起被讀到。"), "find", stages=_EVER),
    Act("late-entry", "care_record", _l("補記"), _l("補記"), LateEntryForm,
        _plain(handling.late_entry_make, "words", "happened_at"), _l("會標明是事後補記。"), "find", stages=_EVER),
    # holds, copies, seals, erasure
    Act("hold", "hold", _l("開始保全"), _l("開始保全"), HoldForm, _plain(case_hold_place, "kind", "reason"),
        _l("這件的檔案、訊息、聯絡資料、病人資料與各項紀錄，從現在起都不能刪除、銷毀或合併。"), "rights", "lock", stages=_EVER),
    Act("hold-lift", "hold_lift", _l("解除保全"), _l("解除這項保全"), HoldLiftForm, _on_case_with(case_hold_lift, "hold", "reason"),
        _l("要求保全的人不能自己解除；案外的程序還在進行時也不能。"), "rights", danger=True, stages=_EVER),
    Act("agreement", "showing_agree", _l("雙方同意提出會談內容"), _l("記下同意"), AgreementForm,
        _plain(showing_agree, "compartment", "purposes", "by_clinic", "by_person", "how", "words", "happened_at"),
        _l("調解與關懷會談的內容依法不對外提出，除非雙方同意。這一筆只有讀得到那一部分的人看得到。"), "rights", stages=_EVER),
    Act("copies", "demand_answer", _l("備妥複製本"), _l("備妥這一份"), CopiesForm, _copies,
        _l("列出要交付的病歷、同意書與往來訊息，算出整份的雜湊值。清單存下後不能更改。"), "rights", "copy", stages=_EVER),
    Act("copies-out", "demand_answer", _l("交付複製本"), _l("記下交付"), CopiesOutForm, _copies_out,
        _l("核對身分後交付並請對方簽收；法定期限到交付為止。"), "rights", "check", stages=_EVER),
    Act("copies-wait", "demand_answer", _l("已備妥，等對方領取"), _l("記下通知"), CopiesWaitForm,
        _on_case_with(rights.case_copies_wait, "copies", "how"),
        _l("我們這一邊已經完成，對方還沒有來。期限停在今天，紀錄裡會寫明是等待領取。"), "rights", stages=_EVER),
    Act("seal", "seal", _l("雙方在場封存"), _l("記下封存"), SealForm, _seal,
        _l("列出封存的檔案與實物，雙方簽名、各執一份清單，由診所保管。存下後不能更改。"), "rights", "seal", stages=_EVER),
    Act("unseal", "seal", _l("啟封"), _l("記下啟封"), UnsealForm, _unseal,
        _l("怎麼封的就怎麼開：雙方在場，或有法律承認的理由與見證人。"), "rights", stages=_EVER),
    Act("erase", "erase", _l("逐項答覆刪除個資的請求"), _l("送出決定"), EraseForm, _erase,
        _l("刪除之後無法復原。依法要保存的、正在保全的不會刪除，會向當事人說明是哪一條、到什麼時候。"), "rights", danger=True,
        stages=_EVER),
    # beside and after
    Act("proceeding", "proceed", _l("記下調解、訴訟或主管機關程序"), _l("記下"), ProceedingForm,
        _plain(outside.proceeding_open, "kind", "body", "number", "happened_at"), "", "outside", stages=_EVER),
    Act("proceeding-step", "proceed", _l("記下程序的進展"), _l("記下"), ProceedingStepForm,
        _on(outside.proceeding_step, "proceeding", "milestone", "happened_at", "note"), "", "outside", stages=_EVER),
    Act("proceeding-end", "proceed", _l("程序結束"), _l("記下"), ProceedingEndForm,
        _on(outside.proceeding_end, "proceeding", "outcome", "happened_at"), "", "outside", stages=_EVER),
    Act("resolve", "resolve_on_spot", _l("當場解決"), _l("記下解決"), SpotForm,
        _plain(ending.case_resolve_on_spot, "words"), "", "end",
        stages=frozenset({rules.Stage.RECEIVED, rules.Stage.ACKNOWLEDGED})),
    Act("withdraw", "withdraw", _l("對方撤回申訴"), _l("記下撤回"), ReasonForm, _plain(ending.case_withdraw, "reason"),
        _l("申訴結束，法定義務與照護照常進行。"), "end"),
    Act("reopen", "reopen", _l("重新處理"), _l("重新處理"), ReasonForm, _plain(ending.case_reopen, "reason"), "", "end",
        stages=_ENDED),
    Act("evaluate", "evaluate", _l("結案評估"), _l("存下評估"), EvaluateForm, _evaluate, "", "end",
        stages=_ENDED | {rules.Stage.RESPONDED}),
)  # fmt: skip

BY_CODE = {act.code: act for act in ACTS}
# Which act clears which gate, so that a blocker can lead there.
CLEARS = {
    "danger_resolved": "care",
    "handler_named": "assign",
    "speaker_named": "speaker",
    "acknowledged": "acknowledge",
    "graded": "raise",
    "level_one": "lower",
    "causes_classified": "classify",
    "harm_stated": "harm",
    "no_harm_alleged": "judge",
    "channels_notified": "channels",
    "communication_helper_named": "helper",
    "investigator_named": "investigator",
    "facts_established": "finding",
    "root_cause_recorded": "root-cause",
    "promises_settled": "promise-kept",
    "demands_answered": "demand-answer",
    "tasks_done": "task-done",
    "closing_proposed": "propose-closing",
    "final_answer_sent": "respond",
    "disclosure_written": "disclose",
}


# Which act fulfils a clock: by the fact that stops it.
STOPS_WITH = {
    "case.acknowledged": "acknowledge",
    "plan.explained": "plan",
    "contact.logged": "contact",
    "care.recorded": "care",
    "harm.judged": "judge",
    "channels.notified": "channels",
    "demand.answered": "demand-answer",
    "report.made": "report",
    "case.findings_disclosed": "disclose",
    "case.responded": "respond",
    "issue.classified": "classify",
    "case.graded": "raise",
    "case.assigned": "assign",
    "investigator.appointed": "investigator",
    "proceeding.milestone": "proceeding-step",
    "proceeding.ended": "proceeding-end",
    "late_entry.made": "late-entry",
    "case.closed": "close",
}

GROUPS = {
    "forward": _l("往前一步"),
    "talk": _l("與病人往來"),
    "grade": _l("輕重與照護"),
    "people": _l("人員與分工"),
    "find": _l("調查"),
    "rights": _l("保全、複製本與封存"),
    "outside": _l("程序"),
    "end": _l("結束與重啟"),
}

# Acts that make sense only while there is something to act on. Rows are those counted at the door of the case.
_NEEDS: dict[str, Callable[[Any], bool]] = {
    "promise-kept": lambda case: case.n_promises > 0,
    "demand-answer": lambda case: case.n_demands > 0,
    "task-done": lambda case: case.n_tasks > 0,
    "task-cancel": lambda case: case.n_tasks > 0,
    "investigator-release": lambda case: case.has_investigator,
    "complained-unset": lambda case: case.complained_about,
    "guest-end": lambda case: case.has_guest,
    "raise": lambda case: case.level < 3,
    "lower": lambda case: case.level > 1 and case.lowering_by is None,
    "lower-decide": lambda case: case.lowering_by is not None,
    "flag": lambda case: len(case.flags) < len(rules.FLAGS),
    "unflag": lambda case: bool(case.flags),
    "disputed": lambda case: case.disputed_at is None,
    "helper": lambda case: bool(case.communication_need) and not case.helper_named,
    "propose-closing": lambda case: case.closing_asked_at is None,
    "close": lambda case: case.closing_asked_at is not None,
    "statement": lambda case: case.complained_about,
    "support": lambda case: case.complained_about,
    "authority": lambda case: case.represented,
    "proceeding-step": lambda case: case.n_proceedings > 0,
    "proceeding-end": lambda case: case.n_proceedings > 0,
    "evaluate": lambda case: not case.evaluated,
    "hold-lift": lambda case: case.held,
    "copies-out": lambda case: case.copies_ready,
    "copies-wait": lambda case: case.copies_ready and case.n_demands > 0,
    "unseal": lambda case: case.under_seal,
    "erase": lambda case: case.n_erasures > 0,
}


def offered(case: Case, allowed: frozenset[str]) -> list[Act]:
    """Acts that this person may do, this stage admits, and that have something to act on."""
    return [
        act
        for act in ACTS
        if act.move in allowed and case.stage in act.stages and _NEEDS.get(act.code, lambda _case: True)(case)
    ]
