"""Parse what staff type about people."""

from __future__ import annotations

from datetime import date

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts.models import Branch
from suyuan.people import phrases, rules
from suyuan.people.rules import Contact, Treatment
from suyuan.people.services import NewPerson
from suyuan.platform.identifiers import split_name

_NONE = [("", _l("沒有說"))]


def _choices(labels) -> list[tuple[str, object]]:
    return list(labels.items())


def _date(text: str) -> date | None:
    """2026-03-05, 2026/3/5, or 民國 115/3/5; None for what is no date."""
    parts = text.strip().replace("/", "-").replace(".", "-").split("-")
    try:
        year, month, day = (int(p) for p in (*parts, 1, 1)[:3])
        return date(year + 1911 if year < 200 else year, month, day)
    except ValueError:
        return None


class PersonForm(forms.Form):
    """One person. Everything but the branch may stay empty; a name in one piece is split."""

    name = forms.CharField(label=_l("姓名"), max_length=160, required=False)
    family_name = forms.CharField(label=_l("姓（分開寫時）"), max_length=80, required=False)
    given_name = forms.CharField(label=_l("名（分開寫時）"), max_length=80, required=False)
    chart_number = forms.CharField(label=_l("病歷號"), max_length=40, required=False)
    birth_date = forms.CharField(
        label=_l("出生日期"), max_length=20, required=False, help_text=_l("西元或民國都可以。")
    )
    preferred_channel = forms.ChoiceField(
        label=_l("希望怎麼聯絡"), choices=[*_NONE, *_choices(phrases.CHANNELS)], required=False
    )
    preferred_hours = forms.CharField(label=_l("方便的時間"), max_length=80, required=False)
    communication_need = forms.CharField(
        label=_l("溝通上的需要"), max_length=200, required=False, help_text=_l("例如手語、大字、請家人在場。")
    )

    def clean_birth_date(self) -> date | None:
        text = self.cleaned_data["birth_date"]
        if text and _date(text) is None:
            raise forms.ValidationError(_("出生日期不對，例如 1990-03-05 或民國 79/3/5。"))
        return _date(text) if text else None

    def names(self) -> dict[str, str]:
        given = self.cleaned_data
        if given["family_name"] or given["given_name"]:
            return {"family_name": given["family_name"], "given_name": given["given_name"]}
        family, rest = split_name(given["name"])
        return {"family_name": family, "given_name": rest}

    def changes(self) -> dict[str, object]:
        wanted = {n: self.cleaned_data[n] for n in ("chart_number", "birth_date", "preferred_channel")}
        return {
            **self.names(),
            **wanted,
            "preferred_hours": self.cleaned_data["preferred_hours"],
            "communication_need": self.cleaned_data["communication_need"],
        }


class NewPersonForm(PersonForm):
    branch = forms.ModelChoiceField(Branch.objects.none(), label=_l("分院"), empty_label=None)
    is_patient = forms.BooleanField(label=_l("在本院接受過療程"), required=False)
    phone = forms.CharField(label=_l("電話"), max_length=40, required=False)
    email = forms.CharField(label=_l("電子郵件"), max_length=200, required=False)

    field_order = ["branch", "name", "phone", "email", "is_patient", "chart_number", "birth_date"]

    def __init__(self, *args, branches, language: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        self.fields["branch"].label_from_instance = lambda b: b.name(language)

    def person(self) -> NewPerson:
        given = self.cleaned_data
        contacts = [Contact(kind, given[kind]) for kind in ("phone", "email") if given[kind].strip()]
        return NewPerson(**self.changes(), is_patient=given["is_patient"], contacts=contacts)


class ContactForm(forms.Form):
    kind = forms.ChoiceField(label=_l("方式"), choices=_choices(phrases.CONTACTS))
    value = forms.CharField(label=_l("號碼或地址"), max_length=200)
    preferred = forms.BooleanField(label=_l("最希望用這個聯絡"), required=False)

    def contact(self) -> Contact:
        return Contact(**self.cleaned_data)


class TreatmentForm(forms.Form):
    words = forms.CharField(label=_l("做了什麼"), max_length=200)
    pack_code = forms.CharField(label=_l("療程代碼"), max_length=60, required=False)
    precision = forms.ChoiceField(label=_l("日期"), choices=_choices(phrases.PRECISIONS), initial="day")
    on = forms.CharField(label=_l("哪一天"), max_length=20, required=False, help_text=_l("可以只寫年月或年。"))
    staff_words = forms.CharField(label=_l("誰做的"), max_length=80, required=False)
    device = forms.CharField(label=_l("儀器或產品"), max_length=80, required=False)
    lot = forms.CharField(label=_l("批號"), max_length=80, required=False)
    price = forms.DecimalField(label=_l("金額"), max_digits=12, decimal_places=2, min_value=0, required=False)
    currency = forms.ChoiceField(
        label=_l("幣別"), choices=[("", "—"), *((c, c) for c in rules.CURRENCIES)], required=False
    )

    def clean(self) -> dict[str, object]:
        given = super().clean()
        on, precision = given.get("on", ""), given.get("precision", "day")
        if precision == "unknown":
            given["on"] = None
        elif not on or (found := _date(on)) is None:
            self.add_error("on", _("請寫日期，例如 2026-03-05 或 2026-03；不記得就選不記得。"))
        else:
            given["on"] = found
        if given.get("price") is not None and not given.get("currency"):
            self.add_error("currency", _("請選幣別。"))
        return given

    def treatment(self) -> Treatment:
        given = dict(self.cleaned_data)
        price = given.pop("price")
        minor = None if price is None else int(price * 100)
        return Treatment(**given, price_minor=minor) if minor is not None else Treatment(**{**given, "currency": ""})


class ProofForm(forms.Form):
    document = forms.CharField(
        label=_l("看過什麼文件"), max_length=200, help_text=_l("例如委任書正本 2026/3/5，身分證核對過。")
    )


class RepresentativeForm(forms.Form):
    name = forms.CharField(label=_l("代理人姓名"), max_length=160)
    kind = forms.ChoiceField(label=_l("和病人的關係"), choices=_choices(phrases.REPRESENTATIVES))
    phone = forms.CharField(label=_l("電話"), max_length=40, required=False)
    document = forms.CharField(label=_l("帶來的文件"), max_length=200, required=False)

    def person(self) -> NewPerson:
        family, given = split_name(self.cleaned_data["name"])
        phone = self.cleaned_data["phone"].strip()
        return NewPerson(family_name=family, given_name=given, contacts=[Contact("phone", phone)] if phone else [])


class MergeForm(forms.Form):
    gone = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.CharField(label=_l("為什麼是同一個人"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
