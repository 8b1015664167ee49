"""Every mistake in a pack is explained: which file, which line, what was expected and what stands there."""

import pytest

from suyuan.playbooks import loader
from tests.playbooks.shelf import PACKS, changed, copied

RULES = "law/tw/rules.yaml"
PROCEDURE = "procedure/base/procedure.yaml"
KINDS = "procedure/base/kinds.yaml"
WORDINGS = "procedure/base/wordings.yaml"
DAYS = "calendars/tw/days.yaml"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return copied(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def packs(tmp_path):
    return copied(tmp_path / "packs")


def only(problems):
    """The one problem there should be."""
    assert [str(problem) for problem in problems][1:] == []
    return problems[0]


def test_the_shipped_packs_pass(shelf):
    assert loader.check(shelf) == []


SPOILED = [
    # file, what stands there, what somebody writes, code, lines below the change, part of the sentence
    (RULES, "    kind: definition\n", "    kind: opinion\n", "not_known", 0, "opinion"),
    (RULES, "    actor: clinic\n", "", "key_missing", None, "actor"),
    (RULES, "    actor: clinic\n", "    actor: clinic\n    colour: red\n", "unknown_key", 1, "colour"),
    (RULES, "    verified_on: 2026-11-21\n", "    verified_on: soon\n", "wrong_kind", 0, "soon"),
    (RULES, "duration: {n: 5, unit: working_days}", "duration: {n: five, unit: working_days}", "wrong_kind", 0, "five"),
    (RULES, "duration: {n: 5, unit: working_days}", "duration: {n: 5, unit: weeks}", "not_known", 0, "weeks"),
    (RULES, "duration: {n: 5, unit: working_days}", "duration: {n: 1.5, unit: hours}", "number_with_point", 0, "1.5"),
    (RULES, "{fact: contact.logged, when: {kind: care_talk}}", "{fact: contact.loged, when: {}}", "not_known", 0, "contact.loged"),
    (RULES, "{fact: contact.logged, when: {kind: care_talk}}", "{fact: contact.logged, when: {knd: care_talk}}", "not_known", 0, "knd"),
    (RULES, "{fact: contact.logged, when: {kind: care_talk}}", "{fact: contact.logged, when: {kind: tea}}", "not_known", 0, "tea"),
    (RULES, "      from: occurred_on\n", "      from: yesterday\n", "not_known", 0, "yesterday"),
    (RULES, "      owner: case_manager\n", "      owner: janitor\n", "not_known", 0, "janitor"),
    (RULES, "      zh-Hans: 由医师判定是否属于“医疗事故”\n", "", "key_missing", None, "zh-Hans"),
    (RULES, "      zh-Hans: 由医师判定是否属于“医疗事故”\n", '      zh-Hans: ""\n', "empty", 0, "空白"),
    (RULES, "    gate: danger_resolved\n", "    gate: garden_gate\n", "not_known", 0, "garden_gate"),
    (RULES, "      information: true\n", "      information: true\n      escalate_to: [legal]\n", "information_never_alarms", None, "提醒"),
    (RULES, "      conservative: true\n", "      conservative: true\n      pausable: true\n", "law_never_pauses", None, "不能暫停"),
    (RULES, "  - id: TW-CARE-2\n", "  - id: TW-CARE-1\n", "twice", 0, "TW-CARE-1"),
    (PROCEDURE, "  - id: acknowledge\n", "  - id: shrug\n", "not_known", 0, "shrug"),
    (PROCEDURE, "    gates: [handler_named]\n", "    gates: [handler_famed]\n", "not_known", 0, "handler_famed"),
    (PROCEDURE, "{fact: task.done, when: {step: command_post}}", "{fact: task.done, when: {step: tea}}", "not_known", 0, "tea"),
    (PROCEDURE, "      count_from: instant\n", "      count_from: instant\n      rolls: true\n", "hours_never_roll", 1, "順延"),
    (PROCEDURE, "    jurisdictions: [cn]\n", "    jurisdictions: [jp]\n", "not_known", 0, "jp"),
    (PROCEDURE, "  days: 14\n", "  days: fourteen\n", "wrong_kind", 0, "fourteen"),
    (WORDINGS, "    unless: [tw_mediation]\n", "    unless: [tea]\n", "not_known", 0, "tea"),
    (KINDS, "{id: web, name:", "{id: fax, name:", "row_missing", None, "web"),
    (KINDS, "{id: web, name:", "{id: we b, name:", "not_a_code", 0, "we b"),
    (DAYS, "id: 2023-01-07, kind: makeup", "id: 2023-01-09, kind: makeup", "makeup_on_weekday", 0, "2023-01-09"),
    (DAYS, "id: 2023-01-07, kind: makeup", "id: 2023-01-07, kind: closed", "closed_needs_source", 0, "2023-01-07"),
    (DAYS, "id: 2023-01-07,", "id: 2021-01-02,", "year_not_described", 0, "2021-01-02"),
    (DAYS, "official_until: 2026-12-31", "official_until: 2027-12-31", "year_not_described", 0, "2027-12-31"),
]


@pytest.mark.parametrize(("file", "old", "new", "code", "below", "said"), SPOILED, ids=[f"{s[3]}-{n}" for n, s in enumerate(SPOILED)])
def test_a_spoiled_line_is_found_and_explained(tmp_path, file, old, new, code, below, said):
    packs = copied(tmp_path / "packs", file.rpartition("/")[0])
    line = changed(packs / file, old, new)
    found = next(problem for problem in loader.check(packs) if problem.code == code)
    assert found.file == file
    assert said in str(found)
    assert str(found).startswith(f"{file}:{found.line} ")
    if below is not None:
        assert found.line == line + below


def test_an_unverified_rule_that_would_alarm_is_refused(packs):
    path = packs / RULES
    text = path.read_text(encoding="utf-8")
    place = text.index("id: TW-AE-2b")
    end = text.index("      owner: case_manager\n", place)
    path.write_text(text[:end] + "      escalate_to: [legal]\n" + text[end:], encoding="utf-8")
    assert only(loader.check(packs)).code == "unverified_never_alarms"


def test_a_key_that_stands_twice_is_refused(packs):
    line = changed(packs / RULES, "    actor: clinic\n", "    actor: clinic\n    actor: patient\n")
    found = loader.check(packs)[0]
    assert (found.code, found.line, found.found) == ("key_twice", line + 1, "actor")
    assert "actor" in found.sentence()


def test_a_section_in_two_files_is_refused(packs):
    (packs / "law/tw/zz.yaml").write_text("rules: []\n", encoding="utf-8")
    found = only(loader.check(packs))
    assert (found.code, found.file, found.line) == ("section_twice", "law/tw/zz.yaml", 1)


def test_an_unknown_section_is_refused(packs):
    (packs / "law/tw/zz.yaml").write_text("\nruels: []\n", encoding="utf-8")
    found = only(loader.check(packs))
    assert (found.code, found.file, found.line) == ("unknown_section", "law/tw/zz.yaml", 2)


def test_broken_yaml_names_its_line(packs):
    (packs / "law/tw/zz.yaml").write_text("one: 1\ntwo: [1, 2\nthree: 3\n", encoding="utf-8")
    found = only(loader.check(packs))
    assert (found.code, found.file) == ("not_yaml", "law/tw/zz.yaml")
    assert found.line >= 2


@pytest.mark.parametrize(
    ("raw", "code", "line"),
    [
        (b"name: \xff\xfe\n", "not_utf8", 1),
        (b"", "empty_file", 1),
        (b"- one\n- two\n", "not_a_mapping", 1),
        (b"rules:\n  - !!python/object:os.system {}\n", "tag", 2),
        (b"a: !special 3\n", "tag", 1),
        (b"1: one\n", "key_not_text", 1),
        (b"x: " + b"y" * (5 * 1024 * 1024), "too_big", 1),
    ],
)
def test_strange_files_are_refused_and_nothing_in_them_runs(tmp_path, raw, code, line):
    (tmp_path / "pack.yaml").write_bytes((PACKS / "law/tw/pack.yaml").read_bytes())
    (tmp_path / "rules.yaml").write_bytes(raw)
    found = next(problem for problem in loader.check(tmp_path) if problem.file == "rules.yaml")
    assert (found.code, found.line) == (code, line)


def test_no_is_a_word_and_no_truth_value(tmp_path):
    (tmp_path / "pack.yaml").write_bytes((PACKS / "law/tw/pack.yaml").read_bytes())
    (tmp_path / "rules.yaml").write_text("rules: no\n", encoding="utf-8")
    assert loader.read(tmp_path).body["rules"] == "no"


def test_an_empty_folder_is_not_a_pack(tmp_path):
    found = only(loader.check(tmp_path))
    assert found.code == "no_pack"
    assert "pack.yaml" in str(found)


def test_two_packs_with_one_code_are_refused(packs):
    changed(packs / "law/cn/pack.yaml", "id: law/cn", "id: law/tw")
    assert {problem.code for problem in loader.check(packs)} >= {"pack_twice"}


def test_a_required_pack_must_be_there(tmp_path):
    copied(tmp_path, "law/tw")
    found = only(loader.check(tmp_path))
    assert (found.code, found.expected) == ("requires_missing", "calendars/tw")
    assert loader.check(tmp_path, shipped=PACKS) == []


def test_a_card_may_only_cite_rules_that_exist(packs):
    line = changed(packs / "procedure/base/cards.yaml", "basis: [TW-PD-2, CN-COMP-2]", "basis: [TW-PD-2, CN-COMP-9]")
    found = only(loader.check(packs))
    assert (found.code, found.line, found.found) == ("basis_missing", line, "CN-COMP-9")


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("由{handler}負責，{amount}", "not_known"),
        ("由他負責", "placeholders_differ"),
    ],
)
def test_a_wording_may_leave_open_only_what_is_filled_in(packs, new, code):
    changed(packs / "procedure/base/wordings.yaml", "由{handler}負責，{next_step}", new)
    assert code in {problem.code for problem in loader.check(packs)}


def test_the_hash_stays_whatever_the_order_of_keys_and_the_comments(packs):
    before = loader.read(packs / "calendars/tw").sha
    changed(packs / "calendars/tw/days.yaml", "zone: Asia/Taipei\n", "# a remark\n")
    path = packs / "calendars/tw/days.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\nzone: Asia/Taipei\n", encoding="utf-8")
    assert loader.read(packs / "calendars/tw").sha == before


def test_the_hash_changes_with_any_word(packs):
    before = loader.read(packs / "law/tw").sha
    changed(packs / RULES, "處新臺幣", "罰新臺幣")
    assert loader.read(packs / "law/tw").sha != before


def test_several_mistakes_are_told_at_once(packs):
    changed(packs / RULES, "    kind: definition\n", "    kind: opinion\n")
    changed(packs / PROCEDURE, "  days: 14\n", "  days: many\n")
    assert {problem.file for problem in loader.check(packs)} == {RULES, PROCEDURE}
