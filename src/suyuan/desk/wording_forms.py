"""Forms for a clinic's own rules and words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.correspondence.own_errors import OwnRuleUnfit
from suyuan.correspondence.own_models import ClinicRule
from suyuan.correspondence.own_rules import Wanted
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.services.own import ALLOW_KINDS, WHY, WORDS
from suyuan.desk.fields import attempt, line_field, one_of, words_field
from suyuan.desk.guarding import level_word
from suyuan.playbooks.guarding import SURFACES, Guarding

T = TypeVar("T")
LINES = ("phrases", "frames", "fires", "quiet")
EVERYWHERE = "all"


def allow_word(kind: str) -> str:
    words = {
        "phone": _("電話"),
        "address": _("地址"),
        "name": _("人員姓名"),
        "number": _("編號"),
        "link": _("網址"),
        "product": _("產品名稱或型號"),
    }
    return words.get(kind, kind)


def scopes(places: Iterable[Branch], everywhere: bool) -> list[tuple[str, str]]:
    language = get_language() or "zh-hant"
    here = [(place.code, place.name(language)) for place in places]
    return [*here, (EVERYWHERE, _("全部院所"))] if everywhere and len(here) > 1 else here


class OwnRuleForm(forms.Form):
    """A rule as somebody writes it: lines of words, and where they are not to stand."""

    def __init__(
        self,
        *args: Any,
        guarding: Guarding,
        places: list[tuple[str, str]],
        rule: ClinicRule | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind.id, str(kind.name)) for kind in _kinds(guarding)]
        self.fields["title"] = line_field(_("規則名稱"), limit=60, help_text=_("同事一看就懂的短句，例如：不要只說等通知。"))
        self.fields["kind"] = one_of(_("屬於哪一類"), kinds)
        if rule is None and len(places) > 1:
            self.fields["place"] = one_of(_("用在哪裡"), places)
        self.fields["phrases"] = _lines(
            _("要找的詞句"), _("一行一個。全形半形、繁體簡體、字間空格與符號都會當成一樣。"), rows=4
        )
        self.fields["frames"] = _lines(_("句型（進階）"), _("一行一個，寫法見旁邊的說明。不需要就空著。"), rows=3)
        self.fields["literally"] = forms.BooleanField(
            label=_("否定、引述或問句也算"), required=False,
            help_text=_("不勾選時，這一類原本會放過的否定句、引用對方的話或問句照樣放過。"),
        )  # fmt: skip
        choices = [("", _("不管")), *((level, level_word(level)) for level in ("block", "warn", "advise"))]
        for surface in SURFACES:
            self.fields[f"level_{surface}"] = forms.ChoiceField(
                label=surface_word(surface), choices=choices, required=False
            )
        self.fields["why"] = words_field(_("為什麼不能這樣寫"), rows=2, limit=400)
        self.fields["safer"] = words_field(
            _("可以改成"), rows=2, limit=400, required=False, help_text=_("寫的人按一下就能採用的句子。")
        )
        self.fields["fires"] = _lines(_("應該被找到的例句"), _("一行一句，至少一句。存的時候會真的跑一遍。請自己造句，不要寫病人的姓名、號碼或病情。"), rows=3, required=True)
        self.fields["quiet"] = _lines(
            _("應該放行的例句"), _("最容易被誤會、其實沒有問題的句子，一行一句，至少一句。"), rows=3, required=True
        )
        if rule is not None and not self.is_bound:
            self.initial = initial_of(rule)

    def levels(self) -> list[forms.BoundField]:
        return [self[f"level_{surface}"] for surface in SURFACES]

    def before_levels(self) -> list[forms.BoundField]:
        names = ("title", "kind", "place", "phrases")
        return [self[name] for name in names if name in self.fields]

    def advanced(self) -> list[forms.BoundField]:
        return [self["frames"], self["literally"]]

    @property
    def is_advanced(self) -> bool:
        return any(self[name].value() for name in ("frames", "literally")) or "frames" in self.errors

    def after_levels(self) -> list[forms.BoundField]:
        return [self[name] for name in ("why", "safer", "fires", "quiet")]

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        levels = {surface: given[f"level_{surface}"] for surface in SURFACES if given.get(f"level_{surface}")}
        lines = {name: tuple(line.strip() for line in given[name].splitlines() if line.strip()) for name in LINES}
        same = {name: given[name].strip() for name in ("kind", "title", "why", "safer")}
        return Wanted(levels=levels, literally=given["literally"], **same, **lines)


def _kinds(guarding: Guarding) -> list[Any]:
    """Kinds that are found by what stands in a text; what is missing from one, nobody finds by its words."""
    missing = {rule.kind for rule in guarding.rules if rule.missing}
    return sorted((kind for kind in guarding.kinds if kind.id not in missing), key=lambda kind: kind.rank)


def _lines(label: str, help_text: str, *, rows: int, required: bool = False) -> forms.CharField:
    return words_field(label, rows=rows, limit=12_000, required=required, help_text=help_text)


def initial_of(rule: ClinicRule) -> dict[str, Any]:
    same = {name: getattr(rule, name) for name in ("title", "kind", "literally", "why", "safer")}
    lines = {name: "\n".join(getattr(rule, name)) for name in LINES}
    return {**same, **lines, **{f"level_{surface}": level for surface, level in rule.levels.items()}}


def rule_attempt(form: OwnRuleForm, act: Callable[[], T]) -> T | None:
    """As `attempt`; what is wrong with the places stands at the first of them."""

    def inside() -> T:
        try:
            return act()
        except OwnRuleUnfit as refused:
            if "levels" in refused.fields:
                refused.fields[f"level_{SURFACES[0]}"] = refused.fields.pop("levels")
            raise

    return attempt(form, inside)


class OwnWordForm(forms.Form):
    """Something of the clinic's own."""

    def __init__(self, *args: Any, places: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"] = one_of(_("是什麼"), [(kind, allow_word(kind)) for kind in ALLOW_KINDS])
        self.fields["words"] = line_field(_("內容"), limit=WORDS)
        self.fields["why"] = line_field(_("為什麼是診所自己的"), limit=WHY, help_text=_("例如：假日值班手機。"))
        if len(places) > 1:
            self.fields["place"] = one_of(_("用在哪裡"), places)
