"""Every fact the house can record has a sentence in three languages, and one still when what was private is gone."""
from __future__ import annotations

import itertools
import re

import pytest
from django.utils import translation

from suyuan.platform import facts
from suyuan.platform.facts import Told
from suyuan.platform.models import FactRow
from suyuan.playbooks import vocabulary

LANGUAGES = ("zh-hant", "zh-hans", "en")
KINDS = {name: kind for name, kind in facts.kinds().items() if not name.startswith(("test.", "tests."))}
CODE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b|\b[a-z]+\.[a-z_]+\b|%\(|None\b|\{|\}")


class Erased(FactRow):
    """A fact whose private fields are gone. Plain ones never go: here each is a day, which most can be read as."""

    class Meta:
        proxy = True
        app_label = "platform"

    def value(self, name, default=None):
        return "2026-01-05" if default is None else default


def worded(name: str, language: str) -> str:
    with translation.override(language):
        return str(KINDS[name].phrase(Told(Erased(type=name, plain={}), {})))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_fact_has_its_sentence_even_when_nothing_is_left_of_it(name, language):
    said = worded(name, language)
    assert said.strip() and said != name
    assert not CODE.search(said), said
    if language == "en":
        assert not re.search(r"[\u4e00-\u9fff]", said), said


def test_no_sentence_stands_in_two_scripts_by_accident():
    same = [name for name in KINDS if worded(name, "en") == worded(name, "zh-hant")]
    assert same == []


def test_there_are_facts_at_all():
    assert len(KINDS) > 80
    nouns = {name.partition(".")[0] for name in KINDS}
    assert {"case", "party", "staff", "person", "message", "pack"} & nouns >= {"case", "party", "message"}


def test_packs_may_only_wait_for_facts_that_are_recorded():
    assert set(vocabulary.FACTS) <= set(KINDS)
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", name) for name in itertools.chain(vocabulary.FACTS, KINDS))
