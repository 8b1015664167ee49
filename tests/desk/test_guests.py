"""Doctors and lawyers from outside: invited from the case, let in for this case alone, and the second person where
nobody is left."""
from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from suyuan.accounts.models import GuestGrant, Member, User
from suyuan.accounts.services import guest_invite
from suyuan.cases.services import ending, handling, parties
from tests.cases.cast import NOON, fresh, nothing_left

pytestmark = pytest.mark.django_db

GIVEN = {
    "name": "陳律師",
    "email": "chen@example.org",
    "kind": "lawyer",
    "last_day": "2026-04-01",
    "reason": "請一位院外的人確認結案。",
}
ALONE = "這裡沒有另一個人可以確認結案。"


def invite(client, case, **more):
    return client.post(reverse("desk:act-guest", args=[case.reference]), {**GIVEN, **more})


def password_on(page) -> str:
    return re.search(r'id="first-password">([^<]+)<', page.content.decode())[1]


def logged_in(password: str) -> Client:
    client = Client()
    answer = client.post(reverse("accounts:login"), {"login": "chen@example.org", "password": password})
    assert answer.status_code == 302
    return client


@pytest.fixture
def waiting(cast, make_case):
    """A case whose closing was proposed by its manager."""
    case = nothing_left(cast, make_case("responded"))
    return fresh(ending.close_request(case=case, actor=cast.manager.actor, now=NOON))


def all_but_one_leave(cast):
    """A clinic in which one manager is all there is."""
    for name in ("colleague", "head", "surgeon"):
        Member.objects.filter(user=getattr(cast, name).user).update(last_day=date(2026, 1, 31))


def test_a_guest_without_an_account_gets_one_that_opens_this_case_alone(cast, browser, make_case):
    case, other = make_case("responded"), make_case("responded")
    page = invite(browser("manager"), case)
    assert page.status_code == 200
    html = page.content.decode()
    assert "chen@example.org" in html and case.reference in html and "只顯示這一次" in html
    grant = GuestGrant.objects.get()
    assert (grant.stream, grant.kind, grant.last_day, grant.invited_by_id) == (case.stream, "lawyer", date(2026, 4, 1), cast.manager.pk)

    guest = logged_in(password_on(page))
    assert guest.get(reverse("accounts:me"), follow=True).status_code == 200
    User.objects.update(must_change_password=False)
    assert guest.get(reverse("desk:case", args=[case.reference])).status_code == 200
    assert guest.get(reverse("desk:case", args=[other.reference])).status_code == 404
    assert password_on(page) not in browser("manager").get(reverse("desk:act-guest", args=[case.reference])).content.decode()


def test_the_guest_is_the_second_person_who_closes_it(cast, browser, waiting):
    all_but_one_leave(cast)
    assert ALONE in browser("manager").get(reverse("desk:case", args=[waiting.reference])).content.decode()
    guest = logged_in(password_on(invite(browser("manager"), waiting)))
    User.objects.update(must_change_password=False)
    assert ALONE not in browser("manager").get(reverse("desk:case", args=[waiting.reference])).content.decode()
    done = guest.post(reverse("desk:act-close", args=[waiting.reference]))
    assert done.status_code == 302 and fresh(waiting).stage == "closed"


def test_where_somebody_is_left_nothing_is_said(browser, waiting):
    assert ALONE not in browser("manager").get(reverse("desk:case", args=[waiting.reference])).content.decode()


@pytest.mark.parametrize(
    ("code", "stage", "words"),
    [("lower", "investigating", "這裡沒有另一個人可以決定降級。"), ("propose-closing", "responded", ALONE)],
)
def test_it_is_said_before_the_first_step_with_the_way_on(code, stage, words, cast, browser, make_case):
    case = make_case(stage)
    all_but_one_leave(cast)
    handling.case_raise(case=fresh(case), level=2, reason="", actor=cast.manager.actor, now=NOON)
    html = browser("manager").get(reverse(f"desk:act-{code}", args=[case.reference])).content.decode()
    assert words in html and reverse("desk:act-guest", args=[case.reference]) in html


def test_who_may_not_invite_reads_whom_to_ask(cast, browser, make_case):
    case = make_case("investigating")
    handling.case_raise(case=fresh(case), level=2, reason="", actor=cast.manager.actor, now=NOON)
    all_but_one_leave(cast)
    lower = reverse("desk:act-lower", args=[case.reference])
    assert "可以決定降級" not in browser("doctor").get(lower).content.decode()  # the manager is left for that
    Member.objects.filter(user=cast.manager.user).update(last_day=date(2026, 1, 31))
    html = browser("doctor").get(lower).content.decode()
    assert "可以決定降級" in html and "法務" in html and reverse("desk:act-guest", args=[case.reference]) not in html


@pytest.mark.parametrize(("who", "status"), [("head", 200), ("legal", 200), ("receptionist", 403), ("doctor", 403), ("stranger", 404)])
def test_who_may_invite(who, status, cast, browser, make_case):
    case = make_case("responded")
    handling.case_flag(case=fresh(case), flag="legal", reason="", actor=cast.manager.actor, now=NOON)
    assert browser(who).get(reverse("desk:act-guest", args=[case.reference])).status_code == status


def test_invited_again_before_the_first_login_there_is_a_new_password(browser, make_case):
    case = make_case()
    client = browser("manager")
    first, second = password_on(invite(client, case)), password_on(invite(client, case, last_day="2026-04-20"))
    assert first != second
    stale = Client().post(reverse("accounts:login"), {"login": "chen@example.org", "password": first})
    assert stale.status_code == 401
    logged_in(second)
    assert GuestGrant.objects.get(ended_at=None).last_day == date(2026, 4, 20)


def test_somebody_who_has_an_account_keeps_their_password(browser, make_case):
    one, two = make_case(), make_case()
    client = browser("manager")
    password = password_on(invite(client, one))
    User.objects.filter(email="chen@example.org").update(must_change_password=False)
    answer = invite(client, two, email="CHEN@example.org")
    assert answer.status_code == 302
    guest = logged_in(password)
    for case in (one, two):
        assert guest.get(reverse("desk:case", args=[case.reference])).status_code == 200
    again = invite(client, two)
    assert again.status_code == 409 and GuestGrant.objects.count() == 2


def test_what_cannot_be_is_said_and_nothing_is_made(cast, browser, make_case):
    case = make_case()
    before = User.objects.count()
    for wrong, words in (
        ({"last_day": "2026-03-01"}, "最後一天已經過了"),
        ({"email": "manager@example.org"}, "這個電子郵件是manager的"),
        ({"email": "manager@example.org", "name": "manager"}, "不必邀請"),
        ({"reason": " "}, "請"),
        ({"kind": "friend"}, "請"),
    ):
        answer = invite(browser("manager"), case, **wrong)
        assert answer.status_code == 422 and words in answer.content.decode(), wrong
    assert (User.objects.count(), GuestGrant.objects.count()) == (before, 0)


def test_who_is_complained_about_is_nobodys_guest(cast, browser, make_case):
    case = make_case()
    Member.objects.filter(user=cast.accused.user).update(branch=cast.tp)
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    answer = invite(browser("manager"), case, email="accused@example.org", name="accused")
    assert answer.status_code == 409 and not GuestGrant.objects.exists()


def test_taken_back_the_guest_is_out_at_once(cast, browser, make_case):
    case, other = make_case(), make_case()
    guest = logged_in(password_on(invite(browser("manager"), case)))
    User.objects.update(must_change_password=False)
    elsewhere = guest_invite(
        user=User.objects.get(login="chen@example.org"), kind="lawyer", stream=other.stream, branch=cast.tn,
        last_day=date(2026, 4, 1), reason="另一件", actor=cast.manager.actor, now=NOON,
    )  # fmt: skip
    end = reverse("desk:act-guest-end", args=[case.reference])
    assert browser("legal").get(end).status_code in (403, 404)
    assert browser("manager").post(end, {"grant": str(elsewhere.uid)}).status_code == 422
    mine = GuestGrant.objects.get(stream=case.stream)
    assert browser("manager").post(end, {"grant": str(mine.uid)}).status_code == 302
    assert guest.get(reverse("desk:case", args=[case.reference])).status_code == 404
    assert guest.get(reverse("desk:case", args=[other.reference])).status_code == 200
