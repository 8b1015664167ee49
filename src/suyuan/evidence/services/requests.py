"""What is missing: asked of whoever holds it, set aside with a reason, and what came of it."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from suyuan.accounts.models import User
from suyuan.evidence import errors
from suyuan.evidence.models import EvidenceRequest, Item, Need
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.texts import text_write
from suyuan.platform.units import writes

# Words that end a request instead of a thing: there is none, or the person would rather not.
ANSWERS = frozenset({"answered", "declined"})


@dataclass(frozen=True)
class Holder:
    """Whoever is asked: a colleague, whoever holds a role, or somebody outside ("party:<uid>"). `name` as it stands now."""

    user: User | None = None
    role: str = ""
    party: str = ""
    name: str = ""


@dataclass(frozen=True)
class Asked:
    """What is asked for. `more`: what the caller adds to the fact (the task it opened)."""

    kind: str
    due_at: datetime
    words: str = ""
    more: dict[str, Any] = field(default_factory=dict)


@writes
def request_open(*, stream: str, holder: Holder, asked: Asked, actor: Actor, now: datetime) -> EvidenceRequest:
    """Ask for a kind of evidence until a day. Raises TimeWrong, WordsTooLong, AlreadyAsked."""
    words = fits(EvidenceRequest, "words", asked.words)
    if asked.due_at <= now:
        raise errors.at(errors.DuePast, "due_at")
    same = EvidenceRequest.objects.filter(stream=stream, kind=asked.kind, ended_at=None)
    if same.filter(holder=holder.user, role=holder.role, party=holder.party).exists():
        raise errors.AlreadyAsked()
    request = EvidenceRequest.objects.create(
        stream=stream,
        kind=asked.kind,
        holder=holder.user,
        role=holder.role,
        party=holder.party,
        words=words,
        due_at=asked.due_at,
        asked_by_id=actor.user_id,
        asked_at=now,
    )
    plain = {"request": str(request.uid), "kind": asked.kind, "due": asked.due_at.isoformat(), "role": holder.role}
    plain |= {"user": str(holder.user.uid)} if holder.user else {}
    plain |= {"outside": True} if holder.party else {}
    private = {"name": holder.name, "words": words, "party": holder.party}
    _told("evidence.requested", request, plain | asked.more, private, actor, now)
    return request


@writes
def request_remind(*, request: EvidenceRequest, actor: Actor, now: datetime) -> EvidenceRequest:
    """Say again that it is waited for."""
    request = request_open_still(request)
    request.reminded_at, request.reminders = now, request.reminders + 1
    request.save(update_fields=["reminded_at", "reminders"])
    plain = {"user": str(request.holder.uid)} if request.holder else {}
    _told("evidence.request_reminded", request, plain | {"times": request.reminders}, {}, actor, now)
    return request


@writes
def request_given(
    *, request: EvidenceRequest, items: Sequence[Item], actor: Actor, now: datetime, agreed: bool = False
) -> EvidenceRequest:
    """What was asked for has come in. `agreed`: whoever gave it was told what for, and said yes."""
    if not items:
        raise errors.at(errors.WordsMissing, "file")
    plain = {"items": [str(item.uid) for item in items], "numbers": [item.number for item in items], "agreed": agreed}
    return _end(request, "given", plain, {}, {}, actor, now, item=items[-1])


@writes
def request_answer(
    *, request: EvidenceRequest, how: str, words: str, branch_id: int, actor: Actor, now: datetime
) -> EvidenceRequest:
    """It ends in words: there is none, it is kept elsewhere, or they would rather not give it."""
    if how not in ANSWERS:
        raise BadInput(fields={"how": how})
    if how == "answered" and not words.strip():
        raise errors.at(errors.WordsMissing, "words")
    text = None
    if words.strip():
        text = text_write(
            stream=request.stream, kind="evidence.answer", body=words, branch_id=branch_id, now=now
        )
    texts = {"words": text} if text else {}
    return _end(request, how, {}, {}, texts, actor, now, answer=text)


@writes
def request_cancel(*, request: EvidenceRequest, reason: str, actor: Actor, now: datetime) -> EvidenceRequest:
    """No longer asked for, and why."""
    reason = fits(Need, "reason", reason, required=True)
    return _end(request, "cancelled", {}, {"reason": reason}, {}, actor, now)


def request_open_still(request: EvidenceRequest) -> EvidenceRequest:
    """Locked, and nobody has ended it meanwhile. Raises RequestEnded."""
    locked = EvidenceRequest.objects.select_for_update(of=("self",)).select_related("holder").get(pk=request.pk)
    if locked.ended_at is not None:
        raise errors.RequestEnded()
    return locked


def _end(
    request: EvidenceRequest, ending: str, plain: dict, private: dict, texts: dict, actor: Actor, now: datetime, **columns: Any
) -> EvidenceRequest:
    request = request_open_still(request)
    columns |= {"ending": ending, "ended_at": now, "ended_by": str(actor)}
    for name, value in columns.items():
        setattr(request, name, value)
    request.save(update_fields=list(columns))
    kind = {"given": "given", "cancelled": "cancelled"}.get(ending, "answered")
    more = {"how": ending} if kind == "answered" else {}
    _told(f"evidence.request_{kind}", request, plain | more, private, actor=actor, now=now, texts=texts)
    return request


def _told(
    fact: str, request: EvidenceRequest, plain: dict, private: dict, actor: Actor, now: datetime, texts: dict | None = None
) -> None:
    told = Fact(
        fact,
        request.stream,
        plain={"request": str(request.uid), "kind": request.kind, **plain},
        private={name: words for name, words in private.items() if words},
        texts=texts or {},
        subject=request,
    )
    facts_record([told], actor=actor, now=now)


# --- what does not apply -------------------------------------------------------------------------------------------


@writes
def need_set_aside(*, stream: str, kind: str, reason: str, actor: Actor, now: datetime) -> Need:
    """This kind does not apply here, and why. Raises AlreadySetAside."""
    reason = fits(Need, "reason", reason, required=True)
    if Need.objects.filter(stream=stream, kind=kind, ended_at=None).exists():
        raise errors.AlreadySetAside()
    need = Need.objects.create(stream=stream, kind=kind, reason=reason, decided_by_id=actor.user_id, decided_at=now)
    plain = {"need": str(need.uid), "kind": kind}
    facts_record([Fact("need.set_aside", stream, plain=plain, private={"reason": reason}, subject=need)], actor=actor, now=now)
    return need


@writes
def need_take_back(*, need: Need, actor: Actor, now: datetime) -> Need:
    """It does apply after all. What was decided stays readable."""
    if not Need.objects.filter(pk=need.pk, ended_at=None).update(ended_at=now, ended_by_id=actor.user_id):
        raise errors.RequestEnded()
    need.refresh_from_db()
    plain = {"need": str(need.uid), "kind": need.kind}
    facts_record([Fact("need.taken_back", need.stream, plain=plain, subject=need)], actor=actor, now=now)
    return need


def fits(model, column: str, words: str, *, required: bool = False, name: str = "") -> str:
    """Words for a column: refused when too long, never cut."""
    words, limit, name = words.strip(), model._meta.get_field(column).max_length, name or column
    if required and not words:
        raise errors.at(errors.WordsMissing, name)
    if len(words) > limit:
        raise errors.at(errors.WordsTooLong, name, limit=limit)
    return words
