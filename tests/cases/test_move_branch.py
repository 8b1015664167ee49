"""A case that changes branch keeps its number; the law of the new place counts from the original triggers."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.cases.models import CaseClock
from suyuan.cases.services import handling
from suyuan.correspondence.models import Message
from suyuan.correspondence.services import message_receive
from suyuan.platform.models import Text
from tests.cases.cast import NOON, fresh, party_of


@pytest.fixture
def moved(cast, make_case):
    case = make_case(wishes=("records", "part-refund"), harm="alleged", occurred_on=NOON.date())
    message_receive(
        stream=case.stream, branch_id=case.branch_id, channel="portal", body="請問進度如何？", actor=party_of(case), now=NOON
    )
    later = NOON + timedelta(days=2)
    before = {c.rule_id for c in CaseClock.objects.filter(case=case, basis="law", state="running")}
    handling.case_move_branch(
        case=fresh(case), branch=cast.sh, reason="病人在上海治療。", actor=cast.head.actor, now=later
    )
    return fresh(case), before, later


def test_the_number_and_the_pinned_pack_stay(moved):
    case, _before, _later = moved
    assert case.reference.startswith("TN")
    assert case.jurisdiction == "cn"


def test_clocks_of_the_former_law_are_void_and_those_of_the_new_one_run_from_the_first_trigger(moved):
    case, before, later = moved
    law = CaseClock.objects.filter(case=case, basis="law")
    running = law.filter(state="running")
    assert before and all(rule.startswith("TW") for rule in before)
    assert not running.filter(rule_id__startswith="TW").exists()
    mainland = running.filter(rule_id__startswith="CN")
    assert mainland.exists()
    assert all(clock.started_at <= NOON and clock.recorded_at == later for clock in mainland)


def test_words_and_messages_go_with_it(cast, moved):
    case, _before, _later = moved
    assert set(Text.objects.filter(stream=case.stream).values_list("branch_id", flat=True)) == {cast.sh.pk}
    assert set(Message.objects.filter(subject_stream=case.stream).values_list("branch_id", flat=True)) == {cast.sh.pk}
