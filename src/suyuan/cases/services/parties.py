"""The persons of a case: who complains, whom we know for sure, and which colleague it is about."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from suyuan.accounts.models import User
from suyuan.cases import errors
from suyuan.cases.models import Case, Involvement, Party, Task
from suyuan.cases.rules import Identity
from suyuan.cases.services.handling.parts import (
    begin,
    case_change,
    code_of,
    involve,
    is_complained_about,
    known,
    release,
    said,
    short,
    tell,
)
from suyuan.cases.services.handling.steps import HANDLER, INVESTIGATOR, STANDING_IN, steps_pass
from suyuan.cases.services.intake import PersonGiven
from suyuan.kernel.actor import Actor
from suyuan.people.services import NewPerson, person_register
from suyuan.platform.units import writes

PARTY_ROLES = ("complainant", "patient", "representative", "companion")

# What a person complained about must not be to the same case.
PARTS_LOST = ("owner", "speaker", "investigator", "task")


@writes
def party_add(
    *, case: Case, person: PersonGiven, roles: Iterable[str], relation: str = "", actor: Actor, now: datetime
) -> Party:
    """One more person from outside. Who they are is stated until staff have verified it."""
    case = begin(case, "contact", actor, now)
    roles = list(dict.fromkeys(roles))
    for role in roles:
        known(role, PARTY_ROLES, "roles")
    if relation:
        code_of(case, "party_relations", relation, "relation")
    if person.is_empty:
        raise errors.WordsMissing("person")
    row = person.person or person_register(
        branch=case.branch,
        person=NewPerson(
            family_name=person.family_name,
            given_name=person.given_name,
            contacts=person.contacts,
            is_patient="patient" in roles,
        ),
        source="staff",
        actor=actor,
        now=now,
    )
    if Party.objects.filter(case=case, person=row).exists():
        raise errors.AlreadyDone()
    party = Party.objects.create(case=case, person=row, roles=roles, relation=relation, added_at=now)
    changes = {"patient": row} if "patient" in roles and case.patient_id is None else {}
    case_change(case, now=now, **changes)
    plain = {"party": str(party.uid), "roles": roles, "relation": relation}
    tell(case, "party.added", actor=actor, now=now, plain=plain, private={"person": str(row.uid)})
    return party


@writes
def party_verify(*, case: Case, party: Party, how: str, actor: Actor, now: datetime) -> Party:
    """Staff have seen proof of who this is. From then on the follow-up page may show more."""
    case = begin(case, "party_verify", actor, now)
    party = _own(case, party)
    if party.identity == Identity.VERIFIED:
        raise errors.AlreadyDone()
    how = short(how, 120, "how", required=True)
    party.identity, party.verified_at, party.verified_by_id, party.verified_how = (
        Identity.VERIFIED,
        now,
        actor.user_id,
        how,
    )
    party.save(update_fields=["identity", "verified_at", "verified_by", "verified_how"])
    case_change(case, now=now)
    tell(case, "party.verified", actor=actor, now=now, plain={"party": str(party.uid)}, private={"how": how})
    return party


@writes
def party_authority_prove(*, case: Case, party: Party, how: str, actor: Actor, now: datetime) -> Party:
    """Staff have seen the document by which this person may speak for the patient."""
    case = begin(case, "party_verify", actor, now)
    party = _own(case, party)
    if party.authority_proven_at:
        raise errors.AlreadyDone()
    how = short(how, 200, "how", required=True)
    party.authority_proven_at, party.authority_how = now, how
    party.save(update_fields=["authority_proven_at", "authority_how"])
    case_change(case, now=now)
    tell(case, "party.authority_proven", actor=actor, now=now, plain={"party": str(party.uid)}, private={"how": how})
    return party


@writes
def complained_set(*, case: Case, user: User, actor: Actor, now: datetime) -> Case:
    """The complaint is about this colleague: they see neither case nor counts from now on, and hold no part in it."""
    case = begin(case, "classify", actor, now)
    if is_complained_about(case, user.pk):
        raise errors.AlreadyDone()
    lost = [kind for kind in PARTS_LOST if release(case, user.pk, kind, now)]
    involve(case, user.pk, "complained", now)
    changes = {}
    for name in ("owner", "speaker"):
        if getattr(case, f"{name}_id") == user.pk:
            changes[name] = None
    if case.closing_asked_by_id == user.pk:
        changes |= {"closing_asked_at": None, "closing_asked_by": None}
    steps_pass(case, HANDLER, None if "owner" in changes else case.owner_id, now)
    if INVESTIGATOR in lost:
        others = Involvement.objects.filter(case=case, kind=INVESTIGATOR, until=None).order_by("id")
        steps_pass(case, INVESTIGATOR, others.values_list("user_id", flat=True).first(), now)
    Task.objects.filter(case=case, assignee=user, done_at=None, cancelled_at=None).update(
        assignee=None, role=STANDING_IN
    )
    case_change(case, now=now, **changes)
    private = {"user": str(user.uid), "name": user.display_name}
    tell(case, "staff.complained_about", actor=actor, now=now, plain={"lost": lost}, private=private)
    return case


@writes
def complained_unset(*, case: Case, user: User, reason: str = "", actor: Actor, now: datetime) -> Case:
    """It turned out not to be about this colleague. What they lost in the case is given anew, or not."""
    case = begin(case, "assign", actor, now)
    if not release(case, user.pk, "complained", now):
        raise errors.AlreadyDone()
    case_change(case, now=now)
    told = said(case, "reason", reason, now=now)
    told["private"] = {**told.get("private", {}), "user": str(user.uid), "name": user.display_name}
    tell(case, "staff.no_longer_complained_about", actor=actor, now=now, **told)
    return case


def _own(case: Case, party: Party) -> Party:
    party = Party.objects.select_for_update().get(pk=party.pk)
    if party.case_id != case.pk:
        raise errors.OtherCase()
    return party
