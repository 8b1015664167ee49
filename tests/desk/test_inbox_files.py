"""Files that came by themselves: shown while their words wait, and evidence of the case that these are put into, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.accounts.models import Organisation
from suyuan.cases.models import Task
from suyuan.cases.services import arriving
from suyuan.cases.services.arriving import incoming_file_follow, incoming_follow, incoming_give
from suyuan.cases.services.intake import PersonGiven
from suyuan.correspondence.arriving import Arrival, Came
from suyuan.correspondence.models import Incoming, IncomingFile, Message
from suyuan.correspondence.services import incoming_file_fetch, incoming_take
from suyuan.evidence.models import CustodyEntry, Item
from suyuan.kernel.actor import Actor
from suyuan.people.rules import Contact
from suyuan.people.services import line_link
from suyuan.platform.files import file_receive
from suyuan.platform.models import AccessRow, StoredFile
from tests.cases.cast import NOON, party_of
from tests.correspondence.conftest import outside, running  # noqa: F401
from tests.correspondence.test_files_come_in import JPEG
from tests.evidence.rows import faults

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-10")]

WEN, ACCOUNT = "wen@example.org", "U" + "ab" * 16


@pytest.fixture(autouse=True)
def _organisation(cast):
    Organisation.objects.get_or_create(id=1, defaults={"names": {"zh-Hant": "示例"}})


@pytest.fixture
def case(make_case):
    return make_case(complainant=PersonGiven(family_name="例", given_name="小安", contacts=(Contact("email", WEN),)))


@pytest.fixture
def line_here(outside, settings):  # noqa: F811
    settings.ROOT_URLCONF, settings.FOLLOW_UP_URL, settings.SMS_REPORT_URL = (
        "suyuan.config.urls",
        "portal:follow",
        "portal:sms_report",
    )
    return outside


def mailed(cast, *, sender: str = "nobody@example.org", event: str = "m1") -> Incoming:
    received = file_receive(source=[JPEG], name="左臉.jpg", max_bytes=100_000)
    files = (Came(name="左臉.jpg", received=received), Came(name="看照片.exe", why="kind"))
    arrival = Arrival(
        channel="email", event=event, branch_id=cast.tn.pk, sender=sender, words="照片在附件", kind="mail", files=files,
        number="<photo@mail.example.org>",
    )  # fmt: skip
    return incoming_take(arrivals=[arrival], actor=Actor("integration", "email"), now=NOON)[0]


def pictured(cast, number: str = "77") -> Incoming:
    arrival = Arrival(
        channel="line",
        event=f"e{number}",
        branch_id=cast.tn.pk,
        sender=ACCOUNT,
        kind="image",
        number=number,
        files=(Came(remote=number),),
    )
    return incoming_take(arrivals=[arrival], actor=Actor("integration", "line"), now=NOON)[0]


def follow(row: Incoming) -> Message | None:
    return incoming_follow(uid=str(row.uid), now=NOON)


def fetch(row: Incoming, now=NOON) -> IncomingFile:
    file = row.files.select_related("incoming").get()
    incoming_file_fetch(file=file, now=now)
    incoming_file_follow(uid=str(file.uid), now=now)
    return row.files.select_related("item", "stored").get()


def of(case) -> list[Item]:
    return list(Item.objects.filter(stream=case.stream).order_by("number"))


@pytest.mark.requirement("B-04")
def test_what_is_attached_to_a_mail_becomes_evidence_with_where_it_is_from(case, cast, browser):
    message = follow(mailed(cast, sender=WEN))
    (item,) = of(case)
    hand = CustodyEntry.objects.get(item=item)
    assert (item.number, item.source, item.stored.branch_id, item.obtained_at) == (1, "email", case.branch_id, NOON)
    assert (item.from_whom, hand.from_whom, hand.act, hand.by) == (WEN, WEN, "received", "integration:email")
    assert (
        hand.why == "隨電子郵件收到，2026-03-11 10:00，訊息 <photo@mail.example.org>"
        and hand.sha256_after == item.stored.sha256
    )
    assert "附上 1 個檔案" in message.words and "看照片.exe：這種檔案不能收" in message.words
    assert faults(case) == []
    page = browser("manager").get(f"/cases/{case.reference}/letters/").content.decode()
    assert f"/files/{item.uid}/" in page and "左臉.jpg" in page and "沒有收進來：這種檔案不能收" in page


def test_it_waits_with_its_words_and_goes_where_these_go(case, cast, browser):
    row = mailed(cast)
    assert follow(row) is None and of(case) == []
    manager, kept = browser("manager"), row.files.get(state="kept")
    page = manager.get(f"/inbox/{row.uid}/").content.decode()
    assert "左臉.jpg" in page and "未掃描" in page and "沒有收進來：這種檔案不能收" in page
    where = f"/inbox/files/{kept.uid}/"
    assert (
        b"".join(manager.get(where)) == JPEG and AccessRow.objects.filter(stream=row.stream, purpose="review").exists()
    )
    for who in ("receptionist", "auditor", "stranger"):
        assert browser(who).get(where).status_code in (403, 404), who
    StoredFile.objects.filter(pk=kept.stored_id).update(scan="found:Eicar")
    assert (
        manager.get(where).status_code == 404 and "掃描發現 Eicar" in manager.get(f"/inbox/{row.uid}/").content.decode()
    )
    assert manager.post(f"/inbox/{row.uid}/", {"what": "place", "reference": case.reference}).status_code == 302
    assert [item.stored_id for item in of(case)] == [kept.stored_id] and manager.get(where).status_code == 404


def test_what_dies_while_it_is_put_into_the_case_is_there_once(case, cast, monkeypatch):
    row = mailed(cast, sender=WEN)
    with monkeypatch.context() as dying:
        dying.setattr(arriving, "reopening_ask", lambda *a: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            follow(row)
    assert of(case) == [] and row.files.filter(state="kept").count() == 1
    follow(row)
    follow(row)
    assert len(of(case)) == 1 and Message.objects.filter(subject_stream=case.stream, direction="in").count() == 1


def test_a_picture_follows_its_message_as_soon_as_line_hands_it_out(case, cast, line_here, browser):
    line_link(person=case.parties.get().person, account=ACCOUNT, actor=party_of(case), now=NOON)
    row = pictured(cast)
    message = follow(row)
    assert "一張照片，收好以後列在證物裡" in message.words and of(case) == []
    line_here.content["77"] = JPEG
    file = fetch(row)
    incoming_file_follow(uid=str(file.uid), now=NOON)
    (item,) = of(case)
    assert (file.item, item.source, item.added_by, item.from_whom) == (item, "line", str(party_of(case)), "例小安")
    assert "訊息 77" in CustodyEntry.objects.get(item=item).why and faults(case) == []
    assert line_here.fetched == ["77"]


def test_what_line_has_no_longer_is_asked_for_by_a_person_once(case, cast, line_here):
    line_link(person=case.parties.get().person, account=ACCOUNT, actor=party_of(case), now=NOON)
    row = pictured(cast)
    follow(row)
    file = fetch(row, NOON + timedelta(hours=1))
    incoming_file_follow(uid=str(file.uid), now=NOON + timedelta(hours=1))
    task = Task.objects.get(case=case, detail__missed=str(file.uid))
    assert (file.state, task.kind) == ("left", "contact") and "LINE 已經不再保留" in task.title


def test_a_picture_of_an_unknown_account_is_fetched_and_waits(case, cast, line_here):
    line_here.content["77"] = JPEG
    row = pictured(cast)
    assert follow(row) is None
    assert fetch(row).state == "kept"
    incoming_give(incoming=row, case=case, actor=cast.manager.actor, now=NOON)
    assert [item.from_whom for item in of(case)] == ["未連結的 LINE 帳號"] and of(case)[
        0
    ].added_by == "integration:line"
