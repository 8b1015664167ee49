"""Ten thousand guesses from a hundred addresses: next to none is compared, and the person aimed at gets in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from suyuan.accounts import logins
from suyuan.accounts.models import LoginAttempt, LoginBucket
from suyuan.accounts.rules import STRANGER_LIMITS
from suyuan.platform import clock
from tests.accounts.stories import NOW, PASSWORD, member


@pytest.fixture
def amy(house):
    return member("amy", house.tainan, "nurse")


def guess(client: Client, address: str, login: str = "amy", password: str = "guess"):
    return client.post(reverse("accounts:login"), {"login": login, "password": password}, REMOTE_ADDR=address)


@pytest.mark.sqlite
def test_a_storm_of_guesses_is_not_even_compared(amy) -> None:
    """Within a quarter of an hour a fixed few are compared, however large the storm: of 10,000 less than one in 100."""
    requests = [RequestFactory(REMOTE_ADDR=f"203.0.113.{n}").post("/login/") for n in range(100)]

    def compared(names: list[str]) -> int:
        step = 800 / len(names)
        return sum(
            logins.guess_take(name, requests[n % 100], NOW + timedelta(seconds=n * step)) is not None
            for n, name in enumerate(names)
        )

    at_her = compared(["amy"] * 1_000)
    at_anyone = compared([f"user{n}" for n in range(300)])
    assert at_her == STRANGER_LIMITS["name"].count
    assert at_her + at_anyone == STRANGER_LIMITS["all"].count < 100


def test_the_person_aimed_at_logs_in_from_a_known_device(amy) -> None:
    hers, stranger = Client(), Client()
    assert guess(hers, "198.51.100.7", password=PASSWORD).status_code == 302
    hers.post(reverse("accounts:logout"))
    for n in range(12):
        guess(stranger, f"203.0.113.{n}")
    assert guess(stranger, "203.0.113.99", password=PASSWORD).status_code == 429
    assert guess(hers, "198.51.100.7", password=PASSWORD).status_code == 302


def test_a_known_device_may_not_guess_for_ever_either(amy) -> None:
    hers = Client()
    guess(hers, "198.51.100.7", password=PASSWORD)
    hers.post(reverse("accounts:logout"))
    answers = [guess(hers, "198.51.100.7").status_code for _n in range(10)]
    assert answers == [401] * 8 + [429] * 2
    with clock.frozen(NOW + timedelta(seconds=61)):
        assert guess(hers, "198.51.100.7", password=PASSWORD).status_code == 302


def test_a_device_known_for_one_person_is_a_stranger_for_another(house, amy) -> None:
    member("bob", house.tainan, "nurse")
    hers = Client()
    guess(hers, "198.51.100.7", password=PASSWORD)
    hers.post(reverse("accounts:logout"))
    answers = [guess(hers, "198.51.100.7", login="bob").status_code for _n in range(6)]
    assert answers == [401] * 5 + [429]


def test_after_a_quarter_of_an_hour_one_may_try_again(amy) -> None:
    stranger = Client()
    for _n in range(6):
        answer = guess(stranger, "203.0.113.1")
    assert answer.status_code == 429 and "15 分鐘" in answer.content.decode()
    with clock.frozen(NOW + timedelta(minutes=15)):
        assert guess(stranger, "203.0.113.1", password=PASSWORD).status_code == 302


def test_right_passwords_cost_nothing(amy) -> None:
    for _n in range(10):
        assert guess(Client(), "203.0.113.1", password=PASSWORD).status_code == 302
    assert all(b.count == 0 for b in LoginBucket.objects.all())
    assert LoginAttempt.objects.filter(right=True).count() == 10


def test_a_change_of_case_or_width_is_the_same_name(amy) -> None:
    for login in ("amy", "AMY", "ａｍｙ", " amy", "Amy"):
        guess(Client(), "203.0.113.1", login=login)
    assert guess(Client(), "203.0.113.2", password=PASSWORD).status_code == 429


def test_forwarded_addresses_count_only_from_our_own_proxies(settings) -> None:
    asked = RequestFactory().get("/", REMOTE_ADDR="198.51.100.1", HTTP_X_FORWARDED_FOR="203.0.113.5")
    assert logins.client_address(asked) == "198.51.100.1"
    settings.TRUSTED_PROXIES = ["198.51.100.1", "198.51.100.2"]
    assert logins.client_address(asked) == "203.0.113.5"
    chain = "6.6.6.6, 203.0.113.5, 198.51.100.2"
    asked = RequestFactory().get("/", REMOTE_ADDR="198.51.100.1", HTTP_X_FORWARDED_FOR=chain)
    assert logins.client_address(asked) == "203.0.113.5"
    nonsense = RequestFactory().get("/", REMOTE_ADDR="198.51.100.1", HTTP_X_FORWARDED_FOR="what")
    assert logins.client_address(nonsense) == "198.51.100.1"
    assert logins.client_address(RequestFactory().get("/", REMOTE_ADDR="")) is None


def test_old_counters_are_forgotten(amy) -> None:
    guess(Client(), "203.0.113.1")
    assert LoginBucket.objects.count() == 3
    logins.old_counters_forget(NOW + timedelta(hours=1))
    assert LoginBucket.objects.count() == 0
