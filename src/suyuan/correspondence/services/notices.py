"""Notices to staff: something waits, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from suyuan.correspondence import letters, mail, rules
from suyuan.correspondence.errors import MailBusy, MailNotAccepted
from suyuan.correspondence.models import NOTICE_TO, StaffNotice
from suyuan.correspondence.rules import Outcome
from suyuan.correspondence.unsent import Unsent
from suyuan.kernel.actor import Actor
from suyuan.platform import chance
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.jobs import enqueue
from suyuan.platform.keys import seal
from suyuan.platform.units import writes


@dataclass(frozen=True)
class Recipient:
    """A member who is to be told that something waits."""

    user_id: int
    mail: str
    language: str = "zh-hant"


@writes
def staff_notify(*, to: Iterable[Recipient], code: str, stream: str, actor: Actor, now: datetime) -> list[StaffNotice]:
    """Tell members by mail that something waits for them, and nothing else. Those without a mail address are left out."""
    notices = []
    for recipient in to:
        if not mail.address_is_fit(recipient.mail):
            continue
        notice = StaffNotice(
            uid=chance.uid(),
            user_id=recipient.user_id,
            language=recipient.language,
            code=code,
            stream=stream,
            created_at=now,
        )
        notice.to_sealed = seal(NOTICE_TO, notice.uid, recipient.mail)
        notices.append(notice)
    if not notices:
        return []
    StaffNotice.objects.bulk_create(notices)

    told = {"code": code, "users": [n.user_id for n in notices], "notices": [str(n.uid) for n in notices]}
    facts_record([Fact("staff.notified", stream, plain=told, subject=notices)], actor=actor, now=now)
    for notice in notices:
        enqueue("correspondence.notify", {"notice": str(notice.uid)}, run_at=now, unique_key=f"notice:{notice.uid}")
    return notices


def staff_notice_send(*, notice: StaffNotice, now: datetime) -> None:
    """Called by the job, outside any transaction: one mail for everything that waits for this member."""
    if notice.state != "queued" or not mail.is_set_up():
        return
    together = _notices_take(user_id=notice.user_id, now=now)
    if not together:
        return
    first = together[0]
    subject, body = letters.notice_mail(len(together), first.language)
    letter = mail.compose(
        to=first.to,
        subject=subject,
        body=body,
        message_id=first.message_id,
        at=first.created_at,
        language=first.language,
        automatic=True,
    )
    try:
        mail.hand_over(letter)
    except Unsent as unsent:
        outcome, code = rules.judge(unsent.answer)
        if outcome is Outcome.FAILED or rules.is_given_up(first.created_at, now):
            _notices_over(notices=together, set_to={"state": "failed", "failure": code, "claimed_at": None})
            return
        _notices_over(notices=together, set_to={"failure": code, "claimed_at": None})
        raise MailNotAccepted(code) from unsent
    _notices_over(notices=together, set_to={"state": "sent", "sent_at": now, "claimed_at": None, "failure": ""})


@writes
def _notices_take(*, user_id: int, now: datetime) -> list[StaffNotice]:
    """Claim what waits for one member. Notices once claimed together stay together, under one Message-ID."""
    waiting = list(StaffNotice.objects.select_for_update().filter(user_id=user_id, state="queued").order_by("id"))
    if not waiting:
        return []
    if any(not rules.claim_is_free(n.claimed_at, now) for n in waiting):
        raise MailBusy()
    tried = waiting[0].message_id
    together = [n for n in waiting if n.message_id == tried]
    for notice in together:
        notice.claimed_at = now
        notice.message_id = tried or mail.id_for(waiting[0].uid)
    StaffNotice.objects.bulk_update(together, ["claimed_at", "message_id"])
    return together


@writes
def _notices_over(*, notices: list[StaffNotice], set_to: Mapping[str, object]) -> None:
    StaffNotice.objects.filter(pk__in=[n.pk for n in notices], state="queued").update(**set_to)
