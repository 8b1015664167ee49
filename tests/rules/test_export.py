"""What may leave the house: protected material stays in unless law, role or both sides let it go."""
from __future__ import annotations

from itertools import product

import pytest

from suyuan.cases.rules import COMPARTMENTS, Purpose, export_rule

PROTECTED = sorted(COMPARTMENTS - {""})
OUTSIDE = [purpose for purpose in Purpose if purpose != Purpose.INTERNAL]


@pytest.mark.requirement("D-10")
@pytest.mark.parametrize("purpose", OUTSIDE)
def test_nothing_of_counsels_leaves_even_when_both_agree(purpose):
    assert not export_rule("counsel", purpose, both_agreed=True).allowed


@pytest.mark.parametrize("compartment", PROTECTED)
def test_nothing_protected_is_ever_public(compartment):
    rule = export_rule(compartment, Purpose.PUBLIC, both_agreed=True)
    assert not rule.allowed and not rule.needs_both


def test_the_open_part_goes_everywhere_but_to_the_public():
    assert {p for p in Purpose if export_rule("", p).allowed} == set(Purpose) - {Purpose.PUBLIC}


def test_an_analysis_of_causes_goes_to_the_authority_by_the_head_of_the_clinic_only():
    allowed = {p: export_rule("root_cause", p, both_agreed=True) for p in OUTSIDE}
    assert [p for p, rule in allowed.items() if rule.allowed] == [Purpose.AUTHORITY]
    assert allowed[Purpose.AUTHORITY].roles == {"head_of_clinic"}


@pytest.mark.parametrize("compartment", ["mediation", "care_talk"])
def test_words_said_to_settle_go_to_court_only_when_both_agree(compartment):
    alone = export_rule(compartment, Purpose.LITIGATION, protected_by=["TW-APOL-1"])
    assert (alone.allowed, alone.needs_both, alone.why, alone.basis) == (False, True, "protected_by_law", ("TW-APOL-1",))
    assert export_rule(compartment, Purpose.LITIGATION, both_agreed=True).allowed


def test_whatever_leaves_protected_leaves_by_named_hands_and_whatever_stays_says_why():
    for compartment, purpose, agreed in product(PROTECTED, OUTSIDE, (False, True)):
        rule = export_rule(compartment, purpose, both_agreed=agreed)
        assert rule.roles if rule.allowed else rule.why


def test_an_unknown_compartment_is_a_mistake():
    with pytest.raises(ValueError):
        export_rule("secret", Purpose.PATIENT)
    with pytest.raises(ValueError):
        export_rule("", "everybody")
