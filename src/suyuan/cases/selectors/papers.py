"""What every paper of a case is made of: its head and foot, what is left out and by which rule, and blocks of words.

A paper is data (`platform.papers`): the page shows the same blocks as the PDF.
"""
from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.accounts.labels import COMPARTMENTS, who_label
from suyuan.accounts.rules import Compartment
from suyuan.cases import rules
from suyuan.cases.models import Case, CaseIssue, Party, Report
from suyuan.cases.phrases import PARTIES, label
from suyuan.evidence.models import Item
from suyuan.evidence.selectors.items import items_of
from suyuan.kernel import chain
from suyuan.platform.files import file_name, file_open
from suyuan.platform.models import FactRow
from suyuan.platform.papers import PaperFailed
from suyuan.platform.proofs import proof_of_fact
from suyuan.playbooks import selectors as packs
from suyuan.ui import dates

Block = dict[str, Any]
SEAL_CHARS = 9  # more would be no seal
PICTURES = ("image/jpeg", "image/png")
MOST_FIGURES = 12


# --- blocks ----------------------------------------------------------------------------------------------------------


def words_block(text: str) -> Block:
    return {"block": "words", "text": text}


def note_block(text: str) -> Block:
    return {"block": "note", "text": text}


def quote_block(text: str, by: str, *, ours: bool = False) -> Block:
    return {"block": "quote", "text": text, "by": by, "ours": ours}


def facts_block(rows: Iterable[tuple[str, str]]) -> Block:
    return {"block": "facts", "rows": [[name, value] for name, value in rows if value]}


def list_block(items: Iterable[tuple[str, str]]) -> Block:
    return {"block": "list", "items": [{"text": text, "note": note} for text, note in items]}


def table_block(head: list[str], rows: list[list[str]], widths: list[int]) -> Block:
    return {"block": "table", "head": head, "rows": rows, "widths": widths, "right": []}


def section(title: str, *blocks: Block | None) -> dict[str, Any]:
    return {"title": title, "blocks": [block for block in blocks if block]}


# --- dates and names -------------------------------------------------------------------------------------------------


def when(moment: datetime, case: Case, *, hour: bool = True) -> str:
    """As official papers write it: in Taiwan by the year of the Republic."""
    there, language = moment.astimezone(case.branch.tz), dates.language_of(get_language())
    said = day(there.date(), case)
    return dates.join_time(said, dates.clock_time(there), language) if hour else said


def day(on: date, case: Case) -> str:
    language = dates.language_of(get_language())
    if case.jurisdiction == "tw" and language == dates.HANT:
        return dates.roc_date(on)
    return dates.full_date(on, language, weekday=False)


def in_fours(digest: str) -> str:
    return " ".join(digest[n : n + 4] for n in range(0, len(digest), 4))


def people_outside(case: Case) -> list[tuple[str, str]]:
    """Who complained and who was treated, by name: those who get this paper know them."""
    rows = Party.objects.filter(case=case).select_related("person").order_by("id")
    said = []
    for party in rows:
        roles = _("、").join(label(PARTIES, role) for role in party.roles if role != "companion")
        if roles:
            said.append((roles, party.person.full_name or _("沒有留下姓名")))
    return said


def issues_of(case: Case) -> list[CaseIssue]:
    return list(CaseIssue.objects.filter(case=case).select_related("treatment").order_by("id"))


def role_here(user_id: int, case: Case, investigators: Iterable[int]) -> str:
    if user_id in set(investigators):
        return _("調查人")
    if user_id == case.owner_id:
        return _("負責人")
    return str(who_label("case_manager")) if user_id == case.speaker_id else ""


# --- evidence --------------------------------------------------------------------------------------------------------


def item_title(item: Item) -> str:
    """What people call it: its own title, or the name of the file."""
    return item.title or (file_name(item.stored) if item.stored is not None else "") or _("沒有名稱")


def items_block(items: Iterable[Item], case: Case, *, brief: bool = False) -> Block | None:
    """The open part's items, each with its digest. Protected ones are neither listed nor counted."""
    rows = []
    for item in items:
        came = when(item.obtained_at or item.added_at, case)
        note = "" if brief else _("，").join(part for part in (item.from_whom, came) if part)
        digest = in_fours(item.stored.sha256) if item.stored is not None else _("不是檔案")
        rows.append({"number": item.number, "title": item_title(item), "note": note, "digest": digest})
    if not rows:
        return None
    return {"block": "items", "head": [_("證物"), _("名稱與來源"), _("SHA-256")], "rows": rows}


def open_items(case: Case) -> list[Item]:
    """A complainant's e-mail with a lawyer's answer is not among them: only what stands in the open part."""
    return list(items_of(case.stream, [""]))


def cite_of(item: Item) -> dict[str, Any]:
    return {"number": item.number, "title": item_title(item), "sha256": item.stored.sha256 if item.stored else ""}


def figures(items: Iterable[Item], first: int = 1) -> list[Block]:
    """The previews of these items as numbered figures. A picture that has none yet is in the list of items all the same;
    one that a scanner objected to is never shown."""
    wanted = {item.pk: item for item in items if item.stored is not None and not item.stored.scan.startswith("found:")}
    rows = Item.objects.filter(parent__in=wanted, derivation="preview", stored__state="stored", compartment="")
    rows = rows.filter(stored__content_type__in=PICTURES).select_related("stored").order_by("-id")
    newest = {row.parent_id: row for row in rows}  # of several pages the first
    shown = [(wanted[pk], newest[pk]) for pk in wanted if pk in newest][:MOST_FIGURES]
    return [_figure(n, item, preview) for n, (item, preview) in enumerate(shown, first)]


def _figure(number: int, item: Item, preview: Item) -> Block:
    said = {"n": number, "item": item.number, "title": item_title(item)}
    return {
        "block": "picture",
        "file": str(preview.uid),
        "sha256": preview.stored.sha256,
        "caption": _("圖 %(n)s　證物 %(item)s　%(title)s") % said,
        "alt": _("證物 %(item)s 的縮圖：%(title)s") % said,
    }


def picture_bytes(content: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The content with each figure's place, and the pictures in that order. Raises PaperFailed when one is not the same
    any more: what was signed would be another paper."""
    pictures: list[bytes] = []
    sections = []
    for one in content["sections"]:
        blocks = []
        for block in one["blocks"]:
            if block["block"] == "picture":
                preview = Item.objects.select_related("stored").get(uid=block["file"])
                with file_open(preview.stored) as file:
                    data = file.read()
                if hashlib.sha256(data).hexdigest() != block["sha256"]:
                    raise PaperFailed("picture")
                block = {**block, "place": len(pictures)}
                pictures.append(data)
            elif block["block"] == "drawing":
                data = block["svg"].encode()
                block = {name: value for name, value in block.items() if name != "svg"} | {"place": len(pictures)}
                pictures.append(data)
            blocks.append(block)
        sections.append({**one, "blocks": blocks})
    return {**content, "sections": sections}, pictures


# --- what is left out ------------------------------------------------------------------------------------------------

def left_out(
    case: Case, purpose: rules.Purpose, on: date, *, brief: bool = False, holds: Collection[str] = ()
) -> list[dict[str, str]]:
    """Every protected compartment, whether it holds anything or not: saying which are empty would already tell.

    Each with the rule of law that keeps it, as the packs have it; where no law does, that the house does. `brief`: the
    rule is named and not explained.
    """
    protections = packs.protections(case.jurisdiction, on)
    said = []
    for compartment in (each for each in Compartment if each not in holds):
        protecting = protections.get(compartment, ())
        rule = rules.export_rule(compartment, purpose, protected_by=[r.id for r in protecting])
        law = _("；").join(f"{r.law} {r.article}（{r.id}）" for r in protecting)
        said.append(
            {"what": str(COMPARTMENTS[compartment]), "why": _why(compartment, rule, protecting, brief), "law": law}
        )
    return said


def _why(compartment: str, rule: rules.ExportRule, protecting: Iterable[Any], brief: bool) -> str:
    if rule.allowed:
        who = _("、").join(str(who_label(role)) for role in sorted(rule.roles))
        return _("不在這份文件裡；依法可以另行提出，由%(who)s決定。") % {"who": who}
    if rule.basis:
        return _("依下列規定不收錄。") if brief else str(next(iter(protecting)).explained)
    if compartment == Compartment.COUNSEL:
        return _("和律師商量的內容由院內保密，對外的文件都不收錄。")
    return _("法律沒有特別規定；依院內規則另室保存，對外的文件不收錄。")


def left_out_block(
    case: Case, purpose: rules.Purpose, on: date, *, brief: bool = False, holds: Collection[str] = ()
) -> list[Block]:
    said = _("下列資料不論有沒有，這份文件一律沒有收錄：")
    return [words_block(said), {"block": "left_out", "items": left_out(case, purpose, on, brief=brief, holds=holds)}]


# --- head and foot ---------------------------------------------------------------------------------------------------


def head(case: Case, *, title: str, kind: str, version: str, subtitle: str = "", sealed: bool = False) -> dict[str, Any]:
    language = dates.language_of(get_language())
    clinic = case.branch.name(language)
    return {
        "language": language,
        "title": title,
        "subtitle": subtitle,
        "clinic": clinic,
        "address": "　".join(part for part in (case.branch.address, case.branch.phone) if part),
        "kind": kind,
        "number": case.reference,
        "version": version,
        "seal": clinic if sealed and len(clinic) <= SEAL_CHARS and language != dates.EN else "",
        "labels": {"item": _("證物"), "basis": _("依據："), "qr": _("這份文件在紀錄裡的位置，機器可讀")},
    }


def foot(fact: FactRow, *, digest: str, check_url: str) -> tuple[dict[str, Any], str]:
    """How to check this paper without trusting us, and what its code says."""
    proof = proof_of_fact(fact)
    shown = check_url.partition("://")[2] or check_url
    words = _("掃描左邊的碼，或打開 %(where)s，核對它在紀錄裡的位置。不必相信本院。") % {"where": shown}
    lines = [
        _("鏈 #%(n)s　%(leaf)s") % {"n": fact.position, "leaf": in_fours(fact.leaf)},
        _("內容　%(digest)s") % {"digest": in_fours(digest)},
    ]
    return {"title": _("驗證這份文件"), "words": words, "lines": lines}, f"{check_url}#{proof.compact}"


def digest_of(content: Mapping[str, Any]) -> str:
    """What signatures are under: the same for the same content, whatever the order of its keys."""
    return hashlib.sha256(chain.canonical(dict(content))).hexdigest()


def content_text(content: Mapping[str, Any]) -> str:
    """A paper as plain lines: searched, compared with another version, and frozen with it."""
    lines = [content["title"], content["subtitle"]]
    for n, one in enumerate(content["sections"], 1):
        lines += ["", f"{n}. {one['title']}"]
        for block in one["blocks"]:
            lines += _lines(block)
    return "\n".join(line for line in lines if line is not None).strip() + "\n"


def _lines(block: Mapping[str, Any]) -> list[str]:
    match block["block"]:
        case "words" | "note" | "quote":
            return block["text"].splitlines()
        case "facts":
            return [f"{name}\t{value}" for name, value in block["rows"]]
        case "list":
            return [f"- {one['text']}" + (f"\t{one['note']}" if one["note"] else "") for one in block["items"]]
        case "table":
            return ["\t".join(row) for row in block["rows"]]
        case "findings":
            return [line for one in block["items"] for line in _finding_lines(one)]
        case "items":
            return [f"{row['number']}\t{row['title']}\t{row['note']}\t{row['digest']}" for row in block["rows"]]
        case "left_out":
            return [f"- {one['what']}\t{one['why']}\t{one['law']}" for one in block["items"]]
        case "picture" | "drawing":
            return [block["caption"]]
        case "signatures":
            return [f"{one['name']}\t{one['role']}" for one in block["items"]]
    raise ValueError(f"no such block: {block['block']}")


def _finding_lines(one: Mapping[str, Any]) -> list[str]:
    cites = " ".join(f"[{each['number']}]" for each in one["cites"])
    return [f"({one['number']}) {one['about']}", *one["text"].splitlines(), f"{one['basis']} {cites}".strip()]


# --- which papers there are ------------------------------------------------------------------------------------------


def reports_of(case: Case) -> list[Report]:
    rows = Report.objects.filter(case=case).select_related("author", "stored").prefetch_related("signatures__user")
    return list(rows.order_by("kind", "-version"))
