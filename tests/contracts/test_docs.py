"""What the documents say is so: commands exist, the tables are those of the code, rows name the tests that show them."""
from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from suyuan.config.cli import parser
from suyuan.config.demo import ACCOUNTS, PASSWORD
from tests import matrix, rows

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
VERBS = re.findall(r'^        "(\w+)": "', (ROOT / "do.py").read_text(encoding="utf-8"), re.M) + ["demo"]
NOT_PARSED = {"manage"}


def commands(page: Path):
    """Every `suyuan …` and `do.py …` in code of a page."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```[a-z]*\n(.*?)^ *```", text, re.S | re.M) + re.findall(r"`([^`\n]+)`", text)
    for block in blocks:
        for line in block.replace("\\\n", " ").splitlines():
            if found := re.match(r"(?:[A-Z_]+=\S+ )*(?:sudo \S+ )?(?:\S*python3? )?(?:\S*/)?(do\.py|suyuan) +(.+)", line.strip()):
                yield found[1], found[2].partition("#")[0].partition("|")[0].strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_a_page_names_exists(page):
    for program, words in commands(page):
        told = [w for w in shlex.split(words) if w not in ("…", "...")]
        if not told or told[0].startswith("-"):
            continue
        if program == "do.py":
            assert told[0] in VERBS, f"do.py {words}"
            if told[0] != "run":
                continue
            told = told[1:]
        if told and told[0] not in NOT_PARSED:
            _is_known(told, words)


def _is_known(told: list[str], words: str) -> None:
    """The verb and its options, whatever values they are given."""
    at = parser()
    for word in told:
        verbs = next((a.choices for a in at._actions if a.choices and not a.option_strings), None)
        if word.startswith("--"):
            assert word.partition("=")[0] in {o for a in at._actions for o in a.option_strings}, f"suyuan {words}: {word}"
        elif verbs is not None:
            assert word in verbs, f"suyuan {words}: {word}"
            at = verbs[word]


def test_commands_were_found():
    assert len({(program, words) for page in PAGES for program, words in commands(page)}) > 10


def test_the_matrix_in_the_security_page_is_the_one_in_force():
    assert matrix.PAGE.read_text(encoding="utf-8") == matrix.page(), "run: python -m tests.matrix"


def test_the_rows_name_the_tests_that_show_them():
    assert rows.PAGE.read_text(encoding="utf-8") == rows.page(), "run: python -m tests.rows"


@pytest.mark.parametrize("page", ["README.md", "README.zh-Hant.md"])
def test_the_readme_names_the_demo_accounts(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert PASSWORD in text
    assert [login for login, *_rest in ACCOUNTS if not re.search(rf"\b{login}\b", text)] == []


def test_links_between_pages_lead_somewhere():
    lost = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                lost.append((page.name, target))
    assert lost == []
