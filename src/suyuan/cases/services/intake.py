"""How a complaint comes in: registered whole, or opened by a danger sign and completed afterwards."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError
from django.db.models import QuerySet

from suyuan.accounts.models import Branch, User
from suyuan.cases import errors, rules
from suyuan.cases.models import (
    Case,
    CaseIssue,
    Consent,
    Demand,
    Involvement,
    Party,
    Receipt,
    Task,
)
from suyuan.cases.services import common
from suyuan.cases.services.receipts import receipt_row
from suyuan.evidence.services.items import ItemGiven, items_make
from suyuan.kernel.actor import Actor
from suyuan.people.models import ContactPoint, Person, TreatmentReceived
from suyuan.people.rules import Contact, Treatment
from suyuan.people.services import NewPerson, contact_add, people_take_down
from suyuan.platform import chance, idempotency, units
from suyuan.platform.facts import Fact, facts_record, stream_of
from suyuan.platform.idempotency import Token
from suyuan.platform.models import StoredFile, Text
from suyuan.platform.rows import rows_add
from suyuan.platform.texts import Draft, texts_write
from suyuan.platform.units import writes
from suyuan.playbooks import selectors as packs

MATTER_CHARS = 40
NARRATIVE_CHARS = 20_000

# Wishes that are rights: each opens a demand with its own clock.
DEMANDS_OF_WISHES = {"records": "records_copy", "full-refund": "refund", "part-refund": "refund"}


@dataclass(frozen=True, kw_only=True)
class PersonGiven:
    """A person as stated at intake, or one already known (`person`)."""

    family_name: str = ""
    given_name: str = ""
    contacts: tuple[Contact, ...] = ()
    person: Person | None = None

    @property
    def is_empty(self) -> bool:
        return self.person is None and not (self.family_name or self.given_name or self.contacts)


@dataclass(frozen=True, kw_only=True)
class IssueGiven:
    """One subject of the complaint. The first cause is the primary one."""

    subject: str
    causes: tuple[str, ...] = ()
    treatment: Treatment | None = None


@dataclass(frozen=True)
class ConsentGiven:
    purpose: str
    version: int
    given: bool


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Everything a complaint can say at the beginning. Only the words or a danger sign are needed."""

    narrative: str = ""
    matter: str = ""
    happened_at: datetime | None = None
    complainant: PersonGiven = PersonGiven()
    patient: PersonGiven | None = None
    relation: str = "self"
    issues: tuple[IssueGiven, ...] = ()
    danger_signs: tuple[str, ...] = ()
    harm: str = rules.Harm.NONE
    occurred_on: date | None = None
    wishes: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    level: int = 0
    preferred_channel: str = ""
    preferred_hours: str = ""
    communication_need: str = ""
    consents: tuple[ConsentGiven, ...] = ()
    complained_user_ids: tuple[int, ...] = ()
    media: bool = False
    files: tuple[StoredFile, ...] = ()


@dataclass(frozen=True)
class Registered:
    """A registered case. `secret` opens its follow-up page and is nowhere else; None when no receipt was made."""

    case: Case
    party: Party | None
    secret: str | None


def case_register(
    *,
    branch: Branch,
    channel: str,
    intake: Intake,
    language: str,
    actor: Actor,
    now: datetime,
    owner: User | None = None,
    registered_by: User | None = None,
    once: Token | None = None,
) -> Registered:
    """Open a case with everything that was said.

    `once` is the sender's idempotency token, used inside the same transaction. Raises MayNot, BadInput refusals.
    """
    _check(intake, now)
    packs.at_hand(branch.jurisdiction)
    for attempt in range(3):
        try:
            return _case_register(
                branch=branch,
                channel=channel,
                intake=intake,
                language=language,
                actor=actor,
                now=now,
                owner=owner,
                registered_by=registered_by,
                once=once,
                reference=reference_free(branch, now),
            )
        except IntegrityError as error:
            if "reference" not in str(error) or attempt == 2 or units.current():
                raise
    raise AssertionError("unreachable")


def case_danger_open(
    *,
    branch: Branch,
    danger_signs: Sequence[str],
    contacts: tuple[Contact, ...] = (),
    language: str,
    actor: Actor,
    now: datetime,
    channel: str = "web",
    once: Token | None = None,
) -> Registered:
    """A yes to a danger question opens the case at once, without a name; a doctor's task is due now."""
    intake = Intake(
        danger_signs=tuple(danger_signs),
        harm=rules.Harm.ALLEGED,
        complainant=PersonGiven(contacts=contacts),
    )
    return case_register(
        branch=branch, channel=channel, intake=intake, language=language, actor=actor, now=now, once=once
    )


def reference_free(branch: Branch, now: datetime) -> str:
    """A reference nobody has. The unique column has the last word; where it cannot be tried again, ask it before."""
    year = now.astimezone(branch.tz).year
    while True:
        reference = rules.reference_for(branch.code, year, f"{chance.below(10**7):07d}")
        if units.current() is None or not Case.objects.filter(reference=reference).exists():
            return reference


def _require_register(branch: Branch, actor: Actor, now: datetime) -> None:
    from suyuan.accounts.rules import ActorProfile, CaseView, may
    from suyuan.accounts.selectors import profile_for

    profile = profile_for(actor, now) if actor.kind in {"user", "guest"} else ActorProfile(actor)
    answer = may(profile, "register", CaseView(branch_id=branch.pk, jurisdiction=branch.jurisdiction))
    if not answer:
        raise errors.MayNot(answer.code, answer.who_could)


def _check(intake: Intake, now: datetime) -> None:
    common.stated_time(intake.happened_at, now)
    if intake.occurred_on is not None:
        midnight = datetime.combine(intake.occurred_on, datetime.min.time(), now.tzinfo)
        common.stated_time(midnight, now, field="occurred_on")
    common.known(intake.harm, rules.STATED_HARM, "harm")
    if not intake.narrative.strip() and not intake.danger_signs:
        raise errors.WordsMissing("narrative")
    if len(intake.narrative) > NARRATIVE_CHARS:
        raise errors.TooLong("narrative", NARRATIVE_CHARS)


@writes
def _case_register(
    *,
    branch: Branch,
    channel: str,
    intake: Intake,
    language: str,
    actor: Actor,
    now: datetime,
    owner: User | None,
    registered_by: User | None,
    once: Token | None,
    reference: str,
) -> Registered:
    _require_register(branch, actor, now)
    procedure = packs.procedure_newest(branch.jurisdiction)

    complainant, patient, treatments = _people(branch, intake, language, actor, now)
    uid = chance.uid()
    stream = stream_of("case", uid)
    narrative = _words(stream, intake, branch, now)
    case = Case(
        uid=uid,
        stream=stream,
        reference=reference,
        branch=branch,
        jurisdiction=branch.jurisdiction,
        procedure_id=procedure.pk,
        channel=channel,
        language=language,
        received_at=now,
        moved_at=now,
        stated_at=intake.happened_at,
        registered_by=registered_by,
        owner=owner,
        narrative=narrative,
        patient=patient,
        is_complete=bool(intake.narrative.strip()),
        danger="open" if intake.danger_signs else "",
        danger_signs=list(intake.danger_signs),
    )
    _describe(case, intake)
    rows_add([case])
    common.case_born(case)
    units.required().notes[str(uid)] = case

    party = _parties(case, complainant, patient, intake, actor, now)
    plain, private = _around(case, party, intake, treatments, actor, now)
    secret = None
    if party is not None:
        receipt, secret = receipt_row(case, party, now)
        rows_add([receipt])
        plain["receipt"] = str(receipt.uid)
    _staff(case, intake, owner, registered_by, now)
    _tasks(case, intake, now)

    opened = Fact(
        "case.opened",
        stream,
        plain={
            "reference": reference,
            "branch": str(branch.uid),
            "jurisdiction": branch.jurisdiction,
            "channel": channel,
            **plain,
        },
        private=private,
        texts={"narrative": narrative} if narrative else {},
        happened_at=intake.happened_at,
        subject=case,
        begins=True,
    )
    facts_record([opened], actor=actor, now=now)
    registered = Registered(case, party, secret)
    _claim(once, registered, now)
    return registered


@writes
def case_complete(*, case: Case, intake: Intake, actor: Actor, now: datetime, once: Token | None = None) -> Registered:
    """Going on after a danger sign: the same case gets its words, people and wishes. Its receipt stays the one given."""
    _check(intake, now)
    case = common.case_locked(case)
    if case.is_complete:
        raise errors.AlreadyDone()
    if not intake.narrative.strip():
        raise errors.WordsMissing("narrative")
    branch = case.branch
    intake = _with_contacts_left(case, intake)
    complainant, patient, treatments = _people(branch, intake, case.language, actor, now)
    narrative = _words(case.stream, intake, branch, now)
    known_signs, harm_before = list(case.danger_signs), case.harm
    _describe(case, intake)
    case.danger_signs = list(dict.fromkeys([*known_signs, *intake.danger_signs]))
    if case.danger_signs and case.harm == rules.Harm.NONE:
        case.harm = rules.Harm.ALLEGED
    case.narrative, case.patient, case.is_complete, case.moved_at = narrative, patient, True, now
    case.stated_at = intake.happened_at
    case.save(
        update_fields=[
            "narrative", "patient", "is_complete", "moved_at", "stated_at", "matter", "wishes", "factors", "harm",
            "occurred_on", "level", "media", "money", "preferred_channel", "preferred_hours", "communication_need",
            "danger_signs",
        ]
    )  # fmt: skip
    party = Party.objects.filter(case=case).order_by("id").first()
    if party is None:
        party = _parties(case, complainant, patient, intake, actor, now)
    else:
        Party.objects.filter(pk=party.pk).update(
            person=complainant or party.person, relation=intake.relation, roles=_roles(complainant, patient, intake)
        )
        party.refresh_from_db()
        if patient is not None and complainant is not None and patient.pk != complainant.pk:
            Party.objects.create(case=case, person=patient, roles=["patient"], relation="self", added_at=now)
    if intake.complainant.contacts:
        _reachable_from_now(case)
    plain, private = _around(case, party, intake, treatments, actor, now)
    plain |= {"danger_signs": list(set(intake.danger_signs) - set(known_signs))}
    if case.harm == harm_before:  # said before, or judged by a doctor: nothing is stated anew
        del plain["harm"]
    common.occurrence_follow(case, actor=actor, now=now)
    secret = None
    if party is not None and not Receipt.objects.filter(case=case).exists():
        receipt, secret = receipt_row(case, party, now)
        rows_add([receipt])
    facts_record(
        [
            Fact(
                "case.completed",
                case.stream,
                plain=plain,
                private=private,
                texts={"narrative": narrative} if narrative else {},
                happened_at=intake.happened_at,
                subject=case,
            )
        ],
        actor=actor,
        now=now,
    )
    registered = Registered(case, party, secret)
    _claim(once, registered, now)
    return registered


def _claim(once: Token | None, registered: Registered, now: datetime) -> None:
    """Use the sender's key in the same commit, with the answer that a replay gets."""
    if once is None:
        return
    answer = {
        "reference": registered.case.reference,
        "case": str(registered.case.uid),
        "party": str(registered.party.uid) if registered.party else None,
        "secret": registered.secret,
    }
    idempotency.claim(token=once, answer=answer, now=now, stream=registered.case.stream)


@writes
def danger_raise(*, case: Case, signs: Sequence[str], words: str, actor: Actor, now: datetime) -> Case:
    """A danger sign reported later: outranks every step of the complaint; a doctor's task is due now."""
    case = common.case_locked(case)
    if actor.kind in {"user", "guest"}:
        common.require_may(case, "raise", actor, now)
    harm_before = case.harm
    common.case_change(
        case,
        now=now,
        danger="open",
        danger_signs=list(dict.fromkeys([*case.danger_signs, *signs])),
        harm=rules.Harm.ALLEGED if case.harm in (rules.Harm.NONE, rules.Harm.NOT_SERIOUS) else case.harm,
    )
    detail = {"signs": list(signs), "no_contact": not _ways_to_reach(case).exists()}
    Task.objects.create(case=case, kind="danger_review", role="doctor", due_at=now, opened_at=now, detail=detail)
    texts = {"words": common.words_frozen(case, "danger", words, now=now)} if words.strip() else {}
    common.tell(case, "case.danger_raised", actor=actor, now=now, plain={"signs": list(signs)}, texts=texts)
    if case.harm != harm_before:
        plain = {"state": str(case.harm), "occurred_on": case.occurred_on.isoformat() if case.occurred_on else None}
        common.tell(case, "harm.stated", actor=actor, now=now, plain=plain)
    common.occurrence_follow(case, actor=actor, now=now)
    return case


@writes
def danger_contact_take(*, case: Case, contact: Contact, actor: Actor, now: datetime) -> ContactPoint | None:
    """Somebody in danger says where we reach them, after all: theirs from now on, and the doctor's list no longer says
    that there is none. None when it was known already."""
    case = common.case_locked(case)
    party = Party.objects.select_related("person").filter(case=case, uid=actor.uid).first()
    if actor.kind != "party" or party is None:
        raise errors.MayNot("not_here")
    known = ContactPoint.objects.filter(person=party.person, kind=contact.kind, ended_at=None)
    if contact.value.strip() in {each.value for each in known}:
        return None
    made = contact_add(person=party.person, contact=contact, actor=actor, now=now)
    _reachable_from_now(case)
    common.case_change(case, now=now)
    common.tell(case, "party.contact_left", actor=actor, now=now, plain={"party": str(party.uid), "kind": contact.kind})
    return made


# --- parts ---------------------------------------------------------------------------------------------------------


def _ways_to_reach(case: Case) -> QuerySet[ContactPoint]:
    """Ways to reach anybody outside who has to do with this case."""
    return ContactPoint.objects.filter(person__in=Party.objects.filter(case=case).values("person"), ended_at=None)


def _reachable_from_now(case: Case) -> None:
    """The doctor's list need not say any more that nobody can be called."""
    waiting = Task.objects.filter(case=case, kind="danger_review", done_at=None, cancelled_at=None)
    for task in waiting.order_by("id"):
        if task.detail.get("no_contact"):
            task.detail = {**task.detail, "no_contact": False}
            task.save(update_fields=["detail"])


def _with_contacts_left(case: Case, intake: Intake) -> Intake:
    """Whoever left a number in the first minute and none in the form is still reached by it."""
    given = intake.complainant
    if given.contacts or given.person is not None:
        return intake
    left = _ways_to_reach(case).order_by("id")
    contacts = tuple(Contact(each.kind, each.value, preferred=each.preferred) for each in left)
    return replace(intake, complainant=replace(given, contacts=contacts)) if contacts else intake


def _describe(case: Case, intake: Intake) -> None:
    case.matter = (intake.matter.strip() or _first_words(intake))[:200]
    case.wishes, case.factors = list(intake.wishes), list(intake.factors)
    if case.harm not in rules.JUDGED_HARM:
        case.harm = intake.harm
    case.occurred_on = intake.occurred_on or case.occurred_on
    case.media = case.media or intake.media
    case.level = max(
        case.level,
        intake.level,
        rules.level_at_intake(danger_signs=intake.danger_signs, harm=rules.Harm(case.harm), media=intake.media),
    )
    causes = {cause for issue in intake.issues for cause in issue.causes}
    case.money = bool(rules.MONEY_CAUSES & causes or rules.MONEY_WISHES & set(intake.wishes))
    case.preferred_channel, case.preferred_hours = intake.preferred_channel, intake.preferred_hours
    case.communication_need = intake.communication_need


def _first_words(intake: Intake) -> str:
    """A working title out of the first sentence, until somebody gives the matter a better one."""
    if intake.issues and intake.issues[0].subject.strip():
        return intake.issues[0].subject.strip()
    line = " ".join(intake.narrative.split())
    for mark in "。！？!?；;":
        line = line.partition(mark)[0]
    return line[:MATTER_CHARS]


def _words(stream: str, intake: Intake, branch: Branch, now: datetime) -> Text | None:
    """The narrative, and each subject as a text that search finds, with one insert. Returns the narrative.

    A working title made of the narrative's first words is found in the narrative.
    """
    subjects = dict.fromkeys([intake.matter.strip()[:200], *(issue.subject.strip()[:200] for issue in intake.issues)])
    drafts = [Draft(stream, "subject", subject, branch.pk) for subject in subjects if subject]
    narrated = bool(intake.narrative.strip())
    if narrated:
        drafts.insert(0, Draft(stream, "narrative", intake.narrative, branch.pk))
    texts = texts_write(drafts, now=now)
    return texts[0] if narrated else None


def _people(
    branch: Branch, intake: Intake, language: str, actor: Actor, now: datetime
) -> tuple[Person | None, Person | None, list[TreatmentReceived]]:
    """Register who is new: the complainant, and the patient when that is somebody else. Treatments are the patient's."""
    treatments = tuple(issue.treatment for issue in intake.issues if issue.treatment is not None)
    itself = intake.patient is None or intake.patient.is_empty
    asked = [(intake.complainant, itself, treatments if itself else ())]
    if not itself:
        asked.append((intake.patient, True, treatments))
    nameless = actor.kind == "party"  # someone in danger gives no name, and still is somebody
    told = [given.person is not None or nameless or bool(done) or not given.is_empty for given, _, done in asked]
    people = [
        NewPerson(
            known=given.person,
            family_name=given.family_name,
            given_name=given.given_name,
            contacts=given.contacts,
            is_patient=is_patient,
            language=language,
            preferred_channel=intake.preferred_channel,
            preferred_hours=intake.preferred_hours,
            communication_need=intake.communication_need,
            treatments=done,
        )
        for (given, is_patient, done), somebody in zip(asked, told, strict=True)
        if somebody
    ]
    made = iter(people_take_down(branch=branch, people=people, source="intake", actor=actor, now=now) if people else ())
    taken = [next(made) if somebody else None for somebody in told]
    rows = [each.person if each else None for each in taken]
    complainant, patient = rows[0], rows[-1] if not itself or intake.relation == "self" else None
    return complainant, patient, taken[-1].treatments if taken[-1] else []


def _roles(complainant: Person | None, patient: Person | None, intake: Intake) -> list[str]:
    itself = intake.relation == "self" or (complainant and patient and complainant.pk == patient.pk)
    return ["complainant", "patient"] if itself else ["complainant", "representative"]


def _parties(case, complainant, patient, intake: Intake, actor: Actor, now: datetime) -> Party | None:
    """Who complained, and whose body it is; a party acting through the portal keeps the uid it acts under."""
    if complainant is None:
        return None
    uid = UUID(actor.uid) if actor.kind == "party" else chance.uid()
    parties = [
        Party(
            uid=uid,
            case=case,
            person=complainant,
            roles=_roles(complainant, patient, intake),
            relation=intake.relation,
            added_at=now,
        )
    ]
    if patient is not None and patient.pk != complainant.pk:
        parties.append(Party(case=case, person=patient, roles=["patient"], relation="self", added_at=now))
    return rows_add(parties)[0]


def _around(case, party, intake: Intake, treatments, actor: Actor, now: datetime) -> tuple[dict, dict]:
    """Issues, consents, demands and files; returns what the fact says of them."""
    found = iter(treatments)
    issues = rows_add(
        CaseIssue(
            case=case,
            subject=issue.subject.strip()[:200] or case.matter,
            treatment=next(found, None) if issue.treatment is not None else None,
            primary_cause=issue.causes[0] if issue.causes else "",
            causes=list(issue.causes),
            added_at=now,
        )
        for issue in (intake.issues or (IssueGiven(subject=case.matter),))
    )
    rows_add(
        Consent(case=case, purpose=c.purpose, version=c.version, given=c.given, at=now) for c in intake.consents
    )
    kinds = dict.fromkeys(DEMANDS_OF_WISHES[w] for w in intake.wishes if w in DEMANDS_OF_WISHES)
    asked_at = min(intake.happened_at or now, now)
    demands = rows_add(
        Demand(case=case, kind=kind, asked_by=party, asked_at=asked_at, recorded_at=now) for kind in kinds
    )
    source = "portal" if actor.kind == "party" else "desk"
    items = items_make(
        (ItemGiven(stored, source) for stored in intake.files),
        stream=case.stream,
        branch_id=case.branch_id,
        actor=actor,
        now=now,
        first=1,
    )
    plain = {
        "level": case.level,
        "harm": str(case.harm),
        "occurred_on": case.occurred_on.isoformat() if case.occurred_on else None,
        "danger_signs": list(intake.danger_signs),
        "issues": [str(row.uid) for row in issues],
        "causes": sorted({cause for issue in intake.issues for cause in issue.causes}),
        "wishes": list(intake.wishes),
        "factors": list(intake.factors),
        "relation": intake.relation,
        "communication_need": bool(intake.communication_need),
        "party": str(party.uid) if party else None,
        "person": str(party.person.uid) if party else None,
        "consents": [[c.purpose, c.version, c.given] for c in intake.consents],
        "demands": [{"kind": d.kind, "demand": str(d.uid)} for d in demands],
        "files": [[str(f.uid), f.sha256] for f in intake.files],
        "items": [[item.number, str(item.uid)] for item in items],
        "complained": sorted(intake.complained_user_ids),
    }
    private = {
        "matter": case.matter,
        "preferred_hours": intake.preferred_hours,
        "communication_words": intake.communication_need,
        "subjects": [row.subject for row in issues],
    }
    return plain, {name: value for name, value in private.items() if value}


def _staff(case: Case, intake: Intake, owner: User | None, registered_by: User | None, now: datetime) -> None:
    pairs = [(registered_by.pk, "registered")] if registered_by else []
    pairs += [(owner.pk, "owner")] if owner else []
    pairs += [(user_id, "complained") for user_id in intake.complained_user_ids]
    if owner is not None and owner.pk in intake.complained_user_ids:
        raise errors.PersonComplainedAbout()
    rows_add(Involvement(case=case, user_id=u, kind=kind, since=now) for u, kind in pairs)


def _tasks(case: Case, intake: Intake, now: datetime) -> None:
    """A doctor now, when there is a danger sign; the missing date today, when harm is alleged without one."""
    tasks = []
    if intake.danger_signs:
        detail = {"signs": list(intake.danger_signs), "no_contact": not intake.complainant.contacts}
        tasks.append(Task(case=case, kind="danger_review", role="doctor", due_at=now, opened_at=now, detail=detail))
    asks = common.occurrence_task(case, now)
    common.tasks_add(case, [*tasks, asks] if asks else tasks)
