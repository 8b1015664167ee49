"""People who were heard, and what colleagues saw: written down once, corrected in the open."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from suyuan.accounts.models import User
from suyuan.evidence import errors
from suyuan.evidence.models import Interview, InterviewSupplement, Item, Observation
from suyuan.evidence.services.requests import fits
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.models import Text
from suyuan.platform.texts import text_write
from suyuan.platform.units import writes

# How the person heard learned what had been written.
READ_HOW = ("read_aloud", "read_self", "sent")


@dataclass(frozen=True)
class Sound:
    """A recording of the talk, and what makes it lawful: whoever recorded took part, or everyone was told."""

    item: Item
    recorder: str
    took_part: bool
    notice_given: bool


@dataclass(frozen=True)
class Heard:
    """Who was heard, by whom, when, where. `party` or `user` where the house knows them; the name always."""

    name: str
    interviewers: str
    held_at: datetime
    place: str
    present: str = ""
    party: str = ""
    user: User | None = None
    sound: Sound | None = None


@writes
def interview_record(
    *, stream: str, branch_id: int, heard: Heard, minutes: str, actor: Actor, now: datetime
) -> Interview:
    """Minutes of a talk, waiting to be read back. Raises TimeWrong, RecordingUnlawful, OtherStream."""
    sound = _lawful(heard.sound, stream)
    text = _words(stream, "interview.minutes", minutes, branch_id, now, "minutes")
    last = Interview.objects.filter(stream=stream).aggregate(last=Max("number"))["last"] or 0
    interview = Interview.objects.create(
        stream=stream,
        number=last + 1,
        party=heard.party,
        heard_user=heard.user,
        heard_name=fits(Interview, "heard_name", heard.name, required=True, name="other"),
        interviewers=fits(Interview, "interviewers", heard.interviewers, required=True),
        present=fits(Interview, "present", heard.present),
        held_at=_past(heard.held_at, now, "held_at"),
        place=fits(Interview, "place", heard.place, required=True),
        recording=sound.item if sound else None,
        recorder=fits(Interview, "recorder", sound.recorder, required=True) if sound else "",
        recorder_took_part=sound.took_part if sound else None,
        notice_given=sound.notice_given if sound else None,
        minutes=text,
        written_by_id=actor.user_id,
        written_at=now,
    )
    whose = "party" if heard.party else "staff" if heard.user else "other"
    plain = {"heard": whose, "recorded": sound is not None}
    plain |= {"recording": str(sound.item.uid), "took_part": sound.took_part, "notice": sound.notice_given} if sound else {}
    plain |= {"user": str(heard.user.uid)} if heard.user else {}
    told = ("heard_name", "interviewers", "present", "place", "recorder", "party")
    private = {name: getattr(interview, name) for name in told}
    _told("interview.recorded", interview, plain, private, {"minutes": text}, actor, now, heard.held_at)
    return interview


@writes
def interview_rewrite(*, interview: Interview, minutes: str, branch_id: int, actor: Actor, now: datetime) -> Interview:
    """Better words before the person has heard them. The earlier ones stay in the chain. Raises InterviewSettled."""
    interview = _unsettled(interview)
    text = _words(interview.stream, "interview.minutes", minutes, branch_id, now, "minutes")
    interview.minutes = text
    interview.save(update_fields=["minutes"])
    _told("interview.rewritten", interview, {}, {}, {"minutes": text}, actor, now)
    return interview


@writes
def interview_confirm(
    *,
    interview: Interview,
    how: str,
    happened_at: datetime | None = None,
    corrections: str = "",
    signature: Item | None = None,
    branch_id: int,
    actor: Actor,
    now: datetime,
) -> Interview:
    """Read back, and the person heard says: so it was. What they want put right stands beside it. Frozen from now on."""
    if how not in READ_HOW:
        raise BadInput(fields={"how": how})
    interview = _unsettled(interview)
    if signature is not None and signature.stream != interview.stream:
        raise errors.ItemGone()
    text = None
    if corrections.strip():
        text = _words(interview.stream, "interview.corrections", corrections, branch_id, now, "corrections")
    _settle(interview, "confirmed", happened_at, actor, now, read_how=how, corrections=text, signature=signature)
    plain = {"how": how, "corrected": text is not None, "signed": signature is not None}
    plain |= {"signature": str(signature.uid)} if signature else {}
    texts = {"corrections": text} if text else {}
    _told("interview.confirmed", interview, plain, {}, texts, actor, now, happened_at)
    return interview


@writes
def interview_refuse(
    *, interview: Interview, reason: str, happened_at: datetime | None = None, actor: Actor, now: datetime
) -> Interview:
    """The person heard does not confirm the minutes, and what they said why."""
    interview = _unsettled(interview)
    reason = fits(Interview, "refusal", reason, required=True, name="reason")
    _settle(interview, "refused", happened_at, actor, now, refusal=reason)
    _told("interview.refused", interview, {}, {"reason": reason}, {}, actor, now, happened_at)
    return interview


@writes
def interview_supplement(
    *, interview: Interview, words: str, said_by: str, branch_id: int, actor: Actor, now: datetime
) -> InterviewSupplement:
    """Something added after the minutes were settled; before that they are simply rewritten."""
    if not interview.outcome:
        raise errors.InterviewUnsettled()
    text = _words(interview.stream, "interview.supplement", words, branch_id, now, "words")
    row = InterviewSupplement.objects.create(
        interview=interview,
        words=text,
        said_by=fits(InterviewSupplement, "said_by", said_by, required=True),
        written_by_id=actor.user_id,
        written_at=now,
    )
    plain = {"supplement": str(row.uid)}
    _told("interview.supplemented", interview, plain, {"said_by": row.said_by}, {"words": text}, actor, now)
    return row


def _settle(interview: Interview, outcome: str, happened_at: datetime | None, actor: Actor, now: datetime, **columns) -> None:
    if happened_at is not None and _past(happened_at, now, "happened_at") < interview.held_at:
        raise errors.at(errors.BeforeTheTalk, "happened_at")
    columns |= {
        "outcome": outcome, "outcome_at": now, "outcome_by": str(actor), "outcome_stated_at": happened_at,
    }  # fmt: skip
    for name, value in columns.items():
        setattr(interview, name, value)
    interview.save(update_fields=list(columns))


def _unsettled(interview: Interview) -> Interview:
    locked = Interview.objects.select_for_update(of=("self",)).get(pk=interview.pk)
    if locked.outcome:
        raise errors.InterviewSettled()
    return locked


def _lawful(sound: Sound | None, stream: str) -> Sound | None:
    """A recording by somebody who was not part of the talk, of people who did not know, is not taken in."""
    if sound is None:
        return None
    if sound.item.stream != stream:
        raise errors.ItemGone()
    if not (sound.took_part or sound.notice_given):
        raise errors.at(errors.RecordingUnlawful, "notice_given")
    return sound


def _told(fact: str, interview: Interview, plain, private, texts, actor, now, happened_at=None) -> None:
    told = Fact(
        fact,
        interview.stream,
        plain={"interview": str(interview.uid), "number": interview.number, **plain},
        private={name: words for name, words in private.items() if words},
        texts=texts,
        happened_at=happened_at,
        subject=interview,
    )
    facts_record([told], actor=actor, now=now)


# --- what colleagues saw -------------------------------------------------------------------------------------------


@writes
def observation_note(
    *,
    stream: str,
    branch_id: int,
    words: str,
    seen_at: datetime,
    late_after: timedelta,
    supplements: Observation | None = None,
    actor: Actor,
    now: datetime,
) -> Observation:
    """One dated note of what a colleague saw. Whether it is late follows from the clock, never from whoever writes."""
    if supplements is not None and supplements.stream != stream:
        raise errors.NoteGone()
    text = _words(stream, "observation", words, branch_id, now, "words")
    note = Observation.objects.create(
        stream=stream,
        seen_at=_past(seen_at, now, "seen_at"),
        written_at=now,
        late=now - seen_at > late_after,
        words=text,
        by_id=actor.user_id,
        supplements=supplements,
    )
    plain = {"observation": str(note.uid), "late": note.late}
    plain |= {"supplements": str(supplements.uid)} if supplements else {}
    name = "observation.supplemented" if supplements else "observation.noted"
    fact = Fact(name, stream, plain=plain, texts={"words": text}, happened_at=seen_at, subject=note)
    facts_record([fact], actor=actor, now=now)
    return note


@writes
def observation_strike(*, note: Observation, reason: str, actor: Actor, now: datetime) -> Observation:
    """Struck through by whoever wrote it, with the reason; it stays readable. Raises NotTheirNote, AlreadyStruck."""
    locked = Observation.objects.select_for_update(of=("self",)).get(pk=note.pk)
    if locked.by_id != actor.user_id:
        raise errors.NotTheirNote()
    if locked.struck_at is not None:
        raise errors.AlreadyStruck()
    locked.struck_at, locked.struck_reason = now, fits(Observation, "struck_reason", reason, required=True, name="reason")
    locked.save(update_fields=["struck_at", "struck_reason"])
    plain = {"observation": str(locked.uid)}
    fact = Fact("observation.struck", locked.stream, plain=plain, private={"reason": locked.struck_reason}, subject=locked)
    facts_record([fact], actor=actor, now=now)
    return locked


def _words(stream: str, kind: str, words: str, branch_id: int, now: datetime, name: str) -> Text:
    if not words.strip():
        raise errors.at(errors.WordsMissing, name)
    return text_write(stream=stream, kind=kind, body=words, branch_id=branch_id, now=now)


def _past(stated: datetime, now: datetime, name: str) -> datetime:
    if stated > now:
        raise errors.at(errors.TimeWrong, name)
    return stated
