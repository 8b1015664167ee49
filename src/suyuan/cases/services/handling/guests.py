"""Doctors and lawyers from outside, invited to one case until a day."""
from __future__ import annotations

from datetime import date, datetime

from suyuan.accounts.models import GuestGrant
from suyuan.accounts.services import GuestAdmitted, guest_admit, guest_end
from suyuan.cases import errors
from suyuan.cases.models import Case
from suyuan.cases.services.handling.parts import begin, case_change, is_complained_about
from suyuan.kernel.actor import Actor
from suyuan.platform.units import writes


@writes
def guest_invite(
    *, case: Case, name: str, email: str, kind: str, last_day: date, reason: str, actor: Actor, now: datetime
) -> GuestAdmitted:
    """Open this one case to a doctor or lawyer from outside, who may be the second person where one is needed."""
    case = begin(case, "guest_invite", actor, now)
    admitted = guest_admit(
        name=name,
        email=email,
        kind=kind,
        stream=case.stream,
        branch=case.branch,
        last_day=last_day,
        reason=reason,
        actor=actor,
        now=now,
    )
    if is_complained_about(case, admitted.grant.user_id):
        raise errors.PersonComplainedAbout()
    case_change(case, now=now)
    return admitted


@writes
def guest_release(*, case: Case, grant: GuestGrant, actor: Actor, now: datetime) -> GuestGrant:
    """The guest no longer sees it. What they did stays."""
    case = begin(case, "guest_invite", actor, now)
    if grant.stream != case.stream:
        raise errors.OtherCase()
    grant = guest_end(grant=grant, actor=actor, now=now)
    case_change(case, now=now)
    return grant
