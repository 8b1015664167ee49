"""What passes between the clinic and the person: talks, promises, demands."""
from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.cases import phrases
from suyuan.cases.models import Demand, Party, Promise
from suyuan.cases.phrases import label
from suyuan.cases.services import handling
from suyuan.cases.services.arriving import words_take_down
from suyuan.correspondence.phrases import channel_word
from suyuan.correspondence.rules import BODY_LIMIT
from suyuan.correspondence.rules.guard import Surface
from suyuan.desk.acts.act import EVER, Act, ActForm, NothingForm, RowField, on, plain
from suyuan.desk.fields import LocalTimeField, line_field, one_of, words_field
from suyuan.desk.template_pick import TemplatesAt


class ContactForm(ActForm):
    templates_at = TemplatesAt("points", "channel", first=("minutes", "emergency", "acknowledgement", "delay"), aloud=True)

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


class CameInForm(ActForm):
    """A text, a letter or a call: by which way, when, from whom, and the words as they were."""

    def build(self) -> None:
        channels = ("sms", "phone_note", "letter", "in_person", "line", "email")
        self.fields["channel"] = one_of(_("怎麼收到的"), [(code, channel_word(code)) for code in channels], initial="sms")
        self.fields["happened_at"] = self.happened(_("對方什麼時候傳來或說的"), required=True)
        people = Party.objects.filter(case=self.case).select_related("person").order_by("id")
        self.fields["party"] = RowField(
            label=_("看起來是誰"), rows=people, required=False, empty_label=_("不是其中一位，或不確定"),
            words=lambda party: party.person.full_name or _("申訴人"),
        )  # fmt: skip
        self.fields["sender"] = line_field(
            _("號碼、名字或寄件人"), required=False, limit=120, help_text=_("照手機或信封上寫的。上面選了人，可以不填。")
        )
        self.fields["words"] = words_field(_("對方的話"), rows=6, limit=BODY_LIMIT, help_text=_("照原文打，不改寫。照片另外加到證物。"))

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("party") and not data.get("sender", "").strip():
            self.add_error("sender", _("請選是誰，或寫下號碼、名字。"))
        return data


class PlanForm(ActForm):
    templates_at = TemplatesAt(chooser="method", first=("progress", "findings", "delay", "channel_choice"))

    def build(self) -> None:
        self.fields["words"] = words_field(_("說明了什麼"), rows=6, guarded=Surface.PRIVATE_MESSAGE)
        self.fields["words"].guarded_when = ("method", "in_person", Surface.CARE_MEETING)
        self.fields["method"] = one_of(_("用什麼方式"), self.methods())
        self.fields["happened_at"] = self.happened()


class ChannelsForm(ActForm):
    def build(self) -> None:
        self.fields["method"] = one_of(_("用什麼方式告知"), self.methods())
        self.fields["happened_at"] = self.happened()


class HelperForm(ActForm):
    helper = line_field(_l("由誰協助溝通"), help_text=_l("通譯、手語、家屬以外受過訓練的人"))


class PromiseForm(ActForm):
    templates_at = TemplatesAt(only=("promise",), due="due_at")

    def build(self) -> None:
        self.fields["due_at"] = LocalTimeField(zone=self.zone, label=_("在什麼時候之前"))
        self.fields["words"] = line_field(_("答應了什麼"), limit=200, rows=2, guarded=Surface.PRIVATE_MESSAGE)


class PromiseKeepForm(ActForm):
    def build(self) -> None:
        open_ones = Promise.objects.held().filter(case=self.case, kept_at=None).order_by("due_at")
        self.fields["promise"] = RowField(
            label=_("哪一個約定"), rows=open_ones, words=lambda promise: promise.words
        )
        self.fields["how"] = line_field(_("怎麼做到的"), required=False, limit=300)


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
    templates_at = TemplatesAt(first=("records_copy", "refusal", "offer"), ways=("portal", "email", "letter", "phone_note", "in_person"))

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
        self.fields["words"] = words_field(_("怎麼回覆的"), rows=4, guarded=Surface.PRIVATE_MESSAGE)
        self.fields["happened_at"] = self.happened()


def demand_words(demand: Demand) -> str:
    return str(label(phrases.DEMANDS, demand.kind))


ACTS: tuple[Act, ...] = (
    Act("contact", "contact", _l("記錄聯繫"), _l("記下聯繫"), ContactForm,
        plain(handling.contact_log, "kind", "channel", "direction", "happened_at", "points", "place", "participants",
               "minutes", "tone", "next_step", "keeps_promise", "theirs", "ours", "beyond"),
        _l("寫下時間、在場的人與談到的事。這份紀錄之後不能更改，只能補記。"), "talk", "phone", card="emotion"),
    Act("came-in", "contact", _l("記下來訊"), _l("記下來訊"), CameInForm,
        plain(words_take_down, "channel", "happened_at", "party", "sender", "words"),
        _l("簡訊、電話、紙本或別處傳來的話，記進案件的訊息。會標明由誰記下，對方在進度頁看不到。"), "talk", "message", stages=EVER,
        back="desk:letters"),
    Act("plan", "contact", _l("說明處理計畫或醫療狀況"), _l("記下說明"), PlanForm,
        plain(handling.plan_explain, "words", "method", "happened_at", "templates"), "", "talk", "message"),
    Act("promise", "promise", _l("記下約定"), _l("記下約定"), PromiseForm,
        plain(handling.promise_make, "words", "due_at", "templates"),
        _l("對方在進度頁會看到同一句話與同一個時間。"), "talk", "clock"),
    Act("promise-kept", "promise", _l("約定已兌現"), _l("記下兌現"), PromiseKeepForm,
        on(handling.promise_keep, "promise", "how"), "", "talk", "check"),
    Act("channels", "contact", _l("告知外部管道"), _l("記下告知"), ChannelsForm,
        plain(handling.channels_notify, "method", "happened_at"),
        _l("主管機關、消費者保護與調解的管道，依法要告訴對方。"), "talk", "info", stages=EVER),
    Act("disputed", "contact", _l("標示為有爭議，改以書面為先"), _l("改以書面為先"), NothingForm,
        plain(handling.dispute_mark), _l("談話仍然可以，每次談完都寫成紀錄。"), "talk", "edit"),
    Act("helper", "contact", _l("安排溝通協助"), _l("記下"), HelperForm, plain(handling.helper_name, "helper"), "", "talk"),
    Act("demand", "demand_record", _l("記下對方的要求"), _l("記下要求"), DemandForm,
        plain(handling.demand_record, "kind", "asked_at", "asked_by", "about", "words"),
        _l("病歷複製本、個人資料、退費等要求各有法定期限，從提出時起算。"), "talk", "file", stages=EVER),
    Act("demand-answer", "demand_answer", _l("答覆對方的要求"), _l("記下答覆"), DemandAnswerForm,
        on(handling.demand_answer, "demand", "outcome", "words", "happened_at", "templates"), "", "talk", stages=EVER),
)  # fmt: skip
