"""The counters hold when many ask at the same moment, on connections of their own."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import RequestFactory

from suyuan.accounts import logins
from suyuan.accounts.rules import STRANGER_LIMITS
from tests.accounts.stories import NOW
from tests.platform.real import copied_database


@pytest.fixture
def committed(django_db_setup, django_db_blocker, tmp_path):
    with django_db_blocker.unblock(), copied_database(tmp_path):
        yield


def test_eight_at_once_get_no_more_guesses_than_one_after_the_other(committed) -> None:
    def ten_guesses(n: int) -> int:
        try:
            request = RequestFactory(REMOTE_ADDR=f"203.0.113.{n}").post("/login/")
            return sum(logins.guess_take("amy", request, NOW) is not None for _i in range(10))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ten_guesses, range(8))) == STRANGER_LIMITS["name"].count
