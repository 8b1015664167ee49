"""A document looked at before it is published: read in this moment, kept nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.correspondence.documents import APART, Checked, Told, Where, document_check, text_of
from suyuan.correspondence.errors import DocumentUnread
from suyuan.correspondence.guard import Said, masked
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.rules.guard import Surface
from suyuan.desk import guarding
from suyuan.desk.fields import one_of
from suyuan.desk.guard import branches_of
from suyuan.kernel.refusal import NotHere
from suyuan.kernel.sizes import LARGEST_IN_A_FORM
from suyuan.platform import access
from suyuan.platform.addresses import address

MOST_SHOWN = 300
AROUND = 60  # characters beside what was found

Shown = dict[str, Any]


class DocumentForm(forms.Form):
    """Which document, and where it will stand."""

    def __init__(self, *args: Any, branches: list[Branch], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        surfaces = [(code.value, surface_word(code)) for code in Surface]
        self.fields["surface"] = one_of(_("這份文件會放在哪裡"), surfaces, initial=Surface.ADVERTISEMENT.value)
        if len(branches) > 1:
            names = [(b.code, b.name(get_language() or b.language)) for b in branches]
            self.fields["branch"] = one_of(_("哪一間"), names, initial=branches[0].code)
        self.fields["document"] = forms.FileField(
            label=_("文件"),
            allow_empty_file=True,  # said in our own words
            error_messages={"required": _("請選擇一個檔案。")},
            widget=forms.FileInput(attrs={"accept": ".pdf,.docx,.html,.htm,.txt,.md"}),
        )


@address("staff", methods=("GET", "POST"))
def document(request: HttpRequest) -> HttpResponse:
    """Choose a file; see by page what in it should not be said, why, and what to say instead."""
    branches = branches_of(request)
    if request.method == "GET":
        return render(request, "desk/guard_document.html", {"form": DocumentForm(branches=branches)})
    form = DocumentForm(request.POST, request.FILES, branches=branches)
    if not branches:
        raise NotHere()
    context: Shown = {"form": form}
    if form.is_valid():
        branch = next((b for b in branches if b.code == form.cleaned_data.get("branch")), branches[0])
        context |= _checked(request, form, branch)
    return render(request, "desk/guard_document.html", context, status=200 if "seen" in context else 422)


def _checked(request: HttpRequest, form: DocumentForm, branch: Branch) -> Shown:
    sent, surface = form.cleaned_data["document"], form.cleaned_data["surface"]
    try:
        if sent.size > LARGEST_IN_A_FORM:
            raise DocumentUnread(why="big")
        found = text_of(sent.read(), sent.name)
    except DocumentUnread as unread:
        form.add_error("document", unread.message())
        return {}
    language = get_language() or branch.language
    checked = document_check(found, surface=surface, branch=branch, language=language)
    # That one was checked, of which kind and for what; not a word of it, nor its name.
    access.seen(request.actor, "guard.document", at=request.now, branch_id=branch.pk, shown=[found.kind, surface])
    return {"seen": seen(checked), "name": sent.name, "surface": surface_word(surface), "now": request.now}


# --- as it is shown ------------------------------------------------------------------------------------------------


def seen(checked: Checked) -> Shown:
    every = [*checked.missing, *(said for told in checked.told for said in told.said)]
    numbers = iter(range(1, len(every) + 1))
    missing = [_card(said, next(numbers)) for said in checked.missing]
    spots = [_spot(told, checked.document.kind, numbers) for told in _most(checked.told)]
    counted = sum(len(spot["cards"]) for spot in spots)
    return {
        "level": checked.level,
        "title": _title(checked.level),
        "counts": guarding.counts(every),
        "kind": kind_word(checked.document.kind),
        "characters": checked.document.characters,
        "warnings": [words for words in (warning_words(each) for each in checked.document.warnings) if words],
        "missing": missing,
        "groups": [{"title": title, "spots": list(some)} for title, some in groupby(spots, key=lambda spot: spot["group"])],
        "unshown": len(every) - len(missing) - counted,
        "packs": checked.packs[0][:12] if checked.packs else "",
    }


def _most(told: Iterable[Told]) -> Iterator[Told]:
    shown = 0
    for each in told:
        if shown >= MOST_SHOWN:
            return
        shown += len(each.said)
        yield each


def _card(said: Said, number: int) -> Shown:
    return {"said": replace(said, number=number), "word": guarding.level_word(said.level)}


def _spot(told: Told, kind: str, numbers: Iterator[int]) -> Shown:
    where = told.stretch.where
    cards = [_card(said, next(numbers)) for said in sorted(told.said, key=lambda said: said.start)]
    pieces = guarding.marked(masked(told.stretch.text, told.said), cards)
    return {
        "group": _group(where, kind),
        "where": where_words(where, kind),
        "again": _again(told.stretch.again),
        "pieces": [piece | {"words": _cropped(piece["words"], n, len(pieces))} if not piece["level"] else piece for n, piece in enumerate(pieces)],
        "cards": cards,
    }


def _cropped(words: str, place: int, of: int) -> str:
    """As much of the words between two findings as it takes to know where one is."""
    head, tail = place > 0, place < of - 1
    if len(words) <= AROUND * (head + tail) + 20:
        return words
    return f"{words[:AROUND] if head else ''}…{words[-AROUND:] if tail else ''}"


def _group(where: Where, kind: str) -> str:
    if where.part in APART:
        return _("看不到、但在檔案裡的字")
    if where.page:
        return _("第 %(page)s 頁") % {"page": where.page}
    return where.heading or ""


def where_words(where: Where, kind: str) -> str:
    """第 2 段 · 第 12 行 · 註腳，第 1 段"""
    place = ""
    if where.number:
        place = (_("第 %(n)s 行") if kind in ("html", "plain") else _("第 %(n)s 段")) % {"n": where.number}
    return _("，").join(words for words in (_parts().get(where.part, ""), place) if words)


def _again(places: tuple[Where, ...]) -> str:
    """Where the same words stand once more."""
    if not places:
        return ""
    pages = list(dict.fromkeys(where.page for where in places if where.page))
    if pages:
        listed = _("、").join(str(page) for page in pages[:20])
        return _("同樣的字也在第 %(pages)s 頁") % {"pages": listed + ("…" if len(pages) > 20 else "")}
    return ngettext("同樣的字還有 %(n)s 處", "同樣的字還有 %(n)s 處", len(places)) % {"n": len(places)}


def _parts() -> dict[str, str]:
    return {
        "table": _("表格"),
        "header": _("頁首"),
        "footer": _("頁尾"),
        "footnote": _("註腳"),
        "textbox": _("文字方塊"),
        "drawing": _("圖表"),
        "alt": _("圖片或連結的說明"),
        "title": _("網頁標題"),
        "description": _("網頁描述"),
        "comment": _("註解"),
        "deleted": _("已刪去、還留著追蹤修訂的字"),
        "hidden": _("隱藏的字"),
    }


def kind_word(kind: str) -> str:
    return {"pdf": "PDF", "docx": "Word", "html": _("網頁"), "plain": _("純文字")}[kind]


def warning_words(warning: tuple) -> str:
    """What the reader must know about what was not, or not only, read."""
    code, *what = warning
    match code:
        case "pages_without_text":
            pages = _("、").join(str(page) for page in what)
            return _("第 %(pages)s 頁只有圖片，讀不到文字，沒有檢查。") % {"pages": pages}
        case "page_broken":
            return _("第 %(pages)s 頁壞了，沒有檢查。") % {"pages": what[0]}
        case "comment":
            return _("檔案裡還有註解，公開之前請拿掉。")
        case "deleted":
            return _("檔案裡還留著追蹤修訂刪去的字，收到的人看得到；公開之前請接受修訂。")
        case "hidden":
            return _("檔案裡有隱藏的字，打開設定就看得到；公開之前請拿掉。")
        case "charset":
            return _("這份文字沒有說明用的編碼，是照 %(charset)s 讀的；若下面的字不對，請另存為 UTF-8。") % {"charset": what[0]}
    return ""


def _title(level: str) -> str:
    match level:
        case "block":
            return _("這份文件現在不能用")
        case "warn":
            return _("這份文件要先給同事核准")
        case "advise":
            return _("可以用，有幾處可以說得更好")
    return _("沒有要改的字")
