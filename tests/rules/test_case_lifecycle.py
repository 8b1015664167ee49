"""The life of a complaint as one table: what no path can do, and that no path is a dead end."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.accounts.rules import MOVES
from suyuan.cases.rules import (
    ENDED,
    LIFECYCLE,
    OPEN,
    PACK_MOVE,
    RIGHT,
    TRACK,
    Stage,
    level_at_intake,
    may_reopen,
    reference_for,
    reference_read,
    reopen_move,
    stated_time_problem,
)
from suyuan.kernel.machine import NoSuchMove
from suyuan.playbooks import vocabulary

NAMES = [move.name for move in LIFECYCLE]
attempts = st.lists(st.sampled_from(NAMES), max_size=40)
NOON = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)


@pytest.mark.requirement("A-07")
@given(attempts)
def test_no_path_closes_a_case_that_was_never_acknowledged(tried):
    path = LIFECYCLE.walk(Stage.RECEIVED, tried)
    if Stage.CLOSED in path:
        assert Stage.ACKNOWLEDGED in path[: path.index(Stage.CLOSED)]


@given(attempts)
def test_no_path_answers_before_it_has_investigated(tried):
    path = LIFECYCLE.walk(Stage.RECEIVED, tried)
    if Stage.RESPONDED in path:
        before = path[: path.index(Stage.RESPONDED)]
        assert Stage.INVESTIGATING in before and Stage.DISCLOSED in before


@given(attempts)
def test_every_open_stage_has_a_way_forward_and_a_way_out(tried):
    stage = LIFECYCLE.walk(Stage.RECEIVED, tried)[-1]
    if stage in OPEN:
        forward = [m for m in LIFECYCLE.open_moves(stage) if m.target in TRACK and m.target != stage]
        assert any(TRACK.index(m.target) == TRACK.index(stage) + 1 for m in forward)
        assert "withdraw" in {m.name for m in LIFECYCLE.open_moves(stage)}


@pytest.mark.parametrize("stage", sorted(OPEN))
def test_closing_can_be_reached_from_every_open_stage(stage):
    ahead, seen = [stage], set()
    while ahead:
        here = ahead.pop()
        seen.add(here)
        ahead += [m.target for m in LIFECYCLE.open_moves(here) if m.target and m.target not in seen]
    assert Stage.CLOSED in seen


@pytest.mark.parametrize("stage", sorted(ENDED))
@pytest.mark.parametrize("acknowledged", [True, False])
def test_an_ended_case_comes_back_by_the_move_of_its_own_past(stage, acknowledged):
    target = LIFECYCLE.move(stage, reopen_move(stage, acknowledged=acknowledged)).target
    assert target in OPEN
    if stage == Stage.CLOSED:
        assert target == Stage.INVESTIGATING
    else:
        assert target == (Stage.ACKNOWLEDGED if acknowledged else Stage.RECEIVED)


def test_nothing_but_reopening_leaves_an_ended_stage():
    for stage in ENDED:
        assert {RIGHT.get(m.name) for m in LIFECYCLE.open_moves(stage)} == {"reopen"}


def test_an_unknown_move_raises():
    with pytest.raises(NoSuchMove):
        LIFECYCLE.move(Stage.RECEIVED, "delete")
    with pytest.raises(NoSuchMove):
        LIFECYCLE.move(Stage.RECEIVED, "close_confirm")


def test_every_move_asks_for_a_right_that_accounts_know():
    assert {RIGHT.get(name, name) for name in NAMES} <= set(MOVES)


def test_packs_and_code_speak_of_the_same_stages_and_moves():
    assert set(Stage) == set(vocabulary.STAGES)
    assert {PACK_MOVE.get(name, name) for name in NAMES} <= vocabulary.MOVES


@pytest.mark.requirement("D-02")
def test_a_danger_sign_is_never_less_than_level_two():
    assert level_at_intake(danger_signs=["breathing"], harm="none", media=False) == 2
    assert level_at_intake(danger_signs=[], harm="none", media=True) == 2
    assert level_at_intake(danger_signs=[], harm="none", media=False) == 0


def test_reopening_ends_with_the_window():
    assert may_reopen(NOON, NOON + timedelta(days=14) - timedelta(seconds=1), 14)
    assert not may_reopen(NOON, NOON + timedelta(days=14), 14)


@given(st.integers(0, 9_999_999), st.sampled_from(["TN", "TP", "SH"]), st.integers(2020, 2099))
def test_a_reference_survives_being_spoken(number, code, year):
    written = reference_for(code, year, f"{number:07d}")
    assert reference_read(written.lower().replace("-", " ")) == written


@given(st.integers(0, 9_999_999), st.integers(0, 6), st.integers(1, 9))
def test_one_misheard_digit_is_noticed(number, place, by):
    written = reference_for("TN", 2026, f"{number:07d}")
    body = written.replace("-", "")
    heard = list(body)
    heard[4 + place] = str((int(heard[4 + place]) + by) % 10)
    # Weights 7, 3 and 1 have no common factor with 10, so one wrong digit always changes the check digit.
    assert reference_read("".join(heard)) is None


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        (None, None),
        (NOON - timedelta(days=400), None),
        (NOON + timedelta(minutes=4), None),
        (NOON + timedelta(minutes=6), "future"),
        (NOON - timedelta(days=366 * 31), "ancient"),
    ],
)
def test_a_stated_time_can_be_true_or_is_named(stated, problem):
    assert stated_time_problem(stated, NOON) == problem
