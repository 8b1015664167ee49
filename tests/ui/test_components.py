import re
from pathlib import Path

import pytest
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import translation

import suyuan
from suyuan.ui import samples, views

TEMPLATES = Path(suyuan.__file__).parent / "ui/templates"
COMPONENTS = sorted(p.stem for p in (TEMPLATES / "cotton/sy").glob("*.html"))


@pytest.fixture(scope="module")
def board() -> str:
    return render_to_string("ui/components.html", samples.everything())


def test_the_page_shows_every_component():
    shown = "".join(p.read_text(encoding="utf-8") for p in TEMPLATES.rglob("*.html"))
    for name in COMPONENTS:
        assert f"<c-sy.{name.replace('_', '-')}" in shown, name


@pytest.mark.parametrize("trace", [
    "sy-care__disc", "sy-days", "sy-day--closed", "sy-track", "sy-gate", "sy-track__exit", "sy-clocks--4", "sy-mood--late", "sy-next__had",
    "sy-duties__rest", "sy-duties__group", "sy-entry--patient", "sy-quote--ours", "sy-closed", "sy-chain", "sy-cal--makeup", "sy-cal--due",
    "sy-level--3", "sy-level--0", "sy-ring--paused", "sy-tag--pending", "sy-tag--provisional", "sy-band--late", "sy-empty__dot",
    "sy-confirm__title", "sy-summary", "sy-field--wrong", "sy-choice", "sy-tick", "sy-upload", "sy-table--cards", "sy-pager", "sy-receipt__stamp",
    "sy-steps", "sy-print-title", "sy-print-foot", "sy-search", "sy-chip", "sy-tabs", "sy-menu__body", "sy-fold", "sy-task--done", "sy-person",
    "sy-coach", "sy-item", "sy-facts", "sy-legend",
])
def test_it_is_drawn(board, trace):
    assert trace in board


def test_nothing_is_left_unrendered(board):
    assert "<c-" not in board and "{%" not in board and "{{" not in board


def test_ids_are_unique(board):
    ids = re.findall(r'\sid="([^"]+)"', board)
    double = {i for i in ids if ids.count(i) > 1}
    assert not double - {"next-step"}


@pytest.mark.parametrize("language", ["zh-hant", "zh-hans", "en"])
def test_it_renders_in_three_languages(language):
    with translation.override(language):
        assert f'<html lang="{language}"' in render_to_string("ui/components.html", samples.everything())


@pytest.mark.parametrize("code", [400, 403, 404, 409, 429, 500, 503])
def test_an_error_page_needs_neither_request_nor_person(code):
    page = get_template(f"{code}.html").render({})
    assert str(code) in page
    assert "失敗" not in page and "管理員" not in page  # what is safe and what to do, not that something failed


def test_a_refusal_keeps_the_words_people_typed_out_of_harm():
    page = render_to_string("ui/refusal.html", {"message": "林主任剛剛改過", "code": "case-moved"})
    assert "林主任剛剛改過" in page and "case-moved" in page and 'role="alert"' in page


def test_words_of_people_are_escaped_everywhere():
    page = render_to_string("ui/components.html", samples.everything() | {"quote": "<script>alert(1)</script>"})
    assert "<script>alert" not in page


@pytest.mark.parametrize(("chosen", "kept"), [("dark", "dark"), ("light", "light"), ("system", ""), ("pink", None)])
def test_the_theme_is_kept_in_a_cookie(chosen, kept):
    answer = views.theme(RequestFactory().post("/ui/theme/", {"theme": chosen, "next": "/cases/?q=1"}))
    assert answer.status_code == 302 and answer["Location"] == "/cases/?q=1"
    assert (answer.cookies["sy_theme"].value if "sy_theme" in answer.cookies else None) == kept


def test_the_theme_switch_leads_nowhere_outside():
    answer = views.theme(RequestFactory().post("/ui/theme/", {"theme": "dark", "next": "https://elsewhere.example.org/"}))
    assert answer["Location"] == "/"


def test_a_field_is_tied_to_its_help_and_its_errors(board):
    field = re.search(r'<input[^>]*id="wrong_when"[^>]*>', board).group(0)
    assert 'aria-invalid="true"' in field
    assert 'id="wrong_when_error"' in board
