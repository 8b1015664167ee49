"""Registering, changing, representing and merging people."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from suyuan.accounts.errors import NotYours
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.people import selectors, services
from suyuan.people.errors import AlreadyEnded, AlreadyMerged, AlreadyProven, AlreadyRepresented, PersonRefused
from suyuan.people.models import ContactPoint, Person, PersonIndex, TreatmentReceived
from suyuan.people.phrases import PHRASES
from suyuan.people.rules import Contact, Treatment
from suyuan.people.services import NewPerson
from suyuan.platform.facts import facts_told
from suyuan.platform.holds import Held, hold_lift, hold_place
from suyuan.platform.keys import KeyProblem, unseal
from suyuan.platform.models import FactPrivate, FactRow
from tests.accounts.stories import NOW, acting, member

WEN = NewPerson(
    family_name="溫",
    given_name="若嵐",
    chart_number="A-0012",
    birth_date=date(1990, 3, 5),
    contacts=[Contact("phone", "0912-345-678", True), Contact("email", "wen@example.org")],
    treatments=[Treatment(words="雙眼皮手術", on=date(2026, 11, 3), precision="month", lot="L77")],
    communication_need="請講慢一點",
)


def register(house, actor, person=WEN, **more) -> Person:
    return services.person_register(branch=house.tainan, person=person, actor=actor, now=NOW, **more)


def types_of(stream: str) -> list[str]:
    return list(FactRow.objects.filter(stream=stream).order_by("position").values_list("type", flat=True))


def test_a_person_is_kept_sealed_and_read_back(house, rec) -> None:
    person = Person.objects.get(pk=register(house, rec).pk)
    assert (person.full_name, person.masked_name) == ("溫若嵐", "溫○嵐")
    assert (person.chart_number, person.birth_date) == ("A-0012", date(1990, 3, 5))
    assert person.is_patient
    assert {c.value for c in person.contact_points.all()} == {"0912-345-678", "wen@example.org"}
    assert person.treatments.get().on == date(2026, 11, 1)
    raw = b"".join(bytes(b) for b in PersonIndex.objects.values_list("blind", flat=True))
    raw += bytes(person.family_name_sealed) + bytes(person.given_name_sealed)
    raw += b"".join(bytes(b) for b in FactPrivate.objects.values_list("sealed", flat=True))
    plain = str(list(FactRow.objects.filter(stream=person.stream).values_list("plain", flat=True)))
    for secret in ("溫", "若嵐", "0912345678", "A-0012", "1990", "L77"):
        assert secret.encode() not in raw and secret not in plain


def test_a_sealed_value_moved_to_another_row_does_not_open(house, rec) -> None:
    one, two = register(house, rec), register(house, rec, NewPerson(family_name="王"))
    with pytest.raises(KeyProblem):
        unseal("person.family_name", two.uid, bytes(one.family_name_sealed))


def test_an_intake_costs_four_inserts_however_many_people(house, rec) -> None:
    def inserts(people) -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            services.persons_register(branch=house.tainan, people=people, actor=SYSTEM, now=NOW, source="intake")
        return sum("people_" in q["sql"] for q in seen)

    assert inserts([WEN]) == inserts([WEN, WEN, NewPerson(family_name="王", given_name="大明")]) == 4
    assert inserts([NewPerson()]) == 1


def test_a_person_in_danger_may_have_no_name(house) -> None:
    person = register(house, Actor("party", "x"), NewPerson(), source="intake")
    assert person.full_name == "" and person.masked_name == "" and not person.is_patient


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "wrong,reason",
    [
        ({"contacts": [Contact("fax", "1")]}, "contact_kind"),
        ({"contacts": [Contact("phone", " ")]}, "contact_empty"),
        ({"contacts": [Contact("phone", "12")]}, "contact_phone"),
        ({"contacts": [Contact("email", "nobody")]}, "contact_email"),
        ({"contacts": [Contact("line", "x" * 201)]}, "contact_long"),
        ({"contacts": [Contact("line", "a\x00b")]}, "unprintable"),
        ({"contacts": [Contact("phone", "091234567", True), Contact("line", "x", True)]}, "contact_two_preferred"),
        ({"treatments": [Treatment()]}, "treatment_unnamed"),
        ({"treatments": [Treatment(words="x", on=date(2026, 11, 19))]}, "treatment_date"),
        ({"treatments": [Treatment(words="x", on=date(1700, 1, 1))]}, "treatment_date"),
        ({"treatments": [Treatment(words="x")]}, "treatment_date"),
        ({"treatments": [Treatment(words="x", precision="unknown", price_minor=5)]}, "treatment_price"),
        ({"treatments": [Treatment(words="x" * 201, precision="unknown")]}, "treatment_long"),
        ({"birth_date": date(2027, 1, 1)}, "birth_date"),
        ({"family_name": "王" * 81}, "name_long"),
        ({"given_name": "a\x00"}, "unprintable"),
        ({"given_name": "\ud800"}, "unprintable"),
        ({"chart_number": "9" * 41}, "chart_long"),
        ({"communication_need": "x" * 201}, "words_long"),
        ({"preferred_channel": "pigeon"}, "channel"),
        ({"language": "tlh"}, "language"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(house, wrong, reason) -> None:
    with pytest.raises(PersonRefused) as refused:
        register(house, SYSTEM, NewPerson(**wrong))
    assert refused.value.data["reason"] == reason and refused.value.message()
    assert not Person.objects.exists() and not FactRow.objects.filter(type="person.registered").exists()


def test_only_staff_of_the_branch_write_people(house) -> None:
    for role in ("finance", "administrator", "auditor", "public_relations", "head_office", "legal"):
        with pytest.raises(NotYours):
            register(house, acting(member(role.replace("_", ""), house.tainan, role)))
    with pytest.raises(NotYours):
        register(house, acting(member("far", house.taipei, "reception")))


def test_a_change_keeps_what_stood_there_before(house, rec) -> None:
    person = register(house, rec)
    changed = services.person_update(
        person=person,
        changes={"family_name": "溫", "given_name": "若蘭", "preferred_channel": "line"},
        actor=rec,
        now=NOW,
    )
    assert changed.full_name == "溫若蘭"
    told = facts_told(list(FactRow.objects.filter(type="person.changed")))[0]
    assert told.plain("changed") == ["given_name", "preferred_channel"]
    assert told.private["given_name.before"] == "若嵐" and told.private["given_name.after"] == "若蘭"
    services.person_update(person=person, changes={"given_name": " 若蘭 "}, actor=rec, now=NOW)
    assert FactRow.objects.filter(type="person.changed").count() == 1
    with pytest.raises(TypeError):
        services.person_update(person=person, changes={"branch_id": 3}, actor=rec, now=NOW)
    with pytest.raises(PersonRefused):
        services.person_update(person=person, changes={"given_name": "x" * 99}, actor=rec, now=NOW)


def test_contacts_come_and_go_but_stay_on_record(house, rec) -> None:
    person = register(house, rec)
    line = services.contact_add(person=person, contact=Contact("line", "wen-line", True), actor=rec, now=NOW)
    assert [c.kind for c in selectors.contact_points_of([person])[person.pk]] == ["line", "phone", "email"]
    phone = ContactPoint.objects.get(person=person, kind="phone")
    services.contact_prefer(contact=phone, actor=rec, now=NOW)
    services.contact_end(contact=line, actor=rec, now=NOW)
    for act in (services.contact_end, services.contact_prefer):
        with pytest.raises(AlreadyEnded):
            act(contact=line, actor=rec, now=NOW)
    assert ContactPoint.objects.filter(person=person).count() == 3
    assert ContactPoint.objects.get(preferred=True) == phone


def test_authority_is_stated_until_somebody_saw_the_paper(house, rec) -> None:
    person, son = register(house, rec), register(house, rec, NewPerson(family_name="陳", given_name="立"))
    held = services.representative_add(person=person, representative=son, kind="child", actor=rec, now=NOW)
    assert not selectors.authority_proven(person, son)
    with pytest.raises(AlreadyRepresented):
        services.representative_add(person=person, representative=son, kind="agent", actor=rec, now=NOW)
    with pytest.raises(PersonRefused):
        services.authority_prove(representative=held, document=" ", actor=rec, now=NOW)
    services.authority_prove(representative=held, document="委任書 2026/11/18", actor=rec, now=NOW)
    assert selectors.authority_proven(person, son) and held.proven_by_id == rec.user_id
    with pytest.raises(AlreadyProven):
        services.authority_prove(representative=held, document="x", actor=rec, now=NOW)
    services.representative_end(representative=held, actor=rec, now=NOW)
    assert not selectors.authority_proven(person, son)
    for wrong in ({"kind": "friend"}, {"representative": person}):
        with pytest.raises(PersonRefused):
            services.representative_add(
                **{"person": person, "representative": son, "kind": "child", **wrong}, actor=rec, now=NOW
            )


def test_whoever_is_treated_is_a_patient(house, rec) -> None:
    person = register(house, rec, NewPerson(family_name="王"))
    services.treatment_add(
        person=person,
        treatment=Treatment(pack_code="laser", precision="unknown"),
        branch=house.tainan,
        actor=rec,
        now=NOW,
    )
    person.refresh_from_db()
    assert person.is_patient


def test_two_rows_of_one_person_become_one_with_a_trail(house, rec, shen) -> None:
    kept = register(
        house, rec, NewPerson(family_name="溫", given_name="若嵐", contacts=[Contact("phone", "0911111111", True)])
    )
    gone = register(house, rec)
    son = register(house, rec, NewPerson(family_name="陳"))
    services.representative_add(person=gone, representative=son, kind="child", actor=rec, now=NOW)
    with pytest.raises(NotYours):
        services.patient_merge(kept=kept, gone=gone, reason="同一支電話", actor=rec, now=NOW)
    merged = services.patient_merge(kept=kept, gone=gone, reason="同一支電話", actor=shen, now=NOW)
    assert merged.chart_number == "A-0012" and merged.is_patient
    assert merged.contact_points.count() == 3 and merged.contact_points.filter(preferred=True).count() == 1
    assert TreatmentReceived.objects.get().person == merged
    assert selectors.person_page(merged).represented_by[0].representative == son
    assert types_of(kept.stream)[-1] == "person.absorbed"
    assert types_of(gone.stream)[-1] == "person.merged"
    gone.refresh_from_db()
    assert gone.merged_into == kept
    with pytest.raises(AlreadyMerged):
        services.patient_merge(kept=kept, gone=gone, reason="again", actor=shen, now=NOW)
    with pytest.raises(AlreadyMerged):
        services.contact_add(person=gone, contact=Contact("line", "x"), actor=rec, now=NOW)


def test_nothing_is_merged_under_hold_or_across_branches_or_without_reason(house, rec, shen) -> None:
    kept, gone = register(house, rec), register(house, rec)
    far = services.person_register(branch=house.taipei, person=WEN, actor=SYSTEM, now=NOW)
    for wrong in ({"gone": far}, {"gone": kept}, {"reason": " "}):
        with pytest.raises(PersonRefused):
            services.patient_merge(**{"kept": kept, "gone": gone, "reason": "同一人", **wrong}, actor=shen, now=NOW)
    hold = hold_place(stream=gone.stream, kind="internal", reason="爭議", actor=shen, now=NOW)
    with pytest.raises(Held):
        services.patient_merge(kept=kept, gone=gone, reason="同一人", actor=shen, now=NOW)
    hold_lift(hold=hold, reason="結束", actor=shen, now=NOW)
    services.patient_merge(kept=kept, gone=gone, reason="同一人", actor=shen, now=NOW)


def test_every_fact_about_people_has_a_sentence(house, rec, shen) -> None:
    person, son = register(house, rec), register(house, rec, NewPerson(family_name="陳"))
    services.person_update(person=person, changes={"given_name": "蘭"}, actor=rec, now=NOW)
    line = services.contact_add(person=person, contact=Contact("line", "x"), actor=rec, now=NOW)
    services.contact_prefer(contact=line, actor=rec, now=NOW)
    services.contact_end(contact=line, actor=rec, now=NOW)
    held = services.representative_register(
        person=person, new=NewPerson(family_name="李"), kind="spouse", document="戶籍謄本", actor=rec, now=NOW
    )
    services.authority_prove(representative=held, document="戶籍謄本", actor=rec, now=NOW)
    services.representative_end(representative=held, actor=rec, now=NOW)
    services.treatment_add(
        person=person, treatment=Treatment(words="雷射", precision="unknown"), branch=house.tainan, actor=rec, now=NOW
    )
    services.patient_merge(kept=person, gone=son, reason="同一人", actor=shen, now=NOW)
    told = facts_told(list(FactRow.objects.filter(type__startswith="person.")))
    assert {t.type for t in told} == set(PHRASES)
    for one in told:
        sentence = PHRASES[one.type](one)
        assert sentence and "%(" not in sentence and "None" not in sentence, one.type
