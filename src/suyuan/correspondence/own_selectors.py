"""Reading a clinic's own rules and words: whoever works in a branch may know what holds there."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from suyuan.accounts.rules import ActorProfile, Role
from suyuan.correspondence.own_models import AllowEntry, ClinicRule, TryOut
from suyuan.kernel.refusal import NotHere

ORDER = {"live": 0, "tried": 1, "draft": 2, "ended": 3}


def _here(profile: ActorProfile) -> Q:
    if Role.ADMINISTRATOR in profile.roles:  # keeps the system, so of all branches
        return Q()
    return Q(branch=None) | Q(branch_id__in=profile.branch_ids)


def own_rules(profile: ActorProfile) -> list[ClinicRule]:
    """What holds first, then what is being written, then what ended."""
    rows = ClinicRule.objects.filter(_here(profile)).select_related("branch", "written_by", "live_by", "ended_by")
    return sorted(rows.order_by("-id"), key=lambda row: ORDER[row.state])


def own_rule_for(profile: ActorProfile, uid: UUID | str) -> ClinicRule:
    """The one version. Raises NotHere."""
    rows = ClinicRule.objects.select_related("branch", "written_by", "live_by", "ended_by")
    found = rows.filter(_here(profile), uid=uid).first()
    if found is None:
        raise NotHere()
    return found


def versions_of(rule: ClinicRule) -> QuerySet[ClinicRule]:
    rows = ClinicRule.objects.filter(code=rule.code).select_related("written_by", "live_by", "ended_by")
    return rows.order_by("-version")


def newest_try(rule: ClinicRule) -> TryOut | None:
    """The last try-out of this very version; what was tried before it was changed says nothing of it."""
    return rule.tryouts.filter(digest=rule.digest).select_related("asked_by").order_by("-id").first()


def own_words_listed(profile: ActorProfile) -> QuerySet[AllowEntry]:
    rows = AllowEntry.objects.filter(_here(profile), ended_at=None).select_related("branch", "added_by")
    return rows.order_by("kind", "words", "id")


def own_word_for(profile: ActorProfile, uid: UUID | str) -> AllowEntry:
    """Raises NotHere."""
    found = AllowEntry.objects.select_related("branch").filter(_here(profile), uid=uid).first()
    if found is None:
        raise NotHere()
    return found
