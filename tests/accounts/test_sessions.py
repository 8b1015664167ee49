"""Logging in and out; when a session is over; what becomes of words typed into one that is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from suyuan.accounts import services
from suyuan.accounts.models import HeldForm, KnownDevice, LoginAttempt, Member
from suyuan.platform import clock
from tests.accounts.stories import NOW, PASSWORD, acting, member

pytestmark = pytest.mark.sqlite

LOGIN, ME = "/login/", "/me/"


@pytest.fixture
def amy(house):
    return member("amy", house.tainan, "nurse")


def log_in(client: Client, login: str = "amy", password: str = PASSWORD, **more):
    return client.post(reverse("accounts:login"), {"login": login, "password": password, **more})


def at(**later):
    return clock.frozen(NOW + timedelta(**later))


@pytest.mark.postgres
def test_a_right_password_lets_in_and_a_wrong_one_says_nothing(client, amy) -> None:
    assert client.get(reverse("accounts:me")).status_code == 302
    wrong, unknown = log_in(client, password="wrong"), log_in(client, login="nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert "登入名稱或密碼不對" in wrong.content.decode() and "登入名稱或密碼不對" in unknown.content.decode()
    assert log_in(client, login=" AMY ").status_code == 302
    assert client.get(reverse("accounts:me")).status_code == 200
    assert LoginAttempt.objects.filter(user=amy, right=True).count() == 1
    assert LoginAttempt.objects.filter(right=False).count() == 2


def test_the_login_leads_back_to_where_one_was_and_only_to_ourselves(client, amy) -> None:
    asked = client.get(reverse("accounts:me"))
    assert asked.url == f"{reverse('accounts:login')}?next=%2Fme%2F"
    assert log_in(client, next=reverse("accounts:me")).url == reverse("accounts:me")
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        client.logout()
        assert "evil" not in log_in(client, next=elsewhere).url
        assert "javascript" not in log_in(client, next=elsewhere).url


def test_the_session_changes_its_name_at_login(client, amy) -> None:
    client.get(reverse("accounts:login"))
    session = client.session
    session["planted"] = "x"
    session.save()
    before = session.session_key
    client.cookies["suyuan_session"] = before
    log_in(client)
    assert client.cookies["suyuan_session"].value != before


def test_fifteen_idle_minutes_end_a_session(client, amy) -> None:
    log_in(client)
    with at(minutes=14):
        assert client.get(reverse("accounts:me")).status_code == 200
    with at(minutes=28):
        assert client.get(reverse("accounts:me")).status_code == 200
    with at(minutes=43, seconds=1):
        assert client.get(reverse("accounts:me")).status_code == 302


def test_twelve_hours_end_a_session_however_busy(client, amy) -> None:
    log_in(client)
    for minutes in range(10, 12 * 60, 10):
        with at(minutes=minutes):
            assert client.get(reverse("accounts:me")).status_code == 200
    with at(hours=12):
        assert client.get(reverse("accounts:me")).status_code == 302


@pytest.mark.postgres
def test_last_seen_moves_at_most_once_a_minute(client, amy, django_assert_num_queries) -> None:
    log_in(client)
    seen = client.session["suyuan_seen"]
    with at(seconds=59):
        client.get(reverse("accounts:me"))
    assert client.session["suyuan_seen"] == seen
    with at(seconds=61):
        client.get(reverse("accounts:me"))
    assert client.session["suyuan_seen"] == seen + 61


@pytest.mark.postgres
def test_old_cookies_die_at_the_next_request(house, amy) -> None:
    admin = acting(member("root", house.tainan, "administrator"))
    place = Member.objects.get(user=amy)

    def everything_that_ends_sessions():
        yield lambda: services.member_roles_set(member=place, roles=["doctor"], actor=admin, now=NOW)
        yield lambda: services.password_set(user=amy, password=PASSWORD, actor=acting(amy), now=NOW)
        yield lambda: services.sessions_end(user=amy, actor=admin, now=NOW)
        yield lambda: services.member_add(user=amy, branch=house.taipei, roles=["nurse"], actor=admin, now=NOW)
        yield lambda: services.member_end(member=place, last_day=NOW.date(), actor=admin, now=NOW)
        yield lambda: services.user_disable(user=amy, actor=admin, now=NOW)

    for end in everything_that_ends_sessions():
        client = Client()
        assert log_in(client).status_code == 302
        assert client.get(reverse("accounts:me")).status_code == 200
        amy.refresh_from_db()
        end()
        assert client.get(reverse("accounts:me")).status_code == 302
    assert log_in(Client()).status_code == 401


def test_logout_ends_the_session_itself_and_not_only_the_cookie(client, amy) -> None:
    log_in(client)
    stolen = client.cookies["suyuan_session"].value
    assert client.get(reverse("accounts:logout")).status_code == 405
    assert client.post(reverse("accounts:logout")).status_code == 302
    thief = Client()
    thief.cookies["suyuan_session"] = stolen
    assert thief.get(reverse("accounts:me")).status_code == 302


def test_changing_ones_password_keeps_this_device_and_ends_the_others(client, amy) -> None:
    other = Client()
    log_in(client), log_in(other)
    new = {"current": PASSWORD, "password": "another quiet harbour", "again": "another quiet harbour"}
    assert client.post(reverse("accounts:password"), {**new, "current": "no"}).status_code == 422
    assert client.post(reverse("accounts:password"), {**new, "again": "typo typo typo"}).status_code == 422
    assert client.post(reverse("accounts:password"), new).status_code == 302
    assert client.get(reverse("accounts:me")).status_code == 200
    assert other.get(reverse("accounts:me")).status_code == 302


def test_a_first_password_must_be_changed_before_anything_else(client, house, amy) -> None:
    admin = acting(member("root", house.tainan, "administrator"))
    services.password_set(user=amy, password="given by someone", actor=admin, now=NOW)
    log_in(client, password="given by someone")
    assert client.get(reverse("accounts:me")).url == reverse("accounts:password")
    new = {"current": "given by someone", "password": PASSWORD, "again": PASSWORD}
    client.post(reverse("accounts:password"), new)
    assert client.get(reverse("accounts:me")).status_code == 200


def test_the_browser_speaks_the_language_of_whoever_logged_in(client, amy) -> None:
    log_in(client)
    answer = client.post(reverse("accounts:me"), {"language": "en", "theme": "dark"})
    assert answer.status_code == 302
    assert client.cookies["suyuan_language"].value == "en" and client.cookies["sy_theme"].value == "dark"
    assert client.post(reverse("accounts:me"), {"language": "fr", "theme": "dark"}).status_code == 422


# --- what was typed ------------------------------------------------------------------------------------------------

DEPUTY = {
    "first_day": "2026-11-20",
    "last_day": "2026-11-25",
    "note": "請幫忙看王太太的傷口，她說還在痛",
    "password": "x",
}


def late(client: Client, **more):
    """A form sent twenty minutes after the last sign of life."""
    with at(minutes=20):
        return client.post(reverse("accounts:my_deputy"), DEPUTY, headers={"referer": "http://testserver/me/"}, **more)


def test_an_expired_session_keeps_what_was_typed_for_the_same_person(client, amy) -> None:
    log_in(client)
    answer = late(client)
    assert answer.status_code == 303
    assert answer.url == f"{reverse('accounts:login')}?next=%2Fme%2F&typed=kept"
    kept = HeldForm.objects.get()
    assert "王太太" not in bytes(kept.body).decode("latin1") and kept.user == amy
    with at(minutes=21):
        assert "您寫的字都在" in client.get(answer.url).content.decode()
        assert log_in(client).url == reverse("accounts:held")
        page = client.get(reverse("accounts:held")).content.decode()
    assert DEPUTY["note"] in page and f'action="{reverse("accounts:my_deputy")}"' in page
    assert 'name="password"' not in page
    with at(minutes=22):
        client.post(reverse("accounts:my_deputy"), {**DEPUTY, "held": str(kept.uid)})
        assert HeldForm.objects.count() == 1  # refused (no such deputy): still kept
        client.post(reverse("accounts:me"), {"language": "en", "theme": "dark", "held": str(kept.uid)})
    assert HeldForm.objects.count() == 0


def test_nobody_else_and_no_other_device_is_shown_it(client, house, amy) -> None:
    member("bob", house.tainan, "nurse")
    log_in(client)
    late(client)
    with at(minutes=21):
        assert log_in(client, login="bob").url != reverse("accounts:held")
        assert client.get(reverse("accounts:held")).status_code == 302
        elsewhere = Client()
        assert log_in(elsewhere).url != reverse("accounts:held")
        client.post(reverse("accounts:logout"))
        assert log_in(client).url == reverse("accounts:held")


@pytest.mark.postgres
def test_it_is_gone_after_an_hour(client, amy) -> None:
    log_in(client)
    late(client)
    with at(minutes=81):
        assert log_in(client).url != reverse("accounts:held")


@pytest.mark.postgres
def test_a_session_ended_from_outside_keeps_it_too(client, house, amy) -> None:
    admin = acting(member("root", house.tainan, "administrator"))
    log_in(client)
    services.sessions_end(user=amy, actor=admin, now=NOW)
    assert "typed=kept" in client.post(reverse("accounts:my_deputy"), DEPUTY).url
    assert HeldForm.objects.get().user == amy


def test_a_logout_in_another_window_keeps_it_for_who_was_here_last(client, amy) -> None:
    log_in(client)
    client.post(reverse("accounts:logout"))
    assert "typed=kept" in client.post(reverse("accounts:my_deputy"), DEPUTY).url
    assert HeldForm.objects.get().user == amy


def test_a_stranger_leaves_nothing_with_us(client, amy) -> None:
    answer = client.post(reverse("accounts:my_deputy"), DEPUTY)
    assert "typed=lost" in answer.url and HeldForm.objects.count() == 0


def test_a_forged_form_is_never_kept(house, amy) -> None:
    client = Client(enforce_csrf_checks=True)
    token = client.get(reverse("accounts:login")).context["csrf_token"]
    answer = client.post(
        reverse("accounts:login"), {"login": "amy", "password": PASSWORD, "csrfmiddlewaretoken": str(token)}
    )
    assert answer.status_code == 302
    with at(minutes=20):
        assert client.post(reverse("accounts:my_deputy"), DEPUTY).status_code == 403
    assert HeldForm.objects.count() == 0


def test_a_fragment_is_led_to_the_login_as_a_whole_page(client, amy) -> None:
    log_in(client)
    answer = late(client, HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="http://testserver/me/")
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].endswith("?next=%2Fme%2F&typed=kept")


def test_what_is_too_much_is_said_to_be_lost(client, amy) -> None:
    log_in(client)
    with at(minutes=20):
        answer = client.post(reverse("accounts:my_deputy"), {"note": "長" * 400_000})
    assert "typed=lost" in answer.url


@pytest.mark.postgres
def test_a_known_device_is_one_row_a_person(client, amy) -> None:
    log_in(client), client.post(reverse("accounts:logout")), log_in(client)
    assert KnownDevice.objects.filter(user=amy).count() == 1
