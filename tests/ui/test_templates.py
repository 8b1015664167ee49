"""What no template of the house may hold, and what every component must say of itself."""

import re
from pathlib import Path

import pytest

import suyuan

SOURCE = Path(suyuan.__file__).parent
TEMPLATES = sorted(p for p in SOURCE.rglob("templates/**/*") if p.suffix in {".html", ".svg", ".xml"})
COMPONENTS = sorted((SOURCE / "ui/templates/cotton/sy").glob("*.html"))
STATIC = sorted(p for p in (SOURCE / "ui/static/ui").rglob("*") if p.suffix in {".css", ".js", ".svg"})

# Pictures among the letters; our arrows, brackets and typographic signs are none.
EMOJI = re.compile("[\U0001f000-\U0001faff☀-➿️⬛-⭕]")


def bare(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}|<!--.*?-->", "", text, flags=re.S)
    return re.sub(r"{%.*?%}|{{.*?}}", "§", text, flags=re.S)


def name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_nothing_is_inline_so_the_strict_policy_holds(path):
    text = bare(path)
    assert not re.search(r"<[a-z][^>]*\sstyle\s*=", text, re.I), "inline style"
    assert not re.search(r"<style[\s>]", text, re.I), "style element"
    assert not re.search(r"<[a-z][^>]*\son[a-z]+\s*=", text, re.I), "event attribute"
    assert not re.search(r"<[a-z][^>]*\shx-on", text, re.I), "hx-on needs eval"
    assert "javascript:" not in text.lower()
    for tag in re.findall(r"<script[^>]*>", text, re.I):
        assert " src=" in tag, "script without src"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_nothing_comes_from_outside(path):
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", bare(path), re.I)


@pytest.mark.parametrize("path", [*TEMPLATES, *(p for p in STATIC if "vendor" not in p.parts)], ids=name)
def test_no_emoji(path):
    assert not EMOJI.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", STATIC, ids=name)
def test_no_file_asks_for_a_source_map(path):
    assert "sourceMappingURL" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda p: p.stem)
def test_a_component_opens_with_what_it_accepts_and_declares_it(path):
    text = path.read_text(encoding="utf-8")
    opening = re.match(r"(?:{% load [^%]+%})?{% comment %}(.+?){% endcomment %}", text, re.S)
    assert opening and opening.group(1).strip()
    declared = re.search(r"<c-vars([^>]*)/>", text)
    assert declared or "No parameters" in opening.group(1)
    for parameter in re.findall(r"\s:?([a-z_]+)=", declared.group(1) if declared else ""):
        # An undeclared name would be taken from the page around it; an unmentioned one would be found by nobody.
        assert re.search(rf"\b{parameter}\b", opening.group(1)) or parameter in {"id"}, f"{parameter} is not explained"


def test_the_list_of_components_is_complete():
    listed = (SOURCE / "ui/README.md").read_text(encoding="utf-8")
    for path in COMPONENTS:
        assert f"<c-sy.{path.stem.replace('_', '-')}>" in listed, path.stem


def test_scripts_need_no_eval():
    ours = (SOURCE / "ui/static/ui/suyuan.js").read_text(encoding="utf-8")
    assert not re.search(r"\beval\(|new Function|innerHTML|\.style\b|setAttribute\(\s*[\"']style", ours)
