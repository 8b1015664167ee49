"""`accounts.rules.reach` as SQL: the same answer as `accounts.rules.sees`, held together by a test."""
from __future__ import annotations

from django.db import models
from django.db.models import Q

from suyuan.accounts.rules import Grant, Reach, Relation


class CaseQuerySet(models.QuerySet):
    def within(self, reach: Reach) -> CaseQuerySet:
        """Cases this person sees; those in which they are complained about never."""
        if reach.nowhere:
            return self.none()
        seen = Q(pk__in=[])
        for grant in reach.grants:
            seen |= _opens(grant)
        cases = self.filter(seen)
        if reach.user_id is None:
            return cases
        return cases.exclude(pk__in=_involved(frozenset({reach.user_id}), ("complained",)))


def _opens(grant: Grant) -> Q:
    inside = Q() if grant.branch_ids is None else Q(branch_id__in=sorted(grant.branch_ids))
    match grant.relation:
        case Relation.ALL:
            return inside if inside else ~Q(pk__in=[])
        case Relation.RELATED:
            from suyuan.cases.models import Task

            mine = Q(pk__in=_involved(grant.person_ids, ("registered", "owner", "task")))
            role_tasks = Task.objects.filter(
                role__in=sorted(grant.roles), done_at__isnull=True, cancelled_at__isnull=True
            ).values("case_id")
            return inside & (mine | Q(pk__in=role_tasks))
        case Relation.INVESTIGATOR:
            return inside & Q(pk__in=_involved(grant.person_ids, ("investigator",)))
        case Relation.DEPARTMENT:
            return inside & Q(department_id__in=sorted(grant.department_ids))
        case Relation.LEGAL:
            return inside & (Q(level__gte=2) | Q(legal=True) | Q(asked_legal=True))
        case Relation.PUBLIC_RELATIONS:
            return inside & Q(media=True)
        case Relation.FINANCE:
            return inside & Q(money=True)
        case Relation.HEAD_OFFICE:
            return inside & Q(jurisdiction=grant.jurisdiction) & (Q(level=3) | Q(escalated=True))
        case Relation.GUEST:
            return Q(stream__in=sorted(grant.streams))
        case Relation.NONE:
            return Q(pk__in=[])
    raise ValueError(f"unknown relation: {grant.relation}")


def _involved(user_ids: frozenset[int], kinds: tuple[str, ...]):
    from suyuan.cases.models import Involvement

    return Involvement.objects.filter(user_id__in=sorted(user_ids), kind__in=kinds, until__isnull=True).values("case_id")

