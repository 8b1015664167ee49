"""A seal closes and opens before both sides, or before a witness with a reason."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.evidence.rules import GROUNDS, number_for, opening_problem, sealing_problem

NOON = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_nothing_is_sealed_by_one_side_alone(clinic, patient, witness, absence):
    said = {"for_clinic": "陳" * clinic, "for_patient": "例" * patient, "witness": "林" * witness, "absence": "住院" * absence}
    fine = not sealing_problem(**said)
    assert fine == (clinic and (patient or (witness and absence)))


@given(st.sampled_from(GROUNDS), st.booleans(), st.booleans(), st.sampled_from([None, NOON - DAY, NOON, NOON + DAY]))
def test_nothing_is_opened_by_one_side_alone_before_the_law_lets_it(ground, patient, witness, alone_from):
    said = {"for_patient": "例" * patient, "witness": "林" * witness, "alone_from": alone_from, "now": NOON}
    if not opening_problem(ground, **said):
        assert patient or witness
        assert ground != "both_sides" or patient
        assert ground != "alone" or (alone_from is not None and alone_from <= NOON)


def test_a_number_is_spoken_and_not_counted():
    assert number_for("S", "TN", 2026, "48317") != number_for("S", "TN", 2026, "48318")
    assert number_for("S", "TN", 2026, "48317").startswith("S-TN26-483-17")
    swapped = {number_for("S", "TN", 2026, digits)[-1] for digits in ("48317", "84317")}
    assert len(swapped) == 2, "two digits exchanged give another check digit"
    with pytest.raises(ValueError, match="five"):
        number_for("S", "TN", 2026, "1234")
