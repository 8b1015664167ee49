"""Reads: who someone is today, who holds a role, who may be listed by whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet

from suyuan.accounts import rules
from suyuan.accounts.models import Branch, Deputy, GuestGrant, Member, Organisation, User
from suyuan.accounts.rules import ActorProfile, GuestAccess, Membership
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import NotHere
from suyuan.platform import units

# No place on earth is further from UTC than this: narrows a query whose exact day depends on the branch.
_A_DAY = timedelta(days=1)


def organisation() -> Organisation:
    return Organisation.objects.select_related("triage_branch").get()


def branches() -> QuerySet[Branch]:
    return Branch.objects.order_by("code")


def triage_branch() -> Branch:
    """Where goes what fits no branch."""
    named = organisation().triage_branch
    return named if named is not None else Branch.objects.order_by("id")[:1].get()


def day_in(zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


# --- who someone is ------------------------------------------------------------------------------------------------


def profile_of(user: User, now: datetime) -> ActorProfile:
    """Everything that gives this user rights now, in one query. A disabled user has none."""
    return _profiles([user], now)[0]


def profile_for(actor: Actor, now: datetime) -> ActorProfile:
    """The same for an actor: read afresh in each write, once in it. Other kinds of actor have no memberships."""
    if actor.kind not in {"user", "guest"}:
        return ActorProfile(actor)
    unit = units.current()
    known = unit.notes.setdefault("profiles", {}) if unit else {}
    if actor not in known:
        user = User(pk=actor.user_id, uid=actor.uid) if actor.user_id else User.objects.get(uid=actor.uid)
        known[actor] = _profiles([user], now)[0]
    return known[actor]


def may_at(profile: ActorProfile, move: str, branch: Branch | None) -> rules.Allowed | rules.Denied:
    """For one branch, whoever may there; for the whole organisation (None), whoever may in every branch."""
    places = [branch.pk] if branch is not None else [each.pk for each in branches()]
    answers = [rules.may_here(profile, move, place) for place in places]
    return next((each for each in answers if not each), answers[0])


def actor_for(user: User, now: datetime) -> Actor:
    return profile_of(user, now).actor


def profiles_in(branch: Branch, now: datetime) -> list[ActorProfile]:
    """Everyone with a place in the branch today, and their deputies: whom work can be given to."""
    return _profiles(users_in(branch, now), now)


def profiles_around(branch: Branch, stream: str, now: datetime) -> list[ActorProfile]:
    """The same people, and whoever is invited to this one case."""
    invited = GuestGrant.objects.filter(stream=stream, ended_at=None).values("user_id")
    here = Q(id__in=users_in(branch, now).values("id")) | Q(id__in=invited)
    return _profiles(User.objects.filter(here, is_active=True).order_by("id"), now)


def users_in(branch: Branch, now: datetime) -> QuerySet[User]:
    """The same people as rows, without what they may do."""
    return _users_on(branch.pk, day_in(branch.zone, now)).all()


@lru_cache(maxsize=64)
def _users_on(branch_id: int, day: date) -> QuerySet[User]:
    """The question put together once a day, never its answer: whoever asks takes a copy."""
    here = _on_day(Member.objects.filter(branch_id=branch_id), day).values("user_id")
    deputies = Deputy.objects.filter(stands_in_for_id__in=here, ended_at=None, first_day__lte=day, last_day__gte=day)
    users = User.objects.filter(Q(id__in=here) | Q(id__in=deputies.values("user_id")), is_active=True)
    return users.order_by("id")


def _profiles(users: Iterable[User], now: datetime) -> list[ActorProfile]:
    """One query for all, whatever is known of these users: of most of them only the key."""
    users = list(users)
    known = _known([user.pk for user in users], now)
    profiles = []
    for user in users:
        active = user.pk in known.active
        own = tuple(known.memberships.get(user.pk, ())) if active else ()
        lent = tuple(
            Membership(m.branch_id, m.jurisdiction, m.department_id, m.roles, str(uid), principal)
            for principal, uid in (known.stands_in.get(user.pk, ()) if active else ())
            for m in known.memberships.get(principal, ())
        )
        opened = frozenset(known.guests.get(user.pk, ()) if active else ())
        kind = "user" if own or lent or not opened else "guest"
        profiles.append(ActorProfile(Actor(kind, str(user.uid), user.pk), own + lent, opened))
    return profiles


@dataclass
class _Known:
    """What the database says today of some people, by their keys."""

    active: set[int] = field(default_factory=set)
    memberships: dict[int, list[Membership]] = field(default_factory=lambda: defaultdict(list))
    stands_in: dict[int, list[tuple[int, UUID]]] = field(default_factory=lambda: defaultdict(list))
    guests: dict[int, list[GuestAccess]] = field(default_factory=lambda: defaultdict(list))


# Asked at the door of every page and again inside every write, so it is one statement and stands here as SQL: putting
# the same four questions together with the ORM took ten times as long as answering them. Text everywhere, so that both
# databases give the same. Columns: what, whom, other key, text, text, first day, last day, branch, department, member.
_RIGHTS = """
WITH lent AS (
    SELECT d.user_id, d.stands_in_for_id AS principal_id, p.uid, d.first_day, d.last_day
    FROM accounts_deputy d JOIN accounts_user p ON p.id = d.stands_in_for_id
    WHERE d.user_id IN ({them}) AND d.ended_at IS NULL AND p.is_active AND d.first_day <= %s AND d.last_day >= %s
)
SELECT 'role' AS what, m.user_id, m.branch_id, r.role, b.jurisdiction, b.zone, CAST(m.first_day AS text),
       CAST(m.last_day AS text), m.department_id, m.id
FROM accounts_member m
JOIN accounts_memberrole r ON r.member_id = m.id
JOIN accounts_branch b ON b.id = m.branch_id
WHERE m.user_id IN ({them}) OR m.user_id IN (SELECT principal_id FROM lent)
UNION ALL
SELECT 'deputy', l.user_id, l.principal_id, CAST(l.uid AS text), '', '', CAST(l.first_day AS text),
       CAST(l.last_day AS text), NULL, 0
FROM lent l
UNION ALL
SELECT 'guest', g.user_id, g.branch_id, g.stream, g.kind, b.zone, '', CAST(g.last_day AS text), NULL, 0
FROM accounts_guestgrant g JOIN accounts_branch b ON b.id = g.branch_id
WHERE g.user_id IN ({them}) AND g.ended_at IS NULL AND g.last_day >= %s
UNION ALL
SELECT 'active', u.id, 0, '', '', '', '', '', NULL, 0 FROM accounts_user u WHERE u.id IN ({them}) AND u.is_active
ORDER BY 10, 4
"""


def _known(user_ids: list[int], now: datetime) -> _Known:
    """Active or not, roles in branches, whom they stand in for, what is open to them as guests."""
    known = _Known()
    if not user_ids:
        return known
    today = now.astimezone(UTC).date()
    day = connection.ops.adapt_datefield_value
    soon, lately = day(today + _A_DAY), day(today - _A_DAY)
    marks = ", ".join(["%s"] * len(user_ids))
    with connection.cursor() as cursor:
        parameters = [*user_ids, soon, lately, *user_ids, *user_ids, lately, *user_ids]
        cursor.execute(_RIGHTS.format(them=marks), parameters)
        rows = cursor.fetchall()

    places: dict[int, tuple[int, int, str, int | None]] = {}
    roles: dict[int, set[str]] = defaultdict(set)
    zones: dict[int, str] = {}
    deputies = []
    for what, user, other, text, more, zone, first, last, department, member in rows:
        match what:
            case "active":
                known.active.add(user)
            case "role":
                zones.setdefault(user, zone)
                here = day_in(zone, now).isoformat()
                if first <= here and (last is None or here <= last):
                    places[member] = (user, other, more, department)
                    roles[member].add(text)
            case "guest":
                until = date.fromisoformat(last)
                if until >= day_in(zone, now):
                    known.guests[user].append(GuestAccess(text, more, until))
            case "deputy":
                deputies.append((user, other, UUID(text), first, last))
    for member, (user, branch, law, department) in places.items():
        known.memberships[user].append(Membership(branch, law, department, frozenset(roles[member])))
    for user, principal, uid, first, last in deputies:
        if first <= day_in(zones.get(principal, "UTC"), now).isoformat() <= last:
            known.stands_in[user].append((principal, uid))
    return known


def deputies_today(branch_ids: Iterable[int], now: datetime) -> list[Deputy]:
    """Who stands in for whom today among the people of these branches."""
    today = now.astimezone(UTC).date()
    here = Member.objects.filter(branch_id__in=sorted(branch_ids)).values("user_id")
    rows = Deputy.objects.filter(stands_in_for_id__in=here, ended_at=None, user__is_active=True)
    rows = rows.filter(first_day__lte=today + _A_DAY, last_day__gte=today - _A_DAY)
    zones = list(Branch.objects.filter(pk__in=sorted(branch_ids)).order_by("pk").values_list("zone", flat=True)[:1])
    day = day_in(zones[0], now) if zones else today
    found = rows.select_related("user", "stands_in_for").order_by("id")
    return [row for row in found if row.first_day <= day <= row.last_day]


# --- staff ---------------------------------------------------------------------------------------------------------


def members_with(role: str, branch: Branch, now: datetime) -> list[User]:
    """Active people who hold `role` in the branch today, in the order they joined."""
    day = day_in(branch.zone, now)
    here = _on_day(Member.objects.filter(branch=branch, roles__role=role), day)
    return list(User.objects.filter(id__in=here.values("user_id"), is_active=True).order_by("id"))


def _on_day(members: QuerySet[Member], day: date) -> QuerySet[Member]:
    return members.filter(Q(last_day=None) | Q(last_day__gte=day), first_day__lte=day)


@dataclass(frozen=True)
class Place:
    """One membership as shown in the list of staff."""

    member: Member
    roles: tuple[str, ...]
    ended: bool


@dataclass(frozen=True)
class StaffRow:
    user: User
    places: tuple[Place, ...]
    guest: bool
    conflicts: tuple[frozenset[str], ...]

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(r for p in self.places if not p.ended for r in p.roles)


def staff_list(profile: ActorProfile, now: datetime) -> list[StaffRow]:
    """Everyone `profile` may see in the list of staff: people of their branches, and for the administrator all."""
    return _staff(_listed(profile), now)


def staff_for(profile: ActorProfile, uid: UUID | str, now: datetime) -> StaffRow:
    """The door to one person of the staff. Not listed and not there look alike."""
    rows = _staff(_listed(profile).filter(uid=uid), now)
    if not rows:
        raise NotHere()
    return rows[0]


def _listed(profile: ActorProfile) -> QuerySet[User]:
    where = rules.branches_for(profile, "staff_list")
    users = User.objects.order_by("-is_active", "login")
    if where is None:
        return users
    here = Member.objects.filter(branch_id__in=where).values("user_id")
    invited = GuestGrant.objects.filter(branch_id__in=where).values("user_id")
    return users.filter(Q(id__in=here) | Q(id__in=invited))


def _staff(users: QuerySet[User], now: datetime) -> list[StaffRow]:
    users = list(users)
    members = (
        Member.objects.filter(user__in=users)
        .select_related("branch", "department")
        .prefetch_related("roles")
        .order_by("branch__code", "id")
    )
    places: dict[int, list[Place]] = defaultdict(list)
    for member in members:
        ended = member.last_day is not None and member.last_day < day_in(member.branch.zone, now)
        held = {r.role for r in member.roles.all()}
        places[member.user_id].append(Place(member, tuple(r for r in rules.Role if r in held), ended))
    guests = set(GuestGrant.objects.filter(user__in=users, ended_at=None).values_list("user_id", flat=True))
    rows = []
    for user in users:
        held = {r for p in places[user.pk] if not p.ended for r in p.roles}
        rows.append(StaffRow(user, tuple(places[user.pk]), user.pk in guests, rules.conflicts(held)))
    return rows


def deputies_of(user: User) -> list[Deputy]:
    """Those who stand in for this person, and those this person stands in for; newest first."""
    both = Deputy.objects.filter(Q(user=user) | Q(stands_in_for=user), ended_at=None)
    return list(both.select_related("user", "stands_in_for").order_by("-last_day", "-id"))


def guest_grants_of(user: User) -> list[GuestGrant]:
    return list(GuestGrant.objects.filter(user=user).select_related("branch", "invited_by").order_by("-id"))


def colleagues_of(user: User, now: datetime) -> list[User]:
    """Active people who share a branch with this person: who may stand in."""
    branches = Member.objects.filter(user=user, last_day=None).values("branch_id")
    ids = Member.objects.filter(branch_id__in=branches, last_day=None).values("user_id")
    return list(User.objects.filter(id__in=ids, is_active=True).exclude(pk=user.pk).order_by("login"))
