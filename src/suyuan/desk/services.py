"""The writes that span contexts below the desk: a letter, a file, copies with what was written, an answer on erasure."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from suyuan.cases.models import Case, Demand, ErasureDecision, Party
from suyuan.cases.selectors.rights import erasure_parts, subject_of
from suyuan.cases.services import handling, publishing, rights
from suyuan.cases.services.checklist import evidence_give
from suyuan.cases.services.common import case_locked, require_may
from suyuan.correspondence.models import Clearance, Message, Posting
from suyuan.correspondence.phrases import channel_word
from suyuan.correspondence.rules import SURE, Channel
from suyuan.correspondence.services import message_change, message_draft, message_mark_sent, message_queue, message_wait
from suyuan.desk.fields import local_midnight
from suyuan.desk.letters_of_rights import erasure_letter
from suyuan.evidence.models import CopySet, EvidenceRequest, Item
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import NotHere
from suyuan.platform.files import STAFF_TYPES, Received, file_receive, file_store, upload_keep
from suyuan.platform.models import Upload
from suyuan.platform.units import writes

UNDO = timedelta(seconds=60)
PAPER_BYTES = 20_000_000
EMERGENCY = "emergency"


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
    with_words: bool = False,
    not_before: datetime | None = None,
    draft: Message | None = None,
    templates: Sequence[str] = (),
    emergency: bool = False,
) -> Message:
    """Queue words to one person; for a minute they may be taken back. A letter taken back before is changed, not doubled.

    `with_words`: they chose this way, so the words leave by it; otherwise it only says that some are waiting.
    Only the holder of this person's receipt reads them. An emergency waits for nobody: it leaves at once, and what the
    guard found in it is kept. Raises NotHere when the person does not belong to the case, GuardHeld.
    """
    kind = EMERGENCY if emergency else "letter"
    message = _letter(case, party, channel, words, kind, to, subject_line, draft, templates, actor, now)
    undo = timedelta(0) if emergency else UNDO
    later = None if emergency else not_before
    return message_queue(
        message=message, undo=undo, not_before=later, may_carry_content=with_words, actor=actor, now=now
    )


@writes
def letter_put_by(
    *,
    case: Case,
    party: Party,
    channel: str,
    words: str,
    why: str,
    actor: Actor,
    now: datetime,
    to: str = "",
    subject_line: str = "",
    with_words: bool = False,
    draft: Message | None = None,
    templates: Sequence[str] = (),
) -> Clearance:
    """The same letter, kept until colleagues agreed to its words; then it leaves by itself. Raises NothingToClear."""
    message = _letter(case, party, channel, words, "letter", to, subject_line, draft, templates, actor, now)
    return message_wait(message=message, why=why, may_carry_content=with_words, actor=actor, now=now)


def _letter(
    case: Case,
    party: Party,
    channel: str,
    words: str,
    kind: str,
    to: str,
    subject_line: str,
    draft: Message | None,
    templates: Sequence[str],
    actor: Actor,
    now: datetime,
) -> Message:
    case = case_locked(case)
    require_may(case, "message_send", actor, now)
    if party.case_id != case.pk:
        raise NotHere()
    whom = f"party:{party.uid}"
    if draft is not None and draft.channel == channel and draft.kind == kind:
        return message_change(
            message=draft,
            edition=draft.edition,
            body=words,
            subject_line=subject_line,
            to=to,
            party=whom,
            templates=templates,
            actor=actor,
            now=now,
        )
    return message_draft(
        stream=case.stream,
        party=whom,
        branch_id=case.branch_id,
        channel=channel,
        kind=kind,
        body=words,
        subject_line=subject_line,
        to=to,
        language=case.language,
        templates=templates,
        actor=actor,
        now=now,
    )


@writes
def letter_posted(
    *, case: Case, message: Message, posted: str, number: str, sent_on: date, actor: Actor, now: datetime
) -> Message:
    """A person says that the printed letter went out: on which day, how, and the number on the slip."""
    case = case_locked(case)
    require_may(case, "message_send", actor, now)
    # A letter that was written in the afternoon did not go out in the morning.
    happened = max(local_midnight(sent_on, case.branch.tz), message.created_at)
    return message_mark_sent(
        message=message, happened_at=happened, posted=posted, post_number=number, actor=actor, now=now
    )


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
def copies_make(*, case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> CopySet:
    """Make a set of copies; the correspondence becomes a text paper first, its bytes before the transaction."""
    letters = None
    if data["letters"]:
        require_may(case, "demand_answer", actor, now)
        paper = correspondence_paper(case, data.get("demand"), now)
        if paper:
            name = _("往來訊息 %(reference)s.txt") % {"reference": case.reference}
            letters = file_receive(source=[paper.encode()], name=name, max_bytes=PAPER_BYTES, accept=STAFF_TYPES)
    fee = data.get("fee_major")
    return rights.case_copies_prepare(
        case=case,
        items=list(data["items"]),
        demand=data.get("demand"),
        consents=data["consents"],
        missing=data["missing"],
        pages=data.get("pages"),
        discs=data.get("discs") or 0,
        fee_minor=None if fee is None else int(fee * 100),
        fee_reason=data.get("fee_reason", ""),
        letters=letters,
        letters_title=_("與您的往來訊息"),
        actor=actor,
        now=now,
    )


def correspondence_paper(case: Case, demand: Demand | None, now: datetime) -> str:
    """Everything written between this person and us, oldest first, as text anybody can open. What is kept apart stays apart."""
    asked_by = demand.asked_by if demand is not None else None
    if asked_by is None:  # where only one person is in it, theirs; otherwise nobody's letters but those to everyone
        parties = list(case.parties.all()[:2])
        asked_by = parties[0] if len(parties) == 1 else None
    whose = f"party:{asked_by.uid}" if asked_by is not None else ""
    rows = Message.objects.filter(subject_stream=case.stream, compartment="", text__isnull=False).select_related("text")
    rows = rows.filter(party__in=["", whose]).exclude(channel=Channel.PUBLIC)
    told = rows.exclude(state__in=["draft", "waiting", "withdrawn", "queued"]).order_by("id")
    lines = []
    for row in told:
        if row.direction == "in" and (row.author != whose or row.known_by not in SURE):
            continue
        when = (row.sent_at or row.created_at).astimezone(case.branch.tz)
        who = _("您") if row.direction == "in" else case.branch.name(case.language)
        lines.append(f"{when:%Y/%m/%d %H:%M}　{who}　{channel_word(row.channel)}\n\n{row.text.body}\n")
    if not lines:
        return ""
    head = _("案 %(reference)s 的往來訊息，%(at)s 列出，共 %(n)s 則。時間是診所當地時間。") % {
        "reference": case.reference,
        "at": f"{now.astimezone(case.branch.tz):%Y/%m/%d %H:%M}",
        "n": len(lines),
    }
    return head + "\n\n" + ("－" * 20 + "\n").join(lines)


@writes
def erasure_decide(
    *,
    case: Case,
    demand: Demand,
    choices: dict[str, rights.Choice],
    words: str,
    templates: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> list[ErasureDecision]:
    """Decide group by group, and answer the person in their own language."""
    today = now.astimezone(case.branch.tz).date()
    own = subject_of(case, demand).party is not None
    letter = erasure_letter(case, erasure_parts(case, demand, today), choices, words, own)
    said = {"letter": letter, "language": case.language, "templates": templates}
    return rights.erasure_answer(case=case, demand=demand, choices=choices, **said, actor=actor, now=now)


@writes
def public_frozen(*, kept: Callable[[], Message], case: Case, actor: Actor, now: datetime) -> Message:
    """Words for everybody kept and frozen at once: where the guard holds them, nothing of both. Raises GuardHeld."""
    return publishing.public_freeze(case=case, message=kept(), actor=actor, now=now)


@writes
def posting_captured(
    *, case: Case, posting: Posting, received: Received | None, item: Item | None, actor: Actor, now: datetime
) -> Posting:
    """What it looked like there: a file that came with the form is kept first, in the same write."""
    require_may(case, publishing.POST, actor, now)
    stored = file_store(received=received, branch_id=case.branch_id, actor=actor, now=now) if received is not None else None
    return publishing.public_capture(case=case, posting=posting, stored=stored, item=item, actor=actor, now=now)


@writes
def public_asked(*, kept: Callable[[], Message], why: str, case: Case, actor: Actor, now: datetime) -> Message:
    """The same, put by until colleagues agreed to them."""
    message = kept()
    publishing.public_ask(case=case, message=message, why=why, actor=actor, now=now)
    return message
