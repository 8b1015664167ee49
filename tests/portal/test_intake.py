"""From the first page to the receipt, without JavaScript."""
from __future__ import annotations

import re
from datetime import date
from urllib.parse import quote, urlencode

import pytest
from django.test import Client

from suyuan.cases.models import Case, Consent, Demand, Promise
from suyuan.portal.models import Bucket, Draft
from suyuan.portal.proof import proof_judge, proof_of, proof_read
from tests.portal.conftest import STORY, form_fields, given, hidden, keys_of, sent

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
WRITE = "/p/streamside/write/"


@pytest.mark.requirement("A-05")
@pytest.mark.requirement("A-04")
def test_the_first_page_says_what_is_taken_up_and_how_long_it_takes(phone, clinic):
    html = phone.get("/p/streamside/").content.decode()

    assert "沈經理" in html
    assert "24 小時內" in html
    assert "消費者服務專線 1950" in html
    assert "119" in html and "02-0000-0119" in html


@pytest.mark.postgres
@pytest.mark.requirement("A-07")
@pytest.mark.requirement("A-12")
@pytest.mark.requirement("E-02")
def test_a_patient_writes_and_holds_a_receipt(phone, clinic):
    page = sent(phone, hours="evening", need=["hearing"])

    assert page.status_code == 200, page.content.decode()
    reference, _secret = keys_of(page)
    case = Case.objects.get(reference=reference)
    html = page.content.decode()
    assert case.narrative.body.startswith(STORY)
    assert "十月底" in case.narrative.body  # a rough date stays in the person's own words
    assert (case.channel, case.language, case.harm) == ("web", "zh-hant", "alleged")
    assert case.wishes == ["look-again", "records"]
    person = case.parties.get().person
    assert person.full_name == "溫若嵐" and person.preferred_channel == "phone"
    assert case.preferred_hours == "晚上" and case.communication_need == "聽力"
    treatment = person.treatments.get()
    assert (treatment.words, treatment.on, treatment.precision) == ("雙眼皮", date(2026, 10, 28), "day")
    assert Promise.objects.filter(case=case).exists()
    assert Demand.objects.filter(case=case, kind="records_copy").exists()
    assert {(c.purpose, c.version, c.given) for c in Consent.objects.filter(case=case)} >= {
        ("tw-handle", 1, True),
        ("tw-records", 1, False),
    }
    assert "收訖" in html and "沈經理" in html and "02-0000-0000" in html
    assert html.count('<svg role="img"') == 2
    assert "style=" not in html


def test_the_receipt_proves_itself_and_a_changed_one_does_not(phone, clinic):
    reference, secret = keys_of(sent(phone))
    proof = proof_of(Case.objects.get(reference=reference))

    assert proof_judge(proof) == "good"
    assert proof_read(proof.compact) == proof == proof_read(proof.text)
    assert proof_judge(proof_read(proof.text.replace("position 1", "position 2"))) == "false"
    assert secret.replace("-", "") not in proof.compact and reference not in proof.compact

    page = phone.get("/p/proof/")
    said = phone.post("/p/proof/", {**form_fields(page, "data-fragment"), "proof": proof.compact})
    assert "簽章是本院的，紀錄也沒有變" in said.content.decode()


def test_someone_may_write_for_somebody_else(phone, clinic):
    reference, _ = keys_of(sent(phone, about="other", relation="parent", patient_name="例小樹", name="例大樹"))
    case = Case.objects.get(reference=reference)

    assert case.patient.full_name == "例小樹"
    complainant = next(p for p in case.parties.all() if "complainant" in p.roles)
    assert complainant.person.full_name == "例大樹" and complainant.relation == "parent"


def test_whoever_follows_with_the_receipt_need_not_leave_a_contact(phone, clinic):
    assert sent(phone, contact="", contact_by="portal").status_code == 200


# --- bad input -----------------------------------------------------------------------------------------------------


def refused(page) -> str:
    assert page.status_code == 422
    return page.content.decode()


def test_an_empty_form_is_answered_at_each_field(phone, clinic):
    html = refused(phone.post(WRITE, {**hidden(phone.get(WRITE)), "send": "1"}))

    assert "請用您自己的話寫下發生的事" in html
    assert "請留一種聯絡方式" in html
    assert "不同意的話，我們無法受理書面申訴" in html
    assert not Case.objects.exists()


def test_too_many_words_are_counted_and_kept(phone, clinic):
    page = phone.get(WRITE)
    assert 'maxlength="20000"' in page.content.decode() or "20000" in page.content.decode()
    long = "痛" * 20_001
    html = refused(phone.post(WRITE, given(page, narrative=long)))

    assert "寫了 20,001 字，最多 20,000 字" in html
    assert long in html


def test_more_than_any_form_could_hold_is_a_plain_bad_request(phone, clinic):
    assert phone.post(WRITE, given(phone.get(WRITE), narrative="痛" * 1_000_000)).status_code in (400, 413)
    page = phone.get(WRITE)
    fields = given(page, narrative="痛" * 150_000, send=None)
    assert phone.post("/p/streamside/write/save/", fields).status_code == 413
    assert not Case.objects.exists()


def test_a_date_that_has_not_come_is_answered_with_a_guess(phone, clinic):
    html = refused(sent(phone, treatment_on="2027/1/1", happened_on="1926/3/4"))

    assert "這個日期還沒有到。您是指 2026/1/1" in html
    assert "這個日期太久以前了。您是指 2026/3/4" in html
    assert "雙眼皮" in html and STORY in html


@pytest.mark.postgres
def test_script_and_formula_stay_text(phone, clinic):
    words = '<script>alert(1)</script> =HYPERLINK("http://x") {{ 7*7 }}'
    page = sent(phone, narrative=words, happened_on="", name='"><img src=x onerror=alert(1)>')
    reference, _ = keys_of(page)

    assert Case.objects.get(reference=reference).narrative.body == words
    assert "<script>alert" not in page.content.decode() and "<img src=x" not in page.content.decode()


@pytest.mark.postgres
def test_control_characters_go_and_words_stay(phone, clinic):
    reference, _ = keys_of(sent(phone, narrative="左眼\x00腫\x07了\r\n很\x1b痛", happened_on=""))
    assert Case.objects.get(reference=reference).narrative.body == "左眼腫了\n很痛"


@pytest.mark.postgres
def test_letters_that_arrived_broken_are_pointed_at(phone, clinic):
    fields = given(phone.get(WRITE), narrative=None, wishes=None)
    body = urlencode(fields) + "&narrative=" + quote("左眼腫".encode("big5"))
    page = phone.post(WRITE, body, content_type="application/x-www-form-urlencoded")

    assert "個字傳過來時壞掉了" in refused(page)


def test_another_declared_encoding_is_a_plain_bad_request(phone, clinic):
    body = urlencode(given(phone.get(WRITE), narrative=None, wishes=None)).encode()
    page = phone.post(WRITE, body, content_type="application/x-www-form-urlencoded; charset=big5")
    assert page.status_code == 400
    raw = body + b"&narrative=" + "左眼腫".encode("big5")
    assert phone.post(WRITE, raw, content_type="application/x-www-form-urlencoded").status_code == 400
    assert not Case.objects.exists()


def test_values_nobody_offered_are_refused_at_their_field(phone, clinic):
    html = refused(sent(phone, harm="sure", wishes=["gold"]))
    assert STORY in html and not Case.objects.exists()


@pytest.mark.parametrize("contact", ["12", "a@", "@b.example", "name@@example.org"])
def test_half_a_contact_is_answered_at_its_field(phone, clinic, contact):
    assert "contact" in refused(sent(phone, contact=contact, contact_by="email" if "@" in contact else "phone"))


# --- sent twice ----------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_second_click_shows_the_same_receipt(phone, clinic):
    fields = given(phone.get(WRITE))
    first, second = phone.post(WRITE, fields), phone.post(WRITE, fields)

    assert keys_of(first) == keys_of(second)
    assert Case.objects.count() == 1


@pytest.mark.postgres
def test_a_changed_form_with_an_old_key_opens_nothing_and_loses_nothing(phone, clinic):
    fields = given(phone.get(WRITE))
    phone.post(WRITE, fields)
    page = phone.post(WRITE, {**fields, "narrative": "還有右眼也是。"})

    assert page.status_code == 409
    assert "還有右眼也是。" in page.content.decode()
    assert Case.objects.count() == 1


def test_a_strangers_copy_of_the_form_shows_no_receipt(phone, clinic):
    fields = given(phone.get(WRITE))
    reference, secret = keys_of(phone.post(WRITE, fields))
    stranger = Client(enforce_csrf_checks=True)
    own = hidden(stranger.get(WRITE))
    page = stranger.post(WRITE, {**fields, "csrfmiddlewaretoken": own["csrfmiddlewaretoken"]})

    assert page.status_code == 409
    assert reference not in page.content.decode() and secret not in page.content.decode()


def test_after_sending_the_next_form_is_empty_and_new(phone, clinic):
    first = phone.get(WRITE)
    phone.post(WRITE, given(first))
    again = phone.get(WRITE)

    assert hidden(again)["idempotency_key"] != hidden(first)["idempotency_key"]
    assert STORY not in again.content.decode()
    phone.post(WRITE, given(again))
    assert Case.objects.count() == 2


# --- half written --------------------------------------------------------------------------------------------------


def save(phone, **more):
    page = phone.get(WRITE)
    return phone.post("/p/streamside/write/save/", given(page, send=None, **more))


@pytest.mark.postgres
def test_what_is_half_written_is_there_again_and_can_be_cleared(phone, clinic):
    assert "已替您存下" in save(phone).content.decode()
    page = phone.get(WRITE)
    html = page.content.decode()
    assert STORY in html and "溫若嵐" in html and "這是您上次寫到一半的內容" in html
    assert "接著寫" in phone.get("/p/streamside/").content.decode()

    phone.post("/p/streamside/write/clear/", form_fields(page, "/clear/"))
    assert not Draft.objects.exists()
    assert STORY not in phone.get(WRITE).content.decode()


@pytest.mark.postgres
def test_a_draft_lies_sealed_and_is_bound_to_its_browser(phone, clinic):
    save(phone)
    row = Draft.objects.get()
    assert STORY.encode() not in bytes(row.sealed) and "溫若嵐".encode() not in bytes(row.sealed)
    assert phone.cookies["suyuan_draft"].value not in row.token_hash
    assert STORY not in Client().get(WRITE).content.decode()


@pytest.mark.postgres
def test_a_draft_is_forgotten_after_a_day_and_the_words_in_the_page_still_count(phone, clinic, at):
    from suyuan.portal.jobs import forget

    save(phone)
    fields = given(phone.get(WRITE))
    now = at(hours=25)
    forget({}, now)
    assert not Draft.objects.exists()
    assert STORY not in phone.get(WRITE).content.decode()
    assert phone.post(WRITE, fields).status_code == 200


@pytest.mark.postgres
def test_the_words_are_gone_from_the_draft_once_sent(phone, clinic):
    page = phone.get(WRITE)
    phone.post("/p/streamside/write/save/", given(page, send=None))
    phone.post(WRITE, given(page))
    assert Draft.objects.get().sealed is None


def test_saving_without_javascript_and_changing_the_language_keep_the_words(phone, clinic):
    page = phone.get(WRITE)
    html = phone.post(WRITE, given(page, send=None, save="1")).content.decode()
    assert "存好了" in html and STORY in html and "請用您自己的話" not in html

    answer = phone.post(WRITE, given(page, send=None, language="en"))
    assert answer.status_code == 302
    html = phone.get(WRITE).content.decode()
    assert STORY in html and "An explanation" in html


def test_a_form_whose_check_fails_comes_back_with_all_its_words(clinic):
    cookieless = Client(enforce_csrf_checks=True)
    page = cookieless.get(WRITE)
    cookieless.cookies.clear()
    answer = cookieless.post(WRITE, given(page))
    html = answer.content.decode()

    assert answer.status_code == 403 and not Case.objects.exists() and not Draft.objects.exists()
    assert STORY in html and "允許 Cookie" in html
    assert cookieless.post(WRITE, given(answer)).status_code == 200  # pressed once more


# --- pace ----------------------------------------------------------------------------------------------------------


def test_many_complaints_from_one_place_are_slowed_and_never_lost(phone, clinic, at):
    for _ in range(12):
        assert sent(Client()).status_code == 200
    page = sent(phone)

    assert page.status_code == 429 and int(page["Retry-After"]) <= 60
    assert STORY in page.content.decode() and "秒，再按一次" in page.content.decode()
    at(seconds=61)
    assert phone.post(WRITE, given(page)).status_code == 200
    assert Case.objects.count() == 13
    assert not re.search(r"127\.0\.0\.1", str(list(Bucket.objects.values_list("name", flat=True))))
