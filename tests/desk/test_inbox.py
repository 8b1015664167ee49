"""What came by itself: into the one case it can belong to, otherwise before somebody who says where it belongs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from suyuan.accounts.models import Organisation
from suyuan.cases.errors import MayNot
from suyuan.cases.models import Task
from suyuan.cases.selectors import portal_case
from suyuan.cases.selectors.ways import ways_to
from suyuan.cases.services.arriving import incoming_drop, incoming_follow, incoming_give
from suyuan.cases.services.ending import case_withdraw
from suyuan.cases.services.intake import PersonGiven
from suyuan.correspondence.errors import IncomingSettled
from suyuan.correspondence.models import Incoming, Message, StaffNotice
from suyuan.correspondence.services import (
    Arrival,
    incoming_forget,
    incoming_take,
    message_came_back,
    message_draft,
    message_queue,
)
from suyuan.kernel.actor import Actor
from suyuan.people.errors import PersonRefused
from suyuan.people.rules import LINE_ACCOUNT, Contact
from suyuan.people.services import contact_add, line_link
from suyuan.platform.jobs import run_due
from suyuan.platform.models import FactRow
from tests.cases.cast import NOON, facts_of, fresh, party_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-10")]

MAIL = Actor("integration", "email")
WEN = "wen@example.org"
ACCOUNT = "U" + "ab" * 16


@pytest.fixture(autouse=True)
def _organisation(cast):
    Organisation.objects.get_or_create(id=1, defaults={"names": {"zh-Hant": "示例"}})


@pytest.fixture
def case(make_case):
    return make_case(complainant=PersonGiven(family_name="例", given_name="小安", contacts=(Contact("email", WEN),)))


def came(
    cast, sender: str = "nobody@example.org", words: str = "請問星期三可以嗎", event: str = "m1", **more
) -> Incoming:
    said = {
        "channel": "email",
        "event": event,
        "branch_id": cast.tn.pk,
        "sender": sender,
        "words": words,
        "kind": "mail",
    }
    return incoming_take(arrivals=[Arrival(**{**said, **more})], actor=MAIL, now=NOON)[0]


def follow(row: Incoming) -> Message | None:
    return incoming_follow(uid=str(row.uid), now=NOON)


def sent_to(case, channel: str = "email", to: str = WEN) -> Message:
    party = str(party_of(case))
    about = {
        "stream": case.stream,
        "branch_id": case.branch_id,
        "party": party,
        "actor": Actor("system", "suyuan"),
        "now": NOON,
    }
    message = message_draft(channel=channel, kind="letter", body="星期三下午方便嗎？", to=to, **about)
    return message_queue(message=message, undo=timedelta(0), actor=about["actor"], now=NOON)


# --- where it belongs ----------------------------------------------------------------------------------------------


def test_words_from_an_address_we_know_go_to_the_one_open_case_and_are_not_shown_as_theirs(case, cast):
    run_due(NOON, slots=False)
    row = came(cast, sender=WEN.upper())
    run_due(NOON, slots=False)
    message = Message.objects.get(subject_stream=case.stream, direction="in")
    assert (message.words, message.known_by, message.party, message.author) == (
        "請問星期三可以嗎", "address", str(party_of(case)), "integration:email",
    )  # fmt: skip
    assert "請問星期三" not in str(portal_case(case, case.parties.get(), language="zh-hant").messages)
    row.refresh_from_db()
    assert (row.state, row.content_sealed, row.message) == ("placed", None, message)
    assert follow(row) is None  # a job that runs twice


def test_an_answer_goes_where_it_answers_even_when_the_case_has_ended(make_case, cast, browser):
    case = make_case()
    ours = sent_to(case, "portal", "")
    case_withdraw(case=case, reason="當面談妥了", actor=cast.manager.actor, now=NOON)
    message = follow(came(cast, in_reply_to=ours, known_by="token"))
    assert (message.in_reply_to, message.known_by, message.subject_stream) == (ours, "token", case.stream)
    assert Task.objects.filter(case=case, kind="decide", done_at=None).count() == 1
    page = browser("manager").get(f"/cases/{case.reference}/letters/").content.decode()
    assert "對方已回覆" in page and "回覆" in page and "收到，寄件人未經核對" in page


def test_what_fits_nowhere_waits_and_managers_are_told_that_it_does(case, cast):
    row = came(cast)
    assert follow(row) is None
    told = set(StaffNotice.objects.filter(stream=row.stream).values_list("user_id", "code"))
    assert (cast.manager.pk, "incoming.waiting") in told
    assert cast.receptionist.pk not in {user for user, _code in told}


def test_a_linked_account_speaks_for_its_holder(case, cast):
    person = case.parties.get().person
    line_link(person=person, account=ACCOUNT, actor=party_of(case), now=NOON)
    message = follow(came(cast, channel="line", sender=ACCOUNT, kind="text"))
    assert (message.author, message.known_by) == (str(party_of(case)), "account")
    assert "請問星期三" in str(portal_case(case, case.parties.get(), language="zh-hant").messages)


def test_files_and_pictures_that_were_left_are_named(case, cast):
    assert "2 個附件" in follow(came(cast, sender=WEN, left_out=2)).words
    assert "沒有文字" in follow(came(cast, sender=WEN, words="", event="m2")).words


# --- a person says where -------------------------------------------------------------------------------------------


def test_a_manager_puts_it_into_a_case_and_nobody_outside_reads_it(case, cast, browser):
    row = came(cast, words="我是她先生")
    manager = browser("manager")
    assert "有 1 則來訊" in manager.get("/").content.decode()
    assert "有 1 則來訊" not in browser("receptionist").get("/").content.decode()
    assert "我是她先生" in manager.get("/inbox/").content.decode()
    where = f"/inbox/{row.uid}/"
    assert manager.post(where, {"what": "place", "reference": ""}).status_code == 422
    said = manager.post(where, {"what": "place", "reference": "TN26-0000-0000"})
    assert (
        said.status_code == 422
        and "找不到這個案號" in said.content.decode()
        and "TN26-0000-0000" in said.content.decode()
    )

    assert manager.post(where, {"what": "place", "reference": case.reference.lower()}).status_code == 302
    message = Message.objects.get(subject_stream=case.stream, direction="in")
    assert (message.words, message.known_by, message.party) == ("我是她先生", "person", "")
    assert FactRow.objects.get(type="incoming.placed").actor == str(cast.manager.actor)
    assert "我是她先生" not in str(portal_case(case, case.parties.get(), language="zh-hant").messages)
    page = manager.get(f"/cases/{case.reference}/").content.decode()
    assert "寄件人未經核對" in page and "nobody@example.org" in page
    assert manager.get(where).status_code == 404


def test_the_cases_it_may_belong_to_are_offered(make_case, cast, browser):
    person = PersonGiven(family_name="例", given_name="小安", contacts=(Contact("email", WEN),))
    one, other = make_case(complainant=person), make_case(complainant=person)
    far = make_case(branch=cast.tp, complainant=person)
    row = came(cast, sender=WEN)
    assert follow(row) is None
    page = browser("manager").get(f"/inbox/{row.uid}/").content.decode()
    assert one.reference in page and other.reference in page and far.reference not in page
    assert browser("manager").post(f"/inbox/{row.uid}/", {"what": "place", "case": other.reference}).status_code == 302
    assert Message.objects.get(direction="in").subject_stream == other.stream


def test_it_is_set_aside_with_a_reason_and_forgotten_after_a_while(cast, browser):
    row = came(cast)
    manager = browser("manager")
    assert manager.post(f"/inbox/{row.uid}/", {"what": "aside"}).status_code == 422
    assert manager.post(f"/inbox/{row.uid}/", {"what": "aside", "reason": "advertising"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.reason, row.content.words) == ("aside", "advertising", "請問星期三可以嗎")
    assert incoming_forget(now=NOON + timedelta(days=89)) == 0
    assert incoming_forget(now=NOON + timedelta(days=90)) == 1
    row.refresh_from_db()
    assert row.content_sealed is None


def test_two_people_settle_it_once(case, cast):
    row = came(cast)
    incoming_give(incoming=row, case=case, actor=cast.manager.actor, now=NOON)
    with pytest.raises(IncomingSettled) as refused:
        incoming_drop(incoming=row, reason="empty", actor=cast.manager.actor, now=NOON)
    assert refused.value.message()


@pytest.mark.parametrize("who", ["receptionist", "auditor", "stranger"])
def test_it_is_not_everybodys_to_settle(who, case, cast):
    with pytest.raises(Exception) as refused:
        incoming_drop(incoming=came(cast), reason="empty", actor=getattr(cast, who).actor, now=NOON)
    assert refused.value.status in (403, 404) or isinstance(refused.value, MayNot)
    assert Incoming.objects.get().state == "waiting"


# --- what did not arrive -------------------------------------------------------------------------------------------


@pytest.mark.requirement("B-02")
def test_what_came_back_calls_the_handler_once(case, cast, settings):
    first, second = sent_to(case, "portal", ""), sent_to(case, "portal", "")
    for message in (first, second):
        message_came_back(message=message, code="bounced", said="550", actor=MAIL, now=NOON)
    task = Task.objects.get(case=case, detail__undelivered=str(party_of(case)))
    assert (task.kind, task.due_at) == ("contact", NOON + timedelta(hours=24))
    assert len(facts_of(case, "message.failed")) == 2


# --- by which ways -------------------------------------------------------------------------------------------------


def test_words_leave_only_by_the_way_they_chose(make_case, cast, settings):
    settings.LINE_TOKEN, settings.SMS_URL = "x", "mitake://u:p@127.0.0.1/b2c/mtk"
    contacts = (Contact("phone", "0912-345-678"), Contact("email", WEN), Contact("line", "wen_lan"))
    case = make_case(complainant=PersonGiven(given_name="小安", contacts=contacts), preferred_channel="sms")
    party = case.parties.get()
    ways = lambda: {c: (w.address, w.with_words) for c, w in ways_to(fresh(case), [party])[str(party.uid)].items()}  # noqa: E731
    assert ways() == {"sms": ("+886912345678", True), "email": (WEN, False)}  # a LINE ID that was told is no address
    line_link(person=party.person, account=ACCOUNT, actor=party_of(case), now=NOON)
    assert ways()["line"] == (ACCOUNT, False)
    settings.LINE_TOKEN = ""
    assert "line" not in ways()


def test_what_people_type_is_never_taken_for_a_linked_account(case, cast):
    person = case.parties.get().person
    contact_add(person=person, contact=Contact("line", ACCOUNT), actor=cast.manager.actor, now=NOON)
    with pytest.raises(PersonRefused):
        contact_add(person=person, contact=Contact(LINE_ACCOUNT, ACCOUNT), actor=cast.manager.actor, now=NOON)
    assert follow(came(cast, channel="line", sender=ACCOUNT, kind="text")) is None


def test_a_letter_leaves_by_their_way_and_waits_for_their_hours(make_case, cast, browser, settings):
    settings.SMS_URL = "mitake://u:p@127.0.0.1/b2c/mtk"
    contacts = (Contact("phone", "0912-345-678"), Contact("email", WEN))
    case = make_case(
        complainant=PersonGiven(given_name="小安", contacts=contacts), preferred_channel="sms", preferred_hours="晚上"
    )
    manager, where = browser("manager"), f"/cases/{case.reference}/letters/write/"
    page = manager.get(where).content.decode()
    assert re.search(r'value="sms"[^>]*checked', page) and "03/11 18:00" in page

    def left(**said) -> Message:
        assert manager.post(where, {"words": "星期三下午三點，請您回診。", "subject_line": "", **said}).status_code == 302
        return Message.objects.filter(subject_stream=case.stream, direction="out").latest("id")

    six = NOON.replace(hour=10)  # in Taipei
    text, mail = left(channel="sms"), left(channel="email")
    assert (text.send_after, text.with_content, text.to) == (six, True, "+886912345678")
    assert (mail.send_after, mail.with_content) == (six, False)
    assert left(channel="sms", at_once="on").send_after == NOON + timedelta(minutes=1)
    assert left(channel="portal").send_after == NOON + timedelta(minutes=1)
    page = manager.get(f"/cases/{case.reference}/letters/").content.decode()
    assert page.count(" 送出</span>") == 2


# --- what came past our machines -------------------------------------------------------------------------------------


def test_a_text_on_the_clinics_mobile_is_written_down_from_the_page_of_messages(case, cast, browser):
    reception = browser("receptionist")
    letters = f"/cases/{case.reference}/letters/"
    where = f"/cases/{case.reference}/do/came-in/"
    assert where in reception.get(letters).content.decode()
    said = {"channel": "sms", "happened_at": "2026-03-11T08:30", "words": "今天又腫起來了，誰可以看？"}
    assert reception.post(where, said).status_code == 422
    assert reception.post(where, said | {"sender": "0912-345-678"}).status_code == 302
    party = case.parties.get()
    assert reception.post(where, said | {"channel": "letter", "party": str(party.uid), "words": "信"}).status_code == 302
    text, paper = Message.objects.filter(subject_stream=case.stream, direction="in").order_by("id")
    assert (text.channel, text.party, text.known_by, text.state) == ("sms", "", "person", "received")
    assert text.happened_at == NOON.replace(hour=0, minute=30) and paper.party == f"party:{party.uid}"
    page = reception.get(letters).content.decode()
    assert "今天又腫起來了" in page and f"{cast.receptionist.user.display_name} 記下" in page and "收到，寄件人未經核對" in page
    assert "0912-345-678" in browser("manager").get(f"/cases/{case.reference}/").content.decode()
    assert "今天又腫" not in str(portal_case(case, party, language="zh-hant").messages)
    assert browser("auditor").post(where, said | {"sender": "x"}).status_code in (403, 404)
