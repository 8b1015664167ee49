"""Who is told that something waits: once each, without a word of what it is, never the person who did it."""
from __future__ import annotations

import pytest

from suyuan.cases.services import handling, investigation, parties
from suyuan.cases.services.handling.escalation import TELL, tell_staff
from suyuan.correspondence.models import StaffNotice
from suyuan.platform.models import Job
from tests.cases.cast import HOUR, NOON, facts_of, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]


@pytest.fixture
def case(make_case):
    return make_case()


def told_of(case, fact_type: str) -> set[str]:
    """Run what the facts of this type asked for, and see who got a notice."""
    for fact in facts_of(case, fact_type):
        job = Job.objects.get(name=TELL, args__fact=str(fact.uid))
        for _twice in range(2):
            tell_staff(job.args, NOON + HOUR)
    notices = StaffNotice.objects.filter(code=fact_type)
    assert notices.count() == notices.values("user_id").distinct().count()
    from suyuan.accounts.models import User

    return set(User.objects.filter(pk__in=notices.values("user_id")).values_list("login", flat=True))


@pytest.mark.postgres
@pytest.mark.requirement("A-06")
def test_a_new_complaint_is_told_to_those_who_give_it_an_owner(case):
    assert told_of(case, "case.opened") == {"manager", "colleague"}


@pytest.mark.requirement("D-02")
def test_level_three_is_told_to_its_owner_and_whom_the_pack_names(cast, case):
    handling.case_raise(case=case, level=3, reason="", actor=cast.manager.actor, now=NOON)
    assert told_of(case, "case.graded") == {"head", "surgeon", "colleague", "legal", "spokesman"}


@pytest.mark.requirement("B-03")
def test_whoever_is_named_is_told(cast, case):
    handling.case_assign(case=case, owner=cast.nurse.user, actor=cast.manager.actor, now=NOON)
    handling.speaker_name(case=case, speaker=cast.head.user, actor=cast.manager.actor, now=NOON)
    investigation.investigator_appoint(case=case, user=cast.doctor.user, actor=cast.manager.actor, now=NOON)
    assert told_of(case, "case.assigned") == {"nurse"}
    assert told_of(case, "speaker.named") == {"head"}
    assert told_of(case, "investigator.appointed") == {"doctor"}


def test_whoever_takes_it_on_themselves_is_not_told(cast, case):
    handling.case_assign(case=case, owner=cast.manager.user, actor=cast.manager.actor, now=NOON)
    assert told_of(case, "case.assigned") == set()


@pytest.mark.requirement("C-13")
def test_an_escalation_tells_whom_it_brings_in(cast, case):
    handling.case_flag(case=case, flag="legal", actor=cast.receptionist.actor, now=NOON)
    assert told_of(case, "case.escalated") == {"legal", "manager", "colleague"}


def test_a_person_complained_about_hears_only_that_they_are_asked(cast, case):
    parties.complained_set(case=case, user=cast.colleague.user, actor=cast.manager.actor, now=NOON)
    handling.case_raise(case=fresh(case), level=3, reason="", actor=cast.head.actor, now=NOON)
    assert "colleague" not in told_of(case, "case.graded") | told_of(case, "case.escalated")
    investigation.statement_ask(
        case=case, user=cast.colleague.user, alleged="電話沒有回", due_at=NOON + HOUR, actor=cast.manager.actor, now=NOON
    )
    assert told_of(case, "statement.requested") == {"colleague"}


def test_a_task_for_one_person_tells_that_person(cast, case):
    handling.task_open(
        case=case, kind="contact", title="回電", assignee=cast.nurse.user, actor=cast.manager.actor, now=NOON
    )
    assert told_of(case, "task.opened") == {"nurse"}
