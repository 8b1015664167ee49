"""Parse what staff type. Rules and rights are asked in the services."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts import labels, rules
from suyuan.accounts.models import Branch, Department, User
from suyuan.kernel.refusal import BadInput

T = TypeVar("T")
DAY = forms.DateInput(attrs={"type": "date"})


def attempt(form: forms.Form, act: Callable[[], T]) -> T | None:
    """Do it, or put the refused fields back into the form, which keeps what was typed."""
    try:
        return act()
    except BadInput as refused:
        for field, words in refused.fields.items():
            form.add_error(field if field in form.fields else None, str(words))
        if not refused.fields:
            form.add_error(None, refused.message())
        return None


class LoginForm(forms.Form):
    login = forms.CharField(
        label=_l("登入名稱"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_l("密碼"),
        max_length=512,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(forms.Form):
    current = forms.CharField(
        label=_l("現在的密碼"),
        max_length=512,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label=_l("新的密碼"),
        max_length=512,
        strip=False,
        help_text=_l("至少 12 個字。一句只有您知道的話最好記，也最難猜；不必混用大小寫或符號。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_l("再輸入一次新的密碼"),
        max_length=512,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, object]:
        given = super().clean()
        if given.get("password") and given.get("again") and given["password"] != given["again"]:
            self.add_error("again", _("兩次輸入的新密碼不一樣。"))
        return given


class PreferencesForm(forms.Form):
    language = forms.ChoiceField(label=_l("語言"), choices=list(labels.LANGUAGES.items()), widget=forms.RadioSelect)
    theme = forms.ChoiceField(label=_l("外觀"), choices=list(labels.THEMES.items()), widget=forms.RadioSelect)


class _PlaceForm(forms.Form):
    """Branch, department and roles; only what `profile` may give is offered."""

    branch = forms.ModelChoiceField(Branch.objects.none(), label=_l("分院"), empty_label=None)
    department = forms.ModelChoiceField(
        Department.objects.none(), label=_l("部門"), required=False, empty_label=_l("不屬於特定部門")
    )
    roles = forms.MultipleChoiceField(
        label=_l("職務"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_l("可以不只一個；權限會加在一起。"),
        required=False,
    )
    title = forms.CharField(label=_l("職稱"), max_length=60, required=False)

    def __init__(self, *args, profile: rules.ActorProfile, language: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        where = rules.branches_for(profile, "staff_manage")
        branches = Branch.objects.order_by("code")
        branches = branches if where is None else branches.filter(id__in=where)
        self.fields["branch"].queryset = branches
        self.fields["branch"].label_from_instance = lambda b: b.name(language)
        self.fields["department"].queryset = Department.objects.filter(branch__in=branches).order_by("branch", "code")
        self.fields["department"].label_from_instance = lambda d: d.name(language)
        self.fields["roles"].choices = _role_choices(profile)


def _role_choices(profile: rules.ActorProfile) -> list[tuple[str, object]]:
    may_wide = rules.Role.ADMINISTRATOR in profile.roles
    return [
        (str(r), labels.ROLES[r])
        for r in rules.Role
        if r in rules.MEMBER_ROLES and (may_wide or r not in rules.WIDE_ROLES)
    ]


class StaffForm(_PlaceForm):
    login = forms.CharField(label=_l("登入名稱"), max_length=60, help_text=_l("英文或數字，之後不能改。"))
    display_name = forms.CharField(
        label=_l("同事怎麼稱呼"), max_length=80, help_text=_l("病人的信上也用這個稱呼，例如沈經理。")
    )
    family_name = forms.CharField(label=_l("姓"), max_length=40, required=False)
    given_name = forms.CharField(label=_l("名"), max_length=40, required=False)
    email = forms.EmailField(label=_l("電子郵件"), required=False)
    language = forms.ChoiceField(label=_l("語言"), choices=list(labels.LANGUAGES.items()))

    field_order = [
        "login",
        "display_name",
        "family_name",
        "given_name",
        "email",
        "language",
        "branch",
        "department",
        "roles",
        "title",
    ]


class MemberForm(_PlaceForm):
    """One more place for somebody who has an account."""


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(label=_l("職務"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, profile: rules.ActorProfile, held: tuple[str, ...] = (), **kwargs) -> None:
        super().__init__(*args, **kwargs)
        offered = dict(_role_choices(profile))
        # What the person holds stays visible, so that saving the rest does not take it away unseen.
        offered |= {r: labels.ROLES[r] for r in held}
        self.fields["roles"].choices = [(r, offered[r]) for r in map(str, rules.Role) if r in offered]


class EndForm(forms.Form):
    last_day = forms.DateField(label=_l("最後一天"), widget=DAY)


class DeputyForm(forms.Form):
    user = forms.ModelChoiceField(User.objects.none(), label=_l("由誰代理"), empty_label=None)
    first_day = forms.DateField(label=_l("第一天"), widget=DAY)
    last_day = forms.DateField(label=_l("最後一天"), widget=DAY)

    def __init__(self, *args, colleagues: list[User], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = User.objects.filter(pk__in=[u.pk for u in colleagues]).order_by("login")
        self.fields["user"].label_from_instance = lambda u: u.display_name


_PERIOD = re.compile(r"^(\d{1,2}:\d{2})\s*(?:-|–|~|～|到|至)\s*(\d{1,2}:\d{2})$")


class BranchForm(forms.Form):
    phone = forms.CharField(label=_l("電話"), max_length=40, required=False)
    emergency_phone = forms.CharField(
        label=_l("緊急電話"), max_length=40, required=False, help_text=_l("病人說有危險時，畫面上第一個看到的號碼。")
    )
    address = forms.CharField(label=_l("地址"), max_length=200, required=False)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for day, label in labels.WEEKDAYS.items():
            self.fields[f"hours_{day}"] = forms.CharField(label=label, max_length=80, required=False)

    @staticmethod
    def initial_for(branch: Branch) -> dict[str, str]:
        given = {"phone": branch.phone, "emergency_phone": branch.emergency_phone, "address": branch.address}
        for day in labels.WEEKDAYS:
            periods = branch.opening_hours.get(day, [])
            given[f"hours_{day}"] = ", ".join(f"{opens}-{closes}" for opens, closes in periods)
        return given

    def hour_fields(self) -> list[forms.BoundField]:
        return [self[f"hours_{day}"] for day in labels.WEEKDAYS]

    def clean(self) -> dict[str, object]:
        given = super().clean()
        week: dict[str, list[list[str]]] = {}
        for day in labels.WEEKDAYS:
            name = f"hours_{day}"
            try:
                periods = _periods(given.get(name, ""))
                rules.opening_hours({day: periods})
            except ValueError:
                self.add_error(name, _("請寫成 10:00-13:00, 14:00-20:30，前後不重疊；公休就留空。"))
                continue
            if periods:
                week[day] = periods
        given["opening_hours"] = week
        return given


def _periods(text: str) -> list[list[str]]:
    periods = []
    for part in re.split(r"[,，、;；]", text):
        if not part.strip():
            continue
        match = _PERIOD.match(part.strip().replace("：", ":"))
        if match is None:
            raise ValueError(part)
        periods.append([t.rjust(5, "0") for t in match.groups()])
    return periods
