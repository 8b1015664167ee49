"""Twenty clicks at once, with real commits; and what the database file holds of a half-written form."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import Client

from suyuan.cases.models import Case
from suyuan.platform import keys
from suyuan.portal.models import Draft
from tests.platform.real import copied_database
from tests.portal.conftest import clinic_made, given, keys_of

WRITE = "/p/streamside/write/"


@pytest.fixture
def real(packs, at, tmp_path, django_db_blocker):
    """A clinic in a database of its own where commits are commits."""
    with django_db_blocker.unblock(), copied_database(tmp_path):
        keys.ring_forget()
        clinic_made()
        yield tmp_path
    keys.ring_forget()


def test_twenty_clicks_at_once_are_one_case_and_one_receipt(real):
    phone = Client()
    page = phone.get(WRITE)
    fields = given(page)

    def click(_):
        browser = Client()
        browser.cookies.update(phone.cookies)
        try:
            return browser.post(WRITE, fields)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(click, range(20)))
    assert {a.status_code for a in answers} == {200}
    assert len({keys_of(a) for a in answers}) == 1
    assert Case.objects.count() == 1


@pytest.mark.sqlite
def test_a_draft_is_nowhere_readable_in_the_database_file(real):
    canary = "金絲雀在半張表單裡"
    phone = Client()
    phone.post("/p/streamside/write/save/", given(phone.get(WRITE), narrative=canary, name=canary, send=None))
    assert Draft.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for file in real.glob("copy.sqlite3*"):
        raw = file.read_bytes()
        assert canary.encode() not in raw and phone.cookies["suyuan_draft"].value.encode() not in raw
