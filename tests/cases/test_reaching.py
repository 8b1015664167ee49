"""What a person sees as SQL and as rules in memory: the same cases, whichever of its plans the database is given."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.accounts.rules import reach, sees
from suyuan.accounts.selectors import profile_of
from suyuan.cases import reaching
from suyuan.cases.models import Case, Promise, Task
from suyuan.cases.selectors import today_for
from suyuan.cases.selectors.door import view_of
from suyuan.cases.selectors.today import AHEAD, LATE
from tests.cases.cast import CAST, HOUR, NOON, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02"), pytest.mark.requirement("A-20")]

@pytest.fixture(params=[0, 10_000], ids=["asked case by case", "listed"])
def plan(request, monkeypatch):
    """Whether a role counts as having very many tasks, and a person as having very many cases."""
    monkeypatch.setattr(reaching, "MANY_TASKS", request.param)
    monkeypatch.setattr(reaching, "MANY_LISTED", request.param)
    monkeypatch.setattr(reaching, "_crowded", {})


def test_the_database_shows_what_the_rules_say(crowd, plan):
    cases = [fresh(case) for case in Case.objects.order_by("pk")]
    different, narrow = set(), set()
    for name in CAST:
        profile = profile_of(getattr(crowd, name).user, NOON)
        by_rules = {case.pk for case in cases if sees(profile, view_of(case))}
        assert set(Case.objects.within(reach(profile)).values_list("pk", flat=True)) == by_rules, name
        few = reaching.listed(reach(profile))
        assert few is None or by_rules <= set(Case.objects.filter(pk__in=few).values_list("pk", flat=True)), name
        narrow |= {name} if few is not None else set()
        of_theirs = Task.objects.filter(reaching.within(reach(profile), "case__"))
        assert set(of_theirs.values_list("case_id", flat=True)) == by_rules & {t.case_id for t in Task.objects.all()}, name
        different.add(frozenset(by_rules))
    assert len(different) > 8, "the crowd tells the roles apart"
    personal = {"receptionist", "nurse", "doctor", "accused", "mainland_doctor"}
    assert narrow == personal if reaching.MANY_LISTED else not narrow


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
