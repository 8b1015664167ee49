"""Words that would do harm: seen while they are written, made better with a key, agreed to by a manager, or never sent."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.correspondence.held import GAG, WARNED
from tests.journeys.people import log_in, measure, register

pytestmark = [pytest.mark.browser, pytest.mark.requirement("B-11")]

ANGRY = "您根本是無理取鬧。我們保證三個月內會完全恢復。沈經理星期三下午三點打電話給您。"


@pytest.fixture(scope="module")
def reference(house, chromium) -> str:
    """A complaint that the receptionist looks after, so that she writes to the person herself."""
    page = chromium.new_context(base_url=house.url, locale="zh-TW", timezone_id="Asia/Taipei").new_page()
    log_in(page, "shen")
    taken = register(page, "割完一個月，左眼還是腫。打電話永遠是再等等。", name="例小姐")
    page.goto(f"/cases/{taken}/do/assign/")
    page.select_option("[name=owner]", label="葉小姐")
    page.click("main form.sy-form .sy-acts button")
    page.wait_for_url(re.compile(f"/cases/{taken}/$"))
    page.context.close()
    return taken


@pytest.mark.requirement("B-10")
def test_an_angry_reply_becomes_a_kind_one_with_a_key(street, reference):
    ye = street.staff("ye")
    ye.goto(f"/cases/{reference}/letters/write/")
    expect(ye.locator(".sy-guarded__source")).to_contain_text("打電話永遠是再等等")
    ye.fill("[name=words]", ANGRY)
    expect(ye.locator("[data-sy-finding]").first).to_be_visible()
    assert ye.locator(".sy-guarded__mirror mark").count() >= 1
    send = ye.locator("main .sy-send-bar [data-sy-send]")
    expect(send).to_have_attribute("aria-disabled", "true")
    send.click(force=True)
    expect(ye).to_have_url(re.compile("/letters/write/"))
    measure(ye, "composer with findings")

    ye.locator("[name=words]").press("Alt+1")
    expect(ye.locator("[name=words]")).not_to_have_value(ANGRY)
    while ye.locator('[data-sy-finding][data-level="warn"], [data-sy-finding][data-level="block"]').count():
        before = ye.input_value("[name=words]")
        ye.locator('[data-sy-finding][data-level="warn"] [data-sy-take], [data-sy-finding][data-level="block"] [data-sy-take]').first.click()
        expect(ye.locator("[name=words]")).not_to_have_value(before)
        ye.wait_for_timeout(600)
    expect(send).not_to_have_attribute("aria-disabled", "true")
    said = ye.input_value("[name=words]")
    assert "無理取鬧" not in said and "保證" not in said and "沈經理星期三下午三點" in said
    send.click()
    expect(ye).to_have_url(re.compile("/letters/$"))
    expect(ye.locator("main")).to_contain_text("排定送出")


def test_a_manager_agrees_to_a_warning_and_it_leaves_by_itself(street, reference):
    ye, shen = street.staff("ye"), street.staff("shen")
    ye.goto(f"/cases/{reference}/letters/write/")
    ye.fill("[name=words]", WARNED)
    ye.locator(".sy-verdict__ask summary").click()
    ye.fill("[name=_why]", "許醫師已經看過三次，請我們這樣說。")
    ye.get_by_role("button", name="送交核准").click()
    expect(ye).to_have_url(re.compile("/letters/$"))
    expect(ye.locator("main")).to_contain_text("等核准")

    shen.goto("/")
    shen.get_by_role("link", name=f"案 {reference} 有一段話等您核准").click()
    expect(shen.locator("main")).to_contain_text("許醫師已經看過三次")
    expect(shen.locator("mark.sy-mark-warn").first).to_be_visible()
    measure(shen, "clearance")
    shen.fill("[name=reason]", "醫師確認過，這一位可以這樣說。")
    shen.get_by_role("button", name="核准這段話").click()
    expect(shen.locator("main")).to_contain_text("已核准，文字排定送出。")
    ye.goto(f"/cases/{reference}/letters/")
    expect(ye.locator("main .sy-entry").first).to_contain_text("保證三個月內")
    expect(ye.locator("main .sy-entry").first).not_to_contain_text("等核准")


def test_a_gagging_clause_cannot_be_sent_with_or_without_a_script(street, reference, house):
    plain = street.staff("ye", java_script_enabled=False)
    plain.goto(f"/cases/{reference}/letters/write/")
    plain.fill("[name=words]", GAG)
    plain.locator("main .sy-send-bar button").click()
    expect(plain.locator("main")).to_contain_text("誰都不能放行")
    assert plain.input_value("[name=words]") == GAG and plain.locator("[name=_clear]").count() == 0
    plain.get_by_role("button", name="以此為新草稿").click()
    assert "不得向衛生局" not in plain.input_value("[name=words]")

    ye = street.staff("ye")
    ye.goto(f"/cases/{reference}/do/promise/")
    ye.fill("[name=words]", GAG)
    expect(ye.locator(".sy-verdict__title")).to_contain_text("也不能由別人放行")
    assert ye.locator("[name=_clear]").count() == 0
    assert house.one("SELECT count(*) FROM platform_text WHERE body LIKE '%不得向衛生局%'") == 0
