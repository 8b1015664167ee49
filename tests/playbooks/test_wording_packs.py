"""Wording packs: some sections only, the place laid beside the general one, changed by overlays like any other."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from suyuan.kernel.actor import SYSTEM
from suyuan.playbooks import loader, selectors
from suyuan.playbooks.services import packs_load
from suyuan.playbooks.texts import Texts
from suyuan.playbooks.wording import Wording, joined, only
from tests.playbooks.shelf import changed, copied, overlay

LAWS = ("law/tw", "law/cn", "calendars/tw", "calendars/cn")
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)

ADDED = """\
add:
  - section: templates
    id: ours
    reason: 本院自己的說法
    with:
      situation: thanks
      surface: private_message
      when: {zh-Hant: 收到謝意, zh-Hans: 收到谢意, en: After thanks}
      title: {zh-Hant: 謝謝, zh-Hans: 谢谢, en: Thanks}
      body: {zh-Hant: "謝謝{name}", zh-Hans: "谢谢{name}", en: "Thank you, {name}"}
"""


def short(folder):
    """The general pack with two of its sections: the rules of the guard take long to read."""
    copied(folder, "wording/base", *LAWS)
    for path in (folder / "wording/base").glob("*.yaml"):
        if path.name not in ("pack.yaml", "skeletons.yaml", "principles.yaml"):
            path.unlink()
    return folder


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("surface: public_reply", "surface: shouting", "not_known"),
        ("    basis: [TW-CONF-1, CN-PD-1]\n", "    basis: [TW-CONF-99]\n", "basis_missing"),
        ("        {name}您好：\n", "        {nmae}您好：\n", "not_known"),
        ("        {name}您好：\n", "        您好：\n", "placeholders_differ"),
    ],
)
def test_a_spoiled_text_is_refused_on_its_line(tmp_path, old, new, code):
    short(tmp_path)
    line = changed(tmp_path / "wording/base/skeletons.yaml", old, new)
    found = loader.check(tmp_path)
    assert code in {problem.code for problem in found}
    assert all(problem.file == "wording/base/skeletons.yaml" for problem in found)
    if code == "not_known" and "surface" in new:
        assert found[0].line == line


def test_a_pack_may_hold_some_sections_only(tmp_path):
    short(tmp_path)
    (tmp_path / "wording/base/principles.yaml").unlink()
    assert loader.check(tmp_path) == []


def test_an_overlay_adds_to_a_section_that_the_pack_below_does_not_have(tmp_path):
    copied(tmp_path, "wording/tw", *LAWS)
    for path in (tmp_path / "wording/tw").glob("templates*.yaml"):
        path.unlink()
    overlay(tmp_path, ADDED, base="wording/tw", kind="wording")
    drafts = loader.read_all(tmp_path)
    assert [problem for draft in drafts for problem in draft.problems] == []
    laid = next(draft for draft in drafts if draft.overlay)
    assert [row["id"] for row in laid.body["templates"]] == ["ours"]


@pytest.mark.django_db
@pytest.mark.usefixtures("packs")
def test_a_branch_goes_by_the_newest_general_words_and_those_of_its_place(tmp_path):
    selectors.forget()
    before = selectors.wording_newest("tw")
    assert before.info.pack == "wording/tw"
    assert before.principles
    overlay(tmp_path, ADDED, base="wording/tw", kind="wording")
    try:
        packs_load(folder=tmp_path, actor=SYSTEM, now=NOW)
        assert selectors.wording_newest("tw").template("ours").situation == "thanks"
        with pytest.raises(LookupError):
            selectors.wording_newest("cn").template("ours")
    finally:
        selectors.forget()


def row(code, words, jurisdictions=("tw", "cn")):
    from suyuan.playbooks.wording import Template

    said = Texts(words, words, words)
    return Template(code, "thanks", "private_message", said, said, said, jurisdictions=jurisdictions)


def test_an_entry_of_the_place_goes_before_the_general_one_of_the_same_name():
    general = Wording(None, templates=(row("a", "general"), row("b", "general")))
    local = Wording(None, templates=(row("b", "local"), row("c", "local", ("tw",))))
    both = joined(general, local)
    assert [(each.id, each.title.en) for each in both.templates] == [("a", "general"), ("b", "local"), ("c", "local")]
    assert [each.id for each in only(both, "cn").templates] == ["a", "b"]
    assert replace(only(both, "tw"), info=None).templates == both.templates
