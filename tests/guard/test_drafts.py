"""The guard against drafts that people wrote and labelled by hand (docs/guard.md)."""
from __future__ import annotations

import pytest

from suyuan.playbooks.guarding import REPLIES, SURFACES
from suyuan.playbooks.vocabulary import FINDINGS
from suyuan.playbooks.weights import weights
from tests.guard import scoring

pytestmark = pytest.mark.sqlite


@pytest.fixture(scope="module")
def results():
    return scoring.checked(scoring.drafts())


def test_the_set_is_large_half_clean_and_by_several_hands():
    drafts = scoring.drafts()
    clean = sum(not d.kinds for d in drafts)
    assert len(drafts) >= 400
    assert 0.4 <= clean / len(drafts) <= 0.6
    assert len({d.hand for d in drafts}) >= 3
    assert len({d.id for d in drafts}) == len({d.text for d in drafts}) == len(drafts)
    for draft in drafts:
        assert draft.surface in SURFACES
        assert draft.reply_to in ("", *REPLIES)
        assert draft.kinds <= FINDINGS


@pytest.mark.requirement("B-11")
def test_nine_of_ten_dangers_are_found_and_no_kind_is_far_behind(results):
    scores = scoring.by_kind(results)
    assert sum(score.found for score in scores.values()) / sum(score.there for score in scores.values()) >= 0.9
    assert {kind: round(score.recall, 2) for kind, score in scores.items() if score.recall < 0.8} == {}


@pytest.mark.requirement("B-11")
def test_a_clean_draft_is_seldom_held_up(results):
    alarmed, clean = scoring.false_alarms(results)
    assert alarmed / clean <= 0.08


@pytest.mark.requirement("B-11")
def test_hands_that_nobody_had_seen_are_read_as_well(results):
    unseen = [(draft, found) for draft, found in results if not draft.seen]
    scores = scoring.by_kind(unseen)
    assert len(unseen) >= 400
    assert sum(score.found for score in scores.values()) / sum(score.there for score in scores.values()) >= 0.9
    assert {kind: round(score.recall, 2) for kind, score in scores.items() if score.recall < 0.8} == {}
    alarmed, clean = scoring.false_alarms(unseen)
    assert alarmed / clean <= 0.08


def test_the_page_says_what_is_measured():
    assert scoring.tables() in scoring.PAGE.read_text("utf-8"), "run python -m tests.guard.scoring --write"


def test_the_weights_are_learned_from_the_drafts_that_are_here():
    assert weights().made_of == scoring.made_of(), "run python -m tests.guard.learning --write"
