"""Words that wait for other people: asked, agreed to or refused, and let go at once where a message waited for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from suyuan.accounts.models import User
from suyuan.correspondence import rules
from suyuan.correspondence.errors import (
    ClearanceOver,
    FindingGone,
    GuardHeld,
    MessageUnfit,
    NothingToClear,
    NotYourVote,
    ReasonMissing,
    ReasonNames,
)
from suyuan.correspondence.gate import Words, asked_of, filled_in, given_of, known_of
from suyuan.correspondence.models import (
    CLEARANCE_FORM,
    DISPUTE_WORDS,
    Clearance,
    ClearanceVote,
    FindingDispute,
    Message,
)
from suyuan.correspondence.opinion import hidden
from suyuan.correspondence.own_errors import OpinionRefused
from suyuan.correspondence.rules import LIFE
from suyuan.correspondence.rules.guard import Need, Person, State, Surface, Vote, may_vote, outcome
from suyuan.correspondence.services.common import claim, fit
from suyuan.correspondence.services.outgoing import message_parts, message_queue
from suyuan.kernel.actor import Actor
from suyuan.kernel.chain import canonical
from suyuan.kernel.textlint.rewriting import sentence_around
from suyuan.platform import chance
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.keys import seal, unseal
from suyuan.platform.texts import text_write
from suyuan.platform.units import writes

WHY = 2_000


@writes
def clearance_ask(
    *,
    words: Words,
    why: str,
    actor: Actor,
    now: datetime,
    fact_stream: str = "",
    party: str = "",
    compartment: str = "",
    language: str = "zh-hant",
    writer: User | None = None,
    message: Message | None = None,
    act: str = "",
    form: Mapping[str, list[str]] | None = None,
) -> Clearance:
    """Ask for leave to let just these words out. Asked twice, it is the same question.

    `act`, `form`: what was about to be done, so that whoever wrote it need not write it again. Raises GuardHeld where
    nobody may agree, NothingToClear where nobody need, PlacesOpen while there is nothing whole to agree to.
    """
    filled_in(words.text, words.field)
    if words.need == Need.NOTHING:
        raise NothingToClear()
    if words.need == Need.NEVER:
        raise GuardHeld(words, None)
    before = asked_of(words)
    if before is not None and before.state == State.OPEN:
        return before
    text = text_write(
        stream=fact_stream or words.stream,
        kind="clearance",
        body=words.text,
        branch_id=words.branch_id,
        compartment=compartment,
        now=now,
    )
    clearance = Clearance(
        uid=chance.uid(),
        stream=words.stream,
        fact_stream=fact_stream or words.stream,
        party=party,
        branch_id=words.branch_id,
        compartment=compartment,
        surface=words.surface,
        language=language,
        sha256=words.verdict.digest,
        text=text,
        asked_by_id=actor.user_id,
        writer=writer,
        asked_at=now,
        why=why.strip()[:WHY],
        level=words.verdict.level,
        needs=words.need,
        findings=words.verdict.codes(),
        asks=[each.kept for each in words.asks],
        packs=list(words.verdict.packs),
        message=message,
        act=act,
    )
    if form is not None:
        clearance.form_sealed = seal(CLEARANCE_FORM, clearance.uid, json.dumps(dict(form), ensure_ascii=False))
    clearance.save(force_insert=True)
    more = {"texts": {"words": text}, "private": {"why": clearance.why} if clearance.why else {}}
    kinds = sorted({each["kind"] for each in clearance.findings})
    _tell("clearance.asked", clearance, actor, now, level=clearance.level, findings=kinds, row=clearance_digest(clearance), **more)
    return clearance


def clearance_digest(clearance: Clearance) -> str:
    """Of what was asked and never changes: the fact carries it."""
    row = clearance
    writer = str(row.writer.uid) if row.writer is not None else None
    said = [row.stream, row.fact_stream, row.party, row.language, row.sha256, writer, row.findings, row.asks, row.packs, row.act]
    return hashlib.sha256(canonical(said)).hexdigest()


def form_kept(clearance: Clearance) -> dict[str, list[str]]:
    """The form as it was sent, while it waits."""
    if not clearance.form_sealed:
        return {}
    return json.loads(unseal(CLEARANCE_FORM, clearance.uid, bytes(clearance.form_sealed)))


@writes
def message_wait(
    *,
    message: Message,
    why: str,
    actor: Actor,
    now: datetime,
    surface: str = Surface.PRIVATE_MESSAGE,
    may_carry_content: bool = False,
) -> Clearance:
    """Put a draft by until somebody agreed to its words, and to the line above them; with the last yes it leaves by itself.

    Each is its own question, for what is agreed to is agreed to word for word. Comes back with the first of them.
    """
    move = LIFE.move(message.state, "wait")
    fit(message.draft_body)
    parts = message_parts(message, message.surface or surface)
    for part in parts:
        filled_in(part.text, part.field)
    held = [part for part in parts if part.need != Need.NOTHING and given_of(part) is None]
    if not held:
        raise NothingToClear()
    writer = User.objects.filter(uid=message.author.partition(":")[2]).first() if message.author.startswith("user:") else None
    asked = [
        clearance_ask(
            words=part,
            why=why,
            fact_stream=message.fact_stream,
            party=message.party,
            compartment=message.compartment,
            language=message.language,
            writer=writer,
            message=message,
            actor=actor,
            now=now,
        )
        for part in held
    ]
    for clearance, part in zip(asked, held, strict=True):
        if clearance.message_id != message.pk:
            raise MessageUnfit("waiting_already", field=part.field)
    waiting = {"state": move.target, "with_content": bool(may_carry_content) and message.channel != rules.Channel.PORTAL}
    claim(message, message.state, edition=message.edition, set_to=waiting | {"edition": message.edition + 1})
    return asked[0]


@writes
def clearance_vote(
    *,
    clearance: Clearance,
    yes: bool,
    reason: str,
    role: str,
    actor: Actor,
    now: datetime,
    not_before: datetime | None = None,
) -> Clearance:
    """One person's yes or no, in the role in which the caller found them. Raises NotYourVote, ReasonMissing, ClearanceOver.

    One no ends it, and its message is a draft again; with the last yes that it takes, its message leaves, and not before
    the hours of the person it is for, nor before whatever else of it was asked about.
    """
    clearance = _open(clearance)
    if not reason.strip():
        raise ReasonMissing()
    votes = votes_of(clearance)
    person = Person(actor.user_id, frozenset({role}))
    if not may_vote(person, clearance.needs, clearance.surface, votes, writers_of(clearance)):
        raise NotYourVote()
    ClearanceVote.objects.create(
        clearance=clearance, by_id=actor.user_id, role=role, yes=yes, reason=reason.strip()[:WHY], at=now
    )
    state = outcome(clearance.needs, [*votes, Vote(actor.user_id, role, yes)])
    if state == State.OPEN:
        fact = "clearance.voted"
    else:
        fact = "clearance.given" if state == State.GIVEN else "clearance.refused"
        _end(clearance, state, now)
    _tell(fact, clearance, actor, now, role=role, yes=yes, private={"reason": reason.strip()[:WHY]})
    message = clearance.message
    if message is not None and state == State.GIVEN and not _still_asked(message).exists():
        message_queue(
            message=message,
            undo=rules.UNDO_OTHERWISE,
            not_before=not_before,
            may_carry_content=message.with_content,
            surface=clearance.surface,
            actor=actor,
            now=now,
        )
    if message is not None and state == State.REFUSED:
        _back_to_draft(message, actor, now)
    return clearance


@writes
def clearance_withdraw(*, clearance: Clearance, actor: Actor, now: datetime) -> Clearance:
    """Whoever asked asks no longer; what waited is a draft again."""
    clearance = _open(clearance)
    if actor.user_id not in writers_of(clearance) and actor.kind != "system":
        raise NotYourVote()
    _lapse(clearance, actor, now)
    if clearance.message is not None:
        _back_to_draft(clearance.message, actor, now)
    return clearance


@writes
def clearances_stop(*, stream: str, party: str = "", actor: Actor, now: datetime) -> int:
    """Nothing of this case (and this one person) is asked for any longer."""
    still = Clearance.objects.filter(stream=stream, state=State.OPEN).select_related("message")
    still = list(still.filter(party=party) if party else still)
    for clearance in still:
        _lapse(clearance, actor, now)
    for message in {each.message_id: each.message for each in still if each.message is not None}.values():
        _back_to_draft(message, actor, now)
    return len(still)


def votes_of(clearance: Clearance) -> list[Vote]:
    return [Vote(row.by_id, row.role, row.yes) for row in clearance.votes.order_by("id")]


def writers_of(clearance: Clearance) -> frozenset[int]:
    """Whose words they are: none of them agrees to them."""
    return frozenset(pk for pk in (clearance.asked_by_id, clearance.writer_id) if pk is not None)


def _open(clearance: Clearance) -> Clearance:
    row = Clearance.objects.select_for_update(of=("self",)).select_related("message__text").get(pk=clearance.pk)
    if row.state != State.OPEN:
        raise ClearanceOver()
    if row.message_id is not None:  # two yeses at once, to its words and to the line above: the second one sees the first
        row.message = Message.objects.select_for_update(of=("self",)).select_related("text").get(pk=row.message_id)
    return row


def _end(clearance: Clearance, state: str, now: datetime) -> None:
    clearance.state, clearance.ended_at = state, now
    columns = ["state", "ended_at"]
    if state != State.GIVEN:
        clearance.form_sealed = None
        columns.append("form_sealed")
    clearance.save(update_fields=columns)


def _lapse(clearance: Clearance, actor: Actor, now: datetime) -> None:
    _end(clearance, State.LAPSED, now)
    _tell("clearance.lapsed", clearance, actor, now)


def _still_asked(message: Message) -> QuerySet[Clearance]:
    return Clearance.objects.filter(message=message, state=State.OPEN).select_related("message")


def _back_to_draft(message: Message, actor: Actor, now: datetime) -> None:
    """A draft again, and nothing of it is asked for any longer."""
    for other in _still_asked(message):
        _lapse(other, actor, now)
    if message.state == rules.State.WAITING:
        move = LIFE.move(message.state, "unwait")
        claim(message, message.state, set_to={"state": move.target, "edition": message.edition + 1})


def _tell(
    fact_type: str,
    clearance: Clearance,
    actor: Actor,
    now: datetime,
    *,
    private: Mapping[str, str] | None = None,
    texts: Mapping[str, Any] | None = None,
    **plain: Any,
) -> None:
    said = {"clearance": str(clearance.uid), "surface": clearance.surface, "needs": str(clearance.needs)}
    said |= {"message": str(clearance.message.uid)} if clearance.message_id else {}
    said |= {"compartment": clearance.compartment} if clearance.compartment else {}
    fact = Fact(
        fact_type,
        clearance.fact_stream,
        plain=said | plain,
        private=dict(private or {}),
        texts=dict(texts or {}),
        subject=clearance,
    )
    facts_record([fact], actor=actor, now=now)


# --- false alarms --------------------------------------------------------------------------------------------------

OUTCOMES = ("agreed", "kept")
QUOTED = 120
AROUND = 1_000


@writes
def finding_dispute(
    *, words: Words, rule: str, start: int, end: int, why: str, actor: Actor, now: datetime
) -> FindingDispute:
    """Somebody says that a finding in these words is a false alarm.

    The guard reads the words again: what is kept of them is what it finds there, whatever was sent along, and with everybody
    named in it masked; the reason as well. Raises ReasonMissing, FindingGone.
    """
    if not why.strip():
        raise ReasonMissing("why")
    sought = (rule, start, end)
    found = next((f for f in words.verdict.findings if (f.rule, f.start, f.end) == sought), None)
    if found is None:
        raise FindingGone()
    uid = chance.uid()
    quoted = _nameless(words, start, end)[:QUOTED]
    dispute = FindingDispute(
        uid=uid,
        stream=words.stream if words.stream.startswith("case:") else f"dispute:{uid}",
        branch_id=words.branch_id,
        rule=found.rule,
        kind=found.kind,
        level=found.level,
        surface=words.surface,
        words_sealed=seal(DISPUTE_WORDS, uid, quoted) if quoted else None,
        why=_nameless_reason(why.strip()[:WHY], words),
        by_id=actor.user_id,
        at=now,
    )
    dispute.save(force_insert=True)
    plain = {"dispute": str(uid), "rule": dispute.rule, "kind": dispute.kind, "level": dispute.level, "surface": dispute.surface}
    private = {"why": dispute.why, **({"words": quoted} if quoted else {})}
    facts_record([Fact("dispute.raised", dispute.stream, plain, private, subject=dispute)], actor=actor, now=now)
    return dispute


def _nameless(words: Words, start: int, end: int) -> str:
    """The disputed words, masked as they stand in their sentence; none where they cannot be masked."""
    low, high = sentence_around(words.text, start, end)
    low, high = max(low, start - AROUND), min(high, end + AROUND)
    try:
        made = hidden(words.text[low:high], branch=words.branch, known=known_of(words.stream))
    except OpinionRefused:
        return ""
    return made.part(start - low, end - low)


def _nameless_reason(why: str, words: Words) -> str:
    try:
        return hidden(why, branch=words.branch, known=known_of(words.stream), names_only=True).text
    except OpinionRefused:
        raise ReasonNames("why") from None


@writes
def dispute_judge(*, dispute: FindingDispute, outcome: str, why: str, actor: Actor, now: datetime) -> FindingDispute:
    """Whoever reviews the rules: a false alarm (`agreed`), or rightly found (`kept`). Never the one who raised it."""
    dispute = FindingDispute.objects.select_for_update(of=("self",)).get(pk=dispute.pk)
    if dispute.outcome:
        raise ClearanceOver()
    if dispute.by_id == actor.user_id:
        raise NotYourVote()
    if outcome not in OUTCOMES or not why.strip():
        raise ReasonMissing("why")
    dispute.outcome, dispute.outcome_why = outcome, why.strip()[:WHY]
    dispute.outcome_by_id, dispute.outcome_at = actor.user_id, now
    dispute.save(update_fields=["outcome", "outcome_why", "outcome_by", "outcome_at"])
    plain = {"dispute": str(dispute.uid), "rule": dispute.rule, "outcome": outcome}
    fact = Fact("dispute.judged", dispute.stream, plain, {"why": dispute.outcome_why}, subject=dispute)
    facts_record([fact], actor=actor, now=now)
    return dispute
