"""Which evidence a case needs: read from the pack, by cause, harm, level and treatment."""
from __future__ import annotations

import pytest

from suyuan.playbooks import loader
from suyuan.playbooks.readers import EvidenceCase
from tests.playbooks.shelf import changed, copied
from tests.playbooks.test_shipped_packs import BASE

pytestmark = pytest.mark.requirement("B-04")


def needed(**case) -> dict[str, str]:
    return {line.kind: line.need for line in BASE.evidence_for(EvidenceCase(**case))}


def test_every_kind_is_asked_for_somewhere_and_says_what_it_is():
    listed = {line.kind for each in BASE.evidence_lists for line in each.lines}
    assert listed == {kind.id for kind in BASE.evidence}
    assert all(len(kind.name.hant) <= 7 for kind in BASE.evidence), "a slip has room for so many characters"


def test_what_is_required_in_one_list_outweighs_helpful_in_another():
    assert needed(causes=frozenset({"price"}))["contract"] == "required"
    assert needed()["contract"] == "helpful"
    order = [line.kind for line in BASE.evidence_for(EvidenceCase(causes=frozenset({"price"})))]
    assert len(order) == len(set(order))


def test_harm_asks_for_the_same_as_a_cause_of_the_body():
    by_cause, by_harm = needed(causes=frozenset({"adverse"})), needed(harm=True)
    assert by_cause == by_harm and by_harm["operation"] == "required"


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ({"treatments": ("玻尿酸填充",)}, "lot"),
        ({"treatments": ("Hyaluronic FILLER",)}, "lot"),
        ({"treated": frozenset({"lot"})}, "lot"),
        ({"treatments": ("淨膚雷射",)}, "settings"),
        ({"treated": frozenset({"device"})}, "settings"),
        ({"level": 3}, "attendance"),
        ({"level": 2}, "interviews"),
        ({}, "interviews"),
    ],
)
def test_level_and_treatment_ask_for_more(case, kind):
    assert kind in needed(**case)


def test_an_ungraded_case_is_heard_as_level_two():
    assert needed()["interviews"] == "required" and needed(level=1)["interviews"] == "helpful"


def test_a_note_is_late_after_a_day():
    assert BASE.recording.grace.total_seconds() == 24 * 3600


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("{kind: phone-log, need: required}", "{kind: phone-book, need: required}", "not_known", "evidence_lists"),
        ("{kind: phone-log, need: required}", "{kind: phone-log, need: perhaps}", "not_known", "evidence_lists"),
        ("need: required, basis: [CN-EXPL-1]", "need: required, basis: [CN-NONE-1]", "basis_missing", "lines › 1 › basis"),
        ("    holder: patient", "    holder: neighbour", "not_known", "evidence"),
        ("    causes: [price]", "    causes: [weather]", "not_known", "evidence_lists"),
        ("late_after: {n: 24, unit: hours}", "late_after: {n: 1, unit: months}", "not_known", "recording"),
    ],
)
def test_a_mistake_is_found_with_its_line(tmp_path, old, new, code, path):
    copied(tmp_path)
    line = changed(tmp_path / "procedure/base/evidence.yaml", old, new)
    found = [p for p in loader.check(tmp_path) if p.code == code]
    assert found and path in found[0].path and abs(found[0].line - line) <= 4
