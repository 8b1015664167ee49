"""Nobody sees a case, tries to, or changes anything, without a trace: asked of every address that `suyuan urls` lists."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from suyuan.accounts import matrix, rules
from suyuan.accounts.models import User
from suyuan.accounts.rules import GUESTS, HOUSE_MOVES
from suyuan.cases.models import Receipt
from suyuan.cases.rules import reference_for
from suyuan.config.addresses_report import EVERY_MEMBER, report
from suyuan.correspondence.models import IncomingFile
from suyuan.platform import access
from suyuan.platform.models import AccessRow, FactRow
from suyuan.portal.http import party_cookie_set
from suyuan.portal.services.party import party_of, session_open
from tests.cases.cast import NOON
from tests.contracts.answers import business_writes
from tests.contracts.conftest import undone
from tests.contracts.everyone import ROLES, a_file, address_of, as_the_rules_see_it, relate
from tests.contracts.forms import form_for

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02")]

ADDRESSES = report()
NOBODYS = reference_for("TN", 2026, "0311999")
STAFF = [one for one in ADDRESSES if one.audience == "staff"]
OF_A_CASE = [one for one in STAFF if "<str:reference>" in one.pattern]

# Pages on which nothing of any case or patient stands, and why. Whatever is not named here has to leave its row.
NOTHING_OF_A_CASE = {
    **dict.fromkeys(("healthz", "house"), "how the house is"),
    **dict.fromkeys(("ui:components", "ui:keys"), "samples"),
    **dict.fromkeys(("desk:packs", "desk:card", "desk:wording", "desk:templates", "desk:instead"), "rules and cards, the same for everybody"),
    **dict.fromkeys(
        ("desk:own_rules", "desk:own_rule", "desk:own_rule_new", "desk:own_rule_write"),
        "rules of the clinic's own; what one was tried on leaves its line (tests/desk/test_wording_pages.py)",
    ),
    **dict.fromkeys(("desk:guard", "desk:guard_document"), "an empty form"),
    "desk:calls": "nothing, while nobody calls",
    "desk:own_names": "accounts of the clinic's own",
    **dict.fromkeys(("accounts:login", "accounts:me", "accounts:password", "accounts:held"), "one's own"),
    **dict.fromkeys(
        ("accounts:staff", "accounts:staff_new", "accounts:person", "accounts:branches", "accounts:branch"), "colleagues and places"
    ),
    **dict.fromkeys(("desk:register", "people:new", "desk:opinion"), "an empty form"),
    "desk:file_copy": "leads back to the item, until it was asked for by sending",
    **dict.fromkeys(("portal:clinics", "portal:start", "portal:poster", "portal:proof", "portal:bundle"), "for everybody outside"),
    **dict.fromkeys(("portal:danger", "portal:write", "portal:kiosk", "portal:kiosk_danger", "portal:kiosk_write"), "an empty form"),
    **dict.fromkeys(("portal:file", "portal:kiosk_file", "portal:follow_file", "desk:file_upload"), "how much of a file has arrived"),
    "portal:sms_report": "a service says what became of a message",
    **dict.fromkeys(("portal:survey", "portal:follow_survey", "portal:follow_demand", "portal:follow_withdraw"), "an empty form"),
}
# What has to be asked for before anything is shown.
ASKED = {"people:people": {"q": "例小安"}, "desk:register_hints": {"name": "例小安"}, "desk:lots": {"lot": "A-0311"}}
FINDS_SOMEBODY = {"people:people", "desk:register_hints"}
# These change what no case, patient or colleague hangs on.
LEAVES_NO_FACT = {
    "desk:opinion": "nobody is asked where no server is named; where one is, it is on record (tests/desk/test_opinion.py)",
    "desk:presence": "who is on the page, for a minute",
    **dict.fromkeys(("desk:guard", "desk:guard_check"), "a draft is looked at, and kept nowhere"),
    "desk:file_uploads": "pieces of a file that becomes an item only when its form is sent",
}


class Traces:
    """Rows of the access log and facts that came meanwhile. `written`: rows that were on disk before anything was shown."""

    def __enter__(self) -> Traces:
        access.flush()
        self._row = AccessRow.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        self._fact = FactRow.objects.count()
        return self

    def __exit__(self, *_) -> None:
        came = AccessRow.objects.filter(pk__gt=self._row).order_by("pk")
        self.written = list(came)
        access.flush()
        self.rows = list(came.all())
        self.facts = FactRow.objects.count() - self._fact


def allowed(one) -> Iterator[str]:
    """Roles to whom the address opens, the likeliest first."""
    for role in sorted(ROLES, key=("case_manager", "administrator", "head_of_clinic").__contains__, reverse=True):
        if one.move and one.move not in HOUSE_MOVES:
            if rules.may(matrix.profile_as(role), one.move, as_the_rules_see_it("none")):
                yield role
        elif EVERY_MEMBER in one.allowed and role not in GUESTS or role in one.allowed:
            yield role


def meant(house, one) -> tuple[str, int]:
    """Stream and branch of what the address names."""
    from suyuan.people.models import Person

    if one.name == "desk:inbox_item":
        return f"incoming:{house.things['here']['desk:inbox_item']}", house.here.branch_id
    if one.name == "desk:inbox_file":
        return IncomingFile.objects.get(uid=house.things["here"]["desk:inbox_file"]).incoming.stream, house.here.branch_id
    if one.name.startswith("people:"):
        person = Person.objects.get(uid=house.things["here"]["people:person"])
        return person.stream, person.branch_id
    return house.here.stream, house.here.branch_id


@pytest.fixture
def clients(house):
    """clients(role), logged in before anything is taken back."""
    return {role: house.client(role) for role in ROLES}.__getitem__


def opened(house, clients, one):
    """The page as somebody who may see it gets it: (who they are, answer, traces); None where nobody gets in.

    409: the paper is not made yet. Whoever asked for it has left a line all the same.
    """
    for role, relation in ways_in(one):
        with undone():
            relate(house, role, relation)
            path = address_of(one, house.things["here"])
            if one.name == "desk:statement":
                path = f"/statements/{house.here.statements.get(user=house.people[role]).uid}/"
            with Traces() as left:
                said = clients(role).get(path, ASKED.get(one.name, {}))
            if said.status_code in (200, 409):
                return house.people[role], said, left
    return None


def ways_in(one) -> Iterator[tuple[str, str]]:
    if one.name == "desk:statement":
        yield "nurse", "complained"
        return
    yield from ((role, "none") for role in allowed(one))
    if one.move and one.move not in HOUSE_MOVES:
        yield from (("doctor", relation) for relation in ("investigator", "owner", "task"))


# --- seeing --------------------------------------------------------------------------------------------------------


def test_each_page_that_shows_a_case_leaves_one_row(house, clients):
    wrong, seen = [], 0
    for one in STAFF:
        if "GET" not in one.methods or one.name in NOTHING_OF_A_CASE:
            continue
        found = opened(house, clients, one)
        if found is None:
            wrong.append((one.name, "nobody could open it: name its row in everyone.NAMED, or what it asks in ASKED"))
            continue
        wrong += [(one.name, fault) for fault in faults(house, one, *found)]
        seen += 1
    assert not wrong, "\n".join(map(str, wrong))
    assert seen > 70


def faults(house, one, who: User, said, left: Traces) -> Iterator[str]:
    if len(left.rows) != 1:
        yield f"{len(left.rows)} rows: {[row.what for row in left.rows]}"
        return
    (row,) = left.rows
    if not (row.actor.endswith(f":{who.uid}") and row.at == NOON and row.what and row.purpose):
        yield f"who, when, what, for what: {row.actor} {row.at} {row.what} {row.purpose}"
    if "<" not in one.pattern:  # a list: one row for all of it
        if row.stream:
            yield "a list names what came up, not one of them"
        if one.name in ASKED and not access.asked(row) or one.name in FINDS_SOMEBODY and not row.shown:
            yield "what was typed, and whom it found"
    elif (row.stream, row.branch_id) != meant(house, one):
        yield f"the row is about {row.stream} in {row.branch_id}"
    # A copy leaves the house: its row is on disk before the first byte goes.
    if "Content-Disposition" in said.headers and (left.written != left.rows or row.purpose in ("read", "search")):
        yield "a copy that was not on record first"


def test_a_copy_and_a_paper_are_on_record_before_they_are_given(house, clients):
    things = house.things["here"]
    copy = f"/cases/{things['reference']}/files/{things['desk:file']}/copy/"
    with undone(), Traces() as left:
        copy = clients("case_manager").post(copy)["Location"]
    assert left.facts == 1, "the fact comes before the bytes"
    for path in (copy, f"/cases/{things['reference']}/print/"):
        with Traces() as left:
            assert clients("case_manager").get(path).status_code == 200
        assert left.written == left.rows and left.rows[0].purpose in ("copy", "print"), path


def test_what_is_protected_is_on_record_before_it_is_shown(house, clients):
    with Traces() as left:
        assert clients("head_of_clinic").get(f"/cases/{house.here.reference}/investigation/").status_code == 200
    assert [(row.what, row.shown) for row in left.written] == [("case.investigation", ["compartment:root_cause"])]


OF_A_PARTY = [one for one in ADDRESSES if one.audience == "party" or one.name == "portal:follow"]


def test_whatever_a_person_outside_opens_of_their_case_is_on_record(house):
    """The page, each document; and what they name that is not theirs."""
    receipt = Receipt.objects.filter(case=house.here, kind="follow_up").select_related("party", "case").first()
    client, holder = Client(), HttpResponse()
    party_cookie_set(holder, session_open(receipt=receipt, now=NOON))
    client.cookies.update(holder.cookies)
    wrong, seen = [], 0
    for one in OF_A_PARTY:
        if "GET" not in one.methods or one.name in NOTHING_OF_A_CASE:
            continue
        with undone(), Traces() as left:
            said = client.get(address_of(one, house.things["here"]))
        told = [(row.actor, row.stream, row.what == access.REFUSED) for row in left.rows]
        if said.status_code == 302:  # settled, or never asked: back to the page, which leaves its own
            continue
        if told != [(str(party_of(receipt)), house.here.stream, said.status_code == 404)]:
            wrong.append((one.name, said.status_code, told))
        if "Content-Disposition" in said.headers and left.written != left.rows:
            wrong.append((one.name, "a copy that was not on record first"))
        seen += 1
    assert not wrong, "\n".join(map(str, wrong))
    assert seen >= 3


def test_every_other_page_for_people_outside_shows_nothing_of_a_case():
    known = {one.name for one in (*STAFF, *OF_A_PARTY)} | set(NOTHING_OF_A_CASE)
    assert [one.name for one in ADDRESSES if "GET" in one.methods and one.name not in known] == []
    assert set(NOTHING_OF_A_CASE) <= {one.name for one in ADDRESSES}, "named here, and gone"


# --- trying --------------------------------------------------------------------------------------------------------


def test_whoever_is_refused_leaves_a_line(house, clients):
    """A case in another branch; and one that may be read and not touched."""
    wrong = []
    for role, things, case in (("case_manager", "there", house.there), ("auditor", "here", house.here)):
        tried = 0
        for one in OF_A_CASE:
            method, path = one.methods[-1], address_of(one, house.things[things])
            with undone(), Traces() as left:
                said = clients(role).generic(method, path)
            if said.status_code not in (403, 404):
                continue
            tried += 1
            told = [(row.what, row.stream, row.branch_id, access.asked(row)) for row in left.rows]
            if told != [(access.REFUSED, case.stream, case.branch_id, f"{method} {path}")] or left.facts:
                wrong.append((role, method, path, told, left.facts))
        assert tried > 60, role
    assert not wrong, "\n".join(map(str, wrong))


def test_a_case_that_is_not_there_costs_the_same_and_is_on_record_too(house, clients):
    clients("case_manager").get("/me/")
    counts = []
    for reference in (house.there.reference, NOBODYS):
        with Traces() as left, CaptureQueriesContext(connection) as asked:
            assert clients("case_manager").get(f"/cases/{reference}/").status_code == 404
        counts.append(len(asked))
        assert [(row.what, row.purpose) for row in left.rows] == [(access.REFUSED, "not_here")]
    assert counts[0] == counts[1]


def test_a_patient_of_another_branch_is_named_in_the_line(house, clients):
    uid = house.things["there"]["people:person"]
    with Traces() as left:
        assert clients("reception").get(f"/people/{uid}/").status_code == 404
    assert [(row.what, row.stream) for row in left.rows] == [(access.REFUSED, f"person:{uid}")]


def test_a_receipt_that_opens_nothing_is_on_record_and_looks_the_same(house):
    for reference in (house.here.reference, NOBODYS):
        with Traces() as left:
            said = Client().post("/p/tn/follow/", {"reference": reference, "secret": "00000-00000-00000-00000"})
        assert said.status_code == 200
        assert [(row.what, row.actor, row.branch_id, row.stream) for row in left.rows] == [
            (access.REFUSED, "party:unknown", house.here.branch_id, "")
        ]
        assert access.asked(left.rows[0]) == reference


# --- changing ------------------------------------------------------------------------------------------------------


def test_whatever_is_sent_leaves_a_fact_or_a_line(house, clients):
    """Sent as a person might: what changed rows recorded a fact, what was refused is in the access log."""
    wrong, changed = [], set()
    for one in STAFF:
        if "POST" not in one.methods:
            continue
        path = address_of(one, house.things["here"])
        for role in list(allowed(one))[:1]:
            client = clients(role)
            page = client.get(path) if "GET" in one.methods else None
            form = form_for(page, path) if page is not None and page.status_code == 200 else None
            body = dict(form.filled()) if form else {"reason": "電話裡說明過了。", "kind": "email", "value": "a@example.org"}
            if one.name == "desk:files":
                body["file"] = a_file()
            with undone(), Traces() as left, business_writes() as written:
                said = client.post(path, body)
            if written and not left.facts and said.status_code < 400:
                wrong.append((one.name, role, said.status_code, "changed without a fact", written[0]))
            elif one in OF_A_CASE and said.status_code != 302 and not (left.facts or left.rows or one.name in LEAVES_NO_FACT):
                wrong.append((one.name, role, said.status_code, "nothing at all"))
            changed |= {one.name} if left.facts else set()
    assert not wrong, "\n".join(map(str, wrong))
    assert len(changed) > 30, sorted(changed)
