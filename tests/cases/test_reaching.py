"""What a person sees as SQL and as rules in memory: the same cases, whichever of its plans the database is given."""
from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from suyuan.accounts.models import GuestGrant
from suyuan.accounts.rules import reach, sees
from suyuan.accounts.selectors import profile_of
from suyuan.cases import reaching
from suyuan.cases.models import Case, Involvement, Promise, Task
from suyuan.cases.selectors import today_for
from suyuan.cases.selectors.door import view_of
from suyuan.cases.selectors.today import AHEAD, LATE
from tests.cases.cast import CAST, HOUR, NOON, case_made, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02"), pytest.mark.requirement("A-20")]

ROLES = ("case_manager", "doctor", "legal", "public_relations", "finance", "head_of_clinic", "nurse", "auditor")


@pytest.fixture(params=[0, 10_000], ids=["asked case by case", "listed"])
def plan(request, monkeypatch):
    """Whether a role counts as having very many tasks."""
    monkeypatch.setattr(reaching, "MANY_TASKS", request.param)
    monkeypatch.setattr(reaching, "_crowded", {})


@pytest.fixture
def crowd(cast):
    """Cases of every branch with everything that a relation may hang on, thrown together with a fixed seed."""
    chance = random.Random(20260311)
    people = [getattr(cast, name) for name in CAST]
    for n in range(14):
        branch = (cast.tn, cast.tp, cast.sh)[n % 3 if n > 4 else 0]
        case = case_made(cast, branch=branch)
        Case.objects.filter(pk=case.pk).update(
            level=chance.choice((0, 1, 2, 3)),
            department=cast.surgery if chance.random() < 0.3 else None,
            **{flag: chance.random() < 0.25 for flag in ("legal", "media", "money", "escalated", "asked_legal")},
        )
        owner, *others = chance.sample(people, 4)
        Case.objects.filter(pk=case.pk).update(owner=owner.user)
        Involvement.objects.create(case=case, user=owner.user, kind="owner", since=NOON)
        for person in others:
            kind = chance.choice(("task", "investigator", "complained"))
            until = NOON if chance.random() < 0.2 else None
            Involvement.objects.create(case=case, user=person.user, kind=kind, since=NOON, until=until)
        for role in chance.sample(ROLES, 2):
            done = NOON if chance.random() < 0.3 else None
            Task.objects.create(case=case, kind="other", role=role, opened_at=NOON, due_at=NOON + HOUR, done_at=done)
    guest = cast.stranger.user
    stream = Case.objects.filter(branch=cast.tn).first().stream
    GuestGrant.objects.create(
        user=guest, kind="lawyer", stream=stream, branch=cast.tn, last_day=date(2026, 4, 1), reason="法律意見",
        invited_by=cast.head.user,
    )  # fmt: skip
    return cast


def test_the_database_shows_what_the_rules_say(crowd, plan):
    cases = [fresh(case) for case in Case.objects.order_by("pk")]
    different = set()
    for name in CAST:
        profile = profile_of(getattr(crowd, name).user, NOON)
        by_rules = {case.pk for case in cases if sees(profile, view_of(case))}
        assert set(Case.objects.within(reach(profile)).values_list("pk", flat=True)) == by_rules, name
        of_theirs = Task.objects.filter(reaching.within(reach(profile), "case__"))
        assert set(of_theirs.values_list("case_id", flat=True)) == by_rules & {t.case_id for t in Task.objects.all()}, name
        different.add(frozenset(by_rules))
    assert len(different) > 8, "the crowd tells the roles apart"


def test_a_role_with_very_many_tasks_is_asked_case_by_case(crowd, plan, monkeypatch):
    held = reach(profile_of(crowd.nurse.user, NOON))
    said = str(Case.objects.within(held).query)
    assert ("EXISTS" in said) == (reaching.MANY_TASKS == 0)
    monkeypatch.setattr(reaching, "MANY_TASKS", 10_000 - reaching.MANY_TASKS)
    assert ("EXISTS" in str(Case.objects.within(held).query)) == ("EXISTS" in said), "known for a minute"


# --- my day --------------------------------------------------------------------------------------------------------


def test_a_backlog_does_not_hide_what_comes_today(cast, make_case):
    case, later = make_case(), NOON + timedelta(minutes=5)
    Promise.objects.bulk_create(
        Promise(case=case, words=f"第 {n} 件", due_at=NOON - HOUR * n, made_at=NOON - HOUR * 900) for n in range(200)
    )
    Promise.objects.create(case=case, words="今天下午回電", due_at=later + HOUR, made_at=NOON)
    day = today_for(profile_of(cast.manager.user, later), now=later)
    assert len(day.late) == LATE and day.late_more
    assert day.late[0].when == min(p.due_at for p in Promise.objects.all())
    assert "今天下午回電" in [line.what for line in day.today]
    assert len(day.today) <= 3 * AHEAD


def test_few_late_ones_are_all_shown(cast, make_case):
    case = make_case()
    Promise.objects.create(case=case, words="昨天該回電", due_at=NOON - HOUR, made_at=NOON - HOUR * 30)
    day = today_for(profile_of(cast.manager.user, NOON), now=NOON)
    assert [line.what for line in day.late] == ["昨天該回電"] and not day.late_more


def test_who_is_called_in_about_a_late_clock_sees_the_clock_once(cast, make_case):
    from suyuan.cases.services.clocks import clocks_sweep

    case = make_case()
    long_after = NOON + timedelta(days=40)
    clocks_sweep(long_after)
    called = Task.objects.filter(case=case, clock__isnull=False, role="head_of_clinic")
    assert called.exists()
    day = today_for(profile_of(cast.head.user, long_after), now=long_after)
    kinds = [line.kind for line in (*day.late, *day.today)]
    assert "clock" in kinds and "task" not in kinds
