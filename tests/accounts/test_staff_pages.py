"""Staff pages: what each shows, and that a stranger finds nothing there."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from suyuan.accounts import services
from suyuan.accounts.models import Branch, Deputy, GuestGrant, Member, User
from tests.accounts.stories import NOW, acting, member

pytestmark = pytest.mark.sqlite

TODAY = "2026-11-18"


def inside(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(house):
    return {
        "root": member("root", house.tainan, "administrator"),
        "lin": member("lin", house.tainan, "head_of_clinic"),
        "shen": member("shen", house.tainan, "case_manager"),
        "amy": member("amy", house.tainan, "nurse"),
        "pei": member("pei", house.taipei, "head_of_clinic"),
    }


def url(name: str, *args) -> str:
    return reverse(f"accounts:{name}", args=args)


def test_who_may_open_which_page(staff) -> None:
    pages = {
        url("me"): {"root", "lin", "shen", "amy", "pei"},
        url("staff"): {"root", "lin", "shen", "pei"},
        url("staff_new"): {"root", "lin", "pei"},
        url("branches"): {"root", "lin", "pei"},
        url("person", staff["amy"].uid): {"root", "lin", "shen"},
        url("branch", Branch.objects.get(code="TN").uid): {"root", "lin"},
    }
    for page, readers in pages.items():
        for name, user in staff.items():
            assert inside(user).get(page).status_code == (200 if name in readers else 404), (page, name)
        assert Client().get(page).status_code == 302


@pytest.mark.postgres
def test_an_administrator_adds_a_colleague_who_gets_a_first_password(house, staff) -> None:
    client = inside(staff["root"])
    given = {
        "login": "bea",
        "display_name": "貝護理師",
        "language": "zh-hant",
        "branch": house.tainan.pk,
        "roles": ["nurse"],
    }
    page = client.post(url("staff_new"), given)
    first = page.context["first_password"]
    assert page.status_code == 200 and first in page.content.decode()
    bea = User.objects.get(login="bea")
    assert bea.must_change_password and bea.check_password(first)
    again = client.post(url("staff_new"), given)
    assert again.status_code == 422 and "已經有人使用" in again.content.decode()


def test_a_head_is_not_offered_wide_roles_nor_other_branches(house, staff) -> None:
    form = inside(staff["lin"]).get(url("staff_new")).context["form"]
    assert "auditor" not in dict(form.fields["roles"].choices)
    assert list(form.fields["branch"].queryset) == [house.tainan]
    given = {"login": "x1", "display_name": "x", "language": "en", "branch": house.tainan.pk, "roles": ["auditor"]}
    assert inside(staff["lin"]).post(url("staff_new"), given).status_code == 422


def test_roles_are_changed_and_places_end(house, staff) -> None:
    client = inside(staff["lin"])
    place = Member.objects.get(user=staff["amy"])
    roles = client.post(url("member_roles", place.uid), {f"{place.uid}-roles": ["nurse", "doctor"]})
    assert roles.status_code == 302
    assert set(place.roles.values_list("role", flat=True)) == {"nurse", "doctor"}
    assert client.post(url("member_roles", place.uid), {}).status_code == 422
    assert client.post(url("member_end", place.uid), {f"end-{place.uid}-last_day": "soon"}).status_code == 422
    assert client.post(url("member_end", place.uid), {f"end-{place.uid}-last_day": TODAY}).status_code == 302
    place.refresh_from_db()
    assert place.last_day == date(2026, 11, 18)
    added = {"branch": house.tainan.pk, "roles": ["reception"]}
    assert client.post(url("member_add", staff["amy"].uid), added).status_code == 302
    assert client.post(url("member_add", staff["amy"].uid), {"branch": house.taipei.pk}).status_code == 422


def test_accounts_are_closed_opened_and_given_a_new_password(staff) -> None:
    client, uid = inside(staff["lin"]), staff["amy"].uid
    assert client.post(url("disable", uid)).status_code == 302
    assert not User.objects.get(uid=uid).is_active
    assert "已停用" in client.get(url("person", uid)).content.decode()
    assert client.post(url("enable", uid)).status_code == 302
    assert client.post(url("logout_everywhere", uid)).status_code == 302
    page = client.post(url("first_password", uid))
    assert User.objects.get(uid=uid).check_password(page.context["first_password"])


@pytest.mark.parametrize("name", ["disable", "enable", "logout_everywhere", "first_password"])
def test_a_stranger_changes_nothing(staff, name) -> None:
    before = User.objects.filter(pk=staff["amy"].pk).values().get()
    for stranger, status in (("pei", 404), ("shen", 404), ("amy", 404)):
        assert inside(staff[stranger]).post(url(name, staff["amy"].uid)).status_code == status
        assert inside(staff[stranger]).get(url(name, staff["amy"].uid)).status_code == 405
    assert User.objects.filter(pk=staff["amy"].pk).values().get() == before
    place = Member.objects.get(user=staff["amy"])
    assert inside(staff["pei"]).post(url("member_roles", place.uid), {}).status_code == 404
    assert inside(staff["pei"]).post(url("member_end", place.uid), {}).status_code == 404


def test_one_arranges_and_ends_ones_deputy(staff) -> None:
    client = inside(staff["amy"])
    form = {"user": staff["shen"].pk, "first_day": TODAY, "last_day": TODAY}
    assert client.post(url("my_deputy"), form).status_code == 302
    deputy = Deputy.objects.get()
    assert "代理" in client.get(url("me")).content.decode()
    assert inside(staff["pei"]).post(url("deputy_end", deputy.uid)).status_code == 403
    assert inside(staff["shen"]).post(url("deputy_end", deputy.uid)).status_code == 302
    wrong = client.post(url("my_deputy"), {**form, "last_day": "2026-11-01"})
    assert wrong.status_code == 422 and "最後一天不能早於第一天" in wrong.content.decode()
    assert inside(staff["shen"]).post(url("deputy_add", staff["amy"].uid), form).status_code in (302, 422)
    unknown = url("deputy_end", staff["amy"].uid)
    assert client.post(unknown).status_code == 404


def test_a_guest_is_shown_and_taken_back(house, staff) -> None:
    guest = member("dr", None)
    services.guest_invite(
        user=guest,
        kind="doctor",
        stream="case:x",
        branch=house.tainan,
        last_day=date(2026, 12, 1),
        reason="第二意見",
        actor=acting(staff["shen"]),
        now=NOW,
    )
    client = inside(staff["shen"])
    assert "院外醫師" in client.get(url("person", guest.uid)).content.decode()
    grant = GuestGrant.objects.get()
    assert inside(staff["pei"]).post(url("guest_end", grant.uid)).status_code == 404
    assert client.post(url("guest_end", grant.uid)).status_code == 302
    grant.refresh_from_db()
    assert grant.ended_at == NOW


def test_the_founders_two_roles_are_shown_as_a_conflict(house) -> None:
    founder = inside(member("founder", house.tainan, "administrator", "head_of_clinic"))
    for page in (url("me"), url("staff")):
        assert "院長、系統管理者" in founder.get(page).content.decode()


def test_opening_hours_are_written_the_way_people_write_them(house, staff) -> None:
    client, page = inside(staff["lin"]), url("branch", house.tainan.uid)
    given = {"phone": "06-1234567", "emergency_phone": "", "address": "", "hours_1": "9:30-13:00、14：00～20:30"}
    assert client.post(page, given).status_code == 302
    house.tainan.refresh_from_db()
    assert house.tainan.opening_hours == {"1": [["09:30", "13:00"], ["14:00", "20:30"]]}
    assert "09:30–13:00" in client.get(url("branches")).content.decode()
    for wrong in ("all day", "20:00-10:00", "10:00-12:00, 11:00-13:00", "25:00-26:00"):
        assert client.post(page, {**given, "hours_2": wrong}).status_code == 422


@pytest.mark.postgres
@pytest.mark.parametrize("junk", ["", "\x00", "x" * 5000, "<script>alert(1)</script>", "=cmd()", "\ud7ff￿", "' OR 1=1"])
def test_nonsense_in_forms_is_answered_clearly(staff, junk) -> None:
    client = inside(staff["root"])
    for page, fields in (
        (url("staff_new"), ["login", "display_name", "email", "branch", "roles", "department", "title", "language"]),
        (url("me"), ["language", "theme"]),
        (url("password"), ["current", "password", "again"]),
        (url("my_deputy"), ["user", "first_day", "last_day"]),
    ):
        answer = client.post(page, dict.fromkeys(fields, junk))
        assert answer.status_code == 422, (page, answer.status_code)
        assert "<script>alert" not in answer.content.decode()
    answer = Client().post(url("login"), {"login": junk, "password": junk})
    assert answer.status_code in (401, 422)
