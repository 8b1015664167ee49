"""The line above a letter goes the road of its words: held, agreed to by a colleague, and sent with the last yes."""

from __future__ import annotations

import pytest

from suyuan.correspondence.models import Clearance, Message
from suyuan.people.rules import Contact
from suyuan.people.services import contact_add
from tests.cases.cast import NOON
from tests.correspondence.held import CLEAN, GAG, WARNED

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-11")]

LINE = "保證三個月內會完全恢復"


@pytest.fixture
def case(make_case, cast):
    case = make_case("acknowledged", preferred_channel="email")
    person = case.parties.get().person
    contact_add(person=person, contact=Contact("email", "an@example.org"), actor=cast.manager.actor, now=NOON)
    return case


def write(client, case, **more):
    said = {"words": CLEAN, "subject_line": LINE, "channel": "email"}
    return client.post(f"/cases/{case.reference}/letters/write/", said | more)


def decide(client, case, row, yes="1"):
    return client.post(f"/cases/{case.reference}/clearances/{row.uid}/decide/", {"yes": yes, "reason": "看過了"})


def test_a_held_line_is_asked_about_and_the_letter_leaves_with_the_yes(browser, case):
    manager, head = browser("manager"), browser("head")
    held = write(manager, case)
    page = held.content.decode()
    assert held.status_code == 422 and page.count('name="_clear"') == 1 and 'data-field="subject_line"' in page
    assert LINE in page and CLEAN in page and not Message.objects.filter(direction="out").exists()

    assert write(manager, case, _clear="1", _why=["", "主旨照醫師的話"]).status_code == 302
    row, letter = Clearance.objects.get(), Message.objects.get(direction="out")
    assert (row.text.body, row.why, row.message) == (LINE, "主旨照醫師的話", letter) and letter.state == "waiting"
    assert "給本人的訊息的主旨" in head.get("/clearances/").content.decode()
    seen = head.get(f"/cases/{case.reference}/clearances/{row.uid}/").content.decode()
    assert "要送出的主旨" in seen and CLEAN[:20] in seen
    assert decide(head, case, row).status_code == 302
    letter.refresh_from_db()
    assert letter.state == "queued" and letter.subject_line == LINE


def test_line_and_words_are_two_questions_and_one_no_ends_both(browser, case):
    manager, head = browser("manager"), browser("head")
    assert write(manager, case, words=WARNED, _clear="1", _why="一定要").status_code == 302
    body, line = Clearance.objects.order_by("id")
    letter = Message.objects.get(direction="out")
    decide(head, case, line)
    letter.refresh_from_db()
    assert (body.text.body, line.text.body, letter.state) == (WARNED, LINE, "waiting")
    decide(head, case, body, yes="0")
    letter.refresh_from_db()
    assert letter.state == "draft" and not Clearance.objects.filter(state="open").exists()

    # What was agreed to holds: only the words are asked about anew, and both leave together.
    assert write(manager, case, words=WARNED + "謝謝。", _clear="1", _why="一定要").status_code == 302
    again = Clearance.objects.get(state="open")
    assert again.text.body == WARNED + "謝謝。"
    decide(head, case, again)
    assert Message.objects.filter(direction="out", state="queued").count() == 1


def test_taking_one_question_back_takes_the_other_back(browser, case):
    manager = browser("manager")
    write(manager, case, words=WARNED, _clear="1", _why="一定要")
    row = Clearance.objects.first()
    assert manager.post(f"/cases/{case.reference}/clearances/{row.uid}/take-back/").status_code == 302
    assert set(Clearance.objects.values_list("state", flat=True)) == {"lapsed"}
    assert Message.objects.get(direction="out").state == "draft"


def test_a_line_that_may_never_leave_asks_nobody(browser, case):
    held = write(browser("manager"), case, subject_line=GAG[13:40], words=WARNED, _clear="1", _why="一定要")
    assert held.status_code == 422 and "誰都不能放行" in held.content.decode()
    assert not Clearance.objects.exists() and not Message.objects.filter(state="waiting").exists()


def test_who_changes_agreed_words_is_told_so_and_who_kept_them_may_send(browser, case):
    manager, head = browser("manager"), browser("head")
    write(manager, case, subject_line="", words=WARNED, _clear="1", _why="醫師這樣說的")
    decide(head, case, Clearance.objects.get())
    letter = Message.objects.get(direction="out")
    assert manager.post(f"/cases/{case.reference}/letters/{letter.uid}/take-back/").status_code == 302
    asked = {"surface": "private_message", "reference": case.reference, "party": str(case.parties.get().uid), "askable": "1"}
    same = manager.post("/guard/check/", asked | {"words": WARNED}).content.decode()
    assert "同事已核准這段話，可以送出" in same and 'data-need="nothing"' in same
    changed = write(manager, case, subject_line="", words=WARNED + "謝謝。").content.decode()
    assert "核准的是改之前的文字" in changed and "再送交核准" in changed and "醫師這樣說的</textarea>" in changed
    assert write(manager, case, subject_line="", words=WARNED).status_code == 302
