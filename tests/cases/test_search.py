"""Searching cases finds what a reading of every word by the rules finds: the same list, count and pages, for every role."""
from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from suyuan.accounts.models import GuestGrant, Member, MemberRole, User
from suyuan.accounts.rules import branches_for, compartments_of, reads_narrative, sees
from suyuan.accounts.selectors import profile_of
from suyuan.cases.models import Case
from suyuan.cases.selectors import ListFilters, cases_list, lists
from suyuan.cases.selectors.door import view_of
from suyuan.cases.services import handling
from suyuan.cases.services.intake import Intake as Told
from suyuan.cases.services.intake import IssueGiven, PersonGiven, case_complete, case_danger_open
from suyuan.kernel import fold
from suyuan.people.models import ContactPoint, Person
from suyuan.people.services import patient_merge
from suyuan.platform.identifiers import index_values, query_values
from suyuan.platform.models import Text
from suyuan.platform.texts import Draft, texts_write
from suyuan.platform.units import unit
from tests.cases.cast import CAST, NOON, fresh, somebody

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02")]

COMPARTMENTS = ("counsel", "mediation", "root_cause", "care_talk")
PHRASES = (
    "護理師說沒有值班表", "左眼還是腫", "醫師看過，屬正常恢復", "退費 48,000 元", "Botox 劑量有疑問", "医师没有回电话", "和解金額另議",
)  # fmt: skip
QUERIES = ("腫", "醫師", "退費 元", "botox", "例小安", "值班表", "無此一說")

# Beside the cast, who each hold one role in one branch: hats that open different things in different places.
HATS = {
    "consultant": {"TN": ("consultant",)},
    "head_office": {"TN": ("head_office",)},
    "administrator": {"TN": ("administrator",)},
    "nurse_here_head_there": {"TN": ("nurse",), "TP": ("head_of_clinic",)},
    "cashier_here_manager_there": {"TN": ("finance",), "TP": ("case_manager",)},
    "speaks_and_argues": {"TN": ("public_relations", "legal")},
    "guest_doctor": {},
}


@pytest.fixture
def house(crowd):
    """The crowd, in whose cases something is written everywhere, and some more people to read it."""
    chance = random.Random(11)
    with unit():
        for case in Case.objects.order_by("pk"):
            drafts = [Draft(case.stream, "message.in", _words(chance), case.branch_id) for _ in range(chance.randint(0, 3))]
            for name in chance.sample(COMPARTMENTS, 2):
                # Letters about a compartment stand in the case's own stream.
                stream = chance.choice((case.stream, case.compartment_stream(name)))
                drafts.append(Draft(stream, "contact", _words(chance), case.branch_id, name))
            chance.shuffle(drafts)
            texts_write(drafts, now=NOON)
        texts_write([Draft("person:1", "note", "醫師說左眼腫", crowd.tn.pk)], now=NOON)
    readers = {name: getattr(crowd, name).user for name in CAST}
    for name, hats in HATS.items():
        user = User.objects.create(login=name, display_name=name, created_at=NOON, password="!")
        for code, roles in hats.items():
            member = Member.objects.create(user=user, branch=crowd.branches[code], first_day=date(2025, 1, 1))
            MemberRole.objects.bulk_create(MemberRole(member=member, role=role) for role in roles)
        readers[name] = user
    GuestGrant.objects.create(
        user=readers["guest_doctor"], kind="doctor", stream=Case.objects.order_by("pk")[2].stream, branch=crowd.tn,
        last_day=date(2026, 4, 1), reason="會診", invited_by=crowd.head.user,
    )  # fmt: skip
    return readers


def _words(chance: random.Random) -> str:
    return "，".join(chance.sample(PHRASES, chance.randint(1, 3)))


# --- the same by brute force ---------------------------------------------------------------------------------------


class Memory:
    """Everything, read once; each question is answered by the rules alone."""

    def __init__(self) -> None:
        cases = [fresh(case) for case in Case.objects.order_by("-received_at", "-pk")]
        self.cases = {case.uid: case for case in cases}
        self.texts = [(self._case_of(text), text.compartment, text.body) for text in Text.objects.order_by("-pk")]
        self.about = {case: {*case.parties.values_list("person_id", flat=True), case.patient_id} for case in cases}
        self.people = {person: _identified(person) for person in Person.objects.all()}

    def _case_of(self, text: Text) -> Case | None:
        noun, _, uid = text.stream.partition(":")
        return self.cases.get(UUID(uid)) if noun in ("case", *COMPARTMENTS) else None

    def reader(self, profile) -> Reader:
        return Reader(self, profile)

    def called(self, profile, query: str) -> set[int]:
        """People so named or called in branches where this reader may look for people, and who is the same person."""
        branches, asked = branches_for(profile, "person_search"), set(query_values(query))
        here = [p for p, known in self.people.items() if asked & known and (branches is None or p.branch_id in branches)]
        kept = {person.merged_into_id or person.pk for person in here}
        return {person.pk for person in self.people if (person.merged_into_id or person.pk) in kept}


class Reader:
    """What the rules open to one person."""

    def __init__(self, memory: Memory, profile) -> None:
        self.memory, self.profile = memory, profile
        views = {case: view_of(case) for case in memory.cases.values()}
        self.seen = {case for case, view in views.items() if sees(profile, view)}
        self.told = [case for case, view in views.items() if reads_narrative(profile, view)]
        opened = {case: compartments_of(profile, view) for case, view in views.items()}
        self.words = [
            (case, body)
            for case, name, body in memory.texts
            if case and (name in opened[case] if name else case in self.told)
        ]

    def answers(self, query: str, wanted=lambda case: True) -> list[str]:
        """References in their order: named ones by arrival, then by the newest word read."""
        people = self.memory.called(self.profile, query)
        named = [case for case in self.told if people & self.memory.about[case]]
        worded = [case for case, body in self.words if fold.occurs(query, body)]
        return list(dict.fromkeys(case.reference for case in (*named, *worded) if case in self.seen and wanted(case)))


def _identified(person: Person) -> set:
    phones = [point.value for point in ContactPoint.objects.filter(person=person, kind="phone")]
    return set(index_values(family_name=person.family_name, given_name=person.given_name, phones=phones))


def pages(profile, filters: ListFilters, size: int):
    """Every page until there is no later one."""
    after = None
    while True:
        page = cases_list(profile, filters, now=NOON, after=after, size=size)
        yield page
        if page.after is None:
            return
        after = page.after


ALL, GRAVE = ListFilters(state="all"), ListFilters(state="open", level=3)


@pytest.mark.parametrize("narrow", [0, 2_000], ids=["by the index", "read directly"])
def test_list_count_and_pages_are_what_a_reading_by_the_rules_gives(house, monkeypatch, narrow):
    monkeypatch.setattr(lists, "NARROW", narrow)
    memory, told_apart = Memory(), set()
    for who, user in house.items():
        profile = profile_of(user, NOON)
        reader = memory.reader(profile)
        asked = [(query, ALL, reader.answers(query)) for query in QUERIES]
        asked += [(query, GRAVE, reader.answers(query, lambda case: case.level == 3)) for query in QUERIES[:2]]
        for query, filters, right in asked:
            found = list(pages(profile, replace(filters, query=query), size=6))
            assert [line.reference for page in found for line in page.items] == right, (who, query)
            assert [len(page.items) for page in found] == [len(right[n : n + 6]) for n in range(0, max(1, len(right)), 6)]
            assert [page.page for page in found] == list(range(1, len(found) + 1))
            assert {(page.count, page.capped) for page in found} == {(len(right), False)}, (who, query)
            told_apart.add((query, *right))
    assert len(told_apart) > 40, "the crowd tells the readers apart"


def test_the_count_stops_at_its_cap_and_pages_end_there(house, monkeypatch):
    profile = profile_of(house["auditor"], NOON)
    reader = Memory().reader(profile)
    monkeypatch.setattr(lists, "COUNT_CAP", 3)
    for query in ("腫", "例小安"):
        right = reader.answers(query)
        assert len(right) >= 3
        found = list(pages(profile, replace(ALL, query=query), size=2))
        assert [line.reference for page in found for line in page.items] == right[:3]
        assert {(page.count, page.capped) for page in found} == {(3, len(right) > 3)} and len(found) == 2


def test_a_search_costs_the_same_for_every_page_and_reader(house):
    for user in house.values():
        profile = profile_of(user, NOON)
        for after in (None, None, "2"):  # the first one still counts the tasks of a role, once a minute
            with CaptureQueriesContext(connection) as told:
                cases_list(profile, replace(ALL, query="例小安"), now=NOON, after=after, size=3)
        assert len(told) <= 7


# --- what is found -------------------------------------------------------------------------------------------------


def found(player, query: str) -> list[str]:
    page = cases_list(profile_of(player.user, NOON), ListFilters(state="all", query=query), now=NOON)
    assert page.count == len(page.items)
    return [line.reference for line in page.items]


def test_what_reception_typed_as_subject_is_found(cast, make_case):
    case = make_case(
        matter="預約單開錯", issues=(IssueGiven(subject="櫃台口氣"), IssueGiven(subject="預約單開錯"), IssueGiven(subject="Sculptra 劑量"))
    )
    make_case()
    for query in ("預約單", "櫃臺口氣"[2:], "sculptra"):
        assert found(cast.receptionist, query) == found(cast.manager, query) == [case.reference], query
    assert Text.objects.filter(stream=case.stream, kind="subject").count() == 3
    assert found(cast.cashier, "預約單") == found(cast.stranger, "預約單") == []


def test_a_subject_added_later_is_found(cast, make_case):
    case = make_case()
    handling.issue_add(case=case, subject="同意書沒有講清楚", actor=cast.manager.actor, now=NOON)
    assert found(cast.manager, "同意書") == [case.reference]


def test_subjects_of_a_case_completed_after_a_danger_sign_are_found(cast):
    person = somebody()
    opened = case_danger_open(branch=cast.tn, danger_signs=("breathing",), language="zh-hant", actor=person, now=NOON)
    told = Told(
        narrative="打針後喘不過氣。",
        complainant=PersonGiven(family_name="例", given_name="小安"),
        issues=(IssueGiven(subject="麻醉前沒有問病史"),),
    )
    case_complete(case=opened.case, intake=told, actor=person, now=NOON)
    assert found(cast.manager, "病史") == [opened.case.reference]


def test_a_case_that_moves_is_found_by_its_subject_where_it_stands_now(cast, make_case):
    case = make_case(issues=(IssueGiven(subject="點滴打錯邊"),))
    handling.case_move_branch(case=case, branch=cast.tp, reason="療程在北岸", actor=cast.head.actor, now=NOON)
    assert found(cast.stranger, "點滴") == [case.reference]
    assert found(cast.manager, "點滴") == []


def test_protected_words_are_found_by_who_reads_them_there_and_by_nobody_else(cast, make_case):
    case = make_case()
    handling.legal_ask(case=case, words="催告函的期限怎麼算？", actor=cast.manager.actor, now=NOON)
    assert found(cast.legal, "催告函") == found(cast.head, "催告函") == [case.reference]
    for name in ("manager", "doctor", "receptionist", "surgeon", "cashier", "stranger", "mainland_head"):
        assert found(getattr(cast, name), "催告函") == [], name


def test_a_case_found_by_name_and_by_words_stands_in_the_list_once(cast, make_case):
    by_both = make_case(narrative="例小安說左眼還是腫。")
    by_name, by_words = make_case(), make_case(
        narrative="陪例小安來的人也不滿意。", complainant=PersonGiven(family_name="樣", given_name="子晴")
    )
    assert found(cast.manager, "例小安") == [by_name.reference, by_both.reference, by_words.reference]


def test_cases_of_a_merged_person_are_found_by_either_name(cast, make_case):
    first = make_case(complainant=PersonGiven(family_name="例", given_name="小安"))
    second = make_case(complainant=PersonGiven(family_name="例", given_name="曉安"))
    patient_merge(kept=first.patient, gone=second.patient, reason="同一位", actor=cast.manager.actor, now=NOON)
    for query in ("例小安", "例曉安"):
        assert found(cast.manager, query) == [second.reference, first.reference], query
