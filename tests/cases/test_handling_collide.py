"""Two colleagues at the same moment, on real transactions: one wins, the other is told so politely, nothing doubles."""
from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from suyuan.cases import errors
from suyuan.cases.models import Case, ContactEntry, Involvement
from suyuan.cases.rules import Stage
from suyuan.cases.services import ending, handling, investigation
from suyuan.kernel.refusal import Refusal
from suyuan.platform.models import FactRow
from suyuan.platform.verify import verify_streams
from tests.cases.cast import METHOD, NOON, acknowledged, case_made, facts_of, fresh, nothing_left, responded

pytestmark = pytest.mark.slow


@pytest.mark.django_db
def test_one_after_the_other_the_second_is_told_too(make_case, cast):
    """The same without threads; also makes the database that the others copy."""
    ours = handling.case_assign(case=make_case(), owner=cast.manager.user, actor=cast.head.actor, now=NOON)
    told = dict(method=METHOD, words="收到了", now=NOON)
    handling.case_acknowledge(case=fresh(ours), actor=cast.colleague.actor, **told)
    with pytest.raises(errors.CaseMovedMeanwhile):
        handling.case_acknowledge(case=ours, actor=cast.manager.actor, **told)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run each in its own thread and connection, from the same starting line; returns results or refusals."""
    line, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(n: int) -> None:
        try:
            line.wait(10)
            results[n] = acts[n]()
        except Refusal as refusal:
            results[n] = refusal
        except BaseException as error:
            results[n] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    broken = [r for r in results if isinstance(r, BaseException) and not isinstance(r, Refusal)]
    assert not broken, broken
    return results


def refusals(results) -> list[Refusal]:
    return [r for r in results if isinstance(r, Refusal)]


@pytest.mark.requirement("A-07")
def test_two_colleagues_acknowledge_and_one_of_them_does(committed):
    cast = committed
    for _again in range(4):
        case = handling.case_assign(case=case_made(cast), owner=cast.manager.user, actor=cast.head.actor, now=NOON)
        seen = [Case.objects.get(pk=case.pk) for _ in range(4)]
        players = [cast.manager, cast.colleague, cast.head, cast.manager]
        results = at_once(
            *(
                lambda seen=row, who=player: handling.case_acknowledge(
                    case=seen, method=METHOD, words="收到了", actor=who.actor, now=NOON
                )
                for row, player in zip(seen, players, strict=True)
            )
        )
        assert len(refusals(results)) == 3
        assert all(isinstance(r, errors.CaseMovedMeanwhile) for r in refusals(results))
        assert len(facts_of(case, "case.acknowledged")) == 1
        assert verify_streams({case.stream}).holds


def test_two_confirm_the_same_closing(committed):
    cast = committed
    case = nothing_left(cast, responded(cast, case_made(cast)))
    case = ending.close_request(case=case, actor=cast.manager.actor, now=NOON)
    rows = [Case.objects.get(pk=case.pk) for _ in range(2)]
    results = at_once(
        lambda: ending.close_confirm(case=rows[0], actor=cast.colleague.actor, now=NOON),
        lambda: ending.close_confirm(case=rows[1], actor=cast.head.actor, now=NOON),
    )
    assert len(refusals(results)) == 1 and isinstance(refusals(results)[0], errors.CaseMovedMeanwhile)
    assert fresh(case).stage == Stage.CLOSED and len(facts_of(case, "case.closed")) == 1


def test_withdrawing_and_investigating_do_not_both_happen_to_one_stage(committed):
    cast = committed
    case = acknowledged(cast, case_made(cast))
    manager = cast.manager.actor
    handling.case_raise(case=case, level=1, reason="", actor=manager, now=NOON)
    for issue in case.issues.all():
        handling.issue_classify(case=case, issue=issue, causes=["service"], primary="service", actor=manager, now=NOON)
    investigation.investigator_appoint(case=case, user=cast.doctor.user, actor=manager, now=NOON)
    rows = [fresh(case) for _ in range(2)]
    results = at_once(
        lambda: ending.case_withdraw(case=rows[0], reason="不追究", actor=cast.head.actor, now=NOON),
        lambda: investigation.case_investigate(case=rows[1], actor=manager, now=NOON),
    )
    assert len(refusals(results)) == 1
    moved = [f.type for f in facts_of(case) if f.type in ("case.withdrawn", "case.investigation_started")]
    assert len(moved) == 1


def test_what_does_not_collide_all_gets_through(committed):
    cast = committed
    case = case_made(cast)
    players = [cast.receptionist, cast.manager, cast.colleague, cast.head]

    def talk(player, n):
        return lambda: handling.contact_log(
            case=fresh(case), kind="call", channel="telephone", direction="out", happened_at=NOON, points=f"第 {n} 通",
            actor=player.actor, now=NOON,
        )  # fmt: skip

    results = at_once(*(talk(player, n) for n, player in enumerate(players * 2)))
    assert not refusals(results)
    assert ContactEntry.objects.filter(case=case).count() == 8
    positions = FactRow.objects.filter(stream=case.stream).order_by("position").values_list("position", flat=True)
    assert list(positions) == list(range(1, len(positions) + 1))
    assert verify_streams({case.stream}).holds


def test_two_owners_at_once_leave_one(committed):
    cast = committed
    case = case_made(cast)
    at_once(
        lambda: handling.case_assign(case=fresh(case), owner=cast.manager.user, actor=cast.head.actor, now=NOON),
        lambda: handling.case_assign(case=fresh(case), owner=cast.nurse.user, actor=cast.colleague.actor, now=NOON),
    )
    owners = Involvement.objects.filter(case=case, kind="owner", until=None).values_list("user_id", flat=True)
    assert list(owners) == [fresh(case).owner_id]


def test_a_level_raised_by_two_is_raised_once(committed):
    cast = committed
    case = case_made(cast)
    results = at_once(
        *(
            lambda who=player: handling.case_raise(case=fresh(case), level=2, reason="", actor=who.actor, now=NOON)
            for player in (cast.manager, cast.colleague, cast.head)
        )
    )
    assert len(refusals(results)) == 2
    steps = [t.detail["step"] for t in case.tasks.filter(kind="step")]
    assert len(steps) == len(set(steps)) and len(facts_of(case, "case.graded")) == 1
