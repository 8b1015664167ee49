"""A clinic lays its own pack over ours: replaces, adds or disables by id, with a reason, and never lengthens what binds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.kernel.deadlines import Duration, Rule, Unit, deadline
from suyuan.playbooks import loader, rules
from tests.kernel.test_deadlines import MOMENT, TABLES
from tests.playbooks.shelf import PACKS, overlay


def laid(folder):
    """The overlay, checked over the shipped packs."""
    return next(draft for draft in loader.read_all(folder, shipped=PACKS) if draft.overlay)


def codes(draft):
    return [problem.code for problem in draft.problems]


def test_a_binding_clock_may_be_shortened(tmp_path):
    overlay(
        tmp_path,
        """\
replace:
  - section: rules
    id: TW-REC-1
    reason: 本院承諾五個工作日
    with: {clock: {duration: {n: 5, unit: working_days}}}
""",
    )
    draft = laid(tmp_path)
    assert codes(draft) == []
    changed = next(rule for rule in draft.body["rules"] if rule["id"] == "TW-REC-1")
    assert changed["clock"]["duration"] == {"n": 5, "unit": "working_days"}
    assert changed["clock"]["stops"], "what the change doesn't name stays"


REFUSED = [
    ("replace", "TW-REC-1", "{clock: {duration: {n: 8, unit: working_days}}}", "lengthened"),
    ("replace", "TW-REC-1", "{clock: {duration: {n: 1, unit: months}}}", "lengthened"),
    ("replace", "TW-CP-1", "{clock: {conservative: false}}", "lengthened"),
    ("replace", "TW-CARE-1", "{clock: {extension: {n: 5, unit: working_days, max_times: 1}}}", "lengthened"),
    ("replace", "TW-CARE-1", "{clock: {stops: [{fact: case.acknowledged}]}}", "binding_field"),
    ("replace", "TW-CARE-1", "{clock: {triggers: [{fact: case.closed}]}}", "binding_field"),
    ("replace", "TW-CARE-1", "{clock: {information: true}}", "binding_field"),
    ("replace", "TW-CARE-1", "{clock: null}", "binding_field"),
    ("replace", "TW-CARE-1", "{effective_to: 2026-01-01}", "binding_field"),
    ("replace", "TW-CARE-1", "{status: superseded}", "binding_field"),
    ("replace", "TW-CARE-1", "{grade: P}", "grade_lowered"),
    ("replace", "TW-AE-2a", "{grade: V}", "grade_needs_source"),
    ("replace", "TW-CARE-1", "{id: TW-CARE-9}", "id_fixed"),
    ("replace", "TW-CARE-9", "{grade: V}", "no_entry"),
    ("disable", "TW-CARE-1", None, "binding_disabled"),
    ("disable", "TW-CARE-9", None, "no_entry"),
    ("disable", "TW-DEF-1", "{grade: V}", "with_unwanted"),
    ("add", "TW-CARE-1", "{law: 醫療法}", "already_there"),
    ("add", "TW-NEW-1", None, "with_needed"),
]


@pytest.mark.parametrize(("verb", "code", "new", "why"), REFUSED)
def test_a_change_that_may_not_be_is_refused_on_its_line(tmp_path, verb, code, new, why):
    with_ = f"    with: {new}\n" if new else ""
    overlay(tmp_path, f"{verb}:\n  - section: rules\n    id: {code}\n    reason: 本院的理由\n{with_}")
    found = laid(tmp_path).problems[0]
    assert (found.code, found.file, found.line) == (why, "ours/changes.yaml", 2)


def test_a_change_needs_a_reason(tmp_path):
    overlay(tmp_path, "disable:\n  - section: rules\n    id: TW-DEF-1\n")
    assert codes(laid(tmp_path)) == ["key_missing"]
    overlay(tmp_path, 'disable:\n  - {section: rules, id: TW-DEF-1, reason: ""}\n', name="other")
    assert "empty" in [code for draft in loader.read_all(tmp_path, shipped=PACKS) for code in codes(draft)]


def test_counsel_raises_a_grade_with_source_date_and_name(tmp_path):
    overlay(
        tmp_path,
        """\
replace:
  - section: rules
    id: TW-AE-2a
    reason: 已對照條文
    with: {grade: V, source: 全國法規資料庫, verified_on: 2026-12-01, reviewer: 王律師, quote: 七日內}
""",
    )
    draft = laid(tmp_path)
    assert codes(draft) == []
    raised = next(rule for rule in draft.body["rules"] if rule["id"] == "TW-AE-2a")
    assert (raised["grade"], raised["reviewer"]) == ("V", "王律師")


def test_what_does_not_bind_may_be_disabled(tmp_path):
    overlay(tmp_path, "disable:\n  - {section: rules, id: TW-CP-2, reason: 與本院無關}\n")
    draft = laid(tmp_path)
    assert codes(draft) == []
    assert "TW-CP-2" not in {rule["id"] for rule in draft.body["rules"]}


def over_base(folder, changes):
    overlay(folder, changes, base="procedure/base", kind="procedure", jurisdiction="any")
    return laid(folder)


def test_the_house_may_change_its_own_promise_but_not_what_protects_the_body(tmp_path):
    change = """\
replace:
  - section: house_clocks
    id: {}
    reason: 本院的理由
    with: {{clock: {{duration: {{n: 36, unit: hours}}}}}}
"""
    assert codes(over_base(tmp_path / "a", change.format("first_response"))) == []
    assert codes(over_base(tmp_path / "b", change.format("danger_look"))) == ["lengthened"]


def test_lists_and_single_parts_can_be_changed_too(tmp_path):
    draft = over_base(
        tmp_path,
        """\
replace:
  - section: reopening
    reason: 本院給三十天
    with: {days: 30}
add:
  - section: kinds.remedies
    id: second-opinion
    reason: 本院提供
    with: {name: {zh-Hant: 第二意見, zh-Hans: 第二意见, en: A second opinion}}
disable:
  - {section: cards, id: care-talk, reason: 另有一份}
""",
    )
    assert codes(draft) == []
    assert draft.body["reopening"]["days"] == 30
    assert draft.body["kinds"]["remedies"][-1]["id"] == "second-opinion"
    assert "care-talk" not in {card["id"] for card in draft.body["cards"]}


def test_a_change_that_breaks_the_pack_is_blamed_on_its_own_line(tmp_path):
    draft = over_base(
        tmp_path,
        """\
disable:
  - {section: levels, id: level-1, reason: 本院不分這一級}
""",
    )
    found = draft.problems[0]
    assert (found.code, found.file, found.line) == ("row_missing", "ours/changes.yaml", 2)


def test_unknown_sections_and_missing_bases_are_named(tmp_path):
    assert codes(over_base(tmp_path / "a", "disable:\n  - {section: spells, id: x, reason: 試試看}\n")) == ["no_section"]
    overlay(tmp_path / "b", "disable: []\n", base="law/jp")
    assert codes(laid(tmp_path / "b")) == ["base_missing"]
    overlay(tmp_path / "c", "disable: []\n", base="law/cn")
    assert codes(laid(tmp_path / "c")) == ["not_as_base"]


def test_two_overlays_of_one_pack_are_refused(tmp_path):
    overlay(tmp_path, "disable: []\n", name="one")
    overlay(tmp_path, "disable: []\n", name="two")
    found = [problem.code for draft in loader.read_all(tmp_path, shipped=PACKS) for problem in draft.problems]
    assert found == ["overlaid_twice"]


def test_a_typhoon_day_needs_its_notice(tmp_path):
    day = """\
add:
  - section: days
    id: 2026-08-12
    reason: 颱風停班
    with: {{kind: closed, name: {{zh-Hant: 颱風停班, zh-Hans: 台风停班, en: Typhoon}}{}}}
"""
    more = ", source: 人事行政總處 115 年 8 月 11 日公告"
    for name, extra, wanted in (("a", more, []), ("b", "", ["closed_needs_source"])):
        overlay(tmp_path / name, day.format(extra), base="calendars/tw", kind="calendar")
        assert codes(laid(tmp_path / name)) == wanted


# No overlay that passes can make a binding clock end later.

DURATIONS = st.builds(
    lambda n, unit: {"n": n, "unit": unit.value},
    st.integers(1, 60),
    st.sampled_from([unit for unit in Unit if unit is not Unit.YEARS]),
)


@given(DURATIONS, DURATIONS, st.booleans(), st.booleans(), MOMENT, st.sampled_from(list(TABLES.values())))
def test_whatever_is_not_called_longer_never_ends_later(old, new, rolled, rolls, at, table):
    def counting(duration, roll):
        return Rule(Duration(duration["n"], Unit(duration["unit"])), rolls=roll and duration["unit"] != "hours")

    before = {"duration": old, "rolls": rolled and old["unit"] != "hours"}
    after = {"duration": new, "rolls": rolls and new["unit"] != "hours"}
    if rules.lengthens(before, after):
        return
    assert deadline(counting(new, rolls), at, table).due_at <= deadline(counting(old, rolled), at, table).due_at
