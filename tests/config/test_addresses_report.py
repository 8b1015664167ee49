"""`suyuan urls`: every address, who may, and what nobody has classified."""
from __future__ import annotations

import json

import pytest
from django.http import HttpResponse
from django.urls import include, path

from suyuan.config import addresses_report, cli
from suyuan.platform.addresses import address


@address("staff", move="acknowledge", methods=("POST",))
def acknowledge(request, reference):
    return HttpResponse()


@address("staff", roles={"auditor", "administrator"})
def log(request):
    return HttpResponse()


@address("staff")
def today(request):
    return HttpResponse()


def forgotten(request):
    return HttpResponse()


class Urls:
    urlpatterns = [
        path("desk/", include(([path("<str:reference>/acknowledge/", acknowledge, name="acknowledge")], "desk"))),
        path("log/", log, name="log"),
        path("today/", today, name="today"),
        path("forgotten/", forgotten, name="forgotten"),
    ]


@pytest.fixture
def found():
    return {one.name: one for one in addresses_report.report(Urls)}


def test_a_move_is_allowed_as_the_rules_say(found):
    one = found["desk:acknowledge"]
    assert (one.pattern, one.methods, one.audience) == ("/desk/<str:reference>/acknowledge/", ("POST",), "staff")
    from suyuan.accounts.matrix import matrix

    cells = matrix()["acknowledge"]
    assert set(one.allowed) == {str(role) for role, cell in cells.items() if cell.by_role or cell.by_relation}
    assert "auditor" not in one.allowed and one.allowed["case_manager"] == []


def test_roles_and_every_member(found):
    assert found["log"].allowed == {"administrator": [], "auditor": []}
    assert found["today"].allowed == {addresses_report.EVERY_MEMBER: []}


def test_what_nobody_classified_is_named(found):
    assert [one.name for one in addresses_report.unclassified(list(found.values()))] == ["forgotten"]


def test_the_command_fails_for_it(settings, capsys):
    settings.ROOT_URLCONF = Urls
    assert cli.main(["urls", "--json"]) == 1
    said = capsys.readouterr()
    assert "/forgotten/" in said.err
    assert {one["name"] for one in json.loads(said.out)} == {"desk:acknowledge", "log", "today", "forgotten"}


def test_every_address_of_the_house_is_classified():
    assert addresses_report.unclassified(addresses_report.report()) == []
