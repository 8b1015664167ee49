"""Judging: the legal exposure of a case, and whether what was done met the standard of care."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from suyuan.cases import errors
from suyuan.cases.models import CareCitation, CareDissent, CareLine, CareSheet, Case, ExposureAnswer, Involvement
from suyuan.cases.selectors import compartments_for
from suyuan.cases.selectors.inquiry import kinds_now
from suyuan.cases.selectors.law import rules_to_cite
from suyuan.cases.services.handling.parts import (
    begin,
    case_change,
    is_complained_about,
    known,
    profile,
    tell,
    treated_by,
    words_frozen,
)
from suyuan.cases.services.inquiry import cited, is_doctor, items_cited
from suyuan.evidence.models import Item
from suyuan.kernel.actor import Actor
from suyuan.platform.rows import rows_add
from suyuan.platform.units import writes

COUNSEL = "counsel"
UNDETERMINED = "undetermined"


# --- legal exposure ------------------------------------------------------------------------------------------------


@writes
def exposure_answer(
    *, case: Case, question: str, answer: str, reason: str, rules: Iterable[str] = (), actor: Actor, now: datetime
) -> ExposureAnswer:
    """Answer one question of legal exposure (A-02), with why. It stands with counsel's material; earlier answers stay.

    `rules`: ids of rules of law that it rests on, of the law of the case.
    """
    case = begin(case, "exposure", actor, now)
    if COUNSEL not in compartments_for(profile(actor, now), case):
        raise errors.MayNot("not_here")
    known(question, {row.id for row in kinds_now(case, "exposure_questions")}, "question")
    known(answer, {row.id for row in kinds_now(case, "exposure_answers")}, "answer")
    lawful = rules_to_cite(case, now)
    rules = [known(rule, lawful, "rules") for rule in dict.fromkeys(rules)]
    text = words_frozen(case, "exposure", reason, now=now, compartment=COUNSEL, field="reason")
    row = ExposureAnswer.objects.create(
        case=case, question=question, answer=answer, reason=text, rules=rules, by_id=actor.user_id, at=now
    )
    case_change(case, now=now)
    plain = {"exposure": str(row.uid), "question": question, "answer": answer, "rules": rules}
    tell(case, "exposure.answered", actor=actor, now=now, plain=plain, texts={"reason": text}, compartment=COUNSEL)
    return row


# --- standard of care ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineGiven:
    """What is answered to one question, and the items it rests on."""

    question: str
    words: str
    cites: Sequence[Item] = ()


@writes
def care_sheet_save(
    *, case: Case, lines: Iterable[LineGiven], verdict: str = UNDETERMINED, sign: bool = False, actor: Actor, now: datetime
) -> CareSheet:
    """Save the reviewer's next version, and sign it if they say so; a signed one is final for this reviewer.

    To sign, every question is answered and every answer cites evidence, unless the verdict is that it is not determined
    (B-01). Raises MayNot, TreatedThePatient, LinesNotCited, AlreadySigned.
    """
    case = begin(case, "assess_care", actor, now)
    _still_neutral(case, actor, now)
    known(verdict, {row.id for row in kinds_now(case, "care_verdicts")}, "verdict")
    before = CareSheet.objects.filter(case=case, reviewer_id=actor.user_id).order_by("-version").first()
    if before is not None and before.signed_at:
        raise errors.AlreadySigned()
    given = {line.question: line for line in lines}
    wanted = [row.id for row in kinds_now(case, "care_questions")]
    for question in given:
        known(question, wanted, "question")
    if sign and verdict != UNDETERMINED:
        _every_line_cites(wanted, given)

    sheet = CareSheet.objects.create(
        case=case,
        reviewer_id=actor.user_id,
        version=before.version + 1 if before else 1,
        verdict=verdict,
        saved_at=now,
        signed_at=now if sign else None,
    )
    texts, cites, told = {}, [], []
    for question in wanted:
        line = given.get(question)
        if line is None or not (line.words.strip() or line.cites):
            continue
        text = words_frozen(case, "care_line", line.words, now=now, field=question) if line.words.strip() else None
        items = items_cited(case, line.cites, actor, now)
        row = CareLine.objects.create(sheet=sheet, question=question, words=text)
        rows_add(CareCitation(line=row, item=item) for item in items)
        texts |= {question: text} if text else {}
        cites += items
        told.append([question, [str(item.uid) for item in items]])
    case_change(case, now=now)
    plain = {"sheet": str(sheet.uid), "version": sheet.version, "verdict": verdict, "lines": told}
    plain |= cited(list(dict.fromkeys(cites)))
    fact = "care_sheet.signed" if sign else "care_sheet.saved"
    tell(case, fact, actor=actor, now=now, plain=plain, texts=texts)
    return sheet


def _still_neutral(case: Case, actor: Actor, now: datetime) -> None:
    """The reviewer was asked, is a doctor, did not treat this patient and is not complained about: now, not only then."""
    mine = Involvement.objects.filter(case=case, user_id=actor.user_id, kind="reviewer", until=None).select_related("user")
    asked = mine.first()
    if asked is None or not is_doctor(asked.user, case, now):
        raise errors.NotTheReviewer()
    if actor.user_id in treated_by(case):
        raise errors.TreatedThePatient()
    if is_complained_about(case, actor.user_id):
        raise errors.PersonComplainedAbout()


def _every_line_cites(wanted: Iterable[str], given: Mapping[str, LineGiven]) -> None:
    bare = [q for q in wanted if q not in given or not given[q].words.strip() or not given[q].cites]
    if bare:
        raise errors.LinesNotCited(bare)


@writes
def care_dissent(*, sheet: CareSheet, words: str, actor: Actor, now: datetime) -> CareDissent:
    """What somebody holds against a signed judgement. It is kept beside it and read with it."""
    case = begin(sheet.case, "dissent", actor, now)
    sheet = CareSheet.objects.select_for_update().get(pk=sheet.pk)
    if sheet.signed_at is None:
        raise errors.NotSignedYet()
    if sheet.reviewer_id == actor.user_id:
        raise errors.OwnJudgement()
    text = words_frozen(case, "care_dissent", words, now=now)
    row = CareDissent.objects.create(sheet=sheet, by_id=actor.user_id, words=text, at=now)
    case_change(case, now=now)
    plain = {"sheet": str(sheet.uid), "dissent": str(row.uid)}
    tell(case, "care_sheet.dissented", actor=actor, now=now, plain=plain, texts={"words": text})
    return row
