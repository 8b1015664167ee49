"""What an act is, the form that every act has, and how a form calls its service."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts.models import User
from suyuan.accounts.rules import ActorProfile
from suyuan.accounts.selectors import profiles_in
from suyuan.cases import rules
from suyuan.cases.models import Case, Involvement
from suyuan.cases.selectors.door import view_of
from suyuan.cases.services.handling.parts import reads_as_owner
from suyuan.desk.fields import LocalTimeField, kinds, words_field
from suyuan.desk.template_pick import TemplatesAt
from suyuan.kernel.actor import Actor
from suyuan.playbooks import selectors as packs

EVER = rules.OPEN | rules.ENDED


class RowField(forms.ModelChoiceField):
    """One row of the case, named by its uid in forms and addresses, and by `words` for people."""

    def __init__(self, rows: QuerySet, words: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(queryset=rows, to_field_name="uid", **kwargs)
        self.words = words

    def label_from_instance(self, row: Any) -> str:
        return str(self.words(row))


class ActForm(forms.Form):
    """A form about one case. Choices come from the pack the case is pinned to. `templates_at`: where it takes words from templates."""

    templates_at: TemplatesAt | None = None

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


class ReasonForm(ActForm):
    reason = words_field(_l("理由"), rows=3, limit=2_000)


class WordsForm(ActForm):
    words = words_field(_l("內容"))


class NothingForm(ActForm):
    """Nothing to fill in: the act itself says it all."""


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


def plain(service: Callable[..., Any], *names: str) -> Run:
    """Call the service with the case and these fields of the form."""

    def run(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
        return service(case=case, actor=actor, now=now, **{name: data[name] for name in names if name in data})

    return run


def on(service: Callable[..., Any], row: str, *names: str) -> Run:
    """Call a service that takes a row of the case instead of the case."""

    def run(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
        return service(**{row: data[row]}, actor=actor, now=now, **{name: data[name] for name in names})

    return run
