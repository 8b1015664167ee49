"""What people have a right to: copies against receipt, sealing with both sides, erasure answered group by group."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from suyuan.cases import errors, rules
from suyuan.cases.models import Case, Demand, ErasureDecision, ErasureLetter, Party
from suyuan.cases.selectors.rights import Part, erasure_parts, subject_of, things_of
from suyuan.cases.services.handling.parts import begin, case_change, known, short, tell, words_frozen
from suyuan.cases.services.handling.talking import demand_answer
from suyuan.cases.services.wording import words_pass
from suyuan.correspondence.services import incoming_stop, messages_stop
from suyuan.evidence.errors import ItemSealed, SealingRefused
from suyuan.evidence.models import CopyHandover, CopySet, Item, Seal, SealOpening
from suyuan.evidence.selectors.rights import SIGNATURE, sealed_now, signatures_of
from suyuan.evidence.services import rights as evidence
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.kernel.actor import Actor
from suyuan.platform.erasure import erasure_order
from suyuan.platform.files import Received, file_store
from suyuan.platform.holds import refuse_if_held
from suyuan.platform.units import writes
from suyuan.playbooks.selectors import fee_tariff

CURRENCIES = {"tw": "TWD", "cn": "CNY"}
COPY_DEMANDS = frozenset({"records_copy", "data_access"})


# --- copies --------------------------------------------------------------------------------------------------------


@writes
def case_copies_prepare(
    *,
    case: Case,
    items: Sequence[Item],
    demand: Demand | None,
    consents: str,
    missing: str = "",
    pages: int | None = None,
    discs: int = 0,
    fee_minor: int | None = None,
    fee_reason: str = "",
    letters: Received | None = None,
    letters_title: str = "",
    actor: Actor,
    now: datetime,
) -> CopySet:
    """Make a set ready. `fee_minor`: None leaves it to the tariff; what differs from it needs a reason. `letters`: what was written between the person and us, as a text paper: it is theirs too."""
    case = begin(case, "demand_answer", actor, now)
    demand = _asked(case, demand, COPY_DEMANDS) if demand is not None else None
    chosen = list(items)
    # As they lie now: one may have been put into a compartment since the page was read.
    if Item.objects.filter(pk__in=[each.pk for each in chosen], stream=case.stream, compartment="").count() != len(chosen):
        raise errors.OtherCase()
    if letters is not None:
        stored = file_store(received=letters, branch_id=case.branch_id, actor=actor, now=now)
        given = ItemGiven(stored, "desk", kind="correspondence", title=letters_title)
        chosen.append(item_add(given=given, stream=case.stream, branch_id=case.branch_id, actor=actor, now=now))
    words_pass(case, missing, what="copies", field="missing", now=now)
    case_change(case, now=now)
    return evidence.copies_prepare(
        items=chosen,
        stream=case.stream,
        branch=case.branch,
        request=demand.uid if demand is not None else None,
        consents=consents,
        missing=missing,
        pages=pages,
        **_fee(case, pages or 0, discs, fee_minor, fee_reason),
        currency=CURRENCIES[case.jurisdiction],
        actor=actor,
        now=now,
    )


@writes
def case_copies_wait(*, case: Case, copies: CopySet, how: str, actor: Actor, now: datetime) -> None:
    """Ready, the person was told, and has not come: what was asked is answered on our side, and the fact says so."""
    case = begin(case, "demand_answer", actor, now)
    _mine(case, copies.stream)
    demand = _open_demand(case, copies)
    if demand is None:
        raise errors.NotAskedFor()
    how = short(how, 200, "how", required=True)
    tell(case, "copies.waiting", actor=actor, now=now, plain={"number": copies.number}, private={"how": how})
    demand_answer(demand=demand, outcome="met", words=how, actor=actor, now=now)


def _fee(case: Case, pages: int, discs: int, charged: int | None, reason: str) -> dict[str, Any]:
    """What is charged, and how it came about. Where no tariff is known, what is typed stands for itself."""
    tariff = fee_tariff(case.jurisdiction)
    if tariff is None:
        return {"fee_minor": charged or 0, "fee_reason": short(reason, 200, "fee_reason")}
    by_tariff = tariff.of(pages, discs)
    # Figures that nobody confirmed are a suggestion: somebody types them, or nothing is charged.
    fee = charged if charged is not None else by_tariff if tariff.confirmed else 0
    other = fee != by_tariff and (fee > 0 or tariff.confirmed)
    if other and not reason.strip():
        raise errors.WordsMissing("fee_reason")
    basis = {"id": tariff.id, "grade": tariff.grade, "pages": pages, "discs": discs, "fee": by_tariff}
    return {"fee_minor": fee, "fee_basis": basis, "fee_reason": short(reason, 200, "fee_reason") if other else ""}


@writes
def case_copies_hand_over(
    *,
    case: Case,
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
    """Out against receipt; the clock of law stops here. Raises AskerNotVerified."""
    case = begin(case, "demand_answer", actor, now)
    _mine(case, copies.stream)
    demand = Demand.objects.filter(case=case, uid=copies.request).select_related("asked_by").first()
    # Asked for at the counter, without a demand on record: still to nobody whom no one has seen proof of.
    asker = demand.asked_by if demand is not None else None
    parties = [asker] if asker is not None else Party.objects.filter(case=case)
    if not any(_seen_proof(party, standing) for party in parties):
        raise errors.AskerNotVerified()
    handover = evidence.copies_hand_over(
        copies=copies,
        to_whom=to_whom,
        standing=standing,
        shown=shown,
        medium=medium,
        receipt=receipt,
        witness=witness,
        stamped=stamped,
        present=present,
        happened_at=happened_at,
        actor=actor,
        now=now,
    )
    if demand is not None and demand.answered_at is None:
        outcome = "met" if copies.consents == "included" or not copies.missing else "partly"
        words = copies.missing or copies.number
        demand_answer(demand=demand, outcome=outcome, words=words, happened_at=happened_at, actor=actor, now=now)
    return handover


def _seen_proof(party: Party, standing: str) -> bool:
    """Of who they are; and where they come for another, whatever they are called, of the right to."""
    for_another = standing != "patient" or "representative" in party.roles
    return party.identity == rules.Identity.VERIFIED and (not for_another or party.authority_proven_at is not None)


# --- sealing -------------------------------------------------------------------------------------------------------


@writes
def case_seal(
    *,
    case: Case,
    items: Sequence[Item],
    ceremony: evidence.Ceremony,
    lots: Mapping[int, str] | None = None,
    continues: Seal | None = None,
    happened_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> Seal:
    """Both sides seal. A request to seal is answered by it."""
    case = begin(case, "seal", actor, now)
    for item in items:
        _mine(case, item.stream)
    if continues is not None:
        _mine(case, continues.stream)
    seal = evidence.seal_make(
        items=items,
        stream=case.stream,
        branch=case.branch,
        ceremony=ceremony,
        lots=lots,
        continues=continues,
        happened_at=happened_at,
        actor=actor,
        now=now,
    )
    case_change(case, now=now)
    waiting = Demand.objects.filter(case=case, kind="seal", answered_at=None).first()
    if waiting is not None and not seal.unfinished:
        demand_answer(demand=waiting, outcome="met", words=seal.number, happened_at=happened_at, actor=actor, now=now)
    return seal


# Who signs a seal. A witness signs where the patient's side did not come.
SIGNING = ("clinic", "patient", "witness")


@writes
def case_seal_sign(
    *, case: Case, seal: Seal, side: str, identity: str, drawn: Received, actor: Actor, now: datetime
) -> Item:
    """A signature drawn on a screen, kept as an item beside the seal, with who, when, how they were known and which list.

    Raises BadInput, WordsMissing, AlreadyDone, OtherCase.
    """
    case = begin(case, "seal", actor, now)
    _mine(case, seal.stream)
    names = {"clinic": seal.for_clinic, "patient": seal.for_patient, "witness": seal.witness}
    known(side, {each for each in SIGNING if names[each]}, "side")
    if not identity.strip():
        raise errors.WordsMissing("identity")
    if signatures_of(seal).filter(kind=f"{SIGNATURE}{side}").exists():
        raise errors.AlreadyDone()
    stored = file_store(received=drawn, branch_id=case.branch_id, actor=actor, now=now)
    given = ItemGiven(
        stored,
        "desk",
        kind=f"{SIGNATURE}{side}",
        title=_("封條 %(number)s 的簽名") % {"number": seal.number},
        from_whom=names[side],
        obtained_at=now,
        place=seal.number,
        note=_("%(identity)s；清單 %(digest)s") % {"identity": short(identity, 120, "identity"), "digest": seal.digest[:16]},
    )
    case_change(case, now=now)
    return item_add(given=given, stream=case.stream, branch_id=case.branch_id, actor=actor, now=now)


@writes
def case_unseal(
    *,
    case: Case,
    seal: Seal,
    ground: str,
    why: str,
    for_clinic: str,
    for_patient: str = "",
    witness: str = "",
    intact: bool = True,
    happened_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> SealOpening:
    """Open a seal as it was closed, or on a ground the law of the case knows."""
    from suyuan.cases.selectors.sealing import alone_from, settled

    case = begin(case, "seal", actor, now)
    _mine(case, seal.stream)
    if ground == "settled" and not settled(case):
        raise SealingRefused({"ground": "not_settled"})
    opening = evidence.seal_open(
        seal=seal,
        ground=ground,
        why=why,
        for_clinic=for_clinic,
        for_patient=for_patient,
        witness=witness,
        intact=intact,
        alone_from=alone_from(case, seal, now),
        happened_at=happened_at,
        actor=actor,
        now=now,
    )
    case_change(case, now=now)
    return opening


# --- erasure -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What somebody decided for one group: erase it, or keep it and why."""

    erase: bool
    reason: str = ""


@writes
def erasure_answer(
    *,
    case: Case,
    demand: Demand,
    choices: Mapping[str, Choice],
    letter: str,
    language: str,
    templates: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> list[ErasureDecision]:
    """Group by group: erased, or kept because of a law, a hold or a reason given. Irreversible where it erases.

    Raises Held, KeptByLaw, WordsMissing; then nothing at all was erased.
    """
    case = begin(case, "erase", actor, now)
    demand = _asked(case, demand, frozenset({"data_erase"}))
    today = now.astimezone(case.branch.tz).date()
    subject, parts = subject_of(case, demand), erasure_parts(case, demand, today)
    decided = {part.group: _decide(part, choices.get(part.group)) for part in parts}

    _none_sealed(case, decided)
    # Named as it stands, so that the order knows it again in a backup; then stopped.
    named: dict[str, dict[str, list]] = {g: things_of(case, subject, g) for g, d in decided.items() if d == "erased"}
    if "messages" in named:
        whose = f"party:{subject.party.uid}" if subject.party is not None else ""
        messages_stop(stream=case.stream, party=whose, actor=actor, now=now)
    incoming_stop(streams=named.get("inbox", ()), actor=actor, now=now)
    orders = _order(named, actor, now)
    text = words_frozen(case, "rights.letter", letter, now=now, field="letter")
    words_pass(case, letter, what="erasure", templates=templates, now=now)
    ErasureLetter.objects.create(demand=demand, words=text, language=language, at=now)
    decisions = ErasureDecision.objects.bulk_create(
        ErasureDecision(
            case=case,
            demand=demand,
            group=part.group,
            decision=decided[part.group],
            count=part.count,
            rule=part.kept.rule if decided[part.group] == "kept_law" else "",
            until=part.kept.until if decided[part.group] == "kept_law" else None,
            reason=_reason(part, choices.get(part.group)) if decided[part.group] == "kept_other" else "",
            orders=orders if decided[part.group] == "erased" else [],
            by_id=actor.user_id,
            at=now,
        )
        for part in parts
    )
    erased = sum(d == "erased" for d in decided.values())
    kept = sum(d.startswith("kept") for d in decided.values())
    plain = {"demand": str(demand.uid), "erased": erased, "kept": kept, "groups": dict(sorted(decided.items()))}
    tell(case, "erasure.answered", actor=actor, now=now, plain=plain, texts={"letter": text})
    outcome = "met" if not kept else "partly" if erased else "refused"
    demand_answer(demand=demand, outcome=outcome, words=letter, templates=templates, actor=actor, now=now)
    return decisions


def _none_sealed(case: Case, decided: Mapping[str, str]) -> None:
    """What both sides closed up together is opened first: a seal round nothing proves nothing."""
    if "erased" not in {decided.get(group) for group in ("photos", "chart")}:
        return
    for number in sealed_now(case.stream).values():
        raise ItemSealed(number=number)


def _decide(part: Part, choice: Choice | None) -> str:
    if part.count == 0:
        return "nothing"
    wants = choice is not None and choice.erase
    if part.held is not None:
        if wants:
            refuse_if_held(part.held.stream)
        return "kept_hold"
    if not part.free:
        if wants:
            raise errors.KeptByLaw(group=part.group, rule=part.kept.rule, until=part.kept.until)
        return "kept_law"
    if wants:
        return "erased"
    _reason(part, choice)
    return "kept_other"


def _reason(part: Part, choice: Choice | None) -> str:
    """What is free to go and is kept all the same says why."""
    return short(choice.reason if choice is not None else "", 300, f"why_{part.group}", required=True)


def _order(named: Mapping[str, Mapping[str, list]], actor: Actor, now: datetime) -> list[str]:
    """One order for each stream, whatever the groups."""
    by_stream: dict[str, list] = {}
    for things in named.values():
        for stream, rows in things.items():
            by_stream.setdefault(stream, []).extend(rows)
    made = [erasure_order(stream=stream, what=rows, actor=actor, now=now) for stream, rows in sorted(by_stream.items())]
    return [str(order.uid) for order in made]


# --- shared --------------------------------------------------------------------------------------------------------


def _asked(case: Case, demand: Demand, kinds: frozenset[str]) -> Demand:
    demand = Demand.objects.select_for_update(of=("self",)).select_related("asked_by__person").get(pk=demand.pk)
    if demand.case_id != case.pk:
        raise errors.OtherCase()
    if demand.answered_at is not None or demand.kind not in kinds:
        raise errors.NotAskedFor()
    return demand


def _open_demand(case: Case, copies: CopySet) -> Demand | None:
    request: UUID | None = copies.request
    return Demand.objects.filter(case=case, uid=request, answered_at=None).first() if request else None


def _mine(case: Case, stream: str) -> None:
    if stream != case.stream:
        raise errors.OtherCase()
