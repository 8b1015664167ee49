"""What packs may name is what the house records, does and checks: no clock waits for a fact that never comes."""

import pytest

from suyuan.accounts.rules import Role
from suyuan.cases import rules as cases
from suyuan.platform import facts
from suyuan.playbooks import vocabulary


def test_every_fact_a_clock_may_wait_for_is_recorded_somewhere():
    assert sorted(set(vocabulary.FACTS) - set(facts.kinds())) == []


def test_stages_and_gates_are_those_of_the_cases():
    assert {str(stage) for stage in cases.Stage} == vocabulary.STAGES
    assert set(cases.CONDITIONS) == vocabulary.GATES
    assert set(cases.FLAGS) == vocabulary.FLAGS


def test_every_move_of_the_lifecycle_has_its_name_in_the_pack():
    moves = {cases.PACK_MOVE.get(move.name, move.name) for move in cases.LIFECYCLE}
    assert moves <= vocabulary.MOVES


def test_roles_are_those_of_the_house_and_the_two_of_a_case():
    assert vocabulary.ROLES - {str(role) for role in Role} == {"investigator", "handler"}


@pytest.mark.parametrize("move", sorted(cases.ALWAYS))
def test_what_no_overlay_takes_away_is_asked_for_by_the_shipped_pack_too(move):
    assert set(cases.ALWAYS[move]) <= vocabulary.GATES
