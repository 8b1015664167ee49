"""Finding out what happened, hearing everyone, and telling the person what we found."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from suyuan.accounts.models import User
from suyuan.cases import errors, rules
from suyuan.cases.models import (
    Case,
    CaseIssue,
    ConflictCheck,
    Disclosure,
    Finding,
    Involvement,
    Party,
    RootCause,
    StaffStatement,
)
from suyuan.cases.phrases import WISHES, label
from suyuan.cases.rules import Stage
from suyuan.cases.selectors.inquiry import kinds_now
from suyuan.cases.services.handling.parts import (
    LONG_WORDS,
    begin,
    begin_open,
    case_change,
    case_locked,
    involve,
    is_complained_about,
    known,
    may_look_into,
    procedure,
    release,
    require_may,
    said,
    short,
    stage_step,
    stated_time,
    tell,
    words_frozen,
)
from suyuan.cases.services.handling.steps import INVESTIGATOR, steps_pass
from suyuan.cases.services.inquiry import citations_add, cited, conflict_note, is_doctor, items_cited
from suyuan.correspondence.services import message_draft, message_mark_sent, message_queue
from suyuan.evidence.models import Item
from suyuan.kernel.actor import Actor
from suyuan.people.models import ContactPoint
from suyuan.platform.units import writes

ROOT_CAUSE = "root_cause"
STATES_OF_FINDINGS = frozenset({Stage.INVESTIGATING, Stage.DISCLOSED, Stage.RESPONDED})

# How words reach the person, and the channel of the message that carries them.
METHODS = {
    "portal": "portal",
    "email": "email",
    "letter": "letter",
    "in_person": "in_person",
    "telephone": "phone_note",
    "sms": "sms",
    "line": "line",
}
SENT_BY_US = frozenset({"portal", "email"})
FINDINGS, ANSWER = "findings", "answer"
_AT_ONCE = timedelta(0)


# --- who investigates ----------------------------------------------------------------------------------------------


@writes
def investigator_appoint(
    *, case: Case, user: User, expertise: str = "", reason: str = "", actor: Actor, now: datetime
) -> Case:
    """Appoint someone with the right expertise, of any role, from any branch under the same law; they then read the case.

    Never a person complained about (PersonComplainedAbout), nor one who treated the patient (TreatedThePatient). Whoever
    stands near to a party is appointed with a reason (ConflictNeedsReason).
    """
    case = begin_open(case, "appoint", actor, now)
    if Involvement.objects.filter(case=case, user=user, kind=INVESTIGATOR, until=None).exists():
        raise errors.AlreadyDone()
    expertise = short(expertise, 120, "expertise")
    check = appointed(case, user, INVESTIGATOR, reason, actor, now)
    plain = {"user": str(user.uid), "check": str(check.uid), "seen": check.seen}
    private = {"name": user.display_name, "expertise": expertise, "reason": check.reason}
    tell(case, "investigator.appointed", actor=actor, now=now, plain=plain, private=private)
    return case


def appointed(
    case: Case, user: User, capacity: str, reason: str, actor: Actor, now: datetime
) -> ConflictCheck:
    """What every appointment does: bars looked at, connections written down, the case opened to the person."""
    may_look_into(case, user, now)
    check = conflict_note(case, user, capacity, reason, actor, now)
    first = not Involvement.objects.filter(case=case, kind=INVESTIGATOR, until=None).exists()
    for kind in {INVESTIGATOR, capacity}:
        involve(case, user.pk, kind, now)
    if first:
        steps_pass(case, INVESTIGATOR, user.pk, now)
    case_change(case, now=now)
    return check


@writes
def reviewer_appoint(*, case: Case, user: User, reason: str = "", actor: Actor, now: datetime) -> Case:
    """Ask a doctor who did not treat this patient to judge the standard of care; a second one gives a second opinion.

    They read the case as investigators do. Raises NotADoctor, TreatedThePatient, PersonComplainedAbout, ConflictNeedsReason.
    """
    case = begin_open(case, "appoint", actor, now)
    if not is_doctor(user, case, now):
        raise errors.NotADoctor()
    if Involvement.objects.filter(case=case, user=user, kind="reviewer", until=None).exists():
        raise errors.AlreadyDone()
    check = appointed(case, user, "reviewer", reason, actor, now)
    plain = {"user": str(user.uid), "check": str(check.uid), "seen": check.seen}
    private = {"name": user.display_name, "reason": check.reason}
    tell(case, "reviewer.appointed", actor=actor, now=now, plain=plain, private=private)
    return case


@writes
def investigator_release(*, case: Case, user: User, reason: str = "", actor: Actor, now: datetime) -> Case:
    """This person no longer investigates; what they recorded stays."""
    case = begin(case, "appoint", actor, now)
    if not release(case, user.pk, INVESTIGATOR, now):
        raise errors.AlreadyDone()
    release(case, user.pk, "reviewer", now)
    steps_pass(case, INVESTIGATOR, _investigator(case), now)
    case_change(case, now=now)
    told = said(case, "reason", reason, now=now)
    told["private"] = {**told.get("private", {}), "name": user.display_name}
    tell(case, "investigator.released", actor=actor, now=now, plain={"user": str(user.uid)}, **told)
    return case


def _investigator(case: Case) -> int | None:
    rows = Involvement.objects.filter(case=case, kind=INVESTIGATOR, until=None).order_by("id")
    return rows.values_list("user_id", flat=True).first()


@writes
def case_investigate(*, case: Case, actor: Actor, now: datetime) -> Case:
    """Begin to find out what happened. Raises GatesShut, CaseMovedMeanwhile."""
    seen, case = case, begin(case, "investigate", actor, now)
    stage_step(seen, case, "investigate", now=now, investigated_at=now)
    tell(case, "case.investigation_started", actor=actor, now=now)
    return case


# --- what is found -------------------------------------------------------------------------------------------------


@writes
def finding_record(
    *,
    case: Case,
    words: str,
    issue: CaseIssue | None = None,
    basis: str = "",
    cites: Iterable[Item] = (),
    replaces: Finding | None = None,
    actor: Actor,
    now: datetime,
) -> Finding:
    """Write down an established fact or a conclusion, by an appointed investigator. A correction replaces, never erases.

    It cites the items it rests on; where there is none to cite, `basis` says on what else. Raises NothingCited.
    """
    case = begin(case, "record_finding", actor, now)
    if case.stage not in STATES_OF_FINDINGS:
        raise errors.WrongStage(stage=case.stage, move="record_finding")
    for row in (issue, replaces):
        if row is not None and row.case_id != case.pk:
            raise errors.OtherCase()
    if replaces is not None:
        if Finding.objects.filter(replaces=replaces).exists():
            raise errors.AlreadyCorrected()
        issue = issue or replaces.issue

    items = items_cited(case, cites, actor, now)
    if not items and not basis.strip():
        raise errors.NothingCited(fields={"cites": "empty"})
    text = words_frozen(case, "finding", words, now=now)
    finding = Finding.objects.create(
        case=case,
        issue=issue,
        words=text,
        basis=short(basis, 300, "basis"),
        by_id=actor.user_id,
        at=now,
        replaces=replaces,
    )
    citations_add(finding, items)
    case_change(case, now=now)
    plain = {"finding": str(finding.uid), **cited(items)}
    plain |= {"issue": str(issue.uid)} if issue else {}
    plain |= {"replaces": str(replaces.uid)} if replaces else {}
    kind = "finding.corrected" if replaces else "finding.recorded"
    tell(case, kind, actor=actor, now=now, plain=plain, private={"basis": finding.basis}, texts={"words": text})
    return finding


@writes
def root_cause_record(
    *, case: Case, whys: Iterable[str], root: str, factors: Iterable[str] = (), actor: Actor, now: datetime
) -> RootCause:
    """Five whys down to the root. Protected: it stands in its own stream, so that people dare to learn from it."""
    case = begin(case, "record_finding", actor, now)
    if case.stage not in STATES_OF_FINDINGS:
        raise errors.WrongStage(stage=case.stage, move="record_finding")
    whys = [short(why, LONG_WORDS, "whys") for why in whys if why.strip()]
    if not whys:
        raise errors.WordsMissing("whys")
    factors = list(dict.fromkeys(factors))
    for factor in factors:
        known(factor, {f.id for f in procedure(case).factors}, "factors")

    text = words_frozen(case, "root_cause", root, now=now, compartment=ROOT_CAUSE, field="root")
    cause = RootCause.objects.create(
        case=case, whys=whys, root=text, factors=factors, by_id=actor.user_id, at=now
    )
    case_change(case, now=now)
    plain = {"root_cause": str(cause.uid), "whys": len(whys), "factors": factors}
    private = {f"why_{n}": why for n, why in enumerate(whys, 1)}
    tell(
        case,
        "root_cause.recorded",
        actor=actor,
        now=now,
        plain=plain,
        private=private,
        texts={"root": text},
        compartment=ROOT_CAUSE,
    )
    return cause


@dataclass(frozen=True)
class Bone:
    """One cause on a fishbone: under which bone, why it came to be, and whether it is a root."""

    bone: str
    cause: str
    why: str = ""
    root: bool = False


@writes
def fishbone_record(
    *, case: Case, bones: Iterable[Bone], root: str, factors: Iterable[str] = (), actor: Actor, now: datetime
) -> RootCause:
    """A fishbone with at least one cause named as root. Protected like the five whys."""
    case = begin(case, "record_finding", actor, now)
    if case.stage not in STATES_OF_FINDINGS:
        raise errors.WrongStage(stage=case.stage, move="record_finding")
    known_bones = {row.id for row in kinds_now(case, "fishbone_bones")}
    given = []
    for each in bones:
        known(each.bone, known_bones, "bones")
        cause = short(each.cause, 120, "bones", required=True)
        given.append({"bone": each.bone, "cause": cause, "why": short(each.why, 120, "bones"), "root": bool(each.root)})
    if not any(each["root"] for each in given):
        raise errors.NoRootNamed(fields={"bones": "no_root"})
    factors = list(dict.fromkeys(factors))
    for factor in factors:
        known(factor, {f.id for f in procedure(case).factors}, "factors")
    text = words_frozen(case, "root_cause", root, now=now, compartment=ROOT_CAUSE, field="root")
    cause = RootCause.objects.create(
        case=case, method="fishbone", bones=given, root=text, factors=factors, by_id=actor.user_id, at=now
    )
    case_change(case, now=now)
    plain = {"root_cause": str(cause.uid), "method": "fishbone", "bones": [b["bone"] for b in given], "factors": factors}
    private = {f"cause_{n}": [b["cause"], b["why"], b["root"]] for n, b in enumerate(given, 1)}
    tell(
        case, "root_cause.recorded", actor=actor, now=now, plain=plain, private=private, texts={"root": text},
        compartment=ROOT_CAUSE,
    )  # fmt: skip
    return cause


# --- the colleague complained about --------------------------------------------------------------------------------


@writes
def statement_ask(
    *, case: Case, user: User, alleged: str, due_at: datetime, actor: Actor, now: datetime
) -> StaffStatement:
    """Ask a colleague complained about for their side: what is alleged in neutral words, and until when."""
    case = begin(case, "statement_ask", actor, now)
    if not is_complained_about(case, user.pk):
        raise errors.NotComplainedAbout()
    statement = StaffStatement.objects.select_for_update().filter(case=case, user=user).first()
    if statement is not None and statement.asked_at:
        raise errors.AlreadyDone()
    if due_at <= now:
        raise errors.PromiseInThePast()

    text = words_frozen(case, "statement.alleged", alleged, now=now, field="alleged")
    statement = statement or StaffStatement(case=case, user=user)
    statement.alleged, statement.asked_at, statement.due_at = text, now, due_at
    _save(statement, ["alleged", "asked_at", "due_at"])
    case_change(case, now=now)
    plain = {"statement": str(statement.uid), "user": str(user.uid), "due": due_at.isoformat()}
    texts = {"alleged": text}
    tell(case, "statement.requested", actor=actor, now=now, plain=plain, private={"name": user.display_name}, texts=texts)
    return statement


@writes
def statement_give(*, statement: StaffStatement, words: str, actor: Actor, now: datetime) -> StaffStatement:
    """The colleague's own answer, once, in their words. Only they can give it, and it opens nothing else to them."""
    case = case_locked(statement.case)
    require_may(case, "statement_give", actor, now)
    statement = StaffStatement.objects.select_for_update().get(pk=statement.pk)
    if statement.user_id != actor.user_id or statement.asked_at is None:
        raise errors.MayNot("not_here")
    if statement.answered_at:
        raise errors.AlreadyDone()
    text = words_frozen(case, "statement.answer", words, now=now)
    statement.answer, statement.answered_at = text, now
    statement.save(update_fields=["answer", "answered_at"])
    case_change(case, now=now)
    plain = {"statement": str(statement.uid)}
    tell(case, "statement.given", actor=actor, now=now, plain=plain, texts={"words": text})
    return statement


@writes
def support_offer(*, case: Case, user: User, words: str, actor: Actor, now: datetime) -> StaffStatement:
    """What the house offers a colleague complained about: someone to talk to, time off, counsel."""
    case = begin(case, "statement_ask", actor, now)
    if not is_complained_about(case, user.pk):
        raise errors.NotComplainedAbout()
    words = short(words, 300, "words", required=True)
    statement = StaffStatement.objects.select_for_update().filter(case=case, user=user).first()
    statement = statement or StaffStatement(case=case, user=user)
    statement.support, statement.support_at = words, now
    _save(statement, ["support", "support_at"])
    case_change(case, now=now)
    plain = {"statement": str(statement.uid), "user": str(user.uid)}
    private = {"name": user.display_name, "words": words}
    tell(case, "support.offered", actor=actor, now=now, plain=plain, private=private)
    return statement


def _save(statement: StaffStatement, columns: list[str]) -> None:
    if statement.pk is None:
        statement.save(force_insert=True)
    else:
        statement.save(update_fields=columns)


# --- telling the person --------------------------------------------------------------------------------------------


@writes
def case_disclose(
    *,
    case: Case,
    words: str,
    method: str,
    happened_at: datetime | None = None,
    templates: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> Disclosure:
    """Tell the person in plain language what was found. Frozen and delivered in the same write."""
    known(method, METHODS, "method")
    seen, case = case, begin(case, "disclose", actor, now)
    stated_time(happened_at, now)
    stage_step(seen, case, "disclose", now=now, given=frozenset({"disclosure_written"}), disclosed_at=now)
    return _deliver(case, FINDINGS, "case.findings_disclosed", words, method, happened_at, templates, actor, now)


@dataclass(frozen=True)
class WishAnswer:
    """What becomes of one thing the person wished for, and why when it is not simply done."""

    wish: str
    outcome: str
    reason: str = ""


@writes
def case_respond(
    *,
    case: Case,
    words: str,
    method: str,
    wishes: Iterable[WishAnswer] = (),
    happened_at: datetime | None = None,
    templates: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> Disclosure:
    """The final written answer of the clinic. It ends with what becomes of each wish, point by point.

    Raises GatesShut while a wish has no outcome, WordsMissing when one is not simply granted and nothing says why.
    """
    known(method, METHODS, "method")
    seen, case = case, begin(case, "respond", actor, now)
    stated_time(happened_at, now)
    answered = [_wish_answered(case, given) for given in wishes]
    stage_step(
        seen,
        case,
        "respond",
        now=now,
        given=frozenset({"final_answer_sent"}),
        wished=frozenset(each.wish for each in answered),
        responded_at=now,
    )
    if words.strip() and answered:
        words = "\n\n".join((words.rstrip(), wishes_words(case, answered)))
    plain = {"wishes": [{"wish": each.wish, "outcome": each.outcome} for each in answered]}
    private = {f"wish_{n}": each.reason for n, each in enumerate(answered, 1)}
    more = {"plain": plain, "private": private}
    return _deliver(case, ANSWER, "case.responded", words, method, happened_at, templates, actor, now, **more)


def _wish_answered(case: Case, given: WishAnswer) -> WishAnswer:
    known(given.wish, case.wishes, "wishes")
    known(given.outcome, rules.WISH_OUTCOMES, "wishes")
    reason = short(given.reason, 300, "wishes", required=given.outcome != "granted")
    return WishAnswer(given.wish, given.outcome, reason)


def wishes_words(case: Case, answered: Iterable[WishAnswer]) -> str:
    """The answer point by point, in the language of the case: it is frozen with the letter it belongs to."""
    with translation.override(case.language):
        lines = [_("您希望的處理，我們逐項答覆：")]
        for each in answered:
            said_ = {
                "wish": str(procedure(case).words("remedies", each.wish)),
                "outcome": label(WISHES, each.outcome),
                "reason": each.reason,
            }
            lines.append((_("・%(wish)s：%(outcome)s。%(reason)s") if each.reason else _("・%(wish)s：%(outcome)s。")) % said_)
    return "\n".join(lines)


def _deliver(
    case: Case,
    kind: str,
    fact_type: str,
    words: str,
    method: str,
    happened_at: datetime | None,
    templates: Sequence[str],
    actor: Actor,
    now: datetime,
    plain: Mapping[str, Any] = MappingProxyType({}),
    private: Mapping[str, str] = MappingProxyType({}),
) -> Disclosure:
    """One set of frozen words: the message that carries them, the disclosure that keeps them, the fact that commits them."""
    if not words.strip():
        raise errors.WordsMissing("words")
    message = message_draft(
        stream=case.stream,
        branch_id=case.branch_id,
        channel=METHODS[method],
        kind=kind,
        body=words,
        to=_mail_address(case) if method == "email" else "",
        language=case.language,
        templates=templates,
        actor=actor,
        now=now,
    )
    if method in SENT_BY_US:
        # Words that moved the case are not taken back in a minute of second thoughts.
        by_mail = case.preferred_channel == "email"
        message = message_queue(message=message, undo=_AT_ONCE, may_carry_content=by_mail, actor=actor, now=now)
    else:
        message = message_mark_sent(message=message, happened_at=happened_at, actor=actor, now=now)
    disclosure = Disclosure.objects.create(
        case=case, kind=kind, words=message.text, method=method, by_id=actor.user_id, at=now
    )
    tell(
        case,
        fact_type,
        actor=actor,
        now=now,
        plain={"disclosure": str(disclosure.uid), "method": method, "message": str(message.uid), **plain},
        private=private,
        texts={"words": message.text},
        happened_at=happened_at,
    )
    return disclosure


def _mail_address(case: Case) -> str:
    """The complainant's own address; without one, mail cannot be chosen."""
    people = Party.objects.filter(case=case).order_by("id")
    asking = [p.person_id for p in people if "complainant" in p.roles]
    points = ContactPoint.objects.filter(person_id__in=asking, kind="email", ended_at=None)
    found = points.order_by("-preferred", "id").first()
    if found is None:
        raise errors.NoMailAddress()
    return found.value
