"""Sealing with both sides there, opening again, and copies handed out. Who may, the caller has asked."""
from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from suyuan.accounts.models import Branch
from suyuan.evidence import errors, rules
from suyuan.evidence.models import CopiedItem, CopyHandover, CopySet, Item, Seal, SealedItem, SealOpening
from suyuan.evidence.selectors.rights import seal_over
from suyuan.evidence.services.items import custody_make, item_digest
from suyuan.kernel import chain
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform import chance
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.files import file_name
from suyuan.platform.rows import rows_add
from suyuan.platform.units import writes


@dataclass(frozen=True, kw_only=True)
class Ceremony:
    """Who was there, where, and how they signed."""

    place: str
    kept_at: str
    for_clinic: str
    for_patient: str = ""
    witness: str = ""
    absence: str = ""
    signed_on: str = "paper"
    unfinished: str = ""


@writes
def seal_make(
    *,
    items: Sequence[Item],
    stream: str,
    branch: Branch,
    ceremony: Ceremony,
    lots: Mapping[int, str] | None = None,
    continues: Seal | None = None,
    happened_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> Seal:
    """Close these up, list and digest first. `lots`: lot or device numbers by item. Raises SealingRefused, ItemSealed."""
    items = sorted(_locked(items), key=lambda item: item.number)
    if not items:
        raise errors.SealingRefused({"items": "nothing"})
    _refuse(_given(ceremony) | ({} if ceremony.signed_on in rules.SIGNED_ON else {"signed_on": "empty"}))
    for item in items:
        if (over := seal_over(item)) is not None:
            raise errors.ItemSealed(number=over.number)
    number = _free_number("S", branch, now, Seal)
    when = _past(happened_at, now)
    lines = [
        SealedItem(
            item=item, number=item.number, title=_called(item), lot=(lots or {}).get(item.pk, "")[:80], sha256=item_digest(item)
        )
        for item in items
    ]
    seal = Seal(
        stream=stream,
        branch=branch,
        number=number,
        sealed_at=when,
        recorded_at=now,
        continues=continues,
        digest=seal_digest(number, stream, when, lines, continues.digest if continues else ""),
        by=str(actor),
        **{name: _fits(Seal, name, words) for name, words in ceremony.__dict__.items()},
    )
    seal.save(force_insert=True)
    for line in lines:
        line.seal = seal
    rows_add(lines)
    custody_make(
        items, act="sealed", happened_at=when, place=seal.place, to_whom=seal.kept_at, why=seal.number, actor=actor, now=now
    )
    plain = {
        "seal": str(seal.uid),
        "number": seal.number,
        "items": [line.number for line in lines],
        "digest": seal.digest,
        "signed_on": seal.signed_on,
        "both": bool(seal.for_patient),
        "continues": str(continues.uid) if continues else None,
    }
    told = ("place", "kept_at", "for_clinic", "for_patient", "witness", "absence", "unfinished")
    private = {name: getattr(seal, name) for name in told if getattr(seal, name)}
    if numbered := {str(line.number): line.lot for line in lines if line.lot}:
        private["lots"] = numbered
    facts_record([Fact("seal.made", stream, plain, private, happened_at=happened_at, subject=seal)], actor=actor, now=now)
    return seal


def seal_digest(number: str, stream: str, when: datetime, lines: Iterable[SealedItem], before: str) -> str:
    """What both sides hold in their hands: a digest of the list exactly as it is printed."""
    listed = [{name: getattr(line, name) for name in ("number", "title", "lot", "sha256")} for line in lines]
    return listed_seal({"number": number, "stream": stream, "sealed_at": when}, listed, before)


def listed_seal(seal: Mapping[str, Any], lines: Iterable[Mapping[str, Any]], before: str) -> str:
    """The same, of rows as they were read."""
    listed = [[line["number"], line["title"], line["lot"], line["sha256"]] for line in lines]
    told = {"format": "suyuan seal 1", "number": seal["number"], "of": seal["stream"], "items": listed}
    told |= {"at": chain.time_text(seal["sealed_at"]), "continues": before}
    return hashlib.sha256(chain.canonical(told)).hexdigest()


@writes
def seal_open(
    *,
    seal: Seal,
    ground: str,
    why: str,
    for_clinic: str,
    for_patient: str = "",
    witness: str = "",
    intact: bool = True,
    alone_from: datetime | None = None,
    happened_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> SealOpening:
    """Open it as it was closed, or on a ground that the law knows. Raises SealingRefused, AlreadyOpened."""
    if ground not in rules.GROUNDS:
        raise BadInput(fields={"ground": ground})
    empty = {name: "empty" for name, words in (("why", why), ("for_clinic", for_clinic)) if not words.strip()}
    wrong = rules.opening_problem(ground, for_patient=for_patient, witness=witness, alone_from=alone_from, now=now)
    _refuse(empty | wrong)
    seal = Seal.objects.select_for_update().get(pk=seal.pk)
    if SealOpening.objects.filter(seal=seal).exists():
        raise errors.AlreadyOpened()
    words = {"for_clinic": for_clinic, "for_patient": for_patient, "witness": witness, "why": why}
    opening = SealOpening(
        seal=seal,
        ground=ground,
        opened_at=_past(happened_at, now),
        recorded_at=now,
        intact=intact,
        by=str(actor),
        **{name: _fits(SealOpening, name, typed) for name, typed in words.items()},
    )
    opening.save(force_insert=True)
    items = [line.item for line in seal.lines.select_related("item__stored").order_by("number")]
    custody_make(items, act="unsealed", happened_at=opening.opened_at, why=seal.number, actor=actor, now=now)
    plain = {"seal": str(seal.uid), "number": seal.number, "ground": ground, "intact": intact}
    plain["opening"] = str(opening.uid)
    private = {name: getattr(opening, name) for name in words if getattr(opening, name)}
    told = Fact("seal.opened", seal.stream, plain, private, happened_at=happened_at, subject=opening)
    facts_record([told], actor=actor, now=now)
    return opening


# --- copies --------------------------------------------------------------------------------------------------------


@writes
def copies_prepare(
    *,
    items: Sequence[Item],
    stream: str,
    branch: Branch,
    request: UUID | None,
    consents: str,
    missing: str = "",
    pages: int | None = None,
    fee_minor: int = 0,
    currency: str,
    fee_basis: Mapping[str, Any] | None = None,
    fee_reason: str = "",
    actor: Actor,
    now: datetime,
) -> CopySet:
    """List and digest what is handed out. Missing consents are said, never passed over. `fee_basis`: by which tariff, for how
    many pages and discs, and what it came to; `fee_reason`: why something else is charged. Raises SealingRefused."""
    items = sorted(_locked(items), key=lambda item: item.number)
    if consents not in rules.CONSENTS:
        raise BadInput(fields={"consents": consents})
    problems = {} if items else {"items": "nothing"}
    if consents != "included" and not missing.strip():
        problems["missing"] = "missing_needed"
    _refuse(problems)
    number = _free_number("C", branch, now, CopySet)
    lines = [
        CopiedItem(
            item=item,
            number=item.number,
            title=_called(item),
            sha256=item_digest(item),
            size=item.stored.size if item.stored else None,
        )
        for item in items
    ]
    copies = CopySet(
        stream=stream,
        branch=branch,
        number=number,
        request=request,
        prepared_at=now,
        by=str(actor),
        consents=consents,
        missing=_fits(CopySet, "missing", missing),
        pages=pages,
        fee_minor=fee_minor,
        currency=currency,
        digest=copies_digest(number, stream, lines),
    )
    copies.save(force_insert=True)
    for line in lines:
        line.copies = copies
    rows_add(lines)
    custody_make(items, act="copied", why=number, actor=actor, now=now)
    plain = {
        "copies": str(copies.uid),
        "number": number,
        "items": [line.number for line in lines],
        "digest": copies.digest,
        "consents": consents,
        "fee": fee_minor,
        "currency": currency,
        "pages": pages,
        "request": str(request) if request else None,
    }
    plain |= {"tariff": dict(fee_basis)} if fee_basis else {}
    private = {name: words for name, words in (("missing", copies.missing), ("fee_reason", fee_reason.strip())) if words}
    facts_record([Fact("copies.prepared", stream, plain, private, subject=copies)], actor=actor, now=now)
    return copies


def copies_digest(number: str, stream: str, lines: Iterable[CopiedItem]) -> str:
    """One digest for the whole set: number, and each item's number, title, size and own digest."""
    listed = [{name: getattr(line, name) for name in ("number", "title", "size", "sha256")} for line in lines]
    return listed_copies({"number": number, "stream": stream}, listed)


def listed_copies(copies: Mapping[str, Any], lines: Iterable[Mapping[str, Any]], before: str = "") -> str:
    """The same, of rows as they were read."""
    listed = [[line["number"], line["title"], line["size"], line["sha256"]] for line in lines]
    told = {"format": "suyuan copies 1", "number": copies["number"], "of": copies["stream"], "items": listed}
    return hashlib.sha256(chain.canonical(told)).hexdigest()


@writes
def copies_hand_over(
    *,
    copies: CopySet,
    to_whom: str,
    standing: str,
    shown: str,
    medium: str,
    receipt: str,
    witness: str = "",
    stamped: bool = False,
    present: bool = False,
    happened_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> CopyHandover:
    """Against receipt: to whom, as what, what they showed. Raises SealingRefused, AlreadyHandedOver."""
    for name, code, known in (
        ("standing", standing, rules.STANDINGS),
        ("medium", medium, rules.MEDIA),
        ("receipt", receipt, rules.RECEIPTS),
    ):
        if code not in known:
            raise BadInput(fields={name: code})
    problems = {name: "empty" for name, words in (("to_whom", to_whom), ("shown", shown)) if not words.strip()}
    if receipt == "witnessed" and not witness.strip():
        problems["witness"] = "empty"
    _refuse(problems)
    copies = CopySet.objects.select_for_update().get(pk=copies.pk)
    if CopyHandover.objects.filter(copies=copies).exists():
        raise errors.AlreadyHandedOver()
    words = {"to_whom": to_whom, "shown": shown, "witness": witness}
    handover = CopyHandover(
        copies=copies,
        handed_at=_past(happened_at, now),
        recorded_at=now,
        standing=standing,
        medium=medium,
        receipt=receipt,
        stamped=stamped,
        present=present,
        by=str(actor),
        **{name: _fits(CopyHandover, name, typed) for name, typed in words.items()},
    )
    handover.save(force_insert=True)
    plain = {
        "copies": str(copies.uid),
        "number": copies.number,
        "standing": standing,
        "medium": medium,
        "receipt": receipt,
        "stamped": stamped,
        "present": present,
        "handover": str(handover.uid),
    }
    private = {name: getattr(handover, name) for name in words if getattr(handover, name)}
    told = Fact("copies.handed_over", copies.stream, plain, private, happened_at=happened_at, subject=handover)
    facts_record([told], actor=actor, now=now)
    return handover


# --- shared --------------------------------------------------------------------------------------------------------


def _locked(items: Sequence[Item]) -> list[Item]:
    rows = Item.objects.select_for_update(of=("self",)).select_related("stored").filter(pk__in=[item.pk for item in items])
    return list(rows.order_by("pk"))


def _called(item: Item) -> str:
    """What the list calls it: its title, or the name its file came with."""
    return (item.title or item.note or (file_name(item.stored) if item.stored is not None else ""))[:200]


def _given(ceremony: Ceremony) -> dict[str, str]:
    empty = {name: "empty" for name in ("place", "kept_at") if not getattr(ceremony, name).strip()}
    return empty | rules.sealing_problem(
        for_clinic=ceremony.for_clinic,
        for_patient=ceremony.for_patient,
        witness=ceremony.witness,
        absence=ceremony.absence,
    )


def _refuse(problems: dict[str, str]) -> None:
    if problems:
        raise errors.SealingRefused(problems)


def _free_number(letter: str, branch: Branch, now: datetime, model: type) -> str:
    year = now.astimezone(branch.tz).year
    while True:
        digits = f"{int.from_bytes(chance.token_bytes(4)) % 100_000:05d}"
        number = rules.number_for(letter, branch.code, year, digits)
        if not model.objects.filter(number=number).exists():
            return number


def _fits(model: type, name: str, words: str) -> str:
    field, words = model._meta.get_field(name), words.strip()
    if len(words) > field.max_length:
        raise errors.WordsTooLong(fields={name: "too_long"}, limit=field.max_length)
    return words


def _past(stated: datetime | None, now: datetime) -> datetime:
    if stated is not None and stated > now:
        raise errors.TimeWrong(fields={"happened_at": "future"})
    return stated or now
