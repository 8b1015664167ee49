"""Gates: what each one means, what no pack can take away, and that a typo never opens a door."""
from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.cases.rules import ALWAYS, CONDITIONS, FLAGS, RETIRED, CaseState, Harm, Missing, Stage, shut_gates
from suyuan.playbooks import vocabulary

# A case in which every condition holds.
READY = CaseState(
    stage=Stage.RESPONDED,
    level=1,
    harm=Harm.NONE,
    acknowledged=True,
    has_owner=True,
    has_speaker=True,
    has_investigator=True,
    findings=2,
    root_causes=1,
    disclosed=True,
    answered=True,
    channels_notified=True,
    closing_asked=True,
    given=frozenset({"complainant_content", "complainant_asked", "reopening_in_time"}),
)

# What shuts each gate.
SHUT = {
    "danger_resolved": {"danger": "open"},
    "handler_named": {"has_owner": False},
    "speaker_named": {"has_speaker": False},
    "acknowledged": {"acknowledged": False},
    "graded": {"level": 0},
    "level_one": {"level": 2},
    "causes_classified": {"unclassified_issues": 1},
    "harm_stated": {"harm": Harm.UNKNOWN},
    "no_harm_alleged": {"harm": Harm.ALLEGED},
    "channels_notified": {"channels_notified": False},
    "communication_helper_named": {"needs_helper": True},
    "investigator_named": {"has_investigator": False},
    "facts_established": {"findings": 0},
    "root_cause_recorded": {"root_causes": 0},
    "disclosure_written": {"disclosed": False},
    "final_answer_sent": {"answered": False},
    "wishes_answered": {"wishes_open": 2},
    "promises_settled": {"promises_open": 1},
    "demands_answered": {"demands_open": 1},
    "tasks_done": {"tasks_open": 3},
    "obligations_discharged": {"obligations_open": 1},
    "law_clocks_done": {"binding_clocks": ("TW-CARE-1",)},
    "closing_proposed": {"closing_asked": False},
    "complainant_content": {"given": frozenset()},
    "complainant_asked": {"given": frozenset()},
    "reopening_in_time": {"given": frozenset()},
}


def test_every_gate_a_pack_may_name_has_a_meaning_and_the_other_way_round():
    assert set(CONDITIONS) == set(vocabulary.GATES) == set(SHUT)


def test_flags_are_those_of_the_packs():
    assert set(FLAGS) == set(vocabulary.FLAGS)


def test_nothing_is_missing_when_everything_is_there():
    assert shut_gates("close_confirm", CONDITIONS, READY) == []


@pytest.mark.parametrize("code", sorted(SHUT))
def test_each_gate_is_shut_by_exactly_what_it_asks_for(code):
    lacking = replace(READY, **SHUT[code])
    assert [m.code for m in shut_gates("acknowledge", [code], lacking)] == [code]


def test_a_gate_says_how_many_are_missing():
    assert shut_gates("respond", ["tasks_done"], replace(READY, tasks_open=3)) == [Missing("tasks_done", 3)]


def test_facts_are_not_established_while_an_issue_has_none():
    lacking = replace(READY, issues_without_finding=2)
    assert shut_gates("disclose", [], lacking) == [Missing("facts_established", 2)]


def test_a_gate_that_older_packs_named_is_passed_over():
    assert shut_gates("respond", ["minutes_written"], READY) == []
    assert not RETIRED & (set(CONDITIONS) | vocabulary.GATES)


def test_a_typo_in_a_pack_raises_and_opens_nothing():
    with pytest.raises(LookupError):
        shut_gates("close_confirm", ["handler_name"], READY)


@pytest.mark.parametrize("move", sorted(ALWAYS))
def test_no_pack_takes_away_what_always_holds(move):
    for code in ALWAYS[move]:
        lacking = replace(READY, **SHUT[code])
        assert code in {m.code for m in shut_gates(move, [], lacking)}


@given(st.sets(st.sampled_from(sorted(SHUT))), st.sets(st.sampled_from(sorted(SHUT))))
def test_asking_for_more_gates_never_opens_one(fewer, more):
    lacking = replace(READY, danger="open", tasks_open=1, level=0)
    shut = {m.code for m in shut_gates("close_confirm", fewer, lacking)}
    assert shut <= {m.code for m in shut_gates("close_confirm", fewer | more, lacking)}


def test_the_unalterable_ones_are_said_first():
    lacking = replace(READY, danger="open", demands_open=1)
    assert [m.code for m in shut_gates("close_request", ["demands_answered"], lacking)] == [
        "danger_resolved",
        "demands_answered",
    ]
