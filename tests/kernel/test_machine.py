"""The table of moves: what is not in it does not happen."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.kernel.machine import Machine, Move, NoSuchMove

DOOR = Machine(
    Move("open", frozenset({"shut"}), "ajar"),
    Move("widen", frozenset({"ajar"}), "wide"),
    Move("shut", frozenset({"ajar", "wide"}), "shut"),
    Move("knock", frozenset({"shut"})),
    Move("burn", frozenset({"shut", "ajar", "wide"}), "ashes"),
)


def test_a_move_leads_where_the_table_says():
    assert DOOR.move("shut", "open").target == "ajar"
    assert DOOR.move("shut", "knock").target is None


def test_an_unknown_move_or_the_wrong_stage_is_refused_with_what_was_asked():
    with pytest.raises(NoSuchMove) as unknown:
        DOOR.move("shut", "paint")
    assert unknown.value.data == {"move": "paint"}

    with pytest.raises(NoSuchMove) as misplaced:
        DOOR.move("ashes", "open")
    assert misplaced.value.data == {"move": "open", "stage": "ashes"}
    assert misplaced.value.code == "no_such_move"


def test_two_moves_of_one_name_are_a_mistake():
    with pytest.raises(ValueError, match="open"):
        Machine(Move("open", frozenset({"a"})), Move("open", frozenset({"b"})))


def test_stages_are_all_that_the_moves_mention():
    assert DOOR.stages == {"shut", "ajar", "wide", "ashes"}


def test_open_moves_are_those_that_would_not_be_refused():
    for stage in DOOR.stages:
        assert {m.name for m in DOOR.open_moves(stage)} == {m.name for m in DOOR if stage in m.sources}
    assert DOOR.open_moves("ashes") == []


@given(st.lists(st.sampled_from(["open", "widen", "shut", "knock", "burn", "paint"]), max_size=40))
def test_a_walk_only_takes_steps_of_the_table(attempts):
    path = DOOR.walk("shut", attempts)

    assert path[0] == "shut"
    for here, there in zip(path, path[1:], strict=False):
        assert any((m.target or here) == there for m in DOOR.open_moves(here))
    if "ashes" in path:
        assert set(path[path.index("ashes") :]) == {"ashes"}
