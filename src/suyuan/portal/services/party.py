"""What the holder of a receipt does on their follow-up page. Each act is a service of `cases` or `correspondence`."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from suyuan.cases.models import Party, Receipt, Survey
from suyuan.cases.services.arriving import reopening_ask
from suyuan.cases.services.checklist import evidence_answer, evidence_give
from suyuan.cases.services.ending import case_withdraw, survey_answer
from suyuan.cases.services.handling.talking import demand_record
from suyuan.cases.services.handling.working import file_add
from suyuan.correspondence.services import message_receive
from suyuan.evidence.models import EvidenceRequest
from suyuan.kernel.actor import Actor
from suyuan.platform import files, idempotency
from suyuan.platform.idempotency import Token
from suyuan.platform.keys import receipt_mac, receipt_matches
from suyuan.platform.models import Upload
from suyuan.platform.units import writes
from suyuan.portal import rules
from suyuan.portal.http import token_hash, token_new
from suyuan.portal.models import PartySession


def party_of(receipt: Receipt) -> Actor:
    return Actor("party", str(receipt.party.uid if receipt.party is not None else receipt.uid))


@writes
def session_open(*, receipt: Receipt, now: datetime) -> str:
    """Returns the token for the cookie; only its digest is kept."""
    token = token_new()
    PartySession.objects.create(receipt=receipt, token_hash=token_hash(token), opened_at=now, seen_at=now)
    return token


@writes
def session_seen(*, session: PartySession, now: datetime) -> None:
    if now - session.seen_at >= rules.SEEN_MOVES_EVERY:
        PartySession.objects.filter(pk=session.pk).update(seen_at=now)


@writes
def session_end(*, session: PartySession, now: datetime) -> None:
    PartySession.objects.filter(pk=session.pk, ended_at__isnull=True).update(ended_at=now)


def sessions_expire(*, now: datetime) -> int:
    return PartySession.objects.filter(seen_at__lte=now - timedelta(days=1)).delete()[0]


@writes
def party_message(*, receipt: Receipt, words: str, language: str, token: Token, now: datetime) -> None:
    """A message from the person. When the case has ended, somebody is asked whether this reopens it."""
    case, actor = receipt.case, party_of(receipt)
    idempotency.claim(token=token, answer={}, now=now, stream=case.stream)
    message_receive(
        stream=case.stream,
        branch_id=case.branch_id,
        channel="portal",
        body=words,
        actor=actor,
        now=now,
        language=language,
    )
    reopening_ask(case, now)


@writes
def party_files(*, receipt: Receipt, uploads: Sequence[Upload], token: Token, now: datetime) -> int:
    case, actor = receipt.case, party_of(receipt)
    idempotency.claim(token=token, answer={}, now=now, stream=case.stream)
    for upload in uploads:
        stored = files.upload_keep(upload=upload, branch_id=case.branch_id, actor=actor, now=now)
        file_add(case=case, stored=stored, source="portal", actor=actor, now=now)
    if uploads:
        reopening_ask(case, now)
    return len(uploads)


@writes
def party_evidence(
    *, receipt: Receipt, request: EvidenceRequest, uploads: Sequence[Upload], token: Token, now: datetime
) -> None:
    """What the clinic asked this person for, and they agree to give."""
    case, actor = receipt.case, party_of(receipt)
    idempotency.claim(token=token, answer={}, now=now, stream=case.stream)
    stored = [files.upload_keep(upload=upload, branch_id=case.branch_id, actor=actor, now=now) for upload in uploads]
    evidence_give(case=case, stored=stored, request=request, agreed=True, actor=actor, now=now)
    reopening_ask(case, now)


@writes
def party_decline(*, receipt: Receipt, request: EvidenceRequest, words: str, token: Token, now: datetime) -> None:
    """They would rather not, and need not say why."""
    idempotency.claim(token=token, answer={}, now=now, stream=receipt.case.stream)
    evidence_answer(
        case=receipt.case, request=request, how="declined", words=words, actor=party_of(receipt), now=now
    )


@writes
def party_demand(*, receipt: Receipt, kinds: Sequence[str], words: str, about: str = "", token: Token, now: datetime) -> None:
    idempotency.claim(token=token, answer={}, now=now, stream=receipt.case.stream)
    for kind in kinds:
        demand_record(
            case=receipt.case, kind=kind, asked_at=now, asked_by=receipt.party, about=about, words=words,
            actor=party_of(receipt), now=now,
        )


@writes
def party_withdraw(*, receipt: Receipt, reason: str, now: datetime) -> None:
    case_withdraw(case=receipt.case, reason=reason, actor=party_of(receipt), now=now)


@writes
def party_survey(*, survey: Survey, answers: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    survey_answer(survey=survey, answers=answers, words="", actor=actor, now=now)


def survey_open(secret: str, now: datetime) -> Survey | None:
    """The survey that this secret opens. One that was sealed with a retired key is looked for among those still open."""
    mac, key_id = receipt_mac(secret)
    waiting = Survey.objects.filter(answered_at__isnull=True, expires_at__gt=now).select_related("case__branch")
    found = waiting.filter(mac=mac, key_id=key_id).first()
    if found is not None:
        return found
    for survey in waiting.exclude(key_id=key_id):
        if receipt_matches(secret, bytes(survey.mac), survey.key_id):
            return survey
    return None


def survey_actor(survey: Survey) -> Actor:
    """Whoever holds the link answers as the complainant it was sent to."""
    party = Party.objects.filter(case=survey.case).order_by("id").first()
    return Actor("party", str(party.uid if party is not None else survey.uid))
