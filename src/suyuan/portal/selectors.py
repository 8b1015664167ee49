"""What the portal reads: drafts by their cookie, sessions by theirs, and who answers for a branch."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from suyuan.accounts.models import Branch, User
from suyuan.accounts.rules import Role
from suyuan.accounts.selectors import members_with
from suyuan.cases.models import Case, Involvement
from suyuan.platform.keys import unseal_bytes
from suyuan.portal import rules
from suyuan.portal.http import token_hash
from suyuan.portal.models import DRAFT, Draft, PartySession


@dataclass(frozen=True)
class Kept:
    """An opened draft: the fields as they were typed, and what a danger report before it left behind."""

    row: Draft
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    key: str = ""
    secret: str = field(default="", repr=False)
    actor: str = ""

    @property
    def case(self) -> Case | None:
        return self.row.case

    @property
    def has_words(self) -> bool:
        return any(value.strip() for values in self.fields.values() for value in values)


def draft_kept(token: str, now: datetime) -> Kept | None:
    """The draft of this cookie, while it lives and was not sent."""
    if not token:
        return None
    row = (
        Draft.objects.filter(token_hash=token_hash(token), expires_at__gt=now, sealed__isnull=False)
        .select_related("case")
        .first()
    )
    if row is None:
        return None
    held: dict[str, Any] = json.loads(unseal_bytes(DRAFT, row.uid, bytes(row.sealed)))
    return Kept(row, held["fields"], held["key"], held["secret"], held["actor"])


def draft_known(token: str) -> bool:
    """Something was kept for this cookie before, whatever became of it."""
    return bool(token) and Draft.objects.filter(token_hash=token_hash(token)).exists()


def session_of(token: str, now: datetime) -> PartySession | None:
    """The open follow-up page of this cookie. A revoked receipt closes it at the next request."""
    if not token:
        return None
    return (
        PartySession.objects.filter(
            token_hash=token_hash(token),
            ended_at__isnull=True,
            seen_at__gt=now - rules.PARTY_IDLE,
            opened_at__gt=now - rules.PARTY_LONGEST,
            receipt__revoked_at__isnull=True,
            receipt__kind="follow_up",
        )
        .select_related("receipt__case__branch", "receipt__case__speaker", "receipt__case__owner", "receipt__party")
        .first()
    )


def answers_for(branch: Branch, now: datetime, case: Case | None = None) -> User | None:
    """Whom people can ask for by name: the case's own speaker or handler, else the branch's case manager."""
    if case is not None and (case.speaker or case.owner):
        return case.speaker or case.owner
    involved = Involvement.objects.filter(case=case, kind="complained", until__isnull=True) if case else ()
    never = {row.user_id for row in involved}
    for role in (Role.CASE_MANAGER, Role.HEAD_OF_CLINIC):
        for user in members_with(role, branch, now):
            if user.pk not in never:
                return user
    return None
