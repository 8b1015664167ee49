"""Pages about people: found exactly, shown to those who may, every reading in the access log."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from suyuan.accounts.models import User
from suyuan.kernel.actor import SYSTEM
from suyuan.people import services
from suyuan.people.models import ContactPoint, Person, Representative, TreatmentReceived
from suyuan.people.rules import Contact
from suyuan.people.services import NewPerson
from suyuan.platform import access
from suyuan.platform.models import AccessRow
from tests.accounts.stories import NOW, member

pytestmark = pytest.mark.sqlite


def inside(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, *args) -> str:
    return reverse(f"people:{name}", args=args)


@pytest.fixture
def wen(house) -> Person:
    new = NewPerson(
        family_name="溫", given_name="若嵐", chart_number="A-0012", contacts=[Contact("phone", "0912-345-678", True)]
    )
    return services.person_register(branch=house.tainan, person=new, actor=SYSTEM, now=NOW)


@pytest.fixture
def desk(house) -> Client:
    return inside(member("rec", house.tainan, "reception"))


@pytest.fixture
def manager(house) -> Client:
    return inside(member("shen", house.tainan, "case_manager"))


def test_what_was_told_in_a_complaint_does_not_show_on_the_person(desk, wen) -> None:
    """Whoever is complained about may know the patient; that there is a complaint they learn from their own page."""
    for n, source in enumerate(("intake", "staff")):
        TreatmentReceived.objects.create(
            person=wen, branch=wen.branch, words=f"療程{n}", precision="unknown", source=source, created_at=NOW
        )
    page = desk.get(url("person", wen.uid)).content.decode()
    assert "療程1" in page and "療程0" not in page


def test_a_list_masks_what_the_page_shows_and_both_are_logged(desk, wen) -> None:
    found = desk.get(url("people"), {"q": "溫若嵐"}).content.decode()
    assert "溫○嵐" in found and "若嵐</a>" not in found and "0912" not in found
    page = desk.get(url("person", wen.uid)).content.decode()
    assert "溫若嵐" in page and "0912-345-678" in page
    assert "溫" not in page[page.index("<title>") : page.index("</title>")]
    access.flush()
    rows = list(AccessRow.objects.filter(what__startswith="people.").order_by("id"))
    assert [r.what for r in rows] == ["people.search", "people.person"]
    assert rows[0].shown == [wen.stream] and access.asked(rows[0]) == "溫若嵐"
    assert rows[1].stream == wen.stream


def test_an_empty_list_shows_nobody(desk, wen) -> None:
    assert "溫" not in desk.get(url("people")).content.decode()
    assert "沒有完全相符的人" in desk.get(url("people"), {"q": "溫"}).content.decode()


@pytest.mark.postgres
def test_strangers_find_nothing(house, wen) -> None:
    far = inside(member("far", house.taipei, "reception"))
    assert far.get(url("person", wen.uid)).status_code == 404
    assert far.get(url("edit", wen.uid)).status_code == 404
    for name in ("contact_add", "treatment_add", "representative_add"):
        assert far.post(url(name, wen.uid), {}).status_code == 404
    contact = ContactPoint.objects.get()
    assert far.post(url("contact_end", contact.uid)).status_code == 404
    for role in ("administrator", "finance", "legal", "public_relations", "head_office"):
        client = inside(member(role.replace("_", ""), house.tainan, role))
        assert client.get(url("people")).status_code == 404
        assert client.get(url("person", wen.uid)).status_code == 404
    auditor = inside(member("aud", house.tainan, "auditor"))
    assert auditor.get(url("person", wen.uid)).status_code == 200
    assert auditor.post(url("contact_add", wen.uid), {}).status_code == 404
    assert Client().get(url("person", wen.uid)).status_code == 302


def test_a_person_is_registered_after_the_hint_was_seen(house, desk, wen) -> None:
    given = {"branch": house.tainan.pk, "name": "温若岚", "phone": "0912345678", "birth_date": "民國"}
    assert desk.post(url("new"), given).status_code == 422
    given["birth_date"] = "79/3/5"
    hinted = desk.post(url("new"), given)
    assert hinted.status_code == 200 and "可能已經登錄過" in hinted.content.decode()
    assert Person.objects.count() == 1
    assert desk.post(url("new"), {**given, "again": "1"}).status_code == 302
    made = Person.objects.latest("id")
    assert (made.family_name, made.given_name, made.birth_date.isoformat()) == ("温", "若岚", "1990-03-05")


@pytest.mark.postgres
def test_everything_on_the_page_works(house, desk, manager, wen) -> None:
    edit = {"family_name": "溫", "given_name": "若蘭", "chart_number": "A-0012", "birth_date": "1990-03-05"}
    assert desk.get(url("edit", wen.uid)).status_code == 200
    assert desk.post(url("edit", wen.uid), edit).status_code == 302
    wen.refresh_from_db()
    assert wen.full_name == "溫若蘭"
    assert desk.post(url("contact_add", wen.uid), {"kind": "line", "value": "wen"}).status_code == 302
    assert desk.post(url("contact_add", wen.uid), {"kind": "email", "value": "no"}).status_code == 422
    line = ContactPoint.objects.get(kind="line")
    assert desk.post(url("contact_prefer", line.uid)).status_code == 302
    assert desk.post(url("contact_end", line.uid)).status_code == 302
    assert desk.post(url("contact_end", line.uid)).status_code == 409
    treatment = {"words": "雷射", "precision": "month", "on": "2026-10", "price": "4800", "currency": "TWD"}
    assert desk.post(url("treatment_add", wen.uid), treatment).status_code == 302
    assert TreatmentReceived.objects.get().price_minor == 480000
    assert "2026/10" in desk.get(url("person", wen.uid)).content.decode()
    assert desk.post(url("treatment_add", wen.uid), {**treatment, "on": "soon"}).status_code == 422
    assert desk.post(url("treatment_add", wen.uid), {**treatment, "on": "2027-01"}).status_code == 422
    son = {"name": "陳立", "kind": "child", "phone": "0955111222"}
    assert desk.post(url("representative_add", wen.uid), son).status_code == 302
    held = Representative.objects.get()
    assert "還沒有看過文件" in desk.get(url("person", wen.uid)).content.decode()
    assert desk.post(url("authority_prove", held.uid), {}).status_code == 422
    assert desk.post(url("authority_prove", held.uid), {"document": "委任書"}).status_code == 302
    assert desk.post(url("representative_end", held.uid)).status_code == 302
    assert desk.post(url("merge", wen.uid), {}).status_code == 404


def test_a_case_manager_merges_what_the_hint_shows(house, manager, wen) -> None:
    new = NewPerson(family_name="溫", given_name="若嵐", contacts=[Contact("phone", "0912345678")])
    twin = services.person_register(branch=house.tainan, person=new, actor=SYSTEM, now=NOW)
    assert "可能是同一個人" in manager.get(url("person", wen.uid)).content.decode()
    assert manager.post(url("merge", wen.uid), {"gone": str(twin.uid), "reason": ""}).status_code == 422
    assert manager.post(url("merge", wen.uid), {"gone": str(twin.uid), "reason": "同一支電話"}).status_code == 302
    assert manager.get(url("person", twin.uid)).url == url("person", wen.uid)


@pytest.mark.postgres
@pytest.mark.parametrize("junk", ["", "\x00", "x" * 5000, "<script>alert(1)</script>", "=cmd()", "' OR 1=1"])
def test_nonsense_is_answered_clearly(house, desk, wen, junk) -> None:
    for name, fields in (
        ("contact_add", ["kind", "value"]),
        ("treatment_add", ["words", "precision", "on", "price", "lot"]),
        ("representative_add", ["name", "kind", "document"]),
    ):
        answer = desk.post(url(name, wen.uid), dict.fromkeys(fields, junk))
        assert answer.status_code == 422 and "<script>alert" not in answer.content.decode()
    for given in ({"name": junk}, {"phone": junk}, {"birth_date": junk}, {"branch": junk}):
        assert desk.post(url("new"), {"branch": house.tainan.pk, **given}).status_code in (302, 422)
    assert desk.get(url("people"), {"q": junk}).status_code == 200
