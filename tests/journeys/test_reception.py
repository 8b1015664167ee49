"""Reception takes a complaint down while the person talks, without leaving the keyboard."""
from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.journeys.people import REFERENCE, SECRET, measure

pytestmark = [pytest.mark.browser, pytest.mark.requirement("A-04"), pytest.mark.requirement("A-06")]

KEY = 40  # milliseconds a key takes somebody who types well


def tab_to(page, name: str, most: int = 40) -> int:
    """Press Tab until the field is reached; how often."""
    for pressed in range(1, most + 1):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement && document.activeElement.name") == name:
            return pressed
    raise AssertionError(f"{name} is not reached in {most} tabs")


def test_a_telephone_complaint_takes_less_than_a_minute_of_keys(street, house):
    ye = street.staff("ye")
    ye.goto("/")
    measure(ye, "desk today")
    began = time.monotonic()
    ye.keyboard.press("g")
    ye.keyboard.press("n")
    expect(ye).to_have_url(re.compile("/register/"))
    expect(ye.locator("aside")).to_contain_text("說")  # the matching card stands beside it
    pressed = tab_to(ye, "narrative") if ye.evaluate("document.activeElement.name") != "narrative" else 0
    ye.keyboard.type("雷射後第三天，臉頰還是紅的，電話打了兩次沒有人回。", delay=KEY)
    pressed += tab_to(ye, "name")
    ye.keyboard.type("例小姐", delay=KEY)
    pressed += tab_to(ye, "phone")
    ye.keyboard.type("0900000555", delay=KEY)
    ye.keyboard.press("Enter")
    expect(ye).to_have_url(re.compile("/registered/"))
    assert time.monotonic() - began < 60
    assert pressed <= 16, f"{pressed} tabs for three fields"

    words = ye.inner_text("main")
    reference = REFERENCE.search(words)[0]
    assert SECRET.search(words) and "掛電話" in ye.inner_text("h1")
    measure(ye, "desk registered")
    row = house.rows("SELECT channel, registered_by_id, stage FROM cases_case WHERE reference=?", reference)
    assert row == [("telephone", house.one("SELECT id FROM accounts_user WHERE login='ye'"), "received")]

    # Shown once: the secret is not there a second time.
    ye.reload()
    assert not SECRET.search(ye.inner_text("main"))


def test_known_persons_are_hinted_at_and_nothing_is_asked_twice(street):
    ye = street.staff("ye")
    ye.goto("/register/")
    measure(ye, "desk register")
    ye.fill("[name=phone]", "0900-000-101")
    ye.keyboard.press("Tab")
    hint = ye.locator("#hints label").first
    expect(hint).to_be_visible()
    assert "若嵐" not in hint.inner_text(), "hints are masked"


def test_danger_on_the_telephone_says_who_to_call(street):
    ye = street.staff("ye")
    ye.goto("/register/")
    ye.fill("[name=narrative]", "打完針之後看不清楚。")
    ye.locator("[name=danger]").first.check()
    ye.get_by_role("button", name="受理，拿到案號").click()
    expect(ye.locator(".sy-care")).to_be_visible()
    assert "119" in ye.inner_text("main")


def test_an_expired_session_loses_no_typing(street, house):
    """The form comes back after the login, on the same computer, for the same person; sent once."""
    words = "打電話永遠是「再等等」。\n這段話寫到一半，離開座位去扶病人。"
    ye = street.staff("ye")
    ye.goto("/register/")
    ye.fill("[name=narrative]", words)
    ye.context.clear_cookies(name="suyuan_session")
    ye.get_by_role("button", name="受理，拿到案號").click()
    expect(ye).to_have_url(re.compile("/login/"))
    expect(ye.locator("main")).to_contain_text("您寫的字都在")
    measure(ye, "login after a lost session")
    ye.fill("[name=login]", "ye")
    ye.fill("[name=password]", "suyuan-demo-2026")
    ye.click("main button:has-text('登入')")
    expect(ye).to_have_url(re.compile("/held/"))
    measure(ye, "held")
    assert ye.locator("main textarea").first.input_value() == words
    ye.get_by_role("button", name="現在送出").click()
    expect(ye).to_have_url(re.compile("/registered/"))
    reference = REFERENCE.search(ye.inner_text("main"))[0]
    told = house.one(
        "SELECT t.body FROM cases_case c JOIN platform_text t ON t.id=c.narrative_id WHERE c.reference=?", reference
    )
    assert told.replace("\r\n", "\n") == words
    ye.goto("/held/")
    assert words.splitlines()[0] not in ye.inner_text("main"), "sent, and no longer kept"


def test_words_are_there_too_when_the_page_asks_first(street):
    """A hint asked for by the page leads to the login before anything was sent: the words wait in the window."""
    ye = street.staff("ye")
    ye.goto("/register/")
    ye.fill("[name=narrative]", "電話那頭還在說。")
    ye.context.clear_cookies(name="suyuan_session")
    ye.fill("[name=name]", "例先生")
    ye.keyboard.press("Tab")
    expect(ye).to_have_url(re.compile("/login/"))
    ye.fill("[name=login]", "ye")
    ye.fill("[name=password]", "suyuan-demo-2026")
    ye.click("main button:has-text('登入')")
    expect(ye).to_have_url(re.compile("/register/"))
    expect(ye.locator("[name=narrative]")).to_have_value("電話那頭還在說。")
    expect(ye.locator("[name=name]")).to_have_value("例先生")
