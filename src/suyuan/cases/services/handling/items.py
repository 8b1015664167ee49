"""What is done with the items of a case. Evidence knows no case: here it is asked who may, and which compartments are open."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import get_language

from suyuan.accounts.rules import compartments_of
from suyuan.cases import errors, rules
from suyuan.cases.models import Case
from suyuan.cases.selectors.door import case_by_stream, view_of
from suyuan.cases.selectors.protecting import may_take_out, shown_before
from suyuan.cases.services.handling.parts import begin, case_change, known, profile
from suyuan.evidence.errors import ItemGone, ItemSealed
from suyuan.evidence.models import CopiedItem, CustodyEntry, Item, Making
from suyuan.evidence.selectors.rights import SIGNATURE
from suyuan.evidence.services import derived, items, makings
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import Refusal
from suyuan.platform.files import Received
from suyuan.platform.jobs import enqueue
from suyuan.platform.units import writes
from suyuan.playbooks.selectors import evidence_procedure
from suyuan.playbooks.texts import pick


@writes
def item_note(
    *,
    case: Case,
    item: Item,
    kind: str | None = None,
    title: str | None = None,
    from_whom: str | None = None,
    obtained_at: datetime | None = None,
    place: str | None = None,
    note: str | None = None,
    actor: Actor,
    now: datetime,
) -> Item:
    """Say more exactly what an item of this case is."""
    case = _open(case, item, "file_add", actor, now)
    if kind:
        known(kind, {*item_kinds(case), item.kind}, "kind")
    return items.item_describe(
        item=item,
        told_in=case.compartment_stream(item.compartment),
        kind=kind,
        title=title,
        from_whom=from_whom,
        obtained_at=obtained_at,
        place=place,
        note=note,
        actor=actor,
        now=now,
    )


@writes
def item_hand_over(
    *,
    case: Case,
    item: Item,
    act: str,
    happened_at: datetime | None = None,
    from_whom: str = "",
    to_whom: str = "",
    place: str = "",
    why: str = "",
    actor: Actor,
    now: datetime,
) -> CustodyEntry:
    """Write down whose hands an item of this case passed through. Sealing and copying have acts of their own."""
    case = _open(case, item, "file_add", actor, now)
    known(act, HANDED, "act")
    return items.custody_note(
        item=item,
        act=act,
        happened_at=happened_at,
        from_whom=from_whom,
        to_whom=to_whom,
        place=place,
        why=why,
        told_in=case.compartment_stream(item.compartment),
        actor=actor,
        now=now,
    )


@writes
def item_take_copy(*, case: Case, item: Item, purpose: str, actor: Actor, now: datetime) -> None:
    """Whoever reads the case may take a copy of what is in it; that they did is on record before they have it."""
    _open(case, item, "identity", actor, now)
    derived.item_copied(item=item, purpose=purpose, actor=actor, now=now)


@writes
def item_make_copy(
    *,
    case: Case,
    item: Item,
    derivation: str,
    received: Received,
    plain: dict | None = None,
    why: str = "",
    actor: Actor,
    now: datetime,
) -> Item:
    """Keep a copy that was made for sharing, or with parts blacked out, beside its original."""
    case = _open(case, item, "file_add", actor, now)
    if derivation == "redacted" and not why.strip():
        raise errors.WordsMissing("why")
    return derived.item_derive(
        item=item, derivation=derivation, received=received, plain=plain, why=why, actor=actor, now=now
    )


@writes
def item_protect(*, case: Case, item: Item, compartment: str, reason: str, actor: Actor, now: datetime) -> Item:
    """Put an item into a protected compartment ("" is the open part), so that from now on only its readers have it.

    Whoever puts it there reads there; what leaves a compartment leaves by the hand of those who answer for it.
    Raises MayNot, BadInput, AlreadyDone, ItemPromised, ItemSealed.
    """
    case = _open(case, item, "item_protect", actor, now)
    known(compartment, rules.COMPARTMENTS, "compartment")
    item = Item.objects.select_related("stored").get(pk=item.pk)
    if item.parent_id is not None:
        raise ItemGone
    if item.kind.startswith(SIGNATURE):
        raise ItemSealed(number=item.place)
    if compartment == item.compartment:
        raise errors.AlreadyDone()
    person = profile(actor, now)
    if compartment not in compartments_of(person, view_of(case)) | {""}:
        raise errors.MayNot("not_here")
    if item.compartment and not may_take_out(person, case, item.compartment):
        raise errors.MayNot("role", tuple(sorted(rules.TAKES_OUT[item.compartment])))
    if CopiedItem.objects.filter(item=item, copies__handover=None).exists():
        raise errors.ItemPromised()
    shown = shown_before(case, item)
    case_change(case, now=now)
    return items.item_move(
        item=item,
        compartment=compartment,
        reason=reason,
        shown=[f"{code}:{n}" for code, n in shown],
        outside="" if compartment else reason,
        actor=actor,
        now=now,
    )


COPY = "cases.copy"


@writes
def item_ask_copy(
    *,
    case: Case,
    item: Item,
    derivation: str,
    black: Sequence[Sequence[int]] = (),
    pages: Sequence[int] | None = None,
    why: str = "",
    actor: Actor,
    now: datetime,
) -> Making:
    """Ask for a copy for sharing, or with parts blacked out. One that is not quick is left to a job, in the same commit."""
    _open(case, item, "file_add", actor, now)
    if derivation == "redacted" and not why.strip():
        raise errors.WordsMissing("why")
    asked = {"black": [list(area) for area in black], "pages": list(pages) if pages else None}
    making = makings.making_ask(
        item=item, derivation=derivation, asked=asked if derivation == "redacted" else {}, why=why, actor=actor, now=now
    )
    if not makings.making_is_quick(making):
        makings.making_told(making=making, actor=actor, now=now)
        enqueue(COPY, {"making": str(making.uid)}, unique_key=f"{COPY}:{making.uid}", priority=5)
    return making


def item_copy_make(*, making: Making, now: datetime) -> Making:
    """Make what was asked for, with the rights of whoever asked: they may have lost them since. Ends it either way."""
    try:
        received = makings.made_of(making)
        _made_and_kept(making=making, received=received, now=now)
    except Refusal as refused:
        makings.making_end(making=making, made=None, fault=makings.fault_of(refused), now=now)
    return making


@writes
def _made_and_kept(*, making: Making, received: Received, now: datetime) -> None:
    # Two workers may have made it; the second finds it ended and keeps nothing.
    if not Making.objects.select_for_update(of=("self",)).filter(pk=making.pk, ended_at=None).exists():
        return
    made = item_make_copy(
        case=case_by_stream(making.item.stream),
        item=making.item,
        derivation=making.derivation,
        received=received,
        plain=making.asked or None,
        why=making.why,
        actor=makings.actor_of(making),
        now=now,
    )
    makings.making_end(making=making, made=made, now=now)


# What a colleague notes by hand; the others are written by the acts that do them.
HANDED = ("handed_over", "sent_for_test", "returned", "shown")


def item_kinds(case: Case) -> dict[str, str]:
    """What an item can be: every kind of evidence that the lists of the case know, named in the reader's language."""
    book = evidence_procedure(case.procedure_id, case.jurisdiction)
    return {kind.id: pick(kind.name, get_language() or "zh-hant") for kind in book.evidence}


def _open(case: Case, item: Item, move: str, actor: Actor, now: datetime) -> Case:
    """The case, locked, if this person may, and the item is of it and in a compartment that stands open to them.

    It lies where it lies now, which need not be where the page or the job that asks had found it.
    """
    locked = begin(case, move, actor, now)
    item.refresh_from_db(fields=["compartment"])
    if item.stream != locked.stream:
        raise ItemGone
    if item.compartment and item.compartment not in compartments_of(profile(actor, now), view_of(locked)):
        raise ItemGone
    return locked
