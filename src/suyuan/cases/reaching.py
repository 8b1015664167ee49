"""`accounts.rules.reach` as SQL: the same answer as `accounts.rules.sees`, held together by a test."""
from __future__ import annotations

import time
from collections.abc import Hashable

from django.db import connection, models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, Value
from django.db.models.lookups import In

from suyuan.accounts.rules import Grant, Reach, Relation

# From here on a role is asked case by case whether it has an open task there, below that its tasks are listed.
MANY_TASKS = 1_000
# Up to here the cases of a person are listed, above that a page walks through all cases until it is full.
MANY_LISTED = 2_000
_COUNTED_FOR = 60.0
_crowded: dict[tuple[str, tuple[Hashable, ...]], tuple[float, bool]] = {}


class CaseQuerySet(models.QuerySet):
    def within(self, reach: Reach) -> CaseQuerySet:
        """Cases this person sees; those in which they are complained about never."""
        return self.none() if reach.nowhere else self.filter(within(reach))


def within(reach: Reach, prefix: str = "", *, one: bool = False) -> Q:
    """The same as a condition: on cases, or with `prefix` ("case__") on rows that belong to one.

    one     only one case is asked for: what would be listed for many is looked up for it
    """
    pk = f"{prefix.removesuffix('__')}_id" if prefix else "pk"
    seen = Q(**{f"{pk}__in": []})
    for grant in reach.grants:
        seen |= _opens(grant, prefix, pk, one)
    if reach.user_id is not None:
        seen &= ~Q(**{f"{pk}__in": _involved(frozenset({reach.user_id}), ("complained",))})
    return seen


def listed(reach: Reach) -> models.QuerySet | None:
    """Ids of few cases among which all within this reach are, when it hangs on persons, tasks and named cases alone.

    They come from indexes; who asks among them does not walk through every case there ever was. None: no such reach.
    """
    from suyuan.cases.models import Case

    parts: list[models.QuerySet] = []
    for grant in reach.grants:
        match grant.relation:
            case Relation.RELATED:
                parts.append(_involved(grant.person_ids, ("registered", "owner", "task")))
                parts.append(_open_tasks(sorted(grant.roles)).values("case_id"))
            case Relation.INVESTIGATOR:
                parts.append(_involved(grant.person_ids, ("investigator",)))
            case Relation.GUEST:
                parts.append(Case.objects.filter(stream__in=sorted(grant.streams)).values("pk"))
            case Relation.NONE:
                pass
            case _:
                return None
    if not parts:
        return None
    found = parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0]
    return None if _has_many((reach.user_id, *reach.grants), found, MANY_LISTED) else found


def _opens(grant: Grant, prefix: str, pk: str, one: bool) -> Q:
    def has(**wanted) -> Q:
        return Q(**{prefix + name: value for name, value in wanted.items()})

    def among(cases) -> Q:
        return Q(**{f"{pk}__in": cases})

    inside = Q() if grant.branch_ids is None else _in_branches(f"{prefix}branch_id", grant.branch_ids)
    match grant.relation:
        case Relation.ALL:
            return inside if inside else ~among([])
        case Relation.RELATED:
            mine = among(_involved(grant.person_ids, ("registered", "owner", "task")))
            return inside & (mine | _has_task_for(sorted(grant.roles), pk, one))
        case Relation.INVESTIGATOR:
            return inside & among(_involved(grant.person_ids, ("investigator",)))
        case Relation.DEPARTMENT:
            return inside & has(department_id__in=sorted(grant.department_ids))
        case Relation.LEGAL:
            return inside & (has(level__gte=2) | has(legal=True) | has(asked_legal=True))
        case Relation.PUBLIC_RELATIONS:
            return inside & has(media=True)
        case Relation.FINANCE:
            return inside & has(money=True)
        case Relation.HEAD_OFFICE:
            return inside & has(jurisdiction=grant.jurisdiction) & (has(level=3) | has(escalated=True))
        case Relation.GUEST:
            return has(stream__in=sorted(grant.streams))
        case Relation.NONE:
            return among([])
    raise ValueError(f"unknown relation: {grant.relation}")


def _in_branches(column: str, branch_ids: frozenset[int]) -> Q:
    """A sum, so that no index serves it: with one, SQLite gathers every case of a branch and sorts them for a page of 25.

    Without, it walks the cases in the order they are shown in and stops when the page is full.
    """
    same = ExpressionWrapper(F(column) + Value(0), models.BigIntegerField())
    return Q(In(same, sorted(branch_ids)))


def _involved(user_ids: frozenset[int], kinds: tuple[str, ...]):
    from suyuan.cases.models import Involvement

    return Involvement.objects.filter(user_id__in=sorted(user_ids), kind__in=kinds, until__isnull=True).values("case_id")


def _has_task_for(roles: list[str], pk: str, one: bool) -> Q:
    """Cases with an open task for one of these roles.

    Few tasks are listed, so that a narrow reach costs what it holds; a page of a role with very many asks for each case
    it comes by. Both say the same: which one is chosen is a matter of speed and may be a minute old.
    """
    tasks = _open_tasks(roles)
    if one or _has_many(tuple(roles), tasks.values("pk"), MANY_TASKS):
        return Q(Exists(tasks.filter(case_id=OuterRef(pk))))
    return Q(**{f"{pk}__in": tasks.values("case_id")})


def _open_tasks(roles: list[str]) -> models.QuerySet:
    from suyuan.cases.models import Task

    return Task.objects.filter(role__in=roles, done_at__isnull=True, cancelled_at__isnull=True).order_by()


def _has_many(what: tuple[Hashable, ...], rows: models.QuerySet, limit: int) -> bool:
    key, now = (str(connection.settings_dict["NAME"]), what), time.monotonic()
    until, many = _crowded.get(key, (0.0, False))
    if now >= until:
        many = rows[: limit + 1].count() > limit
        _crowded[key] = (now + _COUNTED_FOR, many)
    return many
