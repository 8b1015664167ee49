"""Exact search: what finds a person, what never does, and whom it shows to whom."""

from __future__ import annotations

import pytest

from suyuan.accounts.selectors import profile_for, profile_of
from suyuan.kernel.actor import SYSTEM
from suyuan.kernel.refusal import NotHere
from suyuan.people import selectors, services
from suyuan.people.rules import Contact
from suyuan.people.services import NewPerson
from tests.accounts.stories import NOW, member


@pytest.fixture
def people(house):
    def person(branch, family, given, phone, chart=""):
        new = NewPerson(family_name=family, given_name=given, chart_number=chart, contacts=[Contact("phone", phone)])
        return services.person_register(branch=branch, person=new, actor=SYSTEM, now=NOW)

    return {
        "wen": person(house.tainan, "溫", "若嵐", "0912-345-678", "A-0012"),
        "wang": person(house.tainan, "王", "若嵐", "0933 222 678"),
        "smith": person(house.tainan, "Smith", "Jane", "+886 6 123 4567"),
        "far": person(house.taipei, "溫", "若嵐", "0912-345-678", "A-0012"),
    }


@pytest.mark.parametrize(
    "asked,found",
    [
        ("溫若嵐", {"wen"}),
        ("温若岚", {"wen"}),
        ("溫 若嵐", {"wen"}),
        ("若嵐", {"wen", "wang"}),
        ("0912345678", {"wen"}),
        ("+886 912 345 678", {"wen"}),
        ("５６７８", {"wen"}),
        ("2678", {"wang"}),
        ("王2678", {"wang"}),
        ("王 2678", {"wang"}),
        ("溫2678", set()),
        ("a0012", {"wen"}),
        ("A-0012", {"wen"}),
        ("jane smith", {"smith"}),
        ("Smith Jane", {"smith"}),
        ("Jane", {"smith"}),
        ("溫", set()),
        ("王", set()),
        ("Smith", set()),
        ("若", set()),
        ("678", set()),
        ("", set()),
        ("%", set()),
        ("' OR 1=1 --", set()),
        ("溫若", set()),
        ("x" * 500, set()),
    ],
)
def test_exactly_these_are_found(house, rec, people, asked, found) -> None:
    shown = selectors.search_people(profile_for(rec, NOW), asked)
    assert {name for name, p in people.items() if p in shown} == found


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "role,sees",
    [
        ("reception", True),
        ("nurse", True),
        ("doctor", True),
        ("case_manager", True),
        ("auditor", True),
        ("department_head", True),
        ("head_of_clinic", True),
        ("legal", False),
        ("finance", False),
        ("public_relations", False),
        ("head_office", False),
        ("administrator", False),
    ],
)
def test_who_may_look_for_people_and_only_at_home(house, people, role, sees) -> None:
    place = {"department": house.skin} if role == "department_head" else {}
    profile = profile_of(member("who", house.tainan, role, **place), NOW)
    assert selectors.search_people(profile, "溫若嵐") == ([people["wen"]] if sees else [])
    with pytest.raises(NotHere):
        selectors.person_for(profile, people["far"].uid)
    if not sees:
        with pytest.raises(NotHere):
            selectors.person_for(profile, people["wen"].uid)


def test_new_words_find_and_old_words_stop_finding(house, rec, people) -> None:
    profile = profile_for(rec, NOW)
    services.person_update(person=people["wen"], changes={"given_name": "大梅"}, actor=rec, now=NOW)
    assert selectors.search_people(profile, "溫大梅") == [people["wen"]]
    assert selectors.search_people(profile, "溫若嵐") == []
    phone = people["wen"].contact_points.get()
    services.contact_end(contact=phone, actor=rec, now=NOW)
    assert selectors.search_people(profile, "0912345678") == []
    services.contact_add(person=people["wen"], contact=Contact("phone", "0955000111"), actor=rec, now=NOW)
    assert selectors.search_people(profile, "溫0111") == [people["wen"]]


def test_a_merged_person_is_found_by_old_words_as_the_one_kept(house, rec, shen, people) -> None:
    services.patient_merge(kept=people["wang"], gone=people["wen"], reason="結婚改姓", actor=shen, now=NOW)
    profile = profile_for(rec, NOW)
    assert selectors.search_people(profile, "溫若嵐") == [people["wang"]]
    assert selectors.search_people(profile, "若嵐") == [people["wang"]]
    assert selectors.person_for(profile, people["wen"].uid) == people["wang"]


def test_hints_name_what_two_people_have_in_common(house, people) -> None:
    hints = selectors.duplicate_hints(
        branch=house.tainan, family_name="溫", given_name="若嵐", phones=["+886912345678"], chart_number="a 0012"
    )
    assert [(h.person, h.common) for h in hints] == [(people["wen"], ("chart_number", "name", "phone"))]
    assert selectors.duplicate_hints(branch=house.tainan) == []
    assert (
        selectors.duplicate_hints(branch=house.tainan, family_name="溫", given_name="若嵐", besides=people["wen"]) == []
    )


def test_a_search_is_one_query_however_many_it_finds(house, rec, people, django_assert_num_queries) -> None:
    profile = profile_for(rec, NOW)
    with django_assert_num_queries(1):
        selectors.search_people(profile, "若嵐")
    with django_assert_num_queries(5):
        selectors.person_page(people["wen"])
