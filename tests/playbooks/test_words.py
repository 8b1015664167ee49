"""What the program says about packs stands in all three languages."""

import ast
from pathlib import Path

import polib
import pytest

from suyuan.playbooks import problems

FOLDER = Path(problems.__file__).parent


def said() -> set[str]:
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                found.add(node.args[0].value)
    return found


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_every_sentence_is_translated(language):
    catalogue = polib.pofile(str(FOLDER / "locale" / language / "LC_MESSAGES" / "django.po"), encoding="utf-8")
    assert {entry.msgid for entry in catalogue} == said()
    assert [entry.msgid for entry in catalogue if not entry.msgstr or entry.fuzzy] == []


def test_the_example_of_the_guide_can_be_laid_over_the_law(tmp_path):
    from suyuan.playbooks import loader
    from tests.playbooks.shelf import PACKS

    guide = (Path(__file__).parents[2] / "docs" / "packs.md").read_text(encoding="utf-8")
    blocks = [block.partition("```")[0] for block in guide.split("```yaml\n")[1:]]
    manifest = next(block for block in blocks if block.startswith("# pack.yaml"))
    changes = next(block for block in blocks if block.startswith("# changes.yaml"))
    (tmp_path / "pack.yaml").write_text(manifest, encoding="utf-8")
    (tmp_path / "changes.yaml").write_text(changes.partition("add:")[0], encoding="utf-8")
    assert [str(problem) for problem in loader.check(tmp_path, shipped=PACKS)] == []
