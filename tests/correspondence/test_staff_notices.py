"""Mail to staff: it says that something waits, and nothing else."""
from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.correspondence import services
from suyuan.correspondence.models import StaffNotice
from suyuan.correspondence.services import Recipient, notices
from suyuan.platform.jobs import run_due
from suyuan.platform.models import FactRow, Job
from tests.correspondence.stories import LATER, MANAGER, NOW, STREAM, told

pytestmark = [pytest.mark.usefixtures("house"), pytest.mark.sqlite]

SHEN = Recipient(user_id=7, mail="shen@clinic.example.org")
HSU = Recipient(user_id=8, mail="hsu@clinic.example.org")


def notify(*to: Recipient, code: str = "clock.late", stream: str = STREAM):
    return services.staff_notify(to=to, code=code, stream=stream, actor=MANAGER, now=NOW)


def test_it_carries_nothing_but_the_address_of_the_list(post):
    notify(SHEN, code="danger.doctor")
    run_due(NOW, slots=False)

    (letter,) = post.taken
    assert letter["Subject"] == "有一件事等您處理"
    assert letter.get_content().split() == ["有一件事等您處理。", "請開啟您的清單：", "https://complaints.example.org/today/"]
    assert letter["Auto-Submitted"] == "auto-generated"
    whole = post.raw[0].decode()
    assert STREAM.partition(":")[2] not in whole
    assert "danger" not in whole


@pytest.mark.postgres
def test_each_member_gets_their_own(post):
    notify(SHEN, HSU)
    run_due(NOW, slots=False)
    assert sorted(post.recipients) == [["hsu@clinic.example.org"], ["shen@clinic.example.org"]]
    assert told() == ["staff.notified"]


@pytest.mark.postgres
def test_a_storm_of_alarms_is_one_mail(post):
    for n in range(40):
        notify(SHEN, stream=f"complaint:{n}")
    run_due(NOW, slots=False)

    assert [letter["Subject"] for letter in post.taken] == ["有 40 件事等您處理"]
    assert StaffNotice.objects.filter(state="sent").count() == 40
    assert StaffNotice.objects.values("message_id").distinct().count() == 1


def test_those_without_mail_are_left_to_their_list(post):
    assert notify(Recipient(9, ""), Recipient(10, "x\r\nBcc: y@example.org")) == []
    assert not FactRow.objects.filter(type="staff.notified").exists()
    assert not Job.objects.filter(name="correspondence.notify").exists()


@pytest.mark.postgres
def test_a_crash_sends_the_same_mail_again_under_the_same_name(post, monkeypatch):
    class Killed(BaseException):
        pass

    first, second = notify(SHEN) + notify(SHEN, stream="complaint:2")
    with monkeypatch.context() as dying:
        dying.setattr(notices, "_notices_over", lambda **kwargs: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            services.staff_notice_send(notice=first, now=NOW)
    notify(SHEN, stream="complaint:3")
    run_due(NOW + timedelta(minutes=6), slots=False)

    assert [letter["Message-ID"] for letter in post.taken][:2] == [f"<{first.uid}@clinic.example.org>"] * 2
    assert post.raw[0] == post.raw[1]
    assert len(post.taken) == 3
    assert not StaffNotice.objects.exclude(state="sent").exists()


def test_a_server_that_is_down_is_tried_again(no_server, request):
    notify(SHEN)
    run_due(NOW, slots=False)
    assert StaffNotice.objects.get().state == "queued"

    post = request.getfixturevalue("post")
    run_due(LATER, slots=False)
    assert len(post.taken) == 1


def test_a_refused_address_does_not_come_back(post):
    post.answers["shen@clinic.example.org"] = "550 no such user"
    notify(SHEN)
    run_due(NOW, slots=False)
    assert (StaffNotice.objects.get().state, StaffNotice.objects.get().failure) == ("failed", "recipient_refused")
