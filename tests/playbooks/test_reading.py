"""Texts, holes and calendars: the small parts."""

import pytest
from django.utils import translation

from suyuan.kernel.deadlines import Duration, Unit
from suyuan.playbooks import makecalendars
from suyuan.playbooks.readers import When, worded
from suyuan.playbooks.texts import Texts, fill, holes, pick
from tests.playbooks.shelf import PACKS

WORDS = Texts("受理", "受理了", "Received")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-Hant", "受理"),
        ("zh-hant", "受理"),
        ("zh-TW", "受理"),
        ("zh_Hans", "受理了"),
        ("zh-cn", "受理了"),
        ("en-gb", "Received"),
        ("fr", "受理"),
    ],
)
def test_a_text_is_picked_by_language(language, words):
    assert pick(WORDS, language) == words
    assert pick(dict(WORDS.items()), language) == words


def test_a_text_in_a_template_follows_the_reader():
    with translation.override("zh-hans"):
        assert f"{WORDS}" == "受理了"
    with translation.override("en"):
        assert f"{WORDS}" == "Received"


def test_what_is_filled_in_is_never_read_as_a_hole_again():
    assert fill("{name}您好，{next_step}", {"name": "{next_step}", "next_step": "回電"}) == "{next_step}您好，回電"
    assert fill("{name.__class__}{}{0}", {"name": "溫小姐"}) == ""
    assert holes("{name}，{by_when}") == {"name", "by_when"}


def test_durations_are_said_in_three_languages():
    assert worded(Duration(1, Unit.HOURS)) == Texts("1 小時內", "1 小时内", "within 1 hour")
    assert worded(Duration(10, Unit.WORKING_DAYS)).en == "within 10 working days"


def test_a_condition_compares_values_of_the_same_kind():
    when = When("case.graded", {"level": (2, 3, None)})
    assert when.matches("case.graded", {"level": 2})
    assert when.matches("case.graded", {})
    assert not when.matches("case.graded", {"level": "2"})
    assert not when.matches("case.graded", {"level": True})
    assert not when.matches("case.opened", {"level": 2})


def test_a_list_in_a_fact_fits_when_any_of_it_does():
    when = When("issue.classified", {"causes": ("price", "service")})
    assert when.matches("issue.classified", {"causes": ["adverse", "price"]})
    assert not when.matches("issue.classified", {"causes": []})


@pytest.mark.parametrize("place", ["tw", "cn"])
def test_the_day_tables_are_what_the_generator_makes(place, tmp_path):
    """Nobody edits them by hand: what differs is added by an overlay, with its source."""
    makecalendars.calendars_make(tmp_path)
    made = (tmp_path / place / "days.yaml").read_text(encoding="utf-8")
    assert made == (PACKS / "calendars" / place / "days.yaml").read_text(encoding="utf-8")
