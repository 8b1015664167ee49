"""What services outside tell us: words that came over LINE, and what became of an SMS. Believed only where it is signed."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from suyuan.accounts.selectors import triage_branch
from suyuan.correspondence.arriving import CODE, Arrival, heard_from_line
from suyuan.correspondence.letters import report_token
from suyuan.correspondence.models import Message
from suyuan.correspondence.rules import State
from suyuan.correspondence.rules.roads import SMS_ARRIVED, sms_failure
from suyuan.correspondence.selectors import message_quoted
from suyuan.correspondence.services import incoming_take, message_came_back, message_mark_delivered
from suyuan.kernel.actor import Actor
from suyuan.people.rules import LINE_ACCOUNT
from suyuan.people.selectors import contacts_answering
from suyuan.people.services import line_gone
from suyuan.platform.units import writes
from suyuan.portal.services.linking import link_code_use

LINE, SMS = Actor("integration", "line"), Actor("integration", "sms")
TAKEN, EARLY, UNKNOWN = "taken", "early", "unknown"


@writes
def line_called(*, body: bytes, now: datetime) -> None:
    """Keep what a call whose signature holds brings; jobs look where it belongs. Brought twice, it is kept once."""
    heard = heard_from_line(body)
    for account in heard.gone:
        line_gone(account=account, actor=LINE, now=now)
    arrivals = [_read(a, quoted, now) for a, quoted in zip(heard.arrivals, heard.quoted, strict=True)]
    incoming_take(arrivals=arrivals, actor=LINE, now=now)


def _read(arrival: Arrival, quoted: str, now: datetime) -> Arrival:
    """A code says whose account this is, and nothing to a case; words know the branch and the message they answer."""
    if arrival.kind == "text" and link_code_use(words=arrival.words, account=arrival.sender, now=now):
        arrival = replace(arrival, kind=CODE, words="")
    contact = contacts_answering(LINE_ACCOUNT, arrival.sender).select_related("person__branch").first()
    branch = contact.person.branch if contact is not None else triage_branch()
    message = message_quoted("line", quoted)
    known_by = "reference" if message is not None else ""
    return replace(arrival, branch_id=branch.pk, language=branch.language, in_reply_to=message, known_by=known_by)


@writes
def sms_reported(*, uid: UUID, token: str, status: str, now: datetime) -> str:
    """What became of an SMS. Whoever does not know the address of this one message learns nothing and changes nothing."""
    if not hmac.compare_digest(report_token(uid).encode(), token.encode("utf-8", "replace")):
        return UNKNOWN
    message = Message.objects.select_related("text").filter(uid=uid, channel="sms").first()
    if message is None:
        return UNKNOWN
    if message.state == State.QUEUED:  # told before we have written down that it left: they tell again
        return EARLY
    if message.state == State.SENT and status == SMS_ARRIVED:
        message_mark_delivered(message=message, actor=SMS, now=now)
    elif message.state == State.SENT and (failure := sms_failure(status)):
        message_came_back(message=message, code=failure, said="", actor=SMS, now=now)
    return TAKEN
