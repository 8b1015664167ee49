"""What acts and pages may ask of the database. Counts are tests; times are measured by `do.py bench`."""
from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from suyuan.accounts.models import User
from suyuan.cases.models import CaseClock
from suyuan.cases.services.clocks import alarms_give_many, clocks_sweep, promises_sweep, tasks_sweep
from suyuan.cases.services.handling import contact_log
from suyuan.cases.services.intake import ConsentGiven, Intake, IssueGiven, PersonGiven, case_register
from suyuan.kernel.actor import SYSTEM
from suyuan.people.models import Person
from suyuan.people.rules import Contact, Treatment
from suyuan.platform import clock, facts, idempotency, keys
from suyuan.platform.facts import Fact, FactKind, facts_record
from suyuan.platform.units import unit
from suyuan.playbooks import selectors
from tests.cases.cast import NOON, case_made, cast_made
from tests.platform.real import copied_database

REGISTER, LIST, SEARCH, PAGE = 24, 10, 10, 15

# What comes in graded opens its level's steps and calls in whom the pack names: two reads and three inserts more.
GRADED = REGISTER + 1


@pytest.fixture
def cast(packs, django_db_setup, django_db_blocker, tmp_path, monkeypatch):
    """A copy of the database in which commits are real: a savepoint would be ours. On a slow machine too, packs are known."""
    monkeypatch.setattr(selectors, "NEWEST_FOR", 3600.0)
    with django_db_blocker.unblock(), copied_database(tmp_path):
        keys.ring_forget()
        yield cast_made()
    keys.ring_forget()


@contextmanager
def counted():
    """Statements sent while it lasts: everything, and what stood inside a transaction."""
    sent, inside = [], []

    def look(execute, sql, params, many, context):
        if not sql.startswith("BEGIN"):
            sent.append(sql)
            if connection.in_atomic_block:
                inside.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield sent, inside


def issues(count: int) -> tuple[IssueGiven, ...]:
    return tuple(
        IssueGiven(subject=f"第 {n} 件事", causes=("service",), treatment=Treatment(words="雷射", precision="unknown"))
        for n in range(count)
    )


def registered(cast, **said) -> list[str]:
    """The statements of one registration by telephone, as its page sends it."""
    given = {
        "narrative": "打了三次電話都沒有人回。",
        "complainant": PersonGiven(
            family_name="例", given_name="小安", contacts=(Contact("phone", "0900-000-555", preferred=True),)
        ),
        "consents": (ConsentGiven("handling", 1, True), ConsentGiven("contact", 1, True)),
    }
    token = idempotency.token_of(scope="t", key=idempotency.new_key(), caller="user:1", body_sha256="0" * 64)
    with counted() as (_, inside):
        case_register(
            branch=cast.tn,
            channel="telephone",
            intake=Intake(**{**given, **said}),
            language="zh-hant",
            registered_by=cast.receptionist.user,
            once=token,
            actor=cast.receptionist.actor,
            now=NOON,
        )
    return inside


def test_registering_costs_the_same_for_one_issue_and_five(cast):
    registered(cast)
    one, five = registered(cast, issues=issues(1)), registered(cast, issues=issues(5))
    assert len(one) == len(five) <= REGISTER
    assert not [sql for sql in (*one, *five) if "SAVEPOINT" in sql]


@pytest.mark.parametrize(
    "said",
    [
        {"wishes": ("records", "full-refund"), "issues": issues(2)},
        {"patient": PersonGiven(family_name="範", given_name="子晴"), "relation": "parent", "issues": issues(2)},
        {"owner": True, "issues": issues(2), "wishes": ("records",)},
    ],
    ids=["wishes", "for_another", "staff_named"],
)
def test_registering_stays_within_its_budget_whatever_is_told(cast, said):
    if said.pop("owner", None):
        said["complained_user_ids"] = (cast.accused.pk,)
    registered(cast)
    inside = registered(cast, **said)
    assert len(inside) <= REGISTER
    assert not [sql for sql in inside if "SAVEPOINT" in sql]


def test_harm_and_danger_cost_the_same_for_one_issue_and_five(cast):
    registered(cast)
    for said in ({"harm": "alleged"}, {"harm": "alleged", "danger_signs": ("breathing",)}):
        one = registered(cast, issues=issues(1), wishes=("records",), **said)
        five = registered(cast, issues=issues(5), wishes=("records",), **said)
        assert len(one) == len(five) <= GRADED
        assert not [sql for sql in (*one, *five) if "SAVEPOINT" in sql]


def test_a_person_already_known_keeps_the_budget_and_gets_the_treatment_told(cast):
    registered(cast)
    person = Person.objects.get()
    inside = registered(cast, complainant=PersonGiven(person=person), issues=issues(3))
    assert len(inside) <= REGISTER
    assert person.treatments.count() == 3


# --- in the engine room ----------------------------------------------------------------------------------------------


@pytest.fixture
def kind(monkeypatch):
    monkeypatch.setitem(facts._kinds, "budget.noted", FactKind(lambda told: ""))


def recorded(streams: int, each: int) -> int:
    with counted() as (_, inside), unit():
        facts_record(
            [
                Fact("budget.noted", f"budget:{n}", plain={"n": n}, private={"words": "話"})
                for n in range(streams)
                for _ in range(each)
            ],
            actor=SYSTEM,
            now=NOON,
        )
    return len([sql for sql in inside if "SAVEPOINT" not in sql])  # the test's own transaction stands around it


@pytest.mark.django_db
def test_chaining_facts_costs_the_same_for_one_and_forty(packs, kind):
    keys.ring_forget()
    recorded(1, 1)  # opens the key ring
    assert recorded(1, 1) == recorded(20, 2) == 6


def test_alarms_cost_the_same_for_two_clocks_and_twenty(cast):
    for _ in range(22):
        case_made(cast)
    later = NOON + timedelta(days=30)
    due = list(CaseClock.objects.filter(next_alarm_at__lte=later, rule_id=_commonest()).values_list("pk", flat=True))
    costs = []
    for some in (due[:2], due[2:22]):
        with counted() as (sent, _):
            assert alarms_give_many(clock_ids=some, actor=SYSTEM, now=later) == len(some)
        costs.append(len(sent))
    assert costs[0] == costs[1]
    for row in CaseClock.objects.filter(pk__in=due[:22]):
        assert "due" in row.alarms and len(set(row.alarms)) == len(row.alarms)
        assert row.next_alarm_at is None or row.next_alarm_at > later


def _commonest() -> str:
    return CaseClock.objects.filter(next_alarm_at__isnull=False).values_list("rule_id", flat=True).order_by("rule_id")[0]


def test_which_packs_are_newest_is_asked_once_for_all_kinds(cast, monkeypatch):
    """So a page that falls on the moment when this is looked up again costs one statement more, and no more."""
    monkeypatch.setattr(selectors, "_newest_known", None)
    with counted() as (sent, _):
        selectors.at_hand("tw")
        selectors.at_hand("cn")
    assert len(sent) == 1


def test_a_minute_in_which_nothing_is_due_asks_three_questions(cast):
    for _ in range(3):
        case_made(cast)
    with counted() as (sent, inside):
        clocks_sweep(NOON)
        promises_sweep(NOON)
        tasks_sweep(NOON)
    assert (len(sent), inside) == (3, [])


# --- pages -----------------------------------------------------------------------------------------------------------


def opened(player: User, path: str) -> int:
    """Statements of a page as a logged-in member opens it for the second time: nothing is cold."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(player)
    for _ in range(2):
        with counted() as (sent, _):
            assert client.get(path).status_code == 200
    return len(sent)


@pytest.mark.parametrize("who", ["manager", "nurse", "legal", "auditor", "head"])
def test_the_list_stays_within_its_budget_for_three_cases_and_thirty(cast, who, settings):
    settings.ACCESS_WRITER = False
    with clock.frozen(NOON):
        for _ in range(3):
            case_made(cast)
        few = opened(getattr(cast, who).user, reverse("desk:cases"))
        for _ in range(27):
            case_made(cast)
        many = opened(getattr(cast, who).user, reverse("desk:cases"))
    assert few <= LIST
    assert many <= LIST


@pytest.mark.parametrize("who", ["manager", "nurse", "legal", "cashier", "auditor", "head"])
@pytest.mark.parametrize("asked", ["左眼", "例小安"], ids=["words", "name"])
def test_a_search_stays_within_its_budget_for_three_cases_and_thirty(cast, who, asked, settings):
    settings.ACCESS_WRITER = False
    page = f"{reverse('desk:cases')}?state=all&q={asked}"
    with clock.frozen(NOON):
        for _ in range(3):
            case_made(cast)
        few = opened(getattr(cast, who).user, page)
        for _ in range(27):
            case_made(cast)
        many = opened(getattr(cast, who).user, page)
        later = opened(getattr(cast, who).user, f"{page}&after=2")
    assert max(few, many, later) <= SEARCH


def test_a_case_page_costs_the_same_for_a_short_and_a_long_story(cast, settings):
    settings.ACCESS_WRITER = False
    with clock.frozen(NOON):
        case = case_made(cast)
        page = reverse("desk:case", args=[case.reference])
        short = opened(cast.manager.user, page)
        with unit():
            for n in range(70):
                contact_log(
                    case=case,
                    kind="call",
                    channel="telephone",
                    direction="out",
                    happened_at=NOON,
                    points=f"第 {n} 次通話：說明目前查到哪裡。",
                    actor=cast.manager.actor,
                    now=NOON,
                )
        long = opened(cast.manager.user, page)
    assert short <= PAGE
    assert long <= PAGE
