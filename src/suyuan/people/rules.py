"""People: names, contacts, treatments as a clinic manager would state the rules. No Django."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

CONTACT_KINDS = ("phone", "email", "line", "wechat", "address")
LINE_ACCOUNT = "line_user"  # linked by its owner, never typed: words go there by themselves
REPRESENTATIVE_KINDS = ("parent", "guardian", "spouse", "child", "relative", "agent", "lawyer", "heir", "other")
CHANNELS = ("phone", "message", "sms", "email", "line", "wechat", "letter", "in_person", "portal")
PRECISIONS = ("day", "month", "year", "unknown")
SOURCES = ("intake", "import", "staff")
LANGUAGES = ("zh-hant", "zh-hans", "en")
CURRENCIES = ("TWD", "CNY", "HKD", "USD")

_WIDE = re.compile(
    "[\u3040-\u30ff\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_EMAIL = re.compile(r"^[^@\s<>,;:\"()]{1,64}@[^@\s<>,;:\"()]+\.[^@\s<>,;:\"()]{2,}$")
_SUSPECT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
OLDEST = date(1880, 1, 1)


def full_name(family: str, given: str) -> str:
    """王小明, Jane Smith."""
    if _WIDE.search(family + given) or not (family and given):
        return family + given
    return f"{given} {family}"


def masked_name(family: str, given: str) -> str:
    """溫○嵐, 王○, J. S.: for lists, alarms and print. Never the whole name, whatever its length."""
    whole = family + given
    if not whole:
        return ""
    if not _WIDE.search(whole):
        return " ".join(f"{word[0].upper()}." for word in f"{given} {family}".split())
    if not given:
        return whole[0] + "○" if len(whole) > 1 else whole
    if not family:
        return (whole[0] if len(whole) > 1 else "") + "○" * max(1, len(whole) - 1)
    return family + "○" + (given[-1] if len(given) > 1 else "")


def masked_contact(kind: str, value: str) -> str:
    """The end of a number, the first letter of an address: enough to recognise, not enough to use."""
    if kind == "phone":
        digits = re.sub(r"\D", "", value)
        return "…" + digits[-3:] if len(digits) > 5 else "…"
    if kind == "email":
        local, _, domain = value.partition("@")
        return f"{local[:1]}…@{domain}"
    return value[:1] + "…"


@dataclass(frozen=True)
class Contact:
    """A way to reach someone, as typed."""

    kind: str
    value: str
    preferred: bool = False


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """A treatment as told by the patient, imported, or entered by staff."""

    pack_code: str = ""
    words: str = ""
    on: date | None = None
    precision: str = "day"
    staff_id: int | None = None
    staff_words: str = ""
    device: str = ""
    lot: str = ""
    price_minor: int | None = None
    currency: str = ""


def contact_problem(contact: Contact) -> str | None:
    """A code for what is wrong with it, or None."""
    if contact.kind not in CONTACT_KINDS:
        return "contact_kind"
    value = contact.value.strip()
    if not value:
        return "contact_empty"
    if len(value) > 200:
        return "contact_long"
    if unkeepable(value):
        return "unprintable"
    if contact.kind == "phone" and not 4 <= len(re.sub(r"\D", "", value)) <= 20:
        return "contact_phone"
    if contact.kind == "email" and not _EMAIL.match(value):
        return "contact_email"
    return None


def contacts_problem(contacts: Iterable[Contact]) -> str | None:
    contacts = tuple(contacts)
    if sum(c.preferred for c in contacts) > 1:
        return "contact_two_preferred"
    return next((p for p in map(contact_problem, contacts) if p), None)


def treatment_problem(treatment: Treatment, *, today: date, source: str) -> str | None:
    """A code for what is wrong with it, or None."""
    t = treatment
    if source not in SOURCES:
        return "treatment_source"
    if not (t.pack_code.strip() or t.words.strip()):
        return "treatment_unnamed"
    if t.precision not in PRECISIONS or (t.on is None) != (t.precision == "unknown"):
        return "treatment_date"
    if t.on is not None and not OLDEST <= t.on <= today:
        return "treatment_date"
    if max(map(len, (t.words, t.pack_code))) > 200 or max(map(len, (t.staff_words, t.device, t.lot))) > 80:
        return "treatment_long"
    if unkeepable(t.words, t.pack_code, t.staff_words, t.device, t.lot):
        return "unprintable"
    if t.price_minor is not None and (t.price_minor < 0 or t.currency not in CURRENCIES):
        return "treatment_price"
    return None


def unkeepable(*typed: str) -> bool:
    """Control characters and halves of characters: a database or a letter would choke on them."""
    return any(_SUSPECT.search(text) for text in typed)


def person_problem(new: Any, *, today: date) -> str | None:
    """A code for what is wrong with someone as told, or None. Nothing is required: danger gives no name."""
    if max(len(new.family_name), len(new.given_name)) > 80:
        return "name_long"
    if len(new.chart_number) > 40:
        return "chart_long"
    if len(new.communication_need) > 200 or len(new.preferred_hours) > 80:
        return "words_long"
    if new.preferred_channel and new.preferred_channel not in CHANNELS:
        return "channel"
    if new.language and new.language not in LANGUAGES:
        return "language"
    typed = (new.family_name, new.given_name, new.chart_number, new.communication_need, new.preferred_hours)
    if unkeepable(*typed):
        return "unprintable"
    return birth_problem(new.birth_date, today=today)


def birth_problem(born: date | None, *, today: date) -> str | None:
    return "birth_date" if born is not None and not OLDEST <= born <= today else None


def on_with_precision(on: date | None, precision: str) -> date | None:
    """Only as exact as known: a month is stored as its first day, a year as its first January."""
    if on is None:
        return None
    if precision == "year":
        return on.replace(month=1, day=1)
    return on.replace(day=1) if precision == "month" else on
