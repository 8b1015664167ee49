"""What words need before they leave, and who may say yes to them. No Django, no clock, no database.

A warning needs one person who did not write the words; a block needs two, one of them legal or the head of the clinic.
Words that carry terms (an offer, a settlement) need legal among them, even when nothing is found in them. A gag, a trade for a
review, and what identifies somebody in public never leave, whoever agrees.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from suyuan.accounts.rules import GUEST_LAWYER, Role


class Surface(StrEnum):
    """Where the words will stand."""

    PUBLIC_REPLY = "public_reply"
    PRIVATE_MESSAGE = "private_message"
    CARE_MEETING = "care_meeting"
    STATEMENT = "statement"
    ADVERTISEMENT = "advertisement"
    SETTLEMENT = "settlement"
    REVIEW_INVITATION = "review_invitation"


PUBLIC = frozenset({Surface.PUBLIC_REPLY, Surface.STATEMENT, Surface.ADVERTISEMENT, Surface.REVIEW_INVITATION})
REPLIES = ("", "negative_review", "positive_review", "question", "extortion")
JURISDICTIONS = ("tw", "cn")
LEVELS = ("clean", "advise", "warn", "block")

# What nobody may set aside, wherever it stands; and what nobody may where everyone reads. Packs may add to it, never take away.
NEVER = frozenset({"gag", "review_trade"})
NEVER_IN_PUBLIC = frozenset({"patient_data"})

# Somebody's body may depend on it: it leaves at once, and what was found in it is kept.
EMERGENCIES = frozenset({"emergency", "danger_instruction"})

# Where words carry terms by where they stand.
TERMS = frozenset({Surface.SETTLEMENT})


class Need(StrEnum):
    """What it takes. LEGAL: one of legal; TWO_LEGAL: two, one of them of legal. NEVER: other words."""

    NOTHING = "nothing"
    ONE = "one"
    LEGAL = "legal"
    TWO = "two"
    TWO_LEGAL = "two_legal"
    NEVER = "never"


_GRAVITY = {Need.NOTHING: 0, Need.ONE: 1, Need.LEGAL: 2, Need.TWO: 3, Need.TWO_LEGAL: 4, Need.NEVER: 5}
# People it takes, and whether one of legal is among them.
_TAKES = {
    Need.NOTHING: (0, False),
    Need.ONE: (1, False),
    Need.LEGAL: (1, True),
    Need.TWO: (2, False),
    Need.TWO_LEGAL: (2, True),
    Need.NEVER: (3, True),
}
_WITH_LEGAL = {Need.NOTHING: Need.LEGAL, Need.ONE: Need.LEGAL, Need.TWO: Need.TWO_LEGAL}
BY_LEGAL = frozenset({Need.LEGAL, Need.TWO_LEGAL})


class State(StrEnum):
    OPEN = "open"
    GIVEN = "given"
    REFUSED = "refused"
    LAPSED = "lapsed"


class Found(Protocol):
    """What the guard found. `clearable`: whether the rules of today let people set it aside there."""

    @property
    def kind(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def clearable(self) -> bool: ...


def needed(findings: Iterable[Found], surface: str, kind: str = "", *, terms: bool = False) -> Need:
    """What these findings take on this surface. `kind`: of the message; `terms`: the words carry terms."""
    if kind in EMERGENCIES:
        return Need.NOTHING
    need = max((_needed_by(each, surface) for each in findings), key=_GRAVITY.__getitem__, default=Need.NOTHING)
    return _WITH_LEGAL.get(need, need) if terms else need


def _needed_by(found: Found, surface: str) -> Need:
    if found.level == "block":
        if not found.clearable or found.kind in NEVER or (surface in PUBLIC and found.kind in NEVER_IN_PUBLIC):
            return Need.NEVER
        return Need.TWO
    return Need.ONE if found.level == "warn" else Need.NOTHING


def covers(given: str, wanted: str) -> bool:
    """Whether what was agreed to is as much as is needed by today's rules."""
    (people, legal), (more, of_legal) = _TAKES[Need(given)], _TAKES[Need(wanted)]
    return people >= more and (legal or not of_legal)


# --- who may say yes -----------------------------------------------------------------------------------------------

# In the order in which a person who holds several is taken at their word.
APPROVERS = (
    Role.LEGAL,
    GUEST_LAWYER,
    Role.HEAD_OF_CLINIC,
    Role.DEPARTMENT_HEAD,
    Role.CASE_MANAGER,
    Role.PUBLIC_RELATIONS,
)
# Who reads terms before they are offered.
LAWYERS = frozenset({Role.LEGAL, GUEST_LAWYER})
# One of the two who set a block aside.
DECIDERS = frozenset({Role.LEGAL, GUEST_LAWYER, Role.HEAD_OF_CLINIC})


def approvers(surface: str) -> tuple[str, ...]:
    """Roles that may approve here. Public relations: what the public reads, and nothing else."""
    return tuple(role for role in APPROVERS if role != Role.PUBLIC_RELATIONS or surface in PUBLIC)


def role_of(held: Collection[str], surface: str) -> str:
    """In which role this person votes; empty when in none."""
    return next((str(role) for role in approvers(surface) if role in held), "")


@dataclass(frozen=True)
class Vote:
    """One person's word. Persons are compared, never memberships."""

    person: int
    role: str
    yes: bool


def outcome(need: str, votes: Collection[Vote]) -> State:
    """One no refuses; otherwise as many different persons as it takes, and where it is grave one who decides for the house."""
    if any(not vote.yes for vote in votes):
        return State.REFUSED
    people = {vote.person: vote.role for vote in votes}
    match Need(need):
        case Need.ONE:
            return State.GIVEN if people else State.OPEN
        case Need.LEGAL:
            return State.GIVEN if LAWYERS & set(people.values()) else State.OPEN
        case Need.TWO_LEGAL:
            return State.GIVEN if len(people) >= 2 and LAWYERS & set(people.values()) else State.OPEN
        case Need.TWO:
            decided = any(role in DECIDERS for role in people.values())
            return State.GIVEN if len(people) >= 2 and decided else State.OPEN
    return State.OPEN


def waits_for(need: str, surface: str, votes: Collection[Vote]) -> tuple[str, ...]:
    """Roles of whom one is still missing. A second person where nobody of the first decides for the house: such a one; where
    legal has to be among them and is not yet, legal."""
    if outcome(need, votes) != State.OPEN or need == Need.NEVER:
        return ()
    roles = approvers(surface)
    if need == Need.LEGAL or (need == Need.TWO_LEGAL and votes and not any(vote.role in LAWYERS for vote in votes)):
        return tuple(role for role in roles if role in LAWYERS)
    if need == Need.TWO and votes and not any(vote.role in DECIDERS for vote in votes):
        return tuple(role for role in roles if role in DECIDERS)
    return roles


@dataclass(frozen=True)
class Person:
    """Somebody who could be asked, with every role they hold here."""

    pk: int
    roles: frozenset[str]


def may_vote(person: Person, need: str, surface: str, votes: Collection[Vote], writers: Collection[int]) -> str:
    """The role in which this person may vote now; empty: not they, who wrote it, or who has voted, or whose role it does not take."""
    if person.pk in writers or person.pk in {vote.person for vote in votes}:
        return ""
    return role_of(person.roles & frozenset(waits_for(need, surface, votes)), surface)


def enough_people(need: str, surface: str, people: Iterable[Person], writers: Collection[int]) -> bool:
    """Whether those here could agree at all. A small clinic where they cannot invites a guest."""
    roles = [role for each in people if (role := may_vote(each, need, surface, (), writers))]
    match Need(need):
        case Need.TWO:
            return len(roles) >= 2 and any(role in DECIDERS for role in roles)
        case Need.TWO_LEGAL:
            return len(roles) >= 2 and any(role in LAWYERS for role in roles)
        case Need.ONE | Need.LEGAL:
            return bool(roles)
    return True
