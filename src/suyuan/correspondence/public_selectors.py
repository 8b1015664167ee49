"""Reading what stands before everybody, and the names in which the clinic speaks there."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from suyuan.accounts.rules import ActorProfile, Role
from suyuan.correspondence.models import Message, OwnName, Posting
from suyuan.correspondence.rules import Channel, Direction, State
from suyuan.kernel.refusal import NotHere
from suyuan.playbooks.selectors import platforms_everywhere
from suyuan.playbooks.texts import pick


def public_of(stream: str) -> QuerySet[Message]:
    """What was written for everybody about one subject, newest first; what was given up is left out."""
    rows = Message.objects.filter(subject_stream=stream, channel=Channel.PUBLIC, direction=Direction.OUT)
    return rows.exclude(state=State.WITHDRAWN).select_related("text").order_by("-id")


def public_in(stream: str, uid: UUID | str) -> Message:
    """The one of this subject. Raises NotHere."""
    found = public_of(stream).filter(uid=uid).first()
    if found is None:
        raise NotHere()
    return found


def posting_in(stream: str, uid: UUID | str) -> Posting:
    """One posting of words of this subject. Raises NotHere."""
    rows = Posting.objects.filter(message__subject_stream=stream, uid=uid)
    found = rows.select_related("message__text", "account").first()
    if found is None:
        raise NotHere()
    return found


# --- in whose name -------------------------------------------------------------------------------------------------


def own_names(branch_id: int) -> QuerySet[OwnName]:
    """Official accounts by which a branch speaks today."""
    return OwnName.objects.filter(Q(branch=None) | Q(branch_id=branch_id), ended_at=None).order_by("platform", "name", "id")


def own_names_listed(profile: ActorProfile) -> QuerySet[OwnName]:
    """Whoever works in a branch may know by what names it speaks: what is none of these is not us."""
    rows = OwnName.objects.filter(_here(profile)).select_related("branch", "added_by", "ended_by")
    return rows.order_by("ended_at", "platform", "name", "id")


def own_name_for(profile: ActorProfile, uid: UUID | str) -> OwnName:
    """Raises NotHere."""
    found = OwnName.objects.select_related("branch").filter(_here(profile), uid=uid).first()
    if found is None:
        raise NotHere()
    return found


def _here(profile: ActorProfile) -> Q:
    if Role.ADMINISTRATOR in profile.roles:  # keeps the system, so of all branches
        return Q()
    return Q(branch=None) | Q(branch_id__in=profile.branch_ids)


def platform_name(own: OwnName, language: str) -> str:
    """As the packs call it; one that they do not name, as the clinic does."""
    row = platforms_everywhere().get(own.platform)
    return own.elsewhere or (pick(row.name, language) if row is not None else own.platform)
