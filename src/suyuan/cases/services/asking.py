"""What is asked of people outside is told to them once, and once more before its day, the way they chose.

The words lie on the follow-up page; the mail says only that something is there. Whoever did not choose mail, or left no
address, is told by nobody here: the page of evidence says so to those who asked.
"""
from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import translation
from django.utils.translation import gettext as _

from suyuan.cases.models import Case, Party
from suyuan.cases.selectors.outside import mail_addresses
from suyuan.cases.services.common import case_change, case_locked
from suyuan.correspondence import mail
from suyuan.correspondence.models import Message
from suyuan.correspondence.rules import NOTICE
from suyuan.correspondence.services import message_draft, message_queue
from suyuan.evidence.models import EvidenceRequest
from suyuan.evidence.services import requests as evidence
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.platform.units import writes
from suyuan.playbooks.selectors import evidence_procedure
from suyuan.ui import dates

# Said once more so long before its day, unless somebody has just said it.
BEFORE = timedelta(days=2)
# Mail that no person sends leaves while people are about, by the clinic's own clock.
FROM_HOUR, TO_HOUR = 9, 18


def party_told(*, case: Case, request: EvidenceRequest, actor: Actor, now: datetime) -> Message | None:
    """Tell whoever is asked that something waits for them; None when there is no way that they chose."""
    address = _address(case, request)
    if not address:
        return None
    message = message_draft(
        stream=case.stream,
        party=request.party,
        branch_id=case.branch_id,
        channel="email",
        kind=NOTICE,
        body=_words(case, request),
        to=address,
        language=case.language,
        actor=actor,
        now=now,
    )
    return message_queue(message=message, may_carry_content=False, actor=actor, now=now)


def _address(case: Case, request: EvidenceRequest) -> str:
    """Nothing is said about a complaint that has ended, and nothing put by for a mail server that may come next year."""
    if not request.party or not case.is_open or not mail.is_set_up():
        return ""
    uid = request.party.partition(":")[2]
    people = list(Party.objects.filter(case=case, uid=uid))
    address = mail_addresses(case, people).get(uid, "")
    return address if mail.address_is_fit(address) else ""


def _words(case: Case, request: EvidenceRequest) -> str:
    kind = evidence_procedure(case.procedure_id, case.jurisdiction).evidence_kind(request.kind)
    with translation.override(case.language):
        due = dates.deadline(request.due_at, None, case.branch.tz, dates.language_of(case.language))
        return _("想請您提供「%(kind)s」，希望在 %(due)s收到。要不要給由您決定；請看這一頁上面的「診所想請您提供」。") % {
            "kind": kind.name,
            "due": due,
        }


@writes
def party_reminded(*, request: EvidenceRequest, now: datetime) -> EvidenceRequest:
    """Before its day, by itself and once."""
    case = case_locked(Case.objects.get(stream=request.stream))
    request = evidence.request_open_still(request)
    if _address(case, request) and _is_time(case, request, now):
        request = evidence.request_remind(request=request, actor=SYSTEM, now=now)
        case_change(case, now=now)
        party_told(case=case, request=request, actor=SYSTEM, now=now)
    return request


def _is_time(case: Case, request: EvidenceRequest, now: datetime) -> bool:
    begins = request.due_at - BEFORE
    said = max(request.asked_at, request.reminded_at or request.asked_at)
    return said < begins <= now < request.due_at and FROM_HOUR <= now.astimezone(case.branch.tz).hour < TO_HOUR


def parties_to_remind(now: datetime) -> list[EvidenceRequest]:
    """Asked of people outside, and due before long."""
    open_still = EvidenceRequest.objects.filter(ended_at=None, due_at__gt=now, due_at__lte=now + BEFORE)
    return list(open_still.exclude(party="").order_by("id"))
