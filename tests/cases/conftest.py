"""The cast, a case in any stage, and a database in which commits are real."""
from __future__ import annotations

import random
from datetime import date

import pytest

from suyuan.accounts.models import GuestGrant
from suyuan.cases.models import Case, Involvement, Task
from suyuan.cases.rules import Stage
from suyuan.cases.services.intake import IssueGiven, PersonGiven
from suyuan.platform import keys
from tests.cases.cast import CAST, HOUR, NOON, WALKS, case_made, cast_made, fresh
from tests.platform.real import copied_database

ROLES_WITH_TASKS = (
    "case_manager", "doctor", "legal", "public_relations", "finance", "head_of_clinic", "nurse", "auditor",
)  # fmt: skip
SUBJECTS = ("左眼腫脹", "剩下的堂數要退費", "Botox 打完不對稱", "電話沒有人回")


@pytest.fixture
def cast(packs, db):
    keys.ring_forget()
    return cast_made()


@pytest.fixture
def make_case(cast):
    """make_case(), make_case(stage="responded"), make_case(branch=cast.sh), and whatever Intake takes."""

    def make(stage: str = Stage.RECEIVED, now=NOON, **said):
        return fresh(WALKS[Stage(stage)](cast, case_made(cast, now=now, **said), now))

    return make


@pytest.fixture
def crowd(cast):
    """Cases of every branch with everything that a relation may hang on, thrown together with a fixed seed."""
    chance = random.Random(20260311)
    people = [getattr(cast, name) for name in CAST]
    for n in range(14):
        branch = (cast.tn, cast.tp, cast.sh)[n % 3 if n > 4 else 0]
        called = PersonGiven(family_name="例", given_name=("小安", "心怡", "子晴")[n % 3])
        case = case_made(cast, branch=branch, complainant=called, issues=(IssueGiven(subject=SUBJECTS[n % len(SUBJECTS)]),))
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
        for role in chance.sample(ROLES_WITH_TASKS, 2):
            done = NOON if chance.random() < 0.3 else None
            Task.objects.create(case=case, kind="other", role=role, opened_at=NOON, due_at=NOON + HOUR, done_at=done)
    guest = cast.stranger.user
    stream = Case.objects.filter(branch=cast.tn).first().stream
    GuestGrant.objects.create(
        user=guest, kind="lawyer", stream=stream, branch=cast.tn, last_day=date(2026, 4, 1), reason="法律意見",
        invited_by=cast.head.user,
    )  # fmt: skip
    return cast


@pytest.fixture
def committed(packs, django_db_setup, django_db_blocker, tmp_path):
    """A copy of the migrated database, with keys and packs, in which commits are real; yields the cast."""
    with django_db_blocker.unblock(), copied_database(tmp_path):
        keys.ring_forget()
        yield cast_made()
    keys.ring_forget()
