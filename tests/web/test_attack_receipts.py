"""Receipts, their secrets, and what one holder may learn of another."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from suyuan.cases.errors import MayNot
from suyuan.cases.models import Party, Receipt
from suyuan.cases.selectors import portal_case
from suyuan.cases.services import handling, parties
from suyuan.cases.services.intake import PersonGiven
from suyuan.cases.services.receipts import receipt_issue, receipt_open
from suyuan.correspondence.models import Message
from suyuan.correspondence.services import message_deliver, message_receive
from suyuan.desk.services import letter_send
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import NotHere, Refusal
from suyuan.platform import clock
from tests.cases.cast import NOON, fresh, party_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02")]


@pytest.fixture
def verified(cast, make_case):
    case = make_case("acknowledged")
    party = Party.objects.get(case=case)
    parties.party_verify(case=fresh(case), party=party, how="健保卡", actor=cast.manager.actor, now=NOON)
    party.refresh_from_db()
    return fresh(case), party


# --- who may have one issued ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["auditor", "cashier", "stranger", "nurse", "accused", "legal"])
def test_the_service_itself_asks_who_issues_a_receipt(who, cast, verified):
    case, party = verified
    before = list(Receipt.objects.values_list("pk", "revoked_at"))
    with pytest.raises(MayNot):
        receipt_issue(case=case, party=party, actor=getattr(cast, who).actor, now=NOON)
    assert list(Receipt.objects.values_list("pk", "revoked_at")) == before


def test_a_party_of_another_case_gets_no_receipt_for_this_one(cast, verified, make_case):
    case, _party = verified
    foreign = Party.objects.get(case=make_case())
    before = Receipt.objects.count()
    with pytest.raises(Refusal):
        receipt_issue(case=case, party=foreign, actor=cast.manager.actor, now=NOON)
    assert Receipt.objects.count() == before
    assert not Receipt.objects.filter(case=case, party=foreign).exists()


def test_nobody_unverified_is_given_a_new_receipt(cast, browser, make_case):
    """Whoever rings up and says a name must not get the key, and the old one must not stop working."""
    case = make_case("acknowledged")
    party = Party.objects.get(case=case)
    answer = browser("manager").post(reverse("desk:receipt", args=[case.reference]), {"party": str(party.uid)})
    assert answer.status_code in (409, 422)
    assert not Receipt.objects.filter(case=case, revoked_at__isnull=False).exists()
    assert Receipt.objects.filter(case=case).count() == 1


def test_a_reissued_receipt_ends_the_old_one(cast, verified):
    case, party = verified
    old = Receipt.objects.get(case=case)
    _row, secret = receipt_issue(case=case, party=party, actor=cast.manager.actor, now=NOON)
    assert receipt_open(case.reference, secret).party_id == party.pk
    old.refresh_from_db()
    assert old.revoked_at is not None


# --- secrets at rest -----------------------------------------------------------------------------------------------


def test_a_secret_waiting_for_its_page_is_not_readable_in_the_database(cast, browser, verified):
    case, party = verified
    client = browser("manager")
    client.post(reverse("desk:receipt", args=[case.reference]), {"party": str(party.uid)})
    kept = str(dict(client.session.items())) + str(client.cookies)
    page = client.get(reverse("desk:registered", args=[case.reference])).content.decode()
    receipt = Receipt.objects.filter(case=case, revoked_at=None).get()
    shown = [word.strip("<>/b") for word in page.replace("<", " <").replace(">", "> ").split() if word.count("-") == 3]
    secret = next(word for word in shown if receipt_open(case.reference, word) == receipt)
    assert secret.replace("-", "") not in kept and secret not in kept
    assert Session.objects.count() >= 1


def test_the_secret_is_shown_once_and_only_in_that_session(cast, browser, verified):
    case, party = verified
    client, other = browser("manager"), browser("colleague")
    client.post(reverse("desk:receipt", args=[case.reference]), {"party": str(party.uid)})
    assert "sy-qr" not in other.get(reverse("desk:registered", args=[case.reference])).content.decode()
    assert "sy-qr" in client.get(reverse("desk:registered", args=[case.reference])).content.decode()
    assert "sy-qr" not in client.get(reverse("desk:registered", args=[case.reference])).content.decode()


def test_the_secret_of_another_or_of_an_hour_ago_is_not_shown(cast, browser, verified):
    case, party = verified
    client, other = browser("manager"), browser("colleague")
    where = reverse("desk:registered", args=[case.reference])
    client.post(reverse("desk:receipt", args=[case.reference]), {"party": str(party.uid)})
    other.cookies.load({name: morsel.value for name, morsel in client.cookies.items() if "receipt" in name})
    assert "sy-qr" not in other.get(where).content.decode()
    with clock.frozen(NOON + timedelta(minutes=11)):
        assert "sy-qr" not in client.get(where).content.decode()
    assert "sy-qr" in client.get(where).content.decode()


# --- one holder and another ----------------------------------------------------------------------------------------


def test_one_holder_reads_neither_messages_nor_demands_of_another(cast, make_case):
    """Patient and companion each have a receipt: what one writes is not the other's to read."""
    case = make_case("acknowledged")
    first = Party.objects.get(case=case)
    second = parties.party_add(
        case=case, person=PersonGiven(family_name="例", given_name="媽媽"), roles=("companion",), actor=cast.manager.actor,
        now=NOON,
    )  # fmt: skip
    def writes(party, words):
        message_receive(stream=case.stream, branch_id=case.branch_id, channel="portal", body=words,
                        actor=Actor("party", str(party.uid)), now=NOON)  # fmt: skip

    writes(first, "請不要讓我媽媽知道這件事。")
    writes(second, "我是她媽媽，想知道進度。")
    handling.demand_record(case=fresh(case), kind="records_copy", asked_by=first, actor=party_of(case), now=NOON)
    seen_by = {p.pk: portal_case(fresh(case), p, language="zh-hant") for p in (first, second)}
    assert [m.words for m in seen_by[first.pk].messages] == ["請不要讓我媽媽知道這件事。"]
    assert [m.words for m in seen_by[second.pk].messages] == ["我是她媽媽，想知道進度。"]
    assert len(seen_by[first.pk].demands) == 1 and seen_by[second.pk].demands == []


def test_a_letter_is_read_by_whom_it_was_written_to(cast, make_case):
    case = make_case("acknowledged")
    first = Party.objects.get(case=case)
    second = parties.party_add(
        case=case, person=PersonGiven(family_name="例", given_name="媽媽"), roles=("companion",), actor=cast.manager.actor,
        now=NOON,
    )  # fmt: skip
    stranger = Party.objects.get(case=make_case())
    letter = {"case": fresh(case), "channel": "portal", "actor": cast.manager.actor, "now": NOON}
    sent = letter_send(party=first, words="您的病歷複本星期五可以來拿。", **letter)
    with pytest.raises(NotHere):
        letter_send(party=stranger, words="給別人的信。", **letter)
    message_deliver(message=sent, now=NOON + timedelta(minutes=2))
    seen_by = [[m.words for m in portal_case(fresh(case), p, language="zh-hant").messages] for p in (first, second, None)]
    assert seen_by == [["您的病歷複本星期五可以來拿。"], [], []]


def test_the_page_asks_for_whom_a_letter_is_when_there_are_two(cast, browser, make_case):
    case = make_case("acknowledged")
    where = reverse("desk:letter_write", args=[case.reference])
    assert 'name="party"' not in browser("manager").get(where).content.decode()
    second = parties.party_add(
        case=case, person=PersonGiven(family_name="例", given_name="媽媽"), roles=("companion",), actor=cast.manager.actor,
        now=NOON,
    )  # fmt: skip
    assert 'name="party"' in browser("manager").get(where).content.decode()
    sent = {"party": str(second.uid), "channel": "portal", "words": "謝謝您陪她來。"}
    assert browser("manager").post(where, sent).status_code == 302
    assert Message.objects.get(subject_stream=case.stream).party == f"party:{second.uid}"
    forged = sent | {"party": "00000000-0000-4000-8000-000000000000"}
    assert browser("manager").post(where, forged).status_code == 422


def test_a_letter_to_nobody_is_refused_and_its_words_are_still_there(cast, browser, make_case):
    """Somebody rang and would not say who they were: there is no receipt that could open a letter."""
    case = make_case(complainant=PersonGiven(), issues=())
    assert not Party.objects.filter(case=case).exists()
    where = reverse("desk:letter_write", args=[case.reference])
    answer = browser("manager").post(where, {"channel": "portal", "words": "請與我們聯絡。"})
    assert answer.status_code == 422 and "請與我們聯絡。" in answer.content.decode()
    assert not Message.objects.filter(subject_stream=case.stream).exists()


def test_what_staff_took_down_and_we_wrote_stays_visible(cast, make_case):
    case = make_case("acknowledged")
    message_receive(stream=case.stream, branch_id=case.branch_id, channel="phone_note", body="病人來電。",
                    actor=cast.manager.actor, now=NOON)  # fmt: skip
    view = portal_case(fresh(case), Party.objects.get(case=case), language="zh-hant")
    assert [m.words for m in view.messages] == ["病人來電。"]


def test_a_register_key_of_another_member_tells_nothing(cast, browser):
    form = {"idempotency_key": "0" * 32, "channel": "telephone", "narrative": "左眼還是腫。", "harm": "none", "relation": "self",
            "name": "例小安"}  # fmt: skip
    mine = browser("receptionist").post(reverse("desk:register"), form)
    assert mine.status_code == 302
    theirs = browser("nurse").post(reverse("desk:register"), form)
    assert theirs.status_code in (409, 422)
    reference = mine["Location"].rstrip("/").split("/")[-2]
    assert reference not in theirs.content.decode() and "sy-qr" not in theirs.content.decode()
