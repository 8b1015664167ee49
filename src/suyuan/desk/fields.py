"""Form fields of the desk: times as staff say them, colleagues, and choices out of the pinned pack."""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from suyuan.accounts.models import User
from suyuan.evidence.models import Item
from suyuan.kernel.refusal import BadInput, Refusal
from suyuan.platform.files import file_name
from suyuan.platform.texts import TextRefused, text_check

T = TypeVar("T")

WORDS = 20_000
_REPUBLICAN = re.compile(r"[0-9]{1,3}")
_NUMBER = re.compile(r"[0-9]{1,18}")


class LocalTimeField(forms.DateTimeField):
    """A time on the wall of the branch, given back aware in UTC."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, *, zone: ZoneInfo, **kwargs: Any) -> None:
        self.zone = zone
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"], **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value.astimezone(self.zone).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value

    def to_python(self, value: Any) -> datetime | None:
        from django.utils import timezone

        with timezone.override(self.zone):
            read = super().to_python(value)
        try:
            return read.astimezone(UTC) if read else None
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class DayField(forms.DateField):
    """A day; years of the Republic (115/11/2) are understood."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d", "%Y/%m/%d"], **kwargs)

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str):
            parts = value.replace("/", "-").replace(".", "-").strip().split("-")
            if len(parts) == 3 and _REPUBLICAN.fullmatch(parts[0]) and 1 <= int(parts[0]) <= 199:
                value = "-".join([str(int(parts[0]) + 1911), *parts[1:]])
        return super().to_python(value)


class ColleagueField(forms.ModelChoiceField):
    """A member of the branch, named as colleagues call them."""

    def __init__(self, people: Iterable[User], **kwargs: Any) -> None:
        ids = [user.pk for user in people]
        super().__init__(queryset=User.objects.filter(pk__in=ids).order_by("display_name"), **kwargs)

    def label_from_instance(self, user: User) -> str:
        return user.display_name


class ColleaguesField(forms.ModelMultipleChoiceField):
    """Several of them, each ticked or not."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, user: User) -> str:
        return user.display_name

    def clean(self, value: Any) -> Any:
        for named in value or ():
            if not _NUMBER.fullmatch(str(named)):  # a number too long for the database is nobody's
                raise ValidationError(self.error_messages["invalid_pk_value"], code="invalid_pk_value", params={"pk": named})
        return super().clean(value)


class ItemsField(forms.ModelMultipleChoiceField):
    """Items of the case, each ticked or not, named by number and what it is."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, items: list[Item], **kwargs: Any) -> None:
        self.items = items
        queryset = Item.objects.filter(pk__in=[item.pk for item in items]).select_related("stored").order_by("number")
        super().__init__(queryset=queryset, to_field_name="uid", required=False, **kwargs)

    def label_from_instance(self, item: Item) -> str:
        return item_words(item)


def item_words(item: Item) -> str:
    """證物 3 術後照片: what people call it."""
    named = item.title or item.note or (file_name(item.stored) if item.stored else "")
    number = _("證物 %(n)s") % {"n": item.number}
    return f"{number}　{named}" if named else number


def item_named(item: Item, readable: Collection[str]) -> str:
    """The same for whoever reads where it lies by now; its number for everybody else."""
    return item_words(item) if item.compartment in readable else _("證物 %(n)s") % {"n": item.number}


def written_well(value: str) -> None:
    """Refuse characters that cannot be shown or kept, in words for the person who pasted them."""
    try:
        text_check(value)
    except TextRefused as refused:
        if refused.data.get("reason") == "unprintable":
            place = refused.data["at"] + 1
            raise ValidationError(_("第 %(n)s 個字是看不見的控制字元，請刪掉它再送出。") % {"n": place}) from refused
        raise ValidationError(_("這段話存不下來，請縮短一些。")) from refused


def said_something(value: str) -> None:
    """Nothing but space says nothing."""
    if not value.strip():
        raise ValidationError(_("請寫下內容。"), code="required")


def words_field(
    label: Any, *, required: bool = True, rows: int = 4, limit: int = WORDS, help_text: Any = "", guarded: str = ""
) -> forms.CharField:
    """What somebody writes, byte for byte: not stripped. `guarded`: the surface on which it reaches somebody outside."""
    field = forms.CharField(
        label=label,
        required=required,
        max_length=limit,
        strip=False,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
        validators=[written_well, said_something] if required else [written_well],
    )
    field.guarded = guarded
    return field


class LongLineField(forms.CharField):
    """A sentence that a line of a form is too short for."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).splitlines())


def line_field(
    label: Any, *, required: bool = True, limit: int = 120, help_text: Any = "", guarded: str = "", rows: int = 1
) -> forms.CharField:
    """One line; `rows`: room to read a long one in, and whatever was typed there is still one line."""
    kind = forms.CharField if rows == 1 else LongLineField
    field = kind(label=label, required=required, max_length=limit, help_text=help_text, validators=[written_well])
    if rows > 1:
        field.widget.attrs["rows"] = rows
    field.guarded = guarded
    return field


def kinds(procedure, group: str, jurisdiction: str | None = None) -> list[tuple[str, str]]:
    """The choices of one list of the pack, in the reader's language."""
    return [(row.id, str(row.name)) for row in procedure.kinds_of(group, jurisdiction)]


def one_of(label: Any, choices: list[tuple[str, str]], *, required: bool = True, cards: bool = False, **kwargs: Any):
    if not cards and not required:
        choices = [("", _("（未選）")), *choices]
    widget = forms.RadioSelect if cards else forms.Select
    return forms.ChoiceField(label=label, choices=choices, required=required, widget=widget, **kwargs)


def some_of(label: Any, choices: list[tuple[str, str]], *, required: bool = False, **kwargs: Any):
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=required, widget=forms.CheckboxSelectMultiple, **kwargs
    )


def attempt(form: forms.Form, act: Callable[[], T]) -> T | None:
    """Do it, or put the refusal where it belongs in the form, which keeps what was typed. Sets `form.refused`."""
    form.refused = None
    try:
        return act()
    except BadInput as refused:
        form.refused = refused
        for field, words in refused.fields.items():
            form.add_error(field if field in form.fields else None, str(words))
        if not refused.fields:
            form.add_error(None, refused.message())
    except Refusal as refused:
        if refused.status in (403, 404):
            raise
        form.refused = refused
        form.add_error(None, refused.message())
    return None


class ExtendForm(forms.Form):
    """A lawful extension of one deadline."""

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"] = words_field(_("由誰決定、為什麼延長"), rows=3, limit=2_000)
        self.fields["happened_at"] = LocalTimeField(
            zone=zone, label=_("什麼時候決定的"), required=False, help_text=_("就是現在的話不必填。")
        )


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)
