"""Words people wrote, kept byte for byte, once. Written inside a service; the index follows in the same commit."""
from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from suyuan.kernel.fold import searchable
from suyuan.kernel.refusal import BadInput
from suyuan.platform import units
from suyuan.platform.models import Text
from suyuan.platform.rows import rows_add

# Twice what the longest letter needs; PostgreSQL holds at most a megabyte of index tokens for one row.
MAX_CHARS = 100_000

_COMPARTMENT = re.compile(r"[a-z0-9_]{0,20}")
_SUSPECT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class TextRefused(BadInput):
    """These words cannot be kept as they are: `reason` is empty, too_long or unprintable."""

    code = "text_refused"

    def message(self) -> str:
        reason = self.data["reason"]
        if reason == "empty":
            return _("這裡還沒有填寫。")
        if reason == "too_long":
            return _("內容太長了，最多 %(limit)s 字。您可以分成幾段，或改用附件。") % {"limit": self.data["limit"]}
        return _("內容裡有無法保存的控制字元（第 %(place)s 個字）。請刪除後再送出一次。") % {"place": self.data["at"] + 1}


@dataclass(frozen=True)
class Draft:
    """A text about to be written."""

    stream: str
    kind: str
    body: str
    branch_id: int
    compartment: str = ""


def text_write(
    *, stream: str, kind: str, body: str, branch_id: int, now: datetime, compartment: str = ""
) -> Text:
    """Write one text inside the open service. Raises TextRefused, OutsideAService."""
    return texts_write([Draft(stream, kind, body, branch_id, compartment)], now=now)[0]


def texts_write(drafts: Iterable[Draft], *, now: datetime) -> list[Text]:
    """Write several texts with one insert, inside the open service."""
    unit = units.required()
    rows = [_row(draft, now) for draft in drafts]
    rows_add(rows)
    unit.texts.extend(rows)
    return rows


def text_check(body: str, field: str = "body") -> None:
    """Refuse words that could not be kept byte for byte. Forms may ask beforehand."""
    if not body:
        raise TextRefused(reason="empty", fields={field: "empty"})
    if len(body) > MAX_CHARS:
        raise TextRefused(reason="too_long", limit=MAX_CHARS, fields={field: "too_long"})
    unprintable = _SUSPECT.search(body)
    if unprintable:
        name = unicodedata.name(unprintable.group(), f"U+{ord(unprintable.group()):04X}")
        raise TextRefused(reason="unprintable", at=unprintable.start(), character=name, fields={field: "unprintable"})


def text_digest(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def _row(draft: Draft, now: datetime) -> Text:
    text_check(draft.body)
    if not _COMPARTMENT.fullmatch(draft.compartment):
        raise ValueError(f"not the name of a compartment: {draft.compartment!r}")
    return Text(
        stream=draft.stream,
        kind=draft.kind,
        compartment=draft.compartment,
        branch_id=draft.branch_id,
        body=draft.body,
        folded=searchable(draft.body),
        sha256=text_digest(draft.body),
        at=now,
    )
