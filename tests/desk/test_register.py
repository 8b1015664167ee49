"""A complaint taken down while the person talks."""
from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from suyuan.cases.models import Case
from suyuan.platform import idempotency

pytestmark = pytest.mark.django_db
URL = "/register/"


def form(**said):
    return {
        idempotency.FIELD: idempotency.new_key(), "channel": "telephone", "narrative": "等了八十分鐘，沒有人告訴我為什麼。",
        "relation": "self", "harm": "none", **said,
    }  # fmt: skip


def page(answer) -> str:
    return answer.content.decode()


@pytest.mark.requirement("A-04")
@pytest.mark.requirement("A-06")
@pytest.mark.requirement("A-12")
def test_one_form_registers_and_says_what_to_say(cast, browser):
    client = browser("receptionist")
    given = form(
        name="例大仁", phone="0900-000-123", issue1="等候太久", cause1="service", preferred_channel="phone",
        preferred_hours="晚上", treatment="除斑雷射", treatment_on="115/3/2", issue2="收據", wishes=["full-refund"],
    )  # fmt: skip
    done = client.post(URL, given)
    case = Case.objects.get()
    assert done.status_code == 302 and done["Location"] == reverse("desk:registered", args=[case.reference])
    assert case.preferred_channel == "phone" and case.preferred_hours == "晚上"
    assert [i.subject for i in case.issues.order_by("id")] == ["等候太久", "收據"]
    assert case.registered_by == cast.receptionist.user and case.channel == "telephone"

    first = page(client.get(done["Location"]))
    assert case.reference in first and "再掛電話" in first and "密碼只在這裡顯示這一次" in first and "<svg" in first
    again = page(client.get(done["Location"]))
    assert "這裡不再顯示" in again and case.reference in again


@pytest.mark.requirement("A-04")
def test_on_site_is_a_channel_of_its_own(browser):
    client = browser("receptionist")
    done = client.post(URL, form(channel="on_site"))
    assert Case.objects.get().channel == "on_site"
    assert "再送對方離開" in page(client.get(done["Location"]))


def test_a_double_click_registers_once(browser):
    client, given = browser("receptionist"), form()
    first, second = client.post(URL, given), client.post(URL, given)
    assert first["Location"] == second["Location"]
    assert Case.objects.count() == 1


def test_the_same_key_with_other_words_is_refused_and_kept(browser):
    client, given = browser("receptionist"), form()
    client.post(URL, given)
    other = client.post(URL, {**given, "narrative": "完全不同的另一件事"})
    assert other.status_code in (409, 422)
    assert Case.objects.count() == 1


@pytest.mark.requirement("D-03")
def test_a_danger_sign_alone_is_enough(browser):
    client = browser("receptionist")
    assert client.post(URL, form(narrative="", danger=["sight"])).status_code == 302
    case = Case.objects.get()
    assert case.danger == "open" and case.harm == "alleged"
    assert case.tasks.filter(kind="danger_review").exists()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"narrative": "", "name": "例大仁"}, "例大仁"),
        ({"narrative": "   ", "phone": "0900000123"}, "0900000123"),
        ({"narrative": "好" * 20_001}, "好" * 50),
        ({"narrative": "控制\x07字元"}, "控制"),
        ({"happened_at": "2030-01-01T10:00"}, "等了八十分鐘"),
        ({"happened_at": "1850-01-01T10:00"}, "等了八十分鐘"),
        ({"occurred_on": "2030-01-01"}, "等了八十分鐘"),
        ({"email": "不是信箱"}, "不是信箱"),
        ({"channel": "carrier-pigeon"}, "等了八十分鐘"),
        ({"harm": "serious"}, "等了八十分鐘"),
        ({"relation": "boss"}, "等了八十分鐘"),
        ({"cause2": "service"}, "等了八十分鐘"),
        ({"danger": ["nothing"]}, "等了八十分鐘"),
        ({"person": "zzz"}, "等了八十分鐘"),
        ({"name": "名" * 90}, "名" * 90),
    ],
)
def test_bad_input_keeps_every_word_and_registers_nothing(said, kept, browser):
    answer = browser("receptionist").post(URL, form(**said))
    assert answer.status_code == 422
    assert "sy-summary" in page(answer) and kept in page(answer)
    assert Case.objects.count() == 0


def test_formulas_and_markup_are_only_words(browser):
    client = browser("receptionist")
    rogue = "=HYPERLINK(\"x\") <img src=x onerror=alert(1)>"
    done = client.post(URL, form(narrative=rogue, name="<b>例</b>", issue1=rogue))
    assert done.status_code == 302
    seen = page(client.get(reverse("desk:case", args=[Case.objects.get().reference])))
    assert "<img src=x" not in seen and "&lt;img src=x" in seen


def test_a_form_without_its_key_is_refused_clearly(browser):
    given = form()
    del given[idempotency.FIELD]
    assert 400 <= browser("receptionist").post(URL, given).status_code < 500
    assert Case.objects.count() == 0


@pytest.mark.parametrize("who", ["spokesman", "cashier", "auditor", "legal"])
def test_those_who_do_not_register_find_nothing_here(who, browser):
    assert browser(who).get(URL).status_code == 404
    assert browser(who).post(URL, form()).status_code == 404


def test_known_people_are_hinted_masked_and_can_be_chosen(cast, browser, make_case):
    case = make_case()
    client = browser("receptionist")
    hints = page(client.get(URL + "hints/", {"name": "例小安"}, headers={"HX-Request": "true"}))
    assert "例○安" in hints and "例小安" not in hints
    person = case.parties.get().person
    client.post(URL, form(name="例小安", person=str(person.uid)))
    assert Case.objects.exclude(pk=case.pk).get().parties.get().person_id == person.pk


def test_a_manager_of_two_branches_chooses_the_branch(cast, browser):
    from datetime import date

    from suyuan.accounts.models import Member, MemberRole

    member = Member.objects.create(user=cast.manager.user, branch=cast.tp, first_day=date(2025, 1, 1))
    MemberRole.objects.create(member=member, role="case_manager")
    client = browser("manager")
    assert 'name="branch"' in page(client.get(URL))
    client.post(URL, form(branch="TP"))
    assert Case.objects.get().branch == cast.tp


def test_the_session_that_ended_half_way_keeps_the_words(cast, browser):
    stranger = Client()
    answer = stranger.post(URL, form(narrative="寫到一半的話"))
    assert answer.status_code == 303 and "/login/" in answer["Location"]
    assert Case.objects.count() == 0
