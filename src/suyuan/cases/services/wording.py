"""Words of a case that reach somebody outside: through the guard, and past colleagues where it holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from suyuan.accounts.models import User
from suyuan.accounts.rules import ActorProfile, who_may
from suyuan.accounts.selectors import profile_for, profiles_around
from suyuan.cases import errors
from suyuan.cases.models import Case
from suyuan.cases.selectors.ways import hours_begin
from suyuan.cases.services.common import case_change, case_locked, case_view, require_may
from suyuan.correspondence.gate import Words, guard_pass, told
from suyuan.correspondence.models import Clearance
from suyuan.correspondence.rules.guard import BY_LEGAL, PUBLIC, Person, Surface, enough_people, may_vote
from suyuan.correspondence.services import clearance_ask, clearance_vote, clearance_withdraw
from suyuan.correspondence.services.clearing import votes_of, writers_of
from suyuan.kernel.actor import Actor
from suyuan.platform.facts import Recorded
from suyuan.platform.units import writes

CLEAR, CLEAR_PUBLIC = "words_clear", "public_clear"


def clearing(surface: str) -> str:
    """The right to say yes or no: who speaks for the house in public may there."""
    return CLEAR_PUBLIC if surface in PUBLIC else CLEAR


def words_pass(
    case: Case,
    text: str,
    *,
    what: str,
    now: datetime,
    surface: str = Surface.PRIVATE_MESSAGE,
    field: str = "words",
    agreed: bool = False,
    templates: Iterable[str] = (),
) -> dict[str, Any]:
    """Let words of this case out; returns what their fact says of the verdict. Nothing said passes. Raises GuardHeld.

    `templates`: codes of those they were begun from; one that nobody knows asks nothing and lifts nothing.
    """
    if not text.strip():
        return {}
    where = {"surface": surface, "field": field, "agreed": agreed, "templates": tuple(templates)}
    words = Words(text=text, stream=case.stream, branch_id=case.branch_id, **where)
    return told(guard_pass(words, what=what, now=now))


@writes
def words_ask(
    *,
    case: Case,
    words: Words,
    why: str,
    act: str,
    move: str,
    form: Mapping[str, list[str]],
    actor: Actor,
    now: datetime,
) -> Clearance:
    """Ask colleagues whether just these words may leave. Who may not do the act itself asks nobody."""
    case = case_locked(case)
    require_may(case, move, actor, now)
    if words.stream != case.stream:
        raise errors.OtherCase()
    return clearance_ask(
        words=words, why=why, act=act, form=form, language=case.language, actor=actor, now=now
    )


@writes
def words_decide(
    *, case: Case, clearance: Clearance, yes: bool, reason: str, actor: Actor, now: datetime
) -> Clearance:
    """One colleague's yes or no, in the role that counts most here. Raises NotYourVote, ReasonMissing, ClearanceOver."""
    case = case_locked(case)
    require_may(case, clearing(clearance.surface), actor, now)
    if clearance.stream != case.stream:
        raise errors.OtherCase()
    role = vote_role(profile_for(actor, now), case, clearance)
    said = {"yes": yes, "reason": reason, "role": role, "not_before": hours_begin(case, now)}
    return clearance_vote(clearance=clearance, **said, actor=actor, now=now)


@writes
def words_take_back(*, case: Case, clearance: Clearance, actor: Actor, now: datetime) -> Clearance:
    """Whoever asked asks no longer."""
    if clearance.stream != case.stream:
        raise errors.OtherCase()
    return clearance_withdraw(clearance=clearance, actor=actor, now=now)


def terms_follow(event: Recorded, *, actor: Actor, now: datetime) -> None:
    """Inside-reaction: asked to read terms, legal sees the case from now on, whatever its level."""
    clearance = event.subject
    if isinstance(clearance, Clearance) and clearance.needs in BY_LEGAL:
        case = Case.objects.filter(stream=clearance.stream, asked_legal=False).first()
        if case is not None:
            case_change(case, now=now, asked_legal=True)


def vote_role(profile: ActorProfile, case: Case, clearance: Clearance) -> str:
    """In which role this person could vote now; empty: not they."""
    person = _person(profile, case)
    return may_vote(person, clearance.needs, clearance.surface, votes_of(clearance), writers_of(clearance))


def _person(profile: ActorProfile, case: Case) -> Person:
    guest = {f"guest_{g.kind}" for g in profile.guest_streams if g.stream == case.stream}
    return Person(profile.user_id or 0, profile.roles_in(case.branch_id) | guest)


def voters(case: Case, clearance: Clearance, now: datetime) -> list[User]:
    """Colleagues who could say yes or no to these words now."""
    able = who_may(profiles_around(case.branch, case.stream, now), clearing(clearance.surface), case_view(case))
    ids = [each.user_id for each in able if vote_role(each, case, clearance)]
    return list(User.objects.filter(pk__in=ids).order_by("pk"))


def nobody_left(case: Case, words: Words, actor: Actor, now: datetime) -> bool:
    """Whether this house has not enough people to agree to what this person wrote: then a guest is invited."""
    able = who_may(profiles_around(case.branch, case.stream, now), clearing(words.surface), case_view(case))
    people = [_person(each, case) for each in able]
    return not enough_people(words.need, words.surface, people, {actor.user_id or 0})
