"""The page that registers a complaint while the person talks: one form, in the order people tell it."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.accounts.selectors import users_in
from suyuan.cases import rules
from suyuan.cases.services.intake import ConsentGiven, Intake, IssueGiven, PersonGiven
from suyuan.desk.fields import (
    ColleaguesField,
    DayField,
    LocalTimeField,
    kinds,
    line_field,
    one_of,
    some_of,
    words_field,
)
from suyuan.people.models import Person
from suyuan.people.rules import Contact, Treatment
from suyuan.platform.identifiers import split_name
from suyuan.playbooks import selectors as packs

CHANNELS = ("telephone", "on_site")
MOST_ISSUES = 5


class RegisterForm(forms.Form):
    """Only the words are needed; everything else can follow. Danger stands first because it outranks the rest."""

    def __init__(self, *args: Any, branch: Branch, branches: list[Branch], now: datetime, **kwargs: Any) -> None:
        self.branch, self.now = branch, now
        self.procedure = packs.procedure_newest(branch.jurisdiction)
        super().__init__(*args, **kwargs)
        law = branch.jurisdiction
        if len(branches) > 1:
            self.fields["branch"] = one_of(
                _("分院"), [(b.code, b.name("zh-hant")) for b in branches], initial=branch.code
            )
        self.fields["channel"] = one_of(
            _("怎麼來的"), [("telephone", _("電話")), ("on_site", _("現場"))], cards=True, initial="telephone"
        )
        self.fields["danger"] = some_of(
            _("先問身體：現在有沒有這些情形"), [(q.id, str(q.short)) for q in self.procedure.danger_questions]
        )
        self.fields["narrative"] = words_field(
            _("發生了什麼事"), rows=8, required=False, help_text=_("照對方的話寫，不必整理。")
        )
        self.fields["happened_at"] = LocalTimeField(
            zone=branch.tz, label=_("什麼時候打來或到院"), required=False, help_text=_("就是現在的話不必填。")
        )
        self.fields["name"] = line_field(_("怎麼稱呼"), required=False, limit=80)
        self.fields["phone"] = line_field(_("電話"), required=False, limit=40)
        self.fields["phone"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off"}
        self.fields["email"] = forms.EmailField(label=_("電子郵件"), required=False, max_length=200)
        self.fields["person"] = forms.UUIDField(required=False, widget=forms.HiddenInput)
        self.fields["relation"] = one_of(
            _("為誰申訴"), kinds(self.procedure, "party_relations", law), initial="self"
        )
        self.fields["patient_name"] = line_field(_("病人怎麼稱呼"), required=False, limit=80)
        self.fields["treatment"] = line_field(_("哪一次療程"), required=False, limit=200)
        self.fields["treatment_on"] = DayField(label=_("療程日期"), required=False)
        for n in self._places_typed():
            self._add_issue(n)
        self.fields["harm"] = one_of(
            _("對方提到身體受傷了嗎"), kinds(self.procedure, "harm_states", law), cards=True, initial="none"
        )
        self.fields["occurred_on"] = DayField(label=_("什麼時候發生"), required=False)
        self.fields["wishes"] = some_of(_("對方希望我們怎麼做"), kinds(self.procedure, "remedies", law))
        self.fields["factors"] = some_of(
            _("影響這件事的因素"), [(f.id, str(f.name)) for f in self.procedure.factors]
        )
        self.fields["preferred_channel"] = one_of(
            _("怎麼聯絡最方便"), kinds(self.procedure, "contact_preferences", law), required=False
        )
        self.fields["preferred_hours"] = line_field(_("什麼時候方便"), required=False, limit=80)
        self.fields["communication_need"] = one_of(
            _("需要溝通協助嗎"), kinds(self.procedure, "communication_needs", law), required=False
        )
        self.fields["complained"] = ColleaguesField(
            label=_("有沒有提到哪位同事"), queryset=users_in(branch, now), required=False
        )
        self.fields["media"] = forms.BooleanField(label=_("提到媒體或公開發文"), required=False)
        self.purposes = self.procedure.purposes_of(law)
        for purpose in self.purposes:
            self.fields[f"consent_{purpose.id}"] = forms.BooleanField(
                label=str(purpose.title), help_text=str(purpose.text), required=False
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("narrative", "").strip() and not data.get("danger"):
            self.add_error("narrative", _("請至少寫下一句對方說的話，或勾選危險徵象。"))
        if data.get("happened_at") and data["happened_at"] > self.now + timedelta(minutes=5):
            self.add_error("happened_at", _("這個時間還沒有到。"))
        for n in range(1, MOST_ISSUES + 1):
            if data.get(f"cause{n}") and not data.get(f"issue{n}") and n > 1:
                self.add_error(f"issue{n}", _("請寫下是哪一件事。"))
        return data

    def intake(self) -> Intake:
        """What was told, as the service takes it."""
        data = self.cleaned_data
        known = Person.objects.filter(uid=data["person"], branch=self.branch).first() if data.get("person") else None
        family, given = split_name(data["name"])
        contacts = [Contact("phone", data["phone"], preferred=True)] if data["phone"].strip() else []
        if data["email"]:
            contacts.append(Contact("email", data["email"], preferred=not contacts))
        complainant = PersonGiven(family_name=family, given_name=given, contacts=tuple(contacts), person=known)
        patient = None
        if data["relation"] != "self" and data["patient_name"].strip():
            p_family, p_given = split_name(data["patient_name"])
            patient = PersonGiven(family_name=p_family, given_name=p_given)
        return Intake(
            narrative=data["narrative"],
            matter=data["issue1"],
            happened_at=data["happened_at"],
            complainant=complainant,
            patient=patient,
            relation=data["relation"],
            issues=tuple(self._issues(data)),
            danger_signs=tuple(data["danger"]),
            harm=rules.Harm.ALLEGED if data["danger"] and data["harm"] == rules.Harm.NONE else data["harm"],
            occurred_on=data["occurred_on"],
            wishes=tuple(data["wishes"]),
            factors=tuple(data["factors"]),
            preferred_channel=data["preferred_channel"],
            preferred_hours=data["preferred_hours"],
            communication_need=data["communication_need"],
            consents=tuple(ConsentGiven(p.id, p.version, data[f"consent_{p.id}"]) for p in self.purposes),
            complained_user_ids=tuple(user.pk for user in data["complained"]),
            media=data["media"],
        )

    def _issues(self, data: dict[str, Any]):
        treatment = None
        if data["treatment"].strip():
            on = data["treatment_on"]
            treatment = Treatment(words=data["treatment"].strip(), on=on, precision="day" if on else "unknown")
        for n in range(1, MOST_ISSUES + 1):
            subject, cause = data.get(f"issue{n}", "").strip(), data.get(f"cause{n}", "")
            if n == 1 and not subject and (cause or treatment):
                subject = data["treatment"].strip()
            if subject or (n == 1 and (cause or treatment)):
                yield IssueGiven(subject=subject, causes=(cause,) if cause else (), treatment=treatment if n == 1 else None)

    def _places_typed(self) -> list[int]:
        """A form that was sent reads the first place and those with something in them; one to be filled in shows all."""
        places = range(1, MOST_ISSUES + 1)
        sent = [n for n in places if self.data.get(f"issue{n}") or self.data.get(f"cause{n}")]
        return sorted({1, *sent}) if self.is_bound else list(places)

    def _add_issue(self, n: int) -> None:
        causes = [(c.id, str(c.name)) for c in self.procedure.causes]
        self.fields[f"issue{n}"] = line_field(_("第 %(n)s 件事") % {"n": n}, required=False, limit=200)
        self.fields[f"cause{n}"] = one_of(_("原因"), causes, required=False)

    @property
    def issue_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        for n in range(1, MOST_ISSUES + 1):
            if f"issue{n}" not in self.fields:
                self._add_issue(n)
        return [(self[f"issue{n}"], self[f"cause{n}"]) for n in range(1, MOST_ISSUES + 1)]

    @property
    def branch_field(self) -> forms.BoundField:
        return self["branch"]

    @property
    def consent_fields(self) -> list[forms.BoundField]:
        return [self[f"consent_{purpose.id}"] for purpose in self.purposes]

    def _wrong(self, *names: str) -> bool:
        return any(name in self.errors for name in names) if self.is_bound else False

    @property
    def more_wrong(self) -> bool:
        """Whether the fold that holds these must stand open."""
        return self._wrong(
            "relation", "patient_name", "email", "preferred_channel", "preferred_hours", "communication_need",
            "happened_at", "occurred_on",
        )  # fmt: skip

    @property
    def issues_wrong(self) -> bool:
        typed = any(self.data.get(f"issue{n}") for n in range(2, MOST_ISSUES + 1)) if self.is_bound else False
        return typed or self._wrong(*(f"{part}{n}" for n in range(2, MOST_ISSUES + 1) for part in ("issue", "cause")))
