"""Talking with the person: contacts, promises, explanations, and what they ask for."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from suyuan.cases import errors, rules
from suyuan.cases.models import Case, ContactEntry, Demand, Party, Promise
from suyuan.cases.selectors.law import limits_on
from suyuan.cases.services.handling.parts import (
    begin,
    case_change,
    code_of,
    known,
    said,
    seniors_act,
    short,
    stated_time,
    tell,
    words_frozen,
)
from suyuan.cases.services.wording import words_pass
from suyuan.correspondence.gate import filled_in
from suyuan.correspondence.rules.guard import Surface
from suyuan.kernel.actor import Actor
from suyuan.kernel.chain import time_text
from suyuan.platform.units import writes
from suyuan.playbooks.readers import LawRule

DIRECTIONS = ("in", "out")
DEMAND_OUTCOMES = ("met", "partly", "refused", "withdrawn")
MONEY_DEMANDS = frozenset({"refund"})
CARE_TALK = "care_talk"
IN_PERSON = "in_person"


@writes
def contact_log(
    *,
    case: Case,
    kind: str,
    channel: str,
    direction: str,
    happened_at: datetime,
    points: str,
    place: str = "",
    participants: str = "",
    minutes: int | None = None,
    tone: str = "",
    next_step: str = "",
    compartment: str = "",
    keeps_promise: Promise | None = None,
    theirs: int | None = None,
    ours: int | None = None,
    beyond: bool = False,
    actor: Actor,
    now: datetime,
) -> ContactEntry:
    """Write down one contact, whatever the channel; it may keep a promise at once. A care talk is always protected.

    `theirs`, `ours`: people on each side; more than the law allows is refused once, and with `beyond` taken down as it
    was. Once disputed, talking stays possible, and each talk leaves its minute. Raises MinuteMissing, WordsMissing,
    MorePeopleThanAllowed, PlacesOpen.
    """
    case = begin(case, "contact", actor, now)
    code_of(case, "contact_kinds", kind)
    known(channel, rules.CHANNELS, "channel")
    known(direction, DIRECTIONS, "direction")
    compartment = known(CARE_TALK if kind == CARE_TALK else compartment, rules.COMPARTMENTS, "compartment")
    stated_time(happened_at, now)
    if case.disputed_at and not points.strip():
        raise errors.MinuteMissing("points")
    sides = {name: n for name, n in (("theirs", theirs), ("ours", ours)) if n is not None}
    over = {name for name, n in sides.items() for most in people_limits(case, kind, now) if n > most.limit.max}
    if over and not beyond:
        raise errors.MorePeopleThanAllowed(over, min(most.limit.max for most in people_limits(case, kind, now)))

    filled_in(points, "points")
    filled_in(next_step, "next_step")
    text = words_frozen(case, "contact", points, now=now, compartment=compartment, field="points")
    entry = ContactEntry.objects.create(
        case=case,
        kind=kind,
        channel=channel,
        direction=direction,
        happened_at=happened_at,
        recorded_at=now,
        minutes=minutes,
        place=short(place, 120, "place"),
        participants=short(participants, 300, "participants"),
        tone=short(tone, 20, "tone"),
        points=text,
        next_step=short(next_step, 300, "next_step"),
        compartment=compartment,
        by_id=actor.user_id,
    )
    case_change(case, now=now)
    plain = {
        "contact": str(entry.uid),
        "kind": kind,
        "channel": channel,
        "direction": direction,
        "senior": seniors_act(case, actor, now),
    }
    if keeps_promise is not None:
        kept = _keep(case, keeps_promise, now)
        if compartment:
            tell(case, "promise.kept", actor=actor, now=now, plain={"promise": str(kept.uid)})
        else:
            plain["keeps_promise"] = str(kept.uid)
    private = {
        "place": entry.place,
        "participants": entry.participants,
        "tone": entry.tone,
        "next_step": entry.next_step,
    }
    tell(
        case,
        "contact.logged",
        actor=actor,
        now=now,
        plain=plain | ({"minutes": minutes} if minutes is not None else {}) | sides,
        private=private,
        texts={"points": text},
        happened_at=happened_at,
        compartment=compartment,
    )
    return entry


def people_limits(case: Case, kind: str, now: datetime) -> list[LawRule]:
    """What the law allows on each side of a talk of this kind; nothing where it does not say."""
    return limits_on(case, "contact.logged", {"kind": kind}, now)


@writes
def dispute_mark(*, case: Case, actor: Actor, now: datetime) -> Case:
    """Both sides see it differently: from now on written first, and every talk gets its minute. Talking goes on."""
    case = begin(case, "contact", actor, now)
    if case.disputed_at:
        raise errors.AlreadyDone()
    case_change(case, now=now, disputed_at=now)
    tell(case, "case.disputed", actor=actor, now=now)
    return case


@writes
def channels_notify(
    *, case: Case, method: str, happened_at: datetime | None = None, actor: Actor, now: datetime
) -> Case:
    """The person was told which outside channels there are: mediation, authority, court."""
    case = begin(case, "contact", actor, now)
    known(method, rules.CHANNELS, "method")
    if case.channels_notified_at:
        raise errors.AlreadyDone()
    stated_time(happened_at, now)
    case_change(case, now=now, channels_notified_at=now)
    tell(case, "channels.notified", actor=actor, now=now, plain={"method": method}, happened_at=happened_at)
    return case


@writes
def helper_name(*, case: Case, helper: str, actor: Actor, now: datetime) -> Case:
    """Who helps the person understand and be understood: interpreter, companion, reader."""
    case = begin(case, "contact", actor, now)
    helper = short(helper, 120, "helper", required=True)
    case_change(case, now=now, helper_named=helper)
    tell(case, "helper.named", actor=actor, now=now, private={"helper": helper})
    return case


@writes
def plan_explain(
    *,
    case: Case,
    words: str,
    method: str,
    happened_at: datetime | None = None,
    templates: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> None:
    """Explain to the person how we go on, or what a doctor thinks: the second promise of the house."""
    case = begin(case, "contact", actor, now)
    known(method, rules.CHANNELS, "method")
    stated_time(happened_at, now)
    text = words_frozen(case, "plan", words, now=now)
    surface = Surface.CARE_MEETING if method == IN_PERSON else Surface.PRIVATE_MESSAGE
    passed = words_pass(case, words, what="plan", surface=surface, templates=templates, now=now)
    case_change(case, now=now)
    plain = {"method": method, **passed}
    tell(case, "plan.explained", actor=actor, now=now, plain=plain, texts={"words": text}, happened_at=happened_at)


# --- promises ------------------------------------------------------------------------------------------------------


@writes
def promise_make(
    *, case: Case, words: str, due_at: datetime, templates: Sequence[str] = (), actor: Actor, now: datetime
) -> Promise:
    """What we told the person, and by when: the same row on desk and portal."""
    case = begin(case, "promise", actor, now)
    words = short(words, 200, "words", required=True)
    if due_at <= now:
        raise errors.PromiseInThePast()
    passed = words_pass(case, words, what="promise", templates=templates, now=now)
    promise = Promise.objects.create(case=case, words=words, due_at=due_at, made_at=now, made_by_id=actor.user_id)
    case_change(case, now=now)
    plain = {"promise": str(promise.uid), "due": time_text(due_at), **passed}
    tell(case, "promise.made", actor=actor, now=now, plain=plain, private={"words": words})
    return promise


@writes
def promise_keep(*, promise: Promise, how: str = "", actor: Actor, now: datetime) -> Promise:
    """We did what we said. A promise already seen to be broken stays so, and is marked done late."""
    case = begin(promise.case, "promise", actor, now)
    promise = _keep(case, promise, now)
    case_change(case, now=now)
    plain = {"promise": str(promise.uid), "late": promise.broken_at is not None}
    tell(case, "promise.kept", actor=actor, now=now, plain=plain, **said(case, "how", how, now=now))
    return promise


def _keep(case: Case, promise: Promise, now: datetime) -> Promise:
    promise = Promise.objects.select_for_update().get(pk=promise.pk)
    if promise.case_id != case.pk:
        raise errors.OtherCase()
    if promise.kept_at or promise.released_at:
        raise errors.AlreadyDone()
    promise.kept_at = now
    promise.save(update_fields=["kept_at"])
    return promise


# --- what the person asks for --------------------------------------------------------------------------------------


@writes
def demand_record(
    *,
    case: Case,
    kind: str,
    asked_at: datetime | None = None,
    asked_by: Party | None = None,
    about: str = "",
    words: str = "",
    actor: Actor,
    now: datetime,
) -> Demand:
    """Something the person has a right to ask for; clocks of law start from when they asked. Outlives a withdrawal.

    `about`: whose data they want erased.
    """
    case = begin(case, "demand_record", actor, now)
    code_of(case, "demand_kinds", kind)
    stated_time(asked_at, now, "asked_at")
    about = known(about, rules.ABOUT, "about") if about and kind == "data_erase" else ""
    if asked_by is not None and asked_by.case_id != case.pk:
        raise errors.OtherCase()
    text = words_frozen(case, "demand", words, now=now) if words.strip() else None
    demand = Demand.objects.create(
        case=case, kind=kind, about=about, asked_by=asked_by, asked_at=asked_at or now, recorded_at=now, words=text
    )
    case_change(case, now=now, money=case.money or kind in MONEY_DEMANDS)
    plain = {"demand": str(demand.uid), "kind": kind, "asked_at": time_text(demand.asked_at)}
    plain |= {"about": about} if about else {}
    texts = {"words": text} if text else {}
    tell(case, "demand.recorded", actor=actor, now=now, plain=plain, texts=texts, happened_at=asked_at)
    return demand


@writes
def demand_answer(
    *,
    demand: Demand,
    outcome: str,
    words: str = "",
    happened_at: datetime | None = None,
    templates: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> Demand:
    """Met, partly met, refused (with its reason) or taken back by the person."""
    known(outcome, DEMAND_OUTCOMES, "outcome")
    case = begin(demand.case, "demand_answer", actor, now)
    demand = Demand.objects.select_for_update().get(pk=demand.pk)
    if demand.answered_at:
        raise errors.AlreadyDone()
    stated_time(happened_at, now)
    told = said(case, "words", words, now=now, required=outcome in ("refused", "partly"))
    passed = words_pass(case, words, what="demand", templates=templates, now=now)
    demand.answered_at, demand.outcome = now, outcome
    demand.save(update_fields=["answered_at", "outcome"])
    case_change(case, now=now)
    plain = {"demand": str(demand.uid), "kind": demand.kind, "outcome": outcome, **passed}
    tell(case, "demand.answered", actor=actor, now=now, plain=plain, happened_at=happened_at, **told)
    return demand
