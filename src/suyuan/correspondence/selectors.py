"""Reading messages. Whoever asks has passed the door of the subject already and names the compartments they may read."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from suyuan.accounts.models import Branch
from suyuan.correspondence.models import Incoming, IncomingFile, Message, StaffNotice
from suyuan.correspondence.rules import SENT_BY_US, Channel, Direction, State
from suyuan.correspondence.rules.roads import BY_SERVICE
from suyuan.kernel.refusal import NotHere
from suyuan.platform.facts import facts_told
from suyuan.platform.models import FactRow
from suyuan.playbooks.selectors import inbox_periods

# A job that still tries is left alone for so long; it comes back every hour at the latest.
LEFT_BEHIND_AFTER = timedelta(minutes=75)
AT_ONCE = 500


def messages_of(stream: str, compartments: Iterable[str] = ("",)) -> QuerySet[Message]:
    """Messages about one subject, oldest first, as far as these compartments reach. "" is the open one."""
    wanted = Message.objects.filter(subject_stream=stream, compartment__in=list(compartments))
    return wanted.select_related("text").order_by("id")


def messages_shown_outside(stream: str) -> QuerySet[Message]:
    """What the follow-up page may show: what the person wrote to us there, and what was sent to them. Nothing protected."""
    shown = messages_of(stream).filter(channel__in=[*SENT_BY_US, "letter"])
    return shown.filter(state__in=[State.SENT, State.DELIVERED, State.RECEIVED])


def message_in(stream: str, uid: UUID | str, compartments: Iterable[str] = ("",)) -> Message:
    """The one message of this subject. Raises NotHere."""
    found = messages_of(stream, compartments).filter(uid=uid).first()
    if found is None:
        raise NotHere()
    return found


def posted_of(rows: Iterable[Message]) -> dict[UUID, tuple[str, str]]:
    """Letters on paper that went out → how (`rules.Posted`), and the number on the slip, as whoever posted them said."""
    letters = {str(row.uid): row for row in rows if row.channel == Channel.LETTER and row.sent_at is not None}
    if not letters:
        return {}
    streams = {row.fact_stream for row in letters.values()}
    facts = FactRow.objects.filter(stream__in=streams, type="message.sent").order_by("position")
    told = facts_told([fact for fact in facts if fact.value("message") in letters])
    return {
        letters[each.plain("message")].uid: (each.plain("posted", ""), each.private.get("post_number", "")) for each in told
    }


def queued(now: datetime | None = None) -> QuerySet[Message]:
    """What waits to leave; with `now`, what is due."""
    waiting = Message.objects.filter(state=State.QUEUED)
    if now is not None:
        waiting = waiting.filter(send_after__lte=now)
    return waiting.select_related("text").order_by("send_after", "id")


def left_behind(now: datetime) -> tuple[list[UUID], list[UUID]]:
    """Messages and notices that should have left long ago."""
    before = now - LEFT_BEHIND_AFTER
    by_us = Q(channel__in=list(SENT_BY_US)) | Q(channel__in=list(BY_SERVICE), to_sealed__isnull=False)
    messages = queued(before).filter(by_us).values_list("uid", flat=True)
    notices = StaffNotice.objects.filter(state="queued", created_at__lte=before).order_by("id")
    return list(messages[:AT_ONCE]), list(notices.values_list("uid", flat=True)[:AT_ONCE])


def files_left_behind(now: datetime) -> list[UUID]:
    """Files that should have been fetched long ago."""
    old = IncomingFile.objects.filter(state="waiting", incoming__arrived_at__lte=now - LEFT_BEHIND_AFTER)
    return list(old.order_by("id").values_list("uid", flat=True)[:AT_ONCE])


def incoming_over(now: datetime) -> Iterator[Incoming]:
    """What came, is in no case, and has been kept as long as the packs say."""
    kept = Incoming.objects.filter(content_sealed__isnull=False)
    for jurisdiction in sorted(set(Branch.objects.values_list("jurisdiction", flat=True))):
        periods = inbox_periods(jurisdiction)
        here = kept.filter(branch_id__in=Branch.objects.filter(jurisdiction=jurisdiction).values("pk"))
        aside = Q(state="aside", settled_at__lte=now - timedelta(days=periods.aside_days))
        waits = Q(state="waiting", arrived_at__lte=now - timedelta(days=periods.waiting_days))
        yield from here.filter(aside | waits).order_by("id")


def incoming_kept_until(row: Incoming) -> datetime:
    """When what waits is forgotten, if nobody gives it a place."""
    jurisdiction = Branch.objects.values_list("jurisdiction", flat=True).get(pk=row.branch_id)
    return row.arrived_at + timedelta(days=inbox_periods(jurisdiction).waiting_days)


def incoming_waiting(branch_ids: Iterable[int] | None) -> QuerySet[Incoming]:
    """What came and has no place yet, oldest first; None: in every branch."""
    rows = Incoming.objects.filter(state="waiting").select_related("in_reply_to").order_by("id")
    return rows if branch_ids is None else rows.filter(branch_id__in=list(branch_ids))


def message_quoted(channel: str, number: str) -> Message | None:
    """The message of ours that an answer names by the number it has there."""
    return Message.objects.filter(message_id=f"{channel}:{number}", direction=Direction.OUT).first() if number else None
