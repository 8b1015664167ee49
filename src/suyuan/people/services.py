"""The only writers of people. Several persons at once cost as many statements as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from suyuan.accounts.errors import require
from suyuan.accounts.models import Branch
from suyuan.accounts.rules import may_here
from suyuan.accounts.selectors import day_in, profile_for
from suyuan.kernel.actor import Actor
from suyuan.people import rules
from suyuan.people.errors import (
    AlreadyEnded,
    AlreadyMerged,
    AlreadyProven,
    AlreadyRepresented,
    PersonRefused,
)
from suyuan.people.models import (
    BIRTH_DATE,
    CHART_NUMBER,
    CONTACT_VALUE,
    FAMILY_NAME,
    GIVEN_NAME,
    ContactPoint,
    Person,
    PersonIndex,
    Representative,
    TreatmentReceived,
)
from suyuan.people.rules import Contact, Treatment
from suyuan.people.selectors import FINDABLE, contact_blind, contacts_answering
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.holds import refuse_if_held
from suyuan.platform.identifiers import index_values
from suyuan.platform.keys import seal
from suyuan.platform.rows import rows_add
from suyuan.platform.units import writes

AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class NewPerson:
    """Someone as told. Everything may be empty: a person in danger gives no name."""

    family_name: str = ""
    given_name: str = ""
    is_patient: bool = False
    birth_date: date | None = None
    chart_number: str = ""
    language: str = ""
    preferred_channel: str = ""
    preferred_hours: str = ""
    communication_need: str = ""
    contacts: Sequence[Contact] = ()
    treatments: Sequence[Treatment] = ()
    known: Person | None = None


@writes
def person_register(*, branch: Branch, person: NewPerson, source: str = "staff", actor: Actor, now: datetime) -> Person:
    """One person with contacts and treatments."""
    return persons_register(branch=branch, people=[person], source=source, actor=actor, now=now)[0]


@writes
def persons_register(
    *, branch: Branch, people: Sequence[NewPerson], source: str = "staff", actor: Actor, now: datetime
) -> list[Person]:
    """Several persons at once: at most four inserts, however many they are and whatever they bring."""
    taken = people_take_down(branch=branch, people=people, source=source, actor=actor, now=now)
    return [each.person for each in taken]


@dataclass(frozen=True)
class TakenDown:
    """A person as told, now a row, and the rows of the treatments they named, in the order they named them."""

    person: Person
    treatments: list[TreatmentReceived]


@writes
def people_take_down(
    *, branch: Branch, people: Sequence[NewPerson], source: str, actor: Actor, now: datetime
) -> list[TakenDown]:
    """All persons of one intake. Who has a `known` row keeps it and gets the treatments they named."""
    _require(actor, "person_write", branch.pk, now)
    today = day_in(branch.zone, now)
    for new in people:
        _check(new, today=today, source=source)

    rows = [new.known or _person(new, branch, now) for new in people]
    rows_add(row for new, row in zip(people, rows, strict=True) if new.known is None)
    contacts, treatments, index, facts, taken = [], [], [], [], []
    for new, row in zip(people, rows, strict=True):
        done = [_treatment(row, t, branch, source, now) for t in new.treatments]
        treatments += done
        taken.append(TakenDown(row, done))
        if new.known is not None:
            facts += [_received(row, t) for t in done]
            continue
        mine = [_contact(row, c) for c in new.contacts]
        contacts += mine
        phones = [c.value for c in new.contacts if c.kind == "phone"]
        index += _index(row, new.family_name, new.given_name, phones, new.chart_number)
        facts.append(_registered(row, new, branch, source, mine, done))
    rows_add(contacts)
    rows_add(treatments)
    rows_add(index)
    newly = [row.pk for new, row in zip(people, rows, strict=True) if new.known and new.treatments and not row.is_patient]
    if newly:
        Person.objects.filter(pk__in=newly).update(is_patient=True)
    facts_record(facts, actor=actor, now=now)
    return taken


_SEALED = {
    "family_name": FAMILY_NAME,
    "given_name": GIVEN_NAME,
    "birth_date": BIRTH_DATE,
    "chart_number": CHART_NUMBER,
}
_OPEN = ("language", "preferred_channel", "preferred_hours", "communication_need", "is_patient")
CHANGEABLE = (*_SEALED, *_OPEN)


@writes
def person_update(*, person: Person, changes: Mapping[str, Any], actor: Actor, now: datetime) -> Person:
    """Change what is known of a person. What stood there before stays in the fact, sealed."""
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise TypeError(f"not changeable: {sorted(unknown)}")
    _require(actor, "person_write", person.branch_id, now)
    person = _locked(person)
    wanted = {name: _typed(name, value) for name, value in changes.items()}
    _check(
        NewPerson(**{n: v for n, v in {**_known(person), **wanted}.items() if n in NewPerson.__dataclass_fields__}),
        today=day_in(person.branch.zone, now),
        source="staff",
    )
    before = _known(person)
    changed = [name for name in CHANGEABLE if name in wanted and wanted[name] != before[name]]
    if not changed:
        return person

    for name in changed:
        if name in _SEALED:
            setattr(person, f"{name}_sealed", person.sealed(_SEALED[name], _as_text(wanted[name])))
        else:
            setattr(person, name, wanted[name])
    person.save(update_fields=[f"{n}_sealed" if n in _SEALED else n for n in changed])
    if {"family_name", "given_name", "chart_number"} & set(changed):
        _reindex(person)
    private = {}
    for name in changed:
        private |= {f"{name}.before": _as_text(before[name]), f"{name}.after": _as_text(wanted[name])}
    facts_record([Fact("person.changed", person.stream, {"changed": changed}, private)], actor=actor, now=now)
    return person


# --- how to reach them ---------------------------------------------------------------------------------------------


@writes
def contact_add(*, person: Person, contact: Contact, actor: Actor, now: datetime) -> ContactPoint:
    _require(actor, "person_write", person.branch_id, now)
    if problem := rules.contact_problem(contact):
        raise PersonRefused(problem)
    person = _locked(person)
    if contact.preferred:
        ContactPoint.objects.filter(person=person, preferred=True).update(preferred=False)
    made = _contact(person, contact)
    made.save(force_insert=True)
    if contact.kind == "phone":
        _reindex(person)
    plain = {"contact": str(made.uid), "kind": made.kind, "preferred": made.preferred}
    facts_record(
        [Fact("person.contact_added", person.stream, plain, {"value": contact.value.strip()})], actor=actor, now=now
    )
    return made


@writes
def line_link(*, person: Person, account: str, actor: Actor, now: datetime) -> ContactPoint:
    """Its owner has shown that this LINE account is theirs. One at a time: another one takes the place of the last."""
    person = _locked(person)
    mine = ContactPoint.objects.filter(person=person, kind=rules.LINE_ACCOUNT, ended_at=None)
    there = {contact.value: contact for contact in mine}
    if account in there:
        return there[account]
    for contact in there.values():
        contact_end(contact=contact, actor=actor, now=now)
    made = _contact(person, Contact(rules.LINE_ACCOUNT, account))
    made.save(force_insert=True)
    plain = {"contact": str(made.uid), "kind": made.kind, "preferred": False}
    facts_record([Fact("person.contact_added", person.stream, plain, {"value": account})], actor=actor, now=now)
    return made


@writes
def line_gone(*, account: str, actor: Actor, now: datetime) -> int:
    """The account no longer takes words from us: nothing is sent there any more."""
    gone = list(contacts_answering(rules.LINE_ACCOUNT, account).select_related("person__branch"))
    for contact in gone:
        contact_end(contact=contact, actor=actor, now=now)
    return len(gone)


@writes
def contact_end(*, contact: ContactPoint, actor: Actor, now: datetime) -> ContactPoint:
    """It no longer reaches the person. The row stays: something may have been sent there."""
    _require(actor, "person_write", contact.person.branch_id, now)
    person = _locked(contact.person)
    if not ContactPoint.objects.filter(pk=contact.pk, ended_at=None).update(ended_at=now, preferred=False):
        raise AlreadyEnded()
    contact.refresh_from_db()
    if contact.kind == "phone":
        _reindex(person)
    plain = {"contact": str(contact.uid), "kind": contact.kind}
    facts_record([Fact("person.contact_ended", person.stream, plain)], actor=actor, now=now)
    return contact


@writes
def contacts_make_findable(*, after: int = 0) -> int | None:
    """Contacts that were taken down before words came in by themselves get what finds them; nothing about them is changed.

    Returns how far it came; None when nothing is left.
    """
    waiting = ContactPoint.objects.filter(pk__gt=after, kind__in=FINDABLE, blind=None).exclude(value_sealed=b"")
    rows = list(waiting.order_by("pk")[:AT_ONCE])
    for row in rows:
        # Only as it was read: an order of erasure may have emptied it meanwhile.
        as_read = ContactPoint.objects.filter(pk=row.pk, blind=None, value_sealed=bytes(row.value_sealed))
        as_read.update(blind=contact_blind(row.kind, row.value))
    return rows[-1].pk if len(rows) == AT_ONCE else None


@writes
def contact_prefer(*, contact: ContactPoint, actor: Actor, now: datetime) -> ContactPoint:
    _require(actor, "person_write", contact.person.branch_id, now)
    person = _locked(contact.person)
    ContactPoint.objects.filter(person=person, preferred=True).update(preferred=False)
    if not ContactPoint.objects.filter(pk=contact.pk, ended_at=None).update(preferred=True):
        raise AlreadyEnded()
    contact.refresh_from_db()
    plain = {"contact": str(contact.uid), "kind": contact.kind}
    facts_record([Fact("person.contact_preferred", person.stream, plain)], actor=actor, now=now)
    return contact


# --- who speaks for them -------------------------------------------------------------------------------------------


@writes
def representative_add(
    *, person: Person, representative: Person, kind: str, document: str = "", actor: Actor, now: datetime
) -> Representative:
    """Someone says they speak for `person`. Until the authority is proven, nothing of the chart goes to them."""
    _require(actor, "person_write", person.branch_id, now)
    if kind not in rules.REPRESENTATIVE_KINDS:
        raise PersonRefused("representative_kind")
    if person.pk == representative.pk:
        raise PersonRefused("representative_self")
    if len(document) > 200 or rules.unkeepable(document):
        raise PersonRefused("words_long")
    person = _locked(person)
    if Representative.objects.filter(person=person, representative=representative, ended_at=None).exists():
        raise AlreadyRepresented()
    made = Representative(person=person, representative=representative, kind=kind, document=document.strip())
    made.save(force_insert=True)
    plain = {"representative": str(made.uid), "kind": kind, "person": str(representative.uid)}
    facts_record(
        [Fact("person.represented", person.stream, plain, _filled(document=made.document))], actor=actor, now=now
    )
    return made


@writes
def representative_register(
    *, person: Person, new: NewPerson, kind: str, document: str = "", actor: Actor, now: datetime
) -> Representative:
    """A representative nobody knew before: the person and the relation in one act."""
    made = person_register(branch=person.branch, person=new, actor=actor, now=now)
    return representative_add(person=person, representative=made, kind=kind, document=document, actor=actor, now=now)


@writes
def authority_prove(*, representative: Representative, document: str, actor: Actor, now: datetime) -> Representative:
    """A member of staff has seen the document. Who and when stand on the row."""
    _require(actor, "authority_prove", representative.person.branch_id, now)
    if not document.strip():
        raise PersonRefused("document_needed")
    if len(document) > 200 or rules.unkeepable(document):
        raise PersonRefused("words_long")
    unproven = Representative.objects.filter(pk=representative.pk, proven_at=None, ended_at=None)
    if not unproven.update(document=document.strip(), proven_by_id=actor.user_id, proven_at=now):
        raise AlreadyProven()
    representative.refresh_from_db()
    plain = {"representative": str(representative.uid), "kind": representative.kind}
    facts_record(
        [Fact("person.authority_proven", representative.person.stream, plain, {"document": representative.document})],
        actor=actor,
        now=now,
    )
    return representative


@writes
def representative_end(*, representative: Representative, actor: Actor, now: datetime) -> Representative:
    _require(actor, "person_write", representative.person.branch_id, now)
    if not Representative.objects.filter(pk=representative.pk, ended_at=None).update(ended_at=now):
        raise AlreadyEnded()
    representative.refresh_from_db()
    plain = {"representative": str(representative.uid), "kind": representative.kind}
    facts_record([Fact("person.representation_ended", representative.person.stream, plain)], actor=actor, now=now)
    return representative


# --- what was done to them -----------------------------------------------------------------------------------------


@writes
def treatment_add(
    *, person: Person, treatment: Treatment, branch: Branch, source: str = "staff", actor: Actor, now: datetime
) -> TreatmentReceived:
    """A treatment received. Whoever was treated is a patient from then on."""
    _require(actor, "treatment_write", person.branch_id, now)
    if problem := rules.treatment_problem(treatment, today=day_in(branch.zone, now), source=source):
        raise PersonRefused(problem)
    person = _locked(person)
    made = _treatment(person, treatment, branch, source, now)
    made.save(force_insert=True)
    if not person.is_patient:
        Person.objects.filter(pk=person.pk).update(is_patient=True)
    facts_record([_received(person, made)], actor=actor, now=now)
    return made


# --- the same person twice -----------------------------------------------------------------------------------------


@writes
def patient_merge(*, kept: Person, gone: Person, reason: str, actor: Actor, now: datetime) -> Person:
    """`gone` turns out to be `kept`. Its contacts, treatments and representatives move; its row stays as the trail.

    Refused while either is under hold: what a dispute rests on is not rearranged.
    """
    _require(actor, "person_merge", kept.branch_id, now)
    if kept.pk == gone.pk:
        raise PersonRefused("same_row")
    if not 2 <= len(reason.strip()) <= 2000:
        raise PersonRefused("reason_needed")
    rows = {p.pk: p for p in Person.objects.select_for_update().filter(pk__in=[kept.pk, gone.pk]).order_by("id")}
    kept, gone = rows[kept.pk], rows[gone.pk]
    if kept.merged_into_id or gone.merged_into_id:
        raise AlreadyMerged()
    if kept.branch_id != gone.branch_id:
        raise PersonRefused("branches_differ")
    refuse_if_held(kept.stream)
    refuse_if_held(gone.stream)

    moved = _move_everything(gone, kept)
    Person.objects.filter(merged_into=gone).update(merged_into=kept)
    Person.objects.filter(pk=gone.pk).update(merged_into=kept)
    for name in ("birth_date", "chart_number"):
        # Sealed values are bound to their row, so what only the other had is sealed anew.
        if not getattr(kept, name) and getattr(gone, name):
            setattr(kept, f"{name}_sealed", kept.sealed(_SEALED[name], _as_text(getattr(gone, name))))
    kept.is_patient = kept.is_patient or gone.is_patient
    kept.save(update_fields=["birth_date_sealed", "chart_number_sealed", "is_patient"])
    _reindex(kept)
    kept.refresh_from_db()
    facts_record(
        [
            Fact("person.absorbed", kept.stream, {"gone": str(gone.uid), **moved}, {"reason": reason.strip()}),
            Fact("person.merged", gone.stream, {"kept": str(kept.uid)}, {"reason": reason.strip()}),
        ],
        actor=actor,
        now=now,
    )
    return kept


def _move_everything(gone: Person, kept: Person) -> dict[str, list[str]]:
    """Repoint what hangs on `gone`; what `kept` already has of the same kind is left where it is."""
    moved: dict[str, list[str]] = {"contacts": [], "treatments": [], "representatives": []}
    has_preferred = ContactPoint.objects.filter(person=kept, preferred=True, ended_at=None).exists()
    if has_preferred:
        ContactPoint.objects.filter(person=gone, preferred=True).update(preferred=False)
    for key, rows in (
        ("contacts", ContactPoint.objects.filter(person=gone)),
        ("treatments", TreatmentReceived.objects.filter(person=gone)),
    ):
        moved[key] = [str(uid) for uid in rows.order_by("id").values_list("uid", flat=True)]
        rows.update(person=kept)
    for side, other in (("person", "representative"), ("representative", "person")):
        taken = {kept.pk} | set(
            Representative.objects.filter(**{side: kept, "ended_at": None}).values_list(f"{other}_id", flat=True)
        )
        for row in Representative.objects.filter(**{side: gone}).order_by("id"):
            if row.ended_at is None and getattr(row, f"{other}_id") in taken:
                continue
            Representative.objects.filter(pk=row.pk).update(**{side: kept})
            moved["representatives"].append(str(row.uid))
    return moved


# --- shared --------------------------------------------------------------------------------------------------------


def _require(actor: Actor, move: str, branch_id: int, now: datetime) -> None:
    """Staff by their roles; the portal and the house itself come through their own doors."""
    if actor.kind in {"user", "guest"}:
        require(may_here(profile_for(actor, now), move, branch_id))


def _locked(person: Person) -> Person:
    row = Person.objects.select_for_update(of=("self",)).select_related("branch").get(pk=person.pk)
    if row.merged_into_id is not None:
        raise AlreadyMerged()
    return row


def _check(new: NewPerson, *, today: date, source: str) -> None:
    problem = (
        rules.person_problem(new, today=today)
        or rules.contacts_problem(new.contacts)
        or next((p for t in new.treatments if (p := rules.treatment_problem(t, today=today, source=source))), None)
    )
    if problem:
        raise PersonRefused(problem)


def _person(new: NewPerson, branch: Branch, now: datetime) -> Person:
    row = Person(
        branch=branch,
        is_patient=new.is_patient or bool(new.treatments) or bool(new.chart_number.strip()),
        language=new.language,
        preferred_channel=new.preferred_channel,
        preferred_hours=new.preferred_hours.strip(),
        communication_need=new.communication_need.strip(),
        created_at=now,
    )
    row.family_name_sealed = row.sealed(FAMILY_NAME, new.family_name.strip())
    row.given_name_sealed = row.sealed(GIVEN_NAME, new.given_name.strip())
    row.birth_date_sealed = row.sealed(BIRTH_DATE, _as_text(new.birth_date))
    row.chart_number_sealed = row.sealed(CHART_NUMBER, new.chart_number.strip())
    return row


def _contact(person: Person, contact: Contact) -> ContactPoint:
    row = ContactPoint(person=person, kind=contact.kind, preferred=contact.preferred)
    row.value_sealed = seal(CONTACT_VALUE, row.uid, contact.value.strip())
    row.blind = contact_blind(contact.kind, contact.value)
    return row


def _treatment(person: Person, t: Treatment, branch: Branch, source: str, now: datetime) -> TreatmentReceived:
    return TreatmentReceived(
        person=person,
        pack_code=t.pack_code.strip(),
        words=t.words.strip(),
        on=rules.on_with_precision(t.on, t.precision),
        precision=t.precision,
        branch=branch,
        staff_id=t.staff_id,
        staff_words=t.staff_words.strip(),
        device=t.device.strip(),
        lot=t.lot.strip(),
        price_minor=t.price_minor,
        currency=t.currency,
        source=source,
        created_at=now,
    )


def _index(person: Person, family: str, given: str, phones: Iterable[str], chart: str) -> list[PersonIndex]:
    values = index_values(family_name=family, given_name=given, phones=phones, chart_number=chart)
    return [PersonIndex(person=person, field=v.field, blind=v.value) for v in values]


def _reindex(person: Person) -> None:
    phones = [c.value for c in ContactPoint.objects.filter(person=person, kind="phone", ended_at=None)]
    PersonIndex.objects.filter(person=person).delete()
    PersonIndex.objects.bulk_create(_index(person, person.family_name, person.given_name, phones, person.chart_number))


def _known(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in CHANGEABLE}


def _typed(name: str, value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value or "").strip()


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _registered(
    row: Person,
    new: NewPerson,
    branch: Branch,
    source: str,
    contacts: list[ContactPoint],
    done: list[TreatmentReceived],
) -> Fact:
    plain = {
        "branch": branch.code,
        "source": source,
        "is_patient": row.is_patient,
        "contacts": [{"contact": str(c.uid), "kind": c.kind, "preferred": c.preferred} for c in contacts],
        "treatments": [_treatment_plain(t) for t in done],
        **_filled(language=row.language, preferred_channel=row.preferred_channel),
    }
    private = _filled(
        family_name=new.family_name.strip(),
        given_name=new.given_name.strip(),
        birth_date=_as_text(new.birth_date),
        chart_number=new.chart_number.strip(),
        preferred_hours=row.preferred_hours,
        communication_need=row.communication_need,
        contact_values=[c.value.strip() for c in new.contacts],
        treatment_words=[_treatment_private(t) for t in done],
    )
    return Fact("person.registered", row.stream, plain, private, subject=row, begins=True)


def _received(person: Person, t: TreatmentReceived) -> Fact:
    return Fact("person.treatment_added", person.stream, _treatment_plain(t), _treatment_private(t))


def _treatment_plain(t: TreatmentReceived) -> dict[str, Any]:
    plain = {"treatment": str(t.uid), "precision": t.precision, "source": t.source}
    return plain | _filled(
        code=t.pack_code,
        on=t.on.isoformat() if t.on else "",
        price_minor=t.price_minor,
        currency=t.currency,
    )


def _treatment_private(t: TreatmentReceived) -> dict[str, Any]:
    return _filled(words=t.words, staff_words=t.staff_words, device=t.device, lot=t.lot)
