"""The shipped weights: what they add to the rules, and what they must not take away."""
from __future__ import annotations

import pytest

from suyuan.kernel.textlint import Context, Level
from suyuan.playbooks.guarding import context_of, levels_of
from suyuan.playbooks.shipped import guarding_of
from suyuan.playbooks.weights import weights
from tests.guard import scoring

pytestmark = pytest.mark.sqlite


@pytest.fixture(scope="module")
def guarding():
    return guarding_of(scoring.ROOT / "packs")


def kinds(text: str, context: Context) -> set[str]:
    return {found.kind for found in scoring.linter().check(text, context)}


def test_what_doubtful_rules_were_written_for_is_still_found(guarding):
    """Few of their own sentences are lost, though each stands alone and the weights were learned from whole answers."""
    examples = [
        (rule, context_of(example, rule, levels_of(rule, guarding.kind_of[rule.kind])))
        for rule in guarding.rules
        if rule.doubtful
        for example in rule.fires
    ]
    lost = [f"{rule.id}: {told[0]}" for rule, told in examples if rule.kind not in kinds(*told)]
    assert len(examples) > 200
    assert len(lost) <= len(examples) / 10, lost


def test_rules_for_identifiers_are_certain(guarding):
    assert [rule.id for rule in guarding.rules if rule.id.startswith("PD-ID") and rule.doubtful] == []


def test_every_kind_that_can_be_weighed_is(guarding):
    assert {rule.kind for rule in guarding.rules if rule.weighed} == set(weights().kinds)


def test_what_is_only_weighed_never_blocks(guarding):
    weighed = [rule for rule in guarding.rules if rule.weighed]
    assert {level for rule in weighed for level in levels_of(rule, guarding.kind_of[rule.kind]).values()} <= {Level.WARN, Level.ADVISE}


def test_other_languages_are_left_to_the_rules():
    text = "If you change your rating to five stars, your next session is on us."
    assert not weights().reads(text)
    assert "review_trade" in kinds(text, Context("private_message", "tw"))
