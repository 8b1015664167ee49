"""A letter on paper: begun from a template, printed for the envelope, and noted as posted."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import fill, measure, register
from tests.journeys.test_rights import picture

pytestmark = pytest.mark.browser


@pytest.mark.requirement("A-12")
@pytest.mark.requirement("A-07")
def test_print_a_letter(street):
    shen = street.staff("shen")
    phone = "0955-310-620"
    reference = register(shen, "腫了五天還沒有人回電。", name="林小瑜", phone=phone)

    shen.goto(f"/cases/{reference}/letters/write/")
    shen.select_option("[name=template]", "ack-written-2")
    shen.click("button[name=pick]")
    words = shen.locator("[name=words]")
    expect(words).to_have_value(re.compile(f"編號 {reference}"))
    expect(words).to_have_value(re.compile("林小瑜您好"))
    expect(shen.locator(".sy-open")).to_contain_text("負責的同仁")
    expect(shen.locator("main .sy-send-bar [data-sy-send]")).to_have_attribute("aria-disabled", "true")
    measure(shen, "desk letter from a template")
    picture(shen, "letter-write")

    whole = words.input_value().replace("{handler}", "沈經理").replace("{role}", "個案經理")
    fill(shen, channel="letter", words=whole)
    expect(shen.locator(".sy-open")).to_have_count(0)
    shen.click("main .sy-acts button:has-text('送出')")
    expect(shen.locator("main")).to_contain_text("還沒有這一位的地址")
    expect(words).to_have_value(re.compile("林小瑜您好"))

    shen.goto(f"/people/?q={phone}")
    shen.locator("main a[href^='/people/']:has-text('林')").first.click()
    shen.locator("summary:has-text('新增聯絡方式')").click()
    contact = shen.locator("form[action$='/contacts/']").first
    contact.locator("[name=kind]").select_option("address")
    contact.locator("[name=value]").fill("700 臺南市中西區示例路一段 25 號 7 樓")
    contact.locator("button").click()
    expect(shen.locator("main")).to_contain_text("示例路一段")

    shen.goto(f"/cases/{reference}/letters/write/")
    fill(shen, channel="letter", words="林小瑜您好：\n\n謝謝您告訴我們，讓您等了五天，很抱歉。\n\n明天中午前由沈經理打給您。")
    shen.click("main .sy-acts button:has-text('送出')")
    expect(shen).to_have_url(re.compile("/letters/$"))
    picture(shen, "letters")
    shen.click("a:has-text('看這封信與列印')")
    expect(shen.locator(".sy-letter__window")).to_contain_text("林小瑜 收")
    measure(shen, "desk letter on paper")
    picture(shen, "letter-print")
    shen.emulate_media(media="print")
    window = shen.locator(".sy-letter__window").bounding_box()
    sheet = shen.locator("main").bounding_box()
    mm = 96 / 25.4
    # The page of a paper begins 20 mm from the left and 14 mm from the top (@page).
    assert abs(window["x"] - sheet["x"] + 20 * mm - 25 * mm) < 1
    assert 45 * mm <= window["y"] - sheet["y"] + 14 * mm
    assert window["y"] - sheet["y"] + 14 * mm + window["height"] <= 90 * mm
    shen.emulate_media(media="screen")

    with shen.expect_download() as held:
        shen.click("a:has-text('PDF')")
    assert held.value.suggested_filename == f"{reference}.pdf"

    shen.click("a:has-text('已寄出或交付')")
    fill(shen, posted="registered", number="123456 70000318")
    picture(shen, "letter-posted")
    shen.click("main button:has-text('記下')")
    expect(shen.locator("main")).to_contain_text("已送出")
    shen.goto(f"/cases/{reference}/?view=all")
    expect(shen.locator("main")).to_contain_text("信已送出（掛號）")
