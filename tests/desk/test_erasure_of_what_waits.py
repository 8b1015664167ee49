"""Words and files that wait in the inbox go with the person who orders it, are shown in the plan, and are kept no longer than the packs say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.accounts.models import Organisation
from suyuan.cases.selectors.rights import Part, erasure_parts
from suyuan.cases.services.arriving import incoming_follow
from suyuan.cases.services.holding import case_hold_place
from suyuan.cases.services.intake import PersonGiven
from suyuan.cases.services.rights import Choice, erasure_answer
from suyuan.correspondence.arriving import Arrival, Came
from suyuan.correspondence.jobs import sweep
from suyuan.correspondence.models import Incoming, Message
from suyuan.correspondence.services import incoming_file_fetch, incoming_file_keep, incoming_forget, incoming_take
from suyuan.kernel.actor import Actor
from suyuan.people.rules import Contact
from suyuan.platform.erasure import erasure_order
from suyuan.platform.files import file_receive
from suyuan.platform.holds import Held
from suyuan.platform.models import FactRow, StoredFile
from suyuan.platform.verify import verify_streams
from tests.cases.cast import NOON, fresh
from tests.cases.test_rights import EVERYTHING, LONG_AFTER, asked, ended

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-03"), pytest.mark.requirement("B-10")]

WEN, LINE = "wen@example.org", Actor("integration", "line")


@pytest.fixture(autouse=True)
def _organisation(cast):
    Organisation.objects.get_or_create(id=1, defaults={"names": {"zh-Hant": "示例"}})


@pytest.fixture
def told(make_case):
    return make_case(complainant=PersonGiven(family_name="例", given_name="小安", contacts=(Contact("email", WEN),)))


def waits(cast, sender: str = WEN, event: str = "w1", now=NOON) -> Incoming:
    received = file_receive(source=["藥單".encode() * 50], name="藥單.txt", max_bytes=10_000)
    files = (
        Came(name="藥單.txt", received=received),
        Came(name="x.exe", why="kind"),
        Came(name="later.jpg", remote="5"),
    )
    arrival = Arrival(
        channel="email", event=event, branch_id=cast.tn.pk, sender=sender, words="還有一件事", files=files
    )
    return incoming_take(arrivals=[arrival], actor=LINE, now=now)[0]


def inbox(case, demand, at=LONG_AFTER) -> Part:
    return next(part for part in erasure_parts(fresh(case), demand, at.date()) if part.group == "inbox")


def answer(case, demand, cast, choices=EVERYTHING):
    given = {
        "choices": choices,
        "letter": "已刪除。",
        "language": "zh-hant",
        "actor": cast.head.actor,
        "now": LONG_AFTER,
    }
    return erasure_answer(case=fresh(case), demand=demand, **given)


def words_left(row: Incoming) -> tuple:
    row.refresh_from_db()
    files = [(file.name, file.stored.state if file.stored else "") for file in row.files.order_by("id")]
    return row.state, row.reason, row.content.words, files


GONE = ("aside", "erased", "", [("", "destroyed"), ("", ""), ("", "")])


def test_what_waits_stands_in_the_plan_and_goes_with_the_order(told, cast, browser):
    mine, other = waits(cast), waits(cast, sender="somebody@example.org", event="w2")
    case = ended(told, cast)
    demand = asked(case)
    part = inbox(case, demand)
    assert (part.count, part.free) == (5, True)  # what it says, by whom it is found, a file, and two names
    page = browser("head").get(f"/cases/{case.reference}/do/erase/?demand={demand.uid}").content.decode()
    assert "還沒有放進案件的來訊與附件" in page
    answer(case, demand, cast)
    assert words_left(mine) == GONE
    assert words_left(other)[2] == "還有一件事" and words_left(other)[0] == "waiting"
    late = mine.files.get(name_sealed=None, why="erased")
    incoming_file_fetch(file=late, now=LONG_AFTER)
    received = file_receive(source=[b"a" * 9], name="a.txt", max_bytes=99)
    assert incoming_file_keep(file=late, received=received, now=LONG_AFTER) is False
    report = verify_streams()
    assert report.holds, [str(fault) for fault in report.faults]


def test_it_stays_while_it_may_belong_to_a_case_that_is_open(told, make_case, cast):
    waits(cast)
    case = ended(told, cast)
    open_one = make_case()
    open_one.parties.update(person=case.parties.get().person)
    part = inbox(case, asked(case))
    assert part.count and not part.free and open_one.is_open
    case = ended(open_one, cast)
    assert inbox(case, asked(case)).free


def test_a_hold_on_any_case_of_the_sender_holds_it(told, cast):
    row, case = waits(cast), ended(told, cast)
    demand = asked(case)
    case_hold_place(case=case, kind="court", reason="來函", actor=cast.manager.actor, now=NOON)
    assert inbox(case, demand).held is not None
    with pytest.raises(Held):
        erasure_order(stream=row.stream, what=[], actor=cast.head.actor, now=LONG_AFTER)
    assert incoming_forget(now=NOON + timedelta(days=400)) == 0 and words_left(row)[2] == "還有一件事"


def test_whoever_decides_may_keep_it_with_a_reason(told, cast):
    row, case = waits(cast), ended(told, cast)
    decisions = answer(case, asked(case), cast, EVERYTHING | {"inbox": Choice(erase=False, reason="要先看")})
    assert {d.group: d.decision for d in decisions}["inbox"] == "kept_other" and words_left(row)[2] == "還有一件事"


def test_what_comes_after_an_order_for_the_case_brings_nothing_back(told, cast):
    """A picture that LINE still had when its case was erased."""
    arrival = Arrival(
        channel="email",
        event="p1",
        branch_id=cast.tn.pk,
        sender=WEN,
        words="照片",
        files=(Came(name="我的臉.jpg", remote="6"),),
    )
    row = incoming_take(arrivals=[arrival], actor=LINE, now=NOON)[0]
    assert incoming_follow(uid=str(row.uid), now=NOON) is not None
    case = ended(told, cast)
    answer(case, asked(case), cast)
    file = row.files.get()
    assert (file.state, file.why, file.name) == ("left", "erased", "")
    assert not Message.objects.get(subject_stream=case.stream, direction="in").words.strip()


def test_nobody_gave_it_a_place_for_half_a_year(cast):
    row = waits(cast)
    assert incoming_forget(now=NOON + timedelta(days=179)) == 0
    assert incoming_forget(now=NOON + timedelta(days=180)) == 1
    assert words_left(row)[:3] == ("aside", "expired", "")
    assert FactRow.objects.filter(stream=row.stream, type="incoming.forgotten").exists()
    assert not StoredFile.objects.filter(incoming_file__incoming=row, state="stored").exists()


def test_what_an_earlier_program_kept_is_found_by_its_sender_after_the_next_sweep(told, cast):
    """Rows from before had nothing to find them by; one that nobody can open, and one without a sender, keep no other waiting."""
    spoilt, nobody, row = (waits(cast, event=name, sender=sender) for name, sender in (("s", WEN), ("n", ""), ("w1", WEN)))
    Incoming.objects.update(sender_blind=None)
    Incoming.objects.filter(pk=spoilt.pk).update(content_sealed=b"no longer to be opened")
    case = ended(told, cast)
    demand = asked(case)
    assert inbox(case, demand).count == 0
    sweep({}, NOON)
    found = dict(Incoming.objects.values_list("pk", "sender_blind"))
    assert found[spoilt.pk] is None and found[nobody.pk] is None and found[row.pk]
    assert inbox(case, demand).count
    answer(case, demand, cast)
    assert words_left(row) == GONE
