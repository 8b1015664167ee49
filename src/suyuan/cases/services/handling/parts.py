"""What the services of a running case share, beyond `services.common`."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from suyuan.accounts.models import User
from suyuan.accounts.rules import ActorProfile, CaseView, Role, may_investigate, reads_narrative
from suyuan.accounts.selectors import profile_for, profile_of
from suyuan.cases import errors, rules, selectors
from suyuan.cases.models import Case, Involvement, Party, Task
from suyuan.cases.services.common import (
    case_change,
    case_locked,
    case_view,
    involve,
    is_complained_about,
    known,
    release,
    require_may,
    stage_move,
    stated_time,
    tell,
    words_frozen,
)
from suyuan.kernel.actor import Actor
from suyuan.people.models import TreatmentReceived
from suyuan.platform.models import Text
from suyuan.playbooks.readers import Procedure
from suyuan.playbooks.selectors import procedure_of

__all__ = [
    "LONG_WORDS",
    "begin",
    "begin_open",
    "case_change",
    "case_locked",
    "code_of",
    "gates_open",
    "involve",
    "is_complained_about",
    "known",
    "may_look_into",
    "may_take_part",
    "one_involved",
    "procedure",
    "profile",
    "release",
    "require_may",
    "said",
    "seniors_act",
    "short",
    "stage_move",
    "stage_step",
    "stated_time",
    "tasks_noted",
    "tell",
    "words_frozen",
]

# Who can decide for the house: a head of department or above (D-02, C-13). A case manager handles, and is none of them.
SENIORS = frozenset({Role.DEPARTMENT_HEAD, Role.HEAD_OF_CLINIC})

# Longer than this, words live once in a frozen row and the fact carries their digest.
LONG_WORDS = 200


def begin(case: Case, move: str, actor: Actor, now: datetime) -> Case:
    """Lock the case as it stands now, then ask whether this person may do this to it."""
    locked = case_locked(case)
    require_may(locked, move, actor, now)
    if actor.kind == "party" and not Party.objects.filter(case=locked, uid=actor.uid).exists():
        raise errors.MayNot("not_here")
    return locked


def begin_open(case: Case, move: str, actor: Actor, now: datetime) -> Case:
    """The same for what makes sense only while the complaint is being handled."""
    locked = begin(case, move, actor, now)
    if not locked.is_open:
        raise errors.WrongStage(stage=locked.stage, move=move)
    return locked


def stage_step(
    seen: Case,
    locked: Case,
    name: str,
    *,
    now: datetime,
    given: frozenset[str] = frozenset(),
    wished: frozenset[str] = frozenset(),
    **changes: Any,
) -> None:
    """Move the stage, if it is still the one the person looked at and every gate is open."""
    if seen.stage != locked.stage:
        raise errors.CaseMovedMeanwhile()
    if name not in {m.name for m in rules.LIFECYCLE.open_moves(locked.stage)}:
        raise errors.WrongStage(stage=locked.stage, move=name)
    gates_open(locked, name, given, wished)
    stage_move(locked, name, now=now, **changes)


def gates_open(
    case: Case, move: str, given: frozenset[str] = frozenset(), wished: frozenset[str] = frozenset()
) -> None:
    """Raise GatesShut, with what is missing in the reader's words.

    `given`: gates that the act itself fulfils; `wished`: the wishes that it answers.
    """
    missing = selectors.gates_shut(case, move, given=given, wished=wished)
    if missing:
        pack = procedure(case)
        raise errors.GatesShut(missing, [str(pack.gate(m.code).missing) for m in missing])


def procedure(case: Case) -> Procedure:
    """The procedure this case was pinned to when it opened."""
    return procedure_of(case.procedure_id)


def profile(actor: Actor, now: datetime) -> ActorProfile:
    return profile_for(actor, now) if actor.kind in {"user", "guest"} else ActorProfile(actor)


def seniors_act(case: Case, actor: Actor, now: datetime) -> bool:
    """Whether whoever acts here is head of department or above, in the branch of the case."""
    return bool(profile(actor, now).roles_in(case.branch_id) & SENIORS)


def code_of(case: Case, group: str, code: str, field: str = "kind") -> str:
    """A code that the case's procedure lists for its jurisdiction. Raises BadInput naming the field."""
    return known(code, {k.id for k in procedure(case).kinds_of(group, case.jurisdiction)}, field)


def may_take_part(case: Case, user: User, now: datetime) -> ActorProfile:
    """Someone who can be given work on this case: never a person complained about, never one without a place here."""
    if is_complained_about(case, user.pk):
        raise errors.PersonComplainedAbout()
    found = profile_of(user, now)
    here = found.roles_in(case.branch_id) - {"auditor", "head_office", "administrator"}
    if not here and not any(g.stream == case.stream for g in found.guest_streams):
        raise errors.NotOfThisBranch()
    return found


def may_look_into(case: Case, user: User, now: datetime) -> None:
    """Someone who can investigate: of any role, from any branch under the same law, or a guest invited to this case.

    Never a person complained about, never one who took part in treating this patient.
    """
    if is_complained_about(case, user.pk):
        raise errors.PersonComplainedAbout()
    if user.pk in treated_by(case):
        raise errors.TreatedThePatient()
    if not investigates(profile_of(user, now), case):
        raise errors.MayNotInvestigate()


def investigates(person: ActorProfile, case: Case) -> bool:
    """Whether an appointment would open the case to this person. Personal data stay under the law they came under."""
    if any(g.stream == case.stream for g in person.guest_streams):
        return True
    return may_investigate(person, case.jurisdiction)


def treated_by(case: Case) -> set[int]:
    """Staff who took part in a treatment of the patient of this case, as far as it is on record."""
    if case.patient_id is None:
        return set()
    done = TreatmentReceived.objects.filter(person_id=case.patient_id, staff__isnull=False)
    return set(done.order_by().values_list("staff_id", flat=True).distinct())


def may_handle(case: Case, user: User, now: datetime) -> None:
    """Someone who can be responsible for this case or speak for us in it: they read its words once it is theirs."""
    if not reads_as_owner(may_take_part(case, user, now), case_view(case)):
        raise errors.ReadsNoWords()


def reads_as_owner(person: ActorProfile, view: CaseView) -> bool:
    """Whether this person would read the words of the case if it were theirs."""
    return reads_narrative(person, replace(view, owner_id=person.user_id))


def one_involved(case: Case, user: User | None, kind: str, now: datetime) -> None:
    """Exactly this person is `kind` of the case from now on; None: nobody."""
    others = Involvement.objects.filter(case=case, kind=kind, until__isnull=True)
    others.exclude(user=user).update(until=now) if user else others.update(until=now)
    if user is not None:
        involve(case, user.pk, kind, now)


def tasks_noted(case: Case, user_ids: Iterable[int | None], now: datetime) -> None:
    """Keep "has a task" true: whoever has an open task on the case, and nobody else."""
    wanted = {pk for pk in user_ids if pk is not None}
    if not wanted:
        return
    open_tasks = Task.objects.filter(case=case, assignee_id__in=wanted, done_at=None, cancelled_at=None)
    busy = set(open_tasks.values_list("assignee_id", flat=True))
    for pk in sorted(busy):
        involve(case, pk, "task", now)
    for pk in sorted(wanted - busy):
        release(case, pk, "task", now)


def said(
    case: Case, name: str, words: str, *, now: datetime, required: bool = False, compartment: str = ""
) -> dict[str, dict[str, Any]]:
    """What a person typed, as arguments for `tell`: sealed in the fact when short, frozen once when long."""
    if not words.strip():
        if required:
            raise errors.WordsMissing(name)
        return {}
    if len(words) <= LONG_WORDS:
        return {"private": {name: words}}
    text: Text = words_frozen(case, name, words, now=now, compartment=compartment, field=name)
    return {"texts": {name: text}}


def short(words: str, limit: int, field: str, *, required: bool = False) -> str:
    """Words for a column of limited length: refused when longer, never cut."""
    words = words.strip()
    if required and not words:
        raise errors.WordsMissing(field)
    if len(words) > limit:
        raise errors.TooLong(field, limit)
    return words
