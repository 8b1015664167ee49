"""How grave it is, what harm there was, and who looked after it."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.cases import rules
from suyuan.cases.errors import AlreadyDone, HarmJudged
from suyuan.cases.models import Case
from suyuan.cases.selectors.incidents import Incident, incidents_of, incidents_waiting
from suyuan.cases.services import handling, intake
from suyuan.cases.services.rights import CURRENCIES
from suyuan.desk.acts.act import EVER, Act, ActForm, plain
from suyuan.desk.fields import DayField, line_field, one_of, some_of, words_field
from suyuan.kernel.actor import Actor
from suyuan.ui import dates


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


class CareForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("做了什麼"), self.kinds("care_kinds"))
        self.fields["happened_at"] = self.happened(required=True)
        self.fields["words"] = words_field(_("看到什麼、做了什麼、告訴病人什麼"), rows=6)
        self.fields["place"] = line_field(_("在哪裡"), required=False)
        self.fields["cost_major"] = forms.DecimalField(
            label=_("費用（%(currency)s）") % {"currency": CURRENCIES[self.case.jurisdiction]},
            required=False,
            min_value=0,
            max_digits=12,
            decimal_places=2,
        )
        if self.case.danger == "open":
            self.fields["clears_danger"] = forms.BooleanField(
                label=_("醫師已檢視，危險徵象已經處理"), required=False
            )


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


class DangerForm(ActForm):
    def build(self) -> None:
        choices = [(q.id, str(q.short)) for q in self.procedure.danger_questions]
        self.fields["signs"] = some_of(_("有哪些危險徵象"), choices, required=True)
        self.fields["words"] = words_field(_("對方怎麼說"), rows=3, required=False)


def _raise(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return handling.case_raise(case=case, level=int(data["level"]), reason=data["reason"], actor=actor, now=now)


def _lower(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return handling.level_lower_ask(case=case, level=int(data["level"]), reason=data["reason"], actor=actor, now=now)


def _decide(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
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
        currency=CURRENCIES[case.jurisdiction] if cost is not None else "",
        clears_danger=bool(data.get("clears_danger")),
        actor=actor,
        now=now,
    )


ACTS: tuple[Act, ...] = (
    Act("raise", "raise", _l("評定或提高等級"), _l("評定等級"), RaiseForm, _raise,
        _l("等級決定由誰處理、多快處理。任何人都可以提高。"), "grade", "level"),
    Act("lower", "lower_request", _l("提出降級"), _l("送出請求"), LowerForm, _lower,
        _l("需要另一位同事同意才會生效；法定期限不會因此變長。"), "grade"),
    Act("lower-decide", "lower_approve", _l("決定是否降級"), _l("送出決定"), DecideForm, _decide, "", "grade"),
    Act("flag", "flag", _l("加上標記"), _l("加上標記"), FlagForm, plain(handling.case_flag, "flag", "reason"), "", "grade"),
    Act("unflag", "unflag", _l("取消標記"), _l("取消標記"), UnflagForm, plain(handling.case_unflag, "flag", "reason"), "",
        "grade"),
    Act("danger", "raise", _l("通報危險徵象"), _l("立即通報醫師"), DangerForm,
        plain(intake.danger_raise, "signs", "words"), _l("先照顧身體：醫師會立刻收到。"), "grade", "danger", danger=True,
        stages=EVER),
    Act("harm", "classify", _l("記下是否有身體傷害"), _l("記下"), HarmForm,
        _harm,
        _l("有提到而醫師還沒有判斷之前，期限照「是」計算。"), "grade", stages=EVER),
    Act("judge", "medical_judgement", _l("判斷是否為重大傷害"), _l("記下判斷"), JudgeForm, _judge,
        _l("由醫師判斷並署名。判斷為「是」時，法定的說明與關懷期限開始或繼續計算。"), "grade", "stethoscope",
        stages=EVER),
    Act("care", "care_record", _l("記下檢視或照護"), _l("記下結果"), CareForm, _care,
        _l("照顧病人優先於一切程序，與責任無關。"), "grade", "stethoscope", stages=EVER),
    Act("incident", "classify", _l("記下應通報的事件"), _l("記下事件"), IncidentForm,
        plain(handling.incident_identify, "kind", "happened_at", "words"), "", "grade", stages=EVER),
    Act("report", "proceed", _l("記下已通報主管機關"), _l("記下通報"), ReportForm,
        plain(handling.report_made, "kind", "incident", "body", "number", "happened_at"), "", "grade", stages=EVER),
)  # fmt: skip
