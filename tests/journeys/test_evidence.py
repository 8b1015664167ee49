"""An investigator completes a checklist: what is missing, asked for, given, set aside, and the picture full."""
from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import act, fill, measure, register
from tests.journeys.test_case import choose, person

pytestmark = pytest.mark.browser


@pytest.mark.requirement("A-09")
@pytest.mark.requirement("B-04")
def test_an_investigator_completes_a_checklist(street, photos):
    shen, xu, zhou = street.staff("shen"), street.staff("xu"), street.staff("zhou")
    reference = register(shen, "打了三次電話都沒有人回。", name="例小姐", phone="0900-000-777", issue1="沒有人回電", harm="none")
    act(shen, reference, "raise", level="1", reason="溝通的爭議")
    person(shen, reference, "assign", "owner", "沈經理")
    choose(shen, reference, "acknowledge", "method", words="由我負責，明天中午前回電。")
    shen.goto(f"/cases/{reference}/do/classify/")
    shen.locator("[name=primary][value=service]").check()
    shen.click("main .sy-acts button")
    choose(shen, reference, "channels", "method")
    person(shen, reference, "speaker", "speaker", "沈經理")
    person(shen, reference, "investigator", "user", "許醫師")
    act(shen, reference, "investigate")

    # What is missing, and that it is too early to conclude.
    page = f"/cases/{reference}/evidence/"
    xu.goto(page)
    slips = xu.locator("#slips .sy-slip")
    expect(slips).to_have_count(2)
    expect(xu.locator("#slips .sy-slip--missing")).to_have_count(2)
    expect(xu.locator("#slips")).to_contain_text("還不能下結論")
    measure(xu, "desk evidence")
    xu.goto(f"/cases/{reference}/do/finding/")
    expect(xu.locator("main")).to_contain_text("還不能下結論")

    # Asked of a nurse, with a date and a reason.
    xu.goto(page)
    xu.locator("#kind-phone-log").get_by_role("link", name="請人提供").click()
    xu.select_option("[name=role]", "")
    xu.select_option("[name=user]", label="周護理師")
    fill(xu, words="這位客人上週三次來電的紀錄")
    measure(xu, "desk evidence ask")
    xu.click("main .sy-acts button")
    expect(xu).to_have_url(re.compile("/evidence/$"))
    expect(xu.locator("#slips .sy-slip--asked")).to_have_count(1)

    # She finds it among her day's work, and gives it there.
    zhou.goto("/")
    zhou.locator(f"main a[href*='{reference}/evidence/add/']", has_text="交證據").click()
    expect(zhou.locator("main")).to_contain_text("這位客人上週三次來電的紀錄")
    measure(zhou, "desk evidence give")
    zhou.set_input_files("input[type=file]", photos[0])
    expect(zhou.locator("[name=upload]")).to_have_count(1, timeout=20_000)
    zhou.click("main .sy-acts button")
    expect(zhou).to_have_url(re.compile("/$"))

    # One does not apply, and why.
    xu.goto(page)
    expect(xu.locator("#slips .sy-slip--had")).to_have_count(1)
    xu.locator("#kind-correspondence").get_by_role("link", name="不適用").click()
    fill(xu, reason="只有電話，沒有文字往來，通話已在來電紀錄裡")
    xu.click("main .sy-acts button")
    expect(xu.locator("#slips")).to_contain_text("該有的都有了")
    expect(xu.locator("#slips .sy-slip--missing, #slips .sy-slip--asked")).to_have_count(0)
    xu.goto(f"/cases/{reference}/evidence/print/")
    expect(xu.locator("body")).to_contain_text("只有電話，沒有文字往來")
    xu.goto(f"/cases/{reference}/do/finding/")
    assert "還不能下結論" not in xu.inner_text("main")
