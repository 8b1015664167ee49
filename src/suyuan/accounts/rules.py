"""Who may see and do what: the one source. No Django, no clock, no database.

Three questions are answered here:
- `reach(profile)`: which cases a person sees, as grants that `cases` turns into a query;
- `sees(profile, case)`: the same for one case in memory; a test holds both to each other;
- `may(profile, move, case)`: whether a person may do one thing to one case, asked again inside every write.

Rights come from roles in branches; several add up. Being complained about overrides everything else.
Two-person rules compare persons, never memberships.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from suyuan.kernel.actor import Actor


class Role(StrEnum):
    RECEPTION = "reception"
    CONSULTANT = "consultant"
    NURSE = "nurse"
    DOCTOR = "doctor"
    CASE_MANAGER = "case_manager"
    DEPARTMENT_HEAD = "department_head"
    LEGAL = "legal"
    PUBLIC_RELATIONS = "public_relations"
    FINANCE = "finance"
    HEAD_OF_CLINIC = "head_of_clinic"
    HEAD_OFFICE = "head_office"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    GUEST = "guest"


# Guests have no membership; on the cases named to them they count as one of these.
GUEST_DOCTOR, GUEST_LAWYER = "guest_doctor", "guest_lawyer"
GUEST_KINDS = {"doctor": GUEST_DOCTOR, "lawyer": GUEST_LAWYER}

FRONT = frozenset({Role.RECEPTION, Role.CONSULTANT, Role.NURSE})
MANAGERS = frozenset({Role.CASE_MANAGER, Role.DEPARTMENT_HEAD, Role.HEAD_OF_CLINIC})
GUESTS = frozenset(GUEST_KINDS.values())
READ_ONLY = frozenset({Role.HEAD_OFFICE, Role.AUDITOR})
MEMBER_ROLES = frozenset(Role) - {Role.GUEST}
ROLES = MEMBER_ROLES | GUESTS

# Reach beyond one branch, so nobody who manages only a branch gives or takes them.
WIDE_ROLES = frozenset({Role.HEAD_OFFICE, Role.AUDITOR, Role.ADMINISTRATOR})

# Judging a body takes a licence: standing in for a doctor does not make one.
NOT_DEPUTISED = frozenset({Role.DOCTOR})

# Roles that one person should not hold together, because one watches over the other.
CONFLICTS = (
    frozenset({Role.ADMINISTRATOR, Role.HEAD_OF_CLINIC}),
    frozenset({Role.AUDITOR, Role.CASE_MANAGER}),
    frozenset({Role.AUDITOR, Role.HEAD_OF_CLINIC}),
    frozenset({Role.AUDITOR, Role.ADMINISTRATOR}),
)


class Compartment(StrEnum):
    """Protected material beside a case: its own streams, readers and export rule."""

    COUNSEL = "counsel"
    MEDIATION = "mediation"
    ROOT_CAUSE = "root_cause"
    CARE_TALK = "care_talk"


_LEARNING = frozenset({Compartment.ROOT_CAUSE, Compartment.CARE_TALK})
_DISPUTE = frozenset({Compartment.COUNSEL, Compartment.MEDIATION})
_EVERY = frozenset(Compartment)


class Relation(StrEnum):
    """How a grant connects a person with cases."""

    ALL = "all"  # every case of the branches (or of every branch)
    RELATED = "related"  # registered by, owned by, or with a task for the person or the role
    INVESTIGATOR = "investigator"  # appointed to this case, whatever the role and branch
    DEPARTMENT = "department"  # cases of the departments headed
    LEGAL = "legal"  # levels 2 and 3, flagged legal, or asked
    PUBLIC_RELATIONS = "public_relations"  # flagged media; level, flag and public texts only
    FINANCE = "finance"  # cases with money items; no narrative
    HEAD_OFFICE = "head_office"  # level 3 or escalated, same jurisdiction
    GUEST = "guest"  # named cases until a date
    NONE = "none"  # no case at all


@dataclass(frozen=True)
class RolePolicy:
    """What holding a role opens."""

    relation: Relation
    narrative: bool = True
    writes: bool = True
    every_branch: bool = False
    related_too: bool = False  # a task or an owned case opens itself to this role as well
    compartments: frozenset[Compartment] = frozenset()


POLICY: Mapping[str, RolePolicy] = {
    Role.RECEPTION: RolePolicy(Relation.RELATED),
    Role.CONSULTANT: RolePolicy(Relation.RELATED),
    Role.NURSE: RolePolicy(Relation.RELATED),
    Role.DOCTOR: RolePolicy(Relation.RELATED, compartments=_LEARNING),
    Role.CASE_MANAGER: RolePolicy(Relation.ALL, compartments=_LEARNING | {Compartment.MEDIATION}),
    Role.DEPARTMENT_HEAD: RolePolicy(Relation.DEPARTMENT, related_too=True, compartments=_LEARNING),
    # What the law keeps out of a dispute is not read by those who argue it.
    Role.LEGAL: RolePolicy(Relation.LEGAL, related_too=True, compartments=_DISPUTE),
    Role.PUBLIC_RELATIONS: RolePolicy(Relation.PUBLIC_RELATIONS, narrative=False, related_too=True),
    Role.FINANCE: RolePolicy(Relation.FINANCE, narrative=False, related_too=True),
    Role.HEAD_OF_CLINIC: RolePolicy(Relation.ALL, compartments=_EVERY),
    Role.HEAD_OFFICE: RolePolicy(Relation.HEAD_OFFICE, writes=False),
    Role.AUDITOR: RolePolicy(Relation.ALL, writes=False, every_branch=True, compartments=_EVERY),
    Role.ADMINISTRATOR: RolePolicy(Relation.NONE),
    GUEST_DOCTOR: RolePolicy(Relation.GUEST, compartments=_LEARNING),
    GUEST_LAWYER: RolePolicy(Relation.GUEST, compartments=_DISPUTE),
}


# --- who is asking -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Membership:
    """Roles of a person in a branch, today. `stands_in_for`: these are another person's, held as deputy."""

    branch_id: int
    jurisdiction: str
    department_id: int | None = None
    roles: frozenset[str] = frozenset()
    stands_in_for: str | None = None  # uid of that person
    stands_in_for_id: int | None = None


@dataclass(frozen=True)
class GuestAccess:
    """One stream opened to a guest, e.g. `case:<uid>`."""

    stream: str
    kind: str  # doctor | lawyer
    last_day: date


@dataclass(frozen=True)
class ActorProfile:
    """A person with all that gives rights on `today`. Built by `selectors.profile_for`; what has ended is absent."""

    actor: Actor
    memberships: tuple[Membership, ...] = ()
    guest_streams: frozenset[GuestAccess] = frozenset()
    today: date | None = None

    @property
    def user_id(self) -> int | None:
        return self.actor.user_id

    @property
    def roles(self) -> frozenset[str]:
        """Every role held anywhere, as deputy too; `guest` when a case is open to a guest."""
        held = {role for m in self.memberships for role in held_roles(m)}
        return frozenset(held | ({Role.GUEST} if self._open_guest() else set()))

    @property
    def branch_ids(self) -> frozenset[int]:
        return frozenset(m.branch_id for m in self.memberships)

    def roles_in(self, branch_id: int) -> frozenset[str]:
        return frozenset(r for m in self.memberships if m.branch_id == branch_id for r in held_roles(m))

    def branches_as(self, *roles: str) -> frozenset[int]:
        """Branches in which one of `roles` is held."""
        return frozenset(m.branch_id for m in self.memberships if held_roles(m) & frozenset(roles))

    def _open_guest(self) -> frozenset[GuestAccess]:
        return frozenset(g for g in self.guest_streams if self.today is None or g.last_day >= self.today)


def held_roles(membership: Membership) -> frozenset[str]:
    """Roles a membership really gives: a deputy takes over all but those that need a licence of one's own."""
    if membership.stands_in_for is None:
        return membership.roles
    return membership.roles - NOT_DEPUTISED


def conflicts(profile_roles: Iterable[str]) -> tuple[frozenset[str], ...]:
    """Pairs of roles held together that watch over each other: shown as a conflict to resolve, never hidden."""
    held = frozenset(profile_roles)
    return tuple(pair for pair in CONFLICTS if pair <= held)


# --- what is seen --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grant:
    """One reason to see cases.

    branch_ids       None = any branch, otherwise only cases of these
    roles            the roles this grant stems from; a task for such a role relates (relation "related")
    person_ids       users whose registering, owning and tasks relate: oneself, or the person stood in for
    department_ids   relation "department"
    jurisdiction     relation "head_office"
    streams          relation "guest": `case:<uid>`
    reads_narrative  False: codes, dates, level, flags, money and public texts only, no words of or about a person
    compartments     protected material readable on the cases of this grant
    stands_in_for    uid of the person whose right this is, when held as deputy
    """

    relation: Relation
    branch_ids: frozenset[int] | None
    roles: frozenset[str] = frozenset()
    person_ids: frozenset[int] = frozenset()
    department_ids: frozenset[int] = frozenset()
    jurisdiction: str | None = None
    streams: frozenset[str] = frozenset()
    reads_narrative: bool = True
    writes: bool = True
    compartments: frozenset[str] = frozenset()
    stands_in_for: str | None = None


@dataclass(frozen=True)
class Reach:
    """All grants of a person. Cases in which `user_id` is complained about are outside it, whatever the grants say."""

    grants: tuple[Grant, ...]
    user_id: int | None
    person_uid: str
    excluded_always: bool = True

    @property
    def compartments(self) -> frozenset[str]:
        """Every compartment readable anywhere: narrows a search. For one case ask `compartments_of`."""
        return frozenset().union(*(g.compartments for g in self.grants)) if self.grants else frozenset()

    @property
    def reads_narrative(self) -> bool:
        return any(g.reads_narrative for g in self.grants)

    @property
    def writes(self) -> bool:
        return any(g.writes for g in self.grants)

    @property
    def nowhere(self) -> bool:
        """Nothing can be seen, so nothing need be asked of the database."""
        return not any(g.relation != Relation.NONE for g in self.grants)


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """What the rules need to know of a case. `level` is None until it is graded."""

    branch_id: int
    stream: str = ""  # case:<uid>
    jurisdiction: str = ""
    department_id: int | None = None
    level: int | None = None
    stage: str = ""
    flags: frozenset[str] = frozenset()
    escalated: bool = False
    money: bool = False
    asked_legal: bool = False
    owner_id: int | None = None
    registered_by_id: int | None = None
    investigator_ids: frozenset[int] = frozenset()
    task_user_ids: frozenset[int] = frozenset()
    task_roles: frozenset[str] = frozenset()
    complained_ids: frozenset[int] = frozenset()
    lower_requested_by_id: int | None = None
    close_requested_by_id: int | None = None


@lru_cache(maxsize=2048)
def reach(profile: ActorProfile) -> Reach:
    """Which cases this person sees, before the exclusion of those in which they are complained about."""
    found: dict[Grant, set[int] | None] = {}

    def add(grant: Grant, branch_id: int | None) -> None:
        """Merge grants that differ only in the branch."""
        if branch_id is None:
            found[grant] = None
            return
        branches = found.setdefault(grant, set())
        if branches is not None:
            branches.add(branch_id)

    for m in profile.memberships:
        person = frozenset(i for i in (m.stands_in_for_id if m.stands_in_for else profile.user_id,) if i is not None)
        for role in sorted(held_roles(m)):
            policy = POLICY[role]
            common = dict(
                branch_ids=None,
                roles=frozenset({role}),
                reads_narrative=policy.narrative,
                writes=policy.writes,
                compartments=policy.compartments,
                stands_in_for=m.stands_in_for,
            )
            own = Grant(
                relation=policy.relation,
                person_ids=person if policy.relation == Relation.RELATED else frozenset(),
                department_ids=frozenset({m.department_id} - {None})
                if policy.relation == Relation.DEPARTMENT
                else frozenset(),
                jurisdiction=m.jurisdiction if policy.relation == Relation.HEAD_OFFICE else None,
                **common,
            )
            anywhere = policy.every_branch or policy.relation == Relation.HEAD_OFFICE
            add(own, None if anywhere else m.branch_id)
            if policy.related_too:
                add(Grant(relation=Relation.RELATED, person_ids=person, **common), m.branch_id)

    if profile.user_id is not None and may_investigate(profile):
        person = frozenset({profile.user_id})
        add(
            Grant(relation=Relation.INVESTIGATOR, branch_ids=None, person_ids=person, compartments=_LEARNING),
            None,
        )
    for access in sorted(profile._open_guest(), key=lambda g: (g.stream, g.kind)):
        role = GUEST_KINDS[access.kind]
        add(
            Grant(
                relation=Relation.GUEST,
                branch_ids=None,
                roles=frozenset({role}),
                streams=frozenset({access.stream}),
                compartments=POLICY[role].compartments,
            ),
            None,
        )
    grants = tuple(g if branches is None else _with_branches(g, frozenset(branches)) for g, branches in found.items())
    return Reach(grants, profile.user_id, profile.actor.uid)


def _with_branches(grant: Grant, branches: frozenset[int]) -> Grant:
    return Grant(**{**grant.__dict__, "branch_ids": branches})


def may_investigate(profile: ActorProfile, law: str | None = None) -> bool:
    """Any role may be appointed, in person. Who audits does not act; a guest keeps to the cases named to them.

    `law`: roles held in branches under this law alone.
    """
    own = {r for m in profile.memberships if m.stands_in_for is None and law in (None, m.jurisdiction) for r in m.roles}
    return bool(own - {Role.AUDITOR})


def matches(grant: Grant, case: CaseView) -> bool:
    """Whether one grant opens one case (exclusion aside). `cases` says the same in SQL."""
    if grant.branch_ids is not None and case.branch_id not in grant.branch_ids:
        return False
    match grant.relation:
        case Relation.ALL:
            return True
        case Relation.RELATED:
            return bool(
                grant.person_ids & {case.registered_by_id, case.owner_id}
                or grant.person_ids & case.task_user_ids
                or grant.roles & case.task_roles
            )
        case Relation.INVESTIGATOR:
            return bool(grant.person_ids & case.investigator_ids)
        case Relation.DEPARTMENT:
            return case.department_id in grant.department_ids
        case Relation.LEGAL:
            return (case.level or 0) >= 2 or "legal" in case.flags or case.asked_legal
        case Relation.PUBLIC_RELATIONS:
            return "media" in case.flags
        case Relation.FINANCE:
            return case.money
        case Relation.HEAD_OFFICE:
            return case.jurisdiction == grant.jurisdiction and (case.level == 3 or case.escalated)
        case Relation.GUEST:
            return case.stream in grant.streams
        case Relation.NONE:
            return False
    raise ValueError(f"unknown relation: {grant.relation}")


def is_complained_about(profile: ActorProfile, case: CaseView) -> bool:
    return profile.user_id is not None and profile.user_id in case.complained_ids


def grants_on(profile: ActorProfile, case: CaseView) -> tuple[Grant, ...]:
    """The grants that open this case to this person; none when the person is complained about."""
    if is_complained_about(profile, case):
        return ()
    return tuple(g for g in reach(profile).grants if matches(g, case))


def sees(profile: ActorProfile, case: CaseView) -> bool:
    return bool(grants_on(profile, case))


def reads_narrative(profile: ActorProfile, case: CaseView) -> bool:
    """Whether words of and about people may be shown; without it: codes, dates, level, flags, money, public texts."""
    return any(g.reads_narrative for g in grants_on(profile, case))


def compartments_of(profile: ActorProfile, case: CaseView) -> frozenset[str]:
    """Protected material of this case that this person reads."""
    return frozenset().union(*(g.compartments for g in grants_on(profile, case)))


# --- what is done --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MoveRule:
    """Who may do one thing to a case they see.

    roles     roles held in the case's branch (or anywhere, by an appointed investigator), and guests on this case
    persons   relations of the person to the case that suffice: owner, investigator, task, registered
    second_to the field of CaseView naming the person who must not be the same
    new       about a branch, not yet about a case
    reads     changes nothing; open to read-only roles whose grant reads the narrative
    inside    reads what lies in this compartment: the grant must open it
    others    other kinds of actor: party and reporter come through their receipt's own door, system through a job
    """

    roles: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()
    second_to: str | None = None
    new: bool = False
    reads: bool = False
    inside: str = ""
    others: frozenset[str] = frozenset()


_CARERS = frozenset({Role.DOCTOR, Role.NURSE, GUEST_DOCTOR})
_STAFF = FRONT | MANAGERS | {Role.DOCTOR}
_ANYONE = _STAFF | GUESTS | {Role.LEGAL, Role.PUBLIC_RELATIONS, Role.FINANCE}
_READERS = _ANYONE - {Role.PUBLIC_RELATIONS, Role.FINANCE}
_OWNER = frozenset({"owner"})
_WORKING = frozenset({"owner", "investigator", "task"})
_PARTY = frozenset({"party", "reporter"})

# What remains to those who read no words of this case: every other act shows what people said, or writes to them.
WITHOUT_WORDS = frozenset({"raise", "flag", "escalate", "task_finish", "public_write", "public_clear", "public_post"})
_SYSTEM = frozenset({"system"})


def _rule(*roles: Iterable[str] | str, **more) -> MoveRule:
    named: set[str] = set()
    for r in roles:
        named |= {r} if isinstance(r, str) else set(r)
    return MoveRule(roles=frozenset(named), **more)


MOVES: Mapping[str, MoveRule] = {
    # taking up and talking
    "register": _rule(_STAFF, new=True, others=_PARTY | _SYSTEM),
    "contact": _rule(_STAFF, Role.LEGAL, persons=_WORKING),
    "promise": _rule(_STAFF, persons=_WORKING),
    "party_verify": _rule(_STAFF, persons=_OWNER),
    "file_add": _rule(_STAFF, GUESTS, Role.LEGAL, persons=_WORKING, others=_PARTY),
    "message_in": _rule(_STAFF, persons=_WORKING, others=_PARTY | _SYSTEM),
    "message_draft": _rule(_STAFF, Role.LEGAL, persons=_WORKING),
    "message_send": _rule(MANAGERS, persons=_OWNER, others=_SYSTEM),
    "words_clear": _rule(MANAGERS, Role.LEGAL, GUEST_LAWYER),
    # in front of everybody
    "public_write": _rule(MANAGERS, Role.LEGAL, Role.PUBLIC_RELATIONS, persons=_OWNER),
    "public_clear": _rule(MANAGERS, Role.LEGAL, Role.PUBLIC_RELATIONS, GUEST_LAWYER),
    "public_post": _rule(MANAGERS, Role.PUBLIC_RELATIONS, persons=_OWNER),
    "demand_record": _rule(_STAFF, Role.LEGAL, persons=_OWNER, others=_PARTY),
    "demand_answer": _rule(MANAGERS, Role.LEGAL, persons=_OWNER),
    # how grave it is
    "raise": _rule(_ANYONE, persons=_WORKING, others=_SYSTEM),
    "lower_request": _rule(MANAGERS, Role.DOCTOR, Role.LEGAL, persons=_OWNER),
    "lower_approve": _rule(MANAGERS, GUESTS, second_to="lower_requested_by_id"),
    "flag": _rule(_ANYONE, persons=_WORKING, others=_SYSTEM),
    "unflag": _rule(MANAGERS, Role.LEGAL),
    "classify": _rule(_STAFF, persons=_WORKING),
    "medical_judgement": _rule(Role.DOCTOR, GUEST_DOCTOR),
    "care_record": _rule(_CARERS, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC),
    # who works on it
    "acknowledge": _rule(MANAGERS, persons=_OWNER),
    "assign": _rule(MANAGERS),
    "appoint": _rule(MANAGERS),
    "speaker": _rule(MANAGERS),
    "escalate": _rule(_STAFF, Role.LEGAL, persons=_WORKING, others=_SYSTEM),
    "task": _rule(MANAGERS, Role.LEGAL, persons=frozenset({"owner", "investigator"}), others=_SYSTEM),
    "task_finish": _rule(MANAGERS, persons=_WORKING),
    "move_branch": _rule(Role.CASE_MANAGER, Role.HEAD_OF_CLINIC),
    # finding out
    "investigate": _rule(MANAGERS, persons=frozenset({"owner", "investigator"})),
    "record_finding": _rule(persons=frozenset({"investigator"})),
    "statement_ask": _rule(MANAGERS, persons=frozenset({"owner", "investigator"})),
    "plan_inquiry": _rule(MANAGERS, persons=frozenset({"owner", "investigator"})),
    "assess_care": _rule(persons=frozenset({"investigator"})),
    "dissent": _rule(Role.DOCTOR, GUEST_DOCTOR, MANAGERS, persons=frozenset({"investigator"})),
    "exposure": _rule(Role.LEGAL, GUEST_LAWYER, Role.HEAD_OF_CLINIC),
    "evidence_ask": _rule(MANAGERS, Role.LEGAL, persons=frozenset({"owner", "investigator"})),
    "evidence_judge": _rule(MANAGERS, persons=frozenset({"owner", "investigator"})),
    "evidence_answer": _rule(MANAGERS, persons=_WORKING, others=_PARTY),
    "item_protect": _rule(MANAGERS, Role.LEGAL, persons=frozenset({"owner", "investigator"})),
    "hear": _rule(MANAGERS, Role.LEGAL, persons=frozenset({"owner", "investigator"})),
    "observe": _rule(_STAFF, persons=_WORKING),
    "ask_legal": _rule(MANAGERS, persons=frozenset({"owner", "investigator"})),
    "disclose": _rule(MANAGERS, persons=_OWNER),
    "respond": _rule(MANAGERS, persons=_OWNER),
    # beside it
    "hold": _rule(Role.LEGAL, GUEST_LAWYER, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, others=_SYSTEM),
    "hold_lift": _rule(Role.LEGAL, GUEST_LAWYER, Role.HEAD_OF_CLINIC),
    "seal": _rule(MANAGERS, Role.LEGAL, persons=_OWNER),
    "erase": _rule(Role.LEGAL, Role.HEAD_OF_CLINIC),
    "proceed": _rule(MANAGERS, Role.LEGAL, GUEST_LAWYER),
    "bundle_export": _rule(MANAGERS, Role.LEGAL, GUEST_LAWYER, persons=_OWNER, others=_SYSTEM),
    "showing_agree": _rule(Role.LEGAL, Role.HEAD_OF_CLINIC),
    "guest_invite": _rule(Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.LEGAL),
    # ending it
    "resolve_on_spot": _rule(MANAGERS, persons=_OWNER),
    "withdraw": _rule(MANAGERS, persons=_OWNER, others=_PARTY),
    "close_request": _rule(MANAGERS, persons=_OWNER),
    "close_confirm": _rule(MANAGERS, GUESTS, second_to="close_requested_by_id"),
    "reopen": _rule(MANAGERS, persons=_OWNER),
    "evaluate": _rule(MANAGERS, persons=_OWNER),
    "survey_send": _rule(MANAGERS, persons=_OWNER, others=_SYSTEM),
    "survey_answer": _rule(others=_PARTY),
    # reading only, and logged
    "see": MoveRule(roles=_ANYONE | READ_ONLY, persons=_WORKING | {"registered"}, reads=True),
    "identity": MoveRule(roles=_READERS | READ_ONLY, persons=_WORKING | {"registered"}, reads=True),
    "print": MoveRule(roles=_READERS | READ_ONLY, persons=_WORKING | {"registered"}, reads=True),
    "public_read": MoveRule(
        roles=_READERS | READ_ONLY | {Role.PUBLIC_RELATIONS}, persons=_WORKING | {"registered"}, reads=True
    ),
    "read_causes": MoveRule(
        roles=frozenset(role for role, policy in POLICY.items() if Compartment.ROOT_CAUSE in policy.compartments),
        persons=frozenset({"investigator"}),
        reads=True,
        inside=Compartment.ROOT_CAUSE,
    ),
    # only the person complained about; opens the statement page and nothing else
    "statement_give": _rule(),
}


@dataclass(frozen=True)
class Allowed:
    """`role` is the role or relation that allows it; `stands_in_for` whose right a deputy used."""

    role: str
    stands_in_for: str | None = None

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class Denied:
    """`who_could`: roles and relations that may, in order, so that a page can say whom to ask."""

    code: str  # not_here | complained_about | role | same_person | nothing_requested
    who_could: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return False


class UnknownMove(LookupError):
    """A move nobody wrote a rule for: a mistake in the caller, never a silent no."""


def move_rule(move: str) -> MoveRule:
    try:
        return MOVES[move]
    except KeyError:
        raise UnknownMove(move) from None


def may(profile: ActorProfile, move: str, case: CaseView) -> Allowed | Denied:
    """Whether `profile` may do `move` to `case` now. Whether the stage admits it is the lifecycle's question."""
    rule = move_rule(move)
    actor = profile.actor
    who_could = _who_could(rule)

    if move == "statement_give":
        return Allowed("complained") if is_complained_about(profile, case) else Denied("not_here", ("complained",))
    if actor.kind not in {"user", "guest"}:
        return Allowed(actor.kind) if actor.kind in rule.others else Denied("role", who_could)
    if is_complained_about(profile, case):
        return Denied("complained_about")
    if rule.new:
        return _first(_roles_in_branch(profile, case), rule.roles) or Denied("role", who_could)

    opened = grants_on(profile, case)
    if not opened:
        return Denied("not_here")
    if rule.reads:
        return _may_read(move, rule, opened) or Denied("role", who_could)
    if move not in WITHOUT_WORDS and not any(grant.reads_narrative for grant in opened):
        return Denied("role", who_could)
    allowed = _first(_roles_on(profile, case), rule.roles) or _first(_persons_on(profile, case), rule.persons)
    if not allowed:
        return Denied("role", who_could)
    if rule.second_to is not None:
        first = getattr(case, rule.second_to)
        if first is None:
            return Denied("nothing_requested", who_could)
        if same_person(actor, first):
            return Denied("same_person", who_could)
    return allowed


def _may_read(move: str, rule: MoveRule, opened: tuple[Grant, ...]) -> Allowed | None:
    for grant in opened:
        if rule.inside and rule.inside not in grant.compartments:
            continue
        speaks = move == "public_read" and Role.PUBLIC_RELATIONS in grant.roles
        if move == "see" or grant.reads_narrative or speaks:
            return Allowed(min(grant.roles, default=str(grant.relation)), grant.stands_in_for)
    return None


def _first(held: Mapping[str, str | None], wanted: frozenset[str]) -> Allowed | None:
    """The right that is used: one's own before another person's."""
    usable = sorted((held[name] is not None, name) for name in wanted if name in held)
    return Allowed(usable[0][1], held[usable[0][1]]) if usable else None


def _roles_in_branch(profile: ActorProfile, case: CaseView) -> dict[str, str | None]:
    return _collect(
        (r, m.stands_in_for) for m in profile.memberships if m.branch_id == case.branch_id for r in held_roles(m)
    )


def _roles_on(profile: ActorProfile, case: CaseView) -> dict[str, str | None]:
    """Roles that count on this case: those held in its branch, an investigator's own anywhere, a guest's here."""
    held = _roles_in_branch(profile, case)
    if profile.user_id in case.investigator_ids and may_investigate(profile):
        own = ((r, None) for m in profile.memberships if m.stands_in_for is None for r in m.roles)
        # A doctor from another branch judges as a doctor there too; managing stays with the branch.
        held |= _collect((r, w) for r, w in own if r == Role.DOCTOR)
    held |= {GUEST_KINDS[g.kind]: None for g in profile._open_guest() if g.stream == case.stream}
    return held


def _persons_on(profile: ActorProfile, case: CaseView) -> dict[str, str | None]:
    """What the person, or the person stood in for, is to this case."""
    me = profile.user_id
    held: list[tuple[str, str | None]] = []
    guest_here = any(g.stream == case.stream for g in profile._open_guest())
    if me in case.investigator_ids and (guest_here or may_investigate(profile)):
        held.append(("investigator", None))
    acting = [
        (m.stands_in_for_id if m.stands_in_for else me, m.stands_in_for, held_roles(m))
        for m in profile.memberships
        if m.branch_id == case.branch_id
    ]
    if guest_here:
        acting.append((me, None, GUESTS))
    for person, whose, roles in acting:
        if person is None or not roles - READ_ONLY - {Role.ADMINISTRATOR}:
            continue
        if person == case.owner_id:
            held.append(("owner", whose))
        if person == case.registered_by_id:
            held.append(("registered", whose))
        if person in case.task_user_ids or roles & case.task_roles:
            held.append(("task", whose))
    return _collect(held)


def _collect(pairs: Iterable[tuple[str, str | None]]) -> dict[str, str | None]:
    """One's own right hides the same right held for another."""
    held: dict[str, str | None] = {}
    for name, whose in pairs:
        if name not in held or whose is None:
            held[name] = whose
    return held


def _who_could(rule: MoveRule) -> tuple[str, ...]:
    order = [*Role, *GUESTS]
    return tuple(r for r in order if r in rule.roles) + tuple(sorted(rule.persons))


def same_person(a: Actor | int | None, b: Actor | int | None) -> bool:
    """Two-person rules compare persons: never memberships, never the person stood in for."""
    one = a.user_id if isinstance(a, Actor) else a
    two = b.user_id if isinstance(b, Actor) else b
    return one is not None and one == two


def who_may(profiles: Iterable[ActorProfile], move: str, case: CaseView) -> tuple[ActorProfile, ...]:
    """Those of `profiles` who may do it. None left in a small clinic: say so, and offer to invite a guest."""
    return tuple(p for p in profiles if may(p, move, case))


# --- the house itself: branches, staff, people outside cases ---------------------------------------------------------

HOUSE_MOVES: Mapping[str, frozenset[str]] = {
    "organisation_edit": frozenset({Role.ADMINISTRATOR}),
    "branch_edit": frozenset({Role.ADMINISTRATOR, Role.HEAD_OF_CLINIC}),
    "staff_manage": frozenset({Role.ADMINISTRATOR, Role.HEAD_OF_CLINIC}),
    "staff_list": frozenset({Role.ADMINISTRATOR, Role.HEAD_OF_CLINIC, Role.CASE_MANAGER, Role.AUDITOR}),
    "deputy_manage": frozenset({Role.ADMINISTRATOR, Role.HEAD_OF_CLINIC, Role.CASE_MANAGER}),
    "guest_invite": frozenset({Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.LEGAL}),
    "person_search": _STAFF | {Role.AUDITOR},
    "person_write": _STAFF,
    "person_merge": frozenset({Role.CASE_MANAGER, Role.HEAD_OF_CLINIC}),
    "treatment_write": _STAFF,
    "house_look": frozenset({Role.ADMINISTRATOR, Role.HEAD_OF_CLINIC, Role.AUDITOR}),
    "fault_answer": frozenset({Role.ADMINISTRATOR, Role.HEAD_OF_CLINIC}),
    "authority_prove": _STAFF | {Role.LEGAL},
    "holds_look": frozenset({Role.LEGAL, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR}),
    "incoming_place": frozenset({Role.CASE_MANAGER, Role.HEAD_OF_CLINIC}),
    "retention_decide": frozenset({Role.LEGAL, Role.HEAD_OF_CLINIC}),
    "wording_write": frozenset({Role.LEGAL, Role.HEAD_OF_CLINIC, Role.CASE_MANAGER}),
    "own_names_keep": frozenset({Role.ADMINISTRATOR, Role.HEAD_OF_CLINIC}),  # in whose name the house speaks in public
}
_EVERY_BRANCH = frozenset({Role.ADMINISTRATOR})  # keeps the system, so of all branches


def may_here(profile: ActorProfile, move: str, branch_id: int) -> Allowed | Denied:
    """Whether `profile` may do `move` in a branch; not about any case."""
    wanted = _house_move(move)
    held = _collect(
        (role, m.stands_in_for)
        for m in profile.memberships
        for role in held_roles(m)
        if m.branch_id == branch_id or role in _EVERY_BRANCH
    )
    return _first(held, wanted) or Denied("role", tuple(r for r in Role if r in wanted))


def branches_for(profile: ActorProfile, move: str) -> frozenset[int] | None:
    """Branches in which `profile` may do `move`; None = every branch."""
    wanted = _house_move(move)
    if profile.roles & wanted & _EVERY_BRANCH:
        return None
    return profile.branches_as(*wanted)


def _house_move(move: str) -> frozenset[str]:
    try:
        return HOUSE_MOVES[move]
    except KeyError:
        raise UnknownMove(move) from None


def may_set_roles(
    profile: ActorProfile, *, of_user_id: int | None, branch_id: int, touched: Iterable[str] = ()
) -> Allowed | Denied:
    """Nobody changes their own roles; roles that reach beyond a branch come from the administrator alone."""
    verdict = may_here(profile, "staff_manage", branch_id)
    if verdict and same_person(profile.actor, of_user_id):
        return Denied("same_person", tuple(r for r in Role if r in HOUSE_MOVES["staff_manage"]))
    if verdict and WIDE_ROLES & frozenset(touched) and Role.ADMINISTRATOR not in profile.roles:
        return Denied("role", (Role.ADMINISTRATOR,))
    return verdict


# --- opening hours ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Period:
    opens: str  # "10:00"
    closes: str  # "20:30", later than opens; "24:00" is midnight


def opening_hours(stored: Mapping[str, Iterable[Iterable[str]]]) -> dict[int, tuple[Period, ...]]:
    """ISO weekday (1 = Monday) → periods, checked: in order, not overlapping. Raises ValueError with the reason."""
    week: dict[int, tuple[Period, ...]] = {}
    for day, periods in stored.items():
        if day not in {"1", "2", "3", "4", "5", "6", "7"}:
            raise ValueError(f"not an ISO weekday: {day}")
        checked: list[Period] = []
        for pair in periods:
            opens, closes = (_clock_time(t) for t in pair)
            if not opens < closes or (checked and opens < checked[-1].closes):
                raise ValueError(f"periods of weekday {day} overlap or run backwards")
            checked.append(Period(opens, closes))
        week[int(day)] = tuple(checked)
    return week


def _clock_time(text: str) -> str:
    hours, _, minutes = text.partition(":")
    if len(text) != 5 or not (hours + minutes).isascii() or not (hours + minutes).isdigit():
        raise ValueError(f"not a time of day: {text}")
    if int(minutes) > 59 or int(hours) > 24 or (int(hours) == 24 and int(minutes)):
        raise ValueError(f"not a time of day: {text}")
    return text


# --- slowing guesses -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limit:
    """So many within so many seconds."""

    count: int
    seconds: int


# From devices on which nobody of that name ever logged in. A known device has its own budget, so that a storm of
# guesses from outside does not lock out the person it is aimed at.
STRANGER_LIMITS = {"name": Limit(5, 900), "address": Limit(20, 900), "all": Limit(60, 900)}
KNOWN_DEVICE_LIMIT = Limit(8, 60)
FRESH_SECONDS = 3600  # how long what someone typed into an expired session is kept
