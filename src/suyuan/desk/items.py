"""Pages of the items of a case: what each is, whose hands it passed through, copies of it, two of them side by side."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from csp.decorators import csp_update
from django import forms
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from suyuan.accounts.labels import COMPARTMENTS, who_label
from suyuan.cases import selectors as cases_read
from suyuan.cases.errors import MayNot
from suyuan.cases.models import Case
from suyuan.cases.rules import TAKES_OUT
from suyuan.cases.selectors.door import allowed_moves
from suyuan.cases.selectors.page import names_of
from suyuan.cases.selectors.protecting import shown_before, where_to
from suyuan.cases.services import handling
from suyuan.cases.services.handling.items import HANDED
from suyuan.desk import shapes
from suyuan.desk.fields import LocalTimeField, attempt, line_field, one_of
from suyuan.desk.noting import noted, ticket, ticketed
from suyuan.evidence import rules
from suyuan.evidence.errors import CannotCopy, ItemGone
from suyuan.evidence.looking import page_shown
from suyuan.evidence.making import REDACTED, STRIPPED
from suyuan.evidence.models import Item, Making, Picture
from suyuan.evidence.phrases import CUSTODY, PURPOSES
from suyuan.evidence.selectors.items import custody_of, item_in, items_of
from suyuan.evidence.selectors.makings import is_lost, making_in, makings_of
from suyuan.evidence.selectors.pictures import copies_of, picture_of, pictures_of, previews_of, showable, thumbnails_of
from suyuan.evidence.services.makings import making_is_quick
from suyuan.kernel.refusal import NotHere, Refusal
from suyuan.platform.addresses import address
from suyuan.platform.files import StorageFull
from suyuan.platform.files.serving import download_name, file_answer, painted_answer
from suyuan.platform.models import StoredFile

GIVEN_SECONDS = 600
_GIVEN = "desk.copy"


def item_name(stored: StoredFile | None) -> str:
    return download_name(stored) if stored is not None else ""


def gallery(request: HttpRequest, found: Case, rows: list[Item]) -> list[dict[str, Any]]:
    """The items of a case as the list shows them."""
    thumbs, looks = thumbnails_of(rows), pictures_of(rows)
    names, kinds = names_of(row.added_by for row in rows), handling.item_kinds(found)
    return [
        {
            "row": row,
            "name": item_name(row.stored),
            "gone": row.stored is not None and row.stored.state == "destroyed",
            "who": names.get(row.added_by, ""),
            "kind": str(kinds.get(row.kind, "")),
            "picture": looks.get(row.pk),
            "thumbnail": _shown_url(request, found, thumbs.get(row.pk)) if showable(row) else "",
            "icon": _icon(row),
            "url": reverse("desk:file", args=[found.reference, row.uid]),
        }
        for row in rows
    ]


def _icon(item: Item) -> str:
    kind = item.stored.content_type.partition("/")[0] if item.stored is not None else ""
    return {"image": "photo", "video": "photo", "audio": "speaker", "message": "mail", "": "tablet"}.get(kind, "file")


def _shown_url(request: HttpRequest, found: Case, copy: Item | None) -> str:
    """Inside a page whose line names the item: what it then fetches leaves no second one."""
    if copy is None:
        return ""
    return f"{reverse('desk:file_shown', args=[found.reference, copy.uid])}?{ticket(request, copy.uid)}"


def _plays(item: Item) -> bool:
    return showable(item) and item.stored.content_type in rules.PLAYED


# --- one item ------------------------------------------------------------------------------------------------------


@address("staff", move="identity")
@csp_update({"media-src": ["'self'"]})
def file(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """One item: what it looks like, where it came from, its seal, its hands, its copies."""
    found, item = _item(request, reference, uid)
    if item.parent is not None:
        return redirect("desk:file", reference=found.reference, uid=item.parent.uid)
    return _item_page(request, found, item)


def _item(request: HttpRequest, reference: str, uid: UUID, to: str = "identity") -> tuple[Case, Item]:
    found = cases_read.case_for(request.profile, reference, to=to)
    return found, item_in(found.stream, uid, cases_read.compartments_for(request.profile, found))


def _item_page(request: HttpRequest, found: Case, item: Item, *, problem: str = "", **bound: forms.Form) -> HttpResponse:
    noted(request, found, "case.item", items=[item])
    allowed, zone = allowed_moves(request.profile, found), found.branch.tz
    copies, hands = copies_of(item), list(custody_of(item))
    names = names_of({item.added_by, *(c.added_by for c in copies), *(entry.by for entry in hands)})
    picture, may_write = picture_of(item), "file_add" in allowed
    with timezone.override(zone):
        context = {
            "case": found,
            "heading": shapes.heading(found, True),
            "pages": shapes.pages(found, allowed, "files"),
            "item": item,
            "name": item_name(item.stored),
            "here": item.stored is not None and item.stored.state == "stored",
            "kind": str(handling.item_kinds(found).get(item.kind, "")),
            "who": names.get(item.added_by, ""),
            "source": sources().get(item.source, ""),
            "picture": picture,
            "undecoded": undecoded(picture.decoded) if picture and picture.decoded != "ok" else "",
            "waiting": picture is None and item.stored is not None and item.stored.content_type in rules.SHOWN,
            "shown": [_shown_url(request, found, each) for each in previews_of(item)] if showable(item) else [],
            "plays": item.stored.content_type.partition("/")[0] if _plays(item) else "",
            "hands": [(entry, CUSTODY.get(entry.act, entry.act), names.get(entry.by, "")) for entry in hands],
            "copies": [(copy, item_name(copy.stored), names.get(copy.added_by, "")) for copy in copies],
            "purposes": PURPOSES.items(),
            "may_write": may_write,
            "may_protect": "item_protect" in allowed,
            "lies_in": COMPARTMENTS[item.compartment] if item.compartment else "",
            "may_strip": may_write and item.stored is not None and item.stored.content_type in STRIPPED,
            "may_redact": may_write and bool(picture) and picture.decoded == "ok" and _redactable(item),
            "makings": (coming := list(makings_of(item, request.now))),
            "has_stripped": any(one.derivation == "stripped" for one in (*copies, *coming)),
            "problem": problem,
            "describe": bound.get("describe") or (DescribeForm(found=found, item=item, now=request.now) if may_write else None),
            "hand": bound.get("hand") or (HandForm(zone=zone, now=request.now) if may_write else None),
            "now": request.now,
        }
        return render(request, "desk/item.html", context, status=422 if bound or problem else 200)


def _redactable(item: Item) -> bool:
    return showable(item) and item.stored.content_type in REDACTED


def sources() -> dict[str, str]:
    return {
        "portal": _("申訴人自己上傳"),
        "desk": _("診所加入"),
        "email": _("電子郵件"),
        "line": _("LINE"),
        "import": _("匯入"),
        "request": _("經請求提供"),
    }


def undecoded(code: str) -> str:
    """Why there is no picture of it to look at, in words; the original is kept all the same."""
    return {
        "no:pixels": _("像素太多，不在這裡展開。"),
        "no:size": _("檔案太大，不在這裡展開。"),
        "no:memory": _("展開它要用太多記憶體，已經停止。"),
        "no:time": _("展開它要太久，已經停止。"),
        "no:locked": _("這份 PDF 有密碼。"),
    }.get(code, _("檔案的內容讀不出來，可能不完整或已損壞。"))


class DescribeForm(forms.Form):
    """What an item is, more exactly."""

    def __init__(self, data: Any = None, *, found: Case, item: Item, now: datetime) -> None:
        self.now = now
        said = {name: getattr(item, name) for name in ("kind", "title", "from_whom", "obtained_at", "place", "note")}
        super().__init__(data, initial=said)
        kinds = {code: str(name) for code, name in handling.item_kinds(found).items()}
        if item.kind:
            kinds.setdefault(item.kind, item.kind)
        self.fields["kind"] = one_of(_("種類"), list(kinds.items()), required=False)
        self.fields["title"] = line_field(_("名稱"), required=False, limit=200)
        self.fields["from_whom"] = line_field(_("從誰那裡取得"), required=False)
        self.fields["obtained_at"] = LocalTimeField(zone=found.branch.tz, label=_("什麼時候取得"), required=False)
        self.fields["place"] = line_field(_("放在哪裡"), required=False, help_text=_("實體的東西才要填，例如藥櫃第二層。"))
        self.fields["note"] = line_field(_("說明"), required=False, limit=200)

    def clean_obtained_at(self) -> datetime | None:
        return _past(self.cleaned_data["obtained_at"], self.now)


class HandForm(forms.Form):
    """One hand-over."""

    def __init__(self, data: Any = None, *, zone: ZoneInfo, now: datetime) -> None:
        self.now = now
        super().__init__(data)
        self.fields["act"] = one_of(_("做了什麼"), [(act, str(CUSTODY[act])) for act in HANDED])
        self.fields["happened_at"] = LocalTimeField(
            zone=zone, label=_("什麼時候"), required=False, help_text=_("就是現在的話不必填。")
        )
        self.fields["from_whom"] = line_field(_("由誰"), required=False)
        self.fields["to_whom"] = line_field(_("交給誰"), required=False)
        self.fields["place"] = line_field(_("地點"), required=False)
        self.fields["why"] = line_field(_("原因"), required=False, limit=200)

    def clean_happened_at(self) -> datetime | None:
        return _past(self.cleaned_data["happened_at"], self.now)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("act") in rules.PASSES_ON and not given.get("to_whom"):
            self.add_error("to_whom", _("請寫下交給誰。"))
        return given


def _past(stated: datetime | None, now: datetime) -> datetime | None:
    if stated is not None and stated > now:
        raise forms.ValidationError(_("這個時間還沒有到。請填實際發生的時間。"))
    return stated


@address("staff", move="file_add", methods=("POST",))
def file_describe(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Say more exactly what it is."""
    found, item = _item(request, reference, uid, to="file_add")
    form = DescribeForm(request.POST, found=found, item=item, now=request.now)
    return _done(request, found, item, "describe", form, handling.item_note, _("已補充說明，原來的說明仍在紀錄裡。"))


@address("staff", move="file_add", methods=("POST",))
def file_hand(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Write down a hand-over."""
    found, item = _item(request, reference, uid, to="file_add")
    form = HandForm(request.POST, zone=found.branch.tz, now=request.now)
    return _done(request, found, item, "hand", form, handling.item_hand_over, _("已記下這次交接。"))


def _done(
    request: HttpRequest, found: Case, item: Item, name: str, form: forms.Form, service: Callable[..., Any], said: str
) -> HttpResponse:
    def act() -> bool:
        service(case=found, item=item, **form.cleaned_data, actor=request.actor, now=request.now)
        return True

    if form.is_valid() and attempt(form, act):
        messages.success(request, said)
        return redirect("desk:file", reference=found.reference, uid=item.uid)
    return _item_page(request, found, item, **{name: form})


# --- protected, and out again ----------------------------------------------------------------------------------------


class ProtectForm(forms.Form):
    """Where to, and why."""

    def __init__(self, data: Any = None, *, choices: list[str]) -> None:
        super().__init__(data)
        named = [(code or OPEN, str(COMPARTMENTS[code]) if code else str(_("一般的證物，讀這件的人都看得到"))) for code in choices]
        self.fields["compartment"] = one_of(_("移到哪裡"), named, cards=True)
        self.fields["reason"] = line_field(_("原因"), limit=200)

    def said(self) -> dict[str, str]:
        where = self.cleaned_data["compartment"]
        return {"compartment": "" if where == OPEN else where, "reason": self.cleaned_data["reason"]}


OPEN = "open"


def shown_words(code: str, n: int) -> str:
    """How it was shown to others before, and how often."""
    return {
        "given_by_them": _("這是對方自己提供的，他手上有一份。"),
        "copied": _("有人取走過 %(n)s 次複本。"),
        "copies": _("交出的病歷複製本裡有它，%(n)s 份。"),
        "sealed": _("列在 %(n)s 份封存清單上，雙方各有一份。"),
        "cited": _("查明的事實或評估引用過它 %(n)s 次。"),
        "reported": _("%(n)s 份定稿的報告列了它。"),
        "bundled": _("做過 %(n)s 份證據包，裡面有它的紀錄；那些證據包不能再下載。"),
    }[code] % {"n": n}


@address("staff", move="item_protect", methods=("GET", "POST"))
def file_protect(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Put it where only some read it, or back; what was shown before is said, for nothing takes it back."""
    found, item = _item(request, reference, uid, to="item_protect")
    if item.parent is not None:
        return redirect("desk:file_protect", reference=found.reference, uid=item.parent.uid)
    choices = where_to(request.profile, found, item)
    form = ProtectForm(request.POST if request.method == "POST" else None, choices=choices)

    def act() -> bool:
        handling.item_protect(case=found, item=item, **form.said(), actor=request.actor, now=request.now)
        return True

    if form.is_bound and form.is_valid() and attempt(form, act):
        messages.success(request, _("已經移動。清單、預覽圖、經過與證據包從現在起都照新的規定。"))
        return redirect("desk:file", reference=found.reference, uid=item.uid)
    noted(request, found, "case.item_protect", items=[item])
    refused = getattr(form, "refused", None)
    with timezone.override(found.branch.tz):
        context = {
            "case": found,
            "heading": shapes.heading(found, True),
            "item": item,
            "name": item.title or item_name(item.stored),
            "now_in": COMPARTMENTS[item.compartment] if item.compartment else "",
            "choices": choices,
            "form": form,
            "shown": [shown_words(code, n) for code, n in shown_before(found, item)],
            "who_could": _("、").join(str(who_label(role)) for role in sorted(TAKES_OUT.get(item.compartment, ()))),
            "back_url": reverse("desk:file", args=[found.reference, item.uid]),
        }
        status = refused.status if refused is not None else 422 if form.is_bound else 200
        return render(request, "desk/item_protect.html", context, status=status)


# --- bytes ---------------------------------------------------------------------------------------------------------


@address("staff", move="identity")
def file_shown(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """A preview or a thumbnail: a picture that was painted here, and nothing that came from outside."""
    found, item = _item(request, reference, uid)
    if item.derivation not in rules.SHOWN_INSTEAD or item.stored.state != "stored":
        raise NotHere()
    if not ticketed(request, item.uid):
        noted(request, found, "case.item_shown", items=[item])
    return file_answer(request, item.stored, inline_as="image/jpeg")


@address("staff", move="identity")
def file_play(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Sound or film for the player in the item's page."""
    found, item = _item(request, reference, uid)
    if item.derivation or not _plays(item):
        raise NotHere()
    noted(request, found, "case.item_played", items=[item])
    return file_answer(request, item.stored, inline_as=item.stored.content_type)


@address("staff", move="identity")
def file_page(request: HttpRequest, reference: str, uid: UUID, number: int) -> HttpResponse:
    """One page of a PDF, painted for this moment."""
    found, item = _item(request, reference, uid)
    if item.derivation or not showable(item) or item.stored.content_type != rules.PDF:
        raise NotHere()
    noted(request, found, "case.item_page", items=[item])
    painted = page_shown(item.stored, number)
    if painted is None:
        raise NotHere()
    return painted_answer(painted)


@address("staff", move="identity", methods=("GET", "POST"))
def file_copy(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Take a copy. The sending writes down who and for what, and leads to an address that gives the bytes for ten
    minutes, to this person, in parts if need be; asked for without having been given, it leads back to the item."""
    found, item = _item(request, reference, uid)
    if item.stored is None or item.derivation in rules.SHOWN_INSTEAD:
        raise NotHere()
    if request.method == "POST":
        purpose = request.POST.get("purpose", "review")
        if item.stored.scan.startswith("found:") and request.POST.get("despite") != "1":
            return _warned(request, found, item, purpose)
        handling.item_take_copy(
            case=found,
            item=item,
            purpose=purpose if purpose in rules.PURPOSES else "other",
            actor=request.actor,
            now=request.now,
        )
        until = int(request.now.timestamp()) + GIVEN_SECONDS
        given = signing.Signer(salt=_GIVEN).sign_object([request.actor.uid, str(item.uid), until])
        return redirect(f"{request.path}?{urlencode({'given': given})}", permanent=False)
    if not _was_given(request, item):
        return redirect("desk:file", reference=found.reference, uid=(item.parent or item).uid)
    noted(request, found, "case.file", items=[item], purpose="copy")
    return file_answer(request, item.stored)


def _warned(request: HttpRequest, found: Case, item: Item, purpose: str) -> HttpResponse:
    context = {
        "case": found,
        "row": item,
        "name": item_name(item.stored),
        "virus": item.stored.scan.partition(":")[2],
        "purpose": purpose,
    }
    return render(request, "desk/file_found.html", context, status=409)


def _was_given(request: HttpRequest, item: Item) -> bool:
    try:
        who, what, until = signing.Signer(salt=_GIVEN).unsign_object(request.GET.get("given", ""))
    except (signing.BadSignature, ValueError, TypeError):
        return False
    return (who, what) == (request.actor.uid, str(item.uid)) and request.now.timestamp() < until


# --- copies that are made ------------------------------------------------------------------------------------------


@address("staff", move="file_add", methods=("POST",))
def file_strip(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Make a copy for sharing, without what is hidden in it. Once made, it is the copy."""
    found, item = _item(request, reference, uid, to="file_add")
    if item.derivation or item.stored is None:
        raise NotHere()
    if any(copy.derivation == "stripped" for copy in copies_of(item)):
        return _to_copies(found, item)
    making, problem = _asked(request, found, item, derivation="stripped")
    if problem:
        return _item_page(request, found, item, problem=problem)
    return _to_making(request, found, making, _("已製作分享用的複本，原檔沒有動過。"))


def _asked(request: HttpRequest, found: Case, item: Item, **said: Any) -> tuple[Making | None, str]:
    """Ask for a copy, and make it at once where that is quick; words of what stood in the way, or nothing."""
    try:
        making = handling.item_ask_copy(case=found, item=item, **said, actor=request.actor, now=request.now)
    except Refusal as refused:
        if refused.status in (403, 404):
            raise
        return None, refused.message()
    if making_is_quick(making):
        handling.item_copy_make(making=making, now=request.now)
    return making, fault_words(making.fault)


def _to_copies(found: Case, item: Item) -> HttpResponse:
    return redirect(reverse("desk:file", args=[found.reference, item.uid]) + "#copies")


def _to_making(request: HttpRequest, found: Case, making: Making, said: str) -> HttpResponse:
    if making.ended_at is None:
        return redirect("desk:making", reference=found.reference, uid=making.uid)
    messages.success(request, said)
    return _to_copies(found, making.item)


def fault_words(fault: str) -> str:
    """Why there is no copy, in words; nothing where there is no fault."""
    code, _colon, why = fault.partition(":")
    if code in ("", CannotCopy.code):
        return CannotCopy(why=why).message() if code else ""
    if code == StorageFull.code:
        return _("儲存空間已滿，複本沒有做成。請管理系統的同事騰出空間，再試一次。")
    if code in (MayNot.code, NotHere.code, ItemGone.code):
        return _("這份檔案您現在不能製作複本了，或它已經不在。")
    return _("檔案庫這時候讀寫不了，複本沒有做成，原檔沒有動過。請再試一次。")


@address("staff", move="file_add")
def making(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """A copy that takes its time: how far it is, and where it lies when it is there."""
    found = cases_read.case_for(request.profile, reference, to="file_add")
    row = making_in(found.stream, uid)
    _found, item = _item(request, reference, row.item.uid, to="file_add")
    if not ticketed(request, row.uid):  # the page looks again by itself until the copy is there
        noted(request, found, "case.item_making", items=[item])
    lost = is_lost(row, request.now)
    with timezone.override(found.branch.tz):
        context = {
            "case": found,
            "heading": shapes.heading(found, True),
            "pages": shapes.pages(found, allowed_moves(request.profile, found), "files"),
            "making": row,
            "look_url": f"{reverse('desk:making', args=[found.reference, row.uid])}?{ticket(request, row.uid)}",
            "item": item,
            "name": item_name(item.stored),
            "waiting": row.ended_at is None and not lost,
            "share": min(100, row.done * 100 // row.of) if row.of else None,
            "by_pages": item.stored.content_type == rules.PDF,
            "problem": _("等了一個小時還沒有做好，大概是中斷了。請再試一次，原檔沒有動過。") if lost else fault_words(row.fault),
            "again_url": _again_url(found, row),
            "copy_name": item_name(row.made.stored) if row.made else "",
            "purposes": PURPOSES.items(),
        }
        return render(request, "desk/making.html", context)


def _again_url(found: Case, row: Making) -> str:
    """What was drawn and written is there again."""
    if row.derivation == "stripped":
        return reverse("desk:file", args=[found.reference, row.item.uid]) + "#copies"
    return reverse("desk:file_redact", args=[found.reference, row.item.uid]) + f"?again={row.uid}"


ROWS = 8


@address("staff", move="file_add", methods=("GET", "POST"))
def file_redact(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Choose what is to be black, see it, and make a copy in which it is."""
    found, item = _item(request, reference, uid, to="file_add")
    picture = picture_of(item)
    if item.derivation or picture is None or picture.decoded != "ok" or not showable(item):
        return redirect("desk:file", reference=found.reference, uid=(item.parent or item).uid)
    said = request.POST if request.method == "POST" else _said_before(found, item, request.GET.get("again", ""))
    form = RedactForm(said, pages=picture.pages or 0)
    problem = ""
    if request.method == "POST" and form.is_valid() and "make" in request.POST:
        making, problem = _asked(
            request, found, item, derivation="redacted", black=form.black(), pages=form.pages_kept(), why=form.cleaned_data["why"]
        )
        if making and not problem:
            return _to_making(request, found, making, _("已製作遮蓋複本，原檔沒有動過。"))
    return _redact_page(request, found, item, picture, form, problem)


def _said_before(found: Case, item: Item, uid: str) -> QueryDict | None:
    """The form as it was sent when the copy was asked for that came to nothing."""
    try:
        row = making_in(found.stream, UUID(uid)) if uid else None
    except (ValueError, ItemGone):
        return None
    if row is None or row.item_id != item.pk or row.derivation != "redacted" or row.made_id:
        return None
    said = QueryDict(mutable=True)
    said["why"] = row.why
    for n, (page, *area) in enumerate(row.asked["black"][:ROWS], 1):
        said[f"page_{n}"] = str(page)
        for name, value in zip(("left", "top", "width", "height"), area, strict=True):
            said[f"{name}_{n}"] = f"{value / 10:g}"
    if kept := row.asked["pages"]:
        said.setlist("leave_out", [str(n) for n in range(1, (picture_of(item).pages or 0) + 1) if n not in kept])
    return said


def _redact_page(
    request: HttpRequest, found: Case, item: Item, picture: Picture, form: RedactForm, problem: str
) -> HttpResponse:
    noted(request, found, "case.item_redact", items=[item])
    number = form.page_shown()
    ready = previews_of(item)
    if number <= len(ready):
        shown = _shown_url(request, found, ready[number - 1])
    else:
        shown = reverse("desk:file_page", args=[found.reference, item.uid, number])
    wrong = form.is_bound and not form.is_valid() and "make" in form.data
    context = {
        "case": found,
        "heading": shapes.heading(found, True),
        "pages": shapes.pages(found, allowed_moves(request.profile, found), "files"),
        "item": item,
        "picture": picture,
        "form": form,
        "problem": problem,
        "wrong": wrong,
        "number": number,
        "numbers": range(1, (picture.pages or 1) + 1),
        "shown": shown,
        "drawn": [(left / 10, top / 10, width / 10, height / 10) for left, top, width, height in form.drawn(number)],
        "lines": range(10, 100, 10),
    }
    return render(request, "desk/redact.html", context, status=422 if problem or wrong else 200)


class RedactForm(forms.Form):
    """Areas in hundredths of the picture's width and height, a row each; for a PDF also the page, and which pages stay."""

    why = forms.CharField(required=False, max_length=200)

    def __init__(self, data: Any = None, *, pages: int) -> None:
        super().__init__(data)
        self.pages = pages
        self.fields["why"].label = _("為什麼遮蓋")
        self.rows = [
            {name: (data or {}).get(f"{name}_{row}", "") for name in ("page", "left", "top", "width", "height")} | {"n": row}
            for row in range(1, ROWS + 1)
        ]
        self.found: list[tuple[int, list[int]]] = []

    def clean(self) -> dict[str, Any]:
        for row in self.rows:
            said = [row[name].strip() for name in ("left", "top", "width", "height")]
            if any(said):
                self._read(row, said)
        if "make" in self.data:
            self._ready()
        return super().clean()

    def _read(self, row: dict[str, Any], said: list[str]) -> None:
        # A row without a page is of the one that was looked at, whichever comes next.
        page = _whole(row["page"]) or _whole(self.data.get("number", "")) or 1
        row["page"] = str(page)
        area = [_thousandths(words) for words in said]
        if None in area or not rules.area_fits(area) or not 1 <= page <= max(self.pages, 1):
            row["wrong"] = True
            words = {"n": row["n"]}
            self.add_error(None, _("第 %(n)s 塊的數字不對：左、上、寬、高都要填，合起來不超過 100。") % words)
            return
        self.found.append((page, area))

    def _ready(self) -> None:
        if not self.data.get("why", "").strip():
            self.add_error("why", _("請寫下原因，日後看得懂為什麼有這份複本。"))
        if self.pages and not self.pages_kept():
            self.add_error(None, _("至少要留下一頁。"))
        if not self.found and (not self.pages or len(self.pages_kept()) == self.pages):
            self.add_error(None, _("還沒有選要遮蓋的地方。"))

    def areas(self) -> dict[int, list[list[int]]]:
        by_page: dict[int, list[list[int]]] = {}
        for page, area in self.found:
            by_page.setdefault(page, []).append(area)
        return by_page

    def black(self) -> list[list[int]]:
        """Page and area, in order."""
        return [[page, *area] for page, each in sorted(self.areas().items()) for area in each]

    def drawn(self, number: int) -> list[list[int]]:
        if self.is_bound:
            self.is_valid()
        return self.areas().get(number, [])

    def pages_kept(self) -> list[int] | None:
        """None for a picture."""
        if not self.pages:
            return None
        left_out = {_whole(words) for words in self.data.getlist("leave_out")} if self.is_bound else set()
        return [number for number in range(1, self.pages + 1) if number not in left_out]

    def left_out(self) -> list[int]:
        return [n for n in range(1, self.pages + 1) if n not in (self.pages_kept() or [])]

    def page_shown(self) -> int:
        asked = _whole(self.data.get("go", "") or self.data.get("number", "")) if self.is_bound else 1
        return asked if asked and 1 <= asked <= max(self.pages, 1) else 1


def _whole(words: str) -> int | None:
    return int(words) if words.isascii() and words.isdigit() and len(words) < 6 else None


def _thousandths(words: str) -> int | None:
    """"12.5" hundredths are 125 thousandths."""
    found = re.fullmatch(r"([0-9]{1,3})(?:\.([0-9])[0-9]*)?", words)
    return int(found[1]) * 10 + int(found[2] or 0) if found else None


# --- two pictures side by side -------------------------------------------------------------------------------------

_LIKELY = ("photographs", "same-angle", "imaging")


@address("staff", move="identity")
def compare(request: HttpRequest, reference: str) -> HttpResponse:
    """Before and after: two pictures at the same scale, each under its date."""
    found = cases_read.case_for(request.profile, reference, to="identity")
    readable = cases_read.compartments_for(request.profile, found)
    rows = [row for row in items_of(found.stream, readable) if showable(row) and row.stored.content_type in rules.PICTURES]
    looks = pictures_of(rows)
    choices = [_one(found, row, looks.get(row.pk)) for row in rows if row.pk in looks and looks[row.pk].decoded == "ok"]
    before, after = _two(choices, request.GET.get("a", ""), request.GET.get("b", ""))
    for one in filter(None, (before, after)):
        one["shown"] = _shown_url(request, found, next(iter(previews_of(one["row"])), None))
    noted(request, found, "case.compare", items=[one["row"] for one in choices])
    with timezone.override(found.branch.tz):
        context = {
            "case": found,
            "heading": shapes.heading(found, True),
            "pages": shapes.pages(found, allowed_moves(request.profile, found), "files"),
            "choices": choices,
            "before": before,
            "after": after,
            **_between(found, before, after),
        }
        return render(request, "desk/compare.html", context)


def _one(found: Case, row: Item, picture: Any) -> dict[str, Any]:
    """When it was taken: what staff wrote down before what the camera says, before when it came to us."""
    stated = row.obtained_at or picture.taken_at
    return {
        "row": row,
        "picture": picture,
        "name": row.title or row.note or item_name(row.stored),
        "at": stated or row.added_at,
        "by": "staff" if row.obtained_at else "camera" if picture.taken_at else "received",
        "likely": row.kind in _LIKELY,
    }


def _two(choices: list[dict], first: str, second: str) -> tuple[dict | None, dict | None]:
    """Those asked for; otherwise the earliest and the latest, of photographs if there are two."""
    by_uid = {str(one["row"].uid): one for one in choices}
    if first in by_uid and second in by_uid:
        return by_uid[first], by_uid[second]
    likely = [one for one in choices if one["likely"]]
    among = sorted(likely if len(likely) > 1 else choices, key=lambda one: (one["at"], one["row"].number))
    return (among[0], among[-1]) if len(among) > 1 else (among[0] if among else None, None)


def _between(found: Case, before: dict | None, after: dict | None) -> dict[str, Any]:
    if before is None or after is None:
        return {}
    zone = found.branch.tz
    days = [one["at"].astimezone(zone).date() for one in (before, after)]
    treated = _treated_on(found)
    sizes = [(one["picture"].width, one["picture"].height) for one in (before, after)]
    shapes_ = [round(width / height, 2) for width, height in sizes]
    return {
        "days": abs((days[1] - days[0]).days),
        "since": [(day - treated).days if treated else None for day in days],
        "sizes_differ": sizes[0] != sizes[1],
        "shapes_differ": abs(shapes_[0] - shapes_[1]) > 0.02,
    }


def _treated_on(found: Case):
    issue = found.issues.filter(treatment__on__isnull=False).select_related("treatment").order_by("id").first()
    return issue.treatment.on if issue is not None else None
