"""Every address × every role × what the person is to the case: the server does what `accounts.rules.may` says.

The expected answer is computed in memory, from the same tables that `suyuan urls --json` prints; the server answers from
its database, through its own doors. SUYUAN_PROOF=1 asks for every combination by every method.
"""
from __future__ import annotations

import os
from functools import cache

import pytest

from suyuan.accounts import matrix, rules
from suyuan.accounts.rules import GUESTS, HOUSE_MOVES
from suyuan.config.addresses_report import EVERY_MEMBER, report
from tests.contracts.answers import business_writes, faults_of
from tests.contracts.conftest import undone
from tests.contracts.everyone import (
    RELATIONS,
    ROLES,
    SAYS_NO,
    a_file,
    address_of,
    as_the_rules_see_it,
    relate,
)
from tests.contracts.forms import form_for

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02"), pytest.mark.requirement("A-20")]

EVERYTHING = os.environ.get("SUYUAN_PROOF") == "1"
ADDRESSES = report()
OF_A_CASE = [one for one in ADDRESSES if one.audience == "staff" and one.move and one.move not in HOUSE_MOVES]
OF_THE_HOUSE = [one for one in ADDRESSES if one.audience == "staff" and one not in OF_A_CASE]
# A page that anyone who reads the case may open, and fewer may send.
SENT_AS = {"desk:files": "file_add"}


def test_nobody_is_forgotten():
    assert [one.name for one in ADDRESSES if not one.classified] == []
    assert {one.audience for one in ADDRESSES} == {"public", "party", "staff"}
    assert len(OF_A_CASE) > 60 and len(OF_THE_HOUSE) > 30


# --- addresses of a case -------------------------------------------------------------------------------------------


def verdict(role: str, move: str, relation: str) -> int:
    """200, 403 or 404 as the rules would have it."""
    answer = rules.may(matrix.profile_as(role), move, as_the_rules_see_it(relation))
    if answer:
        return 200
    return 404 if answer.code in ("not_here", "complained_about") else 403


def asked(role: str, relation: str):
    """(address, method, move) worth asking about.

    Every address for who has no part in the case: by one of its methods in turn where the rules keep them out; where they
    let them in, each method by every third role it is open to, the first of them always. Every fifth way, in turn, for
    who is complained about. For other relations one way of each move that could matter, another one for each role; of those
    that a part in the case opens whatever the role, every third in turn.
    """
    turn = ROLES.index(role)
    ways = [
        (one, method, SENT_AS.get(one.name, one.move) if method == "POST" else one.move)
        for one in OF_A_CASE
        for method in one.methods
    ]
    if EVERYTHING:
        return ways
    if relation == "none":
        shut = [
            (one, one.methods[(n + turn) % len(one.methods)], SENT_AS.get(one.name, one.move))
            for n, one in enumerate(OF_A_CASE)
            if verdict(role, SENT_AS.get(one.name, one.move), relation) != 200
        ]
        mine = {one.name for one, _method, _move in shut}
        return [(one, method, move if method == "POST" else one.move) for one, method, move in shut] + [
            way for way in ways if way[0].name not in mine and _open_before(role, way[2]) % 3 == 0
        ]
    if relation == "complained":
        return [way for n, way in enumerate(ways) if (n + turn) % 5 == 0]
    of_move: dict[str, list] = {}
    for way in ways:
        of_move.setdefault(way[2], []).append(way)
    matter = {m for m, r in rules.MOVES.items() if relation == "stranger" or relation in r.persons or r.reads}
    found = [found[turn % len(found)] for move, found in of_move.items() if move in matter]
    if relation == "stranger":
        return found
    return [way for n, way in enumerate(found) if (n + turn) % 3 == 0 or verdict(role, way[2], relation) != 200]


@cache
def _open_before(role: str, move: str) -> int:
    """How many roles before this one the rules let in as well."""
    return sum(verdict(other, move, "none") == 200 for other in ROLES[: ROLES.index(role)])


@pytest.mark.parametrize("role", ROLES)
def test_the_server_answers_as_the_rules_say(house, role):
    client = house.client(role)
    client.get("/me/")
    wrong = []
    for relation in RELATIONS:
        with undone():
            relate(house, role, relation)
            client.pages = {}
            things = house.things["there" if relation == "stranger" else "here"]
            statement = house.case(relation).statements.filter(user=house.people[role]).first()
            for one, method, move in asked(role, relation):
                path = _path(one, things, statement)
                said, trouble = ask(client, method, path, one, verdict(role, move, relation))
                trouble += faults_of(said)
                if trouble:
                    wrong.append((relation, method, path, said.status_code, verdict(role, move, relation), trouble))
    assert wrong[:12] == []


def _path(one, things, statement) -> str:
    if one.name == "desk:statement" and statement is not None:
        return f"/statements/{statement.uid}/"
    return address_of(one, things)


def ask(client, method: str, path: str, one, expected: int):
    """The answer, and what is wrong with it."""
    if method == "GET":
        with business_writes() as written:
            said = client.get(path)
        client.pages[path] = said
        return said, _compared(said, expected) + [f"wrote {sql}" for sql in written]
    body = _filled(client, path) if expected == 200 and "GET" in one.methods else {}
    if one.name == "desk:files":
        body["file"] = a_file()
    with undone(), business_writes() as written:
        said = client.post(path, body) if method == "POST" else client.generic(method, path)
    trouble = _compared(said, expected)
    if said.status_code in SAYS_NO:
        trouble += [f"refused, and wrote {sql}" for sql in written]
    return said, trouble


def _compared(said, expected: int) -> list[str]:
    if expected == 200:
        return ["refused"] if said.status_code in SAYS_NO else []
    return [] if said.status_code == expected else ["let in"]


def _filled(client, path: str) -> dict:
    """What the page offers: as it was read a moment ago, before anything that is taken back again."""
    page = client.pages.get(path) or client.get(path)
    form = form_for(page, path) if page.status_code == 200 else None
    return dict(form.filled()) if form else {}


def test_each_kind_of_person_is_told_apart(house):
    """The table above would hold for a house that lets nobody in: here is who gets in."""
    reads = {role for role in ROLES if verdict(role, "see", "none") == 200}
    assert {"case_manager", "head_of_clinic", "legal", "auditor", *GUESTS} <= reads
    assert not reads & {"reception", "nurse", "administrator"}
    assert verdict("nurse", "see", "registered") == 200
    assert all(verdict(role, "see", "complained") == 404 for role in ROLES)
    assert all(verdict(role, "statement_give", "complained") == 200 for role in ROLES)
    assert {r for r in ROLES if verdict(r, "see", "stranger") == 200} == {"auditor", "head_office"}


# --- addresses of the house ----------------------------------------------------------------------------------------

# Open to every member, and then decided inside: by whom.
INSIDE = {
    "accounts:deputy_end": HOUSE_MOVES["deputy_manage"],
    # Managing accounts is not inviting guests.
    "accounts:guest_end": HOUSE_MOVES["guest_invite"],
}
# These roles hold in every branch.
EVERYWHERE = {"administrator"}
ONLY_HERE = "people:", "desk:own_", "desk:dispute_answer", "desk:inbox_", "accounts:person", "accounts:member", "accounts:disable", "accounts:enable", "accounts:logout_", "accounts:first_", "accounts:guest", "accounts:branch", "accounts:deputy_add", "accounts:deputy_end"  # fmt: skip


def allowed_in(one, role: str, place: str) -> bool:
    who = INSIDE.get(one.name)
    if who is not None:
        allowed = role in who
    else:
        allowed = EVERY_MEMBER in one.allowed or role in one.allowed
    names_a_row = "<uuid:uid>" in one.pattern and one.name.startswith(ONLY_HERE)
    if place == "there" and names_a_row:
        return allowed and role in EVERYWHERE
    return allowed


def allowed_before(one, role: str, place: str) -> bool:
    return any(allowed_in(one, other, place) for other in ROLES[: ROLES.index(role)])


@pytest.mark.parametrize("place", ["here", "there"])
@pytest.mark.parametrize("role", ROLES)
def test_addresses_of_the_house_open_to_their_roles(house, role, place):
    client = house.client(role)
    client.get("/me/")
    client.pages = {}
    wrong, turn = [], ROLES.index(role)
    for n, one in enumerate(OF_THE_HOUSE):
        if place == "there" and "<uuid:uid>" not in one.pattern:
            continue
        path = address_of(one, house.things[place])
        allowed = allowed_in(one, role, place)
        if allowed and not EVERYTHING and (n + turn) % 2 and allowed_before(one, role, place):
            continue  # who is kept out is always asked for; who is let in, every second, and the first of them
        for method in one.methods:
            expected = 200 if allowed else 404
            with undone():
                said, trouble = ask(client, method, path, one, expected)
            if expected == 404 and said.status_code == 403:
                trouble = []  # seen, and another's to do
            trouble += faults_of(said)
            if trouble:
                wrong.append((method, path, one.name, said.status_code, expected, trouble))
    assert wrong[:12] == []
