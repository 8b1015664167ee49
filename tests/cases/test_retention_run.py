"""What no law keeps any longer is proposed once a day, and nothing of it goes before a person says so, case by case."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.cases import errors
from suyuan.cases.jobs import retention, retention_one
from suyuan.cases.models import Case, Party, RetentionProposal
from suyuan.cases.selectors.retention import OF_CASES
from suyuan.cases.selectors.rights import Subject, parts_of
from suyuan.cases.services.holding import case_hold_lift, case_hold_place
from suyuan.cases.services.intake import PersonGiven
from suyuan.cases.services.retention import retention_carry_out, retention_keep, retention_order
from suyuan.people.models import Person
from suyuan.platform.models import ErasureOrder, FactRow, Hold, Job, StoredFile
from suyuan.platform.verify import verify_streams
from tests.cases.cast import NOON, fresh, types_of
from tests.cases.test_rights import LONG_AFTER, WORD, _every_word_left, ended, file_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-03")]

DAY, YEAR = timedelta(days=1), timedelta(days=366)


@pytest.fixture
def old(make_case, cast):
    """Three cases that ended, each with a file; the middle one is of the mainland's law."""
    made = []
    for branch, who in ((cast.tn, cast.manager), (cast.sh, cast.mainlander), (cast.tn, cast.manager)):
        person = PersonGiven(family_name=WORD, given_name=str(len(made)))
        case = make_case(branch=branch, complainant=person, narrative=f"{WORD} {len(made)}")
        file_of(case, who.actor, "desk")
        made.append(ended(case, cast))
    return made


def open_ones() -> list[Case]:
    return [row.case for row in RetentionProposal.objects.filter(ended_at=None).order_by("case_id")]


def work(now) -> None:
    for queued in Job.objects.filter(name="cases.retention_carry_out"):
        retention_one(queued.args, now)


@pytest.mark.sqlite
def test_it_is_proposed_on_the_first_day_on_which_no_law_keeps_it_and_once(old):
    def last_day(case: Case):
        return max(part.kept.until for part in parts_of(fresh(case), Subject(case.parties.get().person), OF_CASES, NOON.date()))

    assert len({last_day(case) for case in old}) == 2, "the mainland keeps longer"
    for case in sorted(old, key=last_day):
        last = last_day(case)
        at = NOON + timedelta(days=(last - NOON.date()).days)
        if not RetentionProposal.objects.filter(until=last).exists():
            retention({}, at)
            assert case not in open_ones(), "on its last day it is kept"
        retention({}, at + DAY)
        retention({}, at + 2 * DAY)
        row = RetentionProposal.objects.get(case=case)
        assert (row.until, row.found_at, row.decision) == (last, at + DAY, "")
    assert WORD in _every_word_left() and not ErasureOrder.objects.exists(), "proposed is not erased"
    assert [types_of(case).count("retention.proposed") for case in old] == [1, 1, 1]


def test_a_case_that_cannot_be_looked_at_keeps_no_other_waiting_and_is_named(old):
    broken, *others = old
    Person.objects.filter(pk=broken.parties.get().person_id).update(birth_date_sealed=b"damaged")
    with pytest.raises(ExceptionGroup) as told:
        retention({}, LONG_AFTER)
    assert open_ones() == others
    assert [error.__notes__ for error in told.value.exceptions] == [[broken.reference]]


def test_a_hold_keeps_a_case_from_being_proposed_and_refuses_what_was_ordered_before(old, cast):
    first, _other, last = old
    case_hold_place(case=first, kind="court", reason="來函", actor=cast.manager.actor, now=NOON)
    retention({}, LONG_AFTER)
    assert open_ones() == old[1:]
    hold = Hold.objects.get(stream=first.stream)
    case_hold_lift(case=first, hold=hold, reason="結束", actor=cast.head.actor, now=LONG_AFTER)
    retention({}, LONG_AFTER + DAY)
    assert open_ones() == old

    mine = list(RetentionProposal.objects.filter(case__in=(first, last)))
    with pytest.raises(errors.MayNot):
        retention_order(proposals=mine, actor=cast.manager.actor, now=LONG_AFTER)
    retention_order(proposals=mine, actor=cast.head.actor, now=LONG_AFTER)
    case_hold_place(case=last, kind="court", reason="又來函", actor=cast.manager.actor, now=LONG_AFTER)
    work(LONG_AFTER)
    done, refused = RetentionProposal.objects.get(case=first), RetentionProposal.objects.get(case=last)
    assert (done.decision, bool(done.ended_at), done.decided_by) == ("erase", True, cast.head.user)
    assert (refused.decision, refused.refused, refused.ended_at) == ("", "held", None)
    assert set(ErasureOrder.objects.values_list("basis", flat=True)) == {"retention"}
    assert {StoredFile.objects.get(item__stream=case.stream).state for case in (first,)} == {"destroyed"}
    assert StoredFile.objects.get(item__stream=last.stream).state == "stored"
    assert first.narrative.__class__.objects.get(pk=first.narrative_id).body == "" and fresh(last).narrative.body
    assert FactRow.objects.filter(type="retention.refused", stream=last.stream).count() == 1
    report = verify_streams()
    assert report.holds, [str(fault) for fault in report.faults]
    retention({}, LONG_AFTER + DAY)
    assert RetentionProposal.objects.filter(case=first).count() == 1


def test_what_is_needed_again_is_taken_back_or_refused(old, make_case, cast):
    first, _other, last = old
    retention({}, LONG_AFTER)
    ordered = RetentionProposal.objects.get(case=last)
    retention_order(proposals=[ordered], actor=cast.head.actor, now=LONG_AFTER)
    Case.objects.filter(pk__in=(first.pk, last.pk)).update(ended_at=LONG_AFTER - YEAR)
    work(LONG_AFTER)
    ordered.refresh_from_db()
    assert (ordered.decision, ordered.refused) == ("", "not_due_yet")
    retention({}, LONG_AFTER + DAY)
    assert {row.case: row.decision for row in RetentionProposal.objects.filter(case__in=(first, last))} == {first: "lapsed", last: "lapsed"}


def test_somebody_who_has_another_case_stays_known(old, make_case, cast):
    first = old[0]
    person = first.parties.get().person
    other = make_case()
    Party.objects.filter(case=other).update(person=person)
    ended(other, cast, LONG_AFTER - YEAR)
    retention({}, LONG_AFTER)
    retention_order(proposals=[RetentionProposal.objects.get(case=first)], actor=cast.head.actor, now=LONG_AFTER)
    work(LONG_AFTER)
    person.refresh_from_db()
    assert person.full_name and fresh(first).narrative.body == ""


def test_whoever_keeps_it_says_why_and_is_asked_again_in_a_year(old, cast):
    retention({}, LONG_AFTER)
    row = RetentionProposal.objects.get(case=old[0])
    with pytest.raises(errors.BadInput):
        retention_keep(proposal=row, reason=" ", actor=cast.head.actor, now=LONG_AFTER)
    retention_keep(proposal=row, reason="研究倫理", actor=cast.head.actor, now=LONG_AFTER)
    with pytest.raises(errors.AlreadyDone):
        retention_order(proposals=[row], actor=cast.head.actor, now=LONG_AFTER)
    retention({}, LONG_AFTER + 300 * DAY)
    assert old[0] not in open_ones()
    retention({}, LONG_AFTER + YEAR)
    assert old[0] in open_ones() and WORD in _every_word_left()


def test_a_second_worker_finds_it_done_and_takes_nothing_back(old, cast):
    retention({}, LONG_AFTER)
    row = RetentionProposal.objects.get(case=old[0])
    retention_order(proposals=[row], actor=cast.head.actor, now=LONG_AFTER)
    row = RetentionProposal.objects.select_related("case__branch", "decided_by").get(pk=row.pk)
    late = RetentionProposal.objects.select_related("case__branch", "decided_by").get(pk=row.pk)
    retention_carry_out(proposal=row, now=LONG_AFTER)
    retention_carry_out(proposal=late, now=LONG_AFTER)
    row.refresh_from_db()
    assert (row.decision, row.decided_by, row.refused, bool(row.ended_at)) == ("erase", cast.head.user, "", True)
    assert types_of(old[0]).count("retention.refused") == 0 and types_of(old[0]).count("retention.carried_out") == 1
