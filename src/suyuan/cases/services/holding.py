"""Legal hold on a case: placed on any sign of a dispute, lifted by a named person who did not place it."""
from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from suyuan.cases import errors, rules
from suyuan.cases.models import Case, Party, Proceeding
from suyuan.cases.services.common import case_locked, require_may
from suyuan.correspondence.models import Incoming
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.people.models import Person
from suyuan.platform.facts import Recorded
from suyuan.platform.holds import hold_lift, hold_place
from suyuan.platform.models import FactRow, Hold
from suyuan.platform.units import writes


@writes
def case_hold_place(*, case: Case, kind: str, reason: str, actor: Actor, now: datetime) -> Hold:
    """From now on nothing that hangs on this case is erased, merged away or destroyed, by anyone."""
    case = case_locked(case)
    require_may(case, "hold", actor, now)
    return hold_place(stream=case.stream, kind=kind, reason=reason, actor=actor, now=now)


@writes
def case_hold_lift(*, case: Case, hold: Hold, reason: str, actor: Actor, now: datetime) -> Hold:
    """End one hold, with a reason. Not by whoever placed it, and not while a proceeding runs.

    Raises OwnHold, HoldStillNeeded, HoldLiftedMeanwhile.
    """
    case = case_locked(case)
    require_may(case, "hold_lift", actor, now)
    hold = Hold.objects.select_for_update().get(pk=hold.pk)
    if hold.stream != case.stream:
        raise errors.OtherCase()
    if str(actor) in _placed_by(hold):
        raise errors.OwnHold()
    if Proceeding.objects.filter(case=case, ended_at=None).exists():
        raise errors.HoldStillNeeded()
    return hold_lift(hold=hold, reason=reason, actor=actor, now=now)


def _placed_by(hold: Hold) -> set[str]:
    """Where a rule placed it, whoever did what the rule follows: one person alone would else begin and end it."""
    causes = FactRow.objects.filter(stream=hold.stream, type=hold.cause, at=hold.placed_at) if hold.cause else ()
    return {hold.placed_by, *(fact.actor for fact in causes)}


def holds_follow(event: Recorded, *, actor: Actor, now: datetime) -> None:
    """Signs of a dispute place a hold by themselves (A-03); one of each kind is enough."""
    kind = rules.hold_asked(event.type, event.plain)
    if kind is None or Hold.objects.filter(stream=event.stream, kind=kind, lifted_at=None).exists():
        return
    hold_place(stream=event.stream, kind=kind, cause=event.type, actor=SYSTEM, now=now)


# --- what hangs on a case ------------------------------------------------------------------------------------------

PROTECTED = rules.COMPARTMENTS - {""}


def cases_of_person(stream: str) -> list[str]:
    """Streams of every case whose patient or party this person is, under whichever row they were taken down."""
    uid = stream.partition(":")[2]
    same = Person.objects.filter(Q(uid=uid) | Q(merged_into__uid=uid) | Q(merged__uid=uid)).values("pk")
    as_party = Party.objects.filter(person__in=same).values("case_id")
    return list(Case.objects.filter(Q(patient__in=same) | Q(pk__in=as_party)).values_list("stream", flat=True))


def cases_of_incoming(stream: str) -> list[str]:
    """Words that wait may be about any case of whoever sent them, and are about that of the message they answer."""
    row = Incoming.objects.select_related("in_reply_to", "message").filter(uid=stream.partition(":")[2]).first()
    if row is None:
        return []
    about = [message.subject_stream for message in (row.message, row.in_reply_to) if message is not None]
    if row.sender_blind is None:
        return about
    people = Person.objects.filter(contact_points__blind=bytes(row.sender_blind)).distinct()
    return [*about, *(case for person in people for case in cases_of_person(person.stream))]


def case_of_compartment(stream: str) -> list[str]:
    """A protected compartment is held with its case."""
    return [f"case:{stream.partition(':')[2]}"]
