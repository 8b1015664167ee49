"""The lifecycle lived through by people with roles, at random: what holds after every act, whoever tried it.

Each story is a list of (who, what). Refused acts change nothing; whatever path was taken, the chain of the case holds.
"""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suyuan.cases.models import Case, Finding, Involvement
from suyuan.cases.rules import ENDED, LIFECYCLE, OPEN, Stage
from suyuan.cases.services import ending, handling, investigation, parties
from suyuan.cases.services.common import is_complained_about
from suyuan.cases.services.intake import danger_raise
from suyuan.kernel.refusal import Refusal
from suyuan.platform.models import FactRow, Text
from suyuan.platform.verify import verify_streams
from tests.cases.cast import CAUSE, METHOD, NOON, case_made, fresh, nothing_left, party_of

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

WHO = ("receptionist", "nurse", "doctor", "manager", "colleague", "head", "legal", "accused", "auditor", "stranger", "party")
Act = Callable[..., object]


def _task(case):
    return case.tasks.filter(done_at=None, cancelled_at=None).order_by("id").first()


def _nothing_left(cast, case, **who):
    return nothing_left(cast, case, who["now"]) if who["actor"] == cast.manager.actor else None


ACTS: dict[str, Act] = {
    "assign": lambda cast, case, **who: handling.case_assign(case=case, owner=cast.manager.user, **who),
    "assign_accused": lambda cast, case, **who: handling.case_assign(case=case, owner=cast.accused.user, **who),
    "acknowledge": lambda cast, case, **who: handling.case_acknowledge(case=case, method=METHOD, words="收到", **who),
    "grade": lambda cast, case, **who: handling.case_raise(case=case, level=1, reason="", **who),
    "raise": lambda cast, case, **who: handling.case_raise(case=case, level=2, reason="", **who),
    "ask_lower": lambda cast, case, **who: handling.level_lower_ask(case=case, level=1, reason="好轉", **who),
    "decide": lambda cast, case, **who: handling.approval_decide(
        approval=case.approvals.filter(decision="").get(), agree=True, **who
    ),
    "classify": lambda cast, case, **who: handling.issue_classify(
        case=case, issue=case.issues.first(), causes=[CAUSE], primary=CAUSE, **who
    ),
    "danger": lambda cast, case, **who: danger_raise(case=case, signs=["vision"], words="", **who),
    "examine": lambda cast, case, **who: handling.care_record(
        case=case, kind="examination", happened_at=who["now"], words="看過了", clears_danger=True, **who
    ),
    "judge": lambda cast, case, **who: handling.harm_judge(case=case, serious=False, reason="沒有", **who),
    "appoint": lambda cast, case, **who: investigation.investigator_appoint(case=case, user=cast.doctor.user, **who),
    "appoint_accused": lambda cast, case, **who: investigation.investigator_appoint(
        case=case, user=cast.accused.user, **who
    ),
    "complain": lambda cast, case, **who: parties.complained_set(case=case, user=cast.accused.user, **who),
    "complain_manager": lambda cast, case, **who: parties.complained_set(case=case, user=cast.colleague.user, **who),
    "speaker": lambda cast, case, **who: handling.speaker_name(case=case, speaker=cast.head.user, **who),
    "investigate": lambda cast, case, **who: investigation.case_investigate(case=case, **who),
    "find": lambda cast, case, **who: investigation.finding_record(
        case=case, issue=case.issues.first(), words="恢復期", basis="當天的紀錄", **who
    ),
    "why": lambda cast, case, **who: investigation.root_cause_record(case=case, whys=["一"], root="根", **who),
    "disclose": lambda cast, case, **who: investigation.case_disclose(case=case, words="說明", method="portal", **who),
    "respond": lambda cast, case, **who: investigation.case_respond(case=case, words="答覆", method="portal", **who),
    "tidy": _nothing_left,
    "task": lambda cast, case, **who: handling.task_open(case=case, kind="other", title="看", role="nurse", **who),
    "finish": lambda cast, case, **who: handling.task_finish(task=_task(case), **who),
    "propose": lambda cast, case, **who: ending.close_request(case=case, **who),
    "close": lambda cast, case, **who: ending.close_confirm(case=case, **who),
    "withdraw": lambda cast, case, **who: ending.case_withdraw(case=case, reason="不追究了", **who),
    "settle": lambda cast, case, **who: ending.case_resolve_on_spot(case=case, words="說好了", **who),
    "reopen": lambda cast, case, **who: ending.case_reopen(case=case, reason="又腫了", **who),
}

# The straight way to the end; hypothesis breaks into it with anything else.
STRAIGHT = (
    ("head", "assign"),
    ("manager", "acknowledge"),
    ("manager", "grade"),
    ("manager", "classify"),
    ("manager", "appoint"),
    ("manager", "investigate"),
    ("doctor", "find"),
    ("doctor", "why"),
    ("manager", "speaker"),
    ("manager", "disclose"),
    ("manager", "respond"),
    ("manager", "tidy"),
    ("manager", "propose"),
    ("colleague", "close"),
)

steps = st.tuples(st.sampled_from(WHO), st.sampled_from(sorted(ACTS)))


@st.composite
def stories(draw):
    """Some of the straight way, in order, with other acts by anybody strewn in between."""
    story = []
    for step in STRAIGHT[: draw(st.integers(0, len(STRAIGHT)))]:
        story += draw(st.lists(steps, max_size=2))
        story.append(step)
    return story + draw(st.lists(steps, max_size=6))


def play(cast, case, story):
    """Live the story; yields after each act (case before, case after, who, what, refusal or None)."""
    now, party = NOON, party_of(case)
    for who, what in story:
        now += timedelta(minutes=1)
        actor = party if who == "party" else getattr(cast, who).actor
        before, facts, texts = fresh(case), _facts(case), Text.objects.count()
        refused = None
        try:
            ACTS[what](cast, before, actor=actor, now=now)
        except (Refusal, case.approvals.model.DoesNotExist, AttributeError) as refusal:
            if isinstance(refusal, AttributeError) and what != "finish":
                raise
            refused = refusal
        after = fresh(case)
        # Tidying up is many acts; the others are one each.
        if refused is not None and what != "tidy":
            assert _facts(case) == facts, f"{who} was refused {what}, and something was recorded"
            assert Text.objects.count() == texts, f"{who} was refused {what}, and words were kept"
            assert after.moved_at == before.moved_at and after.stage == before.stage
        yield before, after, who, what, refused


def _facts(case) -> int:
    return FactRow.objects.filter(stream__endswith=str(case.uid)).count()


def _is_a_move(before: str, after: str) -> bool:
    return any(m.target == after for m in LIFECYCLE.open_moves(before))


def held(cast, before: Case, after: Case, who: str, what: str, refused) -> None:
    """What is true after every act."""
    if before.stage != after.stage:
        assert _is_a_move(before.stage, after.stage)
        assert who not in {"auditor", "stranger", "nurse"}
        assert who != "accused" or not is_complained_about(before, cast.accused.pk)
    assert after.is_open is (after.stage in OPEN)
    if after.stage == Stage.CLOSED:
        assert after.acknowledged_at and after.acknowledgement.by_id
        assert after.closing_asked_by_id and after.danger != "open"
        if before.stage != Stage.CLOSED:
            assert getattr(cast, who).pk != after.closing_asked_by_id
    if after.level < before.level:
        assert what == "decide"
    complained = set(Involvement.objects.filter(case=after, kind="complained", until=None).values_list("user_id", flat=True))
    parts = Involvement.objects.filter(case=after, until=None, kind__in=("owner", "speaker", "investigator", "task"))
    assert not complained & set(parts.values_list("user_id", flat=True))
    assert not complained & {after.owner_id, after.speaker_id, after.closing_asked_by_id}
    for kind in ("owner", "speaker"):
        rows = Involvement.objects.filter(case=after, kind=kind, until=None).values_list("user_id", flat=True)
        assert list(rows) == [pk for pk in [getattr(after, f"{kind}_id")] if pk]
    busy = after.tasks.filter(done_at=None, cancelled_at=None, assignee__isnull=False).values_list("assignee_id", flat=True)
    noted = Involvement.objects.filter(case=after, kind="task", until=None).values_list("user_id", flat=True)
    assert set(busy) == set(noted)
    assert not Finding.objects.filter(case=after).exclude(by=cast.doctor.user).exists()


def there_is_a_way(cast, case: Case) -> None:
    """Somebody can do the next thing: at the very least, the complaint can be taken back or brought back."""
    names = {m.name for m in LIFECYCLE.open_moves(case.stage)}
    assert names & ({"withdraw"} if case.stage in OPEN else {"reopen_closed", "reopen_received", "reopen_acknowledged"})


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=stories())
def test_whoever_tries_whatever_the_case_stays_true(cast, story):
    case = case_made(cast)
    for before, after, who, what, refused in play(cast, case, story):
        held(cast, before, after, who, what, refused)
        there_is_a_way(cast, after)
    report = verify_streams({s.stream for s in FactRow.objects.filter(stream__endswith=str(case.uid)).only("stream")})
    assert report.holds, report


@pytest.mark.postgres
@pytest.mark.requirement("A-06")
@pytest.mark.requirement("A-10")
def test_the_straight_way_leads_to_the_end(cast):
    case = case_made(cast)
    for *_rest, what, refused in play(cast, case, STRAIGHT):
        assert refused is None, (what, refused)
    assert fresh(case).stage == Stage.CLOSED
    assert fresh(case).stage in ENDED
    assert verify_streams({case.stream}).holds


def test_nobody_without_a_part_moves_a_stage(cast):
    for who in ("nurse", "legal", "accused", "auditor", "stranger"):
        case = case_made(cast)
        story = [step for pair in zip(STRAIGHT, ((who, what) for _, what in STRAIGHT), strict=True) for step in pair[::-1]]
        for before, after, actor, what, refused in play(cast, case, story):
            if actor == who and what in {m.name for m in LIFECYCLE} | {"propose", "close"}:
                assert refused is not None and before.stage == after.stage, (actor, what)
