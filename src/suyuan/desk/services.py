"""The writes that span contexts below the desk: a letter, a file, and evidence."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from suyuan.cases.models import Case, Party
from suyuan.cases.services import handling
from suyuan.cases.services.checklist import evidence_give
from suyuan.cases.services.common import case_locked, require_may
from suyuan.correspondence.models import Message
from suyuan.correspondence.services import message_change, message_draft, message_queue
from suyuan.evidence.models import EvidenceRequest, Item
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import NotHere
from suyuan.platform.files import Received, file_store, upload_keep
from suyuan.platform.models import Upload
from suyuan.platform.units import writes

UNDO = timedelta(seconds=60)


@writes
def letter_send(
    *,
    case: Case,
    party: Party,
    channel: str,
    words: str,
    actor: Actor,
    now: datetime,
    to: str = "",
    subject_line: str = "",
    draft: Message | None = None,
) -> Message:
    """Queue words to one person; for a minute they may be taken back. A letter taken back before is changed, not doubled.

    Only the holder of this person's receipt reads them. Raises NotHere when the person does not belong to the case.
    """
    case = case_locked(case)
    require_may(case, "message_send", actor, now)
    if party.case_id != case.pk:
        raise NotHere()
    whom = f"party:{party.uid}"
    if draft is not None and draft.channel == channel:
        message = message_change(
            message=draft,
            edition=draft.edition,
            body=words,
            subject_line=subject_line,
            to=to,
            party=whom,
            actor=actor,
            now=now,
        )
    else:
        message = message_draft(
            stream=case.stream,
            party=whom,
            branch_id=case.branch_id,
            channel=channel,
            kind="letter",
            body=words,
            subject_line=subject_line,
            to=to,
            language=case.language,
            actor=actor,
            now=now,
        )
    return message_queue(message=message, undo=UNDO, may_carry_content=channel == "email", actor=actor, now=now)


@writes
def evidence_keep(
    *,
    case: Case,
    uploads: Sequence[Upload],
    received: Sequence[Received],
    kind: str,
    request: EvidenceRequest | None,
    note: str,
    actor: Actor,
    now: datetime,
) -> list[Item]:
    """The same for evidence of one kind, all of it together, in answer to a request or unasked."""
    who = {"branch_id": case.branch_id, "actor": actor, "now": now}
    stored = [*(upload_keep(upload=one, **who) for one in uploads), *(file_store(received=one, **who) for one in received)]
    return evidence_give(case=case, stored=stored, kind=kind, request=request, note=note, actor=actor, now=now)


@writes
def file_keep(*, case: Case, received: Received, note: str, actor: Actor, now: datetime) -> Item:
    """Give received bytes their row and their place in the case."""
    stored = file_store(received=received, branch_id=case.branch_id, actor=actor, now=now)
    return handling.file_add(case=case, stored=stored, source="desk", note=note, actor=actor, now=now)


@writes
def upload_take(*, case: Case, upload: Upload, note: str, actor: Actor, now: datetime) -> Item:
    """The same for a file that came in pieces and is whole. Raises UploadUsed."""
    stored = upload_keep(upload=upload, branch_id=case.branch_id, actor=actor, now=now)
    return handling.file_add(case=case, stored=stored, source="desk", note=note, actor=actor, now=now)
