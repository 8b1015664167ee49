"""The form of the stand-alone page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.rules import BODY_LIMIT
from suyuan.correspondence.rules.guard import Surface
from suyuan.desk.fields import one_of, words_field


def replies() -> list[tuple[str, str]]:
    return [
        ("", _("沒有特別回應什麼")),
        ("negative_review", _("回應不滿的評論")),
        ("positive_review", _("回應稱讚")),
        ("question", _("回答問題")),
        ("extortion", _("回應索討或威脅")),
    ]


class GuardForm(forms.Form):
    """Where the words will stand, and the words."""

    def __init__(self, *args: Any, branches: list[Branch], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        surfaces = [(code.value, surface_word(code)) for code in Surface]
        self.fields["surface"] = one_of(_("這段話會放在哪裡"), surfaces, initial=Surface.PUBLIC_REPLY.value)
        self.fields["reply_to"] = forms.ChoiceField(label=_("回應什麼"), choices=replies(), required=False)
        if len(branches) > 1:
            self.fields["branch"] = one_of(_("哪一間"), [(b.code, b.name(get_language() or b.language)) for b in branches], initial=branches[0].code)
        self.fields["words"] = words_field(
            _("要檢查的文字"), rows=10, limit=BODY_LIMIT, guarded=Surface.PUBLIC_REPLY.value
        )
