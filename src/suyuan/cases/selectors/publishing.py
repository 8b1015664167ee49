"""What the clinic says before everybody, case by case and of the whole house, as far as the reader's own cases go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from suyuan.accounts.rules import ActorProfile, may, reach
from suyuan.cases.models import Case
from suyuan.cases.selectors.door import view_of
from suyuan.correspondence.models import Clearance, Message, Posting
from suyuan.correspondence.public_selectors import public_in, public_of
from suyuan.correspondence.rules import Channel, State

READ = "public_read"
MOST = 200


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
