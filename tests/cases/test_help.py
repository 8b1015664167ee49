"""A colleague is called with the case in front of them: who may be called, what it opens, how it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.accounts.models import User
from suyuan.accounts.rules import sees
from suyuan.accounts.selectors import profile_for
from suyuan.cases import errors
from suyuan.cases.models import Case
from suyuan.cases.services import handling
from suyuan.cases.services.common import case_view
from suyuan.cases.services.parties import complained_set
from tests.cases.cast import NOON, facts_of, types_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-28"), pytest.mark.sqlite]


def called(case: Case, whom, by, words: str = "對方在線上，要求院長說話"):
    return handling.help_call(case=case, user=whom.user, words=words, actor=by.actor, now=NOON)


def reads(case: Case, who) -> bool:
    return sees(profile_for(who.actor, NOON), case_view(case))


@pytest.mark.postgres
def test_a_call_opens_the_case_until_it_is_done_and_says_who_asked(cast, make_case):
    case = make_case()
    assert not reads(case, cast.nurse)
    task = called(case, cast.nurse, cast.receptionist)
    assert reads(case, cast.nurse) and task.due_at == NOON + timedelta(minutes=15)
    assert called(case, cast.nurse, cast.receptionist).pk == task.pk, "called twice, it is the same call"
    assert types_of(case)[-1] == "help.called" and facts_of(case, "help.called")[0].value("user") == str(cast.nurse.user.uid)

    with pytest.raises(errors.CalledSomebodyElse):
        handling.help_answer(task=task, actor=cast.manager.actor, now=NOON)
    handling.help_answer(task=task, actor=cast.nurse.actor, now=NOON)
    with pytest.raises(errors.AlreadyDone):
        handling.help_answer(task=task, actor=cast.nurse.actor, now=NOON)
    handling.task_finish(task=task, actor=cast.nurse.actor, now=NOON)
    assert types_of(case)[-2:] == ["help.answered", "task.done"] and not reads(case, cast.nurse)


def test_nobody_calls_who_may_not_read_it_or_is_complained_about_or_themselves(cast, make_case):
    case = make_case()
    with pytest.raises(errors.ReadsNoWords):
        called(case, cast.cashier, cast.receptionist)
    with pytest.raises(errors.NotOfThisBranch):
        called(case, cast.stranger, cast.receptionist)
    with pytest.raises(errors.CallingOneself):
        called(case, cast.receptionist, cast.receptionist)
    complained_set(case=case, user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.PersonComplainedAbout):
        called(case, cast.accused, cast.receptionist)
    assert cast.accused.user not in handling.callable_now(case, cast.receptionist.pk, set(), NOON)


def test_those_at_a_screen_come_first_then_as_the_house_would_ask_them(cast, make_case):
    case = make_case()
    everyone = handling.callable_now(case, cast.receptionist.pk, set(), NOON)
    assert everyone[0] in (cast.manager.user, cast.colleague.user) and cast.receptionist.user not in everyone
    assert cast.cashier.user not in everyone and cast.auditor.user not in everyone and cast.spokesman.user not in everyone
    at_hand = handling.callable_now(case, cast.receptionist.pk, {cast.doctor.pk}, NOON)
    assert at_hand[0] == cast.doctor.user and set(at_hand) == set(everyone)
    assert User.objects.filter(pk__in=[user.pk for user in everyone]).count() == len(everyone)
