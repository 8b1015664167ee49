"""No offer leaves before legal has read it: known by its words, by the template it was begun from, by where it stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.accounts.selectors import profile_for
from suyuan.cases.errors import MayNot
from suyuan.cases.models import Case
from suyuan.cases.selectors.clearing import clearances_waiting
from suyuan.cases.services import ending, handling
from suyuan.cases.services.wording import nobody_left, words_decide
from suyuan.correspondence.errors import GuardHeld, NotYourVote
from suyuan.correspondence.gate import Words
from suyuan.correspondence.models import Message, VerdictRow
from suyuan.correspondence.services import message_draft, message_queue
from suyuan.desk.services import letter_put_by, letter_send
from suyuan.playbooks.weights import weights
from tests.cases.cast import NOON, acknowledged, facts_of, fresh
from tests.correspondence.held import CLEAN

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-11"), pytest.mark.sqlite]

OFFER = "謝謝您告訴我們。我們願意補償您 20,000 元，沈經理星期三下午三點打電話給您，聽您怎麼想。"
OWED = "謝謝您告訴我們。依合約，未使用的五堂課退還 12,000 元，七個工作天內匯入您的帳戶；沈經理星期三下午三點打電話給您。"


@pytest.fixture
def case(cast, make_case) -> Case:
    return fresh(acknowledged(cast, make_case()))


def letter(case: Case, words: str, by, **more) -> Message:
    return letter_send(case=case, party=case.parties.get(), channel="portal", words=words, actor=by.actor, now=NOON, **more)


def put_by(case: Case, words: str, by, **more):
    given = {"party": case.parties.get(), "channel": "portal", "words": words, "why": "和對方談過"} | more
    return letter_put_by(case=case, **given, actor=by.actor, now=NOON)


def decide(case: Case, row, by, yes: bool = True):
    return words_decide(case=fresh(case), clearance=row, yes=yes, reason="金額與理由相稱", actor=by.actor, now=NOON)


def test_an_offer_is_held_though_nothing_is_found_in_it_and_says_why(case, cast):
    words = Words(text=OFFER, stream=case.stream, branch_id=case.branch_id)
    assert words.verdict.level in ("clean", "advise") and words.need == "legal"
    with pytest.raises(GuardHeld) as held:
        letter(case, OFFER, cast.manager)
    assert "須先經法務審閱" in held.value.message() and held.value.data["need"] == "legal"
    assert letter(case, CLEAN, cast.manager).state == "queued"


def test_what_is_owed_by_contract_and_said_plainly_leaves_by_itself(case, cast):
    assert letter(case, OWED, cast.manager).state == "queued"


@pytest.mark.postgres
def test_the_yes_of_legal_lets_it_out_and_nobody_elses_does(case, cast):
    asked = put_by(case, OFFER, cast.manager)
    assert (asked.needs, asked.message.state) == ("legal", "waiting") and asked.asks[0]["by"] == "words"
    assert "20,000" not in str(asked.asks), "places, no words"
    for other in (cast.head, cast.colleague, cast.manager):
        with pytest.raises((NotYourVote, MayNot)):
            decide(case, asked, other)
    decide(case, asked, cast.legal)
    message = Message.objects.get(pk=asked.message_id)
    assert message.state == "queued" and message.words == OFFER
    row = VerdictRow.objects.get(what="message")
    assert row.packs == asked.packs and row.packs[-1] == f"weights:{weights().made_of}" and len(row.packs) > 1
    assert row.clearance == asked and row.asks[0]["code"].startswith("OFFER")
    assert facts_of(case, "message.queued")[0].value("terms") is True


def test_legal_sees_the_case_from_then_on_whatever_its_level(case, cast):
    assert case.level != 3 and not case.asked_legal
    asked = put_by(case, OFFER, cast.manager)
    assert fresh(case).asked_legal
    assert [row for row, _case in clearances_waiting(profile_for(cast.legal.actor, NOON))] == [asked]
    assert not clearances_waiting(profile_for(cast.head.actor, NOON))


def test_legal_who_wrote_it_is_not_that_yes_and_a_lawyer_from_outside_is_invited(case, cast):
    case = handling.legal_ask(case=case, actor=cast.manager.actor, now=NOON)
    Case.objects.filter(pk=case.pk).update(owner=cast.legal.user)
    asked = put_by(fresh(case), OFFER, cast.legal)
    with pytest.raises(NotYourVote):
        decide(case, asked, cast.legal)
    words = Words(text=OFFER, stream=case.stream, branch_id=case.branch_id)
    assert nobody_left(fresh(case), words, cast.legal.actor, NOON)
    assert not nobody_left(fresh(case), words, cast.manager.actor, NOON)


def test_a_no_of_legal_makes_it_a_draft_again(case, cast):
    asked = put_by(case, OFFER, cast.manager)
    assert decide(case, asked, cast.legal, yes=False).state == "refused"
    assert Message.objects.get(pk=asked.message_id).state == "draft"


def test_a_template_that_asks_for_legal_is_not_shaken_off_by_changing_its_words(case, cast):
    with pytest.raises(GuardHeld) as held:
        letter(case, CLEAN, cast.manager, templates=["ack-written-1", "goodwill"])
    assert [(each.by, each.code) for each in held.value.words.asks] == [("template", "goodwill")]
    assert letter(case, CLEAN, cast.manager, templates=["ack-written-1"]).state == "queued"
    asked = put_by(case, CLEAN + "請慢慢想。", cast.manager, templates=["goodwill"])
    assert asked.needs == "legal" and asked.message.templates == ["goodwill"]


def test_words_of_a_settlement_always_ask_for_legal(case, cast):
    words = Words(text="雙方各執一份。", stream=case.stream, branch_id=case.branch_id, surface="settlement")
    assert words.need == "legal" and [each.by for each in words.asks] == ["surface"]
    draft = message_draft(
        stream=case.stream, branch_id=case.branch_id, channel="letter", kind="agreement", body="雙方各執一份。",
        subject_line="協議", actor=cast.manager.actor, now=NOON,
    )  # fmt: skip
    with pytest.raises(GuardHeld) as held:
        message_queue(message=draft, surface="settlement", actor=cast.manager.actor, now=NOON)
    assert held.value.words.field == "words", "the line above them asks nobody by its place"


def test_what_was_settled_in_the_room_is_written_down_unless_it_promises_more(case, cast):
    given = {"case": case, "actor": cast.manager.actor, "now": NOON}
    with pytest.raises(GuardHeld):
        ending.case_resolve_on_spot(words=OFFER, **given)
    assert ending.case_resolve_on_spot(words="當場更正收據，對方說這樣就好。", **given).stage == "resolved_on_spot"


def test_an_emergency_is_never_held_for_its_terms(case, cast):
    sent = letter(case, OFFER + "若發燒或傷口變黑，請立即就醫或撥 119。", cast.manager, emergency=True)
    assert sent.state == "sent"


def test_an_offer_spoken_or_promised_waits_as_one_that_is_written(case, cast):
    who = {"case": case, "actor": cast.manager.actor, "now": NOON}
    with pytest.raises(GuardHeld):
        handling.plan_explain(words=OFFER, method="in_person", **who)
    with pytest.raises(GuardHeld):
        handling.promise_make(words="退您一半費用", due_at=NOON + timedelta(days=3), **who)
