"""A yes to a danger question: a number to call at once, a doctor who knows, and one case from first to last."""
from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import REFERENCE, act, measure

NO_CONTACT = "有危險徵象，沒有留下聯絡方式。"
pytestmark = [pytest.mark.browser, pytest.mark.requirement("D-03"), pytest.mark.requirement("C-13")]


def danger_told(phone, tel: str = "") -> str:
    phone.goto("/p/tainan/danger/")
    phone.locator("label:has([name=signs][value=skin])").tap()
    if tel:
        phone.fill("[name=phone]", tel)
    phone.get_by_role("button", name="有，請醫師馬上處理").tap()
    expect(phone.get_by_role("heading", name="請先照顧身體")).to_be_visible()
    return REFERENCE.search(phone.inner_text("main"))[0]


def band_of(page, reference: str):
    return page.locator(".sy-care", has=page.locator(f"a[href*='{reference}']"))


def test_a_yes_reaches_a_doctor_and_is_completed_as_the_same_case(street, house):
    before = house.one("SELECT count(*) FROM cases_case")
    phone = street.patient()
    reference = danger_told(phone, "0900-000-777")
    assert phone.locator("main a[href^='tel:']").count() >= 1
    measure(phone, "portal danger told")
    assert house.rows("SELECT danger, is_complete, matter FROM cases_case WHERE reference=?", reference) == [("open", 0, "")]

    # Doctor and manager see it above everything, before anything is written.
    xu = street.staff("xu")
    xu.goto("/")
    expect(band_of(xu, reference)).to_be_visible()
    expect(band_of(xu, reference)).not_to_contain_text(NO_CONTACT)
    measure(xu, "desk today with danger")

    # Going on completes this same case.
    phone.get_by_role("link", name=re.compile("接著寫發生的事")).tap()
    expect(phone.get_by_text("醫師已經知道您的情形")).to_be_visible()
    phone.fill("[name=narrative]", "昨天打了玻尿酸，今天鼻頭旁邊變白，很痛。")
    phone.fill("[name=name]", "溫若安")
    for tick in phone.locator(".sy-po-purpose:has-text('必要') input[type=checkbox]").all():
        tick.check()
    phone.locator("#complaint .sy-po-acts button[name=send]").tap()
    expect(phone.locator(".sy-receipt__ref")).to_have_text(reference)
    assert house.one("SELECT count(*) FROM cases_case") == before + 1
    assert house.one("SELECT is_complete FROM cases_case WHERE reference=?", reference) == 1

    # The doctor opens it from the band, looks, and writes what was seen; the band goes.
    xu.goto("/")
    band_of(xu, reference).locator(f"a[href*='{reference}']").first.click()
    expect(xu).to_have_url(re.compile(reference))
    xu.goto(f"/cases/{reference}/")
    expect(xu.locator(".sy-care")).to_be_visible()
    expect(xu.locator("main")).to_contain_text("鼻頭旁邊變白")
    measure(xu, "desk case with danger")
    act(xu, reference, "care", kind="examination", words="血流回充正常，已說明何時要回來。", clears_danger="on")
    expect(xu.locator(".sy-care")).to_have_count(0)
    xu.goto("/")
    expect(band_of(xu, reference)).to_have_count(0)
    assert house.one("SELECT danger FROM cases_case WHERE reference=?", reference) == "resolved"


def test_who_breaks_off_stays_on_the_doctors_list(street, house):
    phone = street.patient()
    reference = danger_told(phone)
    expect(phone.get_by_text("您沒有留電話")).to_be_visible()
    phone.context.close()

    xu = street.staff("xu")
    xu.goto("/")
    expect(band_of(xu, reference)).to_contain_text(NO_CONTACT)
    expect(band_of(xu, reference).get_by_role("link", name="聯絡病人")).to_have_count(0)
    measure(xu, "desk today with danger, no contact")
    xu.goto(f"/cases/{reference}/")
    expect(xu.locator(".sy-care")).to_contain_text(NO_CONTACT)
    assert house.rows("SELECT danger, is_open FROM cases_case WHERE reference=?", reference) == [("open", 1)]


def test_a_number_left_in_the_second_step_is_theirs_and_ends_the_warning(street, house):
    phone = street.patient()
    reference = danger_told(phone)
    xu = street.staff("xu")
    xu.goto("/")
    expect(band_of(xu, reference)).to_contain_text(NO_CONTACT)

    phone.fill("[name=phone]", "0900-000-778")
    phone.get_by_role("button", name="請打給我").tap()
    expect(phone.get_by_text("醫師看得到您留的電話")).to_be_visible()

    xu.goto("/")
    expect(band_of(xu, reference)).to_be_visible()
    expect(band_of(xu, reference)).not_to_contain_text(NO_CONTACT)
    expect(band_of(xu, reference).get_by_role("link", name="聯絡病人")).to_be_visible()


def test_a_double_tap_opens_one_case(street, house):
    before = house.one("SELECT count(*) FROM cases_case")
    phone = street.patient()
    phone.goto("/p/tainan/danger/")
    phone.locator("label:has([name=signs][value=skin])").tap()
    phone.get_by_role("button", name="有，請醫師馬上處理").dblclick()
    expect(phone.get_by_role("heading", name="請先照顧身體")).to_be_visible()
    assert house.one("SELECT count(*) FROM cases_case") == before + 1
