"""Forms about words before everybody: the words, where they were posted, what became of them, and in whose name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.cases.models import Case
from suyuan.correspondence.models import Message, OwnName, Posting
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.public_selectors import own_names, platform_name
from suyuan.correspondence.rules import BODY_LIMIT
from suyuan.correspondence.rules.guard import PUBLIC, Surface
from suyuan.correspondence.rules.public import ADDRESS, ANONYMOUS, ELSEWHERE, NAME, OTHER, PERSONAL, PLACE, WHY, Whose
from suyuan.desk.acts.act import RowField
from suyuan.desk.fields import LocalTimeField, item_words, line_field, one_of, words_field
from suyuan.desk.guard_forms import replies
from suyuan.evidence.models import Item
from suyuan.playbooks.selectors import wording_newest


def surfaces() -> list[tuple[str, str]]:
    return [(code.value, surface_word(code)) for code in Surface if code in PUBLIC]


class PublicForm(forms.Form):
    """Where it will stand, what it answers, and the words."""

    def __init__(self, *args: Any, draft: Message | None = None, **kwargs: Any) -> None:
        if draft is not None:
            begun = {"surface": draft.surface, "reply_to": draft.reply_to, "words": draft.draft_body, "edition": draft.edition}
            kwargs["initial"] = begun | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        self.fields["surface"] = one_of(_("這段話會放在哪裡"), surfaces(), initial=Surface.PUBLIC_REPLY.value)
        self.fields["reply_to"] = forms.ChoiceField(label=_("回應什麼"), choices=replies(), required=False)
        self.fields["words"] = words_field(
            _("要公開的話"),
            rows=12,
            limit=BODY_LIMIT,
            help_text=_("不提任何人的姓名、療程、日期，也不證實誰來過。"),
            guarded=Surface.PUBLIC_REPLY.value,
        )
        self.fields["edition"] = forms.IntegerField(required=False, min_value=0, max_value=10**6, widget=forms.HiddenInput)

    @property
    def surface(self) -> str:
        chosen = self["surface"].value()
        return chosen if chosen in PUBLIC else Surface.PUBLIC_REPLY.value


class PostedForm(forms.Form):
    """Where the frozen words were posted, when, and in which of our names."""

    def __init__(self, *args: Any, case: Case, items: list[Item], now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(own_names(case.branch_id))
        self.none_listed = not names
        self.fields["account"] = one_of(_("用誰的名義發表的"), [*map(_listed, names), *not_ours()], cards=True)
        self.fields["address"] = line_field(
            _("網址"), required=False, limit=ADDRESS, help_text=_("發表之後的那一頁，連同 https:// 一起貼上。")
        )
        self.fields["place"] = line_field(
            _("在哪裡"), required=False, limit=PLACE, help_text=_("沒有網址時要寫，例如哪一份報紙的哪一版。")
        )
        self.fields["posted_at"] = LocalTimeField(zone=case.branch.tz, label=_("什麼時候發表的"), initial=now)
        _capture(self, items)


class EndedForm(forms.Form):
    """What became of one posting: other words stand there now, or nothing does."""

    def __init__(self, *args: Any, case: Case, posting: Posting, others: list[Message], items: list[Item], now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.others = others
        what = [("replaced", _("換成另一份定稿"))] if others else []
        what += [(Whose.CLINIC.value, _("我們撤下了")), (Whose.PLATFORM.value, _("被平台撤下或隱藏"))]
        self.fields["what"] = one_of(_("後來怎麼了"), what, cards=True)
        if others:
            self.fields["by"] = one_of(_("換成哪一份"), [(str(row.uid), _first_words(row)) for row in others], required=False)
        self.fields["happened_at"] = LocalTimeField(zone=case.branch.tz, label=_("什麼時候"), initial=now)
        self.fields["why"] = line_field(_("為什麼"), limit=WHY, help_text=_("病人日後可能讀到這段話。"))
        if others:
            _capture(self, items)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("what") == "replaced" and not data.get("by"):
            self.add_error("by", _("請選換成哪一份定稿。"))
        return data


class CaptureForm(forms.Form):
    """A picture of one posting: a file of one's own, or one that lies in the case already, for those who read its files."""

    def __init__(self, *args: Any, items: list[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"] = forms.FileField(
            label=_("截圖"), required=not items, help_text=_("圖片或 PDF，最多 50 MB。原檔封存為證物，不會修改。"),
            widget=forms.ClearableFileInput(attrs={"accept": "image/*,application/pdf"}),
        )  # fmt: skip
        if items:
            _capture(self, items)
            self.fields["capture"].label = _("或選案件裡的檔案")
            self.fields["capture"].help_text = ""

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("file") and not data.get("capture") and "file" not in self.errors:
            self.add_error("file", _("請選一個檔案。"))
        return data


class OwnNameForm(forms.Form):
    """One more official account."""

    def __init__(self, *args: Any, places: list[tuple[str, str]], branches: list[Branch], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["platform"] = one_of(_("平台"), platforms(branches))
        self.fields["elsewhere"] = line_field(_("哪一個平台"), required=False, limit=ELSEWHERE, help_text=_("清單裡沒有的平台才要寫。"))
        self.fields["name"] = line_field(_("帳號在那裡顯示的名稱"), limit=NAME)
        self.fields["address"] = line_field(_("帳號的網址"), required=False, limit=ADDRESS)
        if len(places) > 1:
            self.fields["place"] = one_of(_("哪一間用"), places)


def platforms(branches: list[Branch]) -> list[tuple[str, str]]:
    known = {row.id: str(row.name) for branch in branches for row in wording_newest(branch.jurisdiction).platforms}
    return [*known.items(), (OTHER, _("其他平台"))]


def not_ours() -> list[tuple[str, str]]:
    """Said plainly, so that whoever did it reads why it cannot stay."""
    return [(PERSONAL, _("用同事自己的帳號")), (ANONYMOUS, _("匿名"))]


def _listed(row: OwnName) -> tuple[str, str]:
    platform = platform_name(row, get_language() or "zh-hant")
    return str(row.uid), _("%(platform)s　%(name)s") % {"platform": platform, "name": row.name}


def _first_words(row: Message) -> str:
    words = " ".join(row.words.split())
    return words if len(words) <= 40 else f"{words[:39]}…"


def _capture(form: forms.Form, items: list[Item]) -> None:
    if items:
        rows = Item.objects.filter(pk__in=[item.pk for item in items]).order_by("number")
        form.fields["capture"] = RowField(
            label=_("畫面"), rows=rows, words=item_words, required=False, empty_label=_("（沒有）"),
            help_text=_("發表之後的樣子。現在沒有的話，記下之後再加。"),
        )
