"""The answer says what becomes of each wish, point by point, and does not leave before it does."""
from __future__ import annotations

import pytest

from suyuan.accounts.selectors import profile_of
from suyuan.cases import errors
from suyuan.cases.models import Disclosure, Party
from suyuan.cases.rules import Stage
from suyuan.cases.selectors import case_page, portal_case
from suyuan.cases.services import ending, investigation, parties
from suyuan.cases.services.investigation import WishAnswer
from suyuan.correspondence.models import Message
from suyuan.kernel.refusal import BadInput
from suyuan.platform.facts import facts_told
from tests.cases.cast import HOUR, NOON, facts_of, fresh, nothing_left

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-15"), pytest.mark.sqlite]

WISHES = ("full-refund", "look-again")
BOTH = (WishAnswer("full-refund", "partly", "退三次沒有做的費用。"), WishAnswer("look-again", "granted"))


@pytest.fixture
def asking(make_case):
    return make_case(stage="findings_disclosed", wishes=WISHES)


def respond(cast, case, *wishes, **more):
    given = {"words": "我們排了回診。", "method": "portal"} | more
    return investigation.case_respond(case=case, wishes=wishes, actor=cast.manager.actor, now=NOON, **given)


@pytest.mark.parametrize("given", [(), BOTH[:1], BOTH[1:]])
def test_an_answer_that_leaves_a_wish_open_is_not_sent(cast, asking, given):
    with pytest.raises(errors.GatesShut) as shut:
        respond(cast, asking, *given)
    assert [(m.code, m.count) for m in shut.value.missing] == [("wishes_answered", 2 - len(given))]
    assert fresh(asking).stage == Stage.DISCLOSED and not facts_of(asking, "case.responded")


@pytest.mark.postgres
def test_every_point_is_in_the_words_that_are_frozen_and_sent(cast, asking):
    answer = respond(cast, asking, *BOTH)
    said = answer.words.body
    assert said.startswith("我們排了回診。\n\n您希望的處理，我們逐項答覆：\n・")
    assert "部分照辦。退三次沒有做的費用。" in said and said.endswith("照辦。")
    assert Message.objects.get(subject_stream=asking.stream, kind="answer").text == answer.words


def test_codes_are_plain_in_the_fact_and_reasons_are_sealed(cast, asking):
    respond(cast, asking, *BOTH)
    [fact] = facts_of(asking, "case.responded")
    assert fact.value("wishes") == [
        {"wish": "full-refund", "outcome": "partly"}, {"wish": "look-again", "outcome": "granted"},
    ]  # fmt: skip
    [told] = facts_told([fact])
    assert told.private["wish_1"] == "退三次沒有做的費用。" and "wish_2" not in told.private


@pytest.mark.parametrize("outcome", ["partly", "refused"])
def test_anything_but_a_plain_yes_says_why(cast, asking, outcome):
    with pytest.raises(errors.WordsMissing):
        respond(cast, asking, WishAnswer("full-refund", outcome, "  "), BOTH[1])


@pytest.mark.parametrize("odd", [WishAnswer("apology", "granted"), WishAnswer("full-refund", "maybe")])
def test_only_wishes_of_the_case_and_known_outcomes(cast, asking, odd):
    with pytest.raises(BadInput):
        respond(cast, asking, *BOTH, odd)


def test_the_case_page_and_the_follow_up_page_show_it(cast, asking):
    respond(cast, asking, *BOTH)
    case, party = fresh(asking), Party.objects.get(case=asking)
    parties.party_verify(case=case, party=party, how="card", actor=cast.manager.actor, now=NOON)
    party.refresh_from_db()
    page = case_page(profile_of(cast.manager.user, NOON), case, now=NOON)
    [entry] = [e for e in page.timeline if e.kind == "case.responded"]
    view = portal_case(case, party, language="zh-hant")
    for words in (entry.quote, view.disclosures[-1][2]):
        assert "部分照辦。退三次沒有做的費用。" in words


def test_it_is_said_in_the_language_of_the_case(cast, make_case):
    case = make_case(stage="findings_disclosed", wishes=WISHES)
    type(case).objects.filter(pk=case.pk).update(language="en")
    answer = respond(cast, fresh(case), *BOTH, words="We made an appointment.")
    assert "done in part. 退三次沒有做的費用。" in answer.words.body


def test_a_case_without_wishes_needs_no_list(cast, make_case):
    answer = respond(cast, make_case(stage="findings_disclosed"))
    assert answer.words.body == "我們排了回診。"


def test_after_reopening_each_wish_is_answered_anew(cast, make_case):
    case = nothing_left(cast, make_case(stage="responded", wishes=("look-again",)))
    case = ending.close_request(case=case, actor=cast.manager.actor, now=NOON)
    case = ending.close_confirm(case=case, actor=cast.colleague.actor, now=NOON)
    case = ending.case_reopen(case=case, reason="又腫起來", actor=cast.manager.actor, now=NOON + HOUR)
    assert case.stage == Stage.INVESTIGATING
    case = investigation.case_disclose(
        case=fresh(case), words="再看一次的結果。", method="portal", actor=cast.manager.actor, now=NOON + HOUR
    ).case
    with pytest.raises(errors.GatesShut):
        respond(cast, fresh(case))
    assert respond(cast, fresh(case), BOTH[1]).pk
    assert Disclosure.objects.filter(case=case, kind="answer").count() == 2
