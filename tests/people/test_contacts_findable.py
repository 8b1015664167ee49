"""Contacts from before words came in by themselves are found by what comes, once a worker has gone over them."""

from __future__ import annotations

import pytest

from suyuan.people import services
from suyuan.people.models import ContactPoint
from suyuan.people.rules import Contact
from suyuan.people.selectors import contacts_answering
from suyuan.people.services import NewPerson
from suyuan.platform.jobs import run_due
from tests.accounts.stories import NOW

pytestmark = pytest.mark.requirement("B-10")


@pytest.fixture
def before(house, rec) -> list[ContactPoint]:
    """Five people as they were taken down before there was anything to find them by."""
    people = [
        NewPerson(contacts=[Contact("email", f"Wen{n}@example.org"), Contact("phone", f"0912-345-67{n}")]) for n in range(5)
    ]
    services.persons_register(branch=house.tainan, people=people, actor=rec, now=NOW)
    ContactPoint.objects.update(blind=None)
    return list(ContactPoint.objects.filter(kind="email").order_by("pk"))


def found() -> int:
    return sum(contacts_answering("email", f"wen{n}@EXAMPLE.org").exists() for n in range(5))


def test_the_first_worker_after_an_upgrade_finds_them_all(before):
    ContactPoint.objects.filter(pk=before[0].pk).update(value_sealed=b"")  # erased
    assert found() == 0
    run_due(NOW)
    assert found() == 4
    assert ContactPoint.objects.exclude(blind=None).count() == 4, "a telephone is found by another index"


def test_whoever_died_in_the_middle_left_less_to_do(before, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 2)
    assert services.contacts_make_findable() == before[1].pk
    assert found() == 2
    run_due(NOW)
    assert found() == 5 and services.contacts_make_findable() is None
