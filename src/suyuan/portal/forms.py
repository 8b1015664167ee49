"""The forms of the portal. Whatever is typed is answered at its field, and nothing typed is taken away."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from suyuan.accounts.models import Branch
from suyuan.people.rules import Contact, contact_problem
from suyuan.playbooks.readers import Procedure, Purpose
from suyuan.portal import rules
from suyuan.ui import dates

PURPOSE = "purpose-"
# Asked for by a wish, a language or a body; never refused for a value we do not know.
SHORT, LINE, NAME = 80, 200, 80


class AskedForm(forms.Form):
    """A yes to what the file is used for; without it nothing is taken."""

    agreed = forms.BooleanField(
        label=lazy("我同意診所用這份資料查明這件申訴"), error_messages={"required": lazy("請先勾選同意，我們才能收下這份資料。")}
    )


class Words(forms.CharField):
    """What people write: invisible control characters go, letters that arrived broken are pointed at."""

    def __init__(self, *, lines: bool = False, **kwargs: Any) -> None:
        self.lines = lines
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        if value in self.empty_values:
            return ""
        return rules.tidy(str(value)) if self.lines else rules.one_line(str(value))

    def validate(self, value: str) -> None:
        super().validate(value)
        broken = value.count(rules.UNREADABLE)
        if broken:
            raise forms.ValidationError(
                _("有 %(n)d 個字傳過來時壞掉了，看起來像 %(sign)s。請改掉或刪掉再送出。")
                % {"n": broken, "sign": rules.UNREADABLE}
            )


class TooLong:
    """How many characters too many, instead of Django's figures."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, value: str) -> None:
        if len(value) > self.limit:
            raise forms.ValidationError(
                _("寫了 %(now)s 字，最多 %(limit)s 字。請縮短，或把較長的內容放在檔案裡附上。")
                % {"now": f"{len(value):,}", "limit": f"{self.limit:,}"}
            )


class RoughDate(Words):
    """A date as somebody remembers it: 115/10/28, 十月底, last month. Unreadable words are kept as words."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, validators=[TooLong(SHORT)], **kwargs)
        self.today: date | None = None
        self.roc = False

    def read(self, typed: str) -> rules.Rough:
        return rules.rough_date(typed, today=self.today, roc=self.roc)

    def validate(self, value: str) -> None:
        super().validate(value)
        rough = self.read(value)
        if not rough.is_wrong:
            return
        language = dates.language_of(get_language())
        said = {
            "future": _("這個日期還沒有到。"),
            "ancient": _("這個日期太久以前了。"),
            "impossible": _("沒有這一天。"),
        }[rough.kind]
        if rough.guess is not None:
            meant = dates.full_date(rough.guess, language)
            said += (_("您是指 %(date)s 嗎？") % {"date": meant}).replace("） ", "）")
        else:
            said += _("請再看一次，不記得可以不寫。")
        raise forms.ValidationError(said)


def _radio(label: str, **kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, widget=forms.RadioSelect, required=False, **kwargs)


class ComplaintForm(forms.Form):
    """The whole complaint on one page. Only the words and a way to answer are asked for; everything else may stay empty."""

    narrative = Words(
        label=lazy("發生了什麼事"),
        lines=True,
        required=True,
        error_messages={"required": lazy("請用您自己的話寫下發生的事，一兩句也可以。")},
        validators=[TooLong(rules.NARRATIVE_LIMIT)],
        widget=forms.Textarea(attrs={"rows": 7, "autocomplete": "off"}),
    )
    treatment = Words(label=lazy("哪一次療程"), required=False, validators=[TooLong(LINE)])
    treatment_on = RoughDate(label=lazy("療程的時間"))
    happened_on = RoughDate(label=lazy("事情是什麼時候發生或發現的"))
    harm = _radio(lazy("身體現在有沒有不舒服或受傷"))
    about = _radio(lazy("您是為誰寫的"))
    relation = _radio(lazy("您和他的關係"))
    patient_name = Words(label=lazy("接受療程的人怎麼稱呼"), required=False, validators=[TooLong(NAME)])
    wishes = forms.MultipleChoiceField(label=lazy("您希望我們怎麼做"), required=False, widget=forms.CheckboxSelectMultiple)
    name = Words(
        label=lazy("怎麼稱呼您"),
        required=False,
        validators=[TooLong(NAME)],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    contact = Words(
        label=lazy("怎麼聯絡您最方便"),
        required=False,
        validators=[TooLong(LINE)],
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    contact_by = _radio(lazy("希望我們用什麼方式"))
    hours = _radio(lazy("什麼時候方便"))
    need = forms.MultipleChoiceField(label=lazy("溝通上需要的協助"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, branch: Branch, procedure: Procedure, today: date, kiosk: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.branch, self.procedure = branch, procedure
        law = branch.jurisdiction
        for name in ("treatment_on", "happened_on"):
            self.fields[name].today, self.fields[name].roc = today, law == "tw"
        self._choose("harm", [("alleged", _("有")), ("none", _("沒有")), ("unknown", _("還不確定"))])
        self._choose("about", [("self", _("我自己")), ("other", _("別人，我替他寫"))])
        self._choose("relation", self._kinds("party_relations", leave_out=("self",)))
        self._choose("wishes", self._kinds("remedies"))
        self._choose("contact_by", [*self._kinds("contact_preferences"), ("portal", _("我用收據自己查"))])
        self._choose("hours", self._kinds("contact_hours"))
        self._choose("need", self._kinds("communication_needs", leave_out=("none",)))
        for purpose in self.purposes:
            field = forms.BooleanField(label=str(purpose.title), required=False)
            field.help_text = ""
            self.fields[PURPOSE + purpose.id] = field
        if kiosk:
            for field in self.fields.values():
                field.widget.attrs["autocomplete"] = "off"

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices

    def _kinds(self, group: str, leave_out: tuple[str, ...] = ()) -> list[tuple[str, str]]:
        found = self.procedure.kinds_of(group, self.branch.jurisdiction)
        return [(kind.id, str(kind.name)) for kind in found if kind.id not in leave_out]

    @cached_property
    def purposes(self) -> tuple[Purpose, ...]:
        return self.procedure.purposes_of(self.branch.jurisdiction)

    @property
    def purpose_fields(self) -> list[tuple[Purpose, forms.BoundField]]:
        return [(purpose, self[PURPOSE + purpose.id]) for purpose in self.purposes]

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        self._clean_contact(given)
        if given.get("about") == "other" and not given.get("relation") and "relation" not in self.errors:
            self.add_error("relation", _("請選您和他的關係，我們才知道可以告訴您多少。"))
        for purpose in self.purposes:
            name = PURPOSE + purpose.id
            if purpose.required and not given.get(name):
                self.add_error(name, str(purpose.without))
        return given

    def _clean_contact(self, given: dict[str, Any]) -> None:
        typed, wanted = given.get("contact", ""), given.get("contact_by", "")
        if "contact" in self.errors:
            return
        if not typed:
            # Whoever follows with the receipt, or comes in person, can be answered without leaving a number.
            if wanted not in ("portal", "in_person"):
                self.add_error("contact", self._no_contact())
            return
        problem = contact_problem(Contact(self.contact_kind(typed, wanted), typed))
        if problem == "contact_phone":
            self.add_error("contact", _("電話號碼看起來少了幾碼，請再看一次。"))
        elif problem == "contact_email":
            self.add_error("contact", _("這個電子郵件地址不完整，例如 name@example.org。"))
        elif problem:
            self.add_error("contact", self._no_contact())

    def _no_contact(self) -> str:
        messenger = "LINE" if self.branch.jurisdiction == "tw" else _("微信")
        return _("請留一種聯絡方式，電話、電子郵件或 %(messenger)s 都可以；也可以選「我用收據自己查」。") % {"messenger": messenger}

    def contact_kind(self, typed: str, wanted: str) -> str:
        """How it looks decides; what looks like nothing in particular is a street for a letter, else a messenger's name."""
        looks = rules.contact_kind(typed, self.branch.jurisdiction)
        if looks in ("line", "wechat"):
            return {"letter": "address", "phone": "phone", "email": "email"}.get(wanted, looks)
        return looks


class DangerForm(forms.Form):
    """Four questions about the body; a telephone if one likes."""

    signs = forms.MultipleChoiceField(label=lazy("現在有沒有下面這些情形"), required=False, widget=forms.CheckboxSelectMultiple)
    phone = Words(
        label=lazy("留一個電話，讓醫師打給您"),
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )

    def __init__(self, *args: Any, procedure: Procedure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["signs"].choices = [(q.id, str(q.question)) for q in procedure.danger_questions]


class FollowForm(forms.Form):
    reference = Words(label=lazy("案號"), required=False)
    secret = Words(label=lazy("收據上的密碼"), required=False)


class MessageForm(forms.Form):
    words = Words(
        label=lazy("您想說的話"),
        lines=True,
        required=True,
        error_messages={"required": lazy("還沒有寫字。寫好再送出就可以。")},
        validators=[TooLong(rules.MESSAGE_LIMIT)],
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off"}),
    )


ABOUT = [("own", lazy("我自己說過、提供過的，和我的聯絡資料")), ("patient", lazy("病人的資料，我會證明有權代理"))]


class DemandForm(forms.Form):
    kinds = forms.MultipleChoiceField(
        label=lazy("您要什麼"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": lazy("請至少選一項。")},
    )
    words = Words(
        label=lazy("補充說明"), lines=True, required=False, validators=[TooLong(1_000)], widget=forms.Textarea(attrs={"rows": 3})
    )

    about = forms.ChoiceField(label=lazy("要刪除資料的話，是誰的"), required=False, widget=forms.RadioSelect, choices=ABOUT)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], for_another: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kinds"].choices = choices
        if not for_another:  # whoever the complaint is about asks for what is theirs
            del self.fields["about"]


class WithdrawForm(forms.Form):
    reason = Words(
        label=lazy("為什麼想撤回"),
        lines=True,
        required=False,
        validators=[TooLong(280)],
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DeclineForm(forms.Form):
    words = Words(
        label=lazy("想說的話"),
        lines=True,
        required=False,
        validators=[TooLong(rules.MESSAGE_LIMIT)],
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class SurveyForm(forms.Form):
    """The questions of the pack. None has to be answered."""

    def __init__(self, *args: Any, procedure: Procedure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question in procedure.survey:
            self.fields[question.id] = _question(question)

    def answers(self, procedure: Procedure) -> dict[str, Any]:
        """What was answered, as `cases` takes it: figures, codes, yes or no, words."""
        given: Mapping[str, Any] = self.cleaned_data
        said: dict[str, Any] = {}
        for question in procedure.survey:
            value = given.get(question.id)
            if value in (None, ""):
                continue
            said[question.id] = {"scale": int, "yes_no": lambda v: v == "yes"}.get(question.kind, str)(value)
        return said


SCALE = ("1", "2", "3", "4", "5")


def _question(question) -> forms.Field:
    label, hint = str(question.question), str(question.hint) if question.hint else ""
    if question.kind == "text":
        return Words(
            label=label,
            help_text=hint,
            lines=True,
            required=False,
            validators=[TooLong(500)],
            widget=forms.Textarea(attrs={"rows": 3}),
        )
    if question.kind == "scale":
        ends = {"1": question.low, "5": question.high}
        choices = [(n, f"{n}　{ends[n]}" if ends.get(n) else n) for n in SCALE]
    elif question.kind == "yes_no":
        choices = [("yes", _("是")), ("no", _("否"))]
    else:
        choices = [(choice.id, str(choice.name)) for choice in question.choices]
    field = _radio(label, choices=choices)
    field.help_text = hint
    return field
