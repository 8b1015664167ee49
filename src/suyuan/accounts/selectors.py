"""Reads: who someone is today, who holds a role, who may be listed by whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import CharField, DateField, F, Q, QuerySet, Value

from suyuan.accounts import rules
from suyuan.accounts.models import Branch, Deputy, GuestGrant, Member, MemberRole, Organisation, User
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
    """Everything that gives this user rights now, in two queries. A disabled user has none."""
    return _profiles([user], now)[0]


def profile_for(actor: Actor, now: datetime) -> ActorProfile:
    """The same for an actor: read afresh in each write, once in it. Other kinds of actor have no memberships."""
    if actor.kind not in {"user", "guest"}:
        return ActorProfile(actor)
    unit = units.current()
    known = unit.notes.setdefault("profiles", {}) if unit else {}
    if actor not in known:
        user = User(pk=actor.user_id, uid=actor.uid) if actor.user_id else User.objects.get(uid=actor.uid)
        known[actor] = _profiles([user], now, unread=actor.user_id is not None)[0]
    return known[actor]


def actor_for(user: User, now: datetime) -> Actor:
    return profile_of(user, now).actor


def profiles_in(branch: Branch, now: datetime) -> list[ActorProfile]:
    """Everyone with a place in the branch today, and their deputies: whom work can be given to."""
    return _profiles(users_in(branch, now), now)


def users_in(branch: Branch, now: datetime) -> QuerySet[User]:
    """The same people as rows, without what they may do."""
    day = day_in(branch.zone, now)
    here = _on_day(Member.objects.filter(branch=branch), day).values("user_id")
    deputies = Deputy.objects.filter(stands_in_for_id__in=here, ended_at=None, first_day__lte=day, last_day__gte=day)
    users = User.objects.filter(Q(id__in=here) | Q(id__in=deputies.values("user_id")), is_active=True)
    return users.order_by("id")


def _profiles(users: Iterable[User], now: datetime, *, unread: bool = False) -> list[ActorProfile]:
    """Two queries for all. `unread`: only who they are is known; whether they are active is asked along the way."""
    users = list(users)
    active = [u.pk for u in users if unread or u.is_active]
    stands_in, guests, found = _lent(active, now)
    if unread:
        for user in users:
            user.is_active = user.pk in found
        active = [u.pk for u in users if u.is_active]
    owners = set(active).union(*({p for p, _ in pairs} for pairs in stands_in.values()))
    memberships = _memberships(owners, now)
    profiles = []
    for user in users:
        own = tuple(memberships.get(user.pk, ())) if user.is_active else ()
        lent = tuple(
            Membership(m.branch_id, m.jurisdiction, m.department_id, m.roles, str(uid), principal)
            for principal, uid in stands_in.get(user.pk, ())
            for m in memberships.get(principal, ())
        )
        opened = frozenset(guests.get(user.pk, ()))
        kind = "user" if own or lent or not opened else "guest"
        profiles.append(ActorProfile(Actor(kind, str(user.uid), user.pk), own + lent, opened))
    return profiles


def _lent(
    user_ids: list[int], now: datetime
) -> tuple[dict[int, list[tuple[int, UUID]]], dict[int, list[GuestAccess]], set[int]]:
    """Whom they stand in for, what is open to them as guests, and who of them is active: one query for all three."""
    today = now.astimezone(UTC).date()
    deputies = (
        Deputy.objects.filter(user_id__in=user_ids, ended_at=None, stands_in_for__is_active=True)
        .filter(first_day__lte=today + _A_DAY, last_day__gte=today - _A_DAY)
        .annotate(kind_=Value("deputy", CharField()), stream_=Value("", CharField()), zone_=Value("", CharField()))
        .values_list("user_id", "kind_", "stream_", "zone_", "first_day", "last_day", "stands_in_for_id")
    )
    guests = (
        GuestGrant.objects.filter(user_id__in=user_ids, ended_at=None, last_day__gte=today - _A_DAY)
        .annotate(zone_=F("branch__zone"), first_=Value(date.min, DateField()))
        .values_list("user_id", "kind", "stream", "zone_", "first_", "last_day", "user_id")
    )
    active = (
        User.objects.filter(id__in=user_ids, is_active=True)
        .annotate(kind_=Value("active", CharField()), stream_=Value("", CharField()), zone_=Value("", CharField()))
        .annotate(first_=Value(date.min, DateField()), last_=Value(date.min, DateField()))
        .values_list("pk", "kind_", "stream_", "zone_", "first_", "last_", "pk")
    )
    stands_in: dict[int, list[tuple[int, Any]]] = defaultdict(list)
    opened: dict[int, list[GuestAccess]] = defaultdict(list)
    principals: dict[int, list[tuple[int, date, date]]] = defaultdict(list)
    found: set[int] = set()
    for user_id, kind, stream, zone, first, last, principal in deputies.union(guests, active, all=True):
        if kind == "active":
            found.add(user_id)
        elif kind == "deputy":
            principals[user_id].append((principal, first, last))
        elif last >= day_in(zone, now):
            opened[user_id].append(GuestAccess(stream, kind, last))
    if principals:
        ids = {p for rows in principals.values() for p, _, _ in rows}
        zones, uids = {}, {}
        for pk, uid, zone in User.objects.filter(id__in=ids).values_list("id", "uid", "memberships__branch__zone"):
            uids[pk] = uid
            zones.setdefault(pk, zone or "UTC")
        for user_id, rows in principals.items():
            for principal, first, last in rows:
                if first <= day_in(zones[principal], now) <= last:
                    stands_in[user_id].append((principal, uids[principal]))
    return stands_in, opened, found


def _memberships(user_ids: set[int], now: datetime) -> dict[int, list[Membership]]:
    rows = (
        MemberRole.objects.filter(member__user_id__in=user_ids)
        .order_by("member_id", "role")
        .values_list(
            "member_id",
            "role",
            "member__user_id",
            "member__branch_id",
            "member__branch__jurisdiction",
            "member__branch__zone",
            "member__department_id",
            "member__first_day",
            "member__last_day",
        )
    )
    places: dict[int, tuple[int, int, str, int | None]] = {}
    roles: dict[int, set[str]] = defaultdict(set)
    for member, role, user, branch, law, zone, department, first, last in rows:
        if first <= day_in(zone, now) and (last is None or day_in(zone, now) <= last):
            places[member] = (user, branch, law, department)
            roles[member].add(role)
    found: dict[int, list[Membership]] = defaultdict(list)
    for member, (user, branch, law, department) in places.items():
        found[user].append(Membership(branch, law, department, frozenset(roles[member])))
    return found


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


people_list = staff_list


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
