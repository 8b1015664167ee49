"""What the clinic says before everybody, case by case and of the whole house, as far as the reader's own cases go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from suyuan.accounts.models import Branch
from suyuan.accounts.rules import ActorProfile, Role, may, reach
from suyuan.accounts.selectors import profiles_in
from suyuan.cases.models import Case
from suyuan.cases.selectors.door import view_of
from suyuan.correspondence.models import Clearance, Message, Posting
from suyuan.correspondence.public_selectors import public_in, public_of
from suyuan.correspondence.rules import Channel, State

READ, POST = "public_read", "public_post"
MOST, SAID = 200, 50


@dataclass(frozen=True)
class Spoken:
    """One text with its case and where it stands. `waits`: the question about it that is open."""

    message: Message
    case: Case
    postings: tuple[Posting, ...]
    waits: Clearance | None

    @property
    def live(self) -> tuple[Posting, ...]:
        return tuple(each for each in self.postings if each.state == "live")


def spoken_of(case: Case) -> list[Spoken]:
    """Everything of one case, newest first. Whoever asks has passed the door."""
    return _with(list(public_of(case.stream)), {case.stream: case})


def spoken_everywhere(profile: ActorProfile) -> tuple[list[Spoken], bool]:
    """Of all cases whose public words this person may read, newest first; and whether there are more."""
    seen = Case.objects.within(reach(profile))
    rows = Message.objects.filter(channel=Channel.PUBLIC, subject_stream__in=seen.values("stream"))
    rows = rows.exclude(state=State.WITHDRAWN).select_related("text").order_by("-id")[: MOST + 1]
    found = list(rows)
    cases = {case.stream: case for case in seen.filter(stream__in={row.subject_stream for row in found}).select_related("branch")}
    readable = {stream: case for stream, case in cases.items() if may(profile, READ, view_of(case))}
    return _with([row for row in found[:MOST] if row.subject_stream in readable], readable), len(found) > MOST


def unposted_for(profile: ActorProfile, now: datetime) -> list[tuple[Message, Case]]:
    """Final, posted nowhere yet, and this person's to post, the oldest first."""
    rows = Message.objects.filter(channel=Channel.PUBLIC, state=State.QUEUED).order_by("send_after")[:SAID]
    rows = list(rows.select_related("text"))
    if not rows:
        return []
    seen = Case.objects.within(reach(profile)).filter(stream__in={row.subject_stream for row in rows})
    cases = {case.stream: case for case in seen.select_related("branch") if may(profile, POST, view_of(case))}
    here = {case.branch_id: case.branch for case in cases.values()}
    speaking = {branch_id: _speaking(branch, now) for branch_id, branch in here.items()}
    mine = {stream for stream, case in cases.items() if _posts(profile, case, speaking[case.branch_id])}
    return [(row, cases[row.subject_stream]) for row in rows if row.subject_stream in mine]


def _speaking(branch: Branch, now: datetime) -> list[ActorProfile]:
    return [each for each in profiles_in(branch, now) if Role.PUBLIC_RELATIONS in each.roles_in(branch.pk)]


def _posts(profile: ActorProfile, case: Case, speaking: list[ActorProfile]) -> bool:
    """The owner, and public relations; where nobody of those may post of this case, whoever else may."""
    if case.owner_id == profile.user_id:
        return True
    able = {each.user_id for each in speaking if may(each, POST, view_of(case))}
    return not able or profile.user_id in able


def spoken_in(case: Case, uid: UUID | str) -> Spoken:
    """The one. Raises NotHere."""
    return _with([public_in(case.stream, uid)], {case.stream: case})[0]


def _with(rows: list[Message], cases: dict[str, Case]) -> list[Spoken]:
    postings = _by_message(
        Posting.objects.filter(message__in=rows)
        .select_related("account", "recorded_by", "ended_by", "capture__stored", "successor__message", "instead_of__message")
        .order_by("id")
    )
    waits = _by_message(Clearance.objects.filter(message__in=rows, state="open").select_related("asked_by"))
    return [
        Spoken(row, cases[row.subject_stream], tuple(postings.get(row.pk, ())), next(iter(waits.get(row.pk, ())), None))
        for row in rows
    ]


def _by_message(rows: Iterable) -> dict[int, list]:
    found: dict[int, list] = {}
    for row in rows:
        found.setdefault(row.message_id, []).append(row)
    return found
